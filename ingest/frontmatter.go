package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// maxFrontMatter is the most bytes of front matter that are read.
const maxFrontMatter = 64 << 10

// frontMatter is what a Markdown page says about itself. Keys that are not here
// are ignored; those that say for whom or for when a page is must be right, or
// the page is not read: a typing error must not publish it.
type frontMatter struct {
	Title        string            `yaml:"title"`
	URL          string            `yaml:"url"`
	CanonicalURL string            `yaml:"canonical_url"`
	Permalink    string            `yaml:"permalink"`
	Tenant       string            `yaml:"tenant"`
	Audience     oneOrMore         `yaml:"audience"`
	Labels       map[string]string `yaml:"labels"`
	Language     string            `yaml:"language"`
	Lang         string            `yaml:"lang"`
	ValidFrom    string            `yaml:"valid_from"`
	ValidUntil   string            `yaml:"valid_until"`
	ExpiryDate   string            `yaml:"expiryDate"`  // Hugo
	PublishDate  string            `yaml:"publishDate"` // Hugo
	Draft        bool              `yaml:"draft"`
	Internal     bool              `yaml:"internal"`
	Published    *bool             `yaml:"published"`
}

// oneOrMore is a text or a list of them.
type oneOrMore []string

func (o *oneOrMore) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		var text string
		if err := node.Decode(&text); err != nil {
			return err
		}
		*o = splitList(text)
		return nil
	}
	return node.Decode((*[]string)(o))
}

func splitList(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// cutFrontMatter returns what stands between two lines of --- at the beginning
// of a page, and what follows.
func cutFrontMatter(text string) (matter, body string, ok bool) {
	rest, ok := strings.CutPrefix(text, "---\n")
	if !ok {
		return "", text, false
	}
	for at := 0; at < len(rest); {
		end := strings.IndexByte(rest[at:], '\n')
		line, next := rest[at:], len(rest)
		if end >= 0 {
			line, next = rest[at:at+end], at+end+1
		}
		if line = strings.TrimRight(line, " \t"); line == "---" || line == "..." {
			return rest[:at], rest[next:], true
		}
		if at = next; at > maxFrontMatter {
			break
		}
	}
	return "", text, false
}

// apply reads front matter into a document. It returns a [*SkipError] for a page
// that is not to be published.
func (m *frontMatter) apply(doc *Document) error {
	switch {
	case m.Draft:
		return withhold(doc.ID, "it is a draft")
	case m.Internal:
		return withhold(doc.ID, "it is internal")
	case m.Published != nil && !*m.Published:
		return withhold(doc.ID, "it is not published")
	}
	doc.Title = oneLine(m.Title)
	for _, address := range []string{m.URL, m.CanonicalURL, m.Permalink} {
		if doc.URL == "" {
			doc.URL = address
		}
	}
	doc.Tenant = m.Tenant
	doc.Audience = slices.DeleteFunc([]string(m.Audience), func(group string) bool { return strings.TrimSpace(group) == "" })
	if m.Audience != nil && len(doc.Audience) == 0 {
		return errors.New("front matter: audience names no group: leave it out if the page is for all")
	}
	doc.Labels = m.Labels
	for _, language := range []string{m.Language, m.Lang} {
		if language != "" && doc.Labels["language"] == "" {
			if doc.Labels == nil {
				doc.Labels = make(map[string]string)
			}
			doc.Labels["language"] = language
		}
	}
	var err error
	for _, from := range []string{m.ValidFrom, m.PublishDate} {
		if from != "" && doc.ValidFrom.IsZero() {
			if doc.ValidFrom, err = parseDate(from, false); err != nil {
				return fmt.Errorf("front matter: valid_from: %w", err)
			}
		}
	}
	for _, until := range []string{m.ValidUntil, m.ExpiryDate} {
		if until != "" && doc.ValidUntil.IsZero() {
			if doc.ValidUntil, err = parseDate(until, true); err != nil {
				return fmt.Errorf("front matter: valid_until: %w", err)
			}
		}
	}
	return nil
}

// parseDate reads a date or a time. A date means the day in UTC: its beginning,
// or its end if it is the last one.
func parseDate(text string, last bool) (time.Time, error) {
	text = strings.TrimSpace(text)
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		if last {
			day = day.AddDate(0, 0, 1)
		}
		return day, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date: write 2026-01-31 or 2026-01-31T12:00:00Z", text)
}
