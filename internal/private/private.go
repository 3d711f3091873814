// Package private finds personal data and secrets in text: what a customer should
// not have sent, and what a reply should not tell. It would rather miss some than take
// the number of an order for a telephone number.
package private

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Kind says what a finding is.
type Kind string

// The kinds.
const (
	Email        Kind = "email"
	Phone        Kind = "phone"
	IBAN         Kind = "iban"
	Card         Kind = "card"          // the number of a payment card
	SecurityCode Kind = "security_code" // of a payment card
	Key          Kind = "key"           // to an interface or a machine
	Password     Kind = "password"
)

// Finding is where a value stands in a text, in bytes.
type Finding struct {
	Kind       Kind
	Start, End int
}

type detector struct {
	kind   Kind
	needs  func(*traits) bool
	regexp *regexp.Regexp
	group  int
	valid  func(string) int // how much of a match is the value
}

// traits are what is known of a text before any expression runs over it.
type traits struct {
	text    string
	lower   string
	grouped int  // most digits with nothing but their usual signs between them
	account bool // two letters before two digits
	longest int  // run without white space, in bytes
}

func traitsOf(text string) *traits {
	t := &traits{text: text}
	run, digits := 0, 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case isDigit(c):
			if digits++; digits > t.grouped {
				t.grouped = digits
			}
			t.account = t.account || i >= 3 && isDigit(text[i-1]) && isLetter(text[i-2]) && isLetter(text[i-3])
		case c > ' ' && strings.IndexByte("-./()+", c) < 0:
			digits = 0
		}
		if c == ' ' || c == '\n' || c == '\t' {
			run = 0
			continue
		}
		if run++; run > t.longest {
			t.longest = run
		}
	}
	return t
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func (t *traits) has(parts ...string) bool {
	if t.lower == "" {
		t.lower = strings.ToLower(t.text)
	}
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(t.lower, part) })
}

