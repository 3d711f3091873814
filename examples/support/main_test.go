package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/examples/support/policies"
)

// chatOffline runs the program with the given lines as input.
func chatOffline(t *testing.T, o options, lines ...string) string {
	t.Helper()
	t.Setenv("OXLO_API_KEY", "")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), o, strings.NewReader(strings.Join(lines, "\n")), &out))
	return out.String()
}

func TestSupportConversation(t *testing.T) {
	o := options{data: t.TempDir(), customer: "cus_ana"}

	out := chatOffline(t, o, "I need a refund for order ORD-9281. It arrived damaged.", "How long does shipping to Germany take?")

	first, _, _ := strings.Cut(out, "\n")
	assert.Contains(t, first, "OXLO_API_KEY")
	assert.Contains(t, out, `-> get_order_status({"order_id":"ORD-9281"})`)
	assert.Contains(t, out, `-> initiate_refund({"order_id":"ORD-9281"`)
	assert.Contains(t, out, "89.00 EUR")
	assert.Regexp(t, `\[\d+\] Shipping .*https://help\.lampandlinen\.example/shipping`, out)

	// A restart goes on with the same conversation and the same shop.
	out = chatOffline(t, o, "Please refund it again", "I want to talk to a human", "Are you there?", "/say Hello, this is Robin", "/back solved")
	assert.Contains(t, out, `{"order_id":"ORD-9281"`, "it knows the order from before")
	before, _, _ := strings.Cut(out, "handed over to a colleague")
	assert.NotContains(t, before, "I have started the refund", "the order was refunded already")
	assert.Contains(t, out, "handed over to a colleague, ticket T-0001")
	assert.Contains(t, out, "a colleague has this conversation")
	assert.Contains(t, out, "the agent has the conversation again")

	text, err := os.ReadFile(filepath.Join(o.data, "handoffs.jsonl"))
	require.NoError(t, err)
	var handoff frontdesk.Handoff
	require.NoError(t, json.Unmarshal(text, &handoff))
	assert.Equal(t, frontdesk.HandoffCustomerAsked, handoff.Reason)
	assert.Equal(t, "I need a refund for order ORD-9281. It arrived damaged.", lastLines(handoff.Transcript[0].Text))
}

// lastLines returns a message without the passages before it.
func lastLines(text string) string {
	if _, rest, ok := strings.Cut(text, "</passages>\n\n"); ok {
		return rest
	}
	return text
}

func TestRefundsAboveTheLimitAreApproved(t *testing.T) {
	for answer, want := range map[string]string{"y": "I have started the refund", "n": "a colleague has refused it"} {
		o := options{data: t.TempDir(), customer: "cus_ben"}
		list := chatOffline(t, o, "Please list my orders")
		assert.Contains(t, list, "-> list_my_orders({})")

		out := chatOffline(t, o, "I need a refund for order ORD-9304, it arrived broken.")
		assert.Contains(t, out, frontdesk.DefaultApprovalText)
		assert.Contains(t, out, "colleague, please decide: initiate_refund")
		assert.Contains(t, out, "it waits")

		out = chatOffline(t, o, answer) // the colleague decides after a restart
		assert.Contains(t, out, "colleague, please decide: initiate_refund")
		assert.Contains(t, out, want)
	}
}

func TestEmptyInputEnds(t *testing.T) {
	out := chatOffline(t, options{data: t.TempDir(), customer: "cus_ana"})
	assert.Contains(t, out, "You are Ana")
}

func TestUnknownCustomer(t *testing.T) {
	var out bytes.Buffer
	err := run(t.Context(), options{data: t.TempDir(), customer: "cus_nobody"}, strings.NewReader(""), &out)
	assert.Error(t, err)
}

func TestPagesBecomeKnowledge(t *testing.T) {
	pages, err := readPages(t.Context(), policies.Files)
	require.NoError(t, err)
	assert.Greater(t, pages.Len(), 40)
	found, err := pages.Retrieve(t.Context(), frontdesk.Query{Text: "shipping to Germany", TopK: 1})
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, "Shipping times and costs — Costs and delivery times by country", found[0].Title)
	assert.Equal(t, "https://help.lampandlinen.example/shipping", found[0].URL)
	assert.NotContains(t, found[0].Text, "title:")

	_, err = readPages(t.Context(), fstest.MapFS{"a.md": {Data: []byte("---\ntitle: [\n---\n")}})
	assert.ErrorContains(t, err, "read the help pages: a.md: front matter")
}
