package schema_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/frontdesk-go/frontdesk/internal/schema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func compile(t testing.TB, raw string) *schema.Validator {
	t.Helper()
	validator, err := schema.Compile(json.RawMessage(raw))
	require.NoError(t, err)
	return validator
}

// property is a schema with one optional property v, and definitions.
func property(v string) string {
	return `{"type":"object","properties":{"v":` + v + `},"$defs":{"Line":{"type":"object","properties":{"sku":{"type":"string"}},"required":["sku"]}}}`
}

func lines(faults []schema.Fault) []string {
	var lines []string
	for _, fault := range faults {
		lines = append(lines, fault.Path+": "+fault.Message)
	}
	return lines
}

func TestFaultMessages(t *testing.T) {
	for _, row := range []struct {
		name, schema, arguments string
		want                    []string
	}{
		{"type", property(`{"type":"integer"}`), `{"v":"two"}`, []string{`v: must be integer (got string "two")`}},
		{"type, number", property(`{"type":"integer"}`), `{"v":1.50}`, []string{`v: must be integer (got number 1.50)`}},
		{"type, boolean", property(`{"type":"string"}`), `{"v":true}`, []string{`v: must be string (got boolean true)`}},
		{"type, null", property(`{"type":"string"}`), `{"v":null}`, []string{`v: must be string (got null)`}},
		{"type, object", property(`{"type":["string","null"]}`), `{"v":{"a":1}}`, []string{`v: must be null or string (got object)`}},
		{"type, array", property(`{"type":"object"}`), `{"v":[1]}`, []string{`v: must be object (got array)`}},
		{"minimum", property(`{"minimum":1}`), `{"v":0}`, []string{`v: must be >= 1 (got 0)`}},
		{"minimum, exact", property(`{"minimum":12345678901234567890}`), `{"v":12345678901234567889}`,
			[]string{`v: must be >= 12345678901234567890 (got 12345678901234567889)`}},
		{"maximum", property(`{"maximum":0.1}`), `{"v":0.25}`, []string{`v: must be <= 0.1 (got 0.25)`}},
		{"exclusive minimum", property(`{"exclusiveMinimum":0}`), `{"v":0}`, []string{`v: must be > 0 (got 0)`}},
		{"exclusive maximum", property(`{"exclusiveMaximum":5}`), `{"v":5}`, []string{`v: must be < 5 (got 5)`}},
		{"multiple", property(`{"multipleOf":0.01}`), `{"v":0.001}`, []string{`v: must be a multiple of 0.01 (got 0.001)`}},
		{"enum", property(`{"enum":["no longer needed","ordered by mistake"]}`), `{"v":"mistake"}`,
			[]string{`v: must be one of "no longer needed", "ordered by mistake" (got "mistake")`}},
		{"enum, of anything", property(`{"enum":[1,null,"a",{"b":1}]}`), `{"v":{"c":1}}`, []string{`v: must be one of 1, null, "a", {"b":1} (got object)`}},
		{"constant", property(`{"const":"refund"}`), `{"v":"pay"}`, []string{`v: must be "refund" (got "pay")`}},
		{"pattern", property(`{"pattern":"^#W[0-9]+$"}`), `{"v":"W1"}`, []string{`v: must match the pattern ^#W[0-9]+$ (got "W1")`}},
		{"pattern with an example", property(`{"pattern":"^#W[0-9]+$","examples":["#W123"]}`), `{"v":"W1"}`,
			[]string{`v: must match the pattern ^#W[0-9]+$, like "#W123" (got "W1")`}},
		{"format", property(`{"format":"date-time"}`), `{"v":"tomorrow"}`, []string{`v: must be a date-time such as 2024-05-31T14:00:00Z (got "tomorrow")`}},
		{"date", property(`{"format":"date"}`), `{"v":"31.5.2024"}`, []string{`v: must be a date such as 2024-05-31 (got "31.5.2024")`}},
		{"email", property(`{"format":"email"}`), `{"v":"a"}`, []string{`v: must be an email address (got "a")`}},
		{"uuid", property(`{"format":"uuid"}`), `{"v":"a"}`, []string{`v: must be a UUID (got "a")`}},
		{"uri", property(`{"format":"uri"}`), `{"v":"a b"}`, []string{`v: must be an absolute URL such as https://example.com/a (got "a b")`}},
		{"ipv4", property(`{"format":"ipv4"}`), `{"v":"1.2.3"}`, []string{`v: must be an address in the format ipv4 (got "1.2.3")`}},
		{"unknown format", property(`{"format":"phone"}`), `{"v":"a"}`, nil},
		{"base64", property(`{"type":"string","contentEncoding":"base64"}`), `{"v":"*"}`, []string{`v: must be base64 encoded text`}},
		{"minimum length", property(`{"minLength":3}`), `{"v":"é"}`, []string{`v: must have at least 3 characters (got 1)`}},
		{"maximum length", property(`{"maxLength":1}`), `{"v":"ab"}`, []string{`v: must have at most 1 character (got 2)`}},
		{"minimum items", property(`{"minItems":1}`), `{"v":[]}`, []string{`v: must have at least 1 item (got 0)`}},
		{"maximum items", property(`{"maxItems":0}`), `{"v":[1,2]}`, []string{`v: must have at most 0 items (got 2)`}},
		{"unique items", property(`{"uniqueItems":true}`), `{"v":[1,2,1.0]}`, []string{`v: items 0 and 2 are equal: each may be given once`}},
		{"contains", property(`{"contains":{"const":1}}`), `{"v":[2]}`, []string{`v: must contain an item of the required form`}},
		{"minimum contains", property(`{"contains":{"const":1},"minContains":2}`), `{"v":[1]}`, []string{`v: must contain at least 2 items of the required form (got 1)`}},
		{"maximum contains", property(`{"contains":{"const":1},"maxContains":1}`), `{"v":[1,1]}`, []string{`v: must contain at most 1 item of the required form (got 2)`}},
		{"minimum properties", property(`{"minProperties":1}`), `{"v":{}}`, []string{`v: must have at least 1 property (got 0)`}},
		{"maximum properties", property(`{"maxProperties":0}`), `{"v":{"a":1}}`, []string{`v: must have at most 0 properties (got 1)`}},
		{"property names", property(`{"propertyNames":{"maxLength":1}}`), `{"v":{"ab":1}}`, []string{`v.ab: this property name is not allowed`}},
		{"not", property(`{"not":{"const":"x"}}`), `{"v":"x"}`, []string{`v: has a value that is not allowed (got "x")`}},
		{"false schema", property(`false`), `{"v":1}`, []string{`v: is not allowed here`}},
		{"unevaluated", `{"type":"object","properties":{"a":{}},"unevaluatedProperties":false}`, `{"b":1}`, []string{`b: unknown property`}},
		{"too many items", `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"v":{"items":[{}],"additionalItems":false}}}`,
			`{"v":[1,2,3]}`, []string{`v: has 2 items too many`}},
		{"unknown property", `{"type":"object","properties":{"b":{},"a":{}},"additionalProperties":false}`, `{"z":1,"y":2}`,
			[]string{"y: unknown property; allowed: a, b", "z: unknown property; allowed: a, b"}},
		{"unknown property of nothing", `{"type":"object","additionalProperties":false}`, `{"z":1}`, []string{"z: unknown property; none is allowed here"}},
		{"reference", property(`{"type":"array","items":{"$ref":"#/$defs/Line"}}`), `{"v":[{"sku":"a"},{"sku":1},{}]}`,
			[]string{`v[1].sku: must be string (got number 1)`, `v[2].sku: required, string`}},
		{"all of", property(`{"allOf":[{"minLength":2},{"pattern":"^b"}]}`), `{"v":"a"}`,
			[]string{`v: must have at least 2 characters (got 1)`, `v: must match the pattern ^b (got "a")`}},
		{"conditional", `{"type":"object","properties":{"a":{},"b":{}},"if":{"required":["a"]},"then":{"required":["b"]}}`, `{"a":1}`, []string{"b: required"}},
		{"dependent", `{"type":"object","dependentRequired":{"a":["b"]}}`, `{"a":1}`, []string{`b: required because "a" is given`}},
		{"dependent in draft 7", `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","dependencies":{"a":["b"],"c":{"required":["d"]}}}`,
			`{"a":1,"c":1}`, []string{`b: required because "a" is given`, `d: required`}},
		{"dependent schema", `{"type":"object","dependentSchemas":{"a":{"required":["b"]}}}`, `{"a":1}`, []string{`b: required`}},
		{"strange names", `{"type":"object","additionalProperties":{"type":"object","additionalProperties":{"type":"integer"}}}`,
			`{"a.b":{"":"x","0":"y","~/":"z"}}`, []string{`["a.b"][""]: must be integer (got string "x")`, `["a.b"].0: must be integer (got string "y")`, `["a.b"]["~/"]: must be integer (got string "z")`}},
		{"line breaks in names and values", `{"type":"object","additionalProperties":{"type":"integer"}}`, `{"a\nb":"c\nd"}`,
			[]string{`["a\nb"]: must be integer (got string "c\nd")`}},
		{"line breaks in the schema", `{"type":"object","properties":{"v":{"pattern":"^a\nb$"},"c\nd":{}},"additionalProperties":false}`, `{"v":"x","y":1}`,
			[]string{`v: must match the pattern ^a b$ (got "x")`, `y: unknown property; allowed: c d, v`}},
		{"many values", property(`{"enum":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22]}`), `{"v":0}`,
			[]string{`v: must be one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, … (got 0)`}},
		{"property refined by a branch", `{"type":"object","properties":{"a":{"type":"integer"}},"allOf":[{"if":{},"then":{"required":["a"]}}]}`, `{}`,
			[]string{`a: required, integer`}},
		{"other formats", property(`{"anyOf":[{"type":"object","properties":{"t":{"format":"time"},"d":{"format":"duration"},"h":{"format":"hostname"}}}]}`), `{"v":{"t":"x","d":"x","h":"-"}}`,
			[]string{`v.d: must be a duration such as PT1H30M (got "x")`, `v.h: must be text in the format hostname (got "-")`, `v.t: must be a time such as 14:00:00Z (got "x")`}},
		{"long values", property(`{"type":"integer"}`), `{"v":"` + strings.Repeat("é", 200) + `"}`,
			[]string{`v: must be integer (got string "` + strings.Repeat("é", 80) + `…")`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			validator := compile(t, row.schema)
			for range 3 {
				assert.Equal(t, row.want, lines(validator.Validate(json.RawMessage(row.arguments))))
			}
		})
	}
}

