package words_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/internal/words"
)

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "",
		"Refunded":             "refunded",
		"**Re**funded ~~now~~": "refunded now",
		"refu\u200bn\u00added": "refunded",
		"ｒｅｆｕｎｄｅｄ":             "refunded",
		"𝐫𝐞𝐟𝐮𝐧𝐝𝐞𝐝":             "refunded",
		"rеfundеd":             "refunded", // with Cyrillic letters
		"доставка":             "доставка",
		"remboursé":            "remboursé",
		"İptal":                "iptal",
		"I’ve re‑sent it":      "i've re-sent it",
	} {
		assert.Equal(t, want, words.Fold(text), "%q", text)
	}
}

func TestAppend(t *testing.T) {
	list, after := words.Append(nil, "i've re-sent it [1, 2] to you, ça va?")
	var texts, before []string
	for _, w := range list {
		texts = append(texts, w.Text)
		before = append(before, w.Before)
	}
	assert.Equal(t, []string{"i", "ve", "re", "sent", "it", "to", "you", "ça", "va"}, texts)
	assert.Equal(t, []string{"", "'", " ", "-", " ", " [1, 2] ", " ", ", ", " "}, before)
	assert.Equal(t, "?", after)
}

func FuzzFold(f *testing.F) {
	f.Add("Re**fu\u200bnded** İptal rеfund ﷺ Å")
	f.Fuzz(func(t *testing.T, text string) {
		folded := words.Fold(text)
		assert.Equal(t, folded, words.Fold(folded), "%q", text)
		list, after := words.Append(nil, folded)
		joined := ""
		for _, w := range list {
			joined += w.Before + w.Text
		}
		assert.Equal(t, folded, joined+after)
	})
}
