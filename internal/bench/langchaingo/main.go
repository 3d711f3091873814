// Command langchaingo measures langchaingo: the loop of its own tool-calling
// examples, since its agents do not use the protocol's tool calls throughout.
package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/openai"

	"github.com/frontdesk-go/frontdesk/internal/bench/harness"
)

func main() { harness.Main("langchaingo", open) }

type client struct {
	model   *openai.LLM
	options []llms.CallOption
}

func open(host harness.Host) (harness.Client, error) {
	options := []openai.Option{openai.WithToken(host.APIKey), openai.WithBaseURL(host.BaseURL), openai.WithModel(harness.Model)}
	if host.HTTP != nil {
		options = append(options, openai.WithHTTPClient(host.HTTP))
	}
	model, err := openai.New(options...)
	if err != nil {
		return nil, err
	}
	tool := func(name, description, schema string) llms.Tool {
		return llms.Tool{Type: "function", Function: &llms.FunctionDefinition{Name: name, Description: description, Parameters: json.RawMessage(schema)}}
	}
	return &client{model, []llms.CallOption{
		llms.WithTemperature(harness.Temperature),
		llms.WithMaxTokens(harness.MaxTokens),
		llms.WithTools([]llms.Tool{
			tool(harness.StatusTool, harness.StatusDescription, harness.StatusSchema),
			tool(harness.RefundTool, harness.RefundDescription, harness.RefundSchema),
		}),
	}}, nil
}

// conversation has room for one turn behind its history.
type conversation struct {
	client   *client
	messages []llms.MessageContent
}

// Open implements [harness.Client].
func (c *client) Open(_ context.Context, history []harness.Message) (harness.Conversation, error) {
	messages := make([]llms.MessageContent, 0, len(history)+1+harness.RoundMessages)
	messages = append(messages, llms.TextParts(llms.ChatMessageTypeSystem, harness.Instructions))
	for _, m := range history {
		switch {
		case m.Role == "user":
			messages = append(messages, llms.TextParts(llms.ChatMessageTypeHuman, m.Text))
		case m.Role == "tool":
			messages = append(messages, result(m.CallID, m.Tool, m.Text))
		case m.Call == nil:
			messages = append(messages, llms.TextParts(llms.ChatMessageTypeAI, m.Text))
		default:
			messages = append(messages, calls(llms.ToolCall{
				ID:           m.Call.ID,
				Type:         "function",
				FunctionCall: &llms.FunctionCall{Name: m.Call.Name, Arguments: m.Call.Arguments},
			}))
		}
	}
	return &conversation{c, messages}, nil
}

func calls(made ...llms.ToolCall) llms.MessageContent {
	message := llms.MessageContent{Role: llms.ChatMessageTypeAI}
	for _, call := range made {
		message.Parts = append(message.Parts, call)
	}
	return message
}

func result(id, tool, text string) llms.MessageContent {
	return llms.MessageContent{
		Role:  llms.ChatMessageTypeTool,
		Parts: []llms.ContentPart{llms.ToolCallResponse{ToolCallID: id, Name: tool, Content: text}},
	}
}

// Turn implements [harness.Conversation].
func (c *conversation) Turn(ctx context.Context, text string, delta func(string)) (string, error) {
	options := c.client.options
	if delta != nil {
		options = append(options[:len(options):len(options)], llms.WithStreamingFunc(func(_ context.Context, chunk []byte) error {
			delta(string(chunk))
			return nil
		}))
	}
	messages := append(c.messages, llms.TextParts(llms.ChatMessageTypeHuman, text))
	for range 10 {
		response, err := c.client.model.GenerateContent(ctx, messages, options...)
		if err != nil {
			return "", err
		}
		choice := response.Choices[0]
		if len(choice.ToolCalls) == 0 {
			return choice.Content, nil
		}
		messages = append(messages, calls(choice.ToolCalls...))
		for _, call := range choice.ToolCalls {
			text, err := harness.RunTool(call.FunctionCall.Name)
			if err != nil {
				return "", err
			}
			messages = append(messages, result(call.ID, call.FunctionCall.Name, text))
		}
	}
	return "", errors.New("the model went on calling tools")
}
