package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

var errPulled = errors.New("the plug was pulled")

// crash begins landing n and leaves its references as if the process had died with the first moved of them renamed.
func crash(l *lab, k *Kernel, n, moved int) Landing {
	l.t.Helper()
	ctx := context.WithoutCancel(l.t.Context())
	landing, err := compose(ctx, k, n)
	l.check(err)
	intent, err := newIntent(landing, k.epoch)
	l.check(err)
	l.check(k.journal.record(ctx, ledger.LandingIntent, intent.change(), intent))
	l.check(k.repo.UpdateRefs(ctx, intent.moves()[:moved]))
	for _, u := range intent.moves()[moved:] {
		file := filepath.Join(l.dir, "kernel.git", filepath.FromSlash(u.Name)+".lock")
		l.check(os.MkdirAll(filepath.Dir(file), 0o700))
		l.check(os.WriteFile(file, []byte(u.New), 0o600))
	}
	return landing
}

// Wherever a landing stops, the next process finishes it.
func TestRecoverRollsForward(t *testing.T) {
	t.Parallel()
	for moved := range 4 {
		t.Run(fmt.Sprint(moved), func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			k, _ := l.acquire()
			l.check(land(t.Context(), k, 0))
			landing := crash(l, k, 1, moved)
			k, found := reopen(l, k)
			if found.Changes == nil || !found.Landed || len(found.Foreign) > 0 || found.Moved != nil || (len(found.Locks) > 0) != (moved < 3) {
				t.Errorf("found %+v", found)
			}
			for _, u := range append(landing.Updates, landing.Main) {
				if have := l.git("kernel.git", "rev-parse", u.Name); have != string(u.New) {
					t.Errorf("%s is at %s, not %s", u.Name, have, u.New)
				}
			}
			if have := l.git("main.git", "rev-parse", RefMain); have != string(landing.Main.New) {
				t.Errorf("main.git is at %s", have)
			}
			want := []string{ledger.LandingIntent, ledger.LandingDone, ledger.KernelRecover}
			if have := l.kinds(k); !slices.Equal(have[len(have)-3:], want) {
				t.Errorf("ledger %v", have)
			}
			l.check(land(t.Context(), k, 2))
			if _, found := reopen(l, k); found.Repaired() {
				t.Errorf("recovered twice: %+v", found)
			}
		})
	}
}

// A landing whose references somebody else moved meanwhile is taken back, and theirs stay.
func TestRecoverRollsBack(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	landing := crash(l, k, 1, 1)
	first := l.git("kernel.git", "rev-parse", RefMain)
	for _, lock := range landing.Updates[1:] {
		l.check(os.Remove(l.dir + "/kernel.git/" + lock.Name + ".lock"))
	}
	l.git("kernel.git", "update-ref", landing.Updates[1].Name, first)
	_, found := reopen(l, k)
	if found.Landing == "" || found.Landed || !slices.Equal(found.Foreign, []string{landing.Updates[1].Name}) || found.Moved != nil {
		t.Errorf("found %+v", found)
	}
	if refs := l.git("kernel.git", "for-each-ref", "--format=%(refname) %(objectname)", PrefixChanges, RefMain); refs !=
		landing.Updates[1].Name+" "+first+"\n"+RefMain+" "+first {
		t.Errorf("references:\n%s", refs)
	}
}

// A main that somebody moved is reported once and never overwritten, alone or in the middle of a landing.
func TestMainMovedByHand(t *testing.T) {
	t.Parallel()
	for name, moved := range map[string]int{"alone": -1, "before the first rename": 0, "with a change renamed": 1, "after main": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			k, _ := l.acquire()
			l.check(land(t.Context(), k, 0))
			from := l.git("kernel.git", "rev-parse", RefMain)
			if moved >= 0 {
				crash(l, k, 1, moved)
			}
			if moved == 3 {
				from = l.git("kernel.git", "rev-parse", RefMain)
			}
			byHand := l.git("kernel.git", "-c", "user.name=Operator", "-c", "user.email=o@example.com", "commit-tree", "-p", from, "-m", "by hand", from+"^{tree}")
			l.check(os.RemoveAll(l.dir + "/kernel.git/" + RefMain + ".lock"))
			l.git("kernel.git", "update-ref", RefMain, byHand)
			if moved < 0 {
				landing, err := compose(t.Context(), k, 2)
				l.check(err)
				landing.Main.Old = git.OID(from)
				if moved := (*git.RefMovedError)(nil); !errors.As(k.Land(t.Context(), landing), &moved) || moved.Name != RefMain {
					t.Error("landed over a main that was moved by hand")
				}
			}
			k, found := reopen(l, k)
			if found.Moved == nil || found.Moved.From != git.OID(from) || found.Moved.To != git.OID(byHand) || found.Landed != (moved == 3) {
				t.Errorf("found %+v, moved %+v", found, found.Moved)
			}
			for _, repo := range []string{"kernel.git", "main.git"} {
				if have := l.git(repo, "rev-parse", RefMain); have != byHand {
					t.Errorf("%s is at %s, not at %s", repo, have, byHand)
				}
			}
			half := l.git("kernel.git", "for-each-ref", ChangeMeta(changeID(1)), ChangePatchSet(changeID(1), 1))
			if lines := strings.Count(half, "\n"); (moved == 3) != (half != "" && lines == 1) || moved != 3 && half != "" {
				t.Errorf("half a landing:\n%s", half)
			}
			k, found = reopen(l, k)
			if found.Repaired() {
				t.Errorf("reported twice: %+v", found)
			}
			l.check(land(t.Context(), k, 3))
		})
	}
}

