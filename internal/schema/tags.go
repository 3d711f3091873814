package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// The keywords of a jsonschema tag, by the JSON type they apply to, as
// invopop/jsonschema reads them. It ignores all others without a word.
var (
	genericKeywords = []string{"title", "description", "type", "anchor",
		"oneof_required", "anyof_required", "oneof_ref", "anyof_ref", "oneof_type", "anyof_type"}
	stringKeywords = []string{"minLength", "maxLength", "pattern", "format", "readOnly", "writeOnly",
		"default", "example", "enum"}
	numericKeywords = []string{"multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
		"default", "example", "enum"}
	arrayKeywords = []string{"minItems", "maxItems", "uniqueItems"}
	flagKeywords  = []string{"required", "nullable"}
	jsonTypes     = []string{"string", "number", "integer", "boolean", "array", "object", "null"}
)

// tagged is a field's type as its tags see it.
type tagged struct {
	kind  string       // the JSON type the schema shows
	exact reflect.Type // bounds the integers it holds; nil when unknown
	item  *tagged      // for arrays
}

// checkTag refuses jsonschema tags that would be ignored, cut or misread.
func checkTag(f reflect.StructField, shown reflect.Type) error {
	tag := f.Tag.Get("jsonschema")
	if tag == "" {
		return nil
	}
	items := splitTag(tag)
	field := describe(shown)
	_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	quoted := slices.Contains(strings.Split(options, ","), "string")
	if quoted && slices.Contains([]string{integerKind, numberKind, booleanKind}, field.kind) {
		field = tagged{kind: stringKind}
	}
	for _, item := range items {
		switch key, value, _ := strings.Cut(item, "="); key {
		case "type":
			field = tagged{kind: value, item: field.item}
		case "oneof_type", "anyof_type":
			field = tagged{}
		}
	}
	text := "" // the last free text, which a comma may have cut
	for _, item := range items {
		if item == "" || slices.Contains(flagKeywords, item) {
			continue
		}
		key, value, found := strings.Cut(item, "=")
		if !isKeyword(key) {
			if text != "" {
				return fmt.Errorf("the jsonschema tag has %q after %q: a comma ends the text: "+
					`write \\, or use the tag jsonschema_description`, item, text)
			}
			return fmt.Errorf("unknown keyword %q in the jsonschema tag", key)
		}
		if !found {
			return fmt.Errorf("%q in the jsonschema tag needs a value: write %s=…", key, key)
		}
		if err := field.check(key, value); err != nil {
			return fmt.Errorf("jsonschema tag %s=%s: %w", key, value, err)
		}
		if slices.Contains([]string{"title", "description", "default", "example", "enum", "pattern"}, key) {
			text = item
		}
	}
	return nil
}

func describe(t reflect.Type) tagged {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	shown := tagged{kind: kindOf(t)}
	switch {
	case describesItself(t):
		if custom := customSchema(t); custom != nil && custom.Items != nil {
			shown.item = &tagged{kind: custom.Items.Type}
		}
	case shown.kind == arrayKind:
		item := describe(t.Elem())
		shown.item = &item
	case isInteger(t) || isUnsigned(t):
		shown.exact = t
	}
	return shown
}

// check reports why a keyword with this value has no effect on the field or
// cannot hold there.
func (f tagged) check(key, value string) error {
	if slices.Contains(genericKeywords, key) {
		return checkGeneric(key, value)
	}
	switch f.kind {
	case stringKind:
		if slices.Contains(stringKeywords, key) {
			return checkText(key, value)
		}
	case integerKind, numberKind:
		if slices.Contains(numericKeywords, key) {
			return f.checkNumber(key, value)
		}
	case booleanKind:
		if key == "default" {
			return oneOf(value, "true", "false")
		}
	case arrayKind:
		return f.checkArray(key, value)
	}
	if f.kind == "" || f.kind == anyKind {
		return errors.New("it has no effect on a field without a JSON type: add type=…, or a JSONSchema method")
	}
	return fmt.Errorf("it does not apply to a field that is %s in JSON", f.kind)
}

func checkGeneric(key, value string) error {
	switch key {
	case "type":
		return oneOf(value, jsonTypes...)
	case "oneof_type", "anyof_type":
		for name := range strings.SplitSeq(value, ";") {
			if err := oneOf(name, jsonTypes...); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkText(key, value string) error {
	switch key {
	case "minLength", "maxLength":
		return count(value)
	case "readOnly", "writeOnly":
		return oneOf(value, "true", "false")
	case "pattern":
		if _, unchecked, err := compilePattern(value); err != nil || unchecked {
			return errors.New("it is not a regular expression that can be checked: use Go's regexp syntax")
		}
	}
	return nil
}

func (f tagged) checkNumber(key, value string) error {
	if strings.Contains(value, "=") || !json.Valid([]byte(value)) {
		return errors.New("it needs a number")
	}
	number, ok := new(big.Rat).SetString(value)
	if !ok || extreme(value) {
		return errors.New("it needs a number")
	}
	if key == "multipleOf" && number.Sign() <= 0 {
		return errors.New("it needs a number above 0")
	}
	if f.kind != integerKind || !slices.Contains([]string{"default", "example", "enum"}, key) {
		return nil
	}
	if !number.IsInt() || !holds(f.exact, number) {
		return errors.New("the field's type cannot hold the value")
	}
	return nil
}

// holds reports whether an integer type can hold the whole number n.
func holds(t reflect.Type, n *big.Rat) bool {
	if t == nil {
		return true
	}
	if isUnsigned(t) {
		return n.Num().IsUint64() && !reflect.Zero(t).OverflowUint(n.Num().Uint64())
	}
	return n.Num().IsInt64() && !reflect.Zero(t).OverflowInt(n.Num().Int64())
}

func (f tagged) checkArray(key, value string) error {
	// The library drops array keywords whose value contains a second "=".
	if strings.Contains(value, "=") {
		return errors.New(`it would be dropped, because its value contains "=": give the items a type of their own`)
	}
	switch key {
	case "minItems", "maxItems":
		return count(value)
	case "uniqueItems":
		return oneOf(value, "true")
	}
	if f.item == nil || f.item.kind == arrayKind {
		return errors.New("it has no effect on these items: give the items a type of their own")
	}
	if key == "default" && f.item.kind != stringKind {
		return errors.New("only lists of strings can have a default here: use a JSONSchema method")
	}
	return f.item.check(key, value)
}

func isKeyword(key string) bool {
	for _, known := range [][]string{genericKeywords, stringKeywords, numericKeywords, arrayKeywords} {
		if slices.Contains(known, key) {
			return true
		}
	}
	return false
}

func count(value string) error {
	if _, err := strconv.ParseUint(value, 10, 31); err != nil {
		return errors.New("it needs a whole number, 0 or more")
	}
	return nil
}

func oneOf(value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("it needs one of %s", strings.Join(allowed, ", "))
}

// splitTag splits at commas that no backslash escapes.
func splitTag(tag string) []string {
	var items []string
	for part := range strings.SplitSeq(tag, ",") {
		if last := len(items) - 1; last >= 0 && strings.HasSuffix(items[last], `\`) {
			items[last] = strings.TrimSuffix(items[last], `\`) + "," + part
			continue
		}
		items = append(items, part)
	}
	return items
}
