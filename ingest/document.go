package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"
)

// Source is where documents come from: [Folder], [Tickets], or one's own.
//
// Documents yields each document once, in the same order each time. A document
// that cannot be read, or should not be, is yielded as a [*SkipError], after
// which the next one follows. Any other error ends the sequence: then nothing is
// known about what was not read, and a sync leaves everything as it was.
//
// A Source yields documents as they are read and does not hold all of them. It
// stops when ctx is cancelled, with the context's error.
type Source interface {
	Documents(ctx context.Context) iter.Seq2[Document, error]
}

// SourceFunc makes a [Source] of a function.
type SourceFunc func(ctx context.Context) iter.Seq2[Document, error]

// Documents calls f.
func (f SourceFunc) Documents(ctx context.Context) iter.Seq2[Document, error] { return f(ctx) }

// Document is one page, one question with its answer, or one ticket, before it
// is cut into passages.
type Document struct {
	// ID names the document within its source, and stays the same when its
	// content changes. It becomes [frontdesk.Passage].Document.
	ID string

	// Title says to people what the document is, URL where to read it. Both
	// may be empty. An empty title is replaced by the first heading.
	Title string
	URL   string

	// Text is the content in Markdown, or without any markup if Plain is set.
	Text  string
	Plain bool

	Attributes
}

// Attributes say for whom, for when and under which labels a document is. They
// mean what the fields of the same name mean in [frontdesk.Passage].
type Attributes struct {
	Tenant     string
	Audience   []string
	Labels     map[string]string
	ValidFrom  time.Time
	ValidUntil time.Time

	// Untrusted says that others than the company wrote the document. [Tickets]
	// and mails are so by themselves.
	Untrusted bool
}

// SkipError says that a document was left out, and why. Syncing goes on.
type SkipError struct {
	// Document is the document's id as far as it is known: for a file that
	// cannot be read it is the file's path.
	Document string

	// Withheld tells a document that is not meant to be knowledge, such as a
	// draft or an open ticket, from one that is broken. What a target holds of
	// a withheld document is removed; what it holds of a broken one stays,
	// since an old page is better than none.
	Withheld bool

	// Reason is what is wrong.
	Reason error
}

// Error names the document and the reason.
func (e *SkipError) Error() string { return fmt.Sprintf("%s: %v", e.Document, e.Reason) }

// Unwrap returns the reason.
func (e *SkipError) Unwrap() error { return e.Reason }

func skip(document string, reason error) *SkipError {
	return &SkipError{Document: document, Reason: reason}
}

func withhold(document, reason string) *SkipError {
	return &SkipError{Document: document, Withheld: true, Reason: errors.New(reason)}
}

// With returns a source whose documents have the given attributes.
//
// Documents may name attributes of their own, as Markdown does in its front
// matter, and those are no more to be trusted than the documents are. So they
// can narrow what is given here and never widen it: a document that names
// another tenant is withheld; of the audiences those stay that both name, and if
// none does, it is withheld; it is valid while both say so. Labels given here
// win over the document's.
func With(source Source, attributes Attributes) Source {
	return SourceFunc(func(ctx context.Context) iter.Seq2[Document, error] {
		return func(yield func(Document, error) bool) {
			for doc, err := range source.Documents(ctx) {
				if err == nil {
					if err = doc.narrow(attributes); err != nil {
						doc = Document{}
					}
				}
				if !yield(doc, err) {
					return
				}
			}
		}
	})
}

func (doc *Document) narrow(to Attributes) error {
	if to.Tenant != "" {
		if doc.Tenant != "" && doc.Tenant != to.Tenant {
			return withhold(doc.ID, fmt.Sprintf("it says it is for tenant %q, its source is for %q", doc.Tenant, to.Tenant))
		}
		doc.Tenant = to.Tenant
	}
	switch {
	case len(to.Audience) == 0:
	case len(doc.Audience) == 0:
		doc.Audience = slices.Clone(to.Audience)
	default:
		both := slices.DeleteFunc(slices.Clone(doc.Audience), func(group string) bool { return !slices.Contains(to.Audience, group) })
		if len(both) == 0 {
			return withhold(doc.ID, fmt.Sprintf("it says it is for %q, its source is for %q", doc.Audience, to.Audience))
		}
		doc.Audience = both
	}
	if len(to.Labels) > 0 {
		labels := maps.Clone(doc.Labels)
		if labels == nil {
			labels = make(map[string]string, len(to.Labels))
		}
		maps.Copy(labels, to.Labels)
		doc.Labels = labels
	}
	doc.Untrusted = doc.Untrusted || to.Untrusted
	if to.ValidFrom.After(doc.ValidFrom) {
		doc.ValidFrom = to.ValidFrom
	}
	if !to.ValidUntil.IsZero() && (doc.ValidUntil.IsZero() || to.ValidUntil.Before(doc.ValidUntil)) {
		doc.ValidUntil = to.ValidUntil
	}
	return nil
}
