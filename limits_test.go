package frontdesk_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

func TestRepeatGuard(t *testing.T) {
	look := frontdesktest.Call("look", `{}`)
	spaced := frontdesktest.Call("look", ` { } `)
	other := frontdesktest.Call("other", `{}`)
	done := frontdesktest.Say("Done.")
	same := func(int) string { return "the same" }
	tests := []struct {
		name    string
		limit   int
		script  []frontdesktest.Answer
		result  func(n int) string
		handoff bool
	}{
		{"three times in a row", 0, []frontdesktest.Answer{look, look, look}, same, true},
		{"spelled another way", 0, []frontdesktest.Answer{look, spaced, look}, same, true},
		{"two calls together", 0, []frontdesktest.Answer{look.And(other), look.And(other), look.And(other)}, same, true},
		{"after other calls", 0, []frontdesktest.Answer{other, look, look, look}, same, true},
		{"a limit of five", 5, []frontdesktest.Answer{look, look, look, look, look}, same, true},
		{"below a limit of five", 5, []frontdesktest.Answer{look, look, look, look, done}, same, false},
		{"twice", 0, []frontdesktest.Answer{look, look, done}, same, false},
		{"not in a row", 0, []frontdesktest.Answer{look, look, other, look, look, done}, same, false},
		{"in another order", 0, []frontdesktest.Answer{look.And(other), other.And(look), look.And(other), done}, same, false},
		{"with other results", 0, []frontdesktest.Answer{look, look, look, look, done}, func(n int) string { return fmt.Sprint("status ", n) }, false},
		{"unknown tools too", 0, []frontdesktest.Answer{frontdesktest.Call("no", `{}`), frontdesktest.Call("no", `{}`), frontdesktest.Call("no", `{}`)}, same, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			provider := frontdesktest.NewProvider(test.script...)
			looks := 0
			agent := newAgent(t, frontdesk.Config{
				Provider: provider,
				Tools: []frontdesk.Tool{
					text("look", func() string { looks++; return test.result(looks) }),
					text("other", func() string { return "other" }),
				},
				Limits: frontdesk.Limits{RepeatedCalls: test.limit},
			})
			reply := play(t, agent, say("Look"), false)
			provider.AssertDone(t)
			assert.Equal(t, len(test.script), reply.Requests)
			if !test.handoff {
				assert.Equal(t, frontdesk.Answered, reply.Outcome)
				return
			}
			require.Equal(t, frontdesk.Escalated, reply.Outcome)
			assert.Equal(t, frontdesk.HandoffRepeatedCall, reply.Handoff.Reason)
			assert.Contains(t, reply.Handoff.Detail, "times in a row")
			assert.Equal(t, frontdesk.DefaultHandoffText, reply.Text)
		})
	}
}

func TestRepeatGuardForgetsEarlierTurns(t *testing.T) {
	look := frontdesktest.Call("look", `{}`)
	provider := frontdesktest.NewProvider(look, look, frontdesktest.Say("Here."), look, look, frontdesktest.Say("Here again."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{text("look", func() string { return "seen" })}})
	assert.Equal(t, frontdesk.Answered, play(t, agent, say("Look"), false).Outcome)
	assert.Equal(t, frontdesk.Answered, play(t, agent, say("Look again"), false).Outcome)
	provider.AssertDone(t)
}

func TestEmptyReplies(t *testing.T) {
	empty, blank := frontdesktest.Say(""), frontdesktest.Say(" \n\t ")
	look, hello := frontdesktest.Call("look", `{}`), frontdesktest.Say("Hello.")
	tests := []struct {
		name   string
		script []frontdesktest.Answer
		text   string // of the answer, empty for a handoff
	}{
		{"once", []frontdesktest.Answer{empty, hello}, "Hello."},
		{"once, with spaces", []frontdesktest.Answer{blank, hello}, "Hello."},
		{"twice", []frontdesktest.Answer{empty, empty}, ""},
		{"twice, with spaces", []frontdesktest.Answer{blank, empty}, ""},
		{"once before and once after a call", []frontdesktest.Answer{empty, look, blank, hello}, "Hello."},
		{"twice after a call", []frontdesktest.Answer{look, empty, blank}, ""},
	}
	for _, test := range tests {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/stream=%v", test.name, stream), func(t *testing.T) {
				provider := frontdesktest.NewProvider(test.script...)
				agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{text("look", func() string { return "seen" })}})
				reply := play(t, agent, say("Hi"), stream)
				provider.AssertDone(t)
				assert.Equal(t, len(test.script), reply.Requests, "an empty answer is a request too")
				if test.text != "" {
					assert.Equal(t, frontdesk.Answered, reply.Outcome)
					assert.Equal(t, test.text, reply.Text)
					return
				}
				require.Equal(t, frontdesk.Escalated, reply.Outcome)
				assert.Equal(t, frontdesk.HandoffEmptyReply, reply.Handoff.Reason)
				assert.Contains(t, reply.Handoff.Detail, "2 times")
				assert.Equal(t, frontdesk.DefaultHandoffText, reply.Text)
			})
		}
	}
}

