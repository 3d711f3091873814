package sqlite

import (
	"context"
	"errors"

	"github.com/ncruces/go-sqlite3"
)

// OpenOn opens a store on a file layer that is registered with SQLite.
func OpenOn(ctx context.Context, layer, path, synchronous string, checkpoint int) (*Store, error) {
	return open(ctx, settings{path: path, vfs: layer, synchronous: synchronous, checkpoint: checkpoint})
}

// CheckIntegrity has SQLite look for damage.
func (s *Store) CheckIntegrity(ctx context.Context) error {
	var found []error
	err := s.read(ctx, func(c *conn) error {
		return c.run(`PRAGMA integrity_check`, func(row *sqlite3.Stmt) {
			if text := row.ColumnText(0); text != "ok" {
				found = append(found, errors.New(text))
			}
		})
	})
	return errors.Join(append(found, err)...)
}
