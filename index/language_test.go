package index_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/index"
)

// manuals say the same in many languages, so that a question must find the one
// in its own.
var manuals = []frontdesk.Passage{
	{ID: "en", Text: "You can return unwanted items within 14 days. Refunds are paid to the card that you used."},
	{ID: "de", Text: "Sie können die Rücksendung innerhalb von 14 Tagen anmelden. Wir erstatten die Versandkosten nicht. Größen tauschen wir um."},
	{ID: "fr", Text: "Vous pouvez retourner les articles dans les 14 jours. Les remboursements sont effectués à l'étranger aussi."},
	{ID: "es", Text: "Puede devolver los artículos en 14 días. Los reembolsos se pagan en la tarjeta que usó para la compra."},
	{ID: "pt", Text: "Você pode devolver os produtos em 14 dias. As devoluções são pagas no cartão que você usou."},
	{ID: "it", Text: "Può restituire gli articoli entro 14 giorni. I rimborsi sono accreditati sulla carta dell'acquisto."},
	{ID: "nl", Text: "U kunt de artikelen binnen 14 dagen terugsturen. De terugbetalingen gaan naar de kaart die u hebt gebruikt."},
	{ID: "ru", Text: "Вы можете вернуть товары в течение 14 дней. Возвраты зачисляются на карту, которой вы платили."},
	{ID: "sv", Text: "Du kan returnera varorna inom 14 dagar. Återbetalningarna görs till kortet som du har använt."},
	{ID: "tr", Text: "Ürünleri 14 gün içinde iade edebilirsiniz. Para iadeleri kullandığınız karta yapılır ve ücretsizdir."},
	{ID: "ar", Text: "يمكنك إرجاع المنتجات خلال أربعة عشر يومًا. تُعاد المبالغ إلى البطاقة التي استخدمتها."},
	{ID: "hi", Text: "आप 14 दिनों के भीतर सामान वापस कर सकते हैं। धनवापसी आपके कार्ड पर की जाती है।"},
	{ID: "zh", Text: "您可以在十四天内退货。退款将退回到您付款时使用的银行卡。"},
	{ID: "ja", Text: "商品は14日以内に返品できます。返金はお支払いに使われたカードに行われます。"},
	{ID: "ko", Text: "상품은 14일 이내에 반품할 수 있습니다. 환불은 결제에 사용한 카드로 처리됩니다."},
	{ID: "th", Text: "คุณสามารถคืนสินค้าได้ภายใน 14 วัน เงินคืนจะเข้าบัตรที่คุณใช้ชำระเงิน"},
	{ID: "codes", Text: "Spare parts: shade XJ-200, cable XJ-201, plug A/B-17. The e-mail address of the workshop is in the manual, field serial_number."},
}

func TestLanguages(t *testing.T) {
	x := index.New(manuals...)
	tests := []struct{ query, want string }{
		{"refunded to my card", "en"},
		{"returning an unwanted item", "en"},
		{"Wie werden Rücksendungen angemeldet?", "de"},
		{"rucksendung", "de"},
		{"Groesse", "de"},
		{"Größe tauschen", "de"},
		{"versandkostenerstattung", "de"},
		{"Comment être remboursé ?", "fr"},
		{"remboursement a l’etranger", "fr"},
		{"étranger", "fr"},
		{"devolver un artículo", "es"},
		{"reembolso de la tarjeta", "es"},
		{"como devolver um produto", "pt"},
		{"devolução", "pt"},
		{"rimborso dell’acquisto", "it"},
		{"un articolo da restituire", "it"},
		{"wordt de terugbetaling gebruikt", "nl"},
		{"artikel terugsturen", "nl"},
		{"возврат товара на карту", "ru"},
		{"återbetalning", "sv"},
		{"aterbetalning", "sv"},
		{"ücretsiz iade", "tr"},
		{"كيف أعيد المنتج؟ إرجاع", "ar"},
		{"البطاقة", "ar"},
		{"धनवापसी", "hi"},
		{"सामान वापस कैसे करें", "hi"},
		{"退款多久到账", "zh"},
		{"银行卡", "zh"},
		{"返品したい", "ja"},
		{"カード", "ja"},
		{"ｶｰﾄﾞ", "ja"},
		{"환불 카드", "ko"},
		{"คืนเงิน", "th"},
		{"XJ-200", "codes"},
		{"xj200", "codes"},
		{"XJ 201", "codes"},
		{"email of the workshop", "codes"},
		{"serial number", "codes"},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			found := retrieve(t, x, frontdesk.Query{Text: test.query, TopK: 1})
			assert.Equal(t, []string{test.want}, found)
		})
	}
}

func TestTypos(t *testing.T) {
	x := index.New(
		frontdesk.Passage{ID: "warranty", Text: "The warranty covers broken switches."},
		frontdesk.Passage{ID: "delivery", Text: "Delivery takes two days within Germany."},
		frontdesk.Passage{ID: "order", Text: "Order ORD-9281 is an example."},
	)
	for query, want := range map[string][]string{
		"waranty":  {"warranty"},
		"warrenty": {"warranty"},
		"delivrey": {"delivery"},
		"germny":   {"delivery"},
		"swich":    {"warranty"},
		"9282":     nil, // another order, not a slip
		"xylophon": nil,
		"day":      {"delivery"},
		"dya":      nil, // too short to tell
	} {
		t.Run(query, func(t *testing.T) {
			assert.Equal(t, want, retrieve(t, x, frontdesk.Query{Text: query}))
		})
	}
}

func TestTheLanguageLabelDecides(t *testing.T) {
	x := index.New(
		frontdesk.Passage{ID: "label", Text: "Rechnungen", Labels: map[string]string{"language": "de-AT"}},
		frontdesk.Passage{ID: "other", Text: "Receipts", Labels: map[string]string{"language": "tlh"}},
	)
	assert.Equal(t, []string{"label"}, retrieve(t, x, frontdesk.Query{Text: "Rechnung"}))
	assert.Equal(t, []string{"other"}, retrieve(t, x, frontdesk.Query{Text: "receipt"}))
}

func FuzzText(f *testing.F) {
	for _, p := range manuals {
		f.Add(p.Text, p.ID)
	}
	f.Add("\xff\xfe-\u200d-\u0301-\u0e33", "a--b-1_c")
	f.Fuzz(func(t *testing.T, text, query string) {
		x := index.New(frontdesk.Passage{ID: "fuzz", Title: query, Text: text}, manuals[0])
		for _, question := range []string{text, query} {
			hits, err := x.Explain(t.Context(), frontdesk.Query{Text: question, Previous: []string{text}, TopK: 2})
			require.NoError(t, err)
			for _, hit := range hits {
				require.Positive(t, hit.Passage.Score)
				require.NotEmpty(t, hit.Matched, "%q is found by %q for no word", hit.Passage.Text, question)
			}
		}
	})
}
