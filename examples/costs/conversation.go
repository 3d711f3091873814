package main

import (
	"encoding/json"
	"fmt"

	"github.com/frontdesk-go/frontdesk"
)

// conversation is a line of the file.
type conversation struct {
	ID     string `json:"id"`
	Model  string `json:"model"`
	System string `json:"system"` // the instructions

	// ToolsRef names the tools in the file of declarations.
	ToolsRef string `json:"tools_ref"`
	Steps    []step `json:"steps"`

	tools []frontdesk.ToolDefinition
}

// step is what the customer said, what the model answered, or what a tool
// returned.
type step struct {
	Type    string `json:"t"` // "user", "assistant" or "tool"
	Content string `json:"content"`

	// ToolCalls and Usage belong to an answer. Seed marks one that no model
	// was asked for, such as a greeting.
	ToolCalls []frontdesk.ToolCall `json:"tool_calls"`
	Usage     frontdesk.Usage      `json:"usage"`
	Seed      bool                 `json:"seed"`

	// ID is that of the call whose result a tool returned.
	ID string `json:"id"`
}

// declaration is a tool in the form in which it goes over the wire.
type declaration struct {
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	} `json:"function"`
}

// entries makes the log that an agent would have written. docs/log.md has the
// data of each kind. Agents of this library have their logs already:
// [frontdesk.Memory] loads them.
func (c *conversation) entries() ([]frontdesk.Entry, error) {
	var (
		entries []frontdesk.Entry
		open    []frontdesk.ToolCall // calls of the newest answer
		failure error
	)
	add := func(kind frontdesk.EntryKind, data map[string]any) {
		encoded, err := json.Marshal(data)
		if err != nil {
			failure = err
		}
		entries = append(entries, frontdesk.Entry{Sequence: int64(len(entries) + 1), Kind: kind, Version: 1, Data: encoded})
	}
	for i, s := range c.Steps {
		switch {
		case s.Type == "user":
			add(frontdesk.EntryCustomerMessage, map[string]any{"text": s.Content})
		case s.Type == "assistant" && s.Seed:
			add(frontdesk.EntryPosted, map[string]any{"text": s.Content})
		case s.Type == "assistant":
			add(frontdesk.EntryAnswer, map[string]any{
				"message":  frontdesk.Message{Role: frontdesk.RoleAssistant, Text: s.Content, Calls: s.ToolCalls},
				"model":    c.Model,
				"usage":    s.Usage,
				"requests": 1,
			})
			open = append([]frontdesk.ToolCall(nil), s.ToolCalls...)
		case s.Type == "tool":
			for call := range open {
				if open[call].ID == s.ID {
					open[call].ID = "" // ids may repeat
					add(frontdesk.EntryToolFinished, map[string]any{"call": call, "status": frontdesk.ToolDone, "content": s.Content})
					break
				}
			}
		default:
			return nil, fmt.Errorf("step %d is of type %q: it must be user, assistant or tool", i+1, s.Type)
		}
	}
	return entries, failure
}
