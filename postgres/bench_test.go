package postgres_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/postgres"
)

// openWide opens a store with a connection for each of 64 callers.
func openWide(b *testing.B) *postgres.Store {
	b.Helper()
	url := databaseURL(b)
	config, err := pgxpool.ParseConfig(url)
	require.NoError(b, err)
	config.MaxConns = 64
	pool, err := pgxpool.NewWithConfig(b.Context(), config)
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	store, err := postgres.Open(b.Context(), postgres.Config{Pool: pool, Schema: newSchema(b, url)})
	require.NoError(b, err)
	return store
}

// spread runs b.N operations on some goroutines, and returns how long each took.
func spread(b *testing.B, goroutines int, operation func(n int) error) []time.Duration {
	var (
		group sync.WaitGroup
		next  atomic.Int64
		times = make([]time.Duration, b.N)
	)
	b.ResetTimer()
	for range goroutines {
		group.Go(func() {
			for {
				n := int(next.Add(1) - 1)
				if n >= b.N {
					return
				}
				begin := time.Now()
				if err := operation(n); err != nil {
					b.Error(err)
					return
				}
				times[n] = time.Since(begin)
			}
		})
	}
	group.Wait()
	b.StopTimer()
	slices.Sort(times)
	return times
}

func sample(n int) frontdesk.Entry {
	data, _ := json.Marshal(map[string]string{"text": strings.Repeat("lamp ", 120)})
	return frontdesk.Entry{ID: fmt.Sprint("entry-", n), Kind: frontdesk.EntryPosted, Version: 1, Turn: "turn", Time: time.Now(), Data: data}
}

// BenchmarkAppend appends two entries of 600 bytes to conversations of ten
// appends each.
func BenchmarkAppend(b *testing.B) {
	for _, goroutines := range []int{1, 64} {
		b.Run(fmt.Sprint("goroutines=", goroutines), func(b *testing.B) {
			store := openWide(b)
			locks := make([]sync.Mutex, b.N/10+1)
			lasts := make([]int64, len(locks))
			spread(b, goroutines, func(n int) error {
				c := n % len(locks)
				locks[c].Lock()
				defer locks[c].Unlock()
				id := frontdesk.ConversationID{Tenant: "acme", ID: fmt.Sprint("conversation-", c)}
				err := store.Append(b.Context(), id, lasts[c], sample(2*n), sample(2*n+1))
				lasts[c] += 2
				return err
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
		})
	}
}

// BenchmarkTurn does what a turn over one write tool asks of the store: it loads
// the conversation, takes the lease with the message, records the intent with a claim
// and a count, its result, and the answer with the end of the lease.
func BenchmarkTurn(b *testing.B) {
	for _, goroutines := range []int{1, 64} {
		b.Run(fmt.Sprint("goroutines=", goroutines), func(b *testing.B) {
			store := openWide(b)
			turn := func(n int) error {
				id := frontdesk.ConversationID{Tenant: "acme", ID: fmt.Sprint("conversation-", n)}
				log, err := store.Load(b.Context(), id, 0)
				if err != nil {
					return err
				}
				account := frontdesk.Account{Name: fmt.Sprint("customer ", n%1000), Limit: 1 << 30, Period: 24 * time.Hour}
				last := int64(len(log))
				epoch := last + 1
				for step, changes := range []frontdesk.Changes{
					{Customer: fmt.Sprint("customer ", n%1000), Lease: &frontdesk.Lease{Epoch: epoch, Duration: time.Minute}},
					{Claims: []string{fmt.Sprint("order ", n)}, Counts: []frontdesk.Count{{Account: account, Amount: 1}}},
					{},
					{},
				} {
					if changes.Lease == nil {
						changes.Lease = &frontdesk.Lease{Epoch: epoch, Duration: time.Minute}
					}
					if step == 3 {
						changes.Lease.Duration = 0
					}
					entry := sample(4*n + step)
					entry.Changes = &changes
					if err := store.Append(b.Context(), id, last, entry); err != nil {
						return err
					}
					last++
				}
				return nil
			}
			times := spread(b, goroutines, turn)
			b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "turns/s")
		})
	}
}

// BenchmarkRetrieve searches 10,000 passages by words.
func BenchmarkRetrieve(b *testing.B) {
	p := openPassages(b, databaseURL(b), postgres.PassagesConfig{})
	topics := strings.Fields("refund card transfer account fee limit cheque loan mortgage deposit interest balance statement branch currency exchange rate insurance pension cash")
	var passages []frontdesk.Passage
	for i := range 10_000 {
		var text strings.Builder
		for word := range 60 {
			fmt.Fprintf(&text, "%s w%d ", topics[(i*word+i)%len(topics)], (i*31+word*word)%5000)
		}
		passages = append(passages, frontdesk.Passage{ID: fmt.Sprint(i), Text: text.String()})
	}
	put(b, p, nil, passages...)
	for name, text := range map[string]string{"rare words": "w17 w4018 w977", "a common word": "w17 mortgage w977"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				find(b, p, frontdesk.Query{Text: text, TopK: 5})
			}
		})
	}
}
