package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
)

// affectedCone prints the folders of a sparse checkout: for paths, or for what the change touches.
func affectedCone(ctx context.Context, env *Env, repo *git.Repo, f affectedFlags) error {
	warn := func(text string) { fmt.Fprintln(env.Stderr, printable(text)) }
	paths := f.paths
	head, err := repo.Resolve(ctx, f.head)
	if err != nil {
		return usage(fmt.Errorf("--head: %w", err))
	}
	if len(paths) == 0 {
		base, _, err := ends(ctx, repo, f)
		if err != nil {
			return err
		}
		impact, err := judge.ImpactOf(ctx, repo, base, head, f.runtime, places(env), warn)
		if err != nil {
			return usageOr(err)
		}
		paths = impact.There()
	}
	folders, err := judge.ConeOf(ctx, repo, head, paths, f.depth, places(env), warn)
	if err != nil {
		return usageOr(err)
	}
	if f.asJSON {
		out := json.NewEncoder(env.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(struct {
			Head    git.OID  `json:"head"`
			Kind    string   `json:"kind"`
			Paths   []string `json:"paths"`
			Depth   int      `json:"depth"`
			Folders []string `json:"folders"`
		}{head, f.kind, list(paths), f.depth, list(folders)})
	}
	for _, folder := range folders {
		fmt.Fprintln(env.Stdout, printable(folder))
	}
	return nil
}
