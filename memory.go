package frontdesk

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// ConversationID names one conversation. Ids are the caller's, unique within a
// tenant. Tenant separates companies that share one store and is empty where
// there is only one.
type ConversationID struct {
	Tenant string `json:"tenant,omitempty"`
	ID     string `json:"id"`
}

// String returns the id, with the tenant before it where there is one. It is
// for people: two different values may print alike.
func (id ConversationID) String() string {
	if id.Tenant == "" {
		return id.ID
	}
	return id.Tenant + "/" + id.ID
}

// Memory keeps conversations. A conversation is an append-only log of entries:
// everything the agent remembers is found by reading it again, and the one
// write is an append that fails if anything came between. From these two
// methods follow the transcript, the record of what tools did, who owns the
// conversation, and the safety of two processes that serve the same customer.
//
// A Memory must be safe for concurrent use. [InMemory] is the one in this
// package; a store of your own is checked by frontdesktest.TestMemory.
type Memory interface {
	// Load returns the entries of a conversation whose sequence number is
	// greater than after, in order. A conversation that does not exist has
	// no entries and is not an error.
	Load(ctx context.Context, id ConversationID, after int64) ([]Entry, error)

	// Append adds entries to a conversation whose newest entry has the
	// sequence number last, or 0 if there is none, and numbers them from
	// last+1 on; what their Sequence fields hold is ignored. It adds all of
	// them or none, durably as far as the store goes. If the newest number
	// is another, it changes nothing and returns an error that wraps
	// [ErrConflict].
	//
	// After any other error the entries may have been added all the same.
	// The agent then loads the log and looks for the ids of its entries.
	Append(ctx context.Context, id ConversationID, last int64, entries ...Entry) error
}

// Entry is one thing that happened in a conversation. Entries never change.
type Entry struct {
	// Sequence is the entry's place in its conversation, counted from 1
	// without gaps. The store sets it.
	Sequence int64 `json:"seq"`

	// ID is unique among all entries. The writer makes it, so that it can
	// recognise its own entry after an append whose answer was lost.
	ID string `json:"id"`

	// Kind says what happened and Version how Data tells it. A reader that
	// does not know the pair must stop there rather than skip the entry.
	Kind    EntryKind `json:"kind"`
	Version int       `json:"v"`

	// Turn is the id of the turn to which the entry belongs, if any.
	Turn string `json:"turn,omitempty"`

	// Time is when the entry was written, by the writer's clock. Nothing is
	// decided by it: the order of the log is that of Sequence.
	Time time.Time `json:"time"`

	// Data is a JSON object; docs/log.md lists what each kind holds.
	Data json.RawMessage `json:"data,omitempty"`

	body any // the decoded Data, where the entry was made in this process
}

// InMemory is a [Memory] that lives and dies with the process, for tests and
// first steps. The zero value is ready to use. It is safe for concurrent use
// and must not be copied.
type InMemory struct {
	mu   sync.RWMutex
	logs map[ConversationID][]Entry
}

// Load implements [Memory].
func (m *InMemory) Load(ctx context.Context, id ConversationID, after int64) ([]Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	log := m.logs[id]
	after = min(max(after, 0), int64(len(log)))
	return slices.Clone(log[after:]), nil
}

// Append implements [Memory].
func (m *InMemory) Append(ctx context.Context, id ConversationID, last int64, entries ...Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	log := m.logs[id]
	if int64(len(log)) != last {
		return conflictError(id, last, int64(len(log)))
	}
	for _, entry := range entries {
		last++
		entry.Sequence = last
		entry.Data = slices.Clone(entry.Data)
		entry.body = nil
		log = append(log, entry)
	}
	if m.logs == nil {
		m.logs = make(map[ConversationID][]Entry)
	}
	m.logs[id] = log
	return nil
}
