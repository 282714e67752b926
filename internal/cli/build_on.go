package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/builder"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/operator/sign"
	"github.com/adamant-os/adamant/internal/trust"
)

// orderFlags say who builds instead of this machine.
type orderFlags struct{ on, at, key string }

func (f *orderFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.on, "on", "", "order it from this dedicated builder: its name or its identity")
	cmd.Flags().StringVar(&f.at, "at", "", "with --on: where it takes orders, a URL or the path of a socket (default: url in spec.admission.builders)")
	cmd.Flags().StringVar(&f.key, "key", "", "with --on: SSH key file that signs the order (default: the first key of the SSH agent)")
}

func (f *orderFlags) check(b buildFlags) error {
	switch {
	case f.on == "" && (f.at != "" || f.key != ""):
		return errors.New("--at and --key go with --on")
	case f.on != "" && (b.dirty || b.reproduce || b.image || b.builder != ""):
		return errors.New("a dedicated builder builds targets of commits, once, as main declares them: --on goes without --dirty, --reproduce, --image and --builder")
	}
	return nil
}

func (b built) artifacts() []build.Artifact {
	if b.Record != nil {
		return b.Record.Artifacts
	}
	return b.Artifacts
}

// builderOrders is what orders with one builder need.
type builderOrders struct {
	*shop
	client *builder.Client
	who    manifest.DedicatedBuilder
	key    sign.Key
	desk   *desk.Client // nil: nothing is certified
}

// order has a dedicated builder build the targets, one after the other. A build that fails does not keep the others from being built;
// a refusal does.
func (s *shop) order(ctx context.Context, targets []manifest.Build) ([]built, error) {
	o, err := s.orders(ctx)
	if err != nil {
		return nil, err
	}
	var results []built
	for _, t := range targets {
		begin := s.env.Now()
		result, err := o.one(ctx, t)
		result.Seconds = int64(s.env.Now().Sub(begin) / time.Second)
		var failed *builder.FailedError
		if errors.As(err, &failed) {
			result.Failure = failed.Reason
			fmt.Fprint(s.env.Stderr, printableLines(failed.Log))
		} else if err != nil {
			return results, fmt.Errorf("order %s from %s: %w", t.Name, o.who.Identity, orderError(err))
		}
		results = append(results, result)
	}
	return results, nil
}

// orderError gives an error its exit code: a refusal and an answer that is not taken are a no, nobody to ask is the caller's to mend.
func orderError(err error) error {
	refused, wrong := (*builder.RefusedError)(nil), (*builder.AnswerError)(nil)
	switch {
	case errors.As(err, &refused), errors.As(err, &wrong):
		return &exitError{Code: ExitDeny, Err: err}
	case errors.Is(err, builder.ErrUnreachable):
		return usage(fmt.Errorf("%w; on its machine: adamant builder serve", err))
	}
	return err
}

func (s *shop) orders(ctx context.Context) (*builderOrders, error) {
	who, err := s.dedicated(ctx)
	if err != nil {
		return nil, err
	}
	o := &builderOrders{shop: s, who: who}
	at := who.URL
	if s.flags.order.at != "" {
		at = s.flags.order.at
	}
	if at == "" {
		return nil, usage(fmt.Errorf("where does %s take orders? Give --at URL, or add url to it in spec.admission.builders", who.Identity))
	}
	if o.client, err = builder.NewClient(at); err != nil {
		return nil, usage(err)
	}
	if o.key, err = s.asker(ctx); err != nil {
		return nil, usage(err)
	}
	if s.flags.unsigned {
		return o, nil
	}
	if o.desk, err = (&deskFlags{env: s.env, socket: s.flags.socket, kernel: s.flags.kernel}).client(ctx); err != nil {
		return nil, err
	}
	// Asked before the order: a build that nobody certifies would have to be made again.
	if err := o.desk.Call(ctx, "GET", api.PathStatus, "", nil, &api.Status{}); err != nil {
		return nil, fmt.Errorf("the daemon certifies what a dedicated builder states: %w", deskError(err))
	}
	return o, nil
}

