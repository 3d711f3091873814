package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"regexp"
	"strings"
)

// Tickets is a [Source] of the resolved tickets in a helpdesk's export: a folder
// of .json and .jsonl files from Zendesk, Intercom or Freshdesk, told apart by
// their keys, or in a form of our own, one ticket in each line:
//
//	{"id": "81", "subject": "Broken lamp", "status": "solved", "tags": ["refund"], "language": "en",
//	 "requester": {"name": "Ana Roy", "email": "ana@example.com"}, "rating": "good",
//	 "messages": [{"role": "customer", "text": "…", "at": "2026-01-14T09:30:00Z"},
//	              {"role": "agent", "text": "…"}, {"role": "note", "text": "…"}]}
//
// Zendesk and Freshdesk export tickets and what was said in them apart. The
// comments of ticket 81 are read from a file whose path has the number 81 last,
// such as comments/81.json, those of Freshdesk from any file, and both from the
// ticket itself, where many exporters put them. Of a ticket that comes several
// times the one that was updated last counts.
//
// What agents wrote to each other becomes no part of any document, and neither
// do tickets that are open, rated badly, spam or without a public answer by a
// person. The rest is scrubbed, see [Scrubber]; but nobody can promise that a
// scrubber finds everything, so give tickets an audience by [With] unless they
// may be shown to all.
type Tickets struct {
	// FS is the folder of the export.
	FS fs.FS

	// Scrubber removes personal data.
	Scrubber Scrubber

	// Keep says which of the tickets become documents, beside the rules above,
	// for example by their tags. Nil means all.
	Keep func(*Ticket) bool

	// MaxBytes is the size from which on a .json file is skipped. Zero means
	// [DefaultMaxBytes]. Files of JSON lines may have any size.
	MaxBytes int64
}

// Documents implements [Source].
func (t Tickets) Documents(ctx context.Context) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		if t.FS == nil {
			yield(Document{}, errors.New("no folder: set Tickets.FS, for example to os.DirFS(path)"))
			return
		}
		export := export{newest: make(map[string]string), said: make(map[string][]*record), people: make(map[string]*record)}
		// Tickets are not held: the first pass notes what belongs to them.
		for r, err := range t.records(ctx) {
			if err == nil {
				export.note(r)
			} else if _, ok := errors.AsType[*SkipError](err); !ok {
				yield(Document{}, err)
				return
			}
		}
		yielded := make(map[string]bool)
		for r, err := range t.records(ctx) {
			if err != nil {
				if !yield(Document{}, err) {
					return
				}
				continue
			}
			format := ticketFormat(&r.record)
			if format == "" {
				if !export.belongs(&r.record) && !yield(Document{}, skip(r.file, errors.New(strings.TrimSpace(r.place+" it is no ticket of a kind that is read")))) {
					return
				}
				continue
			}
			if id := r.text("id"); yielded[id] || r.text("updated_at") != export.newest[id] {
				continue
			} else {
				yielded[id] = true
			}
			ticket := export.ticket(&r.record, format)
			doc, err := ticket.Document(&t.Scrubber)
			if err == nil && t.Keep != nil && !t.Keep(ticket) {
				doc, err = Document{}, withhold(ticket.ID, "the caller does not keep it")
			}
			if !yield(doc, err) {
				return
			}
		}
	}
}

// filed is a record with the file it stands in.
type filed struct {
	record
	file string
}

