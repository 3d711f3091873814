package claims

import (
	"slices"
	"strings"
)

// class is what a function word does in a sentence; a word may do several things.
type class uint64

const (
	agent     class = 1 << iota // I, we
	you                         // as a subject
	third                       // any other subject
	have                        // makes a perfect, with a subject that says whose
	haveFirst                   // makes a perfect in the first person
	be                          // is
	been                        // makes a passive of the past: was, been, wurde, été
	being                       // makes a passive that goes on
	will                        // makes a future
	willBe                      // makes a passive of the future: sera, wird
	modal                       // can, would, should: neither done nor promised
	able                        // "was able to" is done
	justDone                    // "viens de", "acabo de" is done
	not
	condition  // begins a condition
	clause     // begins a clause
	join       // joins two clauses
	adverb     // may stand within a group of verbs
	asking     // begins a question
	saying     // what the customer said
	seeming    // what is supposed
	now        // makes a state of the present
	general    // begins a rule
	before     // a preposition: what follows is not the object
	owned      // an article or possessive
	request    // after a noun: it is only asked for
	receive    // to get
	contact    // what a human will do
	byOther    // done by
	vague      // in a rule
	infinitive // to, before a verb
	reflexive  // makes a passive of a perfect
	addressed  // makes a verb that may be of the past one that is
)

const groupWords = adverb | now | not | have | haveFirst | be | been | being | will | willBe | modal | able | justDone | infinitive | reflexive

// form is that of a verb, or a noun.
type form uint8

const (
	noun form = iota
	participle
	bare     // the infinitive
	gerund   // the present participle
	past     // of the first person: it needs no other word
	future   // of the first person: it needs no other word
	present  // of the first person
	passive  // of the past, in one word
	passives // of the present or the future, in one word
	either   // of the first person, past or present: only words around it tell
	state    // an adjective that says that something is done
)

// topics are what nouns speak of and verbs act on.
type topics uint32

const (
	refunds topics = 1 << iota
	cancellations
	changes
	orders
	bookings // also exchanges and replacements
	credits
	tickets
	humans
	messages
	money
	things // what can be changed
)

func (t topics) kind() Kind {
	switch {
	case t&refunds != 0:
		return Refund
	case t&cancellations != 0:
		return Cancellation
	case t&changes != 0:
		return Change
	case t&bookings != 0, t&orders != 0:
		return Order
	case t&credits != 0:
		return Credit
	case t&(tickets|humans) != 0:
		return Escalation
	case t&messages != 0:
		return Message
	case t&money != 0:
		return Refund
	case t&things != 0:
		return Change
	}
	return ""
}

// sense is what a word may mean in a language.
type sense struct {
	form   form
	topics topics // of a noun or of a verb that needs no noun
	takes  topics // nouns that a verb needs; with topics, those that it may have
	needs  string // another word of the clause
}

// grammar is what a language's function words do.
type grammar struct {
	tag       string
	functions map[class]string // words
	phrases   map[class]string // divided by "|"
	words     []entry
	verbLast  bool     // the group of verbs spreads over the clause
	adverbs   []string // their endings
	dropped   bool     // subjects may be left out: the verb tells
}

type phrase struct {
	words []string
	class class
}

// parser looks for claims in a sentence, as one of a language.
type parser struct {
	*grammar
	language int
	statement
	found   *claimSet
	classes []class

	// What the sentence has said so far.
	conditional bool // all that follows holds only under a condition
	reported    bool // what follows is what the customer said
	rule        bool
	carried     class // the verbs of the clause before
	carriedBy   class // its subject
	lastNoun    topics
	question    bool
}

// span is a clause: words from one to before another.
type span struct {
	from, to int
	lead     string // the signs before it
	joined   bool
}

func (p *parser) parse() {
	p.classify()
	spans := p.spans()
	p.question = strings.ContainsAny(p.after, "?？؟")
	asked := -1 // the clause in which the question begins
	for i, c := range spans {
		if p.asks(c) {
			asked = i
			break
		}
	}
	if p.question && asked < 0 {
		asked = 0
		if last := spans[len(spans)-1]; len(spans) > 1 && last.to-last.from <= 3 {
			asked = len(spans) - 1 // "..., all right?"
		}
	}
	for i, c := range spans {
		if asked >= 0 && i >= asked && (p.question || i == asked) {
			if p.question {
				return
			}
			p.carried, p.carriedBy = 0, 0
			continue
		}
		p.clause(c, p.trails(spans[i+1:]))
	}
}

