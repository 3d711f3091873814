package frontdesktest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/frontdesk-go/frontdesk"
)

// Server is an OpenAI-compatible host on a loopback address that follows a
// script. It answers POST /v1/chat/completions, plain and streamed, and GET
// /v1/models. It refuses, with status 400, what a strict host would refuse.
type Server struct {
	script
	server *httptest.Server
	seen   []ServerRequest
}

// ServerRequest is a request as it came over the wire.
type ServerRequest struct {
	Path   string
	Header http.Header
	Body   []byte

	// Stream says whether a streamed answer was asked for.
	Stream bool
}

// NewServer starts a server that gives the answers in order, one a request.
// Close it at the end.
func NewServer(answers ...Answer) *Server {
	s := &Server{script: script{answers: answers}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", s.complete)
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{
			"object": "list",
			"data":   []any{map[string]any{"id": frontdesk.DefaultModel, "object": "model"}},
		})
	})
	s.server = httptest.NewServer(mux)
	return s
}

// Close stops the server.
func (s *Server) Close() { s.server.Close() }

// URL is the base URL to give to a client, such as "http://127.0.0.1:1234/v1".
func (s *Server) URL() string { return s.server.URL + "/v1" }

// Provider returns a provider that talks to the server.
func (s *Server) Provider() *frontdesk.OpenAICompatible {
	return &frontdesk.OpenAICompatible{BaseURL: s.URL(), APIKey: "test-key"}
}

// Add appends answers to the script.
func (s *Server) Add(answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, answers...)
}

// ServerRequests returns the requests as they came over the wire, oldest
// first.
func (s *Server) ServerRequests() []ServerRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]ServerRequest(nil), s.seen...)
}

