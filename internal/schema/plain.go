package schema

import (
	"bytes"
	"encoding/json"
)

// plainKeywords are those that every host reads.
var plainKeywords = map[string]bool{
	"type": true, "description": true, "enum": true, "properties": true, "required": true, "items": true,
	"anyOf": true, "oneOf": true, "allOf": true, "$ref": true, "$defs": true, "definitions": true,
}

// Plain returns a JSON Schema without the keywords that some hosts refuse, such
// as additionalProperties, format and default. It accepts whatever the whole one
// accepts, and more. What is no JSON is returned as it is.
func Plain(schema json.RawMessage) json.RawMessage {
	var parsed any
	decoder := json.NewDecoder(bytes.NewReader(schema))
	decoder.UseNumber()
	if decoder.Decode(&parsed) != nil {
		return schema
	}
	plain, err := json.Marshal(plain(parsed))
	if err != nil {
		return schema
	}
	return plain
}

func plain(schema any) any {
	switch schema := schema.(type) {
	case map[string]any:
		kept := make(map[string]any, len(schema))
		for keyword, value := range schema {
			switch {
			case !plainKeywords[keyword]:
			case keyword == "properties" || keyword == "$defs" || keyword == "definitions":
				kept[keyword] = plainEach(value)
			case keyword == "items" || keyword == "anyOf" || keyword == "oneOf" || keyword == "allOf":
				kept[keyword] = plain(value)
			default:
				kept[keyword] = value
			}
		}
		return kept
	case []any:
		list := make([]any, len(schema))
		for i, each := range schema {
			list[i] = plain(each)
		}
		return list
	default: // true stands for any value, and hosts want an object there
		return map[string]any{}
	}
}

// plainEach makes the schemas plain that stand under names.
func plainEach(named any) any {
	schemas, ok := named.(map[string]any)
	if !ok {
		return named
	}
	kept := make(map[string]any, len(schemas))
	for name, schema := range schemas {
		kept[name] = plain(schema)
	}
	return kept
}
