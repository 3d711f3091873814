package wish

import "strings"

// people are the languages in which a word is a human, a bit for each of tongues.
var people = func() map[string]uint32 {
	found := make(map[string]uint32)
	for i := range tongues {
		for word := range tongues[i].person {
			found[word] |= 1 << i
		}
	}
	return found
}()

var widePhrases = strings.Fields(`
	人と話し 人間と話し オペレーターと話 オペレーターにつな オペレーターに繋 オペレーターをお願い 担当者と話 担当者につな 担当者に繋 担当者に代わ スタッフと話 有人対応
	人間に代わ 人間のオペレーター 人間につな
	转人工 转接人工 人工客服 接人工 找人工 人工服务 真人客服 和真人 跟真人 转真人 真人服务 轉人工 人工客服 真人客服`)

var tongues = [...]tongue{
	{ // English
		person:  wordSet(`human humans person people agent agents representative rep operator manager supervisor advisor adviser someone somebody specialist employee`),
		plain:   wordSet(`human person agent representative rep operator manager supervisor advisor adviser humans`),
		contact: wordSet(`speak talk chat connect transfer escalate reach contact call get put pass forward switch redirect speaking talking`),
		wish: wordSet(`want wanna need like love prefer can could may please let how demand would must require wish request requesting trying
			asking`),
		me:    wordSet(`me us`),
		deny:  wordSet(`not don't dont t no never without they he she told said says did didn instead if when after because spoke talked`),
		being: wordSet(`you're are is isn was were`),
		owner: wordSet(`my your his her their our travel estate insurance shipping delivery user other another wrong sales person's every each any no booking
			contact third young old friend`),
		filler: wordSet(`a an the real live actual human person agent representative rep operator manager supervisor please pls plz now i want need to
			speak talk with get me us one right immediately transfer connect customer service support chat hello hi help just would like can
			could for ok okay yes asap again over put through d ll ve sir thanks thank you real`),
		which:  wordSet(`who that which whose would error shaped intervention being readable said told delivered resources rights name number code fees`),
		divide: wordSet(`and but so because or then`),
	},
	{ // German
		person:  wordSet(`mensch menschen mitarbeiter mitarbeiterin mitarbeitern person berater beraterin kundenberater ansprechpartner jemand jemandem jemanden support-mitarbeiter vorgesetzten vorgesetzte vorgesetzter kollegen kollege kollegin kundendienstmitarbeiter servicemitarbeiter agenten agent`),
		plain:   wordSet(`mensch menschen mitarbeiter mitarbeiterin person berater beraterin kundenberater ansprechpartner vorgesetzten agenten servicemitarbeiter`),
		contact: wordSet(`sprechen reden verbinden verbinde verbindet weiterleiten weiterverbinden durchstellen telefonieren chatten schreiben kontaktieren erreichen stellen leiten leite bekommen haben geben holen unterhalten holen`),
		wish:    wordSet(`will möchte kann könnte bitte würde brauche muss wünsche verlange möchten könnten können gern gerne lassen wie`),
		me:      wordSet(`mich mir uns`),
		deny:    wordSet(`nicht kein keine keinen keinem nie ohne hat habe wenn dass weil damals niemand`),
		being:   wordSet(`bist sind ist wurde war`),
		owner:   wordSet(`mein meinem meinen meiner meine ihr ihrem ihren sein seinem der die jeder pro anderer`),
		filler: wordSet(`ein einen einem einer eine echten echter echte realen richtigen richtiger lebenden mensch menschen mitarbeiter mitarbeiterin person berater kundenberater bitte
			jetzt sofort ich will möchte brauche mit sprechen reden verbinden mich mir sie hallo ja kann könnte zum zu support kundenservice menschlichen menschlicher`),
		which:  wordSet(`der die das würde welcher`),
		divide: wordSet(`und aber sondern denn weil dass`),
	},
	{ // French
		person:  wordSet(`humain humaine personne conseiller conseillère conseillere agent quelqu'un quelqu opérateur opératrice operateur représentant interlocuteur responsable téléconseiller collaborateur`),
		plain:   wordSet(`humain conseiller conseillère conseillere agent opérateur opératrice operateur représentant responsable personne`),
		contact: wordSet(`parler parle discuter échanger echanger contacter joindre passer passez passe transférer transferer transférez mettre mettez avoir connecter rediriger dialoguer transférez-moi parlez`),
		wish:    wordSet(`veux voudrais souhaite souhaiterais aimerais peux puis pourrais pouvez pourriez besoin possible préfère exige demande svp plaît plait faut comment veuillez`),
		me:      wordSet(`moi me m`),
		deny:    wordSet(`pas ne n jamais sans aucun aucune dit a avait si rien`),
		being:   wordSet(`êtes es est-ce était ont`),
		owner:   wordSet(`mon ma votre son sa leur notre chaque autre par en première tierce immobilier`),
		filler: wordSet(`un une le la à avec vrai vraie humain humaine réel réelle conseiller conseillère agent personne opérateur responsable s il vous plaît plait svp
			merci je veux voudrais parler maintenant d bonjour oui physique client clientèle en de service stp te au immédiatement vite`),
		which:  wordSet(`qui que dont`),
		divide: wordSet(`et mais car ou donc que`),
	},
	{ // Spanish
		person:  wordSet(`humano humana persona agente asesor asesora representante operador operadora alguien supervisor supervisora ejecutivo encargado gerente`),
		plain:   wordSet(`humano humana persona agente asesor asesora representante operador operadora supervisor gerente`),
		contact: wordSet(`hablar hable conversar comunicar comunicarme comuníqueme comunicame comunícame contactar pásame paseme páseme pasar pasarme pasen transferir transferirme transfiérame transfiereme transfiéreme conectar conectarme conécteme conéctame chatear atienda atender`),
		wish:    wordSet(`quiero quisiera deseo necesito puedo podría puede podrían pueden favor gustaría prefiero exijo solicito pido cómo podria gustaria`),
		me:      wordSet(`me comuníqueme comunícame pásame páseme transfiérame transfiéreme conécteme conéctame comunicarme transferirme pasarme`),
		deny:    wordSet(`no nunca sin dijo dijeron si ningún ninguna había ha nadie jamás`),
		being:   wordSet(`eres es fue era`),
		owner:   wordSet(`mi tu su otra cada por primera tercera inmobiliario seguros viajes`),
		filler: wordSet(`un una el la con real de verdad humano humana persona agente asesor representante operador por favor quiero hablar ya ahora necesito hola
			sí si gracias supervisor viva alguien al a servicio cliente`),
		which:  wordSet(`que quien cuyo`),
		divide: wordSet(`y pero porque o pues`),
	},
	{ // Portuguese
		person:  wordSet(`humano humana pessoa atendente agente assistente operador operadora alguém alguem representante supervisor gerente funcionário colaborador`),
		plain:   wordSet(`humano humana pessoa atendente agente operador operadora representante supervisor gerente`),
		contact: wordSet(`falar falo conversar contactar contatar transferir transfira transfere transferido passar passe passa ligar conectar atendido atender comunicar`),
		wish:    wordSet(`quero queria gostaria preciso posso pode poderia podem favor desejo prefiro exijo como consigo`),
		me:      wordSet(`me`),
		deny:    wordSet(`não nao nunca sem disse disseram se nenhum nenhuma ninguém tinha`),
		being:   wordSet(`é és foi era`),
		owner:   wordSet(`meu minha seu sua outra cada por primeira terceira imobiliário`),
		filler: wordSet(`um uma o a com real de verdade humano humana pessoa atendente agente operador por favor quero falar já agora preciso olá oi sim
			obrigado obrigada supervisor gerente representante atendimento pra para`),
		which:  wordSet(`que quem cujo`),
		divide: wordSet(`e mas porque ou pois`),
	},
	{ // Italian
		person:  wordSet(`umano umana persona operatore operatrice agente consulente qualcuno rappresentante responsabile supervisore addetto incaricato`),
		plain:   wordSet(`umano umana persona operatore operatrice agente consulente rappresentante responsabile supervisore`),
		contact: wordSet(`parlare parlo contattare chattare passarmi passami passatemi mi-passi passi passare trasferirmi trasferiscimi trasferitemi trasferisca collegarmi mettermi mettetemi mettimi comunicare conferire`),
		wish:    wordSet(`voglio vorrei posso potrei può puoi potete potrebbe bisogno favore preferisco desidero esigo chiedo come possibile gradirei`),
		me:      wordSet(`mi passami passarmi passatemi trasferirmi trasferiscimi trasferitemi mettetemi mettimi`),
		deny:    wordSet(`non mai senza ha detto hanno se nessun nessuno nessuna né aveva`),
		being:   wordSet(`sei è era`),
		owner:   wordSet(`mio mia tuo tua suo sua altra ogni per prima terza immobiliare`),
		filler: wordSet(`un uno una il la con vero vera reale in carne ed ossa umano umana persona operatore agente consulente per favore voglio vorrei parlare
			subito adesso ora ciao buongiorno sì si grazie l responsabile del servizio clienti`),
		which:  wordSet(`che chi cui`),
		divide: wordSet(`e ma perché o quindi`),
	},
	{ // Dutch
		person:  wordSet(`mens mensen persoon medewerker medewerkster iemand agent vertegenwoordiger leidinggevende adviseur klantenservicemedewerker collega manager`),
		plain:   wordSet(`mens persoon medewerker medewerkster agent leidinggevende adviseur klantenservicemedewerker manager`),
		contact: wordSet(`spreken praten chatten doorverbinden verbind verbinden verbindt bellen contact doorschakelen krijgen telefoneren`),
		wish:    wordSet(`wil zou kan mag graag alsjeblieft alstublieft aub moet kunt kun wens eis nodig hoe`),
		me:      wordSet(`mij me ons`),
		deny:    wordSet(`niet geen nooit zonder zei zeiden als heeft had omdat niemand`),
		being:   wordSet(`bent ben is was`),
		owner:   wordSet(`mijn jouw uw zijn haar hun andere elke iedere per de derde`),
		filler: wordSet(`een echte echt mens persoon medewerker medewerkster agent alsjeblieft alstublieft aub graag nu ik wil met spreken praten van de hallo ja
			bedankt leidinggevende manager menselijke levende klantenservice`),
		which:  wordSet(`die dat wie`),
		divide: wordSet(`en maar want of omdat dat`),
	},
	{ // Polish
		person:  wordSet(`człowiek człowiekiem człowieka konsultant konsultantem konsultanta konsultantką pracownik pracownikiem pracownika osobą doradcą doradca kimś`),
		plain:   wordSet(`człowiek człowiekiem człowieka konsultant konsultantem konsultanta pracownik pracownikiem doradca`),
		contact: wordSet(`rozmawiać porozmawiać połączyć połącz połączcie skontaktować przełączyć przełącz pogadać rozmowa rozmowę połączenie`),
		wish:    wordSet(`chcę chcę chciałbym chciałabym mogę proszę potrzebuję czy muszę można`),
		me:      wordSet(`mnie nas`),
		deny:    wordSet(`nie nigdy bez powiedział jeśli żaden`),
		being:   wordSet(`jesteś jest był`),
		owner:   wordSet(`mój moim mojego twój jego inny`),
		filler:  wordSet(`z żywym żywy prawdziwym człowiek człowiekiem człowieka konsultant konsultantem proszę chcę rozmawiać teraz pracownik doradca`),
		which:   wordSet(`który która którzy`),
		divide:  wordSet(`i ale bo lub a`),
	},
	{ // Turkish
		person:  wordSet(`insan insana insanla temsilci temsilciyle temsilciye temsilcisi temsilcisiyle temsilcisine yetkili yetkiliyle yetkiliye operatör operatörle operatöre biriyle birine kişiyle kişiye`),
		plain:   wordSet(`insan temsilci temsilcisi yetkili operatör insanla temsilciye operatöre insana`),
		contact: wordSet(`konuşmak görüşmek bağlanmak bağla bağlayın bağlar bağlayabilir konuşabilir görüşebilir aktar aktarın aktarır konuşayım bağlan ulaşmak`),
		wish:    wordSet(`istiyorum isterim istiyoruz lütfen miyim mıyım misiniz mısınız rica gerek`),
		me:      wordSet(`beni bizi bana`),
		deny:    wordSet(`istemiyorum değil yok hayır dedi söyledi`),
		being:   wordSet(`misin mısın`),
		owner:   wordSet(`benim onun her diğer`),
		filler:  wordSet(`bir gerçek canlı müşteri insan temsilci temsilcisi yetkili operatör lütfen istiyorum ile hemen şimdi insanla temsilciye operatöre bağla konuşmak görüşmek`),
		which:   wordSet(`ki`),
		divide:  wordSet(`ve ama çünkü veya`),
	},
	{ // Swedish
		person:  wordSet(`människa människor person handläggare kundtjänstmedarbetare medarbetare agent någon rådgivare chef operatör`),
		plain:   wordSet(`människa person handläggare kundtjänstmedarbetare medarbetare agent rådgivare chef operatör`),
		contact: wordSet(`prata tala snacka chatta koppla kopplad kontakta kontakt ringa få`),
		wish:    wordSet(`vill kan skulle snälla tack behöver får måste önskar hur gärna`),
		me:      wordSet(`mig oss`),
		deny:    wordSet(`inte ingen inga aldrig utan sa om har hade`),
		being:   wordSet(`är var`),
		owner:   wordSet(`min mitt din hans hennes deras varje annan per`),
		filler:  wordSet(`en ett riktig levande verklig människa person handläggare medarbetare agent tack snälla nu jag vill prata med behöver hej`),
		which:   wordSet(`som`),
		divide:  wordSet(`och men eller för`),
	},
	{ // Arabic
		person:  wordSet(`موظف شخص إنسان انسان ممثل مسؤول وكيل بشري مندوب`),
		plain:   wordSet(`موظف إنسان انسان ممثل مسؤول مندوب`),
		contact: wordSet(`التحدث أتحدث اتحدث التكلم أتكلم التواصل تحويلي حولني حوّلني أكلم اكلم الحديث`),
		wish:    wordSet(`أريد اريد أود اود هل ممكن يمكنني أحتاج احتاج فضلك الرجاء أرجو`),
		me:      wordSet(`تحويلي حولني`),
		deny:    wordSet(`لا ليس لم لن قال بدون`),
		being:   wordSet(`أنت انت`),
		owner:   wordSet(`كل`),
		filler:  wordSet(`من فضلك مع إلى الى حقيقي بشري خدمة العملاء موظف إنسان ممثل أريد اريد التحدث`),
		which:   wordSet(`الذي`),
		divide:  wordSet(`لكن`),
	},
}

func wordSet(text string) map[string]bool {
	members := make(map[string]bool)
	for word := range strings.FieldsSeq(text) {
		members[word] = true
	}
	return members
}
