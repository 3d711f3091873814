// Package schema derives the JSON Schemas of tools from Go structs, takes
// foreign JSON Schemas as they are, and checks the arguments a model produced
// against either, in words the model can act on.
//
// It wraps two libraries and removes their traps: invopop/jsonschema, which
// overflows the stack on recursive types and drops what it does not
// understand, and santhosh-tekuri/jsonschema, whose errors come in random
// order and are written for people who know the schema.
package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"time"

	"github.com/invopop/jsonschema"
)

// anyMarker stands in for the empty schema, which invopop/jsonschema can only
// write as the boolean schema true; several hosts refuse boolean schemas.
const anyMarker = "any value"

// For derives the JSON Schema of a tool's arguments from a struct type or a
// pointer to one. The schema is inlined (no $ref, no $defs), compact, and the
// same bytes for the same type.
//
// Names come from json tags. Fields without omitempty or omitzero are
// required; so are fields with `jsonschema:"required"`. Constraints come from
// jsonschema tags (enum=, minimum=, pattern=, …) and jsonschema_description.
// Types with a JSONSchema() *jsonschema.Schema method describe themselves,
// types that encode themselves as text are strings, time.Time is a date-time
// string. Optional pointer fields are shown as plain fields: a null for an
// optional property is dropped when arguments are read, so the schema needs no
// union for it.
//
// What cannot be expressed is refused with an error that starts with the
// field's path in Go terms ("RefundArgs.Items.Parent: recursive type Node …"):
// recursive types, types that JSON cannot carry, fields that encoding/json and
// the schema would read differently, and tags that would silently have no
// effect. For never panics and is safe for concurrent use.
func For(t reflect.Type) (raw json.RawMessage, err error) {
	if t == nil {
		return nil, errors.New("arguments need a struct type, got nil")
	}
	for t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	root := typeName(t)
	// Methods of the caller's types run here, and the library panics on types
	// it does not know.
	defer func() {
		if r := recover(); r != nil {
			raw, err = nil, fmt.Errorf("%s: deriving the schema panicked: %v", root, r)
		}
	}()
	if err := checkRoot(t, root); err != nil {
		return nil, err
	}

	d := &derivation{}
	// ExpandedStruct is left out on purpose: it looks the root up by its bare
	// type name and returns another package's type of the same name.
	reflector := jsonschema.Reflector{Anonymous: true, DoNotReference: true, Mapper: d.schemaOf}
	derived := reflector.ReflectFromType(t)
	derived.Version = ""
	d.restore()
	raw, err = json.Marshal(derived)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", root, err)
	}
	raw = bytes.ReplaceAll(raw, []byte(`{"$comment":"`+anyMarker+`"}`), []byte(`{}`))
	if _, err := Compile(raw); err != nil {
		return nil, fmt.Errorf("%s: the derived schema is not usable: %w", root, err)
	}
	return raw, nil
}

// derivation tells invopop/jsonschema the types it gets wrong, and keeps what
// it overwrites.
type derivation struct {
	described []described
	empty     []*jsonschema.Schema
}

// described is a schema whose own description is lost when a field uses it
// without giving a description.
type described struct {
	schema      *jsonschema.Schema
	description string
}

// schemaOf returns the schema of a type, or nil to leave it to the library.
func (d *derivation) schemaOf(t reflect.Type) *jsonschema.Schema {
	if custom := customSchema(t); custom != nil {
		own := private(custom)
		d.described = append(d.described, described{own, own.Description})
		return own
	}
	switch kind := kindOf(t); {
	case kind == anyKind:
		own := &jsonschema.Schema{}
		d.empty = append(d.empty, own)
		return own
	case t == numberType:
		return &jsonschema.Schema{Type: "number"}
	case t == bigIntType:
		return &jsonschema.Schema{Type: "integer"}
	case t != timeType && encodesAsText(t):
		return &jsonschema.Schema{Type: "string"}
	case isUnsigned(t):
		return &jsonschema.Schema{Type: "integer", Minimum: "0"}
	case t.Kind() == reflect.Map && (isInteger(t.Key()) || isUnsigned(t.Key())):
		return d.integerKeyed(t)
	}
	return nil
}

// integerKeyed describes maps whose keys are integers: the library knows no
// unsigned and no negative ones, nor integers that encode themselves as text.
func (d *derivation) integerKeyed(t reflect.Type) *jsonschema.Schema {
	reflector := jsonschema.Reflector{Anonymous: true, DoNotReference: true, Mapper: d.schemaOf}
	value := reflector.ReflectFromType(t.Elem())
	value.Version = ""
	if kindOf(t.Elem()) == anyKind {
		d.empty = append(d.empty, value)
	}
	switch {
	case encodesAsText(t.Key()):
		return &jsonschema.Schema{Type: "object", AdditionalProperties: value}
	case isUnsigned(t.Key()):
		return patternKeyed("^[0-9]+$", value)
	default:
		return patternKeyed("^-?[0-9]+$", value)
	}
}

func patternKeyed(pattern string, value *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{
		Type:                 "object",
		PatternProperties:    map[string]*jsonschema.Schema{pattern: value},
		AdditionalProperties: jsonschema.FalseSchema,
	}
}

// restore puts back the descriptions that field tags erased, and marks the
// schemas that are still empty.
func (d *derivation) restore() {
	for _, own := range d.described {
		if own.schema.Description == "" {
			own.schema.Description = own.description
		}
	}
	for _, own := range d.empty {
		if reflect.DeepEqual(own, &jsonschema.Schema{}) {
			own.Comments = anyMarker
		}
	}
}

// private copies a schema as deep as field tags reach, because the caller's
// JSONSchema method may return the same value each time.
func private(s *jsonschema.Schema) *jsonschema.Schema {
	own := *s
	own.Version = ""
	own.Enum = slices.Clone(s.Enum)
	own.Examples = slices.Clone(s.Examples)
	own.OneOf = slices.Clone(s.OneOf)
	own.AnyOf = slices.Clone(s.AnyOf)
	if s.Items != nil {
		own.Items = private(s.Items)
	}
	if s.Extras != nil {
		own.Extras = make(map[string]any, len(s.Extras))
		for key, value := range s.Extras {
			own.Extras[key] = value
		}
	}
	return &own
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	rawType      = reflect.TypeFor[json.RawMessage]()
	numberType   = reflect.TypeFor[json.Number]()
	bigIntType   = reflect.TypeFor[big.Int]()
)
