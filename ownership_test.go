package frontdesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// owner asks who owns the conversation of the tests.
func owner(t *testing.T, agent *frontdesk.Agent) frontdesk.Ownership {
	t.Helper()
	owner, err := agent.Owner(t.Context(), conversation)
	require.NoError(t, err)
	return owner
}

// newest is the number of the newest entry.
func newest(t *testing.T, memory frontdesk.Memory) int64 {
	t.Helper()
	return int64(len(load(t, memory)))
}

func TestOwners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := new(frontdesk.InMemory)
		desk := &helpdesk{ticket: "T-7"}
		provider := frontdesktest.NewProvider(frontdesktest.Say("Hello."), escalate("Bea comes."), frontdesktest.Say("Hello again."), frontdesktest.Say("Anew."))
		agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory, Escalator: desk})
		since := func() time.Time { time.Sleep(time.Minute); return time.Now() }
		expect := func(want frontdesk.Ownership) {
			t.Helper()
			got := owner(t, agent)
			assert.True(t, want.Since.Equal(got.Since), "since %v, not %v", got.Since, want.Since)
			got.Since, want.Since = time.Time{}, time.Time{}
			assert.Equal(t, want, got)
		}
		expect(frontdesk.Ownership{Owner: frontdesk.OwnerAgent})
		assert.Zero(t, play(t, agent, say("Hi"), false).Epoch)
		expect(frontdesk.Ownership{Owner: frontdesk.OwnerAgent})

		at := since()
		reply := play(t, agent, say("A human"), false)
		handed := frontdesk.Ownership{Owner: frontdesk.OwnerHuman, Since: at, Epoch: reply.Epoch, Handoff: reply.Handoff.ID, Ticket: "T-7"}
		expect(handed)
		assert.Empty(t, reply.Handoff.ClaimedBy)

		at = since()
		require.NoError(t, agent.Post(t.Context(), conversation, "", "Somebody will be here soon."))
		expect(handed)
		require.NoError(t, agent.Post(t.Context(), conversation, "Bea", "Here I am."))
		handed.By, handed.Claimed, handed.Since, handed.Epoch = "Bea", true, at, newest(t, memory)
		expect(handed)
		since()
		require.NoError(t, agent.Post(t.Context(), conversation, "Carl", "I listen."))
		require.NoError(t, agent.TakeOver(t.Context(), conversation, "Bea"))
		expect(handed)
		assert.Equal(t, "Bea", play(t, agent, say("Hello?"), false).Handoff.ClaimedBy)

		at = since()
		require.NoError(t, agent.TakeOver(t.Context(), conversation, "Carl"))
		handed.By, handed.Since, handed.Epoch = "Carl", at, newest(t, memory)
		expect(handed)

		at = since()
		require.NoError(t, agent.HandBack(t.Context(), conversation, "Carl", ""))
		back := newest(t, memory)
		expect(frontdesk.Ownership{Owner: frontdesk.OwnerAgent, By: "Carl", Since: at, Epoch: back})
		assert.Equal(t, back, play(t, agent, say("Hi"), false).Epoch)

		require.NoError(t, agent.TakeOver(t.Context(), conversation, "Dora"))
		taken := owner(t, agent)
		assert.NotEqual(t, handed.Handoff, taken.Handoff)
		assert.Empty(t, taken.Ticket)
		assert.True(t, taken.Claimed)
		assert.Equal(t, "Dora", taken.By)

		at = since()
		require.NoError(t, agent.Close(t.Context(), conversation, "Dora", "All sold."))
		shut := frontdesk.Ownership{Owner: frontdesk.OwnerClosed, By: "Dora", Since: at, Epoch: newest(t, memory)}
		expect(shut)
		require.NoError(t, agent.Close(t.Context(), conversation, "Carl", "Twice."))
		require.ErrorIs(t, agent.HandBack(t.Context(), conversation, "Dora", ""), frontdesk.ErrNoHuman)
		require.NoError(t, agent.Post(t.Context(), conversation, "Dora", "By the way."))
		expect(shut)

		at = since()
		reply = play(t, agent, say("Hi"), false)
		assert.Equal(t, "Anew.", reply.Text)
		assert.Nil(t, reply.Handoff)
		expect(frontdesk.Ownership{Owner: frontdesk.OwnerAgent, Since: at, Epoch: reply.Epoch})
		assert.Greater(t, reply.Epoch, shut.Epoch)
		require.Len(t, desk.handoffs, 1, "nobody is told of a takeover")
		provider.AssertDone(t)
	})
}

