package frontdesk_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// host is an HTTP server that gives the same answer to every request and keeps
// what it was sent.
type host struct {
	*httptest.Server
	mu       sync.Mutex
	requests []received
}

// received is a request as it came over the wire.
type received struct {
	Method, URI string
	Header      http.Header
	Body        string
	From        string // the client's end of the connection
}

func newHost(t *testing.T, answer http.HandlerFunc) *host {
	t.Helper()
	h := new(host)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client is gone
		}
		h.mu.Lock()
		h.requests = append(h.requests, received{r.Method, r.RequestURI, r.Header.Clone(), string(body), r.RemoteAddr})
		h.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *host) received() []received {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.requests
}

// provider returns a provider for the host that tries nothing again, so that
// a test sees what one request amounts to.
func (h *host) provider(options ...option.RequestOption) *frontdesk.OpenAICompatible {
	return &frontdesk.OpenAICompatible{BaseURL: h.URL + "/v1", APIKey: "test-key", Retries: -1, Options: options}
}

// answerHello is a host's answer in the form that was asked for.
func answerHello(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Accept") == "text/event-stream" {
		answerStream(events(`{"choices":[{"index":0,"delta":{"content":"Hello!"},"finish_reason":"stop"}]}`, `[DONE]`))(w, r)
		return
	}
	answerJSON(`{"choices":[{"index":0,"message":{"role":"assistant","content":"Hello!"},"finish_reason":"stop"}]}`)(w, r)
}

func answerJSON(body string) http.HandlerFunc { return answer(200, "application/json", body) }

func answerStream(body string) http.HandlerFunc { return answer(200, "text/event-stream", body) }

func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// events renders payloads as an event stream.
func events(payloads ...string) string {
	var b strings.Builder
	for _, payload := range payloads {
		b.WriteString("data: " + payload + "\n\n")
	}
	return b.String()
}

// question is the smallest request.
func question() *frontdesk.Request {
	return &frontdesk.Request{
		Model:       "m-1",
		Messages:    []frontdesk.Message{{Role: frontdesk.RoleUser, Text: "Hi"}},
		Temperature: 0.2,
		MaxTokens:   100,
	}
}

// generate asks for a whole answer or a streamed one, and returns what was
// streamed too.
func generate(ctx context.Context, provider frontdesk.Provider, request *frontdesk.Request, stream bool) (response *frontdesk.Response, text, reasoning string, err error) {
	if !stream {
		response, err = provider.Generate(ctx, request, nil)
		return response, "", "", err
	}
	response, err = provider.Generate(ctx, request, func(delta frontdesk.Delta) {
		text += delta.Text
		reasoning += delta.Reasoning
	})
	return response, text, reasoning, err
}

// bothWays runs a test for whole answers and for streamed ones.
func bothWays(t *testing.T, test func(t *testing.T, stream bool)) {
	t.Helper()
	t.Run("plain", func(t *testing.T) { test(t, false) })
	t.Run("streamed", func(t *testing.T) { test(t, true) })
}

// roundTrip makes an HTTP client of a function, so that no request leaves the
// process.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// inProcess is an option that lets handler answer instead of the network.
func inProcess(handler http.HandlerFunc) option.RequestOption {
	return option.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		recorder := httptest.NewRecorder()
		handler(recorder, r)
		return recorder.Result(), nil
	})})
}

func TestWhereRequestsGoAndWithWhichKey(t *testing.T) {
	tests := []struct {
		name           string
		envURL, envKey string
		provider       frontdesk.OpenAICompatible
		wantURL        string
		wantKey        string // of the Authorization header
	}{
		{
			name:    "the zero value is Oxlo with the key of the environment",
			envKey:  "env-key",
			wantURL: "https://api.oxlo.ai/v1/chat/completions", wantKey: "Bearer env-key",
		},
		{
			name:     "a key of one's own",
			envKey:   "env-key",
			provider: frontdesk.OpenAICompatible{APIKey: "own-key"},
			wantURL:  "https://api.oxlo.ai/v1/chat/completions", wantKey: "Bearer own-key",
		},
		{
			name:   "address and key of the environment",
			envURL: "http://127.0.0.1:8000/v1", envKey: "env-key",
			wantURL: "http://127.0.0.1:8000/v1/chat/completions", wantKey: "Bearer env-key",
		},
		{
			name:    "an address of the environment needs no key",
			envURL:  "http://127.0.0.1:8000/v1",
			wantURL: "http://127.0.0.1:8000/v1/chat/completions",
		},
		{
			name:   "an explicit address wins and never gets the key of the environment",
			envURL: "http://127.0.0.1:8000/v1", envKey: "env-key",
			provider: frontdesk.OpenAICompatible{BaseURL: "http://127.0.0.1:11434/v1"},
			wantURL:  "http://127.0.0.1:11434/v1/chat/completions",
		},
		{
			name:     "an explicit address and key",
			envKey:   "env-key",
			provider: frontdesk.OpenAICompatible{BaseURL: "https://llm.example/api", APIKey: "own-key"},
			wantURL:  "https://llm.example/api/chat/completions", wantKey: "Bearer own-key",
		},
		{
			name:     "a slash at the end changes nothing",
			provider: frontdesk.OpenAICompatible{BaseURL: "https://llm.example/api/"},
			wantURL:  "https://llm.example/api/chat/completions",
		},
		{
			name:     "a host without a path",
			provider: frontdesk.OpenAICompatible{BaseURL: "http://127.0.0.1:8080"},
			wantURL:  "http://127.0.0.1:8080/chat/completions",
		},
	}
	for i := range tests {
		test := &tests[i]
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("OXLO_BASE_URL", test.envURL)
			t.Setenv("OXLO_API_KEY", test.envKey)
			var got *http.Request
			test.provider.Options = append(test.provider.Options, inProcess(func(w http.ResponseWriter, r *http.Request) {
				got = r
				answerHello(w, r)
			}))
			_, err := test.provider.Generate(t.Context(), question(), nil)
			require.NoError(t, err)
			assert.Equal(t, test.wantURL, got.URL.String())
			assert.Equal(t, test.wantKey, got.Header.Get("Authorization"))
			if test.wantKey == "" {
				assert.NotContains(t, got.Header, "Authorization", "not even an empty one")
			}
		})
	}
}

