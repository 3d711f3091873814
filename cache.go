package frontdesk

import (
	"container/list"
	"context"
	"sync"
)

// cacheBytes bounds the text of the conversations that an agent keeps folded
// although no turn of theirs runs.
const cacheBytes = 128 << 20

// conversationCache keeps recent conversations folded, so that a turn need not
// read their whole log, and lets one turn of each run at a time. What it holds
// may be out of date: the append that follows finds out. The zero value is an
// empty cache.
type conversationCache struct {
	mu     sync.Mutex
	cached map[ConversationID]*cachedConversation
	recent list.List // of *cachedConversation, most recently used first
	bytes  int
}

// cachedConversation belongs to the turn that acquired it.
type cachedConversation struct {
	conversation *conversation // nil if it must be loaded
	epoch        int64         // of a lease that this process did not end

	id      ConversationID
	running chan struct{} // holds a token while a turn runs
	users   int           // turns that run or wait
	bytes   int
	element *list.Element
}

// acquire waits until no other turn of the conversation runs. The caller calls
// release when its own has ended. If it would have to wait, it first asks
// instead, if that is not nil, and returns nothing if there is no need to wait
// any more.
func (c *conversationCache) acquire(ctx context.Context, id ConversationID, instead func() (bool, error)) (cached *cachedConversation, release func(), err error) {
	c.mu.Lock()
	cached, ok := c.cached[id]
	if !ok {
		cached = &cachedConversation{id: id, running: make(chan struct{}, 1)}
		if c.cached == nil {
			c.cached = make(map[ConversationID]*cachedConversation)
		}
		c.cached[id] = cached
		cached.element = c.recent.PushFront(cached)
	} else {
		c.recent.MoveToFront(cached.element)
	}
	cached.users++
	c.mu.Unlock()

	release = func() { <-cached.running; c.leave(cached) }
	select {
	case cached.running <- struct{}{}:
		return cached, release, nil
	default:
	}
	if instead != nil {
		if done, err := instead(); done || err != nil {
			c.leave(cached)
			return nil, nil, err
		}
	}
	select {
	case cached.running <- struct{}{}:
		return cached, release, nil
	case <-ctx.Done():
		c.leave(cached)
		return nil, nil, context.Cause(ctx)
	}
}

func (c *conversationCache) leave(cached *cachedConversation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cached.users--
	if cached.users > 0 {
		return
	}
	c.bytes -= cached.bytes
	cached.bytes = 0
	if cached.conversation == nil {
		if cached.epoch == 0 {
			c.remove(cached)
		}
		return
	}
	cached.bytes = cached.conversation.bytes
	c.bytes += cached.bytes
	for element := c.recent.Back(); element != nil && c.bytes > cacheBytes; {
		oldest := element.Value.(*cachedConversation)
		element = element.Prev()
		if oldest.users == 0 {
			c.bytes -= oldest.bytes
			c.remove(oldest)
		}
	}
}

func (c *conversationCache) remove(cached *cachedConversation) {
	delete(c.cached, cached.id)
	c.recent.Remove(cached.element)
}

// forget drops what is kept of a customer's conversations, except those of which
// a turn runs.
func (c *conversationCache) forget(tenant, customer string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, cached := range c.cached {
		if cached.users == 0 && cached.conversation != nil && id.Tenant == tenant && cached.conversation.customer.ID == customer {
			c.bytes -= cached.bytes
			c.remove(cached)
		}
	}
}
