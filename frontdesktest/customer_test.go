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

var brokenCustomers = map[string]func() *store{
	"owners are not known": mishearing(func(c *frontdesk.Changes) { c.Customer = "" }),
	"the oldest conversation comes first": func() *store {
		return &store{conversations: func(s *store, ctx context.Context, tenant, customer string, most int) ([]frontdesk.ConversationID, error) {
			found, err := s.InMemory.Conversations(ctx, tenant, customer, most)
			slices.Reverse(found)
			return found, err
		}}
	},
	"conversations by name": func() *store {
		return &store{conversations: func(s *store, ctx context.Context, tenant, customer string, most int) ([]frontdesk.ConversationID, error) {
			found, err := s.InMemory.Conversations(ctx, tenant, customer, most)
			slices.SortFunc(found, func(a, b frontdesk.ConversationID) int { return strings.Compare(b.ID, a.ID) })
			return found, err
		}}
	},
	"all conversations at once": func() *store {
		return &store{conversations: func(s *store, ctx context.Context, tenant, customer string, _ int) ([]frontdesk.ConversationID, error) {
			return s.InMemory.Conversations(ctx, tenant, customer, 1000)
		}}
	},
	"customers of all tenants are one": func() *store {
		return &store{conversations: func(s *store, ctx context.Context, tenant, customer string, most int) ([]frontdesk.ConversationID, error) {
			var all []frontdesk.ConversationID
			for _, tenant := range []string{"acme", "other", ""} {
				found, err := s.InMemory.Conversations(ctx, tenant, customer, most)
				if err != nil {
					return nil, err
				}
				all = append(all, found...)
			}
			return all[:min(len(all), most)], nil
		}}
	},
	"customers are without case":           mishearing(func(c *frontdesk.Changes) { c.Customer = strings.ToLower(c.Customer) }),
	"customers are trimmed":                mishearing(func(c *frontdesk.Changes) { c.Customer = strings.TrimSpace(c.Customer) }),
	"customers with long names are nobody": mishearing(func(c *frontdesk.Changes) { c.Customer = c.Customer[:min(len(c.Customer), 255)] }),
	"nobody's conversations are found": func() *store {
		var nobodys []frontdesk.ConversationID
		s := watching(nil, func(_ *store, id frontdesk.ConversationID, c *frontdesk.Changes) {
			if c.Customer == "" {
				nobodys = append(nobodys, id)
			}
		})
		s.conversations = func(s *store, ctx context.Context, tenant, customer string, most int) ([]frontdesk.ConversationID, error) {
			if customer == "" {
				return nobodys, nil
			}
			return s.InMemory.Conversations(ctx, tenant, customer, most)
		}
		return s
	},
	"the first owner stays": func() *store {
		owned := make(map[frontdesk.ConversationID]bool)
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.InMemory.Append(ctx, id, last, asking(entries, func(c *frontdesk.Changes) {
				if owned[id] {
					c.Customer = ""
				}
				owned[id] = owned[id] || c.Customer != ""
			})...)
		}}
	},
	"a refused append changes the owner": func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			err := s.InMemory.Append(ctx, id, last, entries...)
			var claimed *frontdesk.ClaimError
			if errors.As(err, &claimed) {
				return errors.Join(err, s.InMemory.Append(ctx, id, last, asking(entries, noClaims)...))
			}
			return err
		}}
	},
	"nothing is erased": func() *store {
		return &store{erase: func(*store, context.Context, string, string) error { return nil }}
	},
	"erasing twice is an error": func() *store {
		return &store{erase: func(s *store, ctx context.Context, tenant, customer string) error {
			if found, err := s.InMemory.Conversations(ctx, tenant, customer, 1); err != nil || len(found) == 0 {
				return errors.New("no such customer")
			}
			return s.InMemory.Erase(ctx, tenant, customer)
		}}
	},
	"customers of all tenants are erased": func() *store {
		return &store{erase: func(s *store, ctx context.Context, _, customer string) error {
			return errors.Join(s.InMemory.Erase(ctx, "acme", customer), s.InMemory.Erase(ctx, "other", customer))
		}}
	},
	"an erased conversation is closed": func() *store {
		return &store{
			erase: func(s *store, ctx context.Context, tenant, customer string) error {
				found, err := s.InMemory.Conversations(ctx, tenant, customer, 1000)
				s.mu.Lock()
				defer s.mu.Unlock()
				for _, id := range found {
					if s.extra == nil {
						s.extra = make(map[frontdesk.ConversationID][]frontdesk.Entry)
					}
					s.extra[id] = nil
				}
				return errors.Join(err, s.InMemory.Erase(ctx, tenant, customer))
			},
			append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
				s.mu.Lock()
				defer s.mu.Unlock()
				if _, erased := s.extra[id]; erased {
					return fmt.Errorf("it was erased: %w", frontdesk.ErrConflict)
				}
				return s.InMemory.Append(ctx, id, last, entries...)
			},
		}
	},
	"an erasure that is overtaken leaves the log": func() *store {
		return &store{erase: func(s *store, ctx context.Context, tenant, customer string) error {
			length := func() (n int) {
				found, _ := s.InMemory.Conversations(ctx, tenant, customer, 1000)
				for _, id := range found {
					log, _ := s.InMemory.Load(ctx, id, 0)
					n += len(log)
				}
				return n
			}
			before := length()
			time.Sleep(time.Millisecond)
			if length() != before {
				return nil
			}
			return s.InMemory.Erase(ctx, tenant, customer)
		}}
	},
	"an erasure gives claims back": func() *store {
		claims := make(map[frontdesk.ConversationID][]string)
		s := watching(nil, func(_ *store, id frontdesk.ConversationID, c *frontdesk.Changes) {
			claims[id] = append(claims[id], c.Claims...)
		})
		s.erase = func(s *store, ctx context.Context, tenant, customer string) error {
			found, err := s.InMemory.Conversations(ctx, tenant, customer, 1000)
			for _, id := range found {
				err = errors.Join(err, s.InMemory.Append(ctx, frontdesk.ConversationID{ID: "trash of " + id.ID}, 0,
					frontdesk.Entry{ID: "trash", Changes: &frontdesk.Changes{Release: claims[id]}}))
			}
			return errors.Join(err, s.InMemory.Erase(ctx, tenant, customer))
		}
		return s
	},
	"a canceled erasure erases": func() *store {
		return &store{erase: func(s *store, ctx context.Context, tenant, customer string) error {
			return errors.Join(s.InMemory.Erase(context.WithoutCancel(ctx), tenant, customer), ctx.Err())
		}}
	},
	"looking for conversations goes on after the caller left": func() *store {
		return &store{conversations: func(s *store, ctx context.Context, tenant, customer string, most int) ([]frontdesk.ConversationID, error) {
			return s.InMemory.Conversations(context.WithoutCancel(ctx), tenant, customer, most)
		}}
	},
	"a canceled append is stored by halves": func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			for i, entry := range entries {
				if err := s.InMemory.Append(ctx, id, last+int64(i), entry); err != nil {
					return err
				}
				if len(entries) == 20 {
					time.Sleep(20 * time.Microsecond)
				}
			}
			return nil
		}}
	},
}
