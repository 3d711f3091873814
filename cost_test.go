package frontdesk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// reporting is an answer for which the host reports so many tokens.
func reporting(answer frontdesktest.Answer, prompt, completion int) frontdesktest.Answer {
	answer.Usage = frontdesk.Usage{PromptTokens: prompt, CompletionTokens: completion}
	return answer
}

// perToken are easy to reckon with: a prompt token is a millionth.
var perToken = frontdesk.Prices{PromptPerMillion: 1, CompletionPerMillion: 10}

func costOf(t *testing.T, prices frontdesk.Prices, entries []frontdesk.Entry, request frontdesk.Request) frontdesk.Cost {
	t.Helper()
	cost, err := prices.Cost(entries, request)
	require.NoError(t, err)
	return cost
}

func TestCostOfReportedUsage(t *testing.T) {
	memory := new(frontdesk.InMemory)
	agent := newAgent(t, frontdesk.Config{
		Memory: memory,
		Provider: frontdesktest.NewProvider(
			reporting(frontdesktest.Call("look", `{}`), 1000, 20),
			reporting(frontdesktest.Say("It is there."), 1100, 10),
			reporting(frontdesktest.Say("You are welcome."), 1200, 5),
		),
		Tools: []frontdesk.Tool{text("look", func() string { return "seen" })},
	})
	play(t, agent, say("Look"), false)
	play(t, agent, say("Thanks"), false)
	entries := load(t, memory)

	want := frontdesk.Cost{
		Requests:     3,
		Usage:        frontdesk.Usage{PromptTokens: 3300, CompletionTokens: 35},
		CachedTokens: 2100,
		Answers:      3,
	}
	tests := []struct {
		name   string
		prices frontdesk.Prices
		amount float64
	}{
		{"nothing", frontdesk.Prices{}, 0},
		{"flat", frontdesk.Prices{PerRequest: 0.01}, 0.03},
		{"by token", perToken, (3300 + 350) / 1e6},
		{"by token, with a discount", frontdesk.Prices{PromptPerMillion: 1, CompletionPerMillion: 10, CachedPerMillion: 0.1}, (1200 + 210 + 350) / 1e6},
		{"both", frontdesk.Prices{PerRequest: 0.01, PromptPerMillion: 1, CompletionPerMillion: 10}, 0.03 + 3650/1e6},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			// What goes with each request does not matter where usage is known.
			cost := costOf(t, test.prices, entries, frontdesk.Request{Instructions: strings.Repeat("Be kind. ", 1000)})
			assert.InDelta(t, test.amount, cost.Amount, 1e-12)
			cost.Amount = 0
			assert.Equal(t, want, cost)
		})
	}
}

func TestCostCountsFailedAttemptsAsRequestsOnly(t *testing.T) {
	host := newHost(t, inOrder(answerBusy, answerBusy,
		answerJSON(`{"choices":[{"message":{"content":"Hello!"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":3}}`)))
	memory := new(frontdesk.InMemory)
	agent := newAgent(t, frontdesk.Config{Memory: memory, Provider: host.patient()})
	play(t, agent, say("Hello?"), false)
	cost := costOf(t, frontdesk.Prices{PerRequest: 1}, load(t, memory), frontdesk.Request{})
	assert.Equal(t, frontdesk.Cost{Requests: 3, Answers: 1, Usage: frontdesk.Usage{PromptTokens: 100, CompletionTokens: 3}, Amount: 3}, cost)
}

func TestCostOfAnotherModelHasNothingCached(t *testing.T) {
	memory := new(frontdesk.InMemory)
	models := []string{"a", "b", "a"}
	provider := frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
		model := models[0]
		models = models[1:]
		return &frontdesk.Response{Message: frontdesk.Message{Text: "Hello!"}, Model: model, Usage: frontdesk.Usage{PromptTokens: 100 * (3 - len(models))}}, nil
	})
	agent := newAgent(t, frontdesk.Config{Memory: memory, Provider: provider})
	for range 3 {
		play(t, agent, say("Hello?"), false)
	}
	assert.Equal(t, 100, costOf(t, perToken, load(t, memory), frontdesk.Request{}).CachedTokens)
}

// The estimate must see each prompt as the model saw it: a provider that counts
// the characters it is sent is the measure.
func TestCostEstimatesWhatIsNotReported(t *testing.T) {
	memory := new(frontdesk.InMemory)
	words := strings.Repeat("The parcel was handed over to the carrier this morning. ", 40)
	var prompts []int
	script := frontdesktest.NewProvider(
		frontdesktest.Call("look", `{}`), frontdesktest.Say("It is on its way to you."), frontdesktest.Say(""), frontdesktest.Say("You are welcome."))
	agent := newAgent(t, frontdesk.Config{
		Memory:       memory,
		Instructions: words,
		Tools:        []frontdesk.Tool{text("look", func() string { return words })},
		Provider: frontdesk.ProviderFunc(func(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
			length := len(request.Instructions)
			for _, message := range request.Messages {
				length += len(message.Text)
			}
			prompts = append(prompts, length)
			return script.Generate(ctx, request, stream)
		}),
	})
	play(t, agent, say("Where is it?"), false)
	play(t, agent, say("Thanks"), false)
	require.Len(t, prompts, 4)

	entries := load(t, memory)
	all := 0
	for _, length := range prompts {
		all += length
	}
	with := costOf(t, perToken, entries, frontdesk.Request{Instructions: words})
	assert.Equal(t, 4, with.Estimated)
	assert.Equal(t, 4, with.Answers)
	assert.Equal(t, 4, with.Requests)
	assert.InEpsilon(t, float64(all)/5, with.Usage.PromptTokens, 0.25, "English takes about five characters a token")
	assert.InDelta(t, 45, with.Usage.CompletionTokens, 25)
	assert.InDelta(t, float64(with.Usage.PromptTokens+10*with.Usage.CompletionTokens)/1e6, with.Amount, 1e-12)
	assert.Less(t, with.CachedTokens, with.Usage.PromptTokens)

	without := costOf(t, perToken, entries, frontdesk.Request{})
	more := with.Usage.PromptTokens - without.Usage.PromptTokens
	assert.InEpsilon(t, 4*len(words)/5, more, 0.25, "the instructions go with each request")
	assert.Equal(t, with.Usage.CompletionTokens, without.Usage.CompletionTokens)

	tooled := costOf(t, perToken, entries, frontdesk.Request{Tools: []frontdesk.ToolDefinition{{Name: "look", Description: words, Schema: json.RawMessage(`{}`)}}})
	assert.Greater(t, tooled.Usage.PromptTokens, without.Usage.PromptTokens+4*len(words)/8)
}

