package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/change/index"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/manifest"
)

// newStill is a daemon on a real kernel that does nothing by itself, with n open changes that wait for the operator. The gate judges the
// first; the others have its assessment, made out to them.
func newStill(t testing.TB, n int, tweak ...func(*gate.Assessment)) *Daemon {
	t.Helper()
	clone := gittest.New(t)
	clone.Write(".adamant/adamant.yaml", config)
	clone.Write("README.md", "# Sample\n\nA sample.\n")
	clone.Commit("start")
	var in bytes.Buffer
	for i := range n {
		text, message := strings.Replace(config, "phase: 3", fmt.Sprintf("phase: 3 # %d", i), 1), fmt.Sprintf("Change %d", i)
		fmt.Fprintf(&in, "commit refs/heads/c%d\ncommitter Ada <ada@example.com> %d +0000\ndata %d\n%s\nfrom refs/heads/main^0\nM 100644 inline %s\ndata %d\n%s\n",
			i, 1790000000+i, len(message), message, ".adamant/adamant.yaml", len(text), text)
	}
	run := func(stdin []byte, args ...string) string {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir, cmd.Stdin = clone.Dir, bytes.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	run(in.Bytes(), "fast-import", "--quiet")
	dir, err := os.MkdirTemp("", "adamant") // short: a socket lies in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	repo, err := git.Open(t.Context(), clone.Dir)
	if err != nil {
		t.Fatal(err)
	}
	k, err := kernel.Create(t.Context(), filepath.Join(dir, "sample"), repo, kernel.Options{})
	if err := errors.Join(err, repo.Close()); err != nil {
		t.Fatal(err)
	}
	heads := strings.Fields(run(nil, "for-each-ref", "--sort=version:refname", "--format=%(objectname)", "refs/heads/c*"))
	run(nil, append([]string{"--git-dir", k.Repo().GitDir(), "fetch", "-q", "--no-tags", clone.Dir}, heads...)...)
	state := t.TempDir()
	d, err := start(t.Context(), Config{Kernel: k, Name: "sample", State: state, Places: judge.Places{Cache: t.TempDir(), State: state, Data: t.TempDir()},
		Version: "test", Getenv: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	d.end = func() {}
	t.Cleanup(func() {
		if err := d.stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	main, err := k.Ref(t.Context(), kernel.RefMain)
	if err != nil {
		t.Fatal(err)
	}
	var first *gate.Assessment
	for i, head := range heads {
		at := d.now().UTC().Truncate(time.Second)
		c, err := d.changes.Create(t.Context(), "person:ada", change.Operation{Time: at, Body: change.Opening{Target: "main", Head: git.OID(head),
			Title: fmt.Sprintf("Change %d", i), Topic: fmt.Sprintf("t%d", i)}})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			if first, err = d.assess(t.Context(), c, main); err != nil {
				t.Fatal(err)
			}
			for _, do := range tweak {
				do(first)
			}
		}
		d.answer(t, c, *first, main)
		d.reconcile(t.Context(), c.ID)
	}
	return d
}

// answer has an assessment wait for a change's next step, as the gate's answer.
func (d *Daemon) answer(t testing.TB, c change.Change, a gate.Assessment, main git.OID) {
	t.Helper()
	a.Change, a.Head = c.ID, string(c.State.Head())
	a.Gates = slices.Clone(a.Gates)
	var err error
	if a.Digest, err = gate.Digest(&a); err != nil {
		t.Fatal(err)
	}
	data, err := manifest.CanonicalJSON(&a)
	if err != nil {
		t.Fatal(err)
	}
	job := change.Job{Head: c.State.Head(), Base: main, Attempt: 1}
	d.judging[c.ID] = job
	d.results[c.ID] = &change.Result{Job: job, Assessment: &a, Blob: change.BlobName(data)}
}

// asked counts what is found out again from here on.
func (d *Daemon) asked() map[string]int {
	n := map[string]int{}
	d.worlds.recall.asked = func(what string) { n[what]++ }
	return n
}

// woken takes the changes that are due off the loop.
func (d *Daemon) woken() []string {
	out := []string{}
	for {
		id, _ := d.loop.take()
		if id == "" {
			return out
		}
		d.loop.done(id)
		out = append(out, id)
	}
}

// plumb runs git in the kernel.
func (d *Daemon) plumb(t *testing.T, args ...string) git.OID {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"--git-dir", d.kernel.Repo().GitDir(), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %v: %v", args, err)
	}
	return git.OID(strings.TrimSpace(string(out)))
}

// TestViewsAskOnce reads each assessment and history once, whatever is asked how often, and status none.
func TestViewsAskOnce(t *testing.T) {
	t.Parallel()
	const n = 4
	d := newStill(t, n)
	d.woken()
	d.worlds.recall = newRecall()
	asked := d.asked()
	s, err := d.status(t.Context())
	if err != nil || s.Inbox != n || s.Changes[string(change.NeedsOperator)] != n || len(asked) != 0 {
		t.Fatalf("status %+v, %v; it asked %v", s, err, asked)
	}
	for range 3 {
		in, err := d.inbox(t.Context())
		if err != nil || len(in.Items) != n || !strings.HasPrefix(in.Items[0].Next, "adamant break-glass ") {
			t.Fatalf("inbox %+v, %v", in, err)
		}
		all, err := d.summaries(t.Context(), false)
		if err != nil || len(all.Changes) != n || !strings.HasPrefix(all.Changes[0].Why, "waits for the operator") {
			t.Fatalf("changes %+v, %v", all, err)
		}
		d.wakeAll(t.Context())
		d.siftOnce(t.Context())
	}
	if want := map[string]int{"opinion": n, "ancestor": n}; !maps.Equal(asked, want) {
		t.Errorf("asked %v, want %v", asked, want)
	}
}

// TestViewsDecideAnew remembers no decision: when time makes an assessment void, views say so, and the change is woken.
func TestViewsDecideAnew(t *testing.T) {
	t.Parallel()
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	d := newStill(t, 2, func(a *gate.Assessment) { a.ValidUntil = &until })
	d.woken()
	d.wakeAll(t.Context())
	d.siftOnce(t.Context())
	if ids := d.woken(); len(ids) != 0 {
		t.Errorf("changes that wait for the operator were woken: %v", ids)
	}
	d.now = func() time.Time { return until }
	all, err := d.summaries(t.Context(), false)
	if err != nil || len(all.Changes) != 2 || !strings.Contains(all.Changes[0].Why, "lapsed") {
		t.Errorf("changes %+v, %v", all, err)
	}
	d.loop.now = d.now
	d.loop.index, d.loop.due = map[string]*entry{}, nil // but for the sift, it would wake them by itself
	d.wakeAll(t.Context())
	d.siftOnce(t.Context())
	if ids := d.woken(); len(ids) != 2 {
		t.Errorf("woken: %v, want both", ids)
	}
}

// TestLandingRemembersNothing reads the assessment of a change in the queue from git, whatever is remembered under its digest.
func TestLandingRemembersNothing(t *testing.T) {
	t.Parallel()
	d := newStill(t, 1)
	changes, err := d.states(t.Context(), index.Query{})
	if err != nil || len(changes) != 1 {
		t.Fatal(changes, err)
	}
	c, err := d.changes.Load(t.Context(), changes[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	wrong := &gate.Assessment{Digest: "wrong"}
	d.worlds.recall.opinions[c.State.Assessment.Digest] = wrong
	if w, err := d.world(t.Context(), c); err != nil || w.Assessment != wrong {
		t.Errorf("what waits has %+v, %v", w.Assessment, err)
	}
	for _, status := range []change.Status{change.Queued, change.Merging} {
		c.State.Status = status
		if w, err := d.world(t.Context(), c); err != nil || w.Assessment == nil || w.Assessment.Digest != c.State.Assessment.Digest {
			t.Errorf("what is %s has %+v, %v", status, w.Assessment, err)
		}
	}
}

// TestSiftWakesWhatMoves passes over what waits for somebody, and wakes what is new, in trouble or on main.
func TestSiftWakesWhatMoves(t *testing.T) {
	t.Parallel()
	d := newStill(t, 4)
	d.woken()
	sifted := func() []string {
		d.wakeAll(t.Context())
		d.siftOnce(t.Context())
		return d.woken()
	}
	changes, err := d.states(t.Context(), index.Query{})
	if err != nil || len(changes) != 4 {
		t.Fatal(changes, err)
	}
	d.trouble("change "+changes[0].ID, errors.New("no space left"))
	if ids := sifted(); !slices.Equal(ids, []string{changes[0].ID}) {
		t.Errorf("in trouble: woken %v", ids)
	}
	d.trouble("change "+changes[0].ID, nil)
	main := d.plumb(t, "rev-parse", "main")
	fresh, err := d.changes.Create(t.Context(), "person:eve", change.Operation{Time: d.now().UTC(), Body: change.Opening{Target: "main", Head: changes[1].State.Head(), Title: "New"}})
	if err != nil {
		t.Fatal(err)
	}
	if ids := sifted(); !slices.Equal(ids, []string{fresh.ID}) {
		t.Errorf("not judged: woken %v", ids)
	}
	asked := d.asked()
	merge := d.plumb(t, "commit-tree", "-m", "by hand", "-p", string(main), "-p", string(changes[2].State.Head()), string(main)+"^{tree}")
	d.plumb(t, "update-ref", "refs/heads/main", string(merge))
	if ids := sifted(); !slices.Contains(ids, changes[2].ID) || slices.Contains(ids, changes[3].ID) {
		t.Errorf("main has %s: woken %v", changes[2].ID, ids)
	}
	if asked["ancestor"] != 0 || asked["since"] != 1 {
		t.Errorf("where main was and is takes one question for all: %v", asked)
	}
}

// TestMovedKnowsTheWay compares base and main only where what main passed on its way touches what the change does.
func TestMovedKnowsTheWay(t *testing.T) {
	t.Parallel()
	d := newStill(t, 1)
	changes, err := d.states(t.Context(), index.Query{})
	if err != nil || len(changes) != 1 {
		t.Fatal(changes, err)
	}
	base, head := d.plumb(t, "rev-parse", "main"), changes[0].State.Head()
	readme := d.plumb(t, "rev-parse", "main:README.md")
	next := func(tip git.OID, path string) git.OID {
		index := filepath.Join(t.TempDir(), "index")
		env := func(args ...string) git.OID {
			cmd := exec.CommandContext(t.Context(), "git", append([]string{"--git-dir", d.kernel.Repo().GitDir(), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"}, args...)...)
			cmd.Env = append(os.Environ(), "GIT_INDEX_FILE="+index)
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("git %v: %v", args, err)
			}
			return git.OID(strings.TrimSpace(string(out)))
		}
		env("read-tree", string(tip))
		env("update-index", "--add", "--cacheinfo", "100644,"+string(readme)+","+path)
		return env("commit-tree", "-m", path, "-p", string(tip), string(env("write-tree")))
	}
	one := next(base, "docs/a.md")
	two := next(one, "docs/b.md")
	three := next(two, ".adamant/adamant.yaml")
	back := d.plumb(t, "commit-tree", "-m", "back", "-p", string(three), string(two)+"^{tree}")
	for _, at := range []struct {
		main git.OID
		why  string
	}{{base, ""}, {one, ""}, {two, ""}, {three, ".adamant/adamant.yaml changed there too"}, {back, ""}, {one, ""}} {
		if why, err := d.moved(t.Context(), base, at.main, head); err != nil || why != at.why {
			t.Errorf("main at %s: %q, %v; want %q", at.main.Short(), why, err, at.why)
		}
	}
	if d.worlds.paths[[2]git.OID{base, two}] != nil {
		t.Error("base and main were compared though what passed touches nothing of the change")
	}
}

const manyChanges = 500

// BenchmarkManyChanges asks what the operator asks, and looks at every change as after each move of main, with 500 changes open that
// wait for the operator.
func BenchmarkManyChanges(b *testing.B) {
	d := newStill(b, manyChanges)
	if s, err := d.status(b.Context()); err != nil || s.Inbox != manyChanges || s.Changes[string(change.NeedsOperator)] != manyChanges {
		b.Fatalf("%+v, %v", s, err)
	}
	measure := func(name string, do func() error) {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				at := time.Now()
				if err := do(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(at))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
	measure("status", func() error { _, err := d.status(b.Context()); return err })
	measure("inbox", func() error { _, err := d.inbox(b.Context()); return err })
	measure("changes", func() error { _, err := d.summaries(b.Context(), false); return err })
	measure("look", func() error { // after a minute, or when main moved
		d.wakeAll(b.Context())
		d.siftOnce(b.Context())
		for {
			id, _ := d.loop.take()
			if id == "" {
				return nil
			}
			d.reconcile(b.Context(), id)
			d.loop.done(id)
		}
	})
}
