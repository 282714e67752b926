package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/notary"
)

// bundleSuffix is what cosign and others call the bundle of a file.
const bundleSuffix = ".sigstore.json"

// signing is what sign and attest have in common.
type signing struct {
	deskFlags
	as, out     string
	keep, local bool
	elsewhere   bool // signed by the Sigstore that adamant.yaml names
}

func (s *signing) register(cmd *cobra.Command) {
	s.deskFlags.register(cmd)
	cmd.Flags().StringVar(&s.as, "as", "", "identity: operator/NAME or builder/workstation/NAME (default: operator/ and your account's name)")
	cmd.Flags().StringVarP(&s.out, "output", "o", "", "file to write the bundle to; - is standard output")
	cmd.Flags().BoolVar(&s.keep, "keep", false, "also keep the bundle in refs/adamant/attestations")
	cmd.Flags().BoolVar(&s.local, "local", false, "sign with the kernel's own keys, even where adamant.yaml names a Sigstore")
}

func (s *signing) identity() string { return cmp.Or(s.as, "operator/"+(&ordering{}).operatorName()) }

func signCommand(env *Env) *cobra.Command {
	s := &signing{deskFlags: deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "sign FILE",
		Short: "Sign a file: a Sigstore bundle beside it",
		Long: `Sign a file with the kernel's keys and write FILE.sigstore.json, a bundle that cosign, sigstore-js and
adamant verify-artifact check offline with the repository's trusted root. The signature is in the
transparency log before the bundle is written.

The identity says that the account which owns the kernel asked, under a name that it chose, and no more:
approvals are signed with the operator's own key.

Exit status: 0 signed, 1 refused, 2 usage or no keys yet (adamant trust init).`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return s.sign(cmd.Context(), args[0]) },
	}
	s.register(cmd)
	return cmd
}

func (s *signing) sign(ctx context.Context, file string) error {
	digest, err := digestFile(absolute(s.env, file))
	if err != nil {
		return usage(err)
	}
	signed, err := s.blob(ctx, digest)
	if err != nil {
		return err
	}
	return s.deliver(signed, cmp.Or(s.out, file+bundleSuffix), file)
}

func (s *signing) blob(ctx context.Context, digest string) (notary.Signed, error) {
	services, err := s.services(ctx)
	switch {
	case err != nil:
		return notary.Signed{}, err
	case services == nil:
		return s.signBlob(ctx, notary.Blob{As: s.identity(), SHA256: digest, Keep: s.keep})
	}
	var raw [sha256.Size]byte
	if _, err := hex.Decode(raw[:], []byte(digest)); err != nil {
		return notary.Signed{}, err
	}
	return s.served(services.SignBlob(ctx, raw))
}

// deliver writes a bundle and says what with it can be checked.
func (s *signing) deliver(signed notary.Signed, out, about string) error {
	if out == "-" {
		_, err := fmt.Fprintf(s.env.Stdout, "%s\n", signed.Bundle)
		return err
	}
	if err := os.WriteFile(absolute(s.env, out), append(signed.Bundle, '\n'), 0o644); err != nil {
		return err
	}
	if s.json {
		return writeJSON(s.env.Stdout, map[string]string{"bundle": out, "identity": signed.Identity, "issuer": signed.Issuer})
	}
	w := s.env.Stdout
	fmt.Fprintln(w, printable(out))
	fmt.Fprintf(w, "identity %s\nissuer   %s\n", printable(signed.Identity), printable(signed.Issuer))
	if about != "" {
		root := ""
		if s.elsewhere {
			root = fmt.Sprintf(" --issuer %q --trusted-root ITS_TRUSTED_ROOT", signed.Issuer)
		}
		fmt.Fprintf(w, "check it: adamant verify-artifact %s --bundle %s --identity %q%s\n", printable(about), printable(out), signed.Identity, root)
	}
	return nil
}

// digestFile is the SHA-256 of a file in hex.
func digestFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", errors.Join(err, fmt.Errorf("%s is no regular file", path))
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
