package frontdesk

import (
	"fmt"

	"github.com/frontdesk-go/frontdesk/internal/tokens"
)

// Prices are what a host charges, in any currency: a flat price for each
// request, or prices for tokens. It answers whether a flat price is the cheaper
// one for the conversations that a company really has: see the program in
// examples/costs.
type Prices struct {
	// PerRequest is the flat price of a request, whatever its length.
	PerRequest float64

	// PromptPerMillion and CompletionPerMillion are the prices of a million
	// tokens that the model reads and writes.
	PromptPerMillion     float64
	CompletionPerMillion float64

	// CachedPerMillion is the price of a million prompt tokens that the host
	// remembers from the conversation's previous request to the same model.
	// Zero means that it gives no discount on them.
	CachedPerMillion float64
}

// Cost is what a conversation took, and what that costs.
type Cost struct {
	// Requests counts those that led to an answer, and the failed attempts
	// before them. Those of a question that was never answered are not in
	// the log.
	Requests int

	// Usage counts the tokens of the answers. Failed attempts have none.
	Usage Usage

	// CachedTokens are the prompt tokens, of those in Usage, that were in the
	// previous request to the same model too. A host may have forgotten them
	// by the time of the next, so they are the most that can be cheaper.
	CachedTokens int

	// Answers is how many answers the log holds, and Estimated for how many
	// of them the host reported no usage. Their tokens are estimated without
	// a tokenizer, and thoughts that the host kept to itself are missing.
	Answers, Estimated int

	// Amount is the price of it all, in the currency of the [Prices].
	Amount float64
}

// Cost works out what a conversation costs at these prices. Entries is its log
// from the beginning, as [Memory].Load returns it.
//
// The log does not hold what goes with each request of an agent: request is
// where it is taken from, that is its Instructions and Tools, to estimate
// prompts whose usage is not reported. The zero [Request] leaves them out.
//
// It fails if the log cannot be read, as with an error that wraps
// [ErrUnknownEntry].
func (p Prices) Cost(entries []Entry, request Request) (Cost, error) {
	var (
		cost    Cost
		c       = newConversation(ConversationID{})
		settled promptSize // of the messages that never change again
		latest  = make(map[string]int)
	)
	request.Messages, request.encoded = nil, nil
	standing := new(promptSizes).of(&request).tokens
	for i := range entries {
		body, err := entries[i].decode()
		if err != nil {
			return Cost{}, fmt.Errorf("work out the cost: %w", err)
		}
		// A passage that was quoted in place of an answer took no request.
		if answer, ok := body.(modelAnswer); ok && answer.Requests > 0 {
			usage := answer.Usage
			if usage == (Usage{}) {
				messages, n := c.transcript()
				settled.add(messages[settled.messages:n])
				prompt := settled
				prompt.add(messages[n:])
				usage = Usage{
					PromptTokens:     standing + prompt.tokens,
					CompletionTokens: completionTokens(&answer.Message),
				}
				cost.Estimated++
			}
			cost.Answers++
			cost.Requests += answer.Requests
			cost.Usage.add(usage)
			cost.CachedTokens += min(latest[answer.Model], usage.PromptTokens)
			latest[answer.Model] = usage.PromptTokens
		}
		if err := c.apply(&entries[i]); err != nil {
			return Cost{}, fmt.Errorf("work out the cost: %w", err)
		}
	}
	cost.Amount = p.amount(&cost)
	return cost, nil
}

func (p Prices) amount(cost *Cost) float64 {
	cached := p.CachedPerMillion
	if cached == 0 {
		cached = p.PromptPerMillion
	}
	perMillion := float64(cost.Usage.PromptTokens-cost.CachedTokens)*p.PromptPerMillion +
		float64(cost.CachedTokens)*cached +
		float64(cost.Usage.CompletionTokens)*p.CompletionPerMillion
	return float64(cost.Requests)*p.PerRequest + perMillion/1e6
}

// completionTokens estimates what it took the model to write an answer.
func completionTokens(m *Message) int {
	count := tokens.Estimate(m.Text) + tokens.Estimate(m.Reasoning)
	for _, call := range m.Calls {
		count += callTokens + tokens.Estimate(call.Name) + tokens.Estimate(call.Arguments)
	}
	return count
}
