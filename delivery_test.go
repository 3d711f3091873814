package frontdesk_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

func TestAMessageDeliveredTwiceIsAnsweredOnce(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		t.Run(fmt.Sprintf("another process=%v", fresh), func(t *testing.T) {
			memory := new(frontdesk.InMemory)
			provider := frontdesktest.NewProvider(append(refundScript(), frontdesktest.Say("You are welcome."))...)
			shop := new(shop)
			config := frontdesk.Config{Provider: provider, Memory: memory, Tools: shop.tools()}
			agent := newAgent(t, config)
			again := func() *frontdesk.Agent {
				if fresh {
					return newAgent(t, config)
				}
				return agent
			}

			first := play(t, agent, identified("Refund ORD-9281", "m-1"), false)
			length := len(load(t, memory))
			assert.Equal(t, first, play(t, again(), identified("Refund ORD-9281", "m-1"), false))
			s := watch(t, again(), identified("Refund ORD-9281", "m-1"))
			require.NoError(t, s.err)
			assert.Equal(t, first, s.reply)

			second := play(t, again(), identified("Thanks", "m-2"), false)
			assert.Equal(t, second, play(t, again(), identified("Thanks", "m-2"), false))
			assert.Equal(t, first, play(t, again(), identified("Refund ORD-9281", "m-1"), false), "an older message")

			assert.Len(t, shop.refunds, 1)
			assert.Greater(t, len(load(t, memory)), length)
			texts, _ := customerMessages(t, load(t, memory))
			assert.Equal(t, []string{"Refund ORD-9281", "Thanks"}, texts)
			provider.AssertDone(t)
		})
	}
}

func TestAMessageWithoutAnIDIsNewEachTime(t *testing.T) {
	provider := frontdesktest.NewProvider(frontdesktest.Say("Hello."), frontdesktest.Say("Hello again."))
	agent := newAgent(t, frontdesk.Config{Provider: provider})
	play(t, agent, say("Hi"), false)
	assert.Equal(t, "Hello again.", play(t, agent, say("Hi"), false).Text)
}

func TestAFailedTurnIsTakenUp(t *testing.T) {
	broken := errors.New("connection reset")
	t.Run("before it did anything", func(t *testing.T) {
		provider := frontdesktest.NewProvider(frontdesktest.Fail(broken), frontdesktest.Say("Hello."))
		agent := newAgent(t, frontdesk.Config{Provider: provider})
		_, err := agent.Reply(t.Context(), identified("Hi", "m-1"))
		require.ErrorIs(t, err, broken)
		reply := play(t, agent, identified("Hi", "m-1"), false)
		assert.Equal(t, "Hello.", reply.Text)
		assert.Equal(t, []string{"user: Hi"}, sent(t, provider, 1))
		assert.Equal(t, reply, play(t, agent, identified("Hi", "m-1"), false))
	})
	t.Run("after a refund", func(t *testing.T) {
		answers := refundScript()
		provider := frontdesktest.NewProvider(answers[0], answers[1], frontdesktest.Fail(broken), answers[2])
		shop := new(shop)
		agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: shop.tools()})
		_, err := agent.Reply(t.Context(), identified("Refund ORD-9281", "m-1"))
		require.ErrorIs(t, err, broken)
		reply := play(t, agent, identified("Refund ORD-9281", "m-1"), false)
		assert.Equal(t, "I have started the refund for ORD-9281.", reply.Text)
		assert.Len(t, shop.refunds, 1)
		assert.Equal(t, sent(t, provider, 2), sent(t, provider, 3), "the model is asked the same again")
	})
	t.Run("another message came between", func(t *testing.T) {
		provider := frontdesktest.NewProvider(frontdesktest.Fail(broken), frontdesktest.Say("Both done."))
		agent := newAgent(t, frontdesk.Config{Provider: provider})
		_, err := agent.Reply(t.Context(), identified("one", "m-1"))
		require.ErrorIs(t, err, broken)
		both := play(t, agent, identified("two", "m-2"), false)
		assert.Equal(t, both, play(t, agent, identified("one", "m-1"), false), "the reply that took the message up")
		assert.Equal(t, []string{"user: one", "user: two"}, sent(t, provider, 1))
	})
	t.Run("twice, with another between", func(t *testing.T) {
		provider := frontdesktest.NewProvider(frontdesktest.Fail(broken), frontdesktest.Fail(broken), frontdesktest.Say("Both done."))
		agent := newAgent(t, frontdesk.Config{Provider: provider})
		for i, text := range []string{"one", "two"} {
			_, err := agent.Reply(t.Context(), identified(text, fmt.Sprint("m-", i+1)))
			require.ErrorIs(t, err, broken)
		}
		assert.Equal(t, "Both done.", play(t, agent, identified("one", "m-1"), false).Text)
		assert.Equal(t, []string{"user: one", "user: two"}, sent(t, provider, 2))
	})
}

