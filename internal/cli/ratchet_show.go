package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/ratchet"
)

func ratchetShow(env *Env) *cobra.Command {
	var f ratchetFlags
	var scope string
	cmd := &cobra.Command{
		Use:   "show RULE",
		Short: "Show every violation that a rule has, with its place",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := openCounting(cmd.Context(), env, f, args)
			if err != nil {
				return err
			}
			defer c.repo.Close()
			return showRatchet(env, c, args[0], scope, f.json)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&scope, "scope", "", "only this component or folder, as ratchet list names it")
	return cmd
}

// notCounted is the error for a rule that nothing was read about.
func notCounted(rule string) error {
	return usage(fmt.Errorf("nothing that was read says anything about %s: if a linter finds it, give its report (--evidence golangci-lint=FILE, "+
		"sarif=FILE, ...); rules about a change itself have no count", rule))
}

func showRatchet(env *Env, c *counting, pattern, scope string, asJSON bool) error {
	var found []finding.Finding
	known := strings.HasSuffix(pattern, "*")
	for _, rule := range append(c.Ids(), pattern) {
		known = known || c.Knows(rule)
	}
	if !known {
		return notCounted(pattern)
	}
	for _, rule := range c.Ids() {
		for _, one := range c.Of(rule) {
			if scope == "" || c.Governance.ScopeOf(one.Path) == scope {
				found = append(found, one)
			}
		}
	}
	if asJSON {
		if found == nil {
			found = []finding.Finding{}
		}
		return writeJSON(env.Stdout, found)
	}
	for _, one := range found {
		fmt.Fprintf(env.Stdout, "%s:%d: %s [%s]\n", printable(one.Path), one.Line, printable(one.Message), printable(one.Rule))
	}
	_, err := fmt.Fprintf(env.Stdout, "%s at %s\n", plural(len(found), "violation"), c.commit.Short())
	return err
}

func ratchetExplain(env *Env) *cobra.Command {
	var f ratchetFlags
	cmd := &cobra.Command{
		Use:   "explain RULE",
		Short: "Say what would refuse a change, and what lowers the mark",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := openCounting(cmd.Context(), env, f, args)
			if err != nil {
				return err
			}
			defer c.repo.Close()
			row := c.row(args[0])
			if f.json {
				return writeJSON(env.Stdout, struct {
					ruleRow
					Explanation []string `json:"explanation"`
				}{row, explain(c, row)})
			}
			for _, paragraph := range explain(c, row) {
				for _, line := range wrap(paragraph, textWidth) {
					fmt.Fprintln(env.Stdout, line)
				}
			}
			return nil
		},
	}
	f.add(cmd)
	return cmd
}

// explain says in words what a row means.
func explain(c *counting, row ruleRow) []string {
	out := []string{explainMode(row)}
	countable, known := c.Assessor.Countable(row.Rule)
	switch {
	case known && !countable && !row.Counted:
		return append(out, "The rule is about changes, not about a tree: it has no count, and everything it says is new. Under the ratchet it "+
			"refuses as deny does.")
	case !row.Counted:
		out = append(out, "Nothing was read that counts it: give its linter's report with --evidence. A check that runs the linter counts both "+
			"sides of a change by itself; a report of the merged tree alone is compared with the mark.")
	case row.Total.Mark == ratchet.Unknown:
		out = append(out, fmt.Sprintf("It has no mark. The tree has %d, and a change must not leave more than its base has, in any component or "+
			"folder. adamant ratchet seed %s records the mark.", row.Total.Now, row.Rule))
	case row.Rebased:
		out = append(out, "The rule was rewritten since its mark was written. Until the next landing, or ratchet seed, what base has takes the "+
			"mark's place.")
	}
	if row.Total.Mark != ratchet.Unknown && !row.Rebased && row.Counted {
		for _, s := range append([]scopeRow{row.Total}, row.Scopes...) {
			out = append(out, explainScope(s))
		}
	}
	if row.Reason != "" {
		out = append(out, "The mark was raised: "+row.Reason)
	}
	return append(out, "A change that leaves fewer lowers the mark when it lands; the gate writes that, nobody else. Moved and renamed violations "+
		"take their unit along. Only the operator raises it: adamant ratchet seed "+row.Rule+" --raise --reason TEXT.")
}

