package kernel

import (
	"errors"
	"slices"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
)

// TestAttestationsTravel: log and attestations leave the kernel, arrive in clones, and are never rewritten there.
func TestAttestationsTravel(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	k, _ := l.acquire()
	l.check(land(t.Context(), k, 0))
	first, second := l.head(k), git.OID(l.run("commit-tree", "-m", "another history", "HEAD^{tree}"))
	for _, ref := range []string{RefLog, RefAttestations} {
		l.check(k.UpdateRefs(t.Context(), []git.RefUpdate{{Name: ref, New: first}}))
	}
	forge := l.forge()
	l.mirror(k, forge)
	dir := l.clone.Dir
	clone := l.openClone(dir)
	_, err := SyncFrom(t.Context(), clone, "copy", forge)
	l.check(err)
	for _, name := range []string{"log", "attestations"} {
		if got := l.refsOf(dir)[RemotePrefix("copy")+name]; got != string(first) {
			t.Errorf("the clone has %s at %q", name, got)
		}
	}
	l.run("push", "-q", "--force", forge, string(second)+":"+RefAttestations)
	l.refused(l.mirror(k, forge), RefAttestations, CauseRewritten)
	var rewritten *RewrittenError
	if _, err := SyncFrom(t.Context(), clone, "copy", forge); !errors.As(err, &rewritten) || !slices.Contains(rewritten.Refs, RemotePrefix("copy")+"attestations") {
		t.Errorf("rewritten attestations are fetched: %v", err)
	}
}
