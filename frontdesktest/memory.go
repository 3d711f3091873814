package frontdesktest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// TestMemory checks that a store keeps the contract of [frontdesk.Memory], and
// those of [frontdesk.SharedMemory], [frontdesk.CustomerMemory] and
// [frontdesk.Ledger] where it has their methods: what it has not is skipped.
// open returns an empty store, new each time; it cleans up with t.Cleanup.
//
// It takes some seconds, because leases have to run out; fewer with -short.
// [TestDurable] checks what is left after a store was closed.
func TestMemory(t *testing.T, open func(t *testing.T) frontdesk.Memory) {
	opened := func(t *testing.T) any { return open(t) }
	check(t, opened, "frontdesk.Memory", memoryRules())
	check(t, opened, "frontdesk.SharedMemory", leaseRules)
	check(t, opened, "frontdesk.SharedMemory", claimRules)
	check(t, opened, "frontdesk.SharedMemory", countRules)
	check(t, opened, "frontdesk.CustomerMemory", customerRules)
	check(t, opened, "frontdesk.Ledger", ledgerRules)
}

// rule is one thing that a contract asks for. S is the contract.
type rule[S any] struct {
	name string
	run  func(t *testing.T, store S)
}

// check runs each rule on a store of its own.
func check[S any](t *testing.T, open func(t *testing.T) any, contract string, rules []rule[S]) {
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			opened := open(t)
			store, ok := opened.(S)
			if !ok {
				t.Skipf("%T is no %s", opened, contract)
			}
			rule.run(t, store)
		})
	}
}

// c1 and c2 are the conversations of most rules.
var c1, c2 = conversation("c-1"), conversation("c-2")

func conversation(id string) frontdesk.ConversationID {
	return frontdesk.ConversationID{Tenant: "acme", ID: id}
}

func memoryRules() []rule[frontdesk.Memory] {
	id := c1
	return []rule[frontdesk.Memory]{
		{"an unknown conversation is empty", func(t *testing.T, m frontdesk.Memory) {
			expectLog(t, m, id, 0)
			expectLog(t, m, id, 7)
		}},
		{"entries come back as they went in", func(t *testing.T, m frontdesk.Memory) {
			first, second := entry("e1", `{"text":"größe 🧦 \" \\ \n"}`), entry("e2", `{}`)
			first.Sequence = 99 // the store numbers entries itself
			must(t, m.Append(t.Context(), id, 0, first, second))
			must(t, m.Append(t.Context(), id, 2, entry("e3", `{"n":12345678901234567890}`)))
			log := expectLog(t, m, id, 0, "e1", "e2", "e3")
			expectEntry(t, log[0], first)
			if !bytes.Contains(log[2].Data, []byte("12345678901234567890")) {
				t.Errorf("a large number lost digits: %s", log[2].Data)
			}
		}},
		{"load starts after the given entry", func(t *testing.T, m frontdesk.Memory) {
			must(t, m.Append(t.Context(), id, 0, entry("e1", `{}`), entry("e2", `{}`), entry("e3", `{}`)))
			expectLog(t, m, id, 1, "e2", "e3")
			expectLog(t, m, id, 3)
			expectLog(t, m, id, 4)
		}},
		{"append refuses what is not next", func(t *testing.T, m frontdesk.Memory) {
			must(t, m.Append(t.Context(), id, 0, entry("e1", `{}`)))
			for _, last := range []int64{0, 2, -1} {
				err := m.Append(t.Context(), id, last, entry(fmt.Sprint("late", last), `{}`))
				if !errors.Is(err, frontdesk.ErrConflict) {
					t.Errorf("append after %d of 1: got error %v, want ErrConflict", last, err)
				}
			}
			expectLog(t, m, id, 0, "e1")
		}},
		{"conversations and tenants are apart", func(t *testing.T, m frontdesk.Memory) {
			ids := []frontdesk.ConversationID{
				{ID: "c"}, {Tenant: "a", ID: "c"}, {Tenant: "a/c", ID: ""}, {Tenant: "", ID: "a/c"}, {Tenant: "a", ID: "C"},
				{ID: "c "}, {ID: "ç/../\x00'\"%_"}, {ID: string(bytes.Repeat([]byte("x"), 500))},
			}
			for i, id := range ids {
				must(t, m.Append(t.Context(), id, 0, entry(fmt.Sprint("e", i), `{}`)))
			}
			for i, id := range ids {
				expectLog(t, m, id, 0, fmt.Sprint("e", i))
			}
		}},
		{"big entries", func(t *testing.T, m frontdesk.Memory) {
			data, err := json.Marshal(map[string]string{"text": string(bytes.Repeat([]byte("lamp "), 400_000))})
			must(t, err)
			must(t, m.Append(t.Context(), id, 0, entry("big", string(data))))
			if log := expectLog(t, m, id, 0, "big"); len(log) == 1 && !sameJSON(log[0].Data, data) {
				t.Error("a big entry came back changed")
			}
		}},
		{"long conversations", func(t *testing.T, m frontdesk.Memory) {
			const length, batch = 10_000, 100
			for last := 0; last < length; last += batch {
				entries := make([]frontdesk.Entry, batch)
				for i := range entries {
					entries[i] = entry(fmt.Sprint("e", last+i+1), `{"text":"hello"}`)
				}
				must(t, m.Append(t.Context(), id, int64(last), entries...))
			}
			expectLog(t, m, id, length-2, fmt.Sprint("e", length-1), fmt.Sprint("e", length))
			log, err := m.Load(t.Context(), id, 0)
			must(t, err)
			if len(log) != length {
				t.Errorf("loaded %d of %d entries", len(log), length)
			}
		}},
		{"of concurrent appends one wins", func(t *testing.T, m frontdesk.Memory) {
			const writers, rounds = 8, 20
			var group sync.WaitGroup
			for w := range writers {
				group.Go(func() {
					for r := range rounds {
						appendNext(t, m, id, entry(fmt.Sprintf("e%d-%d", w, r), `{}`), entry(fmt.Sprintf("f%d-%d", w, r), `{}`))
					}
				})
			}
			group.Wait()
			expectPairs(t, m, id, writers*rounds)
		}},
		{"a canceled append or load does nothing", func(t *testing.T, m frontdesk.Memory) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := m.Append(ctx, id, 0, entry("e1", `{}`)); err == nil {
				t.Error("append with a canceled context succeeded")
			}
			if _, err := m.Load(ctx, id, 0); err == nil {
				t.Error("load with a canceled context succeeded")
			}
			expectLog(t, m, id, 0)
		}},
		{"what was loaded is the caller's", func(t *testing.T, m frontdesk.Memory) {
			data := []byte(`{"text":"kept"}`)
			e := entry("e1", "")
			e.Data = data
			must(t, m.Append(t.Context(), id, 0, e))
			copy(data, `{"text":"gone"}`)
			log := expectLog(t, m, id, 0, "e1")
			log[0].ID = "changed"
			if log = expectLog(t, m, id, 0, "e1"); len(log) == 1 && !sameJSON(log[0].Data, []byte(`{"text":"kept"}`)) {
				t.Errorf("the log changed with the caller's memory: %s", log[0].Data)
			}
		}},
		{"an append that is canceled midway is there as a whole or not at all", canceledMidway},
	}
}

