package arguments_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/frontdesk-go/frontdesk/internal/schema"
	"github.com/frontdesk-go/frontdesk/internal/wire/arguments"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// order has one property of every kind that coercion knows.
const order = `{
	"type": "object",
	"properties": {
		"order_id": {"type": "string"},
		"qty": {"type": "integer"},
		"price": {"type": "number"},
		"gift": {"type": "boolean"},
		"reason": {"type": "string", "enum": ["no longer needed", "ordered by mistake"]},
		"tags": {"type": "array", "items": {"type": "string"}},
		"sizes": {"type": "array", "items": {"type": "integer"}},
		"address": {"$ref": "#/$defs/Address"},
		"lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
		"note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
		"count": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
		"either": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]},
		"contact": {"anyOf": [{"$ref": "#/$defs/Address"}, {"type": "null"}]},
		"level": {"enum": [1, 2, 3]},
		"free": {}
	},
	"required": ["order_id"],
	"additionalProperties": false,
	"$defs": {
		"Address": {
			"type": "object",
			"properties": {"city": {"type": "string"}, "zip": {"type": "string"}, "floor": {"type": "integer"}},
			"required": ["city"],
			"additionalProperties": false
		},
		"Line": {
			"type": "object",
			"properties": {"sku": {"type": "string"}, "qty": {"type": "integer", "minimum": 1}},
			"required": ["sku"]
		}
	}
}`

func compile(t testing.TB, raw string) *arguments.Coercer {
	t.Helper()
	coercer, err := arguments.Compile(json.RawMessage(raw))
	require.NoError(t, err)
	return coercer
}

func TestUntouched(t *testing.T) {
	coercer := compile(t, order)
	for _, text := range []string{
		`{"order_id":"#W1"}`,
		`{"order_id":"00123","qty":2,"price":9.99,"gift":false,"tags":["a","b"],"lines":[{"sku":"x","qty":1}]}`,
		`{"order_id":"12345678901234567890","qty":12345678901234567890}`,
		`{"price":1.10,"order_id":"é \u00e9 \" \\ <b>"}`,
		`{"note":null,"order_id":"42","free":{"z":1.0,"a":"42"}}`,
		`{"order_id":"null","note":"null","free":null}`,
	} {
		read, err := coercer.Parse(text, true)
		require.NoError(t, err, text)
		assert.Equal(t, text, string(read.JSON))
		assert.True(t, read.Valid, text)
		assert.False(t, read.Repaired, text)
		assert.Empty(t, read.Notes, text)
	}
}

