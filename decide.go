package frontdesk

import (
	"fmt"
	"slices"
	"strings"
)

// step is what a turn does next.
type step int

const (
	stepRetrieve step = iota // search the knowledge base
	stepAsk                  // ask the model
	stepCall                 // run the tools it called
	stepAct                  // run a tool that was approved meanwhile
	stepHandOver             // give the conversation to a human
	stepEscalate             // tell the escalator
	stepEnd                  // the outcome is known
)

// rules are what the decisions of a turn depend on beside the log.
type rules struct {
	limits    Limits
	retriever bool
	escalator bool
	denial    bool              // a colleague's no hands over
	asks      func(string) bool // whether a message asks for a human, or nil
}

func (a *Agent) rules() rules {
	return rules{
		limits:    a.limits,
		retriever: a.config.Retriever != nil,
		escalator: a.config.Escalator != nil,
		denial:    a.config.Escalation.OnDenial,
		asks:      a.customerAsks(),
	}
}

// decision is the next step of a turn, with the handoff to be made or the
// outcome at its end.
type decision struct {
	step    step
	handoff Handoff
	outcome Outcome
}

// spent is the handoff of a turn that has made all the requests it may.
func (l Limits) spent() Handoff {
	return Handoff{Reason: HandoffBudget, Detail: fmt.Sprintf("the turn used its %d requests to the model", l.Requests)}
}

// emptyAnswers is how many empty answers in a row a turn puts up with: one is
// often a passing fault of the host, two are not.
const emptyAnswers = 2

// takeovers is how often a turn is taken over before a human is asked: a turn
// that kills its process does so again.
const takeovers = 3

// next decides how the newest turn goes on. It depends on the log and the
// rules alone, so that any process decides alike.
func (c *conversation) next(rules rules) decision {
	t := c.turn
	spent := t.requests >= rules.limits.Requests
	budget := decision{step: stepHandOver, handoff: rules.limits.spent()}
	pending := c.pendingCall()
	switch {
	case c.untoldHandoff() && rules.escalator:
		return decision{step: stepEscalate}
	case t.takeovers >= takeovers && c.owner.Owner == OwnerAgent && t.overtaken == 0:
		return decision{step: stepHandOver, handoff: Handoff{
			Reason: HandoffInterrupted,
			Detail: fmt.Sprintf("the turn was broken off %d times", t.takeovers),
		}}
	case c.approved() != nil:
		return decision{step: stepAct}
	case (t.handoff != nil || t.overtaken > 0) && c.owner.Owner == OwnerAgent && rules.escalator && c.untold():
		return decision{step: stepHandOver, handoff: unknownOutcome("")} // since it was handed back
	case t.handoff != nil || t.overtaken > 0 || c.owner.Owner != OwnerAgent:
		return decision{step: stepEnd, outcome: Escalated}
	case pending >= 0 && (c.calls[pending].effect != nil || c.calls[pending].approval != nil):
		return decision{step: stepCall} // it is under way
	case t.wanted != nil:
		return decision{step: stepHandOver, handoff: *t.wanted}
	case rules.asks != nil && c.asksForHuman(rules.asks):
		return decision{step: stepHandOver, handoff: Handoff{
			Reason: HandoffCustomerAsked, AskedBy: AskedByCustomer,
			Detail: "the customer asked for a human in plain words",
		}}
	case pending >= 0 && spent && !(rules.escalator && c.callsEscalation()):
		return budget // nobody would read the results
	case pending >= 0:
		return decision{step: stepCall}
	case t.interrupted, len(c.calls) > 0 && rules.escalator && c.untold():
		return decision{step: stepHandOver, handoff: unknownOutcome("")}
	case len(c.calls) > 0:
		return decision{step: stepEnd, outcome: c.awaits()}
	case t.answered && rules.escalator && c.untold():
		return decision{step: stepHandOver, handoff: unknownOutcome(strings.TrimSpace(t.answer.Message.Text))}
	case t.denied != nil && rules.denial:
		return decision{step: stepHandOver, handoff: *t.denied}
	case t.failures >= rules.limits.Failures:
		return decision{step: stepHandOver, handoff: Handoff{
			Reason:  HandoffToolFailed,
			AskedBy: AskedByLimit,
			Detail:  fmt.Sprintf("%d tool calls in a row came to nothing", t.failures),
		}}
	case t.repeats >= rules.limits.RepeatedCalls:
		return decision{step: stepHandOver, handoff: Handoff{
			Reason: HandoffRepeatedCall,
			Detail: fmt.Sprintf("the model called %s %d times in a row with the same result", t.results[len(t.results)-1].Call.Name, t.repeats),
		}}
	case t.answered:
		return decision{step: stepEnd, outcome: Answered}
	case (c.question != nil || len(c.waiting) > 0) && !c.retrieved && rules.retriever:
		return decision{step: stepRetrieve}
	case t.emptyAnswers >= emptyAnswers:
		return decision{step: stepHandOver, handoff: Handoff{
			Reason: HandoffEmptyReply,
			Detail: fmt.Sprintf("the model gave no answer %d times in a row", t.emptyAnswers),
		}}
	case spent:
		return budget
	default:
		return decision{step: stepAsk}
	}
}

// callsEscalation reports whether the next call to be run hands over.
func (c *conversation) callsEscalation() bool {
	i := c.pendingCall()
	return i >= 0 && foldName(undecorated(c.calls[i].call.Name)) == foldName(EscalationTool)
}

// pendingCall returns the index of the first call without a result that waits
// for nobody, or -1.
func (c *conversation) pendingCall() int {
	return slices.IndexFunc(c.calls, func(call *openCall) bool { return call.result == nil && !call.undecided() })
}

// awaits is the outcome of a turn whose calls wait for somebody.
func (c *conversation) awaits() Outcome {
	outcome := AwaitingCustomer
	for _, call := range c.calls {
		switch {
		case !call.undecided():
		case call.approval.Kind == ColleagueApproves:
			return AwaitingApproval
		case call.approval.Kind == CustomerVerifies:
			outcome = AwaitingVerification
		}
	}
	return outcome
}

// approved returns an approved call that the transcript went on without and
// that was not run yet, or nil.
func (c *conversation) approved() *approvalState {
	for _, s := range c.approvals {
		if s.call == nil && s.approved() && !s.done {
			return s
		}
	}
	return nil
}

// untold reports whether a call, of whichever turn, ended nobody knows how and no
// handoff has named it.
func (c *conversation) untold() bool {
	return slices.ContainsFunc(c.unresolved, func(e *effectState) bool { return e.unknown && !e.named })
}

// unknownOutcome is the handoff of a turn in which something may have happened.
func unknownOutcome(told string) Handoff {
	return Handoff{Reason: HandoffUnknownOutcome, Detail: "a tool call may or may not have taken effect: see Effects", Told: told}
}
