// Package tokens estimates how many tokens a text takes, without a tokenizer:
// a vocabulary weighs megabytes, and each model has its own.
//
// Four characters a token, the usual rule, is right for English prose alone. It
// under-counts JSON, and so the results of tools, by a third, and writing
// systems other than the Latin one by more than half: that is what overflows
// context windows. [Estimate] therefore looks at words, numbers, punctuation and
// scripts, as tokenizers do before they look anything up. [Calibration] learns
// what is left of the error from what hosts report.
package tokens

// Estimate returns about how many tokens text takes. It means to be at or a
// little above the count of the model that needs the most, of Llama 3, Qwen 3
// and DeepSeek V3: within a tenth for English prose, Markdown, HTML, code and
// JSON, and seldom more than a tenth below for the languages that customers
// write in. Text that another tokenizer has more words for is over-estimated, by
// up to twice in a few scripts.
//
// It passes over the text once and allocates nothing. Text that is not UTF-8 is
// counted as what it seems to be.
func Estimate(text string) int {
	e := estimator{text: text, before: line}
	for e.at < len(text) {
		switch classes[text[e.at]] {
		case space:
			e.space()
		case line:
			e.lines()
		case digit:
			e.number()
		case punctuation:
			e.punctuation()
		case lower, upper:
			e.word()
		default:
			e.beyondASCII()
		}
	}
	e.settle()
	return (e.cost + unit - 1) / unit
}

// class is what a byte is, or begins.
type class uint8

const (
	other class = iota // the first byte of a character beyond ASCII
	space
	line
	digit
	punctuation
	lower
	upper
)

// classes tells the class of each byte. It is never changed.
var classes = func() (table [256]class) {
	for c := range 128 {
		switch {
		case c == ' ' || c == '\t':
			table[c] = space
		case c == '\n' || c == '\r':
			table[c] = line
		case '0' <= c && c <= '9':
			table[c] = digit
		case 'a' <= c && c <= 'z':
			table[c] = lower
		case 'A' <= c && c <= 'Z':
			table[c] = upper
		default:
			table[c] = punctuation
		}
	}
	return table
}()

// estimator adds up the cost of a text.
type estimator struct {
	text string
	at   int
	cost int // in units, without the words that are not settled

	// before is what came right before at. Spaces and line ends belong to the
	// word after them.
	before class

	// The words since the last settlement: what they cost if they are
	// English, what if they are not, how many there are, and how many of them
	// only English has.
	english, foreign, words, telling int
}

func (e *estimator) space() {
	start := e.at
	for e.at < len(e.text) && classes[e.text[e.at]] == space {
		e.at++
	}
	if e.at-start > 1 {
		e.cost += costIndent
	}
	e.before = space
}

// lines takes line ends with the spaces around them.
func (e *estimator) lines() {
	for e.at < len(e.text) && (classes[e.text[e.at]] == space || classes[e.text[e.at]] == line) {
		e.at++
	}
	e.cost += costLine
	e.before = space
	if e.text[e.at-1] == '\n' {
		e.before = line
	}
}

func (e *estimator) number() {
	if e.before == space {
		e.cost += costSpaceBeforeNumber
	}
	for e.at < len(e.text) && classes[e.text[e.at]] == digit {
		e.cost += costDigit
		e.at++
	}
	e.before = digit
}

func (e *estimator) punctuation() {
	start := e.at
	for e.at < len(e.text) && classes[e.text[e.at]] == punctuation {
		e.at++
	}
	switch length := e.at - start; {
	case length > 1:
		e.cost += costPunctuationRun + costLongPunctuation*max(0, length-4)
	case e.before != space && e.at < len(e.text) && classes[e.text[e.at]] >= lower:
		e.cost += costJoint
	default:
		e.cost += costPunctuation
	}
	e.before = punctuation
}

// word takes one word of Latin letters, or one part of a name like
// "orderStatus" or "JSONText".
func (e *estimator) word() {
	text, at := e.text, e.at // in registers, for this is the loop that counts
	start, packed := at, uint32(0)
	if classes[text[at]] == upper {
		for at < len(text) && classes[text[at]] == upper {
			at++
		}
		if at-start > 1 && at < len(text) && classes[text[at]] == lower {
			at-- // the last capital begins the next word
		}
		if at-start > 1 {
			e.at = at
			e.capitals(at - start)
			return
		}
		packed = uint32(text[start] | 0x20)
	}
	accents := 0
	letters := at - start
	for ; at < len(text); letters++ {
		c := text[at]
		if classes[c] == lower {
			packed = packed<<8 | uint32(c)
			at++
			continue
		}
		if classes[c] != other {
			break
		}
		cost, size := latinLetter(text, at)
		if size == 0 {
			break
		}
		packed = packed<<8 | 0xff
		accents += cost
		at += size
	}
	e.at = at
	e.cost += accents
	e.add(letters, packed)
}

// capitals counts a word in capitals.
func (e *estimator) capitals(letters int) {
	e.cost += costCapitals + costCapital*(letters-1)
	if e.before != space && e.before != line {
		e.cost += costGlued
	}
	e.before = upper
}

// add counts a word. packed holds its last four letters.
func (e *estimator) add(letters int, packed uint32) {
	rest := max(0, letters-longest)
	letters = min(letters, longest)
	english := englishWord[letters] + costEnglishRest*rest
	if e.before == space || e.before == line {
		e.english += english
		e.foreign += foreignWord[letters] + costForeignRest*rest
		e.words++
		if letters <= 4 && onlyEnglish(packed) {
			e.telling++
		}
		if e.words == settlement {
			e.settle()
		}
	} else {
		// Keys, names and tags are English in any company.
		e.cost += english
		if e.before != punctuation {
			e.cost += costGlued
		}
	}
	e.before = lower
}

// settle decides how English the latest words are. In English prose a fourth
// of all words are telling ones, in other languages next to none; an eighth is
// taken for certainty.
func (e *estimator) settle() {
	if e.words > 0 {
		e.cost += e.foreign - (e.foreign-e.english)*min(8*e.telling, e.words)/e.words
	}
	e.english, e.foreign, e.words, e.telling = 0, 0, 0, 0
}

// beyondASCII takes one character.
func (e *estimator) beyondASCII() {
	if _, size := latinLetter(e.text, e.at); size > 0 {
		e.word()
		return
	}
	script, size := scriptOf(e.text[e.at], second(e.text, e.at))
	e.at += size
	e.cost += script.character
	if script.begin > 0 && e.before != other {
		e.cost += script.begin
	}
	e.before = other
	if script.symbol {
		e.before = punctuation
	}
}

// second returns the byte after the one at i, or 0.
func second(text string, i int) byte {
	if i+1 < len(text) {
		return text[i+1]
	}
	return 0
}
