package frontdesk_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

const deadline = 10 * time.Minute

// raising has a human asked for in a conversation whose handoff is raised, and
// returns a function that recovers in another process, and tells how often the
// helpdesk was called.
func raising(t *testing.T, desk *helpdesk, memory *frontdesk.InMemory, answers ...frontdesktest.Answer) (agent *frontdesk.Agent, after func(time.Duration) int) {
	t.Helper()
	config := frontdesk.Config{
		Provider: frontdesktest.NewProvider(answers...), Memory: memory, Escalator: desk,
		Escalation: frontdesk.Escalation{Deadline: deadline},
	}
	agent = newAgent(t, config)
	return agent, func(wait time.Duration) int {
		t.Helper()
		time.Sleep(wait)
		err := newAgent(t, config).Recover(t.Context(), func(r frontdesk.Recovered) { assert.NoError(t, r.Err) })
		require.NoError(t, err)
		return len(desk.handoffs)
	}
}

func TestAHandoffThatNobodyClaimsIsRaised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk, memory := &helpdesk{ticket: "T-7"}, new(frontdesk.InMemory)
		agent, after := raising(t, desk, memory, escalate(""), frontdesktest.Say("Hello."))
		handoff := play(t, agent, say("A human, please"), false).Handoff
		assert.Equal(t, 1, after(deadline-time.Second))
		play(t, agent, say("Hello?"), false)
		assert.Equal(t, 2, after(2*time.Second))
		assert.Equal(t, 2, after(time.Second))
		assert.Equal(t, 3, after(deadline))
		assert.Equal(t, 4, after(deadline))
		for range 5 {
			assert.Equal(t, 4, after(deadline), "it is raised three times at most")
		}
		for i, want := range []frontdesk.Priority{frontdesk.PriorityNormal, frontdesk.PriorityHigh, frontdesk.PriorityUrgent, frontdesk.PriorityUrgent} {
			assert.Equal(t, handoff.ID, desk.handoffs[i].ID)
			assert.Equal(t, i, desk.handoffs[i].Raised)
			assert.Equal(t, want, desk.handoffs[i].Priority)
		}
		assert.Contains(t, transcript(desk.handoffs[1].Transcript), "user: Hello?")
		reply := play(t, agent, say("Anybody?"), false)
		assert.Equal(t, 3, reply.Handoff.Raised)
		assert.Equal(t, "T-7", reply.Handoff.Ticket)

		require.NoError(t, agent.HandBack(t.Context(), conversation, "Bea", ""))
		assert.Equal(t, "Hello.", play(t, agent, say("Hi"), false).Text)
		assert.Equal(t, 4, after(deadline))
	})
}

func TestWhoeverComesEndsTheDeadline(t *testing.T) {
	for name, claim := range map[string]func(a *frontdesk.Agent, ctx context.Context) error{
		"take over": func(a *frontdesk.Agent, ctx context.Context) error { return a.TakeOver(ctx, conversation, "Bea") },
		"post": func(a *frontdesk.Agent, ctx context.Context) error {
			return a.Post(ctx, conversation, "Bea", "Here I am.")
		},
		"record": func(a *frontdesk.Agent, ctx context.Context) error {
			return a.Record(ctx, conversation, frontdesk.Action{By: "Bea", Did: "that"})
		},
		"hand back":                      func(a *frontdesk.Agent, ctx context.Context) error { return a.HandBack(ctx, conversation, "Bea", "") },
		"close":                          func(a *frontdesk.Agent, ctx context.Context) error { return a.Close(ctx, conversation, "Bea", "") },
		"an entry of the helpdesk's own": func(a *frontdesk.Agent, ctx context.Context) error { return nil },
	} {
		for _, raised := range []int{0, 1, 3} {
			t.Run(fmt.Sprintf("%s, raised=%d", name, raised), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					desk, memory := new(helpdesk), new(frontdesk.InMemory)
					agent, after := raising(t, desk, memory, escalate(""), frontdesktest.Say("Hello."))
					play(t, agent, say("A human, please"), false)
					for range raised {
						after(deadline)
					}
					require.Len(t, desk.handoffs, 1+raised)
					require.NoError(t, claim(agent, t.Context()))
					if name == "an entry of the helpdesk's own" {
						require.NoError(t, memory.Append(t.Context(), conversation, newest(t, memory),
							frontdesk.Entry{ID: "e-desk", Kind: frontdesk.EntryHandedBack, Version: 1, Data: []byte(`{"by":"Bea"}`)}))
					}
					length := newest(t, memory)
					if name == "hand back" || name == "close" || name == "an entry of the helpdesk's own" {
						assert.Equal(t, "Hello.", play(t, agent, say("Hi"), false).Text, "a lease that nobody has keeps nobody waiting")
						length = newest(t, memory)
					}
					for range 3 {
						assert.Equal(t, 1+raised, after(deadline))
					}
					assert.Equal(t, length, newest(t, memory), "nothing more to say")
					expired, err := memory.Expired(t.Context(), 10)
					require.NoError(t, err)
					assert.Empty(t, expired)
				})
			})
		}
	}
}

