package frontdesktest_test

import (
	"context"
	"fmt"
	"log"
	"testing"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// The agent under test: it may refund orders.
func newAgent(provider frontdesk.Provider, refund func(context.Context, refundArguments) (string, error)) (*frontdesk.Agent, error) {
	return frontdesk.New(frontdesk.Config{
		Provider: provider,
		Tools:    []frontdesk.Tool{frontdesk.NewTool("initiate_refund", "Start a refund", refund).WithoutAuthorize("order_id")},
	})
}

type refundArguments struct {
	OrderID string `json:"order_id"`
}

// A test of an agent: what the model says, a turn, and what came of it. In a
// test of your own, t is the test's; AssertDone at its end makes sure that the
// model was asked just as often as the script says.
func ExampleNewProvider() {
	t := new(testing.T)
	provider := frontdesktest.NewProvider(
		frontdesktest.Call("initiate_refund", `{"order_id":"ORD-9281"}`),
		frontdesktest.Say("Your refund has started."),
	)
	agent, err := newAgent(provider, func(_ context.Context, in refundArguments) (string, error) {
		fmt.Println("refunding", in.OrderID)
		return "started", nil
	})
	if err != nil {
		log.Fatal(err)
	}
	reply, err := agent.Reply(context.Background(), frontdesk.Turn{Conversation: "c-1", Text: "Refund ORD-9281, please"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Text)
	fmt.Println("done:", provider.AssertDone(t))
	// Output:
	// refunding ORD-9281
	// Your refund has started.
	// done: true
}

// The same script over HTTP, for tests that mean to include the wire: here that
// an agent copes with a host that is busy at first.
func ExampleNewServer() {
	server := frontdesktest.NewServer(
		frontdesktest.Answer{Status: 503, Text: "all workers are busy"},
		frontdesktest.Say("Hello!"),
	)
	defer server.Close()
	provider := server.Provider()
	provider.MaxWait = 1 // nanosecond: a test need not wait

	agent, err := frontdesk.New(frontdesk.Config{Provider: provider})
	if err != nil {
		log.Fatal(err)
	}
	reply, err := agent.Reply(context.Background(), frontdesk.Turn{Conversation: "c-1", Text: "Hi"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Text, "after", reply.Requests, "requests")
	fmt.Println(server.ServerRequests()[1].Path)
	// Output:
	// Hello! after 2 requests
	// /v1/chat/completions
}

// Answers can wait for the request they are for, where the order does not
// matter, and calls can be made together.
func ExampleAnswer() {
	aboutShipping := func(request *frontdesk.Request) bool {
		return request.Messages[len(request.Messages)-1].Text == "When will it come?"
	}
	provider := frontdesktest.NewProvider(
		frontdesktest.Answer{Text: "Tomorrow.", When: aboutShipping},
		frontdesktest.Call("initiate_refund", refundArguments{"ORD-1"}).And(frontdesktest.Call("initiate_refund", refundArguments{"ORD-2"})),
		frontdesktest.Say("Both are refunded."),
	)
	agent, err := newAgent(provider, func(_ context.Context, in refundArguments) (string, error) { return "started", nil })
	if err != nil {
		log.Fatal(err)
	}
	for _, text := range []string{"Refund ORD-1 and ORD-2", "When will it come?"} {
		reply, err := agent.Reply(context.Background(), frontdesk.Turn{Conversation: "c-1", Text: text})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(reply.Results), reply.Text)
	}
	// Output:
	// 2 Both are refunded.
	// 0 Tomorrow.
}
