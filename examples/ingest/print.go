package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"

	"github.com/frontdesk-go/frontdesk/index"
	"github.com/frontdesk-go/frontdesk/ingest"
)

// bar shows how far a sync is.
type bar struct {
	out   io.Writer
	stage ingest.Stage
	shown *progressbar.ProgressBar
}

func newBar(out io.Writer) *bar { return &bar{out: out} }

// show follows [ingest.Ingester].Progress. The bar is for the eye: a terminal
// that cannot show it does not stop the work.
func (b *bar) show(p ingest.Progress) {
	if p.Stage != b.stage {
		if b.shown != nil {
			_ = b.shown.Finish()
		}
		total := p.Total
		if total == 0 {
			total = -1 // not known
		}
		b.stage = p.Stage
		b.shown = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(b.out),
			progressbar.OptionSetDescription(string(p.Stage)),
			progressbar.OptionShowCount(),
			progressbar.OptionSetWidth(30),
			progressbar.OptionThrottle(50_000_000),
			progressbar.OptionOnCompletion(func() { fmt.Fprintln(b.out) }),
		)
	}
	_ = b.shown.Set(p.Done)
}

// mostSkipped is how many of the skipped documents are named.
const mostSkipped = 20

func printReport(out io.Writer, r *ingest.Report) {
	fmt.Fprintf(out, "\n%d added, %d changed, %d removed, %d unchanged, %d skipped, in %v.\n",
		len(r.Added), len(r.Changed), len(r.Removed), r.Unchanged, len(r.Skipped), r.Duration.Round(1_000_000))
	fmt.Fprintf(out, "%d passages put in; %d texts embedded in %d requests, %d vectors from the cache.\n", r.Passages, r.Texts, r.Requests, r.Cached)
	for i, skipped := range r.Skipped {
		if i == mostSkipped {
			fmt.Fprintf(out, "  … and %d more\n", len(r.Skipped)-i)
			break
		}
		fmt.Fprintf(out, "  skipped %v\n", skipped)
	}
	for _, kept := range r.Kept {
		fmt.Fprintf(out, "  kept the old version of %s\n", kept)
	}
}

func printHits(out io.Writer, query string, hits []index.Hit, colour bool) {
	fmt.Fprintf(out, "\n%s\n", query)
	if len(hits) == 0 {
		fmt.Fprintln(out, "  Nothing was found.")
	}
	for i, hit := range hits {
		p := hit.Passage
		fmt.Fprintf(out, "%2d. %s  (score %.3f)\n", i+1, highlight(p.Title, hit.Matched, colour), p.Score)
		if p.URL != "" {
			fmt.Fprintf(out, "    %s\n", p.URL)
		}
		fmt.Fprintf(out, "    why: %s\n", why(hit))
		for line := range strings.Lines(excerpt(p.Text, hit.Matched)) {
			fmt.Fprintf(out, "    | %s\n", highlight(strings.TrimRight(line, "\n"), hit.Matched, colour))
		}
	}
}

// why says what found a passage.
func why(hit index.Hit) string {
	var reasons []string
	if hit.WordRank > 0 {
		reasons = append(reasons, fmt.Sprintf("number %d by words, BM25 %.2f (%s)", hit.WordRank, hit.WordScore, strings.Join(hit.Matched, ", ")))
	}
	if hit.VectorRank > 0 {
		reasons = append(reasons, fmt.Sprintf("number %d by meaning, cosine %.3f", hit.VectorRank, hit.VectorScore))
	}
	if len(reasons) == 0 {
		return "among the best by neither words nor meaning alone"
	}
	return strings.Join(reasons, "; ")
}

// excerptLines is how many lines of a passage are shown.
const excerptLines = 4

// excerpt returns the lines of a passage around the one with most of the words.
func excerpt(text string, words []string) string {
	lines := strings.Split(text, "\n")
	best, most := 0, -1
	for i, line := range lines {
		if found := len(spans(line, words)); found > most {
			best, most = i, found
		}
	}
	from := max(0, min(best-1, len(lines)-excerptLines))
	to := min(len(lines), from+excerptLines)
	shown := strings.Join(lines[from:to], "\n")
	if from > 0 {
		shown = "…\n" + shown
	}
	if to < len(lines) {
		shown += "\n…"
	}
	return shown
}

// highlight marks words of a text: bold on a terminal, by «» elsewhere.
func highlight(text string, words []string, colour bool) string {
	begin, end := "«", "»"
	if colour {
		begin, end = "\x1b[1;33m", "\x1b[0m"
	}
	var b strings.Builder
	at := 0
	for _, span := range spans(text, words) {
		b.WriteString(text[at:span[0]] + begin + text[span[0]:span[1]] + end)
		at = span[1]
	}
	return b.String() + text[at:]
}

// spans finds words, given in lower case, in a text: whole ones where there are
// spaces between words.
func spans(text string, words []string) [][2]int {
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		return nil // some letters have a lower case of another length
	}
	var found [][2]int
	for at := 0; at < len(lower); {
		before, _ := utf8.DecodeLastRuneInString(lower[:at])
		longest := 0
		for _, word := range words {
			if len(word) <= longest || !strings.HasPrefix(lower[at:], word) {
				continue
			}
			first, _ := utf8.DecodeRuneInString(word)
			after, _ := utf8.DecodeRuneInString(lower[at+len(word):])
			if spaced(first) && (spaced(before) || spaced(after)) {
				continue // a part of a word
			}
			longest = len(word)
		}
		if longest > 0 {
			found = append(found, [2]int{at, at + longest})
			at += longest
			continue
		}
		_, size := utf8.DecodeRuneInString(lower[at:])
		at += size
	}
	return found
}

// spaced reports whether a character is of a script with spaces between words.
func spaced(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}
