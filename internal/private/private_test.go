package private_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/private"
)

type line struct {
	Text string
	Kind private.Kind // empty if there is nothing to find
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
		var kinds []private.Kind
		for _, f := range private.Find(l.Text) {
			kinds = append(kinds, f.Kind)
		}
		if l.Kind == "" {
			assert.Empty(t, kinds, l.Text)
			continue
		}
		assert.Equal(t, []private.Kind{l.Kind}, kinds, l.Text)
	}
}

func TestSecretsAreWhatNobodyShouldSend(t *testing.T) {
	for _, l := range cases(t) {
		want := l.Kind == private.Card || l.Kind == private.SecurityCode || l.Kind == private.Key || l.Kind == private.Password
		assert.Equal(t, want, len(private.Secrets(l.Text)) > 0, l.Text)
	}
}

func TestReplace(t *testing.T) {
	text := "ana@example.org, 4111 1111 1111 1111!"
	replaced := private.Replace(text, private.Find(text), func(kind private.Kind, value string) string { return "<" + string(kind) + ">" })
	assert.Equal(t, "<email>, <card>!", replaced)
}

func TestNormal(t *testing.T) {
	assert.Equal(t, private.Normal(private.Phone, "+49 170 1234567"), private.Normal(private.Phone, "0049-170-123 45 67"))
	assert.Equal(t, private.Normal(private.Email, "Ana@Example.org"), private.Normal(private.Email, "ana@example.ORG"))
	assert.Equal(t, private.Normal(private.IBAN, "DE89 3704"), private.Normal(private.IBAN, "de893704"))
}

func FuzzFind(f *testing.F) {
	for _, l := range cases(f) {
		f.Add(l.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, found := range private.Find(text) {
			if found.Start < end || found.End <= found.Start || found.End > len(text) {
				t.Fatalf("%v in %q", found, text)
			}
			end = found.End
		}
		if same := private.Replace(text, private.Find(text), func(_ private.Kind, value string) string { return value }); same != text {
			t.Errorf("%q becomes %q", text, same)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	text := strings.Repeat("Your order ORD-9281 was delivered on Monday. ", 11)
	for b.Loop() {
		private.Find(text)
	}
}
