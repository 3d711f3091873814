package leak_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/wire/leak"
)

var tools = []leak.Tool{
	{Name: "get_order_status", Schema: json.RawMessage(`{"type":"object","properties":{"order_id":{"type":"string"}},"required":["order_id"]}`)},
	{Name: "initiate_refund", Schema: json.RawMessage(`{"type":"object","properties":{"order_id":{"type":"string"},"amount":{"type":"number"},"reason":{"type":"string"},"notify":{"type":"boolean"}},"required":["order_id","amount"]}`)},
	{Name: "search", Schema: json.RawMessage(`{"type":"object","properties":{"query":{"type":"string"},"filter":{"type":"object"},"tags":{"type":"array"},"limit":{"type":["integer","null"]},"note":{"anyOf":[{"type":"string"},{"type":"null"}]}},"required":["query"]}`)},
	{Name: "list_topics", Schema: json.RawMessage(`{"type":"object","properties":{}}`)},
}

// argument is one argument with its value as JSON.
type argument struct{ key, value string }

type wanted struct {
	name      string
	arguments []argument
}

func (w wanted) json() string {
	var members []string
	for _, a := range w.arguments {
		members = append(members, fmt.Sprintf("%q: %s", a.key, a.value))
	}
	return "{" + strings.Join(members, ", ") + "}"
}

// raw returns the value as the XML-like formats write it.
func (a argument) raw() (value string, isString bool) {
	if json.Unmarshal([]byte(a.value), &value) == nil && a.value != "null" {
		return value, true
	}
	return a.value, false
}

// shapes are what a call may carry.
var shapes = []struct {
	name  string
	calls []wanted
}{
	{"simple", []wanted{{"get_order_status", []argument{{"order_id", `"ORD-9281"`}}}}},
	{"empty", []wanted{{"list_topics", nil}}},
	{"typed", []wanted{{"initiate_refund", []argument{{"order_id", `"00123"`}, {"amount", `49.9`}, {"notify", `true`}}}}},
	{"nested", []wanted{{"search", []argument{{"query", `"a"`}, {"filter", `{"and": [{"price": {"lt": 10}}, {"name": "x"}]}`}, {"tags", `["a", ["b"]]`}, {"limit", `null`}}}}},
	{"braces", []wanted{{"search", []argument{{"query", `"}{ ]] {\"name\": \"search\"} ` + "```" + ` [\"x\"]"`}}}}},
	{"quotes", []wanted{{"search", []argument{{"query", `"She said \"it's ` + "`broken`" + `\", \\\\o/"`}}}}},
	{"newlines", []wanted{{"search", []argument{{"query", `"first\nsecond\n\n  third\ttab"`}}}}},
	{"unicode", []wanted{{"search", []argument{{"query", `"退货 ｜政策｜ — Größe 42 🙂"`}}}}},
	{"markup", []wanted{{"search", []argument{{"query", `"what does </tool_call> or <b>bold</b> or </s> mean"`}}}}},
	{"parallel", []wanted{{"get_order_status", []argument{{"order_id", `"ORD-1"`}}}, {"search", []argument{{"query", `"returns"`}}}, {"get_order_status", []argument{{"order_id", `"ORD-2"`}}}}},
}

// format writes calls as a family of models does.
type format struct {
	name  string
	write func(calls []wanted) string
}

func each(separator string, write func(i int, call wanted) string) func([]wanted) string {
	return func(calls []wanted) string {
		var written []string
		for i, call := range calls {
			written = append(written, write(i, call))
		}
		return strings.Join(written, separator)
	}
}

func around(before string, write func([]wanted) string, after string) func([]wanted) string {
	return func(calls []wanted) string { return before + write(calls) + after }
}

func object(key string) func(int, wanted) string {
	return func(_ int, call wanted) string {
		return fmt.Sprintf(`{"name": %q, %q: %s}`, call.name, key, call.json())
	}
}

func typedObject(_ int, call wanted) string {
	return fmt.Sprintf(`{"type": "function", "name": %q, "parameters": %s}`, call.name, call.json())
}

func openAIObject(i int, call wanted) string {
	arguments, _ := json.Marshal(call.json())
	return fmt.Sprintf(`{"type": "function", "id": "c%d", "function": {"name": %q, "arguments": %s}}`, i, call.name, arguments)
}

func qwenXML(_ int, call wanted) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<function=%s>\n", call.name)
	for _, a := range call.arguments {
		value, _ := a.raw()
		fmt.Fprintf(&b, "<parameter=%s>\n%s\n</parameter>\n", a.key, value)
	}
	return b.String() + "</function>"
}

func qwenXMLTight(_ int, call wanted) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<function=%s>", call.name)
	for _, a := range call.arguments {
		value, _ := a.raw()
		fmt.Fprintf(&b, "<parameter=%s>%s</parameter>", a.key, value)
	}
	return b.String() + "</function>"
}

func deepseekV3(_ int, call wanted) string {
	return fmt.Sprintf("<｜tool▁call▁begin｜>function<｜tool▁sep｜>%s\n```json\n%s\n```<｜tool▁call▁end｜>", call.name, call.json())
}

func deepseekV31(_ int, call wanted) string {
	return fmt.Sprintf("<｜tool▁call▁begin｜>%s<｜tool▁sep｜>%s<｜tool▁call▁end｜>", call.name, call.json())
}

