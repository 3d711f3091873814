package frontdesktest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

func noClaims(c *frontdesk.Changes) { c.Claims = nil }

// claimingAs is a store that keeps claims by another name.
func claimingAs(name func(string) string) func() *store {
	return mishearing(func(c *frontdesk.Changes) {
		for i := range c.Claims {
			c.Claims[i] = name(c.Claims[i])
		}
		for i := range c.Release {
			c.Release[i] = name(c.Release[i])
		}
	})
}

var brokenClaims = map[string]func() *store{
	"claims are not known":                       mishearing(noClaims),
	"a conversation may claim again what it has": lenient(func(id frontdesk.ConversationID, err *frontdesk.ClaimError) bool { return err.Holder == id }, noClaims),
	"claims are those of a conversation": func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			return s.InMemory.Append(ctx, id, last, asking(entries, func(c *frontdesk.Changes) {
				for i := range c.Claims {
					c.Claims[i] += id.ID
				}
			})...)
		}}
	},
	"a refused claim without its name": renaming(func(err *frontdesk.ClaimError) error { return errors.New("constraint violated") }),
	"a refused claim is a conflict": renaming(func(err *frontdesk.ClaimError) error {
		return fmt.Errorf("%w: %w", frontdesk.ErrConflict, err)
	}),
	"a refused claim does not say whose it is": renaming(func(err *frontdesk.ClaimError) error { return &frontdesk.ClaimError{Claim: err.Claim} }),
	"an erased holder is still named": func() *store {
		holders := make(map[string]frontdesk.ConversationID)
		s := watching(nil, func(_ *store, id frontdesk.ConversationID, c *frontdesk.Changes) {
			for _, name := range c.Claims {
				holders[name] = id
			}
		})
		inner := s.append
		s.append = func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			err := inner(s, ctx, id, last, entries)
			var claimed *frontdesk.ClaimError
			if errors.As(err, &claimed) {
				s.mu.Lock()
				defer s.mu.Unlock()
				if holder, ok := holders[claimed.Claim]; ok {
					claimed.Holder = holder
				}
			}
			return err
		}
		return s
	},
	"names are not given back": mishearing(func(c *frontdesk.Changes) { c.Release = nil }),
	"only the holder gives back": func() *store {
		holders := make(map[string]frontdesk.ConversationID)
		s := watching(nil, func(_ *store, id frontdesk.ConversationID, c *frontdesk.Changes) {
			for _, name := range c.Claims {
				holders[name] = id
			}
		})
		inner := s.append
		s.append = func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			return inner(s, ctx, id, last, asking(entries, func(c *frontdesk.Changes) {
				c.Release = slices.DeleteFunc(c.Release, func(name string) bool { return holders[name] != id })
			}))
		}
		return s
	},
	"giving back what nobody has is an error": func() *store {
		taken := make(map[string]bool)
		return watching(func(_ *store, _ frontdesk.ConversationID, c *frontdesk.Changes) error {
			for _, name := range c.Release {
				if !taken[name] {
					return errors.New("no such claim")
				}
			}
			return nil
		}, func(_ *store, _ frontdesk.ConversationID, c *frontdesk.Changes) {
			for _, name := range c.Claims {
				taken[name] = true
			}
		})
	},
	"an append that claims gives nothing back": mishearing(func(c *frontdesk.Changes) {
		if len(c.Claims) > 0 {
			c.Release = nil
		}
	}),
	"a name twice in an append is once": func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			seen := make(map[string]bool)
			return s.InMemory.Append(ctx, id, last, asking(entries, func(c *frontdesk.Changes) {
				c.Claims = slices.DeleteFunc(c.Claims, func(name string) bool {
					twice := seen[name]
					seen[name] = true
					return twice
				})
			})...)
		}}
	},
	"claims come before conflicts": func() *store {
		taken := make(map[string]frontdesk.ConversationID)
		return watching(func(_ *store, _ frontdesk.ConversationID, c *frontdesk.Changes) error {
			for _, name := range c.Claims {
				if holder, ok := taken[name]; ok && !slices.Contains(c.Release, name) {
					return &frontdesk.ClaimError{Claim: name, Holder: holder}
				}
			}
			return nil
		}, func(_ *store, id frontdesk.ConversationID, c *frontdesk.Changes) {
			for _, name := range c.Release {
				delete(taken, name)
			}
			for _, name := range c.Claims {
				taken[name] = id
			}
		})
	},
	"long names are cut":     claimingAs(func(name string) string { return name[:min(len(name), 255)] }),
	"names are without case": claimingAs(strings.ToLower),
	"names are trimmed":      claimingAs(strings.TrimSpace),
	"names end with a zero byte": claimingAs(func(name string) string {
		name, _, _ = strings.Cut(name, "\x00")
		return name
	}),
	"claims race": func() *store {
		taken := make(map[string]frontdesk.ConversationID)
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			err := s.InMemory.Append(ctx, id, last, asking(entries, noClaims)...)
			if err != nil || entries[0].Changes == nil || len(entries[0].Changes.Claims) != 1 {
				return err
			}
			name := entries[0].Changes.Claims[0]
			s.mu.Lock()
			_, late := taken[name]
			s.mu.Unlock()
			time.Sleep(time.Millisecond) // the other's transaction is not seen
			if late {
				return &frontdesk.ClaimError{Claim: name, Holder: taken[name]}
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			taken[name] = id
			return nil
		}}
	},
	"changes are loaded": func() *store {
		return &store{load: func(s *store, ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
			log, err := s.InMemory.Load(ctx, id, after)
			for i := range log {
				log[i].Changes = new(frontdesk.Changes)
			}
			return log, err
		}}
	},
}
