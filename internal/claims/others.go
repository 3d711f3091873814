package claims

import "strings"

var dutch = grammar{
	words:    dutchWords,
	tag:      "nl",
	verbLast: true,
	functions: map[class]string{
		agent:      "ik wij we",
		you:        "u je jij jullie",
		third:      "hij zij klant men",
		have:       "hebben",
		haveFirst:  "heb",
		be:         "is zijn ben",
		been:       "werd werden geworden was waren",
		will:       "zal zullen ga gaan",
		willBe:     "wordt worden",
		modal:      "kan kunnen kunt zou zouden wil willen wilt moet moeten mag mogen hoef hoeft mogelijk had wens",
		justDone:   "kon konden",
		not:        "niet geen nooit noch niets zonder niemand",
		condition:  "als zodra indien wanneer tenzij mits voordat bij nadat",
		clause:     "dat omdat terwijl hoewel waarom hoe want die",
		join:       "en maar of",
		adverb:     "nu al reeds zojuist net graag natuurlijk ook dus daarom vandaag gisteren direct meteen vervolgens daarna inmiddels hierbij succesvol",
		asking:     "zal mag kan kunnen wilt wil zou moet heeft hebt is zijn wordt wanneer waar wat wie waarom hoe welke zullen",
		saying:     "zei zegt gezegd vertelde vermeldde gevraagd vroeg wilt wilde wil wenst aangegeven denkt schreef",
		seeming:    "lijkt blijkbaar begrijp schijnt volgens spijt vermoedelijk",
		now:        "nu al reeds inmiddels hierbij succesvol zojuist",
		general:    "terugbetalingen bestellingen annuleringen wijzigingen klanten retouren elke iedere alle normaal meestal gewoonlijk",
		before:     "voor van over aan op met naar in bij tegen uit betreffende",
		owned:      "de het uw je jouw deze dit een ons onze",
		contact:    "contact bellen belt opnemen neemt reageren bekijken bekijkt helpt helpen behandelt overneemt overnemen beantwoorden terugbellen",
		receive:    "krijgt ontvangt krijg ontvang",
		vague:      "normaal meestal gewoonlijk altijd doorgaans beleid",
		infinitive: "te",
	},
	phrases: map[class]string{
		condition: "in geval|op het moment dat|zo gauw|na ontvangst",
		adverb:    "niet alleen|zoals gevraagd|zoals afgesproken|geen probleem|bij u|bij ons",
		not:       "nog niet|nog geen",
		seeming:   "het lijkt erop|bij voorbeeld",
		byOther:   "door de|door het|door u|door uw|door je|door jou",
	},
}

