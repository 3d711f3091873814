package claims

import (
	"slices"
	"strings"
)

// lexicon holds the senses of every word that a claim may turn on.
var lexicon = buildLexicon()

// entry lists words of a language that share a sense, by their forms. A word that
// needs another in its clause is written with it: "passed+on".
type entry struct {
	topics, takes topics

	noun, participle, bare, gerund, past, future, present, passive, passives, either, state string
}

func buildLexicon() map[string][]sense {
	found := make(map[string][]sense)
	for i := range grammars {
		for _, e := range vocabulary[grammars[i].tag] {
			for form, list := range [...]string{e.noun, e.participle, e.bare, e.gerund, e.past, e.future, e.present, e.passive, e.passives, e.either, e.state} {
				for word := range strings.FieldsSeq(list) {
					word, needs, _ := strings.Cut(word, "+")
					s := sense{language: uint8(i), form: formOf(form), topics: e.topics, takes: e.takes, needs: needs}
					if !contains(found[word], s) {
						found[word] = append(found[word], s)
					}
				}
			}
		}
	}
	for _, senses := range found {
		slices.SortStableFunc(senses, func(a, b sense) int { return strings.Compare(b.needs, a.needs) }) // those that need most first
	}
	return found
}

func formOf(i int) form { return form(i) }

func contains(list []sense, s sense) bool {
	for _, other := range list {
		if other == s {
			return true
		}
	}
	return false
}

func wordSet(text string) map[string]bool {
	members := make(map[string]bool)
	for word := range strings.FieldsSeq(text) {
		members[word] = true
	}
	return members
}

// functions reads what words do: a class and its words.
type functionList map[class]string

func (l functionList) index() map[string]class {
	found := make(map[string]class)
	for c, list := range l {
		for word := range strings.FieldsSeq(list) {
			found[word] |= c
		}
	}
	return found
}

// phrasesOf indexes phrases, divided by "|", by their first word.
func phrasesOf(lists map[class]string) map[string][]phrase {
	found := make(map[string][]phrase)
	for c, list := range lists {
		for text := range strings.SplitSeq(list, "|") {
			words := strings.Fields(text)
			if len(words) > 0 {
				found[words[0]] = append(found[words[0]], phrase{words, c})
			}
		}
	}
	return found
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
