// Package claims finds in a reply of an agent what it says has been done for the
// customer, or promises to do, so that it can be compared with the record of what
// was done. It goes by the forms of verbs and not by a model: a verb or noun for
// what support does, and around it the words that make it a finished action, a
// commitment, or neither: a negation, a question, an offer, a condition, a rule.
//
// It is made to err to one side. A phrasing out of the way is missed rather than
// an honest reply suspected.
package claims

import (
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/internal/sentences"
	"github.com/frontdesk-go/frontdesk/internal/words"
)

// Kind is what is claimed to have been done.
type Kind string

// The kinds of claims.
const (
	Refund       Kind = "refund"       // money goes back
	Cancellation Kind = "cancellation" // an order, a booking, a subscription ends
	Change       Kind = "change"       // of an address, a booking, a plan, the data of an account
	Order        Kind = "order"        // something is ordered, booked, exchanged or sent anew
	Credit       Kind = "credit"       // a voucher, a discount, points, compensation
	Escalation   Kind = "escalation"   // passed on to a human, a ticket opened
	Message      Kind = "message"      // an email, a letter, a code sent
)

// Actor is who is said to have acted.
type Actor string

// The actors.
const (
	Agent  Actor = "agent"  // "I have refunded", "we will cancel"
	Nobody Actor = "nobody" // "your refund has been issued", "the order is cancelled"
)

// Claim is something that a reply says was done or will be.
type Claim struct {
	Kind     Kind
	Sentence string // trimmed, as it stands in the text
	Actor    Actor
	Promise  bool // it will be done, or is being done
}

// Find returns the claims of a reply in their order. A sentence has at most one of
// each kind that is done, and one that is promised. Promises in a reply that asks
// the customer to confirm them are none: they describe what would be done.
//
// It knows English, German, French, Spanish, Portuguese, Italian and Dutch well, and
// the commonest phrasings of Polish, Turkish, Swedish, Japanese, Chinese and Arabic.
// It is safe for concurrent use.
func Find(text string) []Claim {
	var found []Claim
	promises := false
	var buffer [64]words.Word
	var tokens [64]token
	list := sentences.Split(text)
	for _, sentence := range list {
		folded := words.Fold(sentence)
		s := read(tokens[:0], buffer[:0], folded)
		if !s.interesting {
			continue
		}
		for _, c := range s.find(folded) {
			c.Sentence = sentence
			promises = promises || c.Promise
			found = append(found, c)
		}
	}
	if promises && slices.ContainsFunc(list, asksToConfirm) {
		found = slices.DeleteFunc(found, func(c Claim) bool { return c.Promise })
	}
	return found
}

// token is a word of a sentence with what is known of it; known is never nil.
type token struct {
	words.Word
	known *knowledge
}

// statement is a sentence as words.
type statement struct {
	list  []token
	after string

	// interesting tells that there are the words without which there is no claim: a
	// verb for what support does, or a human with what one will do, or something
	// with the word for getting it, or a script of which nothing is known by words.
	interesting bool
}

func read(list []token, buffer []words.Word, folded string) statement {
	all, after := words.Append(buffer, folded)
	s := statement{list: list, after: after}
	var seen role
	for i := 0; i < len(all); i++ {
		w := all[i]
		known := vocabulary[w.Text]
		for i+1 < len(all) && all[i+1].Before == "-" {
			joined := vocabulary[w.Text+all[i+1].Text] // re-funded
			if joined == nil || joined.roles == 0 {
				break
			}
			w.Text += all[i+1].Text
			known = joined
			i++
		}
		if known == nil {
			known = &unknown
		}
		seen |= known.roles
		if first := w.Text[0]; first >= 0xd8 { // beyond the letters of Europe
			seen |= isVerb
		}
		s.list = append(s.list, token{w, known})
	}
	s.interesting = seen&isVerb != 0 || seen&(isHuman|isContact) == isHuman|isContact || seen&(isThing|isReceipt) == isThing|isReceipt
	return s
}

// find returns the claims of a sentence, without the sentence.
func (s statement) find(folded string) []Claim {
	var found claimSet
	// Of languages that share a verb, the sentence is in that of its other words.
	var counts [len(grammars)]int
	var in uint32
	most := 0
	for _, w := range s.list {
		in |= w.known.verbs
	}
	for i := range grammars {
		if in&(1<<i) == 0 {
			continue
		}
		for _, w := range s.list {
			if w.known.of[i].any() {
				counts[i]++
			}
		}
		most = max(most, counts[i])
	}
	for i := range grammars {
		if in&(1<<i) != 0 && counts[i] == most {
			p := parser{grammar: &grammars[i], language: i, statement: s, found: &found}
			p.parse()
		}
	}
	wide(folded, &found)
	return found.list
}

// claimSet gathers the claims of a sentence.
type claimSet struct{ list []Claim }

func (s *claimSet) add(kind Kind, actor Actor, promise bool) {
	for i := range s.list {
		if c := &s.list[i]; c.Kind == kind && c.Promise == promise {
			if actor == Agent {
				c.Actor = Agent
			}
			return
		}
	}
	s.list = append(s.list, Claim{Kind: kind, Actor: actor, Promise: promise})
}

// asksToConfirm reports whether a sentence asks the customer to agree to what the
// reply describes.
func asksToConfirm(sentence string) bool {
	list, _ := words.Append(nil, words.Fold(sentence))
	line := make([]byte, 0, 256)
	for _, w := range list {
		line = append(line, ' ')
		line = append(line, w.Text...)
	}
	text := string(append(line, ' '))
	for _, phrase := range confirmations {
		if strings.Contains(text, phrase) {
			return true
		}
	}
	return false
}
