package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-go/frontdesk"
)

// offerTime is how long a conversation that Expired returned is not returned
// again, so that others who recover turns find other work.
const offerTime = 5 * time.Second

// Renew implements [frontdesk.SharedMemory].
func (s *Store) Renew(ctx context.Context, id frontdesk.ConversationID, epoch int64, duration time.Duration) error {
	err := again(ctx, func() error {
		done, err := s.pool.Exec(ctx, s.sql.renew, []byte(id.Tenant), []byte(id.ID), epoch, duration)
		if err == nil && done.RowsAffected() == 0 {
			err = fmt.Errorf("the lease of epoch %d is gone: %w", epoch, frontdesk.ErrConflict)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("renew the lease of conversation %s: %w", id, err)
	}
	return nil
}

// Expired implements [frontdesk.SharedMemory]. Callers at the same time do not
// wait for each other.
func (s *Store) Expired(ctx context.Context, most int) ([]frontdesk.ConversationID, error) {
	var found []frontdesk.ConversationID
	err := again(ctx, func() error {
		rows, err := s.pool.Query(ctx, s.sql.expired, max(most, 0), offerTime)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (frontdesk.ConversationID, error) {
			var tenant, id []byte
			err := row.Scan(&tenant, &id)
			return frontdesk.ConversationID{Tenant: string(tenant), ID: string(id)}, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for expired leases: %w", err)
	}
	return found, nil
}
