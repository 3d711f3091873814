package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// message is one of a customer, which their channel delivers until a process
// says that it has it.
type message struct {
	id      string
	chat    *chat
	text    string
	confirm string
	flying  int
	acked   bool
	refused bool // it confirms what is not open any more
	tries   int
}

// apiCall is a call of the library's API by the application.
type apiCall struct {
	number  int
	what    string
	process *process
	chat    *chat
	message *message
	end     context.CancelFunc

	requests map[frontdesk.ConversationID]int

	reply     *frontdesk.Reply
	err       error
	shown     string
	settled   string // of it, before the newest tool
	streamed  bool
	recovered []frontdesk.Recovered
	decided   *approval
}

type callKey struct{}

func callOf(ctx context.Context) *apiCall {
	call, _ := ctx.Value(callKey{}).(*apiCall)
	return call
}

// call runs an API call in a goroutine of its own.
func (w *world) call(p *process, c *chat, what string, do func(ctx context.Context, call *apiCall)) *apiCall {
	w.serve++
	call := &apiCall{
		number: w.serve, what: what, process: p, chat: c,
		requests: make(map[frontdesk.ConversationID]int),
	}
	ctx, cancel := context.WithCancel(context.WithValue(p.ctx, callKey{}, call))
	call.end = cancel
	w.calls = append(w.calls, call)
	name := ""
	if c != nil {
		name = c.id.ID + " "
	}
	w.note("%s %s: call %d: %s", p.name, name, call.number, what)
	go func() {
		do(ctx, call)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.finished = append(w.finished, call)
	}()
	w.settle()
	return call
}

// deliver gives a message to a process.
func (w *world) deliver(p *process, m *message) {
	m.flying++
	m.tries++
	turn := frontdesk.Turn{Conversation: m.chat.id.ID, Customer: m.chat.customer, Text: m.text, Confirm: m.confirm, MessageID: m.id}
	stream, leave := w.chance(0.5), -1
	if w.fault() {
		leave = w.rng.IntN(8)
	}
	w.call(p, m.chat, fmt.Sprintf("message %s %q", m.id, m.text+m.confirm), func(ctx context.Context, call *apiCall) {
		call.message = m
		if !stream {
			call.reply, call.err = p.agent.Reply(ctx, turn)
			return
		}
		call.streamed = true
		for event, err := range p.agent.Stream(ctx, turn) {
			if leave--; leave == 0 {
				call.err = errors.New("sim: the caller left")
				return
			}
			call.err = err
			switch event := event.(type) {
			case frontdesk.TextDelta:
				m.chat.sees(event.Text)
				call.shown += event.Text
			case frontdesk.ToolStarted:
				call.settled = call.shown
			case frontdesk.Reset:
				call.shown = call.settled
			case frontdesk.Done:
				call.reply = event.Reply
			}
		}
	})
}

// returned takes in what came of a call.
func (w *world) returned(call *apiCall) {
	if call.err != nil {
		w.note("call %d: %s: %v", call.number, call.what, call.err)
	} else if call.reply != nil {
		w.note("call %d: %s %q", call.number, call.reply.Outcome, call.reply.Text)
	}
	if m := call.message; m != nil {
		m.flying--
		switch {
		case call.process.dead:
			return // nobody heard of it
		case call.err == nil:
			m.acked = true
			if m.chat.received[m.id] != 1 {
				w.violate(NothingLost, "%s: message %s is acknowledged and not in the log", m.chat.id, m.id)
			}
		case errors.Is(call.err, frontdesk.ErrApprovalClosed):
			m.refused = m.chat.received[m.id] == 0
		}
	}
	if call.process.dead {
		return
	}
	if call.what == "recover" {
		call.process.recovering = false
		for _, r := range call.recovered {
			w.report.Recovered++
			c := w.chats[r.Conversation]
			if r.Err != nil {
				w.note("%s: recovered: %v", c.id, r.Err)
			} else {
				w.checkReply(c, r.Reply, nil)
			}
		}
	}
	if call.decided != nil && call.err != nil && !errors.Is(call.err, frontdesk.ErrApprovalClosed) {
		call.chat.resume = true
	}
	if call.what == "resume" {
		call.chat.resume = call.err != nil
		if call.err != nil && w.calm {
			w.sleep(lease)
		}
	}
	if call.reply != nil && call.err == nil {
		w.checkReply(call.chat, call.reply, call)
	}
}

