package openai_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/frontdesk-go/frontdesk/internal/openai"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// seen is the newest request that a host was sent.
type seen struct {
	*http.Request
	body string
}

func newHost(t *testing.T, answer http.HandlerFunc) (address string, newest func() seen) {
	t.Helper()
	var mu sync.Mutex
	var last seen
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		last = seen{r, string(body)}
		mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() seen {
		mu.Lock()
		defer mu.Unlock()
		return last
	}
}

func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func newClient(t *testing.T, address, key string, options []option.RequestOption) *openai.Client {
	t.Helper()
	client, err := openai.New(address, key, options)
	require.NoError(t, err)
	return client
}

// whole is an option, which makes the client take the body whole.
var whole = option.WithHeader("X-Team", "support")

// bothWays runs a test for a client that sends bodies in pieces, and for one
// whose options may change them.
func bothWays(t *testing.T, test func(t *testing.T, options []option.RequestOption)) {
	t.Helper()
	t.Run("in pieces", func(t *testing.T) { test(t, nil) })
	t.Run("whole", func(t *testing.T) { test(t, []option.RequestOption{whole}) })
}

func TestPost(t *testing.T) {
	bothWays(t, func(t *testing.T, options []option.RequestOption) {
		address, newest := newHost(t, say(200, "answer"))
		client := newClient(t, address+"/v1/", "sk-key", options)
		response, err := client.Post(t.Context(), "chat/completions", openai.Body{[]byte(`{"a":`), nil, []byte(`[1,`), []byte(`2]}`)}, "text/event-stream")
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		assert.Equal(t, "answer", string(text))

		request := newest()
		assert.Equal(t, "POST", request.Method)
		assert.Equal(t, "/v1/chat/completions", request.RequestURI)
		assert.Equal(t, `{"a":[1,2]}`, request.body)
		assert.EqualValues(t, len(request.body), request.ContentLength, "not in chunks, which some hosts refuse")
		assert.Equal(t, "text/event-stream", request.Header.Get("Accept"))
		assert.Equal(t, "application/json", request.Header.Get("Content-Type"))
		assert.Equal(t, []string{"Bearer sk-key"}, request.Header["Authorization"])
		for name := range request.Header {
			assert.NotContains(t, name, "X-Stainless")
		}
	})
}

func TestGet(t *testing.T) {
	bothWays(t, func(t *testing.T, options []option.RequestOption) {
		address, newest := newHost(t, say(200, "models"))
		response, err := newClient(t, address+"/v1", "", options).Get(t.Context(), "models")
		require.NoError(t, err)
		response.Body.Close()
		request := newest()
		assert.Equal(t, "GET", request.Method)
		assert.Equal(t, "/v1/models", request.RequestURI)
		assert.Empty(t, request.body)
		assert.NotContains(t, request.Header, "Authorization", "no key, no header")
	})
}

func TestStatusError(t *testing.T) {
	huge := strings.Repeat("x", 1<<20)
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		status int
		body   string
	}{
		"words":   {say(503, "busy"), 503, "busy"},
		"JSON":    {say(400, `{"error":"bad"}`), 400, `{"error":"bad"}`},
		"nothing": {say(401, ""), 401, ""},
		"huge":    {say(500, huge), 500, huge[:64<<10]},
		"redirect": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(304)
		}, 304, ""},
		"broken off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(502)
			_, _ = io.WriteString(w, "half")
		}, 502, "half"},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, options []option.RequestOption) {
				address, _ := newHost(t, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Retry-After", "7")
					test.answer(w, r)
				})
				response, err := newClient(t, address, "", options).Post(t.Context(), "x", openai.Body{[]byte("{}")}, "application/json")
				assert.Nil(t, response)
				var failed *openai.StatusError
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, test.status, failed.Status)
				assert.Equal(t, test.body, string(failed.Body))
				assert.Equal(t, "7", failed.Header.Get("Retry-After"))
				assert.NotContains(t, err.Error(), "busy", "what the host said may be long, or secret")
			})
		})
	}
}

