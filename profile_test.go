package frontdesk_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

func TestProfileOf(t *testing.T) {
	kimi := frontdesk.Profile{EchoReasoning: true, NumberedCallIDs: true, Thinking: frontdesk.SwitchThinking}
	deepseek := frontdesk.Profile{EchoReasoning: true, Thinking: frontdesk.SwitchThinking}
	qwen := frontdesk.Profile{Thinking: frontdesk.SwitchTemplate}
	r1 := frontdesk.Profile{ThoughtOpened: true}
	for model, want := range map[string]frontdesk.Profile{
		"":                        {},
		"llama-3.3-70b":           {},
		"qwen-3-32b":              qwen,
		"Qwen/Qwen3-32B":          qwen,
		"qwen2.5-72b":             {},
		"openai/gpt-oss-120b":     {JSONSchema: true, Thinking: frontdesk.SwitchEffort},
		"deepseek-v3":             {},
		"deepseek-v3.1":           {},
		"kimi-k2.6":               kimi,
		"kimi-k2-6":               kimi,
		"Kimi-K2-Instruct-0905":   kimi,
		"moonshotai/Kimi-K2.6":    kimi,
		"deepseek-r1-671b":        r1,
		"deepseek-r1":             r1,
		"DeepSeek-R1-0528":        r1,
		"deepseek-v3.2":           deepseek,
		"DeepSeek-V3.2-Exp":       deepseek,
		"deepseek_v3_2":           deepseek,
		"deepseek-v4-flash":       deepseek,
		"deepseek-ai/DeepSeek-V4": deepseek,
	} {
		assert.Equal(t, want, frontdesk.ProfileOf(model), model)
	}
}

// toolHistory is a conversation in which the model called a tool without a
// word, and then answered.
func toolHistory(model string) *frontdesk.Request {
	request := withTools()
	request.Model = model
	request.Messages = []frontdesk.Message{
		{Role: frontdesk.RoleUser, Text: "Where is ORD-9281?"},
		{
			Role: frontdesk.RoleAssistant, Reasoning: "I look it up.", ReasoningField: "reasoning_content",
			Calls: []frontdesk.ToolCall{{ID: "call_1", Name: "get_order_status", Arguments: `{"order_id":"ORD-9281"}`}},
		},
		{Role: frontdesk.RoleTool, CallID: "call_1", Text: "delivered"},
	}
	return request
}

// field returns the JSON text of a parameter of a request, "" if it was not
// sent.
func field(t *testing.T, body, name string) string {
	t.Helper()
	var request map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(body), &request))
	return string(request[name])
}

// refusals are the shapes in which hosts name a parameter they do not want.
func refusals(parameter string) map[string]fakeAnswer {
	refusals := make(map[string]fakeAnswer)
	for name, body := range map[string]string{
		"OpenAI":    `{"error":{"message":"Unsupported parameter: 'PARAMETER' is not supported with this model.","type":"invalid_request_error","param":"PARAMETER","code":"unsupported_parameter"}}`,
		"param":     `{"error":{"message":"Unsupported value.","type":"invalid_request_error","param":"PARAMETER","code":"unsupported_value"}}`,
		"a string":  `{"error":"PARAMETER is not supported"}`,
		"top":       `{"object":"error","message":"PARAMETER: extra fields not permitted","type":"BadRequestError","param":null,"code":400}`,
		"FastAPI":   `{"detail":[{"type":"extra_forbidden","loc":["body","PARAMETER"],"msg":"Extra inputs are not permitted","input":1}]}`,
		"a detail":  `{"detail":"Unknown field PARAMETER"}`,
		"backticks": "{\"error\":{\"message\":\"property `PARAMETER` is unsupported\"}}",
		"words":     `unknown parameter PARAMETER`,
	} {
		for _, status := range []int{400, 422} {
			refusals[fmt.Sprint(status, " ", name)] = refuseWith(status, "application/json", strings.ReplaceAll(body, "PARAMETER", parameter))
		}
	}
	return refusals
}

