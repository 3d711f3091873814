package schema_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/frontdesk-go/frontdesk/internal/schema"
	"github.com/invopop/jsonschema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type base struct {
	Trace string `json:"trace,omitempty"`
}

type Shared struct {
	Region string `json:"region"`
}

type cents int64

func (cents) JSONSchema() *jsonschema.Schema { return centsSchema }

// centsSchema is shared on purpose: deriving must not write to it.
var centsSchema = &jsonschema.Schema{Type: "integer", Description: "an amount in cents"}

//lint:ignore U1000 the field is there to be looked at by reflection
type level struct{ n int }

func (*level) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Enum: []any{"low", "high"}}
}

type colour int

func (c colour) MarshalText() ([]byte, error) { return []byte("red"), nil }
func (c *colour) UnmarshalText([]byte) error  { return nil }

type page[T any] struct {
	Items []T `json:"items"`
}

//lint:ignore U1000 the field is there to be looked at by reflection
type alias struct{ hidden int }

func (alias) JSONSchemaAlias() any { return "" }

type perProperty struct {
	ID int `json:"id"`
}

func (perProperty) JSONSchemaProperty(name string) any {
	if name == "id" {
		return ""
	}
	return nil
}

type defaulted struct {
	A int `json:"a"`
}

func (d *defaulted) UnmarshalJSON(raw []byte) error { return nil }

