package frontdesk_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// The usual answers of an OpenAI-compatible host, whole and streamed, and what
// they amount to.
var answers = []struct {
	name     string
	whole    string
	streamed []string
	want     frontdesk.Response
}{
	{
		name: "words",
		whole: `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"llama-3.3-70b-instruct",
			"choices":[{"index":0,"message":{"role":"assistant","content":"Hello, Ana! 🧦","refusal":null},"logprobs":null,"finish_reason":"stop"}],
			"usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17}}`,
		streamed: []string{
			`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"llama-3.3-70b-instruct","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}`,
			`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"llama-3.3-70b-instruct","choices":[{"index":0,"delta":{"content":"Hello,"},"logprobs":null,"finish_reason":null}]}`,
			`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"llama-3.3-70b-instruct","choices":[{"index":0,"delta":{"content":" Ana!"},"logprobs":null,"finish_reason":null}]}`,
			`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"llama-3.3-70b-instruct","choices":[{"index":0,"delta":{"content":" 🧦"},"logprobs":null,"finish_reason":null}]}`,
			`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"llama-3.3-70b-instruct","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}`,
			`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"llama-3.3-70b-instruct","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17}}`,
			`[DONE]`,
		},
		want: frontdesk.Response{
			Message:  frontdesk.Message{Role: frontdesk.RoleAssistant, Text: "Hello, Ana! 🧦"},
			Finish:   frontdesk.FinishStop,
			Model:    "llama-3.3-70b-instruct",
			Usage:    frontdesk.Usage{PromptTokens: 12, CompletionTokens: 5},
			Requests: 1,
		},
	},
	{
		name: "words and two calls",
		whole: `{"model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":"Let me look.","tool_calls":[
			{"id":"call_a","type":"function","function":{"name":"get_order_status","arguments":"{\"order_id\":\"ORD-1\"}"}},
			{"id":"call_b","type":"function","function":{"name":"initiate_refund","arguments":"{\"order_id\":\"ORD-1\",\"reason\":\"dämaged\"}"}}
			]},"finish_reason":"tool_calls"}]}`,
		streamed: []string{
			`{"model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}`,
			`{"model":"m-1","choices":[{"index":0,"delta":{"content":"Let me"}}]}`,
			`{"model":"m-1","choices":[{"index":0,"delta":{"content":" look."}}]}`,
			`{"model":"m-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"get_order_status","arguments":""}}]}}]}`,
			`{"model":"m-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"order"}}]}}]}`,
			`{"model":"m-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"initiate_refund","arguments":""}}]}}]}`,
			`{"model":"m-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{\"order_id\":\"ORD-1\","}},{"index":0,"function":{"arguments":"_id\":"}}]}}]}`,
			`{"model":"m-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"ORD-1\"}"}}]}}]}`,
			`{"model":"m-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"\"reason\":\"dämaged\"}"}}]}}]}`,
			`{"model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}`,
			`[DONE]`,
		},
		want: frontdesk.Response{
			Message: frontdesk.Message{Role: frontdesk.RoleAssistant, Text: "Let me look.", Calls: []frontdesk.ToolCall{
				{ID: "call_a", Name: "get_order_status", Arguments: `{"order_id":"ORD-1"}`},
				{ID: "call_b", Name: "initiate_refund", Arguments: `{"order_id":"ORD-1","reason":"dämaged"}`},
			}},
			Finish:   frontdesk.FinishToolCalls,
			Model:    "m-1",
			Requests: 1,
		},
	},
	{
		name:  "thoughts",
		whole: `{"choices":[{"message":{"role":"assistant","reasoning_content":"A refund, then.","content":"Sure."},"finish_reason":"stop"}]}`,
		streamed: []string{
			`{"choices":[{"index":0,"delta":{"reasoning_content":"A refund,"}}]}`,
			`{"choices":[{"index":0,"delta":{"reasoning_content":" then."}}]}`,
			`{"choices":[{"index":0,"delta":{"content":"Sure."}}]}`,
			`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`,
			`[DONE]`,
		},
		want: frontdesk.Response{
			Message:  frontdesk.Message{Role: frontdesk.RoleAssistant, Text: "Sure.", Reasoning: "A refund, then.", ReasoningField: "reasoning_content"},
			Finish:   frontdesk.FinishStop,
			Requests: 1,
		},
	},
	{
		name:     "no [DONE] after the finish reason",
		whole:    `{"choices":[{"message":{"content":"Bye."},"finish_reason":"stop"}]}`,
		streamed: []string{`{"choices":[{"delta":{"content":"Bye."}}]}`, `{"choices":[{"delta":{},"finish_reason":"stop"}]}`},
		want: frontdesk.Response{
			Message:  frontdesk.Message{Role: frontdesk.RoleAssistant, Text: "Bye."},
			Finish:   frontdesk.FinishStop,
			Requests: 1,
		},
	},
	{
		name:     "an empty answer, on which the agent decides",
		whole:    `{"choices":[{"message":{"role":"assistant","content":""},"finish_reason":"stop"}]}`,
		streamed: []string{`{"choices":[{"delta":{"role":"assistant","content":""}}]}`, `{"choices":[{"delta":{},"finish_reason":"stop"}]}`, `[DONE]`},
		want:     frontdesk.Response{Message: frontdesk.Message{Role: frontdesk.RoleAssistant}, Finish: frontdesk.FinishStop, Requests: 1},
	},
}

