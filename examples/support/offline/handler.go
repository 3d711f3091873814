// Package offline plays the model's part when there is no API key. It is an
// [http.Handler] that speaks OpenAI's chat completions protocol, plain and
// streamed, and answers by a few dozen rules instead of a language model. Served
// on a loopback listener it lets everything else (the library, the tools, the
// store, the wire) run as it does in production.
//
// It keeps no state: the same messages and tools give the same answer. It reads
// the customer's words for intents and order numbers (understand.go), decides on
// the next tool calls or the answer (decide.go), words tool results (wording.go)
// and quotes passages of the knowledge base (passages.go). It only calls tools
// that the request declares, and says nothing that did not come from a tool, a
// passage or the rules.
package offline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Model is the name under which GET /v1/models lists the stand-in. Completions
// are given under any name.
const Model = "offline-rules"

// maxBody is the size in bytes up to which a request is read.
const maxBody = 16 << 20

// Options are the settings of a handler. The zero value is ready to use.
type Options struct {
	// ChunkDelay is how long a streamed answer pauses before each piece of
	// text, so that it reads like typing. The default is not to pause.
	ChunkDelay time.Duration
}

// Handler serves the stand-in with the default options.
func Handler() http.Handler { return Options{}.Handler() }

// Handler serves POST /v1/chat/completions and GET /v1/models. It needs no API
// key. A request that a strict server would refuse, such as one with an
// unanswered tool call, is refused here too, in OpenAI's error format. What the
// rules cannot honour is refused as well: several choices, forced tool calls and
// JSON mode. Token limits and sampling parameters are ignored. The handler is
// safe for concurrent use.
func (o Options) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method, serve := "", http.HandlerFunc(nil)
		switch r.URL.Path {
		case "/v1/chat/completions":
			method, serve = http.MethodPost, o.complete
		case "/v1/models":
			method, serve = http.MethodGet, listModels
		default:
			refuse(w, http.StatusNotFound, &requestError{Message: fmt.Sprintf("unknown address %s", r.URL.Path), Code: "unknown_url"})
			return
		}
		if r.Method != method {
			w.Header().Set("Allow", method)
			refuse(w, http.StatusMethodNotAllowed, &requestError{Message: fmt.Sprintf("%s wants %s, not %s", r.URL.Path, method, r.Method), Code: "method_not_allowed"})
			return
		}
		serve(w, r)
	})
}

func listModels(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"object": "list",
		"data":   []any{map[string]any{"id": Model, "object": "model", "created": 0, "owned_by": "frontdesk"}},
	})
}

func (o Options) complete(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		status := http.StatusBadRequest
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		refuse(w, status, &requestError{Message: "the request could not be read: " + err.Error()})
		return
	}
	request, err := decodeRequest(body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}

	// Ids are drawn from the request, so that equal requests get equal answers
	// and different ones, as the steps of a conversation are, different ids.
	digest := sha256.Sum256(body)
	id := hex.EncodeToString(digest[:10])
	answer := decide(readChat(request))
	for i := range answer.calls {
		answer.calls[i].ID = fmt.Sprintf("call_%s_%d", id, i)
	}
	c := completion{
		head:   head{ID: "chatcmpl-" + id, Created: time.Now().Unix(), Model: request.Model},
		answer: answer,
		usage:  estimateUsage(body, answer),
	}
	if request.Stream {
		c.stream(w, r, o.ChunkDelay, request.StreamOptions.IncludeUsage)
	} else {
		c.write(w)
	}
}

// completion is an answer on its way to the wire.
type completion struct {
	head   head
	answer answer
	usage  usage
}

// head is what a completion and each of its chunks begin with.
type head struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	Model   string `json:"model"`
}

type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

// estimateUsage takes four bytes for a token, the usual rule for English.
func estimateUsage(body []byte, a answer) usage {
	said := len(a.text)
	for _, call := range a.calls {
		said += len(call.Function.Name) + len(call.Function.Arguments)
	}
	u := usage{Prompt: len(body)/4 + 1, Completion: said/4 + 1}
	u.Total = u.Prompt + u.Completion
	return u
}

