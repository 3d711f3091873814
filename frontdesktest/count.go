package frontdesktest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// century is a period that no test sees the end of.
const century = 36525 * 24 * time.Hour

var countRules = []rule[frontdesk.SharedMemory]{
	{"a sum keeps its limit", func(t *testing.T, m frontdesk.SharedMemory) {
		account := frontdesk.Account{Name: "sum", Limit: 10, Period: century}
		must(t, m.Append(t.Context(), c1, 0, counting("e1", account, 7)))
		expectQuota(t, m.Append(t.Context(), c2, 0, counting("e2", account, 4)), account)
		expectQuota(t, m.Append(t.Context(), c2, 0, counting("e3", account, math.MaxInt64)), account)
		expectLog(t, m, c2, 0)
		must(t, m.Append(t.Context(), c2, 0, counting("e4", account, 3)))
		expectQuota(t, m.Append(t.Context(), c1, 1, counting("e5", account, 1)), account)
		other := frontdesk.Account{Name: "Sum", Limit: 10, Period: century}
		must(t, m.Append(t.Context(), c1, 1, counting("e6", other, 10)))
	}},
	{"a limit is that of the append", func(t *testing.T, m frontdesk.SharedMemory) {
		account := func(limit int) frontdesk.Account {
			return frontdesk.Account{Name: "sum", Limit: limit, Period: century}
		}
		must(t, m.Append(t.Context(), c1, 0, counting("e1", account(5), 5)))
		expectQuota(t, m.Append(t.Context(), c1, 1, counting("e2", account(3), 1)), account(3))
		must(t, m.Append(t.Context(), c1, 1, counting("e3", account(6), 1)))
	}},
	{"amounts in one append add up", func(t *testing.T, m frontdesk.SharedMemory) {
		account := frontdesk.Account{Name: "sum", Limit: 5, Period: century}
		expectQuota(t, m.Append(t.Context(), c1, 0, counting("e1", account, 3, 3)), account)
		expectQuota(t, m.Append(t.Context(), c1, 0, counting("e2", account, 3), counting("e3", account, 3)), account)
		must(t, m.Append(t.Context(), c1, 0, counting("e4", account, 3, -2), counting("e5", account, 4)))
		expectQuota(t, m.Append(t.Context(), c1, 2, counting("e6", account, 1)), account)
	}},
	{"a refused amount leaves everything as it is", func(t *testing.T, m frontdesk.SharedMemory) {
		full := frontdesk.Account{Name: "full", Limit: 1, Period: century}
		free := frontdesk.Account{Name: "free", Limit: 5, Period: century}
		must(t, m.Append(t.Context(), c1, 0, counting("e1", full, 1)))
		expectQuota(t, m.Append(t.Context(), c1, 1, counting("e2", free, 2), claiming("e3", "a"), counting("e4", full, 1)), full)
		expectConflict(t, m.Append(t.Context(), c1, 0, counting("e5", free, 2)))
		expectLog(t, m, c1, 0, "e1")
		must(t, m.Append(t.Context(), c1, 1, counting("e6", free, 5), claiming("e7", "a")))
	}},
	{"an amount is given back", func(t *testing.T, m frontdesk.SharedMemory) {
		account := frontdesk.Account{Name: "sum", Limit: 5, Period: century}
		must(t, m.Append(t.Context(), c1, 0, counting("e1", account, 5)))
		must(t, m.Append(t.Context(), c1, 1, counting("e2", account, -2)))
		expectQuota(t, m.Append(t.Context(), c1, 2, counting("e3", account, 3)), account)
		must(t, m.Append(t.Context(), c1, 2, counting("e4", account, 2)))
		lower := account
		lower.Limit = 1
		must(t, m.Append(t.Context(), c1, 3, counting("e5", lower, -1))) // never refused
		must(t, m.Append(t.Context(), c1, 4, counting("e6", account, 1)))
	}},
	{"no sum becomes negative", func(t *testing.T, m frontdesk.SharedMemory) {
		account := frontdesk.Account{Name: "sum", Limit: 5, Period: century}
		must(t, m.Append(t.Context(), c1, 0, counting("e1", account, -100), counting("e2", account, 1, math.MinInt64+1)))
		expectQuota(t, m.Append(t.Context(), c1, 2, counting("e3", account, 6)), account)
		must(t, m.Append(t.Context(), c1, 2, counting("e4", account, 5)))
	}},
	{"an amount is given back to its period only", func(t *testing.T, m frontdesk.SharedMemory) {
		account := frontdesk.Account{Name: "sum", Limit: 5, Period: century}
		must(t, m.Append(t.Context(), c1, 0, counting("e1", account, 5)))
		back := func(id string, at time.Time) frontdesk.Entry {
			return changing(id, frontdesk.Changes{Counts: []frontdesk.Count{{Account: account, Amount: -3, At: at}}})
		}
		must(t, m.Append(t.Context(), c1, 1, back("e2", time.Now().Add(-century))))
		expectQuota(t, m.Append(t.Context(), c1, 2, counting("e3", account, 1)), account)
		must(t, m.Append(t.Context(), c1, 2, back("e4", time.Now())))
		must(t, m.Append(t.Context(), c1, 3, counting("e5", account, 3)))
	}},
	{"a sum begins anew with its period", func(t *testing.T, m frontdesk.SharedMemory) {
		account := frontdesk.Account{Name: "sum", Limit: 2, Period: 250 * time.Millisecond}
		last := int64(0)
		expectPeriods(t, account, func() error {
			err := m.Append(t.Context(), c1, last, counting(fmt.Sprint("e", last), account, 1))
			if err == nil {
				last++
			}
			return err
		})
	}},
	{"concurrent amounts keep the limit", func(t *testing.T, m frontdesk.SharedMemory) {
		account := frontdesk.Account{Name: "sum", Limit: 21, Period: century}
		const writers, rounds = 8, 5
		var (
			group sync.WaitGroup
			sum   atomic.Int64
		)
		for w := range writers {
			group.Go(func() {
				for r := range rounds {
					id := conversation(fmt.Sprintf("%d-%d", w, r))
					err := m.Append(t.Context(), id, 0, counting(fmt.Sprintf("e%d-%d", w, r), account, 1))
					if err == nil {
						sum.Add(1)
					} else if !errors.Is(err, frontdesk.ErrQuota) {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if sum.Load() != int64(account.Limit) {
			t.Errorf("the sum is %d with a limit of %d", sum.Load(), account.Limit)
		}
	}},
}

// TestLedger checks that a ledger keeps the contract of [frontdesk.Ledger].
// open returns an empty ledger, new each time; it cleans up with t.Cleanup.
// [TestMemory] checks the same of a store that is a ledger too.
func TestLedger(t *testing.T, open func(t *testing.T) frontdesk.Ledger) {
	check(t, func(t *testing.T) any { return open(t) }, "frontdesk.Ledger", ledgerRules)
}

var ledgerRules = []rule[frontdesk.Ledger]{
	{"requests are counted up to the limit", func(t *testing.T, l frontdesk.Ledger) {
		account := frontdesk.Account{Name: "key", Limit: 3, Period: century}
		for range account.Limit {
			must(t, l.Spend(t.Context(), account))
		}
		expectQuota(t, l.Spend(t.Context(), account), account)
		must(t, l.Spend(t.Context(), frontdesk.Account{Name: "KEY", Limit: 3, Period: century}))
		account.Limit = 4
		must(t, l.Spend(t.Context(), account)) // the limit is that of the call
		expectQuota(t, l.Spend(t.Context(), account), account)
	}},
	{"a request counts on every account or on none", func(t *testing.T, l frontdesk.Ledger) {
		key := frontdesk.Account{Name: "key", Limit: 3, Period: century}
		ana := frontdesk.Account{Name: `customer "ana"`, Limit: 1, Period: century}
		bob := frontdesk.Account{Name: "customer 'bob\x00'", Limit: 5, Period: century}
		must(t, l.Spend(t.Context(), key, ana))
		expectQuota(t, l.Spend(t.Context(), key, ana), ana)
		expectQuota(t, l.Spend(t.Context(), ana, key), ana)
		must(t, l.Spend(t.Context(), key, bob))
		must(t, l.Spend(t.Context(), bob, key))
		expectQuota(t, l.Spend(t.Context(), bob, key), key)
		for range 3 {
			must(t, l.Spend(t.Context(), bob))
		}
		expectQuota(t, l.Spend(t.Context(), bob), bob)
	}},
	{"a count begins anew with its period", func(t *testing.T, l frontdesk.Ledger) {
		account := frontdesk.Account{Name: "key", Limit: 2, Period: 250 * time.Millisecond}
		expectPeriods(t, account, func() error { return l.Spend(t.Context(), account) })
	}},
	{"concurrent requests keep every limit", func(t *testing.T, l frontdesk.Ledger) {
		const spenders, rounds = 8, 10
		key := frontdesk.Account{Name: "key", Limit: spenders*rounds - 13, Period: century}
		account := func(i int) frontdesk.Account {
			return frontdesk.Account{Name: fmt.Sprint("customer ", i), Limit: 2 * rounds, Period: century}
		}
		var (
			group sync.WaitGroup
			spent [spenders]int
		)
		for i := range spenders {
			group.Go(func() {
				for range rounds {
					accounts := []frontdesk.Account{account(i), key}
					if i%2 == 0 {
						accounts[0], accounts[1] = accounts[1], accounts[0]
					}
					err := l.Spend(t.Context(), accounts...)
					if err == nil {
						spent[i]++
					} else if !errors.Is(err, frontdesk.ErrQuota) {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		sum := 0
		for i, n := range spent {
			sum += n
			for range 2*rounds - n {
				must(t, l.Spend(t.Context(), account(i)))
			}
			expectQuota(t, l.Spend(t.Context(), account(i)), account(i))
		}
		if sum != key.Limit {
			t.Errorf("%d requests were counted with a limit of %d", sum, key.Limit)
		}
	}},
	{"a canceled request is not counted", func(t *testing.T, l frontdesk.Ledger) {
		account := frontdesk.Account{Name: "key", Limit: 1, Period: century}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if l.Spend(ctx, account) == nil {
			t.Error("a request with a canceled context was counted")
		}
		must(t, l.Spend(t.Context(), account))
	}},
}

func counting(id string, account frontdesk.Account, amounts ...int64) frontdesk.Entry {
	var changes frontdesk.Changes
	for _, amount := range amounts {
		changes.Counts = append(changes.Counts, frontdesk.Count{Account: account, Amount: amount})
	}
	return changing(id, changes)
}

func expectQuota(t *testing.T, err error, account frontdesk.Account) {
	t.Helper()
	var quota *frontdesk.QuotaError
	if !errors.As(err, &quota) {
		t.Fatalf("got error %v, want a *QuotaError", err)
	}
	if quota.Account != account {
		t.Fatalf("the account %+v is said to be used up, want %+v", quota.Account, account)
	}
	if reset := quota.Reset; !reset.Equal(reset.Truncate(account.Period)) || reset.Before(time.Now().Add(-patience())) ||
		reset.After(time.Now().Add(account.Period+patience())) {
		t.Fatalf("a period of %v is said to end at %v", account.Period, reset)
	}
}

// expectPeriods checks that an account is refused until its period ends, and
// not for longer.
func expectPeriods(t *testing.T, account frontdesk.Account, spend func() error) {
	t.Helper()
	for range 2 {
		var quota *frontdesk.QuotaError
		eventually(t, "a limit is not reached", func() bool {
			begin := time.Now()
			for range 2*account.Limit + 1 { // in two periods, if one ends meanwhile
				if err := spend(); err != nil {
					expectQuota(t, err, account)
					return errors.As(err, &quota)
				}
			}
			if time.Since(begin) < account.Period {
				t.Error("a limit is not kept")
			}
			return false
		})
		eventually(t, "a new period does not begin", func() bool {
			err := spend()
			if err == nil {
				return true
			}
			var again *frontdesk.QuotaError
			expectQuota(t, err, account)
			if errors.As(err, &again); !again.Reset.Equal(quota.Reset) {
				t.Errorf("a period ends at %v, and then at %v without a request in it", quota.Reset, again.Reset)
			}
			return false
		})
	}
}
