package judge

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

const keyLine = "export const key = '" + agentKey + "';\n"

// What one commit of the branch added is in its history, whatever the next one does.
func TestSecretsInHistory(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		base string // of src/config.js
		work func(r *gittest.Repo)
		want string // decision; deny is by secrets/in-history
	}{
		{"added and removed", "", func(r *gittest.Repo) {
			r.Write("src/config.js", keyLine)
			r.Commit("add")
			r.Write("src/config.js", "export const key = process.env.KEY;\n")
			r.Commit("remove")
		}, gate.Deny},
		{"added and its file deleted", "", func(r *gittest.Repo) {
			r.Write("tmp/notes.txt", keyLine)
			r.Commit("add")
			r.Remove("tmp/notes.txt")
			r.Write("src/more.js", "export const more = 1;\n")
			r.Commit("delete")
		}, gate.Deny},
		{"in a merged side branch", "", func(r *gittest.Repo) {
			r.Git("switch", "-q", "-c", "side")
			r.Write("src/config.js", keyLine)
			r.Commit("add")
			r.Write("src/config.js", "export const key = 1;\n")
			r.Commit("remove")
			r.Git("switch", "-q", "feature")
			r.Write("src/more.js", "export const more = 1;\n")
			r.Commit("more")
			r.Git("merge", "-q", "--no-ff", "-m", "merge", "side")
		}, gate.Deny},
		{"an invented one", "", func(r *gittest.Repo) {
			r.Write("src/config.js", "export const key = 'AKIAIOSFODNN7EXAMPLE';\n")
			r.Commit("add")
			r.Write("src/config.js", "export const key = 1;\n")
			r.Commit("remove")
		}, gate.Allow},
		{"a comment says that it is none", "", func(r *gittest.Repo) {
			r.Write("src/config.js", strings.TrimSuffix(keyLine, "\n")+" // gitleaks:allow\n")
			r.Commit("add")
			r.Write("src/config.js", "export const key = 1;\n")
			r.Commit("remove")
		}, gate.Allow},
		{"there at base, and edited twice", keyLine, func(r *gittest.Repo) {
			r.Write("src/config.js", keyLine+"export const a = 1;\n")
			r.Commit("one")
			r.Write("src/config.js", keyLine+"export const a = 2;\n")
			r.Commit("two")
		}, gate.Allow},
		{"main's own past, merged into the branch", "", func(r *gittest.Repo) {
			r.Write("src/more.js", "export const more = 1;\n")
			r.Commit("more")
			r.Git("switch", "-q", "main")
			r.Write("src/config.js", keyLine)
			r.Commit("on main")
			r.Git("switch", "-q", "feature")
			r.Git("merge", "-q", "--no-ff", "-m", "merge", "main")
			r.Git("switch", "-q", "main")
			r.Write("src/config.js", "export const key = 1;\n")
			r.Commit("mended on main")
			r.Git("switch", "-q", "feature")
			r.Write("src/last.js", "export const last = 1;\n")
			r.Commit("last")
		}, gate.Allow},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := victim(t)
			if tt.base != "" {
				r.Write("src/config.js", tt.base)
				r.Commit("config")
			}
			r.Branch("feature")
			tt.work(r)
			v := hearing(t, r, Request{Base: "main", Head: "feature"}).Verdict
			count := 0
			for _, f := range v.Assessment.Findings {
				if f.Rule == "secrets/in-history" && f.Suppress == "" {
					count++
					if f.Path == "" || f.Line != 1 || !strings.Contains(f.Fix, "git rebase -i") || strings.Contains(f.Message, agentKey) {
						t.Errorf("finding %+v", f)
					}
				}
			}
			if v.Decision != tt.want || (count == 1) != (tt.want == gate.Deny) {
				t.Errorf("%s with %d findings by %q, want %s", v.Decision, count, names(v), tt.want)
			}
		})
	}
}

// What is too much to search holds; switched off, nothing is searched.
func TestSecretsInHistoryBounds(t *testing.T) {
	t.Parallel()
	r := victim(t)
	r.Branch("feature")
	r.Write("src/config.js", keyLine)
	r.Commit("add")
	r.Write("src/config.js", "export const key = 1;\n")
	r.Commit("remove")
	got := hearing(t, r, Request{Base: "main", Head: "feature"})
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	side, governance, err := GovernanceAt(t.Context(), repo, git.OID(got.Input.Change.Base))
	if err != nil {
		t.Fatal(err)
	}
	c := &facts.Collected{Input: got.Input, Base: side, Merged: side, Governance: governance}
	s := &search{repo: repo, collected: c, room: 10, seen: map[git.OID]bool{}, found: map[string]int{}}
	if err := s.walk(t.Context()); err != nil || !strings.Contains(s.cut, "squash or split") {
		t.Errorf("cut %q, %v", s.cut, err)
	}
	governance.Config.Spec.Builtin = map[string]string{"secrets": "off"}
	got.Input.Findings = nil
	if err := searchHistory(t.Context(), repo, c); err != nil || len(got.Input.Findings) > 0 {
		t.Errorf("switched off: %+v %v", got.Input.Findings, err)
	}
}
