// Package harness measures one system of the benchmark in a process of its own.
//
// Each system's program implements [Client] and calls [Main]. What is measured
// is the same for all of them: the CPU time of the process by getrusage, the
// garbage collector included, what it allocates, and how long it takes.
package harness

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"
)

// Client is a system under test.
type Client interface {
	// Open prepares a conversation with the given history. It is not measured.
	// A system that keeps the history itself may take one turn of it to the
	// server.
	Open(ctx context.Context, history []Message) (Conversation, error)
}

// Conversation is one conversation of a customer with the system.
type Conversation interface {
	// Turn has the system answer the customer's text, running the tools that
	// the model calls, and returns the final text. If delta is not nil, the
	// answer is streamed, and delta gets each piece of it.
	//
	// A system that is given the history anew each time starts each turn from
	// the one of Open. The history of a system that keeps it itself grows.
	Turn(ctx context.Context, text string, delta func(string)) (string, error)
}

// Reopener is a conversation that can be taken up as after a restart: with
// nothing known of it but what is stored.
type Reopener interface {
	Reopen() error
}

// Host is where a system finds the model.
type Host struct {
	BaseURL string // the address before "/chat/completions"
	APIKey  string

	// HTTP is the HTTP client to use, tuned for many connections to one host.
	// Nil means whatever the system ships.
	HTTP *http.Client
}

// Modes of a measurement.
const (
	ModeTurn       = "turn"       // turns one after another
	ModeFirst      = "first"      // the first turn after loading, of a Reopener
	ModeStream     = "stream"     // one streamed answer of many deltas
	ModeConcurrent = "concurrent" // a turn in many conversations at once
)

// Result is what one process measured, printed as one line of JSON.
type Result struct {
	System  string  `json:"system"`
	Mode    string  `json:"mode"`
	History int     `json:"history"`
	Turns   int     `json:"turns"`    // how many were measured
	Warmup  int     `json:"warmup"`   // how many were not, in the same process
	Opened  int     `json:"opened"`   // conversations that were opened
	CPU     float64 `json:"cpu_us"`   // user and system, µs per turn
	Wall    float64 `json:"wall_us"`  // µs per turn; of all turns together in ModeConcurrent
	Bytes   float64 `json:"bytes"`    // allocated per turn
	Allocs  float64 `json:"allocs"`   // allocations per turn
	First   float64 `json:"first_us"` // first byte of the answer to first delta, µs, median
	RSS     float64 `json:"rss_mb"`   // growth of the resident set at its peak, MB
}

type options struct {
	mode          string
	history       int
	turns         int
	limit         time.Duration
	conversations int
	deltas        int
	server        string
	shipped       bool
	cpuProfile    string
	memProfile    string
}

// Main measures a system as the command line says, prints the [Result], and
// ends the process with status 1 if anything was not as it should be.
func Main(name string, open func(Host) (Client, error)) {
	var o options
	flag.StringVar(&o.mode, "mode", ModeTurn, "what to measure: turn, first, stream or concurrent")
	flag.IntVar(&o.history, "history", 2, "messages of history, an even number")
	flag.IntVar(&o.turns, "turns", 100, "the most turns to measure")
	flag.DurationVar(&o.limit, "limit", time.Second, "stop measuring turns after this long")
	flag.IntVar(&o.conversations, "conversations", 1000, "conversations at once")
	flag.IntVar(&o.deltas, "deltas", 2000, "deltas of the streamed answer")
	flag.StringVar(&o.server, "server", "", "address of the fake server, such as 127.0.0.1:4010")
	flag.BoolVar(&o.shipped, "shipped", false, "use the system's own HTTP client")
	flag.StringVar(&o.cpuProfile, "cpuprofile", "", "write a CPU profile of the measured turns to this file")
	flag.StringVar(&o.memProfile, "memprofile", "", "write an allocation profile to this file, and that of before the measured turns beside it as .base")
	flag.Parse()
	result, err := o.run(name, open)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

func (o *options) run(name string, open func(Host) (Client, error)) (*Result, error) {
	if o.history < 0 || o.history%2 != 0 || o.turns < 1 || o.conversations < 1 || o.deltas < 1 {
		return nil, fmt.Errorf("bad options: the history must be even, and all counts at least 1")
	}
	host := Host{BaseURL: "http://" + o.server, APIKey: "bench"}
	switch o.mode {
	case ModeStream:
		host.BaseURL += fmt.Sprintf("/deltas/%d", o.deltas)
	case ModeConcurrent:
		host.BaseURL += "/think/200"
	}
	host.BaseURL += "/v1"
	if !o.shipped {
		host.HTTP = &http.Client{Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			MaxIdleConnsPerHost: 4096,
		}}
	}
	if o.memProfile != "" {
		runtime.MemProfileRate = 512 // before anything worth seeing is allocated
	}
	client, err := open(host)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	m := &measurement{options: o, client: client, history: History(o.history)}
	switch o.mode {
	case ModeTurn:
		err = m.turns(ctx, false)
	case ModeFirst:
		err = m.turns(ctx, true)
	case ModeStream:
		err = m.streams(ctx)
	case ModeConcurrent:
		err = m.concurrent(ctx)
	default:
		err = fmt.Errorf("there is no mode %q", o.mode)
	}
	if err != nil {
		return nil, err
	}
	if o.memProfile != "" {
		if err := writeAllocations(o.memProfile); err != nil {
			return nil, err
		}
	}
	m.result.System, m.result.Mode, m.result.History = name, o.mode, o.history
	return &m.result, nil
}

func writeAllocations(path string) error {
	runtime.GC() // without which the newest allocations are not in it
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.Lookup("allocs").WriteTo(file, 0); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

// checkAnswer makes sure that the system went all the way: the server says
// this only after the results of both tools.
func checkAnswer(text string) error {
	if !strings.Contains(text, "RF-20418") {
		return fmt.Errorf("the turn ended with %.80q instead of the final answer", text)
	}
	return nil
}
