package markup

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk/internal/words"
)

// bracket matches the opening bracket of a tag in every spelling that a model would
// read as one.
var bracket = regexp.MustCompile(`(?i)(?:<|＜|﹤|‹|〈|⟨|❮|&(?:amp;)*lt;?|&(?:amp;)*#0*60;?|&(?:amp;)*#x0*3c;?|%(?:25)*3c|\\+u003c|\\+x3c)`)

// reserved matches, behind an opening bracket, what stands for a role, a tool or a
// block in the prompts of models and of this library.
var reserved = regexp.MustCompile(`^(?:[<＜]|&(?:amp;)*lt;?)*[\s/\\_]*(?:[|｜│❘∣]|(?:passages?|notes?|customer|earlier[\s_-]*conversations?|conversation|data|system|assistant|developer|user|human|instructions?|information|important|admin|sys|s|inst|tools?|tool[\s_-]?(?:calls?|response|results?|use|outputs?)|function(?:s|[\s_-]?(?:calls?|results?))?|function\s*=.*|invoke|parameters?|think(?:ing)?|thought|reasoning|analysis|final|commentary|channel|message|context|untrusted|document|documents|policy|prompt|begin_of_text|end_of_text|eot_id|minimax:tool_call|antml:[a-z_]+)\s*(?:[>＞﹥›〉⟩❯/:=\s"|]|&(?:amp;)*gt|%(?:25)*3e|\\+u003e|\\+x3e|$))`)

// square matches the markup that some models have in square brackets.
var square = regexp.MustCompile(`(?i)[\[［]([\s/]*(?:INST|/INST|SYS|TOOL_CALLS?|TOOL_RESULTS?|AVAILABLE_TOOLS|SYSTEM_PROMPT|SYSTEM|ASSISTANT|BEGIN_OF_\w+|END_OF_\w+)[\s]*[\]］])`)

// role matches a line that poses as somebody's turn.
var role = regexp.MustCompile(`(?i)^([ \t]*)((?:#{1,6}[ \t]*)?(?:system|assistant|developer|human)(?:[ \t]+(?:message|prompt|note|instructions?))?[ \t]*[:：]|#{1,6}[ \t]*(?:new[ \t]+)?instructions?\b)`)

// lookedAt is how much behind a bracket is looked at, in bytes.
const lookedAt = 96

// Untrusted makes of a text that others wrote one that cannot be taken for a part of
// the prompt in which it stands. What is not seen is taken out, and the brackets of
// what looks like roles, tools or delimiters are made round ones. All other text stays
// as it is.
func Untrusted(text string) string {
	text = visible(text)
	if strings.ContainsAny(text, "<＜﹤‹〈⟨❮&%\\") {
		text = withoutTags(text)
	}
	if strings.ContainsAny(text, "[［") {
		text = square.ReplaceAllString(text, "($1")
	}
	if strings.ContainsAny(text, ":：#") {
		text = withoutRoles(text)
	}
	return text
}

// withoutTags makes the brackets of what looks like a part of a prompt round ones.
func withoutTags(text string) string {
	text = bracket.ReplaceAllStringFunc(text, func(found string) string { return "\x00" + found + "\x01" })
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "\x00")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		spelled, rest, _ := strings.Cut(rest, "\x01")
		if reserved.MatchString(following(rest)) {
			spelled = "("
		}
		b.WriteString(spelled)
		text = rest
	}
}

// withoutRoles quotes the lines that pose as somebody's turn.
func withoutRoles(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		// Few lines begin with the letter of one.
		if start := strings.TrimLeft(line, " \t"); start != "" && strings.ContainsRune("sSſaAdDhH#", firstRune(start)) {
			line = role.ReplaceAllString(line, "$1> $2")
		}
		b.WriteString(line)
	}
	return b.String()
}

func firstRune(text string) rune {
	r, _ := utf8.DecodeRuneInString(text)
	return r
}

// following is what stands behind a bracket, as a model reads it.
func following(text string) string {
	if len(text) > lookedAt {
		end := lookedAt
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	text = strings.NewReplacer("\x00", "", "\x01", "").Replace(text)
	// A letter may be written in any of the ways in which a bracket may.
	return strings.ReplaceAll(words.Fold(decoded(text)), "▁", "_")
}
