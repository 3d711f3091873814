package ingest_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// docx makes a Word document of its parts.
func docx(t testing.TB, body string, parts map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	write := func(name, content string) {
		w, err := archive.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(w, content)
		require.NoError(t, err)
	}
	const namespaces = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"`
	write("word/document.xml", `<?xml version="1.0"?><w:document `+namespaces+`><w:body>`+body+`<w:sectPr/></w:body></w:document>`)
	for name, content := range parts {
		write(name, `<?xml version="1.0"?><x `+namespaces+`>`+content+`</x>`)
	}
	require.NoError(t, archive.Close())
	return b.String()
}

func p(text string) string {
	return `<w:p><w:r><w:t xml:space="preserve">` + text + `</w:t></w:r></w:p>`
}

func TestDOCX(t *testing.T) {
	item := func(level int, list, text string) string {
		return fmt.Sprintf(`<w:p><w:pPr><w:numPr><w:ilvl w:val="%d"/><w:numId w:val="%s"/></w:numPr></w:pPr><w:r><w:t>%s</w:t></w:r></w:p>`, level, list, text)
	}
	cell := func(properties, text string) string {
		return `<w:tc><w:tcPr>` + properties + `</w:tcPr>` + p(text) + `</w:tc>`
	}
	content := docx(t, `<w:p><w:pPr><w:pStyle w:val="Titel"/></w:pPr><w:r><w:t>Returns</w:t></w:r></w:p>`+
		p("You have 30 days.")+
		`<w:p><w:pPr><w:pStyle w:val="berschrift2"/></w:pPr><w:r><w:t>How </w:t></w:r><w:r><w:t>to</w:t></w:r></w:p>`+
		`<w:p><w:r><w:t xml:space="preserve">See </w:t></w:r><w:hyperlink r:id="rId1"><w:r><w:t>the fees</w:t></w:r></w:hyperlink><w:r><w:t>.</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r>`+
		`<w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t xml:space="preserve"> New.</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r></w:p>`+
		item(0, "1", "one")+item(1, "1", "two")+item(0, "2", "first")+
		`<w:tbl><w:tblPr/><w:tblGrid/><w:tr>`+cell("", "Country")+cell("", "Fee | EUR")+`</w:tr><w:tr>`+cell(`<w:vMerge w:val="restart"/>`, "EU")+cell("", "free")+`</w:tr><w:tr>`+cell(`<w:vMerge/>`, "")+cell("", "2.00")+`</w:tr><w:tr>`+cell(`<w:gridSpan w:val="2"/>`, "All other countries")+`</w:tr></w:tbl>`+
		p("# 5 is no heading")+
		`<w:sdt><w:sdtPr><w:alias w:val="x"/></w:sdtPr><w:sdtContent>`+p("In a control.")+`</w:sdtContent></w:sdt>`+
		`<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent>`+p("In a box.")+`</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>`+p("In a box.")+`</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r></w:p>`,
		map[string]string{
			"word/styles.xml":              `<w:style w:styleId="Titel"><w:name w:val="Title"/></w:style><w:style w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>`,
			"word/numbering.xml":           `<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum><w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>`,
			"word/_rels/document.xml.rels": `<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" Target="https://shop.example/fees"/>`,
			"word/footnotes.xml":           `<w:footnote w:id="2">` + p("Since 2025.") + `</w:footnote>`,
		})
	found, skipped := decode(t, "returns.docx", content)
	require.Empty(t, skipped)
	require.Len(t, found, 1)
	assert.Equal(t, "Returns", found[0].Title)
	assert.Equal(t, strings.TrimSpace(`
You have 30 days.

## How to

See [the fees](https://shop.example/fees). (Since 2025.) New.

- one
   - two
1. first

| Country | Fee \| EUR |
| --- | --- |
| EU | free |
| EU | 2.00 |
| All other countries | All other countries |

\# 5 is no heading

In a control.

In a box.`), found[0].Text)
}

func TestDOCXThatIsHostile(t *testing.T) {
	bomb := docx(t, strings.Repeat(p(strings.Repeat(" ", 1<<16)), 64<<4), nil)
	require.Less(t, len(bomb), 1<<20)
	for name, c := range map[string]struct{ content, reason string }{
		"no archive": {"PK not really", "it is no Word document"},
		"no text":    {docx(t, p(""), nil), "it has no text"},
		"bomb":       {bomb, "more than are read"},
		"deep":       {docx(t, strings.Repeat("<w:sdt>", 1000)+strings.Repeat("</w:sdt>", 1000), nil), "nested deeper than 128"},
		"cut":        {docx(t, "<w:p><w:r>", nil), "word/document.xml"},
	} {
		t.Run(name, func(t *testing.T) {
			found, skipped := decode(t, "x.docx", c.content)
			assert.Empty(t, found)
			assert.Contains(t, skipped["x.docx"], c.reason)
		})
	}
}
