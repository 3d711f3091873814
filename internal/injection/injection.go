// Package injection looks for signs that a text which a model will read holds
// instructions to the model rather than information. It knows the ways in which
// attacks are worded, in several languages, and looks through the usual disguises. It
// proves nothing: what it finds makes a caller careful, and what it does not find may
// be an attack all the same.
package injection

import (
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk/internal/words"
)

// Signal is a kind of sign.
type Signal string

// The signals.
const (
	Override   Signal = "override"   // what was said before is to be ignored
	Role       Signal = "role"       // it poses as the system, the developer, the company or the user
	Tool       Signal = "tool"       // a tool is to be called
	Exfiltrate Signal = "exfiltrate" // data is to be sent somewhere
	Conceal    Signal = "conceal"    // somebody is not to be told
	Address    Signal = "address"    // it speaks to a model
	Delimiter  Signal = "delimiter"  // it holds markup of prompts, or hides what it says
)

type pattern struct {
	signal Signal
	needs  []string // one of which is in every match
	regexp *regexp.Regexp
	also   []string // likewise, if there are any
}

// model are the ways to speak to one.
const model = `(?:ai|a\.i\.|llm|gpt(?:-?\d[\w.]*)?|chatgpt|claude|gemini|llama|copilot|(?:ai|language|virtual|support) (?:model|assistant|agent|bot)|assistant|chatbot|language model|ki|ia|ki-assistent\w*|sprachmodell|asistente|assistente|modèle|modelo|бот|ассистент)`

// models are parts of which each such way has one.
var models = []string{" ai", "a.i.", "llm", "gpt", "claude", "gemini", "llama", "copilot", "model", "modèle", "assist", "asist", "agent", " bot ", " bot:", " bot,", " bot-", " bot!", " bots", "chatbot", " ki", " ia", "бот", "ассистент"}

