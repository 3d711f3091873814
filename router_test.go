package frontdesk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

func ExampleRouter() {
	// The first model's quota is used up, so the second one answers.
	host := frontdesktest.NewServer(
		frontdesktest.Answer{Status: 403, Text: `{"error":{"message":"daily limit reached"}}`},
		frontdesktest.Say("Your order is on its way."),
	)
	defer host.Close()

	agent, err := frontdesk.New(frontdesk.Config{
		Provider: &frontdesk.Router{
			Provider: host.Provider(),
			Models:   []string{"llama-3.3-70b", "deepseek-v3.2", "kimi-k2.6"},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	reply, err := agent.Reply(context.Background(), frontdesk.Turn{Conversation: "c-1", Text: "Where is my order?"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(reply.Text)
	fmt.Println(reply.Model, "after", reply.Requests, "requests")
	// Output:
	// Your order is on its way.
	// deepseek-v3.2 after 2 requests
}

func ExampleRouter_choose() {
	router := &frontdesk.Router{
		Provider: frontdesktest.NewProvider(frontdesktest.Say("Policy 4 applies, since ...")),
		Choose: func(needs frontdesk.Needs) []string {
			if needs.Tokens > 30_000 {
				return []string{"deepseek-v4-flash"}
			}
			return []string{"deepseek-r1-671b", "deepseek-v4-flash"}
		},
	}
	answer, err := router.Generate(context.Background(), &frontdesk.Request{
		Messages:  []frontdesk.Message{{Role: frontdesk.RoleUser, Text: "Which policy applies?"}},
		MaxTokens: 1000,
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.Model)
	// Output: deepseek-r1-671b
}

// models is a provider with an outcome for each model. It keeps what was asked.
type models struct {
	outcome map[string]func(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error)

	mu       sync.Mutex
	asked    []string
	requests []*frontdesk.Request
}

func (m *models) Generate(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
	m.mu.Lock()
	m.asked = append(m.asked, request.Model)
	m.requests = append(m.requests, request)
	outcome := m.outcome[request.Model]
	m.mu.Unlock()
	if outcome == nil {
		return &frontdesk.Response{Message: frontdesk.Message{Role: frontdesk.RoleAssistant, Text: "from " + request.Model}}, nil
	}
	return outcome(ctx, request, stream)
}

// fail makes a model fail.
func (m *models) fail(model string, err error) *models {
	return m.do(model, func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
		return nil, err
	})
}

func (m *models) do(model string, outcome func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error)) *models {
	if m.outcome == nil {
		m.outcome = make(map[string]func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error))
	}
	m.outcome[model] = outcome
	return m
}

func says(text string) []frontdesk.Message {
	return []frontdesk.Message{{Role: frontdesk.RoleUser, Text: text}}
}

// allFail returns the order in which a router asks models, by having each fail.
func allFail(t *testing.T, router *frontdesk.Router, request *frontdesk.Request) []string {
	t.Helper()
	var asked []string
	router.Provider = frontdesk.ProviderFunc(func(_ context.Context, request *frontdesk.Request, _ func(frontdesk.Delta)) (*frontdesk.Response, error) {
		asked = append(asked, request.Model)
		return nil, frontdesk.ErrContextWindow // the one failure that is not remembered
	})
	_, err := router.Generate(t.Context(), request, nil)
	require.Error(t, err)
	return asked
}

func TestRouterOrdersModels(t *testing.T) {
	const (
		llama = "llama-3.3-70b"
		qwen  = "qwen-3-32b"
		r1    = "deepseek-r1-671b"
		v32   = "deepseek-v3.2"
		v4    = "deepseek-v4-flash"
		kimi  = "kimi-k2.6"
	)
	image := frontdesk.Message{Role: frontdesk.RoleUser, Text: "What is broken here?", Images: []frontdesk.Image{{URL: "https://shop.example/lamp.png"}}}
	tools := []frontdesk.ToolDefinition{{Name: "get_order_status", Schema: []byte(`{"type":"object"}`)}}
	long := strings.Repeat("The lamp arrived with a crack in its shade. ", 6_000) // about 60,000 tokens

	tests := []struct {
		name    string
		router  *frontdesk.Router
		request frontdesk.Request
		want    []string
	}{
		{"the caller's order", &frontdesk.Router{Models: []string{v32, llama, qwen}},
			frontdesk.Request{Messages: says("Hello there")}, []string{v32, llama, qwen}},
		{"no models: the request's, then all", &frontdesk.Router{},
			frontdesk.Request{Model: v4, Messages: says("Hello there")}, []string{v4, llama, qwen, v32, kimi, r1}},
		{"no models: the request's in another spelling", &frontdesk.Router{},
			frontdesk.Request{Model: "Qwen/Qwen3-32B", Messages: says("Hello there")}, []string{"Qwen/Qwen3-32B", llama, v32, kimi, v4, r1}},
		{"nothing at all: the defaults", &frontdesk.Router{},
			frontdesk.Request{Messages: says("Hello there")}, []string{llama, qwen, v32, kimi, v4, r1}},
		{"an empty name is the request's model", &frontdesk.Router{Models: []string{"", kimi}},
			frontdesk.Request{Model: v32, Messages: says("Hello there")}, []string{v32, kimi}},
		{"an empty name without one is the default", &frontdesk.Router{Models: []string{"", kimi}},
			frontdesk.Request{Messages: says("Hello there")}, []string{llama, kimi}},
		{"the request's model is ignored otherwise", &frontdesk.Router{Models: []string{kimi}},
			frontdesk.Request{Model: llama, Messages: says("Hello there")}, []string{kimi}},
		{"a model that is named twice", &frontdesk.Router{Models: []string{kimi, llama, kimi}},
			frontdesk.Request{Messages: says("Hello there")}, []string{kimi, llama}},

		{"images need vision", &frontdesk.Router{Models: []string{llama, v4, kimi}},
			frontdesk.Request{Messages: []frontdesk.Message{image}}, []string{kimi}},
		{"images earlier in the transcript too", &frontdesk.Router{Models: []string{llama, kimi}},
			frontdesk.Request{Messages: []frontdesk.Message{image, {Role: frontdesk.RoleAssistant, Text: "The shade."}, says("And now?")[0]}}, []string{kimi}},
		{"a model of which nothing is known may see", &frontdesk.Router{Models: []string{llama, "acme-vision"}},
			frontdesk.Request{Messages: []frontdesk.Message{image}}, []string{"acme-vision"}},
		{"a model that is known to see", &frontdesk.Router{Models: []string{llama}, Known: []frontdesk.Model{{ID: llama, Vision: true}}},
			frontdesk.Request{Messages: []frontdesk.Message{image}}, []string{llama}},

		{"a long prompt needs a window", &frontdesk.Router{Models: []string{qwen, llama, v4}},
			frontdesk.Request{Messages: says(long)}, []string{llama, v4}},
		{"a long answer counts", &frontdesk.Router{Models: []string{llama, v4}},
			frontdesk.Request{Messages: says(long), MaxTokens: 100_000}, []string{v4}},
		{"what may just fit comes last", &frontdesk.Router{Models: []string{r1, llama}},
			frontdesk.Request{Messages: says(long), MaxTokens: 15_000}, []string{llama, r1}},
		{"instructions and tools count", &frontdesk.Router{Models: []string{qwen, llama}},
			frontdesk.Request{Instructions: long, Messages: says("Hello there")}, []string{llama}},
		{"a window that differs here", &frontdesk.Router{Models: []string{llama, v4}, Known: []frontdesk.Model{{ID: llama, Context: 8_192}}},
			frontdesk.Request{Messages: says(long)}, []string{v4}},
		{"an embedding model never answers", &frontdesk.Router{Models: []string{"bge-large", llama}},
			frontdesk.Request{Messages: says("Hello there")}, []string{llama}},

		{"Japanese prefers multilingual models", &frontdesk.Router{Models: []string{llama, qwen, kimi}},
			frontdesk.Request{Messages: says("注文 ORD-9281 の返金はいつですか")}, []string{qwen, kimi, llama}},
		{"Russian too", &frontdesk.Router{Models: []string{llama, qwen}},
			frontdesk.Request{Messages: says("Где мой заказ ORD-9281?")}, []string{qwen, llama}},
		{"German does not", &frontdesk.Router{Models: []string{llama, qwen}},
			frontdesk.Request{Messages: says("Wo ist meine Bestellung?")}, []string{llama, qwen}},
		{"one foreign word does not", &frontdesk.Router{Models: []string{llama, qwen}},
			frontdesk.Request{Messages: says("What does 返品 mean on the parcel's label?")}, []string{llama, qwen}},
		{"a short answer leaves the language as it was", &frontdesk.Router{Models: []string{llama, qwen}},
			frontdesk.Request{Messages: []frontdesk.Message{says("返金はいつですか、教えてください")[0], {Role: frontdesk.RoleAssistant, Text: "Which order, please?"}, says("ORD-9281")[0]}}, []string{qwen, llama}},
		{"a change of language is followed", &frontdesk.Router{Models: []string{llama, qwen}},
			frontdesk.Request{Messages: []frontdesk.Message{says("返金はいつですか、教えてください")[0], {Role: frontdesk.RoleAssistant, Text: "?"}, says("Sorry, can we go on in English?")[0]}}, []string{llama, qwen}},
		{"passages are not the customer's words", &frontdesk.Router{Models: []string{llama, qwen}},
			frontdesk.Request{Messages: says("<passages>\n[1] Returns are possible within 30 days of delivery.\n</passages>\n\n返金?")}, []string{qwen, llama}},
		{"a request without a customer", &frontdesk.Router{Models: []string{llama, qwen}},
			frontdesk.Request{}, []string{llama, qwen}},

		{"tools prefer models that call them", &frontdesk.Router{Models: []string{r1, llama}},
			frontdesk.Request{Messages: says("Hello there"), Tools: tools}, []string{llama, r1}},
		{"no tools, no preference", &frontdesk.Router{Models: []string{r1, llama}},
			frontdesk.Request{Messages: says("Hello there")}, []string{r1, llama}},
		{"reasoning, if preferred", &frontdesk.Router{Models: []string{llama, v32, r1}, PreferReasoning: true},
			frontdesk.Request{Messages: says("Hello there")}, []string{r1, llama, v32}},
		{"tools before reasoning before language", &frontdesk.Router{Models: []string{llama, r1, v32, v4}, PreferReasoning: true},
			frontdesk.Request{Messages: says("Где мой заказ?"), Tools: tools}, []string{v4, v32, llama, r1}},
		{"an unknown model keeps its place", &frontdesk.Router{Models: []string{"acme-7b", qwen, llama}},
			frontdesk.Request{Messages: says("Где мой заказ?"), Tools: tools}, []string{"acme-7b", qwen, llama}},

		{"the caller chooses", &frontdesk.Router{Models: []string{llama}, Choose: func(needs frontdesk.Needs) []string { return []string{needs.Model, "x"} }},
			frontdesk.Request{Model: "y", Messages: []frontdesk.Message{image}}, []string{"y", "x"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, allFail(t, test.router, &test.request))
		})
	}
}

func TestRouterTellsNeeds(t *testing.T) {
	var needs frontdesk.Needs
	router := &frontdesk.Router{Provider: new(models), Choose: func(n frontdesk.Needs) []string {
		needs = n
		return []string{"m"}
	}}
	request := &frontdesk.Request{
		Model:        "asked-for",
		Instructions: "You are a helpful customer support agent.",
		Messages: []frontdesk.Message{
			{Role: frontdesk.RoleUser, Text: "Где мой заказ ORD-9281?", Images: make([]frontdesk.Image, 2)},
			{Role: frontdesk.RoleAssistant, Calls: []frontdesk.ToolCall{{ID: "c", Name: "get_order_status", Arguments: `{"order_id":"ORD-9281"}`}}},
			{Role: frontdesk.RoleTool, CallID: "c", Text: `{"status":"delivered"}`},
		},
		Tools:     []frontdesk.ToolDefinition{{Name: "get_order_status", Description: "Status of an order", Schema: []byte(`{"type":"object"}`)}},
		MaxTokens: 700,
	}
	_, err := router.Generate(t.Context(), request, nil)
	require.NoError(t, err)
	assert.Equal(t, "asked-for", needs.Model)
	assert.Equal(t, 700, needs.MaxTokens)
	assert.Equal(t, 2, needs.Images)
	assert.True(t, needs.Tools)
	assert.True(t, needs.NonLatin)
	assert.InDelta(t, 2*2645+150, needs.Tokens, 60)

	whole := needs.Tokens
	request.Messages[1].Reasoning = strings.Repeat("The customer wants to know where the order is. ", 10)
	_, err = router.Generate(t.Context(), request, nil)
	require.NoError(t, err)
	assert.InDelta(t, whole+100, needs.Tokens, 20, "thoughts go back with calls")
	request.Messages[0].Reasoning = request.Messages[1].Reasoning
	thinking := needs.Tokens
	_, err = router.Generate(t.Context(), request, nil)
	require.NoError(t, err)
	assert.Equal(t, thinking, needs.Tokens, "and not without")
}

func TestRouterFallsBack(t *testing.T) {
	tests := []struct {
		name string
		err  error
		next bool
	}{
		{"quota", frontdesk.ErrQuota, true},
		{"rate limit", frontdesk.ErrRateLimited, true},
		{"overload", frontdesk.ErrOverloaded, true},
		{"window", frontdesk.ErrContextWindow, true},
		{"wrapped", fmt.Errorf("host: %w", frontdesk.ErrOverloaded), true},
		{"403 of a host", &frontdesk.HostError{Status: 403, Message: "this model needs the Pro plan"}, true},
		{"503 of a host", &frontdesk.HostError{Status: 503}, true},
		{"a wrong key", frontdesk.ErrAuth, false},
		{"a cut answer", frontdesk.ErrTruncated, false},
		{"a request nobody understands", &frontdesk.HostError{Status: 400, Message: "bad schema"}, false},
		{"anything else", io.ErrUnexpectedEOF, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			provider := new(models).fail("a", test.err)
			router := &frontdesk.Router{Provider: provider, Models: []string{"a", "b"}}
			response, err := router.Generate(t.Context(), &frontdesk.Request{Messages: says("Hello")}, nil)
			if !test.next {
				assert.Nil(t, response)
				require.ErrorIs(t, err, test.err)
				assert.ErrorContains(t, err, "model a: ")
				assert.Equal(t, []string{"a"}, provider.asked)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "from b", response.Message.Text)
			assert.Equal(t, "b", response.Model)
			assert.Equal(t, 2, response.Requests)
			assert.Equal(t, []string{"a", "b"}, provider.asked)
		})
	}
}

func TestRouterJoinsWhatAllModelsSaid(t *testing.T) {
	broken := errors.New("broken")
	provider := new(models).fail("a", frontdesk.ErrQuota).fail("b", frontdesk.ErrOverloaded).fail("c", broken)
	router := &frontdesk.Router{Provider: provider, Models: []string{"a", "b", "c", "d"}}
	response, err := router.Generate(t.Context(), &frontdesk.Request{Messages: says("Hello")}, nil)
	assert.Nil(t, response)
	for _, want := range []error{frontdesk.ErrQuota, frontdesk.ErrOverloaded, broken} {
		assert.ErrorIs(t, err, want)
	}
	assert.NotContains(t, err.Error(), "\n")
	for _, model := range []string{"model a: ", "; model b: ", "; model c: broken"} {
		assert.ErrorContains(t, err, model)
	}
	assert.Equal(t, []string{"a", "b", "c"}, provider.asked)
}

func TestRouterRefusesWhatMustFail(t *testing.T) {
	long := says(strings.Repeat("The lamp arrived with a crack in its shade. ", 20_000))
	image := []frontdesk.Message{{Role: frontdesk.RoleUser, Images: make([]frontdesk.Image, 1)}}
	tests := []struct {
		name     string
		router   frontdesk.Router
		messages []frontdesk.Message
		window   bool
		says     []string
	}{
		{"too long for all", frontdesk.Router{Models: []string{"llama-3.3-70b", "qwen-3-32b"}}, long, true,
			[]string{"no model takes the request", "llama-3.3-70b reads 131072 tokens", "qwen-3-32b reads 32768", "the answer up to 900"}},
		{"an image for the blind", frontdesk.Router{Models: []string{"llama-3.3-70b"}}, image, false,
			[]string{"llama-3.3-70b reads no images", "kimi-k2.6"}},
		{"both", frontdesk.Router{Models: []string{"llama-3.3-70b", "kimi-k2.6"}}, append(image[:1:1], long...), true,
			[]string{"kimi-k2.6 reads 131072 tokens"}},
		{"an embedding model", frontdesk.Router{Models: []string{"e5-large"}}, says("Hello"), false,
			[]string{"e5-large embeds texts"}},
		{"the caller names none", frontdesk.Router{Choose: func(frontdesk.Needs) []string { return nil }}, says("Hello"), false,
			[]string{"Router.Choose named none"}},
	}
	for i := range tests {
		test := &tests[i]
		t.Run(test.name, func(t *testing.T) {
			provider := new(models)
			test.router.Provider = provider
			response, err := test.router.Generate(t.Context(), &frontdesk.Request{Messages: test.messages, MaxTokens: 900}, nil)
			assert.Nil(t, response)
			require.Error(t, err)
			assert.Equal(t, test.window, errors.Is(err, frontdesk.ErrContextWindow))
			for _, words := range test.says {
				assert.ErrorContains(t, err, words)
			}
			assert.Empty(t, provider.asked, "no request must be spent")
		})
	}
}

func TestRouterTakesBackWhatAFailedModelSaid(t *testing.T) {
	half := func(text string, err error) func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
		return func(_ context.Context, _ *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
			if text != "" {
				stream(frontdesk.Delta{Text: text})
			}
			if err != nil {
				return nil, err
			}
			return &frontdesk.Response{Message: frontdesk.Message{Text: text}}, nil
		}
	}
	tests := []struct {
		name  string
		first string
		want  []frontdesk.Delta
	}{
		{"text was shown", "Your ord", []frontdesk.Delta{{Text: "Your ord"}, {Reset: true}, {Text: "Hello!"}}},
		{"nothing was shown", "", []frontdesk.Delta{{Text: "Hello!"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			provider := new(models).
				do("a", half(test.first, frontdesk.ErrOverloaded)).
				do("b", half("", frontdesk.ErrOverloaded)).
				do("c", half("Hello!", nil))
			router := &frontdesk.Router{Provider: provider, Models: []string{"a", "b", "c"}}
			var deltas []frontdesk.Delta
			response, err := router.Generate(t.Context(), &frontdesk.Request{Messages: says("Hello")}, func(d frontdesk.Delta) {
				deltas = append(deltas, d)
			})
			require.NoError(t, err)
			assert.Equal(t, "Hello!", response.Message.Text)
			assert.Equal(t, test.want, deltas)
		})
	}

	t.Run("the provider took it back itself", func(t *testing.T) {
		provider := new(models).do("a", func(_ context.Context, _ *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
			stream(frontdesk.Delta{Reasoning: "Hm"})
			stream(frontdesk.Delta{Reset: true})
			return nil, frontdesk.ErrOverloaded
		})
		router := &frontdesk.Router{Provider: provider, Models: []string{"a", "b"}}
		var deltas []frontdesk.Delta
		_, err := router.Generate(t.Context(), &frontdesk.Request{Messages: says("Hello")}, func(d frontdesk.Delta) {
			deltas = append(deltas, d)
		})
		require.NoError(t, err)
		assert.Equal(t, []frontdesk.Delta{{Reasoning: "Hm"}, {Reset: true}}, deltas)
	})
}

func TestRouterStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	provider := new(models).do("a", func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
		cancel()
		return nil, fmt.Errorf("%w: %w", frontdesk.ErrOverloaded, ctx.Err())
	})
	router := &frontdesk.Router{Provider: provider, Models: []string{"a", "b"}}
	_, err := router.Generate(ctx, &frontdesk.Request{Messages: says("Hello")}, nil)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, []string{"a"}, provider.asked)
}

