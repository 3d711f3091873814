package tokens

import (
	"math"
	"sync"
)

const (
	// A report counts if the prompt was long enough for the fixed overhead of
	// chat templates not to matter, and if it is not absurd: hosts report
	// nothing, zero, what was not in their cache, or the whole conversation's
	// sum.
	fewestTokens = 64
	mostError    = 4

	// The first reports are averaged with one imaginary report that agrees;
	// from then on each has a weight of 1/window, so that a change of model
	// behind the same name is learned too.
	window = 16

	// furthest is how far, as a factor, one report can be from what was known
	// and still count in full. It bounds what a single wrong one does.
	furthest = 1.5
)

// Calibration learns by which factor the estimates for a model are wrong from
// what hosts report. The zero value knows nothing. It is safe for concurrent
// use and must not be copied. It keeps a few bytes for each model it is told of.
type Calibration struct {
	mu     sync.RWMutex
	models map[string]learned
}

// learned is an exponentially weighted mean of the logarithm of reported by
// estimated: off by a half and off by twice cancel out.
type learned struct {
	log     float64
	reports int
}

// Learn takes a report: a prompt that was estimated, unscaled, at so many
// tokens had so many in truth. Reports that make no sense are ignored.
func (c *Calibration) Learn(model string, estimated, reported int) {
	if estimated < fewestTokens || reported <= 0 || reported > mostError*estimated || estimated > mostError*reported {
		return
	}
	log := math.Log(float64(reported) / float64(estimated))
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.models[model]
	known.reports = min(known.reports+1, window-1)
	step := log - known.log
	if known.reports == window-1 {
		limit := math.Log(furthest)
		step = max(-limit, min(step, limit))
	}
	known.log += step / float64(known.reports+1)
	if c.models == nil {
		c.models = make(map[string]learned)
	}
	c.models[model] = known
}

// Scale corrects an estimate by what was learned of the model.
func (c *Calibration) Scale(model string, estimated int) int {
	c.mu.RLock()
	known, ok := c.models[model]
	c.mu.RUnlock()
	if !ok {
		return estimated
	}
	return int(math.Ceil(float64(estimated) * math.Exp(known.log)))
}
