package frontdesk_test

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// This file has a test for each thing that hosts do to the stream of an answer.

// deltaCall is a fragment of a call as it stands in a delta. The fields are what
// the host sends, of whatever type; those that are absent are not sent.
type deltaCall map[string]any

// toolDelta is a chunk with fragments of calls.
func toolDelta(fragments ...deltaCall) string {
	return chunk(map[string]any{"tool_calls": fragments}, "")
}

// function is the inner part of a fragment. Empty parts are not sent.
func function(name string, arguments any) map[string]any {
	f := make(map[string]any)
	if name != "" {
		f["name"] = name
	}
	if arguments != "" {
		f["arguments"] = arguments
	}
	return f
}

// end is the last chunk of an answer.
func end(reason string) string { return chunk(map[string]any{}, reason) }

const (
	order1 = `{"order_id":"ORD-1"}`
	order2 = `{"order_id":"ORD-2"}`
)

// one is the call that most streams make, two the pair that others make.
var (
	one = []string{"get_order_status " + order1}
	two = []string{"get_order_status " + order1, "get_order_status " + order2}
)

func TestCallsInStreams(t *testing.T) {
	tests := []struct {
		name   string
		chunks []string
		want   []string // name and arguments of each call
	}{
		{"no index, two calls in one delta", []string{
			toolDelta(deltaCall{"id": "a", "function": function("get_order_status", order1)}, deltaCall{"id": "b", "function": function("get_order_status", order2)}),
			end("tool_calls"),
		}, two},
		{"no index, two calls in two deltas", []string{
			toolDelta(deltaCall{"id": "a", "function": function("get_order_status", order1)}),
			toolDelta(deltaCall{"id": "b", "function": function("get_order_status", order2)}),
			end("tool_calls"),
		}, two},
		{"no index, arguments in pieces", []string{
			toolDelta(deltaCall{"id": "a", "function": function("get_order_status", "")}),
			toolDelta(deltaCall{"function": function("", order1[:9])}),
			toolDelta(deltaCall{"function": function("", order1[9:])}),
			toolDelta(deltaCall{"id": "b", "function": function("get_order_status", order2[:3])}),
			toolDelta(deltaCall{"function": function("", order2[3:])}),
			end("tool_calls"),
		}, two},
		{"null index", []string{
			toolDelta(deltaCall{"index": nil, "id": "a", "function": function("get_order_status", order1)}),
			toolDelta(deltaCall{"index": nil, "id": "b", "function": function("get_order_status", order2)}),
			end("tool_calls"),
		}, two},
		{"index always 0", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1)}),
			toolDelta(deltaCall{"index": 0, "id": "b", "function": function("get_order_status", order2)}),
			end("tool_calls"),
		}, two},
		{"index always 0, no ids", []string{
			toolDelta(deltaCall{"index": 0, "function": function("get_order_status", order1)}),
			toolDelta(deltaCall{"index": 0, "function": function("get_order_status", order2)}),
			end("tool_calls"),
		}, two},
		{"index always 0, two tools", []string{
			toolDelta(deltaCall{"index": 0, "function": function("get_order_status", order1)}),
			toolDelta(deltaCall{"index": 0, "function": function("initiate_refund", `{"order_id":"ORD-1","reason":"x"}`)}),
			end("tool_calls"),
		}, []string{one[0], `initiate_refund {"order_id":"ORD-1","reason":"x"}`}},
		{"index starts at 1", []string{
			toolDelta(deltaCall{"index": 1, "id": "a", "function": function("get_order_status", "")}),
			toolDelta(deltaCall{"index": 1, "function": function("", order1)}),
			end("tool_calls"),
		}, one},
		{"sparse indexes", []string{
			toolDelta(deltaCall{"index": 3, "id": "a", "function": function("get_order_status", order1)}),
			toolDelta(deltaCall{"index": 500, "id": "b", "function": function("get_order_status", order2)}),
			end("tool_calls"),
		}, two},
		{"index as text", []string{
			toolDelta(deltaCall{"index": "0", "id": "a", "function": function("get_order_status", order1)}),
			toolDelta(deltaCall{"index": "1", "id": "b", "function": function("get_order_status", order2)}),
			end("tool_calls"),
		}, two},
		{"calls take turns", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", "")}, deltaCall{"index": 1, "id": "b", "function": function("get_order_status", "")}),
			toolDelta(deltaCall{"index": 1, "function": function("", order2[:5])}, deltaCall{"index": 0, "function": function("", order1[:7])}),
			toolDelta(deltaCall{"index": 0, "function": function("", order1[7:])}),
			toolDelta(deltaCall{"index": 1, "function": function("", order2[5:])}),
			end("tool_calls"),
		}, two},
		{"name and id in every delta", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1[:4])}),
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1[4:8])}),
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1[8:])}),
			end("tool_calls"),
		}, one},
		{"name and another id in every delta", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1[:4])}),
			toolDelta(deltaCall{"index": 0, "id": "b", "function": function("get_order_status", order1[4:8])}),
			toolDelta(deltaCall{"index": 0, "id": "c", "function": function("get_order_status", order1[8:])}),
			end("tool_calls"),
		}, one},
		{"another id in every delta", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1[:4])}),
			toolDelta(deltaCall{"index": 0, "id": "b", "function": function("", order1[4:8])}),
			toolDelta(deltaCall{"index": 0, "id": "c", "function": function("", order1[8:])}),
			end("tool_calls"),
		}, one},
		{"one call instead of a list", []string{
			toJSON(map[string]any{"choices": []any{map[string]any{"delta": map[string]any{"tool_calls": deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1)}}}}}),
			end("tool_calls"),
		}, one},
		{"no wrapper around name and arguments", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "name": "get_order_status", "arguments": order1[:4]}),
			toolDelta(deltaCall{"index": 0, "arguments": order1[4:]}),
			end("tool_calls"),
		}, one},
		{"the name in the id alone", []string{
			toolDelta(deltaCall{"index": 0, "id": "functions.get_order_status:0", "function": map[string]any{"arguments": order1}}),
			end("tool_calls"),
		}, one},
		{"a placeholder before the arguments", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", "{}")}),
			toolDelta(deltaCall{"index": 0, "function": function("", order1[:4])}),
			toolDelta(deltaCall{"index": 0, "function": function("", order1[4:])}),
			end("tool_calls"),
		}, one},
		{"name in fragments", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order", "")}),
			toolDelta(deltaCall{"index": 0, "function": function("_status", "")}),
			toolDelta(deltaCall{"index": 0, "function": function("", order1)}),
			end("tool_calls"),
		}, one},
		{"cumulative arguments", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1[:5])}),
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1[:12])}),
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1)}),
			end("tool_calls"),
		}, one},
		{"whole arguments once more", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1[:5])}),
			toolDelta(deltaCall{"index": 0, "function": function("", order1[5:])}),
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1)}),
			end("tool_calls"),
		}, one},
		{"two values on one index", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1+order2)}),
			end("tool_calls"),
		}, two},
		{"arguments as an object", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", json.RawMessage(order1))}),
			end("tool_calls"),
		}, one},
		{"no arguments", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", "")}), end("tool_calls"),
		}, []string{"get_order_status {}"}},
		{"null arguments", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", nil)}), end("tool_calls"),
		}, []string{"get_order_status {}"}},
		{"blank arguments", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", " \n")}), end("tool_calls"),
		}, []string{"get_order_status {}"}},
		{"no id", []string{toolDelta(deltaCall{"index": 0, "function": function("get_order_status", order1)}), end("tool_calls")}, one},
		{"null id", []string{toolDelta(deltaCall{"index": 0, "id": nil, "function": function("get_order_status", order1)}), end("tool_calls")}, one},
		{"numeric id", []string{toolDelta(deltaCall{"index": 0, "id": 17, "function": function("get_order_status", order1)}), end("tool_calls")}, one},
		{"empty id later", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1[:4])}),
			toolDelta(deltaCall{"index": 0, "id": "", "function": function("", order1[4:])}),
			end("tool_calls"),
		}, one},
		{"no type", []string{toolDelta(deltaCall{"index": 0, "id": "a", "type": nil, "function": function("get_order_status", order1)}), end("tool_calls")}, one},
		{"one whole delta with the reason", []string{
			chunk(map[string]any{"role": "assistant", "content": "", "tool_calls": []any{deltaCall{"index": 0, "id": "a", "type": "function", "function": function("get_order_status", order1)}}}, "tool_calls"),
		}, one},
		{"stop although there are calls", []string{toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1)}), end("stop")}, one},
		{"two reasons", []string{toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1)}), end("tool_calls"), end("stop")}, one},
		{"an empty reason", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1)}),
			`{"choices":[{"index":0,"delta":{},"finish_reason":""}]}`, end("tool_calls"),
		}, one},
		{"an empty list of calls beside words", []string{
			`{"choices":[{"index":0,"delta":{"content":"Let me look.","tool_calls":[]}}]}`,
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1)}),
			`{"choices":[{"index":0,"delta":{"content":"","tool_calls":null}}]}`, end("tool_calls"),
		}, one},
		{"a message instead of a delta", []string{
			`{"choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"get_order_status","arguments":"{\"order_id\":\"ORD-1\"}"}}]},"finish_reason":"tool_calls"}]}`,
		}, one},
		{"a function call of old", []string{
			`{"choices":[{"index":0,"delta":{"function_call":{"name":"get_order_status","arguments":"{\"order"}}}]}`,
			`{"choices":[{"index":0,"delta":{"function_call":{"arguments":"_id\":\"ORD-1\"}"}}}]}`,
			end("function_call"),
		}, one},
		{"a call without a name beside it", []string{
			toolDelta(deltaCall{"index": 0, "id": "x", "type": "function", "function": map[string]any{"name": "", "arguments": ""}}),
			toolDelta(deltaCall{"index": 1, "id": "a", "type": "function", "function": function("get_order_status", order1)}),
			end("tool_calls"),
		}, one},
		{"the same id in each call", []string{
			toolDelta(deltaCall{"index": 0, "id": "a", "function": function("get_order_status", order1)}),
			toolDelta(deltaCall{"index": 1, "id": "a", "function": function("get_order_status", order2)}),
			end("tool_calls"),
		}, two},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response, shown, err := watchText(t.Context(), hosting(streamed(append(test.chunks, "[DONE]")...)).provider(), withTools())
			require.NoError(t, err)
			assert.Equal(t, test.want, callsOf(response))
			assert.Equal(t, response.Message.Text, shown)

			t.Run("and the tools run", func(t *testing.T) {
				host := hosting(streamed(append(test.chunks, "[DONE]")...), saying("Done."))
				agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Tools: new(shop).tools()})
				reply := play(t, agent, refundTurn, true)
				require.Len(t, reply.Results, len(test.want))
				ids := make(map[string]bool)
				for _, result := range reply.Results {
					ids[result.Call.ID] = true
					if !strings.HasSuffix(test.want[0], "{}") {
						assert.Equal(t, frontdesk.ToolDone, result.Status, result.Content)
					}
				}
				assert.Len(t, ids, len(test.want), "each call has an id of its own")
				assert.NotContains(t, ids, "")
			})
		})
	}
}

