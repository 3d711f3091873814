package frontdesk_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// hostErrorKinds are what an error of a host can mean.
var hostErrorKinds = []error{
	frontdesk.ErrAuth, frontdesk.ErrQuota, frontdesk.ErrRateLimited, frontdesk.ErrOverloaded, frontdesk.ErrContextWindow, frontdesk.ErrTruncated,
}

// askOnce asks a host that answers with an error, and returns the error. It is
// of the given kind, or of none, and of no other.
func askOnce(t *testing.T, answer fakeAnswer, want error) *frontdesk.HostError {
	t.Helper()
	var refused *frontdesk.HostError
	for _, stream := range []bool{false, true} {
		host := hosting(answer)
		provider := host.provider()
		provider.Retries = -1
		_, _, _, err := generate(t.Context(), provider, question(), stream)
		require.ErrorAs(t, err, &refused)
		for _, kind := range hostErrorKinds {
			assert.Equal(t, kind == want, errors.Is(err, kind), "%v: is it %q?", err, kind)
		}
		assert.NotContains(t, err.Error(), provider.APIKey)
		assert.Len(t, host.sent(), 1)
	}
	return refused
}

// openAIError is an error in OpenAI's shape.
func openAIError(message, kind, code string) string {
	return toJSON(map[string]any{"error": map[string]any{"message": message, "type": kind, "param": nil, "code": code}})
}

func TestKindByStatus(t *testing.T) {
	byStatus := map[int]error{
		400: nil, 404: nil, 405: nil, 415: nil, 422: nil,
		401: frontdesk.ErrAuth,
		402: frontdesk.ErrQuota, 403: frontdesk.ErrQuota,
		413: frontdesk.ErrContextWindow,
		425: frontdesk.ErrRateLimited, 429: frontdesk.ErrRateLimited,
		408: frontdesk.ErrOverloaded, 409: frontdesk.ErrOverloaded,
		500: frontdesk.ErrOverloaded, 502: frontdesk.ErrOverloaded, 503: frontdesk.ErrOverloaded, 504: frontdesk.ErrOverloaded,
		520: frontdesk.ErrOverloaded, 524: frontdesk.ErrOverloaded, 529: frontdesk.ErrOverloaded, 530: frontdesk.ErrOverloaded,
	}
	bodies := map[string][2]string{
		"nothing":  {"application/json", ""},
		"an error": {"application/json", openAIError("No.", "error", "")},
		"a page":   {"text/html", "<!doctype html><title>Error</title>"},
		"words":    {"text/plain", "No."},
	}
	for status, want := range byStatus {
		for name, body := range bodies {
			t.Run(fmt.Sprintf("%d/%s", status, name), func(t *testing.T) {
				refused := askOnce(t, refuseWith(status, body[0], body[1]), want)
				assert.Equal(t, status, refused.Status)
			})
		}
	}
}