func TestMissingProperties(t *testing.T) {
	for _, row := range []struct{ schema, want string }{
		{`{}`, "required"},
		{`{"type":"string"}`, "required, string"},
		{`{"type":"string","description":"The\n order's id."}`, "required, string: The order's id."},
		{`{"type":"string","description":"` + strings.Repeat("a", 200) + `"}`, "required, string: " + strings.Repeat("a", 120) + "…"},
		{`{"type":"string","pattern":"^#W","examples":["#W123"],"description":"x"}`, `required, string, like "#W123"`},
		{`{"type":"string","pattern":"^#W","description":"The id."}`, `required, string, matching ^#W: The id.`},
		{`{"type":"string","enum":["a","b"]}`, `required, string, one of "a", "b"`},
		{`{"const":"a"}`, `required, "a"`},
		{`{"type":"string","format":"date"}`, `required, string, a date such as 2024-05-31`},
		{`{"type":["integer","null"]}`, "required, null or integer"},
		{`{"$ref":"#/$defs/id"}`, "required, integer: An id."},
		{`{"anyOf":[{"$ref":"#/$defs/id"},{"type":"null"}],"title":"Id"}`, "required, integer: Id"},
		{`{"allOf":[{"$ref":"#/$defs/id"}],"description":"The parent's id."}`, "required, integer: The parent's id."},
		{`{"anyOf":[{"type":"string"},{"type":"integer"}]}`, "required"},
		{`{"$ref":"#/$defs/self"}`, "required, array"},
	} {
		validator := compile(t, `{"type":"object","properties":{"v":`+row.schema+`},"required":["v"],
			"$defs":{"id":{"type":"integer","description":"An id."},"self":{"type":"array","items":{"$ref":"#/$defs/self"}}}}`)
		assert.Equal(t, []schema.Fault{{Path: "v", Pointer: "/v", Message: row.want}}, validator.Validate(json.RawMessage(`{}`)), row.schema)
	}
}

