package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/manifest"
)

type affectedFlags struct {
	base, head, kind string
	runtime, asJSON  bool
	paths            []string
	depth            int
}

func affectedCommand(env *Env) *cobra.Command {
	var f affectedFlags
	cmd := &cobra.Command{
		Use:   "affected --base REV",
		Short: "Say what a change can break, and why",
		Long: `Say what the change from --base to --head can break: every file that needs a changed file, directly or not, nearest first,
with the way it does. Packages whose version changed in a lock file count for those who import them.

--kind file lists files, package what a language imports as one, component the entities of the catalog, test the tests,
check the declared checks that have to run. --runtime leaves out what only types depend on. A file that computes its
imports when it runs may need anything: such files are counted, and --json names them.

--kind cone lists folders for git sparse-checkout set --cone --stdin: those of what the change touches, or of each --path
(a file, a folder or a component), of what needs them within --depth steps, and of everything that all of these need. With
--path no base is looked at.

A base that is not there is an error (exit 2), never "everything" and never "nothing".`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return affected(cmd.Context(), env, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.base, "base", "", "commit the change started from (default: the branch that changes land on)")
	flags.StringVar(&f.head, "head", "HEAD", "commit to look at")
	flags.StringVar(&f.kind, "kind", "file", "file, package, component, test, check or cone")
	flags.StringArrayVar(&f.paths, "path", nil, "with --kind cone: a file, folder or component to work on; may be repeated")
	flags.IntVar(&f.depth, "depth", 1, "with --kind cone: how many steps back to follow what needs it; -1 all")
	flags.BoolVar(&f.runtime, "runtime", false, "leave out what only types depend on")
	flags.BoolVar(&f.asJSON, "json", false, "print one JSON document")
	return cmd
}

// affectedRow is one thing that is affected.
type affectedRow struct {
	Name  string   `json:"name"`
	Depth int32    `json:"depth"`
	Why   []string `json:"why"`
}

func affected(ctx context.Context, env *Env, f affectedFlags) error {
	if !slices.Contains([]string{"file", "package", "component", "test", "check", "cone"}, f.kind) {
		return usage(fmt.Errorf("--kind %q: want file, package, component, test, check or cone", f.kind))
	}
	if len(f.paths) > 0 && f.kind != "cone" {
		return usage(errors.New("--path goes with --kind cone"))
	}
	repo, err := git.Open(ctx, env.Dir)
	if err != nil {
		return usage(err)
	}
	defer repo.Close()
	if f.kind == "cone" {
		return affectedCone(ctx, env, repo, f)
	}
	base, head, err := ends(ctx, repo, f)
	if err != nil {
		return err
	}
	warn := func(text string) { fmt.Fprintln(env.Stderr, printable(text)) }
	impact, err := judge.ImpactOf(ctx, repo, base, head, f.runtime, places(env), warn)
	if err != nil {
		return usageOr(err)
	}
	warnUnread(env.Stderr, impact.Snapshot)
	governance := impact.Governance
	if f.kind == "check" { // those that nobody declared are detected
		if _, governance, err = judge.GovernanceAt(ctx, repo, impact.Base); err != nil {
			return usageOr(err)
		}
	}
	rows := affectedRows(impact, f.kind, governance.Catalog, governance.Config.Spec.Checks)
	return printAffected(env, f, impact, rows)
}

// usageOr marks what the caller can mend.
func usageOr(err error) error {
	var mine *judge.UsageError
	var missing *git.MissingError
	var config *facts.ConfigError
	if errors.As(err, &mine) || errors.As(err, &missing) || errors.As(err, &config) {
		return usage(err)
	}
	return err
}

func ends(ctx context.Context, repo *git.Repo, f affectedFlags) (base, head git.OID, err error) {
	if f.base == "" {
		if f.base, err = repo.DefaultBranch(ctx); err != nil {
			return "", "", usage(fmt.Errorf("finding the branch that changes land on: %w; name a commit with --base", err))
		}
	}
	if base, err = repo.Resolve(ctx, f.base); err != nil {
		return "", "", usage(fmt.Errorf("--base: %w", err))
	}
	if head, err = repo.Resolve(ctx, f.head); err != nil {
		return "", "", usage(fmt.Errorf("--head: %w", err))
	}
	return base, head, nil
}

// affectedRows joins the files of one package or component: the nearest one tells why.
func affectedRows(impact *judge.Impact, kind string, c *catalog.Catalog, checks []manifest.Check) []affectedRow {
	if kind == "check" {
		return affectedChecks(impact, checks)
	}
	p := &picture{Snapshot: impact.Snapshot, catalog: c}
	rows, seen := []affectedRow{}, map[string]bool{}
	for _, file := range impact.Files {
		name := file.Path
		switch kind {
		case "test":
			if !file.Test {
				continue
			}
		case "package":
			name = p.PackageOf(&graph.Node{Name: file.Path})
		case "component":
			name = p.componentOf(&graph.Node{Name: file.Path})
		}
		if name != "" && !seen[name] {
			seen[name] = true
			rows = append(rows, affectedRow{Name: name, Depth: file.Depth, Why: file.Why})
		}
	}
	return rows
}

// affectedChecks lists the checks one of whose inputs is affected. A check without inputs depends on the whole tree.
func affectedChecks(impact *judge.Impact, checks []manifest.Check) []affectedRow {
	rows := []affectedRow{}
	for _, check := range checks {
		set, err := manifest.NewPathSet(check.Inputs)
		if len(check.Inputs) == 0 || err != nil {
			if len(impact.Changed) > 0 {
				rows = append(rows, affectedRow{Name: check.Name, Why: []string{check.Name, "the whole tree"}})
			}
			continue
		}
		for _, file := range impact.Files {
			if set.Match(file.Path) {
				rows = append(rows, affectedRow{Name: check.Name, Depth: file.Depth, Why: append([]string{check.Name}, file.Why...)})
				break
			}
		}
	}
	return rows
}

func printAffected(env *Env, f affectedFlags, impact *judge.Impact, rows []affectedRow) error {
	if f.asJSON {
		out := json.NewEncoder(env.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(struct {
			Base     git.OID       `json:"base"`
			Head     git.OID       `json:"head"`
			Kind     string        `json:"kind"`
			Changed  []string      `json:"changed"`
			Packages []string      `json:"packages"`
			Affected []affectedRow `json:"affected"`
			Open     []string      `json:"open"`
		}{impact.Base, impact.Head, f.kind, list(impact.Changed), list(impact.Packages), rows, list(impact.Open)})
	}
	for _, row := range rows {
		fmt.Fprintf(env.Stdout, "%s\n", printable(row.Name))
		if row.Depth > 0 {
			fmt.Fprintf(env.Stdout, "    needs %s\n", printable(strings.Join(row.Why[1:], " > ")))
		}
	}
	fmt.Fprintf(env.Stderr, "%s changed, %s affected\n", plural(len(impact.Changed), "file"), plural(len(rows), f.kind))
	if n := len(impact.Open); n > 0 {
		fmt.Fprintf(env.Stderr, "%s that compute what they import may need more (--json names them)\n", plural(n, "file"))
	}
	return nil
}

// list makes an empty list of no list: readers of the JSON need not know both.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
