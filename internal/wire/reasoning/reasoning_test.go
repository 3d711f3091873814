package reasoning_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/wire/reasoning"
)

type row struct {
	name     string
	text     string
	opened   bool
	thought  string
	answer   string
	cut      bool // The text ends within a thought.
	retracts bool // A stream gives out thought as answer first.
}

var rows = []row{
	{name: "plain", text: "Your order is on its way.", answer: "Your order is on its way."},
	{name: "empty", text: ""},
	{name: "empty opened", text: "", opened: true, cut: true},
	{name: "white space", text: " \n\t "},
	{name: "think", text: "<think>Look it up.</think>It shipped.", thought: "Look it up.", answer: "It shipped."},
	{name: "white space around", text: "\n<think>\nLook it up.\n</think>\n\nIt shipped.\n", thought: "Look it up.\n", answer: "It shipped.\n"},
	{name: "thinking", text: "<thinking>a</thinking>b", thought: "a", answer: "b"},
	{name: "mistral", text: "[THINK]a[/THINK]b", thought: "a", answer: "b"},
	{name: "kimi vl", text: "◁think▷让我想想◁/think▷好的", thought: "让我想想", answer: "好的"},
	{name: "empty thought", text: "<think>\n\n</think>\n\nHello", answer: "Hello"},
	{name: "two blocks", text: "<think>a</think>\n<think>b</think>\nc", thought: "a\nb", answer: "c"},
	{name: "two kinds", text: "<think>a</think>[THINK]b[/THINK]c", thought: "a\nb", answer: "c"},
	{name: "other closer inside", text: "<think>a[/THINK]b</think>c", thought: "a[/THINK]b", answer: "c"},
	{name: "unclosed", text: "<think>Let me see", thought: "Let me see", cut: true},
	{name: "unclosed in the tag", text: "<think>Let me see</thi", thought: "Let me see</thi", cut: true},
	{name: "second unclosed", text: "<think>a</think><think>b", thought: "a\nb", cut: true},
	{name: "second cut in the tag", text: "<think>a</think><think></th", thought: "a\n</th", cut: true},
	{name: "cut in the opener", text: "<thin", answer: "<thin"},

	{name: "lone closer", text: "Let me look.\n</think>\n\nIt shipped.", thought: "Let me look.\n", answer: "It shipped.", retracts: true},
	{name: "lone closer first", text: "</think>It shipped.", answer: "It shipped."},
	{name: "lone closer, code on an earlier line", text: "use `a and b\n</think>c", thought: "use `a and b\n", answer: "c", retracts: true},
	{name: "lone closer, closed fence", text: "```go\nx\n```\ny</think>c", thought: "```go\nx\n```\ny", answer: "c", retracts: true},
	{name: "lone closer, second in answer", text: "a</think>b</think>c", thought: "a", answer: "b</think>c", retracts: true},
	{name: "lone closer then block", text: "a</think><think>b</think>c", thought: "a\nb", answer: "c", retracts: true},
	{name: "closed twice", text: "<think>a</think></think>b", thought: "a", answer: "b"},
	{name: "lone mistral", text: "a[/THINK]b", thought: "a", answer: "b", retracts: true},

	{name: "opened", text: "Let me look.</think>It shipped.", opened: true, thought: "Let me look.", answer: "It shipped."},
	{name: "opened and repeated", text: "\n<think>\nLook.</think>Yes.", opened: true, thought: "Look.", answer: "Yes."},
	{name: "opened, never closed", text: "Let me look.", opened: true, thought: "Let me look.", cut: true},
	{name: "opened, any closer", text: "a[/THINK]b", opened: true, thought: "a", answer: "b"},
	{name: "opened, repeated of a kind", text: "<thinking>a</think>b</thinking>c", opened: true, thought: "a</think>b", answer: "c"},
	{name: "opened, later closer is text", text: "a</think>b</think>c", opened: true, thought: "a", answer: "b</think>c"},
	{name: "opened, cut in a repeated opener", text: "<thi", opened: true, thought: "<thi", cut: true},

	{name: "tags in an answer", text: "Put it in <think> and </think> tags.", answer: "Put it in <think> and </think> tags."},
	{name: "block in an answer", text: "Like this: <think>a</think>b", answer: "Like this: <think>a</think>b"},
	{name: "inline code", text: "End it with `</think>` please.", answer: "End it with `</think>` please."},
	{name: "double inline code", text: "End it with ``a ` </think>`` please.", answer: "End it with ``a ` </think>`` please."},
	{name: "code fence", text: "Example:\n```\nfoo</think>\n```\nDone.", answer: "Example:\n```\nfoo</think>\n```\nDone."},
	{name: "tilde fence", text: "~~~\n```\n</think>\n~~~\n", answer: "~~~\n```\n</think>\n~~~\n"},
	{name: "tag in code at the start", text: "`<think>` opens a thought.", answer: "`<think>` opens a thought."},
	{name: "after a block", text: "<think>a</think>Write `<think>`, then </think>.", thought: "a", answer: "Write `<think>`, then </think>."},
	{name: "near misses", text: "a < b, <thing>, </thin> and [TH]", answer: "a < b, <thing>, </thin> and [TH]"},
	{name: "other case", text: "<THINK>a</THINK>", answer: "<THINK>a</THINK>"},
}

