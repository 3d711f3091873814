package crash

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Payments is a payment service that counts. It forgets nothing, knows keys of
// [Keyed] payments, refuses [Reconciled] ones that come too late, and takes its
// time before and after it pays, so that its callers die in between.
type Payments struct {
	mu    sync.Mutex
	paid  map[string]int  // times that an order was paid
	keys  map[string]bool // of payments that honour them
	tools map[string]string
}

func (p *Payments) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tool, order, key := r.FormValue("tool"), r.FormValue("order"), r.FormValue("key")
	if r.URL.Path == "/paid" {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.paid[order] > 0 {
			fmt.Fprint(w, "paid")
		}
		return
	}
	time.Sleep(time.Duration(rand.IntN(120)) * time.Millisecond)
	notAfter, _ := time.Parse(time.RFC3339Nano, r.FormValue("not_after"))
	p.mu.Lock()
	late := tool == Reconciled && time.Now().After(notAfter)
	if !late && !(tool == Keyed && p.keys[key]) {
		if p.paid == nil {
			p.paid, p.keys, p.tools = make(map[string]int), make(map[string]bool), make(map[string]string)
		}
		p.paid[order]++
		p.tools[order] = tool
		p.keys[key] = tool == Keyed
	}
	p.mu.Unlock()
	if late {
		http.Error(w, "too late", http.StatusGone)
		return
	}
	time.Sleep(time.Duration(rand.IntN(120)) * time.Millisecond)
	fmt.Fprint(w, "paid")
}
