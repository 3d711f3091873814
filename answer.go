package frontdesk

import (
	"errors"
	"regexp"
	"strings"

	"github.com/frontdesk-go/frontdesk/internal/wire/assemble"
	"github.com/frontdesk-go/frontdesk/internal/wire/leak"
	"github.com/frontdesk-go/frontdesk/internal/wire/reasoning"
)

// answerReader makes a model's answer of what a host sends: it separates
// thoughts from the text, finds the tool calls that stand in it, and shows what
// may be shown meanwhile. It serves one attempt.
type answerReader struct {
	stream  func(Delta) // nil if nothing is shown
	profile Profile
	quiet   bool // the model was told not to think, and does not
	tools   []leak.Tool
	message assemble.Message
	size    int // of the answer so far

	splitter reasoning.Splitter
	hold     *leak.Hold
	begun    bool            // anything was read
	blank    string          // white space with which the text begins
	worded   bool            // the text has more than white space
	visible  strings.Builder // the part of the text that was shown
	shown    bool            // something was shown, even if it was taken back since
}

func newAnswerReader(tools []leak.Tool, profile Profile, stream func(Delta)) *answerReader {
	r := &answerReader{stream: stream, profile: profile, tools: tools}
	if stream != nil {
		r.hold = leak.NewHold(tools)
	}
	return r
}

// offered returns the tools whose calls may stand in the text.
func offered(definitions []ToolDefinition) []leak.Tool {
	tools := make([]leak.Tool, len(definitions))
	for i, d := range definitions {
		tools[i] = leak.Tool{Name: d.Name, Schema: d.Schema}
	}
	return tools
}

// add takes a piece of the answer and shows what can be shown of it.
func (r *answerReader) add(delta assemble.Delta) {
	if r.stream == nil {
		return
	}
	if delta.Reasoning != "" {
		r.begun = true
		r.showThought(delta.Reasoning)
	}
	if delta.Text == "" {
		return
	}
	if !r.begun {
		// A host that tells the reasoning apart has taken the tags out.
		r.splitter.Opened = r.profile.ThoughtOpened
		r.begun = true
	}
	if !r.worded {
		words := strings.TrimLeft(delta.Text, " \t\r\n")
		r.blank += delta.Text[:len(delta.Text)-len(words)]
		r.worded = words != ""
	}
	thought, text, retracted := r.splitter.Add(delta.Text)
	if retracted {
		r.hold = leak.NewHold(r.tools)
		r.visible.Reset()
		r.stream(Delta{Reset: true})
	}
	if thought != "" {
		r.showThought(thought)
	}
	if text != "" && !r.splitter.Tagged() {
		// The splitter drops white space before the text, which belongs to
		// an answer without tags.
		text = r.blank + text
		r.blank = ""
	}
	r.show(r.hold.Add(text))
}

func (r *answerReader) showThought(text string) {
	r.shown = true
	r.stream(Delta{Reasoning: text})
}

func (r *answerReader) show(text string) {
	if text != "" {
		r.shown = true
		r.visible.WriteString(text)
		r.stream(Delta{Text: text})
	}
}

// finish takes the end of a stream.
func (r *answerReader) finish(assembler *assemble.Assembler) (err error) {
	if r.message, err = assembler.Finish(); err != nil {
		return r.cut(err)
	}
	return nil
}

// broken takes the end of a stream that broke off. That may have been after the
// last word.
func (r *answerReader) broken(assembler *assemble.Assembler, cause error) error {
	var err error
	if r.message, err = assembler.Finish(); err != nil {
		return r.cut(cause)
	}
	return nil
}

// cut is the error of an answer that ended early.
func (r *answerReader) cut(cause error) error {
	var payload *assemble.Error
	if errors.As(cause, &payload) || errors.Is(cause, assemble.ErrNoChoices) {
		return cause
	}
	return &TruncatedError{Message: r.partial(), cause: cause}
}

func (r *answerReader) partial() Message {
	thought, text, _ := reasoning.Split(r.message.Text, r.opened())
	return Message{
		Role:           RoleAssistant,
		Text:           leak.Parse(text, r.tools).Text,
		Calls:          toolCalls(r.message.Calls),
		Reasoning:      joinThoughts(r.message.Reasoning, thought),
		ReasoningField: r.message.ReasoningField,
	}
}

