package ledger

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

// crashDir names the ledger that a copy of the test appends to until it is killed.
const crashDir = "ADAMANT_LEDGER_CRASH_DIR"

// appendForEver prints the number of each entry that is on the disk.
func appendForEver(dir string) {
	err := func() error {
		ctx := context.Background()
		repo, err := git.Open(ctx, dir)
		if err != nil {
			return err
		}
		w, err := Open(ctx, repo, repo, "gate", Options{Sign: signer(1), Batch: 5, Delay: time.Millisecond})
		if err != nil {
			return err
		}
		receipts := make(chan Receipt, 50)
		go func() {
			for {
				r, err := w.Append(ctx, Record{Actor: "a", Kind: "k"})
				if err != nil {
					panic(err)
				}
				receipts <- r
			}
		}()
		for r := range receipts {
			e, err := r.Wait(ctx)
			if err != nil {
				return err
			}
			fmt.Println(e.Seq)
		}
		return nil
	}()
	fmt.Println("error:", err)
	os.Exit(1)
}

// A kill at any moment of a group commit loses nothing that was acknowledged and breaks nothing. ADAMANT_CRASH_POINTS kills more often
// (make test-crash).
func TestKilled(t *testing.T) {
	t.Parallel()
	kills := must(strconv.Atoi(cmp.Or(os.Getenv("ADAMANT_CRASH_POINTS"), "12")))(t)
	repo := newStore(t, "")
	seen := Seen{}
	for round := 0; round < kills || seen.Writers["gate"].Seq < 100; round++ { // fewer entries would test nothing
		acknowledged := killed(t, repo, time.Duration(100+rand.IntN(300))*time.Millisecond)
		w := must(reopen(t, repo))(t)
		e := must(w.AppendSync(t.Context(), Record{Actor: "a", Kind: "after.crash"}))(t)
		if e.Seq <= acknowledged {
			t.Errorf("entry %d was acknowledged, and the next one is %d", acknowledged, e.Seq)
		}
		if err := w.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		report := verify(t, repo, seen)
		if len(report.Alarms) != 0 {
			t.Fatal(report.Alarms)
		}
		seen = report.Seen
	}
	t.Logf("%d kills, %d entries, each acknowledged one is there", kills, seen.Writers["gate"].Seq)
}

// killed lets a process append for a while and returns the last entry that it acknowledged.
func killed(t *testing.T, repo *git.Repo, after time.Duration) uint64 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), must(os.Executable())(t))
	cmd.Env = append(os.Environ(), crashDir+"="+repo.GitDir())
	out := must(cmd.StdoutPipe())(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var last uint64
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n, err := strconv.ParseUint(lines.Text(), 10, 63)
		if err != nil {
			t.Fatal(lines.Text())
		}
		if last == 0 {
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
		last = n
	}
	_ = cmd.Wait() // killed
	return last
}

// reopen clears the locks that git children of the dead left, as the kernel does.
func reopen(t *testing.T, repo *git.Repo) (*Writer, error) {
	t.Helper()
	for {
		w, err := Open(t.Context(), repo, repo, "gate", Options{Sign: signer(1), Delay: time.Hour})
		if err != nil {
			return nil, err
		}
		if _, err = w.AppendSync(t.Context(), Record{Actor: "a", Kind: "probe"}); err == nil {
			return w, nil
		}
		if err := w.Close(t.Context()); err != nil && !errors.Is(err, ErrNotOurs) {
			return nil, err
		}
		var locked *git.RefLockedError
		switch {
		case errors.As(err, &locked):
			if err = os.Remove(locked.Lock); errors.Is(err, fs.ErrNotExist) { // a child ended meanwhile
				err = nil
			}
		case errors.Is(err, ErrNotOurs): // by a child that outlived its parent for a moment
			err = nil
		}
		if err != nil {
			return nil, err
		}
	}
}