func TestAnswers(t *testing.T) {
	for _, test := range answers {
		t.Run(test.name, func(t *testing.T) {
			t.Run("plain", func(t *testing.T) {
				response, _, _, err := generate(t.Context(), newHost(t, answerJSON(test.whole)).provider(), question(), false)
				require.NoError(t, err)
				assert.Equal(t, &test.want, response)
			})
			t.Run("streamed", func(t *testing.T) {
				response, text, reasoning, err := generate(t.Context(), newHost(t, answerStream(events(test.streamed...))).provider(), question(), true)
				require.NoError(t, err)
				assert.Equal(t, &test.want, response)
				assert.Equal(t, test.want.Message.Text, text, "what was streamed is the answer")
				assert.Equal(t, test.want.Message.Reasoning, reasoning)
			})
		})
	}
}

// TestHostsThatAnswerInTheOtherForm is about gateways that stream whether or
// not they were asked to, and servers that cannot.
func TestHostsThatAnswerInTheOtherForm(t *testing.T) {
	for _, test := range answers {
		t.Run(test.name, func(t *testing.T) {
			for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "text/plain"} {
				t.Run("a whole answer as "+contentType, func(t *testing.T) {
					response, text, reasoning, err := generate(t.Context(), newHost(t, answer(200, contentType, test.whole)).provider(), question(), true)
					require.NoError(t, err)
					assert.Equal(t, &test.want, response)
					assert.Equal(t, test.want.Message.Text, text, "the text is told all the same")
					assert.Equal(t, test.want.Message.Reasoning, reasoning)
				})
			}
			for _, contentType := range []string{"text/event-stream", "text/event-stream; charset=utf-8", "text/plain"} {
				t.Run("a stream as "+contentType, func(t *testing.T) {
					response, _, _, err := generate(t.Context(), newHost(t, answer(200, contentType, events(test.streamed...))).provider(), question(), false)
					require.NoError(t, err)
					assert.Equal(t, &test.want, response)
				})
			}
		})
	}
}

// TestStreamArrivesPieceByPiece lets the host wait for each piece to be told
// before it sends the next.
func TestStreamArrivesPieceByPiece(t *testing.T) {
	pieces := []string{"one ", "two ", "three"}
	told := make(chan string)
	h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, piece := range pieces {
			_, _ = io.WriteString(w, events(fmt.Sprintf(`{"choices":[{"delta":{"content":%q}}]}`, piece)))
			_ = http.NewResponseController(w).Flush()
			select {
			case got := <-told:
				assert.Equal(t, piece, got)
			case <-r.Context().Done():
				return
			}
		}
		_, _ = io.WriteString(w, events(`{"choices":[{"delta":{},"finish_reason":"stop"}]}`, `[DONE]`))
	})
	response, err := h.provider().Generate(t.Context(), question(), func(delta frontdesk.Delta) { told <- delta.Text })
	require.NoError(t, err)
	assert.Equal(t, strings.Join(pieces, ""), response.Message.Text)
}

