package sqlite_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3/vfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/sqlite"
)

// faults is how many faults a test makes: a sample, or with FRONTDESK_FAULTS=all
// all of them, which takes a minute or two.
func faults(sample, all int) int {
	if os.Getenv("FRONTDESK_FAULTS") == "all" {
		return all
	}
	return sample
}

// The power fails at any write and any sync, while several conversations go on.
// What was acknowledged until then is there afterwards, no append is there in
// part, and the file is whole.
func TestPowerCuts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	cuts := faults(200, 4000)
	every := 1
	if cuts < 1000 {
		every = 8 // so that a sample sees the file grow
	}
	found := cutPower(t, newDisk(filepath.Join(t.TempDir(), "shm")), "FULL", cuts, every, seed)
	t.Logf("seed %d, %+v", seed, found)
	assert.NoError(t, found.first)
	assert.Equal(t, cuts, found.cuts)
	assert.Zero(t, found.lost, "cuts that lost what was acknowledged")
	assert.Zero(t, found.torn, "cuts that left a part of an append")
	assert.Zero(t, found.damaged, "cuts that damaged the file")
	assert.NotZero(t, found.survived, "appends that were not acknowledged yet and are there: without them, nothing was cut in the middle")
}

// The test above would find a store that does not sync each commit, and a disk
// that does not do what it is told.
func TestPowerCutsAreFelt(t *testing.T) {
	found := cutPower(t, newDisk(filepath.Join(t.TempDir(), "shm")), "NORMAL", 100, 8, 1)
	t.Logf("not synced: %+v", found)
	assert.NotZero(t, found.lost)
	assert.Zero(t, found.damaged)

	disk := newDisk(filepath.Join(t.TempDir(), "shm"))
	disk.lies = true
	found = cutPower(t, disk, "FULL", 100, 8, 1)
	t.Logf("a disk that lies: %+v", found)
	assert.NotZero(t, found.lost+found.damaged+found.torn)
}

// verdict counts cuts by what was found after them.
type verdict struct {
	cuts     int
	lost     int // something acknowledged is not there
	torn     int // something is there in part
	damaged  int // the file does not open, or SQLite finds damage
	survived int // something is there that was not acknowledged yet

	first error // that was found
}

const (
	cutWriters = 3
	cutAccount = "appends"
)

// cutPower lets writers append to a store, and cuts the power before every so
// many writes, syncs and deletions until it has done so often enough. Each time
// the disk is what is left of the writers' disk, which itself goes on.
func cutPower(t *testing.T, disk *disk, synchronous string, cuts, every int, seed uint64) verdict {
	var (
		random = rand.New(rand.NewPCG(seed, 0)) // with the disk's lock
		acked  [cutWriters]atomic.Int64         // appends
		made   atomic.Int64
		found  verdict
		mu     sync.Mutex
		checks sync.WaitGroup
		slots  = make(chan struct{}, 2)
		ctx    = t.Context()
	)
	writing, stop := context.WithCancel(ctx)
	defer stop()
	touched := 0
	disk.touch = func() {
		touched++
		if touched%every != 0 || made.Load() == int64(cuts) {
			return
		}
		if made.Add(1) == int64(cuts) {
			stop()
		}
		var promised [cutWriters]int
		for w := range promised {
			promised[w] = int(acked[w].Load())
		}
		n := made.Load()
		left := disk.afterCut(random, filepath.Join(filepath.Dir(disk.shared), fmt.Sprint("shm-", n)))
		slots <- struct{}{}
		checks.Go(func() {
			defer func() { <-slots }()
			result := inspect(ctx, left, fmt.Sprintf("%s-%d", t.Name(), n), promised)
			mu.Lock()
			defer mu.Unlock()
			found.cuts++
			found.lost += result.lost
			found.torn += result.torn
			found.damaged += result.damaged
			found.survived += result.survived
			found.first = cmp.Or(found.first, result.first)
		})
	}
	vfs.Register(t.Name(), disk)
	defer vfs.Unregister(t.Name())
	for writing.Err() == nil {
		store, err := sqlite.OpenOn(ctx, t.Name(), "/cut.db", synchronous, 30)
		require.NoError(t, err)
		var writers sync.WaitGroup
		for w := range cutWriters {
			writers.Go(func() {
				for range 25 { // and then the file is closed and opened again
					n := int(acked[w].Load())
					if writing.Err() != nil {
						return
					}
					if !assert.NoError(t, store.Append(ctx, cutConversation(w), cutLength(w, n), cutAppend(w, n)...)) {
						stop()
						return
					}
					acked[w].Store(int64(n + 1))
				}
			})
		}
		writers.Wait()
		require.NoError(t, store.Close())
	}
	checks.Wait()
	return found
}

// openOnDisk opens a store on a simulated disk for the length of a test.
func openOnDisk(t *testing.T, disk *disk) *sqlite.Store {
	t.Helper()
	vfs.Register(t.Name(), disk)
	store, err := sqlite.OpenOn(t.Context(), t.Name(), "/test.db", "FULL", 0)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, store.Close())
		vfs.Unregister(t.Name())
	})
	return store
}

