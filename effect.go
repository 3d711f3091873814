package frontdesk

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Effect is what a tool call may have done to the world without anybody knowing:
// it was started and its outcome is unknown.
type Effect struct {
	Tool string `json:"tool"`

	// Arguments are those it was called with.
	Arguments json.RawMessage `json:"arguments"`

	// IdempotencyKey is the one the tool was given. It names the effect in
	// [Agent.Resolve].
	IdempotencyKey string `json:"idempotency_key,omitempty"`

	// Started is when the call began. It may still take effect until
	// NotAfter.
	Started  time.Time `json:"started"`
	NotAfter time.Time `json:"not_after,omitzero"`

	// By names the colleague who did it with tools of their own, empty if it
	// was a call of the agent's.
	By string `json:"by,omitempty"`
}

// effectState is a call of a tool with an effect, from its intent on until it is
// known what came of it.
type effectState struct {
	Effect
	changes *Changes // to be given back if it comes to nothing
	unknown bool     // its result says so
	over    bool     // whoever ran it has come to an end
	named   bool     // a handoff told of it
	step    int      // of the conversation, from 1 on
}

// startTool takes in the intent to run a tool.
func (c *conversation) startTool(at time.Time, body toolStarted) {
	call, approval := c.call(body.Call), c.approval(body.Approval)
	if c.turn != nil && body.Approval == "" {
		c.turn.keepSaid()
	}
	var effect *effectState
	switch {
	case body.Approval != "" && approval == nil, body.Approval == "" && call == nil:
		return
	case body.Approval != "" && approval.effect != nil:
		effect = approval.effect
	case body.Approval == "" && call.effect != nil:
		effect = call.effect
	}
	if effect != nil { // it is tried again, with the same key
		effect.NotAfter, effect.over = body.NotAfter, false
		return
	}
	effect = &effectState{Effect: Effect{IdempotencyKey: body.IdempotencyKey, Started: at, NotAfter: body.NotAfter}}
	if body.Claims != nil || body.Counts != nil {
		effect.changes = &Changes{Claims: body.Claims}
		for _, count := range body.Counts {
			account := Account{Name: count.Account, Limit: count.Limit, Period: count.Period}
			effect.changes.Counts = append(effect.changes.Counts, Count{Account: account, Amount: count.Amount})
		}
	}
	if body.Approval != "" {
		effect.Tool, effect.Arguments = approval.Tool, approval.arguments()
		approval.effect = effect
	} else {
		effect.Tool, effect.Arguments = call.call.Name, json.RawMessage(call.call.Arguments)
		call.effect = effect
		if call.approval != nil {
			call.approval.effect = effect
		}
	}
	if body.Arguments != nil {
		effect.Arguments = body.Arguments
	}
	c.unresolved = append(c.unresolved, effect)
}

// finishTool takes in what came of a call.
func (c *conversation) finishTool(body toolFinished) {
	if body.Interrupted && c.turn != nil {
		c.turn.interrupted = true
	}
	if body.Approval != "" {
		if s := c.approval(body.Approval); s != nil && !s.done {
			s.done = true
			c.sources.add(body.Origin, resultPrefix+s.Tool, body.Content, string(s.arguments()))
			c.sources.suspects(body.Signals)
			c.finishEffect(s.effect, body.Status)
			s.effect.ran(body)
			c.forget(s)
			result := ToolResult{Call: ToolCall{Name: s.Tool, Arguments: string(s.arguments())}, Status: body.Status, Content: body.Content, Err: body.err}
			if c.turn != nil && c.turn.outcome == "" {
				c.turn.results = append(c.turn.results, result)
				c.turn.wants(s.Tool, body)
			}
			c.restep(s.step, body.Status)
			c.ask(Message{Role: RoleUser, Text: s.note(body.Content)})
			c.retrieved = true
		}
		return
	}
	call := c.call(body.Call)
	if call == nil || call.result != nil {
		return
	}
	for _, passage := range body.Passages {
		c.number(passage)
	}
	call.result = &ToolResult{Call: call.call, Status: body.Status, Content: body.Content, Err: body.err, origin: body.Origin}
	c.sources.add(body.Origin, resultPrefix+call.call.Name, body.Content, call.call.Arguments)
	c.sources.suspects(body.Signals)
	if c.turn != nil {
		c.turn.wants(call.call.Name, body)
		c.turn.keepSaid()
	}
	c.finishEffect(call.effect, body.Status)
	call.effect.ran(body)
	if s := call.approval; s != nil {
		s.done, s.call = true, nil
		c.forget(s)
	}
	c.settleCalls()
}