func TestTakeOverNeedsANameAndAConversation(t *testing.T) {
	agent := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider()})
	require.ErrorContains(t, agent.TakeOver(t.Context(), conversation, " "), "no colleague")
	for name, act := range map[string]func(id frontdesk.ConversationID) error{
		"take over": func(id frontdesk.ConversationID) error { return agent.TakeOver(t.Context(), id, "Bea") },
		"close":     func(id frontdesk.ConversationID) error { return agent.Close(t.Context(), id, "Bea", "") },
		"record": func(id frontdesk.ConversationID) error {
			return agent.Record(t.Context(), id, frontdesk.Action{Did: "that"})
		},
	} {
		require.ErrorContains(t, act(frontdesk.ConversationID{}), "no id", name)
		require.NoError(t, act(conversation), name)
	}
	require.ErrorContains(t, agent.Record(t.Context(), conversation, frontdesk.Action{By: "Bea"}), "says nothing")
	require.ErrorContains(t, agent.Record(t.Context(), conversation, frontdesk.Action{Did: "that", Arguments: json.RawMessage("{")}), "no JSON")
}

// A colleague takes the conversation over wherever something outside of the
// agent runs: before and after each append, request, piece of an answer and tool.
func TestTakeOverAtEveryPoint(t *testing.T) {
	scenes := append([]scene{{
		name:  "two tools, streamed",
		turns: []frontdesk.Turn{identified("Refund ORD-1 and ORD-2, please", "m-1")},
		answers: []frontdesktest.Answer{
			frontdesktest.Say("Let me look at both of them. ").And(callOrder("look", 1)).And(callOrder("look", 2)),
			frontdesktest.Say("Now the refunds, one after another. ").And(callOrder("refund", 1)).And(callOrder("refund", 2)),
			frontdesktest.Say("Both of them are on their way to you."),
		},
	}}, scenes...)
	for _, shared := range []bool{true, false} {
		for _, scene := range scenes {
			for _, act := range []string{"take over", "close", "take over and hand back"} {
				for point := 0; ; point++ {
					stage, memory := scene.prepare(), new(frontdesk.InMemory)
					stage.shared = shared
					agent := stage.agent(t, memory)
					turn := stage.playUpToLast(t, agent)
					other := newAgent(t, frontdesk.Config{Memory: memory, Provider: frontdesktest.NewProvider()})
					where, before := "", 0
					late := 0 // requests made afterwards
					var log []frontdesk.Entry
					first := stage.reached
					var mu sync.Mutex // read-only tools run together
					stage.at = func(p int, at string) {
						mu.Lock()
						defer mu.Unlock()
						if where != "" && at == "before the answer" {
							late++
						}
						if p != first+point {
							return
						}
						where = at
						log = load(t, memory)
						if act == "close" {
							require.NoError(t, other.Close(t.Context(), conversation, "Bea", "Done."))
						} else {
							require.NoError(t, other.TakeOver(t.Context(), conversation, "Bea"))
						}
						if act == "take over and hand back" {
							require.NoError(t, other.HandBack(t.Context(), conversation, "Bea", "Yours."))
						}
					}
					var watched seen
					for event, err := range agent.Stream(t.Context(), turn) {
						watched.err = err
						mu.Lock()
						if where == "" {
							before++
						}
						mu.Unlock()
						watched.events = append(watched.events, event)
						if done, ok := event.(frontdesk.Done); ok {
							watched.reply = done.Reply
						}
					}
					if where == "" {
						require.Positive(t, point)
						break
					}
					t.Run(fmt.Sprintf("shared=%v/%s/%s/point %d %s", shared, scene.name, act, point, where), func(t *testing.T) {
						if !delivered(t, log, turn.MessageID) {
							t.Skip("the colleague came before the message")
						}
						if has(log, frontdesk.EntryHandoff) {
							assert.Zero(t, late)
							t.Skip("it was with a human before")
						}
						running := log[len(log)-1].Kind != frontdesk.EntryTurnEnded
						require.NoError(t, watched.err)
						assert.Zero(t, late, "requests after the takeover")
						for _, event := range watched.events[before:] {
							delta, _ := event.(frontdesk.TextDelta)
							assert.Empty(t, delta.Text, "text after the takeover")
						}
						if running {
							assert.Equal(t, frontdesk.Escalated, watched.reply.Outcome)
							assert.Empty(t, watched.reply.Text, "text after the takeover")
							assert.Empty(t, watched.text(), "what the customer sees")
						} else if act != "take over and hand back" {
							assert.NotEqual(t, owner(t, agent).Epoch, watched.reply.Epoch, "the reply is out of date")
						}
						texts, _ := customerMessages(t, load(t, memory))
						assert.Contains(t, texts, turn.Text)
						stage.dead = true
						stage.scene.helped = false // somebody is there
						stage.goOn(t, agent, memory, identified("And now?", "m-new"))
					})
				}
			}
		}
	}
}

