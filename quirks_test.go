package frontdesk_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// fakeHost plays a model's host in the process: it gives its answers one after
// another and keeps what it was sent. It works within a bubble of synctest,
// where sockets do not, so that no test waits.
type fakeHost struct {
	always  func(body string) fakeAnswer // if not nil, answers instead of answers
	mu      sync.Mutex
	answers []fakeAnswer
	bodies  []string
	times   []time.Time
}

// fakeAnswer answers one request.
type fakeAnswer func(*http.Request) (*http.Response, error)

func (h *fakeHost) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body.Close()
	return h.take(string(body))(r)
}

func (h *fakeHost) take(body string) fakeAnswer {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bodies = append(h.bodies, body)
	h.times = append(h.times, time.Now())
	if h.always != nil {
		return h.always(body)
	}
	if len(h.answers) == 0 {
		return refuse(http.StatusTeapot, "the script has no answer left")
	}
	next := h.answers[0]
	h.answers = h.answers[1:]
	return next
}

func (h *fakeHost) add(answers ...fakeAnswer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers = append(h.answers, answers...)
}

// sent returns the requests so far.
func (h *fakeHost) sent() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bodies
}

// waits returns the times between one request and the next.
func (h *fakeHost) waits() []time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	var waits []time.Duration
	for i := 1; i < len(h.times); i++ {
		waits = append(waits, h.times[i].Sub(h.times[i-1]))
	}
	return waits
}

// provider returns a provider whose requests go to h.
func (h *fakeHost) provider() *frontdesk.OpenAICompatible { return providerOver(h) }

// providerOver returns a provider whose requests take the given way.
func providerOver(transport http.RoundTripper) *frontdesk.OpenAICompatible {
	return &frontdesk.OpenAICompatible{
		BaseURL: "https://llm.example/v1",
		APIKey:  "sk-of-the-fake-host",
		Options: []option.RequestOption{option.WithHTTPClient(&http.Client{Transport: transport})},
	}
}

func hosting(answers ...fakeAnswer) *fakeHost { return &fakeHost{answers: answers} }

// piece is a part of an answer's body: a wait, then text or an error.
type piece struct {
	wait time.Duration
	text string
	err  error
}

// forever is longer than any test.
const forever = 10_000 * time.Hour

// body makes an answer of pieces; after the last, the body ends.
func body(contentType string, pieces ...piece) fakeAnswer {
	return func(r *http.Request) (*http.Response, error) {
		return response(r, http.StatusOK, contentType, &pieceReader{ctx: r.Context(), pieces: slices.Clone(pieces)}), nil
	}
}

type pieceReader struct {
	ctx    context.Context
	pieces []piece
}

func (p *pieceReader) Read(buffer []byte) (int, error) {
	for len(p.pieces) > 0 {
		next := &p.pieces[0]
		if next.wait > 0 {
			timer := time.NewTimer(next.wait)
			select {
			case <-timer.C:
			case <-p.ctx.Done():
				timer.Stop()
				return 0, p.ctx.Err()
			}
			next.wait = 0
		}
		if next.text != "" {
			n := copy(buffer, next.text)
			next.text = next.text[n:]
			return n, nil
		}
		if next.err != nil {
			return 0, next.err
		}
		p.pieces = p.pieces[1:]
	}
	return 0, io.EOF
}

func response(r *http.Request, status int, contentType string, body io.Reader) *http.Response {
	return &http.Response{
		Status:     http.StatusText(status),
		StatusCode: status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{"Content-Type": {contentType}},
		Body:    io.NopCloser(body),
		Request: r,
	}
}

// streamed is an event stream, sent at once.
func streamed(payloads ...string) fakeAnswer {
	return body("text/event-stream", piece{text: events(payloads...)})
}

// whole is an answer in one JSON document.
func whole(text string) fakeAnswer { return body("application/json", piece{text: text}) }

// refuse answers with an error. Headers are names and values in turn.
func refuse(status int, message string, headers ...string) fakeAnswer {
	return refuseWith(status, "application/json", toJSON(map[string]any{"error": map[string]any{"message": message}}), headers...)
}

func refuseWith(status int, contentType, text string, headers ...string) fakeAnswer {
	return func(r *http.Request) (*http.Response, error) {
		response := response(r, status, contentType, strings.NewReader(text))
		for i := 0; i < len(headers); i += 2 {
			response.Header.Set(headers[i], headers[i+1])
		}
		return response, nil
	}
}

// unreachable is a request that finds no host.
func unreachable(err error) fakeAnswer {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// saying answers in words, in the form that was asked for.
func saying(text string) fakeAnswer {
	return answering(map[string]any{"role": "assistant", "content": text}, "stop")
}

// calling answers with a call of a tool.
func calling(id, name, arguments string) fakeAnswer {
	return answering(map[string]any{"role": "assistant", "content": nil, "tool_calls": []any{
		map[string]any{"index": 0, "id": id, "type": "function", "function": map[string]any{"name": name, "arguments": arguments}},
	}}, "tool_calls")
}

// answering answers with a message, in the form that was asked for.
func answering(message map[string]any, finish string) fakeAnswer {
	return func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Accept") == "text/event-stream" {
			return streamed(chunk(message, ""), chunk(map[string]any{}, finish), "[DONE]")(r)
		}
		return whole(toJSON(map[string]any{"choices": []any{map[string]any{"message": message, "finish_reason": finish}}}))(r)
	}
}

// chunk is the payload of one event of a stream.
func chunk(delta map[string]any, finish string) string {
	choice := map[string]any{"index": 0, "delta": delta, "finish_reason": nil}
	if finish != "" {
		choice["finish_reason"] = finish
	}
	return toJSON(map[string]any{"choices": []any{choice}})
}

func toJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // plain data of the tests
	}
	return string(text)
}

// words are the events of an answer in words.
func words(text string) string {
	return events(chunk(map[string]any{"content": text}, ""), chunk(map[string]any{}, "stop"), "[DONE]")
}

// sentMessages returns the messages of a request, as the host read them.
func sentMessages(t *testing.T, body string) []map[string]any {
	t.Helper()
	var request struct{ Messages []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(body), &request))
	return request.Messages
}

// watchText asks for a streamed answer and returns what it shows: the text, with
// "|" where it is reset.
func watchText(ctx context.Context, provider frontdesk.Provider, request *frontdesk.Request) (*frontdesk.Response, string, error) {
	var shown strings.Builder
	response, err := provider.Generate(ctx, request, func(delta frontdesk.Delta) {
		if delta.Reset {
			shown.WriteString("|")
		}
		shown.WriteString(delta.Text)
	})
	return response, shown.String(), err
}

// orderTools are the definitions of the shop's tools.
var orderTools = sync.OnceValue(func() []frontdesk.ToolDefinition {
	registry, err := frontdesk.NewRegistry(new(shop).tools()...)
	if err != nil {
		panic(err) // they are in order
	}
	return registry.Definitions()
})

// withTools is the smallest request that offers the shop's tools.
func withTools() *frontdesk.Request {
	request := question()
	request.Tools = orderTools()
	return request
}
