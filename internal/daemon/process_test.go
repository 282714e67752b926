//go:build linux

package daemon

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/door"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/task"

	"github.com/adamant-os/adamant/internal/git"
)

// The tests of this file and the crash, fault and fleet tests run the test binary again, as a daemon in a process group of
// its own that can be killed whole.
const asDaemon = "ADAMANT_TEST_DAEMON" // an order as JSON

// order is what such a daemon runs with.
type order struct {
	Kernel, State, Cache, Data, Listen string
	Slots                              int
	Shift                              time.Duration // of its clock
	Patience                           time.Duration
	Verbose                            bool
	Heap                               string // file for a heap profile at SIGUSR1
	Troupe                             bool   // played agents work in it
	Deadly                             string // file with part of the id of a change: judging that one kills the daemon
}

// daemonProcess is a daemon from start to end. It says "ready ADDRESSES" on stdout once it serves.
func daemonProcess(text string) int {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		fmt.Fprintln(os.Stderr, "adamant:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	k, err := kernel.Open(ctx, o.Kernel)
	if err != nil {
		fmt.Fprintln(os.Stderr, "adamant:", err)
		return 1
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "adamant:", err)
		return 1
	}
	level := slog.LevelWarn
	if o.Verbose {
		level = slog.LevelDebug
	}
	profile(o.Heap)
	countGoroutines()
	var workforce func(context.Context) (task.Workforce, error)
	if o.Troupe {
		workforce = pages(k, filepath.Join(o.Kernel, "kernel.git"))
	}
	err = Run(ctx, Config{Workforce: workforce, Kernel: k, Name: "sample", State: o.State, Places: judge.Places{Cache: o.Cache, State: o.State, Data: o.Data},
		Listen: o.Listen, Slots: o.Slots, Patience: o.Patience, Hook: []string{self, "hook"}, Version: "test", Getenv: os.Getenv,
		Now:   func() time.Time { return time.Now().Add(o.Shift) },
		Log:   slog.New(deadly{slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}), o.Deadly}),
		Ready: func(a Addresses) { data, _ := json.Marshal(a); fmt.Printf("ready %s\n", data) }})
	if err != nil {
		fmt.Fprintln(os.Stderr, "adamant:", err)
		return 1
	}
	return 0
}

// den is a repository, its kernel, and daemons on it that are processes of their own.
type den struct {
	t     testing.TB
	clone *gittest.Repo
	order order
}

// newDen makes the kernel and starts nothing. more writes files of the first commit.
func newDen(t testing.TB, more func(*gittest.Repo)) *den {
	t.Helper()
	clone := gittest.New(t)
	clone.Write(".adamant/adamant.yaml", config)
	clone.Write("README.md", "# Sample\n\nA sample.\n")
	clone.Write("src/add.py", "def add(a, b):\n    return a + b\n")
	if more != nil {
		more(clone)
	}
	clone.Commit("start")
	dir, err := os.MkdirTemp("", "adamant") // short: a socket lies in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	d := &den{t: t, clone: clone, order: order{Kernel: filepath.Join(dir, "sample"), State: filepath.Join(dir, "state"),
		Cache: filepath.Join(dir, "cache"), Data: filepath.Join(dir, "data"), Slots: 1, Listen: ownLoopback()}}
	repo, err := git.Open(t.Context(), clone.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	k, err := kernel.Create(t.Context(), d.order.Kernel, repo, kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	return d
}

var dens atomic.Int32

// ownLoopback is an address that nothing else listens on, so that a daemon finds its port free again when it starts anew.
func ownLoopback() string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d:0", 1+pid>>8&0x7f, pid&0xff, 1+dens.Add(1)%250)
}

// process is one daemon.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	begun  time.Time
	ready  chan Addresses // closed when it ended without
	serves time.Duration  // from start to ready
	counts chan int       // goroutines, for each SIGUSR2
	ended  chan error
	log    *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start starts a daemon and does not wait for it.
func (d *den) start() *process {
	d.t.Helper()
	self, err := os.Executable()
	if err != nil {
		d.t.Fatal(err)
	}
	data, err := json.Marshal(d.order)
	if err != nil {
		d.t.Fatal(err)
	}
	p := &process{t: d.t, cmd: exec.Command(self), begun: time.Now(), ready: make(chan Addresses, 1), counts: make(chan int, 1), ended: make(chan error, 1), log: &lockedBuffer{}}
	p.cmd.Env = append(os.Environ(), asDaemon+"="+string(data))
	p.cmd.Stderr, p.cmd.SysProcAttr = p.log, &syscall.SysProcAttr{Setpgid: true}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	go p.read(bufio.NewScanner(out))
	d.t.Cleanup(func() { p.kill() })
	return p
}

