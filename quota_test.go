package frontdesk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
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

// bookkeeper is a ledger that keeps what it was asked for.
type bookkeeper struct {
	frontdesk.InMemoryLedger
	mu      sync.Mutex
	paid    [][]frontdesk.Account
	refused int
}

func (b *bookkeeper) Spend(ctx context.Context, accounts ...frontdesk.Account) error {
	err := b.InMemoryLedger.Spend(ctx, accounts...)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.refused++
		return err
	}
	b.paid = append(b.paid, slices.Clone(accounts))
	return nil
}

func (b *bookkeeper) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.paid)
}

// inOrder answers one request after another, and all that follow as the last.
func inOrder(answers ...http.HandlerFunc) http.HandlerFunc {
	var next atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		answers[min(int(next.Add(1)), len(answers))-1](w, r)
	}
}

// answerBusy asks for a millisecond's patience.
func answerBusy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After-Ms", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
}

// patient returns a provider for the host that tries again as often as the
// library does by itself.
func (h *host) patient() *frontdesk.OpenAICompatible {
	return &frontdesk.OpenAICompatible{BaseURL: h.URL + "/v1", APIKey: "test-key"}
}

// greeter always answers, and counts how often.
type greeter struct{ requests atomic.Int64 }

func (p *greeter) Generate(_ context.Context, request *frontdesk.Request, _ func(frontdesk.Delta)) (*frontdesk.Response, error) {
	p.requests.Add(1)
	return &frontdesk.Response{Message: frontdesk.Message{Text: "Hello!"}, Model: request.Model}, nil
}

// in makes a turn of a conversation and a customer.
func in(conversation, customer string) frontdesk.Turn {
	return frontdesk.Turn{Conversation: conversation, Customer: frontdesk.Customer{ID: customer}, Text: "Hello?"}
}

// attempt plays a turn that may fail.
func attempt(t *testing.T, agent *frontdesk.Agent, turn frontdesk.Turn, stream bool) (*frontdesk.Reply, error) {
	t.Helper()
	if !stream {
		return agent.Reply(t.Context(), turn)
	}
	seen := watch(t, agent, turn)
	return seen.reply, seen.err
}

// requireQuota checks that a turn was refused for want of requests.
func requireQuota(t *testing.T, err error) *frontdesk.QuotaError {
	t.Helper()
	require.ErrorIs(t, err, frontdesk.ErrQuota)
	var quota *frontdesk.QuotaError
	require.ErrorAs(t, err, &quota)
	return quota
}

