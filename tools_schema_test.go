package frontdesk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// The argument of a tool with about everything that a schema can say.
type (
	shipment struct {
		contact
		OrderID   string            `json:"order_id" jsonschema:"example=ORD-9281" jsonschema_description:"Number of the order, with its prefix"`
		Speed     speed             `json:"speed" jsonschema:"enum=standard,enum=express,default=standard"`
		Items     []item            `json:"items" jsonschema:"minItems=1"`
		To        address           `json:"to"`
		BillTo    *address          `json:"bill_to,omitempty"`
		Labels    map[string]string `json:"labels,omitempty"`
		Shelves   map[int]float64   `json:"shelves,omitempty"`
		NotBefore time.Time         `json:"not_before,omitzero"`
		Gift      bool              `json:"gift,omitempty"`
		Weight    float64           `json:"weight,omitempty" jsonschema:"exclusiveMinimum=0"`
		Grid      [2][]int          `json:"grid,omitempty"`
		Extra     any               `json:"extra,omitempty"`
		Count     uint              `json:"count,omitempty"`
		Required  string            `json:"required,omitempty" jsonschema:"required"`
		Untagged  string
		Hidden    chan int `json:"-"`
		internal  string
	}
	contact struct {
		Email string  `json:"email" jsonschema:"format=email"`
		Phone *string `json:"phone,omitempty"`
	}
	speed string
	item  struct {
		SKU      string `json:"sku" jsonschema:"pattern=^[A-Z]{2}-[0-9]+$"`
		Quantity int    `json:"quantity" jsonschema:"minimum=1,maximum=99"`
	}
	address struct {
		Street  string `json:"street"`
		Country string `json:"country" jsonschema:"enum=DE,enum=FR" jsonschema_description:"Where to, as two letters"`
	}
)

const shipmentSchema = `{
	"type": "object",
	"properties": {
		"email": {"type": "string", "format": "email"},
		"phone": {"type": "string"},
		"order_id": {"type": "string", "description": "Number of the order, with its prefix", "examples": ["ORD-9281"]},
		"speed": {"type": "string", "enum": ["standard", "express"], "default": "standard"},
		"items": {"type": "array", "minItems": 1, "items": {
			"type": "object",
			"properties": {
				"sku": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]+$"},
				"quantity": {"type": "integer", "minimum": 1, "maximum": 99}
			},
			"required": ["sku", "quantity"],
			"additionalProperties": false
		}},
		"to": {
			"type": "object",
			"properties": {
				"street": {"type": "string"},
				"country": {"type": "string", "enum": ["DE", "FR"], "description": "Where to, as two letters"}
			},
			"required": ["street", "country"],
			"additionalProperties": false
		},
		"bill_to": {
			"type": "object",
			"properties": {
				"street": {"type": "string"},
				"country": {"type": "string", "enum": ["DE", "FR"], "description": "Where to, as two letters"}
			},
			"required": ["street", "country"],
			"additionalProperties": false
		},
		"labels": {"type": "object", "additionalProperties": {"type": "string"}},
		"shelves": {"type": "object", "patternProperties": {"^-?[0-9]+$": {"type": "number"}}, "additionalProperties": false},
		"not_before": {"type": "string", "format": "date-time"},
		"gift": {"type": "boolean"},
		"weight": {"type": "number", "exclusiveMinimum": 0},
		"grid": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "array", "items": {"type": "integer"}}},
		"extra": {},
		"count": {"type": "integer", "minimum": 0},
		"required": {"type": "string"},
		"Untagged": {"type": "string"}
	},
	"required": ["email", "order_id", "speed", "items", "to", "required", "Untagged"],
	"additionalProperties": false
}`

