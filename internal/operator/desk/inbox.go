package desk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/risk"
)

// Sort puts what is riskiest first, and of two as risky what has waited longer.
func (in *Inbox) Sort() {
	rank := func(i Item) risk.Level {
		level, err := risk.ParseLevel(i.Level)
		if err != nil {
			return risk.Critical // what nobody can rate comes first
		}
		return level
	}
	slices.SortStableFunc(in.Items, func(a, b Item) int {
		return cmp.Or(-cmp.Compare(rank(a), rank(b)), a.Since.Compare(b.Since), cmp.Compare(a.Change, b.Change))
	})
}

// ItemOf is what a verdict asks of the operator about a change; false when it asks nothing that they can answer. Since and
// status are the caller's to fill in.
func ItemOf(c Change, v *gate.Verdict) (Item, bool) {
	a := v.Assessment
	draft := gate.Draft(v, nil)
	missing := unavailable(v)
	if v.Decision != gate.Hold || len(draft.Answers)+len(draft.Clears)+len(missing) == 0 {
		return Item{}, false
	}
	i := Item{Change: c.ID, Title: c.Title, Level: a.Level.String(), Status: c.Status, Agent: c.Agent}
	i.What = fmt.Sprintf("%s, %d files, +%d -%d, onto %s", i.Level, a.Diffstat.Files, a.Diffstat.Added, a.Diffstat.Deleted, a.Target)
	i.Why = whyOf(v)
	i.Next = "adamant approve " + short(c.ID)
	switch {
	case slices.Contains(draft.Answers, "break-glass"):
		i.Next = "adamant break-glass " + short(c.ID) + " --reason TEXT"
	case len(missing) > 0:
		i.Next = "adamant accept-unavailable " + short(c.ID) + " " + strings.Join(missing, " ") + " --reason TEXT"
	}
	return i, true
}

// whyOf is the worst thing that the level rests on, or the first reason to hold.
func whyOf(v *gate.Verdict) string {
	for _, r := range v.Assessment.Floor {
		if r.Level == v.Assessment.Level {
			return r.Message + place(r.Path, r.Line)
		}
	}
	for _, r := range v.Reasons {
		return r.Subject + ": " + r.Message + place(r.Path, r.Line)
	}
	return "scored " + fmt.Sprint(v.Assessment.Score)
}

func place(path string, line int) string {
	switch {
	case path == "":
		return ""
	case line == 0:
		return " (" + path + ")"
	}
	return fmt.Sprintf(" (%s:%d)", path, line)
}

// unavailable are the gates that hold because nothing is there to answer for them.
func unavailable(v *gate.Verdict) []string {
	var out []string
	for _, r := range v.Reasons {
		if r.Code == "gate-"+gate.Unavailable {
			out = append(out, r.Subject)
		}
	}
	return out
}

func short(id string) string { return id[:min(len(id), 16)] }
