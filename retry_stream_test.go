package frontdesk_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// said is the event of some words.
func said(text string) string { return events(chunk(map[string]any{"content": text}, "")) }

func TestStreamThatBreaks(t *testing.T) {
	reset := networkError("read", syscall.ECONNRESET)
	thought := events(chunk(map[string]any{"reasoning_content": "A refund."}, ""))
	call := events(chunk(map[string]any{"tool_calls": []any{map[string]any{
		"index": 0, "id": "c", "function": map[string]any{"name": "initiate_refund", "arguments": `{"order_id":"ORD-1","reason":"x"}`},
	}}}, ""))
	tests := []struct {
		name     string
		answers  []fakeAnswer
		shown    string // "|" is where it is taken back
		text     string // of the response; empty if there is none
		requests int
	}{
		{"before any text", []fakeAnswer{body("text/event-stream", piece{err: reset}), saying("Hello!")}, "Hello!", "Hello!", 2},
		{"after a thought", []fakeAnswer{body("text/event-stream", piece{text: thought}, piece{err: reset}), saying("Hello!")}, "|Hello!", "Hello!", 2},
		{"after a call, which does not run", []fakeAnswer{body("text/event-stream", piece{text: call}), saying("Hello!")}, "Hello!", "Hello!", 2},
		{"after text", []fakeAnswer{body("text/event-stream", piece{text: said("I will ref")}, piece{err: reset}), saying("Hello!")}, "I will ref|Hello!", "Hello!", 2},
		{"after text, without an error", []fakeAnswer{body("text/event-stream", piece{text: said("I will ref")}), saying("Hello!")}, "I will ref|Hello!", "Hello!", 2},
		{"in the middle of an event", []fakeAnswer{body("text/event-stream", piece{text: said("I will") + `data: {"choices":[{"del`}), saying("Hello!")}, "I will|Hello!", "Hello!", 2},
		{"twice", []fakeAnswer{
			body("text/event-stream", piece{text: said("One"), err: nil}),
			body("text/event-stream", piece{text: said("Two"), err: nil}),
			saying("Hello!"),
		}, "One|Two", "", 2},
		{"twice before any text", []fakeAnswer{body("text/event-stream"), body("text/event-stream"), saying("Hello!")}, "", "", 2},
		{"and the host is busy then", []fakeAnswer{body("text/event-stream", piece{text: said("One")}), refuse(503, "busy"), saying("Hello!")}, "One|Hello!", "Hello!", 3},
		{"after the host was busy", []fakeAnswer{refuse(503, "busy"), body("text/event-stream", piece{text: said("One")}), saying("Hello!")}, "One|Hello!", "Hello!", 3},
		{"after the last word", []fakeAnswer{body("text/event-stream", piece{text: said("Hello!") + events(chunk(map[string]any{}, "stop"))}, piece{err: reset}), saying("no")}, "Hello!", "Hello!", 1},
		{"by an error of the host", []fakeAnswer{streamed(chunk(map[string]any{"content": "One"}, ""), `{"error":{"message":"worker lost: try again","code":502}}`), saying("Hello!")}, "One|Hello!", "Hello!", 2},
		{"by an error that stays", []fakeAnswer{streamed(chunk(map[string]any{"content": "One"}, ""), `{"error":{"message":"no such tool","code":400}}`), saying("Hello!")}, "One", "", 1},
		{"at max_tokens", []fakeAnswer{streamed(chunk(map[string]any{"content": "One"}, "length"), "[DONE]"), saying("Hello!")}, "One", "", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host := hosting(test.answers...)
				provider := host.provider()
				provider.Retries = 5
				response, shown, err := watchText(t.Context(), provider, withTools())
				assert.Equal(t, test.shown, shown)
				assert.Len(t, host.sent(), test.requests)
				if test.text == "" {
					require.Error(t, err)
					assert.Nil(t, response)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, test.text, response.Message.Text)
				assert.Empty(t, response.Message.Calls)
				assert.Equal(t, test.requests, response.Requests)
			})
		})
	}
}

