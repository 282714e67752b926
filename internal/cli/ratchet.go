package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/ratchet"
)

func ratchetCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ratchet",
		Short: "Keep old violations from growing, and let them shrink",
		Long: `A rule that is switched to ratchet in .adamant/adamant.yaml lets a change pass as long as no component (or folder)
has more violations than its mark, nor the repository as a whole. What was there before stops nobody. Marks lie in
.adamant/ratchets/<rule>.json, sink when a change lands, and rise only by the operator's ratchet seed.
docs/ratchet.md says how to live with it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(ratchetList(env), ratchetShow(env), ratchetSeed(env), ratchetExplain(env), ratchetSqueeze(env), ratchetMerge(env))
	return cmd
}

// ratchetFlags say which commit is counted.
type ratchetFlags struct {
	repo, rev string
	evidence  []string
	json      bool
}

func (f *ratchetFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.repo, "repo", "", "repository (default: where you are)")
	flags.StringVar(&f.rev, "rev", "HEAD", "commit whose tree is counted")
	flags.StringArrayVar(&f.evidence, "evidence", nil, "reports of linters about this commit, such as sarif=F or golangci-lint=F; repeatable")
	flags.BoolVar(&f.json, "json", false, "print JSON")
}

// counting is one count of a commit, and where its marks came from.
type counting struct {
	*judge.Measurement
	repo    *git.Repo
	commit  git.OID
	history map[string][]judge.MarkPoint
}

// openCounting counts. Rules are ids or prefixes; none means those that are ratcheted. The caller closes repo.
func openCounting(ctx context.Context, env *Env, f ratchetFlags, rules []string) (*counting, error) {
	repo, err := openRepo(ctx, env, f.repo)
	if err != nil {
		return nil, err
	}
	c := &counting{repo: repo}
	if c.commit, err = repo.Resolve(ctx, f.rev); err == nil {
		if len(rules) == 0 {
			rules = nil
		}
		c.Measurement, err = judge.Measure(ctx, repo, c.commit, judge.MeasureOptions{Rules: rules, Evidence: f.evidence, Now: env.Now().UTC(),
			Places: places(env), Version: Version, Warn: progressTo(env, false)})
	}
	if err == nil {
		c.history, err = judge.MarkHistory(ctx, repo, c.commit)
	}
	if err != nil {
		return nil, errors.Join(judgeError(err), repo.Close())
	}
	return c, nil
}

// scopeRow is one scope of one rule.
type scopeRow struct {
	Scope string `json:"scope"` // "" = all
	Now   int    `json:"now"`   // -1 = not counted
	Mark  int    `json:"mark"`  // -1 = no mark
	Trend []int  `json:"trend"` // of the mark, oldest first
	Since string `json:"since"` // when the mark last changed, RFC 3339
}

// ruleRow is one rule with its scopes.
type ruleRow struct {
	Rule    string     `json:"rule"`
	Mode    string     `json:"mode"` // its switch in adamant.yaml; empty when it has none
	Counted bool       `json:"counted"`
	Rebased bool       `json:"rebased"` // the mark counts another version of the rule
	Reason  string     `json:"reason,omitempty"`
	Total   scopeRow   `json:"total"`
	Scopes  []scopeRow `json:"scopes"`
}

// rows describes every rule that has a mark or a finding, or is switched by its own id.
func (c *counting) rows() []ruleRow {
	ids := c.Ids()
	for _, rule := range c.Rules {
		if !strings.HasSuffix(rule, "*") && !slices.Contains(ids, rule) {
			ids = append(ids, rule)
		}
	}
	slices.Sort(ids)
	out := []ruleRow{}
	for _, rule := range ids {
		out = append(out, c.row(rule))
	}
	return out
}

func (c *counting) mark(rule string) *ratchet.Mark {
	for i := range c.Marks {
		if c.Marks[i].Rule == rule {
			return &c.Marks[i]
		}
	}
	return nil
}

func (c *counting) row(rule string) ruleRow {
	now, mark := c.Mark(rule), c.mark(rule)
	row := ruleRow{Rule: rule, Mode: c.Governance.Config.Spec.Policy.Mode(rule), Counted: c.Knows(rule), Scopes: []scopeRow{},
		Total: scopeRow{Now: now.Total(), Mark: ratchet.Unknown}}
	scopes := map[string]bool{}
	for scope := range now.Scopes {
		scopes[scope] = true
	}
	if mark != nil {
		row.Rebased, row.Reason, row.Total.Mark = mark.Version != now.Version, mark.Reason, mark.Total()
		for scope := range mark.Scopes {
			scopes[scope] = true
		}
	}
	row.Total.Trend, row.Total.Since = c.trend(rule, ratchet.Mark.Total)
	for _, scope := range sortedNames(scopes) {
		one := scopeRow{Scope: scope, Now: now.Count(scope), Mark: ratchet.Unknown}
		if mark != nil {
			one.Mark = mark.Count(scope)
		}
		one.Trend, one.Since = c.trend(rule, func(m ratchet.Mark) int { return m.Count(scope) })
		row.Scopes = append(row.Scopes, one)
	}
	if !row.Counted {
		row.Total.Now = ratchet.Unknown
		for i := range row.Scopes {
			row.Scopes[i].Now = ratchet.Unknown
		}
	}
	return row
}

func sortedNames(set map[string]bool) []string {
	var out []string
	for name := range set {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// trend is how a count of the mark developed, and when it last changed.
func (c *counting) trend(rule string, of func(ratchet.Mark) int) (trend []int, since string) {
	trend = []int{}
	for _, p := range c.history[rule] {
		n := of(p.Mark)
		if len(trend) == 0 || trend[len(trend)-1] != n {
			since = p.Time.Format("2006-01-02T15:04:05Z")
			trend = append(trend, n)
		}
	}
	return trend, since
}

func ratchetList(env *Env) *cobra.Command {
	var f ratchetFlags
	cmd := &cobra.Command{
		Use:   "list [RULE...]",
		Short: "List counts, marks and how they developed",
		Long: `Count the ratcheted rules on a commit's tree and compare with its marks. RULE is an id, or a prefix ending in *.