// A deleted main is reported and not made up.
func TestMainDeleted(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	l.git("kernel.git", "update-ref", "-d", RefMain)
	k, found := reopen(l, k)
	if found.Moved == nil || found.Moved.To != "" {
		t.Errorf("found %+v", found)
	}
	if id, err := k.Ref(t.Context(), RefMain); err != nil || id != "" {
		t.Errorf("main is %s, %v", id, err)
	}
}

// A ledger that cannot be written stops a landing before anything moves, or leaves it to be ended by the next one.
func TestLandWithoutLedger(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{ledger.LandingIntent, ledger.LandingDone} {
		l := newLab(t)
		k, _ := l.acquire()
		full := true
		real := k.journal
		k.journal = &interfering{journal: real, before: func(k string) error {
			if full && k == kind {
				return errPulled
			}
			return nil
		}}
		before := l.git("kernel.git", "rev-parse", RefMain)
		if err := land(t.Context(), k, 1); !errors.Is(err, errPulled) {
			t.Errorf("%s: %v", kind, err)
		}
		if after := l.git("kernel.git", "rev-parse", RefMain); (after == before) != (kind == ledger.LandingIntent) {
			t.Errorf("%s: main went from %s to %s", kind, before, after)
		}
		full = false
		l.check(land(t.Context(), k, 2))
		k.journal = real
		if _, found := reopen(l, k); found.Repaired() {
			t.Errorf("%s: the next process found %+v", kind, found)
		}
	}
}

// An intent that reached the ledger although writing it was reported as failed is ended in the ledger, and nothing lands.
func TestLandIntentUnconfirmed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	real := k.journal
	k.journal = &unconfirmed{journal: real}
	before := l.git("kernel.git", "rev-parse", RefMain)
	if err := land(t.Context(), k, 1); !errors.Is(err, errPulled) {
		t.Errorf("landing: %v", err)
	}
	if after := l.git("kernel.git", "rev-parse", RefMain); after != before {
		t.Error("a landing that was reported as failed moved main")
	}
	l.check(land(t.Context(), k, 2))
	want := []string{ledger.KernelCreated, ledger.LandingIntent, ledger.LandingAborted, ledger.LandingIntent, ledger.LandingDone}
	k.journal = real
	if have := l.kinds(k); !slices.Equal(have, want) {
		t.Errorf("ledger %v", have)
	}
}

type unconfirmed struct {
	journal
	failed bool
}

func (j *unconfirmed) record(ctx context.Context, kind, change string, body any) error {
	err := j.journal.record(ctx, kind, change, body)
	if err == nil && !j.failed {
		j.failed = true
		return errPulled
	}
	return err
}

// plan, whatever it finds: all or nothing of what nobody else touched, main never over somebody's move, and stable.
func TestPlan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.SampledFrom([]git.OID{"", "a", "b", "c"})
		intent := Intent{Main: Move{RefMain, "m1", "m2"}}
		have := map[string]git.OID{RefMain: rapid.SampledFrom([]git.OID{"m1", "m2", "m3"}).Draw(t, "main")}
		for i := range rapid.IntRange(0, 4).Draw(t, "refs") {
			ref := fmt.Sprint("r", i)
			intent.Updates = append(intent.Updates, Move{ref, id.Draw(t, "old"), id.Draw(t, "new")})
			have[ref] = id.Draw(t, "have")
		}
		contains := have[RefMain] == "m2" || have[RefMain] == "m3" && rapid.Bool().Draw(t, "contains")
		ours := rapid.Bool().Draw(t, "ours")
		p := plan(intent, have, contains, ours)
		after := map[string]git.OID{}
		for ref, at := range have {
			after[ref] = at
		}
		for i, u := range p.moves {
			if after[u.Name] != u.Old || u.Old == u.New && !slices.ContainsFunc(intent.Updates, func(m Move) bool { return m.Old == m.New }) {
				t.Fatalf("move %+v from %v", u, after)
			}
			if u.Name == RefMain && i != len(p.moves)-1 {
				t.Fatalf("main is not the last of %+v", p.moves)
			}
			after[u.Name] = u.New
		}
		if have[RefMain] == "m3" && after[RefMain] != "m3" {
			t.Fatal("a main moved by hand was overwritten")
		}
		for _, m := range append(intent.Updates, intent.Main) {
			touched := have[m.Ref] != m.Old && have[m.Ref] != m.New
			if touched != slices.Contains(p.foreign, m.Ref) || touched && after[m.Ref] != have[m.Ref] {
				t.Fatalf("%s, moved by somebody: foreign %v, then at %s", m.Ref, p.foreign, after[m.Ref])
			}
			want := m.Old
			if p.landed {
				want = m.New
			}
			if !touched && after[m.Ref] != want {
				t.Fatalf("%s is at %s after landed=%v", m.Ref, after[m.Ref], p.landed)
			}
		}
		if again := plan(intent, after, contains || p.landed, ours); p.landed && (!again.landed || len(again.moves) > 0) {
			t.Fatalf("planned again: %+v after %+v", again, p)
		}
	})
}
