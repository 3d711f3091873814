package assemble_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/wire/assemble"
	"github.com/frontdesk-go/frontdesk/internal/wire/sse"
)

// result is everything a stream led to.
type result struct {
	Message assemble.Message
	Deltas  []assemble.Delta
	Add     []string // the errors of Add
	Err     error
}

// run reads a stream as its caller would, except that it goes on after an error.
func run(t require.TestingT, r io.Reader, alter func([]byte) []byte) result {
	var a assemble.Assembler
	var got result
	reader := sse.NewReader(r)
	for {
		event, err := reader.Next()
		if err != nil {
			require.Equal(t, io.EOF, err)
			break
		}
		if string(event.Data) == "[DONE]" {
			a.Done()
			continue
		}
		delta, err := a.Add(event.Name, alter(event.Data))
		if err != nil {
			got.Add = append(got.Add, err.Error())
		}
		got.Deltas = append(got.Deltas, delta)
	}
	got.Message, got.Err = a.Finish()
	var text, reasoning strings.Builder
	for _, delta := range got.Deltas {
		text.WriteString(delta.Text)
		reasoning.WriteString(delta.Reasoning)
	}
	require.Equal(t, got.Message.Text, text.String(), "the deltas are the text")
	require.Equal(t, got.Message.Reasoning, reasoning.String(), "the deltas are the reasoning")
	again, err := a.Finish()
	require.Equal(t, got.Message, again, "Finish says the same twice")
	require.Equal(t, got.Err, err)
	return got
}

// same leaves a payload to the fast path; slow keeps it from it, by a key the
// fast path does not judge and the slow one does not know.
func same(payload []byte) []byte { return payload }

func slow(payload []byte) []byte {
	if len(payload) == 0 || payload[0] != '{' {
		return payload
	}
	rest := strings.TrimLeft(string(payload[1:]), " \t\r\n")
	if strings.HasPrefix(rest, "}") {
		return []byte(`{"X":0` + rest)
	}
	return []byte(`{"X":0,` + rest)
}

