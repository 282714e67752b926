package javascript

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// configTree is a tree of configurations only.
type configTree map[string]string

func (t configTree) Paths() []string           { return nil }
func (t configTree) File(string) *imports.File { return nil }
func (t configTree) Has(p string) bool         { return t.Real(p) != "" }

func (t configTree) Real(p string) string {
	if _, ok := t[p]; ok {
		return p
	}
	return ""
}

func (t configTree) Read(p string) ([]byte, error) { return []byte(t[p]), nil }

func backwards(list []string) []string {
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}

// TestConfigsInAnyOrder: a circle of configurations says the same whichever is asked for first, and ends.
func TestConfigsInAnyOrder(t *testing.T) {
	t.Parallel()
	tree := configTree{
		"a/tsconfig.json": `{"extends": "../b/tsconfig.json", "compilerOptions": {"paths": {"a": ["a"]}}}`,
		"b/tsconfig.json": `{"extends": ["../c/tsconfig.json", "../a/tsconfig.json"]}`,
		"c/tsconfig.json": `{"extends": "../a/tsconfig.json", "compilerOptions": {"baseUrl": "x"}}`,
	}
	var many []string
	for i := range 60 { // every one extends and refers to all
		many = append(many, fmt.Sprintf(`"./tsconfig.%d.json"`, i))
	}
	for i := range 60 {
		list := strings.Join(many, ",")
		tree[fmt.Sprintf("m/tsconfig.%d.json", i)] = fmt.Sprintf(`{"extends": [%s], "references": [{"path": %s}]}`, list, strings.ReplaceAll(list, ",", `}, {"path": `))
	}
	tree["m/tsconfig.json"] = tree["m/tsconfig.0.json"]
	dirs := []string{"a", "b", "c", "m"}
	answers := map[string]string{}
	for range dirs {
		dirs = append(dirs[1:], dirs[0])
		for _, order := range [][]string{dirs, backwards(dirs)} {
			r := &resolver{tree: tree}
			r.configs = &configs{tree: tree, packages: r, byFile: map[string]*tsconfig{}, values: map[string]map[string]any{}, byDir: map[string][]*tsconfig{}}
			for _, dir := range order {
				var text strings.Builder
				for _, c := range r.configs.around(dir) {
					fmt.Fprintf(&text, "%+v\n", *c)
				}
				if known := answers[dir]; known != "" && known != text.String() {
					t.Errorf("%s asked in order %v: %s, want %s", dir, order, text.String(), known)
				}
				answers[dir] = text.String()
			}
		}
	}
}
