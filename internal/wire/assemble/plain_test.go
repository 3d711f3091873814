package assemble_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/wire/assemble"
	"github.com/frontdesk-go/frontdesk/internal/wire/sse"
)

// plainChunks are chunks as they come from OpenAI, vLLM, OpenRouter and Azure.
var plainChunks = []string{
	`{"id":"chatcmpl-BxK1","object":"chat.completion.chunk","created":1751000000,"model":"gpt-5-mini","service_tier":"default","system_fingerprint":"fp_62a23","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x"}`,
	`{"id":"chatcmpl-BxK1","object":"chat.completion.chunk","created":1751000000,"model":"gpt-5-mini","system_fingerprint":null,"choices":[{"index":0,"delta":{"content":" order"},"logprobs":null,"finish_reason":null}]}`,
	`{"id":"chatcmpl-7f","object":"chat.completion.chunk","created":1751000000,"model":"Qwen3","choices":[{"index":0,"delta":{"content":"\n\u00e9 \"x\"","reasoning_content":null,"tool_calls":[]},"logprobs":null,"finish_reason":null,"token_ids":null}]}`,
	`{"id":"gen-1","provider":"X","model":"m","object":"chat.completion.chunk","created":1,"choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"hm"},"finish_reason":null,"native_finish_reason":null,"logprobs":null}]}`,
	`{"choices":[{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}},"delta":{"content":"grün"},"finish_reason":null,"index":0,"logprobs":null}],"created":1,"id":"x","model":"m","object":"chat.completion.chunk","system_fingerprint":"fp"}`,
	`{"id":"x","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}`,
	`{"choices":[],"id":"x","object":"chat.completion.chunk"}`,
}

func TestPlainChunksTakeTheFastPath(t *testing.T) {
	for _, chunk := range plainChunks {
		payload := []byte(chunk)
		var a assemble.Assembler
		for range 2000 { // so that the text need not grow any more
			_, _ = a.Add("", payload)
		}
		allocations := testing.AllocsPerRun(100, func() {
			if _, err := a.Add("", payload); err != nil {
				t.Fatal(err)
			}
		})
		// The reason is the one string that the last chunk costs.
		assert.LessOrEqual(t, allocations, 1.0, chunk)
	}
}

