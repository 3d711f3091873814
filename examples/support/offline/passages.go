package offline

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// passage is one numbered text of the knowledge base.
type passage struct {
	number int
	title  string
	text   string
}

var (
	passageHead = regexp.MustCompile(`^\[(\d{1,6})\] ?(.*)$`)
	passageURL  = regexp.MustCompile(` \(https?://\S+\)$`)
	seenLine    = regexp.MustCompile(`^See also\b[^\[]*((?: ?\[\d{1,6}\])+)$`)
	seenNumber  = regexp.MustCompile(`\d+`)
)

// splitMessage takes the blocks that the library puts before the customer's
// words off a user message: passages, and notes of colleagues, which the rules
// do not read. It gives the passages, the numbers of earlier ones that the block
// refers to, and the words. This is the only place that knows the format.
func splitMessage(text string) (fresh []passage, seen []int, words string) {
	words = strings.TrimSpace(text)
	for {
		if block, rest, ok := cutBlock(words, "note"); ok {
			_, words = block, rest
			continue
		}
		block, rest, ok := cutBlock(words, "passages")
		if !ok {
			return fresh, seen, words
		}
		words = rest
		for line := range strings.Lines(block) {
			line = strings.TrimRight(line, "\r\n")
			head, also := passageHead.FindStringSubmatch(line), seenLine.FindStringSubmatch(line)
			switch last := len(fresh) - 1; {
			case also != nil:
				for _, digits := range seenNumber.FindAllString(also[1], -1) {
					number, _ := strconv.Atoi(digits) // digits always are one
					seen = append(seen, number)
				}
			case head != nil && follows(fresh, head[1]):
				number, _ := strconv.Atoi(head[1])
				fresh = append(fresh, passage{number: number, title: passageURL.ReplaceAllString(head[2], "")})
			case last >= 0:
				fresh[last].text += line + "\n"
			}
		}
	}
}

// follows tells a passage's head from a line of text that only looks like one:
// heads are numbered without gaps.
func follows(fresh []passage, digits string) bool {
	number, err := strconv.Atoi(digits)
	return err == nil && (len(fresh) == 0 || number == fresh[len(fresh)-1].number+1)
}

func cutBlock(text, name string) (block, rest string, ok bool) {
	after, ok := strings.CutPrefix(text, "<"+name+">\n")
	if !ok {
		return "", text, false
	}
	block, rest, ok = strings.Cut(after, "</"+name+">")
	if !ok {
		return "", text, false
	}
	return block, strings.TrimSpace(rest), true
}

// quote answers a question with the best sentence or two of the best passage,
// and reports whether any passage fits: it must share two telling words with
// the question, or the only one.
func quote(question string, passages []passage) (string, bool) {
	telling := tellingWords(question)
	asked := slices.Concat(implied(question), telling, telling) // what was said weighs more than what was meant
	texts := make([]string, len(passages))
	for i, p := range passages {
		texts[i] = p.title + " " + p.title + " " + p.text // a word in the title counts more
	}
	best, _ := bestMatch(asked, texts)
	if best < 0 {
		return "", false
	}
	_, matched := bestMatch(telling, texts[best:best+1])
	if matched == 0 || matched < min(2, len(telling)) {
		return "", false
	}
	from := passages[best]
	sentences := sentencesOf(from.text)
	if len(sentences) == 0 {
		return "", false
	}
	first, _ := bestMatch(asked, sentences)
	said := sentences[first]
	if next := first + 1; next < len(sentences) && len(said)+len(sentences[next]) < 320 {
		if _, related := bestMatch(asked, sentences[next:next+1]); related > 0 || len(said) < 60 {
			said += " " + sentences[next]
		}
	}
	if from.title == "" {
		return fmt.Sprintf("%s [%d]", said, from.number), true
	}
	return fmt.Sprintf("Our help page %q says: %s [%d]", from.title, said, from.number), true
}

// implied are words that the answer to a question probably has.
func implied(question string) []string {
	question = strings.ToLower(question)
	switch {
	case strings.Contains(question, "how long"), strings.Contains(question, "how many days"):
		return []string{"days", "years"}
	case strings.Contains(question, "how much"), strings.Contains(question, "cost"):
		return []string{"eur"}
	}
	return nil
}

