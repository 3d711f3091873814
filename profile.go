package frontdesk

import "strings"

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
}

// profiles are those of the model families the library knows, by a part of the
// model's name in letters and digits. The first that fits counts.
var profiles = []struct {
	name    string
	profile Profile
}{
	{"kimik2", Profile{EchoReasoning: true, NumberedCallIDs: true}},
	{"deepseekr1", Profile{ThoughtOpened: true}},
	{"deepseekv32", Profile{EchoReasoning: true}},
	{"deepseekv4", Profile{EchoReasoning: true}},
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
