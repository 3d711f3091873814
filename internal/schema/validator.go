package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// base is the address a schema is compiled under, so that what it refers to
// outside itself can be told from what it contains. Nothing is ever fetched.
const base = "tool:///schema"

// Limits on a schema and on what is checked against it. They are far above
// what real tools use and keep a hostile schema from exhausting the process.
const (
	// MaxDepth is how deep arguments and schemas may be nested.
	MaxDepth = 128

	maxSchemaBytes  = 1 << 20
	maxSchemaValues = 20_000
)

// Validator checks arguments against one compiled JSON Schema. It is safe for
// concurrent use.
type Validator struct {
	root      *jsonschema.Schema
	schemas   map[string]*jsonschema.Schema // by location
	depth     int                           // how deep arguments may be nested
	unchecked []string
}

// Compile prepares a JSON Schema of draft 4, 6, 7, 2019-09 or 2020-12 for
// checking. Without $schema it is read as the newest of 2020-12, 7 and 4 under
// which it is valid. Formats and base64 contents are asserted; unknown formats
// and keywords are not.
//
// The schema must describe an object. A $ref may point only into the schema
// itself, where it may be recursive: nothing is fetched from network or disk.
// $dynamicRef and $recursiveRef are refused, as are schemas that are too large
// or too deep, or that would take exponential time to check.
func Compile(raw json.RawMessage) (v *Validator, err error) {
	defer func() {
		if r := recover(); r != nil {
			v, err = nil, fmt.Errorf("compiling the schema panicked: %v", r)
		}
	}()
	if len(raw) > maxSchemaBytes {
		return nil, fmt.Errorf("the schema has %d bytes: at most %d are allowed", len(raw), maxSchemaBytes)
	}
	document, err := decode(raw)
	if err != nil {
		return nil, fmt.Errorf("the schema is not valid JSON: %w", err)
	}
	object, ok := document.(map[string]any)
	if !ok {
		return nil, fmt.Errorf(`the schema must be a JSON object such as {"type":"object","properties":{}}, got %s`, typeOf(document))
	}
	if err := checkSize(object); err != nil {
		return nil, err
	}

	drafts := []*jsonschema.Draft{jsonschema.Draft2020}
	if _, named := object["$schema"]; !named {
		drafts = append(drafts, jsonschema.Draft7, jsonschema.Draft4)
	}
	var first error
	for _, draft := range drafts {
		v, err := compileAs(draft, object)
		if err == nil {
			return v, nil
		}
		if first == nil {
			first = err
		}
		if !errors.Is(err, errOtherDraft) {
			break
		}
	}
	return nil, first
}

func compileAs(draft *jsonschema.Draft, document map[string]any) (*Validator, error) {
	v := &Validator{schemas: map[string]*jsonschema.Schema{}}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(draft)
	compiler.AssertFormat()
	compiler.AssertContent()
	// Contents other than base64 are left to the tool: their depth and size
	// are not known here.
	compiler.RegisterContentMediaType(&jsonschema.MediaType{
		Name: "application/json", Validate: func([]byte) error { return nil },
	})
	// The format exists only to recognise a secret.
	compiler.RegisterFormat(&jsonschema.Format{Name: "password", Validate: func(any) error { return nil }})
	compiler.UseLoader(noLoader{})
	compiler.UseRegexpEngine(func(pattern string) (jsonschema.Regexp, error) {
		expression, unchecked, err := compilePattern(pattern)
		if unchecked && !slices.Contains(v.unchecked, pattern) {
			v.unchecked = append(v.unchecked, pattern)
		}
		return expression, err
	})
	if err := compiler.AddResource(base, document); err != nil {
		return nil, fmt.Errorf("invalid schema: %w", err)
	}
	root, err := compiler.Compile(base)
	if err != nil {
		return nil, clarify(err)
	}
	v.root = root
	slices.Sort(v.unchecked)
	if err := v.index(root); err != nil {
		return nil, err
	}
	if !describesObject(root, map[*jsonschema.Schema]bool{}) {
		return nil, errors.New(`the schema must describe an object: arguments always are one (want "type":"object")`)
	}
	if v.depth, err = depthBound(root); err != nil {
		return nil, err
	}
	return v, nil
}

// Unchecked lists the patterns that Go's regular expressions cannot express
// (look-around, back-references, repeats over 1000), in sorted order. They
// stay in the schema for the model but are not asserted.
func (v *Validator) Unchecked() []string { return slices.Clone(v.unchecked) }

// Root is the compiled schema, for walking arguments along it.
func (v *Validator) Root() *jsonschema.Schema { return v.root }

// Sound reports whether a decoded value may be checked at all: it is nested no
// deeper than the schema allows for, and its numbers are within reason. What is
// not sound is never accepted.
func (v *Validator) Sound(value any) bool { return v.sound(value, 0) }

// Accepts reports whether a decoded value (with numbers as json.Number)
// satisfies s, which is Root or a schema below it.
func (v *Validator) Accepts(s *jsonschema.Schema, value any) (ok bool) {
	if !v.sound(value, 0) {
		return false
	}
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return s.Validate(value) == nil
}

