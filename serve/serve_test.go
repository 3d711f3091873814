package serve_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
	"github.com/frontdesk-go/frontdesk/serve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a service with both sides. Who sends a request stands in a header, as it
// would in a session.
type desk struct {
	server      *httptest.Server
	agent       *frontdesk.Agent
	mu          sync.Mutex
	ran         []string // tools, with the customer they ran for
	delivered   []string
	undelivered error
	broken      error // what the tools return
}

var (
	customers = map[string]frontdesk.Customer{
		"ana": {ID: "cus_ana", Tenant: "acme", Verification: frontdesk.Verified},
		"bob": {ID: "cus_bob", Tenant: "acme", Verification: frontdesk.Verified},
		"eve": {ID: "cus_ana", Tenant: "rival", Verification: frontdesk.Verified},
	}
	colleagues = map[string]serve.Colleague{
		"bea": {Name: "Bea", Tenant: "acme"},
		"rob": {Name: "Rob", Tenant: "rival"},
	}
)

type payment struct {
	Cents int `json:"cents"`
}

func open(t *testing.T, config frontdesk.Config) *desk {
	t.Helper()
	d := new(desk)
	tool := func(name string) *frontdesk.TypedTool[payment, string] {
		return frontdesk.NewTool(name, "Issue a refund to the customer", func(ctx context.Context, in payment) (string, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			customer := frontdesk.CallFrom(ctx).Customer
			d.ran = append(d.ran, name+" "+customer.Tenant+"/"+customer.ID)
			return "paid", d.broken
		}).Trusted()
	}
	config.Tools = []frontdesk.Tool{
		tool("pay_out").ApproveWhen(nil),
		tool("pay_back").ConfirmFirst(func(in payment) string { return fmt.Sprintf("Shall I refund %d cents?", in.Cents) }),
		tool("pay_up").RequireVerified(frontdesk.SteppedUp),
		tool("pay_now"),
	}
	var err error
	d.agent, err = frontdesk.New(config)
	require.NoError(t, err)
	session := func(r *http.Request) string { return r.Header.Get("Session") }
	front, err := serve.Customers{
		Agent: d.agent,
		Identify: func(r *http.Request) (frontdesk.Customer, error) {
			customer, ok := customers[session(r)]
			if !ok {
				return frontdesk.Customer{}, errors.New("nobody")
			}
			if r.Header.Get("Proof") == "fresh" {
				customer.Verification = frontdesk.SteppedUp
			}
			return customer, nil
		},
	}.Handler()
	require.NoError(t, err)
	back, err := serve.Colleagues{
		Agent: d.agent,
		Identify: func(r *http.Request) (serve.Colleague, error) {
			colleague, ok := colleagues[session(r)]
			if !ok {
				return serve.Colleague{}, errors.New("nobody")
			}
			return colleague, nil
		},
		Deliver: func(_ context.Context, id frontdesk.ConversationID, delivery serve.Delivery) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.delivered = append(d.delivered, id.String()+": "+delivery.By+": "+delivery.Text)
			return d.undelivered
		},
	}.Handler()
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/chat/", http.StripPrefix("/chat", front))
	mux.Handle("/staff/", http.StripPrefix("/staff", back))
	d.server = httptest.NewServer(mux)
	t.Cleanup(d.server.Close)
	return d
}

// send sends a request as somebody and returns the status and the body.
func (d *desk) send(t *testing.T, as, method, path, body string, headers ...string) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, d.server.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Session", as)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := d.server.Client().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(data)
}

func (d *desk) runs() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.ran...)
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	require.NoError(t, json.Unmarshal([]byte(text), &value), text)
	return value
}