// checkReply checks that a reply is what the log says.
func (w *world) checkReply(c *chat, reply *frontdesk.Reply, call *apiCall) {
	if reply.Outcome == frontdesk.Joined {
		return
	}
	if reply.Turn == "" {
		if reply.Outcome != frontdesk.Escalated || reply.Text != "" {
			w.violate(RepliesMatch, "%s: a reply of no turn: %s %q", c.id, reply.Outcome, reply.Text)
		}
		return
	}
	t := c.turns[reply.Turn]
	if t == nil {
		w.violate(RepliesMatch, "%s: a reply of turn %s, which is not in the log", c.id, reply.Turn)
		return
	}
	told := end{reply.Outcome, reply.Text}
	if told == (end{frontdesk.Escalated, ""}) && c.silent() {
		return // it is too late for what was said
	}
	if t.lost && reply.Text != "" && !slices.Contains(t.ends[:t.before], told) {
		w.violate(HumanOwns, "%s: the reply is %q although a human took the conversation while its turn ran", c.id, reply.Text)
	}
	if !slices.Contains(t.ends, told) {
		w.violate(RepliesMatch, "%s: the reply is %v, the log says %v", c.id, told, t.ends)
	}
	if call != nil && call.streamed && call.shown != "" && !shows(call.shown, reply.Text) {
		w.violate(RepliesMatch, "%s: the customer has seen %q, the reply is %q", c.id, call.shown, reply.Text)
	}
}

