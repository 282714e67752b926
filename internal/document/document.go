// Package document parses structured files (YAML, JSON, Dockerfile, ...) into values with positions, as policies see them.
// Each format is one small package behind one registry. It never decides anything and never fails silently: what cannot be parsed
// becomes a document with an error and a line.
package document

import "github.com/adamant-os/adamant/internal/document/format"

// Document is one parsed document of a structured file.
type Document struct {
	Path   string `json:"path"`
	Index  int    `json:"index"`  // of the document in a multi-document file
	Format string `json:"format"` // yaml, json, jsonc, toml, hcl, xml, dockerfile, ini, dotenv
	Kind   string `json:"kind"`   // what it is: kubernetes, github-workflow, compose, dockerfile, terraform-plan, package.json, "" when unknown
	Value  any    `json:"value"`
	// Lines maps a JSON pointer (RFC 6901) to its 1-based line. Rego does not see it: a rule answers with a pointer and Go looks it up.
	Lines map[string]int `json:"lines,omitempty"`
	Error string         `json:"error,omitempty"` // parse error; Value is null then. Unreadable changed files deny.
	Line  int            `json:"line,omitempty"`  // of the parse error

	places format.Places // knows the lines that are not in Lines
}