func TestMissingKey(t *testing.T) {
	t.Setenv("OXLO_API_KEY", "")
	t.Setenv("OXLO_BASE_URL", "")
	refuse := inProcess(func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })

	_, err := frontdesk.New(frontdesk.Config{})
	require.ErrorContains(t, err, "OXLO_API_KEY", "New tells before the first customer does")

	provider := &frontdesk.OpenAICompatible{Options: []option.RequestOption{refuse}}
	_, err = frontdesk.New(frontdesk.Config{Provider: provider})
	require.ErrorContains(t, err, "set OXLO_API_KEY")
	assert.ErrorContains(t, err, "BaseURL", "there are hosts without keys")

	_, err = provider.Generate(t.Context(), question(), nil)
	assert.ErrorContains(t, err, "set OXLO_API_KEY", "without an agent too")
}

func TestBadBaseURL(t *testing.T) {
	for _, address := range []string{"api.oxlo.ai/v1", "localhost:8000", "ftp://llm.example", "http://", "/v1", "http://[::1", "::"} {
		t.Run(address, func(t *testing.T) {
			_, err := frontdesk.New(frontdesk.Config{Provider: &frontdesk.OpenAICompatible{BaseURL: address, APIKey: "k"}})
			require.ErrorContains(t, err, "base URL")
			assert.ErrorContains(t, err, address)
			assert.ErrorContains(t, err, frontdesk.OxloURL, "an example says what is wanted")
		})
	}
	t.Run("of the environment", func(t *testing.T) {
		t.Setenv("OXLO_BASE_URL", "api.oxlo.ai")
		_, err := frontdesk.New(frontdesk.Config{})
		require.ErrorContains(t, err, "api.oxlo.ai")
	})
}

// TestNoAmbientVariableReachesTheHost sets every variable that openai-go reads
// (see openai.DefaultClientOptions) to a value that is easy to find.
func TestNoAmbientVariableReachesTheHost(t *testing.T) {
	for name, value := range map[string]string{
		"OPENAI_API_KEY":        "canary-key",
		"OPENAI_ADMIN_KEY":      "canary-admin",
		"OPENAI_ORG_ID":         "canary-org",
		"OPENAI_PROJECT_ID":     "canary-project",
		"OPENAI_WEBHOOK_SECRET": "canary-secret",
		"OPENAI_BASE_URL":       "http://canary.invalid/canary",
		"OPENAI_CUSTOM_HEADERS": "X-Canary: canary-header\nAuthorization: Bearer canary-custom",
		"OPENAI_ORGANIZATION":   "canary-organization",
		"OPENAI_API_BASE":       "http://canary.invalid/base",
	} {
		t.Setenv(name, value)
	}
	for _, key := range []string{"", "own-key"} {
		bothWays(t, func(t *testing.T, stream bool) {
			h := newHost(t, answerHello)
			provider := &frontdesk.OpenAICompatible{BaseURL: h.URL + "/v1", APIKey: key}

			_, _, _, err := generate(t.Context(), provider, question(), stream)

			require.NoError(t, err)
			require.Len(t, h.received(), 1)
			got := h.received()[0]
			assert.Equal(t, "POST", got.Method)
			assert.Equal(t, "/v1/chat/completions", got.URI)
			sent, err := json.Marshal(got)
			require.NoError(t, err)
			assert.NotContains(t, strings.ToLower(string(sent)), "canary")
			if key == "" {
				assert.NotContains(t, got.Header, "Authorization", "a local server without a key gets none")
			} else {
				assert.Equal(t, []string{"Bearer own-key"}, got.Header["Authorization"])
			}
			assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
			for name := range got.Header {
				assert.NotContains(t, name, "X-Stainless", "it tells of this machine")
				assert.NotContains(t, name, "Openai")
			}
		})
	}
}

func TestAcceptHeader(t *testing.T) {
	h := newHost(t, answerHello)
	_, _, _, err := generate(t.Context(), h.provider(), question(), false)
	require.NoError(t, err)
	_, _, _, err = generate(t.Context(), h.provider(), question(), true)
	require.NoError(t, err)
	assert.Equal(t, "application/json", h.received()[0].Header.Get("Accept"))
	assert.Equal(t, "text/event-stream", h.received()[1].Header.Get("Accept"))
}
