package index_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
	"github.com/frontdesk-go/frontdesk/index"
)

// embedderFunc makes an embedder of a function.
type embedderFunc func(text string) ([]float32, error)

func (f embedderFunc) Embed(_ context.Context, texts []string, _ frontdesk.EmbedKind) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		var err error
		if vectors[i], err = f(text); err != nil {
			return nil, err
		}
	}
	return vectors, nil
}

func TestAnEmbedderThatFails(t *testing.T) {
	x := filled(t, false)
	down := errors.New("down")
	var failed []error
	x.Fallback = func(query frontdesk.Query, err error) {
		assert.Equal(t, "norway", query.Text)
		failed = append(failed, err)
	}
	x.Embedder = embedderFunc(func(string) ([]float32, error) { return nil, down })
	assert.Equal(t, []string{"shipping"}, retrieve(t, x, frontdesk.Query{Text: "norway", Audience: []string{"gold"}}))
	x.Embedder = embedderFunc(func(string) ([]float32, error) { return make([]float32, 64), nil })
	assert.Equal(t, []string{"shipping"}, retrieve(t, x, frontdesk.Query{Text: "norway", Audience: []string{"gold"}}))
	require.Len(t, failed, 2)
	require.ErrorIs(t, failed[0], down)
	assert.ErrorContains(t, failed[1], "normalised")

	// Another model than that of the passages is a mistake, not a failure.
	x.Embedder = &frontdesktest.HashEmbedder{Dimensions: 32}
	_, err := x.Retrieve(t.Context(), frontdesk.Query{Text: "norway", TopK: 1})
	var model *index.ModelError
	require.ErrorAs(t, err, &model)
	assert.Equal(t, 64, model.Dimensions)
	assert.Equal(t, 32, model.OtherDimensions)
}

func TestVectorsThatCannotBe(t *testing.T) {
	nan := float32(math.NaN())
	for name, vector := range map[string][]float32{
		"empty": {}, "zero": {0, 0}, "too long": {1, 1}, "not a number": {nan, 0}, "infinite": {float32(math.Inf(1)), 0},
	} {
		t.Run(name, func(t *testing.T) {
			x := new(index.Index)
			p := frontdesk.Passage{ID: "p", Document: "d", Text: "lamp"}
			require.Error(t, x.Replace(t.Context(), "shop", []string{"d"}, []frontdesk.Passage{p}, [][]float32{vector}))
			assert.Zero(t, x.Len())
		})
	}
}

// Vectors in clusters, evenly on the sphere, and all but the same: in each case
// nearly all of the ten nearest are found, among all and among one in a hundred.
func TestRecall(t *testing.T) {
	const n, dimensions, queries = 6000, 128, 40
	for _, spread := range []float64{0, 0.01, 0.3, 1, 100} {
		t.Run(fmt.Sprint(spread), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, uint64(spread*100)))
			centres := make([][]float64, 30)
			for i := range centres {
				for range dimensions {
					centres[i] = append(centres[i], random.NormFloat64())
				}
			}
			draw := func() []float32 {
				v, square := make([]float32, dimensions), 0.0
				for i, x := range centres[random.IntN(len(centres))] {
					x += spread * random.NormFloat64()
					v[i] = float32(x)
					square += x * x
				}
				for i := range v {
					v[i] /= float32(math.Sqrt(square))
				}
				return v
			}
			var asked [][]float32
			for range queries {
				asked = append(asked, draw())
			}
			x := &index.Index{Embedder: embedderFunc(func(text string) ([]float32, error) {
				var i int
				_, err := fmt.Sscan(text, &i)
				return asked[i], err
			})}
			passages, documents, vectors := make([]frontdesk.Passage, n), make([]string, n), make([][]float32, n)
			for i := range passages {
				documents[i] = fmt.Sprint("p", i)
				passages[i] = frontdesk.Passage{ID: documents[i], Document: documents[i], Labels: map[string]string{"shard": fmt.Sprint(i % 100)}}
				vectors[i] = draw()
			}
			require.NoError(t, x.Replace(t.Context(), "bench", documents, passages, vectors))
			for name, filter := range map[string]map[string][]string{"all": nil, "one in a hundred": {"shard": {"7"}}} {
				nearest, found := 0, 0
				for i := range asked {
					query := frontdesk.Query{Text: fmt.Sprint(i), TopK: 10, Filter: filter}
					x.Exact = true
					truth := make(map[string]bool)
					for _, id := range retrieve(t, x, query) {
						truth[id] = true
					}
					x.Exact = false
					hits, err := x.Explain(t.Context(), query)
					require.NoError(t, err)
					nearest += len(truth)
					for rank, hit := range hits {
						assert.Equal(t, rank+1, hit.VectorRank)
						if truth[hit.Passage.ID] {
							found++
						}
					}
				}
				assert.GreaterOrEqual(t, float64(found), 0.98*float64(nearest), name)
				assert.Equal(t, 10*queries, nearest, name)
			}
		})
	}
}

func TestDiversity(t *testing.T) {
	passages := []frontdesk.Passage{
		{ID: "a", Text: "Lamps have a warranty of three years."},
		{ID: "b", Text: "Lamps have a warranty of three years!"},
		{ID: "c", Text: "The warranty of rugs ends after ten months, unless they were washed."},
	}
	query := frontdesk.Query{Text: "warranty of lamps, three years", TopK: 3}
	assert.Equal(t, []string{"a", "b", "c"}, retrieve(t, index.New(passages...), query))
	diverse := index.New(passages...)
	diverse.Diversity = 0.6
	found, err := diverse.Retrieve(t.Context(), query)
	require.NoError(t, err)
	assert.Equal(t, "a", found[0].ID)
	assert.Equal(t, "c", found[1].ID)
}
