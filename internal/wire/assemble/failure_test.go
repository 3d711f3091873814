package assemble_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/wire/assemble"
)

func TestErrors(t *testing.T) {
	tests := []struct {
		name, event, payload string
		want                 assemble.Error
		text                 string
	}{
		{"error object", "", `{"error":{"message":"overloaded","type":"server_error","code":"overloaded","param":null}}`,
			assemble.Error{Message: "overloaded", Type: "server_error", Code: "overloaded"},
			"host reported an error: overloaded (type server_error, code overloaded)"},
		{"code as number", "", `{"error":{"message":"slow down","code":429}}`,
			assemble.Error{Message: "slow down", Code: "429"}, "host reported an error: slow down (code 429)"},
		{"error as text", "", `{"error":"out of memory"}`,
			assemble.Error{Message: "out of memory"}, "host reported an error: out of memory"},
		{"error as text with a code beside it", "", `{"error":"Bad Request","type":"x","code":400}`,
			assemble.Error{Message: "Bad Request", Type: "x", Code: "400"}, "host reported an error: Bad Request (type x, code 400)"},
		{"error as anything else", "", `{"error":true}`, assemble.Error{Message: "true"}, "host reported an error: true"},
		{"error object of other fields", "", `{"error":{"msg":"a","detail":"b"}}`, assemble.Error{Message: "a"}, "host reported an error: a"},
		{"error object without words", "", `{"error":{"code":500}}`, assemble.Error{Code: "500"}, "host reported an error (code 500)"},
		{"error in an error", "", `{"error":{"error":"a"}}`, assemble.Error{Message: "a"}, "host reported an error: a"},
		{"error beside choices", "", `{"id":"x","choices":[{"index":0,"delta":{"content":"no"},"finish_reason":"error"}],"error":{"code":502,"message":"provider disconnected"}}`,
			assemble.Error{Message: "provider disconnected", Code: "502"}, "host reported an error: provider disconnected (code 502)"},
		{"error beside broken choices", "", `{"choices":"x","error":{"message":"a"}}`, assemble.Error{Message: "a"}, "host reported an error: a"},
		{"error in the choice", "", `{"choices":[{"error":{"code":502,"message":"a"}}]}`,
			assemble.Error{Message: "a", Code: "502"}, "host reported an error: a (code 502)"},
		{"object error", "", `{"object":"error","message":"too long","type":"BadRequestError","param":null,"code":400}`,
			assemble.Error{Message: "too long", Type: "BadRequestError", Code: "400"}, "host reported an error: too long (type BadRequestError, code 400)"},
		{"object error without words", "", `{"object":"error"}`, assemble.Error{}, "host reported an error"},
		{"event error", "error", `{"error":{"message":"a"}}`, assemble.Error{Message: "a"}, "host reported an error: a"},
		{"event error without an error field", "error", `{"message":"a","code":7}`, assemble.Error{Message: "a", Code: "7"}, "host reported an error: a (code 7)"},
		{"event error with complaints", "error", `{"detail":[{"loc":["body"],"msg":"field required"},{"message":"too long"},{}]}`,
			assemble.Error{Message: "field required; too long"}, "host reported an error: field required; too long"},
		{"event error with other complaints", "error", `{"detail":[1,2]}`, assemble.Error{Message: "[1,2]"}, "host reported an error: [1,2]"},
		{"event error with empty complaints", "error", `{"detail":[{}]}`, assemble.Error{Message: "[{}]"}, "host reported an error: [{}]"},
		{"event error with a good chunk", "error", text("a"), assemble.Error{Message: text("a")}, "host reported an error: " + text("a")},
		{"event error with plain words", "error", "out of memory", assemble.Error{Message: "out of memory"}, "host reported an error: out of memory"},
		{"event error with nothing", "error", "", assemble.Error{}, "host reported an error"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.want.Raw = []byte(test.payload)
			var a assemble.Assembler
			_, err := a.Add("", []byte(text("a")))
			require.NoError(t, err)
			payload := []byte(test.payload)
			delta, err := a.Add(test.event, payload)
			clear(payload) // what the reader does on the next event
			assert.Zero(t, delta)
			var failure *assemble.Error
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, string(test.want.Raw), string(failure.Raw))
			failure.Raw = test.want.Raw
			assert.Equal(t, test.want, *failure)
			assert.EqualError(t, err, test.text)

			// The stream may go on as if nothing had happened, but the message failed.
			_, second := a.Add("", []byte(`{"error":"another"}`))
			assert.EqualError(t, second, "host reported an error: another")
			_, err = a.Add("", []byte(finish("stop")))
			require.NoError(t, err)
			a.Done()
			message, err := a.Finish()
			assert.Same(t, failure, err)
			assert.Equal(t, "a", message.Text)
		})
	}
}

func TestErrorsOfOtherChoicesDoNotCount(t *testing.T) {
	got := play(t, `{"choices":[{"index":1,"error":"no"},{"index":0,"delta":{"content":"a"}}]}`, done)
	assert.Empty(t, got.Add)
	assert.NoError(t, got.Err)
	assert.Equal(t, "a", got.Message.Text)
}

func TestErrorThroughTheReader(t *testing.T) {
	for _, input := range []string{
		text("a") + "\n\nevent: error\ndata: {\"message\":\"no\"}\n\n",
		text("a") + "\nevent: error\ndata: no\n",
		text("a") + "\n\ndata: {\"error\":{\"message\":\"no\"}}\n\ndata: [DONE]\n\n",
	} {
		got := run(t, strings.NewReader("data: "+input), same)
		assert.Equal(t, []string{"host reported an error: no"}, got.Add)
		assert.EqualError(t, got.Err, "host reported an error: no")
		assert.Equal(t, "a", got.Message.Text)
	}
}

