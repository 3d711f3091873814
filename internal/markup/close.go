package markup

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"
)

// The kinds of what [Close] takes out.
const (
	Link    = "link"
	Image   = "image"
	HTMLTag = "html"
	Control = "control"
)

// removed stands where the address of a link was.
const removed = "[link removed]"

// inlineLink matches a link or image of Markdown in its simple form.
var inlineLink = regexp.MustCompile(`(!?)\[([^\[\]\n]{0,300})\]\([ \t]*<?([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)?)>?(?:[ \t]+(?:"[^"\n]*"|'[^'\n]*'))?[ \t]*\)`)

// kept marks a link that stays, while the rest is looked at. The character is of no
// use in text, and taken out before.
const kept = '\ue000'

// Close reduces a reply to plain text with a closed subset of Markdown: emphasis,
// lists, code, quotes, headings, and links to allowed hosts, bare or as [text](https://…).
// Links to others lose their address, images and HTML go. changed tells of what kinds
// something was taken out.
//
// What it does with a part of a text does not depend on the rest, if the parts are
// whole sentences: Close(a) + Close(b) is as good as Close(a + b).
func Close(text string, links *Links) (closed string, changed []string) {
	if plain(text) {
		return text, nil
	}
	seen := visible(text)
	note := func(kind string) {
		if !slices.Contains(changed, kind) {
			changed = append(changed, kind)
		}
	}
	if seen != text {
		note(Control)
	}
	var whole []string // the links that stay
	seen = inlineLink.ReplaceAllStringFunc(seen, func(found string) string {
		parts := inlineLink.FindStringSubmatch(found)
		label, target := parts[2], parts[3]
		switch {
		case parts[1] == "!":
			note(Image)
			return label
		case allowed(target, links) && !addressLike(label):
			whole = append(whole, "["+broken(label, note)+"]("+target+")")
			return string(kept)
		default:
			note(Link)
			return label
		}
	})
	seen = chunks(seen, func(chunk string) string {
		return judge(chunk, links, note)
	})
	seen = broken(seen, note)
	if len(whole) > 0 {
		parts := strings.Split(seen, string(kept))
		var b strings.Builder
		for i, part := range parts {
			b.WriteString(part)
			if i < len(whole) && i < len(parts)-1 {
				b.WriteString(whole[i])
			}
		}
		seen = b.String()
	}
	return seen, changed
}

// plain reports whether nothing in a text could be markup or an address.
func plain(text string) bool {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(text[i:])
			if size == 1 || hidden(0, r, 0) || r >= 0xff00 && r <= 0xffef || r == '。' || r == '․' || r >= 0x1d400 && r <= 0x1d7ff || r >= 0x2460 && r <= 0x24ff {
				return false
			}
			i += size - 1
		case c < ' ' && c != '\n' && c != '\t', c == 0x7f, c == '<', c == '&', c == '\\', c == '%', c == '{':
			return false
		case c == '.' && i+1 < len(text) && text[i+1] > ' ' && text[i+1] != '.' && text[i+1] != '"' && text[i+1] != ')' && (text[i+1] < '0' || text[i+1] > '9'),
			c == ':' && i+1 < len(text) && text[i+1] > ' ' && (text[i+1] < '0' || text[i+1] > '9'),
			c == '/' && i+1 < len(text) && text[i+1] == '/',
			c == ']' && i+1 < len(text) && (text[i+1] == '(' || text[i+1] == '[' || text[i+1] == ':'),
			c == '!' && i+1 < len(text) && text[i+1] == '[':
			return false
		}
	}
	return true
}

// chunks applies a function to what stands between white space.
func chunks(text string, f func(string) string) string {
	var b strings.Builder
	b.Grow(len(text))
	for len(text) > 0 {
		space := strings.IndexFunc(text, unicode.IsSpace)
		if space < 0 {
			b.WriteString(f(text))
			break
		}
		if space > 0 {
			b.WriteString(f(text[:space]))
		}
		_, size := utf8.DecodeRuneInString(text[space:])
		b.WriteString(text[space : space+size])
		text = text[space+size:]
	}
	return b.String()
}

const (
	opening = "(\"'*_`“„«‹[{>~-"
	closing = ")\"'*_`”“»›]}.,;:!?~…"
)

