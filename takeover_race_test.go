package frontdesk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// The orders of events in this file were found by package internal/sim.

// intervened is a store on which something happens before an append.
type intervened struct {
	*frontdesk.InMemory

	// before is asked before each append. What it returns is the error of the append,
	// which is then not made.
	before func(entries []frontdesk.Entry) error

	// after is asked after each append that was made. What it returns is told in the
	// place of the answer.
	after func(entries []frontdesk.Entry) error

	lost int // so many reads fail
}

func (m *intervened) Append(ctx context.Context, id frontdesk.ConversationID, last int64, entries ...frontdesk.Entry) error {
	if m.before != nil {
		if err := m.before(entries); err != nil {
			return err
		}
	}
	err := m.InMemory.Append(ctx, id, last, entries...)
	if err == nil && m.after != nil {
		err = m.after(entries)
	}
	return err
}

var errUnreached = errors.New("the store is not reached")

func (m *intervened) Load(ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
	if m.lost > 0 {
		m.lost--
		return nil, errUnreached
	}
	return m.InMemory.Load(ctx, id, after)
}

func hasKind(entries []frontdesk.Entry, kind frontdesk.EntryKind) bool {
	return slices.ContainsFunc(entries, func(e frontdesk.Entry) bool { return e.Kind == kind })
}

// A human takes over while the store cannot be reached for the intent of a call: as it
// claimed nothing, it must not give back what another call has claimed.
func TestACallThatNeverBeganGivesNothingBack(t *testing.T) {
	till, shared := new(till), new(frontdesk.InMemory)
	desk := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(), Memory: shared})
	serve := func(memory frontdesk.Memory, script ...frontdesktest.Answer) *frontdesk.Agent {
		return newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(script...), Memory: memory, Tools: []frontdesk.Tool{till.tool().Once(orderOnce)}})
	}
	in := func(conversation string) frontdesk.Turn {
		turn := say("Refund ORD-1")
		turn.Conversation = conversation
		return turn
	}
	play(t, serve(shared, pay("ORD-1", 5), frontdesktest.Say("Paid.")), in("c-a"), false)
	require.Len(t, till.paid, 1)

	memory := &intervened{InMemory: shared}
	memory.before = func(entries []frontdesk.Entry) error {
		if entries[0].Kind != frontdesk.EntryToolStarted {
			return nil
		}
		memory.before, memory.lost = nil, 1
		require.NoError(t, desk.TakeOver(t.Context(), frontdesk.ConversationID{ID: "c-b"}, "Bea"))
		return errUnreached
	}
	_, err := serve(memory, pay("ORD-1", 5)).Reply(t.Context(), in("c-b"))
	require.Error(t, err)

	reply := play(t, serve(shared, pay("ORD-1", 5), frontdesktest.Say("It was paid before.")), in("c-c"), false)
	assert.Equal(t, frontdesk.ToolNotRun, reply.Results[0].Status)
	assert.Len(t, till.paid, 1, "it was paid twice")
}

// A turn that is begun for what had joined the one before is not its caller's: it does
// not end with them.
func TestWhatJoinedOutlivesTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := new(frontdesk.InMemory)
		memory := &intervened{InMemory: shared}
		desk := new(helpdesk)
		other := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Say("Here is your answer.")), Memory: shared, Escalator: desk})
		memory.before = func(entries []frontdesk.Entry) error {
			if hasKind(entries, frontdesk.EntryTurnEnded) {
				memory.before = nil
				require.NoError(t, other.HandBack(t.Context(), conversation, "Bea", ""))
				reply, err := other.Reply(t.Context(), identified("And then?", "m-2"))
				require.NoError(t, err)
				require.Equal(t, frontdesk.Joined, reply.Outcome)
			}
			return nil
		}
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		asked := 0
		agent := newAgent(t, frontdesk.Config{Memory: memory, Escalator: desk, Provider: frontdesk.ProviderFunc(
			func(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
				if asked++; asked == 1 {
					return frontdesktest.NewProvider(escalate("")).Generate(ctx, request, stream)
				}
				leave()
				return nil, ctx.Err()
			})})
		_, err := agent.Reply(ctx, identified("A human, please", "m-1"))
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 2, asked)

		time.Sleep(time.Minute) // the lease has run out
		var recovered []frontdesk.Recovered
		require.NoError(t, other.Recover(t.Context(), func(r frontdesk.Recovered) { recovered = append(recovered, r) }))
		require.Len(t, recovered, 1, "the message that had joined is lost")
		require.NoError(t, recovered[0].Err)
		assert.Equal(t, "Here is your answer.", recovered[0].Reply.Text)
	})
}

