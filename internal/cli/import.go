package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/daemon/api"
)

type importFlags struct {
	deskFlags
	repo, remote, target string
	days                 int
	yes                  bool
}

func importCommand(env *Env) *cobra.Command {
	f := &importFlags{deskFlags: deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "import [BRANCH...]",
		Short: "Take open branches over as changes",
		Long: `Open a change for each branch of the clone that has commits which main lacks; without BRANCH, for all of
them. It prints what it would do; --yes does it. Doing it again does nothing, and a branch that moved
since gives its change a patch set.

With --remote, the branches are those of a remote as the clone last fetched them.`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), args) },
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.repo, "repo", "", "clone (default: where you are)")
	cmd.Flags().StringVar(&f.remote, "remote", "", "take the branches of this remote")
	cmd.Flags().StringVar(&f.target, "target", "", "branch they are for (default main)")
	cmd.Flags().IntVar(&f.days, "days", 0, "leave branches alone that have no commit of the last so many days (default: take all)")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do it")
	return cmd
}

func (f *importFlags) run(ctx context.Context, branches []string) error {
	clone, err := openRepo(ctx, f.env, f.repo)
	if err != nil {
		return err
	}
	defer clone.Close()
	client, err := f.client(ctx)
	if err != nil {
		return err
	}
	in := api.Import{Source: clone.CommonDir(), Branches: branches, Target: f.target, Do: f.yes}
	if f.remote != "" {
		in.Prefix = "refs/remotes/" + f.remote + "/"
	}
	if f.days > 0 {
		in.Since = f.env.Now().AddDate(0, 0, -f.days).UTC()
	}
	var out api.Imported
	if err := client.Within(longCall).Call(ctx, "POST", api.PathImport, "", in, &out); err != nil {
		return deskError(err)
	}
	if f.json {
		return writeJSON(f.env.Stdout, out)
	}
	printImport(f.env.Stdout, out)
	return nil
}

const longCall = 30 * time.Minute // for requests that move objects

func printImport(w io.Writer, out api.Imported) {
	todo := 0
	for _, b := range out.Branches {
		switch b.Does {
		case "skip":
			fmt.Fprintf(w, "skip       %s: %s\n", clip(printable(b.Branch), 40), clip(printable(b.Why), 48))
			continue
		case "open":
			fmt.Fprintf(w, "open       %s, %s: %s\n", clip(printable(b.Branch), 40), plural(b.Ahead, "commit"), clip(printable(b.Title), 40))
		default:
			fmt.Fprintf(w, "patch set  %s, for change %.16s\n", clip(printable(b.Branch), 40), b.Change)
		}
		todo++
	}
	switch {
	case todo == 0:
		fmt.Fprintln(w, "Nothing to import.")
	case out.Done:
		fmt.Fprintf(w, "%d imported: adamant changes\n", todo)
	default:
		fmt.Fprintf(w, "%d to import, and nothing was done: add --yes\n", todo)
	}
}