func TestDerivedSchema(t *testing.T) {
	object := func(properties, required string) string {
		if required != "" {
			required = `,"required":[` + required + `]`
		}
		return `{"properties":{` + properties + `},"additionalProperties":false,"type":"object"` + required + `}`
	}
	one := func(property string) string { return object(`"A":`+property, `"A"`) }
	for _, row := range []struct {
		name string
		of   any
		want string
	}{
		{"nothing", struct{}{}, object("", "")},
		{"pointer to a struct", &struct{}{}, object("", "")},
		{"names and required", struct {
			A string `json:"a"`
			B int    `json:"b,omitempty"`
			C bool   `json:",omitzero"`
			D string `json:"d,omitempty" jsonschema:"required"`
			E string `json:"-"`
			F string `jsonschema:"-"`
			g string
		}{}, object(`"a":{"type":"string"},"b":{"type":"integer"},"C":{"type":"boolean"},"d":{"type":"string"}`, `"a","d"`)},
		{"constraints", struct {
			A string  `jsonschema:"enum=x,enum=y z,description=which one\\, if any"`
			B int     `jsonschema:"minimum=1,maximum=9,default=2,example=3"`
			C string  `jsonschema:"pattern=^#W[0-9]{1\\,7}$,minLength=2,maxLength=9" jsonschema_description:"The order, as printed"`
			D string  `jsonschema:"format=email,title=Mail"`
			E float64 `jsonschema:"exclusiveMinimum=0,multipleOf=0.01"`
			F []int   `jsonschema:"minItems=1,maxItems=3,uniqueItems=true,minimum=1"`
			G bool    `jsonschema:"default=true"`
		}{}, object(`"A":{"type":"string","enum":["x","y z"],"description":"which one, if any"},`+
			`"B":{"type":"integer","maximum":9,"minimum":1,"default":2,"examples":[3]},`+
			`"C":{"type":"string","maxLength":9,"minLength":2,"pattern":"^#W[0-9]{1,7}$","description":"The order, as printed"},`+
			`"D":{"type":"string","format":"email","title":"Mail"},`+
			`"E":{"type":"number","multipleOf":0.01,"exclusiveMinimum":0},`+
			`"F":{"items":{"type":"integer","minimum":1},"type":"array","maxItems":3,"minItems":1,"uniqueItems":true},`+
			`"G":{"type":"boolean","default":true}`, `"A","B","C","D","E","F","G"`)},
		{"embedded", struct {
			base
			*Shared
			A int `json:"a"`
		}{}, object(`"trace":{"type":"string"},"region":{"type":"string"},"a":{"type":"integer"}`, `"region","a"`)},
		{"embedded with a name", struct {
			Shared `json:"where"`
		}{}, object(`"where":`+object(`"region":{"type":"string"}`, `"region"`), `"where"`)},
		{"optional pointer", struct {
			A *string `json:",omitempty"`
		}{}, object(`"A":{"type":"string"}`, "")},
		{"pointer to a pointer", struct{ A **int }{}, one(`{"type":"integer"}`)},
		{"any", struct{ A any }{}, one(`{}`)},
		{"any with a description", struct {
			A any `jsonschema_description:"what you like"`
		}{}, one(`{"description":"what you like"}`)},
		{"raw message", struct{ A json.RawMessage }{}, one(`{}`)},
		{"list of any", struct{ A []any }{}, one(`{"items":{},"type":"array"}`)},
		{"map", struct{ A map[string]int }{}, one(`{"additionalProperties":{"type":"integer"},"type":"object"}`)},
		{"map of any", struct{ A map[string]any }{}, one(`{"type":"object"}`)},
		{"map of structs", struct{ A map[string]Shared }{}, one(`{"additionalProperties":` + object(`"region":{"type":"string"}`, `"region"`) + `,"type":"object"}`)},
		{"map by integer", struct{ A map[int]bool }{}, one(`{"patternProperties":{"^-?[0-9]+$":{"type":"boolean"}},"additionalProperties":false,"type":"object"}`)},
		{"map of any by unsigned", struct{ A map[uint8]any }{}, one(`{"patternProperties":{"^[0-9]+$":{}},"additionalProperties":false,"type":"object"}`)},
		{"map by text", struct{ A map[colour]string }{}, one(`{"additionalProperties":{"type":"string"},"type":"object"}`)},
		{"time", struct{ A time.Time }{}, one(`{"type":"string","format":"date-time"}`)},
		{"bytes", struct{ A []byte }{}, one(`{"type":"string","contentEncoding":"base64"}`)},
		{"array", struct{ A [2]string }{}, one(`{"items":{"type":"string"},"type":"array","maxItems":2,"minItems":2}`)},
		{"unsigned", struct{ A uint16 }{}, one(`{"type":"integer","minimum":0}`)},
		{"number", struct{ A json.Number }{}, one(`{"type":"number"}`)},
		{"big integer", struct{ A *big.Int }{}, one(`{"type":"integer"}`)},
		{"text", struct {
			A netip.Addr
			B net.IP
			C colour
		}{}, object(`"A":{"type":"string"},"B":{"type":"string"},"C":{"type":"string"}`, `"A","B","C"`)},
		{"enum of a text type", struct {
			A colour `jsonschema:"enum=red"`
		}{}, one(`{"type":"string","enum":["red"]}`)},
		{"own schema", struct {
			A cents
			B cents `jsonschema:"minimum=1" jsonschema_description:"the fee"`
			C cents
		}{}, object(`"A":{"type":"integer","description":"an amount in cents"},"B":{"type":"integer","minimum":1,"description":"the fee"},`+
			`"C":{"type":"integer","description":"an amount in cents"}`, `"A","B","C"`)},
		{"own schema of a list", struct {
			A centsList `jsonschema:"minimum=1"`
		}{}, one(`{"items":{"type":"integer","minimum":1,"description":"an amount in cents"},"type":"array","x-unit":"cent"}`)},
		{"own schema of a map, on top", table{}, `{"additionalProperties":{"type":"integer"},"type":"object"}`},
		{"named item of an embedded type", struct{ colour colour }{}, object("", "")},
		{"own schema on the pointer", struct{ A level }{}, one(`{"type":"string","enum":["low","high"]}`)},
		{"alias", struct{ A alias }{}, one(`{"type":"string"}`)},
		{"alias of a property", perProperty{}, object(`"id":{"type":"string"}`, `"id"`)},
		{"quoted number", struct {
			A int `json:",string" jsonschema:"pattern=^[0-9]+$"`
		}{}, one(`{"type":"string","pattern":"^[0-9]+$"}`)},
		{"generic", page[Shared]{}, object(`"items":{"items":`+object(`"region":{"type":"string"}`, `"region"`)+`,"type":"array"}`, `"items"`)},
		{"the same type twice", struct{ A, B Shared }{}, object(`"A":`+object(`"region":{"type":"string"}`, `"region"`)+
			`,"B":`+object(`"region":{"type":"string"}`, `"region"`), `"A","B"`)},
		{"decodes itself from its fields", struct{ A defaulted }{}, one(object(`"a":{"type":"integer"}`, `"a"`))},
		{"nullable", struct {
			A string `jsonschema:"nullable"`
		}{}, one(`{"oneOf":[{"type":"string"},{"type":"null"}]}`)},
		{"another type", struct {
			A any `jsonschema:"type=string,enum=x"`
		}{}, one(`{"type":"string","enum":["x"]}`)},
	} {
		t.Run(row.name, func(t *testing.T) {
			for range 2 {
				raw, err := schema.For(reflect.TypeOf(row.of))
				require.NoError(t, err)
				assert.Equal(t, row.want, string(raw))
			}
		})
	}
	assert.Equal(t, &jsonschema.Schema{Type: "integer", Description: "an amount in cents"}, centsSchema)
}

