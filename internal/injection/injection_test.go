package injection_test

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/injection"
)

type line struct {
	Text   string
	Attack bool
}

func cases(t testing.TB) []line {
	t.Helper()
	file, err := os.Open("testdata/cases.jsonl")
	require.NoError(t, err)
	defer file.Close()
	var all []line
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var l line
		require.NoError(t, json.Unmarshal(lines.Bytes(), &l))
		all = append(all, l)
	}
	require.NoError(t, lines.Err())
	return all
}

func TestFind(t *testing.T) {
	for _, l := range cases(t) {
		assert.Equal(t, l.Attack, len(injection.Find(l.Text, []string{"send_money", "initiate_refund"})) > 0, "%q: %v", l.Text, injection.Find(l.Text, nil))
	}
}

func FuzzFind(f *testing.F) {
	for _, l := range cases(f) {
		f.Add(l.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found := injection.Find(text, []string{"send_money"})
		if !slices.IsSorted(found) || len(slices.Compact(slices.Clone(found))) != len(found) {
			t.Errorf("%v", found)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	text := strings.Repeat("Your order ORD-9281 was delivered on Monday. You can return it in 14 days. ", 14)
	for b.Loop() {
		injection.Find(text, []string{"send_money"})
	}
}
