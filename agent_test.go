package frontdesk_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The tools of a shop, which count what was done.
type orderArgs struct {
	OrderID string `json:"order_id" jsonschema:"pattern=^ORD-[0-9]+$" jsonschema_description:"Number of the order, like ORD-9281"`
}

type refundArgs struct {
	OrderID string `json:"order_id"`
	Reason  string `json:"reason"`
}

type order struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

type shop struct{ refunds []frontdesk.Call }

func (s *shop) tools() []frontdesk.Tool {
	return []frontdesk.Tool{
		frontdesk.NewTool("get_order_status", "Retrieve the current status of a customer order",
			func(_ context.Context, in orderArgs) (order, error) {
				return order{in.OrderID, "delivered"}, nil
			}).Trusted().WithoutAuthorize("order_id").ReadOnly(),
		frontdesk.NewTool("initiate_refund", "Start a refund process for an order",
			func(ctx context.Context, in refundArgs) (string, error) {
				s.refunds = append(s.refunds, frontdesk.CallFrom(ctx))
				return "refund of " + in.OrderID + " started", nil
			}).Trusted().WithoutAuthorize("order_id"),
	}
}

var refundTurn = frontdesk.Turn{
	Conversation: "c-81",
	Customer:     frontdesk.Customer{ID: "cus_ana", Name: "Ana"},
	Text:         "I need a refund for order ORD-9281. It arrived damaged.",
}

// refundScript is the conversation of refundTurn.
func refundScript() []frontdesktest.Answer {
	return []frontdesktest.Answer{
		frontdesktest.Call("get_order_status", `{"order_id":"ORD-9281"}`),
		frontdesktest.Call("initiate_refund", `{"order_id":"ORD-9281","reason":"arrived damaged"}`),
		frontdesktest.Say("I have started the refund for ORD-9281."),
	}
}

func newAgent(t *testing.T, config frontdesk.Config) *frontdesk.Agent {
	t.Helper()
	agent, err := frontdesk.New(config)
	require.NoError(t, err)
	return agent
}

func TestRefundConversation(t *testing.T) {
	for _, stream := range []bool{false, true} {
		t.Run(fmt.Sprintf("stream=%v", stream), func(t *testing.T) {
			server := frontdesktest.NewServer(refundScript()...)
			defer server.Close()
			shop := new(shop)
			agent := newAgent(t, frontdesk.Config{Provider: server.Provider(), Instructions: "Be kind.", Tools: shop.tools()})

			reply := play(t, agent, refundTurn, stream)

			assert.Equal(t, frontdesk.Answered, reply.Outcome)
			assert.Equal(t, "I have started the refund for ORD-9281.", reply.Text)
			assert.Equal(t, 3, reply.Requests)
			server.AssertDone(t)
			require.Len(t, server.Requests(), 3)
			last := server.Requests()[2]
			assert.Equal(t, "Be kind.", last.Instructions)
			assert.Equal(t, []string{
				"user: I need a refund for order ORD-9281. It arrived damaged.",
				`assistant: get_order_status({"order_id":"ORD-9281"})`,
				`tool: {"id":"ORD-9281","status":"delivered"}`,
				`assistant: initiate_refund({"order_id":"ORD-9281","reason":"arrived damaged"})`,
				"tool: refund of ORD-9281 started",
			}, transcript(last.Messages))

			require.Len(t, shop.refunds, 1)
			call := shop.refunds[0]
			assert.Equal(t, "cus_ana", call.Customer.ID)
			assert.Equal(t, frontdesk.ConversationID{ID: "c-81"}, call.Conversation)
			assert.Equal(t, reply.Turn, call.Turn)
			assert.Equal(t, "initiate_refund", call.Tool)
			assert.Len(t, call.IdempotencyKey, 32)
		})
	}
}

// play runs a turn and returns its reply, whichever way it is asked for.
func play(t *testing.T, agent *frontdesk.Agent, turn frontdesk.Turn, stream bool) *frontdesk.Reply {
	t.Helper()
	if !stream {
		reply, err := agent.Reply(t.Context(), turn)
		require.NoError(t, err)
		return reply
	}
	var reply *frontdesk.Reply
	for event, err := range agent.Stream(t.Context(), turn) {
		require.NoError(t, err)
		require.Nil(t, reply, "an event after Done")
		if done, ok := event.(frontdesk.Done); ok {
			reply = done.Reply
		}
	}
	require.NotNil(t, reply, "no outcome")
	return reply
}

// transcript renders messages one a line.
func transcript(messages []frontdesk.Message) []string {
	var lines []string
	for _, m := range messages {
		line := string(m.Role) + ": " + m.Text
		for _, call := range m.Calls {
			line += call.Name + "(" + call.Arguments + ")"
		}
		lines = append(lines, line)
	}
	return lines
}