var dutchWords = []entry{
	{topics: refunds, noun: "terugbetaling restitutie refund terugstorting"},
	{topics: cancellations, noun: "annulering opzegging"},
	{topics: changes | things, noun: "wijziging wijzigingen aanpassing verandering omboeking adreswijziging correctie upgrade"},
	{topics: orders | things, noun: "bestelling order"},
	{topics: bookings, noun: "boeking reservering vervanging omruiling vervangend vervangende afspraak ruil"},
	{topics: credits, noun: "tegoed tegoedbon korting vergoeding compensatie punten voucher cadeaubon kortingscode waardebon kortingsbon creditnota"},
	{topics: tickets, noun: "ticket zaak melding dossier"},
	{topics: humans, noun: "collega collega's medewerker team specialist afdeling leidinggevende iemand mens supportteam klantenservice monteur adviseur"},
	{topics: messages, noun: "email mail brief code bevestiging factuur sms link bericht label bevestigingsmail kopie retourlabel"},
	{topics: money, noun: "bedrag geld betaling euro aankoopbedrag kosten"},
	{topics: things, noun: "adres afleveradres bezorgadres abonnement account gegevens nummer telefoonnummer naam vlucht stoel wachtwoord datum levering contract profiel boeking reservering bestelling betaalmethode emailadres mailadres leverdatum"},
	{topics: refunds, participle: "terugbetaald gerestitueerd teruggestort teruggegeven+geld", bare: "terugbetalen restitueren terugstorten", present: "betaal+terug stort+terug betalen+terug storten+terug"},
	{topics: cancellations, participle: "geannuleerd opgezegd beëindigd stopgezet gecanceld", bare: "annuleren opzeggen beëindigen stopzetten", present: "annuleer zeg+op"},
	{topics: changes, takes: things | changes, participle: "gewijzigd aangepast veranderd bijgewerkt gecorrigeerd", bare: "wijzigen aanpassen veranderen bijwerken corrigeren", present: "wijzig pas+aan verander werk+bij"},
	{topics: changes, participle: "omgeboekt omgezet geüpgraded geactiveerd gedeblokkeerd", bare: "omboeken omzetten upgraden", present: "boek+om zet+om"},
	{takes: things | changes, participle: "verlengd verplaatst toegevoegd verwijderd gedeactiveerd verzet", bare: "verlengen verplaatsen toevoegen verwijderen", present: "verleng verplaats voeg+toe"},
	{takes: changes, participle: "doorgevoerd verwerkt geregistreerd uitgevoerd", bare: "doorvoeren verwerken", present: "verwerk"},
	{takes: refunds, participle: "verwerkt gestart ingezet uitgevoerd gedaan goedgekeurd verzonden geïnitieerd geregeld aangemaakt gemaakt onderweg afgerond", bare: "verwerken starten uitvoeren regelen", present: "verwerk start regel zet+in"},
	{takes: cancellations, participle: "verwerkt bevestigd uitgevoerd doorgevoerd geregeld", bare: "verwerken bevestigen", present: "verwerk bevestig"},
	{takes: orders, participle: "geplaatst", bare: "plaatsen", present: "plaats"},
	{topics: bookings, participle: "omgeruild vervangen nabesteld geruild", bare: "omruilen vervangen", present: "ruil+om vervang"},
	{takes: bookings, participle: "gemaakt geboekt gereserveerd verstuurd verzonden besteld ingepland geregeld opgestuurd gestuurd", bare: "boeken reserveren versturen sturen inplannen regelen", present: "boek reserveer stuur verstuur"},
	{topics: orders, takes: things | bookings | orders, participle: "besteld geboekt gereserveerd", bare: "bestellen boeken reserveren", present: "bestel boek reserveer"},
	{topics: credits, takes: money | credits, participle: "gecrediteerd gecompenseerd bijgeschreven", bare: "crediteren compenseren bijschrijven", present: "schrijf+bij compenseer"},
	{takes: credits, participle: "toegevoegd gestuurd verstuurd toegekend aangemaakt gegeven toegepast verleend bijgeschreven verzonden", bare: "toevoegen sturen toekennen geven toepassen", present: "stuur geef voeg+toe ken+toe"},
	{topics: tickets, participle: "geëscaleerd", bare: "escaleren", present: "escaleer"},
	{takes: humans, participle: "doorgestuurd doorgegeven doorverbonden overgedragen ingeschakeld geïnformeerd doorgezet voorgelegd gevraagd ingelicht", bare: "doorsturen doorgeven doorverbinden overdragen inschakelen", present: "stuur+door geef+door verbind+door draag+over schakel+in"},
	{takes: tickets, participle: "aangemaakt geopend gemaakt doorgestuurd", bare: "aanmaken openen", present: "maak+aan open"},
	{takes: messages, participle: "gestuurd verstuurd verzonden gemaild toegestuurd opgestuurd", bare: "sturen versturen mailen toesturen", present: "stuur verstuur mail+u"},
}

var swedish = grammar{
	words:    swedishWords,
	tag:      "sv",
	verbLast: true,
	functions: map[class]string{
		agent:      "jag vi",
		you:        "du ni",
		third:      "han hon kund kunden",
		have:       "har",
		be:         "är",
		been:       "blivit blev",
		will:       "kommer ska",
		willBe:     "blir",
		modal:      "kan kunna skulle vill måste bör möjligt",
		justDone:   "kunde",
		not:        "inte ej ingen inga inget aldrig utan varken",
		condition:  "om när så+snart innan ifall efter",
		clause:     "att som eftersom medan varför hur",
		join:       "och men eller",
		adverb:     "nu redan precis gärna också därför idag igår direkt just härmed",
		asking:     "ska vill kan får har är när var vad vem varför hur vilken",
		saying:     "sa säger sade nämnde bad vill ville skrev tror",
		seeming:    "verkar förstår tydligen enligt tråkigt",
		now:        "nu redan härmed",
		general:    "återbetalningar beställningar avbokningar ändringar kunder alla varje normalt vanligtvis",
		before:     "för om till av med på från i angående",
		owned:      "din ditt dina er ert den det en ett ditt vår",
		contact:    "kontaktar kontakta ringer hjälper återkommer återkomma",
		byOther:    "av",
		receive:    "får",
		vague:      "normalt vanligtvis alltid oftast policy",
		infinitive: "",
	},
	phrases: map[class]string{
		condition: "så snart|i fall",
		will:      "kommer att",
		adverb:    "inte bara|inga problem",
		not:       "ännu inte|inte ännu",
	},
}

