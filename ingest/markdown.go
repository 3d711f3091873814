package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Markdown is the [Decoder] of Markdown pages, with GitHub's tables.
//
// A page may begin with front matter in YAML: title, url, tenant, audience (a
// name or a list), labels (a map), language, valid_from and valid_until. A date
// without a time is a day in UTC, and valid_until includes it. Pages that say
// draft: true, internal: true or published: false are withheld.
//
// Comments are left out.
type Markdown struct {
	// JSX reads MDX: imports, exports and comments in braces are left out, and
	// of the components there remains what they hold, and their title.
	JSX bool
}

// Decode implements [Decoder].
func (m Markdown) Decode(_ context.Context, name string, data []byte) iter.Seq2[Document, error] {
	return one(m.document(name, data))
}

func (m Markdown) document(name string, data []byte) (Document, error) {
	text, err := utf8Text(data)
	if err != nil {
		return Document{}, err
	}
	doc := Document{ID: name}
	if strings.HasPrefix(text, "+++\n") {
		return Document{}, errors.New("its front matter is TOML: write it in YAML, between lines of ---")
	}
	matter, body, ok := cutFrontMatter(text)
	if ok {
		var fields frontMatter
		if err := yaml.Unmarshal([]byte(matter), &fields); err != nil {
			return Document{}, fmt.Errorf("front matter: %w", err)
		}
		if err := fields.apply(&doc); err != nil {
			return Document{}, err
		}
	}
	if m.JSX {
		body = withoutJSX(body)
	}
	doc.Text = withoutComments(body)
	if doc.Title == "" {
		doc.Title = firstHeading(doc.Text)
	}
	if doc.Title == "" {
		doc.Title = titleOfFile(name)
	}
	return doc, nil
}

// firstHeading returns the words of the heading on the first line that is not
// empty.
func firstHeading(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			words := strings.TrimLeft(line, "#")
			if marks := len(line) - len(words); marks >= 1 && marks <= 6 && strings.HasPrefix(words, " ") {
				return headingWords(words)
			}
			return ""
		}
	}
	return ""
}

// outsideCode calls edit for each run of lines that are not in fenced code, and
// keeps the others as they are.
func outsideCode(text string, edit func(string) string) string {
	if !strings.Contains(text, "```") && !strings.Contains(text, "~~~") {
		return edit(text)
	}
	var out, prose strings.Builder
	fence := ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimLeft(line, " \t>")
		marks := ""
		for _, mark := range []string{"`", "~"} {
			if run := len(trimmed) - len(strings.TrimLeft(trimmed, mark)); run >= 3 {
				marks = trimmed[:run]
			}
		}
		switch {
		case fence == "" && marks != "":
			out.WriteString(edit(prose.String()))
			prose.Reset()
			fence = marks
			out.WriteString(line)
		case fence != "":
			out.WriteString(line)
			if strings.HasPrefix(marks, fence) && strings.TrimSpace(strings.TrimLeft(trimmed, marks[:1])) == "" {
				fence = ""
			}
		default:
			prose.WriteString(line)
		}
	}
	out.WriteString(edit(prose.String()))
	return out.String()
}

var htmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)

func withoutComments(text string) string {
	if !strings.Contains(text, "<!--") {
		return text
	}
	return outsideCode(text, func(prose string) string { return htmlComment.ReplaceAllString(prose, "") })
}

// What MDX adds to Markdown.
var (
	jsxStatement = regexp.MustCompile(`(?m)^(?:import\s+(?:[\w{*"'][^\n]*from\s+)?["'][^\n]*["'];?|export\s+(?:const|let|var|default|function)\b[^\n]*)$\n?`)
	jsxComment   = regexp.MustCompile(`(?s)\{/\*.*?\*/\}`)
	jsxTag       = regexp.MustCompile(`</?[A-Z][\w.]*(?:\s+[\w:-]+(?:=(?:"[^"]*"|'[^']*'|\{[^{}]*\}))?)*\s*/?>|</?>`)
	jsxTitle     = regexp.MustCompile(`\s(?:title|label|question|summary|header)=(?:"([^"]*)"|'([^']*)')`)
)

func withoutJSX(text string) string {
	return outsideCode(text, func(prose string) string {
		prose = jsxComment.ReplaceAllString(jsxStatement.ReplaceAllString(prose, ""), "")
		return jsxTag.ReplaceAllStringFunc(prose, func(tag string) string {
			found := jsxTitle.FindStringSubmatch(tag)
			if found == nil {
				return ""
			}
			return "\n\n**" + found[1] + found[2] + "**\n\n"
		})
	})
}
