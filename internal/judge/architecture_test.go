package judge

import (
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/graph/rules/architecture"
)

const layered = `apiVersion: adamant.dev/v1
kind: Architecture
metadata:
  name: victim
spec:
  layers:
    - {name: src, paths: [src/**]}
    - {name: core, paths: [core/**]}
  rules:
    - name: down
      type: layers
      layers: [src, core]
      test:
        fail: [core/engine.js -> src/sum.js]
        pass: [src/sum.js -> core/engine.js]
`

const moreEntities = coreEntity + `---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: src
  annotations:
    adamant.dev/paths: src/**
spec: {type: library, lifecycle: production, owner: operator}
`

func TestArchitecture(t *testing.T) {
	t.Parallel()
	upward := "import { sum } from '../src/sum.js';\n\nexport function run(a) {\n  return sum(a, 1);\n}\n\nexport function stop(a) {\n  return a - 1;\n}\n"
	for name, tt := range map[string]struct {
		before, change func(r *gittest.Repo)
		message        string
		want           string // a finding that blocks or not, "" for none
		state          string // of the gate
	}{
		"an edge that breaks a layer":  {func(r *gittest.Repo) { r.Write(architecture.File, layered) }, func(r *gittest.Repo) { r.Write("core/engine.js", upward) }, "up", "architecture/down", gate.Failed},
		"an edge that was there":       {func(r *gittest.Repo) { r.Write(architecture.File, layered); r.Write("core/engine.js", upward) }, func(r *gittest.Repo) { r.Write("core/engine.js", upward+"// more\n") }, "same", "", gate.Passed},
		"an edge that keeps the layer": {func(r *gittest.Repo) { r.Write(architecture.File, layered) }, func(r *gittest.Repo) { r.Write("src/two.js", "import { run } from '../core/engine.js';\n\nrun(1);\n") }, "down", "", gate.Passed},
		"rules that go with the edge": {func(r *gittest.Repo) { r.Write(architecture.File, layered) }, func(r *gittest.Repo) {
			r.Remove(architecture.File)
			r.Write("core/engine.js", upward)
		}, "up", "architecture/down", gate.Failed},
		"rules that come with the edge": {nil, func(r *gittest.Repo) { r.Write(architecture.File, layered); r.Write("core/engine.js", upward) }, "both", "", ""},
		"rules nobody can read":         {nil, func(r *gittest.Repo) { r.Write(architecture.File, "kind: Architecture\n") }, "broken", "governance/unloadable", ""},
		"an agent couples components":   {func(r *gittest.Repo) { r.Write("catalog-info.yaml", moreEntities) }, func(r *gittest.Repo) { r.Write("src/two.js", "import { run } from '../core/engine.js';\n\nrun(1);\n") }, "couple\n\nAgent: builder", architecture.NewCoupling, gate.Passed},
		"a person couples components":   {func(r *gittest.Repo) { r.Write("catalog-info.yaml", moreEntities) }, func(r *gittest.Repo) { r.Write("src/two.js", "import { run } from '../core/engine.js';\n\nrun(1);\n") }, "couple", "", ""},
		"switched off": {func(r *gittest.Repo) {
			r.Write(architecture.File, layered)
			r.Write(facts.ConfigPath, openConfig+"  builtin: {architecture: off}\n")
		}, func(r *gittest.Repo) { r.Write("core/engine.js", upward) }, "up", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := victim(t)
			if tt.before != nil {
				tt.before(r)
				r.Commit("before")
			}
			r.Branch("feature")
			tt.change(r)
			r.Commit(tt.message)
			v := hearing(t, r, Request{Base: "main", Head: "feature"}).Verdict
			found := ""
			for _, f := range v.Assessment.Findings {
				if (strings.HasPrefix(f.Rule, "architecture/") || f.Rule == "governance/unloadable") && f.State != "unchanged" && f.State != "absent" {
					found = f.Rule
				}
			}
			if found != tt.want {
				t.Errorf("found %q, want %q: %v", found, tt.want, names(v))
			}
			at := slices.IndexFunc(v.Assessment.Gates, func(g gate.Gate) bool {
				return slices.Contains(g.Checks, checkArchitecture) || g.Name == checkArchitecture
			})
			if at < 0 && tt.state != "" || at >= 0 && v.Assessment.Gates[at].State != tt.state && tt.state != "" {
				t.Errorf("gates %+v, want %s %s", v.Assessment.Gates, checkArchitecture, tt.state)
			}
		})
	}
}
