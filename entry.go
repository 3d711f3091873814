package frontdesk

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"
)

// EntryKind says what an [Entry] tells.
type EntryKind string

// The kinds of entries. docs/log.md shows the data of each.
const (
	EntryTurnStarted     EntryKind = "turn_started"     // the agent took a turn
	EntryCustomerMessage EntryKind = "customer_message" // the customer said something
	EntryPassages        EntryKind = "passages"         // the knowledge base was searched
	EntryAnswer          EntryKind = "answer"           // the model answered
	EntryToolStarted     EntryKind = "tool_started"     // a tool with an effect is about to run
	EntryToolFinished    EntryKind = "tool_finished"    // a tool call ended, run or not
	EntryHandoff         EntryKind = "handoff"          // the conversation went to a human
	EntryTicket          EntryKind = "ticket"           // the escalator opened a ticket for it
	EntryHandedBack      EntryKind = "handed_back"      // the human gave it back to the agent
	EntryPosted          EntryKind = "posted"           // a human, or a greeting, spoke to the customer
	EntryTurnEnded       EntryKind = "turn_ended"       // the turn came to its end
)

// entryVersion is the version of the data of all kinds.
const entryVersion = 1

// The data of each kind. Fields are only ever added; a change that older
// readers must not miss takes a new version.
type (
	turnStarted struct {
		Customer Customer `json:"customer"`
		// MessageID is that of the message the turn is about.
		MessageID string `json:"message_id,omitempty"`
	}
	customerMessage struct {
		// MessageID is the channel's id of the message.
		MessageID string              `json:"message_id,omitempty"`
		Customer  Customer            `json:"customer"`
		Text      string              `json:"text,omitempty"`
		Images    []Image             `json:"images,omitempty"`
		Filter    map[string][]string `json:"filter,omitempty"`
	}
	passagesFound struct {
		Query    Query     `json:"query"`
		Passages []Passage `json:"passages,omitempty"`
		Error    string    `json:"error,omitempty"`
	}
	modelAnswer struct {
		Message  Message      `json:"message"`
		Finish   FinishReason `json:"finish,omitempty"`
		Model    string       `json:"model,omitempty"`
		Usage    Usage        `json:"usage"`
		Requests int          `json:"requests"`
	}
	toolStarted struct {
		// Call is the call's place among those of the answer, from 0.
		Call           int    `json:"call"`
		IdempotencyKey string `json:"idempotency_key"`
	}
	toolFinished struct {
		Call    int        `json:"call"`
		Status  ToolStatus `json:"status"`
		Content string     `json:"content"`

		err error // the handler's, where it ran in this process
	}
	ticketOpened struct {
		Handoff string `json:"handoff"`
		Ticket  string `json:"ticket"`
	}
	handedBack struct {
		By   string `json:"by,omitempty"`
		Note string `json:"note,omitempty"`
	}
	posted struct {
		Author string `json:"author,omitempty"`
		Text   string `json:"text"`
	}
	turnEnded struct {
		Outcome Outcome `json:"outcome"`
		// Text is what the customer was told, where it is not what the
		// model answered.
		Text string `json:"text,omitempty"`
		// Error says why a turn failed. Errors of a host or a store may name
		// addresses: they are for operators, not for customers.
		Error string `json:"error,omitempty"`
	}
)

// newEntry makes an entry to be appended. body is one of the types above, or a
// Handoff.
func newEntry(kind EntryKind, turn string, body any) (Entry, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return Entry{}, fmt.Errorf("encode %s entry: %w", kind, err)
	}
	return Entry{
		ID:      rand.Text(),
		Kind:    kind,
		Version: entryVersion,
		Turn:    turn,
		Time:    time.Now().UTC(),
		Data:    data,
		body:    body,
	}, nil
}

// decode returns the entry's data as one of the types above. An entry of an
// unknown kind or version is an error that wraps ErrUnknownEntry.
func (e *Entry) decode() (any, error) {
	if e.body != nil {
		return e.body, nil
	}
	if e.Version != entryVersion {
		return nil, fmt.Errorf("entry %d is %s version %d: %w", e.Sequence, e.Kind, e.Version, ErrUnknownEntry)
	}
	switch e.Kind {
	case EntryTurnStarted:
		return decodeAs[turnStarted](e)
	case EntryCustomerMessage:
		return decodeAs[customerMessage](e)
	case EntryPassages:
		return decodeAs[passagesFound](e)
	case EntryAnswer:
		return decodeAs[modelAnswer](e)
	case EntryToolStarted:
		return decodeAs[toolStarted](e)
	case EntryToolFinished:
		return decodeAs[toolFinished](e)
	case EntryHandoff:
		return decodeAs[Handoff](e)
	case EntryTicket:
		return decodeAs[ticketOpened](e)
	case EntryHandedBack:
		return decodeAs[handedBack](e)
	case EntryPosted:
		return decodeAs[posted](e)
	case EntryTurnEnded:
		return decodeAs[turnEnded](e)
	default:
		return nil, fmt.Errorf("entry %d is of kind %q: %w", e.Sequence, e.Kind, ErrUnknownEntry)
	}
}

func decodeAs[T any](e *Entry) (any, error) {
	var body T
	if err := json.Unmarshal(e.Data, &body); err != nil {
		return nil, fmt.Errorf("decode entry %d (%s): %w", e.Sequence, e.Kind, err)
	}
	return body, nil
}
