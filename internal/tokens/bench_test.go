package tokens_test

import (
	"strings"
	"testing"

	"github.com/frontdesk-go/frontdesk/internal/tokens"
)

func BenchmarkEstimate(b *testing.B) {
	for _, kind := range []string{"English prose", "compact JSON", "Japanese"} {
		for _, g := range golden {
			if g.kind != kind {
				continue
			}
			text := strings.Repeat(g.text+"\n", 20)
			b.Run(kind, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					tokens.Estimate(text)
				}
			})
		}
	}
}