func TestUnions(t *testing.T) {
	card := `{"type":"object","properties":{"kind":{"const":"a"},"n":{"type":"integer"}},"required":["kind","n"]}`
	bank := `{"type":"object","properties":{"kind":{"const":"b"},"m":{"type":"string"}},"required":["kind","m"]}`
	for _, row := range []struct {
		name, schema, arguments string
		want                    []string
	}{
		{"types", `{"anyOf":[{"type":"string"},{"type":"null"}]}`, `{"v":5}`, []string{"v: must be string or null (got number 5)"}},
		{"types of oneOf", `{"oneOf":[{"type":"string"},{"type":"integer"}]}`, `{"v":[]}`, []string{"v: must be string or integer (got array)"}},
		{"nullable object", `{"anyOf":[{"$ref":"#/$defs/Line"},{"type":"null"}]}`, `{"v":{"sku":1}}`, []string{"v.sku: must be string (got number 1)"}},
		{"nullable enum", `{"anyOf":[{"enum":["a","b"]},{"type":"null"}]}`, `{"v":"c"}`, []string{`v: must be one of "a", "b" (got "c")`}},
		{"tagged", `{"oneOf":[` + card + `,` + bank + `]}`, `{"v":{"kind":"b","m":1}}`, []string{"v.m: must be string (got number 1)"}},
		{"unknown tag", `{"anyOf":[` + card + `,` + bank + `]}`, `{"v":{"kind":"c"}}`, []string{`v.kind: must be one of "a", "b" (got "c")`}},
		{"values", `{"anyOf":[{"const":"a"},{"enum":["b","a"]}]}`, `{"v":"c"}`, []string{`v: must be one of "a", "b" (got "c")`}},
		{"one of several properties", `{"anyOf":[{"required":["a"]},{"required":["b","c"]}]}`, `{"v":{}}`, []string{"v: one of these is required: a; or b and c"}},
		{"nearest", `{"anyOf":[{"minLength":9,"pattern":"^b"},{"minLength":5}]}`, `{"v":"a"}`, []string{"v: must have at least 5 characters (got 1)"}},
		{"more than one", `{"oneOf":[{"minLength":1},{"maxLength":9}]}`, `{"v":"a"}`, []string{"v: fits more than one of the allowed forms: give the properties of exactly one"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			assert.Equal(t, row.want, lines(compile(t, property(row.schema)).Validate(json.RawMessage(row.arguments))))
		})
	}
	root := compile(t, `{"type":"object","properties":{"email":{"type":"string"},"phone":{"type":"string"}},"anyOf":[{"required":["email"]},{"required":["phone"]}]}`)
	assert.Equal(t, "Invalid arguments for find. Fix these and call it again:\n- arguments: one of these is required: email; or phone",
		schema.Describe("find", root.Validate(json.RawMessage(`{}`))))
}

