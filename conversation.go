package frontdesk

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// conversation is what the entries of a log add up to. It is changed by apply
// alone, so that every process that reads the same log knows the same.
type conversation struct {
	id       ConversationID
	last     int64 // sequence number of the newest entry applied
	customer Customer

	owner    Ownership
	human    bool     // a human owns the conversation
	hadHuman bool     // or has
	handoff  *Handoff // the newest one
	outside  bool     // it was not made by a turn

	// settled are the messages that no later entry can change. question is
	// the customer's newest message while passages may still join it, and
	// deferred are messages of others that arrived behind it, or between a
	// tool call and its result. waiting are the customer's own that arrived
	// while the turn was under way: the model has not read them yet.
	settled   []Message
	encoded   *encodedMessages
	question  *Message
	retrieved bool                // the knowledge base was searched for the newest question
	filter    map[string][]string // for the search
	deferred  []Message
	waiting   []waitingMessage
	notes     []string // for the model, to go with the next question

	calls      []*openCall      // of the newest answer, while any has no result
	approvals  []*approvalState // that are open, or were not acted on yet
	unresolved []*effectState   // what was started and did not end, or in an unknown way

	unheard []unheardText // what the customer said that no answer has read
	facts   []Fact        // the newest
	steps   []Step
	done    []Effect

	sources    sources   // what the model has read, and who wrote it
	passages   []Passage // number n is at n-1
	found      []int     // the numbers of those for the newest question, best first
	numbers    map[string]int
	deliveries map[string]string // channel message id to turn id
	said       []string          // the customer's newest messages, newest last
	underWay   bool              // a turn was answered before the newest one
	turn       *turnState

	prior        []priorConversation // of the same customer; nil if nobody has looked
	priorOmitted int
	turns        []turnStart // of the settled messages, oldest first
	cutTurns     int         // that are left out before them

	bytes  int // about how much text all this holds
	images int // that the customer sent
}

// previousMessages is how many of the customer's messages go with a query, in
// addition to the one it is about.
const previousMessages = 3

// waitingMessage is a message of the customer that joined a turn.
type waitingMessage struct {
	Message
	sequence int64
}

// openCall is a tool call of the newest answer.
type openCall struct {
	call     ToolCall
	approval *approvalState // if somebody was asked
	effect   *effectState   // if it was started
	result   *ToolResult
	refused  bool // to hand over
}

// undecided reports whether the call waits for an answer.
func (o *openCall) undecided() bool {
	return o.result == nil && o.effect == nil && o.approval != nil && o.approval.decision == nil
}

// turnState is what is known of the newest turn.
type turnState struct {
	id        string
	customer  Customer
	epoch     int64  // the number of the entry with which the turn was taken last
	taken     string // and its id
	takeovers int    // how often its process died

	begun        bool // its own message is in
	joined       bool // and others came
	interrupted  bool // it cannot be told what came of a call
	requests     int
	emptyAnswers int
	heldBack     int          // replies that were not sent
	answer       *modelAnswer // the newest that was not empty
	said         []string     // beside the calls of answers, so far
	answered     bool         // answer calls no tool and nothing came after it
	results      []ToolResult
	model        string
	usage        Usage

	wanted   *Handoff // by a tool
	denied   *Handoff // by a colleague who refused an approval
	refusals int      // of handoffs
	failures int      // calls in a row that came to nothing

	round   []ToolResult // the newest answer's calls, once all have results
	repeats int          // how many rounds in a row were the same

	handoff   *Handoff
	before    []string // answers to which the turn went on, since more was asked, and of which no reply has told
	overtaken int64    // the entry by which somebody took the conversation, or 0
	outcome   Outcome  // empty while the turn runs
	told      string
	owner     int64 // the epoch of the owner at its end
}

func newConversation(id ConversationID) *conversation {
	return &conversation{
		id:         id,
		owner:      Ownership{Owner: OwnerAgent},
		encoded:    new(encodedMessages),
		numbers:    make(map[string]int),
		deliveries: make(map[string]string),
	}
}

