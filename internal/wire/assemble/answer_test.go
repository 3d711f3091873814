package assemble_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/wire/assemble"
)

// callChunks are chunks with tool calls and usage as they come from OpenAI, vLLM and Azure.
var callChunks = []string{
	`{"id":"chatcmpl-BxK1","object":"chat.completion.chunk","created":1751000000,"model":"gpt-5-mini","service_tier":"default","system_fingerprint":"fp_62a23","choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_9f8e7d","type":"function","function":{"name":"find_order","arguments":""}}],"refusal":null},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x"}`,
	`{"id":"chatcmpl-BxK1","object":"chat.completion.chunk","created":1751000000,"model":"gpt-5-mini","system_fingerprint":null,"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":null,"function":{"name":null,"arguments":"{\"order_id\":"}}]},"logprobs":null,"finish_reason":null}]}`,
	`{"id":"chatcmpl-BxK1","object":"chat.completion.chunk","created":1751000000,"model":"gpt-5-mini","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"A-1042\"}"}}]},"finish_reason":null}]}`,
	`{"id":"chatcmpl-7f","object":"chat.completion.chunk","created":1751000000,"model":"Qwen3","choices":[{"index":0,"delta":{"content":"","tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"find_order","arguments":"{\"x\":\"gr\u00fcn\"}"}},{"index":1,"id":"b","type":"function","function":{"name":"find_order","arguments":"{\"x\":\"blau\"}"}}]},"finish_reason":"tool_calls"}]}`,
	`{"id":"chatcmpl-BxK1","object":"chat.completion.chunk","created":1751000000,"model":"gpt-5-mini","choices":[],"usage":{"prompt_tokens":812,"completion_tokens":24,"total_tokens":836,"prompt_tokens_details":{"cached_tokens":512,"audio_tokens":0},"completion_tokens_details":null}}`,
	`{"id":"x","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"refusal":"I can\u2019t"},"finish_reason":"stop"}],"usage":null}`,
}

// completions are answers that were not streamed: a call of about 600 bytes from OpenAI,
// a text, two calls from vLLM, a text from DeepSeek with its thinking.
var completions = []string{
	`{"id":"chatcmpl-BxK1","object":"chat.completion","created":1751000000,"model":"gpt-5-mini","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_9f8e7d","type":"function","function":{"name":"find_order","arguments":"{\"order_id\":\"A-1042\",\"email\":\"jo@example.com\"}"}}],"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":812,"completion_tokens":24,"total_tokens":836,"prompt_tokens_details":{"cached_tokens":512,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}},"system_fingerprint":"fp_62a23"}`,
	`{"id":"chatcmpl-BxK2","object":"chat.completion","created":1751000000,"model":"gpt-5-mini","choices":[{"index":0,"message":{"role":"assistant","content":"Your order is on its way.\nIt should be with you on \"Tuesday\", and you need not be at home.","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":812,"completion_tokens":24,"total_tokens":836,"prompt_tokens_details":{"cached_tokens":512,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}},"system_fingerprint":"fp_62a23"}`,
	`{"id":"chatcmpl-7f","object":"chat.completion","created":1751000000,"model":"Qwen3","choices":[{"index":0,"message":{"role":"assistant","content":"","reasoning_content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"find_order","arguments":"{\"x\":1}"}},{"id":"a","type":"function","function":{"name":"find_order","arguments":"{\"x\":1}"}}]},"logprobs":null,"finish_reason":"tool_calls","stop_reason":null}],"usage":{"prompt_tokens":7,"total_tokens":9,"completion_tokens":2},"prompt_logprobs":null}`,
	`{"id":"d","object":"chat.completion","created":1,"model":"deepseek-chat","choices":[{"index":0,"message":{"role":"assistant","content":"grün","reasoning_content":"h\u00e4?"},"logprobs":{"content":[{"token":"x","logprob":-0.1,"top_logprobs":[]}]},"finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":1},"error":null}`,
}

