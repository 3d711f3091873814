package postgres_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/postgres"
)

// PostgreSQL's text holds neither zero bytes nor invalid UTF-8, its timestamps
// no nanoseconds, and its jsonb changes what it is given.
func TestEntriesComeBackByteForByte(t *testing.T) {
	store := open(t)
	odd := "\x00\xff\xfe\\x41'\"; ü\u0000"
	id := frontdesk.ConversationID{Tenant: odd, ID: odd + "id"}
	entries := []frontdesk.Entry{
		{ID: odd, Kind: frontdesk.EntryKind(odd), Version: -1, Turn: odd, Time: time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC),
			Data: []byte("{\"b\": 1.50,\n \"a\":\"\\u0000\", \"a\":12345678901234567890}")},
		{ID: "zero"},
		{ID: "not JSON", Time: time.Unix(-1, 999).UTC(), Data: []byte("\x00\xff")},
		{ID: "empty", Version: 1 << 40, Data: []byte{}},
	}
	entries[0].Changes = &frontdesk.Changes{Customer: odd, Claims: []string{odd}}
	require.NoError(t, store.Append(t.Context(), id, 0, entries...))
	log, err := store.Load(t.Context(), id, 0)
	require.NoError(t, err)
	for i := range entries {
		entries[i].Sequence = int64(i + 1)
		entries[i].Changes = nil
	}
	assert.Equal(t, entries, log)
	found, err := store.Conversations(t.Context(), odd, odd, 10)
	require.NoError(t, err)
	assert.Equal(t, []frontdesk.ConversationID{id}, found)
}

func TestLongNames(t *testing.T) {
	store := open(t)
	long := frontdesk.ConversationID{Tenant: strings.Repeat("t", 1000), ID: strings.Repeat("c", 1000)}
	claim := strings.Repeat("order", 10_000)
	changes := &frontdesk.Changes{Claims: []string{claim}, Counts: []frontdesk.Count{
		{Account: frontdesk.Account{Name: claim, Limit: 1, Period: time.Hour}, Amount: 1},
	}}
	require.NoError(t, store.Append(t.Context(), long, 0, frontdesk.Entry{ID: strings.Repeat("e", 10_000), Changes: changes}))
	require.ErrorContains(t, store.Append(t.Context(), frontdesk.ConversationID{ID: strings.Repeat("c", 2001)}, 0, frontdesk.Entry{ID: "e"}), "2001 bytes")
}

// After an erasure no table holds a byte of what the customer was called, said
// or did, and what they claimed stays claimed.
func TestErasureLeavesNoTrace(t *testing.T) {
	url := databaseURL(t)
	schema := newSchema(t, url)
	store, err := postgres.Open(t.Context(), postgres.Config{URL: url, Schema: schema})
	require.NoError(t, err)
	t.Cleanup(func() { store.Close() })
	account := frontdesk.Account{Name: `customer "zebra"`, Limit: 1, Period: time.Hour}
	changes := &frontdesk.Changes{
		Customer: "zebra-9", Lease: &frontdesk.Lease{Epoch: 1, Duration: time.Hour},
		Claims: []string{"refund zebra-9"}, Counts: []frontdesk.Count{{Account: account, Amount: 1}},
	}
	for n := range 3 {
		id := frontdesk.ConversationID{Tenant: "acme", ID: fmt.Sprint("zebra-chat-", n)}
		require.NoError(t, store.Append(t.Context(), id, 0, frontdesk.Entry{ID: fmt.Sprint("zebra", n), Data: []byte(`{"text":"I am Zebra"}`), Changes: changes}))
		changes = &frontdesk.Changes{Customer: "zebra-9"}
	}
	conn := connect(t, url)
	holds := func() (text string) {
		for _, table := range []string{"conversations", "entries", "claims", "accounts", "versions"} {
			sql := `SELECT coalesce(string_agg(row_text, ' '), '') FROM (
				SELECT (SELECT string_agg(encode(convert_to(value, 'UTF8'), 'escape'), ' ') FROM jsonb_each_text(to_jsonb(r))) AS row_text
				FROM ` + pgx.Identifier{schema, table}.Sanitize() + ` r) rows`
			var all string
			execute(t, conn, schema, "SET bytea_output = escape")
			require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&all))
			text += all
		}
		return strings.ToLower(text)
	}
	require.Contains(t, holds(), "zebra")
	for range 2 {
		require.NoError(t, store.Erase(t.Context(), "acme", "zebra-9"))
		assert.NotContains(t, holds(), "zebra")
	}
	other := frontdesk.ConversationID{Tenant: "acme", ID: "other"}
	var claim *frontdesk.ClaimError
	require.ErrorAs(t, store.Append(t.Context(), other, 0, frontdesk.Entry{ID: "e", Changes: &frontdesk.Changes{Claims: []string{"refund zebra-9"}}}), &claim)
	assert.Zero(t, claim.Holder)
	require.ErrorIs(t, store.Spend(t.Context(), account), frontdesk.ErrQuota)
}