// learns asks twice, of a host that refuses the first request and takes all
// that follow, and then for another model. It returns the four requests: what
// was refused, what was sent instead, the next one, that for another model.
func learns(t *testing.T, refusal fakeAnswer, request func(model string) *frontdesk.Request, stream bool) []string {
	t.Helper()
	host := hosting(refusal, saying("One."), saying("Two."), saying("Three."))
	provider := host.provider()
	provider.Retries = -1 // to learn is not to try again
	began := time.Now()
	for i, model := range []string{"m-1", "m-1", "m-2"} {
		response, _, _, err := generate(t.Context(), provider, request(model), stream)
		require.NoError(t, err)
		assert.Equal(t, []string{"One.", "Two.", "Three."}[i], response.Message.Text)
		assert.Equal(t, []int{2, 1, 1}[i], response.Requests, "the refused one is paid for too")
	}
	assert.Zero(t, time.Since(began), "there is nothing to wait for")
	require.Len(t, host.sent(), 4)
	return host.sent()
}

func asking(model string) *frontdesk.Request {
	request := question()
	request.Model = model
	return request
}

func TestLearnsToSendNoTemperature(t *testing.T) {
	for name, refusal := range refusals("temperature") {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				sent := learns(t, refusal, asking, stream)
				for i, want := range []string{"0.2", "", "", "0.2"} {
					assert.Equal(t, want, field(t, sent[i], "temperature"), "request %d", i)
					assert.Equal(t, "100", field(t, sent[i], "max_tokens"))
				}
			})
		})
	}
}

func TestLearnsTheNameOfMaxTokens(t *testing.T) {
	t.Run("another name", func(t *testing.T) {
		refusal := refuse(400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
		bubble(t, func(t *testing.T, stream bool) {
			sent := learns(t, refusal, asking, stream)
			for i, want := range []string{"100", "", "", "100"} {
				assert.Equal(t, want, field(t, sent[i], "max_tokens"))
			}
			for i, want := range []string{"", "100", "100", ""} {
				assert.Equal(t, want, field(t, sent[i], "max_completion_tokens"))
			}
		})
	})
	for name, refusal := range refusals("max_tokens") {
		t.Run("none/"+name, func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				sent := learns(t, refusal, asking, stream)
				for i, want := range []string{"100", "", "", "100"} {
					assert.Equal(t, want, field(t, sent[i], "max_tokens"))
					assert.Empty(t, field(t, sent[i], "max_completion_tokens"))
					assert.Equal(t, "0.2", field(t, sent[i], "temperature"))
				}
			})
		})
	}
}

func TestLearnsHowToAskForJSON(t *testing.T) {
	structured := func(string) *frontdesk.Request {
		request := question()
		request.Output = json.RawMessage(`{"type":"object","properties":{"reason":{"type":"string"}}}`)
		return request
	}
	format := func(t *testing.T, body string) string {
		t.Helper()
		var format struct{ Type string }
		if text := field(t, body, "response_format"); text != "" {
			require.NoError(t, json.Unmarshal([]byte(text), &format))
		}
		return format.Type
	}
	for _, message := range []string{
		"response_format.type 'json_schema' is not supported", "This response_format type is unavailable now",
		"json_schema is not supported by this model", "'response_format.type' must be 'json_object' or 'text'",
	} {
		t.Run(message, func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				host := hosting(refuse(400, message), saying("{}"), refuse(400, message), saying("{}"), refuse(400, message))
				provider := host.provider()
				provider.Profile = &frontdesk.Profile{JSONSchema: true}
				for range 2 {
					_, _, _, err := generate(t.Context(), provider, structured(""), stream)
					require.NoError(t, err)
				}
				var formats []string
				for _, body := range host.sent() {
					formats = append(formats, format(t, body))
				}
				assert.Equal(t, []string{"json_schema", "json_object", "json_object", ""}, formats)

				_, _, _, err := generate(t.Context(), provider, structured(""), stream)
				require.Error(t, err, "there is nothing left to leave out")
				assert.Len(t, host.sent(), 5)
				assert.Empty(t, format(t, host.sent()[4]))
			})
		})
	}
	t.Run("a model without schemas begins with JSON mode", func(t *testing.T) {
		host := hosting(saying("{}"))
		_, err := host.provider().Generate(t.Context(), structured(""), nil)
		require.NoError(t, err)
		assert.Equal(t, "json_object", format(t, host.sent()[0]))
	})
}

