package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/frontdesk-go/frontdesk"
)

// PassagesConfig says where the passages are and how they are searched.
type PassagesConfig struct {
	// Config is where the tables are. They may be in the schema of a [Store].
	Config

	// Embedder makes a vector of each query, in one request. It must be of the
	// model that made the passages' vectors. Nil: search by words alone.
	Embedder frontdesk.Embedder

	// Model names the embedder's model. It may be empty for a
	// [*frontdesk.Embeddings], which knows it. It is kept with the vectors, and
	// those of another model are refused.
	Model string

	// Fallback is told when the embedder failed and the query was answered by
	// words alone. Nil: nobody is. It may be called by several goroutines at
	// once.
	Fallback func(query frontdesk.Query, err error)
}

// Passages is a [frontdesk.Retriever] over a knowledge base in PostgreSQL. It
// searches by words, with PostgreSQL's full-text search, and if it has an
// Embedder by meaning, with pgvector; the two rankings are fused. Without
// pgvector all vectors are compared, which is fast enough for some thousand.
// It can be kept in step with documents by package ingest. It is safe for
// concurrent use.
type Passages struct {
	pool     *pgxpool.Pool
	owned    bool
	schema   string
	vectors  string // the schema of pgvector, empty without it
	embedder frontdesk.Embedder
	model    string
	fallback func(frontdesk.Query, error)
}

var _ frontdesk.Retriever = (*Passages)(nil)

// OpenPassages connects to the database and makes the tables, or brings them
// up to date, as [Open] does. Where the server has pgvector, it is made an
// extension of the database, if the role may do so, and its index is built.
func OpenPassages(ctx context.Context, config PassagesConfig) (*Passages, error) {
	model, err := config.model()
	if err != nil {
		return nil, err
	}
	pool, err := config.pool(ctx)
	if err != nil {
		return nil, err
	}
	p := &Passages{
		pool: pool, owned: config.Pool == nil, schema: config.schema(),
		embedder: config.Embedder, model: model, fallback: config.Fallback,
	}
	if err := p.open(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Passages) open(ctx context.Context) error {
	if err := migrate(ctx, p.pool, p.schema, "passages"); err != nil {
		return err
	}
	if err := p.findVectors(ctx); err != nil {
		return fmt.Errorf("look for pgvector: %w", err)
	}
	held, dimensions, err := p.heldModel(ctx, p.pool)
	switch {
	case err != nil:
		return fmt.Errorf("open passages: %w", err)
	case dimensions > 0 && p.embedder != nil && held != p.model:
		return otherModel(held, p.model)
	}
	err = p.alone(ctx, func(tx pgx.Tx) error { return p.buildIndex(ctx, tx, dimensions) })
	if err != nil {
		return fmt.Errorf("open passages: %w", err)
	}
	return nil
}

// alone runs a transaction beside which nobody else changes passages: two could
// put the same document in.
func (p *Passages) alone(ctx context.Context, do func(pgx.Tx) error) error {
	return again(ctx, func() error {
		return pgx.BeginTxFunc(ctx, p.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, inSchema(p.schema, `LOCK TABLE frontdesk.embedding_model IN SHARE ROW EXCLUSIVE MODE`)); err != nil {
				return err
			}
			return do(tx)
		})
	})
}

// Close closes the connections, unless the pool is the caller's.
func (p *Passages) Close() error {
	if p.owned {
		p.pool.Close()
	}
	return nil
}

// model is the name under which vectors are kept.
func (c *PassagesConfig) model() (string, error) {
	embeddings, ok := c.Embedder.(*frontdesk.Embeddings)
	switch {
	case c.Model != "" || c.Embedder == nil:
		return c.Model, nil
	case ok && embeddings.Model != "":
		return embeddings.Model, nil
	case ok:
		return frontdesk.BGELarge, nil
	default:
		return "", errors.New("the embedder's model is not known: name it in PassagesConfig.Model, so that vectors of another one are never mixed in")
	}
}

func otherModel(held, given string) error {
	return fmt.Errorf("the passages' vectors are of model %q, not %q: use that model, or remove all passages and ingest them anew", held, given)
}

// heldModel is the model of the vectors that are held, and how long they are:
// 0 if there are none.
func (p *Passages) heldModel(ctx context.Context, db database) (string, int, error) {
	var model []byte
	dimensions := 0
	err := db.QueryRow(ctx, inSchema(p.schema, `SELECT model, dimensions FROM frontdesk.embedding_model`)).Scan(&model, &dimensions)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return string(model), dimensions, err
}

