package frontdesk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// A colleague takes a conversation over, does something about it, and gives it
// back. The model reads all of it with the customer's next message.
func ExampleAgent_TakeOver() {
	provider := frontdesktest.NewProvider(frontdesktest.Say("Hello!"), frontdesktest.Say("You are welcome."))
	agent, err := frontdesk.New(frontdesk.Config{Provider: provider})
	if err != nil {
		log.Fatal(err)
	}
	ctx, id := context.Background(), frontdesk.ConversationID{ID: "c-1"}
	say := func(text string) {
		reply, err := agent.Reply(ctx, frontdesk.Turn{Conversation: "c-1", Text: text})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %q\n", reply.Outcome, reply.Text)
	}
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	say("My lamp is broken.")
	check(agent.TakeOver(ctx, id, "Mia"))
	say("Hello?") // for Mia: no model is asked
	check(agent.Record(ctx, id, frontdesk.Action{
		By: "Mia", Did: "sent a new lamp", Tool: "replace", Arguments: json.RawMessage(`{"order_id":"ORD-1"}`),
	}))
	check(agent.HandBack(ctx, id, "Mia", "Nothing else to do."))
	owner, err := agent.Owner(ctx, id)
	check(err)
	fmt.Println("now with the", owner.Owner)
	say("Thanks!")
	messages := provider.Requests()[1].Messages
	fmt.Println(messages[len(messages)-1].Text)
	// Output:
	// answered: "Hello!"
	// escalated: ""
	// now with the agent
	// answered: "You are welcome."
	// <note>
	// From Mia, a human colleague, who gives the conversation back to you: Nothing else to do.
	// </note>
	//
	// Thanks!
}

// The hook refuses what the model could do by itself, and says where the rest
// goes.
func ExampleEscalation() {
	agent, err := frontdesk.New(frontdesk.Config{
		Escalator: frontdesk.EscalatorFunc(func(_ context.Context, handoff frontdesk.Handoff) (string, error) {
			fmt.Println("to", handoff.Queue+":", handoff.Summary)
			return "T-1001", nil
		}),
		Escalation: frontdesk.Escalation{
			Review: func(_ context.Context, handoff frontdesk.Handoff) (frontdesk.Review, error) {
				if handoff.Reason == frontdesk.HandoffCannotHelp && len(handoff.Facts) == 0 {
					return frontdesk.Review{Refuse: "look the order up first."}, nil
				}
				return frontdesk.Review{Queue: "orders"}, nil
			},
		},
		Tools: []frontdesk.Tool{
			frontdesk.NewTool("list_orders", "List the customer's orders", func(context.Context, struct{}) (string, error) {
				return "ORD-1: lost by the carrier", nil
			}).ReadOnly(),
		},
		Provider: frontdesktest.NewProvider(
			frontdesktest.Call(frontdesk.EscalationTool, `{"reason":"cannot_help","summary":"Asks for an order."}`),
			frontdesktest.Call("list_orders", `{}`),
			frontdesktest.Call(frontdesk.EscalationTool, `{"reason":"cannot_help","summary":"The carrier lost ORD-1."}`),
		),
	})
	if err != nil {
		log.Fatal(err)
	}
	reply, err := agent.Reply(context.Background(), frontdesk.Turn{Conversation: "c-1", Text: "Where is my order?"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Results[0].Content)
	fmt.Println(reply.Outcome, reply.Handoff.Ticket)
	// Output:
	// to orders: The carrier lost ORD-1.
	// Not handed over: look the order up first.
	// escalated T-1001
}