func TestRequestBudget(t *testing.T) {
	look, write := frontdesktest.Call("look", numbered{1}), frontdesktest.Call("write", numbered{2})
	tests := []struct {
		name     string
		limit    int
		cost     int // of each answer
		script   []frontdesktest.Answer
		writes   int
		requests int
		handoff  bool
	}{
		{"calls of the last answer do not run", 2, 1, []frontdesktest.Answer{look, write}, 0, 2, true},
		{"the last answer may be words", 2, 1, []frontdesktest.Answer{write, frontdesktest.Say("Done.")}, 1, 2, false},
		{"the only answer is words", 1, 1, []frontdesktest.Answer{frontdesktest.Say("Done.")}, 0, 1, false},
		{"the only answer is a call", 1, 1, []frontdesktest.Answer{write}, 0, 1, true},
		{"the last answer is empty", 1, 1, []frontdesktest.Answer{frontdesktest.Say("")}, 0, 1, true},
		{"failed attempts count", 4, 2, []frontdesktest.Answer{look, write}, 0, 4, true},
		{"one answer spends it all", 4, 9, []frontdesktest.Answer{write}, 0, 9, true},
		{"words that spend it all are an answer", 4, 9, []frontdesktest.Answer{frontdesktest.Say("Done.")}, 0, 9, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			script := frontdesktest.NewProvider(test.script...)
			provider := frontdesk.ProviderFunc(func(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
				response, err := script.Generate(ctx, request, stream)
				if err == nil {
					response.Requests = test.cost
				}
				return response, err
			})
			writes := 0
			agent := newAgent(t, frontdesk.Config{
				Provider: provider,
				Limits:   frontdesk.Limits{Requests: test.limit},
				Tools: []frontdesk.Tool{
					frontdesk.NewTool("look", "Look", func(context.Context, numbered) (string, error) { return "seen", nil }).ReadOnly(),
					frontdesk.NewTool("write", "Write", func(context.Context, numbered) (string, error) { writes++; return "written", nil }),
				},
			})
			s := watch(t, agent, say("Go"))
			require.NoError(t, s.err)
			script.AssertDone(t)
			assert.Equal(t, test.writes, writes)
			assert.Equal(t, test.requests, s.reply.Requests)
			if !test.handoff {
				assert.Equal(t, frontdesk.Answered, s.reply.Outcome)
				return
			}
			require.Equal(t, frontdesk.Escalated, s.reply.Outcome)
			assert.Equal(t, frontdesk.HandoffBudget, s.reply.Handoff.Reason)
			assert.Contains(t, s.reply.Handoff.Detail, fmt.Sprint(test.limit))
			assert.Equal(t, s.reply.Text, s.text())
			if last := test.script[len(test.script)-1]; len(last.Calls) > 0 {
				results := s.reply.Handoff.Results
				require.NotEmpty(t, results)
				assert.Equal(t, frontdesk.ToolNotRun, results[len(results)-1].Status)
			}
			require.NoError(t, frontdesktest.CheckTranscript(s.reply.Handoff.Transcript))
		})
	}
}

func TestRequestBudgetIsTwentyFiveByDefaultAndForEachTurn(t *testing.T) {
	n := 0
	provider := frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
		n++
		if n <= 24 || n > 26 {
			return &frontdesk.Response{Message: frontdesk.Message{Calls: numberedCalls("look").Calls}}, nil
		}
		return &frontdesk.Response{Message: frontdesk.Message{Text: "Done."}}, nil
	})
	looks := 0
	look := frontdesk.NewTool("look", "Look", func(context.Context, numbered) (string, error) { looks++; return fmt.Sprint(looks), nil })
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{look}})

	reply := play(t, agent, say("Look"), false)
	assert.Equal(t, frontdesk.Answered, reply.Outcome)
	assert.Equal(t, 25, reply.Requests)
	assert.Equal(t, 1, play(t, agent, say("Thanks"), false).Requests)

	reply = play(t, agent, say("Look more"), false)
	assert.Equal(t, frontdesk.Escalated, reply.Outcome)
	assert.Equal(t, 25, reply.Requests)
	assert.Equal(t, 24+24, looks)
}

// A tool of the caller's own that has the name of the built-in one, on an agent
// without an escalator, is a tool like any other.
func TestRequestBudgetHoldsForAToolNamedLikeTheBuiltInOne(t *testing.T) {
	ran := false
	own := frontdesk.NewTool(frontdesk.EscalationTool, "Page somebody", func(context.Context, struct{}) (string, error) {
		ran = true
		return "paged", nil
	})
	provider := frontdesktest.NewProvider(frontdesktest.Call(frontdesk.EscalationTool, `{}`))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{own}, Limits: frontdesk.Limits{Requests: 1}})
	reply := play(t, agent, say("Help"), false)
	assert.Equal(t, frontdesk.HandoffBudget, reply.Handoff.Reason)
	assert.False(t, ran, "a call of the last answer ran")
}
