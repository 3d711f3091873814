package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"
	"github.com/clipperhouse/uax29/v2/words"
	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/ingest/internal/wordpiece"
)

// DefaultMaxTokens is the most tokens of a passage with its title. The models
// that Oxlo hosts read 512, of which a mark for passages and the model's own
// marks take a few; and a passage should be about one thing.
const DefaultMaxTokens = 400

// Splitter cuts documents into passages. The zero value is ready to use. It is
// safe for concurrent use.
type Splitter struct {
	// MaxTokens is the most tokens of a passage, its title included. Zero
	// means [DefaultMaxTokens]; less than 32 means 32.
	MaxTokens int

	// Count returns the number of tokens of a text. Nil means [CountTokens].
	// It is no part of a document's version: give MaxTokens another value to
	// have everything cut anew by another Count.
	Count func(text string) int
}

// CountTokens returns how many tokens a text takes in the models that descend
// from BERT, such as BGE and E5, without the two that they put around it. It is
// exact for what BERT has pieces for; other words are counted as one token for
// each character, which is more than multilingual models take.
func CountTokens(text string) int { return wordpiece.Count(text) }

// titleJoint stands between a document's title and the headings in a passage's.
const titleJoint = " — "

// Split cuts a document of a source into passages, in the document's order.
//
// A passage never spans two sections. Its title is the document's with the
// headings that lead to it, so those headings are not repeated in its text. A
// section that is too long for one passage is cut between blocks (paragraphs,
// items of lists, tables, code) into about equal parts; a block that is too long
// by itself between the rows of a table, whose header is repeated, between lines
// of code, which get their fences back, or else between sentences, then words.
// All text of the document is in some passage, as it was written.
//
// The id of a passage is the document's and a hash of source, title and text:
// where neither changes, it stays. A passage that stands twice in a document is
// returned once.
func (s *Splitter) Split(source string, doc *Document) []frontdesk.Passage {
	c := cutter{
		limit:  s.MaxTokens,
		count:  s.Count,
		text:   []byte(doc.Text),
		source: doc.Text,
	}
	if c.limit == 0 {
		c.limit = DefaultMaxTokens
	}
	c.limit = max(c.limit, 32)
	if c.count == nil {
		c.count = CountTokens
	}
	var blocks []block
	if doc.Plain {
		blocks = plainBlocks(doc.Text)
	} else {
		blocks = markdownBlocks(c.text)
	}

	title := oneLine(doc.Title)
	var passages []frontdesk.Passage
	seen := make(map[string]bool)
	add := func(title, text string) {
		id := passageID(source, doc.ID, title, text)
		if seen[id] {
			return
		}
		seen[id] = true
		passages = append(passages, frontdesk.Passage{
			ID: id, Document: doc.ID, Title: title, URL: doc.URL, Text: text,
			Tenant: doc.Tenant, Audience: doc.Audience, Labels: doc.Labels,
			ValidFrom: doc.ValidFrom, ValidUntil: doc.ValidUntil, Untrusted: doc.Untrusted,
		})
	}

	var path []block // of headings that lead to the section
	for i := 0; i < len(blocks); {
		section := blocks[i:]
		if level := blocks[i].level; level > 0 {
			path = slices.DeleteFunc(path, func(heading block) bool { return heading.level >= level })
			if title == "" {
				title = blocks[i].heading
			}
			path = append(path, blocks[i])
			section = section[1:]
			if len(section) > 0 && section[0].level > level {
				if _, whole := c.title(title, path); whole {
					i++
					continue // its words are in the titles of the sections below it
				}
			}
		}
		if end := slices.IndexFunc(section, func(b block) bool { return b.level > 0 }); end >= 0 {
			section = section[:end]
		}
		next := i + len(section)
		if blocks[i].level > 0 {
			next++
		}
		full, whole := c.title(title, path)
		if len(section) == 0 || !whole {
			section = blocks[i:next] // the heading's words would be lost
		}
		for _, text := range c.section(section, c.limit-c.count(full)) {
			add(full, text)
		}
		i = next
	}
	return passages
}

func passageID(source, document, title, text string) string {
	digest := sha256.New()
	for _, part := range []string{source, document, title, text} {
		digest.Write([]byte(part))
		digest.Write([]byte{0})
	}
	return document + "#" + hex.EncodeToString(digest.Sum(nil)[:8])
}

// oneLine returns a title of what may hold anything: in one line, without characters
// that nobody sees and that hide or reorder others. The joiners stay, which Persian
// and emoji need.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsSpace(r) && r != '\u200c' && r != '\u200d' && unicode.In(r, unicode.Cc, unicode.Cf) {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// cutter cuts one document.
type cutter struct {
	text   []byte
	source string // the same
	limit  int
	count  func(string) int
}

