package index

import (
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/frontdesk-go/frontdesk"
)

// The parameters of BM25 as Robertson and Zaragoza give them in "The
// Probabilistic Relevance Framework: BM25 and Beyond" (2009), section 3.
const (
	saturation    = 1.2  // k1: how fast repeating a word stops to count
	normalisation = 0.75 // b: how much long passages are discounted
)

// How often a word counts by where it stands (section 3.6 of the same: BM25F),
// in halves, since a lexicon holds whole numbers.
const (
	inTitle   = 4
	inHeading = 3
	inText    = 2
)

// lexicon is an inverted index: for each term the passages that hold it.
type lexicon struct {
	terms []string          // sorted
	find  map[string]uint32 // place in terms
	start []uint32          // of each term's postings; one more than terms
	docs  []uint32          // passages, ascending for each term
	freqs []uint8           // how often the term counts there, in halves

	lengths   []uint32    // of each passage, in halves of a word
	total     uint64      // of lengths
	languages languageSet // of the passages

	once  sync.Once
	grams map[string][]uint32 // terms by the trigrams they hold, see typos.go
}

// newLexicon analyses passages, on as many cores as there are.
func newLexicon(passages []frontdesk.Passage) *lexicon {
	chunks := make([]*lexicon, workers(len(passages), 256))
	parallel(len(passages), len(chunks), func(worker, from, to int) { chunks[worker] = analyse(passages[from:to]) })
	if len(chunks) == 1 {
		return chunks[0]
	}
	places := make([][]uint32, len(chunks))
	next := uint32(0)
	for i, chunk := range chunks {
		places[i] = make([]uint32, len(chunk.lengths))
		for j := range places[i] {
			places[i][j] = next
			next++
		}
	}
	return mergeLexicons(chunks, places, int(next))
}

// posting says how often a term counts in a passage.
type posting struct {
	doc  uint32
	freq uint8
}

// analyse makes the lexicon of some passages.
func analyse(passages []frontdesk.Passage) *lexicon {
	l := &lexicon{lengths: make([]uint32, len(passages))}
	stemmer := newStemmer()
	postings := make(map[string][]posting)
	for doc := range passages {
		p := &passages[doc]
		fields := fieldsOf(p)
		in := passageLanguages(p, fields)
		l.languages |= in
		for _, field := range fields {
			for _, token := range field.tokens {
				l.lengths[doc] += uint32(field.weight)
				stemmer.terms(token, in, func(term string) {
					list := postings[term]
					if n := len(list); n > 0 && list[n-1].doc == uint32(doc) {
						list[n-1].freq = uint8(min(int(list[n-1].freq)+field.weight, math.MaxUint8))
						return
					}
					postings[term] = append(list, posting{uint32(doc), uint8(field.weight)})
				})
			}
		}
		l.total += uint64(l.lengths[doc])
	}
	l.terms = make([]string, 0, len(postings))
	size := 0
	for term, list := range postings {
		l.terms = append(l.terms, term)
		size += len(list)
	}
	slices.Sort(l.terms)
	l.start = make([]uint32, 1, len(l.terms)+1)
	l.docs, l.freqs = make([]uint32, 0, size), make([]uint8, 0, size)
	for _, term := range l.terms {
		for _, p := range postings[term] {
			l.docs, l.freqs = append(l.docs, p.doc), append(l.freqs, p.freq)
		}
		l.start = append(l.start, uint32(len(l.docs)))
	}
	l.index()
	return l
}

// index makes the map of terms.
func (l *lexicon) index() {
	l.find = make(map[string]uint32, len(l.terms))
	for i, term := range l.terms {
		l.find[term] = uint32(i)
	}
}

// field is a part of a passage whose words count the same.
type field struct {
	weight int
	tokens []token
}

// longestHeading is the most bytes of a line that is taken for a heading.
const longestHeading = 120

// fieldsOf splits a passage into title, headings and text. A heading is a line
// that begins as one in Markdown.
func fieldsOf(p *frontdesk.Passage) []field {
	fields := make([]field, 0, 3)
	if p.Title != "" {
		fields = append(fields, field{inTitle, tokenize(p.Title)})
	}
	if !strings.Contains(p.Text, "#") {
		return append(fields, field{inText, tokenize(p.Text)})
	}
	var headings, text strings.Builder
	for line := range strings.Lines(p.Text) {
		if strings.HasPrefix(line, "#") && len(line) <= longestHeading {
			headings.WriteString(line)
		} else {
			text.WriteString(line)
		}
	}
	return append(fields, field{inHeading, tokenize(headings.String())}, field{inText, tokenize(text.String())})
}

// passageLanguages tells in which languages a passage's words are stemmed: that
// of its label, else those of its function words, else English.
func passageLanguages(p *frontdesk.Passage, fields []field) languageSet {
	if in := languageOf(p.Labels["language"]); in != 0 {
		return in
	}
	var tokens []token
	for _, field := range fields {
		tokens = append(tokens, field.tokens[:min(len(field.tokens), 200)]...)
	}
	if in := detect(tokens); in != 0 {
		return in
	}
	return languageOf("en") | languageOf("ar") // by script
}

// gone marks a passage that has no place in the merged lexicon.
const gone = math.MaxUint32

