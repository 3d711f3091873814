package index

import (
	"cmp"
	"math"
	"slices"

	"github.com/frontdesk-go/frontdesk"
)

// Hit is a passage that was found, and why.
type Hit struct {
	// Passage carries the score by which it was ranked: that of BM25 in a
	// search by words alone, else the sum of reciprocal ranks.
	Passage frontdesk.Passage

	// WordScore is that of BM25, and WordRank the place among the passages
	// found by their words, from 1. Both are 0 if it is not among the best.
	WordScore float64
	WordRank  int

	// VectorScore is the cosine of query and passage, and VectorRank the place
	// among the passages found by their vectors, from 1. Both are 0 if it is
	// not among the best.
	VectorScore float64
	VectorRank  int

	// Matched holds the words of the passage that the query has as well, in
	// another form perhaps, as the passage writes them: in lower case, each
	// once. Only [Index.Explain] fills it.
	Matched []string

	place uint32
}

// fusionRank is the constant of reciprocal rank fusion: Cormack, Clarke and
// Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
// Learning Methods" (SIGIR 2009).
const fusionRank = 60

// fuse joins two rankings. With one alone its own scores stay.
func (s *state) fuse(byWords, byVector []scored) []Hit {
	hits := make([]Hit, 0, len(byWords)+len(byVector))
	places := make(map[uint32]int, cap(hits))
	at := func(place uint32) *Hit {
		i, ok := places[place]
		if !ok {
			p, doc := s.at(place)
			i = len(hits)
			places[place] = i
			hits = append(hits, Hit{Passage: p.passages[doc], place: place})
		}
		return &hits[i]
	}
	for rank, found := range byWords {
		hit := at(found.doc)
		hit.WordScore, hit.WordRank = float64(found.score), rank+1
		hit.Passage.Score = hit.WordScore
	}
	if byVector == nil {
		return hits
	}
	for rank, found := range byVector {
		hit := at(found.doc)
		hit.VectorScore, hit.VectorRank = float64(found.score), rank+1
	}
	for i := range hits {
		hit := &hits[i]
		hit.Passage.Score = 0
		for _, rank := range []int{hit.WordRank, hit.VectorRank} {
			if rank > 0 {
				hit.Passage.Score += 1 / float64(fusionRank+rank)
			}
		}
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Passage.Score, a.Passage.Score), cmp.Compare(a.place, b.place))
	})
	return hits
}

// diversify takes the best hits one by one, each time the one that is good and
// unlike those taken: maximal marginal relevance, by Carbonell and Goldstein
// (SIGIR 1998). The score of a hit stays what it was.
func (s *state) diversify(hits []Hit, wanted int, diversity float64) []Hit {
	if len(hits) < 2 {
		return hits
	}
	best := hits[0].Passage.Score
	likeness := make([]float64, len(hits)) // to the most alike of those taken
	describe := make([]map[string]bool, len(hits))
	for taken := 0; taken < min(wanted, len(hits)); taken++ {
		chosen, value := taken, math.Inf(-1)
		for i := taken; i < len(hits); i++ {
			v := (1-diversity)*hits[i].Passage.Score/best - diversity*likeness[i]
			if v > value {
				chosen, value = i, v
			}
		}
		move(hits, chosen, taken)
		move(likeness, chosen, taken)
		move(describe, chosen, taken)
		for i := taken + 1; i < len(hits); i++ {
			likeness[i] = max(likeness[i], s.alike(hits, describe, taken, i))
		}
	}
	return hits
}

// move puts an element before the others, which keep their order.
func move[T any](list []T, from, to int) {
	moved := list[from]
	copy(list[to+1:from+1], list[to:from])
	list[to] = moved
}

// alike tells how alike two passages are, from 0 to 1: by their vectors, or by
// the words that they share.
func (s *state) alike(hits []Hit, describe []map[string]bool, i, j int) float64 {
	a, b := s.vectorAt(hits[i].place), s.vectorAt(hits[j].place)
	if a != nil && b != nil {
		return max(0, float64(dot(a, b)))
	}
	for _, k := range []int{i, j} {
		if describe[k] == nil {
			describe[k] = make(map[string]bool)
			for _, token := range tokenize(hits[k].Passage.Title + "\n" + hits[k].Passage.Text) {
				describe[k][token.lower] = true
			}
		}
	}
	shared := 0
	for word := range describe[i] {
		if describe[j][word] {
			shared++
		}
	}
	return float64(shared) / float64(max(1, len(describe[i])+len(describe[j])-shared))
}

func (s *state) vectorAt(place uint32) []float32 {
	p, doc := s.at(place)
	if p.vectors == nil {
		return nil
	}
	return p.vectors.of(doc)
}
