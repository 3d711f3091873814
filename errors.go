package frontdesk

import (
	"errors"
	"fmt"
	"time"
)

// Errors that a caller can act on. They are found with [errors.Is].
var (
	// ErrConflict says that a conversation has entries its writer had not
	// seen. Memory.Append returns it; from an Agent it means that another
	// process took the turn over, and that the customer gets their answer
	// there.
	ErrConflict = errors.New("conversation has newer entries")

	// ErrUnknownEntry says that a conversation holds an entry of a kind or
	// version that this version of the library does not know. The
	// conversation is left alone: upgrade the library to go on.
	ErrUnknownEntry = errors.New("conversation has an entry of a newer version: upgrade frontdesk to serve it")

	// ErrWrongCustomer says that a turn names a customer to whom the
	// conversation does not belong. Nothing was read out or recorded.
	ErrWrongCustomer = errors.New("conversation belongs to another customer")

	// ErrDenied says that a tool was not run because the customer may not use
	// it with these arguments. It is the [ToolResult].Err of such a call.
	ErrDenied = errors.New("the customer may not use this tool with these arguments")

	// ErrUnknownOutcome says that a tool call may or may not have taken effect,
	// and that somebody has to find out first: see [Agent.Resolve].
	ErrUnknownOutcome = errors.New("nobody knows whether a tool call took effect")

	// ErrStillRunning says that a tool call may still take effect, up to
	// [Effect].NotAfter.
	ErrStillRunning = errors.New("the tool call may still take effect")

	// ErrNoHuman says that no human owns the conversation.
	ErrNoHuman = errors.New("no human has the conversation")

	// ErrTruncated says that a model's answer ended early: the stream broke
	// off, or the answer ran into MaxTokens. No tool call of such an answer
	// is run.
	ErrTruncated = errors.New("answer is incomplete")

	// ErrAuth says that the host refused the API key.
	ErrAuth = errors.New("the host refused the API key")

	// ErrQuota says that the requests of the plan are used up, or that the
	// model needs a higher plan. Trying again soon does not help;
	// [HostError].RetryAfter tells when, if the host does.
	ErrQuota = errors.New("the plan's requests are used up, or the model needs a higher plan")

	// ErrRateLimited says that requests came too fast. Trying again after a
	// while helps, and was done as often as is sensible.
	ErrRateLimited = errors.New("the host is asked too often")

	// ErrOverloaded says that the host is busy or broken. Trying again later
	// may help, and was done as often as is sensible.
	ErrOverloaded = errors.New("the host is overloaded or unavailable")

	// ErrContextWindow says that the request is longer than the model can
	// read. Another model may have a longer window.
	ErrContextWindow = errors.New("the request is longer than the model's context window")
)

// HostError is what a model host answered instead of a model's answer. It
// wraps [ErrAuth], [ErrQuota], [ErrRateLimited], [ErrOverloaded] or
// [ErrContextWindow] where it means that.
type HostError struct {
	// Status is the HTTP status, or 200 for an error told in the middle of
	// an answer.
	Status int

	// Code, Type and Message are the host's own words, each possibly empty.
	Code, Type, Message string

	// RetryAfter is how long the host asks to wait, zero if it does not say.
	RetryAfter time.Duration

	param string // the parameter that was refused, where the host tells
}

// Error tells the status and what the host said.
func (e *HostError) Error() string {
	text := fmt.Sprintf("model host answered %d", e.Status)
	if e.Message != "" {
		text += ": " + e.Message
	}
	if kind := e.Unwrap(); kind != nil {
		text = kind.Error() + " (" + text + ")"
	}
	return text
}

// Unwrap returns the sentinel that says what to do, or nil. It is found by the
// status, the code and the wording.
func (e *HostError) Unwrap() error { return e.kind() }

// TruncatedError is an answer that ended early. It wraps [ErrTruncated].
type TruncatedError struct {
	// Message is what there was of the answer. Its tool calls, if any, must
	// not be run.
	Message Message

	// Finish is the reason the host gave, if it gave one: FinishLength or
	// FinishFilter.
	Finish FinishReason

	cause error
}

// Error tells why the answer ended.
func (e *TruncatedError) Error() string {
	switch {
	case e.Finish == FinishLength:
		return ErrTruncated.Error() + ": it reached the most tokens allowed: raise MaxTokens"
	case e.Finish == FinishFilter:
		return ErrTruncated.Error() + ": the host withheld a part of it"
	case e.cause != nil:
		return ErrTruncated.Error() + ": " + e.cause.Error()
	default:
		return ErrTruncated.Error()
	}
}

// Unwrap returns [ErrTruncated] and what cut the answer off, if it is known.
func (e *TruncatedError) Unwrap() []error {
	if e.cause == nil {
		return []error{ErrTruncated}
	}
	return []error{ErrTruncated, e.cause}
}

// Fatal wraps an error with which a tool ends the whole turn: the model does
// not read it, and Reply and Stream return it. Use it where going on would be
// wrong whatever the model says, such as for a session that was revoked. A nil
// err gives nil.
func Fatal(err error) error {
	if err == nil {
		return nil
	}
	return &fatalError{err}
}

// NotExecuted wraps an error with which the handler of a write says that nothing
// happened, and that nothing will: the call failed and may be made again. It is
// needed only where the error would otherwise leave that open, such as a timeout
// before the request was sent. A nil err gives nil.
func NotExecuted(err error) error {
	if err == nil {
		return nil
	}
	return &notExecutedError{err}
}

type notExecutedError struct{ err error }

func (e *notExecutedError) Error() string { return e.err.Error() }
func (e *notExecutedError) Unwrap() error { return e.err }

type fatalError struct{ err error }

func (e *fatalError) Error() string { return e.err.Error() }
func (e *fatalError) Unwrap() error { return e.err }

func conflictError(id ConversationID, expected, found int64) error {
	return fmt.Errorf("conversation %s: expected entry %d to be the newest, found %d: %w", id, expected, found, ErrConflict)
}
