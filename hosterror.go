package frontdesk

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// newHostError reads an answer with an error status. Keys that redact knows do
// not get into it.
func newHostError(status int, header http.Header, body []byte, redact func(string) string) *HostError {
	e := &HostError{Status: status, RetryAfter: retryAfter(header, time.Now())}
	code, kind, message, param := hostWords(header, body)
	e.param = param
	e.Code, e.Type, e.Message = shorten(redact(code)), shorten(redact(kind)), shorten(redact(message))
	if e.RetryAfter == 0 && e.kind() == ErrQuota {
		e.RetryAfter = untilMore(header, message, time.Now())
	}
	return e
}

// The wordings by which hosts tell what their statuses do not. They were
// collected from the error tables and issue threads of OpenAI, vLLM, SGLang,
// llama.cpp, Ollama, TGI, DeepSeek, Moonshot and several gateways.
var (
	rateWording = regexp.MustCompile(`(?i)rate.?limit|throttl|too many requests|requests per (second|minute)`)

	quotaWording = regexp.MustCompile(`(?i)insufficient.?quota|quota|billing|insufficient (balance|credit|funds)|daily|monthly|per.day|plan limit|resets? (in|at)`)

	overflowWording = regexp.MustCompile(`(?i)maximum context length|context.?length.?exceeded|exceeds? the (model'?s )?(maximum )?(context|input)|` +
		`context (window|length|size)|exceed_context_size|input length \d+ exceeds|exceeded model token limit|` +
		`(prompt|input|request) is too long|tokens in request more than max tokens|reduce the length of the (messages|input|prompt)|` +
		`inputs.{0,4} tokens \+|maximum prompt length|input token count|must have less than \d+ tokens|too many (input )?tokens`)

	planWording = regexp.MustCompile(`(?i)quota|plan|tier|upgrade|subscription|limit`)

	webAddress = regexp.MustCompile(`https?://\S+`)

	authWording = regexp.MustCompile(`(?i)api.?key|unauthori[sz]ed|authenticat|invalid.?token`)

	overloadWording = regexp.MustCompile(`(?i)overload|capacity|unavailable|server_error|internal error|queue (is )?full|workers? (are )?busy|timed? ?out|try again`)
)

// longWait is the Retry-After from which a refusal for too many requests means
// that a quota is used up rather than that they came too fast.
const longWait = 5 * time.Minute

// kind says what the error means, or returns nil.
func (e *HostError) kind() error {
	// Ordinary rate limits come with the address of the billing page.
	words := webAddress.ReplaceAllString(e.Code+" "+e.Type+" "+e.Message, "")
	forbidden := e.Status == http.StatusForbidden
	switch status := e.Status; {
	case status == http.StatusOK:
		return e.kindInAnswer(words)
	case status == http.StatusUnauthorized:
		return ErrAuth
	case status == http.StatusPaymentRequired:
		return ErrQuota
	case status == http.StatusTooManyRequests && (e.RetryAfter >= longWait || quotaWording.MatchString(words)):
		return ErrQuota
	case status == http.StatusTooManyRequests || status == http.StatusTooEarly:
		return ErrRateLimited
	case status == http.StatusRequestEntityTooLarge:
		return ErrContextWindow
	case status >= http.StatusInternalServerError && rateWording.MatchString(words):
		return ErrRateLimited
	case !forbidden && !rateWording.MatchString(words) && overflowWording.MatchString(words):
		return ErrContextWindow
	case forbidden && authWording.MatchString(words) && !planWording.MatchString(words):
		return ErrAuth
	case forbidden:
		// What others use for permissions, Oxlo uses for plans.
		return ErrQuota
	case status == http.StatusRequestTimeout || status == http.StatusConflict || status >= http.StatusInternalServerError:
		return ErrOverloaded
	default:
		return nil
	}
}

// kindInAnswer is kind for an error in the middle of an answer, where the status
// says nothing. Some hosts put one into the code.
func (e *HostError) kindInAnswer(words string) error {
	if status, err := strconv.Atoi(e.Code); err == nil && status >= http.StatusBadRequest && status < 600 {
		inner := HostError{Status: status, Code: e.Code, Type: e.Type, Message: e.Message}
		return inner.kind()
	}
	switch {
	case quotaWording.MatchString(words):
		return ErrQuota
	case rateWording.MatchString(words):
		return ErrRateLimited
	case overflowWording.MatchString(words):
		return ErrContextWindow
	case authWording.MatchString(words):
		return ErrAuth
	case overloadWording.MatchString(words):
		return ErrOverloaded
	default:
		return nil
	}
}

// retryAfter reads how long a host asks to wait: in milliseconds, in seconds,
// or until a date (RFC 9110, section 10.2.3).
func retryAfter(header http.Header, now time.Time) time.Duration {
	number := func(name string, unit time.Duration) time.Duration {
		value, err := strconv.ParseFloat(header.Get(name), 64)
		if err != nil || value <= 0 || value != value {
			return 0
		}
		const most = 30 * 24 * time.Hour
		return time.Duration(min(value*float64(unit), float64(most)))
	}
	if wait := number("Retry-After-Ms", time.Millisecond); wait > 0 {
		return wait
	}
	if wait := number("Retry-After", time.Second); wait > 0 {
		return wait
	}
	if date, err := http.ParseTime(header.Get("Retry-After")); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}

// hostWords finds the host's own account of an error in the shapes that are
// about: an object or a string under "error", or fields at the top.
func hostWords(header http.Header, body []byte) (code, kind, message, param string) {
	mediaType, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if text := bytes.TrimSpace(body); mediaType == "text/html" || bytes.HasPrefix(text, []byte("<")) {
		return "", "", "", "" // a proxy's page, of no use to anyone
	}
	type words struct {
		Code    any `json:"code"`
		Type    any `json:"type"`
		Message any `json:"message"`
		Detail  any `json:"detail"`
		Param   any `json:"param"`
	}
	var outer struct {
		words
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &outer) != nil {
		return "", "", strings.TrimSpace(string(body)), ""
	}
	found := outer.words
	var text string
	switch {
	case json.Unmarshal(outer.Error, &text) == nil && text != "":
		found.Message = text
	case len(outer.Error) > 0:
		_ = json.Unmarshal(outer.Error, &found) // what does not fit stays empty
	}
	if found.Message == nil {
		found.Message = found.Detail
	}
	return wordOf(found.Code), wordOf(found.Type), wordOf(found.Message), wordOf(found.Param)
}

// wordOf renders a part of an error. Lists are those of FastAPI, whose items say
// where something is wrong and what.
func wordOf(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case []any:
		var words []string
		for _, item := range value {
			words = append(words, wordOf(item))
		}
		return strings.Join(words, "; ")
	case map[string]any:
		if message, ok := value["msg"].(string); ok {
			path, _ := value["loc"].([]any)
			var steps []string
			for _, step := range path {
				steps = append(steps, wordOf(step))
			}
			if len(steps) == 0 {
				return message
			}
			return strings.Join(steps, ".") + ": " + message
		}
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(encoded)
}

// shorten keeps an error of a host short enough for a log line.
func shorten(text string) string {
	const most = 500
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