// callsOf renders the calls of an answer.
func callsOf(response *frontdesk.Response) []string {
	var calls []string
	for _, call := range response.Message.Calls {
		calls = append(calls, call.Name+" "+call.Arguments)
	}
	return calls
}

// TestFramingOfStreams is about lines and events rather than what stands in
// them. However it is sent, the answer is "Hello, Ana!".
func TestFramingOfStreams(t *testing.T) {
	hello := []string{chunk(map[string]any{"role": "assistant", "content": ""}, ""), chunk(map[string]any{"content": "Hello, "}, ""), chunk(map[string]any{"content": "Ana!"}, ""), end("stop")}
	lines := func(format, between string) string { return fmt.Sprintf(format, toAny(hello)...) + between }
	bodies := map[string]string{
		"as it should be":             events(append(hello, "[DONE]")...),
		"carriage returns":            strings.ReplaceAll(events(append(hello, "[DONE]")...), "\n", "\r\n"),
		"carriage returns alone":      strings.ReplaceAll(events(append(hello, "[DONE]")...), "\n", "\r"),
		"comments":                    ": hello\n\n" + strings.ReplaceAll(events(append(hello, "[DONE]")...), "\n\n", "\n\n: keep-alive\n\n"),
		"comments in data":            "data: : OPENROUTER PROCESSING\n\n" + events(append(hello, "[DONE]")...),
		"pings":                       "data: ping\n\n" + strings.ReplaceAll(events(append(hello, "[DONE]")...), "\n\n", "\n\ndata: ping\n\nevent: ping\ndata: {}\n\n"),
		"empty data":                  "data:\n\ndata: \n\n" + events(append(hello, "[DONE]")...),
		"a byte order mark":           "\ufeff" + events(append(hello, "[DONE]")...),
		"single line ends":            strings.ReplaceAll(events(append(hello, "[DONE]")...), "\n\n", "\n"),
		"no blank after the colon":    strings.ReplaceAll(events(append(hello, "[DONE]")...), "data: ", "data:"),
		"other fields":                "id: 1\nretry: 100\nevent: message\n" + events(append(hello, "[DONE]")...),
		"no [DONE]":                   events(hello...),
		"[DONE] but no reason":        events(append(hello[:3:3], "[DONE]")...),
		"last event without its end":  strings.TrimSuffix(events(hello...), "\n\n"),
		"last [DONE] without its end": strings.TrimSuffix(events(append(hello, "[DONE]")...), "\n\n"),
		"data after [DONE]":           events(append(hello, "[DONE]", chunk(map[string]any{"content": " Bye!"}, ""))...),
		"an object over many lines":   lines("data: %s\n\ndata: {\"choices\":\ndata: []}\n\ndata: %s\n\ndata: %s\n\ndata: %s\n\n", "data: [DONE]\n\n"),
		"no error":                    strings.ReplaceAll(events(append(hello, "[DONE]")...), `{"choices"`, `{"error":null,"choices"`),
		"an empty error":              strings.ReplaceAll(events(append(hello, "[DONE]")...), `{"choices"`, `{"error":{},"choices"`),
		"ids that change":             events(withID(hello, "a", "b", "", "d")...) + "data: [DONE]\n\n",
		"ids that vanish":             events(withID(hello, "a")...) + "data: [DONE]\n\n",
		"content in parts":            events(`{"choices":[{"delta":{"content":[{"type":"text","text":"Hello, "},{"type":"text","text":"Ana!"}]}}]}`, end("stop"), "[DONE]"),
		"content null":                events(append([]string{`{"choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}`}, hello...)...),
		"a whole message at the end":  events(append(hello[:3:3], `{"choices":[{"index":0,"message":{"role":"assistant","content":"Hello, Ana!"},"finish_reason":"stop"}]}`, "[DONE]")...),
		"a second choice":             strings.ReplaceAll(events(append(hello, "[DONE]")...), `{"choices":[`, `{"choices":[{"index":1,"delta":{"content":"no"}},`),
	}
	for name, text := range bodies {
		t.Run(name, func(t *testing.T) {
			for how, answer := range map[string]fakeAnswer{
				"at once":         body("text/event-stream", piece{text: text}),
				"byte by byte":    body("text/event-stream", bytewise(text)...),
				"under JSON":      body("application/json", piece{text: text}),
				"under no type":   body("", piece{text: text}),
				"under any bytes": body("application/octet-stream", piece{text: text}),
			} {
				t.Run(how, func(t *testing.T) {
					host := hosting(answer)
					provider := host.provider()
					provider.Retries = -1
					response, shown, err := watchText(t.Context(), provider, withTools())
					require.NoError(t, err)
					assert.Equal(t, "Hello, Ana!", response.Message.Text)
					assert.Equal(t, "Hello, Ana!", shown)
				})
			}
		})
	}
}

