package frontdesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// An agent keeps what it sent of a conversation encoded. These tests compare
// it with an agent that has never seen the conversation before, and reads it
// from the log.

// mirror is two agents that must send the same: one keeps its conversations,
// the other is made anew for each turn.
type mirror struct {
	t      *testing.T
	memory *frontdesk.InMemory
	host   *scriptedHost
	agent  *frontdesk.Agent
	tools  []frontdesk.Tool
}

// scriptedHost gives answers in order, and keeps the bodies it was sent. Unlike
// a frontdesktest.Server it does not read them, which takes long for long
// conversations.
type scriptedHost struct {
	answers []frontdesktest.Answer
	bodies  []string
}

func (h *scriptedHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.bodies = append(h.bodies, string(body))
	answer := h.answers[0]
	h.answers = h.answers[1:]
	var calls []any
	for _, call := range answer.Calls {
		calls = append(calls, map[string]any{"id": call.ID, "function": map[string]any{"name": call.Name, "arguments": call.Arguments}})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{
		"message": map[string]any{"role": "assistant", "content": answer.Text, "tool_calls": calls}, "finish_reason": "stop",
	}}})
}

func newMirror(t *testing.T) *mirror {
	m := &mirror{t: t, memory: new(frontdesk.InMemory), host: new(scriptedHost)}
	m.tools = []frontdesk.Tool{
		frontdesk.NewTool("look", "Look something up", func(_ context.Context, in struct {
			What string `json:"what"`
		}) (map[string]string, error) {
			return map[string]string{"found": in.What}, nil
		}).Trusted().ReadOnly(),
		frontdesk.NewTool("write", "Write something down", func(_ context.Context, in struct {
			What string `json:"what"`
		}) (string, error) {
			if in.What == "nothing" {
				return "", errors.New("there is nothing to write")
			}
			return "wrote <" + in.What + ">", nil
		}).Trusted(),
	}
	m.agent = m.newAgent(m.memory, m.host)
	return m
}

func (m *mirror) newAgent(memory frontdesk.Memory, host *scriptedHost) *frontdesk.Agent {
	provider := &frontdesk.OpenAICompatible{BaseURL: "http://host.invalid", Options: []option.RequestOption{inProcess(host.ServeHTTP)}}
	return newAgent(m.t, frontdesk.Config{Provider: provider, Memory: memory, Tools: m.tools, Instructions: "Be kind."})
}

var mirrored = frontdesk.ConversationID{ID: "c-1"}

// turn plays a turn and, if compare is set, compares every request with those
// of a fresh agent.
func (m *mirror) turn(turn frontdesk.Turn, stream, compare bool, answers ...frontdesktest.Answer) {
	m.t.Helper()
	turn.Conversation = mirrored.ID
	if !compare {
		m.host.answers = answers
		play(m.t, m.agent, turn, stream)
		return
	}
	log, err := m.memory.Load(m.t.Context(), mirrored, 0)
	require.NoError(m.t, err)
	memory := new(frontdesk.InMemory)
	require.NoError(m.t, memory.Append(m.t.Context(), mirrored, 0, log...))
	m.host.bodies, m.host.answers = nil, answers
	host := &scriptedHost{answers: answers}

	play(m.t, m.agent, turn, stream)
	play(m.t, m.newAgent(memory, host), turn, stream)

	require.Empty(m.t, m.host.answers)
	require.Len(m.t, m.host.bodies, len(answers))
	require.Len(m.t, host.bodies, len(answers))
	for i := range answers {
		if m.host.bodies[i] != host.bodies[i] { // which are long
			require.Equal(m.t, host.bodies[i], m.host.bodies[i], "request %d of the turn", i)
		}
	}
}

