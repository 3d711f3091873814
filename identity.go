package frontdesk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/frontdesk-go/frontdesk/internal/schema"
)

// Customer is who the agent talks to. It comes from the caller with each turn;
// nothing a model, a tool, a document or a customer writes changes it.
type Customer struct {
	// ID is the caller's id of the customer, empty for an anonymous visitor.
	ID string `json:"id,omitempty"`

	// Tenant is the company the customer belongs to, where one service
	// serves several.
	Tenant string `json:"tenant,omitempty"`

	// Verification says how sure the caller is that it is them. The zero value
	// assumes least: [Anonymous] without an ID, [Claimed] with one.
	Verification Verification `json:"verification,omitempty"`

	// Audience names the groups the customer belongs to, such as "premium".
	// Passages that are for other groups alone are not found for them.
	Audience []string `json:"audience,omitempty"`

	// Name is for the people who read a handoff. The model does not see it.
	Name string `json:"name,omitempty"`

	// Profile is what the model should know of the customer, in words. It
	// goes into each request of the turn.
	Profile string `json:"profile,omitempty"`
}

// String names the customer for people.
func (c Customer) String() string {
	switch {
	case c.ID == "":
		return "anonymous"
	case c.Name == "":
		return c.ID
	default:
		return c.Name + " (" + c.ID + ")"
	}
}

// level is how sure the caller is of the customer, at least.
func (c *Customer) level() Verification {
	if c.ID == "" {
		return Anonymous
	}
	return max(c.Verification, Claimed)
}

// Verification says how sure the caller is of who a customer is. Levels are
// ordered: each includes those before it.
type Verification int

// The levels of verification.
const (
	Anonymous Verification = iota // nobody knows who it is
	Claimed                       // they say so, such as by an address they typed
	Verified                      // they have proved it, such as by signing in
	SteppedUp                     // and proved it once more just now, such as by a code
)

var verificationNames = []string{"anonymous", "claimed", "verified", "stepped_up"}

// String names the level, as in the log.
func (v Verification) String() string {
	if v < 0 || int(v) >= len(verificationNames) {
		return fmt.Sprintf("verification %d", int(v))
	}
	return verificationNames[v]
}

// MarshalText names the level. It fails for one that there is not.
func (v Verification) MarshalText() ([]byte, error) {
	if v < 0 || int(v) >= len(verificationNames) {
		return nil, fmt.Errorf("there is no verification level %d", int(v))
	}
	return []byte(verificationNames[v]), nil
}

// UnmarshalText reads a level's name. It fails for one that there is not.
func (v *Verification) UnmarshalText(text []byte) error {
	i := slices.Index(verificationNames, string(text))
	if i < 0 {
		return fmt.Errorf("there is no verification level %q: the levels are %s", text, strings.Join(verificationNames, ", "))
	}
	*v = Verification(i)
	return nil
}

// DefaultVerificationText is what the customer reads when they have to prove who
// they are first.
const DefaultVerificationText = "Before I can do this, please confirm that it is you."

// RequireVerified says how sure the caller must be of the customer before the tool
// runs. If it is less, the turn ends with the outcome [AwaitingVerification] and an
// [Approval] of the kind [CustomerVerifies]: the application then sends the customer
// through its own check, and goes on with a turn that has [Turn].Confirm and the
// new level. The call runs with its very arguments, without another request. If
// they say something else meanwhile, the model is told that it was not run.
func (t *TypedTool[In, Out]) RequireVerified(level Verification) *TypedTool[In, Out] {
	t.spec.policy.verification = level
	return t
}

// Authorize says whether a customer may use the tool with the given arguments,
// such as whether the order is theirs. It is asked right before the tool would run,
// and before anybody is asked to approve. It returns false for what is not theirs
// and for what does not exist: the model reads the same of both. An error, or a
// panic, means that it could not be told, and the tool does not run either.
//
// A tool with an argument that names an object, such as order_id, cannot be
// registered without Authorize, unless [TypedTool.WithoutAuthorize] says so.
func (t *TypedTool[In, Out]) Authorize(allowed func(ctx context.Context, customer Customer, in In) (bool, error)) *TypedTool[In, Out] {
	t.spec.policy.need("Authorize", allowed == nil)
	t.spec.policy.authorize = func(ctx context.Context, customer Customer, arguments json.RawMessage) (bool, error) {
		return policyFunc(func(in In) (bool, error) { return allowed(ctx, customer, in) })(arguments)
	}
	return t
}

// WithoutAuthorize says that the named arguments need no [TypedTool.Authorize],
// although they look like the ids of objects: because everybody may see what they
// name, such as a product, or because the handler itself looks only among what
// belongs to [Call].Customer.
func (t *TypedTool[In, Out]) WithoutAuthorize(arguments ...string) *TypedTool[In, Out] {
	t.spec.policy.unowned = append(slices.Clip(t.spec.policy.unowned), arguments...)
	return t
}

