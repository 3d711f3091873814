package frontdesk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

var writeGolden = flag.Bool("golden.write", false, "write testdata/handoff.json and testdata/handoff.txt anew")

// golden compares a text with a file in testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *writeGolden {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), text)
}

// The whole packet, as a helpdesk gets it and as a person reads it.
func TestHandoffGolden(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 7)
	synctest.Test(t, func(t *testing.T) {
		till := new(till)
		memory := new(frontdesk.InMemory)
		provider := frontdesktest.NewProvider(
			frontdesktest.Say("Rückgaben sind 14 Tage lang möglich [1].").And(frontdesktest.Call("look", `{"order_id":"ORD-1"}`)),
			pay("ORD-1", 500),
			frontdesktest.Say("Die 5 EUR sind unterwegs."),
			frontdesktest.Say("Ich sehe nach.").And(pay("ORD-2", 20_000)).And(frontdesktest.Call("refuse", `{"order_id":"ORD-2"}`)),
			frontdesktest.Say("Einen Moment, bitte.").And(frontdesktest.Call("vanish", `{"order_id":"ORD-3"}`)),
			frontdesktest.Call(frontdesk.EscalationTool, `{"reason":"cannot_help","summary":"Möchte 200 EUR für ORD-2\nund ORD-3 prüfen lassen.","message":"Eine Kollegin übernimmt."}`),
		)
		var told *frontdesk.Handoff
		agent := newAgent(t, frontdesk.Config{
			Provider:  provider,
			Memory:    memory,
			Retriever: &library{found: [][]frontdesk.Passage{{returns}, {returns}, {returns}, {returns}}},
			Escalator: frontdesk.EscalatorFunc(func(_ context.Context, h frontdesk.Handoff) (string, error) {
				told = &h
				return "T-81", nil
			}),
			Escalation: frontdesk.Escalation{Review: func(context.Context, frontdesk.Handoff) (frontdesk.Review, error) {
				return frontdesk.Review{Queue: "payments"}, nil
			}},
			Tools: []frontdesk.Tool{
				till.tool().ApproveWhen(isLarge),
				frontdesk.NewTool("look", "Look", func(_ context.Context, in orderArgs) (string, error) { return in.OrderID + " was delivered", nil }).Trusted().ReadOnly().WithoutAuthorize("order_id"),
				frontdesk.NewTool("refuse", "Refuse", func(context.Context, orderArgs) (string, error) { return "", errors.New("no") }).Trusted().ReadOnly().WithoutAuthorize("order_id"),
				frontdesk.NewTool("vanish", "Vanish", func(context.Context, orderArgs) (string, error) { panic("gone") }).Trusted().WithoutAuthorize("order_id"),
			},
		})
		ana := frontdesk.Customer{ID: "cus_ana", Tenant: "acme", Name: "Ana"}
		for i, text := range []string{
			"Guten Tag, ich möchte bitte die 5 EUR für meine Bestellung ORD-1 zurück.",
			"Und für die Bestellung ORD-2 möchte ich bitte auch noch 200 EUR zurück haben.",
			"Was ist mit ORD-3?\nTicket: T-666",
		} {
			time.Sleep(time.Minute)
			play(t, agent, frontdesk.Turn{Conversation: "c-1", Customer: ana, Text: text, MessageID: fmt.Sprint("m-", i)}, true)
			if i == 0 {
				require.NoError(t, agent.Record(t.Context(), frontdesk.ConversationID{Tenant: "acme", ID: "c-1"}, frontdesk.Action{
					By: "Bea", Did: "Sent a voucher.", Tool: "voucher", Arguments: json.RawMessage(`{"cents":100}`),
				}))
			}
		}
		provider.AssertDone(t)
		require.NotNil(t, told)
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		require.NoError(t, encoder.Encode(told))
		golden(t, "handoff.json", text.String())
		golden(t, "handoff.txt", told.String())

		var read frontdesk.Handoff
		require.NoError(t, json.Unmarshal(text.Bytes(), &read))
		assert.Equal(t, told.String(), read.String())
	})
}

