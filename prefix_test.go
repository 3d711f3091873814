package frontdesk_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// A process may die after any append, and some stores lose the end of a log.
// Whatever is left of one, another process takes the conversation up.
func TestAnyPrefixOfALogCanBeTakenUp(t *testing.T) {
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			stage, memory := scene.prepare(), new(frontdesk.InMemory)
			agent := stage.agent(t, memory)
			for _, turn := range scene.turns {
				play(t, agent, turn, false)
			}
			require.NoError(t, agent.Post(t.Context(), conversation, "Bea", "I looked at it."))
			if has(load(t, memory), frontdesk.EntryHandoff) {
				require.NoError(t, agent.HandBack(t.Context(), conversation, "Bea", "Give them 10 %."))
			}
			stage.script.Add(frontdesktest.Say("Fine."))
			play(t, agent, say("Thanks"), false)

			log := load(t, memory)
			for n := range len(log) + 1 {
				left := new(frontdesk.InMemory)
				require.NoError(t, left.Append(t.Context(), conversation, 0, log[:n]...))
				stage := scene.prepare()
				stage.dead = true
				for _, entry := range log[:n] {
					stage.recall(t, log, entry)
				}
				stage.goOn(t, stage.agent(t, left), left, identified("And now?", "m-new"))
			}
		})
	}
}

// recall takes a write that a log tells of as one that ran.
func (s *stage) recall(t *testing.T, log []frontdesk.Entry, entry frontdesk.Entry) {
	t.Helper()
	if entry.Kind != frontdesk.EntryToolFinished {
		return
	}
	var finished struct {
		Call   int                  `json:"call"`
		Status frontdesk.ToolStatus `json:"status"`
	}
	require.NoError(t, json.Unmarshal(entry.Data, &finished))
	if finished.Status != frontdesk.ToolDone {
		return
	}
	var answer struct {
		Message frontdesk.Message `json:"message"`
	}
	for _, earlier := range log[:entry.Sequence-1] {
		if earlier.Kind == frontdesk.EntryAnswer {
			answer.Message.Calls = nil
			require.NoError(t, json.Unmarshal(earlier.Data, &answer))
		}
	}
	call := answer.Message.Calls[finished.Call]
	s.runs[call.Name+" "+orderOf(call)]++
}

// The same for the messages that were delivered again: what the store holds
// after each append, which is all or nothing.
func TestAMessageIsDeliveredAgainAfterACrash(t *testing.T) {
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			memory := new(faultyMemory)
			stage := scene.prepare()
			agent := stage.agent(t, memory)
			stage.playUpToLast(t, agent)
			turn := scene.turns[len(scene.turns)-1]
			var lengths []int
			memory.onAppend = func(_ int, store func() error) error {
				err := store()
				lengths = append(lengths, len(load(t, &memory.InMemory)))
				return err
			}
			first := play(t, agent, turn, false)
			log := load(t, memory)
			for _, n := range lengths {
				t.Run(fmt.Sprint(n), func(t *testing.T) {
					left := new(frontdesk.InMemory)
					require.NoError(t, left.Append(t.Context(), conversation, 0, log[:n]...))
					stage := scene.prepare()
					stage.dead = true
					for _, entry := range log[:n] {
						stage.recall(t, log, entry)
					}
					agent := stage.agent(t, left)
					if n == len(log) {
						stage.script = frontdesktest.NewProvider()
						reply := play(t, agent, turn, false)
						assert.Equal(t, first.Text, reply.Text)
						assert.Equal(t, first.Outcome, reply.Outcome)
					}
					stage.goOn(t, agent, left, turn)
				})
			}
		})
	}
}
