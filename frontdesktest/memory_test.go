package frontdesktest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// store is an InMemory and an InMemoryLedger that breaks one rule.
type store struct {
	frontdesk.InMemory
	frontdesk.InMemoryLedger
	load   func(s *store, ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error)
	append func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error

	renew         func(s *store, ctx context.Context, id frontdesk.ConversationID, epoch int64, duration time.Duration) error
	expired       func(s *store, ctx context.Context, most int) ([]frontdesk.ConversationID, error)
	conversations func(s *store, ctx context.Context, tenant, customer string, most int) ([]frontdesk.ConversationID, error)
	erase         func(s *store, ctx context.Context, tenant, customer string) error
	spend         func(s *store, ctx context.Context, accounts []frontdesk.Account) error

	mu    sync.Mutex
	extra map[frontdesk.ConversationID][]frontdesk.Entry
}

func (s *store) Load(ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
	if s.load != nil {
		return s.load(s, ctx, id, after)
	}
	return s.InMemory.Load(ctx, id, after)
}

func (s *store) Append(ctx context.Context, id frontdesk.ConversationID, last int64, entries ...frontdesk.Entry) error {
	if s.append != nil {
		return s.append(s, ctx, id, last, entries)
	}
	return s.InMemory.Append(ctx, id, last, entries...)
}

// naming is a store that finds conversations by another name than their own.
func naming(name func(frontdesk.ConversationID) frontdesk.ConversationID) *store {
	return &store{
		load: func(s *store, ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
			return s.InMemory.Load(ctx, name(id), after)
		},
		append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			return s.InMemory.Append(ctx, name(id), last, entries...)
		},
	}
}

// keeping is a store that keeps something else than it is given.
func keeping(change func(*frontdesk.Entry)) *store {
	return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
		entries = slices.Clone(entries)
		for i := range entries {
			change(&entries[i])
		}
		return s.InMemory.Append(ctx, id, last, entries...)
	}}
}

