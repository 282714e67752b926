//go:build interop

package finding

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

// The OASIS schema may not be copied into this repository. A permissively licensed Go module ships it as a constant;
// the module is downloaded for this test only, and the schema is pinned by its digest.
const (
	schemaModule = "github.com/owenrumney/go-sarif/v3@v3.3.1"
	schemaFile   = "pkg/report/v210/sarif/schema.go"
	schemaDigest = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
)

func oasisSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", schemaModule)
	cmd.Dir = t.TempDir() // not in our module: nothing is recorded in go.mod
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go mod download %s: %v\n%s", schemaModule, err, out)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	text := constant(t, filepath.Join(module.Dir, filepath.FromSlash(schemaFile)), "schema")
	if sum := sha256.Sum256([]byte(text)); hex.EncodeToString(sum[:]) != schemaDigest {
		t.Fatalf("%s holds another schema: sha256 %x", schemaModule, sum)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(sarifSchema, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(sarifSchema)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// constant returns the value of a string constant in a Go file.
func constant(t *testing.T, file, name string) string {
	t.Helper()
	parsed, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	value := ""
	ast.Inspect(parsed, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && spec.Names[0].Name == name && len(spec.Values) == 1 {
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
				value, err = strconv.Unquote(lit.Value)
			}
		}
		return true
	})
	if err != nil || value == "" {
		t.Fatalf("%s has no string constant %s: %v", file, name, err)
	}
	return value
}

func TestWrittenSARIFIsValidForOASIS(t *testing.T) {
	schema := oasisSchema(t)
	for name, run := range map[string]Run{"sample": sampleRun(), "empty": {Tool: "adamant"}, "many": manyResults()} {
		if err := validate(schema, write(t, run)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad := bytes.Replace(write(t, sampleRun()), []byte(`"baselineState": "new"`), []byte(`"baselineState": "newer"`), 1)
	if validate(schema, bad) == nil {
		t.Error("the schema accepts an unknown baselineState: it checks nothing")
	}
	rapid.Check(t, func(t *rapid.T) {
		run := Run{Tool: "adamant", Anchor: rapid.SampledFrom([]string{"", "README.md"}).Draw(t, "anchor")}
		run.Findings = rapid.SliceOf(drawAny().Filter(func(f Finding) bool { return f.Rule != "" })).Draw(t, "findings")
		var b bytes.Buffer
		if err := WriteSARIF(&b, run); err != nil {
			t.Fatal(err)
		}
		if err := validate(schema, b.Bytes()); err != nil {
			t.Fatalf("%v\n%s", err, b.Bytes())
		}
	})
}
