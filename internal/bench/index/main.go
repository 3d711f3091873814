// Command index searches vectors or texts with this library's index.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/viterin/vek/vek32"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/index"
	"github.com/frontdesk-go/frontdesk/internal/bench/corpus"
)

func main() {
	task := corpus.ReadTask()
	run := runVectors
	if task.Distribution == "" {
		run = runTexts
	}
	if err := run(context.Background(), task); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// prepared is an embedder that finds the vector of a query by its number.
type prepared [][]float32

func (p prepared) Embed(_ context.Context, texts []string, _ frontdesk.EmbedKind) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		place, err := strconv.Atoi(strings.TrimPrefix(text, "q"))
		if err != nil {
			return nil, err
		}
		vectors[i] = p[place]
	}
	return vectors, nil
}

func runVectors(ctx context.Context, task corpus.Task) error {
	rows, asked, err := corpus.Vectors(task.Distribution, task.N, task.Queries)
	if err != nil {
		return err
	}
	block := make([]float32, 0, len(rows)*corpus.Dimensions)
	for _, row := range rows {
		block = append(block, row...)
	}
	x := &index.Index{Embedder: prepared(asked)}
	passages, documents := make([]frontdesk.Passage, len(rows)), make([]string, len(rows))
	for i := range passages {
		documents[i] = strconv.Itoa(i)
		passages[i] = frontdesk.Passage{ID: documents[i], Document: documents[i], Labels: map[string]string{"shard": strconv.Itoa(i % 100)}}
	}
	before, start := corpus.Heap(), time.Now()
	if err := x.Replace(ctx, "bench", documents, passages, rows); err != nil {
		return err
	}
	build := time.Since(start)
	bytes := float64(corpus.Heap()-before) / float64(len(rows))

	search := func(i int, filter map[string][]string) ([]frontdesk.Passage, error) {
		return x.Retrieve(ctx, frontdesk.Query{Text: "q" + strconv.Itoa(i), TopK: 10, Filter: filter})
	}
	one := map[string][]string{"shard": {"7"}}
	for _, filter := range []map[string][]string{nil, one} {
		name := ""
		if filter != nil {
			name = ", filter of 1 %"
		}
		truth := make([]map[string]bool, len(asked))
		x.Exact = true
		exact := corpus.Result{System: "index, exact" + name, Build: build, Recall: 1}
		if err := exact.Time(min(30, len(asked)), func(i int) error { _, err := search(i, filter); return err }); err != nil {
			return err
		}
		for i := range asked {
			found, err := search(i, filter)
			if err != nil {
				return err
			}
			truth[i] = make(map[string]bool)
			for _, p := range found {
				truth[i][p.ID] = true
			}
		}
		if filter == nil {
			exact.Bytes = bytes
			// In turns, since a busy machine is busy for neighbours in time.
			var reading, searching []time.Duration
			for i := range 30 {
				start := time.Now()
				read(block)
				middle := time.Now()
				if _, err := search(i%len(asked), nil); err != nil {
					return err
				}
				reading, searching = append(reading, middle.Sub(start)), append(searching, time.Since(middle))
			}
			slices.Sort(reading)
			slices.Sort(searching)
			size := float64(4*len(block)) / 1e9
			exact.Memory, exact.Scanned = size/reading[len(reading)/2].Seconds(), size/searching[len(searching)/2].Seconds()
		}
		if err := exact.Print(); err != nil {
			return err
		}
		x.Exact = false
		sketched := corpus.Result{System: "index" + name, Build: build, Bytes: bytes}
		if err := sketched.Time(len(asked), func(i int) error { _, err := search(i, filter); return err }); err != nil {
			return err
		}
		right := 0
		for i := range asked {
			found, err := search(i, filter)
			if err != nil {
				return err
			}
			for _, p := range found {
				if truth[i][p.ID] {
					right++
				}
			}
		}
		sketched.Recall = float64(right) / float64(10*len(asked))
		if sketched.Rate, err = rate(len(asked), func(i int) error { _, err := search(i, filter); return err }); err != nil {
			return err
		}
		if err := sketched.Print(); err != nil {
			return err
		}
	}
	return nil
}

