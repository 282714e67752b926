//go:build interop

package check

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// detected runs what Detect proposes for files, with the real toolchains and registries.
func detected(t *testing.T, files tree, only ...string) map[string]facts.Evidence {
	t.Helper()
	checks, notes := Detect(slices.Collect(maps.Keys(files)), func(path string) ([]byte, error) { return []byte(files[path]), nil })
	checks = slices.DeleteFunc(checks, func(c manifest.Check) bool { return len(only) > 0 && !slices.Contains(only, c.Name) })
	t.Log(describe(checks, notes))
	r := newRunner(t)
	r.Home = os.Getenv("HOME")
	evidence, findings, err := r.Run(t.Context(), checks, Job{Merged: files, Base: files, BaseTests: true})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]facts.Evidence{}
	for _, e := range evidence {
		got[e.Check] = e
		t.Logf("%s %s (%s) tests %+v coverage %+v network %s %d ms", e.Check, e.State, e.Reason, e.Tests, e.Coverage, e.Network, e.DurationMS)
		if e.State != facts.Passed {
			log, err := os.ReadFile(filepath.Join(r.State, "logs", e.Check+".log"))
			t.Logf("%v\n%s", err, log[max(0, len(log)-3000):])
		}
	}
	for _, f := range findings {
		t.Logf("%s %s:%d %s", f.Rule, f.Path, f.Line, f.Message)
	}
	return got
}

func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is not installed: apt-get install nodejs npm python3 python3-venv", tool)
		}
	}
}

func wantTests(t *testing.T, e facts.Evidence, passed int) {
	t.Helper()
	if e.State != facts.Passed || e.Tests == nil || e.Tests.Passed != passed {
		t.Errorf("%s: %s (%s), tests %+v, want %d passed", e.Check, e.State, e.Reason, e.Tests, passed)
	}
}

func TestNode(t *testing.T) {
	need(t, "node", "npm")
	got := detected(t, tree{
		"package.json": `{"scripts":{"test":"node --test"}}`,
		"a.test.js":    "const test=require('node:test');const assert=require('node:assert');test('one',()=>assert.equal(1,1));test('two',()=>{});",
	})
	wantTests(t, got["npm-unit"], 2)
}

func TestMocha(t *testing.T) {
	need(t, "node", "npm")
	got := detected(t, tree{
		"package.json": `{"scripts":{"test":"mocha"},"devDependencies":{"mocha":"11.1.0"}}`, "test/a.js": "it('one',()=>{});it('two',()=>{});",
	})
	wantTests(t, got["npm-unit"], 2)
}

func TestVitestAndESLint(t *testing.T) {
	need(t, "node", "npm")
	got := detected(t, tree{
		"package.json":      `{"type":"module","scripts":{"test":"vitest","lint":"eslint src"},"devDependencies":{"vitest":"3.2.4","@vitest/coverage-v8":"3.2.4","eslint":"9.30.0"}}`,
		"eslint.config.js":  "export default [{rules:{'no-var':'error'}}];\n",
		"src/sum.js":        "export const sum = (a, b) => a + b;\nvar old = 1;\n",
		"test/sum.test.js":  "import {expect,test} from 'vitest';import {sum} from '../src/sum.js';test('sum',()=>expect(sum(1,2)).toBe(3));\n",
		"test/more.test.js": "import {test} from 'vitest';test('more',()=>{});\n",
	})
	wantTests(t, got["npm-unit"], 2)
	if got["npm-unit"].Coverage == nil || got["npm-unit"].Coverage.Total < 50_000 {
		t.Errorf("coverage %+v", got["npm-unit"].Coverage)
	}
	wantState(t, got["npm-lint"], facts.Passed, "1 finding, none of them new")
}

// TestPytest runs the detected command for a package with a src folder. Its setup is replaced by one that takes pytest and
// setuptools from the system (Debian's packages), since a Python registry is not always to be had. Setup installs base's
// copy of the package; the merged one must be what is tested.
func TestPytest(t *testing.T) {
	need(t, "/usr/bin/python3")
	base := tree{
		"pyproject.toml":       "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n[project]\nname = \"tiny\"\nversion = \"1\"\n",
		"src/tiny/__init__.py": "def one():\n    return 'base'\n",
		"tests/test_tiny.py":   "from importlib.metadata import version\nimport tiny\n\n\ndef test_one():\n    assert tiny.one() == 'merged'\n\n\ndef test_version():\n    assert version('tiny') == '1'\n",
	}
	merged := maps.Clone(base)
	merged["src/tiny/__init__.py"] = "def one():\n    return 'merged'\n"
	checks, _ := Detect(slices.Collect(maps.Keys(merged)), func(path string) ([]byte, error) { return []byte(merged[path]), nil })
	if len(checks) != 1 {
		t.Fatalf("detected %s", describe(checks, nil))
	}
	c := checks[0]
	t.Log(describe(checks, nil))
	c.Setup = []string{"/usr/bin/python3 -m venv --system-site-packages .venv", ".venv/bin/python -m pip install -q --no-index --no-build-isolation --no-deps ."}
	c.Name = "test"
	r := newRunner(t)
	e, _ := runOne(t, r, c, Job{Merged: merged, Base: base})
	if e.State != facts.Passed {
		t.Log(logOf(t, r))
	}
	wantTests(t, e, 2)
	c.Setup, c.Command = nil, []string{"/usr/bin/python3 -m no_such_module --version"}
	e, _ = runOne(t, r, c, Job{Merged: merged})
	wantState(t, e, facts.Unavailable, "No module named no_such_module")
}

// TestRealModule runs the checks of a Go module that nobody here wrote, from the module cache.
func TestRealModule(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/spf13/cobra").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := strings.TrimSpace(string(out))
	files := tree{}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[rel] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got := detected(t, files)
	if e := got["go-unit"]; e.State != facts.Passed || e.Tests.Passed < 200 || e.Coverage.Total < 50_000 {
		t.Errorf("%+v", e)
	}
	wantState(t, got["go-vet"], facts.Passed, "")
	wantState(t, got["go-build"], facts.Passed, "")
}
