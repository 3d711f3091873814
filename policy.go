package frontdesk

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// toolPolicy is what must hold before a tool runs. Its functions take arguments
// that fit the schema. One that fails or panics says no: policies fail closed.
type toolPolicy struct {
	verification Verification
	authorize    func(ctx context.Context, customer Customer, arguments json.RawMessage) (bool, error)
	unowned      []string // arguments that need no authorize
	identities   []string // arguments that may say who somebody is
	passed       []string // arguments that may hold what others wrote
	harmless     bool     // the tool may run whatever was read

	approve   func(arguments json.RawMessage) (bool, error)
	confirm   func(arguments json.RawMessage) (string, error)
	missing   []string // policies without their function
	once      func(arguments json.RawMessage) (string, error)
	limits    []toolLimit
	reconcile func(ctx context.Context, arguments json.RawMessage) (content string, done bool, err error)
}

type toolLimit struct {
	most   int64
	period time.Duration
	amount func(arguments json.RawMessage) (int64, error)
}

// ApproveWhen says for which arguments a colleague must approve before the tool
// runs. The turn then ends with the outcome [AwaitingApproval], and goes on
// with [Agent.Decide]. Nil means always. If when panics, approval is needed.
func (t *TypedTool[In, Out]) ApproveWhen(when func(In) bool) *TypedTool[In, Out] {
	t.spec.policy.approve = policyFunc(func(in In) (bool, error) { return when == nil || when(in), nil })
	return t
}

// ConfirmFirst says that the customer must agree before the tool runs. ask
// returns the question to them, with everything that they agree to: "Shall I
// cancel order ORD-9281? You get 12.50 EUR back." The turn then ends with the
// outcome [AwaitingCustomer]. A yes in their next message, or
// [Turn].Confirm, runs the tool with these very arguments and no others.
// Anything else is no yes.
func (t *TypedTool[In, Out]) ConfirmFirst(ask func(In) string) *TypedTool[In, Out] {
	t.spec.policy.need("ConfirmFirst", ask == nil)
	t.spec.policy.confirm = policyFunc(func(in In) (string, error) {
		question := strings.TrimSpace(ask(in))
		if question == "" {
			return "", errors.New("there is no question to the customer")
		}
		return question, nil
	})
	return t
}

// Once says that the tool may take effect once for each key, whichever turn,
// conversation or customer asks: with the number of an order as its key, no
// order is refunded twice. Keys are apart for each tenant and tool. A call that
// failed gives its key back; one whose outcome is unknown keeps it. An empty
// key claims nothing. It needs a [SharedMemory].
func (t *TypedTool[In, Out]) Once(key func(In) string) *TypedTool[In, Out] {
	t.spec.policy.need("Once", key == nil)
	t.spec.policy.once = policyFunc(func(in In) (string, error) { return key(in), nil })
	return t
}

// Limit bounds what the tool may do for one customer in a period: the sum of
// amount over its calls, such as the cents that are refunded, or their number
// if amount is nil. Periods begin as those of an [Account] do. Calls that
// failed do not count. All customers without an id are one. A tool can have
// several limits. It needs a [SharedMemory].
func (t *TypedTool[In, Out]) Limit(most int64, period time.Duration, amount func(In) int64) *TypedTool[In, Out] {
	t.spec.policy.limits = append(t.spec.policy.limits, toolLimit{most, period, policyFunc(func(in In) (int64, error) {
		if amount == nil {
			return 1, nil
		}
		sum := amount(in)
		if sum < 0 {
			return 0, fmt.Errorf("the amount %d is negative", sum)
		}
		return sum, nil
	})})
	return t
}

// Reconcile says how to find out what came of a call whose outcome is unknown,
// because the process died or the time ran out: for example by asking the
// payment service for [Call.IdempotencyKey]. It is asked when the call can no
// longer take effect by itself, that is after [Call.NotAfter]. done tells
// whether it did, and out what the handler would have returned. An error says
// that it cannot be told: then a human has to find out.
func (t *TypedTool[In, Out]) Reconcile(ask func(ctx context.Context, in In) (out Out, done bool, err error)) *TypedTool[In, Out] {
	t.spec.policy.need("Reconcile", ask == nil)
	t.spec.policy.reconcile = func(ctx context.Context, arguments json.RawMessage) (string, bool, error) {
		var in In
		if err := json.Unmarshal(arguments, &in); err != nil {
			return "", false, err
		}
		out, done, err := ask(ctx, in)
		if err != nil || !done {
			return "", false, err
		}
		content, err := resultText(out)
		return content, true, err
	}
	return t
}

