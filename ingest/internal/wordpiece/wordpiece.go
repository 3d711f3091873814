// Package wordpiece counts tokens as the English embedding models do that
// descend from BERT, BGE and E5 among them.
package wordpiece

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The vocabulary is that of bert-base-uncased, which Google published under the
// Apache License 2.0 and which bge-*-en and e5-* use unchanged. SHA-256:
// 07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3.
//
//go:embed vocab.txt
var vocabulary string

// longest is the length in characters beyond which BERT does not look into a
// word.
const longest = 100

// pieces holds the vocabulary: what words begin with, and what they go on with.
type pieces struct {
	first, rest map[string]struct{}
	firstMax    int // bytes of the longest of each
	restMax     int
}

var load = sync.OnceValue(func() *pieces {
	p := &pieces{first: make(map[string]struct{}, 24000), rest: make(map[string]struct{}, 6000)}
	for line := range strings.Lines(vocabulary) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "##"); ok && rest != "" {
			p.rest[rest] = struct{}{}
			p.restMax = max(p.restMax, len(rest))
			continue
		}
		p.first[line] = struct{}{}
		p.firstMax = max(p.firstMax, len(line))
	}
	return p
})

// Count returns the number of tokens of text, without the two that a model puts
// around it. The count of a text is the sum of the counts of its parts if they
// are cut at white space.
//
// A word for which the vocabulary has no pieces is one token to BERT, which has
// nothing to say about it. It is counted as one for each character here, so that
// models with a larger vocabulary read the whole text too.
func Count(text string) int {
	p := load()
	count := 0
	folded := make([]byte, 0, 64)
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			switch class[c] {
			case space:
				i++
				continue
			case punctuation:
				count++
				i++
				continue
			}
			start, lower := i, true
			for i < len(text) && text[i] < utf8.RuneSelf && class[text[i]] == letter {
				lower = lower && !('A' <= text[i] && text[i] <= 'Z')
				i++
			}
			if i == len(text) || text[i] < utf8.RuneSelf {
				word := text[start:i]
				if lower {
					if _, ok := p.first[word]; ok {
						count++
						continue
					}
				}
				folded = folded[:0]
				for j := range len(word) {
					b := word[j]
					if 'A' <= b && b <= 'Z' {
						b += 'a' - 'A'
					}
					folded = append(folded, b)
				}
				count += p.word(folded)
				continue
			}
			i = start // the word goes on with characters beyond ASCII
		}
		end := i
		for end < len(text) {
			r, size := utf8.DecodeRuneInString(text[end:])
			if r < utf8.RuneSelf && class[byte(r)] != letter || unicode.IsSpace(r) {
				break
			}
			end += size
		}
		if end == i { // white space beyond ASCII
			_, size := utf8.DecodeRuneInString(text[i:])
			i += size
			continue
		}
		count += p.foreign(text[i:end])
		i = end
	}
	return count
}

// foreign counts a run of characters without spaces, some beyond ASCII.
func (p *pieces) foreign(text string) int {
	count := 0
	word := make([]byte, 0, 64)
	end := func() {
		if len(word) > 0 {
			count += p.word(word)
			word = word[:0]
		}
	}
	for _, r := range norm.NFD.String(strings.ToLower(text)) {
		switch {
		case unicode.Is(unicode.Mn, r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == 0:
		case unicode.IsPunct(r) || ideograph(r):
			end()
			count++
		default:
			word = utf8.AppendRune(word, r)
		}
	}
	end()
	return count
}

// word counts the pieces of a word, taking the longest that fits each time.
func (p *pieces) word(word []byte) int {
	if _, ok := p.first[string(word)]; ok {
		return 1
	}
	characters := utf8.RuneCount(word)
	if characters > longest {
		return characters
	}
	count := 0
	for set, most, from := p.first, p.firstMax, 0; from < len(word); set, most = p.rest, p.restMax {
		to := min(len(word), from+most)
		for ; to > from; to-- {
			if _, ok := set[string(word[from:to])]; ok {
				break
			}
		}
		if to == from {
			return characters
		}
		count++
		from = to
	}
	return count
}

// ideograph reports whether BERT takes a character for a word of its own.
func ideograph(r rune) bool {
	return 0x4E00 <= r && r <= 0x9FFF || 0x3400 <= r && r <= 0x4DBF || 0x20000 <= r && r <= 0x2CEAF ||
		0xF900 <= r && r <= 0xFAFF || 0x2F800 <= r && r <= 0x2FA1F
}

// The classes of ASCII characters.
const (
	letter = iota // and digits
	space         // and control characters, which BERT drops
	punctuation
)

var class = func() (table [utf8.RuneSelf]uint8) {
	for c := range table {
		switch {
		case c <= ' ' || c == 0x7F:
			table[c] = space
		case '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			table[c] = letter
		default:
			table[c] = punctuation
		}
	}
	return table
}()
