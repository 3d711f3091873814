package frontdesk

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"net"
	"regexp"
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

	shown bool   // text of an attempt was shown
	reset func() // takes back what was shown

	relearned bool
	cuts      int
}

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
		if a.request != nil && a.request.spend != nil {
			if err := a.request.spend(ctx); err != nil {
				return err
			}
		}
		a.count++
		err := attempt(ctx)
		if err == nil {
			return nil
		}
		if a.request != nil && !a.relearned && a.provider.learned.learn(a.request, err) {
			a.relearned = true
			continue
		}
		wait, again := a.again(err, retries)
		if !again || ctx.Err() != nil {
			return err
		}
		retries--
		if a.reset != nil {
			a.reset()
			a.reset = nil
		}
		if sleep(ctx, wait) != nil {
			return err
		}
	}
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
	wait = min(firstWait<<min(a.count-1, 10), longest)
	wait = rand.N(wait + 1)
	var (
		host *HostError
		cut  *TruncatedError
	)
	switch {
	case errors.As(err, &cut):
		// The limit on tokens would cut it again, and so would the filter.
		// What broke off twice is not worth a third request.
		a.cuts++
		return wait, cut.Finish == "" && a.cuts < 2
	case errors.As(err, &host):
		if !errors.Is(err, ErrRateLimited) && !errors.Is(err, ErrOverloaded) {
			return 0, false
		}
		return max(wait, host.RetryAfter), host.RetryAfter <= longest
	default:
		return wait, passing(err)
	}
}

// passing reports whether an error of the transport may go away by itself.
func passing(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		name        *net.DNSError
		network     net.Error
		operation   *net.OpError
	)
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &certificate) || errors.As(err, &authority):
		return false
	case errors.As(err, &name):
		return name.IsTemporary
	default:
		return errors.As(err, &operation) || errors.As(err, &network) || strings.Contains(err.Error(), "EOF")
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
)

// learn finds out from a refusal what to put otherwise, and reports whether
// that is anything new.
func (l *learned) learn(request *Request, err error) bool {
	var host *HostError
	if !errors.As(err, &host) || host.Status != 400 && host.Status != 422 || host.kind() != nil {
		return false
	}
	words := host.Code + " " + host.Message
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.shapes[request.Model]
	before := s
	switch {
	case namesFormat.MatchString(words) && request.Output != nil && s.outputFormat != outputWords:
		s.outputFormat++
	case namesTemperature.MatchString(words):
		s.noTemperature = true
	case namesCompletion.MatchString(words) && !s.completionTokens:
		s.completionTokens = true
	case namesMaxTokens.MatchString(words):
		s.noMaxTokens = true
	case namesReasoning.MatchString(words):
		s.dialect.echoReasoning = !s.dialect.echoReasoning
	case namesContent.MatchString(words):
		s.dialect.nullContent = !s.dialect.nullContent
	}
	l.shapes[request.Model] = s
	return s != before
}
