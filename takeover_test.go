package frontdesk_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// What follows was found by package internal/sim.

// brokenOff leaves a turn whose lease has run out.
func brokenOff(t *testing.T) *frontdesk.InMemory {
	t.Helper()
	memory := &mortal{InMemory: new(frontdesk.InMemory)}
	agent := newAgent(t, frontdesk.Config{Memory: memory, Provider: frontdesk.ProviderFunc(
		func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
			memory.dead = true
			return nil, errDead
		})})
	_, err := agent.Reply(t.Context(), identified("Hi", "m-1"))
	require.ErrorIs(t, err, errDead)
	time.Sleep(time.Minute)
	return memory.InMemory
}

// Two processes take the same turn over with an entry of the same number. The
// one whose entry is not in the log must not think that it is.
func TestTwoProcessesTakeATurnAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := brokenOff(t)
		quick := newAgent(t, frontdesk.Config{Memory: shared, Provider: frontdesk.ProviderFunc(
			func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
				time.Sleep(time.Second)
				return &frontdesk.Response{Message: frontdesk.Message{Text: "Hello."}}, nil
			})})
		memory := &mortal{InMemory: shared}
		memory.at = func() bool {
			memory.at = nil
			go func() { _, _ = quick.Resume(context.Background(), conversation) }()
			synctest.Wait()
			return false
		}
		slow := newAgent(t, frontdesk.Config{Memory: memory, Provider: frontdesktest.NewProvider()})

		_, err := slow.Resume(t.Context(), conversation)
		var leased *frontdesk.LeaseError
		require.ErrorAs(t, err, &leased)
		time.Sleep(time.Minute)
		reply, err := slow.Resume(t.Context(), conversation)
		require.NoError(t, err)
		assert.Equal(t, "Hello.", reply.Text)
	})
}

// A message that lost the race for its place in a log that cannot be read then
// is not acknowledged.
func TestAConflictInALogThatCannotBeRead(t *testing.T) {
	memory := new(faultyMemory)
	agent := newAgent(t, frontdesk.Config{Memory: memory, Provider: frontdesktest.NewProvider(frontdesktest.Say("Hello."), frontdesktest.Say("Yes?"))})
	play(t, agent, identified("Hi", "m-1"), false)
	require.NoError(t, agent.Post(t.Context(), conversation, "Bea", "I look at it."))
	memory.onLoad = func(int) error { return errStore }
	_, err := agent.Reply(t.Context(), identified("So?", "m-2"))
	require.ErrorIs(t, err, errStore)
	require.NotErrorIs(t, err, frontdesk.ErrConflict)
	memory.heal()
	assert.Equal(t, "Yes?", play(t, agent, identified("So?", "m-2"), false).Text)
	texts, _ := customerMessages(t, load(t, memory))
	assert.Equal(t, []string{"Hi", "So?"}, texts)
}

// A turn that was recovered and breaks off again is recovered again.
func TestRecoveryThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := brokenOff(t)
		provider := frontdesktest.NewProvider(frontdesktest.Fail(errors.New("busy")), frontdesktest.Say("Hello."))
		agent := newAgent(t, frontdesk.Config{Memory: memory, Provider: provider})
		var told []frontdesk.Recovered
		recover := func() {
			require.NoError(t, agent.Recover(t.Context(), func(r frontdesk.Recovered) { told = append(told, r) }))
		}
		recover()
		require.Len(t, told, 1)
		require.ErrorContains(t, told[0].Err, "busy")
		for range 2 { // the first time, it is still our own
			time.Sleep(time.Minute)
			recover()
		}
		require.Len(t, told, 2)
		require.NoError(t, told[1].Err)
		assert.Equal(t, "Hello.", told[1].Reply.Text)
	})
}

