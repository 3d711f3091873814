package postgres_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/postgres"
)

// In the environment of a process of the test: the schema in which it works,
// and its name.
const (
	replicaSchema = "FRONTDESK_TEST_SCHEMA"
	replicaName   = "FRONTDESK_TEST_NAME"
)

const (
	leaseTime            = 150 * time.Millisecond
	replicaConversations = 5
)

// step is what the entries of the replicas tell. The times are those of the
// store's clock.
type step struct {
	Process string    // who wrote it
	Epoch   int64     // the lease under which it was written
	Before  time.Time // before the append
	Taken   time.Time `json:",omitzero"` // after the lease was taken, in its second entry
	Ends    bool      // the lease
}

// Three processes run turns of five entries in the same conversations, and one
// is killed again and again.
func TestReplicas(t *testing.T) {
	url := databaseURL(t)
	schema := newSchema(t, url)
	store, err := postgres.Open(t.Context(), postgres.Config{URL: url, Schema: schema})
	require.NoError(t, err)
	t.Cleanup(func() { store.Close() })

	var (
		mu           sync.Mutex
		acknowledged = make(map[string]bool)
		group        sync.WaitGroup
	)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	start := func(name string) *exec.Cmd {
		replica := exec.CommandContext(ctx, os.Args[0])
		replica.Env = append(os.Environ(), replicaSchema+"="+schema, replicaName+"="+name)
		replica.Stderr = os.Stderr
		output, err := replica.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, replica.Start())
		group.Go(func() {
			lines := bufio.NewScanner(output)
			for lines.Scan() {
				id, ok := strings.CutPrefix(lines.Text(), "acknowledged ")
				if !ok {
					t.Error(lines.Text())
					continue
				}
				mu.Lock()
				acknowledged[id] = true
				mu.Unlock()
			}
			_ = replica.Wait() // it was killed
		})
		return replica
	}
	replicas := make([]*exec.Cmd, 3)
	for i := range replicas {
		replicas[i] = start(fmt.Sprint("replica ", i))
	}
	work := func() {
		count := func() int {
			mu.Lock()
			defer mu.Unlock()
			return len(acknowledged)
		}
		enough := count() + 30
		require.Eventually(t, func() bool { return count() >= enough }, 2*time.Minute, time.Millisecond, "the replicas do nothing")
	}
	kills := faults(8, 40)
	for kill := range kills {
		work()
		victim := rand.IntN(len(replicas))
		require.NoError(t, replicas[victim].Process.Kill())
		replicas[victim] = start(fmt.Sprint("heir ", kill))
	}
	work()
	cancel()
	group.Wait()

	entries, takeovers := 0, 0
	seen := make(map[string]bool)
	for n := range replicaConversations {
		log, err := store.Load(t.Context(), replicaConversation(n), 0)
		require.NoError(t, err)
		entries += len(log)
		var last, holder step
		for i, entry := range log {
			require.Equal(t, int64(i+1), entry.Sequence, "a gap")
			require.False(t, seen[entry.ID], "an entry is there twice")
			seen[entry.ID] = true
			delete(acknowledged, entry.ID)
			var now step
			require.NoError(t, json.Unmarshal(entry.Data, &now))
			if now.Epoch == entry.Sequence { // took the lease
				if i > 0 && !last.Ends {
					takeovers++
					if i+1 < len(log) {
						var next step
						require.NoError(t, json.Unmarshal(log[i+1].Data, &next))
						if next.Epoch == now.Epoch {
							assert.False(t, next.Taken.Before(last.Before.Add(leaseTime)), "the lease was taken over while it lasted")
						}
					}
				}
				holder = now
			} else {
				require.Equal(t, holder.Epoch, now.Epoch, "written under a lease that was taken over")
				require.Equal(t, holder.Process, now.Process, "written under somebody else's lease")
				require.False(t, last.Ends, "written under a lease that was ended")
			}
			last = now
		}
	}
	assert.Empty(t, acknowledged, "acknowledged entries were lost")
	assert.NotZero(t, takeovers)
	t.Logf("%d entries, %d kills, %d leases taken over", entries, kills, takeovers)
}

func replicaConversation(n int) frontdesk.ConversationID {
	return frontdesk.ConversationID{Tenant: "acme", ID: fmt.Sprint("c-", n)}
}

// TestMain runs the tests, or what a process of TestReplicas does.
func TestMain(m *testing.M) {
	if schema := os.Getenv(replicaSchema); schema != "" {
		if err := runReplica(context.Background(), os.Getenv("FRONTDESK_POSTGRES_URL"), schema); err != nil {
			fmt.Println("FAIL:", err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// runReplica runs turns until something fails or the process is killed.
func runReplica(ctx context.Context, url, schema string) error {
	store, err := postgres.Open(ctx, postgres.Config{URL: url, Schema: schema})
	if err != nil {
		return err
	}
	clock, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	replica := &replica{name: os.Getenv(replicaName), store: store, clock: clock}
	for {
		id := replicaConversation(rand.IntN(replicaConversations))
		if rand.IntN(4) == 0 {
			expired, err := store.Expired(ctx, 1)
			if err != nil {
				return err
			}
			if len(expired) > 0 {
				id = expired[0]
			}
		}
		if err := replica.turn(ctx, id); err != nil && !errors.Is(err, frontdesk.ErrConflict) {
			return err
		}
	}
}

type replica struct {
	name  string
	store *postgres.Store
	clock *pgx.Conn
	count int
}

// turn takes the lease of a conversation, keeps it for three entries, and ends
// it with the fifth.
func (r *replica) turn(ctx context.Context, id frontdesk.ConversationID) error {
	log, err := r.store.Load(ctx, id, 0)
	if err != nil {
		return err
	}
	last := int64(len(log))
	what := step{Process: r.name, Epoch: last + 1}
	for n := range 5 {
		if err := r.now(ctx, &what.Before); err != nil {
			return err
		}
		lease := &frontdesk.Lease{Epoch: what.Epoch, Duration: leaseTime}
		if what.Ends = n == 4; what.Ends {
			lease.Duration = 0
		}
		data, err := json.Marshal(what)
		if err != nil {
			return err
		}
		r.count++
		entry := frontdesk.Entry{ID: fmt.Sprint(r.name, " ", r.count), Data: data, Changes: &frontdesk.Changes{Lease: lease}}
		if err := r.store.Append(ctx, id, last, entry); err != nil {
			return err
		}
		fmt.Println("acknowledged " + entry.ID)
		last++
		if n == 0 {
			err = r.now(ctx, &what.Taken)
		} else {
			what.Taken = time.Time{}
		}
		if err != nil {
			return err
		}
		if rand.IntN(30) == 0 {
			time.Sleep(2 * leaseTime) // stopped for too long: it must notice
		}
	}
	return nil
}

func (r *replica) now(ctx context.Context, now *time.Time) error {
	return r.clock.QueryRow(ctx, "SELECT clock_timestamp()").Scan(now)
}