// shows reports whether the customer has seen all of a reply, the last part of it at
// last. Words beside tool calls may stand between its parts.
func shows(shown, text string) bool {
	parts := strings.Split(strings.TrimSpace(text), "\n\n")
	rest := shown
	for _, part := range parts {
		_, after, ok := strings.Cut(rest, part)
		if !ok {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(strings.TrimSpace(shown), parts[len(parts)-1])
}

// write has a customer write the next message.
func (w *world) write(c *chat) {
	m := &message{chat: c, id: fmt.Sprintf("m-%s-%d", c.id.ID, len(c.messages)+1)}
	m.text = "This is message " + m.id + "."
	var question *approval
	for _, a := range c.questions {
		if a.Kind == frontdesk.CustomerConfirms && !a.decided {
			question = a
		}
	}
	if question != nil && w.chance(0.7) {
		m.text = "yes"
		if w.chance(0.4) {
			m.text, m.confirm = "", question.ID
		}
	}
	c.messages = append(c.messages, m)
	w.report.Messages++
}

// decide has a colleague decide on an approval.
func (w *world) decide(p *process, a *approval, c *chat) {
	decision := frontdesk.Decision{Approval: a.ID, Approved: w.chance(0.75), By: "Bea", Words: "As you wish."}
	if decision.Approved && w.chance(0.2) {
		changed := a.order
		changed.Amount -= 5
		decision.Arguments = []byte(changed.json())
	}
	w.call(p, c, fmt.Sprintf("decide %s: %v %s", a.ID[:6], decision.Approved, decision.Arguments), func(ctx context.Context, call *apiCall) {
		call.decided = a
		call.reply, call.err = p.agent.Decide(ctx, c.id, decision)
	})
}

// openApprovals are those that a colleague can decide.
func (c *chat) openApprovals() []*approval {
	var open []*approval
	for _, a := range c.questions {
		if a.Kind == frontdesk.ColleagueApproves && !a.decided && time.Now().Before(a.Expires) && !c.world.deciding(a) {
			open = append(open, a)
		}
	}
	return open
}

func (w *world) deciding(a *approval) bool {
	return slices.ContainsFunc(w.calls, func(call *apiCall) bool { return call.decided == a })
}

// attend has the human who owns a conversation do something for it.
func (w *world) attend(p *process, c *chat) {
	for _, key := range c.unknown() {
		in := c.intents[key]
		if w.onTheWire(c, in) {
			continue
		}
		resolution := frontdesk.Resolution{IdempotencyKey: key, Happened: w.service.has(key) != nil, By: "Bea", Note: "I looked."}
		w.call(p, c, fmt.Sprintf("resolve %s %v: %v", in.kind.name, in.order, resolution.Happened), func(ctx context.Context, call *apiCall) {
			call.err = p.agent.Resolve(ctx, c.id, resolution)
		})
		return
	}
	switch settled := len(c.unknown()) == 0; {
	case settled && w.chance(0.4):
		w.call(p, c, "hand back", func(ctx context.Context, call *apiCall) {
			call.err = p.agent.HandBack(ctx, c.id, "Bea", "All is settled.")
		})
		return
	case settled && w.chance(0.2):
		w.close(p, c)
		return
	case w.chance(0.2):
		w.takeOver(p, c)
		return
	case w.chance(0.3):
		w.call(p, c, "record", func(ctx context.Context, call *apiCall) {
			call.err = p.agent.Record(ctx, c.id, frontdesk.Action{By: "Bea", Did: "I sent a voucher."})
		})
		return
	}
	w.call(p, c, "post", func(ctx context.Context, call *apiCall) {
		call.err = p.agent.Post(ctx, c.id, "Bea", "I am looking at it.")
	})
}

// takeOver has a human take a conversation by way of a process.
func (w *world) takeOver(p *process, c *chat) {
	w.report.Takeovers++
	by := []string{"Bea", "Carl"}[w.rng.IntN(2)]
	w.call(p, c, "take over", func(ctx context.Context, call *apiCall) {
		call.err = p.agent.TakeOver(ctx, c.id, by)
	})
}

// close has a human close a conversation, unless they must look at something.
func (w *world) close(p *process, c *chat) {
	if len(c.unknown()) > 0 {
		return
	}
	w.call(p, c, "close", func(ctx context.Context, call *apiCall) {
		call.err = p.agent.Close(ctx, c.id, "Bea", "All is settled.")
	})
}

// onTheWire reports whether a payment may still come: a human who is careful
// waits for that.
func (w *world) onTheWire(c *chat, in *intent) bool {
	return slices.ContainsFunc(w.wishes, func(o *wish) bool { return o.chat == c && strings.Contains(o.label, in.kind.name) })
}

// recover has a process look for turns that were broken off.
func (w *world) recover(p *process) {
	p.recovering = true
	w.call(p, nil, "recover", func(ctx context.Context, call *apiCall) {
		call.err = p.agent.Recover(ctx, func(r frontdesk.Recovered) { call.recovered = append(call.recovered, r) })
	})
}

// goOn has a process go on with a conversation.
func (w *world) goOn(p *process, c *chat) {
	w.call(p, c, "resume", func(ctx context.Context, call *apiCall) {
		call.reply, call.err = p.agent.Resume(ctx, c.id)
	})
}

// escalate opens a ticket.
func (w *world) escalate(ctx context.Context, p *process, handoff frontdesk.Handoff) (ticket string, err error) {
	c := w.chats[handoff.Conversation]
	what := "escalate"
	if handoff.Raised > 0 {
		what = fmt.Sprintf("escalate again, %s, %d", handoff.Priority, handoff.Raised)
	}
	gone := w.wish(ctx, p, c, what, false, func() {
		if w.fault() {
			err = errors.New("the desk does not answer")
		}
	})
	return "T-" + handoff.ID, errors.Join(gone, err)
}