// trails reports whether a condition follows, before anything else is said to be
// done.
func (p *parser) trails(spans []span) bool {
	for _, c := range spans {
		if p.begins(c)&condition != 0 {
			return !c.joined && !p.harmless(c)
		}
		for i := c.from; i < c.to; i++ {
			if slices.ContainsFunc(p.senses(i), func(s sense) bool { return s.form != noun }) {
				return false
			}
		}
	}
	return false
}

// classify looks up what each word does.
func (p *parser) classify() {
	p.classes = make([]class, len(p.list))
	for i := 0; i < len(p.list); i++ {
		text := p.list[i].Text
		known := &p.list[i].known.of[p.language]
		c := known.class
		if p.tag == "pt" && i > 0 && c&condition != 0 && p.classes[i-1]&owned != 0 {
			c &^= condition // "o seu caso" is a noun
		}
		p.classes[i] |= c
		for _, ph := range known.phrases {
			if p.matches(i, ph.words) {
				p.classes[i] = ph.class
				for j := 1; j < len(ph.words); j++ {
					p.classes[i+j] = adverb
				}
				i += len(ph.words) - 1
				break
			}
		}
		if p.classes[i] == 0 {
			for _, ending := range p.adverbs {
				if strings.HasSuffix(text, ending) && len(text) > len(ending)+2 && known.senses == nil {
					p.classes[i] = adverb
				}
			}
		}
	}
}

func (p *parser) matches(i int, words []string) bool {
	if i+len(words) > len(p.list) {
		return false
	}
	for j, w := range words {
		if p.list[i+j].Text != w {
			return false
		}
	}
	return true
}

// spans divides the sentence into clauses.
func (p *parser) spans() []span {
	var found []span
	current := span{}
	for i := range p.list {
		sign := p.list[i].Before
		c := p.classes[i]
		cut := i > 0 && divides(sign) || i > 0 && c&(clause|condition|join) != 0 && p.classes[i-1]&(clause|condition) == 0
		if i > 0 && c&condition != 0 && p.classes[i-1]&(join|clause) != 0 {
			cut = true
		}
		if cut && i > current.from {
			current.to = i
			found = append(found, current)
			current = span{from: i, lead: sign, joined: c&join != 0}
			if last := found[len(found)-1]; last.to-last.from == 1 && p.classes[last.from]&join != 0 {
				current.joined = true // "and if"
			}
		}
	}
	current.to = len(p.list)
	return append(found, current)
}

// divides reports whether the signs between two words end a clause.
func divides(sign string) bool {
	if sign == " " {
		return false
	}
	for i, r := range sign {
		switch r {
		case ',', ';', ':', '(', ')', '"', '!', '?', '\n', '|', '•', '—', '–', '“', '”', '„', '«', '»', '…', '、', '，', '；', '：':
			return true
		case '-':
			if strings.HasPrefix(sign[i:], "- ") && i > 0 && sign[i-1] == ' ' {
				return true
			}
		}
	}
	return sign == "."
}

// begins returns what the first words of a clause do.
func (p *parser) begins(c span) class {
	var first class
	for i := c.from; i < c.to && i < c.from+3; i++ {
		first |= p.classes[i] & (condition | general)
		if p.classes[i]&(adverb|join|clause) == 0 && p.classes[i] != 0 {
			break
		}
	}
	return first
}

// asks reports whether a clause begins like a question.
func (p *parser) asks(c span) bool {
	i := c.from
	for i < c.to-1 && p.classes[i]&(join|adverb) != 0 && p.classes[i]&asking == 0 {
		i++
	}
	if p.classes[i]&asking == 0 {
		return false
	}
	if p.question {
		return i+1 >= c.to || p.classes[i]&(be|been|have|haveFirst|will|modal|willBe) == 0 || p.classes[i+1]&(agent|you|third|owned|not|adverb) != 0
	}
	return i+1 < c.to && p.classes[i]&modal != 0 && p.classes[i+1]&(agent|you) != 0
}

