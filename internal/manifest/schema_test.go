package manifest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	generator "github.com/google/jsonschema-go/jsonschema"
	peer "github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the schemas and golden files")

// ours are the kinds whose Go types live in this package. The schemas of catalog entities are made by package catalog.
var ours = map[string]reflect.Type{"Repository": reflect.TypeFor[Repository](), "Waiver": reflect.TypeFor[Waiver](), "Ratchet": reflect.TypeFor[Ratchet](), "Architecture": reflect.TypeFor[Architecture](), "Agent": reflect.TypeFor[Agent](), "Prices": reflect.TypeFor[Prices](), "Script": reflect.TypeFor[Script]()}

// TestSchemasAreCurrent makes the schemas anew from the Go types, their tags and their comments.
func TestSchemasAreCurrent(t *testing.T) {
	t.Parallel()
	about := comments(t)
	for kind, goType := range ours {
		s, err := generator.ForType(goType, nil)
		if err != nil {
			t.Fatal(err)
		}
		complete(goType, s, about)
		s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", kind
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(s); err != nil {
			t.Fatal(err)
		}
		file := "schemas/" + kind + ".json"
		if *update {
			if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(file); err != nil || !bytes.Equal(have, out.Bytes()) {
			t.Errorf("%s is not what the Go types say (%v); run go test ./internal/manifest -update", file, err)
		}
	}
}

// comments reads what the source says about types and fields: "Type" and "Type.Field".
func comments(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, file := range []string{"repository.go", "waiver.go", "ratchet.go", "agent.go", "gateway.go", "prices.go", "script.go"} {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			decl, ok := n.(*ast.GenDecl)
			if !ok || decl.Tok != token.TYPE {
				return true
			}
			spec, _ := decl.Specs[0].(*ast.TypeSpec)
			out[spec.Name.Name] = sentence(decl.Doc)
			body, _ := spec.Type.(*ast.StructType)
			for _, f := range body.Fields.List {
				for _, name := range f.Names {
					out[spec.Name.Name+"."+name.Name] = strings.TrimSpace(sentence(f.Doc) + " " + sentence(f.Comment))
				}
			}
			return false
		})
	}
	return out
}

func sentence(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

// complete adds to a generated schema what tags and comments say, and takes away that lists and pointers may be null.
func complete(t reflect.Type, s *generator.Schema, about map[string]string) {
	if len(s.Types) > 0 {
		s.Type, s.Types = s.Types[len(s.Types)-1], nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		complete(t.Elem(), s, about)
	case reflect.Slice:
		complete(t.Elem(), s.Items, about)
	case reflect.Map:
		complete(t.Elem(), s.AdditionalProperties, about)
	case reflect.Struct:
		s.Description = about[t.Name()]
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			p := s.Properties[name]
			complete(f.Type, p, about)
			if text := about[t.Name()+"."+f.Name]; text != "" {
				p.Description = text
			}
			constrain(f.Type, p, constraintOf(f.Tag))
		}
	}
}

func constrain(t reflect.Type, s *generator.Schema, c constraint) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	text := s
	low, high := whole(c.min), whole(c.max)
	switch t.Kind() {
	case reflect.Slice:
		text, s.MinItems, s.MaxItems = s.Items, low, high
	case reflect.Map:
		text, s.MinProperties, s.MaxProperties = s.AdditionalProperties, low, high
		if c.keys != nil {
			s.PropertyNames = &generator.Schema{Enum: anything(c.keys)}
		}
	case reflect.String:
		s.MinLength, s.MaxLength = low, high
	default:
		s.Minimum, s.Maximum = number64(c.min), number64(c.max)
	}
	text.Enum = anything(c.enum)
	switch c.format {
	case "duration":
		text.Pattern = `^(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))+$`
	case "date":
		text.Format, text.Pattern = "date", `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
	case "moment":
		text.Pattern = `^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2}))?$`
	case "url":
		text.Format, text.Pattern = "uri", `^https?://[^/]+`
	case "name":
		text.Pattern, text.MaxLength = `^([A-Za-z0-9][A-Za-z0-9_.-]*)?[A-Za-z0-9]$`, generator.Ptr(63)
	case "usd":
		text.Pattern = `^[0-9]{1,6}(\.[0-9]{1,6})?$`
	case "glob", "path":
		text.MinLength = generator.Ptr(1)
	}
}

func whole(v *int64) *int {
	if v == nil {
		return nil
	}
	return generator.Ptr(int(*v))
}

func number64(v *int64) *float64 {
	if v == nil {
		return nil
	}
	return generator.Ptr(float64(*v))
}

