package frontdesktest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ask sends a provider what a customer wrote.
func ask(ctx context.Context, provider frontdesk.Provider, text string, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
	return provider.Generate(ctx, &frontdesk.Request{
		Model:    "m-1",
		Messages: []frontdesk.Message{{Role: frontdesk.RoleUser, Text: text}},
	}, stream)
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper()                {}
func (r *recorder) Error(arguments ...any) { r.failures = append(r.failures, fmt.Sprint(arguments...)) }
func (r *recorder) Errorf(format string, values ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, values...))
}

func TestAnswers(t *testing.T) {
	usage := frontdesk.Usage{PromptTokens: 3, CompletionTokens: 4}
	call := frontdesk.ToolCall{ID: "call_1", Name: "look_up", Arguments: `{"id":1}`}
	second := frontdesk.ToolCall{ID: "call_2", Name: "pay", Arguments: `{}`}
	tests := []struct {
		name   string
		answer frontdesktest.Answer
		want   frontdesk.Response
	}{
		{"words", frontdesktest.Say("Hello, Ana!"), frontdesk.Response{
			Message: frontdesk.Message{Text: "Hello, Ana!"}, Finish: frontdesk.FinishStop}},
		{"nothing", frontdesktest.Say(""), frontdesk.Response{Finish: frontdesk.FinishStop}},
		{"a call", frontdesktest.Call("look_up", `{"id":1}`), frontdesk.Response{
			Message: frontdesk.Message{Calls: []frontdesk.ToolCall{call}}, Finish: frontdesk.FinishToolCalls}},
		{"arguments of a Go value", frontdesktest.Call("look_up", map[string]int{"id": 1}), frontdesk.Response{
			Message: frontdesk.Message{Calls: []frontdesk.ToolCall{call}}, Finish: frontdesk.FinishToolCalls}},
		{"two calls", frontdesktest.Call("look_up", struct {
			ID int `json:"id"`
		}{1}).And(frontdesktest.Call("pay", "{}")), frontdesk.Response{
			Message: frontdesk.Message{Calls: []frontdesk.ToolCall{call, second}}, Finish: frontdesk.FinishToolCalls}},
		{"words and a call", frontdesktest.Say("Let me see.").And(frontdesktest.Call("look_up", `{"id":1}`)), frontdesk.Response{
			Message: frontdesk.Message{Text: "Let me see.", Calls: []frontdesk.ToolCall{call}}, Finish: frontdesk.FinishToolCalls}},
		{"a call and words", frontdesktest.Call("look_up", `{"id":1}`).And(frontdesktest.Say("Let me see.")), frontdesk.Response{
			Message: frontdesk.Message{Text: "Let me see.", Calls: []frontdesk.ToolCall{call}}, Finish: frontdesk.FinishToolCalls}},
		{"all the fields", frontdesktest.Answer{Text: "Hello", Reasoning: "A greeting.", Finish: "some_other", Usage: usage}, frontdesk.Response{
			Message: frontdesk.Message{Text: "Hello", Reasoning: "A greeting."}, Finish: "some_other", Usage: usage}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.want.Message.Role = frontdesk.RoleAssistant
			test.want.Model = "m-1"
			server := frontdesktest.NewServer(test.answer, test.answer)
			defer server.Close()
			provider := frontdesktest.NewProvider(test.answer, test.answer)
			for name, answers := range map[string]frontdesk.Provider{"provider": provider, "server": server.Provider()} {
				for _, stream := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s/stream=%v", name, stream), func(t *testing.T) {
						var show func(frontdesk.Delta)
						var text, reasoning string
						if stream {
							show = func(delta frontdesk.Delta) { text += delta.Text; reasoning += delta.Reasoning }
						}
						response, err := ask(t.Context(), answers, "Hi", show)
						require.NoError(t, err)
						// The wire adds these two.
						response.Requests, response.Message.ReasoningField = 0, ""
						assert.Equal(t, &test.want, response)
						if stream {
							assert.Equal(t, test.want.Message.Text, text)
							assert.Equal(t, test.want.Message.Reasoning, reasoning)
						}
					})
				}
			}
			provider.AssertDone(t)
			server.AssertDone(t)
		})
	}
}

func TestAndKeepsWhatItIsGiven(t *testing.T) {
	one := frontdesktest.Call("a", "{}")
	both := one.And(frontdesktest.Call("b", "{}"))
	other := one.And(frontdesktest.Call("c", "{}"))
	assert.Len(t, one.Calls, 1)
	assert.Equal(t, "b", both.Calls[1].Name)
	assert.Equal(t, "c", other.Calls[1].Name)

	failing := one.And(frontdesktest.Fail(errors.New("down")))
	assert.EqualError(t, failing.Err, "down")

	ids := make(map[string]bool)
	for _, call := range both.And(other).And(one).Calls {
		assert.False(t, ids[call.ID], "id %s twice", call.ID)
		ids[call.ID] = true
	}
	assert.Len(t, ids, 5)
}