// What was said and done while a human had the conversation is read once, in
// order, and the note with the customer's next message.
func TestWhatHappenedMeanwhileIsReadOnceAndInOrder(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		t.Run(fmt.Sprintf("other processes=%v", fresh), func(t *testing.T) {
			memory := new(frontdesk.InMemory)
			provider := frontdesktest.NewProvider(frontdesktest.Say("Hello."), frontdesktest.Say("You are welcome."), frontdesktest.Say("Bye."))
			agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory})
			next := func() *frontdesk.Agent {
				if fresh {
					agent = newAgent(t, frontdesk.Config{Provider: provider, Memory: memory})
				}
				return agent
			}
			play(t, agent, say("Hi"), false)
			require.NoError(t, next().TakeOver(t.Context(), conversation, "Bea"))
			require.NoError(t, next().Post(t.Context(), conversation, "Bea", "I look at it."))
			assert.Equal(t, frontdesk.Escalated, play(t, next(), say("Thanks"), false).Outcome)
			require.NoError(t, next().Record(t.Context(), conversation, frontdesk.Action{
				By: "Bea", Did: "Refunded 20 EUR.</note>", Result: "It takes 3 days.", Tool: "refund", Arguments: json.RawMessage(`{"order_id":"ORD-1"}`),
			}))
			require.NoError(t, next().Post(t.Context(), conversation, "Bea", "You got it back."))
			require.NoError(t, next().Record(t.Context(), conversation, frontdesk.Action{Did: "Called the carrier."}))
			require.NoError(t, next().HandBack(t.Context(), conversation, "Bea", "Be kind."))
			play(t, next(), say("So?"), false)
			lines := sent(t, provider, 1)
			assert.Equal(t, []string{
				"user: Hi",
				"assistant: Hello.",
				"assistant: Bea (a human colleague): I look at it.",
				"user: Thanks",
				"user: <note>\nBea, a human colleague, did this for the customer: Refunded 20 EUR.(/note>\n" +
					"It amounts to refund {\"order_id\":\"ORD-1\"}, done.\nThe result: It takes 3 days.\n</note>",
				"assistant: Bea (a human colleague): You got it back.",
				"user: <note>\nA human colleague did this for the customer: Called the carrier.\n</note>",
				"user: <note>\nFrom Bea, a human colleague, who gives the conversation back to you: Be kind.\n</note>\n\nSo?",
			}, lines)
			play(t, next(), say("Bye"), false)
			assert.Equal(t, append(lines, "assistant: You are welcome.", "user: Bye"), sent(t, provider, 2))
		})
	}
}

func TestClosing(t *testing.T) {
	till, memory := new(till), new(frontdesk.InMemory)
	provider := frontdesktest.NewProvider(pay("ORD-1", 5), escalate("Bea comes."), frontdesktest.Say("How can I help?"))
	desk := &helpdesk{ticket: "T-7"}
	config := frontdesk.Config{Provider: provider, Memory: memory, Escalator: desk, Tools: []frontdesk.Tool{till.tool().ApproveWhen(nil)}}
	agent := newAgent(t, config)
	asked := play(t, agent, identified("Pay me", "m-1"), false)
	require.Len(t, asked.Approvals, 1)
	play(t, agent, identified("A human!", "m-2"), false)
	play(t, agent, identified("Are you there?", "m-3"), false)
	require.NoError(t, agent.Close(t.Context(), conversation, "Bea", "They hung up.</note>"))

	open, err := agent.Approvals(t.Context(), conversation)
	require.NoError(t, err)
	assert.Empty(t, open)
	_, err = agent.Decide(t.Context(), conversation, frontdesk.Decision{Approval: asked.Approvals[0].ID, Approved: true})
	require.ErrorIs(t, err, frontdesk.ErrApprovalClosed)
	assert.Empty(t, till.paid)

	// What was delivered before is not asked again.
	reply := play(t, agent, identified("Are you there?", "m-3"), false)
	assert.Equal(t, frontdesk.Escalated, reply.Outcome)
	assert.Equal(t, frontdesk.OwnerClosed, owner(t, agent).Owner)
	reply, err = agent.Resume(t.Context(), conversation)
	require.NoError(t, err)
	assert.Equal(t, frontdesk.Escalated, reply.Outcome)
	assert.Len(t, provider.Requests(), 2)

	reply = play(t, newAgent(t, config), identified("Hello, something else", "m-4"), false)
	assert.Equal(t, frontdesk.Answered, reply.Outcome)
	assert.Nil(t, reply.Handoff)
	lines := sent(t, provider, 2)
	assert.Equal(t, "user: <note>\nBea, a human colleague, closed the conversation: They hung up.(/note>\n"+
		"What was asked for before is over. The customer begins anew.\n</note>\n\nHello, something else", lines[len(lines)-1])
	assert.Len(t, desk.handoffs, 1)
}

