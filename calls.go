package frontdesk

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lastWord is how long a write whose context has ended may still say how it
// went. What finishes in that time need not be looked into by a human.
const lastWord = 100 * time.Millisecond

// run calls the tool's handler and says how it went. It returns when the
// handler does, or soon after ctx ends, whichever is first: a handler that
// ignores its context is left behind and its result dropped.
func (t *registeredTool) run(ctx context.Context, call ToolCall, arguments json.RawMessage, notAfter time.Time) ToolResult {
	ctx, cancel := context.WithDeadlineCause(ctx, notAfter, fmt.Errorf("no answer within %v", time.Until(notAfter).Round(time.Millisecond)))
	defer cancel()

	type outcome struct {
		content string
		err     error
	}
	finished := make(chan outcome, 1)
	go func() {
		// A handler that ends its goroutine leaves this in place.
		result := outcome{err: &PanicError{Value: "handler called runtime.Goexit"}}
		defer func() {
			if value := recover(); value != nil {
				result = outcome{err: &PanicError{Value: value, Stack: debug.Stack()}}
			}
			finished <- result
		}()
		content, err := t.handle(ctx, arguments)
		result = outcome{content, err}
	}()

	select {
	case result := <-finished:
		return t.result(ctx, call, result.content, result.err)
	case <-ctx.Done():
	}
	wait := lastWord
	if t.effect == effectReadOnly {
		wait = 0
	}
	select {
	case result := <-finished:
		return t.result(ctx, call, result.content, result.err)
	case <-time.After(wait):
		return t.result(ctx, call, "", context.Cause(ctx))
	}
}

// parallel reports whether calls of the tool may run at the same time as others.
func (t *registeredTool) parallel() bool {
	return t.effect == effectReadOnly && !t.policy.gated() && !t.policy.shared()
}

// repeatable reports whether a call that was started at the given time may be
// made again with the same key.
func (t *registeredTool) repeatable(started time.Time) bool {
	return t.effect == effectReadOnly || t.effect == effectIdempotent && (t.keyLife == 0 || time.Since(started) < t.keyLife)
}

// result tells what content and err, as the handler returned them, amount to.
func (t *registeredTool) result(ctx context.Context, call ToolCall, content string, err error) ToolResult {
	result := ToolResult{Call: call, Status: ToolFailed, Err: err}
	var (
		panicked     *PanicError
		badArguments *argumentsError
		badResult    *resultError
		end          *fatalError
		idle         *notExecutedError
	)
	switch {
	case err == nil || handsOver(err):
		result.Status, result.Content = ToolDone, content
		return result
	case errors.As(err, &badArguments):
		result.Status = ToolNotRun
		result.Content = fmt.Sprintf("Invalid arguments for %s: %v. Fix this and call it again.", t.name, badArguments.err)
		return result
	case errors.As(err, &badResult):
		result.Status = ToolDone
		result.Content = "Done. The result cannot be shown."
		return result
	case errors.As(err, &end):
		result.Content = "Error: the tool ended the turn."
		return result
	case errors.As(err, &panicked):
		err = errors.New("it broke off with an internal error")
	case errors.As(err, &idle):
		result.Content = "Error: " + err.Error()
		return result
	case ctx.Err() != nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, context.Cause(ctx))):
		err = context.Cause(ctx)
	case brokenOff(err):
	default:
		result.Content = "Error: " + err.Error()
		return result
	}
	if t.effect == effectReadOnly {
		result.Content = fmt.Sprintf("Error: %s failed: %v", t.name, err)
		return result
	}
	unknown := unknownResult(call, err.Error())
	unknown.Err = result.Err
	return unknown
}

// brokenOff reports whether an error leaves open what the other side did: the
// answer to a request that was sent did not come.
func brokenOff(err error) bool {
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return false
	}
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func unknownResult(call ToolCall, why string) ToolResult {
	return ToolResult{
		Call:   call,
		Status: ToolUnknown,
		Content: fmt.Sprintf("Error: the outcome of %s is unknown: %s. It may or may not have taken effect. "+
			"Do not call it again for the same thing, and tell the customer that it has to be checked.", call.Name, why),
	}
}

