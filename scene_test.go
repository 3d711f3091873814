package frontdesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// scene is a piece of a conversation that tests play, and interrupt wherever
// it can be interrupted. Each call of a write in it is for an order of its own.
type scene struct {
	name    string
	turns   []frontdesk.Turn
	answers []frontdesktest.Answer
	config  frontdesk.Config
	mute    bool // the model streams nothing and ignores its context
	search  bool // there is a knowledge base
	helped  bool // there is an escalator
}

// stage is where a scene is played. It keeps count of what was done.
type stage struct {
	scene  scene
	script *frontdesktest.Provider

	mu       sync.Mutex
	reached  int
	at       func(point int, where string) // called wherever something outside of the agent runs
	dead     bool                          // the store lost what the agent knew: it cannot know that a tool did not run
	runs     map[string]int                // of tools, by name and order
	keys     map[string]int                // of writes, by idempotency key
	handoffs []frontdesk.Handoff           // as the escalator was told
	shared   bool                          // the agent's memory is a shared one
}

func (s scene) prepare() *stage {
	return &stage{
		scene:  s,
		script: frontdesktest.NewProvider(s.answers...),
		runs:   make(map[string]int),
		keys:   make(map[string]int),
	}
}

func (s *stage) reach(where string) {
	s.mu.Lock()
	point, at := s.reached, s.at
	s.reached++
	s.mu.Unlock()
	if point > 1000 {
		panic("the turn does not end")
	}
	if at != nil {
		at(point, where)
	}
}

func (s *stage) ran(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs[key]
}

// agent returns a new agent that plays on the stage.
func (s *stage) agent(t *testing.T, memory frontdesk.Memory) *frontdesk.Agent {
	t.Helper()
	config := s.scene.config
	config.Provider = frontdesk.ProviderFunc(s.generate)
	config.Memory = &watchedMemory{memory, s}
	if s.shared {
		config.Memory = struct {
			*watchedMemory
			leases
		}{&watchedMemory{memory, s}, memory.(frontdesk.SharedMemory)}
	}
	config.Tools = append([]frontdesk.Tool{
		s.tool("look", func(in orderArgs) (string, error) { return in.OrderID + " was delivered", nil }).ReadOnly(),
		s.tool("refund", func(in orderArgs) (string, error) { return in.OrderID + " was refunded", nil }),
		s.tool("crash", func(orderArgs) (string, error) { panic("crash") }),
		s.tool("decline", func(orderArgs) (string, error) { return "", errors.New("declined") }),
	}, config.Tools...)
	if s.scene.search {
		config.Retriever = frontdesk.RetrieverFunc(s.retrieve)
	}
	if s.scene.helped {
		config.Escalator = frontdesk.EscalatorFunc(s.escalate)
	}
	return newAgent(t, config)
}

func (s *stage) generate(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
	s.reach("before the answer")
	if s.scene.mute {
		ctx, stream = context.WithoutCancel(ctx), nil
	}
	show := stream
	if stream != nil {
		show = func(delta frontdesk.Delta) {
			stream(delta)
			s.reach("in the answer")
		}
	}
	response, err := s.script.Generate(ctx, request, show)
	s.reach("after the answer")
	return response, err
}

func (s *stage) tool(name string, handle func(orderArgs) (string, error)) *frontdesk.TypedTool[orderArgs, string] {
	return frontdesk.NewTool(name, name, func(ctx context.Context, in orderArgs) (string, error) {
		s.mu.Lock()
		s.runs[name+" "+in.OrderID]++
		if name != "look" {
			s.keys[frontdesk.CallFrom(ctx).IdempotencyKey]++
		}
		s.mu.Unlock()
		s.reach("in " + name)
		return handle(in)
	}).Trusted().WithoutAuthorize("order_id")
}

