package frontdesk_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// bubble runs a test both ways, with a clock of its own.
func bubble(t *testing.T, test func(t *testing.T, stream bool)) {
	t.Helper()
	bothWays(t, func(t *testing.T, stream bool) {
		synctest.Test(t, func(t *testing.T) { test(t, stream) })
	})
}

func networkError(operation string, err error) error {
	return &net.OpError{Op: operation, Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(203, 0, 113, 9), Port: 443}, Err: err}
}

// connectTimeout is the error of a dialer whose own time ran out.
func connectTimeout(t *testing.T) error {
	t.Helper()
	dialer := net.Dialer{Timeout: time.Nanosecond}
	_, err := dialer.DialContext(t.Context(), "tcp", "203.0.113.9:443")
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout())
	return err
}

func TestFailuresThatAreTriedAgain(t *testing.T) {
	passing := map[string]fakeAnswer{
		"connection reset":       unreachable(networkError("read", syscall.ECONNRESET)),
		"connection refused":     unreachable(networkError("dial", syscall.ECONNREFUSED)),
		"closed before a byte":   unreachable(io.EOF),
		"closed in the headers":  unreachable(io.ErrUnexpectedEOF),
		"no connection in time":  unreachable(connectTimeout(t)),
		"name server busy":       unreachable(&net.DNSError{Err: "server misbehaving", Name: "llm.example", IsTemporary: true}),
		"a whole answer cut":     body("application/json", piece{text: `{"choices":[{"mess`, err: io.ErrUnexpectedEOF}),
		"a whole answer reset":   body("application/json", piece{text: `{"choices":[{"mess`, err: networkError("read", syscall.ECONNRESET)}),
		"a stream without a bit": body("text/event-stream"),
		"a stream reset":         body("text/event-stream", piece{text: events(chunk(map[string]any{"role": "assistant"}, "")), err: networkError("read", syscall.ECONNRESET)}),
		"a stream just ended":    streamed(chunk(map[string]any{"role": "assistant", "content": ""}, "")),
		"overload in an answer":  whole(`{"error":{"message":"all workers are busy","code":503}}`),
		"overload in a stream":   streamed(`{"error":{"message":"all workers are busy","code":503}}`),
	}
	for _, status := range []int{408, 409, 425, 429, 500, 501, 502, 503, 504, 507, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530} {
		passing[fmt.Sprint("status ", status)] = refuse(status, "not now")
		passing[fmt.Sprint("page of status ", status)] = refuseWith(status, "text/html", "<html><title>Error</title></html>")
	}
	for name, first := range passing {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				host := hosting(first, saying("Hello!"))
				response, text, _, err := generate(t.Context(), host.provider(), question(), stream)
				require.NoError(t, err)
				assert.Equal(t, "Hello!", response.Message.Text)
				assert.Equal(t, 2, response.Requests, "the failed attempt is paid for too")
				require.Len(t, host.sent(), 2)
				assert.Equal(t, host.sent()[0], host.sent()[1], "the same is asked again")
				if stream {
					assert.Equal(t, "Hello!", text)
				}
			})
		})
	}
}

func TestFailuresThatAreNotTriedAgain(t *testing.T) {
	final := map[string]fakeAnswer{
		"a quota":                  refuseWith(429, "application/json", `{"error":{"message":"You exceeded your current quota.","code":"insufficient_quota"}}`),
		"a daily quota":            refuse(429, "60 of 60 requests per day used"),
		"an unknown authority":     unreachable(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}),
		"another host's name":      unreachable(&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: new(x509.Certificate), Host: "llm.example"}}),
		"an expired certificate":   unreachable(&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}),
		"an authority of old":      unreachable(x509.UnknownAuthorityError{}),
		"a host that is not there": unreachable(&net.DNSError{Err: "no such host", Name: "llm.example", IsNotFound: true}),
		"no TLS":                   unreachable(tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}),
		"max_tokens reached":       whole(`{"choices":[{"message":{"content":"Once upon"},"finish_reason":"length"}]}`),
		"withheld":                 whole(`{"choices":[{"message":{"content":"Once upon"},"finish_reason":"content_filter"}]}`),
		"no model host":            whole(`{"status":"ok"}`),
		"a bad request in 200":     streamed(`{"error":{"message":"no such model","type":"invalid_request_error","code":404}}`),
		"a quota in 200":           streamed(`{"error":{"message":"daily limit reached","code":"insufficient_quota"}}`),
	}
	for _, status := range []int{400, 401, 402, 403, 404, 405, 413, 415, 422} {
		// Their words change nothing: the same request is refused again.
		for _, message := range []string{"no", "rate limit exceeded, try again", "service unavailable"} {
			final[fmt.Sprintf("status %d, %s", status, message)] = refuse(status, message)
		}
	}
	for name, first := range final {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				host := hosting(first, saying("Hello!"))
				response, _, _, err := generate(t.Context(), host.provider(), question(), stream)
				require.Error(t, err)
				assert.Nil(t, response)
				assert.Len(t, host.sent(), 1)
			})
		})
	}
}

func TestContextThatEndsIsNotTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, stream bool) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		host := hosting(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, saying("Hello!"))
		_, _, _, err := generate(ctx, host.provider(), question(), stream)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Len(t, host.sent(), 1)
	})
}

// TestTimeoutOfOneAttempt is about openai-go's own timeout, which ends one
// attempt while the caller still waits.
func TestTimeoutOfOneAttempt(t *testing.T) {
	bubble(t, func(t *testing.T, stream bool) {
		host := hosting(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, saying("Hello!"))
		provider := host.provider()
		provider.Options = append(provider.Options, option.WithRequestTimeout(5*time.Second))
		response, _, _, err := generate(t.Context(), provider, question(), stream)
		require.NoError(t, err)
		assert.Equal(t, 2, response.Requests)
	})
}

func TestHowOftenItIsTriedAgain(t *testing.T) {
	for _, test := range []struct{ retries, requests int }{{0, 1 + frontdesk.DefaultRetries}, {-1, 1}, {-7, 1}, {1, 2}, {2, 3}, {5, 6}} {
		t.Run(fmt.Sprint(test.retries), func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				host := new(fakeHost)
				for i := range 10 {
					host.add(refuse(503, fmt.Sprint("busy ", i+1)))
				}
				provider := host.provider()
				provider.Retries = test.retries
				_, _, _, err := generate(t.Context(), provider, question(), stream)
				require.ErrorIs(t, err, frontdesk.ErrOverloaded)
				assert.ErrorContains(t, err, fmt.Sprint("busy ", test.requests), "the newest error is told")
				assert.Len(t, host.sent(), test.requests)
			})
			bubble(t, func(t *testing.T, stream bool) {
				host := new(fakeHost)
				for range test.requests - 1 {
					host.add(refuse(503, "busy"))
				}
				host.add(saying("Hello!"))
				provider := host.provider()
				provider.Retries = test.retries
				response, _, _, err := generate(t.Context(), provider, question(), stream)
				require.NoError(t, err)
				assert.Equal(t, test.requests, response.Requests)
			})
		})
	}
}

func TestRetryAfter(t *testing.T) {
	const cap = frontdesk.DefaultMaxWait
	tests := []struct {
		name    string
		headers []string
		want    time.Duration
		final   bool
	}{
		{name: "seconds", headers: []string{"Retry-After", "7"}, want: 7 * time.Second},
		{name: "a fraction", headers: []string{"Retry-After", "2.5"}, want: 2500 * time.Millisecond},
		{name: "milliseconds", headers: []string{"Retry-After-Ms", "3200"}, want: 3200 * time.Millisecond},
		{name: "milliseconds are more exact", headers: []string{"Retry-After", "9", "Retry-After-Ms", "4100"}, want: 4100 * time.Millisecond},
		{name: "a date", headers: []string{"Retry-After", "Sat, 01 Jan 2000 00:00:11 GMT"}, want: 11 * time.Second},
		{name: "the cap", headers: []string{"Retry-After", "30"}, want: cap},
		{name: "a little beyond the cap", headers: []string{"Retry-After", "31"}, want: 31 * time.Second, final: true},
		{name: "a date beyond the cap", headers: []string{"Retry-After", "Sat, 01 Jan 2000 00:02:00 GMT"}, want: 2 * time.Minute, final: true},
		{name: "a day", headers: []string{"Retry-After", "86400"}, want: 24 * time.Hour, final: true},
		{name: "no end", headers: []string{"Retry-After", "1e300"}, want: 30 * 24 * time.Hour, final: true},
		{name: "infinity", headers: []string{"Retry-After", "Inf"}, want: 30 * 24 * time.Hour, final: true},
	}
	for _, test := range tests {
		for _, status := range []int{429, 503} {
			t.Run(fmt.Sprintf("%d/%s", status, test.name), func(t *testing.T) {
				bubble(t, func(t *testing.T, stream bool) {
					host := hosting(refuse(status, "not now", test.headers...), saying("Hello!"))
					began := time.Now()
					_, _, _, err := generate(t.Context(), host.provider(), question(), stream)
					if !test.final {
						require.NoError(t, err)
						require.Len(t, host.waits(), 1)
						// A little more keeps those apart who were sent away together.
						assert.GreaterOrEqual(t, host.waits()[0], test.want)
						assert.LessOrEqual(t, host.waits()[0], test.want+test.want/4)
						return
					}
					var refused *frontdesk.HostError
					require.ErrorAs(t, err, &refused)
					assert.Equal(t, test.want, refused.RetryAfter, "the caller learns when")
					assert.Len(t, host.sent(), 1)
					assert.Zero(t, time.Since(began))
				})
			})
		}
	}
	for _, unreadable := range []string{"soon", "-5", "NaN", "0", "", "Fri, 31 Dec 1999 23:59:00 GMT", "1 minute"} {
		t.Run("nothing to go by in "+unreadable, func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				host := hosting(refuse(429, "not now", "Retry-After", unreadable), saying("Hello!"))
				_, _, _, err := generate(t.Context(), host.provider(), question(), stream)
				require.NoError(t, err)
				assert.LessOrEqual(t, host.waits()[0], time.Second)
			})
		})
	}
	t.Run("a short wait is not made a long one", func(t *testing.T) {
		for range 20 {
			synctest.Test(t, func(t *testing.T) {
				host := hosting(refuse(429, "not now", "Retry-After-Ms", "20"), saying("Hello!"))
				_, err := host.provider().Generate(t.Context(), question(), nil)
				require.NoError(t, err)
				assert.GreaterOrEqual(t, host.waits()[0], 20*time.Millisecond)
				assert.LessOrEqual(t, host.waits()[0], 40*time.Millisecond, "the host said when")
			})
		}
	})
}

