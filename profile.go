package frontdesk

import (
	"fmt"
	"strings"
)

// Profile says what is peculiar to a family of models on the wire. The zero
// value suits models without peculiarities.
type Profile struct {
	// EchoReasoning sends a model's reasoning back with each of its messages
	// that calls tools, under the field it came in, even if it is empty.
	// DeepSeek from V3.2 on and Kimi K2 refuse the request otherwise. In
	// messages without calls it is never sent: it would be ignored or paid.
	EchoReasoning bool

	// NumberedCallIDs sends the ids of tool calls as "functions.name:0",
	// counted through the conversation. Kimi K2 ends its turn in silence when
	// it reads ids of another form.
	NumberedCallIDs bool

	// NullContent sends null instead of an empty text in messages that only
	// call tools.
	NullContent bool

	// ThoughtOpened says that the chat template opens the think block, so
	// that an answer begins inside of it and only its end is marked.
	ThoughtOpened bool

	// JSONSchema says that the model is held to a JSON Schema by its host.
	// Otherwise JSON mode is asked for, which knows no schema.
	JSONSchema bool

	// NoTools says that the model cannot call tools at all.
	NoTools bool

	// Thinking names the parameter by which a request says whether the model
	// is to think. It is sent for [Request].Thinking alone.
	Thinking ThinkingSwitch
}

// ThinkingSwitch names a parameter that turns a model's thinking on and off. The
// empty one is none. A host that refuses it by name is not sent it again.
type ThinkingSwitch string

// The parameters that hosts have. The first is that of DeepSeek's and Moonshot's
// own servers, those of chat_template_kwargs are read by vLLM and SGLang, and
// enable_thinking by Alibaba's.
const (
	SwitchThinking         ThinkingSwitch = "thinking"
	SwitchTemplate         ThinkingSwitch = "chat_template_kwargs.enable_thinking"
	SwitchTemplateThinking ThinkingSwitch = "chat_template_kwargs.thinking"
	SwitchEnable           ThinkingSwitch = "enable_thinking"
	SwitchEffort           ThinkingSwitch = "reasoning_effort" // high or low: it cannot be off
)

// wire returns the parameter as it stands in a request, behind others.
func (s ThinkingSwitch) wire(on bool) string {
	switch s {
	case SwitchThinking:
		if on {
			return `,"thinking":{"type":"enabled"}`
		}
		return `,"thinking":{"type":"disabled"}`
	case SwitchTemplate, SwitchTemplateThinking:
		name := strings.TrimPrefix(string(s), "chat_template_kwargs.")
		return fmt.Sprintf(`,"chat_template_kwargs":{%q:%t}`, name, on)
	case SwitchEnable:
		return fmt.Sprintf(`,"enable_thinking":%t`, on)
	case SwitchEffort:
		if on {
			return `,"reasoning_effort":"high"`
		}
		return `,"reasoning_effort":"low"`
	default:
		return ""
	}
}

// certain reports whether a model of which this says not to think does not, since
// its prompt then ends with an empty thought.
func (s ThinkingSwitch) certain() bool { return s == SwitchTemplate || s == SwitchEnable }

// profiles are those of the model families the library knows, by a part of the
// model's name in letters and digits. The first that fits counts.
var profiles = []struct {
	name    string
	profile Profile
}{
	{"kimik2", Profile{EchoReasoning: true, NumberedCallIDs: true, Thinking: SwitchThinking}},
	{"deepseekr1", Profile{ThoughtOpened: true}},
	{"deepseekv32", Profile{EchoReasoning: true, Thinking: SwitchThinking}},
	{"deepseekv4", Profile{EchoReasoning: true, Thinking: SwitchThinking}},
	{"qwen3", Profile{Thinking: SwitchTemplate}},
	{"gptoss", Profile{JSONSchema: true, Thinking: SwitchEffort}},
	{"gpt", Profile{JSONSchema: true}},
}

// ProfileOf returns the profile of a model by its name. Names are compared by
// letters and digits alone, so that "moonshotai/Kimi-K2.6" is "kimi-k2.6". A
// model that is not known has the zero profile.
func ProfileOf(model string) Profile {
	name := plainName(model)
	for _, p := range profiles {
		if strings.Contains(name, p.name) {
			return p.profile
		}
	}
	return Profile{}
}
