// Package openai carries requests to OpenAI-compatible hosts. It is the only
// package that uses openai-go, and uses it as a transport: authentication,
// headers, middleware and the HTTP client are openai-go's, while the bytes that
// go out and come back are the caller's. Its encoder copies a transcript several
// times over, and its stream decoder takes a stream that broke off for a whole
// one.
package openai

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// Client sends requests to one host. It is safe for concurrent use.
type Client struct {
	client  openai.Client
	options bool   // the caller gave some
	host    string // for which the key is
	key     string
}

// StatusError is an answer with a status of 300 or more.
type StatusError struct {
	Status int
	Header http.Header
	Body   []byte // at most 64 KB of it

	request *http.Request
}

// Error tells the status alone: what the host said may be long, or secret.
func (e *StatusError) Error() string { return fmt.Sprintf("status %d", e.Status) }

// Redact replaces the keys of the request where they stand in text: some hosts
// repeat the key that they refuse.
func (e *StatusError) Redact(text string) string { return Redact(e.request, text) }

const maxErrorBody = 64 << 10

// New returns a client for the host at baseURL, such as
// "https://api.oxlo.ai/v1". An empty key sends no Authorization header.
// Options are applied last, so that they win.
//
// No variable of the environment has a say: openai.NewClient would send
// OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS to any host.
func New(baseURL, key string, options []option.RequestOption) *Client {
	all := []option.RequestOption{
		option.WithMiddleware(outermost),
		option.WithBaseURL(strings.TrimSuffix(baseURL, "/") + "/"),
		option.WithHTTPClient(&http.Client{Transport: newTransport()}),
		// Every attempt is a request that somebody pays for: the caller
		// decides about another.
		option.WithMaxRetries(0),
	}
	if key != "" {
		all = append(all, option.WithAPIKey(key))
	}
	c := &Client{client: openai.Client{Options: append(all, options...)}, options: len(options) > 0, key: key}
	if address, err := url.Parse(baseURL); err == nil {
		c.host = address.Host
	}
	return c
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
	if b.len() <= wholeUpTo {
		return io.NopCloser(bytes.NewReader(bytes.Join(b, nil)))
	}
	return &bodyReader{rest: slices.Clone(b)}
}

// bodyReader reads a Body. It is not an io.MultiReader because net/http reads
// from one of those with a large buffer of its own.
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

// exchange is what a request and the outermost middleware tell each other.
type exchange struct {
	client *Client
	body   Body
	failed *StatusError // of the last attempt
}

type exchangeKey struct{}

// Post sends body and returns the answer, whose body the caller closes. An
// answer with a status of 300 or more is a *StatusError.
func (c *Client) Post(ctx context.Context, path string, body Body, accept string) (*http.Response, error) {
	exchange := &exchange{client: c, body: body}
	var params any
	if c.options {
		// Some of the caller's options change the body, and need it whole.
		params, exchange.body = bytes.Join(body, nil), nil
	}
	return c.do(ctx, exchange, http.MethodPost, path, params, option.WithHeader("Accept", accept))
}

// Get asks for a document, under the same terms as Post.
func (c *Client) Get(ctx context.Context, path string) (*http.Response, error) {
	return c.do(ctx, &exchange{client: c}, http.MethodGet, path, nil)
}

func (c *Client) do(ctx context.Context, exchange *exchange, method, path string, params any, options ...option.RequestOption) (*http.Response, error) {
	var response *http.Response
	ctx = context.WithValue(ctx, exchangeKey{}, exchange)
	err := c.client.Execute(ctx, method, path, params, &response, options...)
	switch {
	case exchange.failed != nil:
		return nil, exchange.failed
	case err != nil:
		return nil, err
	default:
		return response, nil
	}
}

// outermost is the first middleware. It gives the request its body, drops the
// headers that tell of the machine this runs on, and keeps error answers before
// openai-go decodes them, because it loses the status of those it does not
// understand.
func outermost(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	for name := range request.Header {
		if strings.HasPrefix(name, "X-Stainless-") {
			request.Header.Del(name)
		}
	}
	exchange, ok := request.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return next(request)
	}
	// An option may have set another address: the key is not for it.
	if c := exchange.client; request.URL.Host != c.host && request.Header.Get("Authorization") == "Bearer "+c.key {
		request.Header.Del("Authorization")
	}
	if body := exchange.body; body != nil {
		request.Header.Set("Content-Type", "application/json")
		request.ContentLength = body.len()
		request.GetBody = func() (io.ReadCloser, error) { return body.open(), nil }
		request.Body = body.open()
	}
	exchange.failed = nil
	response, err := next(request)
	if err != nil || response.StatusCode < http.StatusMultipleChoices {
		return response, err
	}
	// A body that breaks off has told enough: the status must do.
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
	response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	exchange.failed = &StatusError{Status: response.StatusCode, Header: response.Header, Body: body, request: request}
	return response, nil
}

// secretHeaders are those that carry keys, whoever set them.
var secretHeaders = []string{"Authorization", "Api-Key", "X-Api-Key"}

// Redact replaces the keys that a request carries where they stand in text.
func Redact(request *http.Request, text string) string {
	for _, name := range secretHeaders {
		for _, value := range request.Header.Values(name) {
			secret := strings.TrimSpace(strings.TrimPrefix(value, "Bearer "))
			if len(secret) > 3 {
				text = strings.ReplaceAll(text, secret, "[API key]")
			}
		}
	}
	return text
}

// newTransport returns a transport for many conversations with one host: Go
// keeps only two idle connections to a host by default.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 5 * time.Minute, // a plain answer has no header before its last word
		MaxIdleConnsPerHost:   1024,            // a busy service has as many turns at once
		IdleConnTimeout:       90 * time.Second,
		ForceAttemptHTTP2:     true,
	}
}
