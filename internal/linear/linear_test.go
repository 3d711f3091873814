package linear_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/internal/linear"
)

func TestInMemory(t *testing.T) {
	for seed := range uint64(20) {
		memory := new(frontdesk.InMemory)
		require.NoError(t, linear.Record(t.Context(), seed, memory, memory).Check(), "seed %d", seed)
	}
}

// store is an InMemory that takes its time and breaks a rule.
type store struct {
	frontdesk.InMemory
	load   func(s *store, log []frontdesk.Entry, after int64) []frontdesk.Entry
	append func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error
	calls  atomic.Int64
	mu     sync.Mutex
}

func (s *store) Load(ctx context.Context, id frontdesk.ConversationID, after int64) ([]frontdesk.Entry, error) {
	time.Sleep(50 * time.Microsecond)
	if s.load == nil {
		return s.InMemory.Load(ctx, id, after)
	}
	log, err := s.InMemory.Load(ctx, id, 0)
	s.mu.Lock()
	defer s.mu.Unlock()
	log = s.load(s, log, after)
	return slices.Clone(log[min(after, int64(len(log))):]), err
}

func (s *store) Append(ctx context.Context, id frontdesk.ConversationID, last int64, entries ...frontdesk.Entry) error {
	time.Sleep(50 * time.Microsecond)
	if s.append != nil {
		return s.append(s, ctx, id, last, entries)
	}
	return s.InMemory.Append(ctx, id, last, entries...)
}

func TestFaultsAreFound(t *testing.T) {
	every := func(s *store, n int64) bool { return s.calls.Add(1)%n == 0 }
	faults := map[string]func() *store{
		"a replica that lags behind": func() *store {
			return &store{load: func(s *store, log []frontdesk.Entry, _ int64) []frontdesk.Entry {
				if every(s, 10) {
					return log[:max(len(log)-1, 0)]
				}
				return log
			}}
		},
		"two entries in another order": func() *store {
			return &store{load: func(s *store, log []frontdesk.Entry, _ int64) []frontdesk.Entry {
				if n := len(log); n > 1 && every(s, 10) {
					log[n-1].ID, log[n-2].ID = log[n-2].ID, log[n-1].ID
				}
				return log
			}}
		},
		"an append that was acknowledged and dropped": func() *store {
			return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
				if every(s, 10) {
					return nil
				}
				return s.InMemory.Append(ctx, id, last, entries...)
			}}
		},
		"a conflict that stored": func() *store {
			return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
				err := s.InMemory.Append(ctx, id, last, entries...)
				if every(s, 5) {
					return frontdesk.ErrConflict
				}
				return err
			}}
		},
		"half of an append": func() *store {
			return &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
				if every(s, 5) {
					entries = entries[:1]
				}
				return s.InMemory.Append(ctx, id, last, entries...)
			}}
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, linear.Record(t.Context(), 1, fault()).Check(), "no order")
		})
	}
	t.Run("nothing is stored", func(t *testing.T) {
		assert.ErrorContains(t, linear.Record(t.Context(), 1, &store{append: func(*store, context.Context, frontdesk.ConversationID, int64, []frontdesk.Entry) error {
			return frontdesk.ErrConflict
		}}).Check(), "nothing to check")
	})
}

// An answer that was lost may mean either.
func TestLostAnswers(t *testing.T) {
	var calls atomic.Int64
	lossy := &store{append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
		switch calls.Add(1) % 10 {
		case 0:
			return errors.New("the connection was cut")
		case 5:
			return errors.Join(s.InMemory.Append(ctx, id, last, entries...), errors.New("the connection was cut"))
		default:
			return s.InMemory.Append(ctx, id, last, entries...)
		}
	}}
	for seed := range uint64(5) {
		require.NoError(t, linear.Record(t.Context(), seed, lossy).Check(), "seed %d", seed)
	}
}
