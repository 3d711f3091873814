package offline

import (
	"regexp"
	"slices"
	"strings"
)

// intent is what a customer wants.
type intent string

const (
	wantStatus   intent = "status"
	wantRefund   intent = "refund"
	wantCancel   intent = "cancel"
	wantAddress  intent = "address"
	wantOrders   intent = "orders"
	wantProduct  intent = "product"
	wantPolicy   intent = "policy"
	wantHuman    intent = "human"
	wantManager  intent = "manager" // a complaint
	wantIdentity intent = "identity"
	sayNo        intent = "no"
	sayYes       intent = "yes"
	sayThanks    intent = "thanks"
	sayGoodbye   intent = "goodbye"
	sayHello     intent = "hello"
)

// needsOrder tells the intents that are about one order.
func (i intent) needsOrder() bool {
	return i == wantStatus || i == wantRefund || i == wantCancel || i == wantAddress
}

// isSmallTalk tells the intents that only matter if there is no other.
func (i intent) isSmallTalk() bool {
	return i == sayNo || i == sayYes || i == sayThanks || i == sayGoodbye || i == sayHello
}

// task is one thing to do for the customer.
type task struct {
	want  intent
	order string // empty if it is not known, or does not matter
	words string // the customer's, on this task
}

// signs are what intents are told by, in the order in which they are tried.
var signs = []struct {
	want    intent
	pattern *regexp.Regexp
}{
	{wantIdentity, sign(`are you (really |actually )?(an? )?(ai|bot|chat ?bot|robot|computer|machine|human|person|real|llm|chatgpt)\b|(talking|speaking|chatting) (to|with) (an? )?(ai|bot|robot|computer|machine|real|human)`)},
	{sayNo, sign(`\b(don'?t|do not|never) (want to )?(refund|cancel|change|return)`)},
	{wantHuman, sign(`\b(talk|speak|chat|connect|transfer|escalate|put me through|hand me|get me|want|need)\b.{0,30}\b(human|person|agent|someone|somebody|representative|colleague|employee|operator|manager|supervisor)\b|^(human|agent|operator|representative)\b|\breal (human|person)\b|mit einem menschen|un humain|una persona`)},
	{wantManager, sign(`\b(manager|supervisor|complain|complaint|unacceptable|ridiculous|outrageous|disgrace|lawyer|sue you|scam|fraud|furious)`)},
	{wantOrders, sign(`\b(my|all|list|show) (recent |past |last |open )?orders\b|order history|what (did|have) i (order|buy|bought)|which orders`)},
	{wantProduct, sign(`\b(do you (sell|stock|carry)|looking for|in stock|show me|recommend)|\b(do you have|have you got|price of|how much (is|are|does|do)|cost of)\b.*\b(lamp|light|bulb|linen|sheet|duvet|towel|tablecloth|throw|cushion|candle|gift card)`)},
	{wantCancel, sign(`\b(cancel|cancellation|call off|stornier|annuler|cancelar)\b|stornieren`)},
	{wantAddress, sign(`\baddress\b|\bdeliver (it|my order|ORD-\d+) to\b`)},
	{wantRefund, sign(`refund|money back|reimburse|damaged|broken?\b|crack|shatter|faulty|defective|\bin pieces\b|wrong (item|product|size|colou?r|one)|\b(received|got|sent|delivered)\b.{0,15}\bwrong\b|\breturn|send (it|this|them) back|erstattung|geld zurück|kaputt|rembours|cassé|reembols|\broto\b`)},
	{wantStatus, sign(`\bwhere('?s| is| are)\b|\bstatus\b|\btrack|\bwhen (will|does|do|is|are)\b|arriv|\bdeliver|\bshipped|\blost\b|still waiting|\bwo (ist|bleibt)\b|où est|dónde está`)},
	{sayGoodbye, sign(`\b(good ?bye|bye|see you|that('s| is) all|tschüss|au revoir|adiós)`)},
	{sayThanks, sign(`\b(thanks?|thank you|thx|cheers|danke|merci|gracias)\b`)},
	{sayYes, sign(`^(yes|yeah|yep|yup|sure|ok|okay|please do|go ahead|of course|correct|exactly|do it|ja|oui|sí|si)\b`)},
	{sayNo, sign(`^(no|nope|nah|not now|rather not|never mind|nein|non)\b`)},
	{sayHello, sign(`^(hi|hello|hey|good (morning|afternoon|evening)|hallo|guten|bonjour|hola|buen)|` + aboutUs)},
}

