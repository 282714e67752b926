package why

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// ErrNothingFetched says that a clone has none of a kernel's references.
var ErrNothingFetched = errors.New("there is no ledger here; run: adamant sync, or name the kernel with --kernel DIR")

// Lens shows what a clone fetched from a kernel as the kernel itself has it. It borrows the clone's objects and writes nothing
// there.
type Lens struct {
	*git.Repo
	Remote string // that it was fetched from
	dir    string
}

// OpenLens looks at the remote of that name; "" takes the one there is, adamant before others.
func OpenLens(ctx context.Context, clone *git.Repo, remote string) (*Lens, error) {
	refs, err := clone.Refs(ctx, kernel.RemotePrefix("x")[:len(kernel.RemotePrefix("x"))-2])
	if err != nil {
		return nil, fmt.Errorf("looking for what was fetched from a kernel: %w", err)
	}
	if remote = cmp.Or(remote, preferred(refs)); remote == "" {
		return nil, ErrNothingFetched
	}
	dir, err := os.MkdirTemp("", "adamant-why-")
	if err != nil {
		return nil, err
	}
	l := &Lens{Remote: remote, dir: dir}
	if l.Repo, err = borrow(ctx, filepath.Join(dir, "view.git"), clone, renamed(refs, remote)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return l, nil
}

// Close removes the lens.
func (l *Lens) Close() error { return errors.Join(l.Repo.Close(), os.RemoveAll(l.dir)) }

func preferred(refs []git.Ref) string {
	best := ""
	for _, r := range refs {
		name, rest, _ := strings.Cut(strings.TrimPrefix(r.Name, "refs/adamant-remote/"), "/")
		if rest == "main" && (best == "" || name == "adamant") {
			best = name
		}
	}
	return best
}

// renamed gives the references of a remote the names that the kernel has for them.
func renamed(refs []git.Ref, remote string) []git.Ref {
	var out []git.Ref
	for _, r := range refs {
		rest, ok := strings.CutPrefix(r.Name, kernel.RemotePrefix(remote))
		if !ok {
			continue
		}
		name := kernel.PrefixOwn + rest
		if rest == "main" {
			name = kernel.RefMain
		}
		out = append(out, git.Ref{Name: name, OID: r.OID})
	}
	slices.SortFunc(out, func(a, b git.Ref) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func borrow(ctx context.Context, dir string, clone *git.Repo, refs []git.Ref) (*git.Repo, error) {
	if err := git.MakeBorrower(dir, clone.ObjectFormat(), filepath.Join(clone.CommonDir(), "objects")); err != nil {
		return nil, err
	}
	if err := git.WriteRefs(dir, refs); err != nil {
		return nil, err
	}
	return git.Open(ctx, dir)
}
