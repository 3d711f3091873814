package frontdesk_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

func orderOnce(in payout) string { return in.OrderID }

// A second refund of the same order is refused, whoever asks and wherever.
func TestOnce(t *testing.T) {
	till, memory := new(till), new(frontdesk.InMemory)
	provider := frontdesktest.NewProvider()
	agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory, Tools: []frontdesk.Tool{till.tool().Once(orderOnce)}})
	ask := func(turn frontdesk.Turn, order string) frontdesk.ToolResult {
		provider.Add(pay(order, 500), frontdesktest.Say("Fine."))
		reply := play(t, agent, turn, false)
		require.Len(t, reply.Results, 1)
		return reply.Results[0]
	}
	other := frontdesk.Turn{Conversation: "c-2", Customer: frontdesk.Customer{ID: "cus_ben"}, Text: "Pay me"}
	globex := frontdesk.Turn{Conversation: "c-1", Customer: frontdesk.Customer{ID: "cus_ana", Tenant: "globex"}, Text: "Pay me"}

	assert.Equal(t, frontdesk.ToolDone, ask(say("Pay me"), "ORD-1").Status)
	for _, turn := range []frontdesk.Turn{say("Again"), other} {
		result := ask(turn, "ORD-1")
		assert.Equal(t, frontdesk.ToolNotRun, result.Status)
		assert.Contains(t, result.Content, "not done twice")
		assert.NotContains(t, result.Content, "c-1")
	}
	assert.Equal(t, frontdesk.ToolDone, ask(other, "ORD-2").Status)
	assert.Equal(t, frontdesk.ToolDone, ask(globex, "ORD-1").Status, "tenants are apart")

	till.fail = errors.New("declined")
	assert.Equal(t, frontdesk.ToolFailed, ask(say("Pay me"), "ORD-3").Status)
	till.fail = nil
	assert.Equal(t, frontdesk.ToolDone, ask(say("Try again"), "ORD-3").Status, "what failed may be done")
	assert.Len(t, till.paid, 4)
}

func TestOnceKeepsWhatIsUnknown(t *testing.T) {
	till := &till{fail: fmt.Errorf("post: %w", syscall.ECONNRESET)}
	provider := frontdesktest.NewProvider(pay("ORD-1", 5), frontdesktest.Say("Hm."), pay("ORD-1", 5), frontdesktest.Say("Hm."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{till.tool().Once(orderOnce)}})
	assert.Equal(t, frontdesk.ToolUnknown, play(t, agent, say("Pay me"), false).Results[0].Status)
	till.fail = nil
	assert.Equal(t, frontdesk.ToolNotRun, play(t, agent, say("Again"), false).Results[0].Status)
	assert.Empty(t, till.paid)
}

func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till := new(till)
		provider := frontdesktest.NewProvider()
		tool := till.tool().
			Limit(1000, 24*time.Hour, func(in payout) int64 { return in.Cents }).
			Limit(3, 24*time.Hour, nil)
		agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{tool}})
		order := 0
		ask := func(customer string, cents int) frontdesk.ToolStatus {
			order++
			provider.Add(pay(fmt.Sprint("ORD-", order), cents), frontdesktest.Say("Fine."))
			reply := play(t, agent, frontdesk.Turn{Conversation: "c-" + customer, Customer: frontdesk.Customer{ID: customer}, Text: "Pay me"}, false)
			return reply.Results[0].Status
		}
		assert.Equal(t, frontdesk.ToolDone, ask("ana", 600))
		assert.Equal(t, frontdesk.ToolNotRun, ask("ana", 500), "the sum")
		assert.Equal(t, frontdesk.ToolDone, ask("ben", 500), "customers are apart")
		till.fail = errors.New("declined")
		assert.Equal(t, frontdesk.ToolFailed, ask("ana", 400))
		till.fail = nil
		assert.Equal(t, frontdesk.ToolDone, ask("ana", 399), "what failed does not count")
		assert.Equal(t, frontdesk.ToolDone, ask("ana", 1))
		assert.Equal(t, frontdesk.ToolNotRun, ask("ana", 0), "the number")
		assert.Equal(t, frontdesk.ToolNotRun, ask("ana", -5), "no negative amounts")
		time.Sleep(24 * time.Hour)
		assert.Equal(t, frontdesk.ToolDone, ask("ana", 1000), "another day")
		assert.Len(t, till.paid, 5)
	})
}

