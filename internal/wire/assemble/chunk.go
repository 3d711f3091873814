package assemble

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// chunk is what is read of one payload, streamed or whole. The field types accept
// every form hosts are known to send; null is the same as absent throughout.
type chunk struct {
	ID      text            `json:"id"`
	Object  text            `json:"object"`
	Model   text            `json:"model"`
	Choices []choice        `json:"choices"`
	Usage   json.RawMessage `json:"usage"`
	Error   json.RawMessage `json:"error"`

	// The fields below describe an error that is the whole payload.
	Message json.RawMessage `json:"message"`
	Msg     json.RawMessage `json:"msg"`
	Detail  json.RawMessage `json:"detail"`
	Type    json.RawMessage `json:"type"`
	Code    json.RawMessage `json:"code"`
}

type choice struct {
	Index        index           `json:"index"`
	Delta        *body           `json:"delta"`
	Message      *body           `json:"message"`
	FinishReason text            `json:"finish_reason"`
	Usage        json.RawMessage `json:"usage"` // Moonshot puts it here
	Error        json.RawMessage `json:"error"` // OpenRouter puts it here
}

// body is a delta or a message.
type body struct {
	Content          text            `json:"content"`
	Refusal          text            `json:"refusal"`
	ReasoningContent text            `json:"reasoning_content"`
	Reasoning        text            `json:"reasoning"`
	ReasoningDetails json.RawMessage `json:"reasoning_details"`
	ToolCalls        toolCalls       `json:"tool_calls"`
	FunctionCall     *function       `json:"function_call"`
}

// toolCalls is a list of calls, or one that stands alone.
type toolCalls []toolCall

func (t *toolCalls) UnmarshalJSON(raw []byte) error {
	if raw[0] == '{' {
		*t = make(toolCalls, 1)
		return json.Unmarshal(raw, &(*t)[0])
	}
	return json.Unmarshal(raw, (*[]toolCall)(t))
}

type toolCall struct {
	Index    index    `json:"index"`
	ID       text     `json:"id"`
	Function function `json:"function"`

	function // of hosts that leave the wrapper out
}

type function struct {
	Name      text            `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

// parseChunk reads a payload. Even with an error the chunk holds what was readable.
func parseChunk(payload []byte) (*chunk, error) {
	c := new(chunk)
	return c, json.Unmarshal(payload, c)
}

// calls returns the fragments of calls in a body. The function_call of the days
// before tools counts where there are no tool calls.
func (b *body) calls() []fragment {
	if len(b.ToolCalls) == 0 && b.FunctionCall != nil {
		return []fragment{{name: b.FunctionCall.Name.value, argument: b.FunctionCall.argument()}}
	}
	fragments := make([]fragment, len(b.ToolCalls))
	for i, c := range b.ToolCalls {
		f := c.Function
		if f.Name.value == "" && null(f.Arguments) {
			f = c.function
		}
		fragments[i] = fragment{index: c.Index, id: c.ID.value, name: f.Name.value, argument: f.argument()}
	}
	return fragments
}

// argument returns the arguments as the text the model produced: that of a string,
// or the JSON of a host that decoded it already.
func (f *function) argument() string {
	switch {
	case null(f.Arguments):
		return ""
	case f.Arguments[0] == '"':
		return unquote(f.Arguments)
	}
	return string(f.Arguments)
}

// reasoning returns the field in which the body has reasoning, and the text in it:
// the field known already if it has text, else the first that has, else one that
// is there but empty. Hosts that fill several put the same text in all of them.
func (b *body) reasoning(known string) (field, value string) {
	for _, one := range []struct {
		name string
		text text
	}{
		{"reasoning_content", b.ReasoningContent},
		{"reasoning", b.Reasoning},
		{"reasoning_details", details(b.ReasoningDetails)},
	} {
		better := value == "" || one.name == known
		if one.text.present && (field == "" || one.text.value != "" && better) {
			field, value = one.name, one.text.value
		}
	}
	return field, value
}

// usage keeps what a chunk says of the tokens, if it says anything.
func (a *Assembler) usage(raw json.RawMessage) {
	if len(raw) == 0 || raw[0] != '{' {
		return
	}
	var u struct {
		PromptTokens     count `json:"prompt_tokens"`
		CompletionTokens count `json:"completion_tokens"`
		PromptDetails    struct {
			CachedTokens count `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
		CompletionDetails struct {
			ReasoningTokens count `json:"reasoning_tokens"`
		} `json:"completion_tokens_details"`
		CachedTokens    count `json:"cached_tokens"`           // Moonshot
		CacheHitTokens  count `json:"prompt_cache_hit_tokens"` // DeepSeek
		ReasoningTokens count `json:"reasoning_tokens"`        // SGLang
	}
	// A detail of another form than this is no reason to lose the counts.
	_ = json.Unmarshal(raw, &u)
	a.message.Usage = &Usage{
		PromptTokens:     int(u.PromptTokens),
		CompletionTokens: int(u.CompletionTokens),
		CachedTokens:     int(max(u.PromptDetails.CachedTokens, u.CachedTokens, u.CacheHitTokens)),
		ReasoningTokens:  int(max(u.CompletionDetails.ReasoningTokens, u.ReasoningTokens)),
	}
}

