package frontdesk

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Owner says who answers the customer of a conversation.
type Owner string

// The owners of a conversation.
const (
	OwnerAgent Owner = "agent"
	OwnerHuman Owner = "human"

	// OwnerClosed: nobody answers, until the customer writes again. Then it is
	// the agent.
	OwnerClosed Owner = "closed"
)

// Ownership is who owns a conversation, and since when.
type Ownership struct {
	Owner Owner `json:"owner"`

	// By names the colleague who took the conversation over, claimed it, gave
	// it back or closed it. It is empty if nobody did, which for a human's
	// conversation means that it waits for somebody to claim it.
	By string `json:"by,omitempty"`

	// Since is when this began, zero if it has been the agent's from the start.
	Since time.Time `json:"since,omitzero"`

	// Epoch is the number of the entry with which it began, zero from the
	// start. It grows with each change. What was written for the customer under
	// another epoch should not be sent any more; see [Reply].Epoch.
	Epoch int64 `json:"epoch,omitempty"`

	// Claimed says that a human is there: one who took the conversation over or
	// who has done something in it since it was handed over.
	Claimed bool `json:"claimed,omitempty"`

	// Handoff is the id of the handoff by which a human has the conversation,
	// and Ticket what the [Escalator] returned for it.
	Handoff string `json:"handoff,omitempty"`
	Ticket  string `json:"ticket,omitempty"`
}

// Action is what a colleague did for a customer with tools of their own.
type Action struct {
	// By names the colleague.
	By string

	// Did says what, in words, such as "refunded 20 EUR to the card". Result is
	// what came of it, if there is more to say.
	Did, Result string

	// Tool, if not empty, is the tool of the agent whose effect this amounts
	// to, and Arguments what it would have been called with. The action then
	// counts as a call that was done: see [Handoff].Done.
	Tool      string
	Arguments json.RawMessage
}

// Owner tells who owns a conversation, by the newest entry of its log.
func (a *Agent) Owner(ctx context.Context, id ConversationID) (Ownership, error) {
	c := newConversation(id)
	if err := a.catchUp(ctx, c); err != nil {
		return Ownership{}, err
	}
	owner := c.owner
	if owner.Owner == OwnerHuman && c.handoff != nil {
		owner.Handoff, owner.Ticket = c.handoff.ID, c.handoff.Ticket
	}
	return owner, nil
}

// TakeOver gives a conversation to a colleague, named by. If the agent owns it,
// it is the colleague's from then on: a turn that runs, in whichever process,
// makes no further request to the model, releases no more text and ends with the
// outcome [Escalated]. If it was handed over before, TakeOver claims it. The
// [Escalator] is not told of a takeover: somebody is there.
func (a *Agent) TakeOver(ctx context.Context, id ConversationID, by string) error {
	if strings.TrimSpace(by) == "" {
		return errors.New("takeover has no colleague: say who takes the conversation over")
	}
	return a.record(ctx, id, EntryClaimed, claimed{By: by}, func(c *conversation, entry *Entry) (err error) {
		switch {
		case c.human && c.owner.Claimed && c.owner.By == by:
			return errNothingToRecord
		case c.human:
			*entry, err = newEntry(EntryClaimed, "", claimed{By: by})
		default:
			*entry, err = newEntry(EntryHandoff, "", Handoff{
				ID:           rand.Text(),
				Conversation: id,
				Customer:     c.customer,
				Time:         time.Now().UTC(),
				Reason:       HandoffTakenOver,
				AskedBy:      AskedByColleague,
				Priority:     HandoffTakenOver.priority(),
				Detail:       by + " took the conversation over",
				Request:      c.newestSaid(),
				ClaimedBy:    by,
			})
		}
		return err
	})
}

// Close closes a conversation for a colleague, named by, whoever owned it. A turn
// that runs ends as after [Agent.TakeOver]. Calls that wait for the customer or a
// colleague are withdrawn and can no longer be decided; what was approved before
// still runs, and effects of which nobody knows can still be resolved. A handoff
// that nobody has claimed is not raised any more.
//
// The customer's next message opens the conversation again for the agent. The
// model reads the note, which may be empty, and that what was before is over. To
// close a closed conversation does nothing.
func (a *Agent) Close(ctx context.Context, id ConversationID, by, note string) error {
	return a.record(ctx, id, EntryClosed, closed{By: by, Note: note}, func(c *conversation, _ *Entry) error {
		if c.owner.Owner == OwnerClosed {
			return errNothingToRecord
		}
		return nil
	})
}

