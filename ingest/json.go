package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
)

// JSON is the [Decoder] of JSON and of JSONL, a JSON object in each line. It
// reads these objects, in a list, in an object that holds a list, or alone, and
// tells them apart by their keys:
//
//   - questions with their answers: question or questions (a list of ways to
//     ask), answer; id, category, language and url may follow;
//   - a FAQPage of schema.org;
//   - articles of Zendesk's help centre, and of Intercom's;
//   - documents: id, title, text (or body, content) in Markdown, url, and the
//     keys that [Markdown] has in its front matter.
//
// Tickets are read by [Tickets].
type JSON struct{}

// Decode implements [Decoder].
func (JSON) Decode(ctx context.Context, name string, data []byte) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		text, err := utf8Text(data)
		if err != nil {
			yield(Document{}, err)
			return
		}
		if strings.TrimSpace(text) == "" {
			yield(Document{}, errors.New("it is empty"))
			return
		}
		for r, err := range jsonRecords([]byte(text)) {
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				if !yield(Document{}, skip(name, err)) {
					return
				}
				continue
			}
			if isType(r.shallow(), "FAQPage") || r.has("@graph") {
				for _, doc := range faqPage([]byte(text), Document{ID: name}) {
					if !yield(doc, nil) {
						return
					}
				}
				return
			}
			doc, err := r.document(name)
			if !yield(doc, err) {
				return
			}
		}
	}
}

// shallow returns the type of a JSON-LD object as [isType] reads it.
func (r *record) shallow() map[string]any {
	var kinds []any
	for _, kind := range r.texts("@type") {
		kinds = append(kinds, kind)
	}
	return map[string]any{"@type": kinds}
}

func (r *record) document(file string) (Document, error) {
	at := func(err error) error {
		if _, ok := errors.AsType[*SkipError](err); ok || err == nil {
			return err
		}
		return skip(file, fmt.Errorf("%s: %w", r.place, err))
	}
	switch {
	case ticketFormat(r) != "":
		return Document{}, skip(file, errors.New("it holds tickets: read the folder as ingest.Tickets, which leaves out what is internal and personal"))
	case r.has("answer") || r.has("answers"):
		q := question{
			id: r.text("id"), phrases: append(r.texts("question"), r.texts("questions")...), answer: strings.Join(append(r.texts("answer"), r.texts("answers")...), "\n\n"),
			url: r.text(urlKeys...), language: r.text(languageKeys...), category: r.text(categoryKeys...),
		}
		if len(q.phrases) == 0 {
			q.phrases = r.texts("title")
		}
		if len(q.phrases) == 0 || oneLine(q.phrases[0]) == "" || strings.TrimSpace(q.answer) == "" {
			return Document{}, at(errors.New("the question or the answer is empty"))
		}
		if r.has("valid_from") || r.has("valid_until") || r.has("audience") || r.has("tenant") || r.flag("draft") {
			doc, err := q.documentOf(file)
			if err != nil {
				return doc, err
			}
			return doc, at(r.attributes(&doc))
		}
		return q.documentOf(file)
	case r.has("section_id") && r.has("draft"), r.has("user_segment_id"):
		return r.zendeskArticle(file)
	case r.text("type") == "article" && r.has("state"), r.list == "data" && r.has("body") && r.has("state"):
		return r.intercomArticle(file)
	}
	doc := Document{
		Title: oneLine(r.text("title", "name", "subject")),
		URL:   webAddress(r.text(urlKeys...)),
		Text:  r.text("text", "body", "content", "markdown", "body_markdown"),
	}
	id := r.text("id", "slug", "key", "path")
	if id == "" || strings.TrimSpace(doc.Text) == "" {
		return Document{}, at(errors.New("it is none of the kinds that are read: it needs question and answer, or id and text"))
	}
	doc.ID = file + "#" + id
	if looksLikeHTML(doc.Text) {
		markdown, err := htmlToMarkdown(doc.Text, doc.URL)
		if err != nil {
			return Document{}, skip(doc.ID, err)
		}
		doc.Text = markdown
	}
	return doc, at(r.attributes(&doc))
}

// attributes reads the keys that Markdown has in its front matter.
func (r *record) attributes(doc *Document) error {
	matter := frontMatter{
		Title: doc.Title, URL: doc.URL,
		Tenant: r.text("tenant"), Audience: r.texts("audience"), Language: r.text(languageKeys...),
		ValidFrom: r.text("valid_from"), ValidUntil: r.text("valid_until"),
		Draft: r.flag("draft"), Internal: r.flag("internal"),
	}
	if r.has("published") {
		published := r.flag("published")
		matter.Published = &published
	}
	if r.has("audience") && len(matter.Audience) == 0 {
		matter.Audience = []string{""} // names no group, which is an error
	}
	matter.Labels = doc.Labels
	for label := range r.object("labels") {
		if matter.Labels == nil {
			matter.Labels = make(map[string]string)
		}
		matter.Labels[label] = r.sub("labels").text(label)
	}
	return matter.apply(doc)
}

// zendeskArticle reads an article of a Zendesk help centre.
func (r *record) zendeskArticle(file string) (Document, error) {
	doc := Document{ID: file + "#" + r.text("id"), Title: oneLine(r.text("title", "name")), URL: webAddress(r.text("html_url"))}
	if locale := r.text("locale"); locale != "" {
		doc.Labels = map[string]string{"language": locale}
	}
	if r.flag("draft") {
		return Document{}, withhold(doc.ID, "it is a draft")
	}
	// A segment is a group of users. Articles without one are for everybody.
	if segment := r.text("user_segment_id"); segment != "" {
		doc.Audience = []string{"segment-" + segment}
	}
	for _, segment := range r.texts("user_segment_ids") {
		if group := "segment-" + segment; len(doc.Audience) == 0 || doc.Audience[0] != group {
			doc.Audience = append(doc.Audience, group)
		}
	}
	return doc.withHTML(r.text("body"))
}

// intercomArticle reads an article of Intercom.
func (r *record) intercomArticle(file string) (Document, error) {
	doc := Document{ID: file + "#" + r.text("id"), Title: oneLine(r.text("title")), URL: webAddress(r.text("url"))}
	if state := r.text("state"); state != "published" {
		return Document{}, withhold(doc.ID, fmt.Sprintf("its state is %q", state))
	}
	for _, audience := range r.texts("audience_ids") {
		doc.Audience = append(doc.Audience, "audience-"+audience)
	}
	if markdown := r.text("body_markdown"); markdown != "" {
		doc.Text = markdown
		return doc, nil
	}
	return doc.withHTML(r.text("body"))
}

func (doc Document) withHTML(body string) (Document, error) {
	text, err := htmlToMarkdown(body, doc.URL)
	if err != nil {
		return Document{}, skip(doc.ID, err)
	}
	if text == "" {
		return Document{}, withhold(doc.ID, "it is empty")
	}
	doc.Text = text
	return doc, nil
}