// oddCompletions are near to the ordinary ones, but need a judgement.
var oddCompletions = []string{
	`{"choices":[{"message":{"content":"a","content":null}}],"usage":{"prompt_tokens":1},"usage":null}`,
	`{"choices":[{"message":{"content":"a","Content":"b"}}],"usage":{"prompt_tokens":1,"Prompt_tokens":2}}`,
	`{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}}],"tool_calls":[{"id":"a"}]}}]}`,
	`{"choices":[{"message":{"tool_calls":[{"function":{"name":"f"},"function":{"arguments":"{}"}},null]}}]}`,
	`{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}],"function_call":{"name":"g"}}}]}`,
	`{"choices":[{"message":{"tool_calls":[{"index":"0","function":{"name":"f","arguments":"\ud83d\ude00 \ud83d"}}]}}]}`,
	`{"choices":[{"message":{"tool_calls":[{"id":"1","function":{"name":"f"}},{"function":{"name":"f"}},{"id":"1"},{"index":0},{"index":1,"id":"é"},{}]}}]}`,
	`{"choices":[{"message":{"content":"a"},"delta":{"content":"b"}}]}`,
	`{"choices":[{"delta":{"content":"b"},"message":null}],"usage":{"prompt_tokens":"3","completion_tokens":1e2,"cached_tokens":-1}}`,
	`{"choices":[{"message":{"content":"a"}},{"index":0,"message":{"content":"b"}}]}`,
	`{"choices":[{"index":1,"message":{"content":"a"}}],"usage":{"prompt_tokens":9999999999,"prompt_tokens_details":[],"cached_tokens":1,"cached_tokens":0}}`,
	`{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":9999999999,"completion_tokens":3000000000}}`,
	`{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":2,"prompt_tokens":1}}`,
	`{"choices":[{"message":{"content":"a"}}],"usage":{"completion_tokens":2,"completion_tokens":1}}`,
	`{"choices":[{"message":{"content":"a"}}],"usage":{"cached_tokens":2,"cached_tokens":1}}`,
	`{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_cache_hit_tokens":2,"prompt_cache_hit_tokens":1}}`,
	`{"choices":[{"message":{"content":"a"}}],"usage":{"reasoning_tokens":2,"reasoning_tokens":1}}`,
	`{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens_details":{"cached_tokens":2},"prompt_tokens_details":{"cached_tokens":1}}}`,
	`{"choices":[{"message":{"content":"a"}}],"usage":{"completion_tokens_details":{"reasoning_tokens":2,"reasoning_tokens":1}}}`,
	`{"choices":[{"message":{"content":"a"}}],"choices":[]}`,
	`{"choices":[{"message":{"reasoning_content":"a","reasoning":"b"}}]}`,
	`{"choices":[{"message":{"content":"a"},"error":{"message":"x"}}]}`,
	`{"choices":[{"message":{"content":"a"}}]} x`,
	`{"choices":[{"message":{"content":"a","tool_calls":[{"index":01}]}}]}`,
	`{"choices":[{"message":{"content":"a","x":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}}]}`,
	"{\"choices\":[{\"message\":{\"content\":\"\xff\"}}]}",
}

// sameCompletion checks that both paths read a body alike.
func sameCompletion(t require.TestingT, body []byte) {
	fast, fastErr := assemble.Completion(body)
	through, slowErr := assemble.Completion(slow(body))
	require.Equal(t, through, fast, "%s", body)
	if slowErr == nil {
		require.NoError(t, fastErr, "%s", body)
		return
	}
	require.EqualError(t, fastErr, slowErr.Error(), "%s", body)
	require.Equal(t, errors.Is(slowErr, assemble.ErrNoChoices), errors.Is(fastErr, assemble.ErrNoChoices))
}

func TestOddCompletionsAreReadAlike(t *testing.T) {
	for _, body := range append(completions, oddCompletions...) {
		sameCompletion(t, []byte(body))
	}
}

func TestOrdinaryAnswersTakeTheFastPath(t *testing.T) {
	// They cost 7, 3, 11 and 4 allocations, and without the fast path 38 or more. The race
	// detector makes encoding/json allocate what it otherwise has from a pool.
	for i, most := range []float64{12, 8, 16, 8} {
		payload := []byte(completions[i])
		assert.LessOrEqual(t, testing.AllocsPerRun(100, func() {
			if _, err := assemble.Completion(payload); err != nil {
				t.Fatal(err)
			}
		}), most, completions[i])
	}
	for _, chunk := range callChunks {
		payload := []byte(chunk)
		assert.LessOrEqual(t, testing.AllocsPerRun(100, func() {
			var a assemble.Assembler
			if _, err := a.Add("", payload); err != nil {
				t.Fatal(err)
			}
		}), 12.0, chunk)
	}
}