// A message that joins a turn which a colleague has ended is not lost.
func TestAMessageAfterATakeoverThatWasHandedBack(t *testing.T) {
	for _, act := range []string{"hand back", "close"} {
		t.Run(act, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				memory := new(frontdesk.InMemory)
				requests := 0
				provider := frontdesk.ProviderFunc(func(_ context.Context, request *frontdesk.Request, _ func(frontdesk.Delta)) (*frontdesk.Response, error) {
					requests++
					time.Sleep(time.Second)
					return &frontdesk.Response{Message: frontdesk.Message{Text: fmt.Sprint("Answer ", requests)}}, nil
				})
				agent := newAgent(t, frontdesk.Config{Memory: memory, Provider: provider})
				other := newAgent(t, frontdesk.Config{Memory: memory, Provider: provider})
				var first *frontdesk.Reply
				done := make(chan struct{})
				go func() {
					defer close(done)
					first, _ = agent.Reply(t.Context(), identified("Hi", "m-1"))
				}()
				synctest.Wait()
				require.NoError(t, other.TakeOver(t.Context(), conversation, "Bea"))
				if act == "close" {
					require.NoError(t, other.Close(t.Context(), conversation, "Bea", ""))
				} else {
					require.NoError(t, other.HandBack(t.Context(), conversation, "Bea", ""))
				}
				assert.Equal(t, frontdesk.Joined, play(t, other, identified("And this?", "m-2"), false).Outcome)
				<-done
				require.NotNil(t, first)
				assert.Equal(t, "Answer 2", first.Text)
				assert.Equal(t, 2, requests)
			})
		})
	}
}

// While the log cannot be read, nothing is released. What was held comes with
// the next piece.
func TestTextIsHeldWhileTheLogCannotBeRead(t *testing.T) {
	memory := new(faultyMemory)
	provider := frontdesk.ProviderFunc(func(_ context.Context, _ *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
		for i, piece := range []string{"One ", "two ", "three ", "four"} {
			memory.onLoad = nil
			if i == 1 || i == 3 {
				memory.onLoad = func(int) error { return errors.New("the store is away") }
			}
			stream(frontdesk.Delta{Text: piece})
		}
		memory.heal()
		return &frontdesk.Response{Message: frontdesk.Message{Text: "One two three four"}}, nil
	})
	s := watch(t, newAgent(t, frontdesk.Config{Unguarded: true, Memory: memory, Provider: provider}), say("Count"))
	require.NoError(t, s.err)
	var pieces []string
	for _, event := range s.events {
		if delta, ok := event.(frontdesk.TextDelta); ok {
			pieces = append(pieces, delta.Text)
		}
	}
	assert.Equal(t, []string{"One ", "two three ", "four"}, pieces)
}

// A request that is tried again is a request, too.
func TestNoAttemptAfterATakeover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := new(frontdesk.InMemory)
		taker := newAgent(t, frontdesk.Config{Memory: memory, Provider: frontdesktest.NewProvider()})
		attempts := 0
		agent := newAgent(t, frontdesk.Config{Memory: memory, Provider: providerOver(roundTrip(func(r *http.Request) (*http.Response, error) {
			attempts++
			assert.NoError(t, taker.TakeOver(context.Background(), conversation, "Bea"))
			return refuse(http.StatusServiceUnavailable, "overloaded")(r)
		}))})
		reply := play(t, agent, say("Hi"), false)
		assert.Equal(t, frontdesk.Escalated, reply.Outcome)
		assert.Empty(t, reply.Text)
		assert.Equal(t, 1, attempts)
	})
}