// TestTooManyRequests tells a quota that is used up from requests that come
// too fast. Both are status 429.
func TestTooManyRequests(t *testing.T) {
	tests := []struct {
		name, body string
		headers    []string
		want       error
	}{
		{"nothing said", `{}`, nil, frontdesk.ErrRateLimited},
		{"OpenAI's rate", openAIError("Rate limit reached for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Used 29000. Please try again in 2s.", "tokens", "rate_limit_exceeded"), nil, frontdesk.ErrRateLimited},
		{"OpenAI's rate, with its billing page", openAIError("Rate limit reached on requests per min. Limit: 3 / min. Please try again in 20s. Visit https://platform.openai.com/account/billing to add a payment method.", "requests", "rate_limit_exceeded"), nil, frontdesk.ErrRateLimited},
		{"Groq's rate, with its billing page", openAIError("Rate limit reached for model `llama-3.3-70b-versatile` on tokens per minute (TPM): Limit 12000, Used 11800, Requested 900. Please try again in 3.5s. Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing", "tokens", "rate_limit_exceeded"), nil, frontdesk.ErrRateLimited},
		{"Groq's day", openAIError("Rate limit reached for model `llama-3.3-70b-versatile` on tokens per day (TPD): Limit 100000, Used 99800, Requested 900. Please try again in 9m30s.", "tokens", "rate_limit_exceeded"), nil, frontdesk.ErrQuota},
		{"vLLM behind a gateway", `{"object":"error","message":"Too Many Requests","type":"TooManyRequests","code":429}`, nil, frontdesk.ErrRateLimited},
		{"engine busy", openAIError("The engine is currently overloaded, please try again later", "engine_overloaded_error", ""), nil, frontdesk.ErrRateLimited},
		{"a short wait", openAIError("Slow down.", "", ""), []string{"Retry-After", "2"}, frontdesk.ErrRateLimited},
		{"OpenAI's quota", openAIError("You exceeded your current quota, please check your plan and billing details.", "insufficient_quota", "insufficient_quota"), nil, frontdesk.ErrQuota},
		{"a code alone", openAIError("No.", "", "insufficient_quota"), nil, frontdesk.ErrQuota},
		{"a type alone", openAIError("No.", "insufficient_quota", ""), nil, frontdesk.ErrQuota},
		{"Moonshot's quota", openAIError("Your account org-1 is suspended, please check your plan and billing details", "exceeded_current_quota_error", ""), nil, frontdesk.ErrQuota},
		{"insufficient balance", `{"error":"Insufficient balance"}`, nil, frontdesk.ErrQuota},
		{"a daily limit", openAIError("Daily limit of 60 requests reached.", "", ""), nil, frontdesk.ErrQuota},
		{"a monthly limit", openAIError("Monthly usage limit reached.", "", ""), nil, frontdesk.ErrQuota},
		{"requests per day", openAIError("Rate limit exceeded: 1000 requests per day.", "", ""), nil, frontdesk.ErrQuota},
		{"free-models-per-day", openAIError("Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day", "", ""), nil, frontdesk.ErrQuota},
		{"resets in hours", openAIError("Limit reached, resets in 5 hours.", "", ""), nil, frontdesk.ErrQuota},
		{"a day to wait", openAIError("Slow down.", "", ""), []string{"Retry-After", "86400"}, frontdesk.ErrQuota},
		{"an hour to wait", `{}`, []string{"Retry-After", "3600"}, frontdesk.ErrQuota},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			askOnce(t, refuseWith(429, "application/json", test.body, test.headers...), test.want)
		})
	}
	t.Run("the wait is known", func(t *testing.T) {
		refused := askOnce(t, refuse(429, "60 of 60 requests per day used", "Retry-After", "7200"), frontdesk.ErrQuota)
		assert.Equal(t, 2*time.Hour, refused.RetryAfter)
		refused = askOnce(t, refuse(403, "plan limit reached", "Retry-After", "7200"), frontdesk.ErrQuota)
		assert.Equal(t, 2*time.Hour, refused.RetryAfter)
	})
}

// TestForbidden is about Oxlo, which says by 403 that the plan is used up or too
// low, where others mean a key or a permission.
func TestForbidden(t *testing.T) {
	for message, want := range map[string]error{
		"":                        frontdesk.ErrQuota,
		"Forbidden":               frontdesk.ErrQuota,
		"Plan limit reached":      frontdesk.ErrQuota,
		"60 of 60 requests today": frontdesk.ErrQuota,
		"Daily request limit exceeded for your API key":                                   frontdesk.ErrQuota,
		"Rate limit of your plan exceeded":                                                frontdesk.ErrQuota,
		"The model kimi-k2.6 requires a Premium plan":                                     frontdesk.ErrQuota,
		"This model's context window is not available on your plan":                       frontdesk.ErrQuota,
		"Your API key's plan does not include kimi-k2.6. Upgrade to Premium.":             frontdesk.ErrQuota,
		"Your API key does not have access to this model: it is part of the Premium tier": frontdesk.ErrQuota,
		"Invalid API key":                              frontdesk.ErrAuth,
		"invalid api_key provided":                     frontdesk.ErrAuth,
		"Authentication failed":                        frontdesk.ErrAuth,
		"Unauthorized":                                 frontdesk.ErrAuth,
		"The API key was revoked":                      frontdesk.ErrAuth,
		"Requests from your country are not supported": frontdesk.ErrQuota, // nothing tells it apart
		"<html><title>Attention Required! | Cloudflare</title></html>": frontdesk.ErrQuota,
	} {
		t.Run(message, func(t *testing.T) {
			askOnce(t, refuse(403, message), want)
		})
	}
}

