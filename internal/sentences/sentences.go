// Package sentences splits a text into sentences, whole or while it is being
// streamed.
package sentences

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Split returns the sentences of a text, trimmed and without the empty ones. A
// line ends a sentence, and so does sentence punctuation with white space behind
// it. Citation markers such as [1] behind the full stop belong to the sentence
// before them. Abbreviations, ordinals, numbers, addresses and Markdown links are
// not cut.
func Split(text string) []string {
	var found []string
	from := 0
	for from < len(text) {
		end := next(text, from, true)
		if sentence := strings.TrimSpace(text[from:end]); sentence != "" {
			found = append(found, sentence)
		}
		from = end
	}
	return found
}

// End returns how many bytes of a text that is still growing are finished
// sentences, with the white space behind them: what may be released while the rest
// is awaited. It never shrinks as the text grows, and whatever follows, Split cuts
// the text there. What ends a sentence is known when the first letter of the next
// has come, or its line has ended: before that, a citation may follow.
func End(text string) int {
	end := 0
	for end < len(text) {
		n := next(text, end, false)
		if n < 0 {
			break
		}
		end = n
	}
	return end
}

// longestLink bounds, in bytes, how far the end of a link is looked for, so that
// a bracket which is never closed does not hold back the rest.
const longestLink = 2000

// next returns where the sentence that begins at from ends. If the text may go on
// (whole is false) and the end is not certain, it returns -1.
func next(text string, from int, whole bool) int {
	unknown := -1
	if whole {
		unknown = len(text)
	}
	for i := from; i < len(text); {
		switch c := text[i]; {
		case c == '\n', c == '[', c == '.', c == '!', c == '?', c >= utf8.RuneSelf:
		default:
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 && !whole && !utf8.FullRuneInString(text[i:]) {
			return -1
		}
		switch {
		case r == '\n':
			return i + size
		case r == '[':
			end, known := bracket(text, i)
			if !known && !whole {
				return -1
			}
			i = end
			continue
		case isStop(r) || isWideStop(r):
			end, ended, known := stop(text, from, i, whole)
			if !known && !whole {
				return -1
			}
			if ended {
				return end
			}
			i = end
			continue
		}
		i += size
	}
	return unknown
}

// bracket returns where what is bracketed at i ends, with the address behind it
// if it is a link. A bracket that is not closed in its paragraph is a sign like
// any other.
func bracket(text string, i int) (end int, known bool) {
	end, known = closing(text, i, '[', ']')
	if end < 0 {
		return i + 1, known
	}
	if end == len(text) {
		return end, false
	}
	if text[end] == '(' {
		address, known := closing(text, end, '(', ')')
		if address < 0 {
			return end, known
		}
		return address, true
	}
	return end, true
}

func closing(text string, i int, opens, closes byte) (end int, known bool) {
	depth, blank := 0, false
	for j := i; j < len(text); j++ {
		if j-i > longestLink {
			return -1, true
		}
		switch c := text[j]; {
		case c == opens:
			depth++
		case c == closes:
			if depth--; depth == 0 {
				return j + 1, true
			}
		case c == '\n':
			if blank {
				return -1, true
			}
			blank = true
			continue
		case c == ' ' || c == '\t' || c == '\r':
			continue
		}
		blank = false
	}
	return -1, false
}

// stop looks at the sentence punctuation at i: whether it ends the sentence that
// began at from, and where, or how far to go on. Nothing of that is known before
// what follows it is.
func stop(text string, from, i int, whole bool) (end int, ended, known bool) {
	wide, many := false, 0
	j := i
	for j < len(text) {
		r, size := utf8.DecodeRuneInString(text[j:])
		if isWideStop(r) {
			wide = true
		} else if !isStop(r) {
			break
		}
		j += size
		many++
	}
	for j < len(text) {
		r, size := utf8.DecodeRuneInString(text[j:])
		if !strings.ContainsRune("\"'”’“»)*_~`」』）", r) {
			break
		}
		j += size
	}
	cited := false
	for j < len(text) {
		k := j
		if text[k] == ' ' {
			k++
		}
		n, known := marker(text[k:])
		if !known && !whole {
			return 0, false, false
		}
		if n == 0 {
			break
		}
		j, cited = k+n, true
	}
	spaced := j
	for spaced < len(text) {
		r, size := utf8.DecodeRuneInString(text[spaced:])
		if r == '\n' {
			return spaced + size, true, true
		}
		if !unicode.IsSpace(r) {
			break
		}
		spaced += size
	}
	if spaced == len(text) {
		return spaced, true, false
	}
	following, size := utf8.DecodeRuneInString(text[spaced:])
	if following == utf8.RuneError && size == 1 && !utf8.FullRuneInString(text[spaced:]) {
		return spaced, true, false
	}
	if following == '»' && spaced > j { // a French quotation ends with space before its sign
		return spaced, false, true
	}
	if wide {
		return spaced, true, true
	}
	if spaced == j {
		return j, false, true
	}
	if many == 1 && text[i] == '.' && !cited && abbreviated(text[from:i], following) {
		return spaced, false, true
	}
	return spaced, true, true
}

// marker returns the length of a citation marker such as [1, 2] that a text begins
// with, 0 if it begins with something else.
func marker(text string) (length int, known bool) {
	if text == "" {
		return 0, false
	}
	if text[0] != '[' {
		return 0, true
	}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9', i > 1 && (c == ' ' || c == ','):
		case c == ']' && i > 1:
			return i + 1, true
		default:
			return 0, true
		}
		if i > 64 {
			return 0, true
		}
	}
	return 0, false
}

