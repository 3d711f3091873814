package arguments

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk/internal/schema"
)

// repair rewrites text that is almost JSON as JSON. It changes only what can
// be read in one way. With complete, brackets that are still open at the end
// are closed; a string never is.
func repair(text string, complete bool) (string, error) {
	text = validText(text)
	start, err := begin(text)
	if err != nil {
		return "", err
	}
	r := &repairer{text: text, at: start, complete: complete}
	r.out.Grow(len(text) + 16)
	if err := r.value(0, inNothing); err != nil {
		return "", err
	}
	// What follows may be the end of a code fence, prose, or brackets closed
	// once too often, but nothing that could belong to the arguments.
	rest := strings.TrimLeft(text[r.at:], "}] \t\r\n")
	if rest != "" && (strings.ContainsAny(rest, `{}[]"`) || strings.IndexByte(",:'", rest[0]) >= 0) {
		r.at = len(text) - len(rest)
		return "", r.fail("text after the end")
	}
	return r.out.String(), nil
}

// begin finds where the value starts: at once, or after the prose or code
// fence that a model put before an object.
func begin(text string) (int, error) {
	trimmed := strings.TrimLeftFunc(text, unicode.IsSpace)
	start := len(text) - len(trimmed)
	if trimmed != "" && strings.IndexByte(`{["'`, trimmed[0]) >= 0 {
		return start, nil
	}
	brace := strings.IndexByte(trimmed, '{')
	if brace < 0 || strings.ContainsAny(trimmed[:brace], `}[]"=`) {
		return 0, malformed{start, "no JSON object"}
	}
	return start + brace, nil
}

// repairer is a lenient recursive-descent reader that writes strict JSON.
type repairer struct {
	text     string
	at       int
	complete bool
	out      strings.Builder
	open     []byte // the brackets that close what is open
}

// place is where a single-quoted string stands, which tells its end from an
// apostrophe in it.
type place int

const (
	inNothing place = iota
	inKey
	inObject
	inArray
)

func (r *repairer) fail(reason string) error { return malformed{r.at, reason} }

func (r *repairer) space() {
	for r.at < len(r.text) {
		c, size := utf8.DecodeRuneInString(r.text[r.at:])
		if !unicode.IsSpace(c) && c != '\uFEFF' {
			return
		}
		r.at += size
	}
}