func TestLearnsTheContentOfACall(t *testing.T) {
	content := func(t *testing.T, body string) any {
		t.Helper()
		message := sentMessages(t, body)[1]
		require.Equal(t, "assistant", message["role"])
		require.Contains(t, message, "content", "the key must be there")
		return message["content"]
	}
	for _, message := range []string{
		"messages[1].content: String should have at least 1 character",
		"Invalid value for 'content': expected null or a non-empty string",
		"messages.1.content must not be empty",
	} {
		t.Run("null/"+message, func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				sent := learns(t, refuse(400, message), toolHistory, stream)
				for i, want := range []any{"", nil, nil, ""} {
					assert.Equal(t, want, content(t, sent[i]))
				}
			})
		})
	}
	t.Run("empty", func(t *testing.T) {
		bubble(t, func(t *testing.T, stream bool) {
			host := hosting(refuse(400, "messages[1].content: null is not allowed"), saying("One."), saying("Two."))
			provider := host.provider()
			provider.Profile = &frontdesk.Profile{NullContent: true}
			for range 2 {
				_, _, _, err := generate(t.Context(), provider, toolHistory("m-1"), stream)
				require.NoError(t, err)
			}
			for i, want := range []any{nil, "", ""} {
				assert.Equal(t, want, content(t, host.sent()[i]))
			}
		})
	})
}

func TestLearnsWhetherReasoningIsWanted(t *testing.T) {
	reasoning := func(t *testing.T, body string) any {
		t.Helper()
		return sentMessages(t, body)[1]["reasoning_content"]
	}
	for _, message := range []string{
		"The `reasoning_content` in the thinking mode must be passed back to the API.",
		"thinking is enabled but reasoning_content is missing in assistant tool call message at index 1",
		"Missing `reasoning_content` field in the assistant message at message index 1",
	} {
		t.Run("wanted/"+message, func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				sent := learns(t, refuse(400, message), toolHistory, stream)
				for i, want := range []any{nil, "I look it up.", "I look it up.", nil} {
					assert.Equal(t, want, reasoning(t, sent[i]))
				}
			})
		})
	}
	t.Run("unwanted", func(t *testing.T) {
		bubble(t, func(t *testing.T, stream bool) {
			host := hosting(refuse(422, "messages[1]: unknown field `reasoning_content`"), saying("One."), saying("Two."))
			provider := host.provider()
			for range 2 {
				_, _, _, err := generate(t.Context(), provider, toolHistory("deepseek-v3.2"), stream)
				require.NoError(t, err)
			}
			for i, want := range []any{"I look it up.", nil, nil} {
				assert.Equal(t, want, reasoning(t, host.sent()[i]))
			}
		})
	})
}

// TestLearnsInTheMiddleOfAConversation is about messages that were sent before
// in another form: all of them change.
func TestLearnsInTheMiddleOfAConversation(t *testing.T) {
	bubble(t, func(t *testing.T, stream bool) {
		call := answering(map[string]any{"reasoning_content": "THOUGHT", "content": "", "tool_calls": []any{
			deltaCall{"index": 0, "id": "a", "type": "function", "function": function("get_order_status", order1)},
		}}, "tool_calls")
		host := hosting(call, saying("One."), call, refuse(400, "unknown field reasoning_content"), saying("Two."), call, saying("Three."))
		agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Model: "deepseek-v3.2", Tools: new(shop).tools()})
		for _, want := range []string{"One.", "Two.", "Three."} {
			assert.Equal(t, want, play(t, agent, refundTurn, stream).Text)
		}
		var echoed []int
		for _, body := range host.sent() {
			echoed = append(echoed, strings.Count(body, "THOUGHT"))
		}
		assert.Equal(t, []int{0, 1, 1, 2, 0, 0, 0}, echoed)
	})
}

