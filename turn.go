package frontdesk

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// step is what a turn does next.
type step int

const (
	stepRetrieve step = iota // search the knowledge base
	stepAsk                  // ask the model
	stepCall                 // run the tools it called
	stepHandOver             // give the conversation to a human
	stepEscalate             // tell the escalator
	stepEnd                  // the outcome is known
)

// rules are what the decisions of a turn depend on beside the log.
type rules struct {
	limits    Limits
	retriever bool
	escalator bool
}

func (a *Agent) rules() rules {
	return rules{limits: a.limits, retriever: a.config.Retriever != nil, escalator: a.config.Escalator != nil}
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

// next decides how the newest turn goes on. It depends on the log and the
// rules alone, so that any process decides alike.
func (c *conversation) next(rules rules) decision {
	t := c.turn
	spent := t.requests >= rules.limits.Requests
	budget := decision{step: stepHandOver, handoff: rules.limits.spent()}
	switch {
	case t.handoff != nil && t.handoff == c.handoff && c.handoff.Ticket == "" && rules.escalator:
		return decision{step: stepEscalate}
	case t.handoff != nil || c.human:
		return decision{step: stepEnd, outcome: Escalated}
	case len(c.calls) > 0 && spent && !(rules.escalator && c.callsEscalation()):
		return budget // nobody would read the results
	case len(c.calls) > 0:
		return decision{step: stepCall}
	case t.repeats >= rules.limits.RepeatedCalls:
		return decision{step: stepHandOver, handoff: Handoff{
			Reason: HandoffRepeatedCall,
			Detail: fmt.Sprintf("the model called %s %d times in a row with the same result", t.results[len(t.results)-1].Call.Name, t.repeats),
		}}
	case t.answered:
		return decision{step: stepEnd, outcome: Answered}
	case c.question != nil && !c.retrieved && rules.retriever:
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

// pendingCall returns the index of the first call without a result, or -1.
func (c *conversation) pendingCall() int {
	return slices.IndexFunc(c.calls, func(call *openCall) bool { return call.result == nil })
}

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
		r.shown.Reset()
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

// retrieve searches the knowledge base for the customer's message.
func (r *run) retrieve(ctx context.Context) error {
	query := Query{
		Text:     r.c.newestSaid(),
		Previous: r.c.previous(),
		TopK:     r.agent.config.Passages,
		Tenant:   r.c.id.Tenant,
	}
	passages, err := r.agent.config.Retriever.Retrieve(ctx, query)
	if ctx.Err() != nil {
		return nil // the loop ends the turn
	}
	found := passagesFound{Query: query, Passages: passages}
	if len(passages) > query.TopK {
		found.Passages = passages[:query.TopK]
	}
	if err != nil {
		found.Passages, found.Error = nil, err.Error()
	}
	r.add(EntryPassages, found)
	r.emit(Retrieved{Query: query, Passages: found.Passages, Err: err})
	return nil
}

// ask sends one request to the model and records the answer.
func (r *run) ask(ctx context.Context) error {
	a := r.agent
	messages, settled := r.c.transcript()
	request := &Request{
		Model:        a.config.Model,
		Instructions: a.instructions(r.c.turn.customer),
		Messages:     messages,
		Tools:        a.definitions,
		Temperature:  a.temperature,
		MaxTokens:    a.config.MaxTokens,
		encoded:      r.c.encoded,
		settled:      settled,
		tools:        a.wireTools,
	}
	if len(messages) > 0 {
		request.first = &messages[0]
	}
	if len(a.definitions) > 0 {
		request.toolsOf = &a.definitions[0]
	}
	r.shown.Reset()
	var stream func(Delta)
	if r.stream {
		stream = r.show
	}
	purse := &purse{ledger: a.config.Quota.Ledger, accounts: a.config.Quota.accounts(r.c), left: a.limits.Requests - r.c.turn.requests - r.wasted}
	if err := purse.pay(ctx); err != nil {
		return r.unpaid(ctx, err)
	}
	request.spend = purse.spend
	response, err := a.config.Provider.Generate(ctx, request, stream)
	if response != nil {
		purse.settle(detached(ctx), response.Requests)
	} else {
		r.wasted += max(purse.used, 1)
	}
	switch {
	case errors.Is(err, errBudget) || errors.Is(err, ErrQuota) && ctx.Err() == nil:
		return r.unpaid(ctx, fmt.Errorf("ask model %s: %w", request.Model, err))
	case err != nil:
		return fmt.Errorf("ask model %s: %w", request.Model, err)
	case response == nil:
		return fmt.Errorf("ask model %s: the provider returned no response", request.Model)
	case response.Finish == FinishLength || response.Finish == FinishFilter:
		return fmt.Errorf("ask model %s: %w", request.Model, &TruncatedError{Message: response.Message, Finish: response.Finish})
	}
	answer := modelAnswer{
		Message:  response.Message,
		Finish:   response.Finish,
		Model:    response.Model,
		Usage:    response.Usage,
		Requests: max(response.Requests, 1),
	}
	answer.Message.Role = RoleAssistant
	if answer.Model == "" {
		answer.Model = request.Model
	}
	if isEmpty(answer.Message) {
		answer.Message.Text = ""
	}
	r.add(EntryAnswer, answer)
	r.showRest(answer.Message.Text)
	return nil
}

// unpaid goes on after a request that could not be made because the turn, a
// ledger or the host allows no more.
func (r *run) unpaid(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, errBudget):
		return r.handOver(ctx, r.agent.limits.spent())
	case errors.Is(err, ErrQuota):
		return r.outOfRequests(ctx, err)
	default:
		return err
	}
}

// show passes a piece of a streamed answer on.
func (r *run) show(delta Delta) {
	if delta.Reset && r.shown.Len() > 0 {
		r.shown.Reset()
		r.emit(Reset{})
	}
	if delta.Reasoning != "" {
		r.emit(ReasoningDelta{delta.Reasoning})
	}
	if delta.Text != "" {
		r.shown.WriteString(delta.Text)
		r.emit(TextDelta{delta.Text})
	}
}

// showRest makes what the caller has seen of an answer the whole of it, for
// providers that stream nothing, or something else in the end.
func (r *run) showRest(text string) {
	if !r.stream {
		return
	}
	rest, ok := strings.CutPrefix(text, r.shown.String())
	if !ok {
		rest = text
		r.shown.Reset()
		r.emit(Reset{})
	}
	if rest != "" {
		r.shown.WriteString(rest)
		r.emit(TextDelta{rest})
	}
}

// call runs the next of the tools that the model called: one that writes, or
// all the read-only ones up to the next that does not.
func (r *run) call(ctx context.Context) error {
	// The answer cost a request: it is kept before anything can go wrong.
	if err := r.write(detached(ctx)); err != nil {
		return err
	}
	i := r.c.pendingCall()
	call := r.c.calls[i].call
	tool := r.agent.tools.find(call.Name)
	if r.agent.config.Escalator != nil && tool != nil && tool.name == EscalationTool {
		return r.callEscalation(ctx, i)
	}
	if tool == nil {
		r.finish(i, r.agent.tools.unknownTool(call))
		return nil
	}
	if tool.effect == effectReadOnly {
		return r.callReadOnly(ctx, i)
	}
	arguments, problem := tool.parse(call.Arguments)
	if problem != "" {
		r.finish(i, notRun(call, problem))
		return nil
	}
	if !r.emit(ToolStarted{call}) || ctx.Err() != nil {
		return nil
	}
	key := r.key(i)
	r.add(EntryToolStarted, toolStarted{Call: i, IdempotencyKey: key})
	if err := r.write(detached(ctx)); err != nil {
		if r.c.call(i) != nil {
			r.addResult(i, notRun(call, "Error: not run: it could not be recorded."))
		}
		return err
	}
	result := notRun(call, "Error: not run: the turn was stopped.")
	if ctx.Err() == nil {
		result = tool.run(r.callContext(ctx, tool.name, key), call, arguments, r.agent.limits.ToolTimeout)
	}
	r.addResult(i, result)
	if err := r.write(detached(ctx)); err != nil {
		return err
	}
	r.emit(ToolFinished{result})
	return fatal(result)
}

// callReadOnly runs the call at index first and those after it that are
// read-only too, at the same time.
func (r *run) callReadOnly(ctx context.Context, first int) error {
	var (
		results []chan ToolResult
		slots   = make(chan struct{}, r.agent.limits.ParallelTools)
	)
	for i := first; i < len(r.c.calls); i++ {
		call := r.c.calls[i].call
		tool := r.agent.tools.find(call.Name)
		if tool == nil || tool.effect != effectReadOnly {
			break
		}
		result := make(chan ToolResult, 1)
		arguments, problem := tool.parse(call.Arguments)
		if problem != "" {
			result <- notRun(call, problem)
			results = append(results, result)
			continue
		}
		if !r.emit(ToolStarted{call}) || ctx.Err() != nil {
			break
		}
		results = append(results, result)
		callContext := r.callContext(ctx, tool.name, r.key(i))
		go func() {
			slots <- struct{}{}
			result <- tool.run(callContext, call, arguments, r.agent.limits.ToolTimeout)
			<-slots
		}()
	}
	var failure error
	for i, ready := range results {
		result := <-ready
		r.finish(first+i, result)
		failure = cmp.Or(failure, fatal(result))
	}
	return failure
}

// finish records how the call at index i ended and tells of it.
func (r *run) finish(i int, result ToolResult) {
	r.addResult(i, result)
	r.emit(ToolFinished{result})
}

func (r *run) addResult(i int, result ToolResult) {
	finished := toolFinished{Call: i, Status: result.Status, Content: result.Content, err: result.Err}
	r.add(EntryToolFinished, finished)
	if result.Err != nil {
		if r.failed == nil {
			r.failed = make(map[string]toolFinished)
		}
		r.failed[r.pending[len(r.pending)-1].ID] = finished
	}
}

// fatal returns the error with which a tool ends the turn, if it does.
func fatal(result ToolResult) error {
	var end *fatalError
	if errors.As(result.Err, &end) {
		return fmt.Errorf("tool %s: %w", result.Call.Name, result.Err)
	}
	return nil
}

// key returns the idempotency key of the call at index i of the newest answer.
func (r *run) key(i int) string {
	return idempotencyKey(r.c.id, r.id, r.c.turn.requests, i)
}

func (r *run) callContext(ctx context.Context, tool, key string) context.Context {
	return WithCall(ctx, Call{
		Tool:           tool,
		Conversation:   r.c.id,
		Turn:           r.id,
		Customer:       r.turn.Customer,
		IdempotencyKey: key,
	})
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
	handoff := *c.handoff
	handoff.Transcript, _ = c.transcript()
	if c.turn != nil && c.turn.handoff == c.handoff {
		handoff.Results = c.turn.results
	}
	return &handoff
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
