package frontdesk

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/internal/markup"
)

// Escalator brings a conversation to the people who take it over: a helpdesk,
// a chat queue, a pager.
//
// Escalate returns the ticket, case or thread that was opened. It may be called
// again for the same Handoff.ID after an error or a crash, and should then find
// the ticket it opened rather than open another. With Escalation.Deadline it is
// called again with a higher Handoff.Raised, and should call louder. It must be
// safe for concurrent use.
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

// The reasons for a handoff. The first three are those that the model can give,
// through [EscalationTool].
const (
	HandoffCustomerAsked HandoffReason = "customer_asked"
	HandoffPolicy        HandoffReason = "policy"      // a policy wants a human here, or a tool's: see [HandOver]
	HandoffCannotHelp    HandoffReason = "cannot_help" // the model is at its wits' end

	HandoffApprovalDenied HandoffReason = "approval_denied" // a colleague said no, and Escalation.OnDenial is set
	HandoffToolFailed     HandoffReason = "tool_failed"     // Limits.Failures was reached, or a tool says so: see [HandOver]
	HandoffUnknownOutcome HandoffReason = "unknown_outcome" // a tool may have taken effect: see Effects
	HandoffRepeatedCall   HandoffReason = "repeated_call"   // Limits.RepeatedCalls was reached
	HandoffBudget         HandoffReason = "budget"          // Limits.Requests were spent
	HandoffQuota          HandoffReason = "quota"           // Quota, or the host's own, was used up
	HandoffHostError      HandoffReason = "host_error"      // the model's host failed, and Escalation.OnHostError is set
	HandoffEmptyReply     HandoffReason = "empty_reply"     // the model said nothing, twice
	HandoffInterrupted    HandoffReason = "interrupted"     // the turn's process died several times
	HandoffLowConfidence  HandoffReason = "low_confidence"  // the answer could not be relied on
	HandoffGuard          HandoffReason = "guard"           // a guard held something back
	HandoffTakenOver      HandoffReason = "taken_over"      // a colleague took it: see [Agent.TakeOver]
)

// AskedBy says who wanted a human to take a conversation.
type AskedBy string

// Who can ask for a handoff.
const (
	AskedByModel     AskedBy = "model"     // through [EscalationTool]
	AskedByCustomer  AskedBy = "customer"  // in words of their own: see Escalation.CustomerAsks
	AskedByTool      AskedBy = "tool"      // with [HandOver], or by an unknown outcome
	AskedByGuard     AskedBy = "guard"     // what was to be said or done is not allowed
	AskedByLimit     AskedBy = "limit"     // one of Limits or Quota
	AskedByHost      AskedBy = "host"      // the model's host failed
	AskedByColleague AskedBy = "colleague" // by taking over, or by a denial
)

// askedBy is who asks for a handoff with the reason, unless it says otherwise.
func (r HandoffReason) askedBy() AskedBy {
	switch r {
	case HandoffCustomerAsked, HandoffPolicy, HandoffCannotHelp:
		return AskedByModel
	case HandoffUnknownOutcome:
		return AskedByTool
	case HandoffGuard, HandoffLowConfidence:
		return AskedByGuard
	case HandoffHostError:
		return AskedByHost
	case HandoffTakenOver, HandoffApprovalDenied:
		return AskedByColleague
	default:
		return AskedByLimit
	}
}

