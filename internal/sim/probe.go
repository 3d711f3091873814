package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// checkEnd checks that every conversation came to its end.
func (w *world) checkEnd() {
	for _, c := range w.order {
		w.checkRest(c)
		w.checkPayments(c)
		if w.failure == nil {
			w.probe(c)
		}
	}
}

// checkRest checks that nothing is left to be done by an agent.
func (w *world) checkRest(c *chat) {
	if c.turn == nil {
		return
	}
	switch c.turn.outcome {
	case frontdesk.Answered, frontdesk.Escalated, frontdesk.AwaitingCustomer, frontdesk.AwaitingApproval:
	default:
		if !c.turn.owned || c.turn.outcome == "" {
			w.violate(NothingStuck, "%s: the newest turn has the outcome %q", c.id, c.turn.outcome)
		}
	}
	if c.open {
		w.violate(NothingStuck, "%s: there is a lease and no turn", c.id)
	}
	if c.human && !c.desk && !c.ticket {
		w.violate(NothingStuck, "%s: nobody was told of the handoff", c.id)
	}
	if c.human && !c.claimed && w.deadline > 0 && c.raised < mostRaised {
		w.violate(Raised, "%s: nobody has claimed the handoff, and it was raised %d times", c.id, c.raised)
	}
	if unknown := c.unknown(); len(unknown) > 0 && !c.silent() {
		in := c.intents[unknown[0]]
		w.violate(NothingStuck, "%s: nobody knows what came of %s %v (%s), and no human looks", c.id, in.kind.name, in.order, in.status)
	}
	for _, a := range c.questions {
		if a.Kind == frontdesk.ColleagueApproves && a.approved && len(a.intents) == 0 && !w.refusedLater(a) {
			w.violate(NothingStuck, "%s: %s %v was approved and not run", c.id, a.Tool, a.order)
		}
	}
}

// refusedLater reports whether a call may not have run though it was approved:
// its key or its sum was taken meanwhile.
func (w *world) refusedLater(a *approval) bool {
	k := kindOf(a.Tool)
	return k.once || k.limit
}

// checkPayments checks that the log knows what was done.
func (w *world) checkPayments(c *chat) {
	for i := range w.service.payments {
		p := &w.service.payments[i]
		if p.chat != c {
			continue
		}
		in := c.intents[p.key]
		switch {
		case in == nil:
			w.violate(OncePerIntent, "%s: %s %v took effect without an intent", c.id, p.kind.name, p.order)
		case (in.status == frontdesk.ToolFailed || in.status == frontdesk.ToolNotRun) && !in.resolved:
			w.violate(TrueResults, "%s: %s %v is %s by the log, and was done", c.id, p.kind.name, p.order, in.status)
		}
	}
}

// probe folds every beginning of the log anew and looks at what a model would be
// sent, and at what a human is told.
func (w *world) probe(c *chat) {
	log, err := w.store.Load(context.Background(), c.id, 0)
	if err != nil || int64(len(log)) != c.length {
		w.violate(NothingLost, "%s: the log has %d entries, %d were appended: %v", c.id, len(log), c.length, err)
		return
	}
	for n := 1; n <= len(log); n++ {
		if n < len(log) && !w.chance(0.15) {
			continue
		}
		w.report.Probes++
		messages, packet, err := w.fold(c, log[:n])
		if err != nil {
			w.violate(ValidRequests, "%s: the first %d entries: %v", c.id, n, err)
			return
		}
		if n < len(log) {
			continue
		}
		said := ""
		for _, m := range messages {
			if m.Role == frontdesk.RoleUser {
				said += m.Text + "\n"
			}
		}
		for _, text := range c.texts {
			if !strings.Contains(said, text) {
				w.violate(NothingLost, "%s: the model is not told what the customer said: %q", c.id, text)
			}
		}
		if packet == nil {
			continue
		}
		var named []string
		for _, effect := range packet.Effects {
			named = append(named, effect.IdempotencyKey)
		}
		if unknown := c.unknown(); !slices.Equal(named, unknown) {
			w.violate(NothingStuck, "%s: a human is told of the effects %v, unknown are %v", c.id, named, unknown)
		}
	}
}

// probes are tools that do nothing.
var probes = sync.OnceValues(func() (*frontdesk.Registry, error) {
	registry := new(frontdesk.Registry)
	for _, k := range kinds {
		t := frontdesk.NewTool(k.name, k.name, func(context.Context, order) (string, error) { return "probed", nil }).WithoutAuthorize("order")
		if k.readOnly {
			t.ReadOnly()
		} else if k.keys {
			t.Idempotent(k.keyLife)
		}
		if err := registry.Add(t); err != nil {
			return nil, err
		}
	}
	return registry, nil
})

// fold returns what a model is sent that is asked behind the given entries, and
// the handoff if a human owns the conversation then.
func (w *world) fold(c *chat, log []frontdesk.Entry) (messages []frontdesk.Message, packet *frontdesk.Handoff, err error) {
	left := new(frontdesk.InMemory)
	if err := left.Append(context.Background(), c.id, 0, log...); err != nil {
		return nil, nil, err
	}
	tools, err := probes()
	if err != nil {
		return nil, nil, err
	}
	agent, err := frontdesk.New(frontdesk.Config{
		Provider: frontdesk.ProviderFunc(func(_ context.Context, request *frontdesk.Request, _ func(frontdesk.Delta)) (*frontdesk.Response, error) {
			messages = slices.Clone(request.Messages)
			return &frontdesk.Response{Message: frontdesk.Message{Text: "Probed."}}, checkRequest(request)
		}),
		Memory:    left,
		Registry:  tools,
		Limits:    frontdesk.Limits{Requests: 100, RepeatedCalls: 100},
		Escalator: frontdesk.EscalatorFunc(func(context.Context, frontdesk.Handoff) (string, error) { return "T", nil }),
	})
	if err != nil {
		return nil, nil, err
	}
	turn := frontdesk.Turn{Conversation: c.id.ID, Customer: c.customer, Text: "Probe?"}
	for range 4 {
		reply, err := agent.Reply(context.Background(), turn)
		if err != nil {
			return nil, nil, fmt.Errorf("a reply: %w", err)
		}
		if reply.Outcome == frontdesk.Answered {
			return messages, packet, nil
		}
		if reply.Outcome != frontdesk.Escalated {
			return nil, nil, fmt.Errorf("the outcome is %s", reply.Outcome)
		}
		if packet == nil {
			packet = reply.Handoff
		}
		err = agent.HandBack(context.Background(), c.id, "Bea", "Go on.")
		if errors.Is(err, frontdesk.ErrUnknownOutcome) {
			err = resolveAll(agent, c.id)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, fmt.Errorf("no reply after several handoffs, at %v", time.Now())
}

// resolveAll has a human find out what nobody knows, and hand the conversation back.
func resolveAll(agent *frontdesk.Agent, id frontdesk.ConversationID) error {
	effects, err := agent.Effects(context.Background(), id)
	if err != nil {
		return err
	}
	for _, effect := range effects {
		if err := agent.Resolve(context.Background(), id, frontdesk.Resolution{IdempotencyKey: effect.IdempotencyKey, By: "Bea"}); err != nil {
			return err
		}
	}
	return agent.HandBack(context.Background(), id, "Bea", "Go on.")
}