func TestRouterLeavesRequestAndResponseAlone(t *testing.T) {
	kept := &frontdesk.Response{Requests: 3, Model: "b-2026"}
	provider := new(models).fail("a", frontdesk.ErrQuota).do("b", func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
		return kept, nil
	})
	router := &frontdesk.Router{Provider: provider, Models: []string{"a", "b"}}
	request := &frontdesk.Request{Model: "mine", Messages: says("Hello"), Temperature: 0.3, MaxTokens: 5}
	response, err := router.Generate(t.Context(), request, nil)
	require.NoError(t, err)
	assert.Equal(t, "mine", request.Model)
	assert.Equal(t, &frontdesk.Response{Requests: 3, Model: "b-2026"}, kept)
	assert.Equal(t, 4, response.Requests)
	assert.Equal(t, "b-2026", response.Model)
	for _, sent := range provider.requests {
		assert.Equal(t, request.Messages, sent.Messages)
		assert.Equal(t, request.Temperature, sent.Temperature)
		assert.Equal(t, request.MaxTokens, sent.MaxTokens)
	}
}

func TestRouterRefusesAnEmptyResponse(t *testing.T) {
	provider := new(models).do("a", func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
		return nil, nil
	})
	_, err := (&frontdesk.Router{Provider: provider, Models: []string{"a"}}).Generate(t.Context(), &frontdesk.Request{}, nil)
	assert.ErrorContains(t, err, "model a: the provider returned no response")
}

