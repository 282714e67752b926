package kernel

import (
	"context"
	"fmt"
	"os"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

// NotPulledError says that a clone lacks commits of the kernel's main.
type NotPulledError struct {
	Branch string
	Main   git.OID
	Behind int
}

func (e *NotPulledError) Error() string {
	return fmt.Sprintf("your %s is behind the kernel's main (%s) by %d; bring it up first: adamant sync --ff", e.Branch, e.Main.Short(), e.Behind)
}

// Eject takes a clone out of a kernel that is held: it writes kernel.ejected to the ledger, brings the kernel's last state
// into the clone below refs/adamant-remote/<name>/, where it stays as the record, and removes the remote of that name. The
// clone's branch must hold the kernel's main (*NotPulledError). Branches, working tree and the kernel's folder are left alone.
func (k *Kernel) Eject(ctx context.Context, clone *git.Repo, name, branch string) (Sync, error) {
	s, err := k.eject(ctx, clone, name, branch)
	if err != nil {
		return s, fmt.Errorf("ejecting: %w", err)
	}
	return s, nil
}

func (k *Kernel) eject(ctx context.Context, clone *git.Repo, name, branch string) (Sync, error) {
	if k.journal == nil {
		return Sync{}, ErrNotHeld
	}
	s, err := SyncFrom(ctx, clone, name, k.repo.CommonDir())
	if err != nil {
		return s, err
	}
	if err := pulled(ctx, clone, branch, s.Main); err != nil {
		return s, err
	}
	if err := k.journal.record(ctx, ledger.KernelEjected, "", Outcome{V: 1, Main: s.Main, Changes: []string{}}); err != nil {
		return s, err
	}
	if s, err = SyncFrom(ctx, clone, name, k.repo.CommonDir()); err != nil {
		return s, err
	}
	return s, clone.RemoveRemote(ctx, name)
}

// pulled demands that a branch holds the kernel's main.
func pulled(ctx context.Context, clone *git.Repo, branch string, main git.OID) error {
	at, err := clone.Ref(ctx, branch)
	if err != nil {
		return err
	}
	if at == "" {
		return fmt.Errorf("the clone has no branch %s", branch)
	}
	behind, err := clone.Count(ctx, git.LogOptions{From: main, Not: []git.OID{at}})
	if err != nil || behind == 0 {
		return err
	}
	return &NotPulledError{Branch: branch, Main: main, Behind: behind}
}

// Remove deletes a kernel's folder, for good, and closes the kernel. It must be held, so that no daemon works in it.
func (k *Kernel) Remove() error {
	if k.lock == nil {
		return ErrNotHeld
	}
	err := k.Close()
	if err == nil {
		err = os.RemoveAll(k.dir)
	}
	if err != nil {
		return fmt.Errorf("removing the kernel %s: %w", k.dir, err)
	}
	return nil
}
