package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// lease is this process's right to run a turn, which it renews as long as the
// turn runs. Its time is counted from before it was asked for, so that it ends
// here before it ends in the store.
type lease struct {
	epoch int64
	until atomic.Int64 // nanoseconds since the lease was taken
	taken time.Time
	renew func(context.Context) error
	lost  func(error)
	ctx   context.Context
	end   context.CancelFunc

	duration time.Duration
	mu       sync.Mutex // held while it is renewed
	timer    *time.Timer
}

// errLeaseLost ends the context of a turn whose lease could not be renewed in
// time.
var errLeaseLost = fmt.Errorf("the lease of the turn could not be renewed in time: %w", ErrConflict)

// keepLease begins to renew the lease of the turn, which was asked for at the
// given time.
func (r *run) keepLease(begun time.Time) *lease {
	id, epoch, duration := r.c.id, r.epoch, r.agent.config.Lease
	l := &lease{
		epoch:    epoch,
		taken:    begun,
		duration: duration,
		lost:     r.cancel,
		renew:    func(ctx context.Context) error { return r.agent.shared.Renew(ctx, id, epoch, duration) },
	}
	l.kept(begun)
	l.ctx, l.end = context.WithCancel(context.Background())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer = time.AfterFunc(duration/3, l.tick)
	return l
}

// kept says that the lease was renewed by a call that began at the given time.
func (l *lease) kept(begun time.Time) {
	until := int64(begun.Sub(l.taken) + l.duration)
	for {
		present := l.until.Load()
		if present >= until || l.until.CompareAndSwap(present, until) {
			return
		}
	}
}

// held reports whether nobody else can have taken the turn over.
func (l *lease) held() bool { return int64(time.Since(l.taken)) < l.until.Load() }

// tick renews the lease if nothing else did, and sets the timer again.
func (l *lease) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return
	}
	wait := l.duration / 3
	if left := time.Duration(l.until.Load()) - time.Since(l.taken); left > 2*wait {
		l.timer.Reset(left - 2*wait)
		return
	}
	ctx, cancel := context.WithTimeout(l.ctx, wait)
	defer cancel()
	begun := time.Now()
	err := l.renew(ctx)
	switch {
	case err == nil:
		l.kept(begun)
	case errors.Is(err, ErrConflict):
		l.lost(err)
		return
	case !l.held():
		l.lost(errLeaseLost)
		return
	default:
		wait = l.duration / 10 // a store may be back soon
	}
	l.timer.Reset(wait)
}

// stop ends the renewing, and waits until it has.
func (l *lease) stop() {
	l.end()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer.Stop()
}