Without a report (--evidence) the rules of linters cannot be counted; their marks are shown alone.

Exit status: 0, 1 when a mark cannot be read, 2 usage or configuration, 4 internal error.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := openCounting(cmd.Context(), env, f, args)
			if err != nil {
				return err
			}
			defer c.repo.Close()
			return listRatchets(env, c, f.json)
		},
	}
	f.add(cmd)
	return cmd
}

func listRatchets(env *Env, c *counting, asJSON bool) error {
	rows := c.rows()
	squeeze := c.squeeze(3)
	if asJSON {
		unread := c.Unread
		if unread == nil {
			unread = []facts.MarkProblem{}
		}
		err := writeJSON(env.Stdout, struct {
			Commit  string              `json:"commit"`
			Rules   []ruleRow           `json:"rules"`
			Squeeze []squeezeRow        `json:"squeeze"`
			Unread  []facts.MarkProblem `json:"unread"`
		}{string(c.commit), rows, squeeze, unread})
		if err != nil {
			return err
		}
	} else {
		listText(env, c, rows, squeeze)
	}
	if len(c.Unread) > 0 {
		return exit(ExitDeny)
	}
	return nil
}

func listText(env *Env, c *counting, rows []ruleRow, squeeze []squeezeRow) {
	s := styleFor(env, env.Stdout)
	for _, p := range c.Unread {
		fmt.Fprintf(env.Stdout, "%s:%d:%d: %s: %s\n", printable(p.Path), p.Line, p.Column, s.red("unreadable"), printable(p.Message))
	}
	if len(rows) == 0 {
		fmt.Fprintln(env.Stdout, "Nothing is ratcheted. Switch a rule in .adamant/adamant.yaml (spec.policy.rules: {RULE: ratchet}).")
		return
	}
	fmt.Fprintln(env.Stdout, s.bold(fmt.Sprintf("%s %5s %5s  %s", pad("RULE AND SCOPE", 52), "NOW", "MARK", "TREND OF THE MARK")))
	for _, row := range rows {
		listRow(env, s, row.Rule, row.Total, ruleNote(row))
		for _, scope := range row.Scopes {
			listRow(env, s, "  "+scope.Scope, scope, "")
		}
	}
	for i, q := range squeeze {
		if i == 0 {
			fmt.Fprintf(env.Stdout, "\n%s\n", s.bold("Squeeze next (adamant ratchet squeeze writes the tasks)"))
		}
		fmt.Fprintf(env.Stdout, "  %s\n", clip(fmt.Sprintf("%s in %s: %d left", q.Rule, q.Scope, q.Count), textWidth-2))
	}
}

