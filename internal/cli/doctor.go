package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/adopt"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/sandbox"
)

func doctorCommand(env *Env) *cobra.Command {
	var dir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Show the adoption phase, missing gates and the next command",
		Long:  "Exit status: 0 nothing is broken, 1 something is, 2 usage or configuration.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDoctor(cmd.Context(), env, dir, asJSON)
		},
	}
	cmd.Flags().StringVar(&dir, "repo", "", "repository (default: where you are)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}

func runDoctor(ctx context.Context, env *Env, dir string, asJSON bool) error {
	repo, err := openRepo(ctx, env, dir)
	if err != nil {
		return err
	}
	defer repo.Close()
	patient, err := examine(ctx, env, repo)
	if err != nil {
		return judgeError(err)
	}
	diagnosis := adopt.Diagnose(patient)
	if asJSON {
		err = writeJSON(env.Stdout, diagnosis)
	} else {
		writeDiagnosis(env, diagnosis)
	}
	if err != nil {
		return err
	}
	if diagnosis.Broken {
		return exit(ExitDeny)
	}
	return nil
}

// examine collects what doctor looks at: what main is judged by, and what this machine has.
func examine(ctx context.Context, env *Env, repo *git.Repo) (adopt.Patient, error) {
	p := adopt.Patient{Shallow: repo.Shallow()}
	branch, err := repo.DefaultBranch(ctx)
	if err != nil {
		return p, err
	}
	tip, err := repo.Resolve(ctx, branch)
	if err != nil {
		return p, err
	}
	if repo.Partial() {
		err := repo.Whole(ctx, tip)
		if p.Partial = errors.As(err, new(*git.MissingError)); err != nil && !p.Partial {
			return p, err
		}
	}
	_, governance, err := judge.GovernanceAt(ctx, repo, tip)
	if err != nil {
		return p, err
	}
	if _, err := judge.Assessor(ctx, governance); err != nil {
		return p, err
	}
	p.Branch, p.Configured, p.Config, p.Catalog = branch, governance.Configured, governance.Config, governance.Catalog.Len()
	p.Uncommitted = !p.Configured && fileExists(filepath.Join(repo.Root(), ".adamant", "adamant.yaml"))
	for _, check := range p.Config.Spec.Checks {
		for _, tool := range tools(check) {
			if _, err := exec.LookPath(tool); err != nil && !slices.Contains(p.MissingTools, tool) {
				p.MissingTools = append(p.MissingTools, tool)
			}
		}
	}
	for l := risk.Trivial; l <= risk.Critical; l++ {
		required, _ := gate.Required(p.Config, l)
		for _, name := range required {
			if gate.Missing(p.Config, name) {
				p.MissingGates = append(p.MissingGates, adopt.MissingGate{Level: l.String(), Gate: name})
			}
		}
	}
	p.Sandbox, p.NoSandbox = lookAtSandbox(ctx)
	p.OSVDir = filepath.Join(places(env).Data, "osv")
	p.OSV = fileExists(p.OSVDir)
	return p, nil
}

// lookAtSandbox tries to make one, as an agent would get it.
func lookAtSandbox(ctx context.Context) (report, missing string) {
	self, err := os.Executable()
	if err != nil {
		return "", err.Error()
	}
	sb, err := sandbox.New(ctx, sandbox.Options{Self: self})
	if err != nil {
		return "", err.Error()
	}
	return sb.Report().String(), ""
}

// tools are the programs that a check starts: the first word of its command, and of those lines for the shell that begin with
// a program that detected checks use.
func tools(check manifest.Check) []string {
	known := []string{"go", "npm", "pnpm", "yarn", "bun", "python3", "uv", "poetry", "cargo", "make"}
	var found []string
	lines := slices.Clone(check.Setup)
	if len(check.Command) > 1 {
		found = append(found, check.Command[0])
	} else {
		lines = append(lines, check.Command...)
	}
	for _, line := range lines {
		if word, _, _ := strings.Cut(strings.TrimSpace(line), " "); slices.Contains(known, word) {
			found = append(found, word)
		}
	}
	return found
}

func writeDiagnosis(env *Env, d adopt.Diagnosis) {
	s := styleFor(env, env.Stdout)
	fmt.Fprintf(env.Stdout, "%s\n", s.bold(fmt.Sprintf("phase %d: %s", d.Phase, d.PhaseText)))
	for _, item := range d.Items {
		for i, line := range wrap(item.Text, textWidth-24) {
			head := "  " + item.Mark + " " + pad(item.Name, 18)
			if i > 0 {
				head = pad("", 22)
			}
			fmt.Fprintf(env.Stdout, "%s %s\n", head, line)
		}
	}
	if d.Next != "" {
		fmt.Fprintf(env.Stdout, "\nNext: %s\n", d.Next)
	}
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