// TestPartialAnswer is about what is left when trying again did not help.
func TestPartialAnswer(t *testing.T) {
	broken := body("text/event-stream", piece{text: said("I will "), err: nil}, piece{text: said("refund")}, piece{err: io.ErrUnexpectedEOF})
	bubble(t, func(t *testing.T, stream bool) {
		_, _, _, err := generate(t.Context(), hosting(broken, broken).provider(), question(), stream)
		require.ErrorIs(t, err, frontdesk.ErrTruncated)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "the cause is told")
		var cut *frontdesk.TruncatedError
		require.ErrorAs(t, err, &cut)
		assert.Equal(t, "I will refund", cut.Message.Text)
		assert.Empty(t, cut.Finish)
	})
}

// TestBrokenStreamInATurn looks at what the customer sees, what the caller gets
// and what is kept.
func TestBrokenStreamInATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := hosting(
			body("text/event-stream", piece{text: said("Let me lo")}),
			answering(map[string]any{"content": "I look it up.", "tool_calls": []any{map[string]any{
				"index": 0, "id": "call_1", "type": "function",
				"function": map[string]any{"name": "get_order_status", "arguments": `{"order_id":"ORD-9281"}`},
			}}}, "tool_calls"),
			body("text/event-stream", piece{text: said("It was del")}, piece{err: io.ErrUnexpectedEOF}),
			saying("It has been delivered."),
		)
		memory := new(frontdesk.InMemory)
		agent := newAgent(t, frontdesk.Config{Unguarded: true, Provider: host.provider(), Tools: new(shop).tools(), Memory: memory})

		var seen []string
		var reply *frontdesk.Reply
		for event, err := range agent.Stream(t.Context(), refundTurn) {
			require.NoError(t, err)
			switch event := event.(type) {
			case frontdesk.TextDelta:
				seen = append(seen, event.Text)
			case frontdesk.Reset:
				seen = append(seen, "<reset>")
			case frontdesk.ToolStarted:
				seen = append(seen, "<tool>")
			case frontdesk.Done:
				reply = event.Reply
			}
		}
		assert.Equal(t, "Let me lo<reset>I look it up.<tool>It was del<reset>It has been delivered.", strings.Join(seen, ""))
		require.NotNil(t, reply)
		assert.Equal(t, "It has been delivered.", reply.Text)
		assert.Equal(t, 4, reply.Requests)

		log, err := memory.Load(t.Context(), frontdesk.ConversationID{ID: refundTurn.Conversation}, 0)
		require.NoError(t, err)
		for _, entry := range log {
			assert.NotContains(t, string(entry.Data), "Let me lo")
			assert.NotContains(t, string(entry.Data), "It was del")
		}
		for _, request := range host.sent() {
			assert.NotContains(t, request, "Let me lo")
			assert.NotContains(t, request, "It was del")
		}
	})
}

