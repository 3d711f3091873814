package ingest

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Scrubber replaces personal data in text with what it was, such as [email].
// The zero value is ready to use. It is safe for concurrent use.
//
// It finds e-mail addresses, telephone numbers, payment cards (by their check
// digit), IBANs (by theirs), IP addresses, passwords and keys, numbers of nine
// digits and more, street addresses in the usual forms of English, German,
// French, Spanish, Italian, Portuguese and Dutch, names that it is told, and
// names after a greeting, at the end of a letter, and after "my name is".
//
// It would rather replace an order number than keep a telephone number. A name
// in the midst of a sentence that nobody told it about stays.
type Scrubber struct {
	// Keep holds what is never replaced, such as one's own telephone numbers
	// and mail addresses; "@shop.example" keeps all addresses there.
	Keep []string

	// Patterns are replaced too, by their name in brackets.
	Patterns map[string]*regexp.Regexp
}

// detector finds one kind of personal data in a line.
type detector struct {
	name string

	// needs says cheaply whether the line can hold any at all.
	needs func(*lineFacts) bool

	*regexp.Regexp

	// valid returns how much of a match is what is looked for, or 0. Nil
	// means all of it.
	valid func(match string) int

	// group is the part of a match that is replaced, 0 for all of it.
	group int
}

// lineFacts are what is known of a line before any expression runs over it.
type lineFacts struct {
	line   string
	lower  string
	digits int
	colons int
	dots   int
	run    int // of the longest run without white space, in bytes
}

func factsOf(line string) *lineFacts {
	f := &lineFacts{line: line, lower: strings.ToLower(line)}
	run := 0
	for i := range len(line) {
		switch c := line[i]; {
		case '0' <= c && c <= '9':
			f.digits++
		case c == ':':
			f.colons++
		case c == '.':
			f.dots++
		case c == ' ' || c == '\t':
			run = -1
		}
		run++
		f.run = max(f.run, run)
	}
	return f
}

// The functions below make a detector.needs.
func hasDigits(n int) func(*lineFacts) bool { return func(f *lineFacts) bool { return f.digits >= n } }

func hasRun(n int) func(*lineFacts) bool { return func(f *lineFacts) bool { return f.run >= n } }

func has(words ...string) func(*lineFacts) bool {
	return func(f *lineFacts) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(f.lower, word) })
	}
}

func both(a, b func(*lineFacts) bool) func(*lineFacts) bool {
	return func(f *lineFacts) bool { return a(f) && b(f) }
}

