package claims

// confirmations are what a reply says that describes an action and asks whether to
// take it, word by word.
var confirmations = []string{
	" please confirm", " can you confirm", " could you confirm", " would you like to proceed ", " would you like me to ", " do you want me to ", " do you want to proceed ", " shall i ", " should i ",
	" shall we ", " may i proceed ", " if you confirm ", " yes to proceed ", " yes or no ", " yes no ", " would you like to go ahead ", " like me to proceed ", " do you confirm ", " is that correct ", " is this correct ",
	" are you okay with ", " is that okay ", " would that work ", " do you agree ", " confirm if you ", " confirm whether you ", " confirm that you ", " let me know if you would like to proceed ",
	" let me know if you d like me to ", " let me know if you d like to proceed ", " let me know if you would like me to ", " once you confirm ", " wish to proceed ", " like to proceed ", " happy to proceed ", " want to go ahead ",
	" bitte bestätigen ", " bitte bestätige ", " soll ich ", " sollen wir ", " möchten sie dass ", " möchtest du dass ", " sind sie damit einverstanden ", " bist du damit einverstanden ", " stimmt das so ", " ist das korrekt ", " passt das ", " darf ich ",
	" veuillez confirmer ", " merci de confirmer ", " pouvez vous confirmer ", " voulez vous que ", " souhaitez vous que ", " dois je ", " êtes vous d accord ", " puis je procéder ", " confirmez vous ", " souhaitez vous procéder ", " est ce correct ", " souhaitez vous continuer ",
	" por favor confirme ", " por favor confirma ", " puede confirmar ", " puedes confirmar ", " desea que ", " quiere que ", " quieres que ", " deseas que ", " está de acuerdo ", " estás de acuerdo ", " procedo ", " es correcto ", " desea proceder ", " desea continuar ", " me confirma ", " le parece bien ",
	" por favor confirme ", " pode confirmar ", " quer que ", " deseja que ", " posso prosseguir ", " concorda ", " confirma ", " deseja prosseguir ", " está correto ", " gostaria que eu ", " deseja continuar ",
	" può confermare ", " puoi confermare ", " per favore confermi ", " vuole che ", " vuoi che ", " desidera che ", " è d accordo ", " sei d accordo ", " procedo ", " devo procedere ", " conferma che ", " è corretto ", " mi conferma ", " desidera procedere ",
	" kunt u bevestigen ", " kun je bevestigen ", " bevestig alstublieft ", " gelieve te bevestigen ", " zal ik ", " wilt u dat ", " wil je dat ", " gaat u akkoord ", " ga je akkoord ", " klopt dat ", " is dat akkoord ", " wilt u doorgaan ",
	" vill du att jag ", " ska jag ", " czy mam ", " proszę potwierdzić ", " onaylıyor musunuz ", " ister misiniz ",
}
