package offline

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The tools that the rules know how to use, if the request declares them.
const (
	getOrderStatus  = "get_order_status"
	initiateRefund  = "initiate_refund"
	cancelOrder     = "cancel_order"
	changeAddress   = "change_delivery_address"
	listMyOrders    = "list_my_orders"
	findProduct     = "find_product"
	escalateToHuman = "escalate_to_human"
)

// chat is a transcript as the rules see it: what each side said and did, in
// exchanges, of which the last has no answer yet.
type chat struct {
	tools     map[string]json.RawMessage // the schema of each declared tool's arguments
	exchanges []exchange                 // at least one
	passages  []passage                  // those that may answer the last exchange
}

// exchange is what the customer said and what was done and answered to it.
type exchange struct {
	said   string
	done   []doneCall
	answer string
}

type doneCall struct {
	toolCall
	arguments map[string]any
	result    string
}

// answer is what the stand-in says: words, or calls.
type answer struct {
	text  string
	calls []toolCall
}

// readChat folds a checked request. A message that comes while the tools are at
// work belongs to the same exchange; an answer or a handover ends it.
func readChat(request *chatRequest) chat {
	c := chat{tools: map[string]json.RawMessage{}, exchanges: make([]exchange, 1)}
	for _, tool := range request.Tools {
		c.tools[tool.Function.Name] = tool.Function.Parameters
	}
	known := map[int]passage{} // all passages of the conversation by number
	for _, m := range request.Messages {
		now := &c.exchanges[len(c.exchanges)-1]
		switch m.Role {
		case "user":
			if handedOver := now.last(escalateToHuman); handedOver != nil {
				c.exchanges = append(c.exchanges, exchange{})
				now, c.passages = &c.exchanges[len(c.exchanges)-1], nil
			}
			fresh, seen, words := splitMessage(m.text())
			for _, p := range fresh {
				known[p.number] = p
			}
			c.passages = append(c.passages, fresh...)
			for _, number := range seen {
				if p, ok := known[number]; ok {
					c.passages = append(c.passages, p)
				}
			}
			now.said = strings.TrimSpace(now.said + "\n" + words)
		case "assistant":
			for _, call := range m.ToolCalls {
				done := doneCall{toolCall: call}
				_ = json.Unmarshal([]byte(call.Function.Arguments), &done.arguments) // no object: no arguments
				now.done = append(now.done, done)
			}
			if len(m.ToolCalls) == 0 {
				now.answer = m.text()
				c.exchanges = append(c.exchanges, exchange{})
				c.passages = nil
			}
		case "tool":
			// Ids repeat from one message to the next: the latest call counts.
			for i := len(now.done) - 1; i >= 0; i-- {
				if now.done[i].ID == m.ToolCallID {
					now.done[i].result = m.text()
					break
				}
			}
		}
	}
	return c
}

func (c chat) now() exchange { return c.exchanges[len(c.exchanges)-1] }

// before is the exchange that was answered last, empty if there is none.
func (c chat) before() exchange {
	if len(c.exchanges) < 2 {
		return exchange{}
	}
	return c.exchanges[len(c.exchanges)-2]
}

// last is the newest call of a tool in this exchange.
func (e exchange) last(tool string) *doneCall {
	for i := len(e.done) - 1; i >= 0; i-- {
		if e.done[i].Function.Name == tool {
			return &e.done[i]
		}
	}
	return nil
}

// failed tells whether a call went wrong or the rules were at a loss.
func (e exchange) failed() bool {
	return slices.ContainsFunc(e.done, func(d doneCall) bool { return isFailure(d.result) }) ||
		strings.Contains(e.answer, notUnderstood) || strings.Contains(e.answer, notInPages)
}