func TestSilentStream(t *testing.T) {
	const idle = frontdesk.DefaultIdleTimeout
	silent := func(before ...piece) fakeAnswer {
		return body("text/event-stream", append(before, piece{wait: forever})...)
	}
	t.Run("is tried again once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			host := hosting(silent(piece{text: said("One")}), saying("Hello!"))
			response, shown, err := watchText(t.Context(), host.provider(), question())
			require.NoError(t, err)
			assert.Equal(t, "One|Hello!", shown)
			assert.Equal(t, 2, response.Requests)
			assert.GreaterOrEqual(t, host.waits()[0], idle)
			assert.Less(t, host.waits()[0], idle+2*time.Second)
		})
	})
	t.Run("and no more", func(t *testing.T) {
		bubble(t, func(t *testing.T, stream bool) {
			host := hosting(silent(), silent(), saying("Hello!"))
			provider := host.provider()
			provider.Retries = 5
			_, _, _, err := generate(t.Context(), provider, question(), stream)
			require.ErrorIs(t, err, frontdesk.ErrTruncated)
			assert.ErrorContains(t, err, "silent")
			assert.NotErrorIs(t, err, context.Canceled, "nobody cancelled")
			assert.Len(t, host.sent(), 2)
		})
	})
	t.Run("after a timeout of one's own", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			host := hosting(silent(), saying("Hello!"))
			provider := host.provider()
			provider.IdleTimeout = 3 * time.Second
			began := time.Now()
			_, _, err := watchText(t.Context(), provider, question())
			require.NoError(t, err)
			assert.GreaterOrEqual(t, time.Since(began), 3*time.Second)
			assert.Less(t, time.Since(began), 5*time.Second)
		})
	})
	t.Run("each piece begins it anew", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var pieces []piece
			for i := range 20 {
				pieces = append(pieces, piece{wait: idle - time.Second, text: said(fmt.Sprint(i, " "))})
			}
			host := hosting(body("text/event-stream", append(pieces, piece{text: words("done")})...))
			response, _, err := watchText(t.Context(), host.provider(), question())
			require.NoError(t, err)
			assert.True(t, strings.HasSuffix(response.Message.Text, "19 done"))
			assert.Len(t, host.sent(), 1)
		})
	})
	t.Run("after the last word it is whole", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			host := hosting(silent(piece{text: said("Hello!") + events(chunk(map[string]any{}, "stop"))}), saying("no"))
			began := time.Now()
			response, _, err := watchText(t.Context(), host.provider(), question())
			require.NoError(t, err)
			assert.Equal(t, "Hello!", response.Message.Text)
			assert.Less(t, time.Since(began), 5*time.Second, "the customer does not wait for the connection's end")
			assert.Len(t, host.sent(), 1)
		})
	})
	t.Run("the customer's own pace does not count", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			host := hosting(body("text/event-stream", piece{text: said("One ")}, piece{text: words("two.")}), saying("again"))
			response, err := host.provider().Generate(t.Context(), question(), func(frontdesk.Delta) { time.Sleep(2 * idle) })
			require.NoError(t, err)
			assert.Equal(t, "One two.", response.Message.Text)
			assert.Len(t, host.sent(), 1, "the host was not silent: nobody listened")
		})
	})
	t.Run("is over when the caller cancels", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			host := hosting(silent(piece{text: said("One")}), saying("Hello!"))
			began := time.Now()
			_, shown, err := watchText(ctx, host.provider(), question())
			require.ErrorIs(t, err, context.Canceled)
			assert.NotErrorIs(t, err, frontdesk.ErrTruncated)
			assert.Equal(t, "One", shown)
			assert.Equal(t, time.Second, time.Since(began))
			assert.Len(t, host.sent(), 1)
		})
	})
}

// TestHeartbeat is about hosts that send comments while a request waits in
// their queue (": keep-alive" of DeepSeek, ": OPENROUTER PROCESSING"). They are
// alive: to ask again would cost a request and the place in the queue. But a
// host that never comes to the point must not keep a customer for ever.
func TestHeartbeat(t *testing.T) {
	heartbeats := func(count int, text string) []piece {
		var pieces []piece
		for range count {
			pieces = append(pieces, piece{wait: 15 * time.Second, text: text})
		}
		return pieces
	}
	for name, text := range map[string]string{
		"comment":            ": keep-alive\n\n",
		"comment in data":    "data: : OPENROUTER PROCESSING\n\n",
		"ping":               "event: ping\ndata: ping\n\n",
		"blank lines":        "\n\n",
		"chunk of nothing":   events(`{"choices":[]}`),
		"role over again":    events(chunk(map[string]any{"role": "assistant", "content": ""}, "")),
		"half a line a time": ":",
	} {
		t.Run("three minutes of it/"+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pieces := append(heartbeats(12, text), piece{text: "\n\n" + words("Hello!")})
				host := hosting(body("text/event-stream", pieces...), saying("again"))
				response, _, err := watchText(t.Context(), host.provider(), question())
				require.NoError(t, err)
				assert.Equal(t, "Hello!", response.Message.Text)
				assert.Len(t, host.sent(), 1)
			})
		})
		t.Run("no end of it/"+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				endless := heartbeats(10_000, text)
				host := hosting(body("text/event-stream", endless...), body("text/event-stream", endless...))
				began := time.Now()
				_, _, err := watchText(t.Context(), host.provider(), question())
				require.ErrorIs(t, err, frontdesk.ErrTruncated)
				assert.Less(t, time.Since(began), time.Hour)
				assert.LessOrEqual(t, len(host.sent()), 2)
			})
		})
	}
}
