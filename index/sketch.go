package index

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/viterin/vek/vek32"
)

// sketch holds one bit for each dimension of each vector, from which a scalar
// product is estimated by counting bits: 32 times less to read than the vectors
// themselves. What may be among the best by its estimate is then compared
// exactly.
//
// The method is RaBitQ, by Gao and Long (SIGMOD 2024): a vector less the mean is
// rotated at random and reduced to its signs. The estimate is unbiased, and its
// error has a known spread that shrinks with the number of dimensions. The paper
// rotates by a random matrix; here it is three rounds of random signs and a
// Walsh-Hadamard transform, which does the same in n log n steps.
//
// How much error to allow for is not taken from theory but measured on the
// segment's own vectors: see calibrate.
type sketch struct {
	width    int       // bits of a code: the dimensions, rounded up to a power of two
	centroid []float32 // mean of the vectors
	codes    []uint64  // width/64 words for each row
	traits   []trait   // of each row
	slack    float32   // spreads by which an estimate may be too low

	// A part of each code tells which rows need a closer look: so many words,
	// zero if it pays to look at all of them at once. Its own slack is larger.
	coarse      int
	coarseSlack float32
	fronts      []uint64 // these words of each row, side by side

	signs []uint64 // of the rotation, derived from width
}

// trait is what the estimate needs of a row beside its code.
type trait struct {
	offset float32 // <o,c> - <c,c>
	factor float32 // |o-c| / <b,u>
	spread float32 // of the estimate's error, for a query at distance 1 from c
	ones   float32 // bits set in the code
}

const (
	recall      = 0.988   // of the true best, that estimates must let through; 0.98 is promised
	coarsely    = 0.997   // of the true best, that parts of codes must let through before that
	neighbours  = 10      // that a search wants: calibration looks for as many
	samples     = 64      // rows that play the query in calibration
	sampledRows = 1 << 15 // rows that are searched in calibration

	// worthwhile is the share of rows left to compare exactly above which
	// sketches do not pay: reading a row here and there takes about twice as
	// long as reading them in a row, and the codes have to be read as well.
	worthwhile = 0.3

	queryBits = 4 // to which a query's coordinates are rounded
)

// newSketch makes the sketches of vectors, or returns nil if they would not
// make a search faster.
func newSketch(v *vectors) *sketch {
	n := v.len()
	if n < exactBelow || v.dimensions < 64 {
		return nil
	}
	s := &sketch{width: codeWidth(v.dimensions), centroid: make([]float32, v.dimensions)}
	s.signs = rotationSigns(s.width)
	s.codes = make([]uint64, n*s.width/64)
	s.traits = make([]trait, n)
	sums := make([][]float32, workers(n, 1024))
	parallel(n, len(sums), func(worker, from, to int) {
		sum := make([]float32, v.dimensions)
		for row := from; row < to; row++ {
			vek32.Add_Inplace(sum, v.at(uint32(row)))
		}
		sums[worker] = sum
	})
	for _, sum := range sums {
		vek32.Add_Inplace(s.centroid, sum)
	}
	vek32.MulNumber_Inplace(s.centroid, 1/float32(n))
	square := dot(s.centroid, s.centroid)
	parallel(n, workers(n, 256), func(_, from, to int) {
		rotated := make([]float32, s.width)
		for row := from; row < to; row++ {
			s.encode(row, v.at(uint32(row)), square, rotated)
		}
	})
	if !s.calibrate(v) {
		return nil
	}
	return s
}

// codeWidth rounds dimensions up to a power of two.
func codeWidth(dimensions int) int { return 1 << bits.Len(uint(dimensions-1)) }

// rotationSigns are three rounds of random signs, the same for every index.
func rotationSigns(width int) []uint64 {
	random := rand.New(rand.NewPCG(0x6672_6f6e_7464_6573, uint64(width)))
	signs := make([]uint64, 3*width/64)
	for i := range signs {
		signs[i] = random.Uint64()
	}
	return signs
}

// rotate puts a vector less the centroid into rotated, and returns its length.
func (s *sketch) rotate(vector []float32, rotated []float32) float32 {
	clear(rotated[len(vector):])
	for i, x := range vector {
		rotated[i] = x - s.centroid[i]
	}
	length := float32(math.Sqrt(float64(dot(rotated, rotated))))
	scale := float32(1 / math.Sqrt(float64(s.width)))
	for round := range 3 {
		signs := s.signs[round*s.width/64:]
		for i := range rotated {
			x := math.Float32bits(rotated[i]*scale) ^ uint32(signs[i/64]>>(i%64)&1)<<31
			rotated[i] = math.Float32frombits(x)
		}
		hadamard(rotated)
	}
	return length
}

// hadamard applies the Walsh-Hadamard transform, unscaled.
func hadamard(x []float32) {
	for half := 1; half < len(x); half *= 2 {
		for from := 0; from < len(x); from += 2 * half {
			a, b := x[from:from+half], x[from+half:from+2*half]
			for i := range a[:len(b)] {
				a[i], b[i] = a[i]+b[i], a[i]-b[i]
			}
		}
	}
}

