package kernel

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

// Sync is what a run of Sync brought.
type Sync struct {
	Remote string  `json:"remote"`          // the name that references are kept below
	Main   git.OID `json:"main"`            // where it is now, "" when the remote has none
	Was    git.OID `json:"was"`             // where it was at the last sync, "" at the first
	Landed int     `json:"landed"`          // commits that are new on it
	Pruned int     `json:"pruned"`          // references of changes and tasks that the remote archived
	Forge  git.OID `json:"forge,omitempty"` // a mirror's own main branch, where it is not the kernel's main
}

// RewrittenError says that a remote's history is not a continuation of what the clone has. Nothing was fetched.
type RewrittenError struct {
	Remote string
	Refs   []string
}

func (e *RewrittenError) Error() string {
	return fmt.Sprintf("%s rewrote %s: it does not continue what this clone has, and nothing was fetched; keep this clone, compare it with "+
		"another one or with the kernel, and find out who did it", e.Remote, strings.Join(e.Refs, ", "))
}

// RemotePrefix is where a clone keeps what it fetched from a kernel or its mirror.
func RemotePrefix(name string) string { return ledger.RemotePrefix + name + "/" }

// RemoteMain is the main of a kernel or its mirror in a clone.
func RemoteMain(name string) string { return RemotePrefix(name) + "main" }

// SyncFrom brings a kernel's references into a clone below refs/adamant-remote/<name>/, from an absolute path or URL: all of
// them move or none. Main, ledger, log and archive must continue what the clone has (*RewrittenError). No branch, index or
// working tree is touched. Leases, pins and quarantine are never asked for.
func SyncFrom(ctx context.Context, clone *git.Repo, name, source string) (Sync, error) {
	s := Sync{Remote: name}
	if err := CheckName(name); err != nil {
		return s, fmt.Errorf("syncing: the remote's name: %w", err)
	}
	if err := s.run(ctx, clone, source); err != nil {
		return s, fmt.Errorf("syncing with %s: %w", name, err)
	}
	return s, nil
}

func (s *Sync) run(ctx context.Context, clone *git.Repo, source string) error {
	there, err := remoteRefs(ctx, clone, source)
	if err != nil {
		return err
	}
	if s.Was, err = clone.Ref(ctx, RemoteMain(s.Remote)); err != nil {
		return err
	}
	specs, err := s.refspecs(there)
	if err != nil {
		return err
	}
	if err := clone.Fetch(ctx, source, specs, git.FetchOptions{}); err != nil {
		return s.explain(err)
	}
	if s.Main, err = clone.Ref(ctx, RemoteMain(s.Remote)); err != nil {
		return err
	}
	if s.Was != "" && s.Main != s.Was {
		if s.Landed, err = clone.Count(ctx, git.LogOptions{From: s.Main, Not: []git.OID{s.Was}, FirstParent: true}); err != nil {
			return err
		}
	}
	return s.prune(ctx, clone, there)
}

// refspecs is the explicit list of what a clone fetches. What only grows has no "+", so that git refuses a rewritten one.
func (s *Sync) refspecs(there map[string]git.OID) ([]string, error) {
	main := RefMain
	if there[RefMirrorMain] != "" {
		if main = RefMirrorMain; there[RefMain] != there[main] {
			s.Forge = there[RefMain]
		}
	}
	if there[main] == "" {
		return nil, errors.New("the remote has no main branch; is it a kernel, or a mirror of one?")
	}
	below := RemotePrefix(s.Remote)
	specs := []string{main + ":" + RemoteMain(s.Remote)}
	for _, prefix := range []string{PrefixLedger, PrefixArchive, PrefixChanges, PrefixTasks} {
		force := ""
		if !appended(prefix) {
			force = "+"
		}
		specs = append(specs, force+prefix+"*:"+below+strings.TrimPrefix(prefix, PrefixOwn)+"*")
	}
	for _, ref := range []string{RefLog, RefAttestations} {
		if there[ref] == "" {
			continue // a name that is not there is an error to git
		}
		force := ""
		if !appended(ref) {
			force = "+"
		}
		specs = append(specs, force+ref+":"+below+strings.TrimPrefix(ref, PrefixOwn))
	}
	return specs, nil
}

func (s *Sync) explain(err error) error {
	var rejected *git.RejectedError
	if !errors.As(err, &rejected) {
		return err
	}
	e := &RewrittenError{Remote: s.Remote}
	for _, ref := range rejected.Refs {
		if strings.Contains(ref.Reason, "non-fast-forward") {
			e.Refs = append(e.Refs, ref.Name)
		}
	}
	if len(e.Refs) == 0 {
		return err
	}
	return e
}

// prune forgets changes and tasks that the remote no longer names: it archived them.
func (s *Sync) prune(ctx context.Context, clone *git.Repo, there map[string]git.OID) error {
	below := RemotePrefix(s.Remote)
	refs, err := clone.Refs(ctx, below+"changes/", below+"tasks/")
	if err != nil {
		return err
	}
	var gone []git.RefUpdate
	for _, ref := range refs {
		if there[PrefixOwn+strings.TrimPrefix(ref.Name, below)] == "" {
			gone = append(gone, git.RefUpdate{Name: ref.Name, Old: ref.OID})
		}
	}
	s.Pruned = len(gone)
	return clone.UpdateRefs(ctx, gone)
}
