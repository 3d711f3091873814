package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fault is one thing that is wrong with the arguments of a call.
type Fault struct {
	Path    string // where, as a programmer writes it: items[0].qty; "" is the whole
	Pointer string // where, as a JSON Pointer (RFC 6901): /items/0/qty
	Message string // what to do about it: must be >= 1 (got 0)
}

// Limits on what a fault shows.
const (
	maxLines     = 8   // faults listed by Describe
	maxShown     = 80  // runes of a value or a name
	maxMessage   = 400 // runes of one message
	maxNames     = 20  // names in a list of allowed ones
	maxHintRunes = 120 // runes of a description given as a hint
)

// Describe is the message a model reads about a call it has to correct: at
// most 8 faults, one a line, and how many more there are. It is "" when there
// are none.
func Describe(tool string, faults []Fault) string {
	if len(faults) == 0 {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Invalid arguments for %s. Fix these and call it again:", tool)
	for i, fault := range faults {
		if i == maxLines {
			fmt.Fprintf(&text, "\n- … and %d more", len(faults)-maxLines)
			break
		}
		path := fault.Path
		if path == "" {
			path = "arguments"
		}
		fmt.Fprintf(&text, "\n- %s: %s", path, fault.Message)
	}
	return text.String()
}

// Key extends a path by a property name. Names that would read as syntax are
// quoted, and cut to 80 runes.
func Key(path, name string) string {
	if !isPlainName(name) {
		return path + "[" + quote(cut(name, maxShown)) + "]"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// Index extends a path by a position in an array.
func Index(path string, i int) string {
	return path + "[" + strconv.Itoa(i) + "]"
}

func isPlainName(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= maxShown &&
		!strings.ContainsFunc(name, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-$@", r)
		})
}

// faultAt builds a fault from the place's tokens, which the document tells to
// be names or positions.
func faultAt(document any, tokens []string, message string) Fault {
	fault := Fault{Message: cut(oneLine(message), maxMessage)}
	at := document
	var path, pointer strings.Builder
	for _, token := range tokens {
		pointer.WriteString("/" + strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1"))
		if items, ok := at.([]any); ok {
			path.WriteString("[" + token + "]")
			at = item(items, token)
			continue
		}
		extended := Key(path.String(), token)
		path.Reset()
		path.WriteString(extended)
		members, _ := at.(map[string]any)
		at = members[token]
	}
	fault.Path, fault.Pointer = path.String(), pointer.String()
	return fault
}

// oneLine keeps a schema's pattern or name from starting a line of its own.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// valueAt finds the value at a place.
func valueAt(document any, tokens []string) any {
	for _, token := range tokens {
		switch at := document.(type) {
		case []any:
			document = item(at, token)
		case map[string]any:
			document = at[token]
		default:
			return nil
		}
	}
	return document
}

func item(items []any, token string) any {
	if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(items) {
		return items[i]
	}
	return nil
}

// typeOf names a decoded value's JSON type.
func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return booleanKind
	case json.Number:
		return numberKind
	case string:
		return stringKind
	case []any:
		return arrayKind
	default:
		return objectKind
	}
}

// show writes a value as JSON, cut to 80 runes.
func show(value any) string {
	switch value := value.(type) {
	case string:
		return quote(cut(value, maxShown))
	case json.Number:
		return cut(value.String(), maxShown)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return typeOf(value)
	}
	return cut(string(text), maxShown)
}

// showRational writes a schema's bound as a decimal number.
func showRational(number *big.Rat) string {
	if number.IsInt() {
		return number.Num().String()
	}
	decimal, _ := number.Float64()
	return strconv.FormatFloat(decimal, 'f', -1, 64)
}

// list writes values with commas, at most maxNames of them.
func list(values []any) string {
	var shown []string
	for i, value := range values {
		if i == maxNames {
			shown = append(shown, "…")
			break
		}
		shown = append(shown, show(value))
	}
	return strings.Join(shown, ", ")
}

// quote writes a string as JSON without escaping what only HTML minds.
func quote(text string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return `""`
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func cut(text string, limit int) string {
	count := 0
	for i := range text {
		if count == limit {
			return text[:i] + "…"
		}
		count++
	}
	return text
}

// secretWords are the words of a property name that tell of a secret, whose
// value must never be echoed into a transcript or a log.
var secretWords = map[string]bool{
	"password": true, "passwords": true, "passwd": true, "pwd": true, "passphrase": true, "passcode": true,
	"secret": true, "secrets": true, "token": true, "tokens": true, "key": true, "keys": true, "apikey": true,
	"credential": true, "credentials": true, "auth": true, "authorization": true, "bearer": true, "jwt": true,
	"cookie": true, "card": true, "cards": true, "creditcard": true, "cardnumber": true, "pan": true,
	"cvv": true, "cvv2": true, "cvc": true, "csc": true, "pin": true, "otp": true, "totp": true, "ssn": true,
	"iban": true, "cpf": true,
}

// secretParts are long enough to tell a secret inside a word.
var secretParts = []string{"password", "passwd", "passphrase", "secret", "token", "apikey", "credential", "cardnumber", "creditcard"}

// namesSecret reports whether a property name smells of a secret.
func namesSecret(name string) bool {
	lower := strings.ToLower(name)
	for _, part := range secretParts {
		if strings.Contains(lower, part) {
			return true
		}
	}
	start, previous := 0, rune(0)
	for i, r := range name {
		isWord := unicode.IsLetter(r) || unicode.IsDigit(r)
		startsWord := unicode.IsUpper(r) && unicode.IsLower(previous)
		if !isWord || startsWord {
			if secretWords[strings.ToLower(name[start:i])] {
				return true
			}
			start = i
			if !isWord {
				start += utf8.RuneLen(r)
			}
		}
		previous = r
	}
	return start <= len(name) && secretWords[strings.ToLower(name[start:])]
}
