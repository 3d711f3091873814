package frontdesk

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/frontdesk-go/frontdesk/internal/openai"
)

// dialect is in what the wire form of messages differs between models.
type dialect struct {
	echoReasoning   bool
	numberedCallIDs bool
	nullContent     bool
}

// encodedMessages keeps the wire form of a transcript, which only ever grows:
// each message is encoded once, however many requests carry it. Bytes that were
// handed out are never changed.
type encodedMessages struct {
	mu       sync.Mutex
	dialects map[dialect]*messageEncoder
}

// upTo returns the wire form of messages, which must be the beginning of the
// same transcript each time, and an encoder for those that follow.
func (e *encodedMessages) upTo(messages []Message, d dialect) ([]byte, messageEncoder) {
	e.mu.Lock()
	defer e.mu.Unlock()
	encoder := e.dialects[d]
	if encoder == nil || encoder.count > len(messages) {
		encoder = &messageEncoder{dialect: d}
		if e.dialects == nil {
			e.dialects = make(map[dialect]*messageEncoder)
		}
		e.dialects[d] = encoder
	}
	encoder.add(messages[encoder.count:])
	next := *encoder
	next.bytes, next.callIDs = nil, slices.Clone(next.callIDs)
	return encoder.bytes[:len(encoder.bytes):len(encoder.bytes)], next
}

// messageEncoder encodes a transcript from its beginning on.
type messageEncoder struct {
	dialect dialect
	count   int      // messages so far
	bytes   []byte   // each message, followed by a comma
	held    *Message // the newest, not in bytes yet

	calls   int         // tool calls so far
	callIDs [][2]string // of the newest calls: the id in the log, and on the wire
}

// encodeRequest returns the body of a chat completions request. It sends no
// parameter that need not be there, since hosts refuse what they do not know.
func encodeRequest(r *Request, s shape, stream bool) openai.Body {
	var settled []byte
	rest := messageEncoder{dialect: s.dialect}
	if r.encoded != nil && len(r.Messages) >= r.settled && r.settled > 0 && &r.Messages[0] == r.first {
		settled, rest = r.encoded.upTo(r.Messages[:r.settled], s.dialect)
		rest.add(r.Messages[r.settled:])
	} else {
		rest.add(r.Messages)
	}
	head := appendJSON([]byte(`{"model":`), r.Model)
	head = append(head, `,"messages":[`...)
	if r.Instructions != "" {
		head = append(appendJSON(head, wireMessage{Role: "system", Content: r.Instructions}), ',')
	}
	rest.flush()
	tail := bytes.TrimSuffix(rest.bytes, []byte(","))
	if len(tail) == 0 {
		settled = bytes.TrimSuffix(settled, []byte(","))
	}
	if len(tail) == 0 && len(settled) == 0 {
		head = bytes.TrimSuffix(head, []byte(","))
	}
	tail = append(tail, ']')
	if len(r.Tools) > 0 {
		tail = append(tail, `,"tools":`...)
		if r.tools != nil && &r.Tools[0] == r.toolsOf {
			tail = append(tail, r.tools...)
		} else {
			tail = appendJSON(tail, wireTools(r.Tools))
		}
	}
	if !s.noTemperature {
		tail = append(tail, `,"temperature":`...)
		tail = appendJSON(tail, r.Temperature)
	}
	switch {
	case s.completionTokens:
		tail = append(tail, `,"max_completion_tokens":`...)
		tail = appendJSON(tail, r.MaxTokens)
	case !s.noMaxTokens:
		tail = append(tail, `,"max_tokens":`...)
		tail = appendJSON(tail, r.MaxTokens)
	}
	if r.Output != nil && s.outputFormat != outputWords {
		tail = append(tail, `,"response_format":`...)
		tail = appendJSON(tail, wireFormat(r.Output, s.outputFormat))
	}
	if stream {
		tail = append(tail, `,"stream":true`...)
	}
	return openai.Body{head, settled, append(tail, '}')}
}

