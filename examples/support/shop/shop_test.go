package shop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/frontdesk-go/frontdesk/examples/support/shop"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func open(t *testing.T, path string) *shop.Shop {
	t.Helper()
	s, err := shop.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func fresh(t *testing.T) *shop.Shop {
	return open(t, filepath.Join(t.TempDir(), "shop.db"))
}

func TestSeed(t *testing.T) {
	s, ctx := fresh(t), t.Context()
	seen := map[shop.Status]int{}
	count := 0
	for _, customer := range []string{"cus_ana", "cus_ben", "cus_chloe", "cus_dario"} {
		record, err := s.Customer(ctx, customer)
		require.NoError(t, err)
		assert.Equal(t, customer, record.ID)
		assert.NotEmpty(t, record.Name)
		orders, err := s.Orders(ctx, customer)
		require.NoError(t, err)
		for i, o := range orders {
			count++
			seen[o.Status]++
			assert.True(t, o.PlacedAt.Before(time.Now()), o.ID)
			assert.True(t, i == 0 || !o.PlacedAt.After(orders[i-1].PlacedAt), "newest first")
			total := o.Shipping
			for _, item := range o.Items {
				total = total.Plus(item.Price.Times(item.Quantity))
			}
			assert.Equal(t, total, o.Total, o.ID)
			assert.NotEmpty(t, o.Items, o.ID)
			assert.Equal(t, o.Status == shop.Refunded, o.RefundID != "", o.ID)
			if o.Status == shop.InTransit {
				assert.True(t, o.ExpectedBy.After(time.Now()), o.ID)
			}
		}
	}
	assert.Equal(t, 12, count)
	for _, status := range []shop.Status{shop.Processing, shop.InTransit, shop.Delivered, shop.Lost, shop.Cancelled, shop.Refunded} {
		assert.Positive(t, seen[status], status)
	}

	lamp, err := s.Order(ctx, "cus_ana", "ord-9281 ")
	require.NoError(t, err)
	assert.Equal(t, "89.00 EUR", lamp.Total.String())
	assert.Contains(t, lamp.Items[0].Name, "Ceramic table lamp")
	assert.WithinDuration(t, time.Now().Add(-24*time.Hour), lamp.DeliveredAt, time.Minute)
	shown, err := json.Marshal(lamp)
	require.NoError(t, err)
	assert.Contains(t, string(shown), `"total":"89.00 EUR"`)
	assert.Contains(t, string(shown), `"status":"delivered"`)
	assert.NotContains(t, string(shown), "cus_ana", "a customer's id is nothing a model needs")
}

func TestOrdersOfOthersAreNotFound(t *testing.T) {
	s, ctx := fresh(t), t.Context()
	calls := map[string]func(customer, id string) error{
		"Order":  func(c, id string) error { _, err := s.Order(ctx, c, id); return err },
		"Refund": func(c, id string) error { _, err := s.Refund(ctx, c, id, "broken", "k"); return err },
		"Cancel": func(c, id string) error { _, err := s.Cancel(ctx, c, id, "changed my mind"); return err },
		"ChangeAddress": func(c, id string) error {
			_, err := s.ChangeAddress(ctx, c, id, shop.Address{Street: "a 1", PostalCode: "1", City: "b"})
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			foreign, unknown := call("cus_ben", "ORD-9281"), call("cus_ben", "ORD-9289")
			require.ErrorIs(t, foreign, shop.ErrNotFound)
			require.ErrorIs(t, unknown, shop.ErrNotFound)
			assert.Equal(t, "this customer has no order ORD-9281: check the number with the customer", foreign.Error())
			assert.Equal(t, "this customer has no order ORD-9289: check the number with the customer", unknown.Error())
			assert.ErrorIs(t, call("cus_nobody", "ORD-9281"), shop.ErrNotFound)
			assert.ErrorIs(t, call("", "ORD-9281"), shop.ErrNotFound)
			assert.ErrorIs(t, call("cus_ana/orders", "ORD-9281"), shop.ErrNotFound)
			assert.ErrorIs(t, call("cus_ana", ""), shop.ErrNotFound)
		})
	}
}

