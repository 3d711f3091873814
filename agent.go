package frontdesk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"github.com/frontdesk-go/frontdesk/internal/markup"
	"github.com/frontdesk-go/frontdesk/internal/tokens"
)

// Agent answers customers. It is safe for concurrent use; turns of the same
// conversation run one after another, all others at the same time.
type Agent struct {
	config Config
	tools  *Registry
	shared SharedMemory // nil if Memory is none

	definitions []ToolDefinition
	wireTools   []byte // the wire form of definitions
	limits      Limits
	temperature float64
	cache       conversationCache

	readsData bool     // a tool may return what others wrote
	writes    []string // the names of the tools that write
	links     *markup.Links

	toolsDigest string
	prompt      *source  // the configured instructions
	secrets     []string // sentences of the instructions that no reply may have

	window      int // in tokens, zero if it is not known
	sizes       promptSizes
	calibration tokens.Calibration
}

// Config says what an [Agent] is made of. Every field has a default, so that
// Config{} with OXLO_API_KEY set gives an agent that chats.
type Config struct {
	// Provider is the model's host. Nil means Oxlo with the key from
	// OXLO_API_KEY, as in &OpenAICompatible{}.
	Provider Provider

	// Model names the model in the host's spelling. Empty means
	// [DefaultModel].
	Model string

	// Instructions tell the model who it is and how to behave.
	Instructions string

	// Tools are what the model can call, in addition to those of Registry,
	// which agents can share.
	Tools    []Tool
	Registry *Registry

	// Memory keeps the conversations. Nil means a new [InMemory], which
	// forgets when the process ends.
	Memory Memory

	// Retriever finds passages for each of the customer's messages. Nil
	// means that the agent has no knowledge base.
	Retriever Retriever

	// Passages is the most passages that go with a message. Zero means
	// [DefaultPassages].
	Passages int

	// Search gives the model a read-only tool, [SearchTool], to search the
	// knowledge base again in its own words. What it finds is numbered, and
	// cited like the passages that go with a message. It may cost a request
	// where those do not answer the question.
	Search bool

	// Guards are checks of the caller's own, asked after those of the library.
	Guards []Guard

	// Links are the hosts to which replies may link, such as "shop.example". The
	// hosts of addresses in Instructions and of the passages' own addresses are
	// allowed without being named. Addresses of all others are taken out of
	// replies.
	Links []string

	// MaxMessage is how long a customer's message may be, in bytes; a longer one
	// is refused with [ErrRefused]. Zero means [DefaultMaxMessage].
	MaxMessage int

	// Unguarded turns off what the library checks by itself: messages that come
	// in, where the arguments of writes come from, and replies before they are
	// released. It is for tests that compare texts word for word, and for those who
	// bring guards of their own. Identity, authorization, approvals and ownership
	// are not affected.
	Unguarded bool

	// Escalator is told when a conversation goes to a human. If it is nil,
	// the model has no tool to hand over, and a handoff that a limit causes
	// is told by Reply.Handoff alone.
	Escalator Escalator

	// HandoffText is what the customer reads when a conversation goes to a
	// human and the model said nothing to them. Empty means
	// [DefaultHandoffText].
	HandoffText string

	// Escalation says when else a conversation goes to a human, and what can
	// keep it from that.
	Escalation Escalation

	// Limits bound a turn. Zero fields mean the defaults.
	Limits Limits

	// Quota bounds the requests of all turns together. The zero value bounds
	// nothing.
	Quota Quota

	// ApprovalLife is how long an approval can be given. Zero means
	// [DefaultApprovalLife]. ApprovalText is what the customer reads when a
	// colleague has to approve something and the model said nothing to them.
	// Empty means [DefaultApprovalText].
	ApprovalLife time.Duration
	ApprovalText string

	// VerificationText is what the customer reads when they have to prove who
	// they are first and the model said nothing to them. Empty means
	// [DefaultVerificationText].
	VerificationText string

	// PolicyVersion names the version of the rules by which approvals are
	// given. Those that were asked for under another version are void.
	PolicyVersion string

	// Consent reports whether a customer's message says yes to what they were
	// asked to confirm. Nil means a built-in check for a clear yes, in English,
	// German, French, Spanish, Portuguese, Italian, Dutch and some others.
	Consent func(text string, approval Approval) bool

	// Lease is how long a process keeps a conversation that it does not say
	// anything of any more, before another one takes its turn over. It is
	// renewed while the turn runs. Zero means [DefaultLease]. It has no effect
	// unless Memory is a [SharedMemory].
	Lease time.Duration

	// PriorConversations is how many earlier conversations of the same customer
	// the model reads at most, whole and newest first, as far as half of its
	// window allows: what context is for where it costs nothing. Zero means
	// none. It needs a Memory that is a [CustomerMemory], and has no effect for
	// customers without an id: be sure of who they are.
	PriorConversations int

	// ContextWindow is how many tokens a prompt and its answer may have
	// together. A conversation that outgrows it goes on without its beginning,
	// of which a [Trimmed] event and the model are told. Zero means what is
	// known of the Provider's models; if nothing is known, the host must refuse
	// a request before anything is left out.
	ContextWindow int

	// Gather is how long a turn waits for more messages of the customer before
	// it asks the model, since many people write in bursts. Each message that
	// comes prolongs the wait, up to five times Gather. Zero means that it
	// does not wait.
	Gather time.Duration

	// Temperature is the sampling temperature. Nil means
	// [DefaultTemperature].
	Temperature *float64

	// MaxTokens bounds one answer of the model, in tokens. Zero means
	// [DefaultMaxTokens].
	MaxTokens int

	// Thinking says whether the model is to think before it answers, where
	// its [Profile] knows how to tell it. Empty leaves that to the host,
	// except that a model which said nothing is asked once more not to think.
	Thinking Thinking
}

