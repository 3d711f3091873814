package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// short has one request, long has three.
const (
	short = `{"id":"short","model":"m","system":"Be kind.","tools_ref":"shop","steps":[
		{"t":"assistant","content":"How can I help?","seed":true,"tool_calls":[]},
		{"t":"user","content":"When do you open?"},
		{"t":"assistant","content":"At nine.","usage":{"prompt_tokens":1000,"completion_tokens":100}}]}`
	long = `{"id":"long","model":"m","system":"Be kind.","tools_ref":"shop","steps":[
		{"t":"user","content":"Where is my parcel?"},
		{"t":"assistant","content":null,"tool_calls":[{"id":"1","name":"track","arguments":"{}"},{"id":"1","name":"track","arguments":"{}"}],"usage":{"prompt_tokens":2000,"completion_tokens":100}},
		{"t":"tool","id":"1","name":"track","content":"On its way"},
		{"t":"tool","id":"1","name":"track","content":"On its way"},
		{"t":"assistant","content":"It is on its way.","usage":{"prompt_tokens":3000,"completion_tokens":100}},
		{"t":"user","content":"Thanks"},
		{"t":"assistant","content":"You are welcome.","usage":{"prompt_tokens":4000,"completion_tokens":100}}]}`
	unreported = `{"id":"unreported","system":"Be kind.","tools_ref":"shop","steps":[{"t":"user","content":"Hello"},{"t":"assistant","content":"Hello!","usage":null}]}`
	silent     = `{"id":"silent","steps":[{"t":"user","content":"Hello?"}]}`
)

func write(t *testing.T, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(strings.ReplaceAll(line, "\n", " ") + "\n")
	}
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	return path
}

// rows runs the program and returns the table's fields by row, and the rest.
func rows(t *testing.T, arguments ...string) (table map[string][]string, head string) {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, run(arguments, &out))
	head, body, ok := strings.Cut(out.String(), "\n\n")
	require.True(t, ok)
	table = make(map[string][]string)
	for line := range strings.Lines(body) {
		fields := strings.Fields(line)
		values := len(fields) - 6
		require.Positive(t, values)
		table[strings.Join(fields[:values], " ")] = fields[values:]
	}
	return table, head
}

func TestTable(t *testing.T) {
	path := write(t, "conversations.jsonl", long, short, silent)
	table, head := rows(t, "-prompt", "1", "-completion", "10", "-flat", "0.002", path)
	assert.Contains(t, head, "2 conversations, 4 requests, 10000 prompt tokens, 400 completion tokens")
	assert.Contains(t, head, "tokens of 0 of 4 answers are estimated")
	assert.NotContains(t, head, "example")

	assert.Equal(t, []string{"1.0", "1000", "100", "0.00200", "0.00200", "0.002000"}, table["second quarter"])
	assert.Equal(t, []string{"3.0", "9000", "300", "0.01200", "0.00600", "0.004000"}, table["longest quarter"])
	assert.Equal(t, []string{"2.0", "5000", "200", "0.00700", "0.00400", "0.003500"}, table["all"])
	assert.NotContains(t, table, "shortest quarter", "two conversations make no four quarters")
}

func TestDiscount(t *testing.T) {
	path := write(t, "conversations.jsonl", long)
	table, head := rows(t, "-prompt", "1", "-completion", "0", "-cached", "0.1", path)
	// Of 9,000 prompt tokens, 5,000 were in the request before.
	assert.Equal(t, "0.00450", table["all"][3])
	assert.Contains(t, head, "0.1 on those cached")
}

func TestEstimatesAndDefaultsAreLabelled(t *testing.T) {
	path := write(t, "conversations.jsonl", unreported)
	table, head := rows(t, path)
	assert.Contains(t, head, "tokens of 1 of 1 answers are estimated")
	assert.Contains(t, head, "an example: set yours by flags")

	tools := write(t, "tools.json", `{"shop":[{"type":"function","function":{"name":"track","description":"`+strings.Repeat("Track a parcel. ", 100)+`","parameters":{"type":"object"}}}]}`)
	with, head := rows(t, "-tools", tools, path)
	assert.Contains(t, head, "an example")
	assert.Len(t, table["all"][1], 2)
	assert.Len(t, with["all"][1], 3, "the tools are part of the prompt")
}

func TestFaults(t *testing.T) {
	conversations := write(t, "conversations.jsonl", short)
	tests := []struct {
		name      string
		arguments []string
		want      string
	}{
		{"no file", nil, "name one file"},
		{"two files", []string{"a", "b"}, "name one file"},
		{"a file that is not there", []string{filepath.Join(t.TempDir(), "none")}, "no such file"},
		{"tools that are not there", []string{"-tools", filepath.Join(t.TempDir(), "none"), conversations}, "no such file"},
		{"tools that are none", []string{"-tools", write(t, "tools.json", `[]`), conversations}, "read tools"},
		{"no JSON", []string{write(t, "c", short, "oops")}, "read conversation 2"},
		{"an unknown step", []string{write(t, "c", `{"id":"x","steps":[{"t":"shrug"}]}`)}, `step 1 is of type "shrug"`},
		{"no answers", []string{write(t, "c", silent)}, "no conversation has an answer"},
		{"an unknown flag", []string{"-nope", conversations}, "nope"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.ErrorContains(t, run(test.arguments, new(bytes.Buffer)), test.want)
		})
	}
	var out bytes.Buffer
	require.Error(t, run([]string{"-help"}, &out))
	assert.Contains(t, out.String(), "price of a million prompt tokens")
}
