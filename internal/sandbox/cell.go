package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// room is what a Cell's programs run in: a first process with namespaces, or nothing but process groups.
type room interface {
	// start starts a command with these streams. Its end is told to Cell.ended with the same id.
	start(id int, cmd command, files [3]*os.File) error
	// end asks everything inside to end, and kills what has not within the time of grace.
	end()
	// kill kills everything inside.
	kill()
	// wait returns when nothing is left inside; the error says what was wrong with the room itself.
	wait() error
}

// Cell is a sandbox that programs are started in, one after the other or beside each other. All see the same mounts, processes and
// network. Close it, or end the context it was opened with.
type Cell struct {
	room    room
	owner   Identity // of its programs, on the host
	copies  sync.WaitGroup
	readers []*os.File // of the streams' pipes
	gone    chan struct{}
	err     error // once gone is closed

	mu    sync.Mutex
	last  int
	live  map[int]*Process
	cause Cause
}

func newCell() *Cell { return &Cell{gone: make(chan struct{}), live: map[int]*Process{}} }

// watch ends the cell with ctx or after wall, and tidies up when it has ended. tidy may be nil.
func (c *Cell) watch(ctx context.Context, wall time.Duration, tidy func() error) {
	stop := context.AfterFunc(ctx, func() { c.end(CauseTerminated) })
	stopWall := func() bool { return true }
	if wall > 0 {
		stopWall = time.AfterFunc(wall, func() { c.end(CauseWall) }).Stop
	}
	go func() {
		err := c.room.wait()
		stop()
		stopWall()
		c.drain()
		if tidy != nil {
			err = errors.Join(err, tidy())
		}
		c.lose(err)
		c.err = err
		close(c.gone)
	}()
}

// drain waits until the output of what has ended is copied. Something that escaped process groups may hold a pipe for ever.
func (c *Cell) drain() {
	late := time.AfterFunc(Grace, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, r := range c.readers {
			r.Close()
		}
	})
	defer late.Stop()
	c.copies.Wait()
}

// lose ends the processes whose end nobody told, because the room ended first.
func (c *Cell) lose(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, p := range c.live {
		if c.cause == "" && err == nil {
			err = errors.New("the sandbox ended before its program")
		}
		p.exit, p.err = Exit{Code: -1, Signal: "SIGKILL", Cause: c.cause}, err
		close(p.done)
		delete(c.live, id)
	}
}

// Start runs one more program. A *NotFoundError says that there is no such program inside.
func (c *Cell) Start(cmd Command) (*Process, error) {
	if len(cmd.Argv) == 0 {
		return nil, errors.New("start a program in a sandbox: no program is named")
	}
	files, release, err := c.streams(cmd)
	if err != nil {
		return nil, fmt.Errorf("start %s in a sandbox: %w", cmd.Argv[0], err)
	}
	defer release()
	p := &Process{cell: c, done: make(chan struct{})}
	c.mu.Lock()
	c.last++
	id := c.last
	c.live[id] = p
	c.mu.Unlock()
	if err := c.room.start(id, command{Argv: cmd.Argv, Dir: cmd.Dir, Env: cmd.Env}, files); err != nil {
		c.mu.Lock()
		delete(c.live, id)
		c.mu.Unlock()
		return nil, err
	}
	return p, nil
}

// ended is told by the room that a process has ended.
func (c *Cell) ended(id int, exit Exit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.live[id]
	if p == nil {
		return
	}
	delete(c.live, id)
	if exit.Cause == "" {
		exit.Cause = c.cause
	}
	p.exit = exit
	close(p.done)
}

// blame records why the sandbox is ended; the first cause counts.
func (c *Cell) blame(cause Cause) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == "" {
		c.cause = cause
	}
}

func (c *Cell) end(cause Cause) {
	c.blame(cause)
	c.room.end()
}

// Close ends what is left inside, with SIGTERM and after 5 s, or when ctx ends, with SIGKILL. It returns when nothing is left and
// all output is copied.
func (c *Cell) Close(ctx context.Context) error {
	c.end(CauseTerminated)
	select {
	case <-c.gone:
	case <-ctx.Done():
		c.room.kill()
		<-c.gone
	}
	return c.err
}

// Kill ends everything inside at once.
func (c *Cell) Kill() error {
	c.blame(CauseTerminated)
	c.room.kill()
	<-c.gone
	return c.err
}

// Process is a program in a sandbox.
type Process struct {
	cell  *Cell
	alone bool // the cell ends with it
	done  chan struct{}
	exit  Exit
	err   error
}

// Wait returns when the program has ended. When Sandbox.Start started it, nothing of the sandbox is left then, and all output is
// copied. An error means that the sandbox itself broke.
func (p *Process) Wait() (Exit, error) {
	<-p.done
	if !p.alone {
		return p.exit, p.err
	}
	err := p.cell.Close(context.Background())
	if p.err != nil {
		err = p.err
	}
	return p.exit, err
}

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Terminate ends the whole sandbox: SIGTERM, and after 5 s, or when ctx ends, SIGKILL for everything inside.
func (p *Process) Terminate(ctx context.Context) error { return p.cell.Close(ctx) }

// Kill ends the whole sandbox at once.
func (p *Process) Kill() error { return p.cell.Kill() }
