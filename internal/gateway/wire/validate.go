package wire

import (
	"encoding/json"
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"
)

// Check completes calls: was the tool declared, and do the arguments match its schema?
func (r *Request) Check(calls []Call) {
	for i := range calls {
		calls[i].Valid, calls[i].Problem = r.check(calls[i])
	}
}

func (r *Request) check(c Call) (bool, string) {
	if c.Problem != "" {
		return false, c.Problem
	}
	for _, t := range r.Tools {
		if t.Name != c.Tool {
			continue
		}
		if t.Kind != ToolFunction || len(t.Schema) == 0 {
			return true, ""
		}
		return matches(t.Schema, c.Args)
	}
	return false, fmt.Sprintf("no tool %q was declared", c.Tool)
}

func matches(schema, args []byte) (bool, string) {
	var s jsonschema.Schema
	if err := json.Unmarshal(schema, &s); err != nil {
		return true, "not checked: the tool's schema cannot be read: " + err.Error()
	}
	resolved, err := s.Resolve(&jsonschema.ResolveOptions{})
	if err != nil {
		return true, "not checked: the tool's schema cannot be read: " + err.Error()
	}
	var value any
	if err := json.Unmarshal(args, &value); err != nil {
		return false, "the arguments are no JSON"
	}
	if err := resolved.Validate(value); err != nil {
		return false, "the arguments do not match the tool's schema: " + err.Error()
	}
	return true, ""
}