// bare is a piece of text without the punctuation around it.
func bare(text string) string { return strings.TrimRight(strings.TrimLeft(text, opening), closing) }

// judge decides about a piece of text without white space.
func judge(chunk string, links *Links, note func(string)) string {
	if !strings.ContainsAny(chunk, ".:/\\&%@。．｡․") || !addressLike(chunk) {
		return chunk
	}
	core := strings.TrimLeft(chunk, opening)
	before := chunk[:len(chunk)-len(core)]
	trimmed := strings.TrimRight(core, closing)
	after := core[len(trimmed):]
	core = trimmed
	if strings.ContainsRune(core, kept) {
		// Nothing may be glued to a link that stays.
		note(Link)
		return string(kept)
	}
	switch {
	case allowed(core, links):
		return chunk
	case bareDomain.MatchString(core) && mayName(core, links):
		return chunk
	case mail.MatchString(core):
		return chunk
	}
	if address, ok := strings.CutPrefix(strings.ToLower(core), "mailto:"); ok && mail.MatchString(address) {
		note(Link)
		return before + core[len("mailto:"):] + after
	}
	note(Link)
	if bareDomain.MatchString(core) {
		if sentence, ok := splitSentence(core); ok {
			return before + sentence + after
		}
		return before + strings.ReplaceAll(core, ".", "[.]") + after
	}
	return before + removed + after
}

var (
	mail       = regexp.MustCompile(`^[\p{L}\p{N}._%+'-]+@(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}$`)
	bareDomain = regexp.MustCompile(`^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}$`)
	strict     = regexp.MustCompile("^https?://([A-Za-z0-9.-]+)(?::[0-9]{1,5})?(?:[/?#][^\\s<>\"`\\\\|{}^]*)?$")
)

// allowed reports whether an address is written plainly and may be linked to.
func allowed(address string, links *Links) bool {
	parts := strict.FindStringSubmatch(address)
	if parts == nil || strings.HasSuffix(parts[1], ".") || !links.Allows(parts[1]) {
		return false
	}
	parsed, err := url.Parse(address)
	return err == nil && parsed.User == nil && strings.EqualFold(parsed.Hostname(), parts[1])
}

// mayName reports whether a domain that a renderer may make a link of is allowed.
func mayName(domain string, links *Links) bool { return links.Allows(domain) }

// splitSentence puts the space back that is missing between two sentences
// ("sent.It").
func splitSentence(core string) (string, bool) {
	word, next, ok := strings.Cut(core, ".")
	if !ok || strings.Contains(next, ".") || len(next) > 3 || len(next) < 2 || next[0] < 'A' || next[0] > 'Z' || next[1] < 'a' || word != strings.ToLower(word) {
		return "", false
	}
	return word + ". " + next, true
}

// schemes are what an address can begin with so that somebody follows it.
var schemes = regexp.MustCompile(`(?:^|[^\p{L}\p{N}])(?:https?|hxxps?|ftps?|sftp|wss?|javascript|vbscript|livescript|data|file|blob|filesystem|about|mailto|tel|sms|callto|skype|slack|tg|whatsapp|intent|market|itms|ms-[a-z]+|view-source|jar|feed|ssh|git|magnet|steam|ldap|gopher|cid|mid|irc|chrome|resource|x-[a-z-]+):[^\s]`)

// domains match what looks like a host's name.
var domains = regexp.MustCompile(`(?:^|[^\p{L}\p{N}@.-])((?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+(?:[\p{L}]{2,}|xn--[a-z0-9-]+))\.?(?:$|[^\p{L}\p{N}.@-])`)

// relative matches an address without its scheme.
var relative = regexp.MustCompile(`(?:^|[^\p{L}\p{N}:])//[\p{L}\p{N}\[]`)

var numericHost = regexp.MustCompile(`(?:^|[^\p{L}\p{N}.])(?:0x[0-9a-f]+|\d{1,3})(?:\.(?:0x[0-9a-f]+|\d{1,3})){3}(?::\d+)?/`)

// files are endings of file names that are top-level domains too.
var files = map[string]bool{"md": true, "zip": true, "py": true, "sh": true, "rs": true, "pl": true, "ps": true, "mov": true, "app": true, "so": true}

