package sqlite

import (
	"context"
	"errors"
	"sync"
)

// write is what one call wants to write.
type write struct {
	// do writes within a transaction. What it refuses, it refuses before it
	// has written anything.
	do func(*conn) error

	// alone is for a write that may take long: it has a transaction of its
	// own, which its context interrupts.
	alone bool

	ctx  context.Context
	err  error
	done chan struct{}
}

// refusal is an error of a write that changed nothing: the transaction goes on.
type refusal struct{ error }

// mostTogether is how many writes share a transaction at most.
const mostTogether = 256

// do has the writer do a write, in one transaction with others that wait: what
// a commit costs is the sync of the disk, whatever is in it. If the context
// ends before the write has begun, nothing happens.
func (s *Store) do(ctx context.Context, w *write) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.ctx, w.done = ctx, make(chan struct{})
	if !s.queue.add(w) {
		return errClosed
	}
	select {
	case <-w.done:
	case <-ctx.Done():
		if s.queue.remove(w) {
			return ctx.Err()
		}
		<-w.done
	}
	var no refusal
	if errors.As(w.err, &no) {
		return no.error
	}
	return explain(ctx, w.err)
}

// runWriter does the writes, until the queue is closed and empty. There is one
// connection that writes, because SQLite has one writer at a time: what waits
// here could not go on elsewhere.
func (s *Store) runWriter(c *conn) {
	defer close(s.stopped)
	for s.queue.wait() {
		writes, err := s.transact(c)
		if err != nil && len(writes) > 1 {
			for _, w := range writes { // so that one does not fail the others
				if w.err = w.ctx.Err(); w.err == nil {
					w.err = c.transaction(func() error { return w.do(c) })
				}
			}
			err = nil
		}
		for _, w := range writes {
			if err != nil {
				w.err = err
			}
			close(w.done)
		}
	}
	s.closed = c.Close()
}

// transact does what waits in one transaction. After an error, none of it
// happened, or at least SQLite does not know better.
func (s *Store) transact(c *conn) (writes []*write, err error) {
	err = c.transaction(func() error {
		// Those that waited for the lock of another process may have left.
		for more := s.queue.take(mostTogether); len(more) > 0; more = s.queue.take(mostTogether - len(writes)) {
			writes = append(writes, more...)
			for _, w := range more {
				if err := w.run(c); err != nil {
					return err
				}
			}
			if more[0].alone {
				break
			}
		}
		return nil
	})
	if err != nil && len(writes) == 0 {
		writes = s.queue.take(mostTogether) // the lock was not to be had
	}
	return writes, err
}

// run does a write, and keeps the error of one that is refused.
func (w *write) run(c *conn) error {
	if w.alone {
		c.SetInterrupt(w.ctx)
		defer c.SetInterrupt(context.Background())
	}
	err := w.do(c)
	var no refusal
	if errors.As(err, &no) {
		w.err = no
		return nil
	}
	return err
}

// transaction begins a transaction that nobody else writes beside, and commits
// it or takes everything back.
func (c *conn) transaction(do func() error) error {
	if err := c.run(`BEGIN IMMEDIATE`, nil); err != nil {
		return err
	}
	err := do()
	if err == nil {
		err = c.run(`COMMIT`, nil)
	}
	if err != nil && !c.GetAutocommit() {
		err = errors.Join(err, c.rollback())
	}
	return err
}

// rollback takes back what the transaction wrote, even if the connection is
// interrupted.
func (c *conn) rollback() error {
	interrupt := c.SetInterrupt(context.Background())
	defer c.SetInterrupt(interrupt)
	return c.run(`ROLLBACK`, nil)
}

// queue holds writes that have not begun, in the order in which they came.
type queue struct {
	mu      sync.Mutex
	filled  sync.Cond
	waiting []*write
	closed  bool
}

func (q *queue) add(w *write) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.waiting = append(q.waiting, w)
	q.filled.Signal()
	return true
}

// remove takes a write back. It tells whether it was still waiting.
func (q *queue) remove(w *write) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.waiting {
		if q.waiting[i] == w {
			q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// take takes at most most writes to do them. One that is to be alone comes
// alone.
func (q *queue) take(most int) []*write {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < min(len(q.waiting), most) && !q.waiting[n].alone {
		n++
	}
	if n == 0 && most == mostTogether && len(q.waiting) > 0 {
		n = 1
	}
	taken := append([]*write(nil), q.waiting[:n]...)
	q.waiting = append(q.waiting[:0], q.waiting[n:]...)
	return taken
}

// wait waits until there is something to do. It returns false if there never
// will be.
func (q *queue) wait() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.closed {
		q.filled.Wait()
	}
	return len(q.waiting) > 0
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.filled.Broadcast()
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}
