package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/ratchet"
)

type seedFlags struct {
	ratchetFlags
	dryRun, raise bool
	reason        string
}

func ratchetSeed(env *Env) *cobra.Command {
	var f seedFlags
	cmd := &cobra.Command{
		Use:   "seed [RULE...]",
		Short: "Write marks from what a commit's tree has (the operator's command)",
		Long: `Count violations on a commit's tree and write .adamant/ratchets/<rule>.json into the working tree. RULE is an id, or a
prefix ending in *; none means every ratcheted rule that can be counted. Rules of linters need their report (--evidence).

A mark is never raised without --raise and --reason, which is kept in the file. Commit the files on the branch that changes
land on: in a change, edited marks are held for the operator, or refused when an agent made it.

Exit status: 0 written, 1 a mark would rise, 2 usage or configuration, 4 internal error.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.raise != (strings.TrimSpace(f.reason) != "") {
				return usage(errors.New("--raise needs --reason TEXT, and --reason is for --raise"))
			}
			c, err := openCounting(cmd.Context(), env, f.ratchetFlags, args)
			if err != nil {
				return err
			}
			defer c.repo.Close()
			return seed(cmd.Context(), env, c, f, args)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show what would be written, and write nothing")
	cmd.Flags().BoolVar(&f.raise, "raise", false, "let marks rise")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why they rise")
	return cmd
}

// seedRow is what seeding does to one mark.
type seedRow struct {
	Rule   string       `json:"rule"`
	Path   string       `json:"path"`
	Action string       `json:"action"` // new, unchanged, lowered, raised, rebased, rewritten (it was unreadable), refused
	Old    int          `json:"old"`    // -1 = there was none
	New    int          `json:"new"`
	Scopes []seedScope  `json:"scopes"`
	mark   ratchet.Mark // to write
}

type seedScope struct {
	Scope string `json:"scope"`
	Old   int    `json:"old"`
	New   int    `json:"new"`
}

// seed plans every mark, shows the plan, and writes it when all of it may be written.
func seed(ctx context.Context, env *Env, c *counting, f seedFlags, asked []string) error {
	if c.repo.Bare() {
		return usage(errors.New("marks are written into a working tree, and this repository has none"))
	}
	rows, err := c.seedRows(f, asked)
	if err != nil {
		return err
	}
	refused := slices.ContainsFunc(rows, func(r seedRow) bool { return r.Action == "refused" })
	if !refused && !f.dryRun {
		if err := writeMarks(c.repo.Root(), rows); err != nil {
			return err
		}
	}
	if f.json {
		err = writeJSON(env.Stdout, struct {
			Commit  string    `json:"commit"`
			Marks   []seedRow `json:"marks"`
			Written bool      `json:"written"`
		}{string(c.commit), rows, !refused && !f.dryRun})
	} else {
		seedText(env, c, rows, f.dryRun, refused)
	}
	if err == nil && refused {
		return exit(ExitDeny)
	}
	return err
}

func (c *counting) seedRows(f seedFlags, asked []string) ([]seedRow, error) {
	rows := []seedRow{}
	for _, row := range c.rows() {
		if !row.Counted {
			if slices.Contains(asked, row.Rule) {
				return nil, notCounted(row.Rule)
			}
			continue
		}
		if _, ok := ratchet.RuleOf(ratchet.PathOf(row.Rule)); !ok {
			return nil, usage(fmt.Errorf("rule %q has no name that a file can have", row.Rule))
		}
		rows = append(rows, c.seedRow(row.Rule, f))
	}
	return rows, nil
}

// seedRow compares what is there with the mark.
func (c *counting) seedRow(rule string, f seedFlags) seedRow {
	now, old := c.Mark(rule), c.mark(rule)
	row := seedRow{Rule: rule, Path: ratchet.PathOf(rule), Old: ratchet.Unknown, New: now.Total(), Scopes: []seedScope{}, mark: now}
	unreadable := slices.ContainsFunc(c.Unread, func(p facts.MarkProblem) bool { return p.Path == row.Path })
	var before ratchet.Mark
	if old != nil {
		before, row.Old, row.mark.Reason = *old, old.Total(), old.Reason
	}
	row.Scopes = seedScopes(before, now)
	switch {
	case unreadable:
		row.Action = "rewritten"
	case old == nil:
		row.Action = "new"
	case old.Version != now.Version:
		row.Action = "rebased"
	case rises(before, now):
		row.Action = "raised"
	case row.mark.Equal(before):
		row.Action = "unchanged"
	default:
		row.Action = "lowered"
	}
	if row.Action == "raised" || row.Action == "rewritten" {
		if f.raise {
			row.mark.Reason = strings.TrimSpace(f.reason)
		} else {
			row.Action = "refused"
		}
	}
	return row
}

// rises says whether a scope, or all together, would have more than the mark. Where the catalog was redrawn, the same
// violations may lie in other scopes.
func rises(old, now ratchet.Mark) bool {
	if now.Total() > old.Total() {
		return true
	}
	grown := false
	for scope := range now.Scopes {
		grown = grown || now.Count(scope) > old.Count(scope)
	}
	return grown && flat(now).Raises(flat(old))
}

// flat puts all units into one scope.
func flat(m ratchet.Mark) ratchet.Mark {
	var out ratchet.Mark
	for _, units := range m.Scopes {
		for fingerprint, n := range units {
			out.Add("all", fingerprint, n)
		}
	}
	return out
}

func seedScopes(old, now ratchet.Mark) []seedScope {
	names := map[string]bool{}
	for scope := range old.Scopes {
		names[scope] = true
	}
	for scope := range now.Scopes {
		names[scope] = true
	}
	out := []seedScope{}
	for _, scope := range sortedNames(names) {
		out = append(out, seedScope{scope, old.Count(scope), now.Count(scope)})
	}
	return out
}

// writeMarks writes the marks below root, following no link out of it.
func writeMarks(root string, rows []seedRow) error {
	tree, err := os.OpenRoot(root)
	if err != nil {
		return fmt.Errorf("writing marks: %w", err)
	}
	defer tree.Close()
	for _, row := range rows {
		file := filepath.FromSlash(row.Path)
		if err := tree.MkdirAll(path.Dir(row.Path), 0o755); err != nil {
			return fmt.Errorf("writing mark %s: %w", row.Path, err)
		}
		if err := tree.WriteFile(file, row.mark.Encode(), 0o644); err != nil {
			return fmt.Errorf("writing mark %s: %w", row.Path, err)
		}
	}
	return nil
}

func seedText(env *Env, c *counting, rows []seedRow, dryRun, refused bool) {
	s := styleFor(env, env.Stdout)
	for _, row := range rows {
		line := fmt.Sprintf("%s %s", pad(row.Action, 9), printable(row.Path))
		if row.Action == "refused" {
			line = s.red(line)
		}
		fmt.Fprintln(env.Stdout, line)
		for _, scope := range row.Scopes {
			if scope.Old != scope.New {
				fmt.Fprintf(env.Stdout, "            %s %d -> %d\n", pad(printable(scope.Scope), 40), scope.Old, scope.New)
			}
		}
	}
	switch {
	case len(rows) == 0:
		fmt.Fprintln(env.Stdout, "No ratcheted rule can be counted here. Name one (adamant ratchet seed RULE), or give a report (--evidence).")
	case refused:
		fmt.Fprintln(env.Stdout, "Nothing was written: a mark would rise, or cannot be read. If that is meant: --raise --reason TEXT")
	case dryRun:
		fmt.Fprintf(env.Stdout, "Counted at %s; nothing was written (--dry-run).\n", c.commit.Short())
	default:
		fmt.Fprintf(env.Stdout, "Counted at %s. Commit these files on the branch that changes land on.\n", c.commit.Short())
	}
	if len(rows) > 0 && !refused {
		driverHint(env, c.repo.Root())
	}
}

// The two lines that make git merge marks by the minimum.
const (
	driverAttribute = ".adamant/ratchets/** merge=adamant-ratchet"
	driverConfig    = "git config merge.adamant-ratchet.driver 'adamant ratchet merge %O %A %B %P'"
)

// driverHint prints the lines for git, unless the repository has them.
func driverHint(env *Env, root string) {
	data, err := os.ReadFile(filepath.Join(root, ".gitattributes"))
	if err == nil && strings.Contains(string(data), "merge=adamant-ratchet") || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return
	}
	fmt.Fprintf(env.Stdout, "\nSo that git merges marks of several clones by itself:\n  echo '%s' >> .gitattributes\n  %s\n", driverAttribute, driverConfig)
}
