package index

import (
	"context"
	"fmt"
	"math"

	"github.com/frontdesk-go/frontdesk"
)

// Documents returns the versions of the documents that are held of a source, by
// their names: a Passage.Version by its Passage.Document. It tells a
// synchronisation what need not be put in again.
func (x *Index) Documents(ctx context.Context, source string) (map[string]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	versions := make(map[string]string)
	for _, part := range x.current().parts {
		for i := range part.passages {
			if part.sources[i] == source && (part.deleted == nil || !part.deleted.has(uint32(i))) {
				versions[part.passages[i].Document] = part.passages[i].Version
			}
		}
	}
	return versions, nil
}

// Replace takes out all passages of the named documents of a source and puts
// the given ones in. A search sees all of it or nothing, and waits for none of
// it. source names where the documents come from, such as a folder: documents
// of other sources stay, whatever their names.
//
// vectors holds a vector of Euclidean length 1 for each passage, made by the
// index's embedder. If it is nil, the passages are found by their words alone.
// All vectors of an index have one length; those of another are refused with a
// [ModelError]. The index keeps the passages and copies the vectors.
//
// Replace costs about 0.1 ms for each passage put in, and now and then a merge
// with what is there. Replace many documents at once rather than one by one.
// After an error nothing has changed.
func (x *Index) Replace(ctx context.Context, source string, documents []string, passages []frontdesk.Passage, vectors [][]float32) error {
	named := make(map[string]bool, len(documents))
	for _, document := range documents {
		named[document] = true
	}
	for i := range passages {
		if !named[passages[i].Document] {
			return fmt.Errorf("passage %q is of document %q, which is not among those to be replaced: name it", passages[i].ID, passages[i].Document)
		}
	}
	if vectors != nil && len(vectors) != len(passages) {
		return fmt.Errorf("there are %d vectors for %d passages: pass one for each, or nil", len(vectors), len(passages))
	}

	x.writing.Lock()
	defer x.writing.Unlock()
	if err := x.checkVectors(vectors); err != nil {
		return err
	}
	held := x.current()
	if held.passages+len(passages) > capacity {
		return fmt.Errorf("an index holds at most %d passages", capacity)
	}
	parts := make([]part, 0, len(held.parts)+1)
	for _, p := range held.parts {
		parts = append(parts, p.without(source, named))
	}
	if len(passages) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		added := newSegment(source, append([]frontdesk.Passage(nil), passages...), vectors)
		parts = append(parts, part{segment: added, live: len(passages)})
	}
	next := held.with(parts)
	if err := ctx.Err(); err != nil {
		return err
	}
	x.state.Store(next)
	return nil
}

// without returns the part with the passages of some documents deleted.
func (p part) without(source string, documents map[string]bool) part {
	copied := false
	for i := range p.passages {
		if p.sources[i] != source || !documents[p.passages[i].Document] || p.deleted != nil && p.deleted.has(uint32(i)) {
			continue
		}
		if !copied {
			deleted := newBitmap(len(p.passages))
			copy(deleted, p.deleted)
			p.deleted, copied = deleted, true
		}
		p.deleted.add(uint32(i))
		p.live--
	}
	return p
}

// ModelError says that vectors are not of the model whose vectors an index
// holds. They do not compare: embed everything anew, into an empty index.
type ModelError struct {
	Model      string // that of the index, empty if it has no name
	Dimensions int    // of the index's vectors; 0 if it holds none

	OtherModel      string // that of the vectors, empty if it has no name
	OtherDimensions int
}

// Error implements error.
func (e *ModelError) Error() string {
	return fmt.Sprintf("vectors of model %q with %d dimensions do not compare with those of model %q with %d: embed everything anew, into an empty index",
		e.OtherModel, e.OtherDimensions, e.Model, e.Dimensions)
}

// dimensions is the length of the index's vectors, 0 if there are none.
func (s *state) dimensions() int {
	for _, p := range s.parts {
		if p.vectors != nil {
			return p.vectors.dimensions
		}
	}
	return 0
}

// checkVectors makes sure that vectors are of the length of those that the index
// holds, and normalised.
func (x *Index) checkVectors(vectors [][]float32) error {
	if len(vectors) == 0 {
		return nil
	}
	dimensions := x.current().dimensions()
	if dimensions == 0 {
		dimensions = len(vectors[0])
	}
	if dimensions == 0 {
		return fmt.Errorf("vector 0 is empty")
	}
	for i, v := range vectors {
		if len(v) != dimensions {
			return &ModelError{Model: x.Model, Dimensions: dimensions, OtherModel: x.Model, OtherDimensions: len(v)}
		}
		if err := checkLength(v); err != nil {
			return fmt.Errorf("vector %d %w", i, err)
		}
	}
	return nil
}

// checkLength makes sure that a vector has the length 1, give or take what
// hosts that send few digits lose.
func checkLength(v []float32) error {
	var square float64
	for _, x := range v {
		square += float64(x) * float64(x)
	}
	if length := math.Sqrt(square); !(math.Abs(length-1) < 0.01) {
		return fmt.Errorf("has the length %.3g: vectors must be finite and normalised", length)
	}
	return nil
}
