package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

func queueCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	var watch bool
	cmd := &cobra.Command{
		Use:   "queue",
		Short: "Show the merge queue",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			if watch {
				return f.watchQueue(cmd.Context(), client)
			}
			q, err := f.queue(cmd.Context(), client)
			if err != nil {
				return err
			}
			if f.json {
				return writeJSON(env.Stdout, q)
			}
			printQueue(env.Stdout, q, env.Now(), styleFor(env, env.Stdout))
			return nil
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&watch, "watch", false, "show it again whenever it changes, until Ctrl-C")
	cmd.AddCommand(queueSimulateCommand(env))
	return cmd
}

func (f *deskFlags) queue(ctx context.Context, client *desk.Client) (api.Queue, error) {
	var q api.Queue
	err := client.Call(ctx, "GET", api.PathQueue, "", nil, &q)
	return q, deskError(err)
}

const watchPause = time.Second

func (f *deskFlags) watchQueue(ctx context.Context, client *desk.Client) error {
	last := ""
	for {
		q, err := f.queue(ctx, client)
		if err != nil {
			return err
		}
		var text strings.Builder
		printQueue(&text, q, f.env.Now(), styleFor(f.env, f.env.Stdout))
		if text.String() != last {
			last = text.String()
			fmt.Fprintf(f.env.Stdout, "-- %s\n%s", f.env.Now().UTC().Format(time.TimeOnly), last)
		}
		if pause(ctx, watchPause) != nil {
			return nil // whoever watches has seen enough
		}
	}
}

func printQueue(w io.Writer, q api.Queue, now time.Time, s style) {
	fmt.Fprintf(w, "main %.12s, %d in the queue, %d runs\n", q.Main, len(q.Entries), len(q.Runs))
	if q.Paused != nil {
		fmt.Fprintf(w, "%s by %s: %s\n", s.yellow("paused"), printable(q.Paused.By), printable(q.Paused.Reason))
	}
	if q.Frozen != nil {
		fmt.Fprintf(w, "%s until %s: %s\n", s.yellow("frozen"), q.Frozen.Until.Format(time.RFC3339), printable(q.Frozen.Name))
	}
	for _, e := range q.Entries {
		fmt.Fprintf(w, "%-8s  %-7s  ", e.State, e.Lane)
		printSummary(w, e.Summary, now, s)
	}
}
