package frontdesk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
)

// run is one turn while it runs. It belongs to one goroutine.
type run struct {
	agent  *Agent
	cached *cachedConversation
	c      *conversation
	turn   Turn
	id     string

	stream bool
	yield  func(Event, error) bool
	cancel context.CancelCauseFunc

	stopped bool            // the caller left the loop: yield must not be called again
	shown   strings.Builder // text of the present answer that the caller has seen
	thought bool            // the caller has seen thoughts of it
	pending []Entry         // applied to c, not yet in the log

	failed map[string]toolFinished // the results of calls that failed, by entry
	wasted int                     // requests of which no answer came
	waited time.Duration           // for requests to be allowed again
}

// settleTime bounds how long a turn that was stopped takes to record what
// happened, once its own context is done.
const settleTime = 10 * time.Second

var errStopped = errors.New("the turn was stopped")

func (r *run) run(ctx context.Context) {
	ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)
	reply, err := r.play(ctx)
	switch {
	case r.stopped:
	case err != nil:
		r.yield(nil, err)
	default:
		r.yield(Done{reply}, nil)
	}
}

// emit tells the caller of an event and reports whether the turn goes on.
func (r *run) emit(event Event) bool {
	if r.stopped {
		return false
	}
	switch event.(type) {
	case ToolStarted, ToolFinished:
		r.blank()
	}
	if !r.yield(event, nil) {
		r.stopped = true
		r.cancel(errStopped)
	}
	return !r.stopped
}

// play takes the turn from the customer's message to its outcome.
func (r *run) play(ctx context.Context) (reply *Reply, err error) {
	defer func() { r.leave(ctx, err) }()
	if reply, err = r.open(ctx); reply != nil || err != nil {
		return reply, err
	}
	rules := r.agent.rules()
	for {
		next := r.c.next(rules)
		// What is in the log is brought to its end, whoever still listens.
		if err := ctx.Err(); err != nil && next.step != stepEnd && next.step != stepEscalate {
			return nil, fmt.Errorf("turn stopped: %w", err)
		}
		switch next.step {
		case stepRetrieve:
			err = r.retrieve(ctx)
		case stepAsk:
			err = r.ask(ctx)
		case stepCall:
			err = r.call(ctx)
		case stepHandOver:
			err = r.handOver(ctx, next.handoff)
		case stepEscalate:
			err = r.escalate(ctx)
		case stepEnd:
			if reply, err = r.end(ctx, next.outcome); err == nil {
				return reply, nil
			}
		}
		if errors.Is(err, errTakenOver) {
			r.showRest("") // what was said of the answer is void
		} else if err != nil {
			return nil, err
		}
	}
}

// open records the customer's message and begins the turn. It returns a reply
// if there is no turn to run.
func (r *run) open(ctx context.Context) (*Reply, error) {
	var err error
	for range appendAttempts {
		if err := r.load(ctx); err != nil {
			return nil, err
		}
		if owner := r.c.customer.ID; owner != "" && owner != r.turn.Customer.ID {
			return nil, fmt.Errorf("conversation %s: %w", r.c.id, ErrWrongCustomer)
		}
		turn, delivered := r.c.deliveries[r.turn.MessageID]
		switch {
		case delivered && turn == "" && r.c.handoff != nil:
			return r.withHuman(ctx)
		case delivered && (r.c.turn == nil || r.c.turn.id != turn):
			if reply, err := r.agent.replyAfter(ctx, r.c.id, turn); reply != nil || err != nil {
				return reply, err
			}
		case delivered && (r.c.turn.outcome == Answered || r.c.turn.outcome == Escalated):
			return r.c.reply(), nil
		}
		r.id = ""
		if !r.c.human {
			r.id = rand.Text()
			r.add(EntryTurnStarted, turnStarted{Customer: r.turn.Customer, MessageID: r.turn.MessageID})
		}
		if !delivered {
			r.add(EntryCustomerMessage, customerMessage{
				MessageID: r.turn.MessageID,
				Customer:  r.turn.Customer,
				Text:      r.turn.Text,
				Images:    r.turn.Images,
				Filter:    r.turn.Filter,
			})
		}
		switch err = r.write(ctx); {
		case err == nil && r.id == "":
			return r.withHuman(ctx)
		case err == nil:
			return nil, nil
		case !errors.Is(err, ErrConflict):
			r.c = nil // nothing of this turn is known to be in the log
			return nil, err
		}
	}
	return nil, err
}

// load makes sure that r.c is a fold of the log.
func (r *run) load(ctx context.Context) error {
	if r.cached.conversation == nil {
		c := newConversation(r.cached.id)
		if err := r.agent.catchUp(ctx, c); err != nil {
			return err
		}
		r.cached.conversation = c
	}
	r.c = r.cached.conversation
	return nil
}

// withHuman is the outcome of a message that was recorded for the human who
// owns the conversation. If nobody could be told of the handoff before, they
// are told now.
func (r *run) withHuman(ctx context.Context) (*Reply, error) {
	if r.c.human && r.c.handoff != nil && r.c.handoff.Ticket == "" && r.agent.config.Escalator != nil {
		// On a conflict somebody else records the ticket.
		if err := r.escalate(ctx); err != nil && !errors.Is(err, ErrConflict) {
			return nil, err
		}
	}
	return &Reply{Outcome: Escalated, Handoff: r.c.packet()}, nil
}

