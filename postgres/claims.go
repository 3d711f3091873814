package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-go/frontdesk"
)

// naming is a step of an append: names to be claimed, or to be released.
type naming struct {
	names   []string
	release bool
}

// digest is the form in which names are kept.
func digest(name string) []byte {
	sum := sha256.Sum256([]byte(name))
	return sum[:]
}

// digests are sorted, so that transactions that want the same names wait for
// each other in the same order.
func digests(names []string) [][]byte {
	sums := make([][]byte, len(names))
	for i, name := range names {
		sums[i] = digest(name)
	}
	slices.SortFunc(sums, bytes.Compare)
	return sums
}

// changeClaims claims and releases names, in the order of the entries.
func (s *Store) changeClaims(ctx context.Context, tx pgx.Tx, a *appending) error {
	for _, step := range a.names {
		if step.release {
			if _, err := tx.Exec(ctx, s.sql.release, digests(step.names)); err != nil {
				return err
			}
			continue
		}
		rows, err := tx.Query(ctx, s.sql.claim, digests(step.names), []byte(a.id.Tenant), []byte(a.id.ID))
		if err != nil {
			return err
		}
		claimed, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
		if err != nil {
			return err
		}
		if len(claimed) < len(step.names) {
			return s.whoClaimed(ctx, tx, step.names, claimed)
		}
	}
	return nil
}

// whoClaimed finds the first of the names that could not be claimed, and its
// holder.
func (s *Store) whoClaimed(ctx context.Context, tx pgx.Tx, names []string, claimed [][]byte) error {
	free := make(map[string]bool)
	for _, sum := range claimed {
		free[string(sum)] = true
	}
	for _, name := range names {
		sum := string(digest(name))
		if free[sum] {
			free[sum] = false // the second of the same name is taken by the first
			continue
		}
		var tenant, id []byte
		err := tx.QueryRow(ctx, s.sql.holder, []byte(sum)).Scan(&tenant, &id)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return errAgain // it was released since
		case err != nil:
			return err
		default:
			return &frontdesk.ClaimError{Claim: name, Holder: frontdesk.ConversationID{Tenant: string(tenant), ID: string(id)}}
		}
	}
	return errAgain
}