func TestAMessageIsAnswered(t *testing.T) {
	d := open(t, frontdesk.Config{
		Provider: frontdesktest.NewProvider(frontdesktest.Say("Within **14 days** [1].")),
		Retriever: frontdesk.RetrieverFunc(func(context.Context, frontdesk.Query) ([]frontdesk.Passage, error) {
			return []frontdesk.Passage{{ID: "p", Title: "Returns", URL: "https://acme.example/returns", Text: "14 days."}}, nil
		}),
	})
	status, body := d.send(t, "ana", "POST", "/chat/conversations/c-1/messages", `{"id":"m-1","text":"How long?"}`)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, serve.Reply{
		Outcome:   frontdesk.Answered,
		Text:      "Within **14 days** [1].",
		HTML:      "<p>Within <strong>14 days</strong> [1].</p>\n",
		Citations: []serve.Citation{{Number: 1, Title: "Returns", URL: "https://acme.example/returns"}},
	}, decode[serve.Reply](t, body))

	// The same message has its answer, without a request.
	again, same := d.send(t, "ana", "POST", "/chat/conversations/c-1/messages", `{"id":"m-1","text":"How long?"}`)
	assert.Equal(t, status, again)
	assert.JSONEq(t, body, same)
}

// sse are the events of a stream, each as "kind data".
func sse(t *testing.T, stream string) []string {
	t.Helper()
	var found []string
	lines := bufio.NewScanner(strings.NewReader(stream))
	kind := ""
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			kind = name
		} else if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			require.True(t, json.Valid([]byte(data)))
			found = append(found, kind+" "+data)
		}
	}
	return found
}

func TestAStream(t *testing.T) {
	d := open(t, frontdesk.Config{Provider: frontdesktest.NewProvider(
		frontdesktest.Say("One moment, please. ").And(frontdesktest.Call("pay_now", `{"cents":5}`)),
		frontdesktest.Say("Nothing of it: I have cancelled your order. "),
		frontdesktest.Say("You have it now. <b>Bye</b>"),
	)})
	status, body := d.send(t, "ana", "POST", "/chat/conversations/c-1/messages", `{"text":"Pay me 5 cents"}`, "Accept", "text/event-stream")
	assert.Equal(t, http.StatusOK, status)

	screen := ""
	var last string
	for _, event := range sse(t, body) {
		kind, data, _ := strings.Cut(event, " ")
		text := decode[struct{ Text string }](t, data).Text
		switch last = kind; kind {
		case "text":
			screen += text
		case "reset":
			screen = text
		case "done":
			assert.Equal(t, screen, text)
			assert.Contains(t, decode[serve.Reply](t, data).HTML, "‹b&gt;Bye")
		}
		assert.NotContains(t, screen, "cancelled", "what is held back was shown")
	}
	assert.Equal(t, "done", last)
	assert.Equal(t, "One moment, please. \n\nYou have it now. ‹b>Bye‹/b>", screen)
}

func TestAFailureIsToldWithoutItsCause(t *testing.T) {
	broken := frontdesk.ProviderFunc(func(_ context.Context, _ *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
		if stream != nil {
			stream(frontdesk.Delta{Text: "I will have a look at that for you. And "})
		}
		return nil, errors.New("postgres://desk:hunter2@db is down")
	})
	d := open(t, frontdesk.Config{Provider: broken})
	status, body := d.send(t, "ana", "POST", "/chat/conversations/c-1/messages", `{"text":"Hi"}`)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.NotContains(t, body, "hunter2")

	_, body = d.send(t, "ana", "POST", "/chat/conversations/c-2/messages", `{"text":"Hi"}`, "Accept", "text/event-stream")
	events := sse(t, body)
	require.NotEmpty(t, events)
	assert.Contains(t, events[len(events)-1], "error ")
	assert.NotContains(t, body, "hunter2")
}

