//go:build unix

package git

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestWholeGroupIsKilled has a grandchild hold a named pipe open: its end is the proof that the grandchild died.
func TestWholeGroupIsKilled(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(context.CancelFunc) error{
		"cancelled": func(cancel context.CancelFunc) error { cancel(); return nil },
		"stopped":   func(context.CancelFunc) error { return errStop },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			pipe := filepath.Join(realTemp(t), "pipe")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			closed := make(chan error, 1)
			go func() {
				_, err := os.ReadFile(pipe)
				closed <- err
			}()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := f.alias("exec 3>'"+pipe+"'; echo up; sleep 600 & wait").stream(ctx, func(out *bufio.Reader) error {
				if _, err := out.ReadString('\n'); err != nil {
					return err
				}
				if err := end(cancel); err != nil {
					return err
				}
				_, err := io.Copy(io.Discard, out)
				return err
			})
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			select {
			case err := <-closed:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(5 * time.Minute):
				t.Error("the grandchild is still alive")
			}
		})
	}
}

// TestPipesStayOpen: who was forked elsewhere in this process has a child's pipes open until it becomes another program, on a machine that
// stalls for seconds. The child has not failed for that.
func TestPipesStayOpen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if out, err := f.alias("sleep 3 >/dev/null & echo up").output(t.Context()); err != nil || string(out) != "up\n" {
		t.Errorf("%q, %v", out, err)
	}
}
