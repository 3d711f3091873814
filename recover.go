package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Resume goes on with a conversation whose turn was broken off: because its
// process died, because the turn failed or was stopped, or because [Agent.Decide]
// did. It returns the reply of the turn, or that of the newest one if there is
// nothing to go on with, and nil if there was no turn at all. While another
// process runs the turn, it returns an error that wraps [ErrConflict] and is a
// [*LeaseError].
func (a *Agent) Resume(ctx context.Context, id ConversationID) (*Reply, error) {
	return a.resume(ctx, id, new(run))
}

func (a *Agent) resume(ctx context.Context, id ConversationID, r *run) (*Reply, error) {
	if id.ID == "" {
		return nil, errors.New("conversation has no id")
	}
	reply, err := a.enter(ctx, id, r, (*run).resume)
	if errors.Is(err, errNoTurn) {
		return nil, nil
	}
	return reply, err
}

// errNoTurn says that there is nothing to resume.
var errNoTurn = errors.New("the conversation has no turn")

// resume takes up the newest turn.
func (r *run) resume(ctx context.Context) (*Reply, error) {
	for range appendAttempts {
		if err := r.load(ctx, true); err != nil {
			return nil, err
		}
		t := r.c.turn
		switch {
		case t == nil:
			return nil, errNoTurn
		case t.outcome.told() && r.c.approved() == nil && r.recovering && !r.c.unanswered():
			return nil, r.raise(ctx)
		case t.outcome.told() && r.c.approved() == nil && !r.c.unanswered():
			return r.due(ctx, r.c.reply(), nil)
		}
		r.turn.Customer, r.again = r.c.customer, true
		r.begin(false, false)
		err := r.write(detached(ctx))
		var leased *LeaseError
		switch {
		case err == nil:
			return nil, nil
		case errors.As(err, &leased) && !r.recovering && r.freed(ctx):
		case errors.As(err, &leased) || !errors.Is(err, ErrConflict):
			r.c = nil
			return nil, err
		}
	}
	return nil, conflictsWithoutEnd(r.cached.id)
}

// Recovered tells of a turn that [Agent.Recover] took up: its reply, which is
// yet to be brought to the customer, or the error with which it broke off again.
// Then it is found once more when its lease has run out, until the third time,
// when it goes to a human.
type Recovered struct {
	Conversation ConversationID
	Reply        *Reply
	Err          error
}

// recoverAtOnce is how many turns are recovered at the same time.
const recoverAtOnce = 8

