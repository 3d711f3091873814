package language

import "strings"

// functions are the function words that a search leaves out of account, of the
// languages whose words an index stems.
var functions = map[string]map[string]bool{
	"en": wordSet(`a about all also am an and any are as at be because been but by can can't cannot could did do does
		don't for from get got had has have having he her hers him his how i i'd i'll i'm i've if in into is isn't it it's its just me
		my no not of on or our out please she should so some such tell than that that's the their them then there these they this
		those to too up us very want was we were what what's when where which while who whose why will with would you your yours`),
	"de": wordSet(`aber alle als also am an auch auf aus bei bin bis bitte da damit dann das dass dein dem den der des dich
		die dies diese diesem diesen dieser dir doch du durch ein eine einem einen einer eines er es etwas für gibt hab habe haben
		hat hatte hier ich ihm ihn ihnen ihr ihre im in ist ja jetzt kann kannst können man mein meine meinem meinen meiner mich
		mir mit muss nach nicht noch nur ob oder ohne schon sehr sein seine sich sie sind so soll über um und uns unser unsere unter vom
		von vor wann war warum was weil welche welcher wenn wer werden wie wieso wir wird wo wurde zu zum zur`),
	"fr": wordSet(`à ai as au aux avec c'est ce ces cet cette comme comment dans de des du elle en est est-ce et être eu
		fait il ils j'ai je la le les leur leurs lui ma mais me mes moi mon n'est ne nos notre nous on ont ou où par pas plus
		pour pourquoi puis-je qu'il quand que quel quelle quelles quels qui s'il sa sans se ses si son sont suis sur ta te tes
		toi ton tu un une vos votre vous y était`),
	"es": wordSet(`a al algo como cómo con cuando cuándo cual cuál de del desde donde dónde el él ella en entre era es esa
		ese eso esta está este esto estoy estos fue ha hay he la las le les lo los mas más me mi mis mí muy no nos nuestra
		nuestro o para pero por porque puedo que qué quien se ser si sí sin sobre son soy su sus también te tengo ti tiene tu tus
		un una uno usted y ya yo`),
	"pt": wordSet(`a ao aos as às até com como da das de dela dele do dos e é ela ele em entre era essa esse esta está
		estou eu foi há isso isto já lhe mais mas me meu meus minha minhas muito na nas não nem no nos nós o onde os ou para pela
		pelo por porque posso qual quando que quem se sem ser seu seus só sua suas também te tem tenho um uma você vocês`),
	"it": wordSet(`a ai al alla alle anche che chi ci come con cosa cui da dal dalla dei del della delle di dove e è ed era
		essere gli ha hai hanno ho i il in io la le lei lo loro ma mi mia mie mio nel nella nei non noi nostro o per perché
		più posso può qual quale quando quanto quello questa queste questi questo se sei si sia sono su sua suo sul sulla ti tra tu un
		una uno vi voi vostro`),
	"nl": wordSet(`aan al als bij dan dat de deze die dit door een en er geen had hebben heb heeft het hij hoe ik in is
		ja je jij jullie kan kunnen kun maar me meer met mij mijn moet na naar niet nog of om omdat onder ons onze ook op over te
		tegen toch toen tot u uit uw van veel voor waar waarom wanneer want waren was wat we welke wel werd wie wij wil
		wordt worden ze zich zij zijn zo zou`),
	"da": wordSet(`af alle at blev da de dem den der deres det dig din disse du efter eller en er et for fra få får
		han har havde hun hvad hvis hvor hvordan hvorfor i ikke ind jeg jer kan kunne man med meget mig min mit mine når og også om
		op os på sig sin skal til ud var vi vil`),
	"sv": wordSet(`alla att av blev de dem den denna det detta dig din ditt du där efter eller en er ett från får för
		ha han har hade hon hur i inte jag kan man med men mig min mina mitt mycket när och också om oss på så ska sig sin
		som till ut vad var varför vi vill är över`),
	"no": wordSet(`alle at av ble da de dem den denne der det dette din du eller en er et etter for fra få
		ha han har hadde hun hva hvis hvor hvordan hvorfor i ikke jeg kan man med meg men min mitt mye når og også om opp oss på
		seg sin skal som til ut var vi vil`),
	"fi": wordSet(`ei että hän ja joka jos kanssa kuin kun me mikä minun minä miten miksi missä milloin mitä mutta
		myös ne niin no nyt olen on ovat se sen sinä tai te tämä vain voi voinko voiko`),
	"ru": wordSet(`а без бы был была были было в вам вас вы где да для до если есть еще ещё же за и из или им их к как
		когда кто ли мне можно мой моя мы на не нет но о об он она они от по почему при с со так то у уже что чтобы это я`),
	"tr": wordSet(`acaba ama bana ben bir biz bu bunu çok da daha de değil diye en gibi hangi hem için ile ise kadar
		ki mı mi mu mü nasıl ne neden nerede o olarak olan sen siz şu var ve veya ya yok zaman`),
	"ar": wordSet(`من في على إلى الى عن مع هل ما ماذا كيف متى أين لماذا هذا هذه ذلك التي الذي أو و أنا نحن هو هي كان لا لم لن قد كل
		أن إن يمكن`),
}