func dsml(bars string) func(int, wanted) string {
	return func(_ int, call wanted) string {
		var b strings.Builder
		fmt.Fprintf(&b, "<%sDSML%sinvoke name=%q>\n", bars, bars, call.name)
		for _, a := range call.arguments {
			value, isString := a.raw()
			fmt.Fprintf(&b, "<%[1]sDSML%[1]sparameter name=%[2]q string=\"%[3]t\">%[4]s</%[1]sDSML%[1]sparameter>\n", bars, a.key, isString, value)
		}
		fmt.Fprintf(&b, "</%[1]sDSML%[1]sinvoke>", bars)
		return b.String()
	}
}

func dsmlJSON(_ int, call wanted) string {
	return fmt.Sprintf("<｜DSML｜invoke name=%q>\n%s\n</｜DSML｜invoke>", call.name, call.json())
}

func dsmlUnclosed(_ int, call wanted) string {
	return strings.TrimSuffix(dsml("｜")(0, call), "</｜DSML｜invoke>")
}

func kimi(i int, call wanted) string {
	return fmt.Sprintf("<|tool_call_begin|>functions.%s:%d<|tool_call_argument_begin|>%s<|tool_call_end|>", call.name, i, call.json())
}

func mistralNamed(middle string) func(int, wanted) string {
	return func(_ int, call wanted) string { return "[TOOL_CALLS]" + call.name + middle + call.json() }
}

var formats = []format{
	{"llama3_json/parameters", each("; ", object("parameters"))},
	{"llama3_json/arguments", each("\n", object("arguments"))},
	{"llama3_json/pretty", each("\n", func(_ int, call wanted) string {
		return fmt.Sprintf("{\n  \"name\": %q,\n  \"parameters\": %s\n}", call.name, call.json())
	})},
	{"llama3_json/parameters first", each(";", func(_ int, call wanted) string {
		return fmt.Sprintf(`{"parameters": %s, "name": %q}`, call.json(), call.name)
	})},
	{"llama3_json/function is the name", each(";", func(_ int, call wanted) string {
		return fmt.Sprintf(`{"function": %q, "parameters": %s}`, call.name, call.json())
	})},
	{"llama3_json/typed", each("\n\n", typedObject)},
	{"llama3_json/openai", each(";", openAIObject)},
	{"llama3_json/array", around("[", each(", ", object("parameters")), "]")},
	{"llama3_json/fenced", around("```json\n", each("\n", object("parameters")), "\n```")},
	{"llama3_json/plain fence", around("```\n", each(";\n", typedObject), "\n```\n")},
	{"llama3_json/unclosed fence", around("```json\n", each("\n", object("parameters")), "\n")},
	{"llama3_json/several fences", each("\n\n", func(_ int, call wanted) string { return "```json\n" + object("parameters")(0, call) + "\n```" })},
	{"llama3_json/several plain fences", each("\n", func(i int, call wanted) string { return "```\n" + typedObject(i, call) + "\n```" })},
	{"llama3_json/python tag", around("<|python_tag|>", each("; ", typedObject), "<|eom_id|>")},
	{"llama3_json/end of turn", around("", each("; ", object("parameters")), "<|eot_id|>")},
	{"llama3_function/closed", each("\n", func(_ int, call wanted) string { return "<function=" + call.name + ">" + call.json() + "</function>" })},
	{"llama3_function/end of message", around("", each("", func(_ int, call wanted) string { return "<function=" + call.name + ">" + call.json() }), "<|eom_id|>")},
	{"hermes/each", each("\n", func(_ int, call wanted) string {
		return "<tool_call>\n" + object("arguments")(0, call) + "\n</tool_call>"
	})},
	{"hermes/several in one", around("<tool_call>\n", each("\n", object("arguments")), "\n</tool_call>")},
	{"hermes/array", around("<tool_call>[", each(", ", object("arguments")), "]</tool_call>")},
	{"hermes/unclosed", around("", each("\n", func(_ int, call wanted) string { return "<tool_call>" + object("arguments")(0, call) }), "")},
	{"hermes/fenced", around("<tool_call>\n```json\n", each("\n", object("arguments")), "\n```\n</tool_call><|im_end|>")},
	{"hermes/in a fence", around("```xml\n<tool_call>\n", each("\n", object("arguments")), "\n</tool_call>\n```")},
	{"qwen3_coder/wrapped", each("\n", func(i int, call wanted) string { return "<tool_call>\n" + qwenXML(i, call) + "\n</tool_call>" })},
	{"qwen3_coder/bare", each("\n", qwenXML)},
	{"qwen3_coder/tight", each("", qwenXMLTight)},
	{"deepseek_v3/template", around("<｜tool▁calls▁begin｜>", each("\n", deepseekV3), "<｜tool▁calls▁end｜><｜end▁of▁sentence｜>")},
	{"deepseek_v3/no section", each("\n", deepseekV3)},
	{"deepseek_v3/first token missing", around("<｜tool▁calls▁begin｜>", func(calls []wanted) string {
		return strings.TrimPrefix(each("\n", deepseekV3)(calls), "<｜tool▁call▁begin｜>")
	}, "<｜tool▁calls▁end｜>")},
	{"deepseek_v3/underscores", func(calls []wanted) string {
		return strings.ReplaceAll("<｜tool▁calls▁begin｜>"+each("\n", deepseekV3)(calls)+"<｜tool▁calls▁end｜>", "▁", "_")
	}},
	{"deepseek_v31/template", around("<｜tool▁calls▁begin｜>", each("", deepseekV31), "<｜tool▁calls▁end｜>")},
	{"deepseek_v31/unclosed", around("<｜tool▁calls▁begin｜>", each("", deepseekV31), "")},
	{"deepseek_dsml/v32", around("<｜DSML｜function_calls>\n", each("\n", dsml("｜")), "\n</｜DSML｜function_calls>")},
	{"deepseek_dsml/v4", around("<｜DSML｜tool_calls>\n", each("\n", dsml("｜")), "\n</｜DSML｜tool_calls>")},
	{"deepseek_dsml/ascii bars", around("<|DSML|tool_calls>\n", each("\n", dsml("|")), "\n</|DSML|tool_calls>")},
	{"deepseek_dsml/doubled bars", around("<｜｜DSML｜｜tool_calls>\n", each("\n", dsml("｜｜")), "\n</｜｜DSML｜｜tool_calls>")},
	{"deepseek_dsml/no wrapper", each("\n", dsml("｜"))},
	{"deepseek_dsml/unclosed wrapper", around("<｜DSML｜tool_calls>\n", each("\n", dsml("｜")), "\n")},
	{"deepseek_dsml/unclosed invokes", around("<｜DSML｜tool_calls>\n", each("", dsmlUnclosed), "</｜DSML｜tool_calls>")},
	{"deepseek_dsml/wrong closer", around("<｜DSML｜tool_calls>\n", each("\n", dsml("｜")), "\n</｜DSML｜function_calls>")},
	{"deepseek_dsml/direct JSON", around("<｜DSML｜tool_calls>\n", each("\n", dsmlJSON), "\n</｜DSML｜tool_calls>")},
	{"kimi_k2/section", around("<|tool_calls_section_begin|>", each("", kimi), "<|tool_calls_section_end|>")},
	{"kimi_k2/singular section", around("<|tool_call_section_begin|>\n", each("\n", kimi), "\n<|tool_call_section_end|>")},
	{"kimi_k2/no section", each("", kimi)},
	{"kimi_k2/unclosed", around("<|tool_calls_section_begin|>", func(calls []wanted) string {
		return strings.ReplaceAll(each("", kimi)(calls), "<|tool_call_end|>", "")
	}, "")},
	{"mistral/array", around("[TOOL_CALLS][", each(", ", object("arguments")), "]</s>")},
	{"mistral/array with a space", around("[TOOL_CALLS] [", each(",", object("arguments")), "]")},
	{"mistral/named with ARGS", each("", mistralNamed("[ARGS]"))},
	{"mistral/named with CALL_ID", each("", mistralNamed("[CALL_ID]9fJd8s2Kq[ARGS]"))},
	{"mistral/named", each("\n", mistralNamed(""))},
}

