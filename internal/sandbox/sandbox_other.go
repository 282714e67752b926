//go:build !linux

package sandbox

import (
	"context"
	"errors"
	"runtime"
)

type cgroups struct{}

func probe(_ context.Context, opts Options) (*Sandbox, error) {
	if opts.Weaker {
		return &Sandbox{}, nil
	}
	return nil, &UnavailableError{Layer: "Linux", Reason: "this is " + runtime.GOOS, Fix: "run agents and builds on Linux (a virtual machine will do)"}
}

// Report says what holds a sandbox here.
func (s *Sandbox) Report() Report { return Report{Cgroup: "none"} }

// Slot is the identity of slot n: on this system that of this process.
func Slot(n int) (Identity, error) { return Identity{}, nil }

// Keeper owns the sources of overlays: on this system this process.
func Keeper() (Identity, error) { return Identity{}, nil }

// Open makes a sandbox without a program.
func (s *Sandbox) Open(ctx context.Context, spec Spec) (*Cell, error) {
	if spec.View != ViewHost || len(spec.Forward) > 0 {
		return nil, errors.New("open a sandbox: this system has none")
	}
	c := newCell()
	c.room = newGroups(c)
	c.watch(ctx, spec.Limits.filled().Wall, nil)
	return c, nil
}

// Init does nothing where sandboxes have no first process.
func Init() {}
