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
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// A second replica may get the customer's next message while the first one is
// in the middle of a turn, wherever that is. The second takes over, and the
// first says so.
func TestAnotherReplicaTakesOverAtAnyPoint(t *testing.T) {
	for _, scene := range scenes {
		_, first, last := scene.count(t)
		for point := first; point < last; point++ {
			stage, memory := scene.prepare(), new(frontdesk.InMemory)
			agent := stage.agent(t, memory)
			turn := stage.playUpToLast(t, agent)
			script := frontdesktest.NewProvider(frontdesktest.Say("I am the other one."))
			config := frontdesk.Config{Provider: script, Memory: memory}
			if scene.helped {
				config.Escalator = frontdesk.EscalatorFunc(func(_ context.Context, handoff frontdesk.Handoff) (string, error) {
					stage.handoffs = append(stage.handoffs, handoff)
					return "T-" + handoff.ID, nil
				})
			}
			other := newAgent(t, config)
			where := ""
			var taken *frontdesk.Reply
			var takeover error
			var log []frontdesk.Entry
			stage.at = func(p int, at string) {
				if p == point {
					where = at
					taken, takeover = other.Reply(t.Context(), identified("Are you there?", "m-other"))
					log = load(t, memory)
				}
			}
			watched := watch(t, agent, turn)
			t.Run(fmt.Sprintf("%s/point %d %s", scene.name, point, where), func(t *testing.T) {
				require.NotEmpty(t, where)
				require.NoError(t, takeover)
				if watched.err != nil {
					require.ErrorIs(t, watched.err, frontdesk.ErrConflict)
				}
				if taken.Outcome == frontdesk.Answered {
					assert.Equal(t, "I am the other one.", taken.Text)
					stage.check(t, script.Requests()[0], log)
				} else {
					assert.Empty(t, script.Requests())
				}
				texts, _ := customerMessages(t, load(t, memory))
				assert.Contains(t, texts, "Are you there?")
				stage.goOn(t, agent, memory, identified("And now?", "m-new"))
				texts, _ = customerMessages(t, load(t, memory))
				assert.Contains(t, texts, turn.Text, "a message was lost")
			})
		}
	}
}

// Turns from all sides at once: whatever comes of each, no message is lost,
// none is there twice, and the log adds up to a conversation.
func TestReplicasInTurmoil(t *testing.T) {
	const replicas, customers, messages = 3, 4, 5
	memory := new(frontdesk.InMemory)
	var writes sync.Map
	provider := frontdesk.ProviderFunc(func(_ context.Context, request *frontdesk.Request, _ func(frontdesk.Delta)) (*frontdesk.Response, error) {
		if err := frontdesktest.CheckTranscript(request.Messages); err != nil {
			return nil, err
		}
		last := request.Messages[len(request.Messages)-1]
		if last.Role == frontdesk.RoleTool || strings.HasPrefix(last.Text, "<note>") {
			return &frontdesk.Response{Message: frontdesk.Message{Text: "Done."}}, nil
		}
		return &frontdesk.Response{Message: frontdesk.Message{Calls: numberedCalls("look", "write", "write", "look").Calls}}, nil
	})
	agents := make([]*frontdesk.Agent, replicas)
	for i := range agents {
		// One turn may answer all of the messages.
		limits := frontdesk.Limits{Requests: 1000}
		agents[i] = newAgent(t, frontdesk.Config{Provider: provider, Memory: memory, Limits: limits, Tools: []frontdesk.Tool{
			frontdesk.NewTool("look", "Look", func(context.Context, numbered) (string, error) { return "seen", nil }).ReadOnly(),
			frontdesk.NewTool("write", "Write", func(ctx context.Context, _ numbered) (string, error) {
				_, twice := writes.LoadOrStore(frontdesk.CallFrom(ctx).IdempotencyKey, true)
				assert.False(t, twice, "a write ran twice")
				return "written", nil
			}),
		}})
	}
	var group sync.WaitGroup
	want := make(map[string]bool)
	for c := range customers {
		for m := range messages {
			text := fmt.Sprintf("message %d of %d", m, c)
			want[text] = true
			group.Go(func() {
				agent := agents[(c+m)%replicas]
				turn := identified(text, text)
				reply, err := agent.Reply(t.Context(), turn)
				for attempt := 0; errors.Is(err, frontdesk.ErrConflict) && attempt < 100; attempt++ {
					reply, err = agent.Reply(t.Context(), turn) // delivered again
				}
				if assert.NoError(t, err) && reply.Outcome != frontdesk.Joined {
					assert.Equal(t, "Done.", reply.Text)
				}
				assert.NoError(t, agent.Post(t.Context(), conversation, "Bea", "I read "+text))
			})
		}
	}
	group.Wait()

	log := load(t, memory)
	texts, ids := customerMessages(t, log)
	assert.Len(t, texts, len(want))
	for i, text := range texts {
		assert.Equal(t, text, ids[i])
		assert.True(t, want[text])
		delete(want, text)
	}
	posted := 0
	entries := make(map[string]bool)
	for _, entry := range log {
		assert.False(t, entries[entry.ID], "an entry is there twice")
		entries[entry.ID] = true
		if entry.Kind == frontdesk.EntryPosted {
			posted++
		}
	}
	assert.Equal(t, customers*messages, posted)
	reply := play(t, newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Say("Bye.")), Memory: memory}), say("Bye"), false)
	assert.Equal(t, "Bye.", reply.Text)
}