// brokenStores are stores with the faults that real ones have had.
var brokenStores = map[string]func() *store{
	"load ignores where to start": func() *store {
		return &store{load: func(s *store, ctx context.Context, id frontdesk.ConversationID, _ int64) ([]frontdesk.Entry, error) {
			return s.InMemory.Load(ctx, id, 0)
		}}
	},
	"load includes where to start": func() *store {
		return &store{load: func(s *store, ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
			return s.InMemory.Load(ctx, id, max(after-1, 0))
		}}
	},
	"load returns one page": func() *store {
		return &store{load: func(s *store, ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
			log, err := s.InMemory.Load(ctx, id, after)
			return log[:min(len(log), 1000)], err
		}}
	},
	"load returns the newest first": func() *store {
		return &store{load: func(s *store, ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
			log, err := s.InMemory.Load(ctx, id, after)
			slices.Reverse(log)
			return log, err
		}}
	},
	"what is not there is an error": func() *store {
		return &store{load: func(s *store, ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
			log, err := s.InMemory.Load(ctx, id, 0)
			if err == nil && len(log) == 0 {
				return nil, errors.New("no such conversation")
			}
			return s.InMemory.Load(ctx, id, after)
		}}
	},
	"load hands its own entries out": func() *store {
		return &store{
			load: func(s *store, ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				return s.extra[id][min(int(after), len(s.extra[id])):], nil
			},
			append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
				s.mu.Lock()
				defer s.mu.Unlock()
				if err := s.InMemory.Append(ctx, id, last, entries...); err != nil {
					return err
				}
				log, err := s.InMemory.Load(ctx, id, last)
				if s.extra == nil {
					s.extra = make(map[frontdesk.ConversationID][]frontdesk.Entry)
				}
				s.extra[id] = append(s.extra[id], log...)
				return err
			},
		}
	},
	"no conflicts": func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			var err error
			for range 100 { // a conflict of leases stays one
				log, loading := s.InMemory.Load(ctx, id, 0)
				if loading != nil {
					return loading
				}
				if err = s.InMemory.Append(ctx, id, int64(len(log)), entries...); !errors.Is(err, frontdesk.ErrConflict) {
					return err
				}
			}
			return err
		}}
	},
	"gaps are filled": func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			log, err := s.InMemory.Load(ctx, id, 0)
			if err != nil {
				return err
			}
			return s.InMemory.Append(ctx, id, min(last, int64(len(log))), entries...)
		}}
	},
	"a conflict by another name": func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			if err := s.InMemory.Append(ctx, id, last, entries...); err != nil {
				return errors.New("constraint violated")
			}
			return nil
		}}
	},
	"entries added one by one": func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			if err := s.InMemory.Append(ctx, id, last, entries[:1]...); err != nil || len(entries) == 1 {
				return err
			}
			runtime.Gosched() // as a database would, in between
			for _, entry := range entries[1:] {
				last++
				for tries := 0; ; tries++ {
					err := s.InMemory.Append(ctx, id, last, entry)
					if err == nil {
						break
					}
					if !errors.Is(err, frontdesk.ErrConflict) || tries == 100 {
						return err
					}
					log, err := s.InMemory.Load(ctx, id, last)
					if err != nil {
						return err
					}
					last += int64(len(log))
				}
			}
			return nil
		}}
	},
	"the first of several entries only": func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			return s.InMemory.Append(ctx, id, last, entries[:1]...)
		}}
	},
	"an append is taken and dropped": func() *store {
		return &store{append: func(*store, context.Context, frontdesk.ConversationID, int64, []frontdesk.Entry) error { return nil }}
	},
	"tenants share": func() *store {
		return naming(func(id frontdesk.ConversationID) frontdesk.ConversationID { return frontdesk.ConversationID{ID: id.ID} })
	},
	"tenant and id run together": func() *store {
		return naming(func(id frontdesk.ConversationID) frontdesk.ConversationID {
			return frontdesk.ConversationID{ID: id.String()}
		})
	},
	"upper and lower case are the same": func() *store {
		return naming(func(id frontdesk.ConversationID) frontdesk.ConversationID {
			return frontdesk.ConversationID{Tenant: id.Tenant, ID: strings.ToLower(id.ID)}
		})
	},
	"space at the end is cut": func() *store {
		return naming(func(id frontdesk.ConversationID) frontdesk.ConversationID {
			return frontdesk.ConversationID{Tenant: id.Tenant, ID: strings.TrimSpace(id.ID)}
		})
	},
	"long ids are refused": func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			if len(id.ID) > 255 {
				return errors.New("value too long")
			}
			return s.InMemory.Append(ctx, id, last, entries...)
		}}
	},
	"numbers are floats": func() *store {
		return keeping(func(entry *frontdesk.Entry) {
			var value any
			if json.Unmarshal(entry.Data, &value) == nil {
				entry.Data, _ = json.Marshal(value)
			}
		})
	},
	"text is Latin": func() *store {
		return keeping(func(entry *frontdesk.Entry) {
			entry.Data = bytes.ReplaceAll(entry.Data, []byte("🧦"), []byte("?"))
		})
	},
	"big entries are cut": func() *store {
		return keeping(func(entry *frontdesk.Entry) {
			if len(entry.Data) > 1<<20 {
				entry.Data = json.RawMessage(`{}`)
			}
		})
	},
	"times are seconds": func() *store {
		return keeping(func(entry *frontdesk.Entry) { entry.Time = entry.Time.Truncate(time.Second) })
	},
	"the kind is lost":    func() *store { return keeping(func(entry *frontdesk.Entry) { entry.Kind = "entry" }) },
	"the version is lost": func() *store { return keeping(func(entry *frontdesk.Entry) { entry.Version = 0 }) },
	"the turn is lost":    func() *store { return keeping(func(entry *frontdesk.Entry) { entry.Turn = "" }) },
	"the id is lost":      func() *store { return keeping(func(entry *frontdesk.Entry) { entry.ID = "" }) },
	"the writer's numbers are kept": func() *store {
		var mu sync.Mutex
		given := make(map[string]int64)
		return &store{
			append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
				mu.Lock()
				for _, entry := range entries {
					given[entry.ID] = entry.Sequence
				}
				mu.Unlock()
				return s.InMemory.Append(ctx, id, last, entries...)
			},
			load: func(s *store, ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
				log, err := s.InMemory.Load(ctx, id, after)
				mu.Lock()
				defer mu.Unlock()
				for i := range log {
					if number := given[log[i].ID]; number != 0 {
						log[i].Sequence = number
					}
				}
				return log, err
			},
		}
	},
	"the caller's memory is kept": func() *store {
		data := make(map[string]json.RawMessage)
		var mu sync.Mutex
		return &store{
			append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
				mu.Lock()
				for _, entry := range entries {
					data[entry.ID] = entry.Data
				}
				mu.Unlock()
				return s.InMemory.Append(ctx, id, last, entries...)
			},
			load: func(s *store, ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
				log, err := s.InMemory.Load(ctx, id, after)
				mu.Lock()
				defer mu.Unlock()
				for i := range log {
					log[i].Data = data[log[i].ID]
				}
				return log, err
			},
		}
	},
	"an append goes on after the caller left": func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			return s.InMemory.Append(context.WithoutCancel(ctx), id, last, entries...)
		}}
	},
	"a canceled append is done all the same": func() *store {
		return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			return errors.Join(s.InMemory.Append(context.WithoutCancel(ctx), id, last, entries...), ctx.Err())
		}}
	},
	"a load goes on after the caller left": func() *store {
		return &store{load: func(s *store, ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
			return s.InMemory.Load(context.WithoutCancel(ctx), id, after)
		}}
	},
}

func TestMemoryPassesAGoodStore(t *testing.T) {
	frontdesktest.TestMemory(t, func(*testing.T) frontdesk.Memory { return new(store) })
}
