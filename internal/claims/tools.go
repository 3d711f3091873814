package claims

import (
	"slices"
	"strings"
	"unicode"

	"github.com/frontdesk-go/frontdesk/internal/words"
)

// Kinds returns what a call of a tool can back, by its English name and
// description: initiate_refund backs a Refund, transfer_to_human_agents an
// Escalation. It is empty for tools that only look something up, and where nothing
// tells. The description adds what else the call brings about: cancelling an order
// may refund it.
func Kinds(toolName, description string) []Kind {
	name := identifierWords(toolName)
	if len(name) == 0 || lookups[name[0]] {
		return nil
	}
	var found []Kind
	add := func(kinds ...Kind) {
		for _, k := range kinds {
			if !slices.Contains(found, k) {
				found = append(found, k)
			}
		}
	}
	has := func(list string) bool {
		return slices.ContainsFunc(name, func(w string) bool { return wordIn(list, w) })
	}
	if has("refund refunds reimburse reimbursement chargeback return returns reverse") {
		add(Refund)
	}
	if has("cancel cancels cancellation terminate unsubscribe void delete close") {
		add(Cancellation)
	}
	if has("exchange replace replacement reship rebook swap") {
		add(Order, Change)
	}
	if has("reorder purchase buy reserve book") || has("order booking reservation appointment shipment") && has("place create new make submit") {
		add(Order)
	}
	if has("send sends email mail sms notify message letter resend reply") {
		add(Message)
	}
	if has("credit credits voucher vouchers certificate coupon discount compensate compensation points goodwill giftcard") {
		add(Credit)
	}
	if has("escalate escalation handoff handover transfer forward") && has("human humans agent agents team support specialist escalate escalation handoff handover department supervisor colleague manager") ||
		has("ticket case callback") && !has("book") || has("escalate escalation handoff handover") {
		add(Escalation)
	}
	if has(`modify update change edit set reset add remove enable disable toggle suspend resume reschedule upgrade downgrade correct amend move switch activate deactivate reactivate
		lock unlock extend renew pause delete rebook reprogram`) {
		add(Change)
	}
	for _, c := range described {
		if strings.Contains(strings.ToLower(description), c.text) && (len(found) > 0 || c.alone) {
			add(c.kind)
		}
	}
	return found
}

// lookups are verbs of tools that change nothing.
var lookups = wordSet(`get list find search look lookup read check query fetch show view retrieve calculate compute estimate validate verify think describe count track is has quote preview`)

// described are what a description may say that a call brings about, alone or
// beside what the name says.
var described = []struct {
	text  string
	kind  Kind
	alone bool
}{
	{"refunded", Refund, false}, {"refund will", Refund, false}, {"issue a refund", Refund, true}, {"issues a refund", Refund, true}, {"refunds the", Refund, true}, {"refund the", Refund, true}, {"refund an", Refund, true},
	{"cancel the", Cancellation, true}, {"cancels the", Cancellation, true}, {"cancel a", Cancellation, true}, {"cancels a", Cancellation, true}, {"'cancelled'", Cancellation, false}, {"be cancelled", Cancellation, false},
	{"human agent", Escalation, true}, {"to a human", Escalation, true}, {"escalate", Escalation, true}, {"hand over", Escalation, true}, {"support ticket", Escalation, true},
	{"confirmation email", Message, false}, {"sends an email", Message, true}, {"send an email", Message, true},
	{"voucher", Credit, false}, {"store credit", Credit, false}, {"update the", Change, true}, {"updates the", Change, true}, {"change the", Change, true}, {"changes the", Change, true}, {"modify the", Change, true},
	{"exchange", Order, false}, {"place an order", Order, true}, {"places an order", Order, true}, {"book a", Order, true}, {"books a", Order, true}, {"replacement", Order, false},
}

