package frontdesk_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// payment is what the tools of these tests are given.
type payment struct {
	Order  string `json:"order" jsonschema:"pattern=^ORD-[0-9]+$"`
	Amount int    `json:"amount" jsonschema:"minimum=1"`
	Method string `json:"method" jsonschema:"enum=card,enum=bank"`
}

const goodPayment = `{"order":"ORD-1","amount":5,"method":"card"}`

func TestCallsThatGoWrong(t *testing.T) {
	declined := errors.New("the bank declined: ask for another card")
	waitForContext := func(ctx context.Context, _ payment) (string, error) {
		<-ctx.Done()
		return "", fmt.Errorf("bank: %w", ctx.Err())
	}
	tests := []struct {
		name      string
		call      string // name of the tool called, "pay" if empty
		arguments string // a good payment if empty
		handle    func(context.Context, payment) (string, error)

		write, read  frontdesk.ToolStatus // by the tool's effect
		says         []string
		onlyForWrite string
		err          func(t *testing.T, err error)
		notStarted   bool
	}{
		{
			name:   "error",
			handle: func(context.Context, payment) (string, error) { return "ignored", declined },
			write:  frontdesk.ToolFailed, read: frontdesk.ToolFailed,
			says: []string{"Error: the bank declined: ask for another card"},
			err:  func(t *testing.T, err error) { assert.ErrorIs(t, err, declined) },
		},
		{
			name:   "panic",
			handle: func(context.Context, payment) (string, error) { panic("secret: nil pointer") },
			write:  frontdesk.ToolUnknown, read: frontdesk.ToolFailed,
			says: []string{"internal error"}, onlyForWrite: "may or may not have taken effect",
			err: func(t *testing.T, err error) {
				var panicked *frontdesk.PanicError
				require.ErrorAs(t, err, &panicked)
				assert.Equal(t, "secret: nil pointer", panicked.Value)
				assert.Contains(t, string(panicked.Stack), "calls_test.go")
			},
		},
		{
			name: "goexit",
			handle: func(context.Context, payment) (string, error) {
				runtime.Goexit()
				return "", nil
			},
			write: frontdesk.ToolUnknown, read: frontdesk.ToolFailed,
			says: []string{"internal error"}, onlyForWrite: "may or may not have taken effect",
			err: func(t *testing.T, err error) {
				var panicked *frontdesk.PanicError
				assert.ErrorAs(t, err, &panicked)
			},
		},
		{
			name:   "timeout that the handler obeys",
			handle: waitForContext,
			write:  frontdesk.ToolUnknown, read: frontdesk.ToolFailed,
			says: []string{"no answer within 30s"}, onlyForWrite: "may or may not have taken effect",
			err: func(t *testing.T, err error) { assert.Error(t, err) },
		},
		{
			name:  "timeout that the handler ignores",
			write: frontdesk.ToolUnknown, read: frontdesk.ToolFailed, // handle is nil: it hangs
			says: []string{"no answer within 30s"}, onlyForWrite: "may or may not have taken effect",
			err: func(t *testing.T, err error) { assert.Error(t, err) },
		},
		{
			name: "unknown tool", call: "payy",
			write: frontdesk.ToolNotRun, read: frontdesk.ToolNotRun, notStarted: true,
			says: []string{`there is no tool "payy"`, "The tools are: pay."},
		},
		{
			name: "invalid arguments", arguments: `{"order":"9281","amount":0}`,
			write: frontdesk.ToolNotRun, read: frontdesk.ToolNotRun, notStarted: true,
			says: []string{"Invalid arguments for pay", "- order", "- amount", "- method"},
		},
		{
			name: "broken JSON", arguments: `order ORD-1, five euros`,
			write: frontdesk.ToolNotRun, read: frontdesk.ToolNotRun, notStarted: true,
			says: []string{"Invalid arguments for pay"},
		},
		{
			name: "arguments that are no object", arguments: `[1, 2]`,
			write: frontdesk.ToolNotRun, read: frontdesk.ToolNotRun, notStarted: true,
			says: []string{"Invalid arguments for pay"},
		},
	}
	for _, test := range tests {
		for effect, status := range map[string]frontdesk.ToolStatus{"write": test.write, "read": test.read} {
			t.Run(test.name+"/"+effect, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					release := make(chan struct{})
					defer close(release)
					var ran atomic.Bool
					tool := frontdesk.NewTool("pay", "Pay", func(ctx context.Context, in payment) (string, error) {
						ran.Store(true)
						if test.handle == nil {
							<-release
							return "too late", nil
						}
						return test.handle(ctx, in)
					}).Trusted().WithoutAuthorize("order")
					if effect == "read" {
						tool.ReadOnly()
					}
					name, arguments := test.call, test.arguments
					if name == "" {
						name = "pay"
					}
					if arguments == "" {
						arguments = goodPayment
					}
					provider := frontdesktest.NewProvider(frontdesktest.Call(name, arguments), frontdesktest.Say("Sorry."))
					agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{tool}})

					s := watch(t, agent, say("Pay for ORD-1"))

					require.NoError(t, s.err)
					assert.Equal(t, "Sorry.", s.reply.Text)
					require.Len(t, s.reply.Results, 1)
					result := s.reply.Results[0]
					assert.Equal(t, status, result.Status)
					assert.Equal(t, name, result.Call.Name)
					for _, says := range test.says {
						assert.Contains(t, result.Content, says)
					}
					if test.onlyForWrite != "" {
						assert.Equal(t, effect == "write", strings.Contains(result.Content, test.onlyForWrite))
					}
					assert.NotContains(t, result.Content, "secret")
					if test.err != nil {
						test.err(t, result.Err)
					}
					assert.Equal(t, !test.notStarted, ran.Load())

					// The model and the caller learn the same.
					last := provider.Requests()[1].Messages[2]
					assert.Equal(t, frontdesk.Message{Role: frontdesk.RoleTool, CallID: result.Call.ID, Text: result.Content}, last)
					want := []string{"started: " + name, "finished: " + name + " " + string(status), "text: Sorry.", "done: answered"}
					if test.notStarted {
						want = want[1:]
					}
					assert.Equal(t, want, s.kinds())
					for _, event := range s.events {
						if finished, ok := event.(frontdesk.ToolFinished); ok {
							assert.Equal(t, result, finished.Result)
						}
					}
				})
			})
		}
	}
}

