package index_test

import (
	"cmp"
	"encoding/csv"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/index"
)

// shared opens a file of the data that stands beside the checkout.
func shared(t *testing.T, name string) *os.File {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "shared", "retrieval", name))
	if err != nil {
		t.Skipf("needs shared/retrieval beside the checkout, see docs/knowledge.md: %v", err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// question is a customer's message and what it is about.
type question struct{ text, intent string }

func readQuestions(t *testing.T, name string) []question {
	t.Helper()
	rows, err := csv.NewReader(shared(t, name)).ReadAll()
	require.NoError(t, err)
	var questions []question
	for _, row := range rows[1:] {
		questions = append(questions, question{row[0], row[1]})
	}
	return questions
}

// classify asks an index of known questions for the intents of others, and
// returns how many percent it gets right by its first hit, and by a vote of ten
// that are weighted by their scores.
func classify(t *testing.T, known, asked []question) (first, vote float64) {
	t.Helper()
	passages := make([]frontdesk.Passage, len(known))
	for i, q := range known {
		passages[i] = frontdesk.Passage{ID: fmt.Sprint(i), Text: q.text}
	}
	x := index.New(passages...)
	var place int
	for _, q := range asked {
		found, err := x.Retrieve(t.Context(), frontdesk.Query{Text: q.text, TopK: 10})
		require.NoError(t, err)
		votes := make(map[string]float64)
		for i, p := range found {
			_, err := fmt.Sscan(p.ID, &place)
			require.NoError(t, err)
			intent := known[place].intent
			if i == 0 && intent == q.intent {
				first++
			}
			votes[intent] += p.Score
		}
		intents := slices.SortedFunc(maps.Keys(votes), func(a, b string) int { return cmp.Or(cmp.Compare(votes[b], votes[a]), cmp.Compare(a, b)) })
		if len(intents) > 0 && intents[0] == q.intent {
			vote++
		}
	}
	return 100 * first / float64(len(asked)), 100 * vote / float64(len(asked))
}

func TestBanking77(t *testing.T) {
	first, vote := classify(t, readQuestions(t, "banking77-train.csv"), readQuestions(t, "banking77-test.csv"))
	t.Logf("by words alone: first hit %.1f %%, vote of ten %.1f %% (plain BM25: 79.7 and 83.1)", first, vote)
	assert.GreaterOrEqual(t, first, 80.0)
	assert.GreaterOrEqual(t, vote, 84.5)
}

var folds = flag.Int("folds", 1, "how many fifths of the training questions to ask of the others")

// Refinements are chosen by this (with -folds 5) and not by the test questions:
// each fifth of the training questions is asked of the other four.
func TestBanking77CrossValidation(t *testing.T) {
	questions := readQuestions(t, "banking77-train.csv")
	var first, vote float64
	for fold := range *folds {
		var known, asked []question
		for i, q := range questions {
			if i%5 == fold {
				asked = append(asked, q)
			} else {
				known = append(known, q)
			}
		}
		f, v := classify(t, known, asked)
		first, vote = first+f/float64(*folds), vote+v/float64(*folds)
	}
	t.Logf("by words alone: first hit %.1f %%, vote of ten %.1f %%", first, vote)
	assert.GreaterOrEqual(t, first, 80.0)
	assert.GreaterOrEqual(t, vote, 84.0)
}
