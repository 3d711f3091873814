package sqlite

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/frontdesk-go/frontdesk"
)

// change is what an append changes beside its conversation, once everything
// was granted.
type change struct {
	claims   map[string]bool // or given back
	accounts map[string]account
}

// account is a sum that belongs to a period.
type account struct {
	reset int64
	spent int64
}

// plan finds out whether all changes of the entries are granted, and writes
// nothing. The conversation's owner and lease are changed in row.
func (c *conn) plan(id frontdesk.ConversationID, row *conversation, entries []frontdesk.Entry, now time.Time) (change, error) {
	plan := change{claims: make(map[string]bool), accounts: make(map[string]account)}
	for i := range entries {
		changes := entries[i].Changes
		if changes == nil {
			continue
		}
		row.customer = cmp.Or(changes.Customer, row.customer)
		if changes.Lease != nil {
			if err := row.lease(changes.Lease, now.UnixMicro()); err != nil {
				return plan, err
			}
		}
		for _, name := range changes.Release {
			plan.claims[name] = false
		}
		for _, name := range changes.Claims {
			if err := c.claim(id, plan.claims, name); err != nil {
				return plan, err
			}
		}
		for _, count := range changes.Counts {
			if err := c.count(plan.accounts, count, now); err != nil {
				return plan, err
			}
		}
	}
	return plan, nil
}

func (row *conversation) lease(lease *frontdesk.Lease, now int64) error {
	switch {
	case lease.Epoch < row.epoch:
		return refusal{fmt.Errorf("the lease of epoch %d was taken over: %w", lease.Epoch, frontdesk.ErrConflict)}
	case lease.Epoch > row.epoch && row.leased && now < row.until:
		return refusal{&frontdesk.LeaseError{Remaining: time.Duration(row.until-now) * time.Microsecond}}
	}
	row.epoch = lease.Epoch
	row.leased = lease.Duration > 0
	row.until = now + lease.Duration.Microseconds()
	return nil
}

// claim plans to claim a name for a conversation.
func (c *conn) claim(id frontdesk.ConversationID, planned map[string]bool, name string) error {
	holder := id // if it is claimed by the same append
	taken, changed := planned[name]
	if !changed {
		err := c.run(`SELECT v.tenant, v.name FROM claims LEFT JOIN conversations v ON v.id = claims.conversation WHERE claims.name = ?`,
			func(row *sqlite3.Stmt) {
				taken, holder = true, frontdesk.ConversationID{Tenant: row.ColumnText(0), ID: row.ColumnText(1)}
			}, digest(name))
		if err != nil {
			return err
		}
	}
	if taken {
		return refusal{&frontdesk.ClaimError{Claim: name, Holder: holder}}
	}
	planned[name] = true
	return nil
}

// count plans to add an amount to an account.
func (c *conn) count(planned map[string]account, count frontdesk.Count, now time.Time) error {
	name := count.Account.Name
	sum, ok := planned[name]
	if !ok {
		var err error
		if sum, err = c.account(count.Account, now); err != nil {
			return err
		}
	}
	switch {
	case count.Amount > 0 && count.Amount > int64(count.Account.Limit)-sum.spent:
		return refusal{&frontdesk.QuotaError{Account: count.Account, Reset: time.UnixMicro(sum.reset)}}
	case count.Amount > 0 || count.At.IsZero() || periodEnd(count.Account, count.At) == sum.reset:
		sum.spent = max(sum.spent+count.Amount, 0)
	}
	planned[name] = sum
	return nil
}

// account is what is on an account in the present period.
func (c *conn) account(of frontdesk.Account, now time.Time) (account, error) {
	present := account{reset: periodEnd(of, now)}
	err := c.run(`SELECT reset, spent FROM accounts WHERE name = ? AND reset > ?`, func(row *sqlite3.Stmt) {
		present = account{reset: row.ColumnInt64(0), spent: row.ColumnInt64(1)}
	}, digest(of.Name), now.UnixMicro())
	return present, err
}

// periodEnd is the end of the account's period that holds the given time, in
// microseconds since 1970.
func periodEnd(of frontdesk.Account, at time.Time) int64 {
	return at.UTC().Truncate(of.Period).Add(of.Period).UnixMicro()
}

// apply writes what was planned for the conversation with the given row id.
func (c *conn) apply(id int64, plan change, now time.Time) error {
	for name, claimed := range plan.claims {
		var err error
		if claimed {
			err = c.run(`INSERT INTO claims (name, conversation) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET conversation = ?2`, nil, digest(name), id)
		} else {
			err = c.run(`DELETE FROM claims WHERE name = ?`, nil, digest(name))
		}
		if err != nil {
			return err
		}
	}
	return c.putAccounts(plan.accounts, now)
}

// putAccounts stores sums and, every hour or so, forgets those of past periods.
func (c *conn) putAccounts(sums map[string]account, now time.Time) error {
	for name, sum := range sums {
		err := c.run(`INSERT INTO accounts (name, reset, spent) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET reset = ?2, spent = ?3`,
			nil, digest(name), sum.reset, sum.spent)
		if err != nil {
			return err
		}
	}
	if len(sums) == 0 || now.Sub(c.swept) < time.Hour {
		return nil
	}
	c.swept = now
	return c.run(`DELETE FROM accounts WHERE reset <= ?`, nil, now.UnixMicro())
}

// digest is how a name is kept.
func digest(name string) []byte {
	sum := sha256.Sum256([]byte(name))
	return sum[:]
}
