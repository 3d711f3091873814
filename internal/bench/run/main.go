// Command run builds every system of the benchmark, measures them in turn
// against one fake server, and prints the medians as Markdown tables.
//
//	GOWORK=off go -C internal/bench run ./run
//
// The server is pinned to one core and each client to another. A system that
// cannot be built is left out, with the reason. All traffic is on the loopback
// interface, and the whole takes no longer than -for, builds apart.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// systems are the folders of all systems, in the order of the tables.
var systems = []string{"nethttp", "openaigo", "frontdesk", "eino", "fantasy", "langchaingo", "genkit"}

type options struct {
	folder     string
	systems    []string
	shipped    []string
	histories  []int
	modes      []string
	rounds     int
	turns      int
	limit      time.Duration
	whole      time.Duration
	serverCore string
	clientCore string
	verbose    bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o, err := parse(os.Args[1:])
	if err == nil {
		err = o.run(ctx, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func parse(arguments []string) (*options, error) {
	var o options
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	flags.StringVar(&o.folder, "folder", ".", "the folder of the benchmark's modules")
	chosen := flags.String("systems", strings.Join(systems, ","), "systems to measure, by their folders")
	shipped := flags.String("shipped", "frontdesk", "systems that keep their own HTTP client; the others get one tuned for many connections")
	histories := flags.String("histories", "2,100,1000,10000", "messages of history, even numbers")
	modes := flags.String("modes", "turn,first,stream,concurrent", "what to measure")
	flags.IntVar(&o.rounds, "rounds", 5, "processes per figure, of which the median is printed")
	flags.IntVar(&o.turns, "turns", 300, "the most turns in one process")
	flags.DurationVar(&o.limit, "limit", 600*time.Millisecond, "begin no further turn in a process after this long")
	flags.DurationVar(&o.whole, "for", 10*time.Minute, "begin no further round after this long")
	flags.StringVar(&o.serverCore, "server-core", "0", "core of the server")
	flags.StringVar(&o.clientCore, "client-core", "1", "core of the clients")
	flags.BoolVar(&o.verbose, "v", false, "print each process's result to standard error")
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	o.systems, o.shipped, o.modes = strings.Split(*chosen, ","), strings.Split(*shipped, ","), strings.Split(*modes, ",")
	for _, system := range o.systems {
		if !slices.Contains(systems, system) {
			return nil, fmt.Errorf("there is no system %q: the systems are %s", system, strings.Join(systems, ", "))
		}
	}
	for text := range strings.SplitSeq(*histories, ",") {
		history, err := strconv.Atoi(text)
		if err != nil || history < 0 || history > 100_000 || history%2 != 0 {
			return nil, fmt.Errorf("history %q is not an even number up to 100000", text)
		}
		o.histories = append(o.histories, history)
	}
	if o.rounds < 1 || o.turns < 1 {
		return nil, fmt.Errorf("there must be at least one round and one turn")
	}
	return &o, nil
}

func (o *options) run(ctx context.Context, out io.Writer) error {
	if _, err := exec.LookPath("taskset"); err != nil {
		return fmt.Errorf("the benchmark pins processes to cores: %w", err)
	}
	binaries, err := os.MkdirTemp("", "frontdesk-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(binaries)
	built, missing, err := o.build(ctx, binaries)
	if err != nil {
		return err
	}
	server, err := o.startServer(ctx, binaries)
	if err != nil {
		return err
	}
	defer server.stop()
	start := time.Now()
	results, err := o.measure(ctx, built, server)
	if err != nil {
		return err
	}
	o.report(out, results, missing, time.Since(start))
	return nil
}

// build compiles the server and the systems. missing tells why a system is
// left out.
func (o *options) build(ctx context.Context, to string) (built map[string]string, missing map[string]error, err error) {
	if err := build(ctx, o.folder, "./server", filepath.Join(to, "server")); err != nil {
		return nil, nil, fmt.Errorf("build the server: %w", err)
	}
	built, missing = make(map[string]string), make(map[string]error)
	for _, system := range o.systems {
		fmt.Fprintf(os.Stderr, "building %s\n", system)
		binary := filepath.Join(to, system)
		// A system without dependencies is a package of the benchmark's own
		// module.
		folder, target := filepath.Join(o.folder, system), "."
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err != nil {
			folder, target = o.folder, "./"+system
		}
		if err := build(ctx, folder, target, binary); err != nil {
			missing[system] = err
			continue
		}
		built[system] = binary
	}
	return built, missing, ctx.Err()
}

func build(ctx context.Context, folder, target, binary string) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "nice", "-n", "10", "go", "build", "-o", binary, target)
	command.Dir = folder
	command.Env = append(os.Environ(), "GOWORK=off")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %.500s", err, output)
	}
	return nil
}

// server is the fake server's process. It ends when its input is closed, hence
// with this process at the latest.
type server struct {
	command *exec.Cmd
	input   io.Closer
	address string
}

func (o *options) startServer(ctx context.Context, binaries string) (*server, error) {
	command := exec.CommandContext(ctx, "taskset", "-c", o.serverCore, filepath.Join(binaries, "server"))
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	address, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the server told no address: %w", err)
	}
	return &server{command, input, strings.TrimSpace(address)}, nil
}

func (s *server) stop() {
	s.input.Close()
	_ = s.command.Wait() // it has done its part
}

// requests asks the server how many requests it has had.
func (s *server) requests(ctx context.Context) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+"/requests", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}
