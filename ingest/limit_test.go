package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/frontdesk-go/frontdesk/ingest"
)

// What is more than is read is left out with a LimitError, and the page beside it is
// read.
func TestWhatIsTooMuchIsLeftOut(t *testing.T) {
	const spanned = `<w:tcPr><w:gridSpan w:val="64"/></w:tcPr></w:tc>` // after a table in the cell, so that it counts
	nested := func(part, end string, levels int) string {
		return strings.Repeat(part, levels) + strings.Repeat(end, levels)
	}
	var mime strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&mime, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	parts := make(map[string]string)
	for i := range 10_001 {
		parts[fmt.Sprintf("../../etc/%d", i)] = ""
	}
	for name, content := range map[string]string{
		"packed.docx":    docx(t, p(strings.Repeat("bomb ", 2<<20)), nil),
		"parts.docx":     docx(t, p("Text."), parts),
		"deep.docx":      docx(t, nested("<w:sdt>", "</w:sdt>", 1000), nil),
		"spans.docx":     docx(t, strings.Repeat(`<w:tbl><w:tr><w:tc>`, 6)+p("bomb")+strings.Repeat(spanned+`</w:tr></w:tbl>`, 6), nil),
		"above.docx":     docx(t, `<w:tbl><w:tr><w:tc>`+p(strings.Repeat("a b ", 5000))+`</w:tc><w:tc>`+p("b")+`</w:tc></w:tr>`+strings.Repeat(`<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr></w:tc></w:tr>`, 10_000)+`</w:tbl>`, nil),
		"notes.docx":     docx(t, `<w:p>`+strings.Repeat(`<w:r><w:footnoteReference w:id="1"/></w:r>`, 10_000)+`</w:p>`, map[string]string{"word/footnotes.xml": `<w:footnote w:id="1">` + p(strings.Repeat("a b ", 5000)) + `</w:footnote>`}),
		"large.html":     "<p>" + strings.Repeat("text ", 2<<20),
		"elements.html":  strings.Repeat("<p>x</p>", 300_000),
		"span.html":      "<main><table><tr>" + strings.Repeat("<td colspan=1000 rowspan=65534>bomb</td>", 100) + "</tr></table></main>",
		"deep.eml":       "Subject: x\n" + mime.String(),
		"parts.eml":      "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: text/plain\n\nx\n", 1000) + "--b--\n",
		"text.eml":       "Subject: x\n\n" + strings.Repeat("text ", 1<<20),
		"too-large.html": strings.Repeat("text ", 8<<20),
	} {
		t.Run(name, func(t *testing.T) {
			limited := 0
			pages := 0
			for doc, err := range files(map[string]string{name: content, "zz.md": "# Returns\n\nFourteen days."}).Documents(t.Context()) {
				if err == nil {
					assert.Equal(t, "zz.md", doc.ID)
					pages++
					continue
				}
				var limit *ingest.LimitError
				if assert.ErrorAs(t, err, &limit) {
					assert.NotEmpty(t, limit.Reason)
					limited++
				}
			}
			assert.Equal(t, 1, limited)
			assert.Equal(t, 1, pages)
		})
	}
}

// What is nested a million levels deep ends no run, whatever a parser makes of it.
func TestAMillionLevels(t *testing.T) {
	for name, content := range map[string]string{
		"list.json": strings.Repeat("[", 1e6) + strings.Repeat("]", 1e6),
		"maps.json": `{"id":1,"text":` + strings.Repeat(`{"a":`, 1e6) + "1" + strings.Repeat("}", 1e6) + "}",
		"divs.html": strings.Repeat("<div>", 1e6) + "x",
	} {
		t.Run(name, func(t *testing.T) {
			found, skipped := documents(t, files(map[string]string{name: content, "zz.md": "# Returns\n\nFourteen days."}))
			assert.Len(t, found, 1)
			assert.Contains(t, skipped, name)
		})
	}
}

// A merged cell is repeated while it is small.
func TestMergedCellsAreRepeated(t *testing.T) {
	found, _ := decode(t, "a.html", `<main><h1>Fees</h1><p>These are the fees that we charge.</p><table><tr><th>Where</th><th>Fee</th></tr><tr><td rowspan=2>Europe</td><td>1</td></tr><tr><td>2</td></tr></table></main>`)
	require.Len(t, found, 1)
	assert.Equal(t, 2, strings.Count(found[0].Text, "Europe"))
}