// TestNothingToLearn is about refusals that name nothing we could put
// otherwise: the same request must not be sent, and paid for, again.
func TestNothingToLearn(t *testing.T) {
	for _, test := range []struct {
		name    string
		refusal fakeAnswer
		request func(model string) *frontdesk.Request
	}{
		{"a parameter that was not sent", refuse(400, "Unknown parameter: 'top_p'."), toolHistory},
		{"another one", refuse(422, "parallel_tool_calls is not supported"), toolHistory},
		{"stream_options", refuse(400, "stream_options is not allowed"), toolHistory},
		{"response_format without structured output", refuse(400, "response_format: json_schema is not supported"), toolHistory},
		{"a part of a word", refuse(400, "the temperatures are unknown"), asking},
		{"no words", refuse(400, ""), toolHistory},
		{"content, where there is no call without words", refuse(400, "messages[0].content: too many images"), asking},
		{"a policy on content", refuse(400, "Your request was rejected by our content policy."), asking},
		{"reasoning, where there is none", refuse(400, "this model needs reasoning_effort"), asking},
		{"reasoning, before any call", refuse(400, "reasoning_content is not a valid field"), asking},
		{"another status", refuse(404, "temperature"), asking},
		{"a key", refuse(401, "temperature"), asking},
		{"a plan", refuse(403, "temperature is a feature of the Pro plan"), asking},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				host := hosting(test.refusal, saying("Hello!"), saying("Hello!"))
				provider := host.provider()
				_, _, _, err := generate(t.Context(), provider, test.request("m-1"), stream)
				require.Error(t, err)
				require.Len(t, host.sent(), 1)
				_, _, _, err = generate(t.Context(), provider, test.request("m-1"), stream)
				require.NoError(t, err)
				assert.Equal(t, host.sent()[0], host.sent()[1], "nothing was learned")
			})
		})
	}
}

func TestAnOverflowTeachesNothing(t *testing.T) {
	for _, message := range []string{
		"This model's maximum context length is 8192 tokens. However, you requested 9200 tokens: reduce the length of the messages or max_tokens.",
		"'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 8192 tokens and your request has 5104 input tokens.",
		"The content of the messages exceeds the context window",
	} {
		bubble(t, func(t *testing.T, stream bool) {
			host := hosting(refuse(400, message), saying("Hello!"))
			provider := host.provider()
			_, _, _, err := generate(t.Context(), provider, toolHistory("m-1"), stream)
			require.ErrorIs(t, err, frontdesk.ErrContextWindow)
			require.Len(t, host.sent(), 1)
			_, _, _, err = generate(t.Context(), provider, toolHistory("m-1"), stream)
			require.NoError(t, err)
			assert.Equal(t, host.sent()[0], host.sent()[1])
		})
	}
}

func TestSeveralLessons(t *testing.T) {
	bubble(t, func(t *testing.T, stream bool) {
		host := hosting(refuse(400, "temperature is not supported"), refuse(400, "max_tokens is not supported"), saying("Hello!"), saying("Hello!"))
		provider := host.provider()
		provider.Retries = -1
		for _, requests := range []int{3, 1} {
			response, _, _, err := generate(t.Context(), provider, question(), stream)
			require.NoError(t, err)
			assert.Equal(t, requests, response.Requests, "each of them is paid for")
		}
		newest := host.sent()[3]
		assert.Empty(t, field(t, newest, "temperature"))
		assert.Empty(t, field(t, newest, "max_tokens"))
	})
	t.Run("from a host that is never content", func(t *testing.T) {
		// It wants the one thing, and then the other again.
		bubble(t, func(t *testing.T, stream bool) {
			host := &fakeHost{always: func(body string) fakeAnswer {
				if strings.Contains(body, "reasoning_content") {
					return refuse(400, "unknown field reasoning_content")
				}
				return refuse(400, "reasoning_content must be passed back")
			}}
			_, _, _, err := generate(t.Context(), host.provider(), toolHistory("m-1"), stream)
			require.ErrorContains(t, err, "reasoning_content")
			assert.Len(t, host.sent(), 2, "no form is sent twice")
		})
	})
	t.Run("no more than a few", func(t *testing.T) {
		bubble(t, func(t *testing.T, stream bool) {
			var refusals int
			host := &fakeHost{always: func(body string) fakeAnswer {
				refusals++
				return refuse(400, "unsupported: max_tokens, temperature, content, response_format, max_completion_tokens, reasoning, format, thinking")
			}}
			request := toolHistory("m-1")
			request.Output, request.Thinking = json.RawMessage(`{"type":"object"}`), frontdesk.ThinkingOff
			provider := host.provider()
			provider.Profile = &frontdesk.Profile{JSONSchema: true, Thinking: frontdesk.SwitchThinking}
			_, _, _, err := generate(t.Context(), provider, request, stream)
			require.Error(t, err)
			assert.Equal(t, 5, refusals)
		})
	})
	t.Run("beside the tries that fail in passing", func(t *testing.T) {
		bubble(t, func(t *testing.T, stream bool) {
			host := hosting(refuse(503, "busy"), refuse(400, "temperature is not supported"), refuse(503, "busy"), saying("Hello!"))
			response, _, _, err := generate(t.Context(), host.provider(), question(), stream)
			require.NoError(t, err)
			assert.Equal(t, 4, response.Requests)
		})
	})
}

