package check

import (
	"context"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// runTests is a test runner: each line of tests/*.txt names a word that source.txt must hold. It is a line of sh, so that
// the tests below need no toolchain.
const runTests = `{ echo '<testsuite name="s">'
for f in tests/*.txt; do while read -r word; do
  if grep -qw "$word" source.txt; then echo "<testcase classname=\"c\" name=\"$word\"/>"
  else echo "<testcase classname=\"c\" name=\"$word\"><failure message=\"no $word\"/></testcase>"; bad=1; fi
done <"$f"; done; echo '</testsuite>'; } >junit.xml; test -z "$bad"`

func unit() manifest.Check {
	return manifest.Check{Name: "test", Kind: "unit", Command: []string{runTests}, Reports: []manifest.Report{{Format: "junit", Path: "junit.xml"}}}
}

func restore(path, content string) Overlay {
	return Overlay{Path: path, Mode: git.ModeFile, Blob: hash(content)}
}

// withBlobs is a tree of a repository that holds the objects of another one too.
type withBlobs struct{ tree, other tree }

func (t withBlobs) ID() string                                     { return t.tree.ID() }
func (t withBlobs) Files(ctx context.Context) ([]git.Entry, error) { return t.tree.Files(ctx) }
func (t withBlobs) Checkout(ctx context.Context, dir string) error { return t.tree.Checkout(ctx, dir) }

func (t withBlobs) Blob(ctx context.Context, oid git.OID) ([]byte, error) {
	if content, err := t.tree.Blob(ctx, oid); err == nil {
		return content, nil
	}
	return t.other.Blob(ctx, oid)
}

func rules(findings []finding.Finding) string {
	var all []string
	for _, f := range findings {
		if strings.HasPrefix(f.Rule, "evidence/") {
			all = append(all, f.Rule)
		}
	}
	return strings.Join(all, " ")
}

func TestBaseTests(t *testing.T) {
	t.Parallel()
	base := tree{"source.txt": "one two three", "tests/a.txt": "one\ntwo\n", "tests/b.txt": "three\n"}
	off := false
	for name, test := range map[string]struct {
		merged  tree
		edits   []Overlay
		check   func(*manifest.Check)
		state   string
		rules   string
		base    *facts.Tests
		noLevel bool
	}{
		"no test is edited": {
			merged: tree{"source.txt": "one two three four", "tests/a.txt": base["tests/a.txt"], "tests/b.txt": base["tests/b.txt"]},
			state:  facts.Passed, base: &facts.Tests{Passed: 3},
		},
		"tests are added": {
			merged: tree{"source.txt": "one two three four", "tests/a.txt": base["tests/a.txt"], "tests/b.txt": base["tests/b.txt"], "tests/c.txt": "four\n"},
			edits:  []Overlay{{Path: "tests/c.txt", Delete: true}},
			state:  facts.Passed, base: &facts.Tests{Passed: 3},
		},
		"behaviour and tests change together": {
			merged: tree{"source.txt": "one two THREE", "tests/a.txt": base["tests/a.txt"], "tests/b.txt": "THREE\n"},
			edits:  []Overlay{restore("tests/b.txt", base["tests/b.txt"])},
			state:  facts.Passed, rules: RuleBaseTests, base: &facts.Tests{Passed: 2, Failed: 1},
		},
		"a test is deleted": {
			merged: tree{"source.txt": "one two three", "tests/a.txt": base["tests/a.txt"]},
			edits:  []Overlay{restore("tests/b.txt", base["tests/b.txt"])},
			state:  facts.Passed, rules: RuleFewerTests, base: &facts.Tests{Passed: 3},
		},
		"a failing test is deleted": {
			merged: tree{"source.txt": "one two", "tests/a.txt": base["tests/a.txt"]},
			edits:  []Overlay{restore("tests/b.txt", base["tests/b.txt"])},
			state:  facts.Passed, rules: RuleBaseTests + " " + RuleFewerTests, base: &facts.Tests{Passed: 2, Failed: 1},
		},
		"head's tests show it too": {
			merged: tree{"source.txt": "one two", "tests/a.txt": base["tests/a.txt"], "tests/b.txt": "three\n\n"},
			edits:  []Overlay{restore("tests/b.txt", base["tests/b.txt"])},
			state:  facts.Failed, base: &facts.Tests{Passed: 2, Failed: 1},
		},
		"the test folder became a link": {
			merged: tree{"source.txt": "one two", "elsewhere/x.txt": "one\n", "tests": "-> elsewhere"},
			edits:  []Overlay{restore("tests/a.txt", base["tests/a.txt"]), restore("tests/b.txt", base["tests/b.txt"])},
			state:  facts.Passed, rules: RuleBaseTests + " " + RuleFewerTests, base: &facts.Tests{Passed: 2, Failed: 1},
		},
		"base's tests give no result": {
			merged: tree{"source.txt": "one", "tests/a.txt": "one\n", "run": "x"},
			edits:  []Overlay{{Path: "run", Delete: true}},
			check:  func(c *manifest.Check) { c.Command[0] = "test -e run || exit 9\n" + c.Command[0] },
			state:  facts.Passed, rules: RuleBaseTests,
		},
		"switched off": {
			merged: tree{"source.txt": "one two", "tests/a.txt": base["tests/a.txt"]},
			edits:  []Overlay{restore("tests/b.txt", base["tests/b.txt"])},
			check:  func(c *manifest.Check) { c.BaseTests = &off }, state: facts.Passed,
		},
		"not asked for by the level": {
			merged: tree{"source.txt": "one two", "tests/a.txt": base["tests/a.txt"]},
			edits:  []Overlay{restore("tests/b.txt", base["tests/b.txt"])}, noLevel: true, state: facts.Passed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := unit()
			if test.check != nil {
				test.check(&c)
			}
			job := Job{Merged: withBlobs{test.merged, base}, Base: base, BaseTests: !test.noLevel, Overlay: test.edits}
			r := newRunner(t)
			e, findings := runOne(t, r, c, job)
			wantState(t, e, test.state, "")
			if got := rules(findings); got != test.rules {
				t.Errorf("rules %q, want %q", got, test.rules)
			}
			switch {
			case test.base == nil && e.BaseTests != nil:
				t.Errorf("base's tests %+v, want none", e.BaseTests)
			case test.base != nil && (e.BaseTests == nil || e.BaseTests.Passed != test.base.Passed || e.BaseTests.Failed != test.base.Failed):
				t.Errorf("base's tests %+v, want %+v", e.BaseTests, test.base)
			}
			again, more := runOne(t, r, c, job)
			cached := again.Source == facts.SourceCache
			if broken := name == "base's tests give no result"; cached == broken {
				t.Errorf("the second run came from %s", again.Source)
			}
			if rules(more) != rules(findings) {
				t.Errorf("the second run says %q", rules(more))
			}
		})
	}
}

