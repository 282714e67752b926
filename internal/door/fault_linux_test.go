package door

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A disk that is really full: a small tmpfs where pushes lie. Without root TestDiskFull stands for it.
func TestDiskFullTmpfs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := unix.Mount("none", f.door.pushes(), "tmpfs", 0, "size=1m"); err != nil {
		if os.Geteuid() == 0 {
			t.Logf("root may not mount here (%v)", err)
		}
		t.Skip("mounting needs root: only the limit on file sizes was tried")
	}
	t.Cleanup(func() {
		f.server.Close()
		if err := unix.Unmount(f.door.pushes(), unix.MNT_DETACH); err != nil { // at once, though a fork may still have a file of it open
			t.Error(err)
		}
	})
	s := f.coder("a")
	dir := f.clone(s)
	f.write(filepath.Join(dir, "noise"), noise(3<<20))
	f.commit(dir, "noise")
	f.refuses(dir, "No space left on device", "origin", "HEAD:refs/for/main")
	small := f.clone(s)
	f.commit(small, "small", "x", "1\n")
	f.git(small, "push", "origin", "HEAD:refs/for/main")
}
