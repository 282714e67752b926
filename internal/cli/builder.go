package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/build/fetch"
	"github.com/adamant-os/adamant/internal/builder"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/secret"
)

// builderConfig is where a machine's builder is configured.
const builderConfig = "/etc/adamant/builder.json"

func builderCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "builder",
		Short: "Build on a machine of its own: doctor, install, serve, sign, workflow",
		Long: `A builder of its own may claim more than a workstation: SLSA Build L3, where every clause holds.
doctor says for this machine which do, by trying. docs/builder.md describes the parts.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(builderDoctor(env), builderInstall(env), builderServe(env), builderSign(env), builderWorkflow(env))
	return cmd
}

// buildSite is what builds need on this machine, in folders below dir.
type buildSite struct {
	builder *build.Builder
	source  *git.Repo
	close   func() error
}

func openBuildSite(ctx context.Context, env *Env, dir, cache string) (*buildSite, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find adamant's own program: %w", err)
	}
	box, err := sandbox.New(ctx, sandbox.Options{Self: self})
	if err != nil {
		return nil, err
	}
	source, err := git.InitBare(ctx, filepath.Join(dir, "source.git"), git.InitOptions{Private: true})
	if err != nil {
		return nil, err
	}
	identity, release, err := build.Identity()
	if err != nil {
		return nil, errors.Join(err, source.Close())
	}
	w := &buildSite{source: source, close: func() error { return errors.Join(release(), source.Close()) }}
	registries := fetch.Registries{Go: firstURL(env.Getenv("GOPROXY")), NPM: firstURL(env.Getenv("npm_config_registry"))}
	fetcher, err := fetch.New(fetch.Options{Dir: filepath.Join(cache, "fetched"), Sandbox: box, Identity: identity, Registry: registries})
	if err == nil {
		w.builder, err = build.New(build.Options{Source: source, Dir: cache, Sandbox: box, Fetcher: fetcher, Path: env.Getenv("PATH"), Now: env.Now, Log: env.Stderr})
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func builderDoctor(env *Env) *cobra.Command {
	var config string
	var full, raw bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say which clauses of SLSA Build L3 hold here, by trying",
		Long: `Try each clause of SLSA v1.2 Build L3: hostile programs are built, and what they reached is said. Without a
configuration this is a workstation, which can claim L1 and no more, however well its sandbox holds.

Exit status: 0 every clause holds, 1 not all, 2 usage or configuration.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runBuilderDoctor(cmd.Context(), env, config, full, raw)
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "the builder's configuration (default: "+builderConfig+", where it is)")
	cmd.Flags().BoolVar(&full, "full", false, "try the caches too: it takes a minute")
	cmd.Flags().BoolVar(&raw, "json", false, "print JSON")
	return cmd
}

func runBuilderDoctor(ctx context.Context, env *Env, config string, full, raw bool) (err error) {
	place, err := builderPlace(env, config)
	if err != nil {
		return usage(err)
	}
	dir, err := os.MkdirTemp("", "adamant-doctor-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // trials must be stopped by the sandbox, not by this
		return err
	}
	shop, err := openBuildSite(ctx, env, dir, filepath.Join(places(env).Cache, "build"))
	unavailable := (*sandbox.UnavailableError)(nil)
	switch {
	case errors.As(err, &unavailable):
		place.Missing = err
	case err != nil:
		return err
	default:
		defer func() { err = errors.Join(err, shop.close()) }()
		place.Trials = &builder.Trials{Source: shop.source, Builder: shop.builder, Dir: dir, Full: full, Version: version(), ID: identityOf(place)}
	}
	report, err := builder.Doctor(ctx, place)
	if err != nil {
		return err
	}
	if raw {
		err = writeJSON(env.Stdout, report)
	} else {
		printBuilderReport(env, report)
	}
	if err == nil && !report.Green() {
		return exit(ExitDeny)
	}
	return err
}

func builderPlace(env *Env, path string) (builder.Place, error) {
	place := builder.Place{Repository: "repository", ConfigPath: absolute(env, cmp.Or(path, builderConfig))}
	c, err := builder.ReadConfig(place.ConfigPath)
	if path == "" && errors.Is(err, os.ErrNotExist) {
		return place, nil
	}
	place.Config = &c
	return place, err
}

func identityOf(p builder.Place) string {
	if p.Config != nil {
		return p.Config.Identity
	}
	return "https://adamant.dev/id/" + p.Repository + "/builder/workstation/local"
}

func printBuilderReport(env *Env, r builder.Report) {
	w, paint := env.Stdout, styleFor(env, env.Stdout)
	for _, c := range r.Clauses {
		label := map[string]string{builder.Pass: paint.green("PASS"), builder.Fail: paint.red("FAIL")}[c.State]
		fmt.Fprintf(w, "%s %s: %s\n", cmp.Or(label, paint.yellow("????")), c.Name, c.Asks)
		for _, text := range []string{"tried: " + c.Test, "saw: " + c.Saw} {
			for _, line := range wrap(printable(text), logWidth-6) {
				fmt.Fprintf(w, "       %s\n", line)
			}
		}
	}
	fmt.Fprintf(w, "provenance made here may claim SLSA Build L%d, if root.json lets the builder\n", r.Level)
}

