package frontdesk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// soon bounds what must happen at once, on a slow machine too.
const soon = 10 * time.Second

func TestOptions(t *testing.T) {
	// ask sends one request and returns what came over the wire.
	ask := func(t *testing.T, options ...option.RequestOption) received {
		t.Helper()
		h := newHost(t, answerHello)
		_, err := h.provider(options...).Generate(t.Context(), question(), nil)
		require.NoError(t, err)
		require.Len(t, h.received(), 1)
		return h.received()[0]
	}

	t.Run("WithHeader", func(t *testing.T) {
		got := ask(t, option.WithHeader("X-Team", "support"), option.WithHeader("User-Agent", "desk/1.0"))
		assert.Equal(t, "support", got.Header.Get("X-Team"))
		assert.Equal(t, "desk/1.0", got.Header.Get("User-Agent"))
	})
	t.Run("WithAPIKey wins over the field", func(t *testing.T) {
		assert.Equal(t, "Bearer other", ask(t, option.WithAPIKey("other")).Header.Get("Authorization"))
	})
	t.Run("WithHeaderDel drops the key for a proxy that adds its own", func(t *testing.T) {
		assert.NotContains(t, ask(t, option.WithHeaderDel("Authorization")).Header, "Authorization")
	})
	t.Run("WithQuery", func(t *testing.T) {
		assert.Equal(t, "/v1/chat/completions?api-version=2026-01-01", ask(t, option.WithQuery("api-version", "2026-01-01")).URI)
	})
	t.Run("WithJSONSet", func(t *testing.T) {
		got := ask(t, option.WithJSONSet("top_p", 0.9), option.WithJSONSet("chat_template_kwargs.enable_thinking", false))
		assert.JSONEq(t, `{"model":"m-1","messages":[{"role":"user","content":"Hi"}],"temperature":0.2,"max_tokens":100,
			"top_p":0.9,"chat_template_kwargs":{"enable_thinking":false}}`, got.Body)
	})
	t.Run("WithJSONDel", func(t *testing.T) {
		got := ask(t, option.WithJSONDel("temperature"), option.WithJSONDel("max_tokens"))
		assert.JSONEq(t, `{"model":"m-1","messages":[{"role":"user","content":"Hi"}]}`, got.Body)
	})
	t.Run("WithHTTPClient", func(t *testing.T) {
		var asked []string
		provider := &frontdesk.OpenAICompatible{BaseURL: "https://llm.example/v1", Options: []option.RequestOption{
			inProcess(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.URL.String())
				answerHello(w, r)
			}),
		}}
		response, err := provider.Generate(t.Context(), question(), nil)
		require.NoError(t, err)
		assert.Equal(t, "Hello!", response.Message.Text)
		assert.Equal(t, []string{"https://llm.example/v1/chat/completions"}, asked)
	})
	t.Run("WithRequestTimeout leaves an answer in time alone", func(t *testing.T) {
		bothWays(t, func(t *testing.T, stream bool) {
			response, _, _, err := generate(t.Context(), newHost(t, answerHello).provider(option.WithRequestTimeout(soon)), question(), stream)
			require.NoError(t, err)
			assert.Equal(t, "Hello!", response.Message.Text)
		})
	})
}

// TestMiddlewareSeesTheTruth is about tracing and logging that a team has
// already: it must see what went over the wire, errors included.
func TestMiddlewareSeesTheTruth(t *testing.T) {
	bothWays(t, func(t *testing.T, stream bool) {
		for _, status := range []int{200, 400, 429, 500} {
			t.Run(fmt.Sprint(status), func(t *testing.T) {
				h := newHost(t, answerHello)
				if status != 200 {
					h = newHost(t, answer(status, "application/json", `{"error":{"message":"as it was"}}`))
				}
				var sent, got, order string
				outer := func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
					order += "outer "
					return next(r)
				}
				spy := func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
					order += "inner"
					body, err := io.ReadAll(r.Body)
					require.NoError(t, err)
					sent = string(body)
					r.Body = io.NopCloser(bytes.NewReader(body))
					response, err := next(r)
					require.NoError(t, err, "an error status is not an error of the connection")
					assert.Equal(t, status, response.StatusCode)
					body, err = io.ReadAll(response.Body)
					require.NoError(t, err)
					got = string(body)
					response.Body.Close()
					response.Body = io.NopCloser(bytes.NewReader(body))
					return response, nil
				}
				response, _, _, err := generate(t.Context(), h.provider(option.WithMiddleware(outer, spy)), question(), stream)
				assert.Equal(t, "outer inner", order)
				assert.Equal(t, h.received()[0].Body, sent)
				if status == 200 {
					require.NoError(t, err)
					assert.Equal(t, "Hello!", response.Message.Text)
					assert.Contains(t, got, "Hello!")
					return
				}
				assert.Contains(t, got, "as it was")
				var refused *frontdesk.HostError
				require.ErrorAs(t, err, &refused)
				assert.Equal(t, status, refused.Status)
				assert.Equal(t, "as it was", refused.Message)
			})
		}
	})
	t.Run("and its own errors come back", func(t *testing.T) {
		errOffline := errors.New("egress is closed")
		h := newHost(t, answerHello)
		_, err := h.provider(option.WithMiddleware(func(*http.Request, option.MiddlewareNext) (*http.Response, error) {
			return nil, errOffline
		})).Generate(t.Context(), question(), nil)
		require.ErrorIs(t, err, errOffline)
		assert.Empty(t, h.received())
	})
}

