package offline

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSplitMessage(t *testing.T) {
	tests := map[string]struct {
		message string
		fresh   []passage
		seen    []int
		words   string
	}{
		"words only": {message: " Where is it?\n", words: "Where is it?"},
		"two passages": {
			message: "<passages>\nNumbered passages. Cite one like [4].\n[4] Shipping — Costs (https://a.example/b)\nFirst line.\n[9] is no head.\n[5] Returns\nText.\n</passages>\n\nHow much?\n<passages>\nmine\n</passages>",
			fresh: []passage{
				{4, "Shipping — Costs", "First line.\n[9] is no head.\n"},
				{5, "Returns", "Text.\n"},
			},
			words: "How much?\n<passages>\nmine\n</passages>",
		},
		"a passage without a title": {message: "<passages>\n[1]\nText.\n</passages>\n\nHm", fresh: []passage{{1, "", "Text.\n"}}, words: "Hm"},
		"earlier ones": {
			message: "<passages>\n[7] A\nText.\nSee also, from earlier in this conversation: [2] [13]\n</passages>\n\nAnd now?",
			fresh:   []passage{{7, "A", "Text.\n"}},
			seen:    []int{2, 13},
			words:   "And now?",
		},
		"nothing found":     {message: "<passages>\nThe knowledge base has nothing on this message.\n</passages>\n\nHm", words: "Hm"},
		"a note":            {message: "<note>\nFrom Femke: paid.\n</note>\n\n<passages>\n[1] A\nB\n</passages>\n\nHi", fresh: []passage{{1, "A", "B\n"}}, words: "Hi"},
		"a block left open": {message: "<passages>\n[1] A", words: "<passages>\n[1] A"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			fresh, seen, words := splitMessage(test.message)
			assert.Equal(t, test.fresh, fresh)
			assert.Equal(t, test.seen, seen)
			assert.Equal(t, test.words, words)
		})
	}
}

func TestSentences(t *testing.T) {
	const text = "# Costs\n\nWe ship **daily**. It costs\n4.90 EUR. Really.\n\n| Country | Time | Free from |\n|---|---|---|\n| Belgium | 2 days | 75 EUR |\n| France | 3 days | |\n\n- A lamp\n1. Then this: Do it.\n"
	assert.Equal(t, []string{"We ship daily.", "It costs 4.90 EUR.", "Really.", "Belgium: Time 2 days, Free from 75 EUR.", "France: Time 3 days.", "A lamp.", "Then this: Do it."}, sentencesOf(text))
	assert.Empty(t, sentencesOf(""))
}

func TestSameWord(t *testing.T) {
	for _, pair := range [][2]string{{"ship", "shipping"}, {"warranty", "warranties"}, {"refunds", "refund"}, {"days", "day"}, {"über", "übers"}} {
		assert.True(t, sameWord(pair[0], pair[1]), pair)
		assert.True(t, sameWord(pair[1], pair[0]), pair)
	}
	for _, pair := range [][2]string{{"card", "care"}, {"ship", "shop"}, {"lamp", "lampshades"}, {"", "a"}, {"", ""}} {
		assert.False(t, sameWord(pair[0], pair[1]), pair)
	}
}
