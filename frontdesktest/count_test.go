package frontdesktest_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

func noCounts(c *frontdesk.Changes) { c.Counts = nil }

// sums is a ledger that can be broken in several ways.
type sums struct {
	each        bool // checks each amount by itself
	first       bool // keeps the limit that an account had first
	refuseBack  bool // refuses to give back below the limit
	negative    bool // lets sums become negative
	anyPeriod   bool // gives back to whichever period
	forever     bool // has one period
	sliding     bool // begins periods with the first amount
	race        bool // does not see amounts at the same time
	halves      bool // counts what comes before a refusal
	over        int64
	sum, limits map[string]int64
	began       map[string]time.Time
}

func (l *sums) add(s *store, counts []frontdesk.Count) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.sum == nil {
		l.sum, l.limits, l.began = make(map[string]int64), make(map[string]int64), make(map[string]time.Time)
	}
	before := maps.Clone(l.sum)
	now := time.Now()
	for _, count := range counts {
		a := count.Account
		begin := now.UTC().Truncate(a.Period)
		reset := begin.Add(a.Period)
		switch began, ok := l.began[a.Name]; {
		case l.sliding && ok && now.Before(began.Add(a.Period)):
			reset = began.Add(a.Period)
		case l.sliding:
			l.began[a.Name], reset, l.sum[a.Name] = now, now.Add(a.Period), 0
		case !l.forever && (!ok || !began.Equal(begin)):
			l.began[a.Name], l.sum[a.Name] = begin, 0
		}
		limit := int64(a.Limit) + l.over
		if first, ok := l.limits[a.Name]; l.first && ok {
			limit = first
		}
		l.limits[a.Name] = limit
		sum := l.sum[a.Name]
		if l.each {
			sum = before[a.Name]
		}
		if (count.Amount > 0 || l.refuseBack) && (sum > limit || count.Amount > limit-sum) {
			if !l.halves {
				l.sum = before
			}
			return &frontdesk.QuotaError{Account: a, Reset: reset}
		}
		if count.Amount < 0 && !count.At.IsZero() && !count.At.UTC().Truncate(a.Period).Equal(begin) && !l.anyPeriod {
			continue
		}
		l.sum[a.Name] += count.Amount
		if !l.negative {
			l.sum[a.Name] = max(l.sum[a.Name], 0)
		}
	}
	if l.race {
		after := l.sum
		l.sum = before
		s.mu.Unlock()
		time.Sleep(time.Millisecond)
		s.mu.Lock()
		l.sum = after
	}
	return nil
}

// miscounting is a store with broken sums.
func miscounting(broken sums) func() *store {
	return func() *store {
		l := broken
		return &store{
			append: func(s *store, ctx context.Context, id frontdesk.ConversationID, last int64, entries []frontdesk.Entry) error {
				log, err := s.InMemory.Load(ctx, id, 0)
				if err != nil {
					return err
				}
				if int64(len(log)) != last {
					return frontdesk.ErrConflict
				}
				var counts []frontdesk.Count
				for _, entry := range entries {
					if entry.Changes != nil {
						counts = append(counts, entry.Changes.Counts...)
					}
				}
				if err := l.add(s, counts); err != nil {
					return err
				}
				return s.InMemory.Append(ctx, id, last, asking(entries, noCounts)...)
			},
			spend: func(s *store, ctx context.Context, accounts []frontdesk.Account) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				var counts []frontdesk.Count
				for _, account := range accounts {
					counts = append(counts, frontdesk.Count{Account: account, Amount: 1})
				}
				return l.add(s, counts)
			},
		}
	}
}

var brokenCounts = map[string]func() *store{
	"amounts are not known":                    mishearing(noCounts),
	"a limit is one too high":                  miscounting(sums{over: 1}),
	"a limit is one too low":                   miscounting(sums{over: -1}),
	"amounts of an append are checked alone":   miscounting(sums{each: true}),
	"the first limit is kept":                  miscounting(sums{first: true}),
	"giving back is refused":                   miscounting(sums{refuseBack: true}),
	"sums are negative":                        miscounting(sums{negative: true}),
	"amounts are given back to any period":     miscounting(sums{anyPeriod: true}),
	"sums are for ever":                        miscounting(sums{forever: true}),
	"periods begin with the first amount":      miscounting(sums{sliding: true}),
	"amounts race":                             miscounting(sums{race: true}),
	"amounts before a refused one are counted": miscounting(sums{halves: true}),
	"a refused amount without its name":        renaming(func(*frontdesk.QuotaError) error { return frontdesk.ErrQuota }),
	"a refused amount does not say which":      renaming(func(err *frontdesk.QuotaError) error { return &frontdesk.QuotaError{Reset: err.Reset} }),
	"a refused amount does not say until when": renaming(func(err *frontdesk.QuotaError) error { return &frontdesk.QuotaError{Account: err.Account} }),
	"amounts are not given back": mishearing(func(c *frontdesk.Changes) {
		c.Counts = slices.DeleteFunc(c.Counts, func(c frontdesk.Count) bool { return c.Amount < 0 })
	}),
	"accounts are without case": mishearing(func(c *frontdesk.Changes) {
		for i := range c.Counts {
			c.Counts[i].Account.Name = strings.ToLower(c.Counts[i].Account.Name)
		}
	}),
	"a canceled request counts": func() *store {
		return &store{spend: func(s *store, ctx context.Context, accounts []frontdesk.Account) error {
			return errors.Join(s.InMemoryLedger.Spend(context.WithoutCancel(ctx), accounts...), ctx.Err())
		}}
	},
	"requests are not counted": func() *store {
		return &store{spend: func(_ *store, ctx context.Context, _ []frontdesk.Account) error { return ctx.Err() }}
	},
}
