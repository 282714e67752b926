package kernel

import (
	"context"
	"fmt"

	"github.com/adamant-os/adamant/internal/git"
)

// Pin keeps a commit, and all that it needs, for as long as a task's workspace is alive. Pinning again moves the pin.
func (k *Kernel) Pin(ctx context.Context, task string, id git.OID) error {
	if id == "" {
		return fmt.Errorf("pinning for task %s: no object was named", task)
	}
	return k.movePin(ctx, task, id)
}

// Unpin lets go of what a task's workspace needed. Without a pin it does nothing.
func (k *Kernel) Unpin(ctx context.Context, task string) error { return k.movePin(ctx, task, "") }

func (k *Kernel) movePin(ctx context.Context, task string, id git.OID) error {
	if err := CheckName(task); err != nil {
		return fmt.Errorf("pinning: %w", err)
	}
	old, err := k.Ref(ctx, PinRef(task))
	if err == nil && old != id {
		err = k.UpdateRefs(ctx, []git.RefUpdate{{Name: PinRef(task), Old: old, New: id}})
	}
	if err != nil {
		return fmt.Errorf("pinning for task %s: %w", task, err)
	}
	return nil
}

// Maintain packs references and objects of both repositories, while no transaction or landing runs. It deletes no object,
// so that nothing a workspace borrows can go.
func (k *Kernel) Maintain(ctx context.Context) error {
	k.landings.Lock()
	defer k.landings.Unlock()
	k.transactions.Lock()
	defer k.transactions.Unlock()
	if k.lease == "" {
		return ErrNotHeld
	}
	for _, repo := range []*git.Repo{k.main, k.repo} {
		if err := repo.Maintain(ctx); err != nil {
			return fmt.Errorf("maintaining %s: %w", repo.CommonDir(), err)
		}
	}
	return nil
}
