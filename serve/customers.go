package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/frontdesk-go/frontdesk"
)

// Customers is the customers' side of an agent. Its handler has one route:
//
//	POST /conversations/{conversation}/messages
//
// The body is a [Message], and the answer a [Reply]; with Accept: text/event-stream
// it is a stream of server-sent events instead, each with one line of JSON:
//
//	text   {"text": "..."}    a piece to append to what the agent says to the message
//	reset  {"text": "..."}    what it says instead, so far
//	done   a Reply            the last one; its text is all that was said
//	error  {"error": "..."}   the last one, if there is no reply: what was said is void
//
// What fails before the first event is answered with a status, as without a stream.
// Give each message an id: then it can be sent again after an error, or to ask for the
// reply that a colleague's decision has led to. The outcome "joined" says that another
// request, which is being answered, brings the reply.
//
// A comment is sent where there was nothing to send for 15 seconds, for proxies; a
// client that takes nothing for 5 is taken for gone. The deadlines of the server
// for writing do not hold for streams.
//
// A turn goes on to its end if the client leaves: the reply is there when the same
// message, with the same id, is sent again. The status is 404 for another customer's
// conversation, 409 for a question that cannot be confirmed, 422 for a message that is
// refused, and 429 with Retry-After where a quota is used up.
//
// Conversations of visitors without a customer id are open to whoever of the tenant
// knows the conversation's id, and become the customer's who first writes in them
// signed in: choose ids that cannot be guessed, and keep them in the visitor's session.
type Customers struct {
	Agent *frontdesk.Agent

	// Identify says who sends a request, and how sure that is. An error means
	// that nobody knows, or that they may not: see [ErrForbidden]. It must be
	// safe for concurrent use.
	Identify func(*http.Request) (frontdesk.Customer, error)

	// Origins are those of other pages that may send requests, such as
	// https://shop.example. Their browsers ask beforehand (CORS): answering that is
	// up to the caller.
	Origins []string

	// Logger gets what clients are not told; nil means [slog.Default].
	Logger *slog.Logger
}

// Message is what a customer sends. One of Text and Confirm must be there.
type Message struct {
	// ID is the channel's id of the message: sent again with it, the message is
	// answered once, and the answer is the same.
	ID string `json:"id,omitempty"`

	Text string `json:"text,omitempty"`

	// Confirm is the id of the [Question] to which the customer said yes.
	Confirm string `json:"confirm,omitempty"`
}

// Reply is what a customer may know of a [frontdesk.Reply].
type Reply struct {
	Outcome frontdesk.Outcome `json:"outcome"`

	// Text is in a small subset of Markdown, and HTML is the same, safe to put into
	// a page.
	Text string `json:"text"`
	HTML string `json:"html"`

	Citations []Citation `json:"citations,omitempty"`

	// Questions are what waits for the customer.
	Questions []Question `json:"questions,omitempty"`

	// Epoch is that of the owner under which the reply was released; see
	// [frontdesk.Ownership].
	Epoch int64 `json:"epoch,omitempty"`
}

// Citation is where a reply has something from.
type Citation struct {
	Number int    `json:"number"` // 2 for "[2]"
	Title  string `json:"title,omitempty"`
	URL    string `json:"url,omitempty"`
}

// Question is what the customer is to confirm, or for what they are to prove who
// they are. When they have, a [Message] with its id in Confirm goes on with it.
type Question struct {
	ID   string                 `json:"id"`
	Kind frontdesk.ApprovalKind `json:"kind"` // "customer" or "verification"
	Text string                 `json:"text,omitempty"`

	// Verification is the level that is needed.
	Verification frontdesk.Verification `json:"verification,omitempty"`
}

// Handler returns the handler, for any number of requests at once.
func (c Customers) Handler() (http.Handler, error) {
	if c.Agent == nil || c.Identify == nil {
		return nil, errors.New("serve: Customers needs an Agent and Identify")
	}
	server := &customerServer{Customers: c, answering: make(map[answering]bool)}
	mux := newRoutes()
	mux.add("POST", "/conversations/{conversation}/messages", server.message)
	return protect(mux, c.Origins)
}

// customerServer is the handler, with the messages that it answers at the moment.
type customerServer struct {
	Customers

	mu        sync.Mutex
	answering map[answering]bool
}

// answering is a message that a request waits for.
type answering struct {
	frontdesk.ConversationID
	message string
}