func TestTimeouts(t *testing.T) {
	hang := func(ctx context.Context, _ struct{}) (string, error) {
		<-ctx.Done()
		return "", ctx.Err()
	}
	tests := []struct {
		name   string
		tool   frontdesk.Tool
		limits frontdesk.Limits
		want   time.Duration
	}{
		{"default", frontdesk.NewTool("wait", "Wait", hang).Trusted(), frontdesk.Limits{}, 30 * time.Second},
		{"the agent's", frontdesk.NewTool("wait", "Wait", hang).Trusted(), frontdesk.Limits{ToolTimeout: 5 * time.Second}, 5 * time.Second},
		{"the tool's own", frontdesk.NewTool("wait", "Wait", hang).Trusted().Timeout(time.Minute).ReadOnly(), frontdesk.Limits{ToolTimeout: 5 * time.Second}, time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				provider := frontdesktest.NewProvider(frontdesktest.Call("wait", `{}`), frontdesktest.Say("It takes too long."))
				agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{test.tool}, Limits: test.limits})
				start := time.Now()
				reply := play(t, agent, say("Wait"), false)
				assert.Equal(t, test.want, time.Since(start))
				assert.Contains(t, reply.Results[0].Content, "no answer within "+test.want.String())
			})
		})
	}
}

func TestFatal(t *testing.T) {
	require.NoError(t, frontdesk.Fatal(nil))
	revoked := errors.New("session revoked")
	for _, effect := range []string{"write", "read"} {
		t.Run(effect, func(t *testing.T) {
			ran := 0
			pay := frontdesk.NewTool("pay", "Pay", func(context.Context, struct{}) (string, error) {
				if ran++; ran == 1 {
					return "", fmt.Errorf("pay: %w", frontdesk.Fatal(revoked))
				}
				return "paid", nil
			}).Trusted()
			if effect == "read" {
				pay.ReadOnly()
			}
			provider := frontdesktest.NewProvider(
				frontdesktest.Call("pay", `{}`),
				frontdesktest.Say("Welcome back."),
			)
			agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{pay}})

			s := watch(t, agent, say("Pay"))
			require.ErrorIs(t, s.err, revoked)
			require.ErrorContains(t, s.err, "pay")
			assert.Len(t, provider.Requests(), 1, "the model was asked after a fatal error")
			assert.Equal(t, []string{"started: pay", "finished: pay failed"}, s.kinds())

			assert.Equal(t, "Welcome back.", play(t, agent, say("I logged in again"), false).Text)
			for _, line := range sent(t, provider, 1) {
				assert.NotContains(t, line, "session revoked", "the model read the fatal error")
			}
		})
	}
}

func TestFatalKeepsTheResultsOfCallsBesideIt(t *testing.T) {
	revoked := errors.New("session revoked")
	tools := []frontdesk.Tool{
		text("look", func() string { return "seen" }),
		frontdesk.NewTool("check", "Check", func(context.Context, struct{}) (string, error) { return "", frontdesk.Fatal(revoked) }).Trusted().ReadOnly(),
		frontdesk.NewTool("pay", "Pay", func(context.Context, struct{}) (string, error) { return "paid", nil }).Trusted(),
	}
	provider := frontdesktest.NewProvider(
		frontdesktest.Call("check", `{}`).And(frontdesktest.Call("look", `{}`)).And(frontdesktest.Call("pay", `{}`)),
		frontdesktest.Say("Welcome back."),
	)
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: tools})
	s := watch(t, agent, say("Pay"))
	require.ErrorIs(t, s.err, revoked)
	assert.Equal(t, []string{"started: check", "started: look", "finished: check failed", "finished: look done"}, s.kinds())

	play(t, agent, say("Again"), false)
	lines := sent(t, provider, 1)
	require.Len(t, lines, 6)
	assert.Equal(t, "tool: seen", lines[3])
	assert.Contains(t, lines[4], "not run")
}