func TestRouterLearnsFromUsage(t *testing.T) {
	request := &frontdesk.Request{Messages: says(strings.Repeat("The lamp arrived with a crack in its shade. ", 2_000))}
	var estimate int
	probe := &frontdesk.Router{Provider: new(models), Choose: func(n frontdesk.Needs) []string {
		estimate = n.Tokens
		return []string{"x"}
	}}
	_, err := probe.Generate(t.Context(), request, nil)
	require.NoError(t, err)

	reporting := func(usage int) *models {
		return new(models).do("dense", func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
			return &frontdesk.Response{Usage: frontdesk.Usage{PromptTokens: usage}}, nil
		})
	}
	tests := []struct {
		name  string
		usage int
		image bool
		want  string
	}{
		{"a dense tokenizer", 2 * estimate, false, "wide"},
		{"the estimate was right", estimate, false, "dense"},
		{"no report", 0, false, "dense"},
		{"nonsense", 1 << 40, false, "dense"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			provider := reporting(test.usage)
			router := &frontdesk.Router{
				Provider: provider,
				Models:   []string{"dense", "wide"},
				Known:    []frontdesk.Model{{ID: "dense", Context: estimate * 5 / 4}, {ID: "wide", Context: 10 * estimate}},
			}
			for range 20 {
				_, err := router.Generate(t.Context(), request, nil)
				require.NoError(t, err)
			}
			assert.Equal(t, "dense", provider.asked[0])
			assert.Equal(t, test.want, provider.asked[19])
		})
	}

	t.Run("images teach nothing", func(t *testing.T) {
		provider := reporting(2 * estimate)
		router := &frontdesk.Router{Provider: provider, Models: []string{"dense", "wide"},
			Known: []frontdesk.Model{{ID: "dense", Context: estimate * 5 / 4}, {ID: "wide", Context: 10 * estimate}}}
		seen := *request
		seen.Messages = slices.Clone(request.Messages)
		seen.Messages[0].Images = make([]frontdesk.Image, 1)
		for range 20 {
			_, err := router.Generate(t.Context(), &seen, nil)
			require.NoError(t, err)
		}
		assert.Equal(t, "dense", provider.asked[19])
	})
}

