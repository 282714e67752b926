// Command adamant is the operating system of a repository that one person runs with a fleet of AI coding agents.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/adamant-os/adamant/internal/check"
	"github.com/adamant-os/adamant/internal/cli"
)

func main() {
	check.Init() // a guardian of a check never returns
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, cli.System(), os.Args[1:])
	stop()
	os.Exit(code)
}