// text is a string, or what stands for one: a number, or a list of parts.
type text struct {
	value   string
	present bool
}

func (t *text) UnmarshalJSON(raw []byte) error {
	if null(raw) {
		return nil
	}
	t.present = true
	switch raw[0] {
	case '"':
		t.value = unquote(raw)
	case '[', '{':
		t.value = join(raw, func(p part) string {
			if p.Type == "" || p.Type == "text" || p.Type == "output_text" {
				return p.Text
			}
			return ""
		})
	default:
		t.value = string(raw)
	}
	return nil
}

// details returns the readable text of reasoning details; what is encrypted stays out.
func details(raw json.RawMessage) text {
	if null(raw) {
		return text{}
	}
	return text{value: join(raw, func(p part) string { return p.Text + p.Summary }), present: true}
}

// part is one part of a content that is a list.
type part struct{ Type, Text, Summary string }

// join joins what read returns for each part of a list, or for a part that stands alone.
func join(raw []byte, read func(part) string) string {
	var list []json.RawMessage
	if raw[0] == '[' {
		_ = json.Unmarshal(raw, &list) // raw is valid and a list, so this cannot fail
	} else {
		list = append(list, raw)
	}
	var joined strings.Builder
	for _, element := range list {
		var p part
		switch element[0] {
		case '"':
			p.Text = unquote(element)
		case '{':
			_ = json.Unmarshal(element, &p) // a field that is no string stays empty
		}
		joined.WriteString(read(p))
	}
	return joined.String()
}

// index is a position in a list, which may be absent.
type index struct {
	value   int
	present bool
}

func (x *index) UnmarshalJSON(raw []byte) error {
	n, err := strconv.ParseFloat(string(bytes.Trim(raw, `"`)), 64)
	if err == nil && n == math.Trunc(n) && math.Abs(n) <= math.MaxInt32 {
		*x = index{int(n), true}
	}
	return nil
}

// or returns the index, or another if it is absent.
func (x index) or(other int) int {
	if x.present {
		return x.value
	}
	return other
}

// count is a number of tokens.
type count int

func (c *count) UnmarshalJSON(raw []byte) error {
	n, err := strconv.ParseFloat(string(bytes.Trim(raw, `"`)), 64)
	if err == nil && n >= 0 && n <= math.MaxInt32 {
		*c = count(n)
	}
	return nil
}

// null reports whether a value is null or absent.
func null(raw []byte) bool { return len(raw) == 0 || string(raw) == "null" }

// unquote returns the text of a valid JSON string.
func unquote(raw []byte) string {
	var s string
	_ = json.Unmarshal(raw, &s) // raw is a valid string, so this cannot fail
	return s
}
