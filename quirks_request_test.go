package frontdesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// This file is about what hosts refuse in requests and what models get wrong in
// calls.

func TestSmallestRequest(t *testing.T) {
	keysOf := func(t *testing.T, body string) []string {
		t.Helper()
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(body), &fields))
		var keys []string
		for key := range fields {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		return keys
	}
	for _, model := range []string{"", "llama-3.3-70b", "qwen-3-32b", "deepseek-r1-671b", "deepseek-v3.2", "kimi-k2.6", "gpt-oss-120b"} {
		t.Run(model, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				host := hosting(saying("Hello!"), saying("Hello!"))
				agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Model: model})
				play(t, agent, refundTurn, stream)
				want := []string{"max_tokens", "messages", "model", "temperature"}
				if stream {
					want = append(want, "stream")
				}
				assert.ElementsMatch(t, want, keysOf(t, host.sent()[0]))
				assert.Equal(t, "4096", field(t, host.sent()[0], "max_tokens"), "hosts cut at 256 otherwise")
				assert.Equal(t, "0.2", field(t, host.sent()[0], "temperature"))

				agent = newAgent(t, frontdesk.Config{Provider: host.provider(), Model: model, Tools: new(shop).tools()})
				play(t, agent, refundTurn, stream)
				assert.ElementsMatch(t, append(want, "tools"), keysOf(t, host.sent()[1]))
				assert.NotContains(t, field(t, host.sent()[1], "tools"), "strict")
				assert.NotContains(t, field(t, host.sent()[1], "tools"), "$schema")
			})
		})
	}
}

// rolesOf returns the roles of a request's messages.
func rolesOf(t *testing.T, body string) []string {
	t.Helper()
	var roles []string
	for _, message := range sentMessages(t, body) {
		roles = append(roles, message["role"].(string))
	}
	return roles
}

// TestRolesAlternate is about templates that raise an error for two messages of
// the customer in a row, or for instructions that are not the first message.
func TestRolesAlternate(t *testing.T) {
	bubble(t, func(t *testing.T, stream bool) {
		host := hosting(refuse(401, "no"), refuse(401, "no"), saying("Hello!"), saying("You are welcome."))
		agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Instructions: "Be kind."})
		turn := func(text string) frontdesk.Turn {
			return frontdesk.Turn{Conversation: "c-1", Text: text, Customer: frontdesk.Customer{Profile: "A customer for years."}}
		}
		for _, text := range []string{"Hello?", "Is anybody there?"} {
			_, err := agent.Reply(t.Context(), turn(text))
			require.ErrorIs(t, err, frontdesk.ErrAuth)
		}
		play(t, agent, turn("Please answer."), stream)
		require.NoError(t, agent.Post(t.Context(), frontdesk.ConversationID{ID: "c-1"}, "Mia", "I looked into it."))
		play(t, agent, turn("Thank you."), stream)

		first, last := sentMessages(t, host.sent()[2]), host.sent()[3]
		for _, text := range []string{"Hello?", "Is anybody there?", "Please answer."} {
			assert.Contains(t, host.sent()[2], text)
		}
		assert.Equal(t, []string{"system", "user"}, rolesOf(t, host.sent()[2]), "what the customer said in a row is one message")
		assert.Contains(t, first[0]["content"], "A customer for years.", "all instructions are one message")
		roles := rolesOf(t, last)
		for i := 1; i < len(roles); i++ {
			assert.NotEqual(t, "system", roles[i])
		}
		assert.Contains(t, last, "I looked into it.")
	})
}

// TestResultsFollowTheirCalls plays turns that go wrong in the middle of a call:
// the next request must still have one result for each call, right behind it.
func TestResultsFollowTheirCalls(t *testing.T) {
	broken := errors.New("session revoked")
	tool := frontdesk.NewTool("pay", "Pay", func(context.Context, orderArgs) (string, error) { return "", frontdesk.Fatal(broken) }).Trusted().WithoutAuthorize("order_id")
	calls := answering(map[string]any{"content": nil, "tool_calls": []any{
		deltaCall{"index": 0, "id": "a", "type": "function", "function": function("pay", order1)},
		deltaCall{"index": 1, "id": "a", "type": "function", "function": function("pay", order2)},
		deltaCall{"index": 2, "id": "b", "type": "function", "function": function("no_such_tool", "{}")},
	}}, "tool_calls")
	bothWays(t, func(t *testing.T, stream bool) {
		host := hosting(calls, saying("Hello!"))
		agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Tools: []frontdesk.Tool{tool}})
		_, err := agent.Reply(t.Context(), refundTurn)
		require.ErrorIs(t, err, broken)
		play(t, agent, refundTurn, stream)
		messages := sentMessages(t, host.sent()[1])
		require.GreaterOrEqual(t, len(messages), 5)
		called := messages[1]["tool_calls"].([]any)
		require.Len(t, called, 3)
		for i, call := range called {
			assert.Equal(t, "tool", messages[2+i]["role"])
			assert.Equal(t, call.(map[string]any)["id"], messages[2+i]["tool_call_id"])
			assert.IsType(t, "", messages[2+i]["content"], "results are text")
			assert.NotEmpty(t, messages[2+i]["content"])
		}
	})
}