// held is a provider whose answers wait to be released, and which counts how
// many are asked for at the same time.
type held struct {
	release chan struct{}
	gate    gate
}

func (h *held) Generate(_ context.Context, request *frontdesk.Request, _ func(frontdesk.Delta)) (*frontdesk.Response, error) {
	if err := frontdesktest.CheckTranscript(request.Messages); err != nil {
		return nil, err
	}
	text := request.Messages[len(request.Messages)-1].Text
	h.gate.enter(text)
	defer h.gate.leave()
	<-h.release
	return &frontdesk.Response{Message: frontdesk.Message{Text: "Re: " + text}}, nil
}

// Messages that come while a turn runs join it, and are answered with its next
// request.
func TestMessagesJoinTheTurnThatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := &held{release: make(chan struct{})}
		memory := new(frontdesk.InMemory)
		agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory})
		var group sync.WaitGroup
		group.Go(func() {
			reply, err := agent.Reply(t.Context(), say("message 0"))
			if assert.NoError(t, err) {
				assert.Equal(t, frontdesk.Answered, reply.Outcome)
				assert.Equal(t, "Re: message 0\n\nRe: message 3", reply.Text)
				assert.Equal(t, 2, reply.Requests)
			}
		})
		synctest.Wait()
		for i := range 3 {
			reply, err := agent.Reply(t.Context(), say(fmt.Sprint("message ", i+1)))
			require.NoError(t, err)
			assert.Equal(t, frontdesk.Joined, reply.Outcome)
			assert.NotEmpty(t, reply.Turn)
			assert.Empty(t, reply.Text)
		}
		for range 2 {
			synctest.Wait()
			provider.release <- struct{}{}
		}
		group.Wait()
		assert.Equal(t, 1, provider.gate.most)
		texts, _ := customerMessages(t, load(t, memory))
		assert.Len(t, texts, 4)
	})
}

// A memory that processes cannot share knows no turns that run: messages wait.
func TestTurnsOfOneConversationRunOneAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const turns = 6
		provider := &held{release: make(chan struct{})}
		memory := new(frontdesk.InMemory)
		agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: plainMemory{memory}})
		var group sync.WaitGroup
		for i := range turns {
			group.Go(func() {
				text := fmt.Sprint("message ", i)
				reply, err := agent.Reply(t.Context(), say(text))
				if assert.NoError(t, err) {
					assert.Equal(t, "Re: "+text, reply.Text)
				}
			})
		}
		for range turns {
			synctest.Wait()
			provider.release <- struct{}{}
		}
		group.Wait()
		assert.Equal(t, 1, provider.gate.most)
		texts, _ := customerMessages(t, load(t, memory))
		assert.Len(t, texts, turns)
	})
}

// plainMemory has the two methods of a memory, and no more.
type plainMemory struct{ frontdesk.Memory }

func TestTurnsOfManyConversationsRunTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const turns = 50
		provider := &held{release: make(chan struct{})}
		agent := newAgent(t, frontdesk.Config{Provider: provider})
		var group sync.WaitGroup
		for i := range turns {
			group.Go(func() {
				text := fmt.Sprint("message ", i)
				reply, err := agent.Reply(t.Context(), frontdesk.Turn{Conversation: fmt.Sprint("c-", i), Text: text})
				if assert.NoError(t, err) {
					assert.Equal(t, "Re: "+text, reply.Text)
				}
			})
		}
		synctest.Wait()
		assert.Equal(t, turns, provider.gate.most)
		close(provider.release)
		group.Wait()
	})
}

func TestTenantsAreApart(t *testing.T) {
	provider := frontdesktest.NewProvider(frontdesktest.Say("Hello."), frontdesktest.Say("Hello."))
	agent := newAgent(t, frontdesk.Config{Provider: provider})
	for _, tenant := range []string{"acme", "globex"} {
		turn := identified("Hi from "+tenant, "m-1")
		turn.Customer = frontdesk.Customer{ID: tenant + "_ana", Tenant: tenant}
		play(t, agent, turn, false)
	}
	assert.Equal(t, []string{"user: Hi from globex"}, sent(t, provider, 1))
}

func TestAWaitingTurnCanBeGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := &held{release: make(chan struct{})}
		memory := new(frontdesk.InMemory)
		agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: plainMemory{memory}})
		var group sync.WaitGroup
		group.Go(func() {
			_, err := agent.Reply(t.Context(), say("first"))
			assert.NoError(t, err)
		})
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		group.Go(func() {
			_, err := agent.Reply(ctx, say("second"))
			assert.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(provider.release)
		group.Wait()
		texts, _ := customerMessages(t, load(t, memory))
		assert.Equal(t, []string{"first"}, texts)
		assert.Equal(t, "Re: third", play(t, agent, say("third"), false).Text)
	})
}