// title returns the title of the passages below a path of headings, and whether
// it holds all of them: a title takes at most a third of a passage.
func (c *cutter) title(document string, path []block) (title string, whole bool) {
	parts := []string{document}
	for _, heading := range path {
		if heading.heading != "" && !strings.EqualFold(heading.heading, document) {
			parts = append(parts, heading.heading)
		}
	}
	title = strings.TrimPrefix(strings.Join(parts, titleJoint), titleJoint)
	most := c.limit / 3
	if c.count(title) <= most {
		return title, true
	}
	// The beginning of the document's title and the end of the path say most.
	last := parts[len(parts)-1]
	if len(parts) == 1 {
		return c.beginning(document, most), false
	}
	return c.beginning(document, most/2) + titleJoint + c.beginning(last, most/2-2), false
}

// beginning returns as many words of a line as fit, with an ellipsis.
func (c *cutter) beginning(line string, limit int) string {
	if c.count(line) <= limit {
		return line
	}
	end, used := 0, 1
	for tokens := words.FromString(line); tokens.Next(); {
		if used += c.count(tokens.Value()); used > limit {
			break
		}
		end = tokens.End()
	}
	return strings.TrimRightFunc(line[:end], unicode.IsSpace) + "…"
}

// piece is a part of the text that is not cut further.
type piece struct {
	start, end int
	tokens     int

	// Where a table or code is cut, before is put in front of the piece if it
	// is the first of its passage, and after behind it if it is the last.
	before, after string
}

// section returns the texts of the passages of a section.
func (c *cutter) section(blocks []block, limit int) []string {
	if len(blocks) == 0 {
		return nil
	}
	whole := piece{start: blocks[0].start, end: blocks[len(blocks)-1].end}
	whole.tokens = c.tokens(whole.start, whole.end)
	if whole.tokens <= limit {
		if text := c.render([]piece{whole}); text != "" {
			return []string{text}
		}
		return nil
	}
	var pieces []piece
	for _, b := range blocks {
		pieces = c.cut(pieces, b, limit, 0)
	}
	var texts []string
	for _, group := range pack(pieces, limit) {
		texts = c.check(texts, group, limit)
	}
	return texts
}

// pack puts pieces together to as few groups as possible, about equal in size.
func pack(pieces []piece, limit int) [][]piece {
	total := 0
	for _, p := range pieces {
		total += p.tokens
	}
	target := total/((total+limit-1)/limit) + 1
	var groups [][]piece
	start, size := 0, 0
	for i, p := range pieces {
		cost := p.tokens
		if i == start {
			cost += len(p.before) / 2 // corrected by check
		}
		if i > start && (size+p.tokens > limit || size >= target) {
			groups = append(groups, pieces[start:i])
			start, size = i, 0
		}
		size += cost
	}
	return append(groups, pieces[start:])
}

// check renders a group, in two if it turns out to be too long after all:
// because of what stands around it, or because the parts of a word count for
// less than the word.
func (c *cutter) check(texts []string, group []piece, limit int) []string {
	text := c.render(group)
	if text == "" {
		return texts
	}
	if len(group) > 1 && c.count(text) > limit {
		half := len(group) / 2
		return c.check(c.check(texts, group[:half], limit), group[half:], limit)
	}
	return append(texts, text)
}

func (c *cutter) render(group []piece) string {
	first, last := group[0], group[len(group)-1]
	text := c.text[first.start:last.end]
	if first.before == "" && last.after == "" {
		return trimBlankLines(text)
	}
	return first.before + trimBlankLines(text) + last.after
}

// trimBlankLines keeps the indentation of the first line, which can have a
// meaning.
func trimBlankLines(text []byte) string {
	text = bytes.TrimRightFunc(text, unicode.IsSpace)
	for {
		end := bytes.IndexByte(text, '\n')
		if end < 0 || len(bytes.TrimSpace(text[:end])) > 0 {
			return string(text)
		}
		text = text[end+1:]
	}
}

func (c *cutter) tokens(start, end int) int { return c.count(c.source[start:end]) }

// maxNesting is how deep quotations and lists are looked into.
const maxNesting = 16

