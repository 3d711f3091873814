package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-go/frontdesk"
)

const (
	// candidates is how many passages each way of searching adds to the
	// fusion, at least.
	candidates = 50

	// fusionRank is the constant of reciprocal rank fusion: Cormack, Clarke and
	// Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual
	// Rank Learning Methods" (SIGIR 2009).
	fusionRank = 60

	// mostCandidates is pgvector's limit of hnsw.ef_search.
	mostCandidates = 1000
)

// Retrieve implements [frontdesk.Retriever]. Its filters are part of the
// search. With an Embedder it makes one request, unless no passage has a
// vector; what is embedded is the message with the one before it. If the
// request fails, the answer is that of the words alone, and Fallback is told.
func (p *Passages) Retrieve(ctx context.Context, query frontdesk.Query) ([]frontdesk.Passage, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if query.TopK <= 0 || strings.TrimSpace(query.Text) == "" {
		return nil, nil
	}
	if query.At.IsZero() {
		query.At = time.Now() // the same for all passages
	}
	vector, err := p.embed(ctx, &query)
	if err != nil {
		return nil, fmt.Errorf("search passages: %w", err)
	}
	var found []frontdesk.Passage
	// All statements must see the same passages.
	err = pgx.BeginTxFunc(ctx, p.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		found, err = p.search(ctx, tx, &query, vector)
		return err
	})
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("search passages: %w", err)
	}
	return found, nil
}

// embed makes the query's vector. It is nil if the query is to be answered by
// words alone.
func (p *Passages) embed(ctx context.Context, query *frontdesk.Query) ([]float32, error) {
	if p.embedder == nil {
		return nil, nil
	}
	held, dimensions, err := p.heldModel(ctx, p.pool)
	switch {
	case err != nil || dimensions == 0:
		return nil, err
	case held != p.model:
		return nil, otherModel(held, p.model)
	}
	text := query.Text
	if len(query.Previous) > 0 {
		text = query.Previous[0] + "\n" + text
	}
	vectors, err := p.embedder.Embed(ctx, []string{text}, frontdesk.EmbedQuery)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err == nil && len(vectors) != 1 {
		err = fmt.Errorf("%d vectors for one text", len(vectors))
	}
	if err != nil {
		if p.fallback != nil {
			p.fallback(*query, err)
		}
		return nil, nil
	}
	if len(vectors[0]) != dimensions {
		return nil, fmt.Errorf("the query's vector has %d dimensions, those of the passages have %d: is the embedder's model %q?", len(vectors[0]), dimensions, held)
	}
	return vectors[0], nil
}

// hit is a passage that was found, by its number in the table.
type hit struct {
	Number int64
	Score  float64
}

func (p *Passages) search(ctx context.Context, tx pgx.Tx, query *frontdesk.Query, vector []float32) ([]frontdesk.Passage, error) {
	wanted := query.TopK
	if vector != nil {
		wanted = max(2*query.TopK, candidates)
	}
	hits, err := p.byWords(ctx, tx, query, wanted)
	if err != nil {
		return nil, err
	}
	if vector != nil {
		near, err := p.byVector(ctx, tx, query, vector, wanted)
		if err != nil {
			return nil, err
		}
		hits = fuse(hits, near)
	}
	return p.fetch(ctx, tx, query, hits[:min(len(hits), query.TopK)])
}

// arguments collects a statement's arguments.
type arguments []any

// add returns the argument's name in the statement.
func (a *arguments) add(value any) string {
	*a = append(*a, value)
	return fmt.Sprint("$", len(*a))
}

// admitted is frontdesk.Query.Admits as a condition.
func admitted(query *frontdesk.Query, args *arguments) string {
	at := args.add(query.At)
	condition := `(tenant = '' OR tenant = ` + args.add([]byte(query.Tenant)) + `)
		AND (audience = '{}' OR audience && ` + args.add(byteStrings(query.Audience)) + `::bytea[])
		AND (valid_from IS NULL OR valid_from <= ` + at + `) AND (valid_until IS NULL OR valid_until > ` + at + `)`
	for name, values := range query.Filter {
		allowed := make([][]byte, len(values))
		for i, value := range values {
			allowed[i] = label(name, value)
		}
		condition += ` AND labels && ` + args.add(allowed) + `::bytea[]`
	}
	return condition
}