// stream writes each payload as an event; lines that begin with a field name are
// taken as they are.
func stream(payloads ...string) string {
	var b strings.Builder
	for _, payload := range payloads {
		if !strings.HasPrefix(payload, "event:") {
			b.WriteString("data: " + payload + "\n")
		} else {
			b.WriteString(payload)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// play assembles the payloads, whole and in single bytes, on both paths.
func play(t *testing.T, payloads ...string) result {
	t.Helper()
	text := stream(payloads...)
	got := run(t, strings.NewReader(text), same)
	require.Equal(t, got, run(t, iotest.OneByteReader(strings.NewReader(text)), same), "one byte at a time")
	viaSlow := run(t, strings.NewReader(text), slow)
	require.Equal(t, got.Message, viaSlow.Message, "on the slow path")
	require.Equal(t, got.Deltas, viaSlow.Deltas, "on the slow path")
	require.Equal(t, got.Add, viaSlow.Add, "on the slow path")
	return got
}

func delta(body string) string {
	return `{"id":"c1","model":"m1","choices":[{"index":0,"delta":` + body + `}]}`
}

func text(s string) string { return delta(`{"content":"` + s + `"}`) }

func tools(list string) string { return delta(`{"tool_calls":` + list + `}`) }

func finish(reason string) string {
	return `{"choices":[{"index":0,"delta":{},"finish_reason":"` + reason + `"}]}`
}

const done = "[DONE]"

func TestText(t *testing.T) {
	tests := []struct {
		name   string
		stream []string
		want   assemble.Message
	}{
		{"plain", []string{delta(`{"role":"assistant","content":""}`), text("Hel"), text("lo"), finish("stop"), done},
			assemble.Message{ID: "c1", Model: "m1", Text: "Hello", Finish: "stop"}},
		{"content null", []string{delta(`{"content":null}`), text("a"), delta(`{}`), done},
			assemble.Message{ID: "c1", Model: "m1", Text: "a"}},
		{"delta null or absent", []string{delta(`null`), `{"choices":[{"index":0}]}`, `{"choices":[null]}`, text("a"), done},
			assemble.Message{ID: "c1", Model: "m1", Text: "a"}},
		{"error null on good chunks", []string{`{"error":null,"choices":[{"delta":{"content":"a"},"error":null}]}`, done},
			assemble.Message{Text: "a"}},
		{"error with nothing in it on good chunks", []string{
			`{"error":"","choices":[{"delta":{"content":"a"}}]}`, `{"error":false,"choices":[{"delta":{"content":"b"}}]}`,
			`{"error":{},"choices":[{"delta":{"content":"c"}}]}`, done},
			assemble.Message{Text: "abc"}},
		{"chunk id changes, is empty, null, a number, absent", []string{
			`{"id":"","choices":[{"delta":{"content":"a"}}]}`, `{"id":null,"choices":[{"delta":{"content":"b"}}]}`,
			`{"id":7,"choices":[{"delta":{"content":"c"}}]}`, `{"id":"x","choices":[{"delta":{"content":"d"}}]}`,
			`{"choices":[{"delta":{"content":"e"}}]}`, done},
			assemble.Message{ID: "7", Text: "abcde"}},
		{"message instead of delta", []string{
			`{"choices":[{"index":0,"message":{"content":"Hel"}}]}`, `{"choices":[{"message":{"content":"lo"},"finish_reason":"stop"}]}`},
			assemble.Message{Text: "Hello", Finish: "stop"}},
		{"message that repeats the deltas", []string{text("Hel"), text("lo"),
			`{"choices":[{"message":{"content":"Hello."},"finish_reason":"stop"}]}`},
			assemble.Message{ID: "c1", Model: "m1", Text: "Hello.", Finish: "stop"}},
		{"message that differs from the deltas", []string{text(" Hel"), text("lo"),
			`{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}`},
			assemble.Message{ID: "c1", Model: "m1", Text: " Hello", Finish: "stop"}},
		{"delta and message in one chunk", []string{`{"choices":[{"delta":{"content":"a"},"message":{"content":"a"}}]}`, done},
			assemble.Message{Text: "a"}},
		{"content as parts", []string{
			delta(`{"content":[{"type":"text","text":"a"},{"type":"image_url","text":"no"},"b",{"text":"c"},7,null]}`),
			delta(`{"content":{"type":"output_text","text":"d"}}`),
			delta(`{"content":[{"type":"thinking","thinking":[{"type":"text","text":"no"}]},{"type":"text","text":"e"}]}`),
			delta(`{"content":[]}`), done},
			assemble.Message{ID: "c1", Model: "m1", Text: "abcde"}},
		{"content of another type", []string{delta(`{"content":42}`), done},
			assemble.Message{ID: "c1", Model: "m1", Text: "42"}},
		{"escapes", []string{text(`\"\\\/\b\f\n\r\t`), text(`Gr\u00fc\u00dfe \uD83D\ude00 \ud83d`), text("你好 \\n 👋"), text("bad \xff utf-8"), done},
			assemble.Message{ID: "c1", Model: "m1", Text: "\"\\/\b\f\n\r\tGrüße 😀 \ufffd你好 \n 👋bad \ufffd utf-8"}},
		{"refusal", []string{delta(`{"refusal":"I can"}`), delta(`{"refusal":"not."}`), finish("stop")},
			assemble.Message{ID: "c1", Model: "m1", Refusal: "I cannot.", Finish: "stop"}},
		{"refusal repeated by a message", []string{text("a"), delta(`{"refusal":"I can"}`), `{"choices":[{"message":{"refusal":"I cannot."}}]}`, done},
			assemble.Message{ID: "c1", Model: "m1", Text: "a", Refusal: "I cannot."}},
		{"only the first of several choices", []string{
			`{"choices":[{"index":1,"delta":{"content":"no"},"finish_reason":"length"},{"index":0,"delta":{"content":"a"}}]}`,
			`{"choices":[{"index":1,"delta":{"content":"no"}}]}`,
			`{"choices":[{"delta":{"content":"b"},"finish_reason":"stop"},{"delta":{"content":"no"},"finish_reason":"length"}]}`},
			assemble.Message{Text: "ab", Finish: "stop"}},
		{"choice index as null, text, fraction or words", []string{
			`{"choices":[{"index":null,"delta":{"content":"a"}}]}`, `{"choices":[{"index":"0","delta":{"content":"b"}}]}`,
			`{"choices":[{"index":0.0,"delta":{"content":"c"}}]}`, `{"choices":[{"index":"x","delta":{"content":"d"}}]}`,
			`{"choices":[{"index":"1","delta":{"content":"no"}}]}`, done},
			assemble.Message{Text: "abcd"}},
		{"keys in another case", []string{`{"Choices":[{"Delta":{"CONTENT":"a"}}]}`, done}, assemble.Message{Text: "a"}},
		{"keys with escapes", []string{`{"choices":[{"delta":{"\u0063ontent":"a"}}]}`, done}, assemble.Message{Text: "a"}},
		{"keys twice", []string{`{"choices":[{"delta":{"content":"no","content":"a"}}]}`,
			`{"choices":[{"delta":{"content":"no"}}],"choices":[{"delta":{"content":"b"}}]}`, done},
			assemble.Message{Text: "ab"}},
		{"white space", []string{` { "choices" : [ { "delta" : { "content" : "a" } , "index" : 0 } ] , "x" : [ 1 , { "y" : { } } , [ ] ] } `, done},
			assemble.Message{Text: "a"}},
		{"fields to step over", []string{`{"choices":[{"delta":{"content":"a","x":{"y":[true,false,null,"\u00e9"]}},"logprobs":null,` +
			`"content_filter_results":{"hate":{"filtered":false,"severity":"safe","score":-1.5e-3}}}],"usage":null,"created":1}`, done},
			assemble.Message{Text: "a"}},
		{"unknown fields nested deeply", []string{`{"x":` + strings.Repeat(`{"y":[`, 50) + strings.Repeat(`]}`, 50) + `,"choices":[{"delta":{"content":"a"}}]}`, done},
			assemble.Message{Text: "a"}},
		{"chunks like the one before, but not quite", []string{text("a"), text("b"), text(`c","role":"x`), text("d"), text(`e","content":"f`), text(""), text("g"),
			`{"id":"c2","model":"m2","choices":[{"index":0,"delta":{"content":"h"}}]}`, `{"id":"c2","model":"m2","choices":[{"index":0,"delta":{"content":"i"}}]}`,
			`{"id":"c2","model":"m2","choices":[{"index":1,"delta":{"content":"no"}}]}`, text(`j\\`), text(`k\"`), done},
			assemble.Message{ID: "c1", Model: "m1", Text: `abcdfghij\k"`}},
		{"nothing at all", []string{done}, assemble.Message{}},
		{"empty objects", []string{`{}`, `{"choices":null}`, `{"choices":[]}`, done}, assemble.Message{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := play(t, test.stream...)
			assert.Empty(t, got.Add)
			assert.NoError(t, got.Err)
			assert.Equal(t, test.want, got.Message)
		})
	}
}

func TestReasoning(t *testing.T) {
	tests := []struct {
		name                    string
		stream                  []string
		field, reasoning, reply string
	}{
		{"reasoning_content then content", []string{delta(`{"reasoning_content":"hm","content":null}`), delta(`{"reasoning_content":"m"}`),
			delta(`{"reasoning_content":null,"content":"a"}`)}, "reasoning_content", "hmm", "a"},
		{"reasoning", []string{delta(`{"reasoning":"hm","content":""}`), delta(`{"reasoning":"m"}`), text("a")}, "reasoning", "hmm", "a"},
		{"reasoning_details", []string{
			delta(`{"reasoning_details":[{"type":"reasoning.text","text":"h"},{"type":"reasoning.summary","summary":"m"},{"type":"reasoning.encrypted","data":"xyz"}]}`),
			delta(`{"reasoning_details":[]}`), text("a")}, "reasoning_details", "hm", "a"},
		{"the same in two fields", []string{
			delta(`{"reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm"}]}`),
			delta(`{"reasoning":"m","reasoning_content":"m"}`)}, "reasoning", "hmm", ""},
		{"beside content", []string{delta(`{"content":"a","reasoning":"h"}`), delta(`{"content":"b","reasoning":"h"}`)}, "reasoning", "hh", "ab"},
		{"another field later", []string{delta(`{"reasoning_content":"h"}`), delta(`{"reasoning_content":"","reasoning":"m"}`)}, "reasoning_content", "hm", ""},
		{"empty field", []string{delta(`{"reasoning_content":"","content":"a"}`)}, "reasoning_content", "", "a"},
		{"empty field first, text in another", []string{delta(`{"reasoning_content":""}`), delta(`{"reasoning":"hm"}`)}, "reasoning", "hm", ""},
		{"null field", []string{delta(`{"reasoning_content":null,"reasoning":null,"reasoning_details":null,"content":"a"}`)}, "", "", "a"},
		{"reasoning repeated by a message", []string{delta(`{"reasoning_content":"hm"}`), text("a"),
			`{"choices":[{"message":{"reasoning_content":"hmm","content":"a"}}]}`}, "reasoning_content", "hmm", "a"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := play(t, append(test.stream, done)...)
			assert.NoError(t, got.Err)
			assert.Equal(t, test.field, got.Message.ReasoningField)
			assert.Equal(t, test.reasoning, got.Message.Reasoning)
			assert.Equal(t, test.reply, got.Message.Text)
		})
	}
}

func TestFinish(t *testing.T) {
	tests := []struct {
		name   string
		stream []string
		want   string
	}{
		{"last one that is not empty", []string{finish("stop"), finish("tool_calls"), finish(""), delta(`{}`)}, "tool_calls"},
		{"the same chunk again", []string{`{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}`, finish("tool_calls"),
			`{"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}]}`}, "stop"},
		{"null", []string{finish("stop"), `{"choices":[{"finish_reason":null}]}`}, "stop"},
		{"length stays", []string{finish("length"), finish("stop")}, "length"},
		{"content_filter stays", []string{finish("content_filter"), finish("tool_calls")}, "content_filter"},
		{"length after another", []string{finish("tool_calls"), finish("length")}, "length"},
		{"without a delta", []string{text("a"), `{"choices":[{"finish_reason":"stop"}]}`}, "stop"},
		{"none but the end mark", []string{text("a"), done}, ""},
		{"chunks after the end mark", []string{text("a"), done, finish("stop")}, "stop"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := play(t, test.stream...)
			assert.NoError(t, got.Err)
			assert.Equal(t, test.want, got.Message.Finish)
		})
	}
}

func TestUsage(t *testing.T) {
	tests := []struct {
		name   string
		stream []string
		want   *assemble.Usage
	}{
		{"none", []string{text("a")}, nil},
		{"null", []string{`{"choices":[],"usage":null}`}, nil},
		{"own chunk without choices", []string{text("a"), finish("stop"),
			`{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":1}}}`},
			&assemble.Usage{PromptTokens: 5, CompletionTokens: 2, CachedTokens: 3, ReasoningTokens: 1}},
		{"on every chunk, the last that is not null", []string{
			`{"usage":{"prompt_tokens":5,"completion_tokens":1},"choices":[{"delta":{"content":"a"}}]}`,
			`{"usage":{"prompt_tokens":5,"completion_tokens":2},"choices":[{"delta":{"content":"b"}}]}`,
			`{"usage":null,"choices":[{"delta":{"content":"c"}}]}`},
			&assemble.Usage{PromptTokens: 5, CompletionTokens: 2}},
		{"in the choice", []string{`{"choices":[{"delta":{},"usage":{"prompt_tokens":5,"completion_tokens":2,"cached_tokens":4}}]}`},
			&assemble.Usage{PromptTokens: 5, CompletionTokens: 2, CachedTokens: 4}},
		{"other names", []string{`{"usage":{"prompt_tokens":5,"completion_tokens":2,"prompt_cache_hit_tokens":4,"reasoning_tokens":1}}`},
			&assemble.Usage{PromptTokens: 5, CompletionTokens: 2, CachedTokens: 4, ReasoningTokens: 1}},
		{"other types", []string{`{"usage":{"prompt_tokens":"5","completion_tokens":2.0,"prompt_tokens_details":7,"completion_tokens_details":null,"cached_tokens":-1,"reasoning_tokens":1e99}}`},
			&assemble.Usage{PromptTokens: 5, CompletionTokens: 2}},
		{"no object", []string{`{"usage":7}`, `{"usage":[]}`}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := play(t, append(test.stream, done)...)
			assert.NoError(t, got.Err)
			assert.Equal(t, test.want, got.Message.Usage)
		})
	}
}