func TestKeptConversationsAreSentLikeFreshOnes(t *testing.T) {
	m := newMirror(t)
	random := rand.New(rand.NewPCG(1, 2))
	const turns = 200
	for i := range turns {
		turn := frontdesk.Turn{Text: fmt.Sprintf("message %d <&> \u2028 🧦", i)}
		if i%20 == 7 {
			turn.Images = []frontdesk.Image{{Data: []byte("GIF89a")}, {URL: "https://shop.example/a.png"}}
		}
		var answers []frontdesktest.Answer
		for j := range random.IntN(3) {
			what := fmt.Sprintf(`{"what":"%d-%d"}`, i, j)
			answer := []frontdesktest.Answer{
				frontdesktest.Call("look", what),
				frontdesktest.Call("look", what).And(frontdesktest.Call("write", what)).And(frontdesktest.Say("A moment.")),
				frontdesktest.Call("write", `{"what":"nothing"}`).And(frontdesktest.Call("nosuch", what)),
				frontdesktest.Call("look", `{"what":`),
				frontdesktest.Call("write", `{"where":1}`).And(frontdesktest.Call("look", what)).And(frontdesktest.Call("look", what)),
			}[random.IntN(5)]
			answers = append(answers, answer)
		}
		answers = append(answers, frontdesktest.Say(fmt.Sprint("answer ", i)))
		// To read a long conversation again takes long.
		m.turn(turn, random.IntN(2) == 0, i < 40 || i%8 == 0, answers...)

		switch i % 10 {
		case 3: // somebody speaks in between
			require.NoError(t, m.agent.Post(t.Context(), mirrored, "Mia", fmt.Sprint("I am looking into it ", i)))
		case 5: // so does another process
			other := m.newAgent(m.memory, m.host)
			m.host.answers = []frontdesktest.Answer{frontdesktest.Say("from elsewhere")}
			play(t, other, frontdesk.Turn{Conversation: mirrored.ID, Text: fmt.Sprint("elsewhere ", i)}, false)
		case 8: // the customer leaves in the middle of a turn
			m.host.answers = []frontdesktest.Answer{frontdesktest.Call("write", `{"what":"half"}`)}
			for event := range m.agent.Stream(t.Context(), frontdesk.Turn{Conversation: mirrored.ID, Text: fmt.Sprint("left ", i)}) {
				if _, ok := event.(frontdesk.ToolStarted); ok {
					break
				}
			}
		}
	}
	last := decode(t, m.host.bodies[len(m.host.bodies)-1])
	assert.Greater(t, len(last.Messages), 3*turns, "the last request has it all")
}

