package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/frontdesk-go/frontdesk"
)

// Load implements [frontdesk.Memory].
func (s *Store) Load(ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
	var (
		log      []frontdesk.Entry
		unusable error
	)
	err := s.read(ctx, func(c *conn) error {
		return c.run(`
			SELECT e.seq, e.id, e.kind, e.version, e.turn, e.time, e.data
			FROM conversations c JOIN entries e ON e.position > (c.id << 24) + ?3 AND e.position < (c.id + 1) << 24
			WHERE c.tenant = ?1 AND c.name = ?2 ORDER BY e.position`,
			func(row *sqlite3.Stmt) {
				entry := frontdesk.Entry{
					Sequence: row.ColumnInt64(0),
					ID:       row.ColumnText(1),
					Kind:     frontdesk.EntryKind(row.ColumnText(2)),
					Version:  row.ColumnInt(3),
					Turn:     row.ColumnText(4),
				}
				var err error
				if entry.Time, err = time.Parse(time.RFC3339Nano, row.ColumnText(5)); err != nil {
					unusable = fmt.Errorf("entry %d has no time: %w", entry.Sequence, err)
				}
				if row.ColumnType(6) != sqlite3.NULL {
					entry.Data = []byte(row.ColumnText(6))
				}
				log = append(log, entry)
			}, id.Tenant, id.ID, min(max(after, 0), mostEntries))
	})
	if err = cmp.Or(err, unusable); err != nil {
		return nil, fmt.Errorf("load conversation %s: %w", id, err)
	}
	return log, nil
}

// Append implements [frontdesk.Memory]. The entries are on the disk when it
// returns nil.
func (s *Store) Append(ctx context.Context, id frontdesk.ConversationID, last int64, entries ...frontdesk.Entry) error {
	err := s.do(ctx, &write{do: func(c *conn) error { return c.append(id, last, entries, time.Now()) }})
	if err != nil {
		return fmt.Errorf("conversation %s: %w", id, err)
	}
	return nil
}

// append appends entries. The time is that of the store's clock.
func (c *conn) append(id frontdesk.ConversationID, last int64, entries []frontdesk.Entry, now time.Time) error {
	row, err := c.conversation(id)
	if err != nil {
		return err
	}
	if row.newest != last {
		return refusal{fmt.Errorf("expected entry %d to be the newest, found %d: %w", last, row.newest, frontdesk.ErrConflict)}
	}
	if len(entries) == 0 {
		return nil
	}
	if last+int64(len(entries)) > mostEntries {
		return refusal{fmt.Errorf("it has %d entries and cannot have more than %d", last, mostEntries)}
	}
	change, err := c.plan(id, &row, entries, now)
	if err != nil {
		return err
	}
	row.newest += int64(len(entries))
	if err := c.putConversation(id, &row); err != nil {
		return err
	}
	for i := range entries {
		entry := &entries[i]
		err := c.run(`INSERT INTO entries (position, id, kind, version, turn, time, data) VALUES (?, ?, ?, ?, ?, ?, ?)`, nil,
			row.id<<24+last+int64(i)+1, entry.ID, string(entry.Kind), entry.Version, entry.Turn,
			entry.Time.UTC().Format(time.RFC3339Nano), jsonText(entry.Data))
		if err != nil {
			return fmt.Errorf("entry %d: %w", last+int64(i)+1, err)
		}
	}
	return c.apply(row.id, change, now)
}

// conversation is a row of the table of that name.
type conversation struct {
	id       int64 // zero: there is none yet
	newest   int64
	customer string
	place    int64
	epoch    int64
	leased   bool
	until    int64
}

func (c *conn) conversation(id frontdesk.ConversationID) (found conversation, err error) {
	err = c.run(`SELECT id, newest, customer, place, epoch, lease_until FROM conversations WHERE tenant = ? AND name = ?`,
		func(row *sqlite3.Stmt) {
			found = conversation{
				id:       row.ColumnInt64(0),
				newest:   row.ColumnInt64(1),
				customer: row.ColumnText(2),
				place:    row.ColumnInt64(3),
				epoch:    row.ColumnInt64(4),
				leased:   row.ColumnType(5) != sqlite3.NULL,
				until:    row.ColumnInt64(5),
			}
		}, id.Tenant, id.ID)
	return found, err
}

// putConversation stores a row, and gives a new one its id.
func (c *conn) putConversation(id frontdesk.ConversationID, row *conversation) error {
	var customer, until any
	if row.customer != "" {
		customer = row.customer
		// It becomes the newest of the customer, if it is not already.
		var newest, place int64
		err := c.run(`SELECT id, place FROM conversations WHERE tenant = ? AND customer = ? ORDER BY place DESC LIMIT 1`,
			func(row *sqlite3.Stmt) { newest, place = row.ColumnInt64(0), row.ColumnInt64(1) }, id.Tenant, row.customer)
		if err != nil {
			return err
		}
		if newest != row.id || newest == 0 {
			row.place = place + 1
		}
	}
	if row.leased {
		until = row.until
	}
	if row.id == 0 {
		err := c.run(`INSERT INTO conversations (tenant, name, newest, customer, place, epoch, lease_until, offered_until) VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
			nil, id.Tenant, id.ID, row.newest, customer, row.place, row.epoch, until)
		row.id = c.LastInsertRowID()
		return err
	}
	return c.run(`UPDATE conversations SET newest = ?2, customer = ?3, place = ?4, epoch = ?5, lease_until = ?6 WHERE id = ?1`,
		nil, row.id, row.newest, customer, row.place, row.epoch, until)
}
