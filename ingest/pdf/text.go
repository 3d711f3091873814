package pdf

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/klippa-app/go-pdfium/responses"
)

// file is what was read of a PDF file.
type file struct {
	title     string
	pages     [][]string // lines
	bookmarks []bookmark
	images    []int // numbers of the pages without text
}

// bookmark is an entry of a file's table of contents.
type bookmark struct {
	title string
	level int
	page  int // from 0, or -1
}

// The bounds of a table of contents, which is a tree that may be made up.
const (
	maxBookmarks     = 5000
	maxBookmarkDepth = 6
)

func flatten(into []bookmark, from []responses.GetBookmarksBookmark, level int) []bookmark {
	for _, b := range from {
		if len(into) >= maxBookmarks {
			return into
		}
		entry := bookmark{title: b.Title, level: level, page: -1}
		switch {
		case b.DestInfo != nil:
			entry.page = b.DestInfo.PageIndex
		case b.ActionInfo != nil && b.ActionInfo.DestInfo != nil:
			entry.page = b.ActionInfo.DestInfo.PageIndex
		}
		into = append(into, entry)
		if level < maxBookmarkDepth {
			into = flatten(into, b.Children, level+1)
		}
	}
	return into
}

// lines splits a page's text. PDFium marks a hyphen at the end of a line by
// U+FFFE or U+0002, with the rest of the word on the next.
func lines(text string) []string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0002", "\ufffe", "\u00a0", " ", "\u00ad", "").Replace(text)
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.Map(func(r rune) rune {
			if r != '\t' && unicode.IsControl(r) || r == utf8.RuneError {
				return -1
			}
			return r
		}, line)
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func characters(lines []string) int {
	count := 0
	for _, line := range lines {
		for _, r := range line {
			if !unicode.IsSpace(r) {
				count++
			}
		}
	}
	return count
}

// margin is how many lines at the top and at the bottom of a page may be those
// of all pages.
const margin = 2

var digits = regexp.MustCompile(`\d+`)

// running returns the lines, with numbers made equal, that stand at the border
// of at least half of the pages.
func (f *file) running() map[string]bool {
	counts := make(map[string]int)
	for _, page := range f.pages {
		seen := make(map[string]bool)
		for i, line := range page {
			if i < margin || i >= len(page)-margin {
				seen[digits.ReplaceAllString(line, "0")] = true
			}
		}
		for line := range seen {
			counts[line]++
		}
	}
	running := make(map[string]bool)
	for line, count := range counts {
		if count >= 3 && 2*count >= len(f.pages) {
			running[line] = true
		}
	}
	return running
}

var pageNumber = regexp.MustCompile(`^(?:\p{L}+ )?[-–]?\s*(?:\d{1,4}|[ivxlc]{1,6})\s*[-–]?(?: (?:/|of|von|de|sur|di) \d{1,4})?$`)

// markdown puts the lines of all pages together.
func (f *file) markdown() string {
	running := f.running()
	var w writer
	for number, page := range f.pages {
		headings := make(map[string]int)
		for _, b := range f.bookmarks {
			if b.page == number {
				headings[letters(b.title)] = b.level
			}
		}
		width := 0
		for _, line := range page {
			width = max(width, utf8.RuneCountInString(line))
		}
		for i := 0; i < len(page); i++ {
			line := page[i]
			border := i < margin || i >= len(page)-margin
			if border && (running[digits.ReplaceAllString(line, "0")] || i == len(page)-1 && pageNumber.MatchString(line)) {
				continue
			}
			if level, ok := heading(headings, line); ok {
				w.heading(line, level)
				continue
			}
			if border && f.isRunningTitle(line) {
				continue
			}
			if i+1 < len(page) { // a heading on two lines
				if level, ok := heading(headings, line+page[i+1]); ok {
					w.heading(line+" "+page[i+1], level)
					i++
					continue
				}
			}
			w.line(line, width)
		}
	}
	w.end()
	return w.text.String()
}

// heading returns the level of the heading that a line is.
func heading(headings map[string]int, line string) (int, bool) {
	if len(headings) == 0 || len(line) > 300 {
		return 0, false
	}
	all := letters(line)
	if all == "" {
		return 0, false
	}
	if level, ok := headings[all]; ok {
		return level, true
	}
	// Bookmarks leave out the number of a section, or lines do.
	level, ok := headings[strings.TrimLeft(all, "0123456789")]
	return level, ok
}

// isRunningTitle reports whether a line at the border of a page is a bookmark's
// title with a page number beside it.
func (f *file) isRunningTitle(line string) bool {
	words := strings.Fields(line)
	if len(words) < 2 || !pageNumber.MatchString(words[0]) && !pageNumber.MatchString(words[len(words)-1]) {
		return false
	}
	title := strings.Trim(letters(line), "0123456789")
	for _, b := range f.bookmarks {
		if title != "" && title == strings.Trim(letters(b.title), "0123456789") {
			return true
		}
	}
	return false
}

func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// writer puts lines together to paragraphs.
type writer struct {
	text      strings.Builder
	paragraph strings.Builder
	last      string // line of the paragraph
	short     bool   // it ended early
}

func (w *writer) end() {
	if text := strings.ReplaceAll(w.paragraph.String(), "\ufffe", ""); text != "" {
		if w.text.Len() > 0 {
			w.text.WriteString("\n\n")
		}
		switch {
		case strings.HasPrefix(text, "#"), strings.HasPrefix(text, ">"), strings.HasPrefix(text, "|"), strings.HasPrefix(text, "```"), strings.HasPrefix(text, "~~~"):
			w.text.WriteString(`\`)
		}
		w.text.WriteString(text)
	}
	w.paragraph.Reset()
	w.last = ""
}

func (w *writer) heading(line string, level int) {
	w.end()
	if w.text.Len() > 0 {
		w.text.WriteString("\n\n")
	}
	w.text.WriteString(strings.Repeat("#", min(level+1, 6)) + " " + line)
}

// listMark matches how items of lists begin.
var listMark = regexp.MustCompile(`^(?:[•●▪◦‣∙·–*-]|\d{1,3}[.)]|[a-z][.)])\s+`)

// line adds a line of a page whose longest one has width characters.
func (w *writer) line(line string, width int) {
	item := listMark.MatchString(line)
	if w.last != "" {
		first, _ := utf8.DecodeRuneInString(line)
		end, _ := utf8.DecodeLastRuneInString(strings.TrimRight(w.last, `"'”’)]»`))
		sentence := strings.ContainsRune(".!?:…。！？", end)
		switch {
		case item, w.short && (sentence || !unicode.IsLower(first)):
			w.end()
		}
	}
	if item {
		mark := listMark.FindString(line)
		if !unicode.IsDigit(rune(mark[0])) {
			line = "- " + line[len(mark):]
		}
	}
	switch {
	case w.last == "":
	case strings.HasSuffix(w.last, "\ufffe"):
		// The word goes on.
	case strings.HasSuffix(w.last, "-"):
		// A hyphen that was written, like that of e-mail.
	case wide(w.last) && wideStart(line):
		// Scripts that put no spaces between words put none between lines.
	default:
		w.paragraph.WriteByte(' ')
	}
	w.paragraph.WriteString(line)
	w.last = line
	w.short = utf8.RuneCountInString(line)*10 < width*8
}

func isWide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303F || r >= 0xFF00 && r <= 0xFF65
}

func wide(text string) bool      { r, _ := utf8.DecodeLastRuneInString(text); return isWide(r) }
func wideStart(text string) bool { r, _ := utf8.DecodeRuneInString(text); return isWide(r) }
