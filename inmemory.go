package frontdesk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// InMemory is a [Memory] that lives and dies with the process, for tests and
// first steps. It is a [SharedMemory] for the agents of the process, and a
// [CustomerMemory]. The zero value is ready to use. It is safe for concurrent
// use and must not be copied.
type InMemory struct {
	mu     sync.RWMutex
	logs   map[ConversationID]*inMemoryLog
	claims map[string]ConversationID
	counts InMemoryLedger
	clock  int64 // counts appends
}

// inMemoryLog is what is kept of one conversation.
type inMemoryLog struct {
	entries  []Entry
	customer string
	appended int64 // the clock at the newest append

	epoch  int64
	leased bool // the lease was not ended
	until  time.Time
	hidden time.Time // from Expired, until then
}

// offerTime is how long a conversation that Expired returned is not returned
// again, so that others who recover turns find other work.
const offerTime = 5 * time.Second

// Load implements [Memory].
func (m *InMemory) Load(ctx context.Context, id ConversationID, after int64) ([]Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	log := m.logs[id]
	if log == nil {
		return nil, nil
	}
	after = min(max(after, 0), int64(len(log.entries)))
	return slices.Clone(log.entries[after:]), nil
}

// Append implements [Memory].
func (m *InMemory) Append(ctx context.Context, id ConversationID, last int64, entries ...Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	log := m.logs[id]
	if log == nil {
		log = new(inMemoryLog)
	}
	if newest := int64(len(log.entries)); newest != last {
		return conflictError(id, last, newest)
	}
	changed, err := m.change(id, *log, entries)
	if err != nil {
		return fmt.Errorf("conversation %s: %w", id, err)
	}
	for _, entry := range entries {
		last++
		entry.Sequence = last
		entry.Data = slices.Clone(entry.Data)
		entry.Changes, entry.body = nil, nil
		changed.entries = append(changed.entries, entry)
	}
	m.clock++
	changed.appended = m.clock
	if m.logs == nil {
		m.logs = make(map[ConversationID]*inMemoryLog)
	}
	*log = changed
	m.logs[id] = log
	return nil
}

// change applies the changes of all entries, or none. It returns what becomes
// of the conversation.
func (m *InMemory) change(id ConversationID, log inMemoryLog, entries []Entry) (inMemoryLog, error) {
	var (
		claims = make(map[string]bool)
		counts []Count
		now    = time.Now()
	)
	for i := range entries {
		changes := entries[i].Changes
		if changes == nil {
			continue
		}
		log.customer = cmp.Or(changes.Customer, log.customer)
		if changes.Lease != nil {
			if err := log.lease(changes.Lease, now); err != nil {
				return log, err
			}
		}
		for _, name := range changes.Release {
			claims[name] = false
		}
		for _, name := range changes.Claims {
			holder, taken := m.claims[name]
			if pending, changed := claims[name]; changed {
				holder, taken = id, pending
			}
			if taken {
				return log, &ClaimError{Claim: name, Holder: holder}
			}
			claims[name] = true
		}
		counts = append(counts, changes.Counts...)
	}
	if err := m.counts.add(now, counts); err != nil {
		return log, err
	}
	for name, claimed := range claims {
		if !claimed {
			delete(m.claims, name)
			continue
		}
		if m.claims == nil {
			m.claims = make(map[string]ConversationID)
		}
		m.claims[name] = id
	}
	return log, nil
}

func (l *inMemoryLog) lease(lease *Lease, now time.Time) error {
	switch {
	case lease.Epoch < l.epoch:
		return fmt.Errorf("the lease of epoch %d was taken over: %w", lease.Epoch, ErrConflict)
	case lease.Epoch > l.epoch && l.leased && now.Before(l.until):
		return &LeaseError{Remaining: l.until.Sub(now)}
	}
	l.epoch = lease.Epoch
	l.leased = lease.Duration > 0
	l.until = now.Add(lease.Duration)
	return nil
}

// Renew implements [SharedMemory].
func (m *InMemory) Renew(ctx context.Context, id ConversationID, epoch int64, duration time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	log := m.logs[id]
	if log == nil || log.epoch != epoch || !log.leased {
		return fmt.Errorf("conversation %s: the lease of epoch %d is gone: %w", id, epoch, ErrConflict)
	}
	log.until = time.Now().Add(duration)
	return nil
}

// Expired implements [SharedMemory].
func (m *InMemory) Expired(ctx context.Context, most int) ([]ConversationID, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	var expired []ConversationID
	for id, log := range m.logs {
		if log.leased && !now.Before(log.until) && !now.Before(log.hidden) {
			expired = append(expired, id)
		}
	}
	slices.SortFunc(expired, func(a, b ConversationID) int {
		return cmp.Or(m.logs[a].until.Compare(m.logs[b].until), cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.ID, b.ID))
	})
	expired = expired[:min(len(expired), max(most, 0))]
	for _, id := range expired {
		m.logs[id].hidden = now.Add(offerTime)
	}
	return expired, nil
}

// Conversations implements [CustomerMemory].
func (m *InMemory) Conversations(ctx context.Context, tenant, customer string, most int) ([]ConversationID, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	var found []ConversationID
	for id, log := range m.logs {
		if customer != "" && id.Tenant == tenant && log.customer == customer {
			found = append(found, id)
		}
	}
	slices.SortFunc(found, func(a, b ConversationID) int { return cmp.Compare(m.logs[b].appended, m.logs[a].appended) })
	return found[:min(len(found), max(most, 0))], nil
}

// Erase implements [CustomerMemory].
func (m *InMemory) Erase(ctx context.Context, tenant, customer string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, log := range m.logs {
		if customer != "" && id.Tenant == tenant && log.customer == customer {
			delete(m.logs, id)
		}
	}
	for name, holder := range m.claims {
		if m.logs[holder] == nil {
			m.claims[name] = ConversationID{}
		}
	}
	return nil
}