// TestAnswersThatEndEarly is about answers that look fine up to where they
// stop. None may become a Response, since a tool call in it would be run.
func TestAnswersThatEndEarly(t *testing.T) {
	role := events(`{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}`)
	words := role + events(`{"choices":[{"index":0,"delta":{"content":"I will refund"}}]}`)
	call := role + events(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"initiate_refund","arguments":"{\"order_id\":\"ORD-1\"}"}}]}}]}`)
	for name, body := range map[string]string{
		"nothing":                "",
		"the role alone":         role,
		"words":                  words,
		"a call that looks good": call,
		"in the middle of data":  words + `data: {"choices":[{"index":0,"delta":{"con`,
		"before the colon":       words + `dat`,
		"after a keep-alive":     words + ": keep-alive\n\n",
		"usage but no finish":    words + events(`{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}`),
	} {
		t.Run("stream/"+name, func(t *testing.T) {
			t.Run("the host ends it", func(t *testing.T) {
				response, _, _, err := generate(t.Context(), newHost(t, answerStream(body)).provider(), question(), true)
				require.ErrorIs(t, err, frontdesk.ErrTruncated)
				assert.Nil(t, response)
			})
			t.Run("the connection breaks", func(t *testing.T) {
				h := newHost(t, breakAfter("text/event-stream", body))
				response, text, _, err := generate(t.Context(), h.provider(), question(), true)
				require.ErrorIs(t, err, frontdesk.ErrTruncated)
				assert.Nil(t, response)
				if strings.Contains(body, "I will refund") {
					assert.Equal(t, "I will refund", text, "what came was told")
				}
			})
		})
	}

	const whole = `{"choices":[{"message":{"content":"I will refund"},"finish_reason":"stop"}]}`
	half := whole[:len(whole)/2]
	for name, handler := range map[string]http.HandlerFunc{
		"the connection breaks": breakAfter("application/json", half),
		"fewer bytes than announced": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
			_, _ = io.WriteString(w, half)
		},
		// As from a server of the days before chunks: the body ends where the
		// connection does, so that only the JSON tells.
		"no length at all": func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(connection, "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"+half)
			connection.Close()
		},
		"nothing": answerJSON(""),
	} {
		t.Run("plain/"+name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				response, _, _, err := generate(t.Context(), newHost(t, handler).provider(), question(), stream)
				require.ErrorIs(t, err, frontdesk.ErrTruncated)
				assert.Nil(t, response)
			})
		})
	}
}

// TestAnswersThatAreCut is about answers whose host says that they are not
// whole. What there is of them can be had from the error.
func TestAnswersThatAreCut(t *testing.T) {
	for _, finish := range []frontdesk.FinishReason{frontdesk.FinishLength, frontdesk.FinishFilter} {
		t.Run(string(finish), func(t *testing.T) {
			whole := fmt.Sprintf(`{"choices":[{"message":{"role":"assistant","content":"Once upon"},"finish_reason":%q}]}`, finish)
			streamed := events(`{"choices":[{"delta":{"content":"Once upon"}}]}`, fmt.Sprintf(`{"choices":[{"delta":{},"finish_reason":%q}]}`, finish), `[DONE]`)
			for stream, handler := range map[bool]http.HandlerFunc{false: answerJSON(whole), true: answerStream(streamed)} {
				h := newHost(t, handler)
				provider := h.provider()
				provider.Retries, provider.MaxWait = 2, time.Nanosecond
				response, _, _, err := generate(t.Context(), provider, question(), stream)
				assert.Nil(t, response)
				require.ErrorIs(t, err, frontdesk.ErrTruncated)
				var cut *frontdesk.TruncatedError
				require.ErrorAs(t, err, &cut)
				assert.Equal(t, finish, cut.Finish)
				assert.Equal(t, "Once upon", cut.Message.Text)
				assert.Len(t, h.received(), 1, "it would be cut again")
			}
		})
	}
}

