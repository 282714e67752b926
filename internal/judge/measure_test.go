package judge

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/ratchet"
	"github.com/adamant-os/adamant/internal/source"
)

// untidy breaks a rule of every source of findings that can be counted without running anything.
func untidy(t testing.TB) *gittest.Repo {
	t.Helper()
	r := inDebt(t)
	r.Write(facts.ConfigPath, openConfig+"  policy:\n    rules: {\"*\": ratchet}\n")
	r.Write("catalog-info.yaml", coreEntity)
	r.Write("core/engine.go", "package core\n\nfunc run() {\n\tstep() //nolint:all\n}\n")
	r.Write("src/free.go", "package src\n\nfunc free() {}\n")
	r.Write("src/key.js", "export const key = 'AKIA"+"Q3EGRZ7XPLMTVW2B';\n")
	r.Write("README.md", "# Untidy\n\nSee [nothing](docs/none.md) and [the other](docs/other.md).\n")
	r.Write("deploy/app.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: x, securityContext: {privileged: true}}]}\n")
	r.Commit("untidy")
	return r
}

func measure(t testing.TB, r *gittest.Repo, rev string, opt MeasureOptions) *Measurement {
	t.Helper()
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := repo.Close(); err != nil {
			t.Error(err)
		}
	}()
	commit, err := repo.Resolve(t.Context(), rev)
	if err != nil {
		t.Fatal(err)
	}
	opt.Now, opt.Warn = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), func(text string) { t.Error(text) }
	m, err := Measure(t.Context(), repo, commit, opt)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// What the gate says a change does to the marks of every rule is what counting both trees says.
func TestMeasuringAgreesWithJudging(t *testing.T) {
	t.Parallel()
	r := untidy(t)
	before := measure(t, r, "main", MeasureOptions{})
	for _, rule := range []string{"team/debts", facts.RuleSuppressions, "catalog/file-without-component", "secrets/aws-access-key-id", "links/missing-file", "kubernetes/privileged"} {
		if before.Mark(rule).Total() == 0 {
			t.Errorf("nothing of %s was counted; there are %q", rule, before.Ids())
		}
	}
	l := &lab{t: t, r: r}
	for _, rule := range before.Ids() {
		l.writeMark(before.Mark(rule))
	}
	r.Commit("seed")
	r.Branch("feature")
	r.Git("mv", "src/key.js", "core/key.js")
	r.Write("src/a.json", `{"debt": ""}`+"\n")
	r.Write("src/d.json", `{"debt": "d"}`+"\n")
	r.Write("core/engine.go", "package core\n\nfunc run() {\n\tstep()\n}\n")
	r.Write("src/free.go", "package src\n\nfunc free() {\n\tstep() //nolint:all\n}\n")
	r.Write("src/more.go", "package src\n\nfunc more() {}\n")
	r.Write("src/most.go", "package src\n\nfunc most() {}\n")
	r.Write("README.md", "# Untidy\n\nSee [the other](docs/other.md).\n")
	r.Write("deploy/app.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: x}]}\n")
	r.Commit("a bit of everything")
	a := hearing(t, r, Request{Base: "main", Head: "feature"}).Verdict.Assessment
	over := map[string]bool{}
	for _, s := range a.Ratchet {
		over[s.Rule] = over[s.Rule] || s.Over
	}
	after := measure(t, r, "feature", MeasureOptions{Rules: before.Rules})
	for _, rule := range before.Ids() {
		got := before.Mark(rule)
		if i := slices.IndexFunc(a.Marks, func(m ratchet.Mark) bool { return m.Rule == rule }); i >= 0 {
			got = a.Marks[i]
		}
		if want := after.Mark(rule); !over[rule] && !got.Equal(want) {
			t.Errorf("%s after landing:\n%s\ncounted:\n%s", rule, got.Encode(), want.Encode())
		}
	}
	if !over["catalog/file-without-component"] || !over[facts.RuleSuppressions] || over["team/debts"] || over["secrets/aws-access-key-id"] {
		t.Errorf("over their marks: %v", over)
	}
}