// apply takes the next entry of the log in. An entry it cannot understand is
// an error, and leaves the conversation as it was.
func (c *conversation) apply(entry *Entry) error {
	body, err := entry.decode()
	if err != nil {
		return fmt.Errorf("conversation %s: %w", c.id, err)
	}
	switch body := body.(type) {
	case turnStarted:
		c.startTurn(entry.Turn, body)
		c.turn.epoch, c.turn.taken = c.last+1, entry.ID
	case turnTaken:
		if t := c.turn; t != nil {
			t.outcome, t.told, t.epoch, t.taken = "", "", c.last+1, entry.ID
			if !body.Decided {
				t.takeovers++
			}
		}
	case customerMessage:
		if c.owner.Owner == OwnerClosed {
			c.owns(OwnerAgent, "", entry)
		}
		c.takeMessage(entry.Turn, body)
	case passagesFound:
		c.takePassages(body)
	case modelAnswer:
		c.takeAnswer(body)
	case toolStarted:
		c.startTool(entry.Time, body)
	case toolFinished:
		c.finishTool(body)
	case approvalAsked:
		if call := c.call(body.Call); call != nil {
			asked := &approvalState{Approval: body.Approval, call: call}
			if confirmed := call.approval; confirmed != nil {
				asked.before = confirmed.preface()
				c.forget(confirmed)
			}
			call.approval = asked
			c.approvals = append(c.approvals, asked)
		}
	case approvalDecided:
		c.decide(body)
	case callsParked:
		c.closeCalls()
	case effectResolved:
		c.resolve(body)
	case priorFound:
		c.prior, c.priorOmitted = slices.Clone(body.Conversations), body.Omitted
		if c.prior == nil {
			c.prior = []priorConversation{}
		}
	case trimmed:
		c.cut(body)
	case Handoff:
		c.handOver(entry, body)
	case ticketOpened:
		if c.handoff != nil && c.handoff.ID == body.Handoff {
			c.handoff.Ticket = body.Ticket
		}
	case handedBack:
		c.sources.add(fromColleague, "", body.Note, "")
		c.owns(OwnerAgent, body.By, entry)
		if body.Note != "" {
			c.notes = append(c.notes, renderNote(body))
		}
	case raised:
		if c.handoff != nil && c.handoff.ID == body.Handoff {
			c.handoff.Raised = body.Times
			if c.handoff.Ticket == "" {
				c.handoff.Ticket = body.Ticket
			}
		}
	case handoffRefused:
		c.refuse(body)
	case claimed:
		c.claim(body.By, entry)
	case closed:
		c.close(body, entry)
	case colleagueActed:
		c.act(body, entry)
	case posted:
		if body.Author != "" && !c.owner.Claimed {
			c.claim(body.Author, entry)
		}
		if body.Text != "" {
			c.sources.add(fromColleague, "", body.Text, "")
			c.add(Message{Role: RoleAssistant, Text: renderPost(body)})
		}
	case guarded:
		c.takeVerdict(body)
	case turnEnded:
		c.endTurn(entry.Turn, body)
	}
	c.last++
	c.bytes += len(entry.Data)
	return nil
}

// running reports whether the turn with the given id has not come to its end.
func (c *conversation) running(turn string) bool {
	return c.turn != nil && c.turn.id == turn && c.turn.outcome == ""
}

func (c *conversation) startTurn(id string, body turnStarted) {
	c.closeCalls()
	c.admit()
	begin := len(c.settled) + len(c.deferred)
	if c.question != nil {
		begin++
	}
	c.turns = append(c.turns, turnStart{c.last + 1, begin})
	c.underWay = c.underWay || c.turn != nil && c.turn.outcome == Answered
	var before []string
	if c.turn != nil {
		before = c.turn.before
	}
	c.turn = &turnState{id: id, customer: body.Customer, before: before, said: slices.Clip(before)}
	c.customer = body.Customer
	if _, delivered := c.deliveries[body.MessageID]; delivered {
		c.deliveries[body.MessageID] = id // the message is taken up again
	}
}

