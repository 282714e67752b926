package mcp

import (
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"
)

const (
	longestString = 16 << 10 // characters
	mostItems     = 1000
)

// words are the few that a field of arguments takes; nil = any.
func words(field string) []any {
	switch field {
	case "severity":
		return []any{"error", "warning", "note"}
	case "verdict":
		return []any{"approve", "request-changes", ""}
	}
	return nil
}

// inputSchema describes arguments, with bounds. What must be there must say something.
func inputSchema[T any]() *jsonschema.Schema {
	s := schemaOf[T]()
	for name, p := range s.Properties {
		switch p.Type {
		case "string":
			p.MaxLength, p.Enum = new(longestString), words(name)
		case "integer":
			p.Minimum = new(1.0)
		case "array":
			p.MaxItems = new(mostItems)
		}
	}
	for _, name := range s.Required {
		if p := s.Properties[name]; p.Type == "string" && p.Enum == nil {
			p.MinLength = new(1)
		}
	}
	return s
}

// outputSchema describes an answer, of which something may be left out.
func outputSchema[T any]() *jsonschema.Schema {
	s := schemaOf[T]()
	s.Properties[omitted] = &jsonschema.Schema{Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "integer"},
		Description: "what was left out to keep the answer short: field, and how many of its items or bytes"}
	return s
}

func schemaOf[T any]() *jsonschema.Schema {
	s, err := jsonschema.For[T](nil)
	if err != nil {
		panic(fmt.Sprintf("the schema of %T: %v", *new(T), err)) // of a Go type of ours: a test sees it
	}
	present(s)
	return s
}

// present takes null from the types of lists: ours are empty rather than absent, and some clients take one type only.
func present(s *jsonschema.Schema) {
	if len(s.Types) == 2 && s.Types[0] == "null" {
		s.Type, s.Types = s.Types[1], nil
	}
	for _, p := range s.Properties {
		present(p)
	}
	if s.Items != nil {
		present(s.Items)
	}
}