// proses are what may stand before and after calls.
var proses = []struct{ before, after, text string }{
	{"", "", ""},
	{"\n\n", "\n", ""},
	{"Let me look that up.\n\n", "", "Let me look that up."},
	{"好的，我来查一下。", "", "好的，我来查一下。"},
	{"  Use `<tool_call>`? No:\n```go\nx := []int{1}\n```\nI check: ", "\n", "  Use `<tool_call>`? No:\n```go\nx := []int{1}\n```\nI check:"},
}

// positives runs a test on every format with every shape, and with every
// prose or with one prose in turn.
func positives(t *testing.T, everyProse bool, test func(t *testing.T, format format, calls []wanted, text, remains string)) {
	for i, format := range formats {
		for j, shape := range shapes {
			if format.name == "deepseek_dsml/unclosed invokes" && shape.name == "empty" {
				continue // Nothing tells the opening of an empty call from a mention of it.
			}
			for k, prose := range proses {
				if !everyProse && k != (i+j)%len(proses) {
					continue
				}
				markup := format.write(shape.calls)
				if strings.HasPrefix(markup, "```") && prose.text != "" {
					prose.before += "\n" // A fence begins its own line.
				}
				t.Run(fmt.Sprintf("%s/%s/%d", format.name, shape.name, k), func(t *testing.T) {
					test(t, format, shape.calls, prose.before+markup+prose.after, prose.text)
				})
			}
		}
	}
}

func requireCalls(t *testing.T, format format, want []wanted, got []leak.Call) {
	t.Helper()
	require.LessOrEqual(t, len(got), len(want))
	for i, call := range got {
		require.Equal(t, want[i].name, call.Name)
		require.JSONEq(t, want[i].json(), call.Arguments)
		require.Equal(t, strings.Split(format.name, "/")[0], call.Format)
	}
}

func TestParseRecoversEveryFormat(t *testing.T) {
	positives(t, true, func(t *testing.T, format format, calls []wanted, text, remains string) {
		result := leak.Parse(text, tools)
		require.Len(t, result.Calls, len(calls), text)
		requireCalls(t, format, calls, result.Calls)
		require.Equal(t, remains, result.Text)
		require.False(t, result.Cut)
		require.Zero(t, result.Dropped)
	})
}

