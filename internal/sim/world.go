// Package sim runs conversations in a world in which everything that can fail
// does: processes die or are stopped and woken, the store loses answers or is
// slow, streams are cut, messages come twice, people decide late. One seed gives
// one run, fault by fault, and after every step the world checks that what the
// library promises holds.
//
// Whatever an agent wants of the outside, of the store, a model or a tool's
// service, waits until the world carries it out, one wish at a time. Time is that
// of a testing/synctest bubble, in which [Run] has to be called.
package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// world is everything outside of the agents, and the agents.
type world struct {
	rng     *rand.Rand
	broken  Breakage
	start   time.Time
	steps   int
	calm    bool    // no more faults
	faults  float64 // how likely a fault is
	wild    bool    // processes die and stop, too
	history []string
	failure *Violation
	report  Report

	store    *frontdesk.InMemory
	replicas []*process
	born     int
	gather   time.Duration
	life     time.Duration // of approvals
	deadline time.Duration // of handoffs, zero if they have none

	meddling   float64 // how likely a human takes a conversation over
	takeOverAt int     // a step

	chats   map[frontdesk.ConversationID]*chat
	order   []*chat
	service *service

	calls []*apiCall
	serve int // numbers calls

	mu       sync.Mutex // guards what follows, which agents touch
	wishes   []*wish
	finished []*apiCall
	late     []*Violation
}

// process is one replica from its start to its end.
type process struct {
	name       string
	world      *world
	agent      *frontdesk.Agent
	ctx        context.Context
	end        context.CancelFunc
	dead       bool // written under world.mu
	stopped    bool // as by SIGSTOP
	recovering bool
}

// wish is what an agent wants of the outside.
type wish struct {
	label   string
	process *process
	chat    *chat

	// late says that it may be carried out although nobody waits for it any
	// more: it is on the wire.
	late bool
	act  func()

	err  error
	over bool          // act was called, or will not be
	left bool          // nobody waits
	done chan struct{} // closed when it is over, or the process died
}

var errDead = errors.New("sim: the process is dead")

// wish waits until the world has carried act out, which runs while nothing else
// does. An error says that the caller cannot know whether it was, or will be.
func (w *world) wish(ctx context.Context, p *process, c *chat, label string, late bool, act func()) error {
	w.mu.Lock()
	if p.dead {
		w.mu.Unlock()
		return errDead
	}
	if c != nil {
		label = c.id.ID + " " + label
	}
	o := &wish{label: p.name + " " + label, process: p, chat: c, late: late, act: act, done: make(chan struct{})}
	w.wishes = append(w.wishes, o)
	w.mu.Unlock()

	select {
	case <-o.done:
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if o.over {
		return o.err
	}
	o.left = true
	if p.dead {
		return errDead
	}
	return context.Cause(ctx)
}

// note adds a line to the history of the run.
func (w *world) note(format string, arguments ...any) {
	at := time.Since(w.start).Round(time.Millisecond)
	w.history = append(w.history, fmt.Sprintf("%4d %9v  ", w.steps, at)+fmt.Sprintf(format, arguments...))
}

// violate says that a promise was broken. The first one ends the run.
func (w *world) violate(invariant Invariant, format string, arguments ...any) {
	if w.failure == nil {
		w.failure = &Violation{invariant, fmt.Sprintf(format, arguments...)}
		w.note("VIOLATED: %v", w.failure)
	}
}

// violateLater is violate for the goroutines of agents.
func (w *world) violateLater(invariant Invariant, format string, arguments ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.late = append(w.late, &Violation{invariant, fmt.Sprintf(format, arguments...)})
}

// chance draws a lot.
func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

// fault draws a lot whether something fails.
func (w *world) fault() bool { return !w.calm && w.chance(w.faults) }

// settle waits until every agent waits, and takes in what they came to.
func (w *world) settle() {
	synctest.Wait()
	w.mu.Lock()
	finished := w.finished
	w.finished = nil
	late := w.late
	w.late = nil
	w.wishes = slices.DeleteFunc(w.wishes, func(o *wish) bool { return o.over || o.left && !o.late })
	slices.SortStableFunc(w.wishes, func(a, b *wish) int { return cmp.Compare(a.label, b.label) })
	w.mu.Unlock()
	slices.SortFunc(finished, func(a, b *apiCall) int { return cmp.Compare(a.number, b.number) })
	for _, violation := range late {
		w.violate(violation.Invariant, "%s", violation.What)
	}
	for _, call := range finished {
		w.calls = slices.DeleteFunc(w.calls, func(c *apiCall) bool { return c == call })
		call.end()
		w.returned(call)
	}
}

// sleep lets time pass.
func (w *world) sleep(d time.Duration) {
	time.Sleep(d)
	w.settle()
}

// ready are the wishes that can be carried out now.
func (w *world) ready() []*wish {
	var ready []*wish
	for _, o := range w.wishes {
		if o.left || !o.process.stopped {
			ready = append(ready, o)
		}
	}
	return ready
}

// grant carries a wish out.
func (w *world) grant(o *wish) {
	w.wishes = slices.DeleteFunc(w.wishes, func(other *wish) bool { return other == o })
	if o.left && w.chance(0.5) {
		w.note("%s: got lost", o.label)
		return
	}
	suffix := ""
	if o.left {
		suffix = " (late)"
	}
	w.note("%s%s", o.label, suffix)
	time.Sleep(time.Nanosecond) // so that no two deadlines are at the same instant, and in either order
	o.act()
	w.mu.Lock()
	o.over = true
	w.mu.Unlock()
	if !o.left {
		close(o.done)
	}
	w.settle()
}

// kill ends a process. What it has sent may still arrive.
func (w *world) kill(p *process) {
	w.note("%s dies", p.name)
	w.report.Deaths++
	w.mu.Lock()
	p.dead = true
	for _, o := range w.wishes {
		if o.process == p && !o.left {
			o.left = true
			close(o.done)
		}
	}
	w.mu.Unlock()
	p.end()
	w.replicas = slices.DeleteFunc(w.replicas, func(other *process) bool { return other == p })
	w.settle()
}

// boot starts a process.
func (w *world) boot() {
	w.born++
	p := &process{name: fmt.Sprintf("P%d", w.born), world: w}
	p.ctx, p.end = context.WithCancel(context.Background())
	p.agent = w.newAgent(p)
	w.replicas = append(w.replicas, p)
}

// any returns a process that is not stopped, or nil.
func (w *world) any() *process {
	var awake []*process
	for _, p := range w.replicas {
		if !p.stopped {
			awake = append(awake, p)
		}
	}
	if len(awake) == 0 {
		return nil
	}
	return awake[w.rng.IntN(len(awake))]
}

func (w *world) String() string { return strings.Join(w.history, "\n") }