// Defaults of a [Config].
const (
	DefaultPassages    = 5
	DefaultLease       = 30 * time.Second
	DefaultHandoffText = "I am handing this conversation over to a colleague, who will get back to you here."
)

// Limits bound what one turn may do. When one is reached, the conversation
// goes to a human rather than round in circles.
type Limits struct {
	// Requests is the most requests to the model, failed attempts included.
	// Zero means 25.
	Requests int

	// RepeatedCalls is how many times in a row the model may make the same
	// calls with the same results. Zero means 3.
	RepeatedCalls int

	// Failures is how many tool calls in a row may come to nothing, whichever
	// they are: the tool failed, or what the model asked for could not be run.
	// Zero means 5: a model that was told what is wrong gets it right at the
	// first or second try, and two tools may each need one.
	Failures int

	// ParallelTools is the most read-only tools that run at the same time.
	// Zero means 8.
	ParallelTools int

	// ToolTimeout bounds a tool call whose tool has no timeout of its own.
	// Zero means 30 seconds.
	ToolTimeout time.Duration
}

func (l Limits) withDefaults() Limits {
	if l.Requests == 0 {
		l.Requests = 25
	}
	if l.RepeatedCalls == 0 {
		l.RepeatedCalls = 3
	}
	if l.Failures == 0 {
		l.Failures = 5
	}
	if l.ParallelTools == 0 {
		l.ParallelTools = 8
	}
	if l.ToolTimeout == 0 {
		l.ToolTimeout = 30 * time.Second
	}
	return l
}

// Turn is a message from a customer that wants a reply.
type Turn struct {
	// Conversation is the caller's id of the conversation, unique within the
	// customer's tenant. It must not be empty.
	Conversation string

	Customer Customer

	// Text and Images are what the customer sent. One of them must be there.
	Text   string
	Images []Image

	// Filter narrows the knowledge base for this message by the labels of its
	// passages, such as {"product": {"lamp"}}; see [Query].Filter.
	Filter map[string][]string

	// Confirm is the id of the [Approval] to which the customer said yes by
	// other means than words, such as a button, or for which they have proved
	// who they are since. Text may then be empty.
	Confirm string

	// MessageID is the channel's id of the message, if it has one. A message
	// that is delivered twice is answered once: the second time, the same
	// reply is returned. After an error, sending the turn again with the same
	// id takes it up where it stopped.
	MessageID string

	signals  []string // what its text seems to be meant for
	escalate string   // why a guard wants a human for it
}

