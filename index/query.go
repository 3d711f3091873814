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

	// characterWeight is what a single character counts in a script without
	// spaces, beside 1 for a pair.
	characterWeight = 0.2

	// previousWeight is what a word of an earlier message counts, beside 1
	// for one of the newest: enough to say what "it" is, not enough to keep
	// the conversation on its old topic.
	previousWeight = 0.2
)

// parse turns a query into weighted terms, those that count by themselves
// first. It is empty if none does.
func (s *state) parse(query *frontdesk.Query) []weighted {
	stemmer := newStemmer()
	terms := make(map[string]*weighted)
	var order []string
	for i := -1; i < len(query.Previous); i++ {
		text, share := query.Text, float32(1)
		if i >= 0 {
			text, share = query.Previous[i], previousWeight
		}
		tokens := tokenize(text)
		in := s.queryLanguages(tokens)
		for _, token := range tokens {
			weight, function := share, false
			switch {
			case in.isFunction(token.lower):
				weight, function = share*functionWeight, true
			case token.script == unspaced && len(tokens) > 1 && utf8.RuneCountInString(token.lower) == 1:
				weight = share * characterWeight
			}
			stemmer.terms(token, in, func(term string) {
				known := terms[term]
				if known == nil {
					known = &weighted{term: term, function: function}
					terms[term] = known
					order = append(order, term)
				}
				known.weight = max(known.weight, weight)
				known.function = known.function && function
			})
		}
	}
	var parsed []weighted
	for _, term := range order {
		t := *terms[term]
		having, all := 0, 0
		for _, p := range s.parts {
			docs, _ := p.lexicon.postings(term)
			having += len(docs)
			all += len(p.passages)
		}
		if having == 0 {
			continue
		}
		t.weight *= rarity(all, having)
		parsed = append(parsed, t)
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

// queryLanguages tells in which languages the words of a query are stemmed: by
// its function words, else all those of the passages.
func (s *state) queryLanguages(tokens []token) languageSet {
	held := languageSet(0)
	for _, p := range s.parts {
		held |= p.lexicon.languages
	}
	in := detect(tokens)
	if in&held != 0 {
		return in & held
	}
	return held
}

// contextual is the text whose vector stands for a query.
func contextual(query *frontdesk.Query) string {
	if len(query.Previous) == 0 {
		return query.Text
	}
	return query.Previous[0] + "\n" + query.Text
}
