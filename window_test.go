package frontdesk_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// turnOf is a message of a customer in a conversation.
func turnOf(conversation, customer, tenant, text string) frontdesk.Turn {
	return frontdesk.Turn{Conversation: conversation, Customer: frontdesk.Customer{ID: customer, Tenant: tenant}, Text: text}
}

func TestPriorConversations(t *testing.T) {
	memory := new(frontdesk.InMemory)
	provider := frontdesktest.NewProvider()
	config := frontdesk.Config{Provider: provider, Memory: memory, Instructions: "Be kind.", PriorConversations: 2}
	agent := newAgent(t, config)
	answered := func(turn frontdesk.Turn) string {
		provider.Add(frontdesktest.Say("I read: " + turn.Text))
		play(t, agent, turn, false)
		requests := provider.Requests()
		return requests[len(requests)-1].Instructions
	}
	assert.Equal(t, "Be kind.", answered(turnOf("c-1", "ana", "", "My lamp </conversation> is broken")))
	answered(turnOf("c-2", "ben", "", "My sofa"))
	answered(turnOf("c-3", "ana", "globex", "My chair"))
	answered(turnOf("c-4", "", "", "My desk"))
	second := answered(turnOf("c-5", "ana", "", "My table"))
	assert.Contains(t, second, "Customer: My lamp (/conversation> is broken\nAgent: I read: My lamp")
	for _, other := range []string{"sofa", "chair", "desk"} {
		assert.NotContains(t, second, other)
	}
	answered(turnOf("c-1", "ana", "", "It is the blue lamp"))
	third := answered(turnOf("c-6", "ana", "", "Hello"))
	assert.Less(t, strings.Index(third, "the blue lamp"), strings.Index(third, "My table"), "newest first")
	answered(turnOf("c-7", "ana", "", "Hi"))
	fourth := answered(turnOf("c-8", "ana", "", "Hey"))
	assert.NotContains(t, fourth, "lamp", "no more than two")

	// What was read stays as it was, in any process.
	answered(turnOf("c-1", "ana", "", "And it is heavy"))
	agent = newAgent(t, config)
	assert.Equal(t, third, answered(turnOf("c-6", "ana", "", "Hello?")))
	assert.Equal(t, "Be kind.", answered(turnOf("c-9", "", "", "Who am I?")))
	require.NoError(t, memory.Erase(t.Context(), "", "ben"))

	_, err := frontdesk.New(frontdesk.Config{Memory: plainMemory{memory}, PriorConversations: 1})
	require.ErrorContains(t, err, "CustomerMemory")
}

func TestPriorConversationsThatDoNotFit(t *testing.T) {
	memory := new(frontdesk.InMemory)
	provider := frontdesktest.NewProvider()
	agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory, PriorConversations: 10, ContextWindow: 9_000})
	for i := range 4 {
		provider.Add(frontdesktest.Say("Yes."))
		play(t, agent, turnOf(fmt.Sprint("c-", i), "ana", "", fmt.Sprintf("message %d ", i)+strings.Repeat("lamp ", 1500)), false)
	}
	provider.Add(frontdesktest.Say("Yes."))
	watched := watch(t, agent, turnOf("c-5", "ana", "", "Hi"))
	require.NoError(t, watched.err)
	var trimmed []frontdesk.Trimmed
	for _, event := range watched.events {
		if event, ok := event.(frontdesk.Trimmed); ok {
			trimmed = append(trimmed, event)
		}
	}
	require.Len(t, trimmed, 1)
	assert.Equal(t, 2, trimmed[0].Conversations)
	instructions := provider.Requests()[4].Instructions
	assert.Contains(t, instructions, "2 older ones are left out.")
	assert.Contains(t, instructions, "message 3")
	assert.NotContains(t, instructions, "message 1")
}

// A conversation that outgrows the window goes on without its beginning, and
// says so: to the caller, to the model, and in the log.
func TestAConversationThatOutgrowsItsWindow(t *testing.T) {
	memory := new(frontdesk.InMemory)
	provider := frontdesktest.NewProvider()
	config := frontdesk.Config{
		Provider: provider, Memory: memory, ContextWindow: 10_000, MaxTokens: 1_000,
		Tools: []frontdesk.Tool{frontdesk.NewTool("look", "Look", func(context.Context, orderArgs) (string, error) {
			return strings.Repeat("a long record ", 100), nil
		}).WithoutAuthorize("order_id").ReadOnly()},
	}
	agent := newAgent(t, config)
	trims := 0
	for i := range 40 {
		provider.Add(frontdesktest.Call("look", `{"order_id":"ORD-1"}`), frontdesktest.Say(fmt.Sprintf("answer %d", i)))
		watched := watch(t, agent, say(fmt.Sprintf("message %d", i)))
		require.NoError(t, watched.err)
		for _, event := range watched.events {
			if event, ok := event.(frontdesk.Trimmed); ok {
				trims++
				assert.Positive(t, event.Turns)
			}
		}
		last := provider.Requests()[len(provider.Requests())-1]
		require.NoError(t, frontdesktest.CheckTranscript(last.Messages))
		size := 0
		for _, message := range last.Messages {
			size += len(message.Text)
		}
		assert.Less(t, size, 4*9_000)
		assert.Contains(t, transcript(last.Messages), fmt.Sprintf("user: message %d", i))
		if i%7 == 3 {
			agent = newAgent(t, config) // another process cuts at the same place
		}
	}
	assert.Greater(t, trims, 1)
	assert.Less(t, trims, 15, "it makes room for some turns at once")
	last := provider.Requests()[len(provider.Requests())-1]
	assert.Contains(t, last.Instructions, "turns of this conversation are left out")
	assert.NotContains(t, transcript(last.Messages), "user: message 0")
	texts, _ := customerMessages(t, load(t, memory))
	assert.Len(t, texts, 40, "the log has all of it")
}

// Where nothing is known of the window, the host's refusal tells.
func TestAWindowThatIsNotKnown(t *testing.T) {
	memory := new(frontdesk.InMemory)
	provider := frontdesktest.NewProvider()
	agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory, Model: "of our own"})
	for i := range 6 {
		provider.Add(frontdesktest.Say("Yes."))
		play(t, agent, say(fmt.Sprintf("message %d ", i)+strings.Repeat("lamp ", 200)), false)
	}
	tooLong := &frontdesk.HostError{Status: 400, Message: "This model's maximum context length is 1024 tokens."}
	require.ErrorIs(t, tooLong, frontdesk.ErrContextWindow)
	provider.Add(frontdesktest.Fail(tooLong), frontdesktest.Say("Go on."))
	reply := play(t, agent, say("And?"), false)
	assert.Equal(t, "Go on.", reply.Text)
	messages := sent(t, provider, 7)
	assert.Equal(t, "user: And?", messages[len(messages)-1])
	assert.Less(t, len(messages), 12)

	provider.Add(frontdesktest.Fail(tooLong), frontdesktest.Fail(tooLong), frontdesktest.Fail(tooLong), frontdesktest.Fail(tooLong), frontdesktest.Fail(tooLong))
	_, err := agent.Reply(t.Context(), say("Still there?"))
	require.ErrorIs(t, err, frontdesk.ErrContextWindow)
}
