package frontdesk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
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

	stopped  bool            // the caller left the loop: yield must not be called again
	shown    strings.Builder // text of the present answer that the caller has seen
	standing string          // text before it that a Reset voids, and that is to stay
	voided   bool            // a Reset has voided it
	told     []string        // the answers to which the turn went on, as the customer reads them
	seen     int             // so many of them were shown
	thought  bool            // the caller has seen thoughts of it
	withheld bool            // a sentence of the answer could not be released
	handing  bool            // a handoff is being made: it may be spoken of
	held     Delta           // what they have not seen yet, as the log could not be read
	pending  []Entry         // applied to c, not yet in the log

	epoch      int64  // that of the turn, as this process took it
	taken      string // id of the entry with which it did
	lease      *lease // nil if the memory knows none
	gathered   bool   // the customer has had time to say more
	recovering bool   // nobody waits for the reply
	again      bool   // there is nothing new to answer
	owed       bool   // to others than the caller: it was begun by a decision, or for what had joined the turn before

	failed map[string]toolFinished // the results of calls that failed, by entry
	wasted int                     // requests of which no answer came
	waited time.Duration           // for requests to be allowed again
}

// settleTime bounds how long a turn that was stopped takes to record what
// happened, once its own context is done.
const settleTime = 10 * time.Second

var errStopped = errors.New("the turn was stopped")

func (r *run) run(ctx context.Context, open func(*run, context.Context) (*Reply, error)) {
	ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)
	reply, err := r.play(ctx, open)
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
	case ToolStarted:
		r.blank()
		if !r.voided { // else it goes with what is said behind the call
			r.standing = ""
		}
	case ToolFinished:
		r.settleShown()
	}
	if !r.yield(event, nil) {
		r.stopped = true
		r.cancel(errStopped)
	}
	return !r.stopped
}

