package arguments

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/frontdesk-go/frontdesk/internal/schema"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxSteps bounds the work of one coercion. Beyond it nothing is coerced,
// rather than a part that depends on the bound.
const maxSteps = 50_000

// coercion converts one document along a schema.
type coercion struct {
	validator *schema.Validator
	fractions bool // look for integers written with a fraction
	budget    int
	notes     []string
}

func (c *coercion) note(path, change string) {
	if path == "" {
		path = "arguments"
	}
	c.notes = append(c.notes, path+": "+change)
}

func (c *coercion) accepts(s *jsonschema.Schema, v value) bool {
	return c.validator.Accepts(s, v.plain())
}

// at returns v as schema s wants it, or as near to it as can be had without
// losing anything.
func (c *coercion) at(s *jsonschema.Schema, v value, path string) value {
	return c.follow(s, v, path, true)
}

// follow is at; with wrap false the value itself is not made an array of one.
func (c *coercion) follow(s *jsonschema.Schema, v value, path string, wrap bool) value {
	if c.budget--; c.budget < 0 || s.Bool != nil {
		return v
	}
	accepted := c.accepts(s, v)
	if accepted && !c.fractions {
		return v
	}
	all := conjunction(s)
	want := wanted(all)
	if accepted {
		v = c.integer(want, v, path)
	} else if v = c.convert(s, all, want, v, path, wrap); c.accepts(s, v) && !c.fractions {
		return v
	}
	switch v.kind {
	case objectKind:
		v = c.object(all, v, path)
	case arrayKind:
		v = c.array(all, v, path)
	}
	for _, one := range all {
		for _, branches := range [][]*jsonschema.Schema{one.AnyOf, one.OneOf} {
			if len(branches) > 0 {
				v = c.choose(branches, v, path, wrap)
			}
		}
	}
	return v
}

// conjunction lists the schemas that a value must satisfy all at once: s, what
// it refers to and its allOf.
func conjunction(s *jsonschema.Schema) []*jsonschema.Schema {
	list := []*jsonschema.Schema{s}
	for i := 0; i < len(list); i++ {
		for _, one := range append([]*jsonschema.Schema{list[i].Ref}, list[i].AllOf...) {
			if one != nil && !slices.Contains(list, one) {
				list = append(list, one)
			}
		}
	}
	return list
}

// types is a set of JSON types; a number is an integer or a fraction.
type types uint8

const (
	nulls types = 1 << iota
	booleans
	integers
	fractions
	texts
	arrays
	objects

	anything = nulls | booleans | integers | fractions | texts | arrays | objects
)

// wanted intersects the types that the schemas name.
func wanted(all []*jsonschema.Schema) types {
	want := anything
	for _, s := range all {
		switch {
		case s.Types != nil:
			want &= typesNamed(s.Types.ToStrings())
		case s.Enum != nil:
			want &= typesOf(s.Enum.Values)
		case s.Const != nil:
			want &= typesOf([]any{*s.Const})
		}
	}
	return want
}

func typesNamed(names []string) types {
	var set types
	for _, name := range names {
		switch name {
		case "null":
			set |= nulls
		case "boolean":
			set |= booleans
		case "integer":
			set |= integers
		case "number":
			set |= integers | fractions
		case "string":
			set |= texts
		case "array":
			set |= arrays
		case "object":
			set |= objects
		}
	}
	return set
}

func typesOf(values []any) types {
	var set types
	for _, one := range values {
		switch one.(type) {
		case nil:
			set |= nulls
		case bool:
			set |= booleans
		case string:
			set |= texts
		case []any:
			set |= arrays
		case map[string]any:
			set |= objects
		default:
			set |= integers | fractions
		}
	}
	return set
}

// takes reports whether the set has the type of v.
func (set types) takes(v value) bool {
	if v.kind == numberKind {
		if set&fractions != 0 {
			return true
		}
		_, whole := wholeNumber(v.raw)
		return whole && set&integers != 0
	}
	return set&[...]types{nullKind: nulls, booleanKind: booleans, stringKind: texts, arrayKind: arrays, objectKind: objects}[v.kind] != 0
}

