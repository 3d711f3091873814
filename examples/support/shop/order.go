package shop

import "time"

// ReturnWindow is how long after its delivery an order can be refunded.
const ReturnWindow = 30 * 24 * time.Hour

// ReviewAboveCents is the amount, in euro cents, above which the shop's policy
// wants a colleague to look at a refund before it is paid. The shop itself does
// not enforce it: approval is the business of whoever calls Refund.
const ReviewAboveCents = 250_00

// refundTime is how long the banks may take to pay a refund out.
const refundTime = 7 * 24 * time.Hour

// Status says where an order is on its way.
type Status string

const (
	Processing Status = "processing" // paid, not yet handed to the carrier
	InTransit  Status = "in_transit" // with the carrier
	Delivered  Status = "delivered"
	Lost       Status = "lost" // given up by the carrier
	Cancelled  Status = "cancelled"
	Refunded   Status = "refunded"
)

// Order is one purchase, as the customer may see it. Times are in UTC.
type Order struct {
	ID           string    `json:"order_id"`
	Status       Status    `json:"status"`
	Items        []Item    `json:"items"`
	Shipping     Money     `json:"shipping"`
	Total        Money     `json:"total"`
	Address      Address   `json:"delivery_address"`
	PlacedAt     time.Time `json:"placed_at"`
	ExpectedBy   time.Time `json:"expected_delivery,omitzero"`
	DeliveredAt  time.Time `json:"delivered_at,omitzero"`
	ReturnBy     time.Time `json:"return_by,omitzero"` // the end of the return window
	Carrier      string    `json:"carrier,omitempty"`
	Tracking     string    `json:"tracking_number,omitempty"`
	CancelReason string    `json:"cancel_reason,omitempty"`
	RefundID     string    `json:"refund_id,omitempty"`
}

// Item is one line of an order, with the price paid for one piece.
type Item struct {
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Quantity int    `json:"quantity"`
	Price    Money  `json:"price"`
}

// Address is where a parcel goes.
type Address struct {
	Street     string `json:"street"`
	PostalCode string `json:"postal_code"`
	City       string `json:"city"`
	Country    string `json:"country"` // by its English name
}

// Refund is the money given back for one whole order, to the payment method it
// was paid with.
type Refund struct {
	ID         string    `json:"refund_id"`
	OrderID    string    `json:"order_id"`
	Amount     Money     `json:"amount"`
	Reason     string    `json:"reason"`
	CreatedAt  time.Time `json:"created_at"`
	ExpectedBy time.Time `json:"expected_on_account_by"`
}

// Product is one article of the catalogue.
type Product struct {
	SKU         string `json:"sku"`
	Name        string `json:"name"`
	Category    string `json:"category"`
	Description string `json:"description"`
	Price       Money  `json:"price"`
	Stock       int    `json:"in_stock"` // pieces ready to be sent
}

// Customer is what the shop knows of a customer beside the orders.
type Customer struct {
	ID       string `json:"customer_id"`
	Name     string `json:"name"`
	Email    string `json:"email"`
	Language string `json:"language"` // BCP 47, such as "en"
}

// refundable says why an order cannot be refunded at the given time, or nil.
// An order that was refunded already is for the caller to notice.
func (o Order) refundable(now time.Time) error {
	switch o.Status {
	case Lost:
		return nil
	case Delivered:
		if now.After(o.ReturnBy) {
			return refuse("the return window of order %s ended on %s: it can no longer be refunded, but a colleague can open a warranty claim",
				o.ID, day(o.ReturnBy))
		}
		return nil
	case Processing:
		return refuse("order %s is still being processed: cancel it instead of refunding it", o.ID)
	case InTransit:
		return refuse("order %s is still on its way, expected by %s: it can be refunded once it is delivered or reported lost",
			o.ID, day(o.ExpectedBy))
	case Cancelled:
		return refuse("order %s was cancelled before it was sent and its payment released: there is nothing to refund", o.ID)
	default:
		return refuse("order %s has the status %q: hand it over to a colleague", o.ID, o.Status)
	}
}

// open says why an order can no longer be changed, or nil.
func (o Order) open(change string) error {
	switch o.Status {
	case Processing:
		return nil
	case InTransit:
		return refuse("order %s is already with the carrier (expected by %s): it can no longer be %s", o.ID, day(o.ExpectedBy), change)
	default:
		return refuse("order %s is %s: it can no longer be %s", o.ID, o.Status, change)
	}
}

func day(t time.Time) string { return t.Format("2 January 2006") }
