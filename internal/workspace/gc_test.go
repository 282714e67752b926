package workspace

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/filelock"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// entries lists what is in the store's folder.
func (l *lab) entries() []string {
	l.t.Helper()
	entries, err := os.ReadDir(l.store.dir)
	l.check(err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// refs lists pins and quarantine.
func (l *lab) refs() []string {
	l.t.Helper()
	refs, err := l.kernel.Repo().Refs(l.t.Context(), kernel.PrefixPins, kernel.PrefixQuarantine)
	l.check(err)
	var names []string
	for _, r := range refs {
		names = append(names, strings.TrimPrefix(r.Name, kernel.PrefixOwn))
	}
	return names
}

func none(*Workspace) bool { return false }

func TestListLoadRemove(t *testing.T) {
	t.Parallel()
	l := newLab(t, Limits{}, small)
	l.create(Request{Task: "t2"})
	l.create(Request{Task: "t1", Attempt: "t1-1", Cone: []string{"a"}, Grant: []string{"AGENTS.md"}, Readonly: true})
	listed, err := l.store.List(t.Context())
	l.check(err)
	if len(listed) != 2 || listed[0].ID != "t1-1" || listed[0].Task != "t1" || listed[1].ID != "t2" || !listed[0].Readonly || listed[0].Base != l.base {
		t.Errorf("list: %+v", listed)
	}
	if _, err := l.store.Create(t.Context(), Request{Task: "t2", Base: l.base}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("twice: %v", err)
	}
	w, err := l.store.Load(t.Context(), "t2")
	l.check(err)
	release, err := w.Use()
	l.check(err)
	var busy *BusyError
	if err := l.store.Remove(t.Context(), "t2"); !errors.As(err, &busy) {
		t.Errorf("removing what is in use: %v", err)
	}
	l.check(release())
	l.check(l.store.Remove(t.Context(), "t2"))
	l.check(l.store.Remove(t.Context(), "t2"))
	if _, err := l.store.Load(t.Context(), "t2"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("load: %v", err)
	}
	if _, err := w.Use(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("use: %v", err)
	}
	if got := l.refs(); !slices.Equal(got, []string{"pins/t1-1"}) {
		t.Errorf("refs: %q", got)
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	l := newLab(t, Limits{}, small)
	secret := l.review() // in kernel.git, not in main.git
	for name, r := range map[string]Request{
		"no task":      {Base: l.base},
		"name":         {Task: "../x", Base: l.base},
		"attempt":      {Task: "t", Attempt: "X/y", Base: l.base},
		"no base":      {Task: "t"},
		"strange base": {Task: "t", Base: git.OID(strings.Repeat("1", 40))},
		"base of ours": {Task: "t", Base: secret},
		"head":         {Task: "t", Base: l.base, Head: git.OID(strings.Repeat("1", 40))},
		"cone up":      {Task: "t", Base: l.base, Cone: []string{"../x"}},
		"cone root":    {Task: "t", Base: l.base, Cone: []string{"/etc"}},
		"cone git":     {Task: "t", Base: l.base, Cone: []string{"a/.GIT"}},
		"cone line":    {Task: "t", Base: l.base, Cone: []string{"a\nb"}},
		"setup":        {Task: "t", Base: l.base, Setup: func(context.Context, string, string) error { return errors.New("no network") }},
	} {
		if w, err := l.store.Create(t.Context(), r); err == nil {
			t.Errorf("%s: made %+v", name, w)
		}
	}
	if got := append(l.entries(), l.refs()...); len(got) != 0 {
		t.Errorf("failures left %q", got)
	}
}

func TestGC(t *testing.T) {
	t.Parallel()
	l := newLab(t, Limits{}, small)
	for i := range 5 {
		l.create(Request{Task: fmt.Sprint("t", i)})
	}
	used, err := l.store.Load(t.Context(), "t3")
	l.check(err)
	release, err := used.Use()
	l.check(err)
	making, err := filelock.Open(filepath.Join(l.left(newPrefix+"young."), lockName), filelock.Shared) // somebody is making it
	l.check(err)
	l.left(newPrefix + "t9.") // without a lock, young: perhaps somebody is
	old := l.left(newPrefix + "t8.")
	l.check(os.Chtimes(old, time.Now(), time.Now().Add(-time.Hour)))
	killed, err := filelock.Open(filepath.Join(l.left(newPrefix+"t7."), lockName), filelock.Shared)
	l.check(err)
	l.check(killed.Close())
	l.left(deadPrefix)
	for _, id := range []string{"t7", "t9", "gone", "young"} {
		l.check(l.kernel.Pin(t.Context(), id, l.base))
	}
	removed, err := l.store.GC(t.Context(), func(w *Workspace) bool { return w.ID == "t1" })
	l.check(err)
	if !slices.Equal(removed, []string{"t0", "t2", "t4"}) {
		t.Errorf("removed %q", removed)
	}
	left := l.entries()
	for i, name := range left {
		left[i], _, _ = strings.Cut(name, ".1")
		left[i], _, _ = strings.Cut(strings.TrimPrefix(name, "."), ".")
	}
	if !slices.Equal(left, []string{"new-t9", "new-young", "t1", "t3"}) {
		t.Errorf("left: %q", left)
	}
	if got := l.refs(); !slices.Equal(got, []string{"pins/t1", "pins/t3", "pins/t9", "pins/young"}) {
		t.Errorf("refs: %q", got)
	}
	l.check(errors.Join(release(), making.Close()))
}

// left makes a folder as a process that was killed left it, with what an agent may put there.
func (l *lab) left(prefix string) string {
	l.t.Helper()
	dir, err := os.MkdirTemp(l.store.dir, prefix)
	l.check(err)
	l.check(errors.Join(os.MkdirAll(filepath.Join(dir, "repo/closed/deep"), 0o700), os.Symlink("/etc", filepath.Join(dir, "repo/link")), os.Chmod(filepath.Join(dir, "repo/closed"), 0)))
	return dir
}

// TestUnreadable shows that one bad state does not stop the others, and is not taken for garbage.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	l := newLab(t, Limits{}, small)
	w := l.create(Request{Task: "bad"})
	l.create(Request{Task: "good"})
	l.check(os.WriteFile(w.path("state.json"), []byte(`{"v":9}`), 0o600))
	removed, err := l.store.GC(t.Context(), none)
	if err == nil || !strings.Contains(err.Error(), "version 9") || !slices.Equal(removed, []string{"good"}) {
		t.Errorf("removed %q, %v", removed, err)
	}
	if got := l.refs(); !slices.Equal(got, []string{"pins/bad"}) {
		t.Errorf("refs: %q", got)
	}
}

// crashVariable makes this test binary work in a store until it is killed.
const crashVariable = "WORKSPACE_TEST_CRASH"

// TestKill kills a process at random points of making, pulling and removing workspaces. Whatever it left, GC removes it: no
// folder and no pin stays, and each workspace that is listed is whole.
func TestKill(t *testing.T) {
	t.Parallel()
	l := newLab(t, Limits{}, small)
	rounds := 30
	if testing.Short() {
		rounds = 5
	}
	dir, store := l.kernel.Dir(), l.store.dir
	l.check(l.kernel.Close())
	for round := range rounds {
		crash(t, dir, store, string(l.base), time.Duration(rand.IntN(400))*time.Millisecond)
		l.again(dir, store)
		listed, err := l.store.List(t.Context())
		l.check(err)
		for _, w := range listed {
			if got := l.git(w, "status", "--porcelain"); got != "" {
				t.Errorf("round %d: %s is not whole: %s", round, w.ID, got)
			}
		}
		for _, name := range l.entries() { // as if they were old
			l.check(os.Chtimes(l.store.path(name, ""), time.Now(), time.Now().Add(-time.Hour)))
		}
		if _, err := l.store.GC(t.Context(), none); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if got := append(l.entries(), l.refs()...); len(got) > 0 {
			t.Fatalf("round %d left %q", round, got)
		}
		l.check(l.kernel.Close())
	}
	l.again(dir, store)
}

// again opens the kernel and the store as the next daemon does.
func (l *lab) again(dir, store string) {
	l.t.Helper()
	var err error
	l.kernel, err = kernel.Open(l.t.Context(), dir)
	l.check(err)
	deadline := time.Now().Add(5 * time.Minute)
	_, err = l.kernel.Acquire(l.t.Context())
	for errors.As(err, new(*kernel.HeldError)) && time.Now().Before(deadline) { // a child of the killed process between fork and exec
		<-time.After(10 * time.Millisecond)
		_, err = l.kernel.Acquire(l.t.Context())
	}
	l.check(err)
	l.store, err = Open(Config{Dir: store, Kernel: l.kernel})
	l.check(err)
}

func crash(t *testing.T, dir, store, base string, after time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashVariable+"="+strings.Join([]string{dir, store, base}, "\n"), "TMPDIR="+t.TempDir())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err := errors.Join(err, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	timer := time.NewTimer(after)
	<-timer.C
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
}

// crashWork makes, pulls and removes workspaces for ever.
func crashWork(job string) error {
	ctx := context.Background()
	part := strings.Split(job, "\n")
	k, err := kernel.Open(ctx, part[0])
	if err != nil {
		return err
	}
	if _, err := k.Acquire(ctx); err != nil {
		return err
	}
	store, err := Open(Config{Dir: part[1], Kernel: k})
	if err != nil {
		return err
	}
	sb, err := sandboxes()
	if err != nil {
		return err
	}
	fmt.Println("ready")
	for i := 0; ; i++ {
		id, err := slotFor(i)
		if err != nil {
			return err
		}
		w, err := store.Create(ctx, Request{Task: fmt.Sprint("t", i), Base: git.OID(part[2]), Cone: []string{"a"}, Identity: id})
		if err != nil {
			return err
		}
		if _, err := w.Pull(ctx, In(sb)); err != nil {
			return err
		}
		if err := store.Remove(ctx, fmt.Sprint("t", i-1)); err != nil {
			return err
		}
	}
}
