package model

import (
	"encoding/json"
	"strings"
)

// object is a call's arguments as a JSON object, for giving them back. What the model wrote wrongly is given back as a
// string, so that it can see it; servers refuse a history with broken JSON.
func object(args string) json.RawMessage {
	if strings.TrimSpace(args) == "" {
		return json.RawMessage("{}")
	}
	var o map[string]json.RawMessage
	if json.Unmarshal([]byte(args), &o) == nil && o != nil {
		return json.RawMessage(args)
	}
	text, err := json.Marshal(map[string]string{"invalid_arguments": args})
	if err != nil { // a map of strings always has a JSON form
		return json.RawMessage("{}")
	}
	return text
}
