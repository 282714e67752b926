package thought

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	generator "github.com/google/jsonschema-go/jsonschema"
	peer "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/adamant-os/adamant/internal/manifest"
)

const schemaFile = "../manifest/schemas/Thought.json"

// TestSchemaIsCurrent makes the schema that adamant schema Thought prints from the types, and holds entries against it.
func TestSchemaIsCurrent(t *testing.T) {
	t.Parallel()
	s, err := generator.ForType(reflect.TypeFor[Entry](), &generator.ForOptions{TypeSchemas: map[reflect.Type]*generator.Schema{
		reflect.TypeFor[json.RawMessage](): {Description: "JSON, or a text where it was none or was cut"},
		reflect.TypeFor[Source]():          {Type: "string", Enum: []any{string(Provider), string(Summary), string(SelfReport), string(None)}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	chain := s.Properties["chain_of_thought"]
	chain.Type, chain.Types = "array", nil
	s.Schema, s.Title, s.Description = "https://json-schema.org/draft/2020-12/schema", "Thought", "The body of a ledger entry of kind agent.action: one action of an agent (docs/formats/thought.md)."
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(schemaFile); err != nil || !bytes.Equal(have, out.Bytes()) {
		t.Errorf("%s is not what the types say (%v); run go test ./internal/thought -update", schemaFile, err)
	}
}

func TestEntriesFitTheSchema(t *testing.T) {
	t.Parallel()
	text, err := manifest.Schema("Thought")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := peer.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := peer.NewCompiler()
	if err := compiler.AddResource("thought.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("thought.json")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("testdata/entries.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		entry, err := peer.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(entry); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		delete(entry.(map[string]any), "chain_of_thought")
		if err := schema.Validate(entry); err == nil {
			t.Error("an entry without a chain of thought fits")
		}
	}
}