// canceledMidway cancels appends at ever later moments. Each of them is whole
// or absent whenever one looks, and there if it was acknowledged.
func canceledMidway(t *testing.T, m frontdesk.Memory) {
	const rounds, entries = 40, 20
	batch := func(name string) []frontdesk.Entry {
		batch := make([]frontdesk.Entry, entries)
		for i := range batch {
			batch[i] = entry(fmt.Sprintf("%s-%d", name, i), `{"text":"hello"}`)
		}
		return batch
	}
	begin := time.Now()
	must(t, m.Append(t.Context(), c2, 0, batch("whole")...))
	usual := time.Since(begin)
	for round := range rounds {
		ctx, cancel := context.WithTimeout(t.Context(), 2*usual*time.Duration(round)/rounds)
		id := conversation(fmt.Sprint("canceled ", round))
		err := m.Append(ctx, id, 0, batch(id.ID)...)
		cancel()
		log, loading := m.Load(t.Context(), id, 0)
		must(t, loading)
		if len(log) != entries && (len(log) > 0 || err == nil) {
			t.Fatalf("%d of %d entries are there after an append that returned %v", len(log), entries, err)
		}
	}
}

func entry(id, data string) frontdesk.Entry {
	return frontdesk.Entry{
		ID:      id,
		Kind:    frontdesk.EntryPosted,
		Version: 1,
		Turn:    "t-1",
		Time:    time.Date(2026, 2, 3, 4, 5, 6, 7000, time.UTC),
		Data:    json.RawMessage(data),
	}
}

// appendNext appends behind whatever is there.
func appendNext(t *testing.T, m frontdesk.Memory, id frontdesk.ConversationID, entries ...frontdesk.Entry) {
	t.Helper()
	const most = 1000
	last := int64(0)
	for range most {
		err := m.Append(t.Context(), id, last, entries...)
		if err == nil {
			return
		}
		if !errors.Is(err, frontdesk.ErrConflict) {
			t.Error(err)
			return
		}
		log, err := m.Load(t.Context(), id, 0)
		if err != nil {
			t.Error(err)
			return
		}
		last = int64(len(log))
	}
	t.Errorf("append behind the newest entry met %d conflicts in a row", most)
}

func expectLog(t *testing.T, m frontdesk.Memory, id frontdesk.ConversationID, after int64, ids ...string) []frontdesk.Entry {
	t.Helper()
	log, err := m.Load(t.Context(), id, after)
	must(t, err)
	if len(log) != len(ids) {
		t.Fatalf("conversation %q after %d: %d entries, want %d", id, after, len(log), len(ids))
	}
	for i, entry := range log {
		if entry.ID != ids[i] || entry.Sequence != after+int64(i)+1 {
			t.Fatalf("conversation %q: entry %d is %s with number %d, want %s", id, i, entry.ID, entry.Sequence, ids[i])
		}
	}
	return log
}

// expectEntry checks that an entry is as it was appended, but for its number.
func expectEntry(t *testing.T, got, want frontdesk.Entry) {
	t.Helper()
	if got.ID != want.ID || got.Kind != want.Kind || got.Version != want.Version || got.Turn != want.Turn ||
		!got.Time.Equal(want.Time) || !sameJSON(got.Data, want.Data) {
		t.Errorf("loaded %+v, appended %+v", got, want)
	}
}

// expectPairs checks that a log consists of so many appends of an entry e… and
// an entry f… each.
func expectPairs(t *testing.T, m frontdesk.Memory, id frontdesk.ConversationID, pairs int) {
	t.Helper()
	log, err := m.Load(t.Context(), id, 0)
	must(t, err)
	if len(log) != 2*pairs {
		t.Fatalf("%d entries, want %d", len(log), 2*pairs)
	}
	for i := 0; i < len(log); i += 2 {
		if log[i].Sequence != int64(i+1) || log[i+1].Sequence != int64(i+2) || log[i+1].ID != "f"+strings.TrimPrefix(log[i].ID, "e") {
			t.Fatalf("entries %d and %d are not those of one append: %s, %s", i+1, i+2, log[i].ID, log[i+1].ID)
		}
	}
}

func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && fmt.Sprint(x) == fmt.Sprint(y)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
