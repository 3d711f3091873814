package frontdesk_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// mortal is the memory of a process that dies: from then on it hears nothing.
type mortal struct {
	*frontdesk.InMemory
	dead bool
	at   func() bool // whether the process dies before the append that is due
}

var errDead = errors.New("the process is dead")

func (m *mortal) Append(ctx context.Context, id frontdesk.ConversationID, last int64, entries ...frontdesk.Entry) error {
	if m.dead = m.dead || m.at != nil && m.at(); m.dead {
		return errDead
	}
	return m.InMemory.Append(ctx, id, last, entries...)
}

func (m *mortal) Load(ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
	if m.dead {
		return nil, errDead
	}
	return m.InMemory.Load(ctx, id, after)
}

func (m *mortal) Renew(ctx context.Context, id frontdesk.ConversationID, epoch int64, d time.Duration) error {
	if m.dead {
		return errDead
	}
	return m.InMemory.Renew(ctx, id, epoch, d)
}

// diesInTool runs a turn in a process that dies while its tool pays, and returns
// what is left.
func diesInTool(t *testing.T, tool func(*till) *frontdesk.TypedTool[payout, string]) (*till, *frontdesk.InMemory) {
	t.Helper()
	till, shared := new(till), new(frontdesk.InMemory)
	memory := &mortal{InMemory: shared}
	memory.at = func() bool { return len(till.paid) > 0 }
	provider := frontdesktest.NewProvider(pay("ORD-1", 5))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory, Tools: []frontdesk.Tool{tool(till)}})
	_, err := agent.Reply(t.Context(), identified("Pay me", "m-1"))
	require.ErrorIs(t, err, errDead)
	require.Len(t, till.paid, 1)
	return till, shared
}

func TestRecover(t *testing.T) {
	tests := map[string]struct {
		tool    func(*till) *frontdesk.TypedTool[payout, string]
		paid    int
		outcome frontdesk.Outcome
		result  string
	}{
		"a write": {(*till).tool, 1, frontdesk.Escalated, ""},
		"idempotent": {func(s *till) *frontdesk.TypedTool[payout, string] {
			return s.tool().Idempotent(time.Hour)
		}, 2, frontdesk.Answered, "tool: paid 5 for ORD-1"},
		"idempotent, and its key is forgotten": {func(s *till) *frontdesk.TypedTool[payout, string] {
			return s.tool().Idempotent(time.Second)
		}, 1, frontdesk.Escalated, ""},
		"reconciled": {func(s *till) *frontdesk.TypedTool[payout, string] {
			return s.tool().Reconcile(func(_ context.Context, in payout) (string, bool, error) { return "it is paid", true, nil })
		}, 1, frontdesk.Answered, "tool: it is paid"},
		"reconciled, and not done": {func(s *till) *frontdesk.TypedTool[payout, string] {
			return s.tool().Reconcile(func(context.Context, payout) (string, bool, error) { return "", false, nil })
		}, 1, frontdesk.Answered, "tool: Error: pay broke off and did not take effect."},
		"not to be reconciled": {func(s *till) *frontdesk.TypedTool[payout, string] {
			return s.tool().Reconcile(func(context.Context, payout) (string, bool, error) { return "", false, errors.New("no access") })
		}, 1, frontdesk.Escalated, ""},
		"once": {func(s *till) *frontdesk.TypedTool[payout, string] {
			return s.tool().Once(orderOnce).Idempotent(0)
		}, 2, frontdesk.Answered, "tool: paid 5 for ORD-1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				till, shared := diesInTool(t, test.tool)
				provider := frontdesktest.NewProvider(frontdesktest.Say("That is settled."))
				agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: shared, Tools: []frontdesk.Tool{test.tool(till)}})
				var recovered []frontdesk.Recovered
				tell := func(r frontdesk.Recovered) { recovered = append(recovered, r) }

				require.NoError(t, agent.Recover(t.Context(), tell))
				assert.Empty(t, recovered, "its lease lives")
				time.Sleep(frontdesk.DefaultLease)
				require.NoError(t, agent.Recover(t.Context(), tell))
				require.Len(t, recovered, 1)
				require.NoError(t, recovered[0].Err)
				assert.Equal(t, conversation, recovered[0].Conversation)
				reply := recovered[0].Reply
				assert.Equal(t, test.outcome, reply.Outcome)
				assert.Len(t, till.paid, test.paid)
				for _, key := range till.keys {
					assert.Equal(t, till.keys[0], key)
				}
				if test.outcome == frontdesk.Answered {
					assert.Contains(t, sent(t, provider, 0)[2], test.result)
					provider.AssertDone(t)
				} else {
					assert.Equal(t, frontdesk.HandoffUnknownOutcome, reply.Handoff.Reason)
					require.Len(t, reply.Handoff.Effects, 1)
					assert.Equal(t, till.keys[0], reply.Handoff.Effects[0].IdempotencyKey)
					assert.Empty(t, provider.Requests())
				}
				again := play(t, agent, identified("Pay me", "m-1"), false)
				assert.Equal(t, reply, again, "delivered again, it is the same reply")
				require.NoError(t, agent.Recover(t.Context(), tell))
				assert.Len(t, recovered, 1)
			})
		})
	}
}

// A message for a turn whose process is dead waits for it to be taken over, or
// takes it over itself.
func TestAMessageForATurnThatWasBrokenOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, shared := diesInTool(t, func(s *till) *frontdesk.TypedTool[payout, string] { return s.tool().Idempotent(0) })
		provider := frontdesktest.NewProvider(frontdesktest.Say("Paid, and yes."))
		agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: shared, Tools: []frontdesk.Tool{till.tool().Idempotent(0)}})
		assert.Equal(t, frontdesk.Joined, play(t, agent, say("Hello?"), false).Outcome)
		_, err := agent.Resume(t.Context(), conversation)
		var leased *frontdesk.LeaseError
		require.ErrorAs(t, err, &leased)
		require.ErrorIs(t, err, frontdesk.ErrConflict)
		time.Sleep(leased.Remaining)
		reply := play(t, agent, say("Are you there?"), false)
		assert.Equal(t, "Paid, and yes.", reply.Text)
		assert.Equal(t, []string{
			"user: Pay me", `assistant: pay({"order_id":"ORD-1","cents":5})`, "tool: paid 5 for ORD-1", "user: Hello?", "user: Are you there?",
		}, sent(t, provider, 0))
	})
}

func TestResume(t *testing.T) {
	memory := new(frontdesk.InMemory)
	provider := frontdesktest.NewProvider(frontdesktest.Fail(errors.New("the host is down")), frontdesktest.Say("Hello."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory})
	reply, err := agent.Resume(t.Context(), conversation)
	require.NoError(t, err)
	assert.Nil(t, reply)
	_, err = agent.Resume(t.Context(), frontdesk.ConversationID{})
	require.Error(t, err)

	_, err = agent.Reply(t.Context(), identified("Hi", "m-1"))
	require.ErrorContains(t, err, "the host is down")
	reply, err = agent.Resume(t.Context(), conversation)
	require.NoError(t, err)
	assert.Equal(t, "Hello.", reply.Text)
	again, err := agent.Resume(t.Context(), conversation)
	require.NoError(t, err)
	assert.Equal(t, reply, again)
	assert.Equal(t, reply, play(t, agent, identified("Hi", "m-1"), false))
	provider.AssertDone(t)
}

// A turn that kills its process does so again: at some point a human has a look.
func TestATurnThatKillsItsProcessGoesToAHuman(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := new(frontdesk.InMemory)
		deaths := 0
		process := func() *frontdesk.Agent {
			memory := &mortal{InMemory: shared}
			provider := frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
				deaths++
				memory.dead = true
				return nil, errDead
			})
			return newAgent(t, frontdesk.Config{Provider: provider, Memory: memory})
		}
		_, err := process().Reply(t.Context(), say("Hi"))
		require.ErrorIs(t, err, errDead)
		var last *frontdesk.Reply
		for range 5 {
			time.Sleep(frontdesk.DefaultLease)
			_ = process().Recover(t.Context(), func(r frontdesk.Recovered) { last = r.Reply })
		}
		assert.Equal(t, 3, deaths)
		require.NotNil(t, last)
		assert.Equal(t, frontdesk.Escalated, last.Outcome)
		assert.Equal(t, frontdesk.HandoffInterrupted, last.Handoff.Reason)
	})
}