func TestOrderAndPlaces(t *testing.T) {
	validator := compile(t, `{"type":"object","properties":{"items":{"type":"array","items":{
		"type":"object","properties":{"qty":{"type":"integer","minimum":1,"multipleOf":5}},"additionalProperties":false}}},"required":["b","a"]}`)
	var items []string
	for range 12 {
		items = append(items, `{"qty":-1,"x":0}`)
	}
	want := validator.Validate(json.RawMessage(`{"items":[` + strings.Join(items, ",") + `]}`))
	require.Len(t, want, 2+12*3)
	assert.Equal(t, schema.Fault{Path: "a", Pointer: "/a", Message: "required"}, want[0])
	assert.Equal(t, schema.Fault{Path: "b", Pointer: "/b", Message: "required"}, want[1])
	assert.Equal(t, schema.Fault{Path: "items[0].qty", Pointer: "/items/0/qty", Message: "must be >= 1 (got -1)"}, want[2])
	assert.Equal(t, schema.Fault{Path: "items[0].qty", Pointer: "/items/0/qty", Message: "must be a multiple of 5 (got -1)"}, want[3])
	assert.Equal(t, schema.Fault{Path: "items[0].x", Pointer: "/items/0/x", Message: "unknown property; allowed: qty"}, want[4])
	assert.Equal(t, "items[2].qty", want[8].Path)
	assert.Equal(t, "items[11].x", want[len(want)-1].Path, "positions are ordered by number")
	for range 10 {
		assert.Equal(t, want, validator.Validate(json.RawMessage(`{"items":[`+strings.Join(items, ",")+`]}`)))
	}
	text := schema.Describe("order", want)
	assert.Equal(t, 10, len(strings.Split(text, "\n")))
	assert.True(t, strings.HasSuffix(text, "\n- … and 30 more"), text)
	assert.Empty(t, schema.Describe("order", nil))
	pointer := compile(t, `{"type":"object","additionalProperties":{"type":"integer"}}`).Validate(json.RawMessage(`{"a/b~c":""}`))
	assert.Equal(t, "/a~1b~0c", pointer[0].Pointer)
}

