package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/exectest"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/ledger"
)

// forge is a bare remote as a forge keeps it.
func (l *lab) forge(config ...string) string {
	l.t.Helper()
	dir := filepath.Join(l.t.TempDir(), "forge.git")
	l.run("init", "-q", "--bare", "-b", "main", dir)
	for i := 0; i < len(config); i += 2 {
		l.run("-C", dir, "config", config[i], config[i+1])
	}
	return dir
}

func (l *lab) run(args ...string) string {
	l.t.Helper()
	return l.clone.Git(args...)
}

func (l *lab) refsOf(dir string) map[string]string {
	l.t.Helper()
	refs := map[string]string{}
	for line := range strings.Lines(l.run("-C", dir, "for-each-ref", "--format=%(refname) %(objectname)")) {
		name, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		refs[name] = id
	}
	return refs
}

func (l *lab) mirror(k *Kernel, remote string) Mirror {
	l.t.Helper()
	m, err := k.Mirror(l.t.Context(), remote)
	l.check(err)
	return m
}

func (l *lab) refused(m Mirror, ref, cause string) {
	l.t.Helper()
	if len(m.Refused) != 1 || m.Refused[0].Ref != ref || m.Refused[0].Cause != cause || m.Refused[0].Do == "" {
		l.t.Errorf("refused %+v, want %s: %s", m.Refused, ref, cause)
	}
}

func TestMirror(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	l.check(land(t.Context(), k, 0))
	l.check(k.Pin(t.Context(), "t1", l.head(k)))
	forge := l.forge("receive.denyNonFastForwards", "true")
	m := l.mirror(k, forge)
	if len(m.Refused) != 0 || len(m.Pushed) != 5 {
		t.Errorf("%+v", m)
	}
	refs := l.refsOf(forge)
	want := []string{RefMirrorMain, LedgerRef(k.Writer()), ChangeMeta(changeID(0)), ChangePatchSet(changeID(0), 1), RefMain}
	for _, name := range want {
		if refs[name] == "" {
			t.Errorf("%s is not in the mirror", name)
		}
	}
	if len(refs) != len(want) {
		t.Errorf("the mirror has %v", refs)
	}
	if kinds := l.kinds(k); kinds[len(kinds)-1] != ledger.MirrorPushed {
		t.Errorf("%v", kinds)
	}
	// What was just noted is pushed, and not noted again.
	if again := l.mirror(k, forge); !slices.Equal(again.Pushed, []string{LedgerRef(k.Writer())}) {
		t.Errorf("%+v", again)
	}
	if third := l.mirror(k, forge); len(third.Pushed)+len(third.Deleted)+len(third.Refused) != 0 {
		t.Errorf("%+v", third)
	}
	// An archived change is deleted; one that the kernel never had is left alone.
	stranger := ChangeMeta(changeID(77))
	l.run("-C", forge, "update-ref", stranger, l.run("-C", forge, "commit-tree", "-m", "x", refs[RefMain]+"^{tree}"))
	l.check(k.UpdateRefs(t.Context(), []git.RefUpdate{{Name: ChangeMeta(changeID(0)), Old: git.OID(refs[ChangeMeta(changeID(0))])},
		{Name: ChangePatchSet(changeID(0), 1), Old: git.OID(refs[ChangePatchSet(changeID(0), 1)])}}))
	if m := l.mirror(k, forge); len(m.Deleted) != 2 || l.refsOf(forge)[stranger] == "" {
		t.Errorf("%+v", m)
	}
}

func (l *lab) head(k *Kernel) git.OID {
	l.t.Helper()
	id, err := k.Ref(l.t.Context(), RefMain)
	l.check(err)
	return id
}

// A remote that protects its main keeps everything else, and the kernel's main under another name.
func TestMirrorProtectedMain(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	forge := l.forge()
	l.mirror(k, forge)
	before := l.refsOf(forge)[RefMain]
	hook := filepath.Join(forge, "hooks", "pre-receive")
	l.check(os.MkdirAll(filepath.Dir(hook), 0o755))
	l.check(exectest.WriteFile(hook, []byte("#!/bin/sh\nwhile read old new ref; do [ $ref = refs/heads/main ] && { echo 'main is protected' >&2; exit 1; }; done; exit 0\n"), 0o755))
	l.check(land(t.Context(), k, 0))
	m := l.mirror(k, forge)
	l.refused(m, RefMain, CauseProtected)
	refs := l.refsOf(forge)
	if refs[RefMirrorMain] != string(l.head(k)) || refs[RefMain] != before {
		t.Errorf("%v", refs)
	}
	if kinds := l.kinds(k); kinds[len(kinds)-1] != ledger.MirrorRefused {
		t.Errorf("%v", kinds)
	}
	// Restoring takes the kernel's main, not the forge's.
	restored := l.restore(forge)
	if id := l.head(restored); id != l.head(k) {
		t.Errorf("restored main %s", id)
	}
}

