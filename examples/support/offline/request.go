package offline

import (
	"encoding/json"
	"fmt"
	"strings"
)

// chatRequest is the part of a chat completions request that the rules use.
type chatRequest struct {
	Model         string     `json:"model"`
	Messages      []message  `json:"messages"`
	Tools         []toolSpec `json:"tools"`
	Stream        bool       `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	ToolChoice     any  `json:"tool_choice"`
	Choices        *int `json:"n"`
	ResponseFormat struct {
		Type string `json:"type"`
	} `json:"response_format"`
}

type message struct {
	Role       string     `json:"role"`
	Content    *content   `json:"content"`
	ToolCalls  []toolCall `json:"tool_calls"`
	ToolCallID string     `json:"tool_call_id"`
}

// text is what the message says, empty if it says nothing.
func (m message) text() string {
	if m.Content == nil {
		return ""
	}
	return string(*m.Content)
}

// content is the text of a message, which comes as a string or in parts.
// Pictures are accepted and not looked at.
type content string

func (c *content) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, (*string)(c))
	}
	var parts []struct {
		Type string  `json:"type"`
		Text *string `json:"text"`
	}
	if err := json.Unmarshal(data, &parts); err != nil {
		return fmt.Errorf("content must be a string or a list of parts: %w", err)
	}
	var texts []string
	for i, part := range parts {
		switch {
		case part.Type == "text" && part.Text != nil:
			texts = append(texts, *part.Text)
		case part.Type != "image_url":
			return fmt.Errorf("content[%d]: a part must be of the type \"text\", with a text, or \"image_url\"", i)
		}
	}
	*c = content(strings.Join(texts, "\n"))
	return nil
}

type toolCall struct {
	ID       string       `json:"id"`
	Type     string       `json:"type"`
	Function functionCall `json:"function"`
}

type functionCall struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type toolSpec struct {
	Type     string `json:"type"`
	Function struct {
		Name       string          `json:"name"`
		Parameters json.RawMessage `json:"parameters"`
	} `json:"function"`
}

// requestError is a refusal of a request.
type requestError struct {
	Message string
	Param   string // the field at fault, such as "messages[2].role"
	Code    string
}

func (e *requestError) Error() string { return e.Message }

func invalid(param, format string, args ...any) error {
	return &requestError{Message: param + ": " + fmt.Sprintf(format, args...), Param: param}
}

// decodeRequest reads a request and checks it as strictly as hosts do that
// render it with a model's chat template.
func decodeRequest(body []byte) (*chatRequest, error) {
	request := new(chatRequest)
	if err := json.Unmarshal(body, request); err != nil {
		return nil, &requestError{Message: "the body is not a valid request: " + err.Error()}
	}
	if request.Model == "" {
		return nil, invalid("model", "a model is required")
	}
	if request.Choices != nil && *request.Choices != 1 {
		return nil, invalid("n", "only one choice can be given")
	}
	if format := request.ResponseFormat.Type; format != "" && format != "text" {
		return nil, invalid("response_format", "%q is not supported by rules", format)
	}
	switch request.ToolChoice {
	case nil, "auto":
	case "none":
		request.Tools = nil
	default:
		return nil, invalid("tool_choice", "rules cannot be forced to call a tool: use \"auto\" or \"none\"")
	}
	declared := map[string]bool{}
	for i, tool := range request.Tools {
		param, name := fmt.Sprintf("tools[%d]", i), tool.Function.Name
		if tool.Type != "function" || name == "" {
			return nil, invalid(param, "a tool must be of the type \"function\" and have a name")
		}
		if declared[name] {
			return nil, invalid(param, "the tool %q is declared twice", name)
		}
		declared[name] = true
	}
	return request, checkTranscript(request.Messages)
}

// checkTranscript checks roles, contents, and that every tool call is answered
// exactly once, right after the message that made it.
func checkTranscript(messages []message) error {
	if len(messages) == 0 {
		return invalid("messages", "at least one message is required")
	}
	open := map[string]bool{} // calls that wait for their result
	for i, m := range messages {
		param := fmt.Sprintf("messages[%d]", i)
		if m.Role == "tool" {
			if !open[m.ToolCallID] {
				return invalid(param+".tool_call_id", "%q answers no open tool call of the assistant message before it", m.ToolCallID)
			}
			if m.Content == nil {
				return invalid(param+".content", "a tool message needs a content")
			}
			delete(open, m.ToolCallID)
			continue
		}
		if len(open) > 0 {
			return invalid(param, "%d tool calls before this message have no tool message that answers them", len(open))
		}
		switch m.Role {
		case "system", "developer", "user":
			if m.Content == nil {
				return invalid(param+".content", "a %s message needs a content", m.Role)
			}
		case "assistant":
			if m.Content == nil && len(m.ToolCalls) == 0 {
				return invalid(param+".content", "an assistant message needs a content or tool_calls")
			}
		default:
			return invalid(param+".role", "unknown role %q: use system, developer, user, assistant or tool", m.Role)
		}
		if len(m.ToolCalls) > 0 && m.Role != "assistant" {
			return invalid(param+".tool_calls", "only an assistant message can call tools")
		}
		for k, call := range m.ToolCalls {
			param := fmt.Sprintf("%s.tool_calls[%d]", param, k)
			switch {
			case call.ID == "" || open[call.ID]:
				return invalid(param+".id", "%q is empty or used twice in this message", call.ID)
			case call.Type != "function" || call.Function.Name == "":
				return invalid(param, "a call must be of the type \"function\" and name one")
			case !json.Valid([]byte(call.Function.Arguments)):
				return invalid(param+".function.arguments", "the arguments of %s are not JSON", call.Function.Name)
			}
			open[call.ID] = true
		}
	}
	if len(open) > 0 {
		return invalid("messages", "the transcript ends with %d tool calls that no tool message answers", len(open))
	}
	return nil
}
