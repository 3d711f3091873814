package index

import (
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/turkish"

	wordlists "github.com/frontdesk-go/frontdesk/internal/language"
)

// language is what the index knows of a natural language: how its words are
// reduced to stems, and the words that say how something is said and not what
// about.
type language struct {
	code      string // ISO 639-1
	stem      func(*snowballstem.Env) bool
	functions map[string]bool // lower case, with their diacritics; never changed
}

// languages are those whose words are stemmed. Bits of a languageSet count
// from the first on, so that the order is part of the snapshot's format.
var languages = [...]language{
	{"en", english.Stem, wordlists.FunctionWords("en")},
	{"de", german.Stem, wordlists.FunctionWords("de")},
	{"fr", french.Stem, wordlists.FunctionWords("fr")},
	{"es", spanish.Stem, wordlists.FunctionWords("es")},
	{"pt", portuguese.Stem, wordlists.FunctionWords("pt")},
	{"it", italian.Stem, wordlists.FunctionWords("it")},
	{"nl", dutch.Stem, wordlists.FunctionWords("nl")},
	{"da", danish.Stem, wordlists.FunctionWords("da")},
	{"sv", swedish.Stem, wordlists.FunctionWords("sv")},
	{"no", norwegian.Stem, wordlists.FunctionWords("no")},
	{"fi", finnish.Stem, wordlists.FunctionWords("fi")},
	{"ru", russian.Stem, wordlists.FunctionWords("ru")},
	{"tr", turkish.Stem, wordlists.FunctionWords("tr")},
	{"ar", arabic.Stem, wordlists.FunctionWords("ar")},
}

// languageSet is a set of languages, a bit for each.
type languageSet uint32

// all of the languages.
const allLanguages = languageSet(1<<len(languages) - 1)

func (s languageSet) has(i int) bool { return s&(1<<i) != 0 }

// languageOf finds the set of a language tag such as "pt" or "en-GB". It is
// empty if the language is unknown.
func languageOf(tag string) languageSet {
	code, _, _ := strings.Cut(strings.ToLower(tag), "-")
	code, _, _ = strings.Cut(code, "_")
	switch code {
	case "nb", "nn":
		code = "no"
	}
	for i := range languages {
		if languages[i].code == code {
			return 1 << i
		}
	}
	return 0
}

// detect tells in which languages a text may be, by their function words: the
// cheapest evidence there is, and plenty of it in a whole sentence. Languages
// with equal evidence are all returned, but English wins. Without any, none is.
func detect(tokens []token) languageSet {
	var counts [len(languages)]int
	most := 0
	for _, token := range tokens {
		for i := range languages {
			if languages[i].functions[token.lower] {
				counts[i]++
				most = max(most, counts[i])
			}
		}
	}
	var set languageSet
	for i, count := range counts {
		if count > 0 && count == most {
			set |= 1 << i
		}
	}
	if set.has(0) {
		return 1 // English shares its short words with half of Europe
	}
	return set
}

// isFunction reports whether a word is a function word in one of the languages.
func (s languageSet) isFunction(word string) bool {
	for i := range languages {
		if s.has(i) && languages[i].functions[word] {
			return true
		}
	}
	return false
}