var patterns = []pattern{
	{Override, []string{"ignore", "disregard", "forget", "override", "bypass", "discard", "overrule"}, regexp.MustCompile(`\b(?:ignore|disregard|forget|override|bypass|discard|overrule)\b[^.!?\n]{0,40}\b(?:(?:previous|prior|above|earlier|preceding|original|existing|all|your|any|system|the) )+(?:[a-z]+ ){0,2}(?:instructions?|prompts?|rules?|guidelines?|polic(?:y|ies)|directives?|commands?|orders? from|training|constraints?|restrictions?|guardrails?|programming)\b`), nil},
	{Override, []string{"instruction", "rules", "polic"}, regexp.MustCompile(`\b(?:new|updated|revised|real|actual|true|additional|urgent|following) (?:system )?(?:instructions?|directives?|orders?) (?:for you|follow|are|is|:|below|to the (?:ai|assistant|agent|model))`), nil},
	{Override, []string{"ignorier", "vergiss", "missachte", "anweisung"}, regexp.MustCompile(`(?:ignorier\w*|vergiss|vergessen sie|missachte\w*)\b[^.!?\n]{0,50}(?:anweisung|regel|vorgabe|instruktion|richtlinie|befehl)`), nil},
	{Override, []string{"ignore", "oubli"}, regexp.MustCompile(`(?:ignore[rz]?|oublie[rz]?|ne tiens pas compte|ne tenez pas compte)\b[^.!?\n]{0,50}(?:instructions?|consignes?|règles?|directives?)`), nil},
	{Override, []string{"ignor", "olvid", "esquec", "dimentic", "desconsider"}, regexp.MustCompile(`(?:ignor[aeiy]\w*|olvid[ae]\w*|esqueça\w*|esquece\w*|dimentic[ah]\w*|desconsider\w*)\b[^.!?\n]{0,50}(?:instrucciones|instruções|istruzioni|reglas|regras|regole|indicaciones|orientações|direttive)`), nil},
	{Override, []string{"negeer", "vergeet", "ignoruj", "zapomnij"}, regexp.MustCompile(`(?:negeer|vergeet|ignoruj|zapomnij)\b[^.!?\n]{0,50}(?:instructie|regels|opdracht|instrukcj|polece|zasad)`), nil},
	{Override, []string{"önceki", "talimat"}, regexp.MustCompile(`(?:önceki|yukarıdaki|tüm)\b[^.!?\n]{0,30}talimat\w*[^.!?\n]{0,20}(?:yok say|unut|görmezden)`), nil},
	{Override, []string{"игнорируй", "забудь"}, regexp.MustCompile(`(?:игнорируй\w*|забудь\w*)[^.!?\n]{0,40}(?:инструкци|указани|правил)`), nil},
	{Override, []string{"忽略", "无视", "無視", "تجاهل"}, regexp.MustCompile(`(?:忽略|无视|無視|忘记)[^。！？\n]{0,20}(?:指令|指示|规则|提示)|(?:指示|命令)[^。！？\n]{0,8}(?:無視|忘れ)|تجاهل[^.!؟\n]{0,30}(?:التعليمات|الأوامر|القواعد)`), nil},
	{Override, []string{"developer mode", "debug mode", "admin mode", "jailb", "do anything now", "unrestricted", "maintenance mode"}, regexp.MustCompile(`\b(?:developer|debug|admin|maintenance|god|unrestricted) mode\b|\bjailbr(?:eak|oken)\b|\bdo anything now\b`), nil},
	{Override, []string{"you are now", "from now on", "act as", "pretend"}, regexp.MustCompile(`\b(?:you are now|you will now act|from now on,? you|act as (?:an? )?(?:admin|root|developer|system|unrestricted)|pretend (?:to be|that you))\b`), nil},
	{Override, []string{"before you", "before you can", "after you do", "first do", "instead of"}, regexp.MustCompile(`\b(?:before|instead of|prior to) (?:you )?(?:can |may )?(?:solv|answer|respond|repl|continu|proceed|help|complet|finish)\w*[^.!?\n]{0,80}\b(?:please|must|need to|have to|do the following|first)\b|\bafter you do that,? you can\b`), nil},

	{Role, []string{"system", "admin", "developer", "assistant", "user"}, regexp.MustCompile(`(?m)^\s*[\[({<#>*-]*\s*(?:system|developer|admin(?:istrator)?|assistant|user|operator|root)(?: (?:message|prompt|note|notice|override|alert|update|instruction|command))*\s*[\])}>]*\s*[:：]\s*\S`), nil},
	{Role, []string{"system", "admin", "prompt"}, regexp.MustCompile(`\b(?:system (?:prompt|override|message|instruction|directive|command|notice|update)|administrator (?:override|command|instruction|notice)|admin override|priority override)\b`), nil},
	{Role, []string{"important message from", "message from me", "this is a message from"}, regexp.MustCompile(`\bimportant message from\b|\bthis is (?:a|an) (?:\w+ )?message from (?:me|your|the (?:developer|system|admin|owner|ceo|security|compliance))`), nil},
	{Role, []string{"effective immediately", "policy update", "new policy", "ab sofort", "with immediate effect", "compliance"}, regexp.MustCompile(`\b(?:effective immediately|with immediate effect|policy update|new policy|compliance (?:notice|update))\b[^\n]{0,80}\b(?:all )?(?:agents?|assistants?|bots?|representatives?|you) (?:must|should|shall|are to|are required to|need to|have to)\b`), nil},
	{Role, []string{"the user has", "the customer has", "customer already", "user already", "pre-approved", "preapproved", "pre-authori", "authorized by", "authorised by"}, regexp.MustCompile(`\bthe (?:user|customer) (?:has|already|hereby)(?: already)? (?:approved|agreed|authori[sz]ed|confirmed|consented|verified|given (?:consent|permission|approval))\b|\b(?:already |pre-?)(?:approved|authori[sz]ed) by (?:the |your )?(?:manager|supervisor|admin|management|customer|user|system|owner)`), nil},

	{Exfiltrate, []string{"send", "forward", "post", "email", "upload", "transmit", "export", "append", "include", "leak", "reveal", "print", "output", "repeat"}, regexp.MustCompile(`\b(?:send|forward|post|e-?mail|upload|transmit|export|submit|leak|exfiltrate|append|report)\b[^.!?\n]{0,80}\b(?:(?:all|the|this|their|its|every|any|his|her|user'?s?|customer'?s?|your) )+(?:[a-z'-]+ ){0,3}(?:conversation|history|transcript|data|details|credentials|passwords?|address(?:es)?|emails?|files?|contents?|records?|information|orders?|cards?|prompts?|instructions?|secrets?|keys?|tokens?)\b[^.!?\n]{0,60}\b(?:to|at|via|as|in|into)\b[^\n]{0,20}(?:https?://|www\.|\S+@\S+|\b[a-z0-9-]+\.(?:com|net|org|io|ru|xyz|example)\b)`), nil},
	{Exfiltrate, []string{"prompt", "instructions", "rules", "guidelines"}, regexp.MustCompile(`\b(?:reveal|print|show|repeat|output|display|tell|disclose|leak|share|send|give)\b[^.!?\n]{0,40}\b(?:system prompt|your (?:initial |hidden |original |secret )?(?:instructions|prompt|rules|guidelines)|(?:initial|hidden) prompt)\b`), nil},

	{Conceal, []string{"do not tell", "don't tell", "do not mention", "don't mention", "without telling", "without mentioning", "without informing", "do not inform", "don't inform", "do not reveal", "do not notify", "don't let", "keep this", "never mention", "do not disclose", "without asking"}, regexp.MustCompile(`\b(?:do not|don't|never|without) (?:tell(?:ing)?|mention(?:ing)?|inform(?:ing)?|notify(?:ing)?|alert(?:ing)?|reveal(?:ing)?|disclos(?:e|ing)|ask(?:ing)?|let(?:ting)?) (?:(?:this|it|that|anything) )?(?:to |the )*(?:user|customer|client|human|anyone|them|him|her|operator|owner)\b|\bwithout (?:asking|confirm\w+|further confirmation)\b[^.!?\n]{0,30}\b(?:customer|user|approval)\b|\bkeep this (?:secret|hidden|confidential) from (?:the )?(?:user|customer)`), nil},
	{Conceal, []string{"sag ", "sagen sie", "erwähne", "ne dis", "ne mention", "diga", "no mencion", "não diga", "non dire", "non menzion"}, regexp.MustCompile(`(?:sag|sagen sie|erwähne\w*)[^.!?\n]{0,30}(?:kunden|nutzer|benutzer)[^.!?\n]{0,20}nicht|ne (?:dis|dites|mentionne[zr]?)\b[^.!?\n]{0,30}(?:client|utilisateur)|no (?:le |les )?(?:digas|diga|menciones|mencione)[^.!?\n]{0,40}(?:cliente|usuario)|não (?:diga|mencione|conte)[^.!?\n]{0,40}(?:cliente|usuário)|non (?:dire|dica|menzionare)[^.!?\n]{0,40}(?:cliente|utente)`), nil},

	{Address, []string{"attention", "note", "notice", "message", "instruction", "dear ", "hello ", "hey ", "hi ", "to ", "for "}, regexp.MustCompile(`\b(?:attention|note|notice|message|instructions?|dear|hello|hey|hi|to|for)(?: to| for)?(?: the| any| all)*,? ` + model + `s?\s*[:,!-]`), models},
	{Address, []string{"if you are an ai", "you are an ai", "as an ai", "reading this", "processing this", "to you, gpt", "to you, claude", "ai assistant"}, regexp.MustCompile(`\b(?:if you(?: are|'re) (?:an?|the) ` + model + `|to you, ` + model + `|(?:any|the|all) (?:` + model + `)s? (?:reading|processing|handling|summari[sz]ing) this|(?:the )?(?:ai |virtual )(?:assistant|agent|model|bot)s? (?:must|should|shall|has to|needs to|is required to|will now|is instructed to))\b`), nil},
	{Address, []string{"ki-", "wenn du eine ki", "als ki", "si eres una ia", "si tu es une ia", "se você é uma ia", "se sei un"}, regexp.MustCompile(`wenn (?:du|sie) (?:eine? )?(?:ki|sprachmodell|assistent)|si (?:eres|usted es) una? (?:ia|asistente)|si (?:tu es|vous êtes) une? (?:ia|assistant)|se (?:você é|sei|você for) un[ao]? ?(?:ia|assistente|modello)`), nil},

	{Tool, []string{"call", "invoke", "execute", "run", "use"}, regexp.MustCompile(`\b(?:call|invoke|execute|trigger|run|use)\b[^.!?\n]{0,20}\b(?:the )?(?:[a-z]+_[a-z_]+|[a-z]{4,} (?:tool|function|api))\b[^.!?\n]{0,40}\b(?:with|to|for|now|immediately|on)\b`), nil},
	{Tool, []string{"assistant ", "agent ", "ai ", "bot "}, regexp.MustCompile(`\b(?:assistant|agent|ai|bot) (?:must|should|shall|has to|have to|need to|needs to|are to) (?:now |immediately |always |first |also )*(?:issue|process|refund|transfer|send|cancel|grant|approve|delete|change|update|escalate|call)\b`), nil},
}

