package frontdesk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/internal/private"
)

// AuditRecord says how one turn came to its reply: what the model was given, what it
// did with it, and what was done about that. It is made from the log alone.
type AuditRecord struct {
	Conversation ConversationID `json:"conversation"`
	Turn         string         `json:"turn"`
	Customer     Customer       `json:"customer"`
	Began        time.Time      `json:"began"`
	Ended        time.Time      `json:"ended,omitzero"`
	Outcome      Outcome        `json:"outcome,omitempty"` // empty while the turn runs
	Text         string         `json:"text,omitempty"`    // what the customer was told

	// Signals are what stood out in what the customer and others wrote.
	Signals []string `json:"signals,omitempty"`

	// Answers are those of the model, each with the parts of its prompt.
	Answers []AuditAnswer `json:"answers,omitempty"`

	// Retrieved are the passages that were found in the turn, Used those that
	// stood in its prompts, and Cited those that the reply cites, by their ids.
	Retrieved []string `json:"retrieved,omitempty"`
	Used      []string `json:"used,omitempty"`
	Cited     []string `json:"cited,omitempty"`

	// Tools are the calls with what came of them, and Guards what was changed,
	// held back or handed over.
	Tools  []Step         `json:"tools,omitempty"`
	Guards []AuditVerdict `json:"guards,omitempty"`

	// Requests is how many the turn took, failed attempts included, as far as an
	// answer came of them.
	Requests int `json:"requests"`

	// Handoff is why the conversation went to a human, if it did.
	Handoff HandoffReason `json:"handoff,omitempty"`
}

// AuditAnswer is one answer of the model.
type AuditAnswer struct {
	Time     time.Time `json:"time"`
	Model    string    `json:"model"`
	Attempts int       `json:"attempts"`
	Usage    Usage     `json:"usage"`

	// Instructions and Tools name the system prompt and the declared tools by a
	// hash, Messages is how many messages of the transcript went with them, and
	// Through the number of the newest entry that the model had read.
	Instructions string `json:"instructions,omitempty"`
	Tools        string `json:"tools,omitempty"`
	Messages     int    `json:"messages,omitempty"`
	Through      int64  `json:"through,omitempty"`
}

// AuditVerdict is what a guard did.
type AuditVerdict struct {
	Stage   Stage    `json:"stage"`
	Action  string   `json:"action"` // changed, held or escalated
	Reasons []string `json:"reasons,omitempty"`
}

// promptParts is what a prompt consists of, beside the messages.
type promptParts struct {
	Instructions string `json:"instructions,omitempty"`
	Tools        string `json:"tools,omitempty"`
	Messages     int    `json:"messages,omitempty"`
}

// Audit returns a record for each turn of a conversation, oldest first.
func (a *Agent) Audit(ctx context.Context, id ConversationID) ([]AuditRecord, error) {
	entries, err := a.config.Memory.Load(ctx, id, 0)
	if err != nil {
		return nil, fmt.Errorf("load conversation %s: %w", id, err)
	}
	c := newConversation(id)
	var records []AuditRecord
	at := make(map[string]int) // by turn
	for i := range entries {
		entry := &entries[i]
		steps := len(c.steps)
		if err := c.apply(entry); err != nil {
			return nil, err
		}
		body, _ := entry.decode() // apply has decoded it
		if started, ok := body.(turnStarted); ok {
			at[entry.Turn] = len(records)
			records = append(records, AuditRecord{Conversation: id, Turn: entry.Turn, Customer: started.Customer, Began: entry.Time})
		}
		if n, ok := at[entry.Turn]; ok {
			records[n].take(c, entry, body)
			records[n].Tools = append(records[n].Tools, c.steps[min(steps, len(c.steps)):]...)
		}
	}
	return records, nil
}

