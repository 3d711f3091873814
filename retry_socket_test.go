package frontdesk_test

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// discardLog takes what servers say about clients that go away.
var discardLog = log.New(io.Discard, "", 0)

// reset ends a connection the hard way, after some text.
func reset(t *testing.T, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = connection.Write([]byte(text))
		if tcp, ok := connection.(*net.TCPConn); ok && text == "" {
			_ = tcp.SetLinger(0) // a reset rather than an end
		}
		connection.Close()
	}
}

// TestConnectionsThatBreak plays turns over real connections, which break at
// the first request.
func TestConnectionsThatBreak(t *testing.T) {
	const header = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, first := range map[string]http.HandlerFunc{
		"reset before a byte":  reset(t, ""),
		"in the status line":   reset(t, "HTTP/1.1 20"),
		"in the headers":       reset(t, "HTTP/1.1 200 OK\r\nContent-Ty"),
		"behind the headers":   reset(t, header),
		"in a chunk":           reset(t, header+"40\r\ndata: {\"choi"),
		"no HTTP at all":       reset(t, "SSH-2.0-OpenSSH_9.6\r\n"),
		"in a whole answer":    reset(t, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"choices\":[{\"mess"),
		"length but no answer": reset(t, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, stream bool) {
				var asked atomic.Int32
				h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
					if asked.Add(1) == 1 {
						first(w, r)
						return
					}
					answerHello(w, r)
				})
				provider := h.provider()
				provider.Retries, provider.MaxWait = 1, time.Millisecond
				reply := play(t, newAgent(t, frontdesk.Config{Provider: provider}), refundTurn, stream)
				assert.Equal(t, "Hello!", reply.Text)
				assert.Equal(t, 2, reply.Requests)
				assert.Len(t, h.received(), 2)
			})
		})
	}
}

// TestKeptConnectionThatIsGone is about a host that closes an idle connection
// at the moment a customer writes.
func TestKeptConnectionThatIsGone(t *testing.T) {
	bothWays(t, func(t *testing.T, stream bool) {
		h := newHost(t, answerHello)
		provider := h.provider()
		provider.Retries, provider.MaxWait = 1, time.Millisecond
		agent := newAgent(t, frontdesk.Config{Provider: provider})
		for range 5 {
			assert.Equal(t, "Hello!", play(t, agent, refundTurn, stream).Text)
			h.CloseClientConnections()
		}
	})
}

// TestUntrustedCertificate counts handshakes: one is enough to know.
func TestUntrustedCertificate(t *testing.T) {
	bothWays(t, func(t *testing.T, stream bool) {
		var handshakes atomic.Int32
		server := httptest.NewUnstartedServer(http.HandlerFunc(answerHello))
		server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			handshakes.Add(1)
			return nil, nil
		}}
		server.Config.ErrorLog = discardLog
		server.StartTLS()
		defer server.Close()
		provider := &frontdesk.OpenAICompatible{BaseURL: server.URL, MaxWait: time.Millisecond}
		_, _, _, err := generate(t.Context(), provider, question(), stream)
		require.ErrorContains(t, err, "certificate")
		assert.EqualValues(t, 1, handshakes.Load())
	})
}

// TestSecurePortForPlainHost is about a base URL that should begin with http.
func TestSecurePortForPlainHost(t *testing.T) {
	bothWays(t, func(t *testing.T, stream bool) {
		h := newHost(t, answerHello)
		h.Config.ErrorLog = discardLog
		provider := &frontdesk.OpenAICompatible{BaseURL: "https" + h.URL[len("http"):], MaxWait: time.Hour}
		began := time.Now()
		_, _, _, err := generate(t.Context(), provider, question(), stream)
		require.Error(t, err)
		assert.Less(t, time.Since(began), soon, "it is not tried again: it would wait")
	})
}
