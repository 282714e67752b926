package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"
)

// launchGroup runs a session without a guardian: each process leads a group that is killed as a whole. A process that
// makes a session of its own escapes that; docs/checks.md says so.
func launchGroup(ctx context.Context, s *session, stdout, stderr io.Writer) (outcome, error) {
	g := &groups{stdout: stdout, stderr: stderr}
	end := s.run(ctx, g.spawn)
	g.stop(ctx.Err() != nil)
	if ctx.Err() != nil {
		return outcome{}, context.Cause(ctx)
	}
	return end, nil
}

// groups are the process groups of one session.
type groups struct {
	stdout, stderr io.Writer
	started        []*exec.Cmd
	running        sync.WaitGroup
}

func (g *groups) spawn(argv []string, dir string, env []string, out output) (<-chan status, error) {
	path, err := resolve(argv[0], dir, env)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, argv[1:]...)
	cmd.Args[0] = argv[0]
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, env, time.Second
	cmd.SysProcAttr = ownGroup()
	switch out {
	case toStdout:
		cmd.Stdout, cmd.Stderr = g.stdout, g.stderr
	case toStderr:
		cmd.Stdout, cmd.Stderr = g.stderr, g.stderr
	}
	if err := cmd.Start(); err != nil {
		return nil, startError(argv[0], err)
	}
	g.started = append(g.started, cmd)
	done := make(chan status, 1)
	g.running.Go(func() { done <- waitFor(cmd) })
	return done, nil
}

func waitFor(cmd *exec.Cmd) status {
	err := cmd.Wait()
	var failed *exec.ExitError
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return status{exit: cmd.ProcessState.ExitCode()}
	case errors.As(err, &failed):
		return exitStatus(failed.ProcessState)
	}
	return status{exit: -1, signal: fmt.Sprintf("lost: %v", err)}
}

// stop ends what is left: with grace, then for good.
func (g *groups) stop(graceful bool) {
	ended := make(chan struct{})
	go func() {
		g.running.Wait()
		close(ended)
	}()
	if graceful || len(g.started) > 1 { // services deserve a chance to leave in order
		g.signal(false)
		select {
		case <-ended:
		case <-time.After(grace):
		}
	}
	g.signal(true)
	<-ended
}

func (g *groups) signal(kill bool) {
	for _, cmd := range g.started {
		signalGroup(cmd, kill)
	}
}
