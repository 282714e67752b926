package advice

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/document/kustomize"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/mcp"
	"github.com/adamant-os/adamant/internal/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	kustomize.Init()
	os.Exit(m.Run())
}

const (
	configuration = `apiVersion: adamant.dev/v1
kind: Repository
metadata: {name: sample}
spec:
  checks:
    - {name: test, kind: unit, command: ["touch ran"]}
`
	entities = `apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: app, description: The Shop, annotations: {adamant.dev/paths: "app/**"}}
spec: {type: service, lifecycle: production, owner: operator, dependsOn: [component:base]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: base, annotations: {adamant.dev/paths: "base/**"}}
spec: {type: library, lifecycle: production, owner: operator}
`
	rule = `package adamant.rules.debts

# METADATA
# title: No debts
# description: A file that says debt is refused.
# custom:
#   id: team/no-debts
deny contains {"message": "it owes", "path": f.path} if {
	some f in input.files
	endswith(f.path, ".debt")
}
`
)

// repository has a main branch, and a working tree that breaks a rule of it.
func repository(t *testing.T) *gittest.Repo {
	t.Helper()
	r := gittest.New(t)
	r.Write(".adamant/adamant.yaml", configuration)
	r.Write(".adamant/policy/debts.rego", rule)
	r.Write("catalog-info.yaml", entities)
	r.Write("base/base.py", "def add(a, b):\n    return a + b\n")
	r.Write("app/main.py", "import base.base\n\nbase.base.add(1, 2)\n")
	r.Write("app/test_main.py", "import app.main\n\n\ndef test_main():\n    assert app.main\n")
	r.Commit("start")
	return r
}

func at(t *testing.T, r *gittest.Repo) Desk {
	return Desk{
		Open: func(ctx context.Context) (*git.Repo, error) { return git.Open(ctx, r.Dir) },
		Means: judge.Request{Jobs: 1, Places: judge.Places{Cache: t.TempDir(), State: t.TempDir(), Data: t.TempDir()},
			Getenv: func(string) string { return "" }, Version: "test"},
		Text: func(v *gate.Verdict) string { return strings.ToUpper(v.Decision) },
		Now:  func() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) },
	}
}

func TestCheckJudgesTheWorkingTree(t *testing.T) {
	t.Parallel()
	r := repository(t)
	r.Write("new.debt", "owed\n")
	tools := at(t, r).Tools()
	got, err := tools.Check(t.Context(), "")
	if err != nil || got.Text != "DENY" || got.Data.Decision != "deny" {
		t.Fatalf("%+v, %v", got, err)
	}
	found := false
	for _, f := range got.Data.Findings {
		found = found || f.Rule == "team/no-debts" && f.Path == "new.debt" && f.Blocks
	}
	if !found {
		t.Errorf("findings %+v", got.Data.Findings)
	}
	if _, err := os.Stat(r.Dir + "/ran"); !errors.Is(err, os.ErrNotExist) {
		t.Error("a declared check ran")
	}
	if got, err := tools.Check(t.Context(), "main"); err != nil || got.Data.Decision == "deny" {
		t.Errorf("main: %+v, %v", got.Data, err)
	}
	if _, err := tools.Check(t.Context(), "nowhere"); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a commit that is not there: %v", err)
	}
}

func TestPlanNamesTheChecks(t *testing.T) {
	t.Parallel()
	r := repository(t)
	r.Write("base/base.py", "def add(a, b):\n    return b - a\n")
	got, err := at(t, r).Tools().Plan(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Data.Checks) != 1 || got.Data.Checks[0].Command != "touch ran" || len(got.Data.Why) == 0 || got.Data.Merge == "" {
		t.Errorf("%+v", got.Data)
	}
	if !strings.Contains(got.Text, "check test would run: touch ran") {
		t.Errorf("%s", got.Text)
	}
}

