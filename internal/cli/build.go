package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/build/fetch"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/trust"
)

type buildFlags struct {
	base, commit, out, kernel, socket, builder     string
	affected, dirty, reproduce, noCache, list, raw bool
	unsigned, image                                bool
	order                                          orderFlags
}

func buildCommand(env *Env) *cobra.Command {
	var f buildFlags
	cmd := &cobra.Command{
		Use:   "build [TARGET|COMPONENT...]",
		Short: "Make artifacts that cannot phone home, and say where they came from",
		Long: `Build targets of spec.build in adamant.yaml from a commit: all of them, those named, those of the named components, or those
that a change affects (--affected). What is built is the commit, never the work tree, unless --dirty says so.

First the dependencies that lock files pin are fetched and checked. Then the network is cut: a build runs in a sandbox of its
own, with the commit's files, those dependencies and the system's programs, and only what it leaves in $OUT leaves. Digests and
provenance (SLSA v1) are made outside of it. They lie beside the artifacts: DIR/TARGET/..., DIR/TARGET.provenance.json, and
DIR/TARGET.sigstore.json where there are signing keys (adamant trust init).

--reproduce builds twice and says what differs; exit 1 when anything does. docs/build.md says more.

--on BUILDER has a dedicated builder of spec.admission.builders build it instead (docs/builder.md). The order is signed with your
SSH key; what comes back is checked against the builder's key, and the daemon certifies and keeps the provenance.

Exit status: 0 built, 1 a build failed or was refused or an answer was not what was asked for, 2 usage, configuration or nobody
to ask, 4 an error.`,
		RunE: func(cmd *cobra.Command, args []string) error { return runBuild(cmd.Context(), env, f, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.commit, "commit", "HEAD", "what to build")
	flags.BoolVar(&f.affected, "affected", false, "build what the change since --base affects")
	flags.StringVar(&f.base, "base", "", "with --affected: the commit the change started from (default: the branch that changes land on)")
	flags.BoolVar(&f.dirty, "dirty", false, "build the work tree as it is; the provenance says so")
	flags.BoolVar(&f.reproduce, "reproduce", false, "build twice, compare, and say what differs")
	flags.BoolVar(&f.noCache, "no-cache", false, "compile everything anew; with --reproduce: the second time")
	flags.StringVar(&f.out, "out", "dist", "folder for artifacts and provenance")
	flags.BoolVar(&f.image, "image", false, "pack the artifacts of every target into an OCI image, not only where the target says so")
	flags.BoolVar(&f.list, "list", false, "list the targets and build nothing")
	flags.StringVar(&f.builder, "builder", "", "with --unsigned: the URI of who builds, where somebody else signs the provenance")
	flags.BoolVar(&f.unsigned, "unsigned", false, "do not sign, even where there are keys")
	flags.StringVar(&f.kernel, "kernel", "", "the kernel's folder (default: $ADAMANT_KERNEL, else by the repository's name)")
	flags.StringVar(&f.socket, "socket", "", "the daemon's socket (default: $ADAMANT_SOCKET, else daemon.sock of the kernel)")
	flags.BoolVar(&f.raw, "json", false, "print one JSON document")
	f.order.register(cmd)
	return cmd
}

// built is what became of one target.
type built struct {
	Target     string            `json:"target"`
	Record     *build.Record     `json:"record,omitempty"`    // of a build that was made here
	Builder    string            `json:"builder,omitempty"`   // the dedicated builder that was ordered to build
	Artifacts  []build.Artifact  `json:"artifacts,omitempty"` // what it delivered
	Comparison *build.Comparison `json:"comparison,omitempty"`
	Provenance string            `json:"provenance,omitempty"` // path of the statement
	Bundle     string            `json:"bundle,omitempty"`     // path of the signed statement
	Image      string            `json:"image,omitempty"`      // path of the OCI image layout
	Contents   []contents        `json:"contents,omitempty"`   // what the artifacts are made of
	Unsigned   string            `json:"unsigned,omitempty"`   // why there is none
	Failure    string            `json:"failure,omitempty"`
	Seconds    int64             `json:"seconds"`
	images     []build.Artifact  // of Record.Artifacts
}

// shop is what a run of the command works with.
type shop struct {
	env    *Env
	flags  buildFlags
	repo   *git.Repo
	commit git.OID
	ref    string
	name   string // of the repository
	build  *build.Builder

	box      *sandbox.Sandbox
	identity sandbox.Identity // of package managers and scanners
}

func runBuild(ctx context.Context, env *Env, f buildFlags, names []string) error {
	if f.affected && len(names) > 0 || f.base != "" && !f.affected || f.dirty && f.commit != "HEAD" {
		return usage(errors.New("name targets or use --affected; --base goes with --affected, and --dirty without --commit"))
	}
	if f.builder != "" && !f.unsigned {
		return usage(errors.New("--builder goes with --unsigned: the kernel signs for no other builder"))
	}
	if err := f.order.check(f); err != nil {
		return usage(err)
	}
	repo, err := git.Open(ctx, env.Dir)
	if err != nil {
		return usage(err)
	}
	defer repo.Close()
	s := &shop{env: env, flags: f, repo: repo}
	governance, err := s.choose(ctx)
	if err != nil {
		return err
	}
	targets, err := s.targets(ctx, governance, names)
	if err != nil {
		return err
	}
	if f.list {
		return s.listTargets(targets)
	}
	if len(targets) == 0 {
		return s.report(nil)
	}
	if f.order.on != "" {
		results, err := s.order(ctx, targets)
		if err != nil {
			return err
		}
		return s.report(results)
	}
	close, err := s.open(ctx)
	if err != nil {
		return err
	}
	results, err := s.all(ctx, targets)
	if err := errors.Join(err, close()); err != nil {
		return err
	}
	return s.report(results)
}

// choose finds the commit, and reads the configuration that it carries: what is built, and how, is the commit's business.
func (s *shop) choose(ctx context.Context) (*facts.Governance, error) {
	var err error
	if s.flags.dirty {
		s.commit, err = s.repo.Snapshot(ctx, git.Worktree)
	} else {
		s.commit, err = s.repo.Resolve(ctx, s.flags.commit)
	}
	if err != nil {
		return nil, usage(err)
	}
	_, governance, err := judge.GovernanceAt(ctx, s.repo, s.commit)
	if err != nil {
		return nil, usageOr(err)
	}
	if s.name, err = s.repositoryName(ctx, governance.Config.Metadata.Name); err != nil {
		return nil, err
	}
	if !s.flags.dirty {
		s.ref, err = s.branch(ctx)
	}
	return governance, err
}

// repositoryName is what root.json of the commit calls the repository, else its configuration, else its folder.
func (s *shop) repositoryName(ctx context.Context, configured string) (string, error) {
	id, err := s.repo.Lookup(ctx, s.commit, trust.Dir+"/"+trust.FileRoot)
	if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
		if configured == manifest.Defaults().Metadata.Name {
			return filepath.Base(s.repo.Root()), nil
		}
		return configured, nil
	}
	if err != nil {
		return "", err
	}
	text, err := s.repo.Blob(ctx, id, 1<<20)
	if err != nil {
		return "", err
	}
	var root struct{ Signed struct{ Repository string } }
	if err := json.Unmarshal(text, &root); err != nil || root.Signed.Repository == "" {
		return "", usage(fmt.Errorf("%s/%s of %s names no repository: adamant trust status", trust.Dir, trust.FileRoot, s.commit.Short()))
	}
	return root.Signed.Repository, nil
}

// branch is the ref that was asked for, where it is one.
func (s *shop) branch(ctx context.Context) (string, error) {
	if s.flags.commit != "HEAD" {
		_, err := s.repo.Ref(ctx, "refs/heads/"+s.flags.commit)
		if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
			return "", nil
		}
		return "refs/heads/" + s.flags.commit, err
	}
	name, err := s.repo.HeadBranch(ctx)
	if err != nil || name == "" {
		return "", nil // a detached HEAD has no branch
	}
	return "refs/heads/" + strings.TrimPrefix(name, "refs/heads/"), nil
}

