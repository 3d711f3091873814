package frontdesk_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// The recorded conversations live beside the checkout; see the README there
// for what a line holds.
const recordings = "../shared/replay"

type recording struct {
	ID       string `json:"id"`
	System   string `json:"system"`
	ToolsRef string `json:"tools_ref"`
	Steps    []step `json:"steps"`
}

type step struct {
	T         string  `json:"t"`
	Content   *string `json:"content"`
	Seed      bool    `json:"seed"`
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Finish    string  `json:"finish_reason"`
	ToolCalls []struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"tool_calls"`
}

func (s step) text() string {
	if s.Content == nil {
		return ""
	}
	return *s.Content
}

type declaration struct {
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	} `json:"function"`
}

// tool is the declared tool with a handler. The recorded agents had no caller who
// knew the customer: all that names somebody or something is allowed.
func (d declaration) tool(handle func(context.Context, json.RawMessage) (string, error)) *frontdesk.TypedTool[json.RawMessage, string] {
	names := propertyNames(d.Function.Parameters)
	return frontdesk.RawTool(d.Function.Name, d.Function.Description, d.Function.Parameters, handle).AllowIdentity(names...).WithoutAuthorize(names...)
}

// propertyNames are the names of all properties of a schema.
func propertyNames(schema json.RawMessage) []string {
	var names []string
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			for key, each := range value {
				if properties, ok := each.(map[string]any); ok && key == "properties" {
					names = slices.AppendSeq(names, maps.Keys(properties))
				}
				walk(each)
			}
		case []any:
			for _, each := range value {
				walk(each)
			}
		}
	}
	var parsed any
	if json.Unmarshal(schema, &parsed) == nil {
		walk(parsed)
	}
	return names
}

func loadRecordings(t *testing.T) ([]recording, map[string][]declaration) {
	t.Helper()
	file, err := os.Open(filepath.Join(recordings, "conversations.jsonl"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("no recorded conversations at %s: put conversations.jsonl and tools.json there to replay them", recordings)
	}
	require.NoError(t, err)
	defer file.Close()
	var all []recording
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var r recording
		require.NoError(t, json.Unmarshal(lines.Bytes(), &r))
		all = append(all, r)
	}
	require.NoError(t, lines.Err())
	text, err := os.ReadFile(filepath.Join(recordings, "tools.json"))
	require.NoError(t, err)
	tools := make(map[string][]declaration)
	require.NoError(t, json.Unmarshal(text, &tools))
	return all, tools
}

// replayed plays one recording: a server gives the recorded answers and checks
// the requests, tools give the recorded results.
type replayed struct {
	mu       sync.Mutex
	results  map[string][]string // by name and arguments, in order
	toolRuns int
}

func (r *replayed) result(name string, arguments json.RawMessage) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := name + canonicalJSON(arguments)
	left := r.results[key]
	if len(left) == 0 {
		return "", fmt.Errorf("%s(%s) was not recorded here", name, arguments)
	}
	r.results[key] = left[1:]
	r.toolRuns++
	return left[0], nil
}

func canonicalJSON(text []byte) string {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return string(text)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return string(text)
	}
	return string(encoded)
}

// cutByLimits are the recordings that the default limits cut, and why that is
// right.
var cutByLimits = map[string]frontdesk.HandoffReason{
	// The model makes the same call 97 times in a row, to the end of the
	// recording: each one is a request that is paid for and tells it nothing.
	"tau2-gpt-oss-120b-airline-049": frontdesk.HandoffRepeatedCall,
}

func TestReplayRecordedConversations(t *testing.T) {
	all, tools := loadRecordings(t)
	for _, stream := range []bool{false, true} {
		for _, recorded := range all {
			t.Run(fmt.Sprintf("%s/stream=%v", recorded.ID, stream), func(t *testing.T) {
				t.Parallel()
				replay(t, recorded, tools[recorded.ToolsRef], stream)
			})
		}
	}
}

func replay(t *testing.T, recorded recording, declarations []declaration, stream bool) {
	server := frontdesktest.NewServer()
	defer server.Close()
	state := &replayed{results: make(map[string][]string)}
	var declared []frontdesk.Tool
	for _, d := range declarations {
		name := d.Function.Name
		declared = append(declared, d.tool(func(_ context.Context, arguments json.RawMessage) (string, error) {
			return state.result(name, arguments)
		}))
	}
	agent := newAgent(t, frontdesk.Config{Provider: server.Provider(), Instructions: recorded.System, Tools: declared, Unguarded: true})
	id := frontdesk.ConversationID{ID: recorded.ID}

	// Script the model and the tools.
	var requests [][]frontdesk.Message
	var history []frontdesk.Message
	calls := 0
	for _, s := range recorded.Steps {
		switch s.T {
		case "user":
			history = append(history, frontdesk.Message{Role: frontdesk.RoleUser, Text: s.text()})
		case "tool":
			history = append(history, frontdesk.Message{Role: frontdesk.RoleTool, CallID: s.ID, Text: s.text()})
		case "assistant":
			answer := frontdesktest.Answer{Text: s.text(), Finish: frontdesk.FinishReason(s.Finish), ChunkSize: 7}
			for _, call := range s.ToolCalls {
				answer.Calls = append(answer.Calls, frontdesk.ToolCall{ID: call.ID, Name: call.Name, Arguments: call.Arguments})
			}
			if !s.Seed {
				server.Add(answer)
				requests = append(requests, history[:len(history):len(history)])
			}
			calls += len(answer.Calls)
			history = append(history, frontdesk.Message{Role: frontdesk.RoleAssistant, Text: answer.Text, Calls: answer.Calls})
		}
	}
	ending := recorded.Steps[len(recorded.Steps)-1]
	if ending.T == "tool" {
		// The recording stops before the model read its last result.
		goodbye := "(the recording ends here)"
		server.Add(frontdesktest.Say(goodbye))
		requests = append(requests, history)
		recorded.Steps = append(recorded.Steps, step{T: "assistant", Content: &goodbye})
	}
	open := map[string]string{}
	for _, m := range history {
		for _, call := range m.Calls {
			open[call.ID] = call.Name + canonicalJSON([]byte(call.Arguments))
		}
		if m.Role == frontdesk.RoleTool {
			state.results[open[m.CallID]] = append(state.results[open[m.CallID]], m.Text)
		}
	}

	// Play the customer.
	steps := recorded.Steps
	for i, s := range steps {
		switch {
		case s.Seed:
			require.NoError(t, agent.Post(t.Context(), id, "", s.text()))
		case s.T == "user":
			reply := play(t, agent, frontdesk.Turn{Conversation: recorded.ID, Text: s.text()}, stream)
			if reason, ok := cutByLimits[recorded.ID]; ok && reply.Outcome == frontdesk.Escalated {
				assert.Equal(t, reason, reply.Handoff.Reason)
				requests = requests[:len(server.Requests())]
				checkRequests(t, requests, server)
				return
			}
			want := step{}
			for _, next := range steps[i+1:] {
				if next.T == "user" {
					break
				}
				want = next
			}
			require.Equal(t, frontdesk.Answered, reply.Outcome)
			assert.Equal(t, want.text(), reply.Text)
		}
	}
	assert.NotContains(t, cutByLimits, recorded.ID, "it was not cut")
	checkRequests(t, requests, server)
	server.AssertDone(t)
	assert.Equal(t, calls, state.toolRuns, "each recorded call runs once")
}

// checkRequests compares what the model was sent with the recorded transcript.
func checkRequests(t *testing.T, want [][]frontdesk.Message, server *frontdesktest.Server) {
	t.Helper()
	got := server.Requests()
	require.Len(t, got, len(want))
	for i := range want {
		require.Len(t, got[i].Messages, len(want[i]), "request %d", i)
		for j, message := range got[i].Messages {
			expected := want[i][j]
			require.Equal(t, expected.Role, message.Role)
			require.Equal(t, expected.Text, message.Text)
			require.Equal(t, expected.CallID, message.CallID)
			require.Len(t, message.Calls, len(expected.Calls))
			for k, call := range message.Calls {
				require.Equal(t, expected.Calls[k].ID, call.ID)
				require.Equal(t, expected.Calls[k].Name, call.Name)
				require.JSONEq(t, expected.Calls[k].Arguments, call.Arguments)
			}
		}
	}
}
