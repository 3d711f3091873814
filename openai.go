package frontdesk

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/openai/openai-go/v3/option"

	"github.com/frontdesk-go/frontdesk/internal/openai"
	"github.com/frontdesk-go/frontdesk/internal/wire/assemble"
	"github.com/frontdesk-go/frontdesk/internal/wire/sse"
)

// OxloURL is the base URL of Oxlo, the default host. It charges a flat price
// for each request, whatever its length.
const OxloURL = "https://api.oxlo.ai/v1"

// OpenAICompatible is the [Provider] for hosts that speak OpenAI's chat
// completions protocol. The zero value is Oxlo with the key from the
// environment. Set the fields before the first use. It is safe for concurrent
// use and must not be copied.
//
// It reads what open models and their hosts make of the protocol: calls that
// were merged, repeated or written into the text, thoughts among the answer,
// streams that break off. It sends no parameter that need not be sent, and
// leaves out for good what a host refused by name.
type OpenAICompatible struct {
	// BaseURL is the address before "/chat/completions", such as
	// "http://127.0.0.1:11434/v1" for Ollama. Empty means OXLO_BASE_URL from
	// the environment or, without it, [OxloURL].
	BaseURL string

	// APIKey goes with each request as a bearer token. Empty means
	// OXLO_API_KEY from the environment if BaseURL is empty too, and no key
	// otherwise: the key of one host is never sent to another.
	APIKey string

	// Options are applied to openai-go's client, so that existing middleware,
	// headers and HTTP clients keep working. No OPENAI_* variable of the
	// environment is read.
	Options []option.RequestOption

	// Retries is how often a request is tried again that was refused for a
	// passing reason or broke off. Zero means [DefaultRetries], a negative
	// number none.
	Retries int

	// MaxWait bounds the wait before another try. A host that asks for more
	// is not tried again. Zero means [DefaultMaxWait].
	MaxWait time.Duration

	// IdleTimeout is how long a stream may be silent before it counts as
	// broken. Zero means [DefaultIdleTimeout].
	IdleTimeout time.Duration

	// Profile, if not nil, replaces [ProfileOf] for all models of the host.
	Profile *Profile

	// Quota counts the requests that are no part of a turn: those of
	// [Embeddings], ListModels and [Extract], and of Generate where no agent
	// calls it. Give it the Ledger, Plan, Key and Reserve of the agents'
	// [Config].Quota; the rest of it is about turns. One that the plan does
	// not allow fails with a [*QuotaError].
	Quota Quota

	once    sync.Once
	client  *openai.Client
	ledger  Ledger
	err     error
	learned learned
	readers sync.Pool // of *bufio.Reader
}

// Defaults of an [OpenAICompatible].
const (
	DefaultRetries     = 2
	DefaultMaxWait     = 30 * time.Second
	DefaultIdleTimeout = 60 * time.Second
)

// check reports what is wrong with the configuration, without a request.
func (p *OpenAICompatible) check() error {
	p.once.Do(func() {
		base := p.BaseURL
		key := p.APIKey
		if base == "" {
			base = os.Getenv("OXLO_BASE_URL")
			if key == "" {
				key = strings.TrimSpace(os.Getenv("OXLO_API_KEY")) // mounted secrets end with a line break
			}
		}
		if base == "" {
			base = OxloURL
			if key == "" {
				p.err = errors.New("no API key: set OXLO_API_KEY to a key from Oxlo, or OpenAICompatible.APIKey and BaseURL for another host")
				return
			}
		}
		address, err := url.Parse(base)
		if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
			p.err = fmt.Errorf("base URL %q is not an http address: it should look like %s", base, OxloURL)
			return
		}
		p.client, p.err = openai.New(base, key, p.Options)
		if p.ledger = p.Quota.Ledger; p.ledger == nil {
			p.ledger = new(InMemoryLedger)
		}
	})
	return p.err
}

