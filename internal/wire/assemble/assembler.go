// Package assemble turns the chunks of a chat completion into one assistant
// message, whatever the OpenAI-compatible host made of the format: calls without
// an index, names and arguments sent again and again, errors inside a stream that
// began well, a stream that just stops. A completion that was not streamed takes
// the same path as one chunk.
//
// The package reads what the host sent and repairs only its framing. It does not
// look for tool calls in the text and does not mend broken arguments.
package assemble

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrTruncated is returned by Finish, together with what had arrived, when the
// stream ended with neither a [DONE] nor a finish reason. Do not run the calls of
// such a message; ask again or hand on its text as partial.
var ErrTruncated = errors.New("stream was cut before its end: do not run its calls")

// ErrNoChoices is returned by Completion for a body that holds no choices and does
// not look like an error either.
var ErrNoChoices = errors.New("body is not a chat completion, it has no choices: check the base URL and the model")

// Assembler puts one message together from the chunks of one stream. The zero
// value is ready for use. It must not be copied once in use, and is not safe for
// concurrent use.
type Assembler struct {
	message   Message // all but Text, Reasoning, Refusal and Calls, which grow below
	text      strings.Builder
	reasoning strings.Builder
	refusal   strings.Builder
	calls     []*call
	last      *call // the call that grew last
	chunks    int
	template  template

	deltas  bool // text, reasoning or calls came in deltas, so a message repeats them
	done    bool
	broken  string // the finish reason of a host that could not go on
	failure *Error
}

// Message is the assembled answer of the assistant.
type Message struct {
	// ID and Model are the first ones the host sent.
	ID, Model string
	// Text is the answer. Reasoning is the thinking the host sent beside it, and
	// ReasoningField the name of the field it came in (reasoning_content,
	// reasoning or reasoning_details), which some hosts want back under the same
	// name. The field is set although Reasoning is empty if the host sent an
	// empty text in it.
	Text, Reasoning, ReasoningField string
	// Refusal is what the model said in the refusal field instead of an answer.
	Refusal string
	// Calls are the tool calls in the order in which they began.
	Calls []Call
	// Finish is the last finish reason that was not empty, except that length and
	// content_filter stay once they are said: what was cut remains cut. What other
	// hosts call a stop, a length or a filter has OpenAI's name for it. Whether there
	// are calls is seen in Calls, not here.
	Finish string
	// Usage is the last one the host sent, nil if it sent none.
	Usage *Usage
}

// Call is one tool call.
type Call struct {
	// ID is the host's id, empty if it sent none. Two calls of one message may
	// have the same.
	ID string
	// Name is the name of the tool, empty if the host sent arguments or an id
	// without one.
	Name string
	// Arguments is the text the model produced, which need not be valid JSON. Blank
	// and null arguments are {} in a message that is complete, but stay as they are
	// in one that was cut, by the network or by a finish reason of length or
	// content_filter, as the model may not have come to them.
	Arguments string
}

// Usage counts the tokens of one request as the host reports them.
type Usage struct {
	PromptTokens, CompletionTokens int
	// CachedTokens are those of the prompt that came from a cache, ReasoningTokens
	// those of the completion that were spent on thinking.
	CachedTokens, ReasoningTokens int
}

// Delta is what one chunk added to the message. All deltas of a stream, one after
// the other, are the Text and the Reasoning of its message.
type Delta struct {
	Text, Reasoning string
}

// Add reads one chunk, which came in an event of the given name (empty if the
// event had none), and returns what it added. The payload is not kept.
//
// An error reported by the host is an *Error; Finish returns it again. Any other
// error means that the payload is not a chunk; the message is as it was before.
func (a *Assembler) Add(event string, payload []byte) (Delta, error) {
	if event != "error" {
		if content, ok := a.template.match(payload); ok {
			return a.addContent(content), nil
		}
		var chunk plain
		if chunk.parse(payload) {
			a.template.remember(payload, &chunk)
			return a.addPlain(&chunk), nil
		}
	}
	chunk, err := parseChunk(payload)
	if failure := hostError(event, payload, chunk, err); failure != nil {
		if a.failure == nil {
			a.failure = failure
		}
		return Delta{}, failure
	}
	if err != nil {
		return Delta{}, fmt.Errorf("read chunk: %w", err)
	}
	return a.addChunk(chunk, false), nil
}

// Size is how much there is of the message so far, in bytes. It grows with every
// chunk that adds to the text, the reasoning or a call.
func (a *Assembler) Size() int {
	size := a.text.Len() + a.reasoning.Len() + a.refusal.Len()
	for _, call := range a.calls {
		size += len(call.id) + len(call.name) + len(call.arguments)
	}
	return size
}

// Finished reports whether a finish reason was seen, after which only the usage
// and [DONE] are to come.
func (a *Assembler) Finished() bool { return a.message.Finish != "" }

// Done notes that the stream said [DONE], and so was not cut.
func (a *Assembler) Done() { a.done = true }

// Finish returns the message. Its error is the *Error that a chunk carried, or
// wraps ErrTruncated if the stream was cut; the message then holds what had
// arrived. Nothing may be added after Finish.
func (a *Assembler) Finish() (Message, error) {
	message := a.message
	message.Text = a.text.String()
	message.Reasoning = a.reasoning.String()
	message.Refusal = a.refusal.String()
	complete := (a.done || message.Finish != "") && a.broken == ""
	message.Calls = slices.Grow(message.Calls, len(a.calls))
	for _, c := range a.calls {
		message.Calls = c.finish(message.Calls, complete && !cut(message.Finish))
	}
	switch {
	case a.failure != nil:
		return message, a.failure
	case a.broken != "":
		return message, fmt.Errorf("finish reason %.40q: %w", a.broken, ErrTruncated)
	case !complete:
		return message, fmt.Errorf("after %d chunks: %w", a.chunks, ErrTruncated)
	}
	return message, nil
}