func (c *conversation) takeMessage(turn string, body customerMessage) {
	if body.MessageID != "" {
		c.deliveries[body.MessageID] = turn
	}
	c.customer = body.Customer
	c.sources.add(fromCustomer, "what the customer said", body.Text, "")
	if body.Escalate != "" && c.turn != nil && c.turn.id == turn {
		c.turn.wanted = &Handoff{Reason: HandoffGuard, AskedBy: AskedByGuard, Detail: body.Escalate}
	}
	c.images += len(body.Images)
	c.said = append(c.said, body.Text)
	if extra := len(c.said) - previousMessages - 1; extra > 0 {
		c.said = c.said[extra:]
	}
	if body.Text == "" && len(body.Images) == 0 {
		return
	}
	if body.Decides != "" {
		return // it is a part of the call's result
	}
	if !c.human && body.Text != "" {
		c.unheard = append(c.unheard, unheardText{body.Text, c.last + 1})
	}
	message := Message{Role: RoleUser, Text: strings.Join(c.notes, "") + quoteData(body.Text), Images: body.Images}
	c.notes = nil
	c.retrieved, c.found, c.filter = false, nil, body.Filter
	t := c.turn
	if t != nil && t.id == turn && t.begun {
		t.joined = true
		t.round, t.repeats = nil, 0 // it may well ask for the same once more
	}
	if underWay := t != nil && t.id == turn && t.outcome == "" && t.begun && !t.answered; underWay || len(c.calls) > 0 {
		c.waiting = append(c.waiting, waitingMessage{message, c.last + 1})
		return
	}
	c.ask(message)
	if t != nil && t.id == turn {
		t.begun = true
	}
}

// ask makes a message of the customer the one that wants an answer.
func (c *conversation) ask(message Message) {
	if c.question != nil && len(c.calls) > 0 {
		// It stands behind their results, and so must this.
		c.question.Text += message.Text
		c.question.Images = append(slices.Clip(c.question.Images), message.Images...)
	} else {
		c.settleQuestion()
		c.question = &message
	}
	if t := c.turn; t != nil {
		if t.answered && t.outcome == "" { // it was said, and there is more to answer
			t.before = append(t.before, t.answer.Message.Text)
			t.keepSaid()
		}
		t.answered = false
	}
}

// admit makes questions of the messages that wait, unless calls are open.
func (c *conversation) admit() {
	if len(c.calls) > 0 {
		return
	}
	for _, waiting := range c.waiting {
		c.ask(waiting.Message)
	}
	c.waiting = nil
}

// tell puts a note for the model before the question or, if there is none that
// wants an answer, lets it wait for the next.
func (c *conversation) tell(note string) {
	if c.question != nil && c.turn != nil && c.turn.outcome == "" {
		c.question.Text = note + c.question.Text
		return
	}
	c.notes = append(c.notes, note)
}

func (c *conversation) takePassages(body passagesFound) {
	fresh, seen := c.split(body.Passages)
	c.found = nil
	c.sources.suspects(body.Signals)
	block := renderPassages(fresh, len(c.passages)+1, seen, body.Error != "")
	for _, passage := range body.Passages {
		c.found = append(c.found, c.number(passage))
	}
	switch last := len(c.waiting) - 1; {
	case last >= 0:
		c.waiting[last].Text = block + c.waiting[last].Text
		c.retrieved = true
	case c.question != nil:
		c.question.Text = block + c.question.Text
		c.retrieved = true
	}
}

// split tells the passages that are new to the conversation from the numbers
// of those that were shown before.
func (c *conversation) split(passages []Passage) (fresh []Passage, seen []int) {
	for _, passage := range passages {
		if number, ok := c.numbers[passage.ID]; ok && c.passages[number-1].Text == passage.Text {
			seen = append(seen, number)
		} else {
			fresh = append(fresh, passage)
		}
	}
	return fresh, seen
}

func (c *conversation) takeAnswer(body modelAnswer) {
	c.closeCalls()
	c.settleQuestion()
	c.settleWaiting(body.Read)
	c.heard(body.Read)
	c.learnCited(body.Message.Text)
	if t := c.turn; t != nil {
		t.begun = true
		t.requests += body.Requests
		t.usage.add(body.Usage)
		t.model = body.Model
	}
	body.Message.Role, body.Message.CallID = RoleAssistant, ""
	body.Message.Calls = uniqueCalls(body.Message.Calls)
	if isEmpty(body.Message) {
		if c.turn != nil {
			c.turn.emptyAnswers++
		}
		c.admit()
		return
	}
	if t := c.turn; t != nil {
		t.answer = &body
		t.answered = len(body.Message.Calls) == 0
		t.emptyAnswers = 0
	}
	c.settled = append(c.settled, body.Message)
	for _, call := range body.Message.Calls {
		c.calls = append(c.calls, &openCall{call: call})
	}
	c.admit()
}

