package frontdesk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// leaks are calls that stand in the text, as each family of models writes them
// when its host does not take them out.
var leaks = map[string]string{
	"Llama JSON":                 `{"name": "get_order_status", "parameters": {"order_id": "ORD-1"}}`,
	"Llama JSON, typed":          `{"type": "function", "name": "get_order_status", "parameters": {"order_id": "ORD-1"}}`,
	"Llama JSON, as OpenAI's":    `{"type": "function", "function": {"name": "get_order_status", "arguments": {"order_id": "ORD-1"}}}`,
	"Llama JSON in a fence":      "```json\n{\"name\": \"get_order_status\", \"parameters\": {\"order_id\": \"ORD-1\"}}\n```",
	"Llama python tag":           `<|python_tag|>{"name": "get_order_status", "parameters": {"order_id": "ORD-1"}}<|eom_id|>`,
	"Llama function tag":         `<function=get_order_status>{"order_id": "ORD-1"}</function>`,
	"Hermes and Qwen":            "<tool_call>\n{\"name\": \"get_order_status\", \"arguments\": {\"order_id\": \"ORD-1\"}}\n</tool_call>",
	"Hermes and Qwen, unclosed":  `<tool_call>{"name": "get_order_status", "arguments": {"order_id": "ORD-1"}}`,
	"Qwen3-Coder":                "<tool_call>\n<function=get_order_status>\n<parameter=order_id>\nORD-1\n</parameter>\n</function>\n</tool_call>",
	"Qwen3-Coder, no wrapper":    "<function=get_order_status>\n<parameter=order_id>\nORD-1\n</parameter>\n</function>",
	"DeepSeek V3 and R1":         "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_order_status\n```json\n{\"order_id\": \"ORD-1\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
	"DeepSeek V3.1":              `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_order_status<｜tool▁sep｜>{"order_id": "ORD-1"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
	"DeepSeek V3.2":              "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"get_order_status\">\n<｜DSML｜parameter name=\"order_id\" string=\"true\">ORD-1</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
	"DeepSeek V4":                "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"get_order_status\">\n<｜DSML｜parameter name=\"order_id\" string=\"true\">ORD-1</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>",
	"DeepSeek V4, no wrapper":    "<｜DSML｜invoke name=\"get_order_status\">\n<｜DSML｜parameter name=\"order_id\" string=\"true\">ORD-1</｜DSML｜parameter>\n</｜DSML｜invoke>",
	"DeepSeek V4, unclosed":      "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"get_order_status\">\n<｜DSML｜parameter name=\"order_id\" string=\"true\">ORD-1</｜DSML｜parameter>\n</｜DSML｜invoke>",
	"DeepSeek V4, JSON":          "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"get_order_status\">\n{\"order_id\": \"ORD-1\"}\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>",
	"Kimi K2":                    `<|tool_calls_section_begin|><|tool_call_begin|>functions.get_order_status:0<|tool_call_argument_begin|>{"order_id": "ORD-1"}<|tool_call_end|><|tool_calls_section_end|>`,
	"Kimi K2, singular":          `<|tool_call_section_begin|><|tool_call_begin|>functions.get_order_status:0<|tool_call_argument_begin|>{"order_id": "ORD-1"}<|tool_call_end|><|tool_call_section_end|>`,
	"Kimi K2, an id and no name": `<|tool_calls_section_begin|><|tool_call_begin|>call_2<|tool_call_argument_begin|>{"order_id": "ORD-1"}<|tool_call_end|><|tool_calls_section_end|>`,
	"Mistral":                    `[TOOL_CALLS][{"name": "get_order_status", "arguments": {"order_id": "ORD-1"}}]`,
	"Mistral, named":             `[TOOL_CALLS]get_order_status[ARGS]{"order_id": "ORD-1"}`,
	"Mistral, bare":              `[TOOL_CALLS]get_order_status{"order_id": "ORD-1"}`,
}

// signs are parts of markup that no customer may see.
var signs = []string{"<|", "<｜", "tool_call", "TOOL_CALLS", "function", "get_order_status", "order_id", "ORD-1", "{", "```"}

// leakDesk is an agent whose model leaks its calls.
type leakDesk struct {
	host  *fakeHost
	agent *frontdesk.Agent
	turns int
}

func newLeakDesk(t *testing.T) *leakDesk {
	t.Helper()
	host := new(fakeHost)
	return &leakDesk{host: host, agent: newAgent(t, frontdesk.Config{Provider: host.provider(), Tools: new(shop).tools()})}
}

// play plays a turn in which the model's first answer is content, in pieces. It
// returns what the customer saw, with "|" where the tool ran, and the requests.
func (d *leakDesk) play(t *testing.T, stream bool, pieces ...string) (reply *frontdesk.Reply, seen string, requests []string) {
	t.Helper()
	first := answering(map[string]any{"content": strings.Join(pieces, "")}, "stop")
	if stream {
		first = streamedText(pieces...)
	}
	before := len(d.host.sent())
	d.host.add(first, saying("It was delivered."))
	d.turns++
	turn := refundTurn
	turn.Conversation = fmt.Sprint("c-", d.turns)
	if !stream {
		reply, err := d.agent.Reply(t.Context(), turn)
		require.NoError(t, err)
		return reply, "", d.host.sent()[before:]
	}
	for event, err := range d.agent.Stream(t.Context(), turn) {
		require.NoError(t, err)
		switch event := event.(type) {
		case frontdesk.TextDelta:
			seen += event.Text
			for _, sign := range signs {
				require.NotContains(t, seen, sign, "markup was shown")
			}
		case frontdesk.Reset:
			require.Fail(t, "text was taken back", "after %q", seen)
		case frontdesk.ToolStarted:
			seen += "|"
		case frontdesk.Done:
			reply = event.Reply
		}
	}
	return reply, seen, d.host.sent()[before:]
}

// streamedText is an answer in words, in the given pieces.
func streamedText(pieces ...string) fakeAnswer {
	var chunks []string
	for _, piece := range pieces {
		chunks = append(chunks, chunk(map[string]any{"content": piece}, ""))
	}
	return streamed(append(chunks, end("stop"), "[DONE]")...)
}

// requireOneCall checks that the tool ran once, and what the model was told of
// its own answer.
func requireOneCall(t *testing.T, reply *frontdesk.Reply, requests []string, text string) {
	t.Helper()
	require.Len(t, reply.Results, 1)
	result := reply.Results[0]
	require.Equal(t, frontdesk.ToolDone, result.Status, result.Content)
	require.Equal(t, "get_order_status", result.Call.Name)
	require.JSONEq(t, order1, result.Call.Arguments)
	require.Equal(t, "It was delivered.", reply.Text)
	require.Len(t, requests, 2)
	messages := sentMessages(t, requests[1])
	require.Len(t, messages, 3)
	require.Equal(t, text, messages[1]["content"], "the text around the call is kept, and no more")
	require.Len(t, messages[1]["tool_calls"], 1)
}

func TestLeakedCalls(t *testing.T) {
	for name, markup := range leaks {
		for _, around := range []struct{ before, after, text string }{
			{"", "", ""},
			{"Let me look that up.\n\n", "\n", "Let me look that up."},
		} {
			t.Run(fmt.Sprintf("%s/%q", name, around.before), func(t *testing.T) {
				t.Parallel()
				text := around.before + markup + around.after
				desk := newLeakDesk(t)
				t.Run("plain", func(t *testing.T) {
					reply, _, requests := desk.play(t, false, text)
					requireOneCall(t, reply, requests, around.text)
				})
				t.Run("streamed", func(t *testing.T) {
					check := func(pieces ...string) {
						reply, seen, requests := desk.play(t, true, pieces...)
						requireOneCall(t, reply, requests, around.text)
						require.Equal(t, around.text+"|It was delivered.", seen)
					}
					check(text)
					check(strings.Split(text, "")...)
					if around.before == "" {
						return // the cuts of the other are enough
					}
					for i := range text {
						check(text[:i], text[i:])
					}
				})
			})
		}
	}
}

// TestCutLeakedCalls ends each text before its end, at every character, as if
// that were all. What there is of the call neither runs nor is shown, unless it
// is a whole call but for its closing tags.
func TestCutLeakedCalls(t *testing.T) {
	for name, markup := range leaks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const before = "Let me look that up.\n\n"
			host := new(fakeHost)
			provider := host.provider()
			provider.Retries = -1
			for i := range markup {
				for _, stream := range []bool{false, true} {
					host.add(answering(map[string]any{"content": before + markup[:i]}, "stop"))
					var shown string
					var show func(frontdesk.Delta)
					if stream {
						show = func(delta frontdesk.Delta) { shown += delta.Text }
					}
					response, err := provider.Generate(t.Context(), withTools(), show)
					if err == nil {
						for _, call := range response.Message.Calls {
							require.Equal(t, "get_order_status", call.Name)
							require.JSONEq(t, order1, call.Arguments, "half a call from %q", markup[:i])
						}
						if len(response.Message.Calls) == 0 {
							// One character at the end may be a bracket, or a smile.
							rest := strings.TrimPrefix(response.Message.Text, strings.TrimSpace(before))
							require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSpace(rest)), 1, "%q was shown", response.Message.Text)
						}
						if stream {
							require.Equal(t, response.Message.Text, shown)
						}
						continue
					}
					require.ErrorIs(t, err, frontdesk.ErrTruncated)
					var cut *frontdesk.TruncatedError
					require.ErrorAs(t, err, &cut)
					require.Equal(t, "Let me look that up.", strings.TrimSpace(cut.Message.Text), "the partial text holds no markup")
					require.Empty(t, cut.Message.Calls)
					if stream {
						require.Equal(t, "Let me look that up.", strings.TrimSpace(shown))
					}
				}
			}
		})
	}
	t.Run("with a stream that breaks", func(t *testing.T) {
		host := new(fakeHost)
		provider := host.provider()
		provider.Retries = -1
		for name, markup := range leaks {
			for i := range len(markup) + 1 {
				if i < len(markup) && !utf8.RuneStart(markup[i]) {
					continue
				}
				host.add(streamed(chunk(map[string]any{"content": markup[:i]}, "")))
				response, shown, err := watchText(t.Context(), provider, withTools())
				require.ErrorIs(t, err, frontdesk.ErrTruncated, name)
				require.Nil(t, response)
				require.LessOrEqual(t, len(shown), 1)
				var cut *frontdesk.TruncatedError
				require.ErrorAs(t, err, &cut)
				for _, sign := range signs[:6] {
					require.NotContains(t, cut.Message.Text, sign)
				}
			}
		}
	})
}

