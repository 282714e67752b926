package gate

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	generator "github.com/google/jsonschema-go/jsonschema"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/risk"
)

var update = flag.Bool("update", false, "write the schemas of the gate's documents")

// documents are what the gate reads and writes. internal/judge validates real ones.
var documents = map[string]reflect.Type{
	"Input": reflect.TypeFor[facts.Input](), "Assessment": reflect.TypeFor[Assessment](), "Verdict": reflect.TypeFor[Verdict](),
	"Approval": reflect.TypeFor[Statement](),
}

// values are the texts that a field may hold, by type and field.
var values = map[string][]string{
	"facts.Input.APIVersion": {facts.APIVersion}, "gate.Assessment.APIVersion": {AssessmentVersion}, "gate.Verdict.APIVersion": {VerdictVersion},
	"gate.Statement.APIVersion": {StatementVersion}, "gate.Approval.Method": {MethodSSH, MethodSK, MethodWebAuthn, MethodTOTP},
	"gate.Verdict.Decision": {Allow, Hold, Deny}, "gate.Reason.Effect": {Hold, Deny}, "gate.Merge.Mode": {ModeAuto, ModeSoak, ModeManual, ModeManualMFA, ModeNone},
	"facts.Policy.Delta": {facts.PolicyTightened, facts.PolicyWeakened},
}

// TestSchemasAreCurrent makes the schemas anew from the Go types and their comments. They lie with those of manifests, where
// adamant schema reads them.
func TestSchemasAreCurrent(t *testing.T) {
	t.Parallel()
	about := map[string]string{}
	read := map[string]bool{}
	for kind, goType := range documents {
		s, err := generator.ForType(goType, &generator.ForOptions{TypeSchemas: map[reflect.Type]*generator.Schema{
			reflect.TypeFor[risk.Level]():      {Type: "string", Enum: []any{"trivial", "low", "medium", "high", "critical"}},
			reflect.TypeFor[json.RawMessage](): {},
		}})
		if err != nil {
			t.Fatal(err)
		}
		describe(t, goType, s, false, about, read)
		s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", kind
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(s); err != nil {
			t.Fatal(err)
		}
		file := "../manifest/schemas/" + kind + ".json"
		if *update {
			if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(file); err != nil || !bytes.Equal(have, out.Bytes()) {
			t.Errorf("%s is not what the Go types say (%v); run go test ./internal/gate -run Schemas -update", file, err)
		}
	}
}

// describe adds what comments say, and takes away that lists may be null, as may pointers that are left out instead.
func describe(t *testing.T, goType reflect.Type, s *generator.Schema, omitted bool, about map[string]string, read map[string]bool) {
	t.Helper()
	if kind := goType.Kind(); len(s.Types) > 0 && (omitted || kind == reflect.Slice || kind == reflect.Map) {
		s.Types = slices.DeleteFunc(s.Types, func(name string) bool { return name == "null" })
		s.Type, s.Types = s.Types[0], nil
	}
	switch goType.Kind() {
	case reflect.Pointer:
		describe(t, goType.Elem(), s, omitted, about, read)
	case reflect.Slice:
		if s.Items != nil {
			describe(t, goType.Elem(), s.Items, false, about, read)
		}
	case reflect.Map:
		if s.AdditionalProperties != nil {
			describe(t, goType.Elem(), s.AdditionalProperties, false, about, read)
		}
	case reflect.Struct:
		if s.Properties == nil {
			return
		}
		readComments(t, goType, about, read)
		s.Description = about[goType.String()]
		for f := range goType.Fields() {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			p := s.Properties[name]
			if p == nil {
				continue
			}
			describe(t, f.Type, p, strings.HasPrefix(options, "omit"), about, read)
			key := goType.String() + "." + f.Name
			if text := about[key]; text != "" {
				p.Description = text
			}
			for _, value := range values[key] {
				p.Enum = append(p.Enum, value)
			}
		}
	}
}

// readComments reads what the source of a type's package says about types ("pkg.Type") and fields ("pkg.Type.Field").
func readComments(t *testing.T, goType reflect.Type, about map[string]string, read map[string]bool) {
	t.Helper()
	_, dir, ours := strings.Cut(goType.PkgPath(), "/internal/")
	if !ours || read[dir] {
		return
	}
	read[dir] = true
	pkg := goType.String()[:strings.IndexByte(goType.String(), '.')]
	files, err := filepath.Glob("../" + dir + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range tree.Decls {
			if types, ok := decl.(*ast.GenDecl); ok && types.Tok == token.TYPE && !strings.HasSuffix(file, "_test.go") {
				commentsOf(types, pkg, about)
			}
		}
	}
}

func commentsOf(decl *ast.GenDecl, pkg string, about map[string]string) {
	for _, spec := range decl.Specs {
		spec := spec.(*ast.TypeSpec)
		name := pkg + "." + spec.Name.Name
		doc := spec.Doc
		if doc == nil {
			doc = decl.Doc
		}
		about[name] = sentence(doc)
		body, ok := spec.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range body.Fields.List {
			for _, field := range f.Names {
				about[name+"."+field.Name] = strings.TrimSpace(sentence(f.Doc) + " " + sentence(f.Comment))
			}
		}
	}
}

func sentence(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }
