package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/rules"
	"github.com/adamant-os/adamant/internal/graph/rules/architecture"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/manifest"
)

type graphCheckFlags struct {
	base, rev, config, format string
	asJSON, bare, agent       bool
}

func graphCheck(env *Env) *cobra.Command {
	var f graphCheckFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Judge the dependencies by the repository's rules",
		Long: `Judge the dependencies of --rev by .adamant/architecture.yaml and .dependency-cruiser.json (or .jsonc), or by --config.
An error is exit 1.

With --base only what is new counts: violations that the commit where --rev and --base parted has not, whatever lines moved
and files were renamed since. Rules are then read at that commit, never from the change. --agent judges the change as an
agent's: components that did not need each other before, tests that cross components, new hubs.

--bare takes packages of npm as not installed, as dependency-cruiser does in a clone without node_modules.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.asJSON {
				f.format = "json"
			}
			if f.agent && f.base == "" {
				return usage(errors.New("--agent needs --base: it compares"))
			}
			return checkGraph(cmd.Context(), env, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.base, "base", "", "count only what is new since this commit")
	flags.StringVar(&f.rev, "rev", "HEAD", "commit to judge")
	flags.StringVar(&f.config, "config", "", "file with the rules, instead of the repository's")
	flags.StringVar(&f.format, "format", "text", "text, json or sarif")
	flags.BoolVar(&f.asJSON, "json", false, "print one JSON document")
	flags.BoolVar(&f.bare, "bare", false, "take packages outside the repository as not installed")
	flags.BoolVar(&f.agent, "agent", false, "judge the change as an agent's")
	return cmd
}

// graphReport is what graph check prints.
type graphReport struct {
	Rules    []string          `json:"rules"` // files
	Files    int               `json:"files"`
	Edges    int               `json:"edges"`
	New      []rules.Violation `json:"violations"` // with --base the new ones
	Fixed    []rules.Violation `json:"fixed,omitempty"`
	Moved    []rules.Violation `json:"moved,omitempty"`
	Old      int               `json:"unchanged"`
	Cycles   []rules.Growth    `json:"cycles,omitempty"` // that the change made or let grow
	Problems []rules.Problem   `json:"problems,omitempty"`
	Notes    []string          `json:"notes,omitempty"`
	findings []finding.Finding // of New and Problems
}

func checkGraph(ctx context.Context, env *Env, f graphCheckFlags) error {
	printers := map[string]func(io.Writer, *graphReport) error{"text": graphText, "json": graphJSON, "sarif": graphSARIF}
	if printers[f.format] == nil {
		return usage(fmt.Errorf("--format %q: want text, json or sarif", f.format))
	}
	repo, err := git.Open(ctx, env.Dir)
	if err != nil {
		return usage(err)
	}
	defer repo.Close()
	report, err := judgeGraph(ctx, env, repo, f)
	if err != nil {
		return err
	}
	if err := printers[f.format](env.Stdout, report); err != nil {
		return err
	}
	if report.fails() {
		return exit(ExitDeny)
	}
	return nil
}

func (r *graphReport) fails() bool {
	for _, v := range r.New {
		if v.Severity == finding.Error {
			return true
		}
	}
	for _, p := range r.Problems {
		if p.Fatal {
			return true
		}
	}
	return false
}

func judgeGraph(ctx context.Context, env *Env, repo *git.Repo, f graphCheckFlags) (*graphReport, error) {
	rev, err := repo.Resolve(ctx, f.rev)
	if err != nil {
		return nil, usage(err)
	}
	start := rev
	if f.base != "" {
		if start, err = parting(ctx, repo, f.base, rev); err != nil {
			return nil, usage(err)
		}
	}
	base, err := readGraphSide(ctx, env, repo, start)
	if err != nil {
		return nil, err
	}
	loaded, err := base.rules(ctx, env.Dir, f)
	if err != nil {
		return nil, err
	}
	if f.base == "" {
		return judgeOne(ctx, loaded, base, f.bare)
	}
	head, err := readGraphSide(ctx, env, repo, rev)
	if err != nil {
		return nil, err
	}
	return judgeBoth(ctx, repo, loaded, base, head, f)
}

// parting is the commit at which two histories parted.
func parting(ctx context.Context, repo *git.Repo, base string, rev git.OID) (git.OID, error) {
	at, err := repo.Resolve(ctx, base)
	if err != nil {
		return "", err
	}
	found, err := repo.MergeBases(ctx, at, rev)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%s and %s have no common history here; fetch it", base, rev.Short())
	}
	return found[0], nil
}

// graphSide is one commit with its graph.
type graphSide struct {
	architecture.Side
	files    *facts.Side
	snapshot *graph.Snapshot
}

func readGraphSide(ctx context.Context, env *Env, repo *git.Repo, commit git.OID) (*graphSide, error) {
	side, governance, err := judge.GraphGovernanceAt(ctx, repo, commit)
	if err != nil {
		return nil, judgeError(err)
	}
	warn := func(text string) { fmt.Fprintln(env.Stderr, printable(text)) }
	s, err := judge.GraphOf(ctx, repo, side, governance.Attributes, places(env), warn)
	if err != nil {
		return nil, err
	}
	warnUnread(env.Stderr, s)
	return &graphSide{Side: architecture.Side{Graph: s.Graph, Links: s.Links, Tree: judge.GraphTree(governance, s), Catalog: governance.Catalog}, files: side, snapshot: s}, nil
}

// rules reads the rules of the commit, or those of a file that is named from a folder.
func (s *graphSide) rules(ctx context.Context, dir string, f graphCheckFlags) (*architecture.Rules, error) {
	read, only := func(p string) ([]byte, error) {
		if _, ok := s.files.Entry(p); !ok {
			return nil, nil
		}
		return s.files.Read(ctx, p)
	}, []string(nil)
	if f.config != "" {
		read = func(p string) ([]byte, error) {
			if p = filepath.FromSlash(p); !filepath.IsAbs(p) {
				p = filepath.Join(dir, p)
			}
			return os.ReadFile(p)
		}
		only = []string{filepath.ToSlash(f.config)}
	}
	loaded, problems := architecture.Load(read, s.Tree, only...)
	if err := manifest.Join(problems); err != nil {
		return nil, usage(err)
	}
	if len(loaded.Files) == 0 && !f.agent {
		return nil, usage(fmt.Errorf("there are no rules: write %s (docs/formats/architecture.md) or .dependency-cruiser.json, or name a file with --config", architecture.File))
	}
	return loaded, nil
}

func judgeOne(ctx context.Context, loaded *architecture.Rules, s *graphSide, bare bool) (*graphReport, error) {
	j, err := loaded.Judge(ctx, s.Side, bare)
	if err != nil {
		return nil, usage(err)
	}
	return newReport(loaded, s, j.Violations, j.Problems), nil
}

func judgeBoth(ctx context.Context, repo *git.Repo, loaded *architecture.Rules, base, head *graphSide, f graphCheckFlags) (*graphReport, error) {
	renames, err := renamesOf(ctx, repo, base.files.Tree(), head.files.Tree())
	if err != nil {
		return nil, err
	}
	before, err := loaded.Judge(ctx, base.Side, f.bare)
	if err != nil {
		return nil, usage(err)
	}
	after, err := loaded.Judge(ctx, head.Side, f.bare)
	if err != nil {
		return nil, usage(err)
	}
	drift := rules.Compare(before.Violations, after.Violations, renames)
	fresh := drift.New
	if f.agent {
		fresh = append(fresh, loaded.Boundaries(base.Side, head.Side, renames)...)
	}
	out := newReport(loaded, head, fresh, after.Problems)
	out.Fixed, out.Moved, out.Old = drift.Fixed, drift.Moved, len(after.Violations)-len(drift.New)
	out.Cycles, err = rules.Grown(base.Graph, head.Graph, renames)
	return out, err
}

func renamesOf(ctx context.Context, repo *git.Repo, from, to git.OID) (map[string]string, error) {
	changes, err := repo.Diff(ctx, from, to, git.DiffOptions{})
	if err != nil {
		return nil, fmt.Errorf("comparing the trees: %w", err)
	}
	out := map[string]string{}
	for _, c := range changes {
		if c.OldPath != "" {
			out[c.OldPath] = c.Path
		}
	}
	return out, nil
}

func newReport(loaded *architecture.Rules, s *graphSide, violations []rules.Violation, problems []rules.Problem) *graphReport {
	r := &graphReport{Rules: loaded.Files, Edges: len(s.Graph.Edges()), New: violations, Problems: problems}
	for id := range graph.ID(s.Graph.Len()) {
		if s.Graph.Node(id).Kind == graph.File {
			r.Files++
		}
	}
	for _, set := range loaded.Sets {
		r.Notes = append(r.Notes, set.Notes...)
	}
	for i := range violations {
		r.findings = append(r.findings, architecture.Finding(&violations[i], ""))
	}
	if r.New == nil {
		r.New = []rules.Violation{}
	}
	return r
}

func graphJSON(w io.Writer, r *graphReport) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

func graphSARIF(w io.Writer, r *graphReport) error {
	return finding.WriteSARIF(w, finding.Run{Tool: "adamant", Version: version(), Findings: r.findings, Anchor: "README.md"})
}
