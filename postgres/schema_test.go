package postgres_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/postgres"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func execute(t *testing.T, conn *pgx.Conn, schema, sql string) {
	t.Helper()
	_, err := conn.Exec(t.Context(), strings.ReplaceAll(sql, "frontdesk.", pgx.Identifier{schema}.Sanitize()+"."))
	require.NoError(t, err)
}

func TestReplicasThatStartTogetherPrepareTheSchemaOnce(t *testing.T) {
	url := databaseURL(t)
	schema := newSchema(t, url)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			store, err := postgres.Open(t.Context(), postgres.Config{URL: url, Schema: schema})
			if assert.NoError(t, err) {
				assert.NoError(t, store.Close())
			}
		})
	}
	group.Wait()
	count := 0
	sql := "SELECT count(*) FROM " + pgx.Identifier{schema, "versions"}.Sanitize()
	require.NoError(t, connect(t, url).QueryRow(t.Context(), sql).Scan(&count))
	assert.Equal(t, 1, count)
}

func TestTablesOfANewerVersionAreRefused(t *testing.T) {
	url := databaseURL(t)
	schema := newSchema(t, url)
	store, err := postgres.Open(t.Context(), postgres.Config{URL: url, Schema: schema})
	require.NoError(t, err)
	require.NoError(t, store.Append(t.Context(), frontdesk.ConversationID{ID: "c"}, 0, frontdesk.Entry{ID: "e"}))
	require.NoError(t, store.Close())
	execute(t, connect(t, url), schema, "INSERT INTO frontdesk.versions (part, version) VALUES ('log', 99)")
	_, err = postgres.Open(t.Context(), postgres.Config{URL: url, Schema: schema})
	require.ErrorContains(t, err, "version 99")
	require.ErrorContains(t, err, "upgrade the program")
}

// A role that may only read and write opens the store once somebody else has
// made the tables.
func TestOpenNeedsNoRightToChangeTables(t *testing.T) {
	url := databaseURL(t)
	schema := newSchema(t, url)
	owner, err := postgres.Open(t.Context(), postgres.Config{URL: url, Schema: schema})
	require.NoError(t, err)
	require.NoError(t, owner.Close())

	role := "frontdesk_" + strings.TrimPrefix(schema, "Test ")
	conn := connect(t, url)
	execute(t, conn, schema, "CREATE ROLE "+role)
	name := pgx.Identifier{schema}.Sanitize()
	execute(t, conn, schema, "GRANT USAGE ON SCHEMA "+name+" TO "+role)
	execute(t, conn, schema, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "+name+" TO "+role)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		conn, err := pgx.Connect(ctx, url)
		require.NoError(t, err)
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, "DROP OWNED BY "+role+"; DROP ROLE "+role)
		require.NoError(t, err)
	})

	config, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	config.ConnConfig.RuntimeParams["role"] = role
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	store, err := postgres.Open(t.Context(), postgres.Config{Pool: pool, Schema: schema})
	require.NoError(t, err)
	exercise(t, store)

	_, err = postgres.Open(t.Context(), postgres.Config{Pool: pool, Schema: newSchema(t, url)})
	require.ErrorContains(t, err, "permission denied")
}

// The knowledge base may be in the store's schema, whichever comes first.
func TestStoreAndPassagesShareASchema(t *testing.T) {
	onEachServer(t, func(t *testing.T, url string) {
		for _, storeFirst := range []bool{true, false} {
			config := postgres.Config{URL: url, Schema: newSchema(t, url)}
			for range 2 {
				if storeFirst {
					store, err := postgres.Open(t.Context(), config)
					require.NoError(t, err)
					require.NoError(t, store.Close())
				}
				passages, err := postgres.OpenPassages(t.Context(), postgres.PassagesConfig{Config: config})
				require.NoError(t, err)
				require.NoError(t, passages.Close())
				store, err := postgres.Open(t.Context(), config)
				require.NoError(t, err)
				require.NoError(t, store.Close())
			}
			store, err := postgres.Open(t.Context(), config)
			require.NoError(t, err)
			exercise(t, store)
			require.NoError(t, store.Close())
		}
	})
}

func TestTheCallersPoolStaysOpen(t *testing.T) {
	url := databaseURL(t)
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	store, err := postgres.Open(t.Context(), postgres.Config{Pool: pool, Schema: newSchema(t, url)})
	require.NoError(t, err)
	require.NoError(t, store.Close())
	require.NoError(t, pool.Ping(t.Context()))
}

func TestADatabaseThatMayLoseWhatItAcknowledgesIsRefused(t *testing.T) {
	config, err := pgxpool.ParseConfig(databaseURL(t))
	require.NoError(t, err)
	config.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	_, err = postgres.Open(t.Context(), postgres.Config{Pool: pool})
	require.ErrorContains(t, err, "synchronous_commit")
}

