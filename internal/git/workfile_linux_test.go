package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

// readFiles reads with Files, and says what came.
func readFiles(t *testing.T, r *Repo, ids []OID, paths []string, limit int64) []string {
	t.Helper()
	out := make([]string, len(ids))
	err := r.Files(t.Context(), ids, paths, limit, func(i int, data []byte, err error) error {
		var large *TooLargeError
		var missing *MissingError
		switch {
		case out[i] != "":
			t.Errorf("%s came twice", paths[i])
		case errors.As(err, &large):
			out[i] = "too large"
		case errors.As(err, &missing):
			out[i] = "missing"
		case err != nil:
			t.Errorf("%s: %v", paths[i], err)
		default:
			out[i] = string(data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestFilesAreTheBlobs: whatever lies in the working tree, what comes is the blob.
func TestFilesAreTheBlobs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	paths := []string{"a/same", "a/other", "a/longer", "gone", "pipe", "folder/file", "link", "large", "a/empty"}
	for _, p := range paths {
		f.write(p, "of "+p)
	}
	f.write("a/empty", "")
	f.write("large", strings.Repeat("x", 100))
	f.commit("all")
	var ids []OID
	var want []string
	for _, p := range paths {
		ids = append(ids, f.rev("HEAD:"+p))
		text, err := os.ReadFile(f.path(p))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, string(text))
	}
	want[7] = "too large"
	r := f.open()
	check := func() {
		t.Helper()
		for i, got := range readFiles(t, r, ids, paths, 50) {
			if i != 8 && got != want[i] || i == 8 && got != "" {
				t.Errorf("%s: got %q, want %q", paths[i], got, want[i])
			}
		}
	}
	check()
	f.write("a/other", "OF a/other")
	f.write("a/longer", "of a/longer and more")
	f.remove("gone")
	f.remove("pipe")
	f.remove("folder/file")
	f.remove("link")
	f.symlink(f.path("a/other"), "link")
	if err := errors.Join(syscall.Mkfifo(f.path("pipe"), 0o600), os.Mkdir(f.path("folder/file"), 0o700)); err != nil {
		t.Fatal(err)
	}
	check()
}

// TestFilesNeedNoObject: what the working tree has is not asked of git, and no symlink is followed to it.
func TestFilesNeedNoObject(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		f := newFixture(t, "--object-format="+format)
		f.commit("all", "a/here", "here", "a/there", "there", "behind/file", "behind")
		paths := []string{"a/here", "a/there", "behind/file"}
		var ids []OID
		for _, p := range paths {
			id := f.rev("HEAD:" + p)
			ids = append(ids, id)
			f.remove(".git/objects/" + string(id[:2]) + "/" + string(id[2:]))
		}
		if err := os.Rename(f.path("a/there"), f.path("a/moved")); err != nil {
			t.Fatal(err)
		}
		f.symlink("moved", "a/there")
		if err := os.Rename(f.path("behind"), f.path("before")); err != nil {
			t.Fatal(err)
		}
		f.symlink("before", "behind")
		if got := fmt.Sprint(readFiles(t, f.open(), ids, paths, 50)); got != "[here missing missing]" {
			t.Errorf("%s: %s", format, got)
		}
	}
}

// TestFilesOfAnotherCommit: where many files in a row differ, the others are not looked at.
func TestFilesOfAnotherCommit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var files, paths []string
	for i := range maxMisses + 1 {
		paths = append(paths, fmt.Sprint("f", i))
		files = append(files, paths[i], fmt.Sprint("old ", i))
	}
	f.commit("old", files...)
	var ids []OID
	for i, p := range paths {
		ids = append(ids, f.rev("HEAD:"+p))
		if i < maxMisses {
			f.write(p, "new")
		}
	}
	last := string(ids[maxMisses])
	f.remove(".git/objects/" + last[:2] + "/" + last[2:])
	got := readFiles(t, f.open(), ids, paths, 50)
	if got[0] != "old 0" || got[maxMisses] != "missing" {
		t.Errorf("got %q", got)
	}
	if got := readFiles(t, f.open(), ids[maxMisses-1:], paths[maxMisses-1:], 50); got[1] != "old 8" {
		t.Errorf("got %q", got)
	}
}

// TestFilesStop: an error of fn, and the end of ctx, end the call.
func TestFilesStop(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("all", "a", "1", "b", "2")
	ids, paths, stop := []OID{f.rev("HEAD:a"), f.rev("HEAD:b")}, []string{"a", "b"}, errors.New("stop")
	r := f.open()
	if err := r.Files(t.Context(), ids, paths, 9, func(int, []byte, error) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Files(ctx, ids, paths, 9, func(int, []byte, error) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := r.Files(t.Context(), []OID{"--help"}, paths, 9, func(int, []byte, error) error { return nil }); err == nil {
		t.Error("an option was taken for an object name")
	}
}