func toAny(texts []string) (values []any) {
	for _, text := range texts {
		values = append(values, text)
	}
	return values
}

func bytewise(text string) (pieces []piece) {
	for i := range len(text) {
		pieces = append(pieces, piece{text: text[i : i+1]})
	}
	return pieces
}

func withID(chunks []string, ids ...string) []string {
	changed := make([]string, len(chunks))
	for i, chunk := range chunks {
		changed[i] = chunk
		if i < len(ids) {
			changed[i] = fmt.Sprintf(`{"id":%q,%s`, ids[i], chunk[1:])
		}
	}
	return changed
}

func TestUsageInStreams(t *testing.T) {
	hello := chunk(map[string]any{"content": "Hello!"}, "")
	with := func(chunk, usage string) string { return `{"usage":` + usage + "," + chunk[1:] }
	const final = `{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17}`
	want := frontdesk.Usage{PromptTokens: 12, CompletionTokens: 5}
	for name, test := range map[string]struct {
		chunks []string
		want   frontdesk.Usage
	}{
		"in a chunk of its own":  {[]string{hello, end("stop"), `{"choices":[],"usage":` + final + `}`}, want},
		"with another id":        {[]string{`{"id":"a",` + hello[1:], end("stop"), `{"id":"b","choices":[],"usage":` + final + `}`}, want},
		"on each chunk, growing": {[]string{with(hello, `{"prompt_tokens":12,"completion_tokens":1}`), with(hello, `{"prompt_tokens":12,"completion_tokens":3}`), with(end("stop"), final)}, want},
		"on each chunk, equal":   {[]string{with(hello, final), with(hello, final), with(end("stop"), final)}, want},
		"null but for the last":  {[]string{with(hello, "null"), with(end("stop"), "null"), `{"choices":[],"usage":` + final + `}`}, want},
		"null in the end":        {[]string{with(hello, final), with(end("stop"), "null")}, want},
		"none":                   {[]string{hello, end("stop")}, frontdesk.Usage{}},
	} {
		t.Run(name, func(t *testing.T) {
			response, _, err := watchText(t.Context(), hosting(streamed(append(test.chunks, "[DONE]")...)).provider(), question())
			require.NoError(t, err)
			assert.Equal(t, test.want, response.Usage)
		})
	}
}

