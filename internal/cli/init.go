package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/adopt"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
)

type initFlags struct {
	repo, name, ci string
	phase          int
	phaseGiven     bool
	gitHooks, mcp  bool
	agents         []string
	dryRun, json   bool
}

func initCommand(env *Env) *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make this repository a Repo OS; run it again at any time",
		Long: `Write .adamant/adamant.yaml with the checks that were found, and on request hooks and a CI workflow.
Nothing that you wrote is overwritten: hooks and workflow are replaced, and hooks that the phase
does not have are taken away, only while they are what adamant wrote for another phase. Nothing is
committed; the configuration counts once it is on main.

Phases: 1 observe (nothing is blocked), 2 guard (refusals block), 3 automate (safe changes land by
themselves), 4 delegate (agents work on their own). docs/adoption.md says what changes with each.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.phaseGiven = cmd.Flags().Changed("phase")
			return runInit(cmd.Context(), env, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.repo, "repo", "", "repository (default: where you are)")
	flags.StringVar(&f.name, "name", "", "name of the repository (default: its folder's)")
	flags.IntVar(&f.phase, "phase", 1, "adoption phase, 1 to 4 (default: that of adamant.yaml, or 1)")
	flags.BoolVar(&f.gitHooks, "git-hooks", false, "write pre-commit and pre-push hooks into this clone")
	flags.StringSliceVar(&f.agents, "agent-hooks", nil, "write hooks for agents at the keyboard: claude, codex")
	flags.BoolVar(&f.mcp, "mcp", false, "write .mcp.json, so that agents find adamant's tools")
	flags.StringVar(&f.ci, "ci", "", "write a CI workflow: github")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what would be written")
	flags.BoolVar(&f.json, "json", false, "print the steps as JSON")
	return cmd
}

func runInit(ctx context.Context, env *Env, f initFlags) error {
	if f.phase < 1 || f.phase > 4 {
		return usage(fmt.Errorf("--phase is %d: want 1 to 4", f.phase))
	}
	repo, err := openRepo(ctx, env, f.repo)
	if err != nil {
		return err
	}
	defer repo.Close()
	if repo.Bare() {
		return usage(errors.New("this repository is bare: run adamant init in a clone of it"))
	}
	governance, err := headGovernance(ctx, repo)
	if err != nil {
		return judgeError(err)
	}
	was := 0
	if governance.Configured {
		was = max(1, governance.Config.Spec.Phase)
	}
	if was > 0 && !f.phaseGiven {
		f.phase = was
	}
	branch, err := repo.DefaultBranch(ctx)
	if err != nil {
		branch = "main"
	}
	name := f.name
	if name == "" {
		name = adopt.Name(filepath.Base(repo.Root()))
	}
	hooksDir, err := hooksFolder(ctx, repo)
	if err != nil {
		return err
	}
	steps, err := adopt.Plan(repo.Root(), adopt.Wishes{
		Name: name, Branch: strings.TrimPrefix(branch, "origin/"), Phase: f.phase, Was: was, Checks: governance.Config.Spec.Checks,
		HooksDir: hooksDir, GitHooks: f.gitHooks, Follow: (f.phaseGiven || was > 0) && ofClone(repo, hooksDir), Agents: f.agents, MCP: f.mcp, CI: f.ci, Version: version(),
	})
	if err != nil {
		return usage(err)
	}
	if !f.dryRun {
		if err := adopt.Apply(steps); err != nil {
			return err
		}
	}
	if f.json {
		return writeJSON(env.Stdout, steps)
	}
	writeSteps(env, steps, f.dryRun)
	driverHint(env, repo.Root())
	return nil
}

// ofClone says that a folder is the clone's own. Another one may serve other repositories, which have phases of their own.
func ofClone(repo *git.Repo, dir string) bool {
	return slices.ContainsFunc([]string{repo.CommonDir(), repo.Root()}, func(own string) bool {
		rel, err := filepath.Rel(own, dir)
		return err == nil && filepath.IsLocal(rel)
	})
}

// hooksFolder is where this clone's hooks run from: core.hooksPath, else git's own folder (git-config(1)).
func hooksFolder(ctx context.Context, repo *git.Repo) (string, error) {
	path, ok, err := repo.Config(ctx, "core.hooksPath")
	switch {
	case err != nil:
		return "", fmt.Errorf("reading core.hooksPath: %w", err)
	case !ok || path == "":
		return filepath.Join(repo.CommonDir(), "hooks"), nil
	case filepath.IsAbs(path):
		return path, nil
	}
	return filepath.Join(repo.Root(), path), nil
}

// headGovernance is what HEAD would be judged by. An empty repository has no checks to detect.
func headGovernance(ctx context.Context, repo *git.Repo) (*facts.Governance, error) {
	head, err := repo.Snapshot(ctx, git.Worktree)
	if err != nil {
		return nil, err
	}
	_, governance, err := judge.GovernanceAt(ctx, repo, head)
	return governance, err
}

func writeSteps(env *Env, steps []adopt.Step, dryRun bool) {
	s := styleFor(env, env.Stdout)
	for _, step := range steps {
		state := step.State
		if dryRun && (state == adopt.Written || state == adopt.Replaced || state == adopt.Removed) {
			state = "would " + state
		}
		fmt.Fprintf(env.Stdout, "%s %s\n", s.bold(pad(state, 12)), step.Path)
		if step.Note != "" {
			for _, line := range wrap(step.Note, textWidth-13) {
				fmt.Fprintf(env.Stdout, "%s %s\n", pad("", 12), s.dim(line))
			}
		}
		if step.State != adopt.Kept && step.State != adopt.Removed && (dryRun || step.Show) {
			for line := range strings.SplitSeq(strings.TrimRight(step.Text, "\n"), "\n") {
				fmt.Fprintf(env.Stdout, "%s | %s\n", pad("", 12), line)
			}
		}
	}
	fmt.Fprintf(env.Stdout, "\nNext: read it, commit it on your main branch, then run: adamant doctor\n")
}
