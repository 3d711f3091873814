// Command server is a fake OpenAI-compatible host that costs as little as it
// can: its answers are made once, and it reads a request's body without parsing
// it. The first answer of a turn calls get_order_status, the second
// initiate_refund, the third is the final text; which of them is due is told by
// counting the tool results behind the last user message.
//
// The address says how it behaves:
//
//	/v1/chat/completions                  answers at once
//	/think/200/v1/chat/completions        takes 200 ms for each answer
//	/deltas/2000/v1/chat/completions      streams 2,000 deltas of text, no calls
//	/requests                             how many requests there were
//
// It prints its address and serves until its standard input is closed.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	address := flag.String("listen", "127.0.0.1:0", "loopback address to listen on")
	flag.Parse()
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	if ip := listener.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
		log.Fatalf("%v is not a loopback address", ip)
	}
	fmt.Println(listener.Addr())
	server := &http.Server{Handler: newHost(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		server.Close()
	}()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		log.Fatal(err)
	}
}

// host is the fake host.
type host struct {
	answers  [3][]byte
	streams  sync.Map // int, the number of deltas, to *stream
	requests atomic.Int64
	buffers  sync.Pool
}

func newHost() *host {
	return &host{
		answers: [3][]byte{
			completion(`null`, `[{"id":"call_status_1","type":"function","function":{"name":"get_order_status","arguments":"{\"order_id\":\"ORD-9281\"}"}}]`),
			completion(`null`, `[{"id":"call_refund_2","type":"function","function":{"name":"initiate_refund","arguments":"{\"order_id\":\"ORD-9281\",\"reason\":\"arrived damaged\"}"}}]`),
			completion(`"I am sorry that your lamp arrived broken. I have started the refund RF-20418 of 89.00 EUR for order ORD-9281. The money should reach your account within 3 to 5 business days. Is there anything else I can do for you?"`, ""),
		},
		buffers: sync.Pool{New: func() any { return new([keep + window]byte) }},
	}
}

func completion(content, calls string) []byte {
	finish := "stop"
	if calls != "" {
		calls = `,"tool_calls":` + calls
		finish = "tool_calls"
	}
	return []byte(`{"id":"chatcmpl-9f8b1c2d3e4f","object":"chat.completion","created":1772445240,"model":"llama-3.3-70b",` +
		`"choices":[{"index":0,"message":{"role":"assistant","content":` + content + calls + `,"refusal":null,"annotations":[]},` +
		`"logprobs":null,"finish_reason":"` + finish + `"}],` +
		`"usage":{"prompt_tokens":412,"completion_tokens":38,"total_tokens":450},"system_fingerprint":"fp_a1b2c3"}`)
}

// ServeHTTP implements [http.Handler].
func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/requests" {
		fmt.Fprintln(w, h.requests.Load())
		return
	}
	if !strings.HasSuffix(r.URL.Path, "/chat/completions") {
		http.NotFound(w, r)
		return
	}
	h.requests.Add(1)
	results, err := h.results(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if think := setting(r.URL.Path, "think"); think > 0 {
		time.Sleep(time.Duration(min(think, 10_000)) * time.Millisecond)
	}
	if deltas := setting(r.URL.Path, "deltas"); deltas > 0 {
		h.stream(w, min(deltas, 100_000))
		return
	}
	answer := h.answers[min(results, len(h.answers)-1)]
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	_, _ = w.Write(answer) // a client that is gone needs no answer
}

// setting finds "/name/number" in a path, or returns 0.
func setting(path, name string) int {
	_, rest, _ := strings.Cut(path, "/"+name+"/")
	number, _, _ := strings.Cut(rest, "/")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0
	}
	return n
}

// The end of a body that is looked at holds the turn's messages and all that
// comes behind them, such as the tools. Bodies are read in windows.
const (
	keep   = 8 << 10
	window = 256 << 10
)

// results reads a body and counts the tool results behind the last message of
// the user in it.
func (h *host) results(body io.Reader) (int, error) {
	buffer := h.buffers.Get().(*[keep + window]byte)
	defer h.buffers.Put(buffer)
	filled := 0
	for {
		n, err := body.Read(buffer[filled:])
		filled += n
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, err
		}
		if filled == len(buffer) {
			filled = copy(buffer[:], buffer[filled-keep:])
		}
	}
	end := buffer[max(0, filled-keep):filled]
	last := bytes.LastIndex(end, []byte(`"role":"user"`))
	if last < 0 {
		return 0, fmt.Errorf("the last %d bytes hold no message of the user", len(end))
	}
	return bytes.Count(end[last:], []byte(`"role":"tool"`)), nil
}
