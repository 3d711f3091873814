package arguments_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk/internal/schema"
	"github.com/frontdesk-go/frontdesk/internal/wire/arguments"
	"github.com/stretchr/testify/require"
)

var seeds = []string{
	`{"order_id":"#W1","qty":2}`, `{"order_id":5,"qty":"2","gift":"True","price":1.0,"tags":"['a']"}`,
	`{'order_id': 'don't', "lines": {"sku":"a"},}`, "```json\n{\"order_id\":\"a\nb\"}\n```",
	`"{\"order_id\":\"x\"}"`, `{"order_id":"x","count":2.0,"either":"true","contact":"null","reason":"NO LONGER NEEDED"}`,
	`{"a":[1,{"b":"c"`, `{"a":1}}`, ``, `null`, `{"a":1,"a":{"b":1,"b":2}}`, `{"v":"{\"v\":\"[1]\"}"}`, `{"a":'x', b: None]`,
	`{"order_id":1e400,"qty":-0.0,"price":1E+2}`, `{"next":{"n":"1","next":{"n":2.0}}}`, `{"v":{"type":"B","n":"1"}}`,
}

var schemas = []string{
	order,
	`{"type":"object","properties":{"n":{"type":"integer"},"next":{"$ref":"#"},"v":{"oneOf":[
		{"type":"object","properties":{"type":{"const":"a"},"n":{"type":"string"}},"required":["type"]},
		{"type":"object","properties":{"type":{"const":"b"},"n":{"type":"integer"}},"required":["type"]},
		{"type":"array","items":{"type":"integer"}}]}}}`,
	`{"type":"object","additionalProperties":{"anyOf":[{"type":"integer"},{"type":"array","items":{"type":"string"}},{"$ref":"#"}]}}`,
	`{"allOf":[{"properties":{"a":{"type":"string"}}},{"properties":{"a":{"type":["integer","null"]},"b":{"enum":["X","y",1]}}}]}`,
	`{}`,
}

func FuzzParse(f *testing.F) {
	for i, seed := range seeds {
		f.Add(seed, i, i%2 == 0)
	}
	var validators []*schema.Validator
	for _, raw := range schemas {
		validator, err := schema.Compile(json.RawMessage(raw))
		require.NoError(f, err)
		validators = append(validators, validator)
	}
	f.Fuzz(func(t *testing.T, text string, which int, complete bool) {
		which = ((which % len(schemas)) + len(schemas)) % len(schemas)
		checkParse(t, validators[which], text, complete)
	})
}

func FuzzSchema(f *testing.F) {
	for i, seed := range seeds {
		f.Add(schemas[i%len(schemas)], seed)
	}
	f.Fuzz(func(t *testing.T, raw, text string) {
		if validator, err := schema.Compile(json.RawMessage(raw)); err == nil {
			checkParse(t, validator, text, true)
		}
	})
}

// checkParse states what holds for every schema and every text.
func checkParse(t *testing.T, validator *schema.Validator, text string, complete bool) {
	coercer := arguments.New(validator)
	read, err := coercer.Parse(text, complete)
	good := json.Valid([]byte(text)) && utf8.ValidString(text) && validator.Validate(json.RawMessage(text)) == nil
	if err != nil {
		require.ErrorIs(t, err, arguments.ErrMalformed)
		require.False(t, good, "a valid call is refused: %v", err)
		return
	}
	require.True(t, json.Valid(read.JSON), "%s", read.JSON)
	var compact bytes.Buffer
	require.NoError(t, json.Compact(&compact, read.JSON))
	require.Equal(t, compact.String(), string(read.JSON))
	require.True(t, strings.HasPrefix(compact.String(), "{"))
	require.Equal(t, read.Valid, validator.Validate(read.JSON) == nil, "%s", read.JSON)

	again, err := coercer.Parse(string(read.JSON), complete)
	require.NoError(t, err)
	require.Equal(t, string(read.JSON), string(again.JSON), "reading the result again changes it")
	require.Empty(t, again.Notes)
	require.False(t, again.Repaired)
	if good {
		require.True(t, read.Valid)
		require.False(t, read.Repaired)
		require.True(t, equal(decode(t, text), decode(t, string(read.JSON))), "%s became %s", text, read.JSON)
	}
}

func decode(t *testing.T, text string) any {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	require.NoError(t, decoder.Decode(&value))
	return value
}

// equal compares decoded JSON, numbers by their exact value.
func equal(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		if !ok || a == b {
			return ok
		}
		left, okLeft := new(big.Rat).SetString(a.String())
		right, okRight := new(big.Rat).SetString(b.String())
		return okLeft && okRight && left.Cmp(right) == 0
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, value := range a {
			other, there := b[name]
			if !there || !equal(value, other) {
				return false
			}
		}
		return true
	}
	return a == b
}

func BenchmarkParse(b *testing.B) {
	coercer := compile(b, order)
	for name, text := range map[string]string{
		"valid":   `{"order_id":"#W2378156","qty":2,"gift":false,"reason":"no longer needed","tags":["a","b"],"address":{"city":"Rome","zip":"00100"}}`,
		"spaced":  `{"order_id": "#W2378156", "qty": 2, "gift": false, "reason": "no longer needed", "tags": ["a", "b"], "address": {"city": "Rome", "zip": "00100"}}`,
		"coerced": `{"order_id":"#W2378156","qty":"2","gift":"false","reason":"No longer needed","tags":["a","b"],"address":{"city":"Rome","zip":"00100"}}`,
		"broken":  `{'order_id': '#W2378156', 'qty': 2, 'gift': False, 'reason': 'no longer needed', 'tags': ['a', 'b'], 'address': {'city': 'Rome', 'zip': '00100'},}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := coercer.Parse(text, true); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
