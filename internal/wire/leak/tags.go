package leak

import (
	"encoding/json"
	"strings"
)

// hermes reads <tool_call>, in which Hermes and Qwen put one or more JSON
// calls and Qwen3-Coder puts a <function=…>. The closing tag may be missing
// where nothing else can follow.
func (r *reader) hermes() bool {
	if !r.take("<tool_call>") {
		return false
	}
	r.space()
	if r.at("<function=") {
		return r.function()
	}
	fenced := r.fence()
	r.space()
	if !r.at("{", "[") {
		r.cut = r.cut || r.ends("<function=")
		return false
	}
	earlier := len(r.calls)
	for r.at("{", "[") {
		raw, ok := r.value()
		if !ok || !r.calling(raw, "hermes") {
			return false
		}
		r.space()
		if r.at(",", ";") {
			r.pos++
			r.space()
		}
	}
	if fenced {
		r.skip("```")
		r.space()
	}
	if !r.skip("</tool_call>") && !r.regionEnds() {
		r.calls = r.calls[:earlier]
		return false
	}
	return true
}

// regionEnds reports whether a closing tag may be missing here: at the end of
// the text or before other markup.
func (r *reader) regionEnds() bool {
	return r.end() || marked(r.rest()) != nothing || r.at(trailers...) || r.ends(trailers...)
}

// function reads <function=name>, which Llama follows by the arguments as JSON
// and Qwen3-Coder by <parameter=key> elements.
func (r *reader) function() bool {
	if !r.take("<function=") {
		return false
	}
	name, ok := r.name()
	if !ok || !r.take(">") {
		return false
	}
	r.space()
	if !r.at("{") {
		return r.parameters(name)
	}
	arguments, ok := r.value()
	if !ok {
		return false
	}
	r.space()
	if !r.skip("</function>", "<function>") && !r.regionEnds() {
		return false
	}
	r.add(name, arguments, "", "llama3_function")
	r.space()
	r.skip("</tool_call>")
	return true
}

// parameters reads the elements of a Qwen3-Coder call up to its end. The tag
// that closes the call must be there: without it, another parameter could
// have followed.
func (r *reader) parameters(spelling string) bool {
	name, _ := r.offer.resolve(spelling)
	properties := r.offer.schema(name).Properties
	var arguments members
	for {
		r.space()
		if r.at("</function>", "</tool_call>") {
			r.take("</function>")
			break
		}
		if !r.take("<parameter=", "</function>", "</tool_call>") {
			return false
		}
		key := r.word()
		if key == "" || !r.take(">") {
			r.cut = r.cut || r.end()
			return false
		}
		value, ok := r.parameter(properties)
		if !ok {
			return false
		}
		arguments.set(key, properties[key].typed(value))
	}
	r.add(spelling, arguments.String(), "", "qwen3_coder")
	r.space()
	r.skip("</tool_call>")
	return true
}

// parameter reads a raw value up to the closing tag that is followed by more
// markup of the call, so that a value may speak about closing tags. A closing
// tag may be missing before the next known parameter or the end of the call.
func (r *reader) parameter(properties map[string]property) (value string, ok bool) {
	rest := r.rest()
	for i := 0; i < len(rest); i++ {
		if rest[i] != '<' {
			continue
		}
		here := reader{text: rest, pos: i, offer: r.offer}
		size := 0
		if here.take("</parameter>") {
			size = here.pos - i
			here.space()
			if !here.at("<parameter=", "</function>", "</tool_call>") {
				r.cut = r.cut || here.ends("<parameter=", "</function>", "</tool_call>")
				continue
			}
		} else if here.at("<parameter=") {
			here.take("<parameter=")
			if _, known := properties[here.word()]; !known || i == 0 || rest[i-1] != '\n' {
				continue
			}
		} else if !here.endsFunction() {
			continue
		}
		r.pos += i + size
		value = strings.TrimPrefix(rest[:i], "\n")
		return strings.TrimSuffix(value, "\n"), true
	}
	r.cut = true
	return "", false
}

// endsFunction reports whether </function> stands here on a line of its own
// and ends the call.
func (r *reader) endsFunction() bool {
	if r.pos == 0 || r.text[r.pos-1] != '\n' || !r.at("</function>") {
		return false
	}
	r.take("</function>")
	r.space()
	return r.at("</tool_call>") || r.regionEnds()
}

// members builds a JSON object; the last value of a key counts.
type members struct {
	keys   []string
	values map[string]json.RawMessage
}

func (m *members) set(key string, value json.RawMessage) {
	if m.values == nil {
		m.values = make(map[string]json.RawMessage)
	}
	if _, ok := m.values[key]; !ok {
		m.keys = append(m.keys, key)
	}
	m.values[key] = value
}

// String returns the text of the object, its keys in the order of the text.
func (m *members) String() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, key := range m.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(quote(key))
		b.WriteByte(':')
		b.Write(m.values[key])
	}
	b.WriteByte('}')
	return b.String()
}
