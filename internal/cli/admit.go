package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/admit"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/trust/verify"
)

// admitting is what `adamant admit` is asked for.
type admitting struct {
	deskFlags
	repo, remote, root, environment, component, vsa string
	bundles                                         []string
	offline                                         bool
}

func admitCommand(env *Env) *cobra.Command {
	a := &admitting{deskFlags: deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "admit FILE|sha256:HEX --env ENVIRONMENT",
		Short: "Decide whether an artifact may run in an environment",
		Long: `Decide whether an artifact may run: that a builder of this repository built it, from a commit that landed
on main with the gate's word, as that commit says, and that nothing is known which the environment does
not take. What each environment asks for stands in spec.admission of adamant.yaml on main, and in the
policies of package adamant.admission.

The daemon is asked, if one runs; else, or with --offline, what this clone has synced. FILE.sigstore.json
beside the file is given along, and so is each --bundle. Nothing is asked of a network.

docs/admission.md says how it decides, docs/formats/reasons.md what each code means.

Exit status: 0 it may run, 1 it may not, 2 usage or configuration, 4 nothing was decided.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.run(cmd.Context(), args[0]) },
	}
	a.register(cmd)
	f := cmd.Flags()
	f.StringVar(&a.environment, "env", "", "where it is to run")
	f.StringVar(&a.component, "component", "", "what it must be (default: what its provenance says)")
	f.StringSliceVar(&a.bundles, "bundle", nil, "bundle that comes with it; may be given several times")
	f.BoolVar(&a.offline, "offline", false, "go by this clone, also when a daemon runs")
	f.StringVar(&a.repo, "repo", "", "clone, kernel or mirror to go by (default: where you are)")
	f.StringVar(&a.remote, "remote", "", "go by what was synced from this remote (default: the only one)")
	f.StringVar(&a.root, "root", "", "fingerprint that the trust root must have, as adamant trust status prints it")
	f.StringVar(&a.vsa, "vsa", "", "write the verification summary of an admission to this file")
	_ = cmd.MarkFlagRequired("env")
	return cmd
}

func (a *admitting) run(ctx context.Context, name string) error {
	request, err := a.request(name)
	if err != nil {
		return usage(err)
	}
	decision, err := a.decide(ctx, request)
	if err != nil {
		return err
	}
	if decision.Allowed && a.vsa != "" {
		if err := os.WriteFile(absolute(a.env, a.vsa), append(decision.VSA, '\n'), 0o644); err != nil {
			return err
		}
	}
	if a.json {
		err = writeJSON(a.env.Stdout, decision)
	} else {
		a.print(name, decision)
	}
	if err == nil && !decision.Allowed {
		return exit(ExitDeny)
	}
	return err
}

func (a *admitting) request(name string) (admit.Request, error) {
	r := admit.Request{Digest: name, Environment: a.environment, Component: a.component}
	if !strings.HasPrefix(name, "sha256:") {
		digest, err := digestFile(absolute(a.env, name))
		if err != nil {
			return r, err
		}
		r.Digest = "sha256:" + digest
		beside, err := readAtMost(absolute(a.env, name+bundleSuffix), verify.MaxBundle)
		if err == nil {
			r.Bundles = append(r.Bundles, beside)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return r, fmt.Errorf("reading the bundle beside it: %w", err)
		}
	}
	for _, file := range a.bundles {
		bundle, err := readAtMost(absolute(a.env, file), verify.MaxBundle)
		if err != nil {
			return r, fmt.Errorf("reading a bundle: %w", err)
		}
		r.Bundles = append(r.Bundles, bundle)
	}
	for i, b := range r.Bundles {
		if !json.Valid(b) { // it would not get through the socket; admission says what it is
			r.Bundles[i], _ = json.Marshal(string(b))
		}
	}
	return r, nil
}

// decide asks the daemon, or the clone.
func (a *admitting) decide(ctx context.Context, r admit.Request) (d admit.Decision, err error) {
	if !a.offline && a.repo == "" && a.remote == "" && a.root == "" {
		client, err := a.client(ctx)
		if err != nil {
			return d, err
		}
		err = client.Within(longCall).Call(ctx, "POST", admit.Path, "", r, &d)
		if !errors.Is(err, desk.ErrNoDaemon) {
			return d, deskError(err)
		}
	}
	repo, err := openRepo(ctx, a.env, a.repo)
	if err != nil {
		return d, err
	}
	defer repo.Close()
	view, err := admit.Find(ctx, repo, a.remote)
	if err != nil {
		return d, usage(err)
	}
	d, err = admit.New(admit.Options{Repo: repo, View: view, Root: a.root, Now: a.env.Now, By: version()}).Decide(ctx, r)
	var diagnostics manifest.Diagnostics
	var main *admit.MainError
	if errors.Is(err, admit.ErrNoTrust) || errors.As(err, &diagnostics) || errors.As(err, &main) {
		err = usage(err)
	}
	return d, err
}

func (a *admitting) print(name string, d admit.Decision) {
	w, paint := a.env.Stdout, styleFor(a.env, a.env.Stdout)
	answer := paint.green("ALLOW")
	if !d.Allowed {
		answer = paint.bold(paint.red("REFUSE"))
	}
	fmt.Fprintf(w, "%s %s in %s\n", answer, printable(name), printable(d.Environment))
	if d.Commit != "" {
		fmt.Fprintf(w, "  %s of commit %s, SLSA Source L%d\n  built by %s, SLSA Build L%d at most\n",
			printable(cmp.Or(d.Component, "?")), shortOID(d.Commit), d.SourceLevel, printable(d.Builder), d.BuildLevel)
	}
	writeClauses(w, "", paint.red, d.Reasons)
	writeClauses(w, "warning ", paint.yellow, d.Warnings)
	if !d.Until.IsZero() {
		fmt.Fprintf(w, "  ask again after %s\n", d.Until.Format(time.RFC3339))
	}
}

func writeClauses(w io.Writer, kind string, colour func(string) string, reasons []admit.Clause) {
	for _, r := range reasons {
		fmt.Fprintf(w, "  %s%s\n", kind, colour(printable(string(r.Code))))
		lines := []string{r.Message}
		if r.Next != "" {
			lines = append(lines, "do: "+r.Next)
		}
		for _, text := range lines {
			for _, line := range wrap(printable(text), logWidth-6) {
				fmt.Fprintf(w, "      %s\n", line)
			}
		}
	}
}