func TestRedact(t *testing.T) {
	address, _ := newHost(t, say(401, "bad key"))
	post := func(t *testing.T, key string, options ...option.RequestOption) *openai.StatusError {
		t.Helper()
		_, err := newClient(t, address, key, options).Post(t.Context(), "x", openai.Body{[]byte("{}")}, "application/json")
		var failed *openai.StatusError
		require.ErrorAs(t, err, &failed)
		return failed
	}
	for name, failed := range map[string]*openai.StatusError{
		"key":            post(t, "sk-secret"),
		"option":         post(t, "", option.WithAPIKey("sk-secret")),
		"header":         post(t, "", option.WithHeader("api-key", "sk-secret")),
		"another header": post(t, "", option.WithHeader("X-API-Key", "sk-secret")),
		"middleware": post(t, "", option.WithMiddleware(func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
			r.Header.Set("Authorization", "Bearer sk-secret")
			return next(r)
		})),
	} {
		t.Run(name, func(t *testing.T) {
			got := failed.Redact("sk-secret is no good, sk-secret.")
			assert.NotContains(t, got, "sk-secret")
			assert.Equal(t, 2, strings.Count(got, "[API key]"))
			assert.Equal(t, "all is well", failed.Redact("all is well"))
		})
	}
	t.Run("no key", func(t *testing.T) {
		assert.Equal(t, "all is well", post(t, "").Redact("all is well"))
	})
}

// TestBodyCanBeSentAgain is about connections that break when they are used
// again, after which net/http sends the request over another.
func TestBodyCanBeSentAgain(t *testing.T) {
	bothWays(t, func(t *testing.T, options []option.RequestOption) {
		address, newest := newHost(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/old" {
				http.Redirect(w, r, "/new", http.StatusPermanentRedirect)
				return
			}
			say(200, "answer")(w, r)
		})
		body := openai.Body{[]byte(`{"a":`), []byte(`1}`)}
		response, err := newClient(t, address, "sk-key", options).Post(t.Context(), "old", body, "application/json")
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, "/new", newest().RequestURI)
		assert.Equal(t, `{"a":1}`, newest().body)
		assert.Equal(t, openai.Body{[]byte(`{"a":`), []byte(`1}`)}, body)
	})
}

// TestLongBody is about bodies that are sent from the pieces they are kept in.
func TestLongBody(t *testing.T) {
	bothWays(t, func(t *testing.T, options []option.RequestOption) {
		redirected := false
		address, newest := newHost(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/old" {
				redirected = true
				http.Redirect(w, r, "/new", http.StatusTemporaryRedirect)
				return
			}
			say(200, "answer")(w, r)
		})
		client := newClient(t, address, "", options)
		body := openai.Body{[]byte(`{"a":"`), bytes.Repeat([]byte("long"), 300_000), nil, []byte(`"}`)}
		whole := bytes.Join(body, nil)
		for range 3 {
			response, err := client.Post(t.Context(), "old", body, "application/json")
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, string(whole), newest().body)
			assert.Equal(t, int64(len(whole)), newest().ContentLength)
		}
		assert.True(t, redirected)
		assert.Equal(t, whole, bytes.Join(body, nil), "the pieces are used for the next request too")
	})
}

func TestOptionsSeeTheBody(t *testing.T) {
	address, newest := newHost(t, say(200, "answer"))
	var sent string
	client := newClient(t, address, "", []option.RequestOption{
		option.WithJSONSet("b", 2),
		option.WithMiddleware(func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			sent = string(body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			return next(r)
		}),
	})
	response, err := client.Post(t.Context(), "x", openai.Body{[]byte(`{"a":`), []byte(`1}`)}, "application/json")
	require.NoError(t, err)
	response.Body.Close()
	assert.JSONEq(t, `{"a":1,"b":2}`, sent)
	assert.Equal(t, sent, newest().body)
}

func TestCancelled(t *testing.T) {
	bothWays(t, func(t *testing.T, options []option.RequestOption) {
		ctx, cancel := context.WithCancel(t.Context())
		address, _ := newHost(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
		_, err := newClient(t, address, "", options).Post(ctx, "x", openai.Body{[]byte("{}")}, "application/json")
		require.ErrorIs(t, err, context.Canceled)
		var failed *openai.StatusError
		assert.False(t, errors.As(err, &failed))
	})
}

func TestTheKeyIsForItsHostAlone(t *testing.T) {
	address, newest := newHost(t, say(http.StatusOK, "{}"))
	elsewhere := option.WithBaseURL(address + "/v1/")
	for want, options := range map[string][]option.RequestOption{
		"":                 {elsewhere},
		"Bearer sk-of-you": {elsewhere, option.WithAPIKey("sk-of-you")},
	} {
		client := newClient(t, "https://llm.example/v1", "sk-of-llm", options)
		response, err := client.Post(t.Context(), "chat/completions", openai.Body{[]byte("{}")}, "application/json")
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, want, newest().Header.Get("Authorization"))
	}
}
