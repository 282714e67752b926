// Command adamant is the operating system of a repository that one person runs with a fleet of AI coding agents.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/adamant-os/adamant/internal/check"
	"github.com/adamant-os/adamant/internal/cli"
)

func main() {
	check.Init()            // a guardian of a check never returns
	time.Local = time.UTC   // no answer depends on where the machine stands
	debug.SetGCPercent(400) // a command lives for milliseconds: collecting garbage costs more than keeping it
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, cli.System(), os.Args[1:])
	stop()
	os.Exit(code)
}
