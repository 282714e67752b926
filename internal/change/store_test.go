package change_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

type fixture struct {
	ctx   context.Context
	dir   string
	repo  *git.Repo
	store *change.Store
	n     int
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{ctx: context.Background(), dir: filepath.Join(t.TempDir(), "kernel.git")}
	repo, err := git.InitBare(f.ctx, f.dir, git.InitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { repo.Close() })
	f.repo, f.store = repo, change.NewStore(repo, repo, change.Options{})
	return f
}

// head makes a commit of its own.
func (f *fixture) head(t testing.TB) git.OID {
	t.Helper()
	f.n++
	blob, err := f.repo.WriteBlob(f.ctx, fmt.Appendf(nil, "%d", f.n))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := f.repo.WriteTree(f.ctx, []git.Entry{{Path: "segment.jsonl", Mode: git.ModeFile, OID: blob}}) // looks like an archive
	if err != nil {
		t.Fatal(err)
	}
	who := git.Signature{Name: "a", Email: "a@example.com", When: noon}
	id, err := f.repo.WriteCommit(f.ctx, git.NewCommit{Tree: tree, Author: who, Committer: who, Message: "work"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func by(actor string, body change.Body) change.Operation {
	return change.Operation{Time: noon, Actor: actor, Body: body}
}

func (f *fixture) open(t testing.TB) change.Change {
	t.Helper()
	c, err := f.store.Create(f.ctx, "agent:coder", by("", change.Opening{Target: "main", Head: f.head(t), Title: "one", Alias: fmt.Sprintf("I%040d", f.n)}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *fixture) add(t testing.TB, c change.Change, actor string, body change.Body, attach ...[]byte) change.Change {
	t.Helper()
	c, err := f.store.Append(f.ctx, c, []change.Operation{by(actor, body)}, attach...)
	if err != nil {
		t.Fatalf("%s: %v", body.Kind(), err)
	}
	return c
}

func (f *fixture) load(t testing.TB, id string) change.Change {
	t.Helper()
	c, err := f.store.Load(f.ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func canonical(t testing.TB, v any) string {
	t.Helper()
	data, err := manifest.CanonicalJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestCreateAppendLoad(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	opening := by("", change.Opening{Target: "main", Head: f.head(t), Alias: "I1"})
	c, err := f.store.Create(f.ctx, "agent:coder", opening)
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.store.Create(f.ctx, "agent:coder", opening)
	if err != nil || again.ID != c.ID || again.Tip != c.Tip {
		t.Fatalf("opened twice: %v, %s and %s", err, c.ID, again.ID)
	}
	second := f.head(t)
	c = f.add(t, c, "agent:coder", change.NewPatchSet{Head: second})
	c = f.add(t, c, "person:bob", change.Comment{Text: "why?\n", Path: "a.go", Line: 3})
	got := f.load(t, c.ID)
	if a, b := canonical(t, got.State), canonical(t, c.State); a != b {
		t.Errorf("read\n%s\nwritten\n%s", a, b)
	}
	if got.State.Head() != second || len(got.State.PatchSets) != 2 || got.State.Comments[0].Text != "why?\n" || got.State.Lamport != 3 {
		t.Errorf("state %+v", got.State)
	}
	if ref, err := f.repo.Ref(f.ctx, "refs/adamant/changes/"+c.ID[:2]+"/"+c.ID+"/ps/2"); err != nil || ref != second {
		t.Errorf("ps/2 is %s, %v", ref, err)
	}
	for _, name := range []string{c.ID, c.ID[:8], c.ID[:16], "I1"} {
		if found, err := f.store.Find(f.ctx, name); err != nil || found.ID != c.ID {
			t.Errorf("find %q: %v", name, err)
		}
	}
	missing := (*change.NotFoundError)(nil)
	for _, name := range []string{"00000000", c.ID[:7], "I2", "", strings.Repeat("0", 64)} {
		if _, err := f.store.Find(f.ctx, name); !errors.As(err, &missing) {
			t.Errorf("find %q: %v", name, err)
		}
	}
}

func TestAppendRefusesWhatHasNoEffect(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.open(t)
	refused, stale := (*change.RefusedError)(nil), (*change.StaleError)(nil)
	_, err := f.store.Append(f.ctx, c, []change.Operation{by("agent:eve", change.GivenUp{})})
	if !errors.As(err, &refused) || refused.Kind != change.KindAbandon {
		t.Errorf("another agent's abandon: %v", err)
	}
	if _, err := f.store.Append(f.ctx, c, []change.Operation{by("agent:coder", change.NewPatchSet{Head: git.OID(strings.Repeat("1", 40))})}); err == nil {
		t.Error("a patch set that is not here was taken")
	}
	f.add(t, c, "person:bob", change.Comment{Text: "first"})
	_, err = f.store.Append(f.ctx, c, []change.Operation{by("person:bob", change.Comment{Text: "second"})})
	if !errors.As(err, &stale) {
		t.Errorf("appending to an old reading: %v", err)
	}
	if got := f.load(t, c.ID); got.Tip == c.Tip || len(got.State.Comments) != 1 {
		t.Errorf("%d comments", len(got.State.Comments))
	}
}

func TestConcurrentAdds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.open(t)
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() {
			if _, err := f.store.Add(f.ctx, c.ID, []change.Operation{by("person:bob", change.Comment{Text: fmt.Sprint(i)})}); err != nil {
				t.Errorf("comment %d: %v", i, err)
			}
		})
	}
	group.Wait()
	if got := f.load(t, c.ID); len(got.State.Comments) != 6 {
		t.Errorf("%d comments, want 6", len(got.State.Comments))
	}
}

func TestAttachment(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.open(t)
	base := f.head(t)
	a := &gate.Assessment{APIVersion: gate.AssessmentVersion, Head: string(c.State.Head()), Base: string(base), Governance: "g", MergedTree: string(base),
		Merge: gate.Merge{Mode: gate.ModeAuto}}
	var err error
	if a.Digest, err = gate.Digest(a); err != nil {
		t.Fatal(err)
	}
	doc := []byte(canonical(t, a))
	w := change.World{Now: noon, Main: change.Tip{OID: base, Governance: "g"}}
	n := change.Step(c.State, w)
	c = f.add(t, c, n.Operation.Actor, n.Operation.Body)
	w.Result = &change.Result{Job: n.Do[0].Job, Assessment: a, Blob: change.BlobName(doc)}
	n = change.Step(c.State, w)
	c = f.add(t, c, n.Operation.Actor, n.Operation.Body, doc)
	c = f.add(t, c, "person:bob", change.Comment{Text: "ok"})
	got, err := f.store.Assessment(f.ctx, f.load(t, c.ID))
	if err != nil || got.Digest != a.Digest {
		t.Fatalf("assessment: %v", err)
	}
	tips := []git.OID{c.Tip, f.open(t).Tip, f.head(t), git.OID(strings.Repeat("1", 40))} // a change without it, no change, nothing
	found, err := change.FindAssessments(f.ctx, f.repo, tips, slices.Repeat([]string{a.Digest}, len(tips)))
	want, _ := f.load(t, c.ID).AssessmentDocument(a.Digest)
	if err != nil || want.Commit == "" || !slices.Equal(found, []change.Document{want, {}, {}, {}}) {
		t.Errorf("found %v, %v, want %v", found, err, want)
	}
	if _, err := f.store.Attachment(f.ctx, c, strings.Repeat("0", 64)); err == nil {
		t.Error("a document that is not there was read")
	}
	c = f.add(t, c, "operator:ada", change.GivenUp{})
	f.archive(t, c)
	if got, err := f.store.Assessment(f.ctx, f.load(t, c.ID)); err != nil || got.Digest != a.Digest {
		t.Errorf("assessment in the archive: %v", err)
	}
	c, err = f.store.Append(f.ctx, f.load(t, c.ID), []change.Operation{by("person:bob", change.Comment{Text: "late"})})
	if err != nil {
		t.Fatalf("commenting on an archived change: %v", err)
	}
	if got, err := f.store.Assessment(f.ctx, f.load(t, c.ID)); err != nil || got.Digest != a.Digest {
		t.Errorf("assessment out of the archive: %v", err)
	}
}

func (f *fixture) archive(t testing.TB, changes ...change.Change) {
	t.Helper()
	if err := f.store.Archive(f.ctx, noon, changes); err != nil {
		t.Fatal(err)
	}
}

func TestArchive(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	open := f.open(t)
	if err := f.store.Archive(f.ctx, noon, []change.Change{open}); err == nil {
		t.Fatal("an open change was archived")
	}
	var closed []change.Change
	for range 3 {
		c := f.open(t)
		c = f.add(t, c, "agent:coder", change.NewPatchSet{Head: f.head(t)})
		closed = append(closed, f.add(t, c, "operator:ada", change.GivenUp{Reason: "no"}))
	}
	f.archive(t, closed[:2]...)
	f.archive(t, closed[2])
	refs, err := f.repo.Refs(f.ctx, "refs/adamant/changes")
	if err != nil || len(refs) != 2 {
		t.Fatalf("%d references of changes are left, want those of the open one: %v", len(refs), err)
	}
	for _, c := range closed {
		got := f.load(t, c.ID)
		if !got.Archived || canonical(t, got.State) != canonical(t, c.State) {
			t.Errorf("change %s in the archive: %+v", c.ID, got.State)
		}
		tip, err := f.repo.Ref(f.ctx, "refs/adamant/archive/2026-03")
		if err != nil {
			t.Fatal(err)
		}
		for _, ps := range c.State.PatchSets {
			if ok, err := f.repo.IsAncestor(f.ctx, ps.Head, tip); err != nil || !ok {
				t.Errorf("patch set %s is not reachable: %v", ps.Head, err)
			}
		}
	}
	if found, err := f.store.Find(f.ctx, closed[0].ID[:8]); err != nil || found.ID != closed[0].ID {
		t.Errorf("find in the archive: %v", err)
	}
	again, err := f.store.Add(f.ctx, closed[0].ID, []change.Operation{by("person:bob", change.Comment{Text: "pity"})})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.load(t, again.ID); got.Archived || len(got.State.Comments) != 1 || len(got.State.PatchSets) != 2 {
		t.Errorf("taken out: %+v", got.State)
	}
	f.archive(t, again)
	if got := f.load(t, again.ID); !got.Archived || len(got.State.Comments) != 1 {
		t.Errorf("archived twice: %+v", got.State)
	}
	n := 0
	for _, err := range f.store.Archived(f.ctx) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n != 3 {
		t.Errorf("the archive holds %d changes, want 3", n)
	}
	stale := again
	stale.Archived = false
	moved := (*git.RefMovedError)(nil)
	if err := f.store.Archive(f.ctx, noon, []change.Change{stale}); !errors.As(err, &moved) {
		t.Errorf("archiving what was archived: %v", err)
	}
}

// TestMergeOfHistories: two clones that wrote at the same time agree after they exchange what they have, whoever merges.
func TestMergeOfHistories(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := newFixture(t)
		c := f.open(t)
		sides := []change.Change{c, c}
		for i := range 1 + r.IntN(5) {
			side := r.IntN(2)
			bodies := []change.Body{change.Comment{Text: fmt.Sprint(i)}, change.NewPatchSet{Head: f.head(t)}, change.GivenUp{Reason: fmt.Sprint(i)}}
			next, _, err := f.store.Prepare(f.ctx, sides[side], []change.Operation{by("agent:coder", bodies[r.IntN(len(bodies))])}, nil)
			if refused := (*change.RefusedError)(nil); errors.As(err, &refused) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			sides[side] = next
		}
		var states []string
		for _, order := range [][]int{{0, 1}, {1, 0}} {
			g := newFixture(t)
			fetch(t, g, f, c, sides)
			ours := sides[order[0]]
			if err := g.repo.UpdateRefs(g.ctx, []git.RefUpdate{{Name: "refs/adamant/changes/" + c.ID[:2] + "/" + c.ID + "/meta", New: ours.Tip}}); err != nil {
				t.Fatal(err)
			}
			for _, ps := range ours.State.PatchSets {
				name := fmt.Sprintf("refs/adamant/changes/%s/%s/ps/%d", c.ID[:2], c.ID, ps.N)
				if err := g.repo.UpdateRefs(g.ctx, []git.RefUpdate{{Name: name, New: ps.Head}}); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 { // the second time nothing is new
				if _, err := g.store.Merge(g.ctx, c.ID, sides[order[1]].Tip, func(change.Operation) error { return nil }); err != nil {
					t.Fatal(err)
				}
			}
			states = append(states, canonical(t, g.load(t, c.ID).State))
		}
		if states[0] != states[1] {
			t.Fatalf("whoever merges decides:\n%s\n%s", states[0], states[1])
		}
	}
}

// fetch brings all objects of f into g.
func fetch(t testing.TB, g, f *fixture, c change.Change, sides []change.Change) {
	t.Helper()
	ids := []git.OID{}
	for _, side := range sides {
		ids = append(ids, side.Tip)
		for _, ps := range side.State.PatchSets {
			ids = append(ids, ps.Head)
		}
	}
	if _, err := g.repo.Copy(g.ctx, f.repo, ids...); err != nil {
		t.Fatal(err)
	}
}

func TestMergeAsksForEachOperation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.open(t)
	forged, _, err := f.store.Prepare(f.ctx, c, []change.Operation{by("operator:ada", change.GivenUp{})}, nil)
	if err != nil {
		t.Fatal(err)
	}
	no := errors.New("not from there")
	_, err = f.store.Merge(f.ctx, c.ID, forged.Tip, func(op change.Operation) error {
		if change.Role(op.Actor) == change.RoleOperator {
			return no
		}
		return nil
	})
	if !errors.Is(err, no) {
		t.Errorf("a forged operation: %v", err)
	}
	if got := f.load(t, c.ID); got.State.Status != change.Opened {
		t.Errorf("the change is %s", got.State.Status)
	}
}

// TestBrokenChanges: each is reported with its reference, commit and what to do, and the others go on.
func TestBrokenChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := f.open(t)
	var want []string
	spoil := func(data, next, message string) {
		c := f.open(t)
		tip := f.rawCommit(t, data, c.Tip)
		f.move(t, c, tip)
		want = append(want, string(tip)+"|"+next+"|"+message)
	}
	spoil("not json", "adamant restore", "not JSON")
	spoil(`{"lamport":2,"ops":[],"v":1}`, "adamant restore", "0 operations")
	spoil(`{"lamport":2,"ops":[],"v":7}`, "update adamant", "format version 7")
	spoil(`{"lamport":2,"ops":[{"actor":"a","body":{},"kind":"dance","time":"2026-03-02T12:00:00Z"}],"v":1}`, "adamant restore", "dance")
	spoil(`{"lamport":1,"ops":[{"actor":"a","body":{"text":"x"},"kind":"comment","time":"2026-03-02T12:00:00Z"}],"v":1}`, "adamant restore", "clock 1 is not after 1")
	spoil("", "adamant restore", "holds no operations")
	foreign := f.open(t)
	f.move(t, foreign, good.Tip)
	want = append(want, string(good.Tip)+"|adamant restore|named after")

	changes, broken, err := f.store.List(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) != 1 || changes[0].ID != good.ID || len(broken) != len(want) {
		t.Fatalf("%d changes and %d broken ones, want 1 and %d: %v", len(changes), len(broken), len(want), broken)
	}
	for _, w := range want {
		parts := strings.Split(w, "|")
		ok := slices.ContainsFunc(broken, func(b *change.BrokenError) bool {
			return string(b.Commit) == parts[0] && strings.HasPrefix(b.Next, parts[1]) && strings.Contains(b.Error(), parts[2]) && strings.Contains(b.Error(), b.Ref)
		})
		if !ok {
			t.Errorf("no report of %q in %v", parts, broken)
		}
	}
	b := (*change.BrokenError)(nil)
	if _, err := f.store.Load(f.ctx, foreign.ID); !errors.As(err, &b) {
		t.Errorf("loading a broken change: %v", err)
	}
}

// rawCommit writes an operation commit with any content; none at all when data is empty.
func (f *fixture) rawCommit(t testing.TB, data string, parent git.OID) git.OID {
	t.Helper()
	var entries []git.Entry
	if data != "" {
		blob, err := f.repo.WriteBlob(f.ctx, []byte(data))
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, git.Entry{Path: "ops", Mode: git.ModeFile, OID: blob})
	}
	tree, err := f.repo.WriteTree(f.ctx, entries)
	if err != nil {
		t.Fatal(err)
	}
	who := git.Signature{Name: "a", Email: "a@example.com", When: noon}
	id, err := f.repo.WriteCommit(f.ctx, git.NewCommit{Tree: tree, Parents: []git.OID{parent}, Author: who, Committer: who, Message: "raw"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (f *fixture) move(t testing.TB, c change.Change, to git.OID) {
	t.Helper()
	err := f.repo.UpdateRefs(f.ctx, []git.RefUpdate{{Name: "refs/adamant/changes/" + c.ID[:2] + "/" + c.ID + "/meta", Old: c.Tip, New: to}})
	if err != nil {
		t.Fatal(err)
	}
}

// TestMissingObject: a hole in one change is not a hole in the others.
func TestMissingObject(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good, bad := f.open(t), f.open(t)
	tip := string(bad.Tip)
	if err := os.Remove(filepath.Join(f.dir, "objects", tip[:2], tip[2:])); err != nil {
		t.Fatal(err)
	}
	refs := []git.Ref{}
	for _, c := range []change.Change{good, bad} {
		refs = append(refs, git.Ref{Name: "refs/adamant/changes/" + c.ID[:2] + "/" + c.ID + "/meta", OID: c.Tip})
	}
	changes, broken, err := f.store.Read(f.ctx, refs)
	if err != nil || len(changes) != 1 || len(broken) != 1 || broken[0].Commit != bad.Tip {
		t.Fatalf("%d changes, %v, %v", len(changes), broken, err)
	}
}
