// Command retrieval builds the systems that search, runs them on the same data
// one after another, and prints their results as Markdown tables.
//
//	GOWORK=off go -C internal/bench run ./retrieval
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/internal/bench/corpus"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	texts := flag.String("texts", "../../../shared/retrieval", "folder of banking77 and the policies")
	vectors := flag.String("vectors", strings.Join(corpus.Distributions, ","), "distributions of vectors")
	n := flag.Int("n", 100_000, "vectors and passages")
	flag.Parse()
	if err := run(ctx, os.Stdout, *texts, *vectors, *n); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, texts, vectors string, n int) error {
	folder, err := os.MkdirTemp("", "frontdesk-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	for _, system := range []string{"index", "chromem", "bleve"} {
		command := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(folder, system), ".")
		command.Dir, command.Env = system, append(os.Environ(), "GOWORK=off")
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w: %.500s", system, err, output)
		}
	}
	measure := func(title, peer string, arguments ...string) error {
		fmt.Fprintf(out, "\n%s:\n\n", title)
		fmt.Fprintln(out, "| system | p50, ms | p99, ms | faster than "+peer+" | searches/s | recall@10 | first hit, vote of ten | GB/s of | bytes each | build, s |")
		fmt.Fprintln(out, "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
		var reference time.Duration
		for _, system := range []string{peer, "index"} {
			results, err := ask(ctx, system, filepath.Join(folder, system), append([]string{"-n", fmt.Sprint(n)}, arguments...)...)
			if err != nil {
				return fmt.Errorf("%s: %w", system, err)
			}
			for _, r := range results {
				if reference == 0 {
					reference = r.P50
				}
				fmt.Fprintln(out, row(r, reference))
			}
		}
		return nil
	}
	for distribution := range strings.SplitSeq(vectors, ",") {
		if distribution == "" {
			continue
		}
		if err := measure(fmt.Sprintf("%d vectors of 1,024 dimensions, %s", n, distribution), "chromem", "-vectors", distribution); err != nil {
			return err
		}
	}
	texts, err = filepath.Abs(texts)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(texts, "policies.jsonl")); errors.Is(err, os.ErrNotExist) {
		fmt.Fprintf(out, "\nNo texts: %s is not there. Name their folder by -texts.\n", texts)
		return nil
	}
	for _, task := range []struct {
		title     string
		arguments []string
	}{
		{fmt.Sprintf("%d passages by words", n), nil},
		{"10,003 known questions by words", []string{"-n", "10003"}},
		{"698 policies by words, conversations asked (right first, right among five)", []string{"-policies"}},
	} {
		if err := measure(task.title, "bleve", append([]string{"-texts", texts}, task.arguments...)...); err != nil {
			return err
		}
	}
	return nil
}

// ask runs a system's program.
func ask(ctx context.Context, folder, binary string, arguments ...string) ([]corpus.Result, error) {
	command := exec.CommandContext(ctx, binary, arguments...)
	command.Dir = folder
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, err
	}
	var results []corpus.Result
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var r corpus.Result
		if err := decoder.Decode(&r); err == io.EOF {
			return results, nil
		} else if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
}

func row(r corpus.Result, reference time.Duration) string {
	show := func(format string, values ...float64) string {
		list := make([]any, len(values))
		for i, v := range values {
			if v == 0 {
				return ""
			}
			list[i] = v
		}
		return fmt.Sprintf(format, list...)
	}
	return "| " + strings.Join([]string{
		r.System,
		show("%.2f", float64(r.P50.Microseconds())/1000),
		show("%.2f", float64(r.P99.Microseconds())/1000),
		show("%.1fx", float64(reference)/float64(r.P50)),
		show("%.0f", r.Rate),
		show("%.3f", r.Recall),
		show("%.1f %%, %.1f %%", 100*r.First, 100*r.Vote),
		show("%.1f of %.1f", r.Scanned, r.Memory),
		show("%.0f", r.Bytes),
		show("%.1f", r.Build.Seconds()),
	}, " | ") + " |"
}
