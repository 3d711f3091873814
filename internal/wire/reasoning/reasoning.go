// Package reasoning separates the thoughts of a model from its answer where
// both stand in one text.
//
// Reasoning models write their thoughts between a pair of tags. A host that
// does not know the tags passes them on as part of the answer, and a customer
// would read them. Four pairs are known: <think> (DeepSeek, Qwen, Kimi,
// Llama distillations, the first Magistral), <thinking>, [THINK] (Mistral) and
// ◁think▷ (Kimi-VL).
package reasoning

import "strings"

// Split separates the thoughts of a whole text from its answer. It returns
// exactly what a [Splitter] would give for the same text in pieces; opened
// has the meaning of [Splitter.Opened].
//
// Complete is false if the text ends within a thought: the answer never came.
// Split is safe for concurrent use.
func Split(text string, opened bool) (thought, answer string, complete bool) {
	s := Splitter{Opened: opened}
	thought, answer, _ = s.Add(text)
	restThought, restAnswer, complete := s.Finish()
	return thought + restThought, answer + restAnswer, complete
}

// Splitter separates thoughts from the answer while the text arrives.
//
// A thought opens only where an answer has not begun: at the start of the
// text or right after another thought, leading white space aside. A closing
// tag without an opening one means that the prompt's template had opened the
// thought, so all before it is thought. Tags in a code span or a code fence,
// and every tag after the answer has named an opening one, are plain text.
//
// The leading white space of each thought and of the answer is dropped, and
// several thoughts are joined by a newline; all else is passed on unchanged.
//
// The zero value is ready to use. A Splitter serves one text and is not safe
// for concurrent use.
type Splitter struct {
	// Opened says that the text begins inside a thought, because the template
	// of the prompt ended with the opening tag. An opening tag that the model
	// repeats is dropped. Set it before the first Add.
	Opened bool

	mode    mode
	begun   bool   // Add has been called.
	fresh   bool   // The current thought has shown nothing but white space.
	thought bool   // Some thought has been given out.
	tagged  bool   // A tag was found and dropped.
	settled bool   // A lone closing tag can no longer turn the answer into a thought.
	closer  string // The tag that ends the current thought; empty means any.
	held    string // What may be the beginning of a tag.
	given   []byte // The answer given out so far, while it may still be a thought.
	code    code
}

type mode int

const (
	between  mode = iota // Neither a thought nor the answer has begun.
	thinking             // Inside a thought.
	replying             // Inside the answer.
)

// pairs holds the opening and closing tags. No tag is a prefix of another.
var pairs = [...]struct{ opener, closer string }{
	{"<think>", "</think>"},
	{"<thinking>", "</thinking>"},
	{"[THINK]", "[/THINK]"},
	{"◁think▷", "◁/think▷"},
}

const space = " \t\r\n"

// Add takes the next piece of the text and returns what it adds to the
// thought and to the answer. At most the beginning of a tag is held back.
//
// Retracted is true at most once per text: what was returned as answer so far
// has turned out to be thought. The returned thought then begins with that
// text, and the returned answer begins the answer anew: the caller throws the
// old answer away, also where it was shown already.
func (s *Splitter) Add(delta string) (thought, answer string, retracted bool) {
	if !s.begun {
		s.begun = true
		if s.Opened {
			s.mode, s.fresh, s.settled = thinking, true, true
		}
	}
	var out pieces
	rest := s.held + delta
	for more := true; more; {
		switch s.mode {
		case between:
			rest, more = s.between(rest)
		case thinking:
			rest, more = s.thinking(rest, &out)
		case replying:
			rest, more = s.replying(rest, &out)
		}
	}
	s.held = rest
	return out.thought.String(), out.answer.String(), out.retracted
}

// Tagged reports whether a tag was found so far, and dropped. Without one the
// text is the answer as it came, leading white space included.
func (s *Splitter) Tagged() bool { return s.tagged }

// Finish ends the text and returns what was held back. Complete is false if
// the text ended within a thought.
func (s *Splitter) Finish() (thought, answer string, complete bool) {
	if !s.begun {
		s.Add("")
	}
	rest := s.held
	s.held = ""
	if s.mode != thinking {
		return "", rest, true
	}
	if rest != "" && s.fresh {
		rest = s.separator() + rest
	}
	return rest, "", false
}

