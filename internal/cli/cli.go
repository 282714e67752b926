// Package cli is adamant's command line: thin commands over the packages that do the work. Each verb has a file of its
// name. Commands print results on stdout and progress on stderr, and return errors; only Main turns errors into exit codes.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
)

// The exit codes, the same for every command.
const (
	ExitOK       = 0
	ExitDeny     = 1 // the answer is no: a change is refused, a document is invalid, a test failed
	ExitUsage    = 2 // wrong flags or configuration
	ExitHold     = 3 // not yet: waits for a gate, an approval or a time
	ExitInternal = 4 // adamant or the machine failed; nothing was decided
)

// Env is what a command may use of the outside world.
type Env struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Dir    string              // working directory
	Getenv func(string) string //
	Now    func() time.Time    //
}

// System is the real environment.
func System() *Env {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	return &Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Dir: dir, Getenv: os.Getenv, Now: time.Now}
}

// exitError carries an exit code. A nil Err means that the command has said everything already.
type exitError struct {
	Code int
	Err  error
}

func (e *exitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit %d", e.Code)
	}
	return e.Err.Error()
}

func (e *exitError) Unwrap() error { return e.Err }

// exit ends a command with a code and nothing more to say.
func exit(code int) error { return &exitError{Code: code} }

// usage marks err as the user's to mend (exit 2).
func usage(err error) error { return &exitError{Code: ExitUsage, Err: err} }

// Main runs adamant with args and returns the exit code.
func Main(ctx context.Context, env *Env, args []string) int {
	root := newRoot(env, args)
	root.SetArgs(args)
	started := false
	noteStart(root, &started)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		fmt.Fprintln(env.Stderr, "adamant: interrupted; nothing was decided, run it again")
		return ExitInternal
	}
	code := ExitInternal
	if !started {
		code = ExitUsage // cobra refused the command line
	}
	var coded *exitError
	if errors.As(err, &coded) {
		code = coded.Code
		if coded.Err == nil {
			return code
		}
	}
	fmt.Fprintf(env.Stderr, "adamant: %s\n", printableLines(err.Error()))
	return code
}

// noteStart makes every command say that it was started.
func noteStart(cmd *cobra.Command, started *bool) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			*started = true
			return run(cmd, args)
		}
	}
	for _, child := range cmd.Commands() {
		noteStart(child, started)
	}
}

// newRoot makes the command tree, as much of it as args need.
func newRoot(env *Env, args []string) *cobra.Command {
	root := &cobra.Command{
		Use:           "adamant",
		Short:         "Decide which changes may reach production, and why",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	for _, c := range chosen(args) {
		root.AddCommand(c.make(env))
	}
	group(root)
	return root
}

// chosen is the verb that args begin with, alone: to make all takes as long as to print the version. Where args begin with
// none, it is every verb, for help, suggestions and completion to know them.
func chosen(args []string) []command {
	for i, c := range commands {
		if len(args) > 0 && c.verb == args[0] {
			return commands[i : i+1]
		}
	}
	return commands
}

type command struct {
	verb string
	make func(*Env) *cobra.Command
}

// commands is the registry: one line a verb; groups.go says where help shows it.
var commands = []command{
	{"backtest", backtestCommand},
	{"init", initCommand},
	{"check", checkCommand},
	{"replay", replayCommand},
	{"doctor", doctorCommand},
	{"mcp", mcpCommand},
	{"breaker", breakerCommand},
	{"task", taskCommand},
	{"fleet", fleetCommand},
	{"gateway", gatewayCommand},
	{"hook", hookCommand},
	{"risk", riskCommand},
	{"policy", policyCommand},
	{"ratchet", ratchetCommand},
	{"waiver", waiverCommand},
	{"sweep", sweepCommand},
	{"up", upCommand},
	{"down", downCommand},
	{"status", statusCommand},
	{"changes", changesCommand},
	{"wait", waitCommand},
	{"queue", queueCommand},
	{"inbox", inboxCommand},
	{"approve", approveCommand},
	{"reject", rejectCommand},
	{"comment", commentCommand},
	{"accept-unavailable", acceptUnavailableCommand},
	{"break-glass", breakGlassCommand},
	{"revert", revertCommand},
	{"abandon", abandonCommand},
	{"pause", pauseCommand},
	{"resume", resumeCommand},
	{"operator", operatorCommand},
	{"log", logCommand},
	{"verify", verifyCommand},
	{"trust", trustCommand},
	{"verify-artifact", verifyArtifactCommand},
	{"sign", signCommand},
	{"attest", attestCommand},
	{"report", reportCommand},
	{"why", whyCommand},
	{"sync", syncCommand},
	{"mirror", mirrorCommand},
	{"import", importCommand},
	{"restore", restoreCommand},
	{"eject", ejectCommand},
	{"token", tokenCommand},
	{"graph", graphCommand},
	{"affected", affectedCommand},
	{"catalog", catalogCommand},
	{"schema", schemaCommand},
	{"version", versionCommand},
	{"build", buildCommand},
	{"agent", agentCommand},
	{"workspace", workspaceCommand},
	{"admit", admitCommand},
	{"builder", builderCommand},
	{"agent-loop", agentLoopCommand},
}