// overflows are the wordings in which hosts say that a request is too long.
var overflows = []string{
	"This model's maximum context length is 8192 tokens. However, you requested 9200 tokens (5104 in the messages, 4096 in the completion).",
	"This model's maximum context length is 131072 tokens. However, your messages resulted in 140000 tokens.",
	"'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 8192 tokens and your request has 5104 input tokens.",
	"The prompt exceeds the maximum context length of 32768 tokens",
	"The prompt exceeds the model's maximum context length (32768)",
	"Requested token count exceeds the model's maximum context length of 131072 tokens. You requested a total of 140000 tokens.",
	"Input length 33792 exceeds the maximum allowed input length 32768",
	"Your input exceeds the context window of this model. Please adjust your input and try again.",
	"Invalid request: Your request exceeded model token limit: 131072",
	"Tokens in request more than max tokens allowed",
	"prompt is too long: 210000 tokens > 200000 maximum",
	"The input is too long for the requested model",
	"the request exceeds the available context size, try increasing it",
	"Please reduce the length of the messages or completion.",
	"Please reduce the length of the input.",
	"Input validation error: `inputs` must have less than 512 tokens. Given: 640",
	"The input (140000 tokens) is longer than the model's context length (131072 tokens).",
	"The prompt is too long: 140000, model maximum context length: 131072",
	"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 32768. Given: 30000 `inputs` tokens and 4096 `max_new_tokens`",
}

func TestRequestTooLong(t *testing.T) {
	for _, status := range []int{400, 413, 422, 500, 503} {
		for _, message := range overflows {
			t.Run(fmt.Sprintf("%d/%s", status, message), func(t *testing.T) {
				askOnce(t, refuse(status, message), frontdesk.ErrContextWindow)
			})
		}
		for name, body := range map[string]string{
			"code":      openAIError("No.", "invalid_request_error", "context_length_exceeded"),
			"type":      openAIError("No.", "exceed_context_size_error", ""),
			"llama.cpp": `{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":8192}}`,
			"vLLM":      `{"object":"error","message":"This model's maximum context length is 8192 tokens. However, you requested 9200 tokens","type":"BadRequestError","param":null,"code":400}`,
			"FastAPI":   `{"detail":[{"type":"value_error","loc":["body","messages"],"msg":"prompt is too long"}]}`,
			"words":     `prompt is too long`,
		} {
			t.Run(fmt.Sprintf("%d/%s", status, name), func(t *testing.T) {
				askOnce(t, refuseWith(status, "application/json", body), frontdesk.ErrContextWindow)
			})
		}
	}
	t.Run("in a stream", func(t *testing.T) {
		for _, message := range overflows {
			refused := askOnce(t, streamed(openAIError(message, "", "")), frontdesk.ErrContextWindow)
			assert.Equal(t, 200, refused.Status)
		}
	})
	t.Run("is not tried again", func(t *testing.T) {
		for _, message := range overflows {
			for _, status := range []int{400, 413, 422, 503} {
				host := hosting(refuse(status, message), saying("Hello!"))
				_, err := host.provider().Generate(t.Context(), question(), nil)
				require.ErrorIs(t, err, frontdesk.ErrContextWindow, message)
				assert.Len(t, host.sent(), 1, "%d %s", status, message)
			}
		}
	})
	t.Run("Groq's 413 for what a minute does not hold", func(t *testing.T) {
		askOnce(t, refuseWith(413, "application/json", openAIError("Request too large for model `llama-3.3-70b-versatile` on tokens per minute (TPM): Limit 12000, Requested 33033, please reduce your message size and try again.", "tokens", "rate_limit_exceeded")), frontdesk.ErrContextWindow)
	})
}

// TestNotTooLong has messages that speak of limits on something else.
func TestNotTooLong(t *testing.T) {
	for _, test := range []struct {
		status  int
		message string
		want    error
	}{
		{429, "Rate limit reached: too many tokens per minute for the context length you use", frontdesk.ErrRateLimited},
		{429, "Too many requests: please reduce the length of the messages or slow down", frontdesk.ErrRateLimited},
		{503, "Request throttled: the input is too long for the current load", frontdesk.ErrRateLimited},
		{503, "Rate limited upstream (maximum context length 8192)", frontdesk.ErrRateLimited},
		{400, "An answer may have at most 8192 tokens", nil},
		{400, "The tool's name is too long", nil},
		{400, "Too many images: at most 5 are allowed", nil},
		{400, "tools: at most 128 functions are allowed", nil},
		{403, "maximum context length is a Premium feature", frontdesk.ErrQuota},
		{401, "The input is too long to be a key", frontdesk.ErrAuth},
	} {
		t.Run(fmt.Sprint(test.status, " ", test.message), func(t *testing.T) {
			askOnce(t, refuse(test.status, test.message), test.want)
		})
	}
}