// Somebody pushes to the forge's main: that is refused, explained and never forced.
func TestMirrorMovedMain(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	forge := l.forge()
	l.mirror(k, forge)
	foreign := l.run("-C", forge, "commit-tree", "-p", "main", "-m", "by hand", "main^{tree}")
	l.run("-C", forge, "update-ref", RefMain, foreign)
	l.check(land(t.Context(), k, 0))
	l.refused(l.mirror(k, forge), RefMain, CauseMoved)
	if refs := l.refsOf(forge); refs[RefMain] != foreign || refs[RefMirrorMain] != string(l.head(k)) {
		t.Errorf("%v", refs)
	}
}

// A rewritten ledger on the mirror stops everything, whether it was cut, replaced or written by another kernel.
func TestMirrorRewrittenLedger(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	for name, rewrite := range map[string]func(forge, ref string) string{
		"replaced":       func(forge, ref string) string { l.rewrite(forge, ref); return ref },
		"another kernel": func(forge, _ string) string { l.rewrite(forge, LedgerRef("k-other")); return LedgerRef("k-other") },
	} {
		forge := l.forge()
		l.mirror(k, forge)
		ref := rewrite(forge, LedgerRef(k.Writer()))
		l.check(land(t.Context(), k, len(name)))
		before := l.refsOf(forge)
		m := l.mirror(k, forge)
		l.refused(m, ref, CauseRewritten)
		if after := l.refsOf(forge); len(m.Pushed) != 0 || len(after) != len(before) || after[RefMirrorMain] != before[RefMirrorMain] {
			t.Errorf("%s: pushed %v", name, m.Pushed)
		}
	}
}

func (l *lab) rewrite(forge, ref string) {
	l.t.Helper()
	l.run("-C", forge, "update-ref", ref, l.run("-C", forge, "commit-tree", "-m", "x", "main^{tree}"))
}

// A ledger that was set back on the mirror is a part of ours: it is brought up again.
func TestMirrorCutLedger(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	l.check(land(t.Context(), k, 0))
	forge := l.forge()
	l.mirror(k, forge)
	ref := LedgerRef(k.Writer())
	l.run("-C", forge, "update-ref", ref, ref+"~1")
	if m := l.mirror(k, forge); len(m.Refused) != 0 {
		t.Errorf("%+v", m)
	}
}

func TestCauses(t *testing.T) {
	t.Parallel()
	for reason, cause := range map[string]string{
		"[rejected] (non-fast-forward)":                                  CauseMoved,
		"[rejected] (fetch first)":                                       CauseMoved,
		"[remote rejected] (pre-receive hook declined)":                  CauseProtected,
		"[remote rejected] (protected branch hook declined)":             CauseProtected,
		"[remote rejected] (deny updating a hidden ref)":                 CauseOther,
		"[remote rejected] (deletion prohibited)":                        CauseDeletion,
		"[remote rejected] (push declined due to repository rule GH013)": CauseProtected,
	} {
		if got := causeOf(git.PushResult{Name: RefMain, Reason: reason}); got != cause {
			t.Errorf("%s: %s, want %s", reason, got, cause)
		}
	}
	if got := causeOf(git.PushResult{Name: LedgerRef("w"), Reason: "[rejected] (non-fast-forward)"}); got != CauseRewritten {
		t.Error(got)
	}
	if got := redact("https://me:secret@forge.example/x.git"); got != "https://forge.example/x.git" {
		t.Error(got)
	}
}

func (l *lab) openClone(dir string) *git.Repo {
	l.t.Helper()
	clone, err := git.Open(l.t.Context(), dir)
	l.check(err)
	l.t.Cleanup(func() { l.check(clone.Close()) })
	return clone
}

