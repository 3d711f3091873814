package frontdesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
	"github.com/frontdesk-go/frontdesk/index"
)

// The model of these examples follows a script, so that they need no key. Leave
// Config.Provider out, and the same program talks to Oxlo with the key from
// OXLO_API_KEY.

// A customer asks for a refund: the model looks the order up, starts the refund
// and says so.
func Example() {
	type Order struct {
		ID string `json:"order_id" jsonschema_description:"Number of the order, like ORD-9281"`
	}
	type Refund struct {
		OrderID string `json:"order_id"`
		Reason  string `json:"reason"`
	}
	agent, err := frontdesk.New(frontdesk.Config{
		Instructions: "You are a helpful customer support agent.",
		Tools: []frontdesk.Tool{
			frontdesk.NewTool("get_order_status", "Retrieve the current status of a customer order",
				func(_ context.Context, order Order) (string, error) { return order.ID + " was delivered", nil }).WithoutAuthorize("order_id").ReadOnly(),
			frontdesk.NewTool("initiate_refund", "Start a refund process for an order",
				func(_ context.Context, refund Refund) (string, error) { return "refund started", nil }).WithoutAuthorize("order_id"),
		},
		Provider: frontdesktest.NewProvider(
			frontdesktest.Call("get_order_status", Order{ID: "ORD-9281"}),
			frontdesktest.Call("initiate_refund", Refund{OrderID: "ORD-9281", Reason: "damaged"}),
			frontdesktest.Say("I am sorry about the damage. Your refund is on its way."),
		),
	})
	if err != nil {
		log.Fatal(err)
	}
	reply, err := agent.Reply(context.Background(), frontdesk.Turn{
		Conversation: "c-81",
		Customer:     frontdesk.Customer{ID: "cus_ana"},
		Text:         "I need a refund for order ORD-9281. It arrived damaged.",
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, result := range reply.Results {
		fmt.Println(result.Call.Name, result.Call.Arguments, "->", result.Content)
	}
	fmt.Println(reply.Text)
	// Output:
	// get_order_status {"order_id":"ORD-9281"} -> ORD-9281 was delivered
	// initiate_refund {"order_id":"ORD-9281","reason":"damaged"} -> refund started
	// I am sorry about the damage. Your refund is on its way.
}

// New reports everything that is wrong at once, before the first customer
// comes.
func ExampleNew() {
	type Node struct {
		Children []*struct{ Parent *Node } `json:"children"`
	}
	_, err := frontdesk.New(frontdesk.Config{
		Provider:  frontdesktest.NewProvider(),
		MaxTokens: -1,
		Tools: []frontdesk.Tool{
			frontdesk.NewTool("get order", "Look an order up", func(context.Context, struct{}) (string, error) { return "", nil }),
			frontdesk.NewTool("sort", "Sort a tree", func(context.Context, Node) (string, error) { return "", nil }),
		},
	})
	fmt.Println(err)
	// Output:
	// frontdesk: limits must not be negative: leave a field zero for its default
	// tool "get order": the name must be 1 to 64 letters, digits, underscores or hyphens
	// tool sort: Node.Children.Parent: recursive type Node: a tool's arguments cannot refer to themselves: use a flat list with ids, or a raw tool
}

// Stream tells what happens while it happens. The reply that Done carries is
// what counts; the pieces before it are for the customer's screen.
func ExampleAgent_Stream() {
	agent, err := frontdesk.New(frontdesk.Config{
		Provider: frontdesktest.NewProvider(
			frontdesktest.Say("Let me look.").And(frontdesktest.Call("get_order_status", `{"order_id":"ORD-9281"}`)),
			frontdesktest.Say("It was delivered on Monday."),
		),
		Tools: []frontdesk.Tool{
			frontdesk.NewTool("get_order_status", "Retrieve the status of an order",
				func(_ context.Context, in struct {
					OrderID string `json:"order_id"`
				}) (string, error) {
					return "delivered on Monday", nil
				}).WithoutAuthorize("order_id").ReadOnly(),
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	turn := frontdesk.Turn{Conversation: "c-81", Text: "Where is my order ORD-9281?"}
	for event, err := range agent.Stream(context.Background(), turn) {
		if err != nil {
			log.Fatal(err)
		}
		switch event := event.(type) {
		case frontdesk.TextDelta:
			fmt.Print(event.Text) // a piece at a time
		case frontdesk.ToolStarted:
			fmt.Println("\ncalling", event.Call.Name)
		case frontdesk.ToolFinished:
			fmt.Println("it says", event.Result.Content)
		case frontdesk.Done:
			fmt.Println("\n" + string(event.Reply.Outcome))
		}
	}
	// Output:
	// Let me look.
	// calling get_order_status
	// it says delivered on Monday
	// It was delivered on Monday.
	// answered
}

// The model sees what the struct says; the handler sees arguments that fit it.
func ExampleNewTool() {
	type Refund struct {
		OrderID string   `json:"order_id" jsonschema:"pattern=^ORD-[0-9]+$" jsonschema_description:"Number of the order, on the receipt"`
		Reason  string   `json:"reason" jsonschema:"enum=damaged,enum=late,enum=other"`
		Items   []string `json:"items,omitempty"`
	}
	refund := frontdesk.NewTool("initiate_refund", "Start a refund",
		func(ctx context.Context, in Refund) (string, error) {
			customer := frontdesk.CallFrom(ctx).Customer
			return fmt.Sprintf("refund of %s for %s started", in.OrderID, customer.ID), nil
		}).WithoutAuthorize("order_id").Idempotent(0)

	registry, err := frontdesk.NewRegistry(refund)
	if err != nil {
		log.Fatal(err)
	}
	printJSON(registry.Definitions()[0].Schema)
	// Output:
	// {
	//   "properties": {
	//     "order_id": {
	//       "type": "string",
	//       "pattern": "^ORD-[0-9]+$",
	//       "description": "Number of the order, on the receipt"
	//     },
	//     "reason": {
	//       "type": "string",
	//       "enum": [
	//         "damaged",
	//         "late",
	//         "other"
	//       ]
	//     },
	//     "items": {
	//       "items": {
	//         "type": "string"
	//       },
	//       "type": "array"
	//     }
	//   },
	//   "additionalProperties": false,
	//   "type": "object",
	//   "required": [
	//     "order_id",
	//     "reason"
	//   ]
	// }
}

func printJSON(text json.RawMessage) {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(text); err != nil {
		log.Fatal(err)
	}
}

// A tool whose schema comes from elsewhere: here one end of an existing API.
// What the model gets wrong, it reads and mends.
func ExampleRawTool() {
	cancel := frontdesk.RawTool("cancel_booking", "Cancel a booking",
		json.RawMessage(`{
			"type": "object",
			"properties": {"booking": {"$ref": "#/$defs/id"}, "refund_to": {"anyOf": [{"$ref": "#/$defs/id"}, {"const": "voucher"}]}},
			"required": ["booking", "refund_to"],
			"$defs": {"id": {"type": "string", "pattern": "^[A-Z]-[0-9]+$"}}
		}`),
		func(_ context.Context, arguments json.RawMessage) (json.RawMessage, error) {
			// Such as by http.Post.
			return json.RawMessage(`{"cancelled":true}`), nil
		}).WithoutAuthorize("booking")
	agent, err := frontdesk.New(frontdesk.Config{
		Tools: []frontdesk.Tool{cancel},
		Provider: frontdesktest.NewProvider(
			frontdesktest.Call("cancel_booking", `{"booking":"B12"}`),
			frontdesktest.Call("cancel_booking", `{"booking":"B-12","refund_to":"voucher"}`),
			frontdesktest.Say("Your booking is cancelled."),
		),
	})
	if err != nil {
		log.Fatal(err)
	}
	reply, err := agent.Reply(context.Background(), frontdesk.Turn{Conversation: "c-1", Text: "Cancel B12 for a voucher"})
	if err != nil {
		log.Fatal(err)
	}
	for _, result := range reply.Results {
		fmt.Println(result.Status+":", result.Content)
	}
	// Output:
	// not_run: Invalid arguments for cancel_booking. Fix these and call it again:
	// - booking: must match the pattern ^[A-Z]-[0-9]+$ (got "B12")
	// - refund_to: required
	// done: {"cancelled":true}
}

// Agents can share tools. What is wrong with one is told when it is added.
func ExampleRegistry() {
	noop := func(context.Context, struct{}) (string, error) { return "", nil }
	registry, err := frontdesk.NewRegistry(frontdesk.NewTool("opening_hours", "When the shops are open", noop).ReadOnly())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(registry.Add(frontdesk.NewTool("opening_hours", "The same again", noop)))

	sales, err := frontdesk.New(frontdesk.Config{Registry: registry, Provider: frontdesktest.NewProvider(frontdesktest.Say("Hello from sales"))})
	if err != nil {
		log.Fatal(err)
	}
	reply, err := sales.Reply(context.Background(), frontdesk.Turn{Conversation: "c-1", Text: "Hi"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Text)
	// Output:
	// tool opening_hours: the name is taken: give each tool its own
	// Hello from sales
}

// Passages go with the customer's message, and the reply says which of them it
// relies on.
func ExampleRetriever() {
	policies := index.New(
		frontdesk.Passage{ID: "returns-1", Title: "Returns", URL: "https://shop.example/returns", Text: "Lamps can be returned within 30 days."},
		frontdesk.Passage{ID: "shipping-1", Title: "Shipping", Text: "Parcels take two days."},
	)
	agent, err := frontdesk.New(frontdesk.Config{
		Retriever: policies,
		Provider:  frontdesktest.NewProvider(frontdesktest.Say("You have 30 days [1].")),
	})
	if err != nil {
		log.Fatal(err)
	}
	reply, err := agent.Reply(context.Background(), frontdesk.Turn{Conversation: "c-1", Text: "Can lamps be returned?"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Text)
	for _, citation := range reply.Citations {
		fmt.Printf("[%d] %s, %s\n", citation.Number, citation.Passage.Title, citation.Passage.URL)
	}
	// Output:
	// You have 30 days [1].
	// [1] Returns, https://shop.example/returns
}

// The model hands over with a tool of its own. The conversation is then the
// human's, until they hand it back.
func ExampleEscalator() {
	agent, err := frontdesk.New(frontdesk.Config{
		Escalator: frontdesk.EscalatorFunc(func(_ context.Context, handoff frontdesk.Handoff) (string, error) {
			fmt.Println("to the helpdesk:", handoff.Reason, "-", handoff.Summary)
			return "T-1001", nil
		}),
		Provider: frontdesktest.NewProvider(
			frontdesktest.Call(frontdesk.EscalationTool, `{"reason":"customer_asked","summary":"Wants to talk about ORD-9281.","message":"A colleague takes over."}`),
			frontdesktest.Say("Glad that is settled!"),
		),
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	say := func(text string) {
		reply, err := agent.Reply(ctx, frontdesk.Turn{Conversation: "c-1", Text: text})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %q\n", reply.Outcome, reply.Text)
	}
	say("I want a human.")
	say("Are you there?") // recorded for the human: no model is asked

	id := frontdesk.ConversationID{ID: "c-1"}
	if err := agent.Post(ctx, id, "Mia", "Hi, I sent you a new lamp."); err != nil {
		log.Fatal(err)
	}
	if err := agent.HandBack(ctx, id, "Mia", "New lamp sent, nothing else to do."); err != nil {
		log.Fatal(err)
	}
	say("Thanks!")
	// Output:
	// to the helpdesk: customer_asked - Wants to talk about ORD-9281.
	// escalated: "A colleague takes over."
	// escalated: ""
	// answered: "Glad that is settled!"
}

// Everything an agent remembers is in the log of the conversation.
func ExampleMemory() {
	memory := new(frontdesk.InMemory)
	agent, err := frontdesk.New(frontdesk.Config{
		Memory: memory,
		Provider: frontdesktest.NewProvider(
			frontdesktest.Call("initiate_refund", `{}`),
			frontdesktest.Say("Your refund has started."),
		),
		Tools: []frontdesk.Tool{frontdesk.NewTool("initiate_refund", "Start a refund",
			func(context.Context, struct{}) (string, error) { return "started", nil })},
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if _, err := agent.Reply(ctx, frontdesk.Turn{Conversation: "c-1", Text: "Refund me, please"}); err != nil {
		log.Fatal(err)
	}
	entries, err := memory.Load(ctx, frontdesk.ConversationID{ID: "c-1"}, 0)
	if err != nil {
		log.Fatal(err)
	}
	for _, entry := range entries {
		fmt.Println(entry.Sequence, entry.Kind)
	}
	// Output:
	// 1 turn_started
	// 2 customer_message
	// 3 answer
	// 4 tool_started
	// 5 tool_finished
	// 6 answer
	// 7 turn_ended
}

// Any host that speaks OpenAI's protocol will do. Here it is a server of the
// test's own; for Ollama the address would be "http://127.0.0.1:11434/v1".
func ExampleOpenAICompatible() {
	server := frontdesktest.NewServer(frontdesktest.Say("Hello from your own machine."))
	defer server.Close()

	temperature := 0.0
	agent, err := frontdesk.New(frontdesk.Config{
		Provider:    &frontdesk.OpenAICompatible{BaseURL: server.URL()},
		Model:       "qwen3:8b",
		Temperature: &temperature,
	})
	if err != nil {
		log.Fatal(err)
	}
	reply, err := agent.Reply(context.Background(), frontdesk.Turn{Conversation: "c-1", Text: "Hi"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Text)
	// Output: Hello from your own machine.
}

// A provider can be a function, such as one that stands before another and
// tries a second model when the first is overloaded.
func ExampleProviderFunc() {
	host := frontdesktest.NewProvider(
		frontdesktest.Fail(frontdesk.ErrOverloaded),
		frontdesktest.Say("Hello from the second model."),
	)
	withFallback := frontdesk.ProviderFunc(func(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
		response, err := host.Generate(ctx, request, stream)
		if errors.Is(err, frontdesk.ErrOverloaded) {
			again := *request // a provider must not change what it is given
			again.Model = "deepseek-v3.2"
			return host.Generate(ctx, &again, stream)
		}
		return response, err
	})
	agent, err := frontdesk.New(frontdesk.Config{Provider: withFallback})
	if err != nil {
		log.Fatal(err)
	}
	reply, err := agent.Reply(context.Background(), frontdesk.Turn{Conversation: "c-1", Text: "Hi"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Model+":", reply.Text)
	// Output: deepseek-v3.2: Hello from the second model.
}

// An error of a tool is for the model, which reads it and goes on. One that is
// Fatal ends the turn.
func ExampleFatal() {
	errRevoked := errors.New("session revoked")
	agent, err := frontdesk.New(frontdesk.Config{
		Provider: frontdesktest.NewProvider(
			frontdesktest.Call("get_order_status", `{"order_id":"ORD-1"}`),
			frontdesktest.Call("get_order_status", `{"order_id":"ORD-2"}`),
		),
		Tools: []frontdesk.Tool{frontdesk.NewTool("get_order_status", "Retrieve the status of an order",
			func(_ context.Context, in struct {
				OrderID string `json:"order_id"`
			}) (string, error) {
				if in.OrderID == "ORD-1" {
					return "", errors.New("there is no ORD-1: ask for the number again")
				}
				return "", frontdesk.Fatal(errRevoked)
			}).WithoutAuthorize("order_id").ReadOnly()},
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = agent.Reply(context.Background(), frontdesk.Turn{Conversation: "c-1", Text: "Where is my order?"})
	fmt.Println(err)
	fmt.Println(errors.Is(err, errRevoked))
	// Output:
	// tool get_order_status: session revoked
	// true
}

// A handler learns who the customer is from its call, never from the model. A
// test of the handler gives it a call with WithCall.
func ExampleCallFrom() {
	balance := func(ctx context.Context, _ struct{}) (string, error) {
		call := frontdesk.CallFrom(ctx)
		return "balance of " + call.Customer.ID + ": 12 EUR", nil
	}
	tool := frontdesk.NewTool("get_balance", "The customer's own balance", balance).ReadOnly()
	_ = tool // goes into Config.Tools

	ctx := frontdesk.WithCall(context.Background(), frontdesk.Call{Customer: frontdesk.Customer{ID: "cus_ana"}})
	fmt.Println(balance(ctx, struct{}{}))
	// Output: balance of cus_ana: 12 EUR <nil>
}

// A greeting, or what a human says, becomes part of the conversation without
// asking the model.
func ExampleAgent_Post() {
	provider := frontdesktest.NewProvider(frontdesktest.Say("Yes, until 8 pm."))
	agent, err := frontdesk.New(frontdesk.Config{Provider: provider})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := agent.Post(ctx, frontdesk.ConversationID{ID: "c-1"}, "", "Welcome! Ask me about our shops."); err != nil {
		log.Fatal(err)
	}
	if _, err := agent.Reply(ctx, frontdesk.Turn{Conversation: "c-1", Text: "Are you open today?"}); err != nil {
		log.Fatal(err)
	}
	for _, message := range provider.Requests()[0].Messages {
		fmt.Println(message.Role+":", strings.TrimSpace(message.Text))
	}
	// Output:
	// assistant: Welcome! Ask me about our shops.
	// user: Are you open today?
}