// more are further words that tell a language, and say too much to be left out of
// a search, or belong to languages that are not stemmed.
var more = map[string]string{
	"en": `about again already always another anything back before being below both could didn't doesn't during each every few first
		going here however i'm isn't let many may might more most much must need never next now once only order other over own
		same shall since something still take thank thanks the their though through today until we'll we've well won't would yes yet
		you'll you're you've please contact account refund help sorry`,
	"de": `ab also anderen beim bereits bzw dazu denn deshalb dort eure gern gerne gewesen hallo heute hätte immer innerhalb ihrem ihren ihrer
		ihres jede jeder jedoch kein keine keinen leider mehr möchte möchten musste müssen nachdem nun seit seiner sobald sollte sondern
		sonst trotzdem viele vielen während weiter weitere weil welches wieder wird wollen wurden wäre würde würden zwischen danke
		bestellung geld rechnung konto`,
	"fr": `a hier été étaient devrait afin alors après aucun aucune aujourd'hui aura aussi autre avant avez avoir avons bien bonjour car cela celle celui chez chaque comme
		depuis dès deux donc encore entre êtes étaient fois faire fait grâce ici jour lorsque même merci n'a n'ai n'avez nous peut
		peuvent plusieurs pourrait pouvez pouvons puis quelques rien sera seront si sommes sous toujours tous tout toute toutes très
		veuillez voici votre vos d'un d'une l' d' qu' j' n' s' c' commande`,
	"es": `veces este mes además ahora algún alguna antes aquí así aún aunque ayer bien buenas buenos cada casi contra cualquier días debe después dos
		él ellos entonces eres estaba estamos están fueron gracias había hace hacer hacia han hasta hay hemos hola hoy luego
		mientras mismo mucho muchas nada ni nunca otra otro otros parte podemos poder primero pronto pues puede pueden quiero quieres
		será siempre siendo sino solo sólo somos tal tanto tenemos tiene tienes todavía todo todos tras usted ustedes vez pedido
		cuenta reembolso dinero`,
	"pt": `agora ainda além alguém algum alguma antes aqui assim bem boa bom cada contra depois desde deve disso dois ele eles então
		enquanto esses estamos estão estava fazer foram gostaria hoje havia já lá logo mesmo muitas nada nele nessa nesta neste nesse
		numa nunca obrigada obrigado olá ontem outra outro outros pode podem podemos pois pouco primeiro quanto quem quero seja sem
		sempre será são sido somos talvez tão tem têm temos teve tinha tive toda todas todo todos tudo vai vamos vez vou num pelos pelas
		à às não encomenda conta reembolso dinheiro`,
	"it": `abbiamo adesso agli allora ancora avere bene buongiorno ciao cioè col così dagli dai dalle dallo degli dell' dello dopo due
		ecco essa essere fa fare fatto finché fino fra già grazie ieri invece l' dall' all' nell' un' c' d' loro meglio molto negli nello nelle
		niente nulla ogni oggi ora ordine ormai perchè però poi possiamo poco possono prego prima proprio puoi qui quindi salve sarà
		scusi senza sempre siamo siete solo sono stata stato sugli sulla sulle sta sto tutti tutto tutta vuole vorrei vostra`,
	"nl": `alle alleen altijd andere bedankt bent binnen daarom daar deze dient eens eerst elke erg even gaan gaat geweest goed goede
		graag hallo haar hebt hele helaas hem hen hier hoeveel hun iedere iets jou jouw kon kunt later maken misschien mogen moeten moment nee
		niets nooit nu onze opnieuw reeds sinds staat steeds tijdens twee uit uiteraard uw vandaag vanaf verder vragen waarop wanneer
		werden weer wilt zal zelf zeer zoals zonder zullen zult bestelling terug geld rekening`,
	"da": `allerede forladt annullere annulleret sendt af hos bliver trukket fordi desværre vores så bliver blevet dem denne dine efter ej ellers fået gerne godt hej heller her hvilken igen ind ingen intet jeres kunne
		lige mange mere mod nej noget nogen nogle nu også ned selv sidste sige skulle tak tilbage venlig været være ved
		vores hvornår uden vores penge endnu hvad efter bestilling mig dig af ifølge ud`,
	"sv": `aldrig alltid allt andra annan bara behöver bli blir blivit borde bra då där därför din dina dock ej ens era ert fick finns fråga
		från få får gör göra hej hela hos igen inga ingen inget innan inom jag kommer kunde kunna låt mer mig mycket mot måste
		nej nu någon något några nästa och också redan sedan själv skulle snart samt tack tid tillbaka tills under upp utan vara varit vårt våra våran
		vilka vilken väl åt även beställning pengar`,
	"no": `allerede forlatt avbestille avbestilt kansellert sendt blitt dessverre fordi alltid andre annen bare ble blir blitt deg dere deres din dine du eg etter fikk finne fordi fra får gjøre gjør gjerne
		hadde hei heller helt her hva hvem hvilken hvor hvordan igjen ikkje ingen innen kunne litt mange mer noe noen nå når også
		opp seg selv siden skulle slik takk tilbake uten ut vær være vært våre vår bestilling penger hvorfor måtte etter fått`,
	"fi": `aina eivät emme en ettei hei heidän hänen ilman itse jälkeen jo jota kaikki kautta kiitos kun kuten kyllä käyttää kuitenkin
		lisää loppu mukaan mutta nämä niitä olemme olet olette oli olisi olivat ollut omat onko paljon saada sekä siitä sillä
		sitten siksi täytyy teidän tilaus tilauksen tätä vaan vaikka vielä voit voitte voimme yli hyvä haluaisin ole minulla`,
	"ru": `ваш ваша ваше ваши вами весь все всё всего где даже день деньги его ей ему если есть ещё заказ здравствуйте здесь здравствуй
		их каждый какой какие когда которые который которая либо между меня много могу может можете мой надо нам нами нас него
		ничего нужно однако один очень перед пожалуйста после потом почему просто сейчас себя сегодня спасибо суда также там твой
		тебя теперь тогда того тоже только том тот тут хочу хотел чем через чтобы эти этот этого эта`,
	"tr": `ancak artık aynı az bazı belki benim bile bizim bizi böyle bugün burada değildir dolayı en eğer evet fakat göre hala hayır
		henüz her herhangi hiç iki ilgili iyi kendi kez lütfen merhaba mıyım misiniz mısınız müsünüz nedir olan oldu olduğu
		olduğunu olmak olur onun önce öyle sadece sanki sipariş siparişim siparişiniz sizin size sonra sonraki şey şimdi şu teşekkürler
		tüm üzere üzerinde yani yapmak yeni yine yoksa zaten ettik edildi edilmiştir bulunmaktadır istiyorum ederim`,
	"ar": `الذين اللذي التي إذا اذا انا انت أنت هناك بعد قبل بين تم حتى حيث خلال ذلك سوف شكرا عليه عليك عند عندما غير فقط فيه فيها
		كانت كما لأن لدي لدينا لقد لك لكم لكن لنا لها له ليس مرحبا منه منها منذ نعم هنا هؤلاء وقد ولا ولكن يتم يجب يكون الطلب
		طلبك طلبي المبلغ أريد من فضلك الرجاء يرجى`,
	"pl": `aby albo ale ani bardzo bez bo był była było będzie by być chcę ci cię co czy dla do dziękuję dzień dobry gdy gdzie go i ich
		ile im iż ja jak jaki jako je jego jej jest jestem jeszcze już każdy kiedy kto która które który ma mam mamy mi mnie
		mogę może można mój moja moje moje moim na nad nam nas nasz nasze nie nich nic niż o od ona oni oraz pan pana pani pod po
		ponieważ proszę przed przez przy również są się sobie tak także tego tej ten też to tu tylko tym u w we więc wszystko z za ze
		został została zostało zostały że żeby zamówienie zamówienia państwa państwo pieniądze jakie czego`,
	"uk": `або але без був була було бути вам вас ваш ваше ви вже від він вона вони все де для до дякую є за замовлення з і із її їх й
		коли ми мене мені може можна мій моє моя на нам нас наш не немає ні про після по при та так такий також то тому у це
		цей ці чи чому що щоб я як який яка які якщо хочу будь ласка доброго день`,
	"cs": `aby ale ani byl byla bylo být co či dobrý den děkuji do ho i já jak jako je jeho její jejich jen ještě jestli již jsem
		jsme jsou jste k kde kdo když která které který mám mě mi mohu může můj můžete na nám nás náš ne nebo není o od po pokud
		pro proč prosím před při s se si tak také ten to tohoto tuto u už v vám vás váš ve však z za že objednávku objednávka`,
	"ro": `acest această aceasta ai al ale am ar are aș au avem bună că când care ce cu cum dacă dar de din după este eu fi fost
		în între îmi la le lor mai mă mea meu mulțumesc nu nici nostru o pe pentru poate pot prin sa sau să se sunt și te toate
		un una unde vă vreau vom dumneavoastră comanda comenzii către fără foarte`,
	"ca": `als amb aquest aquesta això bon dia cada com de del dels des doncs el els em en encara és es està estic fins gràcies ha
		han hem he hi i jo l' la les li més meu meva molt no nosaltres o on per però perquè quan que què s' seva si sense sóc són
		també té tinc un una us va vaig vol voldria vosaltres comanda`,
}

