package graph

import (
	"fmt"
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// TestLeftOut: each problem is a sentence, and a crowd is counted.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	s := &Snapshot{Problems: []imports.Problem{{Path: "a", Message: "it was not read"}, {Path: "go.mod", Line: 3, Message: "no version"}}}
	for i := range 11 {
		s.Problems = append(s.Problems, imports.Problem{Path: fmt.Sprint(i), Message: "no"})
	}
	got := s.LeftOut()
	if len(got) != 11 || got[0].Message != "left out of the graph: a: it was not read" || got[1].Message != "left out of the graph: go.mod:3: no version" ||
		got[1].Path != "go.mod" || got[1].Line != 3 || got[10] != (imports.Problem{Message: "3 more are left out of the graph"}) {
		t.Errorf("%+v", got)
	}
	if s.Problems[0].Message != "it was not read" {
		t.Error("the snapshot has changed")
	}
	if got := (&Snapshot{}).LeftOut(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}
