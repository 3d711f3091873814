package claims_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/internal/claims"
)

func TestFindSaysWhoAndWhen(t *testing.T) {
	for text, want := range map[string][]claims.Claim{
		"I have refunded your order.":                     {{Kind: claims.Refund, Sentence: "I have refunded your order.", Actor: claims.Agent}},
		"Hello!  Your refund has been issued. Bye.":       {{Kind: claims.Refund, Sentence: "Your refund has been issued.", Actor: claims.Nobody}},
		"I will refund you tomorrow.":                     {{Kind: claims.Refund, Sentence: "I will refund you tomorrow.", Actor: claims.Agent, Promise: true}},
		"A colleague will contact you.":                   {{Kind: claims.Escalation, Sentence: "A colleague will contact you.", Actor: claims.Nobody, Promise: true}},
		"I couldn't cancel it, but I **re-funded** you.":  {{Kind: claims.Refund, Sentence: "I couldn't cancel it, but I **re-funded** you.", Actor: claims.Agent}},
		"Ich habe sie storniert und den Betrag erstattet": {{Kind: claims.Cancellation, Sentence: "Ich habe sie storniert und den Betrag erstattet", Actor: claims.Agent}, {Kind: claims.Refund, Sentence: "Ich habe sie storniert und den Betrag erstattet", Actor: claims.Agent}},
		"":          nil,
		"Hi there.": nil,
	} {
		assert.Equal(t, want, claims.Find(text), text)
	}
}

func TestKinds(t *testing.T) {
	for name, want := range map[string][]claims.Kind{
		"initiate_refund":                {claims.Refund},
		"cancel_pending_order":           {claims.Cancellation},
		"cancelOrder":                    {claims.Cancellation},
		"modify_user_address":            {claims.Change},
		"transfer_to_human_agents":       {claims.Escalation},
		"create_ticket":                  {claims.Escalation},
		"exchange_delivered_order_items": {claims.Order, claims.Change},
		"return_delivered_order_items":   {claims.Refund},
		"send_certificate":               {claims.Message, claims.Credit},
		"book_reservation":               {claims.Order},
		"get_order_details":              nil,
		"list_refunds":                   nil,
		"calculate":                      nil,
		"":                               nil,
	} {
		assert.Equal(t, want, claims.Kinds(name, ""), name)
	}
	assert.Equal(t, []claims.Kind{claims.Cancellation, claims.Refund}, claims.Kinds("cancel_pending_order", "Cancel an order; the payment will be refunded."))
	assert.Equal(t, []claims.Kind{claims.Refund}, claims.Kinds("billing_action", "Issues a refund for an order."))
}

func TestMentions(t *testing.T) {
	for _, c := range []struct {
		text string
		kind claims.Kind
		want bool
	}{
		{`{"status": "refunded"}`, claims.Refund, true},
		{`{"refund_id": "RF-1"}`, claims.Refund, true},
		{`{"refundStatus": "pending"}`, claims.Refund, true},
		{`cancelled on May 3`, claims.Cancellation, true},
		{`{"refunded": false}`, claims.Refund, false},
		{`{"refund": null}`, claims.Refund, false},
		{`{"refundable": true}`, claims.Refund, false},
		{`{"refund_policy": "30 days"}`, claims.Refund, false},
		{`The order cannot be cancelled.`, claims.Cancellation, false},
		{`Die Erstattung wurde veranlasst.`, claims.Refund, true},
		{`{"payment_history": [{"transaction_type": "refund", "amount": 20}]}`, claims.Refund, true},
		{`Transfer successful`, claims.Escalation, true},
		{`{"ticket_id": "T-1"}`, claims.Escalation, true},
		{`{"updated_at": "2026-01-01"}`, claims.Change, false},
		{`{"status": "delivered"}`, claims.Refund, false},
		{``, claims.Refund, false},
		{`refunded`, "other", false},
	} {
		assert.Equal(t, c.want, claims.Mentions(c.text, c.kind), "%s: %s", c.kind, c.text)
	}
}
