package leak

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner walks over a text and stops wherever a call may begin. It looks only
// backwards and at the few bytes it needs to decide, so that a stream stops
// where a whole text does: Parse looks for calls nowhere else, and Hold shows
// nothing past the first stop.
type scanner struct {
	offer *offer
	pos   int // The position in the text; at a stop, where the call may begin.

	fence     int  // The length of the code fence that is open, or 0.
	fenceMark byte // Its mark, a backtick or a tilde.
	fenceLine bool // The line is the one that opened the fence.
	code      int  // The number of backticks that opened a code span, or 0.
	blank     bool // The line holds only white space so far.
	ended     bool // The last thing on the line ended a sentence.
}

// stop is the reason why a scanner stopped.
type stop int

const (
	nothing   stop = iota // The end of the text; nothing is pending.
	waiting               // The text ends within a rune or a run of backticks.
	undecided             // The text ends within what may begin a call.
	begun                 // A call may begin here.
)

func newScanner(offer *offer) *scanner {
	return &scanner{offer: offer, blank: true}
}

// restart goes on at pos, right after a call.
func (s *scanner) restart(pos int) { *s = scanner{offer: s.offer, pos: pos, blank: true} }

// midSentence reports whether unfinished prose stands before the position on
// its line.
func (s *scanner) midSentence() bool { return !s.blank && !s.ended }

// next goes on to the next stop. The end of a whole text is reported as
// nothing, also where a stream would wait.
func (s *scanner) next(text string) stop {
	found := s.advance(text)
	if found == waiting {
		return nothing
	}
	return found
}

// advance goes on to the next stop in a text that may grow.
func (s *scanner) advance(text string) stop {
	for s.pos < len(text) {
		rest := text[s.pos:]
		switch b := rest[0]; {
		case b == '`' || b == '~':
			run := len(rest) - len(strings.TrimLeft(rest, rest[:1]))
			if run == len(rest) {
				if b == '`' && s.blank && s.fence == 0 {
					return undecided
				}
				return waiting
			}
			if run >= 3 && b == '`' && s.blank && s.fence == 0 {
				if found := s.fenced(rest[run:]); found != nothing {
					return found
				}
			}
			s.marks(b, run)
		case s.fence > 0 || s.code > 0:
			s.step(rest)
		case b == '<' || b == '[' || b == '{':
			if found := s.opens(rest); found != nothing {
				return found
			}
			s.step(rest)
		case !utf8.FullRuneInString(rest):
			return waiting
		default:
			s.step(rest)
		}
	}
	return nothing
}

// pass goes past a stop that turned out not to begin a call.
func (s *scanner) pass(text string) {
	rest := text[s.pos:]
	if rest[0] != '`' {
		s.step(rest)
		return
	}
	s.marks('`', len(rest)-len(strings.TrimLeft(rest, "`")))
}

// opens decides whether rest, which begins with a bracket, begins a call.
func (s *scanner) opens(rest string) stop {
	found := marked(rest)
	if found != begun && rest[0] != '<' && !s.midSentence() {
		found = max(found, s.offer.opensJSON(rest))
	}
	return found
}

// fenced decides whether the code fence whose opening marks stand before rest
// may hold calls.
func (s *scanner) fenced(rest string) stop {
	line, body, whole := strings.Cut(rest, "\n")
	info := strings.ToLower(strings.TrimSpace(line))
	if !whole {
		for _, allowed := range fenceInfos {
			if strings.HasPrefix(allowed, info) {
				return undecided
			}
		}
		return nothing
	}
	if !slices.Contains(fenceInfos, info) {
		return nothing
	}
	body = strings.TrimLeftFunc(body, unicode.IsSpace)
	if body == "" {
		return undecided
	}
	return max(marked(body), s.offer.opensJSON(body))
}

// fenceInfos are the languages that models give to a fence around a call.
var fenceInfos = []string{"", "json", "xml", "tool_call", "tool_calls"}

// marks takes a run of backticks or tildes.
func (s *scanner) marks(mark byte, run int) {
	switch {
	case s.fence > 0 && s.fenceLine && mark == '`':
		// A fence has no backtick in its first line: this is a code span.
		if s.code = s.fence; run == s.fence {
			s.code = 0
		}
		s.fence, s.fenceLine = 0, false
	case s.fence > 0:
		if s.blank && mark == s.fenceMark && run >= s.fence {
			s.fence = 0
		}
	case run >= 3 && s.blank:
		s.fence, s.fenceMark, s.fenceLine = run, mark, true
	case mark == '~':
	case s.code == 0:
		s.code = run
	case s.code == run:
		s.code = 0
	}
	s.blank, s.ended = false, false
	s.pos += run
}

// step takes the first rune of rest as plain text.
func (s *scanner) step(rest string) {
	char, size := utf8.DecodeRuneInString(rest)
	s.pos += size
	switch {
	case char == '\n':
		s.blank, s.ended, s.fenceLine, s.code = true, false, false, 0
	case unicode.IsSpace(char):
	case strings.ContainsRune(`*_)"'”’»`, char):
		s.blank = false // A closing mark may follow the end of a sentence.
	default:
		s.blank = false
		s.ended = strings.ContainsRune(".!?:;…。！？：；", char)
	}
}