// TestQuotedMarkup has answers that explain markup or show JSON. They are shown
// as they are, however they are cut, and no tool runs.
func TestQuotedMarkup(t *testing.T) {
	for _, text := range []string{
		"Qwen wraps its calls in <tool_call> and </tool_call> tags.",
		"Write `<tool_call>{\"name\": \"get_order_status\", \"arguments\": {\"order_id\": \"ORD-1\"}}</tool_call>` for that.",
		"The model writes <tool_call>{\"name\": \"get_order_status\", \"arguments\": {\"order_id\": \"ORD-1\"}}</tool_call> and stops.",
		`I would send {"name": "get_order_status", "parameters": {"order_id": "ORD-1"}} to the tool.`,
		"Send this:\n```json\n{\"name\": \"get_order_status\", \"parameters\": {\"order_id\": \"ORD-1\"}}\n```\nand wait for the result.",
		`{"name": "Alice", "parameters": {"age": 30}}`,
		`{"name": "delete_everything", "parameters": {"order_id": "ORD-1"}}`,
		`{"name": "get_order_status", "description": "Looks it up.", "parameters": {"type": "object", "properties": {}}}`,
		"<tool_call>{\"name\": \"delete_everything\", \"arguments\": {}}</tool_call>",
		"DeepSeek opens with <｜tool▁calls▁begin｜> and separates with <｜tool▁sep｜>.",
		"DSML has <｜DSML｜invoke> and <｜DSML｜parameter> elements.",
		"Kimi's section begins with <|tool_calls_section_begin|> and has <|tool_call_begin|> in it.",
		"[TOOL_CALLS] is Mistral's marker.",
		"`[TOOL_CALLS]get_order_status{\"order_id\": \"ORD-1\"}` is a call.",
		"a < b, and so a[0] < {b}. We love you <3",
		"| Order | Status |\n|---|---|\n| [ORD-1] | {lost} |",
		"Sorry :-[ and sorry :<",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			host := new(fakeHost)
			provider := host.provider()
			check := func(stream bool, pieces ...string) {
				answer := answering(map[string]any{"content": text}, "stop")
				if stream {
					answer = streamedText(pieces...)
				}
				host.add(answer)
				response, shown, _, err := generate(t.Context(), provider, withTools(), stream)
				require.NoError(t, err)
				require.Empty(t, response.Message.Calls)
				require.Equal(t, text, response.Message.Text)
				if stream {
					require.Equal(t, text, shown)
				}
			}
			check(false)
			check(true, text)
			check(true, strings.Split(text, "")...)
			for i := range text {
				check(true, text[:i], text[i:])
			}
		})
	}
}

