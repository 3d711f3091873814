package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode"
)

// question is a question with its answer, from any format. Answers are Markdown.
type question struct {
	id       string
	phrases  []string // the question, and other ways to ask it
	answer   string
	url      string
	language string
	category string
}

// document makes a document of a question, whose id begins with that of its
// file. It does not depend on the order of the questions.
func (q *question) document(file string) Document {
	id := q.id
	if id == "" {
		digest := sha256.Sum256([]byte(strings.ToLower(oneLine(q.phrases[0])) + "\x00" + q.language))
		id = hex.EncodeToString(digest[:6])
	}
	doc := Document{ID: file + "#" + id, Title: oneLine(q.phrases[0]), URL: webAddress(q.url), Text: q.answer}
	// Other wordings are found by what they share with the question.
	if len(q.phrases) > 1 {
		doc.Text = strings.Join(q.phrases[1:], "\n\n") + "\n\n" + doc.Text
	}
	for label, value := range map[string]string{"language": q.language, "category": q.category} {
		if value != "" {
			if doc.Labels == nil {
				doc.Labels = make(map[string]string)
			}
			doc.Labels[label] = value
		}
	}
	return doc
}

// CSV is the [Decoder] of questions and answers in a table, one in each row
// below a header. The columns are named question (or q, title, prompt) and
// answer (or a, response, body); id, category, language (or locale, lang) and
// url (or link) may follow. Commas, semicolons and tabs may separate them.
type CSV struct{}

// The names of columns, and of keys in JSON.
var (
	questionKeys = []string{"question", "q", "title", "prompt"}
	answerKeys   = []string{"answer", "a", "response", "body"}
	languageKeys = []string{"language", "locale", "lang"}
	urlKeys      = []string{"url", "link", "html_url"}
	categoryKeys = []string{"category", "topic", "section"}
)

// Decode implements [Decoder].
func (CSV) Decode(ctx context.Context, name string, data []byte) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		text, err := utf8Text(data)
		if err != nil {
			yield(Document{}, err)
			return
		}
		reader := csv.NewReader(strings.NewReader(text))
		reader.FieldsPerRecord = -1
		reader.ReuseRecord = true
		reader.Comma = separator(text)
		header, err := reader.Read()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("it is empty")
			}
			yield(Document{}, err)
			return
		}
		header = slices.Clone(header)
		column := func(names []string) int {
			for _, name := range names {
				if i := slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) }); i >= 0 {
					return i
				}
			}
			return -1
		}
		asked, answered := column(questionKeys), column(answerKeys)
		if asked < 0 || answered < 0 || asked == answered {
			yield(Document{}, fmt.Errorf("its first row is %q: it needs a column named question and one named answer", header))
			return
		}
		id, language, address, category := column([]string{"id"}), column(languageKeys), column(urlKeys), column(categoryKeys)
		for ctx.Err() == nil {
			row, err := reader.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil { // it names the line
				if !yield(Document{}, skip(name, err)) {
					return
				}
				continue
			}
			field := func(i int) string {
				if i < 0 || i >= len(row) {
					return ""
				}
				return strings.TrimSpace(row[i])
			}
			q := question{
				id: field(id), phrases: []string{field(asked)}, answer: field(answered),
				url: field(address), language: field(language), category: field(category),
			}
			if q.phrases[0] == "" || q.answer == "" {
				if strings.TrimSpace(strings.Join(row, "")) == "" {
					continue
				}
				line, _ := reader.FieldPos(0)
				if !yield(Document{}, withhold(name, fmt.Sprintf("line %d: the question or the answer is empty", line))) {
					return
				}
				continue
			}
			doc, err := q.documentOf(name)
			if !yield(doc, err) {
				return
			}
		}
	}
}

// documentOf is document for answers that may be HTML.
func (q *question) documentOf(file string) (Document, error) {
	if looksLikeHTML(q.answer) {
		answer, err := htmlToMarkdown(q.answer, q.url)
		if err != nil {
			return Document{}, skip(file, fmt.Errorf("answer to %q: %w", q.phrases[0], err))
		}
		q.answer = answer
	}
	return q.document(file), nil
}

