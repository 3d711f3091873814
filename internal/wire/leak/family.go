package leak

import (
	"slices"
	"strings"
)

// family is a kind of markup.
type family int

const (
	unmarked family = iota
	familyLlama
	familyHermes
	familyFunction
	familyDeepSeek
	familyDSML
	familyKimi
	familyMistral
)

// marker is what markup begins with. None is longer than 32 bytes, which
// bounds what Hold holds back.
type marker struct {
	text   string
	family family
}

var markers = slices.Concat(
	markersOf(familyLlama, pythonTag),
	markersOf(familyHermes, "<tool_call>"),
	markersOf(familyFunction, "<function="),
	markersOf(familyDeepSeek, deepseekSections...),
	markersOf(familyDeepSeek, deepseekCalls...),
	markersOf(familyDSML, dsmlSections...),
	markersOf(familyDSML, dsmlInvokes...),
	markersOf(familyKimi, kimiSections...),
	markersOf(familyKimi, kimiCall),
	markersOf(familyMistral, mistralCalls),
)

func markersOf(family family, texts ...string) []marker {
	var all []marker
	for _, text := range texts {
		all = append(all, marker{text, family})
	}
	return all
}

// familyOf returns the family whose markup text begins with.
func familyOf(text string) family {
	if text == "" || text[0] != '<' && text[0] != '[' {
		return unmarked
	}
	for _, marker := range markers {
		if strings.HasPrefix(text, marker.text) {
			return marker.family
		}
	}
	return unmarked
}

// marked decides whether text begins with a marker.
func marked(text string) stop {
	if text == "" || text[0] != '<' && text[0] != '[' {
		return nothing
	}
	found := nothing
	for _, marker := range markers {
		found = max(found, startsWith(text, marker.text))
	}
	return found
}

// read reads the calls of the markup at the position of r.
func (f family) read(r *reader) bool {
	switch f {
	case familyLlama:
		return r.python()
	case familyHermes:
		return r.hermes()
	case familyFunction:
		return r.function()
	case familyDeepSeek:
		return r.deepseek()
	case familyDSML:
		return r.dsml()
	case familyKimi:
		return r.kimi()
	case familyMistral:
		return r.mistral()
	}
	return false
}

// closers returns what broken markup ends with, the outermost first.
func (f family) closers() []string {
	switch f {
	case familyHermes:
		return []string{"</tool_call>"}
	case familyFunction:
		return []string{"</function>"}
	case familyDeepSeek:
		return deepseekEnds
	case familyDSML:
		return dsmlEnds
	case familyKimi:
		return kimiEnds
	}
	return nil
}