// Generate implements [Provider]. It fails with a [*HostError] if the host
// answers with an error, with a [*TruncatedError] if the answer ended early,
// or with the transport's error.
func (p *OpenAICompatible) Generate(ctx context.Context, request *Request, stream func(Delta)) (*Response, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	profile := ProfileOf(request.Model)
	if p.Profile != nil {
		profile = *p.Profile
	}
	if profile.NoTools && len(request.Tools) > 0 {
		return nil, fmt.Errorf("model %s cannot call tools: choose another model, or set Profile if this host lets it", request.Model)
	}
	var response *Response
	tools := offered(request.Tools)
	attempts := &attempts{provider: p, request: request, reset: func() { stream(Delta{Reset: true}) }}
	err := attempts.run(ctx, func(ctx context.Context) (err error) {
		attempts.sent = p.learned.shape(request.Model, profile)
		reader := newAnswerReader(tools, profile, stream)
		reader.quiet = request.Thinking == ThinkingOff && attempts.sent.thinking.certain()
		response, err = p.attempt(ctx, encodeRequest(request, attempts.sent, stream != nil), reader)
		attempts.shown = reader.shown
		return err
	})
	if err != nil {
		return nil, err
	}
	response.Requests = attempts.count
	return response, nil
}

// attempt makes one request for an answer.
func (p *OpenAICompatible) attempt(ctx context.Context, body openai.Body, reader *answerReader) (*Response, error) {
	accept := "application/json"
	if reader.stream != nil {
		accept = "text/event-stream"
	}
	// The idle timeout is kept by a context of the attempt's own.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	response, err := p.client.Post(ctx, "chat/completions", body, accept)
	if err != nil {
		return nil, p.failure(ctx, err)
	}
	defer response.Body.Close()
	patience := newPatience(response.Body, p.IdleTimeout, cancel)
	defer patience.stop()
	answer := p.reader(patience)
	defer p.release(answer)
	if isDocument(answer) {
		err = readWhole(answer, response.ContentLength, reader)
	} else {
		err = readStream(ctx, answer, reader, patience, cancel)
	}
	if err != nil {
		return nil, p.failure(ctx, redact(response, err))
	}
	return reader.response()
}

// reader returns a buffered reader to be released.
func (p *OpenAICompatible) reader(from io.Reader) *bufio.Reader {
	if used, ok := p.readers.Get().(*bufio.Reader); ok {
		used.Reset(from)
		return used
	}
	return bufio.NewReader(from)
}

func (p *OpenAICompatible) release(reader *bufio.Reader) {
	reader.Reset(nil)
	p.readers.Put(reader)
}

// isDocument reports whether an answer is one JSON document rather than a
// stream. Hosts send either in answer to either, and under any media type.
func isDocument(answer *bufio.Reader) bool {
	for n := 1; ; n++ {
		text, err := answer.Peek(n)
		if err != nil || n > answer.Size()-1 {
			return false
		}
		switch c := text[n-1]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c == '{' || c == '['
		}
	}
}

// maxAnswer bounds a whole answer, in bytes.
const maxAnswer = 64 << 20

// readWhole reads an answer that is one document, of the given length or of an
// unknown one.
func readWhole(body io.Reader, length int64, reader *answerReader) error {
	var text bytes.Buffer
	if length > 0 {
		text.Grow(int(min(length, 1<<20)) + bytes.MinRead)
	}
	_, err := text.ReadFrom(io.LimitReader(body, maxAnswer))
	if err != nil {
		return &TruncatedError{cause: err}
	}
	if reader.message, err = assemble.Completion(text.Bytes()); err != nil {
		return reader.cut(err)
	}
	reader.add(assemble.Delta{Text: reader.message.Text, Reasoning: reader.message.Reasoning})
	return nil
}

// patience reads an answer and gives up on a host that is silent for too long,
// or that has only signs of life to send. The time that the caller takes does
// not count.
type patience struct {
	body     io.Reader
	idle     time.Duration
	silence  *time.Timer // runs while a read waits
	progress *time.Timer // runs since the answer last grew
}

// progressTimeouts is how many idle timeouts a host may fill with signs of life
// alone: ten minutes by default, after which DeepSeek's own server gives up on a
// request that waits for its turn (DeepSeek API documentation, "Rate Limit").
const progressTimeouts = 10

var (
	errIdle       = errors.New("the host was silent for too long")
	errNoProgress = errors.New("the host sent signs of life and no answer for too long")
)

func newPatience(body io.Reader, idle time.Duration, cancel context.CancelCauseFunc) *patience {
	if idle <= 0 {
		idle = DefaultIdleTimeout
	}
	p := &patience{body: body, idle: idle}
	p.silence = time.AfterFunc(idle, func() { cancel(errIdle) })
	p.silence.Stop()
	p.progress = time.AfterFunc(progressTimeouts*idle, func() { cancel(errNoProgress) })
	return p
}

