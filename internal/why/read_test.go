package why

import (
	"slices"
	"testing"

	"github.com/adamant-os/adamant/internal/task"
)

// TestUnrecorded names the attempt that asked a model, ended and left no action, and no other.
func TestUnrecorded(t *testing.T) {
	t.Parallel()
	asked := task.Spent{Requests: 2}
	a := &Account{Made: Made{Attempts: []Attempt{
		{ID: "t-1", Finish: "done", Spent: asked},
		{ID: "t-2", Finish: "done", Spent: asked, Actions: []Action{{}}},
		{ID: "t-3", Finish: "failed"}, // it never began
		{ID: "t-4", Spent: asked},     // it is under way
	}}}
	if got, want := a.unrecorded(), []string{"t-1: nothing of what it did is on record"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
