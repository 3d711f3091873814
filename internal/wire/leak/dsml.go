package leak

import (
	"encoding/json"
	"slices"
	"strings"
)

// DSML is the markup of DeepSeek V3.2 and V4:
//
//	<｜DSML｜tool_calls>
//	<｜DSML｜invoke name="…">
//	<｜DSML｜parameter name="…" string="true">…</｜DSML｜parameter>
//	</｜DSML｜invoke>
//	</｜DSML｜tool_calls>
//
// V3.2 calls the outer element function_calls. It may be absent or unclosed,
// and an invoke may hold one JSON object instead of parameters.

// dsmlTags returns the spellings of a tag: the bars come wide or narrow,
// single or doubled, and single ones with a blank behind them.
func dsmlTags(open, name string) []string {
	var tags []string
	for _, bars := range []string{"｜", "｜｜", "|", "||"} {
		tags = append(tags, open+bars+"DSML"+bars+name)
	}
	for _, bar := range []string{"｜", "|"} {
		tags = append(tags, open+bar+"DSML"+bar+" "+name)
	}
	return tags
}

var (
	dsmlSections  = slices.Concat(dsmlTags("<", "tool_calls>"), dsmlTags("<", "function_calls>"))
	dsmlEnds      = slices.Concat(dsmlTags("</", "tool_calls>"), dsmlTags("</", "function_calls>"))
	dsmlInvokes   = dsmlTags("<", "invoke")
	dsmlInvokeEnd = dsmlTags("</", "invoke>")
	dsmlParams    = dsmlTags("<", "parameter")
	// A parameter at times ends without the last byte of its closing tag.
	dsmlParamEnd = dsmlTags("</", "parameter")
	// dsmlValueEnds are what ends the value of a parameter, since the closing
	// tag may be missing.
	dsmlValueEnds = slices.Concat(dsmlParamEnd, dsmlParams, dsmlInvokes, dsmlTags("</", "invoke"), dsmlEnds)
)

// dsml reads a section, or a run of invokes without one.
func (r *reader) dsml() bool {
	r.skip(dsmlSections...)
	r.space()
	for first := true; first || r.at(dsmlInvokes...); first = false {
		if !r.invoke() {
			return false
		}
		r.space()
	}
	for r.skip(dsmlEnds...) || r.skip(dsmlInvokeEnd...) {
		r.space()
	}
	return true
}

// invoke reads one call.
func (r *reader) invoke() bool {
	if !r.take(dsmlInvokes...) {
		return false
	}
	name, ok := r.attribute("name")
	if !ok {
		return false
	}
	r.space()
	if r.at("/>") {
		r.take("/>")
		r.add(name, "{}", "", "deepseek_dsml")
		return true
	}
	if !r.take("/>", ">") {
		return false
	}
	r.space()
	var arguments string
	if r.at("{") {
		if arguments, ok = r.value(); !ok {
			return false
		}
		r.space()
		if !r.skip(dsmlInvokeEnd...) && !r.at(dsmlEnds...) && !r.at(dsmlInvokes...) && !r.regionEnds() {
			return false
		}
	} else if arguments, ok = r.invokeParameters(name); !ok {
		return false
	}
	r.add(name, arguments, "", "deepseek_dsml")
	return true
}

// invokeParameters reads parameters up to the end of their call, which the
// next call or the end of the section ends as well. Anything else between
// them makes the call unusable, since an argument may be lost.
func (r *reader) invokeParameters(spelling string) (arguments string, ok bool) {
	name, _ := r.offer.resolve(spelling)
	properties := r.offer.schema(name).Properties
	var object members
	for {
		r.space()
		if r.at(dsmlInvokeEnd...) {
			r.take(dsmlInvokeEnd...)
			return object.String(), true
		}
		if r.at(dsmlInvokes...) || r.at(dsmlEnds...) {
			return object.String(), true
		}
		if !r.take(dsmlParams...) {
			r.cut = r.cut || r.ends(dsmlInvokeEnd...) || r.ends(dsmlValueEnds...)
			return "", false
		}
		key, ok := r.attribute("name")
		if !ok {
			return "", false
		}
		kind := ""
		if r.space(); r.at("string") {
			if kind, ok = r.attribute("string"); !ok {
				return "", false
			}
			r.space()
		}
		if !r.take(">") {
			r.cut = r.cut || r.ends(`string="`, `string='`)
			return "", false
		}
		raw, ok := r.parameterText()
		if !ok {
			return "", false
		}
		value, ok := parameterValue(raw, kind, properties[key])
		if !ok {
			return "", false
		}
		object.set(key, value)
	}
}

// attribute reads name="value", in quotes of either kind.
func (r *reader) attribute(name string) (value string, ok bool) {
	r.space()
	if !r.take(name+`="`, name+`='`) {
		return "", false
	}
	quote := r.text[r.pos-1 : r.pos]
	value = r.word()
	return value, r.take(quote)
}

// parameterText reads a raw value and goes past its closing tag.
func (r *reader) parameterText() (value string, ok bool) {
	value, ok = r.until(dsmlValueEnds...)
	if !ok {
		return "", false
	}
	if r.at(dsmlParamEnd...) {
		r.take(dsmlParamEnd...)
		r.skip(">")
		return value, true
	}
	// The value ends at other markup: drop what began as its closing tag.
	for _, end := range dsmlParamEnd {
		for n := len(end) - 1; n >= len("</|"); n-- {
			if strings.HasSuffix(value, end[:n]) {
				return value[:len(value)-n], true
			}
		}
	}
	return strings.TrimSuffix(value, "\n"), true
}

// parameterValue gives a raw value the type that its string attribute says.
func parameterValue(raw, isString string, property property) (value json.RawMessage, ok bool) {
	switch isString {
	case "true":
		return quote(raw), true
	case "false":
		trimmed := strings.TrimSpace(raw)
		if json.Valid([]byte(trimmed)) {
			return json.RawMessage(trimmed), true
		}
		// A string that was marked as another type is still that string.
		return quote(raw), len(property.types()) > 0 && property.types()[0] == "string"
	}
	return property.typed(raw), true
}