// notRun is the result of a call whose handler is not called.
func notRun(call ToolCall, content string) ToolResult {
	return ToolResult{Call: call, Status: ToolNotRun, Content: content}
}

// suggestions is how many tools are named to a model that called one that does
// not exist.
const suggestions = 5

// unknownTool tells the model which tools there are, the most similar first.
func (r *Registry) unknownTool(call ToolCall) ToolResult {
	if len(r.tools) == 0 {
		return notRun(call, fmt.Sprintf("Error: there is no tool %q, and no other. Answer in words.", call.Name))
	}
	names := make([]string, len(r.tools))
	for i, t := range r.tools {
		names[i] = t.name
	}
	if len(names) <= suggestions {
		return notRun(call, fmt.Sprintf("Error: there is no tool %q. The tools are: %s.", call.Name, strings.Join(names, ", ")))
	}
	wanted := foldName(undecorated(call.Name))
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(similarity(wanted, foldName(b)), similarity(wanted, foldName(a)))
	})
	return notRun(call, fmt.Sprintf("Error: there is no tool %q. Similar ones are: %s.", call.Name, strings.Join(names[:suggestions], ", ")))
}

// similarity is the share of neighbouring character pairs that two names have in
// common (Dice's coefficient).
func similarity(a, b string) float64 {
	pairs := make(map[string]int)
	for i := range len(a) - 1 {
		pairs[a[i:i+2]]++
	}
	common := 0
	for i := range len(b) - 1 {
		if pairs[b[i:i+2]] > 0 {
			pairs[b[i:i+2]]--
			common++
		}
	}
	return 2 * float64(common) / float64(max(len(a)+len(b)-2, 1))
}

// uniqueCalls gives each call an id of its own within the message, since some
// hosts send none and some models repeat them. The first with an id keeps it.
func uniqueCalls(calls []ToolCall) []ToolCall {
	taken := make(map[string]bool, len(calls))
	clash := false
	for _, call := range calls {
		clash = clash || call.ID == "" || taken[call.ID]
		taken[call.ID] = true
	}
	if !clash {
		return calls
	}
	used := make(map[string]bool, len(calls))
	unique := make([]ToolCall, len(calls))
	for i, call := range calls {
		for n := i + 1; call.ID == "" || used[call.ID]; n++ {
			candidate := "call_" + strconv.Itoa(n)
			if !taken[candidate] && !used[candidate] {
				call.ID = candidate
			}
		}
		used[call.ID] = true
		unique[i] = call
	}
	return unique
}

// idempotencyKey derives a call's key from where the call stands in the log,
// never from what the model sent: models repeat call ids. It tells nothing to
// those who see it.
func idempotencyKey(id ConversationID, turn string, answer, call int) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		id.Tenant, id.ID, turn, strconv.Itoa(answer), strconv.Itoa(call),
	}, "\x00")))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20]))
}

// call runs the next of the tools that the model called: one that writes, or
// all the read-only ones up to the next that does not.
func (r *run) call(ctx context.Context) error {
	// The answer cost a request: it is kept before anything can go wrong. What
	// came in the meantime may change what is to be done.
	if len(r.pending) > 0 {
		return r.write(detached(ctx))
	}
	i := r.c.pendingCall()
	open := r.c.calls[i]
	call := open.call
	tool := r.agent.tools.find(call.Name)
	if r.agent.config.Escalator != nil && tool != nil && tool.name == EscalationTool {
		return r.callEscalation(ctx, i)
	}
	p := performance{call: call, index: i, tool: tool, key: r.key(i), effect: open.effect, approval: open.approval}
	switch {
	case open.effect != nil:
		return r.takeUp(ctx, p)
	case tool == nil:
		r.finish(i, r.agent.tools.unknownTool(call))
		return nil
	case tool.parallel():
		return r.callReadOnly(ctx, i)
	case open.approval != nil:
		return r.callDecided(ctx, p)
	}
	arguments, problem := tool.parse(call.Arguments)
	if problem != "" {
		r.finish(i, notRun(call, problem))
		return nil
	}
	p.arguments = arguments
	if result, refused := tool.refuse(r.callContext(ctx, tool.name, "", time.Time{}), call, arguments, r.notAfter(tool)); refused {
		r.finish(i, result)
		return nil
	}
	if result, refused := r.guardCall(ctx, call, arguments); refused {
		r.finish(i, result)
		return nil
	}
	question, err := r.question(tool, arguments, nil)
	switch {
	case err != nil:
		r.finish(i, unchecked(call, tool))
		return nil
	case tool.effect != effectReadOnly && slices.ContainsFunc(r.c.calls[:i], (*openCall).undecided):
		r.finish(i, notRun(call, "Error: not run: a call before it waits for somebody's answer. Call it again after that, if it is still right."))
		return nil
	case question.kind != "":
		r.askApproval(i, tool, arguments, question)
		return r.write(detached(ctx))
	}
	return r.perform(ctx, p)
}

