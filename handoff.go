package frontdesk

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Escalator brings a conversation to the people who take it over: a helpdesk,
// a chat queue, a pager.
//
// Escalate returns the ticket, case or thread that was opened. It may be called
// again for the same Handoff.ID after an error or a crash, and should then find
// the ticket it opened rather than open another. It must be safe for
// concurrent use.
type Escalator interface {
	Escalate(ctx context.Context, handoff Handoff) (ticket string, err error)
}

// EscalatorFunc makes an Escalator of a function.
type EscalatorFunc func(ctx context.Context, handoff Handoff) (ticket string, err error)

// Escalate calls f.
func (f EscalatorFunc) Escalate(ctx context.Context, handoff Handoff) (string, error) {
	return f(ctx, handoff)
}

// HandoffReason says why a conversation went to a human.
type HandoffReason string

// The reasons for a handoff. The first three are the model's, told through
// [EscalationTool]; the others are found by code.
const (
	HandoffCustomerAsked HandoffReason = "customer_asked"
	HandoffPolicy        HandoffReason = "policy"        // a policy wants a human here
	HandoffCannotHelp    HandoffReason = "cannot_help"   // the model is at its wits' end
	HandoffBudget        HandoffReason = "budget"        // Limits.Requests were spent
	HandoffQuota         HandoffReason = "quota"         // Quota, or the host's own, was used up
	HandoffRepeatedCall  HandoffReason = "repeated_call" // Limits.RepeatedCalls was reached
	HandoffEmptyReply    HandoffReason = "empty_reply"   // the model said nothing, twice

	HandoffUnknownOutcome HandoffReason = "unknown_outcome" // a tool may have taken effect: see Effects
	HandoffInterrupted    HandoffReason = "interrupted"     // the turn's process died several times
	HandoffTakenOver      HandoffReason = "taken_over"      // a colleague took it: see [Agent.TakeOver]
)

// Handoff is what the human who takes a conversation over should know. Its
// texts come from customers, models and tools: escape them before they are
// shown as HTML.
type Handoff struct {
	// ID is the same each time this handoff is told.
	ID           string         `json:"id"`
	Conversation ConversationID `json:"conversation"`
	Customer     Customer       `json:"customer"`
	Time         time.Time      `json:"time"`

	Reason HandoffReason `json:"reason"`

	// Detail says in words what led here, such as which call was repeated.
	Detail string `json:"detail,omitempty"`

	// Summary is the model's account of the case, empty if a limit led here.
	Summary string `json:"summary,omitempty"`

	// Request is the customer's last message and Told what the customer was
	// told about the handoff.
	Request string `json:"request,omitempty"`
	Told    string `json:"told,omitempty"`

	// Results are the tool calls of the turn, in order, with what came of
	// them. A status of ToolUnknown wants a look before anything is repeated.
	Results []ToolResult `json:"results,omitempty"`

	// Effects are the tool calls of the conversation of which nobody knows
	// what came. Find out, and tell [Agent.Resolve]. Until an effect's NotAfter
	// it may still happen.
	Effects []Effect `json:"effects,omitempty"`

	// Approvals can still be decided, by [Agent.Decide].
	Approvals []Approval `json:"approvals,omitempty"`

	// Transcript is the whole conversation, oldest message first.
	Transcript []Message `json:"transcript,omitempty"`

	// Ticket is what the Escalator returned, empty until it did.
	Ticket string `json:"ticket,omitempty"`

	// ClaimedBy names the colleague who has the conversation, empty until one
	// does.
	ClaimedBy string `json:"claimed_by,omitempty"`
}

// String renders the handoff as plain text for a person to read.
func (h Handoff) String() string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	line("Conversation", h.Conversation.String())
	line("Customer", h.Customer.String())
	line("Reason", string(h.Reason))
	line("Detail", h.Detail)
	line("Summary", h.Summary)
	line("Customer wrote", h.Request)
	line("Customer was told", h.Told)
	for _, r := range h.Results {
		line("Tool", fmt.Sprintf("%s %s: %s: %s", r.Call.Name, r.Call.Arguments, r.Status, r.Content))
	}
	for _, e := range h.Effects {
		line("Outcome unknown", fmt.Sprintf("%s %s, started %s, key %s. It may take effect until %s: find out before anything is repeated",
			e.Tool, e.Arguments, e.Started.UTC().Format(time.RFC3339), e.IdempotencyKey, e.NotAfter.UTC().Format(time.RFC3339)))
	}
	for _, a := range h.Approvals {
		line("Waits for approval", fmt.Sprintf("%s %s, id %s, until %s", a.Tool, a.Arguments, a.ID, a.Expires.UTC().Format(time.RFC3339)))
	}
	line("Ticket", h.Ticket)
	line("Claimed by", h.ClaimedBy)
	return b.String()
}

// EscalationTool is the name of the built-in tool with which the model hands
// the conversation over. It is offered when [Config.Escalator] is set.
const EscalationTool = "escalate_to_human"

