package frontdesktest

import (
	"encoding/json"
	"fmt"

	"github.com/frontdesk-go/frontdesk"
)

// CheckTranscript reports why a strict chat completions host would refuse the
// messages, or nil. It wants every tool call answered exactly once, in the
// messages right behind it; ids that are unique within a message; and something in
// every message.
func CheckTranscript(messages []frontdesk.Message) error {
	open := make(map[string]bool)
	for i, m := range messages {
		if m.Role != frontdesk.RoleTool && len(open) > 0 {
			return fmt.Errorf("message %d (%s) comes before the results of %d tool calls", i, m.Role, len(open))
		}
		switch m.Role {
		case frontdesk.RoleUser:
			if m.Text == "" && len(m.Images) == 0 {
				return fmt.Errorf("message %d (user) is empty", i)
			}
		case frontdesk.RoleAssistant:
			if m.Text == "" && len(m.Calls) == 0 {
				return fmt.Errorf("message %d (assistant) has neither text nor calls", i)
			}
			for _, call := range m.Calls {
				if call.ID == "" || open[call.ID] {
					return fmt.Errorf("message %d: tool call id %q is empty or taken", i, call.ID)
				}
				open[call.ID] = true
			}
		case frontdesk.RoleTool:
			if !open[m.CallID] {
				return fmt.Errorf("message %d (tool) answers %q, which no call before it awaits", i, m.CallID)
			}
			delete(open, m.CallID)
		default:
			return fmt.Errorf("message %d has the unknown role %q", i, m.Role)
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("%d tool calls have no result", len(open))
	}
	return nil
}

// checkWire is CheckTranscript for messages as they came over the wire, where
// arguments must be JSON objects.
func checkWire(messages []frontdesk.Message) error {
	for i, m := range messages {
		for _, call := range m.Calls {
			var object map[string]json.RawMessage
			if err := json.Unmarshal([]byte(call.Arguments), &object); err != nil || object == nil {
				return fmt.Errorf("message %d: arguments of %s are no JSON object: %q", i, call.Name, call.Arguments)
			}
		}
	}
	return CheckTranscript(messages)
}
