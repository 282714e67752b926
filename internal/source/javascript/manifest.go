package javascript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// pkg is one package.json.
type pkg struct {
	dir     string
	Name    string            `json:"name"`
	Main    string            `json:"main"`
	Module  string            `json:"module"`
	Types   string            `json:"types"`
	Typings string            `json:"typings"`
	Source  string            `json:"source"`
	Exports json.RawMessage   `json:"exports"`
	Imports json.RawMessage   `json:"imports"`
	Deps    map[string]string `json:"dependencies"`
	Dev     map[string]string `json:"devDependencies"`
	Peer    map[string]string `json:"peerDependencies"`
	Opt     map[string]string `json:"optionalDependencies"`
	exports *entry
	imports *entry
}

// entry is a value of exports or imports with its keys in order: the first condition that holds counts.
type entry struct {
	text string // a target, when there are no keys and no list
	keys []string
	list []*entry // values of keys, or the alternatives of an array
}

// readPackages reads every package.json of a tree, by folder.
func readPackages(tree imports.Tree) (map[string]*pkg, []imports.Problem) {
	packages := map[string]*pkg{}
	var problems []imports.Problem
	for _, p := range tree.Paths() {
		if path.Base(p) != "package.json" || strings.Contains(p, "node_modules/") {
			continue
		}
		one, err := readPackage(tree, p)
		if err != nil {
			problems = append(problems, imports.Problem{Path: p, Message: err.Error()})
			continue
		}
		packages[path.Dir(p)] = one
	}
	return packages, problems
}

func readPackage(tree imports.Tree, p string) (*pkg, error) {
	data, err := tree.Read(p)
	if err != nil {
		return nil, err
	}
	one := &pkg{dir: path.Dir(p)}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), one); err != nil {
		return nil, fmt.Errorf("it cannot be understood: %w", err)
	}
	one.exports, one.imports = ordered(one.Exports), ordered(one.Imports)
	return one, nil
}

// ordered reads a value with its keys in order, nil when there is none. Its text is valid JSON.
func ordered(raw json.RawMessage) *entry {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	return orderedValue(json.NewDecoder(bytes.NewReader(raw)))
}

func orderedValue(d *json.Decoder) *entry {
	token, err := d.Token()
	if err != nil {
		return nil
	}
	switch t := token.(type) {
	case string:
		return &entry{text: t}
	case json.Delim:
		e := &entry{}
		for d.More() {
			if t == '{' {
				key, err := d.Token()
				if err != nil {
					return e
				}
				e.keys = append(e.keys, key.(string))
			}
			e.list = append(e.list, orderedValue(d))
		}
		_, _ = d.Token() // the closing bracket: the text is valid
		return e
	}
	return nil // null, a number: no target
}

// conditions that may hold when a source is read for its dependencies, whatever runs it in the end.
var conditions = []string{"source", "development", "import", "require", "types", "node", "module", "browser", "default"}

// target finds the text that an entry leads to, by the conditions; custom ones (of a bundler) are tried when no other holds.
func (e *entry) target() []string {
	if e == nil {
		return nil
	}
	if e.text != "" {
		return []string{e.text}
	}
	var out, custom []string
	for i, one := range e.list {
		if i < len(e.keys) && !holds(e.keys[i]) {
			custom = append(custom, one.target()...)
			continue
		}
		out = append(out, one.target()...)
	}
	return append(out, custom...)
}

func holds(condition string) bool {
	return slices.Contains(conditions, condition) || strings.HasPrefix(condition, "types@")
}

// lookup finds what a subpath ("." or "./x" of exports, "#x" of imports) leads to: the candidates in order, and whether the
// subpath is known at all. (Node.js, "Packages: subpath patterns")
func (e *entry) lookup(subpath string) (candidates []string, known bool) {
	if e == nil {
		return nil, false
	}
	if len(e.keys) == 0 || e.keys[0][0] != '.' && e.keys[0][0] != '#' { // sugar for "."
		if subpath != "." {
			return nil, false
		}
		return e.target(), true
	}
	best, star := -1, ""
	for i, key := range e.keys {
		if key == subpath {
			return e.list[i].target(), true
		}
		before, after, ok := strings.Cut(key, "*")
		if !ok && strings.HasSuffix(key, "/") {
			before, ok = key, true
		}
		if ok && strings.HasPrefix(subpath, before) && strings.HasSuffix(subpath, after) && len(subpath) >= len(before)+len(after) &&
			(best < 0 || len(key) > len(e.keys[best])) {
			best, star = i, subpath[len(before):len(subpath)-len(after)]
		}
	}
	if best < 0 {
		return nil, false
	}
	for _, t := range e.list[best].target() {
		if strings.HasSuffix(e.keys[best], "/") {
			t += star
		}
		candidates = append(candidates, strings.ReplaceAll(t, "*", star))
	}
	return candidates, true
}
