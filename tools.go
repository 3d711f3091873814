package frontdesk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/frontdesk-go/frontdesk/internal/claims"
	"github.com/frontdesk-go/frontdesk/internal/schema"
	"github.com/frontdesk-go/frontdesk/internal/wire/arguments"
)

// Tool is something the model can call. [NewTool] makes one of a typed Go
// function, [RawTool] of a JSON Schema and a function on raw JSON.
type Tool interface{ declare() toolSpec }

// TypedTool is a [Tool] whose handler takes an In and returns an Out. Its
// methods say what the tool may do and return the tool itself, so that they
// can be chained:
//
//	frontdesk.NewTool("get_order_status", "Look up an order", status).ReadOnly()
//
// A tool that says nothing is a write that must not be repeated, which is the
// safe assumption. Set a tool up before it is registered; what happens to it
// afterwards has no effect.
type TypedTool[In, Out any] struct{ spec toolSpec }

// toolSpec is what a caller says of a tool.
type toolSpec struct {
	name        string
	description string
	in          reflect.Type    // nil if schema is given
	schema      json.RawMessage // nil if it is to be derived from in
	effect      effect
	keyLife     time.Duration
	timeout     time.Duration
	trusted     bool // the company alone writes its results
	policy      toolPolicy
	handle      func(ctx context.Context, arguments json.RawMessage) (string, error)
}

// effect is what a tool does to the world. The zero value is the one that
// assumes least.
type effect int

const (
	effectWrite      effect = iota // must not be repeated
	effectIdempotent               // may be repeated with the same key
	effectReadOnly                 // may be repeated
)

// NewTool makes a tool of a function. The JSON Schema that the model sees is
// derived from In, a struct: names come from its json tags, constraints from
// jsonschema tags (enum, minimum, pattern and others) and descriptions from
// jsonschema_description. Fields are required unless their json tag says
// omitempty or omitzero. Arguments are validated against the schema before
// handle is called.
//
// The customer, the conversation and the idempotency key are never arguments:
// handle learns them from [CallFrom].
//
// What handle returns goes to the model: a string as it is, anything else as
// JSON. An error goes to the model too, as its text, so that it can react; it
// should say what to do and hold no secret. See [Fatal] for errors that must
// end the turn. A panic is contained and treated as an error.
//
// The name may have letters, digits, "_" and "-", 64 at most. What is wrong
// with a tool is reported when it is registered, by [New] or [Registry.Add].
func NewTool[In, Out any](name, description string, handle func(context.Context, In) (Out, error)) *TypedTool[In, Out] {
	if handle == nil {
		return &TypedTool[In, Out]{toolSpec{name: name}} // refused at registration
	}
	return &TypedTool[In, Out]{toolSpec{
		name:        name,
		description: description,
		in:          reflect.TypeFor[In](),
		handle: func(ctx context.Context, arguments json.RawMessage) (string, error) {
			var in In
			if err := json.Unmarshal(arguments, &in); err != nil {
				return "", &argumentsError{err}
			}
			out, err := handle(ctx, in)
			return resultOf(out, err)
		},
	}}
}

// RawTool makes a tool of a function on raw JSON and the JSON Schema of its
// arguments, which the model sees unchanged. It serves tools whose schema
// comes from elsewhere, such as an existing API. Apart from that it is like
// [NewTool].
func RawTool[Out any](name, description string, schema json.RawMessage, handle func(context.Context, json.RawMessage) (Out, error)) *TypedTool[json.RawMessage, Out] {
	if handle == nil {
		return &TypedTool[json.RawMessage, Out]{toolSpec{name: name}} // refused at registration
	}
	if schema == nil {
		schema = json.RawMessage{} // refused at registration, rather than derived
	}
	return &TypedTool[json.RawMessage, Out]{toolSpec{
		name:        name,
		description: description,
		schema:      schema,
		handle: func(ctx context.Context, arguments json.RawMessage) (string, error) {
			out, err := handle(ctx, arguments)
			return resultOf(out, err)
		},
	}}
}

// ReadOnly says that the tool changes nothing. Read-only calls that the model
// makes together run at the same time.
func (t *TypedTool[In, Out]) ReadOnly() *TypedTool[In, Out] {
	t.spec.effect = effectReadOnly
	return t
}

// Idempotent says that calls with the same [Call.IdempotencyKey] take effect
// once, as long as they come within keyLife of the first. Payment services
// keep a key for about a day. Zero means for ever.
func (t *TypedTool[In, Out]) Idempotent(keyLife time.Duration) *TypedTool[In, Out] {
	t.spec.effect = effectIdempotent
	t.spec.keyLife = keyLife
	return t
}

// Timeout bounds one call of the tool. The default is [Limits.ToolTimeout].
func (t *TypedTool[In, Out]) Timeout(d time.Duration) *TypedTool[In, Out] {
	t.spec.timeout = d
	return t
}

