package index

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/clipperhouse/uax29/v2/words"
	"golang.org/x/text/unicode/norm"
)

// token is a word of a text, or two neighbouring characters where a script
// puts no spaces between words.
type token struct {
	lower  string // lower case, compatibility forms resolved, diacritics kept
	script script
}

// script says how the words of a script are treated.
type script uint8

const (
	spaced   script = iota // words are stemmed and lose their diacritics
	marked                 // words are stemmed, marks are letters: Arabic, Devanagari ...
	unspaced               // characters are indexed alone and in pairs
)

// maxToken bounds the bytes of a word. What is longer is no word: encoded data,
// or a line of a drawing.
const maxToken = 64

// tokenize splits a text by the rules of Unicode (UAX #29). Parts of a code
// that stand around a hyphen are tokens and so is the whole: "ORD-9281" gives
// ord, 9281 and ord9281, and is thus found however it is written.
func tokenize(text string) []token {
	tokens := make([]token, 0, len(text)/6)
	var code []string // the parts of what may be a code
	var run []rune    // of a script without spaces
	joined := false   // whether a hyphen stands before the next word
	endCode := func() {
		if len(code) > 1 && isCode(code) {
			tokens = appendToken(tokens, strings.Join(code, ""), spaced)
		}
		code = code[:0]
	}
	endRun := func() {
		tokens = appendRun(tokens, run)
		run = run[:0]
	}
	for found := words.FromString(text); found.Next(); {
		word := found.Value()
		first, size := utf8.DecodeRuneInString(word)
		switch {
		case word == "-" || word == "\u2010" || word == "\u2011":
			endRun()
			joined = len(code) > 0
			continue
		case !unicode.IsLetter(first) && !unicode.IsNumber(first) && size == len(word):
			endRun()
			endCode()
			joined = false
			continue
		}
		if first >= 0x0E00 && scriptOf(first) == unspaced {
			endCode()
			for _, r := range norm.NFKC.String(word) {
				run = append(run, unicode.ToLower(r))
			}
			joined = false
			continue
		}
		endRun()
		if len(word) > maxToken {
			endCode()
			joined = false
			continue
		}
		word = lower(word)
		if !strings.ContainsFunc(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
			endCode()
			joined = false
			continue
		}
		if !joined {
			endCode()
		}
		code = append(code, word)
		joined = false
		tokens = appendToken(tokens, word, scriptOf(first))
		if strings.Contains(word, "_") { // a name in a program
			for part := range strings.SplitSeq(word, "_") {
				tokens = appendToken(tokens, part, spaced)
			}
		}
	}
	endRun()
	endCode()
	return tokens
}

func appendToken(tokens []token, word string, script script) []token {
	if word == "" || len(word) > maxToken {
		return tokens
	}
	return append(tokens, token{word, script})
}

// appendRun adds the characters of a run, each alone and with its neighbour.
func appendRun(tokens []token, run []rune) []token {
	for i := range run {
		tokens = append(tokens, token{string(run[i]), unspaced})
		if i+1 < len(run) {
			tokens = append(tokens, token{string(run[i : i+2]), unspaced})
		}
	}
	return tokens
}

// isCode reports whether parts around hyphens make a code or a word that is
// also written as one ("e-mail"), rather than a compound of words.
func isCode(parts []string) bool {
	for _, part := range parts {
		if len(part) == 1 || strings.ContainsFunc(part, unicode.IsNumber) {
			return true
		}
	}
	return false
}

func scriptOf(r rune) script {
	switch {
	case r < 0x0590:
		return spaced // Latin, Greek, Cyrillic, Armenian
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar),
		r == 'ー':
		return unspaced
	case unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic):
		return spaced
	default:
		return marked
	}
}

// lower brings a word to lower case and to one of the ways in which Unicode can
// write it. A comma within a number becomes a point, so that 4,90 is 4.90.
func lower(word string) string {
	ascii := true
	for i := range len(word) {
		if c := word[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' || c == ',' {
			ascii = false
			break
		}
	}
	if ascii {
		return word
	}
	word = strings.ToLower(norm.NFKC.String(word))
	return strings.Map(func(r rune) rune {
		switch {
		case r == ',':
			return '.'
		case r == '\u2019' || r == '\u02BC':
			return '\''
		case r == 'ـ' || r >= 0x064B && r <= 0x0652 || r == 0x0307: // Arabic filler and vowels, the dot of a Turkish İ
			return -1
		}
		return r
	}, word)
}

// fold takes the diacritics off a word of Latin, Greek or Cyrillic script.
func fold(word string) string {
	for i := range len(word) {
		if word[i] >= utf8.RuneSelf {
			return foldUnicode(word)
		}
	}
	return word
}

func foldUnicode(word string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(word) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'ß':
			b.WriteString("ss")
		case r == 'æ':
			b.WriteString("ae")
		case r == 'œ':
			b.WriteString("oe")
		case r == 'ø':
			b.WriteByte('o')
		case r == 'ł':
			b.WriteByte('l')
		case r == 'đ':
			b.WriteByte('d')
		case r == 'ı':
			b.WriteByte('i')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// stemmer reduces words to the terms that the index holds. It remembers what it
// has reduced, and is not safe for concurrent use.
type stemmer struct {
	known [len(languages)]map[string]string
	env   *snowballstem.Env
}

func newStemmer() *stemmer { return &stemmer{env: snowballstem.NewEnv("")} }

// maxKnown bounds how many words a stemmer remembers of each language.
const maxKnown = 100_000

// stem returns the stem of a word in a language, without diacritics.
func (s *stemmer) stem(word string, language int) string {
	if stem, ok := s.known[language][word]; ok {
		return stem
	}
	full := strings.Clone(word)
	base := full
	// Articles and prepositions that French and Italian write onto the word.
	switch languages[language].code {
	case "fr", "it":
		if before, after, ok := strings.Cut(base, "'"); ok && len(before) <= 5 && after != "" {
			base = after
		}
	}
	s.env.SetCurrent(base)
	languages[language].stem(s.env)
	stem := fold(s.env.Current())
	if stem == "" {
		stem = fold(base)
	}
	if s.known[language] == nil || len(s.known[language]) >= maxKnown {
		s.known[language] = make(map[string]string)
	}
	s.known[language][full] = stem
	return stem
}

// terms calls yield with each distinct term of a token: its stems in the given
// languages, or the word itself where it has none.
func (s *stemmer) terms(t token, in languageSet, yield func(term string)) {
	if t.script == unspaced {
		yield(t.lower)
		return
	}
	if unicode.IsNumber(rune(t.lower[0])) {
		yield(t.lower)
		return
	}
	arabic := t.script == marked
	var first, second string
	for i := range languages {
		if !in.has(i) || (languages[i].code == "ar") != arabic {
			continue
		}
		stem := s.stem(t.lower, i)
		switch {
		case stem == first || stem == second:
			continue
		case first == "":
			first = stem
		default:
			second = stem
		}
		yield(stem)
	}
	if first == "" {
		if arabic {
			yield(t.lower)
		} else {
			yield(fold(t.lower))
		}
	}
}