func TestRouterLetsAFailedModelRest(t *testing.T) {
	tests := []struct {
		name string
		err  error
		rest time.Duration // 0: none
	}{
		{"quota", frontdesk.ErrQuota, 10 * time.Minute},
		{"overload", frontdesk.ErrOverloaded, 30 * time.Second},
		{"rate limit", frontdesk.ErrRateLimited, 30 * time.Second},
		{"as the host says", &frontdesk.HostError{Status: 403, RetryAfter: time.Hour}, time.Hour},
		{"window", frontdesk.ErrContextWindow, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				provider := new(models).fail("a", test.err)
				router := &frontdesk.Router{Provider: provider, Models: []string{"a", "b"}}
				ask := func() []string {
					provider.asked = nil
					_, err := router.Generate(t.Context(), &frontdesk.Request{Messages: says("Hello")}, nil)
					require.NoError(t, err)
					return provider.asked
				}
				assert.Equal(t, []string{"a", "b"}, ask())
				if test.rest == 0 {
					assert.Equal(t, []string{"a", "b"}, ask())
					return
				}
				assert.Equal(t, []string{"b"}, ask(), "while it rests")
				provider.fail("b", frontdesk.ErrAuth)
				time.Sleep(test.rest - time.Second)
				_, err := router.Generate(t.Context(), &frontdesk.Request{Messages: says("Hello")}, nil)
				require.ErrorIs(t, err, frontdesk.ErrAuth, "it still rests")
				time.Sleep(2 * time.Second)
				delete(provider.outcome, "b")
				delete(provider.outcome, "a")
				assert.Equal(t, []string{"a"}, ask(), "after its rest")
			})
		})
	}

	t.Run("it is asked all the same if no other can", func(t *testing.T) {
		provider := new(models).fail("a", frontdesk.ErrOverloaded)
		router := &frontdesk.Router{Provider: provider, Models: []string{"a"}}
		_, err := router.Generate(t.Context(), &frontdesk.Request{Messages: says("Hello")}, nil)
		require.ErrorIs(t, err, frontdesk.ErrOverloaded)
		delete(provider.outcome, "a")
		_, err = router.Generate(t.Context(), &frontdesk.Request{Messages: says("Hello")}, nil)
		assert.NoError(t, err)
	})
}