func TestSync(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	forge := l.forge()
	l.mirror(k, forge)
	user := gittest.New(t)
	clone := l.openClone(user.Dir)
	first, err := SyncFrom(t.Context(), clone, "adamant", forge)
	if err != nil || first.Main != l.head(k) || first.Was != "" {
		t.Fatalf("%+v %v", first, err)
	}
	for n := range 3 {
		l.check(land(t.Context(), k, n))
	}
	l.mirror(k, forge)
	l.mirror(k, forge)
	second, err := SyncFrom(t.Context(), clone, "adamant", forge)
	if err != nil || second.Landed != 3 || second.Was != first.Main || second.Main != l.head(k) {
		t.Fatalf("%+v %v", second, err)
	}
	report, err := ledger.Verify(t.Context(), clone, ledger.Seen{}, ledger.Policy{})
	if err != nil || len(report.Alarms) != 0 || len(report.Ledgers) != 1 {
		t.Errorf("%+v %v", report, err)
	}
	refs := l.refsOf(user.Dir)
	if len(refs) != 2+2*3 {
		t.Errorf("the clone has %v", refs)
	}
	for name := range refs {
		if !strings.HasPrefix(name, RemotePrefix("adamant")) {
			t.Errorf("it made %s", name)
		}
	}
	// From the kernel itself no lease, pin or quarantine comes.
	l.check(k.Pin(t.Context(), "t1", l.head(k)))
	if _, err := SyncFrom(t.Context(), clone, "local", k.Repo().CommonDir()); err != nil {
		t.Fatal(err)
	}
	if refs := l.refsOf(user.Dir); len(refs) != 2*(2+2*3) {
		t.Errorf("the clone has %v", refs)
	}
	// An archived change goes.
	l.run("-C", forge, "update-ref", "-d", ChangeMeta(changeID(0)))
	third, err := SyncFrom(t.Context(), clone, "adamant", forge)
	if err != nil || third.Pruned != 1 {
		t.Errorf("%+v %v", third, err)
	}
}

// A rewritten main or ledger is refused, and nothing else moves.
func TestSyncRefusesRewrites(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	for _, ref := range []string{RefMirrorMain, LedgerRef(k.Writer())} {
		forge := l.forge()
		l.mirror(k, forge)
		user := gittest.New(t)
		clone := l.openClone(user.Dir)
		_, err := SyncFrom(t.Context(), clone, "adamant", forge)
		l.check(err)
		before := l.refsOf(user.Dir)
		l.run("-C", forge, "update-ref", ref, l.run("-C", forge, "commit-tree", "-m", "rewritten", "main^{tree}"))
		l.run("-C", forge, "update-ref", ChangeMeta(changeID(5)), "main")
		_, err = SyncFrom(t.Context(), clone, "adamant", forge)
		var rewritten *RewrittenError
		if !errors.As(err, &rewritten) || len(rewritten.Refs) != 1 {
			t.Errorf("%s: %v", ref, err)
		}
		if after := l.refsOf(user.Dir); len(after) != len(before) {
			t.Errorf("%s: it fetched %v", ref, after)
		}
	}
	if _, err := SyncFrom(t.Context(), l.openClone(l.clone.Dir), "adamant", l.forge()); err == nil {
		t.Error("an empty remote: accepted")
	}
}

// restore rebuilds a kernel from a mirror and takes it.
func (l *lab) restore(from string) *Kernel {
	l.t.Helper()
	k, r, err := Restore(l.t.Context(), filepath.Join(l.t.TempDir(), "restored"), from, ledger.Policy{})
	l.check(err)
	l.t.Cleanup(func() { l.check(k.Close()) })
	if r.Entries == 0 {
		l.t.Errorf("%+v", r)
	}
	recovery, err := k.Acquire(l.t.Context())
	l.check(err)
	l.check(k.NoteRestored(l.t.Context(), r))
	if recovery.Moved != nil || recovery.Created {
		l.t.Errorf("recovery %+v", recovery)
	}
	return k
}

