package main

import (
	"bytes"
	"fmt"
	"net/http"
)

// stream is an event stream, made once. Its first delta is sent by itself, the
// rest in pieces of some size, as a client that has been busy finds them.
type stream struct {
	first []byte
	rest  []byte
}

const piece = 16 << 10

// words are the deltas, in turn. A few of them have to be escaped.
var words = []string{" The", " money", " should", " reach", " your", " account", " within", " three", " to", " five", " business", " days", ".", `\n\n`, " Is", " there", " anything", " else", ` \"`, "Zürich", `\"`, "?"}

func newStream(deltas int) *stream {
	var s stream
	s.first = chunk(`{"role":"assistant","content":"I"}`, "null")
	var rest bytes.Buffer
	for i := 1; i < deltas; i++ {
		rest.Write(chunk(`{"content":"`+words[i%len(words)]+`"}`, "null"))
	}
	rest.Write(chunk(`{}`, `"stop"`))
	rest.WriteString("data: [DONE]\n\n")
	s.rest = rest.Bytes()
	return &s
}

func chunk(delta, finish string) []byte {
	return fmt.Appendf(nil, `data: {"id":"chatcmpl-9f8b1c2d3e4f","object":"chat.completion.chunk","created":1772445240,"model":"llama-3.3-70b",`+
		`"system_fingerprint":"fp_a1b2c3","choices":[{"index":0,"delta":%s,"logprobs":null,"finish_reason":%s}]}`+"\n\n", delta, finish)
}

func (h *host) stream(w http.ResponseWriter, deltas int) {
	found, ok := h.streams.Load(deltas)
	if !ok {
		found, _ = h.streams.LoadOrStore(deltas, newStream(deltas))
	}
	s := found.(*stream)
	w.Header().Set("Content-Type", "text/event-stream")
	controller := http.NewResponseController(w)
	_, _ = w.Write(s.first)
	if controller.Flush() != nil {
		return // the client is gone
	}
	for rest := s.rest; len(rest) > 0; {
		n := min(piece, len(rest))
		if _, err := w.Write(rest[:n]); err != nil {
			return
		}
		rest = rest[n:]
	}
}
