package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy"
)

// policyFiles is what a working tree says about policy.
type policyFiles struct {
	root    string
	config  manifest.Repository
	modules []facts.Module // tests too
	foreign []string       // paths of modules under policy/ that are not adamant's
	data    []facts.Module // data files of foreign policies

	constraints []facts.Module // Gatekeeper's templates and constraints
}

// readPolicies reads configuration and modules of the working tree around dir. It asks no git.
func readPolicies(env *Env, dir string) (*policyFiles, error) {
	p := &policyFiles{root: worktreeRoot(under(env, dir)), config: manifest.Defaults()}
	data, err := readBounded(filepath.Join(p.root, facts.ConfigPath))
	switch {
	case err == nil:
		config, diags := manifest.LoadRepository(facts.ConfigPath, data)
		if err := manifest.Join(diags); err != nil {
			return nil, err
		}
		p.config = config.WithDefaults()
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	for _, folder := range []string{".adamant/policy", "policy"} {
		modules, err := readModules(p.root, folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		p.modules = append(p.modules, modules...)
	}
	for _, m := range p.modules {
		if policy.Foreign(m) && !policy.IsTest(m.Path) {
			p.foreign = append(p.foreign, m.Path)
		}
	}
	if p.constraints, err = readConstraints(p.root, p.config.Spec.Policy.Gatekeeper); err != nil {
		return nil, err
	}
	p.data, err = readPolicyData(p.root, p.config.Spec.Policy.Conftest.Data)
	return p, err
}

// under makes a path of the command line absolute.
func under(env *Env, path string) string { return joined(env.Dir, path) }

// worktreeRoot is the nearest folder upwards with .adamant or .git, dir itself when there is none.
func worktreeRoot(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		for _, mark := range []string{".adamant", ".git"} {
			if _, err := os.Stat(filepath.Join(at, mark)); err == nil {
				return at
			}
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

// readModules reads every Rego file below root/folder. Paths are relative to root.
func readModules(root, folder string) ([]facts.Module, error) {
	var out []facts.Module
	err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.Type().IsRegular() || filepath.Ext(path) != ".rego" {
			return nil
		}
		text, err := readBounded(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		out = append(out, facts.Module{Path: filepath.ToSlash(rel), Text: string(text)})
		return nil
	})
	return out, err
}

// errNoData says that a name of policy data leads to none.
var errNoData = errors.New("no YAML or JSON file is there")

// readPolicyData reads the data files that roots name. Roots are relative to dir, and so are the files' names.
func readPolicyData(dir string, roots []string) ([]facts.Module, error) {
	var out []facts.Module
	for _, root := range roots {
		before := len(out)
		err := filepath.WalkDir(joined(dir, root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			name := filepath.ToSlash(filepath.Join(root, strings.TrimPrefix(path, joined(dir, root))))
			if !facts.IsPolicyData(root, name) {
				return nil
			}
			text, err := readBounded(path)
			out = append(out, facts.Module{Path: name, Text: string(text)})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading policy data: %w", err)
		}
		if len(out) == before {
			return nil, fmt.Errorf("reading policy data: %s: %w", root, errNoData)
		}
	}
	return out, nil
}

// joined is path below dir, unless it is absolute.
func joined(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// filesBelow lists the files that arguments name: themselves, or what is below a folder, .git left out. Sorted.
func filesBelow(env *Env, args []string) ([]string, error) {
	var out []string
	for _, arg := range args {
		err := filepath.WalkDir(under(env, arg), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && entry.Name() == ".git":
				return fs.SkipDir
			case entry.Type().IsRegular():
				out = append(out, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// shown is how output names a file: relative to where the user is, with slashes.
func shown(env *Env, path string) string {
	rel, err := filepath.Rel(env.Dir, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return filepath.ToSlash(path)
	}
	return filepath.ToSlash(rel)
}