// read reads vectors on all cores and does nothing with them but add them up.
func read(block []float32) {
	cores := runtime.GOMAXPROCS(0)
	var group sync.WaitGroup
	for core := range cores {
		group.Go(func() {
			part := block[len(block)*core/cores : len(block)*(core+1)/cores]
			for i := 0; i+corpus.Dimensions <= len(part); i += corpus.Dimensions {
				vek32.Sum(part[i : i+corpus.Dimensions])
			}
		})
	}
	group.Wait()
}

// rate is how many searches a second there are, as many at once as cores.
func rate(n int, search func(i int) error) (float64, error) {
	start := time.Now()
	cores := runtime.GOMAXPROCS(0)
	failures := make([]error, cores)
	var group sync.WaitGroup
	for core := range cores {
		group.Go(func() {
			for i := core; i < n && failures[core] == nil; i += cores {
				failures[core] = search(i)
			}
		})
	}
	group.Wait()
	for _, err := range failures {
		if err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

func runPolicies(ctx context.Context, task corpus.Task) error {
	texts, questions, err := corpus.Policies(task.Folder, corpus.Conversations)
	if err != nil {
		return err
	}
	passages := make([]frontdesk.Passage, len(texts))
	for i, text := range texts {
		passages[i] = frontdesk.Passage{ID: text.Intent, Title: text.Title, Text: text.Text}
	}
	x := index.New(passages...)
	result := corpus.Result{System: "index"}
	search := func(i int) ([]frontdesk.Passage, error) {
		previous := slices.Clone(questions[i].Before)
		slices.Reverse(previous)
		return x.Retrieve(ctx, frontdesk.Query{Text: questions[i].Text, Previous: previous, TopK: 10})
	}
	if err := result.Time(len(questions), func(i int) error { _, err := search(i); return err }); err != nil {
		return err
	}
	err = result.JudgePolicies(questions, func(i int) (documents []string, err error) {
		found, err := search(i)
		for _, p := range found {
			documents = append(documents, p.ID)
		}
		return documents, err
	})
	if err != nil {
		return err
	}
	return result.Print()
}

func runTexts(ctx context.Context, task corpus.Task) error {
	if task.Policies {
		return runPolicies(ctx, task)
	}
	texts, questions, err := corpus.Texts(task.Folder, task.N)
	if err != nil {
		return err
	}
	passages := make([]frontdesk.Passage, len(texts))
	for i, text := range texts {
		passages[i] = frontdesk.Passage{ID: strconv.Itoa(i), Text: text.Text, Labels: map[string]string{"shard": strconv.Itoa(i % 100)}}
	}
	before, start := corpus.Heap(), time.Now()
	x := index.New(passages...)
	build := time.Since(start)
	bytes := float64(corpus.Heap()-before) / float64(len(passages))
	for _, filter := range []map[string][]string{nil, {"shard": {"7"}}} {
		result := corpus.Result{System: "index", Build: build, Bytes: bytes}
		if filter != nil {
			result.System += ", filter of 1 %"
		}
		search := func(i int) ([]frontdesk.Passage, error) {
			return x.Retrieve(ctx, frontdesk.Query{Text: questions[i].Text, TopK: 10, Filter: filter})
		}
		if err := result.Time(len(questions), func(i int) error { _, err := search(i); return err }); err != nil {
			return err
		}
		if result.Rate, err = rate(len(questions), func(i int) error { _, err := search(i); return err }); err != nil {
			return err
		}
		if filter == nil {
			err := result.Judge(questions, func(i int) (intents []string, scores []float64, err error) {
				found, err := search(i)
				for _, p := range found {
					place, err := strconv.Atoi(p.ID)
					if err != nil {
						return nil, nil, err
					}
					intents, scores = append(intents, texts[place].Intent), append(scores, p.Score)
				}
				return intents, scores, err
			})
			if err != nil {
				return err
			}
		}
		if err := result.Print(); err != nil {
			return err
		}
	}
	return nil
}
