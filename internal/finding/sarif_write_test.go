package finding

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run the test with -update and look at the change. Got:\n%s", file, got)
	}
}

func sampleRun() Run {
	return Run{
		Tool: "adamant", Version: "1.2.3", URL: "https://adamant.dev/",
		Rules: []RuleInfo{
			{ID: "secrets/aws-access-key", Title: "AWS access key", Description: "A key in the tree.", Help: "Revoke the key.", Severity: Error},
			{ID: "links/broken", Severity: Warning},
		},
		Findings: []Finding{
			{Rule: "secrets/aws-access-key", Severity: Error, Message: "an AWS access key <AKIA&...>", Path: "cmd/größe %1.go", Line: 3, Column: 9, EndLine: 4, Fingerprint: "0a", Fix: "adamant secrets explain", State: New, Tool: "adamant"},
			{Rule: "links/broken", Severity: Warning, Message: "no such page", Path: "docs/a:b/c.md", Line: 1, Fingerprint: "0b", State: Unchanged, Waiver: "W-7", Tool: "adamant"},
			{Rule: "eslint/eqeqeq", Severity: Note, Message: "use ===", Path: "web/a.js", Fingerprint: "0c", State: Absent, Suppress: "inSource", Tool: "eslint"},
			{Rule: "catalog/no-owner", Severity: Error, Message: "nobody owns the repository", Fingerprint: "0d", State: Updated, Tool: "adamant"},
		},
		Waivers: map[string]WaiverInfo{"W-7": {Justification: "the page comes with the next release", Expires: "2026-12-31"}},
		Text:    texts(map[string]string{"cmd/größe %1.go": "a\nb\nä := \"x\"\n"}),
	}
}

func write(t testing.TB, run Run) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteSARIF(&b, run); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWriteSARIF(t *testing.T) {
	t.Parallel()
	run := sampleRun()
	golden(t, "run.sarif", write(t, run))
	run.Anchor, run.Text = "README.md", nil
	golden(t, "run-anchored.sarif", write(t, run))
}

func TestWriteSARIFNeverUsesReservedFingerprint(t *testing.T) {
	t.Parallel()
	if bytes.Contains(write(t, sampleRun()), []byte("primaryLocationLineHash")) {
		t.Error("primaryLocationLineHash belongs to code scanning services")
	}
}

func TestWriteSARIFWantsRules(t *testing.T) {
	t.Parallel()
	if err := WriteSARIF(io.Discard, Run{Tool: "adamant", Findings: []Finding{{Message: "m"}}}); err == nil {
		t.Error("a result without a rule id was written")
	}
}

func TestWrittenSARIFIsValid(t *testing.T) {
	t.Parallel()
	schema := writtenSchema(t)
	empty := write(t, Run{Tool: "adamant"})
	for name, log := range map[string][]byte{"sample": write(t, sampleRun()), "empty": empty} {
		if err := validate(schema, log); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, broken := range []string{`"SRCROOT"`, `"accepted"`, `"unicodeCodePoints"`, `"ruleIndex"`} {
		log := bytes.Replace(write(t, sampleRun()), []byte(broken), []byte(`"x"`), 1)
		if validate(schema, log) == nil {
			t.Errorf("the schema accepts a log without %s", broken)
		}
	}
}

func writtenSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", "written.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(schema *jsonschema.Schema, log []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(log))
	if err != nil {
		return err
	}
	return schema.Validate(doc)
}

// drawAny draws findings with hostile text.
func drawAny() *rapid.Generator[Finding] {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "<&>\"", "a\x00b", "\xff", "é𝄞", "[x](1)"}))
	return rapid.Custom(func(t *rapid.T) Finding {
		f := Finding{
			Rule: text.Draw(t, "rule"), Message: text.Draw(t, "message"), Fix: text.Draw(t, "fix"),
			Severity: rapid.SampledFrom([]Severity{Error, Warning, Note, "odd", ""}).Draw(t, "severity"),
			State:    rapid.SampledFrom([]State{"", New, Unchanged, Updated, Absent}).Draw(t, "state"),
			Waiver:   rapid.SampledFrom([]string{"", "W-1"}).Draw(t, "waiver"),
			Suppress: rapid.SampledFrom([]string{"", "inSource", "external", "odd"}).Draw(t, "suppress"),
			Tool:     rapid.SampledFrom([]string{"adamant", "eslint"}).Draw(t, "tool"),
			Path:     rapid.SampledFrom([]string{"", "a", "a b/c:d.go", "é%20/x?y#z", "a\nb", "\xff/x"}).Draw(t, "path"),
		}
		if f.Path != "" && rapid.Bool().Draw(t, "placed") {
			f.Line, f.Column, f.EndLine = rapid.IntRange(1, 9).Draw(t, "line"), rapid.IntRange(0, 9).Draw(t, "column"), rapid.IntRange(0, 12).Draw(t, "end")
		}
		return f
	})
}

func TestWriteSARIFIsValidAndDeterministic(t *testing.T) {
	t.Parallel()
	schema := writtenSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		run := Run{Tool: "adamant", Anchor: rapid.SampledFrom([]string{"", "README.md"}).Draw(t, "anchor")}
		run.Findings = rapid.SliceOf(drawAny().Filter(func(f Finding) bool { return f.Rule != "" })).Draw(t, "findings")
		var a, b bytes.Buffer
		if err := WriteSARIF(&a, run); err != nil {
			t.Fatal(err)
		}
		if err := validate(schema, a.Bytes()); err != nil {
			t.Fatalf("%v\n%s", err, a.Bytes())
		}
		run.Findings = rapid.Permutation(run.Findings).Draw(t, "permuted")
		if err := WriteSARIF(&b, run); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Fatal("the order of findings shows in the bytes")
		}
	})
}

func TestSARIFRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		run := Run{Tool: "adamant", Anchor: rapid.SampledFrom([]string{"", "README.md"}).Draw(t, "anchor")}
		run.Findings = rapid.SliceOf(drawWritable()).Draw(t, "findings")
		for i := range run.Findings {
			run.Findings[i].Message = strings.Repeat("m", i+1)
		}
		AssignFingerprints(run.Findings, nil, nil)
		var b bytes.Buffer
		if err := WriteSARIF(&b, run); err != nil {
			t.Fatal(err)
		}
		got, err := ReadSARIF(&b, Options{Own: true})
		if err != nil {
			t.Fatal(err)
		}
		want := run.Findings
		Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("wrote %+v\nread  %+v", want, got)
		}
	})
}

// drawWritable draws findings as adamant makes them.
func drawWritable() *rapid.Generator[Finding] {
	return rapid.Custom(func(t *rapid.T) Finding {
		f := drawAny().Draw(t, "finding")
		f.Rule = rapid.SampledFrom([]string{"r/1", "r/2"}).Draw(t, "known rule")
		f.Fix = strings.ToValidUTF8(f.Fix, "")
		if f.Severity != Warning && f.Severity != Note {
			f.Severity = Error
		}
		if f.Suppress == "odd" {
			f.Suppress = "external"
		}
		if f.EndLine <= f.Line {
			f.EndLine = 0
		}
		return f
	})
}