// dedicated is the builder that is asked for, as the branch that changes land on lists it.
func (s *shop) dedicated(ctx context.Context) (none manifest.DedicatedBuilder, err error) {
	main, err := s.repo.DefaultBranch(ctx)
	if err != nil {
		return none, usage(err)
	}
	commit, err := s.repo.Resolve(ctx, main)
	if err != nil {
		return none, usage(err)
	}
	_, governance, err := judge.GovernanceAt(ctx, s.repo, commit)
	if err != nil {
		return none, usageOr(err)
	}
	var names []string
	for _, b := range governance.Config.Spec.Admission.Builders {
		id, err := trust.ParseIdentity(b.Identity)
		if err != nil {
			continue
		}
		if s.flags.order.on == b.Identity || s.flags.order.on == id.Name {
			return b, nil
		}
		names = append(names, id.Name)
	}
	return none, usage(fmt.Errorf("%s lists no builder %q in spec.admission.builders, it has: %s", main, s.flags.order.on, cmp.Or(strings.Join(names, ", "), "none")))
}

// asker is the key that signs orders.
func (s *shop) asker(ctx context.Context) (sign.Key, error) {
	if s.flags.order.key != "" {
		return sign.File(absolute(s.env, s.flags.order.key))
	}
	agent := s.env.Getenv("SSH_AUTH_SOCK")
	if agent == "" {
		return sign.Key{}, errors.New("an order is signed, and no SSH agent runs here: give --key FILE")
	}
	keys, err := sign.Agent(ctx, agent)
	if err == nil && len(keys) == 0 {
		err = errors.New("an order is signed, and the SSH agent holds no key: give --key FILE")
	}
	if err != nil {
		return sign.Key{}, err
	}
	return keys[0], nil
}

// one orders a target, checks the answer, takes the artifacts and has the provenance certified.
func (o *builderOrders) one(ctx context.Context, t manifest.Build) (built, error) {
	result := built{Target: t.Name, Builder: o.who.Identity}
	job := builder.Job{Builder: o.who.Identity, Commit: string(o.commit), Target: t.Name, NoCache: o.flags.noCache, Invocation: rand.Text(), At: o.env.Now().UTC()}
	answer, err := o.client.Order(ctx, job, o.key.Sign)
	if err != nil {
		return result, err
	}
	if _, err := answer.Check(job, t, o.name, []manifest.DedicatedBuilder{o.who}); err != nil {
		return result, err
	}
	out := absolute(o.env, o.flags.out)
	if err := o.client.Fetch(ctx, job, answer.Artifacts, filepath.Join(out, t.Name)); err != nil {
		return result, err
	}
	result.Artifacts = answer.Artifacts
	result.Provenance = filepath.Join(out, t.Name+".provenance.json")
	if err := os.WriteFile(result.Provenance, append(slices.Clone(answer.Statement), '\n'), 0o644); err != nil {
		return result, fmt.Errorf("write the provenance: %w", err)
	}
	return result, o.certify(ctx, &result, answer.Stated, filepath.Join(out, t.Name+bundleSuffix))
}

// certify has the daemon make a bundle of the builder's statement and keep it. An earlier bundle does not stay beside artifacts that it
// is not about.
func (o *builderOrders) certify(ctx context.Context, result *built, stated builder.Stated, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the old bundle: %w", err)
	}
	if o.desk == nil {
		result.Unsigned = "--unsigned"
		return nil
	}
	var signed notary.Signed
	if err := o.desk.Within(longCall).Call(ctx, "POST", builder.PathCertify, "", stated, &signed); err != nil {
		return fmt.Errorf("certify it: %w", deskError(err))
	}
	if signed.Identity != o.who.Identity {
		return &builder.AnswerError{Why: "the daemon certified it as " + signed.Identity}
	}
	if err := os.WriteFile(path, append(slices.Clone(signed.Bundle), '\n'), 0o644); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	result.Bundle = path
	return nil
}
