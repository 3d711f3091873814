package leak_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/schema"
	"github.com/frontdesk-go/frontdesk/internal/wire/arguments"
	"github.com/frontdesk-go/frontdesk/internal/wire/leak"
)

// shared is where recorded conversations and a knowledge base are kept, beside the
// repository. They are not part of it.
const shared = "../../../../shared"

// recorded is what the tests read of one conversation.
type recorded struct {
	tools []leak.Tool
	calls []wanted
	texts []string // all that anybody said, and what the tools returned
}

func recordings(t *testing.T) []recorded {
	t.Helper()
	declared, err := os.ReadFile(filepath.Join(shared, "replay", "tools.json"))
	if err != nil {
		t.Skipf("the recorded conversations are not here: %v", err)
	}
	var sets map[string][]struct {
		Function struct {
			Name       string          `json:"name"`
			Parameters json.RawMessage `json:"parameters"`
		} `json:"function"`
	}
	require.NoError(t, json.Unmarshal(declared, &sets))
	var all []recorded
	eachLine(t, filepath.Join("replay", "conversations.jsonl"), func(line []byte) {
		var conversation struct {
			Tools string `json:"tools_ref"`
			Steps []struct {
				Content string `json:"content"`
				Calls   []struct {
					Name      string `json:"name"`
					Arguments string `json:"arguments"`
				} `json:"tool_calls"`
			} `json:"steps"`
		}
		require.NoError(t, json.Unmarshal(line, &conversation))
		var one recorded
		for _, tool := range sets[conversation.Tools] {
			one.tools = append(one.tools, leak.Tool{Name: tool.Function.Name, Schema: tool.Function.Parameters})
		}
		for _, step := range conversation.Steps {
			one.texts = append(one.texts, step.Content)
			for _, call := range step.Calls {
				one.calls = append(one.calls, wanted{call.Name, membersOf(t, call.Arguments)})
			}
		}
		all = append(all, one)
	})
	return all
}

func eachLine(t *testing.T, name string, do func(line []byte)) {
	t.Helper()
	file, err := os.Open(filepath.Join(shared, name))
	if err != nil {
		t.Skipf("the texts for this test are not here: %v", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		do(lines.Bytes())
	}
	require.NoError(t, lines.Err())
}

// membersOf returns the members of a JSON object in their order.
func membersOf(t *testing.T, text string) (members []argument) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	_, err := decoder.Token()
	require.NoError(t, err, text)
	for decoder.More() {
		key, err := decoder.Token()
		require.NoError(t, err)
		var value json.RawMessage
		require.NoError(t, decoder.Decode(&value))
		members = append(members, argument{key.(string), string(value)})
	}
	return members
}

// TestRecordedCallsAreRecovered writes every recorded call in the markup of every
// family. It must come back as it was, once its arguments are read along the
// schema: some markup has no types.
func TestRecordedCallsAreRecovered(t *testing.T) {
	count := 0
	for _, conversation := range recordings(t) {
		coercers := make(map[string]*arguments.Coercer)
		schemas := make(map[string]json.RawMessage)
		for _, tool := range conversation.tools {
			validator, err := schema.Compile(tool.Schema)
			require.NoError(t, err)
			coercers[tool.Name] = arguments.New(validator)
			schemas[tool.Name] = tool.Schema
		}
		for i, call := range conversation.calls {
			if coercers[call.name] == nil {
				continue // it called a tool that does not exist
			}
			given, err := coercers[call.name].Parse(call.json(), true)
			require.NoError(t, err)
			for j, format := range formats {
				if j%7 != i%7 && len(conversation.calls) > 7 {
					continue // each format has its turn
				}
				if format.name == "deepseek_dsml/unclosed invokes" && len(call.arguments) == 0 {
					continue // nothing tells its opening from a mention of it
				}
				if strings.HasPrefix(format.name, "qwen3_coder") && ambiguous(call, schemas[call.name]) {
					continue
				}
				text := "Let me look that up.\n\n" + format.write([]wanted{call})
				result := leak.Parse(text, conversation.tools)
				require.Len(t, result.Calls, 1, text)
				require.Equal(t, call.name, result.Calls[0].Name)
				require.Equal(t, "Let me look that up.", result.Text)
				got, err := coercers[call.name].Parse(result.Calls[0].Arguments, true)
				require.NoError(t, err)
				require.JSONEq(t, string(given.JSON), string(got.JSON), text)
				if count++; count%200 == 0 && len(text) < 2000 {
					requireNothingFromPieces(t, text, result, conversation.tools)
				}
			}
		}
	}
	t.Logf("%d calls", count)
}

// requireNothingFromPieces cuts a text with one call at every byte: what there is of
// it is no other call, and no markup is shown.
func requireNothingFromPieces(t *testing.T, text string, whole leak.Result, tools []leak.Tool) {
	t.Helper()
	for i := range len(text) {
		for _, call := range leak.Parse(text[:i], tools).Calls {
			require.Equal(t, whole.Calls[0].Arguments, call.Arguments, text[:i])
		}
		hold := leak.NewHold(tools)
		shown := hold.Add(text[:i]) + hold.Add(text[i:]) + hold.Flush()
		require.Equal(t, whole.Text, shown)
	}
}

// ambiguous reports whether a call loses something in Qwen3-Coder's markup, which
// has line breaks around each value and no types: line breaks of the value, or the
// type of a value for which the schema has none.
func ambiguous(call wanted, schema json.RawMessage) bool {
	var typed struct {
		Properties map[string]map[string]any `json:"properties"`
	}
	if json.Unmarshal(schema, &typed) != nil {
		return true
	}
	for _, argument := range call.arguments {
		text, isString := argument.raw()
		if strings.Trim(text, "\n") != text || !isString && len(typed.Properties[argument.key]) == 0 {
			return true
		}
	}
	return false
}

// TestRecordedTextsHoldNoCall reads all that was said in the recorded
// conversations, what their tools returned, and a knowledge base.
func TestRecordedTextsHoldNoCall(t *testing.T) {
	var documents []string
	eachLine(t, filepath.Join("retrieval", "policies.jsonl"), func(line []byte) {
		var document struct{ Text string }
		require.NoError(t, json.Unmarshal(line, &document))
		documents = append(documents, document.Text)
	})
	check := func(text string, tools []leak.Tool) {
		assert.Equal(t, leak.Result{Text: text}, leak.Parse(text, tools))
		hold := leak.NewHold(tools)
		assert.Equal(t, text, hold.Add(text)+hold.Flush())
	}
	for i, conversation := range recordings(t) {
		for _, text := range conversation.texts {
			check(text, conversation.tools)
		}
		if i%50 == 0 {
			for _, text := range documents {
				check(text, conversation.tools)
			}
		}
	}
}