// Outcome says how a turn ended.
type Outcome string

// The outcomes of a turn.
const (
	// Answered: Reply.Text is the agent's answer.
	Answered Outcome = "answered"

	// Escalated: a human owns the conversation. If this turn handed it over,
	// Reply.Handoff tells why and Reply.Text what to tell the customer. If a
	// human owned it before, the message was recorded for them, no model was
	// asked, and Reply.Text is empty. It is empty too if a colleague took or
	// closed the conversation while the turn ran.
	Escalated Outcome = "escalated"

	// AwaitingApproval: a colleague must decide on Reply.Approvals before the
	// turn goes on, with [Agent.Decide]. Reply.Text tells the customer so. The
	// conversation goes on meanwhile.
	AwaitingApproval Outcome = "awaiting_approval"

	// AwaitingCustomer: Reply.Text asks the customer to confirm something, see
	// [TypedTool.ConfirmFirst]. Their next message answers it.
	AwaitingCustomer Outcome = "awaiting_customer"

	// Joined: the message was recorded and taken into a turn that was running
	// already, here or in another process. The reply to both is that turn's.
	Joined Outcome = "joined"

	// AwaitingVerification: the customer must prove who they are before the turn
	// goes on, see [TypedTool.RequireVerified]. Send them through the check that
	// Reply.Approvals asks for; a turn with [Turn].Confirm and the new level goes
	// on. Reply.Text tells the customer so.
	AwaitingVerification Outcome = "awaiting_verification"

	// outcomeFailed and outcomeStopped stand in the log alone, for turns that
	// ended with an error or because the caller stopped them.
	outcomeFailed  Outcome = "failed"
	outcomeStopped Outcome = "stopped"
)

// waits reports whether the turn goes on when somebody has answered.
func (o Outcome) waits() bool {
	return o == AwaitingApproval || o == AwaitingCustomer || o == AwaitingVerification
}

// told reports whether the customer has heard what came of the turn.
func (o Outcome) told() bool { return o == Answered || o == Escalated || o.waits() }

// Reply is what came of a turn.
type Reply struct {
	// Turn is the turn's id, empty if the message was recorded for a human.
	Turn    string
	Outcome Outcome

	// Text is for the customer. It was written by a model: escape it before
	// it is shown as HTML. If more was said to the agent once it had answered,
	// and it went on, both answers are in it.
	Text string

	// Citations are the passages that Text cites, by their numbers in it.
	Citations []Citation

	// Results are the tool calls of the turn, in the order of the calls.
	Results []ToolResult

	// Approvals are those of the conversation that can be decided.
	Approvals []Approval

	// Handoff is set when the conversation belongs to a human.
	Handoff *Handoff

	// Epoch is that of the [Ownership] under which the reply was released. A
	// reply that waits to be sent is out of date once [Agent.Owner] tells of
	// another: a colleague has taken the conversation since.
	Epoch int64

	// Requests is how many requests to the model the turn took, Usage what
	// they cost in tokens where the host tells, and Model who answered.
	Requests int
	Usage    Usage
	Model    string
}

