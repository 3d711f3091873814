package index

import (
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/arabic"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/turkish"
)

// language is what the index knows of a natural language: how its words are
// reduced to stems, and the words that say how something is said and not what
// about.
type language struct {
	code      string // ISO 639-1
	stem      func(*snowballstem.Env) bool
	functions map[string]bool // lower case, with their diacritics
}

// languages are those whose words are stemmed. Bits of a languageSet count
// from the first on, so that the order is part of the snapshot's format.
var languages = [...]language{
	{"en", english.Stem, wordSet(`a about all also am an and any are as at be because been but by can can't cannot could did do does
		don't for from get got had has have having he her hers him his how i i'd i'll i'm i've if in into is isn't it it's its just me
		my no not of on or our out please she should so some such tell than that that's the their them then there these they this
		those to too up us very want was we were what what's when where which while who whose why will with would you your yours`)},
	{"de", german.Stem, wordSet(`aber alle als also am an auch auf aus bei bin bis bitte da damit dann das dass dein dem den der des dich
		die dies diese diesem diesen dieser dir doch du durch ein eine einem einen einer eines er es etwas für gibt hab habe haben
		hat hatte hier ich ihm ihn ihnen ihr ihre im in ist ja jetzt kann kannst können man mein meine meinem meinen meiner mich
		mir mit muss nach nicht noch nur ob oder ohne schon sehr sein seine sich sie sind so soll über um und uns unser unsere unter vom
		von vor wann war warum was weil welche welcher wenn wer werden wie wieso wir wird wo wurde zu zum zur`)},
	{"fr", french.Stem, wordSet(`à ai as au aux avec c'est ce ces cet cette comme comment dans de des du elle en est est-ce et être eu
		fait il ils j'ai je la le les leur leurs lui ma mais me mes moi mon n'est ne nos notre nous on ont ou où par pas plus
		pour pourquoi puis-je qu'il quand que quel quelle quelles quels qui s'il sa sans se ses si son sont suis sur ta te tes
		toi ton tu un une vos votre vous y était`)},
	{"es", spanish.Stem, wordSet(`a al algo como cómo con cuando cuándo cual cuál de del desde donde dónde el él ella en entre era es esa
		ese eso esta está este esto estoy estos fue ha hay he la las le les lo los mas más me mi mis mí muy no nos nuestra
		nuestro o para pero por porque puedo que qué quien se ser si sí sin sobre son soy su sus también te tengo ti tiene tu tus
		un una uno usted y ya yo`)},
	{"pt", portuguese.Stem, wordSet(`a ao aos as às até com como da das de dela dele do dos e é ela ele em entre era essa esse esta está
		estou eu foi há isso isto já lhe mais mas me meu meus minha minhas muito na nas não nem no nos nós o onde os ou para pela
		pelo por porque posso qual quando que quem se sem ser seu seus só sua suas também te tem tenho um uma você vocês`)},
	{"it", italian.Stem, wordSet(`a ai al alla alle anche che chi ci come con cosa cui da dal dalla dei del della delle di dove e è ed era
		essere gli ha hai hanno ho i il in io la le lei lo loro ma mi mia mie mio nel nella nei non noi nostro o per perché
		più posso può qual quale quando quanto quello questa queste questi questo se sei si sia sono su sua suo sul sulla ti tra tu un
		una uno vi voi vostro`)},
	{"nl", dutch.Stem, wordSet(`aan al als bij dan dat de deze die dit door een en er geen had hebben heb heeft het hij hoe ik in is
		ja je jij jullie kan kunnen kun maar me meer met mij mijn moet na naar niet nog of om omdat onder ons onze ook op over te
		tegen toch toen tot u uit uw van veel voor waar waarom wanneer want waren was wat we welke wel werd wie wij wil
		wordt worden ze zich zij zijn zo zou`)},
	{"da", danish.Stem, wordSet(`af alle at blev da de dem den der deres det dig din disse du efter eller en er et for fra få får
		han har havde hun hvad hvis hvor hvordan hvorfor i ikke ind jeg jer kan kunne man med meget mig min mit mine når og også om
		op os på sig sin skal til ud var vi vil`)},
	{"sv", swedish.Stem, wordSet(`alla att av blev de dem den denna det detta dig din ditt du där efter eller en er ett från får för
		ha han har hade hon hur i inte jag kan man med men mig min mina mitt mycket när och också om oss på så ska sig sin
		som till ut vad var varför vi vill är över`)},
	{"no", norwegian.Stem, wordSet(`alle at av ble da de dem den denne der det dette din du eller en er et etter for fra få
		ha han har hadde hun hva hvis hvor hvordan hvorfor i ikke jeg kan man med meg men min mitt mye når og også om opp oss på
		seg sin skal som til ut var vi vil`)},
	{"fi", finnish.Stem, wordSet(`ei että hän ja joka jos kanssa kuin kun me mikä minun minä miten miksi missä milloin mitä mutta
		myös ne niin no nyt olen on ovat se sen sinä tai te tämä vain voi voinko voiko`)},
	{"ru", russian.Stem, wordSet(`а без бы был была были было в вам вас вы где да для до если есть еще ещё же за и из или им их к как
		когда кто ли мне можно мой моя мы на не нет но о об он она они от по почему при с со так то у уже что чтобы это я`)},
	{"tr", turkish.Stem, wordSet(`acaba ama bana ben bir biz bu bunu çok da daha de değil diye en gibi hangi hem için ile ise kadar
		ki mı mi mu mü nasıl ne neden nerede o olarak olan sen siz şu var ve veya ya yok zaman`)},
	{"ar", arabic.Stem, wordSet(`من في على إلى الى عن مع هل ما ماذا كيف متى أين لماذا هذا هذه ذلك التي الذي أو و أنا نحن هو هي كان لا لم لن قد كل
		أن إن يمكن`)},
}

func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
	return set
}

// languageSet is a set of languages, a bit for each.
type languageSet uint32

// all of the languages.
const allLanguages = languageSet(1<<len(languages) - 1)

func (s languageSet) has(i int) bool { return s&(1<<i) != 0 }

// languageOf finds the set of a language tag such as "pt" or "en-GB". It is
// empty if the language is unknown.
func languageOf(tag string) languageSet {
	code, _, _ := strings.Cut(strings.ToLower(tag), "-")
	code, _, _ = strings.Cut(code, "_")
	switch code {
	case "nb", "nn":
		code = "no"
	}
	for i := range languages {
		if languages[i].code == code {
			return 1 << i
		}
	}
	return 0
}

// detect tells in which languages a text may be, by their function words: the
// cheapest evidence there is, and plenty of it in a whole sentence. Languages
// with equal evidence are all returned, but English wins. Without any, none is.
func detect(tokens []token) languageSet {
	var counts [len(languages)]int
	most := 0
	for _, token := range tokens {
		for i := range languages {
			if languages[i].functions[token.lower] {
				counts[i]++
				most = max(most, counts[i])
			}
		}
	}
	var set languageSet
	for i, count := range counts {
		if count > 0 && count == most {
			set |= 1 << i
		}
	}
	if set.has(0) {
		return 1 // English shares its short words with half of Europe
	}
	return set
}

// isFunction reports whether a word is a function word in one of the languages.
func (s languageSet) isFunction(word string) bool {
	for i := range languages {
		if s.has(i) && languages[i].functions[word] {
			return true
		}
	}
	return false
}
