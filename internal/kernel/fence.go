package kernel

import (
	"context"
	"errors"
	"fmt"

	"github.com/adamant-os/adamant/internal/git"
)

// Ref reads a reference of kernel.git, "" when there is none.
func (k *Kernel) Ref(ctx context.Context, name string) (git.OID, error) { return k.repo.Ref(ctx, name) }

// UpdateRefs moves references of kernel.git in one transaction that verifies the lease first: a process that was replaced
// moves nothing (*FencedError). Main moves by Land only, the lease by Acquire. Other errors are git.Repo.UpdateRefs'.
// A transaction whose git died is finished as long as this process lives; a crash may leave a part of it, so what
// belongs together across a crash goes through Land.
func (k *Kernel) UpdateRefs(ctx context.Context, updates []git.RefUpdate) error {
	for _, u := range updates {
		if u.Name == RefMain && u.Old != u.New {
			return fmt.Errorf("%s moves by landing only", RefMain)
		}
	}
	return k.transact(ctx, updates)
}

// transact is one fenced transaction.
func (k *Kernel) transact(ctx context.Context, updates []git.RefUpdate) error {
	k.transactions.Lock()
	defer k.transactions.Unlock()
	if k.lease == "" {
		return ErrNotHeld
	}
	fence := git.RefUpdate{Name: RefLease, Old: k.lease, New: k.lease}
	for _, u := range updates {
		if u.Name == RefLease {
			return fmt.Errorf("%s moves by acquiring the kernel only", RefLease)
		}
	}
	fenced := append([]git.RefUpdate{fence}, updates...)
	err := k.repo.UpdateRefs(ctx, fenced)
	if errors.Is(err, git.ErrInterrupted) {
		err = k.finish(context.WithoutCancel(ctx), fenced, err)
	}
	var moved *git.RefMovedError
	if errors.As(err, &moved) && moved.Name == RefLease {
		return &FencedError{Epoch: k.epoch}
	}
	return err
}

// finish repeats a transaction whose git died: what it had renamed stays, the rest is moved. Its locks are nobody's any
// more, since no other process of this kernel writes these references.
func (k *Kernel) finish(ctx context.Context, fenced []git.RefUpdate, cause error) error {
	if err := k.repo.Unlock(locks(fenced)...); err != nil {
		return errors.Join(cause, err)
	}
	have, err := k.current(ctx, fenced)
	if err != nil {
		return errors.Join(cause, err)
	}
	rest := fenced[:1:1]
	for _, u := range fenced[1:] {
		if have[u.Name] != u.New {
			rest = append(rest, u)
		}
	}
	return k.repo.UpdateRefs(ctx, rest)
}

// locks are what a transaction locks.
func locks(updates []git.RefUpdate) []string {
	out := names(updates)
	for _, u := range updates {
		if u.Old != u.New && u.New == "" {
			return append(out, git.PackedRefs)
		}
	}
	return out
}

func names(updates []git.RefUpdate) []string {
	out := make([]string, len(updates))
	for i, u := range updates {
		out[i] = u.Name
	}
	return out
}

// current reads what the references of updates stand at.
func (k *Kernel) current(ctx context.Context, updates []git.RefUpdate) (map[string]git.OID, error) {
	have := make(map[string]git.OID, len(updates))
	if len(updates) == 0 {
		return have, nil
	}
	refs, err := k.repo.Refs(ctx, names(updates)...)
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		have[ref.Name] = ref.OID
	}
	return have, nil
}