func explainMode(row ruleRow) string {
	switch row.Mode {
	case manifest.RuleRatchet:
		return row.Rule + " is switched to ratchet: new violations refuse a change only where more are left than the mark allows and than base had."
	case manifest.RuleDeny:
		return row.Rule + " is switched to deny, the strict form: any new violation refuses a change, however many others it mends."
	case manifest.RuleWarn, manifest.RuleOff:
		return row.Rule + " is switched to " + row.Mode + ": it refuses nothing."
	}
	return row.Rule + " has no switch in adamant.yaml: it does what its own severity says, and its mark refuses nothing."
}

func explainScope(s scopeRow) string {
	name := s.Scope
	if name == "" {
		name = "All together"
	}
	switch {
	case s.Now > s.Mark:
		return fmt.Sprintf("%s: %d, and the mark is %d: above it, so one more than the %d refuses, and nothing else does.", name, s.Now, s.Mark, s.Now)
	case s.Now == s.Mark:
		return fmt.Sprintf("%s: %d, which is the mark: one more refuses.", name, s.Now)
	}
	return fmt.Sprintf("%s: %d, and the mark is %d: up to %d more pass, %d refuse.", name, s.Now, s.Mark, s.Mark-s.Now, s.Mark-s.Now+1)
}

// squeezeRow is a scope worth cleaning, as a task for somebody.
type squeezeRow struct {
	Rule   string   `json:"rule"`
	Scope  string   `json:"scope"`
	Count  int      `json:"count"`
	Since  string   `json:"since"`
	Places []string `json:"places"` // path:line
	Task   string   `json:"task"`
}

func ratchetSqueeze(env *Env) *cobra.Command {
	var f ratchetFlags
	limit := 5
	cmd := &cobra.Command{
		Use:   "squeeze [RULE...]",
		Short: "Propose what to clean up next, as tasks",
		Long: `Propose what to clean up next: the scopes that are nearest to nothing, and of those the ones that have not moved for
the longest time. Each is a text that can be given to an agent as a task.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := openCounting(cmd.Context(), env, f, args)
			if err != nil {
				return err
			}
			defer c.repo.Close()
			rows := c.squeeze(limit)
			if f.json {
				return writeJSON(env.Stdout, rows)
			}
			for i, row := range rows {
				if i > 0 {
					fmt.Fprintln(env.Stdout)
				}
				fmt.Fprintln(env.Stdout, printableLines(row.Task))
			}
			if len(rows) == 0 {
				fmt.Fprintln(env.Stdout, "Nothing to squeeze: no ratcheted rule that can be counted here has a violation left.")
			}
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().IntVar(&limit, "limit", limit, "how many")
	return cmd
}

// squeeze lists the scopes nearest to nothing, the oldest first among equals.
func (c *counting) squeeze(limit int) []squeezeRow {
	out := []squeezeRow{}
	for _, row := range c.rows() {
		for _, s := range row.Scopes {
			if s.Now > 0 {
				out = append(out, squeezeRow{Rule: row.Rule, Scope: s.Scope, Count: s.Now, Since: s.Since})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b squeezeRow) int {
		return cmp.Or(cmp.Compare(a.Count, b.Count), strings.Compare(a.Since, b.Since), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Scope, b.Scope))
	})
	out = out[:min(len(out), max(limit, 0))]
	for i := range out {
		c.task(&out[i])
	}
	return out
}

// taskPlaces is how many places a task names; adamant ratchet show names all.
const taskPlaces = 20

func (c *counting) task(row *squeezeRow) {
	var b strings.Builder
	fmt.Fprintf(&b, "Mend the %s of %s in %s. None is left then, and none can come back.\n", plural(row.Count, "violation"), row.Rule, row.Scope)
	row.Places = []string{}
	for _, f := range c.Of(row.Rule) {
		if c.Governance.ScopeOf(f.Path) != row.Scope {
			continue
		}
		if len(row.Places) == taskPlaces {
			fmt.Fprintf(&b, "  and %d more: adamant ratchet show %s --scope %s\n", row.Count-taskPlaces, row.Rule, row.Scope)
			break
		}
		place := fmt.Sprintf("%s:%d", f.Path, f.Line)
		row.Places = append(row.Places, place)
		fmt.Fprintf(&b, "  %s  %s\n", place, f.Message)
	}
	b.WriteString("Change nothing else; do not silence, waive or move them. adamant check says when it is done.")
	row.Task = b.String()
}