// records yields the records of all files.
func (t Tickets) records(ctx context.Context) iter.Seq2[filed, error] {
	return func(yield func(filed, error) bool) {
		err := fs.WalkDir(t.FS, ".", func(name string, entry fs.DirEntry, err error) error {
			if ctxErr := ctx.Err(); ctxErr != nil {
				return ctxErr
			}
			if err != nil {
				return err
			}
			base := path.Base(name)
			if name != "." && base[0] == '.' {
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			if !entry.Type().IsRegular() {
				return nil
			}
			stopped := false
			one := func(r record, err error) bool {
				if err != nil {
					err = skip(name, err)
				}
				stopped = !yield(filed{r, name}, err) || ctx.Err() != nil
				return !stopped
			}
			switch strings.ToLower(path.Ext(name)) {
			case ".jsonl", ".ndjson":
				file, err := t.FS.Open(name)
				if err != nil {
					one(record{}, err)
					break
				}
				lineRecords(file, one)
				file.Close()
			case ".json":
				data, err := Folder{FS: t.FS, MaxBytes: t.MaxBytes}.read(name)
				var text string
				if err == nil {
					text, err = utf8Text(data)
				}
				if err != nil {
					one(record{}, err)
					break
				}
				for r, err := range jsonRecords([]byte(text)) {
					if !one(r, err) {
						break
					}
				}
			}
			if stopped {
				return fs.SkipAll
			}
			return nil
		})
		if err == nil {
			err = ctx.Err()
		}
		if err != nil && !errors.Is(err, fs.SkipAll) {
			yield(filed{}, err)
		}
	}
}

// export is what the first pass knows of an export.
type export struct {
	newest map[string]string    // when each ticket was last updated, as it says
	said   map[string][]*record // comments that stand apart, by ticket
	people map[string]*record   // by id
}

func (e *export) note(r filed) {
	switch {
	case ticketFormat(&r.record) != "":
		id := r.text("id")
		if at, known := e.newest[id]; !known || later(r.text("updated_at"), at) {
			e.newest[id] = r.text("updated_at")
		}
	case isPerson(&r.record):
		e.people[r.text("id")] = &r.record
	case isComment(&r.record):
		ticket := r.text("ticket_id")
		if ticket == "" {
			ticket = lastNumber(r.file)
		}
		e.said[ticket] = append(e.said[ticket], &r.record)
	}
}

// later compares times in one format: texts of RFC 3339 or numbers.
func later(a, b string) bool {
	if len(a) != len(b) && !strings.Contains(a, "-") {
		return len(a) > len(b)
	}
	return a > b
}

// belongs reports whether a record is a part of tickets.
func (e *export) belongs(r *record) bool { return isPerson(r) || isComment(r) }

func isPerson(r *record) bool {
	return r.list == "users" || r.has("email") && r.has("name") && !r.has("body") && !r.has("subject")
}

func isComment(r *record) bool {
	return r.has("author_id") && r.has("public") && (r.has("body") || r.has("plain_body") || r.has("html_body")) || r.has("incoming") && r.has("private")
}

var numbers = regexp.MustCompile(`\d+`)

// lastNumber returns the last number in a path, the one nearest to the file.
func lastNumber(name string) string {
	found := numbers.FindAllString(strings.TrimSuffix(name, path.Ext(name)), -1)
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// ticketFormat returns whose ticket a record is, or nothing if it is none.
func ticketFormat(r *record) string {
	switch {
	case !r.has("id"):
		return ""
	case r.has("conversation_parts") || r.has("source") && r.has("state") && r.has("contacts"):
		return "intercom"
	case r.has("messages") && !r.has("requester_id"):
		return "generic"
	case r.has("requester_id") && (r.has("responder_id") || r.has("description_text") || r.has("spam") || isNumber(r.fields["status"])):
		return "freshdesk"
	case r.has("requester_id") && r.has("status"):
		return "zendesk"
	}
	return ""
}

func isNumber(value []byte) bool { return len(value) > 0 && '0' <= value[0] && value[0] <= '9' }

func (e *export) ticket(r *record, format string) *Ticket {
	ticket := &Ticket{
		ID: r.text("id"), Subject: plainText(r.text("subject", "raw_subject", "title")), Status: r.text("status"),
		Tags: r.texts("tags"), Language: r.text(languageKeys...), CreatedAt: r.time("created_at"), UpdatedAt: r.time("updated_at"),
	}
	ticket.Resolved = isResolved(ticket.Status)
	switch format {
	case "intercom":
		e.intercom(ticket, r)
	case "zendesk":
		e.zendesk(ticket, r)
	case "freshdesk":
		e.freshdesk(ticket, r)
	default:
		e.generic(ticket, r)
	}
	for i := range ticket.Messages {
		if message := &ticket.Messages[i]; looksLikeHTML(message.Text) {
			text, err := htmlToMarkdown(message.Text, "")
			if err != nil { // a page in a message: not worth the ticket
				ticket.Rejected = fmt.Sprintf("one of its messages cannot be read: %v", err)
			}
			message.Text = text
		}
	}
	return ticket
}

// person adds what an export says about a person to what is scrubbed.
func (t *Ticket) person(r *record) {
	if r == nil {
		return
	}
	for _, key := range []string{"name", "email", "phone", "mobile", "address"} {
		if text := strings.TrimSpace(r.text(key)); text != "" {
			t.Names = append(t.Names, text)
		}
	}
}

func (t *Ticket) say(role Role, r *record, at string, texts ...string) {
	for _, text := range texts {
		if strings.TrimSpace(text) != "" {
			t.Messages = append(t.Messages, TicketMessage{Role: role, Text: text, At: r.time(at)})
			return
		}
	}
}

// zendesk reads a ticket of the incremental export, with its comments from
// wherever they stand.
func (e *export) zendesk(t *Ticket, r *record) {
	switch {
	case strings.EqualFold(t.Status, "deleted"):
		t.Rejected = "it was deleted"
	case strings.EqualFold(r.sub("satisfaction_rating").text("score"), "bad"):
		t.Rejected = "the customer rated it as bad"
	case r.has("is_public") && !r.flag("is_public"):
		t.Rejected = "it is private"
	}
	requester := r.text("requester_id")
	t.person(e.people[requester])
	from := (&record{fields: r.sub("via").object("source")}).sub("from")
	t.person(from)
	comments := r.objects("comments")
	if len(comments) == 0 {
		comments = e.said[t.ID]
	}
	asked := false
	for _, comment := range comments {
		author := comment.text("author_id")
		person := e.people[author]
		t.person(person)
		t.person(comment.sub("author"))
		role := Agent
		switch {
		case !comment.flag("public"):
			role = Note // also if it does not say
		case author == requester || person != nil && person.text("role") == "end-user":
			role, asked = Customer, true
		}
		t.say(role, comment, "created_at", comment.text("html_body"), comment.text("plain_body"), comment.text("body"))
	}
	if !asked { // the description is the first comment
		t.Messages = append([]TicketMessage{{Role: Customer, Text: r.text("description"), At: t.CreatedAt}}, t.Messages...)
	}
}

// freshdesk reads a ticket with its conversations.
func (e *export) freshdesk(t *Ticket, r *record) {
	t.Resolved = t.Status == "4" || t.Status == "5" || t.Resolved
	if r.flag("spam") {
		t.Rejected = "it is spam"
	}
	if r.flag("deleted") {
		t.Rejected = "it was deleted"
	}
	t.person(e.people[r.text("requester_id")])
	t.person(r.sub("requester"))
	t.person(r)
	t.say(Customer, r, "created_at", r.text("description_text"), r.text("description"))
	conversations := r.objects("conversations")
	if len(conversations) == 0 {
		conversations = e.said[t.ID]
	}
	for _, said := range conversations {
		role := Agent
		switch {
		case !said.has("private") || said.flag("private") || said.text("source") == "2":
			role = Note
		case said.flag("incoming"):
			role = Customer
		}
		t.person(e.people[said.text("user_id")])
		if role == Customer {
			t.Names = append(t.Names, strings.TrimSpace(said.text("from_email")))
		}
		t.say(role, said, "created_at", said.text("body_text"), said.text("body"))
	}
}

// intercom reads a conversation with its parts.
func (e *export) intercom(t *Ticket, r *record) {
	t.Status = r.text("state")
	t.Resolved = t.Status == "closed" || t.Status == "" && r.has("open") && !r.flag("open")
	switch r.sub("conversation_rating").text("rating") {
	case "1", "2":
		t.Rejected = "the customer rated it as bad"
	}
	tags := r.sub("tags")
	for _, tag := range tags.objects("tags") {
		t.Tags = append(t.Tags, tag.text("name"))
	}
	source := r.sub("source")
	if t.Subject == "" {
		t.Subject = plainText(source.text("subject"))
	}
	contacts := r.sub("contacts")
	for _, contact := range contacts.objects("contacts") {
		t.person(contact)
	}
	t.person(source.sub("author"))
	t.say(intercomRole(source), r, "created_at", source.text("body"))
	for _, part := range r.objects("conversation_parts") {
		t.person(part.sub("author"))
		if part.flag("redacted") {
			continue
		}
		role := Note // assignments and the like may carry words between agents
		if part.text("part_type") == "comment" {
			role = intercomRole(part)
		}
		t.say(role, part, "created_at", part.text("body"))
	}
}

func intercomRole(r *record) Role {
	author := r.sub("author")
	switch {
	case author.flag("from_ai_agent") || author.flag("is_ai_answer"):
		return Bot
	}
	switch author.text("type") {
	case "user", "lead", "contact":
		return Customer
	case "admin", "teammate":
		return Agent
	}
	return Bot
}

// generic reads a ticket in our own form.
func (e *export) generic(t *Ticket, r *record) {
	switch strings.ToLower(r.text("rating")) {
	case "bad", "1", "2":
		t.Rejected = "the customer rated it as bad"
	}
	t.URL = r.text("url")
	t.person(r.sub("requester"))
	t.person(r.sub("customer"))
	for _, message := range r.objects("messages") {
		role := Note
		switch strings.ToLower(message.text("role")) {
		case "customer", "requester", "user", "end-user":
			role = Customer
		case "agent", "support", "admin":
			role = Agent
		case "bot", "assistant":
			role = Bot
		}
		if message.has("public") && !message.flag("public") || message.flag("private") || message.flag("internal") {
			role = Note
		}
		t.person(message.sub("author"))
		at := "at"
		if !message.has(at) {
			at = "created_at"
		}
		t.say(role, message, at, message.text("text"), message.text("body"))
	}
}
