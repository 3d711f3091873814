package frontdesk

import (
	"sync"
	"weak"

	"github.com/frontdesk-go/frontdesk/internal/tokens"
)

// What the parts of a prompt take in addition to their text, in tokens. Llama 3
// and Qwen 3 put five tokens around each message; around a call and a tool there
// is a little JSON. An image is counted as a screenshot of 1,920 by 1,080 is by
// models that take a token for 28 by 28 pixels, as Qwen 2.5 VL and Kimi do.
const (
	messageTokens = 5
	callTokens    = 15
	toolTokens    = 20
	imageTokens   = 2645
)

// promptSize is the estimated length of a prompt, or of a part.
type promptSize struct {
	messages int
	tokens   int // images included
	images   int
}

func (s *promptSize) add(messages []Message) {
	for i := range messages {
		m := &messages[i]
		s.tokens += messageTokens + tokens.Estimate(m.Text) + imageTokens*len(m.Images)
		for _, call := range m.Calls {
			s.tokens += callTokens + tokens.Estimate(call.Name) + tokens.Estimate(call.Arguments)
		}
		if len(m.Calls) > 0 { // else it is not sent back
			s.tokens += tokens.Estimate(m.Reasoning)
		}
		s.images += len(m.Images)
	}
	s.messages += len(messages)
}

// promptSizes remembers the size of what is settled of each transcript, so that
// a long one is not read anew for each request. It is safe for concurrent use.
type promptSizes struct {
	mu      sync.Mutex
	settled map[weak.Pointer[encodedMessages]]promptSize
}

// mostSizes is how many transcripts are remembered. Those that are gone take a
// few bytes each until then.
const mostSizes = 10_000

// of returns the size of a request's prompt.
func (p *promptSizes) of(request *Request) promptSize {
	var size promptSize
	rest := request.Messages
	if request.encoded != nil && 0 < request.settled && request.settled <= len(rest) && &rest[0] == request.first {
		size = p.ofSettled(request.encoded, rest[:request.settled])
		rest = rest[request.settled:]
	}
	size.add(rest)
	size.tokens += messageTokens + tokens.Estimate(request.Instructions)
	for _, tool := range request.Tools {
		size.tokens += toolTokens + tokens.Estimate(tool.Name) + tokens.Estimate(tool.Description) + tokens.Estimate(string(tool.Schema))
	}
	size.tokens += tokens.Estimate(string(request.Output))
	return size
}

// ofSettled returns the size of the beginning of a transcript that never
// changes, named by its cache.
func (p *promptSizes) ofSettled(transcript *encodedMessages, messages []Message) promptSize {
	key := weak.Make(transcript)
	p.mu.Lock()
	size := p.settled[key]
	p.mu.Unlock()
	if size.messages > len(messages) {
		size = promptSize{}
	}
	size.add(messages[size.messages:])
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.settled == nil || len(p.settled) >= mostSizes {
		p.settled = make(map[weak.Pointer[encodedMessages]]promptSize)
	}
	p.settled[key] = size
	return size
}
