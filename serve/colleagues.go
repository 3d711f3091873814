package serve

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk"
)

// Colleagues is the side of the people behind an agent. Its handler has these
// routes, which answer with a [State] each:
//
//	GET  /conversations/{conversation}
//	POST /conversations/{conversation}/approvals/{approval}   a Decision
//	POST /conversations/{conversation}/messages               a Note, for the customer
//	POST /conversations/{conversation}/take-over              {}
//	POST /conversations/{conversation}/hand-back              a Note, for the model
//	POST /conversations/{conversation}/close                  a Note, for the model
//	POST /conversations/{conversation}/effects/{key}          a Resolution
//
// A colleague acts on the conversations of their own tenant, under their own name:
// both are what Identify says. The status is 409 for
// an approval that cannot be decided, for a hand-back of what no human has, and for one
// while nobody knows what came of a tool call, 422
// for arguments that do not fit the tool, and 503 where the host or the store failed.
type Colleagues struct {
	Agent *frontdesk.Agent

	// Identify says who sends a request. An error means that nobody knows, or that
	// they may not. It must be safe for concurrent use.
	Identify func(*http.Request) (Colleague, error)

	// Deliver, if there is one, is given what customers are to read outside of an
	// answer to their messages, to send it on. If it fails, the status is 502, and
	// what was done stands. It is 502, too, where the host fails behind a decision:
	// the reply comes of [frontdesk.Agent.KeepRecovering] then, whose callback
	// delivers it.
	Deliver func(ctx context.Context, conversation frontdesk.ConversationID, delivery Delivery) error

	// Origins are those of other pages that may send requests.
	Origins []string

	// Logger gets what clients are not told; nil means [slog.Default].
	Logger *slog.Logger
}

// Colleague is somebody who works behind the agent.
type Colleague struct {
	Name   string // for the records, and for the customer where they write to them
	Tenant string // whose conversations they see
}

// Delivery is something for a customer to read.
type Delivery struct {
	// By names the colleague who wrote it, empty if it is the agent's.
	By   string
	Text string

	// Reply is what the text is from, if it is the agent's.
	Reply *frontdesk.Reply
}

// Decision is a colleague's answer to an approval.
type Decision struct {
	// Approved must be there: what says nothing decides nothing.
	Approved *bool `json:"approved"`

	// Arguments, if they are there, replace those of the call.
	Arguments json.RawMessage `json:"arguments,omitempty"`

	// Words tell the model why or what else.
	Words string `json:"words,omitempty"`
}

// Resolution is what a colleague found out about a tool call of which nobody knew
// what came.
type Resolution struct {
	// Happened must be there. If it is false, the same may be done again.
	Happened *bool `json:"happened"`

	// Note is for the model.
	Note string `json:"note,omitempty"`
}

// Note is what a colleague writes.
type Note struct {
	Text string `json:"text"`
}

// State is how a conversation stands.
type State struct {
	Ownership frontdesk.Ownership  `json:"ownership"`
	Approvals []frontdesk.Approval `json:"approvals"` // those that can be decided
	Effects   []frontdesk.Effect   `json:"effects"`   // those of which nobody knows what came
}

// Handler returns the handler, for any number of requests at once.
func (c Colleagues) Handler() (http.Handler, error) {
	if c.Agent == nil || c.Identify == nil {
		return nil, errors.New("serve: Colleagues needs an Agent and Identify")
	}
	mux := newRoutes()
	mux.add("GET", "/conversations/{conversation}", c.act(nil))
	mux.add("POST", "/conversations/{conversation}/approvals/{approval}", c.act(c.decide))
	mux.add("POST", "/conversations/{conversation}/messages", c.act(c.post))
	mux.add("POST", "/conversations/{conversation}/take-over", c.act(c.takeOver))
	mux.add("POST", "/conversations/{conversation}/hand-back", c.act(c.handBack))
	mux.add("POST", "/conversations/{conversation}/close", c.act(c.close))
	mux.add("POST", "/conversations/{conversation}/effects/{key}", c.act(c.resolve))
	return protect(mux, c.Origins)
}

// request is what a colleague wants of a conversation.
type request struct {
	reader
	w    http.ResponseWriter
	r    *http.Request
	id   frontdesk.ConversationID
	name string
}

// act makes a handler of what a colleague does. do answers the request itself if it
// returns false.
func (c Colleagues) act(do func(*request) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		rd := reader{loggerOr(c.Logger)}
		colleague, err := c.Identify(r)
		if err != nil || strings.TrimSpace(colleague.Name) == "" {
			rd.unidentified(w, r, err)
			return
		}
		id := frontdesk.ConversationID{Tenant: colleague.Tenant, ID: r.PathValue("conversation")}
		if !isName(id.ID) || !isName(r.PathValue("approval")) || !isName(r.PathValue("key")) {
			unknown.write(w)
			return
		}
		if do != nil && !do(&request{rd, w, r, id, colleague.Name}) {
			return
		}
		state, err := c.state(r.Context(), id)
		if err != nil {
			rd.explain(r, err).write(w)
			return
		}
		answer(w, http.StatusOK, state)
	}
}

