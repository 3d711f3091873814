package index

import (
	"github.com/frontdesk-go/frontdesk"
)

// previousWeight is what a word of an earlier message counts, beside 1 for one
// of the newest: enough to say what "it" is, not enough to keep the conversation
// on its old topic.
const previousWeight = 0.2

// shares tells what the words of each message count: the newest first, then
// those before it.
func (s *state) shares(query *frontdesk.Query) []float32 {
	shares := make([]float32, 1+len(query.Previous))
	shares[0] = 1
	for i := range query.Previous {
		shares[1+i] = previousWeight
	}
	return shares
}

// contextual is the text whose vector stands for a query.
func contextual(query *frontdesk.Query) string {
	if len(query.Previous) == 0 {
		return query.Text
	}
	return query.Previous[0] + "\n" + query.Text
}