// TestTextIsShownAtOnce bounds what is held back of an answer in words because
// a call might begin there.
func TestTextIsShownAtOnce(t *testing.T) {
	const text = "We sell lamps, socks and <b>chairs</b> [new], {all} sizes; a < b.\n\n- One: `x`\n- Two: [a link](https://shop.example)\n\n好的，我来查一下。 <3"
	synctest.Test(t, func(t *testing.T) {
		var pieces []piece
		for i, character := range text {
			pieces = append(pieces, piece{text: said(string(character))}, piece{wait: time.Second, text: fmt.Sprintf(": %d\n", i)})
		}
		provider := hosting(body("text/event-stream", append(pieces, piece{text: events(end("stop"), "[DONE]")})...)).provider()
		began, shown := time.Now(), 0
		response, err := provider.Generate(t.Context(), withTools(), func(delta frontdesk.Delta) {
			if characters := []rune(text); time.Since(began) < time.Duration(len(characters))*time.Second {
				before := string(characters[:time.Since(began)/time.Second])
				assert.LessOrEqual(t, len(before)-shown, 32, "%q was held back", before[shown:])
			}
			shown += len(delta.Text)
		})
		require.NoError(t, err)
		assert.Equal(t, text, response.Message.Text)
		assert.Equal(t, len(text), shown)
	})
}