// A handoff stands, whether or not the escalator could be told: a message that was
// read before it is not answered once more.
func TestAMessageBeforeAHandoffThatCouldNotBeTold(t *testing.T) {
	desk := &helpdesk{err: errors.New("the helpdesk is down")}
	broken := true
	script := frontdesktest.NewProvider(escalate("Bea takes over."))
	agent := newAgent(t, frontdesk.Config{Escalator: desk, Provider: frontdesk.ProviderFunc(
		func(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
			if broken {
				return nil, &frontdesk.HostError{Status: 400, Message: "no"}
			}
			return script.Generate(ctx, request, stream)
		})})
	_, err := agent.Reply(t.Context(), identified("Hello?", "m-1"))
	require.Error(t, err)
	broken = false
	_, err = agent.Reply(t.Context(), identified("A human, please", "m-2"))
	require.ErrorIs(t, err, desk.err)

	desk.err = nil
	for _, turn := range []frontdesk.Turn{identified("Hello?", "m-1"), identified("A human, please", "m-2")} {
		reply := play(t, agent, turn, false)
		assert.Equal(t, frontdesk.Escalated, reply.Outcome)
		assert.Equal(t, "Bea takes over.", reply.Text)
		require.NotNil(t, reply.Handoff)
		assert.NotEmpty(t, reply.Handoff.Ticket, "nobody was told")
	}
	require.NoError(t, agent.HandBack(t.Context(), conversation, "Bea", ""))
	reply := play(t, agent, identified("Hello?", "m-1"), false)
	assert.Equal(t, frontdesk.Escalated, reply.Outcome)
	script.AssertDone(t)
}

// What ended nobody knows how while a human owned the conversation, they have to look
// into before they hand it back: nobody else would.
func TestNoHandBackWithAnUnknownOutcome(t *testing.T) {
	till := new(till)
	provider := frontdesktest.NewProvider(pay("ORD-1", 500), frontdesktest.Say("It was paid."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{till.tool().ApproveWhen(nil)}})
	approvals := play(t, agent, say("Refund ORD-1"), false).Approvals
	require.Len(t, approvals, 1)
	require.NoError(t, agent.TakeOver(t.Context(), conversation, "Bea"))
	till.fail = syscall.ECONNRESET
	_, err := agent.Decide(t.Context(), conversation, frontdesk.Decision{Approval: approvals[0].ID, Approved: true, By: "Bea"})
	require.NoError(t, err)

	err = agent.HandBack(t.Context(), conversation, "Bea", "")
	require.ErrorIs(t, err, frontdesk.ErrUnknownOutcome)
	effects, err := agent.Effects(t.Context(), conversation)
	require.NoError(t, err)
	require.Len(t, effects, 1)
	assert.Equal(t, "pay", effects[0].Tool)
	require.NoError(t, agent.Resolve(t.Context(), conversation, frontdesk.Resolution{IdempotencyKey: effects[0].IdempotencyKey, Happened: true, By: "Bea"}))
	require.NoError(t, agent.HandBack(t.Context(), conversation, "Bea", ""))
	effects, err = agent.Effects(t.Context(), conversation)
	require.NoError(t, err)
	assert.Empty(t, effects)
	assert.Equal(t, "It was paid.", play(t, agent, say("So?"), false).Text)
}

