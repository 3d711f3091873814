package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"codeberg.org/readeck/go-readability/v2"
	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/table"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// The bounds of an HTML page, which is parsed into a tree many times its size.
const (
	maxHTMLBytes    = 8 << 20
	maxHTMLElements = 200_000
	maxHTMLDepth    = 200
	maxHTMLRepeated = 10_000 // cells for which merged ones stand
	maxHTMLSpanning = 1000   // bytes of a merged cell that is repeated

	// Tags that are closed in the wrong order take time that grows with the square
	// of their number.
	maxHTMLTime = 10 * time.Second
)

// errNoText is the reason for pages that hold nothing to read.
var errNoText = errors.New("it has no text: if a script fills the page, export the page as it is shown")

// HTML is the [Decoder] of web pages. It takes what stands in <main>, or else the
// part that reads like an article, and leaves out navigation, cookie banners and
// the like. The title is that of the first <h1>, or of the page.
//
// Questions and answers that the page declares as a FAQPage of schema.org become
// a document each, and are left out of the page's own.
type HTML struct{}

// Decode implements [Decoder].
func (HTML) Decode(ctx context.Context, name string, data []byte) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		page, err := parseHTML(ctx, data)
		if err != nil {
			yield(Document{}, err)
			return
		}
		doc := Document{ID: name, URL: pageURL(page)}
		if language := attribute(find(page, atom.Html), "lang"); language != "" {
			doc.Labels = map[string]string{"language": language}
		}
		var questions []Document
		for _, script := range findAll(page, atom.Script) {
			if strings.EqualFold(strings.TrimSpace(attribute(script, "type")), "application/ld+json") {
				questions = append(questions, faqPage([]byte(textOf(script)), doc)...)
			}
		}
		doc.Title, doc.Text, err = mainContent(page, doc.URL)
		if err != nil {
			yield(Document{}, err)
			return
		}
		if doc.Title == "" {
			doc.Title = titleOfFile(name)
		}
		if len(questions) > 0 {
			doc.Text = withoutQuestions(doc.Text, questions)
		}
		for _, question := range questions {
			if !yield(question, nil) {
				return
			}
		}
		switch {
		case strings.TrimSpace(doc.Text) != "":
			yield(doc, nil)
		case len(questions) == 0:
			yield(Document{}, errNoText)
		}
	}
}

// parseHTML parses a page in the encoding it declares.
func parseHTML(ctx context.Context, data []byte) (*html.Node, error) {
	if len(data) > maxHTMLBytes {
		return nil, tooMuch("it has %d bytes of HTML, more than the %d that are read: split it", len(data), maxHTMLBytes)
	}
	encoding, name, _ := charset.DetermineEncoding(data, "text/html")
	declared := name != "windows-1252" || bytes.Contains(bytes.ToLower(data[:min(len(data), 2048)]), []byte("charset"))
	switch {
	case utf8.Valid(data):
	case name == "utf-8" || !declared:
		return nil, errors.New("it is not UTF-8 and declares no other encoding")
	default:
		decoded, err := encoding.NewDecoder().Bytes(data)
		if err != nil {
			return nil, fmt.Errorf("it is no %s, as which it is declared: %w", name, err)
		}
		data = decoded
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, errors.New("it holds bytes that are zero: it is no text")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, maxHTMLTime, tooMuch("its elements take longer than %v to put in order", maxHTMLTime))
	defer cancel()
	page, err := html.Parse(&timedReader{ctx, bytes.NewReader(data)})
	if err != nil {
		return nil, err
	}
	return page, boundHTML(page)
}

// timedReader ends with its context. What takes a parser long is not reading, but it
// does nothing without.
type timedReader struct {
	ctx context.Context
	io.Reader
}

func (r *timedReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}

// boundHTML refuses trees that would take long to walk, or too deep.
func boundHTML(page *html.Node) error {
	elements, depth := 0, 0
	for node := page; node != nil; {
		if elements++; elements > maxHTMLElements {
			return tooMuch("it has more than %d elements", maxHTMLElements)
		}
		if node.FirstChild != nil {
			if depth++; depth > maxHTMLDepth {
				return tooMuch("its elements are nested deeper than %d", maxHTMLDepth)
			}
			node = node.FirstChild
			continue
		}
		for node != nil && node.NextSibling == nil {
			depth--
			node = node.Parent
		}
		if node != nil {
			node = node.NextSibling
		}
	}
	return nil
}

