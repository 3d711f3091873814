package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A handoff that waits for somebody to claim it keeps the lease of the turn that
// made it, or of the newest turn, for Escalation.Deadline: when it runs out, it is
// found like a turn whose process died, by any process that recovers those. So does
// one of which the escalator could not be told, for as long as a lease lasts.

// unclaimed reports whether the conversation waits for a human to claim it.
func (c *conversation) unclaimed() bool {
	return c.human && !c.owner.Claimed && c.handoff != nil
}

// leaseBehind is how long the lease is to be kept behind the turn that ends. While
// there is something left to answer, it is found like a turn that was broken off.
func (a *Agent) leaseBehind(c *conversation) time.Duration {
	if wait := a.wait(c); wait > 0 && !c.unanswered() {
		return wait
	}
	if c.unanswered() || c.untoldHandoff() && a.config.Escalator != nil {
		return a.config.Lease
	}
	return 0
}

// unanswered reports whether messages wait for a turn of the agent's.
func (c *conversation) unanswered() bool { return len(c.waiting) > 0 && c.owner.Owner == OwnerAgent }

// wait is how long a handoff waits for somebody to claim it.
func (a *Agent) wait(c *conversation) time.Duration {
	if c.unclaimed() && c.handoff.Raised < mostRaised {
		return a.config.Escalation.Deadline
	}
	return 0
}

// claimsHandoff reports whether an entry from outside of a turn claims a handoff.
func claimsHandoff(entry *Entry) bool {
	switch entry.Kind {
	case EntryClaimed, EntryHandedBack, EntryClosed, EntryColleagueActed:
		return true
	case EntryPosted:
		body, ok := entry.body.(posted)
		return ok && body.Author != ""
	default:
		return false
	}
}

// endWait ends the lease that is kept for a handoff with the entry that claims it.
func (a *Agent) endWait(c *conversation, entry *Entry) {
	if entry.Changes != nil && entry.Changes.Lease != nil { // of an attempt that came too late
		changes := *entry.Changes
		changes.Lease = nil
		entry.Changes = &changes
	}
	if a.shared == nil || !c.unclaimed() || c.turn == nil || c.turn.outcome == "" || !claimsHandoff(entry) {
		return
	}
	changes := Changes{}
	if entry.Changes != nil {
		changes = *entry.Changes
	}
	changes.Lease = &Lease{Epoch: c.turn.epoch}
	entry.Changes = &changes
}

// freed ends a lease that nobody has: one that is kept for a handoff, or was. It
// reports whether it did, so that the turn can be taken now.
func (r *run) freed(ctx context.Context) bool {
	t := r.c.turn
	if r.agent.shared == nil || t == nil || t.outcome == "" || r.agent.shared.Renew(ctx, r.c.id, t.epoch, time.Nanosecond) != nil {
		return false
	}
	_ = sleep(ctx, time.Microsecond) // until it has run out, by any clock
	return true
}

// raise tells the escalator once more of a handoff that nobody has claimed in
// time, and waits again. If somebody has, the wait is over. It always returns an
// error: there is no reply to anybody.
func (r *run) raise(ctx context.Context) error {
	epoch := r.c.turn.epoch
	if err := r.agent.shared.Renew(ctx, r.c.id, epoch, r.agent.config.Lease); err != nil {
		return fmt.Errorf("raise the handoff of conversation %s: %w", r.c.id, err)
	}
	if err := r.retellHandoff(ctx); err != nil {
		return err
	}
	var told *raised
	for range appendAttempts {
		if t := r.c.turn; t == nil || t.outcome == "" || t.epoch != epoch {
			return ErrConflict // there is a turn again
		}
		body := raised{}
		if r.c.handoff != nil {
			body = raised{Handoff: r.c.handoff.ID, Times: r.c.handoff.Raised}
		}
		if told != nil && told.Handoff == body.Handoff && told.Times <= body.Times {
			return errNoTurn // another process has raised it, and waits
		}
		if r.agent.wait(r.c) > 0 {
			if told == nil || told.Handoff != body.Handoff {
				packet := r.c.packet()
				packet.Raised++
				packet.Priority = r.c.handoff.Priority.raised(packet.Raised)
				ticket, err := r.agent.config.Escalator.Escalate(ctx, *packet)
				if err != nil {
					return fmt.Errorf("raise the handoff of conversation %s: the escalator failed: %w", r.c.id, err)
				}
				told = &raised{Handoff: packet.ID, Times: packet.Raised, Ticket: ticket}
			}
			body = *told
		}
		r.add(EntryRaised, body)
		r.pending[len(r.pending)-1].Changes = &Changes{Lease: &Lease{Epoch: epoch, Duration: r.agent.wait(r.c)}}
		err := r.write(detached(ctx))
		switch {
		case err == nil:
			return errNoTurn
		case !errors.Is(err, ErrConflict):
			return err
		}
	}
	return conflictsWithoutEnd(r.c.id)
}
