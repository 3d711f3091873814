package frontdesk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/frontdesk-go/frontdesk/internal/schema"
	"github.com/frontdesk-go/frontdesk/internal/wire/arguments"
	"github.com/frontdesk-go/frontdesk/internal/wire/reasoning"
)

// ErrMismatch says that a model's answer does not fit the type that [Extract]
// was to return, even after the model was told what is wrong with it. The error
// is an [*ExtractError].
var ErrMismatch = errors.New("the model's answer does not fit the type")

// ExtractError tells how an answer does not fit. It wraps [ErrMismatch].
type ExtractError struct {
	// Type is the Go type that was wanted.
	Type string

	// Text is the model's last answer, without its thoughts. It may hold what
	// the customer said.
	Text string

	// Faults are what is wrong with it, each with its place where that is
	// known: "items[0].quantity: must be >= 1 (got 0)". They quote values of
	// the answer, cut to 80 characters, but not those of fields whose names
	// tell of secrets.
	Faults []string
}

// Error tells the first faults.
func (e *ExtractError) Error() string {
	return fmt.Sprintf("extract %s: %v: %s", e.Type, ErrMismatch, strings.Join(firstFaults(e.Faults), "; "))
}

// Unwrap returns [ErrMismatch].
func (e *ExtractError) Unwrap() error { return ErrMismatch }

// Extract asks a model for a value of type T, a struct. What the model is to
// read stands in request as usual: a transcript, and instructions that say what
// to look for. Extract sets [Request.Output] to the JSON Schema of T, derived
// as for [NewTool], and repeats it at the end of the instructions, since many
// hosts only know that JSON is wanted, and some not even that. No tools are
// sent. An empty Model and MaxTokens take their defaults, a nil provider is
// Oxlo.
//
// Thoughts, code fences and prose around the JSON are taken off, and its syntax
// and its types are repaired where nothing is lost or guessed. Fields that T
// does not have are dropped. What then does not fit goes back to the model
// once, with the faults; if the second answer does not fit either, the error is
// an [*ExtractError]. So Extract makes one request, or two. An answer that was
// cut short is a [*TruncatedError] and is neither repaired nor asked for again:
// raise MaxTokens. Errors of the provider are wrapped.
//
// The response is the last answer that came, with the requests and the usage of
// both, whether it fits or not. It is nil if there was none. It does not count
// a request that failed.
func Extract[T any](ctx context.Context, provider Provider, request Request) (T, *Response, error) {
	var value T
	response, err := extract(ctx, provider, request, &value)
	return value, response, err
}

// extract is Extract for a pointer to the value, which stays zero on errors.
func extract(ctx context.Context, provider Provider, request Request, value any) (*Response, error) {
	kind := reflect.TypeOf(value).Elem()
	fail := func(err error) error { return fmt.Errorf("extract %s: %w", kind, err) }
	wanted, err := newExtraction(kind)
	if err != nil {
		return nil, fail(err)
	}
	if len(request.Messages) == 0 {
		return nil, fail(errors.New("the request has no messages: put what the model is to read into one"))
	}
	if provider == nil {
		provider = new(OpenAICompatible)
	}
	request.Model = cmp.Or(request.Model, DefaultModel)
	request.MaxTokens = cmp.Or(request.MaxTokens, DefaultMaxTokens)
	request.Instructions = strings.TrimSpace(request.Instructions + "\n\n" + outputInstructions(wanted.schema))
	request.Output = wanted.schema
	request.Tools = nil

	first, text, err := askForOutput(ctx, provider, &request)
	if err != nil {
		return first, fail(err)
	}
	faults := wanted.read(text, first.Finish, value)
	if len(faults) == 0 {
		return first, nil
	}

	request.Messages = append(slices.Clip(request.Messages), answerAndFaults(first.Message, text, faults)...)
	second, text, err := askForOutput(ctx, provider, &request)
	if second == nil {
		return first, fail(fmt.Errorf("ask again after an answer that does not fit: %w", err))
	}
	second.Requests += first.Requests
	second.Usage.add(first.Usage)
	if err != nil {
		return second, fail(err)
	}
	if faults = wanted.read(text, second.Finish, value); len(faults) > 0 {
		return second, &ExtractError{Type: kind.String(), Text: text, Faults: faults}
	}
	return second, nil
}

