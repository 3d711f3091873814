// Package wish tells what a customer plainly asks for. It is made to err to one
// side: what it does not know for a plain wish is none.
package wish

import (
	"strings"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk/internal/words"
)

// Human reports whether a customer's message plainly asks for a human: it says
// so with a verb of wishing or asking ("I want to talk to a real person", "Can I
// speak with an agent?"), or it consists of little but the word ("Agent, please!").
// A message that only speaks of people is none. It knows English, German, French,
// Spanish, Portuguese, Italian and Dutch well, and the commonest phrasings of
// Polish, Turkish, Swedish, Japanese, Chinese and Arabic.
func Human(text string) bool {
	folded := words.Fold(text)
	var buffer [64]words.Word
	list, after := words.Append(buffer[:0], folded)
	var in uint32
	wide := false
	for _, w := range list {
		in |= people[w.Text]
		wide = wide || w.Text[0] >= 0xd8 // Arabic and beyond
	}
	if wide && humanWide(folded) {
		return true
	}
	// Languages share words: a message is in that which knows the most of it.
	var counts [len(tongues)]int
	most := 0
	for i := range tongues {
		if in&(1<<i) == 0 {
			continue
		}
		for _, w := range list {
			if tongues[i].knows(w.Text) {
				counts[i]++
			}
		}
		most = max(most, counts[i])
	}
	for i := range tongues {
		if in&(1<<i) != 0 && counts[i] == most && tongues[i].asks(list, after) {
			return true
		}
	}
	return false
}

func (t *tongue) knows(word string) bool {
	return t.person[word] || t.contact[word] || t.wish[word] || t.me[word] || t.deny[word] || t.being[word] || t.owner[word] || t.filler[word] || t.which[word] || t.divide[word]
}

// tongue is what a language says when it asks for a human.
type tongue struct {
	person  map[string]bool // a human as the other side of the conversation
	plain   map[string]bool // those of person that a message may consist of
	contact map[string]bool // to speak, to connect
	wish    map[string]bool // to want, to be allowed, to ask for
	me      map[string]bool // whom to connect or give one
	deny    map[string]bool // with which a clause is no wish
	being   map[string]bool // with which it is one only if there is a verb to speak: "are you human?"
	owner   map[string]bool // before a person: somebody else's
	filler  map[string]bool // besides the person in a message that is but a call
	which   map[string]bool // after a person: one who has done something
	divide  map[string]bool // between clauses
}

// mostCall is how many words a mere call for a human may have.
const mostCall = 7

func (t *tongue) asks(list []words.Word, after string) bool {
	if len(list) <= mostCall && t.calls(list) && !strings.ContainsAny(after, "?") {
		return true
	}
	from := 0
	for i := 1; i <= len(list); i++ {
		if i < len(list) && i-from < 3 && list[i].Before == ", " && t.wish[list[i-1].Text] {
			continue // "I demand, to speak ..."
		}
		if i == len(list) || t.divide[list[i].Text] || strings.ContainsAny(list[i].Before, ".,;:!?()\n\"“”") || strings.ContainsRune(list[i].Before, '—') {
			if t.clause(list[from:i]) {
				return true
			}
			from = i
		}
	}
	return false
}

// calls reports whether a message consists of the word for a human and of words
// that add nothing to it.
func (t *tongue) calls(list []words.Word) bool {
	found := false
	for _, w := range list {
		switch {
		case t.plain[w.Text]:
			found = true
		case !t.filler[w.Text]:
			return false
		}
	}
	return found
}

// clause reports whether a clause asks for a human.
func (t *tongue) clause(list []words.Word) bool {
	person, contact, wish, me := -1, -1, -1, -1
	being := false
	for i, w := range list {
		switch {
		case t.deny[w.Text]:
			return false
		case t.person[w.Text]:
			if i > 0 && t.owner[list[i-1].Text] && !(contact >= 0 && yours[list[i-1].Text]) || i > 1 && t.owner[list[i-2].Text] && !rates[list[i-2].Text] || i+1 < len(list) && t.which[list[i+1].Text] {
				return false
			}
			if person < 0 {
				person = i
			}
		}
		being = being || t.being[w.Text]
		if t.contact[w.Text] && contact < 0 {
			contact = i
		}
		if t.wish[w.Text] && wish < 0 {
			wish = i
		}
		if t.me[w.Text] && me < 0 {
			me = i
		}
	}
	switch {
	case person < 0:
		return false
	case contact >= 0 && far(person, contact) <= 6:
		return wish >= 0 || me >= 0 || contact == 0
	case being:
		return false
	case wish >= 0: // "I want a human"
		return person > wish && person-wish <= 4 && t.plain[list[person].Text] && person == len(list)-1
	case me >= 0: // "give me a human"
		return person > me && person-me <= 4 && me <= 2 && t.plain[list[person].Text] && person == len(list)-1
	}
	return false
}

// yours are owners whose people one may ask to speak to.
var yours = wordSet("your ihrem ihren votre su seu suo uw jouw")

// rates are words that make a person a measure: "per person". With an article
// between, they do not.
var rates = wordSet("per por pro par")

func far(a, b int) int { return max(a-b, b-a) }

// humanWide knows languages that do not divide words by spaces, and Arabic, by
// whole phrases.
func humanWide(text string) bool {
	if utf8.RuneCountInString(text) > 80 {
		return false
	}
	for _, no := range []string{"不要", "不想", "不需要", "ません", "たくない", "不用", "لا أريد", "لا اريد", "吗", "ですか", "هل أنت", "هل انت"} {
		if strings.Contains(text, no) && !strings.Contains(text, "可以") && !strings.Contains(text, "能") && !strings.Contains(text, "いただけ") &&
			!strings.Contains(text, "もらえ") && !strings.Contains(text, "できますか") {
			return false
		}
	}
	for _, phrase := range widePhrases {
		if strings.Contains(text, phrase) {
			return true
		}
	}
	return false
}
