package frontdesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// complaint is what the tests extract.
type complaint struct {
	OrderID string   `json:"order_id" jsonschema:"pattern=^ORD-[0-9]+$"`
	Mood    string   `json:"mood" jsonschema:"enum=calm,enum=angry"`
	Items   []string `json:"items"`
	Refund  int8     `json:"refund,omitempty"`
}

// aComplaint is the answer to complaintRequest, in full.
const aComplaint = `{"order_id":"ORD-9281","mood":"angry","items":["lamp"]}`

var wantedComplaint = complaint{OrderID: "ORD-9281", Mood: "angry", Items: []string{"lamp"}}

func complaintRequest() frontdesk.Request {
	return frontdesk.Request{
		Instructions: "Read the customer's complaint.",
		Messages:     []frontdesk.Message{{Role: frontdesk.RoleUser, Text: "My lamp of ORD-9281 is broken!"}},
	}
}

func TestExtractReadsWhatModelsAnswer(t *testing.T) {
	for name, text := range map[string]string{
		"plain":                  aComplaint,
		"with space":             "\n\n  " + aComplaint + "\n",
		"fenced":                 "```json\n" + aComplaint + "\n```",
		"fenced after prose":     "Here is the JSON:\n```json\n" + aComplaint + "\n```\nLet me know!",
		"prose with quotes":      "The \"complaint\" you asked for [as JSON]:\n" + aComplaint + "\nIts mood is \"angry\".",
		"a placeholder before":   "I fill {order_id} and {mood} as told: " + aComplaint,
		"a draft before":         "Draft: {\"order_id\": \"9281\"}. Better: " + aComplaint,
		"said twice":             aComplaint + "\nAs I said:\n" + aComplaint,
		"an array of one":        "[" + aComplaint + "]",
		"thoughts":               "<think>An order of {maybe} two lamps?</think>\n" + aComplaint,
		"thoughts not opened":    "They seem {angry}.\n</think>\n\n" + aComplaint,
		"as a string":            `"{\"order_id\":\"ORD-9281\",\"mood\":\"angry\",\"items\":[\"lamp\"]}"`,
		"broken syntax":          `{order_id: 'ORD-9281', "mood": "angry", "items": ["lamp",],}`,
		"last bracket missing":   strings.TrimSuffix(aComplaint, "}"),
		"types to coerce":        `{"order_id":"ORD-9281","mood":"Angry","items":"lamp","refund":null}`,
		"unknown fields":         `{"order_id":"ORD-9281","mood":"angry","items":["lamp"],"confidence":0.9,"note":{"a":1}}`,
		"braces in strings":      "Here:\n" + `{"order_id":"ORD-9281","mood":"angry","items":["lamp"],"note":"a } and \" and {"}` + "\nIs this \"right\"?",
		"broken syntax in prose": "The \"JSON\":\n{order_id: 'ORD-9281', mood: 'angry', items: ['lamp']}",
	} {
		t.Run(name, func(t *testing.T) {
			provider := frontdesktest.NewProvider(frontdesktest.Say(text))

			value, response, err := frontdesk.Extract[complaint](t.Context(), provider, complaintRequest())

			require.NoError(t, err)
			assert.Equal(t, wantedComplaint, value)
			assert.Equal(t, 1, response.Requests)
			assert.Equal(t, text, response.Message.Text)
			provider.AssertDone(t)
		})
	}
}

// JSON that is whole is not searched for thoughts.
func TestExtractKeepsTagsInStrings(t *testing.T) {
	provider := frontdesktest.NewProvider(frontdesktest.Say(`{"text":"<think> and </think> are tags"}`))

	value, _, err := frontdesk.Extract[struct {
		Text string `json:"text"`
	}](t.Context(), provider, complaintRequest())

	require.NoError(t, err)
	assert.Equal(t, "<think> and </think> are tags", value.Text)
}

