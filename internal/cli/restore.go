package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
)

func restoreCommand(env *Env) *cobra.Command {
	var from string
	f := &verifyFlags{}
	cmd := &cobra.Command{
		Use:   "restore --from REMOTE DIR",
		Short: "Rebuild a kernel from its mirror",
		Long: `Rebuild the kernel of a mirror in the folder DIR, which must not exist: main, ledger, changes, tasks, archive
and attestations. The ledger is verified first; one that does not hold is not restored. Where the forge's
main is not the kernel's, the kernel's is taken. The new kernel has a writer and a key of its own and goes on
beside the old ledgers. What was in flight is not in a mirror.

Exit status: 0 restored, 1 the ledger does not hold, 2 usage or configuration.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runRestore(cmd.Context(), env, f, from, args[0]) },
	}
	cmd.Flags().StringVar(&from, "from", "", "URL or path of the mirror, or the name of a remote of the clone you are in")
	cmd.Flags().StringVar(&f.keys, "keys", "", "file with the public keys that may sign the ledger, in the form of authorized_keys")
	cmd.Flags().BoolVar(&f.json, "json", false, "print what was restored as JSON")
	if err := cmd.MarkFlagRequired("from"); err != nil {
		panic(err) // the flag is two lines up
	}
	return cmd
}

func runRestore(ctx context.Context, env *Env, f *verifyFlags, from, dir string) (err error) {
	policy, err := f.policy(env)
	if err != nil {
		return err
	}
	url, err := remoteURL(ctx, env, "", from)
	if err != nil {
		return err
	}
	k, restored, err := kernel.Restore(ctx, absolute(env, dir), url, policy)
	if err != nil {
		return restoreError(err)
	}
	defer func() { err = errors.Join(err, k.Close()) }()
	if _, err := k.Acquire(ctx); err != nil {
		return err
	}
	if err := k.NoteRestored(ctx, restored); err != nil {
		return err
	}
	if f.json {
		return writeJSON(env.Stdout, restored)
	}
	fmt.Fprintf(env.Stdout, "restored %s from %s\n  main %s, %d ledger entries verified\n", printable(dir), printable(restored.From), restored.Main.Short(), restored.Entries)
	for _, l := range restored.Ledger.Ledgers {
		writeLedger(env.Stdout, l)
	}
	if restored.Forge != "" {
		fmt.Fprintf(env.Stdout, "  the remote's own main is %s; the kernel's was taken\n", restored.Forge.Short())
	}
	fmt.Fprintf(env.Stdout, "Next: adamant up --kernel %s\n", printable(dir))
	return nil
}

func restoreError(err error) error {
	var alarms *kernel.AlarmError
	var alarm *ledger.Alarm
	if errors.As(err, &alarms) || errors.As(err, &alarm) {
		return &exitError{Code: ExitDeny, Err: err}
	}
	return usage(err)
}
