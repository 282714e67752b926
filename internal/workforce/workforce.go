// Package workforce carries out attempts: it gives an agent a workspace, a sandbox around it, one endpoint for its model and its
// tools, and watches what goes over that endpoint until the agent ends or is stopped. Then it pulls what lies in the checkout.
//
// It promises that an agent reaches nothing but its workspace and that endpoint; that what is known of an attempt (its cost, its
// models, what it did) comes from the gateway and the tree and never from the agent; that a stopped attempt is dead within
// seconds, whatever it does with signals; and that each attempt ends in one outcome.
//
// It keeps no state that outlives the process: package task counts attempts in git. It never opens a change, never moves a
// branch, and never decides whether a result may land.
package workforce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/mcp"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/workspace"
)

// Config is what a workforce works with.
type Config struct {
	Kernel     *kernel.Kernel
	Workspaces *workspace.Store
	Sandbox    *sandbox.Sandbox
	Runners    *agent.Registry
	// Gateway is the configuration of every attempt's gateway; settings and prices are those of the attempt's commit of main.
	Gateway gateway.Config
	// Furnish puts what the checks of a commit need into a checkout and a home; nil = nothing is.
	Furnish func(ctx context.Context, commit git.OID, checkout, home string) error
	// Desk answers what agents ask the control plane.
	Desk    Desk
	Version string
	Now     func() time.Time // nil = time.Now
	Log     *slog.Logger     // nil = nothing is logged
}

// Desk is what an attempt may ask the control plane over MCP. Head makes a commit of what lies in the checkout now. Finish, AskOperator
// and Comment are the workforce's own.
type Desk func(a task.Attempt, head func(context.Context) (git.OID, error)) mcp.Tools

const lineBuffer = 1024

// Workforce runs attempts, each in a goroutine of its own. It is a task.Workforce.
type Workforce struct {
	config Config
	now    func() time.Time
	log    *slog.Logger
	done   chan task.Outcome
	lines  chan task.Line
	ctx    context.Context // ends with Close
	end    context.CancelFunc
	all    sync.WaitGroup

	mu      sync.Mutex
	running map[string]*run
	slots   map[int]bool
}

// New makes a workforce and clears what an earlier one left: its attempts are dead, task.Step says so.
func New(ctx context.Context, c Config) (*Workforce, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if _, err := c.Workspaces.GC(ctx, func(*workspace.Workspace) bool { return false }); err != nil {
		return nil, fmt.Errorf("clearing the workspaces of an earlier daemon: %w", err)
	}
	if c.Gateway.Book == nil {
		var err error
		if c.Gateway.Book, err = openBook(ctx, c.Kernel.Repo(), c.Now()); err != nil {
			return nil, err
		}
	}
	w := &Workforce{config: c, now: c.Now, log: c.Log, done: make(chan task.Outcome), lines: make(chan task.Line, lineBuffer),
		running: map[string]*run{}, slots: map[int]bool{}}
	w.ctx, w.end = context.WithCancel(context.WithoutCancel(ctx))
	return w, nil
}

// Close ends every attempt and waits until nothing of them is left. Their outcomes are lost: the next daemon starts them again.
func (w *Workforce) Close() {
	w.end()
	w.all.Wait()
}

// Done gives each attempt's outcome once.
func (w *Workforce) Done() <-chan task.Outcome { return w.done }

// Lines tell what agents do. Who reads too slowly misses some.
func (w *Workforce) Lines() <-chan task.Line { return w.lines }

// Start begins an attempt and returns. One that runs already is left alone.
func (w *Workforce) Start(ctx context.Context, a task.Attempt) error {
	if err := w.ctx.Err(); err != nil {
		return errors.New("the workforce has ended")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running[a.ID] != nil {
		return nil
	}
	r := newRun(w, a, w.slot())
	w.running[a.ID] = r
	w.all.Go(func() { w.carry(r) })
	return nil
}

// slot is the lowest free number of a sandbox identity.
func (w *Workforce) slot() int {
	n := 0
	for w.slots[n] {
		n++
	}
	w.slots[n] = true
	return n
}

// carry runs an attempt and offers its outcome until somebody takes it.
func (w *Workforce) carry(r *run) {
	outcome := r.carryOut(w.ctx)
	select {
	case w.done <- outcome:
	case <-w.ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.running, r.attempt.ID)
	delete(w.slots, r.slot)
}

// Running are the attempts under way, sorted by ID.
func (w *Workforce) Running() []task.RunningAttempt {
	w.mu.Lock()
	runs := make([]*run, 0, len(w.running))
	for _, r := range w.running {
		runs = append(runs, r)
	}
	w.mu.Unlock()
	out := make([]task.RunningAttempt, len(runs))
	for i, r := range runs {
		out[i] = r.shown()
	}
	slices.SortFunc(out, func(a, b task.RunningAttempt) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Cancel ends an attempt at once; its outcome follows on Done.
func (w *Workforce) Cancel(_ context.Context, attempt, why string) {
	w.mu.Lock()
	r := w.running[attempt]
	w.mu.Unlock()
	if r != nil {
		r.stop(stopped{finish: task.FinishCancelled, why: why})
	}
}

// tell gives people a line; when nobody keeps up, the line is lost.
func (w *Workforce) tell(l task.Line) {
	select {
	case w.lines <- l:
	default:
	}
}
