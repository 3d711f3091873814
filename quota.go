package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"
)

// Requests a day of Oxlo's plans, for [Quota.Plan].
const (
	PlanFree    = 60
	PlanPro     = 1000
	PlanPremium = 5000
)

// Quota bounds the requests of all turns together, where [Limits] bound those of
// one. Every attempt on the wire counts, failed ones too. The zero value bounds
// nothing.
type Quota struct {
	// Ledger counts. Nil means a new [InMemoryLedger]: agents that share an
	// API key must share a ledger too.
	Ledger Ledger

	// Plan is how many requests a day the API key has. Zero means no bound.
	Plan int

	// Key names the API key in the ledger, where it counts for several.
	Key string

	// Reserve is how many requests of the plan are kept for conversations
	// that are under way: a new one does not begin with the last of them.
	Reserve int

	// PerConversation and PerCustomer bound the requests a day of one
	// conversation and of one customer. Zero means no bound. A customer
	// without an id has no account of their own.
	PerConversation int
	PerCustomer     int

	// PerTenant bounds the requests a day of all customers of a tenant.
	// PerUnverified takes the place of PerCustomer for a customer who is not
	// [Verified], and Unverified bounds all of those of a tenant together, with
	// and without an id, so that nobody spends the plan by opening conversations.
	// Zero means no bound.
	PerTenant     int
	PerUnverified int
	Unverified    int

	// Messages is how many messages a customer may send in a minute, or a
	// conversation if they have no id. One that is too many is refused with a
	// [*QuotaError] before it is recorded. Zero means no bound.
	Messages int

	// Wait is the longest that a turn waits for a bound to be lifted, by the
	// ledger or by the host. Zero means that it does not.
	Wait time.Duration

	// AtLimit is what happens then. To go on with another model, use a
	// [Router].
	AtLimit AtLimit
}

// AtLimit says what a turn does when the requests are used up.
type AtLimit int

const (
	// FailAtLimit ends the turn with an error that wraps [ErrQuota]. The
	// customer's message stays in the log.
	FailAtLimit AtLimit = iota

	// HandOverAtLimit gives the conversation to a human.
	HandOverAtLimit

	// QuoteAtLimit answers with the best passage of the knowledge base, word
	// for word and cited, and hands over if there is none.
	QuoteAtLimit
)

// QuoteText comes before a passage that is quoted because no request is left.
const QuoteText = "I can only quote our help pages right now. This may answer your question:"

// Ledger counts requests across turns, agents and, if it is a shared one,
// processes. It must be safe for concurrent use.
type Ledger interface {
	// Spend counts one request on every account, or on none: if one has
	// reached its limit, it returns a [*QuotaError].
	Spend(ctx context.Context, accounts ...Account) error
}

// Account is what a [Ledger] counts on.
type Account struct {
	// Name is unique among all accounts.
	Name string

	// Limit is the most requests in a period.
	Limit int

	// Period is how long a count goes on before it begins anew. Periods begin
	// at multiples of their length since the year 1 UTC, so that 24 hours
	// make a day.
	Period time.Duration
}

// QuotaError says that an account has reached its limit. It wraps [ErrQuota].
type QuotaError struct {
	Account Account

	// Reset is when its next period begins.
	Reset time.Time
}

// Error names the account and the time.
func (e *QuotaError) Error() string {
	return fmt.Sprintf("%s has used its %d requests and gets more at %s", e.Account.Name, e.Account.Limit, e.Reset.UTC().Format(time.RFC3339))
}

// Unwrap returns [ErrQuota].
func (e *QuotaError) Unwrap() error { return ErrQuota }

// InMemoryLedger is a [Ledger] that lives and dies with the process. The zero
// value is ready to use. It must not be copied.
type InMemoryLedger struct {
	mu     sync.Mutex
	counts map[string]periodCount
	sweep  time.Time // when to forget the counts of past periods
}

type periodCount struct {
	reset time.Time
	spent int
}

// Spend implements [Ledger].
func (l *InMemoryLedger) Spend(ctx context.Context, accounts ...Account) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, account := range accounts {
		if count := l.current(account, now); count.spent >= account.Limit {
			return &QuotaError{Account: account, Reset: count.reset}
		}
	}
	for _, account := range accounts {
		count := l.current(account, now)
		count.spent++
		l.counts[account.Name] = count
	}
	return nil
}

// add adds amounts to accounts, all of them or none.
func (l *InMemoryLedger) add(now time.Time, counts []Count) error {
	if len(counts) == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	changed := make(map[string]periodCount)
	for _, add := range counts {
		count, ok := changed[add.Account.Name]
		if !ok {
			count = l.current(add.Account, now)
		}
		switch {
		case add.Amount > 0 && add.Amount > int64(add.Account.Limit-count.spent):
			return &QuotaError{Account: add.Account, Reset: count.reset}
		case add.Amount > 0 || add.At.IsZero() || add.Account.ends(add.At).Equal(count.reset):
			count.spent = max(count.spent+int(add.Amount), 0)
		}
		changed[add.Account.Name] = count
	}
	maps.Copy(l.counts, changed)
	return nil
}

// Spent returns how many requests were counted in the present period.
func (l *InMemoryLedger) Spent(account Account) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current(account, time.Now()).spent
}

