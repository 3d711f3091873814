// Package crash kills processes that run agents over a shared store, while they
// pay, and checks what is left: nothing paid twice, nothing lost that was
// acknowledged, and every conversation finished or with a human who knows what is
// unknown. Tests of the stores use it.
package crash

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// The tools that pay, by what they do when their process died.
const (
	Plain      = "pay_plain"      // nothing: the outcome is unknown
	Keyed      = "pay_keyed"      // pay again, with the same key
	Reconciled = "pay_reconciled" // ask whether it was paid
)

// Lease and timeout of the agents are short, so that turns are taken over soon.
const (
	lease   = 400 * time.Millisecond
	timeout = 400 * time.Millisecond
)

type order struct {
	Order string `json:"order"`
}

// NewAgent returns an agent over a store whose tools pay at a [Payments] service.
// Its model calls the tool that the customer's message names, and then says so.
func NewAgent(store frontdesk.SharedMemory, payments string) (*frontdesk.Agent, error) {
	pay := func(tool string) func(context.Context, order) (string, error) {
		return func(ctx context.Context, in order) (string, error) {
			return request(ctx, payments+"/pay", tool, in.Order)
		}
	}
	return frontdesk.New(frontdesk.Config{
		Memory:   store,
		Provider: frontdesk.ProviderFunc(answer),
		Lease:    lease,
		Limits:   frontdesk.Limits{ToolTimeout: timeout},
		Escalator: frontdesk.EscalatorFunc(func(_ context.Context, handoff frontdesk.Handoff) (string, error) {
			return handoff.ID, nil
		}),
		Tools: []frontdesk.Tool{
			frontdesk.NewTool(Plain, "Pay", pay(Plain)).WithoutAuthorize("order").Once(func(in order) string { return in.Order }),
			frontdesk.NewTool(Keyed, "Pay", pay(Keyed)).WithoutAuthorize("order").Idempotent(0),
			frontdesk.NewTool(Reconciled, "Pay", pay(Reconciled)).WithoutAuthorize("order").
				Reconcile(func(ctx context.Context, in order) (string, bool, error) {
					found, err := request(ctx, payments+"/paid", Reconciled, in.Order)
					return found, found != "", err
				}),
		},
	})
}

func request(ctx context.Context, address, tool, order string) (string, error) {
	call := frontdesk.CallFrom(ctx)
	values := url.Values{"tool": {tool}, "order": {order}, "key": {call.IdempotencyKey}, "not_after": {call.NotAfter.Format(time.RFC3339Nano)}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"?"+values.Encode(), nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return string(body), err
}

func answer(_ context.Context, request *frontdesk.Request, _ func(frontdesk.Delta)) (*frontdesk.Response, error) {
	last := request.Messages[len(request.Messages)-1]
	lines := strings.Split(strings.TrimSpace(last.Text), "\n")
	tool, number, ok := strings.Cut(lines[len(lines)-1], " ")
	if last.Role != frontdesk.RoleUser || !ok || !strings.HasPrefix(tool, "pay_") {
		return &frontdesk.Response{Message: frontdesk.Message{Text: "That is all."}}, nil
	}
	arguments, err := json.Marshal(order{number})
	return &frontdesk.Response{Message: frontdesk.Message{Calls: []frontdesk.ToolCall{{ID: "call", Name: tool, Arguments: string(arguments)}}}}, err
}

// message is what a replica is told by a customer.
type message struct {
	Conversation string
	ID           string
	Text         string
}

// customer is who says it all.
var customer = frontdesk.Customer{ID: "cus_ana"}

// Serve is the life of a replica: it answers the messages that it reads, a line of
// JSON each, says which were acknowledged, and recovers turns of others meanwhile.
func Serve(ctx context.Context, store frontdesk.SharedMemory, payments string, in io.Reader, out io.Writer) error {
	agent, err := NewAgent(store, payments)
	if err != nil {
		return err
	}
	defer http.DefaultClient.CloseIdleConnections()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { _ = agent.KeepRecovering(ctx, func(frontdesk.Recovered) {}) })
	var mu sync.Mutex
	messages := bufio.NewScanner(in)
	for messages.Scan() {
		var m message
		if err := json.Unmarshal(messages.Bytes(), &m); err != nil {
			return err
		}
		group.Go(func() {
			_, err := agent.Reply(ctx, frontdesk.Turn{Conversation: m.Conversation, Customer: customer, Text: m.Text, MessageID: m.ID})
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				fmt.Fprintln(out, m.ID)
			}
		})
	}
	stop()
	return messages.Err()
}