func cutConversation(w int) frontdesk.ConversationID {
	return frontdesk.ConversationID{Tenant: "acme", ID: fmt.Sprint("c-", w)}
}

// cutEntries is how many entries the nth append of a writer has.
func cutEntries(w, n int) int { return 1 + (n*7+w)%4 }

// cutLength is how many entries a conversation has before the nth append.
func cutLength(w, n int) (length int64) {
	for i := range n {
		length += int64(cutEntries(w, i))
	}
	return length
}

// cutAppend is the nth append of a writer. All in it follows from its number.
func cutAppend(w, n int) []frontdesk.Entry {
	entries := make([]frontdesk.Entry, cutEntries(w, n))
	for i := range entries {
		name := fmt.Sprintf("%d-%d-%d", w, n, i)
		hash := fnv.New32()
		_, _ = hash.Write([]byte(name))
		size := int(hash.Sum32() % 1500)
		if n%20 == 0 {
			size *= 10
		}
		data, _ := json.Marshal(map[string]string{"text": strings.Repeat(name+" ", size/len(name))})
		entries[i] = frontdesk.Entry{ID: name, Kind: frontdesk.EntryPosted, Version: 1, Time: time.Unix(int64(n), 0).UTC(), Data: data}
	}
	entries[0].Changes = &frontdesk.Changes{
		Customer: "ana",
		Claims:   []string{cutClaim(w, n)},
		Counts:   []frontdesk.Count{{Account: frontdesk.Account{Name: cutAccount, Limit: 1 << 30, Period: cutPeriod}, Amount: 1}},
		Lease:    &frontdesk.Lease{Epoch: int64(n), Duration: time.Nanosecond},
	}
	return entries
}

const cutPeriod = 200 * 365 * 24 * time.Hour

func cutClaim(w, n int) string { return fmt.Sprintf("claim %d-%d", w, n) }

// inspect opens what a cut has left and compares it with what was promised.
func inspect(ctx context.Context, left *disk, name string, promised [cutWriters]int) (result verdict) {
	vfs.Register(name, left)
	defer vfs.Unregister(name)
	defer os.Remove(left.shared)
	damaged := func(err error) verdict { return verdict{damaged: 1, first: fmt.Errorf("%s: %w", name, err)} }
	store, err := sqlite.OpenOn(ctx, name, "/cut.db", "FULL", 0)
	if err != nil {
		return damaged(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			result = damaged(err)
		}
	}()
	if err := store.CheckIntegrity(ctx); err != nil {
		return damaged(err)
	}
	total := 0
	for w := range cutWriters {
		log, err := store.Load(ctx, cutConversation(w), 0)
		if err != nil {
			return damaged(err)
		}
		appends := 0
		for len(log) > 0 {
			want := cutAppend(w, appends)
			if len(log) < len(want) || !same(log[:len(want)], want) {
				return verdict{torn: 1, first: fmt.Errorf("%s: append %d of writer %d is there in part", name, appends, w)}
			}
			log = log[len(want):]
			appends++
		}
		switch {
		case appends < promised[w]:
			result.lost = 1
			result.first = fmt.Errorf("%s: %d appends of writer %d were acknowledged, and %d are there", name, promised[w], w, appends)
		case appends > promised[w]:
			result.survived = 1
		}
		total += appends
		if err := checkClaims(ctx, store, w, appends); err != nil {
			return verdict{torn: 1, first: fmt.Errorf("%s: %w", name, err)}
		}
	}
	account := frontdesk.Account{Name: cutAccount, Limit: total + 1, Period: cutPeriod}
	var quota *frontdesk.QuotaError
	if first, second := store.Spend(ctx, account), store.Spend(ctx, account); first != nil || !errors.As(second, &quota) {
		return verdict{torn: 1, first: fmt.Errorf("%s: the sum is not %d: %v, %v", name, total, first, second)}
	}
	return result
}

// checkClaims checks that exactly those claims are taken whose appends are
// there.
func checkClaims(ctx context.Context, store *sqlite.Store, w, appends int) error {
	probe := frontdesk.ConversationID{ID: fmt.Sprint("probe ", w)}
	claim := func(n int) error {
		return store.Append(ctx, probe, 0, frontdesk.Entry{ID: fmt.Sprint("probe ", w), Version: 1, Changes: &frontdesk.Changes{Claims: []string{cutClaim(w, n)}}})
	}
	var claimed *frontdesk.ClaimError
	if appends > 0 {
		if err := claim(appends - 1); !errors.As(err, &claimed) || claimed.Holder != cutConversation(w) {
			return fmt.Errorf("the claim of append %d is not taken: %v", appends-1, err)
		}
	}
	if err := claim(appends); err != nil {
		return fmt.Errorf("the claim of append %d, which is not there: %w", appends, err)
	}
	return nil
}

func same(got, want []frontdesk.Entry) bool {
	for i := range want {
		if got[i].ID != want[i].ID || string(got[i].Data) != string(want[i].Data) || !got[i].Time.Equal(want[i].Time) {
			return false
		}
	}
	return true
}
