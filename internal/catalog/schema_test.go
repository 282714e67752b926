package catalog

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	jsonschema "github.com/google/jsonschema-go/jsonschema"
	peer "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/adamant-os/adamant/internal/manifest"
)

var update = flag.Bool("update", false, "write the schemas")

const (
	schemaDir    = "../manifest/schemas"
	namePattern  = `[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?`
	labelPattern = `[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?`
	keyPattern   = `^(` + labelPattern + `(\.` + labelPattern + `)*/)?` + namePattern + `$`
)

type schema = jsonschema.Schema

// TestSchemasAreCurrent makes the schemas of entities from the tables that Validate uses.
func TestSchemasAreCurrent(t *testing.T) {
	t.Parallel()
	kinds := map[string][]form{}
	for _, f := range forms() {
		kinds[f.kind] = append(kinds[f.kind], f)
	}
	for kind, fs := range kinds {
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(entitySchema(kind, fs)); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(schemaDir, kind+".json")
		if *update {
			if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(name); err != nil || !bytes.Equal(have, out.Bytes()) {
			t.Errorf("%s is not what the tables say (%v); run go test ./internal/catalog -update", name, err)
		}
	}
}

func constant(v any) *schema { return &schema{Const: &v} }

func anyOf(list []string, prefix string) (out []any) {
	for _, s := range list {
		out = append(out, prefix+s)
	}
	return out
}

func nothingElse() *schema { return &schema{Not: &schema{}} }

func entitySchema(kind string, fs []form) *schema {
	s := &schema{Schema: "https://json-schema.org/draft/2020-12/schema", Title: kind, Type: "object", Description: "A Backstage entity of kind " + kind + " (catalog-info.yaml).",
		Required: []string{"apiVersion", "kind", "metadata", "spec"}, AdditionalProperties: nothingElse(), PropertyOrder: []string{"apiVersion", "kind", "metadata", "spec"},
		Properties: map[string]*schema{
			"apiVersion": {Enum: anyOf(fs[0].versions, "backstage.io/")}, "kind": constant(kind), "metadata": metadataSchema(),
		}}
	last := fs[len(fs)-1]
	s.Properties["spec"] = &schema{Type: "object"}
	rest := specSchema(last)
	for _, f := range fs[:len(fs)-1] {
		when := &schema{Properties: map[string]*schema{"type": constant(f.specType)}, Required: []string{"type"}}
		rest = &schema{If: when, Then: specSchema(f), Else: rest}
	}
	if len(fs) == 1 {
		s.Properties["spec"] = rest
	} else {
		s.Properties["spec"].AllOf = []*schema{rest}
	}
	return s
}

func textSchema(most int) *schema {
	s := &schema{Type: "string", MinLength: jsonschema.Ptr(1)}
	if most > 0 {
		s.MaxLength = &most
	}
	return s
}

func pattern(p string) *schema { return &schema{Type: "string", Pattern: p} }

func metadataSchema() *schema {
	pairs := func(values *schema, about string) *schema {
		return &schema{Type: "object", Description: about, PropertyNames: &schema{Pattern: keyPattern}, AdditionalProperties: values}
	}
	annotations := pairs(&schema{Type: "string"}, "Facts for tools. Governance: adamant.dev/risk-profile (low, medium, high, critical), adamant.dev/paths, compliance/data-classification.")
	link := &schema{Type: "object", Required: []string{"url"}, PropertyOrder: []string{"url", "title", "icon", "type"},
		Properties: map[string]*schema{"url": {Type: "string", Format: "uri", MinLength: jsonschema.Ptr(1)}, "title": pattern(`\S`), "icon": pattern(`\S`), "type": textSchema(0)}}
	return &schema{Type: "object", Required: []string{"name"},
		PropertyOrder: []string{"name", "namespace", "title", "description", "labels", "annotations", "tags", "links", "uid", "etag"},
		Properties: map[string]*schema{
			"name": pattern("^" + namePattern + "$"), "namespace": pattern("^" + labelPattern + "$"), "title": textSchema(0), "description": {Type: "string"},
			"labels": pairs(pattern("^("+namePattern+")?$"), "Short values to select entities by."), "annotations": annotations,
			"tags":  {Type: "array", Items: &schema{Type: "string", MaxLength: jsonschema.Ptr(63), Pattern: `^[a-z0-9:+#]+(-[a-z0-9:+#]+)*$`}},
			"links": {Type: "array", Items: link}, "uid": textSchema(0), "etag": textSchema(0),
		}}
}

func specSchema(f form) *schema {
	s := &schema{Type: "object", Properties: map[string]*schema{}}
	add := func(name string, required bool, about string, p *schema) {
		p.Description = about
		s.Properties[name] = p
		s.PropertyOrder = append(s.PropertyOrder, name)
		if required {
			s.Required = append(s.Required, name)
		}
	}
	for _, x := range f.texts {
		p := textSchema(x.most)
		p.Enum = anyOf(x.oneOf, "")
		add(x.name, x.required, x.about, p)
	}
	for _, x := range f.lists {
		add(x.name, x.required, x.about, &schema{Type: "array", Items: textSchema(0)})
	}
	if f.profile {
		add("profile", false, "How to show it.", &schema{Type: "object", Properties: map[string]*schema{"displayName": textSchema(0), "email": textSchema(0), "picture": textSchema(0)}})
	}
	if f.remotes {
		remote := &schema{Type: "object", Required: []string{"type", "url"}, Properties: map[string]*schema{"type": textSchema(0), "url": textSchema(0)}}
		add("remotes", true, "Where the server answers.", &schema{Type: "array", MinItems: jsonschema.Ptr(1), Items: remote})
	}
	return s
}

// TestSchemasAgree asks another implementation of JSON Schema about every document of the corpus. What Validate takes, the
// schema takes; what it refuses, the schema refuses, but for links: no schema says which URLs are valid.
func TestSchemasAgree(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(corpus + "/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Logf("LEFT OUT: no corpus at %s, so schemas and verdicts were not compared (%v)", corpus, err)
		return
	}
	schemas, seen := map[string]*peer.Schema{}, 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range manifest.ParseYAML(name, data) {
			m, _ := doc.Value.(map[string]any)
			kind, _ := m["kind"].(string)
			v := judge(doc)
			if _, known := formOf(kind, "backstage.io/v1alpha1", ""); !known || v.Verdict == UnknownKind || strings.Contains(v.Path, "/links/") {
				continue
			}
			if schemas[kind] == nil {
				schemas[kind] = compileSchema(t, kind)
			}
			seen++
			if err := ask(t, schemas[kind], doc.Value); (err == nil) != (v.Verdict == Valid) {
				t.Errorf("%s#%d: verdict %s (%s), schema says %v", name, doc.Index, v.Verdict, v.Message, err)
			}
		}
	}
	t.Logf("%d documents compared", seen)
}

func compileSchema(t *testing.T, kind string) *peer.Schema {
	t.Helper()
	raw, err := manifest.Schema(kind)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := peer.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := peer.NewCompiler()
	if err := c.AddResource(kind+".json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(kind + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ask(t *testing.T, s *peer.Schema, v any) error {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := peer.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}
