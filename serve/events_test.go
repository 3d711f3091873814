package serve_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
	"github.com/frontdesk-go/frontdesk/serve"
)

func chat(t *testing.T, config frontdesk.Config) (http.Handler, *frontdesk.Agent) {
	t.Helper()
	agent, err := frontdesk.New(config)
	require.NoError(t, err)
	handler, err := serve.Customers{Agent: agent, Identify: func(*http.Request) (frontdesk.Customer, error) {
		return frontdesk.Customer{ID: "cus_ana"}, nil
	}}.Handler()
	require.NoError(t, err)
	return handler, agent
}

func streamed(accept string) *http.Request {
	request := httptest.NewRequest("POST", "/conversations/c-1/messages", strings.NewReader(`{"id":"m-1","text":"Hi"}`))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", accept)
	return request
}

func TestWhoWantsEvents(t *testing.T) {
	for accept, events := range map[string]bool{
		"text/event-stream": true, "TEXT/Event-Stream": true, "application/json, text/event-stream;q=0.5": true,
		"": false, "*/*": false, "application/json": false, "text/event-stream;q=0, application/json": false, "x-text/event-stream": false,
	} {
		handler, _ := chat(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Say("Hello."))})
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, streamed(accept))
		assert.Equal(t, events, response.Header().Get("Content-Type") == "text/event-stream", accept)
	}
}

// A model or a tool that takes long leaves the connection without a word.
func TestCommentsKeepTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler, _ := chat(t, frontdesk.Config{Provider: frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
			time.Sleep(40 * time.Second)
			return &frontdesk.Response{Message: frontdesk.Message{Role: frontdesk.RoleAssistant, Text: "Here."}}, nil
		})})
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, streamed("text/event-stream"))
		body := response.Body.String()
		assert.True(t, strings.HasPrefix(body, ": \n\n: \n\nevent: text"), body)
		assert.Contains(t, body, "event: done")
		time.Sleep(time.Minute)
		assert.Equal(t, body, response.Body.String(), "something was written after the end")
	})
}

// noFlush is a writer that hides what it could do, as those of many loggers.
type noFlush struct{ http.ResponseWriter }

func (w noFlush) Write(data []byte) (int, error) { return w.ResponseWriter.Write(data) }

func TestAWriterThatCannotFlush(t *testing.T) {
	handler, _ := chat(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Say("Hello there. How are you? Good."))})
	response := httptest.NewRecorder()
	handler.ServeHTTP(struct{ http.ResponseWriter }{noFlush{response}}, streamed("text/event-stream"))
	assert.Contains(t, response.Body.String(), "event: done")
}

// oneConn is a listener with one connection.
type oneConn struct{ conns chan net.Conn }

func (l oneConn) Accept() (net.Conn, error) {
	if conn, ok := <-l.conns; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (l oneConn) Close() error   { return nil }
func (l oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// A client that reads nothing must not hold the turn, for which others wait.
func TestAClientThatReadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler, agent := chat(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Say("Hello there. How are you? Good."), frontdesktest.Say("Yes."))})
		client, server := net.Pipe()
		listener := oneConn{make(chan net.Conn, 1)}
		listener.conns <- server
		service := &http.Server{Handler: handler}
		stopped := make(chan struct{})
		go func() { defer close(stopped); _ = service.Serve(listener) }()
		request, err := http.NewRequest("POST", "http://desk/conversations/c-1/messages", strings.NewReader(`{"id":"m-1","text":"Hi"}`))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "text/event-stream")
		require.NoError(t, request.Write(client))
		_, err = bufio.NewReaderSize(client, 16).ReadString('\n')
		require.NoError(t, err)

		time.Sleep(time.Minute)
		reply, err := agent.Reply(t.Context(), frontdesk.Turn{Conversation: "c-1", Customer: frontdesk.Customer{ID: "cus_ana"}, Text: "Are you there?"})
		require.NoError(t, err)
		assert.Equal(t, frontdesk.Answered, reply.Outcome, "the turn hangs")
		client.Close()
		close(listener.conns)
		service.Close()
		<-stopped
	})
}

// Who sends a message again and leaves does not wait on.
func TestThoseWhoSendAgainMayLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		handler, _ := chat(t, frontdesk.Config{Provider: frontdesk.ProviderFunc(func(context.Context, *frontdesk.Request, func(frontdesk.Delta)) (*frontdesk.Response, error) {
			<-answer
			return &frontdesk.Response{Message: frontdesk.Message{Role: frontdesk.RoleAssistant, Text: "Here."}}, nil
		})})
		ctx, leave := context.WithCancel(t.Context())
		waiting := make(chan int, 10)
		for range cap(waiting) {
			response := httptest.NewRecorder()
			go func() {
				handler.ServeHTTP(response, streamed("application/json").WithContext(ctx))
				waiting <- response.Code
			}()
			synctest.Wait()
		}
		leave()
		synctest.Wait()
		assert.Len(t, waiting, cap(waiting)-1, "all but the one that is answered")
		close(answer)
		synctest.Wait()
		assert.Len(t, waiting, cap(waiting))
	})
}