// What the entry holds is what cannot be found in the log.
func TestTheHandoffEntryHoldsNothingTwice(t *testing.T) {
	memory := new(frontdesk.InMemory)
	agent := newAgent(t, frontdesk.Config{
		Provider: frontdesktest.NewProvider(frontdesktest.Call("get_order_status", `{"order_id":"ORD-1"}`), escalate("Bea comes.")),
		Memory:   memory, Tools: new(shop).tools(), Escalator: new(helpdesk),
	})
	play(t, agent, say("A human, please"), false)
	for _, entry := range load(t, memory) {
		if entry.Kind == frontdesk.EntryHandoff {
			var fields map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(entry.Data, &fields))
			for _, name := range []string{"facts", "steps", "results", "done", "approvals", "effects", "transcript", "shown", "language", "ticket"} {
				assert.NotContains(t, fields, name)
			}
		}
	}
}

func TestFactsAreBounded(t *testing.T) {
	desk := new(helpdesk)
	var answers []frontdesktest.Answer
	for i := range 30 {
		answers = append(answers, frontdesktest.Call("look", fmt.Sprintf(`{"order_id":"ORD-%d"}`, i%25)))
	}
	agent := newAgent(t, frontdesk.Config{
		Provider: frontdesktest.NewProvider(append(answers, escalate(""))...), Escalator: desk, Limits: frontdesk.Limits{Requests: 100},
		Tools: []frontdesk.Tool{frontdesk.NewTool("look", "Look", func(_ context.Context, in orderArgs) (string, error) {
			return in.OrderID + strings.Repeat(" ä", 1000), nil
		}).Trusted().ReadOnly().WithoutAuthorize("order_id")},
	})
	play(t, agent, say("Look"), false)
	facts := desk.handoffs[0].Facts
	require.Len(t, facts, 20)
	assert.Contains(t, facts[19].Text, "ORD-4 ", "the one that was looked up last")
	for _, fact := range facts {
		assert.LessOrEqual(t, len([]rune(fact.Text)), 500)
	}
	assert.Len(t, desk.handoffs[0].Steps, 31)
}

// review is a hook that gives its answers one after another.
type review struct {
	answers []frontdesk.Review
	asked   []frontdesk.Handoff
	err     error
	panics  bool
}

func (r *review) ask(_ context.Context, handoff frontdesk.Handoff) (frontdesk.Review, error) {
	r.asked = append(r.asked, handoff)
	if r.panics {
		panic("review")
	}
	if len(r.answers) == 0 {
		return frontdesk.Review{}, r.err
	}
	answer := r.answers[0]
	r.answers = r.answers[1:]
	return answer, r.err
}