func TestEveryAttemptCounts(t *testing.T) {
	bothWays(t, func(t *testing.T, stream bool) {
		tests := []struct {
			name     string
			answers  []http.HandlerFunc
			provider func(h *host) frontdesk.Provider
			want     int
			onWire   int
			fails    error
		}{
			{
				name:     "a host that is busy twice",
				answers:  []http.HandlerFunc{answerBusy, answerBusy, answerHello},
				provider: func(h *host) frontdesk.Provider { return h.patient() },
				want:     3, onWire: 3,
			},
			{
				name:     "a host that stays busy",
				answers:  []http.HandlerFunc{answerBusy},
				provider: func(h *host) frontdesk.Provider { return h.patient() },
				want:     3, onWire: 3, fails: frontdesk.ErrOverloaded,
			},
			{
				name:     "a host that refuses a parameter",
				answers:  []http.HandlerFunc{answer(400, "application/json", `{"error":{"message":"temperature is not supported"}}`), answerHello},
				provider: func(h *host) frontdesk.Provider { return h.patient() },
				want:     2, onWire: 2,
			},
			{
				name:    "a router whose first model is busy twice and then for good",
				answers: []http.HandlerFunc{answerBusy, answerBusy, answerBusy, answerBusy, answerHello},
				provider: func(h *host) frontdesk.Provider {
					return &frontdesk.Router{Provider: h.patient(), Models: []string{"first", "second"}}
				},
				want: 5, onWire: 5,
			},
			{
				name: "a provider that tells nothing",
				provider: func(*host) frontdesk.Provider {
					return frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
						return &frontdesk.Response{Message: frontdesk.Message{Text: "Hello!"}}, nil
					})
				},
				want: 1,
			},
			{
				name: "a provider that tells afterwards",
				provider: func(*host) frontdesk.Provider {
					return frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
						return &frontdesk.Response{Message: frontdesk.Message{Text: "Hello!"}, Requests: 3}, nil
					})
				},
				want: 3,
			},
			{
				name: "a provider that fails",
				provider: func(*host) frontdesk.Provider {
					return frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
						return nil, frontdesk.ErrAuth
					})
				},
				want: 1, fails: frontdesk.ErrAuth,
			},
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				host := newHost(t, inOrder(append(test.answers, answerBusy)[:max(len(test.answers), 1)]...))
				ledger := new(bookkeeper)
				agent := newAgent(t, frontdesk.Config{
					Provider: test.provider(host),
					Quota:    frontdesk.Quota{Ledger: ledger, Plan: frontdesk.PlanFree, PerConversation: 20, PerCustomer: 30},
				})
				reply, err := attempt(t, agent, say("Hello?"), stream)
				if test.fails != nil {
					require.ErrorIs(t, err, test.fails)
				} else {
					require.NoError(t, err)
					assert.Equal(t, "Hello!", reply.Text)
					assert.Equal(t, test.want, reply.Requests)
				}
				assert.Len(t, host.received(), test.onWire)
				require.Equal(t, test.want, ledger.count())
				for _, accounts := range ledger.paid {
					require.Len(t, accounts, 3, "one for the key, the conversation and the customer")
					for i, limit := range []int{frontdesk.PlanFree, 20, 30} {
						assert.Equal(t, limit, accounts[i].Limit)
						assert.Equal(t, 24*time.Hour, accounts[i].Period)
						assert.Equal(t, test.want, ledger.Spent(accounts[i]))
					}
				}
			})
		}
	})
}

func TestEachRequestOfATurnCounts(t *testing.T) {
	provider := frontdesktest.NewProvider(
		frontdesktest.Call("look", `{}`), frontdesktest.Say(""), frontdesktest.Say("Done."))
	ledger := new(bookkeeper)
	agent := newAgent(t, frontdesk.Config{
		Provider: provider,
		Tools:    []frontdesk.Tool{text("look", func() string { return "seen" })},
		Quota:    frontdesk.Quota{Ledger: ledger, Plan: 10},
	})
	reply := play(t, agent, say("Look"), false)
	assert.Equal(t, 3, reply.Requests)
	assert.Equal(t, 3, ledger.count())
}