// begin returns the context of an answer. What a turn does has begun, and ends whether
// or not somebody waits: but who sends a message again only waits for it.
func (c *customerServer) begin(r *http.Request, turn *frontdesk.Turn) (ctx context.Context, end func()) {
	key := answering{frontdesk.ConversationID{Tenant: turn.Customer.Tenant, ID: turn.Conversation}, turn.MessageID}
	c.mu.Lock()
	defer c.mu.Unlock()
	if key.message == "" {
		return context.WithoutCancel(r.Context()), func() {}
	}
	if c.answering[key] {
		return r.Context(), func() {}
	}
	c.answering[key] = true
	return context.WithoutCancel(r.Context()), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.answering, key)
	}
}

func (c *customerServer) message(w http.ResponseWriter, r *http.Request) {
	rd := reader{loggerOr(c.Logger)}
	customer, err := c.Identify(r)
	if err != nil {
		rd.unidentified(w, r, err)
		return
	}
	var message Message
	if !rd.body(w, r, &message) {
		return
	}
	if strings.TrimSpace(message.Text) == "" && message.Confirm == "" {
		fail(w, http.StatusBadRequest, "the message is empty: send text, or the id of a question in confirm")
		return
	}
	if !isName(r.PathValue("conversation")) {
		unknown.write(w)
		return
	}
	if !isName(message.ID) || !isName(message.Confirm) {
		fail(w, http.StatusBadRequest, fmt.Sprintf("an id has at most %d bytes of text", maxName))
		return
	}
	turn := frontdesk.Turn{
		Conversation: r.PathValue("conversation"),
		Customer:     customer,
		MessageID:    message.ID,
		Text:         message.Text,
		Confirm:      message.Confirm,
	}
	ctx, end := c.begin(r, &turn)
	defer end()
	if wantsEvents(r) {
		c.stream(ctx, w, r, turn)
		return
	}
	reply, err := c.Agent.Reply(ctx, turn)
	if err != nil {
		rd.explain(r, err).write(w)
		return
	}
	answer(w, http.StatusOK, replyFor(reply))
}

// stream answers a message with server-sent events.
func (c *customerServer) stream(ctx context.Context, w http.ResponseWriter, r *http.Request, turn frontdesk.Turn) {
	out := newEvents(w)
	defer out.end()
	said, settled := "", "" // in all, and what no reset voids
	for event, err := range c.Agent.Stream(ctx, turn) {
		if err != nil {
			problem := reader{loggerOr(c.Logger)}.explain(r, err)
			if !out.instead(problem.write) {
				out.send("error", map[string]string{"error": problem.words})
			}
			return
		}
		switch event := event.(type) {
		case frontdesk.TextDelta:
			text := event.Text
			if said == settled {
				text = paragraph(said, text)
			}
			said += text
			out.send("text", map[string]string{"text": text})
		case frontdesk.ToolStarted:
			settled = said
		case frontdesk.Reset:
			said = settled
			out.send("reset", map[string]string{"text": said})
		case frontdesk.Done:
			whole := *event.Reply
			if strings.TrimSpace(said) != "" {
				whole.Text = said // with what was said beside tool calls
			}
			out.send("done", replyFor(&whole))
		}
	}
}

// paragraph is what to append to a text to say something after it.
func paragraph(before, text string) string {
	if before = strings.TrimRight(before, " "); before == "" || strings.HasSuffix(before, "\n\n") || strings.TrimSpace(text) == "" {
		return text
	}
	return "\n\n" + strings.TrimLeft(text, " \n")
}

// wantsEvents reports whether a client takes server-sent events.
func wantsEvents(r *http.Request) bool {
	for _, accept := range r.Header.Values("Accept") {
		for one := range strings.SplitSeq(accept, ",") {
			kind, parameters, err := mime.ParseMediaType(one)
			if err != nil || kind != "text/event-stream" {
				continue
			}
			quality, err := strconv.ParseFloat(parameters["q"], 64)
			return err != nil || quality > 0
		}
	}
	return false
}

// replyFor is what the customer may know of a reply.
func replyFor(reply *frontdesk.Reply) Reply {
	shown := Reply{Outcome: reply.Outcome, Text: reply.Text, HTML: reply.HTML(), Epoch: reply.Epoch}
	for _, citation := range reply.Citations {
		shown.Citations = append(shown.Citations, Citation{Number: citation.Number, Title: citation.Passage.Title, URL: citation.Passage.URL})
	}
	for _, approval := range reply.Approvals {
		if approval.Kind != frontdesk.ColleagueApproves {
			shown.Questions = append(shown.Questions, Question{
				ID: approval.ID, Kind: approval.Kind, Text: approval.Question, Verification: approval.Verification,
			})
		}
	}
	return shown
}
