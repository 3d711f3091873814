package assemble

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// call is a tool call that grows.
type call struct {
	id, name  string
	index     index
	arguments []byte // all fragments, one after the other
	fragments int    // those that were not empty
	latest    int    // where the latest fragment begins in arguments
	growing   bool   // each fragment began with the one before it
	chunk     int    // the chunk in which the call grew last
}

// fragment is what one delta says of one call.
type fragment struct {
	index              index
	id, name, argument string
}

// addCall gives a fragment to the call it belongs to, so that there is no call of
// which nothing is known. If whole is set, the fragment is a call of its own.
func (a *Assembler) addCall(f fragment, whole bool) {
	if f.id == "" && f.name == "" && f.argument == "" {
		return
	}
	c := a.candidate(f)
	if c == nil || whole || !c.continuedBy(f, c.chunk == a.chunks) {
		c = &call{index: f.index}
		a.calls = append(a.calls, c)
	}
	a.last = c
	c.chunk = a.chunks
	c.add(f)
}

// candidate returns the call a fragment would continue, if it continues any: the
// one at its index, else the one with its id, else the one that grew last.
func (a *Assembler) candidate(f fragment) *call {
	var sameIndex, sameIndexAndID, sameID *call
	for _, c := range a.calls {
		atIndex := f.index.present && c.index == f.index
		withID := f.id != "" && c.id == f.id
		if atIndex {
			sameIndex = c
		}
		if withID {
			sameID = c
		}
		if atIndex && withID {
			sameIndexAndID = c
		}
	}
	switch {
	case sameIndexAndID != nil:
		return sameIndexAndID
	case sameIndex != nil:
		return sameIndex
	case !f.index.present && sameID != nil:
		return sameID
	case !f.index.present || a.last == nil:
		return a.last
	}
	// The index is new. That is another call even under a known id, unless the call
	// had no index before, or there is no name and so hardly a call.
	switch {
	case sameID != nil && (!sameID.index.present || f.name == ""):
		return sameID
	case f.name == "" && !a.last.complete():
		return a.last
	case !a.last.index.present && f.name == a.last.name:
		return a.last
	}
	return nil
}

// continuedBy reports whether a fragment continues the call rather than beginning
// another one that shares its index or comes without any. Again is set if the call
// already grew in the same chunk.
func (c *call) continuedBy(f fragment, again bool) bool {
	otherID := f.id != "" && c.id != "" && f.id != c.id
	switch {
	case otherID && f.name == "":
		// Some hosts make up a new id for each delta, but a call begins with its name.
		return f.argument != "" && c.name != "" && !c.complete()
	case otherID:
		// And some repeat the name with it.
		begins := f.argument == "" || strings.HasPrefix(strings.TrimSpace(f.argument), "{")
		return f.name == c.name && !begins && !c.complete()
	case f.name == "" || c.name == "":
		return true
	case again && (f.id == "" || c.id == ""):
		// Two named entries of one chunk are two calls.
		return false
	case f.name == c.name:
		// The name is repeated with each fragment, or a second call of the same tool begins.
		return !isObject(f.argument) || !c.complete() || sameJSON([]byte(f.argument), c.value())
	}
	// A different name is the rest of the name as long as nothing else has come.
	return blank(c.arguments) && !isObject(f.argument) && (f.id == "" || f.id == c.id)
}

func (c *call) add(f fragment) {
	if c.id == "" {
		c.id = f.id
	}
	if !c.index.present {
		c.index = f.index
	}
	if strings.HasPrefix(f.name, c.name) {
		// It is the first one, the same again, or the name so far with more to it.
		c.name = f.name
	} else if f.name != "" && blank(c.arguments) {
		c.name += f.name
	}
	if f.argument == "" {
		return
	}
	before := c.arguments[c.latest:]
	c.growing = (c.fragments == 0 || c.growing) && strings.HasPrefix(f.argument, string(before))
	c.fragments++
	c.latest = len(c.arguments)
	c.arguments = append(c.arguments, f.argument...)
}

// value returns the arguments as far as they are known, undoing a host that sends
// all of them so far with each fragment.
func (c *call) value() []byte {
	if c.fragments > 1 && c.growing && c.arguments[0] == '{' && !json.Valid(c.arguments) {
		return c.arguments[c.latest:]
	}
	return c.arguments
}

// complete reports whether the arguments are a whole JSON object.
func (c *call) complete() bool {
	value := bytes.TrimSpace(c.value())
	return bytes.HasSuffix(value, []byte("}")) && json.Valid(value)
}

// finish appends the call, or several if one index carried the arguments of several. A
// whole message gives {} for blank arguments.
func (c *call) finish(calls []Call, whole bool) []Call {
	var room [2][]byte
	for i, value := range values(room[:0], c.value()) {
		one := Call{Name: c.name, Arguments: string(value)}
		if i == 0 {
			one.ID = c.id
		}
		if whole && blank(value) {
			one.Arguments = "{}"
		}
		calls = append(calls, one)
	}
	return calls
}

// values splits arguments that are several JSON objects one after the other. The
// same object again is a repetition, and an empty one beside another is the
// placeholder of a host that sends the arguments later or sooner. Arguments of any
// other form are one value, as they are. The values are put into room, which is empty.
func values(room [][]byte, arguments []byte) [][]byte {
	if json.Valid(arguments) {
		return append(room, arguments)
	}
	several := room
	decoder := json.NewDecoder(bytes.NewReader(arguments))
	for {
		var value json.RawMessage
		err := decoder.Decode(&value)
		if err == io.EOF && len(several) > 0 {
			return several
		}
		if err != nil || value[0] != '{' && !blank(value) {
			return append(room, arguments)
		}
		switch n := len(several); {
		case n == 0:
			several = append(several, value)
		case empty(several[n-1]):
			several[n-1] = value
		case !empty(value) && !sameJSON(several[n-1], value):
			several = append(several, value)
		}
	}
}

// isObject reports whether an argument fragment is a whole JSON object.
func isObject(argument string) bool {
	argument = strings.TrimSpace(argument)
	return strings.HasPrefix(argument, "{") && strings.HasSuffix(argument, "}") && json.Valid([]byte(argument))
}

// blank reports whether arguments say nothing.
func blank(arguments []byte) bool {
	arguments = bytes.TrimSpace(arguments)
	return len(arguments) == 0 || string(arguments) == "null"
}

// empty reports whether arguments are blank or an object without members.
func empty(arguments []byte) bool { return blank(arguments) || sameJSON(arguments, []byte("{}")) }

// sameJSON reports whether two JSON texts are the same but for their white space.
func sameJSON(a, b []byte) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}