func isStop(r rune) bool {
	switch r {
	case '.', '!', '?', '…', '؟', '۔', '।':
		return true
	}
	return false
}

// isWideStop reports whether a sign ends a sentence without white space behind it.
func isWideStop(r rune) bool {
	switch r {
	case '。', '！', '？', '｡':
		return true
	}
	return false
}

// abbreviated reports whether the full stop behind a text is that of an
// abbreviation, an ordinal or the number of a list.
func abbreviated(before string, following rune) bool {
	word := before[strings.LastIndexAny(before, " \t\n\u00a0(\"'*_„“«[/")+1:]
	if word == "" {
		return false
	}
	digits := strings.Trim(word, "0123456789") == ""
	if digits {
		return len(word) <= 2
	}
	letter, size := utf8.DecodeRuneInString(word)
	if size == len(word) && unicode.IsLetter(letter) && word != "I" && !unicode.Is(unicode.Han, letter) {
		return true // an initial, or one of "z. B."
	}
	word = strings.ToLower(word)
	if abbreviations[word] {
		return true
	}
	return endingAbbreviations[word] && (unicode.IsLower(following) || unicode.IsDigit(following))
}

// abbreviations never end a sentence; endingAbbreviations may.
var (
	abbreviations = wordSet(`e.g i.e eg ie cf mr mrs ms dr prof st approx ca tel
		z.b d.h u.a o.ä bzw ggf evtl inkl exkl zzgl abzgl bspw sog ggü nr hr fr hrn gem vgl
		mme mlle env p.ex réf sr sra srta ud uds vd dto pág núm tfno aprox p.ej
		sr.ª dr.ª av nº sig sig.ra dott dott.ssa
		bijv o.a m.b.t i.v.m t.a.v d.w.z dhr mevr np tzw godz tj m.in t.ex bl.a dvs`)
	endingAbbreviations = wordSet(`etc usw inc ltd co corp gmbh a.m p.m u.s.a u.s uvm enz osv itd vs no nos art est dept fig vol ref str abs max min mind
		art réf etc rif incl excl örn ul jan feb mar mrz apr jun jul aug sep sept okt oct nov dez dec uhr`)
)

func wordSet(text string) map[string]bool {
	members := make(map[string]bool)
	for word := range strings.FieldsSeq(text) {
		members[word] = true
	}
	return members
}