// TestRequestsOutsideOfTurnsCount is about a provider with a quota of its own:
// each request counts once, whoever makes it.
func TestRequestsOutsideOfTurnsCount(t *testing.T) {
	type reason struct {
		Reason string `json:"reason"`
	}
	const json = "application/json"
	for name, test := range map[string]struct {
		answers []http.HandlerFunc
		ask     func(ctx context.Context, p *frontdesk.OpenAICompatible) error
	}{
		"embeddings": {
			[]http.HandlerFunc{answerBusy, answer(200, json, `{"data":[{"index":0,"embedding":[1,0]}]}`)},
			func(ctx context.Context, p *frontdesk.OpenAICompatible) error {
				_, err := (&frontdesk.Embeddings{Host: p}).Embed(ctx, []string{"lamp"}, frontdesk.EmbedQuery)
				return err
			},
		},
		"the list of models": {
			[]http.HandlerFunc{answerBusy, answer(200, json, `{"data":[{"id":"a"}]}`)},
			func(ctx context.Context, p *frontdesk.OpenAICompatible) error {
				_, err := p.ListModels(ctx)
				return err
			},
		},
		"Extract": {
			[]http.HandlerFunc{
				answer(200, json, `{"choices":[{"message":{"content":"{}"},"finish_reason":"stop"}]}`),
				answer(200, json, `{"choices":[{"message":{"content":"{\"reason\":\"broken\"}"},"finish_reason":"stop"}]}`),
			},
			func(ctx context.Context, p *frontdesk.OpenAICompatible) error {
				_, _, err := frontdesk.Extract[reason](ctx, p, frontdesk.Request{Messages: says("It broke.")})
				return err
			},
		},
		"Generate": {
			[]http.HandlerFunc{answerBusy, answerHello},
			func(ctx context.Context, p *frontdesk.OpenAICompatible) error {
				_, err := p.Generate(ctx, &frontdesk.Request{Messages: says("Hello?"), MaxTokens: 10}, nil)
				return err
			},
		},
		"a router": {
			[]http.HandlerFunc{answerBusy, answerHello},
			func(ctx context.Context, p *frontdesk.OpenAICompatible) error {
				_, err := (&frontdesk.Router{Provider: p}).Generate(ctx, &frontdesk.Request{Messages: says("Hello?"), MaxTokens: 10}, nil)
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ledger := new(bookkeeper)
			h := newHost(t, inOrder(test.answers...))
			provider := h.patient()
			provider.Quota = frontdesk.Quota{Ledger: ledger, Plan: 10, Key: "shop"}
			require.NoError(t, test.ask(t.Context(), provider))
			assert.Equal(t, 2, ledger.count())
			assert.Len(t, h.received(), 2)

			provider = h.patient()
			provider.Quota = frontdesk.Quota{Plan: 3, Reserve: 1}
			provider.BaseURL = newHost(t, inOrder(test.answers...)).URL + "/v1"
			require.NoError(t, test.ask(t.Context(), provider))
			err := test.ask(t.Context(), provider)
			assert.Equal(t, 2, requireQuota(t, err).Account.Limit, "the reserve is for conversations")
		})
	}
	t.Run("a turn counts once", func(t *testing.T) {
		ledger := new(bookkeeper)
		h := newHost(t, answerHello)
		provider := h.patient()
		provider.Quota = frontdesk.Quota{Ledger: ledger, Plan: 10}
		for _, p := range []frontdesk.Provider{provider, &frontdesk.Router{Provider: provider}} {
			agent := newAgent(t, frontdesk.Config{Provider: p, Quota: provider.Quota})
			play(t, agent, in("a", "x"), false)
		}
		assert.Equal(t, 2, ledger.count())
	})
	t.Run("on the account of the agents", func(t *testing.T) {
		quota := frontdesk.Quota{Ledger: new(frontdesk.InMemoryLedger), Plan: 2, Key: "shop"}
		provider := newHost(t, answerHello).patient()
		provider.Quota = quota
		agent := newAgent(t, frontdesk.Config{Provider: provider, Quota: quota})
		play(t, agent, in("a", "x"), false)
		_, err := provider.Generate(t.Context(), &frontdesk.Request{Messages: says("Hello?"), MaxTokens: 10}, nil)
		require.NoError(t, err)
		_, err = agent.Reply(t.Context(), in("a", "x"))
		requireQuota(t, err)
	})
}

// What a provider tells of afterwards was made, and is counted up to the limit.
func TestRequestsToldAfterwardsFillTheAccount(t *testing.T) {
	ledger := new(frontdesk.InMemoryLedger)
	agent := newAgent(t, frontdesk.Config{
		Provider: frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
			return &frontdesk.Response{Message: frontdesk.Message{Text: "Hello!"}, Requests: 7}, nil
		}),
		Quota: frontdesk.Quota{Ledger: ledger, Plan: 5},
	})
	assert.Equal(t, 7, play(t, agent, say("Hello?"), false).Requests, "an answer that is there is not thrown away")
	_, err := agent.Reply(t.Context(), say("And now?"))
	quota := requireQuota(t, err)
	assert.Equal(t, 5, ledger.Spent(quota.Account))
}