// targets are those that are asked for, in the order of the file.
func (s *shop) targets(ctx context.Context, g *facts.Governance, names []string) ([]manifest.Build, error) {
	declared := g.Config.Spec.Build
	if len(declared) == 0 {
		return nil, usage(fmt.Errorf("%s declares no spec.build in .adamant/adamant.yaml: docs/build.md has examples", s.commit.Short()))
	}
	if s.flags.affected {
		return s.affected(ctx, g, declared)
	}
	if len(names) == 0 {
		return declared, nil
	}
	var out []manifest.Build
	for _, name := range names {
		found := slices.DeleteFunc(slices.Clone(declared), func(t manifest.Build) bool { return t.Name != name && cmp.Or(t.Component, t.Name) != name })
		if len(found) == 0 {
			return nil, usage(fmt.Errorf("there is no build target or component %q: adamant build --list", name))
		}
		for _, t := range found {
			if !slices.ContainsFunc(out, func(have manifest.Build) bool { return have.Name == t.Name }) {
				out = append(out, t)
			}
		}
	}
	return out, nil
}

func (s *shop) affected(ctx context.Context, g *facts.Governance, declared []manifest.Build) ([]manifest.Build, error) {
	base, _, err := ends(ctx, s.repo, affectedFlags{base: s.flags.base, head: "HEAD"})
	if err != nil {
		return nil, err
	}
	impact, err := judge.ImpactOf(ctx, s.repo, base, s.commit, false, places(s.env), func(text string) { fmt.Fprintln(s.env.Stderr, printable(text)) })
	if err != nil {
		return nil, usageOr(err)
	}
	files := slices.Clone(impact.Changed)
	for _, file := range impact.Files {
		files = append(files, file.Path)
	}
	return build.Affected(declared, files, func(path string) string {
		if e, ok := g.Catalog.ComponentOf(path); ok {
			return e.Name
		}
		return ""
	})
}

