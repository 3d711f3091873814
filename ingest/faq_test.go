package ingest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCSV(t *testing.T) {
	for name, content := range map[string]string{
		"commas":     "id,Question,Answer,category,locale\n1,\"How, exactly?\",\"Like\nthis.\",ways,en\n\n2,,nothing,x,en\n",
		"semicolons": "\xEF\xBB\xBFid;q;a;topic;lang\r\n1;How, exactly?;\"Like\nthis.\";ways;en\r\n2;Why?;;x;en\r\n",
		"tabs":       "id\ttitle\tresponse\tsection\tlanguage\n1\tHow, exactly?\t\"Like\nthis.\"\tways\ten\n2\tWhy?\t\tx\ten\n",
	} {
		t.Run(name, func(t *testing.T) {
			found, skipped := decode(t, "faq.csv", content)
			require.Len(t, found, 1)
			assert.Equal(t, "faq.csv#1", found[0].ID)
			assert.Equal(t, "How, exactly?", found[0].Title)
			assert.Equal(t, "Like\nthis.", found[0].Text)
			assert.Equal(t, map[string]string{"language": "en", "category": "ways"}, found[0].Labels)
			assert.Contains(t, skipped["faq.csv"], "the question or the answer is empty")
		})
	}

	found, skipped := decode(t, "faq.csv", "question,answer\nQ1,A1\nQ\"2,A2\nQ3,<p>A<b>3</b></p>\n")
	require.Len(t, found, 2)
	assert.Equal(t, "A**3**", found[1].Text)
	assert.Contains(t, skipped["faq.csv"], "line 3")

	_, skipped = decode(t, "faq.csv", "text,category\na,b\n")
	assert.Contains(t, skipped["faq.csv"], "it needs a column named question and one named answer")
	_, skipped = decode(t, "faq.csv", "")
	assert.Contains(t, skipped["faq.csv"], "it is empty")

	// The id of a question does not depend on its place.
	one, _ := decode(t, "faq.csv", "question,answer\nQ1,A1\nQ2,A2\n")
	two, _ := decode(t, "faq.csv", "question,answer\nQ2,A2\nQ1,A1\n")
	assert.Equal(t, one[0].ID, two[1].ID)
}

func TestJSON(t *testing.T) {
	for name, content := range map[string]string{
		"list":     `[{"id":1,"question":"Q","answer":"A"}]`,
		"object":   `{"faqs":[{"id":"1","question":"Q","answer":"A"}],"next":null}`,
		"one":      `{"id":"1","question":"Q","answer":"A"}`,
		"lines":    "{\"id\":\"1\",\"question\":\"Q\",\"answer\":\"A\"}\n\n{\"id\":\"2\",\n",
		"document": `{"id":"1","title":"Q","text":"A"}`,
		"html":     `[{"id":1,"question":"Q","answer":"<p>A</p>"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			found, skipped := decode(t, "f.json", content)
			require.Len(t, found, 1)
			assert.Equal(t, "f.json#1", found[0].ID)
			assert.Equal(t, "Q", found[0].Title)
			assert.Equal(t, "A", found[0].Text)
			if name == "lines" {
				assert.Contains(t, skipped["f.json"], "line 3")
			}
		})
	}

	found, _ := decode(t, "f.json", `{"@context":"https://schema.org","@type":"FAQPage","mainEntity":{"@type":"Question","name":"Q","acceptedAnswer":{"text":"A"}}}`)
	require.Len(t, found, 1)
	assert.Equal(t, "Q", found[0].Title)

	found, _ = decode(t, "f.json", `[{"questions":["How do I pay?","Which cards?"],"answer":"By card."}]`)
	require.Len(t, found, 1)
	assert.Equal(t, "How do I pay?", found[0].Title)
	assert.Equal(t, "Which cards?\n\nBy card.", found[0].Text)

	found, skipped := decode(t, "f.jsonl", `{"id":"1","title":"T","text":"X","audience":["staff"],"tenant":"acme","labels":{"n":3},"valid_until":"2026-01-31","language":"de"}
{"id":"2","title":"T","text":"X","draft":true}
{"id":"3","title":"T","text":"X","audience":[]}
{"id":"4","title":"T","text":"X","valid_from":"soon"}
{"id":"5"}
[1]`)
	require.Len(t, found, 1)
	assert.Equal(t, []string{"staff"}, found[0].Audience)
	assert.Equal(t, "acme", found[0].Tenant)
	assert.Equal(t, map[string]string{"n": "3", "language": "de"}, found[0].Labels)
	assert.Equal(t, time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), found[0].ValidUntil)
	assert.Equal(t, "it is a draft", skipped["f.jsonl#2"])

	for content, reason := range map[string]string{
		`{`:   "it is neither JSON",
		`"x"`: "no object",
		``:    "it is empty",
		`{"id":1,"requester_id":2,"status":"open"}`: "it holds tickets",
	} {
		_, skipped := decode(t, "f.json", content)
		assert.Contains(t, skipped["f.json"], reason, content)
	}
}

func TestArticles(t *testing.T) {
	found, skipped := decode(t, "zendesk.json", `{"articles":[
{"id":1,"html_url":"https://shop.zendesk.example/1","title":"Fees","name":"Fees","body":"<h2>EU</h2><p>Free.</p><script>x()</script>","locale":"en-us","section_id":7,"draft":false,"user_segment_id":null,"label_names":["x"]},
{"id":2,"title":"Soon","body":"<p>x</p>","section_id":7,"draft":true,"user_segment_id":null},
{"id":3,"title":"Agents","body":"<p>Secret.</p>","section_id":7,"draft":false,"user_segment_id":42},
{"id":4,"title":"Empty","body":null,"section_id":7,"draft":false,"user_segment_id":null}],"next_page":null,"page":1,"count":4}`)
	require.Len(t, found, 2)
	assert.Equal(t, "## EU\n\nFree.", found[0].Text)
	assert.Equal(t, "https://shop.zendesk.example/1", found[0].URL)
	assert.Equal(t, "en-us", found[0].Labels["language"])
	assert.Empty(t, found[0].Audience)
	assert.Equal(t, []string{"segment-42"}, found[1].Audience)
	assert.Equal(t, "it is a draft", skipped["zendesk.json#2"])
	assert.Contains(t, skipped, "zendesk.json#4")

	found, skipped = decode(t, "intercom.json", `{"type":"list","data":[
{"type":"article","id":"1","title":"Fees","body":"<p>Free.</p>","state":"published","url":"https://intercom.example/1"},
{"type":"article","id":"2","title":"Fees","body":"<p>Free.</p>","state":"draft"},
{"type":"article","id":"3","title":"Fees","body":"<p>x</p>","body_markdown":"*Free.*","state":"published","audience_ids":[9]}],"pages":{},"total_count":3}`)
	require.Len(t, found, 2)
	assert.Equal(t, "Free.", found[0].Text)
	assert.Equal(t, "*Free.*", found[1].Text)
	assert.Equal(t, []string{"audience-9"}, found[1].Audience)
	assert.Equal(t, `its state is "draft"`, skipped["intercom.json#2"])
}
