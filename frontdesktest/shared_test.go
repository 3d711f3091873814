package frontdesktest_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

func (s *store) Renew(ctx context.Context, id frontdesk.ConversationID, epoch int64, duration time.Duration) error {
	if s.renew != nil {
		return s.renew(s, ctx, id, epoch, duration)
	}
	return s.InMemory.Renew(ctx, id, epoch, duration)
}

func (s *store) Expired(ctx context.Context, most int) ([]frontdesk.ConversationID, error) {
	if s.expired != nil {
		return s.expired(s, ctx, most)
	}
	return s.InMemory.Expired(ctx, most)
}

func (s *store) Conversations(ctx context.Context, tenant, customer string, most int) ([]frontdesk.ConversationID, error) {
	if s.conversations != nil {
		return s.conversations(s, ctx, tenant, customer, most)
	}
	return s.InMemory.Conversations(ctx, tenant, customer, most)
}

func (s *store) Erase(ctx context.Context, tenant, customer string) error {
	if s.erase != nil {
		return s.erase(s, ctx, tenant, customer)
	}
	return s.InMemory.Erase(ctx, tenant, customer)
}

func (s *store) Spend(ctx context.Context, accounts ...frontdesk.Account) error {
	if s.spend != nil {
		return s.spend(s, ctx, accounts)
	}
	return s.InMemoryLedger.Spend(ctx, accounts...)
}

// asking returns the entries with other changes. The change is called with a
// copy.
func asking(entries []frontdesk.Entry, change func(*frontdesk.Changes)) []frontdesk.Entry {
	entries = slices.Clone(entries)
	for i := range entries {
		if entries[i].Changes == nil {
			continue
		}
		changes := *entries[i].Changes
		changes.Claims, changes.Release, changes.Counts = slices.Clone(changes.Claims), slices.Clone(changes.Release), slices.Clone(changes.Counts)
		if changes.Lease != nil {
			lease := *changes.Lease
			changes.Lease = &lease
		}
		change(&changes)
		entries[i].Changes = &changes
	}
	return entries
}

// mishearing is a store that understands other changes than it is asked for.
func mishearing(change func(*frontdesk.Changes)) func() *store {
	return func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			return s.InMemory.Append(ctx, id, last, asking(entries, change)...)
		}}
	}
}

// lenient is a store that does without changes that are refused with an error
// of a kind, if a condition holds.
func lenient[E error](when func(id frontdesk.ConversationID, err E) bool, without func(*frontdesk.Changes)) func() *store {
	return func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			err := s.InMemory.Append(ctx, id, last, entries...)
			if refusal := *new(E); errors.As(err, &refusal) && when(id, refusal) {
				return s.InMemory.Append(ctx, id, last, asking(entries, without)...)
			}
			return err
		}}
	}
}

// leaking is a store in which a part of the changes is left of an append that
// was refused.
func leaking(part func(*frontdesk.Changes)) func() *store {
	return func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			err := s.InMemory.Append(ctx, id, last, entries...)
			if err == nil || len(entries) == 0 {
				return err
			}
			for _, entry := range asking(entries, part) {
				if entry.Changes != nil {
					s.mu.Lock()
					n := len(s.extra[frontdesk.ConversationID{}])
					if s.InMemory.Append(ctx, frontdesk.ConversationID{ID: "leak"}, int64(n), entry) == nil {
						if s.extra == nil {
							s.extra = make(map[frontdesk.ConversationID][]frontdesk.Entry)
						}
						s.extra[frontdesk.ConversationID{}] = append(s.extra[frontdesk.ConversationID{}], entry)
					}
					s.mu.Unlock()
				}
			}
			return err
		}}
	}
}

// renaming is a store that returns another error.
func renaming[E error](rename func(err E) error) func() *store {
	return func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			err := s.InMemory.Append(ctx, id, last, entries...)
			if refusal := *new(E); errors.As(err, &refusal) {
				return rename(refusal)
			}
			return err
		}}
	}
}

// watching is a store that looks at appends before or after they are made.
func watching(before func(s *store, id frontdesk.ConversationID, changes *frontdesk.Changes) error, after func(s *store, id frontdesk.ConversationID, changes *frontdesk.Changes)) *store {
	return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, entry := range entries {
			if entry.Changes != nil && before != nil {
				if err := before(s, id, entry.Changes); err != nil {
					return err
				}
			}
		}
		err := s.InMemory.Append(ctx, id, last, entries...)
		for _, entry := range entries {
			if entry.Changes != nil && after != nil && err == nil {
				after(s, id, entry.Changes)
			}
		}
		return err
	}}
}