// A type of the same name inside the root must not take the root's place.
func TestTypesOfTheSameName(t *testing.T) {
	type inner = Shared
	root := func() reflect.Type {
		type Shared struct{ Inner inner }
		return reflect.TypeFor[Shared]()
	}()
	require.Equal(t, "Shared", root.Name())
	raw, err := schema.For(root)
	require.NoError(t, err)
	assert.Contains(t, string(raw), `{"properties":{"Inner":{"properties":{"region":`)
}

type node struct{ Next *node }
type viaSlice struct{ Children []viaSlice }
type viaMap struct{ Children map[string]viaMap }
type viaArray struct{ Children [1][]viaArray }
type left struct{ R *right }
type right struct{ L *left }
type Embeds struct{ *Embeds }
type list []list
type tree[T any] struct {
	Value T
	Nodes []tree[T]
}

//lint:ignore U1000 the field is there to be looked at by reflection
type looped struct{ hidden int }

func (looped) JSONSchemaAlias() any { return looped{} }

type doubling0 struct{ A, B int }
type doubling1 struct{ A, B doubling0 }
type doubling2 struct{ A, B doubling1 }
type doubling3 struct{ A, B doubling2 }
type doubling4 struct{ A, B doubling3 }
type doubling5 struct{ A, B doubling4 }
type doubling6 struct{ A, B doubling5 }
type doubling7 struct{ A, B doubling6 }
type doubling8 struct{ A, B doubling7 }
type doubling9 struct{ A, B doubling8 }
type doubling10 struct{ A, B doubling9 }
type doubling11 struct{ A, B doubling10 }
type doubling12 struct{ A, B doubling11 }

type pointer *pointer

type promoted struct {
	cents
	Currency string
}

type nilAlias struct{}

func (nilAlias) JSONSchemaAlias() any { return nil }

type centsList []cents

func (centsList) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: centsSchema, Extras: map[string]any{"x-unit": "cent"}}
}

type table map[string]int

func (table) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "integer"}}
}

type nilSchema struct{}

func (nilSchema) JSONSchema() *jsonschema.Schema { return nil }

type panicking struct{}

func (panicking) JSONSchema() *jsonschema.Schema { panic("no schema today") }

type brokenSchema struct{}

func (brokenSchema) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Ref: "#/$defs/none"} }

type notAnObject struct{}

func (notAnObject) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }

type selfDecoding int

func (*selfDecoding) UnmarshalJSON([]byte) error { return nil }

//lint:ignore U1000 the field is there to be looked at by reflection
type opaque struct{ hidden int }

func (*opaque) UnmarshalJSON([]byte) error { return nil }

type unexported string

