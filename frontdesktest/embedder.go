package frontdesktest

import (
	"context"
	"hash/fnv"
	"math"
	"strings"
	"sync/atomic"
	"unicode"

	"github.com/frontdesk-go/frontdesk"
)

// HashEmbedder is a [frontdesk.Embedder] for tests: texts that share words have
// vectors with a high dot product. It knows spelling, not meaning, so it is no
// substitute for a model. The zero value is ready to use. It is safe for
// concurrent use.
type HashEmbedder struct {
	// Dimensions is the length of the vectors. Zero means 64.
	Dimensions int

	requests, texts atomic.Int64
}

// Embed implements [frontdesk.Embedder].
func (e *HashEmbedder) Embed(ctx context.Context, texts []string, _ frontdesk.EmbedKind) ([][]float32, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(texts) == 0 {
		return nil, nil
	}
	e.requests.Add(1)
	e.texts.Add(int64(len(texts)))
	dimensions := e.Dimensions
	if dimensions == 0 {
		dimensions = 64
	}
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		vectors[i] = hashWords(text, dimensions)
	}
	return vectors, nil
}

// Requests tells how many calls of Embed had texts.
func (e *HashEmbedder) Requests() int { return int(e.requests.Load()) }

// Texts tells how many texts were embedded.
func (e *HashEmbedder) Texts() int { return int(e.texts.Load()) }

// hashWords sums up one pseudo-random direction for each word.
func hashWords(text string, dimensions int) []float32 {
	vector := make([]float32, dimensions)
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	for _, word := range append(words, "") { // never the zero vector
		h := fnv.New64a()
		_, _ = h.Write([]byte(word)) // never fails
		state := h.Sum64() | 1
		for i := range vector {
			state ^= state << 13
			state ^= state >> 7
			state ^= state << 17
			vector[i] += float32(int32(state>>32)) / (1 << 31)
		}
	}
	var square float64
	for _, x := range vector {
		square += float64(x) * float64(x)
	}
	for i := range vector {
		vector[i] = float32(float64(vector[i]) / math.Sqrt(square))
	}
	return vector
}