// cut appends the pieces of a block. An item of a list is a piece even if the
// list would be one.
func (c *cutter) cut(pieces []piece, b block, limit, depth int) []piece {
	tokens := c.tokens(b.start, b.end)
	list := false
	if b.node != nil {
		_, list = b.node.(*ast.List)
	}
	if tokens <= limit && !list {
		return append(pieces, piece{start: b.start, end: b.end, tokens: tokens})
	}
	for ; b.node != nil && depth < maxNesting; depth++ {
		switch node := b.node.(type) {
		case *extast.Table:
			if cut, ok := c.table(pieces, b, node, limit); ok {
				return cut
			}
		case *ast.FencedCodeBlock:
			if cut, ok := c.code(pieces, b, node, limit); ok {
				return cut
			}
		}
		if inner := children(c.text, b); len(inner) > 1 {
			for _, child := range inner {
				pieces = c.cut(pieces, child, limit, depth+1)
			}
			return pieces
		}
		b.node = b.node.FirstChild()
		if b.node != nil && b.node.Type() != ast.TypeBlock {
			break
		}
	}
	if tokens <= limit {
		return append(pieces, piece{start: b.start, end: b.end, tokens: tokens})
	}
	return c.sentences(pieces, piece{start: b.start, end: b.end}, limit)
}

// table cuts between rows. It reports false if the header is so long that it
// cannot be repeated.
func (c *cutter) table(pieces []piece, b block, table *extast.Table, limit int) ([]piece, bool) {
	starts := tableRows(c.text, table)
	if len(starts) == 0 {
		return nil, false
	}
	header := trimBlankLines(c.text[b.start:starts[0]]) + "\n"
	room := limit - c.count(header)
	if room < limit/2 {
		return nil, false
	}
	first := len(pieces)
	for i, start := range starts {
		row := piece{start: start, end: b.end, before: header}
		if i+1 < len(starts) {
			row.end = starts[i+1]
		}
		if row.tokens = c.tokens(row.start, row.end); row.tokens > room {
			pieces = c.sentences(pieces, row, room)
		} else {
			pieces = append(pieces, row)
		}
	}
	// The header itself goes with the first row.
	pieces[first].start, pieces[first].before = b.start, ""
	pieces[first].tokens += limit - room
	return pieces, true
}

// code cuts between lines.
func (c *cutter) code(pieces []piece, b block, code *ast.FencedCodeBlock, limit int) ([]piece, bool) {
	lines := code.Lines()
	if lines.Len() == 0 {
		return nil, false
	}
	from := lineStart(c.text, lines.At(0).Start)
	if from < b.start {
		return nil, false
	}
	opening := trimBlankLines(c.text[b.start:from])
	marks := strings.TrimLeft(opening, " \t")
	fence := marks[:len(marks)-len(strings.TrimLeft(marks, "`~"))]
	before, after := opening+"\n", "\n"+fence
	room := limit - c.count(before+after)
	if fence == "" || room < limit/2 {
		return nil, false
	}
	first := len(pieces)
	for i := range lines.Len() {
		line := piece{start: from, end: lines.At(i).Stop, before: before, after: after}
		from = line.end
		if line.tokens = c.tokens(line.start, line.end); line.tokens > room {
			pieces = c.sentences(pieces, line, room)
		} else {
			pieces = append(pieces, line)
		}
	}
	pieces[first].start, pieces[first].before = b.start, ""
	pieces[first].tokens += limit - room
	pieces[len(pieces)-1].end, pieces[len(pieces)-1].after = b.end, ""
	return pieces, true
}

// sentences cuts a piece between sentences, those that are too long between
// words, and words that are too long between characters.
func (c *cutter) sentences(pieces []piece, of piece, limit int) []piece {
	// The end of a line ends no sentence: many editors break lines at a width.
	text := bytes.ReplaceAll(c.text[of.start:of.end], []byte("\n"), []byte(" "))
	for tokens := sentences.FromBytes(text); tokens.Next(); {
		sentence := of
		sentence.start, sentence.end = of.start+tokens.Start(), of.start+tokens.End()
		if sentence.tokens = c.tokens(sentence.start, sentence.end); sentence.tokens <= limit {
			pieces = append(pieces, sentence)
			continue
		}
		for tokens := words.FromBytes(c.text[sentence.start:sentence.end]); tokens.Next(); {
			word := sentence
			word.start, word.end = sentence.start+tokens.Start(), sentence.start+tokens.End()
			if word.tokens = c.tokens(word.start, word.end); word.tokens <= limit {
				pieces = append(pieces, word)
				continue
			}
			pieces = c.characters(pieces, word, limit)
		}
	}
	return pieces
}

// characters cuts a piece after every few characters.
func (c *cutter) characters(pieces []piece, of piece, limit int) []piece {
	most := max(limit/8, 1) // characters; a token has seldom more bytes than it has
	for start := of.start; start < of.end; {
		part := of
		part.start, part.end = start, start
		for n := 0; n < most && part.end < of.end; n++ {
			_, size := utf8.DecodeRune(c.text[part.end:of.end])
			part.end += size
		}
		part.tokens = c.tokens(part.start, part.end)
		pieces = append(pieces, part)
		start = part.end
	}
	return pieces
}
