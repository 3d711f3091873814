package frontdesk_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// The shapes in which hosts and the proxies before them report errors.
var errorShapes = []struct {
	name, contentType, body string
	code, kind, message     string
}{
	{
		name: "OpenAI", contentType: "application/json",
		body: `{"error":{"message":"You cannot do that.","type":"invalid_request_error","param":null,"code":"not_that"}}`,
		code: "not_that", kind: "invalid_request_error", message: "You cannot do that.",
	},
	{
		name: "a numeric code", contentType: "application/json; charset=utf-8",
		body: `{"error":{"message":"You cannot do that.","code":1042}}`,
		code: "1042", message: "You cannot do that.",
	},
	{
		name: "a string", contentType: "application/json",
		body:    `{"error":"You cannot do that."}`,
		message: "You cannot do that.",
	},
	{
		name: "fields at the top", contentType: "application/json",
		body: `{"object":"error","message":"You cannot do that.","type":"BadRequestError","param":null,"code":400}`,
		code: "400", kind: "BadRequestError", message: "You cannot do that.",
	},
	{
		name: "a null error beside a message", contentType: "application/json",
		body:    `{"error":null,"message":"You cannot do that."}`,
		message: "You cannot do that.",
	},
	{
		name: "a detail", contentType: "application/json",
		body:    `{"detail":"You cannot do that."}`,
		message: "You cannot do that.",
	},
	{
		name: "a list of complaints", contentType: "application/json",
		body:    `{"detail":[{"type":"missing","loc":["body","model"],"msg":"Field required"},{"type":"extra","loc":["body","x"],"msg":"Not permitted"}]}`,
		message: "body.model: Field required; body.x: Not permitted",
	},
	{
		name: "plain words", contentType: "text/plain",
		body:    "You cannot do that.\n",
		message: "You cannot do that.",
	},
	{name: "a web page", contentType: "text/html; charset=UTF-8", body: "<html><h1>520</h1>Your IP is 203.0.113.9</html>"},
	{name: "a web page in disguise", contentType: "text/plain", body: "<!DOCTYPE html>\n<html><h1>520</h1>Your IP is 203.0.113.9</html>"},
	{name: "nothing", contentType: "application/json"},
	{name: "an empty object", contentType: "application/json", body: `{}`},
	{name: "null", contentType: "application/json", body: `null`},
}

// The statuses, and what a caller can do about each. What a host says beside
// the status can mean something else, which is another test's matter.
var statuses = map[int]error{
	400: nil,
	401: frontdesk.ErrAuth,
	402: frontdesk.ErrQuota,
	403: frontdesk.ErrQuota, // Oxlo's way to say that the plan's limit is reached
	404: nil,
	422: nil,
	429: frontdesk.ErrRateLimited,
	500: frontdesk.ErrOverloaded,
	502: frontdesk.ErrOverloaded,
	503: frontdesk.ErrOverloaded,
	504: frontdesk.ErrOverloaded,
	529: frontdesk.ErrOverloaded,
}

// kinds are the errors that a caller can act on.
var kinds = []error{
	frontdesk.ErrAuth, frontdesk.ErrQuota, frontdesk.ErrRateLimited, frontdesk.ErrOverloaded,
	frontdesk.ErrContextWindow, frontdesk.ErrTruncated,
}

func TestHostErrors(t *testing.T) {
	for status, want := range statuses {
		for _, shape := range errorShapes {
			t.Run(fmt.Sprintf("%d/%s", status, shape.name), func(t *testing.T) {
				bothWays(t, func(t *testing.T, stream bool) {
					h := newHost(t, answer(status, shape.contentType, shape.body))
					response, text, _, err := generate(t.Context(), h.provider(), question(), stream)
					assert.Nil(t, response)
					assert.Empty(t, text)
					var refused *frontdesk.HostError
					require.ErrorAs(t, err, &refused)
					assert.Equal(t, status, refused.Status)
					assert.Equal(t, shape.code, refused.Code)
					assert.Equal(t, shape.kind, refused.Type)
					assert.Equal(t, shape.message, refused.Message)
					for _, kind := range kinds {
						assert.Equal(t, kind == want, errors.Is(err, kind), "%v", kind)
					}
					assert.ErrorContains(t, err, fmt.Sprint(status))
					assert.ErrorContains(t, err, shape.message)
					assert.Len(t, h.received(), 1, "nothing is tried again unasked")
				})
			})
		}
	}
}

