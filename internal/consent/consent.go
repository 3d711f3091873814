// Package consent tells whether a short message says yes to a question. It is
// made to err to one side: what it does not know for a clear yes is none.
package consent

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// mostWords is how long a yes may be. Who writes more says more than yes.
const mostWords = 12

// Given reports whether text is a clear yes: it begins with a word that agrees, or
// is a phrase that does, and nothing in it refuses, doubts, asks or changes what
// was asked. It knows English, German, French, Spanish, Portuguese, Italian and
// Dutch well, and the words for yes and no of some twenty other languages.
func Given(text string) bool {
	text = strings.ToLower(norm.NFKC.String(text))
	if strings.ContainsAny(text, "?？¿;0123456789") {
		return false
	}
	for _, sign := range signs {
		if strings.Contains(text, sign) {
			text = strings.ReplaceAll(text, sign, " yes ")
		}
	}
	found := strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && r != '\'' && r != '’'
	})
	if len(found) == 0 || len(found) > mostWords {
		return false
	}
	for i, word := range found {
		found[i] = strings.ReplaceAll(word, "’", "'")
	}
	if phrase := strings.Join(found, " "); agreeingPhrases[phrase] {
		return true
	}
	if !agreements[found[0]] && !agreeingPhrases[strings.Join(found[:min(2, len(found))], " ")] && !agreeingPhrases[strings.Join(found[:min(3, len(found))], " ")] {
		return false
	}
	return plain(found)
}

// plain reports whether nothing in a message that agrees takes it back. A word or
// two may repeat what was asked ("yes, cancel it").
func plain(words []string) bool {
	unknown := 0
	for i, word := range words {
		switch {
		case refusals[word], word == "si" && i > 0: // which is "if" in French
			return false
		case !agreements[word] && !fillers[word]:
			unknown++
		}
	}
	return unknown <= 2
}

var signs = []string{"👍", "👌", "✅", "✔"}

// agreements are the words that a yes begins with, or is.
var agreements = wordSet(`
	yes yeah yep yup sure ok okay okey correct confirmed confirm agreed agree absolutely definitely affirmative indeed y alright
	ja jawohl jep gerne genau richtig einverstanden bestätigt bestätige klar okay passt natürlich selbstverständlich
	oui ouais d'accord confirmé confirme volontiers exact parfait vas-y allez-y
	sí si claro vale confirmo confirmado adelante perfecto correcto hazlo
	sim claro confirmado confirmo certo perfeito
	sì certo confermo confermato perfetto esatto d'accordo
	ja jazeker zeker akkoord graag goed bevestig bevestigd
	tak zgoda potwierdzam oczywiście dobrze jasne
	evet tamam olur onaylıyorum elbette tabii
	ja japp absolut visst okej gärna
	да конечно подтверждаю хорошо согласен согласна
	是 是的 好 好的 可以 行 确认 同意 没问题 好啊
	はい ええ お願いします 了解 了解です 大丈夫です
	네 예 그래요 동의합니다 좋아요 확인
	نعم أجل حسنا موافق تمام
	हाँ हां जी ठीक सही
	ναι εντάξει σύμφωνοι
	כן בסדר מסכים מסכימה
	ano souhlasím potvrzuji igen rendben da desigur kyllä selvä так згоден згодна ya setuju vâng có ใช่ ตกลง`)

// agreeingPhrases are a yes together, if not word by word.
var agreeingPhrases = phraseSet(`
	go ahead|do it|please do|of course|sounds good|that's right|that is right|that's fine|that is fine|all right|i agree|i confirm|go for it|
	yes please|ja bitte|ich bestätige|ja gerne|in ordnung|auf jeden|bien sûr|je confirme|c'est bon|oui merci|de acuerdo|por supuesto|sí por|
	está bien|pode sim|com certeza|está bem|pode fazer|sim por|de acordo|va bene|sì grazie|procedi pure|doe maar|is goed|ja graag|dat klopt`)

// fillers neither agree nor refuse.
var fillers = wordSet(`please thanks thank you that this it is the i would like very much with to and so then now a kindly thx great good fine perfect my order
	bitte danke das ist ich sehr gut vielen dank dann jetzt so gern mach machen sie du
	merci s'il vous plaît plait te je très bien beaucoup le la c'est
	gracias por favor muchas es eso lo muy bien
	obrigado obrigada por favor muito isso é bem
	grazie per favore prego molto bene lo
	dank je u alsjeblieft alstublieft dat het heel veel
	proszę dziękuję lütfen teşekkürler tack спасибо пожалуйста`)

// refusals are words with which no message is a yes: they refuse, put off, doubt,
// or set a condition.
var refusals = wordSet(`no not don't dont never wait stop hold but however if unless instead rather except only first before after until
	maybe perhaps later tomorrow actually think unsure without different change wrong else other another why how what when which who
	nein nicht kein keine keinen warte warten stopp halt aber doch wenn falls statt stattdessen lieber nur erst vorher später morgen vielleicht
	eigentlich anders andere falsch ohne sondern warum wie was wann welche
	non ne pas jamais attendez attends mais plutôt seulement d'abord avant après plus tard demain peut-être peut autre sans sauf pourquoi comment
	nunca espera espere pero cuando sino solo sólo antes después luego mañana quizás tal vez otro otra sin excepto mejor todavía cómo qué
	não nunca espere mas se apenas só antes depois amanhã talvez outro outra sem exceto ainda como
	mai aspetta aspetti ma se solo prima dopo domani forse altro altra senza tranne invece ancora come
	nee niet geen nooit wacht maar als tenzij liever alleen eerst voor na later morgen misschien andere zonder behalve
	nie ale jeśli poczekaj może jutro później zamiast hayır değil ama eğer bekle belki sonra
	nej inte men om vänta kanske senare нет не но если подождите может потом
	不 不要 不是 别 等等 但是 いいえ 待って 아니요 아니 لا ليس لكن नहीं मत लेकिन όχι μην αλλά לא אבל ne není nu dar ei mutta ні але tidak jangan không ไม่
	for für pour para per voor just bloß uniquement solamente apenas soltanto both beide alle all none`)

func wordSet(text string) map[string]bool {
	members := make(map[string]bool)
	for _, word := range strings.Fields(text) {
		members[word] = true
	}
	return members
}

func phraseSet(text string) map[string]bool {
	members := make(map[string]bool)
	for phrase := range strings.SplitSeq(text, "|") {
		members[strings.Join(strings.Fields(phrase), " ")] = true
	}
	return members
}