// A text that is cut anywhere never yields a wrong call and never shows
// markup, neither in the end nor on the way.
func TestParseAndHoldWithTheTextCutAtEveryRune(t *testing.T) {
	positives(t, false, func(t *testing.T, format format, calls []wanted, text, remains string) {
		hold := leak.NewHold(tools)
		shown := ""
		var recovered []leak.Call
		begins := strings.Index(text, strings.TrimSpace(format.write(calls)))
		for end, char := range text + "\x00" {
			cut := text[:end]
			result := leak.Parse(cut, tools)
			if !slices.Equal(recovered, result.Calls) {
				requireCalls(t, format, calls, result.Calls)
				require.Greater(t, len(result.Calls), len(recovered), "calls are never taken back: %q", cut)
				recovered = result.Calls
			}
			if !strings.HasPrefix(result.Text, shown) {
				require.Failf(t, "shown too much", "%q does not begin with %q", result.Text, shown)
			}
			if end > begins && result.Text != remains {
				require.Failf(t, "markup is shown", "%q of %q", result.Text, cut)
			}
			if end > begins && !result.Cut && len(result.Calls) == 0 {
				require.Failf(t, "neither a call nor cut", "%q", cut)
			}
			if end < len(text) {
				shown += hold.Add(string(char))
			}
		}
		require.Equal(t, remains, strings.TrimRightFunc(shown, unicode.IsSpace), "all prose is shown at once")
		require.Empty(t, strings.TrimSpace(hold.Flush()))
		require.Equal(t, shown, showAtOnce(text))
	})
}

// showAtOnce is what Hold shows of a text that arrives in one piece.
func showAtOnce(text string) string { return leak.NewHold(tools).Add(text) }

func TestParseReportsIDs(t *testing.T) {
	for text, id := range map[string]string{
		`{"id": "c1", "type": "function", "function": {"name": "list_topics", "arguments": "{}"}}`:                              "",
		`{"type": "function", "id": "c1", "function": {"name": "list_topics", "arguments": "{}"}}`:                              "c1",
		`[TOOL_CALLS][{"name": "list_topics", "arguments": {}, "id": "9fJd8s2Kq"}]`:                                             "9fJd8s2Kq",
		`[TOOL_CALLS]list_topics[CALL_ID]9fJd8s2Kq[ARGS]{}`:                                                                     "9fJd8s2Kq",
		`<|tool_calls_section_begin|><|tool_call_begin|>functions.list_topics:7<|tool_call_argument_begin|>{}<|tool_call_end|>`: "functions.list_topics:7",
		`<|tool_calls_section_begin|><|tool_call_begin|>list_topics<|tool_call_arguments_begin|>{}<|tool_calls_section_end|>`:   "list_topics",
		"<tool_call>{\"name\": \"list_topics\", \"arguments\": {}, \"id\": 7}</tool_call>":                                      "",
		"<tool_call>{\"name\": \"list_topics\", \"arguments\": {}, \"id\": \"x\"}</tool_call>":                                  "x",
		"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>list_topics<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>":                   "",
		"<｜DSML｜tool_calls><｜DSML｜invoke name=\"list_topics\"/></｜DSML｜tool_calls>":                                             "",
		"<｜DSML｜invoke name=\"list_topics\" />":                                                                                 "",
		"<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"list_topics\">\n</｜DSML｜invoke>":                                              "",
	} {
		result := leak.Parse(text, tools)
		if strings.HasPrefix(text, `{"id"`) {
			// The first key decides whether a stream holds JSON back.
			assert.Empty(t, result.Calls, text)
			continue
		}
		if assert.Len(t, result.Calls, 1, text) {
			assert.Equal(t, id, result.Calls[0].ID, text)
			assert.Equal(t, "{}", result.Calls[0].Arguments)
		}
		assert.Empty(t, result.Text)
	}
}

func TestKimiCallWithoutAName(t *testing.T) {
	write := func(id, arguments string) string {
		return "<|tool_calls_section_begin|><|tool_call_begin|>" + id + " <|tool_call_argument_begin|>" + arguments + "<|tool_call_end|><|tool_calls_section_end|>"
	}
	for _, row := range []struct{ id, arguments, name string }{
		{"call00003", `{"order_id": "ORD-1", "amount": 5}`, "initiate_refund"},
		{"call_2", `{"query": "returns", "limit": 3}`, "search"},
		{"3", `{"order_id": "ORD-1"}`, "get_order_status"},
		{"functions.3", `{}`, "list_topics"},
		{"chatcmpl-tool-8f3a", `{"query": "returns"}`, "search"},
		{"call_2", `{"something": "else"}`, ""},
		{"call_2", `{"amount": 5}`, ""},
	} {
		result := leak.Parse(write(row.id, row.arguments), tools)
		require.Len(t, result.Calls, 1, row.id)
		assert.Equal(t, leak.Call{ID: row.id, Name: row.name, Arguments: row.arguments, Format: "kimi_k2"}, result.Calls[0])
		assert.Empty(t, result.Text)
	}

	twins := []leak.Tool{tools[0], {Name: "cancel_order", Schema: tools[0].Schema}}
	result := leak.Parse(write("call_2", `{"order_id": "ORD-1"}`), twins)
	require.Len(t, result.Calls, 1)
	assert.Empty(t, result.Calls[0].Name, "two tools fit")

	for _, unknown := range []string{"functions.delete_all:0", "delete_all", "call_me_maybe"} {
		text := write(unknown, `{"order_id": "ORD-1"}`)
		assert.Equal(t, leak.Result{Text: text}, leak.Parse(text, tools), "a name is not guessed")
	}
}