// detectors stand in the order in which they run: the surest first.
var detectors = []detector{
	{name: "key", needs: hasRun(15), Regexp: regexp.MustCompile(`\b(?:sk|pk|rk)[-_](?:[a-zA-Z0-9]+[-_])*[A-Za-z0-9]{12,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abeprs]-[\w-]{10,}|\bA(?:KIA|SIA)[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?`)},
	{name: "key", group: 1, needs: has("bearer"), Regexp: regexp.MustCompile(`(?i)\bbearer\s+([\w.~+/=-]{12,})`)},
	{name: "key", group: 1, needs: both(has("pass", "wort", "contraseña", "senha", "pin", "otp", "tan", "cvv", "cvc", "secret", "key", "token", "code"), has(":", "=", " is ", " ist ", " est ", " es ", " was ", " lautet ", " é ")), Regexp: regexp.MustCompile(`(?i)\b(?:pass(?:word|wort|code|phrase)?|kennwort|mot de passe|contraseña|senha|wachtwoord|pin|otp|tan|cvv|cvc|secret|api[ _-]?key|token|verification code|bestätigungscode)(?:\s+(?:is|ist|lautet|est|es|was|é)\s*:?|\s*[:=])\s*["'»„]?([^\s"'«“,;]{3,})`), valid: secret},
	{name: "key", group: 1, needs: both(has("://"), has("@")), Regexp: regexp.MustCompile(`://([^\s/@:]+:[^\s/@]+)@`)},
	{name: "email", needs: has("@", "(at)", "[at]"), Regexp: regexp.MustCompile(`[\p{L}\p{N}._%+'-]+\s?(?:@|\(at\)|\[at\])\s?(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+\p{L}{2,}`), valid: address},
	{name: "iban", needs: hasDigits(10), Regexp: regexp.MustCompile(`(?i)\b[a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,30}`), valid: iban},
	{name: "card", needs: hasDigits(13), Regexp: regexp.MustCompile(`\b[2-6]\d{3}(?:[ -]?\d){9,15}\b`), valid: card},
	{name: "ip", needs: both(hasDigits(4), func(f *lineFacts) bool { return f.dots >= 3 }), Regexp: regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b`), valid: ip},
	{name: "ip", needs: func(f *lineFacts) bool { return f.colons >= 2 }, Regexp: regexp.MustCompile(`(?i)(?:[0-9a-f]{1,4}:|::)[0-9a-f:]{0,40}:[0-9a-f:.]{0,40}`), valid: ip},
	{name: "key", needs: hasRun(32), Regexp: regexp.MustCompile(`\b[A-Za-z0-9+/_-]{32,}={0,2}`), valid: random},
	{name: "number", needs: hasDigits(9), Regexp: regexp.MustCompile(`\b\d{3}-\d{2}-\d{4}\b`)}, // of US social security
	{name: "phone", group: 1, needs: hasDigits(6), Regexp: regexp.MustCompile(`(?i)\b(?:tel(?:efon|éfono|efono|efone|efoon)?|tél(?:éphone)?|phone|mobile?|mobil|móvil|handy|cell|fax|whatsapp|call(?:ed)? (?:me|us)(?: back)? (?:at|on|under)|reach (?:me|us) (?:at|on)|erreichbar unter|number is|nummer (?:ist|lautet))(?:\s*(?:no|nr|number|nummer))?\.?\s*[:.]?\s*(\+?\(?\d[\d\s()./-]{4,30}\d)`), valid: phone},
	{name: "phone", needs: hasDigits(6), Regexp: regexp.MustCompile(`(?:\+|\b00)\s?\(?[1-9]\d{0,2}\)?(?:[\s./-]?\(?\d{1,5}\)?){2,7}`), valid: phone},
	{name: "phone", needs: hasDigits(10), Regexp: regexp.MustCompile(`(?:\b1[-. ])?\(?\b\d{3}\)?[-. ]\d{3}[-. ]\d{4}\b`), valid: phone},
	{name: "phone", needs: hasDigits(8), Regexp: regexp.MustCompile(`\(?\b0\d{1,5}\)?(?:[\s/.-]{1,3}\d{1,8}){1,5}\b`), valid: national},
	{name: "phone", needs: hasDigits(9), Regexp: regexp.MustCompile(`\b[67]\d{2}(?:[ .]\d{2,3}){2,3}\b`), valid: phone}, // Spain
	{name: "address", needs: hasDigits(1), Regexp: streets},
	{name: "address", needs: hasDigits(2), Regexp: regexp.MustCompile(`\b[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}\b`)},                                                                                 // a postcode of the United Kingdom
	{name: "address", needs: both(hasDigits(5), has(",")), Regexp: regexp.MustCompile(`\p{Lu}[\p{L}.]+(?: \p{Lu}[\p{L}.]+){0,2}, [A-Z]{2} \d{5}(?:-\d{4})?\b`)},                                           // a city, state and ZIP code
	{name: "address", needs: hasDigits(4), Regexp: regexp.MustCompile(`\[address\](?:[,;]?\s+(?:[A-Z]{1,2}-)?\d{4,5}(?: ?[A-Z]{2})?\s+\p{Lu}[\p{L}-]+(?: (?:am|an der|im|a\.|/|\p{Lu}[\p{L}-]+)){0,2})`)}, // a city behind a street
	{name: "number", needs: hasDigits(9), Regexp: regexp.MustCompile(`\b\d(?:[ -]?\d){8,}\b`), valid: number},
	{name: "date", group: 1, needs: both(hasDigits(3), has("born", "birth", "dob", "d.o.b", "geb", "né", "naissance", "nacid", "nacimiento", "nat", "nascita")), Regexp: regexp.MustCompile(`(?i)\b(?:born(?: on)?|date of birth|d\.?o\.?b\.?|geboren am|geburtsdatum|geb\.|née? le|date de naissance|nacid[oa] el|fecha de nacimiento|nat[oa] il|data di nascita)\s*(?:is|ist)?\s*:?\s*(\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}\.? \p{L}+ \d{4}|\p{L}+ \d{1,2}(?:st|nd|rd|th)?,? \d{4})`)},
	{name: "name", group: 1, needs: has("name is", "this is", "called", "heiße", "heisse", "name ist", "appelle", "mon nom", "llamo", "mi nombre", "chiamo", "meu nome", "naam is"), Regexp: regexp.MustCompile(`(?:(?i:my name is|(?:hi|hello|hey)[,!]? this is|i am called|ich hei(?:ß|ss)e|mein name ist|je m['’]appelle|mon nom est|me llamo|mi nombre es|mi chiamo|meu nome é|mijn naam is))\s+(` + fullName + `)`), valid: personal},
}

// fullName matches up to four words in capitals.
const fullName = `(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herrn?|Frau|Sr|Sra|Mme|M|Sig|Dhr|Mevr)\.?\s+)?\p{Lu}[\p{L}'’.-]*(?:[ \t]+(?:(?:van|von|de|der|den|da|di|del|la|le|el|bin|al)[ \t]+){0,2}\p{Lu}[\p{L}'’.-]*){0,3}`

// greeting and closing match lines, and signed the line below a closing.
var (
	greeting = regexp.MustCompile(`^[ \t>*]*(?i:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hallo|liebe[rs]?|sehr geehrte[rs]?|guten (?:tag|morgen|abend)|moin|bonjour|bonsoir|cher|chère|hola|buenos días|buenas tardes|estimad[oa]|ciao|salve|buongiorno|gentile|beste|geachte|olá|prezad[oa]|caro|cara)[ \t,]+(` + fullName + `)`)

	closing = regexp.MustCompile(`^[ \t>*]*(?i:(?:best|kind|warm|many)?[ \t]*(?:regards|wishes)|best|thanks(?: a lot| so much| again)?|thank you(?: very much| so much)?|thx|cheers|sincerely|yours(?: sincerely| truly| faithfully)?|love|(?:viele|liebe|beste|schöne|mit (?:besten|freundlichen|lieben))[ \t]+gr(?:ü|ue)(?:ß|ss)en?|gruß|grüße|mfg|lg|vg|danke(?: schön| im voraus)?|vielen dank|cordialement|bien à vous|merci|saludos(?: cordiales)?|un saludo|atentamente|gracias|cordiali saluti|distinti saluti|saluti|grazie|(?:met )?vriendelijke groeten?|groet(?:en|jes)?|bedankt|atenciosamente|obrigad[oa]|cumprimentos)[ \t]*[,.!–-]*[ \t]*$`)

	signed = regexp.MustCompile(`^[ \t>*]*(` + fullName + `)[ \t]*$`)

	privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)`)

	streets = regexp.MustCompile(`\b\d{1,5}[a-zA-Z]?,?[ \t]+(?:(?:North|South|East|West|N|S|E|W)\.?[ \t]+)?(?:(?:\p{Lu}[\p{L}.'’-]*|\d{1,3}(?:st|nd|rd|th))[ \t]+){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Place|Pl|Terrace|Square|Sq|Close|Crescent|Parkway|Pkwy|Highway|Hwy)\b\.?(?:,?[ \t]+(?:Apt|Apartment|Suite|Unit|Flat|#)\.?[ \t]*[\w-]+)?` + // English
		`|\p{Lu}[\p{L}.-]*(?:[ \t]\p{Lu}[\p{L}.-]*){0,2}?[ -]?(?:straße|strasse|str\.|Straße|Strasse|Str\.|gasse|allee|Allee|platz|Platz|weg|Weg|ring|damm|ufer|straat|laan|plein|gracht|kade|dijk|singel)[ \t]+\d{1,4}[ \t]?[a-hA-H]?\b` + // German, Dutch
		`|\b\d{1,4}(?:[ \t](?:bis|ter))?,?[ \t]+(?i:rue|avenue|boulevard|bd|place|chemin|impasse|allée|quai|cours|route)[ \t]+(?:(?:de la|de l['’]|du|des|de|d['’]|la|le|les)[ \t]*)?\p{Lu}[\p{L}'’-]*(?:[ \t-]\p{Lu}[\p{L}'’-]*){0,3}` + // French
		`|\b(?:Calle|C/|Avenida|Avda\.?|Av\.|Plaza|Paseo|Carrer|Via|Viale|Piazza|Corso|Vicolo|Rua|Praça|Travessa)[ \t]+(?:(?:de la|de los|de|del|della|dei|di|da|do|dos|la|el)[ \t]+)?\p{Lu}[\p{L}'’.-]*(?:[ \t](?:de|di|da|del|\p{Lu}[\p{L}'’.-]*)){0,4},?[ \t]+(?:n[.º°]*[ \t]*)?\d{1,4}\b`) // Spanish, Italian, Portuguese
)

// notNames follow a greeting without being anybody's name.
var notNames = []string{
	"team", "there", "all", "everyone", "everybody", "support", "customer", "service", "sir", "madam", "sirs", "folks", "again", "kunde", "kundin", "kundenservice", "zusammen",
	"damen", "herren", "damen und herren", "client", "cliente", "équipe", "equipo", "i", "we", "the", "my", "ich", "can", "thanks", "thank", "how", "what", "is", "please", "could", "your",
	"order", "help", "hello", "hi", "sent", "from", "to", "it", "this", "that", "when", "why", "where", "do", "if", "yes", "no", "just", "great", "good", "not", "a", "an",
	"viele", "liebe", "beste", "schöne", "mit", "best", "kind", "warm", "many", "with", "regards", "thx", "danke", "merci", "gracias",
}

// Scrub returns text without the personal data in it. The names of the people
// in it, as far as they are known, make it more thorough.
func (s *Scrubber) Scrub(text string, names ...string) string {
	for name, pattern := range s.Patterns {
		text = pattern.ReplaceAllStringFunc(text, func(match string) string {
			if match == "" || s.kept(match) {
				return match
			}
			return "[" + name + "]"
		})
	}
	if strings.Contains(text, "PRIVATE KEY") {
		text = privateKey.ReplaceAllString(text, "[key]")
	}
	text = s.lines(text)
	seen := make(map[string]bool)
	for _, name := range names {
		if !seen[name] && len(seen) < maxNames {
			seen[name] = true
			text = s.name(text, name)
		}
	}
	return text
}

// maxNames bounds how many different names are looked for in one text.
const maxNames = 200

// longestName is how many bytes a line has at most that is a closing or a name.
const longestName = 80

// lines scrubs each line. The line below a closing such as "Best regards," is a
// name if it looks like one.
func (s *Scrubber) lines(text string) string {
	var out strings.Builder
	out.Grow(len(text))
	closed := false
	for line := range strings.Lines(text) {
		body := strings.TrimRight(line, "\n")
		end := line[len(body):]
		if strings.TrimSpace(body) == "" {
			out.WriteString(line)
			continue
		}
		if closed && len(body) <= longestName {
			body = s.replace(body, detector{name: "name", group: 1, Regexp: signed, valid: personal})
		}
		closed = len(body) <= longestName && closing.MatchString(body)
		if found := greeting.FindStringSubmatchIndex(body[:min(len(body), 4*longestName)]); found != nil && !closed {
			if n := personal(body[found[2]:found[3]]); n > 0 && !s.kept(body[found[2]:found[2]+n]) {
				body = body[:found[2]] + "[name]" + body[found[2]+n:]
			}
		}
		facts := factsOf(body)
		for _, d := range detectors {
			if d.needs(facts) {
				body = s.replace(body, d)
			}
		}
		out.WriteString(body)
		out.WriteString(end)
	}
	return out.String()
}

func (s *Scrubber) kept(match string) bool {
	return slices.ContainsFunc(s.Keep, func(keep string) bool {
		if strings.HasPrefix(keep, "@") {
			return strings.HasSuffix(strings.ToLower(match), strings.ToLower(keep))
		}
		if digits := digitsOf(keep); len(digits) >= 5 && digits == digitsOf(match) {
			return true
		}
		return strings.EqualFold(strings.TrimSpace(match), keep)
	})
}

func (s *Scrubber) replace(text string, d detector) string {
	var out strings.Builder
	done := 0
	for at := 0; at < len(text); {
		found := d.FindStringSubmatchIndex(text[at:])
		if found == nil {
			break
		}
		start, end := at+found[2*d.group], at+found[2*d.group+1]
		if d.valid != nil {
			if n := d.valid(text[start:end]); n > 0 {
				end = start + n
			} else {
				end = start
			}
		}
		if end > start && d.name != "name" && d.group == 0 && wordBefore(text, start) {
			end = start // it is the rest of something else, like the 9281 of ORD-9281
		}
		if end == start || s.kept(text[start:end]) {
			// Look on behind the first character of the match, unless that
			// would take long.
			_, size := utf8.DecodeRuneInString(text[at+found[0]:])
			switch {
			case end > start:
				at = end
			case found[1]-found[0] > 64:
				at += found[1]
			default:
				at += found[0] + max(size, 1)
			}
			continue
		}
		out.WriteString(text[done:start])
		out.WriteString("[" + d.name + "]")
		done, at = end, end
	}
	if done == 0 {
		return text
	}
	out.WriteString(text[done:])
	return out.String()
}

// wordBefore reports whether a match begins within a word.
func wordBefore(text string, start int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	first, _ := utf8.DecodeRuneInString(text[start:])
	return (unicode.IsLetter(before) || unicode.IsDigit(before)) && (unicode.IsLetter(first) || unicode.IsDigit(first))
}

// name replaces a person's name, and its parts where they begin with a capital.
func (s *Scrubber) name(text, name string) string {
	name = oneLine(name)
	if utf8.RuneCountInString(name) < 2 || strings.Contains(name, "@") || s.kept(name) {
		return text
	}
	text = replaceWord(text, name, true)
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' && r != '\'' && r != '’' }) {
		first, _ := utf8.DecodeRuneInString(part)
		if utf8.RuneCountInString(part) >= 3 && unicode.IsUpper(first) && !slices.Contains(notNames, strings.ToLower(part)) && !s.kept(part) {
			text = replaceWord(text, part, false)
		}
	}
	return text
}

// replaceWord replaces a word. Scripts that put no spaces between words know no
// borders of words.
func replaceWord(text, word string, anyCase bool) string {
	expression := regexp.QuoteMeta(word)
	if anyCase {
		expression = "(?i)" + strings.ReplaceAll(expression, " ", `\s+`)
	}
	pattern, err := regexp.Compile(expression)
	if err != nil {
		return text
	}
	letter := func(r rune) bool {
		return unicode.IsLetter(r) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Hangul)
	}
	var out strings.Builder
	done := 0
	for _, at := range pattern.FindAllStringIndex(text, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
		after, _ := utf8.DecodeRuneInString(text[at[1]:])
		if letter(before) || letter(after) {
			continue
		}
		out.WriteString(text[done:at[0]])
		out.WriteString("[name]")
		done = at[1]
	}
	out.WriteString(text[done:])
	return out.String()
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, text)
}

// phone accepts what has as many digits as a telephone number and is no date.
func phone(match string) int {
	trimmed := strings.TrimRight(match, " \t\n./-(")
	if n := len(digitsOf(trimmed)); n < 6 || n > 15 || isDate(trimmed) {
		return 0
	}
	return len(trimmed)
}

// national accepts numbers that begin with 0, as they do in most countries.
func national(match string) int {
	if n := len(digitsOf(match)); n < 8 {
		return 0
	}
	return phone(match)
}

var dates = regexp.MustCompile(`^(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})(?:[ T].*)?$`)

func isDate(text string) bool { return dates.MatchString(text) }

func number(match string) int {
	if isDate(match) || len(match) >= 10 && isDate(match[:10]) {
		return 0
	}
	return len(match)
}

// secret accepts what stands behind "password:" unless it is a usual word there.
func secret(match string) int {
	match = strings.TrimRight(match, ".!?)")
	switch strings.ToLower(match) {
	case "reset", "the", "not", "wrong", "incorrect", "invalid", "expired", "abgelaufen", "falsch", "required", "correct", "too", "sent", "your", "always", "never", "still", "now", "nicht", "missing", "being", "must", "stored", "only", "valid", "case", "working", "and", "zurücksetzen", "ungültig", "pas", "incorrecta":
		return 0
	}
	if strings.HasPrefix(match, "[") {
		return 0
	}
	return len(match)
}

// address drops the punctuation around a mail address.
func address(match string) int { return len(strings.TrimRight(match, ".'")) }

// random accepts what no person would write: a long part in which letters and
// digits mix.
func random(match string) int {
	for _, part := range strings.FieldsFunc(match, func(r rune) bool { return r == '-' || r == '_' || r == '/' }) {
		if digits := len(digitsOf(part)); len(part) >= 12 && digits >= 3 && digits < len(part) {
			return len(match)
		}
	}
	return 0
}

// ip accepts what can be parsed as an address.
func ip(match string) int {
	match = strings.TrimRight(match, ".:")
	if _, err := netip.ParseAddr(match); err != nil {
		return 0
	}
	return len(match)
}

// card accepts digits with the check digit of payment cards (ISO/IEC 7812-1).
func card(match string) int {
	for end := len(match); end > 0; end-- {
		digits := digitsOf(match[:end])
		if len(digits) < 13 {
			return 0
		}
		if match[end-1] < '0' || len(digits) > 19 {
			continue
		}
		sum := 0
		for i := range digits {
			digit := int(digits[len(digits)-1-i] - '0')
			if i%2 == 1 {
				if digit *= 2; digit > 9 {
					digit -= 9
				}
			}
			sum += digit
		}
		if sum%10 == 0 {
			return end
		}
		if end < len(match) && match[end] >= '0' && match[end] <= '9' {
			continue
		}
	}
	return 0
}

// iban accepts an IBAN with its check digits (ISO 13616), which may be followed
// by other words.
func iban(match string) int {
	for end := len(match); end >= 15; end-- {
		if c := match[end-1]; c == ' ' || c == '-' || end < len(match) && match[end] != ' ' && match[end] != '-' {
			continue
		}
		compact := strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(match[:end]))
		if len(compact) < 15 || len(compact) > 34 {
			continue
		}
		rest := 0
		for _, c := range compact[4:] + compact[:4] {
			if c >= 'A' {
				rest = (rest*100 + int(c-'A') + 10) % 97
			} else {
				rest = (rest*10 + int(c-'0')) % 97
			}
		}
		if rest == 1 {
			return end
		}
	}
	return 0
}

// personal accepts names as far as they are some.
func personal(match string) int {
	for word := range strings.FieldsSeq(strings.ToLower(match)) {
		word = strings.Trim(word, ".,'’-")
		if slices.Contains(titles, word) {
			continue
		}
		if slices.Contains(notNames, word) {
			return 0
		}
		break
	}
	return len(strings.TrimRight(match, ".-'’"))
}

// titles stand before a name.
var titles = []string{"mr", "mrs", "ms", "miss", "dr", "prof", "herr", "herrn", "frau", "sr", "sra", "mme", "m", "sig", "dhr", "mevr"}
