package sqlite_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/sqlite"
)

var conversation = frontdesk.ConversationID{Tenant: "acme", ID: "c-1"}

func posted(id, text string) frontdesk.Entry {
	return frontdesk.Entry{
		ID: id, Kind: frontdesk.EntryPosted, Version: 1, Time: time.Now(), Data: fmt.Appendf(nil, `{"text":%q}`, text),
		Changes: &frontdesk.Changes{Customer: "cus_ana"},
	}
}

// execute runs SQL on a file as another program would.
func execute(t *testing.T, path string, sql ...string) *sqlite3.Conn {
	t.Helper()
	other, err := sqlite3.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = other.Close() }) // some tests close it earlier
	for _, sql := range sql {
		require.NoError(t, other.Exec(sql))
	}
	return other
}

func TestFilesThatAreRefused(t *testing.T) {
	tests := map[string]struct {
		make func(t *testing.T, path string)
		want string
	}{
		"no database": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("x"), 5000), 0o600))
		}, "no SQLite database"},
		"another program's": {func(t *testing.T, path string) { execute(t, path, `CREATE TABLE notes (text)`).Close() }, "another program"},
		"another program's, by its id": {func(t *testing.T, path string) {
			execute(t, path, `PRAGMA application_id = 7`, `PRAGMA user_version = 1`).Close()
		}, "another program"},
		"a newer version's": {func(t *testing.T, path string) {
			store, err := sqlite.Open(t.Context(), path)
			require.NoError(t, err)
			require.NoError(t, store.Close())
			execute(t, path, `PRAGMA user_version = 99`).Close()
		}, "upgrade"},
		"a folder": {func(t *testing.T, path string) { require.NoError(t, os.Mkdir(path, 0o700)) }, "directory"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "test.db")
			test.make(t, path)
			before, _ := os.ReadFile(path)
			_, err := sqlite.Open(t.Context(), path)
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, path)
			after, _ := os.ReadFile(path)
			assert.Equal(t, before, after, "the file was changed")
		})
	}
	for _, path := range []string{"", ":memory:"} {
		_, err := sqlite.Open(t.Context(), path)
		assert.ErrorContains(t, err, "InMemory")
	}
	_, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "none", "test.db"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestFileNames(t *testing.T) {
	for _, name := range []string{"a b.db", "100%41.db", "q?vfs=memdb&x.db", "#.db", "größe.db"} {
		path := filepath.Join(t.TempDir(), name)
		store := open(t, path)
		require.NoError(t, store.Append(t.Context(), conversation, 0, posted("e1", "hi")))
		assert.FileExists(t, path)
	}
}

// What customers say is for the owner of the file only.
func TestFilesArePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	path := filepath.Join(t.TempDir(), "test.db")
	store := open(t, path)
	require.NoError(t, store.Append(t.Context(), conversation, 0, posted("e1", "hi")))
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}

// After an erasure, what was said is in none of the files, and neither is whose
// it was.
func TestErasedMeansOverwritten(t *testing.T) {
	const secret, customer = "my card is 4929 1234", "cus_ana"
	folder := t.TempDir()
	store := open(t, filepath.Join(folder, "test.db"))
	for i := range int64(50) {
		require.NoError(t, store.Append(t.Context(), conversation, i, posted(fmt.Sprint("e", i), strings.Repeat(secret+" ", 50))))
	}
	require.NoError(t, store.Spend(t.Context(), frontdesk.Account{Name: "customer " + customer, Limit: 5, Period: time.Hour}))
	found := func(text string) (found bool) {
		files, err := filepath.Glob(filepath.Join(folder, "*"))
		require.NoError(t, err)
		for _, name := range files {
			content, err := os.ReadFile(name)
			require.NoError(t, err)
			found = found || bytes.Contains(content, []byte(text))
		}
		return found
	}
	require.True(t, found(secret))
	require.NoError(t, store.Erase(t.Context(), conversation.Tenant, customer))
	assert.False(t, found(secret))
	assert.False(t, found(customer))
}

// While another process keeps the file locked, a write waits, and leaves when
// its caller does.
func TestWritesWaitForOtherProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	store := open(t, path)
	other := execute(t, path, `BEGIN IMMEDIATE`)
	ctx, cancel := context.WithCancel(t.Context())
	canceled := make(chan error, 1)
	go func() { canceled <- store.Append(ctx, conversation, 0, posted("e1", "hi")) }()
	waited := make(chan error, 1)
	go func() { waited <- store.Append(t.Context(), conversation, 0, posted("e2", "hi")) }()
	cancel()
	require.ErrorIs(t, <-canceled, context.Canceled)
	log, err := store.Load(t.Context(), conversation, 0)
	require.NoError(t, err, "reading does not wait")
	require.Empty(t, log)
	require.NoError(t, other.Exec(`COMMIT`))
	require.NoError(t, <-waited)
	log, err = store.Load(t.Context(), conversation, 0)
	require.NoError(t, err)
	require.Len(t, log, 1)
	assert.Equal(t, "e2", log[0].ID)
}

// Close waits for what has been asked for, and refuses the rest.
func TestClose(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "test.db"))
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		acked = make(map[frontdesk.ConversationID]bool)
	)
	begun := make(chan struct{}, 1)
	for i := range 8 {
		group.Go(func() {
			for n := 0; ; n++ {
				id := frontdesk.ConversationID{ID: fmt.Sprintf("%d-%d", i, n)}
				if err := store.Append(context.Background(), id, 0, posted("e", "hi")); err != nil {
					assert.ErrorContains(t, err, "closed")
					return
				}
				mu.Lock()
				acked[id] = true
				mu.Unlock()
				select {
				case begun <- struct{}{}:
				default:
				}
			}
		})
	}
	<-begun
	require.NoError(t, store.Close())
	group.Wait()
	require.NoError(t, store.Close(), "once more is no error")
	_, err := store.Load(t.Context(), conversation, 0)
	assert.ErrorContains(t, err, "closed")
	assert.NotEmpty(t, acked)
}

// A disk that was full is used again.
func TestFullDisk(t *testing.T) {
	disk := newDisk(filepath.Join(t.TempDir(), "shm"))
	store := openOnDisk(t, disk)
	require.NoError(t, store.Append(t.Context(), conversation, 0, posted("e1", "hi")))
	disk.setFull(true)
	err := store.Append(t.Context(), conversation, 1, posted("e2", "hi"))
	require.ErrorContains(t, err, "disk is full")
	require.ErrorIs(t, err, sqlite3.FULL)
	var group sync.WaitGroup
	for i := range 8 { // together, and each by itself when that failed
		group.Go(func() {
			err := store.Append(t.Context(), frontdesk.ConversationID{ID: fmt.Sprint(i)}, 0, posted("e", "hi"))
			assert.ErrorIs(t, err, sqlite3.FULL)
		})
		group.Go(func() {
			err := store.Append(t.Context(), conversation, 0, posted("late", "hi"))
			assert.ErrorIs(t, err, frontdesk.ErrConflict, "it is refused for what it is")
		})
	}
	group.Wait()
	log, err := store.Load(t.Context(), conversation, 0)
	require.NoError(t, err)
	require.Len(t, log, 1)
	disk.setFull(false)
	require.NoError(t, store.Append(t.Context(), conversation, 1, posted("e3", "hi")))
	require.NoError(t, store.CheckIntegrity(t.Context()))
}
