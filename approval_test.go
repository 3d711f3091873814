package frontdesk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// payout is what the tool of these tests is called with.
type payout struct {
	OrderID string `json:"order_id"`
	Cents   int64  `json:"cents"`
}

// till counts what is paid, and can be made to misbehave.
type till struct {
	paid []payout
	keys []string
	fail error
}

func (s *till) pay(ctx context.Context, in payout) (string, error) {
	if s.fail != nil {
		return "", s.fail
	}
	s.paid = append(s.paid, in)
	s.keys = append(s.keys, frontdesk.CallFrom(ctx).IdempotencyKey)
	return fmt.Sprintf("paid %d for %s", in.Cents, in.OrderID), nil
}

func (s *till) tool() *frontdesk.TypedTool[payout, string] {
	return frontdesk.NewTool("pay", "Pay money back", s.pay).Trusted().WithoutAuthorize("order_id")
}

func pay(order string, cents int) frontdesktest.Answer {
	return frontdesktest.Call("pay", fmt.Sprintf(`{"order_id":%q,"cents":%d}`, order, cents))
}

func isLarge(in payout) bool { return in.Cents > 10_000 }

func TestSmallPaymentsNeedNoApproval(t *testing.T) {
	till := new(till)
	provider := frontdesktest.NewProvider(pay("ORD-1", 500), frontdesktest.Say("Paid."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{till.tool().ApproveWhen(isLarge)}})
	reply := play(t, agent, say("Pay me"), false)
	assert.Equal(t, frontdesk.Answered, reply.Outcome)
	assert.Len(t, till.paid, 1)
	assert.Empty(t, reply.Approvals)
}

func TestDecide(t *testing.T) {
	tests := map[string]struct {
		decision frontdesk.Decision
		paid     []payout
		result   string
	}{
		"approved": {
			frontdesk.Decision{Approved: true, By: "Bea"},
			[]payout{{"ORD-1", 20_000}}, "tool: paid 20000 for ORD-1",
		},
		"approved with null for arguments": {
			frontdesk.Decision{Approved: true, By: "Bea", Arguments: json.RawMessage("null")},
			[]payout{{"ORD-1", 20_000}}, "tool: paid 20000 for ORD-1",
		},
		"approved with words": {
			frontdesk.Decision{Approved: true, By: "Bea", Words: "Say sorry."},
			[]payout{{"ORD-1", 20_000}}, "tool: The colleague who approved it says: Say sorry.\npaid 20000 for ORD-1",
		},
		"approved with other arguments": {
			frontdesk.Decision{Approved: true, By: "Bea", Arguments: json.RawMessage(`{"order_id":"ORD-1","cents":15000}`)},
			[]payout{{"ORD-1", 15_000}}, `tool: A colleague approved it with the arguments {"order_id":"ORD-1","cents":15000}.` + "\npaid 15000 for ORD-1",
		},
		"denied": {
			frontdesk.Decision{By: "Bea", Words: "It was used."},
			nil, "tool: Not run: a colleague has refused it. In their words: It was used.",
		},
	}
	for name, test := range tests {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/stream=%v", name, stream), func(t *testing.T) {
				till, memory := new(till), new(frontdesk.InMemory)
				provider := frontdesktest.NewProvider(frontdesktest.Say("I have to ask.").And(pay("ORD-1", 20_000)), frontdesktest.Say("That is settled."))
				config := frontdesk.Config{Provider: provider, Memory: memory, Tools: []frontdesk.Tool{till.tool().ApproveWhen(isLarge)}}

				reply := play(t, newAgent(t, config), say("Pay me"), stream)
				assert.Equal(t, frontdesk.AwaitingApproval, reply.Outcome)
				assert.Equal(t, "I have to ask.", reply.Text)
				assert.Equal(t, 1, reply.Requests)
				require.Len(t, reply.Results, 1)
				assert.Equal(t, frontdesk.ToolAwaiting, reply.Results[0].Status)
				require.Len(t, reply.Approvals, 1)
				approval := reply.Approvals[0]
				assert.Equal(t, frontdesk.ColleagueApproves, approval.Kind)
				assert.Equal(t, "pay", approval.Tool)
				assert.JSONEq(t, `{"order_id":"ORD-1","cents":20000}`, string(approval.Arguments))
				assert.Equal(t, "cus_ana", approval.Customer.ID)
				assert.Empty(t, till.paid)

				// Another process may be asked to go on.
				agent := newAgent(t, config)
				open, err := agent.Approvals(t.Context(), conversation)
				require.NoError(t, err)
				assert.Equal(t, approval.ID, open[0].ID)
				test.decision.Approval = approval.ID
				reply, err = agent.Decide(t.Context(), conversation, test.decision)
				require.NoError(t, err)
				assert.Equal(t, frontdesk.Answered, reply.Outcome)
				assert.Equal(t, "That is settled.", reply.Text)
				assert.Equal(t, test.paid, till.paid)
				assert.Empty(t, reply.Approvals)
				assert.Equal(t, []string{"user: Pay me", `assistant: I have to ask.pay({"order_id":"ORD-1","cents":20000})`, test.result}, sent(t, provider, 1))

				_, err = agent.Decide(t.Context(), conversation, test.decision)
				require.ErrorIs(t, err, frontdesk.ErrApprovalClosed)
				assert.Equal(t, test.paid, till.paid, "it is used once")
				provider.AssertDone(t)
			})
		}
	}
}

