package frontdesk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

func TestFailAtLimit(t *testing.T) {
	for _, stream := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			memory := new(frontdesk.InMemory)
			provider := frontdesktest.NewProvider(frontdesktest.Say("Hello!"), frontdesktest.Say("Yes, we do."))
			agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory, Quota: frontdesk.Quota{Plan: 1}})
			play(t, agent, say("Hello?"), stream)

			turn := identified("Do you ship to Chile?", "m-2")
			for range 2 {
				reply, err := attempt(t, agent, turn, stream)
				requireQuota(t, err)
				assert.Nil(t, reply)
			}
			texts, _ := customerMessages(t, load(t, memory))
			assert.Equal(t, []string{"Hello?", "Do you ship to Chile?"}, texts)

			time.Sleep(24 * time.Hour)
			assert.Equal(t, "Yes, we do.", play(t, agent, turn, stream).Text)
			assert.Equal(t, []string{"user: Hello?", "assistant: Hello!", "user: Do you ship to Chile?"}, sent(t, provider, 1))
			provider.AssertDone(t)
		})
	}
}

func TestHandOverAtLimit(t *testing.T) {
	bothWays(t, func(t *testing.T, stream bool) {
		provider := new(greeter)
		var told []frontdesk.Handoff
		agent := newAgent(t, frontdesk.Config{
			Provider: provider,
			Escalator: frontdesk.EscalatorFunc(func(_ context.Context, handoff frontdesk.Handoff) (string, error) {
				told = append(told, handoff)
				return "T-1", nil
			}),
			Quota: frontdesk.Quota{PerConversation: 1, AtLimit: frontdesk.HandOverAtLimit},
		})
		play(t, agent, say("Hello?"), stream)
		reply := play(t, agent, say("Do you ship to Chile?"), stream)
		require.Equal(t, frontdesk.Escalated, reply.Outcome)
		assert.Equal(t, frontdesk.DefaultHandoffText, reply.Text)
		assert.Zero(t, reply.Requests)
		require.NotNil(t, reply.Handoff)
		assert.Equal(t, frontdesk.HandoffQuota, reply.Handoff.Reason)
		assert.Contains(t, reply.Handoff.Detail, "has used its 1 requests")
		assert.Equal(t, "Do you ship to Chile?", reply.Handoff.Request)
		assert.Equal(t, "T-1", reply.Handoff.Ticket)
		require.Len(t, told, 1)
		assert.EqualValues(t, 1, provider.requests.Load())
	})
}

// shippingPages is a knowledge base with one page on it.
var shippingPages = frontdesk.RetrieverFunc(func(_ context.Context, query frontdesk.Query) ([]frontdesk.Passage, error) {
	switch {
	case strings.Contains(query.Text, "broken"):
		return nil, errors.New("the index is closed")
	case !strings.Contains(query.Text, "ship"):
		return nil, nil
	}
	return []frontdesk.Passage{
		{ID: "zones", Title: "Zones", URL: "https://shop.example/zones", Text: " We ship to all of South America. "},
		{ID: "costs", Title: "Costs", Text: "It costs 12 €."},
	}, nil
})

