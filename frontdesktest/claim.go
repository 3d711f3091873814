package frontdesktest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/frontdesk-go/frontdesk"
)

var claimRules = []rule[frontdesk.SharedMemory]{
	{"a name is claimed once", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, claiming("e1", "refund")))
		expectClaimed(t, m.Append(t.Context(), c2, 0, claiming("e2", "refund")), "refund", c1)
		expectClaimed(t, m.Append(t.Context(), c1, 1, claiming("e3", "refund")), "refund", c1)
		expectLog(t, m, c1, 0, "e1")
		expectLog(t, m, c2, 0)
		must(t, m.Append(t.Context(), c2, 0, claiming("e4", "another")))
	}},
	{"a name is not claimed twice in one append", func(t *testing.T, m frontdesk.SharedMemory) {
		expectClaimed(t, m.Append(t.Context(), c1, 0, claiming("e1", "a", "a")), "a", c1)
		expectClaimed(t, m.Append(t.Context(), c1, 0, claiming("e2", "a"), claiming("e3", "a")), "a", c1)
		expectLog(t, m, c1, 0)
		must(t, m.Append(t.Context(), c1, 0, claiming("e4", "a")))
	}},
	{"a name that was given back can be claimed", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, claiming("e1", "a", "b")))
		must(t, m.Append(t.Context(), c2, 0, changing("e2", frontdesk.Changes{Release: []string{"a", "never claimed"}})))
		must(t, m.Append(t.Context(), c2, 1, claiming("e3", "a")))
		expectClaimed(t, m.Append(t.Context(), c1, 1, claiming("e4", "a")), "a", c2)
		expectClaimed(t, m.Append(t.Context(), c2, 2, claiming("e5", "b")), "b", c1)
	}},
	{"a name is given back and claimed in one append", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, claiming("e1", "a", "b")))
		must(t, m.Append(t.Context(), c2, 0, changing("e2", frontdesk.Changes{Release: []string{"a"}, Claims: []string{"a"}})))
		expectClaimed(t, m.Append(t.Context(), c1, 1, claiming("e3", "a")), "a", c2)
		must(t, m.Append(t.Context(), c2, 1, changing("e4", frontdesk.Changes{Release: []string{"b"}}), claiming("e5", "b")))
		expectClaimed(t, m.Append(t.Context(), c1, 1, claiming("e6", "b")), "b", c2)
		must(t, m.Append(t.Context(), c2, 3, claiming("e7", "c"), changing("e8", frontdesk.Changes{Release: []string{"c"}})))
		must(t, m.Append(t.Context(), c1, 1, claiming("e9", "c")))
	}},
	{"a refused claim leaves everything as it is", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, claiming("e1", "a", "b")))
		account := frontdesk.Account{Name: "sum", Limit: 1, Period: century}
		expectClaimed(t, m.Append(t.Context(), c2, 0, claiming("e2", "c"),
			changing("e3", frontdesk.Changes{Counts: []frontdesk.Count{{Account: account, Amount: 1}}, Release: []string{"b"}}),
			claiming("e4", "d", "a")), "a", c1)
		expectLog(t, m, c2, 0)
		expectClaimed(t, m.Append(t.Context(), c2, 0, claiming("e5", "b")), "b", c1)
		must(t, m.Append(t.Context(), c2, 0, changing("e6", frontdesk.Changes{
			Claims: []string{"c", "d"}, Counts: []frontdesk.Count{{Account: account, Amount: 1}},
		})))
	}},
	{"an append that comes late claims nothing", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, claiming("e1", "a")))
		expectConflict(t, m.Append(t.Context(), c1, 0, claiming("e2", "b")))
		expectConflict(t, m.Append(t.Context(), c1, 0, changing("e3", frontdesk.Changes{Release: []string{"a"}})))
		expectClaimed(t, m.Append(t.Context(), c2, 0, claiming("e4", "a")), "a", c1)
		must(t, m.Append(t.Context(), c2, 0, claiming("e5", "b")))
	}},
	{"an append that is tried again is a conflict, not a refused claim", func(t *testing.T, m frontdesk.SharedMemory) {
		for range 2 { // as after an answer that was lost
			err := m.Append(t.Context(), c1, 0, claiming("e1", "a"))
			if err != nil {
				expectConflict(t, err)
			}
		}
		expectLog(t, m, c1, 0, "e1")
	}},
	{"names are any text", func(t *testing.T, m frontdesk.SharedMemory) {
		names := []string{"a", "A", "a ", "á", "a\x00b", "a'\"%_", strings.Repeat("x", 5000), strings.Repeat("x", 5001)}
		must(t, m.Append(t.Context(), c1, 0, claiming("e1", names...)))
		for i, name := range names {
			expectClaimed(t, m.Append(t.Context(), c2, 0, claiming(fmt.Sprint("f", i), name)), name, c1)
		}
		must(t, m.Append(t.Context(), c2, 0, claiming("e2", "a\x00")))
	}},
	{"of concurrent claims one wins", func(t *testing.T, m frontdesk.SharedMemory) {
		const claimants, rounds = 8, 10
		for round := range rounds {
			name := fmt.Sprint("refund ", round)
			var (
				group sync.WaitGroup
				won   atomic.Int64
			)
			for i := range claimants {
				id := conversation(fmt.Sprint(i))
				group.Go(func() {
					log, err := m.Load(t.Context(), id, 0)
					if err != nil {
						t.Error(err)
						return
					}
					err = m.Append(t.Context(), id, int64(len(log)), claiming(fmt.Sprintf("e%d-%d", i, round), name))
					var claimed *frontdesk.ClaimError
					switch {
					case err == nil:
						won.Add(1)
					case !errors.As(err, &claimed):
						t.Error(err)
					}
				})
			}
			group.Wait()
			if won.Load() != 1 {
				t.Fatalf("%d conversations claimed one name", won.Load())
			}
		}
		total := 0
		for i := range claimants {
			log, err := m.Load(t.Context(), conversation(fmt.Sprint(i)), 0)
			must(t, err)
			total += len(log)
		}
		if total != rounds {
			t.Errorf("%d entries for %d names", total, rounds)
		}
	}},
	{"changes are no part of the log", func(t *testing.T, m frontdesk.SharedMemory) {
		must(t, m.Append(t.Context(), c1, 0, claiming("e1", "a")))
		if log := expectLog(t, m, c1, 0, "e1"); log[0].Changes != nil {
			t.Errorf("loaded the changes %+v", log[0].Changes)
		}
	}},
}

// changing is an entry that changes something beside its conversation.
func changing(id string, changes frontdesk.Changes) frontdesk.Entry {
	e := entry(id, `{}`)
	e.Changes = &changes
	return e
}

func claiming(id string, names ...string) frontdesk.Entry {
	return changing(id, frontdesk.Changes{Claims: names})
}

func expectClaimed(t *testing.T, err error, name string, holder frontdesk.ConversationID) {
	t.Helper()
	var claimed *frontdesk.ClaimError
	if !errors.As(err, &claimed) {
		t.Fatalf("got error %v, want a *ClaimError", err)
	}
	if errors.Is(err, frontdesk.ErrConflict) {
		t.Fatalf("a refused claim is said to be a conflict, after which it would be tried again: %v", err)
	}
	if claimed.Claim != name || claimed.Holder != holder {
		t.Fatalf("the claim of %q is held by %q, want that of %q by %q", claimed.Claim, claimed.Holder, name, holder)
	}
}
