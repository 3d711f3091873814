package ingest_test

import (
	"context"
	"errors"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/ingest"
)

// target is a Target in memory.
type target struct {
	mu       sync.Mutex
	passages map[string][]frontdesk.Passage // by source
	vectors  map[string][]float32           // by passage
	replaced int
	fail     error
}

func (t *target) Documents(_ context.Context, source string) (map[string]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	documents := make(map[string]string)
	for _, passage := range t.passages[source] {
		documents[passage.Document] = passage.Version
	}
	return documents, nil
}

func (t *target) Replace(_ context.Context, source string, documents []string, passages []frontdesk.Passage, vectors [][]float32) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fail != nil {
		return t.fail
	}
	if vectors != nil && len(vectors) != len(passages) {
		return errors.New("passages and vectors differ in number")
	}
	if t.passages == nil {
		t.passages, t.vectors = make(map[string][]frontdesk.Passage), make(map[string][]float32)
	}
	rest := slices.DeleteFunc(slices.Clone(t.passages[source]), func(p frontdesk.Passage) bool { return slices.Contains(documents, p.Document) })
	t.passages[source] = append(rest, passages...)
	for i, vector := range vectors {
		t.vectors[passages[i].ID] = vector
	}
	t.replaced++
	return nil
}

// documents returns the ids of the documents held of a source.
func (t *target) documents(source string) []string {
	held, _ := t.Documents(context.Background(), source)
	return slices.Sorted(maps.Keys(held))
}

// embedder is an Embedder whose vectors tell texts apart and nothing else.
type embedder struct {
	mu    sync.Mutex
	texts []string
	calls int
	after func(calls int) error // may fail the call
}

func (e *embedder) Embed(ctx context.Context, texts []string, kind frontdesk.EmbedKind) ([][]float32, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if kind != frontdesk.EmbedPassage {
		return nil, errors.New("not a passage")
	}
	e.calls++
	if e.after != nil {
		if err := e.after(e.calls); err != nil {
			return nil, err
		}
	}
	e.texts = append(e.texts, texts...)
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		h := fnv.New32a()
		h.Write([]byte(text))
		vectors[i] = []float32{float32(h.Sum32()%1000) / 1000, 1}
	}
	return vectors, ctx.Err()
}

func files(contents map[string]string) ingest.Folder {
	folder := make(fstest.MapFS, len(contents))
	for name, content := range contents {
		folder[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return ingest.Folder{FS: folder}
}

// documents drains a source.
func documents(t *testing.T, source ingest.Source) ([]ingest.Document, map[string]string) {
	t.Helper()
	var found []ingest.Document
	skipped := make(map[string]string)
	for doc, err := range source.Documents(t.Context()) {
		var skip *ingest.SkipError
		if errors.As(err, &skip) {
			skipped[skip.Document] = skip.Reason.Error()
			continue
		}
		require.NoError(t, err)
		found = append(found, doc)
	}
	return found, skipped
}
