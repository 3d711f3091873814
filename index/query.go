package index

import (
	"slices"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk"
)

const (
	// functionWeight is what a function word of a query counts, beside 1 for
	// any other: that a question is a "when" or a "why" says a little.
	functionWeight = 0.5

	// functionRarity bounds how rare a function word can be. In documents that
	// nobody speaks in, "my" is rare, and would find whatever has it.
	functionRarity = 1.5

	// characterWeight is what a single character counts in a script without
	// spaces, beside 1 for a pair.
	characterWeight = 0.2
)

// parse turns a query into weighted terms, those that count by themselves
// first. It is empty if none does.
func (s *state) parse(query *frontdesk.Query) []weighted {
	p := parser{state: s, stemmer: newStemmer(), terms: make(map[string]*weighted)}
	for i, share := range shares(query) {
		if i == 0 {
			p.add(query.Text, share)
		} else {
			p.add(query.Previous[i-1], share)
		}
	}
	parsed := make([]weighted, 0, len(p.order))
	for _, t := range p.order {
		rare := rarity(s.count(t.term))
		if t.function {
			rare = min(rare, functionRarity)
		}
		t.weight *= rare
		parsed = append(parsed, *t)
	}
	slices.SortStableFunc(parsed, func(a, b weighted) int {
		switch {
		case a.function == b.function:
			return 0
		case b.function:
			return -1
		default:
			return 1
		}
	})
	if len(parsed) > 0 && parsed[0].function {
		return nil
	}
	return parsed
}

// parser collects the terms of a query that passages hold.
type parser struct {
	state   *state
	stemmer *stemmer
	terms   map[string]*weighted
	order   []*weighted
}

// add adds the terms of a text. share is what they count.
func (p *parser) add(text string, share float32) {
	if share == 0 {
		return
	}
	tokens := tokenize(text)
	in := p.state.queryLanguages(tokens)
	for _, token := range tokens {
		weight, function := share, in.isFunction(token.lower)
		switch {
		case function:
			weight *= functionWeight
		case token.script == unspaced && len(tokens) > 1 && utf8.RuneCountInString(token.lower) == 1:
			weight *= characterWeight
		}
		known := false
		var stems []string
		p.stemmer.terms(token, in, func(term string) {
			if _, having := p.state.count(term); having > 0 {
				p.put(term, weight, function)
				known = true
			} else {
				stems = append(stems, term)
			}
		})
		if known || function || token.script == unspaced {
			continue
		}
		for _, stem := range stems {
			for _, c := range p.state.correct(stem) {
				p.put(c.term, weight*c.weight, false)
			}
		}
	}
}

func (p *parser) put(term string, weight float32, function bool) {
	known := p.terms[term]
	if known == nil {
		known = &weighted{term: term, function: function}
		p.terms[term] = known
		p.order = append(p.order, known)
	}
	known.weight = max(known.weight, weight)
	known.function = known.function && function
}

// count tells how many passages there are and how many of them hold a term.
// Those that are deleted count until they are merged away.
func (s *state) count(term string) (all, having int) {
	for _, p := range s.parts {
		docs, _ := p.lexicon.postings(term)
		having += len(docs)
		all += len(p.passages)
	}
	return all, having
}

// queryLanguages tells in which languages the words of a query are stemmed: by
// its function words, else all those of the passages.
func (s *state) queryLanguages(tokens []token) languageSet {
	held := languageSet(0)
	for _, p := range s.parts {
		held |= p.lexicon.languages
	}
	if in := detect(tokens) & held; in != 0 {
		return in
	}
	return held
}