// addressLike reports whether a renderer, a chat client or a person could take a piece
// of text for an address, in any spelling.
func addressLike(text string) bool {
	text = decoded(text)
	if strings.Contains(text, "://") || relative.MatchString(text) || schemes.MatchString(text) || numericHost.MatchString(text) || strings.Contains(text, "www.") {
		return true
	}
	for _, found := range domains.FindAllStringSubmatch(text, -1) {
		host := found[1]
		suffix, icann := publicsuffix.PublicSuffix(host)
		if !icann && !strings.Contains(suffix, ".") && !strings.HasPrefix(suffix, "xn--") {
			continue
		}
		if strings.Count(host, ".") == 1 && files[suffix] && !strings.Contains(text, host+"/") {
			continue
		}
		return true
	}
	return strings.Contains(text, "@") && mail.MatchString(bare(text)) && strings.Contains(text, ":")
}

// decoded is a text as it is read in the end: entities, percent signs, backslashes,
// look-alike dots and what is not seen resolved.
func decoded(text string) string {
	for range 3 {
		next := html.UnescapeString(text)
		if unescaped, err := url.PathUnescape(next); err == nil {
			next = unescaped
		}
		next = visible(norm.NFKC.String(next))
		next = lookalikes.Replace(next)
		if next == text {
			break
		}
		text = next
	}
	return strings.ToLower(text)
}

var lookalikes = strings.NewReplacer("\\", "/", "。", ".", "．", ".", "｡", ".", "․", ".", "∕", "/", "⁄", "/", "։", ":", "∶", ":", "ː", ":")

// template matches what template engines would evaluate.
var template = regexp.MustCompile(`\{([{%#])|([$#@])\{`)

// entityTag matches what becomes a tag when it is decoded once more.
var entityTag = regexp.MustCompile(`(?i)(?:&(?:amp;)*(?:lt;?|#0*60;?|#x0*3c;?)|%(?:25)*3c|\\+u003c|\\+x3c)(\s*[\p{L}/!?%])`)

// tag matches what could begin an element, a comment or an instruction.
var tag = regexp.MustCompile(`<([\p{L}/!?%])`)

// broken takes the meaning for renderers out of brackets.
func broken(text string, note func(string)) string {
	if strings.IndexByte(text, '<') >= 0 && tag.MatchString(text) {
		note(HTMLTag)
		text = tag.ReplaceAllString(text, "‹$1")
	}
	if entityTag.MatchString(text) {
		note(HTMLTag)
		text = entityTag.ReplaceAllString(text, "‹$1")
	}
	if strings.IndexByte(text, '{') >= 0 && template.MatchString(text) {
		note(HTMLTag)
		for template.MatchString(text) {
			text = template.ReplaceAllString(text, "$2 { $1")
			text = strings.NewReplacer(" { {", "{ {", " { %", "{ %", " { #", "{ #").Replace(text)
		}
	}
	if strings.Contains(text, "](") {
		note(Link)
		text = strings.ReplaceAll(text, "](", "] (")
	}
	if strings.Contains(text, "![") {
		note(Image)
		text = strings.ReplaceAll(text, "![", "! [")
	}
	return text
}

// Plain makes of any text one that people can read wherever it is shown: no part of it
// becomes an element, an image, a script or something to click on. Addresses stay
// readable.
func Plain(text string) string {
	text = visible(text)
	ignore := func(string) {}
	text = inlineLink.ReplaceAllString(text, "$1[$2] ($3)")
	text = strings.ReplaceAll(text, "]:", "] :")
	text = chunks(text, func(chunk string) string {
		if !strings.ContainsAny(chunk, ".:/\\&%。．｡․") || !addressLike(chunk) || mail.MatchString(bare(chunk)) {
			return chunk
		}
		plain := decoded(chunk)
		plain = strings.NewReplacer("http", "hxxp", "://", "[:]//", ".", "[.]").Replace(plain)
		plain = strings.ReplaceAll(plain, "[[.]]", "[.]")
		return schemeColon.ReplaceAllString(plain, "$1[:]")
	})
	return broken(text, ignore)
}

var schemeColon = regexp.MustCompile(`([a-z]):`)