var detectors = []detector{
	{Key, func(t *traits) bool { return strings.Contains(t.text, "-----BEGIN") }, regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)`), 0, nil},
	{Key, func(t *traits) bool { return t.longest >= 15 }, regexp.MustCompile(`\b(?:sk|pk|rk)[-_](?:[a-zA-Z0-9]+[-_])*[A-Za-z0-9]{12,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abeprs]-[\w-]{10,}|\bA(?:KIA|SIA)[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?`), 0, nil},
	{Key, func(t *traits) bool { return t.longest >= 12 && t.has("bearer") }, regexp.MustCompile(`(?i)\bbearer\s+([\w.~+/=-]{16,})`), 1, nil},
	{Key, func(t *traits) bool { return strings.Contains(t.text, "://") && strings.Contains(t.text, "@") }, regexp.MustCompile(`://([^\s/@:]+:[^\s/@]+)@`), 1, nil},
	{Password, func(t *traits) bool {
		return t.has("passwor", "passwort", "kennwort", "mot de passe", "contraseña", "senha", "wachtwoord", "passphrase", "hasło", "şifre")
	}, regexp.MustCompile(`(?i)\b(?:password|passwort|kennwort|passphrase|mot de passe|contraseña|senha|wachtwoord|hasło|şifre)(?:\s+(?:is|ist|lautet|est|es|was|é|to)\s*:?|\s*[:=])\s*["'»„]?([^\s"'«“,;]{4,})`), 1, secret},
	{IBAN, func(t *traits) bool { return t.account }, regexp.MustCompile(`(?i)\b[a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,30}`), 0, iban},
	{Card, func(t *traits) bool { return t.grouped >= 13 }, regexp.MustCompile(`\b(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|3[47]\d{2}|6(?:011|5\d{2}))(?:[ -]?\d){9,15}\b`), 0, card},
	{SecurityCode, func(t *traits) bool {
		return t.grouped >= 3 && t.has("cvv", "cvc", "csc", "security code", "prüfnummer", "cryptogramme", "código de seguridad")
	}, regexp.MustCompile(`(?i)\b(?:cvv2?|cvc2?|csc|(?:card )?security code|prüfnummer|cryptogramme|código de seguridad)\s*(?:is|ist|est|es|:|=)?\s*:?\s*(\d{3,4})\b`), 1, nil},
	{Email, func(t *traits) bool { return strings.Contains(t.text, "@") }, regexp.MustCompile(`[\p{L}\p{N}._%+'-]+@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+\p{L}{2,}`), 0, nil},
	{Phone, func(t *traits) bool { return t.grouped >= 7 && strings.ContainsAny(t.text, "+0") }, regexp.MustCompile(`(?:\+|\b00)\s?\(?[1-9]\d{0,2}\)?(?:[\s./-]?\(?\d{1,5}\)?){2,7}`), 0, phone},
	{Phone, func(t *traits) bool {
		return t.grouped >= 7 && t.has("tel", "phone", "tél", "mobil", "móvil", "handy", "whatsapp", "call")
	}, regexp.MustCompile(`(?i)\b(?:tel(?:efon|éfono|efono|efone|efoon)?|tél(?:éphone)?|phone|mobile?|mobil|móvil|handy|whatsapp|call (?:me|us|them|him|her) (?:at|on|under))(?: (?:number|nummer|is|ist))*\.?\s*[:.]?\s*(\+?\(?\d[\d\s()./-]{5,30}\d)`), 1, phone},
	{Phone, func(t *traits) bool { return t.grouped >= 10 }, regexp.MustCompile(`\(?\b\d{3}\)?[-. ]\d{3}[-. ]\d{4}\b`), 0, phone},
}

// Find returns the personal data and secrets of a text, in their order.
func Find(text string) []Finding { return find(text, func(Kind) bool { return true }) }

// Secrets returns what a customer should never have sent: numbers and codes of
// payment cards, keys and passwords.
func Secrets(text string) []Finding {
	return find(text, func(kind Kind) bool { return kind == Card || kind == SecurityCode || kind == Key || kind == Password })
}

func find(text string, wanted func(Kind) bool) []Finding {
	t := traitsOf(text)
	var found []Finding
	for i := range detectors {
		d := &detectors[i]
		if !wanted(d.kind) || !d.needs(t) {
			continue
		}
		for _, at := range d.regexp.FindAllStringSubmatchIndex(text, -1) {
			start, end := at[2*d.group], at[2*d.group+1]
			if d.valid != nil {
				if end = start + d.valid(text[start:end]); end == start {
					continue
				}
			}
			if !slices.ContainsFunc(found, func(f Finding) bool { return start < f.End && f.Start < end }) {
				found = append(found, Finding{d.kind, start, end})
			}
		}
	}
	slices.SortFunc(found, func(a, b Finding) int { return cmp.Compare(a.Start, b.Start) })
	return found
}

// Replace puts something else in the place of what was found.
func Replace(text string, findings []Finding, with func(kind Kind, value string) string) string {
	var b strings.Builder
	from := 0
	for _, f := range findings {
		b.WriteString(text[from:f.Start])
		b.WriteString(with(f.Kind, text[f.Start:f.End]))
		from = f.End
	}
	b.WriteString(text[from:])
	return b.String()
}

// Normal is a value in the form in which two spellings of it are the same.
func Normal(kind Kind, value string) string {
	switch kind {
	case Email:
		return strings.ToLower(value)
	case Phone:
		return strings.TrimLeft(digitsOf(value), "0")
	case IBAN, Card:
		return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(value))
	default:
		return value
	}
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, text)
}

var date = regexp.MustCompile(`^(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})(?:[ T].*)?$`)

func phone(match string) int {
	trimmed := strings.TrimRight(match, " \t\n./-(")
	if n := len(digitsOf(trimmed)); n < 7 || n > 15 || date.MatchString(trimmed) {
		return 0
	}
	return len(trimmed)
}

// secret accepts what stands behind "password:" unless it is a usual word there.
func secret(match string) int {
	match = strings.TrimRight(match, ".!?)")
	switch strings.ToLower(match) {
	case "reset", "wrong", "incorrect", "invalid", "expired", "abgelaufen", "falsch", "required", "correct", "sent", "your", "always", "never", "still", "nicht", "missing", "being", "must", "stored", "only", "valid", "working", "zurücksetzen", "ungültig", "incorrecta", "protected", "change", "changed", "something", "access", "that", "this", "with", "safe", "secure", "forgotten", "weak", "strong", "case-sensitive", "hidden", "not":
		return 0
	}
	if strings.HasPrefix(match, "[") {
		return 0
	}
	return len(match)
}

// card accepts digits with the check digit of payment cards (ISO/IEC 7812-1).
func card(match string) int {
	digits := digitsOf(match)
	if n := len(digits); n < 13 || n > 19 || n != 15 && n != 16 && n != 13 && n != 19 {
		return 0
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
	if sum%10 != 0 {
		return 0
	}
	return len(match)
}

// iban accepts an IBAN with its check digits (ISO 13616), which may be followed by
// other words.
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
