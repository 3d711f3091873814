package frontdesk

// Event is something that happens while a turn runs, as [Agent.Stream] tells
// it. It is one of [TextDelta], [ReasoningDelta], [Reset], [Retrieved],
// [ToolStarted], [ToolFinished], [ApprovalAsked], [Trimmed], [HandedOver] and [Done]; use a type switch and
// ignore what you do not need, since later versions may add events.
type Event interface{ event() }

// TextDelta is a piece of what the agent says. A turn may say something before
// it calls a tool ("let me look that up") and again after it: the pieces
// between two ToolStarted events belong together.
type TextDelta struct{ Text string }

// ReasoningDelta is a piece of what the model thinks, where the host tells. It
// is not meant for the customer.
type ReasoningDelta struct{ Text string }

// Reset says that text and thoughts since the last ToolStarted event, or since
// the start of the turn, are void: the model was asked again, or somebody took the
// conversation over. Remove it from the customer's screen. An answer among it that
// stands comes once more with the next TextDelta.
type Reset struct{}

// Retrieved says that the knowledge base was searched for the turn.
type Retrieved struct {
	Query Query

	// Passages are those that were found, best first.
	Passages []Passage

	// Err is not nil when the search failed. The turn goes on: the model is
	// told that it has no passages to rely on.
	Err error
}

// ToolStarted says that a tool is about to run. The handler has not been
// called yet: a caller that stops here prevents it.
type ToolStarted struct{ Call ToolCall }

// ToolFinished says how a tool call ended, whether or not its handler ran.
type ToolFinished struct{ Result ToolResult }

// ApprovalAsked says that somebody must agree before a tool runs: a colleague,
// by [Agent.Decide], or the customer. The turn ends with it.
type ApprovalAsked struct{ Approval Approval }

// Trimmed says that the conversation has outgrown the model's window, and that
// what is oldest is left out from now on: so many of its turns, and so many of
// the customer's earlier conversations. The model is told.
type Trimmed struct{ Turns, Conversations int }

// HandedOver says that the conversation now belongs to a human.
type HandedOver struct{ Handoff Handoff }

// Done is the last event of every turn that did not fail.
type Done struct{ Reply *Reply }

func (TextDelta) event()      {}
func (ReasoningDelta) event() {}
func (Reset) event()          {}
func (Retrieved) event()      {}
func (ToolStarted) event()    {}
func (ToolFinished) event()   {}
func (ApprovalAsked) event()  {}
func (Trimmed) event()        {}
func (HandedOver) event()     {}
func (Done) event()           {}
