package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-go/frontdesk"
)

// Conversations implements [frontdesk.CustomerMemory].
func (s *Store) Conversations(ctx context.Context, tenant, customer string, most int) ([]frontdesk.ConversationID, error) {
	rows, err := s.pool.Query(ctx, s.sql.conversations, []byte(tenant), []byte(customer), max(most, 0))
	if err != nil {
		return nil, fmt.Errorf("list a customer's conversations: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (frontdesk.ConversationID, error) {
		var id []byte
		err := row.Scan(&id)
		return frontdesk.ConversationID{Tenant: tenant, ID: string(id)}, err
	})
	if err != nil {
		return nil, fmt.Errorf("list a customer's conversations: %w", err)
	}
	return found, nil
}

// Erase implements [frontdesk.CustomerMemory]. Claims stay without the
// conversation that made them. PostgreSQL frees the space when it vacuums the
// tables; write-ahead log and backups keep what they hold for as long as they
// are kept.
func (s *Store) Erase(ctx context.Context, tenant, customer string) error {
	err := s.transaction(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, s.sql.eraseConversations, []byte(tenant), []byte(customer))
		if err != nil {
			return err
		}
		erased, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
		if err != nil || len(erased) == 0 {
			return err
		}
		if _, err := tx.Exec(ctx, s.sql.eraseEntries, []byte(tenant), erased); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, s.sql.eraseHolders, []byte(tenant), erased)
		return err
	})
	if err != nil {
		return fmt.Errorf("erase a customer: %w", err)
	}
	return nil
}
