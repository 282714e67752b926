package judge

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/check"
	"github.com/adamant-os/adamant/internal/check/dependencies"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source"
)

// affectedTests says which tests a change can break, for checks that select; nil when none does.
func (c *courtroom) affectedTests(ctx context.Context, wanted []manifest.Check) (*check.Affected, error) {
	if !slices.ContainsFunc(wanted, func(k manifest.Check) bool { return k.Select == "affected" }) {
		return nil, nil
	}
	read := func(side *facts.Side) (*graph.Snapshot, error) {
		return GraphOf(ctx, c.repo, side, c.collected.Governance.Attributes, c.req.Places, c.req.Progress)
	}
	merged, err := read(c.collected.Merged)
	if err != nil {
		return nil, fmt.Errorf("reading the dependency graph: %w", err)
	}
	i := &Impact{Snapshot: merged, gone: map[graph.ID]string{}, present: map[string]bool{}}
	changes := slices.DeleteFunc(slices.Clone(c.collected.Changes), func(f git.FileChange) bool { return dependencies.IsLocked(f.Path) }) // unknown, below
	every := func(*graph.Edge) bool { return true }
	start, err := i.start(ctx, c.repo, changes, every, func() (*graph.Snapshot, error) { return read(c.collected.Base) })
	if err != nil {
		return nil, err
	}
	i.spread(start, every)
	return selectTests(i, c.collected.Input.Files, merged.Graph, goModuleOf(c.collected.Merged.Paths())), nil
}

// selectTests takes the tests of an impact, those that may need anything, and what is not known.
func selectTests(i *Impact, files []facts.File, g *graph.Graph, module func(string) string) *check.Affected {
	a := &check.Affected{}
	tests := map[string][]string{}
	for _, f := range i.Files {
		a.Files = append(a.Files, f.Path)
		if f.Test {
			tests[f.Path] = f.Why
		}
	}
	if slices.ContainsFunc(files, func(f facts.File) bool { return !inert(&f) }) {
		widen(g, tests)
	}
	for p, why := range tests {
		if testCode(g, p) {
			a.Tests = append(a.Tests, check.AffectedTest{Path: p, Why: why, Module: module(p)})
		}
	}
	slices.SortFunc(a.Tests, func(x, y check.AffectedTest) int { return cmp.Compare(x.Path, y.Path) })
	for k := range files {
		if why := unknownTo(g, &files[k], i); why != "" {
			a.Unknown = append(a.Unknown, check.Unknown{Path: files[k].Path, Why: why})
		}
	}
	slices.SortFunc(a.Unknown, func(x, y check.Unknown) int { return cmp.Compare(x.Path, y.Path) })
	return a
}

// widen adds the tests that need a file which computes what it imports: it may import what changed.
func widen(g *graph.Graph, tests map[string][]string) {
	var open []graph.ID
	for id := range graph.ID(g.Len()) {
		if n := g.Node(id); n.Open && codeLanguage(n.Language) {
			open = append(open, id)
		}
	}
	reached := g.Dependents(open, nil)
	via := make(map[graph.ID]*graph.Reach, len(reached))
	for k := range reached {
		r := &reached[k]
		via[r.ID] = r
		if n := g.Node(r.ID); n.Kind == graph.File && n.Test && tests[n.Name] == nil {
			way := []string{n.Name}
			for at := r; at.Via != nil; {
				at = via[at.Via.To]
				way = append(way, g.Node(at.ID).Name)
			}
			tests[n.Name] = append(way, "computed imports")
		}
	}
}

// testCode says whether a file of tests is given to a runner: code of a language that has runners.
func testCode(g *graph.Graph, p string) bool {
	id, ok := g.Find(graph.File, p)
	return ok && codeLanguage(g.Node(id).Language) && !strings.HasSuffix(p, ".d.ts") && path.Base(p) != "conftest.py" && path.Base(p) != "__init__.py"
}

// codeLanguage says whether the graph knows what runs in files of a language.
func codeLanguage(name string) bool {
	switch name {
	case "go", "javascript", "typescript", "component", "python":
		return true
	}
	return false
}

// maxSearched bounds the changed files of which it is asked one by one whether a test needs them.
const maxSearched = 500

// inert says that an edit is proven to change nothing that runs, or is prose.
func inert(f *facts.File) bool {
	return harmless(f) || f.Class == source.ClassDoc && f.Effect == source.EffectDoc
}

// unknownTo says why a changed file may affect every test, "" when the graph knows which it does.
func unknownTo(g *graph.Graph, f *facts.File, i *Impact) string {
	if inert(f) {
		return ""
	}
	p := f.Path
	id, ok := g.Find(graph.File, p)
	switch {
	case source.IsTestRunnerConfig(p) || source.IsManifest(p) || f.Class == source.ClassLockfile:
		return "decides how tests run or what they run with"
	case f.Unread != "":
		return "was not read"
	case f.Status == "deleted" && codeName(f.Language) && (f.Class == source.ClassTest || i.neededBefore(p)):
		return ""
	case !ok || !codeLanguage(g.Node(id).Language):
		return "is no code that the graph reads"
	}
	n := g.Node(id)
	if n.Language == "go" && n.Test {
		return ""
	}
	if n.Test && !named(p) {
		return "helps tests and may be loaded without an import"
	}
	if !n.Test && (len(i.Changed) > maxSearched || !reachesTest(g, id)) {
		return "is imported by no test: which tests run it is not known"
	}
	return ""
}

// neededBefore says whether something that is still there needed a file that is gone.
func (i *Impact) neededBefore(p string) bool {
	for _, gone := range i.gone {
		if gone == p {
			return true
		}
	}
	return false
}

func codeName(language string) bool {
	switch language {
	case "go", "javascript", "jsx", "typescript", "tsx", "python", "vue", "svelte":
		return true
	}
	return false
}

// named says whether runners find a file of tests by its name.
func named(p string) bool {
	base := path.Base(p)
	stem := strings.TrimSuffix(base, path.Ext(base))
	return strings.HasPrefix(base, "test_") || strings.HasSuffix(stem, "_test") || strings.HasSuffix(stem, ".test") || strings.HasSuffix(stem, ".spec") ||
		strings.HasSuffix(stem, "-test")
}

// reachesTest says whether a test needs a file.
func reachesTest(g *graph.Graph, id graph.ID) bool {
	return slices.ContainsFunc(g.Dependents([]graph.ID{id}, nil), func(r graph.Reach) bool {
		n := g.Node(r.ID)
		return n.Kind == graph.File && n.Test
	})
}

// goModuleOf finds the module that a file of Go belongs to.
func goModuleOf(paths []string) func(string) string {
	roots := map[string]bool{}
	for _, p := range paths {
		if path.Base(p) == "go.mod" {
			roots[path.Dir(p)] = true
		}
	}
	return func(p string) string {
		if path.Ext(p) != ".go" {
			return ""
		}
		for dir := path.Dir(p); ; dir = path.Dir(dir) {
			if roots[dir] || dir == "." {
				return dir
			}
		}
	}
}
