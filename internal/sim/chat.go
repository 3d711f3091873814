package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// chat is one conversation as an observer of its log sees it, who knows nothing
// of the library's own folding.
type chat struct {
	world    *world
	id       frontdesk.ConversationID
	customer frontdesk.Customer
	messages []*message
	answers  int  // that the model drew
	resume   bool // a decision was not acted on
	planned  int  // messages

	length    int64
	entries   map[string]bool // ids
	received  map[string]int  // messages, by id
	texts     []string
	human     bool
	claimed   bool // a human is there
	closed    bool
	raised    int  // how often the newest handoff was
	desk      bool // the newest handoff is the helpdesk's own
	ticket    bool
	turn      *turn
	turns     map[string]*turn
	calls     []*toolCall // of the newest answer
	intents   map[string]*intent
	keys      []string // of intents, in order
	approvals map[string]*approval
	questions []*approval

	owner *process
	epoch int64
	until time.Time // of the lease
	open  bool      // the lease was not ended
}

type turn struct {
	id       string
	requests int
	outcome  frontdesk.Outcome
	answer   string
	handoff  string
	owned    bool // a human has had the conversation since it began
	lost     bool // somebody took or closed it while the turn ran
	before   int  // how often it had ended by then
	ends     []end
}

// end is how a turn ended. One that waited ends several times.
type end struct {
	outcome frontdesk.Outcome
	text    string
}

func (t *turn) end(r *record) {
	t.outcome = r.Outcome
	text := r.Text
	switch {
	case t.handoff != "" && text == "":
		text = t.handoff
	case r.Outcome == frontdesk.Answered && text == "":
		text = t.answer
	}
	t.ends = append(t.ends, end{t.outcome, text})
}

type toolCall struct {
	frontdesk.ToolCall
	approvals []*approval
	intent    string
}

type intent struct {
	key      string
	kind     *kind
	order    order
	at       time.Time
	status   frontdesk.ToolStatus // empty while it runs
	resolved bool
}

type approval struct {
	frontdesk.Approval
	call     *toolCall
	decided  bool
	approved bool
	order    order
	intents  []string
}

// record is the data of any entry.
type record struct {
	MessageID      string               `json:"message_id"`
	Text           string               `json:"text"`
	Decides        string               `json:"decides"`
	Message        frontdesk.Message    `json:"message"`
	Requests       int                  `json:"requests"`
	Call           int                  `json:"call"`
	Approval       json.RawMessage      `json:"approval"`
	IdempotencyKey string               `json:"idempotency_key"`
	Arguments      json.RawMessage      `json:"arguments"`
	Status         frontdesk.ToolStatus `json:"status"`
	Content        string               `json:"content"`
	Approved       bool                 `json:"approved"`
	Happened       bool                 `json:"happened"`
	Outcome        frontdesk.Outcome    `json:"outcome"`
	Told           string               `json:"told"`
	Author         string               `json:"author"`
	Times          int                  `json:"times"`
	Ticket         string               `json:"ticket"`
}

func (r *record) approval() (id string) {
	_ = json.Unmarshal(r.Approval, &id)
	return id
}

// observe takes in what was appended, by a process or, if it is nil, somebody
// else.
func (c *chat) observe(p *process, last int64, entries []frontdesk.Entry) {
	w := c.world
	if last != c.length {
		w.violate(NothingLost, "%s: entries were appended behind %d, the newest is %d", c.id, last, c.length)
	}
	c.checkOwner(p, entries)
	for _, entry := range entries {
		var r record
		if err := json.Unmarshal(entry.Data, &r); err != nil {
			w.violate(NothingLost, "%s: entry %d: %v", c.id, c.length+1, err)
			return
		}
		if c.entries[entry.ID] {
			w.violate(NothingLost, "%s: entry %s is there twice", c.id, entry.ID)
		}
		c.entries[entry.ID] = true
		c.length++
		c.take(&entry, &r)
	}
}

