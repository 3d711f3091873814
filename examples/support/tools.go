package main

import (
	"context"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/examples/support/shop"
)

// The arguments of the tools. There is no customer among them: the shop learns
// who asks from the call.
type (
	orderArgs struct {
		OrderID string `json:"order_id" jsonschema_description:"Number of the order, like ORD-9281"`
	}
	reasonArgs struct {
		OrderID string `json:"order_id" jsonschema_description:"Number of the order, like ORD-9281"`
		Reason  string `json:"reason" jsonschema_description:"Why, in the customer's words"`
	}
	addressArgs struct {
		OrderID    string `json:"order_id" jsonschema_description:"Number of the order, like ORD-9281"`
		Street     string `json:"street" jsonschema_description:"Street and number"`
		PostalCode string `json:"postal_code"`
		City       string `json:"city"`
		Country    string `json:"country,omitempty" jsonschema_description:"English name of the country. Leave it out to keep the present one"`
	}
	productArgs struct {
		Query string `json:"query" jsonschema_description:"What the customer looks for, in a few words"`
	}
	noArgs struct{}
)

// shopTools are what the agent can do in the shop. It looks only among the orders
// of the customer who asks, so that nobody has to be asked whose an order is.
func shopTools(store *shop.Shop) []frontdesk.Tool {
	return []frontdesk.Tool{
		frontdesk.NewTool("get_order_status", "Retrieve the current status of a customer order: items, total, delivery.",
			func(ctx context.Context, in orderArgs) (shop.Order, error) {
				return store.Order(ctx, customer(ctx), in.OrderID)
			}).WithoutAuthorize("order_id").Trusted().ReadOnly(),

		frontdesk.NewTool("list_my_orders", "List all orders of the customer, newest first.",
			func(ctx context.Context, _ noArgs) ([]shop.Order, error) {
				return store.Orders(ctx, customer(ctx))
			}).Trusted().ReadOnly(),

		frontdesk.NewTool("find_product", "Search the shop's catalogue.",
			func(ctx context.Context, in productArgs) ([]shop.Product, error) {
				return store.Products(ctx, in.Query)
			}).Trusted().ReadOnly(),

		frontdesk.NewTool("initiate_refund", "Start a refund process for an order. It pays back the whole order.",
			func(ctx context.Context, in reasonArgs) (shop.Refund, error) {
				return store.Refund(ctx, customer(ctx), in.OrderID, in.Reason, frontdesk.CallFrom(ctx).IdempotencyKey)
			}).WithoutAuthorize("order_id").Trusted().Idempotent(0).
			ApproveWhen(func(in reasonArgs) bool { return store.NeedsReview(in.OrderID) }),

		frontdesk.NewTool("cancel_order", "Cancel an order that has not been sent yet.",
			func(ctx context.Context, in reasonArgs) (shop.Order, error) {
				return store.Cancel(ctx, customer(ctx), in.OrderID, in.Reason)
			}).WithoutAuthorize("order_id").Trusted().Idempotent(0),

		frontdesk.NewTool("change_delivery_address", "Change where an order goes that has not been sent yet.",
			func(ctx context.Context, in addressArgs) (shop.Order, error) {
				return store.ChangeAddress(ctx, customer(ctx), in.OrderID,
					shop.Address{Street: in.Street, PostalCode: in.PostalCode, City: in.City, Country: in.Country})
			}).WithoutAuthorize("order_id").Trusted().Idempotent(0),
	}
}

func customer(ctx context.Context) string { return frontdesk.CallFrom(ctx).Customer.ID }