func (t *TypedTool[In, Out]) declare() toolSpec {
	if t == nil {
		return toolSpec{}
	}
	return t.spec
}

// Call is what a handler may know of the call it serves, beyond its arguments.
// All of it comes from the caller of the agent, none from the model.
type Call struct {
	Tool         string
	Conversation ConversationID
	Turn         string
	Customer     Customer

	// IdempotencyKey is the same whenever this very call is made again, and
	// opaque. Pass it on to services that accept one.
	IdempotencyKey string

	// NotAfter is when the call must have taken effect, if it is to at all:
	// afterwards somebody may look whether it did. The handler's context ends
	// then; pass it on to services that take a deadline. It is zero for
	// read-only tools.
	NotAfter time.Time

	filter map[string][]string // of the turn, for the search tool
}

type callKey struct{}

// CallFrom returns the call that a handler serves. Outside of a handler it
// returns a zero Call.
func CallFrom(ctx context.Context) Call {
	call, _ := ctx.Value(callKey{}).(Call)
	return call
}

// WithCall returns a context from which [CallFrom] returns call, for tests
// that call a handler directly.
func WithCall(ctx context.Context, call Call) context.Context {
	return context.WithValue(ctx, callKey{}, call)
}

// ToolStatus says what became of a tool call.
type ToolStatus string

// The ways in which a tool call ends.
const (
	ToolDone    ToolStatus = "done"    // the handler returned a result
	ToolFailed  ToolStatus = "failed"  // the handler returned an error, or a read-only one broke off
	ToolNotRun  ToolStatus = "not_run" // the handler was not called
	ToolUnknown ToolStatus = "unknown" // a write broke off: it may have taken effect

	// ToolAwaiting: somebody was asked first, and the handler was not called yet.
	ToolAwaiting ToolStatus = "awaiting"
)

// ToolResult is how a tool call ended.
type ToolResult struct {
	Call   ToolCall   `json:"call"`
	Status ToolStatus `json:"status"`

	// Content is what the model read.
	Content string `json:"content"`

	// Err is the handler's error, or a [*PanicError]. It is known only while
	// the turn runs: it is not part of the log.
	Err error `json:"-"`

	origin origin // who wrote the content
}

// message is the result as the model reads it.
func (r *ToolResult) message() Message {
	text := r.Content
	if r.origin == fromOthers {
		text = renderData(r.Call.Name, text)
	}
	return Message{Role: RoleTool, CallID: r.Call.ID, Text: text}
}

// PanicError is the error of a tool whose handler panicked.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // where, as debug.Stack prints it
}

// Error tells the panic's value.
func (e *PanicError) Error() string { return fmt.Sprintf("tool handler panicked: %v", e.Value) }

// Registry holds tools under their names. Several agents can share one. It is
// safe for concurrent use; the zero value is an empty registry.
type Registry struct {
	mu     sync.RWMutex
	tools  []*registeredTool
	byName map[string]*registeredTool
}

// registeredTool is a tool that was found to be in order.
type registeredTool struct {
	toolSpec
	arguments *arguments.Coercer
	validator *schema.Validator
	kinds     []claims.Kind // what a call of it can be said to have done
}

// NewRegistry returns a registry with the given tools. See [Registry.Add] for
// the errors.
func NewRegistry(tools ...Tool) (*Registry, error) {
	r := new(Registry)
	if err := r.Add(tools...); err != nil {
		return nil, err
	}
	return r, nil
}

