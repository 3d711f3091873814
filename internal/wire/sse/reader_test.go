package sse_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/wire/sse"
)

// outcome is everything a stream led to.
type outcome struct {
	Events  []string // "name|data"
	Skipped int
	Tail    bool
	Err     error
}

func read(r io.Reader) outcome {
	reader := sse.NewReader(r)
	var o outcome
	for {
		event, err := reader.Next()
		if err != nil {
			o.Err, o.Skipped, o.Tail = err, reader.Skipped(), reader.Tail()
			return o
		}
		o.Events = append(o.Events, event.Name+"|"+string(event.Data))
	}
}

func TestReader(t *testing.T) {
	tests := []struct {
		name    string
		input   string
		events  []string
		skipped int
		tail    bool
	}{
		{"empty input", "", nil, 0, false},
		{"standard", "data: {\"a\":1}\n\ndata: {\"b\":2}\n\ndata: [DONE]\n\n", []string{`|{"a":1}`, `|{"b":2}`, `|[DONE]`}, 0, false},
		{"CRLF", "data: {\"a\":1}\r\n\r\ndata: [DONE]\r\n\r\n", []string{`|{"a":1}`, `|[DONE]`}, 0, false},
		{"CR", "data: {\"a\":1}\r\rdata: [DONE]\r\r", []string{`|{"a":1}`, `|[DONE]`}, 0, false},
		{"mixed line ends", "data: {\"a\":1}\r\n\ndata: {\"b\":2}\r\rdata: [DONE]\n\r", []string{`|{"a":1}`, `|{"b":2}`, `|[DONE]`}, 0, false},
		{"byte order mark", "\xef\xbb\xbfdata: {\"a\":1}\n\n", []string{`|{"a":1}`}, 0, false},
		{"byte order mark later is no field", "data: {\"a\":1}\n\xef\xbb\xbfdata: {\"b\":2}\n\n", []string{`|{"a":1}`}, 0, false},
		{"comments", ": OPENROUTER PROCESSING\n\ndata: {\"a\":1}\n:\n: x\n\n", []string{`|{"a":1}`}, 0, false},
		{"no space after the colon", "data:{\"a\":1}\n\ndata:[DONE]\n\n", []string{`|{"a":1}`, `|[DONE]`}, 0, false},
		{"more blanks than one", "data:   {\"a\":1} \t\n\ndata:  [DONE] \n\n", []string{`|{"a":1}`, `|[DONE]`}, 0, false},
		{"single newlines between events", "data: {\"a\":1}\ndata: {\"b\":2}\ndata: [DONE]\n", []string{`|{"a":1}`, `|{"b":2}`, `|[DONE]`}, 0, false},
		{"event name", "event: delta\ndata: {\"a\":1}\n\ndata: {\"b\":2}\n\n", []string{`delta|{"a":1}`, `|{"b":2}`}, 0, false},
		{"event name after the data of the event before", "data: {\"a\":1}\nevent:error\ndata: {\"b\":2}\n\n", []string{`|{"a":1}`, `error|{"b":2}`}, 0, false},
		{"event name kept over a blank line", "event: error\n\ndata: {\"a\":1}\n\n", []string{`error|{"a":1}`}, 0, false},
		{"event name used up by skipped data", "event: ping\ndata: ping\n\ndata: {\"a\":1}\n\n", []string{`|{"a":1}`}, 1, false},
		{"other fields", "id: 7\nretry: 10\nwhat\ndata: {\"a\":1}\n\n", []string{`|{"a":1}`}, 0, false},
		{"object over several lines", "data: {\"a\":\ndata: [1,\ndata:\ndata:   2]\ndata: }\n\n", []string{"|{\"a\":\n[1,\n\n2]\n}"}, 0, false},
		{"object over several lines with CRLF", "data: {\"a\":\r\ndata: 1\r\ndata: }\r\n\r\n", []string{"|{\"a\":\n1\n}"}, 0, false},
		{"object over several lines with CR", "data: {\"a\":\rdata: 1}\r\r", []string{"|{\"a\":\n1}"}, 0, false},
		{"comment within an object", "data: {\"a\":\n: hello\ndata: 1}\n\n", []string{"|{\"a\":\n1}"}, 0, false},
		{"object over several lines at the end", "event: x\ndata: {\"a\":\ndata: 1}", []string{"x|{\"a\":\n1}"}, 0, false},
		{"object over several lines never closed", "data: {\"a\":\ndata: 1\n\ndata: {\"b\":2}\n\n", []string{`|{"b":2}`}, 1, false},
		{"broken second line is looked at alone", "data: {\"a\":1,\ndata: {\"b\":2}\n\n", []string{`|{"b":2}`}, 1, false},
		{"open object before the end mark", "data: {\"a\":\ndata: [DONE]\n\n", []string{`|[DONE]`}, 1, false},
		{"string cut in the middle", "data: {\"a\":\"hel\ndata: {\"b\":2}\n\n", []string{`|{"b":2}`}, 1, false},
		{"not JSON", "data: ping\n\ndata:\n\ndata\n\ndata: : OPENROUTER PROCESSING\n\ndata: 12\n\ndata: \"x\"\n\ndata: [1]\n\ndata: null\n\n", nil, 8, false},
		{"braces that are not JSON", "data: {ping}\n\ndata: {'a':1}\n\ndata: {\"a\":1,}\n\ndata: {\"a\":1}}\n\ndata: {\"a\":01}\n\n", nil, 5, false},
		{"plain words after event: error", "event: error\ndata: out of memory\n\n", []string{`error|out of memory`}, 0, false},
		{"broken object after event: error", "event: error\ndata: {\"error\":\"out of \n\n", []string{`error|{"error":"out of`}, 0, false},
		{"nothing after event: error", "event: error\ndata:\n\n", nil, 1, false},
		{"data after the end mark", "data: [DONE]\n\ndata: {\"a\":1}\n\n", []string{`|[DONE]`, `|{"a":1}`}, 0, false},
		{"last event without a blank line", "data: {\"a\":1}\n", []string{`|{"a":1}`}, 0, false},
		{"last event without a line end", "data: {\"a\":1}", []string{`|{"a":1}`}, 0, false},
		{"end mark without a line end", "data: [DONE]", []string{`|[DONE]`}, 0, false},
		{"cut in the payload", "data: {\"a\":1}\n\ndata: {\"b\":\"x", []string{`|{"a":1}`}, 1, true},
		{"cut between tokens", "data: {\"a\":1}\n\ndata: {\"b\":", []string{`|{"a":1}`}, 1, true},
		{"cut in the end mark", "data: {\"a\":1}\n\ndata: [DO", []string{`|{"a":1}`}, 1, true},
		{"cut in the field name", "data: {\"a\":1}\n\nda", []string{`|{"a":1}`}, 0, true},
		{"cut within an object of several lines", "data: {\"a\":\n", nil, 1, true},
		{"JSON error body", `{"error":{"message":"no"}}` + "\n", nil, 0, false},
		{"pretty JSON body", "{\n  \"choices\": [\n    {\"data\": 1}\n  ]\n}\n", nil, 0, false},
		{"HTML", "<html>\n<body>data: {}</body>\n</html>\n", nil, 0, false},
		{"plain text", "upstream connect error or disconnect", nil, 0, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := outcome{test.events, test.skipped, test.tail, io.EOF}
			assert.Equal(t, want, read(strings.NewReader(test.input)))
			assert.Equal(t, want, read(iotest.OneByteReader(strings.NewReader(test.input))), "one byte at a time")
			assert.Equal(t, want, read(iotest.DataErrReader(strings.NewReader(test.input))), "the end together with the data")
			for cut := range len(test.input) {
				both := io.MultiReader(strings.NewReader(test.input[:cut]), strings.NewReader(test.input[cut:]))
				require.Equal(t, want, read(both), "cut at byte %d", cut)
			}
		})
	}
}