func (p *patience) Read(to []byte) (int, error) {
	p.silence.Reset(p.idle)
	n, err := p.body.Read(to)
	p.silence.Stop()
	return n, err
}

// lastWords is how long a host may take from the finish reason to the end of the
// stream. Some never end it, and the customer should not wait for them.
const lastWords = 2 * time.Second

// pause keeps what the caller does from counting.
func (p *patience) pause()  { p.progress.Stop() }
func (p *patience) resume() { p.progress.Reset(progressTimeouts * p.idle) }

func (p *patience) stop() {
	p.silence.Stop()
	p.progress.Stop()
}

func readStream(ctx context.Context, body io.Reader, reader *answerReader, patience *patience, cancel context.CancelCauseFunc) error {
	var assembler assemble.Assembler
	events := sse.NewReader(body)
	for {
		event, err := events.Next()
		switch {
		case ctx.Err() != nil:
			return reader.broken(&assembler, context.Cause(ctx))
		case err == io.EOF:
			return reader.finish(&assembler)
		case err != nil:
			return reader.broken(&assembler, err)
		case string(event.Data) == "[DONE]":
			assembler.Done()
			if err := reader.finish(&assembler); err != nil {
				return err
			}
			drain(body, cancel)
			return nil
		}
		delta, err := assembler.Add(event.Name, event.Data)
		if err != nil {
			return err
		}
		if grown := assembler.Size(); grown > reader.size {
			reader.size = grown
			patience.pause()
			reader.add(delta)
			patience.resume()
		}
		if assembler.Finished() {
			patience.idle = min(patience.idle, lastWords)
		}
	}
}

// drain reads the few bytes that may follow the last word, without which the
// connection could not be used again. A host that keeps it open has no claim on
// the customer's time.
func drain(body io.Reader, cancel context.CancelCauseFunc) {
	patience := time.AfterFunc(100*time.Millisecond, func() { cancel(nil) })
	defer patience.Stop()
	// What comes of it does not matter: the answer is whole.
	_, _ = io.CopyN(io.Discard, body, 4<<10)
}

// failure turns what went wrong into an error that a caller can act on.
func (p *OpenAICompatible) failure(ctx context.Context, err error) error {
	var (
		status  *openai.StatusError
		payload *assemble.Error
		cut     *TruncatedError
		call    *url.Error
	)
	switch {
	case errors.As(err, &status):
		return newHostError(status.Status, status.Header, status.Body, status.Redact)
	case errors.As(err, &payload):
		return &HostError{Status: http.StatusOK, Code: shorten(payload.Code), Type: shorten(payload.Type), Message: shorten(payload.Message)}
	case ctx.Err() != nil && !errors.Is(context.Cause(ctx), errIdle) && !errors.Is(context.Cause(ctx), errNoProgress):
		return ctx.Err()
	case errors.As(err, &cut):
		return err
	case errors.As(err, &call):
		return newTransportError(call)
	default:
		return fmt.Errorf("ask the model's host: %w", err)
	}
}

// redact takes the key out of an error in the middle of an answer: some hosts
// repeat it when they refuse it.
func redact(response *http.Response, err error) error {
	var payload *assemble.Error
	if errors.As(err, &payload) {
		for _, text := range []*string{&payload.Code, &payload.Type, &payload.Message} {
			*text = openai.Redact(response.Request, *text)
		}
	}
	return err
}

// spend counts a request that is no part of a turn.
func (p *OpenAICompatible) spend(ctx context.Context) error {
	if p.Quota.Plan <= 0 {
		return nil
	}
	return p.ledger.Spend(ctx, p.Quota.plan(p.Quota.Reserve))
}

// post sends one request that is not for an answer, such as for embeddings. Its
// errors are those of Generate. It is tried again like a request for an answer.
func (p *OpenAICompatible) post(ctx context.Context, path string, body []byte, accept string) (*http.Response, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	var response *http.Response
	attempts := &attempts{provider: p}
	err := attempts.run(ctx, func(ctx context.Context) (err error) {
		if response, err = p.client.Post(ctx, path, openai.Body{body}, accept); err != nil {
			return p.failure(ctx, err)
		}
		return nil
	})
	return response, err
}