func TestTruncated(t *testing.T) {
	call := tools(`[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]`)
	tests := []struct {
		name     string
		stream   string
		cut      bool
		text     string
		argument string // of the only call
	}{
		{"no end at all", stream(text("Hel"), text("lo")), true, "Hello", ""},
		{"in a call", stream(text("a"), call), true, "a", `{"x":`},
		{"blank arguments stay blank", stream(tools(`[{"index":0,"id":"a","function":{"name":"f","arguments":" "}}]`)), true, "", " "},
		{"in a line", stream(text("a")) + `data: {"choices":[{"delta":{"content":"b"}`, true, "a", ""},
		{"in the end mark", stream(text("a")) + `data: [DON`, true, "a", ""},
		{"in a keep-alive", stream(text("a")) + `: pi`, true, "a", ""},
		{"last event without a blank line", stream(text("a")) + "data: " + finish("stop"), false, "a", ""},
		{"end mark without a line end", stream(text("a")) + "data: [DONE]", false, "a", ""},
		{"no end mark but a finish reason", stream(text("a"), finish("stop")), false, "a", ""},
		{"no finish reason but an end mark", stream(text("a"), done), false, "a", ""},
		{"cut after the finish reason", stream(text("a"), finish("stop")) + `data: {"usage"`, false, "a", ""},
		{"empty", "", true, "", ""},
		{"comments only", ": PROCESSING\n\n: PROCESSING\n\n", true, "", ""},
		{"JSON error body", `{"error":{"message":"no"}}`, true, "", ""},
		{"JSON completion body", `{"choices":[{"message":{"content":"no"},"finish_reason":"stop"}]}` + "\n", true, "", ""},
		{"HTML", "<!doctype html>\n<title>502 Bad Gateway</title>\n", true, "", ""},
		{"plain text", "upstream connect error", true, "", ""},
		{"words as data", "data: upstream connect error\n\n", true, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, alter := range []func([]byte) []byte{same, slow} {
				got := run(t, strings.NewReader(test.stream), alter)
				assert.Equal(t, test.cut, errors.Is(got.Err, assemble.ErrTruncated))
				assert.Equal(t, !test.cut, got.Err == nil)
				assert.Empty(t, got.Add)
				assert.Equal(t, test.text, got.Message.Text)
				if test.argument != "" {
					require.Len(t, got.Message.Calls, 1)
					assert.Equal(t, test.argument, got.Message.Calls[0].Arguments)
				}
			}
		})
	}
	var a assemble.Assembler
	_, err := a.Finish()
	assert.EqualError(t, err, "after 0 chunks: stream was cut before its end: do not run its calls")
}

