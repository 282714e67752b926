package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/operator/desk"
)

func inboxCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	var seen, reason string
	cmd := &cobra.Command{
		Use:   "inbox",
		Short: "List what needs you, riskiest and oldest first",
		Long: `List what needs you, riskiest first and the oldest of equals first, in three lines each: what it is,
why it needs you, and what to do.

Exit status: 0 nothing needs you, 3 something does, 2 usage or no daemon.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			if seen != "" {
				var a desk.Answer
				err := client.Call(cmd.Context(), "POST", desk.PathSeen, seen, desk.Seen{Reason: reason}, &a)
				return f.answer(a, err)
			}
			in, err := client.Inbox(cmd.Context())
			if err != nil {
				return deskError(err)
			}
			in.Sort()
			return f.printInbox(in)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&seen, "seen", "", "take the item with this id off, on record: you know of it")
	cmd.Flags().StringVar(&reason, "reason", "", "with --seen, what you say about it")
	return cmd
}

func (f *deskFlags) printInbox(in desk.Inbox) error {
	if f.json {
		if err := writeJSON(f.env.Stdout, in); err != nil {
			return err
		}
	} else {
		f.printItems(in.Items)
	}
	if len(in.Items) > 0 {
		return exit(ExitHold)
	}
	return nil
}

func (f *deskFlags) printItems(items []desk.Item) {
	w, s := f.env.Stdout, styleFor(f.env, f.env.Stdout)
	if len(items) == 0 {
		fmt.Fprintln(w, "Nothing needs you.")
		return
	}
	for i, item := range items {
		if i > 0 {
			fmt.Fprintln(w)
		}
		head := item.Title
		if item.Agent != "" {
			head += " (" + item.Agent + ")"
		}
		waits := waited(f.env.Now().Sub(item.Since))
		fmt.Fprintf(w, "%s  %s\n", s.bold(clip(printable(head), textWidth-len(waits)-2)), s.dim(waits))
		fmt.Fprintf(w, "  what  %s\n", clip(printable(item.What), textWidth-8))
		fmt.Fprintf(w, "  why   %s\n", clip(printable(item.Why), textWidth-8))
		fmt.Fprintf(w, "  do    %s\n", printable(item.Next)) // whole: it is there to be copied
	}
	fmt.Fprintf(w, "\n%s.\n", plural(len(items), "thing"))
}

// waited is a span in the one unit that matters.
func waited(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return plural(int(d/(24*time.Hour)), "day")
	case d >= time.Hour:
		return plural(int(d/time.Hour), "hour")
	case d >= time.Minute:
		return plural(int(d/time.Minute), "minute")
	}
	return "new"
}