func TestTheCustomerIsToldThatSomebodyMustApprove(t *testing.T) {
	provider := frontdesktest.NewProvider(pay("ORD-1", 20_000), frontdesktest.Say("Not yet."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{new(till).tool().ApproveWhen(nil)}})
	watched := watch(t, agent, say("Pay me"))
	require.NoError(t, watched.err)
	assert.Equal(t, frontdesk.DefaultApprovalText, watched.reply.Text)
	assert.Equal(t, frontdesk.DefaultApprovalText, watched.text())
}

// The conversation goes on while a colleague thinks, and the model learns of
// the decision afterwards.
func TestTheConversationGoesOnMeanwhile(t *testing.T) {
	for _, approved := range []bool{true, false} {
		t.Run(fmt.Sprint(approved), func(t *testing.T) {
			till := new(till)
			provider := frontdesktest.NewProvider(
				pay("ORD-1", 20_000).And(frontdesktest.Call("look", `{"order_id":"ORD-1"}`)),
				frontdesktest.Say("We are open till six."),
				frontdesktest.Say("It is decided."))
			look := frontdesk.NewTool("look", "Look", func(context.Context, orderArgs) (string, error) { return "seen", nil }).Trusted().WithoutAuthorize("order_id").ReadOnly()
			agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{till.tool().ApproveWhen(isLarge), look}})
			approval := play(t, agent, say("Pay me"), false).Approvals[0]

			reply := play(t, agent, say("When do you open?"), false)
			assert.Equal(t, frontdesk.Answered, reply.Outcome)
			assert.Equal(t, approval, reply.Approvals[0])
			messages := sent(t, provider, 1)
			assert.Contains(t, messages[2], "tool: Not run yet: a colleague has to approve it first")
			assert.Equal(t, []string{"tool: seen", "user: When do you open?"}, messages[3:])

			reply, err := agent.Decide(t.Context(), conversation, frontdesk.Decision{Approval: approval.ID, Approved: approved, By: "Bea"})
			require.NoError(t, err)
			assert.Equal(t, "It is decided.", reply.Text)
			messages = sent(t, provider, 2)
			note := messages[len(messages)-1]
			assert.Contains(t, note, "user: <note>\nBea, a colleague, has decided on pay")
			if approved {
				assert.Contains(t, note, "The result: paid 20000 for ORD-1")
				assert.Len(t, till.paid, 1)
				require.Len(t, reply.Results, 1)
				assert.Equal(t, frontdesk.ToolDone, reply.Results[0].Status)
			} else {
				assert.Contains(t, note, "no. It was not run.")
				assert.Empty(t, till.paid)
			}
			open, err := agent.Approvals(t.Context(), conversation)
			require.NoError(t, err)
			assert.Empty(t, open)
		})
	}
}

