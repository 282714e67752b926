package projection

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/leaktest"
	"github.com/adamant-os/adamant/internal/ledger"
	log "github.com/adamant-os/adamant/internal/tlog"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		logForEver(dir)
	}
	leaktest.Main(m)
}

func key() log.Key {
	return log.Key{Origin: "log.example.test", Private: ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))}
}

// rig is a kernel in a folder.
type rig struct {
	t   testing.TB
	dir string
	*kernel.Kernel
}

func newRig(t testing.TB) *rig {
	t.Helper()
	source := gittest.New(t)
	source.Write("a.txt", "one\n")
	source.Commit("one")
	repo := must(git.Open(t.Context(), source.Dir))(t)
	r := &rig{t: t, dir: filepath.Join(t.TempDir(), "kernel")}
	r.Kernel = must(kernel.Create(t.Context(), r.dir, repo, kernel.Options{}))(t)
	check(t, repo.Close())
	r.acquire()
	t.Cleanup(func() { check(t, r.Kernel.Close()) })
	return r
}

func (r *rig) acquire() {
	r.t.Helper()
	if err := hold(r.t.Context(), r.Kernel, kernel.Hold{Ledger: ledger.Options{Delay: time.Millisecond}}); err != nil {
		r.t.Fatal(err)
	}
}

// restart is another process's view of the kernel.
func (r *rig) restart() {
	r.t.Helper()
	check(r.t, r.Kernel.Close())
	r.Kernel = must(kernel.Open(r.t.Context(), r.dir))(r.t)
	r.acquire()
}

func (r *rig) open() *Projection {
	r.t.Helper()
	return must(Open(r.t.Context(), r.Kernel, key(), Options{}))(r.t)
}

func (r *rig) record(kind string, body any) ledger.Entry {
	r.t.Helper()
	return must(r.Ledger().AppendSync(r.t.Context(), ledger.Record{Actor: "gate", Kind: kind, Body: body}))(r.t)
}

func (r *rig) streams() []iter.Seq2[ledger.Entry, error] {
	r.t.Helper()
	var streams []iter.Seq2[ledger.Entry, error]
	for _, s := range must(ledger.Sources(r.t.Context(), r.Repo()))(r.t) {
		streams = append(streams, ledger.ReadFrom(r.t.Context(), r.Repo(), s))
	}
	return streams
}

func (r *rig) check(source log.Source) (Report, error) {
	r.t.Helper()
	return Check(r.t.Context(), r.reader(source), r.streams()...)
}

func (r *rig) reader(source log.Source) *log.Reader {
	r.t.Helper()
	return must(log.NewReader(r.t.Context(), source, must(key().Verifiers())(r.t)...))(r.t)
}

// published is the log as a clone has it.
func (r *rig) published() log.Source {
	r.t.Helper()
	head := must(r.Ref(r.t.Context(), kernel.RefLog))(r.t)
	return must(log.NewTree(r.t.Context(), r.Repo(), head))(r.t)
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func rekord(n int) []byte {
	return fmt.Appendf(nil, `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"n":%d,"text":"ü\u007f<"}}`, n)
}

// What is signed is in the ledger and then in the log, as it is, with a proof.
func TestLog(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.open()
	before := p.Size()
	for n := range 5 {
		r.record("agent.action", nil)
		r.record("approval.given", map[string]int{"n": n})
		e := must(p.Log(t.Context(), rekord(n)))(t)
		proof := make(tlog.RecordProof, len(e.Proof))
		for i, hash := range e.Proof {
			proof[i] = hash
		}
		check(t, tlog.CheckRecord(proof, int64(e.Size), e.Root, int64(e.Index), tlog.RecordHash(rekord(n))))
	}
	if got := p.Size() - before; got != 10 {
		t.Errorf("%d leaves, want 10: five approvals, five signatures, no actions", got)
	}
	check(t, p.Publish(t.Context()))
	report := must(r.check(r.published()))(t)
	if report.Size != p.Size() || report.Lag != 0 || report.Leaves[r.Writer()] != report.Size {
		t.Errorf("the report: %+v", report)
	}
	r.record("operator.enrolled", nil)
	if report := must(r.check(r.published()))(t); report.Lag != 1 {
		t.Errorf("a log that lags by one: %+v", report)
	}
	if _, err := p.Log(t.Context(), []byte("no JSON")); err == nil {
		t.Error("what is no JSON was logged")
	}
	check(t, p.Close(t.Context()))
}

// Many at once share the ledger's commits, and each gets its own proof.
func TestLogAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.open()
	var group sync.WaitGroup
	seen := make([]uint64, 40)
	for n := range seen {
		group.Go(func() {
			e, err := p.Log(t.Context(), rekord(n))
			check(t, err)
			seen[n] = e.Index
		})
	}
	group.Wait()
	check(t, p.Publish(t.Context()))
	reader := r.reader(r.published())
	for n, index := range seen {
		if leaf := must(reader.Leaf(t.Context(), index))(t); string(leaf) != string(rekord(n)) {
			t.Errorf("leaf %d is %s, want %s", index, leaf, rekord(n))
		}
	}
	must(r.check(r.published()))(t)
	check(t, p.Close(t.Context()))
}