func TestErrorKeepsLittle(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	var a assemble.Assembler
	_, err := a.Add("error", []byte("<html>"+long))
	var failure *assemble.Error
	require.ErrorAs(t, err, &failure)
	assert.Len(t, failure.Raw, 4096)
	assert.Len(t, failure.Message, 4096)

	_, err = a.Add("", []byte(`{"error":["`+long+`"]}`))
	require.ErrorAs(t, err, &failure)
	assert.Len(t, failure.Message, 4096)
}

func TestCompletion(t *testing.T) {
	got, err := assemble.Completion([]byte(`{
	  "id": "c1", "object": "chat.completion", "model": "m1",
	  "choices": [
	    {"index": 1, "message": {"content": "no"}, "finish_reason": "length"},
	    {"index": 0, "finish_reason": "tool_calls", "message": {
	      "role": "assistant", "content": "a", "reasoning_content": "hm", "refusal": null,
	      "tool_calls": [
	        {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
	        {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
	        {"function": {"name": "g", "arguments": {"y": 2}}},
	        {"function": {"name": "g", "arguments": null}},
	        {"index": 0, "function": {"name": "g", "arguments": ""}}
	      ]}}
	  ],
	  "usage": {"prompt_tokens": 5, "completion_tokens": 2}
	}`))
	require.NoError(t, err)
	assert.Equal(t, assemble.Message{
		ID: "c1", Model: "m1", Text: "a", Reasoning: "hm", ReasoningField: "reasoning_content", Finish: "tool_calls",
		Calls: []assemble.Call{{"x", "f", `{"x":1}`}, {"x", "f", `{"x":1}`}, {"", "g", `{"y": 2}`}, {"", "g", "{}"}, {"", "g", "{}"}},
		Usage: &assemble.Usage{PromptTokens: 5, CompletionTokens: 2},
	}, got)

	tests := []struct {
		name, body string
		want       assemble.Message
	}{
		{"no finish reason", `{"choices":[{"message":{"content":"a"}}]}`, assemble.Message{Text: "a"}},
		{"content null", `{"choices":[{"message":{"content":null},"finish_reason":"stop"}]}`, assemble.Message{Finish: "stop"}},
		{"content as parts", `{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]}`, assemble.Message{Text: "ab"}},
		{"delta instead of message", `{"choices":[{"delta":{"content":"a","tool_calls":[{"function":{"name":"f"}},{"function":{"name":"f"}}]}}]}`,
			assemble.Message{Text: "a", Calls: calls{{"", "f", "{}"}, {"", "f", "{}"}}}},
		{"legacy function_call", `{"choices":[{"message":{"content":null,"function_call":{"name":"f","arguments":"{}"}},"finish_reason":"function_call"}]}`,
			assemble.Message{Finish: "function_call", Calls: calls{{"", "f", "{}"}}}},
		{"cut in a call", `{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":""}}]},"finish_reason":"length"}]}`,
			assemble.Message{Finish: "length", Calls: calls{{"a", "f", ""}}}},
		{"error null", `{"error":null,"choices":[{"message":{"content":"a"}}]}`, assemble.Message{Text: "a"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := assemble.Completion([]byte(test.body))
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestCompletionRefuses(t *testing.T) {
	for _, body := range []string{`{}`, `null`, `{"choices":[]}`, `{"choices":null}`, `{"id":"x","usage":{}}`, `{"error":null}`, `{"error":{}}`} {
		_, err := assemble.Completion([]byte(body))
		assert.ErrorIs(t, err, assemble.ErrNoChoices, body)
	}
	for body, message := range map[string]string{
		`{"error":{"message":"a"}}`:                              "a",
		`{"error":"a"}`:                                          "a",
		`{"object":"error","message":"a"}`:                       "a",
		`{"detail":"a"}`:                                         "a",
		`{"detail":[{"msg":"a"}],"choices":[]}`:                  "a",
		`{"message":"a","code":429}`:                             "a",
		`{"choices":[{"message":{},"error":{"message":"a"}}]}`:   "a",
		`{"choices":[{"message":{"content":"x"}}],"error":"a"}`:  "a",
		`{"choices":{"message":{"content":"x"}},"error":"a"}`:    "a",
		`{"error":{"message":{"text":"a"},"type":null}}`:         `{"text":"a"}`,
		`{"error":{"message":"","type":"x"},"message":"a"}`:      "a",
		`{"error":[{"message":"a"},{"message":"b"}],"x":[1,[]]}`: "a; b",
	} {
		_, err := assemble.Completion([]byte(body))
		var failure *assemble.Error
		if assert.ErrorAs(t, err, &failure, body) {
			assert.Equal(t, message, failure.Message)
			assert.Equal(t, body, string(failure.Raw))
		}
	}
	for _, body := range []string{``, `<html>`, `upstream connect error`, `{"choices":[{"message":{"content":"a"`, `{"choices":[{"message":"a"}]}`, `[]`} {
		_, err := assemble.Completion([]byte(body))
		assert.ErrorContains(t, err, "read completion: ", body)
		assert.NotErrorIs(t, err, assemble.ErrNoChoices, body)
	}
}
