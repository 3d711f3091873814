package main

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/frontdesk-go/frontdesk"
)

// readPages makes passages of a folder of Markdown pages: one for each section,
// under its page's title and address.
func readPages(pages fs.FS) ([]frontdesk.Passage, error) {
	names, err := fs.Glob(pages, "*.md")
	if err != nil {
		return nil, err
	}
	var passages []frontdesk.Passage
	for _, name := range names {
		text, err := fs.ReadFile(pages, name)
		if err != nil {
			return nil, err
		}
		found, err := splitPage(name, string(text))
		if err != nil {
			return nil, fmt.Errorf("page %s: %w", name, err)
		}
		passages = append(passages, found...)
	}
	return passages, nil
}

func splitPage(name, text string) ([]frontdesk.Passage, error) {
	matter, body, ok := strings.Cut(strings.TrimPrefix(text, "---\n"), "\n---\n")
	if !ok {
		return nil, fmt.Errorf("it does not begin with a title and url between two lines of ---")
	}
	fields := make(map[string]string)
	for line := range strings.Lines(matter) {
		key, value, _ := strings.Cut(line, ":")
		fields[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	var passages []frontdesk.Passage
	for i, section := range strings.Split("\n"+body, "\n## ") {
		heading, rest, _ := strings.Cut(section, "\n")
		title := fields["title"]
		if i > 0 {
			title += " — " + strings.TrimSpace(heading)
		} else if _, introduction, ok := strings.Cut(section, "\n# "); ok {
			_, rest, _ = strings.Cut(introduction, "\n") // the title again
		}
		if rest = strings.TrimSpace(rest); rest == "" {
			continue
		}
		passages = append(passages, frontdesk.Passage{
			ID:       fmt.Sprintf("%s#%d", name, i),
			Document: name,
			Title:    title,
			URL:      fields["url"],
			Text:     rest,
		})
	}
	return passages, nil
}
