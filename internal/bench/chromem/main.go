// Command chromem searches vectors with chromem-go.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/philippgille/chromem-go"

	"github.com/frontdesk-go/frontdesk/internal/bench/corpus"
)

func main() {
	if err := run(context.Background(), corpus.ReadTask()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, task corpus.Task) error {
	if task.Distribution == "" {
		return errors.New("chromem-go does not search texts by words")
	}
	rows, asked, err := corpus.Vectors(task.Distribution, task.N, task.Queries)
	if err != nil {
		return err
	}
	start := time.Now()
	never := func(context.Context, string) ([]float32, error) { return nil, errors.New("nothing is to be embedded") }
	collection, err := chromem.NewDB().CreateCollection("passages", nil, never)
	if err != nil {
		return err
	}
	documents := make([]chromem.Document, len(rows))
	for i, row := range rows {
		documents[i] = chromem.Document{ID: fmt.Sprint(i), Content: "-", Embedding: row}
	}
	if err := collection.AddDocuments(ctx, documents, runtime.GOMAXPROCS(0)); err != nil {
		return err
	}
	result := corpus.Result{System: "chromem-go", Build: time.Since(start), Recall: 1}
	if err := result.Time(min(30, len(asked)), func(i int) error {
		found, err := collection.QueryEmbedding(ctx, asked[i], 10, nil, nil)
		if err == nil && len(found) != 10 {
			err = fmt.Errorf("%d hits", len(found))
		}
		return err
	}); err != nil {
		return err
	}
	return result.Print()
}
