package gatekeeper_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/policy/gatekeeper"
)

// tree is files by path.
type tree map[string]string

func (t tree) read(path string) ([]byte, error) {
	text, ok := t[path]
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	return []byte(text), nil
}

func (t tree) run(tb testing.TB) *gatekeeper.Report { return t.runWithin(tb, time.Minute) }

func (t tree) runWithin(tb testing.TB, deadline time.Duration) *gatekeeper.Report {
	tb.Helper()
	var suites []*gatekeeper.Suite
	var paths []string
	for path := range t {
		if strings.HasSuffix(path, "suite.yaml") {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		s, err := gatekeeper.ReadSuite(path, []byte(t[path]))
		if err != nil {
			tb.Fatal(err)
		}
		if s != nil {
			suites = append(suites, s)
		}
	}
	report, err := gatekeeper.Run(tb.Context(), suites, t.read, gatekeeper.RunOptions{Sandbox: policy.Sandbox(), Now: now(), Deadline: deadline})
	if err != nil {
		tb.Fatal(err)
	}
	return report
}

func now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

func testdata(t *testing.T) tree {
	t.Helper()
	out := tree{}
	err := filepath.WalkDir("testdata", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		out[filepath.ToSlash(path)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSuites(t *testing.T) {
	t.Parallel()
	report := testdata(t).run(t)
	for _, r := range report.Results {
		if r.State == gatekeeper.Failed {
			t.Errorf("%s:%d %s/%s: %s", r.Suite, r.Line, r.Test, r.Case, r.Reason)
		}
	}
	if report.Suites != 4 || report.Tests != 9 || report.Passed != 15 || report.Skipped != 2 {
		t.Errorf("got %d suites, %d tests, %d passed, %d skipped", report.Suites, report.Tests, report.Passed, report.Skipped)
	}
}

// TestSuitesCanFail turns every expectation round.
func TestSuitesCanFail(t *testing.T) {
	t.Parallel()
	files := testdata(t)
	turned := strings.NewReplacer("violations: no", "violations: yes", "violations: 0", "violations: 3", "violations: 1", "violations: 2",
		"violations: yes", "violations: no", "invalid: true", "invalid: false", "- message: lacks", "- message: abounds")
	for path, text := range files {
		if strings.HasSuffix(path, "suite.yaml") {
			files[path] = turned.Replace(text)
		}
	}
	report := files.run(t)
	if report.Passed != 0 || report.Failed != 15 {
		t.Errorf("%d passed, %d failed, want 15 failures", report.Passed, report.Failed)
	}
}

// suiteOf is a suite with one test, whose template has the Rego and whose case has the assertion.
func suiteOf(rego, assertion string) tree {
	return tree{
		"t.yaml": template(rego), "c.yaml": constraint, "o.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n",
		"suite.yaml": fmt.Sprintf(`kind: Suite
apiVersion: test.gatekeeper.sh/v1alpha1
tests:
  - name: a
    template: t.yaml
    constraint: c.yaml
    cases: [{name: b, object: o.yaml, assertions: [{%s}]}]
`, assertion),
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	const yes = `violation[{"msg": "one"}] { true }`
	for name, c := range map[string]struct {
		files tree
		want  string // of the only result's reason; empty: passed
	}{
		"passes":             {suiteOf(yes, "violations: yes"), ""},
		"default is yes":     {suiteOf(yes, "message: one"), ""},
		"none":               {suiteOf(yes, "violations: no"), `want no violation, got 1 of: ["one"]`},
		"too few":            {suiteOf(yes, "violations: 2"), `want 2 violations, got 1 of: ["one"]`},
		"another message":    {suiteOf(yes, "message: two"), `want a violation that matches "two", got 0 of: ["one"]`},
		"equal ones are one": {suiteOf(yes+"\n"+`violation[{"msg": "one", "other": 5}] { true }`, "violations: 1"), ""},
		"details differ":     {suiteOf(yes+"\n"+`violation[{"msg": "one", "details": 5}] { true }`, "violations: 2"), ""},
		"conflict":           {suiteOf(`f(x) = 1 { true } f(x) = 2 { true } violation[{"msg": "one"}] { f(1) }`, "message: conflicting values.* at t.yaml:12$"), ""},
		"builtin error":      {suiteOf(`violation[{"msg": "one"}] { to_number("x") }`, "violations: no"), ""},
		"the clock stands":   {suiteOf(`violation[{"msg": msg}] { msg := sprintf("%d", [time.now_ns()]) }`, "message: ^1767323045000000000$"), ""},
		"no record":          {suiteOf(`violation["text"] { true }`, "violations: no"), `violation reports "text"; it must be an object with the field msg`},
		"no message":         {suiteOf(`violation[{"message": "m"}] { true }`, "violations: no"), "which has no field msg"},
		"message no text":    {suiteOf(`violation[{"msg": 5}] { true }`, "violations: no"), "violation reports msg as 5; it must be a text"},
		"endless": {suiteOf(`violation[{"msg": "m"}] { count([x | numbers.range(1, 100000)[_]; numbers.range(1, 100000)[_]; x := 1]) < 0 }`, "violations: no"),
			"the case was not done within 1s"},
		"network":       {suiteOf(`violation[{"msg": "m"}] { http.send({"url": "http://localhost", "method": "get"}).body }`, "violations: yes"), "t.yaml:12:35: undefined function http.send"},
		"chance":        {suiteOf(`violation[{"msg": "m"}] { rand.intn("a", 5) > 9 }`, "violations: no"), "undefined function rand.intn"},
		"environment":   {suiteOf(`violation[{"msg": "m"}] { opa.runtime().env.HOME }`, "violations: no"), "undefined function opa.runtime"},
		"external data": {suiteOf(`violation[{"msg": "m"}] { external_data({}) }`, "violations: no"), "external_data asks a service"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deadline := time.Minute
			if name == "endless" {
				deadline = time.Second
			}
			report := c.files.runWithin(t, deadline)
			if len(report.Results) != 1 {
				t.Fatalf("got %d results", len(report.Results))
			}
			r := report.Results[0]
			if (c.want == "") != (r.State == gatekeeper.Passed) || !strings.Contains(r.Reason, c.want) {
				t.Errorf("got %s: %s\nwant %q", r.State, r.Reason, c.want)
			}
		})
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	const yes = `violation[{"msg": "one"}] { true }`
	for name, c := range map[string]struct {
		path, text string // put into a suite that passes; empty text: taken out
		want       string
	}{
		"no object":              {"o.yaml", "", "o.yaml"},
		"two objects":            {"o.yaml", "kind: A\n---\nkind: B\n", "o.yaml holds 2 objects"},
		"no kind":                {"o.yaml", "a: b\n", "has no kind"},
		"a list":                 {"o.yaml", "- a\n", "is no object"},
		"broken object":          {"o.yaml", "a: [\n", "o.yaml:"},
		"empty object":           {"o.yaml", "# nothing\n", "o.yaml holds no object"},
		"no template":            {"t.yaml", "", "t.yaml"},
		"another thing":          {"t.yaml", "apiVersion: v1\nkind: Pod\n", "t.yaml is no ConstraintTemplate"},
		"empty template":         {"t.yaml", "", "t.yaml"},
		"no constraint":          {"c.yaml", "apiVersion: v1\nkind: Pod\n", "c.yaml is no constraint"},
		"constraint of another":  {"c.yaml", strings.Replace(constraint, "K8sTest", "K8sOther", 1), "c.yaml is of kind K8sOther; the template is of kind K8sTest"},
		"review without request": {"o.yaml", "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\n", "has no request"},
		"review without objects": {"o.yaml", "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {operation: CREATE}\n", "neither object nor oldObject"},
		"deletion of nothing":    {"o.yaml", "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {operation: DELETE, object: {kind: A}}\n", "deletes but has no oldObject"},
		"unknown field":          {"o.yaml", "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {opration: CREATE, object: {kind: A}}\n", "unknown field opration"},
		"object without a kind":  {"o.yaml", "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {object: {metadata: {}}}\n", "object is no object with a kind"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := suiteOf(yes, "violations: yes")
			if files[c.path] = c.text; c.text == "" {
				delete(files, c.path)
			}
			report := files.run(t)
			if report.Failed != 1 || !strings.Contains(report.Results[0].Reason, c.want) {
				t.Errorf("got %+v, want %q", report.Results, c.want)
			}
		})
	}
}

func TestSuiteMistakes(t *testing.T) {
	t.Parallel()
	head := "kind: Suite\napiVersion: test.gatekeeper.sh/v1alpha1\ntests:\n"
	for text, want := range map[string]string{
		head + "- {name: a, template: t, constraint: c, cases: [{assertions: [{violations: maybe}]}]}": `s.yaml:4:64: violations is "maybe"; it must be yes, no or a number`,
		head + "- {name: a, template: t, constraint: c, cases: [{assertions: [{violations: -1}]}]}":    "a number from 0",
		head + "- {name: a, template: t, constraint: c, cases: [{assertions: [{violations: 1.5}]}]}":   "must be yes, no or a number",
		head + "- {name: a, template: t, constraint: c, cases: [{assertions: [{message: '('}]}]}":      "no regular expression",
		head + "- {name: a, template: t}":              `the test "a" names no template or no constraint`,
		head + "- {name: 5}":                           "tests.0.name must be a text",
		"apiVersion: test.gatekeeper.sh/v1\nkind: [\n": "s.yaml:2",
	} {
		_, err := gatekeeper.ReadSuite("s.yaml", []byte(text))
		var diags manifest.Diagnostics
		if !errors.As(err, &diags) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot %v, want %q", text, err, want)
		}
	}
	for _, other := range []string{"", "kind: Suite\n", "apiVersion: test.gatekeeper.sh/v1\nkind: Other\n", "- a\n"} {
		if s, err := gatekeeper.ReadSuite("s.yaml", []byte(other)); s != nil || err != nil {
			t.Errorf("%q: got %v, %v; want no suite", other, s, err)
		}
	}
}

func TestRunStops(t *testing.T) {
	t.Parallel()
	files := suiteOf(`violation[{"msg": "m"}] { true }`, "violations: yes")
	s, err := gatekeeper.ReadSuite("suite.yaml", []byte(files["suite.yaml"]))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := gatekeeper.Run(ctx, []*gatekeeper.Suite{s}, files.read, gatekeeper.RunOptions{Sandbox: policy.Sandbox()}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func FuzzReadSuite(f *testing.F) {
	f.Add(suiteOf(`violation[{"msg": "m"}] { true }`, "violations: yes")["suite.yaml"])
	f.Add("kind: Suite\napiVersion: test.gatekeeper.sh/v1alpha1\nskip: 5\ntests: {}\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := gatekeeper.ReadSuite("s.yaml", []byte(text))
		var diags manifest.Diagnostics
		if err != nil && !errors.As(err, &diags) {
			t.Errorf("got %v, want diagnostics", err)
		}
		if s == nil || err != nil {
			return
		}
		if _, err := gatekeeper.Run(t.Context(), []*gatekeeper.Suite{s}, tree{}.read, gatekeeper.RunOptions{Sandbox: policy.Sandbox()}); err != nil {
			t.Error(err)
		}
	})
}
