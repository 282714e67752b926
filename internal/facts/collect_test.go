package facts_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// collect judges branch against main.
func collect(t *testing.T, r *gittest.Repo, branch string) *facts.Collected {
	t.Helper()
	c, err := tryCollect(t, r, branch)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func tryCollect(t *testing.T, r *gittest.Repo, branch string) (*facts.Collected, error) {
	t.Helper()
	return collectWith(t, r, branch, facts.Options{})
}

func collectWith(t *testing.T, r *gittest.Repo, branch string, opt facts.Options) (*facts.Collected, error) {
	t.Helper()
	ctx := t.Context()
	repo, err := git.Open(ctx, r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := repo.Close(); err != nil {
			t.Error(err)
		}
	})
	base, err := repo.Resolve(ctx, "main")
	if err != nil {
		t.Fatal(err)
	}
	head, err := repo.Resolve(ctx, branch)
	if err != nil {
		t.Fatal(err)
	}
	side := newSide(t, ctx, repo, base)
	governance, err := facts.ReadGovernance(ctx, side, "test")
	if err != nil {
		return nil, err
	}
	opt.Source, opt.Target, opt.Base, opt.Head, opt.Now, opt.Governance, opt.BaseSide = "range", "main", base, head, noon, governance, side
	return facts.Collect(ctx, repo, opt)
}

func newSide(t *testing.T, ctx context.Context, repo *git.Repo, commit git.OID) *facts.Side {
	t.Helper()
	c, err := repo.Commit(ctx, commit)
	if err != nil {
		t.Fatal(err)
	}
	side, err := facts.NewSide(ctx, repo, c.Tree, facts.BlobLimit)
	if err != nil {
		t.Fatal(err)
	}
	return side
}

func file(t *testing.T, in *facts.Input, path string) facts.File {
	t.Helper()
	for _, f := range in.Files {
		if f.Path == path {
			return f
		}
	}
	t.Fatalf("no file %q in %+v", path, in.Files)
	return facts.File{}
}

func TestCollectReadsGovernanceAtBase(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("a.go", "package a\n")
	r.Write("catalog-info.yaml", component("a", "operator"))
	r.Commit("base")
	r.Branch("change")
	r.Write("catalog-info.yaml", component("a", "mallory"))
	r.Write(".adamant/adamant.yaml", "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata: {name: x}\nspec: {limits: {changedFiles: 1}}\n")
	r.Write(".adamant/policy/none.rego", "package adamant.rules.none\n")
	r.Write(".gitattributes", "*.go linguist-documentation\n")
	r.Write("a.go", "package a\n\nvar A = 1\n")
	r.Commit("change")
	in := collect(t, r, "change").Input
	if len(in.Policy.Modules) != 0 {
		t.Error("the change brought its own policy")
	}
	if f := file(t, in, "a.go"); f.Class != source.ClassSource || f.Effect != source.EffectCode {
		t.Errorf("the change's .gitattributes made its code %s with effect %s", f.Class, f.Effect)
	}
	if len(in.Catalog.Changes) != 1 || in.Catalog.Changes[0].Field != "spec.owner" || !in.Catalog.Changes[0].Governance {
		t.Errorf("catalog changes: %+v", in.Catalog.Changes)
	}
	if in.Catalog.Components[0].Owner == "group:default/mallory" {
		t.Error("the owner is read from the change")
	}
}

func component(name, owner string) string {
	return "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: " + name + "}\nspec: {type: service, lifecycle: production, owner: " + owner + "}\n"
}

func TestCollectJudgesTheMergedTree(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("a", "1\n2\n3\n")
	r.Write("b", "1\n")
	r.Commit("base")
	r.Branch("change")
	r.Write("a", "1\n2\n3\n4\n")
	r.Commit("change")
	r.Git("switch", "-q", "main")
	r.Write("b", "2\n")
	r.Commit("main moved")
	in := collect(t, r, "change").Input
	if len(in.Files) != 1 || in.Files[0].Path != "a" {
		t.Errorf("a branch that is behind is blamed for main's changes: %+v", in.Files)
	}
	if len(in.Files[0].Lines) != 1 || in.Files[0].Lines[0] != (facts.LineRange{From: 4, To: 4}) {
		t.Errorf("added lines: %+v", in.Files[0].Lines)
	}
}

