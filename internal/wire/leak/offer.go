package leak

import (
	"encoding/json"
	"slices"
	"strings"
)

// offer is the set of tools that a call may name.
type offer struct {
	tools []Tool
	names map[string]int // The index in tools by name.
}

func newOffer(tools []Tool) *offer {
	o := &offer{tools: tools, names: make(map[string]int, len(tools))}
	for i, tool := range tools {
		o.names[tool.Name] = i
	}
	return o
}

// namespaces are prefixes that models put before the name of a tool.
var namespaces = [...]string{"functions.", "tools.", "default_api."}

// resolve finds the tool that a model's spelling of a name means.
func (o *offer) resolve(spelling string) (name string, ok bool) {
	name = strings.TrimSpace(spelling)
	if o.has(name) {
		return name, true
	}
	name = strings.TrimSuffix(name, "()")
	if o.has(name) {
		return name, true
	}
	for _, namespace := range namespaces {
		if bare, cut := strings.CutPrefix(name, namespace); cut && o.has(bare) {
			return bare, true
		}
	}
	return "", false
}

func (o *offer) has(name string) bool {
	_, ok := o.names[name]
	return ok && name != ""
}

// mayBecome reports whether spelling is the beginning of a name that resolve
// knows.
func (o *offer) mayBecome(spelling string) bool {
	spelling = strings.TrimSpace(spelling)
	for name := range o.names {
		if strings.HasPrefix(name+"()", spelling) {
			return true
		}
		for _, namespace := range namespaces {
			if strings.HasPrefix(namespace+name+"()", spelling) {
				return true
			}
		}
	}
	return false
}

// schema is what Parse needs of a tool's JSON Schema.
type schema struct {
	Properties map[string]property `json:"properties"`
	Required   []string            `json:"required"`
}

type property struct {
	Type  json.RawMessage `json:"type"` // A name or a list of names.
	AnyOf []property      `json:"anyOf"`
	OneOf []property      `json:"oneOf"`
}

// schema reads the schema of a tool; what cannot be read is as good as absent.
func (o *offer) schema(name string) schema {
	var s schema
	if i, ok := o.names[name]; ok && len(o.tools[i].Schema) > 0 {
		if err := json.Unmarshal(o.tools[i].Schema, &s); err != nil {
			return schema{}
		}
	}
	return s
}

// fitting returns the only tool whose required keys are all among the
// arguments and whose properties include every argument, or "".
func (o *offer) fitting(arguments string) string {
	var keys map[string]json.RawMessage
	if json.Unmarshal([]byte(arguments), &keys) != nil {
		return ""
	}
	only := ""
	for _, tool := range o.tools {
		if !o.schema(tool.Name).fits(keys) {
			continue
		}
		if only != "" {
			return ""
		}
		only = tool.Name
	}
	return only
}

func (s schema) fits(keys map[string]json.RawMessage) bool {
	for _, key := range s.Required {
		if _, ok := keys[key]; !ok {
			return false
		}
	}
	for key := range keys {
		if _, ok := s.Properties[key]; !ok {
			return false
		}
	}
	return true
}

// types returns the JSON types that a value may have.
func (p property) types() []string {
	var one string
	var many []string
	if json.Unmarshal(p.Type, &one) == nil && one != "" {
		many = []string{one}
	} else if json.Unmarshal(p.Type, &many) != nil {
		many = nil
	}
	for _, option := range append(p.AnyOf, p.OneOf...) {
		many = append(many, option.types()...)
	}
	return many
}

// typed gives an untyped value a type that the property allows. A value that
// fits none stays a string: the tool's own validation has the words to say
// what is wrong. Where a string is allowed, digits and truth values stay
// strings, since "00123" may be an id.
func (p property) typed(value string) json.RawMessage {
	kinds := p.types()
	trimmed := strings.TrimSpace(value)
	lower := strings.ToLower(trimmed)
	literal := !slices.Contains(kinds, "string")
	for _, kind := range kinds {
		switch {
		case (kind == "null" || literal) && (trimmed == "null" || trimmed == "None"):
			return json.RawMessage("null")
		case kind == "boolean" && literal && (lower == "true" || lower == "false"):
			return json.RawMessage(lower)
		case kind == "string" || !json.Valid([]byte(trimmed)):
		case kind == "object" && trimmed[0] == '{', kind == "array" && trimmed[0] == '[':
			return json.RawMessage(trimmed)
		case (kind == "integer" || kind == "number") && literal && strings.ContainsRune("-0123456789", rune(trimmed[0])):
			return json.RawMessage(trimmed)
		}
	}
	return quote(value)
}

// quote writes value as a JSON string.
func quote(value string) json.RawMessage {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return json.RawMessage(`""`)
	}
	return json.RawMessage(strings.TrimSuffix(b.String(), "\n"))
}