// lint is a linter: each line of source with the word bad is an error, with ugly a warning. It exits as go vet -json does.
func lint(exit string) manifest.Check {
	return manifest.Check{
		Name: "test", Kind: "lint", Reports: []manifest.Report{{Format: "eslint", Path: "lint.json"}},
		Command: []string{`{ printf '[{"filePath":"'"$PWD"'/source.txt","messages":['
n=0; sep=; while read -r line; do n=$((n+1)); case $line in
*bad*) sev=2;; *ugly*) sev=1;; *) continue;; esac
printf '%s{"ruleId":"r","severity":%s,"message":"no","line":%s,"column":1}' "$sep" $sev $n; sep=,; found=1
done <source.txt; echo ']}]'; } >lint.json; ` + exit},
	}
}

func TestLintComparesWithBase(t *testing.T) {
	t.Parallel()
	const byFindings, always0, always1 = `test -z "$found"`, "true", "exit 1"
	for name, test := range map[string]struct {
		base, merged string
		exit         string
		state        string
		reason       string
		states       []finding.State
	}{
		"clean":                      {base: "fine\n", merged: "fine\nfine too\n", exit: byFindings, state: facts.Passed},
		"new error":                  {base: "fine\n", merged: "fine\nbad one\n", exit: byFindings, state: facts.Failed, reason: "1 finding", states: []finding.State{finding.New}},
		"new error, exit 0":          {base: "fine\n", merged: "fine\nbad one\n", exit: always0, state: facts.Failed, reason: "1 finding", states: []finding.State{finding.New}},
		"new warning, exit 0":        {base: "fine\n", merged: "ugly one\n", exit: always0, state: facts.Passed, states: []finding.State{finding.New}},
		"new warning, exit 1":        {base: "fine\n", merged: "ugly one\n", exit: byFindings, state: facts.Failed, states: []finding.State{finding.New}},
		"old error moves":            {base: "bad one\n", merged: "fine\n\nbad one\n", exit: byFindings, state: facts.Passed, reason: "none of them new", states: []finding.State{finding.Unchanged}},
		"old error and a new one":    {base: "bad one\n", merged: "bad one\nbad two\n", exit: byFindings, state: facts.Failed, reason: "1 finding", states: []finding.State{finding.Unchanged, finding.New}},
		"fails without findings":     {base: "fine\n", merged: "fine\n", exit: always1, state: facts.Failed, reason: "exit status 1"},
		"base gives no result":       {base: "", merged: "bad one\n", exit: byFindings + ` && test -s source.txt`, state: facts.Failed, states: []finding.State{""}},
		"a second error of the kind": {base: "bad one\n", merged: "bad one\nbad one\n", exit: byFindings, state: facts.Failed, reason: "1 finding", states: []finding.State{finding.Unchanged, finding.New}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := tree{"source.txt": test.base}
			c := lint(test.exit)
			if name == "base gives no result" {
				c.Command[0] = "test -s source.txt || exit 127\n" + c.Command[0]
			}
			e, findings := runOne(t, newRunner(t), c, Job{Merged: tree{"source.txt": test.merged}, Base: base})
			wantState(t, e, test.state, test.reason)
			var states []finding.State
			for _, f := range findings {
				states = append(states, f.State)
				if f.Path != "source.txt" || f.Fingerprint == "" {
					t.Errorf("finding without place or fingerprint: %+v", f)
				}
			}
			if len(states) != len(test.states) {
				t.Fatalf("states %q, want %q", states, test.states)
			}
			for i := range states {
				if states[i] != test.states[i] {
					t.Errorf("states %q, want %q", states, test.states)
				}
			}
		})
	}
}

