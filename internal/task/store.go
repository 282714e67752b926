package task

import (
	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
)

// Store keeps tasks in git (docs/formats/task.md). It is safe for concurrent use; two writers of one task meet at a
// compare-and-swap.
type Store struct {
	repo *git.Repo
	refs change.Refs
}

// NewStore is a store in repo that moves references through refs.
func NewStore(repo *git.Repo, refs change.Refs) *Store { return &Store{repo: repo, refs: refs} }
