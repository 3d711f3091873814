package schema

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode"
)

// maxFields bounds how many values an inlined schema may describe. A type that
// doubles at every level would otherwise exhaust the memory.
const maxFields = 5000

// check walks a type before its schema is derived and refuses what the schema
// could not express or encoding/json would read differently.
type check struct {
	open   map[reflect.Type]bool // the named types being walked
	fields int
}

func checkRoot(t reflect.Type, root string) error {
	c := &check{open: map[reflect.Type]bool{}}
	if t.Kind() != reflect.Struct {
		if describesItself(t) {
			return nil
		}
		return fmt.Errorf("%s: arguments need a struct with named fields, got %s: "+
			"wrap it in a struct, or use a raw tool with a schema of its own", root, t)
	}
	if !describesItself(t) && (t == timeType || encodesAsText(t)) {
		return fmt.Errorf("%s: arguments need a struct with named fields, "+
			"but this type is decoded from text: wrap it in a struct", root)
	}
	return c.value(t, root)
}

// value checks one type at a path of Go field names.
func (c *check) value(t reflect.Type, path string) error {
	if c.fields++; c.fields > maxFields {
		return fmt.Errorf("%s: the schema would describe more than %d values: use fewer or flatter types", path, maxFields)
	}
	if t.Name() != "" {
		if c.open[t] {
			return fmt.Errorf("%s: recursive type %s: a tool's arguments cannot refer to themselves: "+
				"use a flat list with ids, or a raw tool", path, typeName(t))
		}
		c.open[t] = true
		defer delete(c.open, t)
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return c.value(t.Elem(), path)
	case t.Implements(aliasedType) && t.Kind() != reflect.Interface:
		alias := reflect.TypeOf(reflect.New(t).Interface().(aliased).JSONSchemaAlias())
		if alias == nil {
			return fmt.Errorf("%s: JSONSchemaAlias of %s returns nil: return a value of the type to show", path, typeName(t))
		}
		return c.value(alias, path)
	case describesItself(t):
		if customSchema(t) == nil {
			return fmt.Errorf("%s: JSONSchema of %s returns nil: return its schema", path, typeName(t))
		}
		return checkPromoted(t, path)
	case t == durationType:
		return fmt.Errorf("%s: time.Duration is decoded from a number of nanoseconds, which models get wrong: "+
			`use a string such as "1h30m" or a number of seconds`, path)
	case t == urlType:
		return fmt.Errorf("%s: url.URL cannot be decoded from JSON: use a string with format=uri", path)
	case isLeaf(t):
		return nil
	case decodesItself(t) && (t.Kind() != reflect.Struct || !hasExported(t)):
		return fmt.Errorf("%s: %s decodes itself, so its schema is unknown: give it a JSONSchema method", path, typeName(t))
	}
	switch t.Kind() {
	case reflect.Struct:
		return c.fieldsOf(t, path, map[string]string{})
	case reflect.Slice, reflect.Array:
		return c.value(t.Elem(), path)
	case reflect.Map:
		if key := t.Key(); key.Kind() != reflect.String && !isInteger(key) && !isUnsigned(key) && !encodesAsText(key) {
			return fmt.Errorf("%s: map keys of type %s cannot be property names: "+
				"use strings, integers or a type that encodes itself as text", path, key)
		}
		return c.value(t.Elem(), path)
	case reflect.Interface:
		return fmt.Errorf("%s: interface type %s has no schema: use a concrete type, or any", path, t)
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer, reflect.Uintptr:
		return fmt.Errorf("%s: type %s cannot be sent as JSON: leave the field out with `json:\"-\"`", path, t)
	}
	return nil
}

