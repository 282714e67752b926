package all

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/builtin/builtintest"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

func TestChecksAreSortedAndNamed(t *testing.T) {
	t.Parallel()
	var names []string
	for _, check := range Checks() {
		names = append(names, check.Name())
		if check.Kind() == "" {
			t.Errorf("%s answers for no gate", check.Name())
		}
	}
	want := []string{"format", "licenses", "links", "secrets", "spelling", "versions", "vulnerabilities", "workflows"}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

func TestSwitchedOff(t *testing.T) {
	t.Parallel()
	config := manifest.Repository{Spec: manifest.RepositorySpec{Builtin: map[string]string{"spelling": "off", "links": "on"}}}
	for _, check := range Enabled(config) {
		if check.Name() == "spelling" {
			t.Error("spelling is on")
		}
	}
	if got, want := len(Enabled(config)), len(Checks())-1; got != want {
		t.Errorf("%d checks, want %d", got, want)
	}
}

// counted counts how often each file is read.
type counted struct {
	builtintest.Tree
	reads map[string]int
}

func (c counted) Read(ctx context.Context, path string) ([]byte, error) {
	c.reads[path]++
	return c.Tree.Read(ctx, path)
}

func TestRunReadsEachFileOnce(t *testing.T) {
	t.Parallel()
	in := builtintest.Input(map[string]string{"a.md": "x\n", "b.go": "package b\n"}, map[string]string{"a.md": "y\n", "b.go": "package b\n\nvar x = 1\n"})
	base, merged := counted{in.Base.(builtintest.Tree), map[string]int{}}, counted{in.Merged.(builtintest.Tree), map[string]int{}}
	in.Base, in.Merged = base, merged
	outcomes := Run(t.Context(), in)
	for _, o := range outcomes {
		if o.Err != nil || o.Result.State != facts.Passed {
			t.Errorf("%s: %+v, %v", o.Name, o.Result, o.Err)
		}
	}
	for _, side := range []counted{base, merged} {
		for path, n := range side.reads {
			if n != 1 {
				t.Errorf("%s was read %d times", path, n)
			}
		}
	}
}

// broken is a tree that cannot be read.
type broken struct{ builtintest.Tree }

var errDisk = errors.New("disk is on fire")

func (broken) Read(context.Context, string) ([]byte, error) { return nil, errDisk }

// TestUnreadableTreeNeverPasses fails when a check takes a file that it could not read for a good one.
func TestUnreadableTreeNeverPasses(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a.md": "x", "a.go": "x", "go.mod": "x", ".github/workflows/a.yml": "x", "package-lock.json": "x"}
	in := builtintest.Input(nil, files)
	in.Merged = broken{builtintest.Tree(files)}
	for _, o := range Run(t.Context(), in) {
		if !errors.Is(o.Err, errDisk) {
			t.Errorf("%s: got %+v, %v", o.Name, o.Result, o.Err)
		}
	}
}

// TestHostilePaths fails when a path that git can hold breaks a check.
func TestHostilePaths(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for _, path := range []string{"/", "a//b.md", "../x.go", "a\nb.yml", "\xff.json", " ", "-x.md", "a/../go.mod", ".github/workflows/\n.yml", strings.Repeat("d/", 500) + "x.md"} {
		files[path] = "text\n"
	}
	for _, o := range Run(t.Context(), builtintest.Input(nil, files)) {
		if o.Err != nil {
			t.Errorf("%s: %v", o.Name, o.Err)
		}
	}
}

func TestMissingFileIsAnError(t *testing.T) {
	t.Parallel()
	in := builtin.Input{Base: builtintest.Tree{}, Merged: builtintest.Tree{}, Files: []facts.File{{Path: "a.md", Status: "added"}}}
	for _, o := range Run(t.Context(), in) {
		if o.Name == "secrets" && !errors.Is(o.Err, fs.ErrNotExist) {
			t.Errorf("got %+v, %v", o.Result, o.Err)
		}
	}
}

// change is 100 modified files of 200 lines, of the kinds that a change in a monorepo has, with 20 new lines each.
func change() builtin.Input {
	base, merged := map[string]string{}, map[string]string{}
	for i := range 100 {
		path, line := "", ""
		switch {
		case i < 55:
			path, line = fmt.Sprintf("svc/p%d/file.go", i), "// F%[1]d returns the sum of its arguments and a constant, for callers that need it.\nfunc F%[1]d(first, second int) int {\n\ttoken := first + %[1]d\n\treturn token * second\n}\n\n"
		case i < 75:
			path, line = fmt.Sprintf("docs/page%d.md", i), "## Heading %[1]d\n\nSome text with a [link](page60.md#heading-%[1]d) and `code`, about %[1]d things.\n\n"
		case i < 85:
			path, line = fmt.Sprintf("deploy/app%d.yaml", i), "key%[1]d:\n  name: value-%[1]d\n  list: [1, 2, %[1]d]\n"
		case i < 95:
			path, line = fmt.Sprintf("web/src/c%d.ts", i), "/** Says hello to number %[1]d. */\nexport function hello%[1]d(name: string): string {\n  return `hello ${name} ` + \"%[1]d\";\n}\n"
		case i < 98:
			path, line = fmt.Sprintf("tools/t%d.py", i), "def f%[1]d(value):\n    \"\"\"Return the value, doubled %[1]d times.\"\"\"\n    return value * 2  # cheap\n\n"
		default:
			path, line = fmt.Sprintf(".github/workflows/w%d.yml", i), "  job%[1]d:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make test\n"
		}
		base[path], merged[path] = file(path, line, 200, 1), file(path, line, 200, 2)
	}
	return builtintest.Input(base, merged)
}

// file repeats a block until it has some lines. Of the second version, the last 20 lines are its own.
func file(path, block string, lines, version int) string {
	var b strings.Builder
	switch {
	case strings.HasSuffix(path, ".go"):
		b.WriteString("package p\n\n")
	case strings.HasPrefix(path, ".github"):
		b.WriteString("on: push\njobs:\n")
	}
	step := strings.Count(block, "\n")
	for n := 0; n < lines; n += step {
		number := n
		if n >= lines-20 {
			number += 1000 * version
		}
		fmt.Fprintf(&b, block, number)
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func TestBenchmarkInputIsClean(t *testing.T) {
	t.Parallel()
	for _, o := range Run(t.Context(), change()) {
		if o.Err != nil {
			t.Errorf("%s: %v", o.Name, o.Err)
		}
		for _, f := range o.Result.Merged {
			if f.Rule == "format/gofmt" || f.Rule == "format/yaml" || strings.HasPrefix(f.Rule, "workflows/") {
				t.Errorf("%s: %s:%d %s %s", o.Name, f.Path, f.Line, f.Rule, f.Message)
			}
		}
	}
}

// BenchmarkRun is the budget of the built-in checks within `adamant check`: 60 ms on one core.
func BenchmarkRun(b *testing.B) {
	in := change()
	for b.Loop() {
		Run(b.Context(), in)
	}
}

func BenchmarkCheck(b *testing.B) {
	in := change()
	for _, check := range Checks() {
		b.Run(check.Name(), func(b *testing.B) {
			for b.Loop() {
				if _, err := check.Run(b.Context(), in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
