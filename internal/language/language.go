// Package language tells which natural language a text is in, by its script and
// its function words: the words that say how something is said and not what
// about. It needs no model and takes no guess for a finding.
package language

import (
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Of returns the ISO 639-1 code of the language that a text is most likely in, ""
// if nothing tells. It is sure only beyond doubt: the text has enough words, and
// nearly all of its evidence speaks for one language. Names, codes, single words
// and texts in two languages are never sure, and those in languages near to
// each other only when words that just one of them has decide it.
//
// Norwegian is "no" in both its forms. Chinese is "zh" in both scripts.
func Of(text string) (tag string, sure bool) {
	text = norm.NFC.String(text)
	tag, sure, ok := byScript(text)
	if ok {
		return tag, sure
	}
	latin := sure // in no other letters
	tag, sure = byWords(text)
	return tag, sure && latin
}

// What a text must have at least for anyone to be sure of its language.
const (
	fewLetters   = 24 // in an alphabet
	fewIdeograms = 6  // where a sign is a word or a syllable
	fewWords     = 5  // in all
	fewFunctions = 3  // different ones that tell the language
)

// scripts that stand for one language among those which customers write, if not
// in the world: Of is not asked about others.
var scripts = []struct {
	tag   string
	table *unicode.RangeTable
}{
	{"ko", unicode.Hangul}, {"el", unicode.Greek}, {"he", unicode.Hebrew}, {"th", unicode.Thai}, {"hi", unicode.Devanagari},
	{"ja", unicode.Hiragana}, {"ja", unicode.Katakana}, {"zh", unicode.Han}, {"cyrillic", unicode.Cyrillic}, {"arabic", unicode.Arabic},
}

// byScript decides texts that are not in Latin letters (ok); of the others it is
// sure that they have hardly any letters but those.
func byScript(text string) (tag string, sure, ok bool) {
	var counts [10]int
	latin, letters := 0, 0
	for _, r := range text {
		if r < utf8.RuneSelf {
			if 'a' <= r|0x20 && r|0x20 <= 'z' {
				latin++
				letters++
			}
			continue
		}
		if !unicode.IsLetter(r) {
			continue
		}
		letters++
		if unicode.Is(unicode.Latin, r) {
			latin++
			continue
		}
		for i := range scripts {
			if unicode.Is(scripts[i].table, r) {
				counts[i]++
				break
			}
		}
	}
	kana, han := counts[5]+counts[6], counts[7]
	if latin*2 > letters || letters == 0 {
		foreign := letters - latin + 2*(kana+han+counts[0]) // one of those says as much as three letters
		return "", foreign*20 < letters, letters == 0
	}
	best := 0
	for i, count := range counts {
		if count > counts[best] {
			best = i
		}
	}
	tag = scripts[best].tag
	count := counts[best]
	switch {
	case tag == "zh" || tag == "ja":
		count = kana + han
		tag = "zh"
		if kana*8 > han {
			tag = "ja" // Japanese mixes its syllables with Chinese signs
		}
		sure = count >= fewIdeograms && (tag == "zh" || chineseRun(text) < 8) && (tag == "zh" && kana == 0 || kana >= 3 && kana*5 > han)
	case tag == "ko":
		sure = count >= fewIdeograms
	case tag == "cyrillic" || tag == "arabic":
		return among(text, tag, (letters-count+2*(kana+han))*5 <= letters)
	default:
		sure = count >= fewLetters
	}
	return tag, sure && count*10 >= letters*8, true
}

// chineseRun returns how many Chinese signs at most stand in a text without a
// Japanese syllable between.
func chineseRun(text string) int {
	run, longest := 0, 0
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			run++
			longest = max(longest, run)
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			run = 0
		}
	}
	return longest
}

// among decides between the languages of an alphabet by its letters and words.
func among(text, alphabet string, clear bool) (tag string, sure, ok bool) {
	tag, sure = byWords(text)
	has := func(letters string) bool { return strings.ContainsAny(text, letters) }
	if alphabet == "cyrillic" {
		switch {
		case has("іїєґІЇЄҐ") && !has("ыэёъЫЭЁЪ"):
			return "uk", clear && sure && tag == "uk", true
		case has("ђћљњџјЂЋЉЊЏЈ"):
			return "sr", false, true
		case tag == "":
			return "ru", false, true
		}
		return tag, clear && sure && (tag != "ru" || has("ыэёЫЭЁ") && !has("іїєґјћђљњџўқғ")), true
	}
	switch {
	case has("پچژگک"):
		return "fa", false, true
	case tag == "":
		return "ar", false, true
	}
	return tag, clear && sure, true
}

// byWords weighs the function words of each language: one that few languages have
// says more than one that many have.
func byWords(text string) (tag string, sure bool) {
	var weights [len(tags)]int
	var evidence []languages
	words, letters := 0, 0
	text = strings.ToLower(strings.ReplaceAll(text, "’", "'"))
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '\'' && r != '-' }) {
		if word = strings.Trim(word, "'-"); word == "" {
			continue
		}
		words++
		letters += utf8.RuneCountInString(word)
		in := languagesOf(word)
		if in == 0 {
			continue
		}
		evidence = append(evidence, in)
		for i := range tags {
			if in&(1<<i) != 0 {
				weights[i] += max(1, 12/bits.OnesCount32(uint32(in)))
			}
		}
	}
	best := 0
	for i, weight := range weights {
		if weight > weights[best] {
			best = i
		}
	}
	if weights[best] == 0 {
		return "", false
	}
	sure = words >= fewWords && letters >= fewLetters && apart(evidence, best, words)
	return tags[best], sure
}

// apart reports whether words that a language has and another lacks decide against
// every other language.
func apart(evidence []languages, best, words int) bool {
	hits := 0
	for _, in := range evidence {
		if in&(1<<best) != 0 {
			hits++
		}
	}
	if hits < fewFunctions || hits*5 < words {
		return false
	}
	for i := range tags {
		if i == best {
			continue
		}
		forBest, against := 0, 0
		for _, in := range evidence {
			switch isBest, isOther := in&(1<<best) != 0, in&(1<<i) != 0; {
			case isBest && !isOther:
				forBest++
			case isOther && !isBest:
				against++
			}
		}
		if forBest < fewFunctions || against*5 > forBest {
			return false
		}
	}
	return true
}

func languagesOf(word string) languages {
	if in := known[word]; in != 0 {
		return in
	}
	if i := strings.IndexByte(word, '\''); i > 0 {
		if in := known[word[:i+1]]; in != 0 { // l'annulation
			return in
		}
	}
	return byLetters(word)
}

// byLetters returns the languages that a word can be in by letters which few
// languages have.
func byLetters(word string) languages {
	for _, r := range word {
		if r < utf8.RuneSelf {
			continue // none of those
		}
		if in := letters[r]; in != 0 {
			return in
		}
	}
	return 0
}

// languages is a set of those in tags, a bit for each.
type languages uint32

// FunctionWords returns the commonest function words of a language, in lower case
// with their diacritics; none if the language is unknown. The caller must not
// change them.
func FunctionWords(tag string) map[string]bool {
	return functions[tag]
}
