package language_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/language"
)

type example struct {
	Text, Language, Want string
}

func examples(t testing.TB) []example {
	data, err := os.ReadFile("testdata/texts.jsonl")
	require.NoError(t, err)
	var found []example
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		var e example
		require.NoError(t, json.Unmarshal(lines.Bytes(), &e), lines.Text())
		found = append(found, e)
	}
	return found
}

// Short texts may leave it open, more so between Danish, Norwegian and Swedish, but
// none may be taken for another language.
func TestOf(t *testing.T) {
	all, sures := make(map[string]int), make(map[string]int)
	var languages []string
	for _, e := range examples(t) {
		tag, sure := language.Of(e.Text)
		switch e.Want {
		case "sure":
			assert.Equal(t, e.Language, tag, e.Text)
			if all[e.Language] == 0 {
				languages = append(languages, e.Language)
			}
			all[e.Language]++
			if sure {
				sures[e.Language]++
			} else {
				t.Logf("%s is not sure: %s", tag, e.Text)
			}
		case "unsure":
			assert.False(t, sure, "%s is sure: %s", tag, e.Text)
		default:
			t.Errorf("unknown want %q", e.Want)
		}
	}
	for _, l := range languages {
		t.Logf("%s: sure of %d of %d", l, sures[l], all[l])
		least := 0.75
		if l == "da" || l == "no" {
			least = 0.6
		}
		assert.GreaterOrEqual(t, float64(sures[l]), least*float64(all[l]), l)
	}
}

// Two sentences of a language are enough, and two of different languages never are.
func TestOfIsSureOfTwoSentencesAndOfNoMixture(t *testing.T) {
	of := make(map[string][]string)
	for _, e := range examples(t) {
		if e.Want == "sure" {
			of[e.Language] = append(of[e.Language], e.Text)
		}
	}
	pairs, sures := 0, 0
	for tag, texts := range of {
		for i := 0; i+1 < len(texts); i++ {
			pairs++
			got, sure := language.Of(texts[i] + " " + texts[i+1])
			assert.Equal(t, tag, got, texts[i])
			if sure {
				sures++
			}
		}
		for other, others := range of {
			if other == tag {
				continue
			}
			for i := range min(len(texts), len(others)) {
				got, sure := language.Of(texts[i] + " " + others[i])
				assert.False(t, sure, "%s is sure: %s %s", got, texts[i], others[i])
			}
		}
	}
	t.Logf("sure of %d of %d pairs", sures, pairs)
	assert.GreaterOrEqual(t, float64(sures), 0.95*float64(pairs))
}

func FuzzOf(f *testing.F) {
	for _, e := range examples(f) {
		f.Add(e.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tag, sure := language.Of(text)
		if tag == "" && sure {
			t.Errorf("%q is surely in no language", text)
		}
	})
}

func BenchmarkOf(b *testing.B) {
	for b.Loop() {
		language.Of("Your order was shipped yesterday and should arrive by Friday. Let me know if there is anything else that I can do for you today.")
	}
}