func TestTitlesShowAllTheyHold(t *testing.T) {
	for name, content := range map[string]string{
		"a\u202egnp\u200b\x1b[2J.txt": "Text.",
		"b.eml":                       "Subject: agnp\u202e\u2066[2J\x07\n\nText.",
		"c.md":                        "---\ntitle: \"a\u202egnp\u200b[2J\"\n---\nText.",
	} {
		found, skipped := decode(t, name, content)
		require.Len(t, found, 1, "%q: %v", name, skipped)
		assert.Equal(t, "agnp[2j", strings.ToLower(found[0].Title), "%q", name)
	}
}

// resolve makes a name resolve to the given addresses, one after the other.
func resolve(t *testing.T, addresses ...string) *atomic.Int32 {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	asked := new(atomic.Int32)
	go func() {
		data := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(data)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(data[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if question := m.Questions[0]; question.Type == dnsmessage.TypeA {
				at := min(int(asked.Add(1)), len(addresses)) - 1
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: question.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
					Body:   &dnsmessage.AResource{A: netip.MustParseAddr(addresses[at]).As4()},
				}}
			}
			answer, err := m.Pack()
			if err == nil {
				_, _ = server.WriteTo(answer, from)
			}
		}
	}()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	t.Cleanup(func() { net.DefaultResolver = before; server.Close() })
	return asked
}

// A name that was allowed once leads nowhere else the next time.
func TestWebIsNotReboundByNames(t *testing.T) {
	listener, err := net.Listen("tcp4", "0.0.0.0:0")
	require.NoError(t, err)
	var served atomic.Int32
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, "<main><p>Returns take 14 days, and cost nothing at all within Europe.</p></main>")
	})}}
	server.Start()
	defer server.Close()
	asked := resolve(t, "127.0.0.2", "127.0.0.1")
	page := fmt.Sprintf("http://shop.example:%d/", listener.Addr().(*net.TCPAddr).Port)
	pages, skipped := webPages(t, ingest.Web{
		URLs: []string{page + "a", page + "b"}, Timeout: 5 * time.Second,
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")},
	})
	assert.Len(t, pages, 1)
	require.Len(t, skipped, 1)
	assert.ErrorIs(t, skipped[0], ingest.ErrAddress)
	assert.Equal(t, int32(1), served.Load())
	assert.Equal(t, int32(2), asked.Load())
}

// A page that never ends is left out by its size; a decoder that panics costs its page.
func TestWebBoundsPages(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := fmt.Fprint(w, strings.Repeat("x", 1000)); err != nil || r.URL.Path == "/panic.boom" {
				return
			}
		}
	}))
	defer server.Close()
	pages, skipped := webPages(t, ingest.Web{
		URLs: []string{server.URL + "/endless", server.URL + "/panic.boom"}, Allow: loopback, MaxBytes: 100_000, Timeout: 5 * time.Second,
		Decoders: map[string]ingest.Decoder{".txt": ingest.DecoderFunc(nil)},
	})
	assert.Empty(t, pages)
	require.Len(t, skipped, 2)
	var limit *ingest.LimitError
	assert.ErrorAs(t, skipped[0], &limit)
	assert.ErrorContains(t, skipped[1], "panicked")
}

func TestAFileThatTakesTooLong(t *testing.T) {
	slow := ingest.DecoderFunc(func(ctx context.Context, name string, _ []byte) iter.Seq2[ingest.Document, error] {
		return func(yield func(ingest.Document, error) bool) {
			if yield(ingest.Document{ID: name, Text: "first"}, nil) {
				<-ctx.Done()
				yield(ingest.Document{}, ctx.Err())
			}
		}
	})
	folder := ingest.Folder{
		FS:       fstest.MapFS{"a.slow": {Data: []byte("a")}, "b.txt": {Data: []byte("b")}},
		Decoders: map[string]ingest.Decoder{".slow": slow},
		Timeout:  50 * time.Millisecond,
	}
	var ids []string
	late := 0
	for doc, err := range folder.Documents(t.Context()) {
		var limit *ingest.LimitError
		if errors.As(err, &limit) {
			late++
			continue
		}
		require.NoError(t, err)
		ids = append(ids, doc.ID)
	}
	assert.Equal(t, []string{"a.slow", "b.txt"}, ids)
	assert.Equal(t, 1, late)
}

// Where tags are closed in the wrong order, the time to put them in order grows with
// the square of their number: this page would take many minutes.
func TestTagsThatTakeLong(t *testing.T) {
	page := []byte(strings.Repeat("<p>a<a>", 1<<20))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	for _, err := range (ingest.HTML{}).Decode(ctx, "page.html", page) {
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	}
}