// What the working tree says of rules counts for nothing: main's do.
func TestRulesAreMains(t *testing.T) {
	t.Parallel()
	r := repository(t)
	r.Remove(".adamant/policy/debts.rego")
	tools := at(t, r).Tools()
	got, err := tools.ExplainRule(t.Context(), "team/no-debts")
	if err != nil || got.Data.Title != "No debts" || got.Data.Does != "deny" || !strings.Contains(got.Text, "A file that says debt is refused.") {
		t.Errorf("%+v, %v", got, err)
	}
	for id, want := range map[string]string{"team/no-debt": "did you mean team/no-debts?", "golangci-lint/errcheck": "call check"} {
		if _, err := tools.ExplainRule(t.Context(), id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestAffected(t *testing.T) {
	t.Parallel()
	r := repository(t)
	tools := at(t, r).Tools()
	got, err := tools.Affected(t.Context(), mcp.Scope{Paths: []string{"./base/"}})
	if err != nil || len(got.Data.Files) != 2 || got.Data.Files[0].Path != "app/main.py" || strings.Join(got.Data.Components, " ") != "component:default/app component:default/base" {
		t.Fatalf("%+v, %v", got.Data, err)
	}
	if strings.Join(got.Data.Tests, " ") != "app/test_main.py" || !strings.Contains(got.Text, "app/main.py\n    needs base/base.py") {
		t.Errorf("%s", got.Text)
	}
	r.Write("app/main.py", "import base.base\n")
	if got, err = tools.Affected(t.Context(), mcp.Scope{}); err != nil || strings.Join(got.Data.Changed, " ") != "app/main.py" || len(got.Data.Files) != 1 {
		t.Errorf("the change: %+v, %v", got.Data, err)
	}
	if _, err := tools.Affected(t.Context(), mcp.Scope{Paths: []string{"nope.py"}}); err == nil || !strings.Contains(err.Error(), "nope.py is no file or folder") {
		t.Errorf("a path that is not there: %v", err)
	}
}

func TestGraphWhy(t *testing.T) {
	t.Parallel()
	tools := at(t, repository(t)).Tools()
	got, err := tools.GraphWhy(t.Context(), "app/test_main.py", "base/base.py")
	if err != nil || !got.Data.Needs || len(got.Data.Steps) != 2 || !strings.HasPrefix(got.Text, "app/test_main.py:1 -> app/main.py") {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = tools.GraphWhy(t.Context(), "component:default/base", "component:default/app"); err != nil || got.Data.Needs || !strings.Contains(got.Text, "does not need") {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := tools.GraphWhy(t.Context(), "app/test_main.py", "nope"); err == nil || !strings.Contains(err.Error(), "nope is no file or component") {
		t.Errorf("a node that is not there: %v", err)
	}
}

func TestCatalog(t *testing.T) {
	t.Parallel()
	tools := at(t, repository(t)).Tools()
	for query, want := range map[string]string{"": "component:default/app component:default/base", "shop SERVICE": "component:default/app", "shop library": ""} {
		got, err := tools.Catalog(t.Context(), query)
		var refs []string
		for _, e := range got.Data.Entities {
			refs = append(refs, e.Ref)
		}
		if err != nil || strings.Join(refs, " ") != want || got.Text == "" {
			t.Errorf("%q: %v, %v", query, refs, err)
		}
	}
}

// A proposal can be carried out as it stands, and grants nothing.
func TestRequestWaiver(t *testing.T) {
	t.Parallel()
	r := repository(t)
	tools := at(t, r).Tools()
	ask := mcp.WaiverAsk{Rule: "team/no-debts", Path: "new.debt", Reason: "the vendor's file; it goes in June"}
	got, err := tools.RequestWaiver(t.Context(), ask)
	if err != nil || got.Data.Granted {
		t.Fatalf("%+v, %v", got, err)
	}
	want := `adamant waiver new --rule 'team/no-debts' --resource 'new.debt' --reason 'the vendor'\''s file; it goes in June' --days 30`
	if got.Data.Command != want || !strings.Contains(got.Data.Content, `expires: "2026-12-02"`) || !strings.Contains(got.Text, "Nothing is granted") {
		t.Errorf("%+v", got.Data)
	}
	if r.Git("status", "--porcelain") != "" {
		t.Error("asking wrote into the working tree")
	}
	for _, c := range []struct {
		change func(*mcp.WaiverAsk)
		want   string
	}{
		{func(a *mcp.WaiverAsk) { a.Rule = "governance/unloadable" }, "never waived"},
		{func(a *mcp.WaiverAsk) { a.Reason = "short" }, "at least 20 characters"},
		{func(a *mcp.WaiverAsk) { a.Days = 91 }, "at most 90"},
		{func(a *mcp.WaiverAsk) { a.Path = "{a" }, "malformed"},
	} {
		bad := ask
		c.change(&bad)
		if _, err := tools.RequestWaiver(t.Context(), bad); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", bad, err, c.want)
		}
	}
}

// A sandboxed agent names no revision, is judged as who it is, and on what its attempt made.
func TestSandboxed(t *testing.T) {
	t.Parallel()
	r := repository(t)
	r.Branch("other")
	r.Write("secret.py", "# of another task\n")
	other := r.Commit("another task's")
	r.Branch("own")
	r.Write(".adamant/adamant.yaml", configuration+"  phase: 1\n")
	own := r.Commit("the attempt's")
	d := at(t, r)
	d.Main, d.Closed = "refs/heads/main", true
	d.Means.Target, d.Means.By = "main", &facts.Identity{Agent: "coder", Role: "coder", Task: "t"}
	d.Work = func(context.Context) (git.OID, error) { return git.OID(own), nil }
	tools := d.Tools()
	got, err := tools.Check(t.Context(), "")
	if err != nil || got.Data.Head != own || got.Data.Decision == "allow" {
		t.Errorf("%+v, %v", got.Data, err)
	}
	for what, call := range map[string]func() error{
		"check":         func() error { _, err := tools.Check(t.Context(), other); return err },
		"plan":          func() error { _, err := tools.Plan(t.Context(), other); return err },
		"affected head": func() error { _, err := tools.Affected(t.Context(), mcp.Scope{Head: other}); return err },
		"affected base": func() error { _, err := tools.Affected(t.Context(), mcp.Scope{Base: other}); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "cannot be looked at from here") {
			t.Errorf("%s of another task's commit: %v", what, err)
		}
	}
	d.Work = func(context.Context) (git.OID, error) { return "", errors.New("the sandbox is gone") }
	if _, err := d.Tools().Check(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "taking what you work on: the sandbox is gone") {
		t.Errorf("without a commit: %v", err)
	}
}

// One question at a time, and who has left does not stand in line.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	r := repository(t)
	d := at(t, r)
	entered, leave := make(chan struct{}), make(chan struct{})
	open := d.Open
	d.Open = func(ctx context.Context) (*git.Repo, error) {
		close(entered) // twice would panic
		<-leave
		return open(ctx)
	}
	tools := d.Tools()
	first := make(chan error)
	go func() {
		_, err := tools.Catalog(t.Context(), "")
		first <- err
	}()
	<-entered
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tools.Catalog(gone, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("who has left was answered: %v", err)
	}
	close(leave)
	if err := <-first; err != nil {
		t.Error(err)
	}
}
