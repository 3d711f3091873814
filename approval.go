package frontdesk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/internal/consent"
)

// Approval is a question that must be answered with yes before a tool runs. It
// is about one call with its very arguments, is answered once, and runs out.
type Approval struct {
	ID   string       `json:"id"`
	Kind ApprovalKind `json:"kind"`

	// Tool and Arguments are what is to be run, Arguments a JSON object.
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`

	// Question is what the customer was asked, if it is theirs to answer.
	Question string `json:"question,omitempty"`

	// Reasons say what is doubtful about the call, if that is why a colleague is
	// asked: which arguments come from a document or from what others wrote. See
	// [TypedTool.Trusted].
	Reasons []string `json:"reasons,omitempty"`

	// Verification is the level that the customer must have, if it is about who
	// they are.
	Verification Verification `json:"verification,omitempty"`

	// Customer is whom it is for.
	Customer Customer `json:"customer"`

	Asked   time.Time `json:"asked"`
	Expires time.Time `json:"expires"`

	// Digest binds the approval to the tool, the arguments and
	// [Config].PolicyVersion.
	Digest string `json:"digest"`
}

// ApprovalKind says who answers an [Approval].
type ApprovalKind string

// The kinds of approvals.
const (
	ColleagueApproves ApprovalKind = "colleague" // by [Agent.Decide]
	CustomerConfirms  ApprovalKind = "customer"  // by their next message, or [Turn].Confirm

	// CustomerVerifies: they prove to the application who they are, which says so
	// by [Turn].Confirm and [Customer].Verification.
	CustomerVerifies ApprovalKind = "verification"
)

// DefaultApprovalLife is how long an approval can be given: over a weekend.
const DefaultApprovalLife = 7 * 24 * time.Hour

// DefaultApprovalText is what the customer reads when a colleague has to
// approve something.
const DefaultApprovalText = "A colleague has to approve this first. You will hear from us here."

// Decision is a colleague's answer to an [Approval].
type Decision struct {
	// Approval is the approval's id.
	Approval string

	// Approved says yes. Arguments, if not nil or JSON's null, replace those of the
	// call: what is approved is then this, and the model is told.
	Approved  bool
	Arguments json.RawMessage

	// By names the colleague, and Words tell the model why or what else.
	By    string
	Words string
}

// ErrApprovalClosed says that an approval cannot be decided: there is none with
// this id, it was decided already, it has expired, or the policy has changed
// since it was asked for. Ask for what is open with [Agent.Approvals].
var ErrApprovalClosed = errors.New("approval is not open")

// ErrInvalidArguments says that the arguments of a [Decision] do not fit the tool.
// Nothing was decided: correct them and decide again.
var ErrInvalidArguments = errors.New("the arguments do not fit the tool")

// approvalState is what became of an approval.
type approvalState struct {
	Approval
	call     *openCall // nil once the transcript went on without it
	decision *approvalDecided
	effect   *effectState // nil until the tool was started
	done     bool
	before   string // what the customer said, if they were asked first
	step     int    // of the conversation, from 1 on, once the transcript went on
}

func (s *approvalState) approved() bool { return s.decision != nil && s.decision.Approved }

// arguments are those that were approved.
func (s *approvalState) arguments() json.RawMessage {
	if s.decision != nil && s.decision.Arguments != nil {
		return s.decision.Arguments
	}
	return s.Arguments
}

// digest binds an approval to what it is for.
func (a *Agent) digest(tool string, arguments json.RawMessage) string {
	return opaque("approval", tool, canonical(string(arguments)), a.config.PolicyVersion)
}

// Approvals returns the approvals of a conversation that can be decided now,
// oldest first.
func (a *Agent) Approvals(ctx context.Context, id ConversationID) ([]Approval, error) {
	c := newConversation(id)
	if err := a.catchUp(ctx, c); err != nil {
		return nil, err
	}
	return c.openApprovals(), nil
}

func (c *conversation) openApprovals() []Approval {
	var open []Approval
	now := time.Now()
	for _, s := range c.approvals {
		if s.decision == nil && now.Before(s.Expires) {
			open = append(open, s.Approval)
		}
	}
	return open
}

func (c *conversation) approval(id string) *approvalState {
	for _, s := range c.approvals {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// closed says why an approval cannot be decided, or returns nil.
func (a *Agent) closed(s *approvalState, id string) error {
	why := ""
	switch {
	case s == nil:
		why = "there is none with this id"
	case s.decision != nil:
		why = "it was decided already"
	case !time.Now().Before(s.Expires):
		why = "it expired at " + s.Expires.UTC().Format(time.RFC3339)
	case s.Digest != a.digest(s.Tool, s.Arguments):
		why = "the policy has changed since it was asked for"
	default:
		return nil
	}
	return fmt.Errorf("approval %s: %w: %s", id, ErrApprovalClosed, why)
}

// Decide answers an approval and goes on with what waited for it: the tool runs
// or does not, the model reads which, and the reply is for the customer. If a
// turn of the conversation is running, that one goes on with it and the outcome
// is [Joined]; if a human owns the conversation, the tool runs and no model is
// asked. An approval that cannot be decided is an error that wraps
// [ErrApprovalClosed], and arguments that do not fit the tool one that wraps
// [ErrInvalidArguments]; neither changes anything.
//
// If Decide fails afterwards, the decision stands all the same once the store
// took it: [Agent.Resume] goes on with it.
func (a *Agent) Decide(ctx context.Context, id ConversationID, decision Decision) (*Reply, error) {
	if bytes.Equal(bytes.TrimSpace(decision.Arguments), []byte("null")) {
		decision.Arguments = nil
	}
	if id.ID == "" || decision.Approval == "" {
		return nil, errors.New("decision has no conversation or approval: name both")
	}
	return a.enter(ctx, id, new(run), func(r *run, ctx context.Context) (*Reply, error) { return r.decide(ctx, decision) })
}

// decide records a decision and begins or takes up the turn that acts on it.
func (r *run) decide(ctx context.Context, decision Decision) (*Reply, error) {
	busy := false
	for range appendAttempts {
		if err := r.load(ctx, true); err != nil {
			return nil, err
		}
		s := r.c.approval(decision.Approval)
		if err := r.agent.closed(s, decision.Approval); err != nil {
			return nil, err
		}
		if s.Kind != ColleagueApproves {
			return nil, fmt.Errorf("approval %s: %w: it is the customer's to answer", s.ID, ErrApprovalClosed)
		}
		decided := approvalDecided{Approval: s.ID, Approved: decision.Approved, By: decision.By, Words: decision.Words}
		if decision.Approved && decision.Arguments != nil {
			tool := r.agent.tools.find(s.Tool)
			if tool == nil {
				return nil, fmt.Errorf("approval %s: there is no tool %s any more", s.ID, s.Tool)
			}
			arguments, problem := tool.parse(string(decision.Arguments))
			if problem != "" {
				return nil, fmt.Errorf("approval %s: %w: %s", s.ID, ErrInvalidArguments, problem)
			}
			decided.Arguments = arguments
		}
		r.turn.Customer, r.owed = s.Customer, true
		joined := r.begin(busy, s.call != nil)
		r.add(EntryApprovalDecided, decided)
		err := r.write(detached(ctx))
		var leased *LeaseError
		switch {
		case err == nil && joined:
			return &Reply{Turn: r.id, Outcome: Joined}, nil
		case err == nil:
			return nil, nil
		case errors.As(err, &leased):
			busy = !r.freed(ctx)
		case !errors.Is(err, ErrConflict):
			r.c = nil
			return nil, err
		}
	}
	return nil, conflictsWithoutEnd(r.cached.id)
}

// confirmation is the open question to the customer, if there is one and the
// turn answers it with yes. Words do not prove who somebody is.
func (r *run) confirmation() *approvalState {
	for _, s := range r.c.approvals {
		if s.call == nil || r.agent.closed(s, s.ID) != nil {
			continue
		}
		switch {
		case s.Kind == CustomerConfirms && (r.turn.Confirm == s.ID || r.turn.Confirm == "" && r.consents(s.Approval)),
			s.Kind == CustomerVerifies && r.turn.Confirm == s.ID && r.turn.Customer.level() >= s.Verification:
			return s
		}
	}
	return nil
}

func (r *run) consents(approval Approval) bool {
	if r.agent.config.Consent != nil {
		return r.agent.config.Consent(r.turn.Text, approval)
	}
	return len(r.turn.Images) == 0 && consent.Given(r.turn.Text)
}

// question is what somebody is asked before a tool runs.
type question struct {
	kind    ApprovalKind // empty if nobody has to be asked
	text    string       // to the customer
	reasons []string     // for a colleague
}

// question returns who has to be asked next before a tool runs, after what was
// answered already, which may be nil.
func (r *run) question(tool *registeredTool, arguments json.RawMessage, answered *approvalState) (question, error) {
	var after ApprovalKind
	if answered != nil {
		after = answered.Kind
	}
	kind, text, err := tool.policy.ask(&r.c.customer, arguments, after)
	q := question{kind: kind, text: text}
	if err != nil || after == ColleagueApproves || kind != "" && kind != ColleagueApproves {
		return q, err
	}
	shown := ""
	if after == CustomerConfirms {
		shown = normalWords(answered.Question)
	}
	for _, doubt := range r.doubts(tool, arguments) {
		// What the customer was shown and agreed to is theirs.
		if shown == "" || doubt.value != "" && !strings.Contains(shown, normalWords(doubt.value)) {
			q.kind, q.reasons = ColleagueApproves, append(q.reasons, doubt.reason)
		}
	}
	return q, nil
}

// askApproval records that somebody must agree before the call at index i runs.
func (r *run) askApproval(i int, tool *registeredTool, arguments json.RawMessage, q question) {
	now := time.Now().UTC()
	id := r.key(i)
	approval := Approval{
		ID:        id,
		Kind:      q.kind,
		Tool:      tool.name,
		Arguments: arguments,
		Question:  q.text,
		Reasons:   q.reasons,
		Customer:  r.c.customer,
		Asked:     now,
		Expires:   now.Add(r.agent.config.ApprovalLife),
		Digest:    r.agent.digest(tool.name, arguments),
	}
	switch q.kind {
	case CustomerConfirms:
		approval.ID = opaque("confirm", id)
	case CustomerVerifies:
		approval.ID, approval.Verification = opaque("verify", id), tool.policy.verification
	}
	r.add(EntryApprovalAsked, approvalAsked{Call: i, Approval: approval})
	r.emit(ApprovalAsked{r.c.calls[i].approval.Approval})
}

// awaiting tells the model of a call for which somebody was asked, where the
// transcript cannot wait for their answer.
func (s *approvalState) awaiting() string {
	switch s.Kind {
	case CustomerVerifies:
		return "Not run: the customer has to prove who they are first, and was asked to. If they have, and still want it, call the tool again."
	case CustomerConfirms:
		return "Not run: the customer was asked to confirm it (\"" + s.Question + "\") and has not. If they still want it, call the tool again."
	}
	return "Not run yet: a colleague has to approve it first, and was asked. Do not call it again; you will be told. Tell the customer that it is being checked."
}

// note tells the model what came of an approval that the transcript went on
// without.
func (s *approvalState) note(result string) string {
	var b strings.Builder
	b.WriteString("<note>\n")
	by := "A colleague"
	if s.decision.By != "" {
		by = quoteData(oneLine(s.decision.By)) + ", a colleague,"
	}
	fmt.Fprintf(&b, "%s has decided on %s %s: ", by, s.Tool, quoteData(string(s.Arguments)))
	switch {
	case !s.decision.Approved:
		b.WriteString("no. It was not run.")
	case s.decision.Arguments != nil:
		fmt.Fprintf(&b, "yes, with the arguments %s.", quoteData(string(s.decision.Arguments)))
	default:
		b.WriteString("yes.")
	}
	if s.decision.Words != "" {
		b.WriteString(" In their words: " + quoteData(s.decision.Words))
	}
	if result != "" {
		b.WriteString("\nThe result: " + quoteData(result))
	}
	b.WriteString("\nTell the customer.\n</note>\n\n")
	return b.String()
}

// preface goes before the result of a call that somebody decided on.
func (s *approvalState) preface() string {
	switch d := s.decision; {
	case s.Kind == CustomerVerifies:
		return s.before + "The customer has proved who they are.\n"
	case s.Kind == CustomerConfirms && d.Words == "":
		return s.before + "The customer confirmed this.\n"
	case s.Kind == CustomerConfirms:
		return s.before + "The customer confirmed this: \"" + d.Words + "\".\n"
	case !d.Approved:
		words := ""
		if d.Words != "" {
			words = " In their words: " + d.Words
		}
		return s.before + "Not run: a colleague has refused it." + words
	default:
		text := s.before
		if d.Arguments != nil {
			text += "A colleague approved it with the arguments " + string(d.Arguments) + ".\n"
		}
		if d.Words != "" {
			text += "The colleague who approved it says: " + d.Words + "\n"
		}
		return text
	}
}
