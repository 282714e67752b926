package cli

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
)

// readConstraints reads the files of a working tree that hold Gatekeeper's templates and constraints: those that globs match,
// or those of the policy folders. Paths are relative to root, with slashes.
func readConstraints(root string, globs []string) ([]facts.Module, error) {
	folders := []string{"."}
	if len(globs) == 0 {
		folders = []string{".adamant/policy", "policy"}
	}
	var out []facts.Module
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && entry.Name() == ".git" {
				return fs.SkipDir
			}
			rel, err := filepath.Rel(root, path)
			if err != nil || !entry.Type().IsRegular() || !facts.IsConstraintPath(globs, filepath.ToSlash(rel)) {
				return err
			}
			out, err = appendConstraints(out, path, filepath.ToSlash(rel))
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return out, nil
}

func appendConstraints(list []facts.Module, file, name string) ([]facts.Module, error) {
	data, err := readBounded(file)
	if err != nil || !facts.HoldsConstraints(data) {
		return list, err
	}
	return append(list, facts.Module{Path: name, Text: string(data)}), nil
}

// evalConstraints are the repository's templates and constraints, or those below folders of the command line. Those in samples
// and testdata are left out: they belong to suites.
func evalConstraints(env *Env, p *policyFiles, dirs []string) ([]facts.Module, error) {
	if len(dirs) == 0 {
		return p.constraints, nil
	}
	files, err := filesBelow(env, dirs)
	if err != nil {
		return nil, err
	}
	var out []facts.Module
	for _, file := range files {
		name := shown(env, file)
		folders := strings.Split(name, "/")
		if !facts.IsConstraintPath([]string{"**"}, name) || slices.Contains(folders, "samples") || slices.Contains(folders, "testdata") {
			continue
		}
		if out, err = appendConstraints(out, file, name); err != nil {
			return nil, err
		}
	}
	return out, nil
}