func TestRetries(t *testing.T) {
	const quick = time.Nanosecond
	tests := []struct {
		name     string
		status   int
		retries  int
		requests int
	}{
		{"a broken host, by default", 500, 0, 1 + frontdesk.DefaultRetries},
		{"a busy host, as often as asked for", 503, 1, 2},
		{"a rate limit", 429, 1, 2},
		{"none at all: each request is paid for", 500, -1, 1},
		{"a refused key stays refused", 401, 2, 1},
		{"so does a bad request", 400, 2, 1},
		{"and a spent plan", 403, 2, 1},
		{"and a model that is not there", 404, 2, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				h := newHost(t, answer(test.status, "application/json", `{"error":{"message":"no"}}`))
				provider := h.provider()
				provider.Retries, provider.MaxWait = test.retries, quick
				_, _, _, err := generate(t.Context(), provider, question(), stream)
				var refused *frontdesk.HostError
				require.ErrorAs(t, err, &refused)
				assert.Equal(t, test.status, refused.Status)
				require.Len(t, h.received(), test.requests)
				for _, request := range h.received() {
					assert.Equal(t, h.received()[0].Body, request.Body, "each attempt carries the whole request")
				}
			})
		})
	}
	t.Run("until one succeeds, and all are counted", func(t *testing.T) {
		bothWays(t, func(t *testing.T, stream bool) {
			var asked atomic.Int32
			h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
				switch asked.Add(1) {
				case 1:
					answer(503, "text/html", "<html>busy</html>")(w, r)
				case 2:
					panic(http.ErrAbortHandler)
				default:
					answerHello(w, r)
				}
			})
			provider := h.provider()
			provider.Retries, provider.MaxWait = 2, quick
			response, _, _, err := generate(t.Context(), provider, question(), stream)
			require.NoError(t, err)
			assert.Equal(t, "Hello!", response.Message.Text)
			assert.Equal(t, 3, response.Requests)
		})
	})
	t.Run("nobody waits for one after the caller has gone", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		h := newHost(t, answer(503, "application/json", `{"error":"busy"}`))
		provider := h.provider(option.WithMiddleware(func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
			response, err := next(r)
			time.AfterFunc(50*time.Millisecond, cancel) // in the middle of the wait
			response.Header.Set("Retry-After", "20")
			return response, err
		}))
		provider.Retries = 1
		began := time.Now()
		_, err := provider.Generate(ctx, question(), nil)
		assert.Less(t, time.Since(began), soon)
		require.ErrorIs(t, err, context.Canceled)
		assert.Len(t, h.received(), 1)
	})
}

// TestRetriesOfOpenAIGo is about teams that have asked openai-go for retries:
// they are its own, by its own rules.
func TestRetriesOfOpenAIGo(t *testing.T) {
	// Waits are as short as openai-go allows.
	options := []option.RequestOption{option.WithMaxRetries(2), option.WithMaxRetryDelay(time.Nanosecond)}
	for status, requests := range map[int]int{400: 1, 401: 1, 403: 1, 404: 1, 429: 3, 500: 3, 503: 3} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			h := newHost(t, answer(status, "application/json", `{"error":{"message":"no"}}`))
			_, err := h.provider(options...).Generate(t.Context(), question(), nil)
			var refused *frontdesk.HostError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, status, refused.Status)
			assert.Len(t, h.received(), requests)
		})
	}
	t.Run("until one succeeds", func(t *testing.T) {
		var asked atomic.Int32
		h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == 1 {
				answer(503, "application/json", `{"error":"busy"}`)(w, r)
				return
			}
			answerHello(w, r)
		})
		response, err := h.provider(options...).Generate(t.Context(), question(), nil)
		require.NoError(t, err, "the error of the first attempt is forgotten")
		assert.Equal(t, "Hello!", response.Message.Text)
	})
}

