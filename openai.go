package frontdesk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

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

	once   sync.Once
	client *openai.Client
	key    string
	err    error
}

// check reports what is wrong with the configuration, without a request.
func (p *OpenAICompatible) check() error {
	p.once.Do(func() {
		base := p.BaseURL
		p.key = p.APIKey
		if base == "" {
			base = os.Getenv("OXLO_BASE_URL")
			if p.key == "" {
				p.key = os.Getenv("OXLO_API_KEY")
			}
		}
		if base == "" {
			base = OxloURL
			if p.key == "" {
				p.err = errors.New("no API key: set OXLO_API_KEY to a key from Oxlo, or OpenAICompatible.APIKey and BaseURL for another host")
				return
			}
		}
		address, err := url.Parse(base)
		if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
			p.err = fmt.Errorf("base URL %q is not an http address: it should look like %s", base, OxloURL)
			return
		}
		p.client = openai.New(base, p.key, p.Options)
	})
	return p.err
}

// Generate implements [Provider]. An answer of the host that is not a model's
// answer is a [*HostError].
func (p *OpenAICompatible) Generate(ctx context.Context, request *Request, stream func(Delta)) (*Response, error) {
	accept := "application/json"
	if stream != nil {
		accept = "text/event-stream"
	}
	response, err := p.post(ctx, "chat/completions", encodeRequest(request, stream != nil), accept)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()

	var message assemble.Message
	// A host may answer a streaming request with a whole answer.
	if mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); stream == nil || mediaType == "application/json" {
		message, err = readWhole(response.Body)
		if err == nil && stream != nil {
			stream(Delta{Text: message.Text, Reasoning: message.Reasoning})
		}
	} else {
		message, err = readStream(ctx, response.Body, stream)
	}
	if err != nil {
		return nil, p.failure(ctx, err)
	}
	return responseOf(&message), nil
}

// post sends one request to the host. Its errors are those that Generate
// documents.
func (p *OpenAICompatible) post(ctx context.Context, path string, body []byte, accept string) (*http.Response, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	response, err := p.client.Post(ctx, path, body, accept)
	if err != nil {
		return nil, p.failure(ctx, err)
	}
	return response, nil
}

// maxAnswer bounds a whole answer, in bytes.
const maxAnswer = 64 << 20

func readWhole(body io.Reader) (assemble.Message, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxAnswer))
	if err != nil {
		return assemble.Message{}, fmt.Errorf("%w: %w", ErrTruncated, err)
	}
	return assemble.Completion(text)
}

func readStream(ctx context.Context, body io.Reader, stream func(Delta)) (assemble.Message, error) {
	var assembler assemble.Assembler
	events := sse.NewReader(body)
	for ctx.Err() == nil {
		event, err := events.Next()
		if err == io.EOF {
			return assembler.Finish()
		}
		if err != nil {
			return assemble.Message{}, fmt.Errorf("%w: %w", ErrTruncated, err)
		}
		if string(event.Data) == "[DONE]" {
			assembler.Done()
			return assembler.Finish()
		}
		delta, err := assembler.Add(event.Name, event.Data)
		if err != nil {
			return assemble.Message{}, err
		}
		if delta.Text != "" || delta.Reasoning != "" {
			stream(Delta{Text: delta.Text, Reasoning: delta.Reasoning})
		}
	}
	return assemble.Message{}, ctx.Err()
}

func responseOf(m *assemble.Message) *Response {
	response := &Response{
		Message: Message{
			Role:           RoleAssistant,
			Text:           m.Text,
			Reasoning:      m.Reasoning,
			ReasoningField: m.ReasoningField,
		},
		Finish:   FinishReason(m.Finish),
		Model:    m.Model,
		Requests: 1,
	}
	if m.Usage != nil {
		response.Usage = Usage{PromptTokens: m.Usage.PromptTokens, CompletionTokens: m.Usage.CompletionTokens}
	}
	for _, call := range m.Calls {
		response.Message.Calls = append(response.Message.Calls, ToolCall{ID: call.ID, Name: call.Name, Arguments: call.Arguments})
	}
	return response
}

// failure turns what went wrong into an error that a caller can act on.
func (p *OpenAICompatible) failure(ctx context.Context, err error) error {
	var (
		status  *openai.StatusError
		payload *assemble.Error
	)
	switch {
	case errors.As(err, &status):
		host := &HostError{Status: status.Status, kind: kindOf(status.Status)}
		host.Code, host.Type, host.Message = hostWords(status.Header, status.Body)
		return p.scrub(host)
	case errors.As(err, &payload):
		return p.scrub(&HostError{Status: http.StatusOK, Code: payload.Code, Type: payload.Type, Message: payload.Message})
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, assemble.ErrTruncated) && !errors.Is(err, ErrTruncated):
		return fmt.Errorf("%w: %w", ErrTruncated, err)
	default:
		return err
	}
}

// scrub removes the key, which some hosts repeat when they refuse it.
func (p *OpenAICompatible) scrub(host *HostError) *HostError {
	if p.key != "" {
		for _, text := range []*string{&host.Code, &host.Type, &host.Message} {
			*text = strings.ReplaceAll(*text, p.key, "[API key]")
		}
	}
	return host
}

func kindOf(status int) error {
	switch {
	case status == http.StatusUnauthorized:
		return ErrAuth
	case status == http.StatusForbidden || status == http.StatusPaymentRequired:
		return ErrQuota
	case status == http.StatusTooManyRequests || status >= http.StatusInternalServerError:
		return ErrOverloaded
	default:
		return nil
	}
}

// hostWords finds the host's own account of an error in the shapes that are
// about: an object or a string under "error", or fields at the top.
func hostWords(header http.Header, body []byte) (code, kind, message string) {
	if mediaType, _, _ := mime.ParseMediaType(header.Get("Content-Type")); mediaType == "text/html" {
		return "", "", "" // a proxy's page, of no use to anyone
	}
	type words struct {
		Code    any `json:"code"`
		Type    any `json:"type"`
		Message any `json:"message"`
		Detail  any `json:"detail"`
	}
	var outer struct {
		words
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &outer) != nil {
		return "", "", cut(strings.TrimSpace(string(body)))
	}
	found := outer.words
	var text string
	switch {
	case json.Unmarshal(outer.Error, &text) == nil && text != "":
		found.Message = text
	case len(outer.Error) > 0:
		_ = json.Unmarshal(outer.Error, &found) // what does not fit stays empty
	}
	if found.Message == nil {
		found.Message = found.Detail
	}
	return wordOf(found.Code), wordOf(found.Type), wordOf(found.Message)
}

func wordOf(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return cut(value)
	default:
		return cut(fmt.Sprint(value))
	}
}

// cut keeps an error of a host short enough for a log line.
func cut(text string) string {
	const most = 500
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