// markup are the beginnings of what only prompts hold.
var markup = regexp.MustCompile(`<\|?(?:im_start|im_end|start_header_id|eot_id|system|assistant|tool_call|tool_response|function_calls|invoke|python_tag|channel|message)\b|\[/?inst\]|<<sys>>|\[(?:tool_calls|tool_results|available_tools)\]|</?(?:passages|note|customer|conversation|data|instructions?|information|important|system|admin)>|<function=`)

// encoded matches what may be another text in disguise.
var encoded = regexp.MustCompile(`[A-Za-z0-9+/_-]{24,}={0,2}`)

// spaced matches words whose letters stand apart.
var spaced = regexp.MustCompile(`(?:\b\p{L}[ .\-_*]){4,}\p{L}\b`)

// Find returns the signals of a text, sorted and each once. tools are the names of
// tools that an attack would want to be called.
func Find(text string, tools []string) []Signal {
	found := scan(text, tools)
	if hides(text) {
		found = add(found, Delimiter)
	}
	for _, other := range disguised(text) {
		for _, signal := range scan(other, tools) {
			if !slices.Contains(found, signal) {
				found = add(append(found, signal), Delimiter)
			}
		}
	}
	slices.Sort(found)
	return found
}

func add(found []Signal, signal Signal) []Signal {
	if slices.Contains(found, signal) {
		return found
	}
	return append(found, signal)
}