// TestRouterAsksNoModelWhoseQuotaIsUsedUp is about turns that come after all
// quotas are used up: a request to find out the same again is wasted.
func TestRouterAsksNoModelWhoseQuotaIsUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := new(models).
			fail("a", &frontdesk.HostError{Status: 403, Message: "daily limit", RetryAfter: time.Hour}).
			fail("b", &frontdesk.HostError{Status: 429, Message: "quota", RetryAfter: 2 * time.Hour})
		router := &frontdesk.Router{Provider: provider, Models: []string{"a", "b"}}
		ask := func() error {
			provider.asked = nil
			_, err := router.Generate(t.Context(), &frontdesk.Request{Messages: says("Hello")}, nil)
			return err
		}
		require.ErrorIs(t, ask(), frontdesk.ErrQuota)
		assert.Equal(t, []string{"a", "b"}, provider.asked)

		time.Sleep(20 * time.Minute)
		err := ask()
		require.ErrorIs(t, err, frontdesk.ErrQuota)
		assert.Empty(t, provider.asked)
		var host *frontdesk.HostError
		require.ErrorAs(t, err, &host)
		assert.Equal(t, 40*time.Minute, host.RetryAfter, "what is left of the wait")
		assert.ErrorContains(t, err, "model a")
		assert.ErrorContains(t, err, "model b")

		time.Sleep(40 * time.Minute)
		delete(provider.outcome, "a")
		require.NoError(t, ask())
		assert.Equal(t, []string{"a"}, provider.asked)
	})
	t.Run("nor counts a request for it", func(t *testing.T) {
		host := newHost(t, answer(403, "application/json", `{"error":{"message":"plan limit reached"}}`))
		ledger := new(bookkeeper)
		agent := newAgent(t, frontdesk.Config{
			Provider: &frontdesk.Router{Provider: host.patient(), Models: []string{"a", "b"}},
			Quota:    frontdesk.Quota{Ledger: ledger, Plan: 60},
		})
		for _, conversation := range []string{"c-1", "c-2", "c-3"} {
			_, err := agent.Reply(t.Context(), in(conversation, "ana"))
			require.ErrorIs(t, err, frontdesk.ErrQuota)
		}
		assert.Len(t, host.received(), 2)
		assert.Equal(t, 2, ledger.count())
	})
	t.Run("and Choose does not change that", func(t *testing.T) {
		provider := new(models).fail("a", frontdesk.ErrQuota)
		router := &frontdesk.Router{Provider: provider, Choose: func(frontdesk.Needs) []string { return []string{"a", "b"} }}
		for range 2 {
			_, err := router.Generate(t.Context(), &frontdesk.Request{Messages: says("Hello")}, nil)
			require.NoError(t, err)
		}
		assert.Equal(t, []string{"a", "b", "b"}, provider.asked)
	})
}

