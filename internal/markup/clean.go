// Package markup decides what text may look like when it is shown to people or put
// before a model.
//
// [Close], [Plain] and [HTML] are for what people see, [Untrusted] is for what a
// model reads. All of them decide by what a renderer could make of the text, in any
// spelling, and not by one grammar: the same reply is shown as plain text, as
// Markdown and as HTML.
package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible returns text without control characters other than line breaks and tabs,
// and without what is not seen or turns the direction of reading around: it hides
// instructions from people and addresses from checks. Joiners stay where scripts and
// emoji need them.
func visible(text string) string {
	clean := true
	for i := 0; i < len(text); i++ {
		if c := text[i]; c >= utf8.RuneSelf || c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	var before rune
	runes := []rune(text)
	for i, r := range runes {
		var after rune
		if i+1 < len(runes) {
			after = runes[i+1]
		}
		if hidden(before, r, after) {
			continue
		}
		b.WriteRune(r)
		before = r
	}
	return b.String()
}

// hidden reports whether a character is not to be seen between its neighbours.
func hidden(before, r, after rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < ' ', r >= 0x7f && r < 0xa0, r == utf8.RuneError:
		return true
	case r < 0xa0:
		return false
	case r == '\u200d': // zero width joiner
		return !(joins(before) && joins(after) || emoji(before) && emoji(after))
	case r == '\u200c': // zero width non-joiner
		return !(joins(before) && joins(after))
	case r == '\ufe0f', r == '\ufe0e': // an emoji's style
		return !emoji(before) && !unicode.IsSymbol(before) && !unicode.IsDigit(before)
	case r >= 0xe0000 && r <= 0xe0fff: // tags and more variation selectors
		return true
	case r >= 0xfe00 && r <= 0xfe0d, r == 0x00ad, r == 0x034f, r == 0x061c, r == 0x180e, r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0, r == 0x17b4, r == 0x17b5, r == 0x2800:
		return true
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
		return true
	}
	return false
}

// joins reports whether a letter's script joins letters.
func joins(r rune) bool {
	return unicode.In(r, unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati,
		unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar)
}

func emoji(r rune) bool {
	return r >= 0x1f000 && r <= 0x1faff || r >= 0x2190 && r <= 0x2bff || r == '\ufe0f' || r == 0x200d
}