func TestApprovalsThatCannotBeDecided(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, memory := new(till), new(frontdesk.InMemory)
		provider := frontdesktest.NewProvider(pay("ORD-1", 20_000))
		config := frontdesk.Config{Provider: provider, Memory: memory, PolicyVersion: "1", Tools: []frontdesk.Tool{till.tool().ApproveWhen(isLarge)}}
		agent := newAgent(t, config)
		approval := play(t, agent, say("Pay me"), false).Approvals[0]
		decide := func(agent *frontdesk.Agent, d frontdesk.Decision) error {
			_, err := agent.Decide(t.Context(), conversation, d)
			return err
		}
		config.PolicyVersion = "2"
		length := len(load(t, memory))
		require.ErrorIs(t, decide(agent, frontdesk.Decision{Approval: "another", Approved: true}), frontdesk.ErrApprovalClosed)
		require.ErrorIs(t, decide(newAgent(t, config), frontdesk.Decision{Approval: approval.ID, Approved: true}), frontdesk.ErrApprovalClosed)
		require.ErrorContains(t, decide(agent, frontdesk.Decision{Approval: approval.ID, Approved: true, Arguments: json.RawMessage(`{"order_id":"ORD-1"}`)}), "cents")
		require.Error(t, decide(agent, frontdesk.Decision{Approved: true}))
		time.Sleep(frontdesk.DefaultApprovalLife)
		require.ErrorIs(t, decide(agent, frontdesk.Decision{Approval: approval.ID, Approved: true}), frontdesk.ErrApprovalClosed)
		assert.Len(t, load(t, memory), length, "nothing was recorded")
		assert.Empty(t, till.paid)
	})
}

// A human who owns the conversation can decide: the tool runs, and the model
// stays out of it.
func TestDecideWhileAHumanOwnsTheConversation(t *testing.T) {
	till := new(till)
	provider := frontdesktest.NewProvider(pay("ORD-1", 20_000), escalate("Bea takes over."))
	var told frontdesk.Handoff
	agent := newAgent(t, frontdesk.Config{
		Provider: provider,
		Tools:    []frontdesk.Tool{till.tool().ApproveWhen(isLarge)},
		Escalator: frontdesk.EscalatorFunc(func(_ context.Context, handoff frontdesk.Handoff) (string, error) {
			told = handoff
			return "T-1", nil
		}),
	})
	approval := play(t, agent, say("Pay me"), false).Approvals[0]
	require.Equal(t, frontdesk.Escalated, play(t, agent, say("A human!"), false).Outcome)
	require.Len(t, told.Approvals, 1)
	assert.Equal(t, approval.ID, told.Approvals[0].ID)
	assert.Contains(t, told.String(), approval.ID)

	reply, err := agent.Decide(t.Context(), conversation, frontdesk.Decision{Approval: approval.ID, Approved: true, By: "Bea"})
	require.NoError(t, err)
	assert.Equal(t, frontdesk.Escalated, reply.Outcome)
	assert.Empty(t, reply.Text)
	assert.Len(t, till.paid, 1)
	assert.Len(t, provider.Requests(), 2)
}

func TestAPolicyThatPanicsAsksForApproval(t *testing.T) {
	till := new(till)
	provider := frontdesktest.NewProvider(pay("ORD-1", 1))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{till.tool().ApproveWhen(func(payout) bool { panic("no") })}})
	assert.Equal(t, frontdesk.AwaitingApproval, play(t, agent, say("Pay me"), false).Outcome)
	assert.Empty(t, till.paid)
}

// Whatever stands behind a call that waits runs only if it changes nothing.
func TestWritesBehindACallThatWaits(t *testing.T) {
	till := new(till)
	provider := frontdesktest.NewProvider(pay("ORD-1", 20_000).And(pay("ORD-2", 5)), frontdesktest.Say("Done."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{till.tool().ApproveWhen(isLarge)}})
	reply := play(t, agent, say("Pay me"), false)
	assert.Equal(t, frontdesk.AwaitingApproval, reply.Outcome)
	assert.Empty(t, till.paid)
	_, err := agent.Decide(t.Context(), conversation, frontdesk.Decision{Approval: reply.Approvals[0].ID, Approved: true})
	require.NoError(t, err)
	assert.Equal(t, []payout{{"ORD-1", 20_000}}, till.paid)
	assert.Contains(t, sent(t, provider, 1)[3], "tool: Error: not run: a call before it waits")
}

func confirming(till *till) *frontdesk.TypedTool[payout, string] {
	return till.tool().ConfirmFirst(func(in payout) string { return fmt.Sprintf("Shall I pay %d cents for %s?", in.Cents, in.OrderID) })
}