func (r *repairer) next() byte {
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

func (r *repairer) ended() bool { return r.at == len(r.text) }

func (r *repairer) value(depth int, where place) error {
	if depth > schema.MaxDepth {
		return r.fail(fmt.Sprintf("more than %d levels", schema.MaxDepth))
	}
	switch c := r.next(); c {
	case '{':
		return r.object(depth)
	case '[':
		return r.array(depth)
	case '"':
		return r.doubleQuoted()
	case '\'':
		return r.singleQuoted(where)
	default:
		return r.scalar()
	}
}

// scalar copies a number or a literal; nothing else may stand without quotes.
func (r *repairer) scalar() error {
	end := r.at
	for end < len(r.text) && strings.IndexByte(",:{}[]\"' \t\r\n", r.text[end]) < 0 {
		end++
	}
	word := r.text[r.at:end]
	switch word {
	case "":
		return r.fail("a value is missing")
	case "True":
		word = "true"
	case "False":
		word = "false"
	case "None":
		word = "null"
	case "true", "false", "null":
	default:
		p := &parser{document: &document{}, text: word}
		if _, err := p.number(); err != nil || p.at != len(word) {
			return r.fail("a value that is neither quoted nor a number")
		}
	}
	r.at = end
	r.out.WriteString(word)
	return nil
}

func (r *repairer) object(depth int) error {
	r.at++
	r.out.WriteByte('{')
	r.open = append(r.open, '}')
	for first := true; ; first = false {
		r.space()
		if closed, err := r.close(); closed || err != nil {
			return err
		}
		if !first {
			r.out.WriteByte(',')
		}
		if err := r.key(); err != nil {
			return err
		}
		r.space()
		if r.next() != ':' {
			return r.fail("a colon is missing")
		}
		r.at++
		r.out.WriteByte(':')
		r.space()
		if err := r.value(depth+1, inObject); err != nil {
			return err
		}
		if more, err := r.separator(); !more || err != nil {
			return err
		}
	}
}

func (r *repairer) array(depth int) error {
	r.at++
	r.out.WriteByte('[')
	r.open = append(r.open, ']')
	for first := true; ; first = false {
		r.space()
		if closed, err := r.close(); closed || err != nil {
			return err
		}
		if !first {
			r.out.WriteByte(',')
		}
		if err := r.value(depth+1, inArray); err != nil {
			return err
		}
		if more, err := r.separator(); !more || err != nil {
			return err
		}
	}
}

// separator reads what follows a member or an item, and reports whether
// another may come.
func (r *repairer) separator() (bool, error) {
	r.space()
	if r.next() == ',' {
		r.at++
		return true, nil
	}
	closed, err := r.close()
	if err == nil && !closed {
		err = r.fail("a comma is missing")
	}
	return false, err
}

// close ends an object or array at its bracket, or, if the model had finished,
// where the bracket is missing: at the end of the text or before the bracket
// of what is around it.
func (r *repairer) close() (bool, error) {
	around, own := r.open[:len(r.open)-1], r.open[len(r.open)-1]
	switch c := r.next(); {
	case c == own:
		r.at++
	case r.ended() || slices.Contains(around, c):
		if !r.complete {
			return false, r.fail("a closing bracket is missing")
		}
	default:
		return false, nil
	}
	r.open = around
	r.out.WriteByte(own)
	return true, nil
}

func (r *repairer) key() error {
	switch r.next() {
	case '"':
		return r.doubleQuoted()
	case '\'':
		return r.singleQuoted(inKey)
	}
	end := r.at
	for end < len(r.text) {
		c, size := utf8.DecodeRuneInString(r.text[end:])
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("_$-", c) {
			break
		}
		end += size
	}
	if end == r.at {
		return r.fail("a key is missing")
	}
	r.out.WriteString(encodeString(r.text[r.at:end]))
	r.at = end
	return nil
}

func (r *repairer) doubleQuoted() error {
	start := r.at
	r.at++
	r.out.WriteByte('"')
	for !r.ended() {
		switch c := r.text[r.at]; {
		case c == '"':
			r.at++
			r.out.WriteByte('"')
			return nil
		case c == '\\':
			r.escape()
		default:
			r.copy(c)
		}
	}
	r.at = start
	return r.fail("a string that does not end")
}

func (r *repairer) singleQuoted(where place) error {
	start := r.at
	r.at++
	r.out.WriteByte('"')
	for !r.ended() {
		switch c := r.text[r.at]; {
		case c == '\'' && r.endsHere(where):
			r.at++
			r.out.WriteByte('"')
			return nil
		case c == '"':
			r.out.WriteString(`\"`)
			r.at++
		case c == '\\':
			r.escape()
		default:
			r.copy(c)
		}
	}
	r.at = start
	return r.fail("a string that does not end")
}

// copy writes one byte of a string, escaping what JSON does not allow bare.
func (r *repairer) copy(c byte) {
	switch {
	case c == '\n':
		r.out.WriteString(`\n`)
	case c == '\r':
		r.out.WriteString(`\r`)
	case c == '\t':
		r.out.WriteString(`\t`)
	case c < ' ':
		fmt.Fprintf(&r.out, `\u%04x`, c)
	default:
		r.out.WriteByte(c)
	}
	r.at++
}

// escape writes one escape sequence. Python's \xNN becomes \u00NN, an escaped
// apostrophe loses its backslash, and a backslash that starts no escape stands
// for itself.
func (r *repairer) escape() {
	rest := r.text[r.at+1:]
	switch {
	case rest == "":
		r.out.WriteString(`\\`)
		r.at++
	case strings.IndexByte(`"\/bfnrt`, rest[0]) >= 0:
		r.out.WriteString(r.text[r.at : r.at+2])
		r.at += 2
	case rest[0] == '\'':
		r.out.WriteByte('\'')
		r.at += 2
	case rest[0] == 'u' && len(rest) >= 5 && isHex(rest[1:5]):
		r.out.WriteString(r.text[r.at : r.at+6])
		r.at += 6
	case rest[0] == 'x' && len(rest) >= 3 && isHex(rest[1:3]):
		r.out.WriteString(`\u00` + rest[1:3])
		r.at += 4
	default:
		r.out.WriteString(`\\`)
		r.at++
	}
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdefABCDEF") == "" }

// endsHere reports whether the single quote at the current place ends its
// string. An apostrophe is followed by more text; the end by what may follow a
// string in this place.
func (r *repairer) endsHere(where place) bool {
	after := strings.TrimLeftFunc(r.text[r.at+1:], unicode.IsSpace)
	switch {
	case where == inKey:
		return strings.HasPrefix(after, ":")
	case after == "":
		return true
	case where == inNothing:
		return !strings.Contains(after, "'")
	case after[0] == '}' || after[0] == ']':
		return true
	case after[0] != ',':
		return false
	}
	after = strings.TrimLeftFunc(after[1:], unicode.IsSpace)
	if after == "" || after[0] == '}' || after[0] == ']' {
		return true
	}
	if where == inArray {
		return startsValue(after)
	}
	return startsKey(after)
}

// startsValue reports whether an array's next item may start here.
func startsValue(text string) bool {
	if strings.IndexByte(`"'{[-0123456789`, text[0]) >= 0 {
		return true
	}
	for _, literal := range []string{"true", "false", "null", "True", "False", "None"} {
		if strings.HasPrefix(text, literal) {
			return true
		}
	}
	return false
}

// startsKey reports whether an object's next key and its colon start here.
func startsKey(text string) bool {
	name := ""
	switch quote := text[0]; quote {
	case '"', '\'':
		end := strings.IndexByte(text[1:], quote)
		if end < 0 {
			return false
		}
		name = text[end+2:]
	default:
		name = strings.TrimLeftFunc(text, func(c rune) bool {
			return unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune("_$-", c)
		})
		if len(name) == len(text) {
			return false
		}
	}
	return strings.HasPrefix(strings.TrimLeftFunc(name, unicode.IsSpace), ":")
}
