package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/internal/wish"
)

// Escalation says when conversations go to a human, beside what the model and
// [Limits] do, and what happens until one comes. The zero value adds nothing.
type Escalation struct {
	// Review is asked before a conversation is handed over because the model,
	// or the customer in words of their own, wants it. It may refuse, since
	// models hand over much that they could do themselves, and it may set the
	// priority and the queue. It is not asked where a limit, a guard, a tool or
	// an unknown outcome leads to a handoff, nor by a colleague's takeover.
	//
	// The handoff is what the [Escalator] would be told. After two refusals in
	// one turn, a third wish is granted whatever Review says. If Review fails,
	// panics, or takes longer than [Limits].ToolTimeout, the handoff happens:
	// nobody is kept from a human by a fault.
	Review func(ctx context.Context, handoff Handoff) (Review, error)

	// CustomerAsks reports whether a message asks for a human so plainly that
	// the conversation is handed over at once, without a request to the model.
	// [AsksForHuman] is made for it. Nil means that the model decides. If it
	// panics, the message does not.
	CustomerAsks func(text string) bool

	// OnDenial hands the conversation over when a colleague refuses an
	// [Approval]. Otherwise the model tells the customer.
	OnDenial bool

	// OnHostError hands the conversation over when the model's host fails for
	// good, that is after all that is tried again. Otherwise the turn fails
	// with the error, and the customer hears nothing. The error stands in
	// [Handoff].Detail: watch for the reason [HandoffHostError].
	OnHostError bool

	// Deadline is how long a handoff may wait for somebody to claim it, by
	// [Agent.TakeOver], [Agent.Record], [Agent.HandBack], [Agent.Close] or an
	// [Agent.Post] with an author. Then it is raised: the Escalator is called
	// again with the same Handoff.ID, one more in Handoff.Raised and the next
	// higher priority. That happens after each further Deadline, three times
	// in all: by then it is urgent, and nobody listens. A turn in the
	// conversation, such as that of a decision on an approval, begins the
	// Deadline anew. Zero means that nothing is raised.
	//
	// It is [Agent.KeepRecovering] that raises, in whichever process; it needs
	// an Escalator and a [SharedMemory].
	Deadline time.Duration
}

// mostRaised is how often a handoff is raised: from low to urgent.
const mostRaised = 3

// Review is the answer of Escalation.Review. The zero value lets the handoff
// happen as it is.
type Review struct {
	// Refuse, if not empty, says to the model why the conversation is not
	// handed over, and what to do instead, such as "look the order up first".
	Refuse string

	// Priority and Queue, if not empty, are those of the handoff.
	Priority Priority
	Queue    string
}

// AsksForHuman reports whether a customer's message plainly asks for a human. It
// knows English, German, French, Spanish, Portuguese, Italian, Dutch and some
// others, costs no request, and takes what is not plain for no wish.
func AsksForHuman(text string) bool { return wish.Human(text) }

// Priority says how soon a human should take a conversation.
type Priority string

// The priorities, lowest first.
const (
	PriorityLow    Priority = "low"
	PriorityNormal Priority = "normal"
	PriorityHigh   Priority = "high"
	PriorityUrgent Priority = "urgent"
)

// raised is the priority after a handoff was raised so many times.
func (p Priority) raised(times int) Priority {
	levels := []Priority{PriorityLow, PriorityNormal, PriorityHigh, PriorityUrgent}
	level := slices.Index(levels, p)
	if times <= 0 || level < 0 {
		return p
	}
	return levels[min(level+times, len(levels)-1)]
}

// priority follows from the reason. What may have gone wrong for the customer
// comes before what did not go on.
func (r HandoffReason) priority() Priority {
	switch r {
	case HandoffUnknownOutcome, HandoffGuard, HandoffInterrupted, HandoffHostError:
		return PriorityHigh
	default:
		return PriorityNormal
	}
}

// HandOver is an error with which a tool's handler gives the conversation to a
// human: the rest of the turn is dropped. The reason, in words, becomes
// [Handoff].Detail.
//
// A handler that returns it alone has done what it was asked for: its result is
// recorded as with a nil error, and the handoff's reason is [HandoffPolicy]. Where
// it has not, join the error that says so:
//
//	return "", errors.Join(err, frontdesk.HandOver("the bank refuses the card"))
//
// is a call that failed, and the reason [HandoffToolFailed].
func HandOver(reason string) error { return &handOverError{reason} }

type handOverError struct{ reason string }

func (e *handOverError) Error() string { return "hand over: " + e.reason }

// handsOver reports whether err is a wish to hand over and no failure.
func handsOver(err error) bool {
	for err != nil {
		switch err.(type) {
		case *handOverError:
			return true
		case *fatalError, *notExecutedError:
			return false
		}
		err = errors.Unwrap(err)
	}
	return false
}

// handOverWords is why the handler of a call wants to hand over, or empty.
func handOverWords(err error) string {
	var wish *handOverError
	if !errors.As(err, &wish) {
		return ""
	}
	if reason := strings.TrimSpace(wish.reason); reason != "" {
		return reason
	}
	return "it wants a human here"
}

