package ingest_test

import (
	"context"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/ingest"
)

func TestFrontMatter(t *testing.T) {
	found, skipped := decode(t, "a.md", `---
title: "Fees: all of them"
url: https://shop.example/fees
tenant: acme
audience: [staff, "gold members"]
labels: {product: lamp, year: 2026}
language: en
valid_from: 2026-01-01
valid_until: 2026-01-31
sidebar_position: 3
---
# Fees
<!-- TODO: ask legal -->
Free.
`)
	require.Empty(t, skipped)
	require.Len(t, found, 1)
	assert.Equal(t, ingest.Document{
		ID: "a.md", Title: "Fees: all of them", URL: "https://shop.example/fees", Text: "# Fees\n\nFree.\n",
		Attributes: ingest.Attributes{
			Tenant: "acme", Audience: []string{"staff", "gold members"}, Labels: map[string]string{"product": "lamp", "year": "2026", "language": "en"},
			ValidFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), ValidUntil: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
		},
	}, found[0])

	for matter, reason := range map[string]string{
		"draft: true":       "it is a draft",
		"published: false":  "it is not published",
		"internal: true":    "it is internal",
		"valid_until: soon": `valid_until: "soon" is no date`,
		"audience: []":      "audience names no group",
		"audience: {a: b}":  "front matter",
		"tenant: [a, b]":    "front matter",
		"title: [":          "front matter",
	} {
		found, skipped := decode(t, "a.md", "---\n"+matter+"\n---\nText.")
		assert.Empty(t, found, matter)
		assert.Contains(t, skipped["a.md"], reason, matter)
	}
	_, skipped = decode(t, "a.md", "+++\ndraft = true\n+++\nText.")
	assert.Contains(t, skipped["a.md"], "TOML")
	found, _ = decode(t, "a.md", "---\n\nNo front matter, but a line.")
	require.Len(t, found, 1)
	assert.Equal(t, "A", found[0].Title)
	found, _ = decode(t, "sub/send-it_back.md", "No heading.")
	assert.Equal(t, "Send it back", found[0].Title)
}

func TestMDX(t *testing.T) {
	found, skipped := decode(t, "a.mdx", `---
title: Payments
---
import { Card } from '../components'
import Tabs from "@theme/Tabs";
export const rate = 3

# Payments

{/* not for customers */}
<Card title="Which cards do you take?" icon={cards}>
  Visa and Mastercard.
</Card>

`+"```jsx\nimport { Card } from 'x'\n<Card title=\"a\" />\n```\n")
	require.Empty(t, skipped)
	require.Len(t, found, 1)
	text := found[0].Text
	assert.Contains(t, text, "**Which cards do you take?**\n\n\n  Visa and Mastercard.")
	assert.Contains(t, text, "```jsx\nimport { Card } from 'x'\n<Card title=\"a\" />\n```", "code stays")
	for _, no := range []string{"@theme", "rate", "not for", "icon", "</Card>"} {
		assert.NotContains(t, text, no)
	}
}

func TestFolder(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	write("index.md", "# Home\n\nHi.")
	write("help/fees.md", "---\nurl: /other\n---\nFree.")
	write("help/index.html", "<main><p>Help.</p>")
	write("help/notes.txt", "# not a heading\n\nPlain.")
	write(".git/x.md", "x")
	write("node_modules/y/README.md", "x")
	write("logo.png", "x")
	write("manual.pdf", "%PDF-1.4")
	write("broken.md", "\xff\xfe\x00")
	write("utf16.md", "\xff\xfe#\x00 \x00A\x00\r\x00\n\x00\xe4\x00")
	write("skipped.xyz", "x")
	write("boom.bad", "x")
	require.NoError(t, os.Symlink(filepath.Join(folder, "index.md"), filepath.Join(folder, "link.md")))
	huge, err := os.Create(filepath.Join(folder, "huge.md"))
	require.NoError(t, err)
	require.NoError(t, huge.Truncate(2<<30)) // takes no room
	require.NoError(t, huge.Close())

	found, skipped := documents(t, ingest.Folder{
		FS: os.DirFS(folder), BaseURL: "https://shop.example/docs/",
		Decoders: map[string]ingest.Decoder{".png": nil, ".bad": ingest.DecoderFunc(func(context.Context, string, []byte) iter.Seq2[ingest.Document, error] {
			return func(func(ingest.Document, error) bool) { panic("a bug") }
		})},
	})
	urls := make(map[string]string)
	for _, doc := range found {
		urls[doc.ID] = doc.URL
	}
	assert.Equal(t, map[string]string{
		"index.md":        "https://shop.example/docs",
		"help/fees.md":    "https://shop.example/other",
		"help/index.html": "https://shop.example/docs/help",
		"help/notes.txt":  "https://shop.example/docs/help/notes.txt",
		"utf16.md":        "https://shop.example/docs/utf16",
	}, urls)
	assert.Len(t, skipped, 6)
	assert.Contains(t, skipped["manual.pdf"], "the module ingest/pdf")
	assert.Contains(t, skipped["broken.md"], "UTF-16 and ends within a character")
	assert.Contains(t, skipped["skipped.xyz"], `no decoder for ".xyz" files`)
	assert.Contains(t, skipped["link.md"], "it is a link")
	assert.Contains(t, skipped["huge.md"], "2147483648 bytes")
	assert.Contains(t, skipped["boom.bad"], "the decoder panicked: a bug")
}

func TestFolderStops(t *testing.T) {
	source := files(map[string]string{"a.md": "A", "b.md": "B"})
	count := 0
	for range source.Documents(t.Context()) {
		count++
		break
	}
	assert.Equal(t, 1, count)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range source.Documents(ctx) {
		cancel()
		last = err
	}
	assert.ErrorIs(t, last, context.Canceled)

	for _, err := range (ingest.Folder{FS: os.DirFS(filepath.Join(t.TempDir(), "none"))}).Documents(t.Context()) {
		assert.ErrorIs(t, err, fs.ErrNotExist)
	}
}

func TestWithNarrows(t *testing.T) {
	source := ingest.Folder{FS: fstest.MapFS{
		"a.md": {Data: []byte("---\naudience: [staff, gold]\nlabels: {x: y}\nvalid_until: 2026-05-01\n---\nA")},
		"b.md": {Data: []byte("---\ntenant: other\n---\nB")},
		"c.md": {Data: []byte("---\naudience: staff\n---\nC")},
		"d.md": {Data: []byte("D")},
	}}
	until := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	found, skipped := documents(t, ingest.With(source, ingest.Attributes{Tenant: "acme", Audience: []string{"gold", "silver"}, Labels: map[string]string{"source": "help"}, ValidUntil: until}))
	require.Len(t, found, 2)
	assert.Equal(t, ingest.Attributes{Tenant: "acme", Audience: []string{"gold"}, Labels: map[string]string{"x": "y", "source": "help"}, ValidUntil: until}, found[0].Attributes)
	assert.Equal(t, ingest.Attributes{Tenant: "acme", Audience: []string{"gold", "silver"}, Labels: map[string]string{"source": "help"}, ValidUntil: until}, found[1].Attributes)
	assert.Contains(t, skipped["b.md"], `it says it is for tenant "other"`)
	assert.Contains(t, skipped["c.md"], `it says it is for ["staff"]`)
}