// TestOtherWordsForTheReason is about hosts that pass on why their own host's
// model stopped, in its words.
func TestOtherWordsForTheReason(t *testing.T) {
	answer := func(reason string, stream bool) http.HandlerFunc {
		if stream {
			return answerStream(events(`{"choices":[{"delta":{"content":"Once upon"}}]}`, fmt.Sprintf(`{"choices":[{"delta":{},"finish_reason":%q}]}`, reason), `[DONE]`))
		}
		return answerJSON(fmt.Sprintf(`{"choices":[{"message":{"role":"assistant","content":"Once upon"},"finish_reason":%q}]}`, reason))
	}
	for reason, want := range map[string]frontdesk.FinishReason{
		"STOP": frontdesk.FinishStop, "end_turn": frontdesk.FinishStop, "eos": frontdesk.FinishStop, "some_other": "some_other",
		"MAX_TOKENS": frontdesk.FinishLength, "max_tokens": frontdesk.FinishLength, "model_length": frontdesk.FinishLength,
		"SAFETY": frontdesk.FinishFilter, "sensitive": frontdesk.FinishFilter,
	} {
		bothWays(t, func(t *testing.T, stream bool) {
			h := newHost(t, answer(reason, stream))
			response, _, _, err := generate(t.Context(), h.provider(), question(), stream)
			if want != frontdesk.FinishLength && want != frontdesk.FinishFilter {
				require.NoError(t, err)
				assert.Equal(t, want, response.Finish)
				return
			}
			var cut *frontdesk.TruncatedError
			require.ErrorAs(t, err, &cut, reason)
			assert.Equal(t, want, cut.Finish)
		})
	}
	for _, reason := range []string{"error", "abort", "insufficient_system_resource", "network_error"} {
		t.Run("the host could not go on/"+reason, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				h := newHost(t, inOrder(answer(reason, stream), answerHello))
				provider := h.provider()
				provider.Retries, provider.MaxWait = 2, time.Nanosecond
				response, _, _, err := generate(t.Context(), provider, question(), stream)
				require.NoError(t, err)
				assert.Equal(t, "Hello!", response.Message.Text)
				assert.Len(t, h.received(), 2)

				provider.Retries = -1
				_, _, _, err = generate(t.Context(), newHost(t, answer(reason, stream)).provider(), question(), stream)
				var cut *frontdesk.TruncatedError
				require.ErrorAs(t, err, &cut)
				assert.Equal(t, "Once upon", cut.Message.Text)
			})
		})
	}
}

// breakAfter sends the beginning of an answer and breaks the connection.
func breakAfter(contentType, beginning string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, beginning)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// TestAnswersThatAreNone is about addresses that are no model host: the error
// must say so, and never be taken for an answer.
func TestAnswersThatAreNone(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"a web page":      answer(200, "text/html; charset=utf-8", "<!doctype html><html><body>Welcome</body></html>"),
		"another API":     answerJSON(`{"status":"ok"}`),
		"no choices":      answerJSON(`{"object":"chat.completion","choices":[]}`),
		"a list":          answerJSON(`[]`),
		"null":            answerJSON(`null`),
		"a word":          answer(200, "text/plain", "OK"),
		"choices of text": answerJSON(`{"choices":"none"}`),
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				response, text, _, err := generate(t.Context(), newHost(t, handler).provider(), question(), stream)
				require.Error(t, err)
				assert.Nil(t, response)
				assert.Empty(t, text)
				assert.NotContains(t, err.Error(), "<html>")
			})
		})
	}
}
