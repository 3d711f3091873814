package schema

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// finding is a fault with what is needed to merge the branches of a union.
type finding struct {
	tokens  []string
	message string
	types   []string // the types wanted, when the type is wrong
	values  []any    // the values wanted, when none of them is there
	missing bool     // the property at tokens is missing
	secret  bool
}

// explanation turns the validator's tree of errors into findings.
type explanation struct {
	v        *Validator
	document any
}

func (v *Validator) explain(invalid *jsonschema.ValidationError, document any) []Fault {
	e := &explanation{v, document}
	findings := e.findings(invalid, false)
	slices.SortStableFunc(findings, func(a, b finding) int {
		return cmp.Or(e.comparePaths(a.tokens, b.tokens), strings.Compare(a.message, b.message))
	})
	var faults []Fault
	for _, found := range findings {
		fault := faultAt(document, found.tokens, found.message)
		if !slices.Contains(faults, fault) {
			faults = append(faults, fault)
		}
	}
	if len(faults) == 0 {
		faults = []Fault{{Message: "does not satisfy the tool's schema"}}
	}
	return faults
}

// comparePaths orders names by text and positions by number.
func (e *explanation) comparePaths(a, b []string) int {
	at := e.document
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			if _, ok := at.([]any); ok {
				left, _ := strconv.Atoi(a[i])
				right, _ := strconv.Atoi(b[i])
				return cmp.Compare(left, right)
			}
			return strings.Compare(a[i], b[i])
		}
		at = valueAt(at, a[i:i+1])
	}
	return cmp.Compare(len(a), len(b))
}

func (e *explanation) findings(err *jsonschema.ValidationError, secret bool) []finding {
	tokens := slices.Clone(err.InstanceLocation)
	s := e.v.schemas[err.SchemaURL]
	secret = secret || e.isSecret(tokens, err.SchemaURL)
	value := valueAt(e.document, tokens)
	one := func(format string, arguments ...any) []finding {
		return []finding{{tokens: tokens, message: fmt.Sprintf(format, arguments...), secret: secret}}
	}
	got := func() string {
		if secret {
			return ""
		}
		return " (got " + showGot(value) + ")"
	}
	switch k := err.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		return e.causes(err, secret)
	case *kind.AnyOf:
		return e.alternatives(err, tokens, secret)
	case *kind.OneOf:
		if len(k.Subschemas) == 0 {
			return e.alternatives(err, tokens, secret)
		}
		return one("fits more than one of the allowed forms: give the properties of exactly one")
	case *kind.Type:
		return []finding{wrongType(tokens, value, k.Want, secret)}
	case *kind.Enum:
		return []finding{wrongValue(tokens, value, k.Want, secret)}
	case *kind.Const:
		return []finding{wrongValue(tokens, value, []any{k.Want}, secret)}
	case *kind.Required:
		return e.missing(tokens, s, k.Missing, "")
	case *kind.Dependency:
		return e.missing(tokens, s, k.Missing, " because "+quote(cut(k.Prop, maxShown))+" is given")
	case *kind.DependentRequired:
		return e.missing(tokens, s, k.Missing, " because "+quote(cut(k.Prop, maxShown))+" is given")
	case *kind.AdditionalProperties:
		return e.unknown(tokens, s, k.Properties)
	case *kind.FalseSchema:
		if strings.HasSuffix(err.SchemaURL, "/unevaluatedProperties") {
			return one("unknown property")
		}
		return one("is not allowed here")
	case *kind.Format:
		return one("must be %s%s", formatHint(k.Want), got())
	case *kind.Pattern:
		return one("must match the pattern %s%s%s", k.Want, example(s, ", like "), got())
	case *kind.Minimum:
		return one("must be >= %s%s", showRational(k.Want), got())
	case *kind.Maximum:
		return one("must be <= %s%s", showRational(k.Want), got())
	case *kind.ExclusiveMinimum:
		return one("must be > %s%s", showRational(k.Want), got())
	case *kind.ExclusiveMaximum:
		return one("must be < %s%s", showRational(k.Want), got())
	case *kind.MultipleOf:
		return one("must be a multiple of %s%s", showRational(k.Want), got())
	case *kind.MinLength:
		return one("must have at least %s (got %d)", plural(k.Want, "character"), k.Got)
	case *kind.MaxLength:
		return one("must have at most %s (got %d)", plural(k.Want, "character"), k.Got)
	case *kind.MinItems:
		return one("must have at least %s (got %d)", plural(k.Want, "item"), k.Got)
	case *kind.MaxItems:
		return one("must have at most %s (got %d)", plural(k.Want, "item"), k.Got)
	case *kind.AdditionalItems:
		return one("has %s too many", plural(k.Count, "item"))
	case *kind.UniqueItems:
		return one("items %d and %d are equal: each may be given once", k.Duplicates[0], k.Duplicates[1])
	case *kind.Contains:
		return one("must contain an item of the required form")
	case *kind.MinContains:
		return one("must contain at least %s of the required form (got %d)", plural(k.Want, "item"), len(k.Got))
	case *kind.MaxContains:
		return one("must contain at most %s of the required form (got %d)", plural(k.Want, "item"), len(k.Got))
	case *kind.MinProperties:
		return one("must have at least %s (got %d)", plural(k.Want, "property"), k.Got)
	case *kind.MaxProperties:
		return one("must have at most %s (got %d)", plural(k.Want, "property"), k.Got)
	case *kind.PropertyNames:
		return e.badName(tokens, k.Property)
	case *kind.ContentEncoding:
		return one("must be %s encoded text", k.Want)
	case *kind.Not:
		return one("has a value that is not allowed%s", got())
	}
	return one("does not satisfy the schema")
}