// performance is one call of a tool that may have an effect.
type performance struct {
	call      ToolCall
	index     int // among the calls of the answer, unless detached
	tool      *registeredTool
	arguments json.RawMessage
	key       string
	effect    *effectState   // if it was started before
	approval  *approvalState // if somebody was asked
	detached  bool           // the transcript went on without the call
}

// callDecided runs a call that somebody has decided on, or says that it may not
// run. What the customer has confirmed may want a colleague's approval too.
func (r *run) callDecided(ctx context.Context, p performance) error {
	if result, ok := r.permitted(ctx, &p); !ok {
		r.finish(p.index, result)
		return nil
	}
	question, err := r.question(p.tool, p.arguments, p.approval)
	switch {
	case err != nil:
		r.finish(p.index, unchecked(p.call, p.tool))
		return nil
	case question.kind != "":
		r.askApproval(p.index, p.tool, p.arguments, question)
		return r.write(detached(ctx))
	}
	return r.perform(ctx, p)
}

// act runs a call that was approved after the transcript had gone on without it.
func (r *run) act(ctx context.Context) error {
	if len(r.pending) > 0 {
		return r.write(detached(ctx))
	}
	s := r.c.approved()
	p := performance{
		call:     ToolCall{Name: s.Tool, Arguments: string(s.arguments())},
		tool:     r.agent.tools.find(s.Tool),
		key:      s.ID,
		effect:   s.effect,
		approval: s,
		detached: true,
	}
	if p.effect != nil {
		return r.takeUp(ctx, p)
	}
	if result, ok := r.permitted(ctx, &p); !ok {
		r.conclude(&p, result, false)
		return nil
	}
	return r.perform(ctx, p)
}

// permitted looks once more whether a call may run: it was approved, with these
// arguments under the present policy, and the customer may make it.
func (r *run) permitted(ctx context.Context, p *performance) (refused ToolResult, ok bool) {
	s := p.approval
	fail := func(content string) (ToolResult, bool) { return notRun(p.call, content), false }
	if !s.approved() {
		return fail(s.preface())
	}
	if p.tool == nil {
		return fail("Error: not run: there is no such tool any more.")
	}
	if s.Digest != r.agent.digest(s.Tool, s.Arguments) {
		return fail("Error: not run: the policy has changed since it was approved. Call it again if it is still right.")
	}
	arguments, problem := p.tool.parse(string(s.arguments()))
	if problem != "" {
		return fail(problem)
	}
	p.arguments = arguments
	refused, no := p.tool.refuse(r.callContext(ctx, p.tool.name, "", time.Time{}), p.call, arguments, r.notAfter(p.tool))
	return refused, !no
}

// unchecked is the result of a call whose rules failed.
func unchecked(call ToolCall, tool *registeredTool) ToolResult {
	return notRun(call, fmt.Sprintf("Error: not run: the rules of %s could not be checked.", tool.name))
}