// mergeLexicons makes one lexicon of several. places tells where the passages
// of each go among the size of them: ascending, from one lexicon to the next.
func mergeLexicons(parts []*lexicon, places [][]uint32, size int) *lexicon {
	m := &lexicon{lengths: make([]uint32, size)}
	capacity := 0
	for i, part := range parts {
		m.languages |= part.languages
		capacity += len(part.docs)
		for doc, place := range places[i] {
			if place != gone {
				m.lengths[place] = part.lengths[doc]
				m.total += uint64(part.lengths[doc])
			}
		}
	}
	m.docs, m.freqs, m.start = make([]uint32, 0, capacity), make([]uint8, 0, capacity), make([]uint32, 1)
	next := make([]int, len(parts))
	for {
		term, found := "", false
		for i, part := range parts {
			if next[i] < len(part.terms) && (!found || part.terms[next[i]] < term) {
				term, found = part.terms[next[i]], true
			}
		}
		if !found {
			break
		}
		for i, part := range parts {
			if next[i] == len(part.terms) || part.terms[next[i]] != term {
				continue
			}
			for at := part.start[next[i]]; at < part.start[next[i]+1]; at++ {
				if place := places[i][part.docs[at]]; place != gone {
					m.docs, m.freqs = append(m.docs, place), append(m.freqs, part.freqs[at])
				}
			}
			next[i]++
		}
		if end := uint32(len(m.docs)); end > m.start[len(m.start)-1] {
			m.terms, m.start = append(m.terms, term), append(m.start, end)
		}
	}
	m.index()
	return m
}

// postings returns the passages that hold a term.
func (l *lexicon) postings(term string) (docs []uint32, freqs []uint8) {
	i, ok := l.find[term]
	if !ok {
		return nil, nil
	}
	return l.docs[l.start[i]:l.start[i+1]], l.freqs[l.start[i]:l.start[i+1]]
}

// weighted is a term of a query.
type weighted struct {
	term     string
	weight   float32 // of the term, then times its rarity
	function bool    // counts only where another term was found
}

// accumulators hold the scores of a segment's passages, for reuse.
var accumulators sync.Pool

// search adds the best passages of a lexicon to best. mean is the mean length of
// the passages of the whole index, admitted those that may be found, base what
// to add to a passage's place. Terms that count by themselves come first.
func (l *lexicon) search(terms []weighted, mean float64, admitted *selection, base uint32, best *top) {
	pooled, _ := accumulators.Get().(*[]float32)
	if pooled == nil || cap(*pooled) < len(l.lengths) {
		pooled = new([]float32)
		*pooled = make([]float32, len(l.lengths))
	}
	scores := (*pooled)[:len(l.lengths)]
	clear(scores)
	defer accumulators.Put(pooled)

	fixed, perLength := float32(2*saturation*(1-normalisation)), float32(2*saturation*normalisation/mean)
	alone := 0
	for alone < len(terms) && !terms[alone].function {
		docs, freqs := l.postings(terms[alone].term)
		weight := terms[alone].weight * (saturation + 1)
		for i, doc := range docs[:min(len(docs), len(freqs))] {
			f := float32(freqs[i])
			scores[doc] += weight * f / (f + fixed + perLength*float32(l.lengths[doc]))
		}
		alone++
	}

	// Function words are in most passages. They can lift a passage by no more
	// than bound, so that only those which are close to the best need them.
	bound := float32(0)
	for _, t := range terms[alone:] {
		bound += t.weight * (saturation + 1)
	}
	near := top{limit: best.limit}
	bar := near.threshold()
	for doc, score := range scores {
		if score > 0 && score >= bar && admitted.has(uint32(doc)) {
			near.add(score, uint32(doc))
			bar = near.threshold()
		}
	}
	bar = max(bar, best.threshold()) - bound
	var within []uint32
	for doc, score := range scores {
		if score > 0 && score >= bar && admitted.has(uint32(doc)) {
			within = append(within, uint32(doc))
		}
	}
	for _, t := range terms[alone:] {
		docs, freqs := l.postings(t.term)
		weight := t.weight * (saturation + 1)
		for _, doc := range within {
			at := seek(docs, doc)
			docs, freqs = docs[at:], freqs[at:]
			if len(docs) == 0 {
				break
			}
			if docs[0] == doc {
				f := float32(freqs[0])
				scores[doc] += weight * f / (f + fixed + perLength*float32(l.lengths[doc]))
			}
		}
	}
	for _, doc := range within {
		best.add(scores[doc], base+doc)
	}
}

// seek returns the place of the first passage that is doc or behind it. It looks
// further and further ahead, and is fast for those nearby.
func seek(docs []uint32, doc uint32) int {
	step := 1
	for step < len(docs) && docs[step] < doc {
		step *= 2
	}
	from, to := step/2, min(step+1, len(docs))
	for from < to {
		if middle := (from + to) / 2; docs[middle] < doc {
			from = middle + 1
		} else {
			to = middle
		}
	}
	return from
}

// rarity is the weight of a term by how many of all passages hold it.
func rarity(all, having int) float32 {
	return float32(math.Log(1 + (float64(all)-float64(having)+0.5)/(float64(having)+0.5)))
}
