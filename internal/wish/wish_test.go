package wish_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/wish"
	"github.com/frontdesk-go/frontdesk/internal/words"
)

type example struct {
	Text, Language string
	Want           bool
}

func examples(t testing.TB) []example {
	data, err := os.ReadFile("testdata/human.jsonl")
	require.NoError(t, err)
	var found []example
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		var e example
		require.NoError(t, json.Unmarshal(lines.Bytes(), &e), lines.Text())
		found = append(found, e)
	}
	return found
}

func TestHuman(t *testing.T) {
	for _, e := range examples(t) {
		assert.Equal(t, e.Want, wish.Human(e.Text), "%s: %s", e.Language, e.Text)
	}
}

func FuzzHuman(f *testing.F) {
	for _, e := range examples(f) {
		f.Add(e.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if wish.Human(text) != wish.Human(words.Fold(text)) {
			t.Errorf("%q is not what it is when folded", text)
		}
	})
}

func BenchmarkHuman(b *testing.B) {
	for b.Loop() {
		wish.Human("Hello, I have been waiting for my order for two weeks now and I want to talk to a real person about it, please.")
	}
}