func (r *answerReader) opened() bool { return r.profile.ThoughtOpened && r.message.Reasoning == "" }

func joinThoughts(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n" + b
}

// kimiID matches the ids that Kimi K2 gives to its calls, which hold the name.
var kimiID = regexp.MustCompile(`^functions\.(.+):\d+$`)

func toolCalls(calls []assemble.Call) []ToolCall {
	var converted []ToolCall
	for _, call := range calls {
		if call.Name == "" && strings.Trim(call.Arguments, "{} ") == "" {
			continue // the beginning of a call that the host gave up
		}
		name := call.Name
		if named := kimiID.FindStringSubmatch(call.ID); name == "" && named != nil {
			name = named[1]
		}
		converted = append(converted, ToolCall{ID: call.ID, Name: name, Arguments: call.Arguments})
	}
	return converted
}

// response returns the answer, once all of it was read.
func (r *answerReader) response() (*Response, error) {
	m := &r.message
	finish := FinishReason(m.Finish)
	if finish == FinishLength || finish == FinishFilter {
		return nil, &TruncatedError{Message: r.partial(), Finish: finish}
	}
	splitter := reasoning.Splitter{Opened: r.opened()}
	thought, text, _ := splitter.Add(m.Text)
	restThought, restText, complete := splitter.Finish()
	thought, text = thought+restThought, text+restText
	switch {
	case !splitter.Tagged():
		thought, text = "", m.Text // and the template opened no thought
	case !complete:
		return nil, &TruncatedError{Message: r.partial(), cause: errors.New("it ended within a thought")}
	}
	if text == "" && len(m.Calls) == 0 {
		text = m.Refusal
	}
	response := &Response{
		Message: Message{
			Role:           RoleAssistant,
			Text:           text,
			Calls:          toolCalls(m.Calls),
			Reasoning:      joinThoughts(m.Reasoning, thought),
			ReasoningField: m.ReasoningField,
		},
		Finish:   finish,
		Model:    m.Model,
		Requests: 1,
	}
	if m.Usage != nil {
		response.Usage = Usage{PromptTokens: m.Usage.PromptTokens, CompletionTokens: m.Usage.CompletionTokens}
	}
	if len(response.Message.Calls) > 0 {
		// Some hosts tell a call and leave its markup in the text as well.
		response.Message.Text = leak.Parse(response.Message.Text, r.tools).Text
	} else if err := r.recover(&response.Message); err != nil {
		return nil, err
	}
	if m := &response.Message; r.quiet && isEmpty(*m) && finish == FinishStop {
		// A host that parses thoughts although there are none takes the
		// answer for one.
		m.Text, m.Reasoning = m.Reasoning, ""
	}
	if r.stream != nil {
		r.showRest(&response.Message)
	}
	return response, nil
}

// recover finds the calls that a model wrote into its text or, where there is
// no text, into its reasoning.
func (r *answerReader) recover(m *Message) error {
	found := leak.Parse(m.Text, r.tools)
	if strings.TrimSpace(m.Text) == "" && m.Reasoning != "" {
		if found = leak.Parse(m.Reasoning, r.tools); len(found.Calls) == 0 {
			return nil
		}
		found.Text = ""
	}
	// A bracket at the very end may be the beginning of markup, or of a smile.
	lost := len(m.Text) - len(found.Text)
	if found.Cut && (len(found.Calls) > 0 || lost > 1) {
		return &TruncatedError{Message: Message{Role: RoleAssistant, Text: found.Text}, cause: errors.New("it ended within a tool call")}
	}
	if len(found.Calls) == 0 {
		return nil
	}
	m.Text = found.Text
	for _, call := range found.Calls {
		m.Calls = append(m.Calls, ToolCall{ID: call.ID, Name: call.Name, Arguments: call.Arguments})
	}
	return nil
}

// showRest makes what was shown the whole of the answer.
func (r *answerReader) showRest(m *Message) {
	rest, ok := strings.CutPrefix(m.Text, r.visible.String())
	if !ok {
		r.visible.Reset()
		r.stream(Delta{Reset: true, Reasoning: m.Reasoning})
		rest = m.Text
	}
	r.show(rest)
}
