package frontdesk_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// A customer asks about somebody else's order, and then for something that wants
// more than a claim of who they are.
func ExampleTypedTool_Authorize() {
	type Order struct {
		ID string `json:"order_id"`
	}
	owns := func(_ context.Context, customer frontdesk.Customer, in Order) (bool, error) {
		return customer.ID == "cus_ana" && in.ID == "ORD-1", nil // ask your own system
	}
	agent, err := frontdesk.New(frontdesk.Config{
		Tools: []frontdesk.Tool{
			frontdesk.NewTool("cancel_order", "Cancel an order", func(context.Context, Order) (string, error) { return "cancelled", nil }).
				Authorize(owns).RequireVerified(frontdesk.Verified).Trusted(),
		},
		Provider: frontdesktest.NewProvider(
			frontdesktest.Call("cancel_order", Order{"ORD-900"}), frontdesktest.Say("I find no such order of yours."),
			frontdesktest.Call("cancel_order", Order{"ORD-1"}), frontdesktest.Say("ORD-1 is cancelled."),
		),
	})
	if err != nil {
		log.Fatal(err)
	}
	turn := frontdesk.Turn{Conversation: "c-1", Customer: frontdesk.Customer{ID: "cus_ana"}, Text: "Cancel ORD-900"}
	reply, err := agent.Reply(context.Background(), turn)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Text, reply.Results[0].Err)

	turn.Text = "Then cancel ORD-1"
	if reply, err = agent.Reply(context.Background(), turn); err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Outcome, reply.Approvals[0].Verification)

	// The application has them sign in, and goes on.
	turn.Text, turn.Confirm, turn.Customer.Verification = "", reply.Approvals[0].ID, frontdesk.Verified
	if reply, err = agent.Reply(context.Background(), turn); err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Text)
	// Output:
	// I find no such order of yours. the customer may not use this tool with these arguments
	// awaiting_verification verified
	// ORD-1 is cancelled.
}

// A guard of one's own, which keeps a word out of replies.
func ExampleGuard() {
	guard := frontdesk.GuardFunc(func(_ context.Context, check frontdesk.Check) (frontdesk.Verdict, error) {
		if check.Stage == frontdesk.StageOutput && strings.Contains(check.Text, "guarantee") {
			return frontdesk.Verdict{Action: frontdesk.VerdictDeny, Words: "do not promise guarantees", Reason: "a guarantee"}, nil
		}
		return frontdesk.Verdict{}, nil
	})
	agent, err := frontdesk.New(frontdesk.Config{
		Guards:   []frontdesk.Guard{guard},
		Provider: frontdesktest.NewProvider(frontdesktest.Say("We guarantee it."), frontdesktest.Say("We do our best.")),
	})
	if err != nil {
		log.Fatal(err)
	}
	reply, err := agent.Reply(context.Background(), frontdesk.Turn{Conversation: "c-1", Text: "Will it last?"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Text, reply.Requests)
	// Output: We do our best. 2
}

// How a reply came about: the claim was not borne out, and was asked for once more.
func ExampleAgent_Audit() {
	agent, err := frontdesk.New(frontdesk.Config{
		Provider: frontdesktest.NewProvider(frontdesktest.Say("I have refunded you."), frontdesktest.Say("I cannot refund this myself.")),
	})
	if err != nil {
		log.Fatal(err)
	}
	id := frontdesk.ConversationID{ID: "c-1"}
	if _, err := agent.Reply(context.Background(), frontdesk.Turn{Conversation: id.ID, Text: "I want my money back"}); err != nil {
		log.Fatal(err)
	}
	records, err := agent.Audit(context.Background(), id)
	if err != nil {
		log.Fatal(err)
	}
	for _, guard := range records[0].Guards {
		fmt.Println(guard.Action, guard.Reasons)
	}
	fmt.Println(records[0].Text, records[0].Requests)
	// Output:
	// held [the reply claims a refund that was not made: "I have refunded you."]
	// I cannot refund this myself. 2
}
