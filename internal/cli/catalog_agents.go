package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/agentsmd"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
)

type agentsMD struct {
	env              *Env
	all, write, add  bool
	check, json      bool
	root             *os.Root
	stale, malformed bool
}

func catalogAgents(env *Env) *cobra.Command {
	a := &agentsMD{env: env}
	cmd := &cobra.Command{
		Use:   "agents-md [COMPONENT]",
		Short: "Write an AGENTS.md for each component, from catalog, rules and commands (docs/agents-md.md)",
		Long: `Prints what coding agents read first: for the root and each folder that a component lies in, what it is, the commands
that prove a change, the rules that bind its paths and who writes what. All of it comes from the working tree.

With --write the files are written: a section between two marker lines. What stands outside of them stays. A file
that has no such lines is not touched, unless --add puts the section at its end.

Exit status: 0, 1 with --check when a section is not what would be written, 2 when something cannot be read.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case a.all && len(args) > 0:
				return usage(errors.New("either a component or --all"))
			case a.add && !a.write:
				return usage(errors.New("--add says where --write may write: give both"))
			case a.write && a.check:
				return usage(errors.New("either --write or --check"))
			}
			return a.run(cmd.Context(), args)
		},
	}
	cmd.Flags().BoolVar(&a.all, "all", false, "the root and every component (as without COMPONENT)")
	cmd.Flags().BoolVar(&a.write, "write", false, "write the files instead of printing them")
	cmd.Flags().BoolVar(&a.add, "add", false, "with --write: add the section to files that have none")
	cmd.Flags().BoolVar(&a.check, "check", false, "write nothing; say which files --write would change")
	cmd.Flags().BoolVar(&a.json, "json", false, "print one JSON object a file: {path, state, components, text}")
	return cmd
}

func (a *agentsMD) run(ctx context.Context, args []string) error {
	repo, err := openRepo(ctx, a.env, "")
	if err != nil {
		return err
	}
	defer repo.Close()
	if repo.Root() == "" {
		return usage(errors.New("a bare repository has no files to write to"))
	}
	if a.root, err = os.OpenRoot(repo.Root()); err != nil {
		return err
	}
	defer a.root.Close()
	facts, err := agentsFacts(ctx, repo)
	if err != nil {
		return judgeError(err)
	}
	pages := agentsmd.Pages(facts)
	if len(args) > 0 {
		if pages, err = a.pagesOf(facts, pages, args[0]); err != nil {
			return err
		}
	}
	for _, p := range pages {
		if err := a.page(p); err != nil {
			return err
		}
	}
	if len(args) == 0 {
		a.leftovers(facts.Paths, pages)
	}
	switch {
	case a.malformed:
		return exit(ExitUsage)
	case a.check && a.stale:
		return exit(ExitDeny)
	}
	return nil
}

// agentsFacts reads the working tree.
func agentsFacts(ctx context.Context, repo *git.Repo) (agentsmd.Repository, error) {
	commit, err := repo.Snapshot(ctx, git.Worktree)
	if err != nil {
		return agentsmd.Repository{}, err
	}
	side, governance, err := judge.GovernanceAt(ctx, repo, commit)
	if err != nil {
		return agentsmd.Repository{}, err
	}
	return agentsmd.Read(ctx, side, governance, filepath.Base(repo.Root()))
}

// pagesOf is the page of one component.
func (a *agentsMD) pagesOf(r agentsmd.Repository, pages []agentsmd.Page, name string) ([]agentsmd.Page, error) {
	e, ok := r.Catalog.Entity(name)
	if !ok {
		return nil, &exitError{Code: ExitDeny, Err: fmt.Errorf("no entity %q; adamant catalog list shows what there is", name)}
	}
	pages = slices.DeleteFunc(pages, func(p agentsmd.Page) bool { return !slices.Contains(p.Components, e.Ref) })
	if len(pages) == 0 {
		return nil, &exitError{Code: ExitDeny, Err: fmt.Errorf("%s has no files, or is no component", e.Ref)}
	}
	return pages, nil
}

// page prints, compares or writes one file.
func (a *agentsMD) page(p agentsmd.Page) error {
	have, mode, err := a.read(p.Path)
	if err != nil {
		return a.refuse(p.Path+": ", err)
	}
	text, state, err := agentsmd.Merge(have, p, a.add)
	if err != nil {
		return a.refuse(p.Path+":", err)
	}
	a.stale = a.stale || state == agentsmd.Stale || state == agentsmd.Missing
	if a.write && !bytes.Equal(have, text) {
		if err := a.replace(p.Path, text, mode); err != nil {
			return fmt.Errorf("writing %s: %w", p.Path, err)
		}
	}
	return a.tell(p, state, string(text))
}

// refuse says what is wrong with one file and goes on with the others.
func (a *agentsMD) refuse(where string, err error) error {
	a.malformed = true
	_, err = fmt.Fprintf(a.env.Stderr, "%s%v\n", printable(where), err)
	return err
}

func (a *agentsMD) tell(p agentsmd.Page, state agentsmd.State, text string) error {
	switch {
	case a.json:
		return writeJSON(a.env.Stdout, struct {
			Path       string         `json:"path"`
			State      agentsmd.State `json:"state"`
			Components []string       `json:"components,omitempty"`
			Text       string         `json:"text"`
		}{p.Path, state, p.Components, text})
	case !a.write && !a.check:
		fmt.Fprintf(a.env.Stdout, "==> %s (%s)\n\n%s\n", printable(p.Path), state, p.Text)
	case a.write:
		fmt.Fprintf(a.env.Stdout, "%-9s %s\n", a.done(state), printable(p.Path))
	default:
		fmt.Fprintf(a.env.Stdout, "%-8s %s\n", state, printable(p.Path))
	}
	if state == agentsmd.Foreign && !a.add && (a.write || a.check) {
		fmt.Fprintf(a.env.Stderr, "%s has no section of adamant and stays as it is; --write --add adds one\n", printable(p.Path))
	}
	return nil
}

func (a *agentsMD) done(state agentsmd.State) string {
	switch {
	case state == agentsmd.Missing:
		return "wrote"
	case state == agentsmd.Stale:
		return "updated"
	case state == agentsmd.Foreign && a.add:
		return "added to"
	case state == agentsmd.Foreign:
		return "kept"
	}
	return "unchanged"
}

// leftovers names files with a section where no component is any more. They are the operator's to remove.
func (a *agentsMD) leftovers(paths []string, pages []agentsmd.Page) {
	for _, name := range paths {
		if path.Base(name) != agentsmd.File || slices.ContainsFunc(pages, func(p agentsmd.Page) bool { return p.Path == name }) {
			continue
		}
		if have, _, err := a.read(name); err == nil && agentsmd.HasSection(have) {
			a.stale = true
			fmt.Fprintf(a.env.Stderr, "%s has a section of adamant, but no component lies there; remove it\n", printable(name))
		}
	}
}

const maxAgentsMD = 1 << 20

// read is what a file holds; nil when there is none. Links are refused: what they lead to is another file's business.
func (a *agentsMD) read(name string) ([]byte, fs.FileMode, error) {
	info, err := a.root.Lstat(filepath.FromSlash(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, 0o644, nil
	case err != nil:
		return nil, 0, err
	case !info.Mode().IsRegular():
		return nil, 0, errors.New("no regular file; adamant writes through no links")
	case info.Size() > maxAgentsMD:
		return nil, 0, fmt.Errorf("larger than %d bytes", maxAgentsMD)
	}
	file, err := a.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxAgentsMD+1))
	return append([]byte{}, data...), info.Mode().Perm(), err
}

// replace writes a file whole or not at all.
func (a *agentsMD) replace(name string, text []byte, mode fs.FileMode) error {
	name = filepath.FromSlash(name)
	next := name + ".adamant-new"
	file, err := a.root.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err == nil {
		err = a.root.Rename(next, name)
	}
	if err != nil {
		return errors.Join(err, a.root.Remove(next))
	}
	return nil
}
