package sqlite_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// stores are those that are compared.
var stores = map[string]func(b *testing.B) frontdesk.SharedMemory{
	"memory": func(*testing.B) frontdesk.SharedMemory { return new(frontdesk.InMemory) },
	"sqlite": func(b *testing.B) frontdesk.SharedMemory { return open(b, filepath.Join(b.TempDir(), "bench.db")) },
}

// benchEntries is an append of two entries of 600 bytes, in a turn that keeps
// its lease, or ends it.
func benchEntries(customer, name string, epoch int64, lease time.Duration) []frontdesk.Entry {
	text, _ := json.Marshal(map[string][]byte{"text": bytes.Repeat([]byte("x"), 440)})
	entries := make([]frontdesk.Entry, 2)
	for i := range entries {
		entries[i] = frontdesk.Entry{ID: fmt.Sprint(name, "-", i), Kind: frontdesk.EntryPosted, Version: 1, Turn: "t-1", Time: time.Now(), Data: text}
	}
	entries[0].Changes = &frontdesk.Changes{Customer: customer, Lease: &frontdesk.Lease{Epoch: epoch, Duration: lease}}
	return entries
}

// BenchmarkTurn is what a store has to do with a turn: a load of what there is,
// and four appends of two entries. With several goroutines, each is another
// conversation that has 20 turns and is then a new one.
func BenchmarkTurn(b *testing.B) {
	for _, name := range []string{"memory", "sqlite"} {
		for _, goroutines := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/goroutines=%d", name, goroutines), func(b *testing.B) {
				const appends, turns = 4, 20
				store := stores[name](b)
				var (
					group sync.WaitGroup
					next  atomic.Int64
					took  = make([]time.Duration, b.N)
				)
				b.ResetTimer()
				for g := range goroutines {
					group.Go(func() {
						for turn := 0; ; turn++ {
							n := next.Add(1) - 1
							if n >= int64(b.N) {
								return
							}
							id := frontdesk.ConversationID{Tenant: "acme", ID: fmt.Sprintf("c-%d-%d", g, turn/turns)}
							begin := time.Now()
							log, err := store.Load(context.Background(), id, 0)
							last := int64(len(log))
							epoch := last + 1
							for a := range appends {
								if err == nil {
									lease := time.Duration(appends-1-a) * time.Minute // ended by the last
									err = store.Append(context.Background(), id, last, benchEntries(fmt.Sprint("cus-", g), fmt.Sprint(id.ID, "-", turn, "-", a), epoch, lease)...)
									last += 2
								}
							}
							if err != nil {
								b.Error(err)
								return
							}
							took[n] = time.Since(begin)
						}
					})
				}
				group.Wait()
				b.StopTimer()
				slices.Sort(took)
				b.ReportMetric(float64(appends*b.N)/b.Elapsed().Seconds(), "appends/s")
				b.ReportMetric(float64(took[b.N/2].Microseconds())/1000, "p50-ms/turn")
				b.ReportMetric(float64(took[b.N*99/100].Microseconds())/1000, "p99-ms/turn")
			})
		}
	}
}

// BenchmarkLoad reads a conversation of 100 entries.
func BenchmarkLoad(b *testing.B) {
	store := open(b, filepath.Join(b.TempDir(), "bench.db"))
	id := frontdesk.ConversationID{ID: "c"}
	for last := int64(0); last < 100; last += 2 {
		require.NoError(b, store.Append(b.Context(), id, last, benchEntries("cus", fmt.Sprint(last), 1, time.Minute)...))
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if log, err := store.Load(context.Background(), id, 0); err != nil || len(log) != 100 {
				b.Error(len(log), err)
			}
		}
	})
}
