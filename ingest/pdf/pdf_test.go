package pdf_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/ingest"
	"github.com/frontdesk-go/frontdesk/ingest/pdf"
)

// decoder is shared, since compiling PDFium takes seconds.
var decoder *pdf.Decoder

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "pdf")
	if err != nil {
		log.Fatal(err)
	}
	decoder = &pdf.Decoder{CacheDir: folder}
	for range decoder.Decode(context.Background(), "none.pdf", nil) {
		break // compiled now, which is no input's fault
	}
	code := m.Run()
	if err := errors.Join(decoder.Close(), os.RemoveAll(folder)); err != nil {
		log.Print(err)
		code = 1
	}
	os.Exit(code)
}

func read(t *testing.T, d *pdf.Decoder, name string, data []byte) (found []ingest.Document, reasons []string) {
	t.Helper()
	for doc, err := range d.Decode(t.Context(), name, data) {
		if err != nil {
			reasons = append(reasons, err.Error())
			continue
		}
		found = append(found, doc)
	}
	return found, reasons
}

func testFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return data
}

func TestTwoColumns(t *testing.T) {
	found, reasons := read(t, decoder, "two-columns.pdf", testFile(t, "two-columns.pdf"))
	require.Empty(t, reasons)
	require.Len(t, found, 1)
	assert.Equal(t, "two columns", found[0].Title)
	last := 0
	for _, part := range []string{
		"\n\nReturning an item\n\nYou may return any item within 30 days of delivery.",
		"Efficient handling of officially sufficient returns needs the label", // ligatures, and words that were divided
		"12.50 EUR, which we keep back from the refund. This is the last sentence of the first column.\n\nWarranty\n\nThis is the first sentence of the second column.",
		"send us a photograph and the number of the order.",
		"This is the last sentence of the second column.",
	} {
		at := strings.Index(found[0].Text, part)
		require.GreaterOrEqual(t, at, last, "%q in %s", part, found[0].Text)
		last = at
	}
	assert.False(t, strings.HasSuffix(strings.TrimSpace(found[0].Text), "1"), "no page number")
}

func TestManual(t *testing.T) {
	found, reasons := read(t, decoder, "manual.pdf", testFile(t, "manual.pdf"))
	require.Empty(t, reasons)
	require.Len(t, found, 1)
	assert.Equal(t, "Manual of the Brass Lamp", found[0].Title)
	var titles []string
	for _, p := range new(ingest.Splitter).Split("manuals", &found[0]) {
		titles = append(titles, p.Title)
	}
	assert.Equal(t, []string{
		"Manual of the Brass Lamp",
		"Manual of the Brass Lamp — 1 Safety",
		"Manual of the Brass Lamp — 2 Specifications",
		"Manual of the Brass Lamp — 2 Specifications — 2.1 Bulbs",
		"Manual of the Brass Lamp — 3 Troubleshooting",
		"Manual of the Brass Lamp — 4 Disposal",
	}, titles)
	assert.Contains(t, found[0].Text, "LAMP-BRS-02 60 W 89.90 EUR")
	assert.Contains(t, found[0].Text, "We recommend light-emitting diodes.")
	assert.NotContains(t, found[0].Text, "TROUBLESHOOTING", "the running title is left out")
}

func TestScannedPage(t *testing.T) {
	found, reasons := read(t, decoder, "scanned.pdf", testFile(t, "scanned.pdf"))
	assert.Empty(t, found)
	require.Len(t, reasons, 1)
	assert.Contains(t, reasons[0], "its 1 pages are images")

	// Among others it is reported by itself.
	text := "BT /F 12 Tf 72 700 Td (This page has a sentence of some length.) Tj ET"
	found, reasons = read(t, decoder, "mixed.pdf", build(text, "0 0 m 100 100 l S", ""))
	require.Len(t, found, 1)
	assert.Equal(t, "This page has a sentence of some length.", found[0].Text)
	assert.Equal(t, []string{"mixed.pdf#page=2: the page has no text, only images"}, reasons, "an empty page is no image")
}

