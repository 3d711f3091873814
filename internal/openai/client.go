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
	"strings"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// Client sends requests to one host. It is safe for concurrent use.
type Client struct{ client openai.Client }

// StatusError is an answer with a status of 300 or more.
type StatusError struct {
	Status int
	Header http.Header
	Body   []byte // at most 64 KB of it, without the request's keys
}

// Error tells the status alone: what the host said may be long, or secret.
func (e *StatusError) Error() string { return fmt.Sprintf("status %d", e.Status) }

const maxErrorBody = 64 << 10

// New returns a client for the host at baseURL, such as
// "https://api.oxlo.ai/v1". An empty key sends no Authorization header.
// Options are applied last, so that they win.
//
// No variable of the environment has a say: openai.NewClient would send
// OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS to any host.
func New(baseURL, key string, options []option.RequestOption) *Client {
	all := []option.RequestOption{
		option.WithMiddleware(statusErrors),
		option.WithBaseURL(strings.TrimSuffix(baseURL, "/") + "/"),
		option.WithHTTPClient(&http.Client{Transport: newTransport()}),
		// Every attempt is a request that somebody pays for: the caller
		// decides about another.
		option.WithMaxRetries(0),
	}
	if key != "" {
		all = append(all, option.WithAPIKey(key))
	}
	return &Client{openai.Client{Options: append(all, options...)}}
}

// Post sends body, a JSON document, and returns the answer, whose body the
// caller closes. An answer with a status of 300 or more is a *StatusError.
func (c *Client) Post(ctx context.Context, path string, body []byte, accept string) (*http.Response, error) {
	var response *http.Response
	var failed *StatusError // of the last attempt
	ctx = context.WithValue(ctx, failedKey{}, &failed)
	err := c.client.Post(ctx, path, body, &response, option.WithHeader("Accept", accept))
	switch {
	case failed != nil:
		return nil, failed
	case err != nil:
		return nil, err
	default:
		return response, nil
	}
}

// failedKey finds the place for the StatusError of a request in its context.
type failedKey struct{}

// statusErrors is the outermost middleware. It drops the headers that tell of
// the machine this runs on, and keeps error answers before openai-go decodes
// them, because it loses the status of those it does not understand.
func statusErrors(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	for name := range request.Header {
		if strings.HasPrefix(name, "X-Stainless-") {
			request.Header.Del(name)
		}
	}
	response, err := next(request)
	place, ok := request.Context().Value(failedKey{}).(**StatusError)
	if !ok {
		return response, err
	}
	*place = nil
	if err != nil || response.StatusCode < http.StatusMultipleChoices {
		return response, err
	}
	// A body that breaks off has told enough: the status must do.
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
	response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	*place = &StatusError{Status: response.StatusCode, Header: response.Header, Body: Redact(request, body)}
	return response, nil
}

// secretHeaders are those that carry keys, whoever set them.
var secretHeaders = []string{"Authorization", "Api-Key", "X-Api-Key"}

// Redact replaces the keys that a request carries where they stand in text.
func Redact(request *http.Request, text []byte) []byte {
	for _, name := range secretHeaders {
		for _, value := range request.Header.Values(name) {
			secret := strings.TrimSpace(strings.TrimPrefix(value, "Bearer "))
			if len(secret) > 3 {
				text = bytes.ReplaceAll(text, []byte(secret), []byte("[API key]"))
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
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       90 * time.Second,
		ForceAttemptHTTP2:     true,
	}
}
