package frontdesktest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

func TestCheckTranscript(t *testing.T) {
	user := func(text string) frontdesk.Message {
		return frontdesk.Message{Role: frontdesk.RoleUser, Text: text}
	}
	assistant := func(text string, ids ...string) frontdesk.Message {
		message := frontdesk.Message{Role: frontdesk.RoleAssistant, Text: text}
		for _, id := range ids {
			message.Calls = append(message.Calls, frontdesk.ToolCall{ID: id, Name: "pay", Arguments: "{}"})
		}
		return message
	}
	tool := func(id string) frontdesk.Message {
		return frontdesk.Message{Role: frontdesk.RoleTool, CallID: id, Text: "paid"}
	}
	withArguments := func(arguments string) frontdesk.Message {
		message := assistant("", "a")
		message.Calls[0].Arguments = arguments
		return message
	}
	tests := []struct {
		name     string
		messages []frontdesk.Message
		want     string // of the error, empty if there is none
	}{
		{"nothing", nil, ""},
		{"words", []frontdesk.Message{user("Hi"), assistant("Hello!"), user("Bye")}, ""},
		{"a greeting first", []frontdesk.Message{assistant("Welcome!"), user("Hi")}, ""},
		{"two of the same", []frontdesk.Message{user("Hi"), user("Hello?"), assistant("a"), assistant("b")}, ""},
		{"a picture alone", []frontdesk.Message{{Role: frontdesk.RoleUser, Images: []frontdesk.Image{{URL: "https://x"}}}}, ""},
		{"a call and its result", []frontdesk.Message{user("Pay"), assistant("", "a"), tool("a"), assistant("Paid.")}, ""},
		{"results in another order", []frontdesk.Message{user("Pay"), assistant("", "a", "b"), tool("b"), tool("a")}, ""},
		{"ids that come again", []frontdesk.Message{user("Pay"), assistant("", "a"), tool("a"), assistant("", "a"), tool("a")}, ""},
		{"a result without words", []frontdesk.Message{assistant("", "a"), {Role: frontdesk.RoleTool, CallID: "a"}}, ""},

		{"a call without a result", []frontdesk.Message{user("Pay"), assistant("", "a")}, "1 tool calls have no result"},
		{"one of two results", []frontdesk.Message{assistant("", "a", "b"), tool("a")}, "1 tool calls have no result"},
		{"the customer in between", []frontdesk.Message{assistant("", "a"), user("Hello?"), tool("a")}, "message 1 (user)"},
		{"the model in between", []frontdesk.Message{assistant("", "a", "b"), tool("a"), assistant("So"), tool("b")}, "message 2 (assistant)"},
		{"a result of nothing", []frontdesk.Message{user("Hi"), tool("a")}, `message 1 (tool) answers "a"`},
		{"a result twice", []frontdesk.Message{assistant("", "a"), tool("a"), tool("a")}, `message 2 (tool) answers "a"`},
		{"a result of an earlier call", []frontdesk.Message{assistant("", "a"), tool("a"), assistant("", "b"), tool("a")}, `message 3 (tool) answers "a"`},
		{"an id twice in a message", []frontdesk.Message{assistant("", "a", "a"), tool("a"), tool("a")}, `id "a"`},
		{"no id", []frontdesk.Message{assistant("", ""), tool("")}, `id ""`},
		{"a customer without words", []frontdesk.Message{user("")}, "message 0 (user) is empty"},
		{"a model without words", []frontdesk.Message{user("Hi"), assistant("")}, "message 1 (assistant)"},
		{"a second system message", []frontdesk.Message{user("Hi"), {Role: "system", Text: "Be kind."}}, `"system"`},
		{"no role", []frontdesk.Message{{Text: "Hi"}}, `role ""`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := frontdesktest.CheckTranscript(test.messages)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}

	// The doc comment wants arguments that are JSON objects. What a model
	// wrote stays in the transcript as it was, and is mended on the wire.
	for arguments, fine := range map[string]bool{`{}`: true, `{"a":[1]}`: true, ``: false, `null`: false, `[]`: false, `{"a":`: false} {
		t.Run("arguments "+arguments, func(t *testing.T) {
			_, err := post(t, []frontdesk.Message{withArguments(arguments), tool("a")})
			assert.Equal(t, fine, err == nil, "%v", err)
		})
	}
}