func TestReaderDeliversWithoutWaiting(t *testing.T) {
	for _, end := range []string{"\n", "\r", "\r\n"} {
		source, sink := io.Pipe()
		reader := sse.NewReader(source)
		for range 3 {
			go func() { _, _ = io.WriteString(sink, `data: {"a":1}`+end) }()
			// The pipe stays open: a Next that wants more than the line would hang.
			event, err := reader.Next()
			require.NoError(t, err)
			assert.Equal(t, `{"a":1}`, string(event.Data))
		}
		require.NoError(t, sink.Close())
		_, err := reader.Next()
		require.Equal(t, io.EOF, err)
	}
}

func TestReaderReturnsReadErrorsAsTheyAre(t *testing.T) {
	reset := errors.New("connection reset")
	reader := sse.NewReader(io.MultiReader(strings.NewReader("data: {\"a\":1}\ndata: {\"b\""), iotest.ErrReader(reset)))
	event, err := reader.Next()
	require.NoError(t, err)
	assert.Equal(t, `{"a":1}`, string(event.Data))
	for range 2 {
		_, err = reader.Next()
		assert.Equal(t, reset, err)
	}
	assert.True(t, reader.Tail())
	assert.Equal(t, 1, reader.Skipped())
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestReaderGivesUpOnASourceWithoutProgress(t *testing.T) {
	_, err := sse.NewReader(idle{}).Next()
	assert.Equal(t, io.ErrNoProgress, err)
}

func TestReaderLimitsLines(t *testing.T) {
	head, foot := `data: {"a":"`, `"}`
	long := func(size int) string {
		return head + strings.Repeat("x", size-len(head)-len(foot)) + foot
	}
	t.Run("longest line", func(t *testing.T) {
		o := read(strings.NewReader(long(sse.MaxLine) + "\r\ndata: {}\n"))
		require.Len(t, o.Events, 2)
		assert.Len(t, o.Events[0], sse.MaxLine-len("data: ")+len("|"))
		assert.Equal(t, io.EOF, o.Err)
	})
	t.Run("line too long", func(t *testing.T) {
		reader := sse.NewReader(strings.NewReader("data: {}\n" + long(sse.MaxLine+1) + "\ndata: {}\n"))
		_, err := reader.Next()
		require.NoError(t, err)
		for range 2 {
			_, err = reader.Next()
			require.ErrorIs(t, err, sse.ErrTooLong)
		}
	})
	t.Run("event of several lines too long", func(t *testing.T) {
		half := strings.Repeat(" ", sse.MaxLine/2)
		reader := sse.NewReader(strings.NewReader("data: {\ndata: \"a\":[1" + half + ",2,\ndata: 3" + half + ",4]}\n\n"))
		for range 2 {
			_, err := reader.Next()
			require.ErrorIs(t, err, sse.ErrTooLong)
		}
	})
}

func TestReaderLimitsDepth(t *testing.T) {
	deep := func(n int) string {
		return `data: {"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}\n"
	}
	assert.Len(t, read(strings.NewReader(deep(9999))).Events, 1)
	assert.Equal(t, 1, read(strings.NewReader(deep(10000))).Skipped)
}

func TestReaderTakesOnlyJSON(t *testing.T) {
	for _, payload := range []string{
		`{}`, `{ }`, `{"a":"\u00e9\n\"\\\/\b\f\r\t"}`, `{"a":[]}`, `{"a":[1,-2,0,0.5,1e9,1E-9,-0.0e+1]}`, `{"a":true,"b":false,"c":null}`,
		`{"":{"":[[{}]]}}`, "{\"a\":\"\x7f\xff\"}",
		`{"a"}`, `{"a":}`, `{a:1}`, `{,}`, `{"a":1,}`, `{"a":[1,]}`, `{"a":[,1]}`, `{"a":[1 2]}`, `{"a":1]`, `{"a":[1}}`, `{]`, `{"a":]}`,
		`{"a":01}`, `{"a":-}`, `{"a":1.}`, `{"a":.5}`, `{"a":1e}`, `{"a":1e+}`, `{"a":+1}`, `{"a":0x1}`, `{"a":NaN}`,
		`{"a":tru}`, `{"a":nul`, `{"a":falsy}`, `{"a":"\x"}`, `{"a":"\u12g4"}`, `{"a":"\u12`, `{"a":"\`, `{"a":"b`, "{\"a\":\"\t\"}", "{\"a\":\"\x00\"}",
		`{} {}`, `{}}`, `{}x`, `{"a" "b"}`, `{1:2}`, `{"a":1 "b":2}`, `{"a":1:2}`,
	} {
		o := read(strings.NewReader("data: " + payload + "\n\n"))
		assert.Equal(t, json.Valid([]byte(payload)), len(o.Events) == 1, payload)
		assert.Equal(t, 1, len(o.Events)+o.Skipped, payload)
	}
}

func TestReaderAllocatesNothingPerEvent(t *testing.T) {
	input := strings.Repeat("event: message\ndata: {\"a\":\ndata: 1}\n\n"+event, 500)
	reader := sse.NewReader(strings.NewReader(input))
	allocations := testing.AllocsPerRun(400, func() {
		for range 2 {
			if _, err := reader.Next(); err != nil {
				t.Fatal(err)
			}
		}
	})
	assert.Zero(t, allocations)
}

func TestReaderAllocatesForUnusualNamesOnly(t *testing.T) {
	var input strings.Builder
	for i := range 40 {
		input.WriteString("event: n" + strings.Repeat("x", i) + "\ndata: {}\n\n")
	}
	o := read(strings.NewReader(input.String()))
	require.Len(t, o.Events, 40)
	assert.Equal(t, "n"+strings.Repeat("x", 39)+"|{}", o.Events[39])
}

// pieces reads its text in pieces whose sizes come from sizes, over and over.
type pieces struct {
	text  []byte
	sizes []byte
	turn  int
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

func FuzzReaderSplits(f *testing.F) {
	f.Add([]byte("data: {\"a\":1}\n\ndata: [DONE]\n\n"), []byte{0})
	f.Add([]byte("\xef\xbb\xbfevent: error\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\n"), []byte{3, 0, 1})
	f.Add([]byte(": ping\rdata:{}\r\rdata: {\"b\":\"\\u00e9\"}\n\r\ndata: {\"c"), []byte{7, 2})
	f.Add([]byte("data: ping\ndata:\ndata\n\nevent: x\n\ndata: {]\n"), []byte{})
	f.Fuzz(func(t *testing.T, text, sizes []byte) {
		whole := read(bytes.NewReader(text))
		require.Equal(t, io.EOF, whole.Err)
		require.Equal(t, whole, read(&pieces{text: text, sizes: sizes}))
		for _, event := range whole.Events {
			name, data, _ := strings.Cut(event, "|")
			if !strings.HasPrefix(event, "error") && !strings.Contains(name+data, "|") && data != "[DONE]" {
				require.True(t, json.Valid([]byte(data)), data)
			}
		}
	})
}

func FuzzReaderTakesOnlyJSON(f *testing.F) {
	f.Add([]byte(`{"id":"x","choices":[{"index":0,"delta":{"content":"a\n\u00e9"},"finish_reason":null}]}`))
	f.Add([]byte(`{"a":[1,-2.5e+3,true,false,null,{}]}`))
	f.Add([]byte(`{"a":01}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		if bytes.ContainsAny(payload, "\r\n") || !bytes.HasPrefix(payload, []byte("{")) {
			t.Skip("this is about one line of data that begins an object")
		}
		o := read(strings.NewReader("data: " + string(payload) + "\n\n"))
		require.Equal(t, json.Valid(payload), len(o.Events) == 1)
	})
}

const event = `data: {"id":"chatcmpl-9f2c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":" hi"}}]}` + "\n\n"

func BenchmarkNext(b *testing.B) {
	stream := []byte(strings.Repeat(event, 2000))
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	source := bytes.NewReader(stream)
	reader := sse.NewReader(source)
	for range b.N {
		if _, err := reader.Next(); err != nil {
			source.Reset(stream)
			reader = sse.NewReader(source)
		}
	}
}