func TestHostErrorsAreShort(t *testing.T) {
	for name, body := range map[string]string{
		"message": `{"error":{"message":"` + strings.Repeat("ä very long story ", 10_000) + `"}}`,
		"words":   strings.Repeat("ä very long story ", 10_000),
		"code":    `{"code":"` + strings.Repeat("x", 10_000) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newHost(t, answer(500, "application/json", body)).provider().Generate(t.Context(), question(), nil)
			require.Error(t, err)
			assert.Less(t, len(err.Error()), 1000)
			assert.NotContains(t, err.Error(), "\uFFFD", "cut between characters")
			var refused *frontdesk.HostError
			require.ErrorAs(t, err, &refused)
			assert.Less(t, len(refused.Code), 1000)
		})
	}
}

// Errors that a host reports although the status was 200.
func TestErrorsInsideAnAnswer(t *testing.T) {
	role := events(`{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}`)
	words := role + events(`{"choices":[{"index":0,"delta":{"content":"Let me"}}]}`)
	tests := []struct {
		name, contentType, body string
		code, kind, message     string
		streamed                string
	}{
		{
			name: "first in a stream", contentType: "text/event-stream",
			body: events(`{"error":{"message":"out of memory","type":"server_error","code":500}}`),
			code: "500", kind: "server_error", message: "out of memory",
		},
		{
			name: "in the middle of a stream", contentType: "text/event-stream",
			body: words + events(`{"error":{"message":"worker lost","type":"server_error","code":"lost"}}`, `[DONE]`),
			code: "lost", kind: "server_error", message: "worker lost", streamed: "Let me",
		},
		{
			name: "as a string", contentType: "text/event-stream",
			body:    words + events(`{"error":"worker lost"}`),
			message: "worker lost", streamed: "Let me",
		},
		{
			name: "as an event of its own", contentType: "text/event-stream",
			body:    words + "event: error\ndata: worker lost\n\n",
			message: "worker lost", streamed: "Let me",
		},
		{
			name: "as an object", contentType: "text/event-stream",
			body: words + events(`{"object":"error","message":"worker lost","type":"Internal","code":40301}`),
			code: "40301", kind: "Internal", message: "worker lost", streamed: "Let me",
		},
		{
			name: "a whole one", contentType: "application/json",
			body: `{"error":{"message":"worker lost","type":"server_error","code":null}}`,
			kind: "server_error", message: "worker lost",
		},
		{
			name: "a whole one at the top", contentType: "application/json",
			body: `{"object":"error","message":"worker lost","code":503}`,
			code: "503", message: "worker lost",
		},
		{
			name: "without a mark but its code", contentType: "text/event-stream",
			body: words + events(`{"code":500,"msg":"worker lost","data":null}`, `[DONE]`),
			code: "500", message: "worker lost", streamed: "Let me",
		},
		{
			name: "as FastAPI has it", contentType: "text/event-stream",
			body:    words + events(`{"detail":"worker lost"}`, `[DONE]`),
			message: "worker lost", streamed: "Let me",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				h := newHost(t, answer(200, test.contentType, test.body))
				response, text, _, err := generate(t.Context(), h.provider(), question(), stream)
				assert.Nil(t, response)
				var failed *frontdesk.HostError
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, 200, failed.Status)
				assert.Equal(t, test.message, failed.Message)
				assert.Equal(t, test.code, failed.Code)
				assert.Equal(t, test.kind, failed.Type)
				if stream {
					assert.Equal(t, test.streamed, text)
				}
				assert.NotErrorIs(t, err, frontdesk.ErrTruncated, "it did not just stop")
			})
		})
	}
	t.Run("an empty error is none", func(t *testing.T) {
		h := newHost(t, answerStream(events(
			`{"code":200,"message":"ok"}`, `{"message":"in the queue"}`,
			`{"error":null,"choices":[{"index":0,"delta":{"content":"Hello!"}}]}`,
			`{"error":null,"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, `[DONE]`)))
		response, _, _, err := generate(t.Context(), h.provider(), question(), true)
		require.NoError(t, err)
		assert.Equal(t, "Hello!", response.Message.Text)
	})
}

// TestTheKeyIsInNoError is about hosts that repeat the key they refuse, and
// errors that end up in logs and tickets.
func TestTheKeyIsInNoError(t *testing.T) {
	const key = "sk-4rFb0/secret+key=" // with characters that a host may escape
	bodies := map[string]string{
		"OpenAI":           `{"error":{"message":"Incorrect API key provided: KEY. Get one.","code":"KEY","type":"KEY"}}`,
		"a string":         `{"error":"bad key KEY"}`,
		"the top":          `{"message":"bad key KEY","code":"KEY","type":"KEY"}`,
		"detail":           `{"detail":"bad key KEY"}`,
		"complaints":       `{"detail":[{"loc":["header","authorization"],"msg":"bad key KEY","input":"Bearer KEY"}]}`,
		"words":            `bad key KEY`,
		"escaped":          `{"error":{"message":"bad key ` + strings.ReplaceAll(key, "/", `\/`) + `"}}`,
		"where it is cut":  `{"error":{"message":"` + strings.Repeat("x", 490) + `KEY"}}`,
		"behind the cut":   `{"error":{"message":"` + strings.Repeat("x", 600) + `KEY"}}`,
		"words and a cut":  strings.Repeat("x", 495) + "KEY",
		"a nested message": `{"error":{"message":{"text":"bad key KEY"}}}`,
	}
	for name, body := range bodies {
		body := strings.ReplaceAll(body, "KEY", key)
		check := func(t *testing.T, provider *frontdesk.OpenAICompatible) {
			_, err := provider.Generate(t.Context(), question(), nil)
			requireNoKey(t, err, key)
			_, _, _, err = generate(t.Context(), provider, question(), true)
			requireNoKey(t, err, key)

			agent := newAgent(t, frontdesk.Config{Provider: provider})
			_, err = agent.Reply(t.Context(), frontdesk.Turn{Conversation: "c-1", Text: "Hi"})
			requireNoKey(t, err, key)
		}
		t.Run(name, func(t *testing.T) {
			h := newHost(t, answer(401, "application/json", body))
			check(t, &frontdesk.OpenAICompatible{BaseURL: h.URL, APIKey: key, Retries: -1})
		})
		t.Run(name+"/key as an option", func(t *testing.T) {
			h := newHost(t, answer(401, "application/json", body))
			check(t, &frontdesk.OpenAICompatible{BaseURL: h.URL, Retries: -1, Options: []option.RequestOption{option.WithAPIKey(key)}})
		})
		t.Run(name+"/in a stream", func(t *testing.T) {
			payload := body
			if !strings.HasPrefix(body, "{") {
				payload = `{"error":"` + body + `"}`
			}
			h := newHost(t, answerStream("event: error\n"+events(payload)))
			provider := &frontdesk.OpenAICompatible{BaseURL: h.URL, APIKey: key, Retries: -1}
			_, _, _, err := generate(t.Context(), provider, question(), true)
			requireNoKey(t, err, key)
		})
	}
	t.Run("a key that no header can carry", func(t *testing.T) {
		h := newHost(t, answerHello)
		provider := &frontdesk.OpenAICompatible{BaseURL: h.URL, APIKey: key + "\x00", Retries: -1}
		_, err := provider.Generate(t.Context(), question(), nil)
		requireNoKey(t, err, key)
	})
	t.Run("key of the environment", func(t *testing.T) {
		h := newHost(t, answer(401, "application/json", `{"error":"bad key `+key+`"}`))
		t.Setenv("OXLO_API_KEY", key)
		t.Setenv("OXLO_BASE_URL", h.URL)
		_, err := (&frontdesk.OpenAICompatible{Retries: -1}).Generate(t.Context(), question(), nil)
		requireNoKey(t, err, key)
	})
}

// requireNoKey looks for any part of the key that would be of use.
func requireNoKey(t *testing.T, err error, key string) {
	t.Helper()
	require.Error(t, err)
	var refused *frontdesk.HostError
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	if errors.As(err, &refused) {
		text += fmt.Sprintf("%+v", *refused)
	}
	const part = 5
	for i := 0; i+part <= len(key); i++ {
		require.NotContains(t, text, key[i:i+part])
	}
}

func TestHostErrorText(t *testing.T) {
	_, err := newHost(t, answer(http.StatusForbidden, "application/json", `{"error":{"message":"60 of 60 requests today"}}`)).
		provider().Generate(t.Context(), question(), nil)
	assert.EqualError(t, err, "the plan's requests are used up, or the model needs a higher plan (model host answered 403: 60 of 60 requests today)")
	_, err = newHost(t, answer(http.StatusNotFound, "text/html", "<html>")).provider().Generate(t.Context(), question(), nil)
	assert.EqualError(t, err, "model host answered 404")
}

// TestHostErrorOfOnesOwn is about providers that are not OpenAICompatible: an
// error with a status means what the status means.
func TestHostErrorOfOnesOwn(t *testing.T) {
	for status, want := range statuses {
		err := &frontdesk.HostError{Status: status}
		for _, kind := range kinds {
			assert.Equal(t, kind == want, errors.Is(err, kind), "%d: %v", status, kind)
		}
	}
}