func scan(text string, tools []string) []Signal {
	folded := words.Fold(text)
	present := triplesOf(folded)
	var found []Signal
	for i := range patterns {
		p := &patterns[i]
		has := func(part string) bool { return present.mayHave(part) && strings.Contains(folded, part) }
		if slices.Contains(found, p.signal) || !slices.ContainsFunc(p.needs, has) || p.also != nil && !slices.ContainsFunc(p.also, has) {
			continue
		}
		if p.regexp.MatchString(folded) {
			found = append(found, p.signal)
		}
	}
	if strings.ContainsAny(folded, "<[") && markup.MatchString(folded) {
		found = add(found, Delimiter)
	}
	for _, tool := range tools {
		name := strings.ToLower(tool)
		if strings.ContainsAny(name, "_-") && strings.Contains(folded, name) {
			found = add(found, Tool)
		}
	}
	return found
}

// triples are the sequences of three bytes in a text, by a hash: most words that are
// looked for can be ruled out by them.
type triples [1 << 13]bool

func triplesOf(text string) *triples {
	var t triples
	for i := 2; i < len(text); i++ {
		t[triple(text[i-2], text[i-1], text[i])] = true
	}
	return &t
}

func triple(a, b, c byte) int { return (int(a)*961 + int(b)*31 + int(c)) & (1<<13 - 1) }

