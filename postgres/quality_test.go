package postgres_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/postgres"
)

// banking77 reads one half of the questions to a bank that PolyAI has sorted by
// what they want: https://aclanthology.org/2020.nlp4convai-1.5.
func banking77(t *testing.T, half string) [][]string {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "shared", "retrieval", "banking77-"+half+".csv"))
	if os.IsNotExist(err) {
		t.Skip("banking77 is not beside the checkout, in ../shared/retrieval: the quality of the search by words is not checked")
	}
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	return rows[1:]
}

// The first hit among 10,003 questions is one that wants the same, for about as
// many questions as with BM25 over stemmed words.
func TestQualityByWords(t *testing.T) {
	known, asked := banking77(t, "train"), banking77(t, "test")
	p := openPassages(t, databaseURL(t), postgres.PassagesConfig{})
	passages := make([]frontdesk.Passage, len(known))
	wants := make(map[string]string)
	for i, row := range known {
		passages[i] = frontdesk.Passage{ID: fmt.Sprint(i), Document: "known", Text: row[0], Labels: map[string]string{"language": "en"}}
		wants[passages[i].ID] = row[1]
	}
	require.NoError(t, p.Replace(t.Context(), "test", []string{"known"}, passages, nil))
	right, count := 0, 0
	for i := 0; i < len(asked); i += faults(5, 1) {
		found := find(t, p, frontdesk.Query{Text: asked[i][0], TopK: 1})
		count++
		if len(found) > 0 && wants[found[0]] == asked[i][1] {
			right++
		}
	}
	t.Logf("%d of %d right, %.1f %%", right, count, 100*float64(right)/float64(count))
	require.Greater(t, right*100, count*75)
}
