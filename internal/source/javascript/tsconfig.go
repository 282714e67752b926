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

// configs reads tsconfig files as they are asked for. What it remembers does not depend on the order of questions: the
// part of a circle is not kept.
type configs struct {
	tree     imports.Tree
	packages *resolver
	byFile   map[string]*tsconfig
	values   map[string]map[string]any
	byDir    map[string][]*tsconfig
}

const (
	maxExtends    = 16  // files in a chain of extends
	maxJoined     = 256 // files that one configuration is joined from
	maxReferences = 256 // configurations that one refers to, and those to others
)

// around are the configurations that may be in force in a folder: the nearest tsconfig.json or jsconfig.json, with those it
// refers to, which are used where it has no paths of its own.
func (c *configs) around(dir string) []*tsconfig {
	if known, ok := c.byDir[dir]; ok {
		return known
	}
	var found []*tsconfig
	for _, name := range []string{"tsconfig.json", "jsconfig.json"} {
		if file := path.Join(dir, name); c.tree.Has(file) {
			found = c.withReferences(file)
			break
		}
	}
	if found == nil && dir != "." {
		found = c.around(path.Dir(dir))
	}
	c.byDir[dir] = found
	return found
}

func (c *configs) withReferences(file string) []*tsconfig {
	var out []*tsconfig
	seen := map[string]bool{file: true}
	for queue := []string{file}; len(queue) > 0; queue = queue[1:] {
		out = append(out, c.read(queue[0]))
		references, _ := c.value(queue[0])["references"].([]any)
		for _, reference := range references {
			object, _ := reference.(map[string]any)
			to, _ := object["path"].(string)
			to = path.Join(path.Dir(queue[0]), to)
			if !strings.HasSuffix(to, ".json") {
				to = path.Join(to, "tsconfig.json")
			}
			if !seen[to] && len(seen) < maxReferences && c.tree.Has(to) && path.Dir(to) == path.Dir(file) {
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
	return out
}

func (c *configs) value(file string) map[string]any {
	if known, ok := c.values[file]; ok {
		return known
	}
	var value map[string]any
	if data, err := c.tree.Read(file); err == nil {
		if trees := json.Parse(file, data); len(trees) > 0 {
			value, _ = trees[0].Value.(map[string]any)
		}
	}
	c.values[file] = value
	return value
}

// read joins a configuration with what it extends: what is nearer wins.
func (c *configs) read(file string) *tsconfig {
	if known, ok := c.byFile[file]; ok {
		return known
	}
	joined := joining{configs: c}
	c.byFile[file] = joined.read(file)
	return c.byFile[file]
}

// joining is one configuration being read: the chain of extends it is in, and how many files it took.
type joining struct {
	*configs
	chain []string
	files int
}

func (j *joining) read(file string) *tsconfig {
	out := &tsconfig{}
	if j.files++; slices.Contains(j.chain, file) || len(j.chain) == maxExtends || j.files > maxJoined {
		return out
	}
	j.chain = append(j.chain, file)
	defer func() { j.chain = j.chain[:len(j.chain)-1] }()
	value := j.value(file)
	for _, extended := range texts(value["extends"]) {
		if to := j.extended(path.Dir(file), extended); to != "" {
			parent := j.read(to)
			if parent.baseURL != "" {
				out.baseURL = parent.baseURL
			}
			if parent.paths != nil {
				out.paths = parent.paths
			}
		}
	}
	out.options(path.Dir(file), value)
	return out
}

func (t *tsconfig) options(dir string, value map[string]any) {
	options, _ := value["compilerOptions"].(map[string]any)
	if base, ok := options["baseUrl"].(string); ok {
		t.baseURL = path.Join(dir, base)
	}
	if paths, ok := options["paths"].(map[string]any); ok {
		if t.baseURL != "" {
			dir = t.baseURL
		}
		t.paths = mappings(dir, paths)
	}
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