func TestRefused(t *testing.T) {
	type RefundArgs struct {
		Items []struct{ Parent node }
	}
	for _, row := range []struct {
		of   any
		want string
	}{
		{nil, "got nil"},
		{"", "string: arguments need a struct with named fields, got string"},
		{map[string]int{}, "use a raw tool"},
		{[]int{}, "use a raw tool"},
		{time.Time{}, "Time: arguments need a struct"},
		{notAnObject{}, "notAnObject: the derived schema is not usable: the schema must describe an object"},

		{RefundArgs{}, "RefundArgs.Items.Parent.Next: recursive type node: a tool's arguments cannot refer to themselves"},
		{node{}, "node.Next: recursive type node"},
		{viaSlice{}, "viaSlice.Children: recursive type viaSlice"},
		{viaMap{}, "viaMap.Children: recursive type viaMap"},
		{viaArray{}, "viaArray.Children: recursive type viaArray"},
		{left{}, "left.R.L: recursive type left"},
		{struct{ Embeds }{}, "struct.Embeds.Embeds: recursive type Embeds"},
		{struct{ A list }{}, "struct.A: recursive type list"},
		{tree[int]{}, "recursive type tree[int]"},
		{struct{ A looped }{}, "struct.A: recursive type looped"},
		{doubling12{}, "more than 5000 values"},

		{struct{ A chan int }{}, "struct.A: type chan int cannot be sent as JSON"},
		{struct{ A func() }{}, "struct.A: type func()"},
		{struct{ A []complex64 }{}, "struct.A: type complex64"},
		{struct{ A complex128 }{}, "struct.A: type complex128"},
		{struct{ A unsafe.Pointer }{}, "struct.A: type unsafe.Pointer"},
		{struct{ A uintptr }{}, "struct.A: type uintptr"},
		{struct{ A io.Reader }{}, "struct.A: interface type io.Reader has no schema"},
		{struct{ A error }{}, "struct.A: interface type error"},
		{struct{ A map[bool]int }{}, "struct.A: map keys of type bool"},
		{struct{ A map[float64]int }{}, "struct.A: map keys of type float64"},
		{struct{ A map[Shared]int }{}, "struct.A: map keys of type schema_test.Shared"},
		{struct{ A map[string]chan int }{}, "struct.A: type chan int"},
		{struct{ A time.Duration }{}, `struct.A: time.Duration is decoded from a number of nanoseconds`},
		{struct{ A []*time.Duration }{}, "struct.A: time.Duration"},
		{struct{ A url.URL }{}, "struct.A: url.URL cannot be decoded from JSON"},
		{struct{ A selfDecoding }{}, "struct.A: selfDecoding decodes itself"},
		{struct{ A opaque }{}, "struct.A: opaque decodes itself"},
		{struct{ A pointer }{}, "struct.A: recursive type pointer"},
		{struct{ A promoted }{}, "struct.A: promoted takes the JSONSchema method of the embedded cents"},
		{struct{ A nilAlias }{}, "struct.A: JSONSchemaAlias of nilAlias returns nil"},
		{struct {
			A centsList `jsonschema:"pattern=x"`
		}{}, "it does not apply to a field that is integer"},
		{struct{ A nilSchema }{}, "struct.A: JSONSchema of nilSchema returns nil"},
		{struct{ A panicking }{}, "struct: deriving the schema panicked: no schema today"},
		{struct{ A brokenSchema }{}, "struct: the derived schema is not usable: invalid schema"},

		{sameName, `struct.B: the JSON name "x" is already used by struct.A`},
		{struct {
			Shared
			Region string `json:"region"`
		}{}, `struct.Region: the JSON name "region" is already used by struct.Shared.Region`},
		{struct {
			A int `json:" "`
		}{}, "struct.A: the JSON name is blank"},
		{struct {
			//lint:ignore SA5008 the tag is wrong on purpose
			A int `json:"it's"`
		}{}, `struct.A: encoding/json does not accept the JSON name "it's"`},
		{struct {
			//lint:ignore SA5008 the tag is wrong on purpose
			A int `json:"-,"`
		}{}, `struct.A: the JSON name "-" is left out`},
		{struct {
			A Shared `json:",inline"`
		}{}, "struct.A: encoding/json knows no inline option"},
		{struct{ unexported }{}, "struct.unexported: encoding/json ignores an embedded unexported string"},
		{struct{ *base }{}, "struct.base: encoding/json cannot set an embedded pointer"},

		{tagged(`description=a, b`), `struct.A: the jsonschema tag has " b" after "description=a": a comma ends the text`},
		{tagged(`title=a,b=c`), `a comma ends the text`},
		{tagged(`requird`), `struct.A: unknown keyword "requird" in the jsonschema tag`},
		{tagged(`minLenght=3`), `unknown keyword "minLenght"`},
		{tagged(` minLength=3`), `unknown keyword " minLength"`},
		{tagged(`minLength`), `"minLength" in the jsonschema tag needs a value`},
		{tagged(`minLength=abc`), "jsonschema tag minLength=abc: it needs a whole number"},
		{tagged(`minLength=-1`), "it needs a whole number"},
		{tagged(`pattern=[`), "not a regular expression"},
		{tagged(`pattern=^(?=a)`), "not a regular expression that can be checked"},
		{tagged(`readOnly=yes`), "it needs one of true, false"},
		{tagged(`type=text`), "it needs one of string, number"},
		{tagged(`oneof_type=string;text`), "it needs one of string, number"},
		{tagged(`oneof_type=string;null,enum=a`), "no effect on a field without a JSON type"},
		{tagged(`minimum=1`), "it does not apply to a field that is string"},
		{tagged(`minItems=1`), "it does not apply to a field that is string"},
		{struct {
			A int `jsonschema:"minimum=abc"`
		}{}, "struct.A: jsonschema tag minimum=abc: it needs a number"},
		{struct {
			A int `jsonschema:"minimum=1e999999"`
		}{}, "it needs a number"},
		{struct {
			A int `jsonschema:"multipleOf=0"`
		}{}, "it needs a number above 0"},
		{struct {
			A int `jsonschema:"enum=a"`
		}{}, "jsonschema tag enum=a: it needs a number"},
		{struct {
			A int `jsonschema:"enum=1.5"`
		}{}, "the field's type cannot hold the value"},
		{struct {
			A int8 `jsonschema:"enum=300"`
		}{}, "the field's type cannot hold the value"},
		{struct {
			A uint `jsonschema:"default=-1"`
		}{}, "the field's type cannot hold the value"},
		{struct {
			A int `jsonschema:"minLength=1"`
		}{}, "it does not apply to a field that is integer"},
		{struct {
			A bool `jsonschema:"enum=true"`
		}{}, "it does not apply to a field that is boolean"},
		{struct {
			A bool `jsonschema:"default=yes"`
		}{}, "it needs one of true, false"},
		{struct {
			A any `jsonschema:"enum=a"`
		}{}, "no effect on a field without a JSON type"},
		{struct {
			A Shared `jsonschema:"enum=a"`
		}{}, "it does not apply to a field that is object"},
		{struct {
			A []string `jsonschema:"pattern=^a=b$"`
		}{}, "it would be dropped"},
		{struct {
			A []int `jsonschema:"enum=a"`
		}{}, "it needs a number"},
		{struct {
			A []int `jsonschema:"pattern=a"`
		}{}, "it does not apply to a field that is integer"},
		{struct {
			A []int `jsonschema:"default=1"`
		}{}, "only lists of strings can have a default"},
		{struct {
			A [][]string `jsonschema:"enum=a"`
		}{}, "no effect on these items"},
		{struct {
			A []string `jsonschema:"uniqueItems"`
		}{}, "needs a value"},
		{struct {
			A []string `jsonschema:"minItems=x"`
		}{}, "it needs a whole number"},
	} {
		t.Run(fmt.Sprintf("%T %s", row.of, row.want), func(t *testing.T) {
			raw, err := schema.For(reflect.TypeOf(row.of))
			require.ErrorContains(t, err, row.want)
			assert.Nil(t, raw)
		})
	}
}