func (s *stage) retrieve(_ context.Context, query frontdesk.Query) ([]frontdesk.Passage, error) {
	s.reach("in the retriever")
	return []frontdesk.Passage{{ID: "p-" + query.Text, Text: "About " + query.Text}, {ID: "p-0", Text: "Returns take 14 days."}}, nil
}

func (s *stage) escalate(_ context.Context, handoff frontdesk.Handoff) (string, error) {
	s.mu.Lock()
	s.handoffs = append(s.handoffs, handoff)
	s.mu.Unlock()
	s.reach("in the escalator")
	return "T-" + handoff.ID, nil
}

// leases is what a shared memory has beside the two methods of every memory.
type leases interface {
	Renew(ctx context.Context, id frontdesk.ConversationID, epoch int64, duration time.Duration) error
	Expired(ctx context.Context, most int) ([]frontdesk.ConversationID, error)
}

// watchedMemory tells the stage of each call.
type watchedMemory struct {
	frontdesk.Memory
	stage *stage
}

func (m *watchedMemory) Load(ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
	m.stage.reach("in load")
	return m.Memory.Load(ctx, id, after)
}

func (m *watchedMemory) Append(ctx context.Context, id frontdesk.ConversationID, last int64, entries ...frontdesk.Entry) error {
	m.stage.reach("before append")
	err := m.Memory.Append(ctx, id, last, entries...)
	m.stage.reach("after append")
	return err
}

func callOrder(name string, order int) frontdesktest.Answer {
	return frontdesktest.Call(name, fmt.Sprintf(`{"order_id":"ORD-%d"}`, order))
}

func identified(text, messageID string) frontdesk.Turn {
	turn := say(text)
	turn.MessageID = messageID
	return turn
}

var scenes = []scene{
	{
		name:    "words",
		turns:   []frontdesk.Turn{identified("Hi", "m-1")},
		answers: []frontdesktest.Answer{frontdesktest.Say("Hello, how can I help?")},
	},
	{
		name:    "words in one piece",
		turns:   []frontdesk.Turn{identified("Hi", "m-1")},
		answers: []frontdesktest.Answer{frontdesktest.Say("Hello, how can I help?")},
		mute:    true,
	},
	{
		name:  "read and write, with words beside",
		turns: []frontdesk.Turn{identified("Refund ORD-1", "m-1")},
		answers: []frontdesktest.Answer{
			frontdesktest.Say("Let me look. ").And(callOrder("look", 1)),
			callOrder("refund", 1),
			frontdesktest.Say("It is on its way."),
		},
	},
	{
		name:  "reads together",
		turns: []frontdesk.Turn{identified("Where are they?", "m-1")},
		answers: []frontdesktest.Answer{
			callOrder("look", 1).And(callOrder("look", 2)).And(callOrder("look", 3)),
			frontdesktest.Say("All delivered."),
		},
	},
	{
		name:  "reads and writes together, nothing streamed",
		turns: []frontdesk.Turn{identified("Refund them", "m-1")},
		answers: []frontdesktest.Answer{
			frontdesktest.Say("One moment.").And(callOrder("look", 1)).And(callOrder("refund", 1)).And(callOrder("refund", 2)).And(callOrder("look", 2)),
			frontdesktest.Say("Both are refunded."),
		},
		mute: true,
	},
	{
		name:  "calls that fail",
		turns: []frontdesk.Turn{identified("Do it", "m-1")},
		answers: []frontdesktest.Answer{
			frontdesktest.Call("nothing", `{}`).And(frontdesktest.Call("refund", `{"order_id":7}`)).And(callOrder("crash", 1)).And(callOrder("decline", 2)),
			frontdesktest.Say(""),
			frontdesktest.Say("I could not."),
		},
	},
	{
		name: "a later turn",
		turns: []frontdesk.Turn{
			identified("Where is ORD-1?", "m-1"),
			identified("Refund it", "m-2"),
		},
		answers: []frontdesktest.Answer{
			callOrder("look", 1), frontdesktest.Say("Delivered."),
			callOrder("refund", 1), frontdesktest.Say("Refunded."),
		},
	},
	{
		name: "a knowledge base",
		turns: []frontdesk.Turn{
			identified("How long may I keep it?", "m-1"),
			identified("And for a refund of ORD-1?", "m-2"),
		},
		answers: []frontdesktest.Answer{
			frontdesktest.Say("14 days [2]."),
			callOrder("refund", 1), frontdesktest.Say("Done, as [2] says."),
		},
		search: true,
	},
	{
		name:  "handoff, with words beside",
		turns: []frontdesk.Turn{identified("A human, please", "m-1")},
		answers: []frontdesktest.Answer{
			frontdesktest.Say("I will get somebody. ").And(frontdesktest.Call(frontdesk.EscalationTool, `{"reason":"customer_asked","summary":"Wants a human."}`)),
		},
		helped: true,
	},
	{
		name:  "handoff between calls",
		turns: []frontdesk.Turn{identified("Refund ORD-1 or get me a human", "m-1")},
		answers: []frontdesktest.Answer{
			callOrder("look", 1).And(callOrder("refund", 1)).
				And(frontdesktest.Call(frontdesk.EscalationTool, `{"reason":"policy","summary":"Refunded.","message":"Bea takes over."}`)).
				And(callOrder("refund", 2)),
		},
		helped: true, search: true,
	},
	{
		name:    "a message for the human",
		turns:   []frontdesk.Turn{identified("A human, please", "m-1"), identified("Hello?", "m-2")},
		answers: []frontdesktest.Answer{escalate("Bea takes over.")},
		helped:  true,
	},
	{
		name:    "handoff by a limit",
		turns:   []frontdesk.Turn{identified("Refund ORD-1", "m-1")},
		answers: []frontdesktest.Answer{frontdesktest.Say("Sure.").And(callOrder("refund", 1))},
		config:  frontdesk.Config{Limits: frontdesk.Limits{Requests: 1}},
	},
	{
		name:    "handoff for want of words",
		turns:   []frontdesk.Turn{identified("Hi", "m-1")},
		answers: []frontdesktest.Answer{frontdesktest.Say(""), frontdesktest.Say(" ")},
		helped:  true,
	},
}

