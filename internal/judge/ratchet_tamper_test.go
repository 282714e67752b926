package judge

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/ratchet"
)

const debtsMark = ratchet.Dir + "team/debts.json"

// inDebt is a repository with two debts in src/, one in lib/, and marks that say so.
func inDebt(t testing.TB) *gittest.Repo {
	t.Helper()
	r := gittest.New(t)
	r.Write(facts.ConfigPath, labConfig)
	r.Write(".adamant/policy/debts.rego", labRule)
	r.Write("README.md", "# Indebted\n")
	r.Write("src/a.json", `{"debt": "a"}`+"\n")
	r.Write("src/b.json", `{"debt": "b"}`+"\n")
	r.Write("lib/c.json", `{"debt": "c"}`+"\n")
	r.Commit("start")
	seed(t, r, "team/debts")
	return r
}

// seed writes a mark as the operator does on main.
func seed(t testing.TB, r *gittest.Repo, rule string) {
	t.Helper()
	l := &lab{t: t, r: r, assessors: map[string]*gate.Assessor{}}
	l.writeMark(l.truth("main").Mark(rule))
	r.Commit("seed")
}

// edited is the mark file with one text replaced.
func edited(t testing.TB, r *gittest.Repo, old, new string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.Dir, debtsMark))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), old, new, 1)
	if text == string(data) {
		t.Fatalf("%q is not in %s", old, data)
	}
	return text
}

