package ingest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Role says who wrote a message of a ticket.
type Role string

// The roles in a ticket.
const (
	Customer Role = "customer"
	Agent    Role = "agent"
	Bot      Role = "bot"
	Note     Role = "note" // an agent to other agents: internal
)

// Ticket is a customer's request with what was said about it, from any helpdesk.
type Ticket struct {
	ID      string
	Subject string
	URL     string // where customers can read it, usually nowhere

	// Status is the helpdesk's word for it. Resolved says whether it means
	// that the request was dealt with, Rejected why the ticket cannot be
	// knowledge all the same, such as for being spam.
	Status   string
	Resolved bool
	Rejected string

	Tags      []string
	Language  string
	CreatedAt time.Time
	UpdatedAt time.Time

	// Messages stand in the order in which they were written.
	Messages []TicketMessage

	// Names are those of the people in the ticket as far as the export has
	// them, with their mail addresses and telephone numbers. They are what is
	// scrubbed, and are part of no document.
	Names []string
}

// TicketMessage is a message of a [Ticket].
type TicketMessage struct {
	Role Role
	Text string // plain, or Markdown if it was HTML
	At   time.Time
}

// Document makes a question with its answer of a ticket. Its id is the ticket's,
// its title the subject. Notes and what bots wrote are left out, as are quoted
// mails and signatures; the rest is scrubbed of personal data. Tags are labels of
// the form "tag:refund", with the value "true".
//
// A ticket that is not resolved, was rejected, or has no answer by an agent
// becomes a [*SkipError].
func (t *Ticket) Document(scrubber *Scrubber) (Document, error) {
	id := t.ID
	if id == "" {
		return Document{}, skip(t.Subject, errors.New("the ticket has no id"))
	}
	switch {
	case t.Rejected != "":
		return Document{}, withhold(id, t.Rejected)
	case !t.Resolved:
		return Document{}, withhold(id, fmt.Sprintf("its status is %q: only resolved tickets become knowledge", t.Status))
	}
	if !slices.ContainsFunc(t.Messages, func(m TicketMessage) bool { return m.At.IsZero() }) {
		slices.SortStableFunc(t.Messages, func(a, b TicketMessage) int { return a.At.Compare(b.At) })
	}
	var turns []string
	asked, answered := false, false
	for _, message := range t.Messages {
		text := scrubber.Scrub(withoutQuotes(message.Text), t.Names...)
		if text == "" {
			continue
		}
		switch message.Role {
		case Customer:
			turns = append(turns, "Customer: "+text)
			asked = true
		case Agent:
			turns = append(turns, "Agent: "+text)
			answered = true
		}
	}
	subject := oneLine(scrubber.Scrub(t.Subject, t.Names...))
	if !answered {
		return Document{}, withhold(id, "no agent has answered it in public")
	}
	if !asked && subject == "" {
		return Document{}, withhold(id, "the customer's question is not in it")
	}
	doc := Document{ID: id, Title: subject, URL: webAddress(t.URL), Text: strings.Join(turns, "\n\n"), Plain: true, Attributes: Attributes{Untrusted: true}}
	doc.Labels = map[string]string{"kind": "ticket"}
	if t.Language != "" {
		doc.Labels["language"] = t.Language
	}
	for _, tag := range t.Tags {
		doc.Labels["tag:"+tag] = "true"
	}
	return doc, nil
}

// quoteIntroduction matches the line above the mail that is answered, as common
// programs write it.
var quoteIntroduction = regexp.MustCompile(`(?im)^[ \t>*]*(?:on\b.{4,200}\bwrote|am\b.{4,200}\bschrieb\b.{0,200}|le\b.{4,200}\ba écrit|el\b.{4,200}\bescribió|il\b.{4,200}\bha scritto|em\b.{4,200}\bescreveu|op\b.{4,200}\bschreef\b.{0,200})[ \t]*:[ \t]*$` +
	`|^[ \t]*-{2,}[ \t]*(?:original message|ursprüngliche nachricht|message d'origine|mensaje original|messaggio originale|oorspronkelijk bericht|forwarded message|weitergeleitete nachricht)[ \t]*-{2,}[ \t]*$` +
	`|^[ \t]*##- (?:please type your reply above this line|bitte geben sie ihre antwort).*$` +
	`|^[ \t]*(?:\*\*)?(?:from|von|de|da):(?:\*\*)?[ \t].*\n[ \t]*(?:\*\*)?(?:sent|gesendet|date|datum|envoyé|enviado|inviato|to|an):`)

// withoutQuotes returns what a message says itself: without the mail it answers,
// and without the signature.
func withoutQuotes(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if at := quoteIntroduction.FindStringIndex(text); at != nil {
		if rest := strings.TrimSpace(text[:at[0]]); rest != "" {
			text = rest
		}
	}
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "-- " || line == "--" {
			break // a signature follows (RFC 3676, section 4.3)
		}
		if !strings.HasPrefix(strings.TrimLeft(line, " "), ">") {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// isResolved reports whether a status word of any helpdesk means so.
func isResolved(status string) bool {
	switch strings.ToLower(status) {
	case "solved", "resolved", "closed", "done", "answered", "complete", "completed":
		return true
	}
	return false
}