// Mentions reports whether a text, such as the result of a tool in JSON or prose,
// speaks of something of a kind as having happened or being under way:
// {"status": "refunded"}, {"refund_id": "RF-1"}, "cancelled on May 3". It is
// generous where Find is strict, since it speaks for the reply.
func Mentions(text string, kind Kind) bool {
	list := identifierWords(text)
	said, ok := sayings[kind]
	if !ok {
		return false
	}
	for i, w := range list {
		switch {
		case wordIn(said.done, w):
			if !refused(list, i) && !(i+1 < len(list) && list[i+1] == "at" && kind == Change) {
				return true
			}
		case wordIn(said.nouns, w):
			if i+1 < len(list) && (wordIn(underWay, list[i+1]) || i+2 < len(list) && wordIn(underWay, list[i+2])) && !refused(list, i) ||
				i > 0 && wordIn(underWay, list[i-1]) && !refused(list, i) || i == len(list)-1 && i > 0 && wordIn("type status action", list[i-1]) ||
				i > 0 && wordIn("type status action state", list[i-1]) && !refused(list, i) {
				return true
			}
		}
	}
	if strings.ContainsAny(strings.TrimSpace(text[:min(len(text), 40)]), "{[") { // data has no sentences
		return false
	}
	return slices.ContainsFunc(Find(text), func(c Claim) bool { return c.Kind == kind })
}

// sayings are the words of records for each kind.
var sayings = map[Kind]struct{ done, nouns string }{
	Refund:       {"refunded reimbursed refunding erstattet remboursé reembolsado rimborsato terugbetaald", "refund refunds reimbursement"},
	Cancellation: {"cancelled canceled cancelling canceling terminated unsubscribed storniert annulé annulée cancelado cancelada annullato annullata geannuleerd", "cancellation cancel"},
	Change:       {"updated changed modified rescheduled upgraded downgraded added removed enabled disabled reset moved activated deactivated suspended resumed extended renewed geändert modifié actualizado atualizado aggiornato gewijzigd unlocked rebooked exchanged", "change modification update"},
	Order:        {"booked ordered placed purchased reserved reordered exchanged replaced rebooked", "exchange replacement booking reservation order"},
	Credit:       {"credited compensated", "credit voucher certificate coupon discount compensation points code"},
	Escalation:   {"escalated transferred forwarded assigned handed", "ticket case escalation handoff transfer handover callback"},
	Message:      {"sent emailed mailed texted notified resent queued", "message email sms letter"},
}

// underWay are the words beside a noun that say it has begun.
const underWay = `id ids number reference ref amount initiated issued processed processing pending approved created success successful completed complete confirmed requested added
	applied granted sent scheduled started submitted opened open made placed done ok accepted true type transaction posted generated awarded total method date`

// refused reports whether what a word says is denied or only possible.
func refused(list []string, i int) bool {
	for j := max(0, i-3); j < i; j++ {
		if wordIn("not no never cannot can could may non isn hasn wasn t un without failed unable eligible if whether nothing", list[j]) {
			return true
		}
	}
	for j := i + 1; j < len(list) && j <= i+2; j++ {
		if wordIn("false null none failed denied rejected no not policy fee fees policies error eligible possible 0 nil declined", list[j]) {
			return true
		}
	}
	return false
}

func wordIn(list, word string) bool {
	for rest := list; rest != ""; {
		at := strings.Index(rest, word)
		if at < 0 || word == "" {
			return false
		}
		end := at + len(word)
		if (at == 0 || space(rest[at-1])) && (end == len(rest) || space(rest[end])) {
			return true
		}
		rest = rest[end:]
	}
	return false
}

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\t' }

// identifierWords returns the words of a text, with those of identifiers such as
// cancel_order and cancelOrder.
func identifierWords(text string) []string {
	var b strings.Builder
	before := ' '
	for _, r := range text {
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		before = r
	}
	list, _ := words.Append(nil, words.Fold(b.String()))
	found := make([]string, len(list))
	for i, w := range list {
		found[i] = w.Text
	}
	return found
}
