// Package linear checks that stores are linearizable: that what clients saw of
// appends and loads at the same time is what they would have seen one after
// another, in some order in which nothing comes before what had ended already.
// It is for tests.
package linear

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/frontdesk-go/frontdesk"
)

// What clients do. So many together keep every conversation contended, and the
// search for an order short.
const (
	clients       = 8
	operations    = 40 // of each client
	conversations = 2
)

// History is what clients did, and what they saw of it.
type History []porcupine.Operation

// request is an append or, if it has no entries, a load.
type request struct {
	conversation int
	after        int64  // or the newest entry, for an append
	entries      string // their ids, of idWidth each
}

// response is what a store answered. An append that failed otherwise than by a
// conflict may have been stored, at any time from then on.
type response struct {
	entries  string
	conflict bool
	unknown  bool
}

// Record has clients append to and load the same conversations at once. The
// stores are one: the same several times or, as with replicas, several that are
// open at one place. Other errors than conflicts are part of the history.
func Record(ctx context.Context, seed uint64, stores ...frontdesk.Memory) History {
	var (
		group   sync.WaitGroup
		history [clients]History
		begin   = time.Now()
		run     = rand.New(rand.NewPCG(seed, clients)).Uint64() // no log of another run is read
	)
	for c := range clients {
		store := stores[c%len(stores)]
		random := rand.New(rand.NewPCG(seed, uint64(c)))
		group.Go(func() {
			var newest [conversations]int64 // as far as the client knows
			for n := range operations {
				in := request{conversation: random.IntN(conversations)}
				in.after = newest[in.conversation]
				id := frontdesk.ConversationID{Tenant: fmt.Sprintf("linear-%x", run), ID: fmt.Sprint(in.conversation)}
				var entries []frontdesk.Entry
				switch random.IntN(5) {
				case 0, 1: // load what is new
				case 2:
					in.after = random.Int64N(in.after + 1)
				case 3:
					in.after = max(in.after+random.Int64N(3)-1, 0) // a guess
					fallthrough
				case 4:
					for i := range 1 + random.IntN(3) {
						name := entryID(c, n, i)
						in.entries += name
						entries = append(entries, frontdesk.Entry{ID: fmt.Sprintf("%x-%s", run, name), Kind: frontdesk.EntryPosted, Version: 1, Data: []byte(`{}`)})
					}
				}
				operation := porcupine.Operation{ClientId: c, Input: in, Call: int64(time.Since(begin))}
				out, failed := perform(ctx, store, id, in, entries)
				operation.Output, operation.Return = out, int64(time.Since(begin))
				switch {
				case failed && in.entries == "":
					continue // a load that failed saw nothing
				case failed:
					operation.Return = math.MaxInt64
				case in.entries == "":
					newest[in.conversation] = in.after + int64(len(out.entries)/idWidth)
				case !out.conflict:
					newest[in.conversation] = in.after + int64(len(entries))
				}
				history[c] = append(history[c], operation)
			}
		})
	}
	group.Wait()
	return slices.Concat(history[:]...)
}

// idWidth is the length of an entry's id in a history.
const idWidth = 6

func entryID(client, operation, part int) string {
	return fmt.Sprintf("%02d%03d%01d", client, operation, part)
}

func perform(ctx context.Context, store frontdesk.Memory, id frontdesk.ConversationID, in request, entries []frontdesk.Entry) (out response, failed bool) {
	if len(entries) > 0 {
		err := store.Append(ctx, id, in.after, entries...)
		out.conflict = errors.Is(err, frontdesk.ErrConflict)
		out.unknown = err != nil && !out.conflict
		return out, out.unknown
	}
	log, err := store.Load(ctx, id, in.after)
	for i, entry := range log {
		_, name, _ := strings.Cut(entry.ID, "-")
		if entry.Sequence != in.after+int64(i)+1 || len(name) != idWidth {
			name = "wrong!" // which no order explains
		}
		out.entries += name
	}
	return out, err != nil
}

// model says what a conversation is, one step after another. Its state is the
// ids of its entries.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := make([][]porcupine.Operation, conversations)
		for _, operation := range history {
			c := operation.Input.(request).conversation
			parts[c] = append(parts[c], operation)
		}
		return parts
	},
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		log, in, out := state.(string), input.(request), output.(response)
		newest := int64(len(log) / idWidth)
		if in.entries == "" {
			return log[min(in.after, newest)*idWidth:] == out.entries, log
		}
		if in.after != newest {
			return out.conflict || out.unknown, log
		}
		return !out.conflict, log + in.entries
	},
}

// Check returns nil if there is an order that explains the history.
func (h History) Check() error {
	const timeout = time.Minute
	appended := 0
	for _, operation := range h {
		if out := operation.Output.(response); operation.Input.(request).entries != "" && !out.conflict && !out.unknown {
			appended++
		}
	}
	if appended < conversations {
		return fmt.Errorf("only %d appends of %d operations were stored: there is nothing to check", appended, len(h))
	}
	switch porcupine.CheckOperationsTimeout(model, h, timeout) {
	case porcupine.Ok:
		return nil
	case porcupine.Illegal:
		return errors.New("no order of the appends and loads explains what was seen")
	default:
		return fmt.Errorf("no order of the appends and loads was found in %v", timeout)
	}
}