func (p *process) read(lines *bufio.Scanner) {
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "ready ")
		var a Addresses
		if ok && json.Unmarshal([]byte(text), &a) == nil {
			p.serves = time.Since(p.begun)
			p.ready <- a
		}
		var n int
		if _, err := fmt.Sscanf(lines.Text(), "goroutines %d", &n); err == nil {
			p.counts <- n
		}
	}
	close(p.ready)
	close(p.counts)
	p.ended <- p.cmd.Wait()
	close(p.ended)
}

// kill ends the whole group at once and waits until it is gone.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended by itself
	<-p.ended
}

// up starts a daemon and waits until it serves.
func (d *den) up() (*process, Addresses) {
	d.t.Helper()
	p := d.start()
	a, ok := <-p.ready
	if !ok {
		d.t.Fatalf("the daemon ended before it served:\n%s", p.log)
	}
	if strings.HasSuffix(d.order.Listen, ":0") { // the next one serves there again
		u, err := url.Parse(a.Door)
		if err != nil {
			d.t.Fatal(err)
		}
		d.order.Listen = u.Host
	}
	return p, a
}

func (d *den) client() *desk.Client { return desk.NewClient(Socket(d.order.Kernel)).Within(hang) }

// token is the door's URL with a new token in it.
func (d *den) token(g door.Grant) string {
	d.t.Helper()
	g.Expires = time.Now().Add(24 * time.Hour)
	var made api.NewToken
	if err := d.client().Call(d.t.Context(), "POST", api.PathTokens, "", g, &made); err != nil {
		d.t.Fatal(err)
	}
	return strings.Replace(made.URL, "http://", "http://x:"+made.Token+"@", 1)
}

// commits makes one commit on main for each text of a file, with one git.
func (d *den) commits(n int, file func(int) (path, text string)) []string {
	d.t.Helper()
	var in bytes.Buffer
	for i := range n {
		path, text := file(i)
		message := fmt.Sprintf("Change %d", i)
		fmt.Fprintf(&in, "commit refs/heads/c%d\ncommitter Ada <ada@example.com> %d +0000\ndata %d\n%s\nfrom refs/heads/main^0\nM 100644 inline %s\ndata %d\n%s\n",
			i, 1790000000+i, len(message), message, path, len(text), text)
	}
	cmd := exec.CommandContext(d.t.Context(), "git", "fast-import", "--quiet")
	cmd.Dir, cmd.Stdin = d.clone.Dir, &in
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("git fast-import: %v\n%s", err, out)
	}
	return strings.Fields(d.clone.Git("for-each-ref", "--sort=version:refname", "--format=%(objectname)", "refs/heads/c*"))
}

// push proposes a commit and says which change it became, or what git said.
func (d *den) push(ctx context.Context, url, rev string, options ...string) (id, out string, err error) {
	args := []string{"push"}
	for _, o := range options {
		args = append(args, "-o", o)
	}
	cmd := exec.CommandContext(ctx, "git", append(args, url, rev+":refs/for/main")...)
	cmd.Dir, cmd.WaitDelay = d.clone.Dir, 5*time.Second
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + d.clone.Dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0"}
	data, err := cmd.CombinedOutput()
	return changeIn(string(data)), string(data), err
}

// changeIn is the short id of the change that a push's answer names.
func changeIn(out string) string {
	for _, word := range strings.Fields(out) {
		if id := strings.Trim(word, ".,:;()"); len(id) == 16 && strings.Trim(id, "0123456789abcdef") == "" {
			return id
		}
	}
	return ""
}

// show reads a change over the socket.
func (d *den) show(id string) (desk.Change, error) {
	var c desk.Change
	err := d.client().Call(d.t.Context(), "GET", desk.PathChange, id, nil, &c)
	return c, err
}

// await waits until a change has one of the statuses.
func (d *den) await(id string, within time.Duration, statuses ...string) desk.Change {
	d.t.Helper()
	var c desk.Change
	var err error
	for deadline := time.Now().Add(within); ; {
		if c, err = d.show(id); err == nil {
			for _, s := range statuses {
				if c.Status == s {
					return c
				}
			}
		}
		if time.Now().After(deadline) {
			var s api.Status
			_ = d.client().Call(d.t.Context(), "GET", api.PathStatus, "", nil, &s)
			d.t.Fatalf("change %s is %q (%v), want %v\nproblems %+v", id, c.Status, err, statuses, s.Problems)
		}
		if err := sleep(d.t.Context(), 50*time.Millisecond); err != nil {
			d.t.Fatal(err)
		}
	}
}

// git runs git on the kernel.
func (d *den) git(args ...string) string {
	d.t.Helper()
	return d.clone.Git(append([]string{"--git-dir", filepath.Join(d.order.Kernel, "kernel.git")}, args...)...)
}

func outcomeOf(t testing.TB, body []byte) kernel.Outcome {
	t.Helper()
	var o kernel.Outcome
	if err := json.Unmarshal(body, &o); err != nil {
		t.Fatal(err)
	}
	return o
}
