package frontdesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk/internal/tokens"
)

// Router is a [Provider] that picks the model for each request, and asks the
// next one where a model cannot answer. Set the fields before the first use. It
// is safe for concurrent use and must not be copied.
//
// A model is left out if it is known not to read images and the transcript has
// some, if it embeds texts, or if its context window is too short. The others
// are asked in the order of Models, but those that suit the request less come
// after those that suit it more. In this order, a model suits less that
//
//   - said shortly ago that it is overloaded;
//   - has a window that might be too short, since tokens are estimated;
//   - does not call tools dependably, when there are tools;
//   - does not think first, when PreferReasoning is set;
//   - is at home in Latin letters alone, when the customer writes others.
//
// A model of which nothing is known is taken to suit every request.
//
// The next model is asked on [ErrQuota], [ErrRateLimited], [ErrOverloaded] and
// [ErrContextWindow]. Text that was streamed by then is taken back by a [Delta]
// with Reset. Any other error ends the request.
//
// A model whose quota is used up is not asked until the host said that it gets
// more, or for ten minutes if the host did not say. If that is so of all models,
// the request fails with what they said, and takes none on the wire.
//
// Tokens are estimated without a tokenizer. What hosts report as
// [Usage].PromptTokens corrects the estimates for each model.
type Router struct {
	// Provider asks the models. Nil means Oxlo, as in &OpenAICompatible{}.
	Provider Provider

	// Models are the models to choose from, best first, in the host's
	// spelling. An empty name stands for the request's own Model, which is
	// ignored otherwise. Nil means the request's own Model and then all of
	// [Models].
	Models []string

	// Known describes models that the library does not know, or that differ on
	// this host, such as in their window. It may come from
	// [OpenAICompatible.ListModels].
	Known []Model

	// PreferReasoning prefers models that think before they answer. They are
	// slower, and better at weighing policies.
	PreferReasoning bool

	// Choose, if not nil, decides which models are asked, in which order, in
	// place of all that is said above. It must be safe for concurrent use.
	Choose func(Needs) []string

	oxlo        OpenAICompatible // stands in for a nil Provider
	calibration tokens.Calibration
	sizes       promptSizes
	rests       rests
}

// Needs is what a request asks of a model, as [Router.Choose] reads it.
type Needs struct {
	// Model is the one that the request names.
	Model string

	// Tokens is the estimated length of the prompt, Images included, for a
	// model of which no usage is known yet. MaxTokens bounds the answer. A
	// model's window has to hold both.
	Tokens, MaxTokens int

	// Images is how many images the transcript has.
	Images int

	// Tools says that the request has tools.
	Tools bool

	// NonLatin says that the customer's latest words are mostly written in
	// letters other than Latin ones.
	NonLatin bool
}

