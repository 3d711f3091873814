package ingest

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strconv"
	"strings"
)

// The bounds of a Word document. Text compresses by about ten to one.
const (
	maxDOCXBytes   = 64 << 20 // of one part, unpacked
	maxDOCXRatio   = 300      // of unpacked to packed, beyond a megabyte
	maxDOCXDepth   = 128
	maxDOCXColumns = 64
	maxDOCXEntries = 10_000
	maxDOCXText    = 32 << 20 // of what is repeated: merged cells, footnotes, addresses
)

// DOCX is the [Decoder] of Word documents (ISO/IEC 29500). It reads headings,
// paragraphs, lists, tables, links and footnotes as Markdown. What was deleted
// while changes were tracked, hidden text, comments, headers and footers are
// left out.
type DOCX struct{}

// Decode implements [Decoder].
func (DOCX) Decode(_ context.Context, name string, data []byte) iter.Seq2[Document, error] {
	return one(readDOCX(name, data))
}

func readDOCX(name string, data []byte) (Document, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return Document{}, fmt.Errorf("it is no Word document: %w", err)
	}
	if len(archive.File) > maxDOCXEntries {
		return Document{}, tooMuch("it has %d parts, more than the %d that are read", len(archive.File), maxDOCXEntries)
	}
	d := docx{archive: archive, headings: make(map[string]int), ordered: make(map[[2]string]bool), links: make(map[string]string), notes: make(map[string]string)}
	for _, part := range []struct {
		name string
		read func(*xml.Decoder) error
	}{
		{"word/styles.xml", d.styles},
		{"word/numbering.xml", d.numbering},
		{"word/_rels/document.xml.rels", d.relations},
		{"word/footnotes.xml", d.footnotes},
		{"word/endnotes.xml", d.footnotes},
		{"docProps/core.xml", d.properties},
	} {
		if err := d.part(part.name, part.read); err != nil && !errors.Is(err, errNoPart) {
			return Document{}, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	var blocks []string
	err = d.part("word/document.xml", func(decoder *xml.Decoder) error {
		for {
			token, err := decoder.Token()
			if err != nil {
				return err
			}
			if start, ok := token.(xml.StartElement); ok && start.Name.Local == "body" {
				blocks, err = d.blocks(decoder, 0)
				return err
			}
		}
	})
	if err != nil {
		return Document{}, fmt.Errorf("word/document.xml: %w", err)
	}
	doc := Document{ID: name, Title: oneLine(d.title), Text: joinBlocks(blocks)}
	if strings.TrimSpace(doc.Text) == "" {
		return Document{}, errors.New("it has no text")
	}
	if doc.Title == "" {
		doc.Title = firstHeading(doc.Text)
	}
	if doc.Title == "" {
		doc.Title = titleOfFile(name)
	}
	return doc, nil
}

// joinBlocks puts blocks together, those of a list without blank lines.
func joinBlocks(blocks []string) string {
	var b strings.Builder
	item := false
	for i, block := range blocks {
		isItem := docxItem.MatchString(block)
		switch {
		case i == 0:
		case item && isItem:
			b.WriteString("\n")
		default:
			b.WriteString("\n\n")
		}
		b.WriteString(block)
		item = isItem
	}
	return b.String()
}

var docxItem = regexp.MustCompile(`^ *(?:-|1\.) `)

var errNoPart = errors.New("the document does not have this part")

// docx reads one document.
type docx struct {
	archive  *zip.Reader
	headings map[string]int     // levels by style, 0 for a title
	ordered  map[[2]string]bool // by numbering and level
	links    map[string]string  // addresses by relation
	notes    map[string]string  // footnotes by id
	title    string

	span   int  // columns of the cell that was read last
	merged bool // whether it goes on with the one above

	repeated int // bytes of text that stand once in the file and more often in what is read
}

// repeat counts what is repeated, so that no small file becomes a huge text.
func (d *docx) repeat(bytes int) error {
	if d.repeated += bytes; d.repeated > maxDOCXText {
		return tooMuch("its merged cells, footnotes and links grow to more than %d bytes", maxDOCXText)
	}
	return nil
}

// part reads a part of the archive within the bounds.
func (d *docx) part(name string, read func(*xml.Decoder) error) error {
	for _, file := range d.archive.File {
		if file.Name != name {
			continue
		}
		most := uint64(maxDOCXBytes)
		most = min(most, max(1<<20, file.CompressedSize64*maxDOCXRatio))
		if file.UncompressedSize64 > most {
			return tooMuch("%d bytes unpack to %d, more than are read", file.CompressedSize64, file.UncompressedSize64)
		}
		content, err := file.Open()
		if err != nil {
			return err
		}
		defer content.Close()
		bounded := &io.LimitedReader{R: content, N: int64(most) + 1}
		decoder := xml.NewDecoder(bounded)
		decoder.Entity = map[string]string{}
		err = read(decoder)
		if bounded.N <= 0 {
			return tooMuch("it unpacks to more than %d bytes", most)
		}
		if errors.Is(err, io.EOF) {
			err = errors.New("it ends too early")
		}
		return err
	}
	return errNoPart
}

// each calls visit for each element until the end of the part.
func each(decoder *xml.Decoder, visit func(xml.StartElement)) error {
	for depth := 0; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth > maxDOCXDepth {
				return tooMuch("its elements are nested deeper than %d", maxDOCXDepth)
			}
			visit(token)
		case xml.EndElement:
			depth--
		}
	}
}