func (c *conversation) finishEffect(effect *effectState, status ToolStatus) {
	if effect == nil {
		return
	}
	if status == ToolUnknown {
		effect.unknown, effect.named = true, false
		return
	}
	c.unresolved = slices.DeleteFunc(c.unresolved, func(e *effectState) bool { return e == effect })
	if status == ToolDone {
		c.did(effect.Effect)
	}
}

// ran takes in whether the call that has ended runs no more.
func (e *effectState) ran(body toolFinished) {
	if e != nil {
		e.over = !body.Interrupted
	}
}

// forget drops an approval that was acted on.
func (c *conversation) forget(s *approvalState) {
	c.approvals = slices.DeleteFunc(c.approvals, func(other *approvalState) bool { return other == s })
}

// decide takes in the answer to an approval.
func (c *conversation) decide(body approvalDecided) {
	s := c.approval(body.Approval)
	if s == nil || s.decision != nil {
		return
	}
	s.decision = &body
	c.sources.add(fromColleague, "", body.Words+" "+string(body.Arguments), "")
	if c.turn != nil {
		c.turn.begun = true
		if !body.Approved && s.Kind == ColleagueApproves {
			c.turn.denied = denial(s)
		}
	}
	if s.call == nil && !body.Approved {
		c.restep(s.step, ToolNotRun)
		c.forget(s)
		c.ask(Message{Role: RoleUser, Text: s.note("")})
		c.retrieved = true
	}
}

// late reports whether an entry is about a call of which it is known already what came,
// by what somebody else recorded.
func (c *conversation) late(body any) bool {
	settled := func(index int, approval string) bool {
		if approval != "" {
			return c.approval(approval) == nil
		}
		call := c.call(index)
		return call == nil || call.result != nil
	}
	switch body := body.(type) {
	case toolStarted:
		return settled(body.Call, body.Approval)
	case toolFinished:
		return settled(body.Call, body.Approval)
	case effectResolved:
		return c.effect(body.IdempotencyKey) == nil
	default:
		return false
	}
}

// effect returns the call with the key of which nobody knows what came, or nil.
func (c *conversation) effect(key string) *effectState {
	for _, effect := range c.unresolved {
		if effect.IdempotencyKey == key {
			return effect
		}
	}
	return nil
}

// resolve takes in what was found out about a call whose outcome was unknown. If the
// turn waits for it, it is the call's result.
func (c *conversation) resolve(body effectResolved) {
	effect := c.effect(body.IdempotencyKey)
	if effect == nil {
		return
	}
	status, found := ToolFailed, "it did not take effect, and will not"
	if body.Happened {
		status, found = ToolDone, "it took effect"
	}
	note := ""
	if body.Note != "" {
		note = "\nA colleague adds: " + quoteData(body.Note)
	}
	finished := toolFinished{Status: status, Content: cmp.Or(body.Content, "It is known now what came of it: "+found+".") + note, Origin: fromColleague}
	for _, s := range c.approvals {
		if s.effect == effect && s.call == nil {
			finished.Approval = s.ID
			c.finishTool(finished)
			return
		}
	}
	for i, call := range c.calls {
		if call.effect == effect && call.result == nil {
			finished.Call = i
			c.finishTool(finished)
			return
		}
	}
	c.finishEffect(effect, status)
	c.restep(effect.step, status)
	text := fmt.Sprintf("<note>\nIt is known now what came of %s %s: %s.", effect.Tool, quoteData(string(effect.Arguments)), found)
	if body.Content != "" {
		text += "\nThe result: " + quoteData(body.Content)
	}
	c.tell(text + note + "\n</note>\n\n")
}

// effects are the calls of which nobody knows what came.
func (c *conversation) effects() []Effect {
	var effects []Effect
	for _, effect := range c.unresolved {
		effects = append(effects, effect.Effect)
	}
	return effects
}
