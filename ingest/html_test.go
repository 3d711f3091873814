package ingest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/ingest"
)

// decode returns the documents that the decoders make of a file.
func decode(t *testing.T, name, content string) ([]ingest.Document, map[string]string) {
	t.Helper()
	return documents(t, files(map[string]string{name: content}))
}

func TestHTMLKeepsTheContent(t *testing.T) {
	found, skipped := decode(t, "returns.html", `<!DOCTYPE html><html lang="en"><head><title>Returns | Lamp &amp; Linen</title>
<link rel="canonical" href="https://shop.example/help/returns"><script>var x = "tracking"</script><style>p { color: red }</style></head>
<body>
<div id="cookie-banner" class="x"><p>We use cookies.</p><button>Accept all</button></div>
<div class="notice-7"><p>Cookies make our site tasty. Agree?</p><button>OK</button></div>
<header><a href="/">Home</a></header><nav><ul><li>Shop</li></ul></nav>
<main>
  <nav class="breadcrumb">Home &gt; Help</nav>
  <h1>Returning an item</h1>
  <p>You have <b>30 days</b>. See the <a href="/help/fees">fees</a>. <img src="data:image/png;base64,AAAA" alt="A lamp in its box"></p>
  <h2>Fees</h2>
  <table><tr><th>Country</th><th>Fee</th></tr><tr><td rowspan="2">EU</td><td>free</td></tr><tr><td>2.00 for lamps</td></tr></table>
  <pre><code class="language-sh">curl https://shop.example</code></pre>
  <details><summary>Can I exchange it?</summary><p>Yes, within 30 days.</p></details>
  <ul><li>one<ul><li>two</li></ul></li></ul>
</main>
<aside>You may also like</aside><footer>Imprint</footer></body></html>`)
	require.Empty(t, skipped)
	require.Len(t, found, 1)
	doc := found[0]
	assert.Equal(t, "returns.html", doc.ID)
	assert.Equal(t, "Returning an item", doc.Title)
	assert.Equal(t, "https://shop.example/help/returns", doc.URL)
	assert.Equal(t, map[string]string{"language": "en"}, doc.Labels)
	for _, want := range []string{
		"You have **30 days**. See the [fees](https://shop.example/help/fees). A lamp in its box", "## Fees",
		"| Country | Fee |", "| EU | free |", "| EU | 2.00 for lamps |", "```sh\ncurl https://shop.example\n```",
		"**Can I exchange it?**\n\nYes, within 30 days.", "- one\n  \n  - two",
	} {
		assert.Contains(t, doc.Text, want)
	}
	for _, no := range []string{"cookie", "Cookie", "tracking", "color", "Home", "Shop", "also like", "Imprint", "base64"} {
		assert.NotContains(t, doc.Text, no)
	}
}

func TestHTMLWithoutMain(t *testing.T) {
	paragraph := "<p>" + strings.Repeat("A lamp that arrives broken is replaced, or its price is paid back. ", 8) + "</p>"
	found, _ := decode(t, "broken.html", `<html><head><title>Shop</title></head><body><div class="menu"><a href="a">Lamps</a> <a href="b">Linen</a></div>
<div class="page"><h1>Broken items</h1>`+paragraph+`<h2>What to send us</h2>`+paragraph+`<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table></div><footer>Imprint</footer></body></html>`)
	require.Len(t, found, 1)
	assert.Equal(t, "Broken items", found[0].Title)
	assert.Contains(t, found[0].Text, "## What to send us")
	assert.Contains(t, found[0].Text, "| 1 | 2 |")
	assert.NotContains(t, found[0].Text, "Imprint")
}

func TestHTMLFAQPage(t *testing.T) {
	found, skipped := decode(t, "faq.html", `<html lang="en"><head><title>FAQ</title>
<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":["WebPage","FAQPage"],"mainEntity":[
 {"@type":"Question","name":"How long does shipping take?","acceptedAnswer":{"@type":"Answer","text":"<p>Two to <b>four</b> days.</p>"}},
 {"@type":"Question","name":"Do you ship &amp; pack abroad?","acceptedAnswer":[{"@type":"Answer","text":"Yes."}]},
 {"@type":"Question","name":"No answer"}]}]}</script>
<script type="application/ld+json">{ broken</script>
</head><body><main><h1>FAQ</h1><h2>How long does shipping take?</h2><p>Two to <b>four</b> days.</p><h2>Parcel size</h2><p>At most 2 metres.</p></main></body></html>`)
	require.Empty(t, skipped)
	require.Len(t, found, 3)
	assert.Equal(t, "How long does shipping take?", found[0].Title)
	assert.Equal(t, "Two to **four** days.", found[0].Text)
	assert.True(t, strings.HasPrefix(found[0].ID, "faq.html#"))
	assert.Equal(t, "Do you ship & pack abroad?", found[1].Title)
	assert.Equal(t, "faq.html", found[2].ID)
	assert.Contains(t, found[2].Text, "At most 2 metres.")
	assert.NotContains(t, found[2].Text, "days")
}

func TestHTMLThatHoldsNothing(t *testing.T) {
	for name, c := range map[string]struct{ page, reason string }{
		"script only":  {`<html><body><div id="root"></div><script>render()</script><noscript>Enable JavaScript</noscript></body></html>`, "it has no text: if a script fills the page"},
		"empty":        {``, "it has no text"},
		"broken utf-8": {"<meta charset=utf-8><p>caf\xe9", "is not UTF-8"},
		"undeclared":   {"<p>caf\xe9", "is not UTF-8 and declares no other"},
		"binary":       {"<p>\x00\x00", "bytes that are zero"},
		"deep":         {strings.Repeat("<div>", 300) + "x", "nested deeper than 200"},
		"deeper":       {strings.Repeat("<div>", 100_000) + "x", "512"},
		"too many":     {strings.Repeat("<i>x</i>", 200_000), "more than 200000 elements"},
		"too long":     {strings.Repeat("x", 9<<20), "split it"},
	} {
		t.Run(name, func(t *testing.T) {
			found, skipped := decode(t, "p.html", c.page)
			assert.Empty(t, found)
			assert.Contains(t, skipped["p.html"], c.reason)
		})
	}
}

func TestHTMLInOtherEncodings(t *testing.T) {
	found, skipped := decode(t, "p.html", "<meta charset=iso-8859-1><main><h1>Caf\xe9</h1><p>Gr\xfc\xdfe</p></main>")
	require.Empty(t, skipped)
	assert.Equal(t, "Café", found[0].Title)
	assert.Contains(t, found[0].Text, "Grüße")
}
