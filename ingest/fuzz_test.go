package ingest_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk/ingest"
	"github.com/frontdesk-go/frontdesk/ingest/internal/wordpiece"
)

// fuzzDecoder checks what is true of all decoders: they yield something or say
// why not, and what they yield can be cut into passages that are short enough.
func fuzzDecoder(f *testing.F, name string, decoder ingest.Decoder, seeds ...string) {
	f.Add([]byte(nil))
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for doc, err := range decoder.Decode(t.Context(), name, data) {
			if err != nil {
				var skip *ingest.SkipError
				if errors.As(err, &skip) && !strings.HasPrefix(skip.Document, name) {
					t.Errorf("skipped %q, which is not of the file", skip.Document)
				}
				continue
			}
			if doc.ID != name && !strings.HasPrefix(doc.ID, name+"#") {
				t.Errorf("id %q", doc.ID)
			}
			if !utf8.ValidString(doc.Text) || !utf8.ValidString(doc.Title) {
				t.Errorf("not UTF-8: %q %q", doc.Title, doc.Text)
			}
			checkSplit(t, &doc)
		}
	})
}

func checkSplit(t *testing.T, doc *ingest.Document) {
	for _, p := range (&ingest.Splitter{MaxTokens: 64}).Split("fuzz", doc) {
		if strings.TrimSpace(p.Text) == "" {
			t.Errorf("an empty passage of %q", doc.Text)
		}
		if n := wordpiece.Count(ingest.EmbeddedText(&p)); n > 64 {
			t.Errorf("%d tokens in %q", n, ingest.EmbeddedText(&p))
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	fuzzDecoder(f, "a.md", ingest.Markdown{}, "---\ntitle: T\naudience: a\n---\n# H\n\ntext <!-- c -->\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\n```go\ncode\n```\n\n- a\n  - b\n\n> q\n")
}

func FuzzMDX(f *testing.F) {
	fuzzDecoder(f, "a.mdx", ingest.Markdown{JSX: true}, "import A from 'a'\n\n# H\n\n<A title=\"x\">\n\ntext {/* c */}\n\n</A>\n")
}

func FuzzText(f *testing.F) { fuzzDecoder(f, "a.txt", ingest.Text{}, "one\n\ntwo", "\xff\xfea\x00") }

func FuzzHTML(f *testing.F) {
	fuzzDecoder(f, "a.html", ingest.HTML{},
		"<html lang=en><title>T</title><main><h1>H</h1><p>text <b>b</b><table><tr><th>a<td rowspan=2>b<tr><td>c</table><pre><code class=language-go>x</code></pre><details><summary>s</summary>d</details></main>",
		`<script type="application/ld+json">{"@type":"FAQPage","mainEntity":[{"@type":"Question","name":"Q","acceptedAnswer":{"text":"<p>A"}}]}</script><p>Q</p>`,
		"<div><p>"+strings.Repeat("text, and more of it. ", 20)+"</p></div>")
}

func FuzzCSV(f *testing.F) {
	fuzzDecoder(f, "a.csv", ingest.CSV{}, "id;question;answer\n1;\"a\";b\n;;\nx\n", "q,a\n\"un,closed")
}

func FuzzJSON(f *testing.F) {
	fuzzDecoder(f, "a.json", ingest.JSON{},
		`[{"id":1,"question":"q","answer":"a"}]`, `{"faqs":[{"questions":["a","b"],"answer":"<p>c"}]}`, "{\"id\":\"x\",\"text\":\"t\"}\n{\"id\":\"y\",\n",
		`{"articles":[{"id":1,"title":"t","body":"<p>b","section_id":1,"draft":false,"user_segment_id":2}]}`,
		`{"type":"list","data":[{"type":"article","id":"1","title":"t","body":"b","state":"published"}]}`,
		`{"@type":"FAQPage","mainEntity":{"@type":"Question","name":"Q","acceptedAnswer":{"text":"A"}}}`)
}

func FuzzDOCX(f *testing.F) {
	fuzzDecoder(f, "a.docx", ingest.DOCX{}, docx(f, p("text")+`<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>`+p("a")+`</w:tc></w:tr></w:tbl>`, map[string]string{"word/styles.xml": `<w:style w:styleId="a"><w:name w:val="heading 1"/></w:style>`}))
}

// FuzzDOCXBody mutates the XML, which the archive's checksums keep from FuzzDOCX.
func FuzzDOCXBody(f *testing.F) {
	f.Add(p("text"), "")
	f.Add(`<w:p><w:pPr><w:pStyle w:val="h"/></w:pPr><w:hyperlink r:id="r"><w:r><w:t>x</w:t></w:r></w:hyperlink></w:p>`, `<w:style w:styleId="h"><w:name w:val="heading 1"/></w:style>`)
	f.Add(`<w:tbl><w:tr><w:tc><w:tcPr><w:vMerge/><w:gridSpan w:val="99999"/></w:tcPr>`+p("a|b")+`</w:tc><w:tc/></w:tr></w:tbl>`, "<w:outlineLvl w:val=\"0\"/>")
	f.Fuzz(func(t *testing.T, body, styles string) {
		content := docx(t, body, map[string]string{"word/styles.xml": styles, "word/numbering.xml": styles, "word/footnotes.xml": body, "docProps/core.xml": styles})
		for doc, err := range (ingest.DOCX{}).Decode(t.Context(), "a.docx", []byte(content)) {
			if err == nil {
				checkSplit(t, &doc)
			}
		}
	})
}

func FuzzMail(f *testing.F) {
	fuzzDecoder(f, "a.eml", ingest.Mail{}, someMail, "Subject: x\n\ntext", "Subject: =?utf-8?q?x?=\nContent-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: base64\n\nPGI+eDwvYj4=")
}

func FuzzMailbox(f *testing.F) {
	fuzzDecoder(f, "a.mbox", ingest.Mailbox{}, "From a\nSubject: x\n\ntext\n\nFrom b\nSubject: y\n\n>From z\n")
}

func FuzzTickets(f *testing.F) {
	for _, seed := range []string{
		`{"tickets":[{"id":1,"status":"solved","requester_id":7,"subject":"s","description":"d","comments":[{"author_id":9,"public":true,"body":"b"}]}]}`,
		`[{"id":5,"status":4,"requester_id":7,"spam":false,"description_text":"d","conversations":[{"incoming":false,"private":false,"body_text":"b"}]}]`,
		`{"id":"1","state":"closed","contacts":{},"source":{"body":"x","author":{"type":"user","name":"N"}},"conversation_parts":{"conversation_parts":[{"part_type":"comment","body":"<p>y","author":{"type":"admin"}}]}}`,
		`{"id":"1","status":"solved","messages":[{"role":"customer","text":"q","at":"2026-01-01T00:00:00Z"},{"role":"agent","text":"a"},{"role":"note","text":"SECRET"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{"81.json", "81.jsonl"} {
			for doc, err := range (ingest.Tickets{FS: fstest.MapFS{name: {Data: data}}}).Documents(t.Context()) {
				if err == nil {
					checkSplit(t, &doc)
				}
			}
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add("# H\n\ntext\n\n| a |\n|--|\n| 1 |\n", true)
	f.Add("包裹送到的时候就已经损坏了\n\nสวัสดีค่ะ", false)
	f.Add("[a]: b\n***\n    code\n1) x\n   2) y\n", true)
	f.Fuzz(func(t *testing.T, text string, markdown bool) {
		if !utf8.ValidString(text) {
			return
		}
		doc := ingest.Document{ID: "x", Title: "T", Text: text, Plain: !markdown}
		checkSplit(t, &doc)
		var all, stripped strings.Builder
		for _, p := range (&ingest.Splitter{MaxTokens: 64}).Split("fuzz", &doc) {
			fmt.Fprintf(&all, "%s\n%s\n", strings.ToLower(p.Title), strings.ToLower(p.Text))
			stripped.WriteString(strings.Join(strings.Fields(strings.ToLower(p.Text)), ""))
		}
		for _, word := range strings.Fields(strings.ToLower(text)) {
			if markdown && strings.ContainsAny(word, "#[]()!*_`\\{}") {
				continue // headings lose their markup
			}
			if len(word) < 30 && !strings.Contains(all.String(), word) && !strings.Contains(stripped.String(), word) {
				t.Errorf("lost %q of %q", word, text)
			}
		}
	})
}