func (c completion) finishReason() string {
	if len(c.answer.calls) > 0 {
		return "tool_calls"
	}
	return "stop"
}

func (c completion) write(w http.ResponseWriter) {
	message := map[string]any{"role": "assistant", "content": c.answer.text}
	if len(c.answer.calls) > 0 {
		message["tool_calls"] = c.answer.calls
		if c.answer.text == "" {
			message["content"] = nil
		}
	}
	c.head.Object = "chat.completion"
	writeJSON(w, http.StatusOK, struct {
		head
		Choices []any `json:"choices"`
		Usage   usage `json:"usage"`
	}{c.head, []any{map[string]any{"index": 0, "message": message, "finish_reason": c.finishReason()}}, c.usage})
}

// stream sends the answer as server-sent events: the role, the text in groups of
// words, each call with its arguments in pieces, the finish reason, and the usage
// if it was asked for. It stops when the client goes away.
func (c completion) stream(w http.ResponseWriter, r *http.Request, delay time.Duration, withUsage bool) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	c.head.Object = "chat.completion.chunk"
	send := func(choices []any, used *usage) {
		chunk, err := json.Marshal(struct {
			head
			Choices []any  `json:"choices"`
			Usage   *usage `json:"usage,omitempty"`
		}{c.head, choices, used})
		if err != nil { // no value above can fail to encode
			return
		}
		fmt.Fprintf(w, "data: %s\n\n", chunk)
		_ = http.NewResponseController(w).Flush() // not every writer can, and none must
	}
	delta := func(fields map[string]any, finish any) {
		send([]any{map[string]any{"index": 0, "delta": fields, "finish_reason": finish}}, nil)
	}

	delta(map[string]any{"role": "assistant", "content": ""}, nil)
	for _, piece := range pieces(c.answer.text, 14) {
		if !pause(r, delay) {
			return
		}
		delta(map[string]any{"content": piece}, nil)
	}
	for i, call := range c.answer.calls {
		arguments := call.Function.Arguments
		call.Function.Arguments = ""
		delta(map[string]any{"tool_calls": []any{struct {
			Index int `json:"index"`
			toolCall
		}{i, call}}}, nil)
		for _, piece := range pieces(arguments, 14) {
			delta(map[string]any{"tool_calls": []any{map[string]any{"index": i, "function": map[string]any{"arguments": piece}}}}, nil)
		}
	}
	delta(map[string]any{}, c.finishReason())
	if withUsage {
		send([]any{}, &c.usage)
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
}

// pieces cuts text behind the first space after at least size bytes, again and
// again. A space is one byte, so no letter is ever cut in two.
func pieces(text string, size int) []string {
	var cut []string
	for len(text) > size {
		space := strings.IndexByte(text[size:], ' ')
		if space < 0 {
			break
		}
		cut = append(cut, text[:size+space+1])
		text = text[size+space+1:]
	}
	if text != "" {
		cut = append(cut, text)
	}
	return cut
}

// pause waits and reports whether the client is still there.
func pause(r *http.Request, delay time.Duration) bool {
	if delay <= 0 {
		return r.Context().Err() == nil
	}
	select {
	case <-r.Context().Done():
		return false
	case <-time.After(delay):
		return true
	}
}

// refuse answers in the format of OpenAI's errors.
func refuse(w http.ResponseWriter, status int, err error) {
	refusal := new(requestError)
	if !errors.As(err, &refusal) {
		refusal.Message = err.Error()
	}
	nullable := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	writeJSON(w, status, map[string]any{"error": map[string]any{
		"message": refusal.Message,
		"type":    "invalid_request_error",
		"param":   nullable(refusal.Param),
		"code":    nullable(refusal.Code),
	}})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // an error here means that the client is gone
}
