package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git/gittest"
)

// TestInterrupted: an interruption is named as such, whichever part of the work it hit, and never looks like a decision.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	repo := gittest.New(t)
	repo.Write("a.txt", "a\n")
	repo.Commit("one")
	for _, verb := range []string{"check", "backtest", "doctor"} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var stdout, stderr bytes.Buffer
		home := t.TempDir()
		env := &Env{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Dir: repo.Dir, Now: time.Now,
			Getenv: func(name string) string { return map[string]string{"HOME": home, "PATH": "/usr/bin:/bin"}[name] }}
		if code := Main(ctx, env, []string{verb}); code != ExitInternal || !strings.Contains(stderr.String(), "interrupted; nothing was decided") {
			t.Errorf("%s: exit %d, stderr %q", verb, code, stderr.String())
		}
	}
}
