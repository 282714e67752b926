// Package terraform reads which modules, files and states Terraform and OpenTofu configurations use, and what Terragrunt's
// point at. The files of a folder are one module and see one another. Only literal paths are followed: nothing is evaluated
// and no provider or registry is asked.
package terraform

import (
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/document/terraform"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// Language is Terraform's configuration language.
func Language() imports.Language {
	return imports.Language{Name: "terraform", Version: 1, Match: match, Extract: Extract, Resolver: newResolver, Package: packageOf}
}

func match(p string) bool {
	return configuration(p) || strings.HasSuffix(p, ".tftest.hcl") || path.Base(p) == "terragrunt.hcl"
}

// configuration says whether a file is a part of its folder's module.
func configuration(p string) bool {
	return strings.HasSuffix(p, ".tf") || strings.HasSuffix(p, ".tofu") || terraform.Match(path.Base(p))
}

// packageOf names a module by its folder. Tests see it and are no part of it; those in a folder called tests see the one above.
func packageOf(p string, _ *imports.File) (string, bool) {
	dir := path.Dir(p)
	switch {
	case configuration(p):
		return nodeOf(dir), true
	case strings.HasSuffix(p, ".tftest.hcl") && path.Base(dir) == "tests":
		return nodeOf(path.Dir(dir)), false
	case strings.HasSuffix(p, ".tftest.hcl"):
		return nodeOf(dir), false
	}
	return "", false
}

func nodeOf(dir string) string { return "terraform:" + dir }

// What Import.Exotic says here.
const (
	provider = "provider"
	state    = "state"  // terraform_remote_state
	inModule = "module" // a path that begins with ${path.module}
)

type resolver struct {
	tree    imports.Tree
	modules map[string]bool // folders
}

func newResolver(tree imports.Tree) (imports.Resolver, []imports.Problem) {
	r := &resolver{tree: tree, modules: map[string]bool{}}
	for _, p := range tree.Paths() {
		if configuration(p) {
			r.modules[path.Dir(p)] = true
		}
	}
	return r, nil
}

// Resolve implements imports.Resolver.
func (r *resolver) Resolve(from string, _ *imports.File, imp *imports.Import) []imports.Target {
	switch {
	case imp.Kind == imports.Embed:
		return r.file(from, imp)
	case imp.Exotic == state:
		return []imports.Target{{External: "terraform-state:" + imp.Specifier}}
	case imp.Exotic == provider:
		return []imports.Target{{External: "terraform-provider:" + imp.Specifier}}
	case !local(imp.Specifier):
		return []imports.Target{{External: "terraform:" + address(imp.Specifier)}}
	}
	source, sub, _ := strings.Cut(strings.ReplaceAll(imp.Specifier, `\`, "/"), "//")
	dir := path.Join(path.Dir(from), source, sub)
	if r.modules[dir] {
		return []imports.Target{{Package: nodeOf(dir)}}
	}
	if p := r.tree.Real(path.Join(dir, "terragrunt.hcl")); p != "" {
		return []imports.Target{{Path: p}}
	}
	return nil
}

func local(source string) bool {
	return slices.ContainsFunc([]string{"./", "../", `.\`, `..\`}, func(prefix string) bool { return strings.HasPrefix(source+"/", prefix) })
}

// address is a module's source without the revision asked for.
func address(source string) string {
	source, _, _ = strings.Cut(source, "?")
	return source
}

// file finds a file that is read: from the module's folder, else from the root, where plans usually run.
func (r *resolver) file(from string, imp *imports.Import) []imports.Target {
	if p := r.tree.Real(path.Join(path.Dir(from), imp.Specifier)); p != "" {
		return []imports.Target{{Path: p}}
	}
	if p := r.tree.Real(path.Clean(imp.Specifier)); p != "" && imp.Exotic != inModule {
		return []imports.Target{{Path: p}}
	}
	return nil
}
