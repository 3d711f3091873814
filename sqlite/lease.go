package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/frontdesk-go/frontdesk"
)

// offerTime is how long a conversation that Expired returned is not returned
// again, so that others who recover turns find other work.
const offerTime = 5 * time.Second

// Renew implements [frontdesk.SharedMemory].
func (s *Store) Renew(ctx context.Context, id frontdesk.ConversationID, epoch int64, duration time.Duration) error {
	err := s.do(ctx, &write{do: func(c *conn) error {
		err := c.run(`UPDATE conversations SET lease_until = ? WHERE tenant = ? AND name = ? AND epoch = ? AND lease_until IS NOT NULL`,
			nil, time.Now().Add(duration).UnixMicro(), id.Tenant, id.ID, epoch)
		if err == nil && c.Changes() == 0 {
			err = refusal{fmt.Errorf("the lease of epoch %d is gone: %w", epoch, frontdesk.ErrConflict)}
		}
		return err
	}})
	if err != nil {
		return fmt.Errorf("conversation %s: %w", id, err)
	}
	return nil
}

// Expired implements [frontdesk.SharedMemory]. What it returns it does not
// return again for five seconds, in whichever process.
func (s *Store) Expired(ctx context.Context, most int) ([]frontdesk.ConversationID, error) {
	var found []frontdesk.ConversationID
	err := s.do(ctx, &write{do: func(c *conn) error {
		now := time.Now()
		var rows []int64
		found = nil
		err := c.run(`
			SELECT id, tenant, name FROM conversations WHERE lease_until <= ?1 AND offered_until <= ?1
			ORDER BY lease_until, tenant, name LIMIT ?2`,
			func(row *sqlite3.Stmt) {
				rows = append(rows, row.ColumnInt64(0))
				found = append(found, frontdesk.ConversationID{Tenant: row.ColumnText(1), ID: row.ColumnText(2)})
			}, now.UnixMicro(), max(most, 0))
		for _, row := range rows {
			if err != nil {
				break
			}
			err = c.run(`UPDATE conversations SET offered_until = ? WHERE id = ?`, nil, now.Add(offerTime).UnixMicro(), row)
		}
		return err
	}})
	if err != nil {
		return nil, fmt.Errorf("look for leases that ran out: %w", err)
	}
	return found, nil
}
