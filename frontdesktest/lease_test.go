package frontdesktest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

func noLease(c *frontdesk.Changes) { c.Lease = nil }
func always[E error](frontdesk.ConversationID, E) bool {
	return true
}

var brokenLeases = map[string]func() *store{
	"leases are not known":     mishearing(noLease),
	"leases refuse nobody":     lenient[*frontdesk.LeaseError](always, noLease),
	"a lease without its name": renaming(func(*frontdesk.LeaseError) error { return frontdesk.ErrConflict }),
	"a lease that is no conflict": renaming(func(err *frontdesk.LeaseError) error {
		return errors.New(err.Error())
	}),
	"a lease that does not say how long": renaming(func(*frontdesk.LeaseError) error { return &frontdesk.LeaseError{} }),
	"leases are seconds": mishearing(func(c *frontdesk.Changes) {
		if c.Lease != nil && c.Lease.Duration > 0 {
			c.Lease.Duration = max(c.Lease.Duration.Truncate(time.Second), time.Second)
		}
	}),
	"leases last for a moment": mishearing(func(c *frontdesk.Changes) {
		if c.Lease != nil {
			c.Lease.Duration = min(c.Lease.Duration, time.Nanosecond)
		}
	}),
	"leases do not end": mishearing(func(c *frontdesk.Changes) {
		if c.Lease != nil && c.Lease.Duration == 0 {
			c.Lease = nil
		}
	}),
	"an ended lease has run out": mishearing(func(c *frontdesk.Changes) {
		if c.Lease != nil && c.Lease.Duration == 0 {
			c.Lease.Duration = 1
		}
	}),
	"an ended lease is not taken up": func() *store {
		ended := make(map[frontdesk.ConversationID]int64)
		return watching(func(_ *store, id frontdesk.ConversationID, c *frontdesk.Changes) error {
			if c.Lease != nil && c.Lease.Duration > 0 && ended[id] == c.Lease.Epoch {
				return frontdesk.ErrConflict
			}
			return nil
		}, func(_ *store, id frontdesk.ConversationID, c *frontdesk.Changes) {
			if c.Lease != nil && c.Lease.Duration == 0 {
				ended[id] = c.Lease.Epoch
			}
		})
	},
	"what ran out is lost to its owner": func() *store {
		type lease struct {
			epoch int64
			until time.Time
		}
		leases := make(map[frontdesk.ConversationID]lease)
		return watching(func(_ *store, id frontdesk.ConversationID, c *frontdesk.Changes) error {
			if l := leases[id]; c.Lease != nil && l.epoch == c.Lease.Epoch && time.Now().After(l.until) {
				return frontdesk.ErrConflict
			}
			return nil
		}, func(_ *store, id frontdesk.ConversationID, c *frontdesk.Changes) {
			if c.Lease != nil {
				leases[id] = lease{c.Lease.Epoch, time.Now().Add(c.Lease.Duration)}
			}
		})
	},
	"lower epochs are let in": func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			err := s.InMemory.Append(ctx, id, last, entries...)
			var lease *frontdesk.LeaseError
			if errors.Is(err, frontdesk.ErrConflict) && !errors.As(err, &lease) {
				return s.InMemory.Append(ctx, id, last, asking(entries, noLease)...)
			}
			return err
		}}
	},
	"epochs of refused appends count": func() *store {
		epochs := make(map[frontdesk.ConversationID]int64)
		return watching(func(_ *store, id frontdesk.ConversationID, c *frontdesk.Changes) error {
			if c.Lease != nil && c.Lease.Epoch < epochs[id] {
				return frontdesk.ErrConflict
			}
			if c.Lease != nil {
				epochs[id] = c.Lease.Epoch
			}
			return nil
		}, nil)
	},
	"epochs outlive an erasure": func() *store {
		epochs := make(map[frontdesk.ConversationID]int64)
		return watching(func(_ *store, id frontdesk.ConversationID, c *frontdesk.Changes) error {
			if c.Lease != nil && c.Lease.Epoch < epochs[id] {
				return frontdesk.ErrConflict
			}
			return nil
		}, func(_ *store, id frontdesk.ConversationID, c *frontdesk.Changes) {
			if c.Lease != nil {
				epochs[id] = c.Lease.Epoch
			}
		})
	},
	"leases of all tenants are one": func() *store {
		held := make(map[string]frontdesk.ConversationID)
		return watching(func(_ *store, id frontdesk.ConversationID, c *frontdesk.Changes) error {
			if holder, ok := held[id.ID]; ok && c.Lease != nil && holder != id {
				return &frontdesk.LeaseError{Remaining: time.Minute}
			}
			return nil
		}, func(_ *store, id frontdesk.ConversationID, c *frontdesk.Changes) {
			if c.Lease != nil && c.Lease.Duration > time.Minute {
				held[id.ID] = id
			}
		})
	},
	"an append needs the lease": func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			if entries[0].Changes == nil && s.InMemory.Renew(ctx, id, 1, time.Hour) == nil {
				return &frontdesk.LeaseError{Remaining: time.Hour}
			}
			return s.InMemory.Append(ctx, id, last, entries...)
		}}
	},
	"what a refused lease would have claimed is claimed": leaking(func(c *frontdesk.Changes) { *c = frontdesk.Changes{Claims: c.Claims} }),
	"what a refused append would have counted counts":    leaking(func(c *frontdesk.Changes) { *c = frontdesk.Changes{Counts: c.Counts} }),
	"what a refused append would have given back is":     leaking(func(c *frontdesk.Changes) { *c = frontdesk.Changes{Release: c.Release} }),

	"renewing does nothing": func() *store {
		return &store{renew: func(*store, context.Context, frontdesk.ConversationID, int64, time.Duration) error { return nil }}
	},
	"renewing always works": func() *store {
		return &store{renew: func(s *store, ctx context.Context, id frontdesk.ConversationID, epoch int64, duration time.Duration) error {
			_ = s.InMemory.Renew(ctx, id, epoch, duration)
			return nil
		}}
	},
	"renewing never works": func() *store {
		return &store{renew: func(*store, context.Context, frontdesk.ConversationID, int64, time.Duration) error {
			return frontdesk.ErrConflict
		}}
	},
	"renewing does not shorten": func() *store {
		return &store{renew: func(s *store, ctx context.Context, id frontdesk.ConversationID, epoch int64, duration time.Duration) error {
			return s.InMemory.Renew(ctx, id, epoch, max(duration, time.Hour))
		}}
	},
	"renewing is an entry": func() *store {
		return &store{renew: func(s *store, ctx context.Context, id frontdesk.ConversationID, epoch int64, duration time.Duration) error {
			log, err := s.InMemory.Load(ctx, id, 0)
			if err != nil {
				return err
			}
			return s.InMemory.Append(ctx, id, int64(len(log)), frontdesk.Entry{ID: "renewed", Changes: &frontdesk.Changes{Lease: &frontdesk.Lease{Epoch: epoch, Duration: duration}}})
		}}
	},
	"a canceled renewal renews": func() *store {
		return &store{renew: func(s *store, ctx context.Context, id frontdesk.ConversationID, epoch int64, duration time.Duration) error {
			return errors.Join(s.InMemory.Renew(context.WithoutCancel(ctx), id, epoch, duration), ctx.Err())
		}}
	},
	"looking for leases goes on after the caller left": func() *store {
		return &store{expired: func(s *store, ctx context.Context, most int) ([]frontdesk.ConversationID, error) {
			return s.InMemory.Expired(context.WithoutCancel(ctx), most)
		}}
	},
	"what ran out is found in any order": func() *store {
		return &store{expired: func(s *store, ctx context.Context, most int) ([]frontdesk.ConversationID, error) {
			found, err := s.InMemory.Expired(ctx, most)
			slices.SortFunc(found, func(a, b frontdesk.ConversationID) int { return strings.Compare(a.ID, b.ID) })
			return found, err
		}}
	},
	"all that ran out is found at once": func() *store {
		return &store{expired: func(s *store, ctx context.Context, _ int) ([]frontdesk.ConversationID, error) {
			return s.InMemory.Expired(ctx, 1000)
		}}
	},
	"everybody finds the same": func() *store {
		var all []frontdesk.ConversationID
		return &store{expired: func(s *store, ctx context.Context, most int) ([]frontdesk.ConversationID, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			found, err := s.InMemory.Expired(ctx, 1000)
			all = append(all, found...)
			return slices.Clone(all[:min(len(all), most)]), err
		}}
	},
	"nothing that ran out is found": func() *store {
		return &store{expired: func(*store, context.Context, int) ([]frontdesk.ConversationID, error) { return nil, nil }}
	},
	"what was found once is never found again": func() *store {
		seen := make(map[frontdesk.ConversationID]bool)
		return &store{expired: func(s *store, ctx context.Context, most int) ([]frontdesk.ConversationID, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			found, err := s.InMemory.Expired(ctx, most)
			found = slices.DeleteFunc(found, func(id frontdesk.ConversationID) bool { return seen[id] })
			for _, id := range found {
				seen[id] = true
			}
			return found, err
		}}
	},
}