func TestSecretsAreNotShown(t *testing.T) {
	const secret = "hunter2-4111"
	for _, name := range []string{"password", "api_key", "apiKey", "accessToken", "card", "cardNumber", "card-number", "CVV",
		"pin", "newPIN", "client_secret", "otp", "userPassword", "authorization", "ssn", "Key"} {
		for _, rule := range []string{`{"type":"integer"}`, `{"pattern":"^x"}`, `{"enum":["x"]}`, `{"const":"x"}`, `{"format":"email"}`,
			`{"not":{"type":"string"}}`, `{"anyOf":[{"type":"integer"},{"type":"null"}]}`, `{"anyOf":[{"const":"a"},{"const":"b"}]}`, `{"maxLength":1}`} {
			validator := compile(t, fmt.Sprintf(`{"type":"object","properties":{%q:%s}}`, name, rule))
			faults := validator.Validate(json.RawMessage(fmt.Sprintf(`{%q:%q}`, name, secret)))
			require.NotEmpty(t, faults, name+rule)
			assert.NotContains(t, fmt.Sprint(faults), secret, name+rule)
		}
	}
	for _, raw := range []string{
		`{"type":"object","properties":{"v":{"type":"integer","writeOnly":true}}}`,
		`{"type":"object","properties":{"v":{"pattern":"^x","format":"password"}}}`,
		`{"type":"object","properties":{"v":{"writeOnly":true,"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"integer"}}}`,
		`{"type":"object","properties":{"v":{"writeOnly":true,"anyOf":[{"type":"integer"},{"type":"null"}]}}}`,
	} {
		faults := compile(t, raw).Validate(json.RawMessage(`{"v":"` + secret + `"}`))
		require.NotEmpty(t, faults)
		assert.NotContains(t, fmt.Sprint(faults), secret, raw)
	}
	inside := compile(t, `{"type":"object","properties":{"card":{"type":"object","properties":{"holder":{"type":"integer"}}},
		"login":{"writeOnly":true,"type":"object","properties":{"name":{"type":"integer"}}},"any":{"const":1}}}`)
	faults := inside.Validate(json.RawMessage(`{"card":{"holder":"` + secret + `"},"login":{"name":"` + secret + `"},"any":{"password":"` + secret + `"}}`))
	require.Len(t, faults, 3)
	assert.NotContains(t, fmt.Sprint(faults), secret)
	assert.Equal(t, "must be integer (got string)", faults[1].Message)

	for _, name := range []string{"shipping", "keyboard", "discard", "monkey", "cardinality", "span", "opinion", "hotspot"} {
		faults := compile(t, fmt.Sprintf(`{"type":"object","properties":{%q:{"type":"integer"}}}`, name)).
			Validate(json.RawMessage(fmt.Sprintf(`{%q:"shown"}`, name)))
		assert.Contains(t, fmt.Sprint(faults), "shown", name)
	}
}

func TestNotAnObject(t *testing.T) {
	validator := compile(t, `{"type":"object"}`)
	for arguments, want := range map[string]string{
		``: "not valid JSON: it is empty", ` `: "not valid JSON: it is empty", `{`: "not valid JSON", `{"a":1}{}`: "not valid JSON: text after the first value",
		`{"a":1,}`: "not valid JSON", `[]`: "must be a JSON object (got array)", `null`: "must be a JSON object (got null)", `"x"`: "must be a JSON object (got string)",
	} {
		faults := validator.Validate(json.RawMessage(arguments))
		require.Len(t, faults, 1, arguments)
		assert.Empty(t, faults[0].Path)
		assert.Contains(t, faults[0].Message, want, arguments)
	}
	untyped := compile(t, `{}`)
	assert.Nil(t, untyped.Validate(json.RawMessage(`{"a":1}`)))
	assert.NotNil(t, untyped.Validate(json.RawMessage(`[]`)))
	assert.Nil(t, compile(t, property(`{"type":"integer"}`)).Validate(json.RawMessage(`{"v":"x","v":1}`)), "the last of two equal keys counts")
}

