package frontdesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

func TestCallIDs(t *testing.T) {
	call := func(id string, n int) frontdesk.ToolCall {
		return frontdesk.ToolCall{ID: id, Name: "look", Arguments: fmt.Sprintf(`{"n":%d}`, n)}
	}
	tests := []struct {
		name     string
		messages [][]frontdesk.ToolCall
	}{
		{"the same within a message", [][]frontdesk.ToolCall{{call("x", 0), call("x", 1), call("x", 2)}}},
		{"none", [][]frontdesk.ToolCall{{call("", 0), call("", 1)}}},
		{"none beside one that looks made up", [][]frontdesk.ToolCall{{call("", 0), call("call_1", 1), call("call_2", 2), call("", 3), call("call_1", 4)}}},
		{"the same in each message", [][]frontdesk.ToolCall{{call("x", 0)}, {call("x", 1)}, {call("x", 2), call("y", 3)}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var keys []string
			look := frontdesk.NewTool("look", "Look", func(ctx context.Context, in numbered) (string, error) {
				keys = append(keys, frontdesk.CallFrom(ctx).IdempotencyKey)
				return fmt.Sprint("seen ", in.N), nil
			}).Trusted()
			var answers []frontdesktest.Answer
			calls := 0
			for _, message := range test.messages {
				answers = append(answers, frontdesktest.Answer{Calls: message})
				calls += len(message)
			}
			provider := frontdesktest.NewProvider(append(answers, frontdesktest.Say("Done."))...)
			agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{look}})

			reply := play(t, agent, say("Look"), false) // the provider checks each transcript

			require.Len(t, reply.Results, calls)
			for i, result := range reply.Results {
				assert.Equal(t, fmt.Sprint("seen ", i), result.Content)
			}
			distinct := make(map[string]bool)
			for _, key := range keys {
				distinct[key] = true
			}
			assert.Len(t, distinct, calls, "each call has an idempotency key of its own")

			// An id that is unique stays what the model sent.
			for i, message := range test.messages {
				if len(message) == 1 {
					assert.Equal(t, message[0].ID, provider.Requests()[i+1].Messages[1+2*i].Calls[0].ID)
				}
			}
		})
	}
}

func TestWhatTheModelReadsOfAResult(t *testing.T) {
	type small struct {
		N int8 `json:"n"`
	}
	returning := func(out any) frontdesk.Tool {
		return frontdesk.NewTool("act", "Act", func(context.Context, small) (any, error) { return out, nil }).Trusted()
	}
	tests := []struct {
		name      string
		tool      frontdesk.Tool
		arguments string
		status    frontdesk.ToolStatus
		want      string
	}{
		{"text", returning("<b>done</b>"), `{"n":1}`, frontdesk.ToolDone, "<b>done</b>"},
		{"nothing", returning(""), `{"n":1}`, frontdesk.ToolDone, ""},
		{"JSON", returning(json.RawMessage(`{"a": 1}`)), `{"n":1}`, frontdesk.ToolDone, `{"a": 1}`},
		{"a struct", returning(order{"ORD-1", "<new>"}), `{"n":1}`, frontdesk.ToolDone, `{"id":"ORD-1","status":"<new>"}`},
		{"nil", returning(nil), `{"n":1}`, frontdesk.ToolDone, "null"},
		{"what cannot be encoded", returning(func() {}), `{"n":1}`, frontdesk.ToolDone, "Done. The result cannot be shown."},
		{"a number beyond the Go type", returning("done"), `{"n":1000}`, frontdesk.ToolNotRun, "Invalid arguments for act"},
		{"raw", frontdesk.RawTool("act", "Act", json.RawMessage(`{"type":"object","properties":{"n":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"integer"}}}`),
			func(_ context.Context, arguments json.RawMessage) (string, error) { return string(arguments), nil }).Trusted(), `{"n":1}`, frontdesk.ToolDone, `{"n":1}`},
		{"raw, with an error", frontdesk.RawTool("act", "Act", json.RawMessage(`{"type":"object"}`),
			func(context.Context, json.RawMessage) (string, error) { return "", errors.New("no") }).Trusted(), `{"n":1}`, frontdesk.ToolFailed, "Error: no"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			provider := frontdesktest.NewProvider(frontdesktest.Call("act", test.arguments), frontdesktest.Say("Fine."))
			reply := play(t, newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{test.tool}}), say("Act"), false)
			require.Len(t, reply.Results, 1)
			assert.Equal(t, test.status, reply.Results[0].Status)
			if test.status == frontdesk.ToolNotRun {
				assert.Contains(t, reply.Results[0].Content, test.want)
				assert.Error(t, reply.Results[0].Err)
			} else {
				assert.Equal(t, test.want, reply.Results[0].Content)
			}
			assert.Equal(t, reply.Results[0].Content, provider.Requests()[1].Messages[2].Text)
		})
	}
}

