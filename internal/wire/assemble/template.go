package assemble

import "bytes"

// template is a plain chunk without its content: what comes before it, with the
// quote that opens it, and after it, with the quote that closes it. The next chunk
// of a stream mostly fits, and then need not be parsed but for its content.
type template struct {
	before, after []byte
}

// remember makes a template of a chunk, if nothing but its content is of interest
// when the rest comes again.
func (t *template) remember(payload []byte, p *plain) {
	other := len(p.finish.raw) > 0 || len(p.refusal.raw) > 0 || p.reasoningField != "" || p.called > 0 || p.counted
	if p.contentAt == 0 || other {
		return
	}
	t.before = append(t.before[:0], payload[:p.contentAt]...)
	t.after = append(t.after[:0], payload[p.contentAt+len(p.content.raw):]...)
}

// match reads a chunk that differs from the template only in its content.
func (t *template) match(payload []byte) (content quoted, ok bool) {
	end := len(payload) - len(t.after)
	if len(t.before) == 0 || end < len(t.before) || !bytes.HasPrefix(payload, t.before) || !bytes.Equal(payload[end:], t.after) {
		return content, false
	}
	c := cursor{bytes: payload, at: len(t.before) - len(`"`)}
	ok = c.text(&content)
	return content, ok && c.at == end+len(`"`)
}
