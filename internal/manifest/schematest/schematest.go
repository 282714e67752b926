// Package schematest makes the JSON Schemas that adamant schema prints from the Go types of documents and their comments, and holds
// documents to them by another implementation of JSON Schema. It is for tests.
package schematest

import (
	"bytes"
	"encoding/json"
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
	peer "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Options say what the Go types do not.
type Options struct {
	Update bool                               // write the schemas
	Values map[string][]string                // texts that a field may hold, by "pkg.Type.Field"
	Types  map[reflect.Type]*generator.Schema // schemas of types that encode themselves
}

type maker struct {
	Options
	t     *testing.T
	root  string
	about map[string]string
	read  map[string]bool
}

// Current fails where the schema of a document, by its kind, is not what its Go type says. Schemas lie with those of manifests.
func Current(t *testing.T, documents map[string]reflect.Type, o Options) {
	t.Helper()
	m := &maker{Options: o, t: t, root: root(t), about: map[string]string{}, read: map[string]bool{}}
	for kind, goType := range documents {
		file := filepath.Join(m.root, "internal", "manifest", "schemas", kind+".json")
		want := m.schema(kind, goType)
		if o.Update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(file); err != nil || !bytes.Equal(have, want) {
			t.Errorf("%s is not what the Go types say (%v); run the test with -update", file, err)
		}
	}
}

// root is the module's folder.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("the test does not run in the module")
		}
	}
	t.Fatal(err)
	return ""
}

func (m *maker) schema(kind string, goType reflect.Type) []byte {
	s, err := generator.ForType(goType, &generator.ForOptions{TypeSchemas: m.Types})
	if err != nil {
		m.t.Fatal(err)
	}
	m.describe(goType, s, false)
	s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", kind
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		m.t.Fatal(err)
	}
	return out.Bytes()
}

// Text is the schema of a kind.
func Text(t testing.TB, kind string) []byte {
	t.Helper()
	raw, err := manifest.Schema(kind)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Validate holds a document to the schema of its kind.
func Validate(t testing.TB, kind string, document []byte) error {
	t.Helper()
	schema, err := peer.UnmarshalJSON(bytes.NewReader(Text(t, kind)))
	if err != nil {
		t.Fatal(err)
	}
	c := peer.NewCompiler()
	if err := c.AddResource(kind+".json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(kind + ".json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := peer.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(value)
}

// describe adds what comments say, and takes away that lists may be null, as may pointers that are left out instead.
func (m *maker) describe(goType reflect.Type, s *generator.Schema, omitted bool) {
	if kind := goType.Kind(); len(s.Types) > 0 && (omitted || kind == reflect.Slice || kind == reflect.Map) {
		s.Types = slices.DeleteFunc(s.Types, func(name string) bool { return name == "null" })
		s.Type, s.Types = s.Types[0], nil
	}
	switch goType.Kind() {
	case reflect.Pointer:
		m.describe(goType.Elem(), s, omitted)
	case reflect.Slice:
		if s.Items != nil {
			m.describe(goType.Elem(), s.Items, false)
		}
	case reflect.Map:
		if s.AdditionalProperties != nil {
			m.describe(goType.Elem(), s.AdditionalProperties, false)
		}
	case reflect.Struct:
		if s.Properties == nil {
			return
		}
		m.readComments(goType)
		s.Description = m.about[goType.String()]
		for f := range goType.Fields() {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			p := s.Properties[name]
			if p == nil {
				continue
			}
			m.describe(f.Type, p, strings.HasPrefix(options, "omit"))
			key := goType.String() + "." + f.Name
			if text := m.about[key]; text != "" {
				p.Description = text
			}
			for _, value := range m.Values[key] {
				p.Enum = append(p.Enum, value)
			}
		}
	}
}

// readComments reads what the source of a type's package says about types ("pkg.Type") and fields ("pkg.Type.Field").
func (m *maker) readComments(goType reflect.Type) {
	_, dir, ours := strings.Cut(goType.PkgPath(), "/internal/")
	if !ours || m.read[dir] {
		return
	}
	m.read[dir] = true
	pkg := goType.String()[:strings.IndexByte(goType.String(), '.')]
	files, err := filepath.Glob(filepath.Join(m.root, "internal", dir, "*.go"))
	if err != nil {
		m.t.Fatal(err)
	}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			m.t.Fatal(err)
		}
		for _, decl := range tree.Decls {
			if types, ok := decl.(*ast.GenDecl); ok && types.Tok == token.TYPE && !strings.HasSuffix(file, "_test.go") {
				commentsOf(types, pkg, m.about)
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