// A human comes behind an append whose answer is lost, so that the turn reads of both
// at once: it asks no model, and begins no tool.
func TestATakeoverBehindALostAnswer(t *testing.T) {
	for name, kind := range map[string]frontdesk.EntryKind{"before a request": frontdesk.EntryToolFinished, "before a tool": frontdesk.EntryToolStarted} {
		t.Run(name, func(t *testing.T) {
			till, shared := new(till), new(frontdesk.InMemory)
			memory := &intervened{InMemory: shared}
			desk := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(), Memory: shared})
			memory.after = func(entries []frontdesk.Entry) error {
				if !hasKind(entries, kind) {
					return nil
				}
				memory.after = nil
				require.NoError(t, desk.TakeOver(t.Context(), conversation, "Bea"))
				return errUnreached
			}
			look := frontdesk.NewTool("look", "Look an order up", func(context.Context, struct{}) (string, error) {
				return "delivered", desk.Post(t.Context(), conversation, "", "One moment, please.")
			}).Trusted().ReadOnly()
			script := frontdesktest.NewProvider(frontdesktest.Call("look", `{}`), pay("ORD-1", 5))
			agent := newAgent(t, frontdesk.Config{Provider: script, Memory: memory, Tools: []frontdesk.Tool{look, till.tool().Once(orderOnce)}})
			reply := play(t, agent, say("Refund ORD-1"), true)
			assert.Equal(t, frontdesk.Escalated, reply.Outcome)
			assert.Empty(t, till.paid)
			asked := 1
			if kind == frontdesk.EntryToolStarted {
				asked = 2
			}
			assert.Len(t, script.Requests(), asked)

			effects, err := agent.Effects(t.Context(), conversation)
			require.NoError(t, err)
			assert.Empty(t, effects, "it is known that nothing was done")
			require.NoError(t, agent.HandBack(t.Context(), conversation, "Bea", ""))
			script = frontdesktest.NewProvider(pay("ORD-1", 5), frontdesktest.Say("Paid."))
			agent = newAgent(t, frontdesk.Config{Provider: script, Memory: shared, Tools: []frontdesk.Tool{look, till.tool().Once(orderOnce)}})
			play(t, agent, say("So?"), false)
			assert.Len(t, till.paid, 1, "what was claimed was not given back")
		})
	}
}

// A process that waited for another one's turn, and then tells of its handoff, leaves
// the time alone in which somebody has to claim it.
func TestAHandoffThatAnotherProcessTellsIsRaised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared, desk := new(frontdesk.InMemory), &helpdesk{err: errors.New("the helpdesk is down")}
		var mu sync.Mutex
		answer := make(chan struct{})
		script := frontdesktest.NewProvider(escalate("Bea takes over."))
		config := frontdesk.Config{
			Memory: shared,
			Escalator: frontdesk.EscalatorFunc(func(ctx context.Context, handoff frontdesk.Handoff) (string, error) {
				mu.Lock()
				defer mu.Unlock()
				return desk.Escalate(ctx, handoff)
			}),
			Escalation: frontdesk.Escalation{Deadline: time.Hour},
			Provider: frontdesk.ProviderFunc(func(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
				<-answer
				return script.Generate(ctx, request, stream)
			}),
		}
		first, second := newAgent(t, config), newAgent(t, config)
		failed := make(chan error, 1)
		go func() {
			_, err := first.Reply(t.Context(), identified("A human, please", "m-1"))
			failed <- err
		}()
		synctest.Wait()
		told := make(chan *frontdesk.Reply, 1)
		go func() {
			reply, err := second.Reply(t.Context(), identified("A human, please", "m-1"))
			assert.NoError(t, err)
			told <- reply
		}()
		synctest.Wait() // the second waits for the first
		close(answer)
		err := <-failed
		mu.Lock()
		require.ErrorIs(t, err, desk.err)
		desk.err = nil
		mu.Unlock()
		reply := <-told
		require.NotNil(t, reply.Handoff)
		assert.NotEmpty(t, reply.Handoff.Ticket)

		before := len(desk.handoffs)
		time.Sleep(2 * time.Hour)
		require.NoError(t, second.Recover(t.Context(), func(r frontdesk.Recovered) { assert.NoError(t, r.Err) }))
		require.Greater(t, len(desk.handoffs), before, "nobody has claimed it, and nobody was told again")
		assert.Equal(t, 1, desk.handoffs[before].Raised)
		script.AssertDone(t)
	})
}

