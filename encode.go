package frontdesk

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk/internal/openai"
	"github.com/frontdesk-go/frontdesk/internal/schema"
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

// copiedUpTo is the length up to which settled messages are copied into a body, in
// bytes. A short body in one piece takes one buffer, and goes out in the packet of
// its header.
const copiedUpTo = 16 << 10

// encodeRequest returns the body of a chat completions request. It sends no
// parameter that need not be there, since hosts refuse what they do not know.
func encodeRequest(r *Request, s shape, stream bool) openai.Body {
	var settled []byte
	messages, rest := r.Messages, messageEncoder{dialect: s.dialect}
	if r.encoded != nil && len(messages) >= r.settled && r.settled > 0 && &messages[0] == r.first {
		settled, rest = r.encoded.upTo(messages[:r.settled], s.dialect)
		messages = messages[r.settled:]
	}
	size := len(r.Model) + len(r.Instructions) + len(r.tools) + 512
	var pieces openai.Body
	if len(settled) <= copiedUpTo {
		rest.bytes = appendHead(make([]byte, 0, size+len(settled)), r, s)
		rest.bytes = append(rest.bytes, settled...)
	} else {
		pieces = openai.Body{appendHead(nil, r, s), settled}
		rest.bytes = make([]byte, 0, size)
	}
	rest.add(messages)
	rest.flush()
	body := bytes.TrimSuffix(rest.bytes, []byte(","))
	if len(body) == 0 {
		pieces[1] = bytes.TrimSuffix(settled, []byte(","))
	}
	return append(pieces, appendTail(append(body, ']'), r, s, stream))
}

// appendHead appends what stands before the messages of a request, and the
// instructions.
func appendHead(to []byte, r *Request, s shape) []byte {
	to = appendString(append(to, `{"model":`...), r.Model)
	to = append(to, `,"messages":[`...)
	instructions := r.Instructions
	if r.Output != nil && s.outputFormat != outputSchema && !strings.Contains(instructions, string(r.Output)) {
		// JSON mode knows no schema, and several hosts refuse it unless the
		// prompt speaks of JSON.
		instructions = strings.TrimSpace(instructions + "\n\n" + outputInstructions(r.Output))
	}
	if instructions == "" {
		return to
	}
	to = appendString(append(to, `{"role":"system","content":`...), instructions)
	return append(to, `},`...)
}

// appendTail appends what stands behind the messages of a request.
func appendTail(to []byte, r *Request, s shape, stream bool) []byte {
	if len(r.Tools) > 0 {
		to = append(to, `,"tools":`...)
		switch {
		case s.plainSchemas:
			to = appendJSON(to, wireTools(plainTools(r.Tools)))
		case r.tools != nil && &r.Tools[0] == r.toolsOf:
			to = append(to, r.tools...)
		default:
			to = appendJSON(to, wireTools(r.Tools))
		}
	}
	if !s.noTemperature {
		to = append(to, `,"temperature":`...)
		to = strconv.AppendFloat(to, r.Temperature, 'g', -1, 64)
	}
	switch {
	case s.completionTokens:
		to = append(to, `,"max_completion_tokens":`...)
		to = strconv.AppendInt(to, int64(r.MaxTokens), 10)
	case !s.noMaxTokens:
		to = append(to, `,"max_tokens":`...)
		to = strconv.AppendInt(to, int64(r.MaxTokens), 10)
	}
	if r.Output != nil && s.outputFormat != outputWords {
		to = append(to, `,"response_format":`...)
		to = appendJSON(to, wireFormat(r.Output, s.outputFormat))
	}
	if r.Thinking != "" {
		to = append(to, s.thinking.wire(r.Thinking == ThinkingOn)...)
	}
	if stream {
		to = append(to, `,"stream":true`...)
	}
	return append(to, '}')
}

