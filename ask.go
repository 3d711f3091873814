package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/internal/sentences"
)

// retrieve searches the knowledge base for the customer's message.
func (r *run) retrieve(ctx context.Context) error {
	query := Query{
		Text:     r.c.newestSaid(),
		Previous: r.c.previous(),
		TopK:     r.agent.config.Passages,
		Tenant:   r.c.id.Tenant,
		Audience: r.c.customer.Audience,
		Filter:   r.c.filter,
	}
	passages, err := r.agent.config.Retriever.Retrieve(ctx, query)
	if ctx.Err() != nil {
		return nil // the loop ends the turn
	}
	found := passagesFound{Query: query, Passages: passages}
	if len(passages) > query.TopK {
		found.Passages = passages[:query.TopK]
	}
	if err != nil {
		found.Passages, found.Error = nil, err.Error()
	}
	for i := range found.Passages {
		if found.Passages[i].Tenant != "" && found.Passages[i].Tenant != query.Tenant {
			err = fmt.Errorf("the retriever returned a passage of another tenant")
			found.Passages, found.Error = nil, err.Error()
			break
		}
	}
	found.Signals = r.passageSignals(found.Passages)
	r.add(EntryPassages, found)
	r.emit(Retrieved{Query: query, Passages: found.Passages, Err: err})
	return nil
}

// goOn is what the model reads behind words that the customer was told, if it is
// asked for more.
const goOn = "<note>\nThe customer still waits for your answer.\n</note>"

// ask sends one request to the model and records the answer.
func (r *run) ask(ctx context.Context) error {
	a := r.agent
	if r.c.turn.requests > 0 {
		// Whatever the customer said meanwhile, the model should read it.
		if err := r.refresh(ctx); err != nil {
			return err
		}
	}
	if err := r.findPrior(ctx); err != nil {
		return err
	}
	request := r.request()
	if !a.fits(r.c, request) && r.trim(request, int(float64(a.window)*roomAfterCut)-request.MaxTokens) {
		request = r.request()
	}
	read := r.c.last - int64(len(r.pending))
	if r.c.turn.emptyAnswers > 0 {
		// Models that think hard may tell a call to themselves and make none.
		request.Thinking = ThinkingOff
	}
	if !r.showBefore(ctx) {
		return r.takeIn(ctx)
	}
	asking, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var stream func(Delta)
	if r.stream {
		stream = func(delta Delta) {
			if !r.show(asking, delta) {
				cancel(errTakenOver)
			}
		}
	}
	purse := &purse{ledger: a.config.Quota.Ledger, accounts: a.config.Quota.accounts(r.c), left: a.limits.Requests - r.c.turn.requests - r.wasted}
	// Whether a human has taken the conversation is looked at last: paying may take long.
	if !spends(a.config.Provider) {
		if err := purse.pay(ctx); err != nil {
			return r.unpaid(ctx, err)
		}
		if r.overtaken(ctx) {
			r.wasted += purse.paid
			return r.takeIn(ctx)
		}
	}
	request.spend = func(ctx context.Context) error {
		if err := purse.spend(ctx); err != nil {
			return err
		}
		if r.overtaken(ctx) {
			cancel(errTakenOver)
			return errTakenOver
		}
		return nil
	}
	response, err := a.config.Provider.Generate(asking, request, stream)
	if response != nil {
		purse.settle(detached(ctx), response.Requests)
	} else {
		r.wasted += max(purse.used, purse.paid)
	}
	switch {
	case errors.Is(context.Cause(asking), errTakenOver):
		return r.takeIn(ctx)
	case errors.Is(err, errBudget) || errors.Is(err, ErrQuota) && ctx.Err() == nil:
		return r.unpaid(ctx, fmt.Errorf("ask model %s: %w", request.Model, err))
	case err != nil:
		return r.hostFailed(ctx, r.tooLong(request, fmt.Errorf("ask model %s: %w", request.Model, err)))
	case response == nil:
		return r.hostFailed(ctx, fmt.Errorf("ask model %s: the provider returned no response", request.Model))
	case response.Finish == FinishLength || response.Finish == FinishFilter:
		return r.hostFailed(ctx, fmt.Errorf("ask model %s: %w", request.Model, &TruncatedError{Message: response.Message, Finish: response.Finish}))
	}
	if a.window > 0 && r.c.images == 0 && response.Usage.PromptTokens > a.window/4 {
		a.calibration.Learn(a.config.Model, a.sizes.of(request).tokens, response.Usage.PromptTokens)
	}
	answer := modelAnswer{
		Message:  response.Message,
		Finish:   response.Finish,
		Model:    response.Model,
		Usage:    response.Usage,
		Requests: max(response.Requests, 1),
		Read:     read,
		Prompt:   promptParts{Instructions: opaque("instructions", request.Instructions), Tools: a.toolsDigest, Messages: len(request.Messages)},
	}
	answer.Message.Role = RoleAssistant
	if answer.Model == "" {
		answer.Model = request.Model
	}
	if isEmpty(answer.Message) {
		answer.Message.Text = ""
	}
	r.add(EntryAnswer, answer)
	switch {
	case !r.stream || r.overtaken(ctx): // the end of the turn shows it, if that is still to be
	case !r.guards():
		r.showRest(answer.Message.Text)
	case len(answer.Message.Calls) > 0:
		r.showRest(r.interim(ctx, answer.Message.Text))
	}
	return nil
}

