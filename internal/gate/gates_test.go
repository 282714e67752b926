package gate

import (
	"slices"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/source"
)

func TestGateStates(t *testing.T) {
	t.Parallel()
	unit := manifest.Check{Name: "go-unit", Kind: "unit"}
	tests := []struct {
		name     string
		gate     string
		checks   []manifest.Check
		evidence []facts.Evidence
		tree     facts.Inventory
		accept   []manifest.Acceptance
		want     string
	}{
		{"passed", "unit", nil, []facts.Evidence{{Check: "go-unit", Kind: "unit", State: Passed}}, facts.Inventory{}, nil, Passed},
		{"worst check wins", "unit", nil, []facts.Evidence{{Check: "a", Kind: "unit", State: Passed}, {Check: "b", Kind: "unit", State: Failed}}, facts.Inventory{}, nil, Failed},
		{"unknown state is an error", "unit", nil, []facts.Evidence{{Check: "a", Kind: "unit", State: "fine"}}, facts.Inventory{}, nil, Errored},
		{"not affected passes", "unit", nil, []facts.Evidence{{Check: "a", Kind: "unit", State: facts.NotAffected}}, facts.Inventory{}, nil, Passed},
		{"declared, not run", "unit", []manifest.Check{unit}, nil, facts.Inventory{}, nil, Pending},
		{"not installed", "load", []manifest.Check{unit}, nil, facts.Inventory{}, nil, Unavailable},
		{"nothing to validate", "snapshot", nil, nil, facts.Inventory{}, nil, NotApplicable},
		{"snapshots without a check", "snapshot", nil, nil, facts.Inventory{Snapshots: 1}, nil, Unavailable},
		{"unit tests check snapshots", "snapshot", []manifest.Check{unit}, nil, facts.Inventory{Snapshots: 1}, nil, Pending},
		{"a failing unit check fails its own gate", "snapshot", nil, []facts.Evidence{{Check: "u", Kind: "unit", State: Failed}}, facts.Inventory{}, nil, NotApplicable},
		{"a failing check of snapshots", "snapshot", nil, []facts.Evidence{{Check: "s", Kind: "snapshot", State: Failed}}, facts.Inventory{}, nil, Failed},
		{"a failing unit check beside snapshots", "snapshot", nil, []facts.Evidence{{Check: "u", Kind: "unit", State: Failed}}, facts.Inventory{Snapshots: 1}, nil, Failed},
		{"accepted", "load", nil, nil, facts.Inventory{}, []manifest.Acceptance{{Gate: "load", Reason: "r"}}, Accepted},
		{"accepted until today", "load", nil, nil, facts.Inventory{}, []manifest.Acceptance{{Gate: "load", Until: "2026-11-22"}}, Accepted},
		{"acceptance lapsed", "load", nil, nil, facts.Inventory{}, []manifest.Acceptance{{Gate: "load", Until: "2026-11-21"}}, Unavailable},
		{"acceptance with a broken date", "load", nil, nil, facts.Inventory{}, []manifest.Acceptance{{Gate: "load", Until: "soon"}}, Unavailable},
		{"a failure cannot be accepted", "unit", nil, []facts.Evidence{{Check: "a", Kind: "unit", State: Failed}}, facts.Inventory{}, []manifest.Acceptance{{Gate: "unit"}}, Failed},
		{"regression without base's tests", "regression", nil, []facts.Evidence{{Check: "a", Kind: "unit", State: Passed}}, facts.Inventory{}, nil, Unavailable},
		{"regression by base's tests", "regression", nil, []facts.Evidence{{Check: "a", Kind: "unit", State: Passed, BaseTests: &facts.Tests{Passed: 1}}}, facts.Inventory{}, nil, Passed},
		{"base's tests fail", "regression", nil, []facts.Evidence{{Check: "a", Kind: "unit", State: Passed, BaseTests: &facts.Tests{Failed: 1}}}, facts.Inventory{}, nil, Waiting},
		{"too old", "quality", nil, []facts.Evidence{observed(Passed, -time.Hour)}, facts.Inventory{}, []manifest.Acceptance{{Gate: "quality"}}, Pending},
		{"fresh", "quality", nil, []facts.Evidence{observed(Passed, -59*time.Minute)}, facts.Inventory{}, nil, Passed},
		{"from the future", "quality", nil, []facts.Evidence{observed(Passed, time.Hour)}, facts.Inventory{}, nil, Pending},
		{"another clock", "quality", nil, []facts.Evidence{observed(Passed, time.Minute)}, facts.Inventory{}, nil, Passed},
		{"an old failure", "quality", nil, []facts.Evidence{observed(Failed, -time.Hour)}, facts.Inventory{}, nil, Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := manifest.Repository{Spec: manifest.RepositorySpec{Checks: tt.checks, Accept: tt.accept}}
			in := &facts.Input{Now: noon, Evidence: tt.evidence, Tree: tt.tree}
			if got := state(in, cfg, tt.gate, &Assessment{}); got.State != tt.want {
				t.Errorf("got %s (%s), want %s", got.State, got.Reason, tt.want)
			}
		})
	}
}