// mayHave reports whether a part can be in the text.
func (t *triples) mayHave(part string) bool {
	n := len(part)
	return n < 3 || t[triple(part[0], part[1], part[2])] && t[triple(part[n-3], part[n-2], part[n-1])]
}

// hides reports whether a text holds many characters that are not seen.
func hides(text string) bool {
	unseen := 0
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		switch {
		case r >= 0xe0000 && r <= 0xe007f:
			unseen += 4
		case r == '\u202e' || r == '\u202d' || r == '\u2066' || r == '\u2067':
			unseen += 8
		case r == '\u200b' || r == '\u2060' || r == '\ufeff' || r >= 0xe0100 && r <= 0xe01ef:
			unseen++
		}
	}
	return unseen >= 8
}

// disguised returns what a text may say besides: decoded, turned around, with its
// letters put together.
func disguised(text string) []string {
	var found []string
	var tokens []string
	traits := traitsOf(text)
	if traits.longest >= 24 {
		tokens = encoded.FindAllString(text, 8)
	}
	for _, token := range tokens {
		for _, decode := range []func(string) ([]byte, error){base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString, base64.RawURLEncoding.DecodeString, hex.DecodeString} {
			if decoded, err := decode(token); err == nil && readable(decoded) {
				found = append(found, string(decoded))
				break
			}
		}
	}
	var tags strings.Builder
	for _, r := range text {
		if r >= 0xe0020 && r <= 0xe007e {
			tags.WriteRune(r - 0xe0000)
		}
	}
	if tags.Len() > 0 {
		found = append(found, tags.String())
	}
	if traits.single >= 5 && spaced.MatchString(text) {
		joined := spaced.ReplaceAllStringFunc(text, func(s string) string {
			return strings.Map(func(r rune) rune {
				if unicode.IsLetter(r) {
					return r
				}
				return -1
			}, s)
		})
		found = append(found, joined)
	}
	if traits.mixed {
		if plain := leet.Replace(text); plain != text {
			found = append(found, plain)
		}
	}
	if strings.Contains(text, "vtaber") || strings.Contains(text, "Vtaber") || strings.Contains(text, "cerivbhf") {
		found = append(found, strings.Map(rot13, text))
	}
	return found
}

// traits are what is known of a text before any expression runs over it.
type traits struct {
	longest int  // run without white space, in bytes
	single  int  // letters that stand alone behind another
	mixed   bool // a word has a digit between letters
}

func traitsOf(text string) traits {
	var t traits
	start := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] > ' ' {
			continue
		}
		word := text[start:i]
		start = i + 1
		t.longest = max(t.longest, len(word))
		for j := 1; j+1 < len(word) && !t.mixed; j++ {
			c := word[j]
			t.mixed = (c >= '0' && c <= '7' || c == '@' || c == '$') && isLetter(word[j-1]) && isLetter(word[j+1])
		}
	}
	for i := 1; i+1 < len(text); i++ {
		c := text[i]
		if (c == ' ' || c == '.' || c == '-' || c == '_' || c == '*') && text[i-1] > '@' && text[i+1] > '@' && (i+2 == len(text) || text[i+2] < 'A') {
			t.single++
		}
	}
	return t
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s")

func rot13(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z':
		return 'a' + (r-'a'+13)%26
	case r >= 'A' && r <= 'Z':
		return 'A' + (r-'A'+13)%26
	}
	return r
}

func readable(text []byte) bool {
	if !utf8.Valid(text) {
		return false
	}
	letters := 0
	for _, c := range text {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == ' ' {
			letters++
		}
	}
	return letters*4 > len(text)*3
}
