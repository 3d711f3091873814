package openai

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"time"
)

// newTransport returns a transport for many conversations with one host: Go
// keeps only two idle connections to a host by default.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dial,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 5 * time.Minute, // a plain answer has no header before its last word
		MaxIdleConnsPerHost:   1024,            // a busy service has as many turns at once
		IdleConnTimeout:       90 * time.Second,
		ForceAttemptHTTP2:     true,
	}
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	connection, err := dialer.DialContext(ctx, network, address)
	if tcp, ok := connection.(*net.TCPConn); ok {
		return gatherer{tcp}, nil
	}
	return connection, err
}

// gatherer is a connection that sends a Body in one system call, where net/http
// would copy it through a buffer. It makes a difference without TLS alone.
type gatherer struct{ *net.TCPConn }

// ReadFrom implements [io.ReaderFrom]. Net/http bounds a body by its length.
func (c gatherer) ReadFrom(from io.Reader) (int64, error) {
	if limited, ok := from.(*io.LimitedReader); ok {
		if body, ok := limited.R.(*bodyReader); ok && limited.N >= body.rest.len() {
			return (*net.Buffers)(&body.rest).WriteTo(c.TCPConn)
		}
	}
	return c.TCPConn.ReadFrom(from)
}

// Body is a JSON document in pieces, which must not change any more.
type Body [][]byte

func (b Body) len() (n int64) {
	for _, piece := range b {
		n += int64(len(piece))
	}
	return n
}

// wholeUpTo is the size up to which a body is put together, in bytes: net/http
// sends one that it knows to be in memory in the same packet as its header.
const wholeUpTo = 32 << 10

func (b Body) open() io.ReadCloser {
	switch {
	case len(b) == 1:
		return io.NopCloser(bytes.NewReader(b[0]))
	case b.len() <= wholeUpTo:
		return io.NopCloser(bytes.NewReader(bytes.Join(b, nil)))
	default:
		return &bodyReader{rest: slices.Clone(b)}
	}
}

// bodyReader reads a Body.
type bodyReader struct{ rest Body }

func (r *bodyReader) Read(to []byte) (n int, err error) {
	for len(r.rest) > 0 && n < len(to) {
		copied := copy(to[n:], r.rest[0])
		n += copied
		if r.rest[0] = r.rest[0][copied:]; len(r.rest[0]) == 0 {
			r.rest = r.rest[1:]
		}
	}
	if n == 0 && len(to) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (r *bodyReader) Close() error { return nil }
