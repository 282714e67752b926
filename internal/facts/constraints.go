package facts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// readConstraints reads Gatekeeper's templates and constraints, as text: the document must replay without the repository.
func (g *Governance) readConstraints(ctx context.Context, side *Side) error {
	for _, e := range side.Entries() {
		if !isRegular(e.Mode) || !IsConstraintPath(g.Config.Spec.Policy.Gatekeeper, SpellPath(e.Path)) {
			continue
		}
		data, err := side.Blob(ctx, e.OID)
		if tooLarge := (*git.TooLargeError)(nil); errors.As(err, &tooLarge) {
			return &ConfigError{Err: fmt.Errorf("%s: %w; whether it holds constraints is not known: name the files that do in spec.policy.gatekeeper", SpellPath(e.Path), err)}
		}
		if err != nil {
			return fmt.Errorf("reading policy %s: %w", SpellPath(e.Path), err)
		}
		if HoldsConstraints(data) {
			g.Policy.Constraints = append(g.Policy.Constraints, Module{Path: SpellPath(e.Path), Text: string(data)})
		}
	}
	return nil
}

func isRegular(mode git.Mode) bool { return readable(mode) && mode != git.ModeSymlink }

// IsConstraintPath says that a YAML or JSON file may hold templates and constraints that judge: one of globs matches it, or,
// without globs, it lies under a policy folder and in none of the folders where the examples of suites are kept.
func IsConstraintPath(globs []string, file string) bool {
	if !slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(path.Ext(file))) {
		return false
	}
	if len(globs) > 0 {
		return slices.ContainsFunc(globs, func(glob string) bool { return manifest.MatchPath(glob, file) })
	}
	if !strings.HasPrefix(file, ".adamant/policy/") && !strings.HasPrefix(file, "policy/") {
		return false
	}
	folders := strings.Split(path.Dir(file), "/")
	return !slices.Contains(folders, "samples") && !slices.Contains(folders, "testdata")
}

// HoldsConstraints says that a file names an API group of Gatekeeper's templates or constraints. What it really holds, or what
// is wrong with it, only the policy engine tells.
func HoldsConstraints(data []byte) bool {
	return bytes.Contains(data, []byte("templates.gatekeeper.sh")) || bytes.Contains(data, []byte("constraints.gatekeeper.sh"))
}

// lookAround says that some template asks for other objects, or some constraint for the labels of namespaces.
func lookAround(constraints []Module) bool {
	return slices.ContainsFunc(constraints, func(m Module) bool {
		return strings.Contains(m.Text, "data.inventory") || strings.Contains(m.Text, "namespaceSelector")
	})
}
