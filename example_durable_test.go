package frontdesk_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// A colleague decides on large refunds. The turn ends meanwhile, and Decide goes
// on with it: a moment later or after the weekend, here or in another process.
func ExampleAgent_Decide() {
	type Refund struct {
		OrderID string `json:"order_id"`
		Cents   int64  `json:"cents"`
	}
	agent, err := frontdesk.New(frontdesk.Config{
		Tools: []frontdesk.Tool{
			frontdesk.NewTool("initiate_refund", "Start a refund", func(_ context.Context, in Refund) (string, error) {
				fmt.Println("refunding", in.Cents)
				return "refund started", nil
			}).WithoutAuthorize("order_id").ApproveWhen(func(in Refund) bool { return in.Cents > 10_000 }),
		},
		Provider: frontdesktest.NewProvider(
			frontdesktest.Call("initiate_refund", Refund{"ORD-9281", 24_900}),
			frontdesktest.Say("Your refund of 249 EUR is on its way."),
		),
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	reply, err := agent.Reply(ctx, frontdesk.Turn{Conversation: "c-1", Text: "I want my money back for ORD-9281"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Outcome, reply.Text)
	approval := reply.Approvals[0]
	fmt.Println(approval.Tool, string(approval.Arguments))

	reply, err = agent.Decide(ctx, frontdesk.ConversationID{ID: "c-1"}, frontdesk.Decision{
		Approval: approval.ID, Approved: true, By: "Bea",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Outcome, reply.Text)
	// Output:
	// awaiting_approval A colleague has to approve this first. You will hear from us here.
	// initiate_refund {"order_id":"ORD-9281","cents":24900}
	// refunding 24900
	// answered Your refund of 249 EUR is on its way.
}

// The customer agrees to exactly what will be done. Their yes costs one request,
// not two: the model need not make the call again.
func ExampleTypedTool_ConfirmFirst() {
	type Order struct {
		ID string `json:"order_id"`
	}
	agent, err := frontdesk.New(frontdesk.Config{
		Tools: []frontdesk.Tool{
			frontdesk.NewTool("cancel_order", "Cancel an order", func(_ context.Context, in Order) (string, error) {
				return in.ID + " is cancelled", nil
			}).WithoutAuthorize("order_id").ConfirmFirst(func(in Order) string { return "Shall I cancel order " + in.ID + "?" }),
		},
		Provider: frontdesktest.NewProvider(
			frontdesktest.Call("cancel_order", Order{"ORD-9281"}),
			frontdesktest.Say("Done. Anything else?"),
		),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, text := range []string{"Please cancel my order", "Yes, please"} {
		reply, err := agent.Reply(context.Background(), frontdesk.Turn{Conversation: "c-1", Text: text})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(reply.Outcome, reply.Text)
	}
	// Output:
	// awaiting_customer Shall I cancel order ORD-9281?
	// answered Done. Anything else?
}

// An order is refunded once, whoever asks and in whichever conversation.
func ExampleTypedTool_Once() {
	type Order struct {
		ID string `json:"order_id"`
	}
	provider := frontdesktest.NewProvider()
	agent, err := frontdesk.New(frontdesk.Config{
		Provider: provider,
		Tools: []frontdesk.Tool{
			frontdesk.NewTool("initiate_refund", "Start a refund", func(context.Context, Order) (string, error) { return "refund started", nil }).WithoutAuthorize("order_id").
				Once(func(in Order) string { return in.ID }),
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, conversation := range []string{"c-1", "c-2"} {
		provider.Add(frontdesktest.Call("initiate_refund", Order{"ORD-9281"}), frontdesktest.Say("…"))
		reply, err := agent.Reply(context.Background(), frontdesk.Turn{Conversation: conversation, Text: "Refund ORD-9281"})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(reply.Results[0].Status)
	}
	// Output:
	// done
	// not_run
}

// Beside the service, one goroutine goes on with the turns of processes that
// died. What was under way then is retried with the same idempotency key.
func ExampleAgent_KeepRecovering() {
	memory := new(frontdesk.InMemory) // or a store of package sqlite or postgres
	agent, err := frontdesk.New(frontdesk.Config{Memory: memory, Provider: frontdesktest.NewProvider(), Lease: time.Second})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		done <- agent.KeepRecovering(ctx, func(r frontdesk.Recovered) {
			if r.Err != nil {
				log.Print(r.Err)
				return
			}
			fmt.Println("to be sent:", r.Conversation, r.Reply.Text)
		})
	}()
	stop() // when the service ends
	fmt.Println(<-done)
	// Output: <nil>
}
