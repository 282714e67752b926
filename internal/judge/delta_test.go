package judge

import (
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/risk"
)

const noLoans = `package adamant.rules.loans

# METADATA
# title: No loans
# custom:
#   id: team/no-loans
deny contains {"message": "a loan", "path": doc.path} if {
	some doc in input.documents
	doc.value.loan
}
`

// What an edit of the constitution costs hangs on what it does.
func TestPolicyDelta(t *testing.T) {
	t.Parallel()
	warned := openConfig + "  policy:\n    rules: {team/no-debts: warn}\n"
	tests := []struct {
		name   string
		base   string // configuration
		edit   func(r *gittest.Repo)
		delta  string
		level  risk.Level
		reason string // a part of the first reason for weakened
	}{
		{"nothing of it", openConfig, write("src/a.js", "export const a = 1;\n"), "", risk.Low, ""},
		{"the kernel's folder, not the constitution", openConfig, write(".adamant/agents/a.yaml", "name: a\n"), "", risk.High, ""},
		{"a rule more", openConfig, write(".adamant/policy/loans.rego", noLoans), facts.PolicyTightened, risk.High, ""},
		{"a comment", openConfig, swap(debtsRego, "# title", "# Why: they grow.\n# title"), facts.PolicyTightened, risk.High, ""},
		{"a condition more", openConfig, swap(debtsRego, "\tdoc.value.debt\n", "\tdoc.value.debt\n\tdoc.value.name\n"), facts.PolicyWeakened, risk.Critical, "rule team/no-debts (.adamant/policy/debts.rego:7): has a new or an edited condition at line 10: doc.value.name"},
		{"warn becomes deny", warned, write(facts.ConfigPath, strings.Replace(warned, "warn", "deny", 1)), facts.PolicyTightened, risk.High, ""},
		{"warn becomes off", warned, write(facts.ConfigPath, strings.Replace(warned, "warn", "\"off\"", 1)), facts.PolicyWeakened, risk.Critical, "team/no-debts goes from warn to off"},
		{"warn becomes deny and a gate is accepted", warned, write(facts.ConfigPath, strings.Replace(warned, "warn", "deny", 1)+"  accept: [{gate: unit, reason: r}]\n"), facts.PolicyTightened, risk.Critical, ""},
		{"what cannot be loaded", openConfig, write(debtsRego, "package adamant.rules.x\n\ndeny contains {\n"), facts.PolicyWeakened, risk.Critical, "cannot be loaded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := victim(t)
			r.Write(facts.ConfigPath, tt.base)
			r.Commit("configuration")
			r.Branch("feature")
			tt.edit(r)
			r.Commit("change")
			got := hearing(t, r, Request{Base: "main", Head: "feature"})
			p, level := got.Input.Policy, got.Verdict.Assessment.Level
			if p.Delta != tt.delta || level != tt.level || !strings.Contains(strings.Join(p.DeltaReasons, "\n"), tt.reason) || (tt.reason == "") != (len(p.DeltaReasons) == 0) {
				t.Errorf("%q, %s risk, because %q; want %q, %s risk, because %q", p.Delta, level, p.DeltaReasons, tt.delta, tt.level, tt.reason)
			}
			if tt.delta == "" {
				return
			}
			r.Git("commit", "-q", "--amend", "-m", "change\n\nAgent: coder")
			if v := hearing(t, r, Request{Base: "main", Head: "feature"}).Verdict; v.Decision != gate.Deny || !slices.Contains(names(v), "agents/governance") {
				t.Errorf("by an agent: %s by %q", v.Decision, names(v))
			}
		})
	}
}

// The whole tree is tried too: a rule that is right about every example may be wrong about what is there.
func TestTreeInput(t *testing.T) {
	t.Parallel()
	r := victim(t)
	r.Write("logo.png", "\x00")
	r.Write("big.json", "{\"a\": \""+strings.Repeat("x", facts.BlobLimit)+"\"}\n")
	r.Commit("files nobody reads")
	r.Branch("feature")
	r.Write("src/a.js", "export const a = 1;\n")
	r.Commit("change")
	got := hearing(t, r, Request{Base: "main", Head: "feature"})
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	side, governance, err := GovernanceAt(t.Context(), repo, git.OID(r.Git("rev-parse", "feature")))
	if err != nil {
		t.Fatal(err)
	}
	tree, whole, err := treeInput(t.Context(), got.Input, side, governance)
	if err != nil || !whole {
		t.Fatal(whole, err)
	}
	var paths []string
	for _, d := range tree.Documents {
		paths = append(paths, d.Path)
	}
	if !slices.Equal(paths, []string{".adamant/adamant.yaml", "app.json", "catalog-info.yaml", "infra/main.tf"}) || len(tree.Files) != len(side.Paths()) || len(got.Input.Documents) != 0 {
		t.Errorf("documents of %q, %d files", paths, len(tree.Files))
	}
}
