package frontdesk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// recordedPlay is a recorded conversation, made ready to be played against a
// host that misbehaves.
type recordedPlay struct {
	recording
	answers  []step              // of the model, in order
	history  []frontdesk.Message // all that was said
	declared []frontdesk.Tool
	calls    int
	state    *replayed
}

func prepareReplay(recorded recording, declarations []declaration) *recordedPlay {
	p := &recordedPlay{recording: recorded, state: &replayed{results: make(map[string][]string)}}
	if p.Steps[len(p.Steps)-1].T == "tool" {
		// The recording stops before the model read its last result.
		goodbye := "(the recording ends here)"
		p.Steps = append(p.Steps[:len(p.Steps):len(p.Steps)], step{T: "assistant", Content: &goodbye})
	}
	open := make(map[string]string)
	for _, s := range p.Steps {
		message := frontdesk.Message{Text: s.text()}
		switch s.T {
		case "user":
			message.Role = frontdesk.RoleUser
		case "tool":
			message.Role, message.CallID = frontdesk.RoleTool, s.ID
			p.state.results[open[s.ID]] = append(p.state.results[open[s.ID]], s.text())
		case "assistant":
			message.Role = frontdesk.RoleAssistant
			for _, call := range s.ToolCalls {
				message.Calls = append(message.Calls, frontdesk.ToolCall{ID: call.ID, Name: call.Name, Arguments: call.Arguments})
				open[call.ID] = call.Name + canonicalJSON([]byte(call.Arguments))
			}
			p.calls += len(s.ToolCalls)
			if !s.Seed {
				p.answers = append(p.answers, s)
			}
		}
		p.history = append(p.history, message)
	}
	for _, d := range declarations {
		name := d.Function.Name
		p.declared = append(p.declared, d.tool(func(_ context.Context, arguments json.RawMessage) (string, error) {
			return p.state.result(name, arguments)
		}))
	}
	return p
}

// play plays the customer's part, and compares each reply with the recorded one.
// It returns how many requests the turns say they took.
func (p *recordedPlay) play(t *testing.T, provider frontdesk.Provider, stream bool) (requests int, cut bool) {
	t.Helper()
	agent := newAgent(t, frontdesk.Config{Provider: provider, Instructions: p.System, Tools: p.declared, Unguarded: true, Limits: frontdesk.Limits{Requests: 200}})
	for i, s := range p.Steps {
		if s.Seed {
			require.NoError(t, agent.Post(t.Context(), frontdesk.ConversationID{ID: p.ID}, "", s.text()))
		}
		if s.T != "user" {
			continue
		}
		reply := play(t, agent, frontdesk.Turn{Conversation: p.ID, Text: s.text()}, stream)
		requests += reply.Requests
		if reason, ok := cutByLimits[p.ID]; ok && reply.Outcome == frontdesk.Escalated {
			assert.Equal(t, reason, reply.Handoff.Reason)
			return requests, true
		}
		want := step{}
		for _, next := range p.Steps[i+1:] {
			if next.T == "user" {
				break
			}
			want = next
		}
		require.Equal(t, frontdesk.Answered, reply.Outcome)
		require.Equal(t, want.text(), reply.Text)
	}
	assert.Equal(t, p.calls, p.state.toolRuns, "each recorded call runs once")
	return requests, false
}

