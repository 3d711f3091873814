package tokens_test

import (
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/internal/tokens"
)

func TestCalibrationConvergesOnWhatHostsReport(t *testing.T) {
	for _, factor := range []float64{0.5, 0.8, 1, 1.3, 2.5} {
		var c tokens.Calibration
		for i := range 50 {
			estimated := 100 + 37*i
			c.Learn("m", estimated, int(float64(estimated)*factor))
		}
		assert.InEpsilon(t, 10_000*factor, c.Scale("m", 10_000), 0.05, "factor %v", factor)
	}
}

func TestCalibrationHelpsFromTheFirstReport(t *testing.T) {
	var c tokens.Calibration
	assert.Equal(t, 1000, c.Scale("m", 1000), "nothing is known yet")
	c.Learn("m", 1000, 2000)
	first := c.Scale("m", 1000)
	assert.Greater(t, first, 1300)
	assert.Less(t, first, 2000, "one report is not believed wholly")
	c.Learn("m", 1000, 2000)
	assert.Greater(t, c.Scale("m", 1000), first)
}

func TestCalibrationKeepsModelsApart(t *testing.T) {
	var c tokens.Calibration
	c.Learn("dense", 1000, 2000)
	assert.Equal(t, 1000, c.Scale("other", 1000))
}

func TestCalibrationIgnoresNonsense(t *testing.T) {
	tests := []struct {
		name                string
		estimated, reported int
	}{
		{"nothing reported", 1000, 0},
		{"a negative report", 1000, -5},
		{"what was not cached alone", 10_000, 12},
		{"an absurd report", 1000, 9_000_000},
		{"the largest number", 1000, math.MaxInt},
		{"nothing estimated", 0, 1000},
		{"a negative estimate", -3, 1000},
		{"the smallest number", math.MinInt, math.MinInt},
		{"a prompt that is mostly template", 5, 18},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var c tokens.Calibration
			c.Learn("m", test.estimated, test.reported)
			assert.Equal(t, 1000, c.Scale("m", 1000))
		})
	}
}

func TestCalibrationOneWrongReportChangesLittle(t *testing.T) {
	var c tokens.Calibration
	for range 100 {
		c.Learn("m", 1000, 1100)
	}
	for _, wrong := range []int{260, 3990} {
		before := c.Scale("m", 10_000)
		c.Learn("m", 1000, wrong)
		assert.InEpsilon(t, before, c.Scale("m", 10_000), 0.03, "after a report of %d", wrong)
	}
}

func TestCalibrationFollowsAChangedModel(t *testing.T) {
	var c tokens.Calibration
	for range 100 {
		c.Learn("m", 1000, 800)
	}
	for range 60 {
		c.Learn("m", 1000, 1500)
	}
	assert.InEpsilon(t, 1500, c.Scale("m", 1000), 0.05)
}

func TestCalibrationIsSafeForConcurrentUse(t *testing.T) {
	var c tokens.Calibration
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				c.Learn("m", 1000, 1200)
				assert.Positive(t, c.Scale("m", 1000))
			}
		})
	}
	group.Wait()
	assert.InEpsilon(t, 1200, c.Scale("m", 1000), 0.05)
}
