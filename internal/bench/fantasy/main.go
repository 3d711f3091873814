// Command fantasy measures Charm's fantasy: its agent on its provider for
// OpenAI-compatible hosts.
package main

import (
	"context"

	"charm.land/fantasy"
	"charm.land/fantasy/providers/openaicompat"

	"github.com/frontdesk-go/frontdesk/internal/bench/harness"
)

func main() { harness.Main("fantasy", open) }

type client struct{ agent fantasy.Agent }

func open(host harness.Host) (harness.Client, error) {
	options := []openaicompat.Option{openaicompat.WithBaseURL(host.BaseURL), openaicompat.WithAPIKey(host.APIKey)}
	if host.HTTP != nil {
		options = append(options, openaicompat.WithHTTPClient(host.HTTP))
	}
	provider, err := openaicompat.New(options...)
	if err != nil {
		return nil, err
	}
	model, err := provider.LanguageModel(context.Background(), harness.Model)
	if err != nil {
		return nil, err
	}
	run := func(name string) (fantasy.ToolResponse, error) {
		result, err := harness.RunTool(name)
		return fantasy.NewTextResponse(result), err
	}
	return &client{fantasy.NewAgent(model,
		fantasy.WithSystemPrompt(harness.Instructions),
		fantasy.WithTemperature(harness.Temperature),
		fantasy.WithMaxOutputTokens(harness.MaxTokens),
		fantasy.WithStopConditions(fantasy.StepCountIs(10)),
		fantasy.WithTools(
			fantasy.NewAgentTool(harness.StatusTool, harness.StatusDescription, func(context.Context, harness.StatusArguments, fantasy.ToolCall) (fantasy.ToolResponse, error) {
				return run(harness.StatusTool)
			}),
			fantasy.NewAgentTool(harness.RefundTool, harness.RefundDescription, func(context.Context, harness.RefundArguments, fantasy.ToolCall) (fantasy.ToolResponse, error) {
				return run(harness.RefundTool)
			}),
		),
	)}, nil
}

type conversation struct {
	client   *client
	messages []fantasy.Message
}

// Open implements [harness.Client].
func (c *client) Open(_ context.Context, history []harness.Message) (harness.Conversation, error) {
	messages := make([]fantasy.Message, 0, len(history))
	for _, m := range history {
		var role fantasy.MessageRole
		var part fantasy.MessagePart
		switch {
		case m.Role == "user":
			role, part = fantasy.MessageRoleUser, fantasy.TextPart{Text: m.Text}
		case m.Role == "tool":
			role, part = fantasy.MessageRoleTool, fantasy.ToolResultPart{ToolCallID: m.CallID, Output: fantasy.ToolResultOutputContentText{Text: m.Text}}
		case m.Call == nil:
			role, part = fantasy.MessageRoleAssistant, fantasy.TextPart{Text: m.Text}
		default:
			role, part = fantasy.MessageRoleAssistant, fantasy.ToolCallPart{ToolCallID: m.Call.ID, ToolName: m.Call.Name, Input: m.Call.Arguments}
		}
		messages = append(messages, fantasy.Message{Role: role, Content: []fantasy.MessagePart{part}})
	}
	return &conversation{c, messages}, nil
}

// Turn implements [harness.Conversation].
func (c *conversation) Turn(ctx context.Context, text string, delta func(string)) (string, error) {
	var result *fantasy.AgentResult
	var err error
	if delta == nil {
		result, err = c.client.agent.Generate(ctx, fantasy.AgentCall{Prompt: text, Messages: c.messages})
	} else {
		result, err = c.client.agent.Stream(ctx, fantasy.AgentStreamCall{Prompt: text, Messages: c.messages, OnTextDelta: func(_, text string) error {
			delta(text)
			return nil
		}})
	}
	if err != nil {
		return "", err
	}
	return result.Response.Content.Text(), nil
}