func (e *explanation) causes(err *jsonschema.ValidationError, secret bool) []finding {
	var findings []finding
	for _, cause := range err.Causes {
		findings = append(findings, e.findings(cause, secret)...)
	}
	return findings
}

// alternatives tells the one useful thing about a value that fits no branch of
// a union: the branch that was meant, as far as that can be seen.
func (e *explanation) alternatives(err *jsonschema.ValidationError, at []string, secret bool) []finding {
	var types []string
	var branches [][]finding
	for _, cause := range err.Causes {
		branch := e.findings(cause, secret)
		if len(branch) == 1 && len(branch[0].tokens) == len(at) && branch[0].types != nil {
			types = append(types, branch[0].types...)
			continue
		}
		branches = append(branches, branch)
	}
	if len(branches) == 0 {
		return []finding{wrongType(at, valueAt(e.document, at), types, secret)}
	}
	// Branches whose tag ("type": "card") differs were not meant.
	meant := slices.DeleteFunc(slices.Clone(branches), func(branch []finding) bool {
		return slices.ContainsFunc(branch, func(f finding) bool { return len(f.tokens) == len(at)+1 && f.values != nil })
	})
	if len(meant) > 0 {
		branches = meant
	}
	if len(branches) == 1 {
		return branches[0]
	}
	if merged, ok := e.mergeValues(branches); ok {
		return merged
	}
	if merged, ok := mergeMissing(branches, at); ok {
		return merged
	}
	return slices.MinFunc(branches, func(a, b []finding) int { return cmp.Compare(len(a), len(b)) })
}

// mergeValues joins branches that each want other values at the same place.
func (e *explanation) mergeValues(branches [][]finding) ([]finding, bool) {
	var values []any
	var place []string
	for i, branch := range branches {
		at := slices.IndexFunc(branch, func(f finding) bool { return f.values != nil })
		if at < 0 || i > 0 && !slices.Equal(place, branch[at].tokens) {
			return nil, false
		}
		place = branch[at].tokens
		for _, value := range branch[at].values {
			if !slices.ContainsFunc(values, func(v any) bool { return show(v) == show(value) }) {
				values = append(values, value)
			}
		}
	}
	first := branches[0][slices.IndexFunc(branches[0], func(f finding) bool { return f.values != nil })]
	return []finding{wrongValue(place, valueAt(e.document, place), values, first.secret)}, true
}

// mergeMissing joins branches that only lack properties.
func mergeMissing(branches [][]finding, at []string) ([]finding, bool) {
	var options []string
	for _, branch := range branches {
		var names []string
		for _, found := range branch {
			if !found.missing || len(found.tokens) != len(at)+1 {
				return nil, false
			}
			names = append(names, Key("", found.tokens[len(at)]))
		}
		options = append(options, strings.Join(names, " and "))
	}
	return []finding{{tokens: at, message: "one of these is required: " + strings.Join(options, "; or ")}}, true
}

// showGot writes a value of the model's. Objects and arrays are only named,
// because they may hold a secret.
func showGot(value any) string {
	switch value.(type) {
	case []any, map[string]any:
		return typeOf(value)
	}
	return show(value)
}

func wrongType(tokens []string, value any, want []string, secret bool) finding {
	var types []string
	for _, name := range want {
		if !slices.Contains(types, name) {
			types = append(types, name)
		}
	}
	got := typeOf(value)
	if !secret {
		switch value.(type) {
		case nil, []any, map[string]any:
		default:
			got += " " + show(value)
		}
	}
	return finding{tokens: tokens, types: types, secret: secret,
		message: fmt.Sprintf("must be %s (got %s)", strings.Join(types, " or "), got)}
}

func wrongValue(tokens []string, value any, want []any, secret bool) finding {
	message := "must be one of " + list(want)
	if len(want) == 1 {
		message = "must be " + show(want[0])
	}
	if !secret {
		message += " (got " + showGot(value) + ")"
	}
	return finding{tokens: tokens, values: want, message: message, secret: secret}
}

func (e *explanation) missing(tokens []string, owner *jsonschema.Schema, names []string, because string) []finding {
	var findings []finding
	for _, name := range names {
		findings = append(findings, finding{
			tokens:  append(slices.Clone(tokens), name),
			message: "required" + because + hint(e.property(owner, name)),
			missing: true,
		})
	}
	return findings
}

