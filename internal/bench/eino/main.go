// Command eino measures CloudWeGo's Eino: its ReAct agent on its OpenAI model.
package main

import (
	"context"
	"errors"
	"io"

	"github.com/cloudwego/eino-ext/components/model/openai"
	"github.com/cloudwego/eino/components/tool"
	"github.com/cloudwego/eino/components/tool/utils"
	"github.com/cloudwego/eino/compose"
	"github.com/cloudwego/eino/flow/agent/react"
	"github.com/cloudwego/eino/schema"

	"github.com/frontdesk-go/frontdesk/internal/bench/harness"
)

func main() { harness.Main("eino", open) }

type client struct{ agent *react.Agent }

func open(host harness.Host) (harness.Client, error) {
	ctx := context.Background()
	temperature, maxTokens := float32(harness.Temperature), harness.MaxTokens
	model, err := openai.NewChatModel(ctx, &openai.ChatModelConfig{
		APIKey:      host.APIKey,
		BaseURL:     host.BaseURL,
		HTTPClient:  host.HTTP,
		Model:       harness.Model,
		Temperature: &temperature,
		MaxTokens:   &maxTokens,
	})
	if err != nil {
		return nil, err
	}
	status, err := utils.InferTool(harness.StatusTool, harness.StatusDescription, func(context.Context, harness.StatusArguments) (string, error) {
		return harness.RunTool(harness.StatusTool)
	})
	if err != nil {
		return nil, err
	}
	refund, err := utils.InferTool(harness.RefundTool, harness.RefundDescription, func(context.Context, harness.RefundArguments) (string, error) {
		return harness.RunTool(harness.RefundTool)
	})
	if err != nil {
		return nil, err
	}
	agent, err := react.NewAgent(ctx, &react.AgentConfig{
		ToolCallingModel: model,
		ToolsConfig:      compose.ToolsNodeConfig{Tools: []tool.BaseTool{status, refund}},
	})
	if err != nil {
		return nil, err
	}
	return &client{agent}, nil
}

// conversation has room for the question behind its history.
type conversation struct {
	client   *client
	messages []*schema.Message
}

// Open implements [harness.Client].
func (c *client) Open(_ context.Context, history []harness.Message) (harness.Conversation, error) {
	messages := make([]*schema.Message, 0, len(history)+2)
	messages = append(messages, schema.SystemMessage(harness.Instructions))
	for _, m := range history {
		switch {
		case m.Role == "user":
			messages = append(messages, schema.UserMessage(m.Text))
		case m.Role == "tool":
			messages = append(messages, schema.ToolMessage(m.Text, m.CallID))
		case m.Call == nil:
			messages = append(messages, schema.AssistantMessage(m.Text, nil))
		default:
			messages = append(messages, schema.AssistantMessage("", []schema.ToolCall{{
				ID:       m.Call.ID,
				Type:     "function",
				Function: schema.FunctionCall{Name: m.Call.Name, Arguments: m.Call.Arguments},
			}}))
		}
	}
	return &conversation{c, messages}, nil
}

// Turn implements [harness.Conversation].
func (c *conversation) Turn(ctx context.Context, text string, delta func(string)) (string, error) {
	messages := append(c.messages, schema.UserMessage(text))
	if delta == nil {
		answer, err := c.client.agent.Generate(ctx, messages)
		if err != nil {
			return "", err
		}
		return answer.Content, nil
	}
	stream, err := c.client.agent.Stream(ctx, messages)
	if err != nil {
		return "", err
	}
	defer stream.Close()
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		if chunk.Content != "" {
			delta(chunk.Content)
		}
	}
}
