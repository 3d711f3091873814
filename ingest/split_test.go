package ingest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/ingest"
	"github.com/frontdesk-go/frontdesk/ingest/internal/wordpiece"
)

func TestSplitAlongHeadings(t *testing.T) {
	doc := ingest.Document{ID: "r.md", Title: "Returns", URL: "https://shop.example/r", Text: `Intro.

# Returns

You have 30 days.

## How to **send** it [back](x.html) {#back}

Print the label.

### Abroad

Ask us.

## Nothing yet

## Refunds

- one
- two
`}
	var got []string
	for _, p := range new(ingest.Splitter).Split("help", &doc) {
		assert.Equal(t, "https://shop.example/r", p.URL)
		assert.True(t, strings.HasPrefix(p.ID, "r.md#"))
		got = append(got, p.Title+" | "+p.Text)
	}
	assert.Equal(t, []string{
		"Returns | Intro.",
		"Returns | You have 30 days.",
		"Returns — How to send it back | Print the label.",
		"Returns — How to send it back — Abroad | Ask us.",
		"Returns — Nothing yet | ## Nothing yet",
		"Returns — Refunds | - one\n- two",
	}, got)
}

func TestSplitLongTables(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Fees\n\nBefore.\n\n| Account | Fee |\n| --- | --- |\n")
	for i := range 200 {
		fmt.Fprintf(&b, "| Account number %d | %d.00 EUR each month |\n", i, i)
	}
	b.WriteString("\nAfter.\n")
	passages := new(ingest.Splitter).Split("help", &ingest.Document{ID: "fees", Text: b.String()})
	require.Greater(t, len(passages), 4)
	rows := 0
	for i, p := range passages {
		assert.LessOrEqual(t, wordpiece.Count(p.Title+" "+p.Text), ingest.DefaultMaxTokens)
		assert.Equal(t, 1, strings.Count(p.Text, "| Account | Fee |\n| --- | --- |\n"), "passage %d", i)
		rows += strings.Count(p.Text, "| Account number ")
	}
	assert.Equal(t, 200, rows)
	assert.True(t, strings.HasPrefix(passages[0].Text, "Before."))
	assert.True(t, strings.HasSuffix(passages[len(passages)-1].Text, "After."))
}

func TestSplitLongCode(t *testing.T) {
	var b strings.Builder
	b.WriteString("```go title=\"main.go\"\n")
	for i := range 200 {
		fmt.Fprintf(&b, "	fmt.Println(\"line %d\")\n", i)
	}
	b.WriteString("```\n")
	passages := new(ingest.Splitter).Split("help", &ingest.Document{ID: "code", Title: "Code", Text: b.String()})
	require.Greater(t, len(passages), 4)
	for i, p := range passages {
		assert.LessOrEqual(t, wordpiece.Count(p.Title+" "+p.Text), ingest.DefaultMaxTokens)
		assert.True(t, strings.HasPrefix(p.Text, "```go title=\"main.go\"\n\tfmt"), "passage %d: %q", i, p.Text)
		assert.True(t, strings.HasSuffix(p.Text, ")\n```"), "passage %d: %q", i, p.Text)
	}
}

func TestSplitScriptsWithoutSpaces(t *testing.T) {
	for name, sentence := range map[string]string{
		"Chinese":  "包裹送到的时候就已经损坏了，希望退货的运费由你们承担。",
		"Japanese": "商品到着後十四日以内に限り承っております。",
		"Thai":     "สวัสดีค่ะเมื่อวานได้รับสินค้าแล้วแต่โคมไฟแตกและไม่มีอะแดปเตอร์ในกล่อง",
		"Khmer":    "សូមស្វាគមន៍មកកាន់ហាងរបស់យើង។",
		"Hindi":    "वापसी का खर्च आपको देना चाहिए क्योंकि पैकेट पहले से खराब था।",
		"Korean":   "배송될 때 이미 상자가 파손되어 있었으니 반품 비용은 부담해 주시기 바랍니다.",
		"base64":   "TWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsuTWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsu",
	} {
		t.Run(name, func(t *testing.T) {
			var text, got strings.Builder
			for i := range 100 {
				fmt.Fprintf(&text, "%s%d", sentence, i)
			}
			passages := new(ingest.Splitter).Split("help", &ingest.Document{ID: "x", Title: "T", Text: text.String()})
			require.Greater(t, len(passages), 1)
			for _, p := range passages {
				assert.LessOrEqual(t, wordpiece.Count(p.Title+" "+p.Text), ingest.DefaultMaxTokens)
				got.WriteString(strings.ReplaceAll(p.Text, " ", ""))
			}
			assert.Equal(t, strings.ReplaceAll(text.String(), " ", ""), got.String(), "nothing is lost, and nothing comes twice")
		})
	}
}

func TestPassageIDs(t *testing.T) {
	split := func(text string) map[string]string {
		ids := make(map[string]string)
		for _, p := range new(ingest.Splitter).Split("help", &ingest.Document{ID: "a.md", Title: "A", Text: text}) {
			ids[p.Text] = p.ID
		}
		return ids
	}
	before, after := split("## X\n\none\n\n## Y\n\ntwo\n"), split("## New\n\nnone\n\n## X\n\none\n\n## Y\n\ntwo, too\n")
	assert.Equal(t, before["one"], after["one"], "what did not change keeps its id")
	assert.NotEqual(t, before["two"], after["two, too"])
}