func attr(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

var headingStyle = regexp.MustCompile(`(?i)^heading ?([1-9])$`)

// styles finds the styles of headings: by their names, which are English in all
// languages, or by their outline level.
func (d *docx) styles(decoder *xml.Decoder) error {
	style := ""
	return each(decoder, func(element xml.StartElement) {
		switch element.Name.Local {
		case "style":
			style = attr(element, "styleId")
		case "name":
			name := attr(element, "val")
			if found := headingStyle.FindStringSubmatch(name); found != nil {
				d.headings[style], _ = strconv.Atoi(found[1])
			} else if strings.EqualFold(name, "title") {
				d.headings[style] = 0
			}
		case "outlineLvl":
			if level, err := strconv.Atoi(attr(element, "val")); err == nil && level >= 0 && level < 9 && style != "" {
				if _, known := d.headings[style]; !known {
					d.headings[style] = level + 1
				}
			}
		}
	})
}

// numbering finds which lists are numbered.
func (d *docx) numbering(decoder *xml.Decoder) error {
	abstract := make(map[[2]string]bool)
	scheme, level, number := "", "", ""
	return each(decoder, func(element xml.StartElement) {
		switch element.Name.Local {
		case "abstractNum":
			scheme, number = attr(element, "abstractNumId"), ""
		case "lvl":
			level = attr(element, "ilvl")
		case "numFmt":
			if format := attr(element, "val"); number == "" && format != "bullet" && format != "none" {
				abstract[[2]string{scheme, level}] = true
			}
		case "num":
			number = attr(element, "numId")
		case "abstractNumId":
			for i := range 9 {
				level := strconv.Itoa(i)
				if abstract[[2]string{attr(element, "val"), level}] {
					d.ordered[[2]string{number, level}] = true
				}
			}
		}
	})
}

func (d *docx) relations(decoder *xml.Decoder) error {
	return each(decoder, func(element xml.StartElement) {
		if strings.HasSuffix(attr(element, "Type"), "/hyperlink") {
			d.links[attr(element, "Id")] = webAddress(attr(element, "Target"))
		}
	})
}

func (d *docx) properties(decoder *xml.Decoder) error {
	for depth := 0; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth > maxDOCXDepth {
				return tooMuch("its elements are nested deeper than %d", maxDOCXDepth)
			}
			if token.Name.Local == "title" {
				var text string
				if err := decoder.DecodeElement(&text, &token); err != nil {
					return err
				}
				d.title, depth = text, depth-1
			}
		case xml.EndElement:
			depth--
		}
	}
}

func (d *docx) footnotes(decoder *xml.Decoder) error {
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "footnote" && start.Name.Local != "endnote" {
			continue
		}
		blocks, err := d.blocks(decoder, 0)
		if err != nil {
			return err
		}
		d.notes[start.Name.Local+attr(start, "id")] = oneLine(strings.Join(blocks, " "))
	}
}