// mainContent returns the title and the content of a page in Markdown.
func mainContent(page *html.Node, address string) (title, text string, err error) {
	title = oneLine(textOf(find(page, atom.Title)))
	body := find(page, atom.Body)
	if body == nil {
		return title, "", nil
	}
	content := contentElement(body)
	if content == nil {
		// Readability drops headings of the first level, so they are kept as
		// the title.
		if heading := find(body, atom.H1); heading != nil {
			title = oneLine(textOf(heading))
		}
		removeClutter(body)
		parsed, _ := url.Parse(address)
		parser := readability.NewParser()
		parser.MaxElemsToParse = maxHTMLElements
		parser.KeepClasses = true // the language of code is a class
		if article, err := parser.ParseDocument(page, parsed); err == nil && article.Node != nil &&
			2*len(textOf(article.Node)) > len(strings.TrimSpace(textOf(body))) {
			content = article.Node
		} else {
			content = body // what it threw away is more than what it kept
		}
	} else {
		removeClutter(content)
		if heading := find(content, atom.H1); heading != nil {
			title = oneLine(textOf(heading))
		}
	}
	text, err = markdownOf(content, address)
	return title, text, err
}

// contentElement returns the element that says it holds the page's content, or
// nil.
func contentElement(body *html.Node) *html.Node {
	if main := find(body, atom.Main); main != nil {
		return main
	}
	for node := range body.Descendants() {
		if attribute(node, "role") == "main" {
			return node
		}
	}
	if articles := findAll(body, atom.Article); len(articles) == 1 {
		return articles[0]
	}
	return nil
}

// clutter are the elements that hold no content.
var clutter = []atom.Atom{
	atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Nav, atom.Aside, atom.Footer, atom.Svg, atom.Iframe,
	atom.Button, atom.Input, atom.Select, atom.Textarea, atom.Dialog, atom.Object, atom.Embed, atom.Canvas, atom.Video, atom.Audio, atom.Link, atom.Meta,
}

// clutterRoles are the values of role that say the same of any element.
var clutterRoles = []string{"navigation", "dialog", "alertdialog", "banner", "contentinfo", "search", "complementary", "menu", "menubar", "toolbar"}

// consentNames match classes and ids of cookie banners: what the large consent
// managers use, and what people call their own.
var consentNames = regexp.MustCompile(`(?i)onetrust|cybotcookie|usercentrics|didomi|\bcmp[-_]|(?:cookie|consent|gdpr)s?[-_]?(?:banner|notice|bar|box|popup|pop-up|modal|law|message|overlay|alert|dialog|consent|wall|hint|info)|\b(?:breadcrumbs?|skip-link)\b`)

// removeClutter removes what is no content from below an element.
func removeClutter(root *html.Node) {
	var remove []*html.Node
	for node := range root.Descendants() {
		if node.Type == html.CommentNode || node.Type == html.ElementNode && isClutter(root, node) {
			remove = append(remove, node)
		}
	}
	for _, node := range remove {
		if node.Parent != nil {
			node.Parent.RemoveChild(node)
		}
	}
}

func isClutter(root, node *html.Node) bool {
	if slices.Contains(clutter, node.DataAtom) || slices.Contains(clutterRoles, attribute(node, "role")) {
		return true
	}
	if node.DataAtom == atom.Header {
		// A page's header, not an article's.
		return root.DataAtom == atom.Body && find(node, atom.H1) == nil
	}
	if consentNames.MatchString(attribute(node, "class")) || consentNames.MatchString(attribute(node, "id")) {
		return true
	}
	switch node.DataAtom {
	case atom.Div, atom.Section, atom.Form:
		// A few words about cookies and a button to agree.
		if find(node, atom.Button) == nil && find(node, atom.Input) == nil {
			return false
		}
		text := textOf(node)
		return len(text) < 800 && strings.Contains(strings.ToLower(text), "cookie")
	}
	return false
}

// markdownConverter turns elements into Markdown. The values of cells that span
// several rows are repeated in each, so that a row can be read by itself.
var markdownConverter = sync.OnceValue(func() *converter.Converter {
	return converter.NewConverter(converter.WithPlugins(
		base.NewBasePlugin(),
		commonmark.NewCommonmarkPlugin(),
		table.NewTablePlugin(
			table.WithHeaderPromotion(true),
			table.WithSpanCellBehavior(table.SpanBehaviorMirror),
			table.WithNewlineBehavior(table.NewlineBehaviorPreserve),
			table.WithCellPaddingBehavior(table.CellPaddingBehaviorMinimal),
		),
	))
})

