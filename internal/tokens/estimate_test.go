package tokens_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/internal/tokens"
)

func TestEstimateIsCloseToTrueCounts(t *testing.T) {
	for _, g := range golden {
		t.Run(g.kind, func(t *testing.T) {
			truth := float64(max(g.llama, g.qwen, g.deepseek))
			estimate := float64(tokens.Estimate(g.text))
			assert.GreaterOrEqual(t, estimate, 0.9*truth, "too few")
			assert.LessOrEqual(t, estimate, 1.3*truth, "too many")
		})
	}
}

// The usual rule is what this package is there to replace: it must be worse
// where it matters.
func TestEstimateBeatsFourCharactersAToken(t *testing.T) {
	for _, kind := range []string{"compact JSON", "tool result", "Russian", "Arabic", "Hindi", "Thai", "Chinese", "Japanese", "Korean", "numbers"} {
		for _, g := range golden {
			if g.kind == kind {
				truth := float64(max(g.llama, g.qwen, g.deepseek))
				assert.Less(t, float64(utf8.RuneCountInString(g.text)/4), 0.85*truth, kind)
				assert.Greater(t, float64(tokens.Estimate(g.text)), 0.9*truth, kind)
			}
		}
	}
}

func TestEstimateOfEdges(t *testing.T) {
	tests := []struct {
		name, text  string
		least, most int
	}{
		{"nothing", "", 0, 0},
		{"a letter", "a", 1, 1},
		{"a digit", "7", 1, 1},
		{"a space", " ", 0, 0},
		{"an ideograph", "灯", 1, 1},
		{"half a character", "\xe7\x81", 1, 3},
		{"bytes that are no text", strings.Repeat("\xff", 100), 100, 200},
		{"an emoji of many parts", "👩‍👩‍👧‍👦", 8, 16},
		{"one letter a thousand times", strings.Repeat("x", 1000), 100, 1000},
		{"one character a thousand times", strings.Repeat("я", 1000), 150, 1000},
		{"a thousand spaces", strings.Repeat(" ", 1000), 1, 10},
		{"a thousand lines", strings.Repeat("\n", 1000), 1, 10},
		{"a ruler", strings.Repeat("-", 1000), 10, 1000},
		{"camel case", "getOrderStatus", 3, 5},
		{"an initialism before a word", "JSONText", 2, 4},
		{"an accent of its own", "e\u0301", 1, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := tokens.Estimate(test.text)
			assert.GreaterOrEqual(t, got, test.least)
			assert.LessOrEqual(t, got, test.most)
		})
	}
}

// A few passages in another language must not disappear in an English prompt.
func TestEstimateJudgesLanguagesPieceByPiece(t *testing.T) {
	text := make(map[string]string)
	for _, g := range golden {
		text[g.kind] = g.text
	}
	english := strings.Repeat(text["English prose"]+"\n", 10)
	finnish := strings.Repeat(text["Finnish"]+"\n", 10)
	apart := tokens.Estimate(english) + tokens.Estimate(finnish)
	assert.InEpsilon(t, apart, tokens.Estimate(english+finnish), 0.03)
}

func TestEstimateAllocatesNothing(t *testing.T) {
	text := golden[0].text + golden[len(golden)-1].text
	assert.Zero(t, testing.AllocsPerRun(100, func() { tokens.Estimate(text) }))
}

func FuzzEstimate(f *testing.F) {
	for _, g := range golden {
		f.Add(g.text)
	}
	f.Add("\xe1")
	f.Add("A\xcd")
	f.Add("\xf0\x9f")
	f.Add("\xd2")
	f.Fuzz(func(t *testing.T, text string) {
		estimate := tokens.Estimate(text)
		if estimate < 0 || estimate > 4*len(text) {
			t.Errorf("%d tokens for %d bytes", estimate, len(text))
		}
		if strings.TrimSpace(text) != "" && estimate == 0 {
			t.Error("no tokens for some text")
		}
		// A longer text has no fewer tokens, but for a word that becomes
		// English.
		if longer := tokens.Estimate(text + "\n7"); longer < estimate {
			t.Errorf("%d tokens, but %d with more text", estimate, longer)
		}
	})
}