// harmless reports whether a condition has nothing to do with what was said: "if
// you have any questions".
func (p *parser) harmless(c span) bool {
	for i := c.from; i < c.to; i++ {
		if questions[p.list[i].Text] {
			return true
		}
	}
	return false
}

var questions = wordSet(`question questions anything else further problems trouble need assistance help
	frage fragen weitere sonst noch hilfe benötigen brauchen
	questions autre besoin aide pregunta preguntas duda dudas algo más necesita necesitas dúvida dúvidas precisar mais alguma
	domanda domande altro bisogno dubbi vragen vraag nog hulp verder pytania pytań sorunuz soru frågor`)

// clause looks for the claims of one clause.
func (p *parser) clause(c span, trailing bool) {
	first := p.begins(c)
	if p.verbLast && c.from == 0 && c.to < len(p.list) && c.to > 2 && p.classes[0]&(be|been|have|willBe) != 0 && p.classes[1]&(owned|you) != 0 {
		first |= condition // "Wird die Ware zurückgeschickt, ..."
	}
	if first&condition != 0 {
		if !p.harmless(c) {
			if !c.joined && p.leading(c) {
				p.conditional = true
			}
		}
		p.carried, p.carriedBy = condition, 0
		return
	}
	var all class
	subject := class(0)
	for i := c.from; i < c.to; i++ {
		all |= p.classes[i]
		if s := p.classes[i] & (agent | you | third); s != 0 && subject == 0 {
			subject = s
		}
	}
	if all&saying != 0 && (all&you != 0 && all&agent == 0 || all&not != 0) || all&seeming != 0 {
		p.reported = true
	} else if all&agent != 0 && all&saying == 0 {
		p.reported = false
	}
	if first&general != 0 || all&vague != 0 {
		p.rule = true
	}
	hit := false
	for i := c.from; i < c.to; i++ {
		particle := false // the word has another with which it means something else
		for _, s := range p.senses(i) {
			if s.form == noun {
				continue
			}
			hit = true
			if s.needs != "" && !p.has(c, s.needs) || s.needs == "" && particle {
				continue
			}
			if p.verb(c, i, s, all, trailing) && s.needs != "" {
				particle = true
			}
		}
	}
	p.human(c, all, trailing)
	p.received(c, all, trailing)
	if verbs := all & (groupWords &^ (adverb | now)); verbs != 0 || hit {
		if verbs != 0 {
			p.carried, p.carriedBy = verbs&^infinitive, subject
		}
	}
	for i := c.from; i < c.to; i++ {
		if t := p.noun(i); t != 0 && !p.prepositional(c, i) {
			p.lastNoun = t
			break
		}
	}
}

// leading reports whether a clause begins the sentence, or what follows a comma
// or a joining word before which nothing was claimed.
func (p *parser) leading(c span) bool {
	if c.from == 0 {
		return true
	}
	if c.lead == " " && p.classes[c.from-1]&(adverb|join|clause) == 0 {
		return false
	}
	for j := range c.from {
		for _, s := range p.senses(j) {
			if s.form != noun {
				return false
			}
		}
	}
	return true
}

func (p *parser) has(c span, word string) bool {
	for i := c.from; i < c.to; i++ {
		if p.list[i].Text == word {
			return true
		}
	}
	return false
}

// verb decides whether the verb at i claims something.
func (p *parser) verb(c span, i int, s sense, all class, trailing bool) bool {
	actor, promise, ok := p.claims(c, i, s, all, trailing)
	if !ok {
		return false
	}
	if promise && (trailing || p.conditional) || p.conditional || p.reported && actor == Nobody {
		return false
	}
	if p.rule && (promise || s.form == participle && all&(been|have|haveFirst|now) == 0) && actor == Nobody {
		return false
	}
	if p.rule && all&vague != 0 && promise {
		return false
	}
	if i+1 < c.to && p.classes[i+1]&byOther != 0 && !p.byUs(c, i+2) {
		return false
	}
	if p.verbLast && actor == Nobody && all&byOther != 0 {
		return false
	}
	if actor == Nobody && !promise && s.form == participle && p.history(c, i, s, all) {
		return false
	}
	kind := s.topics.kind()
	if s.takes != 0 {
		t := p.object(c, i, s, actor)
		if t == 0 {
			if s.topics == 0 || actor == Nobody {
				return false
			}
		} else {
			if s.topics == 0 {
				kind = (t & s.takes).kind()
			}
		}
	}
	if kind != "" {
		p.found.add(kind, actor, promise)
	}
	return kind != ""
}