// Whatever the log missed while it was closed, or lost, is in it after a start, in the ledger's order; a log that was published before
// is continued.
func TestResume(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(r *rig){
		"nothing":       func(*rig) {},
		"what was seen": func(r *rig) { check(r.t, os.Remove(filepath.Join(Folder(r.dir), seenName))) },
		"everything":    func(r *rig) { check(r.t, os.RemoveAll(Folder(r.dir))) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			p := r.open()
			for n := range 3 {
				must(p.Log(t.Context(), rekord(n)))(t)
			}
			check(t, p.Publish(t.Context()))
			must(p.Log(t.Context(), rekord(3)))(t) // never published
			before := p.Checkpoint()
			check(t, p.Close(t.Context()))
			r.record("approval.given", nil)
			lose(r)
			r.restart()
			r.record("operator.enrolled", nil)
			p = r.open()
			check(t, p.Publish(t.Context()))
			reader := r.reader(r.published())
			must(reader.Consistency(t.Context(), before))(t)
			if report := must(r.check(r.published()))(t); report.Lag != 0 {
				t.Errorf("%+v", report)
			}
			check(t, p.Close(t.Context()))
		})
	}
}

// A folder from an older backup is brought up to what is published; one that is another log is refused.
func TestFolderOfAnotherTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.open()
	must(p.Log(t.Context(), rekord(0)))(t)
	check(t, p.Close(t.Context()))
	backup := filepath.Join(t.TempDir(), "backup")
	check(t, os.CopyFS(backup, os.DirFS(Folder(r.dir))))
	p = r.open()
	must(p.Log(t.Context(), rekord(1)))(t)
	check(t, p.Publish(t.Context()))
	size := p.Size()
	check(t, p.Close(t.Context()))

	check(t, os.RemoveAll(Folder(r.dir)))
	check(t, os.CopyFS(Folder(r.dir), os.DirFS(backup)))
	p = r.open()
	if p.Size() != size {
		t.Errorf("the log has %d leaves, %d were published", p.Size(), size)
	}
	check(t, p.Close(t.Context()))

	check(t, os.RemoveAll(Folder(r.dir)))
	other := must(log.Open(Folder(r.dir), key()))(t)
	for n := range size + 3 {
		must(other.Append(t.Context(), fmt.Append(nil, n)))(t)
	}
	check(t, other.Close())
	if _, err := Open(t.Context(), r.Kernel, key(), Options{}); !errors.Is(err, log.ErrFork) {
		t.Errorf("another log in the folder: %v", err)
	}
}

// A log that has what no ledger has, or something else than the ledger's next, is an alarm at that leaf; so is a ledger that went back.
func TestAlarms(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.open()
	must(p.Log(t.Context(), rekord(0)))(t)
	r.record("approval.given", nil)
	check(t, p.CatchUp(t.Context()))
	size := p.Size()
	check(t, p.Close(t.Context()))
	forged := func(leaves ...string) error {
		dir := filepath.Join(t.TempDir(), "log")
		check(t, os.CopyFS(dir, os.DirFS(Folder(r.dir))))
		l := must(log.Open(dir, key()))(t)
		for _, leaf := range leaves {
			must(l.Append(t.Context(), []byte(leaf)))(t)
		}
		check(t, l.Close())
		_, err := r.check(log.Dir(dir))
		return err
	}
	expect := func(what string, err error, kind string) {
		t.Helper()
		if alarm, ok := IsAlarm(err); !ok || alarm.Kind != kind || alarm.Index != size {
			t.Errorf("%s: %v", what, err)
		}
	}
	check(t, forged())
	expect("a leaf of its own", forged("forged"), Leads)
	r.record("approval.given", nil)
	expect("a leaf instead of the ledger's next", forged("forged"), Differs)

	l := must(log.Open(Folder(r.dir), key()))(t)
	must(l.Append(t.Context(), []byte("forged")))(t)
	check(t, l.Close())
	_, err := Open(t.Context(), r.Kernel, key(), Options{})
	expect("opening such a log", err, Differs)
}