func wireFormat(schema json.RawMessage, format outputFormat) map[string]any {
	if format == outputJSON {
		return map[string]any{"type": "json_object"}
	}
	return map[string]any{
		"type":        "json_schema",
		"json_schema": map[string]any{"name": "answer", "schema": schema},
	}
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

// add encodes messages. The newest is held back if it is the customer's: one
// that follows it becomes a part of it, since some chat templates want the roles
// to alternate.
func (e *messageEncoder) add(messages []Message) {
	for i := range messages {
		m := messages[i]
		if m.Role == RoleUser && e.held != nil {
			if e.held.Text != "" && m.Text != "" {
				m.Text = "\n\n" + m.Text
			}
			m.Text = e.held.Text + m.Text
			m.Images = slices.Concat(e.held.Images, m.Images)
			e.held = &m
			continue
		}
		e.flush()
		if m.Role == RoleUser {
			e.held = &m
		} else {
			e.bytes = append(e.message(&m), ',')
		}
	}
	e.count += len(messages)
}

// flush encodes what was held back.
func (e *messageEncoder) flush() {
	if e.held != nil {
		e.bytes = append(e.message(e.held), ',')
		e.held = nil
	}
}

// message appends the wire form of one message.
func (e *messageEncoder) message(m *Message) []byte {
	wire := wireMessage{Role: string(m.Role), Content: m.Text, ToolCallID: m.CallID}
	if len(m.Images) > 0 {
		wire.Content = wireParts(m)
	}
	if m.Role == RoleTool {
		for _, ids := range e.callIDs {
			if ids[0] == m.CallID {
				wire.ToolCallID = ids[1]
			}
		}
	}
	if len(m.Calls) == 0 {
		return appendJSON(e.bytes, wire)
	}
	e.callIDs = e.callIDs[:0]
	for _, call := range m.Calls {
		id := call.ID
		if e.dialect.numberedCallIDs {
			id = fmt.Sprintf("functions.%s:%d", wireName(call.Name), e.calls)
			e.callIDs = append(e.callIDs, [2]string{call.ID, id})
		}
		e.calls++
		wire.ToolCalls = append(wire.ToolCalls, wireCall{
			ID:       id,
			Type:     "function",
			Function: wireCallFunction{Name: wireName(call.Name), Arguments: wireArguments(call.Arguments)},
		})
	}
	if m.Text == "" && e.dialect.nullContent {
		wire.Content = nil
	}
	if e.dialect.echoReasoning {
		field := m.ReasoningField
		if field != "reasoning" {
			field = "reasoning_content"
		}
		encoded := appendJSON(e.bytes, wire)
		encoded = append(encoded[:len(encoded)-1], `,"`+field+`":`...)
		return append(appendJSON(encoded, m.Reasoning), '}')
	}
	return appendJSON(e.bytes, wire)
}

func wireParts(m *Message) []wirePart {
	var parts []wirePart
	if m.Text != "" {
		parts = append(parts, wirePart{Type: "text", Text: m.Text})
	}
	for _, image := range m.Images {
		parts = append(parts, wirePart{Type: "image_url", ImageURL: &wireImage{URL: image.address()}})
	}
	return parts
}

// wireName returns a name that hosts accept, for calls of tools that do not
// exist under the name the model made up.
func wireName(name string) string {
	if toolName.MatchString(name) {
		return name
	}
	clean := strings.Map(func(r rune) rune {
		if toolName.MatchString(string(r)) {
			return r
		}
		return '_'
	}, name)
	return cmp.Or(clean[:min(len(clean), 64)], "unknown")
}

// wireArguments returns arguments that hosts can read: several parse those of
// earlier calls, and fail the request if they cannot. What was wrong with the
// model's text stands in the call's result.
func wireArguments(text string) string {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &object) != nil || object == nil {
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