func (l *InMemoryLedger) current(account Account, now time.Time) periodCount {
	if l.counts == nil {
		l.counts = make(map[string]periodCount)
	}
	if now.After(l.sweep) {
		l.sweep = now.Add(time.Hour)
		for name, count := range l.counts {
			if !now.Before(count.reset) {
				delete(l.counts, name)
			}
		}
	}
	if count, ok := l.counts[account.Name]; ok && now.Before(count.reset) {
		return count
	}
	return periodCount{reset: account.ends(now)}
}

// ends returns the end of the period that holds the given time.
func (a Account) ends(at time.Time) time.Time {
	return at.UTC().Truncate(a.Period).Add(a.Period)
}

const day = 24 * time.Hour

// plan is the account of the API key, less what is reserved for others.
func (q *Quota) plan(reserve int) Account {
	return Account{Name: accountName("key", q.Key), Limit: max(q.Plan-reserve, 1), Period: day}
}

// accountName makes a name that no other kind or names can have.
func accountName(kind string, names ...string) string { return fmt.Sprintf("%s %q", kind, names) }

// accounts are those on which a request of the turn counts.
func (q *Quota) accounts(c *conversation) []Account {
	var accounts []Account
	add := func(limit int, kind string, names ...string) {
		if limit > 0 {
			accounts = append(accounts, Account{Name: accountName(kind, names...), Limit: limit, Period: day})
		}
	}
	if q.Plan > 0 {
		reserve := 0
		if !c.underWay && c.turn.requests == 0 {
			reserve = q.Reserve
		}
		accounts = append(accounts, q.plan(reserve))
	}
	add(q.PerConversation, "conversation", c.id.Tenant, c.id.ID)
	add(q.PerTenant, "tenant", c.id.Tenant)
	customer := &c.turn.customer
	perCustomer := q.PerCustomer
	if customer.level() < Verified {
		add(q.Unverified, "unverified", c.id.Tenant)
		if q.PerUnverified > 0 {
			perCustomer = q.PerUnverified
		}
	}
	if customer.ID != "" {
		add(perCustomer, "customer", c.id.Tenant, customer.ID)
	}
	return accounts
}

// takeMessage counts a message of a customer.
func (q *Quota) takeMessage(ctx context.Context, turn *Turn) error {
	if q.Messages <= 0 || turn.Confirm != "" {
		return nil
	}
	name := accountName("messages", turn.Customer.Tenant, turn.Customer.ID)
	if turn.Customer.ID == "" {
		name = accountName("messages of a conversation", turn.Customer.Tenant, turn.Conversation)
	}
	return q.Ledger.Spend(ctx, Account{Name: name, Limit: q.Messages, Period: time.Minute})
}

// errBudget says that a turn has made all the requests it may.
var errBudget = errors.New("the turn has used its requests")

// purse pays for the requests that one question to the model takes.
type purse struct {
	ledger   Ledger
	accounts []Account
	left     int // requests that the turn may still make
	paid     int
	used     int
}

// pay pays for one more request.
func (p *purse) pay(ctx context.Context) error {
	if p.left <= 0 {
		return errBudget
	}
	if len(p.accounts) > 0 {
		if err := p.ledger.Spend(ctx, p.accounts...); err != nil {
			return err
		}
	}
	p.left--
	p.paid++
	return nil
}

// spend is called before each attempt on the wire.
func (p *purse) spend(ctx context.Context) error {
	if p.used == p.paid {
		if err := p.pay(ctx); err != nil {
			return err
		}
	}
	p.used++
	return nil
}

// spends reports whether a provider calls [Request.spend] before each attempt. For
// others, one request is paid for beforehand.
func spends(provider Provider) bool {
	switch provider := provider.(type) {
	case *OpenAICompatible:
		return true
	case *Router:
		return provider.Provider == nil || spends(provider.Provider)
	default:
		return false
	}
}

// settle pays for requests that a provider tells of afterwards. They were made,
// so no limit keeps them from being counted.
func (p *purse) settle(ctx context.Context, requests int) {
	p.left = max(p.left, requests)
	for p.paid < requests && p.pay(ctx) == nil {
	}
}

// outOfRequests decides how a turn goes on without the model.
func (r *run) outOfRequests(ctx context.Context, cause error) error {
	quota := &r.agent.config.Quota
	if wait := untilReset(cause); wait > 0 && r.waited+wait <= quota.Wait {
		r.waited += wait
		// The loop asks again, or finds that the turn was stopped.
		_ = sleep(ctx, wait)
		return nil
	}
	switch passage := r.c.bestPassage(); {
	case quota.AtLimit == FailAtLimit:
		return cause
	case quota.AtLimit == QuoteAtLimit && passage > 0:
		text := fmt.Sprintf("%s\n\n%s [%d]", QuoteText, strings.TrimSpace(r.c.passages[passage-1].Text), passage)
		r.add(EntryAnswer, modelAnswer{Message: Message{Role: RoleAssistant, Text: text}, Finish: FinishStop})
		return nil // the end of the turn shows it
	default:
		return r.handOver(ctx, Handoff{Reason: HandoffQuota, Detail: cause.Error()})
	}
}

// untilReset is how long a quota stays used up, or zero if nobody knows.
func untilReset(err error) time.Duration {
	var (
		account *QuotaError
		host    *HostError
	)
	switch {
	case errors.As(err, &account):
		return max(time.Until(account.Reset), time.Millisecond)
	case errors.As(err, &host):
		return host.RetryAfter
	default:
		return 0
	}
}

// bestPassage is the number of the passage that fits the newest message best,
// or zero.
func (c *conversation) bestPassage() int {
	if len(c.found) == 0 {
		return 0
	}
	return c.found[0]
}