// The model is asked for what joined a turn that has ended, even if the process dies
// in between, or the store fails.
func TestWhatJoinedIsAnsweredWhateverHappensAtTheEnd(t *testing.T) {
	for _, dies := range []bool{true, false} {
		t.Run(fmt.Sprintf("dies=%v", dies), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shared := new(frontdesk.InMemory)
				other := newAgent(t, frontdesk.Config{Memory: shared, Provider: frontdesktest.NewProvider(frontdesktest.Say("The second answer."))})
				ended := false
				store := &intervened{InMemory: shared}
				store.after = func(entries []frontdesk.Entry) error {
					ended = ended || hasKind(entries, frontdesk.EntryTurnEnded)
					return nil
				}
				store.before = func([]frontdesk.Entry) error {
					switch {
					case !ended:
						return nil
					case dies:
						return errDead
					default:
						store.before = nil
						return errUnreached
					}
				}
				asked := 0
				agent := newAgent(t, frontdesk.Config{Memory: store, Provider: frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
					if asked++; asked == 1 {
						require.NoError(t, other.TakeOver(t.Context(), conversation, "Bea"))
						require.NoError(t, other.HandBack(t.Context(), conversation, "Bea", "Yours."))
						reply, err := other.Reply(t.Context(), identified("And my second question?", "m-2"))
						require.NoError(t, err)
						require.Equal(t, frontdesk.Joined, reply.Outcome)
					}
					return &frontdesk.Response{Message: frontdesk.Message{Text: "Hello."}}, nil
				})})
				reply, err := agent.Reply(t.Context(), identified("Hi", "m-1"))
				require.NoError(t, err, "it has its outcome")
				assert.Equal(t, frontdesk.Escalated, reply.Outcome)
				time.Sleep(time.Minute)
				var recovered []frontdesk.Recovered
				require.NoError(t, other.Recover(t.Context(), func(r frontdesk.Recovered) { recovered = append(recovered, r) }))
				require.Len(t, recovered, 1)
				require.NoError(t, recovered[0].Err)
				assert.Equal(t, "The second answer.", recovered[0].Reply.Text)
			})
		})
	}
}

// What came before a human took the conversation is theirs: the agent does not take it
// up again because they handed it back while its turn still ran.
func TestWhatAHumanHasSeenToIsNotAnsweredAgain(t *testing.T) {
	for _, running := range []bool{true, false} {
		shared := new(frontdesk.InMemory)
		other := newAgent(t, frontdesk.Config{Memory: shared, Provider: frontdesktest.NewProvider()})
		asked := 0
		agent := newAgent(t, frontdesk.Config{Memory: shared, Provider: frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
			if asked++; asked == 1 {
				_, err := other.Reply(t.Context(), identified("Cancel ORD-2", "m-2"))
				require.NoError(t, err)
				require.NoError(t, other.TakeOver(t.Context(), conversation, "Bea"))
				require.NoError(t, other.Post(t.Context(), conversation, "Bea", "I have cancelled it."))
				if running {
					require.NoError(t, other.HandBack(t.Context(), conversation, "Bea", "All done."))
				}
			}
			return &frontdesk.Response{Message: frontdesk.Message{Text: "Hello."}}, nil
		})})
		play(t, agent, identified("Hi", "m-1"), false)
		assert.Equal(t, 1, asked, "running=%v", running)
	}
}