// blocks reads paragraphs and tables up to the end of the element that holds
// them.
func (d *docx) blocks(decoder *xml.Decoder, depth int) ([]string, error) {
	if depth > maxDOCXDepth {
		return nil, tooMuch("its elements are nested deeper than %d", maxDOCXDepth)
	}
	var blocks []string
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.EndElement:
			return blocks, nil
		case xml.StartElement:
			var more []string
			switch token.Name.Local {
			case "p":
				var p paragraph
				if err = d.paragraph(decoder, &p, depth+1); err == nil {
					more = p.blocks(d)
				}
			case "tbl":
				more, err = d.table(decoder, depth+1)
			case "Fallback", "sectPr", "sdtPr", "del", "moveFrom":
				err = decoder.Skip()
			case "gridSpan":
				d.span, _ = strconv.Atoi(attr(token, "val"))
				err = decoder.Skip()
			case "vMerge":
				d.merged = attr(token, "val") != "restart"
				err = decoder.Skip()
			default:
				more, err = d.blocks(decoder, depth+1)
			}
			if err != nil {
				return nil, err
			}
			blocks = append(blocks, more...)
		}
	}
}

// paragraph is one as it is read.
type paragraph struct {
	text   strings.Builder
	style  string
	list   string // its numbering
	level  string
	hidden bool     // the text that follows in the run
	boxes  []string // blocks of text boxes anchored in it
}

// paragraph reads up to the end of a paragraph, or of an element in it.
func (d *docx) paragraph(decoder *xml.Decoder, p *paragraph, depth int) error {
	if depth > maxDOCXDepth {
		return tooMuch("its elements are nested deeper than %d", maxDOCXDepth)
	}
	for {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			if _, ok := token.(xml.EndElement); ok {
				return nil
			}
			continue
		}
		switch start.Name.Local {
		case "t":
			var text string
			if err = decoder.DecodeElement(&text, &start); err == nil && !p.hidden {
				p.text.WriteString(text)
			}
			if err != nil {
				return err
			}
			continue
		case "tab":
			p.text.WriteString("\t")
		case "br", "cr":
			p.text.WriteString("\n")
		case "noBreakHyphen":
			p.text.WriteString("-")
		case "pStyle":
			p.style = attr(start, "val")
		case "numId":
			p.list = attr(start, "val")
		case "ilvl":
			p.level = attr(start, "val")
		case "vanish":
			p.hidden = attr(start, "val") != "0" && attr(start, "val") != "false"
		case "r":
			p.hidden = false
		case "footnoteReference", "endnoteReference":
			kind := strings.TrimSuffix(start.Name.Local, "Reference")
			if note := d.notes[kind+attr(start, "id")]; note != "" {
				if err := d.repeat(len(note)); err != nil {
					return err
				}
				p.text.WriteString(" (" + note + ")")
			}
		case "hyperlink":
			var link paragraph
			if err := d.paragraph(decoder, &link, depth+1); err != nil {
				return err
			}
			text := link.text.String()
			if address := d.links[attr(start, "id")]; address != "" && address != text && oneLine(text) != "" {
				if err := d.repeat(len(address)); err != nil {
					return err
				}
				text = "[" + text + "](" + address + ")"
			}
			p.text.WriteString(text)
			p.boxes = append(p.boxes, link.boxes...)
			continue
		case "txbxContent":
			boxes, err := d.blocks(decoder, depth+1)
			if err != nil {
				return err
			}
			p.boxes = append(p.boxes, boxes...)
			continue
		case "del", "moveFrom", "Fallback", "instrText", "delText", "rPrChange", "pPrChange", "tabs":
			if err := decoder.Skip(); err != nil {
				return err
			}
			continue
		}
		if err := d.paragraph(decoder, p, depth+1); err != nil {
			return err
		}
	}
}

// markdownStart matches text that would begin a block of another kind.
var markdownStart = regexp.MustCompile("^(?:#{1,6}(?: |$)|>|[-+*](?: |$)|\\||```|~~~|\\d{1,9}[.)](?: |$))")