func TestConfirmFirst(t *testing.T) {
	tests := map[string]struct {
		turn func(id string) frontdesk.Turn
		paid bool
	}{
		"yes":            {func(string) frontdesk.Turn { return say("Yes, please!") }, true},
		"another tongue": {func(string) frontdesk.Turn { return say("Ja, gerne") }, true},
		"a button": {func(id string) frontdesk.Turn {
			turn := say("")
			turn.Confirm = id
			return turn
		}, true},
		"no":             {func(string) frontdesk.Turn { return say("No.") }, false},
		"yes, but":       {func(string) frontdesk.Turn { return say("Yes, but make it 900") }, false},
		"something else": {func(string) frontdesk.Turn { return say("When do you open?") }, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			till, memory := new(till), new(frontdesk.InMemory)
			provider := frontdesktest.NewProvider(frontdesktest.Say("I found it.").And(pay("ORD-1", 500)), frontdesktest.Say("Fine."))
			config := frontdesk.Config{Provider: provider, Memory: memory, Tools: []frontdesk.Tool{confirming(till)}}
			agent := newAgent(t, config)
			reply := play(t, agent, say("Pay me"), true)
			assert.Equal(t, frontdesk.AwaitingCustomer, reply.Outcome)
			assert.Equal(t, "I found it.\n\nShall I pay 500 cents for ORD-1?", reply.Text)
			require.Len(t, reply.Approvals, 1)
			assert.Equal(t, frontdesk.CustomerConfirms, reply.Approvals[0].Kind)
			assert.Empty(t, till.paid)
			_, err := agent.Decide(t.Context(), conversation, frontdesk.Decision{Approval: reply.Approvals[0].ID, Approved: true})
			require.ErrorIs(t, err, frontdesk.ErrApprovalClosed, "it is not a colleague's to decide")

			turn := test.turn(reply.Approvals[0].ID)
			reply = play(t, newAgent(t, config), turn, false)
			assert.Equal(t, frontdesk.Answered, reply.Outcome)
			assert.Equal(t, "Fine.", reply.Text)
			messages := sent(t, provider, 1)
			if test.paid {
				assert.Equal(t, []payout{{"ORD-1", 500}}, till.paid)
				assert.Len(t, messages, 3)
				assert.Contains(t, messages[2], "tool: The customer confirmed this")
				assert.Contains(t, messages[2], turn.Text)
				assert.Contains(t, messages[2], "paid 500 for ORD-1")
			} else {
				assert.Empty(t, till.paid)
				assert.Contains(t, messages[2], "tool: Not run: the customer was asked")
				assert.Equal(t, "user: "+turn.Text, messages[3])
			}
			texts, _ := customerMessages(t, load(t, memory))
			assert.Equal(t, []string{"Pay me", turn.Text}, texts)
			assert.Empty(t, reply.Approvals)
		})
	}
}

// A yes is for what was asked. Other arguments are asked about again, and a
// button that was overtaken does nothing.
func TestAConfirmationIsForItsArguments(t *testing.T) {
	till := new(till)
	provider := frontdesktest.NewProvider(pay("ORD-1", 500), pay("ORD-1", 900), frontdesktest.Say("Fine."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{confirming(till)}})
	first := play(t, agent, say("Pay me"), false).Approvals[0]
	second := play(t, agent, say("Make it 900"), false)
	assert.Equal(t, frontdesk.AwaitingCustomer, second.Outcome)
	require.Len(t, second.Approvals, 1)
	assert.NotEqual(t, first.ID, second.Approvals[0].ID)

	turn := say("")
	turn.Confirm = first.ID
	_, err := agent.Reply(t.Context(), turn)
	require.ErrorIs(t, err, frontdesk.ErrApprovalClosed)
	assert.Empty(t, till.paid)

	assert.Equal(t, frontdesk.Answered, play(t, agent, say("yes"), false).Outcome)
	assert.Equal(t, []payout{{"ORD-1", 900}}, till.paid)
}

