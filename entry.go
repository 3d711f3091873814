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
	EntryGuarded         EntryKind = "guarded"          // a reply was changed or held back
	EntryTurnEnded       EntryKind = "turn_ended"       // the turn came to its end
	EntryTurnTaken       EntryKind = "turn_taken"       // an unfinished turn is gone on with
	EntryApprovalAsked   EntryKind = "approval_asked"   // somebody was asked whether a tool may run
	EntryApprovalDecided EntryKind = "approval_decided" // and answered
	EntryCallsParked     EntryKind = "calls_parked"     // the turn goes on without those answers
	EntryEffectResolved  EntryKind = "effect_resolved"  // it was found out what came of a tool call

	EntryClaimed        EntryKind = "claimed"         // a human is there who has it from now on
	EntryClosed         EntryKind = "closed"          // a human closed the conversation
	EntryColleagueActed EntryKind = "colleague_acted" // a human did something for the customer

	EntryRaised         EntryKind = "raised"          // a handoff that nobody has claimed was told again
	EntryHandoffRefused EntryKind = "handoff_refused" // the caller's hook let a handoff not happen

	EntryPriorConversations EntryKind = "prior_conversations" // earlier ones of the customer were found
	EntryTrimmed            EntryKind = "trimmed"             // the beginning is left out of prompts from here on
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
		// Signals are what in the text seems to be meant for the model, or was
		// taken out of it, and Escalate why a guard wants a human for it.
		Signals  []string `json:"signals,omitempty"`
		Escalate string   `json:"escalate,omitempty"`
		// Decides is the id of the approval that the message answers with
		// yes. It is then a part of the call's result.
		Decides string `json:"decides,omitempty"`
	}
	passagesFound struct {
		Query    Query     `json:"query"`
		Passages []Passage `json:"passages,omitempty"`
		Error    string    `json:"error,omitempty"`
		// Signals are what in them seems to give instructions.
		Signals []string `json:"signals,omitempty"`
	}
	modelAnswer struct {
		Message  Message      `json:"message"`
		Finish   FinishReason `json:"finish,omitempty"`
		Model    string       `json:"model,omitempty"`
		Usage    Usage        `json:"usage"`
		Requests int          `json:"requests"`
		// Prompt is what the prompt was made of, beside the messages.
		Prompt promptParts `json:"prompt,omitzero"`
		// Read is the number of the newest entry that was in the log when the
		// model was asked: it has not read messages behind it.
		Read int64 `json:"read,omitempty"`
	}
	toolStarted struct {
		// Call is the call's place among those of the answer, from 0. It does
		// not count where Approval names the approval of a call that the
		// transcript went on without.
		Call           int    `json:"call"`
		Approval       string `json:"approval,omitempty"`
		IdempotencyKey string `json:"idempotency_key"`
		// Arguments are those the tool runs with, where they are not those of
		// the call.
		Arguments json.RawMessage `json:"arguments,omitempty"`
		NotAfter  time.Time       `json:"not_after,omitzero"`
		// Claims and Counts are what the append claimed and counted, to be
		// given back if it comes to nothing.
		Claims []string  `json:"claims,omitempty"`
		Counts []counted `json:"counts,omitempty"`
	}
	counted struct {
		Account string        `json:"account"`
		Limit   int           `json:"limit"`
		Period  time.Duration `json:"period"`
		Amount  int64         `json:"amount"`
	}
	toolFinished struct {
		Call     int        `json:"call"`
		Approval string     `json:"approval,omitempty"`
		Status   ToolStatus `json:"status"`
		Content  string     `json:"content"`
		// Interrupted says that the process died during the call, and that it
		// cannot be told what came of it.
		Interrupted bool `json:"interrupted,omitempty"`
		// HandOver is why the tool wants to hand the conversation over.
		HandOver string `json:"hand_over,omitempty"`
		// Passages are those that the search tool found.
		Passages []Passage `json:"passages,omitempty"`
		// Origin says who wrote Content, where the tool's handler did not leave
		// it to the library, and Signals what in it seems to give instructions.
		Origin  origin   `json:"origin,omitempty"`
		Signals []string `json:"signals,omitempty"`

		err    error        // the handler's, where it ran in this process
		effect *effectState // that of the call, likewise
	}
	turnTaken struct {
		// Decided says that the turn waited for a decision. Otherwise its
		// process died.
		Decided bool `json:"decided,omitempty"`
	}
	approvalAsked struct {
		Call     int      `json:"call"`
		Approval Approval `json:"approval"`
	}
	approvalDecided struct {
		Approval string `json:"approval"`
		Approved bool   `json:"approved,omitempty"`
		By       string `json:"by,omitempty"`
		// Words are the colleague's to the model, or the customer's own.
		Words string `json:"words,omitempty"`
		// Arguments are those that were approved, where the colleague changed
		// them.
		Arguments json.RawMessage `json:"arguments,omitempty"`
	}
	callsParked    struct{}
	effectResolved struct {
		IdempotencyKey string `json:"idempotency_key"`
		Happened       bool   `json:"happened,omitempty"`
		// Content is what the tool tells of it.
		Content string `json:"content,omitempty"`
		By      string `json:"by,omitempty"`
		Note    string `json:"note,omitempty"`
	}
	ticketOpened struct {
		Handoff string `json:"handoff"`
		Ticket  string `json:"ticket"`
	}
	handedBack struct {
		By   string `json:"by,omitempty"`
		Note string `json:"note,omitempty"`
	}
	raised struct {
		Handoff string `json:"handoff,omitempty"`
		// Times is how often it was raised so far: as before, if somebody had
		// claimed it meanwhile, and nothing but the wait was ended.
		Times  int    `json:"times,omitempty"`
		Ticket string `json:"ticket,omitempty"`
	}
	handoffRefused struct {
		// Call is the call of the escalation tool that was refused, nil if the
		// customer's own words were.
		Call    *int          `json:"call,omitempty"`
		AskedBy AskedBy       `json:"asked_by"`
		Reason  HandoffReason `json:"reason,omitempty"`
		Words   string        `json:"words"`
	}
	claimed struct {
		By string `json:"by"`
	}
	closed struct {
		By   string `json:"by,omitempty"`
		Note string `json:"note,omitempty"`
	}
	colleagueActed struct {
		By     string `json:"by,omitempty"`
		Did    string `json:"did"`
		Result string `json:"result,omitempty"`
		// Tool and Arguments are the call that it amounts to.
		Tool      string          `json:"tool,omitempty"`
		Arguments json.RawMessage `json:"arguments,omitempty"`
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

// The data of entries about what the model reads.
type (
	priorFound struct {
		// Conversations are those that the model reads, newest first, and
		// Omitted is how many there was no room for.
		Conversations []priorConversation `json:"conversations"`
		Omitted       int                 `json:"omitted,omitempty"`
	}
	trimmed struct {
		// Conversations is how many of the earlier ones are kept.
		Conversations int `json:"conversations,omitempty"`
		// Turns are left out, up to the entry Through, with which the first
		// begins that is kept.
		Turns   int   `json:"turns,omitempty"`
		Through int64 `json:"through,omitempty"`
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
	case EntryRaised:
		return decodeAs[raised](e)
	case EntryHandoffRefused:
		return decodeAs[handoffRefused](e)
	case EntryClaimed:
		return decodeAs[claimed](e)
	case EntryClosed:
		return decodeAs[closed](e)
	case EntryColleagueActed:
		return decodeAs[colleagueActed](e)
	case EntryPosted:
		return decodeAs[posted](e)
	case EntryTurnEnded:
		return decodeAs[turnEnded](e)
	case EntryTurnTaken:
		return decodeAs[turnTaken](e)
	case EntryApprovalAsked:
		return decodeAs[approvalAsked](e)
	case EntryApprovalDecided:
		return decodeAs[approvalDecided](e)
	case EntryCallsParked:
		return decodeAs[callsParked](e)
	case EntryEffectResolved:
		return decodeAs[effectResolved](e)
	case EntryPriorConversations:
		return decodeAs[priorFound](e)
	case EntryTrimmed:
		return decodeAs[trimmed](e)
	case EntryGuarded:
		return decodeAs[guarded](e)
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