func TestPoliciesThatSpanConversationsNeedAMemoryThatDoes(t *testing.T) {
	for _, tool := range []frontdesk.Tool{new(till).tool().Once(orderOnce), new(till).tool().Limit(1, time.Hour, nil)} {
		_, err := frontdesk.New(frontdesk.Config{Memory: plainMemory{new(frontdesk.InMemory)}, Tools: []frontdesk.Tool{tool}})
		require.ErrorContains(t, err, "SharedMemory")
	}
	_, err := frontdesk.NewRegistry(new(till).tool().Limit(0, time.Hour, nil))
	require.ErrorContains(t, err, "above zero")
}

// What a handler's error says of a write.
func TestWhatIsUnknown(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	reset := &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	tests := map[string]struct {
		err    error
		status frontdesk.ToolStatus
	}{
		"an answer":                    {errors.New("declined"), frontdesk.ToolFailed},
		"no connection":                {fmt.Errorf("pay: %w", refused), frontdesk.ToolFailed},
		"a reset":                      {fmt.Errorf("pay: %w", reset), frontdesk.ToolUnknown},
		"a timeout of its own":         {fmt.Errorf("pay: %w", context.DeadlineExceeded), frontdesk.ToolUnknown},
		"a timeout, and nothing sent":  {frontdesk.NotExecuted(context.DeadlineExceeded), frontdesk.ToolFailed},
		"a reset, and nothing happens": {frontdesk.NotExecuted(reset), frontdesk.ToolFailed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			till := &till{fail: test.err}
			provider := frontdesktest.NewProvider(pay("ORD-1", 5), frontdesktest.Say("Hm."))
			agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{till.tool()}})
			reply := play(t, agent, say("Pay me"), false)
			assert.Equal(t, test.status, reply.Results[0].Status)
			assert.Equal(t, frontdesk.Answered, reply.Outcome)
		})
	}
	require.NoError(t, frontdesk.NotExecuted(nil))
}

// With somebody to tell, an unknown outcome is told, with the answer the model
// found for the customer.
func TestAnUnknownOutcomeGoesToAHuman(t *testing.T) {
	till := &till{fail: syscall.ECONNRESET}
	provider := frontdesktest.NewProvider(pay("ORD-1", 5), frontdesktest.Say("It has to be checked."))
	var told frontdesk.Handoff
	agent := newAgent(t, frontdesk.Config{
		Provider: provider,
		Tools:    []frontdesk.Tool{till.tool().Once(orderOnce)},
		Escalator: frontdesk.EscalatorFunc(func(_ context.Context, handoff frontdesk.Handoff) (string, error) {
			told = handoff
			return "T-1", nil
		}),
	})
	reply := play(t, agent, say("Pay me"), true)
	assert.Equal(t, frontdesk.Escalated, reply.Outcome)
	assert.Equal(t, "It has to be checked.", reply.Text)
	assert.Equal(t, frontdesk.HandoffUnknownOutcome, told.Reason)
	require.Len(t, told.Effects, 1)
	effect := told.Effects[0]
	assert.Equal(t, "pay", effect.Tool)
	assert.JSONEq(t, `{"order_id":"ORD-1","cents":5}`, string(effect.Arguments))
	assert.True(t, effect.NotAfter.After(effect.Started))
	assert.Contains(t, told.String(), effect.IdempotencyKey)

	// The human finds out that nothing happened: it may be done again.
	require.NoError(t, agent.Resolve(t.Context(), conversation, frontdesk.Resolution{IdempotencyKey: effect.IdempotencyKey, By: "Bea", Note: "The bank was down."}))
	require.Error(t, agent.Resolve(t.Context(), conversation, frontdesk.Resolution{IdempotencyKey: effect.IdempotencyKey}), "it is known")
	require.NoError(t, agent.HandBack(t.Context(), conversation, "Bea", ""))
	till.fail = nil
	provider.Add(pay("ORD-1", 5), frontdesktest.Say("Paid."))
	reply = play(t, agent, say("So?"), false)
	assert.Equal(t, frontdesk.Answered, reply.Outcome)
	assert.Len(t, till.paid, 1)
	messages := sent(t, provider, 2)
	assert.Contains(t, messages[len(messages)-1], "it did not take effect")
	assert.Contains(t, messages[len(messages)-1], "The bank was down.")
}

