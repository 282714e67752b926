package build

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/manifest/schematest"
)

var update = flag.Bool("update", false, "write the golden files")

const testBuilder = "https://adamant.dev/id/sample/builder/workstation/local"

func sample() *Record {
	return &Record{
		Job: Job{
			Repository: "sample", Commit: "7a73a3e3ca8744a6e1a13da7ffe79b4c50133c76", Ref: "refs/heads/main", Invocation: "CD4AKZ4Y",
			Target: must(Complete(manifest.Build{Name: "hello", Kind: "go", Platform: "linux/amd64", Packages: []string{"./cmd/hello"}, Env: map[string]string{"GOAMD64": "v2"}})),
		},
		Tree: "35aa1b5e8156d0b6f0af3be152bdf9cd6f4088ea", Epoch: 1795435482,
		Artifacts: []Artifact{{Name: "hello", SHA256: strings.Repeat("ab", 32), Size: 4, Mode: 0o755}},
		Resolved: []Descriptor{
			{Name: "source", URI: "git+adamant:sample@refs/heads/main", Digest: map[string]string{"gitCommit": "7a73a3e3ca8744a6e1a13da7ffe79b4c50133c76", "gitTree": "35aa1b5e8156d0b6f0af3be152bdf9cd6f4088ea"}},
			{Name: "example.com/dep", URI: "https://proxy.example/example.com/dep/@v/v1.0.0.zip", Digest: map[string]string{"sha256": strings.Repeat("cd", 32)}, Annotations: map[string]string{"ecosystem": "Go", "version": "v1.0.0"}},
		},
		Env: []string{"CI=1", "OUT=/out"}, Caches: []CacheUse{{Name: "go-std", Key: "sha256:" + strings.Repeat("ef", 32)}},
		Isolation: "a user of its own, Landlock 7, seccomp, cgroup v2", OwnUser: true, LogSHA256: strings.Repeat("01", 32),
		Started: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Finished: time.Date(2026, 11, 23, 12, 0, 2, 0, time.UTC),
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestStatement(t *testing.T) {
	t.Parallel()
	text, err := sample().Statement(testBuilder, "v1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	if err := json.Indent(&shown, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "provenance.json")
	if *update {
		if err := os.WriteFile(golden, append(shown.Bytes(), '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := read(t, "testdata", "provenance.json"); want != shown.String()+"\n" {
		t.Errorf("another statement: go test ./internal/build -update\n%s", shown.String())
	}
	s, err := ReadStatement(text)
	if err != nil {
		t.Fatal(err)
	}
	if target, err := s.Target(); err != nil || !reflect.DeepEqual(target, sample().Job.Target) {
		t.Errorf("the target reads as %+v %v", target, err)
	}
}

// TestSchema: what is written fits the schema that adamant schema Provenance prints, and the schema refuses what is not written.
func TestSchema(t *testing.T) {
	t.Parallel()
	text := []byte(read(t, "testdata", "provenance.json"))
	if err := schematest.Validate(t, "Provenance", text); err != nil {
		t.Error(err)
	}
	var document map[string]any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	definition := document["predicate"].(map[string]any)["buildDefinition"].(map[string]any)
	definition["externalParameters"].(map[string]any)["more"] = true
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	if schematest.Validate(t, "Provenance", text) == nil {
		t.Error("a parameter that is not known fits the schema")
	}
}

// TestEveryKnobIsStated: whatever an asker can turn about a build is another external parameter.
func TestEveryKnobIsStated(t *testing.T) {
	t.Parallel()
	external := func(r *Record) string {
		s, err := r.statement(testBuilder, "v1.0.0")
		if err != nil {
			t.Fatal(err)
		}
		text, err := manifest.CanonicalJSON(s.Predicate.BuildDefinition.ExternalParameters)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	before := external(sample())
	turn := func(name string, value func(r *Record) reflect.Value) {
		r := sample()
		turned(t, name, value(r))
		if external(r) == before {
			t.Errorf("%s is not among the external parameters", name)
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Job]()) {
		if field.Name == "Target" || field.Name == "Invocation" { // the one below, the other in the metadata
			continue
		}
		turn("Job."+field.Name, func(r *Record) reflect.Value { return reflect.ValueOf(&r.Job).Elem().FieldByIndex(field.Index) })
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[manifest.Build]()) {
		turn("Build."+field.Name, func(r *Record) reflect.Value { return reflect.ValueOf(&r.Job.Target).Elem().FieldByIndex(field.Index) })
	}
}

// turned makes a value another one.
func turned(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int:
		v.SetInt(v.Int() + 1)
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.ValueOf("x")))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"x": "y"}))
	case reflect.Pointer:
		v.Set(reflect.ValueOf(&manifest.BuildImage{Name: "x"}))
	default:
		t.Fatalf("%s is a %s, which this test cannot turn", name, v.Kind())
	}
}

func TestReadStatementRefuses(t *testing.T) {
	t.Parallel()
	good := string(must(sample().Statement(testBuilder, "v1.0.0")))
	for name, change := range map[string][2]string{
		"another type":          {StatementType, "https://in-toto.io/Statement/v0.1"},
		"another predicate":     {PredicateType, "https://slsa.dev/provenance/v0.2"},
		"another build type":    {BuildType, "https://example.com/build"},
		"an unknown parameter":  {`"dirty":false`, `"dirty":false,"more":1`},
		"an unknown field":      {`{"_type"`, `{"_a":1,"_type"`},
		"a field twice":         {`"dirty":false`, `"dirty":true,"dirty":false`},
		"another spelling":      {`"dirty":false`, `"Dirty":false`},
		"white space":           {`"dirty":false`, `"dirty": false`},
		"something after it":    {`"}]}`, `"}]} {}`},
		"no subject":            {`"subject":[{"digest":{"sha256":"` + strings.Repeat("ab", 32) + `"},"name":"hello"}]`, `"subject":[]`},
		"a short digest":        {strings.Repeat("ab", 32), "abab"},
		"no builder":            {testBuilder, ""},
		"no invocation":         {"CD4AKZ4Y", ""},
		"an end before it":      {`"finishedOn":"2026-11-23T12:00:02Z"`, `"finishedOn":"2026-11-23T11:00:02Z"`},
		"no commit":             {`{"gitCommit":"7a73a3e3ca8744a6e1a13da7ffe79b4c50133c76"}`, `{}`},
		"a dependency of faith": {`{"sha256":"` + strings.Repeat("cd", 32) + `"}`, `{}`},
		"an unknown target":     {`"component":"hello"`, `"component":"hello","x":1`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := strings.Replace(good, change[0], change[1], 1)
			if bad == good {
				t.Fatal("nothing is changed")
			}
			if _, err := ReadStatement([]byte(bad)); err == nil {
				t.Error("it is read")
			}
		})
	}
	r := sample()
	r.Artifacts = nil
	if _, err := r.Statement(testBuilder, ""); err == nil {
		t.Error("a build of nothing is stated")
	}
}

func FuzzReadStatement(f *testing.F) {
	f.Add(must(sample().Statement(testBuilder, "v1.0.0")))
	f.Add([]byte(`{"_type":"https://in-toto.io/Statement/v1"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ReadStatement(text)
		if err != nil {
			return
		}
		again, err := manifest.CanonicalJSON(s)
		if err != nil || !bytes.Equal(again, text) {
			t.Errorf("it is read and written otherwise: %v", err)
		}
	})
}