func TestLeaksOnlyWhereToolsWereOffered(t *testing.T) {
	for name, markup := range leaks {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				response, _, _, err := generate(t.Context(), hosting(saying(markup)).provider(), question(), stream)
				require.NoError(t, err)
				assert.Empty(t, response.Message.Calls)
				assert.Equal(t, markup, response.Message.Text)
			})
		})
	}
}

// TestLeakInReasoning is about calls that stand in the thoughts: they count
// only where the model said nothing else.
func TestLeakInReasoning(t *testing.T) {
	for name, markup := range leaks {
		if strings.Contains(name, "JSON") {
			continue // whether bare JSON within thoughts is a call, nobody can say
		}
		for _, field := range []string{"reasoning_content", "reasoning"} {
			t.Run(name+"/"+field, func(t *testing.T) {
				bothWays(t, func(t *testing.T, stream bool) {
					thought := "The customer asks for an order.\n\n" + markup
					request := func(message map[string]any) (*frontdesk.Response, string) {
						response, text, _, err := generate(t.Context(), hosting(answering(message, "stop")).provider(), withTools(), stream)
						require.NoError(t, err)
						return response, text
					}
					response, text := request(map[string]any{field: thought, "content": ""})
					require.Equal(t, []string{"get_order_status"}, namesOf(response.Message.Calls))
					assert.JSONEq(t, order1, response.Message.Calls[0].Arguments)
					assert.Empty(t, response.Message.Text)
					assert.Empty(t, text)

					response, _ = request(map[string]any{field: thought, "content": "It was delivered."})
					assert.Empty(t, response.Message.Calls, "it thought better of it")
					assert.Equal(t, "It was delivered.", response.Message.Text)

					response, _ = request(map[string]any{"content": "<think>\n" + thought + "\n</think>\n\n"})
					assert.Equal(t, []string{"get_order_status"}, namesOf(response.Message.Calls))
					assert.Empty(t, response.Message.Text)

					response, _ = request(map[string]any{"content": "<think>Hm.</think>\n\nLet me look.\n" + markup})
					assert.Equal(t, []string{"get_order_status"}, namesOf(response.Message.Calls))
					assert.Equal(t, "Let me look.", response.Message.Text)
				})
			})
		}
	}
}

// TestLeakBehindALoneClosingTag is about a thought of which nobody knew until it
// ended. What was shown of it is taken back, whatever markup stood in it, and
// the call behind it runs.
func TestLeakBehindALoneClosingTag(t *testing.T) {
	for _, thought := range []string{"I look it up.", "I could write <tool_call> now, or `{\"name\": 1}`."} {
		for name, markup := range leaks {
			host := new(fakeHost)
			provider := host.provider()
			text := thought + "\n</think>\n\nOne moment.\n" + markup
			for i := range text {
				host.add(streamedText(text[:i], text[i:]))
				response, shown, err := watchText(t.Context(), provider, withTools())
				require.NoError(t, err, name)
				require.Equal(t, []string{"get_order_status"}, namesOf(response.Message.Calls), name)
				require.Equal(t, "One moment.", response.Message.Text, name)
				if _, after, reset := strings.Cut(shown, "|"); reset {
					shown = after
				}
				require.Equal(t, "One moment.", shown, name)
			}
		}
	}
}

