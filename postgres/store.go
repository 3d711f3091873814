package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/frontdesk-go/frontdesk"
)

// DefaultSchema is the schema in which the tables are made unless
// [Config].Schema names another.
const DefaultSchema = "frontdesk"

// Config says where the tables are. The zero value is the database that the
// environment variables of libpq name (PGHOST, PGDATABASE and so on).
type Config struct {
	// URL is a PostgreSQL URL or keyword string. The pool's size is set there
	// too: "postgres://…?pool_max_conns=20". pgx's default is the number of
	// processors, at least four.
	URL string

	// Pool is used instead of URL where the application has one already. It
	// is not closed by Close.
	Pool *pgxpool.Pool

	// Schema is the schema of the tables. Empty means [DefaultSchema]. Two
	// applications that use one database need two schemas.
	Schema string
}

// Store keeps conversations in PostgreSQL. It is safe for concurrent use.
//
// A call whose context is canceled while PostgreSQL works on it is canceled
// there too, and waits up to a second for the outcome. With a Pool of the
// caller's it is as that pool's configuration says.
type Store struct {
	pool  *pgxpool.Pool
	owned bool // Close closes the pool
	sql   statements
	swept atomic.Int64 // when past periods were last forgotten, in Unix seconds
}

var (
	_ frontdesk.SharedMemory   = (*Store)(nil)
	_ frontdesk.CustomerMemory = (*Store)(nil)
	_ frontdesk.Ledger         = (*Store)(nil)
)

// Open connects to the database and makes the tables, or brings them up to
// date. Several processes may do so at once. Where the tables are of this
// version already, the role needs no right but to read and write them. Tables
// of a newer version are refused.
func Open(ctx context.Context, config Config) (*Store, error) {
	schema := config.schema()
	pool, err := config.pool(ctx)
	if err != nil {
		return nil, err
	}
	store := &Store{pool: pool, owned: config.Pool == nil, sql: newStatements(schema)}
	if err := checkServer(ctx, pool); err != nil {
		store.Close()
		return nil, err
	}
	if err := migrate(ctx, pool, schema, "log"); err != nil {
		store.Close()
		return nil, err
	}
	return store, nil
}

func (c *Config) schema() string {
	if c.Schema == "" {
		return DefaultSchema
	}
	return c.Schema
}

func (c *Config) pool(ctx context.Context) (*pgxpool.Pool, error) {
	if c.Pool != nil {
		return c.Pool, nil
	}
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	config.ConnConfig.BuildContextWatcherHandler = waitForOutcome
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	return pool, nil
}

// waitForOutcome lets a call that is canceled while PostgreSQL works on it wait
// for the answer, so that what it did is known: pgx would cut the connection,
// and an append could still land after it had returned.
func waitForOutcome(conn *pgconn.PgConn) ctxwatch.Handler {
	return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, CancelRequestDelay: 100 * time.Millisecond, DeadlineDelay: time.Second}
}

// Close closes the store's connections, unless the pool is the caller's. It
// waits for calls under way.
func (s *Store) Close() error {
	if s.owned {
		s.pool.Close()
	}
	return nil
}

// checkServer refuses a server that is too old, and one that acknowledges what
// it may lose.
func checkServer(ctx context.Context, pool *pgxpool.Pool) error {
	const oldest = 140000 // the first with date_bin
	var (
		version int
		commit  string
	)
	err := pool.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('synchronous_commit')`).Scan(&version, &commit)
	switch {
	case err != nil:
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	case version < oldest:
		return fmt.Errorf("PostgreSQL is of version %d, and 14 or newer is needed", version/10000)
	case commit == "off":
		return errors.New("PostgreSQL has synchronous_commit off, which loses acknowledged entries in a crash: turn it on for this role with ALTER ROLE … SET synchronous_commit = on")
	}
	return nil
}

// database is what a pool and a transaction have in common.
type database interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// errAgain says that what was found after a refusal does not explain it: it
// has changed since.
var errAgain = errors.New("try again")

// again calls do until it meets nobody else's transaction. What it tries again
// was certainly not done.
func again(ctx context.Context, do func() error) error {
	const most = 100
	for attempt := 1; ; attempt++ {
		err := do()
		var refused *pgconn.PgError
		switch {
		case errors.Is(err, errAgain):
		case errors.As(err, &refused) && (refused.Code == serializationFailure || refused.Code == deadlockDetected):
		default:
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if attempt == most {
			return fmt.Errorf("gave up after %d attempts: %w", most, err)
		}
	}
}

// SQLSTATEs, as listed in PostgreSQL's appendix A.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

// transaction runs do in a transaction. Read committed is enough, and what the
// statements are written for: they wait for the row they change and decide by
// what they then find.
func (s *Store) transaction(ctx context.Context, do func(pgx.Tx) error) error {
	return again(ctx, func() error {
		return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, do)
	})
}

// inSchema puts the name of a schema into a statement, which is written for
// the default one.
func inSchema(schema, sql string) string {
	return strings.ReplaceAll(sql, DefaultSchema+".", pgx.Identifier{schema}.Sanitize()+".")
}