func TestEditedMarksHelpNobody(t *testing.T) {
	t.Parallel()
	violation := func(r *gittest.Repo) { r.Write("src/new.json", `{"debt": "new"}`+"\n") }
	raise := func(t testing.TB, r *gittest.Repo) { r.Write(debtsMark, edited(t, r, `": 1`, `": 5`)) }
	tests := []struct {
		name   string
		edit   func(t testing.TB, r *gittest.Repo)
		want   string
		reason string
	}{
		{"a violation", func(t testing.TB, r *gittest.Repo) { violation(r) }, gate.Deny, "team/debts"},
		{"mark raised with the violation", func(t testing.TB, r *gittest.Repo) { violation(r); raise(t, r) }, gate.Deny, "team/debts"},
		{"mark raised", raise, gate.Hold, "governance/mark-raised"},
		{"mark deleted with the violation", func(t testing.TB, r *gittest.Repo) { violation(r); r.Remove(debtsMark) }, gate.Deny, "team/debts"},
		{"mark deleted", func(t testing.TB, r *gittest.Repo) { r.Remove(debtsMark) }, gate.Hold, "governance/mark-deleted"},
		{"mark given to another rule, with the violation", func(t testing.TB, r *gittest.Repo) {
			violation(r)
			r.Write(ratchet.Dir+"team/other.json", edited(t, r, "team/debts", "team/other"))
			r.Remove(debtsMark)
		}, gate.Deny, "team/debts"},
		{"mark given to another rule", func(t testing.TB, r *gittest.Repo) {
			r.Write(ratchet.Dir+"team/other.json", edited(t, r, "team/debts", "team/other"))
			r.Remove(debtsMark)
		}, gate.Hold, "governance/mark-deleted"},
		{"version changed with the violation", func(t testing.TB, r *gittest.Repo) {
			violation(r)
			r.Write(debtsMark, edited(t, r, `"version": "adamant/v1`, `"version": "adamant/v9`))
		}, gate.Deny, "team/debts"},
		{"version changed", func(t testing.TB, r *gittest.Repo) {
			r.Write(debtsMark, edited(t, r, `"version": "adamant/v1`, `"version": "adamant/v9`))
		}, gate.Hold, "governance/mark-edited"},
		{"mark lowered", func(t testing.TB, r *gittest.Repo) {
			r.Write(debtsMark, `{"apiVersion": "adamant.dev/v1", "kind": "Ratchet", "metadata": {"name": "team/debts"}, "spec": {"scopes": {}, "version": "adamant/v1"}}`)
		}, gate.Hold, "governance/mark-lowered"},
		{"mark made unreadable with the violation", func(t testing.TB, r *gittest.Repo) { violation(r); r.Write(debtsMark, "{") }, gate.Deny, "team/debts"},
		{"mark made unreadable", func(t testing.TB, r *gittest.Repo) { r.Write(debtsMark, "{") }, gate.Deny, "governance/mark-unreadable"},
		{"mark with conflict markers", func(t testing.TB, r *gittest.Repo) { r.Write(debtsMark, "<<<<<<< ours\n") }, gate.Deny, "governance/mark-unreadable"},
		{"mark made a link, with the violation", func(t testing.TB, r *gittest.Repo) {
			violation(r)
			r.Remove(debtsMark)
			link(t, r, "../../README.md", debtsMark)
		}, gate.Deny, "team/debts"},
		{"mark for a rule that has none", func(t testing.TB, r *gittest.Repo) {
			r.Write(ratchet.PathOf(facts.RuleSuppressions), strings.Replace(edited(t, r, "team/debts", facts.RuleSuppressions), "x", "x", 1))
		}, gate.Hold, "governance/mark-added"},
		{"rule switched to warn with the violation", func(t testing.TB, r *gittest.Repo) {
			violation(r)
			r.Write(facts.ConfigPath, strings.Replace(labConfig, "team/debts: ratchet", "team/debts: warn", 1))
		}, gate.Deny, "team/debts"},
		{"ratchet switched off with the violation", func(t testing.TB, r *gittest.Repo) {
			violation(r)
			r.Write(facts.ConfigPath, labConfig+"  builtin: {ratchet: \"off\"}\n")
		}, gate.Deny, "team/debts"},
		{"catalog gives the folder to a component with the violation", func(t testing.TB, r *gittest.Repo) {
			violation(r)
			r.Write("catalog-info.yaml", strings.Replace(coreEntity, "core/**", "\"**\"", 1))
		}, gate.Deny, "team/debts"},
		{"one for one", func(t testing.TB, r *gittest.Repo) { violation(r); r.Write("src/a.json", `{"debt": ""}`+"\n") }, gate.Allow, ""},
		{"one in, one out elsewhere", func(t testing.TB, r *gittest.Repo) { violation(r); r.Write("lib/c.json", `{"debt": ""}`+"\n") }, gate.Deny, "team/debts"},
		{"moved to another folder", func(t testing.TB, r *gittest.Repo) { r.Git("mv", "src/a.json", "lib/a.json") }, gate.Allow, ""},
		{"one fewer", func(t testing.TB, r *gittest.Repo) { r.Write("src/a.json", `{"debt": ""}`+"\n") }, gate.Allow, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := inDebt(t)
			r.Branch("feature")
			tt.edit(t, r)
			r.Commit("change")
			got := hearing(t, r, Request{Base: "main", Head: "feature"})
			if v := got.Verdict; v.Decision != tt.want || tt.reason != "" && !slices.Contains(names(v), tt.reason) {
				t.Errorf("%s by %q; want %s with %s", v.Decision, names(v), tt.want, tt.reason)
			}
			replayed(t, got)
			if !strings.HasPrefix(tt.reason, "governance/mark-") {
				return
			}
			for _, m := range got.Verdict.Assessment.Marks { // landing writes what base had, whatever the change brings
				if m.Rule == "team/debts" && m.Total() != 3 {
					t.Errorf("after landing the mark would be %+v", m)
				}
			}
			r.Git("commit", "-q", "--amend", "-m", "change\n\nAgent: coder")
			if v := hearing(t, r, Request{Base: "main", Head: "feature"}).Verdict; v.Decision != gate.Deny || !slices.Contains(names(v), tt.reason) {
				t.Errorf("by an agent: %s by %q; want deny with %s", v.Decision, names(v), tt.reason)
			}
		})
	}
}