func FuzzScrub(f *testing.F) {
	f.Add("Call +49 30 901820, mail ana@example.com, card 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00", "Ana Roy")
	f.Add("Hi Ana,\npassword: x\n2001:db8::1\nBest regards,\nAna Roy", "")
	f.Fuzz(func(t *testing.T, text, name string) {
		scrubbed := new(ingest.Scrubber).Scrub(text, name)
		if utf8.ValidString(text) && utf8.ValidString(name) && !utf8.ValidString(scrubbed) {
			t.Errorf("not UTF-8: %q", scrubbed)
		}
	})
}

// FuzzFileCache opens a folder that holds a file of anybody's making.
func FuzzFileCache(f *testing.F) {
	folder := f.TempDir()
	cache, err := ingest.OpenFileCache(folder)
	if err != nil {
		f.Fatal(err)
	}
	if err := cache.Put(f.Context(), []ingest.CacheKey{{1}, {2}}, [][]float32{{1, 2}, {3, 4}}); err != nil {
		f.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(folder, "*.vectors"))
	if err != nil || len(names) != 1 {
		f.Fatal(names, err)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)-1])
	f.Fuzz(func(t *testing.T, data []byte) {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "x.vectors"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		cache, err := ingest.OpenFileCache(folder)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cache.Get(t.Context(), []ingest.CacheKey{{1}, {2}}); err != nil {
			t.Error(err)
		}
	})
}
