// Command refund plays one support conversation: a customer's lamp arrived
// damaged, and the agent looks the order up and starts the refund.
//
//	OXLO_API_KEY=... go run ./examples/refund
//	OXLO_API_KEY=... go run ./examples/refund -stream "Where is ORD-7714?"
//
// OXLO_BASE_URL points it at another OpenAI-compatible host.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/frontdesk-go/frontdesk"
)

// OrderArgs and RefundArgs become the JSON Schemas that the model sees.
type OrderArgs struct {
	OrderID string `json:"order_id" jsonschema_description:"Number of the order, like ORD-9281"`
}

type RefundArgs struct {
	OrderID string `json:"order_id" jsonschema_description:"Number of the order, like ORD-9281"`
	Reason  string `json:"reason" jsonschema_description:"Why the customer wants their money back"`
}

// Order is what the shop knows of an order.
type Order struct {
	OrderID string `json:"order_id"`
	Status  string `json:"status"`
	Item    string `json:"item"`
	Total   string `json:"total"`
}

// Refund is what the shop answers to a refund.
type Refund struct {
	OrderID string `json:"order_id"`
	Status  string `json:"status"`
	Note    string `json:"note"`
}

// The tools work for the customer's own orders alone. A real shop asks its database.
func mayLook(_ context.Context, customer frontdesk.Customer, in OrderArgs) (bool, error) {
	return owner[in.OrderID] == customer.ID, nil
}

func mayRefund(ctx context.Context, customer frontdesk.Customer, in RefundArgs) (bool, error) {
	return mayLook(ctx, customer, OrderArgs{in.OrderID})
}

var owner = map[string]string{"ORD-9281": "cus_ana", "ORD-7714": "cus_ana"}

func orderStatus(_ context.Context, in OrderArgs) (Order, error) {
	return Order{OrderID: in.OrderID, Status: "delivered", Item: "ceramic table lamp", Total: "89.00 EUR"}, nil
}

func initiateRefund(_ context.Context, in RefundArgs) (Refund, error) {
	return Refund{OrderID: in.OrderID, Status: "initiated", Note: "the money arrives within 3 to 5 business days"}, nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	stream := flag.Bool("stream", false, "print the reply as it is written")
	flag.Parse()
	message := "I need a refund for order ORD-9281. It arrived damaged."
	if flag.NArg() > 0 {
		message = strings.Join(flag.Args(), " ")
	}
	if err := run(ctx, os.Stdout, message, *stream); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, message string, stream bool) error {
	agent, err := frontdesk.New(frontdesk.Config{
		Instructions: "You are a helpful customer support agent. Use the available tools to assist users.",
		Tools: []frontdesk.Tool{
			frontdesk.NewTool("get_order_status", "Retrieve the current status of a customer order", orderStatus).Authorize(mayLook).Trusted().ReadOnly(),
			frontdesk.NewTool("initiate_refund", "Start a refund process for an order", initiateRefund).Authorize(mayRefund).Trusted(),
		},
	})
	if err != nil {
		return err
	}
	turn := frontdesk.Turn{
		Conversation: "example",
		Customer:     frontdesk.Customer{ID: "cus_ana"},
		Text:         message,
	}
	if stream {
		return show(ctx, out, agent, turn)
	}
	reply, err := agent.Reply(ctx, turn)
	if err != nil {
		return err
	}
	for _, result := range reply.Results {
		fmt.Fprintf(out, "-> %s(%s)\n", result.Call.Name, result.Call.Arguments)
	}
	fmt.Fprintln(out, reply.Text)
	return nil
}

// show prints a turn as it happens.
func show(ctx context.Context, out io.Writer, agent *frontdesk.Agent, turn frontdesk.Turn) error {
	lineBreak := "" // what is due before a new line, after text
	for event, err := range agent.Stream(ctx, turn) {
		if err != nil {
			return err
		}
		switch event := event.(type) {
		case frontdesk.ToolStarted:
			fmt.Fprintf(out, "%s-> %s(%s)\n", lineBreak, event.Call.Name, event.Call.Arguments)
			lineBreak = ""
		case frontdesk.TextDelta:
			fmt.Fprint(out, event.Text)
			lineBreak = "\n"
		case frontdesk.Done:
			fmt.Fprintln(out)
		}
	}
	return nil
}