// Generate implements [Provider]. Response.Requests counts what all models took.
//
// If no model can take the request, or Choose names none, it fails without
// asking any. The error tells why, and wraps [ErrContextWindow] if a window was
// too short. If all models failed, the error wraps what each of them said.
func (r *Router) Generate(ctx context.Context, request *Request, stream func(Delta)) (*Response, error) {
	needs := r.needs(request)
	models, err := r.order(needs)
	if err != nil {
		return nil, err
	}
	shown := false
	show := stream
	if stream != nil {
		show = func(delta Delta) {
			shown = delta.Text != "" || delta.Reasoning != "" || shown && !delta.Reset
			stream(delta)
		}
	}
	spent := 0
	var failures error
	for _, model := range models {
		if err := r.rests.usedUp(model); err != nil {
			failures = also(failures, fmt.Errorf("model %s: %w", model, err))
			continue
		}
		if shown {
			show(Delta{Reset: true})
		}
		response, requests, err := r.ask(ctx, model, request, show)
		spent += requests
		if err == nil {
			response.Requests = spent
			if needs.Images == 0 { // what an image takes differs too much
				r.calibration.Learn(model, needs.Tokens, response.Usage.PromptTokens)
			}
			return response, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		failures = also(failures, fmt.Errorf("model %s: %w", model, err))
		if !fallsBack(err) {
			break
		}
		r.rests.begin(model, err)
	}
	return nil, failures
}

// fallsBack reports whether another model may answer where one failed with err.
func fallsBack(err error) bool {
	if ownLimit := (*QuotaError)(nil); errors.As(err, &ownLimit) {
		return false // no other model could be paid for either
	}
	return errors.Is(err, ErrQuota) || errors.Is(err, ErrRateLimited) || errors.Is(err, ErrOverloaded) ||
		errors.Is(err, ErrContextWindow)
}

// also adds an error to others, in one line.
func also(earlier, latest error) error {
	if earlier == nil {
		return latest
	}
	return fmt.Errorf("%w; %w", earlier, latest)
}

// ask asks one model, and tells how many requests that took. The response is
// the caller's.
func (r *Router) ask(ctx context.Context, model string, request *Request, stream func(Delta)) (*Response, int, error) {
	provider := r.Provider
	if provider == nil {
		provider = &r.oxlo
	}
	// A failure does not tell how many attempts it took, so they are counted.
	attempts := 0
	copied := *request
	copied.Model = model
	copied.attempts = &attempts
	response, err := provider.Generate(ctx, &copied, stream)
	if request.attempts != nil {
		*request.attempts += attempts
	}
	if err == nil && response == nil {
		err = errors.New("the provider returned no response")
	}
	if err != nil {
		return nil, max(attempts, 1), err
	}
	answer := *response // a provider may keep its own
	answer.Model = cmp.Or(answer.Model, model)
	return &answer, max(answer.Requests, 1), nil
}

// order returns the models to ask, in order.
func (r *Router) order(needs Needs) ([]string, error) {
	if r.Choose != nil {
		if models := r.Choose(needs); len(models) > 0 {
			return models, nil
		}
		return nil, errors.New("no model takes the request: Router.Choose named none")
	}
	var (
		models  []string
		seen    = make(map[string]bool)
		misfits = make(map[string]int)
		refusal error
	)
	for _, name := range r.candidates(needs.Model) {
		if seen[name] {
			continue
		}
		seen[name] = true
		misfit, err := r.misfit(r.known(name), name, needs)
		if err != nil {
			refusal = also(refusal, fmt.Errorf("%s %w", name, err))
			continue
		}
		models = append(models, name)
		misfits[name] = misfit
	}
	if len(models) == 0 {
		return nil, fmt.Errorf("no model takes the request: %w", refusal)
	}
	slices.SortStableFunc(models, func(a, b string) int { return misfits[a] - misfits[b] })
	return models, nil
}

// candidates returns the models to choose from.
func (r *Router) candidates(requested string) []string {
	requested = cmp.Or(requested, DefaultModel)
	if len(r.Models) > 0 {
		names := slices.Clone(r.Models)
		for i := range names {
			names[i] = cmp.Or(names[i], requested)
		}
		return names
	}
	names := []string{requested}
	for i := range catalogue {
		// The first may be the same model in another spelling.
		if model := &catalogue[i]; model.Dimensions == 0 && model != knownModel(requested) {
			names = append(names, model.ID)
		}
	}
	return names
}

// known returns what is known of a model, or nil.
func (r *Router) known(name string) *Model {
	for i := range r.Known {
		if r.Known[i].ID == name {
			return &r.Known[i]
		}
	}
	return knownModel(name)
}

// maxOverestimate is by how much an estimate of tokens can be too high and yet
// not be surprising, as a factor: see the tests of package tokens.
const maxOverestimate = 1.3

// misfit returns how badly a model suits a request, or an error that says why
// it cannot take it. It starts with a verb, to stand after the model's name.
func (r *Router) misfit(model *Model, name string, needs Needs) (int, error) {
	misfit := 0
	unmet := func(need bool, weight int) {
		if need {
			misfit += weight
		}
	}
	unmet(r.rests.overloaded(name), 16)
	if model == nil {
		return misfit, nil
	}
	if model.Dimensions > 0 {
		return 0, errors.New("embeds texts and answers nothing")
	}
	if model.Context > 0 {
		images := needs.Images * imageTokens
		words := r.calibration.Scale(name, needs.Tokens-images)
		if int(float64(words)/maxOverestimate)+images+needs.MaxTokens > model.Context {
			return 0, fmt.Errorf("reads %d tokens, and the prompt has about %d and the answer up to %d: %w",
				model.Context, words+images, needs.MaxTokens, ErrContextWindow)
		}
		unmet(words+images+needs.MaxTokens > model.Context, 8)
	}
	if !model.described() {
		return misfit, nil
	}
	if needs.Images > 0 && !model.Vision {
		return 0, errors.New("reads no images: add a model that does, such as kimi-k2.6")
	}
	unmet(needs.Tools && !model.Tools, 4)
	unmet(r.PreferReasoning && !model.Reasoning, 2)
	unmet(needs.NonLatin && !model.Multilingual, 1)
	return misfit, nil
}

// needs works out what a request asks of a model.
func (r *Router) needs(request *Request) Needs {
	size := r.sizes.of(request)
	return Needs{
		Model:     request.Model,
		Tokens:    size.tokens,
		MaxTokens: request.MaxTokens,
		Images:    size.images,
		Tools:     len(request.Tools) > 0,
		NonLatin:  nonLatin(request.Messages),
	}
}

// nonLatin reports whether most of the customer's latest letters are not Latin
// ones. The latest hundred are enough to tell; a message of a few, such as
// "OK", is read together with the one before.
func nonLatin(messages []Message) bool {
	latin, others := 0, 0
	for i := len(messages) - 1; i >= 0 && latin+others < 10; i-- {
		if messages[i].Role != RoleUser {
			continue
		}
		text := messages[i].Text
		const passages = "</passages>" // before it stands what the customer did not write
		if end := strings.LastIndex(text, passages); end >= 0 {
			text = text[end+len(passages):]
		}
		for len(text) > 0 && latin+others < 100 {
			letter, size := utf8.DecodeLastRuneInString(text)
			text = text[:len(text)-size]
			switch {
			case unicode.Is(unicode.Latin, letter):
				latin++
			case unicode.IsLetter(letter):
				others++
			}
		}
	}
	return others > latin
}

// rests remembers which models had better not be asked for a while. It is safe
// for concurrent use.
type rests struct {
	mu    sync.Mutex
	until map[string]rest
}

// rest is why a model is not asked, and how long.
type rest struct {
	until time.Time
	err   error
}

// How long a model rests if its host does not say. A quota is used up for hours
// rather than minutes, and a request to find out is a request.
const (
	quotaRest = 10 * time.Minute
	loadRest  = 30 * time.Second
)

// begin lets a model rest that failed with err, if that helps.
func (r *rests) begin(model string, err error) {
	pause := loadRest
	switch {
	case errors.Is(err, ErrQuota):
		pause = quotaRest
	case errors.Is(err, ErrContextWindow):
		return // the next request may be shorter
	}
	var host *HostError
	if errors.As(err, &host) && host.RetryAfter > 0 {
		pause = host.RetryAfter
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.until == nil {
		r.until = make(map[string]rest)
	}
	r.until[model] = rest{until: time.Now().Add(pause), err: err}
}

// of returns how long a model still rests, and why. It returns nil if it does not.
func (r *rests) of(model string) (left time.Duration, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rest := r.until[model]
	if left = time.Until(rest.until); left <= 0 {
		return 0, nil
	}
	return left, rest.err
}

func (r *rests) overloaded(model string) bool {
	_, err := r.of(model)
	return err != nil && !errors.Is(err, ErrQuota)
}

// usedUp returns what the host of a model said when its quota was used up, as it
// would say it now, or nil if there may be more.
func (r *rests) usedUp(model string) error {
	left, err := r.of(model)
	if !errors.Is(err, ErrQuota) {
		return nil
	}
	var host *HostError
	if errors.As(err, &host) {
		now := *host
		if now.RetryAfter > 0 {
			now.RetryAfter = left
		}
		return &now
	}
	return err
}
