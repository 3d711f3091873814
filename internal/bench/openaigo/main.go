// Command openaigo measures openai-go with the loop that its own examples
// write: parameters of its types, appended to as the turn goes on.
package main

import (
	"context"
	"errors"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"

	"github.com/frontdesk-go/frontdesk/internal/bench/harness"
)

func main() { harness.Main("openai-go", open) }

type client struct {
	openai openai.Client
	tools  []openai.ChatCompletionToolUnionParam
}

func open(host harness.Host) (harness.Client, error) {
	options := []option.RequestOption{option.WithBaseURL(host.BaseURL), option.WithAPIKey(host.APIKey)}
	if host.HTTP != nil {
		options = append(options, option.WithHTTPClient(host.HTTP))
	}
	order := map[string]any{"type": "string", "description": "Number of the order, like ORD-9281"}
	reason := map[string]any{"type": "string", "description": "Why the customer wants their money back"}
	return &client{
		openai: openai.NewClient(options...),
		tools: []openai.ChatCompletionToolUnionParam{
			openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
				Name:        harness.StatusTool,
				Description: openai.String(harness.StatusDescription),
				Parameters: shared.FunctionParameters{
					"type": "object", "properties": map[string]any{"order_id": order}, "required": []string{"order_id"}, "additionalProperties": false,
				},
			}),
			openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
				Name:        harness.RefundTool,
				Description: openai.String(harness.RefundDescription),
				Parameters: shared.FunctionParameters{
					"type": "object", "properties": map[string]any{"order_id": order, "reason": reason}, "required": []string{"order_id", "reason"}, "additionalProperties": false,
				},
			}),
		},
	}, nil
}

// conversation has room for one turn behind its history, so that no turn
// copies it.
type conversation struct {
	client   *client
	messages []openai.ChatCompletionMessageParamUnion
}

// Open implements [harness.Client].
func (c *client) Open(_ context.Context, history []harness.Message) (harness.Conversation, error) {
	messages := make([]openai.ChatCompletionMessageParamUnion, 0, len(history)+1+harness.RoundMessages)
	messages = append(messages, openai.SystemMessage(harness.Instructions))
	for _, m := range history {
		switch {
		case m.Role == "user":
			messages = append(messages, openai.UserMessage(m.Text))
		case m.Role == "tool":
			messages = append(messages, openai.ToolMessage(m.Text, m.CallID))
		case m.Call == nil:
			messages = append(messages, openai.AssistantMessage(m.Text))
		default:
			messages = append(messages, openai.ChatCompletionMessageParamUnion{OfAssistant: &openai.ChatCompletionAssistantMessageParam{
				ToolCalls: []openai.ChatCompletionMessageToolCallUnionParam{{OfFunction: &openai.ChatCompletionMessageFunctionToolCallParam{
					ID:       m.Call.ID,
					Function: openai.ChatCompletionMessageFunctionToolCallFunctionParam{Name: m.Call.Name, Arguments: m.Call.Arguments},
				}}},
			}})
		}
	}
	return &conversation{c, messages}, nil
}

// Turn implements [harness.Conversation].
func (c *conversation) Turn(ctx context.Context, text string, delta func(string)) (string, error) {
	params := openai.ChatCompletionNewParams{
		Model:       harness.Model,
		Messages:    append(c.messages, openai.UserMessage(text)),
		Tools:       c.client.tools,
		Temperature: openai.Float(harness.Temperature),
		MaxTokens:   openai.Int(harness.MaxTokens),
	}
	for range 10 {
		message, err := c.client.ask(ctx, params, delta)
		if err != nil {
			return "", err
		}
		if len(message.ToolCalls) == 0 {
			return message.Content, nil
		}
		params.Messages = append(params.Messages, message.ToParam())
		for _, call := range message.ToolCalls {
			result, err := harness.RunTool(call.Function.Name)
			if err != nil {
				return "", err
			}
			params.Messages = append(params.Messages, openai.ToolMessage(result, call.ID))
		}
	}
	return "", errors.New("the model went on calling tools")
}

func (c *client) ask(ctx context.Context, params openai.ChatCompletionNewParams, delta func(string)) (*openai.ChatCompletionMessage, error) {
	if delta == nil {
		completion, err := c.openai.Chat.Completions.New(ctx, params)
		if err != nil {
			return nil, err
		}
		return &completion.Choices[0].Message, nil
	}
	stream := c.openai.Chat.Completions.NewStreaming(ctx, params)
	defer stream.Close()
	var accumulator openai.ChatCompletionAccumulator
	for stream.Next() {
		chunk := stream.Current()
		accumulator.AddChunk(chunk)
		if len(chunk.Choices) > 0 && chunk.Choices[0].Delta.Content != "" {
			delta(chunk.Choices[0].Delta.Content)
		}
	}
	if err := stream.Err(); err != nil {
		return nil, err
	}
	if len(accumulator.Choices) == 0 {
		return nil, errors.New("the stream had no answer")
	}
	return &accumulator.Choices[0].Message, nil
}