// byWords ranks passages by the words they share with the query. PostgreSQL
// knows how often a word stands in a passage, and no longer counts the more often
// (ts_rank); how rare the word is among the passages is added here.
func (p *Passages) byWords(ctx context.Context, tx pgx.Tx, query *frontdesk.Query, wanted int) ([]hit, error) {
	var (
		args    arguments
		configs []string
		texts   []string
		weights []float32
	)
	for _, ask := range asks(query) {
		configs, texts, weights = append(configs, ask.config), append(texts, ask.text), append(weights, ask.weight)
	}
	sql := `
		WITH terms AS MATERIALIZED (
			SELECT lexeme, max(weight) AS weight, ('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''')::tsquery AS term
			FROM unnest(` + args.add(configs) + `::text[], ` + args.add(texts) + `::text[], ` + args.add(weights) + `::real[]) AS ask (config, text, weight),
				unnest(tsvector_to_array(to_tsvector(config::regconfig, text))) AS lexeme
			GROUP BY lexeme
		), matches AS MATERIALIZED (
			SELECT number, lexeme, weight * ts_rank('{0.5, 0.5, 0.5, 1}', words, term, 1) AS score
			FROM terms JOIN frontdesk.passages ON words @@ term WHERE ` + admitted(query, &args) + `
		), rarity AS MATERIALIZED (
			SELECT lexeme, ln(1 + greatest((SELECT reltuples FROM pg_class WHERE oid = ` + args.add(inSchema(p.schema, "frontdesk.passages")) + `::text::regclass), 1000) / count(*)) AS rarity
			FROM matches GROUP BY lexeme
		)
		SELECT number, sum(score * rarity)::float8 AS score FROM matches JOIN rarity USING (lexeme)
		GROUP BY number ORDER BY score DESC, number LIMIT ` + args.add(wanted)
	return p.rank(ctx, tx, sql, args)
}

// byVector ranks passages by the cosine of their vectors with the query's.
func (p *Passages) byVector(ctx context.Context, tx pgx.Tx, query *frontdesk.Query, vector []float32, wanted int) ([]hit, error) {
	kind, _ := p.vectorType(len(vector))
	if kind == "" {
		var args arguments
		return p.rank(ctx, tx, `
			SELECT number, (SELECT sum(a * b)::float8 FROM unnest(embedding, `+args.add(vector)+`::real[]) AS pair (a, b)) AS score
			FROM frontdesk.passages WHERE embedding IS NOT NULL AND `+admitted(query, &args)+`
			ORDER BY score DESC, number LIMIT `+args.add(wanted), args)
	}
	var args arguments
	distance := `embedding::` + kind + ` OPERATOR(` + pgx.Identifier{p.vectors}.Sanitize() + `.<=>) ` + args.add(vector) + `::real[]::` + kind
	sql := `
		SELECT number, 1 - distance AS score FROM (
			SELECT number, ` + distance + ` AS distance FROM frontdesk.passages WHERE embedding IS NOT NULL AND ` + admitted(query, &args) + `
			ORDER BY ` + distance + ` LIMIT ` + args.add(wanted) + `
		) AS nearest ORDER BY distance, number`
	// The scan goes on behind the first candidates until enough fit the filter.
	_, err := tx.Exec(ctx, `SELECT set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', $1, true)`,
		fmt.Sprint(min(wanted, mostCandidates)))
	if err != nil {
		return nil, err
	}
	hits, err := p.rank(ctx, tx, sql, args)
	if err != nil || len(hits) == wanted {
		return hits, err
	}
	// The scan gave up, or there are no more. Few fit the filter, so that it is
	// cheap to compare them all.
	if _, err := tx.Exec(ctx, `SELECT set_config('enable_indexscan', 'off', true)`); err != nil {
		return nil, err
	}
	return p.rank(ctx, tx, sql, args)
}

func (p *Passages) rank(ctx context.Context, tx pgx.Tx, sql string, args arguments) ([]hit, error) {
	rows, err := tx.Query(ctx, inSchema(p.schema, sql), args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[hit])
}

// fuse joins two rankings into one, by the sum of reciprocal ranks.
func fuse(rankings ...[]hit) []hit {
	scores := make(map[int64]float64)
	for _, ranking := range rankings {
		for rank, hit := range ranking {
			scores[hit.Number] += 1 / float64(fusionRank+rank+1)
		}
	}
	fused := make([]hit, 0, len(scores))
	for number, score := range scores {
		fused = append(fused, hit{number, score})
	}
	slices.SortFunc(fused, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Number, b.Number))
	})
	return fused
}

// fetch reads the passages of hits.
func (p *Passages) fetch(ctx context.Context, tx pgx.Tx, query *frontdesk.Query, hits []hit) ([]frontdesk.Passage, error) {
	numbers := make([]int64, len(hits))
	for i, hit := range hits {
		numbers[i] = hit.Number
	}
	rows, err := tx.Query(ctx, inSchema(p.schema, `SELECT number, passage FROM frontdesk.passages WHERE number = ANY ($1::bigint[])`), numbers)
	if err != nil {
		return nil, err
	}
	byNumber := make(map[int64]frontdesk.Passage, len(hits))
	var (
		number int64
		data   []byte
	)
	_, err = pgx.ForEachRow(rows, []any{&number, &data}, func() error {
		var passage frontdesk.Passage
		if err := json.Unmarshal(data, &passage); err != nil {
			return err
		}
		byNumber[number] = passage
		return nil
	})
	if err != nil {
		return nil, err
	}
	found := make([]frontdesk.Passage, 0, len(hits))
	for _, hit := range hits {
		passage, ok := byNumber[hit.Number]
		if !ok {
			return nil, errors.New("a passage is gone that was just found")
		}
		// The columns hold times to the microsecond: the rule itself decides.
		if passage.Score = hit.Score; query.Admits(&passage) {
			found = append(found, passage)
		}
	}
	return found, nil
}