func TestMaxWait(t *testing.T) {
	ask := func(t *testing.T, maxWait time.Duration, answers ...fakeAnswer) (*fakeHost, error) {
		host := hosting(answers...)
		provider := host.provider()
		provider.MaxWait = maxWait
		provider.Retries = 10
		_, err := provider.Generate(t.Context(), question(), nil)
		return host, err
	}
	t.Run("bounds what the host may ask for", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			host, err := ask(t, 2*time.Second, refuse(503, "no", "Retry-After", "3"), saying("Hello!"))
			require.ErrorIs(t, err, frontdesk.ErrOverloaded)
			assert.Len(t, host.sent(), 1)
			host, err = ask(t, time.Minute, refuse(503, "no", "Retry-After", "59"), saying("Hello!"))
			require.NoError(t, err)
			assert.GreaterOrEqual(t, host.waits()[0], 59*time.Second)
		})
	})
	t.Run("bounds the jitter", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var answers []fakeAnswer
			for range 8 {
				answers = append(answers, refuse(503, "no"))
			}
			host, err := ask(t, 50*time.Millisecond, append(answers, saying("Hello!"))...)
			require.NoError(t, err)
			for _, wait := range host.waits() {
				assert.LessOrEqual(t, wait, 50*time.Millisecond)
			}
		})
	})
	t.Run("a negative one means no wait", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			for _, maxWait := range []time.Duration{-1, -time.Hour} {
				require.NotPanics(t, func() {
					host, err := ask(t, maxWait, refuse(503, "no"), saying("Hello!"))
					require.NoError(t, err)
					assert.Equal(t, []time.Duration{0}, host.waits())
				})
			}
		})
	})
}

// TestJitterIsFull draws many waits: each lies between nothing and a bound
// that doubles, and they are spread over all of it.
func TestJitterIsFull(t *testing.T) {
	const samples, retries = 200, 7
	bounds := []time.Duration{1, 2, 4, 8, 16, 30, 30} // in seconds, with the default cap
	var waits [retries][]time.Duration
	synctest.Test(t, func(t *testing.T) {
		for range samples {
			host := new(fakeHost)
			for range retries {
				host.add(refuse(503, "busy"))
			}
			host.add(saying("Hello!"))
			provider := host.provider()
			provider.Retries = retries
			_, err := provider.Generate(t.Context(), question(), nil)
			require.NoError(t, err)
			for i, wait := range host.waits() {
				waits[i] = append(waits[i], wait)
			}
		}
	})
	for i, bound := range bounds {
		bound *= time.Second
		var low, middle, high int
		for _, wait := range waits[i] {
			require.LessOrEqual(t, wait, bound)
			switch {
			case wait < bound/4:
				low++
			case wait > bound*3/4:
				high++
			default:
				middle++
			}
		}
		assert.Greater(t, low, samples/10, "wait %d", i+1)
		assert.Greater(t, middle, samples/4, "wait %d", i+1)
		assert.Greater(t, high, samples/10, "wait %d", i+1)
	}
}