func anything(list []string) []any {
	var out []any
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

func compile(t testing.TB, kind string) *peer.Schema {
	t.Helper()
	raw, err := Schema(kind)
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

// valid asks another implementation of JSON Schema.
func valid(t testing.TB, s *peer.Schema, v any) error {
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

const fullRepository = `apiVersion: adamant.dev/v1
kind: Repository
metadata: {name: shop, description: d, labels: {a: b}, annotations: {c: d}}
spec:
  phase: 2
  base: main
  checks:
    - name: unit
      kind: unit
      command: [go, test, ./...]
      directory: services
      setup: [go mod download]
      setupInputs: ["**/go.sum"]
      services: [{name: db, command: [postgres], ready: [pg_isready], timeout: 30s, env: {A: b}}]
      env: {CGO_ENABLED: "0"}
      passEnv: [HOME]
      inputs: ["**/*.go"]
      select: affected
      reports: [{format: gotest, path: stdout}]
      coverage: {scope: diff, min: 95}
      timeout: 1h30m
      baseTests: true
      allowNoTests: true
  builtin: {spelling: "off"}
  risk:
    bands: {low: 100, medium: 200, high: 300}
    matrix: {low: {gates: [unit], merge: soak, soak: 2h}, medium: {merge: auto, diffCoverage: 90}}
    governance: [{paths: [infra/], level: high, reason: it costs money}]
    sensitive: ["**/auth/**"]
    notSensitive: [docs/]
  policy: {rules: {secrets/*: deny}, registries: [registry.example.com]}
  accept: [{gate: pentest, reason: none yet, until: 2026-12-31}]
  limits: {fileBytes: 1000, changedFiles: 10, policyTime: 5s}
  agents: {paths: [src/], denied: [src/secret/]}
  sonarqube: {url: "https://sonar.example.com", project: shop, tokenEnv: SONAR_TOKEN, maxAge: 24h}
`

// TestSchemaAgrees mutates a full document at every place: what the decoder takes, the schema takes; what the schema
// refuses, the decoder refuses. The decoder may refuse more (dates that do not exist, rules about two fields).
func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	schema := compile(t, "Repository")
	if repo, problems := LoadRepository("r.yaml", []byte(fullRepository)); problems != nil || repo.Spec.Checks[0].Timeout != "1h30m" {
		t.Fatal(Join(problems))
	}
	total, refused := 0, 0
	mutate(ParseYAML("", []byte(fullRepository))[0].Value, func(what string, root any) {
		raw, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		var repo Repository
		problems := Decode(ParseJSON("m.json", raw), &repo)
		schemaErr := valid(t, schema, root)
		total++
		if schemaErr != nil {
			refused++
		}
		if (len(problems) == 0) != (schemaErr == nil) {
			t.Errorf("%s: decoder says %v, schema says %v", what, Join(problems), schemaErr)
		}
	})
	t.Logf("%d mutants, %d refused by both", total, refused)
	if total < 1000 || refused < total/2 || refused == total {
		t.Errorf("%d mutants, %d refused: the test has lost its teeth", total, refused)
	}
}

// mutate calls fn with copies of root that differ at one place: a member removed, one added, a value of each other kind.
func mutate(root any, fn func(what string, root any)) {
	values := []any{nil, true, int64(7), int64(-1), 1.5, "", "text", "off", []any{}, []any{int64(1)}, []any{"", "a"}, map[string]any{}, map[string]any{"x": "y"}}
	var visit func(at string, v any, set func(any))
	visit = func(at string, v any, set func(any)) {
		for _, other := range values {
			set(other)
			fn(fmt.Sprintf("%s = %#v", at, other), root)
		}
		set(v)
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				old := v[k]
				delete(v, k)
				fn(at+" without "+k, root)
				v[k] = old
				visit(at+"."+k, old, func(x any) { v[k] = x })
			}
			v["zzz"] = "1"
			fn(at+" with zzz", root)
			delete(v, "zzz")
		case []any:
			for i, old := range v {
				visit(fmt.Sprintf("%s[%d]", at, i), old, func(x any) { v[i] = x })
			}
		}
	}
	holder := root
	m := holder.(map[string]any)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		old := m[k]
		delete(m, k)
		fn("without "+k, root)
		m[k] = old
		visit(k, old, func(x any) { m[k] = x })
	}
}

func TestSchemaErrors(t *testing.T) {
	t.Parallel()
	if _, err := Schema("Repositry"); err == nil || !strings.Contains(err.Error(), `did you mean "Repository"`) {
		t.Errorf("got %v", err)
	}
	for _, kind := range Kinds() {
		compile(t, kind)
	}
}