func TestUnencodableArguments(t *testing.T) {
	_, err := ask(t.Context(), frontdesktest.NewProvider(frontdesktest.Call("pay", make(chan int))), "Hi", nil)
	assert.ErrorContains(t, err, "pay", "the script itself is wrong, and says where")
}

func TestPieces(t *testing.T) {
	const text = "größe 🧦, two  spaces\nand a line"
	for size := range 12 {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			provider := frontdesktest.NewProvider(frontdesktest.Answer{Text: text, ChunkSize: size})
			server := frontdesktest.NewServer(frontdesktest.Answer{Text: text, ChunkSize: size})
			defer server.Close()
			var pieces, wired []string
			_, err := ask(t.Context(), provider, "Hi", func(delta frontdesk.Delta) { pieces = append(pieces, delta.Text) })
			require.NoError(t, err)
			_, err = ask(t.Context(), server.Provider(), "Hi", func(delta frontdesk.Delta) { wired = append(wired, delta.Text) })
			require.NoError(t, err)

			assert.Equal(t, text, strings.Join(pieces, ""))
			assert.Equal(t, text, strings.Join(wired, ""))
			for _, piece := range pieces {
				assert.True(t, utf8.ValidString(piece), "%q", piece)
				if size > 0 {
					assert.True(t, len(piece) <= size || utf8.RuneCountInString(piece) == 1, "%q", piece)
				} else {
					assert.LessOrEqual(t, strings.Count(strings.TrimSuffix(piece, " "), " "), 0, "about a word: %q", piece)
				}
			}
		})
	}
}

func TestScriptOrder(t *testing.T) {
	about := func(word string) func(*frontdesk.Request) bool {
		return func(request *frontdesk.Request) bool { return strings.Contains(request.Messages[0].Text, word) }
	}
	provider := frontdesktest.NewProvider(
		frontdesktest.Answer{Text: "about refunds", When: about("refund")},
		frontdesktest.Answer{Text: "first"},
		frontdesktest.Answer{Text: "about shipping", When: about("ship")},
	)
	provider.Add(frontdesktest.Say("second"))
	for _, step := range []struct{ said, want string }{
		{"Hi", "first"},
		{"ship it", "about shipping"},
		{"ship it again", "second"},
		{"refund me", "about refunds"},
	} {
		response, err := ask(t.Context(), provider, step.said, nil)
		require.NoError(t, err)
		assert.Equal(t, step.want, response.Message.Text)
	}
	require.True(t, provider.AssertDone(t))
	require.Len(t, provider.Requests(), 4)
	assert.Equal(t, "ship it", provider.Requests()[1].Messages[0].Text)

	_, err := ask(t.Context(), provider, "more?", nil)
	require.ErrorContains(t, err, "request 5")
	require.ErrorContains(t, err, "no answer left")
}

func TestRequestsAreKept(t *testing.T) {
	provider := frontdesktest.NewProvider(frontdesktest.Say("one"))
	request := &frontdesk.Request{Messages: []frontdesk.Message{{Role: frontdesk.RoleUser, Text: "as it was"}}}
	_, err := provider.Generate(t.Context(), request, nil)
	require.NoError(t, err)
	request.Messages[0].Text = "changed"
	request.Model = "changed"
	kept := provider.Requests()
	assert.Equal(t, "as it was", kept[0].Messages[0].Text)
	assert.Empty(t, kept[0].Model)
	kept[0] = nil
	assert.NotNil(t, provider.Requests()[0])
}

