// Package shop is the system of record of Lamp & Linen, a small shop for lamps
// and household linen: customers, orders, refunds and products in one file,
// held by the embedded store bbolt. It stands in for the database behind a real
// support desk: what a tool does here has really happened and is still there
// after a restart.
//
// Every method that touches an order takes the customer whose order it must be.
// The store is one bucket per customer, so another customer's order cannot be
// reached at all, and asking for one looks exactly like asking for an order that
// does not exist.
package shop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The kinds of refusal, to be tested with [errors.Is]. The error's own text is
// a full sentence about the case at hand, for a model or a colleague to read.
var (
	// ErrNotFound: the customer has no such order, or there is no such customer.
	ErrNotFound = errors.New("not found")
	// ErrAlreadyRefunded: the order was refunded before, under another key.
	ErrAlreadyRefunded = errors.New("already refunded")
	// ErrNotAllowed: the shop's rules, or the order's state, forbid it.
	ErrNotAllowed = errors.New("not allowed")
)

// Shop is the open store. It is safe for concurrent use; writes run one after
// another. Only one process can hold the file at a time.
type Shop struct {
	db *bolt.DB
}

var (
	customersBucket = []byte("customers") // customer id -> the buckets and the record below
	ordersBucket    = []byte("orders")    // order id -> Order
	refundsBucket   = []byte("refunds")   // order id -> Refund: at most one for each order
	keysBucket      = []byte("keys")      // idempotency key -> order id
	productsBucket  = []byte("products")  // SKU -> Product
	recordKey       = []byte("record")    // -> Customer
)

// Open opens the shop in the file at path and stocks it with customers, orders
// and products if it is new. It fails within a second when another process
// holds the file.
func Open(path string) (*Shop, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("open the shop's store %s (is another process using it?): %w", path, err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		if tx.Bucket(customersBucket) != nil {
			return nil
		}
		return seed(tx, time.Now())
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("seed the shop: %w", err), db.Close())
	}
	return &Shop{db: db}, nil
}

// Close releases the file. The shop cannot be used afterwards.
func (s *Shop) Close() error { return s.db.Close() }

// Reset throws everything away and stocks the shop anew, with dates relative to
// this moment.
func (s *Shop) Reset() error {
	return s.db.Update(func(tx *bolt.Tx) error {
		if err := errors.Join(tx.DeleteBucket(customersBucket), tx.DeleteBucket(productsBucket)); err != nil {
			return err
		}
		return seed(tx, time.Now())
	})
}

// Customer gives a customer's record: of cus_ana, cus_ben, cus_chloe or
// cus_dario in a newly seeded shop.
func (s *Shop) Customer(ctx context.Context, customer string) (Customer, error) {
	var record Customer
	err := s.view(ctx, customer, func(a account) error {
		return json.Unmarshal(a.bucket.Get(recordKey), &record)
	})
	return record, err
}

// Order gives one order of the customer.
func (s *Shop) Order(ctx context.Context, customer, id string) (Order, error) {
	var order Order
	err := s.view(ctx, customer, func(a account) (err error) {
		order, err = a.order(id)
		return err
	})
	return order, err
}

// NeedsReview reports whether a colleague has to look at a refund of the order
// first, whoever's it is: its total is above ReviewAboveCents, or cannot be
// read.
func (s *Shop) NeedsReview(orderID string) bool {
	needed := false
	err := s.db.View(func(tx *bolt.Tx) error {
		customers := tx.Bucket(customersBucket)
		return customers.ForEachBucket(func(customer []byte) error {
			order, err := account{customers.Bucket(customer)}.order(orderID)
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			needed = needed || order.Total.Cents > ReviewAboveCents
			return err
		})
	})
	return needed || err != nil
}

// Orders gives all orders of the customer, the newest first.
func (s *Shop) Orders(ctx context.Context, customer string) ([]Order, error) {
	orders := []Order{}
	err := s.view(ctx, customer, func(a account) error {
		return each(a.bucket.Bucket(ordersBucket), func(o Order) { orders = append(orders, o) })
	})
	slices.SortFunc(orders, func(a, b Order) int { return b.PlacedAt.Compare(a.PlacedAt) })
	return orders, err
}