// perform records the intent to run a tool, runs it, and records what came of
// it.
func (r *run) perform(ctx context.Context, p performance) error {
	if !r.emit(ToolStarted{p.call}) || ctx.Err() != nil {
		return nil
	}
	again := p.effect != nil
	intent := toolStarted{Call: p.index, IdempotencyKey: p.key, NotAfter: r.notAfter(p.tool)}
	if again {
		intent.NotAfter = r.notAfterKey(p.tool, p.effect.Started)
	}
	if p.detached {
		intent.Call, intent.Approval = 0, p.approval.ID
	}
	if p.approval != nil && p.approval.decision.Arguments != nil {
		intent.Arguments = p.arguments
	}
	var changes *Changes
	if p.effect == nil {
		var err error
		if changes, err = p.tool.policy.claim(p.tool.name, r.c.id, r.c.customer, p.arguments); err != nil {
			r.conclude(&p, unchecked(p.call, p.tool), false)
			return nil
		}
		intent.record(changes)
	}
	r.add(EntryToolStarted, intent)
	if changes != nil {
		r.changes(changes)
	}
	if err := r.write(detached(ctx)); err != nil {
		if content, refused := refusal(p.tool.name, err); refused {
			r.conclude(&p, notRun(p.call, content), false)
			return nil
		}
		if !again && !p.detached && r.c.call(p.index) != nil {
			r.record(&p, notRun(p.call, "Error: not run: it could not be recorded."), false)
		}
		return err
	}
	if r.c.effect(p.key) == nil {
		return nil // somebody has found out what came of it
	}
	if !p.detached && r.c.turn.overtaken > r.epoch {
		// A human came right behind the intent, whose append was not answered.
		if !again {
			r.add(EntryEffectResolved, effectResolved{IdempotencyKey: p.key})
			r.changes(giveBack(changes, time.Now()))
			if err := r.write(detached(ctx)); err != nil {
				return err
			}
		}
		return errTakenOver
	}
	result := notRun(p.call, "Error: not run: the turn was stopped.")
	if ctx.Err() == nil && time.Now().Before(intent.NotAfter) && (r.lease == nil || r.lease.held()) {
		result = p.tool.run(r.callContext(ctx, p.tool.name, p.key, intent.NotAfter), p.call, p.arguments, intent.NotAfter)
	}
	if again && result.Status != ToolDone && p.tool.effect != effectReadOnly {
		// This attempt came to nothing. Of the one before nobody knows.
		result = unknownResult(p.call, "the work on it was interrupted, and trying again failed")
	}
	if result.Status == ToolUnknown {
		result = r.reconcile(detached(ctx), &p, intent.NotAfter, result)
	}
	if p.approval != nil && result.Status != ToolNotRun && !p.detached {
		result.Content = p.approval.preface() + result.Content
	}
	r.record(&p, result, false)
	if err := r.write(detached(ctx)); err != nil {
		return err
	}
	r.emit(ToolFinished{result})
	return fatal(result)
}

// notAfter is when a call of the tool that begins now must be over. An earlier
// deadline of the caller's stops it before.
func (r *run) notAfter(t *registeredTool) time.Time {
	timeout := r.agent.limits.ToolTimeout
	if t.timeout > 0 {
		timeout = t.timeout
	}
	return time.Now().Add(timeout)
}

// notAfterKey is the same for a call that is made again with its key, which may be
// forgotten before: then the key would protect from nothing.
func (r *run) notAfterKey(t *registeredTool, started time.Time) time.Time {
	notAfter := r.notAfter(t)
	if end := started.Add(t.keyLife); t.effect == effectIdempotent && t.keyLife > 0 && end.Before(notAfter) {
		return end
	}
	return notAfter
}

// takeUp goes on with a call that was started by a process that died since.
func (r *run) takeUp(ctx context.Context, p performance) error {
	effect, tool := p.effect, p.tool
	if tool != nil {
		if arguments, problem := tool.parse(string(effect.Arguments)); problem == "" {
			p.arguments = arguments
		}
	}
	p.key = effect.IdempotencyKey
	if tool != nil && p.arguments != nil && tool.repeatable(effect.Started) {
		return r.perform(ctx, p)
	}
	unknown := unknownResult(p.call, "the work on it was interrupted")
	result := r.reconcile(ctx, &p, effect.NotAfter, unknown)
	if ctx.Err() != nil {
		return nil // the loop ends the turn
	}
	r.record(&p, result, result.Status == ToolUnknown)
	if err := r.write(detached(ctx)); err != nil {
		return err
	}
	r.emit(ToolFinished{result})
	return nil
}

