package frontdesk

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/frontdesk-go/frontdesk/internal/figures"
)

// Unsupported is a sentence of a reply that cites passages for figures which
// none of them has.
type Unsupported struct {
	// Sentence is that of the reply, with its markers.
	Sentence string

	// Numbers are those of the passages that it cites.
	Numbers []int

	// Figures are the numbers, amounts, durations, dates and times that the
	// passages lack, as the sentence writes them.
	Figures []string
}

// Unsupported finds the sentences whose figures are in no passage that they
// cite: the commonest way in which an answer goes wrong that looks well founded.
// It makes no request. The same figure may be written in another way or another
// language: 12,50 € is EUR 12.50, and two weeks are 14 days. What is worked out
// from a passage, such as a sum, is not in it and is reported. Sentences that
// cite nothing are not looked at.
//
// It is for the caller to say what follows: to log it, to hold the reply back,
// or to hand over.
func (r *Reply) Unsupported() []Unsupported {
	passages := make(map[int]*Passage, len(r.Citations))
	for i := range r.Citations {
		passages[r.Citations[i].Number] = &r.Citations[i].Passage
	}
	var found []Unsupported
	for _, sentence := range sentences(r.Text) {
		var numbers []int
		var sources []string
		for _, found := range marker.FindAllStringSubmatch(sentence, -1) {
			for number := range strings.SplitSeq(found[1], ",") {
				n, err := strconv.Atoi(strings.TrimSpace(number))
				if p := passages[n]; err == nil && p != nil {
					numbers = append(numbers, n)
					sources = append(sources, p.Title+"\n"+p.Text)
				}
			}
		}
		if len(numbers) == 0 {
			continue
		}
		if missing := figures.Missing(sentence, sources...); len(missing) > 0 {
			found = append(found, Unsupported{Sentence: sentence, Numbers: numbers, Figures: missing})
		}
	}
	return found
}

// sentenceEnd matches the end of a sentence with the markers behind it, and the
// space before the next.
var sentenceEnd = regexp.MustCompile(`(?:[.!?…]["'”’»)]*(?: ?\[\d{1,6}(?:\s*,\s*\d{1,6})*\])*[ \t]+|[。！？](?:\[\d{1,6}(?:\s*,\s*\d{1,6})*\])*)`)

// sentences splits a text. A marker behind a full stop belongs to the sentence
// before it, and a line ends a sentence.
func sentences(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		from := 0
		for _, at := range sentenceEnd.FindAllStringIndex(line, -1) {
			found = append(found, line[from:at[1]])
			from = at[1]
		}
		found = append(found, line[from:])
	}
	kept := found[:0]
	for _, sentence := range found {
		if sentence = strings.TrimSpace(sentence); sentence != "" {
			kept = append(kept, sentence)
		}
	}
	return kept
}
