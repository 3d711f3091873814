package arguments

import (
	"encoding/json"
	"slices"
	"strings"
)

// kind is a JSON type.
type kind uint8

const (
	nullKind kind = iota
	booleanKind
	numberKind
	stringKind
	arrayKind
	objectKind
)

func (k kind) String() string {
	return [...]string{"null", "boolean", "number", "string", "array", "object"}[k]
}

// value is a JSON value that keeps the order of its keys and the exact text of
// its scalars.
type value struct {
	kind    kind
	raw     string // JSON text of a scalar
	text    string // decoded text of a string
	items   []value
	members []member
}

// member is one property of an object.
type member struct {
	raw   string // JSON text of the name
	name  string
	value value
}

var null = value{kind: nullKind, raw: "null"}

// newString encodes text as a string value.
func newString(text string) value {
	return value{kind: stringKind, raw: encodeString(text), text: text}
}

// encodeString writes text as JSON without escaping what only HTML minds.
func encodeString(text string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return `""` // cannot happen: every string can be encoded
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// appendTo appends the value as compact JSON.
func (v value) appendTo(out []byte) []byte {
	switch v.kind {
	case arrayKind:
		out = append(out, '[')
		for i, item := range v.items {
			if i > 0 {
				out = append(out, ',')
			}
			out = item.appendTo(out)
		}
		return append(out, ']')
	case objectKind:
		out = append(out, '{')
		for i, m := range v.members {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(append(out, m.raw...), ':')
			out = m.value.appendTo(out)
		}
		return append(out, '}')
	}
	return append(out, v.raw...)
}

// plain converts the value into the types that encoding/json decodes into,
// with numbers as json.Number.
func (v value) plain() any {
	switch v.kind {
	case nullKind:
		return nil
	case booleanKind:
		return v.raw == "true"
	case numberKind:
		return json.Number(v.raw)
	case stringKind:
		return v.text
	case arrayKind:
		items := make([]any, len(v.items))
		for i, item := range v.items {
			items[i] = item.plain()
		}
		return items
	}
	members := make(map[string]any, len(v.members))
	for _, m := range v.members {
		members[m.name] = m.value.plain()
	}
	return members
}

// position returns where a property is, or -1.
func (v value) position(name string) int {
	return slices.IndexFunc(v.members, func(m member) bool { return m.name == name })
}
