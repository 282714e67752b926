package kernel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/ledger"
)

// lab is a kernel made from a small clone.
type lab struct {
	t     testing.TB
	clone *gittest.Repo
	dir   string
}

func newLab(t testing.TB) *lab {
	t.Helper()
	clone := gittest.New(t)
	for i := range 20 {
		clone.Write(fmt.Sprintf("dir%d/file%d", i%4, i), fmt.Sprint(i))
	}
	clone.Commit("first")
	l := &lab{t: t, clone: clone, dir: filepath.Join(t.TempDir(), "a kernel")}
	if err := l.create().Close(); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lab) create() *Kernel {
	l.t.Helper()
	from, err := git.Open(l.t.Context(), l.clone.Dir)
	if err != nil {
		l.t.Fatal(err)
	}
	k, err := Create(l.t.Context(), l.dir, from, Options{})
	if err := errors.Join(err, from.Close()); err != nil {
		l.t.Fatal(err)
	}
	return k
}

func (l *lab) open() *Kernel {
	l.t.Helper()
	k, err := Open(l.t.Context(), l.dir)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		if err := k.Close(); err != nil {
			l.t.Error(err)
		}
	})
	return k
}

func (l *lab) acquire() (*Kernel, Recovery) {
	l.t.Helper()
	k := l.open()
	found, err := hold(l.t.Context(), k, Hold{})
	if err != nil {
		l.t.Fatal(err)
	}
	return k, found
}

// hold acquires a kernel, also one whose holder was just killed: its lock lasts as long as a child of it that is between fork and exec,
// and its orphans as long as the machine lets them. A holder that lives has a name.
func hold(ctx context.Context, k *Kernel, how Hold) (Recovery, error) {
	how.Wait = 5 * time.Minute
	for end := time.Now().Add(how.Wait); ; {
		found, err := k.Acquire(ctx, how)
		if held := (*HeldError)(nil); !errors.As(err, &held) || held.Holder.PID != 0 || time.Now().After(end) {
			return found, err
		}
		<-time.After(10 * time.Millisecond)
	}
}