// checkOwner checks that an append of a turn is by the process that has it.
func (c *chat) checkOwner(p *process, entries []frontdesk.Entry) {
	w := c.world
	epoch := int64(-1)
	for i, entry := range entries {
		if entry.Kind == frontdesk.EntryTurnStarted || entry.Kind == frontdesk.EntryTurnTaken {
			if c.open && time.Now().Before(c.until) && !c.kept(entries[:i]) {
				w.violate(OneTurn, "%s: %s takes a turn that %s has for another %v", c.id, p.name, c.owner.name, time.Until(c.until))
			}
			c.owner, c.epoch = p, c.length+int64(i)+1
		}
		if entry.Changes != nil && entry.Changes.Lease != nil {
			epoch = entry.Changes.Lease.Epoch
			c.until = time.Now().Add(entry.Changes.Lease.Duration)
			c.open = entry.Changes.Lease.Duration > 0
		}
	}
	for _, entry := range entries {
		switch entry.Kind {
		case frontdesk.EntryPassages, frontdesk.EntryAnswer, frontdesk.EntryToolStarted, frontdesk.EntryToolFinished,
			frontdesk.EntryApprovalAsked, frontdesk.EntryCallsParked, frontdesk.EntryTurnEnded:
			if p != c.owner || epoch != c.epoch && w.broken != LeasesToAll {
				w.violate(OneTurn, "%s: %s appends %s to the turn of epoch %d with epoch %d", c.id, p.name, entry.Kind, c.epoch, epoch)
			}
		}
	}
}

// kept reports whether the entries before end the lease of the turn that is
// under way.
func (c *chat) kept(entries []frontdesk.Entry) bool {
	return slices.ContainsFunc(entries, func(e frontdesk.Entry) bool { return e.Kind == frontdesk.EntryTurnEnded })
}

// renewed says that the lease was.
func (c *chat) renewed(d time.Duration) { c.until = time.Now().Add(d) }