// Handoff is what the human who takes a conversation over should know. It is made
// by code from the log; of a model's own words there is the Summary. Its texts
// come from customers, models and tools: show them by String or HTML, or escape them.
type Handoff struct {
	// ID is the same each time this handoff is told.
	ID           string         `json:"id"`
	Conversation ConversationID `json:"conversation"`
	Customer     Customer       `json:"customer"`
	Time         time.Time      `json:"time"`

	Reason  HandoffReason `json:"reason"`
	AskedBy AskedBy       `json:"asked_by,omitempty"`

	// Priority follows from the reason, unless Escalation.Review says
	// otherwise, and rises each time the handoff is raised.
	Priority Priority `json:"priority,omitempty"`

	// Queue is who should take it, as Escalation.Review says.
	Queue string `json:"queue,omitempty"`

	// Language is the customer's, as a BCP 47 tag such as "de". It is empty
	// if that is not sure.
	Language string `json:"language,omitempty"`

	// Detail says in words what led here, such as which call was repeated.
	Detail string `json:"detail,omitempty"`

	// Summary is the model's account of the case, empty if it did not ask for
	// the handoff.
	Summary string `json:"summary,omitempty"`

	// Request is the customer's last message and Told what the customer was
	// told about the handoff. Shown is all that was said to them in the turn
	// that ended with it: Told, and the words beside tool calls before, as a
	// caller of [Agent.Stream] has shown them.
	Request string `json:"request,omitempty"`
	Told    string `json:"told,omitempty"`
	Shown   string `json:"shown,omitempty"`

	// Facts are what is known, the newest last: what read-only tools returned
	// in this conversation, and the passages that were cited. There are at
	// most 20 of at most 500 characters each.
	Facts []Fact `json:"facts,omitempty"`

	// Steps are all the tool calls of the conversation, and what colleagues
	// did, in order. Results are the calls of the turn with all of what came
	// of them. A status of ToolUnknown wants a look before anything is
	// repeated.
	Steps   []Step       `json:"steps,omitempty"`
	Results []ToolResult `json:"results,omitempty"`

	// Done are the tool calls of the conversation that took effect, Approvals
	// those that wait for somebody to agree, by [Agent.Decide], and Effects
	// those of which nobody knows what came. Find out, and tell
	// [Agent.Resolve]. Until an effect's NotAfter it may still happen.
	Done      []Effect   `json:"done,omitempty"`
	Approvals []Approval `json:"approvals,omitempty"`
	Effects   []Effect   `json:"effects,omitempty"`

	// Transcript is the whole conversation, oldest message first.
	Transcript []Message `json:"transcript,omitempty"`

	// Ticket is what the Escalator returned, empty until it did.
	Ticket string `json:"ticket,omitempty"`

	// ClaimedBy names the colleague who has the conversation, empty until one
	// does. Raised is how often the handoff was told again because nobody did
	// in Escalation.Deadline.
	ClaimedBy string `json:"claimed_by,omitempty"`
	Raised    int    `json:"raised,omitempty"`
}

// Fact is something that is known in a conversation, and where it comes from.
type Fact struct {
	Text string `json:"text"`

	// Source is a tool with the arguments it was called with, or the title and
	// address of a passage.
	Source string `json:"source"`
}

// Step is a tool call of a conversation, or what a colleague did in it.
type Step struct {
	Tool      string     `json:"tool,omitempty"`
	Arguments string     `json:"arguments,omitempty"` // as they were written, JSON or not
	Status    ToolStatus `json:"status"`

	// By names the colleague, if it was one, and Did says what, in their
	// words.
	By  string `json:"by,omitempty"`
	Did string `json:"did,omitempty"`
}

// HTML renders the handoff as HTML that is safe to put into the page of a helpdesk: it
// is text, and nothing of what customers, models or tools wrote becomes an element, a
// picture or a link.
func (h Handoff) HTML() string {
	return "<pre>" + html.EscapeString(h.String()) + "</pre>"
}

