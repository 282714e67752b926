package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/adamant-os/adamant/internal/cli"
	"github.com/adamant-os/adamant/internal/document/kustomize"
	"github.com/adamant-os/adamant/internal/launch"
	"github.com/adamant-os/adamant/internal/sandbox"
)

func TestMain(m *testing.M) {
	launch.Collect()
	testscript.Main(m, map[string]func(){
		"adamant": func() {
			sandbox.Init()
			kustomize.Init()
			os.Exit(cli.Main(context.Background(), cli.System(), os.Args[1:]))
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"kernel": makeKernel, "workspace": makeWorkspace},
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup:               prepare,
	})
}

// prepare gives a script its environment, and ends what it leaves running.
func prepare(e *testscript.Env) error {
	e.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	home, err := os.MkdirTemp("", "adamant-script-") // outside the folder that scripts make repositories of
	if err != nil {
		return err
	}
	e.Defer(func() { os.RemoveAll(home) })
	e.Defer(func() {
		if err := endLeftover(e.WorkDir); err != nil {
			e.T().Log(err)
		}
	})
	e.Setenv("HOME", home)
	e.Setenv("TMPDIR", home)
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		e.Setenv("GIT_"+who+"_NAME", "Operator")
		e.Setenv("GIT_"+who+"_EMAIL", "operator@example.com")
		e.Setenv("GIT_"+who+"_DATE", "2026-11-01T12:00:00Z")
	}
	return nil
}

// TestStays: the memory of a process that stays is kept small, however slowly.
func TestStays(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{"adamant": true, "adamant up": true, "adamant up --foreground": true, "adamant check": false, "adamant check up": false} {
		if got := stays(strings.Fields(line)); got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}