var swedishWords = []entry{
	{topics: refunds, noun: "återbetalning återbetalningen"},
	{topics: cancellations, noun: "avbokning avbokningen avbeställning annullering uppsägning"},
	{topics: changes | things, noun: "ändring ändringen ändringar ombokning"},
	{topics: orders | things, noun: "beställning beställningen order ordern"},
	{topics: bookings, noun: "bokning bokningen ersättningsprodukt"},
	{topics: credits, noun: "rabatt presentkort kompensation poäng rabattkod tillgodohavande värdekod"},
	{topics: tickets, noun: "ärende ärendet supportärende"},
	{topics: humans, noun: "kollega kollegan handläggare team medarbetare kundtjänst avdelning specialist människa"},
	{topics: messages, noun: "mejl mail brev kod bekräftelse faktura sms länk meddelande epost"},
	{topics: money, noun: "belopp beloppet pengar pengarna betalning kronor"},
	{topics: things, noun: "adress adressen konto abonnemang abonnemanget uppgifter nummer namn flyg lösenord datum leverans avtal profil bokning bokningen leveransadress leveransadressen"},
	{topics: refunds, participle: "återbetalat återbetalad återbetalats återbetalt återbetald betalat+tillbaka", bare: "återbetala betala+tillbaka", present: "återbetalar", passive: "återbetalades"},
	{topics: cancellations, participle: "avbokat avbokad avbokats avbeställt avbeställd avbeställts annullerat annullerad annullerats sagt+upp avslutat avslutats makulerat", bare: "avboka avbeställa annullera", present: "avbokar avbeställer annullerar", passive: "avbokades annullerades"},
	{topics: changes, takes: things | changes, participle: "ändrat ändrad ändrats uppdaterat uppdaterad uppdaterats", bare: "ändra uppdatera", present: "ändrar uppdaterar"},
	{topics: changes, participle: "ombokat ombokad ombokats bokat+om", bare: "omboka boka+om", present: "bokar+om"},
	{takes: refunds, participle: "genomfört genomförts skickat behandlat påbörjat initierat gjort", bare: "genomföra påbörja"},
	{topics: credits, takes: credits | money, participle: "krediterat krediterats kompenserat"},
	{takes: credits, participle: "skickat lagt+till gett skapat", bare: "skicka", present: "skickar"},
	{takes: orders, participle: "lagt", bare: "lägga"},
	{takes: bookings, participle: "skickat bokat gjort bokad", bare: "boka skicka", present: "bokar skickar"},
	{topics: tickets, participle: "eskalerat eskalerats", bare: "eskalera", present: "eskalerar"},
	{takes: humans, participle: "kopplat vidarebefordrat vidarebefordrats överlämnat informerat skickat+vidare lämnat+över", bare: "koppla vidarebefordra", present: "kopplar vidarebefordrar skickar+vidare"},
	{takes: tickets, participle: "skapat öppnat skapats öppnats vidarebefordrat", bare: "skapa öppna", present: "skapar öppnar"},
	{takes: messages, participle: "skickat skickats mejlat", bare: "skicka mejla", present: "skickar mejlar"},
}

