package index_test

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
	"github.com/frontdesk-go/frontdesk/index"
)

// conversation is what a customer says, and the documents one of which answers
// the last message.
type conversation struct {
	Turns     []string `json:"turns"`
	Documents []string `json:"documents"`
}

// query is what the agent asks at the last message.
func (c *conversation) query(followUp bool) frontdesk.Query {
	last := len(c.Turns) - 1
	query := frontdesk.Query{Text: c.Turns[last], TopK: frontdesk.DefaultPassages}
	if followUp {
		query.Previous = slices.Clone(c.Turns[:last])
		slices.Reverse(query.Previous)
	}
	return query
}

// The vector of a follow-up is that of the messages together, for one request.
func TestFollowUpsByMeaning(t *testing.T) {
	embedder := &frontdesktest.HashEmbedder{Dimensions: 256}
	x := &index.Index{Embedder: embedder}
	passages := []frontdesk.Passage{
		{ID: "lamps", Document: "d", Text: "lamp costs shipping"},
		{ID: "rugs", Document: "d", Text: "rug costs shipping"},
	}
	vectors, err := embedder.Embed(t.Context(), []string{passages[0].Text, passages[1].Text}, frontdesk.EmbedPassage)
	require.NoError(t, err)
	require.NoError(t, x.Replace(t.Context(), "shop", []string{"d"}, passages, vectors))
	for want, before := range map[string]string{"lamps": "a lamp", "rugs": "a rug"} {
		requests := embedder.Requests()
		hits, err := x.Explain(t.Context(), frontdesk.Query{Text: "and shipping?", Previous: []string{before}, TopK: 1})
		require.NoError(t, err)
		assert.Equal(t, want, hits[0].Passage.ID)
		assert.Equal(t, 1, hits[0].VectorRank)
		assert.Equal(t, requests+1, embedder.Requests())
	}
}

func readLines[T any](t *testing.T, file *os.File) []T {
	t.Helper()
	var list []T
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var item T
		require.NoError(t, json.Unmarshal(lines.Bytes(), &item))
		list = append(list, item)
	}
	require.NoError(t, lines.Err())
	return list
}

// policies are a passage for each document of the policies.
func policies(t *testing.T) []frontdesk.Passage {
	t.Helper()
	type policy struct{ ID, Title, Text string }
	var passages []frontdesk.Passage
	for _, p := range readLines[policy](t, shared(t, "policies.jsonl")) {
		passages = append(passages, frontdesk.Passage{ID: p.ID, Document: p.ID, Title: p.Title, Text: p.Text})
	}
	return passages
}

// Of the conversations in testdata, those on odd lines chose how earlier
// messages count; those on even lines were looked at afterwards.
func TestFollowUps(t *testing.T) {
	x := index.New(policies(t)...)
	file, err := os.Open("testdata/followups.jsonl")
	require.NoError(t, err)
	defer file.Close()
	conversations := readLines[conversation](t, file)
	require.GreaterOrEqual(t, len(conversations), 60)
	hits := func(odd bool, followUp bool) (first, any float64) {
		count := 0.0
		for i, c := range conversations {
			if i%2 == 0 != odd {
				continue
			}
			count++
			found := retrieve(t, x, c.query(followUp))
			if slices.Contains(c.Documents, found[0]) {
				first++
			}
			if slices.ContainsFunc(found, func(id string) bool { return slices.Contains(c.Documents, id) }) {
				any++
			} else if testing.Verbose() && followUp {
				t.Logf("missed %q: %q", c.Turns, found)
			}
		}
		return 100 * first / count, 100 * any / count
	}
	for _, odd := range []bool{true, false} {
		naiveFirst, naive := hits(odd, false)
		first, any := hits(odd, true)
		t.Logf("on odd lines: %v. Found first and among five: by the last message alone %.0f %% and %.0f %%, with those before %.0f %% and %.0f %%",
			odd, naiveFirst, naive, first, any)
		assert.Greater(t, first, naiveFirst+10)
		assert.Greater(t, any, naive+5)
	}
}
