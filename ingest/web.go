package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Defaults of a [Web].
const (
	DefaultWebTimeout = 30 * time.Second
	mostRedirects     = 5
)

// Web is a [Source] of pages on the web, named one by one: it follows no links. A
// document's id is the address that was given.
//
// Addresses may come from people, and pages may redirect: so it connects to public
// addresses alone. What is checked is the address that is about to be dialled, after
// the name was resolved and at each redirect, so that a name that points somewhere
// else the next time does not help. A page that cannot be read is skipped, and the
// next one follows.
type Web struct {
	// URLs are the pages: http or https, on their usual ports, without a user.
	URLs []string

	// Decoders say by extension, such as ".pdf", how pages are read, beside those
	// of [Decoders], or in their place. The content type of a page says which
	// extension counts or, if it says nothing, its path.
	Decoders map[string]Decoder

	// Allow are networks that may be dialled beside the public ones, such as
	// that of an intranet. There, any port may be.
	Allow []netip.Prefix

	// MaxBytes is the size from which on a page is skipped. Zero means
	// [DefaultMaxBytes]. Timeout bounds loading one page, redirects and all, and
	// reading it afterwards. Zero means [DefaultWebTimeout].
	MaxBytes int64
	Timeout  time.Duration
}

// ErrAddress says that a page is at an address that is not to be dialled.
var ErrAddress = errors.New("the address is not a public one: allow its network by Web.Allow if it is yours")

// Documents implements [Source].
func (w Web) Documents(ctx context.Context) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		decoders := Decoders()
		maps.Copy(decoders, w.Decoders)
		client := w.client()
		defer client.CloseIdleConnections()
		for _, address := range w.URLs {
			decoder, data, err := w.read(ctx, client, decoders, address)
			if ctx.Err() != nil {
				yield(Document{}, ctx.Err())
				return
			}
			if err != nil {
				if !yield(Document{}, skip(shownAddress(address), err)) {
					return
				}
				continue
			}
			for doc, err := range caught(ctx, w.timeout(), decoder, address, data) {
				if ctx.Err() != nil {
					yield(Document{}, ctx.Err())
					return
				}
				var skipped *SkipError
				if err != nil && !errors.As(err, &skipped) {
					err = skip(shownAddress(address), err)
				}
				if doc.URL == "" {
					doc.URL = address
				}
				if !yield(doc, err) {
					return
				}
			}
		}
	}
}

// shownAddress is an address without its user and password.
func shownAddress(address string) string {
	if parsed, err := url.Parse(address); err == nil && parsed.User != nil {
		parsed.User = nil
		return parsed.String()
	}
	return address
}

func (w Web) timeout() time.Duration {
	if w.Timeout == 0 {
		return DefaultWebTimeout
	}
	return w.Timeout
}

func (w Web) client() *http.Client {
	timeout := w.timeout()
	dialer := &net.Dialer{Timeout: timeout, Control: func(_, address string, _ syscall.RawConn) error { return w.check(address) }}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			Proxy:                  nil, // it would dial for us, whatever the address
			ForceAttemptHTTP2:      true,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost:    1,
		},
		CheckRedirect: func(request *http.Request, via []*http.Request) error {
			if len(via) > mostRedirects {
				return tooMuch("it redirects more than %d times", mostRedirects)
			}
			return checkURL(request.URL)
		},
	}
}

// checkURL refuses addresses that no page has.
func checkURL(address *url.URL) error {
	switch {
	case address.Scheme != "http" && address.Scheme != "https":
		return fmt.Errorf("its address begins with %q: http and https are read", address.Scheme)
	case address.Host == "":
		return errors.New("its address has no host")
	case address.User != nil:
		return errors.New("its address has a user: pages are read without one")
	}
	return nil
}

// special are the networks that are not public although they are global unicast
// addresses: the registries of special-purpose addresses of RFC 6890, with those of
// RFC 6052 and RFC 8215, which stand for IPv4 addresses, and 6to4 and Teredo.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("5f00::/16"), netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("::/96"),
	netip.MustParsePrefix("168.63.129.16/32"), // where Azure answers its machines
}

// check refuses to dial an address, a host in figures with a port, that is not public.
func (w Web) check(address string) error {
	dialled, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%s: %w", address, ErrAddress)
	}
	host := dialled.Addr().Unmap().WithZone("")
	if slices.ContainsFunc(w.Allow, func(network netip.Prefix) bool { return network.Contains(host) }) {
		return nil
	}
	public := host.IsGlobalUnicast() && !host.IsPrivate() && !slices.ContainsFunc(special, func(network netip.Prefix) bool { return network.Contains(host) })
	if port := dialled.Port(); !public || port != 80 && port != 443 {
		return fmt.Errorf("%s: %w", address, ErrAddress)
	}
	return nil
}

func (w Web) read(ctx context.Context, client *http.Client, decoders map[string]Decoder, address string) (Decoder, []byte, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, nil, errors.New("its address cannot be read")
	}
	if err := checkURL(parsed); err != nil {
		return nil, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("User-Agent", "frontdesk-ingest")
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("its host answers %s", response.Status)
	}
	extension := extensionOf(response.Header.Get("Content-Type"), response.Request.URL.Path)
	decoder := decoders[extension]
	if decoder == nil {
		return nil, nil, fmt.Errorf("nothing reads %s: give Web.Decoders one for %s", response.Header.Get("Content-Type"), extension)
	}
	most := w.MaxBytes
	if most == 0 {
		most = DefaultMaxBytes
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	switch {
	case err != nil:
		return nil, nil, err
	case int64(len(data)) > most:
		return nil, nil, tooMuch("it has more than %d bytes", most)
	}
	return decoder, data, nil
}

// extensions are what files of a content type are called.
var extensions = map[string]string{
	"text/html": ".html", "application/xhtml+xml": ".html", "text/markdown": ".md", "text/plain": ".txt", "text/csv": ".csv",
	"application/json": ".json", "application/pdf": ".pdf",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}

func extensionOf(contentType, name string) string {
	if kind, _, err := mime.ParseMediaType(contentType); err == nil && extensions[kind] != "" {
		if kind == "text/plain" && path.Ext(name) == ".md" {
			return ".md"
		}
		return extensions[kind]
	}
	if extension := strings.ToLower(path.Ext(name)); extension != "" {
		return extension
	}
	return ".html"
}
