package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// applicationID tells our files from those of other programs ("fdsk").
const applicationID = 0x6664736b

// migrations are what each version of the schema changes. A new one is added at
// the end; those that were released never change.
var migrations = []string{`
-- A conversation. Times are microseconds since 1970.
CREATE TABLE conversations (
	-- Never given to another conversation, since claims refer to it.
	id             INTEGER PRIMARY KEY AUTOINCREMENT,
	tenant         TEXT NOT NULL,
	name           TEXT NOT NULL,
	newest         INTEGER NOT NULL, -- number of its newest entry
	customer       TEXT,             -- to whom it belongs
	place          INTEGER NOT NULL, -- among the customer's, by the newest append
	epoch          INTEGER NOT NULL, -- of the newest lease
	lease_until    INTEGER,          -- NULL: it was ended
	offered_until  INTEGER NOT NULL, -- not to be found by Expired before
	UNIQUE (tenant, name)
) STRICT;
CREATE INDEX conversations_by_customer ON conversations (tenant, customer, place) WHERE customer IS NOT NULL;
CREATE INDEX conversations_by_lease ON conversations (lease_until) WHERE lease_until IS NOT NULL;

-- An entry. Those of one conversation lie side by side: position is the id of
-- the conversation, times 2^24, and the entry's number.
CREATE TABLE entries (
	position     INTEGER PRIMARY KEY,
	conversation INTEGER AS (position >> 24),
	seq          INTEGER AS (position & 0xffffff),
	id           TEXT NOT NULL,
	kind         TEXT NOT NULL,
	version      INTEGER NOT NULL,
	turn         TEXT NOT NULL,
	time         TEXT NOT NULL,
	data         TEXT
) STRICT;

-- What was claimed, and sums. Names are kept as their SHA-256, so that what
-- stays after a customer was erased tells nothing.
CREATE TABLE claims (
	name         BLOB PRIMARY KEY,
	conversation INTEGER NOT NULL -- which may be erased
) STRICT, WITHOUT ROWID;
CREATE TABLE accounts (
	name  BLOB PRIMARY KEY,
	reset INTEGER NOT NULL, -- when the period ends
	spent INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX accounts_by_reset ON accounts (reset);
`}

// mostEntries is how many entries a conversation can have.
const mostEntries = 1<<24 - 1

// prepareFile makes a new file ours, or brings an older one up to date. It looks
// whose file it is before it touches it.
func (c *conn) prepareFile(ctx context.Context) error {
	c.SetInterrupt(ctx)
	defer c.SetInterrupt(context.Background())
	_, err := c.version()
	if err == nil {
		err = c.useWAL(ctx)
	}
	if err == nil {
		err = c.transaction(c.migrate)
	}
	return explain(ctx, err)
}

// version is the version of the file's schema, or zero for an empty file.
func (c *conn) version() (int64, error) {
	application, err := c.number(`PRAGMA application_id`)
	if err != nil {
		return 0, err
	}
	version, err := c.number(`PRAGMA user_version`)
	if err != nil {
		return 0, err
	}
	tables, err := c.number(`SELECT count(*) FROM sqlite_schema`)
	switch newest := int64(len(migrations)); {
	case err != nil:
		return 0, err
	case application != applicationID && (application != 0 || version != 0 || tables != 0):
		return 0, errors.New("it is the database of another program")
	case version > newest:
		return 0, fmt.Errorf("it was written by a newer version, with schema %d where this one knows %d: upgrade github.com/frontdesk-go/frontdesk/sqlite", version, newest)
	}
	return version, nil
}

// useWAL has SQLite write to a log beside the file. It needs the file for
// itself for a moment, which it does not wait for by itself.
func (c *conn) useWAL(ctx context.Context) error {
	for deadline := time.Now().Add(lockTimeout); ; {
		mode := ""
		err := c.run(`PRAGMA journal_mode = WAL`, func(row *sqlite3.Stmt) { mode = row.ColumnText(0) })
		switch {
		case err == nil && mode == "wal":
			return nil
		case err == nil:
			return fmt.Errorf("SQLite cannot keep a write-ahead log here, but one in mode %q: use a local disk", mode)
		case !errors.Is(err, sqlite3.BUSY) || time.Now().After(deadline):
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// migrate brings the schema up to date, within a transaction: another process
// may have been faster.
func (c *conn) migrate() error {
	version, err := c.version()
	if err != nil || version == int64(len(migrations)) {
		return err
	}
	for _, migration := range migrations[version:] {
		if err := c.Exec(migration); err != nil {
			return fmt.Errorf("bring schema %d up to date: %w", version, err)
		}
	}
	return c.Exec(fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d`, applicationID, len(migrations)))
}