func TestCoverageMinimum(t *testing.T) {
	t.Parallel()
	const lcov = "SF:a.js\nDA:1,1\nDA:2,0\nDA:3,1\nDA:4,1\nend_of_record\n"
	for name, test := range map[string]struct {
		min    manifest.CoverageMin
		lines  []facts.LineRange
		state  string
		reason string
		diff   int
	}{
		"diff is enough":     {min: manifest.CoverageMin{Scope: "diff", Min: 95}, lines: []facts.LineRange{{From: 3, To: 4}}, state: facts.Passed, diff: 100_000},
		"diff is not enough": {min: manifest.CoverageMin{Scope: "diff", Min: 95}, lines: []facts.LineRange{{From: 1, To: 4}}, state: facts.Failed, reason: "diff coverage is 75.0 %, under 95 %", diff: 75_000},
		"nothing to cover":   {min: manifest.CoverageMin{Scope: "diff", Min: 95}, state: facts.Passed, diff: -1},
		"total":              {min: manifest.CoverageMin{Scope: "total", Min: 76}, state: facts.Failed, reason: "total coverage is 75.0 %, under 76 %", diff: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := manifest.Check{
				Name: "test", Kind: "unit", Command: []string{"cp profile lcov.info"}, Coverage: &test.min,
				Reports: []manifest.Report{{Format: "lcov", Path: "lcov.info"}},
			}
			files := tree{"profile": lcov, "a.js": "a\nb\nc\nd\n", "never-loaded.js": "// why\nx()\n"}
			e, _ := runOne(t, newRunner(t), c, Job{Merged: files, Changed: []facts.File{{Path: "a.js", Class: "source", Lines: test.lines}}})
			wantState(t, e, test.state, test.reason)
			if e.Coverage == nil || e.Coverage.Diff != test.diff || e.Coverage.Total != 75_000 {
				t.Errorf("coverage %+v", e.Coverage)
			}
		})
	}
	t.Run("a file that no test loads is not covered", func(t *testing.T) {
		t.Parallel()
		c := manifest.Check{
			Name: "test", Kind: "unit", Command: []string{"cp profile lcov.info"}, Coverage: &manifest.CoverageMin{Scope: "diff", Min: 1},
			Reports: []manifest.Report{{Format: "lcov", Path: "lcov.info"}},
		}
		e, _ := runOne(t, newRunner(t), c, Job{
			Merged:  tree{"profile": lcov, "a.js": "a\nb\nc\nd\n", "never-loaded.js": "// why\nx()\n"},
			Changed: []facts.File{{Path: "never-loaded.js", Class: "source", Lines: []facts.LineRange{{From: 1, To: 2}}}},
		})
		wantState(t, e, facts.Failed, "diff coverage is 0.0 %")
		if e.Coverage == nil || e.Coverage.DiffLines != 1 {
			t.Errorf("coverage %+v, want one line", e.Coverage)
		}
	})
	t.Run("demanded without a profile", func(t *testing.T) {
		t.Parallel()
		c := manifest.Check{Name: "test", Kind: "unit", Command: []string{"true"}, Coverage: &manifest.CoverageMin{Scope: "diff", Min: 1}}
		e, _ := runOne(t, newRunner(t), c, Job{Merged: tree{"a": "b"}})
		wantState(t, e, facts.Errored, "no report of the check is a coverage profile")
	})
}
