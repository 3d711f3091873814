package sim

import (
	"encoding/json"
	"slices"

	"github.com/frontdesk-go/frontdesk"
)

// Breakage is something in the world that is broken on purpose, so that a
// promise cannot be kept: the checks must find out.
type Breakage string

// What can be broken.
const (
	Nothing          Breakage = ""
	DropsAppends     Breakage = "the store acknowledges entries that it does not keep"
	ComparesNothing  Breakage = "the store appends whatever came between"
	LeasesToAll      Breakage = "the store gives a lease to everybody who asks"
	ForgetsLeases    Breakage = "the store finds no lease that ran out"
	ClaimsForAll     Breakage = "the store grants every claim"
	CountsNothing    Breakage = "the store grants every amount"
	HidesIntents     Breakage = "the store does not tell that tools were started"
	HidesResults     Breakage = "the store does not tell of results"
	HidesDeliveries  Breakage = "the store does not tell of messages' ids"
	HidesDecisions   Breakage = "the store does not tell that approvals were asked for"
	IgnoresKeys      Breakage = "the service does not know keys"
	IgnoresDeadlines Breakage = "the service does not know deadlines"
	LiesOfPayments   Breakage = "the service denies payments that it made"
)

// load is what a broken store returns. What it hides it replaces, so that the
// numbers are right.
func (b Breakage) load(entries []frontdesk.Entry) []frontdesk.Entry {
	hide := func(kinds ...frontdesk.EntryKind) {
		for i, entry := range entries {
			if slices.Contains(kinds, entry.Kind) {
				entries[i].Kind, entries[i].Data = frontdesk.EntryPosted, json.RawMessage(`{"text":""}`)
			}
		}
	}
	switch b {
	case HidesIntents:
		hide(frontdesk.EntryToolStarted)
	case HidesResults:
		hide(frontdesk.EntryToolFinished)
	case HidesDecisions:
		hide(frontdesk.EntryApprovalAsked, frontdesk.EntryApprovalDecided)
	case HidesDeliveries:
		for i, entry := range entries {
			if entry.Kind == frontdesk.EntryCustomerMessage {
				var data map[string]any
				if json.Unmarshal(entry.Data, &data) == nil {
					delete(data, "message_id")
					entries[i].Data, _ = json.Marshal(data)
				}
			}
		}
	}
	return entries
}

// append is what a broken store makes of an append.
func (b Breakage) append(last, newest int64, entries []frontdesk.Entry) (int64, []frontdesk.Entry) {
	for i := range entries {
		if entries[i].Changes == nil {
			continue
		}
		changes := *entries[i].Changes
		switch b {
		case LeasesToAll:
			changes.Lease = nil
		case ClaimsForAll:
			changes.Claims = nil
		case CountsNothing:
			changes.Counts = nil
		}
		entries[i].Changes = &changes
	}
	if b == ComparesNothing {
		last = newest
	}
	return last, entries
}
