package main

import (
	"context"
	"errors"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// makeKernel is the script command "kernel CLONE DIR [COMMIT]": it makes the kernel of a clone as a daemon's first start does,
// and lands a commit of the clone.
func makeKernel(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: kernel CLONE DIR [COMMIT]")
	}
	ctx := context.Background()
	clone, err := git.Open(ctx, ts.MkAbs(args[0]))
	ts.Check(err)
	defer clone.Close()
	k, err := kernel.Create(ctx, ts.MkAbs(args[1]), clone, kernel.Options{})
	ts.Check(err)
	_, err = k.Acquire(ctx)
	if err == nil && len(args) == 3 {
		err = landIn(ctx, k, clone, args[2])
	}
	ts.Check(errors.Join(err, k.Close()))
}

func landIn(ctx context.Context, k *kernel.Kernel, clone *git.Repo, rev string) error {
	id, err := clone.Resolve(ctx, rev)
	if err != nil {
		return err
	}
	if _, err := k.Repo().Copy(ctx, clone, id); err != nil {
		return err
	}
	main, err := k.Ref(ctx, kernel.RefMain)
	if err != nil {
		return err
	}
	return k.Land(ctx, kernel.Landing{Main: git.RefUpdate{Name: kernel.RefMain, Old: main, New: id}})
}
