package claims_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/claims"
)

// Real agents seldom claim what they have not done: nearly all that Find sees in
// recorded replies must be backed by a call or the result of one before it.
func TestClaimsOfRecordedAgentsAreBacked(t *testing.T) {
	file, err := os.Open("../../../shared/replay/conversations.jsonl")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the recorded conversations are not here")
	}
	require.NoError(t, err)
	defer file.Close()
	messages, done, promised, unbacked := 0, 0, 0, 0
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var c struct {
			ID    string
			Steps []struct {
				T, Content string
				ToolCalls  []struct{ Name string } `json:"tool_calls"`
			}
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		var backed []claims.Kind
		var results []string
		for _, s := range c.Steps {
			if s.T == "tool" {
				results = append(results, s.Content)
			}
			if s.T != "assistant" {
				continue
			}
			for _, call := range s.ToolCalls {
				backed = append(backed, claims.Kinds(call.Name, "")...)
			}
			if s.Content == "" {
				continue
			}
			messages++
			for _, claim := range claims.Find(s.Content) {
				if claim.Promise {
					promised++
					continue
				}
				done++
				if !slices.Contains(backed, claim.Kind) && !slices.ContainsFunc(results, func(r string) bool { return claims.Mentions(r, claim.Kind) }) {
					unbacked++
					t.Logf("%s: nothing backs %s: %.200s", c.ID, claim.Kind, claim.Sentence)
				}
			}
		}
	}
	require.NoError(t, lines.Err())
	t.Logf("%d messages, %d claims of what is done, %d unbacked, %d promises", messages, done, unbacked, promised)
	assert.Greater(t, done, 80)
	assert.LessOrEqual(t, ratio(unbacked, messages), 0.02)
}
