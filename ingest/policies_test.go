package ingest_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/clipperhouse/uax29/v2/sentences"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/ingest"
	"github.com/frontdesk-go/frontdesk/ingest/internal/wordpiece"
)

// policies reads 698 policies of a bank, which lie beside the checkout.
func policies(tb testing.TB) []ingest.Document {
	tb.Helper()
	const path = "../../shared/retrieval/policies.jsonl"
	file, err := os.Open(path)
	if err != nil {
		tb.Skipf("%s is not there: it holds the policies of τ²-bench's banking domain as JSON lines of id, title and text", path)
	}
	defer file.Close()
	var documents []ingest.Document
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var doc struct{ ID, Title, Text string }
		require.NoError(tb, json.Unmarshal(lines.Bytes(), &doc))
		documents = append(documents, ingest.Document{ID: doc.ID, Title: doc.Title, Text: doc.Text})
	}
	require.NotEmpty(tb, documents)
	return documents
}

func TestPoliciesAreCutWithoutLoss(t *testing.T) {
	longest, count := 0, 0
	for _, doc := range policies(t) {
		var passages strings.Builder
		for _, p := range new(ingest.Splitter).Split("policies", &doc) {
			tokens := wordpiece.Count(ingest.EmbeddedText(&p))
			assert.LessOrEqual(t, tokens, ingest.DefaultMaxTokens, "%s", p.ID)
			longest, count = max(longest, tokens), count+1
			passages.WriteString(p.Title + " \n" + p.Text + "\n")
		}
		all := strings.Join(strings.Fields(passages.String()), " ")
		for line := range strings.Lines(doc.Text) {
			line = strings.TrimLeft(line, "# ")
			for tokens := sentences.FromString(line); tokens.Next(); {
				sentence := strings.Join(strings.Fields(tokens.Value()), " ")
				// In titles the words of headings stand without their markup.
				if !strings.Contains(all, sentence) && !strings.Contains(all, strings.ReplaceAll(sentence, "**", "")) {
					t.Errorf("%s: lost %q", doc.ID, sentence)
				}
			}
		}
	}
	t.Logf("%d passages, the longest of %d tokens", count, longest)
}

func BenchmarkSplitPolicies(b *testing.B) {
	documents, size := policies(b), 0
	for _, doc := range documents {
		size += len(doc.Text)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, doc := range documents {
			new(ingest.Splitter).Split("policies", &doc)
		}
	}
}
