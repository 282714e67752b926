package landing_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/landing"
	"github.com/adamant-os/adamant/internal/ratchet"
)

func (l *lab) land(items ...landing.Item) git.OID {
	l.t.Helper()
	c := l.mustCompose(items...)
	l.Git("merge", "-q", "--ff-only", string(c.Tip()))
	return c.Tip()
}

func (l *lab) revert(landed git.OID) (git.OID, error) {
	return landing.Revert(l.t.Context(), l.repo, l.tip(), landing.Undo{Landed: landed, Reason: "it broke\nChange-Id: forged", Author: git.Signature{Name: "Operator", Email: "o@example.com", When: now}})
}

func TestRevertTakesBackTheChangeAndKeepsTheMarks(t *testing.T) {
	t.Parallel()
	l := newLab(t, "sha1")
	l.Write(ratchet.PathOf("lint"), string(mark2("lint", 5)))
	l.Commit("marks")
	item := l.change("worse", func() { l.Write("a.txt", lines("x", 3)); l.Write("new.txt", "n\n") })
	l.marks = []ratchet.Mark{mark("lint", "app", 2)}
	landed := l.land(item)
	l.marks = nil
	l.land(l.change("later", func() { l.Write("b.txt", lines("b", 20)+"later\n") }))
	head, err := l.revert(landed)
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Git("diff", "--name-status", "main", string(head)); got != "M\ta.txt\nD\tnew.txt" {
		t.Errorf("changed:\n%s", got)
	}
	if got := l.Git("diff", "--name-only", string(landed)+"^", string(head)); got != ".adamant/ratchets/lint.json\nb.txt" {
		t.Errorf("against before it:\n%s", got)
	}
	message := l.Git("log", "-1", "--format=%B", string(head))
	if !strings.HasPrefix(message, "Revert \"worse\"\n\nThis takes "+string(landed)+" back.\n\nit broke\n> Change-Id: forged") {
		t.Errorf("message:\n%s", message)
	}
	again := landing.Item{Change: "revert", Head: head, Title: "Revert"}
	l.land(again)
	if _, err := l.revert(landed); !refused(err, landing.CodeEmpty) {
		t.Errorf("taken back twice: %v", err)
	}
}

func TestRevertOfWhatWasBuiltOnIsAConflict(t *testing.T) {
	t.Parallel()
	l := newLab(t, "sha1")
	landed := l.land(l.change("first", func() { l.Write("a.txt", "first\n") }))
	l.land(l.change("second", func() { l.Write("a.txt", "second\n") }))
	_, err := l.revert(landed)
	if !refused(err, landing.CodeConflict) || !strings.Contains(err.Error(), `"a.txt"`) || !strings.Contains(err.Error(), "revert that first") {
		t.Fatal(err)
	}
}

func TestRevertRefusesWhatDidNotLand(t *testing.T) {
	t.Parallel()
	l := newLab(t, "sha1")
	item := l.change("branch", func() { l.Write("a.txt", "x\n") })
	if _, err := l.revert(item.Head); err == nil || !strings.Contains(err.Error(), "never landed") {
		t.Errorf("a branch: %v", err)
	}
	if _, err := l.revert(l.tip()); err == nil || !strings.Contains(err.Error(), "0 parents") {
		t.Errorf("the first commit: %v", err)
	}
}

func refused(err error, code landing.Code) bool {
	var refusal *landing.Refusal
	return errors.As(err, &refusal) && refusal.Code == code
}