// convert changes the type of a value that its schema does not accept.
func (c *coercion) convert(s *jsonschema.Schema, all []*jsonschema.Schema, want types, v value, path string, wrap bool) value {
	switch {
	case v.kind == stringKind && want&texts != 0:
		return c.spelling(all, v, path)
	case v.kind == stringKind:
		if d, ok := decoded(v.text); ok && want.takes(d.root) {
			c.fractions = c.fractions || d.fractions
			c.note(path, "string to "+want.nameOf(d.root))
			return c.integer(want, d.root, path)
		}
	case v.kind == numberKind && want&(integers|fractions) != 0:
		if want.takes(v) || want&texts == 0 {
			return c.integer(want, v, path)
		}
		fallthrough
	case v.kind == numberKind && want&texts != 0:
		c.note(path, "number to string")
		return c.spelling(all, newString(v.raw), path)
	}
	if !wrap || want&arrays == 0 || want.takes(v) || v.kind == nullKind {
		return v
	}
	if v.kind == stringKind && strings.TrimSpace(v.text) == "" {
		return v
	}
	return c.wrap(s, v, path)
}

// nameOf is how a note calls the type of v.
func (set types) nameOf(v value) string {
	if v.kind == numberKind && set&fractions == 0 {
		return "integer"
	}
	return v.kind.String()
}

// wrap makes an array of one where that satisfies the schema.
func (c *coercion) wrap(s *jsonschema.Schema, v value, path string) value {
	notes := len(c.notes)
	c.note(path, v.kind.String()+" to array of one")
	wrapped := c.at(s, value{kind: arrayKind, items: []value{v}}, path)
	if c.accepts(s, wrapped) {
		return wrapped
	}
	c.notes = c.notes[:notes]
	return v
}

// spelling corrects the case of an enum's value where just one differs from
// the text in nothing else.
func (c *coercion) spelling(all []*jsonschema.Schema, v value, path string) value {
	for _, s := range all {
		var allowed []any
		if s.Enum != nil {
			allowed = s.Enum.Values
		} else if s.Const != nil {
			allowed = []any{*s.Const}
		}
		var matches []string
		for _, one := range allowed {
			if one, ok := one.(string); ok && strings.EqualFold(one, strings.TrimSpace(v.text)) {
				matches = append(matches, one)
			}
		}
		if len(matches) == 1 && matches[0] != v.text {
			c.note(path, "spelling of the allowed value")
			return newString(matches[0])
		}
	}
	return v
}

// integer writes a whole number without fraction or exponent where only
// integers are wanted: validators take 5.0 for an integer, decoders do not.
func (c *coercion) integer(want types, v value, path string) value {
	if v.kind != numberKind || want&integers == 0 || want&fractions != 0 {
		return v
	}
	whole, ok := wholeNumber(v.raw)
	if !ok || whole == v.raw {
		return v
	}
	c.note(path, "number to integer")
	return value{kind: numberKind, raw: whole}
}

// wholeNumber writes a JSON number as an integer if it is one. Numbers of more
// digits than any integer type holds stay as they are.
func wholeNumber(raw string) (string, bool) {
	if !strings.ContainsAny(raw, ".eE") {
		return raw, true
	}
	const digits, exponent = 40, 40
	mantissa, power, _ := strings.Cut(strings.ToLower(raw), "e")
	if len(mantissa) > digits {
		return "", false
	}
	if power != "" {
		if n, err := strconv.Atoi(power); err != nil || n > exponent || n < -exponent {
			return "", false
		}
	}
	number, ok := new(big.Rat).SetString(raw)
	if !ok || !number.IsInt() {
		return "", false
	}
	return number.Num().String(), true
}

// decoded reads text as a JSON value; Python's literals and syntax count too,
// but nothing that would have to be closed.
func decoded(text string) (document, bool) {
	text = strings.TrimSpace(text)
	if d, err := parse(text); err == nil {
		return d, true
	}
	switch text {
	case "True", "TRUE":
		return document{root: value{kind: booleanKind, raw: "true"}}, true
	case "False", "FALSE":
		return document{root: value{kind: booleanKind, raw: "false"}}, true
	case "None":
		return document{root: null}, true
	}
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return document{}, false
	}
	repaired, err := repair(text, false)
	if err != nil {
		return document{}, false
	}
	d, err := parse(repaired)
	return d, err == nil
}

