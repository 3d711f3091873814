package leak

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

// Llama 3 writes a call as a bare JSON object, {"name": …, "parameters": {…}},
// often in a code fence, several joined by semicolons, newlines or an array.
// Nothing marks it as a call but its shape, so the rules are strict: it has to
// name an offered tool, hold nothing but a call, and end the text.

// opensJSON decides whether text, which may begin with a bracket, begins with
// such a call. It asks for one of the keys of a call first and, where that is
// the name, for the name of a tool.
func (o *offer) opensJSON(text string) stop {
	for _, bracket := range []string{"[", "{"} {
		rest, found := strings.CutPrefix(text, bracket)
		if bracket == "{" && !found {
			return nothing
		}
		if text = strings.TrimLeftFunc(rest, unicode.IsSpace); found && text == "" {
			return undecided
		}
	}
	found := nothing
	for _, key := range []string{"name", "type", "function", "parameters", "arguments"} {
		found = max(found, o.opensMember(text, key))
	}
	return found
}

// opensMember decides whether text begins with the member of a call that has
// the key.
func (o *offer) opensMember(text, key string) stop {
	for _, token := range []string{`"` + key + `"`, ":"} {
		if found := startsWith(text, token); found != begun {
			return found
		}
		text = strings.TrimLeftFunc(text[len(token):], unicode.IsSpace)
	}
	switch key {
	case "name":
		return o.opensName(text)
	case "type":
		return startsWith(text, `"function"`)
	case "function":
		return max(startsWith(text, "{"), o.opensName(text))
	}
	return max(startsWith(text, "{"), startsWith(text, `"`), startsWith(text, "null"))
}

// opensName decides whether text begins with the name of a tool as a string.
func (o *offer) opensName(text string) stop {
	rest, ok := strings.CutPrefix(text, `"`)
	if !ok {
		return startsWith(text, `"`)
	}
	spelling, _, whole := strings.Cut(rest, `"`)
	if !whole {
		if o.mayBecome(spelling) {
			return undecided
		}
		return nothing
	}
	if _, ok := o.resolve(spelling); ok {
		return begun
	}
	return nothing
}

// startsWith decides whether text begins with token.
func startsWith(text, token string) stop {
	switch {
	case strings.HasPrefix(text, token):
		return begun
	case strings.HasPrefix(token, text):
		return undecided
	}
	return nothing
}

// tail reads a text that is nothing but calls up to its end: bare JSON calls,
// in code fences or not, and calls in markup.
func (r *reader) tail() bool {
	fenced := false
	fences, before := 0, 0 // The fences so far, and the calls before the last one.
	for {
		r.space()
		switch family := familyOf(r.rest()); {
		case r.end() && fenced && len(r.calls) == before:
			// Marks after bare calls close a fence that began before them; a
			// further fence is one that the text cuts off.
			r.cut = fences > 1
			return false
		case r.end():
			return true
		case fenced && r.skip("```"):
			fenced = false
			if line, _, _ := strings.Cut(r.rest(), "\n"); strings.TrimSpace(line) != "" {
				return false
			}
		case family != unmarked:
			if !family.read(r) {
				return false
			}
		case len(r.calls) > 0 && r.skip(trailers...):
		case marked(r.rest()) == undecided:
			r.cut = true
			return false
		case r.at("{", "["):
			if !r.bare() {
				return false
			}
		case !fenced && r.take("```"):
			line, _, whole := strings.Cut(r.rest(), "\n")
			if !whole {
				r.cut = fences > 0
				return false
			}
			if !slices.Contains(fenceInfos, strings.ToLower(strings.TrimSpace(line))) {
				return false
			}
			r.pos += len(line) + 1
			fenced, fences, before = true, fences+1, len(r.calls)
		default:
			return false
		}
		if r.dropped > 0 {
			return false
		}
	}
}

// bare reads bare JSON calls, joined in any of the ways of the family.
func (r *reader) bare() bool {
	for {
		switch r.offer.opensJSON(r.rest()) {
		case undecided:
			r.cut = true
			return false
		case begun:
			raw, ok := r.value()
			if !ok || !r.calling(raw, "llama3_json") {
				return false
			}
		default:
			return false
		}
		r.pos = len(r.text) - len(strings.TrimLeftFunc(r.rest(), func(c rune) bool { return unicode.IsSpace(c) || c == ';' || c == ',' }))
		if !r.at("{", "[") {
			return true
		}
	}
}

const pythonTag = "<|python_tag|>"

// python reads the bare JSON calls after <|python_tag|>.
func (r *reader) python() bool {
	r.take(pythonTag)
	r.space()
	if !r.at("{", "[") {
		r.cut = r.end()
		return false
	}
	return r.bare()
}

// isCallKey reports whether a JSON call may have the key. A tool definition has
// others too.
func isCallKey(key string) bool {
	switch key {
	case "name", "arguments", "parameters", "type", "function", "id":
		return true
	}
	return false
}

// calling takes a JSON object, or an array of them, as calls. In bare JSON
// each must be a call to the letter; inside markup a call without arguments
// is complete, and one that is no call is dropped.
func (r *reader) calling(raw, format string) bool {
	if raw[0] == '[' {
		var items []json.RawMessage
		if json.Unmarshal([]byte(raw), &items) != nil {
			return false
		}
		for _, item := range items {
			if item[0] == '[' || !r.calling(string(item), format) {
				return false
			}
		}
		return len(items) > 0
	}
	strict := format == "llama3_json"
	var call map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &call) != nil {
		return false
	}
	id := text(call["id"])
	inner := call
	if function := call["function"]; len(function) > 0 && function[0] == '{' {
		inner = nil
		if json.Unmarshal(function, &inner) != nil {
			return false
		}
	}
	name := text(inner["name"])
	if name == "" {
		name = text(inner["function"])
	}
	given, hasArguments := inner["arguments"]
	parameters, hasParameters := inner["parameters"]
	if !hasArguments {
		given = parameters
	}
	arguments, ok := asObject(given)
	if strict {
		if hasArguments == hasParameters || !ok {
			return false
		}
		for _, level := range []map[string]json.RawMessage{call, inner} {
			for key := range level {
				if !isCallKey(key) {
					return false
				}
			}
		}
	}
	if !ok {
		r.dropped++
		return true
	}
	before := len(r.calls)
	r.add(name, arguments, id, format)
	return !strict || len(r.calls) > before
}

// text returns the string that raw holds, or "".
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// asObject returns arguments as the text of an object. Some models write the
// object as a string; an absent or empty one is {}.
func asObject(raw json.RawMessage) (arguments string, ok bool) {
	arguments = strings.TrimSpace(string(raw))
	if strings.HasPrefix(arguments, `"`) {
		arguments = strings.TrimSpace(text(raw))
	}
	if arguments == "" || arguments == "null" {
		return "{}", true
	}
	return arguments, arguments[0] == '{' && json.Valid([]byte(arguments))
}

// describes reports whether arguments are a JSON Schema: the definition of
// the tool, not a call.
func (o *offer) describes(name, arguments string) bool {
	var s struct {
		Type       json.RawMessage            `json:"type"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if json.Unmarshal([]byte(arguments), &s) != nil || text(s.Type) != "object" || s.Properties == nil {
		return false
	}
	_, expected := o.schema(name).Properties["properties"]
	return !expected
}
