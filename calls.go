package frontdesk

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

// run calls the tool's handler and says how it went. It returns when the
// handler does, or soon after ctx ends, whichever is first: a handler that
// ignores its context is left behind and its result dropped.
func (t *registeredTool) run(ctx context.Context, call ToolCall, arguments json.RawMessage, timeout time.Duration) ToolResult {
	if t.timeout > 0 {
		timeout = t.timeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %v", timeout))
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
	// The handler may have finished at the same moment.
	select {
	case result := <-finished:
		return t.result(ctx, call, result.content, result.err)
	default:
		return t.result(ctx, call, "", context.Cause(ctx))
	}
}

// result tells what content and err, as the handler returned them, amount to.
func (t *registeredTool) result(ctx context.Context, call ToolCall, content string, err error) ToolResult {
	result := ToolResult{Call: call, Status: ToolFailed, Err: err}
	var (
		panicked     *PanicError
		badArguments *argumentsError
		badResult    *resultError
		end          *fatalError
	)
	switch {
	case err == nil:
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
	case ctx.Err() != nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, context.Cause(ctx))):
		err = context.Cause(ctx)
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