// TestNoRedirectToAnotherHost is about where a customer's words may go.
func TestNoRedirectToAnotherHost(t *testing.T) {
	bothWays(t, func(t *testing.T, stream bool) {
		elsewhere := newHost(t, answerHello)
		h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
		})
		_, _, _, err := generate(t.Context(), h.provider(), question(), stream)
		require.Error(t, err)
		assert.Empty(t, elsewhere.received())
	})
}

// bodies is a transport that counts the answers whose body was not closed.
type bodies struct {
	http.Transport
	open, opened atomic.Int32
}

type countedBody struct {
	io.ReadCloser
	once  sync.Once
	owner *bodies
}

func (b *bodies) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.Transport.RoundTrip(r)
	if err == nil {
		b.open.Add(1)
		b.opened.Add(1)
		response.Body = &countedBody{ReadCloser: response.Body, owner: b}
	}
	return response, err
}

func (c *countedBody) Close() error {
	c.once.Do(func() { c.owner.open.Add(-1) })
	return c.ReadCloser.Close()
}

func TestEveryBodyIsClosed(t *testing.T) {
	half := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"choices":[{"message":{"content":"Hel`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	for name, handler := range map[string]http.HandlerFunc{
		"answer":          answerHello,
		"status":          answer(500, "application/json", `{"error":"down"}`),
		"error in stream": answerStream(events(`{"error":{"message":"down"}}`)),
		"cut stream":      answerStream(events(`{"choices":[{"delta":{"content":"Hel"}}]}`)),
		"broken":          half,
		"not an answer":   answer(200, "text/html", "<html></html>"),
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				transport := new(bodies)
				defer transport.CloseIdleConnections()
				provider := newHost(t, handler).provider(option.WithHTTPClient(&http.Client{Transport: transport}))
				_, _, _, err := generate(t.Context(), provider, question(), stream)
				assert.Equal(t, name == "answer", err == nil, "%v", err)
				assert.EqualValues(t, 1, transport.opened.Load())
				assert.Zero(t, transport.open.Load(), "bodies left open")
			})
		})
	}
}

func TestCancellation(t *testing.T) {
	t.Run("before the request", func(t *testing.T) {
		bothWays(t, func(t *testing.T, stream bool) {
			h := newHost(t, answerHello)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, _, _, err := generate(ctx, h.provider(), question(), stream)
			require.ErrorIs(t, err, context.Canceled)
			assert.Empty(t, h.received())
		})
	})

	// during cancels while the host works on an answer, of which it has sent
	// the beginning, and expects the host to notice.
	during := func(t *testing.T, contentType, beginning string, stream bool, want error, start func(context.Context) (context.Context, context.CancelFunc)) {
		ctx, cancel := start(t.Context())
		defer cancel()
		gone := make(chan struct{})
		h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
			if beginning != "" {
				w.Header().Set("Content-Type", contentType)
				_, _ = io.WriteString(w, beginning)
				_ = http.NewResponseController(w).Flush()
			}
			cancel()
			<-r.Context().Done()
			close(gone)
		})
		began := time.Now()
		response, _, _, err := generate(ctx, h.provider(), question(), stream)
		require.ErrorIs(t, err, want)
		assert.Nil(t, response)
		assert.NotErrorIs(t, err, frontdesk.ErrTruncated, "the caller did this, not the host")
		assert.Less(t, time.Since(began), soon)
		select {
		case <-gone:
		case <-time.After(soon):
			t.Error("the host was not told that nobody waits any more")
		}
	}
	cancelled := func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) }
	expired := func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		_ = cancel // it ends by itself
		return ctx, func() {}
	}
	t.Run("before the headers", func(t *testing.T) {
		bothWays(t, func(t *testing.T, stream bool) { during(t, "", "", stream, context.Canceled, cancelled) })
	})
	t.Run("in the middle of an answer", func(t *testing.T) {
		during(t, "application/json", `{"choices":[{"message":{"content":"Hel`, false, context.Canceled, cancelled)
	})
	t.Run("in the middle of a stream", func(t *testing.T) {
		during(t, "text/event-stream", events(`{"choices":[{"delta":{"content":"Hel"}}]}`), true, context.Canceled, cancelled)
	})
	t.Run("in the middle of a line", func(t *testing.T) {
		during(t, "text/event-stream", `data: {"choices":[{"delta":{"con`, true, context.Canceled, cancelled)
	})
	t.Run("by a deadline", func(t *testing.T) {
		bothWays(t, func(t *testing.T, stream bool) { during(t, "", "", stream, context.DeadlineExceeded, expired) })
	})
	t.Run("by the reader of the stream", func(t *testing.T) {
		gone := make(chan struct{})
		h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
			answerStream(events(`{"choices":[{"delta":{"content":"one"}}]}`))(w, r)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			close(gone)
		})
		ctx, cancel := context.WithCancel(t.Context())
		var told []string
		_, err := h.provider().Generate(ctx, question(), func(delta frontdesk.Delta) {
			told = append(told, delta.Text)
			cancel()
		})
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, []string{"one"}, told)
		<-gone
	})
}

