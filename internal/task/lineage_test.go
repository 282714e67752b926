package task

import (
	"fmt"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
)

func TestLineage(t *testing.T) {
	t.Parallel()
	coder := func(n int, base, head git.OID) Record {
		return Record{Started: Started{N: n, Role: RoleCoder, Base: base}, Ended: &Ended{N: n, Head: head}}
	}
	s := State{Attempts: []Record{
		coder(1, "main", "a"), {Started: Started{N: 2, Role: RoleReviewer, Base: "a", Head: "a"}, Ended: &Ended{N: 2, Head: "r"}},
		coder(3, "a", "b"), coder(4, "main", "x"), coder(5, "b", ""), coder(6, "b", "c"), {Started: Started{N: 7, Role: RoleCoder, Base: "c"}},
	}}
	for head, want := range map[git.OID]string{"c": "[1 3 6]", "b": "[1 3]", "a": "[1]", "x": "[4]", "none": "[]"} {
		got, err := s.Lineage(func(h git.OID) (bool, error) { return h == head, nil })
		ns := []int{}
		for _, r := range got {
			ns = append(ns, r.N)
		}
		if err != nil || fmt.Sprint(ns) != want {
			t.Errorf("%s: got %v, want %s (%v)", head, ns, want, err)
		}
	}
	if _, err := s.Lineage(func(git.OID) (bool, error) { return false, fmt.Errorf("git is gone") }); err == nil {
		t.Error("an error was swallowed")
	}
}