// byUs reports whether the words from i on name somebody of the agent's side.
func (p *parser) byUs(c span, i int) bool {
	for j := i; j < c.to && j < i+5; j++ {
		if p.speaksOf(j)&humans != 0 || ours[p.list[j].Text] {
			return true
		}
	}
	return false
}

var ours = wordSet("me us our moi nous notre mí nosotros nuestro nuestra mim nós nosso nossa me noi nostro nostra")

// history reports whether something was ordered or booked some time ago, as the
// customer knows: "the booking was made on May 3".
func (p *parser) history(c span, i int, s sense, all class) bool {
	if (s.topics|s.takes)&(orders|bookings) == 0 || all&(now|have|haveFirst) != 0 {
		return false
	}
	if p.tag == "en" {
		return all&been != 0
	}
	for j := c.from; j < c.to; j++ {
		if text := p.list[j].Text; text[0] >= '0' && text[0] <= '9' {
			return true
		}
	}
	return false
}

// claims reports whether the form of a verb, with the words around it, says that
// something is done or will be, and by whom.
func (p *parser) claims(c span, i int, s sense, all class, trailing bool) (actor Actor, promise, ok bool) {
	group, subject, start := p.group(c, i)
	if p.verbLast {
		group = all
		subject = all & agent
		if subject == 0 {
			subject = all & (you | third)
		}
	}
	if all&not != 0 && p.denied(c, i) {
		return "", false, false
	}
	if group&modal != 0 && group&able == 0 {
		return "", false, false
	}
	// A verb that has none of its own shares those of the clause before.
	bareVerb := group&(have|haveFirst|be|been|being|will|willBe|able|justDone) == 0 && subject == 0
	if bareVerb && p.carried != 0 && c.from > 0 && p.opens(c, start) && (s.form == participle || s.form == bare || s.form == gerund) {
		group |= p.carried
		subject = p.carriedBy
		if group&(modal|not|condition) != 0 && group&able == 0 {
			return "", false, false
		}
		bareVerb = group&(have|haveFirst|be|been|being|will|willBe|able|justDone) == 0 && subject == 0
	}
	byAgent := subject&agent != 0 || p.dropped && subject == 0
	switch s.form {
	case participle:
		switch {
		case group&(been|being|willBe) != 0, group&be != 0 && group&(have|haveFirst) == 0:
			promise = group&(will|willBe|being) != 0 && group&justDone == 0 && !(p.verbLast && group&been != 0)
			if !p.verbLast && group&infinitive != 0 && group&(will|justDone) == 0 && p.tag == "en" {
				return "", false, false // "the amount to be refunded"
			}
			if group&(been|being|will|willBe) == 0 && !p.state(c, i, s, all) {
				return "", false, false
			}
			return Nobody, promise, true
		case group&haveFirst != 0:
			return Agent, group&will != 0, true
		case group&have != 0 && group&reflexive != 0, group&have != 0 && p.tag == "sv" && strings.HasSuffix(p.list[i].Text, "ts"):
			return Nobody, false, true
		case group&have != 0 && subject&agent != 0:
			return Agent, group&will != 0, true
		case group&have != 0:
			return "", false, false
		case group&^(adverb|now) == 0 && p.tag == "en" && (start > c.from && p.classes[start-1]&agent != 0 && p.list[start-1].Text != "let" || c.from > 0 && p.opens(c, start) && p.carriedBy&agent != 0 && start == i):
			return Agent, false, true
		case bareVerb && p.elliptic(c, i, start):
			return Nobody, false, true
		}
	case bare:
		switch {
		case group&able != 0 && group&(been|have|haveFirst) != 0, group&justDone != 0 && (byAgent || group&haveFirst != 0):
			return Agent, false, true
		case group&able != 0:
			return "", false, false
		case group&will != 0 && byAgent && !(p.verbLast && i > c.from && p.classes[i-1]&infinitive != 0):
			return Agent, true, true
		}
	case gerund:
		if group&(be|haveFirst) != 0 && byAgent && subject&agent|boolClass(p.dropped) != 0 {
			return Agent, true, true
		}
	case past:
		return Agent, false, true
	case either:
		return Agent, false, all&addressed != 0 && !trailing && !p.conditional
	case state:
		return Nobody, false, group&(be|been) != 0
	case future:
		return Agent, true, true
	case present:
		if group&(have|haveFirst|will|willBe|been|justDone|able) == 0 && (p.dropped || all&agent != 0) {
			return Agent, true, true
		}
	case passive:
		return Nobody, false, true
	case passives:
		return Nobody, true, all&(general|vague) == 0
	}
	return "", false, false
}

