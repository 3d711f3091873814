// Package arguments turns the text a model produced as a tool call's arguments
// into one compact JSON object, ready to be validated.
//
// Text that is valid JSON and satisfies the schema passes through untouched.
// Everything else goes, in this order and only as far as needed, through one
// repair of its syntax and through a coercion along the schema that never
// loses information. What cannot be read is an error, never an empty object.
package arguments

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk/internal/schema"
)

// ErrMalformed is returned, wrapped with the place and the cause, for text
// that is not one JSON object and cannot be repaired into one without
// guessing. Tell the model to send the arguments again; never run the call.
var ErrMalformed = errors.New("malformed arguments")

// maxNotes bounds the notes on one call.
const maxNotes = 32

// maxUnwraps is how often whole arguments may be encoded as a JSON string
// within a JSON string.
const maxUnwraps = 3

// Arguments are the arguments of one call.
type Arguments struct {
	JSON     json.RawMessage // always one compact JSON object without repeated keys
	Valid    bool            // JSON satisfies the schema: validating it again finds nothing
	Repaired bool            // the text was not JSON and its syntax was repaired
	Notes    []string        // what was changed, without any value: "qty: string to integer"
}

// Coercer reads the arguments of one tool. It is safe for concurrent use.
type Coercer struct {
	validator *schema.Validator
}

// Compile prepares a tool's JSON Schema for reading many calls. It returns the
// errors of schema.Compile.
func Compile(raw json.RawMessage) (*Coercer, error) {
	validator, err := schema.Compile(raw)
	if err != nil {
		return nil, err
	}
	return New(validator), nil
}

// New reads arguments along a schema that is compiled already. With a nil
// validator only the syntax is read and repaired.
func New(validator *schema.Validator) *Coercer {
	return &Coercer{validator}
}

// Parse reads one call's arguments along a schema; see Coercer.Parse. Without
// a schema only the syntax is read. For a tool that is called more than once,
// Compile its schema.
func Parse(text string, raw json.RawMessage, complete bool) (Arguments, error) {
	if len(raw) == 0 {
		return New(nil).Parse(text, complete)
	}
	coercer, err := Compile(raw)
	if err != nil {
		return Arguments{}, err
	}
	return coercer.Parse(text, complete)
}

// Parse reads the text of one call. Blank text and null are the empty object.
// Text that is not JSON is repaired once: code fences and prose around it,
// trailing commas, single quotes, Python's True, False and None, bare keys,
// control characters in strings, superfluous closing brackets. Missing closing
// brackets are added only if complete says that the model ended its answer by
// itself, and a string is never closed. Arguments that were encoded as a JSON
// string are unwrapped. Of a key given twice the last value is kept.
//
// Then values that do not satisfy the schema are converted where that loses
// nothing: "42" to 42, "true" to true, 5.0 to 5 where an integer is wanted, a
// number to a string with its exact text, JSON text to the object or array
// wanted, a single value to an array of one, the spelling of an enum's value
// that differs in case only. A null for an optional property is dropped, and so
// are unknown properties where the schema allows none. A value that satisfies
// its schema is never changed, except for writing 5.0 as 5. Arguments too large
// to be coerced within a bounded number of steps stay as they are.
//
// The error is ErrMalformed.
func (c *Coercer) Parse(text string, complete bool) (Arguments, error) {
	document, arguments, err := read(text, complete)
	if err != nil {
		return Arguments{}, err
	}
	changed := document.rewrite
	if c.validator != nil {
		changed = c.fit(&document, &arguments) || changed
	}
	if more := len(arguments.Notes) - maxNotes; more > 0 {
		arguments.Notes = append(arguments.Notes[:maxNotes], fmt.Sprintf("… and %d more", more))
	}
	if changed {
		arguments.JSON = document.root.appendTo(make([]byte, 0, len(text)))
	} else {
		arguments.JSON = json.RawMessage(document.source)
	}
	return arguments, nil
}

// fit coerces the document along the schema and reports whether it changed.
func (c *Coercer) fit(document *document, arguments *Arguments) bool {
	root, plain := c.validator.Root(), document.root.plain()
	arguments.Valid = c.validator.Accepts(root, plain)
	if arguments.Valid && !document.fractions || !c.validator.Sound(plain) {
		return false
	}
	coercion := &coercion{validator: c.validator, fractions: document.fractions, budget: maxSteps}
	before := string(document.root.appendTo(nil))
	coerced := coercion.at(root, document.root, "")
	if coercion.budget < 0 || coerced.kind != objectKind || string(coerced.appendTo(nil)) == before {
		return false
	}
	document.root = coerced
	arguments.Notes = append(arguments.Notes, coercion.notes...)
	arguments.Valid = arguments.Valid || c.validator.Accepts(root, coerced.plain())
	return true
}

// read parses the text, repairing and unwrapping it as needed.
func read(text string, complete bool) (document, Arguments, error) {
	var arguments Arguments
	for range maxUnwraps + 1 {
		if blank := strings.TrimSpace(text); blank == "" || blank == "null" {
			document, err := parse("{}")
			return document, arguments, err
		}
		document, err := parse(text)
		if err != nil {
			repaired, repairErr := repair(text, complete)
			if repairErr != nil {
				return document, Arguments{}, fmt.Errorf("%w: %w", ErrMalformed, repairErr)
			}
			if document, err = parse(repaired); err != nil {
				return document, Arguments{}, fmt.Errorf("%w: %w", ErrMalformed, err)
			}
			arguments.Repaired = true
			arguments.Notes = append(arguments.Notes, "arguments: JSON syntax repaired")
			document.rewrite = true
		}
		switch document.root.kind {
		case objectKind:
			arguments.Notes = append(arguments.Notes, document.repeated...)
			return document, arguments, nil
		case stringKind:
			text = document.root.text
			arguments.Notes = append(arguments.Notes, "arguments: unwrapped from a string")
		default:
			return document, Arguments{}, fmt.Errorf("%w: want a JSON object, got %s", ErrMalformed, document.root.kind)
		}
	}
	return document{}, Arguments{}, fmt.Errorf("%w: encoded as a string more than %d times", ErrMalformed, maxUnwraps)
}

// validText replaces what is not UTF-8, which no JSON may contain.
func validText(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
