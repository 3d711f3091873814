package sim_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/internal/sim"
)

// A check that finds nothing may be one that does not look: whatever is broken on
// purpose, the promise that needs it is seen to be broken.
func TestWhatIsBrokenIsFound(t *testing.T) {
	if raced {
		t.Skip("one goroutine runs at a time here: run it without -race")
	}
	for broken, wanted := range map[sim.Breakage][]sim.Invariant{
		sim.DropsAppends:     {sim.NothingLost},
		sim.ComparesNothing:  {sim.NothingLost, sim.OneTurn},
		sim.LeasesToAll:      {sim.OneTurn},
		sim.ForgetsLeases:    {sim.NothingStuck},
		sim.ClaimsForAll:     {sim.OncePerKey},
		sim.CountsNothing:    {sim.WithinLimit},
		sim.HidesIntents:     {sim.OncePerIntent},
		sim.HidesResults:     {sim.TrueResults, sim.OncePerIntent},
		sim.HidesDecisions:   {sim.Approved},
		sim.HidesDeliveries:  {sim.NothingTwice},
		sim.IgnoresKeys:      {sim.OncePerIntent},
		sim.IgnoresDeadlines: {sim.TrueResults, sim.OncePerIntent},
		sim.LiesOfPayments:   {sim.TrueResults},
	} {
		t.Run(string(broken), func(t *testing.T) {
			found := make(map[sim.Invariant]int)
			for seed := uint64(1); seed < 2000; seed++ {
				if report := run(t, sim.Options{Seed: seed, Broken: broken}); report.Failure != nil {
					found[report.Failure.Invariant]++
					if slices.Contains(wanted, report.Failure.Invariant) {
						return
					}
				}
			}
			assert.Fail(t, "nobody noticed", "found %v, and not %v", found, wanted)
		})
	}
}