// The caller of a message that joined a turn does not hear that it failed.
func TestATurnThatFailsAfterAnotherMessageJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := new(frontdesk.InMemory)
		provider := frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
			time.Sleep(time.Second)
			return nil, errors.New("busy")
		})
		agent := newAgent(t, frontdesk.Config{Memory: memory, Provider: provider})
		go func() {
			_, err := agent.Reply(t.Context(), identified("Hi", "m-1"))
			assert.ErrorContains(t, err, "busy")
		}()
		synctest.Wait()
		assert.Equal(t, frontdesk.Joined, play(t, agent, identified("And hello", "m-2"), false).Outcome)
		time.Sleep(time.Minute)

		other := newAgent(t, frontdesk.Config{Memory: memory, Provider: frontdesktest.NewProvider(frontdesktest.Say("Hello."))})
		var told []frontdesk.Recovered
		require.NoError(t, other.Recover(t.Context(), func(r frontdesk.Recovered) { told = append(told, r) }))
		require.Len(t, told, 1)
		assert.Equal(t, "Hello.", told[0].Reply.Text)
	})
}

// What a tool may have done is told of, whichever turn it was in and however
// that ended.
func TestAnUnknownOutcomeOfAnEarlierTurn(t *testing.T) {
	till := new(till)
	provider := frontdesktest.NewProvider(pay("ORD-1", 5))
	memory := &mortal{InMemory: new(frontdesk.InMemory)}
	escalator := frontdesk.EscalatorFunc(func(context.Context, frontdesk.Handoff) (string, error) { return "T-1", nil })
	memory.at = func() bool { return len(till.paid) > 0 }
	first := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory, Tools: []frontdesk.Tool{till.tool()}, Escalator: escalator})
	_, err := first.Reply(t.Context(), identified("Pay me", "m-1"))
	require.ErrorIs(t, err, errDead)

	// The turn is not gone on with: its message is followed by another turn.
	log := load(t, memory.InMemory)
	left := new(frontdesk.InMemory)
	log = append(log, frontdesk.Entry{ID: "e-end", Kind: frontdesk.EntryTurnEnded, Version: 1, Turn: log[0].Turn, Data: []byte(`{"outcome":"failed"}`)})
	require.NoError(t, left.Append(t.Context(), conversation, 0, log...))
	agent := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Say("Hm.")), Memory: left, Tools: []frontdesk.Tool{till.tool()}, Escalator: escalator})
	reply := play(t, agent, say("So?"), false)
	assert.Equal(t, frontdesk.Escalated, reply.Outcome)
	require.Len(t, reply.Handoff.Effects, 1)
	assert.Equal(t, "pay", reply.Handoff.Effects[0].Tool)
}

// A call that is made again with its key and fails leaves open what the first
// one did.
func TestTryingAgainFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		idempotent := func(till *till) *frontdesk.TypedTool[payout, string] { return till.tool().Idempotent(0) }
		till, shared := diesInTool(t, idempotent)
		time.Sleep(time.Hour)
		till.fail = frontdesk.NotExecuted(errors.New("no connection"))
		agent := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Say("Hm.")), Memory: shared, Tools: []frontdesk.Tool{idempotent(till)}})
		reply, err := agent.Resume(t.Context(), conversation)
		require.NoError(t, err)
		require.NotEmpty(t, reply.Results)
		assert.Equal(t, frontdesk.ToolUnknown, reply.Results[0].Status)
	})
}

// An agent that remembers a conversation as it was does not decide by that.
func TestOutOfDateMemories(t *testing.T) {
	memory := new(frontdesk.InMemory)
	provider := frontdesktest.NewProvider(frontdesktest.Say("Hello."), pay("ORD-1", 5), frontdesktest.Say("Paid."))
	till := new(till)
	config := frontdesk.Config{Provider: provider, Memory: memory, Tools: []frontdesk.Tool{till.tool().ApproveWhen(nil)}}
	one, other := newAgent(t, config), newAgent(t, config)
	play(t, one, say("Hi"), false)
	asked := play(t, other, say("Pay me"), false)
	require.Len(t, asked.Approvals, 1)
	reply, err := one.Decide(t.Context(), conversation, frontdesk.Decision{Approval: asked.Approvals[0].ID, Approved: true})
	require.NoError(t, err)
	assert.Equal(t, "Paid.", reply.Text)
	reply, err = other.Resume(t.Context(), conversation)
	require.NoError(t, err)
	assert.Equal(t, "Paid.", reply.Text)
}