// The lease is renewed while a turn takes its time.
func TestLongTurnsKeepTheirLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := new(frontdesk.InMemory)
		slow := frontdesk.ProviderFunc(func(ctx context.Context, _ *frontdesk.Request, _ func(frontdesk.Delta)) (*frontdesk.Response, error) {
			time.Sleep(10 * time.Minute)
			return &frontdesk.Response{Message: frontdesk.Message{Text: "Hello."}}, ctx.Err()
		})
		agent := newAgent(t, frontdesk.Config{Provider: slow, Memory: memory})
		other := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(), Memory: memory})
		var group sync.WaitGroup
		group.Go(func() {
			reply, err := agent.Reply(t.Context(), say("Hi"))
			if assert.NoError(t, err) {
				assert.Equal(t, "Hello.", reply.Text)
			}
		})
		for range 20 {
			time.Sleep(29 * time.Second)
			require.NoError(t, other.Recover(t.Context(), func(frontdesk.Recovered) { t.Error("it was taken over") }))
		}
		group.Wait()
	})
}

// A process that lost its lease starts no tool.
func TestWithoutALeaseNoToolStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, shared := new(till), new(frontdesk.InMemory)
		cut := &cutOff{InMemory: shared}
		slow := frontdesk.ProviderFunc(func(ctx context.Context, _ *frontdesk.Request, _ func(frontdesk.Delta)) (*frontdesk.Response, error) {
			cut.cut.Store(true) // the store does not answer for a while
			<-ctx.Done()
			cut.cut.Store(false)
			return &frontdesk.Response{Message: frontdesk.Message{Calls: []frontdesk.ToolCall{{ID: "call_1", Name: "pay", Arguments: `{"order_id":"ORD-1","cents":5}`}}}}, nil
		})
		agent := newAgent(t, frontdesk.Config{Provider: slow, Memory: cut, Tools: []frontdesk.Tool{till.tool()}})
		begun := time.Now()
		_, err := agent.Reply(t.Context(), say("Pay me"))
		require.ErrorIs(t, err, frontdesk.ErrConflict)
		assert.LessOrEqual(t, time.Since(begun), frontdesk.DefaultLease+5*time.Second)
		assert.Empty(t, till.paid)
	})
}

type cutOff struct {
	*frontdesk.InMemory
	cut atomic.Bool
}

func (m *cutOff) Renew(ctx context.Context, id frontdesk.ConversationID, epoch int64, d time.Duration) error {
	if m.cut.Load() {
		return errStore
	}
	return m.InMemory.Renew(ctx, id, epoch, d)
}

func TestGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := new(frontdesk.InMemory)
		provider := frontdesktest.NewProvider(frontdesktest.Say("All at once."))
		agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory, Gather: 2 * time.Second})
		var group sync.WaitGroup
		begun := time.Now()
		group.Go(func() {
			reply, err := agent.Reply(t.Context(), say("Hi"))
			if assert.NoError(t, err) {
				assert.Equal(t, "All at once.", reply.Text)
				assert.Equal(t, 4*time.Second, time.Since(begun))
			}
		})
		for _, text := range []string{"my lamp", "is broken"} {
			time.Sleep(700 * time.Millisecond)
			reply, err := agent.Reply(t.Context(), say(text))
			require.NoError(t, err)
			assert.Equal(t, frontdesk.Joined, reply.Outcome)
		}
		group.Wait()
		assert.Equal(t, []string{"user: Hi", "user: my lamp", "user: is broken"}, sent(t, provider, 0))
		provider.AssertDone(t)
	})
}