// requireTranscript checks that the newest request carried the recorded
// conversation up to the model's last answer, word for word.
func (p *recordedPlay) requireTranscript(t *testing.T, body string) {
	t.Helper()
	var request struct {
		Messages []struct {
			Role, Content string
			ToolCallID    string `json:"tool_call_id"`
			ToolCalls     []struct {
				ID       string
				Function struct{ Name, Arguments string }
			} `json:"tool_calls"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(body), &request))
	got := request.Messages
	require.NotEmpty(t, got)
	require.Equal(t, "system", got[0].Role)
	got = got[1:]
	var want []frontdesk.Message
	for _, message := range p.history[:len(p.history)-1] {
		if message.Role != frontdesk.RoleAssistant || message.Text != "" || len(message.Calls) > 0 {
			want = append(want, message) // an empty answer is asked for again
		}
	}
	require.Len(t, got, len(want))
	for i, message := range want {
		require.Equal(t, string(message.Role), got[i].Role)
		require.Equal(t, message.Text, got[i].Content)
		require.Equal(t, message.CallID, got[i].ToolCallID)
		require.Len(t, got[i].ToolCalls, len(message.Calls))
		for j, call := range message.Calls {
			require.Equal(t, call.ID, got[i].ToolCalls[j].ID)
			require.Equal(t, call.Name, got[i].ToolCalls[j].Function.Name)
			require.Equal(t, canonicalJSON([]byte(call.Arguments)), canonicalJSON([]byte(got[i].ToolCalls[j].Function.Arguments)))
		}
	}
}

// faulty fails about one request of ten, in ways that pass, but never more
// often in a row than a request is tried again.
type faulty struct {
	random   *rand.Rand
	host     http.RoundTripper
	row      int
	injected int
}

func (f *faulty) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.row == frontdesk.DefaultRetries || f.random.Float64() >= 0.1 {
		f.row = 0
		return f.host.RoundTrip(r)
	}
	f.row++
	f.injected++
	r.Body.Close()
	status := []int{429, 500, 503}[f.random.IntN(3)]
	return refuse(status, "not now", "Retry-After-Ms", "1")(r)
}

// someRecordings returns all recordings, or one of ten in a short test.
func someRecordings(t *testing.T) (some []recording, tools map[string][]declaration) {
	t.Helper()
	all, tools := loadRecordings(t)
	for i, recorded := range all {
		if !testing.Short() || i%10 == 0 {
			some = append(some, recorded)
		}
	}
	return some, tools
}

// TestReplayWithFaults replays the recorded conversations with a host that
// refuses one request of ten.
func TestReplayWithFaults(t *testing.T) {
	all, tools := someRecordings(t)
	var injected atomic.Int64
	t.Run("recordings", func(t *testing.T) {
		for _, stream := range []bool{false, true} {
			for _, recorded := range all {
				t.Run(fmt.Sprintf("%s/stream=%v", recorded.ID, stream), func(t *testing.T) {
					t.Parallel()
					p := prepareReplay(recorded, tools[recorded.ToolsRef])
					host := new(fakeHost)
					for _, answer := range p.answers {
						host.add(inStyle(answer, emptyArgumentsFirst))
					}
					seed := fnv.New64a()
					fmt.Fprint(seed, recorded.ID, stream)
					faults := &faulty{random: rand.New(rand.NewPCG(seed.Sum64(), 1)), host: host}
					provider := providerOver(faults)
					provider.MaxWait = 2 * time.Millisecond

					requests, cut := p.play(t, provider, stream)

					injected.Add(int64(faults.injected))
					assert.Equal(t, len(host.sent())+faults.injected, requests, "those that failed count too")
					if !cut {
						assert.Len(t, host.sent(), len(p.answers))
						p.requireTranscript(t, host.sent()[len(host.sent())-1])
					}
				})
			}
		}
	})
	assert.Greater(t, injected.Load(), int64(len(all)/2))
}

// TestReplayInOtherStyles replays the recorded conversations with hosts that
// stream calls each in its own way.
func TestReplayInOtherStyles(t *testing.T) {
	all, tools := someRecordings(t)
	for name, style := range map[string]callStyle{
		"empty arguments first":        emptyArgumentsFirst,
		"ids only once":                idsOnlyOnce,
		"a whole call in one delta":    wholeCalls,
		"interleaved parallel calls":   interleaved,
		"ids and names in every delta": repeatedNames,
		"no index":                     withoutIndex,
	} {
		for _, recorded := range all {
			t.Run(name+"/"+recorded.ID, func(t *testing.T) {
				t.Parallel()
				p := prepareReplay(recorded, tools[recorded.ToolsRef])
				host := new(fakeHost)
				for _, answer := range p.answers {
					host.add(inStyle(answer, style))
				}
				requests, cut := p.play(t, host.provider(), true)
				assert.Equal(t, len(host.sent()), requests)
				if !cut {
					assert.Len(t, host.sent(), len(p.answers))
					p.requireTranscript(t, host.sent()[len(host.sent())-1])
				}
			})
		}
	}
}

// callStyle is a way to stream calls: it returns the chunks.
type callStyle func(calls []frontdesk.ToolCall) []string

// inStyle is the answer that a step records. A plain one has no style.
func inStyle(s step, style callStyle) fakeAnswer {
	var calls []frontdesk.ToolCall
	for _, call := range s.ToolCalls {
		calls = append(calls, frontdesk.ToolCall{ID: call.ID, Name: call.Name, Arguments: call.Arguments})
	}
	return func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Accept") != "text/event-stream" {
			message := map[string]any{"role": "assistant", "content": s.Content}
			if len(calls) > 0 {
				message["tool_calls"] = wholeFragments(calls)
			}
			return answering(message, s.finish())(r)
		}
		chunks := []string{chunk(map[string]any{"role": "assistant", "content": ""}, "")}
		for _, text := range cutText(s.text(), 20) {
			chunks = append(chunks, chunk(map[string]any{"content": text}, ""))
		}
		chunks = append(chunks, style(calls)...)
		return streamed(append(chunks, end(s.finish()), "[DONE]")...)(r)
	}
}

func (s step) finish() string {
	if s.Finish == "" {
		return "stop"
	}
	return s.Finish
}

// cutText cuts text into pieces of a number of characters.
func cutText(text string, length int) (pieces []string) {
	for runes := []rune(text); len(runes) > 0; {
		n := min(length, len(runes))
		pieces = append(pieces, string(runes[:n]))
		runes = runes[n:]
	}
	return pieces
}

func emptyArgumentsFirst(calls []frontdesk.ToolCall) (chunks []string) {
	for i, call := range calls {
		chunks = append(chunks, toolDelta(deltaCall{"index": i, "id": call.ID, "type": "function", "function": map[string]any{"name": call.Name, "arguments": ""}}))
		for _, piece := range cutText(call.Arguments, 9) {
			chunks = append(chunks, toolDelta(deltaCall{"index": i, "function": function("", piece)}))
		}
	}
	return chunks
}

func idsOnlyOnce(calls []frontdesk.ToolCall) (chunks []string) {
	for i, call := range calls {
		for j, piece := range cutText(call.Arguments, 9) {
			fragment := deltaCall{"index": i, "function": function("", piece)}
			if j == 0 {
				fragment = deltaCall{"index": i, "id": call.ID, "type": "function", "function": function(call.Name, piece)}
			}
			chunks = append(chunks, toolDelta(fragment))
		}
	}
	return chunks
}

func wholeFragments(calls []frontdesk.ToolCall) (fragments []deltaCall) {
	for i, call := range calls {
		fragments = append(fragments, deltaCall{"index": i, "id": call.ID, "type": "function", "function": function(call.Name, call.Arguments)})
	}
	return fragments
}

func wholeCalls(calls []frontdesk.ToolCall) (chunks []string) {
	for _, fragment := range wholeFragments(calls) {
		chunks = append(chunks, toolDelta(fragment))
	}
	return chunks
}

// interleaved sends a piece of each call in turn.
func interleaved(calls []frontdesk.ToolCall) (chunks []string) {
	var rounds [][]deltaCall
	for i, call := range calls {
		for j, piece := range append([]string{""}, cutText(call.Arguments, 9)...) {
			if j == len(rounds) {
				rounds = append(rounds, nil)
			}
			fragment := deltaCall{"index": i, "function": function("", piece)}
			if j == 0 {
				fragment = deltaCall{"index": i, "id": call.ID, "type": "function", "function": function(call.Name, piece)}
			}
			rounds[j] = append(rounds[j], fragment)
		}
	}
	for _, round := range rounds {
		chunks = append(chunks, toolDelta(round...))
	}
	return chunks
}

func repeatedNames(calls []frontdesk.ToolCall) (chunks []string) {
	for i, call := range calls {
		for _, piece := range cutText(call.Arguments, 9) {
			chunks = append(chunks, toolDelta(deltaCall{"index": i, "id": call.ID, "type": "function", "function": function(call.Name, piece)}))
		}
	}
	return chunks
}

func withoutIndex(calls []frontdesk.ToolCall) (chunks []string) {
	for _, call := range calls {
		for j, piece := range cutText(call.Arguments, 9) {
			fragment := deltaCall{"function": function("", piece)}
			if j == 0 {
				fragment = deltaCall{"id": call.ID, "type": "function", "function": function(call.Name, piece)}
			}
			chunks = append(chunks, toolDelta(fragment))
		}
	}
	return chunks
}
