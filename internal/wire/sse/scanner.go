package sse

import (
	"encoding/binary"
	"math/bits"
)

// status is what is known of a JSON object after some of its lines.
type status byte

const (
	invalid status = iota
	incomplete
	complete
)

// expectation is what the grammar of JSON (RFC 8259) allows next.
type expectation byte

const (
	aValue expectation = iota
	aValueOrEnd
	aKey
	aKeyOrEnd
	aColon
	aCommaOrEnd
	nothing
)

// maxDepth is the nesting that package encoding/json accepts as well.
const maxDepth = 10000

// scanner checks JSON line by line. A line break can stand only between two
// tokens, so what the grammar allows next and the containers that are open are
// all it has to remember, and no byte is looked at twice.
type scanner struct {
	next expectation
	open []byte // the closing bytes of the open containers
}

func (s *scanner) reset() {
	s.next = aValue
	s.open = s.open[:0]
}

// line checks one more line of the object, whose first byte is a brace.
func (s *scanner) line(b []byte) status {
	next := s.next
	for i := 0; i < len(b); {
		c := b[i]
		if c == ' ' || c == '\t' {
			i++
			continue
		}
		switch next {
		case aKey, aKeyOrEnd:
			if c == '"' {
				i = stringEnd(b, i+1)
				next = aColon
				break
			}
			if c != '}' || next == aKey {
				return invalid
			}
			i++
			next = s.close()
		case aColon:
			if c != ':' {
				return invalid
			}
			i++
			next = aValue
		case aCommaOrEnd:
			closing := s.open[len(s.open)-1]
			i++
			switch {
			case c == closing:
				next = s.close()
			case c != ',':
				return invalid
			case closing == '}':
				next = aKey
			default:
				next = aValue
			}
		case aValue, aValueOrEnd:
			wanted := next
			next = aCommaOrEnd
			switch c {
			case '"':
				i = stringEnd(b, i+1)
			case '{', '[':
				if len(s.open) == maxDepth {
					return invalid
				}
				i++
				next = aKeyOrEnd
				if c == '[' {
					next = aValueOrEnd
				}
				s.open = append(s.open, c+2) // in ASCII the closing byte is two after the opening one
			case ']':
				if wanted == aValue {
					return invalid
				}
				i++
				next = s.close()
			case 't':
				i = wordEnd(b, i, "true")
			case 'f':
				i = wordEnd(b, i, "false")
			case 'n':
				i = wordEnd(b, i, "null")
			default:
				i = numberEnd(b, i)
			}
		default:
			return invalid
		}
		if i < 0 {
			return invalid
		}
	}
	s.next = next
	if next == nothing {
		return complete
	}
	return incomplete
}

// close leaves the innermost container and returns what may follow it.
func (s *scanner) close() expectation {
	s.open = s.open[:len(s.open)-1]
	if len(s.open) == 0 {
		return nothing
	}
	return aCommaOrEnd
}

// stringEnd returns the position after the string whose first byte inside the
// quotes is at i, or -1 if it is not one.
func stringEnd(b []byte, i int) int {
	for i < len(b) {
		if len(b)-i >= 8 {
			special := specialBytes(binary.LittleEndian.Uint64(b[i:]))
			i += bits.TrailingZeros64(special) / 8
			if special == 0 {
				continue
			}
		}
		c := b[i]
		i++
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		if c == '"' {
			return i
		}
		if c != '\\' || i == len(b) {
			return -1
		}
		switch b[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			i++
		case 'u':
			if len(b)-i < 5 || !hex(b[i+1]) || !hex(b[i+2]) || !hex(b[i+3]) || !hex(b[i+4]) {
				return -1
			}
			i += 5
		default:
			return -1
		}
	}
	return -1
}

// specialBytes marks the bytes of eight that are not plain string content: the
// quote, the backslash and the control characters. The lowest mark is exact,
// those above it may be borrows. The method is from "Bit Twiddling Hacks" by Sean
// Anderson (https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord).
func specialBytes(eight uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quotes := eight ^ ones*'"'
	backslashes := eight ^ ones*'\\'
	return ((eight-ones*' ')&^eight | (quotes-ones)&^quotes | (backslashes-ones)&^backslashes) & tops
}

func wordEnd(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

func numberEnd(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	whole := i
	i = digits(b, i)
	if i == whole || b[whole] == '0' && i > whole+1 {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		from := i + 1
		if i = digits(b, from); i == from {
			return -1
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		from := i
		if i = digits(b, from); i == from {
			return -1
		}
	}
	return i
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}

func hex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