func (e *explanation) unknown(tokens []string, owner *jsonschema.Schema, names []string) []finding {
	message := "unknown property; none is allowed here"
	if owner != nil && len(owner.Properties) > 0 {
		allowed := slices.Sorted(maps.Keys(owner.Properties))
		if len(allowed) > maxNames {
			allowed = append(allowed[:maxNames], "…")
		}
		message = "unknown property; allowed: " + strings.Join(allowed, ", ")
	}
	var findings []finding
	for _, name := range names {
		findings = append(findings, finding{tokens: append(slices.Clone(tokens), name), message: message})
	}
	return findings
}

// badName reports a property whose name is not allowed. The library's location
// for this one error is shared memory and may have been overwritten, so it is
// used only where the property is really there.
func (e *explanation) badName(tokens []string, name string) []finding {
	members, _ := valueAt(e.document, tokens).(map[string]any)
	if _, ok := members[name]; ok {
		return []finding{{tokens: append(tokens, name), message: "this property name is not allowed"}}
	}
	return []finding{{message: "the property name " + quote(cut(name, maxShown)) + " is not allowed"}}
}

// property finds the schema of a property where its owner, or the schema that
// the owner refines by anyOf, allOf and the like, declares it.
func (e *explanation) property(owner *jsonschema.Schema, name string) *jsonschema.Schema {
	for owner != nil {
		if found := owner.Properties[name]; found != nil {
			return found
		}
		location := owner.Location
		for {
			segment := strings.LastIndexByte(location, '/')
			if segment < 0 {
				return nil
			}
			keyword := location[segment+1:]
			location = location[:segment]
			if _, err := strconv.Atoi(keyword); err == nil {
				continue
			}
			if !slices.Contains([]string{"allOf", "anyOf", "oneOf", "if", "then", "else"}, keyword) {
				return nil
			}
			if owner = e.v.schemas[location]; owner != nil {
				break
			}
		}
	}
	return nil
}

// isSecret reports whether a value must not be shown: its name or that of
// something around it tells so, or the schema does.
func (e *explanation) isSecret(tokens []string, location string) bool {
	if slices.ContainsFunc(tokens, namesSecret) {
		return true
	}
	for location != "" {
		if s := e.v.schemas[location]; s != nil && (s.WriteOnly || s.Format != nil && s.Format.Name == "password") {
			return true
		}
		location = location[:max(strings.LastIndexByte(location, '/'), 0)]
	}
	return false
}

// hint tells what to put into a missing property, as briefly as the schema
// allows: `, string, like "#W123"`.
func hint(s *jsonschema.Schema) string {
	text, described := "", ""
	for depth := 0; s != nil && depth < 8; depth++ {
		if described == "" {
			described = cmp.Or(s.Description, s.Title)
		}
		if text == "" && s.Types != nil {
			text = ", " + strings.Join(s.Types.ToStrings(), " or ")
		}
		switch {
		case len(s.Examples) > 0:
			return text + example(s, ", like ")
		case s.Enum != nil:
			return text + ", one of " + list(s.Enum.Values)
		case s.Const != nil:
			return text + ", " + show(*s.Const)
		case s.Pattern != nil:
			text += ", matching " + s.Pattern.String()
		case s.Format != nil && s.Format.Name != "password":
			text += ", " + formatHint(s.Format.Name)
		}
		s = refined(s)
	}
	if described != "" {
		text += ": " + cut(strings.Join(strings.Fields(described), " "), maxHintRunes)
	}
	return text
}

// refined is the schema that s only points to or makes nullable.
func refined(s *jsonschema.Schema) *jsonschema.Schema {
	if s.Ref != nil {
		return s.Ref
	}
	if len(s.AllOf) == 1 {
		return s.AllOf[0]
	}
	var only *jsonschema.Schema
	for _, one := range append(slices.Clone(s.AnyOf), s.OneOf...) {
		if one.Types != nil && slices.Equal(one.Types.ToStrings(), []string{"null"}) {
			continue
		}
		if only != nil {
			return nil
		}
		only = one
	}
	return only
}

func example(s *jsonschema.Schema, before string) string {
	if s == nil || len(s.Examples) == 0 {
		return ""
	}
	return before + show(s.Examples[0])
}

// formatHint says what a format means to someone who has to write it.
func formatHint(name string) string {
	switch name {
	case "date-time":
		return "a date-time such as 2024-05-31T14:00:00Z"
	case "date":
		return "a date such as 2024-05-31"
	case "time":
		return "a time such as 14:00:00Z"
	case "duration":
		return "a duration such as PT1H30M"
	case "email":
		return "an email address"
	case "uuid":
		return "a UUID"
	case "uri", "iri":
		return "an absolute URL such as https://example.com/a"
	case "ipv4", "ipv6":
		return "an address in the format " + name
	}
	return "text in the format " + name
}

func plural(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	if noun == "property" {
		return strconv.Itoa(count) + " properties"
	}
	return strconv.Itoa(count) + " " + noun + "s"
}
