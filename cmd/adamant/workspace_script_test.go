package main

import (
	"context"
	"errors"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/workspace"
)

// makeWorkspace makes a workspace, which only an attempt of a task gets: workspace KERNEL DIR ID [FOLDER...].
func makeWorkspace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: workspace KERNEL DIR ID [FOLDER...]")
	}
	ctx := context.Background()
	k, err := kernel.Open(ctx, ts.MkAbs(args[0]))
	ts.Check(err)
	_, err = k.Acquire(ctx)
	if err == nil {
		err = createIn(ctx, k, ts.MkAbs(args[1]), args[2], args[3:])
	}
	ts.Check(errors.Join(err, k.Close()))
}

func createIn(ctx context.Context, k *kernel.Kernel, dir, id string, cone []string) error {
	store, err := workspace.Open(workspace.Config{Dir: dir, Kernel: k})
	if err != nil {
		return err
	}
	base, err := k.Ref(ctx, kernel.RefMain)
	if err != nil {
		return err
	}
	who := sandbox.Self()
	if os.Geteuid() == 0 {
		if who, err = sandbox.Slot(700); err != nil {
			return err
		}
	}
	_, err = store.Create(ctx, workspace.Request{Task: id, Base: base, Cone: cone, Identity: who})
	return err
}
