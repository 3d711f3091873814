package frontdesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// streaming is a provider that streams the given deltas and then answers.
func streaming(answer string, deltas ...frontdesk.Delta) frontdesk.Provider {
	return frontdesk.ProviderFunc(func(_ context.Context, _ *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
		if stream != nil {
			for _, delta := range deltas {
				stream(delta)
			}
		}
		return &frontdesk.Response{Message: frontdesk.Message{Text: answer}}, nil
	})
}

func TestStreamedTextIsTheReply(t *testing.T) {
	say3 := []frontdesk.Delta{{Text: "Hel"}, {Text: "lo "}, {Text: "Ana"}}
	tests := []struct {
		name   string
		answer string
		deltas []frontdesk.Delta
		want   []string
	}{
		{"in pieces", "Hello Ana", say3, []string{"text: Hello Ana"}},
		{"nothing streamed", "Hello Ana", nil, []string{"text: Hello Ana"}},
		{"a part streamed", "Hello Ana", say3[:2], []string{"text: Hello Ana"}},
		{"something else in the end", "Good day", say3, []string{"text: Hello Ana", "reset", "text: Good day"}},
		{"more than the answer", "Hello", say3, []string{"text: Hello Ana", "reset", "text: Hello"}},
		{"tried again", "Hello Ana", append([]frontdesk.Delta{{Text: "Hel"}, {Reset: true}}, say3...), []string{"text: Hel", "reset", "text: Hello Ana"}},
		{"tried again before any text", "Hello Ana", append([]frontdesk.Delta{{Reset: true}}, say3...), []string{"text: Hello Ana"}},
		{"a reset with text", "Hello", []frontdesk.Delta{{Text: "Hm"}, {Reset: true, Text: "Hello"}}, []string{"text: Hm", "reset", "text: Hello"}},
		{"thoughts", "Hello", []frontdesk.Delta{{Reasoning: "Greet."}, {Text: "Hello"}}, []string{"reasoning: Greet.", "text: Hello"}},
		{"thoughts and text at once", "Hello", []frontdesk.Delta{{Reasoning: "Greet.", Text: "Hello"}}, []string{"reasoning: Greet.", "text: Hello"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			agent := newAgent(t, frontdesk.Config{Unguarded: true, Provider: streaming(test.answer, test.deltas...)})
			s := watch(t, agent, say("Hi"))
			require.NoError(t, s.err)
			assert.Equal(t, append(test.want, "done: answered"), s.kinds())
			assert.Equal(t, test.answer, s.reply.Text)
			assert.Equal(t, s.reply.Text, s.text())
		})
	}
}

func TestBlankTextIsTakenBack(t *testing.T) {
	agent := newAgent(t, frontdesk.Config{Unguarded: true, Provider: frontdesktest.NewProvider(frontdesktest.Say(" \n"), frontdesktest.Say("Hello."))})
	s := watch(t, agent, say("Hi"))
	require.NoError(t, s.err)
	assert.Equal(t, []string{"text:  \n", "reset", "text: Hello.", "done: answered"}, s.kinds())
}

func TestReplyAsksForWholeAnswers(t *testing.T) {
	provider := frontdesk.ProviderFunc(func(_ context.Context, _ *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
		assert.Nil(t, stream)
		return &frontdesk.Response{Message: frontdesk.Message{Text: "Hello."}}, nil
	})
	assert.Equal(t, "Hello.", play(t, newAgent(t, frontdesk.Config{Provider: provider}), say("Hi"), false).Text)
}

func TestAStreamRunsOnce(t *testing.T) {
	provider := frontdesktest.NewProvider(frontdesktest.Say("Hello."))
	stream := newAgent(t, frontdesk.Config{Unguarded: true, Provider: provider}).Stream(t.Context(), say("Hi"))
	assert.Empty(t, provider.Requests(), "the turn ran before it was asked for")
	for range stream {
	}
	pairs := 0
	for event, err := range stream {
		pairs++
		assert.Nil(t, event)
		assert.ErrorContains(t, err, "call Stream again")
	}
	assert.Equal(t, 1, pairs)
	assert.Len(t, provider.Requests(), 1)
}

func TestAFailureEndsTheStream(t *testing.T) {
	broken := errors.New("connection reset")
	provider := frontdesktest.NewProvider(
		frontdesktest.Call("get_order_status", `{"order_id":"ORD-1"}`),
		frontdesktest.Answer{Text: "Your order", Err: broken},
	)
	s := watch(t, newAgent(t, frontdesk.Config{Unguarded: true, Provider: provider, Tools: new(shop).tools()}), say("Hi"))
	require.ErrorIs(t, s.err, broken)
	assert.Equal(t, []string{"started: get_order_status", "finished: get_order_status done", "text: Your order"}, s.kinds())
}

// random matches what differs from one run of the same script to the next.
var random = regexp.MustCompile(`"(id|turn|idempotency_key|handoff|ticket|time|not_after)":"[^"]*"`)

// trace renders the log without its ids and times.
func trace(t *testing.T, memory frontdesk.Memory) []string {
	t.Helper()
	var lines []string
	for _, entry := range load(t, memory) {
		lines = append(lines, fmt.Sprintf("%s v%d %s", entry.Kind, entry.Version, random.ReplaceAllString(string(entry.Data), `"$1":"…"`)))
	}
	return lines
}

func TestReplyAndStreamLeaveTheSameLog(t *testing.T) {
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			logs := make(map[bool][]string)
			replies := make(map[bool][]*frontdesk.Reply)
			for _, stream := range []bool{false, true} {
				memory := new(frontdesk.InMemory)
				stage := scene.prepare()
				agent := stage.agent(t, memory)
				for _, turn := range scene.turns {
					replies[stream] = append(replies[stream], play(t, agent, turn, stream))
				}
				stage.script.AssertDone(t)
				logs[stream] = trace(t, memory)
			}
			assert.Equal(t, logs[false], logs[true])
			for i := range replies[false] {
				plain, err := json.Marshal(replies[false][i])
				require.NoError(t, err)
				streamed, err := json.Marshal(replies[true][i])
				require.NoError(t, err)
				ids := regexp.MustCompile(`"(id|Turn|time|ticket|ID|idempotency_key|started)":"[^"]*"`)
				assert.JSONEq(t, ids.ReplaceAllString(string(plain), `"$1":""`), ids.ReplaceAllString(string(streamed), `"$1":""`))
			}
		})
	}
}
