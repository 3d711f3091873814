package shop

import (
	"fmt"
	"strconv"
	"strings"
)

// Money is an exact amount in the smallest unit of its currency. As text, and
// therefore in JSON, it reads "89.00 EUR": a model that is shown 8900 sooner or
// later promises a customer 8,900 euros.
type Money struct {
	Cents    int64
	Currency string // ISO 4217, such as "EUR"
}

// String gives the amount with two decimals and its currency: "89.00 EUR".
func (m Money) String() string {
	sign, cents := "", m.Cents
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d %s", sign, cents/100, cents%100, m.Currency)
}

// Times is the price of n pieces.
func (m Money) Times(n int) Money {
	return Money{Cents: m.Cents * int64(n), Currency: m.Currency}
}

// Plus adds an amount of the same currency.
func (m Money) Plus(other Money) Money {
	return Money{Cents: m.Cents + other.Cents, Currency: m.Currency}
}

// MarshalText implements [encoding.TextMarshaler].
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]. It reads what String
// writes and refuses everything else.
func (m *Money) UnmarshalText(text []byte) error {
	amount, currency, _ := strings.Cut(string(text), " ")
	whole, decimals, _ := strings.Cut(amount, ".")
	cents, err := strconv.ParseInt(whole+decimals, 10, 64)
	read := Money{Cents: cents, Currency: currency}
	if err != nil || len(currency) != 3 || read.String() != string(text) {
		return fmt.Errorf("amount %q: write it like \"89.00 EUR\"", text)
	}
	*m = read
	return nil
}