// git runs plain git in kernel.git or main.git.
func (l *lab) git(repo string, args ...string) string {
	l.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = filepath.Join(l.dir, repo)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + l.t.TempDir(), "GIT_CONFIG_NOSYSTEM=1"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		l.t.Fatalf("git %q in %s: %v\n%s", args, repo, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (l *lab) check(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

var tester = git.Signature{Name: "Tester", Email: "tester@example.com", When: time.Unix(1_700_000_000, 0).UTC()}

// changeID makes the id of the nth change of a test.
func changeID(n int) string { return fmt.Sprintf("%064x", n+1) }

// compose writes the nth landing on top of main: one file, one commit, one change's references.
func compose(ctx context.Context, k *Kernel, n int) (Landing, error) {
	main, err := k.Ref(ctx, RefMain)
	if err != nil {
		return Landing{}, err
	}
	tip, err := k.Repo().Commit(ctx, main)
	if err != nil {
		return Landing{}, err
	}
	tree, err := addFile(ctx, k.Repo(), tip.Tree, fmt.Sprintf("landed-%d", n))
	if err != nil {
		return Landing{}, err
	}
	c := git.NewCommit{Tree: tree, Parents: []git.OID{main}, Author: tester, Committer: tester,
		Message: fmt.Sprintf("landing %d\n\nChange-Id: %s", n, changeID(n))}
	id, err := k.Repo().WriteCommit(ctx, c)
	if err != nil {
		return Landing{}, err
	}
	return Landing{Changes: []string{changeID(n)}, Main: git.RefUpdate{Name: RefMain, Old: main, New: id}, Updates: []git.RefUpdate{
		{Name: ChangeMeta(changeID(n)), New: id}, {Name: ChangePatchSet(changeID(n), 1), New: id}}}, nil
}

// addFile writes a tree with one more file at its top.
func addFile(ctx context.Context, repo *git.Repo, tree git.OID, name string) (git.OID, error) {
	blob, err := repo.WriteBlob(ctx, []byte(name))
	if err != nil {
		return "", err
	}
	files, err := repo.Tree(ctx, tree)
	if err != nil {
		return "", err
	}
	entries := []git.Entry{{Path: name, Mode: git.ModeFile, OID: blob}}
	for _, file := range files {
		top, _, nested := strings.Cut(file.Path, "/")
		entry := git.Entry{Path: top, Mode: file.Mode, OID: file.OID}
		if nested {
			if slices.ContainsFunc(entries, func(e git.Entry) bool { return e.Path == top }) {
				continue
			}
			entry.Mode = git.ModeTree
			if entry.OID, err = repo.Lookup(ctx, tree, top); err != nil {
				return "", err
			}
		}
		entries = append(entries, entry)
	}
	return repo.WriteTree(ctx, entries)
}

func land(ctx context.Context, k *Kernel, n int) error {
	landing, err := compose(ctx, k, n)
	if err != nil {
		return err
	}
	return k.Land(ctx, landing)
}

// kinds lists the ledger's entries.
func (l *lab) kinds(k *Kernel) []string {
	l.t.Helper()
	var kinds []string
	for e, err := range ledger.Read(l.t.Context(), k.Repo(), ledger.Filter{}) {
		l.check(err)
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func TestCreate(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		clone := &gittest.Repo{}
		if format == "sha1" {
			clone = gittest.New(t)
		} else {
			clone = newFormat(t, format)
		}
		clone.Write("a", "a")
		main := clone.Commit("first")
		clone.Branch("side")
		clone.Write("secret", "nobody's business")
		secret := clone.Commit("side")
		l := &lab{t: t, clone: clone, dir: filepath.Join(t.TempDir(), "kernel")}
		for range 2 {
			l.check(l.create().Close())
		}
		for _, repo := range []string{"kernel.git", "main.git"} {
			if refs := l.git(repo, "for-each-ref", "--format=%(objectname) %(refname)"); refs != main+" "+RefMain {
				t.Errorf("%s has %q", repo, refs)
			}
			for key, want := range map[string]string{"core.fsync": "committed,loose-object,reference", "gc.auto": "0", "receive.autogc": "false",
				"transfer.fsckObjects": "true", "receive.fsckObjects": "true", "fetch.fsckObjects": "true", "maintenance.auto": "false"} {
				if have := l.git(repo, "config", "--local", key); have != want {
					t.Errorf("%s: %s = %s", repo, key, have)
				}
			}
			l.git(repo, "fsck", "--full", "--strict")
		}
		objects := l.git("main.git", "cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
		if strings.Contains(objects, secret) || strings.Count(objects, "\n")+1 != 3 {
			t.Errorf("main.git holds more than main's closure:\n%s", objects)
		}
		if own := l.git("kernel.git", "count-objects"); own != "0 objects, 0 kilobytes" {
			t.Errorf("kernel.git does not borrow from main.git: %s", own)
		}
		private(t, filepath.Join(l.dir, "kernel.git"))
	}
}

func newFormat(t *testing.T, format string) *gittest.Repo {
	t.Helper()
	r := gittest.New(t)
	if err := os.RemoveAll(filepath.Join(r.Dir, ".git")); err != nil {
		t.Fatal(err)
	}
	r.Git("init", "-q", "-b", "main", "--object-format="+format, ".")
	return r
}

// private demands that nobody but the owner reads anything.
func private(t *testing.T, dir string) {
	t.Helper()
	for _, path := range []string{filepath.Dir(dir), dir} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What a kernel holds is never replaced, and it survives being moved to another folder.
func TestCreateKeeps(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	l.check(land(t.Context(), k, 1))
	main, err := k.Ref(t.Context(), RefMain)
	l.check(err)
	l.check(k.Close())
	l.clone.Write("later", "x")
	l.clone.Commit("later")
	moved := l.dir + " moved"
	l.check(os.Rename(l.dir, moved))
	l.dir = moved
	k = l.create()
	if have, err := k.Ref(t.Context(), RefMain); err != nil || have != main {
		t.Errorf("main is %s, %v after creating again; it was %s", have, err, main)
	}
	l.check(k.Close())
	l.git("kernel.git", "fsck", "--full")
}

func TestCreateRefused(t *testing.T) {
	t.Parallel()
	clone := gittest.New(t)
	open := func(dir string) *git.Repo {
		r, err := git.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		return r
	}
	if _, err := Create(t.Context(), filepath.Join(t.TempDir(), "k"), open(clone.Dir), Options{}); err == nil || !strings.Contains(err.Error(), "has no refs/heads/main") {
		t.Errorf("a clone without commits: %v", err)
	}
	clone.Commit("first")
	clone.Commit("second")
	shallow := filepath.Join(t.TempDir(), "shallow")
	clone.Git("clone", "-q", "--depth=1", "file://"+clone.Dir, shallow)
	if _, err := Create(t.Context(), filepath.Join(t.TempDir(), "k"), open(shallow), Options{}); err == nil || !strings.Contains(err.Error(), "git fetch --unshallow") {
		t.Errorf("a shallow clone: %v", err)
	}
	clone.Write("file", "was there once")
	clone.Commit("third")
	clone.Write("file", "")
	clone.Commit("fourth")
	clone.Git("config", "uploadpack.allowFilter", "true")
	partial, dir := filepath.Join(t.TempDir(), "partial"), filepath.Join(t.TempDir(), "k")
	// No packing in the background, which a fetch of everything begins, while the folder is read and removed.
	clone.Git("clone", "-q", "--filter=blob:none", "--config=maintenance.auto=false", "file://"+clone.Dir, partial)
	advice := "git fetch --refetch --no-filter"
	if _, err := Create(t.Context(), dir, open(partial), Options{}); err == nil || !strings.HasSuffix(err.Error(), "run: "+advice) {
		t.Fatalf("a partial clone: %v", err)
	}
	clone.Git(append([]string{"-C", partial}, strings.Fields(advice)[1:]...)...)
	k, err := Create(t.Context(), dir, open(partial), Options{})
	if err != nil {
		t.Fatalf("a clone that was partial: %v", err)
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Open(t.Context(), t.TempDir()); !errors.Is(err, fs.ErrNotExist) || !strings.HasSuffix(err.Error(), "; adamant up makes one") {
		t.Errorf("opening a folder without a kernel: %v", err)
	}
	l := newLab(t)
	l.check(os.WriteFile(filepath.Join(l.dir, "kernel.json"), []byte(`{"v":2}`), 0o600))
	if _, err := Open(t.Context(), l.dir); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("a kernel of the future: %v", err)
	}
}

func TestLand(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, found := l.acquire()
	if !found.Created || found.Repaired() {
		t.Errorf("the first process found %+v", found)
	}
	for n := range 3 {
		l.check(land(t.Context(), k, n))
	}
	main := l.git("kernel.git", "rev-parse", RefMain)
	if have := l.git("main.git", "rev-parse", RefMain); have != main {
		t.Errorf("main.git is at %s, kernel.git at %s", have, main)
	}
	if have := l.git("kernel.git", "rev-parse", ChangeMeta(changeID(2))); have != main {
		t.Errorf("the change is at %s", have)
	}
	want := []string{ledger.KernelCreated}
	for range 3 {
		want = append(want, ledger.LandingIntent, ledger.LandingDone)
	}
	if have := l.kinds(k); !slices.Equal(have, want) {
		t.Errorf("ledger %v, want %v", have, want)
	}
	l.git("main.git", "fsck", "--full", "--strict")
	if extra := l.git("main.git", "fsck", "--unreachable", "--no-progress"); extra != "" {
		t.Errorf("main.git holds more than main's closure:\n%s", extra)
	}
}

func TestLandRefused(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	ctx := t.Context()
	l.check(land(ctx, k, 0))
	good, err := compose(ctx, k, 1)
	l.check(err)
	before := len(l.kinds(k))
	side := l.git("kernel.git", "-c", "user.name=x", "-c", "user.email=x@example.com", "commit-tree", "-m", "unrelated", string(good.Main.Old)+"^{tree}")
	for what, change := range map[string]func(*Landing){
		"another main":      func(l *Landing) { l.Main.Name = "refs/heads/other" },
		"a stale main":      func(l *Landing) { l.Main.Old = git.OID(side); l.Main.New = git.OID(side) },
		"no descendant":     func(l *Landing) { l.Main.New = git.OID(side) },
		"deletes main":      func(l *Landing) { l.Main.New = "" },
		"moves the lease":   func(l *Landing) { l.Updates[0].Name = RefLease },
		"moves the ledger":  func(l *Landing) { l.Updates[0].Name = LedgerRef("x") },
		"moves main twice":  func(l *Landing) { l.Updates[0].Name = RefMain },
		"a strange name":    func(l *Landing) { l.Updates[0].Name = "refs/notes/x" },
		"the same twice":    func(l *Landing) { l.Updates[1] = l.Updates[0] },
		"a change moved on": func(l *Landing) { l.Updates[0].Old = l.Main.Old },
	} {
		bad := good
		bad.Updates = slices.Clone(good.Updates)
		change(&bad)
		if err := k.Land(ctx, bad); err == nil {
			t.Errorf("%s: landed", what)
		}
	}
	if after := len(l.kinds(k)); after != before {
		t.Errorf("refused landings left %d entries in the ledger", after-before)
	}
	l.check(k.Land(ctx, good))
}

// A reference that is locked or clashes stops the transaction: the ledger says so, nothing moved, and the next one lands.
func TestLandAborted(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	ctx := t.Context()
	good, err := compose(ctx, k, 1)
	l.check(err)
	lock := filepath.Join(l.dir, "kernel.git", filepath.FromSlash(RefMain)+".lock")
	l.check(os.WriteFile(lock, nil, 0o600))
	if locked := (*git.RefLockedError)(nil); !errors.As(k.Land(ctx, good), &locked) || locked.Lock != lock {
		t.Errorf("with a lock on main: %v", locked)
	}
	l.check(os.Remove(lock))
	clash := good
	clash.Updates = append(slices.Clone(good.Updates), git.RefUpdate{Name: PinRef("a"), New: good.Main.New})
	l.check(k.Pin(ctx, "a.b", good.Main.Old))
	l.check(os.MkdirAll(filepath.Join(l.dir, "kernel.git", filepath.FromSlash(PinRef("a")), "x"), 0o700))
	l.git("kernel.git", "update-ref", PinRef("a")+"/x", string(good.Main.Old))
	if clashed := (*git.RefClashError)(nil); !errors.As(k.Land(ctx, clash), &clashed) {
		t.Error("landed beside a reference that clashes")
	}
	if have, err := k.Ref(ctx, good.Updates[0].Name); err != nil || have != "" {
		t.Errorf("an aborted landing moved %s to %s, %v", good.Updates[0].Name, have, err)
	}
	l.check(k.Land(ctx, good))
	want := []string{ledger.KernelCreated, ledger.LandingIntent, ledger.LandingAborted, ledger.LandingIntent, ledger.LandingAborted,
		ledger.LandingIntent, ledger.LandingDone}
	if have := l.kinds(k); !slices.Equal(have, want) {
		t.Errorf("ledger %v, want %v", have, want)
	}
	if _, found := reopen(l, k); found.Repaired() {
		t.Errorf("the next process found %+v", found)
	}
}

// reopen ends a process and starts the next.
func reopen(l *lab, k *Kernel) (*Kernel, Recovery) {
	l.t.Helper()
	l.check(k.Close())
	return l.acquire()
}

// A caller who goes away after the intent does not leave half a landing.
func TestLandIsNotCut(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	ctx, cancel := context.WithCancel(t.Context())
	k.journal = &interfering{journal: k.journal, after: func(kind string) {
		if kind == ledger.LandingIntent {
			cancel()
		}
	}}
	landing, err := compose(ctx, k, 1)
	l.check(err)
	l.check(k.Land(ctx, landing))
	if err := k.Land(ctx, landing); err == nil {
		t.Error("landed twice")
	}
}

// TestSettled: while a landing has not ended, Settled waits.
func TestSettled(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	ending, end := make(chan bool), make(chan bool)
	k.journal = &interfering{journal: k.journal, before: func(kind string) error {
		if kind == ledger.LandingDone {
			close(ending)
			<-end
		}
		return nil
	}}
	landed, settled := make(chan error, 1), make(chan bool)
	go func() { landed <- land(t.Context(), k, 0) }()
	<-ending
	go func() { k.Settled(); close(settled) }()
	select {
	case <-settled:
		t.Error("settled while main.git and the ledger are not where main is")
	case <-time.After(100 * time.Millisecond):
	}
	close(end)
	<-settled
	l.check(<-landed)
}

// interfering does something after each entry.
type interfering struct {
	journal
	after  func(kind string)
	before func(kind string) error
}

func (j *interfering) record(ctx context.Context, kind, change string, body any) error {
	if j.before != nil {
		if err := j.before(kind); err != nil {
			return err
		}
	}
	err := j.journal.record(ctx, kind, change, body)
	if j.after != nil {
		j.after(kind)
	}
	return err
}

func TestFence(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ctx := t.Context()
	reader := l.open()
	if err := reader.Pin(ctx, "t", "x"); !errors.Is(err, ErrNotHeld) {
		t.Errorf("a reader pins: %v", err)
	}
	if err := reader.Land(ctx, Landing{}); !errors.Is(err, ErrNotHeld) {
		t.Errorf("a reader lands: %v", err)
	}
	if _, err := reader.Recover(ctx); !errors.Is(err, ErrNotHeld) {
		t.Errorf("a reader recovers: %v", err)
	}
	if err := reader.Maintain(ctx); !errors.Is(err, ErrNotHeld) {
		t.Errorf("a reader maintains: %v", err)
	}
	k, _ := l.acquire()
	main, err := k.Ref(ctx, RefMain)
	l.check(err)
	for _, bad := range []git.RefUpdate{{Name: RefMain, Old: main}, {Name: RefLease, Old: k.lease}, {Name: RefLease, Old: k.lease, New: main}} {
		if err := k.UpdateRefs(ctx, []git.RefUpdate{bad}); err == nil {
			t.Errorf("moved %s", bad.Name)
		}
	}
	l.check(k.UpdateRefs(ctx, []git.RefUpdate{{Name: RefMain, Old: main, New: main}, {Name: PinRef("a"), New: main}}))

	// The lease is lost: somebody removed the lock file, or sits on another machine.
	for _, file := range []string{"lock", "children", "holder.json"} {
		l.check(os.Remove(filepath.Join(l.dir, file)))
	}
	next, _ := l.acquire()
	if next.Epoch() != k.Epoch()+1 {
		t.Errorf("epoch %d after %d", next.Epoch(), k.Epoch())
	}
	fenced := (*FencedError)(nil)
	if err := k.UpdateRefs(ctx, []git.RefUpdate{{Name: PinRef("b"), New: main}}); !errors.As(err, &fenced) || fenced.Epoch != k.Epoch() {
		t.Errorf("the old process moves references: %v", err)
	}
	if err := land(ctx, k, 1); !errors.As(err, &fenced) {
		t.Errorf("the old process lands: %v", err)
	}
	l.check(land(ctx, next, 1))
	if refs, err := next.Repo().Refs(ctx, PrefixPins); err != nil || len(refs) != 1 {
		t.Errorf("pins %v, %v", refs, err)
	}
}

func TestPinAndMaintain(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	ctx := t.Context()
	first, err := k.Ref(ctx, RefMain)
	l.check(err)
	l.check(k.Pin(ctx, "task-1", first))
	l.check(k.Pin(ctx, "task-1", first))
	workspace := filepath.Join(t.TempDir(), "workspace")
	l.clone.Git("clone", "-q", "--shared", filepath.Join(l.dir, "main.git"), workspace)
	for n := range 3 {
		l.check(land(ctx, k, n))
	}
	l.check(k.Maintain(ctx))
	if loose := l.git("main.git", "count-objects"); loose != "0 objects, 0 kilobytes" {
		t.Errorf("main.git has %s loose", loose)
	}
	l.clone.Git("-C", workspace, "pull", "-q")
	l.clone.Git("-C", workspace, "fsck", "--full")

	// main goes back by hand: what a workspace borrows stays.
	landed := l.git("kernel.git", "rev-parse", RefMain)
	l.git("kernel.git", "update-ref", RefMain, string(first))
	if _, err := k.Recover(ctx); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		l.check(k.Maintain(ctx))
	}
	l.git("main.git", "cat-file", "-e", landed+"^{tree}")
	l.clone.Git("-C", workspace, "fsck", "--full")
	l.check(k.Unpin(ctx, "task-1"))
	l.check(k.Unpin(ctx, "task-1"))
	if err := k.Pin(ctx, "../x", first); err == nil {
		t.Error("pinned under a strange name")
	}
	if err := k.Pin(ctx, "x", ""); err == nil {
		t.Error("pinned nothing")
	}
	l.check(land(ctx, k, 7))
}

// Transactions of many goroutines all lock the lease; none may fail for that.
func TestConcurrentUpdates(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	main, err := k.Ref(t.Context(), RefMain)
	l.check(err)
	errs := make(chan error)
	for i := range 150 {
		go func() { errs <- k.Pin(t.Context(), fmt.Sprint("t", i), main) }()
	}
	go func() { errs <- land(t.Context(), k, 0) }()
	for range 151 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if refs, err := k.Repo().Refs(t.Context(), PrefixPins); err != nil || len(refs) != 150 {
		t.Errorf("%d pins, %v", len(refs), err)
	}
}

// The lease, pins and quarantine never leave the kernel; the rest does.
func TestHidden(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	main, err := k.Ref(t.Context(), RefMain)
	l.check(err)
	l.check(k.Pin(t.Context(), "t", main))
	l.check(k.UpdateRefs(t.Context(), []git.RefUpdate{{Name: QuarantineRef("t"), New: main}, {Name: ChangeMeta(changeID(1)), New: main}}))
	seen := l.clone.Git("ls-remote", filepath.Join(l.dir, "kernel.git"))
	for ref, visible := range map[string]bool{RefMain: true, ChangeMeta(changeID(1)): true, LedgerRef(k.Writer()): true,
		RefLease: false, PinRef("t"): false, QuarantineRef("t"): false} {
		if strings.Contains(seen, ref) != visible {
			t.Errorf("%s is visible: %v", ref, !visible)
		}
	}
	mirror := filepath.Join(t.TempDir(), "mirror.git")
	l.clone.Git("clone", "-q", "--mirror", filepath.Join(l.dir, "kernel.git"), mirror)
}

// Main is the last reference that a landing's transaction names: git renames in this order.
func TestMainLast(t *testing.T) {
	t.Parallel()
	intent, err := newIntent(Landing{Updates: []git.RefUpdate{{Name: "a"}, {Name: "b"}}, Main: git.RefUpdate{Name: RefMain}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if names := names(intent.moves()); !slices.Equal(names, []string{"a", "b", RefMain}) {
		t.Errorf("order %v", names)
	}
}