// resultOf renders what a handler returned for the model.
func resultOf(out any, err error) (string, error) {
	if err != nil && !handsOver(err) {
		return "", err
	}
	text, failure := resultText(out)
	if failure != nil {
		return "", errors.Join(failure, err)
	}
	return text, err
}

// mostRefusals is how often a handoff can be refused in one turn: a customer who
// asks a third time, or a model that has tried twice more, means it.
const mostRefusals = 2

// review asks the caller's hook about a handoff that somebody wishes for. It
// returns the words with which it is refused, if it is, and sets what else the
// hook says.
func (r *run) review(ctx context.Context, handoff *Handoff) (refused string) {
	hook := r.agent.config.Escalation.Review
	if hook == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, r.agent.limits.ToolTimeout)
	defer cancel()
	would := *handoff
	r.prepare(ctx, &would)
	packet := r.c.packetOf(&would)
	packet.Results, packet.Shown = r.c.turn.results, r.c.turn.saidWith(would.Told)
	answers := make(chan Review, 1)
	go func() {
		var answer Review
		defer func() {
			if recover() != nil {
				answer = Review{}
			}
			answers <- answer
		}()
		if review, err := hook(ctx, *packet); err == nil {
			answer = review
		}
	}()
	var answer Review
	select {
	case answer = <-answers:
	case <-ctx.Done():
	}
	handoff.Priority, handoff.Queue = answer.Priority, answer.Queue
	if r.c.turn.refusals >= mostRefusals {
		return ""
	}
	return strings.TrimSpace(answer.Refuse)
}

// notHandedOver tells the model that a handoff was refused.
func notHandedOver(words string) string { return "Not handed over: " + words }

// refuse takes in that a handoff was refused.
func (c *conversation) refuse(body handoffRefused) {
	if c.turn != nil {
		c.turn.refusals++
	}
	if body.Call != nil {
		if call := c.call(*body.Call); call != nil && call.result == nil {
			result := notRun(call.call, notHandedOver(body.Words))
			call.result, call.refused = &result, true
			c.settleCalls()
		}
		return
	}
	c.unheard = nil
	note := "<note>\nThe customer asks for a human. " + quoteData(notHandedOver(body.Words)) + "\n</note>\n\n"
	if last := len(c.waiting) - 1; last >= 0 {
		c.waiting[last].Text = note + c.waiting[last].Text
		return
	}
	c.tell(note)
}

// unheardText is a message of the customer that the model has not answered.
type unheardText struct {
	text     string
	sequence int64
}

// heard says that the model has read the messages up to an entry, or all if it is
// zero.
func (c *conversation) heard(read int64) {
	for len(c.unheard) > 0 && (read == 0 || c.unheard[0].sequence <= read) {
		c.unheard = c.unheard[1:]
	}
}

// asksForHuman reports whether one of the messages that the model has not answered
// does.
func (c *conversation) asksForHuman(asks func(string) bool) bool {
	for _, message := range c.unheard {
		if asks(message.text) {
			return true
		}
	}
	return false
}

// customerAsks is Escalation.CustomerAsks without its panics, or nil.
func (a *Agent) customerAsks() func(string) bool {
	asks := a.config.Escalation.CustomerAsks
	if asks == nil {
		return nil
	}
	return func(text string) (asked bool) {
		defer func() {
			if recover() != nil {
				asked = false
			}
		}()
		return asks(text)
	}
}

// count takes the results of a round of calls in: how many failed one after
// another.
func (t *turnState) count(call *openCall) {
	switch status := call.result.Status; {
	case call.refused || status == ToolAwaiting:
	case status == ToolDone:
		t.failures = 0
	default:
		t.failures++
	}
}

// wants takes in that a tool wants to hand over.
func (t *turnState) wants(tool string, body toolFinished) {
	if body.HandOver == "" {
		return
	}
	reason := HandoffToolFailed
	if body.Status == ToolDone {
		reason = HandoffPolicy
	}
	t.wanted = &Handoff{Reason: reason, AskedBy: AskedByTool, Detail: tool + ": " + body.HandOver}
}

// denial is the handoff after a colleague's no.
func denial(s *approvalState) *Handoff {
	detail := fmt.Sprintf("%s %s was not approved", s.Tool, s.Arguments)
	if s.decision.By != "" {
		detail += " by " + s.decision.By
	}
	if s.decision.Words != "" {
		detail += ": " + s.decision.Words
	}
	return &Handoff{Reason: HandoffApprovalDenied, Detail: detail}
}

// hostFailed goes on after a host failed for good: with the error or, if the
// caller wants that, with a handoff.
func (r *run) hostFailed(ctx context.Context, err error) error {
	if err == nil || !r.agent.config.Escalation.OnHostError || ctx.Err() != nil || errors.Is(err, ErrConflict) {
		return err
	}
	return r.handOver(ctx, Handoff{Reason: HandoffHostError, Detail: err.Error()})
}
