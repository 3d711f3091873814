package figures

import "strings"

// Identifiers returns what may be the numbers of orders and bookings in a text, such
// as ORD-9281, RF20418, #42 and 123456, and the text without them.
func Identifiers(text string) (found []string, rest string) {
	var b strings.Builder
	kept := 0
	for i := 0; i < len(text); {
		letters := i + length(text[i:], isLetter)
		digits := letters + length(text[letters:], isDigit)
		end := digits + length(text[digits:], isWordByte)
		start := i
		if i = end; i == start {
			i++
			continue
		}
		short, whole := letters-start >= 1 && letters-start <= 6, digits == end
		hyphen := 0
		if short && letters == end && strings.HasPrefix(text[end:], "-") {
			if hyphen = length(text[end+1:], isDigit); length(text[end+1+hyphen:], isWordByte) > 0 {
				hyphen = 0
			}
		}
		switch {
		case hyphen > 0:
			i += 1 + hyphen
		case short && whole && digits-letters >= 3:
		case letters == start && whole && digits-start >= 2 && strings.HasSuffix(text[:start], "#"):
			start--
		case letters == start && whole && digits-start >= 5:
		default:
			continue
		}
		found = append(found, text[start:i])
		b.WriteString(text[kept:start])
		kept = i
	}
	b.WriteString(text[kept:])
	return found, b.String()
}

// length is how many bytes of a kind a text begins with.
func length(text string, kind func(byte) bool) int {
	n := 0
	for n < len(text) && kind(text[n]) {
		n++
	}
	return n
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWordByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }
