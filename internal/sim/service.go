package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// service is what the tools work on: it lies outside of all processes and
// counts.
type service struct {
	payments []payment
	starts   map[string]int // of handlers, by key
}

// payment is one effect.
type payment struct {
	kind     *kind
	key      string
	order    order
	chat     *chat
	customer string
	at       time.Time
}

// order is the argument of every tool.
type order struct {
	Order  string `json:"order"`
	Amount int64  `json:"amount" jsonschema:"minimum=1"`
}

// kind is a tool with one mixture of policies.
type kind struct {
	name      string
	readOnly  bool
	keys      bool          // the service knows idempotency keys
	keyLife   time.Duration // and forgets them, if not zero
	deadline  bool          // the service enforces not_after
	once      bool
	limit     bool
	approve   bool
	confirm   bool
	reconcile bool
}

const (
	limitSum    = 100 // for one customer a day
	approveFrom = 40
	toolTimeout = 20 * time.Second
)

var kinds = []*kind{
	{name: "look", readOnly: true},
	{name: "find", readOnly: true},
	{name: "pay"},
	{name: "pay_in_time", deadline: true},
	{name: "pay_with_key", keys: true},
	{name: "pay_with_short_key", keys: true, keyLife: 45 * time.Second, deadline: true},
	{name: "refund", once: true},
	{name: "credit", limit: true},
	{name: "release", approve: true},
	{name: "cancel", confirm: true},
	{name: "settle", reconcile: true, deadline: true},
	{name: "void", confirm: true, approve: true, once: true, reconcile: true, deadline: true},
	{name: "goodwill", approve: true, limit: true, keys: true},
}

func kindOf(tool string) *kind {
	for _, k := range kinds {
		if k.name == tool {
			return k
		}
	}
	return nil
}

// has returns the payment with a key.
func (s *service) has(key string) *payment {
	for i := range s.payments {
		if s.payments[i].key == key {
			return &s.payments[i]
		}
	}
	return nil
}

// pay takes a request in, and says what the service does.
func (w *world) pay(k *kind, c *chat, call frontdesk.Call, in order) error {
	s := w.service
	if k.keys && w.broken != IgnoresKeys {
		for i := range s.payments {
			paid := &s.payments[i]
			if paid.key == call.IdempotencyKey && (k.keyLife == 0 || time.Since(paid.at) < k.keyLife) {
				return nil
			}
		}
	}
	if k.deadline && !time.Now().Before(call.NotAfter) && w.broken != IgnoresDeadlines {
		return frontdesk.NotExecuted(errors.New("too late"))
	}
	if time.Now().After(call.NotAfter) {
		w.report.Late++
	}
	w.report.Effects++
	s.payments = append(s.payments, payment{k, call.IdempotencyKey, in, c, call.Customer.ID, time.Now()})
	c.paid(&s.payments[len(s.payments)-1])
	return nil
}

// toolbox has the tools of all processes, which find their world by the call they
// serve: to make it takes longer than many a conversation.
var toolbox = sync.OnceValues(func() (*frontdesk.Registry, error) {
	registry := new(frontdesk.Registry)
	for _, k := range kinds {
		if err := registry.Add(k.tool()); err != nil {
			return nil, err
		}
	}
	return registry, nil
})

// tool makes the tool of a kind.
func (k *kind) tool() frontdesk.Tool {
	t := frontdesk.NewTool(k.name, k.name, func(ctx context.Context, in order) (string, error) {
		call := frontdesk.CallFrom(ctx)
		p := callOf(ctx).process
		w := p.world
		c := w.chats[call.Conversation]
		what := fmt.Sprintf("%s %s %d", k.name, in.Order, in.Amount)
		if k.readOnly {
			failed := false
			gone := w.wish(ctx, p, c, what, false, func() { failed = w.fault() })
			if failed {
				return "", errors.New("not found")
			}
			return what + " is there", gone
		}
		c.entered(p, k, call, in)
		patient := ctx
		if in.Amount%2 == 0 { // it does not look at its context, as a process that is stopped
			ctx = context.WithoutCancel(ctx)
		}
		mode := ""
		if err := w.wish(ctx, p, c, what, false, func() {
			w.service.starts[call.IdempotencyKey]++
			mode = w.mode()
			if mode != "" {
				w.note("  the handler: %s", mode)
			}
		}); err != nil {
			return "", err
		}
		switch mode {
		case "declines":
			return "", errors.New("declined")
		case "panics":
			panic("sim: the handler panics")
		case "hangs":
			<-patient.Done()
			return "", patient.Err()
		case "cannot connect":
			return "", frontdesk.NotExecuted(context.DeadlineExceeded)
		}
		var err error
		if gone := w.wish(ctx, p, c, "payment "+what, true, func() { err = w.pay(k, c, call, in) }); gone != nil {
			return "", gone
		}
		if gone := w.wish(ctx, p, c, "payment answered "+what, false, func() {}); gone != nil {
			return "", gone
		}
		switch mode {
		case "panics after it paid":
			panic("sim: the handler panics after it paid")
		case "loses the answer":
			return "", syscall.ECONNRESET
		}
		return what + " is done", err
	}).WithoutAuthorize("order")
	if k.readOnly {
		t.ReadOnly()
	}
	if k.keys {
		t.Idempotent(k.keyLife)
	}
	if k.once {
		t.Once(func(in order) string { return in.Order })
	}
	if k.limit {
		t.Limit(limitSum, 24*time.Hour, func(in order) int64 { return in.Amount })
	}
	if k.approve {
		t.ApproveWhen(func(in order) bool { return in.Amount >= approveFrom })
	}
	if k.confirm {
		t.ConfirmFirst(func(in order) string { return fmt.Sprintf("Shall I %s %s for %d?", k.name, in.Order, in.Amount) })
	}
	if k.reconcile {
		t.Reconcile(func(ctx context.Context, in order) (out string, done bool, err error) {
			call := frontdesk.CallFrom(ctx)
			p := callOf(ctx).process
			w := p.world
			gone := w.wish(ctx, p, w.chats[call.Conversation], "reconcile "+k.name, false, func() {
				if w.fault() {
					err = errors.New("nobody knows")
					return
				}
				done = w.service.has(call.IdempotencyKey) != nil && w.broken != LiesOfPayments
				w.report.Reconciled++
			})
			return fmt.Sprintf("%s %s %d is done", k.name, in.Order, in.Amount), done, errors.Join(gone, err)
		})
	}
	return t
}

// mode is how a handler behaves.
func (w *world) mode() string {
	if !w.fault() {
		return ""
	}
	return []string{
		"declines", "panics", "hangs", "cannot connect", "panics after it paid", "loses the answer",
	}[w.rng.IntN(6)]
}

func (o order) json() string {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(text)
}
