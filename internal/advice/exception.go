package advice

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/mcp"
	"github.com/adamant-os/adamant/internal/waiver"
)

const (
	defaultDays = 30
	operator    = "operator"
)

// requestWaiver writes what the operator would have to grant. Nothing is kept: the agent shows it to them.
func (d *desk) requestWaiver(ctx context.Context, ask mcp.WaiverAsk) (out mcp.Answer[mcp.WaiverProposal], err error) {
	if !waiver.Waivable(ask.Rule) {
		return out, fmt.Errorf("rule %q protects the gate itself and is never waived: mend the finding", ask.Rule)
	}
	err = d.ask(ctx, func(repo *git.Repo) error {
		g, err := d.governance(ctx, repo)
		if err != nil {
			return err
		}
		proposal, err := propose(ask, g, d.Now().UTC())
		if err != nil {
			return err
		}
		out = mcp.Answer[mcp.WaiverProposal]{Text: proposalText(proposal), Data: proposal}
		return nil
	})
	return out, err
}

func propose(ask mcp.WaiverAsk, g *facts.Governance, now time.Time) (mcp.WaiverProposal, error) {
	days := cmp.Or(ask.Days, defaultDays)
	draft := waiver.Draft{Rule: ask.Rule, Resource: ask.Path, Justification: ask.Reason, Owner: operator, ApprovedBy: operator,
		Created: now.Format(time.DateOnly), Expires: now.AddDate(0, 0, days).Format(time.DateOnly)}
	var taken []string
	for _, w := range g.Waivers {
		taken = append(taken, w.ID)
	}
	draft.ID = waiver.NameFor(draft.Rule, taken)
	made, text, err := draft.Write(g.Config.Spec.Policy.WaiverDays)
	if err != nil {
		return mcp.WaiverProposal{}, fmt.Errorf("the waiver would be malformed; ask again with this mended:\n%w", err)
	}
	command := fmt.Sprintf("adamant waiver new --rule %s --resource %s --reason %s --days %d", quote(ask.Rule), quote(ask.Path), quote(ask.Reason), days)
	return mcp.WaiverProposal{Path: made.Path, Content: string(text), Command: command}, nil
}

func proposalText(p mcp.WaiverProposal) string {
	return fmt.Sprintf("Nothing is granted: the rule holds until the operator has landed this waiver, in a change of its own. Tell them why you need it, and that they would run\n\n    %s\n\nIt would write %s:\n\n%s",
		p.Command, p.Path, p.Content)
}

// quote makes one word of a POSIX shell of any text.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
