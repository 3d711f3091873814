package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/frontdesk-go/frontdesk/internal/bench/harness"
)

// stream is an event stream, made once. Its first delta is sent by itself, the
// rest in pieces of some size, as a client that has been busy finds them.
type stream struct {
	first []byte
	rest  []byte
}

const piece = 16 << 10

func newStream(deltas int) *stream {
	var s stream
	var rest bytes.Buffer
	for i := range deltas {
		content, err := json.Marshal(harness.Delta(i))
		if err != nil {
			panic(err) // no string fails to encode
		}
		if i == 0 {
			s.first = chunk(`{"role":"assistant","content":`+string(content)+`}`, "null")
		} else {
			rest.Write(chunk(`{"content":`+string(content)+`}`, "null"))
		}
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