// looksLikeHTML reports whether a text is HTML rather than Markdown.
func looksLikeHTML(text string) bool {
	for _, tag := range []string{"</p>", "</a>", "</li>", "</div>", "<br", "</strong>", "</b>", "</td>", "</em>", "</span>", "</h2>"} {
		if strings.Contains(text, tag) {
			return true
		}
	}
	return false
}

// separator returns what separates the fields of a table: of the candidates the
// one that comes most often in its first line.
func separator(text string) rune {
	line, _, _ := strings.Cut(text, "\n")
	best, most := ',', 0
	for _, candidate := range []rune{',', ';', '\t'} {
		if n := strings.Count(line, string(candidate)); n > most {
			best, most = candidate, n
		}
	}
	return best
}

// faqPage returns the questions that JSON-LD declares, or none: what is no
// FAQPage, or no JSON, is passed over, as search engines do.
func faqPage(data []byte, page Document) []Document {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimSpace(data)))
	if err := decoder.Decode(&value); err != nil {
		return nil
	}
	var questions []Document
	for _, entity := range faqEntities(value, 0) {
		asked, _ := entity["name"].(string)
		if asked == "" {
			asked, _ = entity["text"].(string)
		}
		answers, ok := entity["acceptedAnswer"].([]any)
		if !ok {
			answers = []any{entity["acceptedAnswer"]}
		}
		var parts []string
		for _, answer := range answers {
			object, _ := answer.(map[string]any)
			if text, _ := object["text"].(string); strings.TrimSpace(text) != "" {
				parts = append(parts, text)
			}
		}
		if oneLine(asked) == "" || len(parts) == 0 {
			continue
		}
		q := question{phrases: []string{plainText(asked)}, answer: strings.Join(parts, "\n\n"), url: page.URL, language: page.Labels["language"]}
		if doc, err := q.documentOf(page.ID); err == nil && strings.TrimSpace(doc.Text) != "" {
			questions = append(questions, doc)
		}
	}
	return questions
}

// faqEntities finds the questions of all FAQPages in JSON-LD.
func faqEntities(value any, depth int) []map[string]any {
	if depth > 8 {
		return nil
	}
	var found []map[string]any
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			found = append(found, faqEntities(element, depth+1)...)
		}
	case map[string]any:
		if isType(value, "FAQPage") {
			for _, entity := range oneOrList(value["mainEntity"]) {
				if object, ok := entity.(map[string]any); ok && isType(object, "Question") {
					found = append(found, object)
				}
			}
		}
		for _, key := range []string{"@graph", "mainEntityOfPage", "hasPart"} {
			found = append(found, faqEntities(value[key], depth+1)...)
		}
	}
	return found
}

func isType(object map[string]any, name string) bool {
	for _, kind := range oneOrList(object["@type"]) {
		if text, _ := kind.(string); strings.TrimPrefix(strings.TrimPrefix(text, "https://schema.org/"), "http://schema.org/") == name {
			return true
		}
	}
	return false
}

func oneOrList(value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}

// plainText returns a line that may hold HTML without it.
func plainText(text string) string {
	if looksLikeHTML(text) || strings.ContainsAny(text, "<&") {
		if page, err := parseHTML(context.Background(), []byte(text)); err == nil {
			text = textOf(page)
		}
	}
	return oneLine(text)
}

// withoutQuestions returns a page's text without the questions and answers that
// it declares. Headings stay if anything is left below them.
func withoutQuestions(text string, questions []Document) string {
	known := make(map[string]bool)
	for _, q := range questions {
		known[lettersOf(q.Title)] = true
		for _, b := range markdownBlocks([]byte(q.Text)) {
			known[lettersOf(q.Text[b.start:b.end])] = true
		}
	}
	var rest strings.Builder
	left := false
	for _, b := range markdownBlocks([]byte(text)) {
		if letters := lettersOf(text[b.start:b.end]); letters == "" || known[letters] {
			continue
		}
		left = left || b.level == 0
		rest.WriteString(text[b.start:b.end])
	}
	if !left {
		return ""
	}
	return rest.String()
}

// lettersOf returns the letters and digits of a text alone.
func lettersOf(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}