// build makes a file of pages with the given contents.
func build(contents ...string) []byte {
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", ""}
	var kids []string
	for _, content := range contents {
		kids = append(kids, fmt.Sprintf("%d 0 R", len(objects)+1))
		var packed bytes.Buffer
		w := zlib.NewWriter(&packed)
		_, _ = w.Write([]byte(content)) // into memory: it cannot fail
		_ = w.Close()
		objects = append(objects,
			fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>/Contents %d 0 R>>", len(objects)+2),
			fmt.Sprintf("<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream", packed.Len(), packed.String()))
	}
	objects[1] = fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", strings.Join(kids, " "), len(kids))
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	var offsets []int
	for i, object := range objects {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.Bytes()
}

func TestHostileFiles(t *testing.T) {
	for name, c := range map[string]struct {
		data    []byte
		timeout time.Duration
		reason  string
	}{
		"empty":      {nil, 0, "it cannot be opened"},
		"no pdf":     {[]byte("%PDF-1.4 not really"), 0, "it cannot be opened"},
		"bomb":       {build(strings.Repeat("                ", 64<<20)), 2 * time.Second, ""},
		"no time":    {testFile(t, "manual.pdf"), 1, "takes longer than 1ns"},
		"cut":        {testFile(t, "manual.pdf")[:30_000], 0, ""},
		"no page":    {build(), 0, "it has no text"},
		"many pages": {build(make([]string, 50)...), 0, "it has 50 pages, more than the 40"},
	} {
		t.Run(name, func(t *testing.T) {
			d := &pdf.Decoder{CacheDir: decoder.CacheDir, Timeout: c.timeout, MaxPages: 40}
			defer d.Close()
			found, reasons := read(t, d, "x.pdf", c.data)
			assert.Empty(t, found)
			require.Len(t, reasons, 1)
			assert.Contains(t, reasons[0], c.reason)

			d.Timeout = 0
			found, reasons = read(t, d, "y.pdf", testFile(t, "manual.pdf"))
			assert.Empty(t, reasons)
			assert.Len(t, found, 1, "the next file is read all the same")
		})
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range decoder.Decode(ctx, "x.pdf", testFile(t, "manual.pdf")) {
		assert.ErrorIs(t, err, context.Canceled)
	}
}

func TestClosed(t *testing.T) {
	d := new(pdf.Decoder)
	require.NoError(t, d.Close())
	_, reasons := read(t, d, "x.pdf", testFile(t, "manual.pdf"))
	assert.Equal(t, []string{"the decoder is closed"}, reasons)
}

func TestInAFolder(t *testing.T) {
	folder := ingest.Folder{
		FS:       fstest.MapFS{"lamps/manual.pdf": {Data: testFile(t, "manual.pdf")}, "scan.pdf": {Data: testFile(t, "scanned.pdf")}},
		BaseURL:  "https://shop.example/",
		Decoders: map[string]ingest.Decoder{".pdf": decoder},
	}
	var ids, skipped []string
	for doc, err := range folder.Documents(t.Context()) {
		var skip *ingest.SkipError
		if errors.As(err, &skip) {
			skipped = append(skipped, skip.Document)
			continue
		}
		require.NoError(t, err)
		ids = append(ids, doc.ID+" "+doc.URL)
	}
	assert.Equal(t, []string{"lamps/manual.pdf https://shop.example/lamps/manual.pdf"}, ids)
	assert.Equal(t, []string{"scan.pdf"}, skipped)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(testFile(f, "scanned.pdf"))
	f.Add(testFile(f, "manual.pdf"))
	f.Add(build("BT /F 12 Tf 72 700 Td (Some text) Tj ET"))
	f.Fuzz(func(t *testing.T, data []byte) {
		count := 0
		for doc, err := range decoder.Decode(t.Context(), "x.pdf", data) {
			count++
			if err == nil && strings.TrimSpace(doc.Text) == "" {
				t.Error("a document without text")
			}
		}
		if count == 0 {
			t.Error("neither a document nor a reason")
		}
	})
}
