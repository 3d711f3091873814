package sim_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/sim"
)

var (
	conversations = flag.Int("sim.conversations", 1000, "simulate that many conversations")
	seed          = flag.Uint64("sim.seed", 0, "run this seed alone, and print its history")
	first         = flag.Uint64("sim.first", 1, "the first seed")
	most          = flag.Int("sim.failures", 10, "stop after that many failures")
)

// run runs one seed in a bubble.
func run(t *testing.T, options sim.Options) (report *sim.Report) {
	t.Helper()
	t.Run(fmt.Sprintf("seed %d", options.Seed), func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, options.Seed)
		synctest.Test(t, func(*testing.T) { report = sim.Run(options) })
	})
	require.NotNil(t, report, "seed %d: replay it with: go test ./internal/sim -run TestConversations -sim.seed=%d", options.Seed, options.Seed)
	return report
}

func TestConversations(t *testing.T) {
	if raced {
		t.Skip("one goroutine runs at a time here: run it without -race")
	}
	if *seed != 0 {
		report := run(t, sim.Options{Seed: *seed})
		t.Log("\n" + strings.Join(report.History, "\n"))
		require.Nil(t, report.Failure, "%v", report.Failure)
		return
	}
	var sum sim.Report
	failures := 0
	for s := *first; sum.Conversations < *conversations; s++ {
		report := run(t, sim.Options{Seed: s})
		if report.Failure != nil {
			failures++
			t.Errorf("%v\nreplay it with: go test ./internal/sim -run TestConversations -v -sim.seed=%d", report.Failure, s)
			if failures == *most {
				t.FailNow()
			}
		}
		sum.Conversations += report.Conversations
		sum.Steps += report.Steps
		sum.Messages += report.Messages
		sum.Requests += report.Requests
		sum.Appends += report.Appends
		sum.Effects += report.Effects
		sum.Deaths += report.Deaths
		sum.Stops += report.Stops
		sum.Recovered += report.Recovered
		sum.Reconciled += report.Reconciled
		sum.Late += report.Late
		sum.Probes += report.Probes
		sum.Takeovers += report.Takeovers
		sum.Closed += report.Closed
		sum.Raised += report.Raised
		sum.Overtaken += report.Overtaken
	}
	t.Logf("%+v", sum)
}

// A human takes the conversations of a world over before every one of its steps.
func TestTakeOverAtEveryStep(t *testing.T) {
	if raced {
		t.Skip("one goroutine runs at a time here: run it without -race")
	}
	overtaken, runs := 0, 0
	for s := range uint64(4) {
		steps := run(t, sim.Options{Seed: s + 1}).Steps
		for at := 1; at < steps; at++ {
			report := run(t, sim.Options{Seed: s + 1, TakeOverAt: at})
			require.Nil(t, report.Failure, "seed %d, taken over at %d: %v\n%s", s+1, at, report.Failure, strings.Join(report.History, "\n"))
			overtaken += report.Overtaken
			runs++
		}
	}
	t.Logf("%d runs, %d turns overtaken", runs, overtaken)
}

// The same seed is the same run: a failure can be looked at.
func TestASeedIsARun(t *testing.T) {
	if raced {
		t.Skip("one goroutine runs at a time here: run it without -race")
	}
	for s := range uint64(20) {
		first, second := run(t, sim.Options{Seed: s + 1}), run(t, sim.Options{Seed: s + 1})
		assert.Equal(t, first.History, second.History, "seed %d", s+1)
	}
}