// TestLearningTogether lets many conversations find out the same thing at the
// same time, as after the start of a process.
func TestLearningTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const conversations = 30
		host := &fakeHost{always: func(body string) fakeAnswer {
			return func(r *http.Request) (*http.Response, error) {
				time.Sleep(time.Second) // all requests are on the wire by then
				if strings.Contains(body, "temperature") {
					return refuse(400, "temperature is not supported")(r)
				}
				return saying("Hello!")(r)
			}
		}}
		provider := host.provider()
		var group sync.WaitGroup
		for i := range conversations {
			group.Go(func() {
				if _, _, _, err := generate(t.Context(), provider, asking("m-1"), i%2 == 0); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		assert.Len(t, host.sent(), 2*conversations)
	})
}

func TestModelThatCannotCallTools(t *testing.T) {
	bothWays(t, func(t *testing.T, stream bool) {
		host := hosting(saying("Hello!"))
		provider := host.provider()
		provider.Profile = &frontdesk.Profile{NoTools: true}
		_, _, _, err := generate(t.Context(), provider, withTools(), stream)
		require.ErrorContains(t, err, "m-1")
		require.ErrorContains(t, err, "tools")
		assert.Empty(t, host.sent(), "it is known without a request")

		_, _, _, err = generate(t.Context(), provider, question(), stream)
		require.NoError(t, err, "without tools it is as good as any")
	})
	t.Run("the host says so", func(t *testing.T) {
		bubble(t, func(t *testing.T, stream bool) {
			host := hosting(refuse(400, "deepseek-reasoner does not support Function Calling"), saying("no"))
			_, _, _, err := generate(t.Context(), host.provider(), withTools(), stream)
			require.ErrorContains(t, err, "does not support Function Calling")
			assert.Len(t, host.sent(), 1)
		})
	})
}

func TestLearnsToDescribeToolsPlainly(t *testing.T) {
	for _, message := range []string{
		`Invalid JSON payload received. Unknown name "additionalProperties" at 'tools[0].function.parameters': Cannot find field.`,
		"Invalid 'tools[0].function.parameters': 'uri' is not a valid format",
		"tools.0.parameters: unsupported keyword pattern",
		"Invalid schema for function 'send_parcel': In context=(), 'default' is not permitted",
	} {
		t.Run(message, func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				tool := json.RawMessage(`{"type":"object","additionalProperties":false,"required":["format"],"properties":{
					"format":{"type":"string","format":"uri","default":"x","description":"Where"},
					"tags":{"type":"array","items":{"type":"string","pattern":"^a"}},"any":true}}`)
				sent := learns(t, refuse(400, message), func(model string) *frontdesk.Request {
					request := asking(model)
					request.Tools = []frontdesk.ToolDefinition{{Name: "send_parcel", Schema: tool}}
					return request
				}, stream)
				schema := func(body string) string {
					var request struct {
						Tools []struct {
							Function struct{ Parameters json.RawMessage }
						}
					}
					require.NoError(t, json.Unmarshal([]byte(body), &request))
					return string(request.Tools[0].Function.Parameters)
				}
				const plain = `{"type":"object","required":["format"],"properties":{
					"format":{"type":"string","description":"Where"},"tags":{"type":"array","items":{"type":"string"}},"any":{}}}`
				for i, want := range []string{string(tool), plain, plain, string(tool)} {
					assert.JSONEq(t, want, schema(sent[i]))
				}
			})
		})
	}
}