// The application's pool may be set up in other ways than ours.
func TestAnyPool(t *testing.T) {
	modes := []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	}
	for _, mode := range modes {
		t.Run(mode.String(), func(t *testing.T) {
			url := databaseURL(t)
			config, err := pgxpool.ParseConfig(url)
			require.NoError(t, err)
			config.ConnConfig.DefaultQueryExecMode = mode
			config.ConnConfig.RuntimeParams["default_transaction_isolation"] = "serializable"
			config.ConnConfig.RuntimeParams["search_path"] = "pg_catalog"
			config.ConnConfig.RuntimeParams["timezone"] = "Asia/Kathmandu"
			pool, err := pgxpool.NewWithConfig(t.Context(), config)
			require.NoError(t, err)
			t.Cleanup(pool.Close)
			store, err := postgres.Open(t.Context(), postgres.Config{Pool: pool, Schema: newSchema(t, url)})
			require.NoError(t, err)
			exercise(t, store)
		})
	}
}

// exercise calls every method of a store.
func exercise(t *testing.T, store *postgres.Store) {
	t.Helper()
	id := frontdesk.ConversationID{Tenant: "acme", ID: "c-1"}
	account := frontdesk.Account{Name: "refunds", Limit: 2, Period: 24 * time.Hour}
	first := frontdesk.Entry{ID: "e-1", Kind: frontdesk.EntryPosted, Version: 1, Time: time.Unix(5, 123456789), Data: []byte(`{"a":"\u0000"}`), Changes: &frontdesk.Changes{
		Customer: "cust-1",
		Lease:    &frontdesk.Lease{Epoch: 1, Duration: time.Nanosecond},
		Claims:   []string{"order 1", "order 2"},
		Counts:   []frontdesk.Count{{Account: account, Amount: 1}},
	}}
	require.NoError(t, store.Append(t.Context(), id, 0, first))
	require.NoError(t, store.Append(t.Context(), id, 1, frontdesk.Entry{ID: "e-2", Changes: &frontdesk.Changes{
		Lease: &frontdesk.Lease{Epoch: 2, Duration: time.Hour},
	}}))
	log, err := store.Load(t.Context(), id, 0)
	require.NoError(t, err)
	require.Len(t, log, 2)
	assert.Equal(t, string(first.Data), string(log[0].Data))
	assert.True(t, first.Time.Equal(log[0].Time))
	assert.Equal(t, "e-2", log[1].ID)
	assert.Nil(t, log[1].Data)

	var lease *frontdesk.LeaseError
	taken := frontdesk.Changes{Lease: &frontdesk.Lease{Epoch: 3, Duration: time.Hour}}
	require.ErrorAs(t, store.Append(t.Context(), id, 2, frontdesk.Entry{ID: "e-3", Changes: &taken}), &lease)
	assert.InDelta(t, time.Hour, lease.Remaining, float64(10*time.Minute))

	var claim *frontdesk.ClaimError
	claimed := frontdesk.Changes{Claims: []string{"order 0", "order 2"}}
	other := frontdesk.ConversationID{Tenant: "acme", ID: "c-2"}
	require.ErrorAs(t, store.Append(t.Context(), other, 0, frontdesk.Entry{ID: "e-4", Changes: &claimed}), &claim)
	assert.Equal(t, frontdesk.ClaimError{Claim: "order 2", Holder: id}, *claim)

	var quota *frontdesk.QuotaError
	counted := frontdesk.Changes{Claims: []string{"order 0"}, Counts: []frontdesk.Count{{Account: account, Amount: 2}}}
	require.ErrorAs(t, store.Append(t.Context(), other, 0, frontdesk.Entry{ID: "e-5", Changes: &counted}), &quota)
	assert.Equal(t, account, quota.Account)
	require.NoError(t, store.Spend(t.Context(), account))
	require.ErrorAs(t, store.Spend(t.Context(), account), &quota)

	require.NoError(t, store.Renew(t.Context(), id, 2, time.Nanosecond))
	expired, err := store.Expired(t.Context(), 10)
	require.NoError(t, err)
	assert.Equal(t, []frontdesk.ConversationID{id}, expired)

	found, err := store.Conversations(t.Context(), "acme", "cust-1", 10)
	require.NoError(t, err)
	assert.Equal(t, []frontdesk.ConversationID{id}, found)
	require.NoError(t, store.Erase(t.Context(), "acme", "cust-1"))
	log, err = store.Load(t.Context(), id, 0)
	require.NoError(t, err)
	assert.Empty(t, log)
}