// settleWaiting moves the messages that the model has read into the transcript:
// those up to the entry read, or all if it is zero.
func (c *conversation) settleWaiting(read int64) {
	for len(c.waiting) > 0 && (read == 0 || c.waiting[0].sequence <= read) {
		c.settled = append(c.settled, c.waiting[0].Message)
		c.waiting = c.waiting[1:]
	}
}

func isEmpty(m Message) bool { return strings.TrimSpace(m.Text) == "" && len(m.Calls) == 0 }

func (c *conversation) call(i int) *openCall {
	if i < 0 || i >= len(c.calls) {
		return nil
	}
	return c.calls[i]
}

// settleCalls moves the results of a round of calls into the transcript, in
// call order, once the last of them is in.
func (c *conversation) settleCalls() {
	for _, call := range c.calls {
		if call.result == nil {
			return
		}
	}
	round := make([]ToolResult, len(c.calls))
	for i, call := range c.calls {
		round[i] = *call.result
		c.stepped(call)
		if c.turn != nil {
			c.turn.count(call)
		}
		c.settled = append(c.settled, call.result.message())
	}
	c.calls = nil
	if t := c.turn; t != nil {
		if !sameRound(t.round, round) {
			t.repeats = 0
		}
		t.round = round
		t.repeats++
		t.results = append(t.results, round...)
	}
	c.settled = append(c.settled, c.deferred...)
	c.deferred = nil
	c.admit()
}

// sameRound reports whether two rounds made the same calls with the same
// results.
func sameRound(a, b []ToolResult) bool {
	return slices.EqualFunc(a, b, func(x, y ToolResult) bool {
		return x.Call.Name == y.Call.Name && x.Content == y.Content &&
			(x.Call.Arguments == y.Call.Arguments || canonical(x.Call.Arguments) == canonical(y.Call.Arguments))
	})
}

// canonical returns JSON text in a form in which equal values are equal text.
func canonical(text string) string {
	var value any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return text
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return text
	}
	return string(encoded)
}

// closeCalls gives every call without a result one that says so, because no
// more will come: a call must not dangle.
func (c *conversation) closeCalls() {
	if len(c.calls) == 0 {
		return
	}
	for _, call := range c.calls {
		if call.result == nil {
			result := interruptedResult(call)
			call.result = &result
			c.finishEffect(call.effect, result.Status)
		}
		if s := call.approval; s != nil {
			s.call = nil
			if s.Kind != ColleagueApproves && s.effect == nil {
				c.forget(s) // they spoke of something else
			}
		}
	}
	c.settleCalls()
}

// interruptedResult is the result of a call that has none.
func interruptedResult(call *openCall) ToolResult {
	switch {
	case call.effect != nil:
		return unknownResult(call.call, "the work on it was interrupted")
	case call.approval != nil && !(call.approval.decision != nil && !call.approval.decision.Approved):
		return ToolResult{Call: call.call, Status: ToolAwaiting, Content: call.approval.awaiting()}
	default:
		return ToolResult{Call: call.call, Status: ToolNotRun, Content: "Error: not run: the turn ended before it."}
	}
}

func (c *conversation) settleQuestion() {
	if c.question != nil {
		c.settled = append(append(c.settled, *c.question), c.deferred...)
		c.question, c.deferred = nil, nil
	}
}

// add puts a message at the end of the transcript, but never between a call
// and its result, nor where passages may still join the question before it.
func (c *conversation) add(message Message) {
	searching := c.question != nil && c.turn != nil && c.turn.outcome == ""
	if len(c.calls) > 0 || searching {
		c.deferred = append(c.deferred, message)
		return
	}
	c.settleQuestion()
	c.settled = append(c.settled, message)
}