// sameName is a value of a struct with two fields of one JSON name, which vet
// does not let anyone write down.
var sameName = reflect.Zero(reflect.StructOf([]reflect.StructField{
	{Name: "A", Type: reflect.TypeFor[int](), Tag: `json:"x"`},
	{Name: "B", Type: reflect.TypeFor[int](), Tag: `json:"x"`},
})).Interface()

// tagged is a value of a struct with one string field under a jsonschema tag.
func tagged(tag string) any {
	return reflect.Zero(reflect.StructOf([]reflect.StructField{{
		Name: "A", Type: reflect.TypeFor[string](), Tag: reflect.StructTag(fmt.Sprintf("jsonschema:%q", tag)),
	}})).Interface()
}

func TestDerivedSchemaDecodesWhatItAccepts(t *testing.T) {
	type line struct {
		SKU string `json:"sku" jsonschema:"pattern=^[A-Z]+$"`
		Qty uint8  `json:"qty" jsonschema:"minimum=1,maximum=255"`
	}
	type args struct {
		Shared
		Lines []line           `json:"lines" jsonschema:"minItems=1"`
		When  time.Time        `json:"when"`
		Notes map[int]string   `json:"notes,omitempty"`
		Proof []byte           `json:"proof,omitempty"`
		From  *netip.Addr      `json:"from,omitempty"`
		Extra *json.RawMessage `json:"extra,omitempty"`
	}
	raw, err := schema.For(reflect.TypeFor[args]())
	require.NoError(t, err)
	validator, err := schema.Compile(raw)
	require.NoError(t, err)
	accepted := json.RawMessage(`{"region":"eu","lines":[{"sku":"AB","qty":2}],"when":"2024-05-31T14:00:00+02:00",
		"notes":{"-1":"x"},"proof":"aGk=","from":"::1","extra":{"a":1}}`)
	require.Empty(t, validator.Validate(accepted))
	var decoded args
	require.NoError(t, json.Unmarshal(accepted, &decoded))
	assert.Equal(t, "hi", string(decoded.Proof))
	assert.Equal(t, "x", decoded.Notes[-1])
}

func TestDerivingConcurrently(t *testing.T) {
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, err := schema.For(reflect.TypeFor[struct {
				A cents `jsonschema:"minimum=1"`
			}]())
			assert.NoError(t, err)
		})
	}
	group.Wait()
}
