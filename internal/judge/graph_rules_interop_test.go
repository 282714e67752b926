//go:build interop

package judge

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/rules"
	"github.com/adamant-os/adamant/internal/graph/rules/depcruise"
)

// TestDependencyCruiserVerdicts compares with the violations that dependency-cruiser found in public repositories. Clones are
// named by ADAMANT_CLONE_WEBPACK and ADAMANT_CLONE_QUERY; what is not named is logged.
func TestDependencyCruiserVerdicts(t *testing.T) {
	t.Parallel()
	const corpus = "../../../shared/corpus/graph/"
	for _, one := range []struct{ name, rules, clone, commit string }{
		{"webpack", "dc.rules.base.json", "ADAMANT_CLONE_WEBPACK", "bc3e930f"},
		{"query", "dc.rules.query.json", "ADAMANT_CLONE_QUERY", "40321a0b"},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			dir := os.Getenv(one.clone)
			raw, err := os.ReadFile(corpus + one.name + ".depcruise.raw.tsv")
			if err != nil || dir == "" {
				t.Logf("not compared: %v; %s=%q", err, one.clone, dir)
				return
			}
			have := verdicts(t, dir, one.commit, corpus+one.rules, string(raw))
			compareVerdicts(t, have, lines(t, corpus+one.name+".violations.tsv"), knots(string(raw)))
		})
	}
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

// verdicts judges as the peer was run: a clone without node_modules, started from the folders it was given.
func verdicts(t *testing.T, dir, commit, config, raw string) []string {
	t.Helper()
	ctx := t.Context()
	repo, err := git.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	oid, err := repo.Resolve(ctx, commit)
	if err != nil {
		t.Fatal(err)
	}
	side, governance, err := GovernanceAt(ctx, repo, oid)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := GraphOf(ctx, repo, side, governance.Attributes, Places{}, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	set, problems := depcruise.Read(filepath.Base(config), data, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	report, err := rules.Judge(ctx, snapshot.Graph, set, rules.Options{Bare: true, Links: snapshot.Links, Sources: sourcesOf(raw)})
	if err != nil || slices.ContainsFunc(report.Problems, func(p rules.Problem) bool { return p.Fatal }) {
		t.Fatal(err, report.Problems)
	}
	var out []string
	for _, v := range report.Violations {
		out = append(out, strings.Join([]string{v.Rule, v.Kind, v.From, v.To}, "\t"))
	}
	return out
}

// sourcesOf are the files the peer started from or came to: the sources and targets of its edges, and the folders it was given.
func sourcesOf(raw string) func(string) bool {
	known := map[string]bool{}
	for line := range strings.Lines(raw) {
		f := strings.Split(line, "\t")
		known[f[0]], known[f[2]] = true, true
	}
	given := "lib/"
	if !known["lib/webpack.js"] {
		given = "packages/"
	}
	return func(p string) bool {
		if known[p] {
			return !slices.Contains([]string{".svelte", ".vue"}, filepath.Ext(p)) // the peer has no compiler for them
		}
		return strings.HasPrefix(p, given) && slices.Contains([]string{".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts"}, filepath.Ext(p))
	}
}

// knots numbers the strongly connected components of the peer's own edges.
func knots(raw string) map[string]int32 {
	var b graph.Builder
	for line := range strings.Lines(raw) {
		f := strings.Split(line, "\t")
		b.Edge(graph.Edge{From: b.Node(graph.Node{Name: f[0]}), To: b.Node(graph.Node{Name: f[2]})})
	}
	g := b.Graph()
	of, _ := g.Components(nil)
	out := map[string]int32{}
	for id := range of {
		out[g.Node(graph.ID(id)).Name] = of[id]
	}
	return out
}

// compareVerdicts wants 99 % of the peer's violations, and no other but cycles that the peer's own edges make: it reports each
// cycle once, under one of its edges, and finds not all.
func compareVerdicts(t *testing.T, have, want []string, knot map[string]int32) {
	t.Helper()
	slices.Sort(have)
	slices.Sort(want)
	both, cycles := 0, 0
	for _, w := range want {
		if _, ok := slices.BinarySearch(have, w); ok {
			both++
		} else {
			t.Logf("missing: %s", w)
		}
	}
	for _, h := range have {
		if _, ok := slices.BinarySearch(want, h); ok {
			continue
		}
		f := strings.Split(h, "\t")
		from, known := knot[f[2]]
		if to, there := knot[f[3]]; f[1] == rules.KindCycle && known && there && from == to {
			cycles++
			continue
		}
		t.Errorf("extra: %s", h)
	}
	t.Logf("%d of %d, and %d edges more on cycles of the peer's own edges", both, len(want), cycles)
	if 1000*both < 990*len(want) {
		t.Error("less than 99 %")
	}
}
