package frontdesk_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/frontdesk-go/frontdesk"
)

// stops are the ways in which the code of a caller's loop ends a turn early.
var stops = map[string]func(cancel context.CancelFunc) (leave bool){
	"break": func(context.CancelFunc) bool { return true },
	"cancel": func(cancel context.CancelFunc) bool {
		cancel()
		return false
	},
	"cancel and break": func(cancel context.CancelFunc) bool {
		cancel()
		return true
	},
	"panic": func(context.CancelFunc) bool { panic(errStopHere) },
}

var errStopHere = fmt.Errorf("the caller's code panics")

// after are the turns that may follow one that was stopped.
var after = map[string]func(stopped frontdesk.Turn) frontdesk.Turn{
	"new message":  func(frontdesk.Turn) frontdesk.Turn { return identified("And now?", "m-new") },
	"same message": func(stopped frontdesk.Turn) frontdesk.Turn { return stopped },
}

// eachEnding calls test for each scene and each kind of turn after it.
func eachEnding(t *testing.T, test func(t *testing.T, scene scene, following func(frontdesk.Turn) frontdesk.Turn)) {
	for _, scene := range scenes {
		for name, following := range after {
			t.Run(scene.name+"/"+name, func(t *testing.T) { test(t, scene, following) })
		}
	}
}

// count plays a scene undisturbed and returns how many events its last turn
// has and between which points of the stage it runs.
func (s scene) count(t *testing.T) (events, first, last int) {
	t.Helper()
	stage := s.prepare()
	agent := stage.agent(t, new(frontdesk.InMemory))
	turn := stage.playUpToLast(t, agent)
	first = stage.reached
	watched := watch(t, agent, turn)
	require.NoError(t, watched.err)
	return len(watched.events), first, stage.reached
}

func TestTheCallerMayStopAtAnyEvent(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for how, stop := range stops {
		t.Run(how, func(t *testing.T) {
			eachEnding(t, func(t *testing.T, scene scene, following func(frontdesk.Turn) frontdesk.Turn) {
				events, _, _ := scene.count(t)
				for k := range events {
					t.Run(fmt.Sprintf("event %d", k), func(t *testing.T) {
						stage, memory := scene.prepare(), new(frontdesk.InMemory)
						agent := stage.agent(t, memory)
						turn := stage.playUpToLast(t, agent)

						last := stage.stopAt(t, agent, turn, k, stop)

						started, isStart := last.(frontdesk.ToolStarted)
						if isStart {
							assert.Zero(t, stage.ran(started.Call.Name+" "+orderOf(started.Call)), "a tool ran after the caller stopped at its ToolStarted event")
						}
						stage.goOn(t, agent, memory, following(turn))
						if finished, ok := last.(frontdesk.ToolFinished); ok && finished.Result.Call.Name == frontdesk.EscalationTool {
							assert.NotEmpty(t, stage.handoffs, "the model was told of a handoff that nobody heard of")
						}
						if isStart {
							assert.Zero(t, stage.ran(started.Call.Name+" "+orderOf(started.Call)), "a tool ran in the next turn")
						}
					})
				}
			})
		})
	}
}

// stopAt streams a turn and stops at the event with index k, which it returns.
// Leaving the loop makes any event after it a panic of the runtime.
func (s *stage) stopAt(t *testing.T, agent *frontdesk.Agent, turn frontdesk.Turn, k int, stop func(context.CancelFunc) bool) (last frontdesk.Event) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	defer func() {
		if value := recover(); value != nil {
			require.Equal(t, errStopHere, value)
		}
	}()
	n, over := 0, false
	for event, err := range agent.Stream(ctx, turn) {
		require.False(t, over, "an event after the outcome")
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			require.Greater(t, n, k)
			over = true
			continue
		}
		_, over = event.(frontdesk.Done)
		if n++; n == k+1 {
			last = event
			if stop(cancel) {
				return last
			}
		} else if n > k+1 {
			_, started := event.(frontdesk.ToolStarted)
			assert.False(t, started, "a tool was started after the turn was canceled")
		}
	}
	assert.True(t, over, "the sequence ended without an outcome")
	return last
}

func TestTheContextMayEndAnywhere(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for _, stream := range []bool{false, true} {
		t.Run(fmt.Sprintf("stream=%v", stream), func(t *testing.T) {
			eachEnding(t, func(t *testing.T, scene scene, following func(frontdesk.Turn) frontdesk.Turn) {
				_, first, last := scene.count(t)
				for point := first; point < last; point++ {
					stage, memory := scene.prepare(), new(frontdesk.InMemory)
					agent := stage.agent(t, memory)
					turn := stage.playUpToLast(t, agent)
					ctx, cancel := context.WithCancel(t.Context())
					where := "after the end"
					stage.at = func(p int, at string) {
						if p == point {
							where = at
							cancel()
						}
					}
					var err error
					if stream {
						for _, failure := range agent.Stream(ctx, turn) {
							err = failure
						}
					} else {
						_, err = agent.Reply(ctx, turn)
					}
					cancel()
					t.Run(fmt.Sprintf("point %d %s", point, where), func(t *testing.T) {
						if err != nil {
							require.ErrorIs(t, err, context.Canceled)
						}
						stage.goOn(t, agent, memory, following(turn))
					})
				}
			})
		})
	}
}

func TestATurnThatNeverBegan(t *testing.T) {
	for _, scene := range scenes {
		stage, memory := scene.prepare(), new(frontdesk.InMemory)
		agent := stage.agent(t, memory)
		turn := stage.playUpToLast(t, agent)
		length := len(load(t, memory))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := agent.Reply(ctx, turn)
		require.ErrorIs(t, err, context.Canceled)
		assert.Len(t, load(t, memory), length)
		stage.goOn(t, agent, memory, turn)
	}
}

func TestAPanicOfTheProviderLeavesTheConversationInOrder(t *testing.T) {
	for _, scene := range scenes {
		for _, where := range []string{"before the answer", "in the answer", "in the retriever", "in the escalator"} {
			t.Run(scene.name+"/"+where, func(t *testing.T) {
				stage, memory := scene.prepare(), new(frontdesk.InMemory)
				agent := stage.agent(t, memory)
				turn := stage.playUpToLast(t, agent)
				stage.at = func(_ int, at string) {
					if at == where {
						panic(errStopHere)
					}
				}
				func() {
					defer func() {
						if value := recover(); value != nil {
							require.Equal(t, errStopHere, value)
						}
					}()
					for range agent.Stream(t.Context(), turn) {
					}
				}()
				stage.goOn(t, agent, memory, identified("And now?", "m-new"))
			})
		}
	}
}
