package frontdesk_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// thinkingAs returns a request to a model with a profile of its own.
func thinkingAs(profile frontdesk.Profile, answers ...fakeAnswer) *frontdesk.OpenAICompatible {
	provider := hosting(answers...).provider()
	provider.Profile = &profile
	provider.Retries = -1
	return provider
}

func TestReasoningInAField(t *testing.T) {
	tests := []struct {
		name             string
		message          map[string]any
		reasoning, field string
	}{
		{"reasoning_content", map[string]any{"reasoning_content": "A refund.", "content": "Sure."}, "A refund.", "reasoning_content"},
		{"reasoning", map[string]any{"reasoning": "A refund.", "content": "Sure."}, "A refund.", "reasoning"},
		{"both, the same", map[string]any{"reasoning": "A refund.", "reasoning_content": "A refund.", "content": "Sure."}, "A refund.", "reasoning_content"},
		{"one of them null", map[string]any{"reasoning": "A refund.", "reasoning_content": nil, "content": "Sure."}, "A refund.", "reasoning"},
		{"the other null", map[string]any{"reasoning": nil, "reasoning_content": "A refund.", "content": "Sure."}, "A refund.", "reasoning_content"},
		{"one of them empty", map[string]any{"reasoning": "A refund.", "reasoning_content": "", "content": "Sure."}, "A refund.", "reasoning"},
		{"none", map[string]any{"content": "Sure."}, "", ""},
		{"a field and tags", map[string]any{"reasoning_content": "A refund.", "content": "<think>\nOr not?\n</think>\n\nSure."}, "A refund.\nOr not?\n", "reasoning_content"},
		{"a field and empty tags", map[string]any{"reasoning_content": "A refund.", "content": "<think>\n\n</think>\n\nSure."}, "A refund.", "reasoning_content"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				response, text, thought, err := generate(t.Context(), hosting(answering(test.message, "stop")).provider(), withTools(), stream)
				require.NoError(t, err)
				assert.Equal(t, "Sure.", response.Message.Text)
				assert.Equal(t, test.reasoning, response.Message.Reasoning)
				if test.reasoning != "" {
					assert.Equal(t, test.field, response.Message.ReasoningField)
				}
				if stream {
					assert.Equal(t, "Sure.", text)
					assert.Equal(t, strings.ReplaceAll(test.reasoning, "\n", ""), strings.ReplaceAll(thought, "\n", ""))
				}
			})
		})
	}
}

// The texts in which thoughts stand beside the answer, which is "Sure." in all.
var thoughtful = map[string]string{
	"tags":                 "<think>\nA refund.\n</think>\n\nSure.",
	"blanks before":        "\n\n <think>A refund.</think>Sure.",
	"other tags":           "<thinking>A refund.</thinking>\nSure.",
	"Mistral's tags":       "[THINK]A refund.[/THINK]Sure.",
	"Kimi's tags":          "◁think▷A refund.◁/think▷Sure.",
	"two thoughts":         "<think>A refund.</think>\n<think>Why not?</think>\nSure.",
	"an empty thought":     "<think>\n\n</think>\n\nSure.",
	"a bracket in it":      "<think>a < b, </thin, </ think></think>Sure.",
	"a call in it, quoted": "<think>I could `<tool_call>`.</think>Sure.",
}

func TestThinkTags(t *testing.T) {
	for name, text := range thoughtful {
		for _, opened := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/opened=%v", name, opened), func(t *testing.T) {
				host := new(fakeHost)
				provider := host.provider()
				provider.Profile = &frontdesk.Profile{ThoughtOpened: opened}
				check := func(stream bool, pieces ...string) {
					t.Helper()
					answer := saying(text)
					if stream {
						answer = streamedText(pieces...)
					}
					host.add(answer)
					response, shown, err := watchText(t.Context(), provider, withTools())
					require.NoError(t, err)
					require.Equal(t, "Sure.", response.Message.Text)
					require.Equal(t, "Sure.", shown, "cut as %q", pieces)
					require.NotContains(t, response.Message.Reasoning, "Sure")
					if strings.Contains(text, "refund") {
						require.Contains(t, response.Message.Reasoning, "A refund.")
					}
				}
				check(false)
				check(true, text)
				check(true, strings.Split(text, "")...)
				for i := range text {
					check(true, text[:i], text[i:])
				}
				host.add(whole(toJSON(map[string]any{"choices": []any{map[string]any{"message": map[string]any{"content": text}, "finish_reason": "stop"}}})))
				response, err := provider.Generate(t.Context(), withTools(), nil)
				require.NoError(t, err)
				require.Equal(t, "Sure.", response.Message.Text)
			})
		}
	}
}

