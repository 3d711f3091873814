package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed migrations
var files embed.FS

// migration is a step from one version of the tables to the next.
type migration struct {
	version int
	sql     string
}

// readMigrations returns the migrations of a part of the tables in order. Their
// files are named for the version they lead to and what they bring: 1_log.sql.
func readMigrations(part string) ([]migration, error) {
	names, err := fs.Glob(files, path.Join("migrations", part, "*.sql"))
	if err != nil {
		return nil, err
	}
	var steps []migration
	for _, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		sql, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, migration{version, string(sql)})
	}
	slices.SortFunc(steps, func(a, b migration) int { return a.version - b.version })
	return steps, nil
}

// migrate brings a part of the tables to its newest version. The migrations are
// all done or none, and by one process at a time.
func migrate(ctx context.Context, pool *pgxpool.Pool, schema, part string) error {
	steps, err := readMigrations(part)
	if err != nil {
		return err
	}
	newest := steps[len(steps)-1].version
	// Where there is nothing to do, no right to change tables is needed.
	if found, err := schemaVersion(ctx, pool, schema, part); err == nil && found == newest {
		return nil
	}
	err = again(ctx, func() error {
		return pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, "frontdesk "+schema); err != nil {
				return err
			}
			found, err := schemaVersion(ctx, tx, schema, part)
			if err != nil {
				return err
			}
			if found > newest {
				return fmt.Errorf("its tables are of version %d and this program knows %d: upgrade the program", found, newest)
			}
			if err := prepare(ctx, tx, schema); err != nil {
				return err
			}
			for _, step := range steps {
				if step.version <= found {
					continue
				}
				if _, err := tx.Exec(ctx, inSchema(schema, step.sql), pgx.QueryExecModeSimpleProtocol); err != nil {
					return fmt.Errorf("%s, version %d: %w", part, step.version, err)
				}
				if _, err := tx.Exec(ctx, inSchema(schema, `INSERT INTO frontdesk.versions (part, version) VALUES ($1, $2)`), part, step.version); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("prepare schema %s: %w", schema, err)
	}
	return nil
}

// prepare makes the schema and the table of versions, unless they are there.
// It looks first, because making a schema takes a right that not every role
// has that may make tables in one.
func prepare(ctx context.Context, tx pgx.Tx, schema string) error {
	var exists bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)`, schema).Scan(&exists); err != nil {
		return err
	}
	if !exists {
		if _, err := tx.Exec(ctx, `CREATE SCHEMA `+pgx.Identifier{schema}.Sanitize()); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, inSchema(schema, `
		CREATE TABLE IF NOT EXISTS frontdesk.versions (
			part    text NOT NULL,
			version int NOT NULL,
			applied timestamptz NOT NULL DEFAULT now(),
			PRIMARY KEY (part, version)
		)`))
	return err
}

// schemaVersion returns the version of a part's tables, 0 if there are none. It
// looks into the catalogue's tables rather than ask to_regclass, which may
// answer from a cache that does not know yet what another process has made.
func schemaVersion(ctx context.Context, db database, schema, part string) (int, error) {
	exists, version := false, 0
	err := db.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = 'versions')`, schema).Scan(&exists)
	if err != nil || !exists {
		return 0, err
	}
	err = db.QueryRow(ctx, inSchema(schema, `SELECT coalesce(max(version), 0) FROM frontdesk.versions WHERE part = $1`), part).Scan(&version)
	return version, err
}