func boolClass(b bool) class {
	if b {
		return agent
	}
	return 0
}

// group gathers the words before a verb that belong to it, and the subject before
// those.
func (p *parser) group(c span, i int) (group, subject class, start int) {
	j := i - 1
	for ; j >= c.from; j-- {
		k := p.classes[j]
		if k&groupWords != 0 {
			group |= k
			if k&agent != 0 {
				subject = agent // "let me"
			}
			continue
		}
		break
	}
	start = j + 1
	for ; j >= c.from; j-- {
		if s := p.classes[j] & (agent | you | third); s != 0 {
			return group, s, start
		}
	}
	return group, subject, start
}

// opens reports whether nothing but joining words stands between the beginning of
// a clause and a place.
func (p *parser) opens(c span, at int) bool {
	if p.verbLast {
		return true
	}
	for i := c.from; i < at; i++ {
		if p.classes[i]&(join|adverb|clause) == 0 {
			return false
		}
	}
	return true
}

// denied reports whether a negation of the clause is one of the verb.
func (p *parser) denied(c span, i int) bool {
	for j := c.from; j < c.to; j++ {
		if p.classes[j]&not != 0 && (p.verbLast || j < i || j == i+1) {
			return true
		}
	}
	return false
}

// elliptic reports whether a participle alone says that something is done: it
// ends a clause that has little else, such as "Order cancelled".
func (p *parser) elliptic(c span, i, start int) bool {
	if c.to-c.from > 6 || strings.ContainsAny(c.lead, ":(\"“”„«'") {
		return false
	}
	for j := i + 1; j < c.to; j++ {
		if p.classes[j]&(adverb|now) == 0 {
			return false
		}
	}
	for j := c.from; j < start; j++ {
		if p.classes[j]&(owned|adverb|join) == 0 && p.noun(j) == 0 {
			return false
		}
		if p.classes[j]&owned != 0 && j == start-1 {
			return false // "your cancelled ..."
		}
	}
	return true
}

// state reports whether a participle of the present says how things are, and not
// how they are as a rule.
func (p *parser) state(c span, i int, s sense, all class) bool {
	if all&now != 0 {
		return true
	}
	if s.takes != 0 && !p.verbLast || p.rule || all&(vague|general) != 0 {
		return false
	}
	if i+1 < c.to && p.classes[i+1]&before != 0 && !p.verbLast {
		return false
	}
	for j := c.from; j < i; j++ {
		if p.classes[j]&(owned|you|third) != 0 {
			return true
		}
	}
	return p.verbLast && i > c.from
}

// noun returns what the noun at i speaks of. Of nouns in a row the last counts:
// an email address is no email.
func (p *parser) noun(i int) topics {
	t := p.speaksOf(i)
	if t == 0 || i+1 >= len(p.list) {
		return t
	}
	if strings.Trim(p.list[i+1].Before, " -") == "" && (p.classes[i+1]&request != 0 || p.tag == "en" && p.speaksOf(i+1) != 0) {
		return 0
	}
	return t
}

// partitive are prepositions that are articles at the beginning of a clause.
var partitive = wordSet("des du de dei delle degli")

func (p *parser) senses(i int) []sense { return p.list[i].known.of[p.language].senses }