// TestTemplateOpensTheThought is about models whose prompt ends with the opening
// tag, so that only the closing one arrives. Where the profile says so, nothing
// of the thought is shown; where it does not, it is taken back.
func TestTemplateOpensTheThought(t *testing.T) {
	const text = "A refund, then.\n</think>\n\nSure."
	for i := range text {
		pieces := []string{text[:i], text[i:]}
		response, shown, err := watchText(t.Context(), thinkingAs(frontdesk.Profile{ThoughtOpened: true}, streamedText(pieces...)), withTools())
		require.NoError(t, err)
		require.Equal(t, "Sure.", shown)
		require.Equal(t, "Sure.", response.Message.Text)

		response, shown, err = watchText(t.Context(), thinkingAs(frontdesk.Profile{}, streamedText(pieces...)), withTools())
		require.NoError(t, err)
		require.Equal(t, "Sure.", response.Message.Text)
		require.Equal(t, "A refund, then.", strings.TrimSpace(response.Message.Reasoning))
		before, after, reset := strings.Cut(shown, "|")
		if !reset {
			before, after = "", shown
		}
		require.True(t, strings.HasPrefix("A refund, then.\n", before), "%q was shown", shown)
		require.Equal(t, "Sure.", after)
	}
	t.Run("plain", func(t *testing.T) {
		for _, opened := range []bool{false, true} {
			response, err := thinkingAs(frontdesk.Profile{ThoughtOpened: opened}, saying(text)).Generate(t.Context(), withTools(), nil)
			require.NoError(t, err)
			assert.Equal(t, "Sure.", response.Message.Text)
		}
	})
	t.Run("in a turn", func(t *testing.T) {
		agent := newAgent(t, frontdesk.Config{Unguarded: true, Provider: hosting(streamedText("A refund, ", "then.", "\n</think>", "\n\nSu", "re.")).provider(), Tools: new(shop).tools()})
		var seen string
		for event, err := range agent.Stream(t.Context(), refundTurn) {
			require.NoError(t, err)
			switch event := event.(type) {
			case frontdesk.TextDelta:
				seen += event.Text
			case frontdesk.Reset:
				seen += "|"
			case frontdesk.Done:
				assert.Equal(t, "Sure.", event.Reply.Text)
			}
		}
		assert.Equal(t, "A refund, then.|Sure.", seen)
	})
	t.Run("and the model does not think", func(t *testing.T) {
		bothWays(t, func(t *testing.T, stream bool) {
			response, shown, _, err := generate(t.Context(), thinkingAs(frontdesk.Profile{ThoughtOpened: true}, saying("Sure.")), withTools(), stream)
			require.NoError(t, err)
			assert.Equal(t, "Sure.", response.Message.Text, "no tag at all: it is the answer")
			assert.Empty(t, response.Message.Reasoning)
			if stream {
				assert.Equal(t, "Sure.", shown)
			}
		})
	})
	t.Run("and the host takes it out", func(t *testing.T) {
		bothWays(t, func(t *testing.T, stream bool) {
			provider := thinkingAs(frontdesk.Profile{ThoughtOpened: true}, answering(map[string]any{"reasoning_content": "A refund.", "content": "Sure."}, "stop"))
			response, shown, _, err := generate(t.Context(), provider, withTools(), stream)
			require.NoError(t, err)
			assert.Equal(t, "Sure.", response.Message.Text)
			assert.Equal(t, "A refund.", response.Message.Reasoning)
			if stream {
				assert.Equal(t, "Sure.", shown)
			}
		})
	})
}

