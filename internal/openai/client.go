// Package openai carries requests to OpenAI-compatible hosts. It is the only
// package that uses openai-go, and uses it as a transport: its options,
// middleware and HTTP client are openai-go's, while the bytes that go out and
// come back are the caller's. Its encoder copies a transcript several times over,
// and its stream decoder takes a stream that broke off for a whole one.
package openai

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// Client sends requests to one host. It is safe for concurrent use.
type Client struct {
	client  openai.Client
	base    *url.URL
	key     string
	options bool // the caller gave some, which may change the body
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
func New(baseURL, key string, options []option.RequestOption) (*Client, error) {
	base, err := url.Parse(strings.TrimSuffix(baseURL, "/") + "/")
	if err != nil {
		return nil, err
	}
	all := []option.RequestOption{
		option.WithMiddleware(outermost),
		option.WithBaseURL(base.String()),
		option.WithHTTPClient(&http.Client{Transport: newTransport(), CheckRedirect: sameHost}),
		// Every attempt is a request that somebody pays for: the caller
		// decides about another.
		option.WithMaxRetries(0),
	}
	if key != "" {
		all = append(all, option.WithAPIKey(key))
	}
	return &Client{client: openai.Client{Options: append(all, options...)}, base: base, key: key, options: len(options) > 0}, nil
}

// sameHost is the redirects that are followed: what a customer says is for one
// host.
func sameHost(request *http.Request, via []*http.Request) error {
	switch first := via[0].URL; {
	case request.URL.Scheme != first.Scheme || request.URL.Host != first.Host:
		return fmt.Errorf("the host redirects to %s, which is another: set the base URL to it if it is right", request.URL.Host)
	case len(via) >= 10:
		return errors.New("the host redirects in a circle")
	default:
		return nil
	}
}

// exchange is what a request and the outermost middleware tell each other.
type exchange struct {
	client *Client
	accept string
	body   Body         // nil if openai-go has it
	failed *StatusError // of the last attempt
}

type exchangeKey struct{}

// Post sends body and returns the answer, whose body the caller closes. An
// answer with a status of 300 or more is a *StatusError.
func (c *Client) Post(ctx context.Context, path string, body Body, accept string) (*http.Response, error) {
	exchange := &exchange{client: c, accept: accept, body: body}
	var params any
	if c.options {
		// Some of the caller's options change the body, and need it whole.
		params, exchange.body = bytes.Join(body, nil), nil
	}
	return c.do(ctx, exchange, http.MethodPost, path, params)
}

// Get asks for a document, under the same terms as Post.
func (c *Client) Get(ctx context.Context, path string) (*http.Response, error) {
	return c.do(ctx, &exchange{client: c, accept: "application/json"}, http.MethodGet, path, nil)
}

func (c *Client) do(ctx context.Context, exchange *exchange, method, path string, params any) (*http.Response, error) {
	var response *http.Response
	ctx = context.WithValue(ctx, exchangeKey{}, exchange)
	err := c.client.Execute(ctx, method, path, params, &response)
	switch {
	case exchange.failed != nil:
		return nil, exchange.failed
	case err != nil:
		return nil, err
	default:
		return response, nil
	}
}

// outermost is the first middleware. It drops the headers that tell of the
// machine this runs on, puts the body in that openai-go would copy, and keeps
// error answers before openai-go decodes them, because it loses the status of
// those it does not understand.
func outermost(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	exchange := request.Context().Value(exchangeKey{}).(*exchange)
	for name := range request.Header {
		if strings.HasPrefix(name, "X-Stainless-") {
			delete(request.Header, name)
		}
	}
	if len(request.Header["Accept"]) == 0 || request.Header["Accept"][0] == "application/json" {
		request.Header["Accept"] = []string{exchange.accept}
	}
	// An option may have set another address: the key is not for it.
	if c := exchange.client; request.URL.Host != c.base.Host && request.Header.Get("Authorization") == "Bearer "+c.key {
		request.Header.Del("Authorization")
	}
	if body := exchange.body; body != nil {
		request.Header["Content-Type"] = []string{"application/json"}
		request.ContentLength = body.len()
		request.GetBody = func() (io.ReadCloser, error) { return body.open(), nil }
		request.Body = body.open()
	}
	exchange.failed = nil
	response, err := next(request)
	if err == nil {
		exchange.failed = failure(request, response)
	}
	return response, err
}

// failure reads an answer that is an error, and leaves others alone.
func failure(request *http.Request, response *http.Response) *StatusError {
	if response.StatusCode < http.StatusMultipleChoices {
		return nil
	}
	// A body that breaks off has told enough: the status must do.
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
	response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	return &StatusError{Status: response.StatusCode, Header: response.Header, Body: body, request: request}
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