func TestExtractSendsTheSchema(t *testing.T) {
	provider := frontdesktest.NewProvider(frontdesktest.Say(aComplaint), frontdesktest.Say(aComplaint))
	request := complaintRequest()
	request.Tools = []frontdesk.ToolDefinition{{Name: "cancel_order"}}

	_, _, err := frontdesk.Extract[complaint](t.Context(), provider, request)
	require.NoError(t, err)

	sent := provider.Requests()[0]
	assert.Equal(t, frontdesk.DefaultModel, sent.Model)
	assert.Equal(t, frontdesk.DefaultMaxTokens, sent.MaxTokens)
	assert.Empty(t, sent.Tools)
	assert.Equal(t, request.Messages, sent.Messages)
	var schema map[string]any
	require.NoError(t, json.Unmarshal(sent.Output, &schema))
	assert.Equal(t, []any{"order_id", "mood", "items"}, schema["required"])
	assert.True(t, strings.HasPrefix(sent.Instructions, "Read the customer's complaint.\n\n"), sent.Instructions)
	assert.Contains(t, sent.Instructions, "JSON Schema")
	assert.True(t, strings.HasSuffix(sent.Instructions, string(sent.Output)), sent.Instructions)

	request.Model, request.MaxTokens, request.Instructions = "qwen-3-32b", 99, ""
	_, _, err = frontdesk.Extract[complaint](t.Context(), provider, request)
	require.NoError(t, err)
	sent = provider.Requests()[1]
	assert.Equal(t, "qwen-3-32b", sent.Model)
	assert.Equal(t, 99, sent.MaxTokens)
	assert.True(t, strings.HasPrefix(sent.Instructions, "Answer with one JSON object"), sent.Instructions)
}

