package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// model is the host of a model that answers by lot.
type model struct {
	world   *world
	process *process
}

var errCut = fmt.Errorf("sim: %w", frontdesk.ErrTruncated)

// Generate implements [frontdesk.Provider].
func (m *model) Generate(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (response *frontdesk.Response, err error) {
	w := m.world
	_, name, _ := strings.Cut(request.Instructions, "conversation ")
	name, _, _ = strings.Cut(name, ".")
	c := w.chats[frontdesk.ConversationID{ID: name}]
	call := callOf(ctx)
	c.asked(call, request)
	text := ""
	gone := w.wish(ctx, m.process, c, "model", false, func() {
		w.report.Requests++
		text, response, err = w.answer(c, request)
	})
	if stream != nil {
		for _, piece := range strings.SplitAfter(text, " ") {
			if piece != "" {
				stream(frontdesk.Delta{Text: piece})
			}
		}
	}
	if gone != nil || err != nil {
		return nil, errors.Join(gone, err)
	}
	return response, nil
}

// answer draws an answer, and what was streamed of it.
func (w *world) answer(c *chat, request *frontdesk.Request) (string, *frontdesk.Response, error) {
	c.answers++
	say := func(text string, calls ...frontdesk.ToolCall) (string, *frontdesk.Response, error) {
		w.note("  says %q and calls %d tools", text, len(calls))
		return text, &frontdesk.Response{Message: frontdesk.Message{Text: text, Calls: calls}}, nil
	}
	words := fmt.Sprintf("Answer %d of %s.", c.answers, c.id.ID)
	switch {
	case w.fault():
		w.note("  the stream is cut")
		return "Half of an ", nil, errCut
	case w.fault():
		return "", nil, &frontdesk.HostError{Status: 503}
	case w.fault():
		return say("")
	case w.calm || request.Messages[len(request.Messages)-1].Role == frontdesk.RoleTool && w.chance(0.5) || w.chance(0.15):
		return say(words)
	case w.chance(0.02):
		return say("", frontdesk.ToolCall{ID: "call_1", Name: frontdesk.EscalationTool, Arguments: `{"reason":"cannot_help","summary":"Too hard.","message":"A colleague will know."}`})
	}
	if w.chance(0.7) {
		words = ""
	}
	var calls []frontdesk.ToolCall
	for n := 1 + max(w.rng.IntN(5)-2, 0); n > 0; n-- {
		calls = append(calls, w.toolCall(len(calls)))
	}
	return say(words, calls...)
}

func (w *world) toolCall(n int) frontdesk.ToolCall {
	call := frontdesk.ToolCall{ID: fmt.Sprintf("call_%d", w.rng.IntN(3)), Name: kinds[w.rng.IntN(len(kinds))].name}
	call.Arguments = order{fmt.Sprintf("ORD-%d", w.rng.IntN(4)), int64(10 + w.rng.IntN(60))}.json()
	if w.fault() {
		call.Name = "nothing"
	} else if w.fault() {
		call.Arguments = `{"order":7}`
	}
	w.note("  call %d: %s %s", n, call.Name, call.Arguments)
	return call
}

// checkRequest is what a strict host checks.
func checkRequest(request *frontdesk.Request) error {
	if err := frontdesktest.CheckTranscript(request.Messages); err != nil {
		return err
	}
	last := len(request.Messages) - 1
	if last < 0 || request.Messages[last].Role == frontdesk.RoleAssistant {
		return errors.New("there is nothing to answer")
	}
	if last > 0 && strings.HasPrefix(request.Messages[last-1].Text, "Answer ") && len(request.Messages[last-1].Calls) == 0 && strings.Contains(request.Messages[last].Text, "still waits") {
		return errors.New("it was answered")
	}
	return nil
}
