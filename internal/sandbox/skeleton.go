package sandbox

import (
	"context"
	"errors"
)

type guards map[string]bool

var errSkeleton = errors.New("sandbox: not built yet")

// Sandbox starts sandboxed programs.
type Sandbox struct{}

// New probes once what this system can do. Unless opts.Weaker is set, the error is an *UnavailableError when a layer is missing.
func New(ctx context.Context, opts Options) (*Sandbox, error) { return nil, errSkeleton }

// Report says what holds a sandbox here.
func (s *Sandbox) Report() Report { return Report{} }

// Slot is the identity of slot n: a host user of its own when this process is root, Self otherwise. Two sandboxes that live at
// the same time must not share a slot.
func (s *Sandbox) Slot(n int) (Identity, error) { return Identity{}, errSkeleton }

// Start runs one program in a sandbox of its own.
func (s *Sandbox) Start(ctx context.Context, spec Spec) (*Process, error) { return nil, errSkeleton }

// Open makes a sandbox without a program.
func (s *Sandbox) Open(ctx context.Context, spec Spec) (*Cell, error) { return nil, errSkeleton }

// Cell is a sandbox that programs can be started in.
type Cell struct{}

// Start runs one more program.
func (c *Cell) Start(cmd Command) (*Process, error) { return nil, errSkeleton }

// Close ends everything inside, with SIGTERM first, and frees what the sandbox used.
func (c *Cell) Close(ctx context.Context) error { return errSkeleton }

// Process is a program in a sandbox.
type Process struct{}

// Wait returns when the program has ended; with Sandbox.Start, when nothing of the sandbox is left.
func (p *Process) Wait() (Exit, error) { return Exit{}, errSkeleton }

// Terminate sends SIGTERM, waits 5 s or until ctx ends, then kills the whole sandbox.
func (p *Process) Terminate(ctx context.Context) error { return errSkeleton }

// Kill kills the whole sandbox at once.
func (p *Process) Kill() error { return errSkeleton }

// Init turns this process into the first process of a sandbox when it was started as one, and then never returns.
func Init() {}
