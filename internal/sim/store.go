package sim

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// memory is the store as one process sees it: over a network that loses
// requests and answers and may take long.
type memory struct {
	world   *world
	process *process
}

var _ frontdesk.SharedMemory = (*memory)(nil)

var errNetwork = errors.New("sim: the connection to the store broke off")

func (m *memory) Load(ctx context.Context, id frontdesk.ConversationID, after int64) (entries []frontdesk.Entry, err error) {
	w, c := m.world, m.world.chats[id]
	gone := w.wish(ctx, m.process, c, "load", false, func() {
		if w.fault() {
			w.note("  the store does not answer")
			err = errNetwork
			return
		}
		entries, err = w.store.Load(context.Background(), id, after)
		entries = w.broken.load(entries)
	})
	return entries, errors.Join(gone, err)
}

func (m *memory) Append(ctx context.Context, id frontdesk.ConversationID, last int64, entries ...frontdesk.Entry) (err error) {
	w, c := m.world, m.world.chats[id]
	entries = slices.Clone(entries)
	kinds := ""
	for _, entry := range entries {
		kinds += " " + string(entry.Kind)
	}
	lost, slow := false, false
	gone := w.wish(ctx, m.process, c, "append"+kinds, true, func() {
		switch {
		case w.fault():
			w.note("  the store is not reached")
			err = errNetwork
			return
		case w.fault():
			c.interject("Somebody was quicker.")
		}
		if err = w.append(c, m.process, last, entries); err != nil {
			w.note("  %v", err)
			return
		}
		lost, slow = w.fault(), w.fault()
	})
	if gone == nil && slow {
		gone = w.wish(ctx, m.process, c, "append answered", false, func() {})
	}
	if gone == nil && err == nil && lost {
		err = errNetwork
	}
	return errors.Join(gone, err)
}

// append adds entries to the log and checks them.
func (w *world) append(c *chat, p *process, last int64, entries []frontdesk.Entry) error {
	if w.broken == DropsAppends && !w.calm && w.chance(0.05) {
		return nil
	}
	last, entries = w.broken.append(last, c.length, entries)
	if err := w.store.Append(context.Background(), c.id, last, entries...); err != nil {
		return err
	}
	w.report.Appends++
	c.observe(p, last, entries)
	return nil
}

func (m *memory) Renew(ctx context.Context, id frontdesk.ConversationID, epoch int64, duration time.Duration) (err error) {
	w, c := m.world, m.world.chats[id]
	gone := w.wish(ctx, m.process, c, "renew", true, func() {
		if w.fault() {
			err = errNetwork
			return
		}
		if err = w.store.Renew(context.Background(), id, epoch, duration); err == nil {
			c.renewed(duration)
		}
	})
	return errors.Join(gone, err)
}

func (m *memory) Expired(ctx context.Context, most int) (ids []frontdesk.ConversationID, err error) {
	w := m.world
	gone := w.wish(ctx, m.process, nil, "find expired", false, func() {
		if w.broken == ForgetsLeases {
			return
		}
		if w.fault() {
			err = errNetwork
			return
		}
		ids, err = w.store.Expired(context.Background(), most)
	})
	return ids, errors.Join(gone, err)
}
