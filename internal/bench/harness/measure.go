package harness

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// measurement adds up what the measured turns cost.
type measurement struct {
	options *options
	client  Client
	history []Message
	result  Result

	cpu, wall time.Duration
	bytes     uint64
	allocs    uint64
	begun     bool
	profile   *os.File
}

const (
	leastTurns  = 2  // measured, however long they take
	leastWarmup = 1  // not measured, however long they take
	mostWarmup  = 50 // not measured, while there is time
	warmupLimit = 200 * time.Millisecond
)

// turns measures turns one after another. So that a history that grows stays
// about as long as it should, it opens a conversation for every few of them.
func (m *measurement) turns(ctx context.Context, reopen bool) error {
	perConversation := max(1, m.options.history/100)
	count := (m.options.turns + perConversation - 1) / perConversation
	conversations := make([]Conversation, count)
	var err error
	for i := range conversations {
		if conversations[i], err = m.open(ctx); err != nil {
			return err
		}
	}
	warm, err := m.open(ctx)
	if err != nil {
		return err
	}
	for start := time.Now(); m.result.Warmup < leastWarmup || m.result.Warmup < mostWarmup && time.Since(start) < warmupLimit; m.result.Warmup++ {
		if err := turn(ctx, warm); err != nil {
			return err
		}
	}
	deadline := time.Now().Add(m.options.limit)
	one := func(i int) error {
		m.result.Turns++
		return turn(ctx, conversations[i/perConversation])
	}
	more := func(i int) bool {
		return i < m.options.turns && (i < leastTurns || time.Now().Before(deadline))
	}
	if !reopen {
		err := m.measure(func() error {
			for i := 0; more(i); i++ {
				if err := one(i); err != nil {
					return err
				}
			}
			return nil
		})
		return errors.Join(err, m.finish())
	}
	for i := 0; more(i); i++ {
		again, ok := conversations[i/perConversation].(Reopener)
		if !ok {
			return errors.New("the system keeps no history: it has no first turn after loading")
		}
		if err := again.Reopen(); err != nil {
			return err
		}
		if err := m.measure(func() error { return one(i) }); err != nil {
			return err
		}
	}
	return m.finish()
}

func (m *measurement) open(ctx context.Context) (Conversation, error) {
	m.result.Opened++
	return m.client.Open(ctx, m.history)
}

func turn(ctx context.Context, c Conversation) error {
	text, err := c.Turn(ctx, Question, nil)
	if err != nil {
		return err
	}
	return checkAnswer(text)
}

// streams measures single streamed answers, and that their text arrives whole.
func (m *measurement) streams(ctx context.Context) error {
	var whole strings.Builder
	for i := range m.options.deltas {
		whole.WriteString(Delta(i))
	}
	expected := strings.TrimSpace(whole.String())
	var firsts []time.Duration
	stream := func() error {
		conversation, err := m.open(ctx)
		if err != nil {
			return err
		}
		return m.measureIf(m.result.Warmup >= leastWarmup, func() error {
			var firstByte, firstDelta time.Time
			var text strings.Builder
			deltas := 0
			traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
				GotFirstResponseByte: func() { firstByte = time.Now() },
			})
			_, err := conversation.Turn(traced, Question, func(delta string) {
				if deltas == 0 {
					firstDelta = time.Now()
				}
				deltas++
				text.WriteString(delta)
			})
			switch {
			case err != nil:
			case deltas < m.options.deltas*3/4: // systems may join a few
				err = fmt.Errorf("%d deltas of %d arrived", deltas, m.options.deltas)
			case text.Len() > 0 && strings.TrimSpace(text.String()) != expected:
				err = fmt.Errorf("the stream's text is not what was sent: it has %d bytes instead of %d", text.Len(), len(expected))
			}
			firsts = append(firsts, firstDelta.Sub(firstByte))
			return err
		})
	}
	for ; m.result.Warmup < leastWarmup; m.result.Warmup++ {
		if err := stream(); err != nil {
			return err
		}
	}
	firsts = nil
	deadline := time.Now().Add(m.options.limit)
	for m.result.Turns < m.options.turns && (m.result.Turns < leastTurns || time.Now().Before(deadline)) {
		if err := stream(); err != nil {
			return err
		}
		m.result.Turns++
	}
	slices.Sort(firsts)
	m.result.First = microseconds(firsts[len(firsts)/2])
	return m.finish()
}

// concurrent measures one turn in each of many conversations at once. No
// connection is open before but one.
func (m *measurement) concurrent(ctx context.Context) error {
	conversations := make([]Conversation, m.options.conversations)
	var err error
	for i := range conversations {
		if conversations[i], err = m.open(ctx); err != nil {
			return err
		}
	}
	warm, err := m.open(ctx)
	if err != nil {
		return err
	}
	m.result.Warmup++
	if err := turn(ctx, warm); err != nil {
		return err
	}
	debug.FreeOSMemory()
	// The kernel then counts the peak anew.
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return err
	}
	before, err := memoryStatus("VmRSS")
	if err != nil {
		return err
	}
	failures := make([]error, len(conversations))
	err = m.measure(func() error {
		var all sync.WaitGroup
		for i, conversation := range conversations {
			all.Go(func() { failures[i] = turn(ctx, conversation) })
		}
		all.Wait()
		return nil
	})
	if err != nil {
		return err
	}
	peak, err := memoryStatus("VmHWM")
	if err != nil {
		return err
	}
	for i, failure := range failures {
		if failure != nil {
			return fmt.Errorf("conversation %d of %d: %w", i, len(conversations), failure)
		}
	}
	m.result.Turns = len(conversations)
	m.result.RSS = float64(peak-before) / 1024
	err = m.finish()
	m.result.Wall *= float64(m.result.Turns)
	return err
}

func (m *measurement) measureIf(measured bool, f func() error) error {
	if !measured {
		return f()
	}
	return m.measure(f)
}

// measure adds what f costs. The garbage of what came before is gone first,
// and what f leaves behind is its successor's, as in a server.
func (m *measurement) measure(f func() error) error {
	if !m.begun {
		m.begun = true
		if err := m.begin(); err != nil {
			return err
		}
	}
	var memory, memoryAfter runtime.MemStats
	runtime.ReadMemStats(&memory)
	cpu, start := cpuTime(), time.Now()
	err := f()
	m.wall += time.Since(start)
	m.cpu += cpuTime() - cpu
	runtime.ReadMemStats(&memoryAfter)
	m.bytes += memoryAfter.TotalAlloc - memory.TotalAlloc
	m.allocs += memoryAfter.Mallocs - memory.Mallocs
	return err
}

func (m *measurement) begin() error {
	runtime.GC()
	if path := m.options.memProfile; path != "" {
		if err := writeAllocations(path + ".base"); err != nil {
			return err
		}
	}
	if path := m.options.cpuProfile; path != "" {
		var err error
		if m.profile, err = os.Create(path); err != nil {
			return err
		}
		return pprof.StartCPUProfile(m.profile)
	}
	return nil
}

// finish divides by the turns.
func (m *measurement) finish() error {
	n := float64(m.result.Turns)
	m.result.CPU = microseconds(m.cpu) / n
	m.result.Wall = microseconds(m.wall) / n
	m.result.Bytes = float64(m.bytes) / n
	m.result.Allocs = float64(m.allocs) / n
	if m.profile == nil {
		return nil
	}
	pprof.StopCPUProfile()
	return m.profile.Close()
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// cpuTime is what the process has used so far, in all its threads.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // only for a pointer outside of the process
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// memoryStatus reads a field of /proc/self/status in KB.
func memoryStatus(field string) (int, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			return strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no %s", field)
}
