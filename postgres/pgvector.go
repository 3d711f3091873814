package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The most dimensions of which pgvector's HNSW indexes take a vector, in single
// and in half precision. Longer ones are compared one by one.
const (
	maxIndexed     = 2000
	maxIndexedHalf = 4000
)

// findVectors finds the schema of pgvector. Version 0.8 is needed, for its
// index scans go on until they have enough that fits a filter.
func (p *Passages) findVectors(ctx context.Context) error {
	const find = `
		SELECT n.nspname, string_to_array(e.extversion, '.')::int[] >= '{0,8}'
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'`
	var (
		schema string
		recent bool
	)
	err := p.pool.QueryRow(ctx, find).Scan(&schema, &recent)
	if errors.Is(err, pgx.ErrNoRows) {
		var available bool
		if err := p.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')`).Scan(&available); err != nil || !available {
			return err
		}
		// Others may do so at the same time, or the role may not: what counts
		// is what is found afterwards.
		var refused *pgconn.PgError
		if _, err := p.pool.Exec(ctx, `CREATE EXTENSION IF NOT EXISTS vector`); err != nil && !errors.As(err, &refused) {
			return err
		}
		err = p.pool.QueryRow(ctx, find).Scan(&schema, &recent)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
	}
	if err != nil {
		return err
	}
	if recent {
		p.vectors = schema
	}
	return nil
}

// vectorType is the type that vectors of a length are indexed as, and the
// prefix of its operator class. It is empty if they are not indexed.
func (p *Passages) vectorType(dimensions int) (name, class string) {
	kind := "vector"
	switch {
	case p.vectors == "" || dimensions == 0 || dimensions > maxIndexedHalf:
		return "", ""
	case dimensions > maxIndexed:
		kind = "halfvec"
	}
	return fmt.Sprintf("%s(%d)", pgx.Identifier{p.vectors, kind}.Sanitize(), dimensions), pgx.Identifier{p.vectors, kind + "_cosine_ops"}.Sanitize()
}

// buildIndex builds the index of the vectors, unless it is there.
func (p *Passages) buildIndex(ctx context.Context, db database, dimensions int) error {
	kind, class := p.vectorType(dimensions)
	if kind == "" {
		return nil
	}
	var exists bool
	err := db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_indexes WHERE schemaname = $1 AND indexname = 'passages_embedding')`, p.schema).Scan(&exists)
	if err != nil || exists {
		return err
	}
	_, err = db.Exec(ctx, inSchema(p.schema, `
		CREATE INDEX IF NOT EXISTS passages_embedding ON frontdesk.passages USING hnsw ((embedding::`+kind+`) `+class+`)`))
	if err != nil {
		return fmt.Errorf("index the vectors: %w", err)
	}
	return nil
}
