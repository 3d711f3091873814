package frontdesk

import (
	"context"
	"encoding/json"
	"fmt"
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
	// After any other error the entries may have been added all the same,
	// unless it is a refusal of [Changes]. The agent then loads the log and
	// looks for the ids of its entries.
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

	// Changes, if not nil, is what the append of the entry changes beside the
	// conversation. A [SharedMemory] applies it in the same transaction; it is
	// no part of the log, so that Load does not return it, and every other
	// Memory ignores it.
	Changes *Changes `json:"-"`

	body any // the decoded Data, where the entry was made in this process
}

// Changes is what an append changes beside its conversation. Whatever it asks
// for is granted together with the append or, if anything of it is refused,
// not at all: then nothing is appended either.
type Changes struct {
	// Customer, if not empty, is the id of the customer to whom the
	// conversation belongs from now on, within the conversation's tenant.
	Customer string

	// Lease, if not nil, takes, keeps or ends the lease of the conversation.
	Lease *Lease

	// Claims are names that must not be claimed yet, and are from now on, by
	// whichever conversation and for good. One that is refused is a
	// [*ClaimError]. Release gives names back; those that are not claimed are
	// no error. Names are opaque, and distinct across tenants.
	Claims  []string
	Release []string

	// Counts are to be added to accounts. One that would exceed its account's
	// limit is refused with a [*QuotaError].
	Counts []Count
}

// Lease is the right to run turns in a conversation, for as long as it is kept.
// Its time is that of the store's clock.
//
// A store keeps for each conversation the newest epoch, at first 0, and when its
// lease ends. A Lease with a higher epoch takes the lease over. It is refused
// with a [*LeaseError] while the present one has not ended. The present epoch
// keeps the lease, even if it had ended meanwhile, or ends it if Duration is
// zero. A lower epoch is refused with [ErrConflict].
type Lease struct {
	// Epoch is the sequence number of the entry with which the lease was
	// taken.
	Epoch int64

	// Duration is how long the lease lasts from the time of the append on.
	Duration time.Duration
}

// Count is an amount that is added to an account.
type Count struct {
	Account Account

	// Amount is what is added. A negative one gives back what was added
	// before; it is never refused, and no sum becomes negative by it.
	Amount int64

	// At is a time in the period on which a negative amount counts: the one in
	// which it was added. Zero means the present one. Positive amounts always
	// count on the present period.
	At time.Time
}

// SharedMemory is a [Memory] that processes can share: it knows which of them
// runs a turn, and applies [Entry].Changes. Those of packages sqlite and postgres
// are shared ones. With any other Memory, only one process may serve a
// conversation at a time, and tools cannot have [TypedTool.Once] or
// [TypedTool.Limit].
type SharedMemory interface {
	Memory

	// Renew keeps the lease of an epoch for the given time from now on. If
	// the epoch is not the newest, or its lease was ended, it returns an
	// error that wraps [ErrConflict].
	Renew(ctx context.Context, id ConversationID, epoch int64, duration time.Duration) error

	// Expired returns at most most conversations whose lease was not ended and
	// has run out, those first that did so first. Callers at the same time get
	// different ones as far as that is possible: one that was returned may be
	// left out for some seconds.
	Expired(ctx context.Context, most int) ([]ConversationID, error)
}

// CustomerMemory is a [Memory] that knows which conversations are whose.
type CustomerMemory interface {
	Memory

	// Conversations returns at most most conversations of a customer, those
	// first to which something was appended last.
	Conversations(ctx context.Context, tenant, customer string, most int) ([]ConversationID, error)

	// Erase removes all conversations of a customer: entries, leases, and
	// whatever else names them or the customer. Claims, without their holder,
	// and sums of accounts stay, since their names tell nothing. It is no error if there is
	// nothing to remove. Conversations to which something is appended
	// meanwhile are removed, or begin anew with it: no part of the old log
	// stays.
	Erase(ctx context.Context, tenant, customer string) error
}

// LeaseError says that somebody else runs a turn in the conversation. It wraps
// [ErrConflict].
type LeaseError struct {
	// Remaining is how long the lease lasts, unless it is kept or ended.
	Remaining time.Duration
}

// Error tells how long the lease lasts.
func (e *LeaseError) Error() string {
	return fmt.Sprintf("another turn of the conversation is running, with a lease for %v", e.Remaining)
}

// Unwrap returns [ErrConflict].
func (e *LeaseError) Unwrap() error { return ErrConflict }

// ClaimError says that a name is claimed already.
type ClaimError struct {
	// Claim is the name, and Holder the conversation that claimed it, zero if
	// that was erased.
	Claim  string
	Holder ConversationID
}

// Error tells that the claim is taken. It does not name the holder, who may be
// another customer.
func (e *ClaimError) Error() string { return "it is claimed already" }
