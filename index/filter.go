package index

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk"
)

// classes groups the passages of a segment by all that decides who may see
// them. A query is matched against one passage of each class, by the rule that
// all retrievers share, and what remains is a union of bitmaps: the scans then
// visit none but the passages that the query admits.
type classes struct {
	members [][]uint32 // passages of each class, ascending
}

func newClasses(passages []frontdesk.Passage) classes {
	var c classes
	known := make(map[string]int)
	var key strings.Builder
	for i := range passages {
		key.Reset()
		classKey(&key, &passages[i])
		class, ok := known[key.String()]
		if !ok {
			class = len(c.members)
			known[key.String()] = class
			c.members = append(c.members, nil)
		}
		c.members[class] = append(c.members[class], uint32(i))
	}
	return c
}

// classKey writes what [frontdesk.Query.Admits] looks at.
func classKey(b *strings.Builder, p *frontdesk.Passage) {
	write := func(s string) {
		var size [4]byte
		for i := range size {
			size[i] = byte(len(s) >> (8 * i))
		}
		b.Write(size[:])
		b.WriteString(s)
	}
	write(p.Tenant)
	for _, group := range p.Audience {
		write(group)
	}
	b.WriteByte(0xFF)
	if len(p.Labels) > 0 {
		labels := make([]string, 0, len(p.Labels))
		for label := range p.Labels {
			labels = append(labels, label)
		}
		slices.Sort(labels)
		for _, label := range labels {
			write(label)
			write(p.Labels[label])
		}
	}
	b.WriteByte(0xFF)
	if !p.ValidFrom.IsZero() {
		write(p.ValidFrom.UTC().String())
	}
	b.WriteByte(0xFF)
	if !p.ValidUntil.IsZero() {
		write(p.ValidUntil.UTC().String())
	}
}

// selection is the passages of a segment that a query admits.
type selection struct {
	count int
	set   bitmap // nil: all of them
}

// admit selects the passages of a segment that the query admits and that are
// not deleted.
func (c *classes) admit(query *frontdesk.Query, passages []frontdesk.Passage, deleted bitmap) selection {
	admitted := make([]bool, len(c.members))
	count := 0
	for i, members := range c.members {
		if query.Admits(&passages[members[0]]) {
			admitted[i] = true
			count += len(members)
		}
	}
	if count == len(passages) && deleted == nil {
		return selection{count: count}
	}
	s := selection{set: newBitmap(len(passages))}
	for i, members := range c.members {
		if admitted[i] {
			for _, doc := range members {
				s.set.add(doc)
			}
		}
	}
	if deleted != nil {
		for i := range s.set {
			s.set[i] &^= deleted[i]
		}
	}
	s.count = s.set.count()
	return s
}

// each calls visit with each selected of n passages, in order.
func (s *selection) each(n int, visit func(doc uint32)) { s.between(0, n, visit) }

// between calls visit with each selected passage from from on and before to.
func (s *selection) between(from, to int, visit func(doc uint32)) {
	if s.set == nil {
		for doc := from; doc < to; doc++ {
			visit(uint32(doc))
		}
		return
	}
	for i := from / 64; i*64 < to; i++ {
		word := s.set[i]
		if i*64 < from {
			word &= ^uint64(0) << (from % 64)
		}
		for ; word != 0; word &= word - 1 {
			doc := i*64 + bits.TrailingZeros64(word)
			if doc >= to {
				return
			}
			visit(uint32(doc))
		}
	}
}

// has reports whether a passage is selected.
func (s *selection) has(doc uint32) bool { return s.set == nil || s.set.has(doc) }

// bitmap is a set of passages of a segment.
type bitmap []uint64

func newBitmap(n int) bitmap { return make(bitmap, (n+63)/64) }

func (b bitmap) add(doc uint32)      { b[doc/64] |= 1 << (doc % 64) }
func (b bitmap) has(doc uint32) bool { return b[doc/64]&(1<<(doc%64)) != 0 }

func (b bitmap) count() int {
	n := 0
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}