// take adds what an entry of the turn says, which c has applied.
func (r *AuditRecord) take(c *conversation, entry *Entry, body any) {
	switch body := body.(type) {
	case customerMessage:
		r.Signals = append(r.Signals, body.Signals...)
	case passagesFound:
		r.retrieve(body.Passages)
		r.Signals = append(r.Signals, body.Signals...)
	case toolFinished:
		r.retrieve(body.Passages)
		r.Signals = append(r.Signals, body.Signals...)
	case modelAnswer:
		r.Requests += body.Requests
		r.Answers = append(r.Answers, AuditAnswer{
			Time: entry.Time, Model: body.Model, Attempts: body.Requests, Usage: body.Usage,
			Instructions: body.Prompt.Instructions, Tools: body.Prompt.Tools, Messages: body.Prompt.Messages, Through: body.Read,
		})
		r.Used = slices.Clone(r.Used[:0])
		for _, passage := range c.passages {
			r.Used = append(r.Used, passage.ID)
		}
	case guarded:
		r.Guards = append(r.Guards, AuditVerdict{Stage: body.Stage, Action: body.Action, Reasons: body.Reasons})
	case Handoff:
		r.Handoff = body.Reason
	case turnEnded:
		r.Outcome, r.Ended = body.Outcome, entry.Time
		if c.turn != nil && c.turn.id == r.Turn && body.Outcome.told() {
			reply := c.reply()
			r.Text = reply.Text
			for _, citation := range reply.Citations {
				r.Cited = append(r.Cited, citation.Passage.ID)
			}
		}
	}
}

func (r *AuditRecord) retrieve(passages []Passage) {
	for _, passage := range passages {
		r.Retrieved = append(r.Retrieved, passage.ID)
	}
}

// Redact returns a log in which personal data and secrets are replaced by what they
// were, such as [email 1], the same value by the same words, and the customer's id,
// name and profile by others. It reads like the original and can be folded, so that a
// conversation from production can become a test. Names within texts stay, except the
// customer's own: look it over before it is given away.
func Redact(log []Entry) ([]Entry, error) {
	names := make(map[string]string)
	numbers := make(map[private.Kind]int)
	redact := func(text string) string {
		for real, other := range names {
			text = strings.ReplaceAll(text, real, other)
		}
		return private.Replace(text, private.Find(text), func(kind private.Kind, value string) string {
			key := string(kind) + private.Normal(kind, value)
			if names[key] == "" {
				numbers[kind]++
				names[key] = fmt.Sprintf("[%s %d]", strings.ReplaceAll(string(kind), "_", " "), numbers[kind])
			}
			return names[key]
		})
	}
	redacted := make([]Entry, len(log))
	for i, entry := range log {
		var value any
		decoder := json.NewDecoder(strings.NewReader(string(entry.Data)))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			return nil, fmt.Errorf("redact entry %d (%s): %w", entry.Sequence, entry.Kind, err)
		}
		customersIn(value, names)
		data, err := json.Marshal(redactIn(value, redact))
		if err != nil {
			return nil, fmt.Errorf("redact entry %d (%s): %w", entry.Sequence, entry.Kind, err)
		}
		entry.Data, entry.body, entry.Changes = data, nil, nil
		redacted[i] = entry
	}
	return redacted, nil
}

// customersIn notes what the customers in an entry are called, and what instead.
func customersIn(value any, names map[string]string) {
	fields, ok := value.(map[string]any)
	if !ok {
		return
	}
	if customer, ok := fields["customer"].(map[string]any); ok {
		for field, other := range map[string]string{"id": "customer", "name": "the customer", "profile": ""} {
			if real, ok := customer[field].(string); ok && len(real) > 2 && real != other {
				if _, known := names[real]; !known {
					names[real] = other
				}
			}
		}
	}
	for _, each := range fields {
		customersIn(each, names)
	}
}

// redactIn applies a function to all texts of a JSON value. Ids of entries and calls
// are made by code and tell nothing.
func redactIn(value any, redact func(string) string) any {
	switch value := value.(type) {
	case string:
		return redact(value)
	case []any:
		for i := range value {
			value[i] = redactIn(value[i], redact)
		}
	case map[string]any:
		for key := range value {
			switch key {
			case "time", "started", "not_after", "asked", "expires", "idempotency_key", "digest", "claims":
			default:
				value[key] = redactIn(value[key], redact)
			}
		}
	}
	return value
}
