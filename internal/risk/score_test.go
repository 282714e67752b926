package risk

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source"
)

func anyFeatures(t *rapid.T) Features {
	n := func(name string) int { return rapid.IntRange(0, 1<<40).Draw(t, name) }
	return Features{
		Files: n("files"), Lines: n("lines"), Gone: n("gone"), Identifiers: n("identifiers"), Characters: n("characters"),
		Conditions: n("conditions"), Places: n("places"), RecentFixes: n("recentFixes"), FileAge: n("fileAge"), FixAge: n("fixAge"),
	}
}

func TestScoreIsSumOfFactors(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		score, factors := Score(anyFeatures(t))
		sum := 0
		for i, f := range factors {
			sum += f.Milli
			if i > 0 && f.Milli > factors[i-1].Milli {
				t.Fatalf("factors are not in order: %+v", factors)
			}
		}
		if want := min(max(sum, 0), 1000); score != want {
			t.Fatalf("score %d, factors sum to %d", score, sum)
		}
	})
}

func TestScoreGrowsWithCode(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := anyFeatures(t)
		f.Files++
		before, _ := Score(f)
		more := rapid.IntRange(1, 1<<20).Draw(t, "more")
		f.Identifiers += more
		f.Characters += 3 * more
		f.Conditions += rapid.IntRange(0, more).Draw(t, "conditions")
		f.Places += rapid.IntRange(0, more).Draw(t, "places")
		if after, _ := Score(f); after < before {
			t.Fatalf("more code lowered the score from %d to %d", before, after)
		}
	})
}

func TestNothingToJudgeScoresZero(t *testing.T) {
	t.Parallel()
	if score, factors := Score(Features{RecentFixes: 5000}); score != 0 || factors != nil {
		t.Errorf("score %d, factors %v", score, factors)
	}
}

// The same numbers on every machine: a change of these is a change of every recorded assessment.
func TestScoreIsPinned(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		features Features
		want     int
	}{
		"one word in an old, quiet file": {Features{Files: 1, Identifiers: 1, Characters: 12, Places: 1, FileAge: 20000, FixAge: NeverFixed}, 111},
		"a small fix":                    {Features{Files: 1, Identifiers: 9, Characters: 120, Conditions: 1, Places: 2, RecentFixes: 1500, FileAge: 9000, FixAge: 500}, 305},
		"a feature":                      {Features{Files: 6, Identifiers: 240, Characters: 9000, Conditions: 40, Places: 30, RecentFixes: 9000, FileAge: 12000, FixAge: 70}, 689},
		"everything at once":             {Features{Files: 900, Identifiers: 90000, Characters: 4000000, Conditions: 20000, Places: 9000, RecentFixes: 90000, FixAge: 1}, 1000},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, factors := Score(test.features); got != test.want {
				t.Errorf("score %d, want %d: %+v", got, test.want, factors)
			}
		})
	}
}

func TestLogIsCloseToTheLogarithm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.IntRange(1, 1<<50).Draw(t, "x")
		if got, want := log1024(x), 1024*math.Log2(float64(x)); math.Abs(float64(got)-want) > 1.5 {
			t.Fatalf("log1024(%d) = %d, want %.2f", x, got, want)
		}
		if log1024(x+1) < log1024(x) {
			t.Fatalf("log1024 falls after %d", x)
		}
	})
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	growth := func(identifiers int) *source.Growth {
		return &source.Growth{Lines: 2, Identifiers: identifiers, Characters: 40, Conditions: 1, Places: 1}
	}
	in := &facts.Input{
		Files: []facts.File{
			{Path: "a.go", Status: "modified", Growth: growth(3)},
			{Path: "docs.md", Status: "modified"},
			{Path: "moved/b.go", OldPath: "b.go", Status: "renamed", Growth: growth(4)},
			{Path: "new.go", Status: "added", Growth: growth(5)},
		},
		History: facts.History{Paths: []facts.Past{
			{Path: "a.go", RecentFixes: 500, BornHours: 100, FixHours: 40},
			{Path: "b.go", RecentFixes: 700, BornHours: 300, FixHours: -1},
			{Path: "docs.md", RecentFixes: 9000, BornHours: 9000, FixHours: 1},
			{Path: "new.go", RecentFixes: 9000, BornHours: 9000, FixHours: 1},
		}},
	}
	want := Features{Files: 3, Lines: 6, Identifiers: 12, Characters: 120, Conditions: 3, Places: 3, RecentFixes: 1200, FileAge: 200, FixAge: 40}
	if got := Measure(in); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func BenchmarkRate(b *testing.B) {
	in := &facts.Input{}
	for n := range 1000 {
		f := changed(fmt.Sprintf("services/billing%d/src/handlers/file%d.go", n%40, n))
		f.Growth = &source.Growth{Identifiers: n % 90, Characters: 9 * (n % 90), Places: 3}
		in.Files = append(in.Files, f)
		in.History.Paths = append(in.History.Paths, facts.Past{Path: f.Path, RecentFixes: n, BornHours: n, FixHours: n})
	}
	cfg := manifest.Defaults()
	for b.Loop() {
		Rate(in, cfg)
	}
}

// Less trust in the agent never lowers a score, and no trust takes anything off.
func TestTrustAddsToTheScore(t *testing.T) {
	t.Parallel()
	in := &facts.Input{Files: []facts.File{{Path: "a.go", Class: source.ClassSource, Growth: &source.Growth{Identifiers: 9, Characters: 120}}}}
	base, _ := Score(Measure(in))
	for tier, want := range map[string]int{"senior": 0, "standard": 0, "experimental": 50, "junior": 100} {
		in.Change = facts.Change{Agent: "a", Personas: true, Persona: &facts.Persona{Tier: tier}}
		if got, factors := Score(Measure(in)); got != base+want {
			t.Errorf("%s: score %d, want %d: %+v", tier, got, base+want, factors)
		}
	}
	in.Change = facts.Change{Agent: "a", Personas: true}
	if got, _ := Score(Measure(in)); got != base+100 {
		t.Errorf("an agent that nobody describes: %d, want %d", got, base+100)
	}
	if got, _ := Score(Features{Distrust: 100}); got != 0 {
		t.Errorf("without code: %d", got)
	}
}
