package frontdesktest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk"
)

// Answer is what a scripted model says to one request.
type Answer struct {
	// Text and Calls are the answer, Reasoning what the model thought.
	Text      string
	Calls     []frontdesk.ToolCall
	Reasoning string

	// Finish defaults to FinishToolCalls if there are Calls, else FinishStop.
	Finish frontdesk.FinishReason

	// Usage is what the host reports.
	Usage frontdesk.Usage

	// Err makes the request fail. What Text holds is streamed before.
	Err error

	// Status makes a [Server] answer with it and, if Text is not empty, with
	// Text as the body. A [Provider] returns a *frontdesk.HostError.
	Status int

	// ChunkSize is the most bytes in one piece of a streamed answer, or one
	// character if that is more. Zero means pieces of about a word.
	ChunkSize int

	// When, if not nil, keeps the answer for a request that it accepts. Of
	// the answers that are left, the first that accepts a request is given.
	When func(*frontdesk.Request) bool
}

// Say is an answer in words.
func Say(text string) Answer { return Answer{Text: text} }

// Call is an answer that calls a tool. Arguments are JSON text, or any value
// that encodes to it.
func Call(name string, arguments any) Answer {
	text, ok := arguments.(string)
	if !ok {
		encoded, err := json.Marshal(arguments)
		if err != nil {
			return Fail(fmt.Errorf("arguments of scripted call %s: %w", name, err))
		}
		text = string(encoded)
	}
	return Answer{Calls: []frontdesk.ToolCall{{ID: "call_1", Name: name, Arguments: text}}}
}

// Fail is a request that fails.
func Fail(err error) Answer { return Answer{Err: err} }

// And adds the calls of another answer to a, to be made together.
func (a Answer) And(other Answer) Answer {
	calls := append([]frontdesk.ToolCall(nil), a.Calls...)
	for _, call := range other.Calls {
		call.ID = fmt.Sprintf("call_%d", len(calls)+1)
		calls = append(calls, call)
	}
	a.Calls = calls
	if a.Text == "" {
		a.Text = other.Text
	}
	if a.Err == nil {
		a.Err = other.Err
	}
	return a
}

func (a *Answer) finish() frontdesk.FinishReason {
	switch {
	case a.Finish != "":
		return a.Finish
	case len(a.Calls) > 0:
		return frontdesk.FinishToolCalls
	default:
		return frontdesk.FinishStop
	}
}

// pieces cuts text as a streamed answer would be cut.
func (a *Answer) pieces(text string) []string {
	if a.ChunkSize <= 0 {
		return strings.SplitAfter(text, " ")
	}
	var pieces []string
	start := 0
	for i, r := range text {
		if i+utf8.RuneLen(r) > start+a.ChunkSize && i > start {
			pieces = append(pieces, text[start:i])
			start = i
		}
	}
	return append(pieces, text[start:])
}

// script hands out answers.
type script struct {
	mu       sync.Mutex
	answers  []Answer
	requests []*frontdesk.Request
	faults   []string
}

// take finds the answer for a request. The request is kept.
func (s *script) take(request *frontdesk.Request) (Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, request)
	if err := CheckTranscript(request.Messages); err != nil {
		return Answer{}, s.fault("request %d: a strict host would refuse it: %v", len(s.requests), err)
	}
	for i, answer := range s.answers {
		if answer.When == nil || answer.When(request) {
			s.answers = append(s.answers[:i:i], s.answers[i+1:]...)
			return answer, nil
		}
	}
	return Answer{}, s.fault("request %d: the script has no answer left for it", len(s.requests))
}

// refuse records a request that no script can answer.
func (s *script) refuse(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault("a strict host would refuse the request: %v", err)
}

func (s *script) fault(format string, arguments ...any) error {
	text := fmt.Sprintf(format, arguments...)
	s.faults = append(s.faults, text)
	return fmt.Errorf("frontdesktest: %s", text)
}

// Requests returns the requests so far, oldest first.
func (s *script) Requests() []*frontdesk.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*frontdesk.Request(nil), s.requests...)
}

// AssertDone fails the test if an answer was not asked for, or a request had
// none or was not in order. It returns whether all was well.
func (s *script) AssertDone(t testing.TB) bool {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fault := range s.faults {
		t.Error("frontdesktest: " + fault)
	}
	for _, answer := range s.answers {
		what := answer.Text
		for _, call := range answer.Calls {
			what += fmt.Sprintf(" %s(%s)", call.Name, call.Arguments)
		}
		t.Errorf("frontdesktest: the script's answer was never asked for: %s", strings.TrimSpace(what))
	}
	return len(s.faults) == 0 && len(s.answers) == 0
}