func TestReconcile(t *testing.T) {
	tests := map[string]struct {
		done    bool
		err     error
		status  frontdesk.ToolStatus
		content string
	}{
		"it happened":         {true, nil, frontdesk.ToolDone, "found"},
		"it did not":          {false, nil, frontdesk.ToolFailed, "did not take effect"},
		"it cannot be told":   {false, errors.New("no access"), frontdesk.ToolUnknown, "unknown"},
		"the question panics": {false, nil, frontdesk.ToolUnknown, "unknown"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			till := &till{fail: syscall.ECONNRESET}
			var asked frontdesk.Call
			tool := till.tool().Once(orderOnce).Reconcile(func(ctx context.Context, in payout) (string, bool, error) {
				asked = frontdesk.CallFrom(ctx)
				if name == "the question panics" {
					panic("no")
				}
				return "found " + in.OrderID, test.done, test.err
			}).Timeout(50 * time.Millisecond)
			provider := frontdesktest.NewProvider(pay("ORD-1", 5), frontdesktest.Say("Hm."), pay("ORD-1", 5), frontdesktest.Say("Hm."))
			agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{tool}})
			result := play(t, agent, say("Pay me"), false).Results[0]
			assert.Equal(t, test.status, result.Status)
			assert.Contains(t, result.Content, test.content)
			assert.NotEmpty(t, asked.IdempotencyKey)
			assert.False(t, time.Now().Before(asked.NotAfter), "it is asked when nothing can happen any more")

			till.fail = nil
			again := play(t, agent, say("Again"), false).Results[0]
			if test.status == frontdesk.ToolFailed {
				assert.Equal(t, frontdesk.ToolDone, again.Status)
			} else {
				assert.Equal(t, frontdesk.ToolNotRun, again.Status)
			}
		})
	}
}

// A human may take the conversation over while a tool runs. What it did is known
// all the same, to them and to the model afterwards.
func TestWhatAToolDidWhileAHumanTookOver(t *testing.T) {
	for _, fail := range []bool{false, true} {
		t.Run(fmt.Sprintf("fails=%v", fail), func(t *testing.T) {
			till, memory := new(till), new(frontdesk.InMemory)
			tool := frontdesk.NewTool("pay", "Pay money back", func(ctx context.Context, in payout) (string, error) {
				log := load(t, memory)
				require.NoError(t, memory.Append(ctx, conversation, int64(len(log)), frontdesk.Entry{
					ID: "e-desk", Kind: frontdesk.EntryHandoff, Version: 1, Data: []byte(`{"id":"h-desk","reason":"policy","ticket":"T-9"}`),
				}))
				if fail {
					return "", errors.New("declined")
				}
				return till.pay(ctx, in)
			}).Trusted().WithoutAuthorize("order_id").Once(orderOnce)
			provider := frontdesktest.NewProvider(pay("ORD-1", 5))
			agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory, Tools: []frontdesk.Tool{tool}})
			reply := play(t, agent, say("Pay me"), true)
			assert.Equal(t, frontdesk.Escalated, reply.Outcome)
			assert.Equal(t, "h-desk", reply.Handoff.ID)
			assert.Empty(t, reply.Handoff.Effects, "nothing is unknown")
			assert.Len(t, provider.Requests(), 1)

			require.NoError(t, agent.HandBack(t.Context(), conversation, "Bea", ""))
			provider.Add(frontdesktest.Say("So it is."))
			play(t, agent, say("And?"), false)
			messages := sent(t, provider, 1)
			last := messages[len(messages)-1]
			if fail {
				assert.Contains(t, last, "it did not take effect")
			} else {
				assert.Contains(t, last, "it took effect")
				assert.Contains(t, last, "paid 5 for ORD-1")
			}

			other := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(pay("ORD-1", 5), frontdesktest.Say("Hm.")), Memory: memory, Tools: []frontdesk.Tool{till.tool().Once(orderOnce)}})
			again := play(t, other, frontdesk.Turn{Conversation: "c-2", Customer: frontdesk.Customer{ID: "cus_ben"}, Text: "Pay me"}, false)
			if fail {
				assert.Equal(t, frontdesk.ToolDone, again.Results[0].Status, "it gave its claim back")
			} else {
				assert.Equal(t, frontdesk.ToolNotRun, again.Results[0].Status)
			}
		})
	}
}