// observed is a fact of the network with an age limit of one hour.
func observed(state string, ago time.Duration) facts.Evidence {
	return facts.Evidence{Check: "sonarqube", Kind: "quality", State: state, ObservedAt: noon.Add(ago), MaxAge: 3600}
}

func TestUnreadFilesHold(t *testing.T) {
	t.Parallel()
	tests := []struct {
		file facts.File
		want bool
	}{
		{facts.File{Class: "source", Unread: facts.UnreadBinary}, true},
		{facts.File{Class: "source", Unread: facts.UnreadLFS}, true},
		{facts.File{Class: "config", Unread: facts.UnreadTooLarge}, true},
		{facts.File{Class: "infra", Unread: facts.UnreadBinary}, true},
		{facts.File{Class: "policy", Unread: facts.UnreadBinary}, true},
		{facts.File{Class: "lockfile", Unread: facts.UnreadTooLarge}, true},
		{facts.File{Class: "generated", Unread: facts.UnreadSubmodule}, true},
		{facts.File{Class: "test", Unread: facts.UnreadSubmodule}, true},
		{facts.File{Class: "test", Language: "go", Unread: facts.UnreadBinary}, true},
		{facts.File{Class: "a class of tomorrow", Unread: "a reason of tomorrow"}, true},
		{facts.File{Class: "infra", Symlink: "../notes.txt"}, true},
		{facts.File{Class: "source", Path: `"a\xff.go"`}, true},
		{facts.File{Class: "source", Path: "a.go", OldPath: `"a\xff.go"`}, true},
		{facts.File{Class: "source", Symlink: "b.go"}, false},
		{facts.File{Class: "source"}, false},
		{facts.File{Class: "source", Unread: facts.UnreadBinary, Status: "deleted"}, false},
		{facts.File{Class: "binary", Unread: facts.UnreadBinary}, false},
		{facts.File{Class: "test", Unread: facts.UnreadBinary}, false},
		{facts.File{Class: "other", Unread: facts.UnreadLFS}, false},
	}
	for _, tt := range tests {
		if got := len(unread([]facts.File{tt.file})) == 1; got != tt.want {
			t.Errorf("%+v holds: %v, want %v", tt.file, got, tt.want)
		}
	}
}

func TestDiffCoverageIsTheLeastThatWasMeasured(t *testing.T) {
	t.Parallel()
	measured := func(milli int) facts.Evidence {
		return facts.Evidence{State: Passed, Coverage: &facts.Coverage{Diff: milli}}
	}
	old := measured(100_000)
	old.MaxAge = 60
	failed := facts.Evidence{State: Failed, Coverage: &facts.Coverage{Diff: 100_000}}
	tests := []struct {
		name     string
		evidence []facts.Evidence
		want     int
		known    bool
	}{
		{"none", nil, -1, false},
		{"one", []facts.Evidence{measured(90_000)}, 90_000, true},
		{"one language is tested, the other is not", []facts.Evidence{measured(100_000), measured(20_000)}, 20_000, true},
		{"one has nothing to cover", []facts.Evidence{measured(-1), measured(20_000)}, 20_000, true},
		{"nothing to cover", []facts.Evidence{measured(-1)}, -1, true},
		{"of a failed check", []facts.Evidence{failed}, -1, false},
		{"too old", []facts.Evidence{old}, -1, false},
	}
	for _, tt := range tests {
		got, known := diffCoverage(&facts.Input{Now: noon, Evidence: tt.evidence})
		if got != tt.want || known != tt.known {
			t.Errorf("%s: %d, %v; want %d, %v", tt.name, got, known, tt.want, tt.known)
		}
	}
}

