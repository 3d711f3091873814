package index

import (
	"math"

	"github.com/frontdesk-go/frontdesk"
)

// segment is a part of an index that never changes. An index is a list of
// them: a replacement marks what it takes out as deleted, and adds a segment
// with what it puts in. Neighbours of like size are merged.
type segment struct {
	passages []frontdesk.Passage
	sources  []string // of each passage
	classes  classes
	lexicon  *lexicon
	vectors  *vectors // nil: no passage has one
}

// part is a segment as one state of the index sees it.
type part struct {
	*segment
	deleted bitmap // nil: none
	live    int    // passages that are not deleted
}

// state is the index at one moment. It never changes, so that a search works on
// one state from beginning to end while others are made.
type state struct {
	parts    []part
	passages int // that are not deleted
}

// newSegment analyses passages. rows are their vectors, or nil.
func newSegment(source string, passages []frontdesk.Passage, rows [][]float32) *segment {
	s := &segment{passages: passages, sources: make([]string, len(passages))}
	for i := range s.sources {
		s.sources[i] = source
	}
	s.classes = newClasses(passages)
	s.lexicon = newLexicon(passages)
	if len(rows) > 0 {
		s.vectors = newVectors(rows)
	}
	return s
}

// merge makes one segment of several, without what is deleted.
func merge(parts []part) part {
	size := 0
	for _, p := range parts {
		size += p.live
	}
	s := &segment{passages: make([]frontdesk.Passage, 0, size), sources: make([]string, 0, size)}
	lexicons, places := make([]*lexicon, len(parts)), make([][]uint32, len(parts))
	all := make([]*vectors, len(parts))
	for i, p := range parts {
		lexicons[i], all[i] = p.lexicon, p.vectors
		places[i] = make([]uint32, len(p.passages))
		for doc := range p.passages {
			if p.deleted != nil && p.deleted.has(uint32(doc)) {
				places[i][doc] = gone
				continue
			}
			places[i][doc] = uint32(len(s.passages))
			s.passages, s.sources = append(s.passages, p.passages[doc]), append(s.sources, p.sources[doc])
		}
	}
	s.classes = newClasses(s.passages)
	s.lexicon = mergeLexicons(lexicons, places, size)
	s.vectors = mergeVectors(all, places)
	return part{segment: s, live: size}
}

// with returns the state that follows when a part is added, merged as is due.
func (s *state) with(parts []part) *state {
	next := &state{}
	for _, p := range parts {
		if p.live == 0 {
			continue
		}
		// What is deleted still costs memory and time.
		if 3*p.live < 2*len(p.passages) {
			p = merge([]part{p})
		}
		next.parts = append(next.parts, p)
	}
	// Sizes halve from one segment to the next at least, so that there are few
	// of them and a passage is merged a logarithmic number of times.
	for n := len(next.parts); n > 1 && next.parts[n-2].live < 2*next.parts[n-1].live; n = len(next.parts) {
		from := n - 2
		// Merge in one go what would be merged one after another.
		for size := next.parts[n-1].live + next.parts[n-2].live; from > 0 && next.parts[from-1].live < 2*size; from-- {
			size += next.parts[from-1].live
		}
		next.parts = append(next.parts[:from], merge(next.parts[from:]))
	}
	for _, p := range next.parts {
		next.passages += p.live
	}
	return next
}

// at returns the passage at a place of the whole index.
func (s *state) at(place uint32) (p *part, doc uint32) {
	for i := range s.parts {
		p = &s.parts[i]
		if place < uint32(len(p.passages)) {
			return p, place
		}
		place -= uint32(len(p.passages))
	}
	return nil, 0 // no search returns such a place
}

// capacity is how many passages an index can hold: places are 32 bits wide.
const capacity = math.MaxUint32 / 2