// markdownOf returns an element's content in Markdown, with addresses made
// absolute. It changes the element.
func markdownOf(element *html.Node, address string) (string, error) {
	repeated := 0
	for _, node := range slices.Collect(element.Descendants()) {
		switch node.DataAtom {
		case atom.Td, atom.Th:
			if repeated += boundSpan(node); repeated > maxHTMLRepeated {
				return "", tooMuch("its merged cells stand for more than %d", maxHTMLRepeated)
			}
		case atom.Img: // what it shows, if somebody wrote it down
			node.Type, node.DataAtom, node.Data, node.Attr = html.TextNode, 0, attribute(node, "alt"), nil
		case atom.Summary, atom.Dt: // what opens, or is explained
			strong := &html.Node{Type: html.ElementNode, DataAtom: atom.Strong, Data: "strong"}
			for child := node.FirstChild; child != nil; child = node.FirstChild {
				node.RemoveChild(child)
				strong.AppendChild(child)
			}
			node.AppendChild(strong)
			node.DataAtom, node.Data = atom.P, "p"
		case atom.Dd, atom.Details:
			node.DataAtom, node.Data = atom.Div, "div"
		}
	}
	markdown, err := markdownConverter().ConvertNode(element, converter.WithDomain(address))
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(markdown)), nil
}

// boundSpan returns for how many cells one stands, each of which repeats its text. One
// with much text, or with a table of its own, stands for itself alone.
func boundSpan(cell *html.Node) int {
	columns, _ := strconv.Atoi(attribute(cell, "colspan"))
	rows, _ := strconv.Atoi(attribute(cell, "rowspan"))
	columns, rows = min(max(columns, 1), maxHTMLRepeated), min(max(rows, 1), maxHTMLRepeated)
	if columns*rows == 1 {
		return 0
	}
	size, nested := 0, false
	for node := range cell.Descendants() {
		size += len(node.Data)
		for _, attribute := range node.Attr {
			size += len(attribute.Val) // such as the address of a link
		}
		if nested = node.DataAtom == atom.Table; nested || size > maxHTMLSpanning {
			break
		}
	}
	if nested || size > maxHTMLSpanning {
		cell.Attr = slices.DeleteFunc(cell.Attr, func(a html.Attribute) bool { return a.Key == "colspan" || a.Key == "rowspan" })
		return 0
	}
	return columns*rows - 1
}

// htmlToMarkdown returns a part of a page, such as the body of an article or of
// a message, in Markdown.
func htmlToMarkdown(fragment, address string) (string, error) {
	page, err := parseHTML(context.Background(), []byte(fragment))
	if err != nil {
		return "", err
	}
	body := find(page, atom.Body)
	if body == nil {
		return "", nil
	}
	removeClutter(body)
	return markdownOf(body, address)
}

// pageURL returns where the page says it can be read.
func pageURL(page *html.Node) string {
	for _, link := range findAll(page, atom.Link) {
		if strings.EqualFold(attribute(link, "rel"), "canonical") {
			return webAddress(attribute(link, "href"))
		}
	}
	for _, meta := range findAll(page, atom.Meta) {
		if attribute(meta, "property") == "og:url" {
			return webAddress(attribute(meta, "content"))
		}
	}
	return ""
}

// webAddress returns an address if it is one that people can open: it will be
// shown to customers.
func webAddress(address string) string {
	parsed, err := url.Parse(strings.TrimSpace(address))
	if err != nil || parsed.Scheme != "" && parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.User != nil {
		return ""
	}
	return parsed.String()
}

func find(root *html.Node, name atom.Atom) *html.Node {
	if root == nil {
		return nil
	}
	for node := range root.Descendants() {
		if node.Type == html.ElementNode && node.DataAtom == name {
			return node
		}
	}
	return nil
}

func findAll(root *html.Node, name atom.Atom) []*html.Node {
	var found []*html.Node
	for node := range root.Descendants() {
		if node.Type == html.ElementNode && node.DataAtom == name {
			found = append(found, node)
		}
	}
	return found
}

func attribute(node *html.Node, name string) string {
	if node == nil {
		return ""
	}
	for _, attribute := range node.Attr {
		if attribute.Key == name {
			return attribute.Val
		}
	}
	return ""
}

func textOf(root *html.Node) string {
	if root == nil {
		return ""
	}
	var b strings.Builder
	for node := range root.Descendants() {
		if node.Type == html.TextNode {
			b.WriteString(node.Data)
		}
	}
	return b.String()
}
