package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/daemon"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/document/kustomize"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/mcp"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/secret"
)

type upFlags struct {
	deskFlags
	repo, listen, logFile string
	detach, verbose, unit bool
	slots                 int
	models                modelFlags
}

func upCommand(env *Env) *cobra.Command {
	f := &upFlags{deskFlags: deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run this repository as a Repo OS: door, gate, queue and inbox",
		Long: `Start the daemon for this repository. The first time, its kernel is made from this clone's main branch and
the remote "adamant" is added to the clone; nothing that is checked out is ever moved.

It runs in the foreground until Ctrl-C; --detach leaves it running (adamant down ends it).

Exit status: 0 ended, 2 usage, 4 it cannot run.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.repo, "repo", "", "repository (default: where you are)")
	flags.StringVar(&f.kernel, "kernel", "", "the kernel's folder (default: $ADAMANT_KERNEL, else by the repository's name)")
	flags.StringVar(&f.listen, "listen", "", "loopback address of the door (default: the last one, else a free port)")
	flags.StringVar(&f.logFile, "log", "", "with --detach, where its log goes (default: in the state folder)")
	flags.BoolVar(&f.detach, "detach", false, "leave it running in the background")
	flags.BoolVar(&f.unit, "print-unit", false, "print a systemd user unit for this repository, and do nothing else")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log what the gate does")
	f.models.register(flags)
	flags.IntVar(&f.slots, "slots", 0, "runs of the gate at a time (default: half the processors)")
	return cmd
}

func (f *upFlags) run(ctx context.Context) error {
	dir, err := f.folder(ctx)
	if err != nil {
		return err
	}
	switch {
	case f.unit:
		return f.printUnit(dir)
	case f.detach:
		return f.leave(ctx, dir)
	}
	if err := guardKeys(dir); err != nil {
		return err
	}
	clone, k, err := f.open(ctx, dir)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return errors.Join(fmt.Errorf("finding adamant's own executable, which serves git's hooks: %w", err), k.Close(), clone.Close())
	}
	level := slog.LevelInfo
	if f.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(f.env.Stderr, &slog.HandlerOptions{Level: level}))
	force, err := f.workforce(k, clone, self, log)
	if err != nil {
		return errors.Join(err, k.Close(), clone.Close())
	}
	p := places(f.env)
	p.Kernel = dir
	atKeyboard, err := keyboard(f.env, f.repo)
	if err != nil {
		return errors.Join(err, k.Close(), clone.Close())
	}
	config := daemon.Config{
		Kernel: k, Name: filepath.Base(dir), State: stateFolder(f.env, dir), Places: p, Listen: f.listen, Slots: f.slots,
		Hook: []string{self, "hook"}, Render: kustomize.Renderer{Self: self}.Render, Version: Version, Getenv: f.env.Getenv, Now: f.env.Now,
		Log: log, Workforce: force, MCP: mcp.Handler(version(), atKeyboard.Tools()),
	}
	config.Remote = func(ctx context.Context, name string) (string, error) { return configuredURL(ctx, clone, name) }
	config.Listen = cmp.Or(config.Listen, lastAddress(config.State))
	config.Ready = func(at daemon.Addresses) { f.ready(ctx, clone, config.State, at) }
	err = daemon.Run(ctx, config)
	return errors.Join(daemonError(err), clone.Close())
}

// guardKeys keeps the keys of this process out of core files, and refuses those of the kernel's that others can read.
func guardKeys(dir string) error {
	if err := secret.Check(dir); err != nil {
		return usage(err)
	}
	return secret.Guard()
}

// daemonError tells what somebody else holds from what failed.
func daemonError(err error) error {
	var held *kernel.HeldError
	if errors.As(err, &held) {
		return usage(err)
	}
	return err
}

// open opens the clone and its kernel, which is made when it is not there.
func (f *upFlags) open(ctx context.Context, dir string) (*git.Repo, *kernel.Kernel, error) {
	clone, err := openRepo(ctx, f.env, f.repo)
	if err != nil {
		return nil, nil, err
	}
	landing, _, err := clone.Branches(ctx)
	if err != nil {
		return nil, nil, errors.Join(usage(fmt.Errorf("finding the branch that changes land on: %w", err)), clone.Close())
	}
	k, err := kernel.Create(ctx, dir, clone, kernel.Options{Main: "refs/heads/" + landing})
	if err != nil {
		return nil, nil, errors.Join(usage(err), clone.Close())
	}
	return clone, k, nil
}

// stateFolder holds what may be deleted while no daemon runs.
func stateFolder(env *Env, kernelDir string) string {
	return filepath.Join(places(env).State, filepath.Base(kernelDir))
}

// lastAddress is where the daemon listened before, so that remotes stay right.
func lastAddress(state string) string {
	data, err := os.ReadFile(filepath.Join(state, "listen"))
	if err != nil || len(data) > 100 {
		return ""
	}
	return string(data)
}

// ready says where the daemon is, and makes it a remote of the clone.
func (f *upFlags) ready(ctx context.Context, clone *git.Repo, state string, at daemon.Addresses) {
	fmt.Fprintf(f.env.Stdout, "up: %s\n  push a change:  git push adamant HEAD:refs/for/main   (a token: adamant token new)\n  what needs you: adamant inbox\n  the queue:      adamant queue\n", at.Door)
	if err := os.WriteFile(filepath.Join(state, "listen"), []byte(at.Host()), 0o600); err != nil {
		fmt.Fprintf(f.env.Stderr, "adamant: keeping the address: %v\n", err)
	}
	if err := clone.SetRemote(ctx, "adamant", at.Door); err != nil {
		fmt.Fprintf(f.env.Stderr, "adamant: adding the remote: %v\n", err)
	}
}

// printUnit prints a unit for systemctl --user. KillMode=control-group ends git's children with the daemon.
func (f *upFlags) printUnit(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	repo := absolute(f.env, cmp.Or(f.repo, "."))
	for _, path := range []string{self, dir, repo} {
		if strings.ContainsAny(path, "\"\\\n%") {
			return usage(fmt.Errorf("%q cannot stand in a unit: it holds a quote, backslash, percent sign or newline", path))
		}
	}
	fmt.Fprintf(f.env.Stdout, `[Unit]
Description=adamant for %s

[Service]
ExecStart="%s" up --kernel "%s" --repo "%s"
Restart=on-failure
RestartSec=2
KillMode=control-group
Delegate=yes
TimeoutStopSec=30
UMask=0077

[Install]
WantedBy=default.target
`, filepath.Base(dir), self, dir, repo)
	return nil
}

const detachWait = 2 * time.Minute

// leave starts the daemon as a process of its own and waits until it answers.
func (f *upFlags) leave(ctx context.Context, dir string) error {
	if runtime.GOOS == "windows" {
		return usage(errors.New("--detach needs a Unix; run adamant up in a window of its own"))
	}
	client := desk.NewClient(daemon.Socket(dir))
	var status api.Status
	if client.Call(ctx, "GET", api.PathStatus, "", nil, &status) == nil {
		fmt.Fprintf(f.env.Stdout, "is up already: %s (process %d)\n", status.Door, status.PID)
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log := cmp.Or(f.logFile, filepath.Join(stateFolder(f.env, dir), "daemon.log"))
	if err := os.MkdirAll(filepath.Dir(log), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	args := append([]string{"up", "--kernel", dir, "--repo", cmp.Or(f.repo, f.env.Dir)}, f.models.args(f.env)...)
	if f.listen != "" {
		args = append(args, "--listen", f.listen)
	}
	cmd := exec.Command(self, args...) // outlives this command: no context
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = f.env.Dir, out, out, ownSession()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the daemon: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return f.await(ctx, client, ended, log)
}

func (f *upFlags) await(ctx context.Context, client *desk.Client, ended <-chan error, log string) error {
	deadline := time.After(detachWait)
	for {
		var status api.Status
		if client.Call(ctx, "GET", api.PathStatus, "", nil, &status) == nil {
			fmt.Fprintf(f.env.Stdout, "up: %s (process %d, log %s)\n", status.Door, status.PID, log)
			return f.firstToken(ctx, client)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			return fmt.Errorf("the daemon ended at once: %s\nits log is %s", lastLine(log), log)
		case <-deadline:
			return fmt.Errorf("the daemon does not answer after %s; its log is %s", detachWait, log)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// firstToken says what a push needs, where nobody has it yet.
func (f *upFlags) firstToken(ctx context.Context, client *desk.Client) error {
	var list api.Tokens
	if err := client.Call(ctx, "GET", api.PathTokens, "", nil, &list); err != nil {
		return deskError(err)
	}
	if len(list.Tokens) == 0 {
		fmt.Fprintln(f.env.Stdout, "Nobody may push yet: adamant token new --role person --name YOU --write --out FILE")
	}
	return nil
}

// lastLine is what a daemon said last.
func lastLine(log string) string {
	f, err := os.Open(log)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err.Error()
	}
	from := max(0, end-4096)
	text, err := io.ReadAll(io.NewSectionReader(f, from, end-from))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return printable(strings.TrimPrefix(lines[len(lines)-1], "adamant: "))
}

// untilFree waits until no process holds the kernel: a daemon that answers no more still writes what is under way.
func untilFree(ctx context.Context, dir string) error {
	for {
		held, err := kernel.Held(dir)
		if err != nil || !held {
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

func downCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	cmd := &cobra.Command{
		Use:   "down",
		Short: "End the daemon of this repository",
		Long: `End the daemon, and wait until the kernel is free: what is under way is let finish for a moment; everything
else goes on at the next adamant up.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			var status api.Status
			if err := client.Call(cmd.Context(), "POST", api.PathDown, "", struct{}{}, &status); err != nil {
				return deskError(err)
			}
			for client.Call(cmd.Context(), "GET", api.PathStatus, "", nil, &status) == nil {
				if err := pause(cmd.Context(), 20*time.Millisecond); err != nil {
					return err
				}
			}
			if err := untilFree(cmd.Context(), status.Kernel); err != nil {
				return err
			}
			fmt.Fprintln(env.Stdout, "down")
			return nil
		},
	}
	f.register(cmd)
	return cmd
}
