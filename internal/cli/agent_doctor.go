package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/runners"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/thought"
)

// ailment is one thing that agent doctor looked at.
type ailment struct {
	Agent string `json:"agent,omitempty"` // "" = concerns all
	What  string `json:"what"`            // agents, sandbox, runner, model, budget, file
	OK    bool   `json:"ok"`
	Says  string `json:"says"`
	Do    string `json:"do,omitempty"`
}

type agentDoctorFlags struct {
	agentFlags
	kernel string
}

func agentDoctor(env *Env) *cobra.Command {
	var f agentDoctorFlags
	cmd := &cobra.Command{
		Use:   "doctor [NAME]",
		Short: "Say whether agents can work here: sandbox, runner, model, what is left of the day's budget",
		Long: `Look at the agents and providers that the working tree describes, committed or not, and say how
they differ from main's, which agents work by. In a bare repository, or with --at, a revision is
looked at.

Exit status: 0 all is well, 1 something is missing, 2 usage or configuration.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), env, args) },
	}
	f.register(cmd)
	cmd.Flags().Lookup("at").Usage = "revision (default: the working tree)"
	cmd.Flags().StringVar(&f.kernel, "kernel", "", "the kernel's folder (default: $ADAMANT_KERNEL, else by the repository's name)")
	return cmd
}

func (f *agentDoctorFlags) run(ctx context.Context, env *Env, args []string) error {
	r, err := f.open(ctx, env)
	if err != nil {
		return err
	}
	defer r.repo.Close()
	agents := r.personas.List()
	if len(args) == 1 {
		p, err := r.personas.Get(args[0])
		if err != nil {
			return usage(err)
		}
		agents = []persona.Persona{p}
	}
	found := f.examine(ctx, env, r, agents)
	if f.json {
		err = writeJSON(env.Stdout, found)
	} else {
		printAilments(env, found)
	}
	if err != nil {
		return err
	}
	for _, a := range found {
		if !a.OK {
			return exit(ExitDeny)
		}
	}
	return nil
}

func (f *agentDoctorFlags) examine(ctx context.Context, env *Env, r *roster, agents []persona.Persona) []ailment {
	kern := f.openKernel(ctx, env)
	if kern != nil {
		defer kern.Close()
	}
	out := []ailment{r.source(ctx, kern)}
	for _, d := range r.personas.Problems {
		out = append(out, ailment{What: "file", Says: d.Error(), Do: "mend the file; adamant schema Agent says what it may hold"})
	}
	self, err := os.Executable()
	if err == nil {
		_, err = sandbox.New(ctx, sandbox.Options{Self: self})
	}
	out = append(out, verdictOf(ailment{What: "sandbox", Says: "agents can be isolated here"}, err, ""))
	registry, err := runners.Registry(self)
	if err != nil {
		return append(out, ailment{What: "runner", Says: err.Error()})
	}
	ledgers := r.repo
	if kern != nil {
		ledgers = kern
	}
	spent, spentErr := spentToday(ctx, env, ledgers)
	for _, p := range agents {
		out = append(out, runnerOf(ctx, env, registry, p), modelOf(env, r.config.Spec.Gateway, p))
		left := p.Budget.DayNano - spent[p.Name]
		budget := ailment{Agent: p.Name, What: "budget", OK: left > 0, Says: fmt.Sprintf("%s of %s are left today", money(max(left, 0)), money(p.Budget.DayNano))}
		if !budget.OK {
			budget.Do = "wait until 00:00 UTC, or raise spec.budget.dayUSD"
		}
		out = append(out, verdictOf(budget, spentErr, ""))
	}
	return out
}

// verdictOf makes a no of an error.
func verdictOf(a ailment, err error, do string) ailment {
	if a.OK = err == nil && (a.OK || a.What == "sandbox"); err != nil {
		a.Says, a.Do = err.Error(), do
	}
	return a
}

func runnerOf(ctx context.Context, env *Env, registry *agent.Registry, p persona.Persona) ailment {
	a := ailment{Agent: p.Name, What: "runner", OK: true, Says: p.Runner + " is here"}
	runner, err := registry.Runner(p.Runner)
	if err == nil && (p.Runner == "exec" || p.Runner == "acp") {
		_, err = sandbox.Lookup(p.Command[0], "", []string{"PATH=" + env.Getenv("PATH")})
	} else if installed, ok := runner.(agent.Installed); ok && err == nil {
		var found agent.Installation
		found, err = installed.Installation(ctx, p.Command)
		a.Says = fmt.Sprintf("%s %s at %s; tested with %s", p.Runner, found.Version, found.Program, strings.Join(found.Tested, ", "))
	} else if err == nil {
		err = runner.Doctor(ctx)
	}
	if err != nil {
		a.OK, a.Says, a.Do = false, err.Error(), "install it, or change spec.runner"
	}
	return a
}

// modelOf says whether a provider answers for the persona's models, and whether its key is to be had.
func modelOf(env *Env, g manifest.Gateway, p persona.Persona) ailment {
	a := ailment{Agent: p.Name, What: "model"}
	if len(g.Providers) == 0 {
		a.Says, a.Do = "no provider is configured", "name one in .adamant/adamant.yaml, spec.gateway.providers (docs/gateway.md); adamant up --script needs none"
		return a
	}
	models := p.Models
	if len(models) == 0 {
		models = []persona.Model{{Name: g.Providers[0].Models[0], Provider: g.Providers[0].Name}}
	}
	for _, m := range models {
		provider, ok := providerOf(g, m)
		if !ok {
			a.Says, a.Do = "no provider serves "+m.Name, "add it to models of one in spec.gateway.providers"
			return a
		}
		if why := keyMissing(env, provider); why != "" {
			a.Says, a.Do = why, "put it there; it is never kept in the repository"
			return a
		}
	}
	a.OK, a.Says = true, "its models have providers, and their keys are there"
	return a
}

func providerOf(g manifest.Gateway, m persona.Model) (manifest.Provider, bool) {
	for _, p := range g.Providers {
		if m.Provider != "" && m.Provider != p.Name {
			continue
		}
		for _, glob := range p.Models {
			if ok, err := path.Match(glob, m.Name); glob == m.Name || ok && err == nil {
				return p, true
			}
		}
	}
	return manifest.Provider{}, false
}

// keyMissing says where a key should be and is not. A command is not run.
func keyMissing(env *Env, p manifest.Provider) string {
	switch k := p.Key; {
	case k == nil:
		return ""
	case k.Env != "" && env.Getenv(k.Env) == "":
		return fmt.Sprintf("provider %s wants its key in $%s, which is empty", p.Name, k.Env)
	case k.File != "":
		file := k.File
		if rest, ok := strings.CutPrefix(file, "~/"); ok {
			home, err := os.UserHomeDir()
			if err != nil {
				return fmt.Sprintf("provider %s wants its key in %s, and there is no home folder", p.Name, k.File)
			}
			file = filepath.Join(home, rest)
		}
		if _, err := os.Stat(file); err != nil {
			return fmt.Sprintf("provider %s wants its key in %s: %v", p.Name, k.File, errors.Unwrap(err))
		}
	}
	return ""
}

// spentToday is what agents spent since midnight (UTC), by the ledgers of a repository.
func spentToday(ctx context.Context, env *Env, repo *git.Repo) (map[string]int64, error) {
	spent := map[string]int64{}
	now := env.Now().UTC()
	filter := ledger.Filter{Kinds: []string{thought.Kind}, Since: time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)}
	for line, err := range ledger.Read(ctx, repo, filter) {
		if err != nil {
			return spent, fmt.Errorf("what was spent cannot be read: %w", err)
		}
		e, err := thought.Parse(line.Body)
		if err != nil {
			return spent, fmt.Errorf("%s: %w", line.Place, err)
		}
		spent[e.Agent] += e.CostNano
	}
	return spent, nil
}

func printAilments(env *Env, found []ailment) {
	paint := styleFor(env, env.Stdout)
	for _, a := range found {
		mark := paint.green("ok")
		if !a.OK {
			mark = paint.red("no")
		}
		who := a.Agent
		if who == "" {
			who = "all"
		}
		fmt.Fprintf(env.Stdout, "%s  %-12s %-8s %s\n", mark, clip(who, 12), a.What, wrapped(printable(a.Says), 74, 26))
		if a.Do != "" {
			fmt.Fprintf(env.Stdout, "    do: %s\n", wrapped(a.Do, 92, 8))
		}
	}
}