// FuzzFastIsSlow checks that both paths read a stream of chunks alike.
func FuzzFastIsSlow(f *testing.F) {
	for _, chunk := range plainChunks {
		f.Add([]byte(chunk), []byte(plainChunks[1]))
	}
	f.Add([]byte(`{"id":[{}],"choices":[{"delta":{"content":[{"text":"a"},"b"]}}]}`), []byte(`{"id":[{}}]}`))
	f.Add([]byte(text("a")), []byte(text(`b","x":"`)))
	f.Add([]byte(text("a")), []byte(text(`b\`)))
	f.Add([]byte(text("a")), []byte(`{"choices":[{"index":0.0,"delta":{"content":"\ud83d\ude00","Content":"b"}}],"Usage":{"prompt_tokens":1}}`))
	f.Add([]byte(`{"id":1,"model":null,"object":"error"}`), []byte(`{"choices":[{"message":{"content":"a"}}],"error":{"message":"x"}}`))
	f.Add([]byte(tools(`[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]`)), []byte(`{"choices":[{"delta":{"reasoning":"a","reasoning_content":"b"}}]}`))
	for _, chunk := range callChunks {
		f.Add([]byte(chunk), []byte(callChunks[2]))
	}
	f.Add([]byte(callChunks[1]), []byte(`{"choices":[{"message":{"content":"a","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}}]}`))
	f.Add([]byte(`{"choices":[],"usage":{"prompt_tokens":1},"usage":null}`), []byte(tools(`[{"id":"a","id":"b","index":1.0}],"tool_calls":null`)))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var fast, through assemble.Assembler
		for _, payload := range [][]byte{first, second, second, first} {
			before := bytes.Clone(payload)
			fastDelta, fastErr := fast.Add("", payload)
			require.Equal(t, before, payload, "the payload is not ours to change")
			slowDelta, slowErr := through.Add("", slow(payload))
			require.Equal(t, slowDelta, fastDelta)
			require.Equal(t, slowErr == nil, fastErr == nil, "%v, but %v", slowErr, fastErr)
		}
		fastMessage, fastErr := fast.Finish()
		slowMessage, slowErr := through.Finish()
		require.Equal(t, slowMessage, fastMessage)
		require.Equal(t, slowErr == nil, fastErr == nil, "%v, but %v", slowErr, fastErr)
	})
}

// TestFastIsSlowInAnyOrder does the same with chunks made of the fields and values
// that hosts send, in any order and any combination.
func TestFastIsSlowInAnyOrder(t *testing.T) {
	texts := []string{`""`, `"a"`, `"b\\n\""`, `"\u00e9"`, `"\ud83d\ude00"`, `"\ud83d"`, `"é"`, "\"\xff\"", `null`, `"stop"`, `"length"`, `7`, `[{"text":"p"}]`}
	others := []string{`null`, `{}`, `[]`, `0`, `1`, `-1.5e3`, `true`, `"x"`, `{"y":[1,{"z":null}]}`, `[1`, `01`, `{"message":"m"}`, `{"prompt_tokens":3}`}
	random := rand.New(rand.NewPCG(1, 2))
	one := func(of []string) string { return of[random.IntN(len(of))] }
	object := func(fields map[string]func() string) string {
		keys := slices.Sorted(maps.Keys(fields))
		random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		var members []string
		for _, key := range keys[:random.IntN(len(keys)+1)] {
			members = append(members, `"`+key+`":`+fields[key]())
		}
		return "{" + strings.Join(members, one([]string{",", " , ", ",\n"})) + "}"
	}
	word := func() string { return one(texts) }
	other := func() string {
		if random.IntN(3) > 0 {
			return "null"
		}
		return one(others)
	}
	delta := func() string {
		return object(map[string]func() string{"role": word, "content": word, "reasoning": word, "reasoning_content": word, "reasoning_details": other,
			"refusal": other, "tool_calls": other, "function_call": other, "Content": word, "x": other})
	}
	choice := func() string {
		return object(map[string]func() string{"index": func() string { return one([]string{"0", "0", "0", "1", "null", "0.0"}) }, "delta": delta, "message": other,
			"finish_reason": word, "logprobs": other, "usage": other, "error": other})
	}
	chunk := func() string {
		return object(map[string]func() string{"id": word, "object": word, "model": word, "usage": other, "error": other, "created": other, "message": other,
			"choices": func() string {
				return one([]string{"[" + choice() + "]", "[" + choice() + "]", "[" + choice() + "," + choice() + "]", "[]"})
			}})
	}
	for range 5000 {
		var fast, through assemble.Assembler
		for range 3 {
			payload := chunk()
			fastDelta, fastErr := fast.Add("", []byte(payload))
			slowDelta, slowErr := through.Add("", slow([]byte(payload)))
			require.Equal(t, slowDelta, fastDelta, payload)
			require.Equal(t, slowErr == nil, fastErr == nil, payload)
		}
		fastMessage, _ := fast.Finish()
		slowMessage, _ := through.Finish()
		require.Equal(t, slowMessage, fastMessage)
	}
}

// pieces reads its text in pieces whose sizes come from sizes, over and over.
type pieces struct {
	text, sizes []byte
	turn        int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.text) == 0 {
		return 0, io.EOF
	}
	n := 1
	if len(p.sizes) > 0 {
		n += int(p.sizes[p.turn%len(p.sizes)])
		p.turn++
	}
	n = copy(b, p.text[:min(n, len(p.text))])
	p.text = p.text[n:]
	return n, nil
}

// FuzzStream checks that a stream is read the same however it is cut; run checks
// that its deltas are its text.
func FuzzStream(f *testing.F) {
	f.Add([]byte(stream(append(plainChunks, done)...)), []byte{3, 90, 0})
	f.Add([]byte(stream(text("a"), tools(`[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]`), tools(`[{"id":"b","function":{"name":"g","arguments":{}}},{"arguments":"{"}]`), finish("stop"))), []byte{1})
	f.Add([]byte(stream(text("a"), `{"choices":[{"message":{"content":"ab","tool_calls":[{"function":{"name":"f","arguments":"{}{}"}}]},"finish_reason":"length"}]}`)), []byte{200})
	f.Add([]byte("event: error\ndata: no\n\ndata: {\"error\":{\"message\":[{\"msg\":1}]}}\r\rdata: {\"usage\":{\"prompt_tokens\":\"1\"}}"), []byte{})
	f.Fuzz(func(t *testing.T, text, sizes []byte) {
		whole := run(t, bytes.NewReader(text), same)
		require.Equal(t, whole, run(t, &pieces{text: text, sizes: sizes}, same))
	})
}

// stream2000 is a streamed answer of 2,000 text deltas, about 200 bytes each.
func stream2000() []byte {
	var b bytes.Buffer
	for i := range 2000 {
		fmt.Fprintf(&b, `data: {"id":"chatcmpl-BxK1","object":"chat.completion.chunk","created":1751000000,"model":"gpt-5-mini","system_fingerprint":null,"choices":[{"index":0,"delta":{"content":" w%d"},"logprobs":null,"finish_reason":null}]}`+"\n\n", i)
	}
	b.WriteString("data: " + finish("stop") + "\n\ndata: [DONE]\n\n")
	return b.Bytes()
}

func read(b testing.TB, input []byte) assemble.Message {
	var a assemble.Assembler
	reader := sse.NewReader(bytes.NewReader(input))
	for {
		event, err := reader.Next()
		if err == io.EOF {
			break
		}
		if string(event.Data) == "[DONE]" {
			a.Done()
		} else if _, err := a.Add(event.Name, event.Data); err != nil {
			b.Fatal(err)
		}
	}
	message, err := a.Finish()
	if err != nil {
		b.Fatal(err)
	}
	return message
}

func TestStreamCostsFewAllocations(t *testing.T) {
	input := stream2000()
	assert.True(t, strings.HasSuffix(read(t, input).Text, " w1998 w1999"))
	assert.Less(t, testing.AllocsPerRun(5, func() { read(t, input) }), 60.0)
}

func BenchmarkStream2000(b *testing.B) {
	input := stream2000()
	b.SetBytes(int64(len(input)))
	b.ReportAllocs()
	for b.Loop() {
		read(b, input)
	}
}

func BenchmarkAdd(b *testing.B) {
	for name, payload := range map[string]string{
		"text": plainChunks[1],
		"call": tools(`[{"index":0,"function":{"arguments":"1"}}]`),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var a assemble.Assembler
			chunk := []byte(payload)
			for b.Loop() {
				if _, err := a.Add("", chunk); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
