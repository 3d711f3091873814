package postgres_test

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
	"github.com/frontdesk-go/frontdesk/postgres"
)

// databaseURL is that of the server on which the tests run.
func databaseURL(t testing.TB) string {
	t.Helper()
	url := os.Getenv("FRONTDESK_POSTGRES_URL")
	if url == "" {
		t.Skip("no PostgreSQL: set FRONTDESK_POSTGRES_URL, or run the tests by .ci/postgres go test ./postgres/...")
	}
	return url
}

// newSchema names a schema that no other test uses, and removes it afterwards.
func newSchema(t testing.TB, url string) string {
	t.Helper()
	name := "Test " + strings.ToLower(rand.Text()[:12])
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		conn, err := pgx.Connect(ctx, url)
		require.NoError(t, err)
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+pgx.Identifier{name}.Sanitize()+" CASCADE")
		require.NoError(t, err)
	})
	return name
}

func TestStoreIsDurable(t *testing.T) {
	frontdesktest.TestDurable(t, func(t *testing.T) func(*testing.T) frontdesk.Memory {
		url := databaseURL(t)
		config := postgres.Config{URL: url, Schema: newSchema(t, url)}
		return func(t *testing.T) frontdesk.Memory {
			store, err := postgres.Open(t.Context(), config)
			require.NoError(t, err)
			return store
		}
	})
}

func open(t testing.TB) *postgres.Store {
	t.Helper()
	url := databaseURL(t)
	store, err := postgres.Open(t.Context(), postgres.Config{URL: url, Schema: newSchema(t, url)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func TestStoreIsAMemory(t *testing.T) {
	frontdesktest.TestMemory(t, func(t *testing.T) frontdesk.Memory { return open(t) })
}
