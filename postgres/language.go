package postgres

import (
	"cmp"
	"strings"
	"unicode"

	"github.com/frontdesk-go/frontdesk"
)

// language is one that PostgreSQL's full-text search knows, with the words by
// which it is told from the others. The zero value is any other language: its
// words are not stemmed.
type language struct {
	code, name string
	functions  map[string]bool
}

var languages = []language{
	{"en", "english", wordSet(`the and are can could do does for from get have how i if in is it my not of on or that this to was what when
		where which who why will with would you your`)},
	{"de", "german", wordSet(`aber als auf aus bei bin das dem den der die ein eine für habe hat ich ihr im in ist kann mein mit muss nicht
		oder sie sind und von wann warum was wenn wer wie wird wo zu zum`)},
	{"fr", "french", wordSet(`à au aux avec c'est ce cette comment dans de des du en est et il j'ai je la le les ma mes mon ne nous ou où
		par pas pour quand que quel quelle qui sur un une votre vous`)},
	{"es", "spanish", wordSet(`al como cómo con cuando cuándo de del dónde el ella en es está hay la las lo los me mi mis no para pero por
		puedo qué que se si sin su un una usted y ya`)},
	{"pt", "portuguese", wordSet(`a ao as com como da das do dos e é em está eu meu minha na nas não no nos o os onde para por posso
		qual quando que se sem seu sua um uma você`)},
	{"it", "italian", wordSet(`al alla che ci come con cosa da dal del della di dove e è ha ho i il in io la le lo mi mia mio nel non per
		posso quando quanto questo se si sono su un una`)},
	{"nl", "dutch", wordSet(`aan bij dat de deze die een en er het hoe ik in is kan mag maar met mijn moet naar niet of om op te u uit
		van voor waar wanneer wat we wie wordt zijn`)},
}

func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
	return set
}

// config is the name of the language's text-search configuration.
func (l language) config() string { return "pg_catalog." + cmp.Or(l.name, "simple") }

// languageOf is the language of a passage: the one its label says, else the
// one it looks like.
func languageOf(passage *frontdesk.Passage) language {
	if tag, ok := passage.Labels["language"]; ok {
		code := strings.ToLower(tag)
		for _, language := range languages {
			if code == language.code || strings.HasPrefix(code, language.code+"-") || strings.HasPrefix(code, language.code+"_") {
				return language
			}
		}
	}
	return detect(passage.Title + " " + passage.Text)
}

// detect finds the language with most function words in a text: the cheapest
// evidence there is, and plenty of it in a whole sentence. Without any, or with
// as much for another language, it is none.
func detect(text string) language {
	var (
		best   language
		counts = make([]int, len(languages))
		most   = 0
		tied   = false
	)
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }) {
		for i, language := range languages {
			if language.functions[word] {
				counts[i]++
			}
		}
	}
	for i, count := range counts {
		switch {
		case count > most:
			best, most, tied = languages[i], count, false
		case count == most:
			tied = true
		}
	}
	if tied {
		return language{}
	}
	return best
}

// words prepares a text for PostgreSQL's parser, passages and queries alike.
// Upper case goes, which the parser leaves as it is in some locales, and what
// PostgreSQL cannot hold. Scripts without spaces between words become pairs of
// characters, as the parser would take a whole sentence for one word.
func words(text string) string {
	var b strings.Builder
	var before rune // the character before, if it is of such a script
	for _, r := range strings.ToLower(strings.ToValidUTF8(text, " ")) {
		switch {
		case r == 0:
			b.WriteByte(' ')
			before = 0
		case !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
			if before != 0 {
				b.WriteByte(' ')
			}
			b.WriteRune(r)
			before = 0
		default:
			if before == 0 {
				b.WriteByte(' ')
			} else {
				b.WriteRune(r)
				b.WriteByte(' ')
			}
			b.WriteRune(r)
			before = r
		}
	}
	return b.String()
}

// ask is a text whose words are searched for, in one language.
type ask struct {
	config, text string
	weight       float32
}

// previousWeight is what a word of an earlier message counts, beside 1 for one
// of the newest: enough to say what "it" is, not enough to keep the
// conversation on its old topic.
const previousWeight = 0.2

// asks returns what is to be searched for by words. A text whose language
// cannot be told is searched for in all of them. Passages whose language could
// not be told have words as they are.
func asks(query *frontdesk.Query) []ask {
	var all []ask
	for i := -1; i < len(query.Previous); i++ {
		text, weight := query.Text, float32(1)
		if i >= 0 {
			text, weight = query.Previous[i], previousWeight
		}
		in := languages
		if found := detect(text); found.name != "" {
			in = []language{found}
		}
		prepared := words(text)
		for _, language := range in {
			all = append(all, ask{language.config(), prepared, weight})
		}
		all = append(all, ask{language{}.config(), withoutFunctionWords(prepared, in), weight})
	}
	return all
}

func withoutFunctionWords(text string, in []language) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(text) {
		bare := strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		function := false
		for _, language := range in {
			function = function || language.functions[bare]
		}
		if !function {
			b.WriteString(word + " ")
		}
	}
	return b.String()
}
