package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// groups is the room where the system gives no other: each process leads a group that is killed as a whole. A process that makes
// a session of its own escapes that; docs/checks.md says so.
type groups struct {
	cell    *Cell
	running sync.WaitGroup
	ended   chan struct{}
	once    sync.Once

	mu      sync.Mutex
	closed  bool
	started []*exec.Cmd
}

func newGroups(c *Cell) *groups { return &groups{cell: c, ended: make(chan struct{})} }

func (g *groups) start(id int, c command, files [3]*os.File) error {
	path, err := Lookup(c.Argv[0], c.Dir, c.Env)
	if err != nil {
		return err
	}
	cmd := exec.Command(path, c.Argv[1:]...)
	cmd.Args[0] = c.Argv[0]
	cmd.Dir, cmd.Env = c.Dir, c.Env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = files[0], files[1], files[2]
	cmd.SysProcAttr = ownGroup()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return errors.New("start " + c.Argv[0] + ": the sandbox has ended")
	}
	if err := cmd.Start(); err != nil {
		return startError(c.Argv[0], err)
	}
	g.started = append(g.started, cmd)
	g.running.Go(func() { g.cell.ended(id, waitFor(cmd)) })
	return nil
}

func waitFor(cmd *exec.Cmd) Exit {
	err := cmd.Wait()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return Exit{}
	case errors.As(err, &failed):
		return exitStatus(failed.ProcessState)
	}
	return Exit{Code: -1, Signal: fmt.Sprintf("lost: %v", err)}
}

// end signals what is left, then kills it when it does not go.
func (g *groups) end() {
	g.once.Do(func() {
		g.mu.Lock()
		g.closed = true
		g.mu.Unlock()
		go func() {
			all := make(chan struct{})
			go func() {
				g.running.Wait()
				close(all)
			}()
			g.signal(false)
			select {
			case <-all:
			case <-time.After(Grace):
			}
			g.signal(true)
			<-all
			close(g.ended)
		}()
	})
}

func (g *groups) kill() {
	g.end()
	g.signal(true)
}

func (g *groups) wait() error {
	<-g.ended
	return nil
}

func (g *groups) signal(kill bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, cmd := range g.started {
		signalGroup(cmd, kill)
	}
}
