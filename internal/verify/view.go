package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
)

// ChoiceError says that a clone has synced with several remotes and none was named.
type ChoiceError struct{ Remotes []string }

func (e *ChoiceError) Error() string {
	return fmt.Sprintf("this clone has synced with %s: choose one with --remote", strings.Join(e.Remotes, ", "))
}

// view is where one kernel's references are: those of the repository itself, or those that a clone fetched from a remote.
type view struct {
	remote  string // empty: the repository's own
	prefix  string // in place of refs/adamant/
	mainRef string
	sources []ledger.Source
}

// ref is where one of adamant's own references is here.
func (v *view) ref(own string) string { return v.prefix + strings.TrimPrefix(own, kernel.PrefixOwn) }

// own is what a reference here is called in the kernel.
func (v *view) own(ref string) string { return kernel.PrefixOwn + strings.TrimPrefix(ref, v.prefix) }

// find chooses the view: the named remote's, else the repository's own, else the only remote's. It is never nil.
func find(ctx context.Context, repo *git.Repo, remote string) (*view, error) {
	if remote == "" {
		own, err := repo.Refs(ctx, ledger.RefPrefix)
		if err != nil {
			return &view{}, err
		}
		if len(own) > 0 {
			return ownView(ctx, repo)
		}
		if remote, err = onlyRemote(ctx, repo); err != nil {
			return &view{}, err
		}
	}
	if remote == "" {
		return ownView(ctx, repo)
	}
	v := &view{remote: remote, prefix: kernel.RemotePrefix(remote), mainRef: kernel.RemoteMain(remote)}
	return v, v.list(ctx, repo)
}

func ownView(ctx context.Context, repo *git.Repo) (*view, error) {
	v := &view{prefix: kernel.PrefixOwn, mainRef: kernel.RefMain}
	mirrored, err := repo.Ref(ctx, kernel.RefMirrorMain)
	if err == nil && mirrored != "" {
		v.mainRef = kernel.RefMirrorMain // a forge may do to its own main what it likes
	}
	if err != nil {
		return v, err
	}
	return v, v.list(ctx, repo)
}

// onlyRemote is the name of the one remote of which something was synced; empty: a kernel may be here.
func onlyRemote(ctx context.Context, repo *git.Repo) (string, error) {
	refs, err := repo.Refs(ctx, ledger.RemotePrefix)
	if err != nil {
		return "", err
	}
	var names []string
	for _, ref := range refs {
		name, _, _ := strings.Cut(strings.TrimPrefix(ref.Name, ledger.RemotePrefix), "/")
		names = append(names, name)
	}
	slices.Sort(names)
	switch names = slices.Compact(names); len(names) {
	case 0:
		return "", nil
	case 1:
		return names[0], nil
	}
	return "", &ChoiceError{names}
}

// list finds the ledgers of the view.
func (v *view) list(ctx context.Context, repo *git.Repo) error {
	all, err := ledger.Sources(ctx, repo)
	if err != nil {
		return err
	}
	for _, s := range all {
		if strings.HasPrefix(s.Ref, v.ref(kernel.PrefixLedger)) {
			v.sources = append(v.sources, s)
		}
	}
	return nil
}
