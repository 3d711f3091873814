package assemble

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// plain is a chunk that only carries text, which nearly all chunks of a stream do.
// Its values are slices of the payload.
type plain struct {
	id, model, finish []byte
	content           quoted
	contentAt         int // where the content begins in the payload, 0 if there is none
	reasoning         quoted
	reasoningField    string
	seen              fields
}

// fields is a set of the fields that were met.
type fields uint16

const (
	topID fields = 1 << iota
	topObject
	topModel
	topChoices
	choiceIndex
	choiceDelta
	choiceFinish
	deltaContent
	deltaReasoning
)

// parsePlain reads a payload if it is a plain chunk. It says no to everything else,
// broken JSON included: no answer of its own may differ from that of parseChunk,
// which then reads the payload. It therefore gives up on whatever needs a
// judgement, such as fields that come twice and keys that encoding/json would match
// in another case.
func parsePlain(payload []byte) (plain, bool) {
	var p plain
	c := cursor{bytes: payload}
	ok := c.object(func(key []byte) bool { return p.top(&c, key) })
	c.space()
	return p, ok && c.at == len(c.bytes)
}

// template is a plain chunk without its content: what comes before it, with the
// quote that opens it, and after it, with the quote that closes it. The next chunk
// of a stream mostly fits, and then need not be parsed but for its content.
type template struct {
	before, after []byte
}

// remember makes a template of a chunk, if nothing but its content is of interest
// when the rest comes again.
func (t *template) remember(payload []byte, p *plain) {
	if p.contentAt == 0 || len(p.finish) > 0 || p.reasoningField != "" {
		return
	}
	t.before = append(t.before[:0], payload[:p.contentAt]...)
	t.after = append(t.after[:0], payload[p.contentAt+len(p.content.raw):]...)
}

// match reads a chunk that differs from the template only in its content.
func (t *template) match(payload []byte) (plain, bool) {
	var p plain
	end := len(payload) - len(t.after)
	if len(t.before) == 0 || end < len(t.before) || !bytes.HasPrefix(payload, t.before) || !bytes.Equal(payload[end:], t.after) {
		return p, false
	}
	c := cursor{bytes: payload, at: len(t.before) - len(`"`)}
	ok := c.text(&p.content)
	return p, ok && c.at == end+len(`"`)
}

// once reports whether a field has not been met before.
func (p *plain) once(field fields) bool {
	first := p.seen&field == 0
	p.seen |= field
	return first
}

func (p *plain) top(c *cursor, key []byte) bool {
	switch string(key) {
	case "id":
		return p.once(topID) && c.word(&p.id)
	case "model":
		return p.once(topModel) && c.word(&p.model)
	case "object":
		var object []byte
		return p.once(topObject) && c.word(&object) && string(object) != "error"
	case "choices":
		return p.once(topChoices) && p.choices(c)
	case "usage", "error":
		return c.literal("null")
	}
	return c.value(0)
}

// choices reads the only choice, if there is one.
func (p *plain) choices(c *cursor) bool {
	if !c.take('[') {
		return false
	}
	c.space()
	if c.take(']') {
		return true
	}
	if !c.object(func(key []byte) bool { return p.choice(c, key) }) {
		return false
	}
	c.space()
	return c.take(']')
}

func (p *plain) choice(c *cursor, key []byte) bool {
	switch string(key) {
	case "index":
		return p.once(choiceIndex) && c.take('0')
	case "delta":
		return p.once(choiceDelta) && c.object(func(key []byte) bool { return p.delta(c, key) })
	case "finish_reason":
		return p.once(choiceFinish) && c.word(&p.finish)
	case "message", "usage", "error":
		return c.literal("null")
	}
	return c.value(0)
}

func (p *plain) delta(c *cursor, key []byte) bool {
	switch string(key) {
	case "content":
		if !p.once(deltaContent) {
			return false
		}
		if c.literal("null") {
			return true
		}
		p.contentAt = c.at + len(`"`)
		return c.text(&p.content)
	case "reasoning_content", "reasoning":
		if c.literal("null") {
			return true
		}
		p.reasoningField = "reasoning"
		if len(key) > len("reasoning") {
			p.reasoningField = "reasoning_content"
		}
		return p.once(deltaReasoning) && c.text(&p.reasoning)
	case "tool_calls":
		return c.literal("null") || c.take('[') && c.take(']')
	case "refusal", "reasoning_details", "function_call":
		return c.literal("null")
	}
	return c.value(0)
}

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
func (c *cursor) word(to *[]byte) bool {
	if c.literal("null") {
		return true
	}
	q, ok := c.quoted()
	*to = q.raw
	return ok && !q.escaped && !q.wide
}