func TestQuotaOfEachKind(t *testing.T) {
	tests := []struct {
		name    string
		quota   frontdesk.Quota
		turns   []frontdesk.Turn
		refused []bool
		account string // what the name of the account that is used up speaks of
	}{
		{"nothing is bounded", frontdesk.Quota{}, []frontdesk.Turn{in("a", "x"), in("a", "x"), in("b", "y")}, []bool{false, false, false}, ""},
		{"the plan", frontdesk.Quota{Plan: 2}, []frontdesk.Turn{in("a", "x"), in("b", "y"), in("c", "z")}, []bool{false, false, true}, "key"},
		{"a conversation", frontdesk.Quota{PerConversation: 1}, []frontdesk.Turn{in("a", "x"), in("a", "x"), in("b", "x")}, []bool{false, true, false}, "conversation"},
		{"a customer", frontdesk.Quota{PerCustomer: 1}, []frontdesk.Turn{in("a", "x"), in("b", "x"), in("c", "y")}, []bool{false, true, false}, "customer"},
		{"anonymous customers", frontdesk.Quota{PerCustomer: 1}, []frontdesk.Turn{in("a", ""), in("b", ""), in("b", "")}, []bool{false, false, false}, ""},
		{"the tightest one", frontdesk.Quota{Plan: 9, PerConversation: 9, PerCustomer: 1}, []frontdesk.Turn{in("a", "x"), in("a", "x")}, []bool{false, true}, "customer"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				provider := new(greeter)
				agent := newAgent(t, frontdesk.Config{Provider: provider, Quota: test.quota})
				answered := 0
				for i, turn := range test.turns {
					_, err := agent.Reply(t.Context(), turn)
					if !test.refused[i] {
						require.NoError(t, err, "turn %d", i)
						answered++
						continue
					}
					quota := requireQuota(t, err)
					assert.Contains(t, quota.Account.Name, test.account)
					assert.Equal(t, 24*time.Hour, quota.Account.Period)
					assert.True(t, quota.Reset.After(time.Now()))
					assert.Equal(t, quota.Reset, quota.Reset.UTC().Truncate(24*time.Hour), "it begins anew at midnight")
					assert.Contains(t, err.Error(), quota.Account.Name)
					assert.Contains(t, err.Error(), quota.Reset.UTC().Format(time.RFC3339))
				}
				assert.EqualValues(t, answered, provider.requests.Load(), "a turn that is refused asks no model")
			})
		})
	}
}

func TestTenantsHaveAccountsOfTheirOwn(t *testing.T) {
	agent := newAgent(t, frontdesk.Config{Provider: new(greeter), Quota: frontdesk.Quota{Plan: 3, PerConversation: 1, PerCustomer: 1}})
	for _, tenant := range []string{"north", "south", ""} {
		turn := in("a", "x")
		turn.Customer.Tenant = tenant
		play(t, agent, turn, false)
	}
	turn := in("a", "x")
	turn.Customer.Tenant = "west"
	_, err := agent.Reply(t.Context(), turn)
	assert.Contains(t, requireQuota(t, err).Account.Name, "key", "the plan is one for all tenants")
}

func TestAccountsOfTenantsDoNotCollide(t *testing.T) {
	for _, quota := range []frontdesk.Quota{{PerConversation: 1}, {PerCustomer: 1}} {
		agent := newAgent(t, frontdesk.Config{Provider: new(greeter), Quota: quota})
		for _, names := range [][2]string{{"a", "b/c"}, {"a/b", "c"}, {"", "a/b/c"}, {"a b", "c"}, {"a", "b c"}, {`a" "b`, "c"}, {"a", `b" "c`}} {
			turn := in(names[1], names[1])
			turn.Customer.Tenant = names[0]
			_, err := agent.Reply(t.Context(), turn)
			assert.NoError(t, err, "tenant %q, name %q", names[0], names[1])
		}
	}
}