// playUpToLast plays the turns before the last one, which it returns.
func (s *stage) playUpToLast(t *testing.T, agent *frontdesk.Agent) frontdesk.Turn {
	t.Helper()
	last := len(s.scene.turns) - 1
	for _, turn := range s.scene.turns[:last] {
		play(t, agent, turn, true)
	}
	return s.scene.turns[last]
}

// goOn plays another turn after whatever happened, and checks that the
// conversation is in order.
func (s *stage) goOn(t *testing.T, agent *frontdesk.Agent, memory frontdesk.Memory, turn frontdesk.Turn) {
	t.Helper()
	s.mu.Lock()
	s.at = nil
	s.mu.Unlock()
	s.script = frontdesktest.NewProvider(frontdesktest.Say("All is well."))
	before := load(t, memory)
	reply, err := agent.Reply(t.Context(), turn)
	require.NoError(t, err)
	require.NotNil(t, reply)

	if reply.Outcome == frontdesk.Escalated {
		if reply.Handoff.Reason == frontdesk.HandoffUnknownOutcome {
			// What a stop left open is handed over after the answer, if there was one.
			s.script = frontdesktest.NewProvider(frontdesktest.Say("All is well."))
		}
		assert.Empty(t, s.script.Requests(), "a model was asked although a human owns the conversation")
		require.NotNil(t, reply.Handoff)
		if s.scene.helped {
			if !has(before, frontdesk.EntryTicket) {
				require.NotEmpty(t, s.handoffs, "nobody was told of the handoff")
			}
			assert.NotEmpty(t, reply.Handoff.Ticket)
			for _, handoff := range s.handoffs {
				assert.Equal(t, reply.Handoff.ID, handoff.ID)
			}
		}
		require.NoError(t, agent.HandBack(t.Context(), conversation, "Bea", "Sorted out."))
		turn = say("Thank you, Bea")
		reply, err = agent.Reply(t.Context(), turn)
		require.NoError(t, err)
	}
	require.Equal(t, frontdesk.Answered, reply.Outcome)
	if len(s.script.Requests()) == 0 {
		// It was a message that had its answer.
		assert.NotEqual(t, "All is well.", reply.Text)
		assert.True(t, delivered(t, before, turn.MessageID))
		turn = say("And now?")
		reply, err = agent.Reply(t.Context(), turn)
		require.NoError(t, err)
	}
	// An answer that nobody was told stands before it.
	assert.True(t, strings.HasSuffix(reply.Text, "All is well."), reply.Text)
	s.script.AssertDone(t)
	s.check(t, s.script.Requests()[0], load(t, memory))
}

