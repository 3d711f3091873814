package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/ingest"
)

// try runs the program once and returns what it printed.
func try(t *testing.T, o options, queries ...string) string {
	t.Helper()
	o.model, o.results = "bge-large", 2
	var out strings.Builder
	require.NoError(t, run(t.Context(), o, strings.NewReader(strings.Join(queries, "\n")), &out, io.Discard))
	return out.String()
}

func TestFolderWithoutAKey(t *testing.T) {
	t.Setenv("OXLO_API_KEY", "")
	o := options{path: "../support/policies", out: filepath.Join(t.TempDir(), "kb.index"), cache: t.TempDir()}
	out := try(t, o, "my lamp arrived broken")
	assert.Contains(t, out, "Lexical: OXLO_API_KEY is not set")
	assert.Contains(t, out, "13 added, 0 changed, 0 removed, 0 unchanged, 0 skipped")
	assert.Contains(t, out, " 1. Damaged, faulty or wrong items — Something «arrived» damaged  (score ")
	assert.Contains(t, out, "https://help.lampandlinen.example/damaged-or-wrong-items")
	assert.Contains(t, out, "why: number 1 by words, BM25 ")

	out = try(t, o, "xylophone")
	assert.Contains(t, out, "0 added, 0 changed, 0 removed, 13 unchanged", "the snapshot was read")
	assert.Contains(t, out, "Nothing was found.")

	require.NoError(t, os.WriteFile(o.out, []byte("broken"), 0o600))
	out = try(t, o)
	assert.Contains(t, out, "is made anew")
	assert.Contains(t, out, "13 added")
}

func TestHybrid(t *testing.T) {
	requests := 0
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		var question struct{ Input []string }
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&question))
		type datum struct {
			Index     int       `json:"index"`
			Embedding []float64 `json:"embedding"`
		}
		var data []datum
		for i, text := range question.Input {
			vector := []float64{1, 0}
			if strings.Contains(text, "warranty") || strings.Contains(text, "guarantee") {
				vector = []float64{0, 1}
			}
			data = append(data, datum{i, vector})
		}
		assert.NoError(t, json.NewEncoder(w).Encode(map[string]any{"data": data}))
	}))
	defer host.Close()
	t.Setenv("OXLO_API_KEY", "key")
	t.Setenv("OXLO_BASE_URL", host.URL)
	o := options{path: "../support/policies", out: filepath.Join(t.TempDir(), "kb.index"), cache: t.TempDir()}

	out := try(t, o)
	assert.Contains(t, out, "in 1 requests, 0 vectors from the cache")
	assert.Equal(t, 1, requests)
	out = try(t, o, "guarantee")
	assert.Contains(t, out, "by meaning, cosine 1.000")
	assert.Equal(t, 2, requests, "one for the query")

	require.NoError(t, os.Remove(o.out))
	out = try(t, o)
	assert.Contains(t, out, "0 texts embedded in 0 requests, ")
	assert.Equal(t, 2, requests, "a lost snapshot costs none")
}

func TestTicketsAndFiles(t *testing.T) {
	t.Setenv("OXLO_API_KEY", "")
	file := filepath.Join(t.TempDir(), "tickets.jsonl")
	require.NoError(t, os.WriteFile(file, []byte(`{"id":"81","subject":"Broken lamp","status":"solved","messages":[{"role":"customer","text":"It broke. Call 030 901820."},{"role":"agent","text":"We have sent a new one."}]}
{"id":"82","subject":"Open","status":"open","messages":[]}
`), 0o600))
	o := options{path: file, out: filepath.Join(t.TempDir(), "kb.index"), cache: t.TempDir(), tickets: true, audience: "staff"}
	out := try(t, o, "lamp")
	assert.Contains(t, out, "1 added")
	assert.Contains(t, out, `skipped 82: its status is "open"`)
	assert.Contains(t, out, "Call [phone].")
}

func TestHighlight(t *testing.T) {
	assert.Equal(t, "«Lamps» and lampshades, «lamps»!", highlight("Lamps and lampshades, lamps!", []string{"lamp", "lamps"}, false))
	assert.Equal(t, "关于«退款»的", highlight("关于退款的", []string{"退款"}, false))
	assert.Equal(t, "…\nc\nd lamp\ne\nf\n…", excerpt("a\nb\nc\nd lamp\ne\nf\ng", []string{"lamp"}))
}

func TestBar(t *testing.T) {
	var out strings.Builder
	b := newBar(&out)
	b.show(ingest.Progress{Stage: ingest.Reading, Done: 1})
	b.show(ingest.Progress{Stage: ingest.Embedding, Total: 2})
	b.show(ingest.Progress{Stage: ingest.Embedding, Done: 2, Total: 2})
	assert.Contains(t, out.String(), "reading")
	assert.Contains(t, out.String(), "embedding 100%")
}
