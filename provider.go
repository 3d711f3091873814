package frontdesk

import (
	"context"
	"encoding/json"
)

// Defaults of a request to a model.
const (
	// DefaultModel is used when [Config.Model] is empty: Llama 3.3 70B, which
	// is good at tool use and long conversations.
	DefaultModel = "llama-3.3-70b"

	// DefaultTemperature keeps a support agent close to its policies. Hosts
	// default to 0.7 and more, which suits prose.
	DefaultTemperature = 0.2

	// DefaultMaxTokens bounds one answer. It is always sent, because hosts
	// cut answers short otherwise: Oxlo's own default is 256 tokens, which
	// ends many a tool call in the middle of its arguments.
	DefaultMaxTokens = 4096
)

// Provider asks a language model for its next message. [OpenAICompatible] is
// the one that comes with the library; tests write their own with
// [ProviderFunc] or use package frontdesktest.
//
// Generate sends one request and returns the model's whole answer. When stream
// is not nil, the answer is streamed: Generate calls stream for each piece, in
// order, from the goroutine that called Generate, and stops as soon as it can
// once ctx is done. What was streamed is a preview: only the returned Response
// counts. An answer that ended early is an error that wraps [ErrTruncated],
// never a Response.
//
// A Provider must be safe for concurrent use, and must not keep or change req.
type Provider interface {
	Generate(ctx context.Context, req *Request, stream func(Delta)) (*Response, error)
}

// ProviderFunc makes a Provider of a function.
type ProviderFunc func(ctx context.Context, req *Request, stream func(Delta)) (*Response, error)

// Generate calls f.
func (f ProviderFunc) Generate(ctx context.Context, req *Request, stream func(Delta)) (*Response, error) {
	return f(ctx, req, stream)
}

// Request is what a model is asked: everything it may know, since it remembers
// nothing of earlier requests.
type Request struct {
	// Model names the model, in the host's spelling.
	Model string

	// Instructions is the system prompt.
	Instructions string

	// Messages is the transcript, oldest first. It never has a dangling tool
	// call: each call is followed by exactly one result.
	Messages []Message

	// Tools are the tools the model may call, in the order of registration.
	Tools []ToolDefinition

	// Temperature is the sampling temperature.
	Temperature float64

	// MaxTokens bounds the answer, in tokens.
	MaxTokens int

	// Output, if not nil, is the JSON Schema that the answer's text must fit.
	// Where the host does not read schemas, it is repeated at the end of the
	// instructions. Hosts keep to it more or less: validate what comes back,
	// or use [Extract], which does.
	Output json.RawMessage

	// Thinking says whether the model is to think before it answers, where
	// its [Profile] knows how to tell it. Empty leaves that to the host.
	Thinking Thinking

	// encoded caches the wire form of the messages that will never change
	// again: the first settled of those that begin at first. A provider in
	// between may have put other messages in their place.
	encoded *encodedMessages
	first   *Message
	settled int

	// tools is the wire form of the tools that begin at toolsOf.
	tools   []byte
	toolsOf *ToolDefinition

	// spend, if not nil, is asked before each attempt on the wire, and forbids
	// it by an error. attempts, if not nil, counts those that were made.
	spend    func(context.Context) error
	attempts *int
}

// Thinking says whether a model is to think before it answers.
type Thinking string

// The values of [Thinking] beside the empty one.
const (
	ThinkingOn  Thinking = "on"
	ThinkingOff Thinking = "off" // or as little as the model can
)

// ToolDefinition is what a model is told of a tool.
type ToolDefinition struct {
	Name        string
	Description string
	Schema      json.RawMessage // JSON Schema of the arguments, an object
}

// Delta is a piece of a streamed answer.
type Delta struct {
	// Text and Reasoning are to be appended to what came before.
	Text      string
	Reasoning string

	// Reset says that all of this answer so far is void, text and reasoning,
	// because the request is tried again from the start or the text was read
	// wrong. It comes before Text and Reasoning of the same Delta.
	Reset bool
}

// FinishReason says why a model stopped.
type FinishReason string

// The finish reasons that the loop looks at. Hosts have others, which are
// passed through; calls are found by looking for calls, not at the reason,
// since several hosts report stop beside them.
const (
	FinishStop      FinishReason = "stop"
	FinishToolCalls FinishReason = "tool_calls"
	FinishLength    FinishReason = "length"         // the answer was cut at MaxTokens
	FinishFilter    FinishReason = "content_filter" // the host withheld the rest
)

// Response is a model's answer to a [Request].
type Response struct {
	// Message is the answer: text, tool calls, or both. Its role is
	// RoleAssistant, whatever the provider set.
	Message Message

	Finish FinishReason

	// Model is the model that answered, which need not be the one asked for.
	Model string

	// Usage is what the host reported, zero if it said nothing.
	Usage Usage

	// Requests is how many requests the answer took on the wire, failed
	// attempts included. Zero counts as one.
	Requests int
}

// Usage counts the tokens of one or more requests.
type Usage struct {
	PromptTokens     int `json:"prompt_tokens,omitempty"`
	CompletionTokens int `json:"completion_tokens,omitempty"`
}

func (u *Usage) add(v Usage) {
	u.PromptTokens += v.PromptTokens
	u.CompletionTokens += v.CompletionTokens
}
