package offline

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// What the stand-in says. Some of it is recognised in later turns, since the
// transcript is all it remembers.
const (
	askOrder      = "Could you give me the order number? It begins with ORD- and is in every e-mail about the order."
	askAddress    = "What is the new address? Please write it as street and number, postal code and city."
	offerCancel   = "Would you like me to cancel it instead?"
	offerRefund   = "Would you like me to refund it?"
	offerHuman    = "Shall I connect you with a colleague?"
	handingOver   = "I am handing this over to a colleague, who sees our whole conversation and will reply to you here."
	notUnderstood = "I am not sure I understood that. I can look up, refund, cancel or redirect an order, find products, and answer questions about our policies."
	notInPages    = "I could not find that in our help pages."
)

var smallTalk = map[intent]string{
	wantIdentity: "I am a rule-based stand-in: a program with fixed rules, which answers here in place of a language model. I am not a person.",
	sayHello:     "Hello, and welcome! I can look up an order, help with a refund or a change, find products, and answer questions about our policies. What can I do for you?",
	sayThanks:    "You are welcome. Is there anything else I can do for you?",
	sayGoodbye:   "Goodbye, and thank you for your visit.",
	sayYes:       "Good. What can I do for you?",
	sayNo:        "All right, I leave everything as it is. Is there anything else I can do for you?",
}

// record has the fields of all tool results that the rules can word.
type record struct {
	OrderID     string `json:"order_id"`
	Status      string `json:"status"`
	Total       string `json:"total"`
	ExpectedBy  string `json:"expected_delivery"`
	DeliveredAt string `json:"delivered_at"`
	Carrier     string `json:"carrier"`
	Tracking    string `json:"tracking_number"`
	Items       []struct {
		Name     string `json:"name"`
		Quantity int    `json:"quantity"`
	} `json:"items"`
	Address struct {
		Street     string `json:"street"`
		PostalCode string `json:"postal_code"`
		City       string `json:"city"`
	} `json:"delivery_address"`

	RefundID  string `json:"refund_id"`
	Amount    string `json:"amount"`
	OnAccount string `json:"expected_on_account_by"`

	Name        string `json:"name"`
	Description string `json:"description"`
	Price       string `json:"price"`
	Stock       *int   `json:"in_stock"`
}

// recordsOf reads a list, or an object with a list in it.
func recordsOf(result string) ([]record, bool) {
	var list []record
	if json.Unmarshal([]byte(result), &list) == nil {
		return list, list != nil
	}
	var wrapped map[string]json.RawMessage
	if json.Unmarshal([]byte(result), &wrapped) == nil {
		for _, name := range []string{"orders", "products", "result", "results", "items"} {
			if json.Unmarshal(wrapped[name], &list) == nil && list != nil {
				return list, true
			}
		}
	}
	return nil, false
}

// isFailure tells the results that report an error from those that are one's
// answer.
func isFailure(result string) bool {
	var object struct {
		Error any `json:"error"`
	}
	return strings.HasPrefix(result, "Error") || strings.HasPrefix(result, "Invalid arguments") ||
		json.Unmarshal([]byte(result), &object) == nil && object.Error != nil
}

// isUnknownOutcome tells the failures after which nobody knows whether the tool
// did its work.
func isUnknownOutcome(result string) bool {
	return isFailure(result) && strings.Contains(result, "outcome") && strings.Contains(result, "unknown")
}

var confirmation = sign(`\bconfirm`)

func asksToConfirm(result string) bool {
	return !json.Valid([]byte(result)) && confirmation.MatchString(result)
}

// tellFailure passes an error on. Its text was written for whoever called the
// tool, so it is marked as what the shop's system says.
func tellFailure(call toolCall, result string) string {
	if isUnknownOutcome(result) {
		return fmt.Sprintf("I am sorry: I tried to %s, but I do not know whether it went through. It may still take effect, so I will not try again before it was checked.", humanName(call.Function.Name))
	}
	if order := orderNumbers(result); len(order) == 1 && strings.Contains(result, "no order "+order[0]) {
		return fmt.Sprintf("I cannot find an order %s in your account. Could you check the number?", order[0])
	}
	var object struct {
		Error string `json:"error"`
	}
	if json.Unmarshal([]byte(result), &object) == nil && object.Error != "" {
		result = object.Error
	}
	result = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(result, "Error:"), "Error"))
	return fmt.Sprintf("I am sorry, I could not %s. Our system says: %s", humanName(call.Function.Name), asSentence(result))
}

func tellStatus(result string) string {
	var o record
	if json.Unmarshal([]byte(result), &o) != nil || o.Status == "" {
		return tellAnything(result)
	}
	switch o.Status {
	case "processing":
		return o.subject() + " is being processed and has not left us yet." + phrase(" It should arrive by %s.", day(o.ExpectedBy))
	case "in_transit":
		return o.subject() + " is on its way" + phrase(" with %s", o.Carrier) + phrase(", tracking number %s", o.Tracking) + "." +
			phrase(" It should arrive by %s.", day(o.ExpectedBy))
	case "delivered":
		return o.subject() + " was delivered" + phrase(" on %s", day(o.DeliveredAt)) + "."
	case "lost":
		return o.subject() + " was lost on its way, I am sorry. " + offerRefund
	case "cancelled":
		return o.subject() + " was cancelled."
	case "refunded":
		return o.subject() + " has been refunded" + phrase(" (refund %s)", o.RefundID) + "."
	}
	return fmt.Sprintf("%s has the status %q.", o.subject(), o.Status)
}