func TestRefund(t *testing.T) {
	tests := []struct {
		customer, order string
		amount          string // of the refund, or
		kind            error
		text            string
	}{
		{"cus_ana", "ORD-9281", "89.00 EUR", nil, ""},
		{"cus_chloe", "ORD-9120", "74.90 EUR", nil, ""},  // lost
		{"cus_dario", "ORD-9246", "278.00 EUR", nil, ""}, // above the review limit, which the shop leaves to its caller
		{"cus_ana", "ORD-8102", "", shop.ErrNotAllowed, "order ORD-8102 is still being processed: cancel it instead of refunding it"},
		{"cus_ana", "ORD-7714", "", shop.ErrNotAllowed, "still on its way"},
		{"cus_ana", "ORD-6630", "", shop.ErrNotAllowed, "return window of order ORD-6630 ended on"},
		{"cus_chloe", "ORD-8890", "", shop.ErrNotAllowed, "nothing to refund"},
		{"cus_ben", "ORD-9155", "", shop.ErrAlreadyRefunded, "order ORD-9155 was already refunded: 48.90 EUR"},
	}
	for _, test := range tests {
		t.Run(test.order, func(t *testing.T) {
			s, ctx := fresh(t), t.Context()
			before, err := s.Refunds(ctx)
			require.NoError(t, err)
			refund, err := s.Refund(ctx, test.customer, test.order, "arrived broken", "key-1")
			after, listErr := s.Refunds(ctx)
			require.NoError(t, listErr)
			if test.kind != nil {
				require.ErrorIs(t, err, test.kind)
				assert.Contains(t, err.Error(), test.text)
				assert.Equal(t, before, after)
				if test.kind == shop.ErrAlreadyRefunded {
					assert.Equal(t, test.order, refund.OrderID, "the existing refund comes with the error")
				}
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.amount, refund.Amount.String())
			assert.Equal(t, "arrived broken", refund.Reason)
			assert.Equal(t, append(before, refund), after)
			order, err := s.Order(ctx, test.customer, test.order)
			require.NoError(t, err)
			assert.Equal(t, shop.Refunded, order.Status)
			assert.Equal(t, refund.ID, order.RefundID)
		})
	}
}

func TestRefundIsPaidOnceAcrossRestarts(t *testing.T) {
	path, ctx := filepath.Join(t.TempDir(), "shop.db"), t.Context()
	s, err := shop.Open(path)
	require.NoError(t, err)
	first, err := s.Refund(ctx, "cus_ana", "ORD-9281", "arrived broken", "key-1")
	require.NoError(t, err)
	require.NoError(t, s.Close())

	s = open(t, path)
	again, err := s.Refund(ctx, "cus_ana", "ord-9281", "worded otherwise", "key-1")
	require.NoError(t, err)
	assert.Equal(t, first, again)

	existing, err := s.Refund(ctx, "cus_ana", "ORD-9281", "arrived broken", "key-2")
	require.ErrorIs(t, err, shop.ErrAlreadyRefunded)
	assert.Equal(t, first, existing)

	_, err = s.Refund(ctx, "cus_ana", "ORD-6630", "arrived broken", "key-1")
	require.ErrorIs(t, err, shop.ErrNotAllowed)
	assert.Contains(t, err.Error(), "used for order ORD-9281")

	for name, arguments := range map[string][2]string{"no key": {"broken", ""}, "no reason": {" ", "key-3"}} {
		_, err = s.Refund(ctx, "cus_ana", "ORD-9281", arguments[0], arguments[1])
		require.ErrorIs(t, err, shop.ErrNotAllowed, name)
	}

	refunds, err := s.Refunds(ctx)
	require.NoError(t, err)
	assert.Len(t, refunds, 2, "the seeded one and ours")

	require.NoError(t, s.Reset())
	order, err := s.Order(ctx, "cus_ana", "ORD-9281")
	require.NoError(t, err)
	assert.Equal(t, shop.Delivered, order.Status)
}

