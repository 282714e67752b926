package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/daemon/api"
)

func statusCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say how the daemon is and what it works on",
		Long:  "Say how the daemon of this repository is.\n\nExit status: 0 well, 1 something is wrong, 2 usage or no daemon.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			var s api.Status
			if err := client.Call(cmd.Context(), "GET", api.PathStatus, "", nil, &s); err != nil {
				return deskError(err)
			}
			if f.json {
				err = writeJSON(env.Stdout, s)
			} else {
				printStatus(env.Stdout, s, env.Now(), styleFor(env, env.Stdout))
			}
			if err == nil && len(s.Problems) > 0 {
				return exit(ExitDeny)
			}
			return err
		},
	}
	f.register(cmd)
	return cmd
}

func printStatus(w io.Writer, s api.Status, now time.Time, style style) {
	fmt.Fprintf(w, "%s  up %s, process %d, epoch %d, %d MB\n", style.bold(printable(s.Name)), ago(now, s.Since), s.PID, s.Epoch, s.Memory>>20)
	fmt.Fprintf(w, "  door     %s\n  main     %.12s\n", s.Door, s.Main)
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(s.Changes)) {
		parts = append(parts, fmt.Sprintf("%d %s", s.Changes[status], status))
	}
	if len(parts) == 0 {
		parts = []string{"none open"}
	}
	fmt.Fprintf(w, "  changes  %s\n  inbox    %d\n", strings.Join(parts, ", "), s.Inbox)
	if p := s.Paused; p != nil {
		fmt.Fprintf(w, "  paused   since %s by %s: %s\n", p.Since.Format(time.RFC3339), printable(p.By), printable(p.Reason))
	}
	if z := s.Frozen; z != nil {
		fmt.Fprintf(w, "  frozen   until %s: %s\n", z.Until.Format(time.RFC3339), printable(z.Name))
	}
	for _, p := range s.Problems {
		fmt.Fprintf(w, "  %s  %s: %s\n", style.red("wrong"), printable(p.Where), printable(p.What))
	}
}

// ago is a duration in words of one unit.
func ago(now, then time.Time) string {
	switch d := now.Sub(then); {
	case d < 0:
		return "0 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}
