// Package corpus makes what the retrieval systems of the benchmark search: the
// same for all of them, from a seed.
package corpus

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Dimensions is the length of all vectors.
const Dimensions = 1024

// Distributions are the sets of vectors that [Vectors] makes.
var Distributions = []string{"mixture", "skewed", "uniform"}

// Vectors returns n unit vectors of a distribution, and others of it that play
// the queries.
//
// mixture: around 2,000 centres. skewed: around 500 centres of which a few have
// most vectors (Zipf), coordinates by a power law, one vector in ten a
// near-duplicate of another. uniform: on the sphere.
func Vectors(distribution string, n, queries int) (rows, asked [][]float32, err error) {
	random := rand.New(rand.NewPCG(7, 11))
	normal := func() []float32 {
		v := make([]float32, Dimensions)
		for i := range v {
			v[i] = float32(random.NormFloat64())
		}
		return v
	}
	draw := normal
	switch distribution {
	case "uniform":
	case "mixture":
		centres := make([][]float32, 2000)
		for i := range centres {
			centres[i] = unit(normal())
		}
		draw = func() []float32 {
			v, centre := normal(), centres[random.IntN(len(centres))]
			for i := range v {
				v[i] = centre[i] + v[i]*0.6/32
			}
			return v
		}
	case "skewed":
		shaped := func() []float32 {
			v := normal()
			for i := range v {
				v[i] /= float32(math.Sqrt(float64(i + 1)))
			}
			return v
		}
		centres := make([][]float32, 500)
		for i := range centres {
			centres[i] = shaped()
		}
		zipf := rand.NewZipf(random, 1.2, 1, uint64(len(centres)-1))
		var drawn [][]float32
		draw = func() []float32 {
			if len(drawn) > 0 && random.IntN(10) == 0 {
				v, twin := normal(), drawn[random.IntN(len(drawn))]
				for i := range v {
					v[i] = twin[i] + v[i]*0.002
				}
				return v
			}
			v, centre := shaped(), centres[zipf.Uint64()]
			for i := range v {
				v[i] = centre[i] + 0.7*v[i]
			}
			drawn = append(drawn, unit(v))
			return v
		}
	default:
		return nil, nil, fmt.Errorf("there is no distribution %q: there are %v", distribution, Distributions)
	}
	all := make([][]float32, n+queries)
	for i := range all {
		all[i] = unit(draw())
	}
	return all[:n], all[n:], nil
}

// unit gives a vector the length 1.
func unit(v []float32) []float32 {
	var square float64
	for _, x := range v {
		square += float64(x) * float64(x)
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / math.Sqrt(square))
	}
	return v
}
