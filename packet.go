package frontdesk

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk/internal/language"
)

// Bounds of Handoff.Facts: about two pages to read.
const (
	mostFacts   = 20
	longestFact = 500 // characters
)

// packet returns the newest handoff with all a human should know, or nil if
// there is none.
func (c *conversation) packet() *Handoff {
	if c.handoff == nil {
		return nil
	}
	return c.packetOf(c.handoff)
}

// packetOf returns a handoff of the conversation with all that the log knows.
func (c *conversation) packetOf(made *Handoff) *Handoff {
	handoff := *made
	handoff.Transcript, _ = c.transcript()
	handoff.Facts, handoff.Steps = slices.Clone(c.facts), slices.Clone(c.steps)
	handoff.Done, handoff.Approvals, handoff.Effects = slices.Clone(c.done), c.openApprovals(), c.effects()
	if tag, sure := language.Of(strings.Join(c.said, "\n")); sure {
		handoff.Language = tag
	}
	if c.turn != nil && c.turn.handoff == made {
		handoff.Results = c.turn.results
	}
	handoff.Priority = made.Priority.raised(made.Raised)
	if made == c.handoff && c.human && c.owner.Claimed {
		handoff.ClaimedBy = c.owner.By
	}
	return &handoff
}

// keepSaid keeps what the newest answer said once it stays on the customer's screen:
// one of its calls has begun or ended, or there is more to answer.
func (t *turnState) keepSaid() {
	if t.answer == nil {
		return
	}
	text := strings.TrimSpace(t.answer.Message.Text)
	if last := len(t.said) - 1; text != "" && (last < 0 || t.said[last] != text) {
		t.said = append(t.said, text)
	}
}

// saidWith is all that was said in the turn, with what is said at last.
func (t *turnState) saidWith(told string) string {
	said := slices.Clip(t.said)
	if last := len(said) - 1; told != "" && (last < 0 || said[last] != told) {
		said = append(said, told)
	}
	return strings.Join(said, "\n\n")
}

// learn adds a fact, or moves it to the end if it is known.
func (c *conversation) learn(text, source string) {
	fact := Fact{Text: clip(strings.TrimSpace(text), longestFact), Source: clip(source, longestFact)}
	if fact.Text == "" {
		return
	}
	c.facts = slices.DeleteFunc(c.facts, func(known Fact) bool { return known == fact })
	c.facts = append(c.facts, fact)
	c.facts = c.facts[max(len(c.facts)-mostFacts, 0):]
}

// learnCited adds the passages that an answer cites.
func (c *conversation) learnCited(text string) {
	_, citations := resolveCitations(text, c.passages)
	for _, citation := range citations {
		passage := citation.Passage
		source := passage.Title
		if source == "" {
			source = "passage " + passage.ID
		}
		c.learn(passage.Text, strings.TrimSpace(source+" "+passage.URL))
	}
}

// stepped keeps how a call ended.
func (c *conversation) stepped(call *openCall) {
	result := call.result
	c.steps = append(c.steps, Step{Tool: result.Call.Name, Arguments: result.Call.Arguments, Status: result.Status})
	if call.approval != nil {
		call.approval.step = len(c.steps)
	}
	if call.effect != nil {
		call.effect.step = len(c.steps)
	} else if result.Status == ToolDone && result.Call.Name != EscalationTool && result.Call.Name != SearchTool {
		c.learn(result.Content, strings.TrimSpace(result.Call.Name+" "+result.Call.Arguments)) // it only read
	}
}

// restep corrects how the call of a step ended. Steps count from 1.
func (c *conversation) restep(step int, status ToolStatus) {
	if step > 0 && step <= len(c.steps) {
		c.steps[step-1].Status = status
	}
}

// did keeps an effect that is known to have happened.
func (c *conversation) did(effect Effect) {
	effect.NotAfter = time.Time{} // it has come
	c.done = append(c.done, effect)
}

// acted keeps what a colleague did.
func (c *conversation) acted(body colleagueActed, entry *Entry) {
	c.steps = append(c.steps, Step{Tool: body.Tool, Arguments: string(body.Arguments), Status: ToolDone, By: body.By, Did: body.Did})
	if body.Tool != "" {
		arguments := body.Arguments
		if arguments == nil {
			arguments = json.RawMessage("{}")
		}
		c.did(Effect{Tool: body.Tool, Arguments: arguments, Started: entry.Time, By: body.By})
	}
}

// withoutPassages returns a message of the customer without the passages that went
// with it.
func withoutPassages(text string) string {
	for {
		before, after, found := strings.Cut(text, "<passages>\n")
		_, after, closed := strings.Cut(after, "</passages>\n\n")
		if !found || !closed {
			return text
		}
		text = before + after
	}
}

// compact renders JSON in one line, and what is none as it is.
func compact(text json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return string(text)
	}
	return b.String()
}

// clip bounds a text to a number of characters.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return strings.TrimSpace(string(runes[:most-1])) + "…"
}
