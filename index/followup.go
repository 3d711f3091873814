package index

import (
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk"
)

// previousWeight is what a word of an earlier message counts, beside 1 for one
// of the newest: enough to say what "it" is, not enough to keep the conversation
// on its old topic. Of 0.1 to 0.6 it found most of the conversations on the odd
// lines of testdata/followups.jsonl; making it depend on how much the newest
// message says by itself found no more.
const previousWeight = 0.3

// shares tells what the words of each message count: the newest first, then
// those before it.
func shares(query *frontdesk.Query) []float32 {
	shares := slices.Repeat([]float32{previousWeight}, 1+len(query.Previous))
	shares[0] = 1
	return shares
}

// contextual is the text whose vector stands for a query: the messages in their
// order, so that one request suffices.
func contextual(query *frontdesk.Query) string {
	var b strings.Builder
	for _, text := range slices.Backward(query.Previous) {
		b.WriteString(text + "\n")
	}
	b.WriteString(query.Text)
	return b.String()
}
