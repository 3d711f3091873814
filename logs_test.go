package frontdesk_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

var addTranscripts = flag.Bool("logs.add", false, "write the transcripts of logs in testdata/logs that have none")

// The logs in testdata/logs were written by this library when it was released.
// They are never written again: what a version cannot fold any more, it has
// broken. A new kind of entry takes a new log.
func TestLogsOfEarlierVersions(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "logs", "*.jsonl"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	missing := declaredKinds(t)
	for _, path := range paths {
		log := readLog(t, path)
		for _, entry := range log {
			delete(missing, entry.Kind)
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".jsonl"), func(t *testing.T) {
			id := frontdesk.ConversationID{Tenant: "acme", ID: "old"}
			memory := new(frontdesk.InMemory)
			require.NoError(t, memory.Append(t.Context(), id, 0, log...))
			provider := frontdesktest.NewProvider(frontdesktest.Say("Fine."))
			agent := newAgent(t, frontdesk.Config{Provider: provider, Memory: memory})
			turn := frontdesk.Turn{Conversation: "old", Customer: frontdesk.Customer{ID: "cus_ana", Tenant: "acme"}, Text: "And now?", MessageID: "m-new"}
			assert.Equal(t, frontdesk.Answered, play(t, agent, turn, false).Outcome)
			provider.AssertDone(t)

			var sent bytes.Buffer
			encoder := json.NewEncoder(&sent)
			encoder.SetEscapeHTML(false)
			for _, message := range provider.Requests()[0].Messages {
				require.NoError(t, encoder.Encode(message))
			}
			transcript := strings.TrimSuffix(path, ".jsonl") + ".transcript"
			wanted, err := os.ReadFile(transcript)
			if os.IsNotExist(err) && *addTranscripts {
				require.NoError(t, os.WriteFile(transcript, sent.Bytes(), 0o644))
				wanted = sent.Bytes()
			} else {
				require.NoError(t, err)
			}
			assert.Equal(t, string(wanted), sent.String())
		})
	}
	assert.Empty(t, missing, "kinds of entries that stand in no log: add one")
}

func readLog(t *testing.T, path string) []frontdesk.Entry {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var log []frontdesk.Entry
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, len(data)+1)
	for lines.Scan() {
		var entry frontdesk.Entry
		require.NoError(t, json.Unmarshal(lines.Bytes(), &entry))
		log = append(log, entry)
	}
	require.NoError(t, lines.Err())
	return log
}

// declaredKinds reads the kinds that there are from the source.
func declaredKinds(t *testing.T) map[frontdesk.EntryKind]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "entry.go", nil, 0)
	require.NoError(t, err)
	kinds := make(map[frontdesk.EntryKind]bool)
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "EntryKind" {
				kind, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				require.NoError(t, err)
				kinds[frontdesk.EntryKind(kind)] = true
			}
		}
		return true
	})
	require.NotEmpty(t, kinds)
	return kinds
}
