package frontdesk

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// attempts makes one request as often as it takes, within the provider's
// limits. It is the only place where anything is tried again.
type attempts struct {
	provider *OpenAICompatible
	request  *Request // nil for a request that is not for an answer
	count    int      // attempts made

	sent  shape  // of the newest attempt
	shown bool   // something of it was shown
	reset func() // takes back what was shown

	refused []shape // that the model's host does not take
	cuts    int
}

// mostLessons is how often one request is put otherwise because its host named a
// parameter that it does not take. Few hosts refuse more than two.
const mostLessons = 4

// firstWait is what the wait before the first retry is drawn from; it doubles
// with each further one ("full jitter", after Marc Brooker, "Exponential
// Backoff And Jitter", AWS Architecture Blog, 2015).
const firstWait = time.Second

func (a *attempts) run(ctx context.Context, attempt func(context.Context) error) error {
	retries := a.provider.Retries
	if retries == 0 {
		retries = DefaultRetries
	}
	for {
		if err := a.pay(ctx); err != nil {
			return err
		}
		err := attempt(ctx)
		if err == nil {
			return nil
		}
		if a.learn(err) {
			continue
		}
		wait, again := a.again(err, retries)
		if !again || ctx.Err() != nil {
			return err
		}
		retries--
		if a.shown {
			a.shown = false
			a.reset()
		}
		if sleep(ctx, wait) != nil {
			return fmt.Errorf("%w while waiting to try again after: %w", ctx.Err(), err)
		}
	}
}

// pay has the next attempt counted: by the turn it is a part of, or else by the
// provider's own quota.
func (a *attempts) pay(ctx context.Context) error {
	spend := a.provider.spend
	if a.request != nil && a.request.spend != nil {
		spend = a.request.spend
	}
	if err := spend(ctx); err != nil {
		return err
	}
	a.count++
	if a.request != nil && a.request.attempts != nil {
		*a.request.attempts++
	}
	return nil
}

// learn reports whether the request can be put otherwise after err. No form of
// it is sent twice.
func (a *attempts) learn(err error) bool {
	if a.request == nil || len(a.refused) == mostLessons {
		return false
	}
	a.refused = append(a.refused, a.sent)
	return a.provider.learned.learn(a.request, a.refused, err)
}

// again says whether to try once more after err, and how long to wait.
func (a *attempts) again(err error, left int) (wait time.Duration, again bool) {
	if left <= 0 {
		return 0, false
	}
	longest := a.provider.MaxWait
	if longest == 0 {
		longest = DefaultMaxWait
	}
	longest = max(longest, 0)
	wait = rand.N(min(firstWait<<min(a.count-1, 10), longest) + 1)
	var (
		host      *HostError
		cut       *TruncatedError
		transport *transportError
	)
	switch {
	case errors.As(err, &cut):
		// The limit on tokens would cut it again, and so would the filter.
		// What broke off twice is not worth a third request.
		a.cuts++
		return wait, cut.Finish == "" && a.cuts < 2
	case errors.As(err, &host):
		if host.RetryAfter > 0 {
			// A little later, so that those who were sent away together do
			// not come back together.
			wait = host.RetryAfter + rand.N(host.RetryAfter/8+1)
		}
		passing := errors.Is(err, ErrRateLimited) || errors.Is(err, ErrOverloaded)
		return wait, passing && host.RetryAfter <= longest
	case errors.As(err, &transport):
		return wait, transport.passing()
	default:
		// openai-go's limit on the time of one attempt: the caller has more.
		return wait, errors.Is(err, context.DeadlineExceeded)
	}
}

// transportError is an error of the way to the host. It does not tell the whole
// address, which may carry a key.
type transportError struct {
	host string
	err  error
}

func newTransportError(call *url.Error) *transportError {
	e := &transportError{host: "the model's host", err: call.Err}
	if address, err := url.Parse(call.URL); err == nil && address.Host != "" {
		e.host = address.Host
	}
	return e
}

func (e *transportError) Error() string { return "ask " + e.host + ": " + e.err.Error() }
func (e *transportError) Unwrap() error { return e.err }

