package main

import (
	"context"
	"fmt"
	"log"

	"github.com/frontdesk-go/frontdesk"
)

type OrderArgs struct {
	OrderID string `json:"order_id" jsonschema_description:"Number of the order, like ORD-9281"`
}

func orderStatus(ctx context.Context, in OrderArgs) (string, error) {
	customer := frontdesk.CallFrom(ctx).Customer // from you, never from the model
	return fmt.Sprintf("%s of %s: delivered yesterday", in.OrderID, customer.Name), nil
}

// owns keeps customers to their own orders. Ask your own system here.
func owns(ctx context.Context, customer frontdesk.Customer, in OrderArgs) (bool, error) {
	return customer.ID == "cus_ana" && in.OrderID == "ORD-9281", nil
}

func main() {
	agent, err := frontdesk.New(frontdesk.Config{ // Oxlo, with the key from OXLO_API_KEY
		Instructions: "You are a helpful customer support agent. Use the available tools to assist users.",
		Tools: []frontdesk.Tool{
			frontdesk.NewTool("get_order_status", "Retrieve the current status of a customer order", orderStatus).
				Authorize(owns).Trusted().ReadOnly(),
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	reply, err := agent.Reply(context.Background(), frontdesk.Turn{
		Conversation: "c-81",
		Customer:     frontdesk.Customer{ID: "cus_ana", Name: "Ana"},
		Text:         "Where is my order ORD-9281?",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Text)
}