func TestCollectConflict(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("a", "1\n")
	r.Commit("base")
	r.Branch("change")
	r.Write("a", "2\n")
	r.Commit("change")
	r.Git("switch", "-q", "main")
	r.Write("a", "3\n")
	r.Commit("main moved")
	in := collect(t, r, "change").Input
	if in.Change.MergedTree != "" || len(in.Change.Conflicts) != 1 || in.Change.Conflicts[0] != "a" {
		t.Errorf("conflict: tree %q, paths %q", in.Change.MergedTree, in.Change.Conflicts)
	}
}

func TestCollectUnreadContent(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("README.md", "# a\n")
	base := r.Commit("base")
	r.Branch("change")
	r.Write("big.md", strings.Repeat("x", facts.BlobLimit+1))
	r.Write("image.md", "a\x00b")
	r.Write("data.md", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
	r.Git("update-index", "--add", "--cacheinfo", "160000,"+base+",vendored.md")
	r.Commit("change")
	in := collect(t, r, "change").Input
	for path, want := range map[string]string{"big.md": facts.UnreadTooLarge, "image.md": facts.UnreadBinary, "data.md": facts.UnreadLFS} {
		f := file(t, in, path)
		if f.Unread != want {
			t.Errorf("%s: unread %q, want %q", path, f.Unread, want)
		}
		if f.Effect != source.EffectCode {
			t.Errorf("%s: nobody looked inside, yet its effect is %s", path, f.Effect)
		}
	}
}

func TestCollectStrangePaths(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("base")
	r.Branch("change")
	names := []string{"new\nline.md", "tab\there", `quote".md`, "caf\xe9.md", `"caf\xe9.md"`}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(r.Dir, name), []byte("x\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../../etc/passwd", filepath.Join(r.Dir, "out.md")); err != nil {
		t.Fatal(err)
	}
	r.Commit("change")
	in := collect(t, r, "change").Input
	if len(in.Files) != len(names)+1 {
		t.Fatalf("%d files, want %d", len(in.Files), len(names)+1)
	}
	spelt := map[string]bool{}
	for _, f := range in.Files {
		spelt[f.Path] = true
	}
	if len(spelt) != len(names)+1 {
		t.Errorf("two paths have one spelling: %v", spelt)
	}
	if f := file(t, in, "out.md"); f.Symlink != "../../etc/passwd" || f.Effect != source.EffectCode {
		t.Errorf("symlink: target %q, effect %s", f.Symlink, f.Effect)
	}
	if _, err := manifest.CanonicalDocument(in); err != nil {
		t.Errorf("encoding strange paths: %v", err)
	}
}

func TestCollectRenameAndMode(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("docs/a.md", strings.Repeat("line\n", 50))
	r.Write("Case.md", "x\n")
	r.Write("run.md", "x\n")
	r.Commit("base")
	r.Branch("change")
	r.Git("mv", "docs/a.md", "docs/b.md")
	r.Git("mv", "Case.md", "case.md")
	r.Git("update-index", "--chmod=+x", "run.md")
	r.Git("commit", "-qm", "change")
	in := collect(t, r, "change").Input
	if f := file(t, in, "docs/b.md"); f.OldPath != "docs/a.md" || f.Status != "renamed" {
		t.Errorf("rename: %+v", f)
	}
	if f := file(t, in, "case.md"); f.OldPath != "Case.md" {
		t.Errorf("case-only rename: %+v", f)
	}
	if f := file(t, in, "run.md"); f.Effect != source.EffectCode {
		t.Errorf("a file that became executable has effect %s", f.Effect)
	}
}

func TestCollectRefusesBrokenConfiguration(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write(".adamant/adamant.yaml", "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata: {name: x}\nspec:\n  phaze: 2\n")
	r.Commit("base")
	r.Branch("change")
	r.Write("a", "x\n")
	r.Commit("change")
	_, err := tryCollect(t, r, "change")
	var config *facts.ConfigError
	if !errors.As(err, &config) || !strings.Contains(err.Error(), ".adamant/adamant.yaml:5:") {
		t.Errorf("got %v, want the line of the misspelt field", err)
	}
}

func TestCollectIsDeterministic(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	for _, name := range []string{"a.go", "b.go", "c.yaml", "d.md"} {
		r.Write(name, "x: 1\n")
	}
	r.Commit("base")
	r.Branch("change")
	for _, name := range []string{"a.go", "b.go", "c.yaml", "d.md", "e.yaml"} {
		r.Write(name, "x: 2.5\n")
	}
	r.Commit("change\n\nAgent: coder\nTask: t-1\n")
	first, err := manifest.CanonicalDocument(collect(t, r, "change").Input)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := manifest.CanonicalDocument(collect(t, r, "change").Input)
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("two collections of one change differ: %v", err)
		}
	}
	if !bytes.Contains(first, []byte(`"agent":"coder"`)) {
		t.Error("the agent's trailer was not read")
	}
}

