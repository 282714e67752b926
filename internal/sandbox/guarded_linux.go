package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// guarded is a room with a first process: the outer side of the control socket.
type guarded struct {
	cell      *Cell
	cmd       *exec.Cmd
	conn      *net.UnixConn
	group     *cgroup
	complaint complaint
	heard     chan struct{} // the first process says no more
	once      sync.Once
	patient   bool // tests: it is never killed

	writing sync.Mutex
	mu      sync.Mutex
	replies map[int]chan frame // nil once there will be none
}

// settle gives the first process its orders and serves its listeners. When that fails nothing of it is left.
func (g *guarded) settle(ctx context.Context, order *setup, files []*os.File, list []Forward) (*forwards, error) {
	listeners, err := g.hand(ctx, order, files)
	var f *forwards
	if err == nil {
		f, err = forward(list, listeners)
	}
	if err != nil {
		g.kill()
		g.reap()
		return nil, err
	}
	go g.listen()
	return f, nil
}

// hand gives the first process its orders, with the doors of its cgroup and the mounts, and returns the listeners that it made.
func (g *guarded) hand(ctx context.Context, order *setup, files []*os.File) ([]*os.File, error) {
	stop := context.AfterFunc(ctx, g.kill)
	defer stop()
	late := time.AfterFunc(patience, g.kill)
	defer late.Stop()
	if err := g.send(frame{Kind: kindSetup, Setup: order}, files); err != nil {
		return nil, g.explain(ctx, err)
	}
	f, listeners, err := g.receive()
	switch {
	case err != nil:
		return nil, g.explain(ctx, err)
	case f.Kind != kindReady || f.Error != "":
		closeAll(listeners)
		return nil, fmt.Errorf("set it up: %s", f.Error)
	case len(listeners) != len(order.Listen):
		closeAll(listeners)
		return nil, fmt.Errorf("set it up: %d listeners instead of %d", len(listeners), len(order.Listen))
	}
	return listeners, nil
}

// explain says why the first process did not answer.
func (g *guarded) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	g.kill()
	_ = g.cmd.Wait() // what it said counts
	return fmt.Errorf("its first process died: %w %s", err, g.complaint.String())
}

func (g *guarded) send(f frame, files []*os.File) error {
	head, body, err := f.encode()
	if err != nil {
		return err
	}
	var rights []byte
	if len(files) > 0 {
		fds := make([]int, len(files))
		for i, file := range files {
			fds[i] = int(file.Fd())
		}
		rights = unix.UnixRights(fds...)
	}
	g.writing.Lock()
	defer g.writing.Unlock()
	if _, _, err := g.conn.WriteMsgUnix(head, rights, nil); err != nil {
		return err
	}
	_, err = g.conn.Write(body)
	return err
}

func (g *guarded) receive() (frame, []*os.File, error) {
	var head [4]byte
	rights := make([]byte, unix.CmsgSpace(4*maxFiles))
	n, rn, _, _, err := g.conn.ReadMsgUnix(head[:], rights)
	if err != nil {
		return frame{}, nil, err
	}
	files, err := received(rights[:rn])
	if err != nil {
		return frame{}, nil, err
	}
	f := frame{}
	if n < len(head) {
		err = errors.New("half a frame")
	} else {
		f, err = decodeFrame(head, g.conn)
	}
	if err != nil {
		closeAll(files)
		return f, nil, err
	}
	return f, files, nil
}

// maxFiles bounds the descriptors of one frame; the kernel's own bound is 253.
const maxFiles = 250

// received are the files of a control message.
func received(rights []byte) ([]*os.File, error) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return nil, fmt.Errorf("read descriptors: %w", err)
	}
	var files []*os.File
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			closeAll(files)
			return nil, fmt.Errorf("read descriptors: %w", err)
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "received"))
		}
	}
	return files, nil
}

// listen takes what the first process tells, until it ends.
func (g *guarded) listen() {
	defer close(g.heard)
	for {
		f, files, err := g.receive()
		closeAll(files)
		if err != nil { // it ended: wait says how
			g.drop()
			return
		}
		switch f.Kind {
		case kindStarted:
			g.reply(f)
		case kindMemory:
			g.cell.blame(CauseMemory)
		case kindEnded:
			g.cell.ended(f.ID, g.exit(f))
		}
	}
}

func (g *guarded) exit(f frame) Exit {
	e := Exit{Code: f.Code, Signal: f.Signal}
	if e.Signal == "SIGKILL" && g.group.starved() {
		e.Cause = CauseMemory
	}
	return e
}

func (g *guarded) reply(f frame) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ch := g.replies[f.ID]; ch != nil {
		ch <- f
		delete(g.replies, f.ID)
	}
}

// drop tells those who wait for a reply that there will be none.
func (g *guarded) drop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, ch := range g.replies {
		close(ch)
	}
	g.replies = nil
}

func (g *guarded) start(id int, cmd command, files [3]*os.File) error {
	answer := make(chan frame, 1)
	g.mu.Lock()
	if g.replies == nil {
		g.mu.Unlock()
		return fmt.Errorf("start %s: the sandbox has ended", cmd.Argv[0])
	}
	g.replies[id] = answer
	g.mu.Unlock()
	if err := g.send(frame{Kind: kindStart, ID: id, Command: &cmd}, files[:]); err != nil {
		return fmt.Errorf("start %s in a sandbox: %w", cmd.Argv[0], err)
	}
	f, ok := <-answer
	switch {
	case !ok:
		return fmt.Errorf("start %s: the sandbox has ended", cmd.Argv[0])
	case f.NotFound:
		return &NotFoundError{f.Error}
	case f.Error != "":
		return errors.New(f.Error)
	}
	return nil
}

// end asks the first process to end everything, and kills it when it has not by then.
func (g *guarded) end() {
	g.once.Do(func() {
		go func() {
			if g.send(frame{Kind: kindClose}, nil) != nil {
				g.kill()
			}
		}()
		if !g.patient {
			time.AfterFunc(Grace+time.Second, g.kill)
		}
	})
}

// kill kills the first process, and with it its pid namespace. Where it has none the end of the socket makes it kill what it
// started; SIGKILL follows.
func (g *guarded) kill() {
	if g.cmd.SysProcAttr.Cloneflags&unix.CLONE_NEWPID == 0 {
		_ = g.conn.CloseWrite() // it has ended
		time.AfterFunc(time.Second, func() { _ = g.cmd.Process.Kill() })
		return
	}
	_ = g.cmd.Process.Kill() // ErrProcessDone: it has ended
}

func (g *guarded) reap() {
	_ = g.cmd.Wait() // it was killed
	g.conn.Close()
}

func (g *guarded) wait() error {
	<-g.heard
	err := g.cmd.Wait()
	g.conn.Close()
	if g.group.starved() { // it may have been the first process that was killed for it
		g.cell.blame(CauseMemory)
	}
	var status *exec.ExitError
	if errors.As(err, &status) && len(g.complaint.text) > 0 {
		return fmt.Errorf("the sandbox's first process died (%v): %s", err, g.complaint.String())
	}
	if err != nil && !errors.As(err, &status) && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("wait for the sandbox's first process: %w", err)
	}
	return nil
}
