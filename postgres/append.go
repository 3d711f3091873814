package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-go/frontdesk"
)

// maxID is how many bytes tenant and id of a conversation may have together:
// both must fit into an index row of PostgreSQL.
const maxID = 2000

// Load implements [frontdesk.Memory].
func (s *Store) Load(ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
	rows, err := s.pool.Query(ctx, s.sql.load, []byte(id.Tenant), []byte(id.ID), after)
	if err != nil {
		return nil, fmt.Errorf("load conversation %s: %w", id, err)
	}
	entries, err := pgx.CollectRows(rows, readEntry)
	if err != nil {
		return nil, fmt.Errorf("load conversation %s: %w", id, err)
	}
	return entries, nil
}

func readEntry(row pgx.CollectableRow) (frontdesk.Entry, error) {
	var (
		entry          frontdesk.Entry
		id, kind, turn []byte
		nanoseconds    int16
	)
	err := row.Scan(&entry.Sequence, &id, &kind, &entry.Version, &turn, &entry.Time, &nanoseconds, (*[]byte)(&entry.Data))
	entry.ID, entry.Kind, entry.Turn = string(id), frontdesk.EntryKind(kind), string(turn)
	entry.Time = entry.Time.Add(time.Duration(nanoseconds)).UTC()
	return entry, err
}

// Append implements [frontdesk.Memory]. Refusals, which wrap
// [frontdesk.ErrConflict] or are a [*frontdesk.ClaimError] or a
// [*frontdesk.QuotaError], are certain. After any other error the entries may
// have been added. Tenant and id of a conversation may have 2,000 bytes
// together.
func (s *Store) Append(ctx context.Context, id frontdesk.ConversationID, last int64, entries ...frontdesk.Entry) error {
	if len(id.Tenant)+len(id.ID) > maxID {
		return fmt.Errorf("append to a conversation: its tenant and id have %d bytes, the store takes %d", len(id.Tenant)+len(id.ID), maxID)
	}
	added, err := newAppend(id, last, entries)
	if err == nil {
		err = s.append(ctx, added)
	}
	if err != nil {
		return fmt.Errorf("append to conversation %s: %w", id, err)
	}
	return nil
}

// append is one statement, unless the entries claim or count something.
func (s *Store) append(ctx context.Context, a *appending) error {
	switch {
	case a.last < 0:
		return s.whyRefused(ctx, s.pool, a)
	case len(a.entries) == 0:
		if err := s.whyRefused(ctx, s.pool, a); !errors.Is(err, errAgain) {
			return err
		}
		return nil // the newest entry is the one that is expected
	case len(a.names) == 0 && len(a.counts) == 0:
		return again(ctx, func() error { return s.addEntries(ctx, s.pool, a) })
	default:
		return s.transaction(ctx, func(tx pgx.Tx) error {
			if err := s.addEntries(ctx, tx, a); err != nil {
				return err
			}
			if err := s.changeClaims(ctx, tx, a); err != nil {
				return err
			}
			return s.add(ctx, tx, a.counts)
		})
	}
}

func (s *Store) addEntries(ctx context.Context, db database, a *appending) error {
	sql, args := s.sql.create, a.args()
	if a.last > 0 {
		sql, args = s.sql.extend, append(args, a.epoch())
	}
	done, err := db.Exec(ctx, sql, args...)
	if err != nil {
		return err
	}
	if done.RowsAffected() == 0 {
		return s.whyRefused(ctx, db, a)
	}
	return nil
}

// whyRefused finds why an append was refused. It returns errAgain if there is
// no reason any more.
func (s *Store) whyRefused(ctx context.Context, db database, a *appending) error {
	var (
		newest, epoch int64
		remaining     time.Duration
	)
	err := db.QueryRow(ctx, s.sql.state, []byte(a.id.Tenant), []byte(a.id.ID)).Scan(&newest, &epoch, &remaining)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	switch {
	case newest != a.last:
		return fmt.Errorf("expected entry %d to be the newest, found %d: %w", a.last, newest, frontdesk.ErrConflict)
	case len(a.leases) > 0 && a.leases[0].Epoch < epoch:
		return takenOver(a.leases[0].Epoch)
	case len(a.leases) > 0 && a.leases[0].Epoch > epoch && remaining > 0:
		return &frontdesk.LeaseError{Remaining: remaining}
	default:
		return errAgain
	}
}

func takenOver(epoch int64) error {
	return fmt.Errorf("the lease of epoch %d was taken over: %w", epoch, frontdesk.ErrConflict)
}

// appending is an append, with the changes of all its entries.
type appending struct {
	id       frontdesk.ConversationID
	last     int64
	entries  []frontdesk.Entry
	customer string
	leases   []frontdesk.Lease
	names    []naming
	counts   []frontdesk.Count
}

func newAppend(id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) (*appending, error) {
	a := &appending{id: id, last: last, entries: entries}
	for i := range entries {
		changes := entries[i].Changes
		if changes == nil {
			continue
		}
		if changes.Customer != "" {
			a.customer = changes.Customer
		}
		if changes.Lease != nil {
			if err := a.addLease(*changes.Lease); err != nil {
				return nil, err
			}
		}
		if len(changes.Release) > 0 {
			a.names = append(a.names, naming{names: changes.Release, release: true})
		}
		if len(changes.Claims) > 0 {
			a.names = append(a.names, naming{names: changes.Claims})
		}
		a.counts = append(a.counts, changes.Counts...)
	}
	return a, nil
}

// addLease checks a lease against the one before it in the same append. The
// first is checked by the database.
func (a *appending) addLease(lease frontdesk.Lease) error {
	var before frontdesk.Lease // epoch 0, ended
	if len(a.leases) > 0 {
		before = a.leases[len(a.leases)-1]
	}
	switch {
	case lease.Epoch < before.Epoch:
		return takenOver(lease.Epoch)
	case lease.Epoch > before.Epoch && before.Duration > 0:
		return &frontdesk.LeaseError{Remaining: before.Duration}
	}
	a.leases = append(a.leases, lease)
	return nil
}

// epoch is the one that the conversation's must not exceed.
func (a *appending) epoch() *int64 {
	if len(a.leases) == 0 {
		return nil
	}
	return &a.leases[0].Epoch
}

// args are those of the statements create and extend.
func (a *appending) args() []any {
	var (
		count        = len(a.entries)
		ids          = make([][]byte, count)
		kinds        = make([][]byte, count)
		versions     = make([]int64, count)
		turns        = make([][]byte, count)
		times        = make([]time.Time, count)
		nanoseconds  = make([]int16, count)
		data         = make([][]byte, count)
		customer     []byte
		epoch        *int64
		duration     *time.Duration
		microseconds = time.Microsecond
	)
	for i := range a.entries {
		entry := &a.entries[i]
		ids[i], kinds[i], turns[i] = []byte(entry.ID), []byte(entry.Kind), []byte(entry.Turn)
		versions[i], data[i] = int64(entry.Version), entry.Data
		times[i] = entry.Time
		nanoseconds[i] = int16(entry.Time.Nanosecond() % int(microseconds))
	}
	if a.customer != "" {
		customer = []byte(a.customer)
	}
	if len(a.leases) > 0 {
		newest := &a.leases[len(a.leases)-1]
		epoch, duration = &newest.Epoch, &newest.Duration
	}
	return []any{
		[]byte(a.id.Tenant), []byte(a.id.ID), a.last, a.last + int64(count), customer, epoch, duration,
		ids, kinds, versions, turns, times, nanoseconds, data,
	}
}
