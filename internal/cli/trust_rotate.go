package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/trust"
)

// rotation is what `adamant trust rotate` is asked for.
type rotation struct {
	rootFlags
	renew            []string
	overlap          time.Duration
	add, end         []string // NAME=FILE; key ids
	threshold        int
	builders, retire []string // URI=LEVEL; URIs
}

func trustRotate(env *Env) *cobra.Command {
	f := &rotation{rootFlags: rootFlags{deskFlags: deskFlags{env: env}}}
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Make the next version of the root: new keys, operators, builders, expiry",
		Long: `Make new signing keys and the next version of root.json, signed by the operators of the version before and
of the new one. The kernel goes on with the old keys until main has the files; they stay good for
--overlap. What was signed before stays good for ever: no key leaves trusted_root.json.

A key that others may have seen: --overlap 0s. Nothing is signed then until the change has landed.

Exit status: 0 made, 2 usage or configuration.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&f.renew, "renew", []string{"ca", "ct", "tsa"}, "signing keys to renew: ca, ct, tsa, log; or none")
	flags.DurationVar(&f.overlap, "overlap", 30*24*time.Hour, "how long the old signing keys stay good")
	flags.StringArrayVar(&f.add, "add-operator", nil, "NAME=FILE, an SSH public key that may sign roots from now on")
	flags.StringArrayVar(&f.end, "end-operator", nil, "id (SHA256:...) of an operator's key that ends now")
	flags.IntVar(&f.threshold, "threshold", 0, "how many operators' keys have to sign a root (default: as it is)")
	flags.StringArrayVar(&f.builders, "builder", nil, "URI=LEVEL, a builder and the highest SLSA Build level that it may claim; a URI may end in /*")
	flags.StringArrayVar(&f.retire, "end-builder", nil, "URI of a builder that may claim nothing any more")
	return cmd
}

func (f *rotation) run(ctx context.Context) (err error) {
	repo, err := openRepo(ctx, f.env, "")
	if err != nil {
		return err
	}
	defer repo.Close()
	chain, err := f.readTrust(repo)
	if err != nil {
		return err
	}
	dir, err := f.folder(ctx)
	if err != nil {
		return err
	}
	if err := guardKeys(dir); err != nil {
		return err
	}
	k, err := kernel.Open(ctx, dir)
	if err != nil {
		return usage(fmt.Errorf("the kernel holds the keys: %w", err))
	}
	defer func() { err = errors.Join(err, k.Close()) }()
	files, err := f.next(ctx, k, chain)
	if err != nil {
		return usage(err)
	}
	if err := writeTrust(repo.Root(), files); err != nil {
		return err
	}
	if chain, err = readTrust(repo.Root()); err != nil {
		return err
	}
	return f.made(chain)
}

// next is the next version, with everything that can be refused refused before a key is made.
func (f *rotation) next(ctx context.Context, k *kernel.Kernel, chain *trust.Chain) (map[string][]byte, error) {
	now := instant(f.env)
	root := chain.Next(now, now.Add(f.life))
	if err := f.change(&root, now); err != nil {
		return nil, err
	}
	gate, err := gateKey(k, now)
	if err != nil {
		return nil, err
	}
	root.SetGate(gate, now)
	if err := root.Check(); err != nil {
		return nil, err
	}
	signers, err := f.signers(ctx, chain.Current(), root)
	if err != nil {
		return nil, err
	}
	trusted, err := f.renewed(notary.Folder(k.Dir()), chain)
	if err != nil {
		return nil, err
	}
	return chain.Publish(ctx, root, trusted, signers...)
}

// renewed makes the new signing keys. A kernel without any, such as a restored one, gets keys of all kinds.
func (f *rotation) renewed(folder string, chain *trust.Chain) ([]byte, error) {
	o := trust.Options{Repository: chain.Current().Repository, Now: f.env.Now}
	kinds := slices.DeleteFunc(slices.Clone(f.renew), func(kind string) bool { return kind == "none" })
	trusted, err := trust.Rotate(folder, o, f.overlap, kinds...)
	if !errors.Is(err, fs.ErrNotExist) {
		return trusted, err
	}
	if err := trust.Adopt(folder, o, chain.TrustedRoot); err != nil {
		return nil, err
	}
	fmt.Fprintln(f.env.Stderr, "this kernel had no signing keys: it gets new ones of all kinds; those of before end now")
	return trust.Rotate(folder, o, 0, trust.Kinds()...)
}

// change applies what the flags say about operators and builders.
func (f *rotation) change(root *trust.Root, now time.Time) error {
	for _, add := range f.add {
		name, file, found := strings.Cut(add, "=")
		if !found {
			return fmt.Errorf("--add-operator %q: want NAME=FILE", add)
		}
		public, err := os.ReadFile(absolute(f.env, file))
		if err != nil {
			return err
		}
		key, err := trust.NewKey(name, string(public), now)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		root.AddOperator(key)
	}
	for _, id := range f.end {
		if !root.EndOperator(id, now) {
			return fmt.Errorf("--end-operator %s: no operator has that key; adamant trust status lists them", id)
		}
	}
	if f.threshold > 0 {
		root.Roles.Operator.Threshold = f.threshold
	}
	for _, builder := range f.builders {
		at := strings.LastIndex(builder, "=")
		level, err := strconv.Atoi(builder[at+1:])
		if at < 0 || err != nil {
			return fmt.Errorf("--builder %q: want URI=LEVEL", builder)
		}
		root.SetBuilder(builder[:at], level)
	}
	for _, builder := range f.retire {
		root.SetBuilder(builder, 0)
	}
	return nil
}

// signers are the held keys that the two versions ask for, in full number.
func (f *rotation) signers(ctx context.Context, before, after trust.Root) ([]trust.Signer, error) {
	held, err := f.held(ctx)
	if err != nil {
		return nil, err
	}
	var out []trust.Signer
	var ids []string
	for _, key := range held {
		parsed, err := trust.NewKey("", key.Public, time.Time{})
		if err != nil {
			return nil, err
		}
		if slices.Contains(before.Roles.Operator.KeyIDs, parsed.ID) || slices.Contains(after.Roles.Operator.KeyIDs, parsed.ID) {
			f.touch(key)
			out, ids = append(out, key), append(ids, parsed.ID)
		}
	}
	for _, version := range []trust.Root{before, after} {
		role := version.Roles.Operator
		if n := common(role.KeyIDs, ids); n < role.Threshold {
			return nil, fmt.Errorf("%d of the operators' keys of version %d are here, %d have to sign: give --key FILE for each; adamant trust status lists them",
				n, version.Version, role.Threshold)
		}
	}
	return out, nil
}

// common is how many of some are among all.
func common(all, some []string) int {
	n := 0
	for _, s := range some {
		if slices.Contains(all, s) {
			n++
		}
	}
	return n
}
