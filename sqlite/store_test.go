package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
	"github.com/frontdesk-go/frontdesk/internal/linear"
	"github.com/frontdesk-go/frontdesk/sqlite"
)

// open opens the store at path for the length of a test.
func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func TestStore(t *testing.T) {
	frontdesktest.TestMemory(t, func(t *testing.T) frontdesk.Memory {
		return open(t, filepath.Join(t.TempDir(), "test.db"))
	})
}

func TestStoreIsDurable(t *testing.T) {
	frontdesktest.TestDurable(t, func(t *testing.T) func(*testing.T) frontdesk.Memory {
		path := filepath.Join(t.TempDir(), "test.db")
		return func(t *testing.T) frontdesk.Memory { return open(t, path) }
	})
}

// Two that have the file open are one store.
func TestStoreIsLinearizable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	first, second := open(t, path), open(t, path)
	for seed := range uint64(5) {
		require.NoError(t, linear.Record(t.Context(), seed, first, second).Check(), "seed %d", seed)
	}
}
