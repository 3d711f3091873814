package leak

import (
	"strings"
	"unicode"
)

// Hold keeps the markup of tool calls from being shown while a text arrives.
//
// Text is passed on at once, except for its end where that is white space or
// may begin a call: at most 32 bytes of a marker, or bare JSON and the opening
// of a code fence up to the first key and the name of the tool. Once a call
// may have begun, nothing more is shown.
//
// What was shown is always a prefix of the Text that [Parse] returns for the
// whole text and the same tools. At the end the caller shows what remains of
// it. How the text is cut into pieces makes no difference to what is shown.
//
// A Hold serves one text and is not safe for concurrent use.
type Hold struct {
	scan    *scanner
	held    string // What was not shown; the scanner's position lies in it.
	pending stop   // Why the scanner is where it is.
}

// NewHold returns a Hold for a text in which the tools may be called. Without
// tools it passes everything on.
func NewHold(tools []Tool) *Hold {
	if len(tools) == 0 {
		return &Hold{}
	}
	return &Hold{scan: newScanner(newOffer(tools))}
}

// Add takes the next piece of the text and returns what can be shown now.
func (h *Hold) Add(delta string) (show string) {
	if h.scan == nil {
		return delta
	}
	if h.pending == begun {
		return ""
	}
	h.held += delta
	h.pending = h.scan.advance(h.held)
	show = strings.TrimRightFunc(h.held[:h.scan.pos], unicode.IsSpace)
	h.held = h.held[len(show):]
	h.scan.pos -= len(show)
	if h.pending == begun {
		h.held = ""
	}
	return show
}

// Flush ends the text and returns what was held back, provided that it is
// plain text. What may be a call, whole or cut, is never returned.
func (h *Hold) Flush() string {
	if h.pending == begun || h.pending == undecided {
		return ""
	}
	rest := h.held
	h.held = ""
	return rest
}
