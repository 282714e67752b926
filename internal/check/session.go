package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/adamant-os/adamant/internal/sandbox"
)

// session is one command with the services it needs: everything that starts, and must end, together.
type session struct {
	Argv     []string
	Dir      string
	Env      []string
	Services []service
	Box      string   // the one folder that can be written to; holds Dir, HOME and TMPDIR
	Hide     []string // folders that look empty from inside
	Setup    bool     // it has the network, and root's power over files of other owners
}

type service struct {
	Name    string
	Argv    []string
	Ready   []string
	Env     []string
	Timeout time.Duration
}

// outcome is how a session ended. The zero value is a command that exited 0.
type outcome struct {
	Exit     int
	Signal   string // the command was killed by it
	NotFound string // why the command could not be started at all
	Service  string // why a service was not to be had
	Failure  string // the machine failed: isolation could not be set up
}

// status is how one process ended.
type status struct {
	exit   int
	signal string
}

// launch runs one session and returns when nothing of it is left. When ctx ends, the session gets SIGTERM, the time of grace, and
// SIGKILL; launch then returns the context's error.
func launch(ctx context.Context, sb *sandbox.Sandbox, s *session, stdout, stderr io.Writer) (outcome, error) {
	cell, err := sb.Open(ctx, s.spec())
	if err != nil {
		return outcome{}, err
	}
	r := &running{session: s, cell: cell, stdout: stdout, stderr: stderr}
	end := r.run(ctx)
	err = cell.Close(context.WithoutCancel(ctx))
	if ctx.Err() != nil {
		return outcome{}, context.Cause(ctx)
	}
	if err != nil && end == (outcome{}) {
		end.Failure = err.Error()
	}
	return end, nil
}

// spec is what a sandbox gives a session: checks see the host's files, read-only, and may use namespaces of their own.
func (s *session) spec() sandbox.Spec {
	spec := sandbox.Spec{
		View: sandbox.ViewHost, Hide: s.Hide, Nested: true,
		Limits: sandbox.Limits{Memory: -1, Processes: -1, FileSize: -1, OpenFiles: -1},
	}
	if s.Box != "" {
		spec.Mounts = []sandbox.Mount{{Source: s.Box, Target: s.Box, Writable: true}}
	}
	if s.Setup {
		spec.Network, spec.Keep = sandbox.NetworkHost, true
	}
	return spec
}

// running is a session in its sandbox.
type running struct {
	*session
	cell           *sandbox.Cell
	stdout, stderr io.Writer
}

// run starts services, waits until they are ready, and runs the command. The caller ends what is left when it returns.
func (r *running) run(ctx context.Context) outcome {
	for _, svc := range r.Services {
		if err := r.bringUp(ctx, svc); err != nil {
			return cannotServe(err)
		}
	}
	p, err := r.cell.Start(sandbox.Command{Argv: shell(r.Argv), Dir: r.Dir, Env: r.Env, Stdout: r.stdout, Stderr: r.stderr})
	if err != nil {
		return cannotStart(err)
	}
	select {
	case <-p.Done():
		end, err := p.Wait()
		if err != nil {
			return outcome{Failure: err.Error()}
		}
		st := statusOf(end)
		return outcome{Exit: st.exit, Signal: st.signal}
	case <-ctx.Done():
		return outcome{Signal: "terminated"}
	}
}

func statusOf(e sandbox.Exit) status {
	if e.Signal != "" {
		return status{signal: e.Signal}
	}
	return status{exit: e.Code}
}

func cannotServe(err error) outcome {
	var missing *sandbox.NotFoundError
	if errors.As(err, &missing) {
		return outcome{NotFound: err.Error()}
	}
	return outcome{Service: err.Error()}
}

func cannotStart(err error) outcome {
	var missing *sandbox.NotFoundError
	if errors.As(err, &missing) {
		return outcome{NotFound: missing.Reason}
	}
	return outcome{Failure: err.Error()}
}

// bringUp starts one service and returns once its probe succeeds. The probe is tried until the service's deadline.
func (r *running) bringUp(ctx context.Context, svc service) error {
	ctx, cancel := context.WithTimeout(ctx, svc.Timeout)
	defer cancel()
	// Both streams to stderr, so that only the command itself can write a report to stdout.
	p, err := r.cell.Start(sandbox.Command{Argv: shell(svc.Argv), Dir: r.Dir, Env: svc.Env, Stdout: r.stderr, Stderr: r.stderr})
	if err != nil {
		return fmt.Errorf("service %s: %w", svc.Name, err)
	}
	if len(svc.Ready) == 0 {
		return nil
	}
	for {
		probe, err := r.cell.Start(sandbox.Command{Argv: shell(svc.Ready), Dir: r.Dir, Env: svc.Env})
		if err != nil {
			return fmt.Errorf("service %s: readiness probe: %w", svc.Name, err)
		}
		select {
		case <-probe.Done():
			if end, err := probe.Wait(); err == nil && end == (sandbox.Exit{}) {
				return nil
			}
		case <-p.Done():
			return early(svc, p)
		case <-ctx.Done():
			return fmt.Errorf("service %s was not ready within %s", svc.Name, svc.Timeout)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-p.Done():
			return early(svc, p)
		case <-ctx.Done():
			return fmt.Errorf("service %s was not ready within %s", svc.Name, svc.Timeout)
		}
	}
}

func early(svc service, p *sandbox.Process) error {
	end, err := p.Wait()
	if err != nil {
		return fmt.Errorf("service %s: %w", svc.Name, err)
	}
	return fmt.Errorf("service %s ended (%s) before it was ready", svc.Name, statusOf(end))
}

func (s status) String() string {
	if s.signal != "" {
		return "killed by " + s.signal
	}
	return fmt.Sprintf("exit status %d", s.exit)
}

// shell is the argv of a declared command: a single element is a line for sh.
func shell(command []string) []string {
	if len(command) == 1 {
		return []string{"sh", "-c", command[0]}
	}
	return command
}
