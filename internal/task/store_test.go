package task

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/kernel"
)

func newStore(t *testing.T) (*Store, *kernel.Kernel) {
	t.Helper()
	clone := gittest.New(t)
	clone.Write("README.md", "hi\n")
	clone.Commit("start")
	repo, err := git.Open(t.Context(), clone.Dir)
	if err != nil {
		t.Fatal(err)
	}
	k, err := kernel.Create(t.Context(), filepath.Join(t.TempDir(), "k"), repo, kernel.Options{})
	if err := errors.Join(err, repo.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := k.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	return NewStore(k.Repo(), k), k
}

func opening(nonce string) Operation {
	return Operation{Time: at(0), Actor: "operator:ada", Body: Opening{Title: "Add a limit", Agent: "coder", Target: "main", Nonce: nonce}}
}

// TestStore writes tasks and reads them again, by id and by digits.
func TestStore(t *testing.T) {
	t.Parallel()
	s, k := newStore(t)
	ctx := t.Context()
	a, err := s.Create(ctx, opening("1"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Create(ctx, opening("1")); err != nil || again.ID != a.ID || again.Tip != a.Tip {
		t.Errorf("opened twice: %s and %s, %v", a.ID, again.ID, err)
	}
	b, err := s.Create(ctx, opening("2"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err = s.Add(ctx, b.ID, Operation{Time: at(1), Actor: "operator:ada", Body: Noted{Text: "mind the tests"}}); err != nil || b.State.Notes[0] != "mind the tests" {
		t.Fatalf("%+v, %v", b.State, err)
	}
	found, err := s.Find(ctx, b.ID[:8])
	if err != nil || found.ID != b.ID || mustJSON(t, found.State) != mustJSON(t, b.State) {
		t.Errorf("found %s, %v", found.ID, err)
	}
	all, broken, err := s.List(ctx)
	if err != nil || len(all) != 2 || len(broken) != 0 {
		t.Errorf("%d tasks, %v, %v", len(all), broken, err)
	}
	n := 0
	for range found.Timeline {
		n++
	}
	if n != 2 {
		t.Errorf("%d operations", n)
	}
	if ref, err := k.Ref(ctx, kernel.TaskMeta(b.ID)); err != nil || ref != b.Tip {
		t.Errorf("%s is %s, %v", kernel.TaskMeta(b.ID), ref, err)
	}
	missing := (*NotFoundError)(nil)
	for _, name := range []string{"abc", "0123456789", strings.Repeat("0", 64), "Add a limit"} {
		if _, err := s.Find(ctx, name); !errors.As(err, &missing) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestStoreRefuses what is stale, void or no task.
func TestStoreRefuses(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	ctx := t.Context()
	a, err := s.Create(ctx, opening("1"))
	if err != nil {
		t.Fatal(err)
	}
	note := Operation{Time: at(1), Actor: "operator:ada", Body: Noted{Text: "x"}}
	if _, err := s.Append(ctx, a, note); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, a, note); !errors.As(err, new(*StaleError)) {
		t.Errorf("a stale append: %v", err)
	}
	refused := (*RefusedError)(nil)
	if _, err := s.Add(ctx, a.ID, Operation{Time: at(1), Actor: "agent:coder", Body: Cancellation{}}); !errors.As(err, &refused) || refused.Why != "its author may not do that" {
		t.Errorf("an agent cancels: %v", err)
	}
	if _, err := s.Create(ctx, note); err == nil {
		t.Error("a task without an opening")
	}
	bad := opening("3")
	bad.Body = Opening{Title: "two\nlines", Agent: "Coder!", Target: "main", Grants: []string{"../x"}, Nonce: "1"}
	if _, err := s.Create(ctx, bad); err == nil || !strings.Contains(err.Error(), "control character") || !strings.Contains(err.Error(), `"../x" is not a path`) {
		t.Errorf("a bad opening: %v", err)
	}
}

// TestFenced: who lost the lease writes nothing.
func TestFenced(t *testing.T) {
	t.Parallel()
	s, k := newStore(t)
	ctx := t.Context()
	a, err := s.Create(ctx, opening("1"))
	if err != nil {
		t.Fatal(err)
	}
	lease, err := k.Ref(ctx, kernel.RefLease)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(k.Repo().GitDir(), kernel.RefLease)
	if err := os.WriteFile(other, []byte(string(mustRoot(ctx, t, k))+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(ctx, a.ID, Operation{Time: at(1), Actor: Actor, Body: Followed{Phase: Gating}}); err == nil {
		t.Errorf("written under another's lease (ours was %s)", lease)
	}
}

// mustRoot is some other commit.
func mustRoot(ctx context.Context, t *testing.T, k *kernel.Kernel) git.OID {
	t.Helper()
	main, err := k.Ref(ctx, kernel.RefMain)
	if err != nil {
		t.Fatal(err)
	}
	return main
}

func everyBody() []Body {
	return []Body{
		Opening{Title: "T", Text: "more", Agent: "coder", Target: "main", Feature: "f", Grants: []string{"a"}, Paths: []string{"b"}, Priority: -1, Source: "s", Foreign: "x", Nonce: "n"},
		Started{N: 1, Role: RoleCoder, Agent: "coder", Main: oid(1), Base: oid(1), Epoch: 3, Why: "w", Swap: true, Avoid: []string{"claude"}, Prompt: "p"},
		Ended{N: 1, Finish: FinishDone, Head: oid(2), Why: "w", Rule: "r", Spent: Spent{1, 2, 3, 4}, Models: []Model{claude}, Review: &Review{Outcome: "ok"}, Independent: ByFamily},
		Proposed{N: 1, Change: strings.Repeat("a", 64), Head: oid(2)},
		Followed{Phase: Waiting, For: "operator", Why: "w"},
		Returned{By: ByGate, Head: oid(2), Why: "w", Findings: []Finding{{Rule: "r", Path: "p", Line: 1, Message: "m", Fix: "f"}}, Conflict: true},
		Noted{Text: "n"}, Stopped{Reason: "r", Rule: "x", Told: true}, Resumed{Note: "n"}, Retried{Note: "n", Agent: "coder"}, Failure{Reason: "r"}, Cancellation{Reason: "r"},
		Landed{Change: strings.Repeat("a", 64), Commit: oid(3)},
	}
}

// TestEveryKind is written and read as it was, and refused with a field that nobody knows.
func TestEveryKind(t *testing.T) {
	t.Parallel()
	for _, b := range everyBody() {
		op := Operation{Time: time.Unix(1, 0).UTC(), Actor: "kernel:task", Body: b}
		p, err := NewPack(2, []Operation{op})
		if err != nil {
			t.Fatalf("%s: %v", b.Kind(), err)
		}
		again, err := ParsePack(p.Bytes)
		if err != nil || mustJSON(t, again.Operations) != mustJSON(t, p.Operations) {
			t.Errorf("%s: %v", b.Kind(), err)
		}
		if _, err := ParsePack([]byte(strings.Replace(string(p.Bytes), `"body":{`, `"body":{"aaa":1,`, 1))); err == nil {
			t.Errorf("%s: an unknown field is read", b.Kind())
		}
	}
}

func FuzzParsePack(f *testing.F) {
	for _, b := range everyBody() {
		p, err := NewPack(1, []Operation{{Time: time.Unix(1, 0).UTC(), Actor: "kernel:task", Body: b}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p.Bytes)
	}
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePack(data)
		if err != nil {
			return
		}
		if again, err := NewPack(p.Lamport, p.Operations); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		} else if len(again.Operations) != len(p.Operations) {
			t.Fatal("written again it is something else")
		}
		if n := Step(Fold([]Pack{p}), World{}); n.Why == "" {
			t.Fatal("a step without a reason")
		}
	})
}