// TestAnswersInAnyOrder checks that both paths agree on answers and streams with calls
// and usage, made of the fields and values that hosts send in any order, and now and
// then with a field that is missing, comes twice or has an unusual value.
func TestAnswersInAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	seldom := func() bool { return random.IntN(40) == 0 }
	or := func(usual string) string {
		if seldom() {
			return one(`null`, `{}`, `[]`, `0`, `-1`, `7.0`, `01`, `true`, `""`, `"x"`, `"\ud83d"`, "\"\xff\"", `[{"text":"p"}]`, `{"message":"m"}`)
		}
		return usual
	}
	object := func(members ...string) string { // names and values in turn
		var all []string
		for i := 0; i < len(members); i += 2 {
			if seldom() || random.IntN(6) == 0 {
				continue
			}
			name := members[i]
			if random.IntN(200) == 0 {
				name = strings.ToUpper(name[:1]) + name[1:]
			}
			all = append(all, `"`+name+`":`+or(members[i+1]))
			if random.IntN(100) == 0 {
				all = append(all, `"`+name+`":`+one("null", members[i+1], `"x"`))
			}
		}
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return "{" + strings.Join(all, one(",", " , ", ",\n")) + "}"
	}
	text := func() string { return one(`null`, `""`, `"a"`, `"b\n\""`, `"\u00e9"`, `"é"`) }
	number := func() string { return one(`0`, `1`, `7`, `23`, `null`) }
	call := func() string {
		return object("index", one("0", "1", "2", "null"), "id", one(`"a"`, `"b"`, `null`, `""`), "type", `"function"`,
			"function", object("name", one(`"f"`, `"g"`, `"é"`, `null`), "arguments", one(`"{}"`, `"{\"x\":1}"`, `"{\"x\":"`, `"1}"`, `""`, `null`, `"{}{\"y\":2}"`)))
	}
	list := func() string {
		var calls []string
		for range random.IntN(6) {
			calls = append(calls, call())
		}
		return "[" + strings.Join(calls, one(",", " , ")) + "]"
	}
	body := func() string {
		return object("role", `"assistant"`, "content", text(), "refusal", one("null", "null", text()), one("reasoning", "reasoning_content"), text(),
			"tool_calls", one("null", list(), list()), "function_call", "null")
	}
	usage := func() string {
		return one("null", object("prompt_tokens", number(), "completion_tokens", number(), "total_tokens", number(), "cached_tokens", number(),
			"prompt_cache_hit_tokens", number(), "reasoning_tokens", number(), "prompt_tokens_details", one("null", object("cached_tokens", number())),
			"completion_tokens_details", one("null", object("reasoning_tokens", number()))))
	}
	payload := func(field string) string {
		choices := "[" + object("index", "0", field, body(), "finish_reason", one(`null`, `"stop"`, `"tool_calls"`, `"length"`, `""`), "logprobs", "null") + "]"
		return object("id", one(`"i"`, `null`), "model", `"m"`, "object", `"o"`, "choices", one(choices, choices, choices, "[]"), "usage", usage(), "error", "null")
	}
	for range 4000 {
		sameCompletion(t, []byte(payload(one("message", "message", "message", "delta"))))
		var fast, through assemble.Assembler
		first, second := payload(one("delta", "delta", "delta", "message")), payload("delta")
		for _, chunk := range []string{first, first, second, first} {
			fastDelta, fastErr := fast.Add("", []byte(chunk))
			slowDelta, slowErr := through.Add("", slow([]byte(chunk)))
			require.Equal(t, slowDelta, fastDelta, chunk)
			require.Equal(t, slowErr == nil, fastErr == nil, chunk)
			require.Equal(t, through.Size(), fast.Size(), chunk)
		}
		fastMessage, _ := fast.Finish()
		slowMessage, _ := through.Finish()
		require.Equal(t, slowMessage, fastMessage)
	}
}

// FuzzCompletion checks that a body never leads to a panic, that it leads to a message
// or an error, and that both paths read it alike.
func FuzzCompletion(f *testing.F) {
	f.Add([]byte(`{"choices":[{"message":{"content":"a","tool_calls":[{"id":1,"function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}],"usage":{}}`))
	f.Add([]byte(`{"object":"error","message":"a","detail":[{"msg":"a"}]}`))
	f.Add([]byte(`{"choices":[{"message":{"content":[{"type":"text","text":"a"},null],"reasoning_details":[{}]}}]}`))
	for _, body := range completions {
		f.Add([]byte(body))
	}
	for _, body := range oddCompletions {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		message, err := assemble.Completion(body)
		require.Equal(t, before, body, "the body is not ours to change")
		if err != nil {
			require.Zero(t, message)
		}
		sameCompletion(t, body)
	})
}

func BenchmarkCompletion(b *testing.B) {
	for i, name := range []string{"call", "text", "two calls"} {
		b.Run(name, func(b *testing.B) {
			payload := []byte(completions[i])
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := assemble.Completion(payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCallChunk reads the chunks of a call whose arguments come in twenty parts.
func BenchmarkCallChunk(b *testing.B) {
	first, next := []byte(callChunks[0]), []byte(callChunks[1])
	b.ReportAllocs()
	var a assemble.Assembler
	for i := 0; b.Loop(); i++ {
		chunk := next
		if i%21 == 0 {
			a = assemble.Assembler{}
			chunk = first
		}
		if _, err := a.Add("", chunk); err != nil {
			b.Fatal(err)
		}
	}
}
