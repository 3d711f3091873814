// Package index finds passages in a knowledge base that is held in memory. It
// is lexical: it finds passages that share words with a question, weighted by
// how rare the words are (BM25), and knows nothing of their meaning.
package index

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/frontdesk-go/frontdesk"
)

// The parameters of BM25 as Robertson and Zaragoza give them in "The
// Probabilistic Relevance Framework: BM25 and Beyond" (2009), section 3.
const (
	saturation    = 1.2  // k1: how fast repeating a word stops to count
	normalisation = 0.75 // b: how much long passages are discounted
)

const (
	// titleWeight is how many times a word in a title counts.
	titleWeight = 2

	// previousWeight is what a word of an earlier message counts, beside 1
	// for one of the newest: enough to say what "it" is, not enough to keep
	// the conversation on its old topic.
	previousWeight = 0.2
)

// Index is a [frontdesk.Retriever] over passages in memory. The zero value is
// an empty index. It is safe for concurrent use.
type Index struct {
	mu       sync.RWMutex
	sources  []string // of each passage
	passages []frontdesk.Passage
	lengths  []float64            // words of each passage, titles weighted
	total    float64              // of lengths
	postings map[string][]posting // by word
}

// posting says how often a word stands in a passage.
type posting struct {
	passage int
	count   float64
}

// New returns an index of the given passages.
func New(passages ...frontdesk.Passage) *Index {
	x := new(Index)
	x.Add(passages...)
	return x
}

// Documents returns the versions of the documents held of a source, by their
// names.
func (x *Index) Documents(ctx context.Context, source string) (map[string]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	versions := make(map[string]string)
	for i := range x.passages {
		if x.sources[i] == source {
			versions[x.passages[i].Document] = x.passages[i].Version
		}
	}
	return versions, nil
}

// Replace takes out all passages of the named documents of a source and puts
// the given ones in, in one step.
func (x *Index) Replace(ctx context.Context, source string, documents []string, passages []frontdesk.Passage, vectors [][]float32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if vectors != nil && len(vectors) != len(passages) {
		return fmt.Errorf("%d vectors for %d passages", len(vectors), len(passages))
	}
	for _, p := range passages {
		if !slices.Contains(documents, p.Document) {
			return fmt.Errorf("passage %q is of document %q, which is not among those to be replaced", p.ID, p.Document)
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	held, sources := x.passages, x.sources
	x.passages, x.sources, x.lengths, x.total, x.postings = nil, nil, nil, 0, nil
	for i := range held {
		if sources[i] != source || !slices.Contains(documents, held[i].Document) {
			x.add(sources[i], held[i])
		}
	}
	x.add(source, passages...)
	return nil
}

// Add puts passages into the index. They are found from the next Retrieve on.
func (x *Index) Add(passages ...frontdesk.Passage) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.add("", passages...)
}

func (x *Index) add(source string, passages ...frontdesk.Passage) {
	if x.postings == nil {
		x.postings = make(map[string][]posting)
	}
	for _, passage := range passages {
		counts := make(map[string]float64)
		length := 0.0
		count := func(text string, weight float64) {
			for _, word := range words(text) {
				counts[word] += weight
				length += weight
			}
		}
		count(passage.Text, 1)
		count(passage.Title, titleWeight)
		for word, n := range counts {
			x.postings[word] = append(x.postings[word], posting{len(x.passages), n})
		}
		x.passages, x.sources = append(x.passages, passage), append(x.sources, source)
		x.lengths = append(x.lengths, length)
		x.total += length
	}
}

// Retrieve implements [frontdesk.Retriever]. Passages that share no word with
// the query are not returned. Equal scores keep the order of Add.
func (x *Index) Retrieve(ctx context.Context, query frontdesk.Query) ([]frontdesk.Passage, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	weights := make(map[string]float64)
	for _, text := range query.Previous {
		for _, word := range words(text) {
			weights[word] = previousWeight
		}
	}
	for _, word := range words(query.Text) {
		weights[word] = 1
	}

	x.mu.RLock()
	defer x.mu.RUnlock()
	scores := make(map[int]float64)
	mean := x.total / float64(max(len(x.passages), 1))
	for _, word := range slices.Sorted(maps.Keys(weights)) {
		found := x.postings[word]
		rarity := math.Log(1 + (float64(len(x.passages)-len(found))+0.5)/(float64(len(found))+0.5))
		for _, p := range found {
			length := 1 - normalisation + normalisation*x.lengths[p.passage]/mean
			scores[p.passage] += weights[word] * rarity * p.count * (saturation + 1) / (p.count + saturation*length)
		}
	}
	var hits []frontdesk.Passage
	for _, i := range slices.Sorted(maps.Keys(scores)) {
		if query.Admits(&x.passages[i]) {
			hit := x.passages[i]
			hit.Score = scores[i]
			hits = append(hits, hit)
		}
	}
	slices.SortStableFunc(hits, func(a, b frontdesk.Passage) int { return cmp.Compare(b.Score, a.Score) })
	return hits[:min(len(hits), max(query.TopK, 0))], nil
}

// functionWords are the English words that say how something is asked and not
// what about. In a small knowledge base they are rare enough to mislead.
var functionWords = wordSet(`a about am an and any are as at be been but by can could did do does for from get
	had has have how i if in is it its me my no not of on or our please so some tell than that the their them then there
	these they this to us want was we were what when where which who why will with would you your`)

func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

// words splits text into lower-case words. Scripts that put no spaces between
// words give pairs of neighbouring characters instead.
func words(text string) []string {
	var found []string
	for _, field := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Mn, r)
	}) {
		runes := []rune(field)
		if !unicode.In(runes[0], unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) || len(runes) < 2 {
			if !functionWords[field] {
				found = append(found, field)
			}
			continue
		}
		for i := range len(runes) - 1 {
			found = append(found, string(runes[i:i+2]))
		}
	}
	return found
}