func TestUnreadableChunksChangeNothing(t *testing.T) {
	for _, payload := range []string{
		``, `x`, `{`, `{"choices":[{"delta":{"content":"b"}}]`, `{"choices":[{"delta":{"content":"b"}}]}}`, `{"choices":[{"delta":{"content":"b",}}]}`,
		`{"choices":[{"delta":{"content":"b"}}],"x":01}`, `{"choices":[{"delta":{"content":"b"}}],"x":-}`, `{"choices":[{"delta":{"content":"b"}}],"x":1.}`,
		`{"choices":[{"delta":{"content":"b"}}],"x":1e}`, `{"choices":[{"delta":{"content":"b"}}],"x":nul}`, `{"choices":[{"delta":{"content":"b\x"}}]}`,
		`{"choices":[{"delta":{"content":"b\u12"}}]}`, `{"choices":[{"delta":{"content":"b\u123g"}}]}`, "{\"choices\":[{\"delta\":{\"content\":\"b\t\"}}]}",
		`{"choices":[{"delta":{"content":"b"}}],"x":[1 2]}`, `{"choices":[{"delta":{"content":"b"}}],"x":{1:2}}`, `{"choices":[{"delta":{"content":"b"}}],"x":{"y" 2}}`,
		`{"choices":[{"delta":{"content":"b"}}] "x":1}`, `{"choices" [{"delta":{"content":"b"}}]}`, `{"choices":[{"delta":{"content":"b"}} 1]}`, `{"choices":[{"delta":{"content":"b`,
		`{"choices":{"delta":{"content":"b"}}}`, `{"choices":[{"delta":"b"}]}`, `{"choices":[{"delta":{"content":"b","tool_calls":7}}]}`, `[]`, `"x"`, `{"x":`, `{"choices":[{"delta":{"content":"b\`,
		`{"choices":[{"delta":{"content":"b\u`, `{"choices":[{"delta":{"content":"b\u00e9`,
	} {
		var a assemble.Assembler
		_, err := a.Add("", []byte(text("a")))
		require.NoError(t, err)
		delta, err := a.Add("", []byte(payload))
		require.Error(t, err, payload)
		assert.Zero(t, delta)
		var failure *assemble.Error
		assert.NotErrorAs(t, err, &failure)
		a.Done()
		message, err := a.Finish()
		require.NoError(t, err)
		assert.Equal(t, assemble.Message{ID: "c1", Model: "m1", Text: "a"}, message, payload)
	}
}