func (c *chat) take(entry *frontdesk.Entry, r *record) {
	w := c.world
	switch entry.Kind {
	case frontdesk.EntryTurnStarted:
		if c.turns[entry.Turn] != nil {
			w.violate(OneTurn, "%s: turn %s begins twice", c.id, entry.Turn)
		}
		c.turn = &turn{id: entry.Turn}
		c.turns[entry.Turn] = c.turn
		c.calls = nil
	case frontdesk.EntryTurnTaken:
		if c.turn == nil || c.turn.id != entry.Turn {
			w.violate(OneTurn, "%s: turn %s is taken, which is not the newest", c.id, entry.Turn)
			return
		}
		c.turn.outcome = ""
	case frontdesk.EntryCustomerMessage:
		if c.received[r.MessageID]++; c.received[r.MessageID] > 1 {
			w.violate(NothingTwice, "%s: message %s is there twice", c.id, r.MessageID)
		}
		if c.closed {
			c.closed = false
		}
		if r.Decides == "" {
			c.texts = append(c.texts, r.Text)
		}
	case frontdesk.EntryAnswer:
		if c.silent() {
			w.violate(HumanOwns, "%s: an answer although a human owns the conversation", c.id)
		}
		c.turn.requests += r.Requests
		if c.turn.requests > maxRequests {
			w.violate(Budget, "%s: %d requests in a turn", c.id, c.turn.requests)
		}
		if r.Message.Text != "" || len(r.Message.Calls) > 0 {
			c.turn.answer = r.Message.Text
		}
		c.calls = nil
		for _, call := range r.Message.Calls {
			c.calls = append(c.calls, &toolCall{ToolCall: call})
		}
	case frontdesk.EntryToolStarted:
		c.takeIntent(entry, r)
	case frontdesk.EntryToolFinished:
		c.takeResult(r)
	case frontdesk.EntryApprovalAsked:
		a := new(approval)
		if json.Unmarshal(r.Approval, &a.Approval) != nil || json.Unmarshal(a.Arguments, &a.order) != nil || r.Call >= len(c.calls) || c.approvals[a.ID] != nil {
			w.violate(Approved, "%s: a strange approval: %s", c.id, entry.Data)
			return
		}
		a.call = c.calls[r.Call]
		a.call.approvals = append(a.call.approvals, a)
		c.approvals[a.ID] = a
		c.questions = append(c.questions, a)
	case frontdesk.EntryApprovalDecided:
		a := c.approvals[r.approval()]
		switch {
		case a == nil || a.decided:
			w.violate(Approved, "%s: approval %s is decided, which is not open", c.id, r.approval())
			return
		case !entry.Time.Before(a.Expires):
			w.violate(Approved, "%s: approval %s is decided too late", c.id, a.ID)
		}
		a.decided, a.approved = true, r.Approved
		if r.Arguments != nil {
			_ = json.Unmarshal(r.Arguments, &a.order)
		}
	case frontdesk.EntryCallsParked:
		c.calls = nil
	case frontdesk.EntryEffectResolved:
		if in := c.intents[r.IdempotencyKey]; in != nil {
			in.resolved = true
		}
	case frontdesk.EntryHandoff:
		if c.turn != nil && c.turn.id == entry.Turn && !c.silent() {
			c.turn.lost = false // it was handed back, and is handed over
		}
		c.human, c.closed, c.ticket, c.desk = true, false, false, entry.Turn == ""
		c.claimed, c.raised = c.desk, 0
		if c.turn == nil || c.turn.id != entry.Turn {
			c.overtake()
		}
		c.calls = nil
		if c.turn != nil {
			c.turn.owned = true
		}
		if c.turn != nil && c.turn.id == entry.Turn {
			c.turn.handoff = r.Told
		}
	case frontdesk.EntryTicket:
		c.ticket = true
	case frontdesk.EntryRaised:
		c.ticket = c.ticket || r.Ticket != ""
		if r.Times != c.raised {
			if w.report.Raised++; !c.human || c.claimed || r.Times != c.raised+1 || r.Times > mostRaised {
				w.violate(Raised, "%s: a handoff is raised for the %dth time, which was raised %d times; claimed: %v", c.id, r.Times, c.raised, c.claimed)
			}
		}
		c.raised = r.Times
	case frontdesk.EntryClaimed, frontdesk.EntryColleagueActed:
		c.claimed = c.human
	case frontdesk.EntryPosted:
		c.claimed = c.claimed || c.human && r.Author != ""
	case frontdesk.EntryHandedBack:
		c.human, c.closed, c.claimed = false, false, false
	case frontdesk.EntryClosed:
		w.report.Closed++
		c.human, c.closed, c.claimed = false, true, false
		c.calls = nil
		c.overtake()
		if c.turn != nil {
			c.turn.owned = true
		}
		for _, a := range c.approvals {
			a.decided = true // it is open no more
		}
	case frontdesk.EntryTurnEnded:
		if c.silent() && r.Outcome != frontdesk.Escalated && r.Outcome != "failed" && r.Outcome != "stopped" {
			w.violate(HumanOwns, "%s: a turn ends %s although a human owns the conversation", c.id, r.Outcome)
		}
		c.turn.end(r)
		if r.Outcome != frontdesk.AwaitingApproval && r.Outcome != frontdesk.AwaitingCustomer {
			c.calls = nil
		}
	}
}

func (c *chat) takeIntent(entry *frontdesk.Entry, r *record) {
	w := c.world
	var (
		name      string
		arguments = r.Arguments
		needed    []*approval
		call      *toolCall
	)
	if a := c.approvals[r.approval()]; a != nil {
		name, needed = a.Tool, a.call.approvals
		if arguments == nil {
			arguments = a.Arguments
		}
	} else if r.Call < len(c.calls) {
		call = c.calls[r.Call]
		name, needed = call.Name, call.approvals
		if arguments == nil {
			arguments = json.RawMessage(call.Arguments)
		}
	}
	k := kindOf(name)
	var wanted order
	if k == nil || json.Unmarshal(arguments, &wanted) != nil {
		w.violate(OncePerIntent, "%s: an intent without a call: %s", c.id, entry.Data)
		return
	}
	if in := c.intents[r.IdempotencyKey]; in != nil {
		if !k.keys || in.status != "" {
			w.violate(OncePerIntent, "%s: %s is to be run again with the key of a call that is %q", c.id, name, in.status)
		}
		return
	}
	c.checkApproved(k, wanted, needed, r.IdempotencyKey)
	c.intents[r.IdempotencyKey] = &intent{key: r.IdempotencyKey, kind: k, order: wanted, at: time.Now()} // the store counts it now
	c.keys = append(c.keys, r.IdempotencyKey)
	if call != nil {
		call.intent = r.IdempotencyKey
	}
}