func TestWrongCustomer(t *testing.T) {
	provider := frontdesktest.NewProvider(frontdesktest.Say("Hello Ana."), frontdesktest.Say("Still here."), frontdesktest.Say("Hello."), frontdesktest.Say("Hello Bob."))
	memory := new(frontdesk.InMemory)
	agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory})
	play(t, agent, identified("I am Ana", "m-1"), false)
	length := len(load(t, memory))

	for name, customer := range map[string]frontdesk.Customer{"another": {ID: "cus_bob"}, "nobody": {}} {
		for _, id := range []string{"", "m-1", "m-2"} {
			for _, agent := range []*frontdesk.Agent{agent, newAgent(t, frontdesk.Config{Provider: provider, Memory: memory})} {
				turn := identified("What did Ana say?", id)
				turn.Customer = customer
				_, err := agent.Reply(t.Context(), turn)
				require.ErrorIs(t, err, frontdesk.ErrWrongCustomer, name)
				require.ErrorIs(t, watch(t, agent, turn).err, frontdesk.ErrWrongCustomer, name)
			}
		}
	}
	assert.Len(t, load(t, memory), length, "something was recorded")
	assert.Equal(t, "Still here.", play(t, agent, say("Hm?"), false).Text)

	// A visitor who signs in keeps the conversation.
	turn := frontdesk.Turn{Conversation: "c-2", Text: "Hi"}
	play(t, agent, turn, false)
	turn.Customer.ID = "cus_bob"
	assert.Equal(t, "Hello Bob.", play(t, agent, turn, false).Text)
	turn.Customer.ID = "cus_ana"
	_, err := agent.Reply(t.Context(), turn)
	require.ErrorIs(t, err, frontdesk.ErrWrongCustomer)
}

// joining is a memory in which a message joins the turn that is about to end with an answer.
func joining(t *testing.T, text string) *intervened {
	shared := new(frontdesk.InMemory)
	other := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(), Memory: shared})
	memory := &intervened{InMemory: shared}
	memory.before = func(entries []frontdesk.Entry) error {
		if hasKind(entries, frontdesk.EntryTurnEnded) {
			memory.before = nil
			reply, err := other.Reply(t.Context(), identified(text, "m-2"))
			require.NoError(t, err)
			require.Equal(t, frontdesk.Joined, reply.Outcome)
		}
		return nil
	}
	return memory
}

// screen is what the customer sees in the end of a turn.
func (s seen) screen() string {
	screen, settled := "", ""
	for _, event := range s.events {
		switch event := event.(type) {
		case frontdesk.TextDelta:
			screen += event.Text
		case frontdesk.ToolStarted:
			settled = screen
		case frontdesk.Reset:
			screen = settled
		}
	}
	return screen
}

// What was answered already is told together with what joined led to, and stays on the
// screen if that has to be said otherwise.
func TestTheAnswerBeforeWhatJoined(t *testing.T) {
	for name, test := range map[string]struct {
		answers []frontdesktest.Answer
		outcome frontdesk.Outcome
		want    string
	}{
		"an answer":                 {[]frontdesktest.Answer{frontdesktest.Say("Shipping is free.")}, frontdesk.Answered, "Shipping is free."},
		"one held back":             {[]frontdesktest.Answer{frontdesktest.Say("It is free. I have cancelled your order."), frontdesktest.Say("Shipping is free.")}, frontdesk.Answered, "Shipping is free."},
		"behind a tool":             {[]frontdesktest.Answer{pay("ORD-1", 5), frontdesktest.Say("Paid.")}, frontdesk.Answered, "Paid."},
		"one held back, and a tool": {[]frontdesktest.Answer{frontdesktest.Say("It is free. I have cancelled your order."), pay("ORD-1", 5), frontdesktest.Say("Paid.")}, frontdesk.Answered, "Paid."},
		"an approval":               {[]frontdesktest.Answer{pay("ORD-1", 500_00)}, frontdesk.AwaitingApproval, frontdesk.DefaultApprovalText},
		"a handoff":                 {[]frontdesktest.Answer{escalate("Somebody will look at it.")}, frontdesk.Escalated, "Somebody will look at it."},
		"a broken answer":           {[]frontdesktest.Answer{frontdesktest.Say("It is free. I have cancelled your order."), frontdesktest.Say("I have cancelled your order.")}, frontdesk.Escalated, frontdesk.DefaultHandoffText},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stream=%v", name, stream), func(t *testing.T) {
				memory := joining(t, "And for shipping?")
				script := append([]frontdesktest.Answer{frontdesktest.Say("Returns take 14 days.")}, test.answers...)
				tool := new(till).tool().ApproveWhen(isLarge)
				agent := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(script...), Memory: memory, Tools: []frontdesk.Tool{tool}, Escalator: new(helpdesk)})
				want := "Returns take 14 days.\n\n" + test.want
				var reply *frontdesk.Reply
				if stream {
					s := watch(t, agent, identified("How long?", "m-1"))
					require.NoError(t, s.err)
					reply = s.reply
					assert.Equal(t, want, s.screen())
				} else {
					reply = play(t, agent, identified("How long?", "m-1"), false)
				}
				assert.Equal(t, test.outcome, reply.Outcome)
				assert.Equal(t, want, reply.Text)
				if reply.Handoff != nil {
					assert.Equal(t, want, reply.Handoff.Shown)
				}
				again := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(), Memory: memory, Tools: []frontdesk.Tool{tool}, Escalator: new(helpdesk)})
				assert.Equal(t, want, play(t, again, identified("How long?", "m-1"), false).Text, "delivered again")

				if reply.Outcome == frontdesk.AwaitingApproval {
					agent = newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Say("Paid.")), Memory: memory, Tools: []frontdesk.Tool{tool}, Escalator: new(helpdesk)})
					reply, err := agent.Decide(t.Context(), conversation, frontdesk.Decision{Approval: reply.Approvals[0].ID, Approved: true})
					require.NoError(t, err)
					assert.Equal(t, "Paid.", reply.Text, "it was told before")
				}
			})
		}
	}
}