// TestProvidersInBetween is about providers that stand before another one, and
// change a copy of the request: what they took out must not go out.
func TestProvidersInBetween(t *testing.T) {
	tests := []struct {
		name   string
		change func(messages []frontdesk.Message) []frontdesk.Message
	}{
		{"redacting", func(messages []frontdesk.Message) []frontdesk.Message {
			redacted := make([]frontdesk.Message, len(messages))
			for i, message := range messages {
				if message.Text == "my card is 4111" {
					message.Text = "my card is [redacted]"
				}
				redacted[i] = message
			}
			return redacted
		}},
		{"keeping the newest alone", func(messages []frontdesk.Message) []frontdesk.Message {
			return messages[len(messages)-1:]
		}},
		{"keeping the oldest alone", func(messages []frontdesk.Message) []frontdesk.Message {
			return append([]frontdesk.Message{}, messages[:(len(messages)+1)/2]...)
		}},
		{"adding one in front", func(messages []frontdesk.Message) []frontdesk.Message {
			return append([]frontdesk.Message{{Role: frontdesk.RoleUser, Text: "Answer in French."}}, messages...)
		}},
		{"adding one behind", func(messages []frontdesk.Message) []frontdesk.Message {
			return append(messages[:len(messages):len(messages)], frontdesk.Message{Role: frontdesk.RoleUser, Text: "Answer in French."})
		}},
		{"sending none", func([]frontdesk.Message) []frontdesk.Message { return nil }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			host := newWire()
			var want []string
			between := frontdesk.ProviderFunc(func(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
				changed := *request
				changed.Messages = test.change(request.Messages)
				want = append(want, send(t, &frontdesk.Request{
					Model:       changed.Model,
					Messages:    changed.Messages,
					Temperature: changed.Temperature,
					MaxTokens:   changed.MaxTokens,
				}, stream != nil))
				return host.Generate(ctx, &changed, stream)
			})
			agent := newAgent(t, frontdesk.Config{Provider: between})
			for _, text := range []string{"my card is 4111", "what now?", "and then?"} {
				// A panic of the provider fails the test on its own.
				require.NotPanics(t, func() {
					_, err := agent.Reply(t.Context(), frontdesk.Turn{Conversation: "c-1", Text: text})
					require.NoError(t, err)
				})
			}
			assert.Equal(t, want, host.bodies)
		})
	}

	// A second host may be told less than the first.
	t.Run("a copy with less for another provider", func(t *testing.T) {
		first, second := newWire(), newWire()
		both := frontdesk.ProviderFunc(func(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
			if _, err := first.Generate(ctx, request, stream); err != nil {
				return nil, err
			}
			less := *request
			less.Model = "llama-3.1-8b"
			less.Messages = nil
			for _, message := range request.Messages {
				message.Text = strings.ReplaceAll(message.Text, "4111", "[redacted]")
				less.Messages = append(less.Messages, message)
			}
			return second.Generate(ctx, &less, stream)
		})
		agent := newAgent(t, frontdesk.Config{Provider: both})
		for range 3 {
			play(t, agent, frontdesk.Turn{Conversation: "c-1", Text: "my card is 4111"}, false)
		}
		require.Len(t, second.bodies, 3)
		for i, body := range second.bodies {
			assert.NotContains(t, body, "4111")
			assert.Contains(t, body, `"model":"llama-3.1-8b"`)
			assert.Equal(t, first.bodies[i], strings.NewReplacer("[redacted]", "4111", "llama-3.1-8b", frontdesk.DefaultModel).Replace(body))
		}
	})
}

// BenchmarkTurn measures a turn of one request in conversations of several
// lengths, against a server on loopback: what grows with the length is the cost
// of the library, since the server does not read what it is sent.
func BenchmarkTurn(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answerHello(w, r)
	}))
	defer server.Close()
	for _, length := range []int{2, 1_000, 10_000} {
		b.Run(fmt.Sprintf("messages=%d", length), func(b *testing.B) {
			memory := new(frontdesk.InMemory)
			agent, err := frontdesk.New(frontdesk.Config{
				Provider: &frontdesk.OpenAICompatible{BaseURL: server.URL},
				Memory:   memory,
			})
			require.NoError(b, err)
			// A conversation grows with each turn: after some, a new one begins.
			const turns = 50
			conversation := ""
			ask := func() {
				if _, err := agent.Reply(b.Context(), frontdesk.Turn{Conversation: conversation, Text: "Where is my order?"}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if n%turns == 0 {
					b.StopTimer()
					conversation = fmt.Sprint("c-", n)
					seed(b, memory, conversation, length-1)
					ask()
					b.StartTimer()
				}
				n++
				ask()
			}
		})
	}
}

// seed puts a conversation of the given length into the memory.
func seed(b *testing.B, memory frontdesk.Memory, conversation string, length int) {
	b.Helper()
	entries := make([]frontdesk.Entry, length)
	for i := range entries {
		kind, data := frontdesk.EntryCustomerMessage, `{"customer":{},"text":"I need a refund for order ORD-9281. It arrived damaged, and I am leaving on Friday."}`
		if i%2 == 1 {
			kind, data = frontdesk.EntryPosted, `{"text":"I am sorry to hear that. I have looked up the order, and will see what I can do for you today."}`
		}
		entries[i] = frontdesk.Entry{ID: fmt.Sprint(conversation, i), Kind: kind, Version: 1, Time: time.Now(), Data: json.RawMessage(data)}
	}
	require.NoError(b, memory.Append(b.Context(), frontdesk.ConversationID{ID: conversation}, 0, entries...))
}