// A message that comes while the turn's own handoff is told, and handed back at once,
// is answered.
func TestAMessageBehindTheTurnsOwnHandoff(t *testing.T) {
	shared := new(frontdesk.InMemory)
	other := newAgent(t, frontdesk.Config{Memory: shared, Provider: frontdesktest.NewProvider()})
	desk := frontdesk.EscalatorFunc(func(context.Context, frontdesk.Handoff) (string, error) {
		require.NoError(t, other.HandBack(t.Context(), conversation, "Bea", "Done."))
		reply, err := other.Reply(t.Context(), identified("And my second question?", "m-2"))
		require.NoError(t, err)
		assert.Equal(t, frontdesk.Joined, reply.Outcome)
		return "T-1", nil
	})
	till := &till{fail: syscall.ECONNRESET}
	script := frontdesktest.NewProvider(pay("ORD-1", 5), frontdesktest.Say("It has to be checked."), frontdesktest.Say("The second answer."))
	agent := newAgent(t, frontdesk.Config{Memory: shared, Provider: script, Tools: []frontdesk.Tool{till.tool()}, Escalator: desk})
	play(t, agent, identified("Pay me", "m-1"), false)
	script.AssertDone(t)
}

// A closing that comes too late at first does not carry the lease it would have ended.
func TestAClosingThatIsTriedAgain(t *testing.T) {
	shared := new(frontdesk.InMemory)
	config := frontdesk.Config{
		Memory: shared, Escalator: &helpdesk{ticket: "T-7"}, Escalation: frontdesk.Escalation{Deadline: time.Hour},
		Provider: frontdesktest.NewProvider(escalate("Bea comes."), frontdesktest.Say("Hello.")),
	}
	other := newAgent(t, config)
	play(t, other, identified("A human", "m-1"), false)
	memory := &intervened{InMemory: shared}
	config.Memory = memory
	memory.before = func([]frontdesk.Entry) error {
		memory.before = nil
		require.NoError(t, other.HandBack(t.Context(), conversation, "Carl", ""))
		play(t, other, identified("So?", "m-2"), false)
		return nil
	}
	require.NoError(t, newAgent(t, config).Close(t.Context(), conversation, "Bea", "Done."))
}

// spending is a ledger that takes its time.
type spending func()

func (f spending) Spend(context.Context, ...frontdesk.Account) error {
	f()
	return nil
}

func TestATakeoverWhileARequestIsPaidFor(t *testing.T) {
	shared := new(frontdesk.InMemory)
	desk := newAgent(t, frontdesk.Config{Memory: shared, Provider: frontdesktest.NewProvider()})
	script := frontdesktest.NewProvider()
	agent := newAgent(t, frontdesk.Config{Memory: shared, Provider: script, Quota: frontdesk.Quota{
		Plan: 10, Ledger: spending(func() { require.NoError(t, desk.TakeOver(t.Context(), conversation, "Bea")) }),
	}})
	assert.Equal(t, frontdesk.Escalated, play(t, agent, identified("Hi", "m-1"), false).Outcome)
	assert.Empty(t, script.Requests())
}

// What a tool did is told although the store fails, and a human writes, in between.
func TestAnOutcomeIsNotForgottenWhileAHumanWrites(t *testing.T) {
	shared, till := new(frontdesk.InMemory), new(till)
	desk := newAgent(t, frontdesk.Config{Memory: shared, Provider: frontdesktest.NewProvider()})
	memory := &intervened{InMemory: shared}
	tries := 0
	memory.before = func([]frontdesk.Entry) error {
		if len(till.paid) == 0 {
			return nil
		}
		switch tries++; tries {
		case 1:
			require.NoError(t, desk.TakeOver(t.Context(), conversation, "Bea"))
		case 2:
			return errUnreached
		case 3:
			require.NoError(t, desk.Post(t.Context(), conversation, "Bea", "I am here."))
		}
		return nil
	}
	agent := newAgent(t, frontdesk.Config{Memory: memory, Provider: frontdesktest.NewProvider(pay("ORD-1", 5)), Tools: []frontdesk.Tool{till.tool()}})
	_, _ = agent.Reply(t.Context(), identified("Pay me", "m-1"))
	require.Len(t, till.paid, 1)
	effects, err := agent.Effects(t.Context(), conversation)
	require.NoError(t, err)
	assert.Empty(t, effects, "it is known that it was paid")
}