func TestATurnGoesOnWhenTheClientLeaves(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	d := open(t, frontdesk.Config{Provider: frontdesk.ProviderFunc(func(ctx context.Context, _ *frontdesk.Request, _ func(frontdesk.Delta)) (*frontdesk.Response, error) {
		close(asked)
		<-answer
		return &frontdesk.Response{Message: frontdesk.Message{Role: frontdesk.RoleAssistant, Text: "Here I am."}}, ctx.Err()
	})})
	ctx, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, "POST", d.server.URL+"/chat/conversations/c-1/messages", strings.NewReader(`{"id":"m-1","text":"Hi"}`))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Session", "ana")
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		response, err := d.server.Client().Do(request)
		if err == nil {
			response.Body.Close()
		}
	}()
	<-asked
	leave()
	<-gone
	close(answer)
	status, body := d.send(t, "ana", "POST", "/chat/conversations/c-1/messages", `{"id":"m-1","text":"Hi"}`)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "Here I am.", decode[serve.Reply](t, body).Text)
}

func TestWhatIsRefused(t *testing.T) {
	d := open(t, frontdesk.Config{
		Provider:   frontdesktest.NewProvider(frontdesktest.Say("Hello.")),
		MaxMessage: 100,
		Quota:      frontdesk.Quota{Messages: 2},
	})
	const path = "/chat/conversations/c-1/messages"
	for _, test := range []struct {
		name, body string
		headers    []string
		status     int
	}{
		{"no JSON", `text=Hi`, []string{"Content-Type", "application/x-www-form-urlencoded"}, http.StatusUnsupportedMediaType},
		{"no type", `{"text":"Hi"}`, []string{"Content-Type", ""}, http.StatusUnsupportedMediaType},
		{"cut", `{"text":"Hi"`, nil, http.StatusBadRequest},
		{"two", `{"text":"Hi"} {"text":"Hi"}`, nil, http.StatusBadRequest},
		{"nothing", `{}`, nil, http.StatusBadRequest},
		{"too long a body", `{"text":"` + strings.Repeat("a", 1<<20) + `"}`, nil, http.StatusRequestEntityTooLarge},
		{"too long a message", `{"text":"` + strings.Repeat("a", 101) + `"}`, nil, http.StatusUnprocessableEntity},
		{"too long an id", `{"id":"` + strings.Repeat("a", 201) + `","text":"Hi"}`, nil, http.StatusBadRequest},
		{"another origin", `{"text":"Hi"}`, []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		{"another site", `{"text":"Hi"}`, []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, body := d.send(t, "ana", "POST", path, test.body, test.headers...)
			assert.Equal(t, test.status, status)
			assert.NotEmpty(t, decode[struct{ Error string }](t, body).Error)
		})
	}
	status, _ := d.send(t, "ana", "POST", "/chat/conversations/c%001/messages", `{"text":"Hi"}`)
	assert.Equal(t, http.StatusNotFound, status)

	status, _ = d.send(t, "ana", "POST", path, `{"text":"Hi"}`)
	assert.Equal(t, http.StatusOK, status)
	for range 2 {
		status, _ = d.send(t, "ana", "POST", path, `{"text":"Hi"}`)
	}
	assert.Equal(t, http.StatusTooManyRequests, status)
}

