package frontdesk_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// TestWhenThereIsMore is about hosts that say when a quota is full again, but not
// by Retry-After. A bubble of synctest begins at midnight, on 1 January 2000.
func TestWhenThereIsMore(t *testing.T) {
	tests := []struct {
		message string
		headers []string
		want    time.Duration
	}{
		{message: "Plan limit reached", want: 0},
		{message: "60 of 60 requests today. Resets in 3 hours.", want: 3 * time.Hour},
		{message: "Daily quota exceeded, resets in 2 hours and 5 minutes", want: 125 * time.Minute},
		{message: "Rate limit reached for requests per day (RPD): Limit 60, Used 60. Please try again in 24m0.5s.", want: 24*time.Minute + 500*time.Millisecond},
		{message: "You exceeded your current quota. Please retry in 26.5s.", want: 26500 * time.Millisecond},
		{message: "Daily limit reached. Try again in 1d 2h", want: 26 * time.Hour},
		{message: "Quota used up, more in 90 seconds", want: 90 * time.Second},
		{message: "Daily limit reached, resets at midnight UTC", want: 24 * time.Hour},
		{message: "Quota exceeded. Your quota resets on 2000-01-01T06:00:00Z.", want: 6 * time.Hour},
		{message: "Quota exceeded. It resets at 2000-01-01 06:00 UTC", want: 6 * time.Hour},
		{message: "Quota exceeded. It resets at 2000-01-01T06:00:00.5+02:00", want: 4*time.Hour + 500*time.Millisecond},
		{message: "Quota exceeded. It was reset at 1999-12-31T06:00:00Z", want: 0},
		{message: "Monthly quota used up", headers: []string{"X-RateLimit-Reset", "946695600"}, want: 3 * time.Hour},
		{message: "Monthly quota used up", headers: []string{"X-RateLimit-Reset", "946695600000"}, want: 3 * time.Hour},
		{message: "Monthly quota used up", headers: []string{"RateLimit-Reset", "120"}, want: 2 * time.Minute},
		{message: "Monthly quota used up", headers: []string{"X-RateLimit-Reset-Requests", "6m0s"}, want: 6 * time.Minute},
		{message: "Monthly quota used up", headers: []string{"X-RateLimit-Reset", "2000-01-01T01:00:00Z"}, want: time.Hour},
		{message: "Monthly quota used up", headers: []string{"X-RateLimit-Reset", "soon"}, want: 0},
		{message: "Monthly quota used up", headers: []string{"X-RateLimit-Reset", "-5"}, want: 0},
		{message: "Monthly quota used up", headers: []string{"X-RateLimit-Reset", "NaN"}, want: 0},
		{message: "Monthly quota used up", headers: []string{"Retry-After", "60", "X-RateLimit-Reset", "120"}, want: time.Minute},
		{message: "Quota used up, try again in 99999999999999999999 days", want: 31 * 24 * time.Hour},
	}
	for _, test := range tests {
		t.Run(test.message, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, status := range []int{403, 429} {
					provider := hosting(refuse(status, test.message, test.headers...)).provider()
					_, err := provider.Generate(t.Context(), question(), nil)
					require.ErrorIs(t, err, frontdesk.ErrQuota)
					var refused *frontdesk.HostError
					require.ErrorAs(t, err, &refused)
					assert.Equal(t, test.want, refused.RetryAfter)
				}
			})
		})
	}
	t.Run("a rate limit is no quota", func(t *testing.T) {
		refused := askOnce(t, refuse(429, "Rate limit reached, slow down", "X-RateLimit-Reset", "3600"), frontdesk.ErrRateLimited)
		assert.Zero(t, refused.RetryAfter, "an hour until all of it is back is no hour to wait")
	})
	t.Run("and a turn waits for it", func(t *testing.T) {
		bubble(t, func(t *testing.T, stream bool) {
			host := hosting(refuse(403, "Daily limit reached, resets in 5 minutes"), saying("Hello!"))
			agent := newAgent(t, frontdesk.Config{Provider: host.provider(), Quota: frontdesk.Quota{Wait: time.Hour}})
			assert.Equal(t, "Hello!", play(t, agent, refundTurn, stream).Text)
			assert.Equal(t, []time.Duration{5 * time.Minute}, host.waits())
		})
	})
}
