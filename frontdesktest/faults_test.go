package frontdesktest_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// fault names the store that TestBrokenStore checks, in the process that
// TestMemoryFindsFaults starts.
const fault = "FRONTDESKTEST_FAULT"

// noFault is a store that keeps all rules.
const noFault = "none"

func faultyStores() map[string]func() *store {
	stores := map[string]func() *store{noFault: func() *store { return new(store) }}
	for _, more := range []map[string]func() *store{brokenStores, brokenLeases, brokenClaims, brokenCounts, brokenCustomers} {
		maps.Copy(stores, more)
	}
	return stores
}

// TestBrokenStore is expected to fail, and so is run in a process of its own.
func TestBrokenStore(t *testing.T) {
	name := os.Getenv(fault)
	if name == "" {
		t.Skip("TestMemoryFindsFaults runs it")
	}
	if open := faultyStores()[name]; open != nil {
		frontdesktest.TestMemory(t, func(*testing.T) frontdesk.Memory { return open() })
	}
	place := brokenPlaces[name]
	if name == noFault {
		place = samePlace
	}
	if place != nil {
		frontdesktest.TestDurable(t, func(*testing.T) func(*testing.T) frontdesk.Memory {
			open := place()
			return func(*testing.T) frontdesk.Memory { return open() }
		})
	}
}

// Each fault breaks a rule, and each rule finds a fault.
func TestMemoryFindsFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("each fault takes a process of its own")
	}
	executable, err := os.Executable()
	require.NoError(t, err)
	run := func(name string, more ...string) (string, error) {
		command := exec.Command(executable, append(more, "-test.run=^TestBrokenStore$", "-test.timeout=100s")...)
		command.Env = append(os.Environ(), fault+"="+name)
		output, err := command.CombinedOutput()
		return string(output), err
	}
	type result struct {
		output string
		err    error
	}
	results := make(map[string]chan result)
	slots := make(chan struct{}, 8) // they mostly wait
	for _, name := range slices.Concat(slices.Collect(maps.Keys(faultyStores())), slices.Collect(maps.Keys(brokenPlaces))) {
		if name == noFault {
			continue
		}
		length := "-test.short"
		if name == "what was found once is never found again" {
			length = "-test.short=false"
		}
		done := make(chan result, 1)
		results[name] = done
		go func() {
			slots <- struct{}{}
			output, err := run(name, length)
			<-slots
			done <- result{output, err}
		}()
	}
	finding := make(map[string]bool) // rules
	for _, name := range slices.Sorted(maps.Keys(results)) {
		t.Run(name, func(t *testing.T) {
			result := <-results[name]
			said := result.output[:min(len(result.output), 2000)] // a panic tells of all goroutines
			var exited *exec.ExitError
			require.ErrorAs(t, result.err, &exited, "the suite finds nothing wrong:\n%s", said)
			assert.NotContains(t, result.output, "panic:", "the suite must not panic or hang with a bad store")
			found := regexp.MustCompile(`(?m)^ +--- FAIL: (TestBrokenStore/\S+)`).FindAllStringSubmatch(result.output, -1)
			assert.NotEmpty(t, found, "no rule is named:\n%s", said)
			for _, rule := range found {
				finding[rule[1]] = true
			}
		})
	}
	output, err := run(noFault, "-test.v")
	require.NoError(t, err, output)
	assert.NotContains(t, output, "--- SKIP", "a store that has everything is checked for everything")
	rules := regexp.MustCompile(`(?m)^=== RUN +(TestBrokenStore/\S+)`).FindAllStringSubmatch(output, -1)
	assert.Greater(t, len(rules), 60)
	for _, rule := range rules {
		if !finding[rule[1]] {
			t.Errorf("no fault breaks the rule %q", strings.TrimPrefix(rule[1], "TestBrokenStore/"))
		}
	}
}

// samePlace is where every store that is opened is the same.
func samePlace() func() frontdesk.Memory {
	s := new(store)
	return func() frontdesk.Memory { return s }
}

// brokenPlaces forget something when a store is opened again there, or keep two
// that are open apart.
var brokenPlaces = map[string]func() func() frontdesk.Memory{
	"nothing is kept": func() func() frontdesk.Memory {
		return func() frontdesk.Memory { return new(store) }
	},
	"leases, claims and sums are not kept": func() func() frontdesk.Memory {
		return copies(func(entry *frontdesk.Entry) {
			if entry.Changes != nil {
				entry.Changes = &frontdesk.Changes{Customer: entry.Changes.Customer}
			}
		})
	},
	"owners are not kept": func() func() frontdesk.Memory {
		return copies(func(entry *frontdesk.Entry) {
			if entry.Changes != nil {
				changes := *entry.Changes
				changes.Customer = ""
				entry.Changes = &changes
			}
		})
	},
	"closing fails": func() func() frontdesk.Memory {
		s := new(store)
		return func() frontdesk.Memory { return closing{s} }
	},
	"requests are not kept": func() func() frontdesk.Memory {
		var first store
		return func() frontdesk.Memory {
			return &forgetful{Memory: &first, Ledger: new(frontdesk.InMemoryLedger)}
		}
	},
}

// forgetful keeps nothing but entries and requests.
type forgetful struct {
	frontdesk.Memory
	frontdesk.Ledger
}

// closing cannot be closed.
type closing struct{ *store }

func (closing) Close() error { return errors.New("it is in use") }

// copies opens stores that hold what was appended to all before, changed.
func copies(change func(*frontdesk.Entry)) func() frontdesk.Memory {
	type appended struct {
		id      frontdesk.ConversationID
		last    int64
		entries []frontdesk.Entry
	}
	var (
		mu   sync.Mutex
		kept []appended
	)
	return func() frontdesk.Memory {
		mu.Lock()
		defer mu.Unlock()
		s := new(store)
		for _, a := range kept {
			for i := range a.entries {
				change(&a.entries[i])
			}
			if err := s.Append(context.Background(), a.id, a.last, a.entries...); err != nil {
				panic(err)
			}
		}
		s.append = func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
			err := s.InMemory.Append(ctx, id, last, entries...)
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				kept = append(kept, appended{id, last, slices.Clone(entries)})
			}
			return err
		}
		return s
	}
}