// Code that no instrument has seen is not "nothing to cover".
func TestUnmeasuredLanguageWaits(t *testing.T) {
	t.Parallel()
	file := func(path, language string) facts.File {
		return facts.File{Path: path, Language: language, Class: source.ClassSource, Effect: source.EffectCode, Added: 3}
	}
	measured := facts.Evidence{State: Passed, Coverage: &facts.Coverage{Diff: 100_000, Languages: []string{"go", "typescript"}}}
	all := facts.Evidence{State: Passed, Coverage: &facts.Coverage{Diff: 100_000, Languages: []string{"*"}}}
	failed := facts.Evidence{State: Failed, Coverage: &facts.Coverage{Diff: 100_000, Languages: []string{"python"}}}
	tests := []struct {
		name     string
		file     facts.File
		evidence []facts.Evidence
		want     string
	}{
		{"measured", file("a.go", "go"), []facts.Evidence{measured}, Passed},
		{"measured with its sister", file("a.tsx", "tsx"), []facts.Evidence{measured}, Passed},
		{"beside", file("a.py", "python"), []facts.Evidence{measured}, Pending},
		{"by a check that failed", file("a.py", "python"), []facts.Evidence{measured, failed}, Pending},
		{"assumed", file("a.py", "python"), []facts.Evidence{all}, Passed},
		{"a language nobody measures", file("a.css", "css"), []facts.Evidence{measured}, Passed},
		{"a comment", facts.File{Path: "a.py", Language: "python", Class: source.ClassSource, Effect: source.EffectComment, Added: 3}, []facts.Evidence{measured}, Passed},
	}
	for _, tt := range tests {
		a := &Assessment{Merge: Merge{Mode: ModeAuto, DiffCoverage: 95}}
		demandCoverage(a, &facts.Input{Now: noon, Files: []facts.File{tt.file}, Evidence: tt.evidence})
		if len(a.Gates) != 1 || a.Gates[0].State != tt.want || a.Gates[0].Name != "diff-coverage" {
			t.Errorf("%s: %+v, want %s", tt.name, a.Gates, tt.want)
		}
	}
}

// Whoever takes the last snapshots away is asked, not waved through because none is left.
func TestSnapshotsTakenAway(t *testing.T) {
	t.Parallel()
	cfg := manifest.Repository{}
	for name, files := range map[string][]facts.File{
		Unavailable:   {{Path: "a/__snapshots__/b.snap", Status: "deleted"}},
		NotApplicable: {{Path: "a/b.js", Status: "deleted"}},
	} {
		if got := state(&facts.Input{Files: files}, cfg, "snapshot", &Assessment{}); got.State != name {
			t.Errorf("%+v: %+v, want %s", files, got, name)
		}
	}
	moved := []facts.File{{Path: "old.txt", OldPath: "b.snap", Status: "renamed"}}
	if got := state(&facts.Input{Files: moved}, cfg, "snapshot", &Assessment{}); got.State != Unavailable {
		t.Errorf("moved away: %+v", got)
	}
}

func TestUnrequiredFailureCounts(t *testing.T) {
	t.Parallel()
	in := &facts.Input{Evidence: []facts.Evidence{{Check: "extra", Kind: "custom", State: Failed}}}
	got := gates(in, manifest.Repository{}, nil, &Assessment{})
	if len(got) != 1 || got[0].State != Failed {
		t.Errorf("a failing check that nobody required was dropped: %+v", got)
	}
}

func TestUnrequiredUnavailableDoesNotHold(t *testing.T) {
	t.Parallel()
	in := &facts.Input{Evidence: []facts.Evidence{{Check: "licenses", Kind: "licenses", State: Unavailable}}}
	if got := gates(in, manifest.Repository{}, nil, &Assessment{}); got[0].State != NotApplicable {
		t.Errorf("a gate nobody required is %s", got[0].State)
	}
	if got := gates(in, manifest.Repository{}, []string{"licenses"}, &Assessment{}); got[0].State != Unavailable {
		t.Errorf("a required gate that is unavailable became %s", got[0].State)
	}
}

func TestSwitchedOffRuleDoesNotFailItsGate(t *testing.T) {
	t.Parallel()
	e := facts.Evidence{Check: "spelling", Kind: "spelling", State: Failed, Source: facts.SourceBuiltin}
	warned := []finding.Finding{{Rule: "spelling/misspelt", Severity: finding.Warning, State: finding.New}}
	if got := switchedOff(e, warned); got.State != Passed {
		t.Errorf("only a warning is left, yet the gate is %s", got.State)
	}
	blocking := []finding.Finding{{Rule: "spelling/misspelt", Severity: finding.Error, State: finding.New}}
	if got := switchedOff(e, blocking); got.State != Failed {
		t.Errorf("a new error, yet the gate is %s", got.State)
	}
	e.Source = facts.SourceLocal
	if got := switchedOff(e, nil); got.State != Failed {
		t.Error("a declared check's failure was talked away")
	}
}