// escalationSchema is that of escalationArguments.
const escalationSchema = `{"type":"object","properties":{` +
	`"reason":{"type":"string","enum":["customer_asked","policy","cannot_help"],"description":"customer_asked: the customer wants a human. policy: the policy asks for a human here. cannot_help: the tools and policies do not cover the request."},` +
	`"summary":{"type":"string","description":"For the colleague: what the customer wants, what is known, what was tried and what is left to do."},` +
	`"message":{"type":"string","description":"For the customer, in their language: what happens now."}},` +
	`"required":["reason","summary"],"additionalProperties":false}`

type escalationArguments struct {
	Reason  HandoffReason `json:"reason"`
	Summary string        `json:"summary"`
	Message string        `json:"message"`
}

// escalationTool declares the built-in tool. Its handler is never called: the
// loop turns the call into a handoff.
func escalationTool() Tool {
	return RawTool(EscalationTool,
		"Hand the conversation over to a human colleague. Use it when the customer asks for a human, when a policy requires one, or when you cannot help with the tools you have. It ends your part in the conversation.",
		json.RawMessage(escalationSchema),
		func(context.Context, json.RawMessage) (string, error) { return "", nil },
	)
}

// callEscalation hands over because the model called the built-in tool at
// index i.
func (r *run) callEscalation(ctx context.Context, i int) error {
	call := r.c.calls[i].call
	arguments, problem := r.agent.tools.byName[EscalationTool].parse(call.Arguments)
	var wish escalationArguments
	if problem == "" {
		if err := json.Unmarshal(arguments, &wish); err != nil {
			problem = err.Error()
		}
	}
	if problem != "" {
		r.finish(i, notRun(call, problem))
		return nil
	}
	if !r.emit(ToolStarted{call}) || ctx.Err() != nil {
		return nil
	}
	told := strings.TrimSpace(r.c.turn.answer.Message.Text)
	if told == "" {
		told = strings.TrimSpace(wish.Message)
	}
	// From here on it is handed over, whether the caller stays or not.
	result := ToolResult{Call: call, Status: ToolDone, Content: "The conversation was handed over to a human colleague."}
	r.addResult(i, result)
	r.addHandoff(Handoff{Reason: wish.Reason, Summary: wish.Summary, Told: told})
	if err := r.write(detached(ctx)); err != nil {
		return err
	}
	r.emit(ToolFinished{result})
	r.tellHandoff()
	return nil
}

// handOver gives the conversation to a human because the turn got nowhere.
func (r *run) handOver(ctx context.Context, handoff Handoff) error {
	r.addHandoff(handoff)
	if err := r.write(detached(ctx)); err != nil {
		return err
	}
	r.tellHandoff()
	return nil
}

// addHandoff adds the entry after which no request to the model follows.
func (r *run) addHandoff(handoff Handoff) {
	if handoff.Told == "" {
		handoff.Told = r.agent.config.HandoffText
	}
	handoff.ID = rand.Text()
	handoff.Conversation = r.c.id
	handoff.Customer = r.c.turn.customer
	handoff.Time = time.Now().UTC()
	handoff.Request = r.c.newestSaid()
	r.add(EntryHandoff, handoff)
}

// tellHandoff tells the customer of the newest handoff and, where no escalator
// is to be asked first, the caller.
func (r *run) tellHandoff() {
	told := r.c.handoff.Told
	if answer := r.c.turn.answer; answer == nil || strings.TrimSpace(answer.Message.Text) != told {
		r.showRest(told)
	}
	if r.agent.config.Escalator == nil {
		r.emit(HandedOver{*r.c.packet()})
	}
}

// escalate tells the escalator of the newest handoff, even if the turn was
// stopped meanwhile: a conversation must not be left with nobody.
func (r *run) escalate(ctx context.Context) error {
	if ctx.Err() != nil {
		detached, cancel := context.WithTimeout(detached(ctx), settleTime)
		defer cancel()
		ctx = detached
	}
	handoff := r.c.packet()
	ticket, err := r.agent.config.Escalator.Escalate(ctx, *handoff)
	if err != nil {
		r.emit(HandedOver{*handoff})
		return fmt.Errorf("conversation %s is with a human, but the escalator failed: %w", r.c.id, err)
	}
	if ticket == "" {
		ticket = handoff.ID
	}
	r.add(EntryTicket, ticketOpened{Handoff: handoff.ID, Ticket: ticket})
	if err := r.write(detached(ctx)); err != nil {
		return err
	}
	r.emit(HandedOver{*r.c.packet()})
	return nil
}

// packet returns the newest handoff with all a human should know, or nil if
// there is none.
func (c *conversation) packet() *Handoff {
	if c.handoff == nil {
		return nil
	}
	return c.packetOf(c.handoff)
}

// packetOf returns a handoff of the conversation with all that the log knows.
func (c *conversation) packetOf(made *Handoff) *Handoff {
	handoff := *made
	handoff.Transcript, _ = c.transcript()
	handoff.Effects, handoff.Approvals = c.effects(), c.openApprovals()
	if c.turn != nil && c.turn.handoff == made {
		handoff.Results = c.turn.results
	}
	if made == c.handoff && c.human && c.owner.Claimed {
		handoff.ClaimedBy = c.owner.By
	}
	return &handoff
}
