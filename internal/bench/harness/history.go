package harness

import (
	"fmt"
	"strings"
)

// Message is one message of a history, in no system's own form.
type Message struct {
	Role   string // "user", "assistant" or "tool"
	Text   string
	Call   *Call  // of an assistant message that calls a tool
	CallID string // of a tool message
	Tool   string // name of the tool, of a tool message
}

// Call is a tool call. Arguments is the text of a JSON object.
type Call struct {
	ID, Name, Arguments string
}

// What every system tells the model, and what the customer says in the turn
// that is measured.
const (
	Model        = "llama-3.3-70b"
	Instructions = "You are a helpful customer support agent. Use the available tools to assist users."
	Question     = "My lamp from order ORD-9281 arrived broken: the shade has a crack from top to bottom. I would like my money back, please."
	Temperature  = 0.2
	MaxTokens    = 4096
)

// Names and descriptions of the two tools.
const (
	StatusTool        = "get_order_status"
	StatusDescription = "Retrieve the current status of a customer order"
	RefundTool        = "initiate_refund"
	RefundDescription = "Start a refund process for an order"
)

// JSON Schemas of the tools' arguments, for systems that take them as they are.
const (
	StatusSchema = `{"type":"object","properties":{"order_id":{"type":"string","description":"Number of the order, like ORD-9281"}},"required":["order_id"],"additionalProperties":false}`
	RefundSchema = `{"type":"object","properties":{"order_id":{"type":"string","description":"Number of the order, like ORD-9281"},"reason":{"type":"string","description":"Why the customer wants their money back"}},"required":["order_id","reason"],"additionalProperties":false}`
)

// What the tools return: they cost nothing, so that the systems are measured.
const (
	StatusResult = `{"order_id":"ORD-9281","status":"delivered","item":"ceramic table lamp","total":"89.00 EUR","carrier":"DHL","delivered_at":"2026-03-02T10:14:00Z"}`
	RefundResult = `{"order_id":"ORD-9281","refund_id":"RF-20418","status":"initiated","amount":"89.00 EUR","note":"the money arrives within 3 to 5 business days"}`
)

// StatusArguments and RefundArguments are the tools' arguments, for systems
// that derive a schema from a struct.
type (
	StatusArguments struct {
		OrderID string `json:"order_id" jsonschema:"description=Number of the order" jsonschema_description:"Number of the order, like ORD-9281" description:"Number of the order, like ORD-9281"`
	}
	RefundArguments struct {
		OrderID string `json:"order_id" jsonschema:"description=Number of the order" jsonschema_description:"Number of the order, like ORD-9281" description:"Number of the order, like ORD-9281"`
		Reason  string `json:"reason" jsonschema:"description=Why the customer wants their money back" jsonschema_description:"Why the customer wants their money back" description:"Why the customer wants their money back"`
	}
)

// RunTool runs the named tool on arguments that it does not read.
func RunTool(name string) (string, error) {
	switch name {
	case StatusTool:
		return StatusResult, nil
	case RefundTool:
		return RefundResult, nil
	default:
		return "", fmt.Errorf("the model called %q, which is no tool", name)
	}
}

// RoundMessages is how many messages a turn with two tool calls adds.
const RoundMessages = 6

// History returns count messages of 100 to 300 bytes: turns of six messages
// with two tool calls and, before them, one shorter turn to fill the count up.
// The count must be even.
func History(count int) []Message {
	var history []Message
	switch count % RoundMessages {
	case 2:
		history = append(history, user(0), answer(0))
	case 4:
		history = append(history, user(0))
		history = append(history, call(0, StatusTool)...)
		history = append(history, answer(0))
	}
	for i := len(history); i < count; i += RoundMessages {
		history = append(history, user(i))
		history = append(history, call(i, StatusTool)...)
		history = append(history, call(i+1, RefundTool)...)
		history = append(history, answer(i))
	}
	return history
}

// asides make the texts differ in length, and hold what JSON has to escape.
var asides = []string{
	"Thank you.",
	"It was a present for my sister in Zürich, who opened it only \"today\".",
	"I have written twice already\nand nobody has answered me so far, which is not what your page promises.",
	"The courier left it with a neighbour; the box was wet & torn on one side, and the foam inside was missing.",
}

func user(i int) Message {
	return Message{Role: "user", Text: fmt.Sprintf("I have a question about my order ORD-%d, which I placed three weeks ago on your site. %s Can you tell me how it goes on?", 1000+i, asides[i/2%len(asides)])}
}

func answer(i int) Message {
	return Message{Role: "assistant", Text: fmt.Sprintf("I have looked into your order ORD-%d. The refund is on its way – the money should reach your account within 3 to 5 business days. %s", 1000+i, strings.Repeat("Is there anything else I can do for you? ", 1+i/2%3))}
}

func call(i int, tool string) []Message {
	id := fmt.Sprintf("call_%08d", i)
	arguments, result := fmt.Sprintf(`{"order_id":"ORD-%d"}`, 1000+i), StatusResult
	if tool == RefundTool {
		arguments, result = fmt.Sprintf(`{"order_id":"ORD-%d","reason":"damaged on arrival"}`, 1000+i), RefundResult
	}
	return []Message{
		{Role: "assistant", Call: &Call{ID: id, Name: tool, Arguments: arguments}},
		{Role: "tool", CallID: id, Tool: tool, Text: result},
	}
}

// deltas are the pieces of a streamed answer, in turn.
var deltas = []string{" The", " money", " should", " reach", " your", " account", " within", " three", " to", " five", " business", " days", ".", "\n\n", "Is", " there", " anything", " else", " for", " \"", "Zürich", "\"", "?"}

// Delta returns the piece at index i of a streamed answer.
func Delta(i int) string { return deltas[i%len(deltas)] }