// A colleague may write while the model is about to be asked.
func TestNoRequestEndsWithWordsToTheCustomer(t *testing.T) {
	memory := brokenOffNow(t)
	provider := frontdesktest.NewProvider(frontdesktest.Say("Hello."))
	agent := newAgent(t, frontdesk.Config{Memory: memory, Provider: provider})
	require.NoError(t, agent.Post(t.Context(), conversation, "Bea", "I look at it."))
	play(t, agent, identified("Hi", "m-1"), false)
	messages := provider.Requests()[0].Messages
	assert.Equal(t, frontdesk.RoleUser, messages[len(messages)-1].Role)
	assert.Contains(t, messages[len(messages)-1].Text, "still waits")
}

// brokenOffNow leaves a turn that failed.
func brokenOffNow(t *testing.T) *frontdesk.InMemory {
	t.Helper()
	memory := new(frontdesk.InMemory)
	agent := newAgent(t, frontdesk.Config{Memory: memory, Provider: frontdesktest.NewProvider(frontdesktest.Fail(errors.New("busy")))})
	_, err := agent.Reply(t.Context(), identified("Hi", "m-1"))
	require.Error(t, err)
	return memory
}

// A decision joins a turn that is about to end: the turn acts on it first.
func TestADecisionAtTheLastMoment(t *testing.T) {
	shared := new(frontdesk.InMemory)
	provider := frontdesktest.NewProvider(pay("ORD-1", 5), frontdesktest.Say("Yes?"), frontdesktest.Say("Paid."))
	till := new(till)
	config := frontdesk.Config{Provider: provider, Memory: shared, Tools: []frontdesk.Tool{till.tool().ApproveWhen(nil)}}
	other := newAgent(t, config)
	asked := play(t, other, say("Pay me"), false)
	memory := &mortal{InMemory: shared}
	config.Memory = memory
	agent := newAgent(t, config)
	appends := 0
	memory.at = func() bool {
		if appends++; appends == 2 || appends == 3 && len(provider.Requests()) == 2 {
			memory.at = nil
			reply, err := other.Decide(t.Context(), conversation, frontdesk.Decision{Approval: asked.Approvals[0].ID, Approved: true})
			require.NoError(t, err)
			assert.Equal(t, frontdesk.Joined, reply.Outcome)
		}
		return false
	}
	assert.Equal(t, "Yes?\n\nPaid.", play(t, agent, say("Are you there?"), false).Text)
	assert.Len(t, till.paid, 1)
}

// Two decisions come while the model calls tools: what became of both is told
// behind the results.
func TestTwoDecisionsWhileCallsAreOpen(t *testing.T) {
	till, memory := new(till), new(frontdesk.InMemory)
	script := frontdesktest.NewProvider(
		pay("ORD-1", 5),
		pay("ORD-2", 5),
		frontdesktest.Say("Where?").And(callOrder("look", 1)).And(callOrder("look", 2)),
		frontdesktest.Say("Paid."),
	)
	var asked []frontdesk.Approval
	var other *frontdesk.Agent
	config := frontdesk.Config{Memory: memory, Tools: []frontdesk.Tool{
		till.tool().ApproveWhen(nil),
		frontdesk.NewTool("look", "Look", func(context.Context, orderArgs) (string, error) { return "seen", nil }).Trusted().WithoutAuthorize("order_id").ReadOnly(),
	}}
	config.Provider = frontdesk.ProviderFunc(func(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
		assert.NoError(t, frontdesktest.CheckTranscript(request.Messages), "%q", transcript(request.Messages))
		response, err := script.Generate(ctx, request, stream)
		for _, approval := range asked {
			_, err := other.Decide(t.Context(), conversation, frontdesk.Decision{Approval: approval.ID, Approved: true})
			assert.NoError(t, err)
		}
		asked = nil
		return response, err
	})
	other = newAgent(t, config)
	agent := newAgent(t, config)
	play(t, agent, say("Pay me"), false)
	both := play(t, agent, say("And for the other one"), false).Approvals
	require.Len(t, both, 2)
	asked = both
	assert.Equal(t, "Paid.", play(t, agent, say("And?"), false).Text)
	assert.Len(t, till.paid, 2)
	lines := sent(t, script, 3)
	assert.Contains(t, lines[len(lines)-1], "ORD-1")
	assert.Contains(t, lines[len(lines)-1], "ORD-2")
}