// switches are the parameters by which thinking is turned on and off, with their
// values.
var switches = map[frontdesk.ThinkingSwitch]struct{ name, on, off string }{
	frontdesk.SwitchThinking:         {"thinking", `{"type":"enabled"}`, `{"type":"disabled"}`},
	frontdesk.SwitchTemplate:         {"chat_template_kwargs", `{"enable_thinking":true}`, `{"enable_thinking":false}`},
	frontdesk.SwitchTemplateThinking: {"chat_template_kwargs", `{"thinking":true}`, `{"thinking":false}`},
	frontdesk.SwitchEnable:           {"enable_thinking", `true`, `false`},
	frontdesk.SwitchEffort:           {"reasoning_effort", `"high"`, `"low"`},
}

func TestThinkingSwitch(t *testing.T) {
	for kind, want := range switches {
		t.Run(string(kind), func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				host := hosting(saying("Hello!"), saying("Hello!"), saying("Hello!"))
				provider := host.provider()
				provider.Profile = &frontdesk.Profile{Thinking: kind}
				for i, thinking := range []frontdesk.Thinking{"", frontdesk.ThinkingOn, frontdesk.ThinkingOff} {
					agent := newAgent(t, frontdesk.Config{Provider: provider, Thinking: thinking})
					play(t, agent, refundTurn, stream)
					assert.Equal(t, []string{"", want.on, want.off}[i], field(t, host.sent()[i], want.name))
				}
			})
			t.Run("refused", func(t *testing.T) {
				bubble(t, func(t *testing.T, stream bool) {
					host := hosting(refuse(400, "Unknown parameter: '"+want.name+"'"), saying("Hello!"), saying("Hello!"))
					provider := host.provider()
					provider.Profile = &frontdesk.Profile{Thinking: kind}
					request := question()
					request.Thinking = frontdesk.ThinkingOff
					for range 2 {
						_, _, _, err := generate(t.Context(), provider, request, stream)
						require.NoError(t, err)
					}
					for i, want := range []string{want.off, "", ""} {
						assert.Equal(t, want, field(t, host.sent()[i], switches[kind].name))
					}
				})
			})
		})
	}
	t.Run("a model without one", func(t *testing.T) {
		host := hosting(saying("Hello!"))
		request := question()
		request.Thinking = frontdesk.ThinkingOff
		_, err := host.provider().Generate(t.Context(), request, nil)
		require.NoError(t, err)
		assert.NotContains(t, host.sent()[0], "hink")
	})
	t.Run("a word that is none", func(t *testing.T) {
		_, err := frontdesk.New(frontdesk.Config{Provider: hosting().provider(), Thinking: "maybe"})
		require.ErrorContains(t, err, "maybe")
	})
}

// TestToldACallAndMadeNone is about models that, thinking hard, make up their mind
// to call a tool and then say nothing. They are asked once more not to think.
func TestToldACallAndMadeNone(t *testing.T) {
	for model, want := range map[string]string{"deepseek-v4-flash": "thinking", "kimi-k2.6": "thinking", "qwen-3-32b": "chat_template_kwargs"} {
		t.Run(model, func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				host := hosting(
					answering(map[string]any{"reasoning_content": "I call get_order_status now.", "content": ""}, "stop"),
					calling("c", "get_order_status", order1), saying("It was delivered."),
				)
				agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Model: model, Tools: new(shop).tools()})
				reply := play(t, agent, refundTurn, stream)
				assert.Equal(t, "It was delivered.", reply.Text)
				assert.Equal(t, 3, reply.Requests)
				for i, sent := range []bool{false, true, false} {
					assert.Equal(t, sent, field(t, host.sent()[i], want) != "", "request %d", i)
				}
			})
		})
	}
}

