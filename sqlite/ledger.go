package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// Spend implements [frontdesk.Ledger].
func (s *Store) Spend(ctx context.Context, accounts ...frontdesk.Account) error {
	err := s.do(ctx, &write{do: func(c *conn) error {
		now := time.Now()
		sums := make(map[string]account)
		for _, of := range accounts {
			sum, err := c.account(of, now)
			if err != nil {
				return err
			}
			if sum.spent >= int64(of.Limit) {
				return refusal{&frontdesk.QuotaError{Account: of, Reset: time.UnixMicro(sum.reset)}}
			}
			sums[of.Name] = sum
		}
		for _, of := range accounts {
			sum := sums[of.Name]
			sum.spent++
			sums[of.Name] = sum
		}
		return c.putAccounts(sums, now)
	}})
	if err != nil {
		return fmt.Errorf("count a request: %w", err)
	}
	return nil
}