// HandBack returns a conversation from a human, named by, to the agent, which
// answers from the customer's next message on. The note, which may be empty,
// tells the model what it should know. It reads it with that message, after what
// was said and done meanwhile. It is an error that wraps [ErrNoHuman] if no human owns
// the conversation, and one that wraps [ErrUnknownOutcome] if, since it was handed over, a tool call ended
// nobody knows how: nobody would look into it any more.
func (a *Agent) HandBack(ctx context.Context, id ConversationID, by, note string) error {
	return a.record(ctx, id, EntryHandedBack, handedBack{By: by, Note: note}, func(c *conversation, _ *Entry) error {
		if !c.human {
			return fmt.Errorf("conversation %s: %w: there is nothing to hand back", id, ErrNoHuman)
		}
		for _, effect := range c.unresolved {
			if effect.unknown && !effect.named {
				return fmt.Errorf("conversation %s: %w: find out about %s with the key %s, tell Resolve, and hand back then", id, ErrUnknownOutcome, effect.Tool, effect.IdempotencyKey)
			}
		}
		return nil
	})
}

// Post adds a message to a conversation that neither the customer nor the
// model wrote, and asks no model. With an author it is a human's message, with
// none the agent's own, such as the greeting a chat window opens with. It may
// be called at any time. A human's message claims a conversation that was handed
// over and that nobody has claimed yet.
func (a *Agent) Post(ctx context.Context, id ConversationID, author, text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("post has no text")
	}
	return a.record(ctx, id, EntryPosted, posted{Author: author, Text: text}, nil)
}

// Record adds to a conversation what a colleague did for the customer, so that
// the next to read it knows: the model, in its place among the messages, and the
// people who read a handoff. It may be called at any time, and claims a
// conversation that nobody has claimed yet.
func (a *Agent) Record(ctx context.Context, id ConversationID, action Action) error {
	switch {
	case strings.TrimSpace(action.Did) == "":
		return errors.New("action says nothing: set Action.Did")
	case action.Arguments != nil && !json.Valid(action.Arguments):
		return errors.New("action has arguments that are no JSON")
	}
	return a.record(ctx, id, EntryColleagueActed, colleagueActed(action), nil)
}

// errNothingToRecord says that a conversation is as it is to be.
var errNothingToRecord = errors.New("nothing to record")

// appendAttempts bounds how often an append is tried again because something else
// was appended first.
const appendAttempts = 100

// record appends one entry from outside of a turn, if check allows it. check may
// add changes to the entry or replace it.
func (a *Agent) record(ctx context.Context, id ConversationID, kind EntryKind, body any, check func(*conversation, *Entry) error) error {
	if id.ID == "" {
		return errors.New("conversation has no id")
	}
	entry, err := newEntry(kind, "", body)
	if err != nil {
		return err
	}
	c := newConversation(id)
	if err := a.catchUp(ctx, c); err != nil {
		return err
	}
	for range appendAttempts {
		if check != nil {
			if err := check(c, &entry); errors.Is(err, errNothingToRecord) {
				return nil
			} else if err != nil {
				return err
			}
		}
		a.endWait(c, &entry)
		last := c.last
		err = a.config.Memory.Append(ctx, id, last, entry)
		if err == nil {
			return nil
		}
		// The entry may be there all the same.
		entries, loadErr := a.loadSettled(ctx, id, last)
		if loadErr != nil {
			return fmt.Errorf("append to conversation %s: %w", id, errors.Join(err, loadErr))
		}
		for i := range entries {
			if entries[i].ID == entry.ID {
				return nil
			}
			if err := c.apply(&entries[i]); err != nil {
				return err
			}
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("append to conversation %s: %w", id, err)
		}
	}
	return conflictsWithoutEnd(id)
}

// loadSettled reads what came of an append, for a while even if ctx is done.
func (a *Agent) loadSettled(ctx context.Context, id ConversationID, after int64) ([]Entry, error) {
	ctx, cancel := context.WithTimeout(detached(ctx), settleTime)
	defer cancel()
	return a.config.Memory.Load(ctx, id, after)
}

// owns says that the conversation has another owner from the given entry on.
func (c *conversation) owns(owner Owner, by string, entry *Entry) {
	c.owner = Ownership{Owner: owner, By: by, Since: entry.Time, Epoch: c.last + 1}
	c.human = owner == OwnerHuman
	c.hadHuman = c.hadHuman || c.human
	c.unheard = nil
	if owner != OwnerAgent {
		c.admit() // what waited for the agent is for the human
	}
	c.overtake()
}

