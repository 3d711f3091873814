package claims

var german = grammar{
	tag:      "de",
	verbLast: true,
	functions: functionList{
		agent:     "ich wir",
		you:       "du sie ihr",
		third:     "er es man kunde kunden händler bank airline",
		have:      "haben",
		haveFirst: "habe hab",
		be:        "ist sind bin",
		been:      "wurde wurden worden war waren wurdest gewesen",
		will:      "werde werden",
		willBe:    "wird wirst",
		modal: `kann kannst können könnte könnten würde würden möchte möchten soll sollen sollte sollten darf dürfen dürfte muss müssen müsste müssten will wollen wollte mag
			hätte hätten wäre wären lässt könntest versuche versuchen müsse könne solle möglich bereit`,
		able:      "konnte konnten gekonnt",
		not:       "nicht kein keine keinen keiner keinem keines nie niemals weder nichts ohne niemand kaum",
		condition: "wenn falls sobald sofern solange bevor ehe ob sonst andernfalls bei nachdem vorausgesetzt",
		clause:    "dass weil da während obwohl welche welcher damit warum wie wo denn",
		join:      "und aber oder sondern sowie",
		adverb: `jetzt nun bereits schon soeben eben gerade gerne gern natürlich selbstverständlich auch somit daher deshalb hiermit heute gestern umgehend sofort direkt anschließend danach
			dann außerdem zudem zusätzlich wunschgemäß erfolgreich`,
		asking: `soll sollen darf dürfen kann können möchten möchtest wollen willst könnte könnten haben hast ist sind wurde wurden wird werden habe würden würdest wer was wann wo warum wieso weshalb wie
			welche welcher welches brauchen benötigen bin`,
		saying: `sagten sagtest gesagt erwähnten erwähnt meinten schrieben geschrieben wünschen wünschst möchten möchtest wollten wollen behaupten gebeten bitten mitgeteilt angegeben glauben
			dachten verstehe verstanden`,
		seeming: "scheint anscheinend angeblich offenbar scheinbar laut vermutlich tut sicherzustellen sicherstellen wahrscheinlich verstehe",
		now:     "jetzt nun bereits schon hiermit damit soeben erfolgreich somit inzwischen mittlerweile",
		general: `erstattungen rückerstattungen bestellungen stornierungen änderungen gutschriften gutscheine kunden rücksendungen buchungen jede jeder jedes alle
			grundsätzlich normalerweise üblicherweise generell meist meistens`,
		before: "für zu zum zur von vom über bezüglich wegen mit an ans auf aus in im nach bei gegen hinsichtlich betreffend zwecks",
		owned:  "der die das den dem ihre ihr ihren ihrem deine dein deinen deinem unsere diese dieser dieses ein eine einen",
		contact: `melden meldet kümmern kümmert kontaktieren kontaktiert übernehmen übernimmt anrufen ruft helfen hilft prüfen prüft bearbeiten antworten antwortet weiterhelfen
			unterstützen unterstützt betreuen weiterbetreuen zurückrufen`,
		byOther:    "durch vom",
		vague:      "grundsätzlich normalerweise üblicherweise generell meist meistens immer stets regel richtlinie richtlinien",
		infinitive: "zu",
	}.index(),
	phrases: phrasesOf(map[class]string{
		condition: "im falle|im fall|für den fall|nach eingang|nach erhalt|nach prüfung|nach ihrer bestätigung|nach deiner bestätigung|so bald|vor der|gegen vorlage",
		adverb:    "nicht nur|wie gewünscht|wie besprochen|wie vereinbart|bei uns|bei ihnen|bei dir|noch heute|in kürze|bei ihrer bank|auf wunsch|kein problem",
		not:       "noch nicht|noch kein",
		seeming:   "es sieht so aus|wie es aussieht|tut mir leid|zum beispiel",
		vague:     "in der regel",
	}),
}

