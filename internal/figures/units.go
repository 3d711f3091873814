package figures

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// monthNames are those of English, German, French, Spanish, Portuguese, Italian
// and Dutch, whole or abbreviated.
const monthNames = `jan(?:uary|uar|vier|uari)?|enero|janeiro|gennaio|jänner|` +
	`feb(?:ruary|ruar|brero|braio|ruari)?|févr(?:ier)?|fevereiro|` +
	`mar(?:ch|s|zo|ço)?|märz|maart|` +
	`apr(?:il|ile)?|avr(?:il)?|abril|` +
	`may|mai|mayo|maio|maggio|mei|` +
	`jun(?:e|i|io|ho)?|juin|giugno|` +
	`jul(?:y|i|io|ho)?|juil(?:let)?|luglio|` +
	`aug(?:ust|ustus)?|août|agosto|` +
	`sept?(?:ember|embre|tembre|iembre)?|setembro|settembre|` +
	`o[ck]t(?:ober|obre)?|outubro|ottobre|` +
	`nov(?:ember|embre|iembre|embro)?|` +
	`de[cz](?:ember|embre|embro)?|déc(?:embre)?|dic(?:iembre|embre)?`

// month is the number of a month by its name.
func month(name string) string {
	name = strings.ToLower(name)
	for i, begins := range [...][]string{
		{"jan", "ene", "gen", "jän"}, {"f"}, {"mar", "mär", "maa"}, {"ap", "av", "ab"}, {"may", "mai", "mag", "mei"}, {"jun", "juin", "giu"},
		{"jul", "juil", "lug"}, {"au", "ao", "ag"}, {"s"}, {"o"}, {"n"}, {"d"},
	} {
		for _, begin := range begins {
			if strings.HasPrefix(name, begin) {
				return strconv.Itoa(i + 1)
			}
		}
	}
	return ""
}

// unit is what a number can count: its name among all languages, and how many
// of the basic unit it is.
type unit struct {
	name   string
	factor float64
}

// units are found by the beginning of the word beside a number.
var units = []struct {
	words *regexp.Regexp
	unit
}{
	{unitWords(`minutes?|mins?|minuten?|minutos?|minut[oi]|minuut`), unit{"time span", 1}},
	{unitWords(`hours?|hrs?|stunden?|heures?|horas?|or[ae]|uur|uren`), unit{"time span", 60}},
	{unitWords(`(?:business |working |calendar )?days?|(?:werk|kalender|arbeits)?tage?n?|jours?|días?|dias?|giorn[oi]|dag(?:en)?`), unit{"time span", 24 * 60}},
	{unitWords(`weeks?|wochen?|semaines?|semanas?|settiman[ae]|weken|week`), unit{"time span", 7 * 24 * 60}},
	{unitWords(`months?|monate?n?|mois|mes(?:es)?|mês|mes[ei]|maand(?:en)?`), unit{"months", 1}},
	{unitWords(`years?|yrs?|jahre?n?|ans?|années?|años?|anos?|ann[oi]|jaar|jaren`), unit{"months", 12}},
	{unitWords(`%|percent|per cent|prozent|pour ?cent|por ?cien?to|por cento|per ?cento|procent`), unit{"%", 1}},
	{unitWords(`€|eur|euros?`), unit{"EUR", 1}},
	{unitWords(`us\$|\$|usd|(?:us )?dollars?|dólares`), unit{"USD", 1}},
	{unitWords(`£|gbp|pounds?|pfund`), unit{"GBP", 1}},
	{unitWords(`chf|sfr\.?|(?:swiss )?francs?|franken`), unit{"CHF", 1}},
	{unitWords(`¥|jpy|yen`), unit{"JPY", 1}},
	{unitWords(`inr|₹|rupees?`), unit{"INR", 1}},
}