var polish = grammar{
	words:    polishWords,
	tag:      "pl",
	verbLast: true,
	dropped:  true,
	functions: map[class]string{
		agent:     "ja my",
		you:       "ty pan pani państwo",
		third:     "on ona klient",
		be:        "jest są",
		been:      "został została zostało zostały była był było",
		will:      "będę będziemy",
		willBe:    "zostanie zostaną będzie",
		modal:     "mogę może możemy mógłbym mogłabym moglibyśmy chciałbym chcę powinien powinno powinna można muszę musi należy chciałabym",
		not:       "nie ani nigdy żaden bez",
		condition: "jeśli jeżeli gdy kiedy gdyby zanim po",
		clause:    "że ponieważ bo który która które aby żeby",
		join:      "i a ale lub oraz",
		adverb:    "już teraz właśnie także dzisiaj wczoraj",
		asking:    "czy kiedy gdzie co kto dlaczego jak",
		saying:    "powiedział powiedziała poprosił prosił chce wspomniał pisał",
		seeming:   "wygląda podobno rozumiem przykro",
		now:       "już teraz właśnie",
		general:   "zwroty klienci każdy zazwyczaj zwykle",
		before:    "o dla do od z ze na w w sprawie",
		owned:     "twój twoja twoje pana pani państwa ten ta to",
		contact:   "skontaktuje oddzwoni odpowie pomoże zajmie",
		byOther:   "przez",
		vague:     "zazwyczaj zwykle zawsze regulamin",
	},
	phrases: map[class]string{
		condition: "w przypadku|jak tylko|po otrzymaniu",
		adverb:    "nie tylko|nie ma problemu",
		not:       "jeszcze nie",
	},
}

var polishWords = []entry{
	{topics: refunds, noun: "zwrot zwrotu refundacja refundację zwrotem"},
	{topics: cancellations, noun: "anulowanie rezygnację"},
	{topics: changes | things, noun: "zmiana zmianę zmiany aktualizacja"},
	{topics: orders | things, noun: "zamówienie"},
	{topics: bookings, noun: "rezerwacja rezerwację wymianę wymiana"},
	{topics: credits, noun: "rabat kupon bon voucher punkty rekompensata rekompensatę zniżkę"},
	{topics: tickets, noun: "zgłoszenie sprawa sprawę"},
	{topics: humans, noun: "konsultanta konsultant konsultantem konsultantowi zespół zespołu zespołowi kolega koledze pracownik pracownika pracownikowi specjalista specjalisty działu człowieka"},
	{topics: messages, noun: "email mail maila list kod potwierdzenie fakturę faktura sms link wiadomość"},
	{topics: money, noun: "kwota kwotę pieniądze środki płatność"},
	{topics: things, noun: "adres konto plan subskrypcja rezerwacja dane numer nazwisko lot hasło termin dostawa umowa rezerwację adresu zamówienie"},
	{topics: refunds, participle: "zwrócone zwrócona zwrócono zwrócony", past: "zwróciłem zwróciłam zwróciliśmy", future: "zwrócę zwrócimy", passive: "zwrócono", takes: money},
	{topics: cancellations, participle: "anulowane anulowana anulowany odwołana", past: "anulowałem anulowałam anulowaliśmy odwołałem odwołałam", future: "anuluję anulujemy", passive: "anulowano"},
	{topics: changes, takes: things | changes, participle: "zmieniony zmienione zmieniona zaktualizowany zaktualizowane zaktualizowana", past: "zmieniłem zmieniłam zmieniliśmy zaktualizowałem zaktualizowałam zaktualizowaliśmy", future: "zmienię zmienimy zaktualizuję", passive: "zmieniono zaktualizowano"},
	{takes: refunds, participle: "zlecony zlecona wykonany zrealizowany przetworzony", past: "zleciłem zleciłam zleciliśmy wykonałem dokonałem dokonałam dokonaliśmy", future: "zlecę zlecimy dokonam", passive: "zlecono"},
	{takes: credits, participle: "przyznany dodane wysłany", past: "przyznałem przyznałam przyznaliśmy dodałem dodałam wysłałem wysłałam", future: "przyznam dodam wyślę"},
	{takes: orders, participle: "złożone", past: "złożyłem złożyłam złożyliśmy", future: "złożę"},
	{takes: bookings, past: "zarezerwowałem zarezerwowałam zrobiłem zleciłem zleciłam", participle: "zrobiona zlecona"},
	{takes: humans, participle: "przekazane przekazana przekazany", past: "przekazałem przekazałam przekazaliśmy przełączyłem powiadomiłem", future: "przekażę przekażemy przełączę łączę", passive: "przekazano"},
	{takes: tickets, participle: "utworzone przekazane założone", past: "utworzyłem utworzyłam przekazałem przekazałam założyłem zgłosiłem", future: "utworzę przekażę"},
	{takes: messages, participle: "wysłany wysłane wysłana", past: "wysłałem wysłałam wysłaliśmy", future: "wyślę wyślemy", passive: "wysłano"},
}

