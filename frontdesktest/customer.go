package frontdesktest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/frontdesk-go/frontdesk"
)

var customerRules = []rule[frontdesk.CustomerMemory]{
	{"a customer's conversations are found, the newest first", func(t *testing.T, m frontdesk.CustomerMemory) {
		expectConversations(t, m, "acme", "ana", 10)
		b, a, c := conversation("b"), conversation("a"), conversation("c")
		must(t, m.Append(t.Context(), b, 0, owned("e1", "ana")))
		must(t, m.Append(t.Context(), a, 0, entry("e2", `{}`), owned("e3", "ana")))
		must(t, m.Append(t.Context(), c, 0, owned("e4", "ana")))
		must(t, m.Append(t.Context(), conversation("nobody's"), 0, entry("e5", `{}`)))
		expectConversations(t, m, "acme", "ana", 10, c, a, b)
		must(t, m.Append(t.Context(), b, 1, entry("e6", `{}`)))
		expectConversations(t, m, "acme", "ana", 10, b, c, a)
		expectConversations(t, m, "acme", "ana", 2, b, c)
		expectConversations(t, m, "acme", "ana", 0)
		expectConflict(t, m.Append(t.Context(), a, 0, owned("e7", "ana")))
		expectConversations(t, m, "acme", "ana", 10, b, c, a)
	}},
	{"customers and tenants have their own conversations", func(t *testing.T, m frontdesk.CustomerMemory) {
		other := frontdesk.ConversationID{Tenant: "other", ID: c1.ID}
		alone := frontdesk.ConversationID{ID: c1.ID}
		must(t, m.Append(t.Context(), c1, 0, owned("e1", "ana")))
		must(t, m.Append(t.Context(), other, 0, owned("e2", "ana")))
		must(t, m.Append(t.Context(), alone, 0, owned("e3", "ana")))
		must(t, m.Append(t.Context(), c2, 0, owned("e4", "Ana")))
		must(t, m.Append(t.Context(), conversation("none"), 0, owned("e5", "")))
		expectConversations(t, m, "acme", "ana", 10, c1)
		expectConversations(t, m, "other", "ana", 10, other)
		expectConversations(t, m, "", "ana", 10, alone)
		expectConversations(t, m, "acme", "Ana", 10, c2)
		expectConversations(t, m, "acme", "", 10)
		expectConversations(t, m, "acme", "a%", 10)
	}},
	{"customers are any text", func(t *testing.T, m frontdesk.CustomerMemory) {
		names := []string{"a", "a ", "á", "a\x00b", `a'"%_\`, strings.Repeat("x", 500)}
		for i, name := range names {
			must(t, m.Append(t.Context(), conversation(fmt.Sprint(i)), 0, owned(fmt.Sprint("e", i), name)))
		}
		for i, name := range names {
			expectConversations(t, m, "acme", name, 10, conversation(fmt.Sprint(i)))
		}
	}},
	{"a conversation may come to belong to another customer", func(t *testing.T, m frontdesk.CustomerMemory) {
		must(t, m.Append(t.Context(), c1, 0, owned("e1", "ana")))
		must(t, m.Append(t.Context(), c1, 1, owned("e2", "bob"), owned("e3", "")))
		expectConversations(t, m, "acme", "ana", 10)
		expectConversations(t, m, "acme", "bob", 10, c1)
	}},
	{"a refused append changes no owner", func(t *testing.T, m frontdesk.CustomerMemory) {
		shared := needs[frontdesk.SharedMemory](t, m)
		must(t, shared.Append(t.Context(), c1, 0, owned("e1", "ana"), claiming("e2", "a")))
		expectClaimed(t, shared.Append(t.Context(), c1, 2, owned("e3", "bob"), claiming("e4", "a")), "a", c1)
		expectClaimed(t, shared.Append(t.Context(), c2, 0, owned("e5", "bob"), claiming("e6", "a")), "a", c1)
		expectConversations(t, m, "acme", "bob", 10)
		expectConversations(t, m, "acme", "ana", 10, c1)
	}},
	{"a customer is erased, and nobody else", func(t *testing.T, m frontdesk.CustomerMemory) {
		other := frontdesk.ConversationID{Tenant: "other", ID: c1.ID}
		must(t, m.Append(t.Context(), c1, 0, owned("e1", "ana"), entry("e2", `{}`)))
		must(t, m.Append(t.Context(), c2, 0, owned("e3", "ana")))
		must(t, m.Append(t.Context(), other, 0, owned("e4", "ana")))
		must(t, m.Append(t.Context(), conversation("bob's"), 0, owned("e5", "bob")))
		must(t, m.Append(t.Context(), conversation("nobody's"), 0, entry("e6", `{}`)))
		must(t, m.Append(t.Context(), conversation("given"), 0, owned("e7", "ana"), owned("e8", "bob")))
		for range 2 { // a request that comes again is no error
			must(t, m.Erase(t.Context(), "acme", "ana"))
		}
		must(t, m.Erase(t.Context(), "acme", "nobody knows"))
		must(t, m.Erase(t.Context(), "acme", ""))
		must(t, m.Erase(t.Context(), "acme", "a%"))
		expectConversations(t, m, "acme", "ana", 10)
		expectLog(t, m, c1, 0)
		expectLog(t, m, c2, 0)
		expectLog(t, m, other, 0, "e4")
		expectLog(t, m, conversation("bob's"), 0, "e5")
		expectLog(t, m, conversation("nobody's"), 0, "e6")
		expectLog(t, m, conversation("given"), 0, "e7", "e8")
	}},
	{"an erased conversation begins anew", func(t *testing.T, m frontdesk.CustomerMemory) {
		must(t, m.Append(t.Context(), c1, 0, owned("e1", "ana"), entry("e2", `{}`)))
		must(t, m.Erase(t.Context(), "acme", "ana"))
		expectConflict(t, m.Append(t.Context(), c1, 2, entry("e3", `{}`)))
		must(t, m.Append(t.Context(), c1, 0, entry("e4", `{}`)))
		expectLog(t, m, c1, 0, "e4")
		expectConversations(t, m, "acme", "ana", 10) // nobody said whose it is now
		must(t, m.Append(t.Context(), c1, 1, owned("e5", "ana")))
		expectConversations(t, m, "acme", "ana", 10, c1)
	}},
	{"what an erased conversation had goes, what it did stays", func(t *testing.T, m frontdesk.CustomerMemory) {
		shared := needs[frontdesk.SharedMemory](t, m)
		account := frontdesk.Account{Name: "sum", Limit: 5, Period: century}
		must(t, m.Append(t.Context(), c1, 0, owned("e1", "ana"), entry("e2", `{}`), leased("e3", 3, longLease),
			claiming("e4", "refund"), counting("e5", account, 5)))
		must(t, m.Append(t.Context(), c2, 0, owned("e6", "ana"), leased("e7", 2, shortLease)))
		must(t, m.Erase(t.Context(), "acme", "ana"))
		runOut()
		expectConflict(t, shared.Renew(t.Context(), c1, 3, longLease))
		expectExpired(t, shared, 10)
		must(t, m.Append(t.Context(), c1, 0, leased("e8", 1, longLease)))
		nobody := frontdesk.ConversationID{}
		expectClaimed(t, m.Append(t.Context(), c2, 0, claiming("e9", "refund")), "refund", nobody)
		expectQuota(t, m.Append(t.Context(), c2, 0, counting("e10", account, 1)), account)
	}},
	{"a customer is erased while they write", func(t *testing.T, m frontdesk.CustomerMemory) {
		const erasures, writers = 10, 4
		var group sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		defer group.Wait()
		defer cancel()
		for w := range writers {
			id := conversation(fmt.Sprint(w))
			must(t, m.Append(t.Context(), id, 0, owned("first", "ana")))
			group.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					log, err := m.Load(ctx, id, 0)
					if err == nil {
						err = m.Append(ctx, id, int64(len(log)), owned(fmt.Sprintf("e%d-%d", w, n), "ana"), owned(fmt.Sprintf("f%d-%d", w, n), "ana"))
					}
					if err != nil && ctx.Err() == nil && !errors.Is(err, frontdesk.ErrConflict) {
						t.Error(err)
						return
					}
				}
			})
		}
		for range erasures {
			before := make(map[string]bool)
			for w := range writers {
				log, err := m.Load(t.Context(), conversation(fmt.Sprint(w)), 0)
				must(t, err)
				for _, entry := range log {
					before[entry.ID] = true
				}
			}
			must(t, m.Erase(t.Context(), "acme", "ana"))
			for w := range writers {
				log, err := m.Load(t.Context(), conversation(fmt.Sprint(w)), 0)
				must(t, err)
				for i, entry := range log {
					if before[entry.ID] || entry.Sequence != int64(i+1) {
						t.Fatalf("after everything was erased, entry %d is %s with number %d", i+1, entry.ID, entry.Sequence)
					}
				}
				if len(log)%2 != 0 {
					t.Fatalf("half of an append is left")
				}
			}
		}
		cancel()
		group.Wait()
		must(t, m.Erase(t.Context(), "acme", "ana"))
		expectConversations(t, m, "acme", "ana", writers)
	}},
	{"a canceled erasure does nothing", func(t *testing.T, m frontdesk.CustomerMemory) {
		must(t, m.Append(t.Context(), c1, 0, owned("e1", "ana")))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if m.Erase(ctx, "acme", "ana") == nil {
			t.Error("erasing with a canceled context succeeded")
		}
		if _, err := m.Conversations(ctx, "acme", "ana", 1); err == nil {
			t.Error("looking for conversations with a canceled context succeeded")
		}
		expectLog(t, m, c1, 0, "e1")
	}},
}

// owned is an entry with which the conversation comes to belong to a customer.
func owned(id, customer string) frontdesk.Entry {
	return changing(id, frontdesk.Changes{Customer: customer})
}

// needs is the store by another contract, without which the rule is skipped.
func needs[S any](t *testing.T, m any) S {
	t.Helper()
	store, ok := m.(S)
	if !ok {
		t.Skipf("%T is no %T", m, &store)
	}
	return store
}

func expectConversations(t *testing.T, m frontdesk.CustomerMemory, tenant, customer string, most int, want ...frontdesk.ConversationID) {
	t.Helper()
	found, err := m.Conversations(t.Context(), tenant, customer, most)
	must(t, err)
	if !slices.Equal(found, want) {
		t.Fatalf("at most %d conversations of %q: found %q, want %q", most, customer, found, want)
	}
}
