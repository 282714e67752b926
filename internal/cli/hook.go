package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/door"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/judge"
)

// hookCommand serves the hooks of agents at the keyboard, and git's own behind the door. Claude Code and Codex share the
// protocol: the event is JSON on stdin, exit status 2 sends stderr back to the model.
func hookCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "hook stop",
		Short: "Serve a Claude Code or Codex hook: tell the agent what the gate would refuse",
		Long: "Judge the working tree when an agent stops. A refusal goes back to the agent (exit status 2,\n" +
			"text on stderr), once a stop. Other troubles exit with 4, which does not block it.\n" +
			"pre-receive and proc-receive are for the daemon's git.",
		Args:      cobra.ExactArgs(1),
		ValidArgs: []string{"stop", door.HookPreReceive, door.HookProcReceive},
		Hidden:    true,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch args[0] {
			case "stop":
				return stopHook(cmd.Context(), env)
			case door.HookPreReceive, door.HookProcReceive:
				return doorHook(cmd.Context(), env, args[0])
			}
			return usage(fmt.Errorf("unknown hook %q: want stop", args[0]))
		},
	}
}

func stopHook(ctx context.Context, env *Env) error {
	err := runStopHook(ctx, env)
	var coded *exitError
	if errors.As(err, &coded) && coded.Err != nil {
		err = coded.Err // 2 would block the agent on what it cannot mend, such as being outside a repository
	}
	return err
}

// doorHook serves git's receive-pack. Every exit status but 0 refuses the push.
func doorHook(ctx context.Context, env *Env, name string) error {
	err := door.RunHook(ctx, name, door.HookEnv{Stdin: env.Stdin, Stdout: env.Stdout, Stderr: env.Stderr, Getenv: env.Getenv})
	if errors.Is(err, door.ErrRefused) {
		return exit(ExitDeny) // it has said why
	}
	return err
}

// hookBlocks is the exit status that both agents read as "not yet, and here is why".
const hookBlocks = 2

func runStopHook(ctx context.Context, env *Env) error {
	var event struct {
		Cwd    string `json:"cwd"`
		Active bool   `json:"stop_hook_active"` // the agent is going on because of an earlier refusal
	}
	data, err := io.ReadAll(io.LimitReader(env.Stdin, 1<<20))
	if err != nil {
		return fmt.Errorf("reading the hook's event: %w", err)
	}
	if err := json.Unmarshal(data, &event); err != nil {
		return fmt.Errorf("reading the hook's event: %w", err)
	}
	if event.Active {
		return nil
	}
	flags := checkFlags{repo: event.Cwd, worktree: true, run: "none", quiet: true}
	req, err := flags.request(env)
	if err != nil {
		return err
	}
	repo, err := openRepo(ctx, env, event.Cwd)
	if err != nil {
		return err
	}
	defer repo.Close()
	outcome, err := judge.Run(ctx, repo, req)
	if err != nil {
		return err
	}
	if outcome.Verdict.Decision != gate.Deny {
		return nil
	}
	var text strings.Builder
	text.WriteString("adamant would refuse this change. Mend what follows; do not suppress it.\n\n")
	writeVerdictText(&text, outcome.Verdict, style{})
	if _, err := io.WriteString(env.Stderr, text.String()); err != nil {
		return err
	}
	return exit(hookBlocks)
}