// TestUnclosedThought is about an answer that ends within a thought, whatever
// the reason the host gives: there is no answer in it.
func TestUnclosedThought(t *testing.T) {
	for _, text := range []string{
		"<think>", "<think>\nA refund. I should", "<think>A refund.</think>\n<think>Or not", "[THINK]A refund", "<think>I call <tool_call>{\"name\": \"get_order_status\", \"arguments\": {\"order_id\": \"ORD-1\"}}</tool_call>",
	} {
		for _, opened := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/opened=%v", text, opened), func(t *testing.T) {
				bubble(t, func(t *testing.T, stream bool) {
					_, shown, _, err := generate(t.Context(), thinkingAs(frontdesk.Profile{ThoughtOpened: opened}, saying(text)), withTools(), stream)
					require.ErrorIs(t, err, frontdesk.ErrTruncated)
					var cut *frontdesk.TruncatedError
					require.ErrorAs(t, err, &cut)
					assert.Empty(t, cut.Message.Text)
					assert.Empty(t, cut.Message.Calls)
					if strings.Contains(text, "refund") {
						assert.Contains(t, cut.Message.Reasoning, "A refund")
					}
					assert.Empty(t, shown)
				})
			})
		}
	}
	t.Run("is asked once more", func(t *testing.T) {
		bubble(t, func(t *testing.T, stream bool) {
			host := hosting(saying("<think>\nA refund."), saying("<think>\nA refund.</think>\nSure."))
			response, _, _, err := generate(t.Context(), host.provider(), withTools(), stream)
			require.NoError(t, err)
			assert.Equal(t, "Sure.", response.Message.Text)
			assert.Len(t, host.sent(), 2)
		})
	})
	t.Run("at max_tokens it is not", func(t *testing.T) {
		bubble(t, func(t *testing.T, stream bool) {
			host := hosting(answering(map[string]any{"content": "<think>\nA refund."}, "length"))
			_, _, _, err := generate(t.Context(), host.provider(), withTools(), stream)
			var cut *frontdesk.TruncatedError
			require.ErrorAs(t, err, &cut)
			assert.Equal(t, frontdesk.FinishLength, cut.Finish)
			assert.Empty(t, cut.Message.Text)
			assert.Len(t, host.sent(), 1)
		})
	})
}

// TestTagsInAnAnswer is about answers that speak of tags.
func TestTagsInAnAnswer(t *testing.T) {
	for _, text := range []string{
		"The model writes <think> before it thinks and </think> after it.",
		"Use `</think>` to end a thought.",
		"```\n</think>\n```",
		"a < b </ c",
	} {
		for i := range text {
			response, shown, err := watchText(t.Context(), thinkingAs(frontdesk.Profile{}, streamedText(text[:i], text[i:])), withTools())
			require.NoError(t, err)
			require.Equal(t, text, response.Message.Text)
			require.Equal(t, text, shown)
		}
	}
}

// TestThoughtsAreNoAnswer looks at all that leaves a turn.
func TestThoughtsAreNoAnswer(t *testing.T) {
	call := deltaCall{"index": 0, "id": "call_1", "type": "function", "function": function("get_order_status", `{"order_id":"ORD-9281"}`)}
	for name, answers := range map[string][]fakeAnswer{
		"fields": {
			answering(map[string]any{"reasoning_content": "SECRET one", "content": "Let me look.", "tool_calls": []any{call}}, "tool_calls"),
			answering(map[string]any{"reasoning_content": "SECRET two", "content": "It was delivered."}, "stop"),
		},
		"tags": {
			answering(map[string]any{"content": "<think>SECRET one</think>\n\nLet me look.", "tool_calls": []any{call}}, "tool_calls"),
			answering(map[string]any{"content": "<think>\nSECRET two\n</think>\n\nIt was delivered."}, "stop"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				host := hosting(answers...)
				memory := new(frontdesk.InMemory)
				agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Tools: new(shop).tools(), Memory: memory})
				var reply *frontdesk.Reply
				var text, thoughts string
				if stream {
					for event, err := range agent.Stream(t.Context(), refundTurn) {
						require.NoError(t, err)
						switch event := event.(type) {
						case frontdesk.TextDelta:
							text += event.Text
						case frontdesk.ReasoningDelta:
							thoughts += event.Text + ";"
						case frontdesk.Reset:
							require.Fail(t, "reset")
						case frontdesk.Done:
							reply = event.Reply
						}
					}
					assert.Equal(t, "Let me look.It was delivered.", text)
					assert.Equal(t, 2, strings.Count(thoughts, "SECRET"))
				} else {
					reply = play(t, agent, refundTurn, false)
				}
				assert.Equal(t, "It was delivered.", reply.Text)
				encoded, err := json.Marshal(reply)
				require.NoError(t, err)
				assert.NotContains(t, string(encoded), "SECRET")

				log, err := memory.Load(t.Context(), frontdesk.ConversationID{ID: refundTurn.Conversation}, 0)
				require.NoError(t, err)
				kept := 0
				for _, entry := range log {
					if strings.Contains(string(entry.Data), "SECRET") {
						kept++
						assert.Equal(t, frontdesk.EntryAnswer, entry.Kind)
					}
				}
				assert.Equal(t, 2, kept, "they are kept with the answers")
				assert.NotContains(t, host.sent()[1], "SECRET", "m-1 wants no thoughts back")
			})
		})
	}
}