// speaksOf returns the topics of a noun, none of another word.
func (p *parser) speaksOf(i int) topics {
	for _, s := range p.senses(i) {
		if s.form == noun {
			return s.topics
		}
	}
	return 0
}

// prepositional reports whether the noun at i follows a preposition, so that it is
// not what the verb acts on.
func (p *parser) prepositional(c span, i int) bool {
	article := false
	for j := i - 1; j >= c.from && j >= i-3; j-- {
		k := p.classes[j]
		if article && k&before == 0 {
			return false // "mis à jour votre adresse"
		}
		article = article || k&owned != 0
		if k&before != 0 {
			if j == i-1 && p.speaksOf(i)&bookings != 0 && !p.verbLast && p.tag != "en" {
				return false // "un producto de reemplazo"
			}
			return j != c.from || !partitive[p.list[j].Text]
		}
		if k&(groupWords&^(adverb|now)) != 0 || p.noun(j) != 0 {
			return false
		}
	}
	return false
}

// object returns what a verb at i that needs a noun acts on.
func (p *parser) object(c span, i int, s sense, actor Actor) topics {
	if s.takes&humans != 0 {
		for j := c.from; j < c.to; j++ {
			if t := p.noun(j) & (humans | tickets); t&s.takes != 0 {
				return t
			}
		}
	}
	seen := false
	look := func(j int) (topics, bool) {
		t := p.noun(j)
		if t == 0 || j == i || p.prepositional(c, j) && !strings.HasPrefix(p.list[i].Text, "procéd") && !strings.HasPrefix(p.list[i].Text, "proced") {
			return 0, false
		}
		seen = true
		return t & s.takes, true
	}
	if actor == Agent && !p.verbLast {
		for j := i + 1; j < c.to; j++ {
			if t, ok := look(j); ok {
				return t
			}
		}
		for j := i - 1; j >= c.from; j-- {
			if t, ok := look(j); ok {
				return t
			}
		}
	} else {
		for j := c.from; j < c.to; j++ {
			if t, ok := look(j); ok && (t != 0 || j < i && !p.verbLast) {
				return t
			}
		}
	}
	if !seen && p.lastNoun&s.takes != 0 && (actor == Nobody || p.carried != 0) && c.from > 0 {
		return p.lastNoun
	}
	return 0
}

// received finds that the customer will get something: "you will receive a refund".
func (p *parser) received(c span, all class, trailing bool) {
	if all&receive == 0 || all&(not|modal|condition|saying|vague) != 0 || trailing || p.conditional || p.reported || p.rule {
		return
	}
	if p.tag == "en" && (all&will == 0 || all&you == 0) {
		return
	}
	back, from := false, c.from
	for i := c.from; i < c.to; i++ {
		if p.classes[i]&receive != 0 && !p.verbLast && from == c.from {
			from = i + 1
		}
		back = back || backs[p.list[i].Text]
	}
	for i := from; i < c.to; i++ {
		t := p.noun(i)
		switch {
		case p.prepositional(c, i):
		case t&money != 0 && back:
			p.found.add(Refund, Nobody, true)
			return
		case t&(refunds|credits) != 0 && (!p.verbLast || i > c.from && p.classes[i-1]&owned != 0 && !indefinite[p.list[i-1].Text]):
			p.found.add((t & (refunds | credits)).kind(), Nobody, true)
			return
		}
	}
}

var (
	backs      = wordSet("back zurück terug tillbaka")
	indefinite = wordSet("ein eine einen een en ett")
)

// human finds that a human will take over: "a colleague will contact you".
func (p *parser) human(c span, all class, trailing bool) {
	if all&contact == 0 || all&(not|modal|condition|saying) != 0 || trailing || p.conditional || p.reported {
		return
	}
	for i := c.from; i < c.to; i++ {
		if p.speaksOf(i)&humans == 0 || p.prepositional(c, i) {
			continue
		}
		for j := c.from; j < c.to; j++ {
			if p.classes[j]&contact == 0 || !p.verbLast && j < i {
				continue
			}
			if all&(will|willBe) != 0 || p.verbLast && all&contact != 0 || p.dropped && all&contact != 0 {
				p.found.add(Escalation, Nobody, true)
				return
			}
		}
	}
}