// whyNoRefund explains why the order's status rules a refund out. It is empty
// where a refund may be tried.
func whyNoRefund(result string) string {
	var o record
	if json.Unmarshal([]byte(result), &o) != nil {
		return ""
	}
	switch o.Status {
	case "processing":
		return tellStatus(result) + " There is nothing to refund yet, as you are only charged when it leaves. " + offerCancel
	case "in_transit":
		return tellStatus(result) + " I can refund it once it is delivered or reported lost."
	case "cancelled":
		return tellStatus(result) + " You were not charged, so there is nothing to refund."
	case "refunded":
		return tellStatus(result) + " An order can only be refunded once."
	}
	return ""
}

func tellRefund(result string) string {
	var r record
	if json.Unmarshal([]byte(result), &r) != nil || r.Amount == "" {
		return tellAnything(result)
	}
	return fmt.Sprintf("I have started the refund%s: %s%s.", phrase(" of order %s", r.OrderID), r.Amount, phrase(", reference %s", r.RefundID)) +
		phrase(" The money should be on your account by %s.", day(r.OnAccount))
}

func tellCancelled(result string) string {
	var o record
	if json.Unmarshal([]byte(result), &o) != nil || o.Status != "cancelled" {
		return tellAnything(result)
	}
	return o.subject() + " is cancelled."
}

func tellAddress(result string) string {
	var o record
	if json.Unmarshal([]byte(result), &o) != nil || o.Address.Street == "" {
		return tellAnything(result)
	}
	return fmt.Sprintf("%s will now go to %s, %s %s.", o.subject(), o.Address.Street, o.Address.PostalCode, o.Address.City)
}

func tellOrders(result string) string {
	orders, ok := recordsOf(result)
	if !ok {
		return tellAnything(result)
	}
	if len(orders) == 0 {
		return "There are no orders in your account."
	}
	text := "These are your orders:"
	for _, o := range orders {
		text += "\n- " + strings.TrimPrefix(o.subject(), "Your order ") + ": " + strings.ReplaceAll(o.Status, "_", " ")
	}
	return text
}

func tellProducts(result string) string {
	products, ok := recordsOf(result)
	if !ok {
		return tellAnything(result)
	}
	if len(products) == 0 {
		return "I found nothing like that in our shop."
	}
	text := "This is what I found:"
	for _, p := range products {
		text += "\n- " + p.Name + phrase(", %s", p.Price)
		if p.Stock != nil && *p.Stock == 0 {
			text += ", sold out"
		}
		text += phrase(": %s", p.Description)
	}
	return text
}

// tellAnything is for results of an unknown form: it quotes.
func tellAnything(result string) string {
	var o record
	if json.Unmarshal([]byte(result), &o) == nil {
		switch {
		case o.Amount != "" && o.RefundID != "":
			return tellRefund(result)
		case o.OrderID != "" && o.Status != "":
			return tellStatus(result)
		}
	}
	if strings.TrimSpace(result) == "" {
		return "That is done."
	}
	return "Our system says: " + asSentence(clip(result, 600))
}

// subject names the order: "Your order ORD-9281 (Ceramic table lamp, 89.00 EUR)".
func (o record) subject() string {
	var details []string
	for _, item := range o.Items {
		if item.Quantity > 1 {
			item.Name = fmt.Sprintf("%d x %s", item.Quantity, item.Name)
		}
		details = append(details, item.Name)
	}
	if o.Total != "" {
		details = append(details, o.Total)
	}
	return "Your order " + o.OrderID + phrase(" (%s)", strings.Join(details, ", "))
}

// phrase puts a value into a phrase, and says nothing if there is none.
func phrase(format, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf(format, value)
}

func asSentence(text string) string {
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?}]") {
		return text
	}
	return text + "."
}

// day writes a time of a tool result as a date, and leaves other texts alone.
func day(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return t.Format("2 January 2006")
}

var wordBreak = regexp.MustCompile(`[_-]+`)

// humanName turns a tool's or an argument's name into words.
func humanName(name string) string {
	switch name {
	case getOrderStatus:
		return "look up the order"
	case initiateRefund:
		return "start the refund"
	case cancelOrder:
		return "cancel the order"
	case changeAddress:
		return "change the delivery address"
	case listMyOrders:
		return "list your orders"
	case findProduct:
		return "search our products"
	case escalateToHuman:
		return "reach a colleague"
	}
	return wordBreak.ReplaceAllString(name, " ")
}

func forOrder(values map[string]any) string {
	if order, ok := values["order_id"].(string); ok {
		return " " + order
	}
	return ""
}
