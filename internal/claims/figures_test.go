package claims_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/claims"
	"github.com/frontdesk-go/frontdesk/internal/words"
)

// example is a line of the data files: the kinds that a text says are done, and
// those it promises.
type example struct {
	Text, Language string
	Want, Promised []claims.Kind
}

func examples(t testing.TB, file string) []example {
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var found []example
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		var e example
		require.NoError(t, json.Unmarshal(lines.Bytes(), &e), lines.Text())
		found = append(found, e)
	}
	return found
}

// tally counts claims, and texts without any.
type tally struct{ right, wrong, missed, honest, suspected int }

func (t tally) precision() float64 { return ratio(t.right, t.right+t.wrong) }
func (t tally) recall() float64    { return ratio(t.right, t.right+t.missed) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

func measure(t *testing.T, file string) tally {
	counts := make(map[string]*tally)
	var languages []string
	var all tally
	for _, e := range examples(t, file) {
		c := counts[e.Language]
		if c == nil {
			c = &tally{}
			counts[e.Language] = c
			languages = append(languages, e.Language)
		}
		found := claims.Find(e.Text)
		var got []string
		for _, f := range found {
			got = append(got, describe(f.Kind, f.Promise))
		}
		var want []string
		for _, k := range e.Want {
			want = append(want, describe(k, false))
		}
		for _, k := range e.Promised {
			want = append(want, describe(k, true))
		}
		for _, g := range got {
			if slices.Contains(want, g) {
				c.right++
			} else {
				c.wrong++
				t.Logf("%s: %s is not in: %s", e.Language, g, e.Text)
			}
		}
		for _, w := range want {
			if !slices.Contains(got, w) {
				c.missed++
				t.Logf("%s: %s is missed in: %s", e.Language, w, e.Text)
			}
		}
		if len(want) == 0 {
			c.honest++
			if len(got) > 0 {
				c.suspected++
			}
		}
	}
	table := fmt.Sprintf("%s\n%-9s %6s %6s %6s %10s %7s %7s\n", file, "language", "claims", "wrong", "missed", "precision", "recall", "honest")
	line := func(name string, c tally) {
		table += fmt.Sprintf("%-9s %6d %6d %6d %9.1f%% %6.1f%% %3d/%d\n", name, c.right+c.missed, c.wrong, c.missed, 100*c.precision(), 100*c.recall(), c.suspected, c.honest)
	}
	for _, l := range languages {
		c := *counts[l]
		line(l, c)
		all.right += c.right
		all.wrong += c.wrong
		all.missed += c.missed
		all.honest += c.honest
		all.suspected += c.suspected
	}
	line("all", all)
	t.Log(table)
	return all
}

func describe(kind claims.Kind, promise bool) string {
	if promise {
		return "promised " + string(kind)
	}
	return string(kind)
}

func TestFigures(t *testing.T) {
	all := measure(t, "testdata/cases.jsonl")
	assert.GreaterOrEqual(t, all.recall(), 0.97)
	assert.GreaterOrEqual(t, all.precision(), 0.99)
	assert.LessOrEqual(t, ratio(all.suspected, all.honest), 0.01)
}

// These sentences were written before Find was fitted to those of cases.jsonl, and it
// is not fitted to them.
func TestFiguresOfWhatIsHeldOut(t *testing.T) {
	all := measure(t, "testdata/heldout.jsonl")
	assert.GreaterOrEqual(t, all.recall(), 0.92)
	assert.GreaterOrEqual(t, all.precision(), 0.97)
	assert.LessOrEqual(t, ratio(all.suspected, all.honest), 0.01)
}

func TestFindReadsManySpellings(t *testing.T) {
	for _, text := range []string{
		"I have refunded you.", "I have REFUNDED you.", "I have **refunded** you.", "I have re**fund**ed you.", "I have _refunded_ you.", "I have ~~refunded~~ you.", "I have `refunded` you.",
		"I have re-funded you.", "I have re‑funded you.", "I have refu\u200bnded you.", "I have refu\u00adnded you.", "I have rеfundеd you.", "I have ｒｅｆｕｎｄｅｄ you.", "I have 𝐫𝐞𝐟𝐮𝐧𝐝𝐞𝐝 you.",
		"I\u00a0have\u2003refunded you.", "I’ve refunded you.", "I have r̶e̶f̶u̶n̶d̶e̶d̶ you.", "I have refunded [1] you.", "I [1] have refunded you.", "> I have refunded you.", "- I have refunded you.", "1. I have refunded you.",
		"І have refunded you.", "I have refunded\u202e you.", "I hаve refunded уou.",
	} {
		found := claims.Find(text)
		if assert.Len(t, found, 1, text) {
			assert.Equal(t, claims.Refund, found[0].Kind, text)
			assert.Equal(t, claims.Agent, found[0].Actor, text)
			assert.Equal(t, text, found[0].Sentence)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, file := range []string{"testdata/cases.jsonl", "testdata/heldout.jsonl"} {
		for i, e := range examples(f, file) {
			if i%5 == 0 {
				f.Add(e.Text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		folded := words.Fold(text)
		assert.Equal(t, folded, words.Fold(folded))
		var found, again []string
		for _, c := range claims.Find(text) {
			assert.Contains(t, text, c.Sentence)
			found = append(found, fmt.Sprint(c.Kind, c.Actor, c.Promise))
		}
		for _, c := range claims.Find(folded) {
			again = append(again, fmt.Sprint(c.Kind, c.Actor, c.Promise))
		}
		if !strings.ContainsFunc(text, unsafe) {
			assert.Equal(t, found, again, "%q", text)
		}
		claims.Kinds(text, text)
		claims.Mentions(text, claims.Refund)
	})
}

// unsafe reports whether a character becomes one that ends a sentence, or divides
// words, when it is folded.
func unsafe(r rune) bool {
	return r > 0x17f || r == '*' || r == '~' || r == '`' || r == '[' || r == 0xad
}

const (
	ordinary = "Thank you for your patience. Our shop in Berlin opens at nine and closes at six, Monday to Saturday. You find us next to the station, " +
		"and there is a place for bicycles at the door. The lamp that you like has three sizes; the largest is 60 cm high and needs two bulbs. " +
		"It is in stock, and shipping takes three days. Please tell me which size you prefer, and whether I may help you with anything else today."
	telling = "Thank you for your patience, Maria. I have cancelled order 4711 and refunded 54.04 EUR to your card; it will take five days to arrive. " +
		"Your address has been updated too, and I've sent the new label to your email address. As the second item has not been returned yet, " +
		"it cannot be refunded. Once we have received it, we will write to you. Is there anything else that I can do for you today?"
)

func BenchmarkFind(b *testing.B) {
	for name, text := range map[string]string{"ordinary": ordinary, "telling": telling} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				claims.Find(text)
			}
		})
	}
}