func TestCancelDuringTheWait(t *testing.T) {
	ends := map[error]func(context.Context) (context.Context, context.CancelFunc){
		context.Canceled: func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(100*time.Millisecond, cancel)
			return ctx, cancel
		},
		context.DeadlineExceeded: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 100*time.Millisecond)
		},
	}
	for want, end := range ends {
		t.Run(want.Error(), func(t *testing.T) {
			bubble(t, func(t *testing.T, stream bool) {
				host := hosting(refuse(503, "busy", "Retry-After", "20"), saying("Hello!"))
				ctx, cancel := end(t.Context())
				defer cancel()
				began := time.Now()
				response, _, _, err := generate(ctx, host.provider(), question(), stream)
				require.Error(t, err)
				assert.Nil(t, response)
				assert.LessOrEqual(t, time.Since(began), 100*time.Millisecond)
				assert.Len(t, host.sent(), 1)
				assert.ErrorIs(t, err, want, "the caller gave up, whatever the host said")
			})
		})
	}
}

// TestRequestsOfATurn counts what a turn paid for, failed attempts included.
func TestRequestsOfATurn(t *testing.T) {
	bubble(t, func(t *testing.T, stream bool) {
		host := hosting(
			refuse(503, "busy"), refuse(429, "slow down"), calling("call_1", "get_order_status", `{"order_id":"ORD-9281"}`),
			unreachable(io.EOF), saying("It was delivered."),
		)
		shop := new(shop)
		agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Tools: shop.tools()})
		reply := play(t, agent, refundTurn, stream)
		assert.Equal(t, "It was delivered.", reply.Text)
		assert.Equal(t, 5, reply.Requests)
		assert.Len(t, host.sent(), 5)
		assert.Len(t, reply.Results, 1, "what is tried again is the request, not the tool")
	})
}

// TestTriesStayWithinTheBudget is about a turn whose last request fails: to try
// it again would be one more than it may spend.
func TestTriesStayWithinTheBudget(t *testing.T) {
	for _, budget := range []int{1, 2, 3} {
		bubble(t, func(t *testing.T, stream bool) {
			host := hosting(calling("call_1", "get_order_status", order1), refuse(503, "busy"), refuse(503, "busy"), refuse(503, "busy"), saying("Hello!"))
			agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Tools: new(shop).tools(), Limits: frontdesk.Limits{Requests: budget}})
			reply, err := agent.Reply(t.Context(), refundTurn)
			if err == nil {
				require.Equal(t, frontdesk.Escalated, reply.Outcome)
				assert.Equal(t, frontdesk.HandoffBudget, reply.Handoff.Reason)
			}
			assert.Len(t, host.sent(), budget)
		})
	}
}

func TestProviderIsSharedByManyTurns(t *testing.T) {
	const turns = 50
	synctest.Test(t, func(t *testing.T) {
		host := new(fakeHost)
		for i := range 2 * turns {
			if i%2 == 0 {
				host.add(refuse(503, "busy"))
			} else {
				host.add(saying("Hello!"))
			}
		}
		agent := newAgent(t, frontdesk.Config{Provider: &frontdesk.OpenAICompatible{
			BaseURL: "https://llm.example",
			Retries: turns,
			Options: host.provider().Options,
		}})
		replies := make(chan *frontdesk.Reply, turns)
		for i := range turns {
			go func() {
				reply, err := agent.Reply(t.Context(), frontdesk.Turn{Conversation: fmt.Sprint("c-", i), Text: "Hi"})
				if err != nil {
					t.Error(err)
				}
				replies <- reply
			}()
		}
		requests := 0
		for range turns {
			reply := <-replies
			require.NotNil(t, reply)
			assert.Equal(t, "Hello!", reply.Text)
			requests += reply.Requests
		}
		assert.Equal(t, 2*turns, requests)
		assert.Len(t, host.sent(), 2*turns)
	})
}

// TestTransportErrorsTellNoKey is about errors that name the address, in whose
// query some gateways want the key.
func TestTransportErrorsTellNoKey(t *testing.T) {
	bubble(t, func(t *testing.T, stream bool) {
		host := new(fakeHost)
		for range 3 {
			host.add(unreachable(networkError("dial", syscall.ECONNREFUSED)))
		}
		provider := host.provider()
		provider.Options = append(provider.Options, option.WithQuery("key", "sk-in-the-query"))
		_, _, _, err := generate(t.Context(), provider, question(), stream)
		require.ErrorContains(t, err, "llm.example", "the error says who did not answer")
		assert.NotContains(t, err.Error(), "sk-of-the-fake-host")
		assert.NotContains(t, err.Error(), "sk-in-the-query")
	})
}

func TestErrorsOfMiddlewareAreNotTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, stream bool) {
		asked := 0
		provider := hosting(saying("Hello!")).provider()
		provider.Options = append(provider.Options, option.WithMiddleware(func(*http.Request, option.MiddlewareNext) (*http.Response, error) {
			asked++
			return nil, errors.New("egress is closed")
		}))
		_, _, _, err := generate(t.Context(), provider, question(), stream)
		require.ErrorContains(t, err, "egress is closed")
		assert.Equal(t, 1, asked)
	})
}
