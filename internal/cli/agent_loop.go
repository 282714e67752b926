package cli

import (
	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/agent/loop"
)

// agentLoopCommand is the builtin agent. The workforce starts it inside the sandbox with a job on standard input; nobody types it.
func agentLoopCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:    "agent-loop",
		Short:  "Work on a job as an agent (started inside the sandbox)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			status, err := loop.Main(cmd.Context(), env.Stdin, env.Stdout)
			if status != ExitOK {
				return &exitError{Code: status, Err: err}
			}
			return err
		},
	}
}
