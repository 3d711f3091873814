package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/postgres"
)

// load is what several writers do to a store while its server or its
// connections fail: appends of two entries each to a few conversations, every
// other of which claims a name and counts on an account. A writer whose append
// failed does what the contract says: it looks for its entries.
type load struct {
	store         *postgres.Store
	conversations []frontdesk.ConversationID
	fault         func() // before an append, if not nil

	mu           sync.Mutex
	acknowledged map[string]bool
	names        atomic.Int64 // claimed so far, or tried

	appends, failed, landed atomic.Int64 // failed ones without an answer; landed ones among them
}

// account is where the load counts. No test sees the end of its period.
var account = frontdesk.Account{Name: "everything", Limit: 1 << 40, Period: 100 * 365 * 24 * time.Hour}

func newLoad(store *postgres.Store, conversations int) *load {
	l := &load{store: store, acknowledged: make(map[string]bool)}
	for i := range conversations {
		l.conversations = append(l.conversations, frontdesk.ConversationID{Tenant: "acme", ID: fmt.Sprint("c-", i)})
	}
	return l
}

// write appends until the context ends.
func (l *load) write(ctx context.Context, writer int) {
	random := rand.New(rand.NewPCG(uint64(writer), 1))
	for n := 0; ctx.Err() == nil; n++ {
		id := l.conversations[random.IntN(len(l.conversations))]
		l.appendOne(ctx, id, fmt.Sprintf("w%d-%d", writer, n), n%2 == 0)
	}
}

// appendOne appends two entries, however often that has to be tried.
func (l *load) appendOne(ctx context.Context, id frontdesk.ConversationID, name string, claims bool) {
	first := frontdesk.Entry{ID: name + "-a", Kind: frontdesk.EntryPosted, Version: 1, Time: time.Now()}
	second := frontdesk.Entry{ID: name + "-b", Kind: frontdesk.EntryPosted, Version: 1, Time: time.Now()}
	first.Data = []byte(`{}`)
	if claims {
		// Two writers after each other try for one name, and one must lose.
		claim := fmt.Sprint("claim ", l.names.Add(1)/2)
		first.Data, _ = json.Marshal(map[string]string{"claim": claim})
		first.Changes = &frontdesk.Changes{Claims: []string{claim}, Counts: []frontdesk.Count{{Account: account, Amount: 1}}}
	}
	for ctx.Err() == nil {
		log, err := l.store.Load(ctx, id, 0)
		if err != nil {
			continue // the server is away
		}
		if holds(log, first.ID) {
			l.landed.Add(1)
			l.acknowledge(first, second)
			return
		}
		if l.fault != nil {
			l.fault()
		}
		err = l.store.Append(ctx, id, int64(len(log)), first, second)
		var taken *frontdesk.ClaimError
		switch {
		case err == nil:
			l.appends.Add(1)
			l.acknowledge(first, second)
			return
		case errors.As(err, &taken):
			return
		case !errors.Is(err, frontdesk.ErrConflict):
			l.failed.Add(1)
		}
	}
}

func holds(log []frontdesk.Entry, id string) bool {
	return slices.ContainsFunc(log, func(entry frontdesk.Entry) bool { return entry.ID == id })
}

func (l *load) acknowledge(entries ...frontdesk.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, entry := range entries {
		l.acknowledged[entry.ID] = true
	}
}

// check finds what was lost, torn, doubled or counted wrong.
func (l *load) check(t *testing.T, conn *pgx.Conn, schema string) {
	t.Helper()
	missing := maps.Clone(l.acknowledged)
	seen, claims := make(map[string]bool), make(map[string]bool)
	for _, id := range l.conversations {
		log, err := l.store.Load(t.Context(), id, 0)
		require.NoError(t, err)
		require.Zero(t, len(log)%2, "half of an append")
		for i, entry := range log {
			require.Equal(t, int64(i+1), entry.Sequence, "a gap")
			require.False(t, seen[entry.ID], "entry %s is there twice", entry.ID)
			seen[entry.ID] = true
			delete(missing, entry.ID)
			if i%2 == 1 {
				continue
			}
			require.Equal(t, entry.ID[:len(entry.ID)-1]+"b", log[i+1].ID, "an append was torn")
			var data struct{ Claim string }
			require.NoError(t, json.Unmarshal(entry.Data, &data))
			if data.Claim != "" {
				require.False(t, claims[data.Claim], "%s is there twice", data.Claim)
				claims[data.Claim] = true
			}
		}
	}
	require.Empty(t, missing, "acknowledged entries were lost")
	require.NotEmpty(t, claims)
	var claimed, spent int
	row := conn.QueryRow(t.Context(), fmt.Sprintf(`SELECT (SELECT count(*) FROM %s), (SELECT sum(spent) FROM %s)`,
		pgx.Identifier{schema, "claims"}.Sanitize(), pgx.Identifier{schema, "accounts"}.Sanitize()))
	require.NoError(t, row.Scan(&claimed, &spent))
	assert.Equal(t, len(claims), claimed, "claims do not fit the log")
	assert.Equal(t, len(claims), spent, "the sum does not fit the log")
	t.Logf("%d appends acknowledged, %d without an answer, of which %d had been done", l.appends.Load(), l.failed.Load(), l.landed.Load())
}