// Documents returns the versions of the documents held of a source, by their
// names.
func (p *Passages) Documents(ctx context.Context, source string) (map[string]string, error) {
	rows, err := p.pool.Query(ctx, inSchema(p.schema, `SELECT DISTINCT document, version FROM frontdesk.passages WHERE source = $1`), []byte(source))
	if err != nil {
		return nil, fmt.Errorf("list documents: %w", err)
	}
	versions := make(map[string]string)
	var document, version []byte
	_, err = pgx.ForEachRow(rows, []any{&document, &version}, func() error {
		versions[string(document)] = string(version)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list documents: %w", err)
	}
	return versions, nil
}

// Replace takes out all passages of the named documents of a source and puts
// the given ones in, in one transaction. Each must be of one of the documents.
// vectors holds one vector of length 1 for each passage, of the embedder's
// model, or is nil: then the passages are found by their words alone. Invalid
// UTF-8 in a passage becomes U+FFFD.
func (p *Passages) Replace(ctx context.Context, source string, documents []string, passages []frontdesk.Passage, vectors [][]float32) error {
	names := make([][]byte, len(documents))
	for i, document := range documents {
		names[i] = []byte(document)
	}
	if err := p.checkReplacement(documents, passages, vectors); err != nil {
		return fmt.Errorf("replace documents: %w", err)
	}
	err := p.alone(ctx, func(tx pgx.Tx) error {
		remove := inSchema(p.schema, `DELETE FROM frontdesk.passages WHERE source = $1 AND document = ANY ($2::bytea[])`)
		if _, err := tx.Exec(ctx, remove, []byte(source), names); err != nil {
			return err
		}
		if err := p.keepModel(ctx, tx, vectors); err != nil {
			return err
		}
		return p.insert(ctx, tx, source, passages, vectors)
	})
	if err != nil {
		return fmt.Errorf("replace documents: %w", err)
	}
	return nil
}

func (p *Passages) checkReplacement(documents []string, passages []frontdesk.Passage, vectors [][]float32) error {
	for i := range passages {
		if !slices.Contains(documents, passages[i].Document) {
			return fmt.Errorf("passage %q is of document %q, which is not among those replaced", passages[i].ID, passages[i].Document)
		}
	}
	if vectors == nil {
		return nil
	}
	if len(vectors) != len(passages) {
		return fmt.Errorf("%d vectors for %d passages", len(vectors), len(passages))
	}
	if p.model == "" && len(vectors) > 0 {
		return errors.New("vectors of an unknown model: set PassagesConfig.Embedder or Model")
	}
	for i, vector := range vectors {
		if len(vector) == 0 || len(vector) != len(vectors[0]) {
			return fmt.Errorf("vector %d has %d dimensions, vector 0 has %d", i, len(vector), len(vectors[0]))
		}
	}
	return nil
}

// keepModel forgets the model of vectors that are all gone, records the one of
// the first vectors, and refuses those of another.
func (p *Passages) keepModel(ctx context.Context, tx pgx.Tx, vectors [][]float32) error {
	held, dimensions, err := p.heldModel(ctx, tx)
	if err != nil {
		return err
	}
	if dimensions > 0 {
		gone, err := tx.Exec(ctx, inSchema(p.schema, `
			DELETE FROM frontdesk.embedding_model WHERE NOT EXISTS (SELECT FROM frontdesk.passages WHERE embedding IS NOT NULL)`))
		if err != nil {
			return err
		}
		if gone.RowsAffected() > 0 {
			dimensions = 0
		}
	}
	switch {
	case len(vectors) == 0:
		return nil
	case dimensions == 0:
		return p.beginModel(ctx, tx, len(vectors[0]))
	case held != p.model:
		return otherModel(held, p.model)
	case dimensions != len(vectors[0]):
		return fmt.Errorf("vectors of %d dimensions, those held have %d", len(vectors[0]), dimensions)
	default:
		return nil
	}
}

func (p *Passages) beginModel(ctx context.Context, tx pgx.Tx, dimensions int) error {
	if _, err := tx.Exec(ctx, inSchema(p.schema, `DROP INDEX IF EXISTS frontdesk.passages_embedding`)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, inSchema(p.schema, `INSERT INTO frontdesk.embedding_model (model, dimensions) VALUES ($1, $2)`), []byte(p.model), dimensions)
	if err != nil {
		return err
	}
	return p.buildIndex(ctx, tx, dimensions)
}

// insert puts passages in, all in one round trip.
func (p *Passages) insert(ctx context.Context, tx pgx.Tx, source string, passages []frontdesk.Passage, vectors [][]float32) error {
	sql := inSchema(p.schema, `
		INSERT INTO frontdesk.passages (source, document, version, tenant, audience, labels, valid_from, valid_until, passage, words, embedding)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
			setweight(to_tsvector($10::text::regconfig, $11), 'A') || setweight(to_tsvector($10::text::regconfig, $12), 'D'), $13)`)
	var batch pgx.Batch
	for i := range passages {
		passage := passages[i]
		passage.Score = 0
		data, err := json.Marshal(passage)
		if err != nil {
			return err
		}
		var vector []float32
		if vectors != nil {
			vector = vectors[i]
		}
		language := languageOf(&passage)
		batch.Queue(sql, []byte(source), []byte(passage.Document), []byte(passage.Version), []byte(passage.Tenant),
			byteStrings(passage.Audience), labels(passage.Labels), bound(passage.ValidFrom), bound(passage.ValidUntil), data,
			language.config(), words(passage.Title), words(passage.Text), vector)
	}
	if len(passages) >= manyPassages {
		// Else the search has a bad plan until autovacuum comes by. Where the
		// role does not own the table, PostgreSQL leaves it at a warning.
		batch.Queue(inSchema(p.schema, `ANALYZE frontdesk.passages`))
	}
	return tx.SendBatch(ctx, &batch).Close()
}

// manyPassages are so many that PostgreSQL should know about them at once.
const manyPassages = 500

func byteStrings(texts []string) [][]byte {
	list := make([][]byte, len(texts)) // not nil: that would be a null
	for i, text := range texts {
		list[i] = []byte(text)
	}
	return list
}

func labels(labels map[string]string) [][]byte {
	list := make([][]byte, 0, len(labels))
	for name, value := range labels {
		list = append(list, label(name, value))
	}
	return list
}

func label(name, value string) []byte {
	return []byte(strconv.Quote(name) + "=" + strconv.Quote(value))
}

// bound is a bound of time, null if there is none.
func bound(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
