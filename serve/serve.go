// Package serve puts an agent behind net/http: [Customers] is what a chat window
// talks to, and [Colleagues] what the people behind it do, who approve, take over
// and hand back.
//
// Who sends a request is for the application to say, by the session, token or
// certificate that it knows. Nothing in a path or body names a customer, a tenant or
// a colleague: a body with a field that is not expected is refused. A customer
// reaches no conversation of another, and no route of Customers decides anything
// that is a colleague's to decide.
//
// Mount each below a path of its own with [http.StripPrefix]. Ids in paths and bodies
// have at most 200 bytes and no control characters. Run
// [frontdesk.Agent.KeepRecovering] beside them: turns that broke off are gone on with
// there, and its callback delivers their replies.
//
// Both handlers take bodies of JSON alone, and refuse requests that pages of other
// origins make a browser send. Their errors tell a client what it can do, and no
// more: the rest goes to the log. All are JSON, {"error": "..."}, with the status
//
//	400  the body is not what the route takes    404  no such conversation or route
//	401  nobody knows who sends                  405  another method
//	403  they may not, or another origin sent it 413  the body is longer than 1 MiB
//	503  the host or the store failed            415  the body is not application/json
//
// and those that each handler names.
package serve

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/frontdesk-go/frontdesk"
)

// maxBody is how long the body of a request may be, in bytes. What a message may
// have of it, [frontdesk.Config].MaxMessage says.
const maxBody = 1 << 20

// ErrForbidden is what an Identify function wraps for somebody who is known and may
// not: the status is 403. With any other error it is 401.
var ErrForbidden = errors.New("they may not")

// reader reads requests and writes answers.
type reader struct {
	logger *slog.Logger
}

// unidentified answers a request of which Identify knows no sender.
func (rd reader) unidentified(w http.ResponseWriter, r *http.Request, err error) {
	rd.logger.InfoContext(r.Context(), "sender not identified", "method", r.Method, "path", r.URL.Path, "error", err)
	if errors.Is(err, ErrForbidden) {
		fail(w, http.StatusForbidden, "you may not")
		return
	}
	fail(w, http.StatusUnauthorized, "sign in first")
}

// routes is a mux whose errors are JSON, too.
type routes struct{ *http.ServeMux }

func newRoutes() routes {
	mux := routes{http.NewServeMux()}
	mux.ServeMux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fail(w, http.StatusNotFound, "there is no such route") })
	return mux
}

func (m routes) add(method, pattern string, handle http.HandlerFunc) {
	m.ServeMux.HandleFunc(method+" "+pattern, handle)
	m.ServeMux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", method)
		fail(w, http.StatusMethodNotAllowed, "use "+method)
	})
}

// protect wraps the handler of a route tree with what all requests go through.
func protect(mux http.Handler, origins []string) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range origins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("serve: origin %q: %w", origin, err)
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusForbidden, "the page that sent this is of another origin")
	}))
	protected := protection.Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		protected.ServeHTTP(w, r)
	}), nil
}

// body reads a body of JSON into a value. It answers the request itself if it
// returns false.
func (rd reader) body(w http.ResponseWriter, r *http.Request, into any) bool {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		fail(w, http.StatusUnsupportedMediaType, "send application/json")
		return false
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		if _, more := decoder.Token(); more != io.EOF {
			err = errors.New("something follows the object")
		}
	}
	var long *http.MaxBytesError
	switch {
	case err == nil:
		return true
	case errors.As(err, &long):
		fail(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("send at most %d bytes", maxBody))
	default:
		fail(w, http.StatusBadRequest, "the body is not what this route takes: "+inBody(err))
	}
	return false
}

// inBody says what is wrong with a body, without the names of this program.
func inBody(err error) string {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		return fmt.Sprintf("%s cannot be a %s", cmp.Or(kind.Field, "it"), kind.Value)
	case strings.Contains(err.Error(), "unknown field"):
		return strings.TrimPrefix(err.Error(), "json: ")
	default:
		return "it is no JSON object"
	}
}

// maxName is how long the ids are that clients choose, in bytes.
const maxName = 200

// isName reports whether a text can be an id: one that every store takes.
func isName(text string) bool {
	return len(text) <= maxName && utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0
}

// problem is how an error of the agent is told to a client.
type problem struct {
	status int
	words  string
	retry  time.Time // when it is worth another try, zero if nobody knows
}

// explain finds words for an error. What the client can do nothing about goes to
// the log alone.
func (rd reader) explain(r *http.Request, err error) problem {
	var quota *frontdesk.QuotaError
	switch {
	case errors.As(err, &quota):
		return problem{http.StatusTooManyRequests, "too many requests: try again later", quota.Reset}
	case errors.Is(err, frontdesk.ErrRefused):
		return problem{http.StatusUnprocessableEntity, "the message was not taken: shorten it or say it otherwise", time.Time{}}
	case errors.Is(err, frontdesk.ErrWrongCustomer):
		// As for a conversation that does not exist.
		return unknown
	case errors.Is(err, frontdesk.ErrInvalidArguments):
		return problem{http.StatusUnprocessableEntity, err.Error(), time.Time{}}
	case errors.Is(err, frontdesk.ErrNoHuman):
		return problem{http.StatusConflict, "no human has this conversation", time.Time{}}
	case errors.Is(err, frontdesk.ErrUnknownOutcome):
		return problem{http.StatusConflict, "nobody knows what came of a tool call: find out, and tell it under effects first", time.Time{}}
	case errors.Is(err, frontdesk.ErrStillRunning):
		return problem{http.StatusConflict, "this tool call may still take effect: look again after its not_after", time.Time{}}
	case errors.Is(err, frontdesk.ErrApprovalClosed):
		return problem{http.StatusConflict, "this cannot be decided here now: it was decided, has expired, is somebody else's to answer, or the customer has to prove who they are first", time.Time{}}
	}
	rd.logger.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	return problem{http.StatusServiceUnavailable, "it did not work: try again, with the same message id", time.Time{}}
}

// unknown is what is said of a conversation that is not the client's, too.
var unknown = problem{status: http.StatusNotFound, words: "there is no such conversation"}

func (p problem) write(w http.ResponseWriter) {
	if wait := time.Until(p.retry); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	fail(w, p.status, p.words)
}

// fail answers a request with an error.
func fail(w http.ResponseWriter, status int, words string) {
	answer(w, status, map[string]string{"error": words})
}

// answer answers a request with a value.
func answer(w http.ResponseWriter, status int, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n'))
}

// loggerOr is a logger, or the default one.
func loggerOr(logger *slog.Logger) *slog.Logger {
	if logger == nil {
		return slog.Default()
	}
	return logger
}