// replayed judges the recorded document again: no git, the same bytes.
func replayed(t testing.TB, o *Outcome) {
	t.Helper()
	input, err := manifest.CanonicalDocument(o.Input)
	if err != nil {
		t.Fatal(err)
	}
	again, err := gate.Replay(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}
	was, _ := manifest.CanonicalJSON(o.Verdict)
	is, _ := manifest.CanonicalJSON(again)
	if string(was) != string(is) {
		t.Errorf("replayed:\n%s\nwas:\n%s", is, was)
	}
}

// A mark at base that nobody can read holds every change, with its place: what it allows is not known.
func TestUnreadableMarkAtBaseHolds(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, path, text, want string }{
		{"cut off", debtsMark, "{\n  \"apiVersion\": \"adamant.dev/v1\",\n", debtsMark + ":3"},
		{"conflict markers", debtsMark, "{\n<<<<<<< ours\n", debtsMark + ":2"},
		{"unknown field", debtsMark, "{\"apiVersion\": \"adamant.dev/v1\", \"kind\": \"Ratchet\", \"metadata\": {\"name\": \"team/debts\"},\n\"spec\": {\"scopes\": {}, \"version\": \"1\", \"limit\": 9}}", debtsMark + ":2"},
		{"another rule's", ratchet.Dir + "x.json", "{\"apiVersion\": \"adamant.dev/v1\", \"kind\": \"Ratchet\",\n\"metadata\": {\"name\": \"y\"}, \"spec\": {\"scopes\": {}, \"version\": \"1\"}}", ratchet.Dir + "x.json:2"},
		{"no mark's name", ratchet.Dir + "notes.txt", "hello", ratchet.Dir + "notes.txt:1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := inDebt(t)
			r.Write(tt.path, tt.text)
			r.Commit("break it")
			r.Branch("feature")
			r.Write("README.md", "# Indebted\n\nMore.\n")
			r.Commit("prose")
			v := hearing(t, r, Request{Base: "main", Head: "feature"}).Verdict
			at := ""
			for _, reason := range v.Reasons {
				if reason.Subject == "governance/mark-unreadable" {
					at = fmt.Sprintf("%s:%d", reason.Path, reason.Line)
				}
			}
			if v.Decision != gate.Hold || at != tt.want {
				t.Errorf("%s at %q, want hold at %s: %+v", v.Decision, at, tt.want, v.Reasons)
			}
			r.Write("src/new.json", `{"debt": "new"}`+"\n")
			r.Commit("violation")
			if v := hearing(t, r, Request{Base: "main", Head: "feature"}).Verdict; v.Decision != gate.Deny {
				t.Errorf("with a violation: %s", v.Decision)
			}
		})
	}
}

// What main has above its mark, because somebody committed by hand, blocks nobody; growth still does. An older branch is not
// blamed for a mark that main lowered.
func TestBaseAboveItsMark(t *testing.T) {
	t.Parallel()
	r := inDebt(t)
	r.Branch("old")
	r.Write("src/clean.json", `{"debt": ""}`+"\n")
	r.Commit("adds nothing")
	r.Git("switch", "-q", "main")
	r.Write("src/hand.json", `{"debt": "by hand"}`+"\n")
	r.Commit("by hand")
	if v := hearing(t, r, Request{Base: "main", Head: "old"}).Verdict; v.Decision != gate.Allow {
		t.Errorf("adds nothing: %s by %q", v.Decision, names(v))
	}
	r.Branch("new")
	r.Write("src/clean.json", `{"debt": "more"}`+"\n")
	r.Commit("adds one")
	got := hearing(t, r, Request{Base: "main", Head: "new"})
	if v := got.Verdict; v.Decision != gate.Deny {
		t.Errorf("adds one: %s", v.Decision)
	}
	for _, f := range got.Verdict.Assessment.Findings {
		if gate.Blocks(f) && f.Path != "src/clean.json" {
			t.Errorf("an old violation was named: %+v", f)
		}
	}
	if len(got.Input.Ratchet.Base) != 1 || got.Input.Ratchet.Base[0].Total() != 4 {
		t.Errorf("base was measured as %+v", got.Input.Ratchet.Base)
	}
}

