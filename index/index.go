package index

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// Index is a [frontdesk.Retriever] over passages in memory. The zero value is
// an empty index that searches by words alone. With an Embedder it searches by
// meaning as well. Set the fields before the first use. An Index is safe for
// concurrent use, searches do not wait for updates, and it must not be copied.
type Index struct {
	// Embedder makes a vector of each query, in one request. It must be of
	// the model that made the passages' vectors. Nil: search by words alone,
	// even if passages have vectors.
	Embedder frontdesk.Embedder

	// Model names the embedder's model, such as [frontdesk.BGELarge]. It is
	// written into snapshots, and a snapshot of another model is refused.
	Model string

	// Fallback is told when the embedder failed and the query was answered by
	// words alone. Nil: nobody is. It may be called by several goroutines at
	// once.
	Fallback func(query frontdesk.Query, err error)

	// Diversity says how much a passage loses that says the same as a better
	// one, from 0, nothing, to 1. Zero is right where passages are distinct;
	// 0.3 keeps copies of one text from filling the answer.
	Diversity float64

	// Exact makes each search by meaning compare the query with every vector.
	// Else, where the index has found on its own vectors that it pays, it
	// picks those to compare by an estimate, and finds at least 98 of 100 of
	// the ten nearest.
	Exact bool

	writing sync.Mutex // held while a new state is made
	state   atomic.Pointer[state]
}

// New returns an index of the given passages that searches by words. They are
// of the source "", as [Index.Replace] calls it. To search by meaning, make an
// Index with an Embedder and fill it by Replace.
func New(passages ...frontdesk.Passage) *Index {
	x := new(Index)
	if len(passages) > 0 {
		s := newSegment("", append([]frontdesk.Passage(nil), passages...), nil)
		x.state.Store(&state{parts: []part{{segment: s, live: len(passages)}}, passages: len(passages)})
	}
	return x
}

var empty state

func (x *Index) current() *state {
	if s := x.state.Load(); s != nil {
		return s
	}
	return &empty
}

// Len is how many passages the index holds.
func (x *Index) Len() int { return x.current().passages }

// Retrieve implements [frontdesk.Retriever]. A passage that shares no word with
// the query is found only by its vector; function words, such as "the", find
// nothing alone. Equals come in the order in which they were put in.
//
// With an Embedder it makes one request. If that fails, the answer is that of
// the words alone, and Fallback is told. A vector of another length than those
// held is a [ModelError].
func (x *Index) Retrieve(ctx context.Context, query frontdesk.Query) ([]frontdesk.Passage, error) {
	hits, err := x.search(ctx, query)
	if err != nil {
		return nil, err
	}
	passages := make([]frontdesk.Passage, len(hits))
	for i := range hits {
		passages[i] = hits[i].Passage
	}
	return passages, nil
}

// pool is how many passages each way of searching adds to the fusion, at least.
const pool = 30

func (x *Index) search(ctx context.Context, query frontdesk.Query) ([]Hit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := x.current()
	if query.TopK <= 0 || s.passages == 0 || strings.TrimSpace(query.Text) == "" {
		return nil, nil
	}
	if query.At.IsZero() {
		query.At = time.Now() // the same for all passages
	}
	vector, err := x.embed(ctx, s, &query)
	if err != nil {
		return nil, err
	}
	admitted := make([]selection, len(s.parts))
	for i := range s.parts {
		admitted[i] = s.parts[i].classes.admit(&query, s.parts[i].passages, s.parts[i].deleted)
	}
	wanted := min(query.TopK, s.passages)
	if vector != nil || x.Diversity > 0 {
		wanted = min(max(2*query.TopK, pool), s.passages)
	}
	byWords := s.searchWords(s.parse(&query), admitted, wanted)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var byVector []scored
	if vector != nil {
		byVector = s.searchVectors(vector, admitted, wanted, x.Exact)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	hits := s.fuse(byWords, byVector)
	if x.Diversity > 0 {
		hits = s.diversify(hits, query.TopK, x.Diversity)
	}
	return hits[:min(len(hits), query.TopK)], nil
}

// embed makes the query's vector. It is nil if the query is to be answered by
// words alone.
func (x *Index) embed(ctx context.Context, s *state, query *frontdesk.Query) ([]float32, error) {
	dimensions := s.dimensions()
	if x.Embedder == nil || dimensions == 0 {
		return nil, nil
	}
	vectors, err := x.Embedder.Embed(ctx, []string{contextual(query)}, frontdesk.EmbedQuery)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err == nil && len(vectors) != 1 {
		err = fmt.Errorf("the embedder returned %d vectors for one text", len(vectors))
	}
	if err == nil && len(vectors[0]) != dimensions {
		return nil, &ModelError{Model: x.Model, Dimensions: dimensions, OtherModel: x.Model, OtherDimensions: len(vectors[0])}
	}
	if err == nil {
		err = checkLength(vectors[0])
	}
	if err != nil {
		if x.Fallback != nil {
			x.Fallback(*query, err)
		}
		return nil, nil
	}
	return vectors[0], nil
}

// searchWords returns the best passages by BM25.
func (s *state) searchWords(terms []weighted, admitted []selection, wanted int) []scored {
	best := top{limit: wanted}
	mean := s.meanLength()
	base := uint32(0)
	for i, p := range s.parts {
		if admitted[i].count > 0 {
			p.lexicon.search(terms, mean, &admitted[i], base, &best)
		}
		base += uint32(len(p.passages))
	}
	return best.sorted()
}

// searchVectors returns the passages whose vectors are nearest.
func (s *state) searchVectors(vector []float32, admitted []selection, wanted int, exact bool) []scored {
	best := top{limit: wanted}
	base := uint32(0)
	for i, p := range s.parts {
		if admitted[i].count > 0 && p.vectors != nil {
			p.vectors.search(vector, &admitted[i], base, exact, &best)
		}
		base += uint32(len(p.passages))
	}
	return best.sorted()
}

func (s *state) meanLength() float64 {
	total, count := uint64(0), 0
	for _, p := range s.parts {
		total += p.lexicon.total
		count += len(p.passages)
	}
	return max(1, float64(total)/float64(max(count, 1)))
}