// aboutUs is small talk that looks like a question about a policy.
const aboutUs = `\bhow are you\b|\bwhat can you (do|help)|\bneed (some )?help$`

func sign(pattern string) *regexp.Regexp { return regexp.MustCompile(`(?i)` + pattern) }

var (
	orderNumber = sign(`\bORD-\d+\b`)
	clauseEnd   = sign(`[.?!;\n]+(?:\s+|$)|,?\s+(?:and|but|also|then|und|et|y)\s+`)

	// question begins a clause that asks and does not order; "can you refund"
	// orders.
	question = sign(`^(how|what|which|why|when (do|does|is|are|can)|do you|does|did|is|are|was|were|has|have (i|you)|who|am i|can i still|could i still)\b`)

	// inGeneral begins a clause that, unless it is about the customer's own
	// order, asks for a policy.
	inGeneral = sign(`^(how|what|which|why|when (do|does|is|are|can)|where (do|can|are you)|do you|does|is (it|there|the|my)|are (there|you|the|my)|who|can (i|one|you)|could i|may i|am i|tell me about)\b|\b(policy|policies|warranty|opening hours|programme|conditions)\b`)
	theirOwn  = sign(`\bmy (order|parcel|package|delivery|refund|money)|\bthis order|\bthe order\b`)
	personal  = sign(`\b(me|it|this|these)\b`)
	smallSign = sign(aboutUs)
)