// A service that ends leaves what it was recovering to others at once.
func TestKeepRecovering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, shared := diesInTool(t, func(s *till) *frontdesk.TypedTool[payout, string] { return s.tool().Idempotent(0) })
		tools := []frontdesk.Tool{new(till).tool().Idempotent(0)}
		stuck := frontdesk.ProviderFunc(func(ctx context.Context, _ *frontdesk.Request, _ func(frontdesk.Delta)) (*frontdesk.Response, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		ctx, cancel := context.WithTimeout(t.Context(), 2*frontdesk.DefaultLease)
		defer cancel()
		first := newAgent(t, frontdesk.Config{Provider: stuck, Memory: shared, Tools: tools})
		require.NoError(t, first.KeepRecovering(ctx, func(frontdesk.Recovered) {}))

		time.Sleep(10 * time.Second)
		provider := frontdesktest.NewProvider(frontdesktest.Say("Paid."))
		second := newAgent(t, frontdesk.Config{Provider: provider, Memory: shared, Tools: tools})
		var told []string
		require.NoError(t, second.Recover(t.Context(), func(r frontdesk.Recovered) {
			require.NoError(t, r.Err)
			told = append(told, r.Reply.Text)
		}))
		assert.Equal(t, []string{"Paid."}, told)

		plain := newAgent(t, frontdesk.Config{Provider: provider, Memory: plainMemory{shared}})
		require.ErrorContains(t, plain.KeepRecovering(t.Context(), nil), "SharedMemory")
	})
}

func TestErase(t *testing.T) {
	memory := new(frontdesk.InMemory)
	provider := frontdesktest.NewProvider(frontdesktest.Say("Hello Ana."), frontdesktest.Say("Hello Ben."), frontdesktest.Say("Do I know you?"))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory})
	ben := frontdesk.Turn{Conversation: "c-2", Customer: frontdesk.Customer{ID: "cus_ben"}, Text: "Hi, I am Ben"}
	play(t, agent, say("Hi, I am Ana"), false)
	play(t, agent, ben, false)
	for range 2 {
		require.NoError(t, agent.Erase(t.Context(), "", "cus_ana"))
	}
	assert.Empty(t, load(t, memory))
	found, err := memory.Conversations(t.Context(), "", "cus_ben", 10)
	require.NoError(t, err)
	assert.Equal(t, []frontdesk.ConversationID{{ID: "c-2"}}, found)
	play(t, agent, say("Hi again"), false)
	assert.Equal(t, []string{"user: Hi again"}, sent(t, provider, 2))
	require.Error(t, agent.Erase(t.Context(), "", ""))
	require.Error(t, newAgent(t, frontdesk.Config{Provider: provider, Memory: plainMemory{memory}}).Erase(t.Context(), "", "cus_ana"))
}

