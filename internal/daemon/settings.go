package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/mergequeue"
	"github.com/adamant-os/adamant/internal/task"
)

// settings are what spec.queue, spec.mirror and spec.notify of main's adamant.yaml say. They are replaced as a whole when main moves.
type settings struct {
	rules    change.Rules
	calendar mergequeue.Calendar
	slots    int
	depth    int // 0 = the merge queue's own
	archive  time.Duration
	mirror   *manifest.Mirror
	every    time.Duration // between two pushes to the mirror
	fleet    fleet
	agents   []task.Agent
	hooks    []manifest.Hook
}

const (
	archiveDays = 30
	mirrorEvery = time.Minute
)

// readSettings reads main's configuration. A freeze window that cannot be read freezes: what it was for is not known.
func (d *Daemon) readSettings(ctx context.Context) (*settings, error) {
	main, err := d.kernel.Ref(ctx, kernel.RefMain)
	if err != nil {
		return nil, err
	}
	_, governance, err := judge.GovernanceAt(ctx, d.kernel.Repo(), main)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration on main: %w", err)
	}
	s, wrong := newSettings(governance.Config.Spec, d.config.Slots)
	if s == nil {
		return nil, wrong
	}
	if s.agents, err = d.readAgents(ctx, main); err != nil {
		return nil, errors.Join(wrong, err)
	}
	return s, wrong
}

// openSettings reads the settings for the first time. A configuration that is partly wrong is trouble and starts nevertheless.
func (d *Daemon) openSettings(ctx context.Context) error {
	s, err := d.readSettings(ctx)
	if s == nil {
		return err
	}
	d.trouble("configuration", err)
	d.settings.Store(s)
	return nil
}

// newSettings completes a configuration. slots are those of the command line, 0 when it names none. An error goes with
// settings that can be used.
func newSettings(spec manifest.RepositorySpec, slots int) (*settings, error) {
	q := spec.Queue
	s := &settings{rules: change.Rules{Attempts: q.Attempts, Runs: q.Runs}, depth: q.MaxDepth, mirror: spec.Mirror, hooks: spec.Notify, every: mirrorEvery,
		slots: cmp.Or(slots, q.Slots, max(runtime.NumCPU()/2, 1)), archive: time.Duration(cmp.Or(q.ArchiveAfter, archiveDays)) * 24 * time.Hour}
	var wrong error
	s.fleet, wrong = newFleet(spec.Fleet)
	for _, f := range q.Freeze {
		w, err := mergequeue.ParseWindow(f.Name, f.Days, f.From, f.To, f.Zone)
		if err != nil {
			wrong = errors.Join(wrong, err)
			if w, err = mergequeue.ParseWindow(f.Name+" (it cannot be read)", []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, "", "", ""); err != nil {
				return nil, err
			}
		}
		s.calendar = append(s.calendar, w)
	}
	if spec.Mirror != nil && spec.Mirror.Every != "" {
		every, err := time.ParseDuration(spec.Mirror.Every)
		if err != nil {
			return s, errors.Join(wrong, fmt.Errorf("spec.mirror.every: %w", err))
		}
		s.every = max(every, time.Second)
	}
	return s, wrong
}

// options are the merge queue's.
func (s *settings) options(epoch uint64) mergequeue.Options {
	opt := mergequeue.Defaults(s.slots)
	opt.Epoch, opt.Calendar = epoch, s.calendar
	opt.Hold = 0 // it pays where checks take long and many changes come; what comes during a run shares the next one anyway
	if s.depth > 0 {
		opt.Depth = s.depth
	}
	return opt
}

// freeze lists the window that is open now, if any.
func (s *settings) freeze(now time.Time) []change.Window {
	if f, ok := s.calendar.Frozen(now); ok {
		return []change.Window{{From: now, Until: f.Until, Why: f.Name}}
	}
	return nil
}

// configure reads the settings again, now that main is another commit, and has the merge queue work by them.
func (d *Daemon) configure(ctx context.Context) (time.Time, error) {
	s, err := d.readSettings(ctx)
	if s == nil {
		return time.Time{}, err
	}
	err = errors.Join(err, d.openNotices(s.hooks))
	d.settings.Store(s)
	d.merge.configure(ctx, s)
	d.crew.wakeAll(ctx)
	return d.now().Add(sweepEvery), err // it is kicked when main moves
}

func (m *merger) configure(ctx context.Context, s *settings) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.d.trouble("merge queue", m.carryOut(ctx, m.queue.Configure(m.d.now(), s.options(m.d.kernel.Epoch()))))
}
