package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/persona"
)

func agentCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "List, describe and examine the agents of this repository",
		Long: `An agent is described by .adamant/agents/NAME.yaml: its role, how far it is trusted, what runs it, what it may
touch and spend. A repository without such files has a coder and a reviewer. What counts is what stands on
the branch that changes land on.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(agentList(env), agentShow(env), agentNew(env), agentDoctor(env))
	return cmd
}

// roster is what a commit says about agents.
type roster struct {
	repo     *git.Repo
	at       string // the revision, as people know it
	worktree bool   // nothing of it needs to be committed
	personas *persona.Set
	config   manifest.Repository
}

// openRoster reads the agents of a revision: the branch that changes land on, where none is named. The caller closes its repo.
func openRoster(ctx context.Context, env *Env, dir, at string) (*roster, error) {
	repo, err := openRepo(ctx, env, dir)
	if err != nil {
		return nil, err
	}
	r := &roster{repo: repo, at: at}
	if err := r.read(ctx); err != nil {
		_ = repo.Close() // the first error is told
		return nil, err
	}
	return r, nil
}

func (r *roster) read(ctx context.Context) error {
	if r.at == "" {
		branch, _, err := r.repo.Branches(ctx)
		if err != nil {
			return usage(fmt.Errorf("finding the branch that changes land on: %w; name it with --at", err))
		}
		r.at = branch
	}
	tip, err := r.repo.Resolve(ctx, r.at)
	if err != nil {
		return usage(fmt.Errorf("--at: %w", err))
	}
	return r.govern(ctx, tip)
}

func (r *roster) govern(ctx context.Context, tip git.OID) error {
	_, governance, err := judge.GovernanceAt(ctx, r.repo, tip)
	if err != nil {
		return judgeError(err)
	}
	r.personas, r.config = governance.Personas, governance.Config
	return nil
}

type agentFlags struct {
	repo, at string
	json     bool
}

func (f *agentFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.repo, "repo", "", "repository (default: where you are)")
	cmd.Flags().StringVar(&f.at, "at", "", "revision (default: the branch that changes land on)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print as JSON")
}

func agentList(env *Env) *cobra.Command {
	var f agentFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the agents",
		Long:  "Exit status: 0 all can be read, 1 a file cannot, 2 usage or configuration.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := openRoster(cmd.Context(), env, f.repo, f.at)
			if err != nil {
				return err
			}
			defer r.repo.Close()
			return r.list(env, f.json)
		},
	}
	f.register(cmd)
	return cmd
}

// agentsListed is the answer of agent list --json.
type agentsListed struct {
	At       string                `json:"at"`
	Declared bool                  `json:"declared"`
	Agents   []persona.Persona     `json:"agents"`
	Problems []manifest.Diagnostic `json:"problems"`
}

func (r *roster) list(env *Env, asJSON bool) error {
	agents := r.personas.List()
	if asJSON {
		answer := agentsListed{At: r.at, Declared: r.personas.Declared, Agents: append([]persona.Persona{}, agents...), Problems: append([]manifest.Diagnostic{}, r.personas.Problems...)}
		if err := writeJSON(env.Stdout, answer); err != nil {
			return err
		}
	} else {
		r.print(env.Stdout, agents)
	}
	if len(r.personas.Problems) > 0 {
		return exit(ExitDeny)
	}
	return nil
}

func (r *roster) print(w io.Writer, agents []persona.Persona) {
	fmt.Fprintf(w, "%-16s %-11s %-12s %-8s %-24s %14s  %s\n", "AGENT", "ROLE", "TIER", "RUNNER", "MODEL", "A TASK / A DAY", "MAY WRITE")
	for _, p := range agents {
		may := p.Permissions(r.config.Spec.Agents)
		fmt.Fprintf(w, "%-16s %-11s %-12s %-8s %-24s %14s  %s\n", clip(p.Name, 16), p.Role, p.Tier, p.Runner, clip(firstModel(p), 24),
			money(p.Budget.TaskNano)+" / "+money(p.Budget.DayNano), clip(mayWrite(may), 24))
	}
	if !r.personas.Declared {
		fmt.Fprintf(w, "\nThese two are built in: %s describes none. To describe your own: adamant agent new NAME\n", r.at)
	}
	for _, d := range r.personas.Problems {
		fmt.Fprintf(w, "%s\n", printable(d.Error()))
	}
}

func firstModel(p persona.Persona) string {
	switch len(p.Models) {
	case 0:
		return "the gateway's"
	case 1:
		return p.Models[0].Name
	}
	return fmt.Sprintf("%s +%d", p.Models[0].Name, len(p.Models)-1)
}

func mayWrite(may persona.Permissions) string {
	switch {
	case !may.Writable:
		return "nothing"
	case len(may.Paths) == 0:
		return "all but governance"
	}
	return strings.Join(may.Paths, " ")
}

// money writes billionths of a dollar for people.
func money(nano int64) string {
	if nano%1e9 == 0 {
		return fmt.Sprintf("$%d", nano/1e9)
	}
	return fmt.Sprintf("$%d.%02d", nano/1e9, nano%1e9/1e7)
}

func agentShow(env *Env) *cobra.Command {
	var f agentFlags
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show what an agent is and all that it may do",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := openRoster(cmd.Context(), env, f.repo, f.at)
			if err != nil {
				return err
			}
			defer r.repo.Close()
			p, err := r.personas.Get(args[0])
			if err != nil {
				return usage(err)
			}
			may := p.Permissions(r.config.Spec.Agents)
			if f.json {
				return writeJSON(env.Stdout, struct {
					persona.Persona
					May persona.Permissions `json:"may"`
				}{p, may})
			}
			printAgent(env.Stdout, p, may, r.at)
			return nil
		},
	}
	f.register(cmd)
	return cmd
}

func printAgent(w io.Writer, p persona.Persona, may persona.Permissions, at string) {
	role, _ := persona.RoleNamed(p.Role)
	row := func(name string, text ...string) {
		for i, line := range text {
			if line == "" {
				continue
			}
			if i > 0 {
				name = ""
			}
			writeRow(w, name, line)
		}
	}
	fmt.Fprintf(w, "%s  %s\n\n", p.Name, cmp.Or(printable(p.Description), role.Does))
	described := "built in: " + printable(at) + " describes no agent"
	if p.Source != "" {
		described = p.Source + " on " + printable(at)
	}
	row("described", described)
	row("role", p.Role+": "+role.Does)
	row("tier", string(p.Tier)+tierMeans(p.Tier))
	row("runs", p.Runner+" "+printable(strings.Join(p.Command, " ")))
	row("models", modelLines(p)...)
	row("pushes", pushes(p, may))
	row("reads", strings.Join(may.Reads, ", "))
	row("writes", mayWrite(may), denials(may))
	row("tools", strings.Join(may.Tools, ", "))
	row("network", cmp.Or(strings.Join(may.Egress, ", "), "nothing but its model"))
	row("budget", fmt.Sprintf("%s a task, %s a day; an attempt: %d requests, %d tokens, %s", money(p.Budget.TaskNano), money(p.Budget.DayNano), p.Budget.Turns, p.Budget.Tokens, p.Budget.Wall))
	row("at a time", fmt.Sprint(p.Concurrency))
}

func writeRow(w io.Writer, name, text string) {
	fmt.Fprintf(w, "  %-11s %s\n", name, wrapped(strings.TrimRight(text, " "), 84, 14))
}

// wrapped breaks a text into lines of at most width; those behind the first are indented.
func wrapped(text string, width, indent int) string {
	return strings.Join(wrap(text, width), "\n"+strings.Repeat(" ", indent))
}

func tierMeans(t persona.Tier) string {
	switch t {
	case persona.Junior:
		return ": whatever it makes waits for you"
	case persona.Experimental:
		return ": its code counts as riskier"
	}
	return ""
}

func modelLines(p persona.Persona) []string {
	if len(p.Models) == 0 {
		return []string{"those of the gateway"}
	}
	var out []string
	for _, m := range p.Models {
		line := fmt.Sprintf("%s, family %s", printable(m.Name), m.Family)
		if m.Provider != "" {
			line += ", by " + m.Provider
		}
		if m.Silent {
			line += ", shows no reasoning"
		}
		out = append(out, line)
	}
	return out
}

func pushes(p persona.Persona, may persona.Permissions) string {
	if !may.Push {
		return "nothing"
	}
	return "refs/for/<branch>, and refs/heads/agents/" + p.Name + "/<task>"
}

func denials(may persona.Permissions) string {
	if !may.Writable {
		return ""
	}
	denied := slices.Concat(may.Denied, persona.Governed())
	return "never " + strings.Join(denied, " ")
}
