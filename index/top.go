package index

import (
	"cmp"
	"runtime"
	"slices"
	"sync"
)

// scored is a passage, by its place in the whole index, and how well it fits.
type scored struct {
	score float32
	doc   uint32
}

// before orders the better first, and equals by their place.
func before(a, b scored) int {
	if c := cmp.Compare(b.score, a.score); c != 0 {
		return c
	}
	return cmp.Compare(a.doc, b.doc)
}

// top keeps the best few of many, in a heap with the worst of them on top.
type top struct {
	limit int
	heap  []scored
}

// threshold is the score that a passage must exceed to be among the best, or
// equal with a lower place. It is below all scores while there is room.
func (t *top) threshold() float32 {
	if len(t.heap) < t.limit || len(t.heap) == 0 {
		return -3.4e38
	}
	return t.heap[0].score
}

func (t *top) add(score float32, doc uint32) {
	s := scored{score, doc}
	if len(t.heap) < t.limit {
		t.heap = append(t.heap, s)
		for i := len(t.heap) - 1; i > 0; {
			parent := (i - 1) / 2
			if before(t.heap[parent], t.heap[i]) > 0 {
				return
			}
			t.heap[parent], t.heap[i] = t.heap[i], t.heap[parent]
			i = parent
		}
		return
	}
	if t.limit <= 0 || score < t.heap[0].score || before(s, t.heap[0]) > 0 {
		return
	}
	t.heap[0] = s
	for i := 0; ; {
		worst := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(t.heap); child++ {
			if before(t.heap[child], t.heap[worst]) > 0 {
				worst = child
			}
		}
		if worst == i {
			return
		}
		t.heap[i], t.heap[worst] = t.heap[worst], t.heap[i]
		i = worst
	}
}

// sorted empties the heap into a list, the best first.
func (t *top) sorted() []scored {
	list := t.heap
	t.heap = nil
	slices.SortFunc(list, before)
	return list
}

// workers tells how many goroutines are worth starting for n pieces of work, if
// each is to get at least least of them.
func workers(n, least int) int { return max(1, min(runtime.GOMAXPROCS(0), n/least)) }

// parallel splits n pieces of work among goroutines and waits for them.
func parallel(n, workers int, work func(worker, from, to int)) {
	if workers <= 1 {
		work(0, 0, n)
		return
	}
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() { work(w, n*w/workers, n*(w+1)/workers) })
	}
	group.Wait()
}