// Who has the customer's yes may need a colleague's too.
func TestConfirmFirstAndApproveWhen(t *testing.T) {
	till := new(till)
	provider := frontdesktest.NewProvider(pay("ORD-1", 20_000), frontdesktest.Say("Fine."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{confirming(till).ApproveWhen(isLarge)}})
	require.Equal(t, frontdesk.AwaitingCustomer, play(t, agent, say("Pay me"), false).Outcome)
	reply := play(t, agent, say("Yes"), false)
	assert.Equal(t, frontdesk.AwaitingApproval, reply.Outcome)
	assert.Empty(t, till.paid)
	require.Len(t, reply.Approvals, 1)
	reply, err := agent.Decide(t.Context(), conversation, frontdesk.Decision{Approval: reply.Approvals[0].ID, Approved: true})
	require.NoError(t, err)
	assert.Equal(t, "Fine.", reply.Text)
	assert.Len(t, till.paid, 1)
	assert.Contains(t, sent(t, provider, 1)[2], `The customer confirmed this: "Yes".`)
}

// What the customer says while the turn is about to wait is answered first.
func TestAMessageBeforeTheTurnWaits(t *testing.T) {
	till, memory := new(till), new(frontdesk.InMemory)
	var agent *frontdesk.Agent
	script := frontdesktest.NewProvider(pay("ORD-1", 20_000), frontdesktest.Say("We are open till six. The payment is being checked."), frontdesktest.Say("Paid."))
	provider := frontdesk.ProviderFunc(func(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
		if len(script.Requests()) == 0 {
			joined, err := agent.Reply(ctx, say("When do you open?"))
			require.NoError(t, err)
			assert.Equal(t, frontdesk.Joined, joined.Outcome)
		}
		return script.Generate(ctx, request, stream)
	})
	agent = newAgent(t, frontdesk.Config{Provider: provider, Memory: memory, Tools: []frontdesk.Tool{till.tool().ApproveWhen(isLarge)}})
	reply := play(t, agent, say("Pay me"), true)
	assert.Equal(t, frontdesk.Answered, reply.Outcome)
	assert.Equal(t, "We are open till six. The payment is being checked.", reply.Text)
	require.Len(t, reply.Approvals, 1)
	assert.Equal(t, []string{"user: Pay me", `assistant: pay({"order_id":"ORD-1","cents":20000})`}, sent(t, script, 1)[:2])
	assert.Equal(t, "user: When do you open?", sent(t, script, 1)[3])
	reply, err := agent.Decide(t.Context(), conversation, frontdesk.Decision{Approval: reply.Approvals[0].ID, Approved: true})
	require.NoError(t, err)
	assert.Equal(t, "Paid.", reply.Text)
	assert.Len(t, till.paid, 1)
}

// beforeEnd decides by another process what a turn waits for, right before the turn
// records that it ends.
type beforeEnd struct {
	*frontdesk.InMemory
	decide func()
}

func (m *beforeEnd) Append(ctx context.Context, id frontdesk.ConversationID, last int64, entries ...frontdesk.Entry) error {
	if decide := m.decide; decide != nil && entries[len(entries)-1].Kind == frontdesk.EntryTurnEnded {
		m.decide = nil
		decide()
	}
	return m.InMemory.Append(ctx, id, last, entries...)
}

func TestADecisionAsTheTurnEnds(t *testing.T) {
	till := new(till)
	memory := &beforeEnd{InMemory: new(frontdesk.InMemory)}
	look := frontdesk.NewTool("look", "Look an order up", func(context.Context, struct{}) (string, error) { return "delivered", nil }).Trusted().ReadOnly()
	tools := []frontdesk.Tool{till.tool().ApproveWhen(nil), look}
	provider := frontdesktest.NewProvider(pay("ORD-1", 500).And(frontdesktest.Call("look", `{}`)), frontdesktest.Say("Paid."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory, Tools: tools})
	other := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory.InMemory, Tools: tools})
	memory.decide = func() {
		approvals, err := other.Approvals(t.Context(), conversation)
		require.NoError(t, err)
		require.Len(t, approvals, 1)
		reply, err := other.Decide(t.Context(), conversation, frontdesk.Decision{Approval: approvals[0].ID, Approved: true, By: "Bea"})
		require.NoError(t, err)
		assert.Equal(t, frontdesk.Joined, reply.Outcome)
	}
	reply := play(t, agent, say("Pay me"), false)
	assert.Equal(t, frontdesk.Answered, reply.Outcome)
	assert.Len(t, till.paid, 1, "what was approved did not run")
	provider.AssertDone(t)
}
