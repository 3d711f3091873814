// Command frontdesk measures this library: whole turns of an agent whose
// conversations are in memory.
//
// A history is made by playing its turns once, with the model's part read from
// the history; the last of them, if it is a turn with two tool calls, goes to
// the server, so that the history is one that has been sent before. The turns
// that are measured make the conversation longer by six messages each.
package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/openai/openai-go/v3/option"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/internal/bench/harness"
)

func main() { harness.Main("frontdesk", open) }

type client struct {
	agent  *frontdesk.Agent
	config frontdesk.Config
	host   *frontdesk.OpenAICompatible
	opened int

	// script is what the model and the tools say instead of the server and
	// the tools proper, while a history is played.
	script []harness.Message
}

func open(host harness.Host) (harness.Client, error) {
	c := &client{host: &frontdesk.OpenAICompatible{BaseURL: host.BaseURL, APIKey: host.APIKey}}
	if host.HTTP != nil {
		c.host.Options = append(c.host.Options, option.WithHTTPClient(host.HTTP))
	}
	temperature := harness.Temperature
	c.config = frontdesk.Config{
		Provider:     frontdesk.ProviderFunc(c.generate),
		Model:        harness.Model,
		Instructions: harness.Instructions,
		Tools: []frontdesk.Tool{
			frontdesk.NewTool(harness.StatusTool, harness.StatusDescription, func(context.Context, harness.StatusArguments) (string, error) {
				return c.runTool(harness.StatusTool)
			}).WithoutAuthorize("order_id").Trusted().ReadOnly(),
			frontdesk.NewTool(harness.RefundTool, harness.RefundDescription, func(context.Context, harness.RefundArguments) (string, error) {
				return c.runTool(harness.RefundTool)
			}).WithoutAuthorize("order_id").Trusted(),
		},
		Memory:      new(frontdesk.InMemory),
		Temperature: &temperature,
		MaxTokens:   harness.MaxTokens,
		// The longest histories are beyond the model's window. The others send
		// them whole.
		ContextWindow: 1 << 30,
	}
	var err error
	c.agent, err = frontdesk.New(c.config)
	return c, err
}

// generate is the agent's provider.
func (c *client) generate(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
	if len(c.script) == 0 {
		return c.host.Generate(ctx, request, stream)
	}
	next := c.script[0]
	c.script = c.script[1:]
	answer := frontdesk.Message{Role: frontdesk.RoleAssistant, Text: next.Text}
	if next.Call != nil {
		answer.Calls = []frontdesk.ToolCall{{ID: next.Call.ID, Name: next.Call.Name, Arguments: next.Call.Arguments}}
	}
	return &frontdesk.Response{Message: answer}, nil
}

func (c *client) runTool(name string) (string, error) {
	if len(c.script) == 0 {
		return harness.RunTool(name)
	}
	next := c.script[0]
	c.script = c.script[1:]
	return next.Text, nil
}

type conversation struct {
	client *client
	agent  *frontdesk.Agent
	id     string
}

// Open implements [harness.Client].
func (c *client) Open(ctx context.Context, history []harness.Message) (harness.Conversation, error) {
	c.opened++
	opened := &conversation{client: c, agent: c.agent, id: "bench-" + strconv.Itoa(c.opened)}
	for len(history) > 0 {
		end := 1
		for end < len(history) && history[end].Role != "user" {
			end++
		}
		if end < len(history) || end < harness.RoundMessages {
			c.script = history[1:end]
		}
		if _, err := opened.Turn(ctx, history[0].Text, nil); err != nil {
			return nil, fmt.Errorf("play the history: %w", err)
		}
		if len(c.script) > 0 {
			return nil, fmt.Errorf("%d messages of the history's turn were not asked for", len(c.script))
		}
		history = history[end:]
	}
	return opened, nil
}

// Reopen implements [harness.Reopener].
func (c *conversation) Reopen() error {
	var err error
	c.client.agent = nil // so that what it knows can be collected
	c.agent, err = frontdesk.New(c.client.config)
	return err
}

// Turn implements [harness.Conversation].
func (c *conversation) Turn(ctx context.Context, text string, delta func(string)) (string, error) {
	turn := frontdesk.Turn{
		Conversation: c.id,
		Customer:     frontdesk.Customer{ID: "cus_ana", Name: "Ana"},
		Text:         text,
	}
	if delta == nil {
		reply, err := c.agent.Reply(ctx, turn)
		if err != nil {
			return "", err
		}
		return reply.Text, nil
	}
	for event, err := range c.agent.Stream(ctx, turn) {
		if err != nil {
			return "", err
		}
		switch event := event.(type) {
		case frontdesk.TextDelta:
			delta(event.Text)
		case frontdesk.Done:
			return event.Reply.Text, nil
		}
	}
	return "", errors.New("the stream ended without a reply")
}