// orderNumbers finds the order numbers in a text, each once.
func orderNumbers(text string) []string {
	var numbers []string
	for _, number := range orderNumber.FindAllString(text, -1) {
		if number = strings.ToUpper(number); !slices.Contains(numbers, number) {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// understand reads the tasks out of what a customer said, clause by clause. What
// a clause leaves out (the intent in "and ORD-7714?", the number in "it arrived
// broken") it takes from the clauses before it.
func understand(said string) []task {
	var tasks []task
	for _, clause := range clausesOf(said) {
		numbers, want := orderNumbers(clause), intentOf(clause, orderNumber.MatchString(said))
		last := len(tasks) - 1
		switch {
		case want == "" && len(numbers) == 0:
			if last >= 0 {
				tasks[last].words += " " + clause
			}
			continue
		case want == "" && last >= 0:
			want = tasks[last].want // perhaps none yet
		case len(numbers) > 0 && (want == wantPolicy || want.isSmallTalk() && want != sayNo):
			want = ""
		}
		if want != "" && !want.needsOrder() {
			tasks = append(tasks, task{want: want, words: clause})
			continue
		}
		if len(numbers) == 0 && last >= 0 {
			numbers = []string{tasks[last].order}
		}
		if len(numbers) == 0 {
			numbers = []string{""}
		}
		for _, number := range numbers {
			tasks = add(tasks, task{want: want, order: number, words: clause})
		}
	}
	for i := range tasks {
		if tasks[i].want == "" {
			tasks[i].want = wantStatus // a number and nothing else
		}
	}
	if slices.ContainsFunc(tasks, func(t task) bool { return !t.want.isSmallTalk() }) {
		tasks = slices.DeleteFunc(tasks, func(t task) bool { return t.want.isSmallTalk() && t.want != sayNo })
	}
	return tasks
}

// add appends a task, or joins it with one for the same order and intent. What
// was not known of the first, its order or its intent, is known then.
func add(tasks []task, t task) []task {
	for i := range tasks {
		if (tasks[i].want == t.want || tasks[i].want == "") && (tasks[i].order == t.order || tasks[i].order == "" || t.order == "") {
			tasks[i].words += ". " + t.words
			tasks[i].want = t.want
			if tasks[i].order == "" {
				tasks[i].order = t.order
			}
			return tasks
		}
	}
	return append(tasks, t)
}

func clausesOf(said string) []string {
	var clauses []string
	for _, clause := range clauseEnd.Split(said, -1) {
		if clause = strings.TrimSpace(clause); clause != "" {
			clauses = append(clauses, clause)
		}
	}
	return clauses
}

// opening are words that hide how a clause begins.
var opening = sign(`^(hi|hello|hey|please|so|well|yes|no|ok|okay|thanks|thank you)[ ,]+`)

// intentOf tells what a clause wants, and empty if there is no sign of it. It
// makes a difference whether the message names an order: "can I get a refund"
// asks for it then, and for the policy otherwise.
func intentOf(clause string, namesOrder bool) intent {
	bare := opening.ReplaceAllString(clause, "")
	asks, general := question.MatchString(bare), inGeneral.MatchString(bare) && !smallSign.MatchString(bare)
	for _, s := range signs {
		if !s.pattern.MatchString(clause) && !s.pattern.MatchString(bare) {
			continue
		}
		switch {
		case s.want.isSmallTalk() && s.want != sayNo && general:
			return wantPolicy
		case !s.want.needsOrder():
			return s.want
		case general && asks && !orderNumber.MatchString(bare) && !theirOwn.MatchString(bare):
			return wantPolicy
		case general && !asks && !namesOrder && !theirOwn.MatchString(bare) && !personal.MatchString(bare):
			return wantPolicy
		case asks:
			return wantStatus // "when was it refunded?" is no order to pay
		}
		return s.want
	}
	if general {
		return wantPolicy
	}
	return ""
}

// reason picks the customer's own words for why: the clause that tells what is
// wrong, or all of them.
func reason(texts ...string) string {
	for _, text := range texts {
		for _, clause := range clausesOf(text) {
			if complaint.MatchString(clause) {
				return clip(clause, 200)
			}
		}
	}
	return clip(strings.TrimSpace(texts[0]), 200)
}

var complaint = sign(`damag|broke|in pieces|crack|shatter|faulty|defect|wrong|missing|lost|never|not (arrive|work|fit)|n't (arrive|work|fit|like|want|need)|too (big|small|late|long|dark|bright)|\blate\b|because|changed my mind|by mistake|twice|kaputt|cassé|roto`)

func clip(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}

// Addresses are read as "street, postal code city[, country]".
var (
	addressStart = sign(`(?s)(?:\baddress\b.*?(?:\bto\b|:|\bis\b)|\bdeliver (?:it|my order|ORD-\d+) to\b)`)
	addressForm  = sign(`^([^,\n]*\d[^,\n]*),\s*([A-Z]{0,2}-?\d{4,5}(?: ?[A-Z]{2})?)\s+([^,.?!\n]+?)(?:,\s*([\pL ]+?))?(?:[.?!\n]|\s+and\b|\s*$)`)
)

// readAddress finds a postal address in a text and gives its parts under the
// names that tools declare.
func readAddress(text string) (map[string]any, bool) {
	if start := addressStart.FindStringIndex(text); start != nil {
		text = text[start[1]:]
	}
	parts := addressForm.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return nil, false
	}
	address := map[string]any{"street": parts[1], "postal_code": parts[2], "city": parts[3]}
	whole := parts[1] + ", " + parts[2] + " " + parts[3]
	if parts[4] != "" {
		address["country"] = parts[4]
		whole += ", " + parts[4]
	}
	address["address"], address["new_address"], address["delivery_address"] = whole, whole, whole
	return address, true
}
