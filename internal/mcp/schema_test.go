package mcp

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// valid holds an answer against its schema with another library than the server's.
func valid(t *testing.T, tool *mcp.Tool, data any) {
	t.Helper()
	raw, err := json.Marshal(tool.OutputSchema)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), `"null"`) {
		t.Errorf("%s: some clients take one type only: %s", tool.Name, raw)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("tool.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("tool.json")
	if err != nil {
		t.Fatalf("%s: %v", tool.Name, err)
	}
	if err := s.Validate(data); err != nil {
		t.Errorf("%s: %v", tool.Name, err)
	}
}
