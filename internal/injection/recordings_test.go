package injection_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/injection"
)

const shared = "../../../shared/"

func lines(t *testing.T, path string, each func([]byte)) {
	t.Helper()
	file, err := os.Open(shared + path)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("no recordings at %s: put %s there to read them", shared, path)
	}
	require.NoError(t, err)
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		each(scanner.Bytes())
	}
	require.NoError(t, scanner.Err())
}

// The injected texts of recorded attacks are all found, and of recorded results
// without one, next to none.
func TestRecordings(t *testing.T) {
	attacks, missed, benign, alarms := 0, 0, 0, 0
	lines(t, "replay/conversations.jsonl", func(line []byte) {
		var r struct {
			ID         string
			Injections map[string]string
			Steps      []struct{ T, Content string }
		}
		require.NoError(t, json.Unmarshal(line, &r))
		for _, s := range r.Steps {
			if s.T != "tool" {
				continue
			}
			attack := false
			for _, injected := range r.Injections {
				first := strings.TrimSpace(injected)
				attack = attack || first != "" && strings.Contains(s.Content, first[:min(len(first), 13)])
			}
			found := injection.Find(s.Content, nil)
			switch {
			case attack:
				attacks++
				if len(found) == 0 {
					missed++
					t.Errorf("%s: an attack was not found: %.200s", r.ID, s.Content)
				}
			default:
				benign++
				if len(found) > 0 {
					alarms++
					t.Logf("%s: %v: %.300s", r.ID, found, s.Content)
				}
			}
		}
	})
	t.Logf("%d of %d attacks missed, %d false alarms in %d other results", missed, attacks, alarms, benign)
	assert.Greater(t, attacks, 50)
	assert.LessOrEqual(t, alarms, benign/200)
}

func TestDocuments(t *testing.T) {
	texts, alarms := 0, 0
	check := func(text string) {
		texts++
		if found := injection.Find(text, nil); len(found) > 0 {
			alarms++
			t.Logf("%v: %.400s", found, text)
		}
	}
	lines(t, "retrieval/policies.jsonl", func(line []byte) {
		var page map[string]any
		require.NoError(t, json.Unmarshal(line, &page))
		for _, value := range page {
			if text, ok := value.(string); ok {
				check(text)
			}
		}
	})
	for _, name := range []string{"banking77-test.csv", "banking77-train.csv"} {
		file, err := os.Open(shared + "retrieval/" + name)
		require.NoError(t, err)
		defer file.Close()
		rows, err := csv.NewReader(file).ReadAll()
		require.NoError(t, err)
		for _, row := range rows[1:] {
			check(row[0])
		}
	}
	t.Logf("%d false alarms in %d texts", alarms, texts)
	assert.LessOrEqual(t, alarms, texts/200)
}
