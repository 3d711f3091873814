package frontdesktest

import (
	"context"

	"github.com/frontdesk-go/frontdesk"
)

// Provider is a [frontdesk.Provider] that follows a script. It is safe for
// concurrent use.
type Provider struct{ script }

// NewProvider returns a provider that gives the answers in order, one a
// request. A request beyond the last is an error.
func NewProvider(answers ...Answer) *Provider {
	return &Provider{script{answers: answers}}
}

// Add appends answers to the script.
func (p *Provider) Add(answers ...Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers = append(p.answers, answers...)
}

// Generate implements [frontdesk.Provider].
func (p *Provider) Generate(ctx context.Context, request *frontdesk.Request, stream func(frontdesk.Delta)) (*frontdesk.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	kept := *request
	kept.Messages = append([]frontdesk.Message(nil), request.Messages...)
	answer, err := p.take(&kept)
	if err != nil {
		return nil, err
	}
	if answer.Status != 0 {
		return nil, &frontdesk.HostError{Status: answer.Status, Message: answer.Text}
	}
	if stream != nil {
		if answer.Reasoning != "" {
			stream(frontdesk.Delta{Reasoning: answer.Reasoning})
		}
		for _, piece := range answer.pieces(answer.Text) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			stream(frontdesk.Delta{Text: piece})
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if answer.Err != nil {
		return nil, answer.Err
	}
	return &frontdesk.Response{
		Message: frontdesk.Message{
			Role:      frontdesk.RoleAssistant,
			Text:      answer.Text,
			Calls:     answer.Calls,
			Reasoning: answer.Reasoning,
		},
		Finish: answer.finish(),
		Model:  request.Model,
		Usage:  answer.Usage,
	}, nil
}
