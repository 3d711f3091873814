package index

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// A snapshot is a sequence of numbers (unsigned varints), strings (their length
// before them) and blocks of little-endian values (their count before them),
// with a CRC-32C of everything before it at its end: it finds each flipped byte.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encoder writes a snapshot. After an error it writes nothing.
type encoder struct {
	w       *bufio.Writer
	sum     uint32
	written int64
	err     error
	scratch []byte
}

func (e *encoder) raw(b []byte) {
	if e.err != nil {
		return
	}
	e.sum = crc32.Update(e.sum, castagnoli, b)
	n, err := e.w.Write(b)
	e.written += int64(n)
	e.err = err
}

// end writes the sum.
func (e *encoder) end() {
	e.raw(binary.LittleEndian.AppendUint32(nil, e.sum))
	if e.err == nil {
		e.err = e.w.Flush()
	}
}

func (e *encoder) number(n uint64) {
	e.scratch = binary.AppendUvarint(e.scratch[:0], n)
	e.raw(e.scratch)
}

func (e *encoder) string(s string) {
	e.scratch = binary.AppendUvarint(e.scratch[:0], uint64(len(s)))
	e.scratch = append(e.scratch, s...)
	e.raw(e.scratch)
}

func (e *encoder) strings(list []string) {
	e.number(uint64(len(list)))
	for _, s := range list {
		e.string(s)
	}
}

func (e *encoder) time(t time.Time) {
	if t.IsZero() {
		e.number(0)
		return
	}
	e.number(1)
	e.number(uint64(t.Unix()))
	e.number(uint64(t.Nanosecond()))
}

// values are what blocks consist of.
type values interface{ ~uint32 | ~uint64 | ~float32 }

// block writes values in pieces, so that little is copied at a time.
func block[T values](e *encoder, list []T) {
	e.number(uint64(len(list)))
	for piece := range slices.Chunk(list, 1<<14) {
		e.scratch = e.scratch[:0]
		switch piece := any(piece).(type) {
		case []uint32:
			for _, x := range piece {
				e.scratch = binary.LittleEndian.AppendUint32(e.scratch, x)
			}
		case []uint64:
			for _, x := range piece {
				e.scratch = binary.LittleEndian.AppendUint64(e.scratch, x)
			}
		case []float32:
			for _, x := range piece {
				e.scratch = binary.LittleEndian.AppendUint32(e.scratch, math.Float32bits(x))
			}
		}
		e.raw(e.scratch)
	}
}

func (e *encoder) part(p *part) {
	e.number(uint64(len(p.passages)))
	source := ""
	for i := range p.passages {
		if p.sources[i] == source { // most often it is that of the passage before
			e.number(0)
		} else {
			source = p.sources[i]
			e.number(1)
			e.string(source)
		}
		e.passage(&p.passages[i])
	}
	block(e, []uint64(p.deleted))
	e.lexicon(p.lexicon)
	e.vectors(p.vectors)
}

func (e *encoder) passage(p *frontdesk.Passage) {
	for _, s := range []string{p.ID, p.Document, p.Title, p.URL, p.Text, p.Version, p.Tenant} {
		e.string(s)
	}
	e.strings(p.Audience)
	e.number(uint64(len(p.Labels)))
	for _, label := range slices.Sorted(maps.Keys(p.Labels)) {
		e.string(label)
		e.string(p.Labels[label])
	}
	e.time(p.ValidFrom)
	e.time(p.ValidUntil)
	if p.Untrusted {
		e.number(1)
	} else {
		e.number(0)
	}
}

func (e *encoder) lexicon(l *lexicon) {
	e.number(uint64(l.languages))
	e.strings(l.terms)
	block(e, l.start)
	block(e, l.docs)
	e.number(uint64(len(l.freqs)))
	e.raw(l.freqs)
	block(e, l.lengths)
}

func (e *encoder) vectors(v *vectors) {
	if v == nil {
		e.number(0)
		return
	}
	e.number(uint64(v.dimensions))
	block(e, v.data)
	block(e, v.docs)
	if v.sketch == nil {
		e.number(0)
		return
	}
	s := v.sketch
	e.number(uint64(s.width))
	block(e, s.centroid)
	block(e, s.codes)
	traits := make([]float32, 0, 4*len(s.traits))
	for _, t := range s.traits {
		traits = append(traits, t.offset, t.factor, t.spread, t.ones)
	}
	block(e, traits)
	block(e, []float32{s.slack, float32(s.coarse), s.coarseSlack})
}