func TestNamesAreSpelledInSeveralWays(t *testing.T) {
	for _, name := range []string{"search", "search()", "functions.search", "tools.search", "default_api.search", "functions.search()", " search "} {
		result := leak.Parse(fmt.Sprintf(`<tool_call>{"name": %q, "arguments": {"query": "a"}}</tool_call>`, name), tools)
		if assert.Len(t, result.Calls, 1, name) {
			assert.Equal(t, "search", result.Calls[0].Name)
		}
	}
	for _, name := range []string{"Search", "searc", "search2", "api.search", "functions.functions.search", "", "()"} {
		text := fmt.Sprintf(`<tool_call>{"name": %q, "arguments": {"query": "a"}}</tool_call>`, name)
		assert.Equal(t, leak.Result{Text: text}, leak.Parse(text, tools), name)
	}

	exact := []leak.Tool{{Name: "search"}, {Name: "functions.search"}}
	result := leak.Parse(`{"name": "functions.search", "parameters": {}}`, exact)
	require.Len(t, result.Calls, 1)
	assert.Equal(t, "functions.search", result.Calls[0].Name, "the exact name comes first")
}

func TestArgumentsInOtherShapes(t *testing.T) {
	for _, row := range []struct{ text, arguments string }{
		{`<tool_call>{"name": "list_topics"}</tool_call>`, `{}`},
		{`<tool_call>{"name": "list_topics", "arguments": null}</tool_call>`, `{}`},
		{`<tool_call>{"name": "list_topics", "arguments": ""}</tool_call>`, `{}`},
		{`<tool_call>{"name": "search", "arguments": "{\"query\": \"a\"}"}</tool_call>`, `{"query": "a"}`},
		{`{"name": "search", "parameters": "{\"query\": \"a\"}"}`, `{"query": "a"}`},
		{`{"type": "function", "function": {"name": "search", "parameters": {"query": "a"}}}`, `{"query": "a"}`},
		{`{"type":"function","function":"search","parameters":{"query":"a"}}`, `{"query":"a"}`},
		{`<function=list_topics></function>`, `{}`},
	} {
		result := leak.Parse(row.text, tools)
		if assert.Len(t, result.Calls, 1, row.text) {
			assert.Equal(t, row.arguments, result.Calls[0].Arguments)
		}
		assert.Empty(t, result.Text)
	}
}

func TestUntypedValuesTakeTheTypeOfTheSchema(t *testing.T) {
	tool := []leak.Tool{{Name: "f", Schema: json.RawMessage(`{"type":"object","properties":{
		"s":{"type":"string"},"i":{"type":"integer"},"n":{"type":"number"},"b":{"type":"boolean"},
		"o":{"type":"object"},"a":{"type":"array"},"sn":{"type":["string","null"]},"u":{"oneOf":[{"type":"integer"},{"type":"boolean"}]},"x":{}}}`)}}
	for _, row := range []struct{ key, value, want string }{
		{"s", "42", `"42"`}, {"s", "true", `"true"`}, {"s", `{"a":1}`, `"{\"a\":1}"`}, {"s", "", `""`},
		{"s", "\n\n a \n\n", `"\n a \n"`}, {"s", "a </parameter> b", `"a </parameter> b"`}, {"s", "<b>&amp;</b>", `"<b>&amp;</b>"`},
		{"i", "42", "42"}, {"i", "\n-7\n", "-7"}, {"i", "42.0", "42.0"}, {"i", "many", `"many"`}, {"i", "007", `"007"`}, {"i", `"42"`, `"\"42\""`},
		{"n", "1e3", "1e3"}, {"n", "NaN", `"NaN"`},
		{"b", "True", "true"}, {"b", "false", "false"}, {"b", "yes", `"yes"`},
		{"o", ` {"a": [1]} `, `{"a": [1]}`}, {"o", `[1]`, `"[1]"`}, {"o", `{'a': 1}`, `"{'a': 1}"`},
		{"a", "[\n1]", "[\n1]"}, {"a", "1", `"1"`},
		{"sn", "null", "null"}, {"sn", "None", "null"}, {"sn", "7", `"7"`},
		{"u", "7", "7"}, {"u", "true", "true"}, {"u", "x", `"x"`},
		{"x", "7", `"7"`}, {"unknown", "7", `"7"`},
	} {
		text := "<tool_call>\n<function=f>\n<parameter=" + row.key + ">\n" + row.value + "\n</parameter>\n</function>\n</tool_call>"
		if strings.HasPrefix(row.value, "\n") {
			text = "<function=f><parameter=" + row.key + ">" + row.value + "</parameter></function>"
		}
		result := leak.Parse(text, tool)
		if assert.Len(t, result.Calls, 1, text) {
			assert.Equal(t, `{"`+row.key+`":`+row.want+`}`, result.Calls[0].Arguments, text)
		}
		dsml := `<｜DSML｜invoke name="f"><｜DSML｜parameter name="` + row.key + `">` + strings.TrimSuffix(strings.TrimPrefix(row.value, "\n"), "\n") + "</｜DSML｜parameter></｜DSML｜invoke>"
		result = leak.Parse(dsml, tool)
		if assert.Len(t, result.Calls, 1, dsml) {
			assert.Equal(t, `{"`+row.key+`":`+row.want+`}`, result.Calls[0].Arguments, dsml)
		}
	}
}

