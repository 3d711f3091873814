package assemble_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/internal/wire/assemble"
)

type calls = []assemble.Call

func TestCalls(t *testing.T) {
	one := calls{{ID: "a", Name: "get", Arguments: `{"x":1}`}}
	two := calls{{ID: "a", Name: "f", Arguments: `{}`}, {ID: "b", Name: "g", Arguments: `{}`}}
	tests := []struct {
		name   string
		stream []string
		want   calls
	}{
		// Where the calls are told apart.
		{"as OpenAI sends it", []string{
			tools(`[{"index":0,"id":"a","type":"function","function":{"name":"get","arguments":""}}]`),
			tools(`[{"index":0,"function":{"arguments":"{\"x\""}}]`), tools(`[{"index":0,"function":{"arguments":":1}"}}]`)}, one},
		{"whole call in one delta", []string{tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\":1}"}}]`)}, one},
		{"several calls in one delta", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}]`)}, two},
		{"interleaved", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]`), tools(`[{"index":1,"id":"b","function":{"name":"g","arguments":""}}]`),
			tools(`[{"index":0,"function":{"arguments":"{\"x\":"}},{"index":1,"function":{"arguments":"{\"y\":"}}]`),
			tools(`[{"index":1,"function":{"arguments":"2}"}}]`), tools(`[{"index":0,"function":{"arguments":"1}"}}]`)},
			calls{{"a", "f", `{"x":1}`}, {"b", "g", `{"y":2}`}}},
		{"index missing", []string{
			tools(`[{"id":"a","function":{"name":"get","arguments":""}}]`),
			tools(`[{"function":{"arguments":"{\"x\""}}]`), tools(`[{"function":{"arguments":":1}"}}]`)}, one},
		{"index null", []string{
			tools(`[{"index":null,"id":"a","function":{"name":"get","arguments":"{\"x\""}}]`), tools(`[{"index":null,"function":{"arguments":":1}"}}]`)}, one},
		{"index as text", []string{
			tools(`[{"index":"0","id":"a","function":{"name":"get","arguments":"{\"x\""}}]`), tools(`[{"index":0,"function":{"arguments":":1}"}}]`)}, one},
		{"index missing, two calls in one delta", []string{
			tools(`[{"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"b","function":{"name":"g","arguments":"{}"}}]`)}, two},
		{"index missing, two calls in two deltas", []string{
			tools(`[{"id":"a","function":{"name":"f","arguments":"{}"}}]`), tools(`[{"id":"b","function":{"name":"g","arguments":"{}"}}]`)}, two},
		{"index missing, two calls that grow", []string{
			tools(`[{"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]`), tools(`[{"function":{"arguments":"1}"}}]`),
			tools(`[{"id":"b","function":{"name":"g","arguments":"{\"y\":"}}]`), tools(`[{"function":{"arguments":"2}"}}]`)},
			calls{{"a", "f", `{"x":1}`}, {"b", "g", `{"y":2}`}}},
		{"index missing, interleaved by id", []string{
			tools(`[{"id":"a","function":{"name":"f","arguments":"{\"x\":"}},{"id":"b","function":{"name":"g","arguments":"{\"y\":"}}]`),
			tools(`[{"id":"a","function":{"arguments":"1}"}},{"id":"b","function":{"arguments":"2}"}}]`)},
			calls{{"a", "f", `{"x":1}`}, {"b", "g", `{"y":2}`}}},
		{"index and id missing, two calls in one delta", []string{
			tools(`[{"function":{"name":"f","arguments":""}},{"function":{"name":"g"}}]`)},
			calls{{"", "f", `{}`}, {"", "g", `{}`}}},
		{"index and id missing, one tool twice in one delta", []string{
			tools(`[{"function":{"name":"f","arguments":{"x":1}}},{"function":{"name":"f","arguments":{"x":1}}}]`)},
			calls{{"", "f", `{"x":1}`}, {"", "f", `{"x":1}`}}},
		{"index and id missing, two deltas", []string{
			tools(`[{"function":{"name":"f","arguments":"{\"x\":1}"}}]`), tools(`[{"function":{"name":"g","arguments":"{}"}}]`)},
			calls{{"", "f", `{"x":1}`}, {"", "g", `{}`}}},
		{"index and id missing, the first without arguments", []string{
			tools(`[{"function":{"name":"f"}}]`), tools(`[{"function":{"name":"g","arguments":"{\"x\":1}"}}]`)},
			calls{{"", "f", `{}`}, {"", "g", `{"x":1}`}}},
		{"index and id missing, one tool with other arguments", []string{
			tools(`[{"function":{"name":"f","arguments":"{\"x\":1}"}}]`), tools(`[{"function":{"name":"f","arguments":"{\"x\":2}"}}]`)},
			calls{{"", "f", `{"x":1}`}, {"", "f", `{"x":2}`}}},
		{"index missing, an id only on the second", []string{
			tools(`[{"function":{"name":"f"}}]`), tools(`[{"id":"b","function":{"name":"g","arguments":"{\"y\":"}}]`), tools(`[{"function":{"arguments":"2}"}}]`)},
			calls{{"", "f", `{}`}, {"b", "g", `{"y":2}`}}},
		{"index always 0", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]`), tools(`[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]`)}, two},
		{"index always 0, in one delta", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"f","arguments":""}},{"index":0,"id":"b","function":{"name":"g","arguments":""}}]`)}, two},
		{"index always 0, no ids", []string{
			tools(`[{"index":0,"function":{"name":"f","arguments":"{}"}}]`), tools(`[{"index":0,"function":{"name":"g","arguments":"{}"}}]`)},
			calls{{"", "f", `{}`}, {"", "g", `{}`}}},
		{"index always 0, no ids, in one delta", []string{
			tools(`[{"index":0,"function":{"name":"f","arguments":""}},{"index":0,"function":{"name":"g","arguments":""}}]`)},
			calls{{"", "f", `{}`}, {"", "g", `{}`}}},
		{"index always 0, interleaved by id", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}},{"index":0,"id":"b","function":{"name":"g","arguments":"{\"y\":"}}]`),
			tools(`[{"index":0,"id":"a","function":{"arguments":"1}"}},{"index":0,"id":"b","function":{"arguments":"2}"}}]`)},
			calls{{"a", "f", `{"x":1}`}, {"b", "g", `{"y":2}`}}},
		{"index always 0, a second call that grows", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]`), tools(`[{"index":0,"id":"b","function":{"name":"g","arguments":""}}]`),
			tools(`[{"index":0,"function":{"arguments":"{\"y\":2}"}}]`)},
			calls{{"a", "f", `{}`}, {"b", "g", `{"y":2}`}}},
		{"index starts at 1", []string{
			tools(`[{"index":1,"id":"a","function":{"name":"get","arguments":"{\"x\""}}]`), tools(`[{"index":1,"function":{"arguments":":1}"}}]`)}, one},
		{"index sparse", []string{
			tools(`[{"index":3,"id":"a","function":{"name":"f"}}]`), tools(`[{"index":500,"id":"b","function":{"name":"g","arguments":"{}"}}]`),
			tools(`[{"index":3,"function":{"arguments":"{}"}}]`)}, two},
		{"index negative or of no use", []string{
			tools(`[{"index":-1,"id":"a","function":{"name":"f","arguments":"{}"}}]`), tools(`[{"index":[],"id":"b","function":{"name":"g","arguments":"{}"}}]`)}, two},
		{"index only on the first delta", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\""}}]`), tools(`[{"function":{"arguments":":1}"}}]`)}, one},
		{"index only after the first delta", []string{
			tools(`[{"id":"a","function":{"name":"get"}}]`), tools(`[{"index":0,"function":{"arguments":"{\"x\""}}]`), tools(`[{"index":0,"function":{"arguments":":1}"}}]`)}, one},
		{"index only after the first delta, all repeated", []string{
			tools(`[{"id":"a","function":{"name":"get","arguments":"{\"x\""}}]`), tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":":1}"}}]`)}, one},
		{"index only after the first delta, name repeated", []string{
			tools(`[{"id":"a","function":{"name":"get","arguments":"{\"x\""}}]`), tools(`[{"index":0,"function":{"name":"get","arguments":":1}"}}]`)}, one},
		{"index of the second call only", []string{
			tools(`[{"id":"a","function":{"name":"f"}}]`), tools(`[{"index":1,"id":"b","function":{"name":"g"}}]`)}, two},
		{"index counts the deltas", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\""}}]`), tools(`[{"index":1,"function":{"arguments":":"}}]`),
			tools(`[{"index":2,"id":"a","function":{"arguments":"1}"}}]`)}, one},
		{"one id, two indexes", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]`), tools(`[{"index":1,"id":"a","function":{"name":"f","arguments":""}}]`),
			tools(`[{"index":1,"id":"a","function":{"arguments":"{\"y\":2}"}}]`)},
			calls{{"a", "f", `{}`}, {"a", "f", `{"y":2}`}}},
		{"one id, no index, two names", []string{
			tools(`[{"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"a","function":{"name":"g","arguments":"{}"}}]`)},
			calls{{"a", "f", `{}`}, {"a", "g", `{}`}}},
		{"one id, no index, other arguments", []string{
			tools(`[{"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}]`), tools(`[{"id":"a","function":{"name":"f","arguments":"{\"x\":2}"}}]`)},
			calls{{"a", "f", `{"x":1}`}, {"a", "f", `{"x":2}`}}},

		// Ids and names.
		{"id as number", []string{tools(`[{"index":0,"id":7,"function":{"name":"f","arguments":"{}"}}]`)}, calls{{"7", "f", `{}`}}},
		{"id null, missing, empty", []string{
			tools(`[{"index":0,"id":null,"function":{"name":"f","arguments":"{}"}},{"index":1,"function":{"name":"g","arguments":"{}"}},{"index":2,"id":"","function":{"name":"h","arguments":"{}"}}]`)},
			calls{{"", "f", `{}`}, {"", "g", `{}`}, {"", "h", `{}`}}},
		{"id empty later", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\""}}]`), tools(`[{"index":0,"id":"","function":{"name":"","arguments":":1}"}}]`)}, one},
		{"id later", []string{
			tools(`[{"index":0,"function":{"name":"get","arguments":"{\"x\""}}]`), tools(`[{"index":0,"id":"a","function":{"arguments":":1}"}}]`)}, one},
		{"id first, then the name, then the arguments", []string{
			tools(`[{"id":"a"}]`), tools(`[{"function":{"name":"get"}}]`), tools(`[{"function":{"arguments":"{\"x\":1}"}}]`)}, one},
		{"name and id repeated", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":""}}]`), tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\""}}]`),
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":":1}"}}]`), tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":""}}]`)}, one},
		{"name repeated, no index and no id", []string{
			tools(`[{"function":{"name":"get","arguments":"{\"x\""}}]`), tools(`[{"function":{"name":"get","arguments":":1}"}}]`), tools(`[{"function":{"name":"get","arguments":""}}]`)},
			calls{{"", "get", `{"x":1}`}}},
		{"a new id with each delta", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get"}}]`), tools(`[{"index":0,"id":"b","function":{"arguments":"{\"x\""}}]`), tools(`[{"index":0,"id":"c","function":{"arguments":":1}"}}]`)}, one},
		{"name in fragments", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"g"}}]`), tools(`[{"index":0,"function":{"name":"e"}}]`), tools(`[{"index":0,"id":"a","function":{"name":"t","arguments":""}}]`),
			tools(`[{"index":0,"function":{"arguments":"{\"x\":1}"}}]`)}, one},
		{"name with more each time", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"g"}}]`), tools(`[{"index":0,"function":{"name":"ge"}}]`), tools(`[{"index":0,"function":{"name":"get"}}]`),
			tools(`[{"index":0,"function":{"arguments":"{\"x\":1}"}}]`)}, one},
		{"name later than the arguments", []string{
			tools(`[{"index":0,"id":"a","function":{"arguments":"{\"x\":1}"}}]`), tools(`[{"index":0,"function":{"name":"get"}}]`)}, one},
		{"no name, no id, no arguments", []string{tools(`[{"index":0}]`), tools(`[{"index":1,"function":{"name":"","arguments":""}}]`), tools(`[null]`)}, nil},
		{"no name but an id", []string{tools(`[{"index":0,"id":"a"}]`)}, calls{{"a", "", `{}`}}},
		{"no name but arguments", []string{tools(`[{"index":0,"function":{"arguments":"{\"x\":1}"}}]`)}, calls{{"", "", `{"x":1}`}}},
		{"no name for the second call", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\":1}"}}]`), tools(`[{"index":1,"function":{"arguments":"{\"y\":2}"}}]`)},
			calls{{"a", "get", `{"x":1}`}, {"", "", `{"y":2}`}}},
		{"no name but an id for the second call", []string{
			tools(`[{"id":"a","function":{"name":"get","arguments":"{\"x\":1}"}}]`), tools(`[{"id":"b","function":{"arguments":"{\"y\":2}"}}]`)},
			calls{{"a", "get", `{"x":1}`}, {"b", "", `{"y":2}`}}},

		// Arguments.
		{"arguments empty first", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":""}}]`), tools(`[{"index":0,"function":{"arguments":""}}]`), tools(`[{"index":0,"function":{"arguments":"{\"x\":1}"}}]`)}, one},
		{"arguments with a placeholder first", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":{}}}]`), tools(`[{"index":0,"function":{"arguments":"{\"x\""}}]`), tools(`[{"index":0,"function":{"arguments":":1}"}}]`)}, one},
		{"arguments with a placeholder last", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\":1}"}}]`), tools(`[{"index":0,"function":{"arguments":"{}"}}]`)}, one},
		{"arguments with null as text first", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"null"}}]`), tools(`[{"index":0,"function":{"arguments":"{\"x\":1}"}}]`)}, one},
		{"arguments an object", []string{tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":{"x":1}}}]`)}, one},
		{"arguments an array", []string{tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":[1]}}]`)}, calls{{"a", "get", `[1]`}}},
		{"arguments null", []string{tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":null}}]`)}, calls{{"a", "get", `{}`}}},
		{"arguments null as text", []string{tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":" null\n"}}]`)}, calls{{"a", "get", `{}`}}},
		{"arguments null as text, twice", []string{tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"null"}}]`), tools(`[{"index":0,"function":{"arguments":"null"}}]`)}, calls{{"a", "get", `{}`}}},
		{"arguments absent", []string{tools(`[{"index":0,"id":"a","function":{"name":"get"}}]`)}, calls{{"a", "get", `{}`}}},
		{"arguments blank", []string{tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":" "}}]`)}, calls{{"a", "get", `{}`}}},
		{"function null", []string{tools(`[{"index":0,"id":"a","function":null}]`)}, calls{{"a", "", `{}`}}},
		{"arguments cumulative", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{"}}]`), tools(`[{"index":0,"function":{"arguments":"{\"x\":"}}]`),
			tools(`[{"index":0,"function":{"arguments":"{\"x\":1}"}}]`), tools(`[{"index":0,"function":{"arguments":"{\"x\":1}"}}]`)}, one},
		{"arguments cumulative, everything repeated", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":""}}]`), tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\":"}}]`),
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\":1}"}}]`), tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\":1}"}}]`)}, one},
		{"arguments cumulative, two calls on one index", []string{
			tools(`[{"index":0,"function":{"name":"f","arguments":"{\"x\""}}]`), tools(`[{"index":0,"function":{"name":"f","arguments":"{\"x\":1}"}}]`),
			tools(`[{"index":0,"function":{"name":"g","arguments":"{\"y\""}}]`), tools(`[{"index":0,"function":{"name":"g","arguments":"{\"y\":2}"}}]`)},
			calls{{"", "f", `{"x":1}`}, {"", "g", `{"y":2}`}}},
		{"arguments sent whole again", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\""}}]`), tools(`[{"index":0,"function":{"arguments":":1}"}}]`),
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\": 1}"}}]`)},
			calls{{ID: "a", Name: "get", Arguments: `{"x":1}`}}},
		{"arguments that only look cumulative", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\":"}}]`), tools(`[{"index":0,"function":{"arguments":"{\"x\":1}}"}}]`)},
			calls{{"a", "get", `{"x":{"x":1}}`}}},
		{"arguments whose fragments repeat", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\":"}}]`), tools(`[{"index":0,"function":{"arguments":"1"}}]`),
			tools(`[{"index":0,"function":{"arguments":"1"}}]`), tools(`[{"index":0,"function":{"arguments":"}"}}]`)},
			calls{{"a", "get", `{"x":11}`}}},
		{"two argument values on one index", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\":1}"}}]`), tools(`[{"index":0,"function":{"arguments":"{\"x\":"}}]`), tools(`[{"index":0,"function":{"arguments":"2}"}}]`)},
			calls{{"a", "get", `{"x":1}`}, {"", "get", `{"x":2}`}}},
		{"arguments that are no JSON stay as they are", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{x: 1}"}}]`), tools(`[{"index":0,"function":{"arguments":" {"}}]`)},
			calls{{"a", "get", `{x: 1} {`}}},
		{"arguments with something after them stay as they are", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\":1}}"}}]`)}, calls{{"a", "get", `{"x":1}}`}}},
		{"arguments followed by a word stay as they are", []string{
			tools(`[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\":1} 7"}}]`)}, calls{{"a", "get", `{"x":1} 7`}}},

		// What holds the calls.
		{"tool_calls empty or null", []string{delta(`{"content":"a","tool_calls":[]}`), delta(`{"tool_calls":null}`), delta(`{"tool_calls":[ ]}`)}, nil},
		{"message instead of delta", []string{
			`{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"b","function":{"name":"g","arguments":"{}"}}]}}]}`}, two},
		{"message that repeats the calls", []string{
			tools(`[{"index":0,"function":{"name":"f","arguments":"{}"}},{"index":1,"function":{"name":"f","arguments":"{\"x\":1}"}}]`),
			`{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}},{"function":{"name":"f","arguments":"{\"x\":1}"}}]}}]}`},
			calls{{"", "f", `{}`}, {"", "f", `{"x":1}`}}},
		{"message that adds calls to a text", []string{text("a"),
			`{"choices":[{"message":{"content":"a","tool_calls":[{"id":"a","function":{"name":"f"}},{"id":"b","function":{"name":"g"}}]}}]}`}, two},
		{"message in pieces around an empty delta", []string{
			`{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"get","arguments":"{\"x\""}}]}}]}`, delta(`{}`),
			`{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"arguments":":1}"}}]}}]}`}, one},
		{"legacy function_call", []string{
			delta(`{"function_call":{"name":"get","arguments":""}}`), delta(`{"function_call":{"arguments":"{\"x\""}}`), delta(`{"function_call":{"arguments":":1}"}}`)},
			calls{{"", "get", `{"x":1}`}}},
		{"legacy function_call beside tool_calls", []string{
			delta(`{"function_call":{"name":"get","arguments":"{\"x\":1}"},"tool_calls":[{"index":0,"id":"a","function":{"name":"get","arguments":"{\"x\":1}"}}]}`)}, one},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, reason := range []string{"tool_calls", "stop", "function_call"} {
				got := play(t, append(test.stream, finish(reason), finish(""), done)...)
				assert.NoError(t, got.Err)
				assert.Empty(t, got.Add)
				assert.Equal(t, test.want, got.Message.Calls)
			}
		})
	}
}

func TestCallsOfCutMessages(t *testing.T) {
	begun := tools(`[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":1,"id":"b","function":{"name":"g"}},{"index":2,"id":"c","function":{"name":"h","arguments":"{\"x"}}]`)
	want := calls{{"a", "f", `{}`}, {"b", "g", ``}, {"c", "h", `{"x`}}
	for _, reason := range []string{"length", "content_filter"} {
		got := play(t, begun, finish(reason), finish("tool_calls"), done)
		assert.NoError(t, got.Err)
		assert.Equal(t, reason, got.Message.Finish)
		assert.Equal(t, want, got.Message.Calls, "no arguments are made up for what was cut")
	}
	got := play(t, begun)
	assert.ErrorIs(t, got.Err, assemble.ErrTruncated)
	assert.Equal(t, want, got.Message.Calls)

	got = play(t, tools(`[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]`), tools(`[{"index":0,"function":{"arguments":"{\"x\":[1"}}]`), tools(`[{"index":0,"function":{"arguments":"{\"x\":[1,2"}}]`))
	assert.Equal(t, calls{{"a", "f", `{"x":[1,2`}}, got.Message.Calls, "cumulative arguments that were cut")
}
