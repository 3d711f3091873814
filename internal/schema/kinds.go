package schema

import (
	"encoding"
	"encoding/json"
	"net/url"
	"reflect"

	"github.com/invopop/jsonschema"
)

// The JSON types a Go type is decoded from, as far as tags care.
const (
	anyKind     = "any"
	arrayKind   = "array"
	booleanKind = "boolean"
	integerKind = "integer"
	numberKind  = "number"
	objectKind  = "object"
	stringKind  = "string"
)

type selfDescribing interface{ JSONSchema() *jsonschema.Schema }
type aliased interface{ JSONSchemaAlias() any }
type propertyAliased interface{ JSONSchemaProperty(string) any }

var (
	selfDescribingType  = reflect.TypeFor[selfDescribing]()
	aliasedType         = reflect.TypeFor[aliased]()
	propertyAliasedType = reflect.TypeFor[propertyAliased]()
	textMarshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
	jsonUnmarshalerType = reflect.TypeFor[json.Unmarshaler]()
	urlType             = reflect.TypeFor[url.URL]()
)

// customSchema returns what the type says of itself, or nil. Unlike
// invopop/jsonschema it also finds methods on the pointer.
func customSchema(t reflect.Type) *jsonschema.Schema {
	if t.Kind() == reflect.Interface || !reflect.PointerTo(t).Implements(selfDescribingType) {
		return nil
	}
	return reflect.New(t).Interface().(selfDescribing).JSONSchema()
}

// describesItself reports whether the type has a JSONSchema method.
func describesItself(t reflect.Type) bool {
	return t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(selfDescribingType)
}

// encodesAsText reports whether encoding/json reads the type from a string by
// its text methods.
func encodesAsText(t reflect.Type) bool {
	if t.Kind() == reflect.Interface || t == bigIntType {
		return false
	}
	pointer := reflect.PointerTo(t)
	return pointer.Implements(textUnmarshalerType) || pointer.Implements(textMarshalerType)
}

// decodesItself reports whether the type has its own UnmarshalJSON.
func decodesItself(t reflect.Type) bool {
	return t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(jsonUnmarshalerType)
}

// isLeaf reports whether a type's schema does not depend on its parts.
func isLeaf(t reflect.Type) bool {
	return describesItself(t) || kindOf(t) == anyKind || encodesAsText(t) ||
		t == timeType || t == numberType || t == bigIntType
}

func isInteger(t reflect.Type) bool {
	return t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64
}

func isUnsigned(t reflect.Type) bool {
	return t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64
}

// kindOf returns the JSON type that the schema of t shows, "" when the schema
// shows none.
func kindOf(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case describesItself(t):
		if custom := customSchema(t); custom != nil {
			return custom.Type
		}
		return ""
	case t == rawType || t.Kind() == reflect.Interface && t.NumMethod() == 0:
		return anyKind
	case t == numberType:
		return numberKind
	case t == bigIntType:
		return integerKind
	case t == timeType || encodesAsText(t):
		return stringKind
	}
	switch t.Kind() {
	case reflect.Bool:
		return booleanKind
	case reflect.Float32, reflect.Float64:
		return numberKind
	case reflect.String:
		return stringKind
	case reflect.Slice:
		if t.Elem() == reflect.TypeFor[byte]() {
			return stringKind
		}
		return arrayKind
	case reflect.Array:
		return arrayKind
	case reflect.Map, reflect.Struct:
		return objectKind
	}
	if isInteger(t) || isUnsigned(t) {
		return integerKind
	}
	return ""
}

// typeName is the name a Go programmer knows a type by.
func typeName(t reflect.Type) string {
	if t.Name() != "" {
		return t.Name()
	}
	if t.Kind() == reflect.Struct {
		return "struct"
	}
	return t.String()
}