// Turkish says in one word who did it and when; the noun before it says what.
var turkish = grammar{
	words:    turkishWords,
	tag:      "tr",
	verbLast: true,
	dropped:  true,
	functions: map[class]string{
		agent:     "ben biz",
		you:       "siz sen",
		modal:     "mümkün isterseniz gerekir gerekiyor",
		not:       "değil yok hiçbir hayır edilmedi etmedim etmedik edilemedi",
		condition: "eğer önce zaman halinde takdirde",
		join:      "ve ama fakat veya",
		adverb:    "şimdi bugün az önce hemen",
		asking:    "mi mı mu mü misiniz mısınız ne neden nasıl",
		saying:    "dediniz söylediniz istediniz belirttiniz",
		seeming:   "görünüyor anlıyorum üzgünüm",
		now:       "şimdi",
		vague:     "genellikle normalde her",
	},
	phrases: map[class]string{
		condition: "ettikten sonra|edildikten sonra",
	},
}

var turkishWords = []entry{
	{topics: refunds, noun: "iade iadeniz iadenizi iadesi para geri ücret ödeme iadesini"},
	{topics: cancellations, noun: "iptal iptali"},
	{topics: changes | things, noun: "değişiklik güncelleme"},
	{topics: orders, noun: "sipariş siparişiniz siparişinizi siparişi"},
	{topics: bookings, noun: "rezervasyon rezervasyonunuz rezervasyonunuzu"},
	{topics: credits, noun: "kupon indirim puan hediye çek"},
	{topics: humans, noun: "temsilciye temsilcimize ekibe ekibimize arkadaşıma arkadaşımıza yetkiliye birimimize"},
	{topics: tickets, noun: "talep kayıt"},
	{topics: messages, noun: "eposta posta e-posta sms kod mesaj mail"},
	{takes: refunds, past: "ettim ettik yaptım yaptık başlattım başlattık", passive: "edildi edilmiştir yapıldı yapılmıştır başlatıldı", future: "edeceğim edeceğiz yapacağım yapacağız", present: "ediyorum ediyoruz", passives: "edilecek edilecektir ediliyor yapılacak"},
	{takes: cancellations, past: "ettim ettik", passive: "edildi edilmiştir", future: "edeceğim edeceğiz", present: "ediyorum ediyoruz", passives: "edilecek edilecektir ediliyor"},
	{topics: changes, past: "güncelledim güncelledik değiştirdim değiştirdik", passive: "güncellendi güncellenmiştir değiştirildi", future: "güncelleyeceğim değiştireceğim"},
	{takes: orders | bookings, past: "verdim verdik oluşturdum oluşturduk yaptım yaptık", passive: "oluşturuldu yapıldı"},
	{takes: credits, past: "tanımladım tanımladık ekledim ekledik", passive: "tanımlandı eklendi"},
	{takes: humans, past: "aktardım aktardık ilettim ilettik yönlendirdim yönlendirdik bağladım", passive: "aktarıldı iletildi yönlendirildi", present: "aktarıyorum bağlıyorum yönlendiriyorum", future: "aktaracağım"},
	{takes: tickets, past: "oluşturdum oluşturduk açtım açtık", passive: "oluşturuldu açıldı"},
	{takes: messages, past: "gönderdim gönderdik yolladım", passive: "gönderildi gönderilmiştir", future: "göndereceğim göndereceğiz"},
}

var grammars = [...]grammar{english, german, french, spanish, portuguese, italian, dutch, swedish, polish, turkish}

// widePhrase is a whole phrase of a language that does not divide words, or whose
// words take prefixes.
type widePhrase struct {
	kind    Kind
	promise bool
	actor   Actor
	texts   []string
}

