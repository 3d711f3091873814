// Command nethttp is the limit of the benchmark: net/http alone, with request
// bodies that were made before, and answers that are read but not decoded.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/frontdesk-go/frontdesk/internal/bench/harness"
)

func main() { harness.Main("net/http", open) }

type client struct{ host harness.Host }

func open(host harness.Host) (harness.Client, error) {
	if host.HTTP == nil {
		host.HTTP = new(http.Client)
	}
	return &client{host}, nil
}

// conversation holds the bodies of a turn's three requests.
type conversation struct {
	client *client
	bodies [3][]byte
	stream []byte
}

type (
	object  = map[string]any
	message struct {
		Role       string   `json:"role"`
		Content    *string  `json:"content"`
		ToolCalls  []object `json:"tool_calls,omitempty"`
		ToolCallID string   `json:"tool_call_id,omitempty"`
	}
)

// Open implements [harness.Client].
func (c *client) Open(_ context.Context, history []harness.Message) (harness.Conversation, error) {
	call := func(id, name, arguments string) []object {
		return []object{{"id": id, "type": "function", "function": object{"name": name, "arguments": arguments}}}
	}
	text := func(s string) *string { return &s }
	messages := []message{{Role: "system", Content: text(harness.Instructions)}}
	for _, m := range history {
		converted := message{Role: m.Role, Content: text(m.Text), ToolCallID: m.CallID}
		if m.Call != nil {
			converted.Content, converted.ToolCalls = nil, call(m.Call.ID, m.Call.Name, m.Call.Arguments)
		}
		messages = append(messages, converted)
	}
	messages = append(messages, message{Role: "user", Content: text(harness.Question)})
	var bodies [3][]byte
	for i := range bodies {
		switch i {
		case 1:
			messages = append(messages,
				message{Role: "assistant", ToolCalls: call("call_status_1", harness.StatusTool, `{"order_id":"ORD-9281"}`)},
				message{Role: "tool", ToolCallID: "call_status_1", Content: text(harness.StatusResult)})
		case 2:
			messages = append(messages,
				message{Role: "assistant", ToolCalls: call("call_refund_2", harness.RefundTool, `{"order_id":"ORD-9281","reason":"arrived damaged"}`)},
				message{Role: "tool", ToolCallID: "call_refund_2", Content: text(harness.RefundResult)})
		}
		var err error
		if bodies[i], err = encode(messages, false); err != nil {
			return nil, err
		}
	}
	stream, err := encode(messages, true)
	return &conversation{client: c, bodies: bodies, stream: stream}, err
}

func encode(messages []message, stream bool) ([]byte, error) {
	tool := func(name, description, schema string) object {
		return object{"type": "function", "function": object{"name": name, "description": description, "parameters": json.RawMessage(schema)}}
	}
	return json.Marshal(struct {
		Model       string    `json:"model"`
		Messages    []message `json:"messages"`
		Tools       []object  `json:"tools"`
		Temperature float64   `json:"temperature"`
		MaxTokens   int       `json:"max_tokens"`
		Stream      bool      `json:"stream,omitempty"`
	}{
		Model:    harness.Model,
		Messages: messages,
		Tools: []object{
			tool(harness.StatusTool, harness.StatusDescription, harness.StatusSchema),
			tool(harness.RefundTool, harness.RefundDescription, harness.RefundSchema),
		},
		Temperature: harness.Temperature,
		MaxTokens:   harness.MaxTokens,
		Stream:      stream,
	})
}

// Turn implements [harness.Conversation].
func (c *conversation) Turn(ctx context.Context, _ string, delta func(string)) (string, error) {
	if delta != nil {
		return "", c.readStream(ctx, delta)
	}
	var answer []byte
	for _, body := range c.bodies {
		response, err := c.post(ctx, body)
		if err != nil {
			return "", err
		}
		answer, err = io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return "", err
		}
	}
	return string(answer), nil
}

// readStream cuts the stream into lines and looks no further.
func (c *conversation) readStream(ctx context.Context, delta func(string)) error {
	response, err := c.post(ctx, c.stream)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if bytes.HasPrefix(lines.Bytes(), []byte("data: {")) {
			delta("")
		}
	}
	return lines.Err()
}

func (c *conversation) post(ctx context.Context, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.client.host.BaseURL+"/chat/completions", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.client.host.APIKey)
	response, err := c.client.host.HTTP.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("status %s", response.Status)
	}
	return response, nil
}