func TestReview(t *testing.T) {
	refuse := frontdesk.Review{Refuse: "Look the order up first."}
	tests := map[string]struct {
		review   review
		answers  []frontdesktest.Answer
		outcome  frontdesk.Outcome
		asked    int
		priority frontdesk.Priority
		queue    string
	}{
		"lets it happen":       {review{}, []frontdesktest.Answer{escalate("")}, frontdesk.Escalated, 1, frontdesk.PriorityNormal, ""},
		"sets what it likes":   {review{answers: []frontdesk.Review{{Priority: frontdesk.PriorityUrgent, Queue: "vip"}}}, []frontdesktest.Answer{escalate("")}, frontdesk.Escalated, 1, frontdesk.PriorityUrgent, "vip"},
		"refuses":              {review{answers: []frontdesk.Review{refuse}}, []frontdesktest.Answer{escalate(""), frontdesktest.Say("It was delivered.")}, frontdesk.Answered, 1, "", ""},
		"refuses twice":        {review{answers: []frontdesk.Review{refuse, refuse}}, []frontdesktest.Answer{escalate(""), escalate("again"), frontdesktest.Say("It was delivered.")}, frontdesk.Answered, 2, "", ""},
		"cannot refuse thrice": {review{answers: []frontdesk.Review{refuse, refuse, {Refuse: "No!", Queue: "calm"}}}, []frontdesktest.Answer{escalate(""), escalate("again"), escalate("and again")}, frontdesk.Escalated, 3, frontdesk.PriorityNormal, "calm"},
		"fails":                {review{answers: []frontdesk.Review{refuse}, err: errors.New("down")}, []frontdesktest.Answer{escalate("")}, frontdesk.Escalated, 1, frontdesk.PriorityNormal, ""},
		"panics":               {review{panics: true}, []frontdesktest.Answer{escalate("")}, frontdesk.Escalated, 1, frontdesk.PriorityNormal, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			desk := new(helpdesk)
			provider := frontdesktest.NewProvider(test.answers...)
			agent := newAgent(t, frontdesk.Config{Provider: provider, Escalator: desk, Escalation: frontdesk.Escalation{Review: test.review.ask}})
			s := watch(t, agent, say("Where is it?"))
			require.NoError(t, s.err)
			provider.AssertDone(t)
			assert.Equal(t, test.outcome, s.reply.Outcome)
			require.Len(t, test.review.asked, test.asked)
			assert.Equal(t, frontdesk.HandoffCustomerAsked, test.review.asked[0].Reason)
			assert.Equal(t, frontdesk.AskedByModel, test.review.asked[0].AskedBy)
			assert.NotEmpty(t, test.review.asked[0].Transcript)
			if test.outcome == frontdesk.Answered {
				assert.Empty(t, desk.handoffs)
				assert.Contains(t, s.kinds(), "finished: escalate_to_human not_run")
				for i := 1; i <= test.asked; i++ {
					lines := sent(t, provider, i)
					assert.Equal(t, "tool: Not handed over: Look the order up first.", lines[len(lines)-1])
				}
				return
			}
			require.Len(t, desk.handoffs, 1)
			assert.Equal(t, test.priority, desk.handoffs[0].Priority)
			assert.Equal(t, test.queue, desk.handoffs[0].Queue)
		})
	}
	t.Run("takes too long", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			agent := newAgent(t, frontdesk.Config{
				Provider: frontdesktest.NewProvider(escalate("")), Escalator: new(helpdesk),
				Escalation: frontdesk.Escalation{Review: func(ctx context.Context, _ frontdesk.Handoff) (frontdesk.Review, error) {
					time.Sleep(time.Hour)
					return refuse, nil
				}},
			})
			assert.Equal(t, frontdesk.Escalated, play(t, agent, say("Where is it?"), false).Outcome)
			time.Sleep(2 * time.Hour)
		})
	})
	t.Run("is not asked of limits", func(t *testing.T) {
		hook := review{answers: []frontdesk.Review{refuse}}
		agent := newAgent(t, frontdesk.Config{
			Provider: frontdesktest.NewProvider(frontdesktest.Say(""), frontdesktest.Say("")), Escalator: new(helpdesk),
			Escalation: frontdesk.Escalation{Review: hook.ask},
		})
		assert.Equal(t, frontdesk.HandoffEmptyReply, play(t, agent, say("Hi"), false).Handoff.Reason)
		assert.Empty(t, hook.asked)
	})
}