func namesOf(calls []frontdesk.ToolCall) (names []string) {
	for _, call := range calls {
		names = append(names, call.Name)
	}
	return names
}

// TestLeakBesideACall is about hosts that take the call out of the text and
// leave it there too: it runs once, and nobody sees it.
func TestLeakBesideACall(t *testing.T) {
	for name, markup := range leaks {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				host := hosting(answering(map[string]any{
					"content":    "Let me look.\n\n" + markup,
					"tool_calls": []any{deltaCall{"index": 0, "id": "a", "type": "function", "function": function("get_order_status", order1)}},
				}, "tool_calls"))
				response, shown, _, err := generate(t.Context(), host.provider(), withTools(), stream)
				require.NoError(t, err)
				assert.Equal(t, []string{"get_order_status"}, namesOf(response.Message.Calls))
				assert.Equal(t, "Let me look.", response.Message.Text)
				if stream {
					assert.Equal(t, "Let me look.", shown)
				}
			})
		})
	}
}

// TestSeveralLeakedCalls runs them all, in order.
func TestSeveralLeakedCalls(t *testing.T) {
	refund := `{"order_id": "ORD-1", "reason": "broken"}`
	for name, text := range map[string]string{
		"Llama":       leaks["Llama JSON"] + `; {"name": "initiate_refund", "parameters": ` + refund + `}`,
		"Hermes":      leaks["Hermes and Qwen"] + "\n<tool_call>\n{\"name\": \"initiate_refund\", \"arguments\": " + refund + "}\n</tool_call>",
		"Kimi":        strings.Replace(leaks["Kimi K2"], "<|tool_calls_section_end|>", "<|tool_call_begin|>functions.initiate_refund:1<|tool_call_argument_begin|>"+refund+"<|tool_call_end|><|tool_calls_section_end|>", 1),
		"Mistral":     `[TOOL_CALLS][{"name": "get_order_status", "arguments": {"order_id": "ORD-1"}}, {"name": "initiate_refund", "arguments": ` + refund + `}]`,
		"DeepSeek V4": strings.Replace(leaks["DeepSeek V4"], "</｜DSML｜tool_calls>", "<｜DSML｜invoke name=\"initiate_refund\">\n"+refund+"\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>", 1),
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				host := hosting(saying(text), saying("Done."))
				shop := new(shop)
				agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Tools: shop.tools()})
				reply := play(t, agent, refundTurn, stream)
				require.Len(t, reply.Results, 2)
				assert.Equal(t, "get_order_status", reply.Results[0].Call.Name)
				assert.Equal(t, "initiate_refund", reply.Results[1].Call.Name)
				assert.NotEqual(t, reply.Results[0].Call.ID, reply.Results[1].Call.ID)
				assert.Len(t, shop.refunds, 1)
			})
		})
	}
}

// TestLeakedArgumentsKeepTheirTypes is about markup that has no types, which
// come from the tool's schema then.
func TestLeakedArgumentsKeepTheirTypes(t *testing.T) {
	type input struct {
		ID     string  `json:"id"`
		Count  int     `json:"count"`
		Amount float64 `json:"amount"`
		Notify bool    `json:"notify"`
	}
	text := "<function=f>\n<parameter=id>\n00123\n</parameter>\n<parameter=count>\n2\n</parameter>\n<parameter=amount>\n49.90\n</parameter>\n<parameter=notify>\ntrue\n</parameter>\n</function>"
	var got input
	tool := frontdesk.NewTool("f", "F", func(_ context.Context, in input) (string, error) {
		got = in
		return "done", nil
	}).Trusted().WithoutAuthorize("id")
	host := hosting(saying(text), saying("Done."))
	agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Tools: []frontdesk.Tool{tool}})
	reply := play(t, agent, refundTurn, true)
	require.Equal(t, frontdesk.ToolDone, reply.Results[0].Status, reply.Results[0].Content)
	assert.Equal(t, input{"00123", 2, 49.9, true}, got)
	assert.True(t, json.Valid([]byte(reply.Results[0].Call.Arguments)))
}
