package frontdesk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// callOnce lets the model call a tool once and returns what became of it.
func callOnce(t *testing.T, tool frontdesk.Tool, arguments string) frontdesk.ToolResult {
	t.Helper()
	provider := frontdesktest.NewProvider(frontdesktest.Call("t", arguments), frontdesktest.Say("Done."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{tool}})
	reply := play(t, agent, frontdesk.Turn{Conversation: "c-1", Text: "Do it"}, false)
	require.Len(t, reply.Results, 1)
	messages := provider.Requests()[1].Messages
	assert.Equal(t, reply.Results[0].Content, messages[len(messages)-1].Text, "the model reads the result's content")
	return reply.Results[0]
}

// returning is a tool that returns a value.
func returning[Out any](value Out) frontdesk.Tool {
	return frontdesk.NewTool("t", "A tool", func(context.Context, struct{}) (Out, error) { return value, nil }).Trusted()
}

// stubborn cannot be encoded.
type stubborn struct{}

func (stubborn) MarshalJSON() ([]byte, error) { return nil, fmt.Errorf("no way") }

func TestResults(t *testing.T) {
	type status struct {
		ID   string   `json:"id"`
		Note string   `json:"note,omitempty"`
		Tags []string `json:"tags"`
	}
	tests := []struct {
		name string
		tool frontdesk.Tool
		want string
	}{
		{"text as it is", returning(`It is "on its way" <today> & more` + "\n"), `It is "on its way" <today> & more` + "\n"},
		{"no text", returning(""), ""},
		{"a struct", returning(status{ID: "ORD-1", Note: "<b>&\u2028", Tags: nil}), `{"id":"ORD-1","note":"<b>&\u2028","tags":null}`},
		{"a pointer", returning(&status{ID: "ORD-1", Tags: []string{"a"}}), `{"id":"ORD-1","tags":["a"]}`},
		{"a nil pointer", returning[*status](nil), "null"},
		{"a list", returning([]int{1, 2}), "[1,2]"},
		{"a number", returning(12345678901234567), "12345678901234567"},
		{"a truth", returning(true), "true"},
		{"nothing", returning(struct{}{}), "{}"},
		{"JSON as it is", returning(json.RawMessage(`{ "a": 1.0 }`)), `{ "a": 1.0 }`},
		{"anything", returning[any](map[string]any{"b": 1, "a": "x"}), `{"a":"x","b":1}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result := callOnce(t, test.tool, "{}")
			assert.Equal(t, frontdesk.ToolDone, result.Status)
			assert.Equal(t, test.want, result.Content)
			assert.NoError(t, result.Err)
		})
	}
	t.Run("of a raw tool", func(t *testing.T) {
		tool := frontdesk.RawTool("t", "A tool", json.RawMessage(`{"type":"object"}`),
			func(_ context.Context, arguments json.RawMessage) (map[string]json.RawMessage, error) {
				return map[string]json.RawMessage{"got": arguments}, nil
			}).Trusted()
		assert.Equal(t, `{"got":{"b":1,"a":[2.50]}}`, callOnce(t, tool, ` {"b": 1, "a": [2.50]} `).Content)
	})
	for name, tool := range map[string]frontdesk.Tool{
		"a channel":    returning[any](make(chan int)),
		"not a number": returning(math.NaN()),
		"a refusal":    returning(stubborn{}),
	} {
		t.Run("what cannot be encoded: "+name, func(t *testing.T) {
			result := callOnce(t, tool, "{}")
			assert.Equal(t, frontdesk.ToolDone, result.Status, "the handler did its work: it must not be done again")
			assert.Contains(t, result.Content, "cannot be shown")
			assert.Error(t, result.Err, "the caller learns what to mend")
		})
	}
}

// TestInvalidArgumentsAreExplained is about a model that has to mend its call:
// it must learn of everything at once, and in the same words each time, so that
// replayed conversations stay what they were.
func TestInvalidArgumentsAreExplained(t *testing.T) {
	tool := frontdesk.NewTool("t", "A tool", func(context.Context, shipment) (string, error) {
		t.Error("it ran")
		return "", nil
	}).Trusted().WithoutAuthorize("order_id")
	const arguments = `{"email":"nobody","order_id":7.5,"speed":"teleport","items":[{"sku":"AB-1","quantity":0},{"sku":"x"}],
		"to":{"street":"Rue 1","country":"IT"},"required":"r"}`
	const want = `Invalid arguments for t. Fix these and call it again:
- Untagged: required, string
- email: must be an email address (got "nobody")
- items[0].quantity: must be >= 1 (got 0)
- items[1].quantity: required, integer
- items[1].sku: must match the pattern ^[A-Z]{2}-[0-9]+$ (got "x")
- speed: must be one of "standard", "express" (got "teleport")
- to.country: must be one of "DE", "FR" (got "IT")`
	for range 50 {
		result := callOnce(t, tool, arguments)
		require.Equal(t, frontdesk.ToolNotRun, result.Status)
		require.Equal(t, want, result.Content)
	}

	t.Run("a number beyond the Go type", func(t *testing.T) {
		tool := frontdesk.NewTool("t", "A tool", func(context.Context, struct {
			N int8 `json:"n"`
		}) (string, error) {
			t.Error("it ran")
			return "", nil
		}).Trusted()
		result := callOnce(t, tool, `{"n":300}`)
		assert.Equal(t, frontdesk.ToolNotRun, result.Status)
		assert.Contains(t, result.Content, "Invalid arguments for t")
		assert.Contains(t, result.Content, "300")
	})
	t.Run("a foreign schema", func(t *testing.T) {
		result := callOnce(t, raw("t", foreignSchema), `{"to":"nobody","tree":{"name":"a","parts":[{"parts":[]}]}}`)
		assert.Equal(t, frontdesk.ToolNotRun, result.Status)
		for _, place := range []string{"sum: required", "to: ", "tree.parts[0].name: required"} {
			assert.Contains(t, result.Content, place)
		}
	})
	t.Run("what can be mended is", func(t *testing.T) {
		var got []item
		tool := frontdesk.NewTool("t", "A tool", func(_ context.Context, in struct {
			Items []item `json:"items"`
			Gift  *bool  `json:"gift,omitempty"`
		}) (string, error) {
			assert.Nil(t, in.Gift)
			got = in.Items
			return "ok", nil
		}).Trusted()
		result := callOnce(t, tool, "```json\n"+`{"items":{"sku":"AB-1","quantity":"2"},"gift":null,"color":"red",}`+"\n```")
		assert.Equal(t, "ok", result.Content)
		assert.Equal(t, []item{{"AB-1", 2}}, got)
	})
}

func TestCallFrom(t *testing.T) {
	assert.Zero(t, frontdesk.CallFrom(t.Context()), "outside of a handler")

	call := frontdesk.Call{
		Tool:           "refund",
		Conversation:   frontdesk.ConversationID{Tenant: "acme", ID: "c-1"},
		Turn:           "t-1",
		Customer:       frontdesk.Customer{ID: "cus_ana"},
		IdempotencyKey: "key",
	}
	ctx := frontdesk.WithCall(t.Context(), call)
	assert.Equal(t, call, frontdesk.CallFrom(ctx), "for the test of a handler")
	inner := call
	inner.Tool = "other"
	assert.Equal(t, inner, frontdesk.CallFrom(frontdesk.WithCall(ctx, inner)))
	assert.Equal(t, call, frontdesk.CallFrom(ctx))

	t.Run("in a handler", func(t *testing.T) {
		type values struct{}
		var got frontdesk.Call
		var value any
		tool := frontdesk.NewTool("t", "A tool", func(ctx context.Context, _ struct{}) (string, error) {
			got, value = frontdesk.CallFrom(ctx), ctx.Value(values{})
			return "", nil
		}).Trusted()
		provider := frontdesktest.NewProvider(frontdesktest.Call("t", `{}`), frontdesktest.Say("Done."))
		agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{tool}})
		customer := frontdesk.Customer{ID: "cus_ana", Tenant: "acme", Name: "Ana", Profile: "Likes tea"}
		// What a handler calls another tool's code with is not the caller's call.
		ctx := frontdesk.WithCall(context.WithValue(t.Context(), values{}, "kept"), frontdesk.Call{Tool: "not this"})
		reply, err := agent.Reply(ctx, frontdesk.Turn{Conversation: "c-1", Customer: customer, Text: "Do it"})
		require.NoError(t, err)
		assert.NotEmpty(t, got.IdempotencyKey)
		assert.False(t, got.NotAfter.IsZero())
		got.IdempotencyKey, got.NotAfter = "", time.Time{}
		assert.Equal(t, frontdesk.Call{
			Tool:         "t",
			Conversation: frontdesk.ConversationID{Tenant: "acme", ID: "c-1"},
			Turn:         reply.Turn,
			Customer:     customer,
		}, got)
		assert.Equal(t, "kept", value, "the caller's own values arrive too")
	})
}

// TestIdempotencyKeys is about calls that look alike: the model gives them the
// same ids and arguments, and still each has a key of its own. The key of a call
// is the one in the log, from which it would be taken after a crash.
func TestIdempotencyKeys(t *testing.T) {
	var mu sync.Mutex
	keys := make(map[string]string) // to where the call was made
	where := ""
	ran := 0
	handle := func(ctx context.Context, _ struct{}) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		key := frontdesk.CallFrom(ctx).IdempotencyKey
		assert.Regexp(t, "^[a-z0-9]{32}$", key)
		if before, taken := keys[key]; taken {
			t.Errorf("a call of %s has the key of one of %s", where, before)
		}
		keys[key] = where
		ran++
		return fmt.Sprint("done ", ran), nil
	}
	memory := new(frontdesk.InMemory)
	provider := frontdesktest.NewProvider()
	config := frontdesk.Config{Provider: provider, Memory: memory, Tools: []frontdesk.Tool{
		frontdesk.NewTool("write", "Write", handle).Trusted(),
		frontdesk.NewTool("put", "Put", handle).Trusted().Idempotent(0),
		frontdesk.NewTool("read", "Read", handle).Trusted().ReadOnly(),
	}}
	agent := newAgent(t, config)
	another := newAgent(t, config)

	turns := 0
	for _, a := range []*frontdesk.Agent{agent, another} {
		for _, customer := range []frontdesk.Customer{{}, {Tenant: "acme"}, {Tenant: "other"}} {
			for _, conversation := range []string{"c-1", "c-2"} {
				for range 2 {
					for _, tool := range []string{"write", "put", "read"} {
						call := frontdesktest.Call(tool, `{}`)
						provider.Add(call.And(call), call, frontdesktest.Say("Done."))
						where = fmt.Sprint(turns, conversation, customer.Tenant, tool)
						turns++
						play(t, a, frontdesk.Turn{Conversation: conversation, Customer: customer, Text: "Do it"}, false)
					}
				}
			}
		}
	}
	assert.Len(t, keys, turns*3)

	logged := 0
	for _, tenant := range []string{"", "acme", "other"} {
		for _, conversation := range []string{"c-1", "c-2"} {
			log, err := memory.Load(t.Context(), frontdesk.ConversationID{Tenant: tenant, ID: conversation}, 0)
			require.NoError(t, err)
			for _, entry := range log {
				if entry.Kind == frontdesk.EntryToolStarted {
					var started struct {
						Key string `json:"idempotency_key"`
					}
					require.NoError(t, json.Unmarshal(entry.Data, &started))
					assert.Contains(t, keys, started.Key)
					logged++
				}
			}
		}
	}
	assert.Equal(t, turns*2, logged, "writes are announced with their keys before they run, read-only calls are not")
}