func TestACallAlthoughThereAreNoTools(t *testing.T) {
	provider := frontdesktest.NewProvider(frontdesktest.Call("look", `{}`), frontdesktest.Say("In words, then."))
	reply := play(t, newAgent(t, frontdesk.Config{Provider: provider}), say("Hi"), false)
	assert.Equal(t, `Error: there is no tool "look", and no other. Answer in words.`, reply.Results[0].Content)
}

func TestWhatAHandlerKnowsOfItsCall(t *testing.T) {
	var calls []frontdesk.Call
	look := frontdesk.NewTool("look", "Look", func(ctx context.Context, _ numbered) (string, error) {
		calls = append(calls, frontdesk.CallFrom(ctx))
		return fmt.Sprint(len(calls)), nil
	}).Trusted()
	answer := numberedCalls("look", "look")
	provider := frontdesktest.NewProvider(answer, answer, frontdesktest.Say("Seen."), answer, frontdesktest.Say("Seen."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{look}})
	turn := say("Look")
	turn.Customer = frontdesk.Customer{ID: "cus_ana", Tenant: "acme", Name: "Ana"}
	first := play(t, agent, turn, false)
	second := play(t, agent, turn, true)

	require.Len(t, calls, 6)
	keys := make(map[string]bool)
	for i, call := range calls {
		keys[call.IdempotencyKey] = true
		turnID := first.Turn
		if i >= 4 {
			turnID = second.Turn
		}
		assert.Equal(t, frontdesk.Call{
			Tool:           "look",
			Conversation:   frontdesk.ConversationID{Tenant: "acme", ID: "c-1"},
			Turn:           turnID,
			Customer:       turn.Customer,
			IdempotencyKey: call.IdempotencyKey,
			NotAfter:       call.NotAfter,
		}, call)
		assert.WithinDuration(t, time.Now().Add(30*time.Second), call.NotAfter, 20*time.Second)
	}
	assert.Len(t, keys, 6, "each call has an idempotency key of its own, whatever its id and arguments")
	assert.Zero(t, frontdesk.CallFrom(t.Context()))
}

// The errors of tools are known while the turn runs, whatever else is appended
// meanwhile.
func TestResultsKeepTheirErrors(t *testing.T) {
	declined := errors.New("declined")
	for _, together := range []bool{true, false} {
		t.Run(fmt.Sprintf("together=%v", together), func(t *testing.T) {
			var agent *frontdesk.Agent
			tools := []frontdesk.Tool{
				frontdesk.NewTool("decline", "Decline", func(context.Context, numbered) (string, error) { return "", declined }).Trusted(),
				frontdesk.NewTool("post", "Post", func(ctx context.Context, _ numbered) (string, error) {
					return "posted", agent.Post(ctx, conversation, "Bea", "One moment.")
				}).Trusted(),
			}
			answers := []frontdesktest.Answer{numberedCalls("decline"), numberedCalls("post")}
			if together {
				answers = []frontdesktest.Answer{numberedCalls("decline", "post")}
			}
			agent = newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(append(answers, frontdesktest.Say("Sorry."))...), Tools: tools})
			reply := play(t, agent, say("Go"), false)
			require.Len(t, reply.Results, 2)
			assert.ErrorIs(t, reply.Results[0].Err, declined)
			assert.NoError(t, reply.Results[1].Err)
		})
	}
}