// AllowIdentity lets the named arguments say who somebody is, such as user_id.
// Without it a tool that has them cannot be registered, because a model would
// decide for whom it runs: who the customer is, a handler learns from [CallFrom].
// It is for tools whose arguments name somebody else, such as the colleague to whom
// a case is to go, and for tools that were declared elsewhere.
func (t *TypedTool[In, Out]) AllowIdentity(arguments ...string) *TypedTool[In, Out] {
	t.spec.policy.identities = append(slices.Clip(t.spec.policy.identities), arguments...)
	return t
}

// checkArguments refuses arguments that decide for whom a tool runs, and those that
// name objects of which nobody checks whose they are.
func (p *toolPolicy) checkArguments(validator *schema.Validator) error {
	var faults []error
	for _, name := range validator.Scalars() {
		switch words := nameWords(name); {
		case namesPerson(words) && !slices.Contains(p.identities, name):
			faults = append(faults, fmt.Errorf("the argument %s says who somebody is: remove it and use CallFrom(ctx).Customer, or allow it with AllowIdentity(%q)", name, name))
		case namesObject(words) && p.authorize == nil && !slices.Contains(p.unowned, name):
			faults = append(faults, fmt.Errorf("the argument %s names an object: say with Authorize whose it may be, or with WithoutAuthorize(%q) that nobody has to ask", name, name))
		}
	}
	if p.verification < Anonymous || p.verification > SteppedUp {
		faults = append(faults, fmt.Errorf("there is no verification level %d", int(p.verification)))
	}
	return errors.Join(faults...)
}

// nameWords splits a property's name into its words, in lower case: order_id,
// orderId, OrderID and order-id alike.
func nameWords(name string) []string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			b.WriteByte(' ')
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}

// wordSet is the set of the words of a text.
func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

var (
	// people are those who may be a principal, and identifiers what makes a
	// word an identifier of it.
	people      = wordSet("customer user client member tenant principal caller owner holder subscriber organization organisation org workspace impersonate identity")
	identifiers = wordSet("id ids uid uuid guid name number no nr num email mail phone token key ref reference code handle login")

	// credentials are names that say who somebody is by themselves.
	credentials = wordSet("username userid customerid clientid tenantid uid session sessionid auth authorization jwt verified verification audience")

	// objects are things that belong to somebody, and objectIDs what makes any
	// word the id of an object.
	objects   = wordSet("order orders invoice booking bookings reservation reservations account accounts ticket tickets case subscription payment payments transaction transactions refund shipment parcel delivery contract claim loan card appointment policy tracking confirmation pnr record")
	objectIDs = wordSet("id ids uuid guid uid iban")
	numbers   = wordSet("number numbers no nr num ref reference code key")
)

// namesPerson reports whether an argument says for whom a tool is to run.
func namesPerson(words []string) bool {
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	if len(words) == 1 {
		return people[last] || credentials[last]
	}
	before := words[len(words)-2]
	return people[last] || people[before] && identifiers[last] || credentials[last] ||
		last == "token" && (before == "session" || before == "access" || before == "auth") || before == "behalf" && last == "of"
}

// namesObject reports whether an argument is the id of something that belongs to
// somebody.
func namesObject(words []string) bool {
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	if objectIDs[last] || objects[last] {
		return true
	}
	joined := strings.TrimSuffix(last, "s")
	if stem, ok := strings.CutSuffix(joined, "id"); ok && objects[stem] { // orderid
		return true
	}
	return len(words) > 1 && numbers[last] && objects[words[len(words)-2]]
}

// denied is what the model reads of a call that the customer may not make: the
// same whether what it names is somebody else's or nobody's.
const denied = "Error: not run: nothing was found for these arguments among what belongs to this customer. Ask them to check what they gave you."

// refuse returns the result of a call that the customer may not make, or false if
// they may. The context is that of the call.
func (t *registeredTool) refuse(ctx context.Context, call ToolCall, arguments json.RawMessage, notAfter time.Time) (ToolResult, bool) {
	if t.policy.authorize == nil {
		return ToolResult{}, false
	}
	asked := &registeredTool{toolSpec: t.toolSpec}
	asked.effect = effectReadOnly
	asked.handle = func(ctx context.Context, arguments json.RawMessage) (string, error) {
		allowed, err := t.policy.authorize(ctx, CallFrom(ctx).Customer, arguments)
		if err == nil && !allowed {
			err = ErrDenied
		}
		return "", err
	}
	answer := asked.run(ctx, call, arguments, notAfter)
	switch {
	case answer.Status == ToolDone:
		return ToolResult{}, false
	case errors.Is(answer.Err, ErrDenied):
		return ToolResult{Call: call, Status: ToolNotRun, Content: denied, Err: ErrDenied}, true
	default:
		content := fmt.Sprintf("Error: not run: it could not be checked whether the customer may use %s. Try again later, or hand over.", t.name)
		return ToolResult{Call: call, Status: ToolNotRun, Content: content, Err: answer.Err}, true
	}
}
