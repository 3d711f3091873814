// Command bleve searches texts with bleve.
package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/en"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/frontdesk-go/frontdesk/internal/bench/corpus"
)

func main() {
	if err := run(corpus.ReadTask()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(task corpus.Task) error {
	if task.Distribution != "" {
		return errors.New("bleve searches vectors only with a library in C++")
	}
	passages, questions, err := corpus.Texts(task.Folder, task.N)
	if task.Policies {
		passages, questions, err = corpus.Policies(task.Folder, corpus.Conversations)
	}
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "bleve-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	start := time.Now()
	mapping := bleve.NewIndexMapping()
	mapping.DefaultAnalyzer = "en" // stems and stop words, as we have them
	mapping.ScoringModel = index.BM25Scoring
	mapping.StoreDynamic = false
	x, err := bleve.New(folder+"/index", mapping)
	if err != nil {
		return err
	}
	defer x.Close()
	batch := x.NewBatch()
	for i, p := range passages {
		if err := batch.Index(strconv.Itoa(i), map[string]string{"title": p.Title, "text": p.Text}); err != nil {
			return err
		}
		if batch.Size() == 5000 || i == len(passages)-1 {
			if err := x.Batch(batch); err != nil {
				return err
			}
			batch.Reset()
		}
	}
	result := corpus.Result{System: "bleve", Build: time.Since(start)}
	search := func(i int) (*bleve.SearchResult, error) {
		query := bleve.NewMatchQuery(strings.Join(append(slices.Clone(questions[i].Before), questions[i].Text), "\n"))
		if !task.Policies { // those have titles, which a query for no field finds too
			query.SetField("text")
		}
		return x.Search(bleve.NewSearchRequestOptions(query, 10, 0, false))
	}
	if err := result.Time(len(questions), func(i int) error { _, err := search(i); return err }); err != nil {
		return err
	}
	if task.Policies {
		err := result.JudgePolicies(questions, func(i int) (documents []string, err error) {
			found, err := search(i)
			if err != nil {
				return nil, err
			}
			for _, hit := range found.Hits {
				place, err := strconv.Atoi(hit.ID)
				if err != nil {
					return nil, err
				}
				documents = append(documents, passages[place].Intent)
			}
			return documents, nil
		})
		if err != nil {
			return err
		}
		return result.Print()
	}
	if err := result.Judge(questions, func(i int) (intents []string, scores []float64, err error) {
		found, err := search(i)
		if err != nil {
			return nil, nil, err
		}
		for _, hit := range found.Hits {
			place, err := strconv.Atoi(hit.ID)
			if err != nil {
				return nil, nil, err
			}
			intents, scores = append(intents, passages[place].Intent), append(scores, hit.Score)
		}
		return intents, scores, nil
	}); err != nil {
		return err
	}
	return result.Print()
}
