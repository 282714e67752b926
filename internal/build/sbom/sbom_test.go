package sbom

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/adamant-os/adamant/internal/build/fetch"
)

var update = flag.Bool("update", false, "write golden files")

func sample() (Subject, []Package) {
	sum := strings.Repeat("ab", 32)
	return Subject{Name: "tool", Version: "0123456789abcdef0123456789abcdef01234567", SHA256: sum}, []Package{
		{Ecosystem: fetch.PyPI, Name: "two-part", Version: "2.0", Digests: map[string]string{"sha256": sum}},
		{Ecosystem: fetch.NPM, Name: "@scope/lib", Version: "2.1.0", Digests: map[string]string{"sha256": sum, "sha512": sum + sum}},
		{Ecosystem: fetch.Go, Name: "github.com/Some/Module/v2", Version: "v2.0.0+incompatible", Digests: map[string]string{"dirHash": sum, "sha256": sum}},
		{Ecosystem: fetch.Go, Name: "github.com/Some/Module/v2", Version: "v2.0.0+incompatible"},
		{Ecosystem: fetch.Go, Name: Standard, Version: "1.26.8"},
		{Ecosystem: fetch.Go, Name: "example.org/replaced"},
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	subject, packages := sample()
	text, err := Write(subject, packages)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "bom.json")
	if *update {
		if err := os.WriteFile(golden, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(text, want) {
		t.Errorf("%v: got %s", err, text)
	}
	slices.Reverse(packages)
	if again, err := Write(subject, packages); err != nil || !bytes.Equal(again, text) {
		t.Error("the order of packages counts", err)
	}
	validate(t, text)
	gotSubject, got, err := Read(text)
	if err != nil || gotSubject != subject {
		t.Error(gotSubject, err)
	}
	for _, p := range distinct(packages) {
		if len(p.Digests) == 0 {
			p.Digests = map[string]string{}
		}
		if !slices.ContainsFunc(got, func(g Package) bool { return reflect.DeepEqual(g, p) }) {
			t.Errorf("lost %+v in %+v", p, got)
		}
	}
}

// validate checks a document against CycloneDX's own schema, which its Go module has.
func validate(t *testing.T, text []byte) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "schema")
	compiler := jsonschema.NewCompiler()
	for url, name := range map[string]string{"bom-1.6.schema.json": "bom-1.6.schema.json", "spdx.schema.json": "spdx.schema.json", "jsf-0.82.schema.json": "jsf-0.82.schemax.json"} {
		file, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		schema, err := jsonschema.UnmarshalJSON(file)
		if err = errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
		if err := compiler.AddResource("http://cyclonedx.org/schema/"+url, schema); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document); err != nil {
		t.Error(err)
	}
	document.(map[string]any)["components"] = "none"
	if schema.Validate(document) == nil {
		t.Error("the schema takes anything")
	}
}

// TestFromGoBinary builds a program that needs a module.
func TestFromGoBinary(t *testing.T) {
	t.Parallel()
	program := build(t)
	packages, err := FromGoBinary(program)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimPrefix(strings.Fields(runtime.Version())[0], "go"); packages[0].Name != Standard || packages[0].Version != want {
		t.Errorf("%+v", packages[0])
	}
	var got []string
	for _, p := range packages[1:] {
		got = append(got, p.PURL(), p.Digests["dirHash"])
	}
	if len(got) != 2 || !strings.HasPrefix(got[0], "pkg:golang/golang.org/x/mod@v") || len(got[1]) != 64 {
		t.Error(got)
	}
	if _, err := FromGoBinary(strings.NewReader("#!/bin/sh\n")); !errors.Is(err, ErrNotGo) {
		t.Error(err)
	}
}

func build(t *testing.T) *os.File {
	t.Helper()
	dir := t.TempDir()
	sums, err := os.ReadFile("../../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Path}} {{.Version}}", "golang.org/x/mod").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod":  "module example.org/tool\n\ngo 1.26.0\n\nrequire " + string(mod),
		"go.sum":  string(sums),
		"main.go": "package main\n\nimport \"golang.org/x/mod/semver\"\n\nfunc main() { println(semver.IsValid(\"v1\")) }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", "tool", ".")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	program, err := os.Open(filepath.Join(dir, "tool"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return program
}

func TestFromLayers(t *testing.T) {
	t.Parallel()
	got := FromLayers([]fetch.Layer{{Dependencies: []fetch.Dependency{
		{Ecosystem: fetch.Go, Name: "example.org/a", Version: "v1.0.0"},
		{Ecosystem: fetch.Go, Name: "example.org/graph", Version: "v1.0.0", File: "go.mod"},
		{Ecosystem: fetch.PyPI, Name: "one", Version: "1.0", File: "one-1.0-py3-none-any.whl"},
	}}})
	var names []string
	for _, p := range got {
		names = append(names, p.PURL())
	}
	if want := "pkg:golang/example.org/a@v1.0.0 pkg:pypi/one@1.0"; strings.Join(names, " ") != want {
		t.Error(names)
	}
}

func FuzzRead(f *testing.F) {
	text, err := Write(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		s, packages, err := Read(text)
		if err != nil || s.Name == "" {
			return
		}
		again, err := Write(s, packages)
		if err != nil {
			return // names that the library cannot write
		}
		if !json.Valid(again) {
			t.Fatalf("%s", again)
		}
	})
}