// gate lets tools run in the order that a test wants.
type gate struct {
	mu      sync.Mutex
	started []string
	running int
	most    int
}

func (g *gate) enter(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.started = append(g.started, name)
	g.running++
	g.most = max(g.most, g.running)
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
}

type numbered struct {
	N int `json:"n"`
}

// numberedCalls is an answer that calls tools with the numbers 0, 1, 2 and so on.
func numberedCalls(names ...string) frontdesktest.Answer {
	var answer frontdesktest.Answer
	for i, name := range names {
		answer = answer.And(frontdesktest.Call(name, numbered{i}))
	}
	return answer
}

func TestReadOnlyCallsRunTogether(t *testing.T) {
	for _, limit := range []int{0, 1, 3} {
		t.Run(fmt.Sprintf("limit %d", limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const calls = 20
				g := new(gate)
				look := frontdesk.NewTool("look", "Look", func(_ context.Context, in numbered) (string, error) {
					g.enter("look")
					defer g.leave()
					time.Sleep(time.Duration(calls-in.N) * time.Second) // those called last finish first
					return fmt.Sprint("seen ", in.N), nil
				}).Trusted().ReadOnly().Timeout(time.Hour)
				names := make([]string, calls)
				for i := range names {
					names[i] = "look"
				}
				provider := frontdesktest.NewProvider(numberedCalls(names...), frontdesktest.Say("Done."))
				agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{look}, Limits: frontdesk.Limits{ParallelTools: limit}})

				s := watch(t, agent, say("Look"))

				require.NoError(t, s.err)
				want := limit
				if limit == 0 {
					want = 8
				}
				assert.Equal(t, want, g.most, "tools at the same time")
				require.Len(t, s.reply.Results, calls)
				for i, result := range s.reply.Results {
					assert.Equal(t, fmt.Sprint("seen ", i), result.Content)
					message := provider.Requests()[1].Messages[2+i]
					assert.Equal(t, result.Call.ID, message.CallID)
					assert.Equal(t, result.Content, message.Text)
				}
				finished := 0
				for _, event := range s.events {
					if event, ok := event.(frontdesk.ToolFinished); ok {
						assert.Equal(t, fmt.Sprint("seen ", finished), event.Result.Content)
						finished++
					}
				}
				assert.Equal(t, calls, finished)
			})
		})
	}
}

func TestWritesRunOneAfterAnotherInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := new(gate)
		tool := func(name string) *frontdesk.TypedTool[numbered, string] {
			return frontdesk.NewTool(name, name, func(_ context.Context, in numbered) (string, error) {
				label := fmt.Sprint(name, in.N)
				g.enter(label)
				defer g.leave()
				time.Sleep(time.Second)
				return label, nil
			}).Trusted()
		}
		order := []string{"read", "read", "write", "write", "read", "again", "read"}
		provider := frontdesktest.NewProvider(numberedCalls(order...), frontdesktest.Say("Done."))
		agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{
			tool("read").ReadOnly(), tool("write"), tool("again").Idempotent(0),
		}})

		start := time.Now()
		reply := play(t, agent, say("Go"), true)

		assert.Equal(t, 6*time.Second, time.Since(start), "two reads at once, and five calls that wait for those before them")
		assert.Equal(t, 2, g.most)
		assert.ElementsMatch(t, []string{"read0", "read1"}, g.started[:2])
		assert.Equal(t, []string{"write2", "write3", "read4", "again5", "read6"}, g.started[2:])
		var contents []string
		for _, result := range reply.Results {
			contents = append(contents, result.Content)
		}
		assert.Equal(t, []string{"read0", "read1", "write2", "write3", "read4", "again5", "read6"}, contents)
	})
}

func TestABadCallDoesNotStopThoseBesideIt(t *testing.T) {
	var wrote atomic.Int32
	look := frontdesk.NewTool("look", "Look", func(_ context.Context, in numbered) (string, error) { return fmt.Sprint("seen ", in.N), nil }).Trusted().ReadOnly()
	write := frontdesk.NewTool("write", "Write", func(_ context.Context, in numbered) (string, error) {
		wrote.Add(1)
		return fmt.Sprint("wrote ", in.N), nil
	}).Trusted()
	answer := frontdesktest.Call("look", numbered{0}).
		And(frontdesktest.Call("look", `{"n":"many"}`)).
		And(frontdesktest.Call("nothing", `{}`)).
		And(frontdesktest.Call("write", `{}`)).
		And(frontdesktest.Call("write", numbered{4})).
		And(frontdesktest.Call("look", numbered{5}))
	provider := frontdesktest.NewProvider(answer, frontdesktest.Say("Done."))
	agent := newAgent(t, frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{look, write}})

	reply := play(t, agent, say("Go"), false)

	var statuses []frontdesk.ToolStatus
	for _, result := range reply.Results {
		statuses = append(statuses, result.Status)
	}
	done, not := frontdesk.ToolDone, frontdesk.ToolNotRun
	assert.Equal(t, []frontdesk.ToolStatus{done, not, not, not, done, done}, statuses)
	assert.EqualValues(t, 1, wrote.Load())
}
