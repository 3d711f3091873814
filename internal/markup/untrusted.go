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
var role = regexp.MustCompile(`(?im)^([ \t]*)((?:#{1,6}[ \t]*)?(?:system|assistant|developer|human)(?:[ \t]+(?:message|prompt|note|instructions?))?[ \t]*[:：]|#{1,6}[ \t]*(?:new[ \t]+)?instructions?\b)`)

// lookedAt is how much behind a bracket is looked at, in bytes.
const lookedAt = 96

// Untrusted makes of a text that others wrote one that cannot be taken for a part of
// the prompt in which it stands. What is not seen is taken out, and the brackets of
// what looks like roles, tools or delimiters are made round ones. All other text stays
// as it is.
func Untrusted(text string) string {
	text = visible(text)
	if !strings.ContainsAny(text, "<＜﹤‹〈⟨❮&%\\[［:：#") {
		return text
	}
	text = bracket.ReplaceAllStringFunc(text, func(found string) string { return "\x00" + found + "\x01" })
	if strings.IndexByte(text, 0) >= 0 {
		var b strings.Builder
		for {
			before, rest, found := strings.Cut(text, "\x00")
			b.WriteString(before)
			if !found {
				break
			}
			spelled, rest, _ := strings.Cut(rest, "\x01")
			if reserved.MatchString(following(rest)) {
				spelled = "("
			}
			b.WriteString(spelled)
			text = rest
		}
		text = b.String()
	}
	text = square.ReplaceAllString(text, "($1")
	return role.ReplaceAllString(text, "$1> $2")
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