func (s *shop) listTargets(targets []manifest.Build) error {
	if s.flags.raw {
		out := json.NewEncoder(s.env.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(list(targets))
	}
	for _, t := range targets {
		fmt.Fprintf(s.env.Stdout, "%-24s %-7s %s\n", t.Name, t.Kind, cmp.Or(t.Component, t.Name))
	}
	return nil
}

// open makes the builder.
func (s *shop) open(ctx context.Context) (close func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find adamant's own program: %w", err)
	}
	box, err := sandbox.New(ctx, sandbox.Options{Self: self})
	if err != nil {
		return nil, err
	}
	identity, release, err := build.Identity()
	if err != nil {
		return nil, err
	}
	s.box, s.identity = box, identity
	dir := filepath.Join(places(s.env).Cache, "build")
	registries := fetch.Registries{
		Go: firstURL(s.env.Getenv("GOPROXY")), NPM: firstURL(s.env.Getenv("npm_config_registry")), PyPI: strings.TrimSuffix(firstURL(s.env.Getenv("PIP_INDEX_URL")), "/simple"),
	}
	fetcher, err := fetch.New(fetch.Options{Dir: filepath.Join(dir, "fetched"), Sandbox: box, Identity: identity, Registry: registries})
	if err != nil {
		return nil, errors.Join(err, release())
	}
	var log io.Writer
	if !s.flags.raw {
		log = s.env.Stderr
	}
	s.build, err = build.New(build.Options{
		Source: s.repo, Dir: dir, Sandbox: box, Fetcher: fetcher, Path: s.env.Getenv("PATH"), Now: s.env.Now, Log: log,
	})
	if err != nil {
		return nil, errors.Join(err, release())
	}
	return release, nil
}

// firstURL is the first address of a list as GOPROXY has it.
func firstURL(list string) string {
	for _, one := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == '|' }) {
		if strings.HasPrefix(one, "https://") || strings.HasPrefix(one, "http://") {
			return strings.TrimSuffix(one, "/")
		}
	}
	return ""
}

// all builds one target after the other. One that fails does not keep the others from being built.
func (s *shop) all(ctx context.Context, targets []manifest.Build) ([]built, error) {
	var results []built
	for _, t := range targets {
		begin := s.env.Now()
		result, err := s.one(ctx, t)
		result.Seconds = int64(s.env.Now().Sub(begin) / time.Second)
		var failed *build.FailedError
		var refused *fetch.Error
		switch {
		case errors.As(err, &failed):
			result.Failure = failed.Reason
		case errors.As(err, &refused):
			result.Failure = strings.TrimSuffix(refused.Error()+"; "+refused.Do, "; ")
		case err != nil:
			return results, err
		}
		results = append(results, result)
	}
	return results, nil
}

// one builds a target and states where its artifacts came from.
func (s *shop) one(ctx context.Context, t manifest.Build) (built, error) {
	result := built{Target: t.Name}
	if s.flags.image && t.Image == nil {
		t.Image = &manifest.BuildImage{}
	}
	job := build.Job{Repository: s.name, Commit: s.commit, Ref: s.ref, Dirty: s.flags.dirty, Target: t, NoCache: s.flags.noCache, Invocation: rand.Text()}
	out := absolute(s.env, s.flags.out)
	dir := filepath.Join(out, t.Name)
	if !s.flags.reproduce {
		record, err := s.build.Build(ctx, job, dir)
		if err != nil {
			return result, err
		}
		result.Record = record
	} else {
		comparison, err := s.build.Reproduce(ctx, job, dir)
		if err != nil {
			return result, err
		}
		result.Record, result.Comparison = comparison.First, comparison
	}
	if err := s.pack(ctx, &result, out); err != nil {
		return result, err
	}
	return result, s.state(ctx, &result, out)
}

// builderName is what the builder of a workstation calls itself; the repository's root.json says what level it may claim.
const builderName = "local"

