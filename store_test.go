package frontdesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

var errStore = errors.New("the disk is full")

// faultyMemory fails as a test wants it to.
type faultyMemory struct {
	frontdesk.InMemory
	appends, loads int
	onAppend       func(n int, store func() error) error
	onLoad         func(n int) error
}

func (m *faultyMemory) Load(ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
	m.loads++
	if m.onLoad != nil {
		if err := m.onLoad(m.loads - 1); err != nil {
			return nil, err
		}
	}
	return m.InMemory.Load(ctx, id, after)
}

func (m *faultyMemory) Append(ctx context.Context, id frontdesk.ConversationID, last int64, entries ...frontdesk.Entry) error {
	m.appends++
	store := func() error { return m.InMemory.Append(ctx, id, last, entries...) }
	if m.onAppend != nil {
		return m.onAppend(m.appends-1, store)
	}
	return store()
}

func (m *faultyMemory) heal() { m.onAppend, m.onLoad = nil, nil }

// faults are the ways in which an append fails.
var faults = map[string]struct {
	hit   func(store func() error) error
	fails bool // the turn fails too, unless its outcome is known
}{
	"not stored":           {func(func() error) error { return errStore }, true},
	"stored and not known": {func(store func() error) error { return errors.Join(store(), errStore) }, false},
	"a conflict for no reason": {func(func() error) error {
		return fmt.Errorf("serialization failure: %w", frontdesk.ErrConflict)
	}, false},
}

func TestAnyAppendMayFail(t *testing.T) {
	for name, fault := range faults {
		for _, scene := range scenes {
			for at := 0; ; at++ {
				stage, memory := scene.prepare(), new(faultyMemory)
				agent := stage.agent(t, memory)
				turn := stage.playUpToLast(t, agent)
				memory.appends = 0
				hit := false
				memory.onAppend = func(n int, store func() error) error {
					if n != at {
						return store()
					}
					hit = true
					return fault.hit(store)
				}
				watched := watch(t, agent, turn)
				if !hit {
					require.NoError(t, watched.err)
					break
				}
				t.Run(fmt.Sprintf("%s/%s/append %d", name, scene.name, at), func(t *testing.T) {
					memory.heal()
					if fault.fails {
						require.ErrorIs(t, watched.err, errStore)
					} else {
						require.NoError(t, watched.err)
						stage.script.AssertDone(t)
						if watched.reply.Outcome == frontdesk.Answered {
							assert.Equal(t, watched.reply.Text, watched.text(), "what the customer sees")
						}
					}
					entries := make(map[string]bool)
					for _, entry := range load(t, memory) {
						assert.False(t, entries[entry.ID], "an entry is there twice")
						entries[entry.ID] = true
					}
					stage.goOn(t, agent, memory, identified("And now?", "m-new"))
				})
			}
		}
	}
}

// Nothing works any more from some append on, until the next turn.
func TestTheStoreMayGoAway(t *testing.T) {
	for _, stored := range []bool{false, true} {
		for _, scene := range scenes {
			for at := 0; ; at++ {
				stage, memory := scene.prepare(), new(faultyMemory)
				agent := stage.agent(t, memory)
				turn := stage.playUpToLast(t, agent)
				memory.appends = 0
				gone := false
				memory.onAppend = func(n int, store func() error) error {
					if n < at {
						return store()
					}
					if n == at && stored {
						_ = store()
					}
					gone = true
					return errStore
				}
				memory.onLoad = func(int) error {
					if gone {
						return errStore
					}
					return nil
				}
				watched := watch(t, agent, turn)
				if !gone {
					require.NoError(t, watched.err)
					break
				}
				t.Run(fmt.Sprintf("stored=%v/%s/append %d", stored, scene.name, at), func(t *testing.T) {
					require.ErrorIs(t, watched.err, errStore)
					memory.heal()
					stage.dead = true
					stage.goOn(t, agent, memory, turn)
				})
			}
		}
	}
}

// An intent that could not be recorded is no intent: the tool did not run, and
// the model must not be told that it may have.
func TestAWriteDoesNotRunWithoutItsRecord(t *testing.T) {
	memory := new(faultyMemory)
	shop := new(shop)
	provider := frontdesktest.NewProvider(refundScript()[1])
	agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory, Tools: shop.tools()})
	memory.onAppend = func(n int, store func() error) error {
		if n == 2 { // after the message and the answer
			return errStore
		}
		return store()
	}
	_, err := agent.Reply(t.Context(), say("Refund ORD-9281"))
	require.ErrorIs(t, err, errStore)
	assert.Empty(t, shop.refunds)

	memory.heal()
	provider.Add(frontdesktest.Say("I did not refund it yet."))
	play(t, agent, say("And?"), false)
	result := sent(t, provider, 1)[2]
	assert.Contains(t, result, "not run")
	assert.NotContains(t, result, "unknown")
}