// reconcile asks the tool what came of a call whose outcome is unknown, as soon
// as it cannot take effect any more: to ask before would be to guess.
func (r *run) reconcile(ctx context.Context, p *performance, notAfter time.Time, unknown ToolResult) ToolResult {
	if p.tool == nil || p.tool.policy.reconcile == nil || p.arguments == nil {
		return unknown
	}
	if err := sleep(ctx, time.Until(notAfter)); err != nil {
		return unknown
	}
	asked := &registeredTool{toolSpec: p.tool.toolSpec}
	done := false
	asked.handle = func(ctx context.Context, arguments json.RawMessage) (content string, err error) {
		content, done, err = p.tool.policy.reconcile(ctx, arguments)
		return content, err
	}
	answer := asked.run(r.callContext(ctx, p.tool.name, p.key, notAfter), p.call, p.arguments, r.notAfter(p.tool))
	switch {
	case answer.Status != ToolDone:
		return unknown
	case done:
		return answer
	default:
		return ToolResult{Call: p.call, Status: ToolFailed, Content: fmt.Sprintf("Error: %s broke off and did not take effect. It may be called again.", p.tool.name), Err: unknown.Err}
	}
}

// conclude records how a call ended that is not to be written at once, and tells
// of it.
func (r *run) conclude(p *performance, result ToolResult, interrupted bool) {
	r.record(p, result, interrupted)
	r.emit(ToolFinished{result})
}

// record adds what came of a call, and gives back what it claimed for nothing.
func (r *run) record(p *performance, result ToolResult, interrupted bool) {
	effect := p.effect
	if p.detached {
		if s := r.c.approval(p.approval.ID); s != nil {
			effect = s.effect
		}
	} else if call := r.c.call(p.index); call != nil {
		effect = call.effect
	}
	finished := toolFinished{Call: p.index, Status: result.Status, Content: result.Content, Interrupted: interrupted, HandOver: handOverWords(result.Err), err: result.Err, effect: effect}
	finished.Origin, finished.Signals = r.originOf(p.tool, &result)
	if p.detached {
		finished.Call, finished.Approval = 0, p.approval.ID
	}
	r.addFinished(finished)
	if effect != nil && (result.Status == ToolFailed || result.Status == ToolNotRun) {
		if back := giveBack(effect.changes, effect.Started); back != nil {
			r.changes(back)
		}
	}
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
		if tool == nil || !tool.parallel() {
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
		callContext := r.callContext(ctx, tool.name, r.key(i), time.Time{})
		go func() {
			slots <- struct{}{}
			answer, refused := r.guardCall(ctx, call, arguments)
			if !refused {
				answer, refused = tool.refuse(callContext, call, arguments, r.notAfter(tool))
			}
			if !refused {
				answer = tool.run(callContext, call, arguments, r.notAfter(tool))
			}
			result <- answer
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
	finished := toolFinished{Call: i}
	if tool := r.agent.tools.find(result.Call.Name); r.agent.config.Search && tool != nil && tool.name == SearchTool {
		finished.Passages = r.c.showFound(&result)
	}
	if finished.Passages == nil {
		finished.Origin, finished.Signals = r.originOf(r.agent.tools.find(result.Call.Name), &result)
	} else {
		finished.Signals = r.passageSignals(finished.Passages)
	}
	finished.Status, finished.Content, finished.err = result.Status, result.Content, result.Err
	finished.HandOver = handOverWords(result.Err)
	r.addFinished(finished)
	r.emit(ToolFinished{result})
}

func (r *run) addResult(i int, result ToolResult) {
	r.addFinished(toolFinished{Call: i, Status: result.Status, Content: result.Content, err: result.Err})
}

func (r *run) addFinished(finished toolFinished) {
	r.add(EntryToolFinished, finished)
	if finished.err != nil {
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

func (r *run) callContext(ctx context.Context, tool, key string, notAfter time.Time) context.Context {
	return WithCall(ctx, Call{
		Tool:           tool,
		Conversation:   r.c.id,
		Turn:           r.id,
		Customer:       r.c.customer,
		IdempotencyKey: key,
		NotAfter:       notAfter,
		filter:         r.c.filter,
	})
}