// An answer of which no reply told, as the turn failed behind it, is told by the next.
func TestTheAnswerBeforeWhatJoinedAndFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the other process waits for the lease
		memory := joining(t, "And for shipping?")
		agent := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Say("Returns take 14 days."), frontdesktest.Fail(errors.New("busy"))), Memory: memory})
		_, err := agent.Reply(t.Context(), identified("How long?", "m-1"))
		require.ErrorContains(t, err, "busy")
		agent = newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Say("Shipping is free."), frontdesktest.Say("You are welcome.")), Memory: memory})
		assert.Equal(t, "Returns take 14 days.\n\nShipping is free.", play(t, agent, identified("And for shipping?", "m-2"), false).Text)
		assert.Equal(t, "You are welcome.", play(t, agent, identified("Thanks", "m-3"), false).Text)
	})
}

// What stays on the screen when an answer is void is not said again once a human has the
// conversation.
func TestATakeoverBehindWhatJoined(t *testing.T) {
	memory := joining(t, "And for shipping?")
	desk := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(), Memory: memory.InMemory})
	asked := 0
	provider := frontdesk.ProviderFunc(func(ctx context.Context, _ *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
		if asked++; asked == 1 {
			return &frontdesk.Response{Message: frontdesk.Message{Text: "Returns take 14 days."}, Finish: frontdesk.FinishStop}, nil
		}
		stream(frontdesk.Delta{Text: "Shipping is free. It is"})
		assert.NoError(t, desk.TakeOver(t.Context(), conversation, "Bea"))
		stream(frontdesk.Delta{Text: " so always. For"})
		return nil, context.Cause(ctx)
	})
	agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory})
	s := watch(t, agent, identified("How long?", "m-1"))
	require.NoError(t, s.err)
	assert.Equal(t, frontdesk.Escalated, s.reply.Outcome)
	assert.Empty(t, s.reply.Text)
	assert.Equal(t, []string{"text: Returns take 14 days.\n\nShipping is free. ", "reset", "done: escalated"}, s.kinds())
}

// A confirmation that is delivered again gets the reply to it, not the question that it
// answers.
func TestAConfirmationDeliveredTwice(t *testing.T) {
	memory, till := new(frontdesk.InMemory), new(till)
	provider := frontdesktest.NewProvider(pay("ORD-1", 5), frontdesktest.Fail(errors.New("busy")), frontdesktest.Say("Paid."))
	config := frontdesk.Config{Provider: provider, Memory: memory, Tools: []frontdesk.Tool{confirming(till)}}
	asked := play(t, newAgent(t, config), identified("Pay me", "m-1"), false)
	require.Equal(t, frontdesk.AwaitingCustomer, asked.Outcome)
	_, err := newAgent(t, config).Reply(t.Context(), identified("yes", "m-2"))
	require.ErrorContains(t, err, "busy")
	assert.Equal(t, "Paid.", play(t, newAgent(t, config), identified("Pay me", "m-1"), false).Text)
	assert.Equal(t, "Paid.", play(t, newAgent(t, config), identified("yes", "m-2"), false).Text)
	assert.Len(t, till.paid, 1)
	provider.AssertDone(t)
}