// A schema as another system may have it, with what Go structs cannot say.
const foreignSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"$defs": {
		"money": {"type": "object", "properties": {"amount": {"type": "number", "multipleOf": 0.01, "maximum": 1.0e3}, "currency": {"const": "EUR"}}, "required": ["amount"]},
		"part": {"type": "object", "properties": {"name": {"type": "string"}, "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}}}, "required": ["name"]}
	},
	"type": "object",
	"properties": {
		"to": {"anyOf": [{"type": "string", "format": "email"}, {"type": "null"}]},
		"sum": {"$ref": "#/$defs/money"},
		"tree": {"$ref": "#/$defs/part"},
		"serial": {"type": "integer", "maximum": 12345678901234567890},
		"<html>&": {"type": ["string", "null"], "x-note": "größe \u2028 kept"}
	},
	"required": ["sum"]
}`

// seenTools returns the tools as a host sees them in a request.
func seenTools(t *testing.T, tools ...frontdesk.Tool) []frontdesk.ToolDefinition {
	t.Helper()
	server := frontdesktest.NewServer(frontdesktest.Say("Hello!"))
	defer server.Close()
	agent := newAgent(t, frontdesk.Config{Provider: server.Provider(), Tools: tools})
	play(t, agent, frontdesk.Turn{Conversation: "c-1", Text: "Hi"}, false)
	return server.Requests()[0].Tools
}

func ship(context.Context, shipment) (string, error)             { return "", nil }
func rest(context.Context, struct{}) (string, error)             { return "", nil }
func relay(context.Context, json.RawMessage) (string, error)     { return "", nil }
func lookUp(context.Context, *orderArgs) (map[string]any, error) { return nil, nil }

func TestSchemasAsTheHostSeesThem(t *testing.T) {
	tools := seenTools(t,
		frontdesk.NewTool("ship", "Send an order, \"fast\" or <slow>", ship).Trusted().WithoutAuthorize("order_id"),
		frontdesk.NewTool("take_a-break_2", "", rest).Trusted().ReadOnly(),
		frontdesk.NewTool("look_up", "Look it up", lookUp).Trusted().WithoutAuthorize("order_id").Idempotent(time.Hour).Timeout(time.Second),
		frontdesk.RawTool("pay", "Pay", json.RawMessage(foreignSchema), relay).Trusted(),
	)
	require.Len(t, tools, 4, "in the order of registration, and no other")
	for i, want := range []struct{ name, description, schema string }{
		{"ship", `Send an order, "fast" or <slow>`, shipmentSchema},
		{"take_a-break_2", "", `{"type":"object","properties":{},"additionalProperties":false}`},
		{"look_up", "Look it up", `{"type":"object","properties":{"order_id":{"type":"string","pattern":"^ORD-[0-9]+$","description":"Number of the order, like ORD-9281"}},"required":["order_id"],"additionalProperties":false}`},
		{"pay", "Pay", foreignSchema},
	} {
		t.Run(want.name, func(t *testing.T) {
			assert.Equal(t, want.name, tools[i].Name)
			assert.Equal(t, want.description, tools[i].Description)
			assert.JSONEq(t, want.schema, string(tools[i].Schema))
		})
	}
	t.Run("properties keep their order", func(t *testing.T) {
		var order []string
		var schema struct {
			Properties json.RawMessage `json:"properties"`
		}
		require.NoError(t, json.Unmarshal(tools[0].Schema, &schema))
		decoder := json.NewDecoder(bytes.NewReader(schema.Properties))
		_, err := decoder.Token()
		require.NoError(t, err)
		for decoder.More() {
			key, err := decoder.Token()
			require.NoError(t, err)
			order = append(order, key.(string))
			require.NoError(t, decoder.Decode(new(any)))
		}
		assert.Equal(t, []string{
			"email", "phone", "order_id", "speed", "items", "to", "bill_to", "labels", "shelves",
			"not_before", "gift", "weight", "grid", "extra", "count", "required", "Untagged",
		}, order)
	})
	t.Run("a foreign schema is not touched", func(t *testing.T) {
		// Only the white space between tokens may go, and how U+2028 is
		// written: numbers keep their digits and keys their order.
		var want bytes.Buffer
		require.NoError(t, json.Compact(&want, []byte(foreignSchema)))
		assert.Equal(t, want.String(), string(tools[3].Schema))
	})
	t.Run("a schema is the same each time", func(t *testing.T) {
		for range 20 {
			again := seenTools(t, frontdesk.NewTool("ship", "", ship).Trusted().WithoutAuthorize("order_id"))
			require.Equal(t, string(tools[0].Schema), string(again[0].Schema))
		}
	})
}

// TestShipmentArrives is about the way back: what fits the schema arrives in
// the struct.
func TestShipmentArrives(t *testing.T) {
	var got shipment
	tool := frontdesk.NewTool("ship", "Send an order", func(_ context.Context, in shipment) (string, error) {
		got = in
		return "sent", nil
	}).Trusted().WithoutAuthorize("order_id")
	provider := frontdesktest.NewProvider(
		frontdesktest.Call("ship", `{"email":"ana@example.com","phone":"123","order_id":"ORD-1","speed":"express",
			"items":[{"sku":"AB-1","quantity":2}],"to":{"street":"Rue 1","country":"FR"},"bill_to":{"street":"Weg 2","country":"DE"},
			"labels":{"a":"b"},"shelves":{"-3":1.5},"not_before":"2026-05-31T14:00:00Z","gift":true,"weight":0.5,"grid":[[1],[2,3]],
			"extra":{"any":["thing"]},"count":7,"required":"r","Untagged":"u"}`),
		frontdesktest.Say("It is on its way."),
	)
	agent := newAgent(t, frontdesk.Config{Unguarded: true, Provider: provider, Tools: []frontdesk.Tool{tool}})
	reply := play(t, agent, frontdesk.Turn{Conversation: "c-1", Text: "Send it"}, false)
	require.Equal(t, "sent", reply.Results[0].Content)
	phone := "123"
	assert.Equal(t, shipment{
		contact:   contact{Email: "ana@example.com", Phone: &phone},
		OrderID:   "ORD-1",
		Speed:     "express",
		Items:     []item{{"AB-1", 2}},
		To:        address{"Rue 1", "FR"},
		BillTo:    &address{"Weg 2", "DE"},
		Labels:    map[string]string{"a": "b"},
		Shelves:   map[int]float64{-3: 1.5},
		NotBefore: time.Date(2026, 5, 31, 14, 0, 0, 0, time.UTC),
		Gift:      true,
		Weight:    0.5,
		Grid:      [2][]int{{1}, {2, 3}},
		Extra:     map[string]any{"any": []any{"thing"}},
		Count:     7,
		Required:  "r",
		Untagged:  "u",
	}, got)
	assert.Empty(t, got.internal)
}

// TestNothingOfTheCallerIsInWhatTheModelSees is about what comes from the
// caller alone: who the customer is and what makes a call unique. A model that
// could write these could act for another customer.
func TestNothingOfTheCallerIsInWhatTheModelSees(t *testing.T) {
	var call frontdesk.Call
	tool := frontdesk.NewTool("pay", "Pay", func(ctx context.Context, in struct {
		Amount int `json:"amount"`
	}) (string, error) {
		call = frontdesk.CallFrom(ctx)
		return "paid", nil
	}).Trusted().Idempotent(0)
	server := frontdesktest.NewServer(frontdesktest.Call("pay", `{"amount":1}`), frontdesktest.Say("Paid."))
	defer server.Close()
	agent := newAgent(t, frontdesk.Config{
		Provider:  server.Provider(),
		Tools:     []frontdesk.Tool{tool},
		Escalator: frontdesk.EscalatorFunc(func(context.Context, frontdesk.Handoff) (string, error) { return "", nil }),
	})
	reply := play(t, agent, frontdesk.Turn{
		Conversation: "canary-conversation",
		Customer:     frontdesk.Customer{ID: "canary-customer", Tenant: "canary-tenant", Name: "Canary Name", Profile: "has paid before"},
		MessageID:    "canary-message",
		Text:         "Pay one",
	}, false)
	require.Equal(t, "canary-customer", call.Customer.ID)
	for _, request := range server.ServerRequests() {
		body := string(request.Body)
		assert.Contains(t, body, "has paid before", "the profile is for the model")
		for _, secret := range []string{"canary", "Canary", call.IdempotencyKey, reply.Turn} {
			assert.NotContains(t, body, secret)
		}
	}
	for _, tool := range server.Requests()[0].Tools {
		for _, name := range []string{"idempotency", "tenant", "customer_id", "conversation_id"} {
			assert.NotContains(t, string(tool.Schema), name)
		}
	}
}