// TestKindInsideAnAnswer is about errors that hosts report with status 200,
// where only the code and the words tell.
func TestKindInsideAnAnswer(t *testing.T) {
	tests := []struct {
		payload string
		want    error
	}{
		{`{"error":{"message":"No.","code":401}}`, frontdesk.ErrAuth},
		{`{"error":{"message":"No.","code":"402"}}`, frontdesk.ErrQuota},
		{`{"error":{"message":"No.","code":403}}`, frontdesk.ErrQuota},
		{`{"error":{"message":"No.","code":"413"}}`, frontdesk.ErrContextWindow},
		{`{"error":{"message":"No.","code":429}}`, frontdesk.ErrRateLimited},
		{`{"error":{"message":"Daily limit reached.","code":429}}`, frontdesk.ErrQuota},
		{`{"error":{"message":"No.","code":"503"}}`, frontdesk.ErrOverloaded},
		{`{"error":{"message":"No.","code":529,"type":"overloaded_error"}}`, frontdesk.ErrOverloaded},
		{`{"object":"error","message":"No.","code":500}`, frontdesk.ErrOverloaded},
		{`{"error":{"message":"No.","code":400}}`, nil},
		{`{"error":{"message":"No.","code":"not_that"}}`, nil},
		{`{"error":{"message":"No.","code":7}}`, nil},
		{openAIError("You exceeded your current quota, please check your plan and billing details.", "insufficient_quota", "insufficient_quota"), frontdesk.ErrQuota},
		{openAIError("Rate limit exceeded: 60 requests per day.", "", ""), frontdesk.ErrQuota},
		{openAIError("Rate limit exceeded", "", "rate_limit_exceeded"), frontdesk.ErrRateLimited},
		{openAIError("Invalid API key", "", "invalid_api_key"), frontdesk.ErrAuth},
		{openAIError("The server is overloaded", "", ""), frontdesk.ErrOverloaded},
		{openAIError("No.", "server_error", ""), frontdesk.ErrOverloaded},
		{openAIError("No.", "internal_server_error", ""), frontdesk.ErrOverloaded},
		{openAIError("Service unavailable", "", ""), frontdesk.ErrOverloaded},
		{`{"error":"queue is full"}`, frontdesk.ErrOverloaded},
		{`{"error":{"message":"No."}}`, nil},
		{`{"error":true}`, nil},
	}
	for _, test := range tests {
		t.Run(test.payload, func(t *testing.T) {
			for name, answer := range map[string]fakeAnswer{
				"whole":                  whole(test.payload),
				"first in a stream":      streamed(test.payload),
				"in a stream":            streamed(chunk(map[string]any{"content": "I will"}, ""), test.payload, "[DONE]"),
				"an event of its own":    body("text/event-stream", piece{text: "event: error\n" + events(test.payload)}),
				"beside an empty choice": streamed(`{"choices":[],` + test.payload[1:]),
			} {
				t.Run(name, func(t *testing.T) {
					refused := askOnce(t, answer, test.want)
					assert.Equal(t, 200, refused.Status)
				})
			}
		})
	}
}

// FuzzHostError has hosts refuse requests in any words. The error is short, and no
// wait in it is beyond reason.
func FuzzHostError(f *testing.F) {
	f.Add(400, "", `{"error":{"message":"temperature is not supported","param":"temperature","code":"unsupported"}}`)
	f.Add(403, "", `{"detail":"Plan limit reached, resets in 2 hours and 5 minutes"}`)
	f.Add(429, "7200", `{"error":"Quota exceeded. It resets at 2000-01-01T06:00:00.5+02:00"}`)
	f.Add(422, "1e400", `{"detail":[{"loc":["body",1],"msg":"maximum context length"}]}`)
	f.Add(503, "Wed, 21 Oct 2065 07:28:00 GMT", "<html><title>busy</title>")
	f.Add(200, "-1", `{"error":{"code":503,"message":"try again"}}`)
	f.Fuzz(func(t *testing.T, status int, header, body string) {
		if status < 100 || status > 999 {
			t.Skip("no host has such a status")
		}
		headers := []string{"Retry-After", header, "X-RateLimit-Reset", header}
		provider := hosting(refuseWith(status, "application/json", body, headers...)).provider()
		provider.Retries = -1
		_, err := provider.Generate(t.Context(), question(), nil)
		var refused *frontdesk.HostError
		if !errors.As(err, &refused) {
			return
		}
		assert.GreaterOrEqual(t, refused.RetryAfter, time.Duration(0))
		assert.LessOrEqual(t, refused.RetryAfter, 200*365*24*time.Hour)
		assert.Less(t, len(err.Error()), 2000)
	})
}
