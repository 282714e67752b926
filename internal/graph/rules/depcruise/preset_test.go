package depcruise

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/rules"
)

// faulty is a tree that breaks every rule of the presets.
var faulty = tree{
	"package.json":        `{"name": "shop", "dependencies": {"declared": "1", "twice": "1", "old": "1"}, "devDependencies": {"twice": "1", "dev": "1"}}`,
	"src/main.js":         "import './a'; import './none'; import 'declared'; import 'twice'; import 'dev'; import 'stray'; import 'old';\nimport 'punycode'; import 'node:sys'; import 'fs';\n",
	"src/a.js":            "import './b';\n",
	"src/b.js":            "import './a';\n",
	"src/orphan.js":       "\n",
	"src/.hidden.js":      "\n",
	"src/types.d.ts":      "\n",
	"src/babel.config.js": "\n",
	"src/vite.config.js":  "\n",
	"src/t.ts":            "import type { T } from 'twice';\n",
	"src/u.ts":            "import './t';\n",
}

// theirs are what dependency-cruiser 18.7.2 says of that tree with extends: dependency-cruiser/configs/recommended and
// tsPreCompilationDeps, packages installed (empty ones in node_modules, "old" deprecated): rule, severity in each preset, ends.
// To renew: write the tree out and run depcruise src -T json.
const theirs = `no-circular error error warn src/a.js src/b.js
no-deprecated-core error error warn src/main.js punycode
no-deprecated-core error error warn src/main.js sys
no-duplicate-dep-types warn error warn src/main.js twice
no-non-package-json error error warn src/main.js stray
no-orphans warn error warn src/orphan.js src/orphan.js
no-orphans warn error warn src/vite.config.js src/vite.config.js
not-to-deprecated warn error warn src/main.js old
not-to-unresolvable error error warn src/main.js ./none`

// TestPresetsJudgeTheSame compares verdicts, but for two that are meant to differ: a deprecation is not in the tree, and each
// edge of a cycle is reported, dependency-cruiser's among them.
func TestPresetsJudgeTheSame(t *testing.T) {
	t.Parallel()
	for column, preset := range []string{"recommended", "recommended-strict", "recommended-warn-only"} {
		var want []string
		for line := range strings.Lines(theirs) {
			f := strings.Fields(line)
			if f[0] != "not-to-deprecated" {
				want = append(want, strings.Join([]string{f[0], f[1+column], f[4], f[5]}, " "))
			}
		}
		want = append(want, "no-circular "+strings.Fields(theirs)[1+column]+" src/b.js src/a.js")
		slices.Sort(want)
		if got := faulty.judge(t, preset); !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant\n%s", preset, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

type tree map[string]string

func (t tree) Entries() []graph.Entry {
	var out []graph.Entry
	for _, p := range slices.Sorted(maps.Keys(t)) {
		out = append(out, graph.Entry{Path: p, Blob: p})
	}
	return out
}

func (t tree) Blobs(_ context.Context, oids []string, fn func(int, []byte, error) error) error {
	for i, p := range oids {
		if err := fn(i, []byte(t[p]), nil); err != nil {
			return err
		}
	}
	return nil
}

func (t tree) judge(test *testing.T, preset string) []string {
	test.Helper()
	set := read(test, `{"extends": "dependency-cruiser/configs/`+preset+`", "options": {"tsPreCompilationDeps": true}}`)
	snapshot, err := graph.Read(test.Context(), t, graph.Options{Languages: graph.Languages()})
	if err != nil {
		test.Fatal(err)
	}
	report, err := rules.Judge(test.Context(), snapshot.Graph, set, rules.Options{Links: snapshot.Links})
	if err != nil {
		test.Fatal(err)
	}
	var out []string
	for _, v := range report.Violations {
		severity := map[string]string{"error": "error", "warning": "warn"}[string(v.Severity)]
		out = append(out, fmt.Sprintf("%s %s %s %s", v.Rule, severity, v.From, strings.TrimPrefix(v.To, "node_modules/")))
	}
	slices.Sort(out)
	return out
}
