package judge

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/graph/rules/architecture"
)

// TestLeftOut: where the gate goes by a graph that lacks a file, the verdict says so once and is otherwise the same.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	large := func(r *gittest.Repo) { r.Write("src/large.js", strings.Repeat("// none\n", facts.BlobLimit/8+1)) }
	for name, tt := range map[string]struct {
		before, change func(r *gittest.Repo)
		want           int
	}{
		"what needs a changed file": {large, func(r *gittest.Repo) {
			r.Write("core/engine.js", "export function run(a) {\n  return a + 1;\n}\n\nexport function stop(a) {\n  return a - 2;\n}\n")
		}, 1},
		"who uses an export that is gone": {func(*gittest.Repo) {}, func(r *gittest.Repo) {
			large(r)
			r.Write("core/engine.js", "export function run(a) {\n  return a + 1;\n}\n")
		}, 1},
		"what the architecture allows": {func(r *gittest.Repo) { large(r); r.Write(architecture.File, layered) }, func(r *gittest.Repo) {
			r.Write("src/two.js", "import { run } from '../core/engine.js';\n\nrun(1);\n")
		}, 1},
		"no graph": {large, func(r *gittest.Repo) { r.Write("README.md", "# Prose\n") }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := victim(t)
			tt.before(r)
			r.Write("more.md", "more\n")
			r.Commit("before")
			r.Branch("feature")
			tt.change(r)
			r.Commit("change")
			v := hearing(t, r, Request{Base: "main", Head: "feature"}).Verdict
			got := 0
			for _, f := range v.Assessment.Findings {
				if f.Rule != ruleLeftOut {
					continue
				}
				got++
				if f.Path != "src/large.js" || f.Severity != finding.Note || gate.Blocks(f) || !strings.HasPrefix(f.Message, "left out of the graph: src/large.js: it was not read: ") {
					t.Errorf("%+v", f)
				}
			}
			if got != tt.want {
				t.Errorf("said %d times, want %d: %v", got, tt.want, names(v))
			}
		})
	}
}