// TestReasoningIsEchoed plays two turns and looks at the last request: thoughts
// go back with each message that calls tools, and with no other.
func TestReasoningIsEchoed(t *testing.T) {
	call := func(id, order string) []any {
		return []any{deltaCall{"index": 0, "id": id, "type": "function", "function": function("get_order_status", toJSON(map[string]string{"order_id": order}))}}
	}
	with := func(field, thought string, message map[string]any) map[string]any {
		if field != "" {
			message[field] = thought
		}
		return message
	}
	for _, test := range []struct {
		model string
		echo  bool
	}{
		{"deepseek-v3.2", true}, {"deepseek-v4-flash", true}, {"kimi-k2.6", true}, {"moonshotai/Kimi-K2.5", true},
		{"llama-3.3-70b", false}, {"qwen-3-32b", false}, {"deepseek-r1-671b", false}, {"somebody's-model", false},
	} {
		for _, field := range []string{"reasoning_content", "reasoning", ""} {
			t.Run(test.model+"/"+field, func(t *testing.T) {
				bothWays(t, func(t *testing.T, stream bool) {
					host := hosting(
						answering(with(field, "First.", map[string]any{"content": "", "tool_calls": call("call_1", "ORD-1")}), "tool_calls"),
						answering(with(field, "", map[string]any{"content": "", "tool_calls": call("call_2", "ORD-2")}), "tool_calls"),
						answering(with(field, "Enough.", map[string]any{"content": "Both were delivered."}), "stop"),
						answering(with(field, "Third.", map[string]any{"content": "", "tool_calls": call("call_3", "ORD-3")}), "tool_calls"),
						saying("It was delivered too."),
					)
					agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Model: test.model, Tools: new(shop).tools()})
					play(t, agent, refundTurn, stream)
					play(t, agent, refundTurn, stream)
					require.Len(t, host.sent(), 5)

					// The field is always there, empty if nothing was thought, since
					// its absence is refused.
					name := field
					if name == "" {
						name = "reasoning_content"
					}
					want := map[string]any{"Both were delivered.": nil}
					thoughts := []any{"First.", "", "Third."}
					if field == "" {
						thoughts = []any{"", "", ""}
					}
					calls := 0
					for _, message := range sentMessages(t, host.sent()[4]) {
						if message["role"] != "assistant" {
							assert.NotContains(t, message, "reasoning")
							assert.NotContains(t, message, "reasoning_content")
							continue
						}
						if _, called := message["tool_calls"]; !called {
							assert.Contains(t, want, message["content"])
							assert.NotContains(t, message, "reasoning")
							assert.NotContains(t, message, "reasoning_content")
							continue
						}
						if test.echo {
							// Where there was none, the field of the model's family does.
							other := map[string]string{"reasoning": "reasoning_content", "reasoning_content": "reasoning"}[name]
							if value, ok := message[name]; ok || thoughts[calls] != "" {
								assert.Equal(t, thoughts[calls], value)
								assert.NotContains(t, message, other)
							} else {
								assert.Equal(t, "", message[other])
							}
						} else {
							assert.NotContains(t, message, "reasoning")
							assert.NotContains(t, message, "reasoning_content")
						}
						calls++
					}
					assert.Equal(t, 3, calls)
				})
			})
		}
	}
	t.Run("from tags", func(t *testing.T) {
		host := hosting(answering(map[string]any{"content": "<think>First.</think>", "tool_calls": call("call_1", "ORD-1")}, "tool_calls"), saying("Done."))
		agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Model: "kimi-k2.6", Tools: new(shop).tools()})
		play(t, agent, refundTurn, true)
		message := sentMessages(t, host.sent()[1])[1]
		assert.Equal(t, "First.", message["reasoning_content"])
		assert.Equal(t, "", message["content"], "the tags do not go back")
	})
}