func (c *conversation) handOver(entry *Entry, handoff Handoff) {
	c.closeCalls()
	c.handoff = &handoff
	for _, effect := range c.unresolved {
		effect.named = true
	}
	own := c.turn != nil && c.turn.id == entry.Turn
	if t := c.turn; own || t != nil && t.outcome == "" {
		handoff.Shown = t.saidWith(handoff.Told)
	}
	if own {
		// What comes behind it is for another turn.
		c.turn.handoff, c.turn.answered = c.handoff, false
	}
	c.owns(OwnerHuman, handoff.ClaimedBy, entry)
	c.outside = entry.Turn == "" // by somebody who is there
	c.owner.Claimed = c.outside
	if !own {
		return
	}
	if answer := c.turn.answer; handoff.Told != "" && (answer == nil || strings.TrimSpace(answer.Message.Text) != handoff.Told) {
		c.settleQuestion()
		c.add(Message{Role: RoleAssistant, Text: handoff.Told})
	}
}

func (c *conversation) endTurn(id string, body turnEnded) {
	if !body.Outcome.waits() {
		c.closeCalls()
	}
	if c.running(id) {
		c.turn.outcome = body.Outcome
		c.turn.told = body.Text
		c.turn.owner = c.owner.Epoch
		if body.Outcome.told() {
			c.turn.before = nil
		}
	}
}

// transcript returns the messages for a request, and how many of them are
// settled. No call in it dangles, whatever entry came last.
func (c *conversation) transcript() (messages []Message, settled int) {
	settled = len(c.settled)
	if len(c.calls) > 0 {
		messages = slices.Clip(c.settled)
	} else {
		// What is appended here will be settled at the same places, so that
		// it does no harm to use the room behind, and to make it now.
		c.settled = slices.Grow(c.settled, 1+len(c.deferred))
		messages = c.settled
	}
	for _, call := range c.calls {
		result := call.result
		if result == nil {
			interrupted := interruptedResult(call)
			result = &interrupted
		}
		messages = append(messages, result.message())
	}
	if c.question != nil {
		messages = append(messages, *c.question)
	}
	messages = append(messages, c.deferred...)
	for _, waiting := range c.waiting {
		messages = append(messages, waiting.Message)
	}
	return messages, settled
}

// newestSaid returns the customer's newest message.
func (c *conversation) newestSaid() string {
	if len(c.said) == 0 {
		return ""
	}
	return c.said[len(c.said)-1]
}

// previous returns what the customer said before the newest message, newest
// first.
func (c *conversation) previous() []string {
	var previous []string
	for i := len(c.said) - 2; i >= 0; i-- {
		previous = append(previous, c.said[i])
	}
	return previous
}

// reply tells how the newest turn came out.
func (c *conversation) reply() *Reply {
	t := c.turn
	reply := &Reply{
		Turn:     t.id,
		Outcome:  t.outcome,
		Results:  t.results,
		Requests: t.requests,
		Model:    t.model,
		Usage:    t.usage,
		Epoch:    t.owner,
	}
	reply.Approvals = c.openApprovals()
	for _, call := range c.calls {
		reply.Results = append(slices.Clip(reply.Results), call.soFar())
	}
	switch {
	case t.outcome != Escalated:
	case t.handoff != nil:
		reply.Handoff = c.packetOf(t.handoff)
	case c.human:
		reply.Handoff = c.packet()
	}
	text := ""
	switch {
	case t.outcome.told() && t.told != "":
		text = t.told
	case t.handoff != nil:
		text = t.handoff.Told
	case t.outcome == Answered && t.answer != nil:
		text = t.answer.Message.Text
	}
	reply.Text, reply.Citations = resolveCitations(text, c.passages)
	return reply
}

// soFar is how it stands with a call that may have no result yet.
func (o *openCall) soFar() ToolResult {
	if o.result != nil {
		return *o.result
	}
	return interruptedResult(o)
}

func renderNote(n handedBack) string {
	by := "a human colleague"
	if n.By != "" {
		by = oneLine(n.By) + ", " + by
	}
	return "<note>\nFrom " + by + ", who gives the conversation back to you: " + quoteData(n.Note) + "\n</note>\n\n"
}

func renderPost(p posted) string {
	if p.Author == "" {
		return p.Text
	}
	return oneLine(p.Author) + " (a human colleague): " + p.Text
}