func TestAgentsThatShareALedger(t *testing.T) {
	ledger := new(frontdesk.InMemoryLedger)
	agent := func(key string) *frontdesk.Agent {
		return newAgent(t, frontdesk.Config{Provider: new(greeter), Quota: frontdesk.Quota{Ledger: ledger, Plan: 2, Key: key}})
	}
	first, second, elsewhere := agent("shop"), agent("shop"), agent("bank")
	play(t, first, in("a", "x"), false)
	play(t, second, in("b", "y"), false)
	_, err := first.Reply(t.Context(), in("c", "z"))
	assert.Contains(t, requireQuota(t, err).Account.Name, "shop")
	_, err = second.Reply(t.Context(), in("d", "z"))
	requireQuota(t, err)
	play(t, elsewhere, in("e", "z"), false)

	alone := newAgent(t, frontdesk.Config{Provider: new(greeter), Quota: frontdesk.Quota{Plan: 2, Key: "shop"}})
	play(t, alone, in("f", "z"), false)
}

func TestReserve(t *testing.T) {
	provider := new(greeter)
	agent := newAgent(t, frontdesk.Config{Provider: provider, Quota: frontdesk.Quota{Plan: 4, Reserve: 2}})
	play(t, agent, in("old", "x"), false)
	play(t, agent, in("old", "x"), false)

	_, err := agent.Reply(t.Context(), in("new", "y"))
	quota := requireQuota(t, err)
	assert.Equal(t, 2, quota.Account.Limit)
	play(t, agent, in("old", "x"), false)
	_, err = agent.Reply(t.Context(), in("new", "y"))
	requireQuota(t, err)
	play(t, agent, in("old", "x"), false)
	_, err = agent.Reply(t.Context(), in("old", "x"))
	assert.Equal(t, 4, requireQuota(t, err).Account.Limit)
	assert.EqualValues(t, 4, provider.requests.Load())
}

func TestReserveOfTheWholePlanStillBeginsOneConversation(t *testing.T) {
	agent := newAgent(t, frontdesk.Config{Provider: new(greeter), Quota: frontdesk.Quota{Plan: 2, Reserve: 5}})
	play(t, agent, in("a", "x"), false)
	_, err := agent.Reply(t.Context(), in("b", "y"))
	requireQuota(t, err)
	play(t, agent, in("a", "x"), false)
}

func TestQuotaBeginsAnewAtMidnight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		agent := newAgent(t, frontdesk.Config{Provider: new(greeter), Quota: frontdesk.Quota{Plan: 1}})
		time.Sleep(15*time.Hour + 30*time.Minute)
		play(t, agent, in("a", "x"), false)
		midnight := time.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)

		_, err := agent.Reply(t.Context(), in("a", "x"))
		assert.Equal(t, midnight, requireQuota(t, err).Reset.UTC())
		time.Sleep(time.Until(midnight) - time.Nanosecond)
		_, err = agent.Reply(t.Context(), in("a", "x"))
		requireQuota(t, err)
		time.Sleep(time.Nanosecond)
		play(t, agent, in("a", "x"), false)
		_, err = agent.Reply(t.Context(), in("a", "x"))
		assert.Equal(t, midnight.Add(24*time.Hour), requireQuota(t, err).Reset.UTC())
	})
}

// No turn ends with more than the account allows, whatever the host does.
func TestQuotaInTheMiddleOfRetries(t *testing.T) {
	bothWays(t, func(t *testing.T, stream bool) {
		host := newHost(t, answerBusy)
		agent := newAgent(t, frontdesk.Config{Provider: host.patient(), Quota: frontdesk.Quota{PerConversation: 2}})
		_, err := attempt(t, agent, say("Hello?"), stream)
		requireQuota(t, err)
		assert.Len(t, host.received(), 2)
		_, err = attempt(t, agent, say("Hello?"), stream)
		requireQuota(t, err)
		assert.Len(t, host.received(), 2)
	})
}

// brokenLedger cannot be reached.
type brokenLedger struct{}

func (brokenLedger) Spend(context.Context, ...frontdesk.Account) error {
	return errors.New("the ledger is down")
}

