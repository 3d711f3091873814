// Package words reads a text as words that can be looked up: one spelling for all
// the ways in which the same letters can be written.
package words

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold writes a text in the compatible composed form (NFKC) and in lower case,
// without the characters that are not seen, the marks that strike letters
// through, and the signs of emphasis. Letters of other alphabets that look like
// Latin ones become those in words that have no other letters. What is folded
// stays as it is when folded again.
func Fold(text string) string {
	if folded, ok := foldASCII(text); ok {
		return folded
	}
	for range 3 { // composing may bring out what lower case or removal has made possible
		folded := fold(text)
		if folded == text {
			break
		}
		text = folded
	}
	return text
}

func foldASCII(text string) (folded string, ok bool) {
	clean := true
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= utf8.RuneSelf:
			return "", false
		case c == '*' || c == '~' || c == '`' || 'A' <= c && c <= 'Z':
			clean = false
		}
	}
	if clean {
		return text, true
	}
	bytes := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '*' || c == '~' || c == '`':
			continue
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		bytes = append(bytes, c)
	}
	return string(bytes), true
}

func fold(text string) string {
	text = norm.NFKC.String(text)
	var b strings.Builder
	b.Grow(len(text))
	foreign := false
	for _, r := range text {
		if r < utf8.RuneSelf {
			switch {
			case r == '*' || r == '~' || r == '`':
				continue
			case 'A' <= r && r <= 'Z':
				r += 'a' - 'A'
			}
			b.WriteByte(byte(r))
			continue
		}
		switch {
		case unseen(r):
			continue
		case r == '’' || r == '‘' || r == 'ʼ' || r == '´' || r == '＇':
			b.WriteByte('\'')
			continue
		case '\u2010' <= r && r <= '\u2012' || r == '\u2212': // hyphens and the minus sign
			b.WriteByte('-')
			continue
		}
		if r >= 'Ͱ' && r < 'ؐ' || r >= 'ɐ' && r <= 'ʯ' || r >= 'ᴀ' && r <= 'ᵿ' || r == 'ꜰ' || r == 'ꜱ' {
			foreign = true
		}
		b.WriteRune(unicode.ToLower(r))
	}
	if foreign {
		return latin(b.String())
	}
	return b.String()
}

// unseen reports whether a character takes no room of its own: format characters,
// variation selectors, and marks that were not composed with their letter.
func unseen(r rune) bool {
	switch {
	case '\u0300' <= r && r <= '\u036f', '\u064b' <= r && r <= '\u0655', '\ufe00' <= r && r <= '\ufe0f', r == '\u0640',
		r == '\u115f', r == '\u1160', r == '\u3164', r == '\uffa0', '\u20d0' <= r && r <= '\u20ff', '\U000e0100' <= r && r <= '\U000e01ef':
		return true
	}
	return r >= 0xad && unicode.Is(unicode.Cf, r)
}

// latin replaces the look-alikes in the words that have no letters but those and
// Latin ones.
func latin(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for text != "" {
		end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
		if end < 0 {
			end = len(text)
		}
		word := text[:end]
		if strings.IndexFunc(word, func(r rune) bool { return alphabet(r) && lookAlikes[r] == 0 }) < 0 {
			word = strings.Map(func(r rune) rune {
				if l := lookAlikes[r]; l != 0 {
					return l
				}
				return r
			}, word)
		}
		b.WriteString(word)
		text = text[end:]
		next := strings.IndexFunc(text, unicode.IsLetter)
		if next < 0 {
			next = len(text)
		}
		b.WriteString(text[:next])
		text = text[next:]
	}
	return b.String()
}

// alphabet reports whether a letter is of another alphabet than the Latin one.
func alphabet(r rune) bool { return r > 'ʯ' && !unicode.Is(unicode.Latin, r) }

// lookAlikes are the lower-case letters that are taken for Latin ones, a choice of
// Unicode's confusables (UTS 39).
var lookAlikes = pairs(
	"аaвbсcԁdеeеeһhіiјjкkӏlмmнhоoрpԛqгrѕsтtуyѵvԝwхxүyзz" + // Cyrillic
		"αaβbϲcεeηnιiκkμuνvοoρpτtυuχxγyωwϳj" + // Greek
		"ոnսuօoհhցgզqյjսuաw" + // Armenian
		"ɑaɡgɩiɪiʏyʀrɴnʜhʟlɢgʙbᴀaᴄcᴅdᴇeᴊjᴋkᴍmᴏoᴘpᴛtᴜuᴠvᴡwᴢzꜰfꜱs") // Latin of other uses

func pairs(text string) map[rune]rune {
	found := make(map[rune]rune)
	letters := []rune(text)
	for i := 0; i+1 < len(letters); i += 2 {
		found[letters[i]] = letters[i+1]
	}
	return found
}

// Word is a word of a folded text.
type Word struct {
	Text string

	// Before are the signs between the word before and this one.
	Before string
}

// Append adds the words of a folded text to a list. They consist of letters, marks
// and digits: an apostrophe, a hyphen and an underscore divide them. Citation
// markers such as [1] are left out. What stands behind the last word is returned.
func Append(list []Word, folded string) (words []Word, after string) {
	from := 0 // of what is before the next word
	for i := 0; i < len(folded); {
		if c := folded[i]; c < utf8.RuneSelf {
			if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z') {
				if c == '[' {
					if n := marker(folded[i:]); n > 0 {
						i += n
						continue
					}
				}
				i++
				continue
			}
		} else if r, size := utf8.DecodeRuneInString(folded[i:]); !isLetter(r) {
			i += size
			continue
		}
		start := i
		for i < len(folded) {
			c := folded[i]
			if c < utf8.RuneSelf {
				if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z') {
					break
				}
				i++
				continue
			}
			r, size := utf8.DecodeRuneInString(folded[i:])
			if !isLetter(r) {
				break
			}
			i += size
		}
		list = append(list, Word{folded[start:i], folded[from:start]})
		from = i
	}
	return list, folded[from:]
}

func isLetter(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) }

func marker(text string) int {
	for i := 1; i < len(text) && i < 64; i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9', i > 1 && (c == ' ' || c == ','):
		case c == ']' && i > 1:
			return i + 1
		default:
			return 0
		}
	}
	return 0
}