// TestAnswerTakenForAThought is about hosts that parse thoughts of a model that
// was told not to think: the answer stands where they should.
func TestAnswerTakenForAThought(t *testing.T) {
	ask := func(t *testing.T, model string, thinking frontdesk.Thinking, stream bool, answer map[string]any) (*frontdesk.Response, string) {
		request := withTools()
		request.Model, request.Thinking = model, thinking
		response, shown, _, err := generate(t.Context(), hosting(answering(answer, "stop")).provider(), request, stream)
		require.NoError(t, err)
		return response, shown
	}
	bothWays(t, func(t *testing.T, stream bool) {
		misplaced := map[string]any{"reasoning_content": "Your refund is on its way.", "content": ""}
		response, shown := ask(t, "qwen-3-32b", frontdesk.ThinkingOff, stream, misplaced)
		assert.Equal(t, "Your refund is on its way.", response.Message.Text)
		assert.Empty(t, response.Message.Reasoning)
		if stream {
			assert.Equal(t, "Your refund is on its way.", shown)
		}

		response, _ = ask(t, "qwen-3-32b", "", stream, misplaced)
		assert.Empty(t, response.Message.Text, "it may have thought")
		response, _ = ask(t, "deepseek-v4-flash", frontdesk.ThinkingOff, stream, misplaced)
		assert.Empty(t, response.Message.Text, "its host may have ignored the parameter")
		response, _ = ask(t, "qwen-3-32b", frontdesk.ThinkingOff, stream, map[string]any{"reasoning_content": leaks["Hermes and Qwen"], "content": ""})
		assert.Empty(t, response.Message.Text, "a call is no answer")
		assert.Len(t, response.Message.Calls, 1)
	})
}

// TestOutputInWords is about hosts that refuse JSON mode unless the prompt speaks
// of JSON, and that know nothing of the schema.
func TestOutputInWords(t *testing.T) {
	const schema = `{"type":"object","properties":{"reason":{"type":"string"}},"required":["reason"]}`
	request := func(instructions string) *frontdesk.Request {
		request := question()
		request.Instructions, request.Output = instructions, json.RawMessage(schema)
		return request
	}
	system := func(t *testing.T, body string) string {
		t.Helper()
		first := sentMessages(t, body)[0]
		if first["role"] != "system" {
			return ""
		}
		return first["content"].(string)
	}
	for _, instructions := range []string{"", "Find out why."} {
		host := hosting(saying("{}"))
		_, err := host.provider().Generate(t.Context(), request(instructions), nil)
		require.NoError(t, err)
		got := system(t, host.sent()[0])
		assert.True(t, strings.HasPrefix(got, instructions))
		assert.Contains(t, got, "JSON")
		assert.Contains(t, got, schema)
		assert.Contains(t, field(t, host.sent()[0], "response_format"), "json_object")
	}
	t.Run("once", func(t *testing.T) {
		host := hosting(saying("{}"))
		_, err := host.provider().Generate(t.Context(), request("Answer in JSON: "+schema), nil)
		require.NoError(t, err)
		assert.Equal(t, "Answer in JSON: "+schema, system(t, host.sent()[0]))
	})
	t.Run("not where the host reads schemas", func(t *testing.T) {
		host := hosting(saying("{}"))
		provider := host.provider()
		provider.Profile = &frontdesk.Profile{JSONSchema: true}
		_, err := provider.Generate(t.Context(), request("Find out why."), nil)
		require.NoError(t, err)
		assert.Equal(t, "Find out why.", system(t, host.sent()[0]))
	})
	t.Run("where the host takes no format at all", func(t *testing.T) {
		bubble(t, func(t *testing.T, stream bool) {
			host := hosting(refuse(400, "response_format is not supported"), saying("{}"))
			_, _, _, err := generate(t.Context(), host.provider(), request(""), stream)
			require.NoError(t, err)
			assert.Contains(t, system(t, host.sent()[1]), schema)
			assert.Empty(t, field(t, host.sent()[1], "response_format"))
		})
	})
}
