package leak

import (
	"slices"
	"strings"
)

// The tokens of DeepSeek V3, R1 and V3.1.
var (
	deepseekSections   = deepseekTokens("calls", "begin")
	deepseekSectionEnd = deepseekTokens("calls", "end")
	deepseekCalls      = deepseekTokens("call", "begin")
	deepseekCallEnd    = deepseekTokens("call", "end")
	deepseekSeparator  = deepseekTokens("sep")
	deepseekEnds       = slices.Concat(deepseekSectionEnd, deepseekCallEnd)
)

// deepseekTokens returns the spellings of a token: models and gateways write
// the separator between its words in four ways, and its bars at times narrow.
// Narrow bars with underscores are Kimi's.
func deepseekTokens(words ...string) []string {
	var tokens []string
	for _, separator := range []string{"▁", "_", " ", `\_`} {
		tokens = append(tokens, "<｜tool"+separator+strings.Join(words, separator)+"｜>")
	}
	return append(tokens, "<|tool▁"+strings.Join(words, "▁")+"|>")
}

// deepseek reads the calls of V3 and R1, function<sep>name and a fenced object,
// and those of V3.1, name<sep>object. All closing tokens are optional.
func (r *reader) deepseek() bool {
	r.skip(deepseekSections...)
	for first := true; ; first = false {
		r.space()
		if !r.at(deepseekCalls...) && !first {
			break
		}
		// R1 leaves out the token of the first call.
		r.skip(deepseekCalls...)
		r.space()
		name, format := r.word(), "deepseek_v31"
		if name == "" || r.end() {
			r.cut = r.end() && (r.offer.mayBecome(name) || strings.HasPrefix("function", name))
			return false
		}
		r.space()
		if !r.take(deepseekSeparator...) {
			return false
		}
		if r.space(); name == "function" && !r.at("{", "`") {
			format = "deepseek_v3"
			var ok bool
			if name, ok = r.name(); !ok {
				return false
			}
		}
		arguments, ok := r.object()
		if !ok {
			return false
		}
		r.add(name, arguments, "", format)
		r.space()
		r.skip(deepseekCallEnd...)
	}
	r.skip(deepseekSectionEnd...)
	return true
}

// The tokens of Kimi K2. Both spellings of the section occur.
var (
	kimiSections = []string{
		"<|tool_calls_section_begin|>", "<|tool_call_section_begin|>",
	}
	kimiSectionEnds = []string{"<|tool_calls_section_end|>", "<|tool_call_section_end|>"}
	kimiEnds        = append(kimiSectionEnds[:2:2], kimiCallEnd)
	kimiArguments   = []string{"<|tool_call_argument_begin|>", "<|tool_call_arguments_begin|>"}
)

const (
	kimiCall    = "<|tool_call_begin|>"
	kimiCallEnd = "<|tool_call_end|>"
)

// kimi reads calls whose id, functions.name:index, holds the name. Section and
// closing tokens are optional.
func (r *reader) kimi() bool {
	r.skip(kimiSections...)
	for first := true; ; first = false {
		r.space()
		if !r.at(kimiCall) && !first {
			break
		}
		r.skip(kimiCall)
		r.space()
		id := r.word()
		r.space()
		if id == "" || !r.take(kimiArguments...) {
			r.cut = r.cut || r.end()
			return false
		}
		arguments, ok := r.object()
		if !ok {
			return false
		}
		r.addKimi(id, arguments)
		r.space()
		r.skip(kimiCallEnd)
	}
	r.skip(kimiSectionEnds...)
	return true
}

// addKimi takes a call by its id. K2 at times writes an id without a name:
// call00003, call_2 or a bare number. The arguments then tell the tool.
func (r *reader) addKimi(id, arguments string) {
	name := id
	if i := strings.LastIndexByte(id, ':'); i >= 0 && isNumber(id[i+1:]) {
		name = id[:i]
	}
	if _, ok := r.offer.resolve(name); ok || !isNameless(id) {
		r.add(name, arguments, id, "kimi_k2")
		return
	}
	r.calls = append(r.calls, Call{ID: id, Name: r.offer.fitting(arguments), Arguments: arguments, Format: "kimi_k2"})
}

// isNameless reports whether id is a number, or an id of the kind that hosts
// give to calls, with a digit in it.
func isNameless(id string) bool {
	id = strings.TrimPrefix(id, "functions.")
	id = strings.TrimLeft(id, ":")
	for _, prefix := range []string{"chatcmpl-tool", "toolu", "call"} {
		if rest, ok := strings.CutPrefix(id, prefix); ok {
			return strings.ContainsAny(rest, "0123456789")
		}
	}
	return isNumber(id)
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

const mistralCalls = "[TOOL_CALLS]"

// mistral reads [TOOL_CALLS] followed by an array of JSON calls, or by a name
// and its arguments.
func (r *reader) mistral() bool {
	if !r.take(mistralCalls) {
		return false
	}
	r.space()
	if r.at("[", "{") {
		raw, ok := r.value()
		return ok && r.calling(raw, "mistral")
	}
	name, ok := r.name()
	if !ok {
		return false
	}
	id := ""
	if r.space(); r.at("[CALL_ID]") {
		r.take("[CALL_ID]")
		id = r.word()
	}
	if !r.at("{") && !r.take("[ARGS]") {
		r.cut = r.cut || r.ends("[CALL_ID]")
		return false
	}
	arguments, ok := r.object()
	if !ok {
		return false
	}
	r.add(name, arguments, id, "mistral")
	return true
}
