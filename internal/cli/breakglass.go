package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

func breakGlassCommand(env *Env) *cobra.Command {
	c := &consent{deskFlags: deskFlags{env: env}}
	var land string
	cmd := &cobra.Command{
		Use:   "break-glass CHANGE --reason TEXT | --land COMMIT --reason TEXT",
		Short: "Approve a critical change, or move main without a daemon",
		Long: `Two things need the glass broken, each with a reason on record and a credential that verifies its user
(a security key with PIN, a browser's key):

  break-glass CHANGE           a critical change. It is bound to the exact base and landing tree: when
                               main moves first, it is asked again.
  break-glass --land COMMIT    the daemon is down and main must move now. COMMIT descends from main and
                               is in this repository. Nothing judges it: the ledger says so, and the
                               daemon judges main again and announces it when it starts. A recovery code
                               (--recovery) does where no credential verifies its user.

Exit status: as approve.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case (land == "") == (len(args) == 0):
				return usage(errors.New("give a change, or --land COMMIT"))
			case land != "":
				return c.land(cmd.Context(), land)
			}
			return c.run(cmd.Context(), args[0], breaking)
		},
	}
	c.register(cmd)
	cmd.Flags().StringVar(&c.reason, "reason", "", "why, on record (required, 20 characters or more)")
	cmd.Flags().StringVar(&land, "land", "", "commit that main becomes, without a daemon")
	cmd.Flags().StringVar(&c.recovery, "recovery", "", "recovery code, with --land")
	cmd.Flags().StringSliceVar(&c.accepts, "accept", nil, "also accept that these gates are missing")
	return cmd
}

// land moves main on the kernel itself, while no daemon holds it.
func (c *consent) land(ctx context.Context, rev string) (err error) {
	repo, err := openRepo(ctx, c.env, "")
	if err != nil {
		return err
	}
	defer repo.Close()
	commit, err := repo.Resolve(ctx, rev)
	if err != nil {
		return usage(err)
	}
	dir, err := c.folder(ctx)
	if err != nil {
		return err
	}
	k, err := kernel.Open(ctx, dir)
	if err != nil {
		return usage(err)
	}
	defer func() { err = errors.Join(err, k.Close()) }()
	if err := hold(ctx, k); err != nil {
		return err
	}
	authority, err := operator.Open(ctx, operator.LedgerLog{Repo: k.Repo(), Writer: k.Ledger()}, operator.Options{Now: c.env.Now})
	if err != nil {
		return err
	}
	main, err := k.Ref(ctx, kernel.RefMain)
	if err != nil {
		return err
	}
	if err := k.Repo().Fetch(ctx, repo.CommonDir(), []string{string(commit)}, git.FetchOptions{}); err != nil {
		return err
	}
	order := operator.Order{Action: operator.ActionLand, Onto: string(main), Lands: string(commit), Reason: c.reason}
	if err := c.orderLanding(ctx, &offline{authority}, &order); err != nil {
		return err
	}
	err = k.Land(ctx, kernel.Landing{Main: git.RefUpdate{Name: kernel.RefMain, Old: main, New: commit}})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.env.Stdout, "main is %s. Nothing judged it; the daemon will when it starts, and announce it.\n", commit.Short())
	return nil
}

// hold takes the kernel, and says what to do when a daemon has it.
func hold(ctx context.Context, k *kernel.Kernel) error {
	_, err := k.Acquire(ctx)
	if held := (*kernel.HeldError)(nil); errors.As(err, &held) {
		return usage(fmt.Errorf("%w. With a daemon, push the change and use adamant break-glass CHANGE; or stop it: adamant down", err))
	}
	return err
}

// orderLanding shows what is about to happen, has it signed, and writes it to the ledger.
func (c *consent) orderLanding(ctx context.Context, o *offline, order *operator.Order) error {
	known, err := o.Operators(ctx)
	if err != nil {
		return err
	}
	with := &ordering{deskFlags: c.deskFlags, signFlags: c.signFlags}
	order.Operator = with.signerName(ctx, known)
	text, err := with.text(order)
	if err != nil {
		return err
	}
	dir, err := c.folder(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.env.Stderr, "main     %s -> %s, judged by nobody\nreason   %s\nsigned   as %s, in %s\n", shortOID(order.Onto), shortOID(order.Lands),
		printable(order.Reason), order.Operator, filepath.Base(dir))
	if err := confirm(c.env, c.yes, "Break the glass?"); err != nil {
		return err
	}
	proof := desk.Proof{Statement: text, Method: operator.MethodRecovery, Code: c.recovery}
	if c.recovery == "" {
		if proof, err = c.prove(ctx, c.env, o, operator.NamespaceOrder, text, true); err != nil {
			return err
		}
	}
	_, err = o.Enrol(ctx, desk.Enrolment{Proof: proof})
	return deskError(err)
}

// offline is the desk's registry without a daemon.
type offline struct{ *operator.Authority }

func (o *offline) Enrol(ctx context.Context, e desk.Enrolment) (desk.Enrolled, error) {
	return o.Order(ctx, e, false)
}