// Recover finds turns whose process died, that is whose lease has run out, and
// goes on with them, several at a time. It tells of each, one after another,
// and returns when there are none left. It needs a [SharedMemory].
//
// It raises handoffs that nobody has claimed in time, too: see
// [Escalation].Deadline. The Escalator hears of that, and tell only if it failed.
func (a *Agent) Recover(ctx context.Context, tell func(Recovered)) error {
	if a.shared == nil {
		return errors.New("recover: Memory is no SharedMemory, so nobody knows which turns were broken off: use one, such as those of packages sqlite and postgres")
	}
	for {
		ids, err := a.shared.Expired(ctx, recoverAtOnce)
		if err != nil {
			return fmt.Errorf("find turns to recover: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		var (
			group sync.WaitGroup
			mu    sync.Mutex
		)
		for _, id := range ids {
			group.Go(func() {
				reply, err := a.resume(ctx, id, &run{recovering: true})
				if errors.Is(err, ErrConflict) || reply == nil && err == nil {
					return // somebody else was quicker
				}
				mu.Lock()
				defer mu.Unlock()
				tell(Recovered{id, reply, err})
			})
		}
		group.Wait()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// KeepRecovering calls [Agent.Recover] now and then until ctx is done, for a
// service to run in the background. Turns that are under way then are left for
// another process to take up at once, and nil is returned. tell is also told of
// errors in finding turns; the search goes on. The pause between two searches is
// a third of [Config].Lease.
func (a *Agent) KeepRecovering(ctx context.Context, tell func(Recovered)) error {
	if a.shared == nil {
		return a.Recover(ctx, tell)
	}
	for {
		if err := a.Recover(ctx, tell); err != nil && ctx.Err() == nil {
			tell(Recovered{Err: err})
		}
		if err := sleep(ctx, max(a.config.Lease/3, time.Millisecond)); err != nil {
			return nil
		}
	}
}

// join records a message for a turn of this process that is running. It returns
// nil if there is none that it could join.
func (a *Agent) join(ctx context.Context, id ConversationID, turn Turn) (*Reply, error) {
	if a.shared == nil || turn.Confirm != "" {
		return nil, nil
	}
	r := &run{agent: a, cached: &cachedConversation{id: id}, turn: turn}
	for range appendAttempts {
		if err := r.load(ctx, false); err != nil {
			return nil, err
		}
		if err := r.c.admits(turn.Customer); err != nil {
			return nil, err
		}
		_, delivered := r.c.deliveries[turn.MessageID]
		if t := r.c.turn; delivered || r.c.human || t == nil || t.outcome != "" {
			return nil, nil
		}
		r.id = r.c.turn.id
		r.add(EntryCustomerMessage, customerMessage{
			MessageID: turn.MessageID,
			Customer:  turn.Customer,
			Text:      turn.Text,
			Images:    turn.Images,
			Filter:    turn.Filter,
			Signals:   turn.signals,
			Escalate:  turn.escalate,
		})
		err := r.append(ctx)
		if err == nil {
			return &Reply{Turn: r.id, Outcome: Joined}, nil
		}
		written, reloadErr := r.reload(detached(ctx))
		switch {
		case reloadErr != nil:
			return nil, fmt.Errorf("append to conversation %s: %w", id, errors.Join(err, reloadErr))
		case written > 0:
			return &Reply{Turn: r.id, Outcome: Joined}, nil
		case !errors.Is(err, ErrConflict):
			return nil, fmt.Errorf("append to conversation %s: %w", id, err)
		}
		r.pending = nil
	}
	return nil, conflictsWithoutEnd(id)
}

// Resolution is what a human found out about an [Effect].
type Resolution struct {
	// IdempotencyKey names the effect.
	IdempotencyKey string

	// Happened tells whether it took effect. If not, the same may be done
	// again.
	Happened bool

	// By names who found out, and Note is for the model.
	By, Note string
}

// Effects returns the tool calls of a conversation that were started and of which
// nobody knows what came, oldest first: those that run at the moment among them.
func (a *Agent) Effects(ctx context.Context, id ConversationID) ([]Effect, error) {
	c := newConversation(id)
	if err := a.catchUp(ctx, c); err != nil {
		return nil, err
	}
	return c.effects(), nil
}

// Resolve records what came of a tool call whose outcome was unknown; see
// [Agent.Effects]. If the turn waits for the call, that is its result; otherwise
// the model is told with the customer's next message. It is an error if the
// conversation has no such effect, and one that wraps [ErrStillRunning] if it has not
// happened and the call may still run.
func (a *Agent) Resolve(ctx context.Context, id ConversationID, resolution Resolution) error {
	body := effectResolved{IdempotencyKey: resolution.IdempotencyKey, Happened: resolution.Happened, By: resolution.By, Note: resolution.Note}
	return a.record(ctx, id, EntryEffectResolved, body, func(c *conversation, entry *Entry) error {
		effect := c.effect(resolution.IdempotencyKey)
		switch entry.Changes = nil; {
		case effect == nil:
			return fmt.Errorf("conversation %s has no tool call with the key %q whose outcome is unknown", id, resolution.IdempotencyKey)
		case resolution.Happened:
		case !effect.over && time.Now().Before(effect.NotAfter):
			return fmt.Errorf("conversation %s: %w: look again after %s", id, ErrStillRunning, effect.NotAfter.Format(time.RFC3339))
		default:
			entry.Changes = giveBack(effect.changes, effect.Started)
		}
		return nil
	})
}

// Erase removes all conversations of a customer from the memory, and from what
// the agent remembers of them. Other agents and processes forget them when they
// next write. It needs a [CustomerMemory].
func (a *Agent) Erase(ctx context.Context, tenant, customer string) error {
	memory, ok := a.config.Memory.(CustomerMemory)
	switch {
	case !ok:
		return errors.New("erase: Memory is no CustomerMemory, so nobody knows which conversations are whose")
	case customer == "":
		return errors.New("erase: the customer has no id")
	}
	if err := memory.Erase(ctx, tenant, customer); err != nil {
		return fmt.Errorf("erase customer: %w", err)
	}
	a.cache.forget(tenant, customer)
	return nil
}
