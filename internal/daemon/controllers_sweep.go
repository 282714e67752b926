package daemon

import (
	"context"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// swept is the body of waiver.swept: what a sweep of main found. The newest one says what stands on main now.
type swept struct {
	V          int       `json:"v"`
	Main       git.OID   `json:"main"`
	Governance string    `json:"governance"`
	At         time.Time `json:"at"`
	Next       time.Time `json:"next"` // a waiver lapses then, or a day is over
	Overdue    []overdue `json:"overdue"`
}

// overdue is something that stands on main and that nothing allows any more.
type overdue struct {
	ID      string    `json:"id"`
	Rule    string    `json:"rule"`
	Path    string    `json:"path,omitempty"`
	Message string    `json:"message"`
	Fix     string    `json:"fix,omitempty"`
	Since   time.Time `json:"since"` // when a sweep found it first
}

const sweepEvery = 24 * time.Hour

// sweep judges main's tree again by its own waivers and marks: when a waiver lapses, once a day, when main is judged by other
// rules than at the last time, and when main moved while something stood there.
func (d *Daemon) sweep(ctx context.Context) (time.Time, error) {
	main, err := d.kernel.Ref(ctx, kernel.RefMain)
	if err != nil || main == "" {
		return d.now().Add(dutyRetry), err
	}
	governance, err := d.worlds.governanceAt(ctx, d.kernel.Repo(), main)
	if err != nil {
		return time.Time{}, err
	}
	d.duties.mu.Lock()
	last := d.duties.swept
	d.duties.mu.Unlock()
	now := d.now().UTC()
	if !last.due(main, governance, now) {
		return last.Next, nil
	}
	found, worth, err := d.sweepNow(ctx, main, now)
	if err != nil {
		return time.Time{}, err
	}
	found.Governance = governance
	found.since(last)
	if worth || len(last.Overdue) > 0 { // a repository without waivers and marks has nothing to say
		if err := d.write(ctx, change.Actor, kindSwept, found); err != nil {
			return time.Time{}, err
		}
	}
	d.duties.mu.Lock()
	d.duties.swept = found
	d.duties.mu.Unlock()
	for i, item := range found.items() {
		if err := d.tell(ctx, "sweep/"+item.ID+"/"+found.Overdue[i].Since.Format(time.RFC3339), item); err != nil {
			return time.Time{}, err
		}
	}
	return found.Next, nil
}

func (s swept) due(main git.OID, governance string, now time.Time) bool {
	return s.At.IsZero() || now.Before(s.At) || !now.Before(s.Next) || governance != s.Governance || main != s.Main && len(s.Overdue) > 0
}

// sweepNow sweeps a commit. worth says that it has waivers or marks at all; without, nothing is read.
func (d *Daemon) sweepNow(ctx context.Context, main git.OID, now time.Time) (found swept, worth bool, err error) {
	found = swept{V: 1, Main: main, At: now, Next: now.Add(sweepEvery), Overdue: []overdue{}}
	side, governance, err := judge.GovernanceAt(ctx, d.kernel.Repo(), main)
	if err != nil {
		return found, false, err
	}
	marks, unread, err := facts.ReadMarks(ctx, side)
	if err != nil || len(governance.Waivers)+len(marks)+len(unread) == 0 {
		return found, false, err
	}
	repo, err := git.Open(ctx, d.kernel.Repo().GitDir())
	if err != nil {
		return found, false, err
	}
	defer repo.Close()
	s, err := judge.SweepTree(ctx, repo, judge.SweepRequest{Rev: string(main), Now: now, Places: d.config.Places, Version: d.config.Version,
		Progress: func(line string) { d.log.Debug("sweep", "progress", line) }})
	if err != nil {
		return found, false, err
	}
	for _, w := range s.Waivers {
		if w.Until != nil && w.Until.After(now) && w.Until.Before(found.Next) {
			found.Next = *w.Until
		}
	}
	for _, p := range s.Problems {
		if p.Severity == finding.Error {
			found.Overdue = append(found.Overdue, overdue{ID: shortDigest(p.Fingerprint), Rule: p.Rule, Path: p.Path, Message: p.Message, Fix: p.Fix, Since: now})
		}
	}
	return found, true, nil
}

// since takes over when the sweep before found the same things first.
func (s *swept) since(last swept) {
	for i, o := range s.Overdue {
		if at := slices.IndexFunc(last.Overdue, func(was overdue) bool { return was.ID == o.ID }); at >= 0 {
			s.Overdue[i].Since = last.Overdue[at].Since
		}
	}
}

func (s swept) items() []desk.Item {
	items := make([]desk.Item, len(s.Overdue))
	for i, o := range s.Overdue {
		items[i] = desk.Item{ID: o.ID, Title: "main is not clean: " + o.Rule, Level: "medium", Status: "swept", Since: o.Since,
			What: o.Message, Why: "it stands on main at " + s.Main.Short() + " and nothing allows it any more", Next: o.Fix}
	}
	return items
}

// takeSwept projects the newest sweep from the ledger.
func (d *Daemon) takeSwept(e ledger.Entry) (err error) {
	d.duties.swept, err = body[swept](e)
	return err
}
