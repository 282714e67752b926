package api

import (
	"path"

	"github.com/adamant-os/adamant/internal/source/exports"
	"github.com/adamant-os/adamant/internal/source/imports"
	"github.com/adamant-os/adamant/internal/source/javascript"
)

// Scope narrows the scopes of a delta by what the packages of base's tree publish: a module of JavaScript counts as public when
// an entry point of a package that is not private leads to it, one of Python when a project around it can be installed. Was
// maps the paths of renamed files to those they had.
func Scope(base imports.Tree, was map[string]string, d *exports.Delta) {
	var published func(file, name string) bool
	installable := map[string]bool{}
	for i := range d.Changes {
		c := &d.Changes[i]
		if c.Scope != exports.Public || !c.Breaking && !c.Unsure && c.Change != exports.Moved {
			continue
		}
		at := c.Path
		if old, ok := was[at]; ok {
			at = old
		}
		switch c.Language {
		case "javascript":
			if published == nil {
				published = javascript.Published(base)
			}
			name := c.Name
			if c.Change == exports.Moved {
				name = "*"
			}
			if !published(at, name) {
				c.Scope = exports.Repository
			}
		case "python":
			if !canInstall(base, path.Dir(at), installable) {
				c.Scope = exports.Repository
			}
		}
	}
}

// canInstall says whether a folder lies in a project of Python that others can install.
func canInstall(tree imports.Tree, dir string, known map[string]bool) bool {
	yes, ok := known[dir]
	if ok {
		return yes
	}
	for _, name := range []string{"pyproject.toml", "setup.py", "setup.cfg"} {
		yes = yes || tree.Has(path.Join(dir, name))
	}
	if !yes && dir != "." {
		yes = canInstall(tree, path.Dir(dir), known)
	}
	known[dir] = yes
	return yes
}
