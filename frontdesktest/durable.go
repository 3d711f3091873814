package frontdesktest

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/frontdesk-go/frontdesk"
)

// TestDurable checks that a store still holds everything when it is opened
// again and, where it is a [frontdesk.SharedMemory], that two which are open at
// the same place are one. place makes an empty place for a store, new each
// time, and returns what opens the store there. A store that has a Close method
// is closed before it is opened again, and at the end.
func TestDurable(t *testing.T, place func(t *testing.T) (open func(t *testing.T) frontdesk.Memory)) {
	opened := func(t *testing.T) any {
		open := place(t)
		return reopener{open: func() frontdesk.Memory { return open(t) }}
	}
	check(t, opened, "store", durableRules)
}

// reopener opens a store at one place.
type reopener struct{ open func() frontdesk.Memory }

// use opens the store, and closes it after use.
func (r reopener) use(t *testing.T, use func(m frontdesk.Memory)) {
	t.Helper()
	m := r.open()
	defer func() {
		if closer, ok := m.(io.Closer); ok {
			must(t, closer.Close())
		}
	}()
	use(m)
}

// use2 opens the store twice at once.
func (r reopener) use2(t *testing.T, use func(m, n frontdesk.SharedMemory)) {
	t.Helper()
	r.use(t, func(first frontdesk.Memory) {
		m := needs[frontdesk.SharedMemory](t, first)
		r.use(t, func(second frontdesk.Memory) { use(m, needs[frontdesk.SharedMemory](t, second)) })
	})
}

var durableRules = []rule[reopener]{
	{"entries are kept", func(t *testing.T, r reopener) {
		first := entry("e1", `{"text":"größe 🧦","n":12345678901234567890}`)
		r.use(t, func(m frontdesk.Memory) {
			must(t, m.Append(t.Context(), c1, 0, first, entry("e2", `{}`)))
			must(t, m.Append(t.Context(), c2, 0, entry("e3", `{}`)))
		})
		r.use(t, func(m frontdesk.Memory) {
			log := expectLog(t, m, c1, 0, "e1", "e2")
			expectEntry(t, log[0], first)
			expectLog(t, m, c2, 0, "e3")
			expectConflict(t, m.Append(t.Context(), c1, 1, entry("e4", `{}`)))
			must(t, m.Append(t.Context(), c1, 2, entry("e5", `{}`)))
		})
		r.use(t, func(m frontdesk.Memory) { expectLog(t, m, c1, 1, "e2", "e5") })
	}},
	{"leases, claims and sums are kept", func(t *testing.T, r reopener) {
		account := frontdesk.Account{Name: "sum", Limit: 5, Period: century}
		r.use(t, func(m frontdesk.Memory) {
			needs[frontdesk.SharedMemory](t, m)
			must(t, m.Append(t.Context(), c1, 0, leased("e1", 1, longLease), claiming("e2", "a"), counting("e3", account, 4)))
			must(t, m.Append(t.Context(), c2, 0, entry("e4", `{}`), leased("e5", 2, shortLease)))
		})
		runOut()
		r.use(t, func(m frontdesk.Memory) {
			shared := needs[frontdesk.SharedMemory](t, m)
			expectLease(t, m.Append(t.Context(), c1, 3, leased("e6", 4, longLease)))
			expectClaimed(t, m.Append(t.Context(), c2, 2, claiming("e7", "a")), "a", c1)
			expectQuota(t, m.Append(t.Context(), c2, 2, counting("e8", account, 2)), account)
			expectConflict(t, m.Append(t.Context(), c2, 2, leased("e9", 1, longLease)))
			expectExpired(t, shared, 10, c2)
			must(t, shared.Renew(t.Context(), c1, 1, longLease))
		})
	}},
	{"owners are kept, and stay erased", func(t *testing.T, r reopener) {
		r.use(t, func(m frontdesk.Memory) {
			needs[frontdesk.CustomerMemory](t, m)
			must(t, m.Append(t.Context(), c1, 0, owned("e1", "ana")))
			must(t, m.Append(t.Context(), c2, 0, owned("e2", "bob")))
		})
		r.use(t, func(m frontdesk.Memory) {
			customers := needs[frontdesk.CustomerMemory](t, m)
			expectConversations(t, customers, "acme", "ana", 10, c1)
			must(t, customers.Erase(t.Context(), "acme", "ana"))
		})
		r.use(t, func(m frontdesk.Memory) {
			customers := needs[frontdesk.CustomerMemory](t, m)
			expectConversations(t, customers, "acme", "ana", 10)
			expectConversations(t, customers, "acme", "bob", 10, c2)
			expectLog(t, m, c1, 0)
			expectLog(t, m, c2, 0, "e2")
		})
	}},
	{"requests that were counted stay counted", func(t *testing.T, r reopener) {
		account := frontdesk.Account{Name: "key", Limit: 2, Period: century}
		r.use(t, func(m frontdesk.Memory) {
			must(t, needs[frontdesk.Ledger](t, m).Spend(t.Context(), account))
		})
		r.use(t, func(m frontdesk.Memory) {
			ledger := needs[frontdesk.Ledger](t, m)
			must(t, ledger.Spend(t.Context(), account))
			expectQuota(t, ledger.Spend(t.Context(), account), account)
		})
	}},
	{"two that are open at once see the same", func(t *testing.T, r reopener) {
		r.use2(t, func(m, n frontdesk.SharedMemory) {
			must(t, m.Append(t.Context(), c1, 0, leased("e1", 1, longLease), claiming("e2", "a")))
			expectLog(t, n, c1, 0, "e1", "e2")
			expectConflict(t, n.Append(t.Context(), c1, 0, entry("e3", `{}`)))
			expectLease(t, n.Append(t.Context(), c1, 2, leased("e4", 3, longLease)))
			expectClaimed(t, n.Append(t.Context(), c2, 0, claiming("e5", "a")), "a", c1)
			must(t, n.Renew(t.Context(), c1, 1, shortLease))
			must(t, n.Append(t.Context(), c1, 2, entry("e6", `{}`)))
			expectLog(t, m, c1, 0, "e1", "e2", "e6")
			runOut()
			expectExpired(t, m, 10, c1)
			expectExpired(t, n, 10)
			must(t, m.Append(t.Context(), c1, 3, leased("e7", 4, longLease)))
			expectConflict(t, n.Renew(t.Context(), c1, 1, longLease))
		})
	}},
	{"two that are open at once take turns", func(t *testing.T, r reopener) {
		const writers, rounds = 3, 10
		r.use2(t, func(m, n frontdesk.SharedMemory) {
			var (
				group sync.WaitGroup
				won   atomic.Int64
			)
			for i, store := range []frontdesk.SharedMemory{m, n} {
				for w := range writers {
					group.Go(func() {
						for round := range rounds {
							name := fmt.Sprintf("%d-%d-%d", i, w, round)
							appendNext(t, store, c1, entry("e"+name, `{}`), entry("f"+name, `{}`))
							err := store.Append(t.Context(), conversation(name), 0, claiming("g"+name, fmt.Sprint("claim ", round)))
							var claimed *frontdesk.ClaimError
							if err == nil {
								won.Add(1)
							} else if !errors.As(err, &claimed) {
								t.Error(err)
							}
						}
					})
				}
			}
			group.Wait()
			expectPairs(t, m, c1, 2*writers*rounds)
			if won.Load() != rounds {
				t.Errorf("%d names were claimed %d times", rounds, won.Load())
			}
		})
	}},
}