// blocks returns a paragraph in Markdown, with its text boxes.
func (p *paragraph) blocks(d *docx) []string {
	text := strings.TrimSpace(p.text.String())
	if text == "" {
		return p.boxes
	}
	level, heading := d.headings[p.style]
	switch {
	case heading && level == 0 && d.title == "":
		d.title = text
		return p.boxes
	case heading:
		return append([]string{strings.Repeat("#", min(max(level, 1), 6)) + " " + oneLine(text)}, p.boxes...)
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if at := markdownStart.FindStringIndex(line); at != nil {
			if digits := strings.IndexAny(line, ".)"); line[0] >= '0' && line[0] <= '9' && digits > 0 {
				line = line[:digits] + `\` + line[digits:]
			} else {
				line = `\` + line
			}
		}
		lines[i] = line
	}
	text = strings.Join(lines, "\n")
	if p.list != "" && p.list != "0" {
		level, _ := strconv.Atoi(p.level)
		indent := strings.Repeat("   ", min(max(level, 0), 8))
		mark := "- "
		if d.ordered[[2]string{p.list, strconv.Itoa(level)}] {
			mark = "1. "
		}
		text = indent + mark + strings.ReplaceAll(text, "\n", "\n"+indent+"   ")
	}
	return append([]string{text}, p.boxes...)
}

// cellAbove stands for the text of the cell above.
const cellAbove = "\x00"

// table reads a table, of which the first row is taken for the header. The text
// of merged cells is repeated in each, so that a row can be read by itself.
func (d *docx) table(decoder *xml.Decoder, depth int) ([]string, error) {
	var rows [][]string
	columns := 0
	err := d.rows(decoder, depth, func(row []string) error {
		for i, cell := range row {
			if cell == cellAbove {
				row[i] = ""
				if above := len(rows) - 1; above >= 0 && i < len(rows[above]) {
					row[i] = rows[above][i]
					if err := d.repeat(len(row[i])); err != nil {
						return err
					}
				}
			}
		}
		rows = append(rows, row)
		columns = max(columns, len(row))
		return nil
	})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	if columns == 1 { // a frame around text
		var blocks []string
		for _, row := range rows {
			if len(row) > 0 && row[0] != "" {
				blocks = append(blocks, row[0])
			}
		}
		return blocks, nil
	}
	columns = min(columns, maxDOCXColumns)
	if err := d.repeat((columns - 1) * len(rows)); err != nil { // cells that short rows lack
		return nil, err
	}
	var b strings.Builder
	for i, row := range rows {
		b.WriteString("|")
		for column := range columns {
			cell := ""
			if column < len(row) {
				cell = row[column]
			}
			if column == columns-1 && len(row) > columns {
				cell = strings.Join(row[column:], " ")
			}
			b.WriteString(" " + strings.ReplaceAll(oneLine(cell), "|", `\|`) + " |")
		}
		b.WriteString("\n")
		if i == 0 {
			b.WriteString("|" + strings.Repeat(" --- |", columns) + "\n")
		}
	}
	return []string{strings.TrimRight(b.String(), "\n")}, nil
}

func (d *docx) rows(decoder *xml.Decoder, depth int, add func([]string) error) error {
	if depth > maxDOCXDepth {
		return tooMuch("its elements are nested deeper than %d", maxDOCXDepth)
	}
	for {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			switch token.Name.Local {
			case "tr":
				var row []string
				if err := d.cells(decoder, depth+1, &row); err != nil {
					return err
				}
				err = add(row)
			case "del", "Fallback":
				err = decoder.Skip()
			default: // properties, or a frame around rows
				err = d.rows(decoder, depth+1, add)
			}
			if err != nil {
				return err
			}
		}
	}
}

func (d *docx) cells(decoder *xml.Decoder, depth int, row *[]string) error {
	if depth > maxDOCXDepth {
		return tooMuch("its elements are nested deeper than %d", maxDOCXDepth)
	}
	for {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			if token.Name.Local == "tc" {
				d.span, d.merged = 1, false
				blocks, err := d.blocks(decoder, depth+1)
				if err != nil {
					return err
				}
				cell := strings.Join(blocks, "\n\n")
				if d.merged {
					cell = cellAbove
				}
				span := min(max(d.span, 1), maxDOCXColumns)
				if err := d.repeat(len(cell) * (span - 1)); err != nil {
					return err
				}
				for range span {
					*row = append(*row, cell)
				}
				d.span, d.merged = 1, false // not those of a table in the cell
				continue
			}
			if err := d.cells(decoder, depth+1, row); err != nil {
				return err
			}
		}
	}
}
