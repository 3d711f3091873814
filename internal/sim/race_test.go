//go:build race

package sim_test

// raced says that the race detector watches. The simulation lets one goroutine run
// at a time and reads what the others have left while they wait, which the
// detector takes for races; and it would see none of the agents' own, which need
// two that run. The tests of the root package are there for those.
const raced = true