// policyFunc makes a policy of a function on typed arguments.
func policyFunc[In, Out any](f func(In) (Out, error)) func(json.RawMessage) (Out, error) {
	return func(arguments json.RawMessage) (out Out, err error) {
		defer func() {
			if value := recover(); value != nil {
				err = fmt.Errorf("the policy panicked: %v", value)
			}
		}()
		var in In
		if err := json.Unmarshal(arguments, &in); err != nil {
			return out, err
		}
		return f(in)
	}
}

// shared reports whether the policy spans conversations.
func (p *toolPolicy) shared() bool { return p.once != nil || len(p.limits) > 0 }

// gated reports whether somebody may have to be asked before the tool runs.
func (p *toolPolicy) gated() bool {
	return p.approve != nil || p.confirm != nil || p.verification > Anonymous
}

// need notes that a policy was given no function, for [toolPolicy.check] to refuse.
func (p *toolPolicy) need(policy string, missing bool) {
	if missing {
		p.missing = append(p.missing, policy)
	}
}

func (p *toolPolicy) check() error {
	if len(p.missing) > 0 {
		return fmt.Errorf("%s was given nil: give it a function", strings.Join(p.missing, ", "))
	}
	for _, limit := range p.limits {
		if limit.most <= 0 || limit.period <= 0 {
			return errors.New("a limit needs a number and a period above zero")
		}
	}
	return nil
}

// ask says who must be asked next before the tool runs for a customer with the
// given arguments, after somebody of the given kind was, and what, if it is the
// customer. Who they are comes first, then what they want, then a colleague.
func (p *toolPolicy) ask(customer *Customer, arguments json.RawMessage, after ApprovalKind) (kind ApprovalKind, question string, err error) {
	switch {
	case after == ColleagueApproves:
		return "", "", nil
	case after == "" && customer.level() < p.verification:
		return CustomerVerifies, "", nil
	case after != CustomerConfirms && p.confirm != nil:
		question, err := p.confirm(arguments)
		return CustomerConfirms, question, err
	case p.approvalNeeded(arguments):
		return ColleagueApproves, "", nil
	default:
		return "", "", nil
	}
}

func (p *toolPolicy) approvalNeeded(arguments json.RawMessage) bool {
	if p.approve == nil {
		return false
	}
	needed, err := p.approve(arguments)
	return needed || err != nil
}

// claim returns what the intent to run the tool claims and counts.
func (p *toolPolicy) claim(tool string, id ConversationID, customer Customer, arguments json.RawMessage) (*Changes, error) {
	if !p.shared() {
		return nil, nil
	}
	changes := new(Changes)
	if p.once != nil {
		key, err := p.once(arguments)
		if err != nil {
			return nil, err
		}
		if key != "" {
			changes.Claims = []string{opaque("once", id.Tenant, tool, key)}
		}
	}
	for i, limit := range p.limits {
		amount, err := limit.amount(arguments)
		if err != nil {
			return nil, err
		}
		name := opaque("limit", id.Tenant, customer.ID, tool, fmt.Sprint(i))
		changes.Counts = append(changes.Counts, Count{Account: Account{Name: name, Limit: int(limit.most), Period: limit.period}, Amount: amount})
	}
	return changes, nil
}

// giveBack returns what undoes changes that were made at the given time.
func giveBack(changes *Changes, at time.Time) *Changes {
	if changes == nil {
		return nil
	}
	back := &Changes{Release: changes.Claims}
	for _, count := range changes.Counts {
		back.Counts = append(back.Counts, Count{Account: count.Account, Amount: -count.Amount, At: at})
	}
	return back
}

// opaque returns a name that is the same for the same parts and tells nothing
// of them.
func opaque(parts ...string) string {
	hash := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(hash, "%d:%s", len(part), part)
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(hash.Sum(nil)[:20]))
}

// refusal tells the model why a call must not run, if err is what a store
// refuses an intent with.
func refusal(tool string, err error) (content string, refused bool) {
	var (
		claim *ClaimError
		quota *QuotaError
	)
	switch {
	case errors.As(err, &claim):
		return fmt.Sprintf("Error: not run: %s was called for the same thing before, and either took effect or may have. It is not done twice.", tool), true
	case errors.As(err, &quota):
		return fmt.Sprintf("Error: not run: the limit of %s for this customer is reached. It is lifted at %s.",
			tool, quota.Reset.UTC().Format(time.RFC3339)), true
	default:
		return "", false
	}
}

// record keeps in the intent what its append changes, to be undone if need be.
func (s *toolStarted) record(changes *Changes) {
	if changes == nil {
		return
	}
	s.Claims = changes.Claims
	for _, count := range changes.Counts {
		s.Counts = append(s.Counts, counted{count.Account.Name, count.Account.Limit, count.Account.Period, count.Amount})
	}
}