func TestRequiredIsCumulative(t *testing.T) {
	t.Parallel()
	cfg := manifest.Defaults()
	var before []string
	for l := risk.Trivial; l <= risk.High; l++ {
		now, row := Required(cfg, l)
		for i, gate := range before {
			if now[i] != gate {
				t.Errorf("%s lacks %s", l, gate)
			}
		}
		if row.Merge == "" {
			t.Errorf("%s has no merge mode", l)
		}
		before = now
	}
}

func TestFewerTestsHold(t *testing.T) {
	t.Parallel()
	f := finding.Finding{Rule: "evidence/fewer-tests", Severity: finding.Warning, State: finding.New, Message: "3 instead of 4"}
	if got := waive(&facts.Input{}, []finding.Finding{f}, &policy.Result{}).holds; len(got) != 1 || got[0].Effect != Hold {
		t.Errorf("fewer tests than base: %+v", got)
	}
	f.State = finding.Unchanged
	if got := waive(&facts.Input{}, []finding.Finding{f}, &policy.Result{}).holds; len(got) != 0 {
		t.Errorf("an older loss holds: %+v", got)
	}
}

func TestForgiven(t *testing.T) {
	t.Parallel()
	cfg := manifest.Defaults()
	cfg.Spec.Policy.Rules = map[string]string{"lint/a": manifest.RuleRatchet, "lint/b": manifest.RuleRatchet}
	allowed := finding.Finding{Rule: "lint/a", Severity: finding.Warning, State: finding.New}
	refused := finding.Finding{Rule: "lint/b", Severity: finding.Error, State: finding.New}
	tests := []struct {
		name  string
		rules []string
		found []finding.Finding
		want  string
	}{
		{"the ratchet allows them", []string{"lint/a"}, []finding.Finding{allowed, refused}, facts.Passed},
		{"one is over its mark", []string{"lint/a", "lint/b"}, []finding.Finding{allowed, refused}, facts.Failed},
		{"a rule that nobody switched", []string{"lint/a", "lint/c"}, []finding.Finding{allowed}, facts.Failed},
		{"something else failed too", nil, []finding.Finding{allowed}, facts.Failed},
	}
	for _, tt := range tests {
		if got := forgiven(facts.Evidence{State: facts.Failed, Rules: tt.rules}, cfg, tt.found); got.State != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got.State, tt.want)
		}
	}
	if got := forgiven(facts.Evidence{State: facts.Errored, Rules: []string{"lint/a"}}, cfg, nil); got.State != facts.Errored {
		t.Error("an error was forgiven")
	}
}

// What lands by the operator's hand asks for the operator, whether or not a row of the matrix names the gate.
func TestManualNeedsAnApproval(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		level risk.Level
		row   manifest.MatrixRow
		want  []string
	}{
		{risk.Low, manifest.MatrixRow{Gates: []string{"unit"}, Merge: ModeManual}, []string{"unit", gateApproval}},
		{risk.Low, manifest.MatrixRow{Gates: []string{"unit"}, Merge: ModeManualMFA}, []string{"unit", gateMFA}},
		{risk.Low, manifest.MatrixRow{Gates: []string{gateApproval}, Merge: ModeManual}, []string{gateApproval}},
		{risk.Low, manifest.MatrixRow{Gates: []string{gateMFA}, Merge: ModeManual}, []string{gateMFA}},
		{risk.Low, manifest.MatrixRow{Gates: []string{"unit"}, Merge: ModeAuto}, []string{"unit"}},
		{risk.Critical, manifest.MatrixRow{Gates: []string{gateApproval}, Merge: ModeManual}, []string{gateApproval}},
	} {
		cfg := manifest.Repository{Spec: manifest.RepositorySpec{Risk: manifest.Risk{Matrix: map[string]manifest.MatrixRow{tt.level.String(): tt.row}}}}
		if got, _ := Required(cfg, tt.level); !slices.Equal(got, tt.want) {
			t.Errorf("%s %+v: %v, want %v", tt.level, tt.row, got, tt.want)
		}
	}
}
