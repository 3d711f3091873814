package corpus

import (
	"encoding/json"
	"flag"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Task is what a system is asked to do, by its flags.
type Task struct {
	Distribution string // of vectors; empty: search texts
	Folder       string // with the texts
	N            int    // vectors or passages
	Queries      int    // of vectors; all questions are asked
	Policies     bool   // search the policies, for what conversations about them mean
}

// ReadTask parses the flags of a system's program.
func ReadTask() Task {
	var t Task
	flag.StringVar(&t.Distribution, "vectors", "", "the distribution of the vectors to search; empty: search texts")
	flag.StringVar(&t.Folder, "texts", "", "folder of banking77 and the policies")
	flag.IntVar(&t.N, "n", 100_000, "vectors or passages")
	flag.IntVar(&t.Queries, "queries", 200, "vectors to search for")
	flag.BoolVar(&t.Policies, "policies", false, "search the policies themselves")
	flag.Parse()
	return t
}

// Result is what a system's program prints, a line of JSON for each way of
// searching.
type Result struct {
	System  string
	P50     time.Duration // of a search
	P99     time.Duration
	Rate    float64 `json:",omitempty"` // searches a second, as many at once as there are cores
	Recall  float64 `json:",omitempty"` // of the ten nearest
	First   float64 `json:",omitempty"` // share of questions whose first hit has their intent
	Vote    float64 `json:",omitempty"` // the same by a vote of ten; of policies, share with a right one among five
	Scanned float64 `json:",omitempty"` // GB/s, if every vector is read
	Memory  float64 `json:",omitempty"` // GB/s that reading the vectors alone takes
	Bytes   float64 `json:",omitempty"` // of memory for each vector or passage
	Build   time.Duration
}

// Print writes the result.
func (r Result) Print() error { return json.NewEncoder(os.Stdout).Encode(r) }

// Time runs each of n searches and sets P50 and P99. Searches before the first
// that counts warm up.
func (r *Result) Time(n int, search func(i int) error) error {
	for i := range min(n, 20) {
		if err := search(i); err != nil {
			return err
		}
	}
	times := make([]time.Duration, n)
	for i := range n {
		start := time.Now()
		if err := search(i); err != nil {
			return err
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	r.P50, r.P99 = times[n/2], times[n*99/100]
	return nil
}

// JudgePolicies sets First and Vote by the documents of the hits for each
// question, the best first: whether the first is right, and one of five.
func (r *Result) JudgePolicies(questions []Text, hits func(i int) (documents []string, err error)) error {
	first, among := 0, 0
	for i, question := range questions {
		documents, err := hits(i)
		if err != nil {
			return err
		}
		right := strings.Fields(question.Intent)
		if len(documents) > 0 && slices.Contains(right, documents[0]) {
			first++
		}
		if slices.ContainsFunc(documents[:min(len(documents), 5)], func(d string) bool { return slices.Contains(right, d) }) {
			among++
		}
	}
	r.First, r.Vote = float64(first)/float64(len(questions)), float64(among)/float64(len(questions))
	return nil
}

// Judge sets First and Vote by the intents of the ten hits for each question,
// the best first, and their scores.
func (r *Result) Judge(questions []Text, hits func(i int) (intents []string, scores []float64, err error)) error {
	first, vote := 0, 0
	for i, question := range questions {
		intents, scores, err := hits(i)
		if err != nil {
			return err
		}
		votes := make(map[string]float64)
		best := ""
		for j, intent := range intents {
			if j == 0 && intent == question.Intent {
				first++
			}
			votes[intent] += scores[j]
			if best == "" || votes[intent] > votes[best] {
				best = intent
			}
		}
		if best == question.Intent {
			vote++
		}
	}
	r.First, r.Vote = float64(first)/float64(len(questions)), float64(vote)/float64(len(questions))
	return nil
}

// Heap is how many bytes are in use.
func Heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