// state writes the provenance of a build beside its artifacts, signed where the kernel has keys.
func (s *shop) state(ctx context.Context, result *built, out string) error {
	builder := trust.Builder(s.name, trust.BuilderWorkstation, builderName)
	if err := builder.Check(); err != nil {
		return usage(fmt.Errorf("who builds: %w", err))
	}
	text, err := result.Record.Statement(cmp.Or(s.flags.builder, builder.String()), version())
	if err != nil {
		return err
	}
	result.Provenance = filepath.Join(out, result.Target+".provenance.json")
	if err := os.WriteFile(result.Provenance, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the provenance: %w", err)
	}
	path := filepath.Join(out, result.Target+".sigstore.json")
	if result.Unsigned, err = s.sign(ctx, result.Target, builder, text, attest.KindProvenance, path); err != nil {
		return err
	}
	if result.Unsigned == "" {
		result.Bundle = path
	}
	return s.describe(ctx, result, builder, out)
}

// sign has a statement about a build signed, or says why not. A bundle of an earlier build does not stay beside artifacts that it is not about.
func (s *shop) sign(ctx context.Context, target string, builder trust.Identity, statement []byte, as attest.Kind, path string) (why string, err error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("remove the old bundle: %w", err)
	}
	if s.flags.unsigned {
		return "--unsigned", nil
	}
	desk := &deskFlags{env: s.env, socket: s.flags.socket, kernel: s.flags.kernel}
	dir, err := desk.folder(ctx)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(notary.Folder(dir)); errors.Is(err, fs.ErrNotExist) {
		return "adamant trust init makes keys", nil
	}
	kind := string(as)
	if s.flags.dirty {
		kind = "" // no history holds what it is about
	}
	signer := strings.Join([]string{string(trust.RoleBuilder), trust.BuilderWorkstation, builderName}, "/")
	signed, err := desk.attest(ctx, notary.Statement{As: signer, Statement: statement, Kind: kind})
	if err != nil {
		return "", fmt.Errorf("sign the %s of %s: %w", as, target, err)
	}
	if signed.Identity != builder.String() {
		return "", fmt.Errorf("sign the %s of %s: the kernel %s signs as %s, and the builder is %s", as, target, dir, signed.Identity, builder)
	}
	if err := os.WriteFile(path, append(signed.Bundle, '\n'), 0o644); err != nil {
		return "", fmt.Errorf("write the bundle: %w", err)
	}
	return "", nil
}

// report prints what became of all targets.
func (s *shop) report(results []built) error {
	code := ExitOK
	for _, r := range results {
		if r.Failure != "" || r.Comparison != nil && !r.Comparison.Same {
			code = ExitDeny
		}
	}
	if s.flags.raw {
		out := json.NewEncoder(s.env.Stdout)
		out.SetIndent("", "  ")
		if err := out.Encode(struct {
			Commit git.OID `json:"commit"`
			Dirty  bool    `json:"dirty"`
			Builds []built `json:"builds"`
		}{s.commit, s.flags.dirty, list(results)}); err != nil {
			return err
		}
	} else {
		s.print(results)
	}
	if code != ExitOK {
		return exit(code)
	}
	return nil
}

func (s *shop) print(results []built) {
	out := s.env.Stdout
	if len(results) == 0 {
		fmt.Fprintln(out, "nothing to build: no target is affected")
	}
	for _, r := range results {
		if r.Failure != "" {
			fmt.Fprintf(out, "FAILED %s: %s\n", r.Target, printable(r.Failure))
			continue
		}
		fmt.Fprintf(out, "%s from %s%s in %d s\n", r.Target, s.commit.Short(), map[bool]string{true: " (a work tree that no history holds)"}[s.flags.dirty], r.Seconds)
		for _, a := range r.artifacts() {
			fmt.Fprintf(out, "  %s  %s\n", a.SHA256, printable(s.short(a.Path)))
		}
		if r.Builder != "" {
			fmt.Fprintf(out, "  built by %s\n", printable(r.Builder))
		}
		if r.Bundle != "" {
			fmt.Fprintf(out, "  signed provenance: %s\n", printable(s.short(r.Bundle)))
		} else {
			fmt.Fprintf(out, "  provenance: %s (not signed: %s)\n", printable(s.short(r.Provenance)), r.Unsigned)
		}
		s.printContents(r)
		if r.Comparison != nil {
			s.printComparison(r.Comparison)
		}
	}
}

func (s *shop) printComparison(c *build.Comparison) {
	if c.Same {
		fmt.Fprintf(s.env.Stdout, "  reproduced: the same bytes with another %s\n", strings.Join(c.Varied, ", "))
		return
	}
	fmt.Fprintf(s.env.Stdout, "  NOT reproducible: the second build (another %s) differs\n", strings.Join(c.Varied, ", "))
	for _, d := range c.Differences {
		fmt.Fprintf(s.env.Stdout, "    %s\n", printable(d.String()))
	}
}

// short is a path as seen from the working directory.
func (s *shop) short(path string) string {
	if rel, err := filepath.Rel(s.env.Dir, path); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return path
}