// TestNoEmptyAnswerInHistory is about hosts that refuse an assistant's message
// with neither text nor calls, and about models that say nothing at times.
func TestNoEmptyAnswerInHistory(t *testing.T) {
	for name, nothing := range map[string]fakeAnswer{
		"empty":   saying(""),
		"null":    answering(map[string]any{"content": nil}, "stop"),
		"blank":   saying(" \n"),
		"absent":  answering(map[string]any{"role": "assistant"}, "stop"),
		"thought": answering(map[string]any{"content": "<think>Let me call the tool.</think>\n\n"}, "stop"),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				host := hosting(nothing, saying("Hello!"), saying("Bye!"))
				agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Tools: new(shop).tools()})
				reply := play(t, agent, refundTurn, stream)
				assert.Equal(t, "Hello!", reply.Text)
				assert.Equal(t, 2, reply.Requests, "one more request, and no third")
				play(t, agent, refundTurn, stream)
				assert.Equal(t, []string{"user", "assistant", "user"}, rolesOf(t, host.sent()[2]))
			})
			bubble(t, func(t *testing.T, stream bool) {
				host := hosting(nothing, nothing, nothing)
				agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Tools: new(shop).tools()})
				reply := play(t, agent, refundTurn, stream)
				require.Equal(t, frontdesk.Escalated, reply.Outcome)
				assert.Equal(t, frontdesk.HandoffEmptyReply, reply.Handoff.Reason)
				assert.Len(t, host.sent(), 2)
			})
		})
	}
	t.Run("no choices", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, err := hosting(whole(`{"object":"chat.completion","choices":[]}`)).provider().Generate(t.Context(), question(), nil)
			require.Error(t, err)
		})
	})
}

// TestContentOfCalls is about the content of a message that only calls tools:
// the key is there, and empty.
func TestContentOfCalls(t *testing.T) {
	bothWays(t, func(t *testing.T, stream bool) {
		for _, content := range []any{nil, ""} {
			host := hosting(answering(map[string]any{"content": content, "tool_calls": []any{
				deltaCall{"index": 0, "id": "a", "type": "function", "function": function("get_order_status", order1)},
			}}, "tool_calls"), saying("Done."))
			play(t, newAgent(t, frontdesk.Config{Provider: host.provider(), Tools: new(shop).tools()}), refundTurn, stream)
			message := sentMessages(t, host.sent()[1])[1]
			require.Contains(t, message, "content")
			assert.Equal(t, "", message["content"])
		}
	})
}

// parcel is what a tool wants that tests give all sorts of arguments.
const parcel = `{"type":"object","properties":{
	"order_id":{"type":"string","description":"Number of the order, like ORD-9281"},
	"count":{"type":"integer"},
	"price":{"type":"number"},
	"express":{"type":"boolean"},
	"note":{"type":["string","null"]},
	"tags":{"type":"array","items":{"type":"string"}},
	"address":{"type":"object","properties":{"city":{"type":"string"}}},
	"reason":{"type":"string","enum":["no longer needed","ordered by mistake"]}
},"required":["order_id"],"additionalProperties":false}`

// sendParcel plays a turn in which the model calls a tool with arguments. It
// returns what the handler got, if it ran, and what the model was told.
func sendParcel(t *testing.T, arguments string) (got json.RawMessage, told string, host *fakeHost) {
	t.Helper()
	tool := frontdesk.RawTool("send_parcel", "Send a parcel", json.RawMessage(parcel),
		func(_ context.Context, arguments json.RawMessage) (string, error) {
			got = slices.Clone(arguments)
			return "sent", nil
		}).Trusted().WithoutAuthorize("order_id")
	host = hosting(calling("call_1", "send_parcel", arguments), saying("Done."))
	reply := play(t, newAgent(t, frontdesk.Config{Provider: host.provider(), Tools: []frontdesk.Tool{tool}}), refundTurn, true)
	require.Len(t, reply.Results, 1)
	require.Equal(t, reply.Results[0].Status == frontdesk.ToolDone, got != nil)
	return got, reply.Results[0].Content, host
}

