package schema

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// index collects every schema below root by its location, and refuses what
// cannot be checked safely.
func (v *Validator) index(root *jsonschema.Schema) error {
	queue := []*jsonschema.Schema{root}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if _, seen := v.schemas[s.Location]; seen {
			continue
		}
		v.schemas[s.Location] = s
		if !strings.HasPrefix(s.Location, base+"#") {
			return &outsideError{s.Location}
		}
		if s.DynamicRef != nil || s.RecursiveRef != nil {
			return errors.New("the schema uses $dynamicRef or $recursiveRef, which are not supported: use $ref")
		}
		queue = append(queue, inPlace(s)...)
		queue = append(queue, below(s)...)
	}
	return nil
}

// inPlace lists the schemas that apply to the same value as s does.
func inPlace(s *jsonschema.Schema) []*jsonschema.Schema {
	var list []*jsonschema.Schema
	for _, one := range []*jsonschema.Schema{s.Ref, s.Not, s.If, s.Then, s.Else} {
		if one != nil {
			list = append(list, one)
		}
	}
	list = append(list, s.AllOf...)
	list = append(list, s.AnyOf...)
	list = append(list, s.OneOf...)
	for _, one := range s.DependentSchemas {
		list = append(list, one)
	}
	for _, one := range s.Dependencies {
		if one, ok := one.(*jsonschema.Schema); ok {
			list = append(list, one)
		}
	}
	return list
}

// below lists the schemas that apply to the members and items of a value.
func below(s *jsonschema.Schema) []*jsonschema.Schema {
	exclusive, cumulative := applied(s)
	return append(exclusive, cumulative...)
}

// applied splits the schemas below s into those of which one at most applies
// to a given member or item, and those that apply in addition.
func applied(s *jsonschema.Schema) (exclusive, cumulative []*jsonschema.Schema) {
	for _, one := range s.Properties {
		exclusive = append(exclusive, one)
	}
	exclusive = append(exclusive, s.PrefixItems...)
	switch items := s.Items.(type) {
	case *jsonschema.Schema:
		exclusive = append(exclusive, items)
	case []*jsonschema.Schema:
		exclusive = append(exclusive, items...)
	}
	for _, one := range []any{s.AdditionalProperties, s.AdditionalItems, s.Items2020} {
		if one, ok := one.(*jsonschema.Schema); ok && one != nil {
			exclusive = append(exclusive, one)
		}
	}
	for _, one := range s.PatternProperties {
		cumulative = append(cumulative, one)
	}
	for _, one := range []*jsonschema.Schema{s.PropertyNames, s.UnevaluatedProperties, s.Contains, s.UnevaluatedItems, s.ContentSchema} {
		if one != nil {
			cumulative = append(cumulative, one)
		}
	}
	return exclusive, cumulative
}

// maxEvaluations bounds how many schemas may be tried against a single value.
const maxEvaluations = 20_000

// depthBound returns how deep arguments may be nested so that no value is
// tried against more than maxEvaluations schemas. Union and reference can make
// that number grow exponentially: with the schema's size at one value, and
// with the arguments' depth where the schema is recursive.
//
// With w(s, k) the number of evaluations, started by s, of one value k levels
// further down: w(s, 0) is 1 plus the sum over the schemas applied in place,
// and w(s, k) the same sum plus the largest w(c, k-1) over the schemas c of
// which one applies below, plus all w(c, k-1) that apply in addition.
func depthBound(root *jsonschema.Schema) (int, error) {
	order, err := inPlaceOrder(root)
	if err != nil {
		return 0, err
	}
	previous := map[*jsonschema.Schema]float64{}
	for depth := range MaxDepth + 1 {
		current := make(map[*jsonschema.Schema]float64, len(order))
		total := 0.0
		for _, s := range order {
			evaluations := 0.0
			if depth == 0 {
				evaluations = 1
			} else {
				exclusive, cumulative := applied(s)
				for _, one := range exclusive {
					evaluations = max(evaluations, previous[one])
				}
				for _, one := range cumulative {
					evaluations += previous[one]
				}
			}
			for _, one := range inPlace(s) {
				evaluations += current[one]
			}
			current[s] = evaluations
			total += evaluations
		}
		switch {
		case current[root] > maxEvaluations && depth == 0:
			return 0, errors.New("the schema combines too many alternatives to be checked: simplify its anyOf, oneOf and allOf")
		case current[root] > maxEvaluations:
			return depth - 1, nil
		case total == 0:
			return MaxDepth, nil
		}
		previous = current
	}
	return MaxDepth, nil
}

