package history

import "github.com/adamant-os/adamant/internal/git"

// At is the history as it was right after an earlier change; false when the view does not hold that commit.
func (v View) At(commit git.OID) (View, bool) {
	then, ok := v.index.At(commit)
	return then, ok && then.changes <= v.changes
}
