// Command genkit measures Firebase Genkit: its Generate with tools, on its
// plugin for OpenAI-compatible hosts.
package main

import (
	"context"
	"encoding/json"

	"github.com/firebase/genkit/go/ai"
	"github.com/firebase/genkit/go/genkit"
	"github.com/firebase/genkit/go/plugins/compat_oai"
	"github.com/openai/openai-go"
	"github.com/openai/openai-go/option"

	"github.com/frontdesk-go/frontdesk/internal/bench/harness"
)

func main() { harness.Main("genkit", open) }

type client struct {
	genkit *genkit.Genkit
	model  ai.Model
	tools  []ai.ToolRef
}

func open(host harness.Host) (harness.Client, error) {
	plugin := &compat_oai.OpenAICompatible{Provider: "bench", APIKey: host.APIKey, BaseURL: host.BaseURL}
	if host.HTTP != nil {
		plugin.Opts = []option.RequestOption{option.WithHTTPClient(host.HTTP)}
	}
	g := genkit.Init(context.Background(), genkit.WithPlugins(plugin))
	return &client{
		genkit: g,
		model:  plugin.DefineModel("bench", harness.Model, ai.ModelOptions{Supports: &compat_oai.BasicText}),
		tools: []ai.ToolRef{
			genkit.DefineTool(g, harness.StatusTool, harness.StatusDescription, func(*ai.ToolContext, harness.StatusArguments) (string, error) {
				return harness.RunTool(harness.StatusTool)
			}),
			genkit.DefineTool(g, harness.RefundTool, harness.RefundDescription, func(*ai.ToolContext, harness.RefundArguments) (string, error) {
				return harness.RunTool(harness.RefundTool)
			}),
		},
	}, nil
}

// conversation has room for the question behind its history.
type conversation struct {
	client   *client
	messages []*ai.Message
}

// Open implements [harness.Client].
func (c *client) Open(_ context.Context, history []harness.Message) (harness.Conversation, error) {
	messages := make([]*ai.Message, 0, len(history)+1)
	for _, m := range history {
		switch {
		case m.Role == "user":
			messages = append(messages, ai.NewUserTextMessage(m.Text))
		case m.Role == "tool":
			messages = append(messages, ai.NewMessage(ai.RoleTool, nil, ai.NewToolResponsePart(&ai.ToolResponse{Name: m.Tool, Ref: m.CallID, Output: m.Text})))
		case m.Call == nil:
			messages = append(messages, ai.NewModelTextMessage(m.Text))
		default:
			// What genkit makes of an answer's arguments.
			var arguments map[string]any
			if err := json.Unmarshal([]byte(m.Call.Arguments), &arguments); err != nil {
				return nil, err
			}
			messages = append(messages, ai.NewModelMessage(ai.NewToolRequestPart(&ai.ToolRequest{Name: m.Call.Name, Ref: m.Call.ID, Input: arguments})))
		}
	}
	return &conversation{c, messages}, nil
}

// Turn implements [harness.Conversation].
func (c *conversation) Turn(ctx context.Context, text string, delta func(string)) (string, error) {
	options := []ai.GenerateOption{
		ai.WithModel(c.client.model),
		ai.WithConfig(&openai.ChatCompletionNewParams{Temperature: openai.Float(harness.Temperature), MaxTokens: openai.Int(harness.MaxTokens)}),
		ai.WithSystem(harness.Instructions),
		ai.WithMessages(append(c.messages, ai.NewUserTextMessage(text))...),
		ai.WithTools(c.client.tools...),
		ai.WithMaxTurns(10),
	}
	if delta != nil {
		options = append(options, ai.WithStreaming(func(_ context.Context, chunk *ai.ModelResponseChunk) error {
			delta(chunk.Text())
			return nil
		}))
	}
	response, err := genkit.Generate(ctx, c.client.genkit, options...)
	if err != nil {
		return "", err
	}
	return response.Text(), nil
}
