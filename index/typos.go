package index

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	typoWeight     = 0.7 // of a term that is a slip of the pen away, beside 1
	compoundWeight = 0.5 // of a term that is a part of the word or has it as one

	// shortestTypo is the least number of characters of a word that is
	// corrected: shorter ones are near too many others.
	shortestTypo = 4

	// shortestPart is the least number of characters of a part of a compound.
	shortestPart = 5

	mostCorrections = 3 // of one word
)

// correction is a term that may be meant by a word which no passage holds.
type correction struct {
	term   string
	weight float32
}

// correct finds the terms of an index nearest to a stem that is not among them:
// those that differ by a slip (one for short words, two from eight characters
// on), and those that are part of it, as words are joined in German and Dutch,
// or that it is a part of. Numbers and codes are never corrected: another number
// is another thing.
func (s *state) correct(stem string) []correction {
	runes := utf8.RuneCountInString(stem)
	if runes < shortestTypo || strings.ContainsFunc(stem, unicode.IsNumber) {
		return nil
	}
	best := make(map[string]float32)
	for _, p := range s.parts {
		for _, term := range p.lexicon.near(stem) {
			long := utf8.RuneCountInString(term)
			switch slips := distance([]rune(stem), []rune(term)); {
			case slips == 1, slips == 2 && runes >= 8:
				best[term] = typoWeight / float32(slips)
			case long >= shortestPart && (strings.HasPrefix(stem, term) || strings.HasSuffix(stem, term)),
				runes >= shortestPart && (strings.HasPrefix(term, stem) || strings.HasSuffix(term, stem)):
				best[term] = compoundWeight
			}
		}
	}
	var found []correction
	for term, weight := range best {
		found = append(found, correction{term, weight})
	}
	slices.SortFunc(found, func(a, b correction) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(len(b.term), len(a.term)), cmp.Compare(a.term, b.term))
	})
	return found[:min(len(found), mostCorrections)]
}

// near returns the terms that share trigrams with a stem, enough for either to
// be part of the other or two slips away.
func (l *lexicon) near(stem string) []string {
	l.once.Do(func() {
		l.grams = make(map[string][]uint32)
		for i, term := range l.terms {
			if !strings.ContainsFunc(term, unicode.IsNumber) {
				for gram := range trigrams(term) {
					l.grams[gram] = append(l.grams[gram], uint32(i))
				}
			}
		}
	})
	shared := make(map[uint32]int)
	own := trigrams(stem)
	for gram := range own {
		for _, term := range l.grams[gram] {
			shared[term]++
		}
	}
	var found []string
	for i, count := range shared {
		if count >= min(len(own), utf8.RuneCountInString(l.terms[i]))/3 {
			found = append(found, l.terms[i])
		}
	}
	return found
}

// trigrams are the distinct runs of three characters of a word and its ends.
func trigrams(word string) map[string]bool {
	runes := []rune(" " + word + " ")
	grams := make(map[string]bool, len(runes))
	for i := 0; i+3 <= len(runes); i++ {
		grams[string(runes[i:i+3])] = true
	}
	return grams
}

// distance counts the slips between two words: characters changed, left out or
// put in, and neighbours swapped (Damerau, 1964). More than two count as three.
func distance(a, b []rune) int {
	const many = 3
	if len(a)-len(b) >= many || len(b)-len(a) >= many {
		return many
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(last[j]+change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], many)
}
