package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/internal/bench/harness"
)

// The systems that the others are compared with.
const (
	peer  = "openaigo"
	limit = "nethttp"
)

// report prints the tables. A cell of CPU time has its ratios to openai-go and
// to net/http behind it.
func (o *options) report(out io.Writer, r *results, missing map[string]error, took time.Duration) {
	fmt.Fprintf(out, "%s, %s, %s %s/%s, medians of %d rounds, %v\n", time.Now().Format(time.DateOnly), processor(), runtime.Version(), runtime.GOOS, runtime.GOARCH, r.rounds, took.Round(time.Second))
	if slices.Contains(o.modes, harness.ModeTurn) {
		fmt.Fprint(out, "\nA turn of 3 requests and 2 tool calls, CPU µs (x openai-go, x net/http):\n\n")
		o.turnTable(out, r, cpu)
		fmt.Fprint(out, "\nThe same, allocations and KB allocated:\n\n")
		o.turnTable(out, r, memory)
	}
	if slices.Contains(o.modes, harness.ModeStream) || slices.Contains(o.modes, harness.ModeConcurrent) {
		fmt.Fprint(out, "\nOne answer of 2,000 streamed deltas; 1,000 conversations at once with a model that takes 200 ms:\n\n")
		o.otherTable(out, r)
	}
	for _, system := range o.systems {
		if err := missing[system]; err != nil {
			fmt.Fprintf(out, "\n%s was left out because it does not build: %v\n", system, err)
		}
	}
}

type row struct {
	title  string
	system string
	mode   string
}

func (o *options) rows(mode string) []row {
	var rows []row
	for _, system := range o.systems {
		rows = append(rows, row{system, system, mode})
		if mode == harness.ModeTurn && system == "frontdesk" && slices.Contains(o.modes, harness.ModeFirst) {
			rows = append(rows, row{"frontdesk, first turn after loading", system, harness.ModeFirst})
		}
	}
	return rows
}

func (o *options) turnTable(out io.Writer, r *results, cell func(*results, figure) string) {
	heads := []string{"messages of history"}
	for _, history := range o.histories {
		heads = append(heads, grouped(float64(history)))
	}
	printRow(out, heads)
	printRow(out, slices.Repeat([]string{"---"}, len(heads)))
	for _, row := range o.rows(harness.ModeTurn) {
		cells := []string{row.title}
		for _, history := range o.histories {
			cells = append(cells, cell(r, figure{row.system, row.mode, history}))
		}
		printRow(out, cells)
	}
}

func (o *options) otherTable(out io.Writer, r *results) {
	heads := []string{"", "deltas: CPU ms (x openai-go, x net/http)", "allocations", "first byte to first delta, ms", "at once: CPU ms each (x openai-go, x net/http)", "growth of RSS, MB", "wall, s"}
	printRow(out, heads)
	printRow(out, slices.Repeat([]string{"---"}, len(heads)))
	for _, system := range o.systems {
		stream, concurrent := figure{system, harness.ModeStream, 2}, figure{system, harness.ModeConcurrent, 2}
		value := func(f figure, format string, of func(*harness.Result) float64) string {
			v, ok := r.median(f, of)
			if !ok {
				return failure(r, f)
			}
			return fmt.Sprintf(format, v)
		}
		milliseconds := func(f figure) string {
			return value(f, "%.2f", func(r *harness.Result) float64 { return r.CPU / 1000 }) + ratios(r, f)
		}
		printRow(out, []string{
			system,
			milliseconds(stream),
			value(stream, "%.0f", func(r *harness.Result) float64 { return r.Allocs }),
			value(stream, "%.2f", func(r *harness.Result) float64 { return r.First / 1000 }),
			milliseconds(concurrent),
			value(concurrent, "%.0f", func(r *harness.Result) float64 { return r.RSS }),
			value(concurrent, "%.2f", func(r *harness.Result) float64 { return r.Wall / 1e6 }),
		})
	}
}

func cpu(r *results, f figure) string {
	v, ok := r.median(f, func(r *harness.Result) float64 { return r.CPU })
	if !ok {
		return failure(r, f)
	}
	return grouped(v) + ratios(r, f)
}

func memory(r *results, f figure) string {
	allocs, ok := r.median(f, func(r *harness.Result) float64 { return r.Allocs })
	bytes, _ := r.median(f, func(r *harness.Result) float64 { return r.Bytes })
	if !ok {
		return failure(r, f)
	}
	return grouped(allocs) + " / " + grouped(bytes/1024)
}

func failure(r *results, f figure) string {
	if r.failures[f] != nil {
		return "failed"
	}
	return "-"
}

// ratios compares the CPU time of a figure with the same of the two systems
// that all are compared with.
func ratios(r *results, f figure) string {
	if len(r.all[f]) == 0 {
		return ""
	}
	mode := f.mode
	if mode == harness.ModeFirst {
		mode = harness.ModeTurn
	}
	var parts []string
	for _, other := range []string{peer, limit} {
		if ratio, ok := r.ratio(f, figure{other, mode, f.history}); ok {
			parts = append(parts, strconv.FormatFloat(ratio, 'f', 2, 64))
		} else {
			parts = append(parts, "-")
		}
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func printRow(out io.Writer, cells []string) {
	fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
}

// grouped prints a whole number with a comma between thousands.
func grouped(v float64) string {
	text := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// processor names the machine.
func processor() string {
	name := "unknown processor"
	info, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(info)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				name = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores", name, runtime.NumCPU())
}
