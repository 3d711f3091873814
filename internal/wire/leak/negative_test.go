package leak_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/internal/wire/leak"
)

// negatives are texts without a call.
var negatives = []string{
	// Plain answers.
	"",
	"   \n ",
	"Your order ORD-9281 has shipped and arrives on Friday.",
	"I used get_order_status to look that up: it is on its way.",
	"get_order_status(order_id=\"ORD-9281\")",
	"search",
	"a < b and b > c, so a[0] < {b}",
	"Use {braces} and [brackets] :{ freely :[.",
	"| Order | Status |\n|---|---|\n| ORD-1 | shipped |\n| [ORD-2] | {lost} |",
	"- [ ] open\n- [x] done\n[link](https://example.com/?q={\"name\":\"search\"})",
	"退货政策｜三十天内｜免费退货。<｜注意｜>请保留收据。",
	"订单状态：已发货｜运费：0 元｜函数 search 不可用。",
	"<｜tool 说明｜> 与 ＜tool_call＞ 都只是文字。",
	"<p>Your order has <b>shipped</b>.</p>\n<ul><li>ORD-1</li></ul>",
	"<?xml version=\"1.0\"?><order><name>search</name><parameters/></order>",
	"<function name=\"search\"><parameter name=\"query\">a</parameter></function>",
	"<invoke name=\"search\"><parameter name=\"query\">a</parameter></invoke>",
	"<tool>search</tool> <tool_calls>none</tool_calls> <tool_call_id>7</tool_call_id>",
	"[TOOL] [TOOLS] [TOOL_CALL] [TOOL_RESULTS]",
	"<|assistant|>Hello<|eot_id|>",
	"~~~\n{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}\n~~~",

	// JSON answers.
	`{"name": "Alice", "age": 30}`,
	`{"name": "search engine", "parameters": {"query": "a"}}`,
	`{"name": "search"}`,
	`{"name": "search", "price": 3}`,
	`{"name": "search", "parameters": [1, 2]}`,
	`{"name": "search", "parameters": "a"}`,
	`{"name": "search", "parameters": {"query": "a"}, "result": "b"}`,
	`{"name": "search", "parameters": {"query": "a"}, "arguments": {"query": "b"}}`,
	`{"name": "search", "description": "Searches.", "parameters": {"type": "object", "properties": {"query": {"type": "string"}}}}`,
	`{"name": "search", "parameters": {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}}`,
	`{"type": "function", "function": {"name": "search", "description": "Searches.", "parameters": {"type": "object", "properties": {}}}}`,
	`{"type": "card", "name": "search", "parameters": {"query": "a"}}`,
	`{"type": "function"}`,
	`{"function": {"a": 1}}`,
	`{"parameters": {"query": "a"}}`,
	`{"arguments": {"query": "a"}, "name": "delete_all"}`,
	`{"tool": "search", "parameters": {"query": "a"}}`,
	`{"tools": [{"name": "search", "parameters": {"query": "a"}}]}`,
	"{\n  \"calls\": [\n    {\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}\n  ]\n}",
	`{"calls": [{"name": "search", "parameters": {"query": "a"}}`,
	"{\"calls\": [\n{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}",
	"{\"calls\": [\n{\"name\": \"search\", \"parameters\": {\"query\": \"a",
	`{"note": "<function=list_topics></function>"}`,
	`{"note": "<function=list_topics></function>`,
	`{"note": ". <｜DSML｜invoke name='x'> [TOOL_CALLS] <tool_call>"}`,
	`[{"name": "Alice"}, {"name": "search"}]`,
	`[{"name": "search", "parameters": {"query": "a"}}, {"name": "delete_all", "parameters": {}}]`,
	`[{"name": "search", "parameters": {"query": "a"}}, 7]`,
	`[[{"name": "search", "parameters": {"query": "a"}}]]`,
	`["search", {"query": "a"}]`,
	`[]`, `{}`, `[{}]`, `{"name": 7}`, `{"name": null, "parameters": {}}`,
	`{'name': 'search', 'parameters': {'query': 'a'}}`,
	`{name: "search", parameters: {query: "a"}}`,
	`{"name": "search", "parameters": {"query": 'a'}}`,
	`{"name": "search", "parameters": {"query": "a",}}`,
	"{\"name\": \"search\", \"parameters\": {\"query\": \"two\nlines\"}}",
	`{"name": "delete_all", "parameters": {}}`,

	// Quoted JSON.
	`{"name": "search", "parameters": {"query": "a"}} is what a call looks like.`,
	`I would send {"name": "search", "parameters": {"query": "a"}} to the tool.`,
	`I would send {"name": "search", "parameters": {"query": "a"}}`,
	`The call is {"name": "search", "parameters": {"query": "a"}}`,
	"`{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}`",
	"A call: `{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}`",
	"``{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}``",
	"Send this:\n```json\n{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}\n```\nand wait for the result.",
	"```json\n{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}\n```\nThis is an example.",
	"```python\n{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}\n```",
	"```json\n// an example\n{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}\n```",
	"```json\n{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}\n{\"result\": 1}\n```",
	"```json\n{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}\n``` like this",
	"````json\n{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}\n````",
	"- {\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}",
	"* {\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}",
	"1. ```json\n{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}\n```",
	"1. ```json\n{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}\n```\n",
	"\"{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}",
	"> {\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}",
	"{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}\n\nThat would be the call.",
	"{\"name\": \"search\", \"parameters\": {\"query\": \"a\"}}; and then some",

	// Quoted and explained markup.
	"Qwen wraps its calls in <tool_call> and </tool_call> tags.",
	"Qwen wraps its calls in <tool_call>",
	"<tool_call> is the opening tag of Hermes.",
	"<tool_call>...</tool_call>",
	"<tool_call>search</tool_call>",
	"<tool_call>{\"name\": ..., \"arguments\": ...}</tool_call>",
	"<tool_call>{\"name\": \"<function-name>\", \"arguments\": <args-json-object>}</tool_call>",
	"<tool_call>{\"name\": \"delete_all\", \"arguments\": {}}</tool_call>",
	"<tool_call>{\"name\": \"search\", \"arguments\": [1]}</tool_call>",
	"<tool_call>{\"name\": \"search\", \"arguments\": \"a\"}</tool_call>",
	"<tool_call>{\"name\": \"search\", \"arguments\": {\"query\": a}}</tool_call>",
	"<tool_call>[\"search\"]</tool_call>",
	"<tool_call>{\"name\": \"search\", \"arguments\": {\"query\": \"a\"}} would be it",
	"Write `<tool_call>{\"name\": \"search\", \"arguments\": {\"query\": \"a\"}}</tool_call>` for that.",
	"The model writes <tool_call>{\"name\": \"search\", \"arguments\": {\"query\": \"a\"}}</tool_call> and stops.",
	"```\n<tool_call>{\"name\": \"search\", \"arguments\": {\"query\": \"a\"}}</tool_call>\n```\nis an example.",
	"```\n# Example\n<tool_call>{\"name\": \"search\", \"arguments\": {\"query\": \"a\"}}</tool_call>\n```",
	"~~~\n<tool_call>{\"name\": \"search\", \"arguments\": {\"query\": \"a\"}}</tool_call>\n~~~",
	"Qwen3-Coder uses <function=name> with <parameter=key> inside.",
	"<function=delete_all><parameter=id>1</parameter></function>",
	"<function=search>query=a</function>",
	"<function=search>{query: a}</function>",
	"<function=search> calls it.",
	"`<function=list_topics></function>`",
	"Llama may begin with <|python_tag|> before code.",
	"<|python_tag|>print(1)",
	"<|python_tag|>{\"name\": \"delete_all\", \"parameters\": {}}",
	"DeepSeek opens with <｜tool▁calls▁begin｜> and separates with <｜tool▁sep｜>.",
	"`<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>list_topics<｜tool▁sep｜>{}`",
	"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>delete_all<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
	"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>a<｜tool▁call▁end｜>",
	"DSML has <｜DSML｜invoke> and <｜DSML｜parameter> elements.",
	"<｜DSML｜tool_calls></｜DSML｜tool_calls>",
	"<｜DSML｜invoke name=\"delete_all\"></｜DSML｜invoke>",
	"</｜DSML｜invoke></｜DSML｜tool_calls>",
	"Kimi's section begins with <|tool_calls_section_begin|> and has <|tool_call_begin|> in it.",
	"Kimi's section begins with <|tool_calls_section_begin|>",
	"<|tool_call_begin|>functions.search:0<|tool_call_argument_begin|> and then the JSON",
	"<|tool_call_begin|>functions.delete_all:0<|tool_call_argument_begin|>{}<|tool_call_end|>",
	"[TOOL_CALLS] is Mistral's marker.",
	"[TOOL_CALLS]delete_all{}",
	"[TOOL_CALLS][{\"name\": \"delete_all\", \"arguments\": {}}]",
	"[TOOL_CALLS]search[ARGS]query",
	"[TOOL_CALLS][]",
	"`[TOOL_CALLS]list_topics{}`",
	"```[TOOL_CALLS]``` is the marker, `[TOOL_CALLS]list_topics{}` a call.",
}

func TestNoCallIsInvented(t *testing.T) {
	assert.GreaterOrEqual(t, len(negatives), 100)
	for _, text := range negatives {
		for _, context := range []string{"", "Sure, here you are.\n\n", "```go\nx\n```\n"} {
			whole := context + text
			result := leak.Parse(whole, tools)
			assert.Equal(t, leak.Result{Text: whole}, result, whole)
		}
	}
}

// What is shown of a text without a call is the text itself.
func TestHoldShowsTextWithoutACall(t *testing.T) {
	for _, text := range negatives {
		hold := leak.NewHold(tools)
		shown := ""
		for i := range len(text) {
			shown += hold.Add(text[i : i+1])
		}
		assert.True(t, strings.HasPrefix(text, shown+hold.Flush()), text)
		assert.Equal(t, shown, showAtOnce(text), text)
	}
}
