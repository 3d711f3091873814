package crash

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// Plan says what is done to the replicas.
type Plan struct {
	Replicas      int
	Conversations int
	Kills         int           // by SIGKILL, one after another
	Wakes         int           // after SIGSTOP, when others have taken its turns over
	Pause         time.Duration // between two of them, at most

	// Start returns a command that runs [Serve] with the store under test and
	// the payment service at the address.
	Start func(payments string) *exec.Cmd
}

// Report is what came of it.
type Report struct {
	Kills, Wakes                    int
	Messages, Acknowledged          int
	Payments, Unknown, UnknownPaid  int
	Answered, Escalated, Unfinished int

	// Faults are the promises that were broken, in words.
	Faults []string
}

type replica struct {
	command *exec.Cmd
	in      io.WriteCloser
	done    chan struct{} // closed when all that it said was read
}

type run struct {
	plan     Plan
	payments string

	mu           sync.Mutex
	acknowledged map[string]bool
	running      []*replica
}

// Run starts replicas, gives them messages, kills them, and looks at what is left
// in the store.
func (p Plan) Run(ctx context.Context, store frontdesk.SharedMemory) (Report, error) {
	service := new(Payments)
	server := httptest.NewServer(service)
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()
	r := &run{plan: p, payments: server.URL, acknowledged: make(map[string]bool)}
	for range p.Replicas {
		if err := r.start(); err != nil {
			return Report{}, err
		}
	}
	report := Report{}
	sent := make(map[string]message)
	tools := []string{Plain, Keyed, Reconciled}
	send := func() {
		n := report.Messages
		report.Messages++
		m := message{
			Conversation: fmt.Sprint("c-", rand.IntN(p.Conversations)),
			ID:           fmt.Sprint("m-", n),
			Text:         fmt.Sprintf("%s ORD-%d", tools[n%len(tools)], n),
		}
		sent[m.ID] = m
		r.tell(m)
	}
	for ctx.Err() == nil && report.Kills < p.Kills {
		for range 1 + rand.IntN(4) {
			send()
		}
		time.Sleep(time.Duration(rand.Int64N(int64(p.Pause))))
		if err := r.kill(); err != nil {
			return report, err
		}
		report.Kills++
	}
	for ctx.Err() == nil && report.Wakes < p.Wakes {
		for range 2 + rand.IntN(4) {
			send()
		}
		time.Sleep(time.Duration(rand.Int64N(int64(p.Pause))))
		for _, one := range r.running[1:] { // the first takes over
			if err := one.command.Process.Signal(syscall.SIGSTOP); err != nil {
				return report, err
			}
		}
		time.Sleep(2*lease + timeout)
		for _, one := range r.running[1:] {
			if err := one.command.Process.Signal(syscall.SIGCONT); err != nil {
				return report, err
			}
			report.Wakes++
		}
	}
	r.stop()
	if err := ctx.Err(); err != nil {
		return report, err
	}
	report.Acknowledged = len(r.acknowledged)
	return report, r.check(ctx, store, service, sent, &report)
}

func (r *run) start() error {
	command := r.plan.Start(r.payments)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		return err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	one := &replica{command, in, make(chan struct{})}
	go func() {
		defer close(one.done)
		for said := bufio.NewScanner(out); said.Scan(); {
			if strings.HasPrefix(said.Text(), "m-") {
				r.mu.Lock()
				r.acknowledged[said.Text()] = true
				r.mu.Unlock()
			}
		}
	}()
	r.running = append(r.running, one)
	return nil
}

// tell gives a message to one of the replicas. It is lost if that one dies before
// it has read it, and then not acknowledged either.
func (r *run) tell(m message) {
	line, _ := json.Marshal(m) // plain strings
	one := r.running[rand.IntN(len(r.running))]
	_, _ = one.in.Write(append(line, '\n'))
}

// kill kills a replica and starts another.
func (r *run) kill() error {
	i := rand.IntN(len(r.running))
	one := r.running[i]
	r.running = slices.Delete(r.running, i, i+1)
	err := one.command.Process.Kill()
	<-one.done
	_ = one.command.Wait() // it was killed
	return errors.Join(err, r.start())
}

// stop lets the replicas end what they have begun.
func (r *run) stop() {
	for _, one := range r.running {
		one.in.Close()
	}
	for _, one := range r.running {
		<-one.done
		_ = one.command.Wait()
	}
}

// check recovers what is left and compares the logs with what was paid.
func (r *run) check(ctx context.Context, store frontdesk.SharedMemory, service *Payments, sent map[string]message, report *Report) error {
	fault := func(format string, arguments ...any) {
		report.Faults = append(report.Faults, fmt.Sprintf(format, arguments...))
	}
	agent, err := NewAgent(store, r.payments)
	if err != nil {
		return err
	}
	// Twice the lease finds turns of the last processes, and those that fail.
	for range 8 {
		if err := agent.Recover(ctx, func(frontdesk.Recovered) {}); err != nil {
			return err
		}
		time.Sleep(lease / 2)
	}
	unknown, told := make(map[string]bool), make(map[string]frontdesk.ToolStatus)
	for n := range r.plan.Conversations {
		id := frontdesk.ConversationID{ID: fmt.Sprint("c-", n)}
		reply, err := agent.Resume(ctx, id)
		switch {
		case err != nil:
			report.Unfinished++
			fault("conversation %s does not end: %v", id, err)
		case reply == nil:
		case reply.Outcome == frontdesk.Answered:
			report.Answered++
		case reply.Outcome == frontdesk.Escalated:
			report.Escalated++
		default:
			fault("conversation %s ended as %s", id, reply.Outcome)
		}
		if reply != nil && reply.Handoff != nil {
			for _, effect := range reply.Handoff.Effects {
				var in order
				if err := json.Unmarshal(effect.Arguments, &in); err != nil {
					return err
				}
				unknown[in.Order] = true
			}
		}
		entries, err := store.Load(ctx, id, 0)
		if err != nil {
			return err
		}
		seen := make(map[string]bool)
		called := ""
		for _, entry := range entries {
			var body struct {
				MessageID string               `json:"message_id"`
				Status    frontdesk.ToolStatus `json:"status"`
				Message   frontdesk.Message    `json:"message"`
			}
			if err := json.Unmarshal(entry.Data, &body); err != nil {
				return err
			}
			switch {
			case entry.Kind == frontdesk.EntryAnswer && len(body.Message.Calls) == 1:
				var in order
				if err := json.Unmarshal([]byte(body.Message.Calls[0].Arguments), &in); err != nil {
					return err
				}
				called = in.Order
			case entry.Kind == frontdesk.EntryToolFinished:
				told[called] = body.Status
			}
			if entry.Kind != frontdesk.EntryCustomerMessage {
				continue
			}
			if seen[body.MessageID] {
				fault("message %s is in %s twice", body.MessageID, id)
			}
			seen[body.MessageID] = true
		}
		for mid, m := range sent {
			if m.Conversation == id.ID && r.acknowledged[mid] && !seen[mid] {
				fault("message %s was acknowledged and is not in %s", mid, id)
			}
		}
	}
	service.mu.Lock()
	defer service.mu.Unlock()
	report.Unknown = len(unknown)
	for order, times := range service.paid {
		report.Payments++
		if times > 1 {
			fault("%s was paid %d times by %s", order, times, service.tools[order])
		}
		switch {
		case unknown[order]:
			report.UnknownPaid++
		case told[order] != frontdesk.ToolDone:
			fault("%s was paid by %s, and the log says %q", order, service.tools[order], told[order])
		}
	}
	return nil
}
