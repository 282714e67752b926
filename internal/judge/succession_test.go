package judge

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

// What judges the next change must load: otherwise one landing bricks the repository.
func TestChangeThatBricksTheGateIsRefused(t *testing.T) {
	t.Parallel()
	for path, text := range map[string]string{
		".adamant/adamant.yaml":     "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata: {name: x}\nspec:\n  phaze: 2\n",
		".adamant/policy/rule.rego": "package adamant.rules.x\n\ndeny contains {\n",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			r := gittest.New(t)
			r.Write("README.md", "# x\n")
			r.Commit("base")
			r.Branch("change")
			r.Write(path, text)
			r.Commit("change")
			outcome := hearing(t, r, Request{Head: "change"})
			if outcome.Verdict.Decision != gate.Deny {
				t.Fatalf("got %s", outcome.Verdict.Decision)
			}
			for _, f := range outcome.Verdict.Assessment.Findings {
				if f.Rule == "governance/unloadable" && f.Path == path && f.Line > 0 && !strings.Contains(f.Message, "internal") {
					return
				}
			}
			t.Errorf("no finding with a line: %+v", outcome.Verdict.Assessment.Findings)
		})
	}
}