func TestLoadMayFail(t *testing.T) {
	memory := new(faultyMemory)
	provider := frontdesktest.NewProvider(frontdesktest.Say("Hello."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory})
	memory.onLoad = func(int) error { return errStore }
	_, err := agent.Reply(t.Context(), say("Hi"))
	require.ErrorIs(t, err, errStore)
	require.ErrorContains(t, err, "c-1")
	require.ErrorIs(t, agent.Post(t.Context(), conversation, "Bea", "Hi"), errStore)
	require.ErrorIs(t, agent.HandBack(t.Context(), conversation, "Bea", ""), errStore)
	memory.heal()
	assert.Equal(t, "Hello.", play(t, agent, say("Hi"), false).Text)
}

func TestConflictsWithoutEndAreGivenUp(t *testing.T) {
	memory := new(faultyMemory)
	agent := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(), Memory: memory})
	memory.onAppend = func(int, func() error) error { return frontdesk.ErrConflict }
	_, err := agent.Reply(t.Context(), say("Hi"))
	require.ErrorIs(t, err, frontdesk.ErrConflict)
	require.ErrorIs(t, agent.Post(t.Context(), conversation, "Bea", "Hi"), frontdesk.ErrConflict)
}

// What is recorded from outside of a turn is recorded once as well.
func TestPostAndHandBackWhoseAnswerIsLost(t *testing.T) {
	memory := new(faultyMemory)
	agent := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Say(""), frontdesktest.Say("")), Memory: memory})
	require.Equal(t, frontdesk.Escalated, play(t, agent, say("Hi"), false).Outcome)
	memory.appends = 0
	memory.onAppend = func(n int, store func() error) error {
		err := store()
		if n == 0 {
			err = errors.Join(err, errStore)
		}
		return err
	}
	before := len(load(t, memory))
	assert.NoError(t, agent.Post(t.Context(), conversation, "Bea", "Hello"))
	assert.Len(t, load(t, memory), before+1)
	memory.appends = 0
	assert.NoError(t, agent.HandBack(t.Context(), conversation, "Bea", "Done."))
	assert.Len(t, load(t, memory), before+2)
}

func TestEntriesOfALaterVersion(t *testing.T) {
	known := frontdesk.Entry{ID: "e-1", Kind: frontdesk.EntryPosted, Version: 1, Data: json.RawMessage(`{"text":"Welcome!"}`)}
	tests := map[string]frontdesk.Entry{
		"kind":       {ID: "e-2", Kind: "crystal_ball", Version: 1, Data: json.RawMessage(`{}`)},
		"version":    {ID: "e-2", Kind: frontdesk.EntryPosted, Version: 2, Data: json.RawMessage(`{"text":"Hi"}`)},
		"no version": {ID: "e-2", Kind: frontdesk.EntryPosted, Data: json.RawMessage(`{"text":"Hi"}`)},
	}
	for name, unknown := range tests {
		t.Run(name, func(t *testing.T) {
			memory := new(frontdesk.InMemory)
			require.NoError(t, memory.Append(t.Context(), conversation, 0, known, unknown))
			agent := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(), Memory: memory})
			for range 2 {
				_, err := agent.Reply(t.Context(), say("Hi"))
				require.ErrorIs(t, err, frontdesk.ErrUnknownEntry)
				require.ErrorIs(t, agent.Post(t.Context(), conversation, "Bea", "Hi"), frontdesk.ErrUnknownEntry)
				require.ErrorIs(t, agent.HandBack(t.Context(), conversation, "Bea", ""), frontdesk.ErrUnknownEntry)
			}
			assert.Len(t, load(t, memory), 2)
		})
		t.Run(name+" in the middle of a turn", func(t *testing.T) {
			memory := new(frontdesk.InMemory)
			stage := scenes[2].prepare()
			agent := stage.agent(t, memory)
			length := 0
			stage.at = func(_ int, where string) {
				if where == "in look" {
					length = len(load(t, memory)) + 1
					require.NoError(t, memory.Append(t.Context(), conversation, int64(length-1), unknown))
				}
			}
			_, err := agent.Reply(t.Context(), say("Refund ORD-1"))
			require.ErrorIs(t, err, frontdesk.ErrUnknownEntry)
			assert.Len(t, load(t, memory), length)
			assert.Zero(t, stage.ran("refund ORD-1"))
		})
	}
}

func TestEntriesThatCannotBeRead(t *testing.T) {
	memory := new(frontdesk.InMemory)
	require.NoError(t, memory.Append(t.Context(), conversation, 0, frontdesk.Entry{ID: "e-1", Kind: frontdesk.EntryPosted, Version: 1, Data: json.RawMessage(`{"text":`)}))
	_, err := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(), Memory: memory}).Reply(t.Context(), say("Hi"))
	require.ErrorContains(t, err, "entry 1")
	assert.Len(t, load(t, memory), 1)
}
