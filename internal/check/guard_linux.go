package check

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// guardVariable marks a process that was started to guard one session.
const guardVariable = "ADAMANT_CHECK_GUARD"

// The guardian's descriptors beside the standard three: orders from the runner, and its answer.
const (
	ordersFD = 3
	answerFD = 4
)

// Init turns this process into the guardian of one check when it was started as such, and then never returns. Otherwise it
// does nothing. A program that sets Runner.Self to its own executable calls it first in main.
func Init() {
	if os.Getenv(guardVariable) == "" {
		return
	}
	runtime.LockOSThread() // capabilities and no_new_privs belong to a thread: everything is started from this one
	g := &guardian{orders: os.NewFile(ordersFD, "orders"), answer: os.NewFile(answerFD, "answer")}
	end := g.guard()
	g.killRest()
	if err := json.NewEncoder(g.answer).Encode(end); err != nil { // the runner is gone
		os.Exit(1)
	}
	os.Exit(0)
}

// guardian starts one session, reaps everything that falls to it, and leaves no process behind. As the first process of
// its own pid namespace its death kills all; elsewhere it is the subreaper of what it starts. It dies with the runner:
// the orders pipe closes, whatever the runner died of.
type guardian struct {
	orders, answer *os.File
	isInit         bool

	mu      sync.Mutex
	changed *sync.Cond
	waiting map[int]chan status
	groups  []int
}

func (g *guardian) guard() outcome {
	s, err := g.prepare()
	if err != nil {
		return outcome{Failure: err.Error()}
	}
	if s.Probe {
		return outcome{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go g.obey(cancel)
	go g.reap()
	end := s.run(ctx, g.spawn)
	g.terminate()
	return end
}

// prepare shuts every inherited descriptor, reads the session and sets its isolation up.
func (g *guardian) prepare() (*session, error) {
	if err := unix.CloseRange(ordersFD, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		if err := closeOnExec(); err != nil {
			return nil, err
		}
	}
	g.changed, g.waiting, g.isInit = sync.NewCond(&g.mu), map[int]chan status{}, os.Getpid() == 1
	unix.Umask(0o077)
	var s session
	line, err := bufio.NewReader(g.orders).ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("read the session: %w", err)
	}
	if err := json.Unmarshal(line, &s); err != nil {
		return nil, fmt.Errorf("read the session: %w", err)
	}
	if err := isolate(&s); err != nil {
		return nil, err
	}
	return &s, nil
}

// closeOnExec is for kernels before 5.11.
func closeOnExec() error {
	folder, err := os.Open("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("list descriptors: %w", err)
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("list descriptors: %w", err)
	}
	for _, name := range names {
		var fd int
		if _, err := fmt.Sscan(name, &fd); err == nil && fd >= ordersFD {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}

// obey waits for the order to stop: a byte means with grace, the end of the pipe means that the runner is gone.
func (g *guardian) obey(cancel context.CancelFunc) {
	n, err := g.orders.Read(make([]byte, 1))
	if n == 0 || err != nil {
		g.killRest()
		os.Exit(1)
	}
	g.signalAll(unix.SIGTERM)
	cancel()
	if _, err := io.Copy(io.Discard, g.orders); err == nil { // until the runner closes it or dies
		g.killRest()
		os.Exit(1)
	}
}

// reap collects every child, its own and adopted ones, and tells who waits for it.
func (g *guardian) reap() {
	for {
		var ws unix.WaitStatus
		pid, err := unix.Wait4(-1, &ws, 0, nil)
		g.mu.Lock()
		for err == unix.ECHILD && len(g.waiting) == 0 {
			g.changed.Wait() // for the next start
		}
		if done := g.waiting[pid]; err == nil && done != nil && (ws.Exited() || ws.Signaled()) {
			delete(g.waiting, pid)
			done <- ended(ws)
		}
		g.changed.Broadcast()
		g.mu.Unlock()
	}
}

func ended(ws unix.WaitStatus) status {
	if ws.Signaled() {
		return status{signal: unix.SignalName(ws.Signal())}
	}
	return status{exit: ws.ExitStatus()}
}

// spawn starts argv in a session of its own, so that its whole group can be signalled.
func (g *guardian) spawn(argv []string, dir string, env []string, out output) (<-chan status, error) {
	path, err := resolve(argv[0], dir, env)
	if err != nil {
		return nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	defer null.Close()
	files := map[output][]*os.File{
		toStdout:  {null, os.Stdout, os.Stderr},
		toStderr:  {null, os.Stderr, os.Stderr},
		toNowhere: {null, null, null},
	}[out]
	g.mu.Lock()
	defer g.mu.Unlock()
	attr := &os.ProcAttr{Dir: dir, Env: env, Files: files, Sys: &syscall.SysProcAttr{Setsid: true}}
	process, err := os.StartProcess(path, argv, attr)
	if err != nil {
		return nil, startError(argv[0], err)
	}
	done := make(chan status, 1)
	g.waiting[process.Pid] = done
	g.groups = append(g.groups, process.Pid)
	g.changed.Broadcast()
	return done, process.Release()
}

// terminate asks what is left, services above all, to end, and waits for it for the time of grace.
func (g *guardian) terminate() {
	g.mu.Lock()
	left := len(g.waiting)
	g.mu.Unlock()
	if left == 0 {
		return
	}
	g.signalAll(unix.SIGTERM)
	g.await(grace)
}

// signalAll signals everything in the pid namespace, or every group that was started.
func (g *guardian) signalAll(sig unix.Signal) {
	if g.isInit {
		_ = unix.Kill(-1, sig) // ESRCH: nothing is left
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, group := range g.groups {
		_ = unix.Kill(-group, sig) // ESRCH: the group is gone
	}
}