func TestArgumentsThatAreMended(t *testing.T) {
	for arguments, want := range map[string]string{
		`{"order_id":"ORD-1",}`:                                order1,
		`{'order_id': 'ORD-1'}`:                                order1,
		`{'order_id': 'it\'s'}`:                                `{"order_id":"it's"}`,
		`{"order_id": "Ana's"}`:                                `{"order_id":"Ana's"}`,
		"```json\n{\"order_id\": \"ORD-1\"}\n```":              order1,
		"{\"order_id\": \"ORD-1\", \"note\": \"one\ntwo\"}":    `{"order_id":"ORD-1","note":"one\ntwo"}`,
		`{"order_id": "ORD-1", "tags": ["a", "b"`:              `{"order_id":"ORD-1","tags":["a","b"]}`,
		`"{\"order_id\": \"ORD-1\"}"`:                          order1,
		`{"order_id":"ORD-1","count":"42"}`:                    `{"order_id":"ORD-1","count":42}`,
		`{"order_id":"ORD-1","count":5.0}`:                     `{"order_id":"ORD-1","count":5}`,
		`{"order_id":"ORD-1","price":"49.90"}`:                 `{"order_id":"ORD-1","price":49.90}`,
		`{"order_id":"ORD-1","express":"true"}`:                `{"order_id":"ORD-1","express":true}`,
		`{"order_id":"ORD-1","note":"null"}`:                   `{"order_id":"ORD-1","note":"null"}`,
		`{"order_id":"ORD-1","tags":"[\"a\",\"b\"]"}`:          `{"order_id":"ORD-1","tags":["a","b"]}`,
		`{"order_id":"ORD-1","tags":"a"}`:                      `{"order_id":"ORD-1","tags":["a"]}`,
		`{"order_id":"ORD-1","address":"{\"city\":\"Rome\"}"}`: `{"order_id":"ORD-1","address":{"city":"Rome"}}`,
		`{"order_id":"{\"looks\":\"like JSON\"}"}`:             `{"order_id":"{\"looks\":\"like JSON\"}"}`,
		`{"order_id":"00123"}`:                                 `{"order_id":"00123"}`,
		`{"order_id":"ORD-1","reason":"No Longer Needed"}`:     `{"order_id":"ORD-1","reason":"no longer needed"}`,
		`{"order_id":"ORD-1","priority":"high","count":1}`:     `{"order_id":"ORD-1","count":1}`,
		"\u00a0{\"order_id\":\"ORD-1\"}\n\n":                   order1,
	} {
		t.Run(arguments, func(t *testing.T) {
			got, told, host := sendParcel(t, arguments)
			require.NotNil(t, got, told)
			assert.JSONEq(t, want, string(got))
			// What goes back to the model is text that any host can read.
			call := sentMessages(t, host.sent()[1])[1]["tool_calls"].([]any)[0].(map[string]any)["function"].(map[string]any)
			require.IsType(t, "", call["arguments"])
			var object map[string]any
			assert.NoError(t, json.Unmarshal([]byte(call["arguments"].(string)), &object))
		})
	}
}

func TestArgumentsThatAreNotMended(t *testing.T) {
	for arguments, words := range map[string]string{
		`{"order_id":"ORD-`:                       "send_parcel",
		`{"order_id`:                              "send_parcel",
		`{"order_id":"ORD-1","note":"it was`:      "send_parcel",
		`order_id=ORD-1`:                          "send_parcel",
		`["ORD-1"]`:                               "send_parcel",
		`42`:                                      "send_parcel",
		`{"order_id":"ORD-1","count":"two"}`:      "count",
		`{"order_id":"ORD-1","count":4.5}`:        "count",
		`{"order_id":"ORD-1","express":"maybe"}`:  "express",
		`{"order_id":"ORD-1","reason":"mistake"}`: `"ordered by mistake"`,
		`{"count":1}`:                             "Number of the order, like ORD-9281",
		`{}`:                                      "order_id",
		``:                                        "order_id",
		`null`:                                    "order_id",
		`{"count":"two","express":"maybe"}`:       "order_id",
	} {
		t.Run(arguments, func(t *testing.T) {
			got, told, host := sendParcel(t, arguments)
			assert.Nil(t, got, "it ran")
			assert.Contains(t, told, words)
			assert.Contains(t, told, "send_parcel")
			assert.LessOrEqual(t, strings.Count(told, "\n"), 9)
			require.Len(t, host.sent(), 2, "the model may try again")
			call := sentMessages(t, host.sent()[1])[1]["tool_calls"].([]any)[0].(map[string]any)["function"].(map[string]any)
			var object map[string]any
			assert.NoError(t, json.Unmarshal([]byte(call["arguments"].(string)), &object), "hosts parse what goes back")
		})
	}
	t.Run("every fault at once", func(t *testing.T) {
		_, told, _ := sendParcel(t, `{"count":"two","express":"maybe"}`)
		for _, name := range []string{"order_id", "count", "express"} {
			assert.Contains(t, told, name)
		}
	})
	t.Run("no long values", func(t *testing.T) {
		_, told, _ := sendParcel(t, fmt.Sprintf(`{"order_id":"ORD-1","count":%q}`, strings.Repeat("x", 5000)))
		assert.Less(t, len(told), 1000)
	})
}

