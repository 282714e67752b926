package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/trust"
	"github.com/adamant-os/adamant/internal/trust/verify"
)

// verifying is what `adamant verify-artifact` is asked for.
type verifying struct {
	deskFlags
	bundle, root, key string
	expect            verify.Expect
}

func verifyArtifactCommand(env *Env) *cobra.Command {
	v := &verifying{deskFlags: deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "verify-artifact FILE|sha256:HEX|git:REV",
		Short: "Check offline who signed a file, a digest or a commit, and when",
		Long: `Check a Sigstore bundle offline: the signature, the signer's certificate and when it was valid, the
timestamp, the transparency log, and that it is about FILE. Without --trusted-root the bundle is held to
.adamant/trust of this work tree, and --identity may be short: gate, operator/NAME.

Without --identity or --identity-regexp whoever the root vouches for is accepted, and named.
docs/verify.md says how cosign checks the same, docs/formats/reasons.md what each code means.

Exit status: 0 it holds, 1 refused, 2 usage or a file that cannot be read.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return v.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&v.bundle, "bundle", "", "the bundle (default: FILE"+bundleSuffix+")")
	f.StringVar(&v.root, "trusted-root", "", "trusted_root.json (default: the one of this work tree)")
	f.StringVar(&v.key, "key", "", "public key in PEM, for a bundle that was signed without a certificate")
	f.StringVar(&v.expect.Identity, "identity", "", "who must have signed it")
	f.StringVar(&v.expect.Pattern, "identity-regexp", "", "what the whole name of who signed it must match (RE2)")
	f.StringVar(&v.expect.Issuer, "issuer", "", "who must have vouched for the name")
	f.StringVar(&v.expect.Type, "type", "", "what the statement must be: provenance, vsa, cyclonedx, spdx, openvex or a URI")
	f.BoolVar(&v.json, "json", false, "print JSON")
	return cmd
}

func (v *verifying) run(ctx context.Context, name string) error {
	if _, err := regexp.Compile(v.expect.Pattern); err != nil {
		return usage(fmt.Errorf("--identity-regexp: %w", err))
	}
	bundle, err := readAtMost(absolute(v.env, cmp.Or(v.bundle, name+bundleSuffix)), verify.MaxBundle)
	if err != nil {
		return usage(fmt.Errorf("reading the bundle: %w", err))
	}
	if v.expect.Type != "" {
		if v.expect.Type, _, err = predicateType(v.expect.Type); err != nil {
			return usage(err)
		}
	}
	artifact, done, err := v.artifact(ctx, name)
	if err != nil {
		return usage(err)
	}
	verifier, err := v.verifier(ctx)
	if err == nil {
		var r verify.Result
		r, err = verifier.Bundle(ctx, bundle, artifact, v.expect)
		if err = errors.Join(err, done()); err == nil {
			return v.accepted(name, r)
		}
	}
	return v.refused(name, err)
}

// verifier reads the trusted root and the key.
func (v *verifying) verifier(ctx context.Context) (*verify.Verifier, error) {
	root, err := v.trustedRoot(ctx)
	if err != nil {
		return nil, err
	}
	var o verify.Options
	if v.key != "" {
		if o.Key, err = readAtMost(absolute(v.env, v.key), 1<<20); err != nil {
			return nil, usage(fmt.Errorf("reading the public key: %w", err))
		}
	}
	return verify.New(root, o)
}

// trustedRoot is the file that was named, else that of the work tree, whose chain of signatures is checked first.
func (v *verifying) trustedRoot(ctx context.Context) ([]byte, error) {
	if v.root != "" {
		root, err := readAtMost(absolute(v.env, v.root), 4<<20)
		if err != nil {
			return nil, usage(fmt.Errorf("reading the trusted root: %w", err))
		}
		return root, nil
	}
	repo, err := openRepo(ctx, v.env, "")
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	chain, err := v.readTrust(repo)
	if err != nil {
		return nil, err
	}
	if id, err := trust.Within(chain.Current().Repository, v.expect.Identity); err == nil && v.expect.Identity != "" {
		v.expect.Identity = id.String()
	}
	return chain.TrustedRoot, nil
}

// artifact opens what the bundle must be about. The caller calls done when it is read.
func (v *verifying) artifact(ctx context.Context, name string) (a verify.Artifact, done func() error, err error) {
	none := func() error { return nil }
	if rev, ok := strings.CutPrefix(name, "git:"); ok {
		repo, err := openRepo(ctx, v.env, "")
		if err != nil {
			return a, none, err
		}
		commit, err := repo.Resolve(ctx, rev)
		a.Digest = verify.Digest{Algorithm: "gitCommit", Value: string(commit)}
		return a, none, errors.Join(err, repo.Close())
	}
	if digest, ok := strings.CutPrefix(name, "sha256:"); ok {
		a.Digest = verify.Digest{Algorithm: "sha256", Value: digest}
		return a, none, nil
	}
	f, err := os.Open(absolute(v.env, name))
	if err != nil {
		return a, none, err
	}
	a.Reader = f
	return a, f.Close, nil
}

// artifactVerdict is what --json prints.
type artifactVerdict struct {
	V        int             `json:"v"`
	Artifact string          `json:"artifact"`
	Accepted bool            `json:"accepted"`
	Result   *verify.Result  `json:"result,omitempty"`
	Refusal  *verify.Refusal `json:"refusal,omitempty"`
	Why      string          `json:"why,omitempty"` // the refusal in full
}

func (v *verifying) accepted(name string, r verify.Result) error {
	if v.json {
		return writeJSON(v.env.Stdout, artifactVerdict{V: 1, Artifact: name, Accepted: true, Result: &r})
	}
	w := v.env.Stdout
	if v.expect.Identity == "" && v.expect.Pattern == "" && r.Identity != "" { // first: nobody reads on behind "accepted"
		fmt.Fprintln(w, styleFor(v.env, w).yellow("no identity was asked for: whoever the root vouches for is accepted; name one with --identity"))
	}
	fmt.Fprintf(w, "%s %s\n", styleFor(v.env, w).green("accepted"), printable(name))
	line := func(label, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-9s %s\n", label, printable(value))
		}
	}
	line("signed by", cmp.Or(r.Identity, "the key "+v.key))
	line("issuer", r.Issuer)
	if !r.Time.IsZero() {
		line("at", r.Time.Format(time.RFC3339))
	}
	line("log", fmt.Sprintf("%s, entry %d", r.LogOrigin, r.LogIndex))
	line("states", r.PredicateType)
	return nil
}

// refused prints a refusal, which is a no; other errors are passed on.
func (v *verifying) refused(name string, err error) error {
	var refusal *verify.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	if v.json {
		if err := writeJSON(v.env.Stdout, artifactVerdict{V: 1, Artifact: name, Refusal: refusal, Why: refusal.Error()}); err != nil {
			return err
		}
		return exit(ExitDeny)
	}
	w := v.env.Stdout
	fmt.Fprintf(w, "%s %s\n  %s\n", styleFor(v.env, w).red("refused"), printable(name), printable(refusal.Error()))
	if refusal.Next != "" {
		fmt.Fprintf(w, "  next: %s\n", refusal.Next)
	}
	return exit(ExitDeny)
}

// readAtMost reads a file of at most limit bytes.
func readAtMost(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err = errors.Join(err, f.Close()); err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return data, err
}