func TestColleagues(t *testing.T) {
	d := open(t, frontdesk.Config{Provider: frontdesktest.NewProvider(
		frontdesktest.Call("pay_out", `{"cents":500}`),
		frontdesktest.Say("They were glad to."),
		frontdesktest.Say("Hello again."),
	)})
	const staff = "/staff/conversations/c-1"
	_, body := d.send(t, "ana", "POST", "/chat/conversations/c-1/messages", `{"text":"Pay me out 5 EUR"}`)
	reply := decode[serve.Reply](t, body)
	assert.Equal(t, frontdesk.AwaitingApproval, reply.Outcome)
	assert.Empty(t, reply.Questions, "a colleague's approval was shown to the customer")

	status, body := d.send(t, "bea", "GET", staff, "")
	assert.Equal(t, http.StatusOK, status)
	state := decode[serve.State](t, body)
	require.Len(t, state.Approvals, 1)
	assert.JSONEq(t, `{"cents":500}`, string(state.Approvals[0].Arguments))
	approval := staff + "/approvals/" + state.Approvals[0].ID

	status, body = d.send(t, "bea", "POST", approval, `{"approved":true,"arguments":{"cents":"many"}}`)
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, body, "cents")
	assert.Empty(t, d.runs())

	status, body = d.send(t, "bea", "POST", approval, `{"approved":true,"arguments":{"cents":400},"words":"4 will do"}`)
	assert.Equal(t, http.StatusOK, status)
	assert.Empty(t, decode[serve.State](t, body).Approvals)
	assert.Equal(t, []string{"pay_out acme/cus_ana"}, d.runs())
	assert.Equal(t, []string{"acme/c-1: : They were glad to."}, d.delivered)

	status, _ = d.send(t, "bea", "POST", approval, `{"approved":true}`)
	assert.Equal(t, http.StatusConflict, status)
	status, _ = d.send(t, "bea", "POST", staff+"/hand-back", `{"text":"all well"}`)
	assert.Equal(t, http.StatusConflict, status)

	_, body = d.send(t, "bea", "POST", staff+"/take-over", `{}`)
	owner := decode[serve.State](t, body).Ownership
	assert.Equal(t, frontdesk.OwnerHuman, owner.Owner)
	assert.Equal(t, "Bea", owner.By)
	_, body = d.send(t, "ana", "POST", "/chat/conversations/c-1/messages", `{"text":"Hello?"}`)
	assert.Equal(t, frontdesk.Escalated, decode[serve.Reply](t, body).Outcome)
	status, _ = d.send(t, "bea", "POST", staff+"/messages", `{"text":"I am here."}`)
	assert.Equal(t, http.StatusOK, status)
	status, _ = d.send(t, "bea", "POST", staff+"/messages", `{"text":" "}`)
	assert.Equal(t, http.StatusBadRequest, status)
	status, _ = d.send(t, "bea", "POST", staff+"/hand-back", `{"text":"all well"}`)
	assert.Equal(t, http.StatusOK, status)
	_, body = d.send(t, "ana", "POST", "/chat/conversations/c-1/messages", `{"text":"Thanks"}`)
	assert.Equal(t, "Hello again.", decode[serve.Reply](t, body).Text)
	_, body = d.send(t, "bea", "POST", staff+"/close", `{"text":"done"}`)
	assert.Equal(t, frontdesk.OwnerClosed, decode[serve.State](t, body).Ownership.Owner)
}

func TestADecisionStandsThoughNobodyCouldBeTold(t *testing.T) {
	d := open(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Call("pay_out", `{"cents":500}`), frontdesktest.Say("Done."))})
	d.undelivered = errors.New("the channel is down")
	d.send(t, "ana", "POST", "/chat/conversations/c-1/messages", `{"text":"Pay me out 5 EUR"}`)
	open, err := d.agent.Approvals(t.Context(), frontdesk.ConversationID{Tenant: "acme", ID: "c-1"})
	require.NoError(t, err)
	status, body := d.send(t, "bea", "POST", "/staff/conversations/c-1/approvals/"+open[0].ID, `{"approved":true}`)
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Contains(t, body, "do not repeat it")
	assert.Len(t, d.runs(), 1)
}

func TestQuestionsToTheCustomer(t *testing.T) {
	for _, test := range []struct {
		tool    string
		kind    frontdesk.ApprovalKind
		headers []string
	}{
		{"pay_back", frontdesk.CustomerConfirms, nil},
		{"pay_up", frontdesk.CustomerVerifies, []string{"Proof", "fresh"}},
	} {
		t.Run(test.tool, func(t *testing.T) {
			d := open(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Call(test.tool, `{"cents":500}`), frontdesktest.Say("You have it."))})
			_, body := d.send(t, "ana", "POST", "/chat/conversations/c-1/messages", `{"text":"Pay me 5 EUR"}`)
			reply := decode[serve.Reply](t, body)
			require.Len(t, reply.Questions, 1, body)
			assert.Equal(t, test.kind, reply.Questions[0].Kind)
			assert.Empty(t, d.runs())
			confirm, err := json.Marshal(serve.Message{Confirm: reply.Questions[0].ID})
			require.NoError(t, err)
			_, body = d.send(t, "ana", "POST", "/chat/conversations/c-1/messages", string(confirm), test.headers...)
			assert.Equal(t, "You have it.", decode[serve.Reply](t, body).Text)
			assert.Equal(t, []string{test.tool + " acme/cus_ana"}, d.runs())
		})
	}
}

