// Command adamant is the operating system of a repository that one person runs with a fleet of AI coding agents.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/adamant-os/adamant/internal/cli"
	"github.com/adamant-os/adamant/internal/document/kustomize"
	"github.com/adamant-os/adamant/internal/launch"
	"github.com/adamant-os/adamant/internal/sandbox"
)

func main() {
	switch {
	case stays(os.Args):
		launch.Collect()
	case evaluates(os.Args):
		launch.Large()
		launch.Keep()
	default:
		launch.Keep()
	}
	sandbox.Init()        // the first process of a sandbox never returns
	kustomize.Init()      // nor does a renderer
	time.Local = time.UTC // no answer depends on where the machine stands
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	os.Exit(cli.Main(ctx, cli.System(), os.Args[1:]))
}

// stays says that the memory of this process counts, not its first second: the daemon, and what has no arguments, as the first
// process of a sandbox and a renderer.
func stays(args []string) bool { return len(args) < 2 || args[1] == "up" }

// evaluates says that this process will allocate tens of megabytes and that its CPU time counts. In check, whose time by the clock
// counts, large pages are a tenth faster at the median, but now and then Linux takes 50 ms to find some.
func evaluates(args []string) bool { return len(args) > 2 && args[1] == "policy" && args[2] == "eval" }
