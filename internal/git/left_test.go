//go:build unix

package git

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/filelock"
)

// TestSweepLeft: the folders of a killed process go at the next start, those of a living one and of nobody stay.
func TestSweepLeft(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	now := time.Now()
	folder := func(name string, age time.Duration, killed, claimed bool) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Join(path, "git", "objects"), 0o700); err != nil {
			t.Fatal(err)
		}
		if claimed {
			file, err := claim(path)
			if err != nil {
				t.Fatal(err)
			}
			if killed {
				if err := (&filelock.File{File: file}).Close(); err != nil { // so does the system
					t.Fatal(err)
				}
			} else {
				t.Cleanup(func() { file.Close() })
			}
		}
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	gone := folder("adamant-git-1", time.Hour, true, true)
	nobodys := folder("adamant-git-7", 25*time.Hour, false, false)
	stay := []string{
		folder("adamant-git-2", time.Hour, false, true), folder("adamant-git-3", time.Second, true, true),
		folder("adamant-git-4", time.Hour, false, false), folder("unrelated-5", time.Hour, true, true),
	}
	link := filepath.Join(dir, "adamant-git-6")
	if err := errors.Join(os.WriteFile(filepath.Join(other, claimName), nil, 0o600), os.Symlink(other, link)); err != nil {
		t.Fatal(err)
	}
	sweepLeft(dir, now.Add(-leftAge))
	for _, path := range []string{gone, nobodys} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was left: %v", path, err)
		}
	}
	for _, path := range append(stay, link, filepath.Join(other, claimName)) {
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
}

// TestRepoClaimsItsFolder: what a process works in is not taken for left.
func TestRepoClaimsItsFolder(t *testing.T) {
	t.Parallel()
	r := &Repo{format: "sha1", commonDir: t.TempDir()}
	if err := r.makePrivate(); err != nil {
		t.Fatal(err)
	}
	removeLeft(r.temp, false)
	if _, err := os.Stat(r.privateDir()); err != nil {
		t.Errorf("the folder of a living process was removed: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(r.temp); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("closed, and left: %v", err)
	}
}
