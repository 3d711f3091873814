// Package leak finds tool calls that a model wrote into its text.
//
// An open model writes its calls in the markup of its family, and the host is
// meant to turn them into structured calls. Where the host fails, the markup
// arrives as text: a customer would read it and the tool would never run.
// [Parse] recovers the calls from a whole text, [Hold] keeps markup from
// being shown while the text still arrives.
//
// A text that merely quotes or explains markup is left alone: a call counts
// only if it names an offered tool, if its arguments are a JSON object, and
// if it does not stand in a code span, in a code fence that holds more than
// calls, inside a JSON value, or in the middle of a sentence.
package leak

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

// Tool is a tool that was offered to the model.
type Tool struct {
	// Name is the name that the model was given.
	Name string
	// Schema is the JSON Schema of the arguments. Untyped values take their
	// types from its properties; a call without a name is told by its
	// properties and required keys. It may be empty.
	Schema json.RawMessage
}

// Call is a tool call that was found in a text.
type Call struct {
	// ID is the id that the model wrote, or empty. It need not be unique.
	ID string
	// Name is the name of an offered tool. It is empty if the call carried an
	// id instead of a name and no single tool fits the arguments.
	Name string
	// Arguments is the text of a JSON object.
	Arguments string
	// Format is the format of the call: llama3_json, llama3_function, hermes,
	// qwen3_coder, deepseek_v3 (also R1), deepseek_v31, deepseek_dsml (V3.2
	// and V4), kimi_k2 or mistral.
	Format string
}

// Result is what Parse found.
type Result struct {
	// Calls are the whole calls, in the order of the text.
	Calls []Call
	// Text is what remains to be shown. With no call and nothing cut it is
	// the text unchanged. Otherwise the markup is taken out, the white space
	// around it is dropped, and the remaining pieces are paragraphs.
	Text string
	// Cut says that the text ends within a call or within what may become
	// one. That call is in neither Calls nor Text.
	Cut bool
	// Dropped counts the calls that stood beside the returned ones, or before
	// a cut one, but named no offered tool or had arguments that are not a
	// JSON object. They are in neither Calls nor Text.
	Dropped int
}

// Parse finds the calls of the offered tools in a whole text. Without tools
// there are no calls. Parse is safe for concurrent use.
func Parse(text string, tools []Tool) Result {
	if len(tools) == 0 || !strings.ContainsAny(text, beginnings) {
		return Result{Text: text}
	}
	offer := newOffer(tools)
	scan := newScanner(offer)
	values := nesting{text: text}

	var result Result
	var markup []span
	var unusable []int // Where markup begins that is no call.
	failed := 0        // Where the last run of bare calls broke off.
	for {
		found := scan.next(text)
		if found == nothing {
			break
		}
		start := scan.pos
		family := familyOf(text[start:])
		if values.contains(start) || family == unmarked && start < failed {
			scan.pass(text)
			continue
		}
		r := &reader{text: text, pos: start, offer: offer}
		read := found == begun && r.region(family)
		cut := found == undecided || !read && r.cut
		quoted := scan.midSentence() && (read && r.proseFollows(start) || cut && r.namesMarker(start))
		switch {
		case quoted:
			scan.pass(text)
			continue
		case cut:
			result.Calls = append(result.Calls, r.calls...)
			result.Dropped += r.dropped
			result.Cut = true
			r.pos = len(text)
		case read:
			result.Calls = append(result.Calls, r.calls...)
			result.Dropped += r.dropped
		default:
			if family == unmarked {
				failed = r.pos
			} else {
				unusable = append(unusable, start)
			}
			scan.pass(text)
			continue
		}
		markup = append(markup, span{start, r.pos})
		values.skip(r.pos)
		scan.restart(r.pos)
	}

	if len(markup) == 0 {
		return Result{Text: text}
	}
	if len(result.Calls) > 0 {
		// Beside good calls, a bad one is a failed attempt and no quotation.
		for _, start := range unusable {
			if end := closed(text, start, familyOf(text[start:])); end > 0 {
				result.Dropped++
				markup = append(markup, span{start, end})
			}
		}
	}
	result.Text = without(text, markup)
	return result
}

// beginnings are the characters with which a call, or a fence around one, begins.
const beginnings = "<[{`"

// span is a part of the text.
type span struct{ start, end int }

// without takes the spans out of text. What stands before the first span
// keeps its beginning as it is, since a stream may have shown it.
func without(text string, spans []span) string {
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	var pieces []string
	last := 0
	for _, next := range append(spans, span{start: len(text)}) {
		piece := strings.TrimRightFunc(text[last:max(last, next.start)], unicode.IsSpace)
		if last > 0 {
			piece = strings.TrimLeftFunc(piece, unicode.IsSpace)
		}
		if piece != "" {
			pieces = append(pieces, piece)
		}
		last = max(last, next.end)
	}
	return strings.Join(pieces, "\n\n")
}
