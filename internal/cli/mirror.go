package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/daemon"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

func mirrorCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	var remote string
	cmd := &cobra.Command{
		Use:   "mirror",
		Short: "Push the kernel to a forge: backup and witness",
		Long: `Push main and adamant's own references (ledger, log, changes, tasks, attestations, archive) to a remote,
never by force. The kernel's main is also kept as refs/adamant/main there, whatever the forge does to
its own main. When the remote's ledger is not a part of the kernel's, nothing else is pushed.

A running daemon does it, with its own environment; what happened is written to the ledger.

Exit status: 0 the remote is up to date, 1 it did not take something, 2 usage or configuration.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runMirror(cmd.Context(), f, remote) },
	}
	cmd.Flags().StringVar(&remote, "remote", "origin", "name of a remote of this clone, a URL or a path")
	cmd.Flags().StringVar(&f.kernel, "kernel", "", "the kernel's folder (default: $ADAMANT_KERNEL, else by the repository's name)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print what happened as JSON")
	return cmd
}

func runMirror(ctx context.Context, f *deskFlags, remote string) error {
	url, err := remoteURL(ctx, f.env, "", remote)
	if err != nil {
		return err
	}
	dir, err := f.folder(ctx)
	if err != nil {
		return err
	}
	m, err := mirror(ctx, dir, url)
	if err != nil {
		return err
	}
	if f.json {
		err = writeJSON(f.env.Stdout, m)
	} else {
		writeMirror(f.env.Stdout, m, styleFor(f.env, f.env.Stdout))
	}
	if err == nil && len(m.Refused) > 0 {
		return exit(ExitDeny)
	}
	return err
}

// mirror has the daemon push, which records it, and does it itself when none runs.
func mirror(ctx context.Context, dir, url string) (m kernel.Mirror, err error) {
	err = desk.NewClient(daemon.Socket(dir)).Within(longCall).Call(ctx, "POST", api.PathMirror, "", api.MirrorTo{Remote: url}, &m)
	if !errors.Is(err, desk.ErrNoDaemon) {
		return m, deskError(err)
	}
	k, err := kernel.Open(ctx, dir)
	if err != nil {
		return m, usage(err)
	}
	defer k.Close()
	if err := holdIfFree(ctx, k); err != nil {
		return m, err
	}
	return k.Mirror(ctx, url)
}

// holdIfFree takes the kernel, unless a daemon has it.
func holdIfFree(ctx context.Context, k *kernel.Kernel) error {
	_, err := k.Acquire(ctx)
	if held := (*kernel.HeldError)(nil); errors.As(err, &held) {
		return nil
	}
	return err
}

// remoteURL is what a remote's name in the clone at dir stands for; a URL or a path stands for itself.
func remoteURL(ctx context.Context, env *Env, dir, remote string) (string, error) {
	if strings.Contains(remote, "://") || filepath.IsAbs(remote) {
		return remote, nil
	}
	repo, err := openRepo(ctx, env, dir)
	if err != nil {
		return "", err
	}
	defer repo.Close()
	return configuredURL(ctx, repo, remote)
}

func configuredURL(ctx context.Context, repo *git.Repo, name string) (string, error) {
	url, found, err := repo.Config(ctx, "remote."+name+".url")
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", usage(fmt.Errorf("this clone has no remote %q; name one of git remote, a URL or an absolute path", name))
	}
	return canonicalURL(repo, url), nil
}

// canonicalURL writes git's short forms, host:path and relative paths, out.
func canonicalURL(repo *git.Repo, url string) string {
	if strings.Contains(url, "://") || filepath.IsAbs(url) {
		return url
	}
	host, path, short := strings.Cut(url, ":")
	if short && !strings.Contains(host, "/") {
		return "ssh://" + host + "/" + strings.TrimPrefix(path, "/")
	}
	return filepath.Join(repo.Root(), url)
}

func writeMirror(w io.Writer, m kernel.Mirror, paint style) {
	fmt.Fprintf(w, "%s  main %s, %d pushed, %d deleted, %d refused\n", printable(m.Remote), m.Main.Short(), len(m.Pushed), len(m.Deleted), len(m.Refused))
	for _, r := range m.Refused {
		fmt.Fprintf(w, "%s %s (%s)\n", paint.bold(paint.red("REFUSED")), printable(r.Ref), printable(r.Cause))
		for _, text := range []string{"the remote says: " + r.Reason, "do: " + r.Do} {
			for _, line := range wrap(printable(text), logWidth-8) {
				fmt.Fprintf(w, "        %s\n", line)
			}
		}
	}
}