// object coerces the properties of an object and drops those it must not have.
func (c *coercion) object(all []*jsonschema.Schema, v value, path string) value {
	kept := make([]member, 0, len(v.members))
	for _, m := range v.members {
		at := schema.Key(path, m.name)
		schemas, forbidden := memberSchemas(all, m.name)
		if forbidden {
			c.note(at, "unknown property dropped")
			continue
		}
		optional := !isRequired(all, m.name)
		if optional && isNull(m.value) && !c.acceptsAll(schemas, m.value) {
			if m.value.kind == nullKind || !c.nullable(schemas) {
				c.note(at, "null for an optional property dropped")
				continue
			}
		}
		for _, s := range schemas {
			m.value = c.at(s, m.value, at)
		}
		kept = append(kept, m)
	}
	v.members = kept
	return v
}

// isNull reports a null, also one written as text.
func isNull(v value) bool {
	return v.kind == nullKind || v.kind == stringKind && (v.text == "null" || v.text == "None")
}

func (c *coercion) nullable(schemas []*jsonschema.Schema) bool {
	return c.acceptsAll(schemas, null)
}

func (c *coercion) acceptsAll(schemas []*jsonschema.Schema, v value) bool {
	for _, s := range schemas {
		if !c.accepts(s, v) {
			return false
		}
	}
	return true
}

// memberSchemas lists the schemas of a property, and whether it is forbidden:
// none of the schemas knows it and one of them allows no others.
func memberSchemas(all []*jsonschema.Schema, name string) (list []*jsonschema.Schema, forbidden bool) {
	closed, known := false, false
	for _, s := range all {
		declared := false
		if one := s.Properties[name]; one != nil {
			list, declared = append(list, one), true
		}
		for pattern, one := range s.PatternProperties {
			if pattern.MatchString(name) {
				list, declared = append(list, one), true
			}
		}
		known = known || declared
		switch additional := s.AdditionalProperties.(type) {
		case bool:
			closed = closed || !additional && !declared
		case *jsonschema.Schema:
			if !declared {
				list = append(list, additional)
			}
		}
	}
	slices.SortFunc(list, func(a, b *jsonschema.Schema) int { return strings.Compare(a.Location, b.Location) })
	return list, closed && !known
}

func isRequired(all []*jsonschema.Schema, name string) bool {
	return slices.ContainsFunc(all, func(s *jsonschema.Schema) bool { return slices.Contains(s.Required, name) })
}

func (c *coercion) array(all []*jsonschema.Schema, v value, path string) value {
	v.items = slices.Clone(v.items)
	for i := range v.items {
		for _, s := range all {
			if one := itemSchema(s, i); one != nil {
				v.items[i] = c.at(one, v.items[i], schema.Index(path, i))
			}
		}
	}
	return v
}

// itemSchema is the schema of an array's item in any draft, or nil.
func itemSchema(s *jsonschema.Schema, i int) *jsonschema.Schema {
	if i < len(s.PrefixItems) {
		return s.PrefixItems[i]
	}
	if s.Items2020 != nil {
		return s.Items2020
	}
	switch items := s.Items.(type) {
	case *jsonschema.Schema:
		return items
	case []*jsonschema.Schema:
		if i < len(items) {
			return items[i]
		}
		rest, _ := s.AdditionalItems.(*jsonschema.Schema)
		return rest
	}
	return nil
}

// choose follows the one branch of an anyOf or oneOf that is possible: the one
// that accepts the value once it is coerced, or, where none does, the only one
// for values of this type. With more than one the value stays as it is.
func (c *coercion) choose(branches []*jsonschema.Schema, v value, path string, wrap bool) value {
	for _, branch := range branches {
		if c.accepts(branch, v) {
			return c.follow(branch, v, path, wrap)
		}
		// An object that is meant for one branch is no item of another's array.
		wrap = wrap && !wanted(conjunction(branch)).takes(v)
	}
	type attempt struct {
		result value
		text   string
		notes  []string
	}
	var fitting, near []attempt
	notes := c.notes
	for _, branch := range branches {
		c.notes = nil
		result := c.follow(branch, v, path, wrap)
		one := attempt{result, string(result.appendTo(nil)), c.notes}
		switch {
		case c.accepts(branch, result):
			if !slices.ContainsFunc(fitting, func(a attempt) bool { return a.text == one.text }) {
				fitting = append(fitting, one)
			}
		case wanted(conjunction(branch)).takes(v):
			near = append(near, one)
		}
	}
	c.notes = notes
	if len(fitting) == 0 {
		fitting = near
	}
	if len(fitting) != 1 {
		return v
	}
	c.notes = append(c.notes, fitting[0].notes...)
	return fitting[0].result
}
