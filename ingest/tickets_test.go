package ingest_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/ingest"
)

// tickets reads an export.
func tickets(t *testing.T, contents map[string]string) ([]ingest.Document, map[string]string) {
	t.Helper()
	return documents(t, ingest.Tickets{FS: files(contents).FS})
}

func TestZendeskTickets(t *testing.T) {
	found, skipped := tickets(t, map[string]string{
		"tickets.json": `{"tickets":[
{"id":81,"url":"https://x.zendesk.example/api/81","created_at":"2026-01-14T09:00:00Z","updated_at":"2026-01-15T09:00:00Z","subject":"Broken lamp for Ana","raw_subject":"Broken lamp for Ana","description":"My lamp broke.","priority":"normal","status":"solved","requester_id":7,"submitter_id":7,"assignee_id":9,"is_public":true,"tags":["refund","lamp"],"satisfaction_rating":{"score":"good"},"via":{"channel":"email","source":{"from":{"name":"Ana Roy","address":"ana@example.com"},"to":{},"rel":null}},"custom_fields":[{"id":1,"value":null}]},
{"id":82,"status":"open","requester_id":7,"updated_at":"2026-01-15T09:00:00Z","subject":"Open","description":"x","is_public":true},
{"id":83,"status":"closed","requester_id":7,"updated_at":"2026-01-15T09:00:00Z","subject":"Bad","description":"x","satisfaction_rating":{"score":"bad"}},
{"id":84,"status":"deleted","requester_id":7,"updated_at":"2026-01-15T09:00:00Z","subject":"Gone","description":"x"},
{"id":85,"status":"closed","requester_id":7,"updated_at":"2026-01-15T09:00:00Z","subject":"Only notes","description":"x","comments":[{"id":1,"author_id":9,"body":"internal","public":false},{"id":2,"author_id":9,"body":"says nothing about it"}]}
],"users":[{"id":9,"name":"Tom Agent","email":"tom@shop.example","role":"agent"},{"id":7,"name":"Ana Roy","email":"ana@example.com","role":"end-user"}],"after_url":null,"end_of_stream":true}`,
		"later.jsonl": `{"id":81,"updated_at":"2026-01-13T09:00:00Z","subject":"Old version","description":"old","status":"solved","requester_id":7}` + "\n{broken\n",
		"comments/81.json": `{"comments":[{"id":3,"author_id":9,"body":"Secret: she lies.","public":false,"created_at":"2026-01-14T10:00:00Z"},
{"id":1,"author_id":7,"html_body":"<p>My lamp <b>broke</b>. Call +49 30 901820.</p>","body":"My lamp broke.","public":true,"created_at":"2026-01-14T09:00:00Z"},
{"id":4,"author_id":9,"plain_body":"Hi Ana, we have sent a new one to Lindenstraße 48, 10969 Berlin.\n\nOn Wed, Jan 14, 2026 Ana Roy wrote:\n> My lamp broke.","public":true,"created_at":"2026-01-14T11:00:00Z"}],"count":3}`,
	})
	require.Len(t, found, 1, "%v", skipped)
	assert.Equal(t, "81", found[0].ID)
	assert.Equal(t, "Broken lamp for [name]", found[0].Title)
	assert.Equal(t, "Customer: My lamp **broke**. Call [phone].\n\nAgent: Hi [name], we have sent a new one to [address].", found[0].Text)
	assert.Equal(t, map[string]string{"kind": "ticket", "tag:refund": "true", "tag:lamp": "true"}, found[0].Labels)
	assert.Equal(t, `its status is "open": only resolved tickets become knowledge`, skipped["82"])
	assert.Contains(t, skipped["83"], "rated it as bad")
	assert.Contains(t, skipped["84"], "deleted")
	assert.Contains(t, skipped["85"], "no agent has answered")
	assert.Contains(t, skipped["later.jsonl"], "line 2")
}