func TestTheCustomerAsksForAHuman(t *testing.T) {
	asks := frontdesk.Escalation{CustomerAsks: frontdesk.AsksForHuman}
	t.Run("at once", func(t *testing.T) {
		desk := new(helpdesk)
		provider := frontdesktest.NewProvider(frontdesktest.Say("Hello."))
		agent := newAgent(t, frontdesk.Config{Provider: provider, Escalator: desk, Escalation: asks})
		assert.Equal(t, frontdesk.Answered, play(t, agent, say("Where is my order?"), false).Outcome)
		reply := play(t, agent, say("I want to talk to a human agent"), true)
		assert.Equal(t, frontdesk.Escalated, reply.Outcome)
		assert.Equal(t, frontdesk.DefaultHandoffText, reply.Text)
		assert.Zero(t, reply.Requests)
		assert.Equal(t, frontdesk.HandoffCustomerAsked, desk.handoffs[0].Reason)
		assert.Equal(t, frontdesk.AskedByCustomer, desk.handoffs[0].AskedBy)
		provider.AssertDone(t)
		require.NoError(t, agent.HandBack(t.Context(), conversation, "Bea", ""))
		provider.Add(frontdesktest.Say("You are welcome."))
		assert.Equal(t, "You are welcome.", play(t, agent, say("Thanks"), false).Text, "it is asked for once")
	})
	t.Run("refused", func(t *testing.T) {
		for _, fresh := range []bool{false, true} {
			hook := &review{answers: []frontdesk.Review{{Refuse: "Nobody is there before 9.\n</note>"}}}
			provider := frontdesktest.NewProvider(frontdesktest.Say("Nobody is there yet."), frontdesktest.Say("Yes?"))
			config := frontdesk.Config{Provider: provider, Memory: new(frontdesk.InMemory), Escalator: new(helpdesk),
				Escalation: frontdesk.Escalation{CustomerAsks: frontdesk.AsksForHuman, Review: hook.ask}}
			agent := newAgent(t, config)
			assert.Equal(t, frontdesk.Answered, play(t, agent, say("I want to talk to a human agent"), false).Outcome)
			if fresh {
				agent = newAgent(t, config)
			}
			play(t, agent, say("Hello?"), false)
			require.Len(t, hook.asked, 1)
			want := "user: <note>\nThe customer asks for a human. Not handed over: Nobody is there before 9.\n(/note>\n</note>\n\nI want to talk to a human agent"
			assert.Equal(t, []string{want}, sent(t, provider, 0))
			assert.Equal(t, []string{want, "assistant: Nobody is there yet.", "user: Hello?"}, sent(t, provider, 1))
		}
	})
	t.Run("in the middle of a turn", func(t *testing.T) {
		memory, shop := new(frontdesk.InMemory), new(shop)
		var other *frontdesk.Agent
		provider := frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
			reply, err := other.Reply(context.Background(), say("I want to talk to a human agent"))
			assert.NoError(t, err)
			assert.Equal(t, frontdesk.Joined, reply.Outcome)
			answer := frontdesktest.Call("initiate_refund", `{"order_id":"ORD-1","reason":"r"}`)
			return &frontdesk.Response{Message: frontdesk.Message{Calls: answer.Calls}}, nil
		})
		config := frontdesk.Config{Provider: provider, Memory: memory, Escalator: new(helpdesk), Escalation: asks, Tools: shop.tools()}
		other = newAgent(t, config)
		reply := play(t, newAgent(t, config), say("Refund it"), false)
		assert.Equal(t, frontdesk.Escalated, reply.Outcome)
		assert.Empty(t, shop.refunds)
	})
	t.Run("a check that panics", func(t *testing.T) {
		agent := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Say("Hello.")), Escalation: frontdesk.Escalation{
			CustomerAsks: func(string) bool { panic("check") },
		}})
		assert.Equal(t, frontdesk.Answered, play(t, agent, say("A human"), false).Outcome)
	})
}