func TestQwenXMLWithMissingTags(t *testing.T) {
	for _, row := range []struct{ text, arguments string }{
		{"<tool_call>\n<function=search>\n<parameter=query>\nx\n</function>\n</tool_call>", `{"query":"x"}`},
		{"<function=search>\n<parameter=query>\nx\n<parameter=limit>\n3\n</parameter>\n</function>", `{"query":"x","limit":3}`},
		{"<tool_call>\n<function=search>\n<parameter=query>\nx\n</parameter>\n</tool_call>", `{"query":"x"}`},
		{"<function=search>\n<parameter=query>\na <parameter=limit> b\n</parameter>\n</function>", `{"query":"a <parameter=limit> b"}`},
		{"<function=search>\n<parameter=query>\nf</function>\n</parameter>\n</function>", `{"query":"f</function>"}`},
		{"<function=search>\n<parameter=query>a</parameter>\n<parameter=query>b</parameter>\n</function>", `{"query":"b"}`},
	} {
		result := leak.Parse(row.text, tools)
		if assert.Len(t, result.Calls, 1, row.text) {
			assert.Equal(t, row.arguments, result.Calls[0].Arguments, row.text)
			assert.Equal(t, "qwen3_coder", result.Calls[0].Format)
		}
	}
}

func TestDSMLWithBrokenTags(t *testing.T) {
	for _, row := range []struct{ body, arguments string }{
		{"<｜DSML｜parameter name=\"query\" string=\"true\">Paris</｜DSML｜parameter\n", `{"query":"Paris"}`},
		{"<｜DSML｜parameter name=\"query\" string=\"true\">Paris</｜DSML｜para", `{"query":"Paris"}`},
		{"<｜DSML｜parameter name=\"query\" string=\"true\">Paris</｜DS", `{"query":"Paris"}`},
		{"<｜DSML｜parameter name=\"query\" string=\"true\">Paris\n<｜DSML｜parameter name=\"limit\" string=\"false\">3</｜DSML｜parameter>\n", `{"query":"Paris","limit":3}`},
		{"<｜DSML｜parameter name=\"query\" string=\"false\">Paris</｜DSML｜parameter>", `{"query":"Paris"}`},
		{"<｜DSML｜parameter name=\"query\" string=\"true\">  </p> \n</｜DSML｜parameter>", `{"query":"  </p> \n"}`},
	} {
		text := "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"search\">\n" + row.body + "</｜DSML｜invoke>\n</｜DSML｜tool_calls>"
		result := leak.Parse(text, tools)
		if assert.Len(t, result.Calls, 1, text) {
			assert.Equal(t, row.arguments, result.Calls[0].Arguments, text)
		}
		assert.Empty(t, result.Text)
	}

	// An element that cannot be read may be an argument: the call is not made
	// without it.
	for _, body := range []string{
		"<parameter name=\"limit\">3</｜DSML｜parameter>\n",
		"<｜DSML｜parameter name=\"filter\" string=\"false\">{'a': 1}</｜DSML｜parameter>\n",
		"<｜DSML｜parameter key=\"limit\">3</｜DSML｜parameter>\n",
		"some words\n",
		"{\"query\": \"a\"} and more\n",
	} {
		text := "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"search\">\n" + body + "</｜DSML｜invoke>\n</｜DSML｜tool_calls>"
		assert.Equal(t, leak.Result{Text: text}, leak.Parse(text, tools))
	}
}

func TestTagsAreSpelledInSeveralWays(t *testing.T) {
	const order = `{"order_id":"ORD-1"}`
	deepseek := "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_order_status\n```json\n" + order + "\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
	dsml := "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"get_order_status\">\n<｜DSML｜parameter name=\"order_id\" string=\"true\">ORD-1</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>"
	for _, text := range []string{
		strings.ReplaceAll(deepseek, "▁", "_"),
		strings.ReplaceAll(deepseek, "▁", " "),
		strings.ReplaceAll(deepseek, "▁", `\_`),
		strings.ReplaceAll(deepseek, "｜", "|"),
		strings.ReplaceAll(dsml, "｜", "|"),
		strings.ReplaceAll(dsml, "｜", "｜｜"),
		strings.ReplaceAll(dsml, "DSML｜", "DSML｜ "),
		strings.ReplaceAll(dsml, `"`, `'`),
		strings.ReplaceAll(dsml, "tool_calls", "function_calls"),
	} {
		result := leak.Parse(text, tools)
		if assert.Len(t, result.Calls, 1, text) {
			assert.JSONEq(t, order, result.Calls[0].Arguments)
		}
		assert.Empty(t, result.Text)
		for i := range text {
			hold := leak.NewHold(tools)
			assert.Empty(t, hold.Add(text[:i])+hold.Add(text[i:])+hold.Flush(), "markup is shown")
			if cut := leak.Parse(text[:i], tools); len(cut.Calls) > 0 {
				assert.JSONEq(t, order, cut.Calls[0].Arguments, "half a call")
			}
		}
	}
}

func TestProseAroundCalls(t *testing.T) {
	call := `<tool_call>{"name": "search", "arguments": {"query": "a"}}</tool_call>`
	for _, row := range []struct{ text, remains string }{
		{"One.\n" + call + "\nTwo.\n" + call + "\nThree.", "One.\n\nTwo.\n\nThree."},
		{call + " Two.", "Two."},
		{call + "\n<|im_end|>\n", ""},
		{"Let me check " + call, "Let me check"},
		{"Let me check " + call + "\nOne moment.", "Let me check\n\nOne moment."},
		{"Let me check " + call + call + "\nOne moment.", "Let me check\n\nOne moment."},
		{"One.\n" + call + "</tool_call>\nTwo.", "One.\n\nTwo."},
	} {
		result := leak.Parse(row.text, tools)
		assert.NotEmpty(t, result.Calls, row.text)
		assert.Equal(t, row.remains, result.Text)
	}
}