// unitWords matches a unit at the beginning or the end of what stands beside a
// number.
func unitWords(words string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(?:[ \x{00A0}\x{202F}-]?)(?:` + words + `)(?:[^\pL]|$)|(?:^|[^\pL])(?:` + words + `)[ \x{00A0}\x{202F}]?$`)
}

// unitOf finds the unit of a number by what stands before and behind it, how
// many of the basic unit it is, and how the text writes it on either side.
func unitOf(before, after string) (name string, factor float64, spelling [2]string) {
	// A unit stands close by.
	before, after = tail(before, 16), head(after, 24)
	for _, u := range units {
		if at := u.words.FindStringIndex(after); at != nil && at[0] == 0 {
			end := at[1]
			for end > 0 { // the character behind the word is no part of it
				r, size := utf8.DecodeLastRuneInString(after[:end])
				if unicode.IsLetter(r) || unicode.Is(unicode.Sc, r) || r == '%' {
					break
				}
				end -= size
			}
			return u.name, u.factor, [2]string{"", after[:end]}
		}
	}
	for _, u := range units {
		if !isCurrency(u.name) {
			continue // "in days 3 to 5"
		}
		if at := u.words.FindStringIndex(before); at != nil && at[1] == len(before) {
			return u.name, u.factor, [2]string{strings.TrimLeftFunc(before[at[0]:], func(r rune) bool {
				return !unicode.IsLetter(r) && !unicode.Is(unicode.Sc, r)
			}), ""}
		}
	}
	return "", 1, [2]string{}
}

func isCurrency(name string) bool { return len(name) == 3 }

func tail(s string, n int) string {
	from := max(0, len(s)-n)
	for from < len(s) && !utf8.RuneStart(s[from]) {
		from++
	}
	return s[from:]
}

func head(s string, n int) string {
	to := min(len(s), n)
	for to > 0 && to < len(s) && !utf8.RuneStart(s[to]) {
		to--
	}
	return s[:to]
}

// isWordEnd reports whether a number behind a text would be part of a word or a
// code: A4, ORD-9281.
func isWordEnd(before string) bool {
	r, size := utf8.DecodeLastRuneInString(before)
	if r == '-' || r == '_' || r == '#' || r == '/' {
		r, _ = utf8.DecodeLastRuneInString(before[:len(before)-size])
		return unicode.IsLetter(r) && unitBehind(before[:len(before)-size]) == ""
	}
	return unicode.IsLetter(r) && unitBehind(before) == "" && !unspaced(r)
}

// unitBehind is the currency that a text ends with: EUR12.
func unitBehind(before string) string {
	name, _, _ := unitOf(before, "")
	return name
}

// isWordStart reports whether a number before a text would be part of a word:
// 3D, 4k. Units may be written onto the number.
func isWordStart(after string) bool {
	r, _ := utf8.DecodeRuneInString(after)
	if !unicode.IsLetter(r) || unspaced(r) {
		return false
	}
	name, _, _ := unitOf("", after)
	return name == ""
}

// unspaced reports whether a script puts no spaces between words and numbers.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
}

// numerals are the numbers that people spell out.
var numerals = func() map[string]int {
	names := make(map[string]int)
	for _, language := range []string{
		"one two three four five six seven eight nine ten eleven twelve",
		"eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
		"un deux trois quatre cinq six sept huit neuf dix onze douze",
		"uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
		"um dois três quatro cinco seis sete oito nove dez onze doze",
		"uno due tre quattro cinque sei sette otto nove dieci undici dodici",
		"één twee drie vier vijf zes zeven acht negen tien elf twaalf",
	} {
		for i, name := range strings.Fields(language) {
			names[name] = i + 1
		}
	}
	for i, tens := range [][]string{{"twenty", "zwanzig", "vingt", "veinte", "vinte", "venti", "twintig"},
		{"thirty", "dreißig", "trente", "treinta", "trinta", "trenta", "dertig"},
		{"sixty", "sechzig", "soixante", "sesenta", "sessenta", "sessanta", "zestig"},
		{"ninety", "neunzig", "noventa", "novanta", "negentig"}} {
		for _, name := range tens {
			names[name] = []int{20, 30, 60, 90}[i]
		}
	}
	for _, name := range []string{"fourteen", "vierzehn", "quatorze", "catorce", "catorze", "quattordici", "veertien"} {
		names[name] = 14
	}
	for _, name := range []string{"ein", "eine", "einem", "einen", "einer", "une", "una", "uma"} {
		names[name] = 1
	}
	return names
}()

var word = regexp.MustCompile(`\pL+`)

// spelled finds the numbers that are spelled out before a unit: three years.
// Alone, "one" is hardly ever a figure.
func spelled(text string) []figure {
	var found []figure
	for _, at := range word.FindAllStringIndex(text, -1) {
		value, ok := numerals[strings.ToLower(text[at[0]:at[1]])]
		if !ok {
			continue
		}
		name, factor, spelling := unitOf("", text[at[1]:])
		if name == "" {
			continue
		}
		found = append(found, figure{text[at[0]:at[1]] + spelling[1], []string{strconv.FormatFloat(float64(value)*factor, 'f', -1, 64)}, name})
	}
	return found
}
