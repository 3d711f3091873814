// Package sqlite keeps conversations in one SQLite file. Nothing that was
// acknowledged is lost when the process dies or the power fails, and several
// processes of one machine may use the file at the same time.
//
//	store, err := sqlite.Open(ctx, "conversations.db")
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	agent, err := frontdesk.New(frontdesk.Config{Memory: store, Quota: frontdesk.Quota{Ledger: store}, …})
//
// It needs no C compiler: SQLite is github.com/ncruces/go-sqlite3. For replicas
// on several machines there is package postgres.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/frontdesk-go/frontdesk"
)

// Store is a [frontdesk.SharedMemory], a [frontdesk.CustomerMemory] and a
// [frontdesk.Ledger] in an SQLite file. It is safe for concurrent use.
//
// Its clock, by which leases and periods end, is that of the machine. A write
// whose context ends while it waits, for its turn or for another process, does
// nothing; one that has begun is finished, so that when a method returns it is
// settled whether it happened.
type Store struct {
	settings settings
	queue    queue
	stopped  chan struct{} // the writer has ended

	readers chan *conn    // those that are open and free
	places  chan struct{} // one for each that is open
	closing sync.Once
	closed  error
}

var (
	_ frontdesk.SharedMemory   = (*Store)(nil)
	_ frontdesk.CustomerMemory = (*Store)(nil)
	_ frontdesk.Ledger         = (*Store)(nil)
)

const (
	// lockTimeout is how long a write waits for another process that is
	// writing. A write takes milliseconds.
	lockTimeout = 10 * time.Second

	// mostReaders is how many loads run at once. Each takes a connection of a
	// few megabytes, opened when it is first needed.
	mostReaders = 4
)

var errClosed = errors.New("the store is closed")

// settings are what tests change.
type settings struct {
	path        string // absolute
	vfs         string // a file layer that was registered with SQLite
	synchronous string
	checkpoint  int // pages in the log after which it is brought into the file
}

// Open opens the SQLite file at path, and makes it, readable by its owner
// only, if there is none. The folder must exist, on a disk of this machine:
// SQLite's locks are not to be trusted on network drives. Beside the file
// there are two more while it is open, path-wal and path-shm; to copy it then,
// use SQLite's backup, or the file and path-wal together.
//
// It refuses a file that is no SQLite database or another program's, one that a
// newer version of this package has written, and one that it cannot write.
func Open(ctx context.Context, path string) (*Store, error) {
	return open(ctx, settings{path: path, synchronous: "FULL"})
}

func open(ctx context.Context, settings settings) (*Store, error) {
	named := settings.path
	store, err := func() (*Store, error) {
		if named == "" || named == ":memory:" {
			return nil, errors.New("a file is needed: for a memory without one, use frontdesk.InMemory")
		}
		path, err := filepath.Abs(named)
		if err != nil {
			return nil, err
		}
		settings.path = path
		if settings.vfs == "" {
			if err := create(path); err != nil {
				return nil, err
			}
		}
		writer, err := connect(ctx, settings)
		if err != nil {
			return nil, err
		}
		if err := writer.prepareFile(ctx); err != nil {
			return nil, errors.Join(err, writer.Close())
		}
		s := &Store{
			settings: settings,
			stopped:  make(chan struct{}),
			readers:  make(chan *conn, mostReaders),
			places:   make(chan struct{}, mostReaders),
		}
		s.queue.filled.L = &s.queue.mu
		go s.runWriter(writer)
		return s, nil
	}()
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", named, err)
	}
	return store, nil
}

// create makes the file if there is none. SQLite would make it readable by
// everybody.
func create(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("it cannot be written: %w", err)
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// Close waits for what is under way and closes the file. Whatever is called
// later returns an error.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.queue.close()
		var errs []error
		for range mostReaders {
			select {
			case reader := <-s.readers:
				errs = append(errs, reader.Close())
			case s.places <- struct{}{}: // it was never opened
			}
		}
		<-s.stopped // last, since the last connection tidies up
		s.closed = errors.Join(append(errs, s.closed)...)
	})
	return s.closed
}

// read gives a connection of its own to a function that only reads.
func (s *Store) read(ctx context.Context, read func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.queue.isClosed() {
		return errClosed
	}
	reader, err := s.reader(ctx)
	if err != nil {
		return err
	}
	defer func() { s.readers <- reader }()
	reader.SetInterrupt(ctx)
	defer reader.SetInterrupt(context.Background())
	return explain(ctx, read(reader))
}

// reader returns a free connection, or opens one.
func (s *Store) reader(ctx context.Context) (*conn, error) {
	select {
	case reader := <-s.readers:
		return reader, nil
	default:
	}
	select {
	case reader := <-s.readers:
		return reader, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case s.places <- struct{}{}:
	}
	if s.queue.isClosed() { // the place was that of Close
		<-s.places
		return nil, errClosed
	}
	reader, err := connect(ctx, s.settings)
	if err == nil {
		if err = reader.Exec(`PRAGMA query_only = ON`); err == nil {
			return reader, nil
		}
		err = errors.Join(explain(ctx, err), reader.Close())
	}
	<-s.places
	return nil, err
}

// explain says in plain words what SQLite means, and what to do about it.
func explain(ctx context.Context, err error) error {
	say := func(words string) error { return fmt.Errorf("%s (%w)", words, err) }
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(err, sqlite3.INTERRUPT):
		return ctx.Err()
	case errors.Is(err, sqlite3.BUSY), errors.Is(err, sqlite3.LOCKED):
		return say(fmt.Sprintf("another process has kept the database locked for %v: see which one has it open", lockTimeout))
	case errors.Is(err, sqlite3.FULL):
		return say("the disk is full: make room and try again")
	case errors.Is(err, sqlite3.READONLY), errors.Is(err, sqlite3.PERM):
		return say("the database cannot be written: this process needs to write the file and its folder")
	case errors.Is(err, sqlite3.NOTADB):
		return say("the file is no SQLite database")
	case errors.Is(err, sqlite3.CORRUPT):
		return say("the database is damaged: stop, and restore a backup or use SQLite's .recover")
	case errors.Is(err, sqlite3.CANTOPEN):
		return say("the database cannot be opened: does the folder exist, and may this process write to it?")
	case errors.Is(err, sqlite3.IOERR):
		return say("the disk failed")
	default:
		return err
	}
}