// Below its mark, main may grow up to it: the mark was what the operator accepted.
func TestGrowthWithinTheMark(t *testing.T) {
	t.Parallel()
	r := inDebt(t)
	r.Write("src/a.json", `{"debt": ""}`+"\n")
	r.Commit("mended by hand: the mark stays")
	r.Branch("feature")
	r.Write("src/new.json", `{"debt": "new"}`+"\n")
	r.Commit("one")
	got := hearing(t, r, Request{Base: "main", Head: "feature"})
	if v := got.Verdict; v.Decision != gate.Allow || len(v.Assessment.Marks) != 1 || v.Assessment.Marks[0].Total() != 3 {
		t.Errorf("%s by %q, marks %+v", v.Decision, names(v), v.Assessment.Marks)
	}
	replayed(t, got)
	r.Write("src/newer.json", `{"debt": "newer"}`+"\n")
	r.Commit("two")
	if v := hearing(t, r, Request{Base: "main", Head: "feature"}).Verdict; v.Decision != gate.Deny {
		t.Errorf("over the mark: %s", v.Decision)
	}
}

// A rule that was rewritten counts something else: base, counted anew, takes the mark's place, and growth is growth over it.
func TestRuleOfAnotherVersion(t *testing.T) {
	t.Parallel()
	r := inDebt(t)
	r.Write(".adamant/policy/debts.rego", strings.Replace(labRule, `"a debt: %s"`, `"one debt: %s"`, 1))
	r.Commit("the rule says something else")
	r.Branch("feature")
	r.Write("src/a.json", `{"debt": ""}`+"\n")
	r.Commit("one fewer")
	got := hearing(t, r, Request{Base: "main", Head: "feature"})
	marks := got.Verdict.Assessment.Marks
	if got.Verdict.Decision != gate.Allow || len(marks) != 1 || marks[0].Total() != 2 || marks[0].Version == got.Input.Marks[0].Version {
		t.Errorf("%s with marks %+v", got.Verdict.Decision, marks)
	}
	replayed(t, got)
	r.Write("lib/new.json", `{"debt": "new"}`+"\n")
	r.Commit("one more elsewhere")
	if v := hearing(t, r, Request{Base: "main", Head: "feature"}).Verdict; v.Decision != gate.Deny {
		t.Errorf("growth: %s", v.Decision)
	}
}

