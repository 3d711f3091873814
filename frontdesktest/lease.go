package frontdesktest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// Leases in these rules last either far longer than a test or next to nothing.
// Nothing is compared with the clock of the store, which may be another one.
const (
	longLease  = time.Hour
	shortLease = 2 * time.Millisecond
)

var leaseRules = []rule[frontdesk.SharedMemory]{
	{"a lease refuses others while it lasts", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, leased("e1", 1, longLease)))
		expectLease(t, m.Append(t.Context(), c1, 1, leased("e2", 2, longLease)))
		expectLog(t, m, c1, 0, "e1")
		must(t, m.Append(t.Context(), c1, 1, entry("e3", `{}`))) // who asks for no lease needs none
		must(t, m.Append(t.Context(), frontdesk.ConversationID{Tenant: "other", ID: c1.ID}, 0, leased("e4", 1, longLease)))
	}},
	{"a lease is kept and ended by its epoch", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, leased("e1", 1, longLease)))
		must(t, m.Append(t.Context(), c1, 1, leased("e2", 1, longLease)))
		expectLease(t, m.Append(t.Context(), c1, 2, leased("e3", 3, longLease)))
		must(t, m.Append(t.Context(), c1, 2, leased("e4", 1, 0)))
		must(t, m.Append(t.Context(), c1, 3, leased("e5", 4, longLease)))
		expectLease(t, m.Append(t.Context(), c1, 4, leased("e6", 5, longLease)))
	}},
	{"an epoch takes up the lease it ended", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, leased("e1", 1, longLease), leased("e2", 1, 0)))
		must(t, m.Append(t.Context(), c1, 2, leased("e3", 1, longLease)))
		expectLease(t, m.Append(t.Context(), c1, 3, leased("e4", 4, longLease)))
	}},
	{"an epoch keeps the lease that ran out", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, leased("e1", 1, shortLease)))
		runOut()
		must(t, m.Append(t.Context(), c1, 1, leased("e2", 1, longLease)))
		expectLease(t, m.Append(t.Context(), c1, 2, leased("e3", 3, longLease)))
	}},
	{"a lease that ran out is taken over", func(t *testing.T, m frontdesk.SharedMemory) {
		const lasts = 40 * time.Millisecond
		begin := time.Now()
		must(t, m.Append(t.Context(), c1, 0, leased("e1", 1, lasts)))
		eventually(t, "a lease that ran out is still refused to others", func() bool {
			err := m.Append(t.Context(), c1, 1, leased("e2", 2, longLease))
			if err != nil {
				expectLease(t, err)
			}
			return err == nil
		})
		if took := time.Since(begin); took < lasts {
			t.Errorf("a lease for %v was taken over after %v", lasts, took)
		}
		expectLog(t, m, c1, 0, "e1", "e2")
	}},
	{"a lower epoch is refused", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, leased("e1", 1, shortLease)))
		runOut()
		must(t, m.Append(t.Context(), c1, 1, leased("e2", 2, longLease)))
		expectConflict(t, m.Append(t.Context(), c1, 2, leased("e3", 1, longLease)))
		expectConflict(t, m.Append(t.Context(), c1, 2, leased("e4", 1, 0)))
		must(t, m.Append(t.Context(), c1, 2, leased("e5", 2, 0)))
		expectConflict(t, m.Append(t.Context(), c1, 3, leased("e6", 1, longLease))) // although nobody has it
		expectLog(t, m, c1, 0, "e1", "e2", "e5")
	}},
	{"a lease is renewed", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, leased("e1", 1, shortLease)))
		runOut()
		must(t, m.Renew(t.Context(), c1, 1, longLease)) // nobody took it over
		expectLease(t, m.Append(t.Context(), c1, 1, leased("e2", 2, longLease)))
		expectLog(t, m, c1, 0, "e1")
		must(t, m.Renew(t.Context(), c1, 1, shortLease)) // from now on, not from its end
		runOut()
		must(t, m.Append(t.Context(), c1, 1, leased("e3", 2, longLease)))
	}},
	{"a lease that is gone is not renewed", func(t *testing.T, m frontdesk.SharedMemory) {
		expectConflict(t, m.Renew(t.Context(), c1, 1, longLease)) // there is no conversation
		must(t, m.Append(t.Context(), c1, 0, entry("e1", `{}`)))
		expectConflict(t, m.Renew(t.Context(), c1, 0, longLease)) // there was no lease
		must(t, m.Append(t.Context(), c1, 1, leased("e2", 2, shortLease)))
		expectConflict(t, m.Renew(t.Context(), c1, 1, longLease))
		expectConflict(t, m.Renew(t.Context(), c1, 3, longLease))
		runOut()
		must(t, m.Append(t.Context(), c1, 2, leased("e3", 3, longLease)))
		expectConflict(t, m.Renew(t.Context(), c1, 2, longLease)) // it was taken over
		must(t, m.Append(t.Context(), c1, 3, leased("e4", 3, 0)))
		expectConflict(t, m.Renew(t.Context(), c1, 3, longLease)) // it was ended
		must(t, m.Append(t.Context(), c1, 4, leased("e5", 5, longLease)))
	}},
	{"a refused lease leaves everything as it is", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, leased("e1", 1, longLease)))
		account := frontdesk.Account{Name: "sum", Limit: 1, Period: century}
		first := changing("e2", frontdesk.Changes{Claims: []string{"claim"}, Counts: []frontdesk.Count{{Account: account, Amount: 1}}})
		expectLease(t, m.Append(t.Context(), c1, 1, first, leased("e3", 2, longLease)))
		expectLog(t, m, c1, 0, "e1")
		must(t, m.Append(t.Context(), c1, 1, first))
	}},
	{"a lease is not had without its entries", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, changing("e1", frontdesk.Changes{Claims: []string{"claim"}})))
		expectConflict(t, m.Append(t.Context(), c1, 0, leased("e2", 1, longLease)))
		if err := m.Append(t.Context(), c1, 1, leased("e3", 2, longLease), changing("e4", frontdesk.Changes{Claims: []string{"claim"}})); err == nil {
			t.Error("a name was claimed twice")
		}
		must(t, m.Append(t.Context(), c1, 1, leased("e5", 1, longLease))) // neither epoch was taken
	}},
	{"a canceled renewal does nothing", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, leased("e1", 1, shortLease)))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if m.Renew(ctx, c1, 1, longLease) == nil {
			t.Error("renewing with a canceled context succeeded")
		}
		runOut()
		if _, err := m.Expired(ctx, 1); err == nil {
			t.Error("looking for leases that ran out with a canceled context succeeded")
		}
		must(t, m.Append(t.Context(), c1, 1, leased("e2", 2, longLease)))
	}},
	{"leases that ran out are found, the first first", func(t *testing.T, m frontdesk.SharedMemory) {
		expectExpired(t, m, 10)
		d, a, b := conversation("d"), conversation("a"), frontdesk.ConversationID{ID: "b"}
		must(t, m.Append(t.Context(), a, 0, leased("e1", 1, longLease)))
		must(t, m.Append(t.Context(), d, 0, leased("e2", 1, shortLease)))
		must(t, m.Append(t.Context(), b, 0, entry("e3", `{}`), leased("e4", 2, longLease)))
		must(t, m.Append(t.Context(), b, 2, leased("e5", 2, shortLease)))
		must(t, m.Append(t.Context(), conversation("none"), 0, entry("e6", `{}`)))
		must(t, m.Append(t.Context(), conversation("ended"), 0, leased("e7", 1, shortLease), leased("e8", 1, 0)))
		must(t, m.Append(t.Context(), conversation("alive"), 0, leased("e9", 1, longLease)))
		must(t, m.Append(t.Context(), conversation("kept"), 0, leased("e10", 1, shortLease)))
		must(t, m.Renew(t.Context(), conversation("kept"), 1, longLease))
		must(t, m.Renew(t.Context(), a, 1, shortLease))
		runOut()
		expectExpired(t, m, 0)
		expectExpired(t, m, 2, d, b)
		expectExpired(t, m, 10, a)
	}},
	{"callers at the same time find different leases", func(t *testing.T, m frontdesk.SharedMemory) {
		const conversations, callers = 24, 6
		for i := range conversations {
			must(t, m.Append(t.Context(), conversation(fmt.Sprint(i)), 0, leased(fmt.Sprint("e", i), 1, shortLease)))
		}
		runOut()
		var (
			group sync.WaitGroup
			found [callers][]frontdesk.ConversationID
		)
		for i := range callers {
			group.Go(func() {
				var err error
				if found[i], err = m.Expired(t.Context(), conversations/callers); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		seen := make(map[frontdesk.ConversationID]bool)
		for _, id := range slices.Concat(found[:]...) {
			if seen[id] {
				t.Errorf("conversation %v was found by two callers", id)
			}
			seen[id] = true
		}
		if len(seen) == 0 {
			t.Error("none of the callers found a conversation")
		}
	}},
	{"a lease that was found and left is found again", func(t *testing.T, m frontdesk.SharedMemory) {
		if testing.Short() {
			t.Skip("it takes seconds: run without -short")
		}
		t.Parallel()
		must(t, m.Append(t.Context(), c1, 0, leased("e1", 1, shortLease)))
		runOut()
		expectExpired(t, m, 1, c1)
		eventually(t, "a conversation that was found once is never found again", func() bool {
			found, err := m.Expired(t.Context(), 1)
			must(t, err)
			return len(found) == 1
		})
	}},
}

// leased is an entry that takes, keeps or ends a lease.
func leased(id string, epoch int64, duration time.Duration) frontdesk.Entry {
	return changing(id, frontdesk.Changes{Lease: &frontdesk.Lease{Epoch: epoch, Duration: duration}})
}

// runOut waits until every short lease has run out, whoever's clock that is.
func runOut() { time.Sleep(10 * shortLease) }

// patience is how long to wait for what has to happen some time.
func patience() time.Duration {
	if testing.Short() {
		return 4 * time.Second
	}
	return 20 * time.Second
}

// eventually waits until something is so.
func eventually(t *testing.T, otherwise string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience()); !so(); time.Sleep(5 * time.Millisecond) {
		if t.Failed() {
			t.FailNow()
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s, after %v", otherwise, patience())
		}
	}
}

func expectConflict(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, frontdesk.ErrConflict) {
		t.Fatalf("got error %v, want ErrConflict", err)
	}
}

func expectLease(t *testing.T, err error) {
	t.Helper()
	expectConflict(t, err)
	var lease *frontdesk.LeaseError
	if !errors.As(err, &lease) {
		t.Fatalf("got error %v, want a *LeaseError", err)
	}
	if lease.Remaining <= 0 || lease.Remaining > longLease {
		t.Fatalf("the lease is said to last for %v, want no more than %v", lease.Remaining, longLease)
	}
}

func expectExpired(t *testing.T, m frontdesk.SharedMemory, most int, want ...frontdesk.ConversationID) {
	t.Helper()
	found, err := m.Expired(t.Context(), most)
	must(t, err)
	if !slices.Equal(found, want) {
		t.Fatalf("at most %d leases that ran out: found %q, want %q", most, found, want)
	}
}
