package check

import (
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

func tests(paths ...string) []AffectedTest {
	var out []AffectedTest
	for _, p := range paths {
		t := AffectedTest{Path: p, Why: []string{p, "changed"}}
		if strings.HasSuffix(p, ".go") {
			t.Module = "."
		}
		out = append(out, t)
	}
	return out
}

func TestSelected(t *testing.T) {
	t.Parallel()
	gotest := []string{"go", "test", "-json", Placeholder}
	for name, tt := range map[string]struct {
		check    manifest.Check
		changed  []string
		affected *Affected
		want     string // "all", "none", or the command
	}{
		"not selecting":           {check: manifest.Check{Command: []string{"x"}}, affected: &Affected{}, want: "all"},
		"nothing affects it":      {check: manifest.Check{Select: "affected", Command: gotest}, changed: []string{"a.go"}, affected: &Affected{Files: []string{"a.go"}}, want: "none"},
		"packages of Go":          {check: manifest.Check{Select: "affected", Command: gotest}, affected: &Affected{Tests: tests("a/x_test.go", "a/y_test.go", "b_test.go")}, want: "go test -json ./. ./a"},
		"files":                   {check: manifest.Check{Select: "affected", Command: []string{"pytest", "-q", Placeholder}}, affected: &Affected{Tests: tests("t/test_a.py")}, want: "pytest -q ./t/test_a.py"},
		"for sh":                  {check: manifest.Check{Select: "affected", Command: []string{"cd x && pytest " + Placeholder}}, affected: &Affected{Tests: tests("t/it's.py")}, want: `cd x && pytest './t/it'\''s.py'`},
		"in a folder":             {check: manifest.Check{Select: "affected", Directory: "web", Command: []string{"jest", Placeholder}}, affected: &Affected{Tests: tests("web/a.test.ts", "api/b.test.ts")}, want: "jest ./a.test.ts"},
		"outside of the folder":   {check: manifest.Check{Select: "affected", Directory: "web", Command: []string{"jest", Placeholder}}, affected: &Affected{Tests: tests("api/b.test.ts")}, want: "none"},
		"another module":          {check: manifest.Check{Select: "affected", Directory: "sub", Command: gotest}, affected: &Affected{Tests: tests("sub/a_test.go")}, want: "none"},
		"unknown":                 {check: manifest.Check{Select: "affected", Command: gotest}, affected: &Affected{Tests: tests("a/x_test.go"), Unknown: []Unknown{{"go.mod", "decides"}}}, want: "all"},
		"unknown and no input":    {check: manifest.Check{Select: "affected", Command: gotest, Inputs: []string{"a/**"}}, affected: &Affected{Tests: tests("a/x_test.go"), Unknown: []Unknown{{"web/data.bin", "x"}}}, want: "go test -json ./a"},
		"an input that is data":   {check: manifest.Check{Select: "affected", Command: gotest, Inputs: []string{"docs/**"}}, changed: []string{"docs/a.md"}, affected: &Affected{}, want: "all"},
		"an input needs it":       {check: manifest.Check{Select: "affected", Command: []string{"x"}, Inputs: []string{"a/**"}}, changed: []string{"b/c.ts"}, affected: &Affected{Files: []string{"b/c.ts", "a/d.ts"}}, want: "all"},
		"no input needs it":       {check: manifest.Check{Select: "affected", Command: []string{"x"}, Inputs: []string{"a/**"}}, changed: []string{"b/c.ts"}, affected: &Affected{Files: []string{"b/c.ts"}}, want: "none"},
		"without a placeholder":   {check: manifest.Check{Select: "affected", Command: []string{"x"}}, affected: &Affected{Tests: tests("a/x_test.go")}, want: "all"},
		"setup":                   {check: manifest.Check{Select: "affected", Command: gotest, Setup: []string{"x"}}, changed: []string{"go.sum"}, affected: &Affected{Tests: tests("a/x_test.go")}, want: "all"},
		"no graph, an input":      {check: manifest.Check{Select: "affected", Command: gotest, Inputs: []string{"a/**"}}, changed: []string{"a/b.go"}, want: "all"},
		"no graph, no input":      {check: manifest.Check{Select: "affected", Command: gotest, Inputs: []string{"a/**"}}, changed: []string{"b.go"}, want: "none"},
		"too many":                {check: manifest.Check{Select: "affected", Command: gotest}, affected: &Affected{Tests: tests(strings.Repeat("a", 50_000)+"_test.go", strings.Repeat("b", 50_000)+"_test.go")}, want: "all"},
		"a glob that is not read": {check: manifest.Check{Select: "affected", Command: gotest, Inputs: []string{"{a"}}, affected: &Affected{}, want: "all"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			job := &Job{Affected: tt.affected}
			for _, p := range tt.changed {
				job.Changed = append(job.Changed, facts.File{Path: p})
			}
			s := selected(&tt.check, job)
			got := strings.Join(expand(tt.check.Command, s, tt.check.Directory, nil), " ")
			switch {
			case !s.run:
				got = "none"
				if s.why == "" {
					t.Error("it is not run, and nobody is told why")
				}
			case s.all:
				got = "all"
			}
			if got != tt.want {
				t.Errorf("got %s (%s), want %s", got, s.why, tt.want)
			}
		})
	}
}

func TestExpandEverything(t *testing.T) {
	t.Parallel()
	all := selection{run: true, all: true}
	if got := expand([]string{"go", "test", Placeholder}, all, "", nil); !slices.Equal(got, []string{"go", "test", "./..."}) {
		t.Errorf("go: %v", got)
	}
	if got := expand([]string{"pytest", Placeholder}, all, "", nil); !slices.Equal(got, []string{"pytest"}) {
		t.Errorf("pytest: %v", got)
	}
}

// Base's tests are other files than the change's: what the change added is not there, what it took away is there again.
func TestExpandForBaseTests(t *testing.T) {
	t.Parallel()
	s := selection{run: true, tests: tests("t/test_a.py", "t/test_new.py")}
	edits := []Overlay{{Path: "t/test_new.py", Delete: true}, {Path: "t/test_gone.py"}, {Path: "t/data.json"}, {Path: "other/test_x.py"}}
	if got := strings.Join(expand([]string{"pytest", Placeholder}, s, "t", edits), " "); got != "pytest ./test_a.py ./test_gone.py" {
		t.Errorf("got %s", got)
	}
	s.tests = tests("a/x_test.go")
	if got := strings.Join(expand([]string{"go", "test", Placeholder}, s, "", []Overlay{{Path: "a/x_test.go", Delete: true}}), " "); got != "go test ./..." {
		t.Errorf("got %s", got)
	}
}

func TestSelectionAsEvidence(t *testing.T) {
	t.Parallel()
	c := &manifest.Check{Select: "affected"}
	if e := (selection{run: true, all: true, why: "go.mod decides"}).evidence(c); e.All != "go.mod decides" || e.Count != 0 {
		t.Errorf("whole check: %+v", e)
	}
	e := selection{run: true, tests: tests("a_test.go")}.evidence(c)
	if e.Count != 1 || len(e.Tests) != 1 || e.Tests[0].Why != "changed" {
		t.Errorf("selected: %+v", e)
	}
	if e := (selection{run: true, all: true}).evidence(&manifest.Check{}); e != nil {
		t.Errorf("a check that does not select: %+v", e)
	}
}
