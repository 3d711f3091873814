// Package frontdesk puts a language-model support agent in front of customers.
// The agent reads a customer's message, finds the policy that applies, calls the
// company's own systems, remembers every word, and hands over to a human when it
// should.
//
// # First steps
//
// An [Agent] is made by [New] from a [Config] and answers a [Turn]:
//
//	agent, err := frontdesk.New(frontdesk.Config{
//		Instructions: "You are a helpful customer support agent.",
//		Tools: []frontdesk.Tool{
//			frontdesk.NewTool("get_order_status", "Retrieve the status of an order", orderStatus).Authorize(ownsOrder).Trusted().ReadOnly(),
//			frontdesk.NewTool("initiate_refund", "Start a refund for an order", refund).Authorize(ownsOrder).Trusted(),
//		},
//	})
//	...
//	reply, err := agent.Reply(ctx, frontdesk.Turn{
//		Conversation: "c-81",
//		Customer:     frontdesk.Customer{ID: "cus_ana"},
//		Text:         "I need a refund for order ORD-9281. It arrived damaged.",
//	})
//
// The conversation goes on when the next turn names it again. Reply returns one
// [Reply] with one [Outcome]; [Agent.Stream] runs the same turn and tells its
// events as they happen.
//
// # Tools
//
// [NewTool] makes a tool of a Go function and derives the JSON Schema that the
// model sees from the function's argument, a struct. [RawTool] takes a schema
// from elsewhere. What the tool may do to the world is said by its methods:
// read-only tools run in parallel, all others one after another, and a tool that
// says nothing is a write that must not be repeated.
//
// Arguments are repaired where that is safe, then validated, before a handler
// sees them. An error, a panic, a timeout, an unknown tool or wrong arguments do
// not end the turn: the model reads what went wrong. [Fatal] is the exception.
// Who the customer is, a handler learns from [CallFrom], never from an argument.
//
// What must hold before a tool runs is said by its methods too:
// [TypedTool.ApproveWhen] for a colleague's approval, [TypedTool.ConfirmFirst] for
// the customer's yes, [TypedTool.Once] and [TypedTool.Limit] for what spans
// conversations. A turn that waits for somebody ends with an [Outcome] that says
// so; [Agent.Decide] goes on with it.
//
// # Memory
//
// A conversation is an append-only log of [Entry] values in a [Memory]. All
// state is found by reading the log: the transcript, what tools did, who owns
// the conversation. The store's one write is an append that fails if anything
// came between, which is what makes it safe to stop a turn at any point, to
// deliver a message twice, and to run several processes. [InMemory] is for tests
// and first steps; packages sqlite and postgres keep conversations for good.
//
// With a [SharedMemory], one turn runs in a conversation at a time, across
// processes: messages that come meanwhile join it. [Agent.KeepRecovering] goes on
// with the turns of processes that died. Whether a write took effect that was
// under way then is never guessed: see [TypedTool.Idempotent],
// [TypedTool.Reconcile] and [Handoff].Effects.
//
// # Knowledge
//
// A [Retriever] finds the passages that bear on a message. They go into the
// prompt once, beside the message, numbered and marked as data, before the
// model's first request: finding the policy costs no request of its own. The
// numbers that the model cites come back as [Reply].Citations. Package index has
// a retriever that runs in the process.
//
// # Handing over
//
// With an [Escalator] the model can hand the conversation over, and limits do so
// when a turn gets nowhere. A [Handoff] tells the human what they need. From then
// on the conversation is theirs: the customer's messages are recorded and no
// model is asked until [Agent.HandBack].
//
// # Models
//
// A [Provider] asks a model. [OpenAICompatible] speaks to any OpenAI-compatible
// host and, without further ado, to Oxlo, which charges a flat price for each
// request. That turns the usual economics round and shapes the library: the
// whole transcript goes into every request, and as few requests as possible are
// made. [Limits] bound what a turn may spend and [Quota] what all of them may
// spend in a day. A [Router] picks the model for each request and falls back to
// the next one.
//
// [Extract] asks a model for a Go value, and [Embeddings] turns texts into
// vectors.
//
// # Testing
//
// Package frontdesktest has a scripted model, a fake host that speaks the wire
// protocol, and checks for stores of your own. A test of an agent is about ten
// lines and needs no key.
package frontdesk
