//go:build linux

package kernel

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAcquireHeld(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	second := l.open()
	_, err := second.Acquire(t.Context())
	held := (*HeldError)(nil)
	if !errors.As(err, &held) || held.Holder.PID != os.Getpid() || held.Holder.Epoch != k.Epoch() || !strings.Contains(err.Error(), "adamant down") {
		t.Errorf("a second process: %v", err)
	}
	if _, err := k.Acquire(t.Context()); err == nil {
		t.Error("acquired twice")
	}
	l.check(writeJSON(filepath.Join(l.dir, "holder.json"), Holder{V: 1, PID: 1 << 30, Epoch: 1})) // of the one before
	if err := acquireError(t, second); !errors.As(err, &held) || held.Holder.PID != 0 || !strings.Contains(err.Error(), "just started") {
		t.Errorf("beside one that has not said who it is: %v", err)
	}
	l.check(os.WriteFile(filepath.Join(l.dir, "holder.json"), []byte("{"), 0o600))
	if err := acquireError(t, second); err == nil || !strings.Contains(err.Error(), "holder.json") {
		t.Errorf("with a damaged holder.json: %v", err)
	}
	l.check(k.Close())
	if err := acquireError(t, second); err == nil || !strings.Contains(err.Error(), "remove that file") {
		t.Errorf("with a damaged holder.json and no holder: %v", err)
	}
	l.check(os.Remove(filepath.Join(l.dir, "holder.json")))
	if _, err := second.Acquire(t.Context()); err != nil {
		t.Errorf("after the first one ended: %v", err)
	}
	if second.Epoch() != 2 {
		t.Errorf("epoch %d", second.Epoch())
	}
}

// The lock of the daemon is not enough: what its children still do must be over as well.
func TestAcquireWaitsForChildren(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	child := exec.Command("sh", "-c", "cat; :") // as the child of a git that hangs
	child.ExtraFiles = []*os.File{k.Children()}
	in, err := child.StdinPipe()
	l.check(err)
	out, err := child.StdoutPipe()
	l.check(err)
	l.check(child.Start())
	_, err = in.Write([]byte("x"))
	l.check(err)
	_, err = io.ReadFull(out, make([]byte, 1)) // the shell has started cat, its grandchild
	l.check(err)
	l.check(k.Close())
	next := l.open()
	_, err = next.Acquire(t.Context(), Hold{Wait: 100 * time.Millisecond})
	orphans := (*OrphansError)(nil)
	if !errors.As(err, &orphans) || len(orphans.PIDs) != 1 || orphans.PIDs[0] == child.Process.Pid {
		t.Errorf("beside a living child: %v", err)
	}
	if next.Epoch() != 0 {
		t.Errorf("it took epoch %d all the same", next.Epoch())
	}
	if other := l.open(); errors.As(acquireError(t, other), new(*HeldError)) {
		t.Error("a failed attempt keeps the lock")
	}
	l.check(in.Close())
	l.check(child.Wait())
	if _, err := next.Acquire(t.Context()); err != nil {
		t.Errorf("after the child ended: %v", err)
	}
}

func acquireError(t *testing.T, k *Kernel) error {
	t.Helper()
	_, err := k.Acquire(t.Context(), Hold{Wait: 10 * time.Millisecond})
	return err
}

// A holder that led its own process group is gone only when the group is empty, whether its members inherited anything or not.
func TestAcquireWaitsForGroup(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	leader := exec.Command("cat")
	ownGroup(leader)
	in, err := leader.StdinPipe()
	l.check(err)
	l.check(leader.Start())
	p, err := inspect(leader.Process.Pid)
	l.check(err)
	h := Holder{V: 1, PID: p.pid, Group: p.group, Started: p.started, Boot: boot(), Epoch: 1}
	for _, other := range []Holder{
		{V: 1, PID: p.pid, Group: p.group, Started: p.started + 1, Boot: boot()},           // the number was used again
		{V: 1, PID: p.pid, Group: p.group, Started: p.started, Boot: "another boot"},       // before the machine started
		{V: 1, PID: p.pid + 1, Group: p.group, Started: p.started, Boot: boot()},           // the group was somebody else's
		{V: 1, PID: os.Getpid(), Group: os.Getpid(), Started: p.started - 1, Boot: boot()}, // itself
	} {
		if pids := groupMembers(other); len(pids) > 0 && other.PID != os.Getpid() {
			t.Errorf("%+v has members %v", other, pids)
		}
	}
	l.check(writeJSON(filepath.Join(l.dir, "holder.json"), h))
	k := l.open()
	orphans := (*OrphansError)(nil)
	if err := acquireError(t, k); !errors.As(err, &orphans) || !slices.Equal(orphans.PIDs, []int{p.pid}) {
		t.Errorf("beside a living group: %v", err)
	}
	l.check(in.Close())
	l.check(leader.Wait())
	if _, err := k.Acquire(t.Context()); err != nil {
		t.Errorf("after the group ended: %v", err)
	}
}

// Whoever asks whether a kernel is held neither takes nor leaves anything.
func TestHeld(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	for _, want := range []bool{true, false, false} {
		if held, err := Held(l.dir); err != nil || held != want {
			t.Errorf("held: %t, %v; want %t", held, err, want)
		}
		l.check(k.Close())
	}
	l.acquire()
	if _, err := Held(filepath.Join(l.dir, "nothing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("where no kernel is: %v", err)
	}
}

func TestAcquireStrangeLease(t *testing.T) {
	t.Parallel()
	for _, lease := range []string{"", "{}", `{"v":2,"epoch":3}`, "epoch 3", strings.Repeat("x", leaseLimit+1)} {
		l := newLab(t)
		k := l.open()
		id, err := k.Repo().WriteBlob(t.Context(), []byte(lease))
		l.check(err)
		l.git("kernel.git", "update-ref", RefLease, string(id))
		if _, err := k.Acquire(t.Context()); err == nil {
			t.Errorf("acquired over the lease %.20q", lease)
		}
	}
}
