package frontdesk_test

import (
	"testing"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

func TestInMemory(t *testing.T) {
	frontdesktest.TestMemory(t, func(*testing.T) frontdesk.Memory { return new(frontdesk.InMemory) })
}

func TestInMemoryLedger(t *testing.T) {
	frontdesktest.TestLedger(t, func(*testing.T) frontdesk.Ledger { return new(frontdesk.InMemoryLedger) })
}