// encode makes the code and traits of a row.
func (s *sketch) encode(row int, vector []float32, square float32, rotated []float32) {
	length := s.rotate(vector, rotated)
	code := s.code(row)
	sum, ones := float32(0), 0
	for i, x := range rotated {
		if x > 0 {
			code[i/64] |= 1 << (i % 64)
			ones++
			sum += x
		} else {
			sum -= x
		}
	}
	t := &s.traits[row]
	t.offset, t.ones = dot(vector, s.centroid)-square, float32(ones)
	if length == 0 || sum == 0 {
		return // the vector is the centroid: its offset says all
	}
	t.factor = length * length / sum // sum is |o-c| <b,u>
	aligned := float64(sum/length) / math.Sqrt(float64(s.width))
	t.spread = length * float32(math.Sqrt(max(0, 1/(aligned*aligned)-1)/float64(s.width-1)))
}

func (s *sketch) code(row int) []uint64 {
	words := s.width / 64
	return s.codes[row*words : (row+1)*words : (row+1)*words]
}

// sketchQuery is a query as the codes are compared with it: rotated, its
// coordinates rounded to four bits, and these bits in planes.
type sketchQuery struct {
	planes   []uint64 // queryBits words for each word of a code
	step     float32  // between neighbouring values
	distance float32  // to the centroid
	total    float32  // sum of the rounded coordinates
	part     float32  // of those that belong to the coarse part of a code
	along    float32  // <q,c>
}

func (s *sketch) prepare(query []float32, coarse int) sketchQuery {
	rotated := make([]float32, s.width)
	q := sketchQuery{planes: make([]uint64, queryBits*s.width/64), along: dot(query, s.centroid)}
	q.distance = s.rotate(query, rotated)
	largest := float32(0)
	for _, x := range rotated {
		largest = max(largest, x, -x)
	}
	if largest == 0 {
		return q
	}
	const values = 1<<queryBits - 1
	q.step = 2 * largest / values
	for i, x := range rotated {
		value := min(uint64((x+largest)/q.step+0.5), values)
		q.total += q.step * (float32(value) - 7.5)
		if i == 64*coarse-1 {
			q.part = q.total
		}
		for bit := range queryBits {
			q.planes[i/64*queryBits+bit] |= value >> bit & 1 << (i % 64)
		}
	}
	return q
}

// estimate tells what the scalar product of the query and a row is, about.
func (s *sketch) estimate(q *sketchQuery, row int) float32 {
	var sum0, sum1, sum2, sum3 int
	planes := q.planes
	for _, word := range s.code(row) {
		plane := (*[queryBits]uint64)(planes)
		sum0 += bits.OnesCount64(word & plane[0])
		sum1 += bits.OnesCount64(word & plane[1])
		sum2 += bits.OnesCount64(word & plane[2])
		sum3 += bits.OnesCount64(word & plane[3])
		planes = planes[queryBits:]
	}
	t := &s.traits[row]
	// A coordinate is step * (value - 7.5). The code's set bits add it, the
	// others subtract it; all coordinates sum up to total.
	set := float32(sum0+2*sum1+4*sum2+8*sum3) - 7.5*t.ones
	return t.offset + q.along + t.factor*(2*q.step*set-q.total)
}

// glance is an estimate from the first words of a code alone. After the rotation
// no coordinate tells more than another, so that a part stands for the whole,
// with a larger error.
func (s *sketch) glance(q *sketchQuery, row int, front []uint64) float32 {
	var sum0, sum1, sum2, sum3, ones int
	planes := q.planes
	for _, word := range front {
		plane := (*[queryBits]uint64)(planes)
		sum0 += bits.OnesCount64(word & plane[0])
		sum1 += bits.OnesCount64(word & plane[1])
		sum2 += bits.OnesCount64(word & plane[2])
		sum3 += bits.OnesCount64(word & plane[3])
		ones += bits.OnesCount64(word)
		planes = planes[queryBits:]
	}
	t := &s.traits[row]
	set := float32(sum0+2*sum1+4*sum2+8*sum3) - 7.5*float32(ones)
	scale := float32(s.width) / float32(64*len(front))
	return t.offset + q.along + t.factor*scale*(2*q.step*set-q.part)
}

// estimates are those of all rows of a search, for reuse.
var estimates sync.Pool