// TestCollectBelievesTheDoor about who made the change, not the trailers: a person stays a person, an agent stays that agent.
func TestCollectBelievesTheDoor(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("a.go", "x\n")
	r.Commit("base")
	r.Branch("change")
	r.Write("a.go", "y\n")
	r.Commit("change\n\nAgent: reviewer\nRole: reviewer\nTask: t-1\n")
	for _, by := range []facts.Identity{{}, {Agent: "coder", Role: "coder", Task: "t-2", Model: "m", Feature: "f"}} {
		c, err := collectWith(t, r, "change", facts.Options{By: &by})
		if err != nil {
			t.Fatal(err)
		}
		in := c.Input
		if got := (facts.Identity{Agent: in.Change.Agent, Role: in.Change.Role, Model: in.Change.Model, Task: in.Change.Task, Feature: in.Change.Feature}); !reflect.DeepEqual(got, by) {
			t.Errorf("got %+v, want %+v", got, by)
		}
	}
}

func TestCollectKeepsTheOwnerThatAFileHad(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("catalog-info.yaml", "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: core\n  annotations: {adamant.dev/paths: core/**, adamant.dev/risk-profile: critical}\nspec: {type: service, lifecycle: production, owner: operator}\n")
	r.Write("core/engine.js", "export const engine = 'a long line, so that the rename is found';\n")
	r.Commit("base")
	r.Branch("change")
	r.Git("mv", "core/engine.js", "engine.js")
	r.Git("commit", "-qm", "change")
	in := collect(t, r, "change").Input
	f := file(t, in, "engine.js")
	if f.Component != "" || f.OldComponent == "" {
		t.Errorf("component %q, old component %q", f.Component, f.OldComponent)
	}
	if len(in.Catalog.Components) != 1 || in.Catalog.Components[0].RiskProfile != "critical" {
		t.Errorf("the governance of the old owner is missing: %+v", in.Catalog.Components)
	}
}

func TestCollectUnreadableTestsAreGone(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("sum.test.js", "test('a', () => { expect(1).toBe(1); });\n")
	r.Write("tool", "#!/bin/sh\necho a\n")
	r.Commit("base")
	r.Branch("change")
	r.Write("sum.test.js", "// \x00\n")
	r.Write("tool", "#!/bin/sh\necho b # \x00\n")
	r.Commit("change")
	in := collect(t, r, "change").Input
	if f := file(t, in, "sum.test.js"); f.Code == nil || f.Code.TestsBefore != 1 || f.Code.TestsAfter != 0 {
		t.Errorf("a NUL hides that a test is gone: %+v", f.Code)
	}
	if f := file(t, in, "tool"); f.Class != source.ClassSource || f.Unread != facts.UnreadBinary {
		t.Errorf("a NUL makes a script %s, unread %q", f.Class, f.Unread)
	}
}
