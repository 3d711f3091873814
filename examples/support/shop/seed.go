package shop

import (
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// seed stocks an empty store. What it holds agrees with the shop's published
// policies: shipping costs, the return window, the carriers.
func seed(tx *bolt.Tx, now time.Time) error {
	now = now.UTC().Truncate(time.Second)
	products, err := tx.CreateBucket(productsBucket)
	if err != nil {
		return err
	}
	catalogue := map[string]Product{}
	for _, p := range seedProducts() {
		catalogue[p.SKU] = p
		if err := put(products, p.SKU, p); err != nil {
			return err
		}
	}
	customers, err := tx.CreateBucket(customersBucket)
	if err != nil {
		return err
	}
	for _, c := range seedCustomers() {
		bucket, err := customers.CreateBucket([]byte(c.ID))
		if err != nil {
			return err
		}
		for _, name := range [][]byte{ordersBucket, refundsBucket, keysBucket} {
			if _, err := bucket.CreateBucket(name); err != nil {
				return err
			}
		}
		if err := put(bucket, string(recordKey), c.Customer); err != nil {
			return err
		}
		for _, o := range c.orders {
			if err := o.store(account{bucket}, c.address, catalogue, now); err != nil {
				return fmt.Errorf("order %s: %w", o.id, err)
			}
		}
	}
	return nil
}

// seedOrder is an order with its dates in days before the time of seeding;
// a negative number lies ahead.
type seedOrder struct {
	id       string
	status   Status
	items    map[string]int // SKU -> quantity
	shipping int64
	placed   float64
	expected float64
	arrived  float64
	carrier  string
}

type seedCustomer struct {
	Customer
	address Address
	orders  []seedOrder
}

func (s seedOrder) store(a account, address Address, catalogue map[string]Product, now time.Time) error {
	ago := func(days float64) time.Time { return now.Add(-time.Duration(days * float64(24*time.Hour))) }
	order := Order{ID: s.id, Status: s.status, Shipping: euro(s.shipping), Total: euro(s.shipping), Address: address, PlacedAt: ago(s.placed)}
	for _, p := range seedProducts() { // in the catalogue's order, as a map has none
		if n := s.items[p.SKU]; n > 0 {
			order.Items = append(order.Items, Item{SKU: p.SKU, Name: p.Name, Quantity: n, Price: p.Price})
			order.Total = order.Total.Plus(p.Price.Times(n))
		}
	}
	if s.status == Cancelled {
		order.CancelReason = "The customer changed their mind."
	} else {
		order.ExpectedBy = ago(s.expected)
	}
	if s.carrier != "" {
		order.Carrier, order.Tracking = s.carrier, "LL"+s.id[4:]+"0057BE"
	}
	if s.status == Delivered || s.status == Refunded {
		order.DeliveredAt = ago(s.arrived)
		order.ReturnBy = order.DeliveredAt.Add(ReturnWindow)
	}
	if s.status == Refunded {
		_, err := a.pay(order, "Two of the towels had pulled threads.", "seed-"+s.id, ago(s.arrived-2))
		return err
	}
	return put(a.bucket.Bucket(ordersBucket), order.ID, order)
}

func seedCustomers() []seedCustomer {
	return []seedCustomer{
		{
			Customer{ID: "cus_ana", Name: "Ana Duarte", Email: "ana.duarte@mail.example", Language: "en"},
			Address{Street: "Rue Haute 148", PostalCode: "1000", City: "Brussels", Country: "Belgium"},
			[]seedOrder{
				{id: "ORD-9281", status: Delivered, items: map[string]int{"LMP-CER-01": 1}, placed: 4, expected: 1, arrived: 1, carrier: "bpost"},
				{id: "ORD-7714", status: InTransit, items: map[string]int{"LIN-DUV-07": 1}, placed: 2, expected: -1, carrier: "bpost"},
				{id: "ORD-8102", status: Processing, items: map[string]int{"WOL-THR-11": 1, "CND-SOY-13": 1}, placed: 0.125, expected: -3},
				{id: "ORD-6630", status: Delivered, items: map[string]int{"LIN-TBL-10": 1}, shipping: 490, placed: 50, expected: 47, arrived: 47, carrier: "bpost"},
			},
		}, {
			Customer{ID: "cus_ben", Name: "Ben Hartmann", Email: "ben.hartmann@mail.example", Language: "de"},
			Address{Street: "Venloer Straße 21", PostalCode: "50672", City: "Cologne", Country: "Germany"},
			[]seedOrder{
				{id: "ORD-9304", status: Delivered, items: map[string]int{"LMP-ARC-02": 1}, placed: 8, expected: 4, arrived: 4, carrier: "DHL"},
				{id: "ORD-9155", status: Refunded, items: map[string]int{"LIN-TWL-09": 1}, shipping: 690, placed: 21, expected: 17, arrived: 17, carrier: "DHL"},
				{id: "ORD-9377", status: Processing, items: map[string]int{"LMP-RDG-04": 1, "BLB-LED-06": 2}, placed: 0.8, expected: -4},
			},
		}, {
			Customer{ID: "cus_chloe", Name: "Chloé Martin", Email: "chloe.martin@mail.example", Language: "fr"},
			Address{Street: "Rue Mercière 9", PostalCode: "69002", City: "Lyon", Country: "France"},
			[]seedOrder{
				{id: "ORD-9120", status: Lost, items: map[string]int{"CSH-VEL-12": 2}, shipping: 690, placed: 24, expected: 19, carrier: "DHL"},
				{id: "ORD-9290", status: InTransit, items: map[string]int{"LIN-SHT-08": 1}, placed: 3, expected: -2, carrier: "DHL"},
				{id: "ORD-8890", status: Cancelled, items: map[string]int{"LMP-PEN-03": 1}, placed: 33},
			},
		}, {
			Customer{ID: "cus_dario", Name: "Dario Conti", Email: "dario.conti@mail.example", Language: "en"},
			Address{Street: "Via Tortona 30", PostalCode: "20144", City: "Milan", Country: "Italy"},
			[]seedOrder{
				{id: "ORD-9246", status: Delivered, items: map[string]int{"LMP-PEN-03": 2}, placed: 15, expected: 8, arrived: 8, carrier: "DHL"},
				{id: "ORD-9333", status: InTransit, items: map[string]int{"LMP-KID-05": 1}, shipping: 1190, placed: 4, expected: -3, carrier: "DHL"},
			},
		},
	}
}

func seedProducts() []Product {
	return []Product{
		{"LMP-CER-01", "Ceramic table lamp Alba", "lighting", "Hand-glazed stoneware foot with a linen shade, E27 bulb, 42 cm high.", euro(8900), 23},
		{"LMP-ARC-02", "Arc floor lamp Halden", "lighting", "Brushed brass arc on a marble base, dimmable LED, reaches 1.6 m over a sofa.", euro(34900), 6},
		{"LMP-PEN-03", "Glass pendant lamp Ondine", "lighting", "Mouth-blown smoked glass, E27 bulb, cord of 2 m, for the dining table.", euro(13900), 11},
		{"LMP-RDG-04", "Reading lamp Finch", "lighting", "Clamp lamp with a flexible neck and three levels of warm light, for bed or desk.", euro(6400), 31},
		{"LMP-KID-05", "Night light Moth", "lighting", "Rechargeable silicone light for a child's room, glows for 12 hours.", euro(2900), 48},
		{"BLB-LED-06", "LED bulbs E27, set of three", "lighting", "8 W, 2,700 K, dimmable, 806 lumens each.", euro(1800), 140},
		{"LIN-DUV-07", "Linen duvet cover", "bedding", "Stone-washed European flax, 140 x 200 cm, in sand, sage or slate.", euro(12900), 17},
		{"LIN-SHT-08", "Linen fitted sheet", "bedding", "Stone-washed European flax, 160 x 200 cm, for mattresses up to 30 cm.", euro(7900), 20},
		{"LIN-TWL-09", "Waffle towel set", "bath", "Two bath towels and two hand towels in cotton and linen.", euro(4200), 0},
		{"LIN-TBL-10", "Linen tablecloth", "table", "Hemstitched, 150 x 250 cm, in white or ochre.", euro(5800), 9},
		{"WOL-THR-11", "Wool throw", "textiles", "Undyed lambswool, woven in Flanders, 130 x 180 cm.", euro(9500), 14},
		{"CSH-VEL-12", "Velvet cushion", "textiles", "Cotton velvet with a feather filling, 45 x 45 cm.", euro(3400), 37},
		{"CND-SOY-13", "Soy candle", "home", "Fig and cedar, burns for 40 hours.", euro(1900), 62},
		{"GFT-CRD-14", "Gift card", "gifts", "Sent by e-mail, valid for three years, any amount from 20 to 500 EUR; this one is 50 EUR.", euro(5000), 999},
	}
}

func euro(cents int64) Money { return Money{Cents: cents, Currency: "EUR"} }