// Add registers tools, all of them or, if any is not in order, none. The error
// lists everything that is wrong: a name that the wire format does not allow
// or that is taken, a schema that does not compile, a field of a Go struct
// that JSON Schema cannot express, such as a channel or a type that refers to
// itself, an argument that says for whom the tool runs (see
// [TypedTool.AllowIdentity]), or one that names an object of which nobody says
// whose it may be (see [TypedTool.Authorize]). An agent takes the tools that are there when it is made.
func (r *Registry) Add(tools ...Tool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var faults []error
	added := make([]*registeredTool, 0, len(tools))
	byName := make(map[string]*registeredTool)
	for i, t := range tools {
		if t == nil {
			faults = append(faults, fmt.Errorf("tool %d is nil", i))
			continue
		}
		registered, err := register(t.declare())
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if r.byName[registered.name] != nil || byName[registered.name] != nil {
			faults = append(faults, fmt.Errorf("tool %s: the name is taken: give each tool its own", registered.name))
			continue
		}
		byName[registered.name] = registered
		added = append(added, registered)
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	if r.byName == nil {
		r.byName = make(map[string]*registeredTool)
	}
	for _, t := range added {
		r.byName[t.name] = t
	}
	r.tools = append(r.tools, added...)
	return nil
}

// Definitions returns what a model is told of the tools, in the order in which
// they were added.
func (r *Registry) Definitions() []ToolDefinition {
	r.mu.RLock()
	defer r.mu.RUnlock()
	definitions := make([]ToolDefinition, len(r.tools))
	for i, t := range r.tools {
		definitions[i] = ToolDefinition{Name: t.name, Description: t.description, Schema: t.schema}
	}
	return definitions
}

// join returns a new registry with the tools of r, which may be nil, and more.
func (r *Registry) join(tools ...Tool) (*Registry, error) {
	joined := new(Registry)
	if r != nil {
		r.mu.RLock()
		joined.tools = slices.Clone(r.tools)
		r.mu.RUnlock()
		joined.byName = make(map[string]*registeredTool, len(joined.tools))
		for _, t := range joined.tools {
			joined.byName[t.name] = t
		}
	}
	return joined, joined.Add(tools...)
}

// find returns the tool that a model means by name, or nil: the one of that
// name or else, if there is just one, the one that differs from it only in the
// decoration and spelling that models add.
func (r *Registry) find(name string) *registeredTool {
	if tool := r.byName[name]; tool != nil {
		return tool
	}
	name = undecorated(name)
	if tool := r.byName[name]; tool != nil {
		return tool
	}
	var found *registeredTool
	for _, tool := range r.tools {
		if foldName(tool.name) == foldName(name) {
			if found != nil {
				return nil
			}
			found = tool
		}
	}
	return found
}

// undecorated takes off what models put around names: the namespace of their
// training format, the brackets of a call, the number that stands in Kimi's ids,
// and the tokens that follow the name in gpt-oss's format.
func undecorated(name string) string {
	name, _, _ = strings.Cut(name, "<|")
	name = strings.TrimSuffix(strings.TrimSpace(name), "()")
	if i := strings.LastIndexByte(name, ':'); i > 0 && strings.Trim(name[i+1:], "0123456789") == "" {
		name = name[:i]
	}
	for _, space := range []string{"functions.", "tools.", "default_api."} {
		name = strings.TrimPrefix(name, space)
	}
	return name
}

var nameJoints = strings.NewReplacer("-", "", "_", "", ".", "")

func foldName(name string) string { return nameJoints.Replace(strings.ToLower(name)) }

// toolName is what OpenAI-compatible hosts accept as a function's name.
var toolName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

func register(spec toolSpec) (*registeredTool, error) {
	if !toolName.MatchString(spec.name) {
		return nil, fmt.Errorf("tool %q: the name must be 1 to 64 letters, digits, underscores or hyphens", spec.name)
	}
	fail := func(err error) (*registeredTool, error) { return nil, fmt.Errorf("tool %s: %w", spec.name, err) }
	if spec.handle == nil {
		return fail(errors.New("it has no handler: give it a function to call"))
	}
	if spec.timeout < 0 || spec.keyLife < 0 {
		return fail(errors.New("a duration must not be negative"))
	}
	if err := spec.policy.check(); err != nil {
		return fail(err)
	}
	if spec.schema == nil {
		derived, err := schema.For(spec.in)
		if err != nil {
			return fail(err)
		}
		spec.schema = derived
	}
	validator, err := schema.Compile(spec.schema)
	if err != nil {
		return fail(err)
	}
	if err := spec.policy.checkArguments(validator); err != nil {
		return fail(err)
	}
	return &registeredTool{
		toolSpec:  spec,
		arguments: arguments.New(validator),
		validator: validator,
		kinds:     claims.Kinds(spec.name, spec.description),
	}, nil
}

// parse makes of a model's text arguments that the handler can rely on. If it
// cannot, problem tells the model what to mend.
func (t *registeredTool) parse(text string) (parsed json.RawMessage, problem string) {
	result, err := t.arguments.Parse(text, true)
	if err != nil {
		return nil, fmt.Sprintf("Invalid arguments for %s: %v. Send one JSON object and call it again.", t.name, err)
	}
	if result.Valid {
		return result.JSON, ""
	}
	if faults := t.validator.Validate(result.JSON); len(faults) > 0 {
		return nil, schema.Describe(t.name, faults)
	}
	return result.JSON, ""
}

// argumentsError says that arguments fit the schema and yet not the Go type,
// such as a number beyond the range of an int32.
type argumentsError struct{ err error }

func (e *argumentsError) Error() string { return "arguments: " + e.err.Error() }
func (e *argumentsError) Unwrap() error { return e.err }

// resultText renders what a handler returned for the model.
func resultText(out any) (string, error) {
	switch out := out.(type) {
	case string:
		return out, nil
	case json.RawMessage:
		return string(out), nil
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(out); err != nil {
		return "", &resultError{err}
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// resultError says that a handler did its work and returned something that
// cannot be encoded.
type resultError struct{ err error }

func (e *resultError) Error() string { return "result: " + e.err.Error() }
func (e *resultError) Unwrap() error { return e.err }