// passing reports whether the error may go away by itself.
func (e *transportError) passing() bool {
	var (
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		record      tls.RecordHeaderError
		name        *net.DNSError
	)
	switch {
	case errors.Is(e.err, context.Canceled):
		return false
	case errors.As(e.err, &certificate) || errors.As(e.err, &authority) || errors.As(e.err, &record):
		return false
	case strings.Contains(e.err.Error(), "server gave HTTP response to HTTPS client"):
		return false
	case errors.As(e.err, &name):
		return name.IsTemporary || name.IsTimeout
	default:
		return true
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// shape is how a request is put for one model of one host.
type shape struct {
	dialect dialect

	noTemperature    bool
	noMaxTokens      bool
	completionTokens bool // max_completion_tokens instead of max_tokens
	outputFormat     outputFormat
	thinking         ThinkingSwitch
	plainSchemas     bool // tools are described by the commonest keywords alone
}

// outputFormat is how structured output is asked for.
type outputFormat int

const (
	outputSchema outputFormat = iota // by JSON Schema
	outputJSON                       // JSON mode
	outputWords                      // by the instructions alone
)

// learned is what the models of one host were found to refuse. It is safe for
// concurrent use.
type learned struct {
	mu     sync.Mutex
	shapes map[string]shape
}

// shape returns how to put a request to a model.
func (l *learned) shape(model string, profile Profile) shape {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s, ok := l.shapes[model]; ok {
		return s
	}
	s := shape{
		dialect: dialect{
			echoReasoning:   profile.EchoReasoning,
			numberedCallIDs: profile.NumberedCallIDs,
			nullContent:     profile.NullContent,
		},
		outputFormat: outputJSON,
		thinking:     profile.Thinking,
	}
	if profile.JSONSchema {
		s.outputFormat = outputSchema
	}
	if l.shapes == nil {
		l.shapes = make(map[string]shape)
	}
	l.shapes[model] = s
	return s
}

// The parameters that can be left out or put otherwise, as refusals name them.
var (
	namesTemperature = regexp.MustCompile(`(?i)\btemperature\b`)
	namesMaxTokens   = regexp.MustCompile(`(?i)\bmax_tokens\b`)
	namesCompletion  = regexp.MustCompile(`(?i)\bmax_completion_tokens\b`)
	namesFormat      = regexp.MustCompile(`(?i)\bresponse_format\b|\bjson_schema\b|\bjson_object\b`)
	namesReasoning   = regexp.MustCompile(`(?i)\breasoning(_content)?\b`)
	namesContent     = regexp.MustCompile(`(?i)\bcontent\b`)
	namesThinking    = regexp.MustCompile(`(?i)thinking|chat_template_kwargs|reasoning_effort`)
	namesSchema      = regexp.MustCompile(`(?i)additional_?properties|\$schema|` +
		`\b(unsupported|invalid|unknown|unrecogni[sz]ed)\b.{0,80}\b(schema|format|pattern|default|keywords?)\b|` +
		`\b(schema|format|keyword)\b.{0,80}\b(unsupported|invalid|not (supported|allowed|permitted))\b`)
)

// learn finds out from a refusal how to put a request otherwise than in the forms
// that were refused, of which the last was for err. It reports whether that is
// worth another attempt.
func (l *learned) learn(request *Request, refused []shape, err error) bool {
	var host *HostError
	if !errors.As(err, &host) || host.Status != 400 && host.Status != 422 || host.kind() != nil {
		return false
	}
	words := host.param + " " + host.Code + " " + host.Message
	l.mu.Lock()
	defer l.mu.Unlock()
	sent := encodeWhole(request, refused[len(refused)-1])
	s := l.shapes[request.Model]
	if !bytes.Equal(encodeWhole(request, s), sent) {
		return !slices.Contains(refused, s) // another conversation has learned it meanwhile
	}
	switch {
	case namesFormat.MatchString(words) && request.Output != nil && s.outputFormat != outputWords:
		s.outputFormat++
	case namesTemperature.MatchString(words) && !s.noTemperature:
		s.noTemperature = true
	case namesCompletion.MatchString(words) && !s.completionTokens:
		s.completionTokens = true
	case namesMaxTokens.MatchString(words) && !s.noMaxTokens:
		s.noMaxTokens = true
	case namesThinking.MatchString(words) && !namesReasoning.MatchString(words) && request.Thinking != "":
		s.thinking = ""
	case namesReasoning.MatchString(words):
		s.dialect.echoReasoning = !s.dialect.echoReasoning
	case namesSchema.MatchString(words) && len(request.Tools) > 0 && !s.plainSchemas:
		s.plainSchemas = true
	case namesContent.MatchString(words):
		s.dialect.nullContent = !s.dialect.nullContent
	}
	if slices.Contains(refused, s) || bytes.Equal(encodeWhole(request, s), sent) {
		return false // the very same request would be refused again
	}
	l.shapes[request.Model] = s
	return true
}

func encodeWhole(request *Request, s shape) []byte {
	return bytes.Join(encodeRequest(request, s, false), nil)
}