// ruleNote says what is special about a rule.
func ruleNote(row ruleRow) string {
	switch {
	case !row.Counted:
		return "not counted: give its report (--evidence)"
	case row.Rebased:
		return "the mark counts another version of the rule"
	case row.Total.Mark == ratchet.Unknown:
		return "no mark: what base has counts"
	case row.Mode != "ratchet":
		return "has a mark, is not switched to ratchet"
	}
	return ""
}

func listRow(env *Env, s style, name string, row scopeRow, note string) {
	number := func(n int) string {
		if n == ratchet.Unknown {
			return "-"
		}
		return fmt.Sprint(n)
	}
	now := fmt.Sprintf("%5s", number(row.Now))
	if row.Mark != ratchet.Unknown && row.Now > row.Mark {
		now = s.red(now)
		note = strings.TrimSpace("above its mark  " + note)
	}
	line := fmt.Sprintf("%s %s %5s  %s", pad(clip(name, 52), 52), now, number(row.Mark), sparkline(row.Trend))
	if note != "" {
		line = strings.TrimRight(line, " ") + "  " + s.dim(note)
	}
	fmt.Fprintln(env.Stdout, strings.TrimRight(line, " "))
}

// writeRatchet says of a verdict where a change would leave more than the mark, and where it lowers one.
func writeRatchet(w io.Writer, a *gate.Assessment, s style) {
	lines := 0
	line := func(format string, args ...any) {
		if lines++; lines == 1 {
			fmt.Fprintf(w, "\n%s\n", s.bold("Ratchet"))
		}
		fmt.Fprintf(w, "  %s\n", clip(fmt.Sprintf(format, args...), textWidth-2))
	}
	for _, row := range a.Ratchet {
		narrower := func(r ratchet.Standing) bool { return r.Rule == row.Rule && r.Scope != ratchet.Total && r.Over }
		if !row.Over || row.Scope == ratchet.Total && slices.ContainsFunc(a.Ratchet, narrower) {
			continue
		}
		grown := row.New - row.Gone
		allowed := "its base has none to spare"
		if row.Mark != ratchet.Unknown {
			allowed = fmt.Sprintf("its mark is %d", row.Mark)
		}
		line("%s in %s: %d more than before, and %s", row.Rule, cmp.Or(row.Scope, "all folders"), grown, allowed)
	}
	for _, m := range a.Marks {
		line("%s: the mark after landing is %d", m.Rule, m.Total())
	}
}

// sparkline draws the last counts, from nothing to the highest.
func sparkline(trend []int) string {
	const most = 16
	bars := []rune("▁▂▃▄▅▆▇█")
	if len(trend) > most {
		trend = trend[len(trend)-most:]
	}
	if len(trend) == 0 {
		return ""
	}
	top := max(slices.Max(trend), 1)
	var b strings.Builder
	for _, n := range trend {
		b.WriteRune(bars[n*(len(bars)-1)/top])
	}
	return b.String()
}
