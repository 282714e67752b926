package advice

import (
	"context"
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/mcp"
	"github.com/adamant-os/adamant/internal/policy"
)

func (d *desk) explainRule(ctx context.Context, id string) (out mcp.Answer[mcp.Rule], err error) {
	err = d.ask(ctx, func(repo *git.Repo) error {
		g, err := d.governance(ctx, repo)
		if err != nil {
			return err
		}
		engine, err := policy.Compile(ctx, g.Policy.Modules, policy.Options{Settings: g.Config.Spec.Policy, Data: g.Policy.Data, Constraints: g.Policy.Constraints})
		if err != nil {
			return fmt.Errorf("compiling the constitution: %w", err)
		}
		rule, err := find(engine.Rules(), id)
		if err != nil {
			return err
		}
		out = mcp.Answer[mcp.Rule]{Text: ruleText(rule), Data: rule}
		return nil
	})
	return out, err
}

func find(rules []policy.Rule, id string) (mcp.Rule, error) {
	nearest, best := "", 1+len(id)/2
	for _, r := range rules {
		if r.ID == id {
			does := r.Kind
			if r.Mode != "" {
				does = r.Mode
			}
			return mcp.Rule{ID: r.ID, Title: r.Title, Does: does, Severity: r.Severity, Description: r.Description, Fix: r.Fix, Failing: r.Failing, Passing: r.Passing}, nil
		}
		if far := levenshtein.ComputeDistance(id, r.ID); far < best {
			nearest, best = r.ID, far
		}
	}
	if nearest != "" {
		return mcp.Rule{}, fmt.Errorf("the constitution has no rule %q; did you mean %s?", id, nearest)
	}
	return mcp.Rule{}, fmt.Errorf("the constitution has no rule %q; rules of built-in checks and of linters say in their findings what to do: call check", id)
}

func ruleText(r mcp.Rule) string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s (%s, %s)\n", r.Title, r.ID, r.Does)
	for _, part := range [][2]string{{"", r.Description}, {"Fix: ", r.Fix}, {"Fails: ", r.Failing}, {"Passes: ", r.Passing}} {
		if part[1] != "" {
			fmt.Fprintf(&w, "\n%s%s\n", part[0], part[1])
		}
	}
	return w.String()
}