func TestAToolHandsOver(t *testing.T) {
	tests := map[string]struct {
		err    error
		status frontdesk.ToolStatus
		reason frontdesk.HandoffReason
		done   int
	}{
		"alone":              {frontdesk.HandOver("the bank wants a signature"), frontdesk.ToolDone, frontdesk.HandoffPolicy, 1},
		"wrapped":            {fmt.Errorf("pay: %w", frontdesk.HandOver("the bank wants a signature")), frontdesk.ToolDone, frontdesk.HandoffPolicy, 1},
		"with a failure":     {errors.Join(errors.New("declined"), frontdesk.HandOver("the bank wants a signature")), frontdesk.ToolFailed, frontdesk.HandoffToolFailed, 0},
		"as nothing happens": {frontdesk.NotExecuted(frontdesk.HandOver("the bank wants a signature")), frontdesk.ToolFailed, frontdesk.HandoffToolFailed, 0},
	}
	for name, test := range tests {
		for _, readOnly := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, read-only=%v", name, readOnly), func(t *testing.T) {
				desk := new(helpdesk)
				ran := 0
				tool := frontdesk.NewTool("sign", "Sign", func(context.Context, orderArgs) (string, error) {
					ran++
					return "filed", test.err
				}).Trusted().WithoutAuthorize("order_id")
				if readOnly {
					tool.ReadOnly()
				}
				provider := frontdesktest.NewProvider(callOrder("sign", 1).And(frontdesktest.Call("initiate_refund", `{"order_id":"ORD-1","reason":"r"}`)))
				shop := new(shop)
				agent := newAgent(t, frontdesk.Config{Provider: provider, Escalator: desk, Tools: append(shop.tools(), tool)})
				reply := play(t, agent, say("Sign it"), false)
				assert.Equal(t, frontdesk.Escalated, reply.Outcome)
				require.Len(t, desk.handoffs, 1)
				handoff := desk.handoffs[0]
				assert.Equal(t, test.reason, handoff.Reason)
				assert.Equal(t, frontdesk.AskedByTool, handoff.AskedBy)
				assert.Equal(t, "sign: the bank wants a signature", handoff.Detail)
				assert.Equal(t, test.status, handoff.Results[0].Status)
				if test.done > 0 {
					assert.Equal(t, "filed", handoff.Results[0].Content)
				}
				if !readOnly {
					assert.Len(t, handoff.Done, test.done)
				}
				assert.Empty(t, handoff.Effects, "the handler did return")
				assert.Equal(t, 1, ran)
				assert.Empty(t, shop.refunds, "the rest is dropped")
				provider.AssertDone(t)
			})
		}
	}
}

func TestFailuresInARow(t *testing.T) {
	bad := frontdesktest.Call("initiate_refund", `{"order_id":7}`)
	good := frontdesktest.Call("get_order_status", `{"order_id":"ORD-1"}`)
	none := frontdesktest.Call("nothing", `{}`)
	fails := func(n int) frontdesktest.Answer {
		return frontdesktest.Call("fail", fmt.Sprintf(`{"order_id":"ORD-%d"}`, n))
	}
	tests := map[string]struct {
		limit   int
		answers []frontdesktest.Answer
		want    frontdesk.HandoffReason
	}{
		"five of different kinds":  {0, []frontdesktest.Answer{bad, none, fails(1), bad, fails(2)}, frontdesk.HandoffToolFailed},
		"a success between":        {0, []frontdesktest.Answer{bad, none, fails(1), bad, good, fails(2), frontdesktest.Say("Sorry.")}, ""},
		"four, and then an answer": {0, []frontdesktest.Answer{bad, none, fails(1), fails(2), frontdesktest.Say("Sorry.")}, ""},
		"all in one answer":        {0, []frontdesktest.Answer{bad.And(none).And(fails(1)).And(fails(2)).And(fails(3))}, frontdesk.HandoffToolFailed},
		"the caller's limit":       {2, []frontdesktest.Answer{bad, none}, frontdesk.HandoffToolFailed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			provider := frontdesktest.NewProvider(test.answers...)
			agent := newAgent(t, frontdesk.Config{
				Provider: provider, Limits: frontdesk.Limits{Failures: test.limit},
				Tools: append(new(shop).tools(), frontdesk.NewTool("fail", "Fail", func(context.Context, orderArgs) (string, error) { return "", errors.New("no") }).Trusted().ReadOnly().WithoutAuthorize("order_id")),
			})
			reply := play(t, agent, say("Do it"), false)
			provider.AssertDone(t)
			if test.want == "" {
				assert.Equal(t, frontdesk.Answered, reply.Outcome)
				return
			}
			require.NotNil(t, reply.Handoff)
			assert.Equal(t, test.want, reply.Handoff.Reason)
			assert.Equal(t, frontdesk.AskedByLimit, reply.Handoff.AskedBy)
		})
	}
}