// On the wire, a failed model may have taken several requests.
func TestRouterCountsTheAttemptsOfFailedModels(t *testing.T) {
	server := frontdesktest.NewServer(
		frontdesktest.Answer{Status: 400, Text: `{"error":{"message":"temperature is not supported"}}`},
		frontdesktest.Answer{Status: 403, Text: `{"error":{"message":"plan limit reached"}}`},
		frontdesktest.Say("Hello!"),
	)
	defer server.Close()
	router := &frontdesk.Router{Provider: server.Provider(), Models: []string{"llama-3.3-70b", "kimi-k2.6"}}
	response, err := router.Generate(t.Context(), &frontdesk.Request{Messages: says("Hello"), MaxTokens: 100}, nil)
	require.NoError(t, err)
	assert.Equal(t, "Hello!", response.Message.Text)
	assert.Equal(t, 3, response.Requests)
	var asked []string
	for _, request := range server.Requests() {
		asked = append(asked, request.Model)
	}
	assert.Equal(t, []string{"llama-3.3-70b", "llama-3.3-70b", "kimi-k2.6"}, asked)
}

// An agent's transcript is measured piece by piece: that must come to the same.
func TestRouterMeasuresATranscriptThatGrows(t *testing.T) {
	var measured []int
	var fresh []int
	size := func(to *[]int) func(frontdesk.Needs) []string {
		return func(needs frontdesk.Needs) []string {
			*to = append(*to, needs.Tokens)
			return []string{"llama-3.3-70b"}
		}
	}
	again := &frontdesk.Router{Provider: new(models), Choose: size(&fresh)}
	shop := new(shop)
	script := frontdesktest.NewProvider()
	for range 4 {
		script.Add(
			frontdesktest.Call("get_order_status", `{"order_id":"ORD-9281"}`),
			frontdesktest.Say("It was delivered: "+strings.Repeat("see the note. ", 20)),
		)
	}
	agent, err := frontdesk.New(frontdesk.Config{
		Tools: shop.tools(),
		Provider: &frontdesk.Router{Choose: size(&measured), Provider: frontdesk.ProviderFunc(
			func(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
				_, err := again.Generate(ctx, &frontdesk.Request{
					Instructions: request.Instructions, Messages: slices.Clone(request.Messages), Tools: request.Tools,
				}, nil)
				if err != nil {
					return nil, err
				}
				return script.Generate(ctx, request, stream)
			})},
	})
	require.NoError(t, err)
	for i := range 4 {
		_, err := agent.Reply(t.Context(), frontdesk.Turn{Conversation: "c-81", Customer: frontdesk.Customer{ID: "cus_ana"}, Text: fmt.Sprint("Where is my order? ", i)})
		require.NoError(t, err)
	}
	assert.Len(t, measured, 8)
	assert.Equal(t, fresh, measured)
	assert.True(t, slices.IsSorted(measured))
}