// checkApproved checks that everybody was asked who has to be.
func (c *chat) checkApproved(k *kind, wanted order, approvals []*approval, key string) {
	w := c.world
	asked := make(map[frontdesk.ApprovalKind]*approval)
	for _, a := range approvals {
		if !a.decided || !a.approved {
			w.violate(Approved, "%s: %s %v is to be run though approval %s was not given", c.id, k.name, wanted, a.ID)
		}
		if len(a.intents) > 0 && !slices.Contains(a.intents, key) {
			w.violate(Approved, "%s: approval %s is used twice", c.id, a.ID)
		}
		a.intents = append(a.intents, key)
		asked[a.Kind] = a
	}
	customer, colleague := asked[frontdesk.CustomerConfirms], asked[frontdesk.ColleagueApproves]
	switch {
	case k.confirm && customer == nil:
		w.violate(Approved, "%s: %s %v is to be run and the customer was not asked", c.id, k.name, wanted)
	case k.approve && wanted.Amount >= approveFrom && colleague == nil:
		w.violate(Approved, "%s: %s %v is to be run and nobody was asked", c.id, k.name, wanted)
	case colleague != nil && colleague.order != wanted, colleague == nil && customer != nil && customer.order != wanted:
		w.violate(Approved, "%s: %s %v is to be run, which is not what was approved", c.id, k.name, wanted)
	}
}

func (c *chat) takeResult(r *record) {
	w := c.world
	var key string
	if a := c.approvals[r.approval()]; a != nil {
		if len(a.intents) > 0 {
			key = a.intents[0]
		}
	} else if r.Call < len(c.calls) {
		key = c.calls[r.Call].intent
	}
	in := c.intents[key]
	if in == nil {
		return // it was not started
	}
	if in.status != "" {
		w.violate(TrueResults, "%s: %s %v ends twice", c.id, in.kind.name, in.order)
	}
	in.status = r.Status
	paid := w.service.has(key) != nil
	if r.Status == frontdesk.ToolDone && !paid {
		w.violate(TrueResults, "%s: %s %v is done by the log, and was not", c.id, in.kind.name, in.order)
	}
	if (r.Status == frontdesk.ToolFailed || r.Status == frontdesk.ToolNotRun) && paid {
		w.violate(TrueResults, "%s: %s %v is %s by the log, and was done", c.id, in.kind.name, in.order, r.Status)
	}
}

// entered is told by a handler that it was called.
func (c *chat) entered(p *process, k *kind, call frontdesk.Call, in order) {
	w := c.world
	intent := c.intents[call.IdempotencyKey]
	switch {
	case intent == nil:
		w.violateLater(OncePerIntent, "%s: %s runs without an intent", c.id, k.name)
		return
	case intent.kind != k || intent.order != in:
		w.violateLater(OncePerIntent, "%s: %s %v runs, and %s %v was to", c.id, k.name, in, intent.kind.name, intent.order)
	case intent.status != "":
		w.violateLater(OncePerIntent, "%s: %s %v runs although it ended: %s", c.id, k.name, in, intent.status)
	case w.service.starts[call.IdempotencyKey] > 0 && !k.keys:
		w.violateLater(OncePerIntent, "%s: %s %v runs twice", c.id, k.name, in)
	}
	if w.broken != LeasesToAll && (c.owner != p || !time.Now().Before(c.until)) {
		w.violateLater(OneTurn, "%s: %s starts %s without the lease", c.id, p.name, k.name)
	}
	if call.Customer.ID != c.customer.ID {
		w.violateLater(OncePerIntent, "%s: %s runs for customer %s", c.id, k.name, call.Customer.ID)
	}
}