// leave ends the turn in the log if it has no outcome, whatever the reason.
func (r *run) leave(ctx context.Context, failure error) {
	if r.c != nil && r.c.running(r.id) && !errors.Is(failure, ErrConflict) {
		outcome, text := outcomeStopped, ""
		if failure != nil && ctx.Err() == nil {
			outcome, text = outcomeFailed, failure.Error()
		}
		if next := r.c.next(r.agent.rules()); next.step == stepEnd {
			outcome, text = next.outcome, "" // it was only to be told
		}
		r.add(EntryTurnEnded, turnEnded{Outcome: outcome, Error: text})
		// The caller learns of the failure itself; that its record is missing
		// does no harm, since the next turn finds this one unfinished.
		_ = r.write(detached(ctx))
	}
	if len(r.pending) > 0 {
		r.cached.conversation = nil
	}
}

// detached returns a context for what must be recorded although ctx may be
// done.
func detached(ctx context.Context) context.Context {
	return context.WithoutCancel(ctx)
}

// add applies an entry and keeps it to be written with the next write.
func (r *run) add(kind EntryKind, body any) {
	entry, err := newEntry(kind, r.id, body)
	if err == nil {
		err = r.c.apply(&entry)
	}
	if err != nil {
		// Bodies are plain data of this package, which always encode.
		panic(fmt.Sprintf("frontdesk: %v", err))
	}
	r.pending = append(r.pending, entry)
}

// errTakenOver says that a human took the conversation while the turn ran.
var errTakenOver = errors.New("a human took the conversation over")

// write appends what was added to the log. If something else was appended
// meanwhile that leaves the turn its own, such as a human's note, it tries
// again behind it. Otherwise what was added is dropped and the error wraps
// ErrConflict or is errTakenOver.
func (r *run) write(ctx context.Context) error {
	for range appendAttempts {
		if len(r.pending) == 0 {
			return nil
		}
		err := r.append(ctx)
		if err == nil {
			r.pending = nil
			return nil
		}
		fail := func(err error) error { return fmt.Errorf("append to conversation %s: %w", r.c.id, err) }
		written, reloadErr := r.reload(detached(ctx))
		switch {
		case reloadErr != nil:
			return fail(errors.Join(err, reloadErr))
		case written:
			r.pending = nil
			return nil
		case !errors.Is(err, ErrConflict):
			return fail(err)
		case !r.c.running(r.id):
			r.pending = nil
			return fail(err)
		case r.c.human && r.c.turn.handoff == nil:
			r.pending = nil
			return errTakenOver
		}
		for i := range r.pending {
			if err := r.c.apply(&r.pending[i]); err != nil {
				return fail(err)
			}
		}
	}
	return fmt.Errorf("append to conversation %s: gave up after %d conflicts: %w", r.c.id, appendAttempts, ErrConflict)
}

func (r *run) append(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	return r.agent.config.Memory.Append(ctx, r.c.id, r.c.last-int64(len(r.pending)), r.pending...)
}

// reload folds the log anew and reports whether it holds what is pending, as
// it may after an append whose answer was lost.
func (r *run) reload(ctx context.Context) (written bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	c := newConversation(r.c.id)
	entries, err := r.agent.config.Memory.Load(ctx, c.id, 0)
	if err != nil {
		return false, err
	}
	for i := range entries {
		if body, ok := r.failed[entries[i].ID]; ok {
			entries[i].body = body // with the error, which is not in the log
		}
		if err := c.apply(&entries[i]); err != nil {
			return false, err
		}
		written = written || entries[i].ID == r.pending[0].ID
	}
	r.c, r.cached.conversation = c, c
	return written, nil
}

// end closes the turn.
func (r *run) end(ctx context.Context, outcome Outcome) (*Reply, error) {
	r.add(EntryTurnEnded, turnEnded{Outcome: outcome})
	if err := r.write(detached(ctx)); err != nil {
		return nil, err
	}
	reply := r.c.reply()
	if outcome == Answered {
		r.showRest(reply.Text) // without the markers that name no passage
	}
	return reply, nil
}

// replyAfter reads the reply that answered the message of an earlier turn: its
// own or, if that turn failed, that of the turn which took the message up. It
// returns nil if there is none.
func (a *Agent) replyAfter(ctx context.Context, id ConversationID, turn string) (*Reply, error) {
	entries, err := a.config.Memory.Load(ctx, id, 0)
	if err != nil {
		return nil, fmt.Errorf("load conversation %s: %w", id, err)
	}
	c := newConversation(id)
	begun := false
	for i := range entries {
		if err := c.apply(&entries[i]); err != nil {
			return nil, err
		}
		begun = begun || entries[i].Turn == turn
		if begun && c.turn != nil && (c.turn.outcome == Answered || c.turn.outcome == Escalated) {
			return c.reply(), nil
		}
	}
	return nil, nil
}