func TestQuoteAtLimit(t *testing.T) {
	quoting := func(t *testing.T, provider frontdesk.Provider) (*frontdesk.Agent, *frontdesk.InMemory) {
		memory := new(frontdesk.InMemory)
		return newAgent(t, frontdesk.Config{
			Provider:  provider,
			Memory:    memory,
			Retriever: shippingPages,
			Quota:     frontdesk.Quota{Plan: 1, AtLimit: frontdesk.QuoteAtLimit},
		}), memory
	}
	requireQuote := func(t *testing.T, reply *frontdesk.Reply) {
		t.Helper()
		require.Equal(t, frontdesk.Answered, reply.Outcome)
		assert.Equal(t, frontdesk.QuoteText+"\n\nWe ship to all of South America. [1]", reply.Text)
		require.Len(t, reply.Citations, 1)
		assert.Equal(t, 1, reply.Citations[0].Number)
		assert.Equal(t, "zones", reply.Citations[0].Passage.ID)
		assert.Zero(t, reply.Requests)
		assert.Empty(t, reply.Model)
		assert.Nil(t, reply.Handoff)
	}
	for _, stream := range []bool{false, true} {
		t.Run(fmt.Sprintf("the best passage/stream=%v", stream), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				provider := frontdesktest.NewProvider(frontdesktest.Say("Hello!"), frontdesktest.Say("It costs 12 € [2]."))
				agent, _ := quoting(t, provider)
				play(t, agent, say("Hello?"), stream)
				if stream {
					seen := watch(t, agent, say("Do you ship to Chile?"))
					require.NoError(t, seen.err)
					requireQuote(t, seen.reply)
					assert.Equal(t, seen.reply.Text, seen.text(), "the stream shows what the reply says")
				} else {
					requireQuote(t, play(t, agent, say("Do you ship to Chile?"), false))
				}

				time.Sleep(24 * time.Hour)
				reply := play(t, agent, say("What does it cost to ship there?"), stream)
				assert.Equal(t, "It costs 12 € [2].", reply.Text)
				assert.Equal(t, 1, reply.Requests)
				require.NoError(t, frontdesktest.CheckTranscript(provider.Requests()[1].Messages))
				lines := sent(t, provider, 1)
				require.Len(t, lines, 5)
				assert.Equal(t, "assistant: "+frontdesk.QuoteText+"\n\nWe ship to all of South America. [1]", lines[3], "the model sees what the customer was told")
				provider.AssertDone(t)
			})
		})
		for name, question := range map[string]string{"no passage": "Who are you?", "no knowledge base": "Is it broken?"} {
			t.Run(fmt.Sprintf("%s/stream=%v", name, stream), func(t *testing.T) {
				agent, _ := quoting(t, new(greeter))
				play(t, agent, say("Do you ship to Chile?"), stream)
				reply := play(t, agent, say(question), stream)
				require.Equal(t, frontdesk.Escalated, reply.Outcome, "the passages of an earlier question are no answer")
				assert.Equal(t, frontdesk.HandoffQuota, reply.Handoff.Reason)
			})
		}
	}
	t.Run("taken up again", func(t *testing.T) {
		failing := frontdesktest.NewProvider(frontdesktest.Fail(errors.New("no connection")))
		agent, memory := quoting(t, failing)
		turn := identified("Do you ship to Chile?", "m-1")
		_, err := agent.Reply(t.Context(), turn)
		require.ErrorContains(t, err, "no connection")
		require.True(t, has(load(t, memory), frontdesk.EntryPassages))
		requireQuote(t, play(t, agent, turn, false))
	})
	t.Run("twice", func(t *testing.T) {
		agent, _ := quoting(t, new(greeter))
		play(t, agent, say("Hello?"), false)
		requireQuote(t, play(t, agent, say("Do you ship to Chile?"), false))
		requireQuote(t, play(t, agent, say("But do you ship there?"), false))
	})
}