// Validate returns everything that is wrong with the arguments, sorted by path
// and then by message, or nil when they satisfy the schema. A key given twice
// counts with its last value, as in encoding/json.
func (v *Validator) Validate(arguments json.RawMessage) (faults []Fault) {
	value, err := decode(arguments)
	if err != nil {
		return []Fault{{Message: "not valid JSON: " + err.Error()}}
	}
	if _, ok := value.(map[string]any); !ok {
		return []Fault{{Message: "must be a JSON object (got " + typeOf(value) + ")"}}
	}
	if !v.sound(value, 0) {
		return v.unsound(value)
	}
	defer func() {
		if recover() != nil {
			faults = []Fault{{Message: "cannot be checked against the tool's schema"}}
		}
	}()
	var invalid *jsonschema.ValidationError
	if !errors.As(v.root.Validate(value), &invalid) {
		return nil
	}
	return v.explain(invalid, value)
}

// sound reports whether a value is safe to check: not nested too deeply, and
// without numbers whose exact value would fill the memory.
func (v *Validator) sound(value any, depth int) bool {
	if depth > v.depth {
		return false
	}
	switch value := value.(type) {
	case json.Number:
		return !extreme(string(value))
	case map[string]any:
		for _, member := range value {
			if !v.sound(member, depth+1) {
				return false
			}
		}
	case []any:
		for _, item := range value {
			if !v.sound(item, depth+1) {
				return false
			}
		}
	}
	return true
}

// unsound returns the faults of a value that is not sound.
func (v *Validator) unsound(document any) []Fault {
	var faults []Fault
	var walk func(value any, tokens []string)
	walk = func(value any, tokens []string) {
		if len(tokens) > v.depth {
			faults = []Fault{{Message: fmt.Sprintf("nested more than %d levels deep", v.depth)}}
			return
		}
		switch value := value.(type) {
		case json.Number:
			if extreme(string(value)) {
				faults = append(faults, faultAt(document, tokens, "number out of range"))
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(value)) {
				walk(value[key], append(tokens, key))
			}
		case []any:
			for i, item := range value {
				walk(item, append(tokens, strconv.Itoa(i)))
			}
		}
	}
	walk(document, nil)
	return faults
}

// extreme reports a number far beyond what a float64 or any identifier holds.
// Its exact value would take time and memory out of proportion to its text.
func extreme(number string) bool {
	const digits, exponent = 400, 400
	mantissa, power, _ := strings.Cut(strings.ToLower(number), "e")
	power = strings.TrimLeft(strings.TrimLeft(power, "+-"), "0")
	if len(mantissa) > digits || len(power) > 3 {
		return true
	}
	value := 0
	for _, digit := range power {
		value = value*10 + int(digit-'0')
	}
	return value > exponent
}

// checkSize walks the raw schema for what would make compiling it expensive.
func checkSize(document any) error {
	values := 0
	var walk func(value any, depth int) error
	walk = func(value any, depth int) error {
		if values++; values > maxSchemaValues {
			return fmt.Errorf("the schema has more than %d values: split the tool", maxSchemaValues)
		}
		if depth > MaxDepth {
			return fmt.Errorf("the schema is nested more than %d levels deep: use $defs and $ref", MaxDepth)
		}
		switch value := value.(type) {
		case json.Number:
			if extreme(value.String()) {
				return errors.New("the schema contains a number out of range")
			}
		case map[string]any:
			for _, member := range value {
				if err := walk(member, depth+1); err != nil {
					return err
				}
			}
		case []any:
			for _, item := range value {
				if err := walk(item, depth+1); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return walk(document, 0)
}

// decode reads one JSON value without losing the digits of its numbers.
func decode(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it is empty")
		}
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the first value")
	}
	return value, nil
}

// noLoader refuses everything outside the schema.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, &outsideError{url}
}

// outsideError tells of a reference that would have to be fetched.
type outsideError struct{ url string }

func (e *outsideError) Error() string {
	return fmt.Sprintf("the schema refers to %q, which is not inside it: "+
		"nothing is fetched, so copy it into $defs", strings.TrimPrefix(e.url, "tool:///"))
}

// errOtherDraft tells that a schema breaks the rules of the draft it was read
// as, so that it may have been written for another one.
var errOtherDraft = errors.New("invalid schema")

// clarify turns the library's errors into ones that fit on a line.
func clarify(err error) error {
	var outside *outsideError
	if errors.As(err, &outside) {
		return outside
	}
	var invalid *jsonschema.SchemaValidationError
	if errors.As(err, &invalid) {
		lines := strings.Split(strings.ReplaceAll(invalid.Err.Error(), base, ""), "\n")
		return fmt.Errorf("%w: %s", errOtherDraft, strings.TrimLeft(lines[len(lines)-1], "- "))
	}
	return fmt.Errorf("invalid schema: %s", strings.ReplaceAll(err.Error(), base, ""))
}

// Scalars returns the names of the properties, at any depth, whose values can be
// text or numbers, or lists of them, in alphabetical order.
func (v *Validator) Scalars() []string {
	var names []string
	for _, s := range v.schemas {
		for name, property := range s.Properties {
			if scalar(property, MaxDepth) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// scalar reports whether a schema allows text, a number, or a list of them.
func scalar(s *jsonschema.Schema, depth int) bool {
	if depth == 0 || s.Bool != nil {
		return true
	}
	if s.Ref != nil {
		return scalar(s.Ref, depth-1)
	}
	if s.Types == nil || s.Types.IsEmpty() {
		return true
	}
	for _, kind := range s.Types.ToStrings() {
		switch kind {
		case "string", "integer", "number":
			return true
		case "array":
			if items, ok := s.Items.(*jsonschema.Schema); ok && items != nil {
				return scalar(items, depth-1)
			}
			return s.Items2020 == nil || scalar(s.Items2020, depth-1)
		}
	}
	return false
}