// String renders the handoff as plain text for a person to read: a line for each
// thing that is known, the further lines of a text set in. Whatever shows it, as text,
// Markdown or HTML, nothing in it becomes an element or something to click on, since
// helpdesks were attacked through what customers write.
func (h Handoff) String() string {
	var b strings.Builder
	line := func(name, value string) {
		if value = strings.TrimSpace(markup.Plain(value)); value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, strings.ReplaceAll(value, "\n", "\n\t"))
		}
	}
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	line("Conversation", h.Conversation.String())
	line("Customer", h.Customer.String())
	line("Verification", h.Customer.level().String())
	line("Language", h.Language)
	if !h.Time.IsZero() {
		line("Time", at(h.Time))
	}
	line("Priority", string(h.Priority))
	if h.Raised > 0 {
		line("Raised", fmt.Sprintf("%d times, as nobody came", h.Raised))
	}
	line("Queue", h.Queue)
	line("Reason", string(h.Reason))
	line("Asked by", string(h.AskedBy))
	line("Detail", h.Detail)
	line("Summary", h.Summary)
	line("Customer wrote", h.Request)
	line("Customer was told", h.Told)
	if h.Shown != h.Told {
		line("Customer has seen", h.Shown)
	}
	for _, fact := range h.Facts {
		line("Known", fact.Text+" ("+fact.Source+")")
	}
	for _, s := range h.Steps {
		switch {
		case s.Did == "":
			line("Step", fmt.Sprintf("%s %s: %s", s.Tool, s.Arguments, s.Status))
		case s.By == "":
			line("Step", "a colleague: "+s.Did)
		default:
			line("Step", s.By+": "+s.Did)
		}
	}
	for _, r := range h.Results {
		line("Tool", fmt.Sprintf("%s %s: %s: %s", r.Call.Name, r.Call.Arguments, r.Status, r.Content))
	}
	for _, e := range h.Done {
		by := ""
		if e.By != "" {
			by = ", by " + e.By
		}
		line("Done", fmt.Sprintf("%s %s, %s%s", e.Tool, compact(e.Arguments), at(e.Started), by))
	}
	for _, a := range h.Approvals {
		line("Waits for approval", fmt.Sprintf("%s %s, id %s, until %s", a.Tool, compact(a.Arguments), a.ID, at(a.Expires)))
	}
	for _, e := range h.Effects {
		line("Outcome unknown", fmt.Sprintf("%s %s, started %s, key %s. It may take effect until %s: find out before anything is repeated",
			e.Tool, compact(e.Arguments), at(e.Started), e.IdempotencyKey, at(e.NotAfter)))
	}
	line("Ticket", h.Ticket)
	line("Claimed by", h.ClaimedBy)
	for _, m := range h.Transcript {
		switch m.Role {
		case RoleUser:
			text := withoutPassages(m.Text)
			for {
				said, behind, found := strings.Cut(text, "<note>\n")
				note, behind, closed := strings.Cut(behind, "\n</note>")
				if !found || !closed { // the customer's text holds none, see quoteData
					break
				}
				line("> Customer", said)
				line("> Note", note)
				text = behind
			}
			line("> Customer", text+strings.Repeat(" [image]", len(m.Images)))
		case RoleAssistant:
			line("> Agent", m.Text)
		}
	}
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
	handoff := Handoff{Reason: wish.Reason, AskedBy: AskedByModel, Summary: wish.Summary, Told: told}
	refused := r.review(ctx, &handoff)
	if ctx.Err() != nil {
		return nil // the loop ends the turn
	}
	if refused != "" {
		r.add(EntryHandoffRefused, handoffRefused{Call: &i, AskedBy: AskedByModel, Reason: wish.Reason, Words: refused})
		r.emit(ToolFinished{notRun(call, notHandedOver(refused))})
		return nil
	}
	// From here on it is handed over, whether the caller stays or not.
	result := ToolResult{Call: call, Status: ToolDone, Content: "The conversation was handed over to a human colleague."}
	r.addResult(i, result)
	r.addHandoff(ctx, handoff)
	if err := r.write(detached(ctx)); err != nil {
		return err
	}
	r.emit(ToolFinished{result})
	r.tellHandoff(ctx)
	return nil
}

// handOver gives the conversation to a human because the turn got nowhere, or
// somebody other than the model wants it.
func (r *run) handOver(ctx context.Context, handoff Handoff) error {
	if handoff.AskedBy == AskedByCustomer {
		refused := r.review(ctx, &handoff)
		if ctx.Err() != nil {
			return nil // the loop ends the turn
		}
		if refused != "" {
			r.add(EntryHandoffRefused, handoffRefused{AskedBy: AskedByCustomer, Reason: handoff.Reason, Words: refused})
			return nil
		}
	}
	r.addHandoff(ctx, handoff)
	if err := r.write(detached(ctx)); err != nil {
		return err
	}
	r.tellHandoff(ctx)
	return nil
}

// addHandoff adds the entry after which no request to the model follows.
func (r *run) addHandoff(ctx context.Context, handoff Handoff) {
	r.prepare(ctx, &handoff)
	r.add(EntryHandoff, handoff)
}

// prepare fills a handoff in with what is not found in the log.
func (r *run) prepare(ctx context.Context, handoff *Handoff) {
	r.handing = true
	handoff.Told = r.safe(ctx, handoff.Told, r.agent.config.HandoffText)
	r.handing = false
	handoff.ID = rand.Text()
	handoff.Conversation = r.c.id
	handoff.Customer = r.c.turn.customer
	handoff.Time = time.Now().UTC()
	handoff.Request = r.c.newestSaid()
	handoff.AskedBy = cmp.Or(handoff.AskedBy, handoff.Reason.askedBy())
	handoff.Priority = cmp.Or(handoff.Priority, handoff.Reason.priority())
	if handoff.Priority == PriorityNormal && len(r.c.unresolved) > 0 {
		handoff.Priority = PriorityHigh
	}
}

// tellHandoff tells the customer of the newest handoff and, where no escalator
// is to be asked first, the caller.
func (r *run) tellHandoff(ctx context.Context) {
	told := r.c.handoff.Told
	switch answer := r.c.turn.answer; {
	case answer == nil || strings.TrimSpace(answer.Message.Text) != told:
		r.readBefore(ctx)
		r.showReply(r.whole(told))
	case len(answer.Message.Calls) == 0:
		r.showRest(answer.Message.Text) // what could not be checked before
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
