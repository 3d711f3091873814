package assemble

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// quoted is the inside of a JSON string.
type quoted struct {
	raw     []byte
	escaped bool // it has escapes
	half    bool // it has an escape that is one half of a surrogate pair
	wide    bool // it has bytes that are not ASCII
}

// appendTo writes the text that the string stands for.
func (q quoted) appendTo(b *strings.Builder) {
	raw := q.raw
	if q.escaped {
		b.Grow(len(raw)) // so that the pieces below need one allocation at most
	}
	for q.escaped {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			break
		}
		b.Write(raw[:i])
		switch c := raw[i+1]; c {
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			b.WriteRune(hexRune(raw[i+2 : i+6]))
			i += 4
		default:
			b.WriteByte(c)
		}
		raw = raw[i+2:]
	}
	b.Write(raw)
}

// cutFrom writes the text to a builder that has room for it and returns it.
func (q quoted) cutFrom(b *strings.Builder) string {
	from := b.Len()
	q.appendTo(b)
	return b.String()[from:]
}

// hexRune returns the rune of four hexadecimal digits.
func hexRune(digits []byte) rune {
	n, _ := strconv.ParseUint(string(digits), 16, 16) // the digits were checked
	return rune(n)
}

// text reads a string that needs no judgement: invalid UTF-8 and surrogates, which
// are rare, are left to encoding/json.
func (c *cursor) text(to *quoted) bool {
	q, ok := c.quoted()
	*to = q
	return ok && !q.half && (!q.wide || utf8.Valid(q.raw))
}

// word reads a string of ASCII without escapes, or null.
func (c *cursor) word(to *quoted) bool {
	if c.literal("null") {
		return true
	}
	q, ok := c.quoted()
	*to = q
	return ok && !q.escaped && !q.wide
}

// integer reads a number of at most nine digits and nothing else.
func (c *cursor) integer(to *int) bool {
	from := c.at
	if !c.take('0') && !c.digits() || c.at-from > 9 {
		return false
	}
	*to = 0
	for _, digit := range c.bytes[from:c.at] {
		*to = *to*10 + int(digit-'0')
	}
	return true
}

// atLeast reads an integer, or null, and raises a number to it.
func (c *cursor) atLeast(to *int) bool {
	if c.literal("null") {
		return true
	}
	var n int
	ok := c.integer(&n)
	*to = max(*to, n)
	return ok
}
