//go:build linux

package cli

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/kernel"
)

// dying is a daemon that is asked to end: it answers that one request, and holds its kernel until free.
func dying(t *testing.T) (socket string, k *kernel.Kernel) {
	t.Helper()
	r := gittest.New(t)
	r.Write("a.txt", "a\n")
	r.Commit("one")
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	dir := filepath.Join(t.TempDir(), "kernel")
	if k, err = kernel.Create(t.Context(), dir, repo, kernel.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := k.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	short, err := os.MkdirTemp("", "down") // a socket's path may not be long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	socket = filepath.Join(short, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != api.PathDown {
			http.Error(w, "{}", http.StatusServiceUnavailable)
			return
		}
		if err := writeJSON(w, api.Status{Kernel: dir}); err != nil {
			t.Error(err)
		}
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), <-ended); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return socket, k
}

// A daemon that answers no more still has its kernel for a moment: what follows adamant down may count on having it.
func TestDownWaitsForTheKernel(t *testing.T) {
	t.Parallel()
	socket, k := dying(t)
	var freed atomic.Bool
	down := make(chan error, 1)
	out := &bytes.Buffer{}
	go func() {
		cmd := downCommand(&Env{Stdout: out, Stderr: out, Getenv: func(string) string { return "" }})
		cmd.SetArgs([]string{"--socket", socket})
		err := cmd.ExecuteContext(t.Context())
		if !freed.Load() {
			err = errors.Join(err, errors.New("it ended while the kernel was held"))
		}
		down <- err
	}()
	select { // as long as the kernel is held it never ends, however long that is
	case err := <-down:
		t.Fatal(err)
	case <-time.After(300 * time.Millisecond):
	}
	freed.Store(true)
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-down; err != nil || out.String() != "down\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestUntilFreeEnds(t *testing.T) {
	t.Parallel()
	_, k := dying(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := untilFree(ctx, k.Dir()); !errors.Is(err, context.Canceled) {
		t.Errorf("held, and no more time: %v", err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if err := untilFree(ctx, k.Dir()); err != nil {
		t.Errorf("free: %v", err)
	}
}