func TestADenialHandsOver(t *testing.T) {
	for _, option := range []bool{false, true} {
		for _, meanwhile := range []bool{false, true} {
			t.Run(fmt.Sprintf("option=%v, after another turn=%v", option, meanwhile), func(t *testing.T) {
				till, desk := new(till), new(helpdesk)
				provider := frontdesktest.NewProvider(pay("ORD-1", 5))
				agent := newAgent(t, frontdesk.Config{
					Provider: provider, Escalator: desk, Tools: []frontdesk.Tool{till.tool().ApproveWhen(nil)},
					Escalation: frontdesk.Escalation{OnDenial: option},
				})
				asked := play(t, agent, say("Pay me"), false)
				if meanwhile {
					provider.Add(frontdesktest.Say("Not yet."))
					play(t, agent, say("And?"), false)
				}
				if !option {
					provider.Add(frontdesktest.Say("I may not."))
				}
				reply, err := agent.Decide(t.Context(), conversation, frontdesk.Decision{Approval: asked.Approvals[0].ID, By: "Bea", Words: "No receipt."})
				require.NoError(t, err)
				provider.AssertDone(t)
				assert.Empty(t, till.paid)
				if !option {
					assert.Equal(t, frontdesk.Answered, reply.Outcome)
					return
				}
				assert.Equal(t, frontdesk.Escalated, reply.Outcome)
				require.Len(t, desk.handoffs, 1)
				assert.Equal(t, frontdesk.HandoffApprovalDenied, desk.handoffs[0].Reason)
				assert.Equal(t, frontdesk.AskedByColleague, desk.handoffs[0].AskedBy)
				assert.Contains(t, desk.handoffs[0].Detail, "by Bea: No receipt.")
				assert.True(t, slices.ContainsFunc(desk.handoffs[0].Steps, func(s frontdesk.Step) bool { return s.Tool == "pay" && s.Status == frontdesk.ToolNotRun }))
			})
		}
	}
}

func TestAHostThatFailsHandsOver(t *testing.T) {
	broken := &frontdesk.HostError{Status: http.StatusUnauthorized, Message: "no such key"}
	for _, option := range []bool{false, true} {
		desk := new(helpdesk)
		agent := newAgent(t, frontdesk.Config{
			Provider: frontdesktest.NewProvider(frontdesktest.Fail(broken)), Escalator: desk,
			Escalation: frontdesk.Escalation{OnHostError: option},
		})
		s := watch(t, agent, say("Hi"))
		if !option {
			require.ErrorIs(t, s.err, frontdesk.ErrAuth)
			continue
		}
		require.NoError(t, s.err)
		assert.Equal(t, frontdesk.DefaultHandoffText, s.reply.Text)
		assert.Equal(t, frontdesk.HandoffHostError, desk.handoffs[0].Reason)
		assert.Equal(t, frontdesk.AskedByHost, desk.handoffs[0].AskedBy)
		assert.Equal(t, frontdesk.PriorityHigh, desk.handoffs[0].Priority)
		assert.Contains(t, desk.handoffs[0].Detail, "no such key")
	}
}

// A handoff of which the escalator could not be told is told again without anybody
// asking.
func TestAHandoffThatCouldNotBeToldIsRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk := &helpdesk{err: errors.New("the helpdesk is down")}
		agent := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(escalate("Bea takes over.")), Escalator: desk})
		_, err := agent.Reply(t.Context(), identified("A human, please", "m-1"))
		require.ErrorIs(t, err, desk.err)
		recover := func() {
			time.Sleep(time.Minute)
			require.NoError(t, agent.Recover(t.Context(), func(r frontdesk.Recovered) {
				require.ErrorIs(t, r.Err, desk.err)
			}))
		}
		recover()
		require.Len(t, desk.handoffs, 2, "it is down still")
		desk.err = nil
		recover()
		require.Len(t, desk.handoffs, 3)
		assert.Equal(t, desk.handoffs[0].ID, desk.handoffs[2].ID)
		recover()
		assert.Len(t, desk.handoffs, 3, "it was told")
	})
}