func TestRouterIsSafeForConcurrentUse(t *testing.T) {
	provider := new(models).fail("a", frontdesk.ErrOverloaded)
	router := &frontdesk.Router{Provider: provider, Models: []string{"a", "llama-3.3-70b", "kimi-k2.6"}}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 50 {
				request := &frontdesk.Request{Messages: says(strings.Repeat("Где мой заказ? ", i+1)), MaxTokens: 100}
				response, err := router.Generate(context.Background(), request, func(frontdesk.Delta) {})
				if assert.NoError(t, err) {
					assert.Equal(t, "from kimi-k2.6", response.Message.Text)
				}
			}
		})
	}
	group.Wait()
}

func BenchmarkRouter(b *testing.B) {
	for _, length := range []int{10, 1000} {
		b.Run(fmt.Sprint(length, " messages"), func(b *testing.B) {
			messages := make([]frontdesk.Message, length)
			for i := range messages {
				messages[i] = frontdesk.Message{Role: frontdesk.RoleUser, Text: "I need a refund for order ORD-9281. It arrived damaged, and the box was open. Can you help me with that?"}
			}
			router := &frontdesk.Router{Models: []string{"llama-3.3-70b", "kimi-k2.6"}, Provider: frontdesk.ProviderFunc(
				func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
					return &frontdesk.Response{}, nil
				})}
			request := &frontdesk.Request{Messages: messages, MaxTokens: 1000}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := router.Generate(b.Context(), request, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