func TestForeignSchemas(t *testing.T) {
	for _, row := range []struct{ name, schema, valid, invalid string }{
		{"draft 4", `{"$schema":"http://json-schema.org/draft-04/schema#","type":"object","properties":{"v":{"minimum":1,"exclusiveMinimum":true}}}`, `{"v":2}`, `{"v":1}`},
		{"draft 4 unnamed", `{"type":"object","properties":{"v":{"minimum":1,"exclusiveMinimum":true}}}`, `{"v":2}`, `{"v":1}`},
		{"draft 6", `{"$schema":"http://json-schema.org/draft-06/schema#","type":"object","properties":{"v":{"const":1}}}`, `{"v":1}`, `{"v":2}`},
		{"draft 7", `{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"n":{"type":"integer"}},"type":"object","properties":{"v":{"$ref":"#/definitions/n"}}}`, `{"v":1}`, `{"v":""}`},
		{"draft 7 unnamed", `{"type":"object","properties":{"v":{"items":[{"type":"integer"}]}}}`, `{"v":[1]}`, `{"v":[""]}`},
		{"2019-09", `{"$schema":"https://json-schema.org/draft/2019-09/schema","type":"object","dependentRequired":{"a":["b"]}}`, `{}`, `{"a":1}`},
		{"2020-12", `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"v":{"prefixItems":[{"type":"integer"}]}}}`, `{"v":[1]}`, `{"v":[""]}`},
		{"own id", `{"$id":"https://example.com/a","type":"object","properties":{"v":{"$ref":"https://example.com/a#/$defs/n"}},"$defs":{"n":{"type":"integer"}}}`, `{"v":1}`, `{"v":""}`},
		{"anchor", `{"type":"object","properties":{"v":{"$ref":"#n"}},"$defs":{"x":{"$anchor":"n","type":"integer"}}}`, `{"v":1}`, `{"v":""}`},
		{"root reference", `{"$ref":"#/$defs/A","$defs":{"A":{"type":"object","required":["a"]}}}`, `{"a":1}`, `{}`},
		{"root union", `{"anyOf":[{"type":"object","required":["a"]},{"type":"null"}]}`, `{"a":1}`, `{}`},
		{"several types", `{"type":["object","null"],"required":["a"]}`, `{"a":1}`, `{}`},
		{"recursive", `{"type":"object","properties":{"next":{"$ref":"#"},"n":{"type":"integer"}}}`, `{"next":{"next":{"n":1}}}`, `{"next":{"next":{"n":""}}}`},
		{"ECMA escapes", `{"type":"object","properties":{"v":{"pattern":"^[\\u0061-\\u007a]\\/\\d$"}}}`, `{"v":"a/1"}`, `{"v":"A/1"}`},
		{"OpenAPI keywords", `{"type":"object","properties":{"v":{"type":"integer","format":"int64","nullable":true,"x-order":1}}}`, `{"v":1}`, `{"v":""}`},
		{"a property called $ref", `{"type":"object","properties":{"$ref":{"type":"integer"}}}`, `{"$ref":1}`, `{"$ref":""}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			validator := compile(t, row.schema)
			assert.Nil(t, validator.Validate(json.RawMessage(row.valid)))
			assert.Len(t, validator.Validate(json.RawMessage(row.invalid)), 1)
			assert.Empty(t, validator.Unchecked())
		})
	}
}

func TestUncheckedPatterns(t *testing.T) {
	validator := compile(t, `{"type":"object","properties":{"a":{"pattern":"^(?!x)"},"b":{"pattern":"(a)\\1"},"c":{"pattern":"^.{1,5000}$"},
		"d":{"pattern":"(?<=a)b"},"e":{"pattern":"^ok$"}},"patternProperties":{"^(?=z)":{"type":"integer"}}}`)
	assert.Equal(t, []string{`(?<=a)b`, `(a)\1`, `^(?!x)`, `^(?=z)`, `^.{1,5000}$`}, validator.Unchecked())
	assert.Len(t, validator.Validate(json.RawMessage(`{"e":"no"}`)), 2, "e, and the unchecked name pattern that takes every name")
}

func TestRefusedSchemas(t *testing.T) {
	wide := make([]string, 30)
	for i := range wide {
		wide[i] = fmt.Sprintf(`"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]}`, i, i+1, i+1)
	}
	for _, row := range []struct{ name, schema, want string }{
		{"nothing", ``, "not valid JSON: it is empty"},
		{"not JSON", `{`, "not valid JSON"},
		{"two values", `{}{}`, "text after the first value"},
		{"boolean", `true`, "must be a JSON object"},
		{"null", `null`, "must be a JSON object"},
		{"string type", `{"type":"string"}`, "must describe an object"},
		{"enum of texts", `{"enum":["a"]}`, "must describe an object"},
		{"reference to text", `{"$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}}`, "must describe an object"},
		{"union without objects", `{"anyOf":[{"type":"string"},{"type":"array"}]}`, "must describe an object"},
		{"all of with text", `{"allOf":[{"type":"object"},{"type":"string"}]}`, "must describe an object"},
		{"unknown type", `{"type":"object","properties":{"a":{"type":"text"}}}`, "invalid schema"},
		{"properties a list", `{"type":"object","properties":[]}`, "invalid schema"},
		{"bad pattern", `{"type":"object","properties":{"a":{"pattern":"["}}}`, "invalid schema"},
		{"http", `{"type":"object","properties":{"a":{"$ref":"http://example.com/a.json"}}}`, `refers to "http://example.com/a.json", which is not inside it: nothing is fetched`},
		{"https", `{"type":"object","properties":{"a":{"$ref":"https://127.0.0.1:1/a.json#/x"}}}`, "nothing is fetched"},
		{"file", `{"type":"object","properties":{"a":{"$ref":"file:///etc/passwd"}}}`, `refers to "file:///etc/passwd"`},
		{"relative", `{"type":"object","properties":{"a":{"$ref":"other.json"}}}`, `refers to "other.json"`},
		{"meta-schema", `{"type":"object","properties":{"a":{"$ref":"https://json-schema.org/draft/2020-12/schema"}}}`, "which is not inside it"},
		{"unknown draft", `{"$schema":"https://example.com/draft","type":"object"}`, "nothing is fetched"},
		{"missing definition", `{"type":"object","properties":{"a":{"$ref":"#/$defs/none"}}}`, "invalid schema"},
		{"dynamic reference", `{"type":"object","$dynamicAnchor":"n","properties":{"a":{"$dynamicRef":"#n"}}}`, "use $ref"},
		{"reference to itself", `{"type":"object","properties":{"a":{"$ref":"#/properties/a"}}}`, "refers to itself without going deeper"},
		{"references in a circle", `{"type":"object","allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"not":{"$ref":"#/$defs/a"}}}}`, "without going deeper"},
		{"exponential", `{"type":"object","$ref":"#/$defs/d0","$defs":{` + strings.Join(wide, ",") + `,"d30":{}}}`, "too many alternatives"},
		{"too deep", `{"type":"object","properties":{"a":` + strings.Repeat(`{"not":`, 200) + `{}` + strings.Repeat(`}`, 200) + `}}`, "nested more than 128 levels"},
		{"very deep", strings.Repeat(`{"not":`, 9_000) + `{}` + strings.Repeat(`}`, 9_000), "nested more than 128 levels"},
		{"deeper than JSON goes", strings.Repeat(`[`, 100_000), "not valid JSON"},
		{"too many values", `{"type":"object","properties":{"a":{"enum":[` + strings.Repeat("1,", 30_000) + `1]}}}`, "more than 20000 values"},
		{"too long", `{"description":"` + strings.Repeat("a", 1<<20) + `"}`, "at most 1048576 are allowed"},
		{"number out of range", `{"type":"object","properties":{"a":{"minimum":1e999999999}}}`, "number out of range"},
	} {
		t.Run(row.name, func(t *testing.T) {
			start := time.Now()
			validator, err := schema.Compile(json.RawMessage(row.schema))
			require.ErrorContains(t, err, row.want)
			assert.Nil(t, validator)
			assert.Less(t, time.Since(start), 10*time.Second)
		})
	}
}

func TestDepthAndSize(t *testing.T) {
	nested := func(depth int) json.RawMessage {
		return json.RawMessage(strings.Repeat(`{"c":`, depth) + "1" + strings.Repeat("}", depth))
	}
	chain := compile(t, `{"type":"object","properties":{"c":{"anyOf":[{"$ref":"#"},{"type":"integer"}]}}}`)
	assert.Nil(t, chain.Validate(nested(100)))
	assert.Equal(t, []string{": nested more than 128 levels deep"}, lines(chain.Validate(nested(129))))

	// Two references at every level would take 2^100 evaluations.
	doubling := compile(t, `{"type":"object","properties":{"c":{"anyOf":[{"$ref":"#"},{"$ref":"#","required":["x"]},{"type":"string"}]}}}`)
	faults := doubling.Validate(nested(100))
	require.Len(t, faults, 1)
	assert.Contains(t, faults[0].Message, "levels deep")
	assert.NotNil(t, doubling.Validate(nested(5)))
	assert.Nil(t, doubling.Validate(json.RawMessage(`{"c":{"c":"x"}}`)))

	open := compile(t, `{"type":"object","properties":{"n":{"minimum":0},"m":{}}}`)
	assert.Equal(t, []string{"m[1]: number out of range", "n: number out of range"},
		lines(open.Validate(json.RawMessage(`{"n":1e999999999,"m":[1,-1E-99999]}`))))
	assert.Equal(t, []string{"n: number out of range"}, lines(open.Validate(json.RawMessage(`{"n":`+strings.Repeat("9", 1000)+`}`))))
	assert.Nil(t, open.Validate(json.RawMessage(`{"n":1e308,"m":1E-0300}`)))
	assert.False(t, open.Accepts(open.Root(), map[string]any{"n": json.Number("1e999")}))
	assert.False(t, open.Sound(map[string]any{"n": json.Number("1e999")}))
	assert.True(t, open.Accepts(open.Root(), map[string]any{"n": json.Number("1")}))
}

func TestConcurrentValidation(t *testing.T) {
	validator := compile(t, property(`{"type":"array","items":{"$ref":"#/$defs/Line"},"minItems":3}`))
	want := validator.Validate(json.RawMessage(`{"v":[{"sku":1},{}]}`))
	require.Len(t, want, 3)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				assert.True(t, slices.Equal(want, validator.Validate(json.RawMessage(`{"v":[{"sku":1},{}]}`))))
			}
		})
	}
	group.Wait()
}

