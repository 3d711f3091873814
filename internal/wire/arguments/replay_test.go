package arguments_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/frontdesk-go/frontdesk/internal/schema"
	"github.com/frontdesk-go/frontdesk/internal/wire/arguments"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recordings is where real tool declarations and calls are kept, beside the
// repository. They are not part of it.
const recordings = "../../../../shared/replay"

// TestRecordedCalls reads every call of the recorded conversations along the
// schema the model was given. What satisfies its schema must come through
// unchanged; what does not is listed by -v.
func TestRecordedCalls(t *testing.T) {
	declared, err := os.ReadFile(filepath.Join(recordings, "tools.json"))
	if err != nil {
		t.Skipf("the recorded conversations are not here: %v", err)
	}
	type tool struct {
		Function struct {
			Name       string          `json:"name"`
			Parameters json.RawMessage `json:"parameters"`
		} `json:"function"`
	}
	var sets map[string][]tool
	require.NoError(t, json.Unmarshal(declared, &sets))
	validators := map[string]*schema.Validator{}
	for set, tools := range sets {
		for _, one := range tools {
			validator, err := schema.Compile(one.Function.Parameters)
			require.NoError(t, err, one.Function.Name)
			assert.Empty(t, validator.Unchecked())
			validators[set+one.Function.Name] = validator
		}
	}

	file, err := os.Open(filepath.Join(recordings, "conversations.jsonl"))
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	calls, changed, refused, unknown := 0, 0, 0, 0
	for lines.Scan() {
		var conversation struct {
			ID    string `json:"id"`
			Model string `json:"model"`
			Tools string `json:"tools_ref"`
			Steps []struct {
				Calls []struct {
					Name      string          `json:"name"`
					Arguments json.RawMessage `json:"arguments"`
				} `json:"tool_calls"`
			} `json:"steps"`
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &conversation))
		for _, step := range conversation.Steps {
			for _, call := range step.Calls {
				calls++
				text := textOf(call.Arguments)
				validator := validators[conversation.Tools+call.Name]
				if validator == nil {
					unknown++
					t.Logf("%s: unknown tool %s", conversation.ID, call.Name)
					continue
				}
				before := validator.Validate(json.RawMessage(text))
				read, err := arguments.New(validator).Parse(text, true)
				if !assert.NoError(t, err, text) {
					continue
				}
				if before == nil {
					damaged(t, validator, text)
					assert.JSONEq(t, text, string(read.JSON))
					assert.True(t, read.Valid)
					assert.Empty(t, read.Notes)
					continue
				}
				if len(read.Notes) > 0 {
					changed++
				}
				after := validator.Validate(read.JSON)
				assert.Equal(t, read.Valid, after == nil)
				if after != nil {
					refused++
				}
				t.Logf("%s (%s): %s\n  notes: %s\n  %s", conversation.ID, conversation.Model, call.Name,
					strings.Join(read.Notes, "; "), schema.Describe(call.Name, after))
			}
		}
	}
	require.NoError(t, lines.Err())
	t.Logf("%d schemas, %d calls: %d coerced, %d refused, %d of unknown tools", len(validators), calls, changed, refused, unknown)
	assert.Positive(t, calls, fmt.Sprintf("no calls in %s", recordings))
}

// damaged breaks a good call in the ways models do and expects it back.
func damaged(t *testing.T, validator *schema.Validator, text string) {
	t.Helper()
	var members map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&members))
	nested := map[string]any{}
	for name, one := range members {
		nested[name] = one
		switch one.(type) {
		case []any, map[string]any, bool, json.Number:
			if property := validator.Root().Properties[name]; property != nil && property.Types != nil {
				inner, err := json.Marshal(one)
				require.NoError(t, err)
				nested[name] = string(inner)
			}
		}
	}
	asTexts, err := json.Marshal(nested)
	require.NoError(t, err)
	trimmed := strings.TrimSpace(text)
	broken := map[string]string{
		"doubly encoded":        encode(1, text),
		"fenced":                "Here you go:\n```json\n" + text + "\n```",
		"Python":                python(members),
		"values as texts":       string(asTexts),
		"without the last one":  strings.TrimSuffix(trimmed, "}"),
		"closed once too often": trimmed + "}",
	}
	if len(members) > 0 {
		broken["trailing comma"] = strings.TrimSuffix(trimmed, "}") + ",}"
	}
	for name, one := range broken {
		read, err := arguments.New(validator).Parse(one, true)
		if assert.NoError(t, err, name+": "+one) {
			assert.JSONEq(t, text, string(read.JSON), name)
			assert.True(t, read.Valid, name)
		}
	}
}

// python writes a value as Python's repr does.
func python(value any) string {
	switch value := value.(type) {
	case nil:
		return "None"
	case bool:
		if value {
			return "True"
		}
		return "False"
	case json.Number:
		return value.String()
	case string:
		quote := "'"
		if strings.Contains(value, "'") && !strings.Contains(value, `"`) {
			quote = `"`
		}
		value = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`, quote, `\`+quote).Replace(value)
		return quote + value + quote
	case []any:
		var items []string
		for _, item := range value {
			items = append(items, python(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	var members []string
	for name, member := range value.(map[string]any) {
		members = append(members, python(name)+": "+python(member))
	}
	return "{" + strings.Join(members, ", ") + "}"
}

// textOf is the text a model produced, which a record holds as a string or as
// the object itself.
func textOf(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}