func TestCoercion(t *testing.T) {
	coercer := compile(t, order)
	for _, row := range []struct {
		name, text, want string
		note             string // the only note; "" for none
		invalid          bool
	}{
		{name: "spaces are dropped", text: "{ \"order_id\" : \"a b\" }\n", want: `{"order_id":"a b"}`},
		{name: "order of keys is kept", text: `{"qty": "1","order_id":"x","gift":true}`,
			want: `{"qty":1,"order_id":"x","gift":true}`, note: "qty: string to integer"},
		{name: "number text", text: `{"order_id":"x","price":"9.90"}`, want: `{"order_id":"x","price":9.90}`, note: "price: string to number"},
		{name: "integer text", text: `{"order_id":"x","qty":" 42 "}`, want: `{"order_id":"x","qty":42}`, note: "qty: string to integer"},
		{name: "leading zeros stay", text: `{"order_id":"x","qty":"0042"}`, want: `{"order_id":"x","qty":"0042"}`, invalid: true},
		{name: "words stay", text: `{"order_id":"x","qty":"two"}`, want: `{"order_id":"x","qty":"two"}`, invalid: true},
		{name: "fraction stays", text: `{"order_id":"x","qty":"1.5"}`, want: `{"order_id":"x","qty":"1.5"}`, invalid: true},
		{name: "boolean text", text: `{"order_id":"x","gift":"true"}`, want: `{"order_id":"x","gift":true}`, note: "gift: string to boolean"},
		{name: "Python boolean text", text: `{"order_id":"x","gift":"False"}`, want: `{"order_id":"x","gift":false}`, note: "gift: string to boolean"},
		{name: "yes is no boolean", text: `{"order_id":"x","gift":"yes"}`, want: `{"order_id":"x","gift":"yes"}`, invalid: true},
		{name: "1 is no boolean", text: `{"order_id":"x","gift":1}`, want: `{"order_id":"x","gift":1}`, invalid: true},
		{name: "whole float", text: `{"order_id":"x","qty":5.0,"price":5.0}`, want: `{"order_id":"x","qty":5,"price":5.0}`, note: "qty: number to integer"},
		{name: "whole float with exponent", text: `{"order_id":"x","qty":1.2e2}`, want: `{"order_id":"x","qty":120}`, note: "qty: number to integer"},
		{name: "whole float below a reference", text: `{"order_id":"x","lines":[{"sku":"a","qty":2.0}]}`,
			want: `{"order_id":"x","lines":[{"sku":"a","qty":2}]}`, note: "lines[0].qty: number to integer"},
		{name: "whole float in a union", text: `{"order_id":"x","count":2.0}`, want: `{"order_id":"x","count":2}`, note: "count: number to integer"},
		{name: "real fraction", text: `{"order_id":"x","qty":5.5}`, want: `{"order_id":"x","qty":5.5}`, invalid: true},
		{name: "number for an id", text: `{"order_id":12345}`, want: `{"order_id":"12345"}`, note: "order_id: number to string"},
		{name: "long number for an id", text: `{"order_id":12345678901234567890.10}`, want: `{"order_id":"12345678901234567890.10"}`, note: "order_id: number to string"},
		{name: "boolean for a text stays", text: `{"order_id":true}`, want: `{"order_id":true}`, invalid: true},
		{name: "array text", text: `{"order_id":"x","tags":"[\"a\", \"b\"]"}`, want: `{"order_id":"x","tags":["a","b"]}`, note: "tags: string to array"},
		{name: "Python list text", text: `{"order_id":"x","tags":"['a', 'b']"}`, want: `{"order_id":"x","tags":["a","b"]}`, note: "tags: string to array"},
		{name: "object text", text: `{"order_id":"x","address":"{\"city\":\"Rome\"}"}`, want: `{"order_id":"x","address":{"city":"Rome"}}`, note: "address: string to object"},
		{name: "cut object text stays", text: `{"order_id":"x","address":"{\"city\":\"Rome\""}`,
			want: `{"order_id":"x","address":"{\"city\":\"Rome\""}`, invalid: true},
		{name: "text stays text", text: `{"order_id":"{\"a\":1}"}`, want: `{"order_id":"{\"a\":1}"}`},
		{name: "text for an array", text: `{"order_id":"x","tags":"a"}`, want: `{"order_id":"x","tags":["a"]}`, note: "tags: string to array of one"},
		{name: "number for an array", text: `{"order_id":"x","sizes":7}`, want: `{"order_id":"x","sizes":[7]}`, note: "sizes: number to array of one"},
		{name: "object for an array", text: `{"order_id":"x","lines":{"sku":"a"}}`, want: `{"order_id":"x","lines":[{"sku":"a"}]}`, note: "lines: object to array of one"},
		{name: "blank for an array stays", text: `{"order_id":"x","tags":""}`, want: `{"order_id":"x","tags":""}`, invalid: true},
		{name: "wrong item for an array stays", text: `{"order_id":"x","sizes":"big"}`, want: `{"order_id":"x","sizes":"big"}`, invalid: true},
		{name: "null of an optional", text: `{"order_id":"x","qty":null}`, want: `{"order_id":"x"}`, note: "qty: null for an optional property dropped"},
		{name: "null text of an optional", text: `{"order_id":"x","qty":"null"}`, want: `{"order_id":"x"}`, note: "qty: null for an optional property dropped"},
		{name: "None text of an enum", text: `{"order_id":"x","reason":"None"}`, want: `{"order_id":"x"}`, note: "reason: null for an optional property dropped"},
		{name: "null text of a nullable", text: `{"order_id":"x","count":"null"}`, want: `{"order_id":"x","count":null}`, note: "count: string to null"},
		{name: "null of a required stays", text: `{"order_id":null}`, want: `{"order_id":null}`, invalid: true},
		{name: "null in an array stays", text: `{"order_id":"x","tags":[null]}`, want: `{"order_id":"x","tags":[null]}`, invalid: true},
		{name: "null below", text: `{"order_id":"x","address":{"city":"Rome","zip":null}}`,
			want: `{"order_id":"x","address":{"city":"Rome"}}`, note: "address.zip: null for an optional property dropped"},
		{name: "case of an enum", text: `{"order_id":"x","reason":"No Longer Needed"}`,
			want: `{"order_id":"x","reason":"no longer needed"}`, note: "reason: spelling of the allowed value"},
		{name: "near enum stays", text: `{"order_id":"x","reason":"mistake"}`, want: `{"order_id":"x","reason":"mistake"}`, invalid: true},
		{name: "number of an untyped enum", text: `{"order_id":"x","level":"2"}`, want: `{"order_id":"x","level":2}`, note: "level: string to number"},
		{name: "unknown property", text: `{"order_id":"x","extra":{"a":1}}`, want: `{"order_id":"x"}`, note: "extra: unknown property dropped"},
		{name: "unknown property below", text: `{"order_id":"x","address":{"city":"Rome","x y":1}}`,
			want: `{"order_id":"x","address":{"city":"Rome"}}`, note: `address["x y"]: unknown property dropped`},
		{name: "unknown property of an open object", text: `{"order_id":"x","lines":[{"sku":"a","colour":"red"}]}`, want: `{"order_id":"x","lines":[{"sku":"a","colour":"red"}]}`},
		{name: "number of a nullable text", text: `{"order_id":"x","note":5}`, want: `{"order_id":"x","note":"5"}`, note: "note: number to string"},
		{name: "one branch takes it", text: `{"order_id":"x","either":"true"}`, want: `{"order_id":"x","either":true}`, note: "either: string to boolean"},
		{name: "no branch takes it", text: `{"order_id":"x","either":"x"}`, want: `{"order_id":"x","either":"x"}`, invalid: true},
		{name: "the branch of its type", text: `{"order_id":"x","contact":{"city":7,"floor":"top"}}`,
			want: `{"order_id":"x","contact":{"city":"7","floor":"top"}}`, note: "contact.city: number to string", invalid: true},
		{name: "key given twice", text: `{"order_id":"x","qty":1,"qty":2}`, want: `{"order_id":"x","qty":2}`, note: "qty: given twice, the last value kept"},
		{name: "key given twice by escape", text: `{"order_id":"x","qty":1,"\u0071ty":2}`, want: `{"order_id":"x","qty":2}`, note: "qty: given twice, the last value kept"},
		{name: "key given twice below", text: `{"order_id":"x","lines":[{"sku":"a","sku":"b"}]}`,
			want: `{"order_id":"x","lines":[{"sku":"b"}]}`, note: "lines[0].sku: given twice, the last value kept"},
		{name: "text of integers within text", text: `{"order_id":"x","lines":"[{\"sku\":\"a\",\"qty\":2.0}]"}`,
			want: `{"order_id":"x","lines":[{"sku":"a","qty":2}]}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			read, err := coercer.Parse(row.text, true)
			require.NoError(t, err)
			assert.Equal(t, row.want, string(read.JSON))
			assert.Equal(t, !row.invalid, read.Valid)
			assert.False(t, read.Repaired)
			if row.note != "" {
				assert.Equal(t, []string{row.note}, read.Notes)
			}
			validator, err := schema.Compile(json.RawMessage(order))
			require.NoError(t, err)
			assert.Equal(t, read.Valid, validator.Validate(read.JSON) == nil, "Valid must agree with Validate")
		})
	}
}

func TestRepair(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"trailing comma", `{"a":1,}`, `{"a":1}`},
		{"trailing comma in an array", `{"a":[1,2,],}`, `{"a":[1,2]}`},
		{"single quotes", `{'a':'b'}`, `{"a":"b"}`},
		{"apostrophe in single quotes", `{'a': 'don't send it', 'b': 'the boys' room, please'}`, `{"a":"don't send it","b":"the boys' room, please"}`},
		{"apostrophe in double quotes", `{"a": "don't", 'b': "it's",}`, `{"a":"don't","b":"it's"}`},
		{"escaped apostrophe", `{'a': 'don\'t'}`, `{"a":"don't"}`},
		{"escaped apostrophe in double quotes", `{"a": "don\'t"}`, `{"a":"don't"}`},
		{"double quotes in single quotes", `{'a': 'say "hi"'}`, `{"a":"say \"hi\""}`},
		{"list of single quotes", `{'a': ['x', 'it's', 'y']}`, `{"a":["x","it's","y"]}`},
		{"Python literals", `{"a": True, "b": False, "c": None, "d": [True]}`, `{"a":true,"b":false,"c":null,"d":[true]}`},
		{"Python words within strings", `{"a": "True, None", 'b': 'None'}`, `{"a":"True, None","b":"None"}`},
		{"bare keys", `{a: 1, order_id: "x", été: 2}`, `{"a":1,"order_id":"x","été":2}`},
		{"raw newline", "{\"a\":\"x\ny\r\n\tz\x01\"}", `{"a":"x\ny\r\n\tz\u0001"}`},
		{"invalid escape", `{"a":"C:\dir \q"}`, `{"a":"C:\\dir \\q"}`},
		{"Python hex escape", `{'a': '\xe9'}`, `{"a":"\u00e9"}`},
		{"code fence", "```json\n{\"a\": 1}\n```", `{"a":1}`},
		{"bare code fence", "```\n{\"a\": 1}\n```\n", `{"a":1}`},
		{"prose around", "Here are the arguments:\n{\"a\": 1}\nLet me know if that's fine.", `{"a":1}`},
		{"prose and fence", "Sure! I'll call it.\n```json\n{\"a\": {\"b\": \"}\"}}\n```\nDone.", `{"a":{"b":"}"}}`},
		{"special token after it", `{"a":1}<|im_end|>`, `{"a":1}`},
		{"closed too often", `{"a":{"b":1}}}`, `{"a":{"b":1}}`},
		{"missing brace", `{"a":{"b":[1,2]}`, `{"a":{"b":[1,2]}}`},
		{"missing brackets", `{"a":[{"b":"x"`, `{"a":[{"b":"x"}]}`},
		{"missing bracket inside", `{"a":[1,2}`, `{"a":[1,2]}`},
		{"cut after a comma", `{"a":1,`, `{"a":1}`},
		{"byte order mark", "\uFEFF{\"a\":1}", `{"a":1}`},
		{"not UTF-8", "{\"a\":\"x\xff\"}", "{\"a\":\"x\uFFFD\"}"},
		{"list of everything in single quotes", `{'a': ['b', True, 'c', 1, 'd', {'e': 'f'}, 'g', [], 'h', ]}`, `{"a":["b",true,"c",1,"d",{"e":"f"},"g",[],"h"]}`},
		{"apostrophe before a comma", `{'a': ['boys', girls', 'x'], 'b': 'yes', he said'}`, `{"a":["boys', girls","x"],"b":"yes', he said"}`},
		{"single quotes before bare keys", `{'a': 'b', c: 'd', "e": 'f'}`, `{"a":"b","c":"d","e":"f"}`},
		{"backslash at the end of a string", `{'a': 'b\\'}`, `{"a":"b\\"}`},
		{"braces in strings", `{'a': '}{', "b": "]["}`, `{"a":"}{","b":"]["}`},
		{"numbers keep their text", `{'a': 1.50, 'b': -0, 'c': 12345678901234567890}`, `{"a":1.50,"b":-0,"c":12345678901234567890}`},
		{"doubly encoded and single quoted", `"{'a': 1}"`, `{"a":1}`},
		{"quoted as a whole", `'{"a":"it's"}'`, `{"a":"it's"}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			read, err := arguments.Parse(row.text, nil, true)
			require.NoError(t, err)
			assert.Equal(t, row.want, string(read.JSON))
			assert.True(t, read.Repaired)
			assert.Contains(t, read.Notes, "arguments: JSON syntax repaired")
		})
	}
}

func TestMalformed(t *testing.T) {
	for _, row := range []struct{ name, text, reason string }{
		{"prose", "I cannot do that", "no JSON object"},
		{"open string", `{"a":"x`, "a string that does not end at byte 5"},
		{"open single-quoted string", `{'a':'x`, "a string that does not end at byte 5"},
		{"open key", `{"a`, "a string that does not end"},
		{"key alone", `{"a"`, "a colon is missing"},
		{"missing value", `{"a":`, "a value is missing"},
		{"missing value before the brace", `{"a":}`, "a value is missing"},
		{"cut literal", `{"a":tru`, "neither quoted nor a number"},
		{"cut number", `{"a":-`, "neither quoted nor a number"},
		{"bare word", `{"a":damaged}`, "neither quoted nor a number"},
		{"leading zero", `{"a":00123}`, "neither quoted nor a number"},
		{"not a number", `{"a":NaN}`, "neither quoted nor a number"},
		{"missing comma", `{"a":1 "b":2}`, "a comma is missing"},
		{"double comma", `{"a":[1,,2]}`, "a value is missing"},
		{"unescaped quotes", `{"a":"say "hi" now"}`, "a comma is missing"},
		{"two objects", `{"a":1}{"b":2}`, "text after the end"},
		{"closed too early", `{"a":1},"b":2}`, "text after the end"},
		{"wrong bracket", `{"a":{"b":1],"c":2`, "a comma is missing"},
		{"pairs before the object", `qty=2, opts={"a":1}`, "no JSON object"},
		{"array", `[{"a":1}]`, "want a JSON object, got array"},
		{"number", `5`, "want a JSON object, got number"},
		{"text in a string", `"hello"`, "no JSON object"},
		{"encoded too often", encode(5, `{"a":1}`), "encoded as a string more than 3 times"},
		{"too deep", strings.Repeat("[", 200), "more than 128 levels"},
		{"too deep but valid", `{"a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}", "more than 128 levels"},
		{"bad escape in a key", `{"\u12":}`, "a value is missing"},
		{"exponent without digits", `{"a":1e}`, "neither quoted nor a number"},
		{"point without digits", `{"a":1.}`, "neither quoted nor a number"},
		{"value without a key", `{"a":1,:2}`, "a key is missing"},
		{"text after a single-quoted string", `{'a':'b' 'c}`, "a string that does not end"},
		{"comment", `{"a":1 /* one */}`, "a comma is missing"},
	} {
		t.Run(row.name, func(t *testing.T) {
			read, err := arguments.Parse(row.text, nil, true)
			require.ErrorIs(t, err, arguments.ErrMalformed)
			assert.ErrorContains(t, err, row.reason)
			assert.Nil(t, read.JSON)
		})
	}
}

// encode wraps text into a JSON string, times over.
func encode(times int, text string) string {
	for range times {
		raw, _ := json.Marshal(text)
		text = string(raw)
	}
	return text
}

func TestIncomplete(t *testing.T) {
	for _, text := range []string{`{"a":[1,2]`, `{"a":{"b":1}`, `{"a":1,`, `{"a":[1,2}`, `{`} {
		_, err := arguments.Parse(text, nil, false)
		require.ErrorIs(t, err, arguments.ErrMalformed, text)
		assert.ErrorContains(t, err, "closing bracket is missing", text)
	}
	read, err := arguments.Parse(`{'a':1,}`, nil, false)
	require.NoError(t, err)
	assert.JSONEq(t, `{"a":1}`, string(read.JSON))
}

func TestEmpty(t *testing.T) {
	for _, text := range []string{"", " \n", "null", " null ", `""`, `"null"`, "{}", "{ }"} {
		read, err := arguments.Parse(text, json.RawMessage(`{"type":"object","properties":{}}`), false)
		require.NoError(t, err, text)
		assert.Equal(t, "{}", string(read.JSON), text)
		assert.True(t, read.Valid, text)
		assert.False(t, read.Repaired, text)
	}
	read, err := arguments.Parse("", json.RawMessage(order), true)
	require.NoError(t, err)
	assert.False(t, read.Valid, "a required property is missing")
}

func TestDoublyEncoded(t *testing.T) {
	for times := 1; times <= 3; times++ {
		read, err := arguments.Parse(encode(times, `{"order_id":"it's \"x\"","qty":"1"}`), json.RawMessage(order), true)
		require.NoError(t, err)
		assert.Equal(t, `{"order_id":"it's \"x\"","qty":1}`, string(read.JSON))
		assert.Contains(t, read.Notes, "arguments: unwrapped from a string")
		assert.True(t, read.Valid)
	}
}

func TestNotesHoldNoValues(t *testing.T) {
	read, err := arguments.Parse(`{'order_id': 4111111111111111, 'cvv': '123', 'qty': '77'}`, json.RawMessage(order), true)
	require.NoError(t, err)
	notes := strings.Join(read.Notes, "\n")
	for _, secret := range []string{"4111", "123", "77"} {
		assert.NotContains(t, notes, secret)
	}
	_, err = arguments.Parse(`{"password": hunter2}`, nil, true)
	require.ErrorIs(t, err, arguments.ErrMalformed)
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestOptionalPointerTakesNull(t *testing.T) {
	coercer := compile(t, `{"type":"object","properties":{"note":{"type":"string"}},"additionalProperties":false}`)
	for _, text := range []string{`{"note":null}`, `{}`, `{"note":"x"}`} {
		read, err := coercer.Parse(text, true)
		require.NoError(t, err)
		assert.True(t, read.Valid, text)
	}
}

func TestOtherSchemas(t *testing.T) {
	for _, row := range []struct{ name, schema, text, want string }{
		{"allOf", `{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}}},{"properties":{"b":{"type":"boolean"}}}],"additionalProperties":false}`,
			`{"a":"1","b":"true","c":0}`, `{"a":1,"b":true}`},
		{"reference to a root with allOf", `{"$ref":"#/$defs/A","$defs":{"A":{"type":"object","properties":{"a":{"type":"integer"}}}}}`, `{"a":"1"}`, `{"a":1}`},
		{"recursive", `{"type":"object","properties":{"n":{"type":"integer"},"next":{"$ref":"#"}}}`, `{"n":"1","next":{"n":"2","next":{"n":"3"}}}`, `{"n":1,"next":{"n":2,"next":{"n":3}}}`},
		{"additional properties", `{"type":"object","additionalProperties":{"type":"integer"}}`, `{"x":"1","y":2.0}`, `{"x":1,"y":2}`},
		{"pattern properties", `{"type":"object","patternProperties":{"^n_":{"type":"integer"}},"additionalProperties":false}`, `{"n_a":"1","x":1}`, `{"n_a":1}`},
		{"tuple", `{"type":"object","properties":{"t":{"type":"array","prefixItems":[{"type":"integer"}],"items":{"type":"boolean"}}}}`, `{"t":["1","true"]}`, `{"t":[1,true]}`},
		{"tuple of draft 7", `{"type":"object","properties":{"t":{"type":"array","items":[{"type":"integer"}],"additionalItems":{"type":"boolean"}}}}`, `{"t":["1","true"]}`, `{"t":[1,true]}`},
		{"items of draft 7", `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"t":{"type":"array","items":{"type":"integer"}}}}`, `{"t":["1"]}`, `{"t":[1]}`},
		{"oneOf by type", `{"type":"object","properties":{"v":{"oneOf":[{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]},{"type":"null"}]}}}`, `{"v":"{\"n\":\"1\"}"}`, `{"v":{"n":1}}`},
		{"two branches possible", `{"type":"object","properties":{"v":{"anyOf":[{"type":"integer"},{"type":"array","items":{"type":"string"}}]}}}`, `{"v":"5"}`, `{"v":"5"}`},
		{"object for a union with an array", `{"anyOf":[{"type":"object","required":["a"]},{"type":"array"}]}`, `{"b":1}`, `{"b":1}`},
		{"impossible", `{"allOf":[{"properties":{"a":{"type":"string"}}},{"properties":{"a":{"type":"integer"}}}]}`, `{"a":0}`, `{"a":0}`},
		{"enum of everything", `{"type":"object","properties":{"v":{"enum":[null,true,[1],{"a":1}]},"w":{"const":true}}}`, `{"v":"[1]","w":"true"}`, `{"v":[1],"w":true}`},
		{"constants of an object", `{"type":"object","properties":{"v":{"enum":[null,true,[1],{"a":1}]}}}`, `{"v":"{'a': 1}"}`, `{"v":{"a":1}}`},
		{"too large for any integer", `{"type":"object","properties":{"v":{"type":"integer"},"w":{"type":"integer"}}}`, `{"v":1e99,"w":10.00000000000000000000000000000000000000000}`, `{"v":1e99,"w":10.00000000000000000000000000000000000000000}`},
		{"numbers of a longer tuple", `{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"t":{"items":[{"type":"integer"}]}}}`, `{"t":[1.0,1.0]}`, `{"t":[1,1.0]}`},
		{"constant", `{"type":"object","properties":{"v":{"const":"Refund"}}}`, `{"v":"refund"}`, `{"v":"Refund"}`},
		{"ambiguous enum", `{"type":"object","properties":{"v":{"enum":["a","A"]}}}`, `{"v":" a"}`, `{"v":" a"}`},
		{"closed to everything", `{"type":"object","additionalProperties":false}`, `{"a":1}`, `{}`},
		{"false schema", `{"type":"object","properties":{"a":false,"b":true}}`, `{"a":1,"b":2}`, `{"a":1,"b":2}`},
		{"type list", `{"type":"object","properties":{"v":{"type":["integer","null"]}}}`, `{"v":"7"}`, `{"v":7}`},
		{"integer and text", `{"type":"object","properties":{"v":{"type":["integer","string"]}}}`, `{"v":1.5}`, `{"v":"1.5"}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			read, err := arguments.Parse(row.text, json.RawMessage(row.schema), true)
			require.NoError(t, err)
			assert.Equal(t, row.want, string(read.JSON))
		})
	}
}

func TestHostileInput(t *testing.T) {
	coercer := compile(t, order)
	many := `{"order_id":"x","free":{` + strings.Repeat(`"a":1,`, 20_000) + `"a":2}}`
	read, err := coercer.Parse(many, true)
	require.NoError(t, err)
	assert.Equal(t, `{"order_id":"x","free":{"a":2}}`, string(read.JSON))

	read, err = coercer.Parse(`{"order_id":"x","qty":1e999999999}`, true)
	require.NoError(t, err)
	assert.False(t, read.Valid)

	// A union that refers to itself twice doubles the work at every level.
	doubling := compile(t, `{"type":"object","properties":{"c":{"$ref":"#/$defs/n"}},"$defs":{"n":{"anyOf":[
		{"type":"object","properties":{"c":{"$ref":"#/$defs/n"}},"required":["x"]},
		{"type":"object","properties":{"c":{"$ref":"#/$defs/n"}},"required":["y"]}]}}}`)
	read, err = doubling.Parse(strings.Repeat(`{"c":`, 100)+"1"+strings.Repeat("}", 100), true)
	require.NoError(t, err)
	assert.False(t, read.Valid)
}

func TestBadSchema(t *testing.T) {
	_, err := arguments.Compile(json.RawMessage(`{"type":"string"}`))
	require.Error(t, err)
	_, err = arguments.Parse("{}", json.RawMessage(`{`), true)
	require.Error(t, err)
	assert.NotErrorIs(t, err, arguments.ErrMalformed)
}

func TestManyKeys(t *testing.T) {
	var members []string
	for i := range 100 {
		members = append(members, fmt.Sprintf(`"k%d":%d`, i, i))
	}
	text := "{" + strings.Join(members, ",") + "}"
	read, err := arguments.Parse(text, nil, true)
	require.NoError(t, err)
	assert.Equal(t, text, string(read.JSON))

	read, err = arguments.Parse(`{"k99":0,`+text[1:], nil, true)
	require.NoError(t, err)
	assert.Equal(t, `{"k99":99,`+strings.TrimSuffix(text[1:], `,"k99":99}`)+"}", string(read.JSON))
	assert.Equal(t, []string{"k99: given twice, the last value kept"}, read.Notes)

	read, err = arguments.Parse("{"+strings.Repeat(strings.Join(members, ",")+",", 3)+"}", nil, true)
	require.NoError(t, err)
	assert.Len(t, read.Notes, 33)
	assert.Equal(t, "… and 169 more", read.Notes[32])
}

func TestTooManySteps(t *testing.T) {
	coercer := compile(t, order)
	text := `{"order_id":"x","sizes":["1"` + strings.Repeat(`,"1"`, 60_000) + `]}`
	read, err := coercer.Parse(text, true)
	require.NoError(t, err)
	assert.Equal(t, text, string(read.JSON), "nothing is coerced rather than a part")
	assert.False(t, read.Valid)
	assert.Empty(t, read.Notes)
}

func TestConcurrentUse(t *testing.T) {
	coercer := compile(t, order)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				read, err := coercer.Parse(`{"order_id":5,"qty":"1","lines":[{"sku":1,"qty":2.0}]}`, true)
				assert.NoError(t, err)
				assert.Equal(t, `{"order_id":"5","qty":1,"lines":[{"sku":"1","qty":2}]}`, string(read.JSON))
			}
		})
	}
	group.Wait()
}