func TestWaitForTheReset(t *testing.T) {
	// used returns an agent whose plan is used up, at ten seconds to midnight.
	used := func(t *testing.T, wait time.Duration, atLimit frontdesk.AtLimit) (*frontdesk.Agent, *greeter) {
		provider := new(greeter)
		agent := newAgent(t, frontdesk.Config{Provider: provider, Quota: frontdesk.Quota{Plan: 1, Wait: wait, AtLimit: atLimit}})
		time.Sleep(24*time.Hour - 10*time.Second)
		play(t, agent, say("Hello?"), false)
		return agent, provider
	}
	t.Run("long enough", func(t *testing.T) {
		bubble(t, func(t *testing.T, stream bool) {
			agent, provider := used(t, 10*time.Second, frontdesk.HandOverAtLimit)
			begun := time.Now()
			reply := play(t, agent, say("And now?"), stream)
			assert.Equal(t, frontdesk.Answered, reply.Outcome)
			assert.Equal(t, 10*time.Second, time.Since(begun))
			assert.EqualValues(t, 2, provider.requests.Load())
		})
	})
	t.Run("too short", func(t *testing.T) {
		bubble(t, func(t *testing.T, stream bool) {
			agent, provider := used(t, 10*time.Second-1, frontdesk.HandOverAtLimit)
			begun := time.Now()
			reply := play(t, agent, say("And now?"), stream)
			assert.Equal(t, frontdesk.HandoffQuota, reply.Handoff.Reason)
			assert.Zero(t, time.Since(begun), "a wait that is of no use is none")
			assert.EqualValues(t, 1, provider.requests.Load())
		})
	})
	t.Run("cancelled", func(t *testing.T) {
		for _, atLimit := range []frontdesk.AtLimit{frontdesk.FailAtLimit, frontdesk.HandOverAtLimit} {
			synctest.Test(t, func(t *testing.T) {
				agent, provider := used(t, time.Minute, atLimit)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(4*time.Second, cancel)
				begun := time.Now()
				turn := identified("And now?", "m-2")
				_, err := agent.Reply(ctx, turn)
				assert.Equal(t, 4*time.Second, time.Since(begun))
				assert.ErrorIs(t, err, context.Canceled)
				assert.EqualValues(t, 1, provider.requests.Load())

				assert.Equal(t, frontdesk.Answered, play(t, agent, turn, false).Outcome, "it goes on where it stopped")
			})
		}
	})
	t.Run("of a host", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			host := hosting(refuse(429, "Daily limit reached.", "Retry-After", "40"), saying("Hello!"))
			agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Quota: frontdesk.Quota{Wait: time.Minute}})
			begun := time.Now()
			assert.Equal(t, "Hello!", play(t, agent, say("Hello?"), false).Text)
			assert.Equal(t, 40*time.Second, time.Since(begun))
			assert.Len(t, host.sent(), 2)
		})
	})
}

func TestHostsQuota(t *testing.T) {
	refusals := map[string]http.HandlerFunc{
		"Oxlo's 403":   answer(403, "application/json", `{"error":{"message":"Daily request limit of your plan reached"}}`),
		"402":          answer(402, "application/json", `{"error":"Payment required"}`),
		"429 in words": answer(429, "application/json", `{"error":{"code":"insufficient_quota","message":"You exceeded your current quota"}}`),
		"429 for an hour": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(429)
		},
	}
	for name, refusal := range refusals {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				for _, atLimit := range []frontdesk.AtLimit{frontdesk.FailAtLimit, frontdesk.HandOverAtLimit, frontdesk.QuoteAtLimit} {
					host := newHost(t, refusal)
					ledger := new(bookkeeper)
					agent := newAgent(t, frontdesk.Config{
						Provider:  host.patient(),
						Retriever: shippingPages,
						Quota:     frontdesk.Quota{Ledger: ledger, Plan: 10, AtLimit: atLimit, Wait: time.Second},
					})
					reply, err := attempt(t, agent, say("Do you ship to Chile?"), stream)
					assert.Len(t, host.received(), 1, "a quota is not asked again")
					assert.Equal(t, 1, ledger.count())
					switch atLimit {
					case frontdesk.FailAtLimit:
						require.ErrorIs(t, err, frontdesk.ErrQuota)
						var refused *frontdesk.HostError
						require.ErrorAs(t, err, &refused)
					case frontdesk.HandOverAtLimit:
						require.NoError(t, err)
						require.NotNil(t, reply.Handoff)
						assert.Equal(t, frontdesk.HandoffQuota, reply.Handoff.Reason)
					case frontdesk.QuoteAtLimit:
						require.NoError(t, err)
						assert.Equal(t, frontdesk.Answered, reply.Outcome)
						assert.Contains(t, reply.Text, "South America. [1]")
						assert.Zero(t, reply.Requests)
					}
				}
			})
		})
	}
}

func TestHostsQuotaWithARouterAsksEachModelOnce(t *testing.T) {
	host := newHost(t, answer(403, "application/json", `{"error":{"message":"Your plan does not include this model"}}`))
	agent := newAgent(t, frontdesk.Config{
		Provider: &frontdesk.Router{Provider: host.patient(), Models: []string{"a", "b", "c"}},
		Quota:    frontdesk.Quota{AtLimit: frontdesk.HandOverAtLimit},
	})
	reply := play(t, agent, say("Hello?"), false)
	assert.Equal(t, frontdesk.HandoffQuota, reply.Handoff.Reason)
	assert.Len(t, host.received(), 3)
}