func TestABadCallBesideGoodOnesIsDropped(t *testing.T) {
	good := `<tool_call>{"name": "search", "arguments": {"query": "a"}}</tool_call>`
	for _, row := range []struct {
		text    string
		calls   int
		dropped int
	}{
		{`Hm.` + good + `<tool_call>{"name": "search", "arguments": {oops}}</tool_call>`, 1, 1},
		{`Hm.<tool_call>{"name": "search", "arguments": {oops}}</tool_call>` + good, 1, 1},
		{`Hm.` + good + `<tool_call>{"name": "delete_all", "arguments": {}}</tool_call>` + good, 2, 1},
		{`Hm.<tool_call>{"name": "search", "arguments": [1]}{"name": "search", "arguments": {"query": "a"}}</tool_call>`, 1, 1},
		{`Hm.[TOOL_CALLS][{"name": "search", "arguments": {}}, {"name": "delete_all", "arguments": {}}]`, 1, 1},
		{"Hm.<｜DSML｜tool_calls><｜DSML｜invoke name=\"list_topics\"></｜DSML｜invoke><｜DSML｜invoke name=\"search\">?</｜DSML｜invoke></｜DSML｜tool_calls>", 1, 1},
		{"Hm.<|tool_calls_section_begin|><|tool_call_begin|>functions.list_topics:0<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_call_begin|>functions.search:1<|tool_call_argument_begin|>oops", 1, 1},
		{"Hm.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>list_topics<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>oops<｜tool▁call▁end｜><｜tool▁calls▁end｜>", 1, 1},
	} {
		result := leak.Parse(row.text, tools)
		assert.Len(t, result.Calls, row.calls, row.text)
		assert.Equal(t, row.dropped, result.Dropped, row.text)
		assert.Equal(t, "Hm.", result.Text, row.text)
		assert.False(t, result.Cut)
	}
}

func TestACutCallIsNeitherMadeNorShown(t *testing.T) {
	for _, row := range []struct {
		text  string
		calls int
	}{
		{`Hm. {"name": "search", "parameters": {"query": "a"`, 0},
		{`Hm. {"name": "search", "parameters": {"query": "a"}}; {"name": "sea`, 1},
		{`Hm. {"name": "sea`, 0},
		{`Hm. {`, 0},
		{`Hm. [`, 0},
		{`Hm. <`, 0},
		{"Hm.\n```json\n{\"name\": \"search\"", 0},
		{"Hm.\n```json", 0},
		{`Hm. <tool_call>`, 0},
		{`Hm. <tool_call>{"name": "search", "arguments": {"query": "a"}}</tool_call><tool_c`, 1},
		{`Hm. <function=search><parameter=query>a</parameter>`, 0},
		{`Hm. <function=sear`, 0},
		{`Hm. <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>search`, 0},
		{`Hm. <｜DSML｜tool_calls><｜DSML｜invoke name="search"><｜DSML｜parameter name="query" string="true">a</｜DSML｜parameter>`, 0},
		{`Hm. [TOOL_CALLS]sear`, 0},
		{`Hm. <|tool_call_begin|>functions.search:0<|tool_call_arg`, 0},
	} {
		result := leak.Parse(row.text, tools)
		assert.Len(t, result.Calls, row.calls, row.text)
		assert.True(t, result.Cut, row.text)
		assert.Equal(t, "Hm.", result.Text, row.text)
	}
}

func TestWithoutTools(t *testing.T) {
	text := `{"name": "search", "parameters": {"query": "a"}}`
	assert.Equal(t, leak.Result{Text: text}, leak.Parse(text, nil))
	hold := leak.NewHold(nil)
	assert.Equal(t, text, hold.Add(text))
	assert.Empty(t, hold.Flush())
	assert.Equal(t, text, new(leak.Hold).Add(text))
}

func TestHoldShowsTextAtOnce(t *testing.T) {
	hold := leak.NewHold(tools)
	for _, row := range []struct{ add, show string }{
		{"Hello", "Hello"},
		{", ", ","},
		{"a < b", " a < b"},
		{" <tool", ""},
		{"box>", " <toolbox>"},
		{"\n{", ""},
		{"\"names\":", "\n{\"names\":"},
		{" 1}\n[{\"name\": \"Al", " 1}\n[{\"name\": \"Al"},
		{"\n```", ""},
		{"js", ""},
		{"\nx\n```\n", "\n```js\nx\n```"},
		{"`<tool_call>` ", "\n`<tool_call>`"},
		{"\xe9\x80", " "},
		{"\x80.", "退."[3:]},
	} {
		show := hold.Add(row.add)
		if row.add == "\xe9\x80" || row.add == "\x80." {
			continue // How much of a rune is shown is checked by the fuzz test.
		}
		assert.Equal(t, row.show, show, "%q", row.add)
	}
	assert.Empty(t, hold.Add(" <tool_call>"))
	assert.Empty(t, hold.Add("{\"name\""))
	assert.Empty(t, hold.Flush())

	hold = leak.NewHold(tools)
	assert.Equal(t, "Hello", hold.Add("Hello \n"))
	assert.Equal(t, " \n", hold.Flush())
	hold = leak.NewHold(tools)
	assert.Equal(t, "a", hold.Add("a ``"))
	assert.Equal(t, " ``", hold.Flush())
	hold = leak.NewHold(tools)
	assert.Empty(t, hold.Add("{\"na"))
	assert.Empty(t, hold.Flush(), "Parse strips what may be a call")
}