// overtake ends the turn that runs, unless it is its own doing.
func (c *conversation) overtake() {
	t := c.turn
	if t == nil || t.handoff != nil || c.owner.Owner == OwnerAgent {
		return
	}
	if t.before = nil; t.outcome != "" {
		return
	}
	t.overtaken = c.owner.Epoch
	t.answered = false // what comes behind is for another turn
}

// claim says that a human is there.
func (c *conversation) claim(by string, entry *Entry) {
	if c.human && (!c.owner.Claimed || c.owner.By != by) {
		c.owner = Ownership{Owner: OwnerHuman, By: by, Since: entry.Time, Epoch: c.last + 1, Claimed: true}
	}
}

// close takes in that a colleague has closed the conversation.
func (c *conversation) close(body closed, entry *Entry) {
	c.closeCalls()
	open := c.approvals[:0:0]
	for _, s := range c.approvals {
		if s.decision != nil {
			open = append(open, s)
		}
	}
	c.approvals = open
	for _, effect := range c.unresolved {
		effect.named = false // nobody looks into it any more
	}
	c.owns(OwnerClosed, body.By, entry)
	c.notes = append(c.notes, renderClosed(body))
}

// act takes in what a colleague did.
func (c *conversation) act(body colleagueActed, entry *Entry) {
	if !c.owner.Claimed {
		c.claim(body.By, entry)
	}
	c.acted(body, entry)
	c.sources.add(fromColleague, "", body.Did+" "+body.Result+" "+string(body.Arguments), "")
	c.add(Message{Role: RoleUser, Text: renderAction(body)})
}

// untoldHandoff reports whether the newest handoff is one that the escalator has to
// be told of and was not.
func (c *conversation) untoldHandoff() bool {
	return c.human && c.handoff != nil && c.handoff.Ticket == "" && !c.outside
}

// overtaken reports whether somebody took or closed the conversation since the
// newest entry that this process knows. It looks at the log without taking
// anything in, so that it can be asked before anything is released. If the log
// cannot be read, it says yes: what cannot be checked is kept back.
func (r *run) overtaken(ctx context.Context) bool {
	if t := r.c.turn; t != nil && t.overtaken > r.epoch {
		return true
	}
	taken, err := r.peek(ctx)
	return taken || err != nil
}

// due returns a reply that was released before, without its text if a human has
// taken or closed the conversation since: they should not be talked over.
func (r *run) due(ctx context.Context, reply *Reply, err error) (*Reply, error) {
	if err == nil {
		err = r.load(ctx, true)
	}
	if err == nil {
		err = r.retellHandoff(ctx)
	}
	if err != nil {
		return nil, err
	}
	if r.c.owner.Owner == OwnerAgent || r.c.owner.Epoch == reply.Epoch {
		if reply.Handoff != nil && r.c.human {
			reply.Handoff = r.c.packet()
		}
		return reply, nil
	}
	late := &Reply{Turn: reply.Turn, Outcome: Escalated, Results: reply.Results, Requests: reply.Requests, Usage: reply.Usage, Model: reply.Model, Epoch: r.c.owner.Epoch}
	if r.c.human {
		late.Handoff = r.c.packet()
	}
	return late, nil
}

// peek looks for entries by which somebody took or closed the conversation.
func (r *run) peek(ctx context.Context) (taken bool, err error) {
	entries, err := r.agent.config.Memory.Load(ctx, r.c.id, r.c.last-int64(len(r.pending)))
	if err != nil {
		return false, fmt.Errorf("load conversation %s: %w", r.c.id, err)
	}
	for i := range entries {
		if kind := entries[i].Kind; kind == EntryHandoff || kind == EntryClosed {
			return true, nil
		}
	}
	return false, nil
}

func renderClosed(body closed) string {
	note := ""
	if body.Note != "" {
		note = ": " + quoteData(body.Note)
	}
	return "<note>\n" + colleague(body.By) + " closed the conversation" + note + "\nWhat was asked for before is over. The customer begins anew.\n</note>\n\n"
}

func renderAction(action colleagueActed) string {
	text := "<note>\n" + colleague(action.By) + " did this for the customer: " + quoteData(action.Did)
	if action.Tool != "" {
		text += "\nIt amounts to " + oneLine(quoteData(strings.TrimSpace(action.Tool+" "+string(action.Arguments)))) + ", done."
	}
	if action.Result != "" {
		text += "\nThe result: " + quoteData(action.Result)
	}
	return text + "\n</note>"
}

// colleague names a colleague to the model.
func colleague(by string) string {
	if by == "" {
		return "A human colleague"
	}
	return quoteData(oneLine(by)) + ", a human colleague,"
}