func TestFreshdeskTickets(t *testing.T) {
	found, skipped := tickets(t, map[string]string{
		"tickets.json": `[{"id":5,"subject":"Invoice","description":"<div>Where is it?</div>","description_text":"Where is it?","status":4,"priority":1,"source":1,"tags":["invoice"],"requester_id":70,"responder_id":90,"spam":false,"created_at":"2026-01-14T09:00:00Z","updated_at":"2026-01-14T10:00:00Z","requester":{"id":70,"name":"Ben Ito","email":"ben@example.com","mobile":null},
"conversations":[{"id":1,"incoming":false,"private":true,"body_text":"Note to self.","source":2},{"id":2,"incoming":false,"private":false,"body_text":"In your account, Ben.","source":0},{"id":3,"incoming":true,"private":false,"body":"<p>Found it &amp; thanks</p>","source":0}]},
{"id":6,"subject":"Spam","description_text":"x","status":5,"requester_id":70,"spam":true,"updated_at":"2026-01-14T10:00:00Z"},
{"id":7,"subject":"Pending","description_text":"x","status":3,"requester_id":70,"spam":false,"updated_at":"2026-01-14T10:00:00Z"},
{"id":8,"subject":"Apart","description_text":"How?","status":5,"requester_id":70,"spam":false,"updated_at":"2026-01-14T10:00:00Z"}]`,
		"conversations.json": `[{"id":9,"ticket_id":8,"incoming":false,"private":false,"body_text":"Like this.","user_id":90}]`,
	})
	require.Len(t, found, 2)
	assert.Equal(t, "Customer: Where is it?\n\nAgent: In your account, [name].\n\nCustomer: Found it & thanks", found[0].Text)
	assert.Equal(t, "Customer: How?\n\nAgent: Like this.", found[1].Text)
	assert.Equal(t, "it is spam", skipped["6"])
	assert.Contains(t, skipped["7"], `its status is "3"`)
}

func TestIntercomConversations(t *testing.T) {
	found, skipped := tickets(t, map[string]string{
		"c.jsonl": strings.ReplaceAll(`{"type":"conversation","id":"1","created_at":1768380000,"updated_at":1768390000,"open":false,"state":"closed","title":null,"tags":{"type":"tag.list","tags":[{"name":"shipping"}]},"conversation_rating":{"rating":5},
"source":{"type":"conversation","id":"2","subject":"<p>Norway</p>","body":"<p>Do you ship to Norway?</p>","author":{"type":"user","id":"3","name":"Chloe Dubois","email":"chloe@example.com"}},"contacts":{"contacts":[{"id":"3"}]},
"conversation_parts":{"conversation_parts":[
{"part_type":"note","body":"<p>VIP, be nice</p>","created_at":1768380100,"author":{"type":"admin","name":"Tom"}},
{"part_type":"assignment","body":null,"created_at":1768380200,"author":{"type":"bot"}},
{"part_type":"comment","body":"<p>Maybe!</p>","created_at":1768380250,"author":{"type":"bot","from_ai_agent":true}},
{"part_type":"comment","body":"<p>Yes, Chloe, for 20 EUR.</p>","created_at":1768380300,"author":{"type":"admin","name":"Tom"}},
{"part_type":"comment","body":"<p>gone</p>","created_at":1768380400,"author":{"type":"user"},"redacted":true}],"total_count":5}}`, "\n", "") + "\n" +
			`{"id":"2","state":"open","contacts":{},"source":{"body":"x","author":{"type":"user"}},"conversation_parts":{"conversation_parts":[]}}` + "\n" +
			`{"id":"3","state":"closed","contacts":{},"source":{"body":"x","author":{"type":"user"}},"conversation_parts":{"conversation_parts":[]},"conversation_rating":{"rating":1}}`,
	})
	require.Len(t, found, 1)
	assert.Equal(t, "Norway", found[0].Title)
	assert.Equal(t, "Customer: Do you ship to Norway?\n\nAgent: Yes, [name], for 20 EUR.", found[0].Text)
	assert.Equal(t, "true", found[0].Labels["tag:shipping"])
	assert.Contains(t, skipped["2"], `its status is "open"`)
	assert.Contains(t, skipped["3"], "rated")
}

func TestGenericTickets(t *testing.T) {
	source := ingest.Tickets{
		FS: fstest.MapFS{"t.jsonl": {Data: []byte(`{"id":"81","subject":"Broken lamp","status":"solved","tags":["refund"],"language":"en","requester":{"name":"Ana Roy","email":"ana@example.com"},"rating":"good","messages":[{"role":"customer","text":"It broke. Ana","at":"2026-01-14T09:30:00Z"},{"role":"agent","text":"Refunded.","at":"2026-01-14T09:40:00Z"},{"role":"note","text":"Too generous.","at":"2026-01-14T09:50:00Z"},{"role":"agent","text":"Internal too.","public":false,"at":"2026-01-14T09:55:00Z"}]}
{"id":"82","subject":"x","status":"solved","tags":["secret"],"messages":[{"role":"customer","text":"q"},{"role":"agent","text":"a"}]}
{"hello":"world"}
`)}},
		Keep: func(ticket *ingest.Ticket) bool { return !strings.Contains(strings.Join(ticket.Tags, " "), "secret") },
	}
	found, skipped := documents(t, source)
	require.Len(t, found, 1)
	assert.Equal(t, "Customer: It broke. [name]\n\nAgent: Refunded.", found[0].Text)
	assert.Equal(t, "en", found[0].Labels["language"])
	assert.Contains(t, skipped["82"], "the caller does not keep it")
	assert.Contains(t, skipped["t.jsonl"], "line 3 it is no ticket")
}