// A ledger without an entry that the log has is an alarm when it is followed.
func TestRewound(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.open()
	head := must(r.Ref(t.Context(), kernel.LedgerRef(r.Writer())))(t)
	r.record("approval.given", nil)
	check(t, p.Close(t.Context()))
	p = r.open()
	check(t, p.Close(t.Context()))
	now := must(r.Ref(t.Context(), kernel.LedgerRef(r.Writer())))(t)
	check(t, r.Repo().UpdateRefs(t.Context(), []git.RefUpdate{{Name: kernel.LedgerRef(r.Writer()), Old: now, New: head}}))
	rewound := func(what string) {
		t.Helper()
		_, err := Open(t.Context(), r.Kernel, key(), Options{})
		if alarm, ok := IsAlarm(err); !ok || alarm.Kind != Rewound {
			t.Errorf("%s: %v", what, err)
		}
	}
	rewound("a ledger that went back")
	check(t, r.Repo().UpdateRefs(t.Context(), []git.RefUpdate{{Name: kernel.LedgerRef(r.Writer()), Old: head}}))
	rewound("a ledger that is gone")
	check(t, r.Repo().UpdateRefs(t.Context(), []git.RefUpdate{{Name: kernel.LedgerRef(r.Writer()), New: now}}))
	file := filepath.Join(Folder(r.dir), seenName)
	seen := must(os.ReadFile(file))(t)
	check(t, os.WriteFile(file, []byte(strings.Replace(string(seen), `"hash":"`, `"hash":"x`, 1)), 0o600))
	rewound("a ledger with another line there")
	check(t, os.WriteFile(file, seen, 0o600))
	check(t, r.open().Close(t.Context()))
}

// What was seen of another log counts for nothing: everything is compared again.
func TestStrangeSeen(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.open()
	must(p.Log(t.Context(), rekord(0)))(t)
	check(t, p.Close(t.Context()))
	l := must(log.Open(Folder(r.dir), key()))(t)
	must(l.Append(t.Context(), []byte("forged")))(t)
	c := l.Checkpoint()
	check(t, l.Close())
	file := filepath.Join(Folder(r.dir), seenName)
	text := strings.Replace(string(must(os.ReadFile(file))(t)), `"size":2`, fmt.Sprintf(`"size":%d`, c.Size), 1) // with the root of before
	if !strings.Contains(text, fmt.Sprintf(`"size":%d`, c.Size)) {
		t.Fatalf("the test does not forge %s", text)
	}
	check(t, os.WriteFile(file, []byte(text), 0o600))
	_, err := Open(t.Context(), r.Kernel, key(), Options{})
	if alarm, ok := IsAlarm(err); !ok || alarm.Kind != Leads {
		t.Errorf("a leaf under a forged note of what was seen: %v", err)
	}
}

// A kernel that was restored writes another ledger: the log goes on, an interleaving of both.
func TestTwoWriters(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := must(ledger.Open(t.Context(), r.Repo(), r, "older", ledger.Options{Delay: time.Millisecond}))(t)
	write := func(n int) {
		must(other.AppendSync(t.Context(), ledger.Record{Actor: "gate", Kind: "approval.given", Body: map[string]int{"n": n}}))(t)
	}
	write(1)
	away := must(ledger.Open(t.Context(), r.Repo(), r, "stranger", ledger.Options{Delay: time.Millisecond}))(t)
	must(away.AppendSync(t.Context(), ledger.Record{Actor: "gate", Kind: "approval.given"}))(t)
	check(t, away.Close(t.Context()))
	head := must(r.Ref(t.Context(), kernel.LedgerRef("stranger")))(t)
	check(t, r.Repo().UpdateRefs(t.Context(), []git.RefUpdate{{Name: kernel.LedgerRef("stranger"), Old: head}, {Name: "refs/adamant-remote/away/ledger/stranger", New: head}}))
	p := r.open()
	write(2)
	must(p.Log(t.Context(), rekord(1)))(t)
	write(3)
	must(p.Log(t.Context(), rekord(2)))(t)
	check(t, p.CatchUp(t.Context()))
	check(t, p.Publish(t.Context()))
	report := must(r.check(r.published()))(t)
	if report.Leaves["older"] != 3 || report.Leaves["stranger"] != 0 || report.Lag != 1 { // the stranger's, which is another kernel's
		t.Errorf("%+v", report)
	}
	check(t, p.Close(t.Context()))
	check(t, other.Close(context.Background()))
}

func TestLeaf(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	long := r.record("approval.given", map[string]string{"text": strings.Repeat("x", log.LeafLimit)})
	for _, test := range []struct {
		name string
		e    ledger.Entry
		want string
	}{
		{"a signature", r.record(Kind, logged{string(rekord(7))}), string(rekord(7))},
		{"a line", r.record("approval.given", nil), ""},
		{"a signature without its body", r.record(Kind, map[string]string{"other": "x"}), ""},
		{"a long line", long, fmt.Sprintf(`{"ledger":"%s","seq":%d,"sha256":"%s"}`, r.Writer(), long.Seq, sum(long.Line()))},
	} {
		if test.want == "" {
			test.want = string(test.e.Line())
		}
		if got := string(Leaf(test.e)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	for kind, want := range map[string]bool{Kind: true, "landing.done": true, "change.assess": true, "change.comment": false, "agent.action": false,
		"ref.moved-by-hand": true, "mirror.pushed": false, "token.new": true, "notify.sent": false, "build.done": true, "operator.break-glass": true} {
		if Belongs(kind) != want {
			t.Errorf("%s belongs in the log: %v", kind, !want)
		}
	}
}