func builderInstall(env *Env) *cobra.Command {
	c := builder.Config{Dir: "/var/lib/adamant-builder", Socket: "/run/adamant-builder/signer.sock", Key: "/var/lib/adamant-signer/key"}
	var write bool
	var config string
	var askers []string
	cmd := &cobra.Command{
		Use:   "install --identity URI --source URL --asker FILE",
		Short: "Print, or write, what a dedicated builder needs: configuration, two units, the steps",
		Long: `Print the configuration and the systemd units of a dedicated builder, and the commands that are left to do.
With --write (as root) the files are written. Run it on a machine that does nothing else.

Exit status: 0 done, 2 usage.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			for _, file := range askers {
				line, err := os.ReadFile(absolute(env, file))
				if err != nil {
					return usage(err)
				}
				c.Askers = append(c.Askers, strings.TrimSpace(string(line)))
			}
			return install(env, c, config, write)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Identity, "identity", "", "https://adamant.dev/id/REPOSITORY/builder/dedicated/NAME, as root.json grants it a level")
	f.StringVar(&c.Source, "source", "", "URL of the repository whose main is built")
	f.StringVar(&c.Listen, "listen", "127.0.0.1:7411", "address for orders: host:port, or the path of a unix socket")
	f.StringSliceVar(&askers, "asker", nil, "file with the SSH public key of who may order builds")
	f.StringVar(&config, "config", builderConfig, "where the configuration goes")
	f.BoolVar(&write, "write", false, "write the files")
	return cmd
}

func install(env *Env, c builder.Config, config string, write bool) error {
	if err := c.Check(); err != nil {
		return usage(err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	plan := builder.Install{Config: c, ConfigPath: config, Program: self}
	files, err := plan.Files()
	if err != nil {
		return usage(err)
	}
	for _, f := range files {
		if !write {
			fmt.Fprintf(env.Stdout, "# %s\n%s\n", f.Path, f.Text)
			continue
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(f.Path), 0o755), os.WriteFile(f.Path, []byte(f.Text), os.FileMode(f.Mode))); err != nil {
			return err
		}
		fmt.Fprintf(env.Stdout, "wrote %s\n", f.Path)
	}
	fmt.Fprintln(env.Stdout, "# then, as root:")
	for _, step := range plan.Steps() {
		fmt.Fprintln(env.Stdout, step)
	}
	return nil
}

func builderServe(env *Env) *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Take signed orders and build them (the control plane)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := builder.ReadConfig(absolute(env, config))
			if err != nil {
				return usage(err)
			}
			if c.Control != os.Geteuid() {
				return usage(fmt.Errorf("builder.json says that user %d serves, this is user %d: the signer would not answer", c.Control, os.Geteuid()))
			}
			return serveBuilder(cmd.Context(), env, c)
		},
	}
	cmd.Flags().StringVar(&config, "config", builderConfig, "the builder's configuration")
	return cmd
}

func serveBuilder(ctx context.Context, env *Env, c builder.Config) (err error) {
	if err := secret.Guard(); err != nil { // it holds no key, and what is built is nobody else's to read
		return err
	}
	shop, err := openBuildSite(ctx, env, c.Dir, filepath.Join(c.Dir, "build"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.close()) }()
	server, err := builder.NewServer(c, shop.builder, shop.source, env.Now)
	if err != nil {
		return usage(err)
	}
	network := "tcp"
	if filepath.IsAbs(c.Listen) {
		network = "unix"
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, network, c.Listen)
	if err != nil {
		return usage(err)
	}
	fmt.Fprintf(env.Stderr, "builder %s takes orders at %s\n", c.Identity, listener.Addr())
	return server.Serve(ctx, listener)
}

func builderSign(env *Env) *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:   "sign",
		Short: "Hold the key and state records of builds (the signer)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := builder.ReadConfig(absolute(env, config))
			if err != nil {
				return usage(err)
			}
			return signForBuilder(cmd.Context(), env, c)
		},
	}
	cmd.Flags().StringVar(&config, "config", builderConfig, "the builder's configuration")
	return cmd
}

func signForBuilder(ctx context.Context, env *Env, c builder.Config) error {
	if err := secret.Guard(); err != nil {
		return err
	}
	signer, err := builder.NewSigner(c, version())
	if err != nil {
		return usage(err)
	}
	if err := os.Remove(c.Socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", c.Socket)
	if err != nil {
		return usage(err)
	}
	fmt.Fprintf(env.Stderr, "signer of %s listens at %s\n", c.Identity, c.Socket)
	return signer.Serve(ctx, listener)
}

func builderWorkflow(env *Env) *cobra.Command {
	var adamant, cosign string
	cmd := &cobra.Command{
		Use:   "workflow",
		Short: "Print a GitHub Actions workflow that builds on GitHub's machines",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(env.Stdout, builder.Workflow(adamant, cosign))
			return err
		},
	}
	cmd.Flags().StringVar(&adamant, "adamant", "latest", "version of adamant; pin one")
	cmd.Flags().StringVar(&cosign, "cosign", "v3.1.3", "version of cosign")
	return cmd
}