// pieces is what one Add gives out.
type pieces struct {
	thought, answer strings.Builder
	retracted       bool
}

// between decides whether a thought or the answer comes next. Like its two
// siblings it returns what is left of the text, and whether to go on with it.
func (s *Splitter) between(text string) (rest string, more bool) {
	text = strings.TrimLeft(text, space)
	for _, pair := range pairs {
		if after, ok := strings.CutPrefix(text, pair.opener); ok {
			s.mode, s.fresh, s.settled, s.closer = thinking, true, true, pair.closer
			s.tagged = true
			return after, true
		}
		// With no answer before it, a closing tag ends an empty thought.
		if after, ok := strings.CutPrefix(text, pair.closer); ok {
			s.settled, s.tagged = true, true
			return after, true
		}
	}
	if isPartial(text) {
		return text, false
	}
	s.mode = replying
	return text, true
}

// thinking gives out the thought up to its closing tag.
func (s *Splitter) thinking(text string, out *pieces) (rest string, more bool) {
	if s.fresh {
		text = strings.TrimLeft(text, space)
		if s.Opened && !s.thought && s.closer == "" {
			for _, pair := range pairs {
				if after, ok := strings.CutPrefix(text, pair.opener); ok {
					s.closer, s.tagged = pair.closer, true
					return after, true
				}
			}
			if isPartial(text) {
				return text, false
			}
		}
	}
	at, tag := -1, ""
	for _, pair := range pairs {
		if s.closer != "" && s.closer != pair.closer {
			continue
		}
		if i := strings.Index(text, pair.closer); i >= 0 && (at < 0 || i < at) {
			at, tag = i, pair.closer
		}
	}
	body, rest := splitPartial(text)
	if at >= 0 {
		body, rest, more = text[:at], text[at+len(tag):], true
		s.mode, s.closer, s.tagged = between, "", true
	}
	if body != "" {
		if s.fresh {
			out.thought.WriteString(s.separator())
		}
		out.thought.WriteString(body)
		s.fresh, s.thought = false, true
	}
	return rest, more
}

// separator stands before a further thought.
func (s *Splitter) separator() string {
	if s.thought {
		return "\n"
	}
	return ""
}

// replying gives out the answer and looks for a closing tag that turns it into
// a thought.
func (s *Splitter) replying(text string, out *pieces) (rest string, more bool) {
	if s.settled {
		out.answer.WriteString(text)
		return "", false
	}
	for i := range len(text) {
		switch text[i] {
		case '<', '[', "◁"[0]:
			s.code.end()
			for _, pair := range pairs {
				if strings.HasPrefix(text[i:], pair.opener) {
					// An answer that names the opening tag speaks about tags.
					s.settled, s.given = true, nil
					out.answer.WriteString(text)
					return "", false
				}
				if !s.code.open() && strings.HasPrefix(text[i:], pair.closer) {
					out.thought.Write(s.given)
					out.thought.WriteString(text[:i])
					out.retracted = len(s.given) > 0
					s.mode, s.settled, s.thought, s.given = between, true, true, nil
					s.tagged = true
					return text[i+len(pair.closer):], true
				}
			}
			if isPartial(text[i:]) {
				s.give(text[:i], out)
				return text[i:], false
			}
		}
		s.code.next(text[i])
	}
	s.give(text, out)
	return "", false
}

func (s *Splitter) give(text string, out *pieces) {
	out.answer.WriteString(text)
	s.given = append(s.given, text...)
}

// isPartial reports whether text is the beginning of a tag, but not a whole
// one.
func isPartial(text string) bool {
	for _, pair := range pairs {
		if strings.HasPrefix(pair.opener, text) || strings.HasPrefix(pair.closer, text) {
			return true
		}
	}
	return false
}

// splitPartial cuts off the longest end of text that may begin a closing tag.
func splitPartial(text string) (body, rest string) {
	const longest = len("◁/think▷") - 1 // The longest closing tag.
	for i := max(0, len(text)-longest); i < len(text); i++ {
		for _, pair := range pairs {
			if strings.HasPrefix(pair.closer, text[i:]) {
				return text[:i], text[i:]
			}
		}
	}
	return text, ""
}
