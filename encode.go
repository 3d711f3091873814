package frontdesk

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// encodedMessages keeps the wire form of a transcript, which only ever grows:
// each message is encoded once, however many requests carry it. Bytes that were
// handed out are never changed.
type encodedMessages struct {
	mu    sync.Mutex
	count int
	bytes []byte // messages, each followed by a comma
}

// upTo returns the wire form of messages, which must be the beginning of the
// same transcript each time.
func (e *encodedMessages) upTo(messages []Message) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.count > len(messages) {
		return appendMessages(nil, messages)
	}
	e.bytes = appendMessages(e.bytes, messages[e.count:])
	e.count = len(messages)
	return e.bytes[:len(e.bytes):len(e.bytes)]
}

// encodeRequest returns the body of a chat completions request. It sends no
// parameter that need not be there, since hosts refuse what they do not know.
func encodeRequest(r *Request, stream bool) []byte {
	var settled []byte
	rest := r.Messages
	if r.encoded != nil {
		settled = r.encoded.upTo(r.Messages[:r.settled])
		rest = r.Messages[r.settled:]
	}
	head := appendJSON([]byte(`{"model":`), r.Model)
	head = append(head, `,"messages":[`...)
	if r.Instructions != "" {
		head = append(appendJSON(head, wireMessage{Role: "system", Content: r.Instructions}), ',')
	}
	tail := bytes.TrimSuffix(appendMessages(nil, rest), []byte(","))
	if len(tail) == 0 {
		settled = bytes.TrimSuffix(settled, []byte(","))
	}
	tail = append(tail, ']')
	if len(r.Tools) > 0 {
		tail = append(tail, `,"tools":`...)
		tail = appendJSON(tail, wireTools(r.Tools))
	}
	tail = append(tail, `,"temperature":`...)
	tail = appendJSON(tail, r.Temperature)
	tail = append(tail, `,"max_tokens":`...)
	tail = appendJSON(tail, r.MaxTokens)
	if stream {
		tail = append(tail, `,"stream":true`...)
	}
	tail = append(tail, '}')

	body := make([]byte, 0, len(head)+len(settled)+len(tail))
	body = append(body, head...)
	body = append(body, settled...)
	return append(body, tail...)
}

// The wire form of a message and its parts, as OpenAI's API reference for chat
// completions has them.
type (
	wireMessage struct {
		Role       string     `json:"role"`
		Content    any        `json:"content"` // string or []wirePart
		ToolCalls  []wireCall `json:"tool_calls,omitempty"`
		ToolCallID string     `json:"tool_call_id,omitempty"`
	}
	wirePart struct {
		Type     string     `json:"type"`
		Text     string     `json:"text,omitempty"`
		ImageURL *wireImage `json:"image_url,omitempty"`
	}
	wireImage struct {
		URL string `json:"url"`
	}
	wireCall struct {
		ID       string           `json:"id"`
		Type     string           `json:"type"`
		Function wireCallFunction `json:"function"`
	}
	wireCallFunction struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	}
	wireTool struct {
		Type     string           `json:"type"`
		Function wireToolFunction `json:"function"`
	}
	wireToolFunction struct {
		Name        string          `json:"name"`
		Description string          `json:"description,omitempty"`
		Parameters  json.RawMessage `json:"parameters"`
	}
)

func appendMessages(to []byte, messages []Message) []byte {
	for i := range messages {
		to = append(appendJSON(to, wireForm(&messages[i])), ',')
	}
	return to
}

func wireForm(m *Message) wireMessage {
	wire := wireMessage{Role: string(m.Role), Content: m.Text, ToolCallID: m.CallID}
	if len(m.Images) > 0 {
		var parts []wirePart
		if m.Text != "" {
			parts = append(parts, wirePart{Type: "text", Text: m.Text})
		}
		for _, image := range m.Images {
			parts = append(parts, wirePart{Type: "image_url", ImageURL: &wireImage{URL: image.address()}})
		}
		wire.Content = parts
	}
	for _, call := range m.Calls {
		wire.ToolCalls = append(wire.ToolCalls, wireCall{
			ID:       call.ID,
			Type:     "function",
			Function: wireCallFunction{Name: call.Name, Arguments: wireArguments(call.Arguments)},
		})
	}
	return wire
}

// wireArguments returns arguments that hosts can read: several parse those of
// earlier calls, and fail the request if they cannot. What was wrong with the
// model's text stands in the call's result.
func wireArguments(text string) string {
	var object map[string]json.RawMessage
	if strings.TrimSpace(text) == "" || json.Unmarshal([]byte(text), &object) != nil {
		return "{}"
	}
	return text
}

// address returns the picture as an address that can stand in a request.
func (i *Image) address() string {
	if len(i.Data) == 0 {
		return i.URL
	}
	mediaType := i.MediaType
	if mediaType == "" {
		mediaType = http.DetectContentType(i.Data)
	}
	return "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(i.Data)
}

func wireTools(definitions []ToolDefinition) []wireTool {
	tools := make([]wireTool, len(definitions))
	for i, d := range definitions {
		tools[i] = wireTool{Type: "function", Function: wireToolFunction{Name: d.Name, Description: d.Description, Parameters: d.Schema}}
	}
	return tools
}

// appendJSON appends the JSON form of plain data, without escaping what is
// special in HTML alone: it would cost tokens.
func appendJSON(to []byte, value any) []byte {
	buffer := bytes.NewBuffer(to)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		// Only a schema that is not JSON fails, and those are refused when
		// the tool is registered.
		return append(buffer.Bytes(), "null"...)
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
}
