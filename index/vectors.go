package index

import (
	"github.com/viterin/vek/vek32"
)

// vectors are those of a segment's passages, in one block.
type vectors struct {
	dimensions int
	data       []float32 // row by row
	docs       []uint32  // the passage of each row, ascending; nil: its number
	rows       []uint32  // the row of each passage, or gone; nil: its number
	sketch     *sketch   // nil: the exact scan is as fast
}

// newVectors copies vectors of passages that all have one.
func newVectors(rows [][]float32) *vectors {
	v := &vectors{dimensions: len(rows[0]), data: make([]float32, 0, len(rows)*len(rows[0]))}
	for _, row := range rows {
		v.data = append(v.data, row...)
	}
	v.sketch = newSketch(v)
	return v
}

// mergeVectors joins the vectors of segments, any of which may have none.
// places tells where the passages of each go.
func mergeVectors(parts []*vectors, places [][]uint32) *vectors {
	m := &vectors{}
	count, passages := 0, 0
	for i, part := range parts {
		for doc, place := range places[i] {
			if place == gone {
				continue
			}
			passages++
			if part != nil && part.row(uint32(doc)) != gone {
				m.dimensions = part.dimensions
				count++
			}
		}
	}
	if count == 0 {
		return nil
	}
	m.data = make([]float32, 0, count*m.dimensions)
	m.docs = make([]uint32, 0, count)
	for i, part := range parts {
		if part == nil {
			continue
		}
		for doc, place := range places[i] {
			if row := part.row(uint32(doc)); place != gone && row != gone {
				m.docs = append(m.docs, place)
				m.data = append(m.data, part.at(row)...)
			}
		}
	}
	m.place(passages)
	m.sketch = newSketch(m)
	return m
}

// place derives rows from docs.
func (v *vectors) place(passages int) {
	if len(v.docs) == passages {
		v.docs = nil
		return
	}
	v.rows = make([]uint32, passages)
	for i := range v.rows {
		v.rows[i] = gone
	}
	for row, doc := range v.docs {
		v.rows[doc] = uint32(row)
	}
}

// len is the number of rows.
func (v *vectors) len() int { return len(v.data) / v.dimensions }

// at returns a row.
func (v *vectors) at(row uint32) []float32 {
	from := int(row) * v.dimensions
	return v.data[from : from+v.dimensions : from+v.dimensions]
}

// row returns the row of a passage, gone if it has none.
func (v *vectors) row(doc uint32) uint32 {
	if v.rows == nil {
		return doc
	}
	return v.rows[doc]
}

// of returns the vector of a passage, nil if it has none.
func (v *vectors) of(doc uint32) []float32 {
	if row := v.row(doc); row != gone {
		return v.at(row)
	}
	return nil
}

// doc returns the passage of a row.
func (v *vectors) doc(row uint32) uint32 {
	if v.docs == nil {
		return row
	}
	return v.docs[row]
}

// dot is the scalar product of vectors of one length.
func dot(a, b []float32) float32 { return vek32.Dot(a, b) }

// exactBelow is the number of rows below which the exact scan is as fast as
// anything.
const exactBelow = 2048

// search adds the passages nearest to a vector to best.
func (v *vectors) search(query []float32, admitted *selection, base uint32, exact bool, best *top) {
	rows, n := v.admittedRows(admitted)
	if exact || v.sketch == nil || n < exactBelow {
		v.scan(query, rows, n, base, best)
		return
	}
	v.sketch.search(v, query, rows, n, base, best)
}

// admittedRows lists the rows of admitted passages. The list is nil if it is
// all n of them.
func (v *vectors) admittedRows(admitted *selection) (rows []uint32, n int) {
	if admitted.set == nil {
		return nil, v.len()
	}
	rows = make([]uint32, 0, admitted.count)
	admitted.each(len(admitted.set)*64, func(doc uint32) {
		if row := v.row(doc); row != gone {
			rows = append(rows, row)
		}
	})
	return rows, len(rows)
}

// scan compares the query with each of n rows.
func (v *vectors) scan(query []float32, rows []uint32, n int, base uint32, best *top) {
	v.gather(n, 512, best, func(from, to int, mine *top) {
		for i := from; i < to; i++ {
			row := uint32(i)
			if rows != nil {
				row = rows[i]
			}
			if score := dot(query, v.at(row)); score >= mine.threshold() {
				mine.add(score, base+v.doc(row))
			}
		}
	})
}

// gather splits work among goroutines and joins what each found best.
func (v *vectors) gather(n, least int, best *top, work func(from, to int, mine *top)) {
	tops := make([]top, workers(n, least))
	for i := range tops {
		tops[i].limit = best.limit
	}
	parallel(n, len(tops), func(worker, from, to int) { work(from, to, &tops[worker]) })
	for i := range tops {
		for _, s := range tops[i].heap {
			best.add(s.score, s.doc)
		}
	}
}
