package postgres

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-go/frontdesk"
)

// Spend implements [frontdesk.Ledger].
func (s *Store) Spend(ctx context.Context, accounts ...frontdesk.Account) error {
	counts := make([]frontdesk.Count, len(accounts))
	for i, account := range accounts {
		counts[i] = frontdesk.Count{Account: account, Amount: 1}
	}
	if len(counts) == 0 {
		return ctx.Err()
	}
	if err := s.transaction(ctx, func(tx pgx.Tx) error { return s.add(ctx, tx, counts) }); err != nil {
		return fmt.Errorf("count a request: %w", err)
	}
	s.sweep(ctx)
	return nil
}

// add adds amounts to accounts in one round trip. What it refuses must be
// rolled back.
func (s *Store) add(ctx context.Context, tx pgx.Tx, counts []frontdesk.Count) error {
	if len(counts) == 0 {
		return nil
	}
	// Transactions that change the same accounts wait for each other in the
	// same order. Amounts on one account stay in theirs.
	type placed struct {
		frontdesk.Count
		name  []byte
		place int
	}
	sorted := make([]placed, len(counts))
	for i, count := range counts {
		sorted[i] = placed{count, digest(count.Account.Name), i}
	}
	slices.SortStableFunc(sorted, func(a, b placed) int { return bytes.Compare(a.name, b.name) })

	type refusal struct {
		place int
		err   *frontdesk.QuotaError
	}
	var (
		batch    pgx.Batch
		refusals []refusal
	)
	for _, count := range sorted {
		period := max(count.Account.Period, time.Microsecond)
		if count.Amount <= 0 {
			var at *time.Time
			if !count.At.IsZero() {
				at = &count.At
			}
			batch.Queue(s.sql.giveBack, count.name, count.Amount, at, period)
			continue
		}
		batch.Queue(s.sql.count, count.name, count.Amount, int64(count.Account.Limit), period).QueryRow(func(row pgx.Row) error {
			var (
				counted bool
				reset   time.Time
			)
			if err := row.Scan(&counted, &reset); err != nil {
				return err
			}
			if !counted {
				refusals = append(refusals, refusal{count.place, &frontdesk.QuotaError{Account: count.Account, Reset: reset.UTC()}})
			}
			return nil
		})
	}
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	if len(refusals) == 0 {
		return nil
	}
	return slices.MinFunc(refusals, func(a, b refusal) int { return cmp.Compare(a.place, b.place) }).err
}

// sweep forgets the sums of past periods, once an hour. It is no error if that
// fails: they count for nothing, and the next hour brings another try.
func (s *Store) sweep(ctx context.Context) {
	now, last := time.Now().Unix(), s.swept.Load()
	if now-last >= int64(time.Hour/time.Second) && s.swept.CompareAndSwap(last, now) {
		_, _ = s.pool.Exec(ctx, s.sql.forget)
	}
}