func BenchmarkParse(b *testing.B) {
	text := strings.Repeat("Your order has shipped. It is <b>on its way</b> [1].\n", 40)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		leak.Parse(text, tools)
	}
}

func BenchmarkHold(b *testing.B) {
	text := strings.Repeat("Your order has shipped. It is <b>on its way</b> [1].\n", 40)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		hold := leak.NewHold(tools)
		for i := 0; i < len(text); i += 5 {
			hold.Add(text[i:min(i+5, len(text))])
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, format := range formats {
		for _, shape := range shapes[len(shapes)-2:] {
			f.Add("Let me look.\n"+format.write(shape.calls)+"\nDone.", uint8(3))
		}
	}
	for _, text := range negatives {
		f.Add(text, uint8(1))
	}
	f.Add(`{"00"`, uint8(0))
	f.Add(`Hm. {"name": "search " , "parameters": {}}`, uint8(0))
	f.Fuzz(func(t *testing.T, text string, size uint8) { requireInvariants(t, text, int(size)+1) })
}

// requireInvariants checks what holds for every text, also with the text in
// pieces of the size.
func requireInvariants(t *testing.T, text string, size int) {
	result := leak.Parse(text, tools)
	for _, call := range result.Calls {
		require.True(t, json.Valid([]byte(call.Arguments)), call.Arguments)
		require.Equal(t, byte('{'), call.Arguments[0])
		if call.Name != "" || call.Format != "kimi_k2" {
			require.Contains(t, text, call.Name)
			require.Contains(t, []string{"get_order_status", "initiate_refund", "search", "list_topics"}, call.Name)
		}
	}
	if len(result.Calls) == 0 {
		if !result.Cut {
			require.Zero(t, result.Dropped)
			require.Equal(t, text, result.Text)
		}
	}
	require.LessOrEqual(t, len(result.Text), 2*len(text))

	atOnce := leak.NewHold(tools)
	shown := atOnce.Add(text)
	require.True(t, strings.HasPrefix(result.Text, shown), "%q begins with %q", result.Text, shown)

	hold := leak.NewHold(tools)
	inPieces := ""
	for rest := text; rest != ""; {
		n := min(size, len(rest))
		inPieces += hold.Add(rest[:n])
		rest = rest[n:]
	}
	require.Equal(t, shown, inPieces)
	flushed := hold.Flush()
	require.Equal(t, atOnce.Flush(), flushed)
	require.True(t, strings.HasPrefix(result.Text, shown+flushed), "%q begins with %q", result.Text, shown+flushed)
	if utf8.ValidString(text) {
		require.True(t, utf8.ValidString(shown))
	}
}

// Fragments of calls and of prose in any order reach more of the parser than
// random bytes do.
func TestInvariantsOnRandomFragments(t *testing.T) {
	fragments := []string{
		"Let me look.", " and ", "\n", "\n\n", " ", "。", ": ", "`", "``", "```", "```json\n", "\n```\n", "~~~\n", ";", ",", "[", "]", "{", "}", `"`, "search", "list_topics", "delete_all", "functions.search:0", "function",
		`{"name": "search", "parameters": {"query": "a"}}`, `{"name": "search", "arguments": `, `{"query": "a"}`, `{"name": "delete_all", "parameters": {}}`, `{"type": "function", `, `{"a": [`, `"name": "search"`, `{"a": 1}`,
		"<tool_call>", "</tool_call>", "<function=search>", "<function=list_topics>", "</function>", "<parameter=query>", "</parameter>", "<|python_tag|>", "<|eom_id|>", "<|im_end|>",
		"<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>", "<｜tool▁calls▁end｜>",
		"<｜DSML｜tool_calls>", "<｜DSML｜invoke name=\"search\">", "<｜DSML｜parameter name=\"query\" string=\"true\">", "</｜DSML｜parameter>", "</｜DSML｜invoke>", "</｜DSML｜tool_calls>", "/>",
		"<|tool_calls_section_begin|>", "<|tool_call_begin|>", "<|tool_call_argument_begin|>", "<|tool_call_end|>", "<|tool_calls_section_end|>", "[TOOL_CALLS]", "[ARGS]",
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var text strings.Builder
		for range 1 + random.IntN(14) {
			text.WriteString(fragments[random.IntN(len(fragments))])
		}
		whole := text.String()
		requireInvariants(t, whole[:len(whole)-random.IntN(2)*random.IntN(len(whole))], 1+random.IntN(8))
	}
}

// A text that repeats what looks like a call is read in a time that grows with
// its length, so that a model in a loop cannot stall its host.
func TestLongTextsAreReadInTime(t *testing.T) {
	for _, fragment := range []string{
		"{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}\n", "<tool_call>", "<tool_call>{\"a\": ", "<tool_call>[\"", "[", "{\"name\": ", "{\"a\":", "`", "```json\n{", "```\n", "<function=search><parameter=query></parameter>", "<function=list_topics></function> x ",
		"<｜DSML｜invoke name=\"search\">", "<|tool_call_begin|>functions.search:0<|tool_call_argument_begin|>", "[TOOL_CALLS]", "[TOOL_CALLS]search{}",
	} {
		text := strings.Repeat(fragment, 100_000/len(fragment)) + "\nThat is all."
		start := time.Now()
		leak.Parse(text, tools)
		leak.NewHold(tools).Add(text)
		assert.Less(t, time.Since(start), 20*time.Second, fragment)
	}
}
