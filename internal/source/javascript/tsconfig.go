package javascript

import (
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/document/json"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// tsconfig is what resolution needs of a tsconfig.json with everything it extends.
type tsconfig struct {
	baseURL string // folder, "" when there is none
	paths   []mapping
}

// mapping is one entry of compilerOptions.paths: a pattern with at most one star, and where it leads.
type mapping struct {
	before, after string
	exact         bool
	targets       []string // paths with at most one star
}

// configs reads tsconfig files as they are asked for.
type configs struct {
	tree     imports.Tree
	packages *resolver
	byFile   map[string]*tsconfig
	byDir    map[string][]*tsconfig
}

// maxExtends bounds chains of extends and references.
const maxExtends = 16

// around are the configurations that may be in force in a folder: the nearest tsconfig.json or jsconfig.json, with those it
// refers to, which are used where it has no paths of its own.
func (c *configs) around(dir string) []*tsconfig {
	if known, ok := c.byDir[dir]; ok {
		return known
	}
	var found []*tsconfig
	for _, name := range []string{"tsconfig.json", "jsconfig.json"} {
		if file := path.Join(dir, name); c.tree.Has(file) {
			found = c.withReferences(file, 0)
			break
		}
	}
	if found == nil && dir != "." {
		found = c.around(path.Dir(dir))
	}
	c.byDir[dir] = found
	return found
}

func (c *configs) withReferences(file string, depth int) []*tsconfig {
	out := []*tsconfig{c.read(file, 0)}
	if depth == maxExtends {
		return out
	}
	value := c.value(file)
	references, _ := value["references"].([]any)
	for _, reference := range references {
		object, _ := reference.(map[string]any)
		to, _ := object["path"].(string)
		to = path.Join(path.Dir(file), to)
		if !strings.HasSuffix(to, ".json") {
			to = path.Join(to, "tsconfig.json")
		}
		if to != file && c.tree.Has(to) && path.Dir(to) == path.Dir(file) {
			out = append(out, c.withReferences(to, depth+1)...)
		}
	}
	return out
}

func (c *configs) value(file string) map[string]any {
	data, err := c.tree.Read(file)
	if err != nil {
		return nil
	}
	trees := json.Parse(file, data)
	if len(trees) == 0 {
		return nil
	}
	value, _ := trees[0].Value.(map[string]any)
	return value
}

// read joins a configuration with what it extends: what is nearer wins.
func (c *configs) read(file string, depth int) *tsconfig {
	if known, ok := c.byFile[file]; ok {
		return known
	}
	out := &tsconfig{}
	c.byFile[file] = out // a circle of extends ends here
	value := c.value(file)
	for _, extended := range texts(value["extends"]) {
		if to := c.extended(path.Dir(file), extended); to != "" && depth < maxExtends {
			parent := c.read(to, depth+1)
			if parent.baseURL != "" {
				out.baseURL = parent.baseURL
			}
			if parent.paths != nil {
				out.paths = parent.paths
			}
		}
	}
	options, _ := value["compilerOptions"].(map[string]any)
	dir := path.Dir(file)
	if base, ok := options["baseUrl"].(string); ok {
		out.baseURL = path.Join(dir, base)
	}
	if paths, ok := options["paths"].(map[string]any); ok {
		if out.baseURL != "" {
			dir = out.baseURL
		}
		out.paths = mappings(dir, paths)
	}
	return out
}

func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, one := range v {
			if s, ok := one.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// extended finds the file that extends names: relative, or in a package of the tree.
func (c *configs) extended(dir, name string) string {
	at := path.Join(dir, name)
	if !strings.HasPrefix(name, ".") {
		scope, sub := split(name)
		one := c.packages.named(scope, dir)
		if one == nil {
			return ""
		}
		at = path.Join(one.dir, sub)
	}
	for _, suffix := range []string{"", ".json", "/tsconfig.json"} {
		if c.tree.Has(at + suffix) {
			return at + suffix
		}
	}
	return ""
}

// mappings are sorted so that the longest prefix comes first, as TypeScript prefers it.
func mappings(dir string, paths map[string]any) []mapping {
	var out []mapping
	for pattern, targets := range paths {
		m := mapping{}
		before, after, star := strings.Cut(pattern, "*")
		m.before, m.after, m.exact = before, after, !star
		for _, target := range texts(targets) {
			m.targets = append(m.targets, path.Join(dir, target))
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b mapping) int {
		switch {
		case a.exact != b.exact && a.exact:
			return -1
		case a.exact != b.exact:
			return 1
		case len(a.before) != len(b.before):
			return len(b.before) - len(a.before)
		}
		return strings.Compare(a.before+"*"+a.after, b.before+"*"+b.after)
	})
	return out
}

// candidates are the paths a name may stand for, by the first pattern that matches.
func (t *tsconfig) candidates(name string) []string {
	for _, m := range t.paths {
		switch {
		case m.exact && name == m.before:
			return m.targets
		case !m.exact && strings.HasPrefix(name, m.before) && strings.HasSuffix(name, m.after) && len(name) >= len(m.before)+len(m.after):
			star := name[len(m.before) : len(name)-len(m.after)]
			var out []string
			for _, target := range m.targets {
				out = append(out, strings.Replace(target, "*", star, 1))
			}
			return out
		}
	}
	return nil
}