func TestLedgerThatFails(t *testing.T) {
	provider := new(greeter)
	agent := newAgent(t, frontdesk.Config{
		Provider: provider,
		Quota:    frontdesk.Quota{Ledger: brokenLedger{}, Plan: 5, AtLimit: frontdesk.HandOverAtLimit, Wait: time.Hour},
	})
	_, err := agent.Reply(t.Context(), say("Hello?"))
	require.ErrorContains(t, err, "the ledger is down")
	assert.NotErrorIs(t, err, frontdesk.ErrQuota)
	assert.Zero(t, provider.requests.Load(), "what cannot be counted is not spent")

	unbounded := newAgent(t, frontdesk.Config{Provider: provider, Quota: frontdesk.Quota{Ledger: brokenLedger{}}})
	play(t, unbounded, say("Hello?"), false)
}

func TestInMemoryLedgerIsConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, spenders, each = 100, 8, 50
		var ledger frontdesk.InMemoryLedger
		account := frontdesk.Account{Name: "key", Limit: limit, Period: 24 * time.Hour}
		var spent, refused atomic.Int64
		var group sync.WaitGroup
		for range spenders {
			group.Go(func() {
				for range each {
					switch err := ledger.Spend(t.Context(), account); {
					case err == nil:
						spent.Add(1)
					case errors.Is(err, frontdesk.ErrQuota):
						refused.Add(1)
					}
				}
			})
		}
		group.Wait()
		assert.Equal(t, limit, ledger.Spent(account))
		assert.EqualValues(t, limit, spent.Load())
		assert.EqualValues(t, spenders*each-limit, refused.Load())
	})
}

func TestInMemoryLedgerCountsOnAllAccountsOrNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ledger frontdesk.InMemoryLedger
		wide := frontdesk.Account{Name: "wide", Limit: 5, Period: 24 * time.Hour}
		narrow := frontdesk.Account{Name: "narrow", Limit: 2, Period: time.Hour}
		for range 2 {
			require.NoError(t, ledger.Spend(t.Context(), wide, narrow))
		}
		for _, accounts := range [][]frontdesk.Account{{wide, narrow}, {narrow, wide}} {
			assert.Equal(t, narrow, requireQuota(t, ledger.Spend(t.Context(), accounts...)).Account)
		}
		assert.Equal(t, 2, ledger.Spent(wide))
		assert.Equal(t, 2, ledger.Spent(narrow))

		time.Sleep(time.Hour)
		require.NoError(t, ledger.Spend(t.Context(), wide, narrow))
		assert.Equal(t, 3, ledger.Spent(wide), "its period goes on")
		assert.Equal(t, 1, ledger.Spent(narrow))

		require.NoError(t, ledger.Spend(t.Context()), "no account, no limit")
		none := frontdesk.Account{Name: "none", Period: time.Hour}
		requireQuota(t, ledger.Spend(t.Context(), wide, none))
		assert.Equal(t, 3, ledger.Spent(wide))

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		assert.ErrorIs(t, ledger.Spend(ctx, wide), context.Canceled)
		assert.Equal(t, 3, ledger.Spent(wide))
	})
}

func TestInMemoryLedgerForgetsPastPeriods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ledger frontdesk.InMemoryLedger
		account := func(i int) frontdesk.Account {
			return frontdesk.Account{Name: fmt.Sprint("customer ", i), Limit: 1, Period: time.Hour}
		}
		long := frontdesk.Account{Name: "key", Limit: 1, Period: 24 * time.Hour}
		require.NoError(t, ledger.Spend(t.Context(), long))
		for i := range 11_000 {
			require.NoError(t, ledger.Spend(t.Context(), account(i)))
		}
		requireQuota(t, ledger.Spend(t.Context(), account(0)))
		time.Sleep(time.Hour)
		require.NoError(t, ledger.Spend(t.Context(), account(11_000)))
		require.NoError(t, ledger.Spend(t.Context(), account(0)))
		requireQuota(t, ledger.Spend(t.Context(), long))
	})
}
