package frontdesk

// Role says who speaks in a [Message].
type Role string

// The roles of a transcript. There is no system role: what the company tells
// the model stands in [Request.Instructions].
const (
	RoleUser      Role = "user"      // the customer
	RoleAssistant Role = "assistant" // the model, or a human of the company
	RoleTool      Role = "tool"      // the result of one tool call
)

// Message is one message of a transcript as a model sees it. It is the only
// message type of the library: stores, providers and handoffs use it alike.
// Messages are values; whoever receives one must not change what its slices
// hold.
type Message struct {
	Role Role `json:"role"`

	// Text is what was said. For RoleTool it is the result the model reads.
	Text string `json:"text,omitempty"`

	// Images go with a RoleUser message, in order, after its text.
	Images []Image `json:"images,omitempty"`

	// Calls are the tool calls of a RoleAssistant message, in call order.
	// Their ids are unique within the message and nowhere else.
	Calls []ToolCall `json:"calls,omitempty"`

	// CallID names the call that a RoleTool message answers. It refers to
	// the nearest RoleAssistant message before it.
	CallID string `json:"call_id,omitempty"`

	// Reasoning is what the model thought before it answered, where the host
	// tells. It is never shown as the answer.
	Reasoning string `json:"reasoning,omitempty"`

	// ReasoningField is the field of the wire format in which Reasoning came,
	// such as "reasoning_content", because some models want it back there.
	ReasoningField string `json:"reasoning_field,omitempty"`
}

// ToolCall is a model's wish to call a tool.
type ToolCall struct {
	// ID is unique within its message only: models repeat ids from one
	// message to the next.
	ID string `json:"id"`

	// Name is the tool's name as the model wrote it.
	Name string `json:"name"`

	// Arguments is the JSON text the model produced. It may be invalid: what
	// a tool handler receives has been parsed and validated.
	Arguments string `json:"arguments"`
}

// Image is a picture in a customer's message: an address the host can fetch,
// or the bytes themselves.
type Image struct {
	// URL is an https or data address. It is used when Data is empty.
	URL string `json:"url,omitempty"`

	// Data holds the encoded picture (PNG, JPEG, GIF or WebP).
	Data []byte `json:"data,omitempty"`

	// MediaType belongs to Data, such as "image/png". If empty, it is found
	// by looking at Data.
	MediaType string `json:"media_type,omitempty"`
}
