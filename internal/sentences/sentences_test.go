package sentences_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/internal/sentences"
)

func TestSplit(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		" \n ":                           "",
		"One. Two! Three? Four…":         "One.|Two!|Three?|Four…",
		"One.Two":                        "One.Two",
		"Line\nnext\r\nlast":             "Line|next|last",
		"It costs 12.50 EUR. Ok.":        "It costs 12.50 EUR.|Ok.",
		"Use it, e.g. today. Then wait.": "Use it, e.g. today.|Then wait.",
		"Das geht z. B. morgen. Oder am 3. Mai. Gut.":                                   "Das geht z. B. morgen.|Oder am 3. Mai.|Gut.",
		"Bestellung Nr. 5 ist da. Danke.":                                               "Bestellung Nr. 5 ist da.|Danke.",
		"Bring tea, milk etc. We wait. Or pens etc. and so on.":                         "Bring tea, milk etc.|We wait.|Or pens etc. and so on.",
		"Within 14 days. [1] Then [2]. [3, 4] End.":                                     "Within 14 days. [1]|Then [2]. [3, 4]|End.",
		"See https://a.example/b.c?d=e.f. Then [go. now](https://x.example/a) ok. Bye.": "See https://a.example/b.c?d=e.f.|Then [go. now](https://x.example/a) ok.|Bye.",
		"これは本です。次です！終わり":                                                                "これは本です。|次です！|終わり",
		"期限は14日です。[1]返金します。":                                                            "期限は14日です。[1]|返金します。",
		"**Done.** Next. \"Quoted.\" She said no.":                                      "**Done.**|Next.|\"Quoted.\"|She said no.",
		"« Oui. » Il part.":                                                             "« Oui. » Il part.",
		"Mr. A. Smith called. Dr. Lee did not.":                                         "Mr. A. Smith called.|Dr. Lee did not.",
		"Open [ bracket. And on. Then.":                                                 "Open [ bracket.|And on.|Then.",
		"1. First. Then.\n2. Second.":                                                   "1. First.|Then.|2. Second.",
		"No. I cannot. Order no. 5 is sent.":                                            "No.|I cannot.|Order no. 5 is sent.",
	} {
		assert.Equal(t, want, strings.Join(sentences.Split(text), "|"), text)
	}
}

func TestEnd(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "",
		"One":                       "",
		"One.":                      "",
		"One. ":                     "", // a citation may follow
		"One. [":                    "",
		"One. [1":                   "",
		"One. [1]":                  "",
		"One. [1] T":                "One. [1] ",
		"One. T":                    "One. ",
		"One.\nT":                   "One.\n",
		"One\n":                     "One\n",
		"12.":                       "",
		"It is 12.5":                "",
		"e.g. T":                    "",
		"am 3. Mai":                 "",
		"See [this. And":            "",
		"See [this. And](https://a": "",
		"See [this. And](https://a.example/) now. Y": "See [this. And](https://a.example/) now. ",
		"See https://a.example. Y":                   "See https://a.example. ",
		"See https://a.exam":                         "",
		"はい。":                                        "",
		"はい。次":                                       "はい。",
		"Hi! How are you? Fine":                      "Hi! How are you? ",
	} {
		assert.Equal(t, want, text[:sentences.End(text)], text)
	}
}

func FuzzEnd(f *testing.F) {
	f.Add("One. [1] Two [a. b](https://x.example/a.b) e.g. 12.50. Yes!\nNo。はい。[2]次")
	f.Add("« Oui. » z. B. am 3. Mai … [x\n\n. y")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 300 {
			text = text[:300]
		}
		all := strings.Join(sentences.Split(text), "\x00")
		before := 0
		for i := range len(text) + 1 {
			end := sentences.End(text[:i])
			assert.GreaterOrEqual(t, end, before, "%q", text[:i])
			assert.LessOrEqual(t, end, i)
			if end > before { // what is released is whole sentences of the whole text
				cut := append(sentences.Split(text[:end]), sentences.Split(text[end:])...)
				assert.Equal(t, all, strings.Join(cut, "\x00"), "%q | %q", text[:end], text[end:])
			}
			before = end
		}
	})
}

func FuzzEndURL(f *testing.F) {
	f.Add("See", "https://a.example/b.c?d=e.f!g", "now. Then")
	f.Fuzz(func(t *testing.T, before, path, after string) {
		url := "https://a.example/" + strings.Map(func(r rune) rune {
			if r <= ' ' || r > '~' {
				return -1
			}
			return r
		}, path)
		for _, text := range []string{before + " " + url + " " + after, before + " [" + after + "](" + url + ") x"} {
			at := strings.Index(text, url)
			for i := range len(text) + 1 {
				if end := sentences.End(text[:i]); end > at && end < at+len(url) {
					t.Errorf("%q is cut within its address", text[:i])
				}
			}
		}
	})
}

func BenchmarkEnd(b *testing.B) {
	text := strings.Repeat("Your order, no. 5, is on its way. It costs 12.50 EUR [1]. ", 7)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		sentences.End(text)
	}
}
