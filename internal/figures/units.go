package figures

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// months are the names of the twelve in English, German, French, Spanish,
// Portuguese, Italian and Dutch, whole or abbreviated, with their numbers.
var months = func() map[string]int {
	numbers := make(map[string]int)
	for i, names := range [...]string{
		"jan january januar jänner janvier enero janeiro gennaio januari",
		"feb february februar février févr febrero fevereiro febbraio februari",
		"mar march märz mars marzo março maart",
		"apr april avr avril abril aprile",
		"may mai mayo maio maggio mei",
		"jun june juni juin junio junho giugno",
		"jul july juli juil juillet julio julho luglio",
		"aug august août agosto augustus",
		"sep sept september septembre septiembre setembro settembre",
		"oct okt october oktober octobre octubre outubro ottobre",
		"nov november novembre noviembre novembro",
		"dec dez déc dic december dezember décembre diciembre dezembro dicembre",
	} {
		for name := range strings.FieldsSeq(names) {
			numbers[name] = i + 1
		}
	}
	return numbers
}()

// monthNames matches any of the months' names.
var monthNames = func() string {
	names := slices.Collect(maps.Keys(months))
	// A pattern takes the first that fits, which has to be the longest.
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return strings.Join(names, "|")
}()

// longestMonth is how many bytes the name of a month has at most.
const longestMonth = len("septiembre")

// month is the number of a month by its name.
func month(name string) string { return strconv.Itoa(months[strings.ToLower(name)]) }

// unit is what a number can count: its name among all languages, and how many
// of the basic unit it is.
type unit struct {
	name   string
	factor float64
}

// units are found by the word beside a number, in lower case.
var units = unitTable(map[unit]string{
	{"time span", 1}:           "minute,minutes,min,mins,minuten,minuto,minutos,minuti,minuut",
	{"time span", 60}:          "hour,hours,hr,hrs,stunde,stunden,heure,heures,hora,horas,ora,ore,uur,uren",
	{"time span", 24 * 60}:     "day,days,business day,business days,working day,working days,calendar day,calendar days,tag,tage,tagen,werktag,werktage,werktagen,kalendertag,kalendertage,kalendertagen,arbeitstag,arbeitstage,arbeitstagen,jour,jours,día,días,dia,dias,giorno,giorni,dag,dagen",
	{"time span", 7 * 24 * 60}: "week,weeks,woche,wochen,semaine,semaines,semana,semanas,settimana,settimane,weken",
	{"months", 1}:              "month,months,monat,monate,monaten,mois,mes,meses,mês,mese,mesi,maand,maanden",
	{"months", 12}:             "year,years,yr,yrs,jahr,jahre,jahren,an,ans,année,années,año,años,ano,anos,anno,anni,jaar,jaren",
	{"%", 1}:                   "%,percent,per cent,prozent,pour cent,pourcent,por ciento,porciento,por cento,per cento,percento,procent",
	{"EUR", 1}:                 "€,eur,euro,euros",
	{"USD", 1}:                 "us$,$,usd,dollar,dollars,us dollar,us dollars,dólar,dólares",
	{"GBP", 1}:                 "£,gbp,pound,pounds,pfund",
	{"CHF", 1}:                 "chf,sfr,franc,francs,swiss franc,swiss francs,franken",
	{"JPY", 1}:                 "¥,jpy,yen",
	{"INR", 1}:                 "₹,inr,rupee,rupees",
})

func unitTable(words map[unit]string) map[string]unit {
	table := make(map[string]unit)
	for u, list := range words {
		for word := range strings.SplitSeq(list, ",") {
			table[word] = u
		}
	}
	return table
}

// unitOf finds the unit of a number by what stands before and behind it, how
// many of the basic unit it is, and how the text writes it on either side.
func unitOf(before, after string) (name string, factor float64, spelling [2]string) {
	if u, end := unitAfter(after); end > 0 {
		return u.name, u.factor, [2]string{"", after[:end]}
	}
	if u, from := unitBefore(before); from < len(before) {
		return u.name, u.factor, [2]string{before[from:], ""}
	}
	return "", 1, [2]string{}
}