// sarif writes a linter's report about the merged tree.
func sarif(t testing.TB, places ...string) string {
	t.Helper()
	results := []map[string]any{}
	for _, p := range places {
		results = append(results, map[string]any{"ruleId": "r", "level": "error", "message": map[string]any{"text": "m"},
			"locations": []any{map[string]any{"physicalLocation": map[string]any{"artifactLocation": map[string]any{"uri": p}, "region": map[string]any{"startLine": 1}}}}})
	}
	data, err := json.Marshal(map[string]any{"version": "2.1.0", "runs": []any{map[string]any{"tool": map[string]any{"driver": map[string]any{"name": "lint"}}, "results": results}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.sarif")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sarif=" + file
}

// A report about the merged tree says nothing about base: there the mark speaks.
func TestReportsAreComparedWithTheMark(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write(facts.ConfigPath, openConfig+"  policy:\n    rules: {lint/*: ratchet}\n")
	for _, name := range []string{"a", "b", "c"} {
		r.Write("src/"+name+".js", "console.log('"+name+"');\n")
	}
	r.Commit("start")
	l := &lab{t: t, r: r, assessors: map[string]*gate.Assessor{}}
	repo := l.open()
	commit, err := repo.Resolve(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	measured, err := Measure(t.Context(), repo, commit, MeasureOptions{Evidence: []string{sarif(t, "src/a.js", "src/b.js")}})
	if err != nil {
		t.Fatal(err)
	}
	l.close(repo)
	mark := measured.Mark("lint/r")
	if mark.Total() != 2 || !measured.Knows("lint/r") || measured.Knows("eslint/r") {
		t.Fatalf("measured %+v", mark)
	}
	l.writeMark(mark)
	r.Commit("seed")
	r.Branch("feature")
	r.Write("src/a.js", "console.log('other');\n")
	r.Write("src/d.js", "console.log('d');\n")
	r.Commit("change")
	tests := []struct {
		name   string
		report []string
		want   string
		left   int // the mark after landing; -1: as it was
	}{
		{"as before", []string{"src/b.js", "src/a.js"}, gate.Allow, 2},
		{"one fewer", []string{"src/b.js"}, gate.Allow, 1},
		{"one for one", []string{"src/b.js", "src/d.js"}, gate.Allow, 2},
		{"one more", []string{"src/b.js", "src/a.js", "src/d.js"}, gate.Deny, 2},
		{"one that nobody knew, in a file that the change leaves alone", []string{"src/b.js", "src/c.js", "src/a.js"}, gate.Allow, 2},
	}
	for _, tt := range tests {
		got := hearing(t, r, Request{Base: "main", Head: "feature", Evidence: []string{sarif(t, tt.report...)}})
		left := 2
		for _, m := range got.Verdict.Assessment.Marks {
			left = m.Total()
		}
		if v := got.Verdict; v.Decision != tt.want || left != tt.left {
			t.Errorf("%s: %s by %q, mark %d, want %s and %d: %+v", tt.name, v.Decision, names(v), left, tt.want, tt.left, v.Assessment.Ratchet)
		}
		replayed(t, got)
	}
}

// Without the ratchet a rule that is switched to it refuses every new violation, as deny does, and no mark is read or written.
func TestRatchetSwitchedOff(t *testing.T) {
	t.Parallel()
	r := inDebt(t)
	r.Write(facts.ConfigPath, labConfig+"  builtin: {ratchet: \"off\"}\n")
	r.Commit("off")
	r.Branch("feature")
	r.Write("src/a.json", `{"debt": ""}`+"\n")
	r.Write("src/new.json", `{"debt": "new"}`+"\n")
	r.Commit("one for one")
	got := hearing(t, r, Request{Base: "main", Head: "feature"})
	if a := got.Verdict.Assessment; got.Verdict.Decision != gate.Deny || len(a.Marks)+len(a.Ratchet)+len(got.Input.Marks) > 0 {
		t.Errorf("%s, marks %+v of %+v", got.Verdict.Decision, a.Marks, got.Input.Marks)
	}
}

// A rule that is switched to deny is strict: mending one makes no room for another, and its mark still sinks.
func TestDenyIsStrict(t *testing.T) {
	t.Parallel()
	r := inDebt(t)
	r.Write(facts.ConfigPath, strings.Replace(labConfig, "team/debts: ratchet", "team/debts: deny", 1))
	r.Commit("strict")
	r.Branch("feature")
	r.Write("src/a.json", `{"debt": ""}`+"\n")
	r.Commit("one fewer")
	v := hearing(t, r, Request{Base: "main", Head: "feature"}).Verdict
	if v.Decision != gate.Allow || len(v.Assessment.Marks) != 1 || v.Assessment.Marks[0].Total() != 2 {
		t.Errorf("one fewer: %s, marks %+v", v.Decision, v.Assessment.Marks)
	}
	r.Write("src/new.json", `{"debt": "new"}`+"\n")
	r.Commit("one for one")
	if v := hearing(t, r, Request{Base: "main", Head: "feature"}).Verdict; v.Decision != gate.Deny {
		t.Errorf("one for one: %s", v.Decision)
	}
}
