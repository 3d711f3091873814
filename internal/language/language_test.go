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

func TestOf(t *testing.T) {
	for _, e := range examples(t) {
		tag, sure := language.Of(e.Text)
		switch e.Want {
		case "sure":
			assert.Equal(t, e.Language, tag, e.Text)
			assert.True(t, sure, "%s is not sure: %s", tag, e.Text)
		case "unsure":
			assert.False(t, sure, "%s is sure: %s", tag, e.Text)
		default:
			t.Errorf("unknown want %q", e.Want)
		}
	}
}
