// Package sse reads a server-sent event stream the way OpenAI-compatible hosts
// send it, which is often not quite the way the standard asks for it.
//
// The standard (https://html.spec.whatwg.org/multipage/server-sent-events.html)
// ends an event with a blank line. Some hosts put a single line break between
// events, leave the last one unterminated, or mix plain words into the data.
// This reader therefore takes every data line that is a whole JSON object as an
// event of its own, still joins an object that is spread over several data
// lines, and steps over everything that is not JSON.
package sse

import (
	"bytes"
	"errors"
	"io"
)

// MaxLine is the longest line, and the longest event joined from several lines,
// that a Reader accepts, in bytes.
const MaxLine = 32 << 20

// ErrTooLong is returned by Next for a line or an event longer than MaxLine. The
// input is not an event stream; close it and do not read on.
var ErrTooLong = errors.New("sse: line is longer than 32 MB: close the stream")

const (
	initialBuffer = 8 << 10
	// maxEmptyReads is how many reads in a row may yield neither bytes nor an
	// error before the source counts as broken, as in package bufio.
	maxEmptyReads = 100
	// maxNames bounds the names kept to avoid an allocation per event.
	maxNames = 16
)

// Event is one event of the stream.
type Event struct {
	// Name is the value of the event field before the data, empty if there was none.
	Name string
	// Data is one JSON object, or the text [DONE]. After "event: error" it may be
	// any text, as some hosts explain their errors in plain words. It is valid
	// until the next call of Next.
	Data []byte
}

// Reader reads events from an input. It is not safe for concurrent use.
type Reader struct {
	source io.Reader
	err    error // the end of the input, returned once the buffer is used up

	buffer     []byte
	start, end int // the unread part of buffer
	lf, cr     int // no line feed in buffer[start:lf], no carriage return in buffer[start:cr]
	skipLF     bool
	began      bool

	name  string
	names map[string]string

	joined  []byte // the event being put together from several data lines
	open    bool   // joined is not complete yet
	scanner scanner

	skipped int
	tail    bool
}

// NewReader returns a Reader of r. It reads ahead only what r has ready, so an
// event is delivered as soon as the line break after its data arrives.
func NewReader(r io.Reader) *Reader {
	return &Reader{source: r}
}

// Next returns the next event. At the end of the input it returns io.EOF; an
// error of the input is returned as it is, after the events that came before
// it; an endless line is ErrTooLong. An error is final: later calls return it again.
//
// Data that is neither a JSON object nor [DONE] is not an event; see Skipped.
func (r *Reader) Next() (Event, error) {
	for {
		line, terminated, err := r.line()
		if err != nil {
			if r.open {
				r.open, r.tail = false, true
				r.skipped++
			}
			return Event{}, err
		}
		event, ok, err := r.take(line)
		if err != nil {
			r.fail(err)
			return Event{}, err
		}
		if ok {
			return event, nil
		}
		if !terminated {
			r.tail = true
		}
	}
}

// Skipped returns how many data payloads were left out so far because they were
// not JSON: keep-alive words, empty lines, objects that were cut off.
func (r *Reader) Skipped() int { return r.skipped }

// Tail reports whether the input ended inside a line or an event that could not
// be delivered, which is to say that the stream was cut. It is known once Next
// has returned an error.
func (r *Reader) Tail() bool { return r.tail }

// take reads one line and reports whether it completes an event.
func (r *Reader) take(line []byte) (Event, bool, error) {
	if value, ok := bytes.CutPrefix(line, []byte("data:")); ok {
		return r.data(value)
	}
	if len(line) == 0 {
		if r.open {
			r.open = false
			r.skip()
		}
		return Event{}, false, nil
	}
	if value, ok := bytes.CutPrefix(line, []byte("event:")); ok {
		r.name = r.intern(bytes.TrimSpace(value))
	} else if string(line) == "data" {
		return r.data(nil)
	}
	return Event{}, false, nil
}

func (r *Reader) data(value []byte) (Event, bool, error) {
	value = trim(value)
	if r.open {
		if len(r.joined)+1+len(value) > MaxLine {
			return Event{}, false, ErrTooLong
		}
		r.joined = append(append(r.joined, '\n'), value...)
		switch r.scanner.line(value) {
		case complete:
			r.open = false
			return r.event(r.joined), true, nil
		case incomplete:
			return Event{}, false, nil
		}
		// What was open is broken, but this line may be an event of its own.
		r.open = false
		r.skipped++
	}
	if string(value) == "[DONE]" {
		return r.event(value), true, nil
	}
	if len(value) > 0 && value[0] == '{' {
		r.scanner.reset()
		switch r.scanner.line(value) {
		case complete:
			return r.event(value), true, nil
		case incomplete:
			r.joined = append(r.joined[:0], value...)
			r.open = true
			return Event{}, false, nil
		}
	}
	if len(value) > 0 && r.name == "error" {
		return r.event(value), true, nil
	}
	r.skip()
	return Event{}, false, nil
}