func TestConcurrentRefundsPayOnce(t *testing.T) {
	s, ctx := fresh(t), t.Context()
	const callers = 24
	var wg sync.WaitGroup
	refunds, errs := make([]shop.Refund, callers), make([]error, callers)
	for i := range callers {
		wg.Go(func() {
			// Callers come in pairs that share a key, as a retry does.
			refunds[i], errs[i] = s.Refund(ctx, "cus_ana", "ORD-9281", "arrived broken", fmt.Sprint("key-", i/2))
			_, err := s.Order(ctx, "cus_ana", "ORD-9281")
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	paid := 0
	for i := range callers {
		assert.Equal(t, refunds[0], refunds[i])
		if errs[i] == nil {
			paid++
			assert.NoError(t, errs[i^1], "both of a pair succeed")
		} else {
			assert.ErrorIs(t, errs[i], shop.ErrAlreadyRefunded)
		}
	}
	assert.Equal(t, 2, paid)
	all, err := s.Refunds(ctx)
	require.NoError(t, err)
	assert.Len(t, all, 2)
}

func TestCancel(t *testing.T) {
	s, ctx := fresh(t), t.Context()
	order, err := s.Cancel(ctx, "cus_ana", "ORD-8102", "found it elsewhere")
	require.NoError(t, err)
	assert.Equal(t, shop.Cancelled, order.Status)
	assert.Equal(t, "found it elsewhere", order.CancelReason)
	again, err := s.Cancel(ctx, "cus_ana", "ORD-8102", "another reason")
	require.NoError(t, err)
	assert.Equal(t, order, again)

	_, err = s.Cancel(ctx, "cus_ana", "ORD-7714", "too slow")
	require.ErrorIs(t, err, shop.ErrNotAllowed)
	assert.Contains(t, err.Error(), "already with the carrier")
	order, err = s.Cancel(ctx, "cus_ana", "ORD-9281", "too late")
	require.ErrorIs(t, err, shop.ErrNotAllowed)
	assert.Equal(t, "order ORD-9281 is delivered: it can no longer be cancelled", err.Error())
	assert.Zero(t, order)
}

func TestChangeAddress(t *testing.T) {
	s, ctx := fresh(t), t.Context()
	to := shop.Address{Street: "Rue Neuve 5", PostalCode: "1000", City: "Brussels"}
	order, err := s.ChangeAddress(ctx, "cus_ana", "ORD-8102", to)
	require.NoError(t, err)
	to.Country = "Belgium"
	assert.Equal(t, to, order.Address)
	stored, err := s.Order(ctx, "cus_ana", "ORD-8102")
	require.NoError(t, err)
	assert.Equal(t, order, stored)

	refused := []struct {
		order string
		to    shop.Address
		text  string
	}{
		{"ORD-8102", shop.Address{Street: "Venloer Straße 1", PostalCode: "50672", City: "Cologne", Country: "Germany"}, "in Belgium"},
		{"ORD-8102", shop.Address{Street: "Rue Neuve 5"}, "incomplete"},
		{"ORD-7714", to, "already with the carrier"},
		{"ORD-9281", to, "is delivered"},
	}
	for _, test := range refused {
		_, err := s.ChangeAddress(ctx, "cus_ana", test.order, test.to)
		require.ErrorIs(t, err, shop.ErrNotAllowed)
		assert.Contains(t, err.Error(), test.text)
	}
}

func TestProducts(t *testing.T) {
	s, ctx := fresh(t), t.Context()
	tests := map[string]string{ // query -> the best match, or none
		"reading lamps for the bed": "Reading lamp Finch",
		"LINEN sheets":              "Linen fitted sheet",
		"gift card":                 "Gift card",
		"bicycle":                   "",
		"":                          "",
	}
	for query, best := range tests {
		products, err := s.Products(ctx, query)
		require.NoError(t, err)
		require.NotNil(t, products, "an empty result is [] to a model, not null")
		assert.LessOrEqual(t, len(products), 5)
		if best == "" {
			assert.Empty(t, products, query)
		} else if assert.NotEmpty(t, products, query) {
			assert.Equal(t, best, products[0].Name)
		}
	}
}

func TestContextAndFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	s := open(t, path)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Refund(gone, "cus_ana", "ORD-9281", "broken", "key-1")
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Products(gone, "lamp")
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Refunds(gone)
	require.ErrorIs(t, err, context.Canceled)

	_, err = shop.Open(path)
	require.ErrorContains(t, err, "another process")
	_, err = shop.Open(t.TempDir())
	require.Error(t, err, "a directory is no store")
}

func TestMoney(t *testing.T) {
	texts := map[shop.Money]string{
		{Cents: 8900, Currency: "EUR"}: "89.00 EUR",
		{Cents: 5, Currency: "EUR"}:    "0.05 EUR",
		{Cents: -125, Currency: "CHF"}: "-1.25 CHF",
	}
	for money, text := range texts {
		assert.Equal(t, text, money.String())
		var read shop.Money
		require.NoError(t, read.UnmarshalText([]byte(text)))
		assert.Equal(t, money, read)
	}
	for _, bad := range []string{"", "89 EUR", "89.0 EUR", "89.000 EUR", "89.00", "+89.00 EUR", "89.00 EURO", "x.00 EUR", "089.00 EUR", "89.00  EUR"} {
		assert.Error(t, new(shop.Money).UnmarshalText([]byte(bad)), bad)
	}
}

func FuzzMoney(f *testing.F) {
	for _, text := range []string{"89.00 EUR", "-0.01 EUR", "-9223372036854775808", "-92233720368547758.08 EUR", "1.2.3 EUR"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var money shop.Money
		if money.UnmarshalText([]byte(text)) == nil {
			assert.Equal(t, text, money.String())
		}
	})
}