// The second replica waits for the first to answer, rather than say that it will:
// it may not.
func TestTheSameMessageAtTwoReplicas(t *testing.T) {
	for name, failure := range map[string]error{"answered": nil, "given up": context.Canceled} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				memory := new(frontdesk.InMemory)
				first := newAgent(t, frontdesk.Config{Memory: memory, Provider: frontdesk.ProviderFunc(
					func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
						time.Sleep(time.Minute)
						return &frontdesk.Response{Message: frontdesk.Message{Text: "Hello."}}, failure
					})})
				go func() { _, _ = first.Reply(t.Context(), identified("Hi", "m-1")) }()
				synctest.Wait()
				provider := frontdesktest.NewProvider()
				if failure != nil {
					provider.Add(frontdesktest.Say("Hello."))
				}
				other := newAgent(t, frontdesk.Config{Memory: memory, Provider: provider})

				reply := play(t, other, identified("Hi", "m-1"), false)
				assert.Equal(t, frontdesk.Answered, reply.Outcome)
				assert.Equal(t, "Hello.", reply.Text)
				texts, _ := customerMessages(t, load(t, memory))
				assert.Equal(t, []string{"Hi"}, texts)
				provider.AssertDone(t)
			})
		})
	}
}

// A helpdesk may take a conversation over by itself, with an entry of its own.
func TestAHumanTakesOverInTheMiddleOfATurn(t *testing.T) {
	handoff := frontdesk.Entry{ID: "e-desk", Kind: frontdesk.EntryHandoff, Version: 1, Data: json.RawMessage(`{"id":"h-desk","reason":"policy","summary":"Mine.","ticket":"T-9"}`)}
	for _, scene := range scenes {
		_, first, last := scene.count(t)
		for point := first; point < last; point++ {
			stage, memory := scene.prepare(), new(frontdesk.InMemory)
			agent := stage.agent(t, memory)
			turn := stage.playUpToLast(t, agent)
			where, owned := "", false
			stage.at = func(p int, at string) {
				if p == point {
					where = at
					log := load(t, memory)
					owned = has(log, frontdesk.EntryHandoff)
					require.NoError(t, memory.Append(t.Context(), conversation, int64(len(log)), handoff))
				}
			}
			var watched seen
			if !assert.NotPanics(t, func() { watched = watch(t, agent, turn) }, "%s, point %d", scene.name, point) {
				continue
			}
			t.Run(fmt.Sprintf("%s/point %d %s", scene.name, point, where), func(t *testing.T) {
				if owned {
					t.Skip("a human had it before")
				}
				require.NoError(t, watched.err)
				log := load(t, memory)
				at := slices.IndexFunc(log, func(entry frontdesk.Entry) bool { return entry.ID == handoff.ID })
				assert.False(t, has(log[at:], frontdesk.EntryAnswer), "an answer was recorded although a human owns the conversation")
				if log[len(log)-1].ID != handoff.ID {
					assert.Equal(t, frontdesk.Escalated, watched.reply.Outcome)
					assert.Equal(t, "h-desk", watched.reply.Handoff.ID)
					assert.Empty(t, watched.reply.Text)
					assert.Empty(t, watched.text(), "what the customer sees")
				}
				texts, _ := customerMessages(t, log)
				assert.Contains(t, texts, turn.Text)
				stage.dead = true
				stage.scene.helped = false // the helpdesk knows
				stage.goOn(t, agent, memory, identified("And now?", "m-new"))
			})
		}
	}
}
