package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	heartbeat = 15 * time.Second // between two comments, where there is nothing else
	patience  = 5 * time.Second  // for a client to take what is sent
)

// events writes server-sent events. Once a client has left, it writes to nobody.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
	quiet   *time.Timer

	mu    sync.Mutex
	begun bool
	left  bool
	over  bool
}

func newEvents(w http.ResponseWriter) *events {
	e := &events{w: w, control: http.NewResponseController(w)}
	_ = e.control.SetWriteDeadline(time.Time{}) // a stream takes as long as it takes
	e.quiet = time.AfterFunc(heartbeat, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if !e.over {
			e.write(": \n\n")
		}
	})
	return e
}

// send sends an event.
func (e *events) send(kind string, value any) {
	data, err := json.Marshal(value)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.left = true
		return
	}
	e.write(fmt.Sprintf("event: %s\ndata: %s\n\n", kind, data))
}

// instead answers the request otherwise, if no event was sent yet.
func (e *events) instead(answer func(http.ResponseWriter)) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.begun {
		return false
	}
	e.over = true
	answer(e.w)
	return true
}

// end must be called before the handler returns.
func (e *events) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.over = true
	e.quiet.Stop()
}

func (e *events) write(text string) {
	if e.left {
		return
	}
	if !e.begun {
		e.begun = true
		e.w.Header().Set("Content-Type", "text/event-stream")
		e.w.Header().Set("X-Accel-Buffering", "no") // proxies would hold the pieces back
		e.w.WriteHeader(http.StatusOK)
	}
	_ = e.control.SetWriteDeadline(time.Now().Add(patience))
	_, err := e.w.Write([]byte(text))
	if err == nil {
		// Behind a writer that cannot, the pieces come when it is full.
		if err = e.control.Flush(); errors.Is(err, http.ErrNotSupported) {
			err = nil
		}
	}
	_ = e.control.SetWriteDeadline(time.Time{})
	e.left = err != nil
	e.quiet.Reset(heartbeat)
}
