package ingest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"
)

// record is an object of a JSON export: an element of a list, or a line.
type record struct {
	fields map[string]json.RawMessage
	list   string // key of the list it stands in, if any
	place  string // says to people where it stands
}

// lists are the keys under which exports keep their records. An object that has
// an id is a record itself, whatever else it has.
var lists = []string{"tickets", "conversations", "articles", "comments", "faqs", "questions", "documents", "items", "data", "results", "users", "records"}

// jsonRecords returns the records in a JSON file: of a list, of a list within an
// object, of one object, or of one object in each line. Errors are about one
// record.
func jsonRecords(data []byte) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		data = bytes.TrimSpace(data)
		if json.Valid(data) {
			recordsOf(data, "", yield)
			return
		}
		if !bytes.Contains(data, []byte("\n")) || !json.Valid(firstLine(data)) {
			yield(record{}, fmt.Errorf("it is neither JSON nor a JSON object in each line: %w", syntaxError(data)))
			return
		}
		lineRecords(bytes.NewReader(data), yield)
	}
}

func firstLine(data []byte) []byte {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return bytes.TrimSpace(line)
}

func syntaxError(data []byte) error {
	var value json.RawMessage
	return json.Unmarshal(data, &value)
}

// maxLineBytes bounds a line of a JSONL file.
const maxLineBytes = 16 << 20

// lineRecords yields the records of a file with one JSON object in each line,
// of which it holds one at a time.
func lineRecords(r io.Reader, yield func(record, error) bool) bool {
	reader := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	for number := 1; ; number++ {
		line = line[:0]
		tooLong := false
		var err error
		for {
			var part []byte
			part, err = reader.ReadSlice('\n')
			if len(line)+len(part) > maxLineBytes {
				tooLong = true
			} else {
				line = append(line, part...)
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				break
			}
		}
		place := "line " + strconv.Itoa(number)
		switch text := bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\xEF\xBB\xBF"))); {
		case tooLong:
			if !yield(record{}, tooMuch("%s: it has more than %d bytes", place, maxLineBytes)) {
				return false
			}
		case len(text) == 0:
		case !json.Valid(text):
			if !yield(record{}, fmt.Errorf("%s: %w", place, syntaxError(text))) {
				return false
			}
		default:
			if !recordsOf(bytes.Clone(text), place, yield) {
				return false
			}
		}
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			yield(record{}, err)
			return false
		}
	}
}

// recordsOf yields the records in a JSON value that is known to be valid.
func recordsOf(data []byte, place string, yield func(record, error) bool) bool {
	list := func(data json.RawMessage, key string) bool {
		var elements []json.RawMessage
		if err := json.Unmarshal(data, &elements); err != nil {
			return yield(record{}, err)
		}
		for i, element := range elements {
			r := record{list: key, place: strings.TrimSpace(fmt.Sprintf("%s %s[%d]", place, key, i))}
			if err := json.Unmarshal(element, &r.fields); err != nil || r.fields == nil {
				if !yield(record{}, fmt.Errorf("%s is no object", r.place)) {
					return false
				}
				continue
			}
			if !yield(r, nil) {
				return false
			}
		}
		return true
	}
	if data[0] == '[' {
		return list(data, "")
	}
	r := record{place: place}
	if err := json.Unmarshal(data, &r.fields); err != nil || r.fields == nil {
		return yield(record{}, errors.New(strings.TrimSpace(place+" it is no object and no list")))
	}
	for _, key := range []string{"ticket", "conversation", "article"} { // answers to a request for one
		if inner := r.object(key); inner != nil && !r.has("id") {
			for _, beside := range []string{"comments", "conversations"} {
				if r.has(beside) && inner[beside] == nil {
					inner[beside] = r.fields[beside]
				}
			}
			return yield(record{fields: inner, place: place}, nil)
		}
	}
	if !r.has("id") && !(r.has("question") || r.has("answer")) {
		found := false
		for _, key := range lists {
			if value := r.fields[key]; len(value) > 0 && value[0] == '[' {
				found = true
				if !list(value, key) {
					return false
				}
			}
		}
		if found {
			return true
		}
	}
	return yield(r, nil)
}

func (r *record) has(key string) bool {
	value, ok := r.fields[key]
	return ok && string(value) != "null"
}

// text returns a field that is a text, a number or a truth value as a text.
func (r *record) text(keys ...string) string {
	for _, key := range keys {
		if text := textValue(r.fields[key]); text != "" {
			return text
		}
	}
	return ""
}

func textValue(value json.RawMessage) string {
	if len(value) == 0 {
		return ""
	}
	switch value[0] {
	case '"':
		var text string
		if json.Unmarshal(value, &text) == nil {
			return text
		}
	case '{', '[', 'n':
	default:
		return string(value)
	}
	return ""
}

// texts returns a field that is a list of texts, or one.
func (r *record) texts(key string) []string {
	var values []json.RawMessage
	if json.Unmarshal(r.fields[key], &values) != nil {
		if text := textValue(r.fields[key]); text != "" {
			return []string{text}
		}
		return nil
	}
	var texts []string
	for _, value := range values {
		if text := textValue(value); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

func (r *record) flag(key string) bool { return r.text(key) == "true" }

func (r *record) object(key string) map[string]json.RawMessage {
	var object map[string]json.RawMessage
	if json.Unmarshal(r.fields[key], &object) != nil {
		return nil
	}
	return object
}

func (r *record) sub(key string) *record { return &record{fields: r.object(key)} }

// objects returns a field that is a list of objects, also if it is one more
// level down under the same name, as in {"comments": {"comments": []}}.
func (r *record) objects(key string) []*record {
	value := r.fields[key]
	if inner := r.object(key); inner != nil {
		value = inner[key]
	}
	var objects []map[string]json.RawMessage
	if json.Unmarshal(value, &objects) != nil {
		return nil
	}
	records := make([]*record, 0, len(objects))
	for _, object := range objects {
		if object != nil {
			records = append(records, &record{fields: object})
		}
	}
	return records
}

// time returns a field that is a time: RFC 3339, or seconds since 1970.
func (r *record) time(key string) time.Time {
	text := r.text(key)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC()
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds > 0 && seconds < 1<<40 {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Time{}
}
