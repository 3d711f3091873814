// Package figures finds the numbers, amounts, durations and dates of a text and
// tells which of them another text has as well, however it writes them: 12,50 €
// is EUR 12.50, a 14-day period lasts two weeks, and 1. März 2026 is 2026-03-01.
package figures

import (
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text is a text whose figures are found once, when they are first asked for. It
// is not safe for concurrent use.
type Text struct {
	text    string
	figures []figure
	read    bool
}

// NewText makes a [Text].
func NewText(text string) *Text { return &Text{text: text} }

// Hundredths is the same text with each number that has no unit divided by a hundred:
// tools count cents where people write euros.
func (t *Text) Hundredths() *Text {
	divided := &Text{text: t.text, read: true}
	for _, f := range t.all() {
		if f.unit != "" {
			continue
		}
		var readings []string
		for _, r := range f.readings {
			if value, err := strconv.ParseFloat(r, 64); err == nil {
				readings = append(readings, strconv.FormatFloat(value/100, 'f', -1, 64))
			}
		}
		divided.figures = append(divided.figures, figure{f.text, readings, ""})
	}
	return divided
}

func (t *Text) all() []figure {
	if !t.read {
		t.figures, t.read = find(t.text), true
	}
	return t.figures
}

// Missing returns the figures of a text that none of the sources has, as the
// text writes them. Numbers within words and codes, such as ORD-9281, and those
// that number a list are no figures. The sources are read in their order, until
// nothing is missing.
func Missing(text string, sources iter.Seq[*Text]) []string {
	missing := find(text)
	for source := range sources {
		if len(missing) == 0 {
			return nil
		}
		held := source.all()
		missing = slices.DeleteFunc(missing, func(f figure) bool { return slices.ContainsFunc(held, f.matches) })
	}
	var texts []string
	for _, f := range missing {
		if !slices.Contains(texts, f.text) {
			texts = append(texts, f.text)
		}
	}
	return texts
}

// figure is a number with what it counts, or a date.
type figure struct {
	text     string
	readings []string // what its digits may mean: 1.234 is a thousand or one and a bit
	unit     string   // "" if none is told
}

// matches reports whether two figures may be the same. One that does not tell
// its unit, as in a table, matches any.
func (f figure) matches(g figure) bool {
	if f.unit != g.unit && f.unit != "" && g.unit != "" {
		return false
	}
	if (f.unit == "date") != (g.unit == "date") {
		return false
	}
	for _, r := range f.readings {
		for _, s := range g.readings {
			// A date without a year is that day of any year.
			if r == s || f.unit == "date" && (r[0] == '-' || s[0] == '-') && strings.HasSuffix(r, s[max(0, len(s)-6):]) {
				return true
			}
		}
	}
	return false
}

var (
	digits  = `\d{1,3}(?:[ \x{00A0}\x{202F}'’]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)*`
	number  = regexp.MustCompile(`^(?:` + digits + `)`)
	listing = regexp.MustCompile(`(?m)^[ \t]*\d{1,3}[.)][ \t]`)
	marker  = regexp.MustCompile(`\[\d{1,6}(?:\s*,\s*\d{1,6})*\]`)

	isoDate  = regexp.MustCompile(`\b(\d{4})-(\d{1,2})-(\d{1,2})\b`)
	dayFirst = regexp.MustCompile(`(?i)\b(\d{1,2})(?:\.|st|nd|rd|th|er|º|°)?\s+(?:of\s+|de\s+)?(` + monthNames + `)\b\.?(?:,?\s+(?:de\s+)?(\d{4})\b)?`)
	dayLast  = regexp.MustCompile(`(?i)\b(` + monthNames + `)\b\.?\s+(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(\d{4})\b)?`)
	numeric  = regexp.MustCompile(`\b(\d{1,2})[./](\d{1,2})[./](\d{4})\b`)
	clock    = regexp.MustCompile(`(?i)\b(\d{1,2})(?:[:.h](\d{2}))?\s*(am\b|pm\b|a\.m\.|p\.m\.|uhr\b)|\b(\d{1,2}):(\d{2})\b`)
)

// find returns the figures of a text in their order, dates and times first.
func find(text string) []figure {
	has := traitsOf(text)
	if !has.digit {
		return spelled(text)
	}
	if has.bracket {
		text = marker.ReplaceAllString(text, " ")
	}
	if has.listing {
		text = listing.ReplaceAllStringFunc(text, func(s string) string { return strings.Repeat(" ", len(s)) })
	}
	var found []figure
	// take cuts out what it has understood, so that nothing is read twice.
	take := func(possible bool, pattern *regexp.Regexp, read func(groups []string) ([]string, string)) {
		if !possible {
			return
		}
		text = pattern.ReplaceAllStringFunc(text, func(s string) string {
			readings, unit := read(pattern.FindStringSubmatch(s))
			if readings == nil {
				return s
			}
			found = append(found, figure{strings.TrimSpace(s), readings, unit})
			return strings.Repeat(" ", len(s))
		})
	}
	take(has.hyphens, isoDate, func(g []string) ([]string, string) { return date(g[1], g[2], g[3]), "date" })
	take(has.points, numeric, func(g []string) ([]string, string) {
		return append(date(g[3], g[2], g[1]), date(g[3], g[1], g[2])...), "date"
	})
	take(has.month, dayFirst, func(g []string) ([]string, string) { return date(g[3], month(g[2]), g[1]), "date" })
	take(has.month, dayLast, func(g []string) ([]string, string) { return date(g[3], month(g[1]), g[2]), "date" })
	take(has.clock, clock, func(g []string) ([]string, string) { return timeOfDay(g), "time" })
	for from := 0; from < len(text); {
		if text[from] < '0' || text[from] > '9' {
			from++
			continue
		}
		end := from + len(number.FindString(text[from:]))
		if f, ok := quantity(text, from, end); ok {
			found = append(found, f)
		}
		from = end
	}
	return append(found, spelled(text)...)
}

// traits say which of the patterns can match a text at all: most have no dates.
type traits struct {
	digit   bool
	bracket bool // [ and a digit
	listing bool // 1. or 2) and a space
	hyphens bool // 2026-1-3
	points  bool // 1.3.2026 or 1/3/2026
	clock   bool // 9: or a word that tells the time
	month   bool // the name of a month
}

func traitsOf(text string) traits {
	var has traits
	bracket := false
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
			has.digit = true
			if i+1 < len(text) {
				sign := text[i+1]
				has.hyphens = has.hyphens || sign == '-' && again(text[i+2:], "-")
				has.points = has.points || (sign == '.' || sign == '/') && again(text[i+2:], "./")
				has.clock = has.clock || sign == ':'
			}
			if i+2 < len(text) && (text[i+1] == '.' || text[i+1] == ')') && (text[i+2] == ' ' || text[i+2] == '\t') {
				has.listing = true
			}
			has.bracket = has.bracket || bracket
			i++
		case c == '[':
			bracket = true
			i++
		case c < utf8.RuneSelf && !isLetter(c):
			i++
		default:
			end := letters(text, i)
			if end == i {
				_, size := utf8.DecodeRuneInString(text[i:])
				end = i + size
			} else if end-i <= longestMonth {
				word := text[i:end]
				has.month = has.month || months[strings.ToLower(word)] > 0
				has.clock = has.clock || end-i <= 3 && hours[strings.ToLower(word)] || end < len(text) && text[end] == '.' && end-i == 1 && (c|0x20 == 'a' || c|0x20 == 'p')
			}
			i = end
		}
	}
	return has
}

