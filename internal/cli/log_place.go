package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

// ledgerPlace is the repository that a ledger is read from.
type ledgerPlace struct{ repo, kernel string }

func (p *ledgerPlace) add(cmd *cobra.Command, kernel string) {
	cmd.Flags().StringVar(&p.repo, "repo", "", "clone (default: where you are)")
	cmd.Flags().StringVar(&p.kernel, "kernel", "", "kernel's folder (default: $ADAMANT_KERNEL"+kernel+")")
}

const orByName = ", else the one of this clone on this machine"

// open opens the repository that was named. The caller closes it.
func (p *ledgerPlace) open(ctx context.Context, env *Env) (*git.Repo, error) {
	dir := p.repo
	if p.isKernel(env) {
		dir = filepath.Join(p.named(env), "kernel.git")
	}
	return openRepo(ctx, env, dir)
}

func (p *ledgerPlace) named(env *Env) string { return cmp.Or(p.kernel, env.Getenv("ADAMANT_KERNEL")) }

// isKernel says that a kernel is to be read, and no clone.
func (p *ledgerPlace) isKernel(env *Env) bool { return p.repo == "" && p.named(env) != "" }

// ledgers is a repository whose ledgers can be read: a kernel's, or what a clone fetched joined with what its kernel has now.
type ledgers struct {
	*git.Repo
	sources []ledger.Source
	fetched bool   // nothing but what the clone fetched is here
	why     string // then, why
	dir     string // to be removed in the end
}

// ledgers opens what can be known now. The caller closes it.
func (p *ledgerPlace) ledgers(ctx context.Context, env *Env) (*ledgers, error) {
	repo, err := p.open(ctx, env)
	if err != nil {
		return nil, err
	}
	l := &ledgers{Repo: repo}
	if l.sources, err = ledger.Sources(ctx, repo); err == nil && !p.isKernel(env) {
		err = l.join(ctx, p.kernelOf(env, repo))
	}
	if err == nil && l.fetched && p.kernel != "" {
		err = usage(errors.New("--kernel: " + l.why))
	}
	if err == nil && len(l.sources) == 0 {
		err = usage(errNoLedger)
	}
	if err != nil {
		return nil, errors.Join(ledgerError(err), l.Close())
	}
	return l, nil
}

// kernelOf is the folder of a clone's kernel as other commands find it, "" where there is none to look for.
func (p *ledgerPlace) kernelOf(env *Env, clone *git.Repo) string {
	switch named := p.named(env); {
	case named != "":
		return absolute(env, named)
	case clone.Bare():
		return ""
	}
	return filepath.Join(places(env).Data, filepath.Base(clone.Root()))
}

// join adds what the kernel in a folder has. A kernel that shares no writer with what the clone fetched is another repository's.
func (l *ledgers) join(ctx context.Context, folder string) error {
	if slices.ContainsFunc(l.sources, func(s ledger.Source) bool { return strings.HasPrefix(s.Ref, ledger.RefPrefix) }) {
		return nil // it is a kernel, or holds all that one has
	}
	l.fetched = true // as long as no kernel is found
	if folder == "" {
		l.why = "no kernel was named"
		return nil
	}
	dir := filepath.Join(folder, "kernel.git")
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		l.why = "there is no kernel in " + folder
		return nil
	}
	kern, err := git.Open(ctx, dir)
	if err != nil {
		l.why = fmt.Sprintf("the kernel in %s cannot be read: %v", folder, err)
		return nil
	}
	theirs, err := ledger.Sources(ctx, kern)
	switch {
	case err != nil:
		return errors.Join(err, kern.Close())
	case len(theirs) == 0 || len(l.sources) > 0 && !shareWriter(l.sources, theirs):
		l.why = fmt.Sprintf("the kernel in %s is not the one that this clone fetched from", folder)
		return kern.Close()
	}
	l.fetched = false
	return errors.Join(l.borrow(ctx, kern, theirs), kern.Close())
}

func shareWriter(a, b []ledger.Source) bool {
	return slices.ContainsFunc(a, func(one ledger.Source) bool {
		return slices.ContainsFunc(b, func(other ledger.Source) bool { return one.Writer == other.Writer })
	})
}

// borrow makes a repository of the ledgers of both, so that reading notices where one does not continue the other. Nothing is
// written into either.
func (l *ledgers) borrow(ctx context.Context, kern *git.Repo, theirs []ledger.Source) error {
	var err error
	if l.dir, err = os.MkdirTemp("", "adamant-log-"); err != nil {
		return err
	}
	l.sources = slices.Concat(l.sources, theirs)
	refs := make([]git.Ref, len(l.sources))
	for i, s := range l.sources {
		refs[i] = git.Ref{Name: s.Ref, OID: s.Head}
	}
	slices.SortFunc(refs, func(a, b git.Ref) int { return strings.Compare(a.Name, b.Name) })
	dir := filepath.Join(l.dir, "view.git")
	if err := git.MakeBorrower(dir, kern.ObjectFormat(), filepath.Join(l.CommonDir(), "objects"), filepath.Join(kern.CommonDir(), "objects")); err != nil {
		return err
	}
	if err := git.WriteRefs(dir, refs); err != nil {
		return err
	}
	view, err := git.Open(ctx, dir)
	if err != nil {
		return err
	}
	clone := l.Repo
	l.Repo = view
	return clone.Close()
}

// Close ends reading and removes what was made for it.
func (l *ledgers) Close() error {
	err := l.Repo.Close()
	if l.dir != "" {
		err = errors.Join(err, os.RemoveAll(l.dir))
	}
	return err
}

// tellAge says in a line how old the ledger is that was read, where the kernel may have more.
func (l *ledgers) tellAge(ctx context.Context, env *Env) error {
	if !l.fetched {
		return nil
	}
	last, err := l.last(ctx)
	if err != nil || last.Kind == ledger.KernelEjected { // nothing comes after that
		return err
	}
	fmt.Fprintf(env.Stderr, "this is the ledger as last fetched, up to %s (%s ago): %s; for what came since: adamant sync\n",
		last.Time.UTC().Format(time.DateTime), ago(env.Now(), last.Time), printable(l.why))
	return nil
}

// last is the newest entry of all.
func (l *ledgers) last(ctx context.Context) (ledger.Entry, error) {
	var last ledger.Entry
	for _, s := range l.sources {
		for e, err := range ledger.Newest(ctx, l.Repo, s) {
			if err != nil {
				return last, err
			}
			if e.Time.After(last.Time) {
				last = e
			}
			break
		}
	}
	return last, nil
}