// paid checks what a payment must not do. Whether it stands in the log is
// checked at the end.
func (c *chat) paid(p *payment) {
	w := c.world
	same, once, sum := 0, 0, int64(0)
	for _, other := range w.service.payments {
		if other.kind != p.kind {
			continue
		}
		if other.key == p.key {
			same++
		}
		if other.order.Order == p.order.Order {
			once++
		}
		if other.customer == p.customer && other.day() == p.day() {
			sum += other.order.Amount
		}
	}
	switch {
	case same > 1:
		w.violate(OncePerIntent, "%s: %s %v took effect %d times", c.id, p.kind.name, p.order, same)
	case p.kind.once && once > 1:
		w.violate(OncePerKey, "%s: %s %s took effect %d times", c.id, p.kind.name, p.order.Order, once)
	case p.kind.limit && sum > limitSum:
		w.violate(WithinLimit, "%s: %s gave %s %d", c.id, p.kind.name, p.customer, sum)
	}
}

// day is the one on which the payment counts: that of its intent.
func (p *payment) day() int64 {
	if in := p.chat.intents[p.key]; in != nil {
		return in.at.Unix() / 86400
	}
	return 0
}

// asked is told by the model of a request.
func (c *chat) asked(call *apiCall, request *frontdesk.Request) {
	if err := checkRequest(request); err != nil {
		c.world.violateLater(ValidRequests, "%s: %v", c.id, err)
	}
	if c.silent() {
		c.world.violateLater(HumanOwns, "%s: a request although a human has the conversation", c.id)
	}
	c.world.mu.Lock()
	call.requests[c.id]++
	made := call.requests[c.id]
	c.world.mu.Unlock()
	if made > maxRequests*3 {
		c.world.violateLater(Budget, "%s: %d requests", c.id, made)
	}
}

// silent reports whether the agent must not speak.
func (c *chat) silent() bool { return c.human || c.closed }

// overtake says that somebody took or closed the conversation.
func (c *chat) overtake() {
	if c.turn != nil && c.turn.outcome == "" && c.turn.handoff == "" {
		c.world.report.Overtaken++
		c.turn.lost, c.turn.before = true, len(c.turn.ends)
	}
}

// sees is told by a caller of text for the customer, as it comes.
func (c *chat) sees(text string) {
	if c.turn != nil && c.turn.lost && text != "" {
		c.world.violateLater(HumanOwns, "%s: the customer sees %q although a human has taken the conversation", c.id, text)
	}
}

// takeOver has a human take the conversation, at once.
func (c *chat) takeOver() {
	c.world.report.Takeovers++
	c.insert(frontdesk.EntryHandoff, `{"id":"desk-%d","reason":"taken_over","asked_by":"colleague","claimed_by":"Bea"}`, c.world.serve)
}

// interject has a human say something, from outside of the agents.
func (c *chat) interject(text string) {
	c.insert(frontdesk.EntryPosted, `{"author":"Bea","text":%q}`, text)
}

// insert adds an entry that no agent wrote.
func (c *chat) insert(kind frontdesk.EntryKind, format string, arguments ...any) {
	w := c.world
	w.serve++
	entry := frontdesk.Entry{
		ID:      fmt.Sprintf("outside-%d", w.serve),
		Kind:    kind,
		Version: 1,
		Time:    time.Now().UTC(),
		Data:    json.RawMessage(fmt.Sprintf(format, arguments...)),
	}
	w.note("%s: outside: %s", c.id.ID, kind)
	if err := w.store.Append(context.Background(), c.id, c.length, entry); err != nil {
		panic(err)
	}
	c.observe(nil, c.length, []frontdesk.Entry{entry})
}

// unknown are the calls of which nobody knows what came, by the log.
func (c *chat) unknown() []string {
	var keys []string
	for _, key := range c.keys {
		if in := c.intents[key]; !in.resolved && (in.status == "" || in.status == frontdesk.ToolUnknown) {
			keys = append(keys, key)
		}
	}
	return keys
}