// customerMessages returns what the customer said, by the log.
func customerMessages(t *testing.T, log []frontdesk.Entry) (texts, ids []string) {
	t.Helper()
	for _, entry := range log {
		if entry.Kind == frontdesk.EntryCustomerMessage {
			var message struct {
				Text      string `json:"text"`
				MessageID string `json:"message_id"`
			}
			require.NoError(t, json.Unmarshal(entry.Data, &message))
			texts, ids = append(texts, message.Text), append(ids, message.MessageID)
		}
	}
	return texts, ids
}

// has reports whether a log has an entry of the given kind.
func has(log []frontdesk.Entry, kind frontdesk.EntryKind) bool {
	return slices.ContainsFunc(log, func(entry frontdesk.Entry) bool { return entry.Kind == kind })
}

func delivered(t *testing.T, log []frontdesk.Entry, messageID string) bool {
	t.Helper()
	_, ids := customerMessages(t, log)
	return messageID != "" && slices.Contains(ids, messageID)
}

// check compares what a request says with what really happened.
func (s *stage) check(t *testing.T, request *frontdesk.Request, log []frontdesk.Entry) {
	t.Helper()
	require.NoError(t, frontdesktest.CheckTranscript(request.Messages))
	assert.NotEqual(t, frontdesk.RoleAssistant, request.Messages[len(request.Messages)-1].Role, "the model is asked after its own answer")

	texts, ids := customerMessages(t, log)
	said := ""
	for _, message := range request.Messages {
		if message.Role == frontdesk.RoleUser {
			said += message.Text + "\n"
		}
	}
	for i, text := range texts {
		assert.Contains(t, said, text, "a message was lost")
		if ids[i] != "" {
			assert.Equal(t, i, slices.Index(ids, ids[i]), "message %s is in the log twice", ids[i])
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	for key, runs := range s.keys {
		assert.Equal(t, 1, runs, "call %s ran more than once", key)
	}
	names := make(map[string]string)
	for _, message := range request.Messages {
		for _, call := range message.Calls {
			names[call.ID] = call.Name + " " + orderOf(call)
		}
		if name := names[message.CallID]; message.Role == frontdesk.RoleTool && strings.HasPrefix(name, "refund ORD-") {
			switch {
			case s.runs[name] == 0 && s.dead:
				assert.Regexp(t, "not run|unknown", message.Text, "what the model is told of %s, which did not run", name)
			case s.runs[name] == 0:
				assert.Regexp(t, "not run|there is no tool", message.Text, "what the model is told of %s, which did not run", name)
			default:
				assert.NotContains(t, message.Text, "not run", "what the model is told of %s, which ran", name)
			}
		}
	}
}

// orderOf returns the order that a call of a scene is for.
func orderOf(call frontdesk.ToolCall) string {
	var in orderArgs
	_ = json.Unmarshal([]byte(call.Arguments), &in)
	return in.OrderID
}