// New makes an agent. It reports everything that is wrong with config at once.
func New(config Config) (*Agent, error) {
	var faults []error
	if config.Provider == nil {
		config.Provider = &OpenAICompatible{}
	}
	if host, ok := config.Provider.(*OpenAICompatible); ok {
		faults = append(faults, host.check())
	}
	if config.Model == "" {
		config.Model = DefaultModel
	}
	if config.Memory == nil {
		config.Memory = new(InMemory)
	}
	if config.Quota.Ledger == nil {
		config.Quota.Ledger = new(InMemoryLedger)
	}
	if config.Passages == 0 {
		config.Passages = DefaultPassages
	}
	if config.HandoffText == "" {
		config.HandoffText = DefaultHandoffText
	}
	if config.MaxTokens == 0 {
		config.MaxTokens = DefaultMaxTokens
	}
	if config.ApprovalLife == 0 {
		config.ApprovalLife = DefaultApprovalLife
	}
	if config.ApprovalText == "" {
		config.ApprovalText = DefaultApprovalText
	}
	if config.VerificationText == "" {
		config.VerificationText = DefaultVerificationText
	}
	if _, ok := config.Memory.(CustomerMemory); !ok && config.PriorConversations > 0 {
		faults = append(faults, errors.New("PriorConversations needs a Memory that is a CustomerMemory, such as InMemory or those of packages sqlite and postgres"))
	}
	if config.Lease == 0 {
		config.Lease = DefaultLease
	}
	temperature := DefaultTemperature
	if config.Temperature != nil {
		temperature = *config.Temperature
	}
	if temperature < 0 || math.IsNaN(temperature) || math.IsInf(temperature, 0) {
		faults = append(faults, fmt.Errorf("temperature %v is not a number from 0 on", temperature))
	}
	if config.Thinking != "" && config.Thinking != ThinkingOn && config.Thinking != ThinkingOff {
		faults = append(faults, fmt.Errorf("thinking %q is neither ThinkingOn nor ThinkingOff", config.Thinking))
	}
	limits := config.Limits
	if limits.Requests < 0 || limits.RepeatedCalls < 0 || limits.Failures < 0 || limits.ParallelTools < 0 || limits.ToolTimeout < 0 || config.MaxTokens < 0 || config.Passages < 0 ||
		config.ApprovalLife < 0 || config.Lease < 0 || config.Gather < 0 || config.ContextWindow < 0 || config.PriorConversations < 0 {
		faults = append(faults, errors.New("limits must not be negative: leave a field zero for its default"))
	}
	if config.MaxMessage == 0 {
		config.MaxMessage = DefaultMaxMessage
	}
	links, err := markup.NewLinks(config.Links...)
	if err != nil {
		faults = append(faults, fmt.Errorf("links: %w", err))
	}
	tools := config.Tools
	if config.Search && config.Retriever != nil {
		tools = append([]Tool{searchTool(config.Retriever, config.Passages)}, tools...)
	}
	if config.Search && config.Retriever == nil {
		faults = append(faults, errors.New("there is nothing to search: Search needs a Retriever"))
	}
	if config.Escalator != nil {
		tools = append([]Tool{escalationTool()}, tools...)
	}
	registry, err := config.Registry.join(tools...)
	faults = append(faults, err)
	shared, _ := config.Memory.(SharedMemory)
	if config.Escalation.Deadline != 0 && (config.Escalation.Deadline < 0 || config.Escalator == nil || shared == nil) {
		faults = append(faults, errors.New("Escalation.Deadline must not be negative, and needs an Escalator and a Memory that is a SharedMemory"))
	}
	if shared == nil {
		for _, tool := range registry.tools {
			if tool.policy.shared() {
				faults = append(faults, fmt.Errorf("tool %s: Once and Limit need a Memory that is a SharedMemory, such as InMemory or those of packages sqlite and postgres", tool.name))
			}
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("frontdesk: %w", err)
	}
	definitions := registry.Definitions()
	readsData := false
	var writes []string
	for _, tool := range registry.tools {
		own := tool.name == EscalationTool || tool.name == SearchTool
		readsData = readsData || !own && !tool.trusted && !config.Unguarded
		if tool.effect != effectReadOnly && !own {
			writes = append(writes, tool.name)
		}
	}
	return &Agent{
		toolsDigest: opaque("tools", string(appendJSON(nil, definitions))),
		links:       links.With(markup.Hosts(config.Instructions)...),
		prompt:      sharedSource(config.Instructions),
		secrets:     secretSentences(config.Instructions),
		readsData:   readsData,
		writes:      writes,
		config:      config,
		tools:       registry,
		shared:      shared,
		definitions: definitions,
		wireTools:   appendJSON(nil, wireTools(definitions)),
		limits:      limits.withDefaults(),
		temperature: temperature,
		window:      config.contextWindow(),
	}, nil
}

// Reply answers a customer's message. It drains the same loop as
// [Agent.Stream], and asks the model for whole answers instead of streams.
//
// An error means that the turn has no outcome: the host or the store failed, a
// tool ended the turn with [Fatal], ctx was done, or the turn was not in order.
// The customer's message is in the log all the same once the store took it.
func (a *Agent) Reply(ctx context.Context, turn Turn) (*Reply, error) {
	for event, err := range a.events(ctx, turn, false) {
		if err != nil {
			return nil, err
		}
		if done, ok := event.(Done); ok {
			return done.Reply, nil
		}
	}
	return nil, errors.New("turn ended without an outcome") // unreachable
}

// Stream answers a customer's message and tells what happens meanwhile. The
// last event is [Done] with the reply; if the turn fails, the last pair has an
// error and a nil event.
//
// The turn runs as the sequence is pulled, in the caller's goroutine, and once:
// a second loop over the same sequence gets an error. Leaving the loop early
// stops the turn. A tool whose ToolStarted event was the last one seen has not
// run.
func (a *Agent) Stream(ctx context.Context, turn Turn) iter.Seq2[Event, error] {
	return a.events(ctx, turn, true)
}

func (a *Agent) events(ctx context.Context, turn Turn, stream bool) iter.Seq2[Event, error] {
	var used atomic.Bool
	return func(yield func(Event, error) bool) {
		if used.Swap(true) {
			yield(nil, errors.New("the turn of this stream has run already: call Stream again for another"))
			return
		}
		if err := turn.check(); err != nil {
			yield(nil, err)
			return
		}
		signals, err := a.admit(ctx, &turn)
		if err != nil {
			yield(nil, err)
			return
		}
		turn.signals = signals
		id := ConversationID{Tenant: turn.Customer.Tenant, ID: turn.Conversation}
		cached, release, err := a.cache.acquire(ctx, id, func() (bool, error) {
			reply, err := a.join(ctx, id, turn)
			if reply != nil {
				yield(Done{reply}, nil)
			}
			return reply != nil, err
		})
		if err != nil {
			yield(nil, err)
			return
		}
		if cached == nil {
			return // the message joined a turn
		}
		defer release()
		r := &run{agent: a, cached: cached, turn: turn, stream: stream, yield: yield}
		r.run(ctx, (*run).open)
	}
}

// enter runs a turn of which no events are told.
func (a *Agent) enter(ctx context.Context, id ConversationID, r *run, open func(*run, context.Context) (*Reply, error)) (reply *Reply, err error) {
	cached, release, err := a.cache.acquire(ctx, id, nil)
	if err != nil {
		return nil, err
	}
	defer release()
	r.agent, r.cached = a, cached
	r.yield = func(event Event, failure error) bool {
		if done, ok := event.(Done); ok {
			reply = done.Reply
		}
		err = failure
		return true
	}
	r.run(ctx, open)
	return reply, err
}

func (t *Turn) check() error {
	switch {
	case t.Conversation == "":
		return errors.New("turn has no conversation: set Turn.Conversation to the id of the chat or thread")
	case strings.TrimSpace(t.Text) == "" && len(t.Images) == 0 && t.Confirm == "":
		return errors.New("turn has no message: set Turn.Text or Turn.Images")
	}
	return checkImages(t.Images)
}

// catchUp applies the entries that c has not seen.
func (a *Agent) catchUp(ctx context.Context, c *conversation) error {
	entries, err := a.config.Memory.Load(ctx, c.id, c.last)
	if err != nil {
		return fmt.Errorf("load conversation %s: %w", c.id, err)
	}
	for i := range entries {
		if err := c.apply(&entries[i]); err != nil {
			return err
		}
	}
	return nil
}

// instructions assembles the system prompt.
func (a *Agent) instructions(c *conversation) string {
	parts := make([]string, 0, 5)
	if a.config.Instructions != "" {
		parts = append(parts, a.config.Instructions)
	}
	if a.config.Retriever != nil {
		parts = append(parts, retrievalInstructions)
	}
	if a.readsData {
		parts = append(parts, dataInstructions)
	}
	if profile := c.turn.customer.Profile; profile != "" {
		parts = append(parts, "<customer>\n"+quoteData(profile)+"\n</customer>")
	}
	for _, part := range []string{c.priorInstructions(), c.cutInstructions()} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n\n")
}