func TestCostMixesReportsAndEstimates(t *testing.T) {
	memory := new(frontdesk.InMemory)
	agent := newAgent(t, frontdesk.Config{
		Memory:   memory,
		Provider: frontdesktest.NewProvider(reporting(frontdesktest.Say("Hello!"), 5000, 100), frontdesktest.Say("Bye!")),
	})
	play(t, agent, say("Hello?"), false)
	play(t, agent, say("Bye"), false)
	cost := costOf(t, perToken, load(t, memory), frontdesk.Request{})
	assert.Equal(t, 2, cost.Answers)
	assert.Equal(t, 1, cost.Estimated)
	assert.Greater(t, cost.Usage.PromptTokens, 5000)
	assert.Less(t, cost.Usage.PromptTokens, 5100)
	assert.Equal(t, cost.Usage.PromptTokens-5000, cost.CachedTokens, "no more is cached than there is")
}

func TestCostOfWhatTookNoRequest(t *testing.T) {
	assert.Zero(t, costOf(t, perToken, nil, frontdesk.Request{Instructions: "Be kind."}))

	memory := new(frontdesk.InMemory)
	agent := newAgent(t, frontdesk.Config{
		Memory:    memory,
		Provider:  frontdesktest.NewProvider(reporting(frontdesktest.Say("Hello!"), 50, 3)),
		Retriever: shippingPages,
		Quota:     frontdesk.Quota{Plan: 1, AtLimit: frontdesk.QuoteAtLimit},
	})
	require.NoError(t, agent.Post(t.Context(), conversation, "", "How can I help?"))
	play(t, agent, say("Hello?"), false)
	play(t, agent, say("Do you ship to Chile?"), false)
	play(t, agent, say("Who are you?"), false)
	cost := costOf(t, frontdesk.Prices{PerRequest: 1}, load(t, memory), frontdesk.Request{})
	assert.Equal(t, frontdesk.Cost{Requests: 1, Answers: 1, Usage: frontdesk.Usage{PromptTokens: 50, CompletionTokens: 3}, Amount: 1}, cost,
		"a quoted passage and a handoff ask no model")
}

func TestCostOfALogThatCannotBeRead(t *testing.T) {
	_, err := perToken.Cost([]frontdesk.Entry{{Sequence: 1, Kind: "telepathy", Version: 1}}, frontdesk.Request{})
	assert.ErrorIs(t, err, frontdesk.ErrUnknownEntry)
	_, err = perToken.Cost([]frontdesk.Entry{{Sequence: 1, Kind: frontdesk.EntryAnswer, Version: 1, Data: json.RawMessage(`{`)}}, frontdesk.Request{})
	assert.ErrorContains(t, err, "entry 1")
}

// A flat price for each request is compared with prices for tokens, for a
// conversation that took place.
func ExamplePrices_Cost() {
	memory := new(frontdesk.InMemory)
	agent, err := frontdesk.New(frontdesk.Config{
		Memory: memory,
		Provider: frontdesktest.NewProvider(
			frontdesktest.Answer{Text: "It was delivered.", Usage: frontdesk.Usage{PromptTokens: 4200, CompletionTokens: 60}},
			frontdesktest.Answer{Text: "You are welcome.", Usage: frontdesk.Usage{PromptTokens: 4400, CompletionTokens: 20}},
		),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, text := range []string{"Where is my order?", "Thank you"} {
		if _, err := agent.Reply(context.Background(), frontdesk.Turn{Conversation: "c-81", Text: text}); err != nil {
			log.Fatal(err)
		}
	}

	entries, err := memory.Load(context.Background(), frontdesk.ConversationID{ID: "c-81"}, 0)
	if err != nil {
		log.Fatal(err)
	}
	cost, err := frontdesk.Prices{PromptPerMillion: 0.25, CompletionPerMillion: 0.9}.Cost(entries, frontdesk.Request{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d requests, %d tokens read, %d written: %.6f\n",
		cost.Requests, cost.Usage.PromptTokens, cost.Usage.CompletionTokens, cost.Amount)
	fmt.Printf("a flat price is cheaper below %.6f a request\n", cost.Amount/float64(cost.Requests))
	// Output:
	// 2 requests, 8600 tokens read, 80 written: 0.002222
	// a flat price is cheaper below 0.001111 a request
}