// Refund gives back the total of an order that was delivered within the return
// window or lost on its way. An order is refunded at most once: the same
// idempotency key gives the same refund again, however often it is asked;
// another key gives ErrAlreadyRefunded together with the refund that exists.
// A key that was used for another order is ErrNotAllowed.
func (s *Shop) Refund(ctx context.Context, customer, orderID, reason, idempotencyKey string) (Refund, error) {
	if idempotencyKey == "" {
		return Refund{}, refuse("a refund needs an idempotency key")
	}
	if strings.TrimSpace(reason) == "" {
		return Refund{}, refuse("a refund needs a reason: ask the customer for it")
	}
	var refund Refund
	err := s.update(ctx, customer, func(a account) error {
		order, err := a.order(orderID)
		if err != nil {
			return err
		}
		refunds, keys := a.bucket.Bucket(refundsBucket), a.bucket.Bucket(keysBucket)
		usedFor := string(keys.Get([]byte(idempotencyKey)))
		if usedFor != "" && usedFor != order.ID {
			return refuse("this idempotency key was used for order %s: use a new one for order %s", usedFor, order.ID)
		}
		if existing := refunds.Get([]byte(order.ID)); existing != nil {
			if err := json.Unmarshal(existing, &refund); err != nil || usedFor == order.ID {
				return err
			}
			return refusal{ErrAlreadyRefunded, fmt.Sprintf("order %s was already refunded: %s on %s, refund %s; do not refund it again",
				order.ID, refund.Amount, day(refund.CreatedAt), refund.ID)}
		}
		now := time.Now().UTC().Truncate(time.Second)
		if err := order.refundable(now); err != nil {
			return err
		}
		refund, err = a.pay(order, reason, idempotencyKey, now)
		return err
	})
	return refund, err
}

// Refunds gives every refund of every customer, in the order they were made.
func (s *Shop) Refunds(ctx context.Context) ([]Refund, error) {
	refunds := []Refund{}
	err := s.db.View(func(tx *bolt.Tx) error {
		customers := tx.Bucket(customersBucket)
		return customers.ForEachBucket(func(id []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return each(customers.Bucket(id).Bucket(refundsBucket), func(r Refund) { refunds = append(refunds, r) })
		})
	})
	slices.SortFunc(refunds, func(a, b Refund) int { return strings.Compare(a.ID, b.ID) })
	return refunds, err
}

// Cancel calls an order off that is still being processed; its payment is
// released. Cancelling a cancelled order again changes nothing and is no error.
func (s *Shop) Cancel(ctx context.Context, customer, orderID, reason string) (Order, error) {
	return s.change(ctx, customer, orderID, func(order *Order) error {
		if order.Status == Cancelled {
			return nil
		}
		if err := order.open("cancelled"); err != nil {
			return err
		}
		order.Status, order.CancelReason, order.ExpectedBy = Cancelled, reason, time.Time{}
		return nil
	})
}

// ChangeAddress sends an order that is still being processed elsewhere in the
// same country; shipping was paid for that country. An empty Country keeps it.
func (s *Shop) ChangeAddress(ctx context.Context, customer, orderID string, to Address) (Order, error) {
	return s.change(ctx, customer, orderID, func(order *Order) error {
		if to.Country == "" {
			to.Country = order.Address.Country
		}
		if to.Street == "" || to.PostalCode == "" || to.City == "" {
			return refuse("the new address is incomplete: street with number, postal code and city are needed")
		}
		if err := order.open("sent to another address"); err != nil {
			return err
		}
		if !strings.EqualFold(to.Country, order.Address.Country) {
			return refuse("order %s can only be sent to another address in %s: to send it abroad, cancel it and order again", order.ID, order.Address.Country)
		}
		to.Country = order.Address.Country
		order.Address = to
		return nil
	})
}

