package sqlite

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// conn is a connection that keeps its prepared statements. It is for one
// goroutine at a time.
type conn struct {
	*sqlite3.Conn
	statements map[string]*sqlite3.Stmt
	swept      time.Time // when past accounts were last removed
}

// connect opens a connection to a file that exists. What makes commits durable
// is set and read back: with synchronous=NORMAL, a power cut takes
// acknowledged entries along.
func connect(ctx context.Context, settings settings) (*conn, error) {
	path := filepath.ToSlash(settings.path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // as in file:///C:/…
	}
	options := url.Values{"modeof": {settings.path}} // the files beside it are as private
	if settings.vfs != "" {
		options = url.Values{"vfs": {settings.vfs}}
	}
	query := strings.ReplaceAll(options.Encode(), "+", "%20") // SQLite takes a + for what it is
	opened, err := sqlite3.OpenContext(ctx, (&url.URL{Scheme: "file", Path: path, RawQuery: query}).String())
	if err != nil {
		return nil, explain(ctx, err)
	}
	c := &conn{Conn: opened, statements: make(map[string]*sqlite3.Stmt)}
	if err := c.configure(settings); err != nil {
		_ = c.Close() // the first error tells more
		return nil, explain(ctx, err)
	}
	return c, nil
}

func (c *conn) configure(settings settings) error {
	if err := c.BusyTimeout(lockTimeout); err != nil {
		return err
	}
	err := c.Exec(`
		PRAGMA synchronous = ` + settings.synchronous + `;
		PRAGMA fullfsync = ON;            -- on macOS, where fsync does not reach the disk
		PRAGMA checkpoint_fullfsync = ON;
		PRAGMA secure_delete = ON;        -- what is erased is overwritten
		PRAGMA temp_store = MEMORY;
		PRAGMA trusted_schema = OFF;
		PRAGMA foreign_keys = OFF`)
	if err != nil {
		return err
	}
	if settings.checkpoint > 0 {
		if err := c.WALAutoCheckpoint(settings.checkpoint); err != nil {
			return err
		}
	}
	levels := map[string]int64{"NORMAL": 1, "FULL": 2}
	switch level, err := c.number(`PRAGMA synchronous`); {
	case err != nil:
		return err
	case level != levels[settings.synchronous]:
		return fmt.Errorf("SQLite does not take synchronous=%s: it says %d", settings.synchronous, level)
	}
	return nil
}

// Close closes the connection and its statements.
func (c *conn) Close() error {
	for _, statement := range c.statements {
		_ = statement.Close() // an error is that of its last run
	}
	clear(c.statements)
	return c.Conn.Close()
}

// run runs a statement with its arguments and calls row, if not nil, for each
// row.
func (c *conn) run(sql string, row func(*sqlite3.Stmt), args ...any) error {
	statement, ok := c.statements[sql]
	if !ok {
		var err error
		if statement, _, err = c.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT); err != nil {
			return err
		}
		c.statements[sql] = statement
	}
	for i, arg := range args {
		if err := bind(statement, i+1, arg); err != nil {
			return err
		}
	}
	for statement.Step() {
		if row != nil {
			row(statement)
		}
	}
	err := statement.Err()
	if reset := statement.Reset(); err == nil {
		err = reset
	}
	return err
}

func bind(statement *sqlite3.Stmt, place int, arg any) error {
	switch arg := arg.(type) {
	case string:
		return statement.BindText(place, arg)
	case jsonText:
		if arg == nil {
			return statement.BindNull(place)
		}
		return statement.BindRawText(place, arg)
	case []byte:
		return statement.BindBlob(place, arg)
	case int64:
		return statement.BindInt64(place, arg)
	case int:
		return statement.BindInt(place, arg)
	case nil:
		return statement.BindNull(place)
	default:
		return fmt.Errorf("no way to store a %T", arg)
	}
}

// jsonText is stored as text, and nil as NULL.
type jsonText []byte

// number is the first column of the first row of a query, or zero.
func (c *conn) number(sql string, args ...any) (n int64, err error) {
	err = c.run(sql, func(row *sqlite3.Stmt) { n = row.ColumnInt64(0) }, args...)
	return n, err
}