// play takes the turn from what open does to its outcome.
func (r *run) play(ctx context.Context, open func(*run, context.Context) (*Reply, error)) (reply *Reply, err error) {
	defer func() { r.leave(ctx, err) }()
	if reply, err = open(r, ctx); reply != nil || err != nil {
		return reply, err
	}
	rules := r.agent.rules()
	for {
		next := r.c.next(rules)
		// What is in the log is brought to its end, whoever still listens.
		if err := ctx.Err(); err != nil && next.step != stepEnd && next.step != stepEscalate && next.step != stepHandOver {
			return nil, fmt.Errorf("turn stopped: %w", context.Cause(ctx))
		}
		switch next.step {
		case stepRetrieve:
			if err = r.gather(ctx); err == nil {
				err = r.retrieve(ctx)
			}
		case stepAsk:
			if err = r.gather(ctx); err == nil {
				err = r.ask(ctx)
			}
		case stepCall:
			err = r.call(ctx)
		case stepAct:
			err = r.act(ctx)
		case stepHandOver:
			err = r.handOver(ctx, next.handoff)
		case stepEscalate:
			err = r.escalate(ctx)
		case stepEnd:
			if reply, err = r.end(ctx, next.outcome); reply != nil {
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
	busy := false
	for attempts := 0; attempts < appendAttempts; attempts++ {
		if err := r.load(ctx, r.turn.Confirm != ""); err != nil {
			return nil, err
		}
		if err := r.c.admits(r.turn.Customer); err != nil {
			return nil, err
		}
		turn, delivered := r.c.deliveries[r.turn.MessageID]
		r.again = delivered
		switch {
		case delivered && turn == "" && r.c.hadHuman:
			return r.withHuman(ctx)
		case delivered && (r.c.turn == nil || r.c.turn.id != turn):
			if reply, err := r.agent.replyAfter(ctx, r.c.id, r.turn.MessageID, turn); reply != nil || err != nil {
				return r.due(ctx, reply, err)
			}
		case delivered && r.c.turn.outcome.told():
			return r.due(ctx, r.c.reply(), nil)
		}
		message := customerMessage{
			MessageID: r.turn.MessageID,
			Customer:  r.turn.Customer,
			Text:      r.turn.Text,
			Images:    r.turn.Images,
			Filter:    r.turn.Filter,
			Signals:   r.turn.signals,
			Escalate:  r.turn.escalate,
		}
		confirmed := r.confirmation()
		if r.turn.Confirm != "" && confirmed == nil && !delivered {
			return nil, fmt.Errorf("approval %s: %w: the customer cannot confirm it any more, or is not verified as it asks", r.turn.Confirm, ErrApprovalClosed)
		}
		joined := false
		if !r.c.human {
			joined = r.begin(busy, confirmed != nil)
		}
		if confirmed != nil && r.id != "" {
			message.Decides = confirmed.ID
			r.add(EntryApprovalDecided, approvalDecided{Approval: confirmed.ID, Approved: true, Words: r.turn.Text})
		}
		if !delivered {
			r.add(EntryCustomerMessage, message)
		}
		err := r.write(ctx)
		var leased *LeaseError
		switch {
		case err == nil && r.id == "":
			return r.withHuman(ctx)
		case err == nil && joined:
			return &Reply{Turn: r.id, Outcome: Joined}, nil
		case err == nil:
			return nil, nil
		case errors.As(err, &leased) && r.freed(ctx):
		case errors.As(err, &leased):
			if _, busy = r.c.deliveries[r.turn.MessageID]; !busy {
				busy = true
				continue
			}
			// Another process answers this very message, or fails to.
			busy, attempts = false, 0
			if err := sleep(ctx, min(leased.Remaining, r.agent.config.Lease/10)); err != nil {
				r.c = nil
				return nil, context.Cause(ctx)
			}
		case !errors.Is(err, ErrConflict):
			r.c = nil // nothing of this turn is known to be in the log
			return nil, err
		}
	}
	return nil, conflictsWithoutEnd(r.cached.id)
}

func conflictsWithoutEnd(id ConversationID) error {
	return fmt.Errorf("append to conversation %s: gave up after %d conflicts: %w", id, appendAttempts, ErrConflict)
}

// admits checks that a customer may speak in the conversation.
func (c *conversation) admits(customer Customer) error {
	if owner := c.customer.ID; owner != "" && owner != customer.ID {
		return fmt.Errorf("conversation %s: %w", c.id, ErrWrongCustomer)
	}
	return nil
}

// begin adds the entry with which this process runs a turn: it goes on with one
// that was broken off or, if decided, with the one that waits for a decision, or
// starts another. If busy, another process runs the turn: then nothing is added,
// and what comes joins that one.
func (r *run) begin(busy, decided bool) (joined bool) {
	switch t := r.c.turn; {
	case t != nil && t.outcome == "" && busy:
		r.id, r.epoch = t.id, 0
		return true
	case t != nil && t.outcome == "" && (t.handoff == nil && t.overtaken == 0 || r.c.human || r.again):
		r.id = t.id
		r.take(EntryTurnTaken, turnTaken{})
	case t != nil && t.outcome.waits() && decided:
		r.id = t.id
		r.take(EntryTurnTaken, turnTaken{Decided: true})
	default:
		r.id = rand.Text()
		r.take(EntryTurnStarted, turnStarted{Customer: r.turn.Customer, MessageID: r.turn.MessageID})
	}
	return false
}

// take adds an entry by which this process has the turn from then on.
func (r *run) take(kind EntryKind, body any) {
	r.add(kind, body)
	r.epoch, r.taken = r.c.last, r.pending[len(r.pending)-1].ID
	r.changes(&Changes{
		Customer: r.turn.Customer.ID,
		Lease:    &Lease{Epoch: r.epoch, Duration: r.agent.config.Lease},
	})
}

// changes says what the append of the entry that was added last changes beside
// the log.
func (r *run) changes(changes *Changes) {
	if r.agent.shared != nil {
		r.pending[len(r.pending)-1].Changes = changes
	}
}

// load makes sure that r.c is a fold of the log: of all of it if newest is set,
// which is for decisions that no append checks.
func (r *run) load(ctx context.Context, newest bool) error {
	r.id, r.epoch, r.taken = "", 0, "" // of an attempt that came too late
	if r.cached.conversation == nil {
		c := newConversation(r.cached.id)
		if err := r.agent.catchUp(ctx, c); err != nil {
			return err
		}
		r.cached.conversation = c
	} else if newest {
		if err := r.agent.catchUp(ctx, r.cached.conversation); err != nil {
			r.cached.conversation = nil
			return err
		}
	}
	r.c = r.cached.conversation
	if epoch := r.cached.epoch; epoch != 0 {
		// An earlier turn of this process could not say that it ended.
		if t := r.c.turn; r.agent.shared != nil && t != nil && t.outcome == "" && t.epoch == epoch {
			if err := r.agent.shared.Renew(ctx, r.c.id, epoch, time.Nanosecond); err != nil && !errors.Is(err, ErrConflict) {
				return fmt.Errorf("end the lease of conversation %s: %w", r.c.id, err)
			}
		}
		r.cached.epoch = 0
	}
	return nil
}

// withHuman is the outcome of a message that was recorded for the human who
// owns the conversation. If nobody could be told of the handoff before, they
// are told now.
func (r *run) withHuman(ctx context.Context) (*Reply, error) {
	if err := r.retellHandoff(ctx); err != nil {
		return nil, err
	}
	return &Reply{Outcome: Escalated, Handoff: r.c.packet(), Epoch: r.c.owner.Epoch}, nil
}

// retellHandoff tells the escalator of a handoff of which it could not be told before.
func (r *run) retellHandoff(ctx context.Context) error {
	for range appendAttempts {
		if !r.c.untoldHandoff() || r.agent.config.Escalator == nil {
			break
		}
		// On a conflict, somebody else may have recorded the ticket.
		if err := r.escalate(ctx); err != nil && !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return nil
}

// leave ends the turn in the log if it has no outcome, whatever the reason.
func (r *run) leave(ctx context.Context, failure error) {
	if r.c != nil && (r.mine() || len(r.pending) > 0) && !errors.Is(failure, ErrConflict) {
		// A turn that others rely on is left to be taken up once more: the
		// callers of messages and decisions that joined it do not hear of its
		// failure, and the customer does not of that of a decision.
		if relied := r.recovering || r.owed || r.c.unread(outcomeFailed); r.mine() && (!relied || r.agent.shared == nil) {
			r.addFailure(ctx, failure)
		}
		if !r.recovering || ctx.Err() == nil {
			// The caller learns of the failure itself; that its record is
			// missing does no harm, since the next turn finds this one
			// unfinished.
			_ = r.write(detached(ctx))
		}
		if r.mine() || len(r.pending) > 0 {
			r.cached.epoch = r.epoch
		}
	}
	if r.lease != nil {
		r.lease.stop()
		if r.recovering && ctx.Err() != nil && r.cached.epoch != 0 {
			// Others need not wait.
			ctx, cancel := context.WithTimeout(detached(ctx), settleTime)
			defer cancel()
			_ = r.agent.shared.Renew(ctx, r.cached.id, r.cached.epoch, time.Nanosecond)
		}
	}
	if len(r.pending) > 0 {
		r.cached.conversation = nil
	}
}

// addFailure adds the end of a turn that has no outcome.
func (r *run) addFailure(ctx context.Context, failure error) {
	outcome, text := outcomeStopped, ""
	if failure != nil && ctx.Err() == nil {
		outcome, text = outcomeFailed, failure.Error()
	}
	next := r.c.next(r.agent.rules())
	if next.step == stepEscalate { // the handoff stands, whoever could not be told of it
		next = decision{step: stepEnd, outcome: Escalated}
	}
	if next.step == stepEnd {
		if ended, ok := r.ending(detached(ctx), next.outcome); ok {
			r.add(EntryTurnEnded, ended) // it was only to be told
			return
		}
	}
	r.add(EntryTurnEnded, turnEnded{Outcome: outcome, Error: text})
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

// errTakenOver says that a human took or closed the conversation while the turn
// ran.
var errTakenOver = errors.New("a human took the conversation over")

// write appends what was added to the log. If something else was appended
// meanwhile that leaves the turn its own, such as another message or a human's
// note, it tries again behind it. Otherwise what was added is dropped and the
// error wraps ErrConflict, is a refusal of Changes, or is errTakenOver.
func (r *run) write(ctx context.Context) error {
	taken := false // a human took the conversation over
	for range appendAttempts {
		switch {
		case len(r.pending) == 0 && taken:
			return errTakenOver
		case len(r.pending) == 0:
			return nil
		}
		begun := time.Now()
		err := r.append(ctx)
		if err == nil {
			r.pending = nil
			r.keep(begun)
			if taken {
				return errTakenOver
			}
			return nil
		}
		fail := func(err error) error { return fmt.Errorf("append to conversation %s: %w", r.c.id, err) }
		written, reloadErr := r.reload(detached(ctx))
		var leased *LeaseError
		if reloadErr != nil {
			// Not a conflict, after which all would be in order again.
			return fail(fmt.Errorf("%v; whether it is there cannot be told: %w", err, reloadErr))
		}
		if r.pending = r.pending[written:]; len(r.pending) == 0 {
			r.keep(begun)
			return nil
		}
		if _, refused := refusal("", err); refused || errors.As(err, &leased) || !r.mine() {
			r.pending = nil
			return fail(err)
		}
		if r.c.turn.overtaken > r.epoch {
			if !taken {
				r.keepEffects()
			}
			taken = true
		}
		for i := 0; i < len(r.pending); {
			body := r.pending[i].body
			if ended, ok := body.(turnEnded); ok && r.c.unread(ended.Outcome) {
				r.pending = r.pending[:i] // there is more to answer
				break
			}
			if r.c.late(body) {
				r.pending = slices.Delete(r.pending, i, i+1)
				continue
			}
			if err := r.c.apply(&r.pending[i]); err != nil {
				return fail(err)
			}
			i++
		}
		if written == 0 && !errors.Is(err, ErrConflict) {
			return fail(err) // it may be tried once more when the turn ends
		}
	}
	return conflictsWithoutEnd(r.c.id)
}

// unread reports whether a message or a decision has come that keeps the turn from
// ending with the given outcome.
func (c *conversation) unread(outcome Outcome) bool {
	switch {
	case c.approved() != nil:
		return true
	case outcome == Answered:
		return !c.turn.answered
	case outcome.waits():
		return len(c.waiting) > 0 || c.pendingCall() >= 0
	case outcome.told():
		return false
	default: // whoever sent the message or made the decision was told that it joined the turn
		return c.turn.joined || slices.ContainsFunc(c.calls, func(call *openCall) bool {
			return call.result == nil && call.approval != nil && call.approval.decision != nil
		})
	}
}

// mine reports whether the turn goes on, and this process has it. The number of
// the entry that took it does not tell: two processes may have tried for the
// same one.
func (r *run) mine() bool { return r.c.running(r.id) && r.c.turn.taken == r.taken }

// keepEffects drops what is to be written except what tools did. Their calls were
// closed when the human took over, so that it is told as found out since. Of a call
// whose intent is not in the log there is nothing to tell: it claimed nothing that
// could be given back, and an earlier try with its key may have taken effect.
func (r *run) keepEffects() {
	pending := r.pending
	r.pending = nil
	intents := make(map[string]bool)
	for _, entry := range pending {
		if started, ok := entry.body.(toolStarted); ok {
			intents[started.IdempotencyKey] = true
		}
		finished, ok := entry.body.(toolFinished)
		switch {
		case entry.Kind == EntryEffectResolved:
			r.pending = append(r.pending, entry)
		case !ok || finished.effect == nil || finished.Status == ToolUnknown || intents[finished.effect.IdempotencyKey]:
		case finished.Approval != "":
			r.pending = append(r.pending, entry)
		default:
			resolved, err := newEntry(EntryEffectResolved, r.id, effectResolved{
				IdempotencyKey: finished.effect.IdempotencyKey,
				Happened:       finished.Status == ToolDone,
				Content:        finished.Content,
			})
			if err == nil {
				resolved.Changes = entry.Changes
				r.pending = append(r.pending, resolved)
			}
		}
	}
}

func (r *run) append(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	if r.agent.shared == nil || r.epoch == 0 {
		return r.agent.config.Memory.Append(ctx, r.c.id, r.c.last-int64(len(r.pending)), r.pending...)
	}
	entries := slices.Clone(r.pending)
	last := &entries[len(entries)-1]
	keep := Lease{Epoch: r.epoch, Duration: r.agent.config.Lease}
	if last.Kind == EntryTurnEnded {
		keep.Duration = r.agent.leaseBehind(r.c)
	}
	if !slices.ContainsFunc(entries, func(e Entry) bool { return e.Changes != nil && e.Changes.Lease != nil }) {
		changes := Changes{Lease: &keep}
		if last.Changes != nil {
			changes = *last.Changes
			changes.Lease = &keep
		}
		last.Changes = &changes
	}
	return r.agent.config.Memory.Append(ctx, r.c.id, r.c.last-int64(len(entries)), entries...)
}

// keep keeps the lease that an append has renewed, which began at the given
// time, or lets go of one that it has ended.
func (r *run) keep(begun time.Time) {
	switch {
	case r.agent.shared == nil || r.epoch == 0:
	case r.lease != nil && r.lease.epoch == r.epoch && r.mine():
		r.lease.kept(begun)
	case r.mine():
		if r.lease != nil {
			r.lease.stop()
		}
		r.lease = r.keepLease(begun)
	case r.lease != nil:
		r.lease.stop()
	}
}

// reload folds the log anew and returns how many of the pending entries it
// holds, as it may after an append whose answer was lost.
func (r *run) reload(ctx context.Context) (written int, err error) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	c := newConversation(r.c.id)
	entries, err := r.agent.config.Memory.Load(ctx, c.id, 0)
	if err != nil {
		return 0, err
	}
	for i := range entries {
		if body, ok := r.failed[entries[i].ID]; ok {
			entries[i].body = body // with the error, which is not in the log
		}
		if err := c.apply(&entries[i]); err != nil {
			return 0, err
		}
		if written < len(r.pending) && entries[i].ID == r.pending[written].ID {
			written++
		}
	}
	r.c, r.cached.conversation = c, c
	return written, nil
}

// end closes the turn. It returns no reply if a message came at the last moment
// that wants an answer too.
func (r *run) end(ctx context.Context, outcome Outcome) (*Reply, error) {
	if r.c.unread(outcome) { // the conversation goes on without the answer that it waits for
		r.add(EntryCallsParked, callsParked{})
		return nil, r.write(detached(ctx))
	}
	ended, released := r.ending(ctx, outcome)
	if !released {
		return nil, r.write(detached(ctx))
	}
	r.add(EntryTurnEnded, ended)
	if err := r.write(detached(ctx)); err != nil || r.c.turn.outcome == "" {
		return nil, err
	}
	reply := r.c.reply()
	if r.c.unanswered() && r.goOn(ctx) {
		return nil, nil
	}
	if outcome == Answered || outcome.waits() {
		r.showReply(reply.Text)
	}
	return reply, nil
}

// goOn begins a turn for what had joined the one that has ended. If it cannot, another
// process does, or finds it when the lease has run out that the end has kept for it.
func (r *run) goOn(ctx context.Context) bool {
	if !r.freed(detached(ctx)) && r.agent.shared != nil {
		return false
	}
	r.begin(false, false)
	r.owed, r.told, r.seen = true, nil, 0
	err := r.write(detached(ctx))
	if err != nil && !errors.Is(err, ErrConflict) {
		r.pending, r.cached.conversation = nil, nil // it may be in the log
	}
	return err == nil
}

// ending is the body of the entry that ends the turn, or false if its answer was held
// back.
func (r *run) ending(ctx context.Context, outcome Outcome) (turnEnded, bool) {
	ended := turnEnded{Outcome: outcome}
	r.readBefore(ctx)
	switch {
	case outcome == Answered:
		text, released := r.release(ctx)
		text = r.whole(text)
		if plain, _ := resolveCitations(r.c.turn.answer.Message.Text, r.c.passages); text != plain {
			ended.Text = text
		}
		return ended, released
	case outcome == Escalated && r.c.turn.handoff != nil && r.whole("") != "":
		told, _ := resolveCitations(r.c.turn.handoff.Told, r.c.passages)
		ended.Text = r.whole(told)
		return ended, true
	case !outcome.waits():
		return ended, true
	}
	text := ""
	if answer := r.c.turn.answer; answer != nil {
		text = r.interim(ctx, strings.TrimSpace(answer.Message.Text))
	}
	ended.Text = text
	for _, call := range r.c.calls {
		switch {
		case !call.undecided():
		case call.approval.Kind == CustomerConfirms:
			ended.Text = strings.TrimSpace(ended.Text + "\n\n" + call.approval.Question)
		case text == "":
			text = r.agent.config.ApprovalText
			if call.approval.Kind == CustomerVerifies {
				text = r.agent.config.VerificationText
			}
			ended.Text = strings.TrimSpace(ended.Text + "\n\n" + text)
		}
	}
	ended.Text = r.whole(ended.Text)
	return ended, true
}

// gather waits for more messages of the customer, once in a turn.
func (r *run) gather(ctx context.Context) error {
	if r.gathered {
		return nil
	}
	r.gathered = true
	pause := r.agent.config.Gather
	for range 5 {
		if pause == 0 || r.c.turn.requests > 0 {
			return nil
		}
		if err := r.write(detached(ctx)); err != nil {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return nil // the loop ends the turn
		}
		last := r.c.last
		if err := r.refresh(ctx); err != nil || r.c.last == last {
			return err
		}
	}
	return nil
}

// refresh takes in what others appended since, where there can be others.
func (r *run) refresh(ctx context.Context) error {
	if r.agent.shared == nil {
		return nil
	}
	return r.takeIn(ctx)
}

// takeIn takes in what was appended since.
func (r *run) takeIn(ctx context.Context) error {
	written := r.c.last - int64(len(r.pending))
	entries, err := r.agent.config.Memory.Load(ctx, r.c.id, written)
	if err != nil && ctx.Err() != nil {
		return nil // the loop ends the turn
	}
	if err != nil {
		return fmt.Errorf("load conversation %s: %w", r.c.id, err)
	}
	if len(entries) > 0 && len(r.pending) > 0 {
		if err := r.write(detached(ctx)); err != nil { // which takes them in
			return err
		}
		entries = nil
	}
	for i := range entries {
		if err := r.c.apply(&entries[i]); err != nil {
			r.cached.conversation = nil
			return err
		}
	}
	switch {
	case !r.mine():
		return fmt.Errorf("conversation %s: the turn was taken over: %w", r.c.id, ErrConflict)
	case r.c.turn.overtaken > r.epoch:
		return errTakenOver
	}
	return nil
}

// replyAfter reads the reply that answered the message of an earlier turn: its
// own or, if that turn failed, that of the turn which took the message up. It
// returns nil if there is none.
func (a *Agent) replyAfter(ctx context.Context, id ConversationID, message, turn string) (*Reply, error) {
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
		_, came := c.deliveries[message] // it may have gone on with a turn that had ended
		begun = begun || came && entries[i].Turn == turn
		if begun && c.turn != nil && c.turn.outcome.told() {
			return c.reply(), nil
		}
	}
	return nil, nil
}
