package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// mirrored is what this process knows of its mirror.
type mirrored struct {
	running sync.Mutex // one push at a time
	main    git.OID    // that was pushed last
	at      time.Time  // of the last try

	foreign map[string][]desk.Item // by remote: what somebody else wrote there; guarded by duties.mu
}

const mirrorIdle = time.Hour // between two pushes when nothing lands: changes and ledger go on

// mirrorDuty pushes to the configured mirror after landings, no more often than the configuration says.
func (d *Daemon) mirrorDuty(ctx context.Context) (time.Time, error) {
	s := d.settings.Load()
	if s.mirror == nil {
		d.trouble("mirror", nil)
		d.setForeign("", nil)
		return d.now().Add(sweepEvery), nil
	}
	main, err := d.kernel.Ref(ctx, kernel.RefMain)
	if err != nil {
		return time.Time{}, err
	}
	m := &d.duties.mirror
	wait := mirrorIdle
	if main != m.main {
		wait = s.every
	}
	if due := m.at.Add(wait); d.now().Before(due) && !d.now().Before(m.at) {
		return due, nil
	}
	m.at = d.now()
	_, err = d.mirrorTo(ctx, s.mirror.Remote)
	d.trouble("mirror", err)
	var refused *mirrorError
	if err == nil || errors.As(err, &refused) {
		m.main = main // what was refused is tried again with the next landing
	}
	return m.at.Add(cmp.Or(s.every, mirrorEvery)), nil
}

// mirrorError says what a mirror did not take.
type mirrorError struct{ kernel.Mirror }

func (e *mirrorError) Error() string {
	r := e.Refused[0]
	return fmt.Sprintf("%s did not take %d references, first %s (%s: %s); %s", e.Remote, len(e.Refused), r.Ref, r.Cause, r.Reason, r.Do)
}

// mirrorTo pushes to a remote: a URL, an absolute path, or a name in the clone that the daemon was started for.
func (d *Daemon) mirrorTo(ctx context.Context, remote string) (kernel.Mirror, error) {
	if !strings.Contains(remote, "://") && !filepath.IsAbs(remote) {
		if d.config.Remote == nil {
			return kernel.Mirror{}, fmt.Errorf("remote %q is a name, and this daemon has no clone to look it up in: give a URL", remote)
		}
		var err error
		if remote, err = d.config.Remote(ctx, remote); err != nil {
			return kernel.Mirror{}, err
		}
	}
	d.duties.mirror.running.Lock()
	defer d.duties.mirror.running.Unlock()
	m, err := d.kernel.Mirror(ctx, remote)
	if err != nil {
		return m, err
	}
	if err := d.tellForeign(ctx, m); err != nil {
		return m, err
	}
	d.hub.publish(Event{Kind: "mirror", Message: fmt.Sprintf("%s: %d pushed, %d refused", m.Remote, len(m.Pushed), len(m.Refused))})
	if len(m.Refused) > 0 {
		return m, &mirrorError{m}
	}
	return m, nil
}

// tellForeign tells the operator what somebody else wrote on a mirror. It stays in the inbox until the mirror is the kernel's again; what
// a forge's own rules refuse is in status only.
func (d *Daemon) tellForeign(ctx context.Context, m kernel.Mirror) error {
	var items []desk.Item
	for _, r := range m.Refused {
		foreign, err := d.isForeign(ctx, r, m.Main)
		if err != nil {
			return err
		}
		if foreign {
			items = append(items, d.foreignItem(m.Remote, r))
		}
	}
	d.setForeign(m.Remote, items)
	for _, item := range items {
		if err := d.tell(ctx, "mirror/"+item.ID, item); err != nil {
			return err
		}
	}
	return nil
}

// isForeign says that a reference which the mirror did not take holds there what the kernel has not written. Another push at the same
// moment is refused in the same words and is none.
func (d *Daemon) isForeign(ctx context.Context, r kernel.Refused, main git.OID) (bool, error) {
	if r.Cause != kernel.CauseMoved || r.Ref != kernel.RefMain {
		return r.Cause == kernel.CauseMoved || r.Cause == kernel.CauseRewritten, nil
	}
	if r.There == "" {
		return false, nil
	}
	ours, err := d.kernel.Repo().IsAncestor(ctx, r.There, main)
	if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
		return true, nil
	}
	return !ours, err
}

func (d *Daemon) foreignItem(remote string, r kernel.Refused) desk.Item {
	item := desk.Item{ID: shortDigest("mirror " + remote + " " + r.Ref + " " + string(r.There)), Title: "the mirror was moved by somebody else", Level: "high",
		Status: "mirror", Since: d.now(), What: fmt.Sprintf("%s of %s is at %s, which the kernel did not push; it was left there", r.Ref, remote, name(r.There)),
		Why: r.Do, Next: "adamant mirror"}
	if r.Cause == kernel.CauseRewritten {
		item.Title, item.Level = "the record on the mirror was rewritten", "critical"
	}
	return item
}

// setForeign replaces what is foreign on a remote, or on all of them. What was there before began when it did.
func (d *Daemon) setForeign(remote string, items []desk.Item) {
	d.duties.mu.Lock()
	defer d.duties.mu.Unlock()
	before := d.duties.mirror.foreign[remote]
	for i := range items {
		if at := slices.IndexFunc(before, func(b desk.Item) bool { return b.ID == items[i].ID }); at >= 0 {
			items[i].Since = before[at].Since
		}
	}
	if remote == "" || d.duties.mirror.foreign == nil {
		d.duties.mirror.foreign = map[string][]desk.Item{}
	}
	if len(items) > 0 {
		d.duties.mirror.foreign[remote] = items
	} else {
		delete(d.duties.mirror.foreign, remote)
	}
}

// items are what is foreign on mirrors. The caller holds the lock of the duties.
func (m *mirrored) items() []desk.Item {
	var items []desk.Item
	for _, remote := range slices.Sorted(maps.Keys(m.foreign)) {
		items = append(items, m.foreign[remote]...)
	}
	return items
}

// mirrorNow is mirrorTo for somebody who asks. What was refused is part of the answer.
func (d *Daemon) mirrorNow(ctx context.Context, remote string) (kernel.Mirror, error) {
	if remote == "" {
		s := d.settings.Load()
		if s.mirror == nil {
			return kernel.Mirror{}, errors.New("no mirror is configured: name a remote, or set spec.mirror")
		}
		remote = s.mirror.Remote
	}
	m, err := d.mirrorTo(context.WithoutCancel(ctx), remote) // whoever asked may go away
	var refused *mirrorError
	if errors.As(err, &refused) {
		return m, nil
	}
	return m, err
}