// hours are the words of a time of day: 9 am, 9 a.m., 9 Uhr.
var hours = map[string]bool{"am": true, "pm": true, "uhr": true}

// again reports whether a text begins with one or two digits and one of the signs.
func again(text, signs string) bool {
	digits := 0
	for digits < len(text) && digits < 2 && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	return digits > 0 && digits < len(text) && strings.IndexByte(signs, text[digits]) >= 0
}

// date writes a day as year-month-day, or nothing if there is none such.
func date(year, month, day string) []string {
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	if m < 1 || m > 12 || d < 1 || d > 31 {
		return nil
	}
	return []string{year + "-" + pad(m) + "-" + pad(d)}
}

func pad(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

func timeOfDay(groups []string) []string {
	hours, minutes, half := groups[1], groups[2], strings.ToLower(groups[3])
	if hours == "" {
		hours, minutes = groups[4], groups[5]
	}
	h, _ := strconv.Atoi(hours)
	m, _ := strconv.Atoi(minutes)
	if h > 24 || m > 59 {
		return nil
	}
	switch {
	case strings.HasPrefix(half, "p") && h < 12:
		h += 12
	case strings.HasPrefix(half, "a") && h == 12:
		h = 0
	}
	return []string{pad(h) + ":" + pad(m)}
}

// quantity reads the number at a place of a text, with its unit.
func quantity(text string, from, to int) (figure, bool) {
	before, after := text[:from], text[to:]
	if from > 0 && isWordEnd(before) || isWordStart(after) {
		return figure{}, false // part of a word or a code
	}
	unit, factor, spelling := unitOf(before, after)
	readings := read(text[from:to])
	if factor != 1 {
		for i, r := range readings {
			if value, err := strconv.ParseFloat(r, 64); err == nil {
				readings[i] = strconv.FormatFloat(value*factor, 'f', -1, 64)
			}
		}
	}
	return figure{strings.TrimSpace(spelling[0] + text[from:to] + spelling[1]), readings, unit}, true
}

// read returns what the digits of a number may mean, without trailing zeros.
func read(s string) []string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\u00A0', '\u202F', '\'', '’':
			return -1
		}
		return r
	}, s)
	points, commas := strings.Count(s, "."), strings.Count(s, ",")
	last := strings.LastIndexAny(s, ".,")
	switch {
	case last < 0:
		return []string{plain(s)}
	case points > 0 && commas > 0: // the last one is the decimal sign
		return []string{plain(strip(s[:last]) + "." + s[last+1:])}
	case points+commas > 1: // none can be
		return []string{plain(strip(s))}
	case len(s)-last-1 == 3 && s[0] != '0': // it may be either
		return []string{plain(strip(s)), plain(s[:last] + "." + s[last+1:])}
	default:
		return []string{plain(s[:last] + "." + s[last+1:])}
	}
}

func strip(s string) string { return strings.NewReplacer(".", "", ",", "").Replace(s) }

// plain writes a number in one way: 012.50 is 12.5.
func plain(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s = strings.TrimLeft(s, "0"); s == "" || s[0] == '.' {
		s = "0" + s
	}
	return s
}
