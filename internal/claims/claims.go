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
	"strings"
	"unicode/utf8"

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
	if !interesting(text) {
		return nil
	}
	var found []Claim
	asked := false
	for _, sentence := range sentences.Split(text) {
		folded := words.Fold(sentence)
		s := read(folded)
		asked = asked || s.asksToConfirm()
		for _, c := range s.find(folded) {
			c.Sentence = sentence
			found = append(found, c)
		}
	}
	if asked {
		kept := found[:0]
		for _, c := range found {
			if !c.Promise {
				kept = append(kept, c)
			}
		}
		found = kept
	}
	return found
}

// interesting reports whether a text has any word that a claim needs.
func interesting(text string) bool {
	folded := words.Fold(text)
	for i := 0; i < len(folded); i++ {
		if folded[i] >= 0xd8 { // beyond the letters of Europe
			if r, _ := utf8.DecodeRuneInString(folded[i:]); r >= 0x600 {
				return true
			}
		}
	}
	var buffer [128]words.Word
	list, _ := words.Append(buffer[:0], folded)
	for i, w := range list {
		if lexicon[w.Text] != nil {
			return true
		}
		if i > 0 && w.Before == "-" && lexicon[list[i-1].Text+w.Text] != nil {
			return true
		}
	}
	return false
}

// statement is a sentence as words.
type statement struct {
	list  []words.Word
	after string
}

func read(folded string) statement {
	list, after := words.Append(make([]words.Word, 0, 32), folded)
	joined := list[:0]
	for i := 0; i < len(list); i++ {
		w := list[i]
		for w.Before != "" && i+1 < len(list) && list[i+1].Before == "-" && lexicon[w.Text] == nil && lexicon[w.Text+list[i+1].Text] != nil ||
			i+1 < len(list) && list[i+1].Before == "-" && (lexicon[w.Text+list[i+1].Text] != nil || lexicon[w.Text+"-"+list[i+1].Text] != nil) {
			w.Text += list[i+1].Text // re-funded
			i++
		}
		joined = append(joined, w)
	}
	return statement{joined, after}
}

// find returns the claims of a sentence, without the sentence.
func (s statement) find(folded string) []Claim {
	var found claimSet
	var in uint32
	for _, w := range s.list {
		for _, sense := range lexicon[w.Text] {
			in |= 1 << sense.language
		}
	}
	// Of languages that share a verb, the sentence is in that of its other words.
	most := 0
	var counts [len(grammars)]int
	for i := range grammars {
		if in&(1<<i) == 0 {
			continue
		}
		for _, w := range s.list {
			if _, ok := grammars[i].functions[w.Text]; ok {
				counts[i]++
			}
			for _, sense := range lexicon[w.Text] {
				if int(sense.language) == i {
					counts[i]++
					break
				}
			}
		}
		most = max(most, counts[i])
	}
	for i := range grammars {
		if counts[i] > 0 && counts[i] == most {
			p := parser{grammar: &grammars[i], language: uint8(i), statement: s, found: &found}
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
func (s statement) asksToConfirm() bool {
	line := make([]byte, 0, 256)
	for _, w := range s.list {
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