// The parts of a chat completions request that the server looks at.
type (
	wireRequest struct {
		Model       string        `json:"model"`
		Messages    []wireMessage `json:"messages"`
		Temperature float64       `json:"temperature"`
		MaxTokens   int           `json:"max_tokens"`
		Stream      bool          `json:"stream"`
		Tools       []struct {
			Function struct {
				Name        string          `json:"name"`
				Description string          `json:"description"`
				Parameters  json.RawMessage `json:"parameters"`
			} `json:"function"`
		} `json:"tools"`
	}
	wireMessage struct {
		Role       string          `json:"role"`
		Content    json.RawMessage `json:"content"`
		ToolCallID string          `json:"tool_call_id"`
		ToolCalls  []wireCall      `json:"tool_calls"`
	}
	wireCall struct {
		Index    int    `json:"index"`
		ID       string `json:"id,omitempty"`
		Type     string `json:"type,omitempty"`
		Function struct {
			Name      string `json:"name,omitempty"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	}
	wirePart struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		ImageURL struct {
			URL string `json:"url"`
		} `json:"image_url"`
	}
)

func (s *Server) complete(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	var wire wireRequest
	err = json.Unmarshal(body, &wire)
	s.mu.Lock()
	s.seen = append(s.seen, ServerRequest{Path: r.URL.Path, Header: r.Header.Clone(), Body: body, Stream: wire.Stream})
	s.mu.Unlock()
	var request *frontdesk.Request
	if err == nil {
		request, err = wire.decode()
	}
	if err != nil {
		writeError(w, http.StatusBadRequest, s.refuse(err).Error())
		return
	}
	answer, err := s.take(request)
	switch {
	case err != nil:
		writeError(w, http.StatusBadRequest, err.Error())
	case answer.Status != 0 && json.Valid([]byte(answer.Text)):
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.Status)
		_, _ = io.WriteString(w, answer.Text)
	case answer.Status != 0:
		writeError(w, answer.Status, answer.Text)
	case wire.Stream:
		writeStream(w, wire.Model, &answer)
	case answer.Err != nil:
		panic(http.ErrAbortHandler) // the connection breaks
	default:
		writeJSON(w, http.StatusOK, completion(wire.Model, "chat.completion", "message", answer.message(), answer.finish(), answer.Usage))
	}
}

// decode reads the wire form back into the library's own.
func (w *wireRequest) decode() (*frontdesk.Request, error) {
	request := &frontdesk.Request{Model: w.Model, Temperature: w.Temperature, MaxTokens: w.MaxTokens}
	for _, tool := range w.Tools {
		request.Tools = append(request.Tools, frontdesk.ToolDefinition{
			Name:        tool.Function.Name,
			Description: tool.Function.Description,
			Schema:      tool.Function.Parameters,
		})
	}
	for i, m := range w.Messages {
		message := frontdesk.Message{Role: frontdesk.Role(m.Role), CallID: m.ToolCallID}
		var parts []wirePart
		if json.Unmarshal(m.Content, &message.Text) != nil {
			if err := json.Unmarshal(m.Content, &parts); err != nil {
				return nil, fmt.Errorf("message %d: content is neither text nor parts", i)
			}
		}
		for _, part := range parts {
			if part.Type == "text" {
				message.Text += part.Text
			} else {
				message.Images = append(message.Images, frontdesk.Image{URL: part.ImageURL.URL})
			}
		}
		for _, call := range m.ToolCalls {
			message.Calls = append(message.Calls, frontdesk.ToolCall{ID: call.ID, Name: call.Function.Name, Arguments: call.Function.Arguments})
		}
		if i == 0 && m.Role == "system" {
			request.Instructions = message.Text
			continue
		}
		request.Messages = append(request.Messages, message)
	}
	return request, checkWire(request.Messages)
}

func (a *Answer) message() map[string]any {
	message := map[string]any{"role": "assistant", "content": a.Text}
	if a.Reasoning != "" {
		message["reasoning_content"] = a.Reasoning
	}
	if len(a.Calls) > 0 {
		message["tool_calls"] = a.wireCalls()
	}
	return message
}

func (a *Answer) wireCalls() []wireCall {
	calls := make([]wireCall, len(a.Calls))
	for i, call := range a.Calls {
		calls[i] = wireCall{Index: i, ID: call.ID, Type: "function"}
		calls[i].Function.Name = call.Name
		calls[i].Function.Arguments = call.Arguments
	}
	return calls
}

func completion(model, object, field string, message any, finish frontdesk.FinishReason, usage frontdesk.Usage) map[string]any {
	choice := map[string]any{"index": 0, field: message, "finish_reason": nil}
	if finish != "" {
		choice["finish_reason"] = finish
	}
	body := map[string]any{"id": "chatcmpl-test", "object": object, "model": model, "choices": []any{choice}}
	if usage != (frontdesk.Usage{}) {
		body["usage"] = usage
	}
	return body
}

// writeStream sends an answer the way OpenAI streams it: the role first, text
// in pieces, each call's name and then its arguments in pieces, and the finish
// reason in a chunk of its own.
func writeStream(w http.ResponseWriter, model string, answer *Answer) {
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(delta map[string]any, finish frontdesk.FinishReason, usage frontdesk.Usage) {
		data, err := json.Marshal(completion(model, "chat.completion.chunk", "delta", delta, finish, usage))
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprintf(w, "data: %s\n\n", data)
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
	}
	none := frontdesk.Usage{}
	send(map[string]any{"role": "assistant", "content": ""}, "", none)
	if answer.Reasoning != "" {
		send(map[string]any{"reasoning_content": answer.Reasoning}, "", none)
	}
	for _, piece := range answer.pieces(answer.Text) {
		if piece != "" {
			send(map[string]any{"content": piece}, "", none)
		}
	}
	if answer.Err != nil {
		panic(http.ErrAbortHandler) // the connection breaks
	}
	for i, call := range answer.wireCalls() {
		arguments := call.Function.Arguments
		call.Function.Arguments = ""
		send(map[string]any{"tool_calls": []any{call}}, "", none)
		for _, piece := range answer.pieces(arguments) {
			fragment := wireCall{Index: i}
			fragment.Function.Arguments = piece
			send(map[string]any{"tool_calls": []any{fragment}}, "", none)
		}
	}
	send(map[string]any{}, answer.finish(), answer.Usage)
	_, _ = io.WriteString(w, "data: [DONE]\n\n")
}

func writeError(w http.ResponseWriter, status int, message string) {
	kind := "invalid_request_error"
	if status >= http.StatusInternalServerError {
		kind = "server_error"
	}
	writeJSON(w, status, map[string]any{"error": map[string]any{"message": strings.TrimSpace(message), "type": kind, "code": nil}})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