// A host that takes back each promise must not be asked for ever.
func TestHostThatNeverLetsUp(t *testing.T) {
	bubble(t, func(t *testing.T, stream bool) {
		host := &fakeHost{always: func(string) fakeAnswer { return refuse(429, "Daily limit reached.", "Retry-After", "10") }}
		agent := newAgent(t, frontdesk.Config{
			Provider: host.provider(),
			Limits:   frontdesk.Limits{Requests: 5},
			Quota:    frontdesk.Quota{Wait: time.Minute, AtLimit: frontdesk.HandOverAtLimit},
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begun := time.Now()
		var reply *frontdesk.Reply
		for event, err := range agent.Stream(ctx, say("Hello?")) {
			require.NoError(t, err)
			if done, ok := event.(frontdesk.Done); ok {
				reply = done.Reply
			}
		}
		require.NotNil(t, reply)
		assert.Equal(t, frontdesk.Escalated, reply.Outcome)
		assert.LessOrEqual(t, time.Since(begun), time.Minute, "Wait is the longest that a turn waits")
		assert.LessOrEqual(t, len(host.sent()), 5, "no turn exceeds its limit")
	})
}

func TestOneCustomersQuotaLetsNoModelRest(t *testing.T) {
	busy := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1") // long enough for a slow machine
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	host := newHost(t, inOrder(busy, answerHello))
	router := &frontdesk.Router{Provider: host.provider(), Models: []string{"first", "second"}}
	agent := newAgent(t, frontdesk.Config{Provider: router, Quota: frontdesk.Quota{PerCustomer: 1}})
	// The first model is busy, and no request is left to ask the second.
	_, err := agent.Reply(t.Context(), in("a", "x"))
	requireQuota(t, err)
	require.Len(t, host.received(), 1)
	// Another customer is sent to the second, since the first is busy.
	play(t, agent, in("b", "y"), false)
	require.Len(t, host.received(), 2)
	assert.Equal(t, `"second"`, field(t, host.received()[1].Body, "model"))
}

func TestLimitOfATurnBoundsItsAttempts(t *testing.T) {
	bothWays(t, func(t *testing.T, stream bool) {
		for limit := 1; limit <= 5; limit++ {
			host := newHost(t, answerBusy)
			provider := host.patient()
			provider.Retries = 20
			for name, provider := range map[string]frontdesk.Provider{
				"a host":   provider,
				"a router": &frontdesk.Router{Provider: provider, Models: []string{"a", "b"}},
			} {
				before := len(host.received())
				agent := newAgent(t, frontdesk.Config{Provider: provider, Limits: frontdesk.Limits{Requests: limit}})
				reply := play(t, agent, say("Hello?"), stream)
				require.Equal(t, frontdesk.Escalated, reply.Outcome, name)
				assert.Equal(t, frontdesk.HandoffBudget, reply.Handoff.Reason)
				assert.Contains(t, reply.Handoff.Detail, fmt.Sprint(limit))
				assert.Len(t, host.received(), before+limit, name)
			}
		}
	})
}

func TestLimitOfATurnCountsAttemptsOfEarlierAnswers(t *testing.T) {
	host := newHost(t, inOrder(
		answerBusy, answerBusy,
		answerJSON(`{"choices":[{"message":{"tool_calls":[{"id":"1","type":"function","function":{"name":"look","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}`),
		answerBusy))
	agent := newAgent(t, frontdesk.Config{
		Provider: host.patient(),
		Tools:    []frontdesk.Tool{text("look", func() string { return "seen" })},
		Limits:   frontdesk.Limits{Requests: 5},
	})
	reply := play(t, agent, say("Look"), false)
	assert.Equal(t, frontdesk.HandoffBudget, reply.Handoff.Reason)
	assert.Len(t, reply.Results, 1)
	assert.Len(t, host.received(), 5)
}