// request is what the model is to be asked next.
func (r *run) request() *Request {
	a := r.agent
	messages, settled := r.c.transcript()
	if last := len(messages) - 1; last >= 0 && messages[last].Role == RoleAssistant {
		// A colleague wrote last. Some hosts want somebody else to.
		messages = append(slices.Clip(messages), Message{Role: RoleUser, Text: goOn})
	}
	request := &Request{
		Model:        a.config.Model,
		Instructions: a.instructions(r.c),
		Messages:     messages,
		Tools:        a.definitions,
		Temperature:  a.temperature,
		MaxTokens:    a.config.MaxTokens,
		Thinking:     a.config.Thinking,
		encoded:      r.c.encoded,
		settled:      settled,
		tools:        a.wireTools,
	}
	if len(messages) > 0 {
		request.first = &messages[0]
	}
	if len(a.definitions) > 0 {
		request.toolsOf = &a.definitions[0]
	}
	return request
}

// unpaid goes on after a request that could not be made because the turn, a
// ledger or the host allows no more.
func (r *run) unpaid(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, errBudget):
		return r.handOver(ctx, r.agent.limits.spent())
	case errors.Is(err, ErrQuota):
		return r.outOfRequests(ctx, err)
	default:
		return err
	}
}

// blank forgets what the caller has seen of an answer.
func (r *run) blank() {
	r.shown.Reset()
	r.held, r.thought, r.withheld = Delta{}, false, false
}

// readBefore checks the answers to which the turn goes on.
func (r *run) readBefore(ctx context.Context) {
	before := r.c.turn.before
	for i := len(r.told); i < len(before); i++ {
		r.told = append(r.told, strings.TrimSpace(r.interim(ctx, before[i])))
	}
}

// showBefore shows the answers to which the turn goes on, as far as the caller has not
// seen them. It returns false if somebody may have taken the conversation over.
func (r *run) showBefore(ctx context.Context) bool {
	r.readBefore(ctx)
	for ; r.stream && r.seen < len(r.told); r.seen++ {
		if r.overtaken(ctx) {
			return false
		}
		if text := r.told[r.seen]; text != "" {
			r.showRest(text)
			r.showRest(text + "\n\n")
			r.settleShown()
		}
	}
	r.settleShown()
	return true
}

// whole is the text of a reply: the answers to which the turn went on, and the last,
// unless it is one of them that a handoff tells.
func (r *run) whole(last string) string {
	texts := append(slices.Clip(r.told), last)
	texts = slices.DeleteFunc(texts, func(text string) bool { return text == "" })
	return strings.Join(slices.Compact(texts), "\n\n")
}

// showReply shows what the caller has not seen of the text of a reply.
func (r *run) showReply(text string) {
	for _, told := range r.told[:r.seen] {
		if told != "" {
			text = strings.TrimPrefix(text, told+"\n\n")
		}
	}
	r.showRest(text)
}

// settleShown says that what the caller has seen is to stay, whatever comes.
func (r *run) settleShown() {
	r.standing += r.shown.String()
	r.blank()
}

// void tells the caller that what they have seen of the present answer is void. A
// Reset takes what was to stay with it, which goes with the next piece, if there is
// one: a human may have taken the conversation.
func (r *run) void() {
	r.emit(Reset{})
	r.voided = true
}

// say shows a piece of the present answer.
func (r *run) say(text string) {
	r.shown.WriteString(text)
	if r.voided {
		text = r.standing + text
	}
	r.voided = false
	r.emit(TextDelta{text})
}

// guards reports whether what a model says is checked before it is released.
func (r *run) guards() bool { return !r.agent.config.Unguarded || len(r.agent.config.Guards) > 0 }

// show passes a piece of a streamed answer on, unless somebody took the
// conversation over: then it returns false. Where answers are checked, it passes
// whole sentences on, up to the first that cannot be released. What comes while the
// log cannot be read is held, to go with the next piece.
func (r *run) show(ctx context.Context, delta Delta) bool {
	if delta.Reset {
		seen := r.shown.Len() > 0 || r.thought
		r.blank()
		if seen {
			r.void()
		}
	}
	r.held.Reasoning += delta.Reasoning
	r.held.Text += delta.Text
	if r.held.Reasoning == "" && r.held.Text == "" {
		return true
	}
	ready := r.held
	if r.guards() {
		ready.Text = r.held.Text[:sentences.End(r.held.Text)]
		if r.withheld {
			ready.Text = ""
		}
		if ready.Reasoning == "" && ready.Text == "" {
			return true
		}
	}
	if taken, err := r.peek(ctx); taken || err != nil {
		return !taken
	}
	held := ready
	r.held = Delta{Text: r.held.Text[len(ready.Text):]}
	if r.guards() && held.Text != "" {
		s := r.screen(ctx, held.Text, false)
		if held.Text = s.text; !s.ok() {
			held.Text, r.withheld = "", true
		}
	}
	if held.Reasoning != "" {
		r.thought = true
		r.emit(ReasoningDelta{held.Reasoning})
	}
	if held.Text != "" {
		r.say(held.Text)
	}
	return true
}

// showRest makes what the caller has seen of an answer the whole of it, for
// providers that stream nothing, or something else in the end.
func (r *run) showRest(text string) {
	if !r.stream {
		return
	}
	rest, ok := strings.CutPrefix(text, r.shown.String())
	if !ok {
		rest = text
		r.blank()
		r.void()
	}
	if rest != "" {
		r.say(rest)
	}
}
