package figures_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/internal/figures"
)

func missing(text string, sources ...*figures.Text) []string {
	return figures.Missing(text, slices.Values(sources))
}

func TestMissing(t *testing.T) {
	tests := []struct {
		text, source string
		missing      []string
	}{
		{"Returns take 14 days.", "You have 14 days.", nil},
		{"Returns take 30 days.", "You have 14 days.", []string{"30 days"}},
		{"It is a 14-day period.", "within 14 days", nil},
		{"within two weeks", "within 14 days", nil},
		{"14 Tage", "You have 14 days.", nil},
		{"14 jours", "14 días", nil},
		{"innerhalb von 14 Tagen", "entro 14 giorni", nil},
		{"three years of warranty", "a warranty of 36 months", nil},
		{"drei Jahre Garantie", "a warranty of three years", nil},
		{"eine Woche", "7 days", nil},
		{"14 weeks", "14 days", []string{"14 weeks"}},
		{"48 hours", "2 days", nil},
		{"EUR 12.50", "12,50 €", nil},
		{"€12.50", "it costs 12.5 euros", nil},
		{"12,50€", "EUR12.50", nil},
		{"$12.50", "12,50 €", []string{"$12.50"}},
		{"$1,000", "1.000 USD", nil},
		{"1 000 €", "1'000 EUR and 1.000,00 €", nil},
		{"1.234,56 €", "€1,234.56", nil},
		{"1,234", "1.234", nil},
		{"12.5", "125", []string{"12.5"}},
		{"5 %", "five percent", nil},
		{"5%", "5 Prozent", nil},
		{"5 percent", "5 days", []string{"5 percent"}},
		{"It costs 4.90 EUR.", "| Norway | 4,90 |", nil},
		{"until 1 March 2026", "2026-03-01", nil},
		{"until March 1st, 2026", "bis 1. März 2026", nil},
		{"le 1er mars 2026", "01/03/2026", nil},
		{"3/1/2026", "1 de marzo de 2026", nil},
		{"1 March", "1 March 2026", nil},
		{"2 March", "1 March 2026", []string{"2 March"}},
		{"1 March 2027", "1 March 2026", []string{"1 March 2027"}},
		{"from 9 am to 5 pm", "9:00-17:00", nil},
		{"bis 18 Uhr", "until 6 p.m.", nil},
		{"until 7 pm", "until 6 pm", []string{"7 pm"}},
		{"Your order ORD-9281 and form A4.", "nothing", nil},
		{"1. Open the app.\n2) Press it.", "nothing", nil},
		{"See [1] and [2, 3].", "nothing", nil},
		{"One of them", "nothing", nil},
		{"30 days, not 30 days", "", []string{"30 days"}},
		{"需要14天", "within 14", nil},
		{"no figures at all", "", nil},
	}
	for _, test := range tests {
		t.Run(test.text+"|"+test.source, func(t *testing.T) {
			assert.Equal(t, test.missing, missing(test.text, figures.NewText(test.source)))
		})
	}
}

func TestAnySourceWillDo(t *testing.T) {
	assert.Empty(t, missing("4.90 EUR within 14 days", figures.NewText("4,90 €"), figures.NewText("14 days")))
}

func TestIdentifiers(t *testing.T) {
	for text, want := range map[string][]string{
		"ORD-9281 and (RF20418), #42 or 1234567.":      {"ORD-9281", "RF20418", "#42", "1234567"},
		"AB-12-34567 xAB-12":                           {"AB-12", "34567", "xAB-12"},
		"ORD-9281a TOOLONGER-12 A4 AB12 1234 #1 a_123": nil,
		"12.50 EUR, 2026-01-02, ORD-, -12":             nil,
		"":                                             nil,
	} {
		found, rest := figures.Identifiers(text)
		assert.Equal(t, want, found, text)
		for _, id := range want {
			text = strings.Replace(text, id, "", 1)
		}
		assert.Equal(t, text, rest)
	}
}

func FuzzIdentifiers(f *testing.F) {
	pattern := regexp.MustCompile(`\b[A-Za-z]{1,6}-\d+\b|\b[A-Za-z]{1,6}\d{3,}\b|#\d{2,}\b|\b\d{5,}\b`)
	f.Add("ORD-9281, RF20418-1, #42, x#12345 _1234567 12345-AB-1")
	f.Fuzz(func(t *testing.T, text string) {
		found, rest := figures.Identifiers(text)
		assert.Equal(t, pattern.FindAllString(text, -1), found, "%q", text)
		assert.Equal(t, pattern.ReplaceAllString(text, ""), rest, "%q", text)
	})
}

func FuzzMissing(f *testing.F) {
	f.Add("EUR 12.50 until 1. März 2026 at 9 am, 14-day", "12,50 € \xff")
	f.Add("1.234.567,8 000 three years", "- 1/1/2026")
	f.Fuzz(func(t *testing.T, text, source string) {
		_ = missing(text, figures.NewText(source))
		if missing := missing(text, figures.NewText(text)); len(missing) > 0 {
			t.Errorf("%q lacks its own figures %q", text, missing)
		}
	})
}

// Most texts have no dates, and many no digits.
func BenchmarkMissing(b *testing.B) {
	text := "Your refund of €49.90 for ORD-1042 has been issued and reaches you within 5 to 7 business days."
	source := `{"order_id":"ORD-1042","status":"delivered","carrier":"DHL","items":[{"sku":"KB-77","quantity":1,"price":"49.90 EUR"}],"delivered_at":"2026-11-02T10:14:00Z"}`
	policy := "Refunds are paid to the original payment method within 5 to 7 business days."
	b.ReportAllocs()
	for b.Loop() {
		missing(text, figures.NewText(source), figures.NewText(policy))
	}
}