// search adds the passages of v nearest to the query to best.
func (s *sketch) search(v *vectors, query []float32, rows []uint32, n int, base uint32, best *top) {
	pooled, _ := estimates.Get().(*[]float32)
	if pooled == nil || cap(*pooled) < n {
		pooled = new([]float32)
		*pooled = make([]float32, n)
	}
	defer estimates.Put(pooled)
	estimated := (*pooled)[:n]
	at := func(i int) uint32 {
		if rows == nil {
			return uint32(i)
		}
		return rows[i]
	}
	q := s.prepare(query, s.coarse)
	first, firstSlack := s.estimate, s.slack*q.distance
	candidates := top{limit: max(2*best.limit, 32)}
	if s.coarse > 0 {
		first = func(q *sketchQuery, row int) float32 {
			return s.glance(q, row, s.fronts[row*s.coarse:(row+1)*s.coarse])
		}
		firstSlack = s.coarseSlack * q.distance
		candidates.limit *= 4
	}
	v.gather(n, exactBelow, &candidates, func(from, to int, mine *top) {
		bar := mine.threshold()
		for i := from; i < to; i++ {
			e := first(&q, int(at(i)))
			estimated[i] = e
			if e > bar {
				mine.add(e, uint32(i))
				bar = mine.threshold()
			}
		}
	})
	likely := candidates
	if s.coarse > 0 {
		likely = top{limit: max(2*best.limit, 32)}
		for _, found := range candidates.heap {
			likely.add(s.estimate(&q, int(at(int(found.doc)))), found.doc)
		}
	}
	// The worst of the best that are known for sure sets the bar for all.
	for _, found := range likely.heap {
		row := at(int(found.doc))
		best.add(dot(query, v.at(row)), base+v.doc(row))
		estimated[found.doc] = -math.MaxFloat32 // it has had its turn
	}
	bar := best.threshold()
	slack := s.slack * q.distance
	v.gather(n, exactBelow, best, func(from, to int, mine *top) {
		bar := bar
		for i := from; i < to; i++ {
			row := at(i)
			spread := s.traits[row].spread
			if estimated[i]+firstSlack*spread < bar {
				continue
			}
			if s.coarse > 0 && s.estimate(&q, int(row))+slack*spread < bar {
				continue
			}
			if score := dot(query, v.at(row)); score >= bar {
				mine.add(score, base+v.doc(row))
				bar = max(bar, mine.threshold())
			}
		}
	})
}

// calibrate measures on the segment's own vectors how far below the truth the
// estimates of near neighbours fall, sets slack such that recall of them come
// through, and reports whether what comes through is few enough. It does the same
// for parts of the codes, and picks the part with which a search has least to do.
func (s *sketch) calibrate(v *vectors) bool {
	words := s.width / 64
	full := s.measure(v, words, recall, func(q *sketchQuery, row int) float32 { return s.estimate(q, row) })
	s.slack = full.slack
	least := 1.0
	for _, part := range []int{words / 8, words / 4, words / 2} {
		if part == 0 {
			continue
		}
		m := s.measure(v, part, coarsely, func(q *sketchQuery, row int) float32 { return s.glance(q, row, s.code(row)[:part]) })
		// A part has the bits set to be counted too, and the bar of a search is
		// lower at first than that of the true best.
		if cost := 1.25*float64(part)/float64(words) + 2*m.through; cost < least {
			least, s.coarse, s.coarseSlack = cost, part, m.slack
		}
	}
	s.line()
	return full.through < worthwhile
}

// line copies the coarse parts of the codes, which are read most, side by side.
func (s *sketch) line() {
	if s.coarse == 0 {
		return
	}
	s.fronts = make([]uint64, 0, len(s.traits)*s.coarse)
	for row := range s.traits {
		s.fronts = append(s.fronts, s.code(row)[:s.coarse]...)
	}
}

// measured is what was found about estimates: the slack that they take, and which
// share of rows it lets through.
type measured struct {
	slack   float32
	through float64
}

func (s *sketch) measure(v *vectors, part int, recall float64, estimate func(*sketchQuery, int) float32) measured {
	n := v.len()
	searched := min(n, sampledRows)
	type finding struct {
		needs     []float32 // slack that each neighbour takes
		estimates []float32
		bar       float32
		distance  float32
	}
	findings := make([]finding, samples)
	parallel(samples, workers(samples, 1), func(_, from, to int) {
		for i := from; i < to; i++ {
			self := i * n / samples
			f := &findings[i]
			query := v.at(uint32(self))
			q := s.prepare(query, part)
			f.distance = q.distance
			best := top{limit: neighbours}
			f.estimates = make([]float32, searched)
			for j := range searched {
				row := j * n / searched
				if row == self {
					f.estimates[j] = -math.MaxFloat32
					continue
				}
				f.estimates[j] = estimate(&q, row)
				best.add(dot(query, v.at(uint32(row))), uint32(j))
			}
			f.bar = best.threshold()
			for _, found := range best.heap {
				spread := s.traits[int(found.doc)*n/searched].spread * q.distance
				if spread > 0 {
					f.needs = append(f.needs, (f.bar-f.estimates[found.doc])/spread)
				}
			}
		}
	})
	var needs []float32
	for _, f := range findings {
		needs = append(needs, f.needs...)
	}
	if len(needs) == 0 {
		return measured{} // all vectors are one and the same
	}
	slices.Sort(needs)
	m := measured{slack: max(0, needs[int(recall*float64(len(needs)-1)+0.5)])}
	through := 0
	for _, f := range findings {
		for j, e := range f.estimates {
			if e+m.slack*f.distance*s.traits[j*n/searched].spread >= f.bar {
				through++
			}
		}
	}
	m.through = float64(through) / float64(samples*searched)
	return m
}