// inPlaceOrder lists all schemas so that each comes after those it applies in
// place, and refuses a schema that would apply itself to the same value for
// ever.
func inPlaceOrder(root *jsonschema.Schema) ([]*jsonschema.Schema, error) {
	const open, done = 1, 2
	state := map[*jsonschema.Schema]int{}
	var order, roots []*jsonschema.Schema
	var visit func(s *jsonschema.Schema) error
	visit = func(s *jsonschema.Schema) error {
		switch state[s] {
		case open:
			return fmt.Errorf("the schema at %s refers to itself without going deeper", strings.TrimPrefix(s.Location, base))
		case done:
			return nil
		}
		state[s] = open
		for _, one := range inPlace(s) {
			if err := visit(one); err != nil {
				return err
			}
		}
		state[s] = done
		order = append(order, s)
		roots = append(roots, below(s)...)
		return nil
	}
	roots = append(roots, root)
	for len(roots) > 0 {
		s := roots[len(roots)-1]
		roots = roots[:len(roots)-1]
		if err := visit(s); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// describesObject reports whether a schema can accept an object at all.
func describesObject(s *jsonschema.Schema, seen map[*jsonschema.Schema]bool) bool {
	if seen[s] {
		return true
	}
	seen[s] = true
	if s.Bool != nil {
		return *s.Bool
	}
	if !allowsObject(s) || s.Ref != nil && !describesObject(s.Ref, seen) {
		return false
	}
	for _, one := range s.AllOf {
		if !describesObject(one, seen) {
			return false
		}
	}
	for _, alternatives := range [][]*jsonschema.Schema{s.AnyOf, s.OneOf} {
		possible := len(alternatives) == 0
		for _, one := range alternatives {
			possible = possible || describesObject(one, seen)
		}
		if !possible {
			return false
		}
	}
	return true
}

func allowsObject(s *jsonschema.Schema) bool {
	var values []any
	if s.Enum != nil {
		values = s.Enum.Values
	}
	if s.Const != nil {
		values = append([]any{*s.Const}, values...)
	}
	for _, value := range values {
		if _, ok := value.(map[string]any); ok {
			return true
		}
	}
	if len(values) > 0 {
		return false
	}
	if s.Types == nil {
		return true
	}
	for _, name := range s.Types.ToStrings() {
		if name == objectKind {
			return true
		}
	}
	return false
}

// compilePattern compiles an ECMA 262 pattern. What Go's engine leaves out to
// run in linear time is reported as unchecked and matches everything.
func compilePattern(pattern string) (expression jsonschema.Regexp, unchecked bool, err error) {
	compiled, err := regexp.Compile(unicodeEscapes(pattern))
	if err == nil {
		return compiled, false, nil
	}
	var invalid *syntax.Error
	if errors.As(err, &invalid) {
		lookAround := strings.HasPrefix(invalid.Expr, "(?=") || strings.HasPrefix(invalid.Expr, "(?!") ||
			strings.HasPrefix(invalid.Expr, "(?<=") || strings.HasPrefix(invalid.Expr, "(?<!")
		backReference := invalid.Code == syntax.ErrInvalidEscape && len(invalid.Expr) > 1 &&
			(invalid.Expr[1] >= '1' && invalid.Expr[1] <= '9' || invalid.Expr[1] == 'k')
		if lookAround || backReference || invalid.Code == syntax.ErrInvalidRepeatSize || invalid.Code == syntax.ErrLarge {
			return anyText(pattern), true, nil
		}
	}
	return nil, false, err
}

// anyText is a pattern that is not asserted.
type anyText string

func (p anyText) String() string          { return string(p) }
func (p anyText) MatchString(string) bool { return true }

// unicodeEscapes rewrites \uXXXX, which Go writes \x{XXXX}.
func unicodeEscapes(pattern string) string {
	if !strings.Contains(pattern, `\u`) {
		return pattern
	}
	var out strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '\\' || i+1 == len(pattern) {
			out.WriteByte(pattern[i])
			continue
		}
		if pattern[i+1] == 'u' && i+6 <= len(pattern) && isHex(pattern[i+2:i+6]) {
			out.WriteString(`\x{` + pattern[i+2:i+6] + `}`)
			i += 5
			continue
		}
		out.WriteString(pattern[i : i+2])
		i++
	}
	return out.String()
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