func TestRestore(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		l := &lab{t: t, clone: newFormat(t, format), dir: filepath.Join(t.TempDir(), "kernel")}
		l.clone.Write("dir0/a", "a")
		l.clone.Commit("first")
		l.check(l.create().Close())
		k, _ := l.acquire()
		for n := range 3 {
			l.check(land(t.Context(), k, n))
		}
		forge := filepath.Join(t.TempDir(), "forge.git")
		l.run("init", "-q", "--bare", "-b", "main", "--object-format="+format, forge)
		l.mirror(k, forge)
		back := l.restore(forge)
		if back.Writer() == k.Writer() || l.head(back) != l.head(k) {
			t.Errorf("%s: writer %s, main %s", format, back.Writer(), l.head(back))
		}
		for _, ref := range []string{ChangeMeta(changeID(2)), ChangePatchSet(changeID(0), 1), LedgerRef(k.Writer())} {
			have, err := back.Ref(t.Context(), ref)
			want, err2 := k.Ref(t.Context(), ref)
			if errors.Join(err, err2) != nil || have == "" || have != want && !strings.HasPrefix(ref, PrefixLedger) {
				t.Errorf("%s: %s is %s, want %s", format, ref, have, want)
			}
		}
		l.check(land(t.Context(), back, 9)) // it goes on
		report, err := ledger.Verify(t.Context(), back.Repo(), ledger.Seen{}, ledger.Policy{})
		if err != nil || len(report.Alarms) != 0 || len(report.Ledgers) != 2 {
			t.Errorf("%+v %v", report, err)
		}
		if m := l.mirror(back, forge); len(m.Refused) != 0 {
			t.Errorf("%s: it cannot mirror where it came from: %+v", format, m.Refused)
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	l.check(land(t.Context(), k, 0))
	forge := l.forge()
	l.mirror(k, forge)
	dir := filepath.Join(t.TempDir(), "restored")
	refuse := func(what, from, says string) {
		t.Helper()
		_, _, err := Restore(t.Context(), dir, from, ledger.Policy{})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", what, err)
		}
		left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), ".restore-*"))
		if len(left) > 0 {
			t.Errorf("%s: it left %v", what, left)
		}
	}
	refuse("empty", l.forge(), "no main branch")
	plain := l.forge()
	l.run("push", "-q", plain, "main")
	refuse("no mirror", plain, "no ledger")
	l.check(os.MkdirAll(filepath.Join(dir, "x"), 0o755))
	refuse("a folder in use", forge, "not empty")
	l.check(os.RemoveAll(dir))
	l.rewrite(forge, LedgerRef(k.Writer()))
	refuse("a rewritten ledger", forge, "nothing was restored")
}

// A mirror that was made in the middle of a landing lacks what lands: recovery takes that landing back.
func TestRestoreUnfinished(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	l.check(land(t.Context(), k, 0))
	before := l.head(k)
	forge := l.forge()
	l.mirror(k, forge)
	landing, err := compose(t.Context(), k, 1)
	l.check(err)
	intent, err := newIntent(landing, k.epoch)
	l.check(err)
	l.check(k.journal.record(t.Context(), ledger.LandingIntent, intent.change(), intent))
	l.mirror(k, forge)
	back, _, err := Restore(t.Context(), filepath.Join(t.TempDir(), "restored"), forge, ledger.Policy{})
	l.check(err)
	t.Cleanup(func() { l.check(back.Close()) })
	recovery, err := back.Acquire(t.Context())
	if err != nil || recovery.Landed || recovery.Landing != intent.ID || l.head(back) != before {
		t.Errorf("%+v %v", recovery, err)
	}
	l.check(land(t.Context(), back, 2))
}

func TestEject(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	clone := l.openClone(l.clone.Dir)
	l.check(clone.SetRemote(t.Context(), "adamant", "http://127.0.0.1:1/"))
	l.check(land(t.Context(), k, 0))
	_, err := k.Eject(t.Context(), clone, "adamant", "refs/heads/main")
	var behind *NotPulledError
	if !errors.As(err, &behind) || behind.Behind != 1 {
		t.Fatal(err)
	}
	l.check(clone.FastForward(t.Context(), l.head(k)))
	s, err := k.Eject(t.Context(), clone, "adamant", "refs/heads/main")
	if err != nil || s.Main != l.head(k) {
		t.Fatalf("%+v %v", s, err)
	}
	if names, err := clone.Remotes(t.Context()); err != nil || len(names) != 0 {
		t.Errorf("%v %v", names, err)
	}
	entries, err := ledger.Collect(t.Context(), clone, ledger.Filter{Kinds: []string{ledger.KernelEjected}}, 0)
	if err != nil || len(entries) != 1 {
		t.Errorf("the record in the clone: %v %v", entries, err)
	}
	l.check(k.Remove())
	if _, err := os.Stat(l.dir); !os.IsNotExist(err) {
		t.Error(err)
	}
	if l.run("status", "--porcelain") != "" {
		t.Error("the working tree changed")
	}
}
