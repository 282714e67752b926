package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// mirrored is what this process knows of its mirror.
type mirrored struct {
	running sync.Mutex // one push at a time
	main    git.OID    // that was pushed last
	at      time.Time  // of the last try
}

const mirrorIdle = time.Hour // between two pushes when nothing lands: changes and ledger go on

// mirrorDuty pushes to the configured mirror after landings, no more often than the configuration says.
func (d *Daemon) mirrorDuty(ctx context.Context) (time.Time, error) {
	s := d.settings.Load()
	if s.mirror == nil {
		d.trouble("mirror", nil)
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
	d.hub.publish(Event{Kind: "mirror", Message: fmt.Sprintf("%s: %d pushed, %d refused", m.Remote, len(m.Pushed), len(m.Refused))})
	if len(m.Refused) > 0 {
		return m, &mirrorError{m}
	}
	return m, nil
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