// TestKimisCallIDs plays two turns with parallel calls under ids of all kinds.
// On the wire they are counted through the conversation; in the log they are
// the host's.
func TestKimisCallIDs(t *testing.T) {
	calls := func(ids ...any) fakeAnswer {
		var calls []any
		for i, id := range ids {
			calls = append(calls, deltaCall{"index": i, "id": id, "type": "function", "function": function("get_order_status", fmt.Sprintf(`{"order_id":"ORD-%d"}`, i))})
		}
		return answering(map[string]any{"content": "", "tool_calls": calls}, "tool_calls")
	}
	for model, numbered := range map[string]bool{"kimi-k2.6": true, "Kimi-K2-Instruct": true, "llama-3.3-70b": false, "deepseek-v3.2": false} {
		t.Run(model, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				host := hosting(
					calls("chatcmpl-tool-1", "functions.get_order_status:7"), calls("functions.get_order_status:0"), saying("One."),
					calls("functions.get_order_status:0", "call_1"), calls(""), saying("Two."),
				)
				memory := new(frontdesk.InMemory)
				agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Model: model, Tools: new(shop).tools(), Memory: memory})
				play(t, agent, refundTurn, stream)
				play(t, agent, refundTurn, stream)

				for _, body := range host.sent() {
					var ids, results []string
					for _, message := range sentMessages(t, body) {
						called, _ := message["tool_calls"].([]any)
						for _, call := range called {
							ids = append(ids, call.(map[string]any)["id"].(string))
						}
						if message["role"] == "tool" {
							results = append(results, message["tool_call_id"].(string))
						}
					}
					assert.Equal(t, ids, results, "results stand in the order of their calls")
					if numbered {
						for i, id := range ids {
							assert.Equal(t, fmt.Sprintf("functions.get_order_status:%d", i), id)
						}
					} else {
						own := []string{"chatcmpl-tool-1", "functions.get_order_status:7", "functions.get_order_status:0", "functions.get_order_status:0", "call_1"}
						for i := range min(len(own), len(ids)) {
							assert.Equal(t, own[i], ids[i])
						}
					}
				}
				log, err := memory.Load(t.Context(), frontdesk.ConversationID{ID: refundTurn.Conversation}, 0)
				require.NoError(t, err)
				var kept []string
				for _, entry := range log {
					var answer struct{ Message frontdesk.Message }
					if entry.Kind == frontdesk.EntryAnswer {
						require.NoError(t, json.Unmarshal(entry.Data, &answer))
						for _, call := range answer.Message.Calls {
							kept = append(kept, call.ID)
						}
					}
				}
				require.Len(t, kept, 6, "the last came without an id")
				assert.Equal(t, []string{"chatcmpl-tool-1", "functions.get_order_status:7", "functions.get_order_status:0", "functions.get_order_status:0", "call_1"}, kept[:5])
			})
		})
	}
}

// TestAnswerInTheThoughtsAlone is about hosts that put all of an answer into the
// reasoning: it is not shown, but asked for once more.
func TestAnswerInTheThoughtsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := hosting(answering(map[string]any{"reasoning_content": "Sure.", "content": ""}, "stop"), saying("Sure."))
		agent := newAgent(t, frontdesk.Config{Provider: host.provider()})
		reply := play(t, agent, refundTurn, true)
		assert.Equal(t, "Sure.", reply.Text)
		assert.Equal(t, 2, reply.Requests)

		silent := answering(map[string]any{"reasoning_content": "Sure.", "content": ""}, "stop")
		agent = newAgent(t, frontdesk.Config{Provider: hosting(silent, silent, silent).provider()})
		reply = play(t, agent, refundTurn, true)
		require.Equal(t, frontdesk.Escalated, reply.Outcome)
		assert.Equal(t, frontdesk.HandoffEmptyReply, reply.Handoff.Reason)
		assert.Equal(t, 2, reply.Requests)
	})
}
