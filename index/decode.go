package index

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// decoder reads a snapshot, which may hold anything. After an error it reads
// nothing more and returns zero values.
type decoder struct {
	first   bool // of the first version of the format
	r       *bufio.Reader
	sum     uint32
	read    int64
	err     error
	scratch []byte
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: "+format, append([]any{ErrSnapshot}, args...)...)
	}
}

// ReadByte implements [io.ByteReader] for the sake of varints.
func (d *decoder) ReadByte() (byte, error) {
	b, err := d.r.ReadByte()
	if err == nil {
		d.read++
		d.sum = crc32.Update(d.sum, castagnoli, []byte{b})
	}
	return b, err
}

// raw reads n bytes, which are valid until the next read.
func (d *decoder) raw(n int) []byte {
	if d.err != nil {
		return nil
	}
	d.scratch = slices.Grow(d.scratch[:0], n)[:n]
	read, err := io.ReadFull(d.r, d.scratch)
	d.read += int64(read)
	if err != nil {
		d.failRead(err)
		return nil
	}
	d.sum = crc32.Update(d.sum, castagnoli, d.scratch)
	return d.scratch
}

// failRead tells a snapshot that ends too early from one that cannot be read.
func (d *decoder) failRead(err error) {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		d.fail("it ends too early")
	} else if d.err == nil {
		d.err = err
	}
}

// end compares the sum and makes sure that nothing follows.
func (d *decoder) end() {
	sum := d.sum
	if stored := d.raw(4); stored != nil && binary.LittleEndian.Uint32(stored) != sum {
		d.fail("its checksum is wrong")
	}
	if _, err := d.r.ReadByte(); err == nil {
		d.fail("something follows it")
	}
}

func (d *decoder) number() uint64 {
	if d.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(d)
	if err != nil {
		d.failRead(err)
		if d.err == err { // a number of more than 64 bits
			d.err = nil
			d.fail("%v", err)
		}
		return 0
	}
	return n
}

// count reads how many of something follow. Nothing is allocated for more than
// what has been read.
func (d *decoder) count() int {
	n := d.number()
	if n > math.MaxInt/64 {
		d.fail("it claims to hold %d of something", n)
		return 0
	}
	return int(n)
}

// piece bounds how much is read at a time.
const piece = 1 << 16

func (d *decoder) string() string {
	n := d.count()
	if n <= piece {
		return string(d.raw(n))
	}
	var text []byte
	for n > 0 && d.err == nil {
		text = append(text, d.raw(min(n, piece))...)
		n -= piece
	}
	return string(text)
}

func (d *decoder) strings() []string {
	var list []string
	for range d.count() {
		if d.err != nil {
			return nil
		}
		list = append(list, d.string())
	}
	return list
}

func (d *decoder) time() time.Time {
	if d.number() == 0 {
		return time.Time{}
	}
	seconds, nanoseconds := d.number(), d.number()
	if nanoseconds >= 1e9 {
		d.fail("a time has %d nanoseconds", nanoseconds)
		return time.Time{}
	}
	return time.Unix(int64(seconds), int64(nanoseconds)).UTC()
}

// readBlock reads what block wrote.
func readBlock[T values](d *decoder) []T {
	n := d.count()
	if n == 0 || d.err != nil {
		return nil
	}
	var zero T
	size := binary.Size(zero)
	list := make([]T, 0, min(n, 1<<12))
	for len(list) < n && d.err == nil {
		if len(list) == cap(list) { // what was read so far warrants as much again
			list = slices.Grow(list, min(n-len(list), len(list)))
		}
		from := len(list)
		bytes := d.raw(size * min(cap(list)-from, n-from, piece))
		list = list[:from+len(bytes)/size]
		switch into := any(list[from:]).(type) {
		case []uint32:
			for i := range into {
				into[i] = binary.LittleEndian.Uint32(bytes[4*i:])
			}
		case []uint64:
			for i := range into {
				into[i] = binary.LittleEndian.Uint64(bytes[8*i:])
			}
		case []float32:
			for i := range into {
				into[i] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*i:]))
			}
		}
	}
	return list
}

func (d *decoder) part() part {
	s := &segment{}
	source := ""
	for range d.count() {
		if d.number() != 0 {
			source = d.string()
		}
		p := d.passage()
		if d.err != nil {
			return part{}
		}
		s.passages, s.sources = append(s.passages, p), append(s.sources, source)
	}
	p := part{segment: s, live: len(s.passages)}
	if deleted := readBlock[uint64](d); deleted != nil {
		if p.deleted = deleted; len(deleted) != len(newBitmap(len(s.passages))) {
			d.fail("%d words say which of %d passages are deleted", len(deleted), len(s.passages))
			return part{}
		}
		if rest := len(s.passages) % 64; rest > 0 && deleted[len(deleted)-1]>>rest != 0 {
			d.fail("passages are deleted that are not there")
		}
		p.live -= p.deleted.count()
	}
	s.lexicon = d.lexicon(len(s.passages))
	s.vectors = d.vectors(len(s.passages))
	if d.err == nil {
		s.classes = newClasses(s.passages)
	}
	return p
}

