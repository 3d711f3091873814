package claims

import (
	"cmp"
	"slices"
	"strings"
)

// vocabulary is what is known of every word, in all languages: a word is looked up
// but once.
var vocabulary = buildVocabulary()

// knowledge is what is known of a word.
type knowledge struct {
	of    [len(grammars)]meaning
	verbs uint32 // the languages in which it is a verb, or a word that takes the place of one
	roles role
}

// meaning is what a word is in one language.
type meaning struct {
	class   class
	phrases []phrase // that it begins
	senses  []sense
}

func (m *meaning) any() bool { return m.class != 0 || m.senses != nil }

var unknown knowledge

// role is what a word is in any of the languages.
type role uint8

const (
	isVerb role = 1 << iota
	isHuman
	isContact
	isThing
	isReceipt
)

// entry lists words of a language that share a sense, by their forms. A word that
// needs another in its clause is written with it: "passed+on".
type entry struct {
	topics, takes topics

	noun, participle, bare, gerund, past, future, present, passive, passives, either, state string
}

func buildVocabulary() map[string]*knowledge {
	found := make(map[string]*knowledge)
	of := func(word string) *knowledge {
		if found[word] == nil {
			found[word] = new(knowledge)
		}
		return found[word]
	}
	for i := range grammars {
		g := &grammars[i]
		for class, list := range g.functions {
			for word := range strings.FieldsSeq(list) {
				k := of(word)
				k.of[i].class |= class
				if class == contact {
					k.roles |= isContact
					k.verbs |= 1 << i
				}
				if class == receive {
					k.roles |= isReceipt
					k.verbs |= 1 << i
				}
			}
		}
		for class, list := range g.phrases {
			for text := range strings.SplitSeq(list, "|") {
				if words := strings.Fields(text); len(words) > 0 {
					k := of(words[0])
					k.of[i].phrases = append(k.of[i].phrases, phrase{words, class})
				}
			}
		}
		for _, e := range g.words {
			for f, list := range e.forms() {
				for word := range strings.FieldsSeq(list) {
					word, needs, _ := strings.Cut(word, "+")
					s := sense{form: form(f), topics: e.topics, takes: e.takes, needs: needs}
					k := of(word)
					if !slices.Contains(k.of[i].senses, s) {
						k.of[i].senses = append(k.of[i].senses, s)
					}
					switch {
					case s.form != noun:
						k.verbs |= 1 << i
						k.roles |= isVerb
					case s.topics&humans != 0:
						k.roles |= isHuman
					default:
						k.roles |= isThing
					}
				}
			}
		}
	}
	for _, k := range found {
		for i := range k.of {
			// Those that need most come first, the longest phrase too.
			slices.SortStableFunc(k.of[i].senses, func(a, b sense) int { return strings.Compare(b.needs, a.needs) })
			slices.SortFunc(k.of[i].phrases, func(a, b phrase) int {
				return cmp.Or(len(b.words)-len(a.words), strings.Compare(strings.Join(a.words, " "), strings.Join(b.words, " ")), cmp.Compare(a.class, b.class))
			})
		}
	}
	return found
}

// forms returns the words of an entry in the order of form.
func (e entry) forms() [11]string {
	return [...]string{e.noun, e.participle, e.bare, e.gerund, e.past, e.future, e.present, e.passive, e.passives, e.either, e.state}
}

func wordSet(text string) map[string]bool {
	members := make(map[string]bool)
	for word := range strings.FieldsSeq(text) {
		members[word] = true
	}
	return members
}

// stems forms the regular verbs of a Romance language.
func stems(list string, endings ...string) string {
	var b strings.Builder
	for stem := range strings.FieldsSeq(list) {
		for _, ending := range endings {
			b.WriteString(stem)
			b.WriteString(ending)
			b.WriteByte(' ')
		}
	}
	return b.String()
}
