package sqlite

import (
	"context"
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"github.com/frontdesk-go/frontdesk"
)

// Conversations implements [frontdesk.CustomerMemory].
func (s *Store) Conversations(ctx context.Context, tenant, customer string, most int) ([]frontdesk.ConversationID, error) {
	var found []frontdesk.ConversationID
	err := s.read(ctx, func(c *conn) error {
		return c.run(`SELECT name FROM conversations WHERE tenant = ? AND customer = ? ORDER BY place DESC LIMIT ?`,
			func(row *sqlite3.Stmt) {
				found = append(found, frontdesk.ConversationID{Tenant: tenant, ID: row.ColumnText(0)})
			}, tenant, customer, max(most, 0))
	})
	if err != nil {
		return nil, fmt.Errorf("look for a customer's conversations: %w", err)
	}
	return found, nil
}

// Erase implements [frontdesk.CustomerMemory]. What it removes is overwritten
// in the file at once, and in the log beside it as soon as nobody reads there.
// Backups are yours to erase.
func (s *Store) Erase(ctx context.Context, tenant, customer string) error {
	erased := false
	err := s.do(ctx, &write{alone: true, do: func(c *conn) error {
		var rows []int64
		err := c.run(`SELECT id FROM conversations WHERE tenant = ? AND customer = ?`,
			func(row *sqlite3.Stmt) { rows = append(rows, row.ColumnInt64(0)) }, tenant, customer)
		for _, row := range rows {
			if err == nil {
				err = c.run(`DELETE FROM entries WHERE position > ?1 << 24 AND position < (?1 + 1) << 24`, nil, row)
			}
			if err == nil {
				err = c.run(`DELETE FROM conversations WHERE id = ?`, nil, row)
			}
		}
		erased = len(rows) > 0
		return err
	}})
	if err == nil && erased {
		s.emptyLog(ctx)
	}
	if err != nil {
		return fmt.Errorf("erase a customer: %w", err)
	}
	return nil
}

// emptyLog brings what is in the write-ahead log into the file and empties the
// log, if nobody is reading there. Otherwise it is done in passing later.
func (s *Store) emptyLog(ctx context.Context) {
	_ = s.read(ctx, func(c *conn) error {
		return c.run(`PRAGMA wal_checkpoint(TRUNCATE)`, nil)
	})
}