// tags are the languages that words tell.
var tags = [...]string{"en", "de", "fr", "es", "pt", "it", "nl", "da", "sv", "no", "fi", "ru", "tr", "ar", "pl", "uk", "cs", "ro", "ca"}

// known are the languages of each word.
var known = index()

func index() map[string]languages {
	found := make(map[string]languages)
	for i, tag := range tags {
		for word := range functions[tag] {
			found[word] |= 1 << i
		}
		for word := range strings.FieldsSeq(more[tag]) {
			found[word] |= 1 << i
		}
	}
	return found
}

// letters are those which few of the languages have.
var letters = map[rune]languages{
	'ß': of("de"), 'ñ': of("es"), '¿': of("es"), 'ã': of("pt"), 'õ': of("pt"), 'œ': of("fr"), 'ı': of("tr"), 'ğ': of("tr"), 'ş': of("tr"),
	'ł': of("pl"), 'ż': of("pl"), 'ź': of("pl"), 'ś': of("pl"), 'ć': of("pl"), 'ą': of("pl"), 'ę': of("pl"), 'ń': of("pl"),
	'ř': of("cs"), 'ů': of("cs"), 'ě': of("cs"), 'ț': of("ro"), 'ș': of("ro"), 'ă': of("ro"), 'ø': of("da", "no"), 'æ': of("da", "no"),
	'ù': of("fr", "it"), 'ì': of("it"), 'ò': of("it", "ca"), 'ê': of("fr", "pt"), 'ç': of("fr", "pt", "tr", "ca"), 'å': of("sv", "da", "no", "fi"),
	'ä': of("de", "sv", "fi"), 'ö': of("de", "sv", "fi", "tr"), 'ü': of("de", "tr", "es"), 'è': of("fr", "it", "ca"), 'à': of("fr", "it", "pt", "ca"),
	'і': of("uk"), 'ї': of("uk"), 'є': of("uk"), 'ґ': of("uk"), 'ы': of("ru"), 'э': of("ru"), 'ё': of("ru"),
}

func of(codes ...string) languages {
	var in languages
	for i, tag := range tags {
		for _, code := range codes {
			if tag == code {
				in |= 1 << i
			}
		}
	}
	return in
}

func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
	return set
}
