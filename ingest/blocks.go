package ingest

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// blockParser finds the blocks of Markdown and of GitHub's tables. It does not
// look at what stands within a line, nor for the definitions of links, since
// passages keep their Markdown.
var blockParser = parser.NewParser(
	parser.WithBlockParsers(parser.DefaultBlockParsers()...),
	parser.WithParagraphTransformers(util.Prioritized(extension.NewTableParagraphTransformer(), 200)),
)

// The bounds of a line beyond which a text is taken as plain: each row of a table
// has all columns of its header, and what is nested takes a pass for each level.
const (
	maxColumns = 200
	maxMarks   = 64
)

// isTame reports whether a text can be parsed in a time about linear in its
// length.
func isTame(source []byte) bool {
	for line := range bytes.Lines(source) {
		if len(line) > maxMarks && (bytes.Count(line, []byte("|")) > maxColumns || marks(line) > maxMarks) {
			return false
		}
	}
	return true
}

// marks counts the marks of quotations and lists that a line begins with.
func marks(line []byte) int {
	count := 0
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '>', (c == '-' || c == '+' || c == '*' || c == '.' || c == ')') && i+1 < len(line) && line[i+1] == ' ':
			count++
		case c == ' ', c == '\t', '0' <= c && c <= '9':
		default:
			return count
		}
	}
	return count
}

// block is a paragraph, a list, a table and so on: a slice of the source from
// the beginning of its first line to the beginning of the next block, so that
// the blocks of a text cover all of it.
type block struct {
	start, end int
	node       ast.Node // nil in plain text
	level      int      // of a heading, else 0
	heading    string   // its words
}

// markdownBlocks returns the blocks on the top level.
func markdownBlocks(source []byte) []block {
	if !isTame(source) {
		return plainBlocks(string(source))
	}
	document := blockParser.Parse(text.NewReader(source))
	blocks := children(source, block{start: 0, end: len(source), node: document})
	for i := range blocks {
		if heading, ok := blocks[i].node.(*ast.Heading); ok {
			blocks[i].level = heading.Level
			blocks[i].heading = headingWords(string(heading.Lines().Value(source)))
		}
	}
	return blocks
}

// children returns the blocks within a block, or none if there are fewer than
// two.
func children(source []byte, parent block) []block {
	var blocks []block
	for node := parent.node.FirstChild(); node != nil; node = node.NextSibling() {
		if node.Type() == ast.TypeInline {
			return nil
		}
		start := parent.start
		if len(blocks) > 0 {
			start = lineStart(source, node.Pos())
			if start <= blocks[len(blocks)-1].start {
				continue // it has no place of its own: it goes with the block before
			}
			blocks[len(blocks)-1].end = start
		}
		blocks = append(blocks, block{start: start, end: parent.end, node: node})
	}
	return blocks
}

func lineStart(source []byte, position int) int {
	for position > 0 && source[position-1] != '\n' {
		position--
	}
	return position
}

// plainBlocks returns the paragraphs of a text without markup: what stands
// between blank lines.
func plainBlocks(source string) []block {
	var blocks []block
	start, blank := 0, false
	for position := 0; position < len(source); {
		end := len(source)
		if i := strings.IndexByte(source[position:], '\n'); i >= 0 {
			end = position + i + 1
		}
		line := strings.TrimSpace(source[position:end])
		if line != "" && blank && position > start {
			blocks = append(blocks, block{start: start, end: position})
			start = position
		}
		blank = line == ""
		position = end
	}
	return append(blocks, block{start: start, end: len(source)})
}

// The inline markup that headings have: the rest is left as it is.
var (
	headingLink   = regexp.MustCompile(`!?\[([^\[\]]*)\]\([^()]*\)`)
	headingID     = regexp.MustCompile(`\s*\{#[^{}]*\}\s*$`)
	headingMarkup = strings.NewReplacer("**", "", "__", "", "`", "", `\`, "")
)

// headingWords returns the text of a heading without its markup.
func headingWords(line string) string {
	line = strings.TrimRight(strings.TrimSpace(line), "# ")
	if strings.Contains(line, "{#") {
		line = headingID.ReplaceAllString(line, "")
	}
	if strings.Contains(line, "](") {
		line = headingLink.ReplaceAllString(line, "$1")
	}
	return strings.Join(strings.Fields(headingMarkup.Replace(line)), " ")
}

// tableRows returns the beginnings of a table's rows, and where its header ends:
// the first row belongs to the first piece of the table.
func tableRows(source []byte, table *extast.Table) []int {
	var starts []int
	for row := table.FirstChild(); row != nil; row = row.NextSibling() {
		if row.Kind() == extast.KindTableRow {
			starts = append(starts, lineStart(source, row.Pos()))
		}
	}
	return starts
}
