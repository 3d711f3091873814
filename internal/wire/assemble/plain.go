package assemble

import "strings"

// plain is a chunk or a completion that says what it says in the ordinary way, which
// nearly all do: one choice, strings that are strings and counts that are counts. Its
// values are slices of the payload.
type plain struct {
	whole            bool // it is a completion, which has a message instead of a delta
	seen             fields
	answered         bool // there is a choice
	id, model        quoted
	finish           quoted
	content, refusal quoted
	contentAt        int // where the content begins in the payload, 0 if there is none
	reasoning        quoted
	reasoningField   string
	counted          bool // there is a usage
	usage            Usage
	calls            [maxPlainCalls]plainCall
	called           int // how many calls there are
}

// plainCall is what a plain chunk says of one call.
type plainCall struct {
	seen                fields
	index               index
	id, name, arguments quoted
}

// maxPlainCalls is how many calls a plain chunk may have. They are part of it, so that
// it needs no memory of its own.
const maxPlainCalls = 4

// fields is a set of the fields that were met.
type fields uint32

const (
	topID fields = 1 << iota
	topObject
	topModel
	topChoices
	topUsage
	choiceIndex
	choiceBody
	choiceFinish
	bodyContent
	bodyRefusal
	bodyReasoning
	bodyCalls
	callIndex
	callID
	callFunction
	functionName
	functionArguments
	usagePrompt
	usageCompletion
	usagePromptDetails
	usageCompletionDetails
	usageCached
	usageCacheHit
	usageReasoning
	detailCached
	detailReasoning
)

// once adds a field and reports whether it was not there before.
func (f *fields) once(field fields) bool {
	first := *f&field == 0
	*f |= field
	return first
}

// parse reads a payload if it is plain. It says no to everything else, broken JSON
// included: no answer of its own may differ from that of parseChunk, which then reads
// the payload. It therefore gives up on whatever needs a judgement, such as fields that
// come twice and keys that encoding/json would match in another case.
func (p *plain) parse(payload []byte) bool {
	c := cursor{bytes: payload}
	ok := c.object(func(key []byte) bool { return p.top(&c, key) })
	c.space()
	return ok && c.at == len(c.bytes)
}

func (p *plain) top(c *cursor, key []byte) bool {
	switch string(key) {
	case "id":
		return p.seen.once(topID) && c.word(&p.id)
	case "model":
		return p.seen.once(topModel) && c.word(&p.model)
	case "object":
		var object quoted
		return p.seen.once(topObject) && c.word(&object) && string(object.raw) != "error"
	case "choices":
		return p.seen.once(topChoices) && p.choices(c)
	case "usage":
		if !p.seen.once(topUsage) {
			return false
		}
		if c.literal("null") {
			return true
		}
		p.counted = true
		return c.object(func(key []byte) bool { return p.count(c, key) })
	case "error", "message", "msg", "detail":
		return c.literal("null")
	}
	return c.value(0)
}

// choices reads the only choice, if there is one.
func (p *plain) choices(c *cursor) bool {
	if !c.take('[') {
		return false
	}
	c.space()
	if c.take(']') {
		return true
	}
	p.answered = true
	if !c.object(func(key []byte) bool { return p.choice(c, key) }) {
		return false
	}
	c.space()
	return c.take(']')
}

func (p *plain) choice(c *cursor, key []byte) bool {
	switch string(key) {
	case "index":
		return p.seen.once(choiceIndex) && c.take('0')
	case "delta", "message":
		if p.whole != (string(key) == "message") {
			return c.literal("null")
		}
		return p.seen.once(choiceBody) && c.object(func(key []byte) bool { return p.body(c, key) })
	case "finish_reason":
		return p.seen.once(choiceFinish) && c.word(&p.finish)
	case "usage", "error":
		return c.literal("null")
	}
	return c.value(0)
}

// body reads a field of a delta or a message.
func (p *plain) body(c *cursor, key []byte) bool {
	switch string(key) {
	case "content":
		if !p.seen.once(bodyContent) {
			return false
		}
		if c.literal("null") {
			return true
		}
		p.contentAt = c.at + len(`"`)
		return c.text(&p.content)
	case "refusal":
		return c.literal("null") || p.seen.once(bodyRefusal) && c.text(&p.refusal)
	case "reasoning_content", "reasoning":
		if c.literal("null") {
			return true
		}
		p.reasoningField = "reasoning"
		if len(key) > len("reasoning") {
			p.reasoningField = "reasoning_content"
		}
		return p.seen.once(bodyReasoning) && c.text(&p.reasoning)
	case "tool_calls":
		return p.seen.once(bodyCalls) && (c.literal("null") || p.toolCalls(c))
	case "reasoning_details", "function_call":
		return c.literal("null")
	}
	return c.value(0)
}

