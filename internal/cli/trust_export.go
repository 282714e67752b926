package cli

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"
)

func trustExport(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	var out string
	cmd := &cobra.Command{
		Use:   "export [trusted-root|allowed-signers|root]",
		Short: "Write out what others check our signatures with",
		Long: `Check .adamant/trust and write out one of its files: trusted_root.json for cosign and every other Sigstore
verifier (the default), allowed_signers for git (gpg.ssh.allowedSignersFile), or root.json.

Exit status: 0 written, 1 the trust root does not hold, 2 usage or no trust root.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.export(cmd.Context(), append(args, "trusted-root")[0], out)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "file to write (default: standard output)")
	return cmd
}

func (f *deskFlags) export(ctx context.Context, what, out string) error {
	if !slices.Contains([]string{"trusted-root", "allowed-signers", "root"}, what) {
		return usage(fmt.Errorf("%q: want trusted-root, allowed-signers or root", what))
	}
	repo, err := openRepo(ctx, f.env, "")
	if err != nil {
		return err
	}
	defer repo.Close()
	chain, err := f.readTrust(repo)
	if err != nil {
		return err
	}
	data := chain.TrustedRoot
	switch what {
	case "allowed-signers":
		data = []byte(chain.Current().AllowedSigners())
	case "root":
		data = chain.File()
	}
	return writeOut(f.env, out, data)
}

// writeOut writes to a file, or to standard output.
func writeOut(env *Env, file string, data []byte) error {
	if file != "" {
		return os.WriteFile(absolute(env, file), data, 0o644)
	}
	_, err := env.Stdout.Write(data)
	return err
}