// wide finds claims in Japanese, Chinese and Arabic.
func wide(text string, found *claimSet) {
	first := strings.IndexFunc(text, func(r rune) bool { return r >= 0x600 })
	if first < 0 {
		return
	}
	for _, no := range wideDenials {
		if strings.Contains(text, no) {
			return
		}
	}
	for _, p := range widePhrases {
		for _, t := range p.texts {
			if strings.Contains(text, t) {
				found.add(p.kind, p.actor, p.promise)
				break
			}
		}
	}
}

var wideDenials = strings.Fields(`できません ません 場合 したら すると でしょうか ますか ましたか ? ？ まだ 未 不能 无法 無法 没有 沒有 尚未 如果 吗 嗎 是否 一旦 可以 لم لا لن إذا هل ؟ عند يمكن`)

var widePhrases = []widePhrase{
	{Refund, false, Agent, fields(`返金しました 返金いたしました 返金致しました 返金の手続きをしました 返金手続きを行いました 返金処理を行いました 返金処理をしました 返金手続きをいたしました`)},
	{Refund, false, Nobody, fields(`返金されました 返金が完了 返金済み 已退款 已经退款 已為您退款 已为您退款 退款已 已经为您退款 已给您退款 已办理退款 已经给您退款 `)},
	{Refund, true, Agent, fields(`返金します 返金いたします 返金致します 会退款 将退款 将为您退款 会为您退款 会给您退款 سنعيد سأعيد سنرد`)},
	{Cancellation, false, Agent, fields(`キャンセルしました キャンセルいたしました キャンセル致しました 取り消しました 解約しました 解約いたしました`)},
	{Cancellation, false, Nobody, fields(`キャンセルされました キャンセル済み 已取消 已经取消 已为您取消 已經取消 已為您取消 已经为您取消 已被取消`)},
	{Cancellation, true, Agent, fields(`キャンセルします キャンセルいたします 将取消 将为您取消 会为您取消`)},
	{Change, false, Agent, fields(`変更しました 変更いたしました 更新しました 更新いたしました`)},
	{Change, false, Nobody, fields(`変更されました 更新されました 已更改 已修改 已更新 已为您修改 已为您更改 已为您更新 已变更 地址已 已经修改 已经更改`)},
	{Order, false, Agent, fields(`注文しました 予約しました 予約いたしました 交換品を発送しました 代替品を発送 已下单 已预订 已为您预订 已重新发货 已为您下单`)},
	{Credit, false, Agent, fields(`クーポンを発行しました クーポンをお送りしました ポイントを付与しました ポイントを付与いたしました 已发放优惠券 已补偿 已发放积分 优惠券已`)},
	{Escalation, false, Agent, fields(`担当者に引き継ぎました 担当者に引き継ぎいたしました 担当者に転送しました 担当者におつなぎしました 已转接 已为您转接 已转交 已转人工 已升级 已将您的问题转`)},
	{Escalation, true, Agent, fields(`担当者におつなぎします 担当者に引き継ぎます 担当者からご連絡 为您转接 正在转接 专员会联系 客服会联系`)},
	{Cancellation, false, Nobody, fields(`تم_إلغاء لقد_ألغيت لقد_ألغينا قمت_بإلغاء قمنا_بإلغاء ألغيت ألغينا`)},
	{Refund, false, Nobody, fields(`تم_رد_المبلغ تم_استرداد تم_إرجاع_المبلغ قمت_برد قمنا_برد تمت_إعادة_المبلغ أعدنا_المبلغ تم_رد`)},
	{Change, false, Nobody, fields(`تم_تغيير تم_تحديث تم_تعديل قمت_بتغيير قمت_بتحديث قمنا_بتحديث`)},
	{Escalation, false, Nobody, fields(`تم_تحويل_طلبك تم_تصعيد قمت_بتحويل قمنا_بتحويل`)},
	{Message, false, Nobody, fields(`تم_إرسال_البريد تم_إرسال_رسالة تم_إرسال_رمز أرسلت_لك أرسلنا_لك`)},
	{Message, false, Agent, fields(`メールを送信しました メールをお送りしました メールを送りました 邮件已发送 已发送邮件 已给您发送 已向您发送`)},
}

func fields(text string) []string {
	list := strings.Fields(text)
	for i := range list {
		list[i] = strings.ReplaceAll(list[i], "_", " ")
	}
	return list
}
