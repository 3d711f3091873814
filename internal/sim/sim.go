package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// Invariant is a promise of the library.
type Invariant string

// The promises that are checked.
const (
	ValidRequests Invariant = "any log folds into a request that a strict host accepts"
	NothingLost   Invariant = "nothing acknowledged is lost"
	NothingTwice  Invariant = "a message that is delivered twice is one"
	OncePerIntent Invariant = "a write runs at most once per intent"
	OncePerKey    Invariant = "a tool takes effect at most once per business key"
	WithinLimit   Invariant = "no limit is exceeded"
	TrueResults   Invariant = "the log does not say of a tool what is not so"
	OneTurn       Invariant = "one turn runs at a time"
	HumanOwns     Invariant = "no model is asked, and no text released, once a human has taken or closed the conversation"
	Raised        Invariant = "a handoff that nobody claims is raised"
	Approved      Invariant = "no tool runs without its approval, which is used once"
	Budget        Invariant = "no turn exceeds its budget"
	RepliesMatch  Invariant = "a reply is what the log says"
	NothingStuck  Invariant = "every conversation comes to its end or waits for somebody"
)

// Violation is a promise that was broken.
type Violation struct {
	Invariant Invariant
	What      string
}

func (v *Violation) String() string { return string(v.Invariant) + ": " + v.What }

// Options say what is simulated.
type Options struct {
	Seed   uint64
	Broken Breakage

	// TakeOverAt, if not zero, is the step before which a human takes all
	// conversations over that are the agent's.
	TakeOverAt int
}

// Report tells of a run.
type Report struct {
	Failure *Violation // nil if every promise was kept
	History []string   // step by step

	Conversations, Steps, Messages, Requests, Appends, Effects int
	Deaths, Stops, Recovered, Reconciled, Late, Probes         int
	Takeovers, Closed, Raised, Overtaken                       int
}

const (
	maxRequests = 8
	lease       = 30 * time.Second
	mostSteps   = 6000
	deadline    = 25 * time.Second // of handoffs, in some worlds
	mostRaised  = 3
)

// Run plays a world from its seed to its end. It must be called in a bubble of
// testing/synctest.
func Run(options Options) *Report {
	w := &world{
		rng:     rand.New(rand.NewPCG(options.Seed, 0x5bd1e995)),
		broken:  options.Broken,
		start:   time.Now(),
		store:   new(frontdesk.InMemory),
		chats:   make(map[frontdesk.ConversationID]*chat),
		service: &service{starts: make(map[string]int)},
		life:    48 * time.Hour,
	}
	w.faults = []float64{0, 0.01, 0.04, 0.1}[w.rng.IntN(4)]
	w.wild = w.chance(0.8)
	w.meddling = []float64{0, 0.05, 0.3, 1}[w.rng.IntN(4)]
	w.takeOverAt = options.TakeOverAt
	if w.chance(0.4) && w.broken == Nothing {
		w.deadline = deadline
	}
	if w.chance(0.3) {
		w.gather = 700 * time.Millisecond
	}
	for range 1 + w.rng.IntN(3) {
		w.boot()
	}
	for n := range 1 + w.rng.IntN(3) {
		w.begin(n)
	}
	w.play()
	w.finish()
	for _, p := range slices.Clone(w.replicas) {
		w.kill(p)
	}
	w.sleep(time.Hour)
	w.report.Failure, w.report.History = w.failure, w.history
	w.report.Conversations, w.report.Steps = len(w.order), w.steps
	return &w.report
}

// begin makes a conversation, and its customer's messages.
func (w *world) begin(n int) {
	id := frontdesk.ConversationID{ID: fmt.Sprintf("c-%d", n+1)}
	c := &chat{
		world:     w,
		id:        id,
		customer:  frontdesk.Customer{ID: fmt.Sprintf("cust-%d", n/2), Profile: "conversation " + id.ID + "."},
		entries:   make(map[string]bool),
		received:  make(map[string]int),
		turns:     make(map[string]*turn),
		intents:   make(map[string]*intent),
		approvals: make(map[string]*approval),
	}
	c.planned = 1 + w.rng.IntN(5)
	w.chats[id] = c
	w.order = append(w.order, c)
}

func (w *world) newAgent(p *process) *frontdesk.Agent {
	tools, err := toolbox()
	if err != nil {
		panic(err)
	}
	agent, err := frontdesk.New(frontdesk.Config{
		Provider: &model{w, p},
		Memory:   &memory{w, p},
		Registry: tools,
		Escalator: frontdesk.EscalatorFunc(func(ctx context.Context, handoff frontdesk.Handoff) (string, error) {
			return w.escalate(ctx, p, handoff)
		}),
		Limits:       frontdesk.Limits{Requests: maxRequests, ToolTimeout: toolTimeout},
		Lease:        lease,
		Gather:       w.gather,
		ApprovalLife: w.life,
		Escalation:   frontdesk.Escalation{Deadline: w.deadline},
	})
	if err != nil {
		panic(err)
	}
	return agent
}

// play goes on until the customers have said everything.
func (w *world) play() {
	for w.failure == nil && w.steps < mostSteps/2 {
		w.steps++
		w.settle()
		if w.steps == w.takeOverAt {
			for _, c := range w.order {
				if !c.silent() {
					c.takeOver()
				}
			}
		}
		if !w.step() {
			return
		}
	}
}