// What a colleague has found out about a call is its result: nothing runs again whose claim
// was given back.
func TestWhatIsResolvedIsNotTakenUp(t *testing.T) {
	for _, happened := range []bool{false, true} {
		for _, approved := range []bool{false, true} {
			t.Run(fmt.Sprintf("happened=%v, approved=%v", happened, approved), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					shared, till := new(frontdesk.InMemory), new(till)
					tool := till.tool().Once(orderOnce).Idempotent(0)
					if approved {
						tool.ApproveWhen(nil)
					}
					process := func(memory frontdesk.Memory, answers ...frontdesktest.Answer) (*frontdesk.Agent, *frontdesktest.Provider) {
						provider := frontdesktest.NewProvider(answers...)
						return newAgent(t, frontdesk.Config{Provider: provider, Memory: memory, Tools: []frontdesk.Tool{tool}}), provider
					}
					memory := &mortal{InMemory: shared}
					memory.at = func() bool { return len(till.paid) > 0 }
					agent, _ := process(memory, pay("ORD-1", 5))
					reply, err := agent.Reply(t.Context(), identified("Pay me", "m-1"))
					if approved {
						require.NoError(t, err)
						_, err = agent.Decide(t.Context(), conversation, frontdesk.Decision{Approval: reply.Approvals[0].ID, Approved: true})
					}
					require.ErrorIs(t, err, errDead)
					require.Len(t, till.paid, 1)

					agent, provider := process(shared, frontdesktest.Say("That is settled."))
					effects, err := agent.Effects(t.Context(), conversation)
					require.NoError(t, err)
					require.Len(t, effects, 1)
					resolution := frontdesk.Resolution{IdempotencyKey: effects[0].IdempotencyKey, Happened: happened, By: "Bea", Note: "I looked."}
					if !happened {
						require.ErrorIs(t, agent.Resolve(t.Context(), conversation, resolution), frontdesk.ErrStillRunning)
					}
					time.Sleep(time.Until(effects[0].NotAfter))
					require.NoError(t, agent.Resolve(t.Context(), conversation, resolution))
					other, _ := process(shared, pay("ORD-1", 5), frontdesktest.Say("It is another conversation."))
					reply = play(t, other, frontdesk.Turn{Conversation: "c-2", Customer: frontdesk.Customer{ID: "cus_ana"}, Text: "Pay me"}, false)
					if approved {
						_, err = other.Decide(t.Context(), frontdesk.ConversationID{ID: "c-2"}, frontdesk.Decision{Approval: reply.Approvals[0].ID, Approved: true})
						require.NoError(t, err)
					}
					paid := 2
					if happened {
						paid = 1
					}
					require.Len(t, till.paid, paid, "the claim is free if it did not happen")

					var recovered []frontdesk.Recovered
					time.Sleep(frontdesk.DefaultLease)
					require.NoError(t, agent.Recover(t.Context(), func(r frontdesk.Recovered) { recovered = append(recovered, r) }))
					require.Len(t, recovered, 1)
					require.NoError(t, recovered[0].Err)
					assert.Equal(t, "That is settled.", recovered[0].Reply.Text)
					assert.Len(t, till.paid, paid, "it ran again")
					found := "it did not take effect, and will not."
					if happened {
						found = "it took effect."
					}
					messages := sent(t, provider, 0)
					assert.Contains(t, messages[len(messages)-1], found)
					assert.Contains(t, messages[len(messages)-1], "I looked.")
					status := map[bool]frontdesk.ToolStatus{false: frontdesk.ToolFailed, true: frontdesk.ToolDone}[happened]
					require.Len(t, recovered[0].Reply.Results, 1)
					assert.Equal(t, status, recovered[0].Reply.Results[0].Status)
				})
			})
		}
	}
}

// Somebody finds out what came of a call just as another process tries it again.
func TestResolvedAsItIsTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, shared := diesInTool(t, func(s *till) *frontdesk.TypedTool[payout, string] { return s.tool().Once(orderOnce).Idempotent(0) })
		config := frontdesk.Config{Memory: shared, Tools: []frontdesk.Tool{till.tool().Once(orderOnce).Idempotent(0)}}
		config.Provider = frontdesktest.NewProvider()
		desk := newAgent(t, config)
		time.Sleep(frontdesk.DefaultLease)
		memory := &intervened{InMemory: shared}
		memory.before = func(entries []frontdesk.Entry) error {
			if hasKind(entries, frontdesk.EntryToolStarted) {
				memory.before = nil
				require.NoError(t, desk.Resolve(t.Context(), conversation, frontdesk.Resolution{IdempotencyKey: till.keys[0], By: "Bea"}))
			}
			return nil
		}
		config.Memory, config.Provider = memory, frontdesktest.NewProvider(frontdesktest.Say("That is settled."))
		reply, err := newAgent(t, config).Resume(t.Context(), conversation)
		require.NoError(t, err)
		assert.Equal(t, "That is settled.", reply.Text)
		assert.Len(t, till.paid, 1, "its claim was given back")
		assert.Equal(t, frontdesk.ToolFailed, reply.Results[0].Status)
	})
}