func (p *plain) toolCalls(c *cursor) bool {
	if !c.take('[') {
		return false
	}
	c.space()
	if c.take(']') {
		return true
	}
	for p.called < len(p.calls) {
		call := &p.calls[p.called]
		p.called++
		if !c.object(func(key []byte) bool { return call.field(c, key) }) {
			return false
		}
		c.space()
		if c.take(']') {
			return true
		}
		if !c.take(',') {
			return false
		}
	}
	return false
}

func (p *plainCall) field(c *cursor, key []byte) bool {
	switch string(key) {
	case "index":
		if !p.seen.once(callIndex) {
			return false
		}
		if c.literal("null") {
			return true
		}
		p.index.present = true
		return c.integer(&p.index.value)
	case "id":
		return p.seen.once(callID) && (c.literal("null") || c.text(&p.id))
	case "function":
		return p.seen.once(callFunction) && c.object(func(key []byte) bool { return p.function(c, key) })
	case "name", "arguments":
		return c.literal("null")
	}
	return c.value(0)
}

func (p *plainCall) function(c *cursor, key []byte) bool {
	switch string(key) {
	case "name":
		return p.seen.once(functionName) && (c.literal("null") || c.text(&p.name))
	case "arguments":
		return p.seen.once(functionArguments) && (c.literal("null") || c.text(&p.arguments))
	}
	return c.value(0)
}

// count reads a field of the usage. Hosts count the same tokens under several names, of
// which the highest is kept; see Assembler.usage.
func (p *plain) count(c *cursor, key []byte) bool {
	switch string(key) {
	case "prompt_tokens":
		return p.seen.once(usagePrompt) && c.atLeast(&p.usage.PromptTokens)
	case "completion_tokens":
		return p.seen.once(usageCompletion) && c.atLeast(&p.usage.CompletionTokens)
	case "cached_tokens":
		return p.seen.once(usageCached) && c.atLeast(&p.usage.CachedTokens)
	case "prompt_cache_hit_tokens":
		return p.seen.once(usageCacheHit) && c.atLeast(&p.usage.CachedTokens)
	case "reasoning_tokens":
		return p.seen.once(usageReasoning) && c.atLeast(&p.usage.ReasoningTokens)
	case "prompt_tokens_details":
		return c.literal("null") || p.seen.once(usagePromptDetails) && c.object(func(key []byte) bool {
			if string(key) == "cached_tokens" {
				return p.seen.once(detailCached) && c.atLeast(&p.usage.CachedTokens)
			}
			return c.value(0)
		})
	case "completion_tokens_details":
		return c.literal("null") || p.seen.once(usageCompletionDetails) && c.object(func(key []byte) bool {
			if string(key) == "reasoning_tokens" {
				return p.seen.once(detailReasoning) && c.atLeast(&p.usage.ReasoningTokens)
			}
			return c.value(0)
		})
	}
	return c.value(0)
}

// addPlain adds what a plain chunk says, as addChunk does for any chunk.
func (a *Assembler) addPlain(chunk *plain) Delta {
	a.chunks++
	var words strings.Builder // all short strings share one allocation
	words.Grow(a.wordsIn(chunk))
	if a.message.ID == "" {
		a.message.ID = chunk.id.cutFrom(&words)
	}
	if a.message.Model == "" {
		a.message.Model = chunk.model.cutFrom(&words)
	}
	if chunk.counted {
		usage := chunk.usage
		a.message.Usage = &usage
	}
	a.finish(chunk.finish.cutFrom(&words))
	before := a.lengths()
	chunk.content.appendTo(&a.text)
	chunk.refusal.appendTo(&a.refusal)
	if chunk.reasoningField != "" {
		a.reasoningField(chunk.reasoningField)
		chunk.reasoning.appendTo(&a.reasoning)
	}
	for i := range chunk.calls[:chunk.called] {
		c := &chunk.calls[i]
		a.addCall(fragment{
			index:    c.index,
			id:       c.id.cutFrom(&words),
			name:     c.name.cutFrom(&words),
			argument: c.arguments.cutFrom(&words),
		}, chunk.whole)
	}
	delta := a.since(before)
	a.deltas = a.deltas || delta != Delta{} || chunk.called > 0
	return delta
}

// addContent adds a chunk that says nothing new but its content.
func (a *Assembler) addContent(content quoted) Delta {
	a.chunks++
	before := a.lengths()
	content.appendTo(&a.text)
	delta := a.since(before)
	a.deltas = a.deltas || delta != Delta{}
	return delta
}

// wordsIn returns how many bytes the strings take that addPlain cuts from one
// allocation. Escapes make it too much, never too little.
func (a *Assembler) wordsIn(chunk *plain) int {
	size := len(chunk.finish.raw)
	if a.message.ID == "" {
		size += len(chunk.id.raw)
	}
	if a.message.Model == "" {
		size += len(chunk.model.raw)
	}
	for i := range chunk.calls[:chunk.called] {
		c := &chunk.calls[i]
		size += len(c.id.raw) + len(c.name.raw) + len(c.arguments.raw)
	}
	return size
}
