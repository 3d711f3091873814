package frontdesktest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// send posts a body to a server that answers "Hello!" once.
func send(t *testing.T, server *frontdesktest.Server, body string) (status int, answer string) {
	t.Helper()
	response, err := http.Post(server.URL()+"/chat/completions", "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	http.DefaultClient.CloseIdleConnections()
	return response.StatusCode, string(text)
}

// post sends messages just as they are, and returns the server's refusal.
func post(t *testing.T, messages []frontdesk.Message) (*frontdesktest.Server, error) {
	t.Helper()
	server := frontdesktest.NewServer(frontdesktest.Say("Hello!"))
	t.Cleanup(server.Close)
	var wire []map[string]any
	for _, message := range messages {
		m := map[string]any{"role": message.Role, "content": message.Text}
		if message.CallID != "" {
			m["tool_call_id"] = message.CallID
		}
		var calls []any
		for _, call := range message.Calls {
			calls = append(calls, map[string]any{"id": call.ID, "type": "function", "function": map[string]any{"name": call.Name, "arguments": call.Arguments}})
		}
		if calls != nil {
			m["tool_calls"] = calls
		}
		wire = append(wire, m)
	}
	body, err := json.Marshal(map[string]any{"model": "m-1", "messages": wire})
	require.NoError(t, err)
	if status, answer := send(t, server, string(body)); status != http.StatusOK {
		return server, errors.New(answer)
	}
	return server, nil
}

func TestServerIsStrict(t *testing.T) {
	call := `{"role":"assistant","content":"","tool_calls":[{"id":"a","type":"function","function":{"name":"pay","arguments":"{}"}}]}`
	for name, body := range map[string]string{
		"no JSON":             `{"model":`,
		"a list":              `[]`,
		"messages of text":    `{"messages":"Hi"}`,
		"content of a number": `{"messages":[{"role":"user","content":7}]}`,
		"an unknown role":     `{"messages":[{"role":"robot","content":"Hi"}]}`,
		"a late system":       `{"messages":[{"role":"user","content":"Hi"},{"role":"system","content":"Be kind."}]}`,
		"two systems":         `{"messages":[{"role":"system","content":"a"},{"role":"system","content":"b"},{"role":"user","content":"Hi"}]}`,
		"a dangling call":     `{"messages":[{"role":"user","content":"Hi"},` + call + `]}`,
		"an orphaned result":  `{"messages":[{"role":"user","content":"Hi"},{"role":"tool","content":"paid","tool_call_id":"a"}]}`,
		"a result of no call": `{"messages":[` + call + `,{"role":"tool","content":"paid"}]}`,
		"an empty message":    `{"messages":[{"role":"user","content":""}]}`,
		"broken arguments":    `{"messages":[` + strings.Replace(call, `"{}"`, `"{"`, 1) + `,{"role":"tool","content":"paid","tool_call_id":"a"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			server := frontdesktest.NewServer()
			defer server.Close()
			status, answer := send(t, server, body)
			assert.Equal(t, http.StatusBadRequest, status)
			var refusal struct {
				Error struct{ Message, Type string }
			}
			require.NoError(t, json.Unmarshal([]byte(answer), &refusal), "%s", answer)
			assert.NotEmpty(t, refusal.Error.Message)
			assert.Equal(t, "invalid_request_error", refusal.Error.Type)
			require.Len(t, server.ServerRequests(), 1, "it is there to be looked at")
			assert.Equal(t, body, string(server.ServerRequests()[0].Body))
			record := new(recorder)
			assert.False(t, server.AssertDone(record), "a request that was not in order fails the test")
			assert.Len(t, record.failures, 1)
		})
	}
	t.Run("all else is not there", func(t *testing.T) {
		server := frontdesktest.NewServer()
		defer server.Close()
		defer http.DefaultClient.CloseIdleConnections()
		for path, want := range map[string]int{"/models": 200, "/chat/completions": 405, "/embeddings": 404, "/v1/chat/completions": 404} {
			response, err := http.Get(server.URL() + path)
			require.NoError(t, err)
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			assert.Equal(t, want, response.StatusCode, path)
		}
	})
}

func TestServerOnTheWire(t *testing.T) {
	answer := frontdesktest.Say("Let me see.").And(frontdesktest.Call("look_up", `{"id": 1}`)).And(frontdesktest.Call("pay", `{}`))
	answer.Usage = frontdesk.Usage{PromptTokens: 3, CompletionTokens: 4}
	server := frontdesktest.NewServer(answer, answer)
	defer server.Close()

	t.Run("plain", func(t *testing.T) {
		status, got := send(t, server, `{"model":"m-1","messages":[{"role":"user","content":"Hi"}]}`)
		assert.Equal(t, 200, status)
		assert.JSONEq(t, `{"id":"chatcmpl-test","object":"chat.completion","model":"m-1",
			"choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":"Let me see.","tool_calls":[
				{"index":0,"id":"call_1","type":"function","function":{"name":"look_up","arguments":"{\"id\": 1}"}},
				{"index":1,"id":"call_2","type":"function","function":{"name":"pay","arguments":"{}"}}]}}],
			"usage":{"prompt_tokens":3,"completion_tokens":4}}`, got)
	})
	t.Run("streamed", func(t *testing.T) {
		_, got := send(t, server, `{"model":"m-1","messages":[{"role":"user","content":"Hi"}],"stream":true}`)
		var deltas []string
		for payload := range strings.SplitSeq(strings.TrimSpace(got), "\n\n") {
			payload, ok := strings.CutPrefix(payload, "data: ")
			require.True(t, ok, "%q", payload)
			var chunk struct {
				Object  string
				Choices []struct {
					Delta  json.RawMessage
					Finish *string `json:"finish_reason"`
				}
				Usage json.RawMessage
			}
			if payload == "[DONE]" {
				deltas = append(deltas, payload)
				continue
			}
			require.NoError(t, json.Unmarshal([]byte(payload), &chunk))
			assert.Equal(t, "chat.completion.chunk", chunk.Object)
			delta := string(chunk.Choices[0].Delta)
			if chunk.Choices[0].Finish != nil {
				delta += " " + *chunk.Choices[0].Finish + " " + string(chunk.Usage)
			}
			deltas = append(deltas, delta)
		}
		assert.Equal(t, []string{
			`{"content":"","role":"assistant"}`,
			`{"content":"Let "}`,
			`{"content":"me "}`,
			`{"content":"see."}`,
			`{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"look_up","arguments":""}}]}`,
			`{"tool_calls":[{"index":0,"function":{"arguments":"{\"id\": "}}]}`,
			`{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}`,
			`{"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"pay","arguments":""}}]}`,
			`{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}`,
			`{} tool_calls {"prompt_tokens":3,"completion_tokens":4}`,
			"[DONE]",
		}, deltas)
	})
	assert.Equal(t, []bool{false, true}, []bool{server.ServerRequests()[0].Stream, server.ServerRequests()[1].Stream})
	server.AssertDone(t)
}