// askForOutput sends one request and returns the answer and its text without
// thoughts. There may be an answer beside the error.
func askForOutput(ctx context.Context, provider Provider, request *Request) (*Response, string, error) {
	answer, err := provider.Generate(ctx, request, nil)
	if err != nil {
		return nil, "", err
	}
	if answer == nil {
		return nil, "", errors.New("the provider returned no response")
	}
	response := *answer // a provider may keep its own
	response.Requests = max(response.Requests, 1)
	if response.Finish == FinishLength || response.Finish == FinishFilter {
		return &response, "", &TruncatedError{Message: response.Message, Finish: response.Finish}
	}
	text := strings.TrimSpace(response.Message.Text)
	if json.Valid([]byte(text)) {
		return &response, text, nil // what looks like a thought is a string in it
	}
	_, text, complete := reasoning.Split(text, false)
	if !complete {
		return &response, "", &TruncatedError{Message: response.Message, cause: errors.New("it ended within a thought")}
	}
	return &response, strings.TrimSpace(text), nil
}

// extraction is what is known of a type that a model is to fill.
type extraction struct {
	schema    json.RawMessage
	validator *schema.Validator
	arguments *arguments.Coercer
}

func newExtraction(kind reflect.Type) (*extraction, error) {
	derived, err := schema.For(kind)
	if err != nil {
		return nil, err
	}
	validator, err := schema.Compile(derived)
	if err != nil {
		return nil, err
	}
	return &extraction{derived, validator, arguments.New(validator)}, nil
}

// read decodes a model's answer into value and returns what is wrong with it.
func (x *extraction) read(text string, finish FinishReason, value any) (faults []string) {
	if text == "" || text == "null" {
		// As arguments, nothing stands for no arguments.
		return []string{"not one JSON object: the answer is empty"}
	}
	parsed, err := x.find(text, finish == FinishStop)
	if err != nil {
		return []string{"not one JSON object: " + strings.TrimPrefix(err.Error(), arguments.ErrMalformed.Error()+": ")}
	}
	for _, fault := range x.validator.Validate(parsed.JSON) {
		if fault.Path == "" {
			faults = append(faults, fault.Message)
		} else {
			faults = append(faults, fault.Path+": "+fault.Message)
		}
	}
	if len(faults) > 0 {
		return faults
	}
	if err := json.Unmarshal(parsed.JSON, value); err != nil {
		reflect.ValueOf(value).Elem().SetZero() // decoding may have got half way
		return []string{err.Error()}
	}
	return nil
}

// find reads the JSON object in a model's answer. If it stands in prose, it must
// be the only object, or the only one that fits.
func (x *extraction) find(text string, complete bool) (arguments.Arguments, error) {
	whole, err := x.arguments.Parse(text, complete)
	if err == nil {
		return whole, nil
	}
	var found, fitting []arguments.Arguments
	for _, object := range objectsIn(text) {
		parsed, err := x.arguments.Parse(object, false)
		if err != nil {
			continue
		}
		found = append(found, parsed)
		if parsed.Valid {
			fitting = append(fitting, parsed)
		}
	}
	if len(fitting) > 0 {
		found = fitting
	}
	found = slices.CompactFunc(found, func(a, b arguments.Arguments) bool { return string(a.JSON) == string(b.JSON) })
	switch len(found) {
	case 0:
		return arguments.Arguments{}, err
	case 1:
		return found[0], nil
	default:
		return arguments.Arguments{}, fmt.Errorf("found %d", len(found))
	}
}

// objectsIn returns what stands in braces in text, the outermost ones. If one
// is not closed, there are none: what comes before it may be a draft.
func objectsIn(text string) (objects []string) {
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && depth > 0:
			quoted = !quoted
		case quoted:
		case c == '{':
			if depth == 0 {
				start = i
			}
			depth++
		case c == '}' && depth > 0:
			depth--
			if depth == 0 {
				objects = append(objects, text[start:i+1])
			}
		}
	}
	if depth > 0 {
		return nil
	}
	return objects
}

// answerAndFaults continues a transcript with an answer and with what is wrong
// with it.
func answerAndFaults(message Message, text string, faults []string) []Message {
	message.Role = RoleAssistant
	message.Text = text
	message.Calls = nil // no tool was offered
	if text == "" {
		message.Text = "(no answer)" // hosts refuse an empty message
	}
	complaint := "This answer does not fit the JSON Schema:\n- " + strings.Join(firstFaults(faults), "\n- ") +
		"\nAnswer again with the whole JSON object, corrected, and nothing else."
	return []Message{message, {Role: RoleUser, Text: complaint}}
}

// firstFaults returns as many faults as somebody can take in at once.
func firstFaults(faults []string) []string {
	const most = 8
	if len(faults) <= most {
		return faults
	}
	return append(slices.Clone(faults[:most]), fmt.Sprintf("… and %d more", len(faults)-most))
}
