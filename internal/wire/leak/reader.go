package leak

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"
)

// reader reads the calls of one region of a text. A method that returns false
// has not found what it looks for; cut then tells whether the text ended too
// early to know.
type reader struct {
	text  string
	pos   int
	offer *offer

	calls   []Call
	dropped int // Calls of unknown tools, or with unusable arguments.
	cut     bool
}

func (r *reader) rest() string { return r.text[r.pos:] }

func (r *reader) end() bool { return r.pos == len(r.text) }

// space goes past white space.
func (r *reader) space() {
	r.pos = len(r.text) - len(strings.TrimLeftFunc(r.rest(), unicode.IsSpace))
}

// at reports whether one of the tokens comes next.
func (r *reader) at(tokens ...string) bool {
	for _, token := range tokens {
		if strings.HasPrefix(r.rest(), token) {
			return true
		}
	}
	return false
}

// ends reports whether the text ends here or within one of the tokens.
func (r *reader) ends(tokens ...string) bool {
	if r.end() {
		return true
	}
	for _, token := range tokens {
		if strings.HasPrefix(token, r.rest()) && token != r.rest() {
			return true
		}
	}
	return false
}

// take goes past one of the tokens, which has to come next.
func (r *reader) take(tokens ...string) bool {
	for _, token := range tokens {
		if strings.HasPrefix(r.rest(), token) {
			r.pos += len(token)
			return true
		}
	}
	r.cut = r.cut || r.ends(tokens...)
	return false
}

// skip goes past one of the tokens if it comes next, also past a part of it
// at the end of the text.
func (r *reader) skip(tokens ...string) bool {
	if r.end() {
		return false
	}
	if r.at(tokens...) {
		return r.take(tokens...)
	}
	if r.ends(tokens...) {
		r.pos = len(r.text)
		return true
	}
	return false
}

// until goes to the first of the tokens and returns what stands before it.
func (r *reader) until(tokens ...string) (before string, ok bool) {
	first := -1
	for _, token := range tokens {
		if i := strings.Index(r.rest(), token); i >= 0 && (first < 0 || i < first) {
			first = i
		}
	}
	if first < 0 {
		r.cut = true
		return "", false
	}
	before = r.rest()[:first]
	r.pos += first
	return before, true
}

// word goes past the characters of a name or an id.
func (r *reader) word() string {
	rest := r.rest()
	n := strings.IndexFunc(rest, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("_-.:/()", c)
	})
	if n < 0 {
		n = len(rest)
	}
	r.pos += n
	return rest[:n]
}

// name is word for the name of a tool. A name that the text ends in counts as
// cut only if it can still become one of a tool.
func (r *reader) name() (string, bool) {
	name := r.word()
	if !r.end() {
		return name, name != ""
	}
	r.cut = r.cut || r.offer.mayBecome(name)
	return "", false
}

// value goes past one JSON value and returns its text.
func (r *reader) value() (raw string, ok bool) {
	r.space()
	value, size, err := decode(r.rest())
	if err != nil {
		r.cut = r.cut || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
		return "", false
	}
	r.pos += size
	return value, true
}

// object is value for an object that may stand in a code fence.
func (r *reader) object() (raw string, ok bool) {
	r.space()
	fenced := r.fence()
	r.space()
	if !strings.HasPrefix(r.rest(), "{") {
		r.cut = r.cut || r.end()
		return "", false
	}
	if raw, ok = r.value(); ok && fenced {
		r.space()
		r.skip("```")
	}
	return raw, ok
}

// fence goes past the opening of a code fence around JSON.
func (r *reader) fence() bool {
	fenced := r.skip("```")
	if fenced {
		r.skip("json")
	}
	return fenced
}

// decode reads the JSON value that text begins with. With an error, size is
// the position of the byte that does not belong there.
func decode(text string) (value string, size int, err error) {
	var raw json.RawMessage
	decoder := json.NewDecoder(strings.NewReader(text))
	if err := decoder.Decode(&raw); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return "", max(1, int(syntax.Offset)-1), err
		}
		return "", len(text), err
	}
	return string(raw), int(decoder.InputOffset()), nil
}

// add takes a call with arguments that are a JSON object. A name that no tool
// has makes it a dropped call.
func (r *reader) add(spelling, arguments, id, format string) {
	name, ok := r.offer.resolve(spelling)
	if !ok || r.offer.describes(name, arguments) {
		r.dropped++
		return
	}
	r.calls = append(r.calls, Call{ID: id, Name: name, Arguments: arguments, Format: format})
}

// region reads all calls of the region at the position, whose markup is of
// the family.
func (r *reader) region(family family) bool {
	if family == unmarked {
		return r.tail() && len(r.calls) > 0
	}
	if !family.read(r) || len(r.calls) == 0 {
		if len(r.calls) == 0 || r.cut {
			return false
		}
		// The calls before a broken one are whole; what is left of the markup
		// goes with it.
		r.dropped++
		if r.pos = closed(r.text, r.pos, family); r.pos == 0 {
			r.pos = len(r.text)
		}
	}
	for {
		end := r.pos
		r.space()
		if !r.skip(trailers...) {
			r.pos = end
			return true
		}
	}
}

// trailers may follow calls: the tokens that end a turn, and closing tags that
// were written twice.
var trailers = []string{
	"<|eom_id|>", "<|eot_id|>", "<|end_of_text|>", "<|im_end|>", "<|endoftext|>", "</s>",
	"<｜end▁of▁sentence｜>", "</tool_call>",
}

// proseFollows reports whether more prose stands on the line where the region
// from start ended.
func (r *reader) proseFollows(start int) bool {
	end := start + len(strings.TrimRightFunc(r.text[start:r.pos], unicode.IsSpace))
	line, _, _ := strings.Cut(r.text[end:], "\n")
	line = strings.TrimSpace(line)
	return line != "" && familyOf(line) == unmarked
}

// namesMarker reports whether the text from start is no more than a marker.
func (r *reader) namesMarker(start int) bool {
	rest := strings.TrimSpace(r.text[start:])
	return slices.ContainsFunc(markers, func(m marker) bool { return m.text == rest })
}

// closed returns where markup of the family that is open at start ends, or 0.
func closed(text string, start int, family family) int {
	for _, closer := range family.closers() {
		if i := strings.Index(text[start:], closer); i >= 0 {
			return start + i + len(closer)
		}
	}
	return 0
}

// nesting knows which positions of a text lie inside a JSON value. Positions
// are asked for in ascending order.
type nesting struct {
	text       string
	from       int // Everything before it has been read.
	start, end int // The last value.
}

// contains reports whether pos lies inside a JSON value that began before it,
// or inside the beginning of one that the text cuts off.
func (n *nesting) contains(pos int) bool {
	for n.from < pos {
		i := strings.IndexAny(n.text[n.from:pos], "{[")
		if i < 0 {
			n.from = pos
			break
		}
		n.start = n.from + i
		_, size, err := decode(n.text[n.start:])
		n.from = n.start + size
		n.end = n.from
		if err != nil && n.from < len(n.text) {
			n.end = n.start
		}
	}
	return n.start < pos && pos < n.end
}

// skip forgets what stands before pos.
func (n *nesting) skip(pos int) { n.from, n.start, n.end = pos, pos, pos }
