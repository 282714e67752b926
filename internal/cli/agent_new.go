package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/persona"
)

type agentNewFlags struct {
	repo, role, tier, runner string
	command                  []string
	models, paths            []string
	task, day                float64
}

func agentNew(env *Env) *cobra.Command {
	var f agentNewFlags
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Write .adamant/agents/NAME.yaml into the working tree, for you to edit",
		Long: `Write .adamant/agents/NAME.yaml. It counts once it is on the branch that changes land on; land it in a change
of its own (high risk: your approval). No agent may change it. Nothing is overwritten.

Exit status: 0 written, 2 refused.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), env, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.repo, "repo", "", "repository (default: where you are)")
	flags.StringVar(&f.role, "role", persona.Coder, "coder, reviewer, sre, red-team or risk-scorer")
	flags.StringVar(&f.tier, "tier", string(persona.Standard), "senior, standard, experimental or junior")
	flags.StringVar(&f.runner, "runner", "builtin", "builtin, claude, codex, acp, exec, script or pi")
	flags.StringSliceVar(&f.command, "command", nil, "program and arguments of an acp or exec runner, with commas between them")
	flags.StringSliceVar(&f.models, "model", nil, "model it may use, the first by default (may be given again)")
	flags.StringSliceVar(&f.paths, "path", nil, "glob it may write (default: those of spec.agents.paths; may be given again)")
	flags.Float64Var(&f.task, "task-usd", 0, "most that a task may cost, in US dollars")
	flags.Float64Var(&f.day, "day-usd", 0, "most that a day may cost, in US dollars")
	return cmd
}

func (f *agentNewFlags) run(ctx context.Context, env *Env, name string) error {
	repo, err := openRepo(ctx, env, f.repo)
	if err != nil {
		return err
	}
	defer repo.Close()
	if repo.Root() == "" {
		return usage(errors.New("a bare repository has no working tree to write into; use a clone"))
	}
	path := persona.Folder + "/" + name + ".yaml"
	text := f.text(name)
	if set := persona.Parse([]persona.File{{Path: path, Data: []byte(text)}}); len(set.Problems) > 0 {
		return usage((&persona.UnknownError{Name: name, Problems: set.Problems}))
	}
	existing, err := filepath.Glob(filepath.Join(repo.Root(), filepath.FromSlash(persona.Folder), "*.yaml"))
	if err != nil {
		return err
	}
	if err := writeAgent(filepath.Join(repo.Root(), filepath.FromSlash(path)), text); err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "wrote %s\n", path)
	if len(existing) == 0 {
		fmt.Fprintf(env.Stdout, "From the day it lands, agents that no file describes are unknown: also the built-in coder and\nreviewer. To keep one: adamant agent new coder, adamant agent new reviewer --role reviewer\n")
	}
	fmt.Fprintln(env.Stdout, "It counts once it is on the main branch. Land it first, in a change of its own (high risk: your approval).")
	return nil
}

func writeAgent(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usage(fmt.Errorf("%s is there already; edit it", path))
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// text is the file: what was asked for, and the rest as comments that say what there is.
func (f *agentNewFlags) text(name string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	budget := persona.DefaultBudget()
	line("# What agent %s is and may do. docs/personas.md; adamant agent show %s says what it comes to.", name, name)
	line("apiVersion: adamant.dev/v1\nkind: Agent\nmetadata:\n  name: %s\nspec:\n  role: %s", name, f.role)
	line("  tier: %s   # senior, standard, experimental; junior: whatever it makes waits for you", f.tier)
	line("  runner: %s", f.runner)
	yamlList(line, "command", f.command, "[gemini, --acp]")
	if len(f.models) == 0 {
		line("  # models:                   # the first by default; none: the gateway's own\n  #   - name: claude-opus-4-5")
	} else {
		line("  models:")
		for _, m := range f.models {
			line("    - name: %s", quoted(m))
		}
	}
	yamlList(line, "paths", f.paths, "[\"src/**\", \"docs/**\"]   # globs it may write; none: spec.agents.paths of adamant.yaml")
	line("  # denied: [\"src/auth/**\"]      # globs it may not write, whatever a task grants")
	line("  # egress: [\"proxy.golang.org:443\"]   # hosts its sandbox may reach; none: nothing but the model")
	amount := func(key string, asked float64, otherwise int64) {
		if asked != 0 {
			line("    %s: %v", key, asked)
		} else {
			line("    %s: %d", key, otherwise/1e9)
		}
	}
	line("  budget:")
	amount("taskUSD", f.task, budget.TaskNano)
	amount("dayUSD", f.day, max(budget.DayNano, int64(f.task*1e9)))
	line("    turns: %d       # requests to the model, of one attempt\n    wall: %s", budget.Turns, "1h")
	return b.String()
}

func yamlList(line func(string, ...any), key string, values []string, example string) {
	if len(values) == 0 {
		line("  # %s: %s", key, example)
		return
	}
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = quoted(v)
	}
	line("  %s: [%s]", key, strings.Join(words, ", "))
}

// quoted is a text in YAML that stands for nothing else.
func quoted(text string) string { return fmt.Sprintf("%q", text) }