// TestSpellingsOfNames is about models that write a tool's name in their own
// way.
func TestSpellingsOfNames(t *testing.T) {
	run := func(t *testing.T, name, arguments string) (frontdesk.ToolResult, *shop) {
		t.Helper()
		shop := new(shop)
		server := frontdesktest.NewServer(frontdesktest.Call(name, arguments), frontdesktest.Say("Done."))
		defer server.Close()
		reply := play(t, newAgent(t, frontdesk.Config{Provider: server.Provider(), Tools: shop.tools()}), refundTurn, true)
		require.Len(t, reply.Results, 1)
		return reply.Results[0], shop
	}
	for _, name := range []string{
		"get_order_status", "functions.get_order_status", "tools.get_order_status", "default_api.get_order_status",
		"get_order_status()", "functions.get_order_status()", " get_order_status ", "get-order-status", "Get_Order_Status", "getOrderStatus", "get.order.status",
		"functions.get_order_status:0", "get_order_status:12", "get_order_status<|channel|>commentary",
	} {
		t.Run(name, func(t *testing.T) {
			result, _ := run(t, name, `{"order_id":"ORD-1"}`)
			assert.Equal(t, frontdesk.ToolDone, result.Status, result.Content)
		})
	}
	for _, name := range []string{"initiate_refunds", "refund", "initiate_", "start_refund", "initiate_refund_order"} {
		t.Run("no guess/"+name, func(t *testing.T) {
			result, shop := run(t, name, `{"order_id":"ORD-1","reason":"x"}`)
			assert.Equal(t, frontdesk.ToolNotRun, result.Status)
			assert.Empty(t, shop.refunds)
			assert.Contains(t, result.Content, "initiate_refund", "the model is told what there is")
		})
	}
	t.Run("two tools of like names", func(t *testing.T) {
		ran := ""
		tool := func(name string) frontdesk.Tool {
			return frontdesk.NewTool(name, name, func(context.Context, orderArgs) (string, error) { ran += name; return "done", nil }).Trusted().WithoutAuthorize("order_id").ReadOnly()
		}
		server := frontdesktest.NewServer(frontdesktest.Call("Look_Up", order1), frontdesktest.Call("look-up", order1), frontdesktest.Say("Done."))
		defer server.Close()
		agent := newAgent(t, frontdesk.Config{Provider: server.Provider(), Tools: []frontdesk.Tool{tool("look_up"), tool("look-up")}})
		reply := play(t, agent, refundTurn, false)
		assert.Equal(t, frontdesk.ToolNotRun, reply.Results[0].Status, "which of the two is meant?")
		assert.Equal(t, "look-up", ran, "the exact name is not in doubt")
	})
	t.Run("many tools", func(t *testing.T) {
		var tools []frontdesk.Tool
		for i := range 40 {
			tools = append(tools, frontdesk.NewTool(fmt.Sprint("tool_", i), "", func(context.Context, struct{}) (string, error) { return "", nil }).Trusted())
		}
		tools = append(tools, frontdesk.NewTool("cancel_order", "", func(context.Context, struct{}) (string, error) { return "", nil }).Trusted())
		server := frontdesktest.NewServer(frontdesktest.Call("cancel_orders", `{}`), frontdesktest.Say("Done."))
		defer server.Close()
		reply := play(t, newAgent(t, frontdesk.Config{Provider: server.Provider(), Tools: tools}), refundTurn, false)
		assert.Contains(t, reply.Results[0].Content, "cancel_order")
		assert.LessOrEqual(t, strings.Count(reply.Results[0].Content, "tool_"), 4, "five that come closest are enough")
	})
}

// TestNamesThatHostsRefuse is about calls that went wrong and stay in the
// conversation: strict hosts refuse a request in which any name is not one, and
// with it all that the customer says from then on.
func TestNamesThatHostsRefuse(t *testing.T) {
	for _, name := range []string{"get order status", "refund(ORD-1)", "", "功能", "tools/refund", strings.Repeat("x", 200)} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				host := hosting(calling("call_1", name, `{"order_id":"ORD-1"}`), saying("Done."))
				agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Tools: new(shop).tools()})
				play(t, agent, refundTurn, stream)
				require.Len(t, host.sent(), 2)
				messages := sentMessages(t, host.sent()[1])
				called, _ := messages[1]["tool_calls"].([]any)
				for _, call := range called {
					assert.Regexp(t, `^[a-zA-Z0-9_-]{1,64}$`, call.(map[string]any)["function"].(map[string]any)["name"])
				}
			})
		})
	}
}