// step does one thing. It returns false if there is nothing left to do.
func (w *world) step() bool {
	type choice struct {
		weight float64
		do     func()
	}
	var choices []choice
	may := func(weight float64, do func()) { choices = append(choices, choice{weight, do}) }
	ready := w.ready()
	if len(ready) > 0 {
		may(60, func() { w.grant(ready[w.rng.IntN(len(ready))]) })
	}
	left := false
	p := w.any()
	for _, c := range w.order {
		left = left || len(c.messages) < c.planned
		if len(c.messages) < c.planned {
			may(1.5, func() { w.write(c) })
		}
		for _, m := range c.messages {
			if m.acked || m.refused || p == nil {
				continue
			}
			left = true
			if m.flying == 0 {
				may(4, func() { w.deliver(p, m) })
			} else if m.flying < 3 {
				may(w.faults*4, func() { w.deliver(p, m) })
			}
		}
		if open := c.openApprovals(); len(open) > 0 && p != nil {
			may(1, func() {
				a := open[w.rng.IntN(len(open))]
				w.decide(p, a, c)
				if other := w.any(); w.fault() {
					w.decide(other, a, c)
				}
			})
		}
		if c.human && p != nil {
			may(1, func() { w.attend(p, c) })
		} else if c.turn != nil && !c.closed {
			may(w.faults/2, func() { c.takeOver() })
			if p != nil {
				may(w.meddling, func() { w.takeOver(p, c) })
				may(w.meddling/4, func() { w.close(p, c) })
			}
		}
		if c.resume && p != nil {
			may(2, func() { w.goOn(p, c) })
		}
	}
	if p != nil && !p.recovering {
		may(1.5, func() { w.recover(p) })
	}
	may(6, func() { w.pass() })
	if w.wild && len(w.replicas) > 0 {
		victim := w.replicas[w.rng.IntN(len(w.replicas))]
		may(w.faults*12, func() { w.kill(victim) })
		may(w.faults*12, func() {
			victim.stopped = !victim.stopped
			w.report.Stops++
			w.note("%s: stopped: %v", victim.name, victim.stopped)
		})
	}
	if victim := w.rng.IntN(len(w.calls) + 1); victim < len(w.calls) {
		may(w.faults*3, func() {
			w.note("call %d is cancelled", w.calls[victim].number)
			w.calls[victim].end()
			w.settle()
		})
	}
	if len(w.replicas) < 2 || p == nil {
		may(5, w.boot)
	}
	if !left && len(w.calls) == 0 && w.chance(0.1) {
		return false
	}
	sum := 0.0
	for _, c := range choices {
		sum += c.weight
	}
	at := w.rng.Float64() * sum
	for _, c := range choices {
		if at -= c.weight; at < 0 {
			c.do()
			break
		}
	}
	return true
}

// pass lets time pass, mostly little.
func (w *world) pass() {
	d := []time.Duration{
		3 * time.Millisecond, 40 * time.Millisecond, time.Second, 4 * time.Second, 11 * time.Second, 34 * time.Second,
	}[w.rng.IntN(6)]
	switch {
	case w.chance(0.01):
		d = 60 * time.Hour
	case w.chance(0.03):
		d = 2 * time.Hour
	}
	w.sleep(d + time.Duration(w.rng.IntN(1000))*time.Microsecond)
}

// finish ends all faults and waits until nothing moves any more.
func (w *world) finish() {
	w.calm = true
	for _, p := range w.replicas {
		p.stopped = false
	}
	w.note("all is well from here on")
	if len(w.replicas) == 0 {
		w.boot()
	}
	quiet := 0
	for quiet < 4 && w.failure == nil {
		if w.steps++; w.steps > mostSteps {
			w.violate(NothingStuck, "the world does not come to rest")
			return
		}
		w.settle()
		if ready := w.ready(); len(ready) > 0 {
			w.grant(ready[w.rng.IntN(len(ready))])
			continue
		}
		if len(w.calls) > 0 {
			w.sleep(time.Second)
			continue
		}
		if !w.wrapUp() {
			quiet++
			length := w.lengths()
			w.sleep(lease)
			w.recover(w.any())
			for len(w.calls) > 0 && w.failure == nil && w.steps <= mostSteps {
				w.steps++
				w.settle()
				if ready := w.ready(); len(ready) > 0 {
					w.grant(ready[w.rng.IntN(len(ready))])
				} else {
					w.sleep(time.Second)
				}
			}
			if length != w.lengths() {
				quiet = 0
			}
		}
	}
	if w.failure == nil {
		w.checkEnd()
	}
}

func (w *world) lengths() string {
	var b strings.Builder
	for _, c := range w.order {
		fmt.Fprint(&b, c.length, " ")
	}
	return b.String()
}

// wrapUp does what is left for people to do, one thing at a time.
func (w *world) wrapUp() bool {
	for _, c := range w.order {
		for _, m := range c.messages {
			if !m.acked && !m.refused {
				w.deliver(w.any(), m)
				return true
			}
		}
		if c.resume {
			w.goOn(w.any(), c)
			return true
		}
		if open := c.openApprovals(); len(open) > 0 && w.chance(0.8) {
			w.decide(w.any(), open[0], c)
			return true
		}
	}
	return false
}