// stream feeds pieces and applies retractions as a caller does.
func stream(t require.TestingT, pieces []string, opened bool) (thought, answer string, complete, retracted bool) {
	s := reasoning.Splitter{Opened: opened}
	for _, piece := range pieces {
		moreThought, moreAnswer, retract := s.Add(piece)
		if retract {
			require.False(t, retracted, "a text retracts once")
			require.NotEmpty(t, answer, "there is something to retract")
			require.True(t, strings.HasPrefix(moreThought, answer), "the thought returns what was retracted")
			retracted, answer = true, ""
		}
		thought += moreThought
		answer += moreAnswer
	}
	moreThought, moreAnswer, complete := s.Finish()
	return thought + moreThought, answer + moreAnswer, complete, retracted
}

func TestSplit(t *testing.T) {
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			thought, answer, complete := reasoning.Split(row.text, row.opened)
			assert.Equal(t, row.thought, thought)
			assert.Equal(t, row.answer, answer)
			assert.Equal(t, !row.cut, complete)
		})
	}
}

func TestSplitterAgreesHoweverTheTextIsCut(t *testing.T) {
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			for size := 1; size <= max(1, len(row.text)); size++ {
				var pieces []string
				for rest := row.text; rest != ""; {
					n := min(size, len(rest))
					pieces = append(pieces, rest[:n])
					rest = rest[n:]
				}
				thought, answer, complete, retracted := stream(t, pieces, row.opened)
				require.Equal(t, row.thought, thought, "pieces of %d", size)
				require.Equal(t, row.answer, answer, "pieces of %d", size)
				require.Equal(t, !row.cut, complete, "pieces of %d", size)
				if size == 1 {
					require.Equal(t, row.retracts, retracted)
				}
			}
		})
	}
}

func TestSplitterHoldsBackOnlyABeginningOfATag(t *testing.T) {
	var s reasoning.Splitter
	for _, step := range []struct{ add, answer string }{
		{"Is 3 ", "Is 3 "},
		{"</thin", ""},
		{"g> or [", "</thing> or "},
		{"/THINK", ""},
		{" ]", "[/THINK ]"},
		{" \n", " \n"},
		{"◁/think", ""},
		{"<", "◁/think"},
	} {
		_, answer, _ := s.Add(step.add)
		assert.Equal(t, step.answer, answer, "%q", step.add)
	}
	_, answer, _ := s.Finish()
	assert.Equal(t, "<", answer)

	s = reasoning.Splitter{Opened: true}
	for _, step := range []struct{ add, thought string }{
		{"\n<", ""},
		{"b> </thinkin", "<b> "},
		{"</think", "</thinkin"},
		{"\n", "</think\n"},
	} {
		thought, _, _ := s.Add(step.add)
		assert.Equal(t, step.thought, thought, "%q", step.add)
	}
}

func TestRetractionReturnsTheAnswerAsThought(t *testing.T) {
	var s reasoning.Splitter
	thought, answer, retracted := s.Add("Let me look")
	assert.Empty(t, thought)
	assert.Equal(t, "Let me look", answer)
	assert.False(t, retracted)
	thought, answer, retracted = s.Add(" it up.</think>It shipped.")
	assert.Equal(t, "Let me look it up.", thought)
	assert.Equal(t, "It shipped.", answer)
	assert.True(t, retracted)
	thought, answer, complete := s.Finish()
	assert.Empty(t, thought)
	assert.Empty(t, answer)
	assert.True(t, complete)
}

func FuzzSplitter(f *testing.F) {
	for _, row := range rows {
		f.Add(row.text, row.opened, uint8(len(row.text)/2), uint8(3))
	}
	f.Fuzz(func(t *testing.T, text string, opened bool, first, size uint8) {
		thought, answer, complete := reasoning.Split(text, opened)
		require.LessOrEqual(t, len(thought)+len(answer), len(text), "nothing is invented")
		if utf8.ValidString(text) {
			require.True(t, utf8.ValidString(thought) && utf8.ValidString(answer), "no rune is cut")
		}

		start := min(int(first), len(text))
		pieces := []string{text[:start]}
		for rest := text[start:]; rest != ""; {
			n := min(int(size)+1, len(rest))
			pieces = append(pieces, rest[:n])
			rest = rest[n:]
		}
		gotThought, gotAnswer, gotComplete, _ := stream(t, pieces, opened)
		require.Equal(t, thought, gotThought)
		require.Equal(t, answer, gotAnswer)
		require.Equal(t, complete, gotComplete)
	})
}

func BenchmarkSplitter(b *testing.B) {
	text := "<think>" + strings.Repeat("some thought ", 500) + "</think>" + strings.Repeat("an answer ", 500)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var s reasoning.Splitter
		for i := 0; i < len(text); i += 5 {
			s.Add(text[i:min(i+5, len(text))])
		}
		s.Finish()
	}
}
