package wordpiece_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/ingest/internal/wordpiece"
)

// The counts are those of BERT's tokenizer with the pieces in the comments.
func TestCount(t *testing.T) {
	for text, want := range map[string]int{
		"":                         0,
		" \n\t":                    0,
		"the customer":             2,
		"Refunds take five days.":  6,   // ref ##unds take five days .
		"unaffable":                3,   // una ##ffa ##ble
		"embeddings":               4,   // em ##bed ##ding ##s
		"Müller":                   1,   // muller
		"café":                     1,   // cafe
		"$1,200.00":                6,   // $ 1 , 200 . 00
		"open_bank_account":        5,   // open _ bank _ account
		"| a | b |":                5,   // each bar is one
		"退款":                       2,   // each ideograph is one
		"退款policy":                 3,   // and they end words
		"xqzzyx" + "\u0f00" + "wq": 9,   // no such piece: one for each character
		strings.Repeat("a", 101):   101, // not looked into
		"naïve\u00a0approach":      2,   // a space that does not break
	} {
		assert.Equal(t, want, wordpiece.Count(text), "%q", text)
	}
}

func TestCountIsASumOverWords(t *testing.T) {
	text := "Ein Erstattungsantrag für ORD-9281 kostet 12,50 € – 返金は3日です。 ok?"
	sum := 0
	for _, field := range strings.Fields(text) {
		sum += wordpiece.Count(field)
	}
	assert.Equal(t, sum, wordpiece.Count(text))
}

func BenchmarkCount(b *testing.B) {
	text := strings.Repeat("To open a personal checking account, ensure all of the following are true: the customer is verified. ", 100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		wordpiece.Count(text)
	}
}