// decide takes the next step: the calls that all tasks need next, at once, or,
// when no task needs another call, the answers to all of them.
func decide(c chat) answer {
	var calls []toolCall
	var texts []string
	for _, t := range c.tasks() {
		call, text := c.next(t)
		if call != nil {
			if !slices.Contains(calls, *call) {
				calls = append(calls, *call)
			}
		} else if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	if len(calls) > 0 {
		return answer{calls: calls}
	}
	text := strings.Join(texts, "\n\n")
	now := c.now()
	now.answer = text
	unknown := slices.ContainsFunc(now.done, func(d doneCall) bool { return isUnknownOutcome(d.result) })
	if (unknown || now.failed() && c.before().failed()) && c.has(escalateToHuman) {
		message := text
		if !strings.Contains(text, handingOver) {
			message += "\n\n" + handingOver
		}
		call, handed := c.escalate("cannot_help", message)
		if call != nil {
			return answer{calls: []toolCall{*call}}
		}
		if isFailure(now.last(escalateToHuman).result) {
			handed = text + "\n\n" + handed
		}
		text = handed
	}
	return answer{text: text}
}

func (c chat) has(tool string) bool {
	_, declared := c.tools[tool]
	return declared
}

// withOffer offers a colleague where there is a way to reach one.
func (c chat) withOffer(text string) string {
	if !c.has(escalateToHuman) {
		return text
	}
	return text + " " + offerHuman
}

// tasks are those of the last exchange, completed from the ones before it.
func (c chat) tasks() []task {
	said, before := c.now().said, c.before()
	tasks := understand(said)
	numbers := orderNumbers(said)
	onlyNumbers := len(numbers) > 0 && !slices.ContainsFunc(clausesOf(said), func(clause string) bool { return intentOf(clause, true) != "" })

	switch {
	case strings.Contains(before.answer, askAddress) && !slices.ContainsFunc(tasks, func(t task) bool { return t.want.needsOrder() }):
		if _, ok := readAddress(said); ok || len(tasks) == 0 {
			tasks = []task{{want: wantAddress, words: said}}
		}
	case strings.Contains(before.answer, askOrder) && onlyNumbers:
		// The number that was asked for: go on with what it was asked for.
		tasks = nil
		for _, asked := range understand(before.said) {
			for _, number := range numbers {
				if asked.want.needsOrder() && asked.order == "" {
					tasks = add(tasks, task{want: asked.want, order: number, words: asked.words})
				}
			}
		}
		if len(tasks) == 0 {
			tasks = understand(said)
		}
	case len(tasks) == 1 && tasks[0].want == sayYes:
		tasks = c.accepted(tasks[0])
	case len(tasks) == 0:
		tasks = []task{{want: wantPolicy, words: said}}
	}
	for i, t := range tasks {
		if t.want.needsOrder() && t.order == "" {
			tasks[i].order = c.orderSpokenOf()
		}
	}
	return tasks
}

// accepted turns a yes into what the last answer offered.
func (c chat) accepted(yes task) []task {
	for paragraph := range strings.SplitSeq(c.before().answer, "\n\n") {
		numbers := append(orderNumbers(paragraph), "")
		switch {
		case strings.Contains(paragraph, offerCancel):
			return []task{{want: wantCancel, order: numbers[0], words: c.before().said}}
		case strings.Contains(paragraph, offerRefund):
			return []task{{want: wantRefund, order: numbers[0], words: c.before().said}}
		case strings.Contains(paragraph, offerHuman):
			return []task{{want: wantHuman, words: c.before().said}}
		}
	}
	return []task{yes}
}

// orderSpokenOf is the only order that the latest exchange about orders was
// about, or empty when that is not clear.
func (c chat) orderSpokenOf() string {
	for _, e := range slices.Backward(c.exchanges) {
		numbers := orderNumbers(e.said)
		if len(numbers) == 0 {
			numbers = orderNumbers(e.answer)
		}
		if len(numbers) == 1 {
			return numbers[0]
		}
		if len(numbers) > 1 {
			return ""
		}
	}
	return ""
}

// next is the next call a task needs, or the answer to it.
func (c chat) next(t task) (*toolCall, string) {
	if t.want.needsOrder() && t.order == "" {
		if c.has(listMyOrders) {
			return nil, askOrder + " You can also ask me to list your orders."
		}
		return nil, askOrder
	}
	switch t.want {
	case wantStatus:
		return c.use(getOrderStatus, map[string]any{"order_id": t.order}, tellStatus)
	case wantRefund:
		return c.refund(t)
	case wantCancel:
		return c.use(cancelOrder, map[string]any{"order_id": t.order, "reason": reason(t.words)}, tellCancelled)
	case wantAddress:
		address, ok := readAddress(c.now().said)
		if !ok {
			return nil, askAddress
		}
		address["order_id"] = t.order
		return c.use(changeAddress, address, tellAddress)
	case wantOrders:
		return c.use(listMyOrders, map[string]any{}, tellOrders)
	case wantProduct:
		return c.use(findProduct, map[string]any{"query": strings.Join(productWords(t.words), " ")}, tellProducts)
	case wantHuman:
		return c.escalate("customer_asked", handingOver)
	case wantManager:
		return c.escalate("cannot_help", "I am sorry about this. "+handingOver)
	case wantPolicy:
		return nil, c.policy(t.words)
	case sayYes:
		return c.confirmed()
	}
	if t.want == wantIdentity {
		return nil, c.withOffer(smallTalk[wantIdentity])
	}
	return nil, smallTalk[t.want]
}

// refund looks at the order first, and starts the refund if its status allows.
// Whether the shop's rules allow it is for the tool to say.
func (c chat) refund(t task) (*toolCall, string) {
	if c.has(getOrderStatus) && c.has(initiateRefund) {
		look := map[string]any{"order_id": t.order}
		seen := c.now().find(getOrderStatus, look)
		if seen == nil {
			return c.use(getOrderStatus, look, nil)
		}
		if isFailure(seen.result) {
			return nil, tellFailure(seen.toolCall, seen.result)
		}
		if refusal := whyNoRefund(seen.result); refusal != "" && c.now().find(initiateRefund, look) == nil {
			return nil, refusal
		}
	}
	return c.use(initiateRefund, map[string]any{"order_id": t.order, "reason": reason(t.words, c.now().said)}, tellRefund)
}

// policy quotes the knowledge base.
func (c chat) policy(question string) string {
	if said, ok := quote(question, c.passages); ok {
		return said
	}
	if inGeneral.MatchString(opening.ReplaceAllString(question, "")) || strings.HasSuffix(c.now().said, "?") {
		return c.withOffer(notInPages)
	}
	return notUnderstood
}

// confirmed repeats the call for which the last exchange asked to confirm.
func (c chat) confirmed() (*toolCall, string) {
	for _, done := range slices.Backward(c.before().done) {
		if asksToConfirm(done.result) {
			return c.use(done.Function.Name, done.arguments, tellAnything)
		}
	}
	return nil, smallTalk[sayYes]
}

// escalate hands the conversation over, in the words given for the customer.
func (c chat) escalate(code, message string) (*toolCall, string) {
	if !c.has(escalateToHuman) {
		return nil, "I am sorry, I cannot hand this conversation over to a colleague from here."
	}
	if done := c.now().last(escalateToHuman); done != nil {
		if isFailure(done.result) {
			return nil, tellFailure(done.toolCall, done.result)
		}
		return nil, message
	}
	summary := "The customer wrote: " + clip(c.now().said, 400)
	for _, done := range c.now().done {
		summary += fmt.Sprintf("\n%s(%s): %s", done.Function.Name, done.Function.Arguments, clip(done.result, 200))
	}
	return c.use(escalateToHuman, map[string]any{"reason": code, "summary": summary, "message": message}, nil)
}

// use calls a tool that was not called yet in this exchange, or tells its
// result.
func (c chat) use(tool string, values map[string]any, tell func(result string) string) (*toolCall, string) {
	if done := c.now().find(tool, values); done != nil {
		switch {
		case isFailure(done.result):
			return nil, tellFailure(done.toolCall, done.result)
		case asksToConfirm(done.result):
			return nil, fmt.Sprintf("Please confirm with yes: shall I %s%s?", humanName(tool), forOrder(values))
		}
		return nil, tell(done.result)
	}
	declared, ok := c.tools[tool]
	if !ok {
		return nil, c.withOffer(fmt.Sprintf("I am sorry, I cannot %s from here.", humanName(tool)))
	}
	fitting, missing := fit(declared, values, c.now().said)
	if missing != "" {
		return nil, fmt.Sprintf("To %s I also need the %s. Could you tell me?", humanName(tool), humanName(missing))
	}
	arguments, err := json.Marshal(fitting)
	if err != nil {
		return nil, notUnderstood
	}
	return &toolCall{Type: "function", Function: functionCall{Name: tool, Arguments: string(arguments)}}, ""
}

// find is the call of this exchange that did the same: the same tool for the
// same order or query. The wording of a reason does not make it another.
func (e exchange) find(tool string, values map[string]any) *doneCall {
	for i, done := range e.done {
		if done.Function.Name == tool && done.arguments["order_id"] == values["order_id"] && done.arguments["query"] == values["query"] {
			return &e.done[i]
		}
	}
	return nil
}

// property is what the rules understand of a JSON Schema.
type property struct {
	Enum       []any                      `json:"enum"`
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
}

// fit keeps the values that a tool's schema declares, also in nested objects,
// and picks from each enumeration the value that fits best. It names the first
// required property that has no value.
func fit(declared json.RawMessage, values map[string]any, said string) (fitting map[string]any, missing string) {
	var object property
	_ = json.Unmarshal(declared, &object) // what is no object schema declares nothing
	fitting = map[string]any{}
	for name, raw := range object.Properties {
		var inner property
		_ = json.Unmarshal(raw, &inner)
		value, known := values[name]
		switch {
		case len(inner.Properties) > 0:
			if nested, lacking := fit(raw, values, said); lacking == "" && len(nested) > 0 {
				fitting[name] = nested
			}
		case known && len(inner.Enum) > 0:
			fitting[name] = choose(inner.Enum, fmt.Sprint(value), said)
		case known:
			fitting[name] = value
		}
	}
	for _, name := range object.Required {
		if _, ok := fitting[name]; !ok {
			return nil, name
		}
	}
	return fitting, ""
}

// enumHints lead from a customer's words to parts of enumerated values.
var enumHints = []struct {
	said  *regexp.Regexp
	value string
}{
	{sign(`damag|broke|crack|shatter`), "damage"},
	{sign(`faulty|defect|not work|n't work|flicker`), "defect"},
	{sign(`wrong`), "wrong"},
	{sign(`never (arrive|came)|lost|not arrive|n't arrive`), "lost"},
	{sign(`\blate\b`), "late"},
	{sign(`mind|n't (like|want|need)`), "mind"},
	{sign(``), "other"},
}

// choose takes the wanted value if it is enumerated, else the one that the
// customer's words hint at, else the last, which is the vaguest by custom.
func choose(enum []any, wanted, said string) any {
	for _, value := range enum {
		if value == wanted {
			return value
		}
	}
	for _, hint := range enumHints {
		if !hint.said.MatchString(wanted) && !hint.said.MatchString(said) {
			continue
		}
		for _, value := range enum {
			if strings.Contains(strings.ToLower(fmt.Sprint(value)), hint.value) {
				return value
			}
		}
	}
	return enum[len(enum)-1]
}

func productWords(words string) []string {
	return slices.DeleteFunc(tellingWords(words), func(word string) bool {
		return slices.Contains([]string{"sell", "stock", "carry", "looking", "show", "recommend", "price", "cost", "got"}, word)
	})
}