func (c Colleagues) state(ctx context.Context, id frontdesk.ConversationID) (state State, err error) {
	if state.Ownership, err = c.Agent.Owner(ctx, id); err != nil {
		return State{}, err
	}
	if state.Approvals, err = c.Agent.Approvals(ctx, id); err != nil {
		return State{}, err
	}
	if state.Effects, err = c.Agent.Effects(ctx, id); err != nil {
		return State{}, err
	}
	// Lists without anything in them are lists all the same.
	state.Approvals = append([]frontdesk.Approval{}, state.Approvals...)
	state.Effects = append([]frontdesk.Effect{}, state.Effects...)
	return state, nil
}

// did reports whether something was done, and answers the request if not.
func (q *request) did(err error) bool {
	if err != nil {
		q.explain(q.r, err).write(q.w)
	}
	return err == nil
}

func (c Colleagues) decide(q *request) bool {
	var body Decision
	if !q.body(q.w, q.r, &body) {
		return false
	}
	if body.Approved == nil {
		fail(q.w, http.StatusBadRequest, "say in approved whether it is")
		return false
	}
	// A decision that was recorded is acted on whether or not somebody waits.
	ctx := context.WithoutCancel(q.r.Context())
	reply, err := c.Agent.Decide(ctx, q.id, frontdesk.Decision{
		Approval:  q.r.PathValue("approval"),
		Approved:  *body.Approved,
		Arguments: body.Arguments,
		By:        q.name,
		Words:     body.Words,
	})
	if err != nil {
		return c.decided(q, err)
	}
	if reply == nil || reply.Text == "" {
		return true
	}
	return c.deliver(q, Delivery{Text: reply.Text, Reply: reply})
}

// deliver has the customer told of something.
func (c Colleagues) deliver(q *request, delivery Delivery) bool {
	if c.Deliver == nil {
		return true
	}
	if err := c.Deliver(context.WithoutCancel(q.r.Context()), q.id, delivery); err != nil {
		q.logger.ErrorContext(q.r.Context(), "customer not told", "conversation", q.id.String(), "error", err)
		fail(q.w, http.StatusBadGateway, "it is done and recorded, but the customer could not be told: do not repeat it")
		return false
	}
	return true
}

// decided answers a request whose decision may stand although what followed it failed.
func (c Colleagues) decided(q *request, err error) bool {
	open, openErr := c.Agent.Approvals(context.WithoutCancel(q.r.Context()), q.id)
	stands := openErr == nil && !slices.ContainsFunc(open, func(a frontdesk.Approval) bool { return a.ID == q.r.PathValue("approval") })
	if !stands || errors.Is(err, frontdesk.ErrApprovalClosed) {
		return q.did(err)
	}
	q.logger.ErrorContext(q.r.Context(), "turn of a decision failed", "conversation", q.id.String(), "error", err)
	fail(q.w, http.StatusBadGateway, "it is decided, but the turn that follows broke off: it is taken up again")
	return false
}

func (c Colleagues) post(q *request) bool {
	var body Note
	if !q.body(q.w, q.r, &body) {
		return false
	}
	if strings.TrimSpace(body.Text) == "" {
		fail(q.w, http.StatusBadRequest, "the message is empty")
		return false
	}
	return q.did(c.Agent.Post(q.r.Context(), q.id, q.name, body.Text)) && c.deliver(q, Delivery{By: q.name, Text: body.Text})
}

func (c Colleagues) takeOver(q *request) bool {
	var body struct{}
	return q.body(q.w, q.r, &body) && q.did(c.Agent.TakeOver(q.r.Context(), q.id, q.name))
}

func (c Colleagues) handBack(q *request) bool {
	var body Note
	if !q.body(q.w, q.r, &body) {
		return false
	}
	return q.did(c.Agent.HandBack(q.r.Context(), q.id, q.name, body.Text))
}

func (c Colleagues) resolve(q *request) bool {
	var body Resolution
	if !q.body(q.w, q.r, &body) {
		return false
	}
	if body.Happened == nil {
		fail(q.w, http.StatusBadRequest, "say in happened whether it did")
		return false
	}
	key := q.r.PathValue("key")
	effects, err := c.Agent.Effects(q.r.Context(), q.id)
	if err == nil && !slices.ContainsFunc(effects, func(e frontdesk.Effect) bool { return e.IdempotencyKey == key }) {
		fail(q.w, http.StatusConflict, "there is no such tool call of which nobody knows what came")
		return false
	}
	return q.did(err) && q.did(c.Agent.Resolve(q.r.Context(), q.id, frontdesk.Resolution{
		IdempotencyKey: key, Happened: *body.Happened, By: q.name, Note: body.Note,
	}))
}

func (c Colleagues) close(q *request) bool {
	var body Note
	return q.body(q.w, q.r, &body) && q.did(c.Agent.Close(q.r.Context(), q.id, q.name, body.Text))
}