func (d *decoder) passage() frontdesk.Passage {
	var p frontdesk.Passage
	for _, s := range []*string{&p.ID, &p.Document, &p.Title, &p.URL, &p.Text, &p.Version, &p.Tenant} {
		*s = d.string()
	}
	p.Audience = d.strings()
	for range d.count() {
		if d.err != nil {
			break
		}
		if p.Labels == nil {
			p.Labels = make(map[string]string)
		}
		label := d.string()
		p.Labels[label] = d.string()
	}
	p.ValidFrom, p.ValidUntil = d.time(), d.time()
	if !d.first {
		p.Untrusted = d.number() != 0
	}
	return p
}

func (d *decoder) lexicon(passages int) *lexicon {
	l := &lexicon{languages: languageSet(d.number()) & allLanguages}
	l.terms = d.strings()
	l.start = readBlock[uint32](d)
	l.docs = readBlock[uint32](d)
	for n := d.count(); n > 0 && d.err == nil; n -= piece {
		l.freqs = append(l.freqs, d.raw(min(n, piece))...)
	}
	l.lengths = readBlock[uint32](d)
	if d.err != nil {
		return nil
	}
	switch {
	case !slices.IsSorted(l.terms):
		d.fail("its terms are not in order")
	case len(l.start) != len(l.terms)+1 || l.start[0] != 0 || int(l.start[len(l.terms)]) != len(l.docs) || !slices.IsSorted(l.start):
		d.fail("its terms do not fit its postings")
	case len(l.freqs) != len(l.docs) || slices.Contains(l.freqs, 0) || len(l.lengths) != passages:
		d.fail("its postings do not fit its passages")
	case slices.ContainsFunc(l.docs, func(doc uint32) bool { return int(doc) >= passages }):
		d.fail("a posting is of no passage")
	}
	for _, length := range l.lengths {
		l.total += uint64(length)
	}
	if d.err == nil {
		l.index()
	}
	return l
}

func (d *decoder) vectors(passages int) *vectors {
	v := &vectors{dimensions: d.count()}
	if v.dimensions == 0 || d.err != nil {
		return nil
	}
	v.data, v.docs = readBlock[float32](d), readBlock[uint32](d)
	if d.err != nil {
		return nil
	}
	rows := len(v.data) / v.dimensions
	switch {
	case rows == 0 || rows*v.dimensions != len(v.data):
		d.fail("its vectors do not have %d dimensions", v.dimensions)
	case v.docs == nil && rows != passages:
		d.fail("there are %d vectors for %d passages", rows, passages)
	case v.docs != nil:
		for i, doc := range v.docs {
			if len(v.docs) != rows || int(doc) >= passages || i > 0 && doc <= v.docs[i-1] {
				d.fail("its vectors do not fit its passages")
				return nil
			}
		}
		v.place(passages)
	}
	if width := d.count(); width > 0 && d.err == nil {
		v.sketch = d.sketch(width, v.dimensions, rows)
	}
	return v
}

func (d *decoder) sketch(width, dimensions, rows int) *sketch {
	s := &sketch{width: width, centroid: readBlock[float32](d), codes: readBlock[uint64](d)}
	traits, slack := readBlock[float32](d), readBlock[float32](d)
	if d.err != nil {
		return nil
	}
	if width != codeWidth(dimensions) || width%64 != 0 || len(s.centroid) != dimensions || len(s.codes) != rows*(width/64) ||
		len(traits) != 4*rows || len(slack) != 3 || !(slack[1] >= 0 && slack[1] < float32(width/64)) {
		d.fail("its sketches do not fit its vectors")
		return nil
	}
	s.traits = make([]trait, rows)
	for i := range s.traits {
		s.traits[i] = trait{traits[4*i], traits[4*i+1], traits[4*i+2], traits[4*i+3]}
	}
	s.slack, s.coarse, s.coarseSlack = slack[0], int(slack[1]), slack[2]
	s.signs = rotationSigns(width)
	s.line()
	return s
}

// check makes sure that parts fit together.
func (d *decoder) check(s *state) {
	dimensions, passages := s.dimensions(), 0
	for _, p := range s.parts {
		if p.vectors != nil && p.vectors.dimensions != dimensions {
			d.fail("its vectors have %d and %d dimensions", dimensions, p.vectors.dimensions)
		}
		passages += len(p.passages)
	}
	if passages > math.MaxUint32-1 {
		d.fail("it holds %d passages", passages)
	}
}