// unitAfter is the unit that a text begins with, after a space or hyphen, and
// where it ends, or 0.
func unitAfter(text string) (u unit, end int) {
	start := 0
	if r, size := utf8.DecodeRuneInString(text); isThin(r) || r == '-' {
		start = size
	}
	first := letters(text, start)
	if r, size := utf8.DecodeRuneInString(text[first:]); isSign(r) { // €, or US$
		if next, _ := utf8.DecodeRuneInString(text[first+size:]); unicode.IsLetter(next) {
			return unit{}, 0
		}
		if u, ok := lookUp(text[start : first+size]); ok {
			return u, first + size
		}
	}
	if first == start {
		return unit{}, 0
	}
	if first < len(text) && text[first] == ' ' {
		if second := letters(text, first+1); second > first+1 {
			if u, ok := lookUp(text[start:second]); ok {
				return u, second
			}
		}
	}
	if u, ok := lookUp(text[start:first]); ok {
		return u, first
	}
	return unit{}, 0
}

// unitBefore is the currency that a text ends with, before a space, and where
// it begins, or the text's length. Of other units only the words behind a number
// count: it is "in days 3 to 5".
func unitBefore(text string) (u unit, from int) {
	end := len(text)
	if r, size := utf8.DecodeLastRuneInString(text); isThin(r) {
		end -= size
	}
	sign := end
	if r, size := utf8.DecodeLastRuneInString(text[:end]); isSign(r) {
		sign -= size
	}
	from = sign
	for from > 0 && end-from <= longestUnit {
		r, size := utf8.DecodeLastRuneInString(text[:from])
		if !unicode.IsLetter(r) {
			break
		}
		from -= size
	}
	if from == end {
		return unit{}, len(text)
	}
	if u, ok := lookUp(text[from:end]); ok && isCurrency(u.name) {
		return u, from
	}
	return unit{}, len(text)
}

// longestUnit is how many bytes a unit has at most: kalendertagen, working days.
const longestUnit = 16

func lookUp(word string) (unit, bool) {
	if len(word) > longestUnit {
		return unit{}, false
	}
	u, ok := units[strings.ToLower(word)]
	return u, ok
}

// letters is where a word that begins at a place of a text ends.
func letters(text string, from int) int {
	for from < len(text) {
		r, size := utf8.DecodeRuneInString(text[from:])
		if !unicode.IsLetter(r) {
			break
		}
		from += size
	}
	return from
}

func isThin(r rune) bool { return r == ' ' || r == '\u00A0' || r == '\u202F' }

func isSign(r rune) bool {
	return r == '%' || r == '$' || r == '€' || r == '£' || r == '¥' || r == '₹'
}

func isCurrency(name string) bool { return len(name) == 3 }

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
	u, _ := unitBefore(before)
	return u.name
}

// isWordStart reports whether a number before a text would be part of a word:
// 3D, 4k. Units may be written onto the number.
func isWordStart(after string) bool {
	r, _ := utf8.DecodeRuneInString(after)
	if !unicode.IsLetter(r) || unspaced(r) {
		return false
	}
	_, end := unitAfter(after)
	return end == 0
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

// longestNumeral is how many bytes a spelled number has at most.
const longestNumeral = len("quattordici")

// spelled finds the numbers that are spelled out before a unit: three years.
// Alone, "one" is hardly ever a figure.
func spelled(text string) []figure {
	var found []figure
	for from := 0; from < len(text); {
		end := letters(text, from)
		if end == from {
			_, size := utf8.DecodeRuneInString(text[from:])
			from += size
			continue
		}
		word, rest := text[from:end], text[end:]
		from = end
		if len(word) > longestNumeral {
			continue
		}
		value, ok := numerals[strings.ToLower(word)]
		if !ok {
			continue
		}
		u, to := unitAfter(rest)
		if to == 0 {
			continue
		}
		found = append(found, figure{word + rest[:to], []string{strconv.FormatFloat(float64(value)*u.factor, 'f', -1, 64)}, u.name})
	}
	return found
}