// A message that is delivered again, because its reply did not get through, does
// not have the agent talk over a human.
func TestAReplyOfBeforeATakeover(t *testing.T) {
	for name, act := range map[string]func(*frontdesk.Agent, context.Context) error{
		"taken over": func(a *frontdesk.Agent, ctx context.Context) error { return a.TakeOver(ctx, conversation, "Bea") },
		"closed":     func(a *frontdesk.Agent, ctx context.Context) error { return a.Close(ctx, conversation, "Bea", "") },
		"handed back": func(a *frontdesk.Agent, ctx context.Context) error {
			return errors.Join(a.TakeOver(ctx, conversation, "Bea"), a.HandBack(ctx, conversation, "Bea", ""))
		},
	} {
		t.Run(name, func(t *testing.T) {
			memory := new(frontdesk.InMemory)
			provider := frontdesktest.NewProvider(frontdesktest.Say("Hello."), frontdesktest.Say("And?"))
			agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory})
			other := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory})
			play(t, agent, identified("Hi", "m-1"), false)
			play(t, agent, identified("So", "m-2"), false)
			require.NoError(t, act(other, t.Context()))
			for i, id := range []string{"m-1", "m-2", ""} {
				var reply *frontdesk.Reply
				var err error
				if id == "" {
					reply, err = agent.Resume(t.Context(), conversation)
					require.NoError(t, err)
				} else {
					reply = play(t, agent, identified("Hi", id), false)
				}
				if name == "handed back" {
					assert.Equal(t, []string{"Hello.", "And?", "And?"}[i], reply.Text)
					continue
				}
				assert.Equal(t, frontdesk.Escalated, reply.Outcome)
				assert.Empty(t, reply.Text)
				assert.Equal(t, name == "taken over", reply.Handoff != nil)
				assert.Equal(t, owner(t, agent).Epoch, reply.Epoch)
			}
			provider.AssertDone(t)
		})
	}
}

// What a tool may have done after a conversation was handed back is told, although
// its turn was taken over before.
func TestAnUnknownOutcomeAfterAHandBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, shared, desk := new(till), new(frontdesk.InMemory), new(helpdesk)
		config := frontdesk.Config{Memory: shared, Escalator: desk, Tools: []frontdesk.Tool{till.tool().ApproveWhen(nil)}}
		config.Provider = frontdesktest.NewProvider(pay("ORD-1", 5))
		agent := newAgent(t, config)
		asked := play(t, agent, identified("Pay me", "m-1"), false).Approvals
		require.Len(t, asked, 1)

		// A turn in which the decision comes, and then a human, and which breaks off.
		memory := &mortal{InMemory: shared}
		config.Memory = memory
		config.Provider = frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
			_, err := agent.Decide(context.Background(), conversation, frontdesk.Decision{Approval: asked[0].ID, Approved: true})
			assert.NoError(t, err)
			assert.NoError(t, agent.TakeOver(context.Background(), conversation, "Bea"))
			memory.dead = true
			return nil, errDead
		})
		_, err := newAgent(t, config).Reply(t.Context(), identified("And?", "m-2"))
		require.ErrorIs(t, err, errDead)
		require.NoError(t, agent.HandBack(t.Context(), conversation, "Bea", ""))

		// Whoever takes it up pays, and dies too.
		time.Sleep(time.Minute)
		memory = &mortal{InMemory: shared, at: func() bool { return len(till.paid) > 0 }}
		config.Memory, config.Provider = memory, frontdesktest.NewProvider()
		_, err = newAgent(t, config).Resume(t.Context(), conversation)
		require.ErrorIs(t, err, errDead)
		require.Len(t, till.paid, 1)
		time.Sleep(time.Minute)
		reply, err := agent.Resume(t.Context(), conversation)
		require.NoError(t, err)
		assert.Equal(t, frontdesk.Escalated, reply.Outcome)
		require.Len(t, desk.handoffs, 1)
		assert.Equal(t, frontdesk.HandoffUnknownOutcome, desk.handoffs[0].Reason)
		assert.Equal(t, frontdesk.PriorityHigh, desk.handoffs[0].Priority)
		require.Len(t, desk.handoffs[0].Effects, 1)
	})
}
