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
	http *http.Client
	base *url.URL
	key  string

	// custom is openai-go's client if the caller gave options. Without any, it
	// would do nothing but copy the request and its headers several times.
	custom *openai.Client
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
	c := &Client{
		http: &http.Client{Transport: newTransport(), CheckRedirect: sameHost},
		base: base,
		key:  key,
	}
	if len(options) > 0 {
		all := []option.RequestOption{
			option.WithMiddleware(c.outermost),
			option.WithBaseURL(base.String()),
			option.WithHTTPClient(c.http),
			// Every attempt is a request that somebody pays for: the caller
			// decides about another.
			option.WithMaxRetries(0),
		}
		if key != "" {
			all = append(all, option.WithAPIKey(key))
		}
		c.custom = &openai.Client{Options: append(all, options...)}
	}
	return c, nil
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

// Post sends body and returns the answer, whose body the caller closes. An
// answer with a status of 300 or more is a *StatusError.
func (c *Client) Post(ctx context.Context, path string, body Body, accept string) (*http.Response, error) {
	if c.custom != nil {
		// Some of the caller's options change the body, and need it whole.
		return c.doCustom(ctx, http.MethodPost, path, bytes.Join(body, nil), option.WithHeader("Accept", accept))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.String()+path, nil)
	if err != nil {
		return nil, err
	}
	request.ContentLength = body.len()
	request.GetBody = func() (io.ReadCloser, error) { return body.open(), nil }
	request.Body = body.open()
	request.Header["Content-Type"] = []string{"application/json"}
	request.Header["Accept"] = []string{accept}
	return c.do(request)
}

// Get asks for a document, under the same terms as Post.
func (c *Client) Get(ctx context.Context, path string) (*http.Response, error) {
	if c.custom != nil {
		return c.doCustom(ctx, http.MethodGet, path, nil)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.String()+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header["Accept"] = []string{"application/json"}
	return c.do(request)
}

func (c *Client) do(request *http.Request) (*http.Response, error) {
	request.Header["User-Agent"] = []string{"frontdesk-go"}
	if c.key != "" {
		request.Header["Authorization"] = []string{"Bearer " + c.key}
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if failed := failure(request, response); failed != nil {
		return nil, failed
	}
	return response, nil
}

// exchange is what a request by openai-go's client and the outermost middleware
// tell each other.
type exchange struct {
	failed *StatusError // of the last attempt
}

type exchangeKey struct{}

func (c *Client) doCustom(ctx context.Context, method, path string, params any, options ...option.RequestOption) (*http.Response, error) {
	var (
		exchange exchange
		response *http.Response
	)
	ctx = context.WithValue(ctx, exchangeKey{}, &exchange)
	err := c.custom.Execute(ctx, method, path, params, &response, options...)
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
// machine this runs on, and keeps error answers before openai-go decodes them,
// because it loses the status of those it does not understand.
func (c *Client) outermost(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	for name := range request.Header {
		if strings.HasPrefix(name, "X-Stainless-") {
			request.Header.Del(name)
		}
	}
	// An option may have set another address: the key is not for it.
	if request.URL.Host != c.base.Host && request.Header.Get("Authorization") == "Bearer "+c.key {
		request.Header.Del("Authorization")
	}
	exchange := request.Context().Value(exchangeKey{}).(*exchange)
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