func TestConnectionRefused(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	address := server.URL
	server.Close()
	bothWays(t, func(t *testing.T, stream bool) {
		provider := &frontdesk.OpenAICompatible{BaseURL: address, APIKey: "sk-secret", Retries: -1}
		_, _, _, err := generate(t.Context(), provider, question(), stream)
		require.Error(t, err)
		assert.ErrorContains(t, err, strings.TrimPrefix(address, "http://"), "the error says who did not answer")
		assert.NotContains(t, err.Error(), "sk-secret")
		assert.NotErrorIs(t, err, frontdesk.ErrTruncated)
	})
}

// TestConnectionsAreReused counts the connections to a host: with TLS, opening
// one takes three round trips.
func TestConnectionsAreReused(t *testing.T) {
	bothWays(t, func(t *testing.T, stream bool) {
		t.Run("one after another", func(t *testing.T) {
			h := newHost(t, answerHello)
			provider := h.provider()
			for range 10 {
				_, _, _, err := generate(t.Context(), provider, question(), stream)
				require.NoError(t, err)
			}
			assert.Equal(t, 1, h.connections())
		})
		t.Run("although the end comes after the last word", func(t *testing.T) {
			h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
				answerHello(w, r)
				_ = http.NewResponseController(w).Flush() // what ends the body follows in a packet of its own
			})
			provider := h.provider()
			for range 20 {
				_, _, _, err := generate(t.Context(), provider, question(), stream)
				require.NoError(t, err)
			}
			assert.Equal(t, 1, h.connections())
		})
		t.Run("64 conversations at once", func(t *testing.T) {
			const conversations, turns = 64, 10
			h := newHost(t, answerHello)
			agent := newAgent(t, frontdesk.Config{Provider: h.provider()})
			var group sync.WaitGroup
			for i := range conversations {
				group.Go(func() {
					for range turns {
						turn := frontdesk.Turn{Conversation: fmt.Sprint("c-", i), Text: "Hi"}
						if reply := play(t, agent, turn, stream); reply.Text != "Hello!" {
							t.Errorf("reply %q", reply.Text)
						}
					}
				})
			}
			group.Wait()
			assert.Len(t, h.received(), conversations*turns)
			// A connection may be opened while another becomes free.
			assert.LessOrEqual(t, h.connections(), 2*conversations)
		})
	})
}

// TestSilence is about hosts that accept a request and then fall silent, as
// behind a proxy whose worker died.
func TestSilence(t *testing.T) {
	for name, beginning := range map[string]string{
		"from the start":          "",
		"after white space":       "\n\n",
		"in the middle of a line": `data: {"choices":[{"delta":{"con`,
		"after some words":        events(`{"choices":[{"delta":{"content":"Hel"}}]}`),
		"after the last word":     events(`{"choices":[{"delta":{"content":"Hello!"},"finish_reason":"stop"}]}`),
	} {
		t.Run(name, func(t *testing.T) {
			gone := make(chan struct{})
			h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, beginning)
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
				close(gone)
			})
			provider := h.provider()
			provider.IdleTimeout = 50 * time.Millisecond
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			defer cancel()
			response, _, _, err := generate(ctx, provider, question(), true)
			require.NoError(t, ctx.Err(), "it waited for longer than the idle timeout")
			if name == "after the last word" {
				require.NoError(t, err)
				assert.Equal(t, "Hello!", response.Message.Text)
			} else {
				require.ErrorIs(t, err, frontdesk.ErrTruncated)
				assert.NotErrorIs(t, err, context.Canceled, "nobody cancelled")
			}
			<-gone
		})
	}
}

// TestNobodyWaitsForTheEndOfTheConnection is about hosts that say [DONE] and
// leave the connection open.
func TestNobodyWaitsForTheEndOfTheConnection(t *testing.T) {
	gone := make(chan struct{})
	h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
		answerHello(w, r)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	})
	began := time.Now()
	response, _, _, err := generate(t.Context(), h.provider(), question(), true)
	require.NoError(t, err)
	assert.Equal(t, "Hello!", response.Message.Text)
	assert.Less(t, time.Since(began), 2*time.Second)
	<-gone
}

// connections returns how many connections requests came over.
func (h *host) connections() int {
	from := make(map[string]bool)
	for _, request := range h.received() {
		from[request.From] = true
	}
	return len(from)
}