// Products searches the catalogue for the words of the query and gives at most
// five products, the best match first. An empty query finds nothing.
func (s *Shop) Products(ctx context.Context, query string) ([]Product, error) {
	type match struct {
		product Product
		score   int
	}
	var matches []match
	words := strings.Fields(strings.ToLower(query))
	err := s.db.View(func(tx *bolt.Tx) error {
		return each(tx.Bucket(productsBucket), func(p Product) {
			name, text := strings.ToLower(p.Name), strings.ToLower(p.Category+" "+p.Description)
			score := 0
			for _, word := range words {
				if len(word) > 3 {
					word = strings.TrimSuffix(word, "s") // "lamps" finds "lamp"
				}
				if strings.Contains(name, word) {
					score += 2
				} else if strings.Contains(text, word) {
					score++
				}
			}
			if score > 0 {
				matches = append(matches, match{p, score})
			}
		})
	})
	slices.SortStableFunc(matches, func(a, b match) int { return b.score - a.score })
	products := []Product{}
	for _, m := range matches[:min(len(matches), 5)] {
		products = append(products, m.product)
	}
	return products, errors.Join(err, ctx.Err())
}

// account is one customer's part of the store, within a transaction.
type account struct {
	bucket *bolt.Bucket
}

func (s *Shop) view(ctx context.Context, customer string, read func(account) error) error {
	return s.db.View(func(tx *bolt.Tx) error { return enter(ctx, tx, customer, read) })
}

func (s *Shop) update(ctx context.Context, customer string, write func(account) error) error {
	return s.db.Update(func(tx *bolt.Tx) error { return enter(ctx, tx, customer, write) })
}

func enter(ctx context.Context, tx *bolt.Tx, customer string, do func(account) error) error {
	// A write may have waited for others: the caller may be gone by now.
	if err := ctx.Err(); err != nil {
		return err
	}
	bucket := tx.Bucket(customersBucket).Bucket([]byte(customer))
	if bucket == nil {
		return refusal{ErrNotFound, "this customer is unknown to the shop"}
	}
	return do(account{bucket})
}

// change loads an order, lets edit alter it, and stores it.
func (s *Shop) change(ctx context.Context, customer, orderID string, edit func(*Order) error) (Order, error) {
	var order Order
	err := s.update(ctx, customer, func(a account) (err error) {
		if order, err = a.order(orderID); err != nil {
			return err
		}
		if err := edit(&order); err != nil {
			return err
		}
		return put(a.bucket.Bucket(ordersBucket), order.ID, order)
	})
	if err != nil {
		return Order{}, err
	}
	return order, nil
}

func (a account) order(id string) (Order, error) {
	id = strings.ToUpper(strings.TrimSpace(id))
	stored := a.bucket.Bucket(ordersBucket).Get([]byte(id))
	if stored == nil {
		return Order{}, refusal{ErrNotFound, fmt.Sprintf("this customer has no order %s: check the number with the customer", id)}
	}
	var order Order
	err := json.Unmarshal(stored, &order)
	return order, err
}

// pay books the refund of an order, its key and the order's new status.
func (a account) pay(order Order, reason, key string, now time.Time) (Refund, error) {
	number, err := a.bucket.Tx().Bucket(customersBucket).NextSequence()
	if err != nil {
		return Refund{}, err
	}
	refund := Refund{ID: fmt.Sprintf("REF-%06d", number), OrderID: order.ID, Amount: order.Total, Reason: reason,
		CreatedAt: now, ExpectedBy: now.Add(refundTime)}
	order.Status, order.RefundID = Refunded, refund.ID
	return refund, errors.Join(
		put(a.bucket.Bucket(refundsBucket), order.ID, refund),
		a.bucket.Bucket(keysBucket).Put([]byte(key), []byte(order.ID)),
		put(a.bucket.Bucket(ordersBucket), order.ID, order),
	)
}

func put(bucket *bolt.Bucket, key string, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return bucket.Put([]byte(key), encoded)
}

func each[T any](bucket *bolt.Bucket, visit func(T)) error {
	return bucket.ForEach(func(_, stored []byte) error {
		var value T
		if err := json.Unmarshal(stored, &value); err != nil {
			return err
		}
		visit(value)
		return nil
	})
}

// refusal is an error of one of the kinds above in words for its reader.
type refusal struct {
	kind error
	text string
}

func (r refusal) Error() string { return r.text }
func (r refusal) Unwrap() error { return r.kind }

func refuse(format string, args ...any) error {
	return refusal{ErrNotAllowed, fmt.Sprintf(format, args...)}
}