// bestMatch finds the text that shares the most with the words asked for, each
// word weighing the more the fewer of the texts have it, and tells how many of
// the words it has. It is -1 if there are no texts.
func bestMatch(asked, texts []string) (best, matched int) {
	words := make([][]string, len(texts))
	for i, text := range texts {
		words[i] = wordsOf(text)
	}
	scores, counts := make([]float64, len(texts)), make([]int, len(texts))
	for _, word := range asked {
		found := make([]int, len(texts))
		having := 0
		for i := range texts {
			for _, other := range words[i] {
				if sameWord(word, other) {
					found[i]++
				}
			}
			if found[i] > 0 {
				having++
				counts[i]++
			}
		}
		for i, n := range found {
			scores[i] += math.Log1p(float64(n)) * math.Log1p(float64(len(texts))/float64(having+1))
		}
	}
	for i := range texts {
		if scores[i] > scores[best] {
			best = i
		}
	}
	if len(texts) == 0 {
		return -1, 0
	}
	return best, counts[best]
}

// sameWord takes two words for forms of one if they share all but the end:
// "ship" and "shipping", "warranty" and "warranties".
func sameWord(a, b string) bool {
	short, long := strings.TrimSuffix(a, "s"), strings.TrimSuffix(b, "s")
	if len(short) > len(long) {
		short, long = long, short
	}
	common := 0
	for common < len(short) && short[common] == long[common] {
		common++
	}
	return short == long && short != "" || common >= 4 && common >= len(short)-1 && len(long)-common <= 4
}

func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// stopWords say nothing about what a question is about.
const stopWords = " a about after all also am an and any are as at be been before but by can could did do does for from get give had happen happens has have hello help hey hi how i if in is it its" +
	" know like long many may me more much my need no of on one only or order orders our out please policies policy should so some something tell that the their them then there they thing this to too" +
	" us want was we were what when where which who why will with would yes you your "

func tellingWords(text string) []string {
	var telling []string
	for _, word := range wordsOf(text) {
		if len(word) > 1 && !strings.Contains(stopWords, " "+word+" ") {
			telling = append(telling, word)
		}
	}
	return telling
}

var (
	listMark    = regexp.MustCompile(`^(?:[-*]|\d+\.) +`)
	sentenceEnd = regexp.MustCompile(`[.!?:]\s+`)
)

// sentencesOf takes Markdown apart into sentences that can stand alone: a row
// of a table becomes one that names its columns.
func sentencesOf(markdown string) []string {
	var sentences, header []string
	paragraph := ""
	flush := func() {
		text := paragraph
		paragraph = ""
		for text != "" {
			end := len(text)
			for _, at := range sentenceEnd.FindAllStringIndex(text, -1) {
				if next := []rune(text[at[1]:]); text[at[0]] != ':' && len(next) > 0 && unicode.IsUpper(next[0]) {
					end = at[1]
					break
				}
			}
			sentences = append(sentences, asSentence(strings.TrimSpace(text[:end])))
			text = text[end:]
		}
	}
	for line := range strings.Lines(markdown + "\n\n") {
		line = strings.ReplaceAll(strings.TrimSpace(line), "**", "")
		switch {
		case strings.HasPrefix(line, "|"):
			flush()
			cells := strings.Split(strings.Trim(line, "|"), "|")
			switch {
			case header == nil:
				header = cells
			case strings.Trim(line, "|-: ") != "":
				sentences = append(sentences, tableRow(header, cells))
			}
			continue
		case line == "" || strings.HasPrefix(line, "#"):
			flush()
		case listMark.MatchString(line):
			flush()
			paragraph = listMark.ReplaceAllString(line, "")
		default:
			paragraph = strings.TrimSpace(paragraph + " " + line)
		}
		header = nil
	}
	return sentences
}

func tableRow(header, cells []string) string {
	var parts []string
	for i, cell := range cells {
		cell = strings.TrimSpace(cell)
		if i > 0 && i < len(header) && cell != "" {
			cell = strings.TrimSpace(header[i]) + " " + cell
		}
		if cell != "" {
			parts = append(parts, cell)
		}
	}
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return parts[0] + ": " + strings.Join(parts[1:], ", ") + "."
}
