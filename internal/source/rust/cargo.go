package rust

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/document/toml"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// crate is one Cargo.toml with a [package]. Its library and its programs are roots of their own.
type crate struct {
	dir   string
	name  string            // of its library, as sources spell it
	lib   string            // root of its library, "" when it has none
	roots []string          // every root, the library's too
	deps  map[string]string // names sources use to folders of the tree; "" outside the tree
}

// table reads a table of a table; nil, which reads as empty, when there is none.
func table(in map[string]any, keys ...string) map[string]any {
	for _, key := range keys {
		in, _ = in[key].(map[string]any)
	}
	return in
}

func text(in map[string]any, key string) string {
	s, _ := in[key].(string)
	return s
}

// spelled is the name of a package as sources write it.
func spelled(name string) string { return strings.ReplaceAll(name, "-", "_") }

// cargo reads every Cargo.toml of a tree.
func cargo(tree imports.Tree) ([]*crate, []imports.Problem) {
	manifests := map[string]map[string]any{}
	var problems []imports.Problem
	var dirs []string
	for _, p := range tree.Paths() {
		if !manifest(p) {
			continue
		}
		value, problem := readManifest(tree, p)
		if problem != nil {
			problems = append(problems, *problem)
			continue
		}
		dirs = append(dirs, path.Dir(p))
		manifests[path.Dir(p)] = value
	}
	var crates []*crate
	for _, dir := range dirs {
		if c := newCrate(dir, manifests); c != nil {
			crates = append(crates, c)
		}
	}
	findRoots(tree, crates)
	return crates, problems
}

func readManifest(tree imports.Tree, p string) (map[string]any, *imports.Problem) {
	data, err := tree.Read(p)
	if err != nil {
		return nil, &imports.Problem{Path: p, Message: err.Error()}
	}
	parsed := toml.Parse(p, data)[0]
	if parsed.Error != "" {
		return nil, &imports.Problem{Path: p, Line: int32(parsed.Line), Message: parsed.Error}
	}
	value, _ := parsed.Value.(map[string]any)
	return value, nil
}

func newCrate(dir string, manifests map[string]map[string]any) *crate {
	m := manifests[dir]
	name := text(table(m, "package"), "name")
	if name == "" {
		return nil
	}
	c := &crate{dir: dir, name: spelled(name), deps: map[string]string{}}
	if lib := table(m, "lib"); lib != nil {
		if own := text(lib, "name"); own != "" {
			c.name = spelled(own)
		}
		c.lib = c.inside(text(lib, "path"))
	}
	c.targets(m)
	c.needs(m, dir, manifests)
	targets := table(m, "target")
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		if t, ok := targets[name].(map[string]any); ok {
			c.needs(t, dir, manifests)
		}
	}
	return c
}

func (c *crate) inside(p string) string {
	if p == "" {
		return ""
	}
	return path.Join(c.dir, p)
}

// targets notes the roots that the manifest names.
func (c *crate) targets(m map[string]any) {
	add := func(p string) {
		if p = c.inside(p); p != "" && !slices.Contains(c.roots, p) {
			c.roots = append(c.roots, p)
		}
	}
	add(text(table(m, "lib"), "path"))
	add(text(table(m, "package"), "build"))
	for _, kind := range []string{"bin", "test", "example", "bench"} {
		list, _ := m[kind].([]any)
		for _, one := range list {
			if t, ok := one.(map[string]any); ok {
				add(text(t, "path"))
			}
		}
	}
}

// needs notes the dependencies of a table, by the names that sources use.
func (c *crate) needs(m map[string]any, dir string, manifests map[string]map[string]any) {
	for _, section := range []string{"dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies", "build_dependencies"} {
		for name, value := range table(m, section) {
			base := dir
			spec, _ := value.(map[string]any)
			if inherited, _ := spec["workspace"].(bool); inherited {
				base, spec = workspace(dir, name, manifests)
			}
			c.deps[spelled(name)] = ""
			if p := text(spec, "path"); p != "" && !path.IsAbs(p) {
				c.deps[spelled(name)] = path.Join(base, p)
			}
		}
	}
}

// workspace finds what a workspace around dir says of a dependency.
func workspace(dir, name string, manifests map[string]map[string]any) (string, map[string]any) {
	for ; ; dir = path.Dir(dir) {
		if ws := table(manifests[dir], "workspace"); ws != nil {
			return dir, table(ws, "dependencies", name)
		}
		if dir == "." {
			return dir, nil
		}
	}
}

// findRoots adds the roots that Cargo finds by their names. Each file belongs to the innermost crate around it.
func findRoots(tree imports.Tree, crates []*crate) {
	byDir := map[string]*crate{}
	for _, c := range crates {
		byDir[c.dir] = c
	}
	for _, p := range tree.Paths() {
		if !match(p) {
			continue
		}
		c := around(byDir, p)
		if c == nil {
			continue
		}
		rel := strings.TrimPrefix(p, c.dir+"/")
		if rel == "src/lib.rs" && c.lib == "" {
			c.lib = p
		}
		if discovered(rel) && !slices.Contains(c.roots, p) {
			c.roots = append(c.roots, p)
		}
	}
}

func around(byDir map[string]*crate, p string) *crate {
	for dir := path.Dir(p); ; dir = path.Dir(dir) {
		if c := byDir[dir]; c != nil || dir == "." {
			return c
		}
	}
}

// discovered says whether Cargo takes a file for a root: src/lib.rs, src/bin/x.rs, tests/x.rs, tests/x/main.rs ...
func discovered(rel string) bool {
	if rel == "src/lib.rs" || rel == "src/main.rs" || rel == "build.rs" {
		return true
	}
	for _, folder := range []string{"src/bin/", "tests/", "examples/", "benches/"} {
		if rest, ok := strings.CutPrefix(rel, folder); ok {
			dir, base := path.Split(rest)
			return dir == "" || strings.Count(dir, "/") == 1 && base == "main.rs"
		}
	}
	return false
}