// checkPromoted refuses a struct that has its JSONSchema method only from an
// embedded field: the schema would leave out all its other fields.
func checkPromoted(t reflect.Type, path string) error {
	if t.Kind() != reflect.Struct || t.NumField() < 2 {
		return nil
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && describesItself(f.Type) && reflect.DeepEqual(customSchema(t), customSchema(f.Type)) {
			return fmt.Errorf("%s: %s takes the JSONSchema method of the embedded %s, which hides its other fields: "+
				"name the field, or give %s a method of its own", path, typeName(t), f.Name, typeName(t))
		}
	}
	return nil
}

// fieldsOf checks a struct's fields. The names seen are shared with embedded
// structs, whose fields are flattened into the same object.
func (c *check) fieldsOf(t reflect.Type, path string, names map[string]string) error {
	for i := range t.NumField() {
		f := t.Field(i)
		at := path + "." + f.Name
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Tag.Get("json") == "-" {
			continue
		}
		if first, _, _ := strings.Cut(f.Tag.Get("jsonschema"), ","); first == "-" {
			continue
		}
		if f.Anonymous && name == "" {
			flattened, err := c.embedded(f, at, names)
			if err != nil {
				return err
			}
			if flattened {
				continue
			}
		} else if !f.IsExported() {
			continue
		}
		if err := checkName(name, options); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if name == "" {
			name = f.Name
		}
		if first, taken := names[name]; taken {
			return fmt.Errorf("%s: the JSON name %q is already used by %s: rename one of them", at, name, first)
		}
		names[name] = at
		shown, err := shownType(t, f, name)
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if err := c.value(shown, at); err != nil {
			return err
		}
		if err := checkTag(f, shown); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	return nil
}

// embedded checks an embedded field without a name of its own and reports
// whether its fields were flattened into the outer object.
func (c *check) embedded(f reflect.StructField, at string, names map[string]string) (bool, error) {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		if f.IsExported() {
			return false, nil
		}
		return false, fmt.Errorf("%s: encoding/json ignores an embedded unexported %s: name the field", at, t.Kind())
	}
	if f.Type.Kind() == reflect.Pointer && !f.IsExported() {
		return false, fmt.Errorf("%s: encoding/json cannot set an embedded pointer to an unexported struct: embed the struct itself", at)
	}
	if c.open[t] {
		return false, fmt.Errorf("%s: recursive type %s: a tool's arguments cannot refer to themselves", at, typeName(t))
	}
	c.open[t] = true
	defer delete(c.open, t)
	if c.fields++; c.fields > maxFields {
		return false, fmt.Errorf("%s: the schema would describe more than %d values", at, maxFields)
	}
	return true, c.fieldsOf(t, at, names)
}

// shownType is the type whose schema a field shows: its own, or the one that
// the struct's JSONSchemaProperty method names.
func shownType(owner reflect.Type, f reflect.StructField, name string) (reflect.Type, error) {
	if !owner.Implements(propertyAliasedType) {
		return f.Type, nil
	}
	alias := reflect.New(owner).Interface().(propertyAliased).JSONSchemaProperty(name)
	if alias == nil {
		return f.Type, nil
	}
	return reflect.TypeOf(alias), nil
}

// checkName refuses the JSON names on which encoding/json and the schema
// disagree: encoding/json falls back to the Go name without a word.
func checkName(name, options string) error {
	switch {
	case name == "-":
		return errors.New(`the JSON name "-" is left out of the schema: choose another name`)
	case name != "" && strings.TrimSpace(name) == "":
		return errors.New("the JSON name is blank: name the field")
	case strings.ContainsFunc(name, isUnusable):
		return fmt.Errorf("encoding/json does not accept the JSON name %q: use letters, digits and underscores", name)
	}
	for option := range strings.SplitSeq(options, ",") {
		if option == "inline" {
			return errors.New("encoding/json knows no inline option: embed the struct instead")
		}
	}
	return nil
}

// isUnusable reports the characters for which encoding/json ignores a name.
func isUnusable(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r)
}

func hasExported(t reflect.Type) bool {
	for i := range t.NumField() {
		if t.Field(i).IsExported() {
			return true
		}
	}
	return false
}
