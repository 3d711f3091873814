package assemble

import (
	"bytes"
	"encoding/json"
	"strings"
)

// maxRaw is how many bytes of a payload an Error keeps.
const maxRaw = 4 << 10

// Error is an error that the host reported inside a stream or a body whose HTTP
// status was good.
type Error struct {
	// Message, Type and Code are the host's words, empty where it gave none. A code
	// that was a number is its digits.
	Message, Type, Code string
	// Raw is the payload, of which at most 4 KB are kept.
	Raw []byte
}

// Error returns the message, the type and the code.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("host reported an error")
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	var notes []string
	if e.Type != "" {
		notes = append(notes, "type "+e.Type)
	}
	if e.Code != "" {
		notes = append(notes, "code "+e.Code)
	}
	if len(notes) > 0 {
		b.WriteString(" (" + strings.Join(notes, ", ") + ")")
	}
	return b.String()
}

// hostError returns the error a payload carries, or nil. The chunk is what could
// be read of it, and err why not all.
func hostError(event string, payload []byte, chunk *chunk, err error) *Error {
	if event == "error" {
		failure := chunk.failure(payload)
		if failure.Message == "" {
			failure.Message = string(bytes.TrimSpace(failure.Raw))
		}
		return failure
	}
	if chunk.Object.value == "error" || meant(chunk.Error) || chunk.complains() {
		return chunk.failure(payload)
	}
	for position, choice := range chunk.Choices {
		if choice.Index.or(position) == 0 && meant(choice.Error) {
			chunk.Error = choice.Error
			return chunk.failure(payload)
		}
	}
	return nil
}

// meant reports whether the value of an error field is one. Some hosts send the
// field with nothing in it beside a good chunk.
func meant(raw json.RawMessage) bool {
	switch string(raw) {
	case "", "null", "false", "0", `""`, "{}", "[]":
		return false
	}
	return true
}

// complains reports whether a payload without an answer is an error, although
// nothing in it says so but a code or the form of FastAPI's errors.
func (c *chunk) complains() bool {
	if len(c.Choices) > 0 {
		return false
	}
	switch strings.ToLower(words(c.Code)) {
	case "", "200", "ok", "success":
		return words(c.Detail) != ""
	}
	return words(c.Message) != "" || words(c.Msg) != "" || words(c.Detail) != ""
}

// failure returns the error of a payload: what its error field says, filled up with
// the fields beside it.
func (c *chunk) failure(payload []byte) *Error {
	var inner struct{ Message, Msg, Detail, Error, Type, Code json.RawMessage }
	failure := &Error{Raw: bytes.Clone(payload[:min(len(payload), maxRaw)])}
	if meant(c.Error) && c.Error[0] == '{' {
		_ = json.Unmarshal(c.Error, &inner) // every field takes any value, so this cannot fail
	} else if meant(c.Error) {
		failure.Message = words(c.Error)
	}
	for _, raw := range []json.RawMessage{inner.Message, inner.Msg, inner.Detail, inner.Error, c.Message, c.Msg, c.Detail} {
		if failure.Message == "" {
			failure.Message = words(raw)
		}
	}
	for _, raw := range []json.RawMessage{inner.Type, c.Type} {
		if failure.Type == "" {
			failure.Type = words(raw)
		}
	}
	for _, raw := range []json.RawMessage{inner.Code, c.Code} {
		if failure.Code == "" {
			failure.Code = words(raw)
		}
	}
	return failure
}

// words returns a value of an error as text: a string as it is, the messages of a
// list of complaints as FastAPI sends them, anything else as JSON.
func words(raw json.RawMessage) string {
	if !meant(raw) {
		return ""
	}
	switch raw[0] {
	case '"':
		return unquote(raw)
	case '[':
		var list []struct{ Msg, Message string }
		if json.Unmarshal(raw, &list) != nil {
			break
		}
		var messages []string
		for _, complaint := range list {
			if message := complaint.Msg + complaint.Message; message != "" {
				messages = append(messages, message)
			}
		}
		if len(messages) > 0 {
			return strings.Join(messages, "; ")
		}
	}
	return string(raw[:min(len(raw), maxRaw)])
}