// TestServerReadsRequestsBack is about the requests that a test looks at: they
// are those of the agent, in the library's own types.
func TestServerReadsRequestsBack(t *testing.T) {
	server := frontdesktest.NewServer(frontdesktest.Say("Hello!"))
	defer server.Close()
	sent := &frontdesk.Request{
		Model:        "m-1",
		Instructions: "Be kind.",
		Messages: []frontdesk.Message{
			{Role: frontdesk.RoleUser, Text: "Look", Images: []frontdesk.Image{{URL: "https://shop.example/a.png"}}},
			{Role: frontdesk.RoleAssistant, Text: "I do", Calls: []frontdesk.ToolCall{{ID: "a", Name: "look", Arguments: `{"at":1}`}}},
			{Role: frontdesk.RoleTool, CallID: "a", Text: "a lamp"},
			{Role: frontdesk.RoleAssistant, Text: "A lamp."},
			{Role: frontdesk.RoleUser, Text: "Yes"},
		},
		Tools:       []frontdesk.ToolDefinition{{Name: "look", Description: "Look at it", Schema: json.RawMessage(`{"type":"object"}`)}},
		Temperature: 0.3,
		MaxTokens:   77,
	}
	_, err := server.Provider().Generate(t.Context(), sent, nil)
	require.NoError(t, err)
	require.Len(t, server.Requests(), 1)
	assert.Equal(t, sent, server.Requests()[0])
	wire := server.ServerRequests()[0]
	assert.Equal(t, "/v1/chat/completions", wire.Path)
	assert.Equal(t, "Bearer test-key", wire.Header.Get("Authorization"))
	assert.False(t, wire.Stream)
}

func TestServerStatus(t *testing.T) {
	tests := []struct {
		answer      frontdesktest.Answer
		status      int
		contentType string
		body        string
	}{
		{frontdesktest.Answer{Status: 503, Text: "busy"}, 503, "application/json", `{"error":{"message":"busy","type":"server_error","code":null}}`},
		{frontdesktest.Answer{Status: 400}, 400, "application/json", `{"error":{"message":"","type":"invalid_request_error","code":null}}`},
		{frontdesktest.Answer{Status: 429, Text: `{"detail":"slow down"}`}, 429, "application/json", `{"detail":"slow down"}`},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			server := frontdesktest.NewServer(test.answer)
			defer server.Close()
			status, body := send(t, server, `{"messages":[{"role":"user","content":"Hi"}],"stream":true}`)
			assert.Equal(t, test.status, status)
			assert.JSONEq(t, test.body, body)
			server.AssertDone(t)
		})
	}
}

func TestServerBreaksTheConnection(t *testing.T) {
	broken := frontdesktest.Answer{Text: "Let me see", Err: errors.New("cable cut")}
	for _, stream := range []bool{false, true} {
		t.Run(fmt.Sprintf("stream=%v", stream), func(t *testing.T) {
			server := frontdesktest.NewServer(broken, frontdesktest.Say("Hello again!"))
			defer server.Close()
			provider := server.Provider()
			provider.Retries = -1
			var told string
			var show func(frontdesk.Delta)
			if stream {
				show = func(delta frontdesk.Delta) { told += delta.Text }
			}
			_, err := ask(t.Context(), provider, "Hi", show)
			require.Error(t, err)
			if stream {
				require.ErrorIs(t, err, frontdesk.ErrTruncated)
				assert.Equal(t, "Let me see", told, "what Text holds is streamed before")
			}
			response, err := ask(t.Context(), provider, "Hi", show)
			require.NoError(t, err, "the server goes on")
			assert.Equal(t, "Hello again!", response.Message.Text)
			server.AssertDone(t)
		})
	}
}