// outputInstructions ask for structured output in words.
func outputInstructions(schema json.RawMessage) string {
	return "Answer with one JSON object and nothing else: no prose, no code fence. It must fit this JSON Schema:\n" + string(schema)
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

// The wire form of tools and of what a message has beside text, as OpenAI's API
// reference for chat completions has them.
type (
	wirePart struct {
		Type     string     `json:"type"`
		Text     string     `json:"text,omitempty"`
		ImageURL *wireImage `json:"image_url,omitempty"`
	}
	wireImage struct {
		URL string `json:"url"`
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

// message appends the wire form of one message. It is written out by hand because
// a transcript is encoded anew whenever a conversation is loaded.
func (e *messageEncoder) message(m *Message) []byte {
	to := appendString(append(e.bytes, `{"role":`...), string(m.Role))
	to = append(to, `,"content":`...)
	switch {
	case len(m.Images) > 0:
		to = appendJSON(to, wireParts(m))
	case m.Text == "" && len(m.Calls) > 0 && e.dialect.nullContent:
		to = append(to, "null"...)
	default:
		to = appendString(to, m.Text)
	}
	if m.CallID != "" {
		to = appendString(append(to, `,"tool_call_id":`...), e.callID(m.CallID))
	}
	if len(m.Calls) > 0 {
		to = e.toolCalls(append(to, `,"tool_calls":[`...), m.Calls)
		if e.dialect.echoReasoning {
			field := `,"reasoning_content":`
			if m.ReasoningField == "reasoning" {
				field = `,"reasoning":`
			}
			to = appendString(append(to, field...), m.Reasoning)
		}
	}
	return append(to, '}')
}

// toolCalls appends the wire form of a message's calls and the bracket behind
// them.
func (e *messageEncoder) toolCalls(to []byte, calls []ToolCall) []byte {
	e.callIDs = e.callIDs[:0]
	for i, call := range calls {
		name := wireName(call.Name)
		id := call.ID
		if e.dialect.numberedCallIDs {
			id = fmt.Sprintf("functions.%s:%d", name, e.calls)
			e.callIDs = append(e.callIDs, [2]string{call.ID, id})
		}
		e.calls++
		if i > 0 {
			to = append(to, ',')
		}
		to = appendString(append(to, `{"id":`...), id)
		to = appendString(append(to, `,"type":"function","function":{"name":`...), name)
		to = appendString(append(to, `,"arguments":`...), wireArguments(call.Arguments))
		to = append(to, `}}`...)
	}
	return append(to, ']')
}

// callID returns the id on the wire of one of the newest calls.
func (e *messageEncoder) callID(id string) string {
	for _, ids := range e.callIDs {
		if ids[0] == id {
			return ids[1]
		}
	}
	return id
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
	name = undecorated(name)
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
	if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") || !json.Valid([]byte(text)) {
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

// plainTools returns tools for hosts that refuse a keyword of their schemas. What
// the model sends is checked against the whole schema all the same.
func plainTools(definitions []ToolDefinition) []ToolDefinition {
	plain := slices.Clone(definitions)
	for i := range plain {
		plain[i].Schema = schema.Plain(plain[i].Schema)
	}
	return plain
}

// appendString appends a JSON string, as appendJSON does.
func appendString(to []byte, text string) []byte {
	start := len(to)
	to = append(to, '"')
	done := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf:
			continue
		case c == '"' || c == '\\':
			to = append(append(to, text[done:i]...), '\\', c)
		case c == '\n':
			to = append(append(to, text[done:i]...), `\n`...)
		case c >= utf8.RuneSelf:
			// Line separators and broken encoding are left to encoding/json.
			r, size := utf8.DecodeRuneInString(text[i:])
			if r != utf8.RuneError && r != '\u2028' && r != '\u2029' {
				i += size - 1
				continue
			}
			return appendJSON(to[:start], text)
		default:
			return appendJSON(to[:start], text)
		}
		done = i + 1
	}
	return append(append(to, text[done:]...), '"')
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