// The wait of a handoff that was claimed by an entry of the helpdesk's own ends
// when it is found.
func TestAWaitThatIsOverIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk, memory := new(helpdesk), new(frontdesk.InMemory)
		agent, after := raising(t, desk, memory, escalate(""))
		play(t, agent, say("A human, please"), false)
		require.NoError(t, memory.Append(t.Context(), conversation, newest(t, memory),
			frontdesk.Entry{ID: "e-desk", Kind: frontdesk.EntryPosted, Version: 1, Data: []byte(`{"author":"Bea","text":"Here I am."}`)}))
		assert.Equal(t, 1, after(deadline))
		length := newest(t, memory)
		assert.Equal(t, 1, after(deadline))
		assert.Equal(t, length, newest(t, memory))
	})
}

// The deadline runs on although the process died, wherever it was.
func TestTheDeadlineSurvivesACrash(t *testing.T) {
	for at := 0; ; at++ {
		done := false
		synctest.Test(t, func(t *testing.T) {
			desk, shared := new(helpdesk), new(frontdesk.InMemory)
			memory := &mortal{InMemory: shared}
			appends := 0
			memory.at = func() bool { appends++; return appends > at+1 }
			config := frontdesk.Config{
				Provider: frontdesktest.NewProvider(escalate("")), Memory: memory, Escalator: desk,
				Escalation: frontdesk.Escalation{Deadline: deadline},
			}
			_, err := newAgent(t, config).Reply(t.Context(), say("A human, please"))
			done = err == nil
			_, after := raising(t, desk, shared, escalate(""))
			after(time.Minute) // the turn is taken up
			before := len(desk.handoffs)
			require.Positive(t, before)
			assert.Equal(t, before+1, after(deadline))
			assert.Equal(t, 1, desk.handoffs[before].Raised)
		})
		if done {
			return
		}
	}
}

func TestADecisionWhileAHandoffWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, desk, memory := new(till), new(helpdesk), new(frontdesk.InMemory)
		agent := newAgent(t, frontdesk.Config{
			Provider: frontdesktest.NewProvider(pay("ORD-1", 5), escalate("")), Memory: memory, Escalator: desk,
			Tools: []frontdesk.Tool{till.tool().ApproveWhen(nil)}, Escalation: frontdesk.Escalation{Deadline: deadline},
		})
		asked := play(t, agent, say("Pay me"), false)
		play(t, agent, say("A human, please"), false)
		time.Sleep(deadline / 2)
		reply, err := agent.Decide(t.Context(), conversation, frontdesk.Decision{Approval: asked.Approvals[0].ID, Approved: true})
		require.NoError(t, err)
		assert.Equal(t, frontdesk.Escalated, reply.Outcome)
		assert.Len(t, till.paid, 1)
		for wait, want := range map[time.Duration]int{deadline - time.Second: 1} {
			time.Sleep(wait)
			require.NoError(t, agent.Recover(t.Context(), func(frontdesk.Recovered) { t.Error("nothing to tell") }))
			assert.Len(t, desk.handoffs, want)
		}
		time.Sleep(time.Minute)
		require.NoError(t, agent.Recover(t.Context(), func(frontdesk.Recovered) { t.Error("nothing to tell") }))
		require.Len(t, desk.handoffs, 2)
		assert.Len(t, desk.handoffs[1].Done, 1)
	})
}

func TestAnEscalatorThatFailsWhenItIsCalledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk, memory := new(helpdesk), new(frontdesk.InMemory)
		agent, after := raising(t, desk, memory, escalate(""))
		play(t, agent, say("A human, please"), false)
		time.Sleep(deadline)
		desk.err = errors.New("the desk is down")
		var told []frontdesk.Recovered
		require.NoError(t, agent.Recover(t.Context(), func(r frontdesk.Recovered) { told = append(told, r) }))
		require.Len(t, told, 1)
		require.ErrorIs(t, told[0].Err, desk.err)
		desk.err = nil
		assert.Equal(t, 3, after(time.Minute), "soon again")
		assert.Equal(t, 1, desk.handoffs[2].Raised)
	})
}

func TestADeadlineNeedsWhatItNeeds(t *testing.T) {
	for name, config := range map[string]frontdesk.Config{
		"no escalator":  {Escalation: frontdesk.Escalation{Deadline: deadline}},
		"negative":      {Escalation: frontdesk.Escalation{Deadline: -1}, Escalator: new(helpdesk)},
		"a plain store": {Escalation: frontdesk.Escalation{Deadline: deadline}, Escalator: new(helpdesk), Memory: struct{ frontdesk.Memory }{new(frontdesk.InMemory)}},
	} {
		config.Provider = frontdesktest.NewProvider()
		_, err := frontdesk.New(config)
		assert.ErrorContains(t, err, "Escalation.Deadline", name)
	}
}
