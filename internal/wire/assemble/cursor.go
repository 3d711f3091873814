package assemble

import (
	"encoding/binary"
	"math/bits"
)

// maxPlainDepth is the nesting that a plain chunk may have in fields that are
// stepped over. Deeper ones are left to encoding/json.
const maxPlainDepth = 16

// cursor reads JSON (RFC 8259) from left to right. Each method says no where the
// text is not what it is named after; the position then means nothing any more.
type cursor struct {
	bytes []byte
	at    int
}

// space steps over white space, of which there mostly is none.
func (c *cursor) space() {
	if c.at < len(c.bytes) && c.bytes[c.at] <= ' ' {
		c.spaces()
	}
}

func (c *cursor) spaces() {
	for c.at < len(c.bytes) {
		switch c.bytes[c.at] {
		case ' ', '\t', '\n', '\r':
			c.at++
		default:
			return
		}
	}
}

// take steps over one byte. Unlike the others it stays where it was if it says no.
func (c *cursor) take(b byte) bool {
	if c.at < len(c.bytes) && c.bytes[c.at] == b {
		c.at++
		return true
	}
	return false
}

// literal steps over a word. It stays where it was if it says no.
func (c *cursor) literal(word string) bool {
	if len(c.bytes)-c.at < len(word) || string(c.bytes[c.at:c.at+len(word)]) != word {
		return false
	}
	c.at += len(word)
	return true
}

// object reads an object and calls member to read the value of each key. Keys that
// encoding/json could match with a field of another spelling are refused.
func (c *cursor) object(member func(key []byte) bool) bool {
	c.space()
	if !c.take('{') {
		return false
	}
	c.space()
	if c.take('}') {
		return true
	}
	for {
		key, ok := c.quoted()
		if !ok || key.escaped || key.wide || hasUpper(key.raw) {
			return false
		}
		c.space()
		if !c.take(':') {
			return false
		}
		c.space()
		if !member(key.raw) {
			return false
		}
		c.space()
		if c.take('}') {
			return true
		}
		if !c.take(',') {
			return false
		}
		c.space()
	}
}

func hasUpper(key []byte) bool {
	for _, b := range key {
		if b >= 'A' && b <= 'Z' {
			return true
		}
	}
	return false
}

// value steps over any value.
func (c *cursor) value(depth int) bool {
	if c.at == len(c.bytes) || depth > maxPlainDepth {
		return false
	}
	switch c.bytes[c.at] {
	case '"':
		_, ok := c.quoted()
		return ok
	case 'n':
		return c.literal("null")
	case 't':
		return c.literal("true")
	case 'f':
		return c.literal("false")
	case '[', '{':
		return c.container(depth)
	}
	return c.number()
}

// container steps over an array or an object.
func (c *cursor) container(depth int) bool {
	object := c.bytes[c.at] == '{'
	closing := c.bytes[c.at] + 2 // in ASCII the closing byte is two after the opening one
	c.at++
	c.space()
	if c.take(closing) {
		return true
	}
	for {
		if object {
			if _, ok := c.quoted(); !ok {
				return false
			}
			c.space()
			if !c.take(':') {
				return false
			}
			c.space()
		}
		if !c.value(depth + 1) {
			return false
		}
		c.space()
		if c.take(closing) {
			return true
		}
		if !c.take(',') {
			return false
		}
		c.space()
	}
}

func (c *cursor) number() bool {
	c.take('-')
	if !c.take('0') && !c.digits() {
		return false
	}
	if c.take('.') && !c.digits() {
		return false
	}
	if c.take('e') || c.take('E') {
		_ = c.take('+') || c.take('-')
		return c.digits()
	}
	return true
}

func (c *cursor) digits() bool {
	from := c.at
	for c.at < len(c.bytes) && c.bytes[c.at] >= '0' && c.bytes[c.at] <= '9' {
		c.at++
	}
	return c.at > from
}

// quoted reads a string.
func (c *cursor) quoted() (q quoted, ok bool) {
	if !c.take('"') {
		return q, false
	}
	b, from, i := c.bytes, c.at, c.at
	for i < len(b) {
		if len(b)-i >= 8 {
			special := specialBytes(binary.LittleEndian.Uint64(b[i:]))
			i += bits.TrailingZeros64(special) / 8
			if special == 0 {
				continue
			}
		}
		switch char := b[i]; {
		case char == '"':
			q.raw = b[from:i]
			c.at = i + 1
			return q, true
		case char == '\\':
			q.escaped = true
			size := escape(b[i:])
			if size == 0 {
				return q, false
			}
			// The surrogates are U+D800 to U+DFFF.
			q.half = q.half || size == 6 && (b[i+2]|' ') == 'd' && b[i+3] >= '8'
			i += size
		case char < ' ':
			return q, false
		default:
			q.wide = q.wide || char >= 0x80
			i++
		}
	}
	return q, false
}

// escape returns how many bytes the escape at the beginning of b has, or 0 if it is none.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) < 6 {
			return 0
		}
		for _, d := range b[2:6] {
			if !(d >= '0' && d <= '9' || d >= 'a' && d <= 'f' || d >= 'A' && d <= 'F') {
				return 0
			}
		}
		return 6
	}
	return 0
}

// specialBytes marks the bytes of eight that are not plain ASCII inside a string.
// The lowest mark is exact, those above it may be borrows. The method is from "Bit
// Twiddling Hacks" by Sean Anderson
// (https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord).
func specialBytes(eight uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quotes := eight ^ ones*'"'
	backslashes := eight ^ ones*'\\'
	return ((eight - ones*' ') | (quotes - ones) | (backslashes - ones) | eight) & tops
}
