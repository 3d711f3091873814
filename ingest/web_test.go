package ingest_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/ingest"
)

func webPages(t *testing.T, web ingest.Web) (pages []ingest.Document, skipped []error) {
	t.Helper()
	for doc, err := range web.Documents(t.Context()) {
		if err != nil {
			var skip *ingest.SkipError
			require.ErrorAs(t, err, &skip)
			skipped = append(skipped, err)
			continue
		}
		pages = append(pages, doc)
	}
	return pages, skipped
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func TestWeb(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/page":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<html><body><main><h1>Returns</h1><p>Returns take 14 days, and cost nothing at all within Europe.</p></main></body></html>")
		case "/notes.md":
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(w, "# Shipping\n\nShipping is free.")
		case "/moved":
			http.Redirect(w, r, "/page", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/large":
			for range 1000 {
				fmt.Fprint(w, strings.Repeat("x", 1000))
			}
		case "/slow":
			<-r.Context().Done()
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	web := ingest.Web{Allow: loopback, MaxBytes: 10_000, Timeout: time.Second, URLs: []string{
		server.URL + "/page", server.URL + "/notes.md", server.URL + "/moved",
		server.URL + "/loop", server.URL + "/large", server.URL + "/none", server.URL + "/slow",
		"ftp://shop.example/", "https://user:secret@shop.example/", "nonsense", "http://",
	}}
	pages, skipped := webPages(t, web)
	require.Len(t, pages, 3)
	assert.Contains(t, pages[0].Text, "Returns take 14 days")
	assert.Equal(t, server.URL+"/page", pages[0].URL)
	assert.Contains(t, pages[1].Text, "Shipping is free")
	require.Len(t, skipped, 8)
	assert.ErrorContains(t, skipped[0], "redirects")
	assert.ErrorContains(t, skipped[1], "more than 10000 bytes")
	assert.NotContains(t, errors.Join(skipped...).Error(), "secret@")
}

// Nothing but public addresses is dialled, however they are spelled.
func TestWebDialsPublicAddressesAlone(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked++ }))
	defer server.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	web := ingest.Web{Timeout: time.Second}
	for _, host := range []string{
		"127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]",
		"[64:ff9b::7f00:1]", "[2002:7f00:1::]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "100.64.0.1", "224.0.0.1",
		"255.255.255.255", "198.18.0.1", "192.0.2.1", "[2001:db8::1]", "[ff02::1]", "[fec0::1]",
	} {
		web.URLs = append(web.URLs, "http://"+host+":"+port+"/", "http://"+host+"/")
	}
	pages, skipped := webPages(t, web)
	assert.Empty(t, pages)
	assert.Len(t, skipped, len(web.URLs))
	assert.Zero(t, asked)
	for _, err := range skipped[:2] {
		assert.ErrorIs(t, err, ingest.ErrAddress)
	}
}

// A page that is allowed may not lead to one that is not.
func TestWebChecksEachRedirect(t *testing.T) {
	var asked atomic.Int32
	listener, err := net.Listen("tcp", "127.0.0.2:0") // of the same machine, and not allowed
	require.NoError(t, err)
	inner := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	inner.Listener = listener
	inner.Start()
	defer inner.Close()
	for _, target := range []string{
		inner.URL, strings.Replace(inner.URL, "127.0.0.2", "2130706434", 1), strings.Replace(inner.URL, "127.0.0.2", "[::ffff:127.0.0.2]", 1),
		"http://169.254.169.254/latest/meta-data/", "http://[::1]/", "file:///etc/passwd", "http://user@shop.example/", "gopher://shop.example/",
	} {
		t.Run(target, func(t *testing.T) {
			server := httptest.NewServer(http.RedirectHandler(target, http.StatusFound))
			defer server.Close()
			pages, skipped := webPages(t, ingest.Web{
				URLs:    []string{server.URL},
				Timeout: 5 * time.Second,
				Allow:   []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
			})
			assert.Empty(t, pages)
			assert.Len(t, skipped, 1)
		})
	}
	assert.Zero(t, asked.Load(), "an address that is not allowed was dialled")
}

func TestWebBoundsWhatIsUnpacked(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "text/plain")
		packed := gzip.NewWriter(w)
		defer packed.Close()
		for block := make([]byte, 1<<20); ; {
			if _, err := packed.Write(block); err != nil {
				return // without end
			}
		}
	}))
	defer server.Close()
	web := ingest.Web{URLs: []string{server.URL}, MaxBytes: 1 << 20, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	for _, err := range web.Documents(t.Context()) {
		var limit *ingest.LimitError
		assert.ErrorAs(t, err, &limit)
	}
}

func TestWebStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range (ingest.Web{URLs: []string{"https://shop.example/"}}).Documents(ctx) {
		require.ErrorIs(t, err, context.Canceled)
	}
}