func (r *Reader) event(data []byte) Event {
	event := Event{Name: r.name, Data: data}
	r.name = ""
	return event
}

func (r *Reader) skip() {
	r.skipped++
	r.name = ""
}

// intern returns name as a string, the same one each time, so that a stream that
// names every event costs no allocation per event.
func (r *Reader) intern(name []byte) string {
	if known, ok := r.names[string(name)]; ok {
		return known
	}
	fresh := string(name)
	if len(r.names) < maxNames {
		if r.names == nil {
			r.names = make(map[string]string)
		}
		r.names[fresh] = fresh
	}
	return fresh
}

// line returns the next line without its line break. The last line of the input
// may lack one; terminated says so.
func (r *Reader) line() (line []byte, terminated bool, err error) {
	for empty := 0; ; {
		if r.skipLF && r.start < r.end {
			// A carriage return ended the line before without waiting for this byte.
			if r.buffer[r.start] == '\n' {
				r.start++
			}
			r.skipLF = false
		}
		if at := r.lineBreak(); at < r.end {
			line = r.buffer[r.start:at]
			if r.buffer[at] == '\r' {
				r.skipLF = true
			}
			r.start = at + 1
			return r.first(line), true, nil
		}
		if r.end-r.start > MaxLine {
			r.fail(ErrTooLong)
		}
		if r.err != nil {
			if r.start == r.end {
				return nil, false, r.err
			}
			line = r.buffer[r.start:r.end]
			r.start = r.end
			return r.first(line), false, nil
		}
		before := r.end
		r.fill()
		if r.end > before {
			empty = 0
		} else if empty++; empty > maxEmptyReads && r.err == nil {
			r.err = io.ErrNoProgress
		}
	}
}

// lineBreak returns the position of the next line break, or end if there is none
// yet. Each byte is looked at once for either kind, whatever the line lengths and
// the sizes of the reads are.
func (r *Reader) lineBreak() int {
	r.lf = r.find('\n', r.lf, r.end)
	r.cr = r.find('\r', r.cr, r.lf)
	return min(r.lf, r.cr)
}

// find returns the position of c, or limit, going on from an earlier answer.
func (r *Reader) find(c byte, from, limit int) int {
	from = max(from, r.start)
	if from >= limit || r.buffer[from] == c {
		return from
	}
	if i := bytes.IndexByte(r.buffer[from:limit], c); i >= 0 {
		return from + i
	}
	return limit
}

// fill makes room and reads once, so that it never waits for more than there is.
func (r *Reader) fill() {
	if r.start > 0 {
		copy(r.buffer, r.buffer[r.start:r.end])
		r.lf = max(r.lf-r.start, 0)
		r.cr = max(r.cr-r.start, 0)
		r.start, r.end = 0, r.end-r.start
	}
	if r.end == len(r.buffer) {
		// The one byte more is the line break, or the proof that the line is too long.
		grown := make([]byte, min(max(2*len(r.buffer), initialBuffer), MaxLine+1))
		copy(grown, r.buffer[:r.end])
		r.buffer = grown
	}
	n, err := r.source.Read(r.buffer[r.end:])
	r.end += n
	r.err = err
}

// first removes the byte order mark that may stand before the first line.
func (r *Reader) first(line []byte) []byte {
	if r.began {
		return line
	}
	r.began = true
	return bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
}

// fail ends the reading with err and forgets what is left of the input.
func (r *Reader) fail(err error) {
	r.err = err
	r.start, r.end, r.lf, r.cr = 0, 0, 0, 0
	r.open = false
}

// trim removes the blanks around a payload. The standard knows only one optional
// blank before it; others do no harm to JSON.
func trim(value []byte) []byte {
	for len(value) > 0 && (value[0] == ' ' || value[0] == '\t') {
		value = value[1:]
	}
	for n := len(value); n > 0 && (value[n-1] == ' ' || value[n-1] == '\t'); n-- {
		value = value[:n-1]
	}
	return value
}