func TestExtractAsksOnceMore(t *testing.T) {
	for _, test := range []struct{ name, text, fault, echoed string }{
		{"pattern", `{"order_id":"9281","mood":"angry","items":[]}`, `order_id: `, ""},
		{"missing field", `{"order_id":"ORD-1","mood":"angry"}`, `items: required`, ""},
		{"two faults", `{"order_id":"ORD-1","mood":"sad"}`, `mood: must be one of`, ""},
		{"the schema", `{"type":"object","properties":{}}`, `mood: required`, ""},
		{"a type of Go", `{"order_id":"ORD-1","mood":"calm","items":["rug"],"refund":300}`, `300`, ""},
		{"prose", `I cannot help with "that".`, `not one JSON object: no JSON object`, ""},
		{"nothing", ``, `not one JSON object: the answer is empty`, "(no answer)"},
		{"null", `null`, `not one JSON object: the answer is empty`, ""},
		{"only thoughts", `<think>Hm.</think>`, `not one JSON object: the answer is empty`, "(no answer)"},
		{"an array", `[1]`, `not one JSON object: want a JSON object, got array`, ""},
		{"two that fit", aComplaint + ` or {"order_id":"ORD-1","mood":"calm","items":[]}`, `not one JSON object: found 2`, ""},
		{"two that do not", `{"order_id":"1"} or {"order_id":"2"}`, `not one JSON object: found 2`, ""},
		{"a draft before a cut", aComplaint + ` or "rather": {"order_id":"ORD-1",`, `not one JSON object: `, ""},
		{"thoughts and faults", `<think>Hm.</think>{"order_id":"ORD-1"}`, `mood: required`, `{"order_id":"ORD-1"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			first := frontdesktest.Say(test.text)
			first.Usage = frontdesk.Usage{PromptTokens: 10, CompletionTokens: 1}
			second := frontdesktest.Say(aComplaint)
			second.Usage = frontdesk.Usage{PromptTokens: 20, CompletionTokens: 2}
			provider := frontdesktest.NewProvider(first, second)
			request := complaintRequest()
			request.Messages = append(make([]frontdesk.Message, 0, 9), request.Messages...)

			value, response, err := frontdesk.Extract[complaint](t.Context(), provider, request)

			require.NoError(t, err)
			assert.Equal(t, wantedComplaint, value, "nothing of the first answer is left")
			assert.Equal(t, 2, response.Requests)
			assert.Equal(t, frontdesk.Usage{PromptTokens: 30, CompletionTokens: 3}, response.Usage)
			assert.Equal(t, aComplaint, response.Message.Text)
			provider.AssertDone(t)

			sent := provider.Requests()[1]
			require.Len(t, sent.Messages, 3)
			assert.Equal(t, request.Messages[0], sent.Messages[0])
			echoed := test.text
			if test.echoed != "" {
				echoed = test.echoed
			}
			assert.Equal(t, frontdesk.Message{Role: frontdesk.RoleAssistant, Text: echoed}, sent.Messages[1])
			assert.Equal(t, frontdesk.RoleUser, sent.Messages[2].Role)
			assert.Contains(t, sent.Messages[2].Text, "\n- ")
			assert.Contains(t, sent.Messages[2].Text, test.fault)
			assert.NotEmpty(t, sent.Output)
			assert.Equal(t, frontdesk.Message{}, request.Messages[:2][1], "the caller's slice is left alone")
		})
	}
}

// What the model thought goes back with its answer, as some models demand, and
// calls of tools that were never offered do not.
func TestExtractEchoesTheAnswer(t *testing.T) {
	answer := frontdesktest.Call("cancel_order", `{}`)
	answer.Text, answer.Reasoning = "{}", "They are angry."
	provider := frontdesktest.NewProvider(answer, frontdesktest.Say(aComplaint))

	_, _, err := frontdesk.Extract[complaint](t.Context(), provider, complaintRequest())

	require.NoError(t, err)
	assert.Equal(t, frontdesk.Message{Role: frontdesk.RoleAssistant, Text: "{}", Reasoning: "They are angry."}, provider.Requests()[1].Messages[1])
}

func TestExtractGivesUp(t *testing.T) {
	const stubborn = `{"order_id":"ORD-1","mood":"sad","items":[]}`
	provider := frontdesktest.NewProvider(frontdesktest.Say("No."), frontdesktest.Say("<think>?</think> "+stubborn))

	value, response, err := frontdesk.Extract[complaint](t.Context(), provider, complaintRequest())

	require.ErrorIs(t, err, frontdesk.ErrMismatch)
	var mismatch *frontdesk.ExtractError
	require.ErrorAs(t, err, &mismatch)
	assert.Equal(t, "frontdesk_test.complaint", mismatch.Type)
	assert.Equal(t, stubborn, mismatch.Text)
	require.Len(t, mismatch.Faults, 1)
	assert.Contains(t, mismatch.Faults[0], `mood: must be one of "calm", "angry"`)
	assert.EqualError(t, err, "extract frontdesk_test.complaint: the model's answer does not fit the type: "+mismatch.Faults[0])
	assert.Zero(t, value)
	require.NotNil(t, response)
	assert.Equal(t, 2, response.Requests)
	provider.AssertDone(t)
}

func TestExtractLeavesNoHalfOfAValue(t *testing.T) {
	const tooMuch = `{"order_id":"ORD-1","mood":"calm","items":["rug"],"refund":300}`
	provider := frontdesktest.NewProvider(frontdesktest.Say(tooMuch), frontdesktest.Say(tooMuch))

	value, _, err := frontdesk.Extract[complaint](t.Context(), provider, complaintRequest())

	require.ErrorIs(t, err, frontdesk.ErrMismatch)
	assert.Zero(t, value)
}

func TestExtractShowsTheFirstFaults(t *testing.T) {
	type form struct{ A, B, C, D, E, F, G, H, I, J int }
	provider := frontdesktest.NewProvider(frontdesktest.Say("{}"), frontdesktest.Say("{}"))

	_, _, err := frontdesk.Extract[form](t.Context(), provider, complaintRequest())

	var mismatch *frontdesk.ExtractError
	require.ErrorAs(t, err, &mismatch)
	assert.Len(t, mismatch.Faults, 10)
	assert.True(t, strings.HasSuffix(err.Error(), "; … and 2 more"), err.Error())
	assert.Contains(t, provider.Requests()[1].Messages[2].Text, "\n- … and 2 more\n")
}

func TestExtractNeverRepairsWhatWasCut(t *testing.T) {
	cut := func(finish frontdesk.FinishReason, text string) frontdesktest.Answer {
		answer := frontdesktest.Say(text)
		answer.Finish = finish
		return answer
	}
	for _, test := range []struct {
		name   string
		answer frontdesktest.Answer
		hint   string
	}{
		{"at the limit", cut(frontdesk.FinishLength, aComplaint), "raise MaxTokens"},
		{"by a filter", cut(frontdesk.FinishFilter, aComplaint), "the host withheld a part of it"},
		{"in its thoughts", frontdesktest.Say("<think>" + aComplaint), "it ended within a thought"},
	} {
		t.Run(test.name, func(t *testing.T) {
			provider := frontdesktest.NewProvider(test.answer)
			value, response, err := frontdesk.Extract[complaint](t.Context(), provider, complaintRequest())
			require.ErrorIs(t, err, frontdesk.ErrTruncated)
			assert.NotErrorIs(t, err, frontdesk.ErrMismatch)
			assert.ErrorContains(t, err, "extract frontdesk_test.complaint: ")
			assert.ErrorContains(t, err, test.hint)
			var truncated *frontdesk.TruncatedError
			require.ErrorAs(t, err, &truncated)
			assert.Equal(t, test.answer.Text, truncated.Message.Text)
			assert.Zero(t, value)
			require.NotNil(t, response, "it was paid for")
			assert.Equal(t, 1, response.Requests)

			provider = frontdesktest.NewProvider(frontdesktest.Say("{}"), test.answer)
			_, response, err = frontdesk.Extract[complaint](t.Context(), provider, complaintRequest())
			require.ErrorIs(t, err, frontdesk.ErrTruncated)
			assert.Equal(t, 2, response.Requests)
		})
	}

	t.Run("brackets are closed only at a stop", func(t *testing.T) {
		provider := frontdesktest.NewProvider(cut("eos", strings.TrimSuffix(aComplaint, "}")), frontdesktest.Say(aComplaint))
		_, response, err := frontdesk.Extract[complaint](t.Context(), provider, complaintRequest())
		require.NoError(t, err)
		assert.Equal(t, 2, response.Requests)
	})
}

func TestExtractPassesErrorsOfTheProviderOn(t *testing.T) {
	quota := frontdesktest.Fail(fmt.Errorf("today: %w", frontdesk.ErrQuota))

	t.Run("first request", func(t *testing.T) {
		_, response, err := frontdesk.Extract[complaint](t.Context(), frontdesktest.NewProvider(quota), complaintRequest())
		require.ErrorIs(t, err, frontdesk.ErrQuota)
		assert.Nil(t, response)
	})
	t.Run("second request", func(t *testing.T) {
		provider := frontdesktest.NewProvider(frontdesktest.Say("{}"), quota)
		_, response, err := frontdesk.Extract[complaint](t.Context(), provider, complaintRequest())
		require.ErrorIs(t, err, frontdesk.ErrQuota)
		assert.NotErrorIs(t, err, frontdesk.ErrMismatch)
		require.NotNil(t, response)
		assert.Equal(t, "{}", response.Message.Text)
		assert.Equal(t, 1, response.Requests)
	})
	t.Run("no response", func(t *testing.T) {
		provider := frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
			return nil, nil
		})
		_, _, err := frontdesk.Extract[complaint](t.Context(), provider, complaintRequest())
		assert.ErrorContains(t, err, "the provider returned no response")
	})
	t.Run("done context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err := frontdesk.Extract[complaint](ctx, frontdesktest.NewProvider(), complaintRequest())
		assert.ErrorIs(t, err, context.Canceled)
	})
}

func TestExtractCountsTheAttemptsOfTheProvider(t *testing.T) {
	answers := []*frontdesk.Response{
		{Message: frontdesk.Message{Text: "{}"}, Finish: frontdesk.FinishStop, Requests: 3},
		{Message: frontdesk.Message{Text: aComplaint}, Finish: frontdesk.FinishStop, Requests: 2},
	}
	kept := *answers[1]
	asked := 0
	provider := frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
		asked++
		return answers[asked-1], nil
	})

	_, response, err := frontdesk.Extract[complaint](t.Context(), provider, complaintRequest())

	require.NoError(t, err)
	assert.Equal(t, 5, response.Requests)
	assert.Equal(t, kept, *answers[1], "the provider's own response is left alone")
}

func TestExtractRefusesWhatItCannotDo(t *testing.T) {
	provider := frontdesktest.NewProvider()
	_, _, err := frontdesk.Extract[[]complaint](t.Context(), provider, complaintRequest())
	require.ErrorContains(t, err, "extract []frontdesk_test.complaint: ")
	_, _, err = frontdesk.Extract[any](t.Context(), provider, complaintRequest())
	require.ErrorContains(t, err, "extract interface {}: ")
	_, _, err = frontdesk.Extract[struct{ C chan int }](t.Context(), provider, complaintRequest())
	require.ErrorContains(t, err, "extract struct")
	_, _, err = frontdesk.Extract[complaint](t.Context(), provider, frontdesk.Request{Instructions: "Make one up."})
	require.ErrorContains(t, err, "the request has no messages")
	assert.Empty(t, provider.Requests())
}

func TestExtractTakesAPointerToAStruct(t *testing.T) {
	provider := frontdesktest.NewProvider(frontdesktest.Say(aComplaint))
	value, _, err := frontdesk.Extract[*complaint](t.Context(), provider, complaintRequest())
	require.NoError(t, err)
	assert.Equal(t, &wantedComplaint, value)
}

func TestExtractOverHTTP(t *testing.T) {
	server := frontdesktest.NewServer(
		frontdesktest.Say("Sure!\n```json\n{\"order_id\":\"9281\",\"mood\":\"angry\",\"items\":[\"lamp\"]}\n```"),
		frontdesktest.Say("<think>Add the ORD.</think>"+aComplaint),
	)
	defer server.Close()

	value, response, err := frontdesk.Extract[complaint](t.Context(), server.Provider(), complaintRequest())

	require.NoError(t, err)
	assert.Equal(t, wantedComplaint, value)
	assert.Equal(t, 2, response.Requests)
	server.AssertDone(t)
	for _, request := range server.ServerRequests() {
		assert.Contains(t, string(request.Body), "JSON Schema")
		assert.NotContains(t, string(request.Body), `"tools"`)
		assert.False(t, request.Stream)
	}
}

// A host that cuts an answer is told from one that answers badly.
func TestExtractOverHTTPNeverRepairsWhatWasCut(t *testing.T) {
	server := frontdesktest.NewServer(frontdesktest.Answer{Text: aComplaint[:20], Finish: frontdesk.FinishLength})
	defer server.Close()

	_, _, err := frontdesk.Extract[complaint](t.Context(), server.Provider(), complaintRequest())

	require.ErrorIs(t, err, frontdesk.ErrTruncated)
	server.AssertDone(t)
}

func TestExtractIsOxloByDefault(t *testing.T) {
	server := frontdesktest.NewServer(frontdesktest.Say(aComplaint), frontdesktest.Answer{Status: http.StatusForbidden, Text: "plan limit reached"})
	defer server.Close()
	t.Setenv("OXLO_BASE_URL", server.URL())
	t.Setenv("OXLO_API_KEY", "test-key")

	value, _, err := frontdesk.Extract[complaint](t.Context(), nil, complaintRequest())
	require.NoError(t, err)
	assert.Equal(t, wantedComplaint, value)

	_, _, err = frontdesk.Extract[complaint](t.Context(), nil, complaintRequest())
	assert.ErrorIs(t, err, frontdesk.ErrQuota)
}

func FuzzExtract(f *testing.F) {
	f.Add(aComplaint)
	f.Add("Draft: {\"order_id\": \"9281\"}. Better:\n```json\n" + aComplaint + "\n```")
	f.Add("<think>{</think>{order_id: 'ORD-1', mood: 'Calm', items: []}")
	f.Add(`[{"order_id":"ORD-1","mood":"calm","items":"rug"}]`)
	f.Add(`{"order_id":"ORD-1","mood":"calm","items":["} \" {"],"refund":300}`)
	f.Add(`}{{"`)
	f.Fuzz(func(t *testing.T, text string) {
		provider := frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
			return &frontdesk.Response{Message: frontdesk.Message{Text: text}, Finish: frontdesk.FinishStop}, nil
		})
		value, _, err := frontdesk.Extract[complaint](t.Context(), provider, complaintRequest())
		if err != nil {
			require.True(t, errors.Is(err, frontdesk.ErrMismatch) || errors.Is(err, frontdesk.ErrTruncated), err)
			require.Zero(t, value)
			return
		}
		require.Regexp(t, `ORD-[0-9]+$`, value.OrderID)
		require.Contains(t, []string{"calm", "angry"}, value.Mood)
	})
}

// The first answer of this model leaves the number's type to be repaired, which
// costs no request.
func ExampleExtract() {
	type refund struct {
		OrderID string  `json:"order_id" jsonschema_description:"Number of the order, like ORD-9281"`
		Amount  float64 `json:"amount" jsonschema:"minimum=0"`
		Reason  string  `json:"reason" jsonschema:"enum=damaged,enum=late,enum=other"`
	}
	provider := frontdesktest.NewProvider(frontdesktest.Say(
		"Here you are:\n```json\n{\"order_id\": \"ORD-9281\", \"amount\": \"25.50\", \"reason\": \"Damaged\"}\n```"))

	value, response, err := frontdesk.Extract[refund](context.Background(), provider, frontdesk.Request{
		Instructions: "Find the refund that the customer asks for.",
		Messages: []frontdesk.Message{
			{Role: frontdesk.RoleUser, Text: "ORD-9281 came in pieces, I want my 25.50 back."},
		},
	})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%+v after %d request\n", value, response.Requests)
	// Output:
	// {OrderID:ORD-9281 Amount:25.5 Reason:damaged} after 1 request
}
