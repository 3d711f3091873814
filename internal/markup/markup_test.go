package markup_test

import (
	"bufio"
	"encoding/json"
	stdhtml "html"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	renderer "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"

	"github.com/frontdesk-go/frontdesk/internal/markup"
	"github.com/frontdesk-go/frontdesk/internal/wire/leak"
)

var links, _ = markup.NewLinks("shop.example", "https://help.shop.example/x")

func texts(t testing.TB, name string) []string {
	t.Helper()
	file, err := os.Open("testdata/" + name)
	require.NoError(t, err)
	defer file.Close()
	var all []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var line struct{ Text string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &line))
		all = append(all, line.Text)
	}
	require.NoError(t, lines.Err())
	return all
}

// harmless are the elements that Markdown makes of plain text.
var harmless = []string{"html", "head", "body", "p", "br", "hr", "em", "strong", "del", "ul", "ol", "li", "code", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "a", "table", "thead", "tbody", "tr", "th", "td"}

var carelessLinks = regexp.MustCompile(`(?i)(?:https?|ftp|wss?):/{1,3}[^\s<>"')\]]+|\bwww\.[^\s<>"')\]]+`)

// faults are what independent readers make of a text that they should not: whatever
// renders it, with the care of none.
func faults(text string) []string {
	var found []string
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(renderer.WithUnsafe()))
	var rendered strings.Builder
	if err := markdown.Convert([]byte(text), &rendered); err != nil {
		return []string{err.Error()}
	}
	for _, page := range []string{text, stdhtml.UnescapeString(text), rendered.String()} {
		found = append(found, inPage(page)...)
	}
	for _, plain := range []string{text, stdhtml.UnescapeString(text), norm.NFKC.String(text)} {
		for _, address := range carelessLinks.FindAllString(plain, -1) {
			if !fine(strings.TrimRight(address, ".,;:!?*_`")) {
				found = append(found, "address "+address)
			}
		}
	}
	if strings.Contains(text, "{{") || strings.Contains(text, "${") || strings.Contains(text, "<%") {
		found = append(found, "a template")
	}
	return found
}

func inPage(page string) []string {
	var found []string
	document, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	for node := range document.Descendants() {
		switch node.Type {
		case html.ElementNode:
			if !slices.Contains(harmless, node.Data) {
				found = append(found, "element "+node.Data)
			}
			for _, attribute := range node.Attr {
				switch attribute.Key {
				case "rel", "start", "align", "class":
				case "href":
					if !fine(attribute.Val) {
						found = append(found, "link to "+attribute.Val)
					}
				default:
					found = append(found, "attribute "+attribute.Key)
				}
			}
		case html.CommentNode:
			found = append(found, "a comment")
		}
	}
	return found
}

// fine reports whether an address leads to an allowed host, or to nobody's.
func fine(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil {
		return false
	}
	if parsed.Scheme == "mailto" {
		return true
	}
	host := strings.ToLower(parsed.Hostname())
	return (parsed.Scheme == "https" || parsed.Scheme == "http") && parsed.User == nil && (host == "shop.example" || host == "help.shop.example")
}

func TestLinksToOthersAreDead(t *testing.T) {
	all := texts(t, "links.jsonl")
	require.GreaterOrEqual(t, len(all), 300)
	for _, text := range all {
		for name, shown := range map[string]string{"closed": closed(text), "plain": markup.Plain(text), "within": closed("See this: " + text + " Thanks.")} {
			assert.Empty(t, faults(shown), "%s of %q: %q", name, text, shown)
		}
		assert.Empty(t, inPage(markup.HTML(text, links)), "%q", text)
		assert.Equal(t, closed(text), closed(closed(text)), "%q", text)
	}
}

func closed(text string) string {
	closed, _ := markup.Close(text, links)
	return closed
}

func TestScriptsAreDead(t *testing.T) {
	all := texts(t, "scripts.jsonl")
	require.GreaterOrEqual(t, len(all), 100)
	for _, text := range all {
		for name, shown := range map[string]string{"closed": closed(text), "plain": markup.Plain(text)} {
			assert.Empty(t, faults(shown), "%s of %q: %q", name, text, shown)
		}
		assert.Empty(t, inPage(markup.HTML(text, links)), "%q", text)
	}
}

func TestHonestTextStays(t *testing.T) {
	all := texts(t, "benign.jsonl")
	require.GreaterOrEqual(t, len(all), 100)
	for _, text := range all {
		assert.Equal(t, text, closed(text))
		assert.Equal(t, text, markup.Untrusted(text))
	}
}

func TestDelimitersAreTakenApart(t *testing.T) {
	all := texts(t, "delimiters.jsonl")
	forged := regexp.MustCompile(`(?i)<[\s/|｜]*(?:passages|note|customer|conversation|data|earlier|system|assistant|tool|function|invoke|think|instructions|im_|start_|eot|channel|information)|\[/?inst\]|\[tool|<<sys|(?m:^\s*(?:### *)?(?:system|assistant|developer)\b[^\n]*:)`)
	for _, text := range all {
		shown := markup.Untrusted(text)
		read := shown
		for range 3 {
			if next, err := url.PathUnescape(read); err == nil {
				read = next
			}
			read = strings.NewReplacer(`\u003c`, "<", "‹", "<", "〈", "<", "\u200b", "").Replace(norm.NFKC.String(stdhtml.UnescapeString(read)))
		}
		assert.NotRegexp(t, forged, read, "%q", text)
		assert.Equal(t, shown, markup.Untrusted(shown), "%q", text)
		assert.Empty(t, leak.Parse(shown, nil).Calls)
	}
}

func fuzz(f *testing.F, check func(*testing.T, string)) {
	for _, name := range []string{"links.jsonl", "scripts.jsonl", "benign.jsonl", "delimiters.jsonl"} {
		for i, text := range texts(f, name) {
			if i%10 == 0 {
				f.Add(text)
			}
		}
	}
	f.Fuzz(check)
}

func FuzzClose(f *testing.F) {
	fuzz(f, func(t *testing.T, text string) {
		shown := closed(text)
		if found := faults(shown); len(found) > 0 {
			t.Errorf("%v in %q of %q", found, shown, text)
		}
	})
}

func FuzzHTML(f *testing.F) {
	fuzz(f, func(t *testing.T, text string) {
		if found := inPage(markup.HTML(text, links)); len(found) > 0 {
			t.Errorf("%v in %q", found, markup.HTML(text, links))
		}
	})
}

func FuzzPlain(f *testing.F) {
	fuzz(f, func(t *testing.T, text string) {
		if found := faults(markup.Plain(text)); len(found) > 0 {
			t.Errorf("%v in %q of %q", found, markup.Plain(text), text)
		}
	})
}

func FuzzUntrusted(f *testing.F) {
	fuzz(f, func(t *testing.T, text string) {
		once := markup.Untrusted(text)
		if again := markup.Untrusted(once); again != once {
			t.Errorf("%q becomes %q", once, again)
		}
	})
}

func BenchmarkClose(b *testing.B) {
	text := strings.Repeat("Your order ORD-9281 was delivered on Monday. You can return it in 14 days [1]. ", 6)
	b.ReportAllocs()
	for b.Loop() {
		markup.Close(text, links)
	}
}

func BenchmarkUntrusted(b *testing.B) {
	text := strings.Repeat("Your order ORD-9281 was delivered on Monday. You can return it in 14 days. ", 14)
	b.ReportAllocs()
	for b.Loop() {
		markup.Untrusted(text)
	}
}
