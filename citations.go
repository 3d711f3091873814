package frontdesk

import (
	"slices"
	"strconv"
	"strings"

	"github.com/frontdesk-go/frontdesk/internal/figures"
	"github.com/frontdesk-go/frontdesk/internal/sentences"
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
	for _, sentence := range sentences.Split(r.Text) {
		var numbers []int
		var sources []*figures.Text
		for _, found := range marker.FindAllStringSubmatch(sentence, -1) {
			for number := range strings.SplitSeq(found[1], ",") {
				n, err := strconv.Atoi(strings.TrimSpace(number))
				if p := passages[n]; err == nil && p != nil {
					numbers = append(numbers, n)
					sources = append(sources, figures.NewText(p.Title+"\n"+p.Text))
				}
			}
		}
		if len(numbers) == 0 {
			continue
		}
		if missing := figures.Missing(sentence, slices.Values(sources)); len(missing) > 0 {
			found = append(found, Unsupported{Sentence: sentence, Numbers: numbers, Figures: missing})
		}
	}
	return found
}