// TestCutCallsNeverRun cuts the stream of an answer that calls a tool at every
// byte. No part of it may pass for the whole.
func TestCutCallsNeverRun(t *testing.T) {
	answer := events(
		chunk(map[string]any{"role": "assistant", "content": "Let me look."}, ""),
		toolDelta(deltaCall{"index": 0, "id": "a", "type": "function", "function": function("get_order_status", "")}),
		toolDelta(deltaCall{"index": 0, "function": function("", order1[:9])}),
		toolDelta(deltaCall{"index": 0, "function": function("", order1[9:])}),
		toolDelta(deltaCall{"index": 1, "id": "b", "type": "function", "function": function("initiate_refund", `{"order_id":"ORD-1","reason":"x"}`)}),
	)
	whole := answer + events(end("tool_calls"))
	host := new(fakeHost)
	provider := host.provider()
	provider.Retries = -1
	for i := range len(whole) {
		if strings.TrimRight(whole[:i], "\n") == strings.TrimRight(whole, "\n") {
			break
		}
		for _, last := range []piece{{}, {err: io.ErrUnexpectedEOF}, {err: iotest.ErrTimeout}} {
			host.add(body("text/event-stream", piece{text: whole[:i]}, last))
			response, _, err := watchText(t.Context(), provider, withTools())
			require.ErrorIs(t, err, frontdesk.ErrTruncated, "cut at %d", i)
			require.Nil(t, response)
		}
	}

	for name, last := range map[string]string{
		"length": end("length"), "filter": end("content_filter"),
		"length, then a reason": end("length") + "\n\ndata: " + end("tool_calls"),
	} {
		t.Run(name, func(t *testing.T) {
			host := hosting(body("text/event-stream", piece{text: answer + events(last, "[DONE]")}))
			shop := new(shop)
			agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Tools: shop.tools()})
			_, err := agent.Reply(t.Context(), refundTurn)
			require.ErrorIs(t, err, frontdesk.ErrTruncated)
			var cut *frontdesk.TruncatedError
			require.ErrorAs(t, err, &cut)
			assert.Equal(t, "Let me look.", cut.Message.Text)
			assert.Empty(t, shop.refunds)
			assert.Len(t, host.sent(), 1)
		})
	}
}
