// Command adamant is the operating system of a repository that one person runs with a fleet of AI coding agents.
package main

import (
	"context"
	"math"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/adamant-os/adamant/internal/cli"
	"github.com/adamant-os/adamant/internal/document/kustomize"
	"github.com/adamant-os/adamant/internal/sandbox"
)

func main() {
	sandbox.Init()        // the first process of a sandbox never returns
	kustomize.Init()      // nor does a renderer
	time.Local = time.UTC // no answer depends on where the machine stands
	if !isDaemon(os.Args) {
		keepGarbage()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, cli.System(), os.Args[1:])
	stop()
	os.Exit(code)
}

// isDaemon says that this process stays: its memory counts, not its first second.
func isDaemon(args []string) bool { return len(args) > 1 && args[1] == "up" }

// keepGarbage collects nothing before 192 MiB are in use: most commands end before, and collecting would take a tenth of
// their time. From then on less often than by default.
func keepGarbage() {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(192 << 20)
	runtime.AddCleanup(new([16]byte), func(int) { // at the end of the first collection
		debug.SetGCPercent(400)
		debug.SetMemoryLimit(math.MaxInt64)
	}, 0)
}