func TestHandlersThatCannotBe(t *testing.T) {
	agent, err := frontdesk.New(frontdesk.Config{Provider: frontdesktest.NewProvider()})
	require.NoError(t, err)
	_, err = serve.Customers{Agent: agent}.Handler()
	assert.Error(t, err)
	_, err = serve.Colleagues{Agent: agent}.Handler()
	assert.Error(t, err)
	_, err = serve.Customers{Agent: agent, Origins: []string{"shop.example/path"}, Identify: func(*http.Request) (frontdesk.Customer, error) {
		return frontdesk.Customer{}, nil
	}}.Handler()
	assert.ErrorContains(t, err, "shop.example")
}

func TestWhatNobodyKnowsIsResolvedFirst(t *testing.T) {
	d := open(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Call("pay_out", `{"cents":500}`))})
	const staff = "/staff/conversations/c-1"
	d.send(t, "ana", "POST", "/chat/conversations/c-1/messages", `{"text":"Refund me 5 EUR"}`)
	_, body := d.send(t, "bea", "POST", staff+"/take-over", `{}`)
	approvals := decode[serve.State](t, body).Approvals
	require.Len(t, approvals, 1)
	d.mu.Lock()
	d.broken = syscall.ECONNRESET
	d.mu.Unlock()
	_, body = d.send(t, "bea", "POST", staff+"/approvals/"+approvals[0].ID, `{"approved":true}`)
	effects := decode[serve.State](t, body).Effects
	require.Len(t, effects, 1)
	assert.Equal(t, "pay_out", effects[0].Tool)

	status, body := d.send(t, "bea", "POST", staff+"/hand-back", `{"text":"all well"}`)
	assert.Equal(t, http.StatusConflict, status, body)
	for path, body := range map[string]string{
		"/effects/" + effects[0].IdempotencyKey: `{"note":"I looked"}`,
		"/effects/x":                            `{"happened":true}`,
	} {
		status, _ = d.send(t, "bea", "POST", staff+path, body)
		assert.GreaterOrEqual(t, status, 400)
	}
	status, body = d.send(t, "bea", "POST", staff+"/effects/"+effects[0].IdempotencyKey, `{"happened":true,"note":"The bank has it."}`)
	assert.Equal(t, http.StatusOK, status)
	assert.Empty(t, decode[serve.State](t, body).Effects)
	status, _ = d.send(t, "bea", "POST", staff+"/hand-back", `{"text":"all well"}`)
	assert.Equal(t, http.StatusOK, status)
}

func TestADecisionBehindWhichTheHostFails(t *testing.T) {
	d := open(t, frontdesk.Config{Provider: frontdesktest.NewProvider(
		frontdesktest.Call("pay_out", `{"cents":500}`), frontdesktest.Fail(errors.New("busy")), frontdesktest.Say("You have it."),
	)})
	d.send(t, "ana", "POST", "/chat/conversations/c-1/messages", `{"text":"Refund me 5 EUR"}`)
	id := frontdesk.ConversationID{Tenant: "acme", ID: "c-1"}
	approvals, err := d.agent.Approvals(t.Context(), id)
	require.NoError(t, err)
	status, body := d.send(t, "bea", "POST", "/staff/conversations/c-1/approvals/"+approvals[0].ID, `{"approved":true,"arguments":null}`)
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Contains(t, body, "it is decided")
	assert.Len(t, d.runs(), 1)
	reply, err := d.agent.Resume(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, "You have it.", reply.Text)
	assert.Len(t, d.runs(), 1)
}
