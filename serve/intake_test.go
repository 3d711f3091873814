package serve_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// intakeCase is a line of testdata/intake.jsonl; its README says what the fields mean.
type intakeCase struct {
	ID, Category string
	Steps        []struct {
		As, Method, Path string
		Headers          map[string]string
		Body             string
		Status           int
	}
	Runs []string
	Open *int
}

func TestForgedRequestsAreHeld(t *testing.T) {
	file, err := os.Open("testdata/intake.jsonl")
	require.NoError(t, err)
	defer file.Close()
	count := 0
	for lines := bufio.NewScanner(file); lines.Scan(); count++ {
		var c intakeCase
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c), lines.Text())
		t.Run(c.ID, func(t *testing.T) { c.run(t) })
	}
	assert.GreaterOrEqual(t, count, 50)
}

func (c *intakeCase) run(t *testing.T) {
	d := open(t, frontdesk.Config{Provider: frontdesk.ProviderFunc(obedient)})
	// In each of these conversations of Ana something waits for somebody.
	place := strings.NewReplacer(
		"{approval}", d.ask(t, "c-colleague", "pay_out"),
		"{question}", d.ask(t, "c-question", "pay_back"),
		"{proof}", d.ask(t, "c-proof", "pay_up"),
	)
	for i, step := range c.Steps {
		var headers []string
		for name, value := range step.Headers {
			headers = append(headers, name, value)
		}
		status, body := d.send(t, step.As, step.Method, place.Replace(step.Path), place.Replace(step.Body), headers...)
		assert.Equal(t, step.Status, status, "step %d: %s", i+1, body)
		if status >= 400 {
			assert.NotContains(t, body, "cus_", "an error names a customer")
		}
	}
	assert.ElementsMatch(t, c.Runs, d.runs(), "what ran")
	waiting := 0
	for _, id := range []string{"c-colleague", "c-question", "c-proof"} {
		approvals, err := d.agent.Approvals(t.Context(), frontdesk.ConversationID{Tenant: "acme", ID: id})
		require.NoError(t, err)
		waiting += len(approvals)
	}
	want := 3
	if c.Open != nil {
		want = *c.Open
	}
	assert.Equal(t, want, waiting, "approvals that are open")
}

// ask brings a conversation of Ana to where something waits, and returns its id.
func (d *desk) ask(t *testing.T, conversation, tool string) string {
	t.Helper()
	_, body := d.send(t, "ana", "POST", "/chat/conversations/"+conversation+"/messages", `{"text":"CALL `+tool+`: refund me 5 EUR"}`)
	approvals, err := d.agent.Approvals(t.Context(), frontdesk.ConversationID{Tenant: "acme", ID: conversation})
	require.NoError(t, err)
	require.Len(t, approvals, 1, body)
	return approvals[0].ID
}

// obedient is a model that does what a customer says who names a tool.
func obedient(_ context.Context, request *frontdesk.Request, _ func(frontdesk.Delta)) (*frontdesk.Response, error) {
	answer := frontdesk.Message{Role: frontdesk.RoleAssistant, Text: "How can I help?"}
	last := request.Messages[len(request.Messages)-1]
	if _, rest, ok := strings.Cut(last.Text, "CALL "); ok && last.Role == frontdesk.RoleUser {
		name, _, _ := strings.Cut(rest, ":")
		answer = frontdesk.Message{Role: frontdesk.RoleAssistant, Calls: []frontdesk.ToolCall{{ID: "call_1", Name: name, Arguments: `{"cents":500}`}}}
	}
	return &frontdesk.Response{Message: answer}, nil
}
