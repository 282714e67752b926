package page

import (
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/risk"
)

// changeView is a change as the page tells it.
type changeView struct {
	ID, By, Level, Target, Head string
	PatchSet                    int
	Files, Added, Deleted       int
	Critical                    bool
	Why                         []risk.Reason // those of the level itself first
	Gates                       []gate.Gate
	Holds                       []gate.Reason
	Findings                    int // of the change
	Missing                     []missingGate
	NeedsReason, Asked          bool
	Reason                      string
	Comments                    []desk.Remark
}

// missingGate is a gate that nothing answers for, and whether the statement accepts that.
type missingGate struct {
	Name     string
	Accepted bool
}

const mostReasons = 6

func newChangeView(c desk.Change, v *gate.Verdict, accepts []string) *changeView {
	a := v.Assessment
	out := &changeView{ID: c.ID[:min(len(c.ID), 16)], By: c.Author, Level: a.Level.String(), Target: a.Target, Head: a.Head[:min(len(a.Head), 12)],
		PatchSet: c.PatchSet, Files: a.Diffstat.Files, Added: a.Diffstat.Added, Deleted: a.Diffstat.Deleted, Critical: a.Level == risk.Critical,
		Gates: a.Gates, Holds: a.Holds, Findings: len(gate.ScopeOf(a).Findings), Comments: c.Comments}
	if c.Agent != "" {
		out.By = c.Agent + ", an agent"
	}
	out.Why = slices.Clone(a.Floor)
	slices.SortStableFunc(out.Why, func(a, b risk.Reason) int { return int(b.Level) - int(a.Level) })
	if len(out.Why) > mostReasons {
		out.Why = out.Why[:mostReasons]
	}
	if len(out.Why) == 0 {
		out.Why = []risk.Reason{{Level: a.Level, Message: fmt.Sprintf("scored %d of 1000", a.Score)}}
	}
	for _, g := range a.Gates {
		if g.State == gate.Unavailable {
			out.Missing = append(out.Missing, missingGate{g.Name, slices.Contains(accepts, g.Name)})
		}
		out.NeedsReason = out.NeedsReason || g.Name == "break-glass" && g.State == gate.Waiting
	}
	out.Asked = out.NeedsReason || len(out.Missing) > 0
	return out
}
