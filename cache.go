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

	id      ConversationID
	running chan struct{} // holds a token while a turn runs
	users   int           // turns that run or wait
	bytes   int
	element *list.Element
}

// acquire waits until no other turn of the conversation runs. The caller calls
// release when its own has ended.
func (c *conversationCache) acquire(ctx context.Context, id ConversationID) (cached *cachedConversation, release func(), err error) {
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

	select {
	case cached.running <- struct{}{}:
		return cached, func() { <-cached.running; c.leave(cached) }, nil
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
		c.remove(cached)
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