// Completion reads the body of a completion that was not streamed. Its error is an
// *Error if the body carries one, and wraps ErrNoChoices if there is no answer in it.
func Completion(payload []byte) (Message, error) {
	whole := plain{whole: true}
	if whole.parse(payload) && whole.answered {
		var a Assembler
		a.addPlain(&whole)
		a.Done()
		return a.Finish()
	}
	chunk, err := parseChunk(payload)
	if failure := hostError("", payload, chunk, err); failure != nil {
		return Message{}, failure
	}
	if err != nil {
		return Message{}, fmt.Errorf("read completion: %w", err)
	}
	if len(chunk.Choices) == 0 {
		if failure := chunk.failure(payload); failure.Message != "" {
			return Message{}, failure
		}
		return Message{}, fmt.Errorf("read completion: %w", ErrNoChoices)
	}
	var a Assembler
	a.addChunk(chunk, true)
	a.Done()
	return a.Finish()
}

// addChunk adds what a chunk says of the first choice. Whole is set for a completion.
func (a *Assembler) addChunk(chunk *chunk, whole bool) Delta {
	a.chunks++
	if a.message.ID == "" {
		a.message.ID = chunk.ID.value
	}
	if a.message.Model == "" {
		a.message.Model = chunk.Model.value
	}
	a.usage(chunk.Usage)
	before := a.lengths()
	for position, choice := range chunk.Choices {
		if choice.Index.or(position) != 0 {
			continue
		}
		a.usage(choice.Usage)
		a.finish(choice.FinishReason.value)
		if choice.Delta != nil {
			a.addBody(choice.Delta, whole)
			a.deltas = a.deltas || a.since(before) != Delta{} || len(choice.Delta.calls()) > 0
		} else if choice.Message != nil && a.deltas {
			a.repeatBody(choice.Message)
		} else if choice.Message != nil {
			a.addBody(choice.Message, whole)
		}
	}
	return a.since(before)
}

// addBody adds a delta, or a message that stands for one. If whole is set, each of
// its calls is a call of its own.
func (a *Assembler) addBody(body *body, whole bool) {
	a.text.WriteString(body.Content.value)
	a.refusal.WriteString(body.Refusal.value)
	if field, reasoning := body.reasoning(a.message.ReasoningField); field != "" {
		a.reasoningField(field)
		a.reasoning.WriteString(reasoning)
	}
	for _, fragment := range body.calls() {
		a.addCall(fragment, whole)
	}
}

// repeatBody reads a whole message after deltas: some hosts close a stream with
// all they have streamed. Only what goes beyond the deltas is new.
func (a *Assembler) repeatBody(body *body) {
	a.text.WriteString(beyond(a.text.String(), body.Content.value))
	a.refusal.WriteString(beyond(a.refusal.String(), body.Refusal.value))
	if field, reasoning := body.reasoning(a.message.ReasoningField); field != "" {
		a.reasoningField(field)
		a.reasoning.WriteString(beyond(a.reasoning.String(), reasoning))
	}
	if len(a.calls) == 0 {
		for _, fragment := range body.calls() {
			a.addCall(fragment, true)
		}
	}
}

// beyond returns what whole adds to streamed. A whole that differs from what was
// streamed and shown already adds nothing.
func beyond(streamed, whole string) string {
	if more, ok := strings.CutPrefix(whole, streamed); ok {
		return more
	}
	return ""
}

// reasoningField notes the field reasoning came in: the first one that had text in
// it, or the last empty one before.
func (a *Assembler) reasoningField(name string) {
	if a.reasoning.Len() == 0 {
		a.message.ReasoningField = name
	}
}

func (a *Assembler) finish(reason string) {
	if name := reasons[strings.ToLower(reason)]; name != "" {
		reason = name
	}
	if reason == broke {
		a.broken = reason
	}
	if reason != "" && !cut(a.message.Finish) {
		a.message.Finish = reason
	}
}

// broke stands for the finish reasons of an answer that the host could not bring
// to its end.
const broke = "error"

// reasons are the finish reasons of other hosts in OpenAI's words: those of
// Anthropic, Cohere, Gemini, Mistral, Together and Zhipu, as their gateways pass
// them on, of DeepSeek's server when it has to stop, and of vLLM and SGLang for a
// request that was aborted.
var reasons = map[string]string{
	"eos": "stop", "end_turn": "stop", "stop_sequence": "stop", "complete": "stop", "stop": "stop",

	"length": "length", "max_tokens": "length", "max_output_tokens": "length", "model_length": "length", "model_context_window_exceeded": "length",

	"content_filter": "content_filter", "content-filter": "content_filter", "safety": "content_filter", "sensitive": "content_filter",
	"recitation": "content_filter", "blocklist": "content_filter", "prohibited_content": "content_filter", "refusal": "content_filter",

	"error": broke, "abort": broke, "aborted": broke, "cancelled": broke, "network_error": broke, "timeout": broke,
	"insufficient_system_resource": broke,
}

// cut reports whether a finish reason says that the answer is not whole.
func cut(reason string) bool { return reason == "length" || reason == "content_filter" }

// lengths are the lengths of text and reasoning at some point.
type lengths struct{ text, reasoning int }

func (a *Assembler) lengths() lengths { return lengths{a.text.Len(), a.reasoning.Len()} }

// since returns what was added since then. It shares the memory of the message.
func (a *Assembler) since(then lengths) Delta {
	return Delta{Text: a.text.String()[then.text:], Reasoning: a.reasoning.String()[then.reasoning:]}
}