func TestAssertDone(t *testing.T) {
	dangling := []frontdesk.Message{
		{Role: frontdesk.RoleUser, Text: "Hi"},
		{Role: frontdesk.RoleAssistant, Calls: []frontdesk.ToolCall{{ID: "a", Name: "pay", Arguments: "{}"}}},
	}
	tests := []struct {
		name    string
		answers []frontdesktest.Answer
		play    func(t *testing.T, provider frontdesk.Provider)
		want    []string // one for each failure
	}{
		{"all asked for", []frontdesktest.Answer{frontdesktest.Say("one")}, func(t *testing.T, provider frontdesk.Provider) {
			_, err := ask(t.Context(), provider, "Hi", nil)
			require.NoError(t, err)
		}, nil},
		{"a failure that was scripted", []frontdesktest.Answer{frontdesktest.Fail(errors.New("down"))}, func(t *testing.T, provider frontdesk.Provider) {
			_, err := ask(t.Context(), provider, "Hi", nil)
			require.Error(t, err)
		}, nil},
		{"answers left", []frontdesktest.Answer{frontdesktest.Say("one"), frontdesktest.Say("two"), frontdesktest.Call("pay", `{"n":1}`)}, func(t *testing.T, provider frontdesk.Provider) {
			_, err := ask(t.Context(), provider, "Hi", nil)
			require.NoError(t, err)
		}, []string{"two", `pay({"n":1})`}},
		{"too many requests", nil, func(t *testing.T, provider frontdesk.Provider) {
			_, err := ask(t.Context(), provider, "Hi", nil)
			require.Error(t, err)
		}, []string{"request 1"}},
		{"nobody the answer is for", []frontdesktest.Answer{{Text: "never", When: func(*frontdesk.Request) bool { return false }}}, func(t *testing.T, provider frontdesk.Provider) {
			_, err := ask(t.Context(), provider, "Hi", nil)
			require.Error(t, err)
		}, []string{"request 1", "never"}},
		{"a transcript that hosts refuse", nil, func(t *testing.T, provider frontdesk.Provider) {
			_, err := provider.Generate(t.Context(), &frontdesk.Request{Messages: dangling}, nil)
			require.Error(t, err)
		}, []string{"1 tool calls have no result"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := frontdesktest.NewServer(test.answers...)
			defer server.Close()
			provider := frontdesktest.NewProvider(test.answers...)
			wired := server.Provider()
			wired.Retries = -1
			test.play(t, provider)
			test.play(t, wired)
			for name, assertDone := range map[string]func(testing.TB) bool{"provider": provider.AssertDone, "server": server.AssertDone} {
				t.Run(name, func(t *testing.T) {
					record := new(recorder)
					assert.Equal(t, len(test.want) == 0, assertDone(record))
					require.Len(t, record.failures, len(test.want), "%q", record.failures)
					for i, want := range test.want {
						assert.Contains(t, record.failures[i], want)
						assert.Contains(t, record.failures[i], "frontdesktest")
					}
				})
			}
		})
	}
}

func TestFailures(t *testing.T) {
	down := errors.New("down")
	t.Run("an error", func(t *testing.T) {
		_, err := ask(t.Context(), frontdesktest.NewProvider(frontdesktest.Fail(down)), "Hi", nil)
		assert.ErrorIs(t, err, down)
	})
	t.Run("an error after some words", func(t *testing.T) {
		var told string
		response, err := ask(t.Context(), frontdesktest.NewProvider(frontdesktest.Answer{Text: "Let me", Err: down}), "Hi",
			func(delta frontdesk.Delta) { told += delta.Text })
		assert.ErrorIs(t, err, down)
		assert.Nil(t, response)
		assert.Equal(t, "Let me", told)
	})
	for status, want := range map[int]error{401: frontdesk.ErrAuth, 403: frontdesk.ErrQuota, 429: frontdesk.ErrRateLimited, 503: frontdesk.ErrOverloaded} {
		t.Run(fmt.Sprint("status ", status), func(t *testing.T) {
			answer := frontdesktest.Answer{Status: status, Text: "no"}
			server := frontdesktest.NewServer(answer)
			defer server.Close()
			wired := server.Provider()
			wired.Retries = -1
			for name, provider := range map[string]frontdesk.Provider{"provider": frontdesktest.NewProvider(answer), "server": wired} {
				_, err := ask(t.Context(), provider, "Hi", nil)
				var refused *frontdesk.HostError
				require.ErrorAs(t, err, &refused, name)
				assert.Equal(t, status, refused.Status)
				assert.Equal(t, "no", refused.Message)
				assert.ErrorIs(t, err, want, name)
			}
		})
	}
	t.Run("nobody waits for the answer", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		provider := frontdesktest.NewProvider(frontdesktest.Say("one"))
		_, err := ask(ctx, provider, "Hi", nil)
		require.ErrorIs(t, err, context.Canceled)
		assert.False(t, provider.AssertDone(new(recorder)), "the answer was not used up")
	})
	t.Run("the reader leaves", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var told []string
		_, err := ask(ctx, frontdesktest.NewProvider(frontdesktest.Say("one two three")), "Hi", func(delta frontdesk.Delta) {
			told = append(told, delta.Text)
			cancel()
		})
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, []string{"one "}, told)
	})
}

func TestProviderConcurrently(t *testing.T) {
	const requests = 32
	provider := frontdesktest.NewProvider()
	var group sync.WaitGroup
	for i := range requests {
		group.Go(func() {
			provider.Add(frontdesktest.Say(fmt.Sprint("answer ", i)))
			_, err := ask(t.Context(), provider, "Hi", func(frontdesk.Delta) {})
			assert.NoError(t, err)
			provider.Requests()
		})
	}
	group.Wait()
	assert.Len(t, provider.Requests(), requests)
	provider.AssertDone(t)
}
