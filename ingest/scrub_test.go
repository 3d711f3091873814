package ingest_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk/ingest"
)

func TestScrub(t *testing.T) {
	for _, c := range [][2]string{
		// Mail addresses.
		{"Write to ana.roy+shop@mail.example.co.uk.", "Write to [email]."},
		{"jürgen@müller.example, please", "[email], please"},
		{"ana (at) example.com", "[email]"},
		{"mailto:ana@example.com?subject=x", "mailto:[email]?subject=x"},
		// Telephone numbers.
		{"Call +49 (0)30 901820-12 now", "Call [phone] now"},
		{"+1-202-555-0143", "[phone]"},
		{"(202) 555-0143 or 202.555.0143", "[phone] or [phone]"},
		{"call me at 5550143", "call me at [phone]"},
		{"Tel.: 030/901820", "Tel.: [phone]"},
		{"Meine Handynummer: 0151 2345 6789", "Meine Handynummer: [phone]"},
		{"0033 6 12 34 56 78", "[phone]"},
		{"06 12 34 56 78", "[phone]"},
		{"móvil 612 345 678", "móvil [phone]"},
		{"07700 900123", "[phone]"},
		// Cards and accounts.
		{"4111 1111 1111 1111", "[card]"},
		{"4111-1111-1111-1111, exp 04/27", "[card], exp 04/27"},
		{"378282246310005", "[card]"},
		{"DE89 3704 0044 0532 0130 00 is mine", "[iban] is mine"},
		{"gb29nwbk60161331926819", "[iban]"},
		{"FR14 2004 1010 0505 0001 3M02 606.", "[iban]."},
		{"my SSN is 078-05-1120", "my SSN is [number]"},
		{"account 123456789012", "account [number]"},
		{"tracking 00340434161094021501", "tracking [number]"},
		// Addresses of machines.
		{"from 203.0.113.7:8080", "from [ip]:8080"},
		{"2001:db8::8a2e:370:7334 failed", "[ip] failed"},
		// Secrets.
		{"sk-proj-abcdefghijklmnop1234", "[key]"},
		{"ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[key]"},
		{"AKIAIOSFODNN7EXAMPLE", "[key]"},
		{"Authorization: Bearer abcdef.1234567890", "Authorization: Bearer [key]"},
		{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def-1", "[key]"},
		{"my password is hunter2!", "my password is [key]!"},
		{"Passwort: Sommer2026", "Passwort: [key]"},
		{"PIN: 4821", "PIN: [key]"},
		{"https://ana:geheim@shop.example/", "https://[key]@shop.example/"},
		{"hash 9e107d9d372bb6826bd81d3542a419d6", "hash [key]"},
		{"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "[key]"},
		// Places.
		{"I live at 12 Baker Street, London", "I live at [address], London"},
		{"221B North Elm Ave., Apt 4", "[address]"},
		{"Lindenstraße 48, 10969 Berlin", "[address]"},
		{"Am Alten Markt-Platz 5", "[address]"},
		{"12 bis, rue de la Paix, Paris", "[address], Paris"},
		{"Calle de Alcalá 42", "[address]"},
		{"Via Garibaldi, 7", "[address]"},
		{"Rua Augusta 1200", "[address]"},
		{"Keizersgracht 123", "[address]"},
		{"Springfield, IL 62704", "[address]"},
		{"SW1A 1AA", "[address]"},
		// People.
		{"Hi Anna,\nmy lamp broke.", "Hi [name],\nmy lamp broke."},
		{"Dear Mr. Smith, thanks", "Dear [name], thanks"},
		{"Sehr geehrte Frau Müller-Lüdenscheidt,", "Sehr geehrte [name],"},
		{"Bonjour Mme Dupont,", "Bonjour [name],"},
		{"It broke.\n\nBest regards,\nAna Roy", "It broke.\n\nBest regards,\n[name]"},
		{"Danke!\nViele Grüße\nJürgen van der Berg\nBerlin", "Danke!\nViele Grüße\n[name]\nBerlin"},
		{"Hello, my name is Ana Roy and", "Hello, my name is [name] and"},
		{"ich heiße Jürgen Müller.", "ich heiße [name]."},
		{"date of birth: 1.2.1980", "date of birth: [date]"},

		// What stays.
		{"ORD-9281 was delivered on 2026-01-14 at 09:30:00.", ""},
		{"Refunds of 1,200.00 EUR take 3-5 business days.", ""},
		{"It costs $89.90, or 1 234 567 kr a year.", ""},
		{"On 14.01.2026 and 01/14/2026.", ""},
		{"Version 3.14 of part LAMP-BRS-02", ""},
		{"Reset your password: the link is valid for 24 hours.", ""},
		{"Your password is not stored.", ""},
		{"Hi there, how can I help?", ""},
		{"Dear customer,", ""},
		{"Hello team,", ""},
		{"Sehr geehrte Damen und Herren,", ""},
		{"Thanks,\nthe lamp works.", ""},
		{"See https://shop.example/help/returns-and-refunds-for-all-customers-abroad", ""},
		{"open_bank_account_4821 and transfer_funds_between_bank_accounts_7291", ""},
		{"You have 30 days, 14 for sale items, 100 cm by 200 cm", ""},
		{"Opening hours: 09:00-17:00, Mo-Fr", ""},
		{"返品は商品到着後14日以内に限り承っております。", ""},
		{"The ratio is 16:9 and the time 12:30", ""},
		{"Press Ctrl + 1 2 3", ""},
	} {
		want := c[1]
		if want == "" {
			want = c[0]
		}
		assert.Equal(t, want, new(ingest.Scrubber).Scrub(c[0]))
	}
}

func TestScrubNames(t *testing.T) {
	var s ingest.Scrubber
	assert.Equal(t, "[name]'s lamp. I told [name] that [name] and Annabel will call.", s.Scrub("Ana Roy's lamp. I told ana roy that Ana and Annabel will call.", "Ana Roy"))
	assert.Equal(t, "我是[name]，你好", s.Scrub("我是王小明，你好", "王小明"))
	assert.Equal(t, "x", s.Scrub("x", "", "x", " "))
}

func TestScrubKeeps(t *testing.T) {
	s := ingest.Scrubber{
		Keep:     []string{"@shop.example", "1-800-555-0199", "Lampenweg 3"},
		Patterns: map[string]*regexp.Regexp{"customer number": regexp.MustCompile(`\bK-\d+\b`)},
	}
	assert.Equal(t, "help@shop.example, +1 800 555 0199... and Lampenweg 3, not [email] of [customer number]",
		s.Scrub("help@shop.example, +1 800 555 0199... and Lampenweg 3, not ana@example.com of K-12"))
}

func BenchmarkScrub(b *testing.B) {
	text := strings.Repeat("Hello Anna,\n\nyour order ORD-9281 was delivered on 2026-01-14. We have refunded 89.90 EUR to the card that you used for the payment, which takes five working days.\nIf you have questions, write to help@shop.example or call +49 30 901820.\n\nBest regards,\nTom\n", 20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		new(ingest.Scrubber).Scrub(text, "Anna Roy")
	}
}