func FuzzValidate(f *testing.F) {
	f.Add(property(`{"anyOf":[{"type":"integer"},{"$ref":"#/$defs/Line"}]}`), `{"v":{"sku":1}}`)
	f.Add(`{"type":"object","properties":{"next":{"$ref":"#"}},"additionalProperties":false}`, `{"next":{"next":1},"a":1}`)
	f.Add(`{"$schema":"http://json-schema.org/draft-04/schema#","type":"object","dependencies":{"a":["b"]}}`, `{"a":1}`)
	f.Add(`{"propertyNames":{"pattern":"^a"},"patternProperties":{"^a":{"enum":[1,"x",null]}}}`, `{"ab":2,"b":{"c":[1e5]}}`)
	f.Add(`{"type":"object","properties":{"v":{"items":[{}],"additionalItems":false,"uniqueItems":true,"contains":{"const":1}}}}`, `{"v":[2,2]}`)
	f.Add(`{"if":{"required":["a"]},"then":{"oneOf":[{"required":["b"]},{"not":{"minProperties":1}}]}}`, `{"a":"A"}`)
	f.Fuzz(func(t *testing.T, raw, arguments string) {
		validator, err := schema.Compile(json.RawMessage(raw))
		if err != nil {
			return
		}
		faults := validator.Validate(json.RawMessage(arguments))
		assert.Equal(t, faults, validator.Validate(json.RawMessage(arguments)), "the order must be stable")
		for _, fault := range faults {
			assert.NotEmpty(t, fault.Message)
			assert.Equal(t, fault.Path == "", fault.Pointer == "")
			assert.NotContains(t, fault.Path+fault.Message, "\n")
		}
	})
}

func BenchmarkValidate(b *testing.B) {
	validator := compile(b, `{"type":"object","properties":{"order_id":{"type":"string","pattern":"^#W[0-9]+$"},"reason":{"enum":["no longer needed","ordered by mistake"]},
		"items":{"type":"array","items":{"type":"object","properties":{"sku":{"type":"string"},"qty":{"type":"integer","minimum":1}},"required":["sku","qty"]}}},"required":["order_id","reason"]}`)
	for name, arguments := range map[string]json.RawMessage{
		"valid":   json.RawMessage(`{"order_id":"#W123","reason":"no longer needed","items":[{"sku":"a","qty":1},{"sku":"b","qty":2}]}`),
		"invalid": json.RawMessage(`{"order_id":"W123","reason":"mistake","items":[{"sku":"a","qty":0},{"sku":1}]}`),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				validator.Validate(arguments)
			}
		})
	}
}