var germanWords = []entry{
	{topics: refunds, noun: "erstattung rückerstattung rückzahlung refund erstattungen rückvergütung rückbuchung erstattungsbetrag"},
	{topics: cancellations, noun: "stornierung kündigung storno annullierung abbestellung"},
	{topics: changes | things, noun: "änderung änderungen umbuchung aktualisierung anpassung korrektur adressänderung upgrade umstellung tarifwechsel"},
	{topics: orders | things, noun: "bestellung auftrag"},
	{topics: bookings, noun: "buchung reservierung ersatz ersatzlieferung ersatzgerät ersatzartikel umtausch austausch neubestellung termin nachlieferung ersatzsendung ersatzteil"},
	{topics: credits, noun: "gutschrift gutschein rabatt guthaben entschädigung punkte bonuspunkte gutscheincode kulanzgutschrift bonus preisnachlass nachlass rabattcode"},
	{topics: tickets, noun: "ticket fall vorgang rückruf supportticket"},
	{topics: humans, noun: `kollegen kollege kollegin mitarbeiter mitarbeiterin team fachabteilung abteilung spezialisten spezialist vorgesetzten support menschen berater fachteam techniker
		kundenservice kundendienst ansprechpartner serviceteam supportteam vorgesetzter jemand experten buchhaltung`},
	{topics: messages, noun: "email mail brief code bestätigung bestätigungsmail rechnung nachricht sms link etikett rücksendeetikett versandetikett kopie bestätigungsemail retourenetikett rechnungskopie"},
	{topics: money, noun: "betrag geld zahlung kaufpreis summe eur euro kosten gebühr gebühren rechnungsbetrag versandkosten"},
	{topics: things, noun: `adresse lieferadresse rechnungsadresse anschrift tarif vertrag abo abonnement konto daten kontodaten telefonnummer nummer name sitzplatz flug passwort lieferung
		lieferdatum termin buchung reservierung zahlungsmethode zahlungsart profil lieferanschrift liefertermin gepäck bankverbindung kundendaten kundenkonto mailadresse emailadresse artikel menge größe farbe`},
	{topics: refunds, participle: "erstattet rückerstattet zurückerstattet zurückgezahlt zurückgebucht rückvergütet refundiert zurücküberwiesen", bare: "erstatten zurückerstatten zurückzahlen rückerstatten zurückbuchen zurücküberweisen",
		present: "erstatte zahle+zurück buche+zurück überweise+zurück erstatten+ihnen erstatten+dir zahlen+zurück"},
	{topics: cancellations, participle: "storniert gekündigt abbestellt annulliert abgemeldet gecancelt", bare: "stornieren kündigen abbestellen annullieren", present: "storniere kündige annulliere stornieren+jetzt stornieren+ihre stornieren+gleich"},
	{topics: changes, participle: "umgebucht hochgestuft umgestellt freigeschaltet entsperrt zurückgesetzt", bare: "umbuchen umstellen hochstufen freischalten entsperren zurücksetzen", present: "buche+um stelle+um schalte+frei"},
	{topics: changes, takes: things | changes, participle: "geändert aktualisiert angepasst korrigiert berichtigt abgeändert", bare: "ändern aktualisieren anpassen korrigieren berichtigen", present: "ändere aktualisiere passe+an korrigiere ändern+ihre"},
	{takes: things | changes, participle: "verlängert verschoben hinzugefügt entfernt gelöscht aktiviert deaktiviert hinterlegt vorgenommen durchgeführt eingetragen gespeichert verlegt pausiert gewechselt umgesetzt geschlossen",
		bare:    "verlängern verschieben hinzufügen entfernen löschen aktivieren deaktivieren hinterlegen vornehmen durchführen eintragen wechseln",
		present: "verlängere verschiebe füge+hinzu lösche aktiviere trage+ein nehme+vor"},
	{takes: refunds, participle: "veranlasst ausgelöst eingeleitet angewiesen durchgeführt bearbeitet vorgenommen ausgestellt genehmigt verarbeitet gestartet initiiert abgeschlossen überwiesen angestoßen freigegeben gutgeschrieben getätigt in+die+wege beauftragt erledigt unterwegs gebucht bestätigt",
		bare: "veranlassen auslösen einleiten anweisen durchführen bearbeiten vornehmen genehmigen überweisen anstoßen", present: "veranlasse löse+aus leite+ein weise+an führe+durch stoße+an"},
	{takes: money, participle: "überwiesen+zurück zurückgegeben zurückgeschickt gutgeschrieben+karte zurückgesendet", bare: "zurückgeben"},
	{takes: cancellations, participle: "durchgeführt veranlasst bestätigt eingeleitet vorgenommen bearbeitet abgeschlossen erledigt vermerkt eingetragen verarbeitet vollzogen", bare: "durchführen veranlassen vornehmen einleiten bestätigen", present: "veranlasse bestätige führe+durch"},
	{takes: orders, participle: "aufgegeben ausgelöst getätigt neu+aufgegeben", bare: "aufgeben auslösen", present: "gebe+auf löse+aus"},
	{topics: bookings, participle: "nachbestellt ausgetauscht umgetauscht nachgeliefert", bare: "nachbestellen austauschen umtauschen", present: "bestelle+nach tausche+aus"},
	{takes: bookings, participle: "gebucht bestellt veranlasst verschickt versendet versandt reserviert vereinbart vorgenommen ausgelöst erstellt beauftragt eingeleitet losgeschickt gesendet organisiert angelegt geschickt",
		bare: "buchen bestellen veranlassen verschicken versenden reservieren vereinbaren senden schicken organisieren", present: "buche bestelle schicke veranlasse sende reserviere versende"},
	{topics: orders, takes: things | bookings | orders, participle: "bestellt gebucht reserviert", bare: "bestellen buchen reservieren", present: "bestelle buche reserviere"},
	{topics: credits, participle: "gutgeschrieben entschädigt", takes: money | credits, bare: "gutschreiben entschädigen", present: "schreibe+gut schreiben+gut"},
	{takes: credits, participle: "ausgestellt gesendet geschickt verschickt erstellt gewährt hinzugefügt eingelöst hinterlegt aktiviert gutgeschrieben veranlasst zugeschickt versendet zugesandt verbucht eingerichtet erteilt gebucht",
		bare: "ausstellen senden schicken erstellen gewähren hinterlegen zuschicken", present: "schicke sende gewähre erstelle stelle+aus"},
	{topics: tickets, participle: "eskaliert", bare: "eskalieren", present: "eskaliere"},
	{takes: humans, participle: "weitergeleitet weitergegeben übergeben verbunden informiert benachrichtigt hinzugezogen eingeschaltet überstellt zugewiesen kontaktiert beauftragt weitergereicht gebeten durchgestellt übermittelt",
		bare: "weiterleiten weitergeben übergeben verbinden informieren hinzuziehen einschalten durchstellen", present: "leite+weiter gebe+weiter übergebe verbinde informiere leiten+weiter stelle+durch ziehe+hinzu"},
	{takes: tickets, participle: "eröffnet erstellt angelegt aufgemacht geöffnet eingerichtet vereinbart weitergeleitet weitergegeben", bare: "eröffnen erstellen anlegen weiterleiten", present: "eröffne erstelle lege+an"},
	{takes: messages, participle: "gesendet geschickt verschickt versendet versandt zugeschickt zugesandt gemailt übermittelt zugesendet rausgeschickt", bare: "senden schicken verschicken zuschicken zusenden mailen", present: "schicke sende maile versende"},
}
