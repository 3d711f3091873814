package arguments

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/frontdesk-go/frontdesk/internal/schema"
)

// document is one JSON text, read.
type document struct {
	source    string
	root      value
	rewrite   bool     // the source is not compact, or repeats a key
	fractions bool     // some number has a fraction or an exponent
	repeated  []string // notes on keys given twice
}

// parse reads exactly one JSON value (RFC 8259) that is nested no deeper than
// schema.MaxDepth.
func parse(text string) (document, error) {
	d := document{source: text}
	if valid := validText(text); valid != text {
		return d, malformed{0, "text that is not UTF-8"}
	}
	p := &parser{document: &d, text: text}
	p.space()
	root, err := p.value("", 0)
	if err != nil {
		return d, err
	}
	d.root = root
	p.space()
	if p.at < len(text) {
		return d, p.fail("text after the end")
	}
	return d, nil
}

// malformed says where text stops being JSON, without repeating any of it.
type malformed struct {
	offset int // bytes
	reason string
}

func (m malformed) Error() string { return fmt.Sprintf("%s at byte %d", m.reason, m.offset) }

// parser is a strict recursive-descent reader.
type parser struct {
	*document
	text string
	at   int
}

func (p *parser) fail(reason string) error { return malformed{p.at, reason} }

func (p *parser) space() {
	for p.at < len(p.text) && isSpace(p.text[p.at]) {
		p.at++
		p.rewrite = true
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// next returns the next byte, or 0 at the end.
func (p *parser) next() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) value(path string, depth int) (value, error) {
	if depth > schema.MaxDepth {
		return value{}, p.fail(fmt.Sprintf("more than %d levels", schema.MaxDepth))
	}
	switch c := p.next(); {
	case c == '{':
		return p.object(path, depth)
	case c == '[':
		return p.array(path, depth)
	case c == '"':
		raw, text, err := p.string()
		return value{kind: stringKind, raw: raw, text: text}, err
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case strings.HasPrefix(p.text[p.at:], "null"):
		p.at += len("null")
		return null, nil
	case strings.HasPrefix(p.text[p.at:], "true"):
		p.at += len("true")
		return value{kind: booleanKind, raw: "true"}, nil
	case strings.HasPrefix(p.text[p.at:], "false"):
		p.at += len("false")
		return value{kind: booleanKind, raw: "false"}, nil
	}
	return value{}, p.fail("a value is missing")
}

func (p *parser) object(path string, depth int) (value, error) {
	object := value{kind: objectKind}
	p.at++
	p.space()
	if p.next() == '}' {
		p.at++
		return object, nil
	}
	object.members = make([]member, 0, 4)
	var seen map[string]int // only for objects with many keys
	for {
		if p.next() != '"' {
			return object, p.fail("a key is missing")
		}
		raw, name, err := p.string()
		if err != nil {
			return object, err
		}
		p.space()
		if p.next() != ':' {
			return object, p.fail("a colon is missing")
		}
		p.at++
		p.space()
		inner := path
		if opens := p.next(); opens == '{' || opens == '[' {
			inner = schema.Key(path, name)
		}
		read, err := p.value(inner, depth+1)
		if err != nil {
			return object, err
		}
		if at := find(&object, &seen, name); at >= 0 {
			object.members[at].value = read
			p.rewrite = true
			p.repeated = append(p.repeated, schema.Key(path, name)+": given twice, the last value kept")
		} else {
			object.members = append(object.members, member{raw, name, read})
			if seen != nil {
				seen[name] = len(object.members) - 1
			}
		}
		p.space()
		switch p.next() {
		case ',':
			p.at++
			p.space()
		case '}':
			p.at++
			return object, nil
		default:
			return object, p.fail("a comma or closing brace is missing")
		}
	}
}

// find returns where an object has a name, or -1. Beyond a few keys it builds
// an index, so that long objects do not take quadratic time.
func find(object *value, seen *map[string]int, name string) int {
	const few = 16
	if *seen == nil {
		if len(object.members) < few {
			return object.position(name)
		}
		*seen = make(map[string]int, 2*few)
		for i, m := range object.members {
			(*seen)[m.name] = i
		}
	}
	if at, ok := (*seen)[name]; ok {
		return at
	}
	return -1
}

func (p *parser) array(path string, depth int) (value, error) {
	array := value{kind: arrayKind}
	p.at++
	p.space()
	if p.next() == ']' {
		p.at++
		return array, nil
	}
	for {
		inner := path
		if opens := p.next(); opens == '{' || opens == '[' {
			inner = schema.Index(path, len(array.items))
		}
		read, err := p.value(inner, depth+1)
		if err != nil {
			return array, err
		}
		array.items = append(array.items, read)
		p.space()
		switch p.next() {
		case ',':
			p.at++
			p.space()
		case ']':
			p.at++
			return array, nil
		default:
			return array, p.fail("a comma or closing bracket is missing")
		}
	}
}

// string reads a string and returns its JSON text and what it stands for.
func (p *parser) string() (raw, text string, err error) {
	start, escaped := p.at, false
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			raw = p.text[start:p.at]
			if !escaped {
				return raw, raw[1 : len(raw)-1], nil
			}
			if json.Unmarshal([]byte(raw), &text) != nil {
				p.at = start
				return "", "", p.fail("an invalid escape in the string")
			}
			return raw, text, nil
		case c == '\\':
			escaped = true
			p.at++
		case c < ' ':
			return "", "", p.fail("a control character in a string")
		}
	}
	p.at = start
	return "", "", p.fail("a string that does not end")
}

func (p *parser) number() (value, error) {
	start := p.at
	if p.next() == '-' {
		p.at++
	}
	if p.digits() == 0 {
		return value{}, p.fail("an invalid number")
	}
	integer := strings.TrimPrefix(p.text[start:p.at], "-")
	if len(integer) > 1 && integer[0] == '0' {
		return value{}, p.fail("a number with a leading zero")
	}
	if p.next() == '.' {
		p.at++
		p.fractions = true
		if p.digits() == 0 {
			return value{}, p.fail("an invalid number")
		}
	}
	if c := p.next(); c == 'e' || c == 'E' {
		p.at++
		p.fractions = true
		if c := p.next(); c == '+' || c == '-' {
			p.at++
		}
		if p.digits() == 0 {
			return value{}, p.fail("an invalid number")
		}
	}
	return value{kind: numberKind, raw: p.text[start:p.at]}, nil
}

// digits skips decimal digits and returns how many there were.
func (p *parser) digits() int {
	start := p.at
	for c := p.next(); c >= '0' && c <= '9'; c = p.next() {
		p.at++
	}
	return p.at - start
}