// A measurement is kept, and never believed when it was touched.
func TestMeasurementsAreKept(t *testing.T) {
	t.Parallel()
	r := untidy(t)
	dir := t.TempDir()
	opt := MeasureOptions{Rules: []string{"team/debts", facts.RuleSuppressions}, Places: Places{Cache: dir, State: dir}}
	first := measure(t, r, "main", opt)
	files := 0
	spoil := func(edit func([]byte) []byte) {
		err := filepath.WalkDir(filepath.Join(dir, "measured"), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			files++
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, edit(data), 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, edit := range []func([]byte) []byte{
		func(data []byte) []byte { return data },
		func(data []byte) []byte { return []byte(strings.ReplaceAll(string(data), "team/debts", "team/debtz")) },
		func(data []byte) []byte { return data[:len(data)/2] },
	} {
		spoil(edit)
		if again := measure(t, r, "main", opt); !again.Mark("team/debts").Equal(first.Mark("team/debts")) || len(again.Findings) != len(first.Findings) {
			t.Errorf("measured again: %+v, at first %+v", again.Findings, first.Findings)
		}
	}
	if files == 0 {
		t.Error("nothing was kept")
	}
}

// Waived and silenced findings are in no mark.
func TestMarksHoldNothingWaived(t *testing.T) {
	t.Parallel()
	r := inDebt(t)
	r.Write(".adamant/waivers/old.yaml", `apiVersion: adamant.dev/v1
kind: Waiver
metadata: {name: old}
spec: {rule: team/debts, resource: /src/a.json, justification: the bank needs until new year, owner: ada, approvedBy: ada, created: 2026-11-01, expires: 2026-12-31}
`)
	r.Commit("waive one")
	m := measure(t, r, "main", MeasureOptions{})
	if got := m.Mark("team/debts"); got.Total() != 2 || got.Count("src/") != 1 {
		t.Errorf("the mark would be %s", got.Encode())
	}
	(&lab{t: t, r: r}).writeMark(m.Mark("team/debts"))
	r.Commit("seed again")
	r.Branch("feature")
	r.Write("src/a.json", `{"debt": ""}`+"\n")
	r.Write("src/new.json", `{"debt": "new"}`+"\n")
	r.Commit("the waived one makes no room")
	if v := hearing(t, r, Request{Base: "main", Head: "feature"}).Verdict; v.Decision != gate.Deny {
		t.Errorf("%s: mending what a waiver covers made room for another", v.Decision)
	}
}

func TestRulesThatCanBeCounted(t *testing.T) {
	t.Parallel()
	m := measure(t, untidy(t), "main", MeasureOptions{Rules: []string{}})
	for rule, want := range map[string]bool{"team/debts": true, "kubernetes/privileged": true, "links/missing-file": true, facts.RuleSuppressions: true,
		"catalog/file-without-component": true, "agents/paths": false, "tests/deleted": false, "eslint/no-any": false} {
		if m.Knows(rule) != want {
			t.Errorf("%s: countable %t, want %t", rule, m.Knows(rule), want)
		}
	}
}

// BenchmarkMeasure counts inline suppressions on a repository of 10,000 files (BENCH_REPO, or one that scripts/genrepo made).
func BenchmarkMeasure(b *testing.B) {
	dir := os.Getenv("BENCH_REPO")
	if dir == "" {
		b.Skip("BENCH_REPO names no repository; scripts/genrepo makes one")
	}
	r := &gittest.Repo{Dir: dir}
	for b.Loop() {
		measure(b, r, "main", MeasureOptions{Rules: []string{facts.RuleSuppressions}})
	}
}

// The suppressions that the gate compares are those that the constitution's own rule warns about.
func TestSuppressionsAreThoseOfTheRule(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"package a\n\nfunc f() {\n\tg() //nolint:all\n}\n", "package a\n\n// nothing\n"} {
		n := len(source.Analyse("go", source.ClassSource, "a.go", []byte(text)).Suppressions())
		added := source.Compare(nil, source.Analyse("go", source.ClassSource, "a.go", []byte(text)), nil)
		if n != len(added.SuppressionsAdded) {
			t.Errorf("%q: %d and %d", text, n, len(added.SuppressionsAdded))
		}
	}
}