// A process that hung while it raised a handoff does not count behind the one that has
// raised it since.
func TestAHandoffThatTwoProcessesRaise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared, desk := new(frontdesk.InMemory), &helpdesk{ticket: "T-7"}
		agent, after := raising(t, desk, shared, escalate(""))
		play(t, agent, say("A human, please"), false)
		time.Sleep(deadline)
		hung := false
		slow := newAgent(t, frontdesk.Config{
			Provider: frontdesktest.NewProvider(), Memory: shared, Escalation: frontdesk.Escalation{Deadline: deadline},
			Escalator: frontdesk.EscalatorFunc(func(ctx context.Context, handoff frontdesk.Handoff) (string, error) {
				if !hung {
					hung = true
					after(frontdesk.DefaultLease) // nobody keeps the lease of one that hangs
					after(deadline)
				}
				return desk.Escalate(ctx, handoff)
			}),
		})
		require.NoError(t, slow.Recover(t.Context(), func(r frontdesk.Recovered) { assert.NoError(t, r.Err) }))
		for range 5 {
			after(deadline)
		}
		var raised []int
		for _, handoff := range desk.handoffs {
			raised = append(raised, handoff.Raised)
		}
		assert.Equal(t, []int{0, 1, 2, 1, 3}, raised, "the slow one told it too")
	})
}

// What ends nobody knows how once a conversation was handed back goes to a human again,
// also in the turn that had handed it over.
func TestAnUnknownOutcomeInATurnThatWasHandedBack(t *testing.T) {
	shared, till := new(frontdesk.InMemory), &till{fail: syscall.ECONNRESET}
	config := frontdesk.Config{Memory: shared, Tools: []frontdesk.Tool{till.tool().ApproveWhen(nil)}, Provider: frontdesktest.NewProvider()}
	desk := &helpdesk{ticket: "T-7"}
	config.Escalator = desk
	other := newAgent(t, config)
	config.Provider = frontdesktest.NewProvider(pay("ORD-1", 5), escalate(""))
	config.Escalator = frontdesk.EscalatorFunc(func(ctx context.Context, handoff frontdesk.Handoff) (string, error) {
		if len(desk.handoffs) == 0 { // the turn still runs
			_, err := other.Decide(ctx, conversation, frontdesk.Decision{Approval: handoff.Approvals[0].ID, Approved: true})
			require.NoError(t, err)
			require.NoError(t, other.HandBack(ctx, conversation, "Bea", "Approved."))
		}
		return desk.Escalate(ctx, handoff)
	})
	agent := newAgent(t, config)
	require.Equal(t, frontdesk.AwaitingApproval, play(t, agent, say("Pay me"), false).Outcome)
	reply := play(t, agent, say("A human, please"), false)
	assert.Equal(t, frontdesk.Escalated, reply.Outcome)
	require.Len(t, desk.handoffs, 2)
	assert.Equal(t, frontdesk.HandoffUnknownOutcome, desk.handoffs[1].Reason)
	require.Len(t, desk.handoffs[1].Effects, 1)
	owner, err := agent.Owner(t.Context(), conversation)
	require.NoError(t, err)
	assert.Equal(t, frontdesk.OwnerHuman, owner.Owner)
}

// Whoever closes a conversation without finding out what came of a call is told again.
func TestAConversationClosedWithAnUnknownOutcome(t *testing.T) {
	desk, till := &helpdesk{ticket: "T-7"}, &till{fail: syscall.ECONNRESET}
	provider := frontdesktest.NewProvider(pay("ORD-1", 5), frontdesktest.Say("Hm."), frontdesktest.Say("Hello again."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{till.tool()}, Escalator: desk})
	play(t, agent, say("Pay me"), false)
	require.Len(t, desk.handoffs, 1)
	require.NoError(t, agent.Close(t.Context(), conversation, "Bea", ""))
	reply := play(t, agent, say("Hello?"), false)
	assert.Equal(t, "Hello again.", reply.Text)
	assert.Equal(t, frontdesk.Escalated, reply.Outcome)
	require.Len(t, desk.handoffs, 2)
	require.Len(t, desk.handoffs[1].Effects, 1)
}
