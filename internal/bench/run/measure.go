package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"github.com/frontdesk-go/frontdesk/internal/bench/harness"
)

// figure is what one process measures.
type figure struct {
	system  string
	mode    string
	history int
}

// results are the results of all processes, and why a figure has none.
type results struct {
	all      map[figure][]harness.Result
	failures map[figure]error
	rounds   int
}

// figures lists what is to be measured in each round.
func (o *options) figures(built map[string]string) []figure {
	var figures []figure
	for _, mode := range o.modes {
		histories := o.histories
		if mode == harness.ModeStream || mode == harness.ModeConcurrent {
			histories = []int{2}
		}
		for _, history := range histories {
			for _, system := range o.systems {
				if built[system] != "" && (mode != harness.ModeFirst || system == "frontdesk") {
					figures = append(figures, figure{system, mode, history})
				}
			}
		}
	}
	return figures
}

// measure runs all processes, round by round, so that whatever else the
// machine does falls on all systems alike. A figure that fails is not tried
// again.
func (o *options) measure(ctx context.Context, built map[string]string, server *server) (*results, error) {
	r := &results{all: make(map[figure][]harness.Result), failures: make(map[figure]error)}
	start := time.Now()
	for r.rounds < o.rounds && (r.rounds == 0 || time.Since(start) < o.whole) {
		r.rounds++
		fmt.Fprintf(os.Stderr, "round %d of %d\n", r.rounds, o.rounds)
		for _, f := range o.figures(built) {
			if r.failures[f] != nil {
				continue
			}
			result, err := o.one(ctx, f, built[f.system], server)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s, %s, %d messages: %v\n", f.system, f.mode, f.history, err)
				r.failures[f] = err
				continue
			}
			r.all[f] = append(r.all[f], *result)
		}
	}
	return r, nil
}

// one runs one process.
func (o *options) one(ctx context.Context, f figure, binary string, server *server) (*harness.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	before, err := server.requests(ctx)
	if err != nil {
		return nil, err
	}
	arguments := []string{
		"-c", o.clientCore, binary, "-server", server.address, "-mode", f.mode, "-history", strconv.Itoa(f.history),
		"-turns", strconv.Itoa(o.turns), "-limit", o.limit.String(),
		"-shipped=" + strconv.FormatBool(slices.Contains(o.shipped, f.system)),
	}
	command := exec.CommandContext(ctx, "taskset", arguments...)
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%w: %.500s", err, complaints.Bytes())
	}
	if o.verbose {
		fmt.Fprint(os.Stderr, output.String())
	}
	var result harness.Result
	if err := json.Unmarshal(output.Bytes(), &result); err != nil {
		return nil, err
	}
	after, err := server.requests(ctx)
	if err != nil {
		return nil, err
	}
	return &result, check(f, &result, after-before)
}

// check makes sure that a system sent no more and no fewer requests than a
// turn takes. Beside the turns, one of each history may have been sent.
func check(f figure, result *harness.Result, requests int) error {
	perTurn := 3
	if f.mode == harness.ModeStream {
		perTurn = 1
	}
	turns := result.Turns + result.Warmup
	if requests != perTurn*turns && requests != perTurn*turns+3*result.Opened {
		return fmt.Errorf("%d turns in %d conversations took %d requests", turns, result.Opened, requests)
	}
	return nil
}

// median returns the median of one value over the rounds.
func (r *results) median(f figure, value func(*harness.Result) float64) (float64, bool) {
	values := make([]float64, len(r.all[f]))
	for i := range values {
		values[i] = value(&r.all[f][i])
	}
	return median(values)
}

// ratio returns how many times the CPU time of other that of f is: the median
// of the ratios within each round, where both ran shortly after one another.
func (r *results) ratio(f, other figure) (float64, bool) {
	values := make([]float64, min(len(r.all[f]), len(r.all[other])))
	for i := range values {
		values[i] = r.all[f][i].CPU / r.all[other][i].CPU
	}
	return median(values)
}

func median(values []float64) (float64, bool) {
	if len(values) == 0 {
		return 0, false
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 0 {
		return (values[middle-1] + values[middle]) / 2, true
	}
	return values[middle], true
}
