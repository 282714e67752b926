package rules

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// sketch makes a graph of lines "a -> b", "a -> b kind" or "a".
func sketch(t testing.TB, text string) *graph.Graph {
	t.Helper()
	kinds := map[string]imports.Kind{"": imports.Static, "type": imports.TypeOnly, "dynamic": imports.Dynamic}
	var b graph.Builder
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		from, rest, edge := strings.Cut(strings.TrimSpace(line), " -> ")
		id := b.Node(graph.Node{Name: from, Test: strings.Contains(from, "test")})
		if edge {
			to, kind, _ := strings.Cut(rest, " ")
			b.Edge(graph.Edge{From: id, To: b.Node(graph.Node{Name: to, Test: strings.Contains(to, "test")}), Kind: kinds[kind], Line: int32(i + 1), Specifier: to})
		}
	}
	return b.Graph()
}

func regex(t testing.TB, text string) Pattern {
	t.Helper()
	p, err := Regexp(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func judge(t testing.TB, g *graph.Graph, r Rule) *Report {
	t.Helper()
	report, err := Judge(t.Context(), g, &Set{Forbidden: []Rule{r}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func pairs(vs []Violation) string {
	var out []string
	for _, v := range vs {
		out = append(out, v.From+">"+v.To)
	}
	return strings.Join(out, " ")
}

func TestShapes(t *testing.T) {
	t.Parallel()
	yes, no, one := true, false, 1
	const g = "a -> b\nb -> c\nc -> a type\nd -> a\ne -> a\nlonely"
	for name, c := range map[string]struct {
		rule Rule
		want string
	}{
		"acyclic":     {Rule{Shape: Acyclic}, "a>a"},
		"orphan":      {Rule{Shape: Orphans, Orphan: true}, "lonely>lonely"},
		"not orphan":  {Rule{Shape: Orphans, From: Where{Path: regex(t, "^[de]$")}}, "d>d e>e"},
		"fan in":      {Rule{Shape: FanIn, More: &one}, "a>a"},
		"fan in of d": {Rule{Shape: FanIn, Less: &one, From: Where{Path: regex(t, "^d$")}, Module: Where{Path: regex(t, "^[ab]$")}}, "b>b"},
		"fan out":     {Rule{Shape: FanOut, Less: &one}, "lonely>lonely"},
		"needs":       {Rule{Shape: Needs, Module: Where{Path: regex(t, "^[ad]$")}, To: Target{Where: Where{Path: regex(t, "^b$")}}}, "d>d"},
		"needs in the end": {Rule{Shape: Needs, Module: Where{Path: regex(t, "^[ad]$")},
			To: Target{Where: Where{Path: regex(t, "^b$")}, Reachable: &yes}}, ""},
		"reached":   {Rule{Shape: Reaches, From: Where{Path: regex(t, "^d$")}, To: Target{Where: Where{Path: regex(t, "^c$")}, Reachable: &yes}}, "d>c"},
		"unreached": {Rule{Shape: Reaches, From: Where{Path: regex(t, "^d$")}, To: Target{Reachable: &no}}, "d>d e>e lonely>lonely"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.rule.Name = "r"
			if have := pairs(judge(t, sketch(t, g), c.rule).Violations); have != c.want {
				t.Errorf("have %q, want %q", have, c.want)
			}
		})
	}
}

func TestWayAndPlace(t *testing.T) {
	t.Parallel()
	yes := true
	g := sketch(t, "d -> a\na -> b\nb -> c")
	v := judge(t, g, Rule{Name: "r", Shape: Reaches, From: Where{Path: regex(t, "^d$")}, To: Target{Where: Where{Path: regex(t, "^c$")}, Reachable: &yes}}).Violations[0]
	if strings.Join(v.Path, " ") != "d a b c" || v.Line != 1 || v.File != "d" || v.Kind != KindReachability {
		t.Errorf("%+v", v)
	}
}

func TestTestsAreLeftOut(t *testing.T) {
	t.Parallel()
	g := sketch(t, "a -> b\na_test -> b\nb -> a_test")
	if have := judge(t, g, Rule{Name: "r", Shape: Acyclic}).Violations; len(have) != 1 {
		t.Errorf("with tests: %v", have)
	}
	if have := judge(t, g, Rule{Name: "r", Shape: Acyclic, NoTests: true}).Violations; have != nil {
		t.Errorf("without tests: %v", have)
	}
}

func TestGroupsAreTakenLiterally(t *testing.T) {
	t.Parallel()
	g := sketch(t, "src/a.b/x -> src/aXb/y\nsrc/a.b/x -> src/a.b/z")
	r := Rule{Name: "r", From: Where{Path: regex(t, "^src/([^/]+)/")}, To: Target{Where: Where{Path: regex(t, "^src/"), Not: regex(t, "^src/$1/")}}}
	if have := pairs(judge(t, g, r).Violations); have != "src/a.b/x>src/aXb/y" {
		t.Errorf("have %q", have)
	}
}

func TestCatastrophicPattern(t *testing.T) {
	t.Parallel()
	g := sketch(t, strings.Repeat("a", 40)+"! -> b")
	start := time.Now()
	report := judge(t, g, Rule{Name: "r", From: Where{Path: regex(t, `^(?=a)(a+)+$`)}})
	if len(report.Problems) != 1 || !report.Problems[0].Fatal || !strings.Contains(report.Problems[0].Message, "longer than") {
		t.Errorf("%+v", report)
	}
	if took := time.Since(start); took > 5*time.Minute {
		t.Errorf("it took %v", took)
	}
	// the same without lookaround is linear
	if report := judge(t, g, Rule{Name: "r", From: Where{Path: regex(t, `^(a+)+$`)}}); len(report.Problems) != 0 {
		t.Errorf("%+v", report.Problems)
	}
}

func TestPatternsMeanWhatTheyMeanInJavaScript(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{`^src\/a`, "src/ab", true},
		{`\.js$`, "x.js", true},
		{`\.js$`, "x.jsx", false},
		{`\A`, "A", true}, // an escaped letter is itself there, the start of the text in Go
		{`(?!.*test)^src`, "src/a", true},
		{`(?!.*test)^src`, "src/test/a", false},
		{`(a)\1`, "aa", true},
		{`[^]`, "x", true},
		{`(?:x|y)z`, "yz", true},
	} {
		_, have, err := regex(t, c.pattern).Match(c.name, nil)
		if err != nil || have != c.want {
			t.Errorf("%s on %s: %v, %v", c.pattern, c.name, have, err)
		}
	}
	if _, err := Regexp("("); err == nil {
		t.Error("an open group is accepted")
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	g := sketch(t, "a -> b\na -> c dynamic\nc -> d\nb -> e type")
	yes := true
	for name, c := range map[string]struct {
		filter Filter
		want   string
	}{
		"all":             {Filter{}, "a>b a>c b>e c>d"},
		"exclude":         {Filter{Exclude: regex(t, "^c$")}, "a>b b>e"},
		"exclude dynamic": {Filter{ExcludeDynamic: &yes}, "a>b b>e c>d"},
		"include only":    {Filter{IncludeOnly: regex(t, "^[ab]$")}, "a>b"},
		"leaves":          {Filter{Leaves: regex(t, "^c$")}, "a>b a>c b>e"},
		"focus":           {Filter{Focus: regex(t, "^d$")}, "c>d"},
		"focus deeper":    {Filter{Focus: regex(t, "^d$"), FocusDepth: 2}, "a>c c>d"},
		"reaches":         {Filter{Reaches: regex(t, "^e$")}, "a>b b>e"},
		"no types":        {Filter{NoTypes: true}, "a>b a>c c>d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := Judge(t.Context(), g, &Set{Forbidden: []Rule{{Name: "r"}}, Filter: c.filter}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if have := pairs(report.Violations); have != c.want {
				t.Errorf("have %q, want %q", have, c.want)
			}
		})
	}
}

func TestOutsidePackages(t *testing.T) {
	t.Parallel()
	var b graph.Builder
	a := b.Node(graph.Node{Name: "a"})
	b.Edge(graph.Edge{From: a, To: b.Node(graph.Node{Kind: graph.External, Name: "npm:react"}), Specifier: "react/jsx-runtime", Types: imports.NPM})
	b.Edge(graph.Edge{From: a, To: b.Node(graph.Node{Kind: graph.External, Name: "node:fs"}), Specifier: "node:fs", Types: imports.Core})
	b.Edge(graph.Edge{From: a, To: b.Node(graph.Node{Kind: graph.Unresolved, Name: "./gone"}), Specifier: "./gone"})
	g := b.Graph()
	yes := true
	set := &Set{Forbidden: []Rule{{Name: "all"}, {Name: "lost", To: Target{CouldNotResolve: &yes}}}}
	for bare, want := range map[bool]string{
		false: "a>./gone a>fs a>node_modules/react/jsx-runtime a>./gone",
		true:  "a>./gone a>fs a>react/jsx-runtime a>./gone a>react/jsx-runtime",
	} {
		report, err := Judge(t.Context(), g, set, Options{Bare: bare})
		if err != nil || pairs(report.Violations) != want {
			t.Errorf("bare %v: %q, %v", bare, pairs(report.Violations), err)
		}
	}
}

func TestLinksAreModules(t *testing.T) {
	t.Parallel()
	report, err := Judge(t.Context(), sketch(t, "a -> b"), &Set{Forbidden: []Rule{{Name: "r"}}}, Options{Links: map[string]string{"link": "a"}})
	if err != nil || pairs(report.Violations) != "a>b link>b" {
		t.Errorf("%q, %v", pairs(report.Violations), err)
	}
}

func TestGoPackagesAreFolders(t *testing.T) {
	t.Parallel()
	var b graph.Builder
	file := func(name, pkg string) (graph.ID, graph.ID) {
		f, p := b.Node(graph.Node{Name: name}), b.Node(graph.Node{Kind: graph.Package, Name: pkg})
		b.Edge(graph.Edge{From: f, To: p, Kind: imports.SamePackage})
		b.Edge(graph.Edge{From: p, To: f, Kind: imports.Member})
		return f, p
	}
	f, _ := file("cmd/main.go", "go:cmd")
	_, p := file("internal/x/x.go", "go:internal/x")
	b.Edge(graph.Edge{From: f, To: p, Line: 3})
	report := judge(t, b.Graph(), Rule{Name: "r", To: Target{Where: Where{Path: regex(t, "^internal/x/")}}})
	if len(report.Violations) != 1 || report.Violations[0].To != "internal/x/" || report.Violations[0].Line != 3 {
		t.Errorf("%+v", report.Violations)
	}
}

func TestDescriptionsAreNoModules(t *testing.T) {
	t.Parallel()
	var b graph.Builder
	c := b.Node(graph.Node{Name: "catalog-info.yaml", Language: "catalog"})
	b.Edge(graph.Edge{From: c, To: b.Node(graph.Node{Name: "other/catalog-info.yaml", Language: "catalog"}), Kind: imports.Declared})
	b.Node(graph.Node{Name: "a.go", Language: "go"})
	if have := pairs(judge(t, b.Graph(), Rule{Name: "r", Shape: Orphans, Orphan: true}).Violations); have != "a.go>a.go" {
		t.Errorf("orphans: %q", have)
	}
	if have := judge(t, b.Graph(), Rule{Name: "r"}).Violations; have != nil {
		t.Errorf("declared: %+v", have)
	}
}

func TestRuleThatMatchesNothing(t *testing.T) {
	t.Parallel()
	r := Rule{Name: "r", Selects: []Selection{{What: "from.path", Where: Where{Path: regex(t, "^nowhere")}}}}
	if report := judge(t, sketch(t, "a -> b"), r); len(report.Problems) != 1 || report.Problems[0].Fatal {
		t.Errorf("%+v", report.Problems)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Judge(ctx, sketch(t, "a -> b"), &Set{Forbidden: []Rule{{Name: "r"}}}, Options{}); err == nil {
		t.Error("a cancelled judgement has a verdict")
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	v := func(rule, from, to string, line int) Violation {
		return Violation{Rule: rule, From: from, To: to, Kind: KindDependency, Line: line, Severity: finding.Error}
	}
	base := []Violation{v("r", "a", "b", 1), v("r", "old", "b", 2), v("r", "gone", "b", 3)}
	head := []Violation{v("r", "a", "b", 99), v("r", "new", "b", 2), v("r", "a", "c", 1)}
	d := Compare(base, head, map[string]string{"old": "new"})
	if pairs(d.New) != "a>c" || pairs(d.Fixed) != "gone>b" || pairs(d.Moved) != "new>b" {
		t.Errorf("new %q, fixed %q, moved %q", pairs(d.New), pairs(d.Fixed), pairs(d.Moved))
	}
}

func TestCompareTangles(t *testing.T) {
	t.Parallel()
	r := Rule{Name: "r", Shape: Acyclic}
	two := judge(t, sketch(t, "b -> c\nc -> b"), r).Violations
	three := judge(t, sketch(t, "a -> b\nb -> c\nc -> b\nc -> a"), r).Violations
	if d := Compare(two, three, nil); len(d.New) != 1 || len(d.Fixed) != 0 {
		t.Errorf("grew: %+v", d)
	}
	if d := Compare(three, two, nil); len(d.New) != 0 || len(d.Fixed) != 0 {
		t.Errorf("shrank: %+v", d)
	}
	if d := Compare(two, nil, nil); len(d.Fixed) != 1 {
		t.Errorf("fixed: %+v", d)
	}
}

func TestGrown(t *testing.T) {
	t.Parallel()
	base := sketch(t, "a -> b\nb -> c\nx -> y\ny -> x")
	head := sketch(t, "a2 -> b\nb -> c\nc -> a2\nc -> b type\nx -> y\ny -> x\ny -> z\nz -> x")
	grown, err := Grown(base, head, map[string]string{"a": "a2"})
	if err != nil || len(grown) != 2 {
		t.Fatalf("%+v, %v", grown, err)
	}
	made, grew := grown[0], grown[1]
	if made.Before != 0 || len(made.Closing) != 2 || made.Cut.From+">"+made.Cut.To != "c>b" || strings.Join(made.Cut.Cycle, " ") != "c b c" {
		t.Errorf("made: %+v %+v", made, made.Cut)
	}
	if grew.Before != 2 || len(grew.Members) != 3 || len(grew.Closing) != 2 {
		t.Errorf("grew: %+v", grew)
	}
	if again, err := Grown(head, head, nil); err != nil || again != nil {
		t.Errorf("nothing changed: %+v", again)
	}
}

// TestComparedWithItself holds for all graphs: nothing is new, fixed, moved or grown.
func TestComparedWithItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		set := &Set{Forbidden: []Rule{{Name: "all"}, {Name: "tangle", Shape: Acyclic}}}
		report, err := Judge(context.Background(), g, set, Options{})
		if err != nil {
			t.Fatal(err)
		}
		d := Compare(report.Violations, report.Violations, nil)
		grown, err := Grown(g, g, nil)
		if err != nil || len(d.New)+len(d.Fixed)+len(d.Moved)+len(grown) > 0 {
			t.Fatalf("%+v %+v %v", d, grown, err)
		}
	})
}

// TestEveryCycleIsReal walks the way of each violation: every step is an edge, and it ends where it began.
func TestEveryCycleIsReal(t *testing.T) {
	t.Parallel()
	yes := true
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		of, sizes := g.Components(nil)
		report, err := Judge(context.Background(), g, &Set{Forbidden: []Rule{{Name: "r", To: Target{Circular: &yes}}}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		seen := map[string]bool{}
		for _, e := range g.Edges() {
			k := fmt.Sprint(e.From, e.To)
			if of[e.From] == of[e.To] && sizes[of[e.From]] > 1 && !seen[k] {
				want++
			}
			seen[k] = true
		}
		if len(report.Violations) != want {
			t.Fatalf("%d violations, %d edges on cycles", len(report.Violations), want)
		}
		for _, v := range report.Violations {
			if v.Path[0] != v.From || v.Path[1] != v.To || v.Path[len(v.Path)-1] != v.From {
				t.Fatalf("%v", v.Path)
			}
			for i := range v.Path[1:] {
				a, _ := g.Find(graph.File, v.Path[i])
				b, _ := g.Find(graph.File, v.Path[i+1])
				if !slices.ContainsFunc(g.Out(a), func(e graph.Edge) bool { return e.To == b }) {
					t.Fatalf("%v: no edge %s", v.Path, v.Path[i])
				}
			}
		}
	})
}

// TestUnreachedAgreesWithSearch compares the two-label spread with a search from every start.
func TestUnreachedAgreesWithSearch(t *testing.T) {
	t.Parallel()
	no := false
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		starts := map[string]bool{}
		for id := range graph.ID(g.Len()) {
			starts[g.Node(id).Name] = rapid.Bool().Draw(t, "start")
		}
		r := Rule{Name: "r", Shape: Reaches, From: Where{Path: Globs(set(starts))}, To: Target{Reachable: &no}}
		report, err := Judge(context.Background(), g, &Set{Forbidden: []Rule{r}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		have := map[string]bool{}
		for _, v := range report.Violations {
			have[v.From] = true
		}
		for id := range graph.ID(g.Len()) {
			reached := false
			for from := range graph.ID(g.Len()) {
				reached = reached || from != id && starts[g.Node(from).Name] && g.Path(from, id, nil) != nil
			}
			if have[g.Node(id).Name] == reached {
				t.Fatalf("%s: reached %v, reported %v", g.Node(id).Name, reached, !reached)
			}
		}
	})
}

type set map[string]bool

func (s set) Match(name string) bool { return s[name] }

func drawGraph(t *rapid.T) *graph.Graph {
	var b graph.Builder
	n := rapid.IntRange(1, 8).Draw(t, "nodes")
	for i := range n {
		b.Node(graph.Node{Name: fmt.Sprintf("n%d", i)})
	}
	for range rapid.IntRange(0, 20).Draw(t, "edges") {
		from, to := rapid.IntRange(0, n-1).Draw(t, "from"), rapid.IntRange(0, n-1).Draw(t, "to")
		if from != to {
			b.Edge(graph.Edge{From: graph.ID(from), To: graph.ID(to), Kind: rapid.SampledFrom([]imports.Kind{imports.Static, imports.TypeOnly}).Draw(t, "kind")})
		}
	}
	return b.Graph()
}
